//! The ledger for applications: what is told of it, what is given to take along, and that others find it right.

use crate::people::{Office, office};
use axum::http::{Method, StatusCode};
use identity::Right;
use proof::bundle::Bundle;
use proof::inclusion::Inclusion;
use proof::policy::Policy;
use serde_json::{Value, json};

fn auditor(office: &Office, read: &[&str]) -> String {
    office.asked.token_of(office.auditor.person, read, &[], &[Right::Audit])
}

fn bytes(office: &Office, token: &str, path: &str) -> Vec<u8> {
    let answer = office.asked.api(token, Method::GET, path, "", &Value::Null);
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.body
}

/// Waits until heads cover what was done; how many entries that is.
fn published(office: &Office) -> u64 {
    let position = office.asked.house.desk.seen().position;
    while office.asked.house.reader().size().unwrap() < position {
        std::thread::yield_now();
    }
    position
}

#[test]
fn the_ledger_is_told_as_it_stands_and_never_better() {
    let office = office();
    let (size, token) = (published(&office), auditor(&office, &["fault"]));
    let ledger = office.asked.read(&token, "/audit");
    assert_eq!(ledger["standing"], "host-alone");
    assert_eq!(ledger["size"], size.to_string());
    assert_eq!((&ledger["verification"]["last"], &ledger["witnesses"]), (&Value::Null, &json!([])));
    // Whoever may not audit finds nothing, whatever the token; nor does a token without the right.
    let other = office.asked.token_of(office.wang.person, &["fault"], &[], &[Right::Audit]);
    let without = office.asked.token(office.auditor.person, &["fault"], &[]);
    for token in [other, without] {
        for path in
            ["/audit", "/audit/entries", "/audit/entries/0", "/audit/entries/0/proof", "/audit/policy"]
        {
            let answer = office.asked.api(&token, Method::GET, path, "", &Value::Null);
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}

#[test]
fn entries_are_followed_backwards_and_what_is_under_seal_stays_there() {
    let office = office();
    let (size, token) = (published(&office), auditor(&office, &["fault"]));
    let (mut path, mut numbers) = ("/audit/entries".to_owned(), Vec::new());
    loop {
        let page = office.asked.read(&token, &path);
        let entries = page["entries"].as_array().unwrap();
        numbers.extend(entries.iter().map(|one| one["number"].as_str().unwrap().parse::<u64>().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/audit/entries?before={next}");
    }
    assert_eq!(numbers, (0..size).rev().collect::<Vec<_>>());
    let people = office.asked.read(&token, "/audit/entries?kind=person.registered");
    assert_eq!(people["entries"].as_array().unwrap().len(), 5);
    let of_wang = format!("/audit/entries?kind=person&about={}", office.wang.person);
    let entry = office.asked.read(&token, &of_wang)["entries"][0].clone();
    assert_eq!((&entry["sealed"], &entry["by"]["machine"]), (&json!(true), &json!("console")));
    let whole = office.asked.read(&token, &format!("/audit/entries/{}", entry["number"].as_str().unwrap()));
    assert_eq!((&whole["body"], &whole["withheld"]), (&Value::Null, &json!("not-yours")));
    assert_eq!(whole["hash"], entry["hash"]);
    let unit = office.asked.read(&token, "/audit/entries?kind=unit")["entries"][0].clone();
    let whole = office.asked.read(&token, &format!("/audit/entries/{}", unit["number"].as_str().unwrap()));
    assert_eq!((&whole["body"]["code"], &whole["withheld"]), (&json!("120"), &Value::Null));
}

#[test]
fn proofs_and_bundles_hold_under_the_policy_that_is_given_with_them() {
    let mut office = office();
    let fill = [("what", json!("conduct")), ("found", json!("person")), ("facts", json!("走道堆物"))];
    let fill = [fill.as_slice(), &[("gravity", json!("minor"))]].concat();
    let evidence = office.asked.house.file("a.txt", b"a", desk::Keeping::Clear).unwrap();
    let fill = [fill.as_slice(), &[("evidence", json!([evidence]))]].concat();
    let record = office.asked.house.open(office.wang, "violation", "report", &fill).unwrap();
    published(&office);
    let token = auditor(&office, &["violation"]);
    let policy = String::from_utf8(bytes(&office, &token, "/audit/policy")).unwrap();
    let policy = Policy::parse(&policy).unwrap();
    let proof = Inclusion::parse(&bytes(&office, &token, "/audit/entries/3/proof")).unwrap();
    assert_eq!(proof.index, 3);
    assert!(proof.check(&policy).is_ok());
    let path = format!("/audit/records/{record}/bundle");
    let bundle = bytes(&office, &token, &path);
    let verdict = Bundle::parse(&bundle).unwrap().check(&policy).unwrap();
    assert!(verdict.entries.iter().any(|one| one.subject == record.to_string()));
    // A token that does not read the register gets none of it.
    let other = auditor(&office, &["fault"]);
    let answer = office.asked.api(&other, Method::GET, &path, "", &Value::Null);
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let about = office.asked.read(&other, &format!("/audit/entries?kind=case&about={record}"));
    let number = about["entries"][0]["number"].as_str().unwrap();
    let whole = office.asked.read(&other, &format!("/audit/entries/{number}"));
    assert_eq!((&whole["body"], &whole["withheld"]), (&Value::Null, &json!("not-yours")));
    // A proof holds its entry, and what stands in clear in it: it is given as far as the record is read.
    let proof = format!("/audit/entries/{number}/proof");
    let status = |token: &str| office.asked.api(token, Method::GET, &proof, "", &Value::Null).status;
    assert_eq!((status(&token), status(&other)), (StatusCode::OK, StatusCode::NOT_FOUND));
}

#[test]
fn the_installation_is_verified_and_its_verdict_told() {
    let office = office();
    let token = auditor(&office, &["fault"]);
    let begun = office.asked.api(&token, Method::POST, "/audit/verification", "", &Value::Null);
    assert_eq!(begun.status, StatusCode::ACCEPTED, "{}", begun.text());
    let looks = (0..20_000).map(|_| office.asked.read(&token, "/audit")["verification"].clone());
    let told = looks.into_iter().find(|told| told["running"].is_null() && !told["last"].is_null()).unwrap();
    assert_eq!((&told["last"]["verdict"], &told["last"]["findings"]), (&json!("good"), &json!([])));
}
