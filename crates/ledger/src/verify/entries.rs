//! What each entry says: is it spelled in the one way, is it possible where it stands?
//!
//! Owns: the checks one entry allows (form, times, bodies of the ledger's own kinds, seals, signatures), and what must
//! be remembered of it for the checks that need others (`history`).
//! Invariants: many threads read at once, each with a [`Reading`] of its own; what cannot be judged before all is read
//! is remembered, never guessed. An entry that needs no second look costs no allocation.
//! Source: `docs/format.md` §2, §3, §6, §7.

use super::history::Credentials;
use super::ledger::{Keys, SealKey};
use super::words;
use super::{Finding, Findings};
use model::{DataKeyId, Instant, Told};
use proof::entry::{Entry, EntryError};
use proof::hash::Hash;
use proof::lifecycle::{
    CLOCK_STEPPED_BACK, CREATED, Created, KEY_CHANGED, KEY_DESTROYED, KeyDestroyed, RECOVERED,
};
use proof::seal;
use proof::signature::{self, Credential, Facts, Grade, Previous, Signature, SignatureError};
use proof::tile::Tile;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// What every thread goes by.
pub(super) struct Rules<'a> {
    /// The ledger's name.
    pub(super) origin: &'a str,
    /// The vault; none where it cannot be looked at.
    pub(super) keys: Option<&'a dyn Keys>,
    /// Credentials found so far, by any thread.
    pub(super) credentials: RwLock<Credentials>,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) number: u64,
    pub(super) file: Source<'a>,
    /// First byte of the entry itself in the file.
    pub(super) at: u64,
}

/// The file in which an entry stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    Bundle(Tile),
    Journal(&'a str),
}

/// What one thread has read.
pub(super) struct Reading<'a> {
    rules: &'a Rules<'a>,
    pub(super) findings: Findings,
    pub(super) memory: Memory,
    /// The key met last and what is known of it: entries sealed under one key stand together.
    last_key: Option<(DataKeyId, SealKey)>,
    /// First and last entry of the run that is being read, with their times.
    run: Option<Run>,
}

/// Entries read in one go, by one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: u64,
    pub(super) begins: Instant,
    pub(super) last: u64,
    pub(super) ends: Instant,
}

/// What must be remembered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Memory {
    pub(super) runs: Vec<Run>,
    /// Changes of the ledger's key.
    pub(super) key_changes: Vec<u64>,
    /// Data keys said to be destroyed, by which entry.
    pub(super) destroyed: BTreeMap<DataKeyId, u64>,
    /// Data keys that seal entries.
    pub(super) seals: BTreeMap<DataKeyId, Seals>,
    /// Signatures by passkey: entry, and the entry of the credential under which it was found to hold.
    pub(super) held: Vec<(u64, u64)>,
    /// Signatures by passkey to look at again when all credentials are known.
    pub(super) unheld: Vec<u64>,
    /// Contents that statements refer to: the entry meant, its content hash, the entry that says so.
    pub(super) references: Vec<(u64, Hash, u64)>,
    pub(super) counts: Counts,
}

/// Entries sealed under one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seals {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) fate: Fate,
}

/// What the vault says of a data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Here,
    /// It is in the vault, or nobody knows: the vault was not opened.
    Unseen,
    Destroyed,
    Unknown,
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) entries: u64,
    pub(super) entry_bytes: u64,
    pub(super) sealed: u64,
    pub(super) opened: u64,
    pub(super) by_person: u64,
    pub(super) by_server: u64,
}

/// A body of `ledger.clock-stepped-back`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SteppedBack {
    by_us: String,
}

/// A body of `ledger.recovered`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dropped {
    dropped_bytes: String,
    file: String,
}

/// A body of `credential.revoked`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoked {
    credential: String,
}

const CREDENTIAL_ADDED: &str = "credential.added";
const CREDENTIAL_REVOKED: &str = "credential.revoked";

impl Source<'_> {
    pub(super) fn path(self) -> String {
        match self {
            Source::Bundle(tile) => format!("ledger/{}", tile.path()),
            Source::Journal(path) => path.to_owned(),
        }
    }
}

impl Place<'_> {
    fn finding(self, what: Told) -> Finding {
        Finding::meaning(self.file.path(), what).at(self.at).of_entry(self.number)
    }
}

impl<'a> Reading<'a> {
    pub(super) fn new(rules: &'a Rules<'a>) -> Self {
        let (findings, memory) = (Findings::new(), Memory::default());
        Self { rules, findings, memory, last_key: None, run: None }
    }

