//! Signing in, the first start, settings: by forms and cookies alone.

use crate::browser::{Browser, value_of};
use crate::site::{Answer, Asked};
use axum::http::StatusCode;
use identity::Right;
use model::{Clock as _, Instant};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use testkit::{Chance, House, Registering, SoftAuthenticator};
use web::Place;

pub(crate) const PASSWORD: &str = "my breakfast at the pier";
pub(crate) const OTHER: &str = "a lantern over the harbour";

/// A site nobody has begun to use, and the link to begin with.
fn fresh() -> (Asked, String) {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let house = House::with_pack(31, &regulation::Folder::new(&pack), None).unwrap();
    let asked = Asked::signing_in(house);
    let link = asked.door.first_link(now(&asked)).unwrap().unwrap();
    (asked, format!("/start/{}", *link))
}

pub(crate) fn now(asked: &Asked) -> Instant {
    asked.house.clock.now()
}

pub(crate) fn code_of(secret: &str, now: Instant) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret.replace(' ', "")).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(now.as_seconds()).unwrap()).to_string()
}

/// What stands in an element of this class.
fn within<'p>(page: &'p str, class: &str) -> &'p str {
    page.split(&format!("class=\"{class}\">")).nth(1).unwrap().split('<').next().unwrap()
}

pub(crate) fn ok(answer: Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.text()
}

pub(crate) fn led(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.header("location")
}

/// Goes through the first start; gives the page of the recovery codes.
fn found(browser: &Browser<'_>, link: &str) -> String {
    let page = ok(browser.get(link));
    let page = ok(browser.submit(&page, link, &[("host", "house.example")]));
    let office = [("unit_zh", "臺中市政府"), ("unit_en", "Taichung City Government"), ("unit_code", "100")];
    let page = ok(browser.submit(&page, link, &office));
    let page = ok(browser.submit(&page, link, &STEWARD));
    ok(browser.submit(&page, link, &[("new", PASSWORD), ("again", PASSWORD)]))
}

const STEWARD: [(&str, &str); 5] = [
    ("login", "lin.yc"),
    ("name", "林怡君"),
    ("title", "科員"),
    ("mail", "lin.yc@house.example"),
    ("role", "steward"),
];

/// Sets up an app on the page for setting factors; gives its secret.
fn set_app(browser: &Browser<'_>, asked: &Asked) -> String {
    let enrol = ok(browser.get("/enrol"));
    let page = ok(browser.submit(&enrol, "/factors/otp", &[]));
    let secret = within(&page, "secret").to_owned();
    let code = code_of(&secret, now(asked));
    assert_eq!(led(&browser.submit(&page, "/factors/otp/confirm", &[("code", &code)])), "/enrol");
    secret
}

/// Signs in with password and code; gives where it leads.
pub(crate) fn sign_in(browser: &Browser<'_>, asked: &Asked, login: &str, secret: &str, to: &str) -> String {
    asked.house.clock.pass(Duration::from_secs(60));
    let page = ok(browser.get(&format!("/sign-in?to={to}")));
    let answer = browser.submit(&page, "/sign-in", &[("login", login), ("password", PASSWORD)]);
    let page = ok(browser.get(led(&answer)));
    let code = code_of(secret, now(asked));
    led(&browser.submit(&page, "/sign-in/second", &[("code", &code)])).to_owned()
}

/// A site with a steward, signed in.
pub(crate) fn begun() -> (Asked, String) {
    let (asked, link) = fresh();
    let browser = Browser::new(&asked);
    found(&browser, &link);
    let secret = set_app(&browser, &asked);
    (asked, secret)
}

