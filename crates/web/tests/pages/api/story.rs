//! A record beyond what it holds now, for applications: history, signatures, linked records, files.

use crate::site::{city, revised_city};
use axum::http::{Method, StatusCode};
use regulation::Outcome;
use serde_json::{Value, json};

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

#[test]
fn history_tells_each_entry_with_who_and_what_changed() {
    let city = city();
    let token = city.asked.token(city.clerk.person, &["key", "loan"], &[]);
    let history = city.read(&token, &format!("/records/{}/history", city.loan));
    let kinds: Vec<&str> = list(&history).iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[0], "case.opened/1");
    let signed = list(&history).iter().find(|one| one["kind"] == "step.signed/1").unwrap();
    assert_eq!(signed["by"]["person"], city.head.person.to_string());
    assert_eq!(signed["text"], "「核定」（本人簽章）");
    // As many as the ledger has of it, each by its number.
    let numbers: Vec<u64> =
        list(&history).iter().map(|one| one["entry"].as_str().unwrap().parse().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    let key = city.read(&token, &format!("/records/{}/history", city.key("K01")));
    let changed = list(&key).iter().flat_map(|one| list(&one["changes"]));
    assert!(changed.clone().any(|one| one["field"] == "room" && one["new"] == "第1會議室"), "{key}");
}

#[test]
fn signatures_are_checked_and_say_what_voids_them() {
    let mut city = revised_city();
    let token = city.asked.token(city.clerk.person, &["loan"], &[]);
    let path = format!("/records/{}/signatures", city.loan);
    let good = city.read(&token, &path);
    let approval = |all: &Value| list(all).iter().find(|one| one["step"] == "approve").unwrap().clone();
    let one = approval(&good);
    assert_eq!(
        (&one["grade"], &one["check"], &one["void"]),
        (&json!("passkey"), &json!("holds"), &Value::Null)
    );
    assert!(one["hash"].is_string() && one["content"].is_string(), "{one}");
    let until = [("until", json!("2025-01-10"))];
    city.asked.house.take(city.clerk, city.loan, "extend", Outcome::Done, &until).unwrap();
    assert_eq!(approval(&city.read(&token, &path))["void"], "changed");
}

#[test]
fn what_lies_outside_the_scope_is_not_named_by_what_is_linked_with_it() {
    let city = city();
    let both = city.asked.token(city.clerk.person, &["key", "loan"], &[]);
    let loans = city.asked.token(city.clerk.person, &["loan"], &[]);
    let linked = |token: &str| city.read(token, &format!("/records/{}/linked", city.loan));
    let named = linked(&both);
    assert_eq!(list(&named)[0]["register"], "key");
    assert_eq!(list(&named)[0]["title"]["zh"], "L1 鑰匙");
    let masked = linked(&loans);
    assert_eq!(list(&masked).len(), list(&named).len());
    assert!(list(&masked)[0]["record"].is_null() && !masked.to_string().contains("L1 鑰匙"), "{masked}");
    // Nor in a sentence of the history.
    let history = city.read(&loans, &format!("/records/{}/history", city.loan));
    assert!(!history.to_string().contains("L1 鑰匙"), "{history}");
    // Nor by itself.
    for part in ["", "/history", "/linked", "/signatures", "/files"] {
        let path = format!("/records/{}{part}", city.key("K01"));
        assert_eq!(city.api(&loans, Method::GET, &path, "", &Value::Null).status, StatusCode::NOT_FOUND);
        let path = format!("/records/{}{part}", city.other_loan);
        assert_eq!(city.api(&loans, Method::GET, &path, "", &Value::Null).status, StatusCode::NOT_FOUND);
    }
}
