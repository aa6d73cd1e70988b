//! Why a figure could not be reckoned, in both languages.

use model::Told;
use regulation::{CalendarMissing, EvalError};

/// A condition of the pack has no answer.
pub(crate) fn unanswered(error: &EvalError) -> Told {
    match error {
        EvalError::Calendar(missing) => calendar(missing),
        EvalError::DivisionByZero => Told::new("檢核條件除以零，無從計算", "The check divides by nought"),
        EvalError::Range => Told::new(
            "檢核之數值逾可計算範圍",
            "A value of the check is too large or too small to reckon with",
        ),
        EvalError::Missing(what) => {
            Told::new(format!("「{what}」未填，無從計算"), format!("{what} is not filled in"))
        }
        EvalError::Type(what) => Told::new(
            format!("「{what}」之值與規範所定型別不符"),
            format!("{what} has a value of another type than the pack says"),
        ),
        EvalError::Unreadable(record) => Told::new(
            format!("紀錄 {record} 無法讀取，無從計算"),
            format!("The record {record} cannot be read"),
        ),
    }
}

/// The office calendar does not reach that far.
pub(crate) fn calendar(missing: &CalendarMissing) -> Told {
    Told::new(
        format!("缺少辦公日曆（{missing}），無從計算；請於規範增列該年日曆"),
        format!("The office calendar is missing ({missing}); add that year's to the pack"),
    )
}

/// The engine that knows the population is not there.
pub(crate) fn no_engine(engine: &str) -> Told {
    Told::new(
        format!("此檢核由「{engine}」引擎計算，尚未啟用"),
        format!("This check is reckoned by the engine {engine}, which is not there yet"),
    )
}

/// More than can be counted.
pub(crate) fn too_many() -> Told {
    Told::new("數值合計逾可計算範圍", "The figures add up to more than can be reckoned with")
}
