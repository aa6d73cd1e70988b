//! What decisions look at beside the case: other records, people, the time. All of it is handed in.

use crate::case::{Case, DutyKey, Object, Occurrence, Reference, Series};
use crate::rules::Shelf;
use model::{Instant, PersonId, RecordId, UnitId};
use regulation::{DutyId, FieldId, RegisterId, RoleId, StateId};
use serde_json::Value as Json;
use std::sync::Arc;

/// Everything a decision may look at.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The packs.
    pub shelf: &'a Shelf<'a>,
    /// Other records.
    pub records: &'a dyn Records,
    /// People and units.
    pub directory: &'a dyn Directory,
    /// The moment of the decision.
    pub now: Instant,
}

/// Records as the running transaction shows them.
pub trait Records {
    /// A case.
    fn case(&self, record: RecordId) -> Option<Arc<Case>>;

    /// Records that fit, in a stable order.
    fn find(&self, seek: &Seek) -> Vec<Reference>;

    /// The last place given in a sequence of numbers; 0 before the first.
    fn last_place(&self, sequence: &str) -> u32;

    /// An occurrence of a duty.
    fn occurrence(&self, key: &DutyKey) -> Option<Occurrence>;

    /// How far a duty's series has come.
    fn series(&self, duty: &DutyId, object: &Object) -> Option<Series>;

    /// Are bytes of this digest stored?
    fn holds_file(&self, digest: &[u8; 32]) -> bool;
}

/// What records are sought by.
#[derive(Debug, Clone, PartialEq)]
pub struct Seek {
    /// Of this register.
    pub register: RegisterId,
    /// With these values.
    pub equal: Vec<(FieldId, Json)>,
    /// In one of these states; in any when empty.
    pub states: Vec<StateId>,
    /// But not this one.
    pub but: Option<RecordId>,
}

/// People, roles, units and deputies, as they are at the moment of the decision.
pub trait Directory {
    /// Does the person hold the role there, in their own right? A role held for the whole installation is held
    /// in every unit.
    fn holds(&self, person: PersonId, role: &RoleId, unit: UnitId) -> bool;

    /// Who holds the role: in this unit (or those above it), or anywhere.
    fn holders(&self, role: &RoleId, unit: Option<UnitId>, above: bool) -> Vec<PersonId>;

    /// The unit directly above.
    fn superior(&self, unit: UnitId) -> Option<UnitId>;

    /// Is the first unit the second, or below it?
    fn within(&self, unit: UnitId, above: UnitId) -> bool;

    /// The unit's code in numbers.
    fn unit_code(&self, unit: UnitId) -> Option<String>;

    /// The units duties are owed by.
    fn units(&self) -> Vec<UnitId>;

    /// Every appointment, past and to come, that has this person as deputy or as principal.
    fn appointments(&self, person: PersonId) -> Vec<Appointment>;
}

/// A deputy's appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appointment {
    /// Who stands in.
    pub deputy: PersonId,
    /// For whom.
    pub principal: PersonId,
    /// From this moment on.
    pub from: Instant,
    /// Up to, but not including, this moment.
    pub until: Instant,
    /// Have both been told?
    pub told: bool,
}

impl Appointment {
    /// Is it in force at some moment from `first` to `last`?
    #[must_use]
    pub fn touches(&self, first: Instant, last: Instant) -> bool {
        self.from <= last && first < self.until
    }

    /// Does somebody act by it for its principal at a moment, both having been told?
    #[must_use]
    pub fn serves(&self, deputy: PersonId, now: Instant) -> bool {
        self.deputy == deputy && self.told && self.touches(now, now)
    }
}

impl Seek {
    /// Does a case fit?
    #[must_use]
    pub fn fits(&self, case: &Case) -> bool {
        let value = |field: &FieldId| case.content.0.get(field).or_else(|| case.reckoned.0.get(field));
        self.register == case.register
            && self.but != Some(case.record)
            && (self.states.is_empty() || self.states.contains(&case.state))
            && self.equal.iter().all(|(field, wanted)| value(field) == Some(wanted))
    }
}
