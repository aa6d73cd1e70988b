//! Duties: what recurs, for whom, and the record that proves it.
//!
//! Source: `docs/pack.md`, "Duties".

use crate::condition::Condition;
use crate::field::When;
use crate::flow::Escalation;
use crate::label::Label;
use crate::time::{Limit, Recurrence, TimeOfDay};
use crate::word::{ClauseId, DutyId, FieldId, RegisterId, StepId};

/// A duty.
#[derive(Debug, Clone)]
pub struct Duty {
    /// Its id.
    pub id: DutyId,
    /// Its name.
    pub label: Label,
    /// What is to be done.
    pub help: Option<Label>,
    /// The clauses it serves.
    pub clauses: Vec<ClauseId>,
    /// What it is owed for.
    pub each: DutyEach,
    /// Only for those this holds for, as `object`.
    pub only: When,
    /// When.
    pub repeat: Recurrence,
    /// So long before it is due its record is opened.
    pub opens: Limit,
    /// The hour of the day it is due; `day_ends` of the pack when absent.
    pub due: Option<TimeOfDay>,
    /// The register whose record proves it, by ending as done.
    pub register: RegisterId,
    /// The opening step of that register, taken for the system.
    pub step: StepId,
    /// Fields of that record, conditions on `object` and `due_on`.
    pub set: Vec<(FieldId, Condition)>,
    /// What happens around the time it is due.
    pub then: Vec<Escalation>,
}

/// What a duty is owed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DutyEach {
    /// Once for each record of a register.
    Record(RegisterId),
    /// Once for each unit.
    Unit,
}
