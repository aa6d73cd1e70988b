//! What the vault guarantees, seen from outside: nothing handed out is lost, nothing destroyed comes back, nothing
//! damaged is taken for whole; through crashes, kills and failing disks.
//!
//! `model` is what a vault should hold; `script` leads both through the same life and compares.

#![cfg(test)]

mod backups;
mod crashes;
mod damage;
mod erasure;
mod keyfiles;
mod masters;
mod model;
mod script;

use ledger::entropy::{Entropy, EntropyError};
use ledger::master::{Argon2Cost, CREDENTIAL, MasterKey, MasterSecret};
use ledger::vault::{KeyState, Vault, VaultError};
use model::day;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use testkit::{Chance, CrashDisk, TemporaryFolder};
use zeroize::Zeroizing;

/// Randomness that a seed gives.
pub(crate) struct Seeded(pub(crate) Chance);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Chance::new(seed))
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(bytes);
        Ok(())
    }
}

/// The master key in use.
pub(crate) static MASTER: LazyLock<MasterSecret> = LazyLock::new(|| secret_of([1; 32]));
/// Another master key.
pub(crate) static OTHER: LazyLock<MasterSecret> = LazyLock::new(|| secret_of([2; 32]));

fn secret_of(key: [u8; 32]) -> MasterSecret {
    let folder = TemporaryFolder::new();
    write_file(&folder.path().join(CREDENTIAL), proof::base64::encode(&key).as_bytes());
    MasterSecret::from_credential(folder.path()).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a file that the machine's owner would have made by hand")]
pub(crate) fn write_file(path: &std::path::Path, content: &[u8]) {
    std::fs::write(path, content).unwrap();
}

pub(crate) fn key_of(secret: &MasterSecret) -> MasterKey {
    secret.new_key(Argon2Cost::DEFAULT, &mut Seeded::new(0)).unwrap()
}

/// A vault with so many keys, and its disk.
pub(crate) fn vault_of(keys: usize, seed: u64) -> (CrashDisk, Vault, Seeded) {
    let (disk, mut entropy) = (CrashDisk::new(), Seeded::new(seed));
    let mut vault = Vault::create(Arc::new(disk.clone()), &key_of(&MASTER), &mut entropy).unwrap();
    for _ in 0..keys {
        vault.new_key(&mut entropy).unwrap();
    }
    (disk, vault, entropy)
}

pub(crate) fn open(disk: &CrashDisk) -> Result<Vault, VaultError> {
    Vault::open(Arc::new(disk.clone()), &MASTER)
}

#[test]
fn a_key_is_the_same_after_opening_anew() {
    let (disk, mut vault, mut entropy) = vault_of(0, 1);
    let (id, key) = vault.new_key(&mut entropy).unwrap();
    let vault = open(&disk).unwrap();
    let KeyState::Here(found) = vault.key(id).unwrap() else { panic!("the key is not here") };
    assert_eq!(found.secret_bytes(), key.secret_bytes());
    assert!(vault.mended().is_empty());
}

#[test]
fn a_key_nobody_made_is_unknown_and_cannot_be_destroyed() {
    let (_, mut vault, _) = vault_of(3, 1);
    let nobodys = ::model::DataKeyId::from_bytes([9; 16]);
    assert!(matches!(vault.key(nobodys).unwrap(), KeyState::Unknown));
    assert!(matches!(vault.destroy(nobodys), Err(VaultError::UnknownKey { id }) if id == nobodys));
}

#[test]
fn a_vault_is_not_made_over_another_one() {
    let (disk, vault, mut entropy) = vault_of(1, 1);
    let again = Vault::create(Arc::new(disk.clone()), &key_of(&MASTER), &mut entropy);
    assert!(matches!(again, Err(VaultError::Exists { path }) if path == "vault/keys"));
    assert_eq!(open(&disk).unwrap().keys().count(), vault.keys().count());
}

#[test]
fn a_folder_without_vault_is_told_apart_from_a_damaged_one() {
    assert!(matches!(open(&CrashDisk::new()), Err(VaultError::NoVault { path: "vault/keys" })));
}

#[test]
fn a_lost_key_file_is_not_replaced_by_an_empty_vault_while_backups_are_about() {
    use ledger::disk::Disk as _;
    let (disk, mut vault, mut entropy) = vault_of(1, 1);
    vault.backup(day("2027-01-31"), day("2026-11-23")).unwrap();
    disk.remove("vault/keys").unwrap();
    let made = Vault::create(Arc::new(disk), &key_of(&MASTER), &mut entropy);
    assert!(matches!(made, Err(VaultError::Exists { path }) if path == "vault/backups"));
}

#[test]
fn a_source_of_randomness_that_repeats_itself_is_refused() {
    let (_, mut vault, _) = vault_of(0, 1);
    vault.new_key(&mut Seeded::new(5)).unwrap();
    assert!(matches!(vault.new_key(&mut Seeded::new(5)), Err(VaultError::Repeated { .. })));
    assert_eq!(vault.keys().count(), 1);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
fn a_hundred_thousand_keys_open_in_well_under_a_second() {
    use ledger::disk::Disk as _;
    let (disk, mut vault, mut entropy) = vault_of(4, 1);
    vault.rotate(&mut entropy).unwrap();
    // Slots do not say where they lie: copies under other ids do for this measurement, with checksums made anew.
    let mut content = disk.read("vault/keys").unwrap().unwrap();
    let slot = content[4096..4096 + 96].to_vec();
    content.truncate(4096);
    for number in 0u128..100_000 {
        let mut slot = slot.clone();
        slot[..16].copy_from_slice(&number.to_be_bytes());
        let check = proof::hash::Hash::of(&[&slot]);
        content.extend_from_slice(&slot);
        content.extend_from_slice(check.as_bytes());
    }
    disk.write("vault/keys", &content).unwrap();
    let start = Instant::now();
    let vault = open(&disk).unwrap();
    let took = start.elapsed();
    assert_eq!(vault.keys().count(), 100_000);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn nothing_shows_a_secret_when_it_is_printed() {
    let (_, mut vault, mut entropy) = vault_of(0, 1);
    let (id, key) = vault.new_key(&mut entropy).unwrap();
    let passphrase =
        MasterSecret::from_passphrase(Zeroizing::new("十二個字元以上的通行密語才可以".to_owned()));
    let shown = format!("{vault:?} {:?} {:?} {passphrase:?} {:?}", key, *MASTER, vault.key(id).unwrap());
    assert!(
        !shown.contains("通行密語") && !shown.contains("[1, 1") && !shown.contains("wrapping"),
        "{shown}"
    );
}
