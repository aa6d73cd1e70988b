//! What can only be judged when all is read: keys through time, credentials, destroyed data keys, references.
//!
//! Owns: the history of the ledger's keys and of people's credentials; the second look at entries that need it.
//! Invariant: an entry whose bytes are wrong is never looked at, and nothing that it says counts.
//! Source: `docs/format.md` §5, §6, §7, §10.2.

use super::entries::{Fate, Memory, Place, Source, check_signature};
use super::journal::Journal;
use super::scan::{Frames, Scan};
use super::shelf;
use super::{Finding, Findings, words};
use model::Told;
use proof::entry::Entry;
use proof::lifecycle::{Created, KeyChanged};
use proof::note::VerifierKey;
use proof::signature::Credential;
use proof::tile::{Kind, Tile, WIDTH};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Credentials through time.
#[derive(Default)]
pub(super) struct Credentials {
    /// What happened to each credential, by number of the entry.
    events: HashMap<Vec<u8>, BTreeMap<u64, Option<Arc<Credential>>>>,
    /// Which credential an entry added.
    added: HashMap<u64, Vec<u8>>,
}

/// The ledger's keys through time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct KeyHistory {
    /// Each key, and the size up to which the one before it signs.
    keys: Vec<(u64, VerifierKey)>,
}

impl Credentials {
    pub(super) fn add(&mut self, number: u64, credential: Credential) {
        let id = credential.credential.clone();
        self.added.insert(number, id.clone());
        self.events.entry(id).or_default().insert(number, Some(Arc::new(credential)));
    }

    pub(super) fn revoke(&mut self, number: u64, id: Vec<u8>) {
        self.events.entry(id).or_default().insert(number, None);
    }

    /// The credential of this id that holds just before entry `number`, and the entry that added it.
    pub(super) fn in_force(&self, id: &[u8], number: u64) -> Option<(u64, Arc<Credential>)> {
        let (added, credential) = self.events.get(id)?.range(..number).next_back()?;
        Some((*added, Arc::clone(credential.as_ref()?)))
    }

    /// Whether what entry `added` made known holds just before entry `number`.
    fn still_holds(&self, added: u64, number: u64) -> bool {
        let id = self.added.get(&added);
        id.and_then(|id| self.in_force(id, number)).is_some_and(|(latest, _)| latest == added)
    }
}

impl KeyHistory {
    /// Not even the first key is known.
    pub(super) const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key that signs heads of this size.
    pub(super) fn at(&self, size: u64) -> Option<&VerifierKey> {
        self.keys.iter().rev().find(|(above, _)| *above < size).map(|(_, key)| key)
    }
}

/// Looks up single entries again.
pub(super) struct Library<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) journal: &'a Journal,
    pub(super) accused: &'a BTreeSet<u64>,
    /// The bundle looked into last.
    open: Option<(Tile, Vec<u8>, Frames)>,
}

impl<'a> Library<'a> {
    pub(super) fn new(scan: &'a Scan<'a>, journal: &'a Journal, accused: &'a BTreeSet<u64>) -> Self {
        Self { scan, journal, accused, open: None }
    }

    /// An entry whose bytes are right, and where it stands.
    fn entry(&mut self, number: u64) -> Option<(&[u8], Place<'_>)> {
        if self.accused.contains(&number) {
            return None;
        }
        if number >= self.scan.size {
            return self.journal.place(number);
        }
        let tile = Tile::in_tree(Kind::Entries, number / WIDTH, self.scan.size)?;
        if self.open.as_ref().is_none_or(|(open, _, _)| *open != tile) {
            let main = shelf::fetch(self.scan.context, tile).ok()?;
            let mut frames = Frames::default();
            frames.read(&main.bytes, tile.width, main.longer);
            self.open = Some((tile, main.bytes, frames));
        }
        let (_, bytes, frames) = self.open.as_ref()?;
        let (from, to) = *frames.places.get(usize::try_from(number % WIDTH).ok()?)?;
        Some((bytes.get(from..to)?, Place { number, file: Source::Bundle(tile), at: from as u64 }))
    }

