//! Counting by tallies: what a list is asked for, counted without going through its rows.
//!
//! Records of the units whose records somebody reads are counted by the tally. What they read beyond, they are named in:
//! few records, which are looked up. Where a tally does not tell, or somebody is named in many, rows are counted.
//! Invariant: the parts are those of the reader's predicate, and no record is in both.

use super::filter::{Filter, Test, named, tested};
use super::wanted::FEW;
use super::{Ask, Column, ListError, sheet};
use crate::error::StoreError;
use crate::layout::{Layout, Packs, Sheet};
use crate::reading::{Holders, Reader};
use crate::sql::{Row, Sql, Value};
use regulation::{Register, RegisterId};
use std::collections::BTreeMap;

/// What is counted, where a tally tells.
struct Counting<'a> {
    sheet: &'a Sheet,
    register: &'a Register,
    layout: &'a Layout,
    reader: &'a Reader,
    filters: &'a [Filter],
}

/// How many records a list finds; none where the tally does not tell.
pub(super) fn total(
    sql: &mut Sql,
    packs: &Packs,
    layout: &Layout,
    reader: &Reader,
    ask: &Ask,
) -> Result<Option<u64>, ListError> {
    let Some(counting) = Counting::new(packs, layout, reader, ask, &[])? else { return Ok(None) };
    let counts = counting.counts(sql, None)?;
    Ok(counts.map(|counts| counts.values().sum()))
}

/// How many of them have each value of a column; none where the tally does not tell.
pub(super) fn counts(
    sql: &mut Sql,
    packs: &Packs,
    layout: &Layout,
    reader: &Reader,
    ask: &Ask,
    column: &Column,
) -> Result<Option<BTreeMap<Value, u64>>, ListError> {
    let Some(counting) = Counting::new(packs, layout, reader, ask, &[column])? else { return Ok(None) };
    counting.counts(sql, Some(&named(counting.sheet, column)?))
}

impl<'a> Counting<'a> {
    fn new(
        packs: &'a Packs,
        layout: &'a Layout,
        reader: &'a Reader,
        ask: &'a Ask,
        by: &[&Column],
    ) -> Result<Option<Self>, ListError> {
        let sheet = sheet(layout, &ask.register)?;
        let register =
            packs.latest(&ask.register).ok_or_else(|| ListError::NoSuch(ask.register.to_string()))?;
        let asked = ask.filters.iter().filter(|filter| filter.test != Test::Running);
        let tells = asked.map(|filter| &filter.column).chain(by.iter().copied()).all(|column| match column {
            Column::Field(field) => sheet.column(field.as_str()).is_some_and(|column| column.tallied),
            Column::Grade | Column::State | Column::Unit => true,
            _ => false,
        });
        let words = ask.text.as_deref().is_some_and(|text| !text.trim().is_empty());
        Ok((tells && !words).then_some(Self { sheet, register, layout, reader, filters: &ask.filters }))
    }

    /// By the values of a column, or in all.
    fn counts(&self, sql: &mut Sql, name: Option<&str>) -> Result<Option<BTreeMap<Value, u64>>, ListError> {
        let group = name.map(|name| format!(" GROUP BY {name}")).unwrap_or_default();
        let name = name.unwrap_or("NULL");
        let mut counts = BTreeMap::new();
        let mut add = |row: &Row| {
            if let (Some(value), Some(count)) = (row.0.first(), row.entry(1).filter(|count| *count > 0)) {
                *counts.entry(value.clone()).or_insert(0) += count;
            }
        };
        let (tally, table) = (&self.sheet.tally, &self.sheet.table);
        let mut holders = Holders::default();
        let within = self.reader.predicate_within(self.register, &mut holders);
        let filters = self.filters(sql, &mut holders)?;
        let text =
            format!("SELECT {name}, CAST(sum(n) AS BIGINT) FROM {tally} WHERE {within}{filters}{group}");
        sql.rows(&text, &holders.0)?.iter().for_each(&mut add);
        let mut holders = Holders::default();
        let Some(beyond) = self.reader.predicate_beyond(self.register, &mut holders) else {
            return Ok(Some(counts));
        };
        let filters = self.filters(sql, &mut holders)?;
        if sql.row(&format!("SELECT 1 FROM {tally} WHERE {beyond}{filters} LIMIT 1"), &holders.0)?.is_none() {
            return Ok(Some(counts));
        }
        if !self.reader.is_named_in_few(sql)? {
            return Ok(None);
        }
        let named = self.reader.named(&mut holders);
        let text = format!(
            "SELECT {name}, count(*) FROM {table} WHERE {beyond}{filters} AND opened IN ({named}){group}"
        );
        sql.rows(&text, &holders.0)?.iter().for_each(&mut add);
        Ok(Some(counts))
    }