    /// Reads an entry that is known to be the one in the tree. Entries of one run follow one another.
    pub(super) fn entry(&mut self, place: Place<'_>, bytes: &[u8]) {
        self.memory.counts.entries += 1;
        self.memory.counts.entry_bytes += bytes.len() as u64;
        let entry = match Entry::parse(bytes) {
            Ok(entry) => entry,
            Err(error) => {
                let at = place.at + error_at(&error);
                self.findings.add(place.finding(words::entry_form(&error)).at(at));
                return;
            }
        };
        self.time(place, entry.time());
        self.kind(place, &entry);
        if entry.sealed().is_some() {
            self.seal(place, &entry);
        }
        if let Some(signature) = entry.signature() {
            self.signature(place, &entry, signature);
        }
    }

    /// Ends a run: the next entry follows nothing this thread has read.
    pub(super) fn end_run(&mut self) {
        self.memory.runs.extend(self.run.take());
    }

    fn time(&mut self, place: Place<'_>, time: Instant) {
        let number = place.number;
        let run = self.run.get_or_insert(Run { first: number, begins: time, last: number, ends: time });
        if time < run.ends {
            self.findings.add(place.finding(words::time_back(run.last)));
        }
        run.last = number;
        run.ends = run.ends.max(time);
    }

    fn kind(&mut self, place: Place<'_>, entry: &Entry<'_>) {
        let kind = entry.kind();
        if (kind == CREATED) != (place.number == 0) {
            let what = if kind == CREATED { words::created_twice() } else { words::not_created() };
            self.findings.add(place.finding(what));
            return;
        }
        // Most entries are about other things.
        if !(kind.starts_with("ledger.") || kind.starts_with("credential.")) {
            return;
        }
        if let Err(what) = self.own_kind(place, entry) {
            self.findings.add(place.finding(words::body(kind, &what)));
        }
    }

    /// Entries about the ledger itself and about credentials: their bodies, and what they change.
    fn own_kind(&mut self, place: Place<'_>, entry: &Entry<'_>) -> Result<(), String> {
        match entry.kind() {
            CREATED => Created::of(entry).map(drop).map_err(|error| error.to_string()),
            KEY_CHANGED => {
                self.memory.key_changes.push(place.number);
                Ok(())
            }
            KEY_DESTROYED => {
                let destroyed = KeyDestroyed::of(entry).map_err(|error| error.to_string())?;
                if destroyed.case.parse::<u64>().is_ok_and(|case| case >= place.number) {
                    return Err("the approving entry does not come before".to_owned());
                }
                // The first destruction counts; a second one changes nothing.
                let first = self.memory.destroyed.entry(destroyed.key).or_insert(place.number);
                *first = place.number.min(*first);
                Ok(())
            }
            CLOCK_STEPPED_BACK => {
                let body: SteppedBack = body(entry)?;
                decimal(&body.by_us, "by_us")
            }
            RECOVERED => {
                let body: Dropped = body(entry)?;
                if body.file.is_empty() {
                    return Err("`file` is empty".to_owned());
                }
                decimal(&body.dropped_bytes, "dropped_bytes")
            }
            CREDENTIAL_ADDED => {
                let credential: Credential = body(entry)?;
                self.credentials(|credentials| credentials.add(place.number, credential));
                Ok(())
            }
            CREDENTIAL_REVOKED => {
                let body: Revoked = body(entry)?;
                let id = proof::base64::decode_url(&body.credential);
                let id = id.ok_or_else(|| "`credential` is not base64url".to_owned())?;
                self.credentials(|credentials| credentials.revoke(place.number, id));
                Ok(())
            }
            kind if kind.starts_with("ledger.") => Err("no such kind".to_owned()),
            _ => Ok(()),
        }
    }

