//! Every route, asked by whoever might ask: nobody, somebody of another role, of another unit, whoever may.
//!
//! Owns: what is asked of each route (`pages`, `acts`, `own`, `api`, `rights`), by whom (`cast`), and the answers, committed as
//! text beside it: one line for each asker, with what the ledger has of it. A route without a case is a failure.
//! Written anew by `UPDATE_GOLDEN=matrix`, and then read line by line: an answer that is not right is a defect, not a
//! line.

mod acts;
mod api;
mod cast;
mod own;
mod pages;
mod rights;
mod town;

use crate::site::Answer;
use axum::http::{Method, StatusCode};
use cast::{Cast, Who};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use town::{Brings, Sent, Town};
use web::{Access, RouteListed, Verb};

/// Something asked of a route.
pub(crate) struct Case {
    verb: Verb,
    path: &'static str,
    /// What, in words.
    what: &'static str,
    cast: Cast,
    /// The request, made anew for each asker.
    sent: fn(&mut Town, &Brings) -> Sent,
}

/// A table of cases with the file its answers are kept in.
type Table = (&'static str, fn() -> Vec<Case>);

const ACTS: Table = ("acts", acts::cases);
const API: Table = ("api", api::cases);
const OWN: Table = ("own", own::cases);
const PAGES: Table = ("pages", pages::cases);
const RIGHTS: Table = ("rights", rights::cases);

pub(crate) fn get(
    path: &'static str,
    what: &'static str,
    cast: Cast,
    sent: fn(&mut Town, &Brings) -> Sent,
) -> Case {
    Case { verb: Verb::Get, path, what, cast, sent }
}

pub(crate) fn post(
    path: &'static str,
    what: &'static str,
    cast: Cast,
    sent: fn(&mut Town, &Brings) -> Sent,
) -> Case {
    Case { verb: Verb::Post, path, what, cast, sent }
}

/// Where somebody signs in who is then led back.
const SIGN_IN: &str = "/sign-in?to=";

/// How a route is spoken of.
fn named(verb: Verb, path: &str) -> String {
    let verb = if verb == Verb::Get { "GET" } else { "POST" };
    format!("{verb} {path}")
}

const fn told_access(access: Access) -> &'static str {
    match access {
        Access::Anyone => "anyone",
        Access::Application => "an application",
        Access::Enrolling => "whoever sets factors",
        Access::Person => "whoever is signed in",
    }
}

/// What a table of cases answers, as text.
fn asked(cases: &[Case]) -> String {
    let routes: BTreeMap<String, RouteListed> =
        web::routes().map(|route| (named(route.verb, route.path), route)).collect();
    let (mut town, mut text, mut last) = (Town::new(), String::new(), String::new());
    for case in cases {
        let name = named(case.verb, case.path);
        let route =
            routes.get(&name).unwrap_or_else(|| panic!("{name} is no route any more: take its cases out"));
        if name != last {
            let _ = writeln!(text, "\n{name}   for {}, {:?}", told_access(route.access), route.audit);
            last.clone_from(&name);
        }
        let _ = writeln!(text, "  {}", case.what);
        for (label, who) in case.cast {
            let told = answered(&mut town, route, case, label, *who);
            let _ = writeln!(text, "    {label:<32}{told}");
        }
    }
    text.trim_start().to_owned()
}

