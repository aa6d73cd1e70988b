//! The state that events add up to, in memory.
//!
//! The store keeps the same in its tables; this one serves decisions in progress, tests and rebuilding.

use crate::around::{Records, Seek};
use crate::case::{Case, DutyKey, Object, Occurrence, Reference, Series};
use model::RecordId;
use regulation::DutyId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Cases, sequences of numbers, duties.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Cases.
    pub cases: BTreeMap<RecordId, Arc<Case>>,
    /// Last place given, by sequence.
    pub sequences: BTreeMap<String, u32>,
    /// How far duties have come.
    pub series: BTreeMap<(DutyId, Object), Series>,
    /// Occurrences of duties.
    pub occurrences: BTreeMap<DutyKey, Occurrence>,
    /// Digests of stored bytes.
    pub files: BTreeSet<[u8; 32]>,
}

/// Why an event does not apply: the events before it are not those it followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// It is about a case that was never opened.
    #[error("{kind}: the record was never opened")]
    Unopened {
        /// Kind of the event.
        kind: &'static str,
    },
    /// It opens a case that is there already.
    #[error("the record {0} is opened a second time")]
    Twice(RecordId),
    /// It is about an occurrence that was never opened.
    #[error("{kind}: the occurrence of the duty was never opened")]
    NotOwed {
        /// Kind of the event.
        kind: &'static str,
    },
    /// A number does not follow the last one of its sequence.
    #[error("place {place} does not follow {last} in the sequence {sequence}")]
    Gap {
        /// The sequence.
        sequence: String,
        /// The last place.
        last: u32,
        /// The place given.
        place: u32,
    },
}

impl Records for State {
    fn case(&self, record: RecordId) -> Option<Arc<Case>> {
        self.cases.get(&record).cloned()
    }

    fn find(&self, seek: &Seek) -> Vec<Reference> {
        self.cases.values().filter(|case| seek.fits(case)).map(|case| case.reference()).collect()
    }

    fn last_place(&self, sequence: &str) -> u32 {
        self.sequences.get(sequence).copied().unwrap_or(0)
    }

    fn occurrence(&self, key: &DutyKey) -> Option<Occurrence> {
        self.occurrences.get(key).cloned()
    }

    fn series(&self, duty: &DutyId, object: &Object) -> Option<Series> {
        self.series.get(&(duty.clone(), object.clone())).cloned()
    }

    fn holds_file(&self, digest: &[u8; 32]) -> bool {
        self.files.contains(digest)
    }
}
