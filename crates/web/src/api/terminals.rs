//! Terminals: for whoever may keep them, and tokens with the right `people`.

use super::once::Once;
use super::people::{maybe, text};
use super::shape::{EntriesShape, MadeShape};
use super::{named, sent};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::people::command;
use crate::terminals;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use identity::{Command, Fingerprint, FingerprintError, Line};
use model::TerminalId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A terminal: a machine known by the certificate it shows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TerminalShape {
    /// Its id.
    id: String,
    /// What people call it.
    name: String,
    /// The unit it belongs to; null: any may use it.
    unit: Option<String>,
    /// May administrators' roles be used at it?
    management: bool,
    /// SHA-256 of its certificate, hexadecimal.
    fingerprint: String,
    /// When it was registered.
    registered_at: String,
    /// When it was removed.
    removed_at: Option<String>,
}

/// A terminal that is to be registered.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TerminalAsk {
    /// What people call it.
    name: String,
    /// SHA-256 of its certificate, hexadecimal, with colons or without.
    fingerprint: String,
    /// The unit it belongs to; any may use it where it is not said.
    #[serde(default)]
    #[schema(pattern = "^u_[a-z2-7]{25}[aeimquy4]$")]
    unit: Option<String>,
    /// May administrators' roles be used at it?
    #[serde(default)]
    management: bool,
}

/// Terminals, for whoever may register one.
#[utoipa::path(get, path = "/api/v1/terminals", tag = "people",
    responses((status = 200, body = [TerminalShape])))]
pub(super) async fn terminals(cx: Cx) -> PageResult {
    cx.run(|cx| {
        keeps(cx)?;
        let terminals: Vec<TerminalShape> = cx.seen().roster.terminals().map(TerminalShape::of).collect();
        given::json(StatusCode::OK, &terminals)
    })
    .await
}

/// Registers a terminal.
#[utoipa::path(post, path = "/api/v1/terminals", tag = "people",
    params(("Idempotency-Key" = String, Header, description = "8 to 128 visible characters; the same when sent again")),
    request_body = TerminalAsk, responses((status = 201, body = MadeShape)))]
pub(super) async fn register_terminal(cx: Cx, headers: HeaderMap, body: Bytes) -> PageResult {
    cx.run(move |cx| {
        let once = Once::of(cx, &headers, &body)?;
        keeps(cx)?;
        once.or(cx, StatusCode::CREATED, || {
            let ask: TerminalAsk = sent(&body)?;
            let terminal = TerminalId::from_bytes(once.id("terminal"));
            if cx.seen().roster.terminal(terminal).is_none() {
                terminals::fits(cx, ask.management).map_err(PageError::Refused)?;
                let unfit = |error: FingerprintError| PageError::Refused(error.told());
                let order = Command::RegisterTerminal {
                    terminal,
                    name: Line::new(&ask.name).map_err(text)?,
                    fingerprint: ask.fingerprint.parse::<Fingerprint>().map_err(unfit)?,
                    unit: maybe("unit", ask.unit.as_deref())?,
                    management: ask.management,
                };
                command(cx, &order)?;
            }
            MadeShape::text(terminal)
        })
    })
    .await
}

/// Removes a terminal: it counts no longer.
#[utoipa::path(post, path = "/api/v1/terminals/{terminal}/remove", tag = "people",
    params(("terminal" = String, Path, description = "its id")),
    responses((status = 200, body = EntriesShape)))]
pub(super) async fn remove_terminal(cx: Cx, Path(terminal): Path<String>) -> PageResult {
    let terminal: TerminalId = named(&terminal)?;
    cx.run(move |cx| {
        keeps(cx)?;
        cx.seen().roster.terminal(terminal).ok_or(PageError::NotFound)?;
        let done = command(cx, &Command::RemoveTerminal { terminal })?;
        Ok(given::written(StatusCode::OK, EntriesShape::text(&done)?))
    })
    .await
}

/// Whoever may keep no terminal finds nothing of them.
fn keeps(cx: &Cx) -> Result<(), PageError> {
    if terminals::may_keep(cx) { Ok(()) } else { Err(PageError::NotFound) }
}

impl TerminalShape {
    fn of(one: &identity::Terminal) -> Self {
        Self {
            id: one.id.to_string(),
            name: one.name.as_str().to_owned(),
            unit: one.unit.map(|unit| unit.to_string()),
            management: one.management,
            fingerprint: one.fingerprint.to_string(),
            registered_at: one.registered_at.to_string(),
            removed_at: one.removed_at.map(|at| at.to_string()),
        }
    }
}
