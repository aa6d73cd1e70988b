//! Crashes, kills and failing disks at every operation.

use crate::script::{Act, LIFE, Life};
use crate::{open, vault_of};
use ledger::vault::{KeyState, Mended, VaultError};
use proptest::prelude::*;
use std::sync::Arc;
use testkit::{CrashDisk, Failing, Fault, FaultyDisk, Operation, Reason};

/// How a run ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// The machine lost its power; what was not durable survives as the seed says.
    Crash(u64),
    /// The process ended; the machine goes on.
    Kill,
}

impl End {
    fn of(self, disk: &CrashDisk) -> CrashDisk {
        match self {
            Self::Crash(seed) => disk.crash(seed),
            Self::Kill => disk.kill(),
        }
    }
}

/// Leads a life until the power goes off, starts again, and goes on with the rest. Gives whether it went off at all.
fn live(acts: &[Act], seed: u64, stops: &[(u64, End)]) -> bool {
    let mut disk = CrashDisk::new();
    let mut life = Life::new(Arc::new(disk.clone()), disk.clone(), seed);
    let mut acts = acts.iter();
    let mut reached = false;
    for (changes, end) in stops {
        disk.halt_after(*changes);
        let started = life.start(Arc::new(disk.clone()), disk.clone());
        let result = started.and_then(|()| acts.by_ref().try_for_each(|act| life.act(*act)));
        assert_eq!(result.is_err(), disk.is_halted(), "{result:?}");
        reached |= disk.is_halted();
        disk = end.of(&disk);
    }
    life.start(Arc::new(disk.clone()), disk.clone()).unwrap();
    acts.try_for_each(|act| life.act(*act)).unwrap();
    for seed in 0..3 {
        let disk = disk.crash(seed);
        life.start(Arc::new(disk.clone()), disk).unwrap();
    }
    reached
}

#[test]
fn no_crash_at_any_operation_loses_a_key_or_brings_one_back() {
    let mut changes = 0;
    while live(&LIFE, 7, &[(changes, End::Crash(0))]) {
        for seed in 1..12 {
            live(&LIFE, 7, &[(changes, End::Crash(seed))]);
        }
        changes += 1;
    }
    assert!(changes > 60, "the life has only {changes} operations");
}

#[test]
fn no_kill_at_any_operation_followed_by_a_crash_loses_a_key_or_brings_one_back() {
    let mut changes = 0;
    while live(&LIFE, 7, &[(changes, End::Kill)]) {
        for after in 0..8 {
            live(&LIFE, 7, &[(changes, End::Kill), (after, End::Crash(after)), (after, End::Kill)]);
        }
        changes += 1;
    }
    assert!(changes > 60, "the life has only {changes} operations");
}

#[test]
fn no_failing_operation_loses_a_key_or_brings_one_back() {
    for failing in [Failing::Undone, Failing::Half, Failing::Done] {
        let mut number = 0;
        while meets_a_fault(number, failing) {
            number += 1;
        }
        assert!(number > 60, "the life has only {number} operations");
    }
}

/// Whether the life is long enough to meet a fault at this operation.
fn meets_a_fault(number: u64, failing: Failing) -> bool {
    let bottom = CrashDisk::new();
    let top = FaultyDisk::new(Arc::new(bottom.clone()));
    top.fail(Fault::any(failing, Reason::Device).after(number));
    let mut life = Life::new(Arc::new(top.clone()), bottom.clone(), 3);
    let mut acts = LIFE.iter();
    loop {
        let started = life.start(Arc::new(top.clone()), bottom.clone());
        if started.and_then(|()| acts.by_ref().try_for_each(|act| life.act(*act))).is_ok() {
            break;
        }
    }
    for seed in 0..4 {
        let disk = bottom.crash(seed);
        life.start(Arc::new(disk.clone()), disk).unwrap();
    }
    top.failures() > 0
}

