//! One's own account: what is recorded, how one signs in, where one is signed in, tokens of applications; and, for those
//! who may, setting the factors of others anew.
//!
//! Invariants: nobody sees another's account here; a secret is on the page that made it and nowhere else.
//! Source: OWASP ASVS 5.0, V7.4; regulation 24.2.5, 24.3.3.

mod recoveries;
mod tokens;

use crate::component::{Fact, Facts, Notice};
use crate::cx::Cx;
use crate::enter::{Field, Sent, new_password};
use crate::error::PageResult;
use crate::route::{Access, Audit, Route, named};
use crate::shell::Shell;
use crate::start;
use crate::terminals;
use crate::visit::Visit;
use askama::Template;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::{get, post};
use model::SessionId;
use signin::{Ended, Factor, SessionSeen};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/settings", Access::Person, Audit::None, || get(page)),
    Route::post("/settings/sessions/end", Access::Person, Audit::Act, || post(end_others)),
    Route::post("/settings/sessions/{session}/end", Access::Person, Audit::Act, || post(end_one)),
    Route::get("/settings/tokens", Access::Person, Audit::None, || get(tokens::page)),
    Route::post("/settings/tokens", Access::Person, Audit::Act, || post(tokens::issue)),
    Route::post("/settings/tokens/{token}/revoke", Access::Person, Audit::Act, || post(tokens::revoke)),
    Route::get("/recoveries", Access::Person, Audit::None, || get(recoveries::page)),
    Route::post("/recoveries", Access::Person, Audit::Act, || post(recoveries::act)),
];

#[derive(Template)]
#[template(path = "settings/index.html")]
struct SettingsPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notice: Option<Notice<'a>>,
    recorded: Facts<'a>,
    password: [Field<'a>; 2],
    password_at: Option<String>,
    otp_at: Option<String>,
    passkeys: Vec<Passkey>,
    codes_left: usize,
    no_passkey: Option<String>,
    sessions: Vec<OneSession>,
    /// May they have the factors of others set anew?
    recovers: bool,
    /// May they look the installation over?
    checks: bool,
    /// May they register terminals?
    keeps_terminals: bool,
}

/// A passkey in the list.
struct Passkey {
    id: String,
    added: String,
    used: Option<String>,
}

/// A session in the list.
struct OneSession {
    id: String,
    here: bool,
    opened: String,
    seen: String,
    place: String,
    agent: String,
    factors: String,
    /// When and why it ended; none while it is open.
    ended: Option<String>,
}

/// Sessions that ended, listed at most.
const MOST_ENDED: usize = 10;

async fn page(cx: Cx) -> PageResult {
    cx.run(|cx| show(cx, StatusCode::OK, None)).await
}

/// The page again, with why something was not done.
pub(crate) fn again(visit: &Visit, notice: Notice<'_>) -> PageResult {
    let cx = Cx::of(visit.clone())?;
    show(&cx, StatusCode::UNPROCESSABLE_ENTITY, Some(notice))
}

fn show(cx: &Cx, status: StatusCode, notice: Option<Notice<'_>>) -> PageResult {
    let door = cx.site.door();
    let factors = door.factors(cx.person())?;
    let passkeys = factors.passkeys.iter().map(|key| Passkey {
        id: data_encoding::HEXLOWER.encode(&key.credential),
        added: cx.moment(key.added_at),
        used: key.used_at.map(|at| cx.moment(at)),
    });
    let all = door.sessions_of(cx.person())?;
    let (ended, open): (Vec<_>, Vec<_>) = all.iter().partition(|one| one.ended.is_some());
    let listed = open.into_iter().chain(ended.into_iter().take(MOST_ENDED));
    let page = SettingsPage {
        cx,
        shell: Shell::new(cx, None, cx.t("帳號設定", "Settings")),
        notice,
        recorded: recorded(cx),
        password: new_password(cx),
        password_at: factors.password_at.map(|at| cx.moment(at)),
        otp_at: factors.otp_at.map(|at| cx.moment(at)),
        passkeys: passkeys.collect(),
        codes_left: factors.recovery_left,
        no_passkey: cx.no_passkey().map(|told| cx.language.told(&told).to_owned()),
        sessions: listed.map(|one| session(cx, one)).collect(),
        recovers: recoveries::may(cx),
        checks: start::check::may_check(cx),
        keeps_terminals: terminals::may_keep(cx),
    };
    cx.render_as(status, &page)
}

