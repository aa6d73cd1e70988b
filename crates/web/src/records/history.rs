//! The history of a record in sentences: what happened, by whom and for whom, old and new, with the entries that say so.
//!
//! What happened at one moment stands together under what somebody did; what followed by itself stands below it.

use super::signed::grade;
use super::story::{Changed, Happened};
use super::{entry, outcome, void};
use crate::component::{Change, Moment, More};
use crate::look::Look;
use crate::names::Shown;
use casework::{Addressee, Body, Case, Seated};
use model::{Actor, PersonId};
use regulation::{ClockId, FieldId, Outcome, Register, StateId, StepId};
use serde_json::Value as Json;

/// Moments of a page.
const MOST: usize = 100;

/// The history, the newest first.
pub(crate) fn moments(look: &Look<'_>, case: &Case, story: &[Happened]) -> Vec<Moment> {
    groups(story).iter().rev().filter_map(|group| moment(look, case, group)).collect()
}

/// A page of it: what happened before an entry, or last; and the entry before which one goes on, where there is more.
pub(super) fn page(
    look: &Look<'_>,
    case: &Case,
    story: &[Happened],
    before: Option<u64>,
) -> (Vec<Moment>, Option<u64>) {
    let end = before.map_or(story.len(), |before| story.partition_point(|one| one.entry < before));
    let groups = groups(story.get(..end).unwrap_or_default());
    let earlier = groups.len().saturating_sub(MOST);
    let shown = groups.get(earlier..).unwrap_or_default();
    let next = shown.first().filter(|_| earlier > 0).and_then(|group| group.first()).map(|first| first.entry);
    (shown.iter().rev().filter_map(|group| moment(look, case, group)).collect(), next)
}

/// What happened at one moment, together.
fn groups(story: &[Happened]) -> Vec<Vec<&Happened>> {
    let mut groups: Vec<Vec<&Happened>> = Vec::new();
    for happened in story {
        match groups.last_mut() {
            Some(group) if group.first().is_some_and(|first| together(first, happened)) => {
                group.push(happened)
            }
            _ => groups.push(vec![happened]),
        }
    }
    groups
}

/// Entries of one command stand together: they have one time, and a person acts in the first of them alone.
fn together(first: &Happened, next: &Happened) -> bool {
    first.at == next.at && !matches!(next.body, Body::Opened { .. } | Body::Signed { .. })
}

fn moment(look: &Look<'_>, case: &Case, group: &[&Happened]) -> Option<Moment> {
    let (first, rest) = group.split_first()?;
    let cx = look.cx;
    let more = |happened: &&&Happened| {
        Some(More { text: said(look, case, happened)?, entry: entry(cx, happened.entry) })
    };
    let changes = group.iter().flat_map(|happened| &happened.changes);
    Some(Moment {
        at: cx.moment(first.at),
        stamp: first.at.to_string(),
        what: said(look, case, first).unwrap_or_else(|| first.body.kind().to_owned()),
        who: Some(who(look, &first.actor)),
        reason: reason(&first.body),
        entry: Some(entry(cx, first.entry)),
        changes: changes.map(|changed| change(look, case, changed)).collect(),
        more: rest.iter().filter_map(|happened| more(&happened)).collect(),
    })
}

/// Who acted: a person, for whom, in which role; or the system.
pub(crate) fn who(look: &Look<'_>, actor: &Actor) -> String {
    match actor {
        Actor::Machine { .. } => look.cx.t("系統", "The system").to_owned(),
        Actor::Person(person) => match person.acting_for {
            None => look.person(person.person),
            Some(principal) => deputy(look, person.person, principal),
        },
    }
}

/// 「甲代理乙」.
pub(crate) fn deputy(look: &Look<'_>, person: PersonId, principal: PersonId) -> String {
    let (person, principal) = (look.person(person), look.person(principal));
    format!("{person}{}{principal}", look.cx.t("代理", " for "))
}

/// Why, where somebody said so.
pub(crate) fn reason(body: &Body) -> Option<String> {
    match body {
        Body::Signed { reason, .. } => reason.clone(),
        Body::Opened { late_reason, .. } => late_reason.clone(),
        _ => None,
    }
}

