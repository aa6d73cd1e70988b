//! A witness that crashes or is raced never goes back behind what it has cosigned.

use crate::log::{Log, at, new_witness, reopen};
use proof::checkpoint::SignedCheckpoint;
use proof::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use testkit::{Chance, CrashDisk};

/// Size and root the witness remembers; none where it has cosigned nothing.
fn remembered(disk: &CrashDisk) -> Option<(u64, Hash)> {
    let logs = reopen(disk, "w.example", 11).logs().unwrap();
    logs.first()?.last.as_ref().unwrap().as_ref().map(|last| (last.size, last.root))
}

#[test]
fn whatever_was_answered_is_remembered_after_any_crash() {
    let log = Log::new("entry", 64);
    for seed in 0..400 {
        let disk = CrashDisk::new();
        let witness = new_witness(&disk, "w.example", 11);
        let mut chance = Chance::new(seed);
        disk.halt_after(chance.below(24) as u64);
        let (mut answered, mut asked) = (0, 0);
        while !disk.is_halted() {
            asked = (answered + 1 + chance.below(9)).min(64);
            if log.ask(&witness, answered, asked).status == 200 {
                answered = asked;
            }
        }
        for disk in [disk.crash(seed), disk.kill()] {
            let size = remembered(&disk).map_or(0, |(size, root)| {
                assert_eq!(root, log.head(usize::try_from(size).unwrap()).unverified().root);
                usize::try_from(size).unwrap()
            });
            // What was asked last may have been remembered without having been answered.
            assert!(size == answered || size == asked, "seed {seed}: {size}, answered {answered}");
            let witness = reopen(&disk, "w.example", 11);
            if answered > 0 {
                let shorter = log.ask(&witness, 0, answered - 1);
                assert_eq!(shorter.status, 409, "seed {seed}");
                let fork = log.forked(0, "another");
                assert_ne!(fork.ask(&witness, size, size.max(answered)).status, 200, "seed {seed}");
            }
            assert_eq!(log.ask(&witness, size, 64).status, 200, "seed {seed}");
        }
    }
}

#[test]
fn witnesses_that_are_raced_never_roll_back() {
    let log = Log::new("entry", 200);
    let disk = CrashDisk::new();
    let witness = new_witness(&disk, "w.example", 11);
    let largest = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for seed in 0..4u64 {
            let (log, witness, largest) = (&log, &witness, &largest);
            scope.spawn(move || {
                let mut chance = Chance::new(seed);
                let mut old = 0usize;
                for _ in 0..150 {
                    let before = largest.load(Ordering::SeqCst);
                    let size = (old + chance.below(6)).min(200);
                    let answer = witness.add_checkpoint(&log.request(old, size).to_bytes(), at(5));
                    match answer.status {
                        200 => {
                            // What was answered before this was asked cannot be larger than what was cosigned now.
                            assert!(size as u64 >= before, "{size} after {before}");
                            largest.fetch_max(size as u64, Ordering::SeqCst);
                            old = size;
                        }
                        409 => old = String::from_utf8(answer.body).unwrap().trim().parse().unwrap(),
                        status => panic!("{status}"),
                    }
                }
            });
        }
    });
    let largest = largest.load(Ordering::SeqCst);
    assert!(largest > 50);
    assert_eq!(remembered(&disk).unwrap().0, largest);
}

#[test]
fn of_two_who_race_with_the_same_old_size_one_wins() {
    let log = Log::new("entry", 40);
    for round in 0..50usize {
        let witness = new_witness(&CrashDisk::new(), "w.example", 11);
        assert_eq!(log.ask(&witness, 0, 10).status, 200);
        let sizes = [11 + round % 29, 12 + round % 28];
        let statuses: Vec<_> = std::thread::scope(|scope| {
            let asked = sizes.map(|size| {
                scope.spawn({
                    let (log, witness) = (&log, &witness);
                    move || log.ask(witness, 10, size).status
                })
            });
            asked.map(|thread| thread.join().unwrap()).to_vec()
        });
        assert!(statuses == [200, 409] || statuses == [409, 200], "{statuses:?}");
        let won = sizes[statuses.iter().position(|status| *status == 200).unwrap()];
        let id = &witness.logs().unwrap()[0].id;
        let last = SignedCheckpoint::parse(&witness.checkpoint(id).unwrap().unwrap()).unwrap();
        assert_eq!(last.unverified().size, won as u64);
    }
}

#[test]
fn a_disk_that_fails_gets_500_and_no_cosignature() {
    use ledger::witness::Witness;
    use std::sync::Arc;
    use testkit::{Failing, Fault, FaultyDisk, Operation, Reason};
    let log = Log::new("entry", 20);
    for operation in
        [Operation::Write, Operation::Sync, Operation::Rename, Operation::SyncFolder, Operation::Read]
    {
        for failing in [Failing::Undone, Failing::Half, Failing::Done] {
            let disk = CrashDisk::new();
            let witness = new_witness(&disk, "w.example", 11);
            assert_eq!(log.ask(&witness, 0, 5).status, 200);
            let faulty = FaultyDisk::new(Arc::new(disk.clone()));
            let key = crate::log::witness_key("w.example", 11);
            let witness = Witness::open(Arc::new(faulty.clone()), key).unwrap();
            faulty.fail(Fault::of(operation, failing, Reason::DiskFull));
            let answer = log.ask(&witness, 5, 9);
            let body = String::from_utf8(answer.body).unwrap();
            assert_eq!(answer.status, 500, "{operation:?} {failing:?}");
            assert!(!body.contains('—') && body.contains("failed"), "{body}");
            let (size, _) = remembered(&disk).unwrap();
            assert!(size == 5 || size == 9, "{operation:?} {failing:?}");
            let size = usize::try_from(size).unwrap();
            assert_eq!(log.ask(&witness, size, 9).status, 200, "{operation:?} {failing:?}");
        }
    }
}
