//! Alarms, for tokens with the right `alarms` whose owner a policy lets see them: what the pages of alarms show; and that
//! the owner answers for one.

use super::act::done;
use super::shape::{DoneShape, Text};
use super::{sent, unread};
use crate::alarms::{about, acknowledged, admitted, advice, grown, seen_of, settled, standing, title};
use crate::cx::Cx;
use crate::error::PageResult;
use crate::given;
use crate::look::Look;
use crate::query::Query;
use crate::route::named;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use model::Severity;
use serde::{Deserialize, Serialize};
use store::{AlarmLine, AlarmRow, AlarmState, AlarmsWanted};
use utoipa::ToSchema;

/// Alarms of a page.
const PAGE: usize = 100;
/// Characters of what is said of an alarm.
const LONGEST_NOTE: usize = 1_000;

/// Alarms: those that stand first, the worst of them before the others, the newest before the older.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlarmsShape {
    /// How many there are of these.
    count: String,
    /// A hundred of them at most.
    alarms: Vec<AlarmShape>,
    /// Why lines are not looked at; null while they are.
    trouble: Option<Text>,
    /// Rules at work.
    rules: String,
}

/// An alarm.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlarmShape {
    /// Its number: the entry that raised it.
    alarm: String,
    /// The rule that did.
    #[schema(example = "password_guessing")]
    rule: String,
    /// What the rule is called.
    title: String,
    /// How bad it is: `informational`, `low`, `medium`, `high` or `critical`.
    #[schema(example = "high")]
    severity: &'static str,
    /// How it stands.
    state: AlarmStateShape,
    /// What it is about, in a line.
    about: String,
    /// The same: fields and their values.
    group: Vec<AlarmFieldShape>,
    /// Does it stand for groups that were too many?
    rest: bool,
    /// How many lines it rests on by now.
    count: String,
    /// When what raised it came.
    first: String,
    /// When what was added last came.
    last: String,
    /// When it was entered.
    entered: String,
    /// Since when it is over; null while it stands.
    resolved: Option<String>,
    /// Who answers for it; null where nobody does.
    owner: Option<String>,
    /// Since when it is acknowledged.
    acknowledged: Option<String>,
    /// What the owner says of it.
    note: Option<String>,
    /// How often others were called, since nobody answered for it in time.
    calls: u32,
    /// Who was called last.
    called: Vec<String>,
    /// Who said that it is over; null where nobody did.
    settled_by: Option<String>,
    /// Why.
    reason: Option<String>,
    /// The case that it has opened; null where there is none.
    record: Option<String>,
    /// The unit whose device or place it is about; null where that is not known.
    unit: Option<String>,
}

/// How an alarm stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AlarmStateShape {
    Open,
    Acknowledged,
    Resolved,
}

/// A field of what an alarm is about.
#[derive(Debug, Serialize, ToSchema)]
struct AlarmFieldShape {
    /// Its name.
    #[schema(example = "src_ip")]
    field: String,
    /// Its value.
    value: String,
}

/// A line that an alarm rests on.
#[derive(Debug, Serialize, ToSchema)]
struct AlarmLineShape {
    /// Who received it.
    #[schema(example = "syslog-tcp")]
    receiver: String,
    /// Its number there.
    number: String,
}

/// An alarm with the lines it rests on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlarmWhole {
    /// The alarm.
    #[serde(flatten)]
    alarm: AlarmShape,
    /// What is to be done; null where the rule does not say.
    advice: Option<String>,
    /// The first and the last of the lines it rests on, as far as they are entered.
    lines: Vec<AlarmLineShape>,
}

/// What is said of an alarm by whoever answers for it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgeAsk {
    /// What is being done.
    #[serde(default)]
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// Why an alarm is over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettleAsk {
    /// Why.
    #[schema(min_length = 1, max_length = 1000, pattern = "[^\\s]")]
    reason: String,
}

/// Alarms that were raised.
#[utoipa::path(get, path = "/api/v1/alarms", tag = "alarms",
    params(("state" = Option<Vec<String>>, Query, description = "in one of these states"),
        ("severity" = Option<String>, Query, description = "at least so bad"),
        ("q" = Option<String>, Query, description = "about something in which this stands"),
        ("page" = Option<String>, Query, description = "the page, from 1")),
    responses((status = 200, body = AlarmsShape)))]
pub(super) async fn alarms(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        admitted(cx)?;
        let wanted = AlarmsWanted {
            states: query.all("state").filter_map(AlarmState::of_word).collect(),
            severity: query.one("severity").and_then(Severity::of_word),
            rule: None,
            about: query.one("q").map(|words| words.trim().to_owned()),
        };
        let page = query.one("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1).max(1);
        let trouble = cx.site.watching().trouble().map(|told| Text { zh: told.zh, en: told.en });
        cx.look(|look| {
            let of = seen_of(look)?;
            let rows = look.sql(|sql| sql.alarms(&wanted, of, (page - 1).saturating_mul(PAGE), PAGE))?;
            let count: u64 = look.sql(|sql| sql.alarms_counted(&wanted, of))?.iter().sum();
            let shape = AlarmsShape {
                count: count.to_string(),
                alarms: rows.iter().map(|row| AlarmShape::of(look, row)).collect(),
                trouble,
                rules: cx.site.watching().rules().at_work.to_string(),
            };
            given::json(StatusCode::OK, &shape)
        })
    })
    .await
}

