//! What is the owner's, for applications: turns, notices, drafts, tokens.

use crate::site::{borrowing, city};
use axum::http::{Method, StatusCode};
use identity::Right;
use model::Clock as _;
use serde_json::{Value, json};
use store::Draft;

#[test]
fn turns_are_those_of_the_page_within_the_scope() {
    let mut city = city();
    let borrowed = borrowing(city.key("K01"), city.clerk, "internal");
    let loan = city.asked.house.open(city.clerk, "loan", "file", &borrowed).unwrap();
    let token = |register: &str| city.asked.token(city.head.person, &[register], &[]);
    let work = city.read(&token("loan"), "/work");
    let turns = work["turns"].as_array().unwrap();
    assert_eq!(turns.len(), 1, "{work}");
    assert_eq!((&turns[0]["record"], &turns[0]["step"]), (&json!(loan.to_string()), &json!("approve")));
    assert_eq!((&turns[0]["signs"], &turns[0]["plain"]), (&json!(true), &json!(true)));
    assert_eq!(city.read(&token("key"), "/work")["turns"], json!([]));
}

#[test]
fn notices_are_followed_backwards_and_named_in_both_languages() {
    let city = city();
    let token = city.asked.token(city.clerk.person, &["loan"], &[]);
    let all = city.read(&token, "/notices");
    let notices = all["notices"].as_array().unwrap();
    assert!(all["next"].is_null() && !all.to_string().contains("p_0"), "{all}");
    for notice in notices {
        assert!(notice["text"]["zh"].is_string() && notice["text"]["en"].is_string());
    }
    let first = city.read(&token, "/notices?before=1");
    assert_eq!(first["notices"], json!([]));
    let keys = city.asked.token(city.clerk.person, &["key"], &[]);
    assert_eq!(city.read(&keys, "/notices")["notices"], json!([]));
}

#[test]
fn a_list_is_exported_as_its_page_does_it() {
    let city = city();
    let token = city.asked.token(city.clerk.person, &["key"], &[]);
    let path = "/registers/key/export?format=csv&columns=code&columns=room&f.code=K05";
    let file = city.api(&token, Method::GET, path, "", &Value::Null);
    assert_eq!(file.status, StatusCode::OK, "{}", file.text());
    assert!(file.header("content-disposition").starts_with("attachment"));
    let page = city.asked.get(&crate::site::City::cookie(city.clerk), path);
    assert_eq!(file.body, page.body);
    assert!(file.text().contains("K05") && !file.text().contains("K06"), "{}", file.text());
    for wrong in ["/registers/key/export", "/registers/key/export?format=pdf"] {
        assert_eq!(city.api(&token, Method::GET, wrong, "", &Value::Null).status, StatusCode::BAD_REQUEST);
    }
    let loans = "/registers/loan/export?format=csv";
    assert_eq!(city.api(&token, Method::GET, loans, "", &Value::Null).status, StatusCode::NOT_FOUND);
}

#[test]
fn drafts_are_listed_and_forgotten_within_the_scope() {
    let city = city();
    let keep = |form: &str, pairs: &str| {
        let (form, pairs, kept_at) = (form.to_owned(), pairs.to_owned(), city.asked.house.clock.now());
        city.asked
            .house
            .desk
            .keep_draft(city.clerk.person, Draft { form, record: None, pairs, kept_at })
            .unwrap();
    };
    keep("/registers/key/new/wish", "f.code=K99");
    keep("/registers/loan/new/file", "f.purpose=x");
    let token = city.asked.token_of(city.clerk.person, &["key"], &[], &[Right::Account]);
    let drafts = city.read(&token, "/drafts");
    assert_eq!(drafts.as_array().unwrap().len(), 1);
    assert_eq!(drafts[0]["answers"]["f.code"], json!(["K99"]));
    let forget =
        |form: &str| city.api(&token, Method::POST, "/drafts/forget", "", &json!({ "form": form })).status;
    assert_eq!(forget("/registers/loan/new/file"), StatusCode::NOT_FOUND);
    assert_eq!(forget("/registers/key/new/wish"), StatusCode::OK);
    assert_eq!(forget("/registers/key/new/wish"), StatusCode::NOT_FOUND);
    let other = city.asked.token_of(city.head.person, &["loan"], &[], &[Right::Account]);
    assert_eq!(city.read(&other, "/drafts"), json!([]));
}

#[test]
fn a_record_is_not_acted_on_by_a_token_that_only_reads_it() {
    let city = city();
    let reads = city.asked.token(city.head.person, &["key"], &[]);
    let key = city.key("K05");
    let seen = city.read(&reads, &format!("/records/{key}"))["revision"].clone();
    let step = json!({ "record": key.to_string(), "step": "change", "outcome": "done", "seen": seen });
    let ask = json!({ "steps": [step] });
    let stated = city.api(&reads, Method::POST, "/batches/statements", "", &ask);
    assert_eq!(stated.status, StatusCode::OK, "{}", stated.text());
    let stated: Value = serde_json::from_slice(&stated.body).unwrap();
    assert!(stated["challenge"].is_null() && stated["steps"][0]["refused"]["zh"].is_string(), "{stated}");
}
