//! Every role at every step of the state a record is in: who is let in is let in, and nobody else.
//!
//! Invariant: each answer of the engine is held against `permitted`; deputies of the applicant and of those barred,
//! deputies without an appointment, and the auditor are among those who try.

use crate::coverage::{Coverage, let_in, not_there, refused};
use crate::people::Post;
use crate::permitted::{Verdict, may_open, may_take, rules_met};
use crate::seen::Seen;
use crate::town::{Actor, Town};
use casework::{Appointment, By, Case, Command, Event, Fill, Refusal, State};
use model::{Instant, PersonId, RecordId};
use regulation::{Outcome, Register, Step, StepId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Refusals that are about who acts, or whether the step is there at all.
const ABOUT_WHO: [&str; 8] = [
    "AlreadySigned",
    "DeputyOfOwnCase",
    "NobodySeated",
    "NotDeputy",
    "NotOffered",
    "OwnCase",
    "WrongPerson",
    "WrongStep",
];

/// The name of a refusal.
pub(crate) fn name(refusal: &Refusal) -> String {
    let whole = format!("{refusal:?}");
    whole.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// Everybody at every step, for the state the record is in.
pub(crate) fn state(town: &mut Town, record: RecordId, coverage: &mut Coverage) {
    let case = town.case(record);
    let register = town.pack.register(case.register.as_str()).unwrap();
    let mut open: BTreeMap<usize, Vec<(StepId, Outcome)>> = BTreeMap::new();
    for step in register.flow.steps.iter().filter(|step| !step.opens()) {
        if !step.from.contains(&case.state) {
            elsewhere(town, &case, step);
            coverage.meet(&register.id, not_there(&case.state, step));
            continue;
        }
        for (outcome, _) in &step.outcomes {
            let command = taking(&case, step, *outcome);
            assert_eq!(town.ask(&By::System, &command), Err(Refusal::WrongPerson(step.id.clone())));
            let mut within = None;
            for (index, post) in town.people.posts.clone().into_iter().enumerate() {
                let actor = Actor { post, acting_for: None };
                let seen = Seen { actor: Some(&actor), ..Seen::new(town, &case) };
                let offered = seen.applies(&step.when);
                let verdict =
                    if offered { may_take(town, &case, step, *outcome, &actor) } else { Err("NotOffered") };
                agree(town, &case, &actor, &command, verdict);
                match verdict {
                    Ok(()) => {
                        for rule in rules_met(town, &case, step, &actor) {
                            coverage.meet(&register.id, let_in(step, rule));
                        }
                        open.entry(index).or_default().push((step.id.clone(), *outcome));
                        within = within.or(Some(actor));
                    }
                    Err(_) => coverage.meet(&register.id, refused(Some(&case.state), step, &actor.post.role)),
                }
            }
            if let Some(within) = within.filter(|_| *outcome != Outcome::TakeBack) {
                deputies(town, &case, step, *outcome, &within.post);
            }
        }
    }
    for (index, post) in town.people.posts.iter().enumerate() {
        let actor = Actor { post: post.clone(), acting_for: None };
        let offered = town.offered(&actor, record);
        assert_eq!(offered, open.remove(&index).unwrap_or_default(), "what is offered is what may be taken");
    }
}

/// A step that does not start here is refused to everyone alike.
fn elsewhere(town: &Town, case: &Case, step: &Step) {
    let outcome = step.outcomes[0].0;
    let mut roles = Vec::new();
    for post in &town.people.posts {
        if roles.contains(&&post.role) {
            continue;
        }
        roles.push(&post.role);
        let actor = Actor { post: post.clone(), acting_for: None };
        agree(town, case, &actor, &taking(case, step, outcome), Err("WrongStep"));
    }
}

/// Those who act for another, and those for whom another acts.
fn deputies(town: &mut Town, case: &Case, step: &Step, outcome: Outcome, within: &Post) {
    let command = taking(case, step, outcome);
    let stranger = stranger(town, case, step, within.person);
    let seen = Seen::new(town, case);
    let barred: Vec<PersonId> = step.never.iter().flat_map(|never| seen.people(never)).collect();
    let (role, unit, city) = (within.role.clone(), within.unit, within.city);
    let standing_in = |person| Actor {
        post: Post { person, role: role.clone(), unit, city },
        acting_for: Some(within.person),
    };
    let own = Actor { post: within.clone(), acting_for: None };
    let may = town.pack.role(role.as_str()).unwrap().deputy;
    let mut tries: Vec<(Option<Appointment>, Actor, Option<Verdict>)> = vec![
        (None, standing_in(stranger), Some(Err("NotDeputy"))),
        (Some(untold(town, stranger, within.person)), standing_in(stranger), Some(Err("NotDeputy"))),
        (Some(over(town, stranger, within.person)), standing_in(stranger), Some(Err("NotDeputy"))),
        (
            Some(appointed(town, stranger, within.person)),
            standing_in(stranger),
            if may { None } else { Some(Err("NotDeputy")) },
        ),
    ];
    for applicant in case.opened_by.into_iter().filter(|one| *one != within.person) {
        let theirs = if may { Err("DeputyOfOwnCase") } else { Err("NotDeputy") };
        tries.push((Some(appointed(town, applicant, within.person)), standing_in(applicant), Some(theirs)));
        let own_case = (outcome == Outcome::Approve).then_some(Err("OwnCase"));
        tries.push((Some(appointed(town, within.person, applicant)), own.clone(), own_case));
    }
    for barred in barred.into_iter().filter(|one| *one != within.person) {
        tries.push((Some(appointed(town, barred, within.person)), standing_in(barred), None));
        let applicant = case.opened_by == Some(barred);
        tries.push((
            Some(appointed(town, within.person, barred)),
            own.clone(),
            (!applicant).then_some(Err("WrongPerson")),
        ));
    }
    for (appointment, actor, fixed) in tries {
        let before = town.people.appointments.len();
        town.people.appointments.extend(appointment);
        let verdict = may_take(town, case, step, outcome, &actor);
        if let Some(fixed) = fixed.filter(|_| before == 0) {
            assert_eq!(verdict, fixed, "{} in {}", step.id, case.state);
        }
        agree(town, case, &actor, &command, verdict);
        town.people.appointments.truncate(before);
    }
}

/// Somebody who has nothing to do with the case.
fn stranger(town: &Town, case: &Case, step: &Step, within: PersonId) -> PersonId {
    let seen = Seen::new(town, case);
    let barred: Vec<PersonId> = step.never.iter().flat_map(|never| seen.people(never)).collect();
    let signed =
        |one: &PersonId| case.pending.iter().any(|mark| mark.person == *one || mark.acting_for == Some(*one));
    let free = |one: &PersonId| {
        *one != within
            && case.opened_by != Some(*one)
            && case.opened_for != Some(*one)
            && !barred.contains(one)
            && !signed(one)
    };
    town.people.posts.iter().map(|post| post.person).rfind(free).unwrap()
}

pub(crate) fn appointed(town: &Town, deputy: PersonId, principal: PersonId) -> Appointment {
    let until = town.now.plus(Duration::from_secs(86_400 * 14));
    Appointment { deputy, principal, from: town.now, until, told: true }
}

fn untold(town: &Town, deputy: PersonId, principal: PersonId) -> Appointment {
    Appointment { told: false, ..appointed(town, deputy, principal) }
}

fn over(town: &Town, deputy: PersonId, principal: PersonId) -> Appointment {
    Appointment { from: Instant::EPOCH, until: town.now, ..appointed(town, deputy, principal) }
}

fn taking(case: &Case, step: &Step, outcome: Outcome) -> Command {
    Command::Take {
        record: case.record,
        seen: case.revision,
        step: step.id.clone(),
        outcome,
        reason: outcome.needs_reason().then(|| crate::act::REASON.to_owned()),
        fill: Fill::new(),
        occurred_at: None,
        late_reason: None,
        signed: None,
    }
}

/// The engine's answer is that of the second opinion.
fn agree(town: &Town, case: &Case, actor: &Actor, command: &Command, verdict: Verdict) {
    let answer = town.ask(&actor.by(), command).err();
    let told = answer.as_ref().map(name);
    let let_in = told.as_deref().is_none_or(|told| !ABOUT_WHO.contains(&told));
    let same = match verdict {
        Ok(()) => let_in,
        Err(expected) => told.as_deref() == Some(expected),
    };
    let people = &town.people;
    assert!(verdict.is_err() || actor.post.role != *"auditor", "the auditor takes no step: {command:?}");
    assert!(
        same,
        "{} {} as {}@{}{} in {}: {verdict:?} is expected, not {answer:?}\n{command:?}",
        case.register,
        people.name(actor.post.person),
        actor.post.role,
        people.unit_name(actor.post.unit),
        actor.acting_for.map_or_else(String::new, |one| format!(" for {}", people.name(one))),
        case.state,
    );
}

/// Everybody at an opening step, with a form filled in as it was by whoever did open the record.
pub(crate) fn opening(
    town: &mut Town,
    register: &Register,
    step: &Step,
    fill: &Fill,
    opened: &Event,
    coverage: &mut Coverage,
) {
    let record = town.draw();
    let (mut state, event) =
        (State::default(), Event { subject: casework::Subject::Record(record), ..opened.clone() });
    state.apply(&event, None).unwrap();
    let draft = casework::Records::case(&state, record).unwrap();
    let command = Command::Open {
        record,
        register: register.id.clone(),
        step: step.id.clone(),
        fill: fill.clone(),
        occurred_at: None,
        late_reason: None,
        signed: None,
    };
    assert_eq!(town.ask(&By::System, &command), Err(Refusal::WrongPerson(step.id.clone())));
    let mut within = None;
    for post in town.people.posts.clone() {
        let actor = Actor { post, acting_for: None };
        let draft = drafted(town, register, &draft, &actor);
        let verdict = may_open(town, &draft, step, &actor);
        agree(town, &draft, &actor, &command, verdict);
        match verdict {
            Ok(()) => {
                for rule in rules_met(town, &draft, step, &actor) {
                    coverage.meet(&register.id, let_in(step, rule));
                }
                within = within.or(Some(actor));
            }
            Err(_) => coverage.meet(&register.id, refused(None, step, &actor.post.role)),
        }
    }
    let Some(within) = within else { return };
    let person = stranger(town, &draft, step, within.post.person);
    let deputy = Actor { post: Post { person, ..within.post.clone() }, acting_for: Some(within.post.person) };
    agree(town, &draft, &deputy, &command, Err("NotDeputy"));
}

/// The record as this actor would open it.
fn drafted(town: &Town, register: &Register, draft: &Case, actor: &Actor) -> Case {
    let mut draft = Case { opened_by: Some(actor.post.person), unit: actor.post.unit, ..draft.clone() };
    if let Some(unit) = &register.unit {
        let seen = Seen { actor: Some(actor), ..Seen::new(town, &draft) };
        draft.unit = seen.unit(unit).unwrap();
    }
    draft
}
