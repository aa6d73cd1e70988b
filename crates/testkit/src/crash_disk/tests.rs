//! Tests of the fake itself: a fake that loses nothing proves nothing, one that loses too much proves too much.

use super::*;
use crate::TemporaryFolder;
use ledger::disk::{Folder, parent, replace};
use std::collections::BTreeSet;

const SEEDS: u64 = 400;

fn with(path: &str, content: &[u8]) -> CrashDisk {
    let disk = CrashDisk::new();
    replace(&disk, path, content).unwrap();
    disk
}

/// What `path` holds after each of many crashes.
fn outcomes(disk: &CrashDisk, path: &str) -> BTreeSet<Option<Vec<u8>>> {
    (0..SEEDS).map(|seed| disk.crash(seed).read(path).unwrap()).collect()
}

#[test]
fn what_was_synced_survives_every_crash() {
    let disk = with("a/b/file", b"kept");
    disk.open("a/b/file").unwrap().write_at(4, b" too").unwrap();
    disk.sync("a/b/file").unwrap();
    assert_eq!(outcomes(&disk, "a/b/file"), BTreeSet::from([Some(b"kept too".to_vec())]));
    assert_eq!(disk.crash(1).list("a").unwrap().unwrap(), ["b/"]);
}

#[test]
fn sync_all_covers_content_names_and_removals() {
    let disk = with("old", b"1");
    disk.write("new", b"2").unwrap();
    disk.remove("old").unwrap();
    disk.sync_all().unwrap();
    assert_eq!(outcomes(&disk, "new"), BTreeSet::from([Some(b"2".to_vec())]));
    assert_eq!(outcomes(&disk, "old"), BTreeSet::from([None]));
}

#[test]
fn a_new_unsynced_file_may_be_missing_empty_short_zero_filled_torn_or_whole() {
    let disk = CrashDisk::new();
    let whole = vec![7u8; 3 * 512];
    disk.write("new", &[]).unwrap();
    let mut file = disk.open("new").unwrap();
    for sector in 0..3 {
        file.write_at(sector * 512, &[7; 512]).unwrap();
    }
    let seen = outcomes(&disk, "new");
    assert!(seen.contains(&None), "missing");
    assert!(seen.contains(&Some(Vec::new())), "empty");
    assert!(seen.contains(&Some(whole[..512].to_vec())), "short");
    assert!(seen.contains(&Some(vec![0; 512])), "zero-filled");
    assert!(
        seen.contains(&Some([[0; 512], [7; 512], [0; 512]].concat())),
        "torn, a later sector before an earlier one"
    );
    assert!(seen.contains(&Some(whole)), "whole");
    for content in seen.into_iter().flatten() {
        assert!(content.chunks(512).all(|sector| *sector == [7; 512] || *sector == [0; 512]));
    }
}

#[test]
fn content_without_its_name_is_gone() {
    let disk = CrashDisk::new();
    disk.write("new", b"x").unwrap();
    disk.sync("new").unwrap();
    assert_eq!(outcomes(&disk, "new"), BTreeSet::from([None, Some(b"x".to_vec())]));
}

#[test]
fn a_write_in_place_is_torn_between_sectors_and_never_within_one() {
    let disk = with("file", &[1; 2048]);
    disk.open("file").unwrap().write_at(256, &[2; 1024]).unwrap();
    let seen = outcomes(&disk, "file");
    // Three sectors are touched, each is old or new.
    assert_eq!(seen.len(), 8);
    for content in seen.into_iter().flatten() {
        assert_eq!(content.len(), 2048);
        assert!(content[..256] == [1; 256] && content[1280..] == [1; 768]);
        for touched in [&content[256..512], &content[512..1024], &content[1024..1280]] {
            assert!(touched.iter().all(|byte| *byte == touched[0]));
        }
    }
}

#[test]
fn later_writes_may_survive_earlier_ones() {
    let disk = with("file", &[0; 1024]);
    let mut file = disk.open("file").unwrap();
    file.write_at(0, &[1; 512]).unwrap();
    file.write_at(512, &[2; 512]).unwrap();
    let seen = outcomes(&disk, "file");
    assert!(seen.contains(&Some([[0; 512], [2; 512]].concat())));
    assert_eq!(seen.len(), 4);
}

#[test]
fn an_emptied_file_may_be_old_empty_new_or_a_mixture() {
    let disk = with("file", &[1; 1024]);
    disk.write("file", &[2; 1024]).unwrap();
    let seen = outcomes(&disk, "file");
    for expected in [vec![1; 1024], vec![], vec![2; 1024], [[1; 512], [2; 512]].concat()] {
        assert!(seen.contains(&Some(expected)));
    }
}

