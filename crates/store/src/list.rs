//! Lists: records of a register, or of all, that a reader sees, filtered, sorted, counted; a page at a time.
//!
//! Invariant: whatever is listed, counted or found went through the reader's predicate.
//! Does not: make titles or labels (pages do), read sealed fields.

use crate::error::StoreError;
use crate::layout::{Cell, Layout, Packs, Sheet};
use crate::reading::{Holders, Reader};
use crate::search;
use crate::sql::{Row, Sql, Value};
use model::{RecordId, UnitId};
use regulation::{Decimal, FieldId, RegisterId};
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

/// A column of lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// When it ended.
    ClosedAt,
    /// When it entered the state it is in.
    EnteredAt,
    /// A field.
    Field(FieldId),
    /// Its grade.
    Grade,
    /// Its number.
    Number,
    /// When it happened.
    OccurredAt,
    /// When it was opened.
    OpenedAt,
    /// Who opened it.
    OpenedBy,
    /// Its state.
    State,
    /// The unit it belongs to.
    Unit,
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The greatest first.
    Down,
    /// The least first.
    Up,
}

/// What must hold of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// The column.
    pub column: Column,
    /// What.
    pub test: Test,
}

/// A test of a cell. Values are spelled as in the ledger's JSON; yes is `true`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It is at least this.
    AtLeast(String),
    /// It is at most this.
    AtMost(String),
    /// It holds this text.
    Contains(String),
    /// Nothing is filled in.
    Empty,
    /// It is one of these.
    In(Vec<String>),
    /// It has not come to an end.
    Running,
    /// The unit is one of these.
    Under(Vec<UnitId>),
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

/// So few are sorted rather than met in order.
const FEW: u64 = 2_000;

/// A page of a register's list.
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
    let mut holders = Holders::default();
    let Some(wheres) = wheres(sql, packs, layout, reader, ask, &mut holders)? else {
        return Ok(Page { rows: Vec::new(), total: 0 });
    };
    let from = format!("FROM {} WHERE {}", sheet.table, wheres.join(" AND "));
    let total = sql.row(&format!("SELECT count(*) {from}"), &holders.0)?;
    let total = total.and_then(|row| row.int(0)).and_then(|total| u64::try_from(total).ok()).unwrap_or(0);
    let order = match &ask.sort {
        None => "opened DESC".to_owned(),
        Some((column, direction)) => {
            let name = named(sheet, column)?;
            // Few rows are found by the filter and then sorted; many are met in the order of the sort's index.
            let name = if total < FEW { format!("({name})") } else { name };
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
}

impl Ask {
    /// How many records there are of each value of a column, among those this asks for. What it asks of that column
    /// itself does not count, so that each value tells what choosing it would find. Where nothing is filled in stands
    /// no value.
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
        let name = named(sheet, column)?;
        let text = format!(
            "SELECT {name}, count(*) FROM {} WHERE {} GROUP BY {name} ORDER BY {name}",
            sheet.table,
            wheres.join(" AND ")
        );
        let rows = sql.rows(&text, &holders.0)?;
        Ok(rows.iter().map(counted).collect())
    }
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
            let count = |at| row.int(at).and_then(|count| u64::try_from(count).ok()).unwrap_or(0);
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
    let found = search::found(sql.dialect(), &holders.put(question));
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
        wheres.push(tested(sheet, layout, filter, holders)?);
    }
    if let Some(text) = ask.text.as_deref().filter(|text| !text.trim().is_empty()) {
        match search::question(text, sql.dialect()) {
            Some(question) => wheres.push(search::found(sql.dialect(), &holders.put(question))),
            None => return Ok(None),
        }
    }
    Ok(Some(wheres))
}

