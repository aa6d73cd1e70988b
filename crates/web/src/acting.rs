//! In whose name and role somebody acts: as themselves, or for one whose deputy they are; and what is offered to them.
//!
//! The role is found, not asked: of those held, the one in which most is offered. What is asked is for whom.
//! Does not: decide. `casework` and the pack's policies say what is offered, and are asked again when it is done.

use crate::cx::Cx;
use crate::look::{AskedStep, Look};
use casework::{Case, Offer, Permitted, Policy};
use identity::{Action, Beside, On, RecordFacts, Roster, Verdict};
use model::{Evidence, Person, PersonId, UnitId};
use regulation::{Outcome, Register, RegisterId, RoleId, StepId};

/// A role that may be acted in, in one's own name or for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stance {
    /// Whom they stand in for.
    pub(crate) principal: Option<PersonId>,
    /// The role.
    pub(crate) role: RoleId,
    /// Where it is held; none for the whole installation.
    pub(crate) unit: Option<UnitId>,
}

/// A step somebody may take, in one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offered {
    /// In which.
    pub(crate) stance: Stance,
    /// The step.
    pub(crate) step: StepId,
    /// The outcomes open to them.
    pub(crate) outcomes: Vec<Outcome>,
    /// The least signature.
    pub(crate) least: Evidence,
}

impl Stance {
    /// As a person who acts on what belongs to a unit.
    pub(crate) fn actor(&self, cx: &Cx, unit: UnitId) -> Person {
        let session = cx.session();
        Person {
            acting_for: self.principal,
            person: cx.person(),
            role: self.role.as_str().to_owned(),
            session: Some(session.id),
            terminal: session.terminal,
            unit: self.unit.unwrap_or(unit),
        }
    }

    /// As forms send it.
    pub(crate) fn word(&self) -> String {
        let unit = self.unit.map(|unit| unit.to_string()).unwrap_or_default();
        let principal = self.principal.map(|person| person.to_string()).unwrap_or_default();
        format!("{}.{unit}.{principal}", self.role)
    }

    /// As people read it.
    pub(crate) fn told(&self, look: &Look<'_>) -> String {
        let role = look.role(&self.role);
        let role = match self.unit {
            Some(unit) => format!("{role}{}", look.cx.beside(&look.unit(unit))),
            None => role,
        };
        match self.principal {
            None => role,
            Some(principal) => {
                format!(
                    "{}{}{}{role}",
                    look.cx.t("代理", "for "),
                    look.person(principal),
                    look.cx.t("：", ": ")
                )
            }
        }
    }
}

/// Every role they may act in: their own first, then those of whom they stand in for.
/// [`Cx::stances`] keeps them.
pub(crate) fn stances(cx: &Cx, roster: &Roster<'_>) -> Vec<Stance> {
    let person = cx.person();
    let own = roster.held(person).map(|(role, unit)| Stance { principal: None, role: role.clone(), unit });
    let mut stances: Vec<Stance> = own.collect();
    for principal in principals(cx, roster) {
        let lent = roster.lent(principal);
        stances.extend(lent.map(|(role, unit)| Stance {
            principal: Some(principal),
            role: role.clone(),
            unit,
        }));
    }
    // An administrator's role counts at a management terminal alone.
    let home = roster.here(person).map(|person| person.home);
    let acts = |stance: &Stance| home.is_some_and(|home| roster.acts(&stance.actor(cx, home)).is_ok());
    stances.retain(acts);
    stances
}

/// Everybody they might act as about people, units and the installation as a whole.
pub(crate) fn actors(cx: &Cx) -> Vec<Person> {
    let Ok(roster) = cx.roster() else { return Vec::new() };
    let Some(top) = roster.state.root() else { return Vec::new() };
    cx.stances().iter().map(|stance| stance.actor(cx, top)).collect()
}

/// As whom a policy grants them something: in the first of their roles in which one does.
pub(crate) fn granted(cx: &Cx, action: &Action, on: &On, beside: &Beside) -> Option<Person> {
    let (policies, roster) = (cx.seen().policies.as_ref()?, cx.roster().ok()?);
    actors(cx).into_iter().find(|actor| {
        let ask = roster.ask(actor, action.clone(), on.clone(), beside.clone());
        ask.is_some_and(|ask| matches!(policies.judge(&ask), Verdict::Granted(_)))
    })
}

