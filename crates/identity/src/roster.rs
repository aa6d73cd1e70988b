//! People and units at a moment, under the roles and grades of a pack: what casework and readers ask.
//!
//! Invariants: who has left holds nothing and is cleared for nothing; a role of the whole installation is held in
//! every unit.
//! Does not: decide anything, ask a policy.

use crate::person::{Holding, Person};
use crate::refusal::Refusal;
use crate::state::State;
use casework::{Appointment, Directory};
use model::{Instant, PersonId, UnitId};
use regulation::{Grade, GradeId, HeldIn, Pack, Role, RoleId};
use std::collections::BTreeMap;

/// People and units, as they are at a moment, under a pack.
#[derive(Debug, Clone, Copy)]
pub struct Roster<'a> {
    /// People and units.
    pub state: &'a State,
    /// The moment.
    pub now: Instant,
    /// The pack's roles.
    pub roles: &'a BTreeMap<RoleId, Role>,
    /// The pack's grades, the lowest first.
    pub grades: &'a [Grade],
}

impl<'a> Roster<'a> {
    /// Under this pack, at this moment.
    #[must_use]
    pub fn new(state: &'a State, pack: &'a Pack, now: Instant) -> Self {
        Self { state, now, roles: &pack.roles, grades: &pack.grades }
    }

    /// The person, if still here.
    #[must_use]
    pub fn here(&self, person: PersonId) -> Option<&'a Person> {
        self.state.person(person).filter(|person| person.here())
    }

    /// The roles a person holds, each with its unit; none for the whole installation.
    pub fn held(&self, person: PersonId) -> impl Iterator<Item = (&'a RoleId, Option<UnitId>)> {
        let (roles, now) = (self.roles, self.now);
        let held = self.here(person).into_iter().flat_map(move |person| person.held(now));
        held.map(move |holding| {
            let unit = if everywhere(roles, holding) { None } else { holding.unit };
            (&holding.role, unit)
        })
    }

    /// The appointments by which somebody stands in for others now, of which both know.
    #[must_use]
    pub fn standing_in(&self, person: PersonId) -> Vec<Appointment> {
        let mut appointments = self.state.appointments(person);
        appointments.retain(|one| one.serves(person, self.now));
        appointments
    }

    /// The roles a person holds that are lent to whoever stands in for them.
    pub fn lent(&self, principal: PersonId) -> impl Iterator<Item = (&'a RoleId, Option<UnitId>)> {
        let roles = self.roles;
        self.held(principal).filter(move |(role, _)| roles.get(*role).is_some_and(|role| role.deputy))
    }

    /// The highest grade a person is cleared for: the one granted, or what everybody is cleared for. None for who
    /// is not here.
    #[must_use]
    pub fn clearance(&self, person: PersonId) -> Option<&'a GradeId> {
        Some(&self.grades.get(self.cleared_up_to(self.here(person)?)?)?.id)
    }

    /// Height of a person's clearance, the lowest grade being 0. None for who is not here.
    #[must_use]
    pub fn clearance_height(&self, person: PersonId) -> Option<usize> {
        self.cleared_up_to(self.here(person)?)
    }

    fn cleared_up_to(&self, person: &Person) -> Option<usize> {
        let granted = person.cleared.as_ref().and_then(|id| self.height(id));
        granted.max(self.everybodys_height())
    }

    /// Height of the grade everybody is cleared for.
    #[must_use]
    pub fn everybodys_height(&self) -> Option<usize> {
        self.grades.iter().rposition(|grade| grade.cleared).or((!self.grades.is_empty()).then_some(0))
    }

    /// Height of a grade, the lowest being 0.
    #[must_use]
    pub fn height(&self, grade: &GradeId) -> Option<usize> {
        self.grades.iter().position(|one| one.id == *grade)
    }

    /// Checks that a person may act as they say: they are here and hold the role there, or stand in for one who
    /// does, by an appointment in force that both know of.
    ///
    /// # Errors
    /// `Left`, `NotDeputy`, `NotHolder`, `NotManagementTerminal`.
    pub fn acts(&self, actor: &model::Person) -> Result<(), Refusal> {
        if self.here(actor.person).is_none() {
            return Err(Refusal::Left(actor.person));
        }
        let role = self.roles.get(actor.role.as_str()).ok_or_else(|| Refusal::NoRole(actor.role.clone()))?;
        if role.administrator && !self.state.administers_at(actor.terminal) {
            return Err(Refusal::NotManagementTerminal { role: role.id.clone() });
        }
        let holder = actor.acting_for.unwrap_or(actor.person);
        if let Some(principal) = actor.acting_for {
            let covered = self.standing_in(actor.person).iter().any(|one| one.principal == principal);
            if !covered || !role.deputy || principal == actor.person {
                return Err(Refusal::NotDeputy);
            }
        }
        if self.holds(holder, &role.id, actor.unit) {
            Ok(())
        } else {
            Err(Refusal::NotHolder { role: role.id.clone() })
        }
    }
}

impl Directory for Roster<'_> {
    fn holds(&self, person: PersonId, role: &RoleId, unit: UnitId) -> bool {
        let fits = |holding: &Holding| {
            holding.role == *role && (holding.unit == Some(unit) || everywhere(self.roles, holding))
        };
        self.here(person).is_some_and(|person| person.held(self.now).any(fits))
    }

    fn holders(&self, role: &RoleId, unit: Option<UnitId>, above: bool) -> Vec<PersonId> {
        let Some(by_unit) = self.state.index.holders.get(role) else { return Vec::new() };
        let city = self.roles.get(role).is_some_and(|role| role.held_in == HeldIn::City);
        let mut places: Vec<Option<UnitId>> = vec![None];
        match unit {
            Some(unit) if !city => {
                places.push(Some(unit));
                places.extend(self.state.above(unit).filter(|_| above).map(Some));
            }
            _ => places = by_unit.keys().copied().collect(),
        }
        let mut found: Vec<PersonId> = Vec::new();
        for place in places {
            let held = |person: &&PersonId| {
                let now = |one: &Holding| one.role == *role && one.unit == place;
                self.here(**person).is_some_and(|person| person.held(self.now).any(now))
            };
            found.extend(by_unit.get(&place).into_iter().flatten().filter(held));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn superior(&self, unit: UnitId) -> Option<UnitId> {
        self.state.unit(unit)?.superior
    }

    fn within(&self, unit: UnitId, above: UnitId) -> bool {
        self.state.index.tree.within(unit, above)
    }

    fn unit_code(&self, unit: UnitId) -> Option<String> {
        Some(self.state.unit(unit)?.code.as_str().to_owned())
    }

    fn units(&self) -> Vec<UnitId> {
        self.state.units().filter(|unit| unit.closed_at.is_none()).map(|unit| unit.id).collect()
    }

    fn appointments(&self, person: PersonId) -> Vec<Appointment> {
        self.state.appointments(person)
    }
}

/// Is it held in every unit?
fn everywhere(roles: &BTreeMap<RoleId, Role>, holding: &Holding) -> bool {
    holding.unit.is_none() || roles.get(&holding.role).is_some_and(|role| role.held_in == HeldIn::City)
}
