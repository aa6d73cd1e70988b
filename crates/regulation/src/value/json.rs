//! Values as JSON: one spelling each, readable without the pack.

use super::{Answer, Answered, File, Reference, Run, Tick, Type, Value};
use crate::decimal::Decimal;
use crate::time::Span;
use crate::word::{GradeId, ItemId, ProcedureId, ProcedureStepId};
use data_encoding::HEXLOWER;
use model::{Instant, PersonId};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

/// Why JSON is not a value of a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {asked} is asked for")]
pub struct ReadError {
    /// Where inside the value, for example `[2].who`; empty for the value itself.
    pub path: String,
    /// What was asked for, in English.
    pub asked: String,
    /// The same in Traditional Chinese.
    pub asked_zh: String,
}

impl Value {
    /// Its JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Checklist(answers) => Json::Object(
                answers.iter().map(|(item, answered)| (item.to_string(), answer_json(answered))).collect(),
            ),
            Self::Date(date) => Json::String(date.to_string()),
            Self::File(file) => file_json(file),
            Self::Grade(grade) => Json::String(grade.to_string()),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
            Self::Moment(moment) => Json::String(moment.to_string()),
            Self::Number(number) => Json::String(number.to_string()),
            Self::Person(person) => Json::String(person.to_string()),
            Self::Reference(reference) => Json::String(reference.record.to_string()),
            Self::Row(row) => Json::Object(
                row.iter().map(|(column, value)| (column.to_string(), value.to_json())).collect(),
            ),
            Self::Run(run) => run_json(run),
            Self::Span(span) => Json::String(Decimal::from_millionths(span.micros()).to_string()),
            Self::Text(text) | Self::Word(text) => Json::String(text.as_ref().to_owned()),
            Self::Time(time) => Json::String(time.to_string()),
            Self::Truth(truth) => Json::Bool(*truth),
            Self::Unit(unit) => Json::String(unit.to_string()),
        }
    }
}

impl Type {
    /// A value of this type from JSON.
    ///
    /// # Errors
    /// The JSON is not one; the error says where.
    pub fn read(&self, json: &Json) -> Result<Value, ReadError> {
        match self {
            Self::Checklist(items) => checklist(items, json),
            Self::Date => parsed(self, json).map(Value::Date),
            Self::File => file(self, json).map(Value::File),
            Self::Grade => parsed::<GradeId>(self, json).map(Value::Grade),
            Self::List(of) => list(of, self, json).map(Value::List),
            Self::Moment => parsed(self, json).map(Value::Moment),
            Self::Number => parsed(self, json).map(Value::Number),
            Self::Person => parsed(self, json).map(Value::Person),
            Self::Reference(register) => {
                let record = parsed(self, json)?;
                Ok(Value::Reference(Reference { register: register.clone(), record }))
            }
            Self::Row(columns) => row(columns, self, json),
            Self::Run(procedures) => run(procedures, self, json).map(Value::Run),
            Self::Span => parsed::<Decimal>(self, json)
                .map(|seconds| Value::Span(Span::from_micros(seconds.millionths()))),
            Self::Text => Ok(Value::text(string(self, json)?)),
            Self::Time => parsed(self, json).map(Value::Time),
            Self::Truth => json.as_bool().map(Value::Truth).ok_or_else(|| asked(self)),
            Self::Unit => parsed(self, json).map(Value::Unit),
            Self::Word(words) => {
                let text = string(self, json)?;
                let word = words.iter().find(|word| ***word == *text).ok_or_else(|| one_of(words))?;
                Ok(Value::Word(word.clone()))
            }
        }
    }
}

impl ReadError {
    fn inside(mut self, outer: &str) -> Self {
        self.path = format!("{outer}{}", self.path);
        self
    }
}

fn asked(of: &Type) -> ReadError {
    let (zh, en) = of.name();
    ReadError { path: String::new(), asked: en.to_owned(), asked_zh: zh.to_owned() }
}

fn one_of(words: &[Arc<str>]) -> ReadError {
    let list = words.join(", ");
    ReadError {
        path: String::new(), asked: format!("one of {list}"), asked_zh: format!("{list} 其中之一")
    }
}

fn string<'j>(of: &Type, json: &'j Json) -> Result<&'j str, ReadError> {
    json.as_str().ok_or_else(|| asked(of))
}

fn parsed<T: FromStr>(of: &Type, json: &Json) -> Result<T, ReadError> {
    string(of, json)?.parse().map_err(|_| asked(of))
}

fn list(of: &Type, whole: &Type, json: &Json) -> Result<Vec<Value>, ReadError> {
    let items = json.as_array().ok_or_else(|| asked(whole))?;
    let each = |(index, item)| of.read(item).map_err(|error| error.inside(&format!("[{index}]")));
    items.iter().enumerate().map(each).collect()
}

