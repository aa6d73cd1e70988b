//! Each operation of the disk fails: without having happened, half done, done and reported as failed, or dropped.

use super::{content, fetch, put, put_sealed};
use attachment::{PutError, Seal, Shelf, Stored};
use ledger::disk::Disk;
use ledger::entropy::{Entropy, EntropyError};
use std::sync::Arc;
use testkit::{CrashDisk, Failing, Fault, FaultyDisk, Operation, Reason};

fn shelf() -> (CrashDisk, FaultyDisk, Shelf, Stored) {
    let disk = CrashDisk::new();
    let faulty = FaultyDisk::over(&disk);
    let shelf = Shelf::new(Arc::new(faulty.clone()));
    let stored = put(&shelf, &content(2000, 1)).unwrap();
    (disk, faulty, shelf, stored)
}

#[test]
fn each_failing_operation_of_a_put_is_told_and_harms_nothing() {
    let coming = content(150_000, 2);
    for operation in [
        Operation::Write,
        Operation::Open,
        Operation::WriteAt,
        Operation::Sync,
        Operation::Rename,
        Operation::SyncFolder,
    ] {
        for failing in [Failing::Undone, Failing::Half, Failing::Done, Failing::Dropped] {
            for after in 0..3 {
                let (disk, faulty, shelf, before) = shelf();
                faulty.fail(Fault::of(operation, failing, Reason::Device).after(after));
                let outcome = put(&shelf, &coming);
                let at = format!("{operation:?} {failing:?} after {after}");
                if faulty.failures() == 0 {
                    assert!(outcome.is_ok(), "{at}");
                    continue;
                }
                assert!(matches!(outcome, Err(PutError::Disk(_))), "{at}");
                faulty.heal();
                // The next try keeps it, durably.
                let stored = put(&shelf, &coming).unwrap();
                for seed in 0..10 {
                    let after = Shelf::new(Arc::new(disk.crash(seed)));
                    assert_eq!(fetch(&after, &before).unwrap(), content(2000, 1), "{at}");
                    assert_eq!(fetch(&after, &stored).unwrap(), coming, "{at}");
                }
                shelf.sweep(None).unwrap();
                assert_eq!(disk.paths().len(), 2, "{at}: {:?}", disk.paths());
            }
        }
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing_behind() {
    let (disk, faulty, shelf, before) = shelf();
    faulty.limit_room(100_000);
    let error = put(&shelf, &content(150_000, 2)).unwrap_err();
    assert!(error.told().zh.contains("磁碟已滿"), "{error}");
    assert_eq!(disk.paths(), [before.digest.path()]);
    assert!(put(&shelf, &content(90_000, 3)).is_ok());
}

#[test]
fn a_read_only_disk_is_told_and_still_read() {
    let (_, faulty, shelf, before) = shelf();
    faulty.make_read_only();
    let error = put(&shelf, b"x").unwrap_err();
    assert!(error.told().zh.contains("唯讀"), "{error}");
    assert!(fetch(&shelf, &before).is_ok());
    assert!(shelf.remove(before.digest).is_err());
}

/// No randomness today.
struct Dry;

impl Entropy for Dry {
    fn fill(&mut self, _bytes: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError(std::io::Error::other("dry")))
    }
}

#[test]
fn without_randomness_nothing_is_sealed_and_nothing_kept_in_clear() {
    let (disk, _, shelf, before) = shelf();
    let seal = Seal { key: &super::key(), id: super::ID, entropy: &mut Dry };
    let error = shelf.put(&mut &b"secret"[..], 100, Some(seal)).unwrap_err();
    assert!(matches!(error, PutError::Entropy(_)));
    assert_eq!(disk.paths(), [before.digest.path()]);
}

#[test]
fn content_is_never_on_the_disk_in_clear_when_it_is_sealed() {
    let (disk, faulty, shelf, _) = shelf();
    let secret = b"the name of the one who reported it";
    faulty.fail(Fault::of(Operation::Rename, Failing::Undone, Reason::Device));
    faulty.fail(Fault::of(Operation::Remove, Failing::Undone, Reason::Device));
    put_sealed(&shelf, secret, 1).unwrap_err();
    assert!(disk.paths().iter().any(|path| path.ends_with(".new")));
    for path in disk.paths() {
        let bytes = disk.read(&path).unwrap().unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{path}");
    }
}
