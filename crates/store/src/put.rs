//! Putting cases: their rows, gathered so that each table is written once for many of them.
//!
//! Owns: tables `record`, the sheets with their tallies, `several`, `mention`, and `party` as far as people are named.
//! Invariants: the rows of a case follow from the case alone; they are the same whether they come one by one or many
//! together, over older rows or into tables that are new.

use crate::error::StoreError;
use crate::flush::Making;
use crate::fold::Held;
use crate::layout::{Layout, Sheet};
use crate::projection::{data_key, points_next};
use crate::sql::{Sql, Value};
use crate::tally::Tallies;
use crate::{row, search};
use casework::Case;
use regulation::{FieldId, Register, RegisterId};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rows of cases on their way.
pub(crate) struct Rows<'m> {
    making: &'m Making<'m>,
    records: Vec<[Value; RECORD.len()]>,
    sheets: BTreeMap<&'m RegisterId, Vec<Vec<Value>>>,
    beside: Vec<(u64, Beside)>,
    tallies: Tallies<'m>,
}

/// Rows that follow from the content as it is now: several values, mentions, people named.
#[derive(PartialEq)]
struct Beside {
    several: Vec<[Value; 3]>,
    mentions: Vec<[Value; 3]>,
    parties: Vec<[Value; 3]>,
}

impl<'m> Rows<'m> {
    pub(crate) fn new(making: &'m Making<'m>) -> Self {
        Self {
            making,
            records: Vec::new(),
            sheets: BTreeMap::new(),
            beside: Vec::new(),
            tallies: Tallies::default(),
        }
    }

    /// Adds a case. `before` is the case as its rows have it, where that is known: only what differs is written then.
    /// Where its content is as it was, the rows that follow from it are left alone.
    pub(crate) fn case(
        &mut self,
        sql: &mut Sql,
        now: &Held,
        content: bool,
        before: Option<&Held>,
    ) -> Result<(), StoreError> {
        let register = self.register(&now.case)?;
        let (open, row) = self.made(now, register)?;
        let row = self.record(now, register, row.json.into(), row.sealed.into());
        let opened = now.place.opened;
        // Rows of what is sealed do not follow from the case alone.
        let alike = |before: &&Held| {
            let seals = |held: &Held| row::needs_key(&held.case, register);
            before.case.version == now.case.version && !seals(before) && !seals(now)
        };
        let before = before.filter(alike);
        let Some(before) = before else {
            self.records.push(row);
            return if content {
                self.sheet_and_beside(sql, &open, opened)
            } else {
                self.sheet(&open, opened).map(drop)
            };
        };
        // What it said before is not asked again: it is written whatever it was.
        let old = self.record(before, register, Value::Int(0), Value::Int(0));
        change(sql, "record", &RECORD, &old, &row)?;
        let Some(sheet) = self.making.layout.sheets.get(&now.case.register) else { return Ok(()) };
        let layout = self.making.layout;
        let (old, new) =
            (sheet_row(&before.case, opened, sheet, layout), sheet_row(&now.case, opened, sheet, layout));
        change(sql, &sheet.table, &sheet.names(), &old, &new)?;
        self.tallies.add(sheet, &old, -1);
        self.tallies.add(sheet, &new, 1);
        if !content {
            return Ok(());
        }
        let rows = beside(&now.case, opened, sheet);
        if beside(&before.case, opened, sheet) != rows {
            self.beside.push((opened, rows));
        }
        if self.making.index && !search::same(&before.case, &now.case, sheet) {
            search::index(sql, &now.case, opened, sheet, false)?;
        }
        Ok(())
    }