#[test]
fn pages_that_the_kernel_dropped_leave_no_hole() {
    // The last slot is seen and will never be durable; the next one lies in another page.
    for keys in [31, 32, 33] {
        let (disk, mut vault, mut entropy) = vault_of(keys, 1);
        let top = FaultyDisk::new(Arc::new(disk.clone()));
        drop(vault);
        vault = ledger::vault::Vault::open(Arc::new(top.clone()), &crate::MASTER).unwrap();
        top.fail(Fault::of(Operation::Sync, Failing::Undone, Reason::Device).after(1));
        assert!(matches!(vault.new_key(&mut entropy), Err(VaultError::Disk(_))));
        assert!(matches!(vault.new_key(&mut entropy), Err(VaultError::Stopped)));
        disk.drop_unsynced("vault/keys");
        let mut vault = open(&disk).unwrap();
        let (id, _) = vault.new_key(&mut entropy).unwrap();
        let vault = open(&disk.crash(1)).unwrap();
        assert!(matches!(vault.key(id).unwrap(), KeyState::Here(_)));
    }
}

#[test]
fn a_full_disk_stops_new_keys_and_nothing_else_until_there_is_room() {
    let (disk, vault, mut entropy) = vault_of(2, 1);
    drop(vault);
    let top = FaultyDisk::new(Arc::new(disk.clone()));
    let mut vault = ledger::vault::Vault::open(Arc::new(top.clone()), &crate::MASTER).unwrap();
    let ids: Vec<_> = vault.keys().map(|(id, _)| id).collect();
    top.limit_room(60);
    let Err(VaultError::Disk(error)) = vault.new_key(&mut entropy) else { panic!("there was room") };
    assert!(error.is_full());
    assert!(ids.iter().all(|id| matches!(vault.key(*id).unwrap(), KeyState::Here(_))));
    top.heal();
    let (id, _) = vault.new_key(&mut entropy).unwrap();
    let vault = open(&disk.crash(1)).unwrap();
    assert_eq!(vault.keys().map(|(id, _)| id).collect::<Vec<_>>(), [ids, vec![id]].concat());
}

#[test]
fn a_half_written_key_at_the_end_is_dropped_and_told_of() {
    use ledger::disk::Disk as _;
    let (disk, vault, mut entropy) = vault_of(2, 1);
    let ids: Vec<_> = vault.keys().map(|(id, _)| id).collect();
    let whole = disk.read("vault/keys").unwrap().unwrap();
    for tail in [&[7u8; 1][..], &[7; 127], &[0; 128]] {
        disk.write("vault/keys", &[&whole, tail].concat()).unwrap();
        let mut vault = open(&disk).unwrap();
        assert_eq!(vault.mended(), [Mended::TornSlot]);
        assert_eq!(vault.keys().map(|(id, _)| id).collect::<Vec<_>>(), ids);
        let (id, _) = vault.new_key(&mut entropy).unwrap();
        assert!(matches!(open(&disk).unwrap().key(id).unwrap(), KeyState::Here(_)));
    }
}

#[test]
fn what_was_mended_is_told() {
    let mut told = std::collections::BTreeSet::new();
    for (changes, destroys) in (0..10).flat_map(|changes| [(changes, true), (changes, false)]) {
        let (disk, mut vault, mut entropy) = vault_of(2, 1);
        let (id, _) = vault.keys().next().unwrap();
        disk.halt_after(changes);
        let done = if destroys { vault.destroy(id) } else { vault.rotate(&mut entropy) };
        assert_eq!(done.is_err(), disk.is_halted());
        let vault = open(&disk.kill()).unwrap();
        told.extend(vault.mended().iter().map(|mended| mended.told().en));
    }
    assert_eq!(told.len(), 3, "{told:?}");
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::New),
        2 => (0usize..8).prop_map(Act::Destroy),
        1 => Just(Act::Rotate),
        1 => Just(Act::ChangeMaster),
        1 => Just(Act::Backup),
        1 => Just(Act::Reopen),
    ]
}

fn stop() -> impl Strategy<Value = (u64, End)> {
    (0u64..40, prop_oneof![any::<u64>().prop_map(End::Crash), Just(End::Kill)])
}

proptest! {
    #[test]
    fn a_vault_agrees_with_its_model_through_any_life(
        acts in proptest::collection::vec(act(), 0..16),
        stops in proptest::collection::vec(stop(), 0..4),
        seed: u64,
    ) {
        live(&acts, seed, &stops);
    }
}
