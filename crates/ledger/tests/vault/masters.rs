//! Where a master key comes from, and what is refused.

use crate::{MASTER, Seeded, key_of, write_file};
use ledger::entropy::MachineEntropy;
use ledger::master::{Argon2Cost, CREDENTIAL, Kdf, MasterError, MasterSecret, MasterSource};
use ledger::vault::{KeyState, Vault, VaultError};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::sync::Arc;
use testkit::{CrashDisk, TemporaryFolder};
use zeroize::Zeroizing;

const CHEAP: Argon2Cost = Argon2Cost { memory_kib: 64, passes: 1, lanes: 1 };

/// A folder with a data folder in it.
fn folders() -> (TemporaryFolder, PathBuf) {
    let folder = TemporaryFolder::new();
    let data = folder.path().join("ward-data");
    fs::create_dir(&data).unwrap();
    (folder, data)
}

fn passphrase(text: &str) -> Result<MasterSecret, MasterError> {
    MasterSecret::from_passphrase(Zeroizing::new(text.to_owned()))
}

#[test]
fn a_new_key_file_is_for_its_owner_only_and_opens_what_it_sealed() {
    let (folder, data) = folders();
    let path = folder.path().join("master.key");
    let made = MasterSecret::make_key_file(&path, &data, &mut MachineEntropy).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let disk = CrashDisk::new();
    let mut vault = Vault::create(Arc::new(disk.clone()), &key_of(&made), &mut MachineEntropy).unwrap();
    let (id, _) = vault.new_key(&mut MachineEntropy).unwrap();
    let read = MasterSecret::from_key_file(&path, &data).unwrap();
    assert_eq!(read.source(), &MasterSource::KeyFile(path));
    let vault = Vault::open(Arc::new(disk), &read).unwrap();
    assert!(matches!(vault.key(id).unwrap(), KeyState::Here(_)));
}

