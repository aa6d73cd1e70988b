//! Lists: records of a register, or of all, that a reader sees, filtered, sorted, counted; a page at a time.
//!
//! Invariant: whatever is listed, counted or found went through the reader's predicate.
//! Does not: make titles or labels (pages do), read sealed fields.

mod filter;

pub use filter::{Column, Filter, Test};

use crate::error::StoreError;
use crate::layout::{Layout, Packs, Sheet};
use crate::reading::{Holders, Reader};
use crate::search;
use crate::sql::{Row, Sql};
use filter::{cell_of, named, plain, spelled, tested};
use model::RecordId;
use regulation::{FieldId, RegisterId};
use std::collections::BTreeMap;

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
/// So few are sorted rather than met in order.
const FEW: u64 = 2_000;
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
    let sheet = sheet(layout, &ask.register)?;
    let sort = match &ask.sort {
        Some((column, direction)) => Some((named(sheet, column)?, cell_of(sheet, column), *direction)),
        None => None,
    };
    let mut holders = Holders::default();
    let Some(wheres) = wheres(sql, packs, layout, reader, ask, &mut holders)? else {
        return Ok(Page { rows: Vec::new(), total: 0 });
    };
    let from = format!("FROM {} WHERE {}", sheet.table, wheres.join(" AND "));
    // Counted and listed as of one moment.
    sql.snapshot(|sql| {
        let total = sql.row(&format!("SELECT count(*) {from}"), &holders.0)?;
        let total = total.and_then(|row| row.entry(0)).unwrap_or(0);
        let order = match sort {
            None => "opened DESC".to_owned(),
            Some((name, cell, direction)) => {
                // Few rows are found by the filter and then sorted; many are met in the order of the sort's index.
                let name = if total < FEW { plain(&name, cell, sql.dialect()) } else { name };
                let (word, nulls) = match direction {
                    Direction::Up => ("ASC", "NULLS FIRST"),
                    Direction::Down => ("DESC", "NULLS LAST"),
                };
                format!("{name} {word} {nulls}, opened {word}")
            }
        };
        let (most, skip) = (holders.put(ask.most), holders.put(ask.skip));
        let text = format!("SELECT opened, record {from} ORDER BY {order} LIMIT {most} OFFSET {skip}");
        let rows = sql.rows(&text, &holders.0)?;
        Ok(Page { rows: rows.iter().map(listed).collect::<Result<_, _>>()?, total })
    })
}

impl Ask {
    /// How many records there are of each value of a column, among those this asks for. What it asks of that column
    /// itself does not count, so that each value tells what choosing it would find. Values are spelled as tests take
    /// them; where nothing is filled in stands no value, first.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn counts(
        &self,
        sql: &mut Sql,
        packs: &Packs,
        layout: &Layout,
        reader: &Reader,
        column: &Column,
    ) -> Result<Vec<(Option<String>, u64)>, ListError> {
        let mut ask = self.clone();
        // That it runs is asked of the state as well.
        let same = |filter: &Filter| {
            filter.column == *column || (filter.test == Test::Running && *column == Column::State)
        };
        ask.filters.retain(|filter| !same(filter));
        let sheet = sheet(layout, &ask.register)?;
        let mut holders = Holders::default();
        let Some(wheres) = wheres(sql, packs, layout, reader, &ask, &mut holders)? else {
            return Ok(Vec::new());
        };
        let wheres = wheres.join(" AND ");
        if let Column::Field(field) = column
            && sheet.several.contains(field)
        {
            return sql.snapshot(|sql| counts_of_several(sql, &sheet.table, field, &wheres, holders));
        }
        let (name, cell) = (named(sheet, column)?, cell_of(sheet, column));
        let text = format!(
            "SELECT {name}, count(*) FROM {} WHERE {} GROUP BY {name} ORDER BY {name} NULLS FIRST",
            sheet.table, wheres
        );
        let rows = sql.rows(&text, &holders.0)?;
        Ok(rows.iter().map(|row| (spelled(row, 0, cell, layout), row.entry(1).unwrap_or(0))).collect())
    }
}

