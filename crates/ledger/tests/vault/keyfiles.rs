//! Signing keys under the master key.

use crate::{MASTER, OTHER, Seeded, key_of};
use ledger::disk::Disk as _;
use ledger::keyfile::{KeyFile, KeyFileError};
use proof::note::{KeyKind, Note, SignerKey};
use std::sync::Arc;
use testkit::{CrashDisk, Failing, Fault, FaultyDisk, Reason};

const NAME: &str = "ward.taichung.example/ledger";

fn create(disk: &CrashDisk, path: &str, name: &str, kind: KeyKind) -> Result<SignerKey, KeyFileError> {
    KeyFile::create(disk, path, name, kind, &key_of(&MASTER), &mut Seeded::new(1))
}

fn made() -> (CrashDisk, SignerKey) {
    let disk = CrashDisk::new();
    let key = create(&disk, KeyFile::LEDGER, NAME, KeyKind::Ledger).unwrap();
    (disk, key)
}

#[test]
fn a_key_signs_the_same_after_reading_it_anew() {
    for (path, kind) in [(KeyFile::LEDGER, KeyKind::Ledger), ("keys/witness.key", KeyKind::Witness)] {
        let disk = CrashDisk::new();
        let key = create(&disk, path, NAME, kind).unwrap();
        let file = KeyFile::read(&disk.crash(1), path).unwrap();
        assert_eq!(file.verifier(), key.verifier());
        let opened = file.open(&MASTER).unwrap();
        let note = Note::new("text\n", vec![opened.sign("text\n", 5)]).unwrap();
        let _ = note.verify(key.verifier()).unwrap();
        assert_eq!((opened.verifier().kind(), opened.verifier().name()), (kind, NAME));
    }
}

#[test]
fn the_secret_stands_in_no_file() {
    let (disk, _) = made();
    // The secret is what the seed gives first.
    let mut secret = [0; 32];
    Seeded::new(1).0.fill(&mut secret);
    let text = disk.read(KeyFile::LEDGER).unwrap().unwrap();
    assert!(!crate::model::contains(&text, &secret));
    assert!(!crate::model::contains(&text, proof::base64::encode(&secret).as_bytes()));
    assert_eq!(SignerKey::new(NAME, KeyKind::Ledger, &secret).unwrap().verifier(), made().1.verifier());
}

#[test]
fn a_new_key_overwrites_nothing() {
    let (disk, _) = made();
    let before = disk.read(KeyFile::LEDGER).unwrap();
    let again = create(&disk, KeyFile::LEDGER, NAME, KeyKind::Ledger);
    assert!(matches!(again, Err(KeyFileError::Exists { path }) if path == KeyFile::LEDGER));
    assert_eq!(disk.read(KeyFile::LEDGER).unwrap(), before);
}

#[test]
fn a_name_no_key_can_have_makes_no_file() {
    let disk = CrashDisk::new();
    for name in ["", "臺中 市", "a+b"] {
        assert!(matches!(create(&disk, "keys/x", name, KeyKind::Ledger), Err(KeyFileError::Name(_))));
    }
    assert!(disk.paths().is_empty());
}

#[test]
fn missing_damaged_and_wrongly_sealed_are_told_apart() {
    let (disk, _) = made();
    let file = KeyFile::read(&disk, KeyFile::LEDGER).unwrap();
    assert!(matches!(file.open(&OTHER), Err(KeyFileError::WrongMaster { .. })));
    assert!(
        matches!(KeyFile::read(&disk, "keys/none"), Err(KeyFileError::Missing { path }) if path == "keys/none")
    );
    let whole = disk.read(KeyFile::LEDGER).unwrap().unwrap();
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        disk.write(KeyFile::LEDGER, &changed).unwrap();
        assert!(
            matches!(KeyFile::read(&disk, KeyFile::LEDGER), Err(KeyFileError::Damaged { .. })),
            "bit {bit}"
        );
    }
}