#[test]
fn a_new_key_file_never_takes_the_place_of_another() {
    let (folder, data) = folders();
    let path = folder.path().join("master.key");
    write_file(&path, b"precious");
    let made = MasterSecret::make_key_file(&path, &data, &mut Seeded::new(1));
    assert!(matches!(made, Err(MasterError::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_key_file_inside_the_data_folder_is_neither_made_nor_taken() {
    let (folder, data) = folders();
    let inside = data.join("master.key");
    let made = MasterSecret::make_key_file(&inside, &data, &mut Seeded::new(1));
    assert!(matches!(made, Err(MasterError::Inside { .. })));
    assert!(!inside.exists());

    let outside = folder.path().join("master.key");
    MasterSecret::make_key_file(&outside, &data, &mut Seeded::new(1)).unwrap();
    fs::rename(&outside, &inside).unwrap();
    symlink(&inside, &outside).unwrap();
    let winding = folder.path().join("ward-data/../ward-data/master.key");
    for path in [inside, outside, winding] {
        let taken = MasterSecret::from_key_file(&path, &data);
        assert!(matches!(taken, Err(MasterError::Inside { .. })), "{}", path.display());
    }
}

#[test]
fn a_key_file_that_others_may_use_is_refused() {
    let (folder, data) = folders();
    let path = folder.path().join("master.key");
    MasterSecret::make_key_file(&path, &data, &mut Seeded::new(1)).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let taken = MasterSecret::from_key_file(&path, &data);
        assert!(matches!(taken, Err(MasterError::Permissions { mode: found, .. }) if found == mode));
    }
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    MasterSecret::from_key_file(&path, &data).unwrap();
}

#[test]
fn what_is_not_base64_of_32_bytes_is_no_key() {
    let (folder, data) = folders();
    let path = folder.path().join("master.key");
    let good = proof::base64::encode(&[7; 32]);
    for text in [
        String::new(),
        "\n".to_owned(),
        good[..40].to_owned(),
        format!("{good}\n\n"),
        format!(" {good}"),
        format!("{good}{good}"),
        proof::base64::encode(&[7; 31]),
    ] {
        write_file(&path, text.as_bytes());
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert!(
            matches!(MasterSecret::from_key_file(&path, &data), Err(MasterError::Form { .. })),
            "{text:?}"
        );
    }
    write_file(&path, good.as_bytes());
    MasterSecret::from_key_file(&path, &data).unwrap();
}

#[test]
fn a_missing_file_or_credential_is_told_by_its_path() {
    let (folder, data) = folders();
    let path = folder.path().join("nowhere.key");
    let error = MasterSecret::from_key_file(&path, &data).unwrap_err();
    assert!(error.told().en.contains("nowhere.key") && error.told().zh.contains("nowhere.key"));
    let error = MasterSecret::from_credential(folder.path()).unwrap_err();
    assert!(error.told().en.contains(CREDENTIAL));
}

#[test]
fn each_source_says_what_it_is_in_both_languages() {
    assert_eq!(MASTER.source(), &MasterSource::Credential);
    let told = MASTER.source().told();
    assert_eq!(told.zh, "主金鑰來源：systemd 憑證 ward-master-key");
    assert_eq!(told.en, "Master key: systemd credential ward-master-key");
    assert_eq!(passphrase("a long passphrase").unwrap().source().told().zh, "主金鑰來源：通行密語");
}

#[test]
fn a_vault_made_with_a_passphrase_opens_with_it_alone() {
    let disk = CrashDisk::new();
    let mut entropy = Seeded::new(1);
    let made_with = passphrase("正確的馬裝上電池釘書機了嗎").unwrap();
    let master = made_with.new_key(CHEAP, &mut entropy).unwrap();
    assert!(matches!(master.kdf(), Kdf::Argon2id { memory_kib: 64, passes: 1, lanes: 1, .. }));
    Vault::create(Arc::new(disk.clone()), &master, &mut entropy).unwrap();
    let open = |secret: &MasterSecret| Vault::open(Arc::new(disk.clone()), secret);
    open(&passphrase("正確的馬裝上電池釘書機了嗎").unwrap()).unwrap();
    let other = passphrase("正確的馬裝上電池釘書機了嗎 ").unwrap();
    assert!(matches!(open(&other), Err(VaultError::WrongMaster { .. })));
    assert!(matches!(open(&MASTER), Err(VaultError::Master(MasterError::PassphraseAsked))));
    let with_key = CrashDisk::new();
    Vault::create(Arc::new(with_key.clone()), &key_of(&MASTER), &mut entropy).unwrap();
    let opened = Vault::open(Arc::new(with_key), &other);
    assert!(matches!(opened, Err(VaultError::Master(MasterError::KeyAsked))));
}

#[test]
fn a_passphrase_gives_another_key_under_each_salt() {
    let secret = passphrase("correct horse battery").unwrap();
    let disk = CrashDisk::new();
    let first = secret.new_key(CHEAP, &mut Seeded::new(1)).unwrap();
    let second = secret.new_key(CHEAP, &mut Seeded::new(2)).unwrap();
    assert_ne!(first.kdf(), second.kdf());
    let mut vault = Vault::create(Arc::new(disk.clone()), &first, &mut Seeded::new(3)).unwrap();
    vault.change_master(&second, &mut Seeded::new(4)).unwrap();
    // The header says which salt; the secret finds the key though it last derived the other.
    secret.key(first.kdf()).unwrap();
    assert_eq!(Vault::open(Arc::new(disk), &secret).unwrap().master().kdf(), second.kdf());
}

#[test]
fn short_passphrases_and_boundless_costs_are_refused() {
    assert!(matches!(passphrase("11 letters."), Err(MasterError::Short { characters: 11 })));
    assert!(passphrase("十二個字的通行密語恰好夠").is_ok());
    let secret = passphrase("correct horse battery").unwrap();
    for cost in [
        Argon2Cost { memory_kib: (1 << 20) + 1, ..CHEAP },
        Argon2Cost { passes: 65, ..CHEAP },
        Argon2Cost { lanes: 17, memory_kib: 1024, ..CHEAP },
        Argon2Cost { memory_kib: 7, ..CHEAP },
        Argon2Cost { passes: 0, ..CHEAP },
    ] {
        let refused = secret.new_key(cost, &mut Seeded::new(1));
        assert!(matches!(refused, Err(MasterError::Cost { .. })), "{cost:?}");
    }
}
