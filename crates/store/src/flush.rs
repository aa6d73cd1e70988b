//! Flushing: what was folded, written into the tables.
//!
//! Runs inside a transaction of its caller. What only grows is inserted, what changes is put in its place.
//! Invariant: the rows follow from the fold alone, so that flushing often or seldom gives the same tables.

use crate::board::ROW;
use crate::error::StoreError;
use crate::fold::{Fold, Held, Lists, Lost, Touched};
use crate::layout::{Layout, Packs};
use crate::projection::points_next;
use crate::put::{Rows, take_beside};
use crate::search;
use crate::sql::{Sql, Value};
use crate::tally::Tallies;
use casework::{Addressee, DutyKey, Object, Occurrence, Series};
use model::RecordId;
use regulation::DutyId;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Cases whose rows are written together.
const TOGETHER: usize = 256;

/// What rows are made with.
pub(crate) struct Making<'a> {
    pub(crate) packs: &'a Packs,
    pub(crate) layout: &'a Layout,
    pub(crate) keys: &'a dyn crate::fact::Keys,
    /// Is the search index kept at the same time?
    pub(crate) index: bool,
    /// Are the tables new, so that nothing of what is written can be there already?
    pub(crate) fresh: bool,
}

/// Writes the rows that only grow.
pub(crate) fn lists(sql: &mut Sql, mut lists: Lists) -> Result<(), StoreError> {
    // What goes into one place of a table goes together.
    lists.history.sort_unstable();
    let pair = |(a, b): (u64, u64)| -> [Value; 2] { [a.into(), b.into()] };
    let history: Vec<[Value; 2]> = lists.history.into_iter().map(pair).collect();
    sql.put("INSERT INTO history (opened, entry)", "", &history)?;
    lists.acted.sort_unstable();
    lists.acted.dedup();
    let acted: Vec<[Value; 3]> = lists
        .acted
        .into_iter()
        .map(|(person, opened)| [person.to_string().into(), opened.into(), "acted".into()])
        .collect();
    sql.put(
        "INSERT INTO party (person, opened, how)",
        "ON CONFLICT (person, opened, how) DO NOTHING",
        &acted,
    )?;
    let (mut notices, mut to) = (Vec::new(), BTreeSet::new());
    for told in lists.notices {
        let at = told.at.to_string();
        notices.push(vec![told.entry.into(), told.opened.into(), at.into(), told.zh.into(), told.en.into()]);
        to.extend(told.to.iter().map(|one| addressee(told.entry, one)));
    }
    sql.put("INSERT INTO notice (entry, opened, at, zh, en)", "", &notices)?;
    let to: Vec<Vec<Value>> = to.into_iter().collect();
    sql.put("INSERT INTO notice_to (entry, person, role, unit, above)", "", &to)?;
    let read = lists.read.into_iter().filter_map(|read| match read.actor {
        model::Actor::Person(person) => {
            Some(vec![read.notice.0.into(), person.person.to_string().into(), read.at.to_string().into()])
        }
        model::Actor::Machine { .. } => None,
    });
    let read: Vec<Vec<Value>> = read.collect();
    sql.put("INSERT INTO notice_read (entry, person, at)", "ON CONFLICT (entry, person) DO NOTHING", &read)?;
    let asks = lists.asks.into_iter().map(|ask| {
        let (entry, opened, at) = (ask.entry.into(), ask.opened.into(), ask.at.to_string().into());
        vec![entry, opened, at, ask.record.to_string().into(), ask.hook.into(), ask.give.into()]
    });
    let asks: Vec<Vec<Value>> = asks.collect();
    sql.put("INSERT INTO ask (entry, opened, at, record, hook, give)", "", &asks)?;
    for (asked, answered, done) in lists.answers {
        let text = "UPDATE ask SET answered = $1, done = $2 WHERE entry = $3 AND answered IS NULL";
        sql.run(text, &[answered.into(), done.into(), asked.into()])?;
    }
    let files: BTreeSet<(String, u64)> = lists.files.into_iter().collect();
    let files: Vec<Vec<Value>> =
        files.into_iter().map(|(digest, opened)| vec![digest.into(), opened.into()]).collect();
    sql.put("INSERT INTO file_use (digest, opened)", "ON CONFLICT (digest, opened) DO NOTHING", &files)?;
    let condemned: Vec<Vec<Value>> = lists
        .condemned
        .into_iter()
        .map(|(record, entry)| vec![record.to_string().into(), entry.into()])
        .collect();
    sql.put("INSERT INTO condemned (record, entry)", "ON CONFLICT (record) DO NOTHING", &condemned)?;
    let destroyed: Vec<Vec<Value>> = lists
        .destroyed_keys
        .into_iter()
        .map(|(key, entry)| vec![key.to_string().into(), entry.into()])
        .collect();
    sql.put("INSERT INTO destroyed_key (data_key, entry)", "ON CONFLICT (data_key) DO NOTHING", &destroyed)?;
    let published = lists.published.into_iter().map(|(one, entry)| {
        vec![one.version.into(), one.pack.into(), one.digest.into(), one.archive.into(), entry.into()]
    });
    let published: Vec<Vec<Value>> = published.collect();
    sql.put("INSERT INTO published (version, pack, digest, archive, entry)", "", &published)?;
    crate::telemetry::write(sql, lists.lines)?;
    crate::alarm::write(sql, lists.alarms, &lists.alarm_cases)?;
    crate::outlet::write(sql, lists.outlets)?;
    crate::response::write(sql, lists.responses)?;
    let evaluated = lists.evaluated.iter().flat_map(|(one, entry, at)| one.rows(*entry, *at));
    sql.put(&format!("INSERT INTO evaluation ({ROW})"), "", &evaluated.collect::<Vec<_>>())
}

