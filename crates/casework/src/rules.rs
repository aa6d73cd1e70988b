//! The part of packs that casework goes by, version by version.
//!
//! Invariant: a case is always decided by the rules of its own version.

use regulation::{Calendar, Duty, DutyId, Grade, GradeId, Moves, OfficeTime, Pack, Procedure, ProcedureId};
use regulation::{Register, RegisterId, Role, RoleId, TimeOfDay, Zone};
use std::collections::BTreeMap;

/// What one version of a pack says.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'p> {
    /// The pack's id.
    pub pack: &'p str,
    /// Its version.
    pub version: u32,
    /// Registers.
    pub registers: &'p BTreeMap<RegisterId, Register>,
    /// Duties.
    pub duties: &'p BTreeMap<DutyId, Duty>,
    /// Procedures.
    pub procedures: &'p BTreeMap<ProcedureId, Procedure>,
    /// Roles.
    pub roles: &'p BTreeMap<RoleId, Role>,
    /// Grades, the lowest first.
    pub grades: &'p [Grade],
    /// How cases of the former version pass to this one.
    pub moves: Option<&'p Moves>,
    /// The office calendar.
    pub calendar: &'p Calendar,
    /// When the last day of a limit is over.
    pub day_ends: TimeOfDay,
    /// Where civil dates are counted.
    pub zone: &'p Zone,
}

/// Every version that a running case may be on.
#[derive(Debug, Clone)]
pub struct Shelf<'p> {
    versions: BTreeMap<u32, Rules<'p>>,
    current: Rules<'p>,
}

impl<'p> From<&'p Pack> for Rules<'p> {
    fn from(pack: &'p Pack) -> Self {
        Self {
            pack: pack.id.as_str(),
            version: pack.version,
            registers: &pack.registers,
            duties: &pack.duties,
            procedures: &pack.procedures,
            roles: &pack.roles,
            grades: &pack.grades,
            moves: pack.moves.as_ref(),
            calendar: &pack.calendar,
            day_ends: pack.day_ends,
            zone: &pack.zone,
        }
    }
}

impl<'p> Rules<'p> {
    /// Height of a grade, the lowest being 0.
    #[must_use]
    pub fn height(&self, id: &GradeId) -> Option<usize> {
        self.grades.iter().position(|grade| grade.id == *id)
    }

    /// The grades from the lowest up to this one; all of them when the pack has no such grade.
    pub fn up_to(&self, id: &GradeId) -> impl Iterator<Item = &'p Grade> {
        let height = self.height(id).unwrap_or(self.grades.len());
        self.grades.iter().take(height.saturating_add(1))
    }

    /// What limits are counted by.
    #[must_use]
    pub const fn office(&self) -> OfficeTime<'p> {
        OfficeTime { calendar: self.calendar, day_ends: self.day_ends, zone: self.zone }
    }

    /// How statements name it: `taichung-2001/3`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.pack, self.version)
    }
}

impl<'p> Shelf<'p> {
    /// With the version under which new cases are opened.
    #[must_use]
    pub fn new(current: Rules<'p>) -> Self {
        Self { versions: [(current.version, current)].into(), current }
    }

    /// With an earlier version beside it, for the cases that run on it.
    #[must_use]
    pub fn with(mut self, former: Rules<'p>) -> Self {
        self.versions.entry(former.version).or_insert(former);
        self
    }

    /// The version under which new cases are opened.
    #[must_use]
    pub const fn current(&self) -> &Rules<'p> {
        &self.current
    }

    /// A version.
    #[must_use]
    pub fn version(&self, version: u32) -> Option<&Rules<'p>> {
        self.versions.get(&version)
    }
}
