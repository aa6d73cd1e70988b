//! Backups expire, are known, and bring back what was lost but not what was destroyed.

use crate::model::{contains, day, wrapped_in};
use crate::{MASTER, OTHER, Seeded, key_of, open, vault_of};
use ledger::disk::Disk as _;
use ledger::vault::{KeyState, Restored, Vault, VaultError};
use model::DataKeyId;
use std::sync::Arc;
use testkit::{CrashDisk, Failing, Fault, FaultyDisk, Reason};

const TODAY: &str = "2026-11-23";
const UNTIL: &str = "2027-01-31";

fn nothing(_: DataKeyId) -> bool {
    false
}

fn restore(
    disk: &CrashDisk,
    backup: &[u8],
    destroyed: &dyn Fn(DataKeyId) -> bool,
) -> Result<(Vault, Restored), VaultError> {
    Vault::restore(Arc::new(disk.clone()), backup, &[&MASTER], destroyed, day(TODAY), &mut Seeded::new(77))
}

fn secret(vault: &Vault, id: DataKeyId) -> Option<[u8; 32]> {
    match vault.key(id).unwrap() {
        KeyState::Here(key) => Some(*key.secret_bytes()),
        KeyState::Destroyed | KeyState::Unknown => None,
    }
}

fn ids(vault: &Vault) -> Vec<DataKeyId> {
    vault.keys().map(|(id, _)| id).collect()
}

#[test]
fn a_backup_brings_every_key_into_an_empty_folder() {
    let (_, mut vault, mut entropy) = vault_of(5, 1);
    let backup = vault.backup(day(UNTIL), day(TODAY)).unwrap();
    let empty = CrashDisk::new();
    let (restored, done) = restore(&empty, &backup, &nothing).unwrap();
    let expected = Restored { brought_back: 5, register_lost: true, ..Restored::default() };
    assert_eq!(done, expected);
    assert_eq!((restored.id(), ids(&restored)), (vault.id(), ids(&vault)));
    let mut opened = open(&empty.crash(1)).unwrap();
    for id in ids(&vault) {
        assert_eq!(secret(&opened, id), secret(&vault, id));
    }
    assert_eq!(opened.last_expiry(), Some(day(UNTIL)));
    opened.new_key(&mut entropy).unwrap();
}

#[test]
fn a_backup_can_be_used_on_its_last_day_and_not_after() {
    let (_, mut vault, _) = vault_of(1, 1);
    let backup = vault.backup(day(UNTIL), day(TODAY)).unwrap();
    let restore_on = |today: &str| {
        let disk = CrashDisk::new();
        let entropy = &mut Seeded::new(1);
        let restored =
            Vault::restore(Arc::new(disk.clone()), &backup, &[&MASTER], &nothing, day(today), entropy);
        (disk.paths().len(), restored)
    };
    assert!(restore_on(UNTIL).1.is_ok());
    let (files, refused) = restore_on("2027-02-01");
    assert!(matches!(refused, Err(VaultError::Expired { expires, .. }) if expires == day(UNTIL)));
    assert_eq!(files, 0);
    assert!(matches!(vault.backup(day("2026-11-22"), day(TODAY)), Err(VaultError::Expired { .. })));
}

#[test]
fn a_key_destroyed_since_does_not_come_back() {
    let (disk, mut vault, _) = vault_of(3, 1);
    let backup = vault.backup(day(UNTIL), day(TODAY)).unwrap();
    let gone = ids(&vault)[1];
    let wrapped = wrapped_in(&disk)[gone.as_bytes().as_slice()].clone();
    vault.destroy(gone).unwrap();
    // Where the vault itself still knows, and where only the ledger does.
    let by_the_ledger = |id: DataKeyId| id == gone;
    for (disk, destroyed) in
        [(disk.snapshot(), &nothing as &dyn Fn(DataKeyId) -> bool), (CrashDisk::new(), &by_the_ledger)]
    {
        let (restored, done) = restore(&disk, &backup, destroyed).unwrap();
        assert_eq!(done.withheld, 1);
        assert!(matches!(restored.key(gone).unwrap(), KeyState::Destroyed));
        assert!(matches!(open(&disk).unwrap().key(gone).unwrap(), KeyState::Destroyed));
        assert_eq!(restored.keys().filter(|(_, destroyed)| !destroyed).count(), 2);
        for path in disk.paths() {
            assert!(!contains(&disk.read(&path).unwrap().unwrap(), &wrapped), "{path}");
        }
    }
}

