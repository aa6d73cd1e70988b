//! A form that was sent after its session was over: what was filled in stays on the page, is never kept by the server,
//! and is sent again with one press once somebody is signed in.
//!
//! Invariants: nothing is done by it; the form goes where it was going, as whoever is signed in then; only a page of this
//! site leads here.
//! Files are not carried along: browsers give a file field no value.

use super::shown;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::Posted;
use crate::shell::is_local;
use crate::visit::Visit;
use askama::Template;
use axum::extract::{FromRequest as _, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

/// Where such a form is brought back to.
pub(crate) const AGAIN: &str = "/again";
/// Where it was going, among its fields.
const GOING: &str = "_going";
/// It had files.
const FILES: &str = "_files";
/// Fields of ours, which are not the form's.
const OURS: [&str; 3] = [crate::layer::guard::TOKEN, GOING, FILES];
/// Fields that are on no page again: passwords and codes.
const SECRET: [&str; 5] = ["password", "new", "again", "code", "recovery"];

#[derive(Template)]
#[template(path = "enter/again.html")]
struct AgainPage<'v> {
    cx: &'v Visit,
    /// Where the form goes: on as it was going, or here again.
    action: String,
    going: String,
    fields: Vec<(String, String)>,
    files: bool,
    /// Who is signed in; none while nobody is.
    name: Option<String>,
}

/// What a form said that is carried along.
fn carried(posted: &Posted) -> Vec<(String, String)> {
    let pairs = posted.query.pairs().filter(|(name, _)| !OURS.contains(name) && !SECRET.contains(name));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The page instead of what a form asked for, when its session is over.
pub(crate) async fn over(visit: &Visit, request: Request) -> Response {
    let Ok(posted) = Posted::from_request(request, &()).await else {
        return PageError::SignedOut.into_response();
    };
    let fields = carried(&posted);
    let page = AgainPage {
        cx: visit,
        action: AGAIN.to_owned(),
        going: visit.path.clone(),
        fields,
        files: posted.has_files(),
        name: None,
    };
    shown(StatusCode::UNAUTHORIZED, &page).unwrap_or_else(PageError::into_response)
}

/// The same form, with the token of the session there is now.
pub(super) async fn page(visit: Visit, posted: Posted) -> PageResult {
    let going =
        posted.query.one(GOING).filter(|going| is_local(going)).ok_or(PageError::NotFound)?.to_owned();
    let files = posted.query.one(FILES).is_some();
    let fields = carried(&posted);
    let name = Cx::of(visit.clone()).ok().map(|cx| cx.person_name(cx.person()));
    let (status, action) = match name {
        Some(_) => (StatusCode::OK, going.clone()),
        None => (StatusCode::UNAUTHORIZED, AGAIN.to_owned()),
    };
    shown(status, &AgainPage { cx: &visit, action, going, fields, files, name })
}
