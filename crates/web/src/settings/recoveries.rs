//! Setting another's factors anew: one begins it, another confirms it, and each hands over a code; inviting somebody who
//! never signed in takes one; and opening an account that too many failures have closed.
//!
//! Invariants: whoever begins and whoever confirms are two people, and neither is the one it is about; what is refused for
//! want of a right is asked of the policies before it is tried.
//! Source: regulation 24.2.1, 24.3.3.

use super::sent;
use crate::acting;
use crate::component::Notice;
use crate::cx::Cx;
use crate::enter::{Field, good, refused};
use crate::error::{PageError, PageResult};
use crate::people::not_yours;
use crate::reading;
use crate::shell::Shell;
use askama::Template;
use axum::body::Bytes;
use axum::http::StatusCode;
use desk::{About, Asker, Denial};
use identity::{Act, Action, Beside, On};
use model::{Person, PersonId};
use signin::{Handed, Refusal};

#[derive(Template)]
#[template(path = "settings/recoveries.html")]
struct RecoveriesPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notice: Option<Notice<'a>>,
    login: Field<'a>,
    handed: Option<HandedOver>,
}

/// A code to be handed over, shown once.
struct HandedOver {
    name: String,
    code: String,
    complete: bool,
    until: String,
}

/// The role in which whoever looks may do this to a person; none where no policy permits it.
fn acting(cx: &Cx, act: Act, person: PersonId) -> Option<Person> {
    acting::granted(cx, &Action::Identity(act), &On::Person(person), &Beside::default())
}

/// May they do it to anybody at all? They are asked about themselves, which nobody may do in the end.
pub(super) fn may(cx: &Cx) -> bool {
    acting(cx, Act::ResetFactors, cx.person()).is_some() || acting(cx, Act::Unlock, cx.person()).is_some()
}

/// For whoever may do nothing of it there is nothing here.
fn hidden() -> PageError {
    PageError::hidden(Action::Identity(Act::ResetFactors).to_string(), About::Oneself)
}

pub(super) async fn page(cx: Cx) -> PageResult {
    cx.run(|cx| if may(cx) { show(cx, StatusCode::OK, "", None, None) } else { Err(hidden()) }).await
}

fn show(
    cx: &Cx,
    status: StatusCode,
    login: &str,
    notice: Option<Notice<'_>>,
    handed: Option<HandedOver>,
) -> PageResult {
    let page = RecoveriesPage {
        cx,
        shell: Shell::new(cx, None, cx.t("核發登入代碼與帳號復原", "Codes for signing in, and recovery"))
            .by(cx.t("帳號設定", "Settings"), "/settings"),
        notice,
        login: Field::text(cx, "login", cx.t("當事人之帳號名稱", "Account name of the person"), "off")
            .holding(login),
        handed,
    };
    cx.render_as(status, &page)
}

/// What is done to a person.
enum Did {
    Handed(Handed),
    Opened,
}

pub(super) async fn act(cx: Cx, body: Bytes) -> PageResult {
    let sent = sent(&body);
    cx.run(move |cx| {
        if !may(cx) {
            return Err(hidden());
        }
        let login = sent.typed("login");
        let person = cx.seen().roster.person_of_login(&login.to_lowercase());
        let person =
            person.filter(|person| cx.seen().roster.person(*person).is_some_and(identity::Person::here));
        let done = person.ok_or(Refusal::Nothing).and_then(|person| did(cx, sent.typed("do"), person));
        match (done, person) {
            (Ok(Did::Handed(handed)), Some(person)) => {
                let (name, until) = (cx.person_name(person), cx.moment(handed.until));
                let handed = HandedOver { name, code: handed.code, complete: handed.complete, until };
                show(cx, StatusCode::OK, "", None, Some(handed))
            }
            (Ok(_), _) => {
                let text = cx.t(
                    "帳號已解除停用，當事人可再登入。",
                    "The account is open again; the person can sign in.",
                );
                show(cx, StatusCode::OK, "", Some(good(cx, text)), None)
            }
            (Err(refusal), _) => {
                let notice = refused(cx, refusal)?;
                show(cx, StatusCode::UNPROCESSABLE_ENTITY, login, Some(notice), None)
            }
        }
    })
    .await
}

fn did(cx: &Cx, what: &str, person: PersonId) -> Result<Did, Refusal> {
    let door = cx.site.door();
    let by = |act| {
        acting(cx, act, person).ok_or_else(|| {
            let act = Action::Identity(act).to_string();
            reading::deny(cx, Denial { act, about: About::Person(person) });
            Refusal::Input(not_yours())
        })
    };
    match what {
        "begin" => door.begin_recovery(&by(Act::ResetFactors)?, person, cx.now()).map(Did::Handed),
        "confirm" => door.confirm_recovery(&by(Act::ResetFactors)?, person, cx.now()).map(Did::Handed),
        "unlock" => door.unlock(&Asker::Person(by(Act::Unlock)?), person, cx.now()).map(|_| Did::Opened),
        _ => Err(Refusal::Nothing),
    }
}
