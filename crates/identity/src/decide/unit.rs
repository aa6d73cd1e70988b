//! Units: created, changed, closed.

use super::Deciding;
use crate::command::By;
use crate::event::{Body, Subject};
use crate::refusal::Refusal;
use crate::text::{Code, Names};
use casework::Directory as _;
use model::UnitId;

impl Deciding<'_> {
    pub(super) fn create_unit(
        &mut self,
        unit: UnitId,
        names: &Names,
        code: &Code,
        superior: Option<UnitId>,
    ) -> Result<(), Refusal> {
        if self.roster.state.unit(unit).is_some() {
            return Err(Refusal::IdTaken);
        }
        match superior {
            Some(superior) => drop(self.open_unit(superior)?),
            None if *self.by == By::Console && self.roster.state.root().is_none() => {}
            None => return Err(Refusal::SecondRoot),
        }
        self.free_code(unit, code)?;
        let body = Body::UnitCreated { names: names.clone(), code: code.clone(), superior };
        self.emit(Subject::Unit(unit), Some(unit), body);
        Ok(())
    }

    pub(super) fn change_unit(
        &mut self,
        unit: UnitId,
        names: &Names,
        code: &Code,
        superior: Option<UnitId>,
    ) -> Result<(), Refusal> {
        let before = self.open_unit(unit)?;
        match superior {
            Some(superior) => {
                self.open_unit(superior)?;
                if self.roster.within(superior, unit) {
                    return Err(Refusal::Cycle);
                }
            }
            None if before.superior.is_none() => {}
            None => return Err(Refusal::SecondRoot),
        }
        self.free_code(unit, code)?;
        if (&before.names, &before.code, before.superior) == (names, code, superior) {
            return Err(Refusal::NothingChanges);
        }
        let body = Body::UnitChanged { names: names.clone(), code: code.clone(), superior };
        self.emit(Subject::Unit(unit), Some(unit), body);
        Ok(())
    }

    pub(super) fn close_unit(&mut self, unit: UnitId) -> Result<(), Refusal> {
        self.open_unit(unit)?;
        let state = self.roster.state;
        let open =
            |below: UnitId| below != unit && state.unit(below).is_some_and(|below| below.closed_at.is_none());
        if state.subtree(unit).any(open) {
            return Err(Refusal::HasUnits);
        }
        let held_here = |person: model::PersonId| {
            self.roster.here(person).is_some_and(|person| {
                person.holdings.iter().any(|one| one.unit == Some(unit) && !one.over(self.roster.now))
            })
        };
        let by_role = state.index.holders.values();
        let mut holders = by_role.flat_map(|units| units.get(&Some(unit)).into_iter().flatten());
        if state.members(unit).next().is_some() || holders.any(|person| held_here(*person)) {
            return Err(Refusal::HasPeople);
        }
        self.emit(Subject::Unit(unit), Some(unit), Body::UnitClosed {});
        Ok(())
    }

    fn free_code(&self, unit: UnitId, code: &Code) -> Result<(), Refusal> {
        let owner = self.roster.state.unit_of_code(code.as_str()).filter(|owner| *owner != unit);
        owner.map_or(Ok(()), |owner| Err(Refusal::CodeTaken(owner)))
    }
}
