//! Defences that no other test shows: what records say is text, what addresses and headers claim is not believed, what
//! is not routed is refused, failures keep their causes to themselves; and what holds of all scripts and sources.
//!
//! Each stands in `docs/asvs.md` beside what it shows.

use crate::browser::{Browser, value_of};
use crate::enter::{OTHER, PASSWORD, begun, code_of, led, now, ok, sign_in};
use crate::site::{Asked, City, city, city_with};
use axum::Router;
use axum::http::{Method, StatusCode};
use axum::routing::get;
use calamine::{Data, Ods, Reader, Xlsx};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::House;
use web::{Cx, Limits, PageError, PageResult, Rate};

/// What would be markup, a script, the end of an attribute, in a record.
const MARKUP: &str = "<b onload=x>\"'&";

/// The first cell of the first row under the heads.
fn first_cell<R: Reader<Cursor<Vec<u8>>>>(bytes: Vec<u8>) -> Data
where
    R::Error: std::fmt::Debug,
{
    let mut book = R::new(Cursor::new(bytes)).unwrap();
    let name = book.sheet_names().first().unwrap().clone();
    book.worksheet_range(&name).unwrap().get((1, 0)).unwrap().clone()
}

#[test]
fn what_a_record_says_is_text_on_pages_in_lists_for_scripts_and_in_files() {
    let mut city = city();
    city.asked.house.open(city.clerk, "key", "register", &[("code", json!(MARKUP))]).unwrap();
    let cookie = City::cookie(city.clerk);
    // Asked for in words that are markup, too.
    let page = city.page("/registers/key?q=onload&f.room=%22%3E%3Cb%20onload%3E");
    let found = city.page("/registers/key?q=onload");
    assert!(found.contains("onload=x"), "{found}");
    for page in [page, found, city.page("/search?q=onload"), city.page("/unit?q=%3Cb%20onload%3E")] {
        assert!(page.contains("onload"), "{page}");
        assert!(!page.contains("<b onload") && !page.contains("\"><b "), "{page}");
    }
    let chosen = city.asked.get(&cookie, "/choose/record?register=key&q=onload");
    assert_eq!(chosen.header("content-type"), "application/json");
    let chosen: Json = serde_json::from_slice(&chosen.body).unwrap();
    assert_eq!(chosen[0]["text"], format!("{MARKUP} 鑰匙"));
    let file = |format: &str| {
        let path = format!("/registers/key/export?q=onload&columns=title&format={format}");
        city.asked.get(&cookie, &path).body
    };
    let expected = Data::String(format!("{MARKUP} 鑰匙"));
    assert_eq!(first_cell::<Xlsx<_>>(file("xlsx")), expected);
    assert_eq!(first_cell::<Ods<_>>(file("ods")), expected);
    assert!(String::from_utf8(file("csv")).unwrap().contains("\"<b onload=x>\"\"'& 鑰匙\""));
}

#[test]
fn what_would_be_a_statement_of_sql_is_a_word_like_others() {
    let city = city();
    let total = |path: &str| {
        let page = city.page(path);
        let of = page.split("<p>共 ").nth(1).unwrap_or_else(|| panic!("{page}"));
        of.split(' ').next().unwrap().parse::<u32>().unwrap()
    };
    assert_eq!(total("/registers/key"), 32);
    assert_eq!(total("/registers/key?q=%27%20OR%201%3D1%20--"), 0);
    assert_eq!(total("/registers/key?f.code=K1%27%20OR%20%271%27%3D%271"), 0);
    // What is no state, no column, no filter asks for nothing.
    for asked in [
        "state=in_place%27%29%20OR%20%281%3D1",
        "sort=code%3B%20DROP%20TABLE%20record",
        "columns=code%22%2C%20record",
        "f.nothing=1",
    ] {
        assert_eq!(total(&format!("/registers/key?{asked}")), 32, "{asked}");
    }
    assert_eq!(total("/registers/loan?q=%27%20OR%201%3D1"), 0, "loans of another unit stay unseen");
    assert!(city.asked.reports.lock().unwrap().is_empty());
}

