//! What is about oneself: signing in and out, factors, sessions, tokens, preferences; the first start; and setting the
//! factors of others anew.

use super::cast::{ANOTHERS, ANYONE, FACTORS, OWN, STEWARD};
use super::town::{Brings, Sent, Town};
use super::{Case, get, post};
use crate::enter::{OTHER, PASSWORD, code_of};
use axum::http::Method;
use identity::Line;
use signin::{Session, TokenAsk};
use std::time::Duration;

pub(super) fn cases() -> Vec<Case> {
    [open_to_all(), entering(), settings(), factors()].into_iter().flatten().collect()
}

fn open_to_all() -> Vec<Case> {
    vec![
        get("/start/{link}", "the link of the first start, where somebody administers", ANYONE, |_, _| {
            Sent::to("/start/guess")
        }),
        post("/start/{link}", "the same", ANYONE, |_, _| Sent::to("/start/guess").with(&[("step", "host")])),
        get("/assets/{file}", "a file of the pages", ANYONE, |town, _| Sent::to(asset(town))),
        get("/assets/{file}", "one there is not", ANYONE, |_, _| Sent::to("/assets/nothing.js")),
        get("/favicon.ico", "the icon", ANYONE, |_, _| Sent::to("/favicon.ico")),
        get("/authority", "the authority of the installation", ANYONE, |_, _| Sent::to("/authority")),
        get("/authority.crt", "its certificate", ANYONE, |_, _| Sent::to("/authority.crt")),
        post("/preferences", "another language", ANYONE, |_, _| {
            Sent::to("/preferences").with(&[("language", "en"), ("back", "/about")])
        }),
        post("/again", "a form whose session was over", ANYONE, |_, _| {
            Sent::to("/again").with(&[("_going", "/registers/medium/new/register"), ("f.code", "M")])
        }),
        post("/again", "one that goes nowhere", ANYONE, |_, _| Sent::to("/again").with(&[("_going", "//x")])),
    ]
}

/// A file that the page of signing in loads.
fn asset(town: &Town) -> String {
    let page = town.ask(&Brings::default(), &Method::GET, &Sent::to("/sign-in")).text();
    let from = page.find("/assets/").unwrap();
    page[from..].split('"').next().unwrap().to_owned()
}

/// The cookie of a sign-in that is half done.
fn half(town: &mut Town) -> String {
    let sent = Sent::to("/sign-in").with(&[("login", "yeh"), ("password", PASSWORD)]);
    let answer = town.ask(&Brings::default(), &Method::POST, &sent);
    let cookies: Vec<String> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|set| set.to_str().unwrap().split(';').next().unwrap().to_owned())
        .collect();
    cookies.join("; ")
}

