//! One alarm: what was found, on which lines, what is to be done, who answers for it, which case it has opened.

use super::{
    PATH, about, admitted, advice, granted, grown, notices, second, seen_of, severity, state_pill, title,
    words,
};
use crate::component::{Fact, Facts, Notice, Pill};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::Posted;
use crate::look::Look;
use crate::names::{Named, Shown, clause_path, entry_path};
use crate::query::Query;
use crate::route::named;
use crate::shell::{Area, Shell};
use crate::trace;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use casework::EntryNumber;
use desk::{About, Asker, Done, Order};
use identity::Action;
use model::Told;
use std::net::IpAddr;
use store::{AlarmLine, AlarmRow};

#[derive(Template)]
#[template(path = "alarms/alarm.html")]
struct AlarmPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notices: Vec<Notice<'a>>,
    severity: Pill<'a>,
    state: Pill<'a>,
    advice: Option<String>,
    facts: Facts<'a>,
    /// Lines it rests on, each with where it is for whoever may look.
    lines: Vec<Named>,
    /// How many lines are not named.
    beyond: Option<String>,
    /// What else there is of what it is about.
    more: Vec<(String, String)>,
    /// Where something is done against an address it is about, for whoever may: the address, and the form.
    against: Vec<(String, String)>,
    /// Where it is acknowledged, for whoever may.
    acknowledge: Option<String>,
    /// Does somebody answer for it already?
    owned: bool,
    note: String,
    /// Where it is said to be over, for whoever may.
    settle: Option<String>,
    reason: String,
}

/// What was sent and refused.
#[derive(Default)]
struct Refusal<'a> {
    told: Option<&'a Told>,
    note: &'a str,
    reason: &'a str,
}

/// An alarm by its number, for whoever may see it.
///
/// # Errors
/// `NotFound`: there is none. `Hidden`: it is not theirs to see. The tables failed.
pub(crate) fn standing(look: &Look<'_>, entry: u64) -> Result<AlarmRow, PageError> {
    let alarm = look.sql(|sql| sql.alarm(entry))?.ok_or(PageError::NotFound)?;
    match seen_of(look)?.holds(&alarm) {
        true => Ok(alarm),
        false => Err(PageError::hidden(Action::ReadAlarms.to_string(), About::Oneself)),
    }
}

pub(super) async fn page(cx: Cx, Path(alarm): Path<String>) -> PageResult {
    let entry: u64 = named(&alarm)?;
    cx.run(move |cx| {
        admitted(cx)?;
        show(cx, entry, &Refusal::default())
    })
    .await
}

/// Answers for an alarm.
///
/// # Errors
/// `NotFound`: they see no such alarm. `Hidden`: no policy lets them. `Refused`: it does not stand any more.
pub(crate) fn acknowledge(cx: &Cx, entry: u64, note: Option<String>) -> Result<Done, PageError> {
    let order = Order::Acknowledge(EntryNumber(entry), note);
    act(cx, entry, &Action::AcknowledgeAlarm, order)
}

/// Says that an alarm is over, and why.
///
/// # Errors
/// As of [`acknowledge`]; `Refused`: it is not said why.
pub(crate) fn settle(cx: &Cx, entry: u64, reason: String) -> Result<Done, PageError> {
    act(cx, entry, &Action::SettleAlarm, Order::Settle(EntryNumber(entry), reason))
}

fn act(cx: &Cx, entry: u64, action: &Action, order: Order) -> Result<Done, PageError> {
    let hidden = || PageError::hidden(action.to_string(), About::Oneself);
    let alarm = cx.look(|look| standing(look, entry))?;
    let person = granted(cx, action, &alarm).ok_or_else(hidden)?;
    Ok(cx.site.desk().ask(Asker::Person(person), order)?)
}

pub(super) async fn post(cx: Cx, Path(alarm): Path<String>, posted: Posted) -> PageResult {
    let entry: u64 = named(&alarm)?;
    cx.run(move |cx| {
        admitted(cx)?;
        let note = posted.query.one("note").unwrap_or_default().to_owned();
        match acknowledge(cx, entry, Some(note.clone())) {
            Ok(_) => Ok(Redirect::to(&super::alarm_path(entry)).into_response()),
            Err(PageError::Refused(told)) => {
                show(cx, entry, &Refusal { told: Some(&told), note: &note, ..Refusal::default() })
            }
            Err(error) => Err(error),
        }
    })
    .await
}

