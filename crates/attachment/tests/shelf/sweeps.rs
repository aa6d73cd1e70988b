//! Sweeping: what is on its way, fresh, in use or in grace stays; the rest goes.

use super::{content, fetch, put};
use attachment::{Keep, Shelf, Swept};
use ledger::disk::Disk;
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;
use testkit::CrashDisk;

fn on(disk: &CrashDisk) -> Shelf {
    Shelf::new(Arc::new(disk.clone()))
}

#[test]
fn only_what_nobody_speaks_of_goes() {
    let disk = CrashDisk::new();
    let [used, graced, stale] = [1, 2, 3].map(|n| put(&on(&disk), &content(10, n)).unwrap());
    disk.write("attachments/00000000000000000042.new", b"left behind").unwrap();
    disk.write("attachments/readme", b"not ours").unwrap();
    let shelf = on(&disk);
    let fresh = put(&shelf, b"came in just now").unwrap();
    let keep = |digest| BTreeSet::from([digest]);
    assert_eq!(shelf.sweep(None).unwrap(), Swept { unfinished: 1, unreferenced: 0 });
    let (in_use, grace) = (keep(used.digest), keep(graced.digest));
    let swept = shelf.sweep(Some(Keep { in_use: &in_use, grace: &grace })).unwrap();
    assert_eq!(swept, Swept { unfinished: 0, unreferenced: 1 });
    assert!([used, graced, fresh].iter().all(|stored| fetch(&shelf, stored).is_ok()));
    assert!(!shelf.has(stale.digest).unwrap());
    // What is none of its business it leaves; verification names it.
    assert!(disk.paths().contains(&"attachments/readme".to_owned()));
    // After a start the one that came in is as old as the others.
    let swept = on(&disk).sweep(Some(Keep { in_use: &in_use, grace: &grace })).unwrap();
    assert_eq!(swept, Swept { unfinished: 0, unreferenced: 1 });
    assert!(!shelf.has(fresh.digest).unwrap());
}

/// Sweeps while it is read.
struct SweepsMeanwhile<'a>(&'a Shelf, u32);

impl Read for SweepsMeanwhile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let none = BTreeSet::new();
        self.0.sweep(Some(Keep { in_use: &none, grace: &none })).unwrap();
        self.1 += 1;
        buffer.fill(9);
        Ok(if self.1 < 5 { buffer.len() } else { 0 })
    }
}

#[test]
fn a_file_on_its_way_is_not_swept_away() {
    let disk = CrashDisk::new();
    let shelf = on(&disk);
    let stored = shelf.put(&mut SweepsMeanwhile(&shelf, 0), 1 << 20, None).unwrap();
    assert_eq!(fetch(&shelf, &stored).unwrap().len() as u64, stored.size);
}
