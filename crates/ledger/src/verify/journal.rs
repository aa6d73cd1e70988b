//! The journal as a verification sees it: records that check, entries that agree with the published ones, heads that
//! are those of their trees.
//!
//! Owns: the files below `ledger/journal/`. Adds the acknowledged entries that are not published yet to the tree.
//! Does not: replay, drop or mend; check signatures of heads (`heads` does, with all keys known).
//! Source: `docs/format.md` §10.1.

use super::entries::{Place, Reading, Source};
use super::scan::Frames;
use super::tree::Tree;
use super::{Context, Finding, Findings, Got, Progress, unreadable, words};
use crate::journal::JournalError;
use crate::journal::{PAGE, Record, read_segment, segment_first};
use proof::checkpoint::SignedCheckpoint;
use proof::hash::leaf_hash;
use std::collections::BTreeSet;

const FOLDER: &str = "ledger/journal/";
const RESERVE: &str = "ledger/journal/reserve";
/// Bytes of a record before its entries.
const HEADER: usize = 60;

/// What the journal holds.
#[derive(Default)]
pub(super) struct Journal {
    records: Vec<Held>,
    /// Half-written tails, as they were seen: file, byte, entry that would stand there.
    torn: Vec<(String, u64, u64)>,
}

/// A record with its place.
struct Held {
    path: String,
    at: u64,
    record: Record,
    frames: Frames,
}

/// The head at the end of a record.
pub(super) struct RecordHead {
    pub(super) path: String,
    /// First byte of the head in the file.
    pub(super) at: u64,
    /// Entry after which it was signed, plus one.
    pub(super) size: u64,
    pub(super) head: SignedCheckpoint,
}

/// Whether the journal may have this file.
pub(super) fn owns(path: &str) -> bool {
    path == RESERVE || path.strip_prefix(FOLDER).is_some_and(|name| segment_first(name).is_some())
}

impl Journal {
    /// Reads all files of the journal.
    pub(super) fn read(context: &Context<'_>, progress: &dyn Progress, findings: &mut Findings) -> Self {
        let mut journal = Self::default();
        // Listed anew: beside a running writer the journal goes on in files that were not there when all was listed.
        let names = match context.disk.list(FOLDER.trim_end_matches('/')) {
            Ok(names) => names.unwrap_or_default(),
            Err(error) => {
                findings.add(unreadable(FOLDER, &error));
                return journal;
            }
        };
        let names: Vec<_> =
            names.into_iter().map(|name| format!("{FOLDER}{name}")).filter(|path| owns(path)).collect();
        let last = names.iter().rposition(|path| path != RESERVE);
        for (place, path) in names.iter().enumerate() {
            let content = match context.read(path) {
                Got::Here(content) => content,
                // Its entries are published by now.
                Got::Missing => continue,
                Got::Unreadable(error) => {
                    findings.add(unreadable(path, &error));
                    continue;
                }
            };
            progress.done(1, content.len() as u64);
            if content.len() % PAGE != 0 {
                findings.add(Finding::bytes(path, words::journal_length()).at(content.len() as u64));
            }
            if path == RESERVE {
                if let Some(at) = content.iter().position(|byte| *byte != 0) {
                    findings.add(Finding::bytes(path, words::reserve()).at(at as u64));
                }
            } else {
                journal.segment(path, &content, Some(place) == last, findings);
            }
        }
        journal
    }

    fn segment(&mut self, path: &str, content: &[u8], is_last: bool, findings: &mut Findings) {
        let name = path.strip_prefix(FOLDER).unwrap_or(path);
        let first = segment_first(name).unwrap_or_default();
        let mut records = Vec::new();
        let read = read_segment(first, path, content, &mut records);
        let (mut at, mut next) = (0, first);
        for record in records {
            let (length, count) =
                (HEADER + record.entries.len() + record.head.len(), u64::from(record.count));
            let mut frames = Frames::default();
            // A count that no record can have shows as a record that breaks off.
            frames.read(&record.entries, u16::try_from(record.count).unwrap_or(u16::MAX), false);
            if frames.trouble.is_some() || frames.places.len() as u64 != count {
                let finding = Finding::bytes(path, words::record()).at(at).of_entry(next);
                findings.add(finding);
            }
            self.records.push(Held { path: path.to_owned(), at, record, frames });
            at += length.next_multiple_of(PAGE) as u64;
            next += count;
        }
        match read {
            Ok(None) => {}
            Ok(Some(torn)) if is_last => self.torn.push((torn.path, torn.at, next)),
            Ok(Some(torn)) => {
                findings.add(Finding::bytes(torn.path, words::record()).at(torn.at).of_entry(next))
            }
            Err(JournalError::Damaged { path, at, .. }) => {
                findings.add(Finding::bytes(path, words::record()).at(at).of_entry(next));
            }
            Err(error) => findings.add(Finding::bytes(path, crate::error::journal_told(&error))),
        }
    }

