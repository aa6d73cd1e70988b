//! Rebuilding: the tables made anew from the ledger, beside the old ones, compared, and put in their place.
//!
//! Runs the code of every day (`fold`, `flush`); what differs is how often it is flushed. Entries are read and opened on
//! several threads, a chunk each in turn, and folded on one.
//! Memory: the cases of all records are held until they are written; it grows with what there is, not with how long it
//! has been there.
//! Invariants: the old tables stay until the new ones are whole; nothing is sent; the state is not touched.

use crate::error::StoreError;
use crate::fact::{Keys, Recorded};
use crate::flush::{self, Making};
use crate::fold::{Below, Fold, Known, Lost};
use crate::layout::{Layout, Packs};
use crate::place::{LOCK, LOCK_NEXT, NEXT, PROJECTION, Place, STATE, lock, make_folder};
use crate::projection::{create_tables, reach, set_meta};
use crate::sql::{Access, Dialect, Sql};
use crate::tally;
use casework::{DutyKey, Object, Occurrence, Series};
use ledger::reader::Reader;
use ledger::vault::{KeyState, VaultError};
use model::{DataKeyId, RecordId};
use proof::seal::DataKey;
use regulation::DutyId;
use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Reads published packs: version and digest of the stored archive, in order.
pub type ReadPacks<'a> = dyn Fn(&[(u32, String)]) -> Result<Packs, StoreError> + 'a;

/// What rebuilding needs beside the ledger.
pub struct Sources<'a> {
    /// Data keys.
    pub keys: Arc<dyn Keys>,
    /// Reads published packs: version and digest of the stored archive, in order.
    pub packs: &'a ReadPacks<'a>,
    /// Is told how many entries are done.
    pub progress: &'a dyn Fn(u64),
    /// Is the search index made, too?
    pub index: bool,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// Entries that were read.
    pub entries: u64,
    /// Digest of the new tables' dump.
    pub digest: String,
    /// Digest of the old tables' dump; none where there were none, or none of this version.
    pub before: Option<String>,
}

/// Entries handed over at a time.
const CHUNK: u64 = 4_096;
/// Most threads that read.
const MOST_READERS: usize = 4;
/// Chunks a reader may be ahead.
const AHEAD: usize = 4;
/// Keys a reader remembers.
const MOST_KEYS: usize = 16_384;
/// Rows that only grow are written after so many entries.
const LISTS: u64 = 262_144;

/// Makes the tables anew from the entries up to `size`, and puts them in place.
///
/// # Errors
/// `Held`: somebody writes them, or builds others (in a folder the installation's lock sees to that).
/// `Follows`: an entry cannot be applied; the old tables stay. `Unavailable`, `Damaged`, `Pack`, `File`.
pub fn rebuild(
    place: &Place,
    reader: &Reader,
    size: u64,
    sources: &Sources<'_>,
) -> Result<Rebuilt, StoreError> {
    let mut sql = open_next(place)?;
    if sql.dialect() == Dialect::Postgres {
        // Nobody may write what is about to be replaced.
        lock(&mut sql, LOCK)?;
    }
    let packs = fill(&mut sql, reader, size, sources)?;
    let layout = Layout::new(packs.0.iter());
    let (digest, before) = digests(&mut sql, place, &layout)?;
    put_in_place(place, sql)?;
    Ok(Rebuilt { entries: size, digest, before })
}

/// Compares the tables with what the ledger gives, and leaves them as they are.
///
/// # Errors
/// As [`rebuild`].
pub fn compare(
    place: &Place,
    reader: &Reader,
    size: u64,
    sources: &Sources<'_>,
) -> Result<Rebuilt, StoreError> {
    let mut sql = open_next(place)?;
    let packs = fill(&mut sql, reader, size, sources)?;
    let layout = Layout::new(packs.0.iter());
    let (digest, before) = digests(&mut sql, place, &layout)?;
    take_away(place, sql)?;
    Ok(Rebuilt { entries: size, digest, before })
}

/// Digests of the new tables and, at the same time, of the old ones.
fn digests(sql: &mut Sql, place: &Place, layout: &Layout) -> Result<(String, Option<String>), StoreError> {
    std::thread::scope(|scope| {
        let before = scope.spawn(|| before(place, layout));
        let digest = crate::dump::digest(sql, layout)?;
        Ok((digest, before.join().unwrap_or_default()))
    })
}

fn before(place: &Place, layout: &Layout) -> Option<String> {
    // Old tables of another version, or damaged ones, do not hinder.
    let mut sql = place.open_to_read().ok()?;
    crate::dump::digest(&mut sql, layout).ok()
}