fn entering() -> Vec<Case> {
    vec![
        get("/sign-in", "the page", ANYONE, |_, _| Sent::to("/sign-in")),
        post("/sign-in", "a wrong password", ANYONE, |_, _| {
            Sent::to("/sign-in").with(&[("login", "yeh"), ("password", OTHER)])
        }),
        post("/sign-in", "an account there is not", ANYONE, |_, _| {
            Sent::to("/sign-in").with(&[("login", "nobody"), ("password", OTHER)])
        }),
        post("/sign-in", "the right password", ANYONE, |_, _| {
            Sent::to("/sign-in").with(&[("login", "yeh"), ("password", PASSWORD)])
        }),
        get("/sign-in/second", "the second factor, before the first", ANYONE, |_, _| {
            Sent::to("/sign-in/second")
        }),
        get("/sign-in/second", "the second factor, behind the password", ANYONE, |town, _| Sent {
            cookie: Some(half(town)),
            ..Sent::to("/sign-in/second")
        }),
        post("/sign-in/second", "a code, before the password", ANYONE, |_, _| {
            Sent::to("/sign-in/second").with(&[("code", "000000")])
        }),
        post("/sign-in/second", "the right code, behind the password", ANYONE, |town, _| {
            let (spare, (_, session)) =
                (town.people.spare.person, town.session(town.people.spare.person, false));
            town.codes(&session);
            let code = town.code(spare);
            Sent { cookie: Some(half(town)), ..Sent::to("/sign-in/second").with(&[("code", &code)]) }
        }),
        post("/sign-in/ask", "what a passkey is to sign", ANYONE, |_, _| Sent::to("/sign-in/ask")),
        post("/sign-in/passkey", "an answer to nothing", ANYONE, |_, _| {
            Sent::to("/sign-in/passkey").with(&[("token", "x"), ("answer", "{}")])
        }),
        post("/sign-in/passkey", "the right answer", ANYONE, |town, _| {
            let (token, answer) = town.answer_of(town.people.spare.person);
            Sent::to("/sign-in/passkey").with(&[("token", &token), ("answer", &answer.to_string())])
        }),
        post("/sign-out", "signing out", FACTORS, |_, _| Sent::to("/sign-out")),
        get("/recover", "the page", ANYONE, |_, _| Sent::to("/recover")),
        post("/recover", "codes that nobody was given", ANYONE, |_, _| {
            Sent::to("/recover").with(&[("login", "yeh"), ("first", "x"), ("second", "y")])
        }),
        post("/recover", "a code that was handed over", ANYONE, |town, _| {
            let (_, login) = town.newcomer();
            let pass = town.door().break_glass(&login, town.now()).unwrap();
            Sent::to("/recover").with(&[("login", &login), ("first", &pass.code), ("second", "")])
        }),
        get("/words", "what happened to one's account", OWN, |_, _| Sent::to("/words")),
        post("/words", "that one knows it", OWN, |_, _| Sent::to("/words")),
    ]
}

/// The session of whoever asks, where they have one.
fn session(brings: &Brings) -> Option<&Session> {
    brings.session.as_ref().map(|(_, session)| session)
}

/// The same, where it is one in which more is done than setting factors.
fn own(town: &Town, brings: &Brings) -> Option<Session> {
    session(brings).filter(|session| session.person != town.people.setting.person).cloned()
}

fn settings() -> Vec<Case> {
    vec![
        get("/settings", "one's account", OWN, |_, _| Sent::to("/settings")),
        post("/settings/sessions/end", "one's other sessions are ended", OWN, |_, _| {
            Sent::to("/settings/sessions/end")
        }),
        post("/settings/sessions/{session}/end", "one of one's sessions is ended", OWN, |town, brings| {
            let own = own(town, brings).map_or(town.people.operator.person, |session| session.person);
            let (_, other) = town.enters(own, false);
            Sent::to(format!("/settings/sessions/{}/end", other.id))
        }),
        post("/settings/sessions/{session}/end", "one of another's", ANOTHERS, |town, _| {
            let (_, other) = town.session(town.people.staff.person, false);
            Sent::to(format!("/settings/sessions/{}/end", other.id))
        }),
        get("/settings/tokens", "one's tokens", OWN, |_, _| Sent::to("/settings/tokens")),
        post("/settings/tokens", "a token, with the password", OWN, |_, _| {
            Sent::to("/settings/tokens").with(&[
                ("name", "日誌"),
                ("read", "medium"),
                ("days", "30"),
                ("password", PASSWORD),
            ])
        }),
        post("/settings/tokens", "a token, with a wrong password", ANOTHERS, |_, _| {
            Sent::to("/settings/tokens").with(&[("name", "日誌"), ("read", "medium"), ("password", OTHER)])
        }),
        post("/settings/tokens/{token}/revoke", "one's own", OWN, |town, brings| {
            let own = own(town, brings);
            let session = own.unwrap_or_else(|| town.session(town.people.operator.person, false).1);
            Sent::to(format!("/settings/tokens/{}/revoke", issued(town, &session)))
        }),
        post("/settings/tokens/{token}/revoke", "another's", ANOTHERS, |town, _| {
            let (_, session) = town.session(town.people.staff.person, false);
            Sent::to(format!("/settings/tokens/{}/revoke", issued(town, &session)))
        }),
        get("/views", "one's saved views", OWN, |_, _| Sent::to("/views")),
        post("/views", "a view of a list", OWN, |_, _| view("/registers/medium")),
        post("/views", "a view of the ledger, which is not theirs to look into", ANOTHERS, |_, _| {
            view("/audit/entries")
        }),
        post("/views/forget", "a view of one's own, or of nobody's", OWN, |_, _| Sent {
            path: "/views/forget".to_owned(),
            ..view("/registers/medium")
        }),
        get("/recoveries", "the page on which the factors of others are set anew", STEWARD, |_, _| {
            Sent::to("/recoveries")
        }),
        post("/recoveries", "a recovery is begun", STEWARD, |town, _| {
            let (_, login) = town.newcomer();
            Sent::to("/recoveries").with(&[("login", &login), ("do", "begin")])
        }),
    ]
}

