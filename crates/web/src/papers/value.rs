//! Answers as official forms show them: choices as boxes, of which some are ticked; rows as tables; files with their digest.

use crate::cx::Cx;
use crate::look::Look;
use crate::names::{Checked, Shown, Ticked};
use crate::records::evidence;
use casework::Case;
use paper::{Held, Line, Tick, Value};
use regulation::{Answer, Choice, Field, Kind, Value as Filled, When};

/// More options than these stand as the chosen ones alone.
const MOST_OPTIONS: usize = 12;
/// Empty rows of a table that is filled in by hand, at most.
const MOST_BLANK: u32 = 6;
/// Lines left for a text, at most.
const MOST_LINES: u32 = 8;

/// The line of a field of a record; none where it is not asked of it.
pub(super) fn filled(look: &Look<'_>, case: &Case, field: &Field) -> Option<Line> {
    let cx = look.cx;
    let label = cx.label(&field.label);
    let json = case.content.0.get(&field.id).or_else(|| case.reckoned.0.get(&field.id));
    let Some(json) = json else {
        // What is always asked has its place, be it empty.
        let asked = matches!(field.show, When::Always) && !matches!(field.kind, Kind::Computed { .. });
        return asked.then(|| Line::new(label, Value::text("")));
    };
    let value = field.of().read(json).ok();
    let shown = match &value {
        Some(value) => ticked(look, &field.kind, value),
        None => None,
    };
    if let Some(shown) = shown {
        return Some(Line::new(label, shown));
    }
    if matches!(field.kind, Kind::Files { .. } | Kind::Photo { .. }) {
        let files = evidence::of_field(case.record, &field.id, Some(json));
        let held = |file: &evidence::Held| Held { name: file.told(cx), digest: file.digest.clone() };
        return Some(Line::new(label, Value::Files { files: files.iter().map(held).collect() }));
    }
    Some(Line::new(label, of_shown(cx, look.value(field, json))))
}

/// What pages show, on paper.
fn of_shown(cx: &Cx, shown: Shown) -> Value {
    let language = cx.language;
    match shown {
        Shown::Table { heads, rows } => {
            let row = |row: &Vec<Shown>| row.iter().map(|cell| cell.line(language)).collect();
            Value::table(heads, rows.iter().map(row).collect(), 0)
        }
        Shown::Checklist(items) => {
            let row = |one: &Checked| {
                let note = one.note.clone().unwrap_or_default();
                vec![one.item.clone(), answers(cx, one.answer), note]
            };
            Value::table(heads(cx), items.iter().map(row).collect(), 0)
        }
        Shown::Run { procedure, ticks } => {
            let row = |one: &Ticked| {
                let done = if one.at.is_some() { "■ " } else { "□ " };
                vec![
                    format!("{done}{}", one.step),
                    one.at.clone().unwrap_or_default(),
                    one.by.clone().unwrap_or_default(),
                    one.note.clone().unwrap_or_default(),
                ]
            };
            let heads = [cx.t("時間", "When"), cx.t("辦理人", "By"), cx.t("說明", "Note")];
            let heads = std::iter::once(procedure).chain(heads.map(str::to_owned)).collect();
            Value::table(heads, ticks.iter().map(row).collect(), 0)
        }
        other => Value::text(other.line(language)),
    }
}

/// Heads of a checklist.
fn heads(cx: &Cx) -> Vec<String> {
    [cx.t("項目", "Item"), cx.t("結果", "Result"), cx.t("說明", "Note")].map(str::to_owned).to_vec()
}

/// The answers to an item, the given one ticked.
fn answers(cx: &Cx, given: Option<Answer>) -> String {
    let box_of =
        |answer: Answer, text: &str| format!("{}{text}", if given == Some(answer) { "■" } else { "□" });
    [
        box_of(Answer::Good, cx.t("正常", "Good")),
        box_of(Answer::Bad, cx.t("異常", "Bad")),
        box_of(Answer::NotApplicable, cx.t("不適用", "Not applicable")),
    ]
    .join(" ")
}

