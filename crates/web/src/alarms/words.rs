//! Alarms in words: rules by their titles, groups by what their fields are called, severities and states.

use crate::cx::Cx;
use crate::look::Look;
use model::Severity;
use regulation::Pack;
use store::{AlarmRow, AlarmState};
use watch::RuleText;

/// The rule of this id in the pack in force.
fn rule<'p>(pack: &'p Pack, id: &str) -> Option<&'p RuleText> {
    pack.section::<Vec<RuleText>>("rules")?.iter().find(|text| &*text.rule.id == id)
}

/// What a rule is called; of one that the pack has not any more its id.
pub(crate) fn title(look: &Look<'_>, id: &str) -> String {
    match rule(look.pack, id) {
        Some(text) => look.cx.t(text.rule.title.zh(), text.rule.title.en()).to_owned(),
        None => id.to_owned(),
    }
}

/// What is to be done about what a rule finds.
pub(crate) fn advice(look: &Look<'_>, id: &str) -> Option<String> {
    let advice = rule(look.pack, id)?.advice.as_ref()?;
    Some(look.cx.t(advice.zh(), advice.en()).to_owned())
}

/// The clauses that ask for a rule.
pub(crate) fn clauses(look: &Look<'_>, id: &str) -> Vec<String> {
    let clauses = rule(look.pack, id).map(|text| text.rule.clauses.as_slice()).unwrap_or_default();
    clauses.iter().map(ToString::to_string).collect()
}

/// How bad it is.
pub(crate) fn severity(cx: &Cx, severity: Severity) -> &'static str {
    let (zh, en) = match severity {
        Severity::Informational => ("參考", "Informational"),
        Severity::Low => ("低", "Low"),
        Severity::Medium => ("中", "Medium"),
        Severity::High => ("高", "High"),
        Severity::Critical => ("危急", "Critical"),
    };
    cx.language.of(zh, en)
}

pub(super) const fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "severity severity-informational",
        Severity::Low => "severity severity-low",
        Severity::Medium => "severity severity-medium",
        Severity::High => "severity severity-high",
        Severity::Critical => "severity severity-critical",
    }
}

/// How an alarm stands.
pub(crate) fn state(cx: &Cx, state: AlarmState) -> &'static str {
    let (zh, en) = match state {
        AlarmState::Open => ("未認領", "Open"),
        AlarmState::Acknowledged => ("已認領", "Acknowledged"),
        AlarmState::Resolved => ("已解除", "Resolved"),
    };
    cx.language.of(zh, en)
}

pub(super) const fn state_class(state: AlarmState) -> &'static str {
    match state {
        AlarmState::Open => "state state-refused",
        AlarmState::Acknowledged => "state state-running",
        AlarmState::Resolved => "state state-done",
    }
}

/// What fields of groups are called; others by their names.
const FIELDS: [(&str, &str, &str); 18] = [
    ("src_ip", "來源位址", "Source address"),
    ("dst_ip", "目的位址", "Destination address"),
    ("src_port", "來源埠", "Source port"),
    ("dst_port", "目的埠", "Destination port"),
    ("proto", "協定", "Protocol"),
    ("user", "帳號", "Account"),
    ("user.unit", "帳號所屬單位", "Unit of the account"),
    ("source.unit", "終端機所屬單位", "Unit of the terminal"),
    ("host", "主機", "Host"),
    ("device", "設備", "Device"),
    ("app", "程式", "Program"),
    ("room", "機房", "Room"),
    ("sensor", "感測器", "Sensor"),
    ("url", "網址", "Address asked for"),
    ("kind", "種類", "Kind"),
    ("event", "事件", "Event"),
    ("sender", "發送單位", "Sender"),
    ("alert", "警報編號", "Alert"),
];

/// What a field of a group is called.
pub(super) fn field<'f>(cx: &Cx, name: &'f str) -> &'f str {
    match FIELDS.iter().find(|(one, _, _)| *one == name) {
        Some((_, zh, en)) => cx.language.of(zh, en),
        None => name,
    }
}

/// What a device has written, as it can be shown.
pub(super) fn shown(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

/// What an alarm is about, in a line.
pub(crate) fn about(cx: &Cx, alarm: &AlarmRow) -> String {
    if alarm.rest {
        return cx
            .t("其餘對象（為數過多，併為一則）", "All others: too many, one alarm for the rest")
            .to_owned();
    }
    let told = alarm.name.group.iter().filter(|(_, value)| !value.is_empty());
    let told: Vec<String> =
        told.map(|(name, value)| format!("{} {}", field(cx, name), shown(value))).collect();
    told.join(cx.t("、", ", "))
}