/// Tables of their own, beside those in use.
pub(crate) fn open_next(place: &Place) -> Result<Sql, StoreError> {
    match place {
        Place::Folder(folder) => {
            make_folder(folder)?;
            remove_next(folder)?;
            let state = folder.join(STATE);
            let mut sql = Sql::sqlite(&folder.join(NEXT), Some(&state), Access::Write)?;
            sql.script(&crate::schema::state(Dialect::Sqlite))?;
            // Nothing of it counts before it is whole.
            // Rows of the history come in the order of entries and lie in that of records: many pages are at hand.
            sql.script(
                "PRAGMA main.synchronous = OFF; PRAGMA main.journal_mode = OFF; PRAGMA main.cache_size = -262144;",
            )?;
            Ok(sql)
        }
        Place::Postgres { url, schema } => {
            let mut sql = Sql::postgres(url, &format!("{schema}_next"))?;
            lock(&mut sql, LOCK_NEXT)?;
            sql.script(&format!("DROP SCHEMA IF EXISTS {schema}_next CASCADE"))?;
            sql.script(&format!("CREATE SCHEMA {schema}_next; CREATE SCHEMA IF NOT EXISTS state;"))?;
            sql.script(&crate::schema::state(Dialect::Postgres))?;
            Ok(sql)
        }
    }
}

fn take_away(place: &Place, mut sql: Sql) -> Result<(), StoreError> {
    match place {
        Place::Folder(folder) => {
            drop(sql);
            remove_next(folder)
        }
        Place::Postgres { schema, .. } => sql.script(&format!("DROP SCHEMA {schema}_next CASCADE")),
    }
}

fn remove_next(folder: &Path) -> Result<(), StoreError> {
    ["", "-wal", "-shm", "-journal"].iter().try_for_each(|end| remove(&folder.join(format!("{NEXT}{end}"))))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::File { path: path.display().to_string(), source: error })
        }
        _ => Ok(()),
    }
}

/// The new tables take the place of the old ones. A crash in between leaves the old ones, or none, which the next
/// start fills again.
fn put_in_place(place: &Place, mut sql: Sql) -> Result<(), StoreError> {
    match place {
        Place::Folder(folder) => {
            drop(sql);
            let (from, to) = (folder.join(NEXT), folder.join(PROJECTION));
            let file = |source| StoreError::File { path: to.display().to_string(), source };
            std::fs::File::open(&from).and_then(|file| file.sync_all()).map_err(file)?;
            // The tables go before their log: without it they could be half of what they were. A log without tables
            // belongs to nothing and is not read.
            for end in ["", "-wal", "-shm"] {
                remove(&folder.join(format!("{PROJECTION}{end}")))?;
            }
            std::fs::rename(&from, &to).map_err(file)
        }
        Place::Postgres { schema, .. } => sql.within(|sql| {
            sql.script(&format!(
                "DROP SCHEMA IF EXISTS {schema} CASCADE; ALTER SCHEMA {schema}_next RENAME TO {schema};"
            ))
        }),
    }
}

/// Nothing lies below a projection that is built from the first entry on, but what was flushed and forgotten.
struct Nothing;

impl Below for Nothing {
    fn record(&self, _: RecordId) -> Result<Known, StoreError> {
        Ok(Known::Nothing)
    }

    fn keyed(&self, _: DataKeyId) -> Result<Option<(RecordId, Lost)>, StoreError> {
        Ok(None)
    }

    fn sequence(&self, _: &str) -> Result<u32, StoreError> {
        Ok(0)
    }

    fn occurrence(&self, _: &DutyKey) -> Result<Option<Occurrence>, StoreError> {
        Ok(None)
    }

    fn series(&self, _: &DutyId, _: &Object) -> Result<Option<Series>, StoreError> {
        Ok(None)
    }
}

pub(crate) fn fill(
    sql: &mut Sql,
    reader: &Reader,
    size: u64,
    sources: &Sources<'_>,
) -> Result<Packs, StoreError> {
    sql.within(create_tables)?;
    let mut fold = Fold::default();
    let mut published = Vec::new();
    let readers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MOST_READERS);
    let (mut from, mut reading) = (Vec::new(), Vec::new());
    for nth in 0..readers {
        let (to, chunks) = sync_channel(AHEAD);
        let (reader, keys) = (reader.clone(), Remembering::new(Arc::clone(&sources.keys)));
        reading.push(std::thread::spawn(move || read(&reader, size, (nth, readers), &keys, &to)));
        from.push(chunks);
    }
    let folded = fold_all(sql, &mut fold, &mut published, &from, sources);
    drop(from);
    // Readers end by themselves once nobody listens.
    reading.into_iter().for_each(|one| drop(one.join()));
    let folded = folded?;
    if folded != size {
        // A reader that ended early must not pass for the end of the ledger.
        return Err(StoreError::follows(folded, "reading the ledger ended early"));
    }
    let packs = (sources.packs)(&published)?;
    let layout = Layout::new(packs.0.iter());
    let keys = sources.keys.as_ref();
    let making = Making { packs: &packs, layout: &layout, keys, index: sources.index, fresh: true };
    sql.within(|sql| -> Result<(), StoreError> {
        let touched = std::mem::take(&mut fold.touched);
        let lists = std::mem::take(&mut fold.lists).without(&touched);
        // Indexes come when the tables are full: sorting at the end is quicker than finding a place for each row.
        let (tables, indexes) = sheets(&layout, sql.dialect());
        sql.script(&tables)?;
        flush::lists(sql, lists)?;
        flush::cases(sql, &fold, &touched, &making, &|_| None)?;
        fold.state.cases.clear();
        sql.script(&indexes)?;
        tally::fill(sql, &layout)?;
        flush::rest(sql, &fold, &touched, &making)?;
        reach(sql, &fold, &touched, size)?;
        set_meta(sql, "layout", &layout.fingerprint())
    })?;
    // Where tables of other sizes lie, other plans are good. Samples of what is in them are not kept: they would outlive
    // what is destroyed.
    sql.script(match sql.dialect() {
        Dialect::Sqlite => "ANALYZE; DROP TABLE IF EXISTS sqlite_stat4;",
        // Indexes alone answer for rows of which PostgreSQL knows that all may see them.
        Dialect::Postgres => "VACUUM (ANALYZE)",
    })?;
    Ok(packs)
}