fn addressee(entry: u64, to: &Addressee) -> Vec<Value> {
    let (person, role, unit, above) = match to {
        Addressee::Person(person) => (person.to_string(), String::new(), String::new(), false),
        Addressee::Role { role, unit, above } => {
            (String::new(), role.to_string(), unit.map(|unit| unit.to_string()).unwrap_or_default(), *above)
        }
    };
    vec![entry.into(), person.into(), role.into(), unit.into(), above.into()]
}

/// Writes cases, in the order in which they were opened: rows come to lie behind one another. `before` gives a case as
/// its rows have it, where that is known.
pub(crate) fn cases(
    sql: &mut Sql,
    fold: &Fold,
    touched: &Touched,
    making: &Making<'_>,
    before: &dyn Fn(&RecordId) -> Option<Held>,
) -> Result<(), StoreError> {
    let mut cases: Vec<Held> = touched.cases.iter().filter_map(|record| held(fold, record)).collect();
    cases.sort_unstable_by_key(|held| held.place.opened);
    for some in cases.chunks(TOGETHER) {
        let mut rows = Rows::new(making);
        for now in some {
            let record = &now.case.record;
            rows.case(sql, now, touched.content.contains(record), before(record).as_ref())?;
        }
        rows.write(sql)?;
    }
    Ok(())
}

/// Writes all that changed beside cases: sequences, duties; and takes away what was destroyed.
pub(crate) fn rest(
    sql: &mut Sql,
    fold: &Fold,
    touched: &Touched,
    making: &Making<'_>,
) -> Result<(), StoreError> {
    for (record, lost, entry) in &touched.destroyed {
        bury(sql, *record, lost, *entry, making)?;
    }
    if touched.lost {
        sql.run("DELETE FROM lost", &[])?;
        let row = |(record, lost): (&RecordId, &Lost)| {
            let (record, opened, key) = (record.to_string(), lost.opened, lost.key.to_string());
            vec![
                record.into(),
                opened.into(),
                key.into(),
                lost.register.as_str().into(),
                lost.unit.to_string().into(),
            ]
        };
        let rows: Vec<Vec<Value>> = fold.lost.iter().map(row).collect();
        sql.put("INSERT INTO lost (record, opened, data_key, register, unit)", "", &rows)?;
    }
    let last =
        |name: &String| fold.state.sequences.get(name).map(|last| vec![name.clone().into(), (*last).into()]);
    let sequences: Vec<Vec<Value>> = touched.sequences.iter().filter_map(last).collect();
    sql.put(
        "INSERT INTO sequence (name, last)",
        "ON CONFLICT (name) DO UPDATE SET last = excluded.last",
        &sequences,
    )?;
    let series = touched.series.iter().filter_map(|key| Some(series_row(key, fold.state.series.get(key)?)));
    let series: Vec<Vec<Value>> = series.collect();
    sql.put(
        "INSERT INTO series (duty, object, last, missing)",
        "ON CONFLICT (duty, object) DO UPDATE SET last = excluded.last, missing = excluded.missing",
        &series,
    )?;
    let mut occurrences = Vec::new();
    for key in &touched.occurrences {
        if let Some(occurrence) = fold.state.occurrences.get(key) {
            occurrences.push(occurrence_row(key, occurrence));
        }
    }
    sql.put(
        "INSERT INTO occurrence (duty, object, nominal, version, due_on, due, record, points, next_at, done_at)",
        "ON CONFLICT (duty, object, nominal) DO UPDATE SET record = excluded.record, points = excluded.points, \
         next_at = excluded.next_at, done_at = excluded.done_at",
        &occurrences,
    )
}

