//! Common words: a search that finds so many records that each of them is not worth looking up.
//!
//! SQLite joins by looking up. Where a word is in tens of thousands of records, it is quicker to go through what is
//! found and what is read side by side, both in the order of opening, as this does. PostgreSQL does so by itself.

use super::wanted::{Cut, FEW, Order, Wanted};
use super::{Ask, ListError, Listed, Page, listed};
use crate::error::StoreError;
use crate::reading::Holders;
use crate::search;
use crate::sql::{Row, Sql, Value};
use std::collections::{BTreeMap, HashMap};

/// Records found, in the order of opening.
pub(super) struct Matches(Vec<i64>);

/// The records that are found by the words asked for, whoever may read them; none where they are few, or no words are
/// asked for, or the database needs no help.
pub(super) fn matches(sql: &mut Sql, wanted: &Wanted<'_>) -> Result<Option<Matches>, StoreError> {
    let Some(question) = wanted.question.as_ref().filter(|question| question.is_of_sqlite()) else {
        return Ok(None);
    };
    let mut values = Holders::default();
    let matched = search::matched(question, &mut |value| values.put(value));
    let text = format!("SELECT rowid FROM search WHERE {matched}");
    let first = sql.rows(&format!("{text} LIMIT {}", FEW + 1), &values.0)?;
    if first.len() as u64 <= FEW {
        return Ok(None);
    }
    let mut found = Vec::new();
    sql.each(&format!("{text} ORDER BY rowid"), &values.0, &mut |row| {
        found.extend(row.int(0));
        true
    })?;
    Ok(Some(Matches(found)))
}

/// Values of a statement without the question's, which comes last.
fn unasked(holders: &Holders) -> &[Value] {
    holders.0.split_last().map_or(&[], |(_, rest)| rest)
}

/// A page of what is found and wanted.
pub(super) fn page(
    sql: &mut Sql,
    wanted: &Wanted<'_>,
    matches: &Matches,
    order: &Order,
    ask: &Ask,
    holders: &Holders,
) -> Result<Page, ListError> {
    let mut both = Vec::new();
    side_by_side(sql, &wanted.by_opening("opened"), unasked(holders), matches, |row| {
        both.extend(row.int(0))
    })?;
    let total = both.len() as u64;
    let Some(cut) = Cut::new(ask, total) else { return Ok(Page { rows: Vec::new(), total }) };
    let part = if order.is_of_opening() {
        // They stand the other way round.
        let from_first = both.iter().copied();
        let from_last = both.iter().rev().copied();
        match cut.turned {
            true => taken(from_first, &cut),
            false => taken(from_last, &cut),
        }
    } else {
        walked(sql, wanted, order, &cut, &both)?
    };
    Ok(Page { rows: cut.righted(fetched(sql, wanted, &part)?), total })
}

fn taken(rows: impl Iterator<Item = i64>, cut: &Cut) -> Vec<i64> {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    rows.skip(size(cut.skip)).take(size(cut.most)).collect()
}

/// Goes through all rows in an order until the page is full.
fn walked(
    sql: &mut Sql,
    wanted: &Wanted<'_>,
    order: &Order,
    cut: &Cut,
    both: &[i64],
) -> Result<Vec<i64>, StoreError> {
    let (mut passed, mut part) = (0, Vec::new());
    sql.each(&wanted.all_in(order, cut.turned), &[], &mut |row| {
        if let Some(opened) = row.int(0).filter(|opened| both.binary_search(opened).is_ok()) {
            if passed >= cut.skip {
                part.push(opened);
            }
            passed += 1;
        }
        (part.len() as u64) < cut.most
    })?;
    Ok(part)
}

/// The rows of a page, in its order.
fn fetched(sql: &mut Sql, wanted: &Wanted<'_>, part: &[i64]) -> Result<Vec<Listed>, ListError> {
    let mut rows: HashMap<i64, Listed> = HashMap::with_capacity(part.len());
    for some in part.chunks(AT_ONCE) {
        let mut holders = Holders::default();
        let these = holders.list(some.iter().copied());
        let text = format!("SELECT opened, record FROM {} WHERE opened IN {these}", wanted.sheet.table);
        for row in sql.rows(&text, &holders.0)? {
            if let Some(opened) = row.int(0) {
                rows.insert(opened, listed(&row)?);
            }
        }
    }
    Ok(part.iter().filter_map(|opened| rows.remove(opened)).collect())
}

/// Rows fetched by one statement.
const AT_ONCE: usize = 500;

/// How many of what is found and wanted have each value of columns, one after the other.
pub(super) fn counts(
    sql: &mut Sql,
    wanted: &Wanted<'_>,
    matches: &Matches,
    names: &[String],
    holders: &Holders,
) -> Result<Vec<BTreeMap<Value, u64>>, StoreError> {
    let mut counts = vec![BTreeMap::new(); names.len()];
    let text = wanted.by_opening(&format!("opened, {}", names.join(", ")));
    side_by_side(sql, &text, unasked(holders), matches, |row| {
        counts.iter_mut().zip(row.0.iter().skip(1)).for_each(|(counts, value)| count(counts, Some(value)));
    })?;
    Ok(counts)
}

/// How many rows of a statement have each value of its only column. SQLite would sort them first.
pub(super) fn tally(
    sql: &mut Sql,
    text: &str,
    holders: &Holders,
) -> Result<BTreeMap<Value, u64>, StoreError> {
    let mut counts = BTreeMap::new();
    sql.each(text, &holders.0, &mut |row| {
        count(&mut counts, row.0.first());
        true
    })?;
    Ok(counts)
}

fn count(counts: &mut BTreeMap<Value, u64>, value: Option<&Value>) {
    let Some(value) = value else { return };
    match counts.get_mut(value) {
        Some(count) => *count += 1,
        None => {
            counts.insert(value.clone(), 1);
        }
    }
}

/// Visits the rows that a statement gives, in the order of opening, and that are found as well.
fn side_by_side(
    sql: &mut Sql,
    text: &str,
    values: &[Value],
    matches: &Matches,
    mut visit: impl FnMut(&Row),
) -> Result<(), StoreError> {
    let mut found = matches.0.as_slice();
    sql.each(text, values, &mut |row| {
        let Some(opened) = row.int(0) else { return true };
        while let Some((first, rest)) = found.split_first() {
            if *first < opened {
                found = rest;
                continue;
            }
            if *first == opened {
                found = rest;
                visit(row);
            }
            return true;
        }
        false
    })
}