    fn register(&self, case: &Case) -> Result<&'m Register, StoreError> {
        // Without its pack nobody could say which fields are sealed.
        self.making.packs.register(&case.register, case.version).ok_or_else(|| {
            let what = format!("{}, asked for by {}", case.register, case.record);
            StoreError::Pack { version: case.version, what }
        })
    }

    /// A case without its sealed fields, and what its row holds. A later version of the pack may list what this one
    /// seals.
    fn made(&self, held: &Held, register: &Register) -> Result<(Arc<Case>, row::Body), StoreError> {
        let case = &held.case;
        let seals = row::needs_key(case, register);
        let key = if seals { data_key(self.making.keys, held.place.key)? } else { None };
        let mut row = row::write(case, register, key.as_ref())
            .map_err(|error| StoreError::damaged("record", format!("{}: {error}", case.record)))?;
        Ok((row.open.take().map_or_else(|| Arc::clone(case), Arc::new), row))
    }

    fn record(&self, held: &Held, register: &Register, body: Value, sealed: Value) -> [Value; RECORD.len()] {
        let (case, place) = (&held.case, held.place);
        let next = case.clocks.values().filter_map(|running| points_next(&running.points)).min();
        [
            place.opened.into(),
            case.record.to_string().into(),
            case.register.as_str().into(),
            case.unit.to_string().into(),
            place.key.map(|key| key.to_string()).into(),
            case.version.into(),
            case.state.as_str().into(),
            ending(case).into(),
            self.making.layout.height(&case.grade).into(),
            case.number.clone().into(),
            next.into(),
            casework::rests(case, register).into(),
            body,
            sealed,
        ]
    }

    /// Adds the row of a case in its register's sheet, and all that follows from its content.
    pub(crate) fn sheet_and_beside(
        &mut self,
        sql: &mut Sql,
        case: &Case,
        opened: u64,
    ) -> Result<(), StoreError> {
        let Some(sheet) = self.sheet(case, opened)? else { return Ok(()) };
        self.beside.push((opened, beside(case, opened, sheet)));
        if self.making.index { search::index(sql, case, opened, sheet, self.making.fresh) } else { Ok(()) }
    }

    fn sheet(&mut self, case: &Case, opened: u64) -> Result<Option<&'m Sheet>, StoreError> {
        let Some((register, sheet)) = self.making.layout.sheets.get_key_value(&case.register) else {
            return Ok(None);
        };
        let row = sheet_row(case, opened, sheet, self.making.layout);
        self.sheets.entry(register).or_default().push(row);
        Ok(Some(sheet))
    }

    /// Writes them.
    pub(crate) fn write(mut self, sql: &mut Sql) -> Result<(), StoreError> {
        let set: Vec<String> =
            RECORD.iter().skip(FOR_GOOD).map(|name| format!("{name} = excluded.{name}")).collect();
        sql.put(
            &format!("INSERT INTO record ({})", RECORD.join(", ")),
            &format!("ON CONFLICT (opened) DO UPDATE SET {}", set.join(", ")),
            &self.records,
        )?;
        for (register, rows) in &self.sheets {
            if let Some(sheet) = self.making.layout.sheets.get(*register) {
                // New sheets are counted when they are full.
                if !self.making.fresh {
                    let opened: Vec<Value> = rows.iter().filter_map(|row| row.first().cloned()).collect();
                    self.tallies.take(sql, sheet, &opened)?;
                    rows.iter().for_each(|row| self.tallies.add(sheet, row, 1));
                }
                let (put, end) = sheet.put();
                sql.put(&put, &end, rows)?;
            }
        }
        self.tallies.write(sql, self.making.layout)?;
        let (mut several, mut mentions, mut parties) = (Vec::new(), Vec::new(), Vec::new());
        for (opened, beside) in self.beside {
            if !self.making.fresh {
                take_beside(sql, opened)?;
            }
            several.extend(beside.several);
            mentions.extend(beside.mentions);
            parties.extend(beside.parties);
        }
        sql.put("INSERT INTO several (opened, field, value)", "", &several)?;
        sql.put("INSERT INTO mention (target, opened, field)", "", &mentions)?;
        sql.put("INSERT INTO party (person, opened, how)", "", &parties)
    }
}

/// Columns of `record` that a case fills, in the order of its rows.
const RECORD: [&str; 14] = [
    "opened", "record", "register", "unit", "data_key", "version", "state", "ending", "grade", "number",
    "next_at", "rests", "body", "sealed",
];
/// As many of them never change.
const FOR_GOOD: usize = 3;