    fn filters(&self, sql: &Sql, holders: &mut Holders) -> Result<String, ListError> {
        let mut text = String::new();
        for filter in self.filters {
            text.push_str(" AND ");
            text.push_str(&tested(self.sheet, self.layout, filter, sql.dialect(), holders)?);
        }
        Ok(text)
    }
}

/// All records of each register, and those that have not come to an end.
type Totals = BTreeMap<RegisterId, (u64, u64)>;

impl Reader {
    /// Is it quicker to look up what they are named in than to go through a register?
    fn is_named_in_few(&self, sql: &mut Sql) -> Result<bool, StoreError> {
        let mut holders = Holders::default();
        let (named, limit) = (self.named(&mut holders), FEW + 1);
        let text = format!("SELECT count(*) FROM (SELECT opened FROM ({named}) every LIMIT {limit}) few");
        Ok(sql.row(&text, &holders.0)?.and_then(|row| row.entry(0)).is_some_and(|count| count <= FEW))
    }

    /// How many records of each register they read, and how many of those have not come to an end; none where they are
    /// named in many.
    pub(super) fn tallied(
        &self,
        sql: &mut Sql,
        packs: &Packs,
        layout: &Layout,
    ) -> Result<Option<Totals>, StoreError> {
        let mut counts = Totals::new();
        let mut add = |row: &Row| {
            let register: RegisterId = row
                .text(0)
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| StoreError::damaged("record", "register"))?;
            if let Some(all) = row.entry(1).filter(|all| *all > 0) {
                let (before, running) = counts.entry(register).or_insert((0, 0));
                *before += all;
                *running += row.entry(2).unwrap_or(0);
            }
            Ok::<_, StoreError>(())
        };
        let (mut holders, mut each) = (Holders::default(), Vec::new());
        for (id, sheet) in &layout.sheets {
            let Some(register) = packs.latest(id) else { continue };
            let (name, tally) = (holders.put(id.as_str()), &sheet.tally);
            let beyond = self.predicate_beyond(register, &mut holders);
            let beyond = beyond.map(|beyond| format!("EXISTS (SELECT 1 FROM {tally} WHERE {beyond})"));
            let within = self.predicate_within(register, &mut holders);
            each.push(format!(
                "SELECT CAST({name} AS TEXT), CAST(sum(n) AS BIGINT), \
                 CAST(sum(CASE WHEN ending IS NULL THEN n ELSE 0 END) AS BIGINT), \
                 CASE WHEN {} THEN 1 ELSE 0 END FROM {tally} WHERE {within}",
                beyond.as_deref().unwrap_or("1 = 0"),
            ));
        }
        if each.is_empty() {
            return Ok(Some(counts));
        }
        let rows = sql.rows(&each.join(" UNION ALL "), &holders.0)?;
        rows.iter().try_for_each(&mut add)?;
        if rows.iter().all(|row| row.int(3) == Some(0)) {
            return Ok(Some(counts));
        }
        if !self.is_named_in_few(sql)? {
            return Ok(None);
        }
        let mut holders = Holders::default();
        let beyond = self.predicate_beyond_everywhere(packs, layout, &mut holders);
        let named = self.named(&mut holders);
        let text = format!(
            "SELECT register, count(*), count(*) - count(ending) FROM record \
             WHERE destroyed IS NULL AND {beyond} AND opened IN ({named}) GROUP BY register"
        );
        sql.rows(&text, &holders.0)?.iter().try_for_each(&mut add)?;
        Ok(Some(counts))
    }
}
