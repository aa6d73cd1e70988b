//! The projection: tables computed from the ledger, held by the one who writes them.
//!
//! Owns: opening and making them, applying entries in one transaction together with the position they reach to,
//! answering a decision's questions from what is committed.
//! Invariants: position and rows change together; what is not committed is never answered with; tables that are
//! ahead of the ledger are refused.
//! Does not: append, decide, send.
//! Source: `docs/adr/0012-store.md`.

mod answers;
mod turns;

pub(crate) use answers::duty_key;

use crate::error::StoreError;
use crate::fact::{Keys, Recorded};
use crate::flush::{self, Making};
use crate::fold::{Below, Fold, Held, Known, Lost, Place, Touched};
use crate::layout::{Layout, Packs};
use crate::place::Place as Where;
use crate::put::Rows;
use crate::sql::{Dialect, Row, Sql};
use crate::{roster, row, schema, search};
use casework::{Case, ContentHash, Point};
use ledger::vault::KeyState;
use model::{DataKeyId, PersonId, RecordId};
use proof::seal::DataKey;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Cases kept in memory; beyond it all are forgotten and read anew.
const MOST_HOT: usize = 50_000;

/// The tables and the one who writes them.
pub struct Projection {
    place: Where,
    sql: RefCell<Sql>,
    keys: Arc<dyn Keys>,
    packs: Packs,
    layout: Layout,
    roster: identity::State,
    people: BTreeMap<PersonId, DataKeyId>,
    hot: RefCell<HashMap<RecordId, Held>>,
    fault: RefCell<Option<StoreError>>,
    position: u64,
    lost: BTreeMap<RecordId, Lost>,
    stale: turns::Stale,
}

impl Projection {
    /// Opens the tables to write; makes them where there are none.
    ///
    /// # Errors
    /// `Held`, `Unavailable`, `Damaged`, `File`.
    pub fn open(place: &Where, keys: Arc<dyn Keys>) -> Result<Self, StoreError> {
        let mut sql = place.open_to_write()?;
        if !has_tables(&mut sql)? {
            sql.within(create)?;
        }
        Self::over(place.clone(), sql, keys)
    }

    /// Over a connection whose tables are there.
    fn over(place: Where, mut sql: Sql, keys: Arc<dyn Keys>) -> Result<Self, StoreError> {
        let ((position, lost), (roster, people)) = match is_of_this_version(&mut sql)? {
            true => ((position(&mut sql)?, lost(&mut sql)?), roster::load(&mut sql)?),
            // What another version's tables hold is not read; they are to be made anew.
            false => Default::default(),
        };
        let stale = turns::Stale::new(&mut sql, position)?;
        Ok(Self {
            place,
            sql: RefCell::new(sql),
            keys,
            packs: Packs::default(),
            layout: Layout::new([]),
            roster,
            people,
            hot: RefCell::default(),
            fault: RefCell::default(),
            position,
            lost,
            stale,
        })
    }

