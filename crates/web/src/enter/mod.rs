//! Signing in and out: name and password, second factor, passkeys; what to do once a session is over.
//!
//! Invariants: a stranger gets the same page, with the same status, whether the account exists or not; a sign-in that is
//! half done is known by a cookie of its own, which no script reads; where one is led afterwards is a page of this site.
//! Does not: check a factor, count tries (`signin` does).
//! Source: NIST SP 800-63B §5, §7; OWASP ASVS 5.0, V6, V7; WCAG 2.2, 3.3.8.

mod again;
mod enrol;
mod factor;
mod field;
mod first;
mod jar;
mod passkey;
mod recover;
mod second;
mod words;

pub(crate) use again::{AGAIN, over};
pub(crate) use enrol::new_password;
pub(crate) use factor::{CodesPage, good};
pub(crate) use field::Field;
pub(crate) use jar::{Jar, touring};

use crate::component::{Notice, Tone};
use crate::error::{PageError, PageResult};
use crate::route::{Access, Audit, Route};
use crate::shell::is_local;
use crate::visit::Visit;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect};
use axum::routing::{get, post};
use model::{Instant, Told};
use signin::{NewSession, Refusal};
use std::time::Duration;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/sign-in", Access::Anyone, Audit::None, || get(first::page)),
    Route::post("/sign-in", Access::Anyone, Audit::Act, || post(first::take)),
    Route::get("/sign-in/second", Access::Anyone, Audit::None, || get(second::page)),
    Route::post("/sign-in/second", Access::Anyone, Audit::Act, || post(second::take)),
    Route::post("/sign-in/ask", Access::Anyone, Audit::None, || post(passkey::ask)),
    Route::post("/sign-in/passkey", Access::Anyone, Audit::Act, || post(passkey::take)),
    Route::post("/sign-out", Access::Enrolling, Audit::Act, || post(out)),
    Route::get("/recover", Access::Anyone, Audit::None, || get(recover::page)),
    Route::post("/recover", Access::Anyone, Audit::Act, || post(recover::take)),
    Route::get("/enrol", Access::Enrolling, Audit::None, || get(enrol::page)),
    Route::post("/factors/password", Access::Enrolling, Audit::Act, || post(factor::password)),
    Route::post("/factors/otp", Access::Enrolling, Audit::None, || post(factor::begin_otp)),
    Route::post("/factors/otp/confirm", Access::Enrolling, Audit::Act, || post(factor::confirm_otp)),
    Route::post("/factors/otp/remove", Access::Person, Audit::Act, || post(factor::remove_otp)),
    Route::post("/factors/passkey/ask", Access::Enrolling, Audit::None, || post(factor::ask_passkey)),
    Route::post("/factors/passkey", Access::Enrolling, Audit::Act, || post(factor::add_passkey)),
    Route::post("/factors/passkey/remove", Access::Person, Audit::Act, || post(factor::remove_passkey)),
    Route::post("/factors/codes", Access::Enrolling, Audit::Act, || post(factor::codes)),
    Route::get("/words", Access::Person, Audit::None, || get(words::page)),
    Route::post("/words", Access::Person, Audit::None, || post(words::read)),
    Route::post(AGAIN, Access::Anyone, Audit::None, || post(again::page)).without_token(),
];

/// Where to go once signed in: a page of this site, or the first one.
pub(crate) fn onward(to: Option<&str>) -> String {
    to.filter(|to| is_local(to)).unwrap_or("/").to_owned()
}

/// A refusal as a notice on the page it happened on; failures of ours are no notices.
pub(crate) fn refused<'v>(visit: &'v Visit, refusal: Refusal) -> Result<Notice<'v>, PageError> {
    match refusal {
        Refusal::Desk(refused) if matches!(refused.code(), "unavailable" | "stopped" | "no-pack") => {
            Err(refused.into())
        }
        Refusal::Wait { until: Some(until) } => {
            let text = visit.language.told(&waits(visit, until)).to_owned();
            Ok(Notice::new(visit, Tone::Bad, text))
        }
        refusal => {
            let text = visit.language.told(&refusal.told()).to_owned();
            Ok(Notice::new(visit, Tone::Bad, text))
        }
    }
}

/// Until when nothing is looked at, by the clock people have.
fn waits(visit: &Visit, until: Instant) -> Told {
    // Minutes are shown; the one that is begun counts.
    let until = until.plus(Duration::from_secs(59));
    let seen = visit.site.desk().seen();
    let zone = seen.packs.current().map(|pack| &pack.zone);
    let at = zone.map_or_else(|| until.to_string(), |zone| crate::roc::moment(visit.language, zone, until));
    Told::new(
        format!("登入失敗次數過多，請於 {at} 後再試。"),
        format!("Too many tries have failed; try again after {at}."),
    )
}

/// A page for strangers, or for those who only set factors.
pub(crate) fn shown(status: StatusCode, page: &impl askama::Template) -> PageResult {
    Ok((status, Html(page.render()?)).into_response())
}

/// Lets somebody in who has shown who they are. What there is to tell them about their account comes first.
pub(crate) fn let_in(visit: &Visit, new: &NewSession, to: &str) -> PageResult {
    // Whoever signs in anew leaves the session that was here.
    if let Some(cookie) = &visit.cookie {
        visit.site.door().sign_out(cookie, visit.began)?;
    }
    let mut jar = Jar::of(visit);
    jar.open(&new.cookie);
    jar.forget_pending();
    jar.end_tour();
    let to = jar.take_next(to);
    let words = visit.site.door().words(new.session.person)?;
    let place = if new.enrolling {
        "/enrol".to_owned()
    } else if words.is_empty() {
        to
    } else {
        format!("/words?to={}", crate::component::query_value(&to))
    };
    Ok(jar.into_response(Redirect::to(&place).into_response()))
}

/// Ends the session.
async fn out(visit: Visit) -> PageResult {
    visit
        .run(|visit| {
            if let Some(cookie) = &visit.cookie {
                visit.site.door().sign_out(cookie, visit.began)?;
            }
            let mut jar = Jar::of(visit);
            jar.close();
            let place = if visit.enrolling.is_some() { "/sign-in?set" } else { "/sign-in?out" };
            let mut response = jar.into_response(Redirect::to(place).into_response());
            let cleared = HeaderValue::from_static("\"storage\"");
            response.headers_mut().insert("clear-site-data", cleared);
            Ok(response)
        })
        .await
}

impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Desk(refused) => refused.into(),
            Refusal::Nothing => Self::NotFound,
            refusal => Self::Refused(refusal.told()),
        }
    }
}

/// A form as it was posted, urlencoded; nothing is taken off what was typed.
pub(crate) struct Sent(Vec<(String, String)>);

impl Sent {
    pub(crate) fn read(body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(body);
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// A value as it is; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// A value without blanks around it.
    pub(crate) fn typed(&self, name: &str) -> &str {
        self.text(name).trim()
    }

    /// All values of a name.
    pub(crate) fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Is the name there, with whatever value?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }
}
