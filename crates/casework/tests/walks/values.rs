//! Values of scenarios: what stands in a file becomes what a form would send.
//!
//! People, records and times are written short; each kind of field says how it is to be read.

use crate::town::Town;
use casework::Content;
use model::{CivilDate, Instant};
use regulation::{Field, FieldId, Kind, Limit, OfficeTime, Register, Roll, TimeOfDay, Type};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// The JSON of a value of a field; `held` is what it holds now. Files it names are stored.
pub(crate) fn of_field(town: &mut Town, field: &Field, written: &toml::Value, held: Option<&Json>) -> Json {
    match (&field.kind, written) {
        (Kind::Table { columns, .. }, toml::Value::Array(rows)) => {
            let row = |town: &mut Town, row: &toml::Value| -> Json {
                let cell = |(id, cell): (&String, &toml::Value)| {
                    let column = columns.iter().find(|column| column.id == *id.as_str());
                    let column = column.unwrap_or_else(|| panic!("no column {id} in {}", field.id));
                    (id.clone(), of_field(town, column, cell, None))
                };
                Json::Object(row.as_table().unwrap().iter().map(cell).collect())
            };
            rows.iter().map(|one| row(town, one)).collect()
        }
        (Kind::Files { types, .. }, written) => {
            let kind = types.first().map_or("pdf", |kind| kind);
            files(town, written, kind)
        }
        (Kind::Photo { .. }, written) => files(town, written, "jpg"),
        (Kind::Checklist { items, .. }, written) => {
            let items: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
            checklist(&items, written)
        }
        (Kind::Run { .. }, written) => run(town, written, held),
        (kind, toml::Value::Array(values)) => {
            let Type::List(of) = kind.of() else { panic!("{} is no list", field.id) };
            values.iter().map(|value| plain(town, &of, value)).collect()
        }
        (kind, written) => plain(town, &kind.of(), written),
    }
}

fn plain(town: &Town, of: &Type, written: &toml::Value) -> Json {
    match (of, written) {
        (Type::Person, toml::Value::String(name)) if town.people.names.contains_key(name) => {
            json!(town.people.person(name).to_string())
        }
        (Type::Unit, toml::Value::String(name)) => json!(town.people.units[name].to_string()),
        (Type::Reference(_), toml::Value::String(name)) => json!(town.record(name).to_string()),
        (Type::Date, toml::Value::String(text)) => json!(date(town, text).to_string()),
        (Type::Moment, toml::Value::String(text)) => json!(moment(town, text).to_string()),
        (Type::Number, toml::Value::Integer(number)) => json!(number.to_string()),
        (Type::Number, toml::Value::Float(number)) => json!(number.to_string()),
        (_, toml::Value::String(text)) => json!(text),
        (_, toml::Value::Boolean(truth)) => json!(truth),
        (of, written) => panic!("{written:?} is no {of:?}"),
    }
}

fn files(town: &mut Town, written: &toml::Value, kind: &str) -> Json {
    let count = written.as_integer().unwrap();
    (0..count)
        .map(|number| {
            let digest = [u8::try_from(number).unwrap() + 1; 32];
            town.kept.state.files.insert(digest);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({"digest": format!("sha256:{digest}"), "kind": kind, "name": format!("附件{number}.{kind}"), "size": "9"})
        })
        .collect()
}

/// `"good"` for all, or item by item with `"*"` for the rest; what is not good gets a note.
fn checklist(items: &[&str], written: &toml::Value) -> Json {
    let answered = |answer: &str| match answer {
        "good" => json!({"answer": "good"}),
        other => json!({"answer": other, "note": "如現場所見"}),
    };
    let of = |item: &str| match written {
        toml::Value::String(all) => Some(answered(all)),
        written => {
            let answers = written.as_table().unwrap();
            answers.get(item).or_else(|| answers.get("*")).map(|answer| answered(answer.as_str().unwrap()))
        }
    };
    let unknown = |name: &&String| *name != "*" && !items.contains(&name.as_str());
    let named = written.as_table().into_iter().flat_map(|table| table.keys()).find(unknown);
    assert_eq!(named, None, "no such item; there are {items:?}");
    let answers = items.iter().filter_map(|item| Some(((*item).to_owned(), of(item)?)));
    Json::Object(answers.collect())
}