/// A record counts with each of its values.
fn counts_of_several(
    sql: &mut Sql,
    table: &str,
    field: &FieldId,
    wheres: &str,
    mut holders: Holders,
) -> Result<Vec<(Option<String>, u64)>, ListError> {
    let field = holders.put(field.as_str());
    let text = format!(
        "SELECT count(*) FROM {table} WHERE {wheres} AND opened NOT IN (SELECT opened FROM several WHERE field = {field})"
    );
    let without = sql.row(&text, &holders.0)?.and_then(|row| row.entry(0)).filter(|count| *count > 0);
    let text = format!(
        "SELECT value, count(*) FROM several WHERE field = {field} \
         AND opened IN (SELECT opened FROM {table} WHERE {wheres}) GROUP BY value ORDER BY value"
    );
    let rows = sql.rows(&text, &holders.0)?;
    let with = rows.iter().map(|row| (row.text(0).map(ToOwned::to_owned), row.entry(1).unwrap_or(0)));
    Ok(without.map(|count| (None, count)).into_iter().chain(with).collect())
}

impl Reader {
    /// How many records of each register they read, and how many of those have not come to an end.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn counts(
        &self,
        sql: &mut Sql,
        packs: &Packs,
        layout: &Layout,
    ) -> Result<BTreeMap<RegisterId, (u64, u64)>, StoreError> {
        let mut holders = Holders::default();
        let seen = self.predicate_everywhere(packs, layout, &mut holders);
        let text = format!(
            "SELECT register, count(*), count(*) - count(ending) FROM record \
             WHERE destroyed IS NULL AND {seen} GROUP BY register"
        );
        let rows = sql.rows(&text, &holders.0)?;
        let one = |row: &Row| {
            let register = row.text(0).and_then(|text| text.parse().ok());
            let register = register.ok_or_else(|| StoreError::damaged("record", "register"))?;
            let count = |at| row.entry(at).unwrap_or(0);
            Ok((register, (count(1), count(2))))
        };
        rows.iter().map(one).collect()
    }
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
    let found = search::found(&question, &mut |value| holders.put(value));
    let seen = reader.predicate_everywhere(packs, layout, &mut holders);
    let most = holders.put(most);
    let text = format!(
        "SELECT opened, record, register FROM record WHERE {found} AND destroyed IS NULL AND {seen} \
         ORDER BY opened DESC LIMIT {most}"
    );
    let rows = sql.rows(&text, &holders.0)?;
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

/// What must hold of the rows of a sheet; none where nothing can be found.
fn wheres(
    sql: &Sql,
    packs: &Packs,
    layout: &Layout,
    reader: &Reader,
    ask: &Ask,
    holders: &mut Holders,
) -> Result<Option<Vec<String>>, ListError> {
    let no_such = || ListError::NoSuch(ask.register.to_string());
    let sheet = sheet(layout, &ask.register)?;
    let register = packs.0.iter().rev().find_map(|pack| pack.registers.get(&ask.register));
    let mut wheres = vec![reader.predicate(register.ok_or_else(no_such)?, holders)];
    for filter in &ask.filters {
        wheres.push(tested(sheet, layout, filter, sql.dialect(), holders)?);
    }
    if let Some(text) = ask.text.as_deref().filter(|text| !text.trim().is_empty()) {
        match search::question(text, sql.dialect()) {
            Some(question) => wheres.push(search::found(&question, &mut |value| holders.put(value))),
            None => return Ok(None),
        }
    }
    Ok(Some(wheres))
}

fn listed(row: &Row) -> Result<Listed, StoreError> {
    let opened = row.entry(0);
    let record = row.text(1).and_then(|text| text.parse().ok());
    match (opened, record) {
        (Some(opened), Some(record)) => Ok(Listed { opened, record }),
        _ => Err(StoreError::damaged("record", format!("{row:?}"))),
    }
}
