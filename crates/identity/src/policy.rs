//! What a pack's policies say of single acts. They are written in Cedar.
//!
//! Invariants: a policy counts only after Cedar's validator found nothing against the schema made from the pack; what
//! one policy forbids no other grants; a policy that forbids and cannot be evaluated forbids.
//! Does not: read files (the pack has), decide what a flow or an identity act asks beyond the policies.
//! Source: `docs/pack.md`, "Policies"; Cedar 4, <https://docs.cedarpolicy.com>.

mod ask;
mod entity;
mod read;
mod schema;
mod section;

pub use ask::{Act, Action, Ask, Beside, On, PersonFacts, RecordFacts, Resource};
pub use schema::schema;
pub use section::PolicySection;

use crate::command::{Command, Permitted};
use crate::refusal::Refusal;
use crate::roster::Roster;
use cedar_policy::{
    ActionConstraint, Authorizer, Decision, Effect, Policy, PolicySet, PrincipalConstraint,
    ResourceConstraint,
};
use entity::Judged;
use model::Person;
use regulation::{Pack, Problem, Vocabulary};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the policies say of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// The policy of this name forbids it.
    Forbidden(String),
    /// The policy of this name grants it, and none forbids it.
    Granted(String),
    /// Nothing: the flow alone decides; of people and units nothing is permitted then.
    Silent,
}

impl Verdict {
    /// The policy that grants it.
    ///
    /// # Errors
    /// `Forbidden`, `NotPermitted`: none does.
    pub fn granted(self) -> Result<String, Refusal> {
        match self {
            Self::Granted(policy) => Ok(policy),
            Self::Forbidden(policy) => Err(Refusal::Forbidden(policy)),
            Self::Silent => Err(Refusal::NotPermitted),
        }
    }
}

/// The policies of a pack, ready to be asked.
#[derive(Debug)]
pub struct Policies {
    authorizer: Authorizer,
    /// The policies that can apply to an action, by its name.
    by_action: BTreeMap<String, Vec<Arc<Ready>>>,
    /// Those that apply to any action, for one the pack does not know.
    any: Vec<Arc<Ready>>,
    names: entity::Names,
}

/// A policy with what tells at once that it cannot apply.
#[derive(Debug)]
struct Ready {
    name: String,
    effect: Effect,
    principal: PrincipalConstraint,
    action: ActionConstraint,
    resource: ResourceConstraint,
    /// The policy alone.
    set: PolicySet,
}

/// What a policy says of an act.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    /// It does not apply.
    Nothing,
    /// It applies.
    Applies,
    /// It could not be evaluated.
    Broken,
}

impl Policies {
    /// The policies of a pack, as [`PolicySection`] has read them, or read now where the pack was read without it.
    ///
    /// # Errors
    /// Every problem of the policies, in order of file, line and column.
    pub fn compile(pack: &Pack) -> Result<Arc<Self>, Vec<Problem>> {
        if let Some(read) = pack.shared(section::SECTION) {
            return Ok(read);
        }
        let (policies, problems) = read::read(&pack.policies, &pack.vocabulary);
        if problems.is_empty() { Ok(Arc::new(Self::of(&policies, &pack.vocabulary))) } else { Err(problems) }
    }

    fn of(policies: &[Policy], vocabulary: &Vocabulary) -> Self {
        let mut ready: Vec<Arc<Ready>> = policies.iter().map(|policy| Arc::new(Ready::of(policy))).collect();
        ready.sort_by_key(|policy| (policy.effect == Effect::Permit, policy.name.clone()));
        let by_action = schema::actions(vocabulary).into_iter().map(|action| {
            let applying = ready.iter().filter(|policy| action.meets(&policy.action)).cloned().collect();
            (action.name, applying)
        });
        let by_action = by_action.collect();
        let any = ready.iter().filter(|policy| policy.action == ActionConstraint::Any).cloned().collect();
        let names = entity::Names::of(vocabulary, policies);
        Self { authorizer: Authorizer::new(), by_action, any, names }
    }

