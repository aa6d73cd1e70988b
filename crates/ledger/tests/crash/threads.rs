//! The same with the threads of a running ledger: many callers at once, and the power goes off under all of them.
//!
//! The order of things is the machine's here, so that a seed need not fail twice; the steps in `seeds` do.

use crate::{ENTRIES, Place, check, key};
use ledger::Ledger;
use ledger::error::OpenError;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{Chance, CrashDisk};

const SEEDS: u64 = 400;
const WORKERS: usize = 8;
const CALLERS: usize = 4;

#[test]
fn many_callers_lose_nothing_that_was_acknowledged_when_the_power_goes_off() {
    std::thread::scope(|scope| {
        // More workers than cores: most of their time is waiting for the ledger's own threads.
        for first in 0..WORKERS {
            scope.spawn(move || (first as u64..SEEDS).step_by(WORKERS).for_each(survive));
        }
    });
}

fn survive(seed: u64) {
    let context = format!("seed {seed}");
    let mut chance = Chance::new(seed);
    let mut disk = CrashDisk::new();
    let mut place = Place::new(Arc::new(disk.clone()));
    place.create().unwrap();
    let acknowledged = Mutex::new(BTreeMap::new());
    for _ in 0..1 + chance.below(3) {
        disk.halt_after(chance.below(120) as u64);
        match open(&place) {
            Ok(ledger) => work(&ledger, &mut chance, &acknowledged),
            Err(error) => assert!(disk.is_halted(), "{context}: {error:?}"),
        }
        disk = if chance.one_in(3) { disk.kill() } else { disk.crash(chance.number()) };
        place = place.with(Arc::new(disk.clone()));
    }
    let ledger = open(&place).unwrap_or_else(|error| panic!("{context}: {error:?}"));
    let size = ledger.head().size;
    assert!(ledger.wait_published(size, Duration::from_secs(20)), "{context}");
    let mut entries = Vec::new();
    ledger.reader().entries(0..size, |_, entry| entries.push(entry.to_vec())).unwrap();
    ledger.close().unwrap_or_else(|error| panic!("{context}: {error:?}"));
    for (number, known) in acknowledged.into_inner().unwrap() {
        assert!(entries.get(usize::try_from(number).unwrap()) == Some(&known), "{context}: entry {number}");
    }
    check::order(&entries, &context);
    assert_eq!(check::folder(&place, &entries, &[1], &context), size, "{context}");
}

fn open(place: &Place) -> Result<Ledger, OpenError> {
    let (objects, journal) = place.storage();
    Ok(Ledger::open(objects, journal, Arc::new(place.clock.clone()), vec![key(1)])?.0)
}

/// Many callers append, until the power goes off or they have no more to say.
fn work(ledger: &Ledger, chance: &mut Chance, acknowledged: &Mutex<BTreeMap<u64, Vec<u8>>>) {
    let callers: Vec<_> = (0..CALLERS).map(|_| chance.branch()).collect();
    std::thread::scope(|scope| {
        for mut chance in callers {
            scope.spawn(move || {
                for _ in 0..chance.below(12) {
                    let batch = (0..1 + chance.below(3)).filter_map(|_| chance.pick(&ENTRIES).cloned());
                    let Ok(range) = ledger.append(batch.map(|(_, entry)| entry).collect()) else { return };
                    // Reading may meet the end of the power; what was read was acknowledged.
                    let mut known = acknowledged.lock().unwrap();
                    let _ = ledger.reader().entries(range, |number, entry| {
                        known.insert(number, entry.to_vec());
                    });
                }
            });
        }
    });
    if chance.one_in(3) {
        let _ = ledger.clone().close();
    }
}