/// One alarm.
#[utoipa::path(get, path = "/api/v1/alarms/{alarm}", tag = "alarms",
    params(("alarm" = String, Path, description = "the entry that raised it")),
    responses((status = 200, body = AlarmWhole)))]
pub(super) async fn alarm(cx: Cx, Path(alarm): Path<String>) -> PageResult {
    let entry: u64 = named(&alarm)?;
    cx.run(move |cx| {
        admitted(cx)?;
        cx.look(|look| {
            let row = standing(look, entry)?;
            let whole = AlarmWhole {
                advice: advice(look, &row.name.rule),
                lines: row.lines.iter().chain(&row.latest).map(AlarmLineShape::of).collect(),
                alarm: AlarmShape::of(look, &row),
            };
            given::json(StatusCode::OK, &whole)
        })
    })
    .await
}

/// The owner of the token answers for an alarm from now on.
#[utoipa::path(post, path = "/api/v1/alarms/{alarm}/acknowledge", tag = "alarms",
    params(("alarm" = String, Path, description = "the entry that raised it")), request_body = AcknowledgeAsk,
    responses((status = 200, body = DoneShape)))]
pub(super) async fn acknowledge(cx: Cx, Path(alarm): Path<String>, body: Bytes) -> PageResult {
    let entry: u64 = named(&alarm)?;
    cx.run(move |cx| {
        admitted(cx)?;
        let AcknowledgeAsk { note } = sent(&body)?;
        if note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
            return Err(unread("note", "至多 1,000 字", "at most 1,000 characters"));
        }
        let told = acknowledged(cx, entry, note)?;
        Ok(given::written(StatusCode::OK, done(&told)?))
    })
    .await
}

/// The owner of the token says that an alarm is over; its rule begins anew.
#[utoipa::path(post, path = "/api/v1/alarms/{alarm}/settle", tag = "alarms",
    params(("alarm" = String, Path, description = "the entry that raised it")), request_body = SettleAsk,
    responses((status = 200, body = DoneShape)))]
pub(super) async fn settle(cx: Cx, Path(alarm): Path<String>, body: Bytes) -> PageResult {
    let entry: u64 = named(&alarm)?;
    cx.run(move |cx| {
        admitted(cx)?;
        let SettleAsk { reason } = sent(&body)?;
        if reason.chars().count() > LONGEST_NOTE {
            return Err(unread("reason", "至多 1,000 字", "at most 1,000 characters"));
        }
        let told = settled(cx, entry, reason)?;
        Ok(given::written(StatusCode::OK, done(&told)?))
    })
    .await
}

impl AlarmLineShape {
    fn of(line: &AlarmLine) -> Self {
        Self { receiver: line.receiver.clone(), number: line.n.to_string() }
    }
}

impl AlarmShape {
    fn of(look: &Look<'_>, row: &AlarmRow) -> Self {
        let (count, last) = grown(look.cx, row);
        let field = |(field, value): &(String, String)| AlarmFieldShape {
            field: field.clone(),
            value: value.clone(),
        };
        Self {
            alarm: row.entry.to_string(),
            rule: row.name.rule.clone(),
            title: title(look, &row.name.rule),
            severity: row.severity.word(),
            state: match row.state() {
                AlarmState::Open => AlarmStateShape::Open,
                AlarmState::Acknowledged => AlarmStateShape::Acknowledged,
                AlarmState::Resolved => AlarmStateShape::Resolved,
            },
            about: about(look.cx, row),
            group: row.name.group.iter().map(field).collect(),
            rest: row.rest,
            count: count.to_string(),
            first: row.name.first.to_string(),
            last: last.to_string(),
            entered: row.at.to_string(),
            resolved: row.resolved_at.map(|at| at.to_string()),
            owner: row.owner.as_ref().map(|owner| owner.person.to_string()),
            acknowledged: row.owner.as_ref().map(|owner| owner.since.to_string()),
            note: row.owner.as_ref().and_then(|owner| owner.note.clone()),
            calls: row.called.as_ref().map_or(0, |called| called.call),
            called: row.called.iter().flat_map(|called| &called.to).map(ToString::to_string).collect(),
            settled_by: row.settled.as_ref().map(|end| end.person.to_string()),
            reason: row.settled.as_ref().map(|end| end.reason.clone()),
            record: row.record.map(|record| record.to_string()),
            unit: row.unit.map(|unit| unit.to_string()),
        }
    }
}
