//! The API: who may come, what is found, filed and signed; what is sent twice; and that it is as it is described.

mod audit;
mod batch;
mod clauses;
mod own;
mod people;
mod story;

use crate::site::{Answer, Asked, City, city};
use axum::http::{Method, StatusCode};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use proof::signature::Passkey;
use serde_json::{Value, json};

impl Asked {
    pub(super) fn api(&self, token: &str, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        if !key.is_empty() {
            headers.push(("idempotency-key", key));
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask(method, &format!("/api/v1{path}"), &headers, &body)
    }

    pub(super) fn read(&self, token: &str, path: &str) -> Value {
        let answer = self.api(token, Method::GET, path, "", &Value::Null);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/json");
        serde_json::from_slice(&answer.body).unwrap()
    }

    pub(super) fn file(&self, token: &str, path: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.api(token, Method::POST, path, key, body);
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }
}

impl City {
    pub(super) fn api(&self, token: &str, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        self.asked.api(token, method, path, key, body)
    }

    pub(super) fn read(&self, token: &str, path: &str) -> Value {
        self.asked.read(token, path)
    }

    pub(super) fn file(&self, token: &str, path: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        self.asked.file(token, path, key, body)
    }
}

/// An authenticator's answer, as an application sends it.
pub(crate) fn assertion(answer: &Passkey) -> Value {
    json!({
        "authenticator_data": BASE64.encode(&answer.authenticator_data),
        "client_data": BASE64.encode(&answer.client_data),
        "credential": BASE64URL_NOPAD.encode(&answer.credential),
        "signature": BASE64.encode(&answer.signature),
    })
}

fn wish(code: &str) -> Value {
    json!({ "fill": { "code": code } })
}

#[test]
fn nobody_comes_without_a_token_that_counts() {
    let city = city();
    let token = city.asked.token(city.clerk.person, &["key", "loan"], &["key"]);
    assert_eq!(city.api(&token, Method::GET, "/pack", "", &Value::Null).status, StatusCode::OK);
    let wrong = city.api("ward_wrong", Method::GET, "/pack", "", &Value::Null);
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.header("content-type"), "application/problem+json");
    // A session is no token, and a token opens no page.
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let asked = city.asked.ask(Method::GET, "/api/v1/pack", &[("cookie", &cookie)], "");
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    let page =
        city.asked.ask(Method::GET, "/registers", &[("authorization", &format!("Bearer {token}"))], "");
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    // The description is no secret.
    assert_eq!(city.asked.ask(Method::GET, "/api/v1/openapi.json", &[], "").status, StatusCode::OK);
}

