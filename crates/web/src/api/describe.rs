//! The API's description, made from its handlers; `crates/web/openapi.json` is what it gives.

use super::{act, json, read};
use crate::error::PageResult;
use axum::http::StatusCode;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

#[derive(OpenApi)]
#[openapi(
    info(title = "Ward 城防", description = "What pages do, for applications. Each request carries a token of the application; what its owner may not see, and what lies outside its scope, is not there."),
    security(("token" = [])),
    modifiers(&Token),
    paths(
        act::file, act::open, act::read_notice, act::state_opening, act::state_step, act::take,
        read::file, read::notices, read::offers, read::pack, read::people, read::record, read::records,
        read::register, read::registers, read::search, read::units,
    )
)]
struct Described;

struct Token;

impl utoipa::Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// The description, as it is committed.
///
/// # Errors
/// Never in fact: it holds texts only.
pub fn openapi() -> Result<String, serde_json::Error> {
    let mut value = serde_json::to_value(Described::openapi())?;
    value.sort_all_objects();
    let mut text = serde_json::to_string_pretty(&value)?;
    text.push('\n');
    Ok(text)
}

pub(super) async fn served() -> PageResult {
    let text = openapi().map_err(|error| crate::error::PageError::Failed(error.into()))?;
    Ok(json(StatusCode::OK, text))
}
