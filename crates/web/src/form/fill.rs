//! From the pairs of a form to values of fields, and back.
//!
//! What people type is brought into the one spelling of values (digits of full width, dates with years of the
//! Republic); what does not read is handed on as it was typed, and told by the field itself.

use crate::cx::Cx;
use crate::form::{Posted, name};
use crate::query::Query;
use crate::roc;
use casework::{Case, Content, Fill};
use regulation::{Answer, Field, FieldId, Kind, Register, Type};
use serde_json::{Map, Value as Json, json};

/// What a form fills in of these fields. What is left blank empties its field.
#[must_use]
pub fn fill(
    cx: &Cx,
    register: &Register,
    fields: &[FieldId],
    before: Option<&Case>,
    posted: &Posted,
) -> Fill {
    let mut fill = Fill::new();
    for field in register.fields.iter().filter(|field| fields.contains(&field.id)) {
        if matches!(field.kind, Kind::Computed { .. }) {
            continue;
        }
        let held = before.and_then(|case| case.content.0.get(&field.id));
        let value = value(cx, field, &name(&field.id), held, &posted.query);
        fill.insert(field.id.clone(), value.unwrap_or(Json::Null));
    }
    fill
}

/// The value a form gives for a field; none where it is left blank.
fn value(cx: &Cx, field: &Field, name: &str, held: Option<&Json>, query: &Query) -> Option<Json> {
    match &field.kind {
        Kind::Computed { .. } => None,
        Kind::Checklist { items, .. } => {
            let mut answers = Map::new();
            for item in items {
                let name = format!("{name}.{}", item.id);
                let Some(answer) = query.one(&name).filter(|word| Answer::from_word(word).is_some()) else {
                    continue;
                };
                let mut answered = Map::from_iter([("answer".to_owned(), Json::from(answer))]);
                if let Some(note) = query.one(&format!("{name}.note")) {
                    answered.insert("note".to_owned(), note.into());
                }
                answers.insert(item.id.to_string(), Json::Object(answered));
            }
            (!answers.is_empty()).then_some(Json::Object(answers))
        }
        Kind::Table { columns, .. } => {
            let numbers: Vec<&str> =
                query.pairs().filter(|(key, _)| *key == format!("{name}.row")).map(|pair| pair.1).collect();
            let row = |number: &&str| {
                let cell = |column: &Field| {
                    let value = value(cx, column, &format!("{name}.{number}.{}", column.id), None, query)?;
                    Some((column.id.to_string(), value))
                };
                let row: Map<String, Json> = columns.iter().filter_map(cell).collect();
                (!row.is_empty()).then_some(Json::Object(row))
            };
            let rows: Vec<Json> = numbers.iter().filter_map(row).collect();
            (!rows.is_empty()).then_some(Json::Array(rows))
        }
        Kind::Files { .. } | Kind::Photo { .. } => {
            let files: Vec<Json> =
                query.all(name).filter_map(|text| serde_json::from_str(text).ok()).collect();
            (!files.is_empty()).then_some(Json::Array(files))
        }
        Kind::Run { .. } => run(cx, name, held, query),
        Kind::YesNo => match query.one(name) {
            Some("true") => Some(true.into()),
            Some("false") => Some(false.into()),
            _ => None,
        },
        _ if matches!(field.of(), Type::List(_)) => {
            let values: Vec<Json> = query.all(name).map(Json::from).collect();
            (!values.is_empty()).then_some(Json::Array(values))
        }
        Kind::Text { .. } => {
            let text =
                query.pairs().find(|(key, _)| *key == name).map(|(_, text)| text.replace("\r\n", "\n"));
            text.filter(|text| !text.trim().is_empty()).map(|text| text.trim_end().into())
        }
        // What was found and chosen stands behind what was chosen before.
        Kind::Person { .. } | Kind::Reference { .. } | Kind::Unit { .. } => {
            query.all(name).last().map(Json::from)
        }
        kind => query.one(name).map(|text| spelled(cx, kind, text).into()),
    }
}

/// What was typed, in the one spelling of values where it can be read.
fn spelled(cx: &Cx, kind: &Kind, text: &str) -> String {
    let read = match kind {
        Kind::Number { .. } => Some(number(text)),
        Kind::Date { .. } => roc::read_date(text).map(|day| day.to_string()),
        Kind::Moment => {
            cx.zone().ok().and_then(|zone| roc::read_moment(zone, text)).map(|moment| moment.to_string())
        }
        Kind::Time => Some(text.chars().take(5).collect()),
        Kind::Address { .. } => Some(text.trim().to_owned()),
        _ => None,
    };
    read.unwrap_or_else(|| text.to_owned())
}

