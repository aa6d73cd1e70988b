//! Counts: how many records have each value of a column, and how many there are in each register.
//!
//! Invariant: whatever is counted went through the reader's predicate.

use super::filter::{cell_of, named, spelled};
use super::wanted::{Wanted, wanted};
use super::{Ask, Column, Filter, ListError, Test, common, sheet, tallied};
use crate::error::StoreError;
use crate::layout::{Layout, Packs};
use crate::reading::{Holders, Reader};
use crate::search;
use crate::sql::{Dialect, Row, Sql, Value};
use regulation::{FieldId, RegisterId};
use std::collections::BTreeMap;

/// Values of a column, spelled as tests take them, with how many records have each. Where nothing is filled in stands no
/// value, first.
pub type Counts = Vec<(Option<String>, u64)>;

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
    ) -> Result<Counts, ListError> {
        let mut ask = self.clone();
        ask.filters.retain(|filter| !asks_of(filter, column));
        let sheet = sheet(layout, &ask.register)?;
        let mut holders = Holders::default();
        let Some(wanted) = wanted(sql.dialect(), packs, layout, reader, &ask, &mut holders)? else {
            return Ok(Vec::new());
        };
        if let Column::Field(field) = column
            && sheet.several.contains(field)
        {
            return sql.snapshot(|sql| counts_of_several(sql, &wanted, field, holders));
        }
        let (name, cell) = (named(sheet, column)?, cell_of(sheet, column));
        let rows = sql.snapshot(|sql| -> Result<_, ListError> {
            if wanted.question.is_some() {
                search::in_view(sql)?;
            }
            if let Some(counts) = tallied::counts(sql, packs, layout, reader, &ask, column)? {
                return Ok(counts.into_iter().map(|(value, count)| Row(vec![value, count.into()])).collect());
            }
            let counts = match (common::found(sql, &wanted, &holders)?, wanted.reading(column, &ask.filters))
            {
                (Some(common), _) => {
                    let names = std::slice::from_ref(&name);
                    common::counts(sql, &wanted, &common, names, &holders)?.pop().unwrap_or_default()
                }
                (None, true) if sql.dialect() == Dialect::Sqlite => {
                    common::tally(sql, &wanted.by_reading(&name), &holders)?
                }
                (None, _) => {
                    let found = wanted.found(&format!("{name}, count(*)"), sql.dialect());
                    let text = format!("{found} GROUP BY {name} ORDER BY {name} NULLS FIRST");
                    return Ok(sql.rows(&text, &holders.0)?);
                }
            };
            Ok(counts.into_iter().map(|(value, count)| Row(vec![value, count.into()])).collect())
        })?;
        Ok(rows.iter().map(|row| (spelled(row, 0, cell, layout), row.entry(1).unwrap_or(0))).collect())
    }

    /// [`Ask::counts`] of each of several columns. What many records are found by is gone through once for all of them.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn counts_of(
        &self,
        sql: &mut Sql,
        packs: &Packs,
        layout: &Layout,
        reader: &Reader,
        columns: &[Column],
    ) -> Result<Vec<Counts>, ListError> {
        if let Some(counts) = self.common_counts(sql, packs, layout, reader, columns)? {
            return Ok(counts);
        }
        columns.iter().map(|column| self.counts(sql, packs, layout, reader, column)).collect()
    }

    /// Those of what is found by a common word; none where it is found otherwise, or one of them is asked of.
    fn common_counts(
        &self,
        sql: &mut Sql,
        packs: &Packs,
        layout: &Layout,
        reader: &Reader,
        columns: &[Column],
    ) -> Result<Option<Vec<Counts>>, ListError> {
        let sheet = sheet(layout, &self.register)?;
        let one = |column: &Column| {
            let several = matches!(column, Column::Field(field) if sheet.several.contains(field));
            !several && !self.filters.iter().any(|filter| asks_of(filter, column))
        };
        let mut holders = Holders::default();
        let wanted = wanted(sql.dialect(), packs, layout, reader, self, &mut holders)?;
        let Some(wanted) = wanted.filter(|_| columns.iter().all(one)) else { return Ok(None) };
        let names: Vec<String> =
            columns.iter().map(|column| named(sheet, column)).collect::<Result<_, _>>()?;
        let counts = sql.snapshot(|sql| -> Result<_, ListError> {
            let Some(common) = common::found(sql, &wanted, &holders)? else { return Ok(None) };
            Ok(Some(common::counts(sql, &wanted, &common, &names, &holders)?))
        })?;
        let told = |(column, counts): (&Column, BTreeMap<Value, u64>)| {
            let cell = cell_of(sheet, column);
            counts
                .into_iter()
                .map(|(value, count)| (spelled(&Row(vec![value]), 0, cell, layout), count))
                .collect()
        };
        Ok(counts.map(|counts| columns.iter().zip(counts).map(told).collect()))
    }
}

/// Does a filter ask something of a column? That it runs is asked of the state as well.
fn asks_of(filter: &Filter, column: &Column) -> bool {
    filter.column == *column || (filter.test == Test::Running && *column == Column::State)
}

/// A record counts with each of its values.
fn counts_of_several(
    sql: &mut Sql,
    wanted: &Wanted<'_>,
    field: &FieldId,
    mut holders: Holders,
) -> Result<Counts, ListError> {
    let field = holders.put(field.as_str());
    let (all, opened) = (wanted.count(sql.dialect()), wanted.found("opened", sql.dialect()));
    let text = format!("{all} AND opened NOT IN (SELECT opened FROM several WHERE field = {field})");
    let without = sql.row(&text, &holders.0)?.and_then(|row| row.entry(0)).filter(|count| *count > 0);
    let text = format!(
        "SELECT value, count(*) FROM several WHERE field = {field} \
         AND opened IN ({opened}) GROUP BY value ORDER BY value"
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
        sql.snapshot(|sql| match self.tallied(sql, packs, layout)? {
            Some(counts) => Ok(counts),
            None => self.counted(sql, packs, layout),
        })
    }

    /// The same by going through the registers.
    fn counted(
        &self,
        sql: &mut Sql,
        packs: &Packs,
        layout: &Layout,
    ) -> Result<BTreeMap<RegisterId, (u64, u64)>, StoreError> {
        let mut holders = Holders::default();
        let mut each = Vec::new();
        for (id, sheet) in &layout.sheets {
            let Some(register) = packs.latest(id) else { continue };
            let name = holders.put(id.as_str());
            let seen = self.predicate(register, &mut holders);
            // By an index that holds all that is asked, and not by the rows themselves.
            let from = match sql.dialect() {
                Dialect::Sqlite => format!("{} INDEXED BY {}", sheet.table, sheet.reading()),
                Dialect::Postgres => sheet.table.clone(),
            };
            each.push(format!(
                "SELECT CAST({name} AS TEXT), count(*), count(*) - count(ending) FROM {from} WHERE {seen}"
            ));
        }
        let mut counts = BTreeMap::new();
        if each.is_empty() {
            return Ok(counts);
        }
        for row in sql.rows(&each.join(" UNION ALL "), &holders.0)? {
            let register = row.text(0).and_then(|text| text.parse().ok());
            let register = register.ok_or_else(|| StoreError::damaged("record", "register"))?;
            let count = |at| row.entry(at).unwrap_or(0);
            if count(1) > 0 {
                counts.insert(register, (count(1), count(2)));
            }
        }
        Ok(counts)
    }
}
