//! What decisions of one batch see: the committed tables, and what earlier decisions of the batch have added.
//!
//! Entries of the batch have no number yet, and signatures speak of entries by number. So a decision that looked at a
//! case which the batch has changed is not kept: it is made again in the next batch, on committed tables. Numbers of
//! records and occurrences of duties need no entry's number; they are seen at once, so that none is given twice.

use casework::{
    ApplyError, Body, Case, DutyKey, EntryNumber, Event, Object, Occurrence, Records, Reference, Seek,
    Series, State, Subject,
};
use model::{PersonId, RecordId};
use regulation::DutyId;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The view of a batch.
pub(crate) struct Overlay<'a> {
    base: &'a dyn Records,
    state: RefCell<State>,
    looked: Cell<bool>,
    read: RefCell<BTreeSet<(EntryNumber, PersonId)>>,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(base: &'a dyn Records) -> Self {
        Self { base, state: RefCell::default(), looked: Cell::new(false), read: RefCell::default() }
    }

    /// Notes that a person reads a notice; false where the batch knows it.
    pub(crate) fn reads(&self, notice: EntryNumber, person: PersonId) -> bool {
        self.read.borrow_mut().insert((notice, person))
    }

    /// Did a decision, since the last call, look at a case that the batch has changed?
    pub(crate) fn take_looked(&self) -> bool {
        self.looked.replace(false)
    }

    /// Adds what a decision has given.
    pub(crate) fn add(&self, event: &Event) -> Result<(), ApplyError> {
        let mut state = self.state.borrow_mut();
        if let Some(record) = event.record()
            && !state.cases.contains_key(&record)
            && let Some(case) = self.base.case(record)
        {
            state.cases.insert(record, case);
        }
        match &event.body {
            Body::Numbered { sequence, .. } if !state.sequences.contains_key(sequence) => {
                let last = self.base.last_place(sequence);
                if last > 0 {
                    state.sequences.insert(sequence.clone(), last);
                }
            }
            Body::DutyChased { key, .. } | Body::DutyDone { key, .. } | Body::DutyReopened { key, .. }
                if !state.occurrences.contains_key(key) =>
            {
                let found = self.base.occurrence(key);
                state.occurrences.extend(found.map(|found| (key.clone(), found)));
            }
            Body::CalendarMissing { object, .. }
            | Body::DutyBegun { object, .. }
            | Body::DutyRested { object } => {
                if let Subject::Duty(duty) = &event.subject {
                    let series = (duty.clone(), object.clone());
                    if !state.series.contains_key(&series) {
                        let found = self.base.series(duty, object);
                        state.series.extend(found.map(|found| (series, found)));
                    }
                }
            }
            _ => {}
        }
        state.apply(event, None)
    }
}

impl Records for Overlay<'_> {
    fn case(&self, record: RecordId) -> Option<Arc<Case>> {
        if let Some(case) = self.state.borrow().case(record) {
            self.looked.set(true);
            return Some(case);
        }
        self.base.case(record)
    }

    fn find(&self, seek: &Seek) -> Vec<Reference> {
        let state = self.state.borrow();
        let mut found = self.base.find(seek);
        found.retain(|one| !state.cases.contains_key(&one.record));
        let here = state.find(seek);
        if !here.is_empty() {
            self.looked.set(true);
        }
        found.extend(here);
        found.sort();
        found
    }

    fn last_place(&self, sequence: &str) -> u32 {
        let here = self.state.borrow().sequences.get(sequence).copied();
        here.unwrap_or_else(|| self.base.last_place(sequence))
    }

    fn occurrence(&self, key: &DutyKey) -> Option<Occurrence> {
        self.state.borrow().occurrence(key).or_else(|| self.base.occurrence(key))
    }

    fn series(&self, duty: &DutyId, object: &Object) -> Option<Series> {
        self.state.borrow().series(duty, object).or_else(|| self.base.series(duty, object))
    }

    fn holds_file(&self, digest: &[u8; 32]) -> bool {
        self.base.holds_file(digest)
    }
}
