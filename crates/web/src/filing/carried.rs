//! What a page of confirmation carries to the next request: the command, to the letter as it was shown.
//!
//! Nothing of it is believed: the desk decides on it as on anything that comes in.

use casework::{Command, Fill};
use model::{Instant, RecordId};
use regulation::{Outcome, RegisterId, StepId};
use serde_json::{Value as Json, json};

/// A command without its signature, as text for a field of a form.
pub(crate) fn carry(command: &Command) -> Option<String> {
    let carried = match command {
        Command::Open { record, register, step, fill, occurred_at, late_reason, .. } => json!({
            "record": record.to_string(), "register": register.as_str(), "step": step.as_str(), "fill": filled(fill),
            "occurred_at": occurred_at.map(|at| at.to_string()), "late_reason": late_reason,
        }),
        Command::Take { record, seen, step, outcome, reason, fill, occurred_at, late_reason, .. } => json!({
            "record": record.to_string(), "seen": seen, "step": step.as_str(), "outcome": outcome.word(),
            "reason": reason, "fill": filled(fill),
            "occurred_at": occurred_at.map(|at| at.to_string()), "late_reason": late_reason,
        }),
        _ => return None,
    };
    Some(carried.to_string())
}

/// The command a text carries.
pub(crate) fn uncarry(text: &str) -> Option<Command> {
    let carried: Json = serde_json::from_str(text).ok()?;
    let word = |name: &str| carried.get(name).and_then(Json::as_str);
    let own = |name: &str| word(name).map(ToOwned::to_owned);
    let record: RecordId = word("record")?.parse().ok()?;
    let step: StepId = word("step")?.parse().ok()?;
    let fill = unfilled(carried.get("fill")?)?;
    let occurred_at = match word("occurred_at") {
        Some(at) => Some(at.parse::<Instant>().ok()?),
        None => None,
    };
    let late_reason = own("late_reason");
    Some(match word("register") {
        Some(register) => Command::Open {
            record,
            register: register.parse::<RegisterId>().ok()?,
            step,
            fill,
            occurred_at,
            late_reason,
            signed: None,
        },
        None => Command::Take {
            record,
            seen: carried.get("seen").and_then(Json::as_u64).and_then(|seen| u32::try_from(seen).ok())?,
            step,
            outcome: Outcome::from_word(word("outcome")?)?,
            reason: own("reason"),
            fill,
            occurred_at,
            late_reason,
            signed: None,
        },
    })
}

fn filled(fill: &Fill) -> Json {
    fill.iter()
        .map(|(field, json)| (field.to_string(), json.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn unfilled(json: &Json) -> Option<Fill> {
    let pair = |(field, json): (&String, &Json)| Some((field.parse().ok()?, json.clone()));
    json.as_object()?.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_comes_back_as_it_went() {
        let fill: Fill =
            [("purpose".parse().unwrap(), json!("會議 <b>")), ("until".parse().unwrap(), Json::Null)].into();
        let record = RecordId::from_bytes([4; 16]);
        let step: StepId = "file".parse().unwrap();
        let open = Command::Open {
            record,
            register: "loan".parse().unwrap(),
            step: step.clone(),
            fill: fill.clone(),
            occurred_at: Some("2025-01-02T01:00:00.000000Z".parse().unwrap()),
            late_reason: Some("停電".into()),
            signed: None,
        };
        let take = Command::Take {
            record,
            seen: 7,
            step,
            outcome: Outcome::TakeBack,
            reason: None,
            fill,
            occurred_at: Some("2025-01-03T01:00:00.000000Z".parse().unwrap()),
            late_reason: None,
            signed: None,
        };
        for command in [open, take] {
            assert_eq!(uncarry(&carry(&command).unwrap()), Some(command));
        }
    }

    #[test]
    fn what_is_no_command_carries_none() {
        for text in ["", "{}", "[]", r#"{"record":"r","step":"s","fill":{}}"#] {
            assert_eq!(uncarry(text), None, "{text}");
        }
    }
}
