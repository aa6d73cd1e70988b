//! Who may take a step: a second opinion, written from `docs/pack.md` ("Who", "How many", the outcomes) and nothing
//! else.
//!
//! Invariant: knows no code of the engine's; the probes hold one against the other.

use crate::seen::Seen;
use crate::town::{Actor, Town};
use casework::{Appointment, Case, Directory};
use model::{Instant, PersonId};
use regulation::{ActorRule, Outcome, RolePlace, Signers, Step, Value, Who};

/// May they, and if not, which refusal is theirs? By the name of the refusal.
pub(crate) type Verdict = Result<(), &'static str>;

/// Of a step that starts where the record stands and is offered.
pub(crate) fn may_take(town: &Town, case: &Case, step: &Step, outcome: Outcome, actor: &Actor) -> Verdict {
    appointed(town, actor)?;
    let own = |person: PersonId| case.opened_by == Some(person) || case.opened_for == Some(person);
    if actor.acting_for.is_some() && acts_as(actor).any(own) {
        return Err("DeputyOfOwnCase");
    }
    if outcome == Outcome::TakeBack {
        let filed = actor.acting_for.is_none() && case.opened_by == Some(actor.post.person);
        return if filed { Ok(()) } else { Err("WrongPerson") };
    }
    let since = case.opened_at;
    let applicants: Vec<PersonId> = case.opened_by.into_iter().chain(case.opened_for).collect();
    if outcome == Outcome::Approve && one_with(town, actor, &applicants, since) {
        return Err("OwnCase");
    }
    let seen = Seen { actor: Some(actor), ..Seen::new(town, case) };
    for never in &step.never {
        if one_with(town, actor, &seen.people(never), since) {
            return Err("WrongPerson");
        }
    }
    for mark in case.pending.iter().filter(|mark| mark.step == step.id) {
        let signed = [Some(mark.person), mark.acting_for];
        for other in signed.into_iter().flatten() {
            let linked = |own| two_person(step) && stands_in(town, own, other, mark.at);
            if acts_as(actor).any(|own| own == other || linked(own)) {
                return Err("AlreadySigned");
            }
        }
    }
    let fits = match &step.signers {
        Signers::People { by, need, if_short, .. } => {
            any(&seen, by, actor) || (any(&seen, if_short, actor) && too_few(town, case, step, by, *need))
        }
        Signers::Seats { .. } => seats(&seen, step).any(|(seen, rule)| fits(&seen, &rule, actor)),
    };
    if fits { Ok(()) } else { Err("WrongPerson") }
}

/// Of an opening step; `draft` is the record as it would be.
pub(crate) fn may_open(town: &Town, draft: &Case, step: &Step, actor: &Actor) -> Verdict {
    appointed(town, actor)?;
    let seen = Seen { actor: Some(actor), ..Seen::new(town, draft) };
    let Signers::People { by, .. } = &step.signers else { return Err("WrongPerson") };
    if any(&seen, by, actor) { Ok(()) } else { Err("WrongPerson") }
}

/// Each rule of a step that lets this actor in, by its place: for the list of what has been covered.
pub(crate) fn rules_met(town: &Town, case: &Case, step: &Step, actor: &Actor) -> Vec<usize> {
    let seen = Seen { actor: Some(actor), ..Seen::new(town, case) };
    let rules: Vec<&ActorRule> = match &step.signers {
        Signers::People { by, if_short, .. } => by.iter().chain(if_short).collect(),
        Signers::Seats { seats, .. } => seats.iter().map(|seat| &seat.rule).collect(),
    };
    let each = || seats(&seen, step).map(|(seen, _)| seen).collect::<Vec<_>>();
    let seated = matches!(step.signers, Signers::Seats { .. });
    let views = if seated { each() } else { vec![seen.clone()] };
    let met = |rule: &ActorRule| views.iter().any(|seen| seen.applies(&rule.when) && fits(seen, rule, actor));
    rules.iter().enumerate().filter(|(_, rule)| met(rule)).map(|(index, _)| index).collect()
}

fn appointed(town: &Town, actor: &Actor) -> Verdict {
    let Some(principal) = actor.acting_for else { return Ok(()) };
    let in_force = |one: &Appointment| {
        one.deputy == actor.post.person
            && one.principal == principal
            && one.told
            && one.from <= town.now
            && town.now < one.until
    };
    let may_be_stood_in_for = town.pack.role(actor.post.role.as_str()).unwrap().deputy;
    let covered = town.people.appointments.iter().any(in_force);
    if covered && may_be_stood_in_for { Ok(()) } else { Err("NotDeputy") }
}

