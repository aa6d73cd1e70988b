//! Ten thousand seeds: random work, a crash at a random change, crashes during the recovery from it, and again.

use crate::{ENTRIES, Place, check, entry};
use ledger::Stepped;
use ledger::error::OpenError;
use ledger::verify::{LedgerVerifier, PlainFiles, Progress, verify};
use proof::entry::{Encoded, Entry};
use proof::hash::Hash;
use std::sync::Arc;
use std::time::Duration;
use testkit::{Chance, CrashDisk};

const SEEDS: u64 = 10_000;
const THREADS: usize = 2;

#[test]
fn the_acknowledged_prefix_survives_any_loss_of_what_was_not_synced() {
    let more = if std::env::var_os("WARD_SOAK").is_some() { 10 } else { 1 };
    let seeds = match std::env::var("WARD_SEED") {
        // One that failed, to look at it.
        Ok(seed) => seed.parse().map(|seed| seed..seed + 1).unwrap(),
        Err(_) => 0..SEEDS * more,
    };
    std::thread::scope(|scope| {
        for first in 0..THREADS {
            let seeds = seeds.clone();
            scope.spawn(move || seeds.skip(first).step_by(THREADS).for_each(|seed| World::new(seed).live()));
        }
    });
}

/// One ledger and what is known about it.
struct World {
    seed: u64,
    round: usize,
    chance: Chance,
    disk: CrashDisk,
    place: Place,
    /// Entries that must be there from now on, byte for byte.
    known: Vec<Vec<u8>>,
    /// Subjects of the entries of the last record, when nobody was told whether it is durable. All or none.
    uncertain: Vec<String>,
    /// Number of the key in use, and of the one it may have given way to.
    key: u8,
    next_key: Option<u8>,
    /// Heads that readers have seen.
    seen: Vec<(u64, Hash)>,
    next_entry: usize,
}

