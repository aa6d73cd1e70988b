//! Acts against intruders, for tokens with the right `alarms` whose owner sees the alarms of the whole: what the page of
//! them shows.

use super::shape::Text;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::responses::{EnforcerHeard, lately, may_see};
use axum::http::StatusCode;
use desk::About;
use identity::Action;
use model::Instant;
use respond::{Effect, Stands};
use serde::Serialize;
use store::{ResponseEventRow, ResponseRow};
use utoipa::ToSchema;

/// What stands on firewalls, and what was done and has ended lately.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResponsesShape {
    /// Firewalls, in the order of their enforcers.
    firewalls: Vec<FirewallShape>,
    /// What enforcers have answered, the latest first, fifty at most.
    answers: Vec<ResponseAnswerShape>,
    /// What happened on firewalls by itself, the latest first, fifty at most.
    events: Vec<ResponseEventShape>,
}

/// A firewall, by its enforcer.
#[derive(Debug, Serialize, ToSchema)]
struct FirewallShape {
    /// Where the enforcer is.
    place: String,
    /// What the firewall is called; null where the enforcer never answered.
    firewall: Option<String>,
    /// Since when the enforcer does not answer; null where it does.
    silent_since: Option<String>,
    /// Why what stands is not known now; null where it is.
    unknown: Option<Text>,
    /// When it was asked last and answered; null where it never did.
    seen: Option<String>,
    /// Does it only say what it would do?
    rehearses: bool,
    /// What stood when it answered last.
    acts: Vec<ActShape>,
}

/// An act that stands.
#[derive(Debug, Serialize, ToSchema)]
struct ActShape {
    /// What: `deny`, `cut`, `isolate`, `observe`, `deny_all` or `lock_down`.
    #[schema(example = "deny")]
    what: &'static str,
    /// Against whom; null where it is everybody.
    target: Option<String>,
    /// The case that decided it.
    record: String,
    /// Since when.
    since: String,
    /// Until when; null where until it is undone.
    until: Option<String>,
    /// When it is undone unless somebody confirms it; null where it needs none.
    confirm_by: Option<String>,
    /// Who touched a trip-wire and is denied since; null where nobody did.
    tripped_by: Option<String>,
    /// Does the firewall say that it stands? Null where it could not be asked.
    in_force: Option<bool>,
    /// Packets that it has stopped; null where that was not measured.
    packets: Option<String>,
}

/// What an enforcer has answered.
#[derive(Debug, Serialize, ToSchema)]
struct ResponseAnswerShape {
    /// The entry that says so.
    entry: String,
    /// When that was entered.
    at: String,
    /// The firewall.
    firewall: String,
    /// The case.
    record: String,
    /// What was ordered: `act`, `confirm` or `undo`.
    order: String,
    /// What was to be done; null of a confirmation and an undoing.
    what: Option<String>,
    /// Against whom; null where it is everybody, or nothing was named.
    target: Option<String>,
    /// Was it done?
    done: bool,
    /// What was said.
    said: Text,
    /// Milliseconds from the decision until it was in force; null where that was not measured.
    ms: Option<String>,
}

/// What happened on a firewall by itself.
#[derive(Debug, Serialize, ToSchema)]
struct ResponseEventShape {
    /// The entry that says so.
    entry: String,
    /// When, by the enforcer's clock.
    at: String,
    /// The firewall.
    firewall: String,
    /// `over`, `unconfirmed`, `tripped` or `restored`.
    what: String,
    /// The case; null where it is about no single one.
    record: Option<String>,
    /// Who touched a trip-wire.
    by: Option<String>,
    /// In what the firewall differed.
    differs: Vec<String>,
}

/// What stands on firewalls against intruders.
#[utoipa::path(get, path = "/api/v1/responses", tag = "alarms", responses((status = 200, body = ResponsesShape)))]
pub(super) async fn responses(cx: Cx) -> PageResult {
    cx.run(|cx| {
        if !may_see(cx) {
            return Err(PageError::hidden(Action::ReadAlarms.to_string(), About::Oneself));
        }
        let firewalls = cx.site.enforcers().heard();
        let firewalls = firewalls.iter().map(|heard| FirewallShape::of(heard, cx.now())).collect();
        cx.look(|look: &Look<'_>| {
            let (answers, events) = lately(look)?;
            let shape = ResponsesShape {
                firewalls,
                answers: answers.into_iter().map(ResponseAnswerShape::of).collect(),
                events: events.into_iter().map(ResponseEventShape::of).collect(),
            };
            given::json(StatusCode::OK, &shape)
        })
    })
    .await
}

impl FirewallShape {
    fn of(heard: &EnforcerHeard, now: Instant) -> Self {
        let standing = heard.standing.as_ref();
        let unknown = heard.unknown(now);
        Self {
            place: heard.place.clone(),
            firewall: standing.map(|(_, standing)| standing.firewall.clone()),
            silent_since: heard.silent.as_ref().map(|(since, _)| since.to_string()),
            unknown: unknown.map(|told| Text { zh: told.zh, en: told.en }),
            seen: standing.map(|(at, _)| at.to_string()),
            rehearses: standing.is_some_and(|(_, standing)| standing.dry),
            acts: standing.into_iter().flat_map(|(_, standing)| &standing.acts).map(ActShape::of).collect(),
        }
    }
}

impl ActShape {
    fn of((stands, effect): &(Stands, Effect)) -> Self {
        let what = &stands.act.what;
        Self {
            what: what.word(),
            target: what.target().map(|target| target.to_string()),
            record: stands.case.to_string(),
            since: stands.since.to_string(),
            until: stands.until.map(|until| until.to_string()),
            confirm_by: stands.confirm_by.map(|by| by.to_string()),
            tripped_by: stands.tripped.as_ref().map(|tripped| tripped.by.to_string()),
            in_force: effect.seen,
            packets: effect.packets.map(|packets| packets.to_string()),
        }
    }
}

impl ResponseAnswerShape {
    fn of(ResponseRow { entry, at, done, answer }: ResponseRow) -> Self {
        Self {
            entry: entry.to_string(),
            at: at.to_string(),
            firewall: answer.firewall,
            record: answer.record.to_string(),
            order: answer.order,
            what: answer.what,
            target: answer.target,
            done,
            said: Text { zh: answer.answer.zh, en: answer.answer.en },
            ms: answer.effect.and_then(|effect| effect.ms).map(|ms| ms.to_string()),
        }
    }
}

impl ResponseEventShape {
    fn of(row: ResponseEventRow) -> Self {
        Self {
            entry: row.entry.to_string(),
            at: row.at.to_string(),
            firewall: row.firewall,
            what: row.what,
            record: row.record.map(|record| record.to_string()),
            by: row.by,
            differs: row.differs.lines().map(ToOwned::to_owned).collect(),
        }
    }
}
