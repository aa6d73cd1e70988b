//! The API: what pages do, for applications, in JSON.
//!
//! An application shows a token (`Authorization: Bearer …`) and acts as the person it belongs to, within the token's
//! scope; a session's cookie counts for nothing here, so that no page of another site can lend it. What files carries a
//! key (`Idempotency-Key`): sent twice, it is done once and answered alike.
//! Invariants: the same predicate and the same desk as pages; what may not be seen, or lies outside the scope, is a 404.
//! Source: `crates/web/openapi.json`, which the tests compare with what is served; RFC 6750, RFC 9457; clauses 12 to 14, 22.

mod act;
mod bearer;
mod clauses;
mod describe;
mod once;
mod read;
mod shape;
mod spelling;
mod story;
mod strict;
mod within;

pub(crate) use bearer::bearer;
pub use bearer::{Applications, Scope};
pub use describe::openapi;
pub(crate) use strict::as_described;

use crate::cx::Cx;
use crate::error::PageError;
use crate::route::{Access, Audit, Route};
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
    Route::get("/api/v1/registers/{register}/records", APP, Audit::Reading, || get(read::records)),
    Route::post("/api/v1/registers/{register}/records", APP, Audit::Act, || post(act::open)),
    Route::post("/api/v1/registers/{register}/statements", APP, Audit::None, || post(act::state_opening)),
    Route::get("/api/v1/records/{record}", APP, Audit::Reading, || get(read::record)),
    Route::get("/api/v1/records/{record}/offers", APP, Audit::Reading, || get(read::offers)),
    Route::get("/api/v1/records/{record}/files", APP, Audit::Reading, || get(story::files)),
    Route::get("/api/v1/records/{record}/files/{digest}", APP, Audit::Reading, || get(read::file)),
    Route::get("/api/v1/records/{record}/history", APP, Audit::Reading, || get(story::history)),
    Route::get("/api/v1/records/{record}/linked", APP, Audit::Reading, || get(story::linked)),
    Route::get("/api/v1/records/{record}/signatures", APP, Audit::Reading, || get(story::signatures)),
    Route::post("/api/v1/records/{record}/steps/{step}", APP, Audit::Act, || post(act::take)),
    Route::post("/api/v1/records/{record}/steps/{step}/statements", APP, Audit::Reading, || {
        post(act::state_step)
    }),
    Route::post("/api/v1/files", APP, Audit::None, || post(act::file)).of_bytes(LARGEST_FILE as usize),
    Route::get("/api/v1/clauses", APP, Audit::None, || get(clauses::board)),
    Route::get("/api/v1/clauses/{clause}", APP, Audit::None, || get(clauses::clause)),
    Route::get("/api/v1/search", APP, Audit::None, || get(read::search)),
    Route::get("/api/v1/units", APP, Audit::None, || get(read::units)),
    Route::get("/api/v1/people", APP, Audit::None, || get(read::people)),
    Route::get("/api/v1/notices", APP, Audit::None, || get(read::notices)),
    Route::post("/api/v1/notices/{entry}/read", APP, Audit::Act, || post(act::read_notice)),
];

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

/// A part of a path that names something; what does not read names nothing.
fn named<T: std::str::FromStr>(text: &str) -> Result<T, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
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

    /// Has the token a right? What it has none to is not there.
    fn has(&self, right: Right) -> Result<(), PageError> {
        if self.scope()?.rights.contains(&right) { Ok(()) } else { Err(PageError::NotFound) }
    }
}
