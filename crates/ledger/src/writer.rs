//! The one writer: gives entries their time and number, signs the head, makes both durable, acknowledges.
//!
//! Owns: the order of entries; the entries the ledger makes about itself.
//! Invariants: a job is acknowledged after its record is durable and never otherwise; a batch is never split; times
//! never go back; after an append of which the outcome is not known nothing is appended any more.
//! Does not: publish (`publisher`), wait (`ledger` gives it its jobs).
//! Source: `docs/format.md` §5, §6, §10.1.

use crate::error::{AppendError, StopReason};
use crate::journal::{Journal, JournalError, Record};
use crate::shared::{Batch, Job, Shared};
use model::{Actor, Instant};
use proof::base64;
use proof::checkpoint::Checkpoint;
use proof::entry::{Body, Draft, Encoded, EntryError};
use proof::hash::leaf_hash;
use proof::lifecycle::key_change_text;
use proof::note::SignerKey;
use proof::tile;
use proof::tree::Frontier;
use serde_json::{Value, json};
use std::ops::Range;
use std::sync::Arc;

/// Most bytes of entries in one batch.
pub const MOST_BATCH_BYTES: usize = 8 << 20;
/// Most entries in one batch. With those the ledger adds of its own, a record has at most 65,535, as many as a bundle's
/// framing can be read for.
pub const MOST_BATCH_ENTRIES: usize = 65_000;

/// The one who appends. [`Writer::step`] is all it does.
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) key: SignerKey,
    pub(crate) frontier: Frontier,
    /// Time of the last entry.
    pub(crate) last_entry: Instant,
    /// What the clock last showed.
    pub(crate) last_clock: Instant,
}

/// A group of entries on its way to the journal; dropped, it leaves nothing behind.
struct Group {
    /// What the clock shows.
    clock: Instant,
    /// Time of its entries.
    time: Instant,
    frontier: Frontier,
    batch: Batch,
}

impl Group {
    fn push(&mut self, entry: Encoded) {
        let entry = entry.stamp(self.time);
        let leaf = leaf_hash(&entry);
        self.frontier.push(leaf, |_, _| ());
        self.batch.leaves.push(leaf);
        self.batch.entries.push(entry);
    }
}

impl Writer {
    /// Does these jobs together. Each is answered; after an unknown outcome the ledger is stopped.
    pub(crate) fn step(&mut self, jobs: Vec<Job>) {
        let mut accepted = Vec::new();
        let mut entries = Vec::new();
        let mut new_key = None;
        for job in jobs {
            match job {
                Job::Append { batch, reply } => match check_batch(&batch) {
                    Ok(()) => {
                        accepted.push((batch.len() as u64, reply));
                        entries.extend(batch);
                    }
                    Err(error) => drop(reply.send(Err(error))),
                },
                Job::ChangeKey { new, reply } => {
                    accepted.push((1, reply));
                    new_key = Some(*new);
                }
            }
        }
        if accepted.is_empty() {
            return;
        }
        match self.append(entries, new_key) {
            Ok(first) => {
                let mut next = first;
                for (count, reply) in accepted {
                    // A caller who no longer waits has lost interest, not the entry.
                    let _ = reply.send(Ok(next..next + count));
                    next += count;
                }
            }
            Err(error) => accepted.into_iter().for_each(|(_, reply)| drop(reply.send(Err(error.clone())))),
        }
    }

    /// Appends entries of the ledger's own.
    pub(crate) fn append_own(&mut self, kind: &str, body: Value) -> Result<Range<u64>, AppendError> {
        let entry = own_entry(kind, &self.shared.state().head.origin, body);
        let entry = entry.map_err(|error| AppendError::Stopped(StopReason::Entry(Arc::new(error))))?;
        let first = self.append(vec![entry], None)?;
        Ok(first..first + 1)
    }

