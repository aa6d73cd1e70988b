//! Clauses and the checks that show whether they are met.
//!
//! Source: `docs/pack.md`, "Clauses".

use crate::condition::Condition;
use crate::label::Label;
use crate::machine::Machine;
use crate::time::Limit;
use crate::word::{CheckId, ClauseId, DutyId, RegisterId, StateId};
use std::any::Any;
use std::sync::Arc;

/// A clause.
#[derive(Debug, Clone)]
pub struct Clause {
    /// Its id.
    pub id: ClauseId,
    /// Its place in the regulation, as cited.
    pub article: Box<str>,
    /// Its name.
    pub title: Label,
    /// Our summary.
    pub summary: Label,
    /// Why nothing can be computed for it; then it has no checks.
    pub not_live: Option<Label>,
    /// Its checks.
    pub checks: Vec<Check>,
}

/// A check: population, evidence, freshness.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its id, unique within the clause.
    pub id: CheckId,
    /// Its name.
    pub label: Label,
    /// What should have been seen.
    pub population: Population,
    /// What it is judged by.
    pub evidence: CheckEvidence,
    /// Evidence older than this is grey.
    pub freshness: Limit,
    /// What is good enough: per cent of a share, days of an age, most of a measure.
    pub goal: Option<crate::Decimal>,
}

/// What should have been seen.
#[derive(Debug, Clone)]
pub enum Population {
    /// Occurrences of a duty.
    Duty {
        /// The duty.
        duty: DutyId,
        /// Due in the last so long; all when absent.
        within: Option<Limit>,
    },
    /// What an engine knows.
    Engine {
        /// Its name.
        engine: Box<str>,
        /// What it read from the file.
        body: EngineBody,
    },
    /// What the system knows by itself.
    Machine {
        /// Of what.
        machine: &'static Machine,
        /// Only what this holds for.
        only: Option<Condition>,
        /// Only what came about in the last so long; all when absent.
        within: Option<Limit>,
    },
    /// Records of a register.
    Records {
        /// The register.
        register: RegisterId,
        /// Only those this holds for.
        only: Option<Condition>,
        /// Only in these states; all when empty.
        states: Vec<StateId>,
        /// Opened in the last so long; all when absent.
        within: Option<Limit>,
    },
}

/// What a check is judged by.
#[derive(Debug, Clone)]
pub enum CheckEvidence {
    /// What an engine measures.
    Engine,
    /// A figure of each, put together.
    Measure {
        /// The figure: a condition of type number or span.
        value: Condition,
        /// How.
        of: Measure,
    },
    /// The age of the newest.
    Newest(Condition),
    /// None may be open.
    NoneOpen,
    /// Done by the time due.
    OnTime,
    /// How many of the population this holds for.
    Share(Condition),
}

/// How figures are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// The middle one.
    Median,
    /// All together.
    Sum,
    /// The largest.
    Worst,
}

/// Where it is signed that a clause does not apply to a unit: a population of none is then no longer open.
#[derive(Debug, Clone)]
pub struct Exemption {
    /// The register of such statements.
    pub register: RegisterId,
    /// The number of the clause a statement is about: a condition of type text.
    pub clause: Condition,
    /// A statement counts while this holds.
    pub holds: Condition,
}

/// What an engine read from its part of a file.
#[derive(Clone)]
pub struct EngineBody(pub Arc<dyn Any + Send + Sync>);

impl std::fmt::Debug for EngineBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EngineBody")
    }
}