/// Boxes, where the kind has options that fit.
fn ticked(look: &Look<'_>, kind: &Kind, value: &Filled) -> Option<Value> {
    let cx = look.cx;
    match (kind, value) {
        (Kind::Choice { options, .. }, value) if options.len() <= MOST_OPTIONS => {
            let chosen: Vec<&str> = match value {
                Filled::Word(word) => vec![&**word],
                Filled::List(words) => words
                    .iter()
                    .filter_map(|word| if let Filled::Word(word) = word { Some(&**word) } else { None })
                    .collect(),
                _ => return None,
            };
            Some(Value::Ticks { options: options_of(cx, options, &chosen) })
        }
        (Kind::YesNo, Filled::Truth(truth)) => Some(yes_no(cx, Some(*truth))),
        _ => None,
    }
}

fn options_of(cx: &Cx, options: &[Choice], chosen: &[&str]) -> Vec<Tick> {
    let tick = |option: &Choice| Tick {
        text: cx.label(&option.label).to_owned(),
        ticked: chosen.contains(&option.id.as_str()),
    };
    options.iter().map(tick).collect()
}

fn yes_no(cx: &Cx, given: Option<bool>) -> Value {
    let tick = |text: &str, ticked| Tick { text: text.to_owned(), ticked };
    let yes = tick(cx.t("是", "Yes"), given == Some(true));
    Value::Ticks { options: vec![yes, tick(cx.t("否", "No"), given == Some(false))] }
}

/// The line of a field that is to be filled in by hand; none where there is nothing to fill in.
pub(super) fn empty(look: &Look<'_>, field: &Field) -> Option<Line> {
    let cx = look.cx;
    let blank = |lines: u32, after: &str| Value::Blank { lines, after: after.to_owned() };
    let value = match &field.kind {
        Kind::Computed { .. } => return None,
        Kind::Checklist { items, answers: allowed } => {
            let row = |item: &regulation::Item| {
                let answers: Vec<String> =
                    allowed.iter().map(|answer| format!("□{}", look.answer(Some(*answer)))).collect();
                vec![cx.label(&item.label).to_owned(), answers.join(" "), String::new()]
            };
            Value::table(heads(cx), items.iter().map(row).collect(), 0)
        }
        Kind::Choice { options, .. } => Value::Ticks { options: options_of(cx, options, &[]) },
        Kind::Date { .. } => Value::text(cx.t("　　　年　　月　　日", "      -      -      ")),
        Kind::Moment => {
            Value::text(cx.t("　　　年　　月　　日　　時　　分", "      -      -            :      "))
        }
        Kind::Time => Value::text(cx.t("　　時　　分", "      :      ")),
        Kind::Grade { .. } => {
            let grades = look.pack.grades.iter();
            let tick =
                |grade: &regulation::Grade| Tick { text: cx.label(&grade.label).to_owned(), ticked: false };
            Value::Ticks { options: grades.map(tick).collect() }
        }
        Kind::Number { unit, .. } => blank(1, unit.as_ref().map_or("", |unit| cx.label(unit))),
        Kind::Table { columns, count } => {
            let heads = columns.iter().map(|column| cx.label(&column.label).to_owned()).collect();
            Value::table(heads, Vec::new(), count.most.clamp(1, MOST_BLANK))
        }
        Kind::Text { lines, .. } => blank((*lines).clamp(1, MOST_LINES), ""),
        Kind::YesNo => yes_no(cx, None),
        Kind::Files { .. } | Kind::Photo { .. } => blank(1, cx.t("（檢附）", "(attached)")),
        Kind::Run { .. } => blank(4, ""),
        Kind::Address { .. } | Kind::Person { .. } | Kind::Reference { .. } | Kind::Unit { .. } => {
            blank(1, "")
        }
    };
    Some(Line::new(cx.label(&field.label), value))
}