/// What is recorded of whoever looks.
fn recorded(cx: &Cx) -> Facts<'_> {
    let seen = cx.seen();
    let mut facts = Vec::new();
    if let Some(person) = seen.roster.person(cx.person()) {
        if let Some(details) = &person.details {
            facts.extend([
                Fact::new(cx.t("姓名", "Name"), details.name.as_str()),
                Fact::new(cx.t("帳號名稱", "Account name"), details.login.as_str()),
                Fact::new(cx.t("職稱", "Title"), details.title.as_str()),
                Fact::new(cx.t("電子郵件", "Mail"), details.mail.as_str()),
            ]);
            facts.extend(
                details.phone.as_ref().map(|phone| Fact::new(cx.t("電話", "Telephone"), phone.as_str())),
            );
        }
        facts.push(Fact::new(cx.t("所屬單位", "Unit"), cx.unit_name(person.home)));
        let roles: Vec<String> = person.held(cx.now()).map(|one| role(cx, &one.role, one.unit)).collect();
        let none = cx.t("尚無", "none yet").to_owned();
        let roles = if roles.is_empty() { none } else { roles.join(cx.t("、", ", ")) };
        facts.push(Fact::new(cx.t("角色", "Roles"), roles));
    }
    Facts { cx, facts }
}

fn role(cx: &Cx, role: &regulation::RoleId, unit: Option<model::UnitId>) -> String {
    let label = cx.pack().ok().and_then(|pack| pack.roles.get(role));
    let label = label.map_or_else(|| role.to_string(), |role| cx.label(&role.label).to_owned());
    match unit {
        Some(unit) => format!("{label}{}", cx.beside(&cx.unit_name(unit))),
        None => label,
    }
}

fn session(cx: &Cx, one: &SessionSeen) -> OneSession {
    let terminal = one.terminal.map(|terminal| cx.terminal_name(terminal));
    let place: Vec<String> = terminal.into_iter().chain(one.address.clone()).collect();
    let factors: Vec<&str> = one.factors.iter().map(|factor| factor_name(cx, *factor)).collect();
    OneSession {
        id: one.id.to_string(),
        here: one.id == cx.session().id,
        opened: cx.moment(one.opened_at),
        seen: cx.moment(one.seen_at),
        place: place.join(" "),
        agent: one.agent.clone().unwrap_or_default(),
        factors: factors.join(cx.t("、", ", ")),
        ended: one.ended.map(|(at, why)| format!("{} {}", cx.moment(at), ended(cx, why))),
    }
}

fn factor_name(cx: &Cx, factor: Factor) -> &'static str {
    let t = |zh: &'static str, en: &'static str| cx.language.of(zh, en);
    match factor {
        Factor::Otp => t("一次性驗證碼", "one-time code"),
        Factor::Passkey => t("通行金鑰", "passkey"),
        Factor::Password => t("密碼", "password"),
        Factor::Recovery => t("復原碼", "recovery code"),
    }
}

fn ended(cx: &Cx, why: Ended) -> &'static str {
    let t = |zh: &'static str, en: &'static str| cx.language.of(zh, en);
    match why {
        Ended::AnotherTerminal => t("自其他終端機使用", "used from another terminal"),
        Ended::ByOther => t("由管理人員結束", "ended by an administrator"),
        Ended::FactorChanged => t("登入方式變更", "factors changed"),
        Ended::Idle => t("閒置逾時", "idle too long"),
        Ended::Lasted => t("已達最長時限", "lasted as long as one may"),
        Ended::Left => t("已離職", "the person left"),
        Ended::RoleEnded => t("角色終止", "a role ended"),
        Ended::SignedOut => t("登出", "signed out"),
        Ended::TerminalRemoved => t("終端機已註銷", "the terminal was removed"),
        Ended::Withdrawn => t("由本人結束", "ended by oneself"),
    }
}

async fn end_one(cx: Cx, Path(session): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let session: SessionId = named(&session)?;
        cx.site.door().end_one(cx.person(), session, cx.now())?;
        Ok(Redirect::to("/settings#sessions").into_response())
    })
    .await
}

async fn end_others(cx: Cx) -> PageResult {
    cx.run(|cx| {
        cx.site.door().end_all(cx.person(), Some(cx.session().id), Ended::Withdrawn, cx.now())?;
        Ok(Redirect::to("/settings#sessions").into_response())
    })
    .await
}

/// The form that was posted.
fn sent(body: &Bytes) -> Sent {
    Sent::read(body)
}
