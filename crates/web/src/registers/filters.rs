//! Filters of a register's list: which there are, how they are read from an address, how they are told.
//!
//! In an address a field's filter is `f.<field>`: values to choose from, words, or `.min` and `.max`. People, units and
//! records are sought by words, not by their ids.

use crate::choose;
use crate::component::{Chip, Facet, FilterInput, FilterKind};
use crate::look::Look;
use crate::query::Query;
use crate::roc;
use regulation::{Decimal, Field, FieldId, Kind, Register, TimeOfDay, Type};
use std::time::Duration;
use store::{Ask, Column, Filter, Test};

/// Most records that words stand for in a filter.
const MOST: u32 = 500;

/// The name of a field's filter.
pub(super) fn name(field: &FieldId) -> String {
    format!("f.{field}")
}

/// What there is to filter by, beside fields: its name, its column.
const MOMENTS: [(&str, Column); 2] = [("opened", Column::OpenedAt), ("closed", Column::ClosedAt)];

/// Fields that can be filtered: those with a column, and those of several values.
fn fields<'r>(look: &Look<'_>, register: &'r Register) -> Vec<&'r Field> {
    let Some(sheet) = look.cx.seen().layout.sheets.get(&register.id) else { return Vec::new() };
    let there = |field: &&Field| {
        !field.sealed && (sheet.column(field.id.as_str()).is_some() || sheet.several.contains(&field.id))
    };
    register.fields.iter().filter(there).collect()
}

/// The filters of an address.
pub(super) fn read(
    look: &Look<'_>,
    register: &Register,
    query: &Query,
    problems: &mut Vec<String>,
) -> Vec<Filter> {
    let mut filters = Vec::new();
    let states: Vec<String> = query
        .all("state")
        .filter(|word| register.flow.state(word).is_some())
        .map(ToOwned::to_owned)
        .collect();
    if !states.is_empty() {
        filters.push(Filter { column: Column::State, test: Test::In(states) });
    }
    if query.one("running").is_some() {
        filters.push(Filter { column: Column::State, test: Test::Running });
    }
    for (name, column) in MOMENTS {
        days(look, query, name, &column, problems, &mut filters);
    }
    if let Some(words) = query.one("by") {
        let people = people(look, words);
        filters.push(Filter { column: Column::OpenedBy, test: Test::In(people) });
    }
    for field in fields(look, register) {
        of_field(look, field, query, problems, &mut filters);
    }
    filters
}

fn of_field(
    look: &Look<'_>,
    field: &Field,
    query: &Query,
    problems: &mut Vec<String>,
    filters: &mut Vec<Filter>,
) {
    let (name, column) = (name(&field.id), Column::Field(field.id.clone()));
    let mut put = |test| filters.push(Filter { column: column.clone(), test });
    let words = query.one(&name);
    match (&field.kind, field.of()) {
        (Kind::Choice { options, .. }, _) => {
            let known = |word: &&str| options.iter().any(|option| option.id == **word);
            let chosen: Vec<String> = query.all(&name).filter(known).map(ToOwned::to_owned).collect();
            if !chosen.is_empty() {
                put(Test::In(chosen));
            }
        }
        (Kind::YesNo, _) => {
            let chosen: Vec<String> = query
                .all(&name)
                .filter(|word| matches!(*word, "true" | "false"))
                .map(ToOwned::to_owned)
                .collect();
            if !chosen.is_empty() {
                put(Test::In(chosen));
            }
        }
        (Kind::Grade { .. }, _) => {
            let known = |word: &&str| look.pack.grades.iter().any(|grade| grade.id == **word);
            let chosen: Vec<String> = query.all(&name).filter(known).map(ToOwned::to_owned).collect();
            if !chosen.is_empty() {
                put(Test::In(chosen));
            }
        }
        (Kind::Person { .. }, _) => {
            if let Some(words) = words {
                put(Test::In(people(look, words)));
            }
        }
        (Kind::Unit { .. }, _) => {
            if let Some(words) = words {
                put(Test::In(units(look, words)));
            }
        }
        (Kind::Reference { register, .. }, _) => {
            if let Some(words) = words {
                put(Test::In(records(look, register, words)));
            }
        }
        (_, Type::Moment) => days(look, query, &name, &column, problems, filters),
        (_, Type::Date) => {
            for (end, test) in [(".min", Test::AtLeast as fn(String) -> Test), (".max", Test::AtMost)] {
                if let Some(text) = query.one(&format!("{name}{end}")) {
                    match roc::read_date(text) {
                        Some(day) => put(test(day.to_string())),
                        None => problems.push(unread(look, text)),
                    }
                }
            }
        }
        (_, Type::Number | Type::Span) => {
            for (end, test) in [(".min", Test::AtLeast as fn(String) -> Test), (".max", Test::AtMost)] {
                if let Some(text) = query.one(&format!("{name}{end}")) {
                    match text.parse::<Decimal>() {
                        Ok(number) => put(test(number.to_string())),
                        Err(_) => problems.push(unread(look, text)),
                    }
                }
            }
        }
        _ => {
            if let Some(words) = words {
                put(Test::Contains(words.to_owned()));
            }
        }
    }
}