/// A field that changed, with what was before and is now.
pub(crate) fn change(look: &Look<'_>, case: &Case, changed: &Changed) -> Change {
    let register = look.register(case);
    let field = register.and_then(|register| register.field(changed.field.as_str()));
    let shown = |json: &Option<Json>| match (field, json) {
        (Some(field), Some(json)) => look.value(field, json),
        (None, Some(json)) => Shown::Lines(json.to_string()),
        (_, None) => Shown::Nothing,
    };
    Change { name: label(look, register, &changed.field), old: shown(&changed.old), new: shown(&changed.new) }
}

/// A field's name; of a former form its id.
pub(crate) fn label(look: &Look<'_>, register: Option<&Register>, field: &FieldId) -> String {
    let known = register.and_then(|register| register.field(field.as_str()));
    known.map_or_else(|| field.to_string(), |field| look.cx.label(&field.label).to_owned())
}

/// What happened, in a sentence; none for what only the machine goes by.
pub(crate) fn said(look: &Look<'_>, case: &Case, happened: &Happened) -> Option<String> {
    let (cx, register) = (look.cx, look.register(case));
    let quoted = |text: String| cx.t("「", "“").to_owned() + &text + cx.t("」", "”");
    let step =
        |id: &StepId| quoted(register.map_or_else(|| format!("{id}"), |register| look.step(register, id)));
    let state =
        |id: &StateId| quoted(register.map_or_else(|| format!("{id}"), |register| look.state(register, id)));
    let clock = |id: &ClockId| quoted(clock_name(look, register, id));
    let fields = |list: &[FieldId]| {
        let names: Vec<String> = list.iter().map(|field| label(look, register, field)).collect();
        names.join(cx.t("、", ", "))
    };
    Some(match &happened.body {
        Body::Opened { step: id, .. } => format!("{}{}", step(id), cx.t("開立", " opened it")),
        Body::Signed { step: id, outcome: how, evidence, .. } => {
            let ended = outcome(cx, register.and_then(|register| register.flow.step(id.as_str())), *how);
            let named = register.map(|register| look.step(register, id));
            let how = match how {
                Outcome::Done => String::new(),
                _ if named.as_deref() == Some(ended) => String::new(),
                _ => format!("{}{ended}", cx.t("：", ": ")),
            };
            let (grade, _, _) = grade(cx, *evidence);
            format!("{}{how}{}", step(id), cx.beside(grade))
        }
        Body::Taken { to, .. } => format!("{}{}", cx.t("案件狀態：", "State: "), state(to)),
        Body::Numbered { number, .. } => format!("{}{number}", cx.t("編號：", "Number: ")),
        Body::Changed { by: Some(by), fields: changed, .. } => {
            let (by, changed) = (look.record(by.record).text, fields(changed));
            match cx.chinese() {
                true => format!("因「{by}」更新：{changed}"),
                false => format!("Changed by {by}: {changed}"),
            }
        }
        Body::Changed { fields: changed, .. } => {
            format!("{}{}", cx.t("依流程更新：", "Changed by the flow: "), fields(changed))
        }
        Body::Linked(link) => {
            format!("{}{}", cx.t("關聯：", "Linked with "), look.record(link.to.record).text)
        }
        Body::Belongs { unit } => format!("{}{}", cx.t("改屬：", "Belongs to "), look.unit(*unit)),
        Body::Graded { grade, .. } => format!("{}{}", cx.t("機密等級：", "Grade: "), look.grade(grade)),
        Body::ClockSet { clock: id, due, .. } => {
            format!("{}{}{}", clock(id), cx.t("期限：", " is due "), cx.moment(*due))
        }
        Body::ClockStopped { clock: id } => format!("{}{}", clock(id), cx.t("停止計時", " stopped")),
        Body::ClockFired { clock: id, late_by_outage, .. } => {
            let late = cx.beside(cx.t("因系統停止而遲延", "late by an outage"));
            let late = if *late_by_outage { late.as_str() } else { "" };
            format!("{}{}{late}", clock(id), cx.t("時點已到", " came to a point"))
        }
        Body::Notice { to, zh, en } => {
            let to: Vec<String> = to.iter().map(|one| addressee(look, one)).collect();
            let to = to.join(cx.t("、", ", "));
            format!("{}{to}{}{}", cx.t("通知", "Told "), cx.t("：", ": "), look.said(zh, en))
        }
        Body::SeatsSet { step: id, seats } => {
            let seats: Vec<String> = seats.seats.iter().map(|seat| seated(look, seat)).collect();
            format!("{}{}{}", step(id), cx.t("簽署人：", " is signed by "), seats.join(cx.t("、", ", ")))
        }
        Body::SignaturesVoided { cause, people } => {
            let people: Vec<String> = people.iter().map(|one| look.person(*one)).collect();
            let people = people.join(cx.t("、", ", "));
            format!("{}{people}{}", cx.t("簽章失效：", "Signatures void: "), cx.beside(void(cx, *cause)))
        }
        Body::ApprovalVoided { step: id, cause, fields: changed } => {
            let changed = if changed.is_empty() {
                String::new()
            } else {
                format!("{}{}", cx.t("：", ": "), fields(changed))
            };
            format!("{}{}{}{changed}", step(id), cx.t("之核定失效", " is void"), cx.beside(void(cx, *cause)))
        }
        Body::SentBack { to } => format!("{}{}", cx.t("退回重新辦理：", "Sent back to "), state(to)),
        Body::Moved { to, .. } => match cx.chinese() {
            true => format!("改依規範第 {to} 版辦理"),
            false => format!("Goes on under version {to} of the pack"),
        },
        Body::Condemned { records } => match cx.chinese() {
            true => format!("核准銷毀 {} 件", records.len()),
            false => format!("{} records are to be destroyed", records.len()),
        },
        Body::EffectRefused { zh, en } => {
            format!("{}{}", cx.t("自動作業未完成：", "Did not follow: "), look.said(zh, en))
        }
        Body::HookAsked { hook, .. } => format!("{}{hook}", cx.t("送出：", "Sent out: ")),
        Body::HookAnswered { hook, done, text, .. } => {
            let how = if *done { cx.t("完成", "done") } else { cx.t("未完成", "not done") };
            format!("{hook}{}{how} {text}", cx.t("回覆：", " answered: "))
        }
        Body::Reckoned { .. }
        | Body::CalendarMissing { .. }
        | Body::DutyBegun { .. }
        | Body::DutyChased { .. }
        | Body::DutyDone { .. }
        | Body::DutyOpened { .. }
        | Body::DutyReopened { .. }
        | Body::DutyRested { .. } => return None,
    })
}

