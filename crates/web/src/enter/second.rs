//! The second factor: a one-time code, a passkey, or a recovery code.

use super::jar::Half;
use super::{Field, Jar, Sent, let_in, onward, refused, shown};
use crate::component::Notice;
use crate::error::PageResult;
use crate::visit::Visit;
use askama::Template;
use axum::body::Bytes;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use signin::Refusal;

#[derive(Template)]
#[template(path = "enter/second.html")]
struct SecondPage<'v> {
    cx: &'v Visit,
    notice: Option<Notice<'v>>,
    code: Option<Field<'v>>,
    passkey: bool,
    recovery: Option<Field<'v>>,
    to: String,
}

impl<'v> SecondPage<'v> {
    fn new(cx: &'v Visit, half: &Half, to: String, notice: Option<Notice<'v>>) -> Self {
        let code = Field::code(cx, "code", cx.t("一次性驗證碼", "One-time code")).help(
            cx.t("請輸入驗證程式目前顯示之 6 位數字。", "The six digits your authenticator app shows now."),
        );
        let recovery = Field::text(cx, "recovery", cx.t("復原碼", "Recovery code"), "off")
            .help(cx.t("每組復原碼僅能使用一次。", "Each of them serves once."));
        Self {
            cx,
            notice,
            code: half.otp.then_some(code),
            passkey: half.passkey && cx.no_passkey().is_none(),
            recovery: half.recovery.then_some(recovery),
            to,
        }
    }
}

pub(super) async fn page(visit: Visit, RawQuery(query): RawQuery) -> PageResult {
    let to = onward(Some(Sent::read(query.unwrap_or_default().as_bytes()).text("to")));
    let Some(half) = Jar::of(&visit).half() else { return Ok(begin_again(&to)) };
    shown(StatusCode::OK, &SecondPage::new(&visit, &half, to, None))
}

pub(super) async fn take(visit: Visit, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let to = onward(Some(sent.text("to")));
            let Some(half) = Jar::of(visit).half() else { return Ok(begin_again(&to)) };
            let (door, place, now) = (visit.site.door(), &visit.place, visit.began);
            let taken = match sent.typed("recovery") {
                "" => door.otp(&half.token, sent.typed("code"), place, now),
                recovery => door.recovery_code(&half.token, recovery, place, now),
            };
            match taken {
                Ok(new) => let_in(visit, &new, &to),
                Err(Refusal::Stale) => {
                    let mut jar = Jar::of(visit);
                    jar.forget_pending();
                    Ok(jar.into_response(begin_again(&to)))
                }
                Err(refusal) => {
                    let notice = refused(visit, refusal)?;
                    shown(StatusCode::UNPROCESSABLE_ENTITY, &SecondPage::new(visit, &half, to, Some(notice)))
                }
            }
        })
        .await
}

fn begin_again(to: &str) -> axum::response::Response {
    Redirect::to(&format!("/sign-in?stale&to={}", crate::component::query_value(to))).into_response()
}