#[test]
fn the_first_start_makes_everything_with_the_last_form_and_nothing_before() {
    let (asked, link) = fresh();
    let browser = Browser::new(&asked);
    assert_eq!(browser.get("/start/guess").status, StatusCode::NOT_FOUND);
    assert_eq!(browser.post("/start/guess", &[("step", "host")]).status, StatusCode::NOT_FOUND);
    let page = ok(browser.get(&link));
    assert_eq!(value_of(&page, "host"), "house.example");
    let wrong = browser.submit(&page, &link, &[("host", "https://x/y")]);
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("aria-invalid"));
    let page = ok(browser.submit(&page, &link, &[]));
    let wrong = browser.submit(&page, &link, &[("unit_zh", ""), ("unit_en", "City"), ("unit_code", "100")]);
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let office = [("unit_zh", "臺中市政府"), ("unit_en", "Taichung"), ("unit_code", "100")];
    let page = ok(browser.submit(&page, &link, &office));
    for (name, value) in [("login", "admin"), ("mail", "nobody"), ("role", "staff")] {
        let mut fields = STEWARD.to_vec();
        fields.retain(|(one, _)| *one != name);
        fields.push((name, value));
        let wrong = browser.submit(&page, &link, &fields);
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
    }
    let page = ok(browser.submit(&page, &link, &STEWARD));
    assert!(
        page.contains("林怡君") && page.contains("臺中市政府") && page.contains("house.example"),
        "{page}"
    );
    let back = ok(browser.submit(&page, &link, &[("do", "back")]));
    assert_eq!(value_of(&back, "login"), "lin.yc");
    let differ = browser.submit(&page, &link, &[("new", PASSWORD), ("again", OTHER)]);
    assert_eq!(differ.status, StatusCode::UNPROCESSABLE_ENTITY);
    let weak = browser.submit(&page, &link, &[("new", "Sunshine2024"), ("again", "Sunshine2024")]);
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!weak.text().contains("Sunshine2024"), "a password is on no page");
    let seen = asked.house.desk.seen();
    assert!(seen.roster.root().is_none() && seen.roster.people().count() == 0, "nothing is made before");

    let codes = ok(browser.submit(&page, &link, &[("new", PASSWORD), ("again", PASSWORD)]));
    assert_eq!(codes.matches("<li><code>").count(), 10);
    assert_eq!(asked.house.desk.seen().roster.people().count(), 1);
    assert_eq!(browser.get(&link).status, StatusCode::NOT_FOUND, "the link serves once");

    // Nothing can be done but setting factors, and then signing in.
    assert_eq!(led(&browser.get("/registers")), "/enrol");
    let secret = set_app(&browser, &asked);
    let page = ok(browser.get("/enrol"));
    assert_eq!(led(&browser.submit(&page, "/sign-out", &[])), "/sign-in?set");
    assert_eq!(sign_in(&browser, &asked, "lin.yc", &secret, ""), "/words?to=%2Fcheck");
    let words = ok(browser.get("/words?to=%2Fcheck"));
    assert_eq!(led(&browser.submit(&words, "/words", &[])), "/check");
    let check = ok(browser.get("/check"));
    assert!(check.contains("終端機") && check.contains("待處理"), "{check}");
}

