//! Roles: granted, ended.

use super::Deciding;
use crate::event::{Body, Subject};
use crate::person::Holding;
use crate::refusal::Refusal;
use model::{Instant, PersonId, UnitId};
use regulation::{HeldIn, Role, RoleId};
use std::collections::BTreeSet;

impl Deciding<'_> {
    pub(super) fn grant_role(
        &mut self,
        person: PersonId,
        role: &RoleId,
        unit: Option<UnitId>,
        from: Option<Instant>,
        until: Option<Instant>,
    ) -> Result<(), Refusal> {
        let found = self.here(person)?;
        self.for_another(person)?;
        let asked = self.roster.roles.get(role).ok_or_else(|| Refusal::NoRole(role.to_string()))?;
        match (asked.held_in, unit) {
            (HeldIn::Unit, Some(unit)) => drop(self.open_unit(unit)?),
            (HeldIn::City, None) => {}
            (held_in, _) => {
                return Err(Refusal::Place { role: role.clone(), in_unit: held_in == HeldIn::Unit });
            }
        }
        let from = self.beginning(from, until)?;
        let new = Holding { role: role.clone(), unit, from, until };
        let beside = || found.holdings.iter().filter(|one| one.meets(&new));
        if beside().any(|one| one.role == *role && one.unit == unit) {
            return Err(Refusal::AlreadyHeld(role.clone()));
        }
        if let Some(other) = beside().find(|one| self.excluded(asked, &one.role)) {
            return Err(Refusal::Incompatible { role: role.clone(), other: other.role.clone() });
        }
        if let Some(most) = asked.most.filter(|most| self.crowd(person, &new) >= *most as usize) {
            return Err(Refusal::TooMany { role: role.clone(), most });
        }
        let body = Body::RoleGranted { role: role.clone(), unit, from, until };
        self.emit(Subject::Person(person), Some(unit.unwrap_or(found.home)), body);
        Ok(())
    }

    /// May the two not be held together? It holds both ways, whichever of them says so.
    fn excluded(&self, role: &Role, other: &RoleId) -> bool {
        let says = |one: &Role, other: &RoleId| one.incompatible.contains(other);
        says(role, other) || self.roster.roles.get(other).is_some_and(|other| says(other, &role.id))
    }

    /// How many others hold the role in the unit at the moment of `new` at which they are the most. Their number
    /// grows only when one of them begins.
    fn crowd(&self, person: PersonId, new: &Holding) -> usize {
        let state = self.roster.state;
        let by_unit = state.index.holders.get(&new.role);
        let there = by_unit.and_then(|units| units.get(&new.unit)).into_iter().flatten();
        let others = there.filter(|other| **other != person).filter_map(|other| self.roster.here(*other));
        let holdings: Vec<(PersonId, &Holding)> = others
            .flat_map(|other| other.holdings.iter().map(|holding| (other.id, holding)))
            .filter(|(_, one)| one.role == new.role && one.unit == new.unit && one.meets(new))
            .collect();
        let beginnings = holdings.iter().map(|(_, one)| one.from).filter(|from| *from > new.from);
        let at = |moment: Instant| {
            let then = holdings.iter().filter(|(_, one)| one.covers(moment));
            then.map(|(other, _)| other).collect::<BTreeSet<_>>().len()
        };
        beginnings.chain([new.from]).map(at).max().unwrap_or(0)
    }

    pub(super) fn end_role(
        &mut self,
        person: PersonId,
        role: &RoleId,
        unit: Option<UnitId>,
        from: Option<Instant>,
    ) -> Result<(), Refusal> {
        let found = self.here(person)?;
        let now = self.roster.now;
        let fits = |one: &&Holding| {
            one.role == *role
                && one.unit == unit
                && !one.over(now)
                && from.is_none_or(|from| one.from == from)
        };
        let holding = found.holdings.iter().filter(fits).min_by_key(|one| one.from);
        let from = holding.ok_or_else(|| Refusal::NoHolding(role.clone()))?.from;
        let body = Body::RoleEnded { role: role.clone(), unit, from };
        self.emit(Subject::Person(person), Some(unit.unwrap_or(found.home)), body);
        Ok(())
    }
}