pub(super) async fn post_settled(cx: Cx, Path(alarm): Path<String>, posted: Posted) -> PageResult {
    let entry: u64 = named(&alarm)?;
    cx.run(move |cx| {
        admitted(cx)?;
        let reason = posted.query.one("reason").unwrap_or_default().to_owned();
        match settle(cx, entry, reason.clone()) {
            Ok(_) => Ok(Redirect::to(&super::alarm_path(entry)).into_response()),
            Err(PageError::Refused(told)) => {
                show(cx, entry, &Refusal { told: Some(&told), reason: &reason, ..Refusal::default() })
            }
            Err(error) => Err(error),
        }
    })
    .await
}

fn show(cx: &Cx, entry: u64, refusal: &Refusal<'_>) -> PageResult {
    cx.look(|look| {
        let alarm = standing(look, entry)?;
        let class = words::severity_class(alarm.severity);
        let mut notices = notices(cx);
        notices.extend(refusal.told.map(|told| Notice::refused(cx, told)));
        let may = |action: &Action| alarm.resolved_at.is_none() && granted(cx, action, &alarm).is_some();
        let page = AlarmPage {
            cx,
            shell: Shell::new(cx, Some(Area::Alarms), title(look, &alarm.name.rule))
                .with_second(second(cx, "")),
            notices,
            severity: Pill { text: severity(cx, alarm.severity).to_owned(), class },
            state: state_pill(cx, alarm.state()),
            advice: advice(look, &alarm.name.rule),
            facts: facts(look, &alarm),
            lines: alarm.lines.iter().chain(&alarm.latest).map(|line| line_named(cx, line)).collect(),
            beyond: beyond(cx, &alarm),
            more: more(cx, &alarm),
            against: against(look, &alarm),
            acknowledge: may(&Action::AcknowledgeAlarm).then(|| format!("{PATH}/{entry}/acknowledge")),
            owned: alarm.owner.is_some(),
            note: refusal.note.to_owned(),
            settle: may(&Action::SettleAlarm).then(|| format!("{PATH}/{entry}/settle")),
            reason: refusal.reason.to_owned(),
        };
        cx.render_as(
            if refusal.told.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK },
            &page,
        )
    })
}

fn facts<'a>(look: &Look<'a>, alarm: &AlarmRow) -> Facts<'a> {
    let cx = look.cx;
    let mut facts = Vec::new();
    if alarm.rest || alarm.name.group.is_empty() {
        facts.push(Fact::new(cx.t("對象", "About"), about(cx, alarm)));
    }
    for (name, value) in alarm.name.group.iter().filter(|(_, value)| !value.is_empty()) {
        facts.push(Fact::new(words::field(cx, name), words::shown(value)));
    }
    let (count, last) = grown(cx, alarm);
    facts.push(Fact::new(cx.t("首次", "First"), cx.second(alarm.name.first)));
    facts.push(Fact::new(cx.t("最近", "Last"), cx.second(last)));
    facts.push(Fact::new(cx.t("紀錄筆數", "Lines"), crate::component::counted(count)));
    if let Some(at) = alarm.resolved_at {
        facts.push(Fact::new(cx.t("解除時間", "Resolved"), cx.second(at)));
    }
    if let Some(end) = &alarm.settled {
        facts.push(Fact::new(cx.t("解除人員", "Settled by"), look.person(end.person)));
        let value = Shown::Lines(end.reason.clone());
        facts.push(Fact { name: cx.t("解除理由", "Why").to_owned(), value });
    }
    if let Some(called) = &alarm.called {
        let names: Vec<String> = called.to.iter().map(|person| look.person(*person)).collect();
        let names = match names.is_empty() {
            true => cx.t("無人可通知", "nobody to be called").to_owned(),
            false => names.join(cx.t("、", ", ")),
        };
        let text = match cx.chinese() {
            true => format!("第 {} 次，{}：{names}", called.call, cx.second(called.at)),
            false => format!("Call {}, {}: {names}", called.call, cx.second(called.at)),
        };
        facts.push(Fact::new(cx.t("逾時未認領通知", "Called, since nobody answered"), text));
    }
    if let Some(unit) = alarm.unit {
        facts.push(Fact::new(cx.t("單位", "Unit"), look.unit(unit)));
    }
    if let Some(owner) = &alarm.owner {
        facts.push(Fact::new(cx.t("負責人", "Owner"), look.person(owner.person)));
        facts.push(Fact::new(cx.t("首次認領時間", "First acknowledged"), cx.second(owner.since)));
        if let Some(note) = &owner.note {
            facts.push(Fact {
                name: cx.t("處理說明", "What they say").to_owned(),
                value: Shown::Lines(note.clone()),
            });
        }
    }
    let clause = |id: String| {
        let href = id.parse().ok().map(|clause| clause_path(&clause));
        Named { text: id, href }
    };
    let clauses: Vec<Named> = words::clauses(look, &alarm.name.rule).into_iter().map(clause).collect();
    if !clauses.is_empty() {
        facts.push(Fact { name: cx.t("條文", "Clauses").to_owned(), value: Shown::Parts(clauses) });
    }
    if let (None, Some(told)) = (alarm.record, cx.site.watching().unopened(alarm.entry)) {
        let text = format!("{}{}", cx.t("尚未開立：", "Not opened yet: "), cx.language.told(&told));
        facts.push(Fact::new(cx.t("案件", "Case"), text));
    }
    if let Some(record) = alarm.record {
        let value = Shown::Parts(vec![look.record(record)]);
        facts.push(Fact { name: cx.t("案件", "Case").to_owned(), value });
    }
    let entry =
        Named { text: alarm.entry.to_string(), href: entry_path(alarm.entry).filter(|_| cx.may_audit()) };
    facts.push(Fact { name: cx.t("帳本筆次", "Entry").to_owned(), value: Shown::Parts(vec![entry]) });
    facts.push(Fact::new(cx.t("規則代號", "Rule"), alarm.name.rule.clone()));
    Facts { cx, facts }
}

