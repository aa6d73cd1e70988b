//! Who may act, and who counts as the same person.

use super::{Acting, Deciding};
use crate::case::{Case, Mark, Seated, Seats};
use crate::command::Permitted;
use crate::event::Body;
use crate::refusal::Refusal;
use crate::view::View;
use model::{Instant, Person, PersonId, RecordId, UnitId};
use regulation::{ActorRule, HeldIn, Outcome, RolePlace, Signers, Step, Value, Who};

impl Deciding<'_> {
    /// Checks that the person may take the step; yields the seats they may fill.
    pub(super) fn may_take(
        &self,
        case: &Case,
        step: &Step,
        outcome: Outcome,
        permitted: &Permitted,
    ) -> Result<Vec<u32>, Refusal> {
        let actor = permitted.actor();
        self.stands_in(actor, case)?;
        if outcome == Outcome::TakeBack {
            let own = actor.acting_for.is_none() && case.opened_by == Some(actor.person);
            return if own { Ok(Vec::new()) } else { Err(Refusal::WrongPerson(step.id.clone())) };
        }
        if outcome == Outcome::Approve && self.one_of(actor, case.applicants(), case.opened_at) {
            return Err(Refusal::OwnCase);
        }
        let acting = Acting { person: Some(actor), reason: None };
        let view = self.view(case, acting)?;
        for barred in &step.never {
            if self.one_of(actor, view.people(barred)?.into_iter(), case.opened_at) {
                return Err(Refusal::WrongPerson(step.id.clone()));
            }
        }
        self.not_twice(case, step, actor)?;
        match &step.signers {
            Signers::People { by, need, if_short, .. } => {
                let fits = self.fits_any(&view, by, actor)?
                    || permitted.granted().is_some()
                    || (self.short(case, step, &view, by, *need)?
                        && self.fits_any(&view, if_short, actor)?);
                if fits { Ok(Vec::new()) } else { Err(Refusal::WrongPerson(step.id.clone())) }
            }
            Signers::Seats { .. } => {
                let seats = case.seats.get(&step.id);
                let seats = seats.filter(|seats| !seats.seats.is_empty());
                let seats = seats.ok_or_else(|| Refusal::NobodySeated(step.id.clone()))?;
                let chairs = self.chairs(case, seats, actor)?;
                if chairs.is_empty() { Err(Refusal::WrongPerson(step.id.clone())) } else { Ok(chairs) }
            }
        }
    }

    /// Checks that whoever opens a record may.
    pub(super) fn may_open(&self, case: &Case, step: &Step, permitted: &Permitted) -> Result<(), Refusal> {
        let actor = permitted.actor();
        self.appointed(actor)?;
        let view = self.view(case, Acting { person: Some(actor), reason: None })?;
        let Signers::People { by, need: 1, two_person: false, .. } = &step.signers else {
            return Err(Refusal::WrongPerson(step.id.clone()));
        };
        let fits = permitted.granted().is_some() || self.fits_any(&view, by, actor)?;
        if fits { Ok(()) } else { Err(Refusal::WrongPerson(step.id.clone())) }
    }

    /// A deputy needs an appointment and is barred from their own and their principal's cases.
    fn stands_in(&self, actor: &Person, case: &Case) -> Result<(), Refusal> {
        self.appointed(actor)?;
        let Some(principal) = actor.acting_for else { return Ok(()) };
        let own = case.applicants().any(|one| one == actor.person || one == principal);
        if own { Err(Refusal::DeputyOfOwnCase) } else { Ok(()) }
    }

    fn appointed(&self, actor: &Person) -> Result<(), Refusal> {
        let Some(principal) = actor.acting_for else { return Ok(()) };
        let now = self.around.now;
        let appointments = self.around.directory.appointments(actor.person);
        let covered =
            appointments.iter().any(|one| one.principal == principal && one.serves(actor.person, now));
        let role = self.around.shelf.current().roles.get(actor.role.as_str());
        let allowed = role.is_none_or(|role| role.deputy);
        if covered && allowed && principal != actor.person { Ok(()) } else { Err(Refusal::NotDeputy) }
    }

    /// Is the actor, or the person acted for, one of these, or a deputy of one of them at any time since?
    fn one_of(&self, actor: &Person, others: impl Iterator<Item = PersonId>, since: Instant) -> bool {
        others
            .into_iter()
            .any(|other| identities(actor).any(|own| own == other || self.deputy_of(own, other, since)))
    }

    /// Nobody signs the same step twice; where two people are asked, a deputy and the principal are one.
    fn not_twice(&self, case: &Case, step: &Step, actor: &Person) -> Result<(), Refusal> {
        let strict = two_person(step);
        let same = |mark: &Mark| {
            let others = [Some(mark.person), mark.acting_for];
            identities(actor).any(|own| {
                others
                    .into_iter()
                    .flatten()
                    .any(|other| own == other || (strict && self.linked(own, other, mark.at)))
            })
        };
        let twice = case.pending.iter().filter(|mark| mark.step == step.id).any(same);
        if twice { Err(Refusal::AlreadySigned) } else { Ok(()) }
    }

    /// Those whose signatures on the step no longer count, because they have come to stand in for the applicant,
    /// for someone barred, or for one another since they signed. Of two the earlier stays.
    pub(super) fn barred_since(
        &self,
        case: &Case,
        step: &Step,
        outcome: Outcome,
    ) -> Result<Vec<PersonId>, Refusal> {
        let view = self.view(case, Acting { person: None, reason: None })?;
        let mut barred = Vec::new();
        for never in &step.never {
            barred.extend(view.people(never)?);
        }
        if outcome == Outcome::Approve {
            barred.extend(case.applicants());
        }
        let marks: Vec<&Mark> = case.pending.iter().filter(|mark| mark.step == step.id).collect();
        let mut void = Vec::new();
        for (index, mark) in marks.iter().enumerate() {
            let earlier = || marks.iter().take(index).filter(|one| !void.contains(&one.person));
            let stands_in = barred.iter().any(|other| {
                mark.people().any(|own| own == *other || self.deputy_of(own, *other, case.opened_at))
            });
            let linked = two_person(step)
                && earlier().any(|one| {
                    mark.people().any(|own| one.people().any(|other| self.linked(own, other, one.at)))
                });
            if stands_in || linked {
                void.push(mark.person);
            }
        }
        Ok(void)
    }

    /// Is one a deputy of the other at any time since?
    fn deputy_of(&self, deputy: PersonId, principal: PersonId, since: Instant) -> bool {
        self.around.directory.appointments(deputy).iter().any(|one| {
            one.deputy == deputy && one.principal == principal && one.touches(since, self.around.now)
        })
    }

    /// Does one stand in for the other at any time since?
    fn linked(&self, one: PersonId, other: PersonId, since: Instant) -> bool {
        let pair = |appointment: &crate::Appointment| {
            (appointment.deputy == one && appointment.principal == other)
                || (appointment.deputy == other && appointment.principal == one)
        };
        let appointments = self.around.directory.appointments(one);
        appointments.iter().any(|found| pair(found) && found.touches(since, self.around.now))
    }

    pub(super) fn fits_any(
        &self,
        view: &View<'_>,
        rules: &[ActorRule],
        actor: &Person,
    ) -> Result<bool, Refusal> {
        for rule in rules {
            if view.applies(&rule.when)? && self.fits(view, rule, actor)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn fits(&self, view: &View<'_>, rule: &ActorRule, actor: &Person) -> Result<bool, Refusal> {
        let principal = actor.acting_for.unwrap_or(actor.person);
        match &rule.who {
            Who::System => Ok(false),
            Who::Person(people) => Ok(view.people(people)?.contains(&principal)),
            Who::Role { .. } => match self.seat(view, rule)? {
                Some(seat) => self.fills(view, &seat, actor),
                None => Ok(false),
            },
        }
    }

    /// A rule with its people and units resolved; `None` when the rule names nobody.
    pub(super) fn seat(&self, view: &View<'_>, rule: &ActorRule) -> Result<Option<Seated>, Refusal> {
        Ok(match &rule.who {
            Who::System => None,
            Who::Person(people) => {
                let people = view.people(people)?;
                (!people.is_empty()).then_some(Seated::People { people })
            }
            Who::Role { role, place } => {
                let place = match place {
                    RolePlace::Anywhere => Some((None, false)),
                    RolePlace::Own { above } => view.case.map(|case| (Some(case.unit), *above)),
                    RolePlace::Unit { unit, above } => match view.value(unit)? {
                        Some(Value::Unit(unit)) => Some((Some(unit), *above)),
                        _ => None,
                    },
                };
                place.map(|(unit, above)| Seated::Role { role: role.clone(), unit, above })
            }
        })
    }

    fn fills(&self, view: &View<'_>, seat: &Seated, actor: &Person) -> Result<bool, Refusal> {
        let principal = actor.acting_for.unwrap_or(actor.person);
        Ok(match seat {
            Seated::People { people } => people.contains(&principal),
            Seated::Role { role, unit, above } => {
                let city = view.rules.roles.get(role).is_some_and(|role| role.held_in == HeldIn::City);
                let there = unit.is_none_or(|unit| {
                    actor.unit == unit || (*above && self.around.directory.within(unit, actor.unit))
                });
                *role == *actor.role.as_str()
                    && (city || there)
                    && self.around.directory.holds(principal, role, actor.unit)
            }
        })
    }

    fn chairs(&self, case: &Case, seats: &Seats, actor: &Person) -> Result<Vec<u32>, Refusal> {
        let view = self.view(case, Acting { person: Some(actor), reason: None })?;
        let mut chairs = Vec::new();
        for (index, seat) in (0u32..).zip(&seats.seats) {
            if self.fills(&view, seat, actor)? {
                chairs.push(index);
            }
        }
        Ok(chairs)
    }

    /// Has the unit fewer people who may sign than are asked?
    fn short(
        &self,
        case: &Case,
        step: &Step,
        view: &View<'_>,
        by: &[ActorRule],
        need: u32,
    ) -> Result<bool, Refusal> {
        let mut barred: Vec<PersonId> = case.applicants().collect();
        for never in &step.never {
            barred.extend(view.people(never)?);
        }
        let mut counted: Vec<PersonId> = Vec::new();
        for rule in by {
            if !view.applies(&rule.when)? {
                continue;
            }
            let people = match self.seat(view, rule)? {
                None => Vec::new(),
                Some(Seated::People { people }) => people,
                Some(Seated::Role { role, unit, above }) => self.around.directory.holders(&role, unit, above),
            };
            for person in people {
                let one = |other: &PersonId| {
                    *other == person || (two_person(step) && self.linked(person, *other, case.entered_at))
                };
                if !barred.contains(&person) && !counted.iter().any(one) {
                    counted.push(person);
                }
            }
        }
        Ok(counted.len() < need as usize)
    }

    /// A record whose content changed belongs to the unit its register now says; where it says none, as before.
    pub(super) fn belong(&mut self, record: RecordId) -> Result<(), Refusal> {
        let case = self.case(record)?;
        match self.unit_of(&case, None) {
            Ok(unit) if unit != case.unit => self.emit(&case, None, Body::Belongs { unit }),
            Ok(_) | Err(Refusal::UnitMissing) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    /// The unit of the record as its register says, or that of who opens it.
    pub(super) fn unit_of(&self, case: &Case, actor: Option<&Person>) -> Result<UnitId, Refusal> {
        let register = self.register(case)?;
        let Some(condition) = &register.unit else { return Ok(actor.map_or(case.unit, |actor| actor.unit)) };
        match self.view(case, Acting { person: actor, reason: None })?.value(condition)? {
            Some(Value::Unit(unit)) => Ok(unit),
            _ => Err(Refusal::UnitMissing),
        }
    }
}

/// The people an actor acts as.
fn identities(actor: &Person) -> impl Iterator<Item = PersonId> {
    std::iter::once(actor.person).chain(actor.acting_for)
}

/// Does the step ask for people who do not stand in for each other?
pub(super) const fn two_person(step: &Step) -> bool {
    match &step.signers {
        Signers::People { two_person, .. } | Signers::Seats { two_person, .. } => *two_person,
    }
}