/// Days as moments: from the first moment of the one to the last of the other.
fn days(
    look: &Look<'_>,
    query: &Query,
    name: &str,
    column: &Column,
    problems: &mut Vec<String>,
    filters: &mut Vec<Filter>,
) {
    let zone = &look.pack.zone;
    let mut day = |end: &str, test: &dyn Fn(model::CivilDate) -> Test| {
        if let Some(text) = query.one(&format!("{name}.{end}")) {
            match roc::read_date(text) {
                Some(day) => filters.push(Filter { column: column.clone(), test: test(day) }),
                None => problems.push(unread(look, text)),
            }
        }
    };
    day("min", &|day| Test::AtLeast(zone.moment(day, TimeOfDay::START).to_string()));
    day("max", &|day| {
        let next = zone.moment(day, TimeOfDay::END).as_micros() - Duration::from_micros(1).as_micros() as i64;
        Test::AtMost(model::Instant::from_micros(next).unwrap_or(model::Instant::EPOCH).to_string())
    });
}

fn unread(look: &Look<'_>, text: &str) -> String {
    let text: String = text.chars().take(40).collect();
    match look.cx.chinese() {
        true => format!(
            "篩選條件「{text}」無法判讀，未予套用。日期請填 115/3/2 或 2026-03-02，數字請填半形數字。"
        ),
        false => format!(
            "The filter {text:?} does not read and is left out. Dates are written 2026-03-02, numbers in digits."
        ),
    }
}

/// The ids of people who are called so, whether they are still here or not.
fn people(look: &Look<'_>, words: &str) -> Vec<String> {
    let called = |person: &&identity::Person| choose::is_called(person, words);
    look.roster
        .state
        .people()
        .filter(called)
        .map(|person| person.id.to_string())
        .take(MOST as usize)
        .collect()
}