#[test]
fn no_answer_is_for_pages_of_other_sites() {
    let city = city();
    let page = city.page("/registers");
    let asset = page.split('"').find(|part| part.starts_with("/assets/")).unwrap();
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let headers = [("cookie", cookie.as_str()), ("origin", "https://evil.example")];
    for (method, path) in [
        (Method::GET, "/registers"),
        (Method::GET, "/registers/key/export?format=csv"),
        (Method::GET, "/choose/unit?q="),
        (Method::GET, "/nothing"),
        (Method::GET, asset),
        (Method::POST, "/preferences"),
        (Method::OPTIONS, "/registers"),
    ] {
        let answer = city.asked.ask(method.clone(), path, &headers, "");
        let shared = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(shared, None, "{method} {path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{method} {path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{method} {path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{method} {path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{method} {path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{method} {path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{method} {path}: {policy}");
    }
}

#[test]
fn what_is_text_says_that_it_is_utf_8() {
    let city = city();
    let page = city.page("/registers");
    let assets = page.split('"').filter(|part| part.starts_with("/assets/"));
    let assets = assets.map(|path| path.split('#').next().unwrap());
    let own = ["/registers", "/registers/key/export?format=csv", "/choose/unit?q=", "/nothing"];
    let mut seen = BTreeSet::new();
    for path in assets.chain(own) {
        let answer = city.asked.get(&City::cookie(city.clerk), path);
        let of = answer.header("content-type").to_owned();
        // JSON is in UTF-8 and nothing else (RFC 8259).
        assert!(of.ends_with("; charset=utf-8") || of == "application/json", "{path}: {of}");
        seen.insert(of);
    }
    for of in ["application/json", "image/svg+xml", "text/css", "text/csv", "text/html", "text/javascript"] {
        assert!(seen.iter().any(|one| one.starts_with(of)), "{of}: {seen:?}");
    }
}