#[test]
fn a_stranger_gets_the_same_page_whether_the_account_exists_or_not() {
    let (asked, _) = begun();
    let page_of = |login: &str| {
        let browser = Browser::english(&asked);
        let page = ok(browser.get("/sign-in"));
        let answer =
            browser.submit(&page, "/sign-in", &[("login", login), ("password", "wrong wrong wrong")]);
        (answer.status, answer.text().replace(login, "LOGIN"), answer.headers.get("set-cookie").is_some())
    };
    let hashes = asked.door.hashes_reckoned();
    let (known, unknown) = (page_of("lin.yc"), page_of("nobody.x"));
    assert_eq!(known, unknown);
    assert_eq!(known.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(asked.door.hashes_reckoned(), hashes + 2, "one hash each");
    let recover = |login: &str| {
        let browser = Browser::english(&asked);
        let page = ok(browser.get("/recover"));
        let answer = browser.submit(&page, "/recover", &[("login", login), ("first", "aaaa-bbbb-cccc")]);
        (answer.status, answer.text().replace(login, "LOGIN"))
    };
    assert_eq!(recover("lin.yc"), recover("nobody.x"));
    // The wait comes alike as well.
    for _ in 0..6 {
        page_of("lin.yc");
        page_of("nobody.x");
    }
    let waits = page_of("lin.yc");
    assert_eq!(waits, page_of("nobody.x"));
    assert!(waits.1.contains("Too many tries"), "{}", waits.1);
}

#[test]
fn one_is_led_back_to_where_one_was_and_to_no_other_site() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    let away = browser.get("/registers/fault?q=a");
    assert_eq!(led(&away), "/sign-in?to=%2Fregisters%2Ffault%3Fq%3Da");
    let onward = sign_in(&browser, &asked, "lin.yc", &secret, "%2Fregisters%2Ffault%3Fq%3Da");
    assert_eq!(onward, "/words?to=%2Fregisters%2Ffault%3Fq%3Da");
    let words = ok(browser.get(&onward));
    assert_eq!(led(&browser.submit(&words, "/words", &[])), "/registers/fault?q=a");
    assert_eq!(led(&browser.get("/sign-in?to=//evil.example")), "/");
    assert_eq!(led(&browser.get("/sign-in?to=https%3A%2F%2Fevil.example")), "/");
    assert!(ok(browser.get("/settings")).contains("林怡君"));
    let page = ok(browser.get("/settings"));
    assert_eq!(led(&browser.submit(&page, "/sign-out", &[])), "/sign-in?out");
    assert_eq!(led(&browser.get("/settings")), "/sign-in?to=%2Fsettings");
}

#[test]
fn what_was_filled_in_stays_with_whoever_filled_it_in_when_the_session_is_over() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let page = ok(browser.get("/recoveries"));
    asked.house.clock.pass(Duration::from_secs(31 * 60));
    let late = browser.submit(&page, "/recoveries", &[("login", "王<大明"), ("do", "begin")]);
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    let late = late.text();
    assert_eq!(
        (value_of(&late, "_going"), value_of(&late, "login")),
        ("/recoveries".into(), "王<大明".into())
    );
    // Still nobody is signed in: the same page again.
    let still = browser.submit(&late, "/again", &[]);
    assert_eq!(still.status, StatusCode::UNAUTHORIZED);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let again = ok(browser.submit(&still.text(), "/again", &[]));
    assert!(again.contains("林怡君"), "{again}");
    let sent = browser.submit(&again, "/recoveries", &[]);
    assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(value_of(&sent.text(), "login"), "王<大明");
    // It leads to no other site, and not from one.
    let away = browser.post("/again", &[("_going", "//evil.example"), ("a", "b")]);
    assert_eq!(away.status, StatusCode::NOT_FOUND);
    let foreign =
        asked.ask(axum::http::Method::POST, "/again", &[("sec-fetch-site", "cross-site")], "_going=/");
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
}

