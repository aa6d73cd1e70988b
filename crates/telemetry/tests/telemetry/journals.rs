//! Journals: what was acknowledged survives, whatever the machine does; what is damaged is named.

use crate::chunk;
use ledger::disk::Disk;
use std::sync::Arc;
use telemetry::{Chunk, Journal, JournalError, SaltKey};
use testkit::CrashDisk;

const KEY: SaltKey = SaltKey::from_bytes([1; 32]);
const FOLDER: &str = "lines/x/journal";

fn lines(nth: u64, count: u64) -> Chunk {
    let lines: Vec<String> = (0..count).map(|at| format!("line {nth} {at} with some words")).collect();
    chunk(nth.cast_signed(), &lines.iter().map(String::as_bytes).collect::<Vec<_>>())
}

fn open(disk: &CrashDisk, filed: u64) -> Result<(Journal, Vec<Chunk>), JournalError> {
    let (journal, segments) = Journal::open(Arc::new(disk.clone()), FOLDER, filed)?;
    Ok((journal, segments.into_iter().flat_map(|segment| segment.chunks).collect()))
}

/// Writes chunks, each made durable, in segments of three, until the disk fails; gives those that were acknowledged.
fn write(disk: &CrashDisk) -> Vec<Chunk> {
    let mut done = Vec::new();
    let Ok((mut journal, _)) = open(disk, 0) else { return done };
    for nth in 0..9 {
        if nth % 3 == 0 && journal.begin(KEY).is_err() {
            break;
        }
        let chunk = lines(nth, 1 + nth % 4);
        if journal.append(&chunk).is_err() || journal.sync().is_err() {
            break;
        }
        done.push(chunk);
    }
    done
}

#[test]
fn what_was_acknowledged_is_there_after_a_crash_at_any_change() {
    let whole = CrashDisk::new();
    assert_eq!(write(&whole).len(), 9);
    let changes = whole.counts().changes();
    assert!(changes > 20, "{changes} changes");
    for halt in 0..=changes {
        for seed in 0..4 {
            let disk = CrashDisk::new();
            disk.halt_after(halt);
            let done = write(&disk);
            let disk = if seed == 0 { disk.kill() } else { disk.crash(seed) };
            let (mut journal, found) = open(&disk, 0).unwrap();
            assert!(
                found.starts_with(&done),
                "halted after {halt}, seed {seed}: {} of {}",
                found.len(),
                done.len()
            );
            let count: usize = found.iter().map(Chunk::count).sum();
            assert_eq!(journal.next(), count as u64);
            // It goes on where it ends.
            journal.begin(KEY).unwrap();
            assert_eq!(journal.append(&lines(50, 2)).unwrap(), count as u64);
            journal.sync().unwrap();
            let (_, again) = open(&disk.crash(seed), 0).unwrap();
            assert_eq!(again.len(), found.len() + 1);
        }
    }
}

#[test]
fn segments_that_are_filed_go_and_the_rest_stays() {
    let disk = CrashDisk::new();
    let done = write(&disk);
    let first: u64 = done.iter().take(3).map(|chunk| chunk.count() as u64).sum();
    let (journal, found) = open(&disk, first).unwrap();
    assert_eq!(found, done[3..]);
    assert_eq!(disk.list(FOLDER).unwrap().unwrap().len(), 2);
    assert_eq!(journal.next(), done.iter().map(|chunk| chunk.count() as u64).sum::<u64>());
}

#[test]
fn every_changed_byte_of_what_is_followed_by_more_is_named() {
    let disk = CrashDisk::new();
    write(&disk);
    let name = format!("{FOLDER}/{:020}", 0);
    let content = disk.peek(&name).unwrap();
    for at in 0..content.len() {
        let damaged = disk.snapshot();
        let mut bytes = content.clone();
        bytes[at] ^= 0x40;
        damaged.write(&name, &bytes).unwrap();
        match open(&damaged, 0) {
            Err(JournalError::Damaged { path, .. } | JournalError::Strange { path }) => {
                assert_eq!(path, name)
            }
            other => panic!("byte {at}: {:?}", other.map(|(_, found)| found.len())),
        }
    }
}

#[test]
fn a_file_that_is_no_segment_is_refused() {
    let disk = CrashDisk::new();
    disk.write(&format!("{FOLDER}/notes"), b"x").unwrap();
    assert!(matches!(open(&disk, 0), Err(JournalError::Strange { .. })));
}
