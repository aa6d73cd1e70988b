//! The API: what pages do, for applications, in JSON.
//!
//! An application shows a token (`Authorization: Bearer …`) and acts as the person it belongs to, within the token's
//! scope; a session's cookie counts for nothing here, so that no page of another site can lend it. What files carries a
//! key (`Idempotency-Key`): sent twice, it is done once and answered alike.
//! Invariants: the same predicate and the same desk as pages; what may not be seen, or lies outside the scope, is a 404.
//! Source: `crates/web/openapi.json`, which the tests compare with what is served; RFC 6750, RFC 9457; clauses 12 to 14, 22.

mod act;
mod alarms;
mod audit;
mod batch;
mod bearer;
mod clauses;
mod describe;
mod lines;
mod once;
mod own;
mod people;
mod read;
mod responses;
mod shape;
mod sources;
mod spelling;
mod story;
mod strict;
mod terminals;
mod units;
mod warnings;
mod within;

pub use bearer::{Applications, Scope};
pub(crate) use bearer::{admit, bearer};
pub use describe::openapi;

use crate::cx::Cx;
use crate::error::PageError;
use crate::route::{Access, Audit, Route, named};
use crate::visit::Visit;
use axum::body::Bytes;
use axum::routing::{get, post};
use desk::LARGEST_FILE;
use identity::Right;
use model::Told;
use serde::de::DeserializeOwned;

const APP: Access = Access::Application;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/api/v1/openapi.json", Access::Anyone, Audit::None, || get(describe::served)),
    Route::get("/api/v1/pack", APP, Audit::None, || get(read::pack)),
    Route::get("/api/v1/registers", APP, Audit::None, || get(read::registers)),
    Route::get("/api/v1/registers/{register}", APP, Audit::None, || get(read::register)),
    Route::get("/api/v1/registers/{register}/export", APP, Audit::Reading, || get(read::export)),
    Route::get("/api/v1/registers/{register}/records", APP, Audit::Reading, || get(read::records)),
    Route::post("/api/v1/registers/{register}/records", APP, Audit::Act, || post(act::open)),
    Route::post("/api/v1/registers/{register}/statements", APP, Audit::None, || post(act::state_opening)),
    Route::get("/api/v1/records/{record}", APP, Audit::Reading, || get(read::record)),
    Route::get("/api/v1/records/{record}/offers", APP, Audit::Reading, || get(read::offers)),
    Route::get("/api/v1/records/{record}/files", APP, Audit::Reading, || get(story::files)),
    Route::get("/api/v1/records/{record}/files/{digest}", APP, Audit::Reading, || get(read::file)),
    Route::get("/api/v1/records/{record}/history", APP, Audit::Reading, || get(story::history)),
    Route::get("/api/v1/records/{record}/linked", APP, Audit::Reading, || get(story::linked)),
    Route::get("/api/v1/records/{record}/paper", APP, Audit::Reading, || get(read::paper)),
    Route::get("/api/v1/records/{record}/signatures", APP, Audit::Reading, || get(story::signatures)),
    Route::post("/api/v1/records/{record}/steps/{step}", APP, Audit::Act, || post(act::take)),
    Route::post("/api/v1/records/{record}/steps/{step}/statements", APP, Audit::Reading, || {
        post(act::state_step)
    }),
    Route::post("/api/v1/batches", APP, Audit::Act, || post(batch::sign)),
    Route::post("/api/v1/batches/statements", APP, Audit::Reading, || post(batch::state)),
    Route::post("/api/v1/files", APP, Audit::None, || post(act::file)).of_bytes(LARGEST_FILE as usize),
    Route::get("/api/v1/clauses", APP, Audit::None, || get(clauses::board)).by(Right::Clauses),
    Route::get("/api/v1/clauses/{clause}", APP, Audit::None, || get(clauses::clause)).by(Right::Clauses),
    Route::get("/api/v1/search", APP, Audit::None, || get(read::search)),
    Route::get("/api/v1/units", APP, Audit::None, || get(units::units)),
    Route::post("/api/v1/units", APP, Audit::Act, || post(units::create_unit)).by(Right::People),
    Route::get("/api/v1/units/{unit}", APP, Audit::None, || get(units::unit)),
    Route::post("/api/v1/units/{unit}/acts", APP, Audit::Act, || post(units::act_on_unit)).by(Right::People),
    Route::get("/api/v1/people", APP, Audit::None, || get(people::people)),
    Route::post("/api/v1/people", APP, Audit::Act, || post(people::register)).by(Right::People),
    Route::get("/api/v1/people/{person}", APP, Audit::None, || get(people::person)),
    Route::post("/api/v1/people/{person}/acts", APP, Audit::Act, || post(people::act_on_person))
        .by(Right::People),
    Route::post("/api/v1/people/{person}/sessions/end", APP, Audit::Act, || post(people::end_of_person))
        .by(Right::People),
    Route::post("/api/v1/people/{person}/tokens/{token}/revoke", APP, Audit::Act, || {
        post(people::revoke_of_person)
    })
    .by(Right::People),
    Route::get("/api/v1/terminals", APP, Audit::None, || get(terminals::terminals)).by(Right::People),
    Route::post("/api/v1/terminals", APP, Audit::Act, || post(terminals::register_terminal))
        .by(Right::People),
    Route::post("/api/v1/terminals/{terminal}/remove", APP, Audit::Act, || post(terminals::remove_terminal))
        .by(Right::People),
    Route::get("/api/v1/audit", APP, Audit::None, || get(audit::ledger)).by(Right::Audit),
    Route::get("/api/v1/audit/policy", APP, Audit::None, || get(audit::policy)).by(Right::Audit),
    Route::post("/api/v1/audit/verification", APP, Audit::None, || post(audit::verify)).by(Right::Audit),
    Route::get("/api/v1/audit/entries", APP, Audit::None, || get(audit::entries)).by(Right::Audit),
    Route::get("/api/v1/audit/entries/{entry}", APP, Audit::Reading, || get(audit::entry)).by(Right::Audit),
    Route::get("/api/v1/audit/entries/{entry}/proof", APP, Audit::Reading, || get(audit::proof))
        .by(Right::Audit),
    Route::get("/api/v1/audit/records/{record}/bundle", APP, Audit::Reading, || get(audit::of_record))
        .by(Right::Audit),
    Route::get("/api/v1/lines", APP, Audit::Tracing, || get(lines::lines)).by(Right::Audit),
    Route::post("/api/v1/lines", APP, Audit::None, || post(lines::hand_in))
        .by(Right::Lines)
        .of_bytes(lines::MOST_BYTES),
    Route::get("/api/v1/lines/bundle", APP, Audit::Tracing, || get(lines::bundle)).by(Right::Audit),
    Route::get("/api/v1/lines/query", APP, Audit::Tracing, || get(lines::query)).by(Right::Audit),
    Route::get("/api/v1/alarms", APP, Audit::None, || get(alarms::alarms)).by(Right::Alarms),
    Route::get("/api/v1/responses", APP, Audit::None, || get(responses::responses)).by(Right::Alarms),
    Route::get("/api/v1/alarms/{alarm}", APP, Audit::None, || get(alarms::alarm)).by(Right::Alarms),
    Route::post("/api/v1/alarms/{alarm}/settle", APP, Audit::Act, || post(alarms::settle)).by(Right::Alarms),
    Route::post("/api/v1/alarms/{alarm}/acknowledge", APP, Audit::Act, || post(alarms::acknowledge))
        .by(Right::Alarms),
    Route::get("/api/v1/sources", APP, Audit::None, || get(sources::sources)).by(Right::Audit),
    Route::get("/api/v1/sources/months/{month}", APP, Audit::None, || get(sources::month)).by(Right::Audit),
    Route::get("/api/v1/lines/{receiver}/{number}", APP, Audit::Tracing, || get(lines::line))
        .by(Right::Audit),
    Route::post("/api/v1/warnings", APP, Audit::None, || post(warnings::hear))
        .by(Right::Warnings)
        .of_bytes(warnings::MOST_BYTES),
    Route::get("/api/v1/work", APP, Audit::None, || get(own::work)),
    Route::get("/api/v1/notices", APP, Audit::None, || get(read::notices)),
    Route::post("/api/v1/notices/{entry}/read", APP, Audit::Act, || post(act::read_notice)),
    Route::get("/api/v1/drafts", APP, Audit::None, || get(own::drafts)).by(Right::Account),
    Route::post("/api/v1/drafts/forget", APP, Audit::None, || post(own::forget)).by(Right::Account),
    Route::get("/api/v1/account", APP, Audit::None, || get(own::account)).by(Right::Account),
    Route::get("/api/v1/sessions", APP, Audit::None, || get(own::sessions)).by(Right::Account),
    Route::post("/api/v1/sessions/end", APP, Audit::Act, || post(own::end_sessions)).by(Right::Account),
    Route::post("/api/v1/sessions/{session}/end", APP, Audit::Act, || post(own::end_session))
        .by(Right::Account),
    Route::get("/api/v1/tokens", APP, Audit::None, || get(own::tokens)).by(Right::Account),
    Route::post("/api/v1/tokens/{token}/revoke", APP, Audit::Act, || post(own::revoke)).by(Right::Account),
];

