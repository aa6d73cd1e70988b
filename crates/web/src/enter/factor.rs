//! Setting and taking away factors, for those who are signed in and for those who set their first ones.
//!
//! Invariant: in a full session nothing is changed unless the password is given again with it.
//! Does not: say what makes a password good, keep a secret (`signin` does).
//! Source: OWASP ASVS 5.0, V6.2, V7.5 (re-authentication); NIST SP 800-63B §6.1.2.

use super::{Field, Sent, enrol, refused, shown};
use crate::component::{Notice, Tone};
use crate::error::{PageError, PageResult};
use crate::given;
use crate::settings;
use crate::visit::Visit;
use askama::Template;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use serde_json::json;
use signin::{Refusal, Session};

/// What somebody wants changed, or why it was not.
type Changed = Result<(), Refusal>;

/// Changes something, after the password was given again where the session is a full one; shows where it stands.
async fn change(
    visit: Visit,
    body: Bytes,
    change: impl FnOnce(&Visit, &Session, &Sent) -> Changed + Send + 'static,
) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let session = who(visit)?;
            let done = step_up(visit, &session, &sent).and_then(|()| change(visit, &session, &sent));
            match done {
                Ok(()) => Ok(Redirect::to(back(visit)).into_response()),
                Err(refusal) => not_done(visit, refusal),
            }
        })
        .await
}

/// The session, full or only for this.
fn who(visit: &Visit) -> Result<Session, PageError> {
    visit.session.clone().or_else(|| visit.enrolling.clone()).ok_or(PageError::SignedOut)
}

/// The password once more, in a full session.
fn step_up(visit: &Visit, session: &Session, sent: &Sent) -> Changed {
    if visit.enrolling.is_some() {
        return Ok(());
    }
    visit.site.door().check_password(session, sent.text("password"), visit.began)
}

/// Where factors are shown.
const fn back(visit: &Visit) -> &'static str {
    if visit.enrolling.is_some() { "/enrol" } else { "/settings" }
}

fn not_done(visit: &Visit, refusal: Refusal) -> PageResult {
    let notice = refused(visit, refusal)?;
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    if visit.enrolling.is_some() {
        enrol::missing(visit, status, Some(notice))
    } else {
        settings::again(visit, notice)
    }
}

pub(super) async fn password(visit: Visit, body: Bytes) -> PageResult {
    change(visit, body, |visit, session, sent| {
        if sent.text("new") != sent.text("again") {
            let told = model::Told::new("兩次輸入之新密碼不同", "The two new passwords differ");
            return Err(Refusal::Input(told));
        }
        let before = visit.session.is_some().then(|| sent.text("password"));
        visit.site.door().set_password(session, before, sent.text("new"), visit.began)
    })
    .await
}

#[derive(Template)]
#[template(path = "enter/otp.html")]
struct OtpPage<'v> {
    cx: &'v Visit,
    notice: Option<Notice<'v>>,
    token: String,
    /// Picture and secret, shown once.
    offer: Option<(String, String)>,
    code: Field<'v>,
    back: &'static str,
}

/// Shows what an app reads. It counts once a first code was right.
pub(super) async fn begin_otp(visit: Visit, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let session = who(visit)?;
            let door = visit.site.door();
            let offer =
                match step_up(visit, &session, &sent).and_then(|()| door.begin_totp(&session, visit.began)) {
                    Ok(offer) => offer,
                    Err(refusal) => return not_done(visit, refusal),
                };
            let picture = data_encoding::BASE64.encode(offer.picture.as_bytes());
            let shown_as = Some((picture, grouped(&offer.secret)));
            shown(StatusCode::OK, &otp_page(visit, offer.token, shown_as, None))
        })
        .await
}

fn otp_page<'v>(
    cx: &'v Visit,
    token: String,
    offer: Option<(String, String)>,
    notice: Option<Notice<'v>>,
) -> OtpPage<'v> {
    let code = Field::code(cx, "code", cx.t("程式目前顯示之 6 位數字", "The six digits the app shows now"));
    OtpPage { cx, notice, token, offer, code, back: back(cx) }
}

pub(super) async fn confirm_otp(visit: Visit, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let session = who(visit)?;
            let token = sent.text("token");
            match visit.site.door().confirm_totp(&session, token, sent.typed("code"), visit.began) {
                Ok(()) => Ok(Redirect::to(back(visit)).into_response()),
                Err(refusal @ Refusal::Code) => {
                    let notice = refused(visit, refusal)?;
                    let page = otp_page(visit, token.to_owned(), None, Some(notice));
                    shown(StatusCode::UNPROCESSABLE_ENTITY, &page)
                }
                Err(refusal) => not_done(visit, refusal),
            }
        })
        .await
}

/// A secret as it is copied: in groups of four.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

pub(super) async fn remove_otp(visit: Visit, body: Bytes) -> PageResult {
    change(visit, body, |visit, session, _| visit.site.door().remove_totp(session, visit.began)).await
}

/// What to ask the browser for. The password comes with the question, so that nothing is made in vain.
pub(super) async fn ask_passkey(visit: Visit, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let session = who(visit)?;
            if let Some(told) = visit.no_passkey() {
                return Err(PageError::Refused(told));
            }
            step_up(visit, &session, &sent)?;
            let offer = visit.site.door().begin_passkey(&session, visit.began)?;
            given::json(StatusCode::OK, &json!({ "token": offer.token, "options": offer.options }))
        })
        .await
}

/// The browser's answer to a question for which the password was given.
pub(super) async fn add_passkey(visit: Visit, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let session = who(visit)?;
            let answer = serde_json::from_str(sent.text("answer")).unwrap_or_default();
            match visit.site.door().finish_passkey(&session, sent.text("token"), &answer, visit.began) {
                Ok(_) => Ok(Redirect::to(back(visit)).into_response()),
                Err(refusal) => not_done(visit, refusal),
            }
        })
        .await
}

pub(super) async fn remove_passkey(visit: Visit, body: Bytes) -> PageResult {
    change(visit, body, |visit, session, sent| {
        let id = data_encoding::HEXLOWER.decode(sent.text("credential").as_bytes());
        let id = id.map_err(|_| Refusal::Nothing)?;
        visit.site.door().remove_passkey(session, &id, visit.began)
    })
    .await
}

#[derive(Template)]
#[template(path = "enter/codes.html")]
pub(crate) struct CodesPage<'v> {
    pub(crate) cx: &'v Visit,
    /// Whose they are: account name.
    pub(crate) login: String,
    pub(crate) codes: Vec<String>,
    pub(crate) back: &'static str,
}

/// Gives out recovery codes; they are on this page and nowhere else.
pub(super) async fn codes(visit: Visit, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let session = who(visit)?;
            let door = visit.site.door();
            let given = step_up(visit, &session, &sent)
                .and_then(|()| door.give_recovery_codes(&session, visit.began));
            match given {
                Ok(codes) => {
                    let login = login_of(visit, &session);
                    shown(StatusCode::OK, &CodesPage { cx: visit, login, codes, back: back(visit) })
                }
                Err(refusal) => not_done(visit, refusal),
            }
        })
        .await
}

fn login_of(visit: &Visit, session: &Session) -> String {
    let seen = visit.site.desk().seen();
    let details = seen.roster.person(session.person).and_then(|person| person.details.as_ref());
    details.map_or_else(String::new, |details| details.login.to_string())
}

/// A notice that something is done.
pub(crate) fn good<'v>(visit: &'v Visit, text: &str) -> Notice<'v> {
    Notice::new(visit, Tone::Good, text)
}
