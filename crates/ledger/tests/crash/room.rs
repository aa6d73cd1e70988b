//! A disk without room, and one that can only be read: each batch gets its proper error, and nothing is lost.

use crate::faults::{Told, cause, check_found, script};
use crate::{Place, entry};
use ledger::MOST_BATCH_ENTRIES;
use ledger::disk::DiskError;
use ledger::error::{AppendError, OpenError, StopReason};
use std::sync::Arc;
use testkit::{CrashDisk, Failing, Fault, FaultyDisk, Operation, Reason};

fn laid_over(disk: &CrashDisk) -> (Arc<FaultyDisk>, Place) {
    let faulty = Arc::new(FaultyDisk::over(disk));
    let place = Place::new(Arc::clone(&faulty) as _);
    (faulty, place)
}

#[test]
fn wherever_the_room_ends_nothing_acknowledged_is_lost_and_it_goes_on_with_room_again() {
    let mut met = 0;
    for room in (0..200_000).step_by(1111) {
        let context = format!("room for {room} bytes");
        let disk = CrashDisk::new();
        let (faulty, place) = laid_over(&disk);
        faulty.limit_room(room);
        let told = script(&place);
        met += faulty.failures();
        let stopped = |reason: &StopReason| AppendError::Stopped(reason.clone());
        for error in told.errors.iter().cloned().chain(told.stopped.as_ref().map(stopped)) {
            let full = cause(&error).is_some_and(DiskError::is_full);
            assert!(full, "{context}: {error:?}");
            assert!(error.told().zh.contains("磁碟已滿"), "{context}: {}", error.told());
        }
        for found in [disk.kill(), disk.crash(room)] {
            check_found(&place.with(Arc::new(found)), &told, &context);
        }
    }
    assert!(met > 50, "{met} writes did not fit");
}

#[test]
fn a_journal_without_room_refuses_the_batch_and_takes_it_again_when_there_is_room() {
    let disk = CrashDisk::new();
    let (faulty, place) = laid_over(&disk);
    place.create().unwrap();
    let (mut ledger, _) = place.open(&[1]).unwrap();
    faulty.fail(
        Fault::of(Operation::Write, Failing::Undone, Reason::DiskFull).at("ledger/journal/*").for_ever(),
    );
    let mut told = Told { created: true, ..Told::default() };
    let refused = loop {
        let mark = format!("{}", told.acknowledged.len());
        match ledger.append(vec![entry(&mark, 0)]) {
            Ok(range) => told.acknowledged.push((range, vec![mark])),
            Err(error) => break error,
        }
    };
    // The reserve took the first ones; the next file could not be made.
    assert_eq!(told.acknowledged.len(), 4);
    assert!(matches!(refused, AppendError::NotWritten(_)), "{refused:?}");
    assert!(refused.told().zh.contains("磁碟已滿"), "{}", refused.told());
    told.refused.insert("4".to_owned());
    faulty.heal();
    let range = ledger.append(vec![entry("room again", 0)]).unwrap();
    told.acknowledged.push((range, vec!["room again".to_owned()]));
    check_found(&place.with(Arc::new(disk.crash(3))), &told, "full");
}

#[test]
fn a_disk_that_becomes_read_only_stops_the_ledger_and_opening_says_why() {
    let disk = CrashDisk::new();
    let (faulty, place) = laid_over(&disk);
    place.create().unwrap();
    let (mut ledger, _) = place.open(&[1]).unwrap();
    let range = ledger.append(vec![entry("before", 0)]).unwrap();
    faulty.make_read_only();
    let error = ledger.append(vec![entry("after", 0)]).unwrap_err();
    assert!(matches!(error, AppendError::Stopped(StopReason::Unknown(_))), "{error:?}");
    assert!(cause(&error).is_some_and(DiskError::is_read_only), "{error:?}");
    assert!(error.told().zh.contains("唯讀"), "{}", error.told());
    let error = place.open(&[1]).err().unwrap();
    assert!(cause(&error).is_some_and(DiskError::is_read_only), "{error:?}");
    assert!(error.told().zh.contains("唯讀"), "{}", error.told());
    faulty.heal();
    let acknowledged = vec![(range, vec!["before".to_owned()])];
    check_found(
        &place.with(Arc::new(disk.kill())),
        &Told { created: true, acknowledged, ..Told::default() },
        "read-only",
    );
}

#[test]
fn a_ledger_is_not_made_on_a_disk_that_is_full_or_read_only() {
    let disk = CrashDisk::new();
    let (faulty, place) = laid_over(&disk);
    faulty.make_read_only();
    let error = place.create().unwrap_err();
    assert!(cause(&error).is_some_and(DiskError::is_read_only), "{error:?}");
    faulty.heal();
    faulty.limit_room(10);
    let error = place.create().unwrap_err();
    assert!(cause(&error).is_some_and(DiskError::is_full), "{error:?}");
    assert!(matches!(place.open(&[1]), Err(OpenError::NoLedger)));
    // What is half made is not built upon.
    faulty.heal();
    assert!(matches!(place.create(), Err(OpenError::Exists)));
}

#[test]
fn as_many_entries_as_a_batch_may_have_are_recovered() {
    let disk = CrashDisk::new();
    let mut place = Place::new(Arc::new(disk.clone()));
    place.segment = 64 << 10;
    place.create().unwrap();
    let (mut ledger, _) = place.open(&[1]).unwrap();
    // As short as an entry may be.
    let small = crate::smallest();
    let error = ledger.append(vec![small.clone(); MOST_BATCH_ENTRIES + 1]).unwrap_err();
    assert!(matches!(error, AppendError::Batch { .. }), "{error:?}");
    // A clock that steps back adds an entry of the ledger's own to the record.
    place.clock.step_back(std::time::Duration::from_secs(5));
    let range = ledger.append(vec![small; MOST_BATCH_ENTRIES]).unwrap();
    let place = place.with(Arc::new(disk.crash(1)));
    let (ledger, recovered) = place.open(&[1]).unwrap();
    assert_eq!(recovered.entries, range.end - 1);
    assert_eq!(ledger.head().size, range.end);
}