/// Is a route there for whoever asks, and asked as it is described?
///
/// # Errors
/// `NotFound`: the token has no right to it. `Unread`: it is not asked as described.
pub(crate) fn admits(visit: &Visit, route: &Route, query: &str) -> Result<(), PageError> {
    let rights = visit.scope.as_ref().map(|scope| &scope.rights).ok_or(PageError::NoToken)?;
    match route.right {
        Some(right) if !rights.contains(&right) => Err(PageError::NotFound),
        _ => strict::as_described(route, query),
    }
}

/// What was sent, if it is what the description says.
fn sent<T: DeserializeOwned>(body: &Bytes) -> Result<T, PageError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = spelling::members(&mut json).and_then(|ask| json.end().map(|()| ask));
    read.map_err(|error| {
        PageError::Unread(Told::new(
            format!("請求內容與介面規格不符：{error}"),
            format!("The body is not as described: {error}"),
        ))
    })
}

/// What is not as the description says.
fn unread(what: &str, zh: &str, en: &str) -> PageError {
    PageError::Unread(about(what, zh, en))
}

/// What is as the description says, and is nothing here.
fn unfit(what: &str, zh: &str, en: &str) -> PageError {
    PageError::Refused(about(what, zh, en))
}

fn about(what: &str, zh: &str, en: &str) -> Told {
    Told::new(format!("「{what}」：{zh}"), format!("`{what}`: {en}"))
}

impl Cx {
    /// The scope of the application that asks.
    fn scope(&self) -> Result<&Scope, PageError> {
        self.scope.as_ref().ok_or(PageError::SignedOut)
    }
}
