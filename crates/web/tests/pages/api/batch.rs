//! Several signed at once by applications: one answer for all, each decided on its own.

use super::assertion;
use crate::site::{borrowing, city};
use axum::http::{Method, StatusCode};
use data_encoding::BASE64URL_NOPAD;
use regulation::Outcome;
use serde_json::{Value, json};

#[test]
fn one_answer_signs_all_and_one_that_is_refused_takes_no_other_with_it() {
    let mut city = city();
    let fills = ["K03", "K04", "K05"].map(|key| borrowing(city.key(key), city.clerk, "internal"));
    let loans = fills.map(|fill| city.asked.house.open(city.clerk, "loan", "file", &fill).unwrap());
    let token = city.asked.token(city.head.person, &["loan"], &["loan"]);
    let step = |city: &crate::site::City, loan: &model::RecordId| {
        let seen = city.asked.house.case(*loan).unwrap().revision;
        json!({ "record": loan.to_string(), "step": "approve", "outcome": "approve", "seen": seen })
    };
    let steps: Vec<Value> = loans.iter().map(|loan| step(&city, loan)).collect();
    let stated = city.api(&token, Method::POST, "/batches/statements", "", &json!({ "steps": steps }));
    assert_eq!(stated.status, StatusCode::OK, "{}", stated.text());
    let stated: Value = serde_json::from_slice(&stated.body).unwrap();
    let challenge = BASE64URL_NOPAD.decode(stated["challenge"].as_str().unwrap().as_bytes()).unwrap();
    // One of them is withdrawn before it is signed.
    city.asked.house.take(city.clerk, loans[1], "take_back", Outcome::TakeBack, &[]).unwrap();
    let answer = city.asked.house.signer(city.head.person).unwrap().answer(&challenge.try_into().unwrap());
    let given = |one: &Value| json!({ "statement": one["statement"], "salt": one["salt"] });
    let statements: Vec<Value> = stated["steps"].as_array().unwrap().iter().map(given).collect();
    let passkey = json!({ "statements": statements, "assertion": assertion(&answer) });
    let ask = json!({ "steps": steps, "signature": { "passkey": passkey } });
    let (status, came) = city.file(&token, "/batches", "batch-0001", &ask);
    assert_eq!(status, StatusCode::OK, "{came}");
    let done: Vec<bool> =
        came["steps"].as_array().unwrap().iter().map(|one| !one["done"].is_null()).collect();
    assert_eq!(done, [true, false, true], "{came}");
    assert!(came["steps"][1]["refused"]["zh"].is_string(), "{came}");
    let state = |loan: &model::RecordId| city.asked.house.case(*loan).unwrap().state.to_string();
    assert_eq!((state(&loans[0]), state(&loans[2])), ("out".to_owned(), "out".to_owned()));
    // Sent twice it is done once; and what one answer signs, it signs of nothing else.
    assert_eq!(city.file(&token, "/batches", "batch-0001", &ask), (StatusCode::OK, came));
    let signatures = city.read(&token, &format!("/records/{}/signatures", loans[0]));
    let approval = signatures.as_array().unwrap().iter().find(|one| one["step"] == "approve").unwrap();
    assert_eq!((&approval["grade"], &approval["check"]), (&json!("passkey"), &json!("holds")));
}