    fn credentials(&self, change: impl FnOnce(&mut Credentials)) {
        change(&mut self.rules.credentials.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn seal(&mut self, place: Place<'_>, entry: &Entry<'_>) {
        let Some(sealed) = entry.sealed() else { return };
        self.memory.counts.sealed += 1;
        let id = sealed.key();
        if self.last_key.as_ref().is_none_or(|(last, _)| *last != id) {
            let state = self.rules.keys.map_or(SealKey::Unseen, |keys| keys.state(id));
            self.last_key = Some((id, state));
        }
        let fate = match self.last_key.as_ref().map(|(_, state)| state) {
            Some(SealKey::Here(key)) => {
                match seal::open(entry, key) {
                    Ok(_) => self.memory.counts.opened += 1,
                    Err(error) => self.findings.add(place.finding(words::seal(&error))),
                }
                Fate::Here
            }
            Some(SealKey::Unseen) | None => Fate::Unseen,
            Some(SealKey::Destroyed) => Fate::Destroyed,
            Some(SealKey::Unknown) => Fate::Unknown,
        };
        let (first, last) = (place.number, place.number);
        let seals = self.memory.seals.entry(id).or_insert(Seals { first, last, fate });
        seals.first = seals.first.min(first);
        seals.last = seals.last.max(last);
    }

    fn signature(&mut self, place: Place<'_>, entry: &Entry<'_>, signature: &Signature) {
        let number = place.number;
        if let Previous::Entry(previous) = signature.statement.previous
            && previous < number
        {
            self.memory.references.push((previous, signature.statement.content, number));
        }
        let known = signature.credential().and_then(|id| {
            let credentials = self.rules.credentials.read().unwrap_or_else(PoisonError::into_inner);
            credentials.in_force(id, number)
        });
        let facts = Facts::of(entry, self.rules.origin, number, None);
        let credential = known.as_ref().map(|(_, credential)| credential.as_ref());
        match signature::check(signature, &facts, credential) {
            Ok(Grade::Otp) => self.memory.counts.by_server += 1,
            Ok(Grade::Passkey) => {
                self.memory.counts.by_person += 1;
                self.memory.held.extend(known.map(|(added, _)| (number, added)));
            }
            // Another thread may be about to find the credential, or a newer one of the same id.
            Err(SignatureError::NoCredential) => self.memory.unheld.push(number),
            Err(_) if known.is_some() => self.memory.unheld.push(number),
            Err(error) => self.findings.add(place.finding(words::signature(&error))),
        }
    }
}

/// Checks a signature by passkey when everything before it is known.
pub(super) fn check_signature(
    entry: &Entry<'_>,
    number: u64,
    origin: &str,
    credentials: &Credentials,
) -> Result<(), SignatureError> {
    let Some(signature) = entry.signature() else { return Ok(()) };
    let known = signature.credential().and_then(|id| credentials.in_force(id, number));
    let facts = Facts::of(entry, origin, number, None);
    signature::check(signature, &facts, known.as_ref().map(|(_, credential)| credential.as_ref())).map(drop)
}

impl Memory {
    /// Adds what another thread remembers.
    pub(super) fn join(&mut self, other: Self) {
        self.runs.extend(other.runs);
        self.key_changes.extend(other.key_changes);
        for (key, number) in other.destroyed {
            let first = self.destroyed.entry(key).or_insert(number);
            *first = number.min(*first);
        }
        for (key, seals) in other.seals {
            let joined = self.seals.entry(key).or_insert(seals);
            joined.first = joined.first.min(seals.first);
            joined.last = joined.last.max(seals.last);
        }
        self.held.extend(other.held);
        self.unheld.extend(other.unheld);
        self.references.extend(other.references);
        self.counts.entries += other.counts.entries;
        self.counts.entry_bytes += other.counts.entry_bytes;
        self.counts.sealed += other.counts.sealed;
        self.counts.opened += other.counts.opened;
        self.counts.by_person += other.counts.by_person;
        self.counts.by_server += other.counts.by_server;
    }

    /// Puts it in an order that does not depend on the threads.
    pub(super) fn sort(&mut self) {
        self.runs.sort_unstable_by_key(|run| run.first);
        self.key_changes.sort_unstable();
        self.held.sort_unstable();
        self.unheld.sort_unstable();
        self.references.sort_unstable();
    }
}

fn body<T: serde::de::DeserializeOwned>(entry: &Entry<'_>) -> Result<T, String> {
    let body = entry.body_bytes().ok_or_else(|| "it is sealed".to_owned())?;
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn decimal(text: &str, member: &str) -> Result<(), String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain && text.parse::<u64>().is_ok() { Ok(()) } else { Err(format!("`{member}` is not a number")) }
}

/// The byte of the entry at which its form departs from what is asked for.
fn error_at(error: &EntryError) -> u64 {
    let at = match error {
        EntryError::Json(error) => error.at,
        EntryError::Unknown { at, .. } | EntryError::Member { at, .. } | EntryError::Signature { at, .. } => {
            *at
        }
        EntryError::TooLong { .. } | EntryError::Missing { .. } | EntryError::Misplaced { .. } => 0,
    };
    at as u64
}
