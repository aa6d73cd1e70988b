//! Crashes and faults: whatever the disk forgets or refuses, what was acknowledged is there and the whole verifies.
//!
//! The disk is in memory and as bad as a disk may be (`testkit::CrashDisk`, `testkit::FaultyDisk`); the ledger is the
//! real one, moved step by step, so that a seed or the number of an operation, which every failure names, gives the
//! same run again. What is checked is recomputed here from the entries alone.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: what goes wrong ends them, and helpers stand outside of #[test] functions"
)]

mod check;
mod faults;
mod room;
mod seeds;
mod threads;

use ledger::disk::Disk;
use ledger::error::OpenError;
use ledger::journal::FileJournal;
use ledger::objects::FolderObjects;
use ledger::{Recovered, Stepped};
use model::Actor;
use proof::entry::{Body, Draft, Encoded};
use proof::lifecycle::{Created, FORMAT};
use proof::note::{KeyKind, SignerKey};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use testkit::SteppedClock;

pub(crate) const ORIGIN: &str = "crash.example/ledger";

/// Where a ledger lies and what it reads the time from.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: SteppedClock,
    /// Bytes of a file of the journal.
    pub(crate) segment: usize,
}

impl Place {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, clock: SteppedClock::new(Duration::from_millis(1)), segment: 16 << 10 }
    }

    /// The same with another disk in it.
    pub(crate) fn with(&self, disk: Arc<dyn Disk>) -> Self {
        Self { disk, ..self.clone() }
    }

    pub(crate) fn create(&self) -> Result<(), OpenError> {
        let created = Created {
            format: FORMAT.to_owned(),
            key: key(1).verifier().to_string(),
            origin: ORIGIN.to_owned(),
            stewards: Vec::new(),
            succession: None,
        };
        let (objects, journal) = self.storage();
        ledger::create(objects, journal, Arc::new(self.clock.clone()), &key(1), &created)
    }

    /// Opens it with the keys of these numbers.
    pub(crate) fn open(&self, keys: &[u8]) -> Result<(Stepped, Recovered), OpenError> {
        let (objects, journal) = self.storage();
        let keys = keys.iter().copied().map(key).collect();
        Stepped::open(objects, journal, Arc::new(self.clock.clone()), keys)
    }

    pub(crate) fn storage(&self) -> (Arc<FolderObjects>, Arc<FileJournal>) {
        let objects = FolderObjects::new(Arc::clone(&self.disk));
        (Arc::new(objects), Arc::new(FileJournal::new(Arc::clone(&self.disk), self.segment)))
    }
}

pub(crate) fn key(number: u8) -> SignerKey {
    SignerKey::new(ORIGIN, KeyKind::Ledger, &[number; 32]).unwrap()
}

/// An entry that can be told from others by its subject, with so many bytes in its body.
pub(crate) fn entry(mark: &str, bytes: usize) -> Encoded {
    made("test", "test.made", mark, serde_json::json!({ "x": "x".repeat(bytes) }))
}

/// An entry as short as there can be.
pub(crate) fn smallest() -> Encoded {
    made("t", "t", "s", serde_json::json!({}))
}

fn made(machine: &str, kind: &str, subject: &str, value: serde_json::Value) -> Encoded {
    let draft = Draft {
        actor: Actor::machine(machine),
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        unit: None,
        form: None,
        body: Body::Clear { value, salt: None },
        signature: None,
    };
    draft.encode().unwrap()
}

/// Entries made once, since making one takes longer than anything else here: small ones, marked by their number.
pub(crate) static ENTRIES: LazyLock<Vec<(String, Encoded)>> = LazyLock::new(|| {
    let marked = |number: usize| (number.to_string(), entry(&number.to_string(), number % 300));
    (0..1000).map(marked).collect()
});