#[test]
fn a_vkey_put_in_place_of_another_does_not_open() {
    let (disk, _) = made();
    let stranger = SignerKey::new(NAME, KeyKind::Ledger, &[9; 32]).unwrap();
    let text = String::from_utf8(disk.read(KeyFile::LEDGER).unwrap().unwrap()).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    file["vkey"] = stranger.verifier().to_string().into();
    file.as_object_mut().unwrap().remove("check");
    let check = proof::hash::Hash::of(&[&proof::json::to_canonical(&file).unwrap()]);
    file["check"] = check.to_string().into();
    let mut text = proof::json::to_canonical(&file).unwrap();
    text.push(b'\n');
    disk.write(KeyFile::LEDGER, &text).unwrap();
    // The seal binds the vkey, so that it is the seal that breaks.
    let opened = KeyFile::read(&disk, KeyFile::LEDGER).unwrap().open(&MASTER);
    assert!(matches!(opened, Err(KeyFileError::WrongMaster { .. })));
}

#[test]
fn resealing_moves_the_key_to_the_new_master_and_leaves_nothing_under_the_old() {
    let (disk, key) = made();
    let old = disk.read(KeyFile::LEDGER).unwrap().unwrap();
    for _ in 0..2 {
        KeyFile::reseal(&disk, KeyFile::LEDGER, &MASTER, &key_of(&OTHER), &mut Seeded::new(2)).unwrap();
        let file = KeyFile::read(&disk, KeyFile::LEDGER).unwrap();
        assert_eq!(file.open(&OTHER).unwrap().verifier(), key.verifier());
        assert!(matches!(file.open(&MASTER), Err(KeyFileError::WrongMaster { .. })));
        assert_eq!(disk.paths(), [KeyFile::LEDGER]);
    }
    assert_ne!(disk.read(KeyFile::LEDGER).unwrap().unwrap(), old);
}

#[test]
fn resealing_interrupted_anywhere_loses_no_key_and_can_be_done_again() {
    let (disk, key) = made();
    let reseal = |disk: &CrashDisk| {
        KeyFile::reseal(disk, KeyFile::LEDGER, &MASTER, &key_of(&OTHER), &mut Seeded::new(2))
    };
    let mut changes = 0;
    loop {
        let disk = disk.snapshot();
        disk.halt_after(changes);
        if reseal(&disk).is_ok() {
            break;
        }
        for disk in [disk.kill(), disk.crash(changes), disk.crash(changes + 50), disk.crash(changes + 99)] {
            let file = KeyFile::read(&disk, KeyFile::LEDGER).unwrap();
            let opened = file.open(&MASTER).or_else(|_| file.open(&OTHER)).unwrap();
            assert_eq!(opened.verifier(), key.verifier());
            reseal(&disk).unwrap();
            let file = KeyFile::read(&disk.crash(1), KeyFile::LEDGER).unwrap();
            assert_eq!(file.open(&OTHER).unwrap().verifier(), key.verifier());
            assert_eq!(disk.paths(), [KeyFile::LEDGER]);
        }
        changes += 1;
    }
    assert!(changes > 8, "it has only {changes} operations");
}

#[test]
fn a_key_that_was_not_made_durable_is_not_handed_out() {
    for (failing, number) in [Failing::Undone, Failing::Half, Failing::Done].into_iter().flat_map(|failing| {
        // Writing, syncing, renaming, syncing the folder, behind the two questions whether the file is there.
        (0..6).map(move |number| (failing, number))
    }) {
        let disk = CrashDisk::new();
        let top = FaultyDisk::new(Arc::new(disk));
        top.fail(Fault::any(failing, Reason::DiskFull).after(number));
        let made = KeyFile::create(
            &top,
            KeyFile::LEDGER,
            NAME,
            KeyKind::Ledger,
            &key_of(&MASTER),
            &mut Seeded::new(1),
        );
        assert!(matches!(&made, Err(KeyFileError::Disk(error)) if error.is_full()), "{failing:?} {number}");
    }
}

#[test]
fn a_key_left_by_a_process_that_was_killed_outlasts_a_crash_once_it_was_read() {
    for changes in 0..4 {
        let disk = CrashDisk::new();
        disk.halt_after(changes);
        assert!(create(&disk, KeyFile::LEDGER, NAME, KeyKind::Ledger).is_err());
        let disk = disk.kill();
        let Ok(file) = KeyFile::read(&disk, KeyFile::LEDGER) else { continue };
        for seed in 0..16 {
            let again = KeyFile::read(&disk.crash(seed), KeyFile::LEDGER).unwrap();
            assert_eq!(again.verifier(), file.verifier());
        }
    }
}
