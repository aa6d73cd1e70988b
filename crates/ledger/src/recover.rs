//! Making a ledger and opening one: from what is on disk to a writer and a publisher that agree with it.
//!
//! Order of trust: the head marked durable covers files that are surely there; behind it the journal holds every
//! acknowledged entry; the published checkpoint can show no more than both together.
//! Invariants: what is recovered is published by [`Publisher`], the same code as ever; nothing is repaired in silence;
//! a half-written tail is dropped with an entry that says so.
//! Source: `docs/format.md` §5, §6, §10.

use crate::error::OpenError;
use crate::journal::{Journal, Record, Replay};
use crate::leftovers::Leftovers;
use crate::objects::{CHECKPOINT, COSIGNED, DURABLE, Objects};
use crate::publisher::Publisher;
use crate::shared::{Batch, Shared};
use crate::tiles::{TileHashes, TileWriter};
use crate::writer::{Writer, own_entry};
use model::{Clock, Instant};
use proof::checkpoint::{Checkpoint, SignedCheckpoint};
use proof::entry::Entry;
use proof::hash::leaf_hash;
use proof::lifecycle::{CREATED, Created, RECOVERED};
use proof::note::{SignerKey, VerifierKey};
use proof::tile::{self, Kind, Tile, WIDTH};
use serde_json::json;
use std::sync::Arc;

/// What a ledger stands on.
pub(crate) struct Parts {
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What opening a ledger found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Entries that were acknowledged but not durably published, and are now published.
    pub entries: u64,
    /// Bytes of a half-written tail that was dropped.
    pub dropped_bytes: u64,
}

/// Makes a ledger whose entry 0 is `created`, signed by `key`.
pub(crate) fn create(parts: &Parts, key: &SignerKey, created: &Created) -> Result<(), OpenError> {
    if parts.objects.durable()?.is_some() || parts.objects.list("")?.is_some_and(|names| !names.is_empty()) {
        return Err(OpenError::Exists);
    }
    let body = serde_json::to_value(created).unwrap_or_default();
    let entry = own_entry(CREATED, &created.origin, body)?.stamp(parts.clock.now());
    // What a checker will ask of it is asked now.
    Created::of(&Entry::parse(&entry)?)
        .map_err(|error| OpenError::Damaged { path: "entry 0".to_owned(), what: error.to_string() })?;
    let leaf = leaf_hash(&entry);
    let head = Checkpoint::new(&created.origin, 1, proof::tree::root_of(&[leaf])).sign(key)?;
    let mut tiles = TileWriter::default();
    tiles.push(parts.objects.as_ref(), &entry, leaf)?;
    tiles.put_edge(parts.objects.as_ref())?;
    parts.objects.put(CHECKPOINT, &head.to_bytes())?;
    // Until this returns there is no ledger: opening finds no durable head.
    parts.objects.mark_durable(&head.to_bytes())?;
    Ok(())
}