/// One answer, and what must hold of it whatever was asked.
fn answered(town: &mut Town, route: &RouteListed, case: &Case, label: &str, who: Who) -> String {
    let brings = town.brings(who);
    let sent = (case.sent)(town, &brings);
    let method = if case.verb == Verb::Get { Method::GET } else { Method::POST };
    assert!(fits(case.path, &sent.path), "{} is not asked at {}", sent.path, case.path);
    let before = town.asked.house.desk.seen().position;
    let answer = town.ask(&brings, &method, &sent);
    let (read, refused) = town.noted(before, brings.person);
    let at = || format!("{} · {} · {label}: {}", named(case.verb, case.path), case.what, answer.text());
    let status = answer.status;
    assert!(!status.is_server_error(), "{}", at());
    assert_eq!(town.asked.reports.lock().unwrap().as_slice(), [] as [String; 0], "{}", at());
    if who.is_nobody() && route.access != Access::Anyone {
        let back: String = form_urlencoded::byte_serialize(sent.path.as_bytes()).collect();
        let led = answer.header("location") == format!("{SIGN_IN}{back}");
        let good = match (route.access, case.verb, sent.part) {
            (Access::Application, ..) | (_, Verb::Post, _) => status == StatusCode::UNAUTHORIZED,
            (_, Verb::Get, Some(_)) => answer.header("hx-redirect") == format!("{SIGN_IN}%2F"),
            (_, Verb::Get, None) => status == StatusCode::SEE_OTHER && led,
        };
        assert!(good, "nobody is told to sign in: {}", at());
    }
    if label == cast::MAY {
        let good = status.is_success() || status.is_redirection();
        assert!(good && refused == 0, "whoever may is not let: {}", at());
    }
    match status {
        StatusCode::NOT_FOUND => {
            let nothing = Sent { path: nowhere(case.path).to_owned(), ..sent.clone() };
            let nothing = town.ask(&brings, &method, &nothing);
            assert_eq!(bare(&answer, &sent.path), bare(&nothing, nowhere(case.path)), "{}", at());
        }
        StatusCode::FORBIDDEN => {
            let told = ["無權辦理", "未予受理"].iter().any(|title| answer.text().contains(title));
            assert!(told, "it says no reason: {}", at());
        }
        _ => {}
    }
    if let Some(looked_for) = sent.looked_for.as_deref().filter(|_| !status.is_success()) {
        assert!(!answer.text().contains(looked_for), "{}", at());
    }
    told(&answer, &sent, (read, refused))
}

/// An answer in a few words.
fn told(answer: &Answer, sent: &Sent, (read, refused): (usize, usize)) -> String {
    let mut text = answer.status.as_u16().to_string();
    match answer.header("location") {
        "" => {}
        place if place.starts_with(SIGN_IN) => text.push_str(" to sign in"),
        place => drop(write!(text, " to {}", cast::without_ids(place))),
    }
    if answer.header("content-disposition").starts_with("attachment") {
        text.push_str(", a file");
    }
    if let Some(looked_for) = sent.looked_for.as_deref().filter(|_| answer.status.is_success()) {
        let holds = String::from_utf8_lossy(&answer.body).contains(looked_for);
        text.push_str(if holds { ", with it" } else { ", without it" });
    }
    for (count, noted) in [(read, "read"), (refused, "refused")] {
        match count {
            0 => {}
            1 => drop(write!(text, ", entered: {noted}")),
            count => drop(write!(text, ", entered: {noted} {count} times")),
        }
    }
    text
}

/// Somewhere where nothing is, for whoever asks at such a path.
fn nowhere(path: &str) -> &'static str {
    match path {
        path if path.starts_with("/api/") => "/api/v1/nothing",
        path if path.starts_with("/assets/") => "/assets/none.js",
        _ => "/nothing",
    }
}

/// An answer without what differs by request: its address, its own name.
fn bare(answer: &Answer, path: &str) -> (StatusCode, String) {
    let text = answer.text();
    if let Ok(serde_json::Value::Object(mut problem)) = serde_json::from_str(&text) {
        problem.remove("instance");
        return (answer.status, serde_json::Value::from(problem).to_string());
    }
    let escaped = path.replace('&', "&#38;");
    (answer.status, text.replace(&escaped, "").replace(path, ""))
}

/// Does an address belong to a route?
fn fits(pattern: &str, path: &str) -> bool {
    let path = path.split('?').next().unwrap();
    let same = |(part, given): (&str, &str)| part == given || (part.starts_with('{') && !given.is_empty());
    pattern.split('/').count() == path.split('/').count() && pattern.split('/').zip(path.split('/')).all(same)
}