fn row(columns: &super::Columns, whole: &Type, json: &Json) -> Result<Value, ReadError> {
    let members = json.as_object().ok_or_else(|| asked(whole))?;
    let mut row = BTreeMap::new();
    for (name, json) in members {
        let unknown = || one_of(&columns.0.keys().map(|id| id.as_str().into()).collect::<Vec<_>>());
        let (column, of) = columns.0.get_key_value(name.as_str()).ok_or_else(unknown)?;
        row.insert(column.clone(), of.read(json).map_err(|error| error.inside(&format!(".{name}")))?);
    }
    Ok(Value::Row(row))
}

fn checklist(items: &BTreeMap<ItemId, Vec<Answer>>, json: &Json) -> Result<Value, ReadError> {
    let shape = |path: String| ReadError {
        path,
        asked: "an answered item".into(),
        asked_zh: "檢核項目之答覆".into(),
    };
    let members = json.as_object().ok_or_else(|| shape(String::new()))?;
    let mut answers = BTreeMap::new();
    for (name, json) in members {
        let refused = || shape(format!(".{name}"));
        let (item, allowed) = items.get_key_value(name.as_str()).ok_or_else(refused)?;
        let members = exactly(json, &["answer", "note"]).ok_or_else(refused)?;
        let word = members.get("answer").and_then(Json::as_str).ok_or_else(refused)?;
        let answer = Answer::from_word(word).filter(|answer| allowed.contains(answer)).ok_or_else(refused)?;
        let note = optional_text(members.get("note")).ok_or_else(refused)?;
        answers.insert(item.clone(), Answered { answer, note });
    }
    Ok(Value::Checklist(answers))
}

/// The members of an object that has no others than these.
fn exactly<'j>(json: &'j Json, names: &[&str]) -> Option<&'j Map<String, Json>> {
    json.as_object().filter(|members| members.keys().all(|name| names.contains(&name.as_str())))
}

fn optional_text(json: Option<&Json>) -> Option<Option<Arc<str>>> {
    match json {
        None => Some(None),
        Some(json) => json.as_str().map(|text| Some(text.into())),
    }
}

fn answer_json(answered: &Answered) -> Json {
    let mut members = Map::new();
    members.insert("answer".into(), answered.answer.word().into());
    insert_text(&mut members, "note", answered.note.as_ref());
    Json::Object(members)
}

fn insert_text(members: &mut Map<String, Json>, name: &str, text: Option<&Arc<str>>) {
    if let Some(text) = text {
        members.insert(name.to_owned(), text.as_ref().into());
    }
}

fn file_json(file: &File) -> Json {
    json!({
        "digest": format!("sha256:{}", HEXLOWER.encode(&file.digest)),
        "kind": *file.kind,
        "name": *file.name,
        "size": file.size.to_string(),
    })
}

fn file(of: &Type, json: &Json) -> Result<File, ReadError> {
    read_file(json).ok_or_else(|| asked(of))
}

fn read_file(json: &Json) -> Option<File> {
    let members = exactly(json, &["digest", "kind", "name", "size"])?;
    let text = |name: &str| members.get(name).and_then(Json::as_str);
    let digest = HEXLOWER.decode(text("digest")?.strip_prefix("sha256:")?.as_bytes()).ok()?;
    let size: u64 = text("size")?.parse().ok()?;
    let one_spelling = text("size")? == size.to_string();
    one_spelling.then_some(File {
        digest: digest.try_into().ok()?,
        kind: text("kind")?.into(),
        name: text("name")?.into(),
        size,
    })
}

fn run_json(run: &Run) -> Json {
    let mut members = Map::new();
    if let Some(ended) = run.ended_at {
        members.insert("ended_at".into(), ended.to_string().into());
    }
    members.insert("late".into(), run.late.into());
    members.insert("procedure".into(), run.procedure.to_string().into());
    members.insert("started_at".into(), run.started_at.to_string().into());
    let ticks = run.ticks.iter().map(|(step, tick)| (step.to_string(), tick_json(tick)));
    members.insert("ticks".into(), Json::Object(ticks.collect()));
    Json::Object(members)
}

fn tick_json(tick: &Tick) -> Json {
    let mut members = Map::new();
    members.insert("at".into(), tick.at.to_string().into());
    members.insert("by".into(), tick.by.to_string().into());
    if !tick.files.is_empty() {
        members.insert("files".into(), tick.files.iter().map(file_json).collect());
    }
    insert_text(&mut members, "note", tick.note.as_ref());
    Json::Object(members)
}

fn run(procedures: &[ProcedureId], of: &Type, json: &Json) -> Result<Run, ReadError> {
    read_run(json).filter(|run| procedures.contains(&run.procedure)).ok_or_else(|| asked(of))
}

