//! What readers read by: packs, layout, people, as of the last commit.

use board::Changes;
use regulation::RegisterId;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::Duration;
use store::{Layout, Packs};

/// What was committed last.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The entry that comes next.
    pub position: u64,
    /// The packs.
    pub packs: Packs,
    /// How the tables are laid out.
    pub layout: Arc<Layout>,
    /// People and units.
    pub roster: Arc<identity::State>,
    /// Policies of the pack in force; none while no pack is published.
    pub policies: Option<Arc<identity::Policies>>,
}

/// What the clerk has done since the desk was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Batches that were appended and committed.
    pub batches: u64,
    /// Orders that were done in them.
    pub done: u64,
    /// Orders that were refused, for whatever reason.
    pub refused: u64,
    /// Decisions that looked at a case their batch had changed, and were made again in the next one.
    pub again: u64,
    /// Entries that the desk has made.
    pub entries: u64,
}

/// Shows it to any number of readers.
pub(crate) struct Shown {
    seen: RwLock<Seen>,
    figures: Mutex<Figures>,
    position: Mutex<u64>,
    moved: Condvar,
    /// What changed since checks of clauses were looked at.
    changes: Mutex<Changes>,
    revisions: Mutex<Revisions>,
}

/// How often records have changed.
#[derive(Default)]
struct Revisions {
    /// Those of any register.
    all: u64,
    of: BTreeMap<RegisterId, u64>,
}

impl Shown {
    pub(crate) fn new() -> Self {
        let seen = Seen {
            position: 0,
            packs: Packs::default(),
            layout: Arc::new(Layout::new([])),
            roster: Arc::default(),
            policies: None,
        };
        let (seen, figures) = (RwLock::new(seen), Mutex::default());
        Self {
            seen,
            figures,
            position: Mutex::new(0),
            moved: Condvar::new(),
            changes: Mutex::default(),
            revisions: Mutex::default(),
        }
    }

    pub(crate) fn figures(&self) -> Figures {
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Figures)) {
        count(&mut self.figures.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Notes what changed. It is committed.
    pub(crate) fn changed(&self, changes: Changes) {
        let mut revisions = self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        revisions.all += u64::from(changes.all);
        for register in changes.records.keys() {
            *revisions.of.entry(register.clone()).or_default() += 1;
        }
        drop(revisions);
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).add(changes);
    }

    /// Another number once records of a register have changed.
    pub(crate) fn revision(&self, register: &RegisterId) -> u64 {
        let revisions = self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        revisions.all + revisions.of.get(register).copied().unwrap_or(0)
    }

    /// Takes what was noted for checks of clauses.
    pub(crate) fn take_changes(&self) -> Changes {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn seen(&self) -> Seen {
        let mut seen = self.seen.read().unwrap_or_else(PoisonError::into_inner).clone();
        seen.position = *self.position.lock().unwrap_or_else(PoisonError::into_inner);
        seen
    }

    pub(crate) fn set(&self, seen: Seen) {
        let position = seen.position;
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = seen;
        self.reach(position);
    }

    pub(crate) fn reach(&self, position: u64) {
        *self.position.lock().unwrap_or_else(PoisonError::into_inner) = position;
        self.moved.notify_all();
    }

    /// Waits until something beyond `position` is committed, or `limit` is over; gives what is reached.
    pub(crate) fn wait_beyond(&self, position: u64, limit: Duration) -> u64 {
        let reached = self.position.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.moved.wait_timeout_while(reached, limit, |reached| *reached <= position);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
