//! How values are written into what is recorded for people to read: notices, in both languages.
//!
//! Options, states and grades by their names, days by the years of the Republic. People and units are written by their
//! ids, since the ledger keeps every word for good and personal data may have to be forgotten; records by theirs, since
//! whoever is told of one record may not see another. Whoever shows a notice finds them (`mention`) and puts in names.

use super::show::{Origin, Spell};
use crate::view::View;
use model::{CivilDate, Told};
use regulation::{Kind, Value};

/// Writes for the ledger.
pub(super) struct Recorded<'v> {
    pub(super) view: &'v View<'v>,
}

impl Spell for Recorded<'_> {
    fn spell(&self, value: &Value, origin: Origin<'_>) -> Told {
        match value {
            Value::List(values) => {
                let all: Vec<Told> = values.iter().map(|value| self.spell(value, origin)).collect();
                let join =
                    |of: fn(&Told) -> &str, between| all.iter().map(of).collect::<Vec<_>>().join(between);
                Told::new(join(|told| &told.zh, "、"), join(|told| &told.en, ", "))
            }
            Value::Word(word) => named(word, origin),
            Value::Date(day) => Told::new(republic(*day), day.to_string()),
            Value::Moment(at) => {
                let (day, time) = self.view.rules.zone.civil(*at);
                Told::new(format!("{} {time}", republic(day)), format!("{day} {time}"))
            }
            Value::Truth(true) => Told::new("是", "yes"),
            Value::Truth(false) => Told::new("否", "no"),
            Value::Span(span) => {
                let minutes = span.micros() / 60_000_000;
                Told::new(format!("{minutes} 分鐘"), format!("{minutes} min"))
            }
            Value::Grade(id) => match self.view.rules.grades.iter().find(|grade| grade.id == *id) {
                Some(grade) => Told::new(grade.label.zh(), grade.label.en()),
                None => as_held(value),
            },
            Value::Reference(reference) => {
                let id = reference.record.to_string();
                Told::new(id.as_str(), id.as_str())
            }
            value => as_held(value),
        }
    }
}

/// An option or a state by its name.
fn named(word: &str, origin: Origin<'_>) -> Told {
    let label = match origin {
        Origin::Field(Kind::Choice { options, .. }) => {
            options.iter().find(|option| option.id == *word).map(|option| &option.label)
        }
        Origin::State(register) => register.flow.state(word).map(|state| &state.label),
        _ => None,
    };
    label.map_or_else(|| Told::new(word, word), |label| Told::new(label.zh(), label.en()))
}

fn republic(day: CivilDate) -> String {
    format!("{}年{}月{}日", i64::from(day.year()) - 1911, day.month(), day.day())
}

fn as_held(value: &Value) -> Told {
    match value.to_json() {
        serde_json::Value::String(text) => Told::new(text.as_str(), text.as_str()),
        other => Told::new(other.to_string(), other.to_string()),
    }
}
