//! Common words: a search that finds so many records that each of them is not worth looking up.
//!
//! SQLite joins by looking up. Where a word is in tens of thousands of records, it is quicker to go through what is
//! found and what is read side by side, both in the order of opening, as this does. PostgreSQL does so by itself.

use super::wanted::{Cut, FEW, Order, Wanted};
use super::{Ask, ListError, Listed, Page, listed};
use crate::error::StoreError;
use crate::projection::position;
use crate::reading::Holders;
use crate::search;
use crate::sql::{Row, Sql, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a common word was last found in: a page is followed by its counts, and by the next page. It holds for as long as
/// the tables have come no further. Connections of one pool share it.
#[derive(Clone)]
pub(crate) struct Lately {
    /// How far the tables had come.
    position: u64,
    /// What was asked.
    of: (String, Vec<Value>),
    common: Common,
    counts: Vec<(String, Counted)>,
}

/// Where it is kept.
pub(crate) type Kept = Arc<Mutex<Option<Lately>>>;

/// Records that are found and wanted, in the order of opening.
#[derive(Clone)]
pub(super) struct Common(Arc<[i64]>);

/// How many records have each value.
type Counted = BTreeMap<Value, u64>;

/// The records that are found by the words asked for and wanted; none where the words are in few, or no words are asked
/// for, or the database needs no help.
pub(super) fn found(
    sql: &mut Sql,
    wanted: &Wanted<'_>,
    holders: &Holders,
) -> Result<Option<Common>, StoreError> {
    let Some(question) = wanted.question.as_ref().filter(|question| question.is_of_sqlite()) else {
        return Ok(None);
    };
    let (text, position) = (wanted.by_opening("opened"), position(sql)?);
    if let Some(lately) = lately(sql, position, &text, holders) {
        return Ok(Some(lately.common));
    }
    let mut values = Holders::default();
    let matched = search::matched(question, &mut |value| values.put(value));
    let asked = format!("SELECT rowid FROM search WHERE {matched}");
    let first = sql.rows(&format!("{asked} LIMIT {}", FEW + 1), &values.0)?;
    if first.len() as u64 <= FEW {
        return Ok(None);
    }
    let (mut matches, mut both) = (Vec::new(), Vec::new());
    sql.each(&format!("{asked} ORDER BY rowid"), &values.0, &mut |row| {
        matches.extend(row.int(0));
        true
    })?;
    // The question comes last among the values, and is not asked once more.
    let unasked = holders.0.split_last().map_or(&[][..], |(_, rest)| rest);
    side_by_side(sql, &text, unasked, &matches, |row| both.extend(row.int(0)))?;
    let common = Common(both.into());
    let of = (text, holders.0.clone());
    *kept(sql) = Some(Lately { position, of, common: common.clone(), counts: Vec::new() });
    Ok(Some(common))
}

fn kept(sql: &Sql) -> MutexGuard<'_, Option<Lately>> {
    sql.lately.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lately {
    /// Was the same asked of the same tables?
    fn is_of(&self, position: u64, text: &str, holders: &Holders) -> bool {
        self.position == position && self.of.0 == text && self.of.1 == holders.0
    }
}

/// What was found lately, if the same is asked of the same tables.
fn lately(sql: &Sql, position: u64, text: &str, holders: &Holders) -> Option<Lately> {
    kept(sql).as_ref().filter(|lately| lately.is_of(position, text, holders)).cloned()
}

/// A page of what is found and wanted.
pub(super) fn page(
    sql: &mut Sql,
    wanted: &Wanted<'_>,
    common: &Common,
    order: &Order,
    ask: &Ask,
) -> Result<Page, ListError> {
    let both = &common.0;
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
        walked(sql, wanted, order, &cut, both)?
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
    common: &Common,
    names: &[String],
    holders: &Holders,
) -> Result<Vec<Counted>, StoreError> {
    let (text, position) = (wanted.by_opening("opened"), position(sql)?);
    let mut counts = lately(sql, position, &text, holders).map(|lately| lately.counts).unwrap_or_default();
    let mut missing = names.to_vec();
    missing.retain(|name| counts.iter().all(|(one, _)| one != name));
    if !missing.is_empty() {
        let mut counted = vec![Counted::new(); missing.len()];
        let columns = wanted.all_by_opening(&format!("opened, {}", missing.join(", ")));
        side_by_side(sql, &columns, &[], &common.0, |row| {
            let values = row.0.iter().skip(1);
            counted.iter_mut().zip(values).for_each(|(counted, value)| count(counted, Some(value)));
        })?;
        counts.extend(missing.into_iter().zip(counted));
        if let Some(lately) = kept(sql).as_mut().filter(|lately| lately.is_of(position, &text, holders)) {
            lately.counts.clone_from(&counts);
        }
    }
    let of = |name: &String| counts.iter().find(|(one, _)| one == name).map(|(_, counts)| counts.clone());
    Ok(names.iter().map(|name| of(name).unwrap_or_default()).collect())
}

/// How many rows of a statement have each value of its only column. SQLite would sort them first.
pub(super) fn tally(sql: &mut Sql, text: &str, holders: &Holders) -> Result<Counted, StoreError> {
    let mut counts = Counted::new();
    sql.each(text, &holders.0, &mut |row| {
        count(&mut counts, row.0.first());
        true
    })?;
    Ok(counts)
}

fn count(counts: &mut Counted, value: Option<&Value>) {
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
    found: &[i64],
    mut visit: impl FnMut(&Row),
) -> Result<(), StoreError> {
    let mut found = found;
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