/// Compares the answers of a table with those that are committed.
#[expect(clippy::disallowed_methods, reason = "a file of the tree, written anew on purpose")]
fn compare((name, cases): Table) {
    let text = asked(&cases());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/pages/matrix/{name}.txt"));
    if std::env::var("UPDATE_GOLDEN").is_ok_and(|what| what == "matrix") {
        std::fs::write(&path, &text).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (now, before)) in text.lines().zip(committed.lines()).enumerate() {
        assert_eq!(
            now,
            before,
            "{name}.txt, line {}: who may do what has changed; if it is right now, write it anew \
             (UPDATE_GOLDEN=matrix cargo test -p web matrix) and read every line that differs",
            number + 1
        );
    }
    assert_eq!(
        text.lines().count(),
        committed.lines().count(),
        "{name}.txt is longer or shorter than it was"
    );
}

#[test]
fn what_is_done_on_pages_is_answered_to_each_as_committed() {
    compare(ACTS);
}

#[test]
fn what_applications_ask_is_answered_to_each_as_committed() {
    compare(API);
}

#[test]
fn what_is_about_oneself_is_answered_to_each_as_committed() {
    compare(OWN);
}

#[test]
fn what_pages_show_is_answered_to_each_as_committed() {
    compare(PAGES);
}

#[test]
fn what_applications_ask_beside_registers_is_answered_to_each_as_committed() {
    compare(RIGHTS);
}

/// What is missing of the cases of a route.
fn missing(route: &RouteListed, cases: &[Case]) -> Vec<&'static str> {
    let asks = |label: &str| {
        let of = cases.iter().filter(|case| case.verb == route.verb && case.path == route.path);
        of.flat_map(|case| case.cast).any(|(one, _)| *one == label)
    };
    let asked_for: &[&str] = match route.access {
        Access::Anyone => &[cast::NOBODY, cast::SOMEBODY],
        Access::Enrolling => &[cast::NOBODY, cast::ENROLLING, cast::MAY],
        Access::Application => &[cast::NOBODY, cast::SCOPE, cast::ROLE, cast::UNIT, cast::MAY],
        Access::Person => &[cast::NOBODY, cast::ENROLLING, cast::ROLE, cast::UNIT, cast::MAY],
    };
    asked_for.iter().copied().filter(|label| !asks(label)).collect()
}

#[test]
fn no_route_is_without_its_cases() {
    let cases: Vec<Case> =
        [ACTS, API, OWN, PAGES, RIGHTS].into_iter().flat_map(|(_, cases)| cases()).collect();
    let without: Vec<String> = web::routes()
        .map(|route| (named(route.verb, route.path), missing(&route, &cases)))
        .filter(|(_, missing)| !missing.is_empty())
        .map(|(name, missing)| format!("{name}, asked by: {}", missing.join("; ")))
        .collect();
    assert!(
        without.is_empty(),
        "these routes are not asked by everybody they should be. Add a case to the table in \
         crates/web/tests/pages/matrix that fits (pages, acts, own, api, rights): the path, what is asked in words, a cast, \
         and the request; then UPDATE_GOLDEN=matrix cargo test -p web matrix, and read what it answers.\n{}",
        without.join("\n")
    );
}

#[test]
fn a_route_without_a_case_is_told_with_what_to_add() {
    let route = RouteListed {
        module: "new",
        verb: Verb::Get,
        path: "/new",
        access: Access::Person,
        audit: web::Audit::None,
    };
    let case = get("/new", "a page", cast::RECORD, |_, _| Sent::to("/new"));
    assert_eq!(missing(&route, &[]).len(), 5);
    assert_eq!(missing(&route, &[case]), [cast::ENROLLING]);
    assert!(fits("/a/{b}", "/a/x?c=1") && !fits("/a/{b}", "/a/") && !fits("/a/{b}", "/a/b/c"));
}