#[test]
fn a_renaming_of_a_synced_file_happens_or_not() {
    let disk = with("file", b"old");
    disk.write("file.new", b"new").unwrap();
    disk.sync("file.new").unwrap();
    disk.rename("file.new", "file").unwrap();
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from([Some(b"old".to_vec()), Some(b"new".to_vec())]));
    for seed in 0..SEEDS {
        let crashed = disk.crash(seed);
        let renamed = crashed.read("file").unwrap().unwrap() == b"new";
        assert!(!(renamed && crashed.read("file.new").unwrap().is_some()), "seed {seed}: under both names");
    }
    disk.sync_folder("").unwrap();
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from([Some(b"new".to_vec())]));
}

#[test]
fn a_renaming_may_overtake_the_content() {
    let disk = with("file", b"old");
    disk.write("file.new", b"new").unwrap();
    disk.rename("file.new", "file").unwrap();
    let seen = outcomes(&disk, "file");
    let expected = [b"old".to_vec(), Vec::new(), vec![0; 3], b"new".to_vec()];
    assert_eq!(seen, expected.into_iter().map(Some).collect());
}

#[test]
fn a_renaming_from_folder_to_folder_may_leave_both_names_or_none() {
    let disk = with("from/file", b"x");
    disk.rename("from/file", "to/file").unwrap();
    let seen: BTreeSet<_> = (0..SEEDS)
        .map(|seed| disk.crash(seed))
        .map(|disk| (disk.read("from/file").unwrap().is_some(), disk.read("to/file").unwrap().is_some()))
        .collect();
    assert_eq!(seen.len(), 4);
    disk.sync_folder("to").unwrap();
    assert_eq!(outcomes(&disk, "to/file"), BTreeSet::from([Some(b"x".to_vec())]));
    assert_eq!(outcomes(&disk, "from/file").len(), 2);
}

#[test]
fn a_removed_file_may_be_back_until_its_folder_is_synced() {
    let disk = with("folder/file", b"x");
    disk.remove("folder/file").unwrap();
    assert_eq!(outcomes(&disk, "folder/file"), BTreeSet::from([None, Some(b"x".to_vec())]));
    disk.sync_folder("").unwrap();
    assert_eq!(outcomes(&disk, "folder/file").len(), 2, "another folder was synced");
    disk.sync_folder("folder").unwrap();
    assert_eq!(outcomes(&disk, "folder/file"), BTreeSet::from([None]));
}

#[test]
fn after_a_kill_everything_is_seen_and_still_not_durable() {
    let disk = CrashDisk::new();
    disk.write("new", b"x").unwrap();
    let killed = disk.kill();
    assert_eq!(killed.read("new").unwrap().unwrap(), b"x");
    assert!(outcomes(&killed, "new").contains(&None));
    killed.sync_all().unwrap();
    assert_eq!(outcomes(&killed, "new").len(), 1);
    assert!(outcomes(&disk, "new").contains(&None), "the other disk is untouched");
}

#[test]
fn pages_the_kernel_dropped_are_seen_and_never_durable() {
    let disk = with("file", b"old");
    let mut file = disk.open("file").unwrap();
    file.write_at(0, b"new").unwrap();
    disk.drop_unsynced("file");
    file.sync().unwrap();
    assert_eq!(disk.read("file").unwrap().unwrap(), b"new");
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from([Some(b"old".to_vec())]));
    file.write_at(3, b"er").unwrap();
    file.sync().unwrap();
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from([Some(b"older".to_vec())]));
}

#[test]
fn the_power_goes_off_in_the_middle_of_the_change_it_was_told() {
    let disk = with("file", b"old");
    disk.halt_after(1);
    disk.open("file").unwrap().write_at(0, b"new").unwrap();
    assert!(!disk.is_halted());
    assert!(disk.sync("file").is_err());
    assert!(disk.is_halted());
    assert!(disk.read("file").is_err() && disk.list("").is_err() && disk.open("file").is_err());
    assert!(disk.write("file", b"x").is_err() && disk.remove("file").is_err() && disk.sync_all().is_err());
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from([Some(b"old".to_vec()), Some(b"new".to_vec())]));
    assert_eq!(disk.kill().read("file").unwrap().unwrap(), b"new");
}

#[test]
fn the_same_seed_gives_the_same_crash_and_a_snapshot_goes_its_own_way() {
    let disk = with("file", &[1; 4096]);
    disk.open("file").unwrap().write_at(0, &[2; 4096]).unwrap();
    let copy = disk.snapshot();
    for seed in 0..50 {
        assert_eq!(disk.crash(seed).read("file").unwrap(), copy.crash(seed).read("file").unwrap());
    }
    disk.write("file", b"changed").unwrap();
    assert_eq!(copy.read("file").unwrap().unwrap(), [2; 4096]);
}

