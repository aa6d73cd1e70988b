//! The ledger's verifier: the order in which its files are judged.
//!
//! Owns: everything below `ledger/`. The order of reading makes it safe beside a running writer: the list of tiles
//! first, then the journal, then the heads; what is listed is covered by journal or heads, and what the heads cover is
//! there. After that only files that never change are read.
//! Does not: judge what entries of other parts mean; their verifiers do.
//! Source: `docs/format.md` §2 to §10.1.

use super::entries::{Memory, Reading, Rules};
use super::heads::{self, Heads, Trust, Vouched};
use super::history::{Credentials, KeyHistory, Library};
use super::journal::{self, Journal};
use super::scan::{Frames, Scan};
use super::settle::{Settled, settle};
use super::shelf::{self, Shelf};
use super::tree::Tree;
use super::{Context, Finding, Findings, Got, Outcome, Progress, Verifier, parts, tiles, words};
use model::DataKeyId;
use proof::entry::Entry;
use proof::lifecycle::{Created, Succession};
use proof::policy::Policy;
use proof::seal::DataKey;
use proof::tile::{Kind, Tile, WIDTH};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{PoisonError, RwLock};

/// What became of data keys, as far as whoever verifies can tell.
pub trait Keys: Sync {
    /// What became of this one.
    fn state(&self, key: DataKeyId) -> SealKey;
}

/// What became of a data key.
#[derive(Debug)]
pub enum SealKey {
    /// It is here, and bodies are opened.
    Here(DataKey),
    /// It may be there, but the vault was not opened; bodies stay closed.
    Unseen,
    /// It was destroyed.
    Destroyed,
    /// It was never in the vault, as far as the vault knows.
    Unknown,
}

/// Judges the ledger.
#[derive(Clone, Copy, Default)]
pub struct LedgerVerifier<'a> {
    keys: Option<&'a dyn Keys>,
    policy: Option<&'a Policy>,
}

impl<'a> LedgerVerifier<'a> {
    /// `keys` opens sealed bodies; `policy` is that of whoever verifies, and where there is none the installation's own
    /// is taken.
    #[must_use]
    pub const fn new(keys: Option<&'a dyn Keys>, policy: Option<&'a Policy>) -> Self {
        Self { keys, policy }
    }
}

impl Verifier for LedgerVerifier<'_> {
    fn name(&self) -> &'static str {
        "ledger"
    }

    fn owns(&self, path: &str) -> bool {
        ["ledger/", "ledger/journal/"].contains(&path)
            || heads::owns(path)
            || journal::owns(path)
            || shelf::tile_of(path).is_some()
            || shelf::is_tile_folder(path)
    }

    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome {
        let mut findings = Findings::new();
        let shelf = Shelf::of(context.files);
        let mut heads = Heads::default();
        heads.read(context, &[heads::COSIGNED], progress, &mut findings);
        let published_before = published(context);
        let journal = Journal::read(context, progress, &mut findings);
        heads.read(context, &[heads::DURABLE, heads::CHECKPOINT], progress, &mut findings);
        let size = heads.size(context, &shelf);
        let created = created(context, size);
        let claimed = || heads.claims().next().map(|head| head.origin.clone());
        let origin = created.as_ref().map(|created| created.origin.clone());
        let origin = origin.or_else(claimed).unwrap_or_default();
        let rules =
            Rules { origin: &origin, keys: self.keys, credentials: RwLock::new(Credentials::default()) };
        let edges = heads.claims().map(|head| head.size).chain([size]);
        let scan = Scan {
            context,
            progress,
            rules: &rules,
            shelf: &shelf,
            size,
            keep_from: journal.first().unwrap_or(size).min(size) / WIDTH,
            keep: edges.map(|size| size / WIDTH).collect(),
        };
        let mut judge = Judge {
            verifier: self,
            scan: &scan,
            heads: &heads,
            journal: &journal,
            findings,
            published_before,
        };
        let found = judge.run();
        let mut outcome = Outcome { findings: judge.findings, ..Outcome::default() };
        found.tell(&mut outcome);
        let succession = created.and_then(|created| Succession::parse(&created.succession?).ok());
        outcome.remarks.extend(succession.map(|succession| words::succeeds(&succession)));
        outcome
    }
}

/// All that the judging goes by.
struct Judge<'a> {
    verifier: &'a LedgerVerifier<'a>,
    scan: &'a Scan<'a>,
    heads: &'a Heads,
    journal: &'a Journal,
    findings: Findings,
    /// Size of the published head before the journal was read.
    published_before: Option<u64>,
}

/// What was found out.
struct Found {
    memory: Memory,
    by_person: u64,
    size: u64,
    published: u64,
    vouched: Vouched,
    keys: KeyHistory,
    destroyed: u64,
    unopened: u64,
    bytes_wrong: bool,
}

