//! Tests of the fake itself: it fails what it was told to, how it was told, and nothing else.

use super::*;
use crate::CrashDisk;
use ledger::disk::replace;

fn disks() -> (FaultyDisk, CrashDisk) {
    let inner = CrashDisk::new();
    (FaultyDisk::new(Arc::new(inner.clone())), inner)
}

fn holds(disk: &CrashDisk, path: &str, content: &[u8]) -> bool {
    disk.read(path).unwrap().as_deref() == Some(content)
}

#[test]
fn a_write_fails_undone_half_done_or_done() {
    for (failing, left) in
        [(Failing::Undone, None), (Failing::Half, Some("ab")), (Failing::Done, Some("abcd"))]
    {
        let (disk, inner) = disks();
        disk.fail(Fault::of(Operation::Write, failing, Reason::Device));
        let error = disk.write("file", b"abcd").unwrap_err();
        assert_eq!((error.act, error.path.as_str()), ("write", "file"));
        assert_eq!(inner.read("file").unwrap().as_deref(), left.map(str::as_bytes));
        disk.write("file", b"efgh").unwrap();
        assert!(holds(&inner, "file", b"efgh"));
        assert_eq!(disk.failures(), 1);
    }
}

#[test]
fn a_write_in_place_fails_undone_half_done_or_done() {
    for (failing, left) in [(Failing::Undone, "...."), (Failing::Half, ".a.."), (Failing::Done, ".ab.")] {
        let (disk, inner) = disks();
        inner.write("file", b"....").unwrap();
        disk.fail(Fault::of(Operation::WriteAt, failing, Reason::Device));
        assert!(disk.open("file").unwrap().write_at(1, b"ab").is_err());
        assert!(holds(&inner, "file", left.as_bytes()), "{failing:?}");
    }
}

#[test]
fn renaming_removing_and_syncing_fail_undone_or_done() {
    for (failing, happened) in [(Failing::Undone, false), (Failing::Done, true)] {
        let (disk, inner) = disks();
        replace(&inner, "a", b"1").unwrap();
        replace(&inner, "b", b"2").unwrap();
        disk.fail(Fault::of(Operation::Rename, failing, Reason::Device));
        disk.fail(Fault::of(Operation::Remove, failing, Reason::Device));
        assert!(disk.rename("a", "c").is_err());
        assert_eq!(holds(&inner, "c", b"1"), happened);
        assert!(disk.remove("b").is_err());
        assert_eq!(inner.read("b").unwrap().is_none(), happened);

        inner.write("d", b"3").unwrap();
        inner.sync_folder("").unwrap();
        disk.fail(Fault::of(Operation::Sync, failing, Reason::Device));
        assert!(disk.sync("d").is_err());
        assert_eq!((0..50).all(|seed| holds(&inner.crash(seed), "d", b"3")), happened);
    }
}

#[test]
fn only_the_operation_of_that_kind_path_and_number_fails() {
    let (disk, _) = disks();
    disk.fail(Fault::of(Operation::Write, Failing::Undone, Reason::Device).at("log/*.new").after(1));
    disk.write("log/a.new", b"1").unwrap();
    disk.write("log/a", b"1").unwrap();
    disk.write("other.new", b"1").unwrap();
    disk.sync("log/a.new").unwrap();
    assert!(disk.write("log/b/c.new", b"1").is_err());
    disk.write("log/b/c.new", b"1").unwrap();
    assert_eq!(disk.performed().len(), 6);
    assert_eq!(disk.performed()[4], (Operation::Write, "log/b/c.new".to_owned()));
}

#[test]
fn a_lasting_fault_lasts_until_healed() {
    let (disk, _) = disks();
    disk.fail(Fault::any(Failing::Undone, Reason::DiskFull).for_ever());
    for _ in 0..5 {
        assert!(disk.write("file", b"1").unwrap_err().is_full());
        assert!(disk.read("file").is_err());
    }
    disk.heal();
    disk.write("file", b"1").unwrap();
}

#[test]
fn a_read_only_disk_is_read_and_not_changed() {
    let (disk, inner) = disks();
    disk.write("file", b"1").unwrap();
    disk.make_read_only();
    assert_eq!(disk.read("file").unwrap().unwrap(), b"1");
    assert!(disk.write("file", b"2").unwrap_err().is_read_only());
    assert!(disk.remove("file").unwrap_err().is_read_only());
    assert!(disk.open("file").err().unwrap().is_read_only());
    assert!(holds(&inner, "file", b"1"));
}

#[test]
fn a_full_disk_takes_what_fits_and_gives_back_what_is_removed() {
    let (disk, inner) = disks();
    disk.write("before", &[0; 10]).unwrap();
    disk.limit_room(20);
    disk.write("a", &[1; 15]).unwrap();
    assert!(disk.write("b", &[2; 15]).unwrap_err().is_full());
    assert!(holds(&inner, "b", &[2; 5]));
    disk.remove("b").unwrap();
    disk.write("b", &[2; 5]).unwrap();
    // Inside what is there already, no room is needed; past its end it is.
    let mut file = disk.open("before").unwrap();
    file.write_at(0, &[3; 10]).unwrap();
    assert!(file.write_at(5, &[4; 10]).unwrap_err().is_full());
    assert!(holds(&inner, "before", &[3, 3, 3, 3, 3, 4, 4, 4, 4, 4]));
    // A file that gives way to another gives its room back.
    disk.rename("a", "before").unwrap();
    disk.write("c", &[5; 10]).unwrap();
    assert!(disk.write("d", &[5; 1]).unwrap_err().is_full());
    // A file written anew first gives up what it had.
    disk.write("c", &[6; 10]).unwrap();
    disk.heal();
    disk.write("d", &[5; 100]).unwrap();
}

#[test]
fn patterns_fit_as_wholes() {
    assert!(
        fits("*", "")
            && fits("*", "a/b")
            && fits("a/*", "a/b")
            && fits("*/b", "a/b")
            && fits("a*b*c", "aXbYbZc")
    );
    assert!(fits("名/*", "名/冊") && fits("", ""));
    assert!(!fits("a/*", "b/a/c") && !fits("*/b", "a/bc") && !fits("a*b", "a") && !fits("", "a"));
}

#[test]
fn a_sync_that_drops_pages_leaves_them_seen_and_never_durable() {
    let inner = CrashDisk::new();
    replace(&inner, "file", b"old").unwrap();
    let disk = FaultyDisk::over(&inner);
    for operation in [Operation::Sync, Operation::SyncAll] {
        disk.open("file").unwrap().write_at(0, b"new").unwrap();
        disk.fail(Fault::of(operation, Failing::Dropped, Reason::Device));
        let failed = if operation == Operation::Sync { disk.sync("file") } else { disk.sync_all() };
        assert!(failed.is_err());
        disk.sync("file").unwrap();
        assert!(holds(&inner, "file", b"new"));
        assert!((0..50).all(|seed| holds(&inner.crash(seed), "file", b"old")));
    }
}