#[test]
fn a_passkey_is_added_signs_in_and_is_removed_again() {
    let (asked, secret) = begun();
    let browser = Browser::english(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let settings = ok(browser.get("/settings"));
    let ask = |password: &str| {
        let csrf = value_of(&settings, "csrf");
        browser.post("/factors/passkey/ask", &[("csrf", &csrf), ("password", password)])
    };
    assert_eq!(ask("not the password").status, StatusCode::UNPROCESSABLE_ENTITY);
    let asked_for: Value = serde_json::from_slice(&ask(PASSWORD).body).unwrap();
    let person = asked.house.desk.seen().roster.person_of_login("lin.yc").unwrap();
    let mut key = SoftAuthenticator::es256(person, testkit::HOST, &mut Chance::new(5));
    let challenge = asked_for["options"]["challenge"].as_str().unwrap();
    let answer = key.registers(challenge, &Registering::right("house.example")).to_string();
    let token = asked_for["token"].as_str().unwrap();
    let added = browser.submit(&settings, "/factors/passkey", &[("token", token), ("answer", &answer)]);
    assert_eq!(led(&added), "/settings");
    assert_eq!(asked.door.factors(person).unwrap().passkeys.len(), 1);

    let other = Browser::new(&asked);
    let page = ok(other.get("/sign-in?to=/registers"));
    let options: Value = serde_json::from_slice(&other.post("/sign-in/ask", &[]).body).unwrap();
    let challenge = data_encoding::BASE64URL_NOPAD
        .decode(options["options"]["challenge"].as_str().unwrap().as_bytes())
        .unwrap()
        .try_into()
        .unwrap();
    let answer = key.logs_on(&challenge).to_string();
    let fields = [("token", options["token"].as_str().unwrap()), ("answer", answer.as_str())];
    let onward = other.submit(&page, "/sign-in/passkey", &fields);
    assert!(led(&onward).ends_with("%2Fregisters"), "{}", led(&onward));
    assert_eq!(
        other.submit(&page, "/sign-in/passkey", &fields).status,
        StatusCode::FORBIDDEN,
        "signed in by now"
    );
    let stranger = Browser::new(&asked);
    let again = stranger.submit(&page, "/sign-in/passkey", &fields);
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "an answer serves once");

    let settings = ok(other.get("/settings"));
    let remove = [("password", PASSWORD)];
    assert_eq!(led(&other.submit(&settings, "/factors/passkey/remove", &remove)), "/settings");
    assert!(asked.door.factors(person).unwrap().passkeys.is_empty());
}

#[test]
fn no_passkey_is_offered_by_address_and_people_are_told_why() {
    let (asked, _) = begun();
    for (host, offered) in [("house.example", true), ("10.1.2.3:8443", false), ("other.example", false)] {
        let page = asked.ask_at(host, "/sign-in", &[("accept-language", "en")]).text();
        assert_eq!(page.contains("data-passkey"), offered, "{host}: {page}");
        assert_eq!(page.contains("Passkeys work under the name house.example alone"), !offered, "{host}");
    }
}

#[test]
fn what_counts_is_changed_with_the_password_and_by_nobody_else() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let second = Browser::new(&asked);
    sign_in(&second, &asked, "lin.yc", &secret, "");
    let settings = ok(browser.get("/settings"));
    let change = |before: &str, new: &str, again: &str| {
        browser.submit(
            &settings,
            "/factors/password",
            &[("password", before), ("new", new), ("again", again)],
        )
    };
    assert_eq!(change("wrong wrong wrong", OTHER, OTHER).status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(change(PASSWORD, OTHER, PASSWORD).status, StatusCode::UNPROCESSABLE_ENTITY);
    let weak = change(PASSWORD, "lin.yc lin.yc lin.yc", "lin.yc lin.yc lin.yc");
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let codes = browser.submit(&settings, "/factors/codes", &[("password", "wrong wrong wrong")]);
    assert_eq!(codes.status, StatusCode::UNPROCESSABLE_ENTITY);
    let codes = ok(browser.submit(&settings, "/factors/codes", &[("password", PASSWORD)]));
    assert_eq!(codes.matches("<li><code>").count(), 10);
    assert_eq!(led(&second.get("/settings")), "/sign-in?to=%2Fsettings", "other sessions end");
    let last = browser.submit(&settings, "/factors/otp/remove", &[("password", PASSWORD)]);
    assert_eq!(last.status, StatusCode::UNPROCESSABLE_ENTITY, "the last second factor stays");
    assert_eq!(led(&change(PASSWORD, OTHER, OTHER)), "/settings");
    let without = asked.ask(
        axum::http::Method::POST,
        "/factors/codes",
        &[("cookie", &format!("__Host-ward={}", browser.cookie("__Host-ward").unwrap()))],
        "password=x",
    );
    assert_eq!(without.status, StatusCode::FORBIDDEN, "a form without the token");
}