/// Opens the ledger signed by one of `keys` (the one in use, and one that may be about to replace it).
pub(crate) fn open(parts: &Parts, keys: Vec<SignerKey>) -> Result<(Writer, Publisher, Recovered), OpenError> {
    let objects = parts.objects.as_ref();
    let durable = objects.durable()?.ok_or(OpenError::NoLedger)?;
    let marked = read_head(objects, "durable", &durable)?;
    let tiles = TileWriter::load(objects, marked.size)?;
    let mut frontier = TileHashes::new(objects, marked.size).frontier()?;
    if frontier.root() != marked.root {
        let edge: Vec<_> = tile::edge(marked.size).map(Tile::path).collect();
        let what = format!("its root is not that of the tiles; it, or one of {} is changed", edge.join(", "));
        return Err(damaged(objects, "durable", &what));
    }
    parts.journal.settle()?;
    let replay = parts.journal.replay()?;
    let batches = batches_after(&marked, &replay.records)?;
    for batch in &batches {
        batch.leaves.iter().for_each(|leaf| frontier.push(*leaf, |_, _| ()));
        let head = read_head(objects, "journal", &batch.head)?;
        if (head.size, head.root) != (frontier.size(), frontier.root()) {
            return Err(damaged(objects, "journal", "the head of a record is not that of its entries"));
        }
    }
    let head = batches.last().map_or(&durable, |batch| &batch.head).clone();
    let checkpoint = Checkpoint { root: frontier.root(), size: frontier.size(), ..marked };
    let key = key_of(&head, keys)?;
    check_published(objects, &checkpoint, key.verifier(), batches.is_empty() && replay.records.is_empty())?;
    let last_entry = match batches.last().and_then(|batch| batch.entries.last()) {
        Some(entry) => time_of(entry)?,
        None => last_published_time(objects, checkpoint.size)?,
    };
    let shared = Arc::new(Shared::new(Arc::clone(&parts.clock), checkpoint, head.clone()));
    let mut publisher = Publisher {
        shared: Arc::clone(&shared),
        objects: Arc::clone(&parts.objects),
        journal: Arc::clone(&parts.journal),
        tiles,
        unmarked_bytes: 0,
        head,
    };
    let recovered = publish_recovered(&mut publisher, &batches, &replay)?;
    let journal = Arc::clone(&parts.journal);
    let mut writer = Writer { shared, journal, key, frontier, last_entry, last_clock: last_entry };
    if let Some(torn) = &replay.torn {
        let body = json!({ "dropped_bytes": torn.bytes.to_string(), "file": torn.path });
        writer.append_own(RECOVERED, body)?;
    }
    Ok((writer, publisher, recovered))
}

/// Publishes what the journal held, makes it durable, and empties the journal: appending begins on a clean page, away
/// from any half-written one.
///
/// In this order, since what the journal shows may be in the page cache only (the process before was killed, or its
/// last sync failed and it was never acknowledged): first tiles, then the mark, which makes them durable, and only then
/// a head that others may see. A crash before the mark leaves what was there before; one behind it, all that is new.
fn publish_recovered(
    publisher: &mut Publisher,
    batches: &[Arc<Batch>],
    replay: &Replay,
) -> Result<Recovered, OpenError> {
    let dropped_bytes = replay.torn.as_ref().map_or(0, |torn| torn.bytes);
    let before = publisher.tiles.size();
    let objects = Arc::clone(&publisher.objects);
    let end = batches.last().map_or(before, |batch| batch.end());
    let mut leftovers = Leftovers::find(objects.as_ref(), before, end)?;
    publisher.put_tiles(batches, &mut leftovers)?;
    if replay.records.is_empty() && replay.torn.is_none() {
        // The mark that was read may have a name in the page cache only: whoever made it, or the folders of the
        // journal, may have been killed before the last sync.
        objects.replace(DURABLE, &publisher.head)?;
    } else {
        publisher.mark_durable()?;
        objects.replace(CHECKPOINT, &head_to_show(objects.as_ref(), &publisher.head)?)?;
        publisher.journal.clear()?;
    }
    publisher.journal.prepare()?;
    Ok(Recovered { entries: publisher.tiles.size() - before, dropped_bytes })
}

/// The head to publish: that of the tree, with the cosignatures it has where it is published already.
fn head_to_show(objects: &dyn Objects, head: &[u8]) -> Result<Vec<u8>, OpenError> {
    let new = SignedCheckpoint::parse(head)?;
    let there = objects.fetch(CHECKPOINT)?.filter(|bytes| {
        SignedCheckpoint::parse(bytes).is_ok_and(|old| {
            let signed = |line| old.note().signatures().contains(line);
            old.unverified() == new.unverified() && new.note().signatures().iter().all(signed)
        })
    });
    Ok(there.unwrap_or_else(|| head.to_vec()))
}

/// The journal's records as batches, from the first that goes beyond `marked`; they must follow one another without gap.
fn batches_after(marked: &Checkpoint, records: &[Record]) -> Result<Vec<Arc<Batch>>, OpenError> {
    let mut batches: Vec<Arc<Batch>> = Vec::new();
    let mut next = marked.size;
    for record in records {
        let end = record.first + u64::from(record.count);
        if end <= marked.size {
            continue;
        }
        let wrong = |what: &str| OpenError::Damaged {
            path: format!("ledger/journal, record of entry {}", record.first),
            what: what.to_owned(),
        };
        if record.first > next || (record.first < next && !batches.is_empty()) {
            return Err(wrong(&format!("entry {next} should stand here")));
        }
        let width =
            u16::try_from(record.count).map_err(|_| wrong("it holds more entries than a record can"))?;
        let entries = tile::entries(&record.entries, width).map_err(|error| wrong(&error.to_string()))?;
        // A record may begin before the mark: what is published already is not published again.
        let skip = usize::try_from(next - record.first).unwrap_or(usize::MAX);
        let entries: Vec<_> = entries.into_iter().skip(skip).map(<[u8]>::to_vec).collect();
        let leaves = entries.iter().map(|entry| leaf_hash(entry)).collect();
        batches.push(Arc::new(Batch { first: next, entries, leaves, head: record.head.clone() }));
        next = end;
    }
    Ok(batches)
}

