//! What has changed since a check was evaluated last.

use casework::{Body, Event};
use model::RecordId;
use regulation::{DutyId, RegisterId};
use std::collections::{BTreeMap, BTreeSet};

/// What has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Records, by their registers.
    pub records: BTreeMap<RegisterId, BTreeSet<RecordId>>,
    /// Duties of which an occurrence was opened, done or reopened.
    pub duties: BTreeSet<DutyId>,
    /// Did people, roles or units change?
    pub people: bool,
    /// Anything may have: all is to be evaluated anew.
    pub all: bool,
}

/// Beyond so many records all is read anew.
const MOST: usize = 50_000;

impl Changes {
    /// Anything may have changed.
    #[must_use]
    pub fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Notes an event of casework.
    pub fn note(&mut self, event: &Event) {
        match &event.body {
            Body::DutyDone { key, .. } | Body::DutyOpened { key, .. } | Body::DutyReopened { key, .. } => {
                self.duties.insert(key.duty.clone());
            }
            _ => {}
        }
        if let (Some(record), Some(register)) = (event.record(), event.register()) {
            self.records.entry(register).or_default().insert(record);
        }
        if self.records.values().map(BTreeSet::len).sum::<usize>() > MOST {
            *self = Self::everything();
        }
    }

    /// Adds what changed later.
    pub fn add(&mut self, later: Self) {
        self.all |= later.all;
        self.people |= later.people;
        self.duties.extend(later.duties);
        for (register, records) in later.records {
            self.records.entry(register).or_default().extend(records);
        }
    }
}