#[test]
fn methods_that_no_route_names_are_refused_and_nothing_is_echoed() {
    let city = city();
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let headers = [("cookie", cookie.as_str()), ("x-secret", "geheim")];
    for method in
        [Method::TRACE, Method::CONNECT, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
    {
        let answer = city.asked.ask(method.clone(), "/registers", &headers, "geheim");
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert!(!answer.text().contains("geheim"), "{method}");
    }
    let posted = city.asked.post(city.clerk.person, "/registers", &[]);
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn no_folder_is_listed_and_no_path_leads_out_of_what_is_served() {
    let city = city();
    for path in [
        "/assets",
        "/assets/",
        "/assets/../Cargo.toml",
        "/assets/..%2FCargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/..%5C..%5CCargo.toml",
        "/.git/config",
        "/templates/base.html",
        "//etc/passwd",
    ] {
        let answer = city.asked.get(&City::cookie(city.clerk), path);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text().contains("[package]") && !answer.text().contains("root:"), "{path}");
    }
}

async fn fails() -> PageResult {
    Err(PageError::Failed("SELECT geheim FROM vault: no such table".into()))
}

async fn breaks(cx: Cx) -> PageResult {
    cx.run(|_| panic!("geheim in a panic")).await
}

#[test]
fn a_failure_shows_the_name_of_its_request_and_its_causes_are_reported() {
    let mut house = House::tiny(11).unwrap();
    let top = house.unit("100", None).unwrap();
    let clerk = house.person("wang", "clerk", top).unwrap();
    let more = Router::new().route("/fails", get(fails)).route("/breaks", get(breaks));
    let asked = Asked::with(house, Limits::default(), more);
    let cookie = asked.sign_in(clerk.person);
    for path in ["/fails", "/breaks"] {
        let answer = asked.get(&cookie, path);
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        let text = answer.text();
        assert!(text.contains(answer.header("x-request-id")), "{text}");
        assert!(!text.contains("geheim") && !text.contains("SELECT") && !text.contains("panic"), "{text}");
        let headers = [("accept", "application/json")];
        let json = asked.ask(Method::GET, path, &headers, "").text();
        assert!(!json.contains("geheim") && !json.contains("SELECT"), "{json}");
    }
    assert!(asked.reports.lock().unwrap().iter().any(|causes| causes.contains("SELECT geheim")));
    // One request that breaks takes no other with it.
    assert_eq!(asked.get(&cookie, "/registers").status, StatusCode::OK);
}

#[test]
fn an_address_that_a_header_names_is_not_believed() {
    let few = Rate { burst: 3, per_second: 1 };
    let many = Rate { burst: 1_000, per_second: 100 };
    let city = city_with(Limits { address: few, session: many, ..Limits::default() });
    let status = |address: &str| {
        let headers = [
            ("x-forwarded-for", address),
            ("x-real-ip", address),
            ("forwarded", &format!("for={address};proto=https;host=evil.example")),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
        ];
        city.asked.ask(Method::GET, "/registers", &headers, "").status
    };
    let first = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(status);
    assert_eq!(first, [StatusCode::SEE_OTHER; 3]);
    assert_eq!(status("192.0.2.4"), StatusCode::TOO_MANY_REQUESTS);
}

#[test]
fn what_stands_in_the_address_is_no_part_of_a_form() {
    let city = city();
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let token = format!("csrf=token-of-{}", city.clerk.person);
    let headers = [("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let ask = |path: &str, body: &str| city.asked.ask(Method::POST, path, &headers, body);
    assert_eq!(ask(&format!("/preferences?{token}"), "language=en").status, StatusCode::FORBIDDEN);
    // Of two, the first is the one.
    let twice = format!("csrf=other&{token}&language=en");
    assert_eq!(ask("/preferences", &twice).status, StatusCode::FORBIDDEN);
    let good = ask("/preferences?language=en", &token);
    assert_eq!((good.status, good.header("set-cookie")), (StatusCode::SEE_OTHER, ""));
}

#[test]
fn a_request_whose_length_can_be_read_in_two_ways_is_not_read_in_two_ways() {
    let city = city();
    let head = "POST /preferences HTTP/1.1\r\nHost: house.example\r\n";
    let hidden = "GET /nothing HTTP/1.1\r\nHost: house.example\r\nConnection: close\r\n\r\n";
    let answers = |lengths: &str, body: &str| {
        let said = city.asked.speak(&format!("{head}{lengths}\r\n{body}{hidden}"));
        said.matches("HTTP/1.1 ").count()
    };
    // Where chunks are told, a length beside them counts for nothing, and nothing behind them is read any more.
    let both = "Content-Length: 90\r\nTransfer-Encoding: chunked\r\n";
    let said = city.asked.speak(&format!("{head}{both}\r\n0\r\n\r\n{hidden}"));
    let closed = said.contains("connection: close") && said.matches("HTTP/1.1 ").count() == 1;
    assert!(said.starts_with("HTTP/1.1 400 ") || closed, "{said}");
    for lengths in [
        "Content-Length: 5\r\nContent-Length: 90\r\n",
        "Content-Length: 5, 90\r\n",
        "Content-Length: +5\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
    ] {
        let said = city.asked.speak(&format!("{head}{lengths}\r\nabcde{hidden}"));
        assert!(said.starts_with("HTTP/1.1 400 "), "{lengths}: {said}");
        assert_eq!(answers(lengths, "abcde"), 1, "{lengths}");
    }
    assert_eq!(answers("Content-Length: 5\r\n", "abcde"), 2);
}

/// Files of a folder of the repository, however deep, that end so.
fn files(folder: &str, end: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().is_some_and(|path| path.ends_with(end)) {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder}: nothing ends with {end}");
    found
}

#[test]
fn scripts_keep_nothing_in_the_browser_and_hear_no_other_page() {
    for (path, text) in files("crates/web/assets", ".js") {
        for bad in [
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "caches.",
            "document.cookie",
            "serviceWorker",
            "postMessage",
            "\"message\"",
            "WebSocket",
            "__proto__",
            "prototype",
            "Object.assign",
        ] {
            assert!(!text.contains(bad), "{}: {bad}", path.display());
        }
    }
    let (_, base) = files("crates/web/templates", "/base.html").pop().unwrap();
    for setting in ["\"allowEval\":false", "\"historyCacheSize\":0", "\"selfRequestsOnly\":true"] {
        assert!(base.contains(setting), "{setting}");
    }
}

#[test]
fn no_crate_may_hold_unsafe_code() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let workspace = std::fs::read_to_string(workspace).unwrap();
    let lints = workspace.split("[workspace.lints.rust]").nth(1).unwrap();
    assert!(lints.split("\n[").next().unwrap().contains("unsafe_code = \"forbid\""));
    for (path, text) in files("crates", "/Cargo.toml") {
        assert!(text.contains("[lints]\nworkspace = true"), "{}", path.display());
    }
}

#[test]
fn libraries_write_to_no_terminal_and_to_no_log() {
    for (path, text) in files("crates", ".rs") {
        let place = path.to_str().unwrap();
        let binary = ["/ward/", "/xtask/", "/testkit/"].iter().any(|one| place.contains(one));
        if binary || !place.contains("/src/") {
            continue;
        }
        for bad in ["println!(", "eprint!(", "dbg!(", " tracing::", " log::"] {
            assert!(!text.contains(bad), "{place}: {bad}");
        }
    }
}

#[test]
fn cookies_of_signing_in_are_for_this_host_for_no_script_and_for_no_other_site() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let cookie = format!("__Host-ward={}", browser.cookie("__Host-ward").unwrap());
    let page = ok(browser.get("/settings"));
    let csrf = value_of(&page, "csrf");
    let form = [("content-type", "application/x-www-form-urlencoded"), ("cookie", cookie.as_str())];
    let out = asked.ask(Method::POST, "/sign-out", &form, &format!("csrf={csrf}"));
    let begun = format!("login=lin.yc&password={}", PASSWORD.replace(' ', "+"));
    let half = asked.ask(Method::POST, "/sign-in", &form[..1], &begun);
    for (answer, same_site) in [(&out, "; SameSite=Lax"), (&half, "; SameSite=Strict")] {
        let sets: Vec<_> =
            answer.headers.get_all("set-cookie").iter().map(|set| set.to_str().unwrap()).collect();
        assert!(!sets.is_empty(), "{}", answer.text());
        for set in sets {
            assert!(set.starts_with("__Host-ward") && set.contains("; Path=/"), "{set}");
            assert!(set.contains(same_site) && set.contains("; HttpOnly"), "{set}");
            assert!(set.contains("; Secure") && !set.contains("Domain"), "{set}");
        }
    }
    assert_eq!(out.header("clear-site-data"), "\"storage\"");
}

#[test]
fn a_sign_in_ends_the_session_that_was_there() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let cookie = format!("__Host-ward={}", browser.cookie("__Host-ward").unwrap());
    let there = || asked.ask(Method::GET, "/settings", &[("cookie", cookie.as_str())], "").status;
    assert_eq!(there(), StatusCode::OK);
    // No page offers it to somebody who is signed in; a browser may still send the form.
    asked.house.clock.pass(Duration::from_secs(60));
    let csrf = value_of(&ok(browser.get("/settings")), "csrf");
    let fields = [("csrf", csrf.as_str()), ("login", "lin.yc"), ("password", PASSWORD)];
    let second = browser.post("/sign-in", &fields);
    assert!(led(&second).starts_with("/sign-in/second"));
    let code = code_of(&secret, now(&asked));
    led(&browser.post("/sign-in/second", &[("csrf", csrf.as_str()), ("code", &code)]));
    assert_ne!(cookie, format!("__Host-ward={}", browser.cookie("__Host-ward").unwrap()));
    assert_eq!(there(), StatusCode::SEE_OTHER);
}

