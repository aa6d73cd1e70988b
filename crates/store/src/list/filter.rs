//! Filters: what must hold of a column, and how a value is spelled.
//!
//! Values are spelled as in the ledger's JSON, on the way in and on the way out.
//! Invariant: a test that a column cannot have is refused here, and never met by a database.

use super::ListError;
use crate::layout::{Cell, Layout, Sheet, cut};
use crate::reading::Holders;
use crate::sql::{Dialect, Row, Value};
use model::UnitId;
use regulation::{Decimal, FieldId};

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
    /// It holds this text, in its first 600 characters where the column has an index. Capital letters from A to Z count as
    /// small ones.
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

/// Longest text sought within cells, in bytes.
const LONGEST_SOUGHT: usize = 1_000;

/// A column's name in the table.
pub(super) fn named(sheet: &Sheet, column: &Column) -> Result<String, ListError> {
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

/// The condition of a filter.
pub(super) fn tested(
    sheet: &Sheet,
    layout: &Layout,
    filter: &Filter,
    dialect: Dialect,
    holders: &mut Holders,
) -> Result<String, ListError> {
    if let Column::Field(field) = &filter.column
        && sheet.several.contains(field)
    {
        return tested_several(field, &filter.test, holders);
    }
    let name = named(sheet, &filter.column)?;
    let cell = |text: &str| cell(sheet, layout, &filter.column, text);
    let is_text = cell_of(sheet, &filter.column) == Cell::Text;
    let not_text = |text: &str| if is_text { Ok(()) } else { Err(ListError::Value(text.to_owned())) };
    Ok(match &filter.test {
        Test::AtLeast(text) => format!("{name} >= {}", holders.put(cell(text)?)),
        Test::AtMost(text) => format!("{name} <= {}", holders.put(cell(text)?)),
        Test::Contains(text) => {
            not_text(text)?;
            if text.len() > LONGEST_SOUGHT {
                return Err(ListError::Value(text.clone()));
            }
            let pattern: String = text
                .chars()
                .flat_map(|c| if matches!(c, '%' | '_' | '!') { vec!['!', c] } else { vec![c] })
                .collect();
            // Both fold A to Z and nothing else: SQLite always, PostgreSQL where asked, in the collation of our columns.
            let like = match dialect {
                Dialect::Postgres if text.contains(|c: char| c.is_ascii_alphabetic()) => "ILIKE",
                Dialect::Postgres | Dialect::Sqlite => "LIKE",
            };
            format!("{name} {like} {} ESCAPE '!'", holders.put(format!("%{pattern}%")))
        }
        Test::Empty => format!("{name} IS NULL"),
        Test::In(wanted) if wanted.is_empty() => "1 = 0".to_owned(),
        Test::In(wanted) => {
            let cells: Vec<Value> = wanted.iter().map(|text| cell(text)).collect::<Result<_, _>>()?;
            format!("{name} IN {}", holders.list(cells))
        }
        Test::Running => "ending IS NULL".to_owned(),
        Test::Under(units) if units.is_empty() => "1 = 0".to_owned(),
        Test::Under(units) => {
            not_text(&name)?;
            format!("{name} IN {}", holders.list(units.iter().map(ToString::to_string)))
        }
    })
}

/// A test of a field that holds several: one of them suffices.
fn tested_several(field: &FieldId, test: &Test, holders: &mut Holders) -> Result<String, ListError> {
    let wanted: Vec<String> = match test {
        Test::AtLeast(text) | Test::AtMost(text) | Test::Contains(text) => {
            return Err(ListError::Value(text.clone()));
        }
        Test::Empty => {
            let field = holders.put(field.as_str());
            return Ok(format!("opened NOT IN (SELECT opened FROM several WHERE field = {field})"));
        }
        Test::In(wanted) => wanted.clone(),
        Test::Running => return Ok("ending IS NULL".to_owned()),
        Test::Under(units) => units.iter().map(ToString::to_string).collect(),
    };
    if wanted.is_empty() {
        return Ok("1 = 0".to_owned());
    }
    let (list, field) = (holders.list(wanted), holders.put(field.as_str()));
    Ok(format!("opened IN (SELECT opened FROM several WHERE value IN {list} AND field = {field})"))
}

/// What a column holds.
pub(super) fn cell_of(sheet: &Sheet, column: &Column) -> Cell {
    match column {
        Column::Field(field) => sheet.column(field.as_str()).map_or(Cell::Text, |column| column.cell),
        Column::Grade => Cell::Grade,
        _ => Cell::Text,
    }
}

/// The cell a text stands for in a column.
fn cell(sheet: &Sheet, layout: &Layout, column: &Column, text: &str) -> Result<Value, ListError> {
    let bad = || ListError::Value(text.to_owned());
    match cell_of(sheet, column) {
        Cell::Truth => match text {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(bad()),
        },
        Cell::Millionths => Ok(text.parse::<Decimal>().map_err(|_| bad())?.millionths().into()),
        Cell::Grade => Ok(layout.height(&text.parse().map_err(|_| bad())?).into()),
        Cell::Text => match column {
            Column::Field(field) if sheet.column(field.as_str()).is_some_and(|column| column.indexed) => {
                Ok(cut(text).into())
            }
            _ => Ok(text.into()),
        },
    }
}

/// The value of a cell as it is spelled.
pub(super) fn spelled(row: &Row, at: usize, cell: Cell, layout: &Layout) -> Option<String> {
    match cell {
        Cell::Grade => layout.grade(row.int(at)?).map(ToString::to_string),
        Cell::Millionths => Some(Decimal::from_millionths(row.int(at)?).to_string()),
        Cell::Text => row.text(at).map(ToOwned::to_owned),
        Cell::Truth => Some((row.int(at)? == 1).to_string()),
    }
}
