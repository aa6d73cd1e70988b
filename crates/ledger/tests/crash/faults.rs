//! Every operation of a script fails once: undone, half done, done and reported as failed, or with its pages dropped.
//! Then the process starts anew, or the machine does, or first the one and then the other.

use crate::{ENTRIES, Place, check, entry};
use ledger::disk::{Disk as _, DiskError};
use ledger::error::{AppendError, OpenError, StopReason};
use ledger::journal::Journal as _;
use proof::entry::{Encoded, Entry};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use testkit::{CrashDisk, Failing, Fault, FaultyDisk, Operation, Reason};

/// What a script was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) created: bool,
    /// Acknowledged entries by number.
    pub(crate) acknowledged: Vec<(Range<u64>, Vec<String>)>,
    /// Surely not there.
    pub(crate) refused: BTreeSet<String>,
    pub(crate) errors: Vec<AppendError>,
    pub(crate) stopped: Option<StopReason>,
}

/// All that a ledger does: is made, opened, appended to until files of the journal change and tiles fill up, published,
/// made durable, closed, opened again. Gives up where it must.
pub(crate) fn script(place: &Place) -> Told {
    let mut told = Told { created: place.create().is_ok(), ..Told::default() };
    for half in 0..2 {
        let Ok((mut ledger, _)) = place.open(&[1, 2]) else { return told };
        for step in 0..8 {
            let number = half * 8 + step;
            match batch(number) {
                Some((marks, batch)) => match ledger.append(batch) {
                    Ok(range) => told.acknowledged.push((range, marks)),
                    Err(error) => {
                        if matches!(error, AppendError::NotWritten(_)) {
                            told.refused.extend(marks);
                        }
                        told.errors.push(error);
                    }
                },
                None if number == 11 => {
                    told.errors.extend(ledger.change_key(crate::key(2)).err());
                }
                None => drop(if step == 6 { ledger.flush() } else { ledger.publish() }),
            }
        }
        if let Err(reason) = ledger.close() {
            told.stopped = Some(reason);
        }
    }
    told
}

fn batch(number: usize) -> Option<(Vec<String>, Vec<Encoded>)> {
    let mark = format!("script {number}");
    match number % 8 {
        0 | 4 => Some((vec![mark.clone()], vec![entry(&mark, 10)])),
        // Larger than a file of the journal.
        2 if number > 8 => Some((vec![mark.clone()], vec![entry(&mark, 20_000)])),
        5 => Some(ENTRIES.iter().skip(number * 30).take(150).cloned().unzip()),
        7 => Some((vec![mark.clone()], vec![entry(&mark, 6000)])),
        _ => None,
    }
}

/// Opens what was found and checks all that the script was told, then that it goes on as if nothing had been.
pub(crate) fn check_found(place: &Place, told: &Told, context: &str) {
    let mut ledger = match place.open(&[1, 2]) {
        Ok((ledger, _)) => ledger,
        Err(OpenError::NoLedger) if !told.created && told.acknowledged.is_empty() => return,
        Err(error) => panic!("{context}: {error:?} after {told:?}"),
    };
    ledger.append(vec![entry("found", 0)]).expect(context);
    let size = ledger.head().size;
    let mut entries = Vec::new();
    ledger.reader().entries(0..size, |_, entry| entries.push(entry.to_vec())).expect(context);
    ledger.close().expect(context);
    check::order(&entries, context);
    assert_eq!(check::folder(place, &entries, &[1, 2], context), size, "{context}");
    let subject = |number: u64| {
        let bytes = entries.get(usize::try_from(number).unwrap())?;
        Some(Entry::parse(bytes).unwrap().subject().to_owned())
    };
    for (range, marks) in &told.acknowledged {
        assert_eq!(range.end - range.start, marks.len() as u64, "{context}");
        for (number, mark) in range.clone().zip(marks) {
            assert_eq!(subject(number).as_ref(), Some(mark), "{context}: entry {number}");
        }
    }
    for number in 0..size {
        let subject = subject(number).unwrap();
        assert!(!told.refused.contains(&subject), "{context}: {subject} was refused and is there");
    }
}

/// What the next process, or the next start of the machine, finds.
fn found(disk: &CrashDisk, place: &Place, seed: u64) -> [CrashDisk; 4] {
    // Killed, and the power goes off while the next process recovers.
    let again = disk.kill();
    again.halt_after(seed % 25);
    let _ = place.with(Arc::new(again.clone())).open(&[1, 2]);
    [disk.kill(), disk.crash(seed), disk.crash(seed + 1), again.crash(seed)]
}

