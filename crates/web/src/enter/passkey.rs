//! Signing in with a passkey: what to ask the browser, and its answer. It takes a script; the password does not.

use super::{Jar, Sent, let_in, onward, refused, shown};
use crate::component::Notice;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::visit::Visit;
use askama::Template;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use serde_json::json;

/// What to ask the browser for: for the sign-in that is half done, or with whatever passkey there is.
pub(super) async fn ask(visit: Visit, RawQuery(query): RawQuery) -> PageResult {
    let of_half = query.is_some_and(|query| query == "half");
    visit
        .run(move |visit| {
            if let Some(told) = visit.no_passkey() {
                return Err(PageError::Refused(told));
            }
            let half = Jar::of(visit).half().filter(|_| of_half);
            let asked =
                visit.site.door().passkey_ask(half.as_ref().map(|half| half.token.as_str()), visit.began)?;
            given::json(StatusCode::OK, &json!({ "token": asked.token, "options": asked.options }))
        })
        .await
}

#[derive(Template)]
#[template(path = "enter/passkey.html")]
struct RefusedPage<'v> {
    cx: &'v Visit,
    notice: Notice<'v>,
    again: String,
}

pub(super) async fn take(visit: Visit, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let to = onward(Some(sent.text("to")));
            let answer = serde_json::from_str(sent.text("answer")).unwrap_or_default();
            match visit.site.door().passkey(sent.text("token"), &answer, &visit.place, visit.began) {
                Ok(new) => let_in(visit, &new, &to),
                Err(refusal) => {
                    let notice = refused(visit, refusal)?;
                    let again = format!("/sign-in?to={}", crate::component::query_value(&to));
                    shown(StatusCode::UNPROCESSABLE_ENTITY, &RefusedPage { cx: visit, notice, again })
                }
            }
        })
        .await
}
