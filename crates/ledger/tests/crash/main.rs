//! Crashes and faults: whatever the disk forgets or refuses, what was acknowledged is there and the whole verifies.
//!
//! The disk is in memory and as bad as a disk may be (`testkit::CrashDisk`, `testkit::FaultyDisk`); the ledger is the
//! real one, with its threads. Every failure names its seed or its operation.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod faults;
mod seeds;

use ledger::disk::Disk;
use ledger::error::OpenError;
use ledger::journal::FileJournal;
use ledger::objects::{CHECKPOINT, FolderObjects, Objects};
use ledger::{Ledger, Recovered};
use model::Actor;
use proof::checkpoint::SignedCheckpoint;
use proof::entry::{Body, Draft, Encoded, Entry};
use proof::hash::leaf_hash;
use proof::lifecycle::{Created, FORMAT};
use proof::note::{KeyKind, SignerKey};
use proof::tile::{self, Kind, Tile, WIDTH};
use proof::tree::root_of;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use testkit::SteppedClock;

const ORIGIN: &str = "crash.example/ledger";
/// Small, so that files of the journal are changed often.
const SEGMENT: usize = 16 << 10;

pub(crate) fn key() -> SignerKey {
    SignerKey::new(ORIGIN, KeyKind::Ledger, &[9; 32]).unwrap()
}

pub(crate) fn create(disk: &Arc<dyn Disk>) -> Result<(), OpenError> {
    let created = Created {
        format: FORMAT.to_owned(),
        key: key().verifier().to_string(),
        origin: ORIGIN.to_owned(),
        stewards: Vec::new(),
        succession: None,
    };
    let (objects, journal) = storage(disk);
    ledger::create(objects, journal, Arc::new(clock()), &key(), &created)
}

pub(crate) fn open(disk: &Arc<dyn Disk>) -> Result<(Ledger, Recovered), OpenError> {
    let (objects, journal) = storage(disk);
    Ledger::open(objects, journal, Arc::new(clock()), vec![key()])
}

fn storage(disk: &Arc<dyn Disk>) -> (Arc<FolderObjects>, Arc<FileJournal>) {
    (Arc::new(FolderObjects::new(Arc::clone(disk))), Arc::new(FileJournal::new(Arc::clone(disk), SEGMENT)))
}

fn clock() -> SteppedClock {
    SteppedClock::new(Duration::from_millis(1))
}

/// An entry that can be told from all others by its mark.
pub(crate) fn entry(mark: &str) -> Encoded {
    let draft = Draft {
        actor: Actor::machine("test"),
        kind: "test.made".to_owned(),
        subject: mark.to_owned(),
        unit: None,
        form: None,
        body: Body::Clear { value: serde_json::json!({}), salt: None },
        signature: None,
    };
    draft.encode().unwrap()
}

/// What was acknowledged: number of the entry, and its mark.
pub(crate) type Acknowledged = BTreeMap<u64, String>;

/// Recomputes everything published, naively and from the entries alone, and looks for what was acknowledged.
pub(crate) fn check(disk: &Arc<dyn Disk>, acknowledged: &Acknowledged, context: &str) {
    let objects = FolderObjects::new(Arc::clone(disk));
    let head = SignedCheckpoint::parse(&objects.fetch(CHECKPOINT).unwrap().expect(context)).expect(context);
    let _ = head.note().verify(key().verifier()).expect(context);
    let size = head.unverified().size;
    let mut entries = Vec::new();
    for index in 0..size.div_ceil(WIDTH) {
        let bundle = Tile::in_tree(Kind::Entries, index, size).unwrap();
        let content =
            objects.fetch(&bundle.path()).unwrap().unwrap_or_else(|| panic!("{context}: {}", bundle.path()));
        entries.extend(tile::entries(&content, bundle.width).expect(context).into_iter().map(<[u8]>::to_vec));
    }
    let mut hashes: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    assert_eq!(root_of(&hashes), head.unverified().root, "{context}: root");
    for level in 0..=tile::TOP_LEVEL {
        for (index, chunk) in (0..).zip(hashes.chunks(256)) {
            let tile = Tile { kind: Kind::Hashes(level), index, width: u16::try_from(chunk.len()).unwrap() };
            let content =
                objects.fetch(&tile.path()).unwrap().unwrap_or_else(|| panic!("{context}: {}", tile.path()));
            assert_eq!(
                tile::hashes(&content, tile.width).expect(context),
                chunk,
                "{context}: {}",
                tile.path()
            );
        }
        hashes = hashes.as_chunks::<256>().0.iter().map(|full| root_of(full)).collect();
    }
    let mut last = None;
    for (number, bytes) in (0u64..).zip(&entries) {
        let entry = Entry::parse(bytes).unwrap_or_else(|error| panic!("{context}: entry {number}: {error}"));
        assert!(last <= Some(entry.time()), "{context}: time goes back at {number}");
        last = Some(entry.time());
        if let Some(mark) = acknowledged.get(&number) {
            assert_eq!(entry.subject(), mark, "{context}: entry {number}");
        }
    }
    let most = acknowledged.last_key_value().map_or(0, |(number, _)| *number);
    assert!(most < size, "{context}: entry {most} was acknowledged, {size} are there");
}