/// `{ procedure = "fire", by = "chen", steps = ["put_out"] }`: those steps done now, all that are left when absent;
/// a run that was begun goes on.
fn run(town: &mut Town, written: &toml::Value, held: Option<&Json>) -> Json {
    let written = written.as_table().unwrap();
    let text = |key: &str| written.get(key).and_then(toml::Value::as_str);
    let procedure = town.pack.procedure(text("procedure").unwrap()).unwrap();
    let by = town.people.person(text("by").unwrap()).to_string();
    let asked = |step: &str| {
        let steps = written.get("steps").and_then(toml::Value::as_array);
        steps.is_none_or(|steps| steps.iter().any(|one| one.as_str() == Some(step)))
    };
    let now = town.now.to_string();
    let begun = json!({"late": 0, "procedure": procedure.id.to_string(), "started_at": now, "ticks": {}});
    let mut run = held.cloned().unwrap_or(begun);
    for step in procedure.steps.iter().filter(|step| asked(step.id.as_str())) {
        if run["ticks"].get(step.id.as_str()).is_some() {
            continue;
        }
        let mut tick = json!({"at": now, "by": by});
        match step.proof {
            regulation::Proof::Note => tick["note"] = json!("已辦理"),
            regulation::Proof::Number => tick["note"] = json!("24"),
            regulation::Proof::Photo => tick["files"] = files(town, &toml::Value::Integer(1), "jpg"),
            regulation::Proof::Tick => {}
        }
        run["ticks"][step.id.as_str()] = tick;
    }
    run
}

/// `2026-03-02`, `today`, `today+3`, `today-30`.
pub(crate) fn date(town: &Town, text: &str) -> CivilDate {
    match text.strip_prefix("today") {
        None => text.parse().unwrap_or_else(|_| panic!("{text:?} is no date")),
        Some("") => town.pack.zone.date(town.now),
        Some(days) => town.pack.zone.date(town.now).plus_days(days.parse().unwrap()),
    }
}

/// `2026-03-02 09:00`, `now`, `now+30m`, `now-2h`, `now+3d`, `today+1 09:00`.
pub(crate) fn moment(town: &Town, text: &str) -> Instant {
    if let Some(offset) = text.strip_prefix("now") {
        return shifted(town.now, offset);
    }
    let (day, hour) = text.split_once(' ').unwrap_or_else(|| panic!("{text:?} is no moment"));
    let hour: TimeOfDay = hour.parse().unwrap();
    town.pack.zone.moment(date(town, day), hour)
}

fn shifted(at: Instant, offset: &str) -> Instant {
    let Some(unit) = offset.chars().last() else { return at };
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        other => panic!("{other:?} is none of m, h, d"),
    };
    let count: i64 = offset[..offset.len() - 1].parse().unwrap();
    let apart = Duration::from_secs(count.unsigned_abs() * seconds);
    if count >= 0 { at.plus(apart) } else { back(at, apart) }
}

pub(crate) fn back(at: Instant, apart: Duration) -> Instant {
    Instant::from_micros(at.as_micros() - i64::try_from(apart.as_micros()).unwrap()).unwrap()
}

/// So much later than now: minutes and hours to the minute, days as limits count them.
pub(crate) fn later(town: &Town, limit: &str) -> Instant {
    let limit: Limit = limit.parse().unwrap();
    let office =
        OfficeTime { calendar: town.rules.calendar, day_ends: town.rules.day_ends, zone: town.rules.zone };
    limit.after(town.now, Roll::Keep, office).unwrap()
}

/// The fields of a register as they are filled in, on top of what is held.
pub(crate) fn fill(
    town: &mut Town,
    register: &Register,
    written: &toml::Table,
    clear: &[String],
    held: Option<&Content>,
) -> casework::Fill {
    let field = |id: &str| register.field(id).unwrap_or_else(|| panic!("no field {id} in {}", register.id));
    let mut value = |(id, written): (&String, &toml::Value)| {
        let held = held.and_then(|held| held.0.get(id.as_str()));
        (field(id).id.clone(), of_field(town, field(id), written, held))
    };
    let mut fill: casework::Fill = written.iter().map(&mut value).collect();
    fill.extend(clear.iter().map(|id| -> (FieldId, Json) { (field(id).id.clone(), Json::Null) }));
    fill
}