#[test]
fn a_key_the_ledger_calls_destroyed_goes_even_if_the_folder_still_has_it() {
    let (disk, mut vault, _) = vault_of(3, 1);
    let backup = vault.backup(day(UNTIL), day(TODAY)).unwrap();
    let gone = ids(&vault)[0];
    let (restored, done) = restore(&disk, &backup, &|id| id == gone).unwrap();
    assert_eq!(done, Restored { kept: 2, withheld: 1, ..Restored::default() });
    assert!(matches!(restored.key(gone).unwrap(), KeyState::Destroyed));
}

#[test]
fn damaged_slots_are_mended_and_newer_keys_are_kept() {
    let (disk, mut vault, mut entropy) = vault_of(4, 1);
    let backup = vault.backup(day(UNTIL), day(TODAY)).unwrap();
    vault.new_key(&mut entropy).unwrap();
    let whole = disk.read("vault/keys").unwrap().unwrap();
    for at in [4096 + 128 * 2 + 60, 100] {
        let disk = disk.snapshot();
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        disk.write("vault/keys", &damaged).unwrap();
        assert!(open(&disk).is_err());
        let (_, done) = restore(&disk, &backup, &nothing).unwrap();
        let slot_was_damaged = u32::from(at > 4096);
        assert_eq!(
            (done.kept, done.brought_back, done.unreadable),
            (5 - slot_was_damaged, slot_was_damaged, slot_was_damaged)
        );
        let restored = open(&disk).unwrap();
        for id in ids(&vault) {
            assert_eq!(secret(&restored, id), secret(&vault, id), "{id}");
        }
    }
}

#[test]
fn a_half_done_destruction_is_finished_by_a_restoration() {
    let (disk, mut vault, _) = vault_of(3, 1);
    let backup = vault.backup(day(UNTIL), day(TODAY)).unwrap();
    let gone = ids(&vault)[1];
    disk.halt_after(5);
    assert!(vault.destroy(gone).is_err());
    for disk in [disk.kill(), disk.crash(1), disk.crash(2)] {
        let (restored, _) = restore(&disk, &backup, &nothing).unwrap();
        assert!(matches!(restored.key(gone).unwrap(), KeyState::Destroyed));
        assert!(matches!(open(&disk).unwrap().key(gone).unwrap(), KeyState::Destroyed));
    }
}

#[test]
fn every_flipped_bit_of_a_backup_is_found_and_nothing_is_changed() {
    let (_, mut vault, _) = vault_of(2, 1);
    let backup = vault.backup(day(UNTIL), day(TODAY)).unwrap();
    for bit in (0..backup.len() * 8).filter(|bit| !(1100..4000).contains(&(bit / 8)) || bit % 97 == 0) {
        let mut changed = backup.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let disk = CrashDisk::new();
        let refused = restore(&disk, &changed, &nothing);
        assert!(matches!(refused, Err(VaultError::BackupDamaged { .. })), "bit {bit}");
        assert!(disk.paths().is_empty());
    }
    for length in [0, 31, 32, 200, backup.len() - 1] {
        assert!(matches!(
            restore(&CrashDisk::new(), &backup[..length], &nothing),
            Err(VaultError::BackupDamaged { .. })
        ));
    }
}

#[test]
fn a_backup_of_another_vault_is_refused_and_nothing_is_changed() {
    let (_, mut theirs, _) = vault_of(2, 1);
    let backup = theirs.backup(day(UNTIL), day(TODAY)).unwrap();
    let (disk, ours, _) = vault_of(2, 2);
    let before = disk.read("vault/keys").unwrap();
    assert!(matches!(restore(&disk, &backup, &nothing), Err(VaultError::OtherVault { .. })));
    assert_eq!(disk.read("vault/keys").unwrap(), before);
    assert_eq!(ids(&open(&disk).unwrap()), ids(&ours));
}

