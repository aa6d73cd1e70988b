//! Procedures: steps by the clock.
//!
//! Source: `docs/pack.md`, "Procedures".

use crate::field::When;
use crate::label::Label;
use crate::time::Limit;
use crate::word::{ClauseId, ProcedureId, ProcedureStepId};

/// A procedure.
#[derive(Debug, Clone)]
pub struct Procedure {
    /// Its id.
    pub id: ProcedureId,
    /// Its name.
    pub label: Label,
    /// What it is for.
    pub help: Option<Label>,
    /// The clauses it serves.
    pub clauses: Vec<ClauseId>,
    /// What follows when it is over.
    pub next: Option<ProcedureId>,
    /// The steps, in order.
    pub steps: Vec<ProcedureStep>,
}

/// A step of a procedure.
#[derive(Debug, Clone)]
pub struct ProcedureStep {
    /// Its id.
    pub id: ProcedureStepId,
    /// What is to be done.
    pub label: Label,
    /// How.
    pub help: Option<Label>,
    /// How long it may take, in minutes or hours.
    pub limit: Option<Limit>,
    /// From the doing of this step; from the start when absent.
    pub since: Option<ProcedureStepId>,
    /// What shows that it was done.
    pub proof: Proof,
    /// May it be done beside the step before, not only after it?
    pub beside: bool,
    /// It belongs to the procedure only when this holds of the record the run is in.
    pub when: When,
    /// The machine event it is compared with.
    pub expect: Option<Box<str>>,
}

/// What shows that a step was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// A note.
    Note,
    /// A number read off.
    Number,
    /// A photo.
    Photo,
    /// The tick alone.
    Tick,
}
