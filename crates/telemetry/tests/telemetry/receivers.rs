//! Receivers: numbered, sealed, filed; killed at any change and opened anew, nothing acknowledged is lost and no root
//! turns out wrong.

use crate::{chunk, firewall};
use lines::Source;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use telemetry::source::Sources;
use telemetry::{
    Batch, Chunk, Filed, Journal, Receiver, ReceiverError, Segment, check, file_paths, journal_folder,
};
use testkit::{CrashDisk, SeededEntropy};

const SOURCE: Source = Source { offset: 0 };

fn open(disk: &CrashDisk, ends: (u64, u64)) -> Result<Receiver, ReceiverError> {
    Receiver::open(
        "fw",
        Arc::new(disk.clone()),
        Box::new(SeededEntropy::new(4)),
        ends,
        Sources::new(SOURCE),
        2,
    )
}

fn lines(nth: u64) -> Chunk {
    let lines: Vec<String> =
        (0..=nth % 5).map(|at| firewall(nth * 10 + at, "10.0.0.1", "192.0.2.7")).collect();
    chunk(nth.cast_signed(), &lines.iter().map(String::as_bytes).collect::<Vec<_>>())
}

/// Hands in a chunk and waits until it is durable, or is not.
fn put(receiver: &Receiver, chunk: Chunk) -> bool {
    let (told, done) = channel();
    let tell = Box::new(move |first: Option<u64>| {
        // Nobody waits any more where the test has ended.
        let _ = told.send(first.is_some());
    });
    receiver.intake().put(chunk, Some(tell)).is_ok() && done.recv() == Ok(true)
}

/// What a ledger would have.
#[derive(Default, Clone)]
struct Ledger {
    batches: Vec<Batch>,
    files: Vec<Filed>,
}

impl Ledger {
    fn ends(&self) -> (u64, u64) {
        (
            self.batches.last().map_or(0, |batch| batch.first + batch.count),
            self.files.last().map_or(0, |file| file.first + file.count),
        )
    }

    /// Takes what a receiver has to enter, as the beat of each second does.
    fn beat(&mut self, receiver: &Receiver) -> Result<(), ReceiverError> {
        for batch in receiver.seal() {
            assert_eq!(batch.first, self.ends().0);
            self.batches.push(batch);
        }
        receiver.entered(self.ends().0);
        while let Some(full) = receiver.full() {
            let filed = receiver.file(&full)?;
            assert_eq!(filed.first, self.ends().1);
            self.files.push(filed.clone());
            receiver.filed(&filed)?;
        }
        Ok(())
    }

    /// Every file and every segment leads to the roots; as many lines as there must be.
    fn check(&self, disk: &CrashDisk, least: u64) {
        for filed in &self.files {
            let [file, index] =
                file_paths("fw", filed.first, filed.count, 0).map(|path| disk.peek(&path).unwrap());
            let end = filed.first + filed.count;
            let within: Vec<Batch> = self
                .batches
                .iter()
                .copied()
                .filter(|batch| (filed.first..end).contains(&batch.first))
                .collect();
            check::file(file.into(), &index, &within).unwrap();
        }
        let segments = Journal::look(disk, &journal_folder("fw"), self.ends().1).unwrap();
        segments.iter().for_each(|segment| check::segment(segment, &self.batches).unwrap());
        let end = segments.last().map_or(self.ends().1, Segment::end);
        assert!(end >= least, "{end} lines of {least}");
        assert!(end >= self.ends().0);
    }
}

#[test]
fn lines_are_numbered_sealed_and_filed() {
    let disk = CrashDisk::new();
    let receiver = open(&disk, (0, 0)).unwrap();
    let mut ledger = Ledger::default();
    let mut count = 0;
    for nth in 0..30 {
        let chunk = lines(nth);
        count += chunk.count() as u64;
        assert!(put(&receiver, chunk));
        receiver.wait_for(count);
        if nth % 7 == 6 {
            ledger.beat(&receiver).unwrap();
        }
        if nth % 11 == 10 {
            receiver.cut().unwrap();
            receiver.wait_until_cut();
        }
    }
    ledger.beat(&receiver).unwrap();
    assert_eq!(ledger.ends().0, count);
    assert_eq!(ledger.files.len(), 2);
    let figures = receiver.figures();
    assert_eq!((figures.lines, figures.read, figures.sealed), (count, (count, count), count));
    assert_eq!(figures.filed, ledger.ends().1);
    let tail: u64 = receiver.tail().iter().map(|block| block.columns.num_rows() as u64).sum();
    assert_eq!(tail, count - ledger.ends().1);
    receiver.close();
    ledger.check(&disk, count);
}

