//! The shelf: what was put is there and is what it was, whatever the disk does.

#![cfg(test)]

#[cfg(test)]
mod crashes;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod sweeps;

use attachment::{Digest, GetError, PutError, Seal, Shelf, Stored};
use ledger::disk::{Disk, Folder};
use model::DataKeyId;
use proof::seal::DataKey;
use proptest::prelude::*;
use sha2::Digest as _;
use std::io::{Error, ErrorKind, Read, Write};
use std::sync::Arc;
use testkit::{CrashDisk, SeededEntropy, TemporaryFolder};

pub(crate) const ID: DataKeyId = DataKeyId::from_bytes([5; 16]);
pub(crate) const LIMIT: u64 = 10 << 20;

pub(crate) fn key() -> DataKey {
    DataKey::from_bytes([7; 32])
}

pub(crate) fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8 ^ seed).collect()
}

pub(crate) fn put(shelf: &Shelf, content: &[u8]) -> Result<Stored, PutError> {
    shelf.put(&mut &content[..], LIMIT, None)
}

pub(crate) fn put_sealed(shelf: &Shelf, content: &[u8], seed: u64) -> Result<Stored, PutError> {
    let entropy = &mut SeededEntropy::new(seed);
    shelf.put(&mut &content[..], LIMIT, Some(Seal { key: &key(), id: ID, entropy }))
}

pub(crate) fn fetch(shelf: &Shelf, stored: &Stored) -> Result<Vec<u8>, GetError> {
    let key = key();
    let reader = shelf.get(stored.digest, stored.sealed.map(|id| (&key, id)))?;
    Ok(reader.read_all(LIMIT)?.to_vec())
}

fn on(disk: &CrashDisk) -> Shelf {
    Shelf::new(Arc::new(disk.clone()))
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_bytes(sha2::Sha256::digest(bytes).into())
}

#[test]
fn a_file_says_which_key_it_is_sealed_under() {
    let shelf = on(&CrashDisk::new());
    let clear = put(&shelf, b"clear").unwrap();
    let sealed = put_sealed(&shelf, b"secret", 1).unwrap();
    assert_eq!(shelf.claimed_key(clear.digest).unwrap(), None);
    assert_eq!(shelf.claimed_key(put(&shelf, b"").unwrap().digest).unwrap(), None);
    assert_eq!(shelf.claimed_key(sealed.digest).unwrap(), Some(ID));
    assert!(matches!(shelf.claimed_key(sha256(b"none")), Err(GetError::Missing { .. })));
}

#[test]
fn what_is_put_is_kept_by_the_digest_of_its_stored_bytes() {
    let disk = CrashDisk::new();
    let shelf = on(&disk);
    for length in [0, 1, 65_535, 65_536, 65_537, 300_000] {
        let content = content(length, 0);
        let plain = put(&shelf, &content).unwrap();
        assert_eq!(plain, Stored { digest: sha256(&content), size: length as u64, sealed: None });
        assert_eq!(disk.read(&plain.digest.path()).unwrap().unwrap(), content);
        assert_eq!(fetch(&shelf, &plain).unwrap(), content);

        let sealed = put_sealed(&shelf, &content, 1).unwrap();
        let bytes = disk.read(&sealed.digest.path()).unwrap().unwrap();
        assert_eq!(sealed, Stored { digest: sha256(&bytes), size: length as u64, sealed: Some(ID) });
        assert_eq!(fetch(&shelf, &sealed).unwrap(), content);
        let without_key = shelf.get(sealed.digest, None).unwrap().read_all(LIMIT).unwrap();
        assert_eq!(*without_key, bytes);
        assert!(length < 100 || !bytes.windows(32).any(|window| content.starts_with(window)));
    }
}

#[test]
fn the_same_content_twice_is_one_file_in_clear_and_two_under_seal() {
    let disk = CrashDisk::new();
    let shelf = on(&disk);
    let content = content(1000, 1);
    let first = put(&shelf, &content).unwrap();
    assert_eq!(put(&shelf, &content).unwrap(), first);
    assert_eq!(disk.paths(), [first.digest.path()]);
    let (one, two) = (put_sealed(&shelf, &content, 1).unwrap(), put_sealed(&shelf, &content, 2).unwrap());
    assert_ne!(one.digest, two.digest);
    assert_eq!(disk.paths().len(), 3);
}