/// A list that is kept under a name.
fn view(path: &str) -> Sent {
    Sent::to("/views").with(&[("path", path), ("query", "state=missing"), ("name", "不在位")])
}

/// A token of whoever has a session.
fn issued(town: &Town, session: &Session) -> model::TokenId {
    let ask = TokenAsk {
        name: Line::new("日誌").unwrap(),
        read: ["medium".parse().unwrap()].into(),
        file: Default::default(),
        rights: Default::default(),
        expires_at: town.now().plus(Duration::from_secs(86_400)),
    };
    town.door().issue_token(session, &ask, town.now()).unwrap().token
}

const WITH_PASSWORD: [(&str, &str); 1] = [("password", PASSWORD)];

fn factors() -> Vec<Case> {
    vec![
        get("/enrol", "what is to be set", FACTORS, |_, _| Sent::to("/enrol")),
        post("/factors/otp", "codes are to be set up", FACTORS, |_, _| {
            Sent::to("/factors/otp").with(&WITH_PASSWORD)
        }),
        post("/factors/otp/confirm", "a first code", FACTORS, |town, brings| {
            let Some(session) = session(brings) else { return Sent::to("/factors/otp/confirm") };
            let offer = town.door().begin_totp(session, town.now()).unwrap();
            let code = code_of(&offer.secret, town.now());
            Sent::to("/factors/otp/confirm").with(&[("token", &offer.token), ("code", &code)])
        }),
        post("/factors/otp/remove", "codes are taken away", OWN, |town, brings| {
            if let Some(session) = own(town, brings) {
                town.codes(&session);
            }
            Sent::to("/factors/otp/remove").with(&WITH_PASSWORD)
        }),
        post("/factors/passkey/ask", "what a new passkey is to answer", FACTORS, |_, _| {
            Sent::to("/factors/passkey/ask").with(&WITH_PASSWORD)
        }),
        post("/factors/passkey", "a new passkey", FACTORS, |town, brings| {
            let Some(session) = session(brings) else { return Sent::to("/factors/passkey") };
            let (token, answer, _) = town.registration(session);
            Sent::to("/factors/passkey").with(&[("token", &token), ("answer", &answer.to_string())])
        }),
        post("/factors/passkey/remove", "a passkey is taken away", OWN, |town, brings| {
            let key = own(town, brings).map(|session| town.passkey(&session)).unwrap_or_default();
            let key = data_encoding::HEXLOWER.encode(&key);
            Sent::to("/factors/passkey/remove").with(&WITH_PASSWORD).with(&[("credential", &key)])
        }),
        post("/factors/codes", "recovery codes", FACTORS, |_, _| {
            Sent::to("/factors/codes").with(&WITH_PASSWORD)
        }),
        post("/factors/password", "another password, without the present one", FACTORS_WITHOUT, |_, _| {
            Sent::to("/factors/password").with(&[("new", OTHER), ("again", OTHER), ("password", OTHER)])
        }),
        post("/factors/password", "another password", FACTORS, |_, _| {
            Sent::to("/factors/password").with(&[("new", OTHER), ("again", OTHER)]).with(&WITH_PASSWORD)
        }),
    ]
}

/// Whoever is signed in and does not know their password.
const FACTORS_WITHOUT: super::cast::Cast =
    &[("somebody at another's machine", super::cast::Who::Person(|people| people.spare))];
