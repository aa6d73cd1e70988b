//! Lists: records of a register, or of all, that a reader sees, filtered, sorted, counted; a page at a time.
//!
//! Invariant: whatever is listed, counted or found went through the reader's predicate.
//! Does not: make titles or labels (pages do), read sealed fields.

mod filter;
mod wanted;

mod common;
mod counts;
mod tallied;

pub(crate) use common::Kept;
pub use counts::Counts;
pub use filter::{Column, Filter, Test};

use crate::error::StoreError;
use crate::layout::{Layout, Packs, Sheet};
use crate::reading::{Holders, Reader};
use crate::search;
use crate::sql::{Dialect, Row, Sql};
use model::RecordId;
use regulation::RegisterId;
use wanted::{Cut, FEW, Order, Wanted, wanted};

/// What a list is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The register.
    pub register: RegisterId,
    /// Words and pieces that must be found.
    pub text: Option<String>,
    /// What else must hold.
    pub filters: Vec<Filter>,
    /// By what; the newest first where nothing is asked.
    pub sort: Option<(Column, Direction)>,
    /// How many to pass over.
    pub skip: u64,
    /// How many at most.
    pub most: u32,
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The greatest first.
    Down,
    /// The least first.
    Up,
}

/// One record of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The entry that opened it.
    pub opened: u64,
    /// The record.
    pub record: RecordId,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The records.
    pub rows: Vec<Listed>,
    /// How many there are in all.
    pub total: u64,
}

/// Why a list is not given.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// There is no such register, or no such column in it.
    #[error("there is no {0} in lists")]
    NoSuch(String),
    /// A value is none of its column's.
    #[error("{0:?} is no value of its column")]
    Value(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Identifiers within one statement.
const SOME: usize = 500;

/// A page of a register's list. What is not filled in comes first going up, and last going down.
///
/// # Errors
/// [`ListError`].
pub fn list(
    sql: &mut Sql,
    packs: &Packs,
    layout: &Layout,
    reader: &Reader,
    ask: &Ask,
) -> Result<Page, ListError> {
    let order = Order::new(sheet(layout, &ask.register)?, ask)?;
    let mut holders = Holders::default();
    let Some(wanted) = wanted(sql.dialect(), packs, layout, reader, ask, &mut holders)? else {
        return Ok(Page { rows: Vec::new(), total: 0 });
    };
    // Counted and listed as of one moment.
    sql.snapshot(|sql| {
        if wanted.question.is_some() {
            search::in_view(sql)?;
        }
        if let Some(total) = tallied::total(sql, packs, layout, reader, ask)?.filter(|total| *total > FEW) {
            return walked(sql, &wanted, &order, ask, total, holders);
        }
        match common::found(sql, &wanted, &holders)? {
            Some(common) => common::page(sql, &wanted, &common, &order, ask),
            None => page(sql, &wanted, &order, ask, holders),
        }
    })
}

/// Few rows are found by what is asked and then sorted; many are met in the order asked for.
fn page(
    sql: &mut Sql,
    wanted: &Wanted<'_>,
    order: &Order,
    ask: &Ask,
    mut holders: Holders,
) -> Result<Page, ListError> {
    let bound = holders.0.len();
    let text = wanted.few(order, ask, sql.dialect(), &mut holders);
    let rows = sql.rows(&text, &holders.0)?;
    let total = rows.first().and_then(|row| row.entry(2)).unwrap_or(0);
    if total <= FEW {
        let there = rows.iter().filter(|row| row.entry(0).is_some());
        return Ok(Page { rows: there.map(listed).collect::<Result<_, _>>()?, total });
    }
    holders.0.truncate(bound);
    let total = sql.row(&wanted.count(sql.dialect()), &holders.0)?.and_then(|row| row.entry(0)).unwrap_or(0);
    walked(sql, wanted, order, ask, total, holders)
}

/// A page of many, met in the order asked for.
fn walked(
    sql: &mut Sql,
    wanted: &Wanted<'_>,
    order: &Order,
    ask: &Ask,
    total: u64,
    mut holders: Holders,
) -> Result<Page, ListError> {
    let Some(cut) = Cut::new(ask, total) else { return Ok(Page { rows: Vec::new(), total }) };
    let text = wanted.walk(order, &cut, sql.dialect(), &mut holders);
    let rows = sql.rows(&text, &holders.0)?;
    let rows = rows.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
    Ok(Page { rows: cut.righted(rows), total })
}

/// What a search over all registers found: register and record, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The register.
    pub register: RegisterId,
    /// The record.
    pub row: Listed,
}