/// Heads that readers or witnesses have seen must be within what was recovered. A checkpoint that cannot be read is
/// what an untimely crash leaves, but only while the journal still has what it covered.
fn check_published(
    objects: &dyn Objects,
    have: &Checkpoint,
    key: &VerifierKey,
    closed_cleanly: bool,
) -> Result<(), OpenError> {
    for path in [CHECKPOINT, COSIGNED] {
        let believed = match objects.fetch(path)? {
            Some(bytes) => believe(&bytes, key, have.size),
            None if path == CHECKPOINT => Err("it is missing".to_owned()),
            None => continue,
        };
        let head = match believed {
            Ok(head) => head,
            Err(_) if path == CHECKPOINT && !closed_cleanly => continue,
            Err(what) => return Err(damaged(objects, path, &what)),
        };
        if head.size > have.size {
            return Err(OpenError::Lost { path: objects.shown(path), published: head.size, have: have.size });
        }
        if head.size == have.size && head.root != have.root {
            return Err(damaged(objects, path, "it shows another root than the entries have"));
        }
        // The mark is never ahead of the published head but between two steps of a recovery, when the journal is full.
        if head.size < have.size && path == CHECKPOINT && closed_cleanly {
            return Err(damaged(objects, path, "it is older than the mark beside it, ledger/durable"));
        }
    }
    Ok(())
}

/// A head whose signature holds. One of the present size is signed by the key in use; older ones may be of a retired
/// key, which are for `ward verify`.
fn believe(head: &[u8], key: &VerifierKey, present: u64) -> Result<Checkpoint, String> {
    let head = SignedCheckpoint::parse(head).map_err(|error| error.to_string())?;
    if head.note().claims(key) || head.unverified().size == present {
        let _signed = head.note().verify(key).map_err(|error| error.to_string())?;
    }
    Ok(head.unverified().clone())
}

/// The key that signed the head; the other one is not in use (any more, or yet).
fn key_of(head: &[u8], keys: Vec<SignerKey>) -> Result<SignerKey, OpenError> {
    let note = SignedCheckpoint::parse(head)?;
    let mut refused = proof::note::NoteError::Form("there is no key");
    for key in keys {
        match note.note().verify(key.verifier()) {
            Ok(_) => return Ok(key),
            Err(error) => refused = error,
        }
    }
    Err(OpenError::Key(refused))
}

fn last_published_time(objects: &dyn Objects, size: u64) -> Result<Instant, OpenError> {
    let Some(tile) = Tile::in_tree(Kind::Entries, size.saturating_sub(1) / WIDTH, size) else {
        return Ok(Instant::EPOCH);
    };
    let bundle = crate::tiles::fetch(objects, tile)?;
    let entries = tile::entries(&bundle, tile.width)
        .map_err(|error| damaged(objects, &tile.path(), &error.to_string()))?;
    entries.last().map_or(Ok(Instant::EPOCH), |entry| time_of(entry))
}

fn time_of(entry: &[u8]) -> Result<Instant, OpenError> {
    Ok(Entry::parse(entry)?.time())
}

fn read_head(objects: &dyn Objects, path: &str, bytes: &[u8]) -> Result<Checkpoint, OpenError> {
    let head = SignedCheckpoint::parse(bytes).map_err(|error| damaged(objects, path, &error.to_string()))?;
    Ok(head.unverified().clone())
}

fn damaged(objects: &dyn Objects, path: &str, what: &str) -> OpenError {
    OpenError::Damaged { path: objects.shown(path), what: what.to_owned() }
}