    /// Number of the first entry it holds.
    pub(super) fn first(&self) -> Option<u64> {
        self.records.iter().map(|held| held.record.first).min()
    }

    /// An entry.
    pub(super) fn entry(&self, number: u64) -> Option<&[u8]> {
        let held = self.records.get(self.records.partition_point(|held| held.end() <= number))?;
        held.entry(number)
    }

    /// An entry with its file and the byte at which it begins there.
    pub(super) fn place(&self, number: u64) -> Option<(&[u8], Place<'_>)> {
        let held = self.records.get(self.records.partition_point(|held| held.end() <= number))?;
        Some((held.entry(number)?, held.place(number)?))
    }

    /// Holds each record against the tree, and the tree goes on with those that are not in it yet. Gives the heads,
    /// whose roots are right; who signed them is another question.
    pub(super) fn judge(
        &self,
        tree: &mut Tree,
        reading: &mut Reading<'_>,
        accused: &BTreeSet<u64>,
        findings: &mut Findings,
    ) -> Vec<RecordHead> {
        let mut heads = Vec::new();
        for held in &self.records {
            let record = &held.record;
            if record.first > tree.size() {
                let missing = tree.size();
                findings.add(Finding::bytes(&held.path, words::gap(missing)).at(held.at).of_entry(missing));
                break;
            }
            let mut same = true;
            for (number, (from, to)) in (record.first..).zip(&held.frames.places) {
                let entry = record.entries.get(*from..*to).unwrap_or_default();
                let leaf = leaf_hash(entry);
                let Some(place) = held.place(number) else { continue };
                if number >= tree.size() {
                    tree.push(leaf);
                    reading.entry(place, entry);
                } else if tree.leaf(number).is_some_and(|published| published != leaf) {
                    same = false;
                    if !accused.contains(&number) {
                        findings.add(
                            Finding::bytes(&held.path, words::not_published(number))
                                .at(place.at)
                                .of_entry(number),
                        );
                    }
                }
            }
            if same {
                heads.extend(held.head(tree, findings));
            }
        }
        reading.end_run();
        heads
    }

    /// Whether the records lead without gap from `durable` entries to `published` ones.
    pub(super) fn covers(&self, durable: u64, published: u64) -> Result<(), u64> {
        let mut next = durable;
        for held in &self.records {
            if held.record.first <= next {
                next = next.max(held.end());
            }
        }
        if next >= published { Ok(()) } else { Err(next) }
    }

    /// Reports half-written tails. Beside a running writer, one that is whole or gone by now was being written.
    pub(super) fn report_torn(&self, context: &Context<'_>, findings: &mut Findings) {
        for (path, at, entry) in &self.torn {
            if context.live && !is_still_torn(context, path, *at) {
                continue;
            }
            findings.add(Finding::bytes(path, words::torn()).at(*at).of_entry(*entry));
        }
    }
}

fn is_still_torn(context: &Context<'_>, path: &str, at: u64) -> bool {
    let Got::Here(content) = context.read(path) else { return false };
    let first = path.strip_prefix(FOLDER).and_then(segment_first).unwrap_or_default();
    match read_segment(first, path, &content, &mut Vec::new()) {
        Ok(torn) => torn.is_some_and(|torn| torn.at == at),
        Err(_) => true,
    }
}

impl Held {
    fn end(&self) -> u64 {
        self.record.first + u64::from(self.record.count)
    }

    fn entry(&self, number: u64) -> Option<&[u8]> {
        let (from, to) = self.frame(number)?;
        self.record.entries.get(from..to)
    }

    fn frame(&self, number: u64) -> Option<(usize, usize)> {
        let place = usize::try_from(number.checked_sub(self.record.first)?).ok()?;
        self.frames.places.get(place).copied()
    }

    fn place(&self, number: u64) -> Option<Place<'_>> {
        let (from, _) = self.frame(number)?;
        Some(Place { number, file: Source::Journal(&self.path), at: self.at + (HEADER + from) as u64 })
    }

    /// The head of the record, where it is that of the tree which ends here.
    fn head(&self, tree: &Tree, findings: &mut Findings) -> Option<RecordHead> {
        let at = self.at + (HEADER + self.record.entries.len()) as u64;
        let wrong = || {
            Finding::meaning(&self.path, words::record_head()).at(at).of_entry(self.end().saturating_sub(1))
        };
        let head = SignedCheckpoint::parse(&self.record.head).ok().filter(|head| {
            let claims = head.unverified();
            head.to_bytes() == self.record.head
                && claims.extensions.is_empty()
                && claims.size == self.end()
                && tree.root_at(claims.size) == Some(claims.root)
        });
        match head {
            Some(head) => Some(RecordHead { path: self.path.clone(), at, size: self.end(), head }),
            None => {
                findings.add(wrong());
                None
            }
        }
    }
}