/// Records of all registers with these words, or this number.
///
/// # Errors
/// `Unavailable`, `Damaged`.
pub fn search_everywhere(
    sql: &mut Sql,
    packs: &Packs,
    layout: &Layout,
    reader: &Reader,
    text: &str,
    most: u32,
) -> Result<Vec<Found>, StoreError> {
    let Some(question) = search::question(text, sql.dialect()) else { return Ok(Vec::new()) };
    let mut holders = Holders::default();
    let put = &mut |value| holders.put(value);
    // SQLite meets what is found newest first, and goes no further than it has to.
    let (from, found, newest) = match sql.dialect() {
        Dialect::Sqlite => (
            "search CROSS JOIN record ON opened = search.rowid",
            search::matched(&question, put),
            "search.rowid",
        ),
        Dialect::Postgres => ("record", search::found_by_postgres(&question, put), "opened"),
    };
    let seen = reader.predicate_everywhere(packs, layout, &mut holders);
    let most = holders.put(most);
    let text = format!(
        "SELECT opened, record, register FROM {from} WHERE {found} AND destroyed IS NULL AND {seen} \
         ORDER BY {newest} DESC LIMIT {most}"
    );
    let rows = sql.snapshot(|sql| {
        search::in_view(sql)?;
        sql.rows(&text, &holders.0)
    })?;
    let one = |row: &Row| {
        let register = row.text(2).and_then(|text| text.parse().ok());
        let register = register.ok_or_else(|| StoreError::damaged("record", "register"))?;
        Ok(Found { register, row: listed(row)? })
    };
    rows.iter().map(one).collect()
}

/// May the reader see this record? What they may not see is as if it were not there.
///
/// # Errors
/// `Unavailable`.
pub fn sees(
    sql: &mut Sql,
    packs: &Packs,
    layout: &Layout,
    reader: &Reader,
    record: RecordId,
) -> Result<bool, StoreError> {
    let mut holders = Holders::default();
    let this = holders.put(record.to_string());
    let seen = reader.predicate_everywhere(packs, layout, &mut holders);
    let text = format!("SELECT 1 FROM record WHERE record = {this} AND destroyed IS NULL AND {seen}");
    Ok(sql.row(&text, &holders.0)?.is_some())
}

/// Those of some records that the reader may see, the newest first.
///
/// # Errors
/// `Unavailable`, `Damaged`.
pub fn seen_of(
    sql: &mut Sql,
    packs: &Packs,
    layout: &Layout,
    reader: &Reader,
    records: &[RecordId],
) -> Result<Vec<RecordId>, StoreError> {
    let mut found = Vec::new();
    for some in records.chunks(SOME) {
        let mut holders = Holders::default();
        let these = holders.list(some.iter().map(ToString::to_string));
        let seen = reader.predicate_everywhere(packs, layout, &mut holders);
        let text = format!(
            "SELECT opened, record FROM record WHERE record IN {these} AND destroyed IS NULL AND {seen}"
        );
        for row in sql.rows(&text, &holders.0)? {
            found.push(listed(&row)?);
        }
    }
    found.sort_by_key(|row| std::cmp::Reverse(row.opened));
    Ok(found.into_iter().map(|row| row.record).collect())
}

fn sheet<'l>(layout: &'l Layout, register: &RegisterId) -> Result<&'l Sheet, ListError> {
    layout.sheets.get(register).ok_or_else(|| ListError::NoSuch(register.to_string()))
}

fn listed(row: &Row) -> Result<Listed, StoreError> {
    let opened = row.entry(0);
    let record = row.text(1).and_then(|text| text.parse().ok());
    match (opened, record) {
        (Some(opened), Some(record)) => Ok(Listed { opened, record }),
        _ => Err(StoreError::damaged("record", format!("{row:?}"))),
    }
}