    /// Makes entries durable and gives the number of the first one of the callers'. With `new_key`, the entry that
    /// hands over to it comes last, and it signs the head.
    fn append(&mut self, entries: Vec<Encoded>, new_key: Option<SignerKey>) -> Result<u64, AppendError> {
        let unmade = |error| self.stopped(StopReason::Entry(Arc::new(error)));
        let (mut group, own) = self.group(self.shared.clock.now()).map_err(unmade)?;
        entries.into_iter().for_each(|entry| group.push(entry));
        if let Some(new) = &new_key {
            group.push(self.key_change(new, group.frontier.size()).map_err(unmade)?);
        }
        let origin = self.shared.state().head.origin.clone();
        let head = Checkpoint::new(&origin, group.frontier.size(), group.frontier.root());
        let signed = head.sign(new_key.as_ref().unwrap_or(&self.key));
        let signed = signed.map_err(|error| self.stopped(StopReason::Sign(Arc::new(error))))?;
        group.batch.head = signed.to_bytes();
        match self.journal.append(&record(&group.batch)) {
            Ok(()) => {}
            Err(error @ JournalError::Unknown(_)) => {
                return Err(self.stopped(StopReason::Unknown(Arc::new(error))));
            }
            // Nothing of the group is anywhere: the writer goes on from where it was.
            Err(error) => return Err(AppendError::NotWritten(Arc::new(error))),
        }
        // Durable from here on. What follows only tells others.
        let first = group.batch.first + own;
        self.last_entry = group.time;
        self.last_clock = group.clock;
        self.frontier = group.frontier;
        if let Some(key) = new_key {
            self.key = key;
        }
        let batch = Arc::new(group.batch);
        self.shared.change(|state| {
            state.head = head;
            state.signed_head.clone_from(&batch.head);
            state.tail.push_back(batch);
        });
        Ok(first)
    }

    /// An empty group at the present time, and how many entries of the ledger's own begin it.
    fn group(&self, clock: Instant) -> Result<(Group, u64), EntryError> {
        let time = clock.max(self.last_entry);
        let batch =
            Batch { first: self.frontier.size(), entries: Vec::new(), leaves: Vec::new(), head: Vec::new() };
        let mut group = Group { clock, time, frontier: self.frontier.clone(), batch };
        let stepped_back = self.last_clock.as_micros().saturating_sub(clock.as_micros());
        if stepped_back <= 0 {
            return Ok((group, 0));
        }
        let body = json!({ "by_us": stepped_back.to_string() });
        group.push(own_entry("ledger.clock-stepped-back", &self.shared.state().head.origin, body)?);
        Ok((group, 1))
    }

    /// The entry that hands over from the present key to `new`; both sign it.
    fn key_change(&self, new: &SignerKey, number: u64) -> Result<Encoded, EntryError> {
        let origin = self.shared.state().head.origin.clone();
        let (old_key, new_key) = (self.key.verifier().to_string(), new.verifier().to_string());
        let message = key_change_text(&origin, &old_key, &new_key, number);
        let body = json!({
            "by_new": base64::encode(&new.sign_bytes(message.as_bytes())),
            "by_old": base64::encode(&self.key.sign_bytes(message.as_bytes())),
            "new": new_key,
            "old": old_key,
        });
        own_entry("ledger.key-changed", &origin, body)
    }

    fn stop(&self, reason: &StopReason) {
        self.shared.stop(reason);
    }

    fn stopped(&self, reason: StopReason) -> AppendError {
        self.stop(&reason);
        AppendError::Stopped(reason)
    }
}

/// An entry the ledger makes about itself.
pub(crate) fn own_entry(kind: &str, origin: &str, body: Value) -> Result<Encoded, EntryError> {
    let draft = Draft {
        actor: Actor::machine("ledger"),
        kind: kind.to_owned(),
        subject: origin.to_owned(),
        unit: None,
        form: None,
        body: Body::Clear { value: body, salt: None },
        signature: None,
    };
    draft.encode()
}

fn check_batch(batch: &[Encoded]) -> Result<(), AppendError> {
    let bytes = batch.iter().map(Encoded::len).sum();
    if batch.is_empty() || bytes > MOST_BATCH_BYTES || batch.len() > MOST_BATCH_ENTRIES {
        return Err(AppendError::Batch { entries: batch.len(), bytes });
    }
    Ok(())
}

fn record(batch: &Batch) -> Record {
    let mut entries = Vec::with_capacity(batch.entries.iter().map(|entry| entry.len() + 2).sum());
    for entry in &batch.entries {
        tile::put_entry(&mut entries, entry);
    }
    let count = u32::try_from(batch.entries.len()).unwrap_or(u32::MAX);
    Record { first: batch.first, count, entries, head: batch.head.clone() }
}
