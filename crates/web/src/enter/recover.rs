//! Coming with what was handed over: the code of an invitation or a recovery, or its two halves.
//!
//! Invariant: the same page, with the same status, whether the account exists or not.
//! Source: NIST SP 800-63B §6.1.2.3; regulation 24.3.3.

use super::{Field, Sent, let_in, refused, shown};
use crate::component::Notice;
use crate::error::PageResult;
use crate::visit::Visit;
use askama::Template;
use axum::body::Bytes;
use axum::http::StatusCode;

#[derive(Template)]
#[template(path = "enter/recover.html")]
struct RecoverPage<'v> {
    cx: &'v Visit,
    notice: Option<Notice<'v>>,
    fields: [Field<'v>; 3],
}

impl<'v> RecoverPage<'v> {
    fn new(cx: &'v Visit, login: &str, notice: Option<Notice<'v>>) -> Self {
        let fields = [
            Field::text(cx, "login", cx.t("帳號名稱", "Account name"), "username").holding(login),
            Field::text(cx, "first", cx.t("代碼", "Code"), "off"),
            Field::text(cx, "second", cx.t("第二組代碼", "Second code"), "off").optional().help(cx.t(
                "復原須由兩人各核發一組；首次登入僅有一組。",
                "A recovery takes one from each of two people; a first sign-in takes one only.",
            )),
        ];
        Self { cx, notice, fields }
    }
}

pub(super) async fn page(visit: Visit) -> PageResult {
    shown(StatusCode::OK, &RecoverPage::new(&visit, "", None))
}

pub(super) async fn take(visit: Visit, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            let (login, codes) = (sent.typed("login"), [sent.typed("first"), sent.typed("second")]);
            match visit.site.door().redeem(login, codes, &visit.place, visit.began) {
                Ok(new) => let_in(visit, &new, "/"),
                Err(refusal) => {
                    let notice = refused(visit, refusal)?;
                    let page = RecoverPage::new(visit, login, Some(notice));
                    shown(StatusCode::UNPROCESSABLE_ENTITY, &page)
                }
            }
        })
        .await
}