    /// Does the database still answer?
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.sql.borrow_mut().is_alive()
    }

    /// Opens the tables again, after their database was lost. They may be further back than they were; packs are to be
    /// set, and what is missing applied, before anything is decided.
    ///
    /// # Errors
    /// As [`Self::open`]; they are closed then, and can be opened again.
    pub fn reopen(&mut self) -> Result<(), StoreError> {
        self.sql.borrow_mut().close();
        *self = Self::open(&self.place, Arc::clone(&self.keys))?;
        Ok(())
    }

    /// The entry that comes next.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Does the layout version of the tables differ from this program's? They are to be rebuilt then.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn is_of_other_version(&self) -> Result<bool, StoreError> {
        Ok(!is_of_this_version(&mut self.sql.borrow_mut())?)
    }

    /// Content hash of the last entry applied: whether the tables are this ledger's.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn last(&self) -> Result<Option<ContentHash>, StoreError> {
        let text = meta(&mut self.sql.borrow_mut(), "last")?;
        let read = |text: String| text.try_into().map_err(|_| StoreError::damaged("meta", "last"));
        text.map(read).transpose()
    }

    /// People and units as of the last entry applied.
    #[must_use]
    pub const fn roster(&self) -> &identity::State {
        &self.roster
    }

    /// The packs records run on.
    #[must_use]
    pub const fn packs(&self) -> &Packs {
        &self.packs
    }

    /// The layout of the registers' tables.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Published versions: version, digest of the stored archive; in order.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn published(&self) -> Result<Vec<(u32, String)>, StoreError> {
        published(&mut self.sql.borrow_mut())
    }

    /// Sets the packs; sheets are made anew where the layout they ask for is another one.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn set_packs(&mut self, packs: Packs) -> Result<(), StoreError> {
        self.layout = Layout::new(packs.0.iter());
        self.stale.published(&self.packs, &packs);
        self.packs = packs;
        self.hot.borrow_mut().clear();
        let fingerprint = self.layout.fingerprint();
        let mut sql = self.sql.borrow_mut();
        if meta(&mut sql, "layout")?.as_deref() == Some(&fingerprint) {
            return Ok(());
        }
        let making = self.making(true);
        sql.within(|sql| {
            sheets_anew(sql, &making)?;
            set_meta(sql, "layout", &fingerprint)
        })
    }

    fn making(&self, index: bool) -> Making<'_> {
        let (packs, layout, keys) = (&self.packs, &self.layout, self.keys.as_ref());
        Making { packs, layout, keys, index, fresh: false }
    }

    /// Applies entries, all or none. They must follow those applied before.
    ///
    /// # Errors
    /// `Follows`: an entry does not. `Unavailable`, `Damaged`: nothing was changed.
    pub fn apply(&mut self, entries: Vec<Recorded>) -> Result<(), StoreError> {
        let Some(last) = entries.last().map(|entry| entry.number) else { return Ok(()) };
        let mut fold = Fold {
            roster: std::mem::take(&mut self.roster),
            people: std::mem::take(&mut self.people),
            lost: std::mem::take(&mut self.lost),
            ..Fold::default()
        };
        let folded = entries.into_iter().try_for_each(|entry| fold.apply(entry, &*self));
        let done = folded.and_then(|()| self.flush(&mut fold, last + 1));
        match done {
            Ok(touched) => {
                self.roster = std::mem::take(&mut fold.roster);
                self.people = std::mem::take(&mut fold.people);
                self.lost = std::mem::take(&mut fold.lost);
                self.warm(&fold, &touched);
                self.stale.add(&touched);
                self.position = last + 1;
                Ok(())
            }
            Err(error) => {
                self.hot.borrow_mut().clear();
                let sql = &mut self.sql.borrow_mut();
                // Where not even this can be read, the error that came first is told; nothing is decided any more.
                if let (Ok(roster), Ok(lost)) = (roster::load(sql), lost(sql)) {
                    (self.roster, self.people) = roster;
                    self.lost = lost;
                }
                Err(error)
            }
        }
    }

    fn flush(&self, fold: &mut Fold, position: u64) -> Result<Touched, StoreError> {
        let touched = std::mem::take(&mut fold.touched);
        let lists = std::mem::take(&mut fold.lists).without(&touched);
        let making = self.making(true);
        let mut sql = self.sql.borrow_mut();
        let buried = !touched.destroyed.is_empty();
        let hot = self.hot.borrow();
        sql.within(|sql| -> Result<(), StoreError> {
            flush::lists(sql, lists)?;
            flush::cases(sql, fold, &touched, &making, &|record| hot.get(record).cloned())?;
            flush::rest(sql, fold, &touched, &making)?;
            reach(sql, fold, &touched, position)
        })?;
        if buried && sql.dialect() == Dialect::Sqlite {
            // What was deleted is overwritten in the file; the log of changes must not keep it either.
            sql.rows("PRAGMA wal_checkpoint(TRUNCATE)", &[])?;
        }
        Ok(touched)
    }

    fn warm(&self, fold: &Fold, touched: &Touched) {
        let mut hot = self.hot.borrow_mut();
        if hot.len() > MOST_HOT {
            hot.clear();
        }
        for record in &touched.cases {
            hot.extend(flush::held(fold, record).map(|held| (*record, held)));
        }
        for (record, _, _) in &touched.destroyed {
            hot.remove(record);
        }
    }

    /// The error, if any, that a question of a decision met. A decision made in spite of it is to be thrown away.
    pub fn take_fault(&self) -> Option<StoreError> {
        self.fault.borrow_mut().take()
    }

    /// Runs questions over the same connection, between two applications.
    ///
    /// # Errors
    /// What `ask` failed with.
    pub fn ask<T>(&self, ask: impl FnOnce(&mut Sql) -> Result<T, StoreError>) -> Result<T, StoreError> {
        ask(&mut self.sql.borrow_mut())
    }

    /// Records that an approved case destroys and whose keys are still here: record, case's entry, record's key.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn condemned(&self) -> Result<Vec<(RecordId, u64, Option<DataKeyId>)>, StoreError> {
        let text = "SELECT c.record, c.entry, r.data_key FROM condemned c JOIN record r ON r.record = c.record \
                    WHERE r.destroyed IS NULL ORDER BY c.entry, c.record";
        let rows = self.sql.borrow_mut().rows(text, &[])?;
        let one = |row: &Row| {
            let key = row.text(2).and_then(|text| text.parse().ok());
            let entry = row.entry(1).ok_or_else(|| StoreError::damaged("condemned", "entry"))?;
            Ok((parsed(row, 0, "condemned")?, entry, key))
        };
        rows.iter().map(one).collect()
    }

    /// A record's data key.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn record_key(&self, record: RecordId) -> Result<Option<DataKeyId>, StoreError> {
        match self.record(record)? {
            Known::Held(held) => Ok(held.place.key),
            Known::Destroyed(_) | Known::Lost(_) | Known::Nothing => Ok(None),
        }
    }

    /// A person's data key.
    #[must_use]
    pub fn person_key(&self, person: PersonId) -> Option<DataKeyId> {
        self.people.get(&person).copied()
    }

    fn questioned<T: Default>(&self, answer: Result<T, StoreError>) -> T {
        answer.unwrap_or_else(|error| {
            self.fault.borrow_mut().get_or_insert(error);
            T::default()
        })
    }
}

