//! People as the entries tell of them: roles with their times, appointments, keys.

use identity::{Body, Event, Subject};
use model::{Instant, Person, PersonId, UnitId};
use proof::signature::Credential;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct People {
    held: Vec<Held>,
    appointed: Vec<Appointed>,
    left: BTreeMap<PersonId, Instant>,
    credentials: BTreeMap<Vec<u8>, Credential>,
}

struct Held {
    person: PersonId,
    role: String,
    unit: Option<UnitId>,
    from: Instant,
    until: Option<Instant>,
}

struct Appointed {
    deputy: PersonId,
    principal: PersonId,
    from: Instant,
    until: Instant,
    known: u32,
}

impl People {
    pub(super) fn apply(&mut self, event: &Event, at: Instant) {
        let Subject::Person(person) = event.subject else { return };
        match &event.body {
            Body::RoleGranted { role, unit, from, until } => {
                let (role, unit, from, until) = (role.to_string(), *unit, *from, *until);
                self.held.push(Held { person, role, unit, from, until });
            }
            Body::RoleEnded { role, unit, from } => {
                let same = |one: &&mut Held| {
                    one.person == person
                        && one.role == role.as_str()
                        && one.unit == *unit
                        && one.from == *from
                };
                if let Some(held) = self.held.iter_mut().find(same) {
                    held.until = Some(held.until.map_or(at, |until| until.min(at)));
                }
            }
            Body::DeputyAppointed { deputy, from, until } => {
                let (deputy, principal, from, until) = (*deputy, person, *from, *until);
                self.appointed.push(Appointed { deputy, principal, from, until, known: 0 });
            }
            Body::DeputyAcknowledged { deputy, from, .. } => {
                if let Some(one) = self.appointment(person, *deputy, *from) {
                    one.known += 1;
                }
            }
            Body::DeputyRevoked { deputy, from } => {
                if let Some(one) = self.appointment(person, *deputy, *from) {
                    one.until = one.until.min(at);
                }
            }
            Body::PersonLeft {} => drop(self.left.insert(person, at)),
            Body::CredentialAdded(credential) => {
                self.credentials.insert(credential.credential.clone(), (**credential).clone());
            }
            Body::CredentialRevoked { credential } => drop(self.credentials.remove(credential)),
            _ => {}
        }
    }

    fn appointment(
        &mut self,
        principal: PersonId,
        deputy: PersonId,
        from: Instant,
    ) -> Option<&mut Appointed> {
        let same =
            |one: &&mut Appointed| one.principal == principal && one.deputy == deputy && one.from == from;
        self.appointed.iter_mut().find(same)
    }

    pub(super) fn credential(&self, id: &[u8]) -> Option<&Credential> {
        self.credentials.get(id)
    }

    /// Whoever acts is here and holds the role, or stands in for one who does, as both know.
    pub(super) fn acts(&self, actor: &Person, at: Instant) {
        assert!(!self.left.contains_key(&actor.person), "{} has left and acts", actor.person);
        let holder = actor.acting_for.unwrap_or(actor.person);
        assert!(
            self.holds(holder, &actor.role, Some(actor.unit), at),
            "{holder} does not hold the role {} and it was acted in",
            actor.role
        );
        if let Some(principal) = actor.acting_for {
            let covers = |one: &Appointed| {
                (one.deputy, one.principal) == (actor.person, principal)
                    && one.from <= at
                    && at < one.until
                    && one.known == 2
            };
            assert!(
                self.appointed.iter().any(covers),
                "a deputy acted whom nobody appointed, or not both know"
            );
        }
    }

    fn holds(&self, person: PersonId, role: &str, unit: Option<UnitId>, at: Instant) -> bool {
        self.held.iter().any(|held| {
            held.person == person
                && held.role == role
                && (held.unit.is_none() || held.unit == unit)
                && held.from <= at
                && held.until.is_none_or(|until| at < until)
        }) && !self.left.contains_key(&person)
    }

    /// Those who hold a role in a unit.
    pub(super) fn holders(&self, role: &str, unit: Option<UnitId>, at: Instant) -> Vec<PersonId> {
        let mut found: Vec<PersonId> = self.held.iter().map(|held| held.person).collect();
        found.sort_unstable();
        found.dedup();
        found.retain(|person| self.holds(*person, role, unit, at));
        found
    }

    /// Does one stand in for the other at any time between?
    pub(super) fn stands_in(
        &self,
        deputy: PersonId,
        principal: PersonId,
        first: Instant,
        last: Instant,
    ) -> bool {
        self.appointed.iter().any(|one| {
            (one.deputy, one.principal) == (deputy, principal) && one.from <= last && first < one.until
        })
    }

    pub(super) fn linked(&self, one: PersonId, other: PersonId, first: Instant, last: Instant) -> bool {
        self.stands_in(one, other, first, last) || self.stands_in(other, one, first, last)
    }
}