#[test]
fn sessions_are_listed_and_ended_one_by_one() {
    let (asked, secret) = begun();
    let browser = Browser::new(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let second = Browser::new(&asked);
    sign_in(&second, &asked, "lin.yc", &secret, "");
    let settings = ok(browser.get("/settings"));
    let action = settings.split("action=\"/settings/sessions/s_").nth(1).unwrap().split('"').next().unwrap();
    let action = format!("/settings/sessions/s_{action}");
    assert_eq!(led(&browser.submit(&settings, &action, &[])), "/settings#sessions");
    assert_eq!(led(&second.get("/settings")), "/sign-in?to=%2Fsettings");
    let gone = browser.submit(&settings, &action, &[]);
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    sign_in(&second, &asked, "lin.yc", &secret, "");
    assert_eq!(led(&browser.submit(&settings, "/settings/sessions/end", &[])), "/settings#sessions");
    assert_eq!(led(&second.get("/settings")), "/sign-in?to=%2Fsettings");
    assert!(ok(browser.get("/settings")).contains("由本人結束"));
}

#[test]
fn a_token_of_an_application_is_shown_once_and_revoked() {
    let (asked, secret) = begun();
    let browser = Browser::english(&asked);
    sign_in(&browser, &asked, "lin.yc", &secret, "");
    let page = ok(browser.get("/settings/tokens"));
    let ask = |name: &str, password: &str, read: &str| {
        let fields = [("name", name), ("password", password), ("days", "90"), ("read", read)];
        browser.submit(&page, "/settings/tokens", &fields)
    };
    assert_eq!(ask("reports", "wrong wrong wrong", "fault").status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ask("reports", PASSWORD, "no-register").status, StatusCode::UNPROCESSABLE_ENTITY);
    let made = ok(ask("reports", PASSWORD, "fault"));
    let token = within(&made, "secret").to_owned();
    assert!(token.starts_with("ward_"));
    let found = asked.door.application(&token, &Place::default(), now(&asked)).unwrap().unwrap();
    assert!(found.rights.is_empty());
    // Rights beside registers are chosen one by one, and stand in the list.
    let rights =
        [("name", "watch"), ("password", PASSWORD), ("days", "30"), ("right", "audit"), ("right", "none")];
    let watch = ok(browser.submit(&page, "/settings/tokens", &rights));
    let watches =
        asked.door.application(within(&watch, "secret"), &Place::default(), now(&asked)).unwrap().unwrap();
    assert_eq!(watches.rights, [Right::Audit].into());
    assert!(watch.contains("<td data-head=\"Rights beside\">look into the ledger"), "{watch}");
    let page = ok(browser.get("/settings/tokens"));
    assert!(page.contains("reports") && !page.contains(&token));
    let row = page.split("<tr>").find(|row| row.contains("reports")).unwrap();
    let action = row.split("action=\"/settings/tokens/").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(led(&browser.submit(&page, &format!("/settings/tokens/{action}"), &[])), "/settings/tokens");
    assert!(asked.door.application(&token, &Place::default(), now(&asked)).unwrap().is_none());
}

/// Registers somebody at the console.
fn register(asked: &Asked, login: &str, role: &str) {
    let home = asked.house.desk.seen().roster.root().unwrap();
    let mut bytes = [7; 16];
    bytes[..2].copy_from_slice(&login.as_bytes()[..2]);
    let person = model::PersonId::from_bytes(bytes);
    let details = identity::Details {
        name: identity::Line::new(&format!("{login} 君")).unwrap(),
        login: identity::Login::new(login).unwrap(),
        title: identity::Line::new("科員").unwrap(),
        mail: identity::Mail::new(&format!("{login}@house.example")).unwrap(),
        phone: None,
    };
    asked.house.identity(identity::Command::RegisterPerson { person, details, home }).unwrap();
    asked.house.grant(person, role, home).unwrap();
}

/// Comes with codes, sets password and app; gives the secret.
fn come(asked: &Asked, login: &str, codes: [&str; 2], password: &str) -> String {
    let browser = Browser::new(asked);
    let page = ok(browser.get("/recover"));
    let fields = [("login", login), ("first", codes[0]), ("second", codes[1])];
    assert_eq!(led(&browser.submit(&page, "/recover", &fields)), "/enrol");
    let enrol = ok(browser.get("/enrol"));
    let set = browser.submit(&enrol, "/factors/password", &[("new", password), ("again", password)]);
    assert_eq!(led(&set), "/enrol");
    set_app(&browser, asked)
}

#[test]
fn somebody_new_is_invited_and_a_recovery_takes_two_people() {
    let (asked, secret) = begun();
    register(&asked, "wang.dm", "network_admin");
    register(&asked, "chen.jh", "staff");
    let steward = Browser::new(&asked);
    sign_in(&steward, &asked, "lin.yc", &secret, "");
    let act = |browser: &Browser<'_>, login: &str, what: &str| {
        let page = ok(browser.get("/recoveries"));
        browser.submit(&page, "/recoveries", &[("login", login), ("do", what)])
    };
    let invited = ok(act(&steward, "wang.dm", "begin"));
    let admin_secret = come(&asked, "wang.dm", [within(&invited, "secret"), ""], PASSWORD);
    let invited = ok(act(&steward, "chen.jh", "begin"));
    let clerk_secret = come(&asked, "chen.jh", [within(&invited, "secret"), ""], PASSWORD);
    let clerk = Browser::new(&asked);
    sign_in(&clerk, &asked, "chen.jh", &clerk_secret, "");
    assert_eq!(clerk.get("/recoveries").status, StatusCode::NOT_FOUND, "not for a clerk");
    assert_eq!(clerk.get("/check").status, StatusCode::NOT_FOUND);

    let admin = Browser::new(&asked);
    sign_in(&admin, &asked, "wang.dm", &admin_secret, "");
    assert_eq!(act(&steward, "lin.yc", "begin").status, StatusCode::UNPROCESSABLE_ENTITY, "not for oneself");
    let first = within(&ok(act(&steward, "chen.jh", "begin")), "secret").to_owned();
    assert_eq!(
        act(&steward, "chen.jh", "confirm").status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "a second person"
    );
    let confirmed = ok(act(&admin, "chen.jh", "confirm"));
    let second = within(&confirmed, "secret").to_owned();
    let alone = Browser::new(&asked);
    let page = ok(alone.get("/recover"));
    let half = alone.submit(&page, "/recover", &[("login", "chen.jh"), ("first", &first)]);
    assert_eq!(half.status, StatusCode::UNPROCESSABLE_ENTITY, "half of it is nothing");
    // A password of before is not taken again.
    come(&asked, "chen.jh", [&second, &first], OTHER);
    assert_eq!(led(&clerk.get("/settings")), "/sign-in?to=%2Fsettings", "sessions of before have ended");
}

#[test]
fn what_it_is_and_whom_to_trust_is_told_in_both_languages() {
    let (asked, secret) = begun();
    let chinese = Browser::new(&asked);
    sign_in(&chinese, &asked, "lin.yc", &secret, "");
    let about = ok(chinese.get("/about"));
    assert!(about.contains("資訊安全管理要點第十五點") && about.contains("taichung-2001/1"), "{about}");
    let english = Browser::english(&asked);
    sign_in(&english, &asked, "lin.yc", &secret, "");
    let about = ok(english.get("/about"));
    assert!(about.contains("Legal basis") && about.contains(env!("CARGO_PKG_VERSION")), "{about}");
    for browser in [Browser::new(&asked), Browser::english(&asked)] {
        assert!(ok(browser.get("/authority")).contains("AB:CD"));
        let root = browser.get("/authority.crt");
        assert_eq!(root.header("content-type"), "application/x-x509-ca-cert");
        assert!(root.text().starts_with("-----BEGIN CERTIFICATE-----"));
    }
}
