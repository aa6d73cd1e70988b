//! The machine loses its power, or the process is killed, at every point.

use super::{content, fetch, key, put, put_sealed};
use attachment::{Keep, Shelf};
use std::collections::BTreeSet;
use std::sync::Arc;
use testkit::CrashDisk;

fn on(disk: &CrashDisk) -> Shelf {
    Shelf::new(Arc::new(disk.clone()))
}

/// After a start on `disk`: `kept` are there and right, and once swept nothing else is, except what was being put.
fn check(disk: &CrashDisk, kept: &[attachment::Stored], under_way: &[u8], at: &str) {
    let shelf = on(disk);
    for stored in kept {
        assert_eq!(fetch(&shelf, stored).unwrap().len() as u64, stored.size, "{at}");
    }
    shelf.sweep(None).unwrap();
    let known: BTreeSet<_> = kept.iter().map(|stored| stored.digest.path()).collect();
    for path in disk.paths().iter().filter(|path| !known.contains(*path)) {
        let digest = path.rsplit('/').next().unwrap().parse().unwrap_or_else(|_| panic!("{at}: {path}"));
        // It got its name, and nobody was told: then it is whole.
        let reader = shelf.get(digest, None).unwrap().read_all(1 << 20).unwrap();
        assert!(*reader == under_way || reader.starts_with(b"WARDATT1"), "{at}: {path}");
        if reader.starts_with(b"WARDATT1") {
            let opened = shelf.get(digest, Some((&key(), super::ID))).unwrap().read_all(1 << 20).unwrap();
            assert_eq!(*opened, under_way, "{at}");
        }
    }
    let in_use = kept.iter().map(|stored| stored.digest).collect();
    shelf.sweep(Some(Keep { in_use: &in_use, grace: &BTreeSet::new() })).unwrap();
    assert_eq!(disk.paths(), known.into_iter().collect::<Vec<_>>(), "{at}");
}

#[test]
fn what_was_acknowledged_survives_and_nothing_half_has_a_name() {
    for sealed in [false, true] {
        for halt in 0..20 {
            let disk = CrashDisk::new();
            let shelf = on(&disk);
            let kept =
                [put(&shelf, &content(3000, 1)).unwrap(), put_sealed(&shelf, &content(9, 2), 1).unwrap()];
            disk.halt_after(halt);
            let coming = content(70_000, 4);
            let done = if sealed { put_sealed(&shelf, &coming, 2) } else { put(&shelf, &coming) };
            let kept: Vec<_> = kept.into_iter().chain(done.ok()).collect();
            for seed in 0..10 {
                check(&disk.crash(seed), &kept, &coming, &format!("halt {halt}, seed {seed}"));
            }
            check(&disk.kill(), &kept, &coming, &format!("halt {halt}, killed"));
        }
    }
}

#[test]
fn a_put_of_what_is_there_already_endangers_nothing() {
    for halt in 0..10 {
        let disk = CrashDisk::new();
        let shelf = on(&disk);
        let stored = put(&shelf, &content(100_000, 1)).unwrap();
        disk.halt_after(halt);
        let _ = put(&shelf, &content(100_000, 1));
        for seed in 0..10 {
            check(&disk.crash(seed), &[stored], &content(100_000, 1), &format!("halt {halt}, seed {seed}"));
        }
    }
}

#[test]
fn a_removal_that_was_acknowledged_stays() {
    for halt in 0..3 {
        let disk = CrashDisk::new();
        let shelf = on(&disk);
        let (going, staying) = (put(&shelf, b"going").unwrap(), put(&shelf, b"staying").unwrap());
        disk.halt_after(halt);
        let removed = shelf.remove(going.digest);
        for seed in 0..10 {
            let after = on(&disk.crash(seed));
            assert!(fetch(&after, &staying).is_ok());
            match &removed {
                Ok(there) => assert!(*there && !after.has(going.digest).unwrap()),
                // Done again, it is gone.
                Err(_) => {
                    after.remove(going.digest).unwrap();
                    assert!(!after.has(going.digest).unwrap());
                }
            }
        }
    }
}
