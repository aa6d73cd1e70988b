//! Cookies of signing in: the session's, that of a sign-in which is half done, where to go first, and the step of a tour.
//!
//! Invariant: no script reads one; over HTTPS none travels in clear, and browsers hold it to this host alone.
//! Source: RFC 6265bis (prefixes, SameSite); OWASP ASVS 5.0, V3.3.

use crate::visit::{Visit, session_cookie};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use signin::Pending;

/// Cookies on their way to the browser.
pub(crate) struct Jar<'v> {
    visit: &'v Visit,
    set: Vec<String>,
}

/// A sign-in that is half done, as its cookie tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Half {
    pub(super) token: String,
    pub(super) otp: bool,
    pub(super) passkey: bool,
    pub(super) recovery: bool,
}

/// Seconds a half sign-in lasts at most.
const HALF: u32 = 600;
/// Seconds the way after the first start is remembered.
const NEXT: u32 = 86_400;

const fn half_cookie(secure: bool) -> &'static str {
    if secure { "__Host-ward-half" } else { "ward_half" }
}

const fn next_cookie(secure: bool) -> &'static str {
    if secure { "__Host-ward-next" } else { "ward_next" }
}

const fn tour_cookie(secure: bool) -> &'static str {
    if secure { "__Host-ward-tour" } else { "ward_tour" }
}

/// The step of a tour that is kept.
pub(crate) fn touring(visit: &Visit) -> Option<&str> {
    visit.cookie_of(tour_cookie(visit.secure))
}

impl<'v> Jar<'v> {
    pub(crate) const fn of(visit: &'v Visit) -> Self {
        Self { visit, set: Vec::new() }
    }

    /// The browser keeps the session until it is closed; the server ends it earlier.
    pub(crate) fn open(&mut self, value: &str) {
        self.put(session_cookie(self.visit.secure), value, "Lax", None);
    }

    pub(super) fn close(&mut self) {
        self.put(session_cookie(self.visit.secure), "", "Lax", Some(0));
    }

    pub(super) fn keep_pending(&mut self, pending: &Pending) {
        let flag = |on: bool, letter: &'static str| if on { letter } else { "" };
        let flags =
            [flag(pending.otp, "o"), flag(pending.passkey, "p"), flag(pending.recovery, "r")].concat();
        let value = format!("{}.{flags}", pending.token);
        self.put(half_cookie(self.visit.secure), &value, "Strict", Some(HALF));
    }

    pub(super) fn forget_pending(&mut self) {
        if self.half().is_some() {
            self.put(half_cookie(self.visit.secure), "", "Strict", Some(0));
        }
    }

    /// The sign-in that is half done.
    pub(super) fn half(&self) -> Option<Half> {
        let value = self.visit.cookie_of(half_cookie(self.visit.secure))?;
        let (token, flags) = value.split_once('.')?;
        let has = |letter: char| flags.contains(letter);
        Some(Half { token: token.to_owned(), otp: has('o'), passkey: has('p'), recovery: has('r') })
    }

    /// After the next sign-in this page comes first.
    pub(crate) fn keep_next(&mut self, path: &str) {
        self.put(next_cookie(self.visit.secure), path, "Lax", Some(NEXT));
    }

    /// The page that comes first, where nobody asked for another.
    pub(super) fn take_next(&mut self, to: &str) -> String {
        let name = next_cookie(self.visit.secure);
        let next =
            self.visit.cookie_of(name).filter(|next| crate::shell::is_local(next)).map(ToOwned::to_owned);
        let Some(next) = next else { return to.to_owned() };
        self.put(name, "", "Lax", Some(0));
        if to == "/" { next } else { to.to_owned() }
    }

    /// Somebody is led on a tour, and is at this step.
    pub(crate) fn keep_tour(&mut self, step: &str) {
        self.put(tour_cookie(self.visit.secure), step, "Lax", None);
    }

    /// Nobody is led any more.
    pub(crate) fn end_tour(&mut self) {
        if touring(self.visit).is_some() {
            self.put(tour_cookie(self.visit.secure), "", "Lax", Some(0));
        }
    }

    pub(crate) fn into_response(self, mut response: Response) -> Response {
        for cookie in self.set {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        response
    }

    fn put(&mut self, name: &str, value: &str, same_site: &str, seconds: Option<u32>) {
        let secure = if self.visit.secure { "; Secure" } else { "" };
        let age = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        self.set.push(format!("{name}={value}; Path=/; SameSite={same_site}; HttpOnly{age}{secure}"));
    }
}