#[test]
fn the_stream_of_events_ends_with_its_session() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let page = ok(browser.get("/settings"));
    let cookie = format!("__Host-ward={}", browser.cookie("__Host-ward").unwrap());
    let told = asked.until("/events", &cookie, || {
        led(&browser.submit(&page, "/sign-out", &[]));
    });
    assert_eq!(told.replace("event: unread\ndata: 0\n\n", ""), "", "{told}");
}

#[test]
fn what_a_page_asks_of_its_own_accord_keeps_no_session_open() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let cookie = format!("__Host-ward={}", browser.cookie("__Host-ward").unwrap());
    let ask = |header: (&str, &str)| {
        let headers = [("cookie", cookie.as_str()), header];
        asked.ask(axum::http::Method::GET, "/settings", &headers, "").status
    };
    for header in [("x-ward-quiet", "1"), ("accept", "text/event-stream")] {
        asked.house.clock.pass(Duration::from_secs(14 * 60));
        assert_eq!(ask(header), StatusCode::OK);
    }
    asked.house.clock.pass(Duration::from_secs(60));
    assert_eq!(ask(("accept", "text/html")), StatusCode::OK, "29 minutes after it was used");
    asked.house.clock.pass(Duration::from_secs(29 * 60));
    assert_eq!(ask(("x-ward-quiet", "1")), StatusCode::OK);
    asked.house.clock.pass(Duration::from_secs(60));
    assert_eq!(ask(("accept", "text/html")), StatusCode::SEE_OTHER);
}

