//! What is told when the ledger has something and the tables have not: that it is recorded, and is not to be sent twice.

use crate::people::office;
use crate::records::PNG;
use crate::site::{City, city};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use std::path::Path;
use store::{Access, Sql};

/// From now on the tables of an installation take nothing.
fn full(data: &Path) {
    let tables = data.join("store/projection.db");
    let mut other = Sql::sqlite(&tables, None, Access::Write).unwrap();
    let trigger = "CREATE TRIGGER no_room BEFORE INSERT ON meta BEGIN \
                   SELECT RAISE(ABORT, 'database or disk is full'); END";
    other.script(trigger).unwrap();
}

#[test]
fn what_the_ledger_has_is_never_told_as_if_nothing_had_been_changed() {
    let office = office();
    full(&office.asked.house.data);
    let path = format!("/people/{}/grant", office.wang.person);
    let answer = office.asked.post(office.steward.person, &path, &[("role", "operator")]);
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let page = answer.text();
    assert!(page.contains("已記入帳本") && page.contains("請勿重複送出"), "{page}");
    assert!(!page.contains("未變更任何資料"), "{page}");
    // Whoever comes later is told the same.
    let later = office.asked.post(office.steward.person, &path, &[("role", "operator")]).text();
    assert!(later.contains("已記入帳本") && !later.contains("未變更任何資料"), "{later}");
}

#[test]
fn an_application_is_told_so_as_well() {
    let city = city();
    let token = city.asked.token(city.clerk.person, &["key"], &["key"]);
    full(&city.asked.house.data);
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", "order-000000000001"),
        ("accept-language", "en"),
    ];
    let path = "/api/v1/registers/key/records";
    let answer = city.asked.ask(Method::POST, path, &headers, r#"{"fill":{"code":"K99"}}"#);
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("The ledger has it") && detail.contains("do not send it twice"), "{detail}");
}

#[test]
fn a_form_refused_after_it_was_sent_comes_back_with_the_files_handed_in() {
    let city = city();
    city.asked.house.at("2025-01-28T01:30").unwrap();
    city.asked.house.tick().unwrap();
    let page = city.page("/registers/round");
    let round = page.split("href=\"/records/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    full(&city.asked.house.data);
    let part = |name: &str, value: &str| {
        format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let token = format!("token-of-{}", city.clerk.person);
    let photo = "content-disposition: form-data; name=\"f.photos.new\"; filename=\"門.png\"";
    let body = [
        part("csrf", &token),
        part("_do", "send:done"),
        part("f.looked_at.doors", "bad"),
        part("f.looked_at.doors.note", "窗未關"),
        part("f.looked_at.damp", "good"),
        format!("--x\r\n{photo}\r\n\r\n"),
    ]
    .concat();
    let body = [body.as_bytes(), PNG, b"\r\n--x--\r\n"].concat();
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let request = Request::post(format!("/records/{round}/steps/finish")).header("host", "house.example");
    let request = request.header("cookie", cookie).header("content-type", "multipart/form-data; boundary=x");
    let answer = city.asked.answer(request.body(Body::from(body)).unwrap());
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
    let page = answer.text();
    assert!(page.contains("已記入帳本"), "{page}");
    let kept = page.split("name=\"f.photos\" value=\"").nth(1).unwrap_or_else(|| panic!("no photo: {page}"));
    assert!(kept.split('"').next().unwrap().contains("sha256:"), "{kept}");
}
