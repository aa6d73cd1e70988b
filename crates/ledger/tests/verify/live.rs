//! Beside a running writer, and on a real folder.

use crate::fixture::{created, draft, judge_ledger, key_of};
use crate::{shared, shown};
use ledger::Ledger;
use ledger::disk::{Disk, Folder};
use ledger::journal::FileJournal;
use ledger::objects::FolderObjects;
use ledger::verify::{LedgerVerifier, PlainFiles, Progress, Sort, verify};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use testkit::{Failing, Fault, Operation, Reason, SteppedClock, TemporaryFolder};

/// Counts what it is told.
#[derive(Default)]
struct Counting {
    planned: AtomicU64,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Progress for Counting {
    fn plan(&self, files: u64) {
        self.planned.fetch_add(files, Ordering::Relaxed);
    }

    fn done(&self, files: u64, bytes: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[test]
fn beside_a_running_writer_files_on_their_way_are_not_held_against_it() {
    let installation = shared();
    let files = installation.sudden.with("ledger/checkpoint.new", b"half".to_vec());
    assert!(!installation.judge_with(&files, 1, false, None).is_good());
    let report = installation.judge_with(&files, 1, true, None);
    assert!(report.is_good(), "{}", shown(&report));
    let files = files.with("ledger/strange.new", b"half".to_vec());
    let report = installation.judge_with(&files, 1, true, None);
    assert_eq!(report.findings.kept()[0].path, "ledger/strange.new");
}

#[test]
fn a_half_written_tail_is_told_as_such() {
    let files = &shared().sudden;
    let last = files.0.keys().filter(|path| path.starts_with("ledger/journal/0")).max().unwrap();
    let content = files.file(last);
    let end = content.iter().rposition(|byte| *byte != 0).unwrap();
    let torn = (end + 1).next_multiple_of(4096);
    assert!(torn + 100 < content.len(), "the journal has no room behind its last record");
    let mut half = content.to_vec();
    half[torn..torn + 90].copy_from_slice(&content[..90]);
    let report = shared().judge(&files.with(last, half));
    let first = &report.findings.kept()[0];
    assert_eq!((&first.path, first.at_byte), (last, Some(torn as u64)), "{}", shown(&report));
    assert!(first.what.en.contains("half-written"));
    assert_eq!(report.findings.count(), 1);
}

#[test]
fn a_ledger_that_grows_meanwhile_is_good_each_time() {
    let folder = TemporaryFolder::new();
    let disk: Arc<dyn Disk> = Arc::new(Folder::new(folder.path()));
    let objects = Arc::new(FolderObjects::new(Arc::clone(&disk)));
    let journal = Arc::new(FileJournal::new(Arc::clone(&disk), 1 << 16));
    let clock = Arc::new(SteppedClock::new(Duration::from_micros(7)));
    ledger::create(
        Arc::clone(&objects) as _,
        Arc::clone(&journal) as _,
        Arc::clone(&clock) as _,
        &key_of(1),
        &created(&key_of(1)),
    )
    .unwrap();
    let (ledger, _) = Ledger::open(objects, journal, clock, vec![key_of(1)]).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let entry = draft("test.noted", "room", json!({ "n": number })).encode().unwrap();
                ledger.append(vec![entry]).unwrap();
            }
        });
        let mut seen = Vec::new();
        // As long as it takes to see it published a few times in between.
        while seen.len() < 6 {
            let report = verify(
                disk.as_ref(),
                true,
                2,
                &[&LedgerVerifier::new(None, None), &PlainFiles],
                &Counting::default(),
            );
            let report = report.unwrap().unwrap();
            if !report.is_good() {
                stop.store(true, Ordering::Relaxed);
                panic!("{}", shown(&report));
            }
            let entries = report.facts["ledger"]["published"].clone();
            if seen.last() != Some(&entries) {
                seen.push(entries);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    ledger.close().unwrap();
    let report = verify(
        disk.as_ref(),
        false,
        2,
        &[&LedgerVerifier::new(None, None), &PlainFiles],
        &Counting::default(),
    );
    let report = report.unwrap().unwrap();
    assert!(report.is_good(), "{}", shown(&report));
}

#[test]
fn files_that_cannot_be_read_are_no_verdict() {
    let mut files = shared().closed.clone();
    files.0.retain(|path, _| path.starts_with("ledger/") || path == "policy");
    let disk = testkit::FaultyDisk::new(Arc::new(files));
    disk.fail(
        Fault::of(Operation::Read, Failing::Undone, Reason::Device).at("ledger/tile/entries/001").for_ever(),
    );
    let report =
        verify(&disk, false, 1, &[&LedgerVerifier::new(None, None), &PlainFiles], &Counting::default());
    let report = report.unwrap().unwrap();
    let first = &report.findings.kept()[0];
    assert_eq!(
        (first.path.as_str(), first.sort),
        ("ledger/tile/entries/001", Sort::Unreadable),
        "{}",
        shown(&report)
    );
    assert!(report.is_undone());
}

fn write(folder: &Path) {
    for (path, content) in &shared().closed.0 {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "files for one test")]
        std::fs::write(path, content.as_slice()).unwrap();
    }
}

#[test]
fn every_file_of_a_real_folder_is_read_once_and_links_are_refused() {
    let folder = TemporaryFolder::new();
    write(folder.path());
    let installation = shared();
    let disk = Folder::new(folder.path());
    let vault = ledger::verify::VaultFiles::new(&disk, Some(&installation.master));
    let keys = ledger::verify::KeyFiles::new(Some(&installation.master));
    let ledger = LedgerVerifier::new(Some(&vault), None);
    let counting = Counting::default();
    let judge =
        || verify(&disk, false, 2, &[&ledger, &vault, &keys, &PlainFiles], &counting).unwrap().unwrap();
    let report = judge();
    assert!(report.is_good(), "{}", shown(&report));
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    assert_eq!(count(&counting.planned), installation.closed.0.len() as u64);
    assert_eq!(count(&counting.files), count(&counting.planned));
    let ledger_bytes = installation.closed.0.iter().filter(|(path, _)| path.starts_with("ledger/"));
    assert!(count(&counting.bytes) >= ledger_bytes.map(|(_, content)| content.len() as u64).sum());

    let tile = folder.path().join("ledger/tile/0/000");
    std::fs::rename(&tile, folder.path().join("ledger/tile/0/000.moved")).unwrap();
    std::os::unix::fs::symlink("000.moved", &tile).unwrap();
    std::fs::create_dir(folder.path().join("ledger/tile/0/more")).unwrap();
    let paths: Vec<_> = judge().findings.kept().iter().map(|finding| finding.path.clone()).collect();
    assert_eq!(paths, ["ledger/tile/0/000", "ledger/tile/0/000.moved", "ledger/tile/0/more/"]);
}

#[test]
fn a_folder_that_is_not_there_is_no_report() {
    let folder = TemporaryFolder::new();
    let disk = Folder::new(folder.path().join("none"));
    assert_eq!(verify(&disk, false, 1, &[&PlainFiles], &Counting::default()).unwrap(), None);
    let empty = judge_ledger(&crate::still::Still::default(), None);
    assert_eq!(empty.findings.kept()[0].path, "ledger/checkpoint");
}