#[test]
fn every_operation_may_fail_once_and_nothing_acknowledged_is_lost() {
    let counting = Arc::new(FaultyDisk::new(Arc::new(CrashDisk::new())));
    let undisturbed = script(&Place::new(Arc::clone(&counting) as _));
    assert!(undisturbed.errors.is_empty() && undisturbed.stopped.is_none(), "{undisturbed:?}");
    assert_eq!(undisturbed.acknowledged.len(), 9);
    let performed = counting.performed();
    assert!(performed.len() > 200, "{}", performed.len());
    let (mut runs, mut refused) = (0, 0);
    for (number, (operation, path)) in (0u64..).zip(&performed) {
        for failing in [Failing::Undone, Failing::Half, Failing::Done, Failing::Dropped] {
            let differs = match failing {
                Failing::Half => matches!(operation, Operation::Write | Operation::WriteAt),
                Failing::Dropped => matches!(operation, Operation::Sync | Operation::SyncAll),
                Failing::Undone | Failing::Done => true,
            };
            if !differs {
                continue;
            }
            let reason = if number % 2 == 0 { Reason::DiskFull } else { Reason::Device };
            let context = format!("operation {number}, {operation:?} {path}, {failing:?}");
            let disk = CrashDisk::new();
            let faulty = Arc::new(FaultyDisk::over(&disk));
            faulty.fail(Fault::any(failing, reason).after(number));
            let place = Place::new(Arc::clone(&faulty) as _);
            let told = script(&place);
            assert_eq!(faulty.failures(), 1, "{context}");
            refused += told.refused.len();
            runs += 1;
            for (which, found) in found(&disk, &place, number).into_iter().enumerate() {
                check_found(&place.with(Arc::new(found)), &told, &format!("{context}, found {which}"));
            }
        }
    }
    assert!(runs > 2 * performed.len() && refused > 0, "{runs} runs, {refused} refused batches");
}

#[test]
fn an_unknown_outcome_stops_the_ledger_and_opening_tells() {
    for (failing, is_there) in [(Failing::Undone, false), (Failing::Half, false), (Failing::Done, true)] {
        let disk = CrashDisk::new();
        let faulty = Arc::new(FaultyDisk::over(&disk));
        let place = Place::new(Arc::clone(&faulty) as _);
        place.create().unwrap();
        let (mut ledger, _) = place.open(&[1]).unwrap();
        faulty.fail(Fault::of(Operation::WriteAt, failing, Reason::Device).at("ledger/journal/0*"));
        let first = ledger.append(vec![entry("unknown", 9000)]).unwrap_err();
        assert!(matches!(first, AppendError::Stopped(StopReason::Unknown(_))), "{first:?}");
        let second = ledger.append(vec![entry("refused", 0)]).unwrap_err();
        assert!(matches!(second, AppendError::Stopped(StopReason::Unknown(_))), "{second:?}");
        assert!(ledger.publish().is_err() && ledger.flush().is_err() && ledger.close().is_err());
        let place = place.with(Arc::new(disk.kill()));
        let (ledger, recovered) = place.open(&[1]).unwrap();
        assert_eq!(recovered.entries, u64::from(is_there), "{failing:?}");
        assert_eq!(recovered.dropped_bytes > 0, failing == Failing::Half, "{failing:?}");
        let last = ledger.reader().entry(ledger.head().size - 1).unwrap();
        let kind = Entry::parse(&last).unwrap().kind().to_owned();
        let expected = match failing {
            Failing::Undone => "ledger.created",
            Failing::Done => "test.made",
            _ => "ledger.recovered",
        };
        assert_eq!(kind, expected, "{failing:?}");
    }
}

#[test]
fn a_file_of_the_journal_that_could_not_be_begun_is_never_passed_over() {
    // The next file has its name already when the batch is refused; a smaller batch would still fit the old file.
    for operation in [Operation::SyncFolder, Operation::Open, Operation::Rename] {
        let disk = CrashDisk::new();
        let faulty = Arc::new(FaultyDisk::over(&disk));
        let place = Place::new(Arc::clone(&faulty) as _);
        place.create().unwrap();
        let (mut ledger, _) = place.open(&[1]).unwrap();
        ledger.append(vec![entry("first", 0)]).unwrap();
        ledger.flush().unwrap();
        faulty.fail(Fault::of(operation, Failing::Done, Reason::Device).at("ledger/journal*"));
        let refused = ledger.append(vec![entry("large", 13_000)]).unwrap_err();
        assert!(matches!(refused, AppendError::NotWritten(_)), "{operation:?}: {refused:?}");
        let small = ledger.append(vec![entry("small", 0)]).unwrap();
        // What is durably published below the small one may be forgotten, the small one not.
        place.storage().1.trim(small.start).unwrap();
        let place = place.with(Arc::new(disk.crash(1)));
        let told = Told {
            created: true,
            acknowledged: vec![(small, vec!["small".to_owned()])],
            refused: BTreeSet::from(["large".to_owned()]),
            ..Told::default()
        };
        check_found(&place, &told, &format!("{operation:?}"));
    }
}

#[test]
fn a_published_head_that_was_taken_back_is_not_built_upon() {
    let disk = CrashDisk::new();
    let place = Place::new(Arc::new(disk.clone()));
    place.create().unwrap();
    let older = disk.peek("ledger/checkpoint").unwrap();
    let (mut ledger, _) = place.open(&[1]).unwrap();
    ledger.append(vec![entry("one", 0)]).unwrap();
    ledger.close().unwrap();
    disk.write("ledger/checkpoint", &older).unwrap();
    let error = place.open(&[1]).err().unwrap();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(error.told().en.contains("ledger/checkpoint"), "{}", error.told());
}

/// The cause at the bottom of an error.
pub(crate) fn cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a DiskError> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}
