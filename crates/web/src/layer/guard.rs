//! The guard of a route: who may come, how large a body may be, that a form comes from a page of this session, that the
//! reading of a graded record is in the ledger before anything of it is shown, that nothing is there of what was not shown,
//! and that what is denied comes into it.
//!
//! A form is believed when the browser says that it comes from this site (Fetch Metadata, else Origin) and it carries
//! the session's token. A session is never enough: cookies travel with forms of others.
//! Source: OWASP ASVS 5.0, V3.5; Fetch Metadata Request Headers.

use crate::api;
use crate::cx::Cx;
use crate::enter;
use crate::error::{Fault, PageError};
use crate::pace;
use crate::query::Query;
use crate::reading;
use crate::route::{Access, Audit, FORM_BYTES, Route, Verb};
use crate::shell::is_local;
use crate::site::Site;
use crate::turn::Turn;
use crate::visit::Visit;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use model::RecordId;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Name of the field, and of the header, that carries the token.
pub(crate) const TOKEN: &str = "csrf";
const HEADER: &str = "x-csrf-token";

/// Strangers whose files are read at once.
static LATE: Semaphore = Semaphore::const_new(1);

pub(crate) async fn pass(State((_, route)): State<(Site, Route)>, request: Request, next: Next) -> Response {
    let Some(visit) = request.extensions().get::<Visit>().cloned() else {
        return PageError::NotFound.into_response();
    };
    let comes = match route.access {
        Access::Anyone => true,
        Access::Application if visit.scope.is_none() => return PageError::NoToken.into_response(),
        Access::Application => true,
        Access::Enrolling => visit.session.is_some() || visit.enrolling.is_some(),
        Access::Person => visit.session.is_some(),
    };
    if !comes {
        return sign_in_first(&visit, &route, request).await;
    }
    if route.access == Access::Application
        && let Err(error) = api::admits(&visit, &route, request.uri().query().unwrap_or_default())
    {
        return error.into_response();
    }
    let request = match route.verb {
        Verb::Get => Ok((request, None)),
        Verb::Post => believed(&visit, &route, request).await,
    };
    // Held until the answer is made: until then the body is in memory.
    let (request, _turn) = match request {
        Ok(request) => request,
        Err(error) => return error.into_response(),
    };
    let response = match to_note(&visit, &route).await {
        Ok(read) => answered(&visit, &route, read, request, next).await,
        Err(error) => error.into_response(),
    };
    denied(visit, &response);
    response
}

/// The answer, once it is entered that graded records are read by it. A form that is sent shows its record again, so that
/// its reading is entered before anything is done; that of a page once it is known to be shown.
async fn answered(
    visit: &Visit,
    route: &Route,
    read: Vec<RecordId>,
    request: Request,
    next: Next,
) -> Response {
    if route.verb == Verb::Post {
        return match enter(visit, read).await {
            Ok(()) => next.run(request).await,
            Err(error) => error.into_response(),
        };
    }
    let response = next.run(request).await;
    if !response.status().is_success() {
        return response;
    }
    match enter(visit, read).await {
        Ok(()) => response,
        Err(error) => error.into_response(),
    }
}

/// What somebody was denied for want of a right is entered, whatever page it was.
fn denied(visit: Visit, response: &Response) {
    let denial = response.extensions().get::<Fault>().and_then(|fault| fault.denied.clone());
    if let Some((denial, cx)) = denial.zip(Cx::of(visit).ok()) {
        reading::deny(&cx, denial);
    }
}

/// The graded record whose reading is to be entered, where the path names one that they may read.
async fn to_note(visit: &Visit, route: &Route) -> Result<Vec<RecordId>, PageError> {
    if route.audit == Audit::None {
        return Ok(Vec::new());
    }
    let path = visit.path.split('?').next().unwrap_or_default();
    let Some(record) = reading::named(route.path, path) else { return Ok(Vec::new()) };
    Cx::of(visit.clone())?.run(move |cx| reading::to_note(cx, &[record])).await
}

async fn enter(visit: &Visit, read: Vec<RecordId>) -> Result<(), PageError> {
    if read.is_empty() {
        return Ok(());
    }
    Cx::of(visit.clone())?.run(move |cx| reading::enter(cx, read)).await
}

/// A page is shown after the sign-in; a script is told to load it; a form sent too late stays with whoever filled it in.
/// Whoever is there to set factors is led to that.
async fn sign_in_first(visit: &Visit, route: &Route, request: Request) -> Response {
    let place = |to: &str| match &visit.enrolling {
        Some(_) => "/enrol".to_owned(),
        None => Query::default().with("to", to).behind("/sign-in"),
    };
    if visit.part.is_some() {
        let mut response = PageError::SignedOut.into_response();
        if let Ok(place) = HeaderValue::from_str(&place(&shown_on(request.headers()))) {
            response.headers_mut().insert("hx-redirect", place);
        }
        return response;
    }
    if route.verb == Verb::Get {
        return Redirect::to(&place(&visit.path)).into_response();
    }
    let (most_bytes, _alone) = of_stranger(route);
    match measured(visit, most_bytes, request).await {
        Ok(request) => enter::over(visit, request).await,
        Err(error) => error.into_response(),
    }
}

/// The page that asks for a part: its path and query, as its script says.
fn shown_on(headers: &HeaderMap) -> String {
    let url = headers.get("hx-current-url").and_then(|url| url.to_str().ok()?.parse::<Uri>().ok());
    let path = url.as_ref().and_then(|url| url.path_and_query()).map_or("/", |path| path.as_str());
    if is_local(path) { path.to_owned() } else { "/".to_owned() }
}