fn series_row((duty, object): &(DutyId, Object), series: &Series) -> Vec<Value> {
    let day = |day: Option<model::CivilDate>| Value::from(day.map(|day| day.to_string()));
    vec![duty.as_str().into(), object_text(object).into(), day(series.last), day(series.missing)]
}

fn occurrence_row(key: &DutyKey, occurrence: &Occurrence) -> Vec<Value> {
    vec![
        key.duty.as_str().into(),
        object_text(&key.object).into(),
        key.nominal.to_string().into(),
        occurrence.version.into(),
        occurrence.due_on.to_string().into(),
        occurrence.due.to_string().into(),
        occurrence.record.to_string().into(),
        serde_json::to_string(&occurrence.points).unwrap_or_default().into(),
        points_next(&occurrence.points).into(),
        occurrence.done_at.map(|at| at.to_string()).into(),
    ]
}

/// What an occurrence is for, as a text: `room/r_…` or `u_…`.
pub(crate) fn object_text(object: &Object) -> String {
    match object {
        Object::Record(one) => format!("{}/{}", one.register, one.record),
        Object::Unit(unit) => unit.to_string(),
    }
}

/// The same back.
pub(crate) fn object(text: &str) -> Option<Object> {
    match text.split_once('/') {
        Some((register, record)) => Some(Object::Record(casework::Reference {
            register: register.parse().ok()?,
            record: record.parse().ok()?,
        })),
        None => text.parse().ok().map(Object::Unit),
    }
}

/// Stored files in a value: digest and name.
pub(crate) fn files<'j>(json: &'j Json, visit: &mut dyn FnMut(&'j str, &'j str)) {
    match json {
        Json::Array(values) => values.iter().for_each(|value| files(value, visit)),
        Json::Object(members) => {
            let text = |name: &str| members.get(name).and_then(Json::as_str);
            match (text("digest"), text("name")) {
                (Some(digest), Some(name)) if digest.starts_with("sha256:") => visit(digest, name),
                _ => members.values().for_each(|value| files(value, visit)),
            }
        }
        _ => {}
    }
}

/// Tables that a record, or a person, is taken out of, beside the record's sheet and the search index.
pub(crate) const BURIED: [&str; 12] = [
    "ask",
    "file_use",
    "identity",
    "lost",
    "mention",
    "notice",
    "notice_read",
    "notice_to",
    "party",
    "record",
    "several",
    "turn",
];

/// Takes away all that tells of a record, and leaves its place.
fn bury(
    sql: &mut Sql,
    record: RecordId,
    lost: &Lost,
    entry: u64,
    making: &Making<'_>,
) -> Result<(), StoreError> {
    let opened = lost.opened;
    take_beside(sql, opened)?;
    for text in [
        "DELETE FROM state.attempt WHERE entry IN (SELECT entry FROM ask WHERE opened = $1)",
        "DELETE FROM notice_to WHERE entry IN (SELECT entry FROM notice WHERE opened = $1)",
        "DELETE FROM notice_read WHERE entry IN (SELECT entry FROM notice WHERE opened = $1)",
        "DELETE FROM notice WHERE opened = $1",
        "DELETE FROM ask WHERE opened = $1",
        "DELETE FROM party WHERE opened = $1",
        "DELETE FROM turn WHERE opened = $1",
        "DELETE FROM file_use WHERE opened = $1",
        "DELETE FROM record WHERE opened = $1",
    ] {
        sql.run(text, &[opened.into()])?;
    }
    if let Some(sheet) = making.layout.sheets.get(&lost.register) {
        let mut tallies = Tallies::default();
        tallies.take(sql, sheet, &[opened.into()])?;
        tallies.write(sql, making.layout)?;
        sql.run(&format!("DELETE FROM {} WHERE opened = $1", sheet.table), &[opened.into()])?;
    }
    if making.index {
        search::take(sql, opened)?;
    }
    sql.run(
        "INSERT INTO record (opened, record, register, unit, data_key, destroyed) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            opened.into(),
            record.to_string().into(),
            lost.register.as_str().into(),
            lost.unit.to_string().into(),
            lost.key.to_string().into(),
            entry.into(),
        ],
    )
    .map(drop)
}

/// A held case for the cache.
pub(crate) fn held(fold: &Fold, record: &RecordId) -> Option<Held> {
    let case = fold.state.cases.get(record)?;
    Some(Held { case: case.clone(), place: *fold.places.get(record)? })
}
