//! Every operation of a script fails once, undone, half done, or done and reported as failed.

use crate::{Acknowledged, check, create, entry, open};
use ledger::disk::Disk;
use ledger::error::AppendError;
use std::sync::Arc;
use std::time::Duration;
use testkit::{CrashDisk, Failing, Fault, FaultyDisk, Operation, Reason};

/// Opens, appends enough to change files of the journal and to fill tiles, publishes, closes. Says what was
/// acknowledged, and the numbers of batches that were not.
fn script(disk: &Arc<dyn Disk>, acknowledged: &mut Acknowledged) -> Vec<String> {
    let mut failed = Vec::new();
    let Ok((ledger, _)) = open(disk) else { return failed };
    for batch in 0..8 {
        let length = if batch % 3 == 0 { 90 } else { 2 };
        let marks: Vec<_> = (0..length).map(|at| format!("{batch}-{at}")).collect();
        match ledger.append(marks.iter().map(|mark| entry(mark)).collect()) {
            Ok(range) => acknowledged.extend(range.zip(marks)),
            Err(error) => failed.push(error.told().en),
        }
        let _ = ledger.wait_published(ledger.head().size, Duration::from_millis(2));
    }
    if let Err(reason) = ledger.close() {
        failed.push(reason.told().en);
    }
    failed
}

#[test]
fn every_operation_may_fail_once_and_nothing_acknowledged_is_lost() {
    let inner = CrashDisk::new();
    create(&(Arc::new(inner.clone()) as Arc<dyn Disk>)).unwrap();
    let counting = Arc::new(FaultyDisk::new(Arc::new(inner.snapshot())));
    script(&(Arc::clone(&counting) as Arc<dyn Disk>), &mut Acknowledged::new());
    let operations = counting.performed().len() as u64;
    assert!(operations > 60, "{operations}");
    let mut met = 0;
    for number in 0..operations {
        for failing in [Failing::Undone, Failing::Half, Failing::Done] {
            for reason in [Reason::DiskFull, Reason::Device] {
                let context = format!("operation {number} {failing:?} {reason:?}");
                let disk = inner.snapshot();
                let faulty = Arc::new(FaultyDisk::new(Arc::new(disk.clone())));
                faulty.fail(Fault::any(failing, reason).after(number));
                let mut acknowledged = Acknowledged::new();
                script(&(Arc::clone(&faulty) as Arc<dyn Disk>), &mut acknowledged);
                met += faulty.failures();
                // The process ends, or the machine does.
                let found = if number % 2 == 0 { disk.kill() } else { disk.crash(number) };
                let found: Arc<dyn Disk> = Arc::new(found);
                let (ledger, _) =
                    open(&found).unwrap_or_else(|error| panic!("{context}: {}", error.told().en));
                ledger.close().expect(&context);
                check(&found, &acknowledged, &context);
            }
        }
    }
    assert!(met > operations, "{met} failures met in {operations} operations");
}

#[test]
fn a_full_disk_refuses_the_batch_and_takes_it_again_when_there_is_room() {
    let disk = CrashDisk::new();
    create(&(Arc::new(disk.clone()) as Arc<dyn Disk>)).unwrap();
    let faulty = Arc::new(FaultyDisk::new(Arc::new(disk)));
    let shared: Arc<dyn Disk> = Arc::clone(&faulty) as _;
    let (ledger, _) = open(&shared).unwrap();
    faulty.fail(
        Fault::of(Operation::Write, Failing::Undone, Reason::DiskFull).at("ledger/journal/*").for_ever(),
    );
    let mut acknowledged = Acknowledged::new();
    let mut refused = None;
    for number in 0..40 {
        let mark = format!("{number}");
        match ledger.append(vec![entry(&mark)]) {
            Ok(range) => drop(acknowledged.insert(range.start, mark)),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    // The reserve took the first ones; the next file could not be made.
    assert!(!acknowledged.is_empty());
    let refused = refused.expect("the journal had no room");
    assert!(matches!(refused, AppendError::NotWritten(_)), "{refused:?}");
    assert!(refused.told().zh.contains("磁碟已滿"), "{}", refused.told());
    faulty.heal();
    let range = ledger.append(vec![entry("room again")]).unwrap();
    acknowledged.insert(range.start, "room again".to_owned());
    ledger.close().unwrap();
    check(&shared, &acknowledged, "full");
}

#[test]
fn an_unknown_outcome_stops_the_ledger_and_opening_tells() {
    for failing in [Failing::Undone, Failing::Done] {
        let disk = CrashDisk::new();
        create(&(Arc::new(disk.clone()) as Arc<dyn Disk>)).unwrap();
        let faulty = Arc::new(FaultyDisk::new(Arc::new(disk.clone())));
        let (ledger, _) = open(&(Arc::clone(&faulty) as Arc<dyn Disk>)).unwrap();
        faulty.fail(Fault::of(Operation::WriteAt, failing, Reason::Device).at("ledger/journal/0*"));
        let first = ledger.append(vec![entry("unknown")]).unwrap_err();
        assert!(matches!(first, AppendError::Stopped(_)), "{first:?}");
        let second = ledger.append(vec![entry("refused")]).unwrap_err();
        assert!(matches!(second, AppendError::Stopped(_)), "{second:?}");
        drop(ledger);
        let found: Arc<dyn Disk> = Arc::new(disk.kill());
        let (ledger, _) = open(&found).unwrap();
        let range = ledger.append(vec![entry("after")]).unwrap();
        ledger.close().unwrap();
        check(&found, &Acknowledged::from([(range.start, "after".to_owned())]), "unknown");
    }
}