/// The ids of units whose name has these words or whose code begins with them, and of those below.
fn units(look: &Look<'_>, words: &str) -> Vec<String> {
    let state = look.roster.state;
    let mut found: Vec<String> = state
        .units()
        .filter(|unit| choose::is_named(unit, words))
        .flat_map(|unit| state.subtree(unit.id))
        .map(|unit| unit.to_string())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The ids of records with these words, among those that may be seen.
fn records(look: &Look<'_>, register: &regulation::RegisterId, words: &str) -> Vec<String> {
    choose::records(look, register, words, MOST).into_iter().map(|record| record.to_string()).collect()
}

/// All records of a register that may be seen, or those with these words.
pub(crate) fn of_register(
    look: &Look<'_>,
    register: &regulation::RegisterId,
    text: Option<&str>,
    most: u32,
) -> Vec<model::RecordId> {
    let seen = look.cx.seen();
    let ask = Ask {
        register: register.clone(),
        text: text.map(ToOwned::to_owned),
        filters: Vec::new(),
        sort: None,
        skip: 0,
        most,
    };
    let page = look.sql(|sql| store::list(sql, &seen.packs, &seen.layout, &look.reader, &ask));
    let found: Vec<model::RecordId> =
        page.map(|page| page.rows.iter().map(|row| row.record).collect()).unwrap_or_default();
    look.listed(found.iter().copied());
    found
}

/// What there is to filter by, with what is set.
pub(super) fn inputs(look: &Look<'_>, register: &Register, query: &Query) -> Vec<FilterInput> {
    let cx = look.cx;
    let value = |name: &str| query.one(name).unwrap_or_default().to_owned();
    // A field for days takes no other spelling than its own, and would be blank.
    let end = |of: &str, name: String| {
        let day = roc::read_date(&value(&name)).filter(|_| of == "date");
        day.map_or_else(|| value(&name), |day| day.to_string())
    };
    let range = |of: &'static str, name: &str| FilterKind::Range {
        of,
        min: end(of, format!("{name}.min")),
        max: end(of, format!("{name}.max")),
    };
    let mut inputs = Vec::new();
    for field in fields(look, register) {
        let name = name(&field.id);
        let some = |options: Vec<(String, String)>| {
            let option = |(word, text): (String, String)| {
                let on = query.has(&name, &word);
                (word, text, on)
            };
            FilterKind::Some(options.into_iter().map(option).collect())
        };
        let kind = match (&field.kind, field.of()) {
            (Kind::Choice { options, .. }, _) => some(
                options.iter().map(|one| (one.id.to_string(), cx.label(&one.label).to_owned())).collect(),
            ),
            (Kind::YesNo, _) => some(vec![
                ("true".to_owned(), cx.t("是", "Yes").to_owned()),
                ("false".to_owned(), cx.t("否", "No").to_owned()),
            ]),
            (Kind::Grade { .. }, _) => some(
                look.pack
                    .grades
                    .iter()
                    .map(|grade| (grade.id.to_string(), cx.label(&grade.label).to_owned()))
                    .collect(),
            ),
            (_, Type::Date | Type::Moment) => range("date", &name),
            (_, Type::Number | Type::Span) => range("number", &name),
            _ => FilterKind::Words(value(&name)),
        };
        inputs.push(FilterInput { label: cx.label(&field.label).to_owned(), kind, name });
    }
    inputs.push(FilterInput {
        name: "by".to_owned(),
        label: cx.t("建立人", "Opened by").to_owned(),
        kind: FilterKind::Words(value("by")),
    });
    for (name, text) in [("opened", cx.t("建立日期", "Opened")), ("closed", cx.t("結案日期", "Closed"))]
    {
        inputs.push(FilterInput { name: name.to_owned(), label: text.to_owned(), kind: range("date", name) });
    }
    inputs
}

/// The words and filters in force, as a paper tells them.
pub(super) fn told(look: &Look<'_>, register: &Register, query: &Query) -> Vec<String> {
    let cx = look.cx;
    let words = query.one("q").map(str::trim).filter(|words| !words.is_empty());
    let words = words.map(|words| format!("{}{words}", cx.t("搜尋：", "Search: ")));
    let running = query.one("running").map(|_| cx.t("進行中", "Running").to_owned());
    let active = active(look, register, query, "", &[]).into_iter().map(|chip| chip.text);
    words.into_iter().chain(running).chain(active).collect()
}

/// The filters in force, each with the way to be rid of it.
pub(super) fn active(
    look: &Look<'_>,
    register: &Register,
    query: &Query,
    path: &str,
    facets: &[Facet],
) -> Vec<Chip> {
    let cx = look.cx;
    let query = query.without("page");
    let mut chips = Vec::new();
    let mut chip = |name: &str, text: String, rest: Query| {
        let id = format!("active-{}-{}", name.replace('.', "-"), chips.len());
        chips.push(Chip { id, text, count: None, href: rest.behind(path), on: true });
    };
    // What has chips is left by them.
    let shown = |input: &FilterInput| facets.iter().any(|facet| facet.name == input.name);
    for input in inputs(look, register, &query).into_iter().filter(|input| !shown(input)) {
        let (name, label) = (&input.name, &input.label);
        match &input.kind {
            FilterKind::Words(words) if !words.is_empty() => {
                chip(name, format!("{label}{}{words}", cx.t("：", ": ")), query.without(name));
            }
            FilterKind::Words(_) => {}
            FilterKind::Some(options) => {
                for (word, text, _) in options.iter().filter(|(_, _, on)| *on) {
                    chip(name, format!("{label}{}{text}", cx.t("：", ": ")), query.toggled(name, word));
                }
            }
            FilterKind::Range { min, max, .. } => {
                for (end, sign, value) in [("min", "≥", min), ("max", "≤", max)] {
                    if !value.is_empty() {
                        let told = roc::read_date(value).map_or_else(|| value.clone(), |day| cx.date(day));
                        chip(name, format!("{label} {sign} {told}"), query.without(&format!("{name}.{end}")));
                    }
                }
            }
        }
    }
    chips
}
