//! Changed bytes, wrong keys: each is found, and said to be what it is.

use crate::{MASTER, OTHER, Seeded, open, vault_of};
use ledger::disk::Disk as _;
use ledger::vault::{KeyState, Vault, VaultError};
use std::sync::Arc;
use testkit::CrashDisk;

/// A vault with living and destroyed keys, and its content.
fn content() -> (CrashDisk, Vec<u8>) {
    let (disk, mut vault, _) = vault_of(4, 1);
    let (id, _) = vault.keys().nth(1).unwrap();
    vault.destroy(id).unwrap();
    let content = disk.read("vault/keys").unwrap().unwrap();
    (disk, content)
}

#[test]
fn every_flipped_bit_of_the_keys_is_found_and_its_place_named() {
    let (disk, whole) = content();
    for bit in 0..whole.len() * 8 {
        // The padding of the header is the same byte 3,600 times.
        if (1024..4088).contains(&(bit / 8)) && bit % 97 != 0 {
            continue;
        }
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        disk.write("vault/keys", &changed).unwrap();
        match open(&disk) {
            Err(VaultError::Header { path, .. }) => {
                assert!(path == "vault/keys" && bit / 8 < 4096, "bit {bit}")
            }
            Err(VaultError::Slot { path, slot, at, .. }) => {
                assert!(path == "vault/keys" && at == 4096 + 128 * u64::from(slot), "bit {bit}");
                assert_eq!(usize::try_from(slot).unwrap(), (bit / 8 - 4096) / 128, "bit {bit}");
            }
            other => panic!("bit {bit}: {other:?}"),
        }
    }
    disk.write("vault/keys", &whole).unwrap();
    open(&disk).unwrap();
}

#[test]
fn every_flipped_bit_of_the_register_is_found() {
    let (disk, mut vault, _) = vault_of(1, 1);
    vault.backup("2027-01-31".parse().unwrap(), "2026-11-23".parse().unwrap()).unwrap();
    let whole = disk.read("vault/backups").unwrap().unwrap();
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        disk.write("vault/backups", &changed).unwrap();
        assert!(matches!(open(&disk), Err(VaultError::Register { .. })), "bit {bit}");
    }
    disk.remove("vault/backups").unwrap();
    assert!(matches!(open(&disk), Err(VaultError::Register { .. })));
}

#[test]
fn every_flipped_bit_of_the_note_of_a_destruction_is_found() {
    let (disk, mut vault, _) = vault_of(2, 1);
    let (id, _) = vault.keys().next().unwrap();
    // The note is written, synced, renamed, its name synced; what comes next is the slot.
    disk.halt_after(4);
    assert!(vault.destroy(id).is_err());
    let disk = disk.kill();
    let whole = disk.read("vault/destroying").unwrap().unwrap();
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        disk.write("vault/destroying", &changed).unwrap();
        assert!(matches!(open(&disk), Err(VaultError::Intent { .. })), "bit {bit}");
    }
    disk.write("vault/destroying", &whole).unwrap();
    assert!(matches!(open(&disk).unwrap().key(id).unwrap(), KeyState::Destroyed));
    assert_eq!(disk.read("vault/destroying").unwrap(), None);
}

#[test]
fn a_file_that_was_cut_off_inside_the_header_or_swapped_around_is_refused() {
    let (disk, whole) = content();
    for length in [0, 1, 4095] {
        disk.write("vault/keys", &whole[..length]).unwrap();
        assert!(matches!(open(&disk), Err(VaultError::Header { .. })), "{length}");
    }
    let twice = [&whole[..], &whole[4096..4224]].concat();
    disk.write("vault/keys", &twice).unwrap();
    assert!(matches!(open(&disk), Err(VaultError::Slot { slot: 4, .. })));
    let mut hole = whole.clone();
    hole[4224..4352].fill(0);
    disk.write("vault/keys", &hole).unwrap();
    assert!(matches!(open(&disk), Err(VaultError::Slot { slot: 1, .. })));
}

#[test]
fn a_slot_put_together_without_the_wrapping_key_is_found_when_it_is_used() {
    let (disk, mut whole) = content();
    whole[4096 + 50] ^= 1;
    let check = proof::hash::Hash::of(&[&whole[4096..4096 + 96]]);
    whole[4096 + 96..4096 + 128].copy_from_slice(check.as_bytes());
    disk.write("vault/keys", &whole).unwrap();
    let mut vault = open(&disk).unwrap();
    let (id, _) = vault.keys().next().unwrap();
    assert!(matches!(vault.key(id), Err(VaultError::Slot { slot: 0, .. })));
    assert!(matches!(vault.rotate(&mut Seeded::new(9)), Err(VaultError::Slot { slot: 0, .. })));
    assert_eq!(disk.read("vault/keys").unwrap().unwrap(), whole);
}

#[test]
fn another_master_key_is_not_mistaken_for_damage() {
    let (disk, _) = content();
    let opened = Vault::open(Arc::new(disk.clone()), &OTHER);
    assert!(matches!(opened, Err(VaultError::WrongMaster { path }) if path == "vault/keys"));
    Vault::open(Arc::new(disk), &MASTER).unwrap();
}

#[test]
fn every_error_is_told_in_both_languages_with_its_place() {
    let (disk, whole) = content();
    let mut changed = whole;
    changed[4300] ^= 1;
    disk.write("vault/keys", &changed).unwrap();
    let told = open(&disk).unwrap_err().told();
    assert!(
        told.zh.contains("vault/keys 第 1 格（自第 4224 位元組起）") && told.zh.contains("備份還原"),
        "{told}"
    );
    assert!(
        told.en.contains("vault/keys: slot 1 (from byte 4224 on)") && told.en.contains("restore"),
        "{told}"
    );
}