fn line_named(cx: &Cx, line: &AlarmLine) -> Named {
    let text = match cx.chinese() {
        true => format!("{} 第 {} 筆", line.receiver, line.n),
        false => format!("{}, line {}", line.receiver, line.n),
    };
    let href = format!("/trace/lines/{}/{}", line.receiver, line.n);
    Named { text, href: cx.may_audit().then_some(href) }
}

fn beyond(cx: &Cx, alarm: &AlarmRow) -> Option<String> {
    let named = (alarm.lines.len() + alarm.latest.len()) as u64;
    let left = grown(cx, alarm).0.checked_sub(named).filter(|left| *left > 0)?;
    let left = crate::component::counted(left);
    Some(match cx.chinese() {
        true => format!("其餘 {left} 筆未逐一列出；告警解除時列出最近之紀錄。"),
        false => format!("{left} more are not named; the last ones are once the alarm is over."),
    })
}

/// Where everything else stands that an address, an account or a device did.
fn more(cx: &Cx, alarm: &AlarmRow) -> Vec<(String, String)> {
    if !cx.may_audit() {
        return Vec::new();
    }
    let way = |(name, value): &(String, String)| {
        let by = match name.as_str() {
            "src_ip" | "dst_ip" => "q",
            "user" => "user",
            "host" | "device" => "device",
            _ => return None,
        };
        let text = format!("{} {}", words::field(cx, name), words::shown(value));
        Some((text, Query::default().with(by, value.clone()).behind("/trace")))
    };
    alarm.name.group.iter().filter(|(_, value)| !value.is_empty()).filter_map(way).collect()
}

/// Where something is done against the addresses an alarm is about, with the alarm as the reason.
fn against(look: &Look<'_>, alarm: &AlarmRow) -> Vec<(String, String)> {
    let cx = look.cx;
    let title = title(look, &alarm.name.rule);
    let (about, first) = (about(cx, alarm), cx.second(alarm.name.first));
    let why = match cx.chinese() {
        true => format!("告警第 {} 筆「{title}」，{about}，首次 {first}。", alarm.entry),
        false => format!("Alarm {}, {title}: {about}, first at {first}.", alarm.entry),
    };
    let address = |(name, value): &(String, String)| {
        let named = matches!(name.as_str(), "src_ip" | "dst_ip");
        let address: IpAddr = value.parse().ok().filter(|_| named)?;
        let form = trace::against(look, &address.to_string(), Some(&why))?;
        Some((format!("{} {address}", words::field(cx, name)), form))
    };
    alarm.name.group.iter().filter_map(address).collect()
}
