//! Alarms for which whoever looks was called, since nobody answered for them in time (clauses 26.4.5, 27.2.1).

use super::{Card, RowView, most};
use crate::alarms::{self, state_pill};
use crate::error::PageError;
use crate::look::Look;
use identity::Action;
use store::AlarmRow;

/// The most that are looked for.
const MOST: usize = 200;

/// Those that still wait for somebody to answer, the worst first.
///
/// # Errors
/// The tables failed.
pub(crate) fn calls(look: &Look<'_>) -> Result<Vec<AlarmRow>, PageError> {
    let mut calls = look.sql(|sql| sql.alarms_calling(look.cx.person(), MOST))?;
    calls.retain(|alarm| alarms::granted(look.cx, &Action::ReadAlarms, alarm).is_some());
    Ok(calls)
}

/// The card of them.
pub(super) fn card(look: &Look<'_>, all: &str) -> Result<Card, PageError> {
    let cx = look.cx;
    let calls = calls(look)?;
    let row = |alarm: &AlarmRow| {
        let called = alarm
            .called
            .as_ref()
            .map(|call| format!("{}{}", cx.t("呼叫時間：", "called at "), cx.moment(call.at)));
        RowView {
            word: None,
            lead: alarms::named(look, alarm),
            what: cx.t("認領並處理", "Answer for it").to_owned(),
            about: std::iter::once(alarms::severity(cx, alarm.severity).to_owned()).chain(called).collect(),
            state: Some(state_pill(cx, alarm.state())),
            due: None,
        }
    };
    let t = |zh, en| cx.language.of(zh, en);
    Ok(Card {
        id: "calls",
        title: t("告警呼叫", "Alarms you are called for"),
        icon: "alert-circle",
        count: calls.len(),
        rows: calls.iter().take(most(all, "calls")).map(row).collect(),
        more: None,
        nothing: t("沒有呼叫您處理之告警", "No alarm calls you"),
        signs: false,
        urgent: !calls.is_empty(),
    })
}
