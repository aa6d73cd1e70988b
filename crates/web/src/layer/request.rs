//! The outermost layer: a name for the request, limits, the session, errors dressed as pages, headers, the time taken.
//!
//! Source: Content Security Policy Level 3; RFC 6797; Server Timing.

use crate::api;
use crate::came::is_loopback;
use crate::error::{Fault, PageError};
use crate::limit::Asking;
use crate::session::{Place, Session};
use crate::site::Site;
use crate::visit::{RequestId, Visit, cookie, session_cookie};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use model::Instant;

/// Nothing but our own files; no script, style or frame in or around a page.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

pub(crate) async fn pass(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let began = site.now();
    let name = match site.draw() {
        Ok(bytes) => RequestId::of(bytes),
        // A request without a name is still answered; the report shows that there was none.
        Err(_) => RequestId::of([0; 16]),
    };
    let mut visit = Visit::of(&site, &request, name, began);
    let json = wants_json(&request);
    let cookie = cookie(request.headers(), session_cookie(visit.secure)).map(ToOwned::to_owned);
    // Of files that never change nobody asks often.
    let admitted = if request.uri().path().starts_with("/assets/") {
        Ok(())
    } else if request.uri().path().starts_with("/api/") {
        let headers = request.headers().clone();
        applied(&site, &mut visit, &headers).await
    } else {
        admitted(&site, &mut visit, cookie, is_quiet(request.headers())).await
    };
    let response = match admitted {
        Ok(()) => {
            request.extensions_mut().insert(visit.clone());
            next.run(request).await
        }
        Err(error) => error.into_response(),
    };
    headers(&site, &visit, dressed(&visit, response, json))
}

/// Limits, and whose session it is.
async fn admitted(
    site: &Site,
    visit: &mut Visit,
    cookie: Option<String>,
    quiet: bool,
) -> Result<(), PageError> {
    let asking = Asking::from(visit.address.map(|address| address.ip()));
    site.buckets().take(asking, visit.began).map_err(PageError::TooMany)?;
    let Some(cookie) = cookie else { return Ok(()) };
    visit.cookie = Some(cookie.clone());
    let (site_too, now, place) = (site.clone(), visit.began, visit.place.clone());
    let asked = move || sessions_of(&site_too, &cookie, &place, now, quiet);
    let found = tokio::task::spawn_blocking(asked).await;
    (visit.session, visit.enrolling) = found.map_err(PageError::failed)??;
    match &visit.session {
        Some(session) => {
            site.buckets().take(Asking::Session(session.id), visit.began).map_err(PageError::TooMany)
        }
        None => Ok(()),
    }
}

/// Limits, and which application it is. Cookies say nothing here.
async fn applied(site: &Site, visit: &mut Visit, headers: &HeaderMap) -> Result<(), PageError> {
    let asking = Asking::from(visit.address.map(|address| address.ip()));
    site.buckets().take(asking, visit.began).map_err(PageError::TooMany)?;
    api::bearer(site, visit, headers).await?;
    visit.focus = None;
    match &visit.session {
        Some(session) => {
            site.buckets().take(Asking::Session(session.id), visit.began).map_err(PageError::TooMany)
        }
        None => Ok(()),
    }
}

/// Does a page ask of its own accord, with nobody using it? Whoever says so untruly shortens a session of their own.
fn is_quiet(headers: &HeaderMap) -> bool {
    let streams = headers.get(header::ACCEPT).is_some_and(|accept| accept == "text/event-stream");
    streams || headers.contains_key("x-ward-quiet")
}

/// The session of a cookie; else the one in which factors are set.
fn sessions_of(
    site: &Site,
    cookie: &str,
    place: &Place,
    now: Instant,
    quiet: bool,
) -> Result<(Option<Session>, Option<Session>), PageError> {
    let found = match quiet {
        true => site.sessions().glance(cookie, place, now),
        false => site.sessions().session(cookie, place, now),
    };
    match found {
        Some(session) => Ok((Some(session), None)),
        None => Ok((None, site.door().enrolling(cookie, place, now)?)),
    }
}

/// Errors as pages, in the reader's language; failures are reported.
fn dressed(visit: &Visit, mut response: Response, json: bool) -> Response {
    let fault = response.extensions_mut().remove::<Fault>();
    let status = response.status();
    let fault = match fault {
        Some(fault) => fault,
        None if (status.is_client_error() || status.is_server_error()) && !is_ours(&response) => {
            Fault::of_status(status)
        }
        None => return response,
    };
    if let Some(causes) = &fault.causes {
        (visit.site.config().report)(visit.request, causes);
    }
    let mut dressed = fault.dressed(visit, json);
    for name in [header::ALLOW, header::LOCATION, HeaderName::from_static("hx-redirect")] {
        if let Some(value) = response.headers().get(&name) {
            dressed.headers_mut().insert(name, value.clone());
        }
    }
    dressed
}

/// Has a handler written a body of its own?
fn is_ours(response: &Response) -> bool {
    let of = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    of.is_some_and(|of| !of.starts_with("text/plain"))
}

fn wants_json(request: &Request) -> bool {
    let accept =
        request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    request.uri().path().starts_with("/api/") || accept.starts_with("application/json")
}

fn headers(site: &Site, visit: &Visit, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut fixed = vec![
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), \
             publickey-credentials-create=(self), publickey-credentials-get=(self)",
        ),
    ];
    // For a name only: browsers heed it for nothing else (RFC 6797 §8.1.1). This machine's own name is everybody's.
    if visit.secure && visit.asked().parse::<std::net::IpAddr>().is_err() && !is_loopback(&visit.host) {
        fixed.push((header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"));
    }
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // Pages are for one reader alone.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let taken = site.now().as_micros() - visit.began.as_micros();
    // Strangers are not told: how long a sign-in took would tell them whether there is such an account.
    let timing = visit
        .session
        .as_ref()
        .map(|_| format!("app;dur={}.{:03}", taken.max(0) / 1_000, taken.max(0) % 1_000));
    for (name, value) in [("server-timing", timing), ("x-request-id", Some(visit.request.to_string()))] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