#[test]
fn a_password_is_on_no_page_again_when_its_session_is_over() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let page = ok(browser.get("/settings"));
    asked.house.clock.pass(Duration::from_secs(31 * 60));
    let fields = [("password", PASSWORD), ("new", OTHER), ("again", OTHER)];
    let late = browser.submit(&page, "/factors/password", &fields);
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert!(!late.text().contains(PASSWORD) && !late.text().contains(OTHER), "{}", late.text());
}

#[test]
fn every_page_of_somebody_signed_in_offers_to_sign_out() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    for path in ["/registers", "/search?q=a", "/settings", "/settings/tokens"] {
        let page = browser.get(path);
        assert!(page.text().contains("action=\"/sign-out\""), "{path}: {}", page.text());
    }
}

#[test]
fn password_fields_are_masked_and_password_managers_may_fill_them() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    let first = ok(browser.get("/sign-in"));
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let settings = ok(browser.get("/settings"));
    let mut seen = 0;
    for input in [first, settings].iter().flat_map(|page| page.split("<input ").skip(1)) {
        let input = input.split('>').next().unwrap();
        if !["name=\"password\"", "name=\"new\"", "name=\"again\""].iter().any(|name| input.contains(name)) {
            continue;
        }
        seen += 1;
        assert!(input.contains("type=\"password\""), "{input}");
        let complete = ["\"current-password\"", "\"new-password\""];
        assert!(complete.iter().any(|of| input.contains(&format!("autocomplete={of}"))), "{input}");
        assert!(!input.contains("readonly") && !input.contains("maxlength"), "{input}");
    }
    assert!(seen >= 4, "{seen}");
    for (path, text) in files("crates/web/assets", ".js") {
        assert!(!text.contains("paste") && !text.contains("clipboard"), "{}", path.display());
    }
}

#[test]
fn browsers_are_told_to_come_by_https_alone_where_they_have_come_by_a_name() {
    let (asked, _) = begun();
    for (host, told) in [
        ("house.example", "max-age=63072000; includeSubDomains"),
        ("house.example:8443", "max-age=63072000; includeSubDomains"),
        ("10.1.2.3:8443", ""),
        ("[2001:db8::1]:8443", ""),
        ("localhost:8443", ""),
    ] {
        let answer = asked.ask_at(host, "/sign-in", &[]);
        assert_eq!(answer.header("strict-transport-security"), told, "{host}");
    }
    assert_eq!(
        city().asked.ask_at("house.example", "/registers", &[]).header("strict-transport-security"),
        ""
    );
}