fn acts_as(actor: &Actor) -> impl Iterator<Item = PersonId> {
    [Some(actor.post.person), actor.acting_for].into_iter().flatten()
}

/// Is the actor, or whom they act for, one of these or a deputy of one of these?
fn one_with(town: &Town, actor: &Actor, others: &[PersonId], since: Instant) -> bool {
    let deputy = |own: PersonId, other: PersonId| {
        town.people.appointments.iter().any(|one| {
            one.deputy == own && one.principal == other && one.from <= town.now && since < one.until
        })
    };
    acts_as(actor).any(|own| others.iter().any(|other| own == *other || deputy(own, *other)))
}

fn stands_in(town: &Town, one: PersonId, other: PersonId, since: Instant) -> bool {
    town.people.appointments.iter().any(|found| {
        [(one, other), (other, one)].contains(&(found.deputy, found.principal))
            && found.from <= town.now
            && since < found.until
    })
}

pub(crate) const fn two_person(step: &Step) -> bool {
    match &step.signers {
        Signers::People { two_person, .. } | Signers::Seats { two_person, .. } => *two_person,
    }
}

fn any(seen: &Seen<'_>, rules: &[ActorRule], actor: &Actor) -> bool {
    rules.iter().any(|rule| seen.applies(&rule.when) && fits(seen, rule, actor))
}

/// The seats of a step, each with what its rule sees.
fn seats<'a>(seen: &Seen<'a>, step: &Step) -> impl Iterator<Item = (Seen<'a>, ActorRule)> {
    let Signers::Seats { seats, .. } = &step.signers else { panic!("no seats") };
    let mut all = Vec::new();
    for seat in seats {
        let elements = match &seat.each {
            None => vec![None],
            Some(field) => {
                match regulation::Scope::name(seen, &regulation::Name::Field(field.clone())).unwrap() {
                    Some(Value::List(values)) => values.into_iter().map(Some).collect(),
                    Some(value) => vec![Some(value)],
                    None => vec![],
                }
            }
        };
        for each in elements {
            let seen = Seen { each, actor: None, ..seen.clone() };
            if seen.applies(&seat.rule.when) {
                all.push((seen, seat.rule.clone()));
            }
        }
    }
    all.into_iter()
}

fn fits(seen: &Seen<'_>, rule: &ActorRule, actor: &Actor) -> bool {
    let principal = actor.acting_for.unwrap_or(actor.post.person);
    match &rule.who {
        Who::System => false,
        Who::Person(people) => seen.people(people).contains(&principal),
        Who::Role { role, place } => {
            *role == actor.post.role
                && seen.town.people.holds(principal, role, actor.post.unit)
                && (actor.post.city || there(seen, place, actor))
        }
    }
}

fn there(seen: &Seen<'_>, place: &RolePlace, actor: &Actor) -> bool {
    let (unit, above) = match place {
        RolePlace::Anywhere => return true,
        RolePlace::Own { above } => (seen.case.map(|case| case.unit), *above),
        RolePlace::Unit { unit, above } => (seen.unit(unit), *above),
    };
    unit.is_some_and(|unit| {
        actor.post.unit == unit || (above && seen.town.people.within(unit, actor.post.unit))
    })
}

/// Are there fewer people than are asked, the applicant and those barred left out, deputies counted once?
fn too_few(town: &Town, case: &Case, step: &Step, by: &[ActorRule], need: u32) -> bool {
    let seen = Seen::new(town, case);
    let mut barred: Vec<PersonId> = case.opened_by.into_iter().chain(case.opened_for).collect();
    step.never.iter().for_each(|never| barred.extend(seen.people(never)));
    let mut left: Vec<PersonId> = Vec::new();
    for post in &town.people.posts {
        let actor = Actor { post: post.clone(), acting_for: None };
        let linked = |other: &PersonId| {
            *other == post.person
                || (two_person(step) && stands_in(town, *other, post.person, case.entered_at))
        };
        if any(&seen, by, &actor) && !barred.contains(&post.person) && !left.iter().any(linked) {
            left.push(post.person);
        }
    }
    left.len() < need as usize
}