#[test]
fn what_is_too_long_is_not_kept() {
    let disk = CrashDisk::new();
    let shelf = on(&disk);
    let content = content(1000, 1);
    assert!(shelf.put(&mut &content[..], 1000, None).is_ok());
    for limit in [0, 1, 999] {
        assert!(matches!(shelf.put(&mut &content[..], limit, None), Err(PutError::TooBig { .. })));
    }
    let mut endless = std::io::repeat(0);
    assert!(matches!(shelf.put(&mut endless, 1 << 20, None), Err(PutError::TooBig { .. })));
    assert_eq!(disk.paths().len(), 1);
}

/// Gives some bytes, is interrupted, and breaks off.
struct BreaksOff(u32);

impl Read for BreaksOff {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0 += 1;
        match self.0 {
            2 => Err(ErrorKind::Interrupted.into()),
            4 => Err(ErrorKind::ConnectionReset.into()),
            _ => {
                buffer.fill(1);
                Ok(buffer.len())
            }
        }
    }
}

#[test]
fn what_breaks_off_is_not_kept() {
    let disk = CrashDisk::new();
    let shelf = on(&disk);
    let error = shelf.put(&mut BreaksOff(0), LIMIT, None).unwrap_err();
    assert!(matches!(error, PutError::Source(_)), "{error}");
    assert!(disk.paths().is_empty());
    assert!(error.told().en.contains("broke off"));
}

/// Keeps what it is given, up to a length.
struct Sink(Vec<u8>, usize);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > self.1 {
            return Err(Error::from(ErrorKind::BrokenPipe));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_changed_file_is_never_given_out_whole() {
    for sealed in [false, true] {
        let disk = CrashDisk::new();
        let shelf = on(&disk);
        let content = content(140_000, 3);
        let stored = if sealed { put_sealed(&shelf, &content, 1) } else { put(&shelf, &content) }.unwrap();
        let path = stored.digest.path();
        let bytes = disk.read(&path).unwrap().unwrap();
        let mut changes: Vec<Vec<u8>> = [0, 8, 30, 43, 70_000, bytes.len() - 1]
            .into_iter()
            .map(|at| {
                let mut changed = bytes.clone();
                changed[at] ^= 4;
                changed
            })
            .collect();
        changes.push(bytes[..bytes.len() - 1].to_vec());
        changes.push(bytes[..65_536].to_vec());
        changes.push([&bytes[..], b"x"].concat());
        changes.push(Vec::new());
        for changed in changes {
            disk.write(&path, &changed).unwrap();
            let key = key();
            let reader = shelf.get(stored.digest, stored.sealed.map(|id| (&key, id)));
            let mut out = Sink(Vec::new(), usize::MAX);
            let error = match reader {
                Ok(reader) => reader.copy_to(&mut out).unwrap_err(),
                Err(error) => error,
            };
            let told = error.told();
            assert!(told.en.contains(&path) && told.zh.contains(&path), "{error}");
            assert!(out.0.len() < changed.len().max(1), "all of a wrong file was given out: {error}");
            assert!(fetch(&shelf, &stored).is_err());
        }
        // Put again, it is whole again.
        if !sealed {
            put(&shelf, &content).unwrap();
            assert_eq!(fetch(&shelf, &stored).unwrap(), content);
        }
    }
}

#[test]
fn each_turned_byte_of_a_file_is_refused() {
    let disk = CrashDisk::new();
    let shelf = on(&disk);
    for stored in [put(&shelf, &content(700, 1)).unwrap(), put_sealed(&shelf, &content(700, 1), 1).unwrap()] {
        let path = stored.digest.path();
        let bytes = disk.read(&path).unwrap().unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            disk.write(&path, &changed).unwrap();
            let error = fetch(&shelf, &stored).unwrap_err();
            assert!(matches!(error, GetError::Changed { .. } | GetError::Seal { .. }), "{at}: {error}");
        }
    }
}

