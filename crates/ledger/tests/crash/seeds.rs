//! Thousands of seeds: random work, a crash at a random operation, a crash during the recovery from it, and again.

use crate::{Acknowledged, check, create, entry, open};
use ledger::Ledger;
use ledger::disk::Disk;
use std::sync::Arc;
use std::time::Duration;
use testkit::{Chance, CrashDisk};

const SEEDS: u64 = 10_000;
const THREADS: u64 = 8;

#[test]
fn the_acknowledged_prefix_survives_any_loss_of_what_was_not_synced() {
    let more = if std::env::var_os("WARD_SOAK").is_some() { 10 } else { 1 };
    // More threads than cores: most of a seed's time is waiting for the ledger's own threads.
    std::thread::scope(|scope| {
        for first in 0..THREADS {
            scope.spawn(move || (first..SEEDS * more).step_by(THREADS as usize).for_each(survive));
        }
    });
}

fn survive(seed: u64) {
    let context = format!("seed {seed}");
    let mut chance = Chance::new(seed);
    let mut disk = CrashDisk::new();
    create(&shared(&disk)).expect(&context);
    let mut acknowledged = Acknowledged::new();
    for round in 0..1 + chance.below(4) {
        disk.halt_after(chance.below(70) as u64);
        match open(&shared(&disk)) {
            Ok((ledger, _)) => work(ledger, round, &mut chance, &mut acknowledged),
            Err(error) => assert!(disk.is_halted(), "{context}, round {round}: {}", error.told().en),
        }
        disk = if chance.one_in(3) { disk.kill() } else { disk.crash(chance.number()) };
    }
    let (ledger, _) = open(&shared(&disk)).unwrap_or_else(|error| panic!("{context}: {}", error.told().en));
    let range = ledger.append(vec![entry("last")]).expect(&context);
    acknowledged.insert(range.start, "last".to_owned());
    ledger.close().expect(&context);
    check(&shared(&disk), &acknowledged, &context);
    // What is closed is durable, whatever is forgotten then.
    let disk = disk.crash(chance.number());
    check(&shared(&disk), &acknowledged, &format!("{context}, closed"));
    let (ledger, recovered) = open(&shared(&disk)).expect(&context);
    assert_eq!((recovered.entries, recovered.dropped_bytes), (0, 0), "{context}");
    drop(ledger);
}

/// Appends until the power goes off or there is no more to do.
fn work(ledger: Ledger, round: usize, chance: &mut Chance, acknowledged: &mut Acknowledged) {
    for batch in 0..chance.below(7) {
        let length = if chance.one_in(12) { 257 } else { 1 + chance.below(4) };
        let marks: Vec<_> = (0..length).map(|at| format!("{round}-{batch}-{at}")).collect();
        let entries = marks.iter().map(|mark| entry(mark)).collect();
        match ledger.append(entries) {
            Ok(range) => acknowledged.extend(range.zip(marks)),
            Err(_) => return,
        }
        if chance.one_in(3) {
            let _ = ledger.wait_published(ledger.head().size, Duration::from_millis(5));
        }
    }
    if chance.one_in(2) {
        // Closing may meet the end of the power; what was acknowledged is in the journal all the same.
        let _ = ledger.close();
    }
}

fn shared(disk: &CrashDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}
