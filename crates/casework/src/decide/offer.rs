//! What is offered: the steps somebody may take as things stand, and whom a case waits for.
//!
//! Nothing is decided and nothing recorded; the same rules are asked again when a step is really taken.

use super::{Acting, Deciding, Overlay};
use crate::around::Around;
use crate::case::{Case, Seated, Seats};
use crate::command::Permitted;
use crate::event::Addressee;
use crate::refusal::Refusal;
use crate::state::State;
use model::{Evidence, RecordId};
use regulation::{ActorRule, End, Outcome, Register, RegisterId, Signers, Step, StepId, When, Who};

/// A step somebody may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The step.
    pub step: StepId,
    /// The outcomes open to them.
    pub outcomes: Vec<Outcome>,
    /// The least signature, as the record is graded now.
    pub least: Evidence,
}

/// The steps a person may take on a case as it stands, in the order of the flow.
///
/// # Errors
/// There is no such record; a condition of the pack has no answer.
pub fn offered(around: Around<'_>, by: &Permitted, record: RecordId) -> Result<Vec<Offer>, Refusal> {
    let mut never = || RecordId::from_bytes([0; 16]);
    let deciding = Deciding::looking(around, &mut never);
    let case = deciding.case(record)?;
    let acting = Acting { person: Some(by.actor()), reason: None };
    let mut offers = Vec::new();
    for step in &deciding.register(&case)?.flow.steps {
        if step.opens() || !step.from.contains(&case.state) {
            continue;
        }
        if !deciding.view(&case, acting)?.applies(&step.when)? {
            continue;
        }
        let open = |(outcome, _): &(Outcome, _)| {
            deciding.may_take(&case, step, *outcome, by).is_ok().then_some(*outcome)
        };
        let outcomes: Vec<Outcome> = step.outcomes.iter().filter_map(open).collect();
        if !outcomes.is_empty() {
            let least = deciding.least(&case, step)?;
            offers.push(Offer { step: step.id.clone(), outcomes, least });
        }
    }
    Ok(offers)
}

/// The opening steps whose rules name the role a person acts in. Whether the record to be opened is in their unit
/// shows only once it is filled in.
#[must_use]
pub fn openings(around: Around<'_>, role: &str) -> Vec<(RegisterId, StepId)> {
    let named = |rule: &ActorRule| matches!(&rule.who, Who::Role { role: one, .. } if *one == *role);
    let open = |step: &&Step| match &step.signers {
        Signers::People { by, .. } => step.opens() && by.iter().any(named),
        Signers::Seats { .. } => false,
    };
    let registers = around.shelf.current().registers.values();
    registers
        .flat_map(|register| {
            let steps = register.flow.steps.iter().filter(open);
            steps.map(|step| (register.id.clone(), step.id.clone()))
        })
        .collect()
}

/// Does a case stand where it may stay? Nothing of it is due, nobody has signed part of a step, and a step that people
/// may take at any time leaves it where it is: a room in use, a key in its place. It waits for nobody then, though much
/// may be done with it.
#[must_use]
pub fn rests(case: &Case, register: &Register) -> bool {
    let stays = |step: &Step| {
        step.from.contains(&case.state)
            && matches!(step.when, When::Always)
            && !step.by_system()
            && step.outcomes.iter().any(|(outcome, to)| outcome.is_forward() && *to == case.state)
    };
    let due = !case.clocks.is_empty() || case.duty.is_some() || !case.pending.is_empty();
    case.ending.is_none() && !due && register.flow.steps.iter().any(stays)
}

/// Does an outcome of a step lead on: to a state that is no end, or to the end that was wished?
#[must_use]
pub fn leads_on(register: &Register, step: &Step, outcome: Outcome) -> bool {
    let to = step.to(outcome).and_then(|to| register.flow.state(to.as_str()));
    outcome.is_forward() && to.is_some_and(|state| matches!(state.end, None | Some(End::Done)))
}

/// Somebody a case waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub whose: Addressee,
    /// Would the case come to another state? A step that leaves it where it is may be taken, but nothing waits for it.
    pub onward: bool,
}

/// Whom a case waits for: those who may take one of the steps that go on from its state. People and roles as the
/// rules name them now; whether one of them is barred shows when they look.
///
/// # Errors
/// There is no such record; a condition of the pack has no answer.
pub fn awaited(around: Around<'_>, record: RecordId) -> Result<Vec<Addressee>, Refusal> {
    let mut found: Vec<Addressee> = turns(around, record)?.into_iter().map(|turn| turn.whose).collect();
    found.dedup();
    Ok(found)
}

/// The same, with whether it is brought on.
///
/// # Errors
/// As [`awaited`].
pub fn turns(around: Around<'_>, record: RecordId) -> Result<Vec<Turn>, Refusal> {
    let mut never = || RecordId::from_bytes([0; 16]);
    let deciding = Deciding::looking(around, &mut never);
    let case = deciding.case(record)?;
    if case.ending.is_some() {
        return Ok(Vec::new());
    }
    let view = deciding.view(&case, Acting { person: None, reason: None })?;
    let mut found: Vec<Turn> = Vec::new();
    for step in &deciding.register(&case)?.flow.steps {
        let mut forward = step.outcomes.iter().filter(|(outcome, _)| outcome.is_forward()).peekable();
        if step.opens()
            || forward.peek().is_none()
            || !step.from.contains(&case.state)
            || !view.applies(&step.when)?
        {
            continue;
        }
        let onward = forward.any(|(_, to)| *to != case.state);
        let mut add = |seat: &Seated| {
            found.extend(addressees(seat).into_iter().map(|whose| Turn { whose, onward }));
        };
        match &step.signers {
            Signers::People { by, if_short, .. } => {
                for rule in by.iter().chain(if_short) {
                    if view.applies(&rule.when)?
                        && let Some(seat) = deciding.seat(&view, rule)?
                    {
                        add(&seat);
                    }
                }
            }
            Signers::Seats { .. } => {
                let seats: Option<&Seats> = case.seats.get(&step.id);
                seats.into_iter().flat_map(|seats| &seats.seats).for_each(add);
            }
        }
    }
    Ok(found)
}

fn addressees(seat: &Seated) -> Vec<Addressee> {
    match seat {
        Seated::People { people } => people.iter().copied().map(Addressee::Person).collect(),
        Seated::Role { role, unit, above } => {
            vec![Addressee::Role { role: role.clone(), unit: *unit, above: *above }]
        }
    }
}

impl<'a> Deciding<'a> {
    /// One that only looks.
    fn looking(around: Around<'a>, fresh: &'a mut dyn FnMut() -> RecordId) -> Self {
        let overlay = Overlay { base: around.records, state: State::default() };
        Deciding { around, overlay, events: Vec::new(), fresh, depth: 0, rehearsal: true }
    }
}