#[test]
fn whoever_asks_for_too_little_or_breaks_off_is_told() {
    let shelf = on(&CrashDisk::new());
    let stored = put(&shelf, &content(100_000, 1)).unwrap();
    let reader = || shelf.get(stored.digest, None).unwrap();
    assert!(reader().read_all(100_000).is_ok());
    assert!(matches!(reader().read_all(99_999), Err(GetError::TooBig { .. })));
    assert!(matches!(reader().copy_to(&mut Sink(Vec::new(), 70_000)), Err(GetError::Sink(_))));
    let mut out = Sink(Vec::new(), usize::MAX);
    assert_eq!(reader().copy_to(&mut out).unwrap(), 100_000);
    assert_eq!(out.0, content(100_000, 1));
}

#[test]
fn another_key_or_none_opens_nothing() {
    let shelf = on(&CrashDisk::new());
    let sealed = put_sealed(&shelf, b"secret", 1).unwrap();
    let plain = put(&shelf, b"in clear").unwrap();
    let (key, other) = (key(), DataKey::from_bytes([1; 32]));
    let broken = shelf.get(sealed.digest, Some((&other, ID))).unwrap().read_all(LIMIT).unwrap_err();
    assert!(broken.told().en.contains("wrong key"), "{broken}");
    let Err(named) = shelf.get(sealed.digest, Some((&key, DataKeyId::from_bytes([6; 16])))) else {
        panic!("it opened")
    };
    assert!(named.told().zh.contains(&ID.to_string()));
    let Err(clear) = shelf.get(plain.digest, Some((&key, ID))) else { panic!("it opened") };
    assert!(clear.told().en.contains("should be sealed"), "{clear}");
}

#[test]
fn what_is_removed_is_gone_and_is_removed_once() {
    let disk = CrashDisk::new();
    let shelf = on(&disk);
    let stored = put(&shelf, b"to be destroyed").unwrap();
    assert!(shelf.has(stored.digest).unwrap());
    assert!(shelf.remove(stored.digest).unwrap());
    assert!(!shelf.has(stored.digest).unwrap());
    assert!(!shelf.remove(stored.digest).unwrap());
    assert!(matches!(fetch(&shelf, &stored), Err(GetError::Missing { .. })));
    for seed in 0..50 {
        assert!(disk.crash(seed).paths().is_empty());
    }
}

#[test]
fn files_lie_in_a_real_folder_as_the_format_says() {
    let folder = TemporaryFolder::new();
    let shelf = Shelf::new(Arc::new(Folder::new(folder.path())));
    assert_eq!(shelf.sweep(None).unwrap(), attachment::Swept::default());
    let plain = put(&shelf, &content(200_000, 1)).unwrap();
    let sealed = put_sealed(&shelf, &content(200_000, 1), 3).unwrap();
    for stored in [plain, sealed] {
        let path = folder.path().join(stored.digest.path());
        assert_eq!(sha256(&std::fs::read(&path).unwrap()), stored.digest);
        assert_eq!(fetch(&shelf, &stored).unwrap(), content(200_000, 1));
    }
    let in_folder = std::fs::read_dir(folder.path().join("attachments")).unwrap();
    assert!(in_folder.map(|entry| entry.unwrap().file_name()).all(|name| name.len() == 2));
    assert!(shelf.remove(plain.digest).unwrap());
    assert!(!shelf.remove(plain.digest).unwrap());
    assert!(matches!(fetch(&shelf, &plain), Err(GetError::Missing { .. })));
}

#[test]
fn many_put_at_once_and_all_are_there() {
    let folder = TemporaryFolder::new();
    let shelf = Shelf::new(Arc::new(Folder::new(folder.path())));
    let all: Vec<Stored> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u8)
            .map(|n| {
                let shelf = shelf.clone();
                // Two and two the same content.
                scope.spawn(move || {
                    (0..5).map(|m| put(&shelf, &content(70_000, n / 2 + 10 * m)).unwrap()).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(all.iter().all(|stored| fetch(&shelf, stored).is_ok()));
    assert_eq!(shelf.sweep(None).unwrap().unfinished, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn content_goes_there_and_back(bytes in proptest::collection::vec(any::<u8>(), 0..3000), sealed: bool, seed: u64) {
        let shelf = on(&CrashDisk::new());
        let stored = if sealed { put_sealed(&shelf, &bytes, seed) } else { put(&shelf, &bytes) }.unwrap();
        prop_assert_eq!(stored.size, bytes.len() as u64);
        prop_assert_eq!(fetch(&shelf, &stored).unwrap(), bytes);
    }
}