/// Published versions: version, digest of the stored archive; in order.
pub(crate) fn published(sql: &mut Sql) -> Result<Vec<(u32, String)>, StoreError> {
    let rows = sql.rows("SELECT version, archive FROM published ORDER BY version", &[])?;
    let one = |row: &Row| Some((u32::try_from(row.int(0)?).ok()?, row.text(1)?.to_owned()));
    Ok(rows.iter().filter_map(one).collect())
}

/// A record as its row has it.
pub(crate) fn load(sql: &mut Sql, record: RecordId, keys: &dyn Keys) -> Result<Known, StoreError> {
    let text = format!("SELECT {KNOWN} FROM record WHERE record = $1");
    let row = sql.row(&text, &[record.to_string().into()])?;
    row.map_or(Ok(Known::Nothing), |row| known(&row, keys))
}

/// What [`known`] reads of a record.
pub(crate) const KNOWN: &str = "opened, register, data_key, body, sealed, unit";

/// What a row of a record holds.
pub(crate) fn known(row: &Row, keys: &dyn Keys) -> Result<Known, StoreError> {
    let opened = row.entry(0).ok_or_else(|| StoreError::damaged("record", format!("{row:?}")))?;
    let Some(body) = row.text(3) else { return Ok(Known::Destroyed(opened)) };
    let id: Option<DataKeyId> = row.text(2).and_then(|text| text.parse().ok());
    let key = match id.filter(|_| row.bytes(4).is_some()) {
        None => None,
        Some(id) => match keys.key(id).map_err(|error| unkeyed(id, &error))? {
            KeyState::Here(key) => Some(key),
            // Tables that lag behind the destruction of its key.
            KeyState::Destroyed => {
                let (register, unit) = (parsed(row, 1, "record")?, parsed(row, 5, "record")?);
                return Ok(Known::Lost(Lost { opened, key: id, register, unit }));
            }
            KeyState::Unknown => None,
        },
    };
    let case = row::read(body, row.bytes(4), key.as_ref());
    let case = case.map_err(|error| StoreError::damaged("record", format!("{opened}: {error}")))?;
    Ok(Known::Held(Held { case: Arc::new(case), place: Place { opened, key: id } }))
}

/// Records whose content is unreadable and whose destruction is still to come.
fn lost(sql: &mut Sql) -> Result<BTreeMap<RecordId, Lost>, StoreError> {
    let rows = sql.rows("SELECT record, opened, data_key, register, unit FROM lost ORDER BY record", &[])?;
    rows.iter().map(lost_record).collect()
}

fn lost_record(row: &Row) -> Result<(RecordId, Lost), StoreError> {
    let opened = row.entry(1).ok_or_else(|| StoreError::damaged("record", format!("{row:?}")))?;
    let (key, register) = (parsed(row, 2, "record")?, parsed(row, 3, "record")?);
    Ok((parsed(row, 0, "record")?, Lost { opened, key, register, unit: parsed(row, 4, "record")? }))
}

fn is_of_this_version(sql: &mut Sql) -> Result<bool, StoreError> {
    Ok(meta(sql, "schema")?.as_deref() == Some(schema::VERSION))
}

/// How far the tables have come: the entry that comes next.
pub(crate) fn position(sql: &mut Sql) -> Result<u64, StoreError> {
    let text = meta(sql, "position")?.unwrap_or_else(|| "0".to_owned());
    text.parse().map_err(|_| StoreError::damaged("meta", "position"))
}

/// Writes people and units, and how far the tables have come.
pub(crate) fn reach(sql: &mut Sql, fold: &Fold, touched: &Touched, position: u64) -> Result<(), StoreError> {
    roster::save(sql, fold, &touched.identity)?;
    if let Some(last) = fold.last {
        set_meta(sql, "last", &String::from(last))?;
    }
    set_meta(sql, "position", &position.to_string())
}