/// Statements that make the sheets, and those that make all indexes.
fn sheets(layout: &Layout, dialect: Dialect) -> (String, String) {
    let (mut tables, mut indexes) = (String::new(), crate::schema::indexes(dialect));
    for sheet in layout.sheets.values() {
        tables.extend(sheet.create_tables(dialect).iter().flat_map(|statement| [statement, ";\n"]));
        indexes.extend(sheet.create_indexes(dialect).iter().flat_map(|statement| [statement, ";\n"]));
    }
    (tables, indexes)
}

type Chunk = Result<Vec<Recorded>, StoreError>;

/// Reads every so-and-so-many-th chunk: `turn` is which of how many readers this one is.
fn read(reader: &Reader, size: u64, turn: (usize, usize), keys: &dyn Keys, to: &SyncSender<Chunk>) {
    let (nth, readers) = (turn.0 as u64, turn.1 as u64);
    let mut first = nth * CHUNK;
    while first < size {
        let end = (first + CHUNK).min(size);
        let mut chunk: Chunk = Ok(Vec::with_capacity(CHUNK as usize));
        let visit = |number: u64, bytes: &[u8]| {
            let Ok(list) = &mut chunk else { return };
            match Recorded::read(number, bytes, keys) {
                Ok(recorded) => list.push(recorded),
                Err(error) => chunk = Err(StoreError::follows(number, error)),
            }
        };
        if let Err(error) = reader.entries(first..end, visit) {
            chunk = Err(StoreError::follows(first, error));
        }
        let failed = chunk.is_err();
        if to.send(chunk).is_err() || failed {
            return;
        }
        first += readers * CHUNK;
    }
}

/// The vault, and keys it was asked for before: opening one takes as long as opening what it seals.
struct Remembering {
    keys: Arc<dyn Keys>,
    known: Mutex<HashMap<DataKeyId, Zeroizing<[u8; 32]>>>,
}

impl Remembering {
    fn new(keys: Arc<dyn Keys>) -> Self {
        Self { keys, known: Mutex::default() }
    }
}

impl Keys for Remembering {
    fn key(&self, id: DataKeyId) -> Result<KeyState, VaultError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = known.get(&id) {
            return Ok(KeyState::Here(DataKey::from_bytes(**bytes)));
        }
        let state = self.keys.key(id)?;
        if let KeyState::Here(key) = &state {
            if known.len() >= MOST_KEYS {
                known.clear();
            }
            known.insert(id, Zeroizing::new(*key.secret_bytes()));
        }
        Ok(state)
    }
}

fn fold_all(
    sql: &mut Sql,
    fold: &mut Fold,
    published: &mut Vec<(u32, String)>,
    from: &[Receiver<Chunk>],
    sources: &Sources<'_>,
) -> Result<u64, StoreError> {
    let (mut done, mut flushed) = (0u64, 0u64);
    // Chunks come in the order of their turns; the first reader with nothing more has read the last chunk.
    let turns = from.iter().cycle().map_while(|chunks| chunks.recv().ok());
    for chunk in turns {
        let chunk = chunk?;
        done += chunk.len() as u64;
        for recorded in chunk {
            fold.apply(recorded, &Nothing)?;
        }
        published.extend(
            fold.lists
                .published
                .iter()
                .skip(published.len())
                .map(|(one, _)| (one.version, one.archive.clone())),
        );
        (sources.progress)(done);
        if done - flushed >= LISTS {
            flushed = done;
            let keep = std::mem::take(&mut fold.lists.published);
            let lists = std::mem::take(&mut fold.lists).without(&fold.touched);
            sql.within(|sql| flush::lists(sql, lists))?;
            fold.lists.published = keep;
        }
    }
    Ok(done)
}