fn read_run(json: &Json) -> Option<Run> {
    let members = exactly(json, &["ended_at", "late", "procedure", "started_at", "ticks"])?;
    let mut ticks = BTreeMap::new();
    for (step, tick) in members.get("ticks")?.as_object()? {
        ticks.insert(ProcedureStepId::new(step).ok()?, read_tick(tick)?);
    }
    let ended_at = match members.get("ended_at") {
        None => None,
        Some(json) => Some(json.as_str()?.parse::<Instant>().ok()?),
    };
    Some(Run {
        procedure: ProcedureId::new(members.get("procedure")?.as_str()?).ok()?,
        started_at: members.get("started_at")?.as_str()?.parse().ok()?,
        ticks,
        ended_at,
        late: members.get("late")?.as_u64()?.try_into().ok()?,
    })
}

fn read_tick(json: &Json) -> Option<Tick> {
    let members = exactly(json, &["at", "by", "files", "note"])?;
    let files = match members.get("files") {
        None => Vec::new(),
        Some(json) => json.as_array()?.iter().map(read_file).collect::<Option<_>>()?,
    };
    Some(Tick {
        at: members.get("at")?.as_str()?.parse().ok()?,
        by: members.get("by")?.as_str()?.parse::<PersonId>().ok()?,
        note: optional_text(members.get("note"))?,
        files,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Columns;
    use crate::word::{FieldId, RegisterId};
    use model::{RecordId, UnitId};

    fn there_and_back(of: &Type, value: &Value) {
        assert!(of.holds(value), "{value:?}");
        assert_eq!(of.read(&value.to_json()).unwrap(), *value);
    }

    #[test]
    fn every_kind_of_value_goes_there_and_back() {
        let register = RegisterId::new("room").unwrap();
        let record = RecordId::from_bytes([3; 16]);
        let person = PersonId::from_bytes([4; 16]);
        let at = Instant::from_micros(1_700_000_000_000_000).unwrap();
        let file = File { digest: [9; 32], name: "圖.pdf".into(), kind: "pdf".into(), size: 12 };
        let step = ProcedureStepId::new("call").unwrap();
        let tick = Tick { at, by: person, note: Some("已通報".into()), files: vec![file.clone()] };
        let procedure = ProcedureId::new("fire").unwrap();
        let run = Run {
            procedure: procedure.clone(),
            started_at: at,
            ticks: [(step, tick)].into(),
            ended_at: None,
            late: 1,
        };
        let item = ItemId::new("floor").unwrap();
        let answered = Answered { answer: Answer::Bad, note: Some("髒".into()) };
        let who = FieldId::new("who").unwrap();
        let columns = Columns(Arc::new([(who.clone(), Type::Person)].into()));
        for (of, value) in [
            (Type::Date, Value::Date("2026-02-28".parse().unwrap())),
            (Type::File, Value::File(file)),
            (Type::Grade, Value::Grade(GradeId::new("public").unwrap())),
            (Type::Moment, Value::Moment(at)),
            (Type::Number, Value::Number("-22.5".parse().unwrap())),
            (Type::Reference(register.clone()), Value::Reference(Reference { register, record })),
            (Type::Run(Arc::new([procedure])), Value::Run(run)),
            (Type::Span, Value::Span(Span::from_micros(90_000_000))),
            (Type::Text.list(), Value::List(vec![Value::text("機房"), Value::text("")])),
            (Type::Time, Value::Time("08:30".parse().unwrap())),
            (Type::Truth, Value::Truth(false)),
            (Type::Unit, Value::Unit(UnitId::from_bytes([1; 16]))),
            (Type::words(["a", "b"]), Value::word("b")),
            (Type::Row(columns), Value::Row([(who, Value::Person(person))].into())),
            (
                Type::Checklist(Arc::new([(item.clone(), Answer::ALL.to_vec())].into())),
                Value::Checklist([(item, answered)].into()),
            ),
        ] {
            there_and_back(&of, &value);
        }
    }

    #[test]
    fn a_wrong_value_deep_inside_is_named_by_its_path() {
        let who = FieldId::new("who").unwrap();
        let rows = Type::Row(Columns(Arc::new([(who, Type::Date)].into()))).list();
        let error = rows.read(&json!([{}, {"who": "2026-02-30"}])).unwrap_err();
        assert_eq!(error.path, "[1].who");
        assert_eq!(error.asked, "a date");
    }

    #[test]
    fn loose_spellings_are_refused() {
        assert!(Type::Number.read(&json!(22.5)).is_err());
        assert!(Type::Date.read(&json!("2026-2-28")).is_err());
        assert!(Type::words(["a"]).read(&json!("A")).is_err());
    }
}