/// A clock's name; of a former flow its id.
pub(crate) fn clock_name(look: &Look<'_>, register: Option<&Register>, clock: &ClockId) -> String {
    let known = register.and_then(|register| register.flow.clock(clock.as_str()));
    known.map_or_else(|| clock.to_string(), |clock| look.cx.label(&clock.label).to_owned())
}

/// Who is told, or waited for.
pub(crate) fn addressee(look: &Look<'_>, to: &Addressee) -> String {
    match to {
        Addressee::Person(person) => look.person(*person),
        Addressee::Role { role, unit, above } => role_in(look, role, *unit, *above),
    }
}

fn seated(look: &Look<'_>, seat: &Seated) -> String {
    match seat {
        Seated::People { people } => {
            let people: Vec<String> = people.iter().map(|person| look.person(*person)).collect();
            people.join(look.cx.t("或", " or "))
        }
        Seated::Role { role, unit, above } => role_in(look, role, *unit, *above),
    }
}

fn role_in(look: &Look<'_>, role: &regulation::RoleId, unit: Option<model::UnitId>, above: bool) -> String {
    let name = look.role(role);
    match unit {
        None => name,
        Some(unit) => {
            let above = if above { look.cx.t("或其上級", " or above") } else { "" };
            format!("{name}{}", look.cx.beside(&format!("{}{above}", look.unit(unit))))
        }
    }
}