/// Makes the tables that do not depend on packs.
pub(crate) fn create(sql: &mut Sql) -> Result<(), StoreError> {
    create_tables(sql)?;
    sql.script(&schema::indexes(sql.dialect()))
}

/// The same without indexes, which are made quicker when the tables are full.
pub(crate) fn create_tables(sql: &mut Sql) -> Result<(), StoreError> {
    let dialect = sql.dialect();
    sql.script(&schema::tables(dialect))?;
    sql.script(search::create(dialect))?;
    set_meta(sql, "schema", schema::VERSION)
}

pub(crate) fn has_tables(sql: &mut Sql) -> Result<bool, StoreError> {
    let text = match sql.dialect() {
        Dialect::Sqlite => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'",
        Dialect::Postgres => {
            "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'meta'"
        }
    };
    Ok(sql.row(text, &[])?.is_some())
}

/// Drops all sheets and fills them from the cases; the search index with them.
pub(crate) fn sheets_anew(sql: &mut Sql, making: &Making<'_>) -> Result<(), StoreError> {
    let dialect = sql.dialect();
    let list = match dialect {
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND (name GLOB 'sheet_*' OR name GLOB 'tally_*')"
        }
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
             WHERE table_schema = current_schema() AND (table_name LIKE 'sheet\\_%' OR table_name LIKE 'tally\\_%')"
        }
    };
    for row in sql.rows(list, &[])? {
        sql.script(&format!("DROP TABLE {}", row.text(0).unwrap_or_default()))?;
    }
    for sheet in making.layout.sheets.values() {
        sheet.create_tables(dialect).iter().try_for_each(|text| sql.script(text))?;
    }
    fill_sheets(sql, making)?;
    // An index is made of rows that are there more quickly than it grows with each.
    let indexes = making.layout.sheets.values().flat_map(|sheet| sheet.create_indexes(dialect));
    indexes.into_iter().try_for_each(|text| sql.script(&text))
}

fn fill_sheets(sql: &mut Sql, making: &Making<'_>) -> Result<(), StoreError> {
    let mut after = -1;
    loop {
        let text = "SELECT opened, data_key, body, sealed FROM record WHERE opened > $1 AND body IS NOT NULL ORDER BY opened LIMIT 1000";
        let rows = sql.rows(text, &[after.into()])?;
        let Some(last) = rows.last().and_then(|row| row.int(0)) else { return Ok(()) };
        after = last;
        let mut put = Rows::new(making);
        for row in &rows {
            // Sheets hold nothing sealed, so that it need not be opened.
            let case: Case = serde_json::from_str(row.text(2).unwrap_or_default())
                .map_err(|error| StoreError::damaged("record", error.to_string()))?;
            let opened = row.entry(0).ok_or_else(|| StoreError::damaged("record", "opened"))?;
            if making.layout.sheets.contains_key(&case.register) {
                put.sheet_and_beside(sql, &case, opened)?;
                sql.run(
                    "UPDATE record SET grade = $1 WHERE opened = $2",
                    &[making.layout.height(&case.grade).into(), opened.into()],
                )?;
            }
        }
        put.write(sql)?;
    }
}

pub(crate) fn meta(sql: &mut Sql, name: &str) -> Result<Option<String>, StoreError> {
    let row = sql.row("SELECT value FROM meta WHERE name = $1", &[name.into()])?;
    Ok(row.and_then(|row| row.text(0).map(ToOwned::to_owned)))
}

pub(crate) fn set_meta(sql: &mut Sql, name: &str, value: &str) -> Result<(), StoreError> {
    let text = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql.run(text, &[name.into(), value.into()]).map(drop)
}

/// A data key that must be there.
pub(crate) fn data_key(keys: &dyn Keys, id: Option<DataKeyId>) -> Result<Option<DataKey>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    match keys.key(id) {
        Ok(KeyState::Here(key)) => Ok(Some(key)),
        Ok(KeyState::Destroyed | KeyState::Unknown) => Ok(None),
        Err(error) => Err(unkeyed(id, &error)),
    }
}

fn unkeyed(id: DataKeyId, error: &ledger::vault::VaultError) -> StoreError {
    StoreError::damaged("record", format!("{id}: {error}"))
}

/// The earliest of some points, as a text.
pub(crate) fn points_next(points: &[Point]) -> Option<String> {
    points.iter().map(|point| point.at).min().map(|at| at.to_string())
}

pub(crate) fn parsed<T: std::str::FromStr>(
    row: &Row,
    at: usize,
    table: &'static str,
) -> Result<T, StoreError> {
    let text = row.text(at).unwrap_or_default();
    text.parse().map_err(|_| StoreError::damaged(table, text.to_owned()))
}
