//! The first start: from the one-time link to a steward who can sign in, and the page on which the system looks itself
//! over.
//!
//! Four plain forms: the host, the office, the steward, and all of it once more with the password. What was filled in
//! travels with the forms. Invariants: nothing is made before the last one is confirmed; without the link there is
//! nothing here; a password is on no page.
//! Source: regulation 24.2.1; RFC 1123 §2.1; NIST SP 800-63B §5.1.1.

pub(crate) mod check;
mod filled;

use self::filled::{Filled, Step, Wrong};
use crate::component::{Notice, Opt};
use crate::enter::{CodesPage, Field, Jar, Sent, new_password, refused, shown};
use crate::error::{PageError, PageResult};
use crate::machine::Host;
use crate::route::{Access, Audit, Route};
use crate::visit::Visit;
use askama::Template;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use signin::Refusal;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/start/{link}", Access::Anyone, Audit::None, || get(page)),
    Route::post("/start/{link}", Access::Anyone, Audit::Act, || axum::routing::post(take)),
    Route::get("/check", Access::Person, Audit::None, || get(check::page)),
];

#[derive(Template)]
#[template(path = "start/index.html")]
struct StartPage<'v> {
    cx: &'v Visit,
    link: String,
    step: Step,
    /// Number of the step and of all there are.
    place: (usize, usize),
    notice: Option<Notice<'v>>,
    fields: Vec<Field<'v>>,
    /// Roles to choose from, on the steward's form.
    roles: Vec<Opt>,
    role_error: Option<String>,
    /// What the other forms said.
    carried: Vec<(&'static str, String)>,
    /// What was said, on the last form: question and answer.
    said: Vec<(&'static str, String)>,
    /// Why no passkey will work as it stands, on the first form.
    aside: Option<String>,
}

/// Does the link count? Where it does not, there is nothing here.
fn admitted(visit: &Visit, link: &str) -> Result<(), PageError> {
    match visit.site.door().check_first_link(link, visit.began) {
        Ok(()) => Ok(()),
        Err(Refusal::Desk(refused)) => Err(refused.into()),
        Err(_) => Err(PageError::NotFound),
    }
}

async fn page(visit: Visit, Path(link): Path<String>) -> PageResult {
    visit
        .run(move |visit| {
            admitted(visit, &link)?;
            let filled = Filled::fresh(visit)?;
            show(visit, &link, Step::Host, &filled, StatusCode::OK, &Wrong::default(), None)
        })
        .await
}

async fn take(visit: Visit, Path(link): Path<String>, body: Bytes) -> PageResult {
    let sent = Sent::read(&body);
    visit
        .run(move |visit| {
            admitted(visit, &link)?;
            let filled = Filled::sent(visit, &sent)?;
            let step = Step::from_word(sent.text("step")).ok_or(PageError::NotFound)?;
            let steps = filled.steps();
            if sent.text("do") == "back" {
                let before = step.before(&steps);
                return show(visit, &link, before, &filled, StatusCode::OK, &Wrong::default(), None);
            }
            let wrong = filled.wrong(visit, step);
            if !wrong.is_empty() {
                return show(visit, &link, step, &filled, StatusCode::UNPROCESSABLE_ENTITY, &wrong, None);
            }
            match step.after(&steps) {
                Some(next) => show(visit, &link, next, &filled, StatusCode::OK, &Wrong::default(), None),
                None => found(visit, &link, &filled, &sent),
            }
        })
        .await
}

/// Makes it all: the name, then office and steward. The codes are on this page and nowhere else.
fn found(visit: &Visit, link: &str, filled: &Filled, sent: &Sent) -> PageResult {
    let again = |notice| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        show(visit, link, Step::Confirm, filled, status, &Wrong::default(), Some(notice))
    };
    if sent.text("new") != sent.text("again") {
        let told = model::Told::new("兩次輸入之密碼不同", "The two passwords differ");
        return again(refused(visit, Refusal::Input(told))?);
    }
    let (host, founding) = filled.read()?;
    let made = rename(visit, &host)
        .and_then(|()| visit.site.door().found(link, &founding, sent.text("new"), &visit.place, visit.began));
    match made {
        Ok(founded) => {
            let mut jar = Jar::of(visit);
            jar.open(&founded.session.cookie);
            jar.keep_next("/check");
            let visit = Visit { enrolling: Some(founded.session.session.clone()), ..visit.clone() };
            let (login, codes) = (founding.details.login.to_string(), founded.recovery_codes);
            let page = shown(StatusCode::OK, &CodesPage { cx: &visit, login, codes, back: "/enrol" })?;
            Ok(jar.into_response(page))
        }
        Err(refusal) => again(refused(visit, refusal)?),
    }
}

/// The name is kept first: passkeys will belong to it.
fn rename(visit: &Visit, host: &Host) -> Result<(), Refusal> {
    if visit.site.machine().host().as_ref() == Some(host) {
        return Ok(());
    }
    visit.site.machine().rename(host).map_err(Refusal::Input)
}

fn show(
    visit: &Visit,
    link: &str,
    step: Step,
    filled: &Filled,
    status: StatusCode,
    wrong: &Wrong,
    notice: Option<Notice<'_>>,
) -> PageResult {
    let steps = filled.steps();
    let at = steps.iter().position(|one| *one == step).map_or(1, |at| at + 1);
    let mut fields = filled.fields(visit, step, wrong);
    if step == Step::Confirm {
        fields.extend(new_password(visit));
    }
    let aside = (step == Step::Host).then(|| filled::about_host(visit)).flatten();
    let page = StartPage {
        cx: visit,
        link: link.to_owned(),
        step,
        place: (at, steps.len()),
        notice,
        fields,
        roles: if step == Step::Steward { filled.roles(visit) } else { Vec::new() },
        role_error: wrong.of(visit, "role"),
        carried: filled.carried(step),
        said: if step == Step::Confirm { filled.said(visit) } else { Vec::new() },
        aside,
    };
    shown(status, &page)
}