/// Whether there is more to do in this process.
#[derive(PartialEq)]
enum Going {
    On,
    Over,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let disk = CrashDisk::new();
        let mut place = Place::new(Arc::new(disk.clone()));
        place.segment = (2 + chance.below(5)) * 4096;
        let next_entry = chance.below(1000);
        let (known, uncertain, seen) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            seed,
            round: 0,
            chance,
            disk,
            place,
            known,
            uncertain,
            key: 1,
            next_key: None,
            seen,
            next_entry,
        }
    }

    fn context(&self) -> String {
        format!("seed {}, round {}", self.seed, self.round)
    }

    fn live(&mut self) {
        self.be_created();
        for round in 1..2 + self.chance.below(4) {
            self.round = round;
            // Half of the crashes meet the recovery from the one before.
            let early = self.chance.one_in(2);
            self.disk.halt_after(self.chance.below(if early { 30 } else { 120 }) as u64);
            if let Some(ledger) = self.open() {
                self.work(ledger);
            }
            self.end_process();
        }
        self.end_well();
    }

    fn be_created(&mut self) {
        self.disk.halt_after(self.chance.below(40) as u64);
        let created = self.place.create();
        self.end_process();
        match (self.place.open(&[1]), created) {
            (Ok(_), _) => {}
            // It was never made, and says so; the next one is made in peace.
            (Err(OpenError::NoLedger), Err(_)) => {
                self.replace_disk(CrashDisk::new());
                self.place.create().unwrap_or_else(|error| panic!("{}: {error:?}", self.context()));
            }
            (Err(error), created) => panic!("{}: {created:?}, then {error:?}", self.context()),
        }
    }

    /// The process ends, or the machine does.
    fn end_process(&mut self) {
        let found =
            if self.chance.one_in(3) { self.disk.kill() } else { self.disk.crash(self.chance.number()) };
        self.replace_disk(found);
    }

    fn replace_disk(&mut self, disk: CrashDisk) {
        self.place = self.place.with(Arc::new(disk.clone()));
        self.disk = disk;
    }

    /// Opens it and checks everything; none when the power goes off meanwhile.
    fn open(&mut self) -> Option<Stepped> {
        let keys: Vec<_> = [Some(self.key), self.next_key].into_iter().flatten().collect();
        match self.place.open(&keys) {
            Ok((ledger, _)) => self.check_opened(&ledger).then_some(ledger),
            Err(error) => {
                assert!(self.disk.is_halted(), "{}: {error:?}", self.context());
                self.look_at_head();
                None
            }
        }
    }

    /// False where the power went off before all could be looked at.
    fn check_opened(&mut self, ledger: &Stepped) -> bool {
        let context = self.context();
        let size = ledger.head().size;
        let mut entries = Vec::new();
        let read = ledger.reader().entries(0..size, |_, entry| entries.push(entry.to_vec()));
        if self.disk.is_halted() {
            return false;
        }
        read.unwrap_or_else(|error| panic!("{context}: {error:?}"));
        assert!(
            self.known.len() <= entries.len(),
            "{context}: {} of {} are left",
            entries.len(),
            self.known.len()
        );
        for (number, (known, entry)) in self.known.iter().zip(&entries).enumerate() {
            assert!(known == entry, "{context}: entry {number} has changed");
        }
        self.check_new(&entries[self.known.len()..]);
        check::order(&entries, &context);
        let leaves = check::leaves(&entries);
        assert_eq!(ledger.head().root, check::root(&leaves), "{context}");
        for (size, root) in self.seen.drain(..) {
            let size = usize::try_from(size).unwrap();
            assert!(
                size <= leaves.len(),
                "{context}: a reader has seen {size} entries, {} are there",
                leaves.len()
            );
            assert_eq!(
                root,
                check::root(&leaves[..size]),
                "{context}: a reader has seen another tree of {size}"
            );
        }
        self.known = entries;
        check::folder(&self.place, &self.known, &(1..=self.key).collect::<Vec<_>>(), &context);
        true
    }

    /// What nobody was told of: the uncertain record, whole or not at all, and the ledger's own entries.
    fn check_new(&mut self, entries: &[Vec<u8>]) {
        let context = self.context();
        let mut subjects = Vec::new();
        for entry in entries {
            let entry = Entry::parse(entry).unwrap();
            match entry.kind() {
                "test.made" => subjects.push(entry.subject().to_owned()),
                "ledger.key-changed" => self.key = self.next_key.expect(&context),
                "ledger.created" | "ledger.clock-stepped-back" | "ledger.recovered" => {}
                other => panic!("{context}: nobody made an entry {other}"),
            }
        }
        assert!(
            subjects.is_empty() || subjects == self.uncertain,
            "{context}: {subjects:?} of {:?}",
            self.uncertain
        );
        self.uncertain.clear();
        self.next_key = None;
    }

    /// Works until the power goes off or there is no more to do.
    fn work(&mut self, ledger: Stepped) {
        let mut ledger = ledger;
        for _ in 0..self.chance.below(25) {
            if self.chance.one_in(25) {
                let closed = ledger.close();
                assert!(closed.is_ok() || self.disk.is_halted(), "{}: {closed:?}", self.context());
                self.look_at_head();
                return;
            }
            if self.act(&mut ledger) == Going::Over {
                return;
            }
        }
    }

    fn act(&mut self, ledger: &mut Stepped) -> Going {
        match self.chance.below(20) {
            0..=7 => self.append(ledger),
            8 => self.append_together(ledger),
            9..=14 => {
                let done = ledger.publish();
                self.done(done.is_ok(), &done)
            }
            15 | 16 => {
                let done = ledger.flush();
                self.done(done.is_ok(), &done)
            }
            17 => self.change_key(ledger),
            18 => {
                self.place.clock.step_back(Duration::from_millis(self.chance.below(50) as u64));
                Going::On
            }
            _ => {
                self.place.clock.pass(Duration::from_secs(1));
                Going::On
            }
        }
    }

    fn append(&mut self, ledger: &mut Stepped) -> Going {
        let batch = self.batch();
        let marks = batch.iter().map(|(mark, _)| mark.clone()).collect();
        let done = ledger.append(batch.into_iter().map(|(_, entry)| entry).collect());
        let range = done.as_ref().ok().cloned();
        self.appended(ledger, marks, range.map(|range| range.end), &done)
    }

    fn append_together(&mut self, ledger: &mut Stepped) -> Going {
        let batches: Vec<_> = (0..2 + self.chance.below(2)).map(|_| self.batch()).collect();
        let marks = batches.iter().flatten().map(|(mark, _)| mark.clone()).collect();
        let batches = batches.into_iter().map(|batch| batch.into_iter().map(|(_, entry)| entry).collect());
        let done = ledger.append_together(batches.collect());
        let all = done.iter().all(Result::is_ok);
        let end = done.last().and_then(|last| last.as_ref().ok()).map(|range| range.end);
        self.appended(ledger, marks, end.filter(|_| all), &done)
    }

    fn change_key(&mut self, ledger: &mut Stepped) -> Going {
        self.next_key = Some(self.key + 1);
        let done = ledger.change_key(crate::key(self.key + 1));
        let end = done.as_ref().ok().map(|number| number + 1);
        self.appended(ledger, Vec::new(), end, &done)
    }

    /// Remembers what was acknowledged, or what was not.
    fn appended(
        &mut self,
        ledger: &Stepped,
        marks: Vec<String>,
        end: Option<u64>,
        done: &dyn std::fmt::Debug,
    ) -> Going {
        self.uncertain = marks;
        if let Some(end) = end {
            let first = self.known.len();
            let known = &mut self.known;
            let read = ledger.reader().entries(first as u64..end, |_, entry| known.push(entry.to_vec()));
            read.unwrap_or_else(|error| panic!("{}: {error:?}", self.context()));
            let new = self.known.split_off(first);
            self.check_new(&new);
            self.known.extend(new);
        }
        self.done(end.is_some(), done)
    }

    fn done(&mut self, well: bool, done: &dyn std::fmt::Debug) -> Going {
        self.look_at_head();
        // All that the head covers can be read, at any moment.
        for tile in self.seen.last().map_or(Vec::new(), |(size, _)| check::tiles(*size)) {
            let path = format!("ledger/{}", tile.path());
            assert!(
                self.disk.peek(&path).is_some(),
                "{}: {path} is missing, {:?}",
                self.context(),
                self.seen
            );
        }
        if well {
            return Going::On;
        }
        assert!(self.disk.is_halted(), "{}: {done:?}", self.context());
        Going::Over
    }

    /// What a reader sees of the published head now, even in the middle of a step.
    fn look_at_head(&mut self) {
        let seen = self.disk.peek("ledger/checkpoint").and_then(|bytes| {
            proof::checkpoint::SignedCheckpoint::parse(&bytes).ok().map(|head| head.unverified().clone())
        });
        self.seen.extend(seen.map(|head| (head.size, head.root)));
        self.seen.dedup();
    }

    fn batch(&mut self) -> Vec<(String, Encoded)> {
        if self.chance.one_in(30) {
            let mark = format!("large {}", self.known.len());
            return vec![(mark.clone(), entry(&mark, self.place.segment))];
        }
        let length = if self.chance.one_in(15) { 150 } else { 1 + self.chance.below(4) };
        let first = self.next_entry;
        self.next_entry += length;
        (first..self.next_entry).map(|number| ENTRIES[number % ENTRIES.len()].clone()).collect()
    }

    /// In peace everything goes well; what was closed is durable, and the strict verification finds nothing.
    fn end_well(&mut self) {
        self.round += 1;
        let mut ledger = self.open().expect("nothing halts");
        assert!(self.append(&mut ledger) == Going::On);
        ledger.close().unwrap_or_else(|error| panic!("{}: {error:?}", self.context()));
        self.round += 1;
        let closed = self.disk.crash(self.chance.number());
        self.replace_disk(closed);
        let context = self.context();
        let published =
            check::folder(&self.place, &self.known, &(1..=self.key).collect::<Vec<_>>(), &context);
        assert_eq!(published, self.known.len() as u64, "{context}");
        let (_, recovered) =
            self.place.open(&[self.key]).unwrap_or_else(|error| panic!("{context}: {error:?}"));
        assert_eq!((recovered.entries, recovered.dropped_bytes), (0, 0), "{context}");
        let parts: [&dyn ledger::verify::Verifier; 2] = [&LedgerVerifier::new(None, None), &PlainFiles];
        let report = verify(&self.disk, false, 1, &parts, &Unwatched).unwrap().unwrap();
        assert!(report.is_good(), "{context}: {:?}", report.findings);
    }
}

struct Unwatched;

impl Progress for Unwatched {
    fn plan(&self, _files: u64) {}
    fn done(&self, _files: u64, _bytes: u64) {}
}
