//! Public warnings, handed in by tokens with the right `warnings`: an alert of the Common Alerting Protocol, as it is.
//!
//! Invariant: what came of it is durable before it is answered; where there is no answer, it is sent again, and is the same.
//! Source: CAP 1.2, §3; clause 3.9.1.

use super::shape::{Octets, Text};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::warnings::{NotHeard, WarningHeard, told_of};
use axum::body::Bytes;
use axum::http::StatusCode;
use serde::Serialize;
use telemetry::Came;
use utoipa::ToSchema;

/// Bytes of an alert. One byte more is let in, so that what is too long is told as an alert that is.
pub(super) const MOST_BYTES: usize = warning::LONGEST + 1;

/// An alert that was heard.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WarningHeardShape {
    /// Its sender.
    sender: String,
    /// The number by which its sender knows it.
    identifier: String,
    /// When it was sent.
    sent: String,
    /// Is its sender believed, and was it sent by now? Others are kept apart.
    believed: bool,
    /// Was it heard before, with the same result?
    known: bool,
    /// What came of it at each room; one of no room where none is set.
    rooms: Vec<CameShape>,
}

/// What came of an alert at a room.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameShape {
    /// The room's code; null where no room is set.
    room: Option<String>,
    /// `act`, `drill`, `goes-on`, `over`, or why nothing is done: `not-actual`, `not-public`, `stranger`, `from-later`,
    /// `known`, `no-warning`, `nothing-to-end`, `other-event`, `elsewhere`, `not-yet`, `expired`.
    #[schema(example = "act")]
    came: String,
    /// The same in words.
    told: Text,
}

/// Hands in an alert of CAP 1.2. The answer comes once what came of it is on the disk; the same alert twice is one.
#[utoipa::path(post, path = "/api/v1/warnings", tag = "warnings",
    request_body(content = Octets, content_type = "application/cap+xml"),
    responses((status = 200, body = WarningHeardShape)))]
pub(super) async fn hear(cx: Cx, body: Bytes) -> PageResult {
    cx.run(move |cx| {
        let now = cx.site.now();
        let came = cx.address.map_or_else(|| Came::from_file(now), |peer| Came::from_peer(now, peer));
        let heard = cx.site.lines().hear(came, &body).map_err(|error| match error {
            NotHeard::Refused(told) => PageError::Refused(told),
            NotHeard::Unavailable(told) => PageError::Unavailable(told),
        })?;
        given::json(StatusCode::OK, &WarningHeardShape::of(heard))
    })
    .await
}

impl WarningHeardShape {
    fn of(WarningHeard { stands, known }: WarningHeard) -> Self {
        let came = |place: &warning::PlaceEntry| {
            let told = told_of(&stands, &place.came);
            CameShape {
                room: (!place.room.is_empty()).then(|| place.room.clone()),
                came: place.came.clone(),
                told: Text { zh: told.zh, en: told.en },
            }
        };
        Self {
            rooms: stands.rooms.iter().map(came).collect(),
            sender: stands.sender.clone(),
            identifier: stands.alert.clone(),
            sent: stands.sent.to_string(),
            believed: stands.believed,
            known,
        }
    }
}