/// A number without separators, in digits of half width, without noughts that say nothing.
fn number(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, ',' | '，' | ' ' | '　'))
        .map(|c| match c {
            '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c),
            '．' => '.',
            '－' | '−' => '-',
            c => c,
        })
        .collect();
    match plain.parse::<regulation::Decimal>() {
        Ok(number) => number.to_string(),
        Err(_) => plain,
    }
}

/// A run carried on: who it is and when is what the server knows.
fn run(cx: &Cx, name: &str, held: Option<&Json>, query: &Query) -> Option<Json> {
    let now = cx.now().to_string();
    let mut run = match held {
        Some(held) => held.as_object()?.clone(),
        None => {
            let procedure = query.one(name)?;
            Map::from_iter([
                ("late".to_owned(), json!(0)),
                ("procedure".to_owned(), procedure.into()),
                ("started_at".to_owned(), now.clone().into()),
                ("ticks".to_owned(), Json::Object(Map::new())),
            ])
        }
    };
    let mut ticks = run.get("ticks").and_then(Json::as_object).cloned().unwrap_or_default();
    let prefix = format!("{name}.");
    for (key, _) in query.pairs().filter(|(_, value)| *value == "done") {
        let Some(step) = key.strip_prefix(&prefix).filter(|step| !step.contains('.')) else { continue };
        if ticks.contains_key(step) {
            continue;
        }
        let mut tick = Map::from_iter([
            ("at".to_owned(), Json::from(now.clone())),
            ("by".to_owned(), cx.person().to_string().into()),
        ]);
        if let Some(note) = query.one(&format!("{key}.note")) {
            tick.insert("note".to_owned(), note.into());
        }
        let files: Vec<Json> =
            query.all(&format!("{key}.file")).filter_map(|text| serde_json::from_str(text).ok()).collect();
        if !files.is_empty() {
            tick.insert("files".to_owned(), Json::Array(files));
        }
        ticks.insert(step.to_owned(), Json::Object(tick));
    }
    run.insert("ticks".to_owned(), Json::Object(ticks));
    Some(Json::Object(run))
}

/// What a record holds of these fields as the pairs of a form.
#[must_use]
pub fn pairs(cx: &Cx, register: &Register, content: &Content) -> Query {
    let mut pairs = Vec::new();
    for field in &register.fields {
        if let Some(json) = content.0.get(&field.id) {
            put(cx, field, &name(&field.id), json, &mut pairs);
        }
    }
    Query::of(pairs)
}

fn put(cx: &Cx, field: &Field, name: &str, json: &Json, pairs: &mut Vec<(String, String)>) {
    let text = |json: &Json| match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (&field.kind, json) {
        (Kind::Table { columns, .. }, Json::Array(rows)) => {
            for (number, row) in rows.iter().enumerate() {
                pairs.push((format!("{name}.row"), number.to_string()));
                for column in columns {
                    if let Some(json) = row.get(column.id.as_str()) {
                        put(cx, column, &format!("{name}.{number}.{}", column.id), json, pairs);
                    }
                }
            }
        }
        (Kind::Checklist { .. }, Json::Object(answers)) => {
            for (item, answered) in answers {
                for (part, end) in [("answer", ""), ("note", ".note")] {
                    let said = answered.get(part).map(|said| (format!("{name}.{item}{end}"), text(said)));
                    pairs.extend(said);
                }
            }
        }
        // What is done of a run stands in the record alone.
        (Kind::Run { .. }, _) => {}
        (_, Json::Array(values)) => pairs.extend(values.iter().map(|value| (name.to_owned(), text(value)))),
        (Kind::Moment, Json::String(at)) => {
            let told = at.parse().ok().zip(cx.zone().ok()).map(|(at, zone)| roc::field_moment(zone, at));
            pairs.push((name.to_owned(), told.unwrap_or_else(|| at.clone())));
        }
        (_, json) => pairs.push((name.to_owned(), text(json))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_type_them() {
        for (typed, expected) in [
            ("1,234.50", "1234.5"),
            ("２５．５", "25.5"),
            ("－3", "-3"),
            ("007", "7"),
            ("abc", "abc"),
            ("1.2.3", "1.2.3"),
        ] {
            assert_eq!(number(typed), expected);
        }
    }
}