    /// Does some policy speak of single records? Else those of which the same is known are judged alike.
    #[must_use]
    pub const fn names_records(&self) -> bool {
        self.names.records
    }

    /// What the policies say of an act. Those that forbid are asked first.
    pub fn judge(&self, ask: &Ask) -> Verdict {
        let action = ask.action.to_string();
        let policies = self.by_action.get(&action).unwrap_or(&self.any);
        let mut policies = policies.iter().filter(|policy| policy.possible(ask)).peekable();
        if policies.peek().is_none() {
            return Verdict::Silent;
        }
        // Whatever cannot be put to the policies might have been forbidden by them.
        let Some(judged) = self.names.judged(ask, &action) else {
            return Verdict::Forbidden(UNDECIDED.to_owned());
        };
        for policy in policies {
            match (policy.effect, policy.says(&self.authorizer, &judged)) {
                (Effect::Forbid, Said::Applies | Said::Broken) => {
                    return Verdict::Forbidden(policy.name.clone());
                }
                (Effect::Permit, Said::Applies) => return Verdict::Granted(policy.name.clone()),
                (_, Said::Nothing) | (Effect::Permit, Said::Broken) => {}
            }
        }
        Verdict::Silent
    }

    /// What the policies say of a command about people and units, with the person who gives it.
    #[must_use]
    pub fn permits(&self, roster: &Roster<'_>, actor: Person, command: &Command) -> Permitted {
        let asks = roster.asks(&actor, command);
        let mut verdicts: Vec<Verdict> = asks.iter().map(|ask| self.judge(ask)).collect();
        let forbidden = verdicts.iter().position(|verdict| matches!(verdict, Verdict::Forbidden(_)));
        let silent = verdicts.iter().position(|verdict| *verdict == Verdict::Silent);
        let said = forbidden.or(silent).unwrap_or(0);
        let verdict = if verdicts.is_empty() { Verdict::Silent } else { verdicts.swap_remove(said) };
        Permitted::by_policy(actor, verdict)
    }
}

impl Verdict {
    /// What casework is to be told of it.
    ///
    /// # Errors
    /// The name of the policy that forbids the act.
    pub fn for_flow(self) -> Result<casework::Policy, String> {
        match self {
            Self::Forbidden(policy) => Err(policy),
            Self::Granted(policy) => Ok(casework::Policy::Granted(policy)),
            Self::Silent => Ok(casework::Policy::Silent),
        }
    }
}

impl Ready {
    fn of(policy: &Policy) -> Self {
        let mut set = PolicySet::new();
        let added = set.add(policy.clone());
        debug_assert!(added.is_ok(), "a set of one policy");
        Self {
            name: policy.id().to_string(),
            effect: policy.effect(),
            principal: policy.principal_constraint(),
            action: policy.action_constraint(),
            resource: policy.resource_constraint(),
            set,
        }
    }

    /// Can it apply, by its head? What is not sure is left to Cedar.
    fn possible(&self, ask: &Ask) -> bool {
        let held = match &self.principal {
            PrincipalConstraint::In(uid) | PrincipalConstraint::IsIn(_, uid) => {
                uid.type_name().basename() != "Role" || ask.person.held.contains_key(uid.id().unescaped())
            }
            _ => true,
        };
        let fits = match &self.resource {
            ResourceConstraint::Is(of) | ResourceConstraint::IsIn(of, _) => {
                of.basename() == ask.resource.type_name()
            }
            _ => true,
        };
        held && fits
    }

    fn says(&self, authorizer: &Authorizer, judged: &Judged) -> Said {
        let response = authorizer.is_authorized(&judged.request, &self.set, &judged.entities);
        if response.diagnostics().errors().next().is_some() {
            return Said::Broken;
        }
        let applies = match self.effect {
            Effect::Permit => response.decision() == Decision::Allow,
            Effect::Forbid => response.diagnostics().reason().next().is_some(),
        };
        if applies { Said::Applies } else { Said::Nothing }
    }
}

/// Stands for a policy where an act could not be put to the policies.
const UNDECIDED: &str = "undecided";