/// A run until the disk fails: what was acknowledged, and what the ledger has then.
fn run(disk: &CrashDisk, ledger: &Arc<Mutex<Ledger>>) -> u64 {
    let ends = ledger.lock().unwrap().ends();
    let Ok(receiver) = open(disk, ends) else { return 0 };
    let mut acknowledged = 0;
    for nth in 0..12 {
        let chunk = lines(nth);
        let count = chunk.count() as u64;
        if !put(&receiver, chunk) {
            break;
        }
        acknowledged += count;
        receiver.wait_for(receiver.figures().lines);
        if nth % 3 == 2 && ledger.lock().unwrap().beat(&receiver).is_err() {
            break;
        }
        if nth % 5 == 4 && receiver.cut().is_ok() {
            receiver.wait_until_cut();
        }
    }
    receiver.close();
    acknowledged
}

#[test]
fn nothing_acknowledged_is_lost_wherever_the_power_goes() {
    let whole = CrashDisk::new();
    run(&whole, &Arc::default());
    let changes = whole.counts().changes();
    for halt in 0..=changes {
        for seed in 0..3 {
            let (disk, ledger) = (CrashDisk::new(), Arc::new(Mutex::new(Ledger::default())));
            disk.halt_after(halt);
            let acknowledged = run(&disk, &ledger);
            let disk = if seed == 0 { disk.kill() } else { disk.crash(seed) };
            let receiver = open(&disk, ledger.lock().unwrap().ends()).unwrap();
            assert!(receiver.figures().lines >= acknowledged, "halted after {halt}, seed {seed}");
            ledger.lock().unwrap().beat(&receiver).unwrap();
            receiver.close();
            ledger.lock().unwrap().check(&disk, acknowledged);
            // It goes on as if nothing had been.
            let before = ledger.lock().unwrap().ends().0;
            let more = run(&disk, &ledger);
            ledger.lock().unwrap().check(&disk, before + more);
        }
    }
}

#[test]
fn after_a_failed_disk_nothing_is_taken() {
    let disk = CrashDisk::new();
    let receiver = open(&disk, (0, 0)).unwrap();
    assert!(put(&receiver, lines(1)));
    disk.halt_after(0);
    assert!(!put(&receiver, lines(2)));
    // The one that was on its way when it stopped is not taken either.
    while receiver.stopped().is_none() {
        std::thread::yield_now();
    }
    assert!(!put(&receiver, lines(3)));
    assert!(receiver.stopped().is_some());
}

#[test]
fn who_sends_faster_than_lines_come_into_files_is_slowed_and_loses_nothing() {
    let disk = CrashDisk::new();
    let receiver = open(&disk, (0, 0)).unwrap();
    for nth in 0..9 {
        receiver.intake().put(chunk(nth, &[b"one", b"two"]), None).unwrap();
        receiver.cut().unwrap();
    }
    receiver.wait_for(8);
    let (mut files, mut lines) = (0, 0);
    while lines < 18 {
        assert!(receiver.figures().lines <= lines + 8, "no more than four segments wait");
        receiver.entered(receiver.seal().last().map_or(0, |batch| batch.first + batch.count));
        let Some(full) = receiver.full() else { continue };
        let filed = receiver.file(&full).unwrap();
        assert_eq!((filed.first, filed.count), (lines, 2));
        receiver.filed(&filed).unwrap();
        (files, lines) = (files + 1, lines + filed.count);
    }
    assert_eq!((files, receiver.figures().lines), (9, 18));
    receiver.close();
}
