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
use crate::roster::Roster;
use cedar_policy::{ActionConstraint, Authorizer, Decision, Effect, Policy, PolicyId, PolicySet, Response};
use entity::Judged;
use model::Person;
use regulation::{Pack, Problem, Vocabulary};
use std::collections::{BTreeMap, BTreeSet};

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

/// The policies of a pack, ready to be asked.
#[derive(Debug)]
pub struct Policies {
    authorizer: Authorizer,
    /// The policies that can apply to an action, by its name.
    by_action: BTreeMap<String, PolicySet>,
    /// Those that apply to any action, for one the pack does not know.
    any: PolicySet,
    /// Names of those that forbid.
    forbidding: BTreeSet<PolicyId>,
    names: entity::Names,
}

impl Policies {
    /// The policies of a pack.
    ///
    /// # Errors
    /// Every problem of the policies, in order of file, line and column.
    pub fn compile(pack: &Pack) -> Result<Self, Vec<Problem>> {
        let (policies, problems) = read::read(&pack.policies, &pack.vocabulary);
        if problems.is_empty() { Ok(Self::of(&policies, &pack.vocabulary)) } else { Err(problems) }
    }

    fn of(policies: &[Policy], vocabulary: &Vocabulary) -> Self {
        let sets = schema::actions(vocabulary).into_iter().map(|action| {
            let applying = policies.iter().filter(|policy| action.meets(&policy.action_constraint()));
            (action.name.clone(), set(applying))
        });
        let by_action = sets.collect();
        let any = policies.iter().filter(|policy| policy.action_constraint() == ActionConstraint::Any);
        let forbidding = policies.iter().filter(|policy| policy.effect() == Effect::Forbid);
        Self {
            authorizer: Authorizer::new(),
            by_action,
            any: set(any),
            forbidding: forbidding.map(|policy| policy.id().clone()).collect(),
            names: entity::Names::of(vocabulary),
        }
    }

    /// What the policies say of an act.
    pub fn judge(&self, ask: &Ask) -> Verdict {
        let action = ask.action.to_string();
        let policies = self.by_action.get(&action).unwrap_or(&self.any);
        if policies.is_empty() {
            return Verdict::Silent;
        }
        // Whatever cannot be put to the policies might have been forbidden by them.
        let Some(Judged { request, entities }) = self.names.judged(ask, &action) else {
            return Verdict::Forbidden(UNDECIDED.to_owned());
        };
        self.verdict(&self.authorizer.is_authorized(&request, policies, &entities))
    }

    fn verdict(&self, response: &Response) -> Verdict {
        let broken = response.diagnostics().errors().map(|error| match error {
            cedar_policy::AuthorizationError::PolicyEvaluationError(error) => error.policy_id(),
        });
        let broken = broken.filter(|policy| self.forbidding.contains(*policy)).min();
        if let Some(policy) = broken {
            return Verdict::Forbidden(policy.to_string());
        }
        let reason = response.diagnostics().reason().min().map(ToString::to_string);
        match (response.decision(), reason) {
            (Decision::Allow, Some(policy)) => Verdict::Granted(policy),
            (Decision::Deny, Some(policy)) => Verdict::Forbidden(policy),
            _ => Verdict::Silent,
        }
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

/// The policies as a set. Their names differ, as was checked when they were read.
fn set<'p>(policies: impl Iterator<Item = &'p Policy>) -> PolicySet {
    let mut set = PolicySet::new();
    for policy in policies {
        let added = set.add(policy.clone());
        debug_assert!(added.is_ok(), "names of policies differ");
    }
    set
}

/// Stands for a policy where an act could not be put to the policies.
const UNDECIDED: &str = "undecided";