#[test]
fn operations_are_counted_by_what_they_are() {
    let disk = CrashDisk::new();
    replace(&disk, "a", b"1").unwrap();
    disk.read("a").unwrap();
    disk.list("").unwrap();
    disk.open("a").unwrap().write_at(0, b"2").unwrap();
    disk.remove("a").unwrap();
    disk.sync_all().unwrap();
    let counts = disk.counts();
    assert_eq!(counts, Counts { reads: 3, writes: 2, renames: 2, syncs: 3 });
    assert_eq!(counts.changes(), 7);
}

/// While nothing crashes, the fake is a disk like the real one: the same rows of operations give the same results.
#[test]
fn without_a_crash_it_does_what_a_real_folder_does() {
    for seed in 0..60 {
        let mut chance = Chance::new(seed);
        let folder = TemporaryFolder::new();
        let (real, fake) = (Folder::new(folder.path()), CrashDisk::new());
        for step in 0..80 {
            let label = format!("seed {seed}, step {step}");
            let operation = Step::draw(&mut chance);
            assert_eq!(operation.run(&fake), operation.run(&real), "{label}: {operation:?}");
        }
    }
}

#[test]
fn a_crash_gives_no_name_and_no_content_that_never_was() {
    for seed in 0..300 {
        let mut chance = Chance::new(seed);
        let disk = CrashDisk::new();
        let mut written = BTreeSet::from([0]);
        for _ in 0..40 {
            let step = Step::draw(&mut chance);
            if let Step::Write(_, content) | Step::WriteAt(_, _, content) = &step {
                written.extend(content.iter().copied());
            }
            let _ = step.run(&disk);
        }
        let crashed = disk.crash(seed);
        for path in crashed.paths() {
            let content = crashed.read(&path).unwrap().unwrap();
            assert!(content.iter().all(|byte| written.contains(byte)), "seed {seed}, {path}");
            assert!(crashed.list(parent(&path)).unwrap().is_some(), "seed {seed}, {path} in no folder");
        }
    }
}

#[derive(Debug)]
enum Step {
    Write(&'static str, Vec<u8>),
    WriteAt(&'static str, u64, Vec<u8>),
    Rename(&'static str, &'static str),
    Remove(&'static str),
    Sync(&'static str),
    SyncFolder(&'static str),
    Read(&'static str),
    List(&'static str),
}

impl Step {
    fn draw(chance: &mut Chance) -> Self {
        let files = ["a", "b", "f/a", "f/b", "f/g/a"];
        let folders = ["", "f", "f/g", "h"];
        let path = chance.pick(&files).copied().unwrap();
        let folder = chance.pick(&folders).copied().unwrap();
        let mut content = vec![0; chance.below(1500)];
        content.fill(u8::try_from(chance.below(256)).unwrap());
        match chance.below(8) {
            0 => Self::Write(path, content),
            1 => Self::WriteAt(path, chance.below(2000) as u64, content),
            2 => Self::Rename(path, chance.pick(&files).copied().unwrap()),
            3 => Self::Remove(path),
            4 => Self::Sync(path),
            5 => Self::SyncFolder(folder),
            6 => Self::Read(path),
            _ => Self::List(folder),
        }
    }

    /// What it gives, errors as their kind.
    fn run(&self, disk: &dyn Disk) -> Result<String, ErrorKind> {
        let done = |result: Result<(), DiskError>| result.map(|()| String::new());
        let result = match self {
            Self::Write(path, content) => done(disk.write(path, content)),
            Self::WriteAt(path, offset, content) => {
                disk.open(path).and_then(|mut file| done(file.write_at(*offset, content)))
            }
            // What becomes of the folders above the new name when there is no file is nobody's promise.
            Self::Rename(from, _) if disk.read(from).is_ok_and(|content| content.is_none()) => {
                return Ok(String::new());
            }
            Self::Rename(from, to) => done(disk.rename(from, to)),
            Self::Remove(path) => done(disk.remove(path)),
            Self::Sync(path) => done(disk.sync(path)),
            Self::SyncFolder(folder) => done(disk.sync_folder(folder)),
            Self::Read(path) => disk.read(path).map(|content| format!("{content:?}")),
            Self::List(folder) => disk.list(folder).map(|names| format!("{names:?}")),
        };
        result.map_err(|error| error.source.kind())
    }
}
