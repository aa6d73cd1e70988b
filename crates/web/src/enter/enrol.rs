//! Setting the first factors: what is still missing, one after the other. Nothing else can be done meanwhile.
//!
//! Nobody is given a password by somebody else: whoever comes with a code sets their own.

use super::{Field, shown};
use crate::component::Notice;
use crate::error::{PageError, PageResult};
use crate::visit::Visit;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use signin::Factors;

#[derive(Template)]
#[template(path = "enter/enrol.html")]
pub(super) struct EnrolPage<'v> {
    cx: &'v Visit,
    name: String,
    factors: Factors,
    password: [Field<'v>; 2],
    no_passkey: Option<String>,
    notice: Option<Notice<'v>>,
}

impl EnrolPage<'_> {
    const fn has_password(&self) -> bool {
        self.factors.password_at.is_some()
    }

    const fn has_second(&self) -> bool {
        self.factors.otp_at.is_some() || !self.factors.passkeys.is_empty()
    }

    const fn has_codes(&self) -> bool {
        self.factors.recovery_left > 0
    }
}

/// What is missing, with what went wrong just now.
pub(super) fn missing(visit: &Visit, status: StatusCode, notice: Option<Notice<'_>>) -> PageResult {
    let session = visit.enrolling.as_ref().ok_or(PageError::SignedOut)?;
    let factors = visit.site.door().factors(session.person)?;
    let seen = visit.site.desk().seen();
    let details = seen.roster.person(session.person).and_then(|person| person.details.as_ref());
    let name = details.map_or_else(String::new, |details| details.name.as_str().to_owned());
    let no_passkey = visit.no_passkey().map(|told| visit.language.told(&told).to_owned());
    let password = new_password(visit);
    shown(status, &EnrolPage { cx: visit, name, factors, password, no_passkey, notice })
}

/// The two fields of a new password.
pub(crate) fn new_password(visit: &Visit) -> [Field<'_>; 2] {
    let least = signin::LEAST_LENGTH;
    let help = visit.language.of(
        "至少 {} 字，可用任何文字及空格；不採常見或曾外洩之密碼，且不得含帳號、姓名及單位名稱。",
        "At least {} characters of any kind, blanks too; none that is common or has leaked, nor one with your account name, name or unit in it.",
    );
    [
        Field::password(visit, "new", visit.t("新密碼", "New password"), "new-password")
            .help(&help.replace("{}", &least.to_string())),
        Field::password(visit, "again", visit.t("再次輸入新密碼", "New password once more"), "new-password"),
    ]
}

pub(super) async fn page(visit: Visit) -> PageResult {
    if visit.enrolling.is_none() {
        return Ok(Redirect::to("/settings").into_response());
    }
    visit.run(|visit| missing(visit, StatusCode::OK, None)).await
}