impl Judge<'_> {
    fn run(&mut self) -> Found {
        let mut scanned = self.scan.run();
        let Settled { mut tree, accused } =
            settle(self.scan, &mut scanned, &heads::roots(self.heads), self.journal);
        self.findings.join(scanned.findings);
        let mut reading = Reading::new(self.scan.rules);
        let records = self.journal.judge(&mut tree, &mut reading, &accused, &mut self.findings);
        self.findings.join(reading.findings);
        let mut memory = scanned.memory;
        memory.join(reading.memory);
        memory.sort();
        self.files(&tree);
        let own_policy = own_policy(self.scan.context);
        let (keys, by_person) = self.meaning(&memory, &accused);
        let trust = Trust {
            origin: self.scan.rules.origin,
            keys: &keys,
            own: own_policy.as_ref(),
            asked: self.verifier.policy,
        };
        let vouched = self.heads.judge(&trust, &tree, self.scan.size, &mut self.findings);
        heads::judge_records(&records, &trust, self.scan.context.cores, &mut self.findings);
        self.journal.report_torn(self.scan.context, &mut self.findings);
        Found {
            by_person,
            size: tree.size(),
            published: self.scan.size,
            vouched,
            destroyed: memory.destroyed.len() as u64,
            unopened: memory.counts.sealed - memory.counts.opened,
            bytes_wrong: !self.findings.is_empty(),
            keys,
            memory,
        }
    }

    /// Files beyond those of the present tree, and whether any that must be there is missing.
    fn files(&mut self, tree: &Tree) {
        tiles::judge(self.scan, tree, self.journal, &mut self.findings);
        let Some(durable) = self.heads.durable() else { return };
        if durable <= self.scan.size {
            tiles::missing_edge(self.scan, durable, &mut self.findings);
        }
        let published = self.published_before.unwrap_or(durable);
        if let Err(missing) = self.journal.covers(durable, published) {
            let finding = Finding::meaning("ledger/journal/", words::journal_gap(missing, published));
            self.findings.add(finding.of_entry(missing));
        }
    }

    /// What entries mean together; gives the ledger's keys and how many signatures by persons hold.
    fn meaning(&mut self, memory: &Memory, accused: &BTreeSet<u64>) -> (KeyHistory, u64) {
        let (origin, findings) = (self.scan.rules.origin, &mut self.findings);
        let credentials = self.scan.rules.credentials.read().unwrap_or_else(PoisonError::into_inner);
        let mut library = Library::new(self.scan, self.journal, accused);
        library.times(memory, findings);
        let keys = library.keys(memory, origin, findings);
        let by_person = library.signatures(memory, origin, &credentials, findings);
        library.references(memory, findings);
        library.seals(memory, findings);
        (keys, by_person)
    }
}

impl Found {
    /// The facts, and what must be known although nothing is wrong.
    fn tell(&self, outcome: &mut Outcome) {
        let counts = &self.memory.counts;
        let witnessed = self.vouched.witnessed.as_ref();
        let key = self.keys.at(self.size).map(|key| key.short());
        outcome.facts = BTreeMap::from([
            ("entries", self.size.to_string()),
            ("published", self.published.to_string()),
            ("entry_bytes", counts.entry_bytes.to_string()),
            ("sealed", counts.sealed.to_string()),
            ("opened", counts.opened.to_string()),
            ("keys_destroyed", self.destroyed.to_string()),
            ("signed_by_person", self.by_person.to_string()),
            ("vouched_by_server", counts.by_server.to_string()),
            ("key", key.unwrap_or_default()),
            ("standing", if witnessed.is_some() { "witnessed" } else { "host-alone" }.to_owned()),
            ("witnessed", witnessed.map_or(0, |(size, _)| *size).to_string()),
            ("witnesses", witnessed.map(|(_, by)| words::witnesses(by)).unwrap_or_default()),
        ]);
        let standing = match witnessed {
            Some((size, by)) => words::witnessed(*size, self.size, by),
            None => words::host_alone(),
        };
        outcome.remarks.push(standing);
        if self.unopened > 0 && !self.bytes_wrong {
            outcome.remarks.push(words::unopened(self.unopened));
        }
    }
}

/// Size of the published head now; nobody has checked it.
fn published(context: &Context<'_>) -> Option<u64> {
    let Got::Here(bytes) = context.read("ledger/checkpoint") else { return None };
    proof::checkpoint::SignedCheckpoint::parse(&bytes).ok().map(|head| head.unverified().size)
}

/// What entry 0 says; nobody has checked it.
fn created(context: &Context<'_>, size: u64) -> Option<Created> {
    let first = Tile::in_tree(Kind::Entries, 0, size)?;
    let main = shelf::fetch(context, first).ok()?;
    let mut frames = Frames::default();
    frames.read(&main.bytes, 1, true);
    let (from, to) = *frames.places.first()?;
    Created::of(&Entry::parse(main.bytes.get(from..to)?).ok()?).ok()
}

/// The installation's own policy, where it can be read; what is wrong with it is another verifier's business.
fn own_policy(context: &Context<'_>) -> Option<Policy> {
    let Got::Here(text) = context.read(parts::POLICY) else { return None };
    Policy::parse(std::str::from_utf8(&text).ok()?).ok()
}
