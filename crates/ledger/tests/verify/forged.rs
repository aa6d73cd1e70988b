//! A ledger made by somebody who has all of the host's keys: whatever he writes, tree, tiles and signatures agree.

use crate::fixture::{ORIGIN, created, draft, judge_ledger, key_of};
use crate::still::Still;
use ledger::disk::Disk;
use ledger::objects::{FolderObjects, Objects};
use ledger::tiles::TileWriter;
use model::Instant;
use proof::checkpoint::Checkpoint;
use proof::entry::Draft;
use proof::hash::leaf_hash;
use proof::note::SignerKey;
use std::sync::Arc;
use testkit::CrashDisk;

/// A ledger of these entries, whatever they are.
pub(crate) fn ledger_of(entries: &[Vec<u8>], key: &SignerKey) -> Still {
    let disk = CrashDisk::new();
    let objects = FolderObjects::new(Arc::new(disk.clone()) as Arc<dyn Disk>);
    let (mut tiles, mut leaves) = (TileWriter::default(), Vec::new());
    for entry in entries {
        leaves.push(leaf_hash(entry));
        tiles.push(&objects, entry, leaf_hash(entry)).unwrap();
    }
    tiles.put_edge(&objects).unwrap();
    let head =
        Checkpoint::new(ORIGIN, entries.len() as u64, proof::tree::root_of(&leaves)).sign(key).unwrap();
    objects.put("checkpoint", &head.to_bytes()).unwrap();
    objects.mark_durable(&head.to_bytes()).unwrap();
    Still::of(&disk)
}

/// Entry 0 and then these drafts, a second apart.
pub(crate) fn entries_of(drafts: &[Draft]) -> Vec<Vec<u8>> {
    let created = draft("ledger.created", ORIGIN, serde_json::to_value(created(&key_of(1))).unwrap());
    let all = std::iter::once(&created).chain(drafts);
    all.zip(0..).map(|(draft, seconds)| draft.encode().unwrap().stamp(at(seconds))).collect()
}

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_micros(1_795_392_000_000_000 + seconds * 1_000_000).unwrap()
}

/// What is first found wrong with such a ledger: the entry, the byte from its beginning, and why.
pub(crate) fn first_wrong(entries: &[Vec<u8>]) -> Option<(Option<u64>, u64, String)> {
    let files = ledger_of(entries, &key_of(1));
    let report = judge_ledger(&files, None);
    let first = report.findings.kept().first()?.clone();
    let number = usize::try_from(first.entry.unwrap_or(0)).unwrap();
    let begins: usize = entries[..number].iter().map(|entry| entry.len() + 2).sum::<usize>() + 2;
    let within = first.at_byte.map_or(0, |at| at.saturating_sub(begins as u64));
    Some((first.entry, within, first.what.en))
}

/// Asserts that an entry is refused for this reason.
pub(crate) fn assert_refused(entries: &[Vec<u8>], entry: u64, reason: &str) {
    let (found, _, what) =
        first_wrong(entries).unwrap_or_else(|| panic!("nothing found, {reason:?} asked for"));
    assert_eq!(found, Some(entry), "{what}");
    assert!(what.contains(reason), "{what}");
}