/// A value as the ledger's JSON spells it (yes is 1, a grade its height), and how many there are.
fn counted(row: &Row) -> (Option<String>, u64) {
    let value = row.text(0).map(ToOwned::to_owned).or_else(|| row.int(0).map(|number| number.to_string()));
    (value, row.int(1).and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

fn listed(row: &Row) -> Result<Listed, StoreError> {
    let opened = row.int(0).and_then(|opened| u64::try_from(opened).ok());
    let record = row.text(1).and_then(|text| text.parse().ok());
    match (opened, record) {
        (Some(opened), Some(record)) => Ok(Listed { opened, record }),
        _ => Err(StoreError::damaged("record", format!("{row:?}"))),
    }
}

fn named(sheet: &Sheet, column: &Column) -> Result<String, ListError> {
    Ok(match column {
        Column::ClosedAt => "closed_at".to_owned(),
        Column::EnteredAt => "entered_at".to_owned(),
        Column::Field(field) => {
            let found = sheet.column(field.as_str());
            found.ok_or_else(|| ListError::NoSuch(field.to_string()))?.name.clone()
        }
        Column::Grade => "grade".to_owned(),
        Column::Number => "number".to_owned(),
        Column::OccurredAt => "occurred_at".to_owned(),
        Column::OpenedAt => "opened_at".to_owned(),
        Column::OpenedBy => "opened_by".to_owned(),
        Column::State => "state".to_owned(),
        Column::Unit => "unit".to_owned(),
    })
}

fn tested(
    sheet: &Sheet,
    layout: &Layout,
    filter: &Filter,
    holders: &mut Holders,
) -> Result<String, ListError> {
    let several = |field: &FieldId| sheet.several.contains(field);
    if let (Column::Field(field), Test::In(wanted)) = (&filter.column, &filter.test)
        && several(field)
    {
        let (field, list) = (holders.put(field.as_str()), holders.list(wanted.iter().map(String::as_str)));
        return Ok(format!(
            "opened IN (SELECT opened FROM several WHERE field = {field} AND value IN {list})"
        ));
    }
    let name = named(sheet, &filter.column)?;
    let cell = |text: &str| cell(sheet, layout, &filter.column, text);
    Ok(match &filter.test {
        Test::AtLeast(text) => format!("{name} >= {}", holders.put(cell(text)?)),
        Test::AtMost(text) => format!("{name} <= {}", holders.put(cell(text)?)),
        Test::Contains(text) => {
            let pattern: String = text
                .chars()
                .flat_map(|c| if matches!(c, '%' | '_' | '!') { vec!['!', c] } else { vec![c] })
                .collect();
            format!("{name} LIKE {} ESCAPE '!'", holders.put(format!("%{pattern}%")))
        }
        Test::Empty => format!("{name} IS NULL"),
        Test::In(wanted) if wanted.is_empty() => "1 = 0".to_owned(),
        Test::In(wanted) => {
            let cells: Vec<Value> = wanted.iter().map(|text| cell(text)).collect::<Result<_, _>>()?;
            format!("{name} IN {}", holders.list(cells))
        }
        Test::Running => "ending IS NULL".to_owned(),
        Test::Under(units) if units.is_empty() => "1 = 0".to_owned(),
        Test::Under(units) => format!("{name} IN {}", holders.list(units.iter().map(ToString::to_string))),
    })
}

/// The cell a text stands for in a column.
fn cell(sheet: &Sheet, layout: &Layout, column: &Column, text: &str) -> Result<Value, ListError> {
    let bad = || ListError::Value(text.to_owned());
    match column {
        Column::Field(field) => match sheet.column(field.as_str()).map(|column| column.cell) {
            Some(Cell::Truth) => match text {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => Err(bad()),
            },
            Some(Cell::Millionths) => Ok(text.parse::<Decimal>().map_err(|_| bad())?.millionths().into()),
            _ => Ok(text.into()),
        },
        Column::Grade => {
            let grade = text.parse().map_err(|_| bad())?;
            Ok(layout.height(&grade).into())
        }
        _ => Ok(text.into()),
    }
}
