//! Why a figure could not be reckoned, in both languages.

use casework::Refusal;
use model::Told;
use regulation::{CalendarMissing, EvalError};

/// A condition of the pack has no answer: as whoever files is told.
pub(crate) fn unanswered(error: &EvalError) -> Told {
    match error {
        EvalError::Calendar(missing) => calendar(missing),
        error => Refusal::from(error.clone()).told(),
    }
}

/// The office calendar does not reach that far: as whoever files is told, with what is to be done.
pub(crate) fn calendar(missing: &CalendarMissing) -> Told {
    let Told { zh, en } = Refusal::from(*missing).told();
    Told::new(format!("{zh}；請於規範增列該年日曆"), format!("{en}; add that year's to the pack"))
}

/// The engine that knows the population is not there.
pub(crate) fn no_engine(engine: &str) -> Told {
    Told::new(
        format!("此檢核由「{engine}」引擎計算，尚未啟用"),
        format!("This check is reckoned by the engine {engine}, which is not there yet"),
    )
}

/// Nobody who runs the system was asked.
pub(crate) fn not_running() -> Told {
    Told::new(
        "此檢核之數據僅於系統運作時可得",
        "The figures of this check can be had only while the system runs",
    )
}

/// More than can be counted.
pub(crate) fn too_many() -> Told {
    Told::new("數值合計逾可計算範圍", "The figures add up to more than can be reckoned with")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_figure_is_missing_is_told_in_each_language_by_itself() {
        let missing = CalendarMissing { day: "2028-01-01".parse().unwrap() };
        let told = calendar(&missing);
        assert_eq!(told.zh, "尚未載入 117 年辦公日曆，無法推算 2028-01-01；請於規範增列該年日曆");
        assert_eq!(unanswered(&EvalError::Calendar(missing)), told);
        for error in [
            EvalError::DivisionByZero,
            EvalError::Missing("期限".into()),
            EvalError::Range,
            EvalError::Type("期限".into()),
            EvalError::Unreadable("r_1".into()),
        ] {
            let Told { zh, en } = unanswered(&error);
            let letters = |text: &str| text.replace("r_1", "").chars().any(|c| c.is_ascii_alphabetic());
            assert!(!letters(&zh) && letters(&en), "{zh} / {en}");
        }
    }
}