/// Writes what differs between two rows of a table: each column that is left alone is an index that is.
fn change(
    sql: &mut Sql,
    table: &str,
    names: &[&str],
    old: &[Value],
    new: &[Value],
) -> Result<(), StoreError> {
    let differ =
        |((name, old), new): ((&&str, &Value), &Value)| (old != new).then(|| (name.to_string(), new.clone()));
    let (names, mut values): (Vec<String>, Vec<Value>) =
        names.iter().zip(old).zip(new).filter_map(differ).unzip();
    let (Some(opened), false) = (new.first(), names.is_empty()) else { return Ok(()) };
    let set = (1..).zip(&names).map(|(at, name)| format!("{name} = ${at}"));
    let text = format!(
        "UPDATE {table} SET {} WHERE opened = ${}",
        set.collect::<Vec<_>>().join(", "),
        values.len() + 1
    );
    values.push(opened.clone());
    match sql.run(&text, &values)? {
        1 => Ok(()),
        _ => Err(StoreError::damaged("record", format!("{table}: {opened:?}"))),
    }
}

fn sheet_row(case: &Case, opened: u64, sheet: &Sheet, layout: &Layout) -> Vec<Value> {
    let common = [
        opened.into(),
        case.record.to_string().into(),
        case.number.clone().into(),
        case.state.as_str().into(),
        ending(case).into(),
        case.unit.to_string().into(),
        layout.height(&case.grade).into(),
        case.opened_at.to_string().into(),
        case.opened_by.map(|person| person.to_string()).into(),
        case.entered_at.to_string().into(),
        case.occurred_at.to_string().into(),
        case.closed_at.map(|at| at.to_string()).into(),
    ];
    let mut values = Vec::with_capacity(common.len() + sheet.columns.len());
    values.extend(common);
    values.extend(sheet.columns.iter().map(|column| column.cell(value(case, &column.field), layout)));
    values
}

fn beside(case: &Case, opened: u64, sheet: &Sheet) -> Beside {
    let mut several = BTreeSet::new();
    for field in &sheet.several {
        each_text(case, field, &mut |text| several.extend([(field.as_str(), text)]));
    }
    let mut mentions: BTreeSet<(String, &str)> =
        case.links.iter().map(|link| (link.to.record.to_string(), "")).collect();
    for field in &sheet.references {
        each_text(case, field, &mut |text| mentions.extend([(text.to_owned(), field.as_str())]));
    }
    let mut named = BTreeSet::new();
    for field in &sheet.parties {
        each_text(case, field, &mut |text| named.extend([text]));
    }
    let several = several.into_iter().map(|(field, text)| [opened.into(), field.into(), text.into()]);
    let mentions = mentions.into_iter().map(|(text, field)| [text.into(), opened.into(), field.into()]);
    let parties = named.into_iter().map(|person| [person.into(), opened.into(), "named".into()]);
    Beside { several: several.collect(), mentions: mentions.collect(), parties: parties.collect() }
}

fn ending(case: &Case) -> Option<&'static str> {
    case.ending.map(|ending| match ending {
        casework::Ending::Done => "done",
        casework::Ending::Refused => "refused",
        casework::Ending::Void => "void",
        casework::Ending::Withdrawn => "withdrawn",
    })
}

/// A value of a case, filled in or reckoned.
pub(crate) fn value<'c>(case: &'c Case, field: &FieldId) -> Option<&'c Json> {
    case.content.0.get(field).or_else(|| case.reckoned.0.get(field))
}

/// Every text in a field's value, however deep.
fn each_text<'c>(case: &'c Case, field: &FieldId, visit: &mut dyn FnMut(&'c str)) {
    if let Some(json) = value(case, field) {
        texts(json, visit);
    }
}

fn texts<'j>(json: &'j Json, visit: &mut dyn FnMut(&'j str)) {
    match json {
        Json::String(text) => visit(text),
        Json::Array(values) => values.iter().for_each(|value| texts(value, visit)),
        Json::Object(members) => members.values().for_each(|value| texts(value, visit)),
        _ => {}
    }
}

/// Takes the rows away that follow from a case's content.
pub(crate) fn take_beside(sql: &mut Sql, opened: u64) -> Result<(), StoreError> {
    for text in [
        "DELETE FROM several WHERE opened = $1",
        "DELETE FROM mention WHERE opened = $1",
        "DELETE FROM party WHERE opened = $1 AND how = 'named'",
    ] {
        sql.run(text, &[opened.into()])?;
    }
    Ok(())
}
