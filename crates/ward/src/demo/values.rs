//! Values of the sample city's acts: what stands in its file becomes what a form would send.

use super::maker::back;
use anyhow::{Context as _, anyhow, bail};
use casework::{Content, Fill};
use desk::{Desk, Keeping};
use model::{CivilDate, Instant, PersonId, RecordId, UnitId};
use regulation::{Field, Kind, Pack, Proof, Register, TimeOfDay, Type};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The paper that is handed in wherever one is asked for.
const PAPER: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// The photo, of one colour, that is handed in wherever one is asked for.
const PHOTO: &[u8] = include_bytes!("photo.jpg");

/// Who has this name.
type Named<'a> = dyn Fn(&str) -> anyhow::Result<Option<PersonId>> + 'a;

/// What values are read with.
pub(super) struct Values<'a> {
    pub(super) pack: &'a Pack,
    pub(super) desk: &'a Desk,
    pub(super) now: Instant,
    pub(super) units: &'a BTreeMap<String, UnitId>,
    pub(super) records: &'a BTreeMap<String, RecordId>,
    pub(super) person: &'a Named<'a>,
}

impl Values<'_> {
    /// The fields of a register as they are filled in, on top of what is held.
    pub(super) fn fill(
        &self,
        register: &Register,
        written: &toml::Table,
        held: Option<&Content>,
    ) -> anyhow::Result<Fill> {
        let one = |(id, value): (&String, &toml::Value)| {
            let field = register.field(id).with_context(|| format!("no field {id} in {}", register.id))?;
            let held = held.and_then(|held| held.0.get(id.as_str()));
            Ok((field.id.clone(), self.of_field(field, value, held).with_context(|| id.clone())?))
        };
        written.iter().map(one).collect()
    }

    fn of_field(&self, field: &Field, written: &toml::Value, held: Option<&Json>) -> anyhow::Result<Json> {
        match (&field.kind, written) {
            (Kind::Table { columns, .. }, toml::Value::Array(rows)) => {
                let cell = |(id, cell): (&String, &toml::Value)| {
                    let column = columns.iter().find(|column| column.id == *id.as_str());
                    let column = column.with_context(|| format!("no column {id}"))?;
                    anyhow::Ok((id.clone(), self.of_field(column, cell, None)?))
                };
                let row = |row: &toml::Value| {
                    let row = row.as_table().context("a row is a table")?;
                    Ok(Json::Object(row.iter().map(cell).collect::<anyhow::Result<_>>()?))
                };
                rows.iter().map(row).collect()
            }
            (Kind::Files { types, .. }, toml::Value::Integer(count)) => {
                let photo = !types.is_empty() && !types.iter().any(|kind| **kind == *"pdf");
                (0..*count).map(|_| self.file(photo, field.sealed)).collect()
            }
            (Kind::Photo { .. }, toml::Value::Integer(count)) => {
                (0..*count).map(|_| self.file(true, field.sealed)).collect()
            }
            (Kind::Checklist { items, .. }, answers) => {
                let items = items.iter().map(|item| item.id.as_str());
                Ok(Json::Object(
                    items.filter_map(|item| Some((item.to_owned(), answered(answers, item)?))).collect(),
                ))
            }
            (Kind::Run { .. }, toml::Value::Table(written)) => self.run(written, held),
            (kind, toml::Value::Array(values)) => {
                let Type::List(of) = kind.of() else { bail!("it is no list") };
                values.iter().map(|value| self.plain(&of, value)).collect()
            }
            (kind, written) => self.plain(&kind.of(), written),
        }
    }

    fn plain(&self, of: &Type, written: &toml::Value) -> anyhow::Result<Json> {
        Ok(match (of, written) {
            (Type::Person, toml::Value::String(name)) => {
                json!((self.person)(name)?.with_context(|| format!("nobody is {name}"))?.to_string())
            }
            (Type::Unit, toml::Value::String(code)) => {
                json!(self.units.get(code).with_context(|| format!("no unit {code}"))?.to_string())
            }
            (Type::Reference(_), toml::Value::String(name)) => {
                let record = self.records.get(name.trim_start_matches('$'));
                json!(record.with_context(|| format!("no {name}"))?.to_string())
            }
            (Type::Date, toml::Value::String(text)) => json!(self.date(text)?.to_string()),
            (Type::Moment, toml::Value::String(text)) => json!(self.moment(text)?.to_string()),
            (Type::Number, toml::Value::Integer(number)) => json!(number.to_string()),
            (Type::Number, toml::Value::Float(number)) => json!(number.to_string()),
            (_, toml::Value::String(text)) => json!(text),
            (_, toml::Value::Boolean(truth)) => json!(truth),
            (of, written) => bail!("{written:?} is no {of:?}"),
        })
    }

    fn file(&self, photo: bool, sealed: bool) -> anyhow::Result<Json> {
        let (name, content) = if photo { ("示範照片.jpg", PHOTO) } else { ("示範文件.pdf", PAPER) };
        let keeping = if sealed { Keeping::Sealed } else { Keeping::Clear };
        let stored = self.desk.put_file(name, content, keeping).map_err(|told| anyhow!("{told}"))?;
        Ok(
            json!({ "digest": stored.digest, "kind": stored.kind, "name": name, "size": stored.size.to_string() }),
        )
    }

    /// `{ procedure = "fire", by = "somebody", steps = ["put_out"] }`: those of its steps, all that are left when absent, done
    /// now; a run that was begun goes on.
    fn run(&self, written: &toml::Table, held: Option<&Json>) -> anyhow::Result<Json> {
        let text =
            |key: &str| written.get(key).and_then(toml::Value::as_str).with_context(|| format!("no {key}"));
        let procedure = self.pack.procedure(text("procedure")?).context("no such procedure")?;
        let by = (self.person)(text("by")?)?.context("nobody")?.to_string();
        let now = self.now.to_string();
        let begun =
            json!({ "late": 0, "procedure": procedure.id.to_string(), "started_at": now, "ticks": {} });
        let mut run = held.cloned().unwrap_or(begun);
        let ticks = run.get_mut("ticks").and_then(Json::as_object_mut).context("a run without ticks")?;
        let only = written.get("steps").and_then(toml::Value::as_array);
        let done = |step: &&regulation::ProcedureStep| {
            only.is_none_or(|only| only.iter().any(|one| one.as_str() == Some(step.id.as_str())))
        };
        for step in procedure.steps.iter().filter(done) {
            if ticks.contains_key(step.id.as_str()) {
                continue;
            }
            let mut tick = json!({ "at": now, "by": by });
            let more = match step.proof {
                Proof::Note => Some(("note", json!("已辦理"))),
                Proof::Number => Some(("note", json!("24"))),
                Proof::Photo => Some(("files", Json::Array(vec![self.file(true, false)?]))),
                Proof::Tick => None,
            };
            if let (Some((key, value)), Some(tick)) = (more, tick.as_object_mut()) {
                tick.insert(key.to_owned(), value);
            }
            ticks.insert(step.id.to_string(), tick);
        }
        Ok(run)
    }

    /// `today`, `today+3`, `today-30`.
    fn date(&self, text: &str) -> anyhow::Result<CivilDate> {
        let days = text.strip_prefix("today").with_context(|| format!("{text:?} is no date"))?;
        let days = if days.is_empty() { 0 } else { days.parse()? };
        Ok(self.pack.zone.date(self.now).plus_days(days))
    }

    /// `now`, `now+30m`, `now-2h`, `today 09:00`.
    fn moment(&self, text: &str) -> anyhow::Result<Instant> {
        if let Some(offset) = text.strip_prefix("now") {
            return shifted(self.now, offset);
        }
        let (day, hour) = text.split_once(' ').with_context(|| format!("{text:?} is no moment"))?;
        let hour: TimeOfDay = hour.parse().map_err(|_| anyhow!("{hour:?} is no time of day"))?;
        Ok(self.pack.zone.moment(self.date(day)?, hour))
    }
}