/// The most bytes of a form that comes without a session, and what is held while it is read: files are read of one alone
/// at a time, who may never have had a session.
fn of_stranger(route: &Route) -> (usize, Option<SemaphorePermit<'static>>) {
    if route.most_bytes <= FORM_BYTES {
        return (route.most_bytes, None);
    }
    match LATE.try_acquire() {
        Ok(alone) => (route.most_bytes, Some(alone)),
        Err(_) => (FORM_BYTES, None),
    }
}

/// The request with its body read, once it is known to come from a page of this session.
async fn believed(
    visit: &Visit,
    route: &Route,
    request: Request,
) -> Result<(Request, Option<Turn>), PageError> {
    let turn = turn(visit, route, told_bytes(request.headers())).await?;
    let request = measured(visit, route.most_bytes, request).await?;
    // An application shows its token with each request; no browser adds it by itself.
    let asked = route.token && visit.scope.is_none();
    let Some(session) = visit.session.as_ref().or(visit.enrolling.as_ref()).filter(|_| asked) else {
        return Ok((request, turn));
    };
    let (parts, body) = request.into_parts();
    let body: Bytes = to_bytes(body, route.most_bytes).await.map_err(|_| PageError::TooLarge)?;
    let given = match parts.headers.get(HEADER) {
        Some(value) => value.to_str().ok().map(ToOwned::to_owned),
        None => token(&parts.headers, &body).await,
    };
    if !given.is_some_and(|given| same(&given, &session.csrf)) {
        return Err(PageError::Foreign);
    }
    Ok((Request::from_parts(parts, Body::from(body)), turn))
}

/// Waits until a large body may be read, which only so many are at once; a small one asks for no turn.
async fn turn(visit: &Visit, route: &Route, told: Option<usize>) -> Result<Option<Turn>, PageError> {
    if route.most_bytes <= FORM_BYTES || told.is_some_and(|bytes| bytes <= FORM_BYTES) {
        return Ok(None);
    }
    visit.site.large().take().await.map(Some)
}

/// How long a body is, as its head says.
fn told_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// The request with its body read, when it comes from a page of this site, in good time, and is not too large.
async fn measured(visit: &Visit, most_bytes: usize, request: Request) -> Result<Request, PageError> {
    if !same_site(visit, request.headers()) {
        return Err(PageError::Foreign);
    }
    let (parts, body) = request.into_parts();
    if told_bytes(&parts.headers).is_some_and(|bytes| bytes > most_bytes) {
        return Err(PageError::TooLarge);
    }
    let body = pace::read(body, most_bytes, visit.site.config().limits.pace).await?;
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Does the browser say that the request comes from this site? What is no browser says nothing, and has no session
/// of anybody's to lend.
fn same_site(visit: &Visit, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin" | "none"), _) => true,
        (Some(_), _) => false,
        (None, Some(origin)) => {
            let host = origin.strip_prefix(visit.scheme()).and_then(|rest| rest.strip_prefix("://"));
            host.is_some_and(|host| host.eq_ignore_ascii_case(&visit.host))
        }
        (None, None) => true,
    }
}

/// The token a form carries.
async fn token(headers: &HeaderMap, body: &Bytes) -> Option<String> {
    let of = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if of.starts_with("application/x-www-form-urlencoded") {
        let mut fields = form_urlencoded::parse(body);
        return fields.find_map(|(name, value)| (name == TOKEN).then(|| value.into_owned()));
    }
    if !of.starts_with("multipart/form-data") {
        return None;
    }
    let mut request = Request::new(Body::from(body.clone()));
    request.headers_mut().insert(header::CONTENT_TYPE, headers.get(header::CONTENT_TYPE)?.clone());
    // It was measured; a large file behind the token does not hide it.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut parts = Multipart::from_request(request, &()).await.ok()?;
    while let Ok(Some(part)) = parts.next_field().await {
        if part.name() == Some(TOKEN) {
            return part.text().await.ok();
        }
    }
    None
}

/// Are they the same? Digests are compared, so that the time taken says nothing of either.
fn same(given: &str, expected: &str) -> bool {
    !expected.is_empty() && Sha256::digest(given) == Sha256::digest(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_found_before_a_file_however_large() {
        let field = "--x\r\ncontent-disposition: form-data; name=";
        let (token_part, file_part) = ("\"csrf\"\r\n\r\nabc\r\n", "\"f\"; filename=\"a\"\r\n\r\n");
        let head = format!("{field}{token_part}{field}{file_part}");
        let body = [head.as_bytes(), &vec![b'a'; 5 << 20], b"\r\n--x--\r\n"].concat();
        let mut headers = HeaderMap::new();
        let of = HeaderValue::from_static("multipart/form-data; boundary=x");
        headers.insert(header::CONTENT_TYPE, of);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(token(&headers, &body.into())).as_deref(), Some("abc"));
    }

    #[test]
    fn files_of_strangers_are_read_one_form_at_a_time() {
        let small = Route::post("/a", Access::Person, Audit::Act, || axum::routing::post(|| async {}));
        let large = Route { most_bytes: 100 << 20, ..small };
        let (bytes, alone) = of_stranger(&large);
        assert_eq!((bytes, alone.is_some()), (100 << 20, true));
        assert_eq!(of_stranger(&large).0, FORM_BYTES);
        assert_eq!(of_stranger(&small).0, FORM_BYTES);
        drop(alone);
        assert_eq!(of_stranger(&large).0, 100 << 20);
    }
}