/// The same of something about the installation as a whole.
pub(crate) fn granted_at_the_top(cx: &Cx, action: &Action) -> Option<Person> {
    granted(cx, action, &On::Unit(cx.seen().roster.root()?), &Beside::default())
}

/// The same of something about a unit.
pub(crate) fn granted_on(cx: &Cx, action: &Action, unit: UnitId) -> Option<Person> {
    granted(cx, action, &On::Unit(unit), &Beside::default())
}

/// Those they stand in for now.
pub(crate) fn principals(cx: &Cx, roster: &Roster<'_>) -> Vec<PersonId> {
    let standing_in = roster.standing_in(cx.person());
    let mut principals: Vec<PersonId> = standing_in.iter().map(|one| one.principal).collect();
    principals.sort_unstable();
    principals.dedup();
    principals
}

/// The steps somebody may take on a case as it stands, in the order of the flow; each once in their own name and once
/// for each they stand in for, as far as it is open there.
pub(crate) fn offers(look: &Look<'_>, case: &Case) -> Vec<Offered> {
    let Some(register) = look.register(case) else { return Vec::new() };
    let mut found: Vec<Offered> = Vec::new();
    for stance in look.cx.stances() {
        let actor = stance.actor(look.cx, case.unit);
        for offer in offered(look, case, register, &actor) {
            let Offer { step, outcomes, least } = offer;
            let one = Offered { stance: stance.clone(), step, outcomes, least };
            let same =
                |there: &&mut Offered| there.step == one.step && there.stance.principal == stance.principal;
            match found.iter_mut().find(same) {
                Some(there) if there.outcomes.len() >= one.outcomes.len() => {}
                Some(there) => *there = one,
                None => found.push(one),
            }
        }
    }
    let place = |step: &StepId| register.flow.steps.iter().position(|one| one.id == *step);
    found.sort_by_key(|one| (one.stance.principal, place(&one.step)));
    found
}

/// What flow and policies offer an actor.
fn offered(look: &Look<'_>, case: &Case, register: &Register, actor: &Person) -> Vec<Offer> {
    let around = look.around();
    let ask = |policy| {
        let permitted = Permitted::by_policy(actor.clone(), policy);
        // A condition of the pack without an answer offers nothing; whoever takes the step is told.
        casework::offered(around, &permitted, case.record).unwrap_or_default()
    };
    let mut offers = ask(Policy::Silent);
    let startable = register.flow.steps.iter().filter(|step| step.from.contains(&case.state));
    for step in startable {
        let there = offers.iter().position(|offer| offer.step == step.id);
        match (policy(look, case, &step.id, actor), there) {
            (Err(()), Some(at)) => drop(offers.remove(at)),
            (Ok(granted @ Policy::Granted(_)), None) => {
                offers.extend(ask(granted).into_iter().filter(|offer| offer.step == step.id));
            }
            _ => {}
        }
    }
    offers
}

/// What the pack's policies say of a step; an error where one forbids it, or nobody can be asked.
fn policy(look: &Look<'_>, case: &Case, step: &StepId, actor: &Person) -> Result<Policy, ()> {
    let facts = RecordFacts {
        record: case.record,
        register: case.register.clone(),
        unit: case.unit,
        state: Some(case.state.clone()),
        grade: case.grade.clone(),
        opened_by: case.opened_by,
    };
    let action = Action::Step(case.register.clone(), step.clone());
    look.policy_on(AskedStep { actor: actor.clone(), action, facts })
}

/// The opening steps of a register, each with the roles in which somebody might take it.
pub(crate) fn openings(look: &Look<'_>, register: &RegisterId) -> Vec<(StepId, Vec<Stance>)> {
    let mut found: Vec<(StepId, Vec<Stance>)> = Vec::new();
    for stance in look.cx.stances() {
        let steps = casework::openings(look.around(), stance.role.as_str());
        for (_, step) in steps.into_iter().filter(|(of, _)| of == register) {
            match found.iter_mut().find(|(one, _)| *one == step) {
                Some((_, stances)) => stances.push(stance.clone()),
                None => found.push((step, vec![stance.clone()])),
            }
        }
    }
    found
}

/// The registers in which somebody might open a record.
pub(crate) fn opened_by_hand(look: &Look<'_>) -> Vec<RegisterId> {
    let around = look.around();
    let stances = look.cx.stances().iter();
    let steps = stances.flat_map(|one| casework::openings(around, one.role.as_str()));
    let mut registers: Vec<RegisterId> = steps.map(|(register, _)| register).collect();
    registers.sort();
    registers.dedup();
    registers
}
