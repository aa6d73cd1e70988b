//! The first page of signing in: account name and password, or a passkey straight away.

use super::{Field, Jar, Sent, let_in, onward, refused, shown};
use crate::component::{Notice, Tone};
use crate::error::{PageError, PageResult};
use crate::visit::Visit;
use askama::Template;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use signin::Begun;

#[derive(Template)]
#[template(path = "enter/first.html")]
struct SignInPage<'v> {
    cx: &'v Visit,
    notice: Option<Notice<'v>>,
    fields: [Field<'v>; 2],
    to: String,
    /// Why no passkey can be used; none where one can.
    no_passkey: Option<String>,
    /// Is the server's certificate one of the installation's own authority?
    own_authority: bool,
}

impl<'v> SignInPage<'v> {
    fn new(cx: &'v Visit, login: &str, to: String, notice: Option<Notice<'v>>) -> Self {
        let own_authority = cx.secure && cx.site.machine().authority().is_some();
        let no_passkey = cx.no_passkey().map(|told| cx.language.told(&told).to_owned());
        let fields = [
            Field::text(cx, "login", cx.t("帳號名稱", "Account name"), "username webauthn").holding(login),
            Field::password(cx, "password", cx.t("密碼", "Password"), "current-password"),
        ];
        Self { cx, notice, fields, to, no_passkey, own_authority }
    }
}

pub(super) async fn page(visit: Visit, RawQuery(query): RawQuery) -> PageResult {
    let query = Sent::read(query.unwrap_or_default().as_bytes());
    let to = onward(Some(query.text("to")));
    if visit.session.is_some() {
        return Ok(Redirect::to(&to).into_response());
    }
    visit
        .run(move |visit| {
            let notice = why(visit, &query).map(|(tone, text)| Notice::new(visit, tone, text));
            shown(StatusCode::OK, &SignInPage::new(visit, "", to, notice))
        })
        .await
}

/// Why somebody comes here, as the address says.
fn why(visit: &Visit, query: &Sent) -> Option<(Tone, &'static str)> {
    let t = |zh: &'static str, en: &'static str| visit.language.of(zh, en);
    if query.has("out") {
        return Some((Tone::Good, t("您已登出。", "You are signed out.")));
    }
    if query.has("set") {
        let text = t("設定完成，請以新設定登入。", "All is set. Sign in with what you have set.");
        return Some((Tone::Good, text));
    }
    if query.has("stale") {
        let text = t("登入逾時，請重新開始。", "The sign-in took too long. Begin again.");
        return Some((Tone::Warning, text));
    }
    // A browser that brings a cookie of a session which is over was signed in before.
    let over = visit.cookie.is_some() && query.has("to");
    over.then(|| {
        (
            Tone::Info,
            t(
                "您已逾時或已被登出，登入後將回到原頁面。",
                "Your session is over. Sign in, and you are led back to where you were.",
            ),
        )
    })
}

pub(super) async fn take(visit: Visit, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let to = onward(Some(sent.text("to")));
            let (login, password) = (sent.typed("login"), sent.text("password"));
            match visit.site.door().begin(login, password, &visit.place, visit.began) {
                Ok(Begun::Session(new)) => let_in(visit, &new, &to),
                Ok(Begun::SecondFactor(pending)) => {
                    let mut jar = Jar::of(visit);
                    jar.keep_pending(&pending);
                    let place = format!("/sign-in/second?to={}", crate::component::query_value(&to));
                    Ok(jar.into_response(Redirect::to(&place).into_response()))
                }
                Err(refusal) => {
                    let notice = refused(visit, refusal)?;
                    let page = SignInPage::new(visit, login, to, Some(notice));
                    shown(StatusCode::UNPROCESSABLE_ENTITY, &page)
                }
            }
        })
        .await
}

impl Visit {
    /// Does what may block on a thread of its own.
    ///
    /// # Errors
    /// What `work` fails with.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, PageError> + Send + 'static,
    ) -> Result<T, PageError> {
        let visit = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&visit)).await;
        done.map_err(PageError::failed)?
    }
}