#[test]
fn records_are_found_as_pages_find_them_within_the_scope() {
    let city = city();
    let token = city.asked.token(city.clerk.person, &["key", "loan"], &[]);
    let keys = city.read(&token, "/registers/key/records?size=25&sort=-code");
    assert_eq!((keys["total"].as_u64(), keys["records"].as_array().unwrap().len()), (Some(32), 25));
    assert_eq!(keys["records"][0]["content"]["code"], "L2");
    assert_eq!(city.read(&token, "/registers/key/records?q=%E6%AA%94%E6%A1%88")["total"], 2);
    // What is another unit's is not there, by list, address or search.
    assert_eq!(city.read(&token, "/registers/loan/records")["total"], 1);
    let theirs = format!("/records/{}", city.other_loan);
    assert_eq!(city.api(&token, Method::GET, &theirs, "", &Value::Null).status, StatusCode::NOT_FOUND);
    let mine = city.read(&token, &format!("/records/{}", city.loan));
    assert_eq!(mine["state"], "out");
    // A token for keys alone knows of no loans.
    let keys = city.asked.token(city.clerk.person, &["key"], &[]);
    for path in
        [format!("/records/{}", city.loan), "/registers/loan/records".into(), "/registers/loan".into()]
    {
        assert_eq!(
            city.api(&keys, Method::GET, &path, "", &Value::Null).status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let registers = city.read(&keys, "/registers");
    assert_eq!(registers.as_array().unwrap().len(), 1);
    let found = city.read(&keys, "/search?q=%E6%AA%94%E6%A1%88%E5%AE%A4");
    assert!(found.as_array().unwrap().iter().all(|one| one["register"] == "key"), "{found}");
}

#[test]
fn what_is_sent_twice_is_done_once() {
    let city = city();
    let token = city.asked.token(city.clerk.person, &[], &["key"]);
    let (status, first) = city.file(&token, "/registers/key/records", "order-0001", &wish("N1"));
    assert_eq!(status, StatusCode::CREATED, "{first}");
    let (status, again) = city.file(&token, "/registers/key/records", "order-0001", &wish("N1"));
    assert_eq!((status, &again), (StatusCode::CREATED, &first));
    assert_eq!(city.read(&token, "/registers/key/records?f.code=N1")["total"], 1);
    // The same key for something else is refused; without a key nothing is done.
    let (status, _) = city.file(&token, "/registers/key/records", "order-0001", &wish("N2"));
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, _) = city.file(&token, "/registers/key/records", "", &wish("N2"));
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(city.read(&token, "/registers/key/records?f.code=N2")["total"], 0);
    // Another token's key is another key.
    let other = city.asked.token(city.clerk.person, &[], &["key"]);
    let (status, second) = city.file(&other, "/registers/key/records", "order-0001", &wish("N2"));
    assert_eq!(status, StatusCode::CREATED, "{second}");
    assert_ne!(first["record"], second["record"]);
}

#[test]
fn what_does_not_read_or_is_not_allowed_is_told_and_changes_nothing() {
    let city = city();
    let token = city.asked.token(city.clerk.person, &["key"], &["loan"]);
    let count = |city: &City| city.read(&token, "/registers/key/records")["total"].clone();
    let before = count(&city);
    for (register, body, status) in [
        ("key", wish("N1"), StatusCode::NOT_FOUND),
        ("loan", json!({ "unknown": 1 }), StatusCode::BAD_REQUEST),
        ("loan", json!([]), StatusCode::BAD_REQUEST),
        ("loan", json!({ "as": ["head", null] }), StatusCode::BAD_REQUEST),
        ("loan", json!({ "as": { "role": "no role" } }), StatusCode::BAD_REQUEST),
        // It reads, and is nothing for this register.
        ("loan", json!({ "fill": { "nothing": 1 } }), StatusCode::UNPROCESSABLE_ENTITY),
        ("loan", json!({ "step": "approve" }), StatusCode::UNPROCESSABLE_ENTITY),
        ("loan", json!({ "fill": {} }), StatusCode::UNPROCESSABLE_ENTITY),
        ("loan", json!({ "as": { "role": "head" } }), StatusCode::FORBIDDEN),
        ("nowhere", wish("N1"), StatusCode::NOT_FOUND),
    ] {
        let (answered, problem) =
            city.file(&token, &format!("/registers/{register}/records"), "bad-0001", &body);
        assert_eq!(answered, status, "{body}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|told| !told.is_empty()), "{problem}");
    }
    assert_eq!(count(&city), before);
}

#[test]
fn a_step_is_taken_on_the_revision_that_was_seen() {
    let city = city();
    let token = city.asked.token(city.clerk.person, &["key"], &["key"]);
    let (_, opened) = city.file(&token, "/registers/key/records", "step-0001", &wish("N1"));
    let record = opened["record"].as_str().unwrap().to_owned();
    let offers = city.read(&token, &format!("/records/{record}/offers"));
    assert!(offers.is_array(), "{offers}");
    let head = city.asked.token(city.head.person, &["key"], &["key"]);
    let path = format!("/records/{record}/steps/change");
    let seen = city.read(&head, &format!("/records/{record}"))["revision"].clone();
    let fill = json!({ "room": "檔案室", "keeper": city.clerk.person.to_string(), "alarm_code": "x" });
    let stale = json!({ "seen": 999, "outcome": "done", "fill": fill });
    let (status, problem) = city.file(&head, &path, "step-0002", &stale);
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    let now = json!({ "seen": seen, "outcome": "done", "fill": fill });
    let (status, done) = city.file(&head, &path, "step-0003", &now);
    assert_eq!(status, StatusCode::OK, "{done}");
    let (status, again) = city.file(&head, &path, "step-0003", &now);
    assert_eq!((status, again), (StatusCode::OK, done));
    assert_eq!(city.read(&head, &format!("/records/{record}"))["content"]["room"], "檔案室");
}

#[test]
fn the_description_is_the_one_that_is_committed_and_names_every_route() {
    let described = web::openapi().unwrap();
    let committed = include_str!("../../../openapi.json");
    assert_eq!(
        described, committed,
        "write it anew: cargo run -p web --example openapi > crates/web/openapi.json"
    );
    let paths: Value = serde_json::from_str(&described).unwrap();
    let known = |verb: web::Verb, path: &str| {
        let verb = if verb == web::Verb::Get { "get" } else { "post" };
        paths["paths"][path][verb].is_object()
    };
    let served: Vec<_> = web::routes().filter(|route| route.path.starts_with("/api/")).collect();
    assert!(served.len() > 10);
    for route in &served {
        assert!(known(route.verb, route.path) || route.path.ends_with("openapi.json"), "{}", route.path);
    }
    for path in paths["paths"].as_object().unwrap().keys() {
        assert!(served.iter().any(|route| route.path == path), "{path} is described and not served");
    }
}
