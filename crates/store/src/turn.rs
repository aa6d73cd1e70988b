//! Turns: what waits for somebody to bring it on.
//!
//! Invariant: what is told of a record went through the grade and the units its reader looks at.
//! Does not: say whether they may take the step in the end; who is barred shows when they look.

use crate::error::StoreError;
use crate::list::Listed;
use crate::projection::parsed;
use crate::reading::{Holders, Reader, among};
use crate::sql::{Row, Sql};
use model::Instant;
use regulation::RegisterId;

/// A case that waits for its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The register.
    pub register: RegisterId,
    /// The record.
    pub row: Listed,
    /// When the first of its clocks runs out, if one runs.
    pub due: Option<Instant>,
}

/// What waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turns {
    /// What is due first, then what has no clock, each the oldest first.
    pub rows: Vec<Turn>,
    /// How many there are in all.
    pub total: u64,
}

/// What waits for a reader, or for whom they stand in for, to be brought on: `most` after `skip`.
///
/// # Errors
/// `Unavailable`, `Damaged`.
pub fn turns(sql: &mut Sql, reader: &Reader, skip: u64, most: u32) -> Result<Turns, StoreError> {
    let Some(ceiling) = reader.ceiling else { return Ok(Turns { rows: Vec::new(), total: 0 }) };
    let mut holders = Holders::default();
    let theirs = reader.turns(" AND onward = 1", &mut holders);
    let mut wheres = vec![
        format!("opened IN ({theirs})"),
        "destroyed IS NULL".to_owned(),
        format!("grade <= {}", holders.put(ceiling)),
    ];
    wheres.extend(reader.focus.as_ref().map(|units| among("unit", units, &mut holders)));
    let wheres = wheres.join(" AND ");
    sql.snapshot(|sql| {
        let total = sql.row(&format!("SELECT count(*) FROM record WHERE {wheres}"), &holders.0)?;
        let total = total.and_then(|row| row.entry(0)).unwrap_or(0);
        let (most, skip) = (holders.put(most), holders.put(skip));
        let text = format!(
            "SELECT opened, record, register, due FROM (SELECT opened, record, register, \
             (SELECT min(due) FROM turn t WHERE t.opened = record.opened) AS due FROM record WHERE {wheres}) w \
             ORDER BY due ASC NULLS LAST, opened LIMIT {most} OFFSET {skip}"
        );
        let rows = sql.rows(&text, &holders.0)?;
        Ok(Turns { rows: rows.iter().map(turn).collect::<Result<_, _>>()?, total })
    })
}

fn turn(row: &Row) -> Result<Turn, StoreError> {
    let opened = row.entry(0).ok_or_else(|| StoreError::damaged("record", format!("{row:?}")))?;
    let due = row.text(3).map(|_| parsed(row, 3, "turn")).transpose()?;
    let row_of = Listed { opened, record: parsed(row, 1, "record")? };
    Ok(Turn { register: parsed(row, 2, "record")?, row: row_of, due })
}