    /// A finding about an entry, with its place.
    fn finding(&mut self, number: u64, what: Told) -> Finding {
        match self.entry(number) {
            Some((_, place)) => Finding::meaning(place.file.path(), what).at(place.at).of_entry(number),
            None => Finding::meaning("ledger/", what).of_entry(number),
        }
    }

    /// Times do not go back from one run to the next.
    pub(super) fn times(&mut self, memory: &Memory, findings: &mut Findings) {
        for pair in memory.runs.windows(2) {
            if let [before, after] = pair
                && after.begins < before.ends
            {
                findings.add(self.finding(after.first, words::time_back(before.last)));
            }
        }
    }

    /// The keys of the ledger, from entry 0 through each change.
    pub(super) fn keys(&mut self, memory: &Memory, origin: &str, findings: &mut Findings) -> KeyHistory {
        let mut keys = Vec::new();
        let created = self.entry(0).and_then(|(bytes, _)| Created::of(&Entry::parse(bytes).ok()?).ok());
        if let Some(first) = created.and_then(|created| created.first_key().ok()) {
            keys.push((0, first));
        }
        for number in &memory.key_changes {
            let Some((_, in_use)) = keys.last() else { break };
            let Some((bytes, _)) = self.entry(*number) else { continue };
            let Ok(entry) = Entry::parse(bytes) else { continue };
            match KeyChanged::check(&entry, *number, origin, in_use) {
                Ok(new) => keys.push((*number, new)),
                Err(error) => findings.add(self.finding(*number, words::key_change(&error))),
            }
        }
        KeyHistory { keys }
    }

    /// Signatures that were found to hold under a credential still do, now that all credentials are known; and those
    /// that were not get their second look. Gives how many hold.
    pub(super) fn signatures(
        &mut self,
        memory: &Memory,
        origin: &str,
        credentials: &Credentials,
        findings: &mut Findings,
    ) -> u64 {
        let changed = memory.held.iter().filter(|(number, added)| !credentials.still_holds(*added, *number));
        let again: BTreeSet<_> = changed.map(|(number, _)| number).chain(&memory.unheld).copied().collect();
        let looked_at = memory.held.len() + memory.unheld.len();
        let mut failed = 0;
        for number in again {
            let Some((bytes, _)) = self.entry(number) else { continue };
            let Ok(entry) = Entry::parse(bytes) else { continue };
            if let Err(error) = check_signature(&entry, number, origin, credentials) {
                failed += 1;
                findings.add(self.finding(number, words::signature(&error)));
            }
        }
        looked_at as u64 - failed
    }

    /// What statements say of earlier entries is so.
    pub(super) fn references(&mut self, memory: &Memory, findings: &mut Findings) {
        for (previous, content, number) in &memory.references {
            let Some((bytes, _)) = self.entry(*previous) else { continue };
            let Ok(entry) = Entry::parse(bytes) else { continue };
            if entry.content_hash() != *content {
                findings.add(self.finding(*number, words::reference(*previous)));
            }
        }
    }

    /// Each sealed body can be opened, or its key was destroyed by an entry that comes after it.
    pub(super) fn seals(&mut self, memory: &Memory, findings: &mut Findings) {
        for (key, seals) in &memory.seals {
            let destroyed = memory.destroyed.get(key).copied();
            let what = match (seals.fate, destroyed) {
                (Fate::Here | Fate::Unseen | Fate::Destroyed | Fate::Unknown, Some(by))
                    if by < seals.last =>
                {
                    findings.add(self.finding(seals.last, words::sealed_after(*key, by)));
                    continue;
                }
                // Beside a running writer a destruction may be between its entry and its key.
                (Fate::Here, Some(_)) | (Fate::Destroyed, None) if self.scan.context.live => continue,
                (Fate::Here, Some(by)) => words::still_here(*key, by),
                (Fate::Destroyed, None) => words::destroyed_unsaid(*key),
                (Fate::Unknown, None) => words::key_lost(*key),
                (Fate::Here | Fate::Unseen, _) | (Fate::Destroyed | Fate::Unknown, Some(_)) => continue,
            };
            findings.add(self.finding(seals.first, what));
        }
    }
}