/// `"good"` for all items, or item by item with `"*"` for the rest; what is not good gets a note.
fn answered(answers: &toml::Value, item: &str) -> Option<Json> {
    let answer = match answers {
        toml::Value::String(all) => Some(all.as_str()),
        toml::Value::Table(each) => each.get(item).or_else(|| each.get("*")).and_then(toml::Value::as_str),
        _ => None,
    };
    answer.map(|answer| match answer {
        "good" => json!({ "answer": "good" }),
        other => json!({ "answer": other, "note": "如現場所見" }),
    })
}

/// So much later or earlier: `+30m`, `-2h`, `+3d`, nothing.
pub(super) fn shifted(at: Instant, offset: &str) -> anyhow::Result<Instant> {
    if offset.is_empty() {
        return Ok(at);
    }
    let (count, seconds) = match offset.split_at_checked(offset.len() - 1) {
        Some((minutes, "m")) => (minutes, 60),
        Some((hours, "h")) => (hours, 3_600),
        Some((days, "d")) => (days, 86_400),
        _ => bail!("{offset:?} is none of minutes, hours, days"),
    };
    let count: i64 = count.parse()?;
    let apart = Duration::from_secs(count.unsigned_abs() * seconds);
    Ok(if count >= 0 { at.plus(apart) } else { back(at, apart) })
}
