//! Checks and figures in words.

use crate::cx::Cx;
use crate::roc;
use regulation::{Check, CheckEvidence, Decimal, Measure, Population, Register, Type};
use store::{Figure, Verdict};

/// The figure of a check with its unit: `97.3 %`, `12 days`, `3 open`.
pub(super) fn figure(cx: &Cx, check: &Check, figure: &Figure) -> String {
    match (figure.verdict, figure.value) {
        (Verdict::NotComputed, _) => String::new(),
        (Verdict::Nobody, _) => cx.t("無對象", "nobody there").to_owned(),
        (Verdict::Exempt, _) => cx.t("不適用", "does not apply").to_owned(),
        (_, None) => cx.t("無數值", "nothing to reckon from").to_owned(),
        (_, Some(value)) => with_unit(cx, check, value),
    }
}

/// A value of a check with its unit.
pub(super) fn with_unit(cx: &Cx, check: &Check, value: Decimal) -> String {
    let number = tenths(value);
    match &check.evidence {
        CheckEvidence::OnTime | CheckEvidence::Share(_) => format!("{number} %"),
        CheckEvidence::NoneOpen => both(cx, &format!("{number} 件未結"), &format!("{number} open")),
        CheckEvidence::Newest(_) => days(cx, &number),
        CheckEvidence::Measure { value, .. } if *value.of() == Type::Span => days(cx, &number),
        CheckEvidence::Engine | CheckEvidence::Measure { .. } => number,
    }
}

fn days(cx: &Cx, number: &str) -> String {
    both(cx, &format!("{number} 日"), &format!("{number} day{}", if number == "1" { "" } else { "s" }))
}

/// Cut off after one decimal, so that nothing is shown as whole that is not.
pub(super) fn tenths(value: Decimal) -> String {
    let cut = value.millionths().div_euclid(100_000) * 100_000;
    Decimal::from_millionths(cut).to_string()
}

/// The goal, where there is one.
pub(super) fn goal(cx: &Cx, check: &Check) -> Option<String> {
    let least = |goal: String| both(cx, &format!("至少 {goal}"), &format!("at least {goal}"));
    let most = |goal: String| both(cx, &format!("至多 {goal}"), &format!("at most {goal}"));
    match &check.evidence {
        CheckEvidence::NoneOpen => Some(cx.t("無未結", "none open").to_owned()),
        CheckEvidence::OnTime => {
            Some(least(check.goal.map_or_else(|| "100 %".to_owned(), |goal| with_unit(cx, check, goal))))
        }
        CheckEvidence::Share(_) => check.goal.map(|goal| least(with_unit(cx, check, goal))),
        _ => check.goal.map(|goal| most(with_unit(cx, check, goal))),
    }
}

/// What should have been seen.
pub(super) fn population(cx: &Cx, check: &Check) -> Result<String, crate::PageError> {
    let pack = cx.pack()?;
    Ok(match &check.population {
        Population::Duty { duty, within } => {
            let label = pack
                .duties
                .get(duty)
                .map_or_else(|| duty.to_string(), |duty| cx.label(&duty.label).to_owned());
            let window = within.map(|within| roc::limit(cx.language, within));
            match window {
                Some(window) => both(
                    cx,
                    &format!("定期工作「{label}」近 {window}到期者"),
                    &format!("occurrences of the duty “{label}” due in the last {window}"),
                ),
                None => both(
                    cx,
                    &format!("定期工作「{label}」到期者"),
                    &format!("occurrences of the duty “{label}” that are due"),
                ),
            }
        }
        Population::Engine { engine, .. } => {
            both(cx, &format!("「{engine}」引擎所知者"), &format!("what the engine {engine} knows"))
        }
        Population::Machine { machine, within, .. } => {
            let (zh, en) = machine.label;
            match within.map(|within| roc::limit(cx.language, within)) {
                Some(window) => both(
                    cx,
                    &format!("系統所知之{zh}，近 {window}發生"),
                    &format!("{en} that the system knows of, of the last {window}"),
                ),
                None => both(cx, &format!("系統所知之{zh}"), &format!("{en}, as the system knows them")),
            }
        }
        Population::Records { register, states, within, .. } => {
            let found = pack.registers.get(register);
            let label = found.map_or_else(|| register.to_string(), |found| cx.label(&found.label).to_owned());
            let mut text = both(cx, &format!("登記簿「{label}」之紀錄"), &format!("records of “{label}”"));
            if !states.is_empty() {
                let names = names_of(cx, found, states).join(cx.t("、", ", "));
                text.push_str(&both(cx, &format!("，狀態為{names}"), &format!(", in state {names}")));
            }
            if let Some(window) = within.map(|within| roc::limit(cx.language, within)) {
                text.push_str(&both(
                    cx,
                    &format!("，近 {window}建立"),
                    &format!(", opened in the last {window}"),
                ));
            }
            text
        }
    })
}

fn names_of(cx: &Cx, register: Option<&Register>, states: &[regulation::StateId]) -> Vec<String> {
    let name = |state: &regulation::StateId| {
        let found = register.and_then(|register| register.flow.state(state.as_str()));
        found.map_or_else(|| state.to_string(), |state| cx.label(&state.label).to_owned())
    };
    states.iter().map(name).collect()
}

/// Further conditions on the population, as the pack has it.
pub(super) fn only(check: &Check) -> Option<String> {
    match &check.population {
        Population::Machine { only, .. } | Population::Records { only, .. } => {
            only.as_ref().map(|only| only.text().to_owned())
        }
        Population::Duty { .. } | Population::Engine { .. } => None,
    }
}

/// What shows it: words, and the condition as the pack has it.
pub(super) fn evidence(cx: &Cx, check: &Check) -> (&'static str, Option<String>) {
    let text = |condition: &regulation::Condition| Some(condition.text().to_owned());
    match &check.evidence {
        CheckEvidence::Engine => (cx.t("引擎量測", "what the engine measures"), None),
        CheckEvidence::Measure { value, of } => {
            let words = match of {
                Measure::Median => cx.t("下列數值之中位數", "the median of"),
                Measure::Sum => cx.t("下列數值之合計", "the sum of"),
                Measure::Worst => cx.t("下列數值之最大者", "the largest of"),
            };
            (words, text(value))
        }
        CheckEvidence::Newest(when) => (cx.t("距最近一次之日數", "days since the latest of"), text(when)),
        CheckEvidence::NoneOpen => (cx.t("均已結案", "all have come to an end"), None),
        CheckEvidence::OnTime => (cx.t("於期限前完成之比率", "the share done by the time due"), None),
        CheckEvidence::Share(holds) => {
            (cx.t("符合下列條件之比率", "the share for which it holds that"), text(holds))
        }
    }
}

pub(super) fn both(cx: &Cx, zh: &str, en: &str) -> String {
    if cx.chinese() { zh.to_owned() } else { en.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_short_of_whole_is_shown_as_whole() {
        for (value, shown) in
            [("99.999999", "99.9"), ("100", "100"), ("0", "0"), ("-0.05", "-0.1"), ("12.34", "12.3")]
        {
            assert_eq!(tenths(value.parse().unwrap()), shown);
        }
    }
}