#[test]
fn a_backup_from_before_a_change_of_the_master_key_needs_both() {
    let (disk, mut vault, mut entropy) = vault_of(2, 1);
    let backup = vault.backup(day(UNTIL), day(TODAY)).unwrap();
    vault.change_master(&key_of(&OTHER), &mut entropy).unwrap();
    let (id, _) = vault.new_key(&mut entropy).unwrap();
    let restore = |masters: &[&_]| {
        let disk = Arc::new(disk.snapshot());
        Vault::restore(disk.clone(), &backup, masters, &nothing, day(TODAY), &mut Seeded::new(5))
            .map(|restored| (disk, restored))
    };
    assert!(matches!(restore(&[&OTHER]), Err(VaultError::WrongMaster { path }) if path == "backup"));
    assert!(matches!(restore(&[&MASTER]), Err(VaultError::WrongMaster { path }) if path == "vault/keys"));
    let (disk, (_, done)) = restore(&[&OTHER, &MASTER]).unwrap();
    assert_eq!(done.kept, 3);
    let opened = Vault::open(disk, &OTHER).unwrap();
    assert_eq!(secret(&opened, id), secret(&vault, id));
}

#[test]
fn a_backup_is_registered_before_it_is_handed_out() {
    let (disk, vault, _) = vault_of(1, 1);
    drop(vault);
    let top = FaultyDisk::new(Arc::new(disk.clone()));
    for number in 0..4 {
        let mut vault = Vault::open(Arc::new(top.clone()), &MASTER).unwrap();
        top.fail(Fault::any(Failing::Undone, Reason::Device).after(number));
        assert!(vault.backup(day(UNTIL), day(TODAY)).is_err(), "{number}");
        top.heal();
    }
    let mut vault = open(&disk).unwrap();
    let backup = vault.backup(day(UNTIL), day(TODAY)).unwrap();
    let vault = open(&disk.crash(3)).unwrap();
    let digest = &backup[backup.len() - 32..];
    assert!(vault.backups().iter().any(|entry| entry.digest.0 == digest));
}

#[test]
fn the_last_expiry_is_the_latest_day_of_all_backups_about() {
    let (disk, mut vault, _) = vault_of(1, 1);
    assert_eq!(vault.last_expiry(), None);
    for until in ["2027-03-01", "2027-06-30", "2026-12-31"] {
        vault.backup(day(until), day(TODAY)).unwrap();
    }
    assert_eq!(open(&disk).unwrap().last_expiry(), Some(day("2027-06-30")));
    vault.backup(day("2027-05-01"), day("2027-04-01")).unwrap();
    let kept: Vec<_> = vault.backups().iter().map(|entry| entry.expires).collect();
    assert_eq!(kept, [day("2027-06-30"), day("2027-05-01")]);
}

#[test]
fn a_restoration_interrupted_anywhere_can_be_done_again() {
    let (disk, mut vault, mut entropy) = vault_of(3, 1);
    let backup = vault.backup(day(UNTIL), day(TODAY)).unwrap();
    vault.new_key(&mut entropy).unwrap();
    let gone = ids(&vault)[1];
    let mut damaged = disk.read("vault/keys").unwrap().unwrap();
    damaged[4096 + 70] ^= 1;
    disk.write("vault/keys", &damaged).unwrap();
    disk.sync_all().unwrap();
    let mut changes = 0;
    loop {
        let disk = disk.snapshot();
        disk.halt_after(changes);
        if restore(&disk, &backup, &|id| id == gone).is_ok() {
            break;
        }
        for disk in [disk.kill(), disk.crash(changes), disk.crash(changes + 100)] {
            let (restored, _) = restore(&disk, &backup, &|id| id == gone).unwrap();
            for id in ids(&vault) {
                let expected = secret(&vault, id).filter(|_| id != gone);
                assert_eq!(secret(&restored, id), expected, "{id} after {changes} operations");
            }
        }
        changes += 1;
    }
    assert!(changes > 10, "it has only {changes} operations");
}
