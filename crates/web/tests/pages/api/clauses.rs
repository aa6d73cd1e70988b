//! The clause board for applications: the same states and figures as its pages.

use crate::site::{City, city};
use axum::http::{Method, StatusCode};
use identity::Right;
use serde_json::{Value, json};
use testkit::Acting;

/// A city whose checks were evaluated on the 10th, when one loan was over its term.
fn evaluated() -> City {
    let city = city();
    city.asked.house.at("2025-01-10T02:00").unwrap();
    city.asked.house.assess().unwrap();
    city
}

fn token(city: &City, who: Acting, read: &[&str]) -> String {
    city.asked.token_of(who.person, read, &[], &[Right::Clauses])
}

fn states(board: &Value) -> Vec<(&str, &str)> {
    fn one(clause: &Value) -> (&str, &str) {
        (clause["id"].as_str().unwrap(), clause["state"].as_str().unwrap())
    }
    board.as_array().unwrap().iter().map(one).collect()
}

#[test]
fn the_board_is_that_of_the_page() {
    let city = evaluated();
    let token = token(&city, city.clerk, &[]);
    let board = city.read(&token, "/clauses");
    let page = city.page("/clauses");
    assert_eq!(states(&board).len(), 10);
    for (id, state) in states(&board) {
        let row = page.split("<li class=\"clause-row\">").find(|row| row.contains(&format!(">{id}</span>")));
        assert!(row.unwrap().contains(&format!("class=\"verdict verdict-{state}\"")), "{id} {state}");
    }
    assert_eq!(
        states(&city.read(&token, "/clauses?state=not-met&state=figure")),
        [("3", "figure"), ("5", "not-met")]
    );
    assert_eq!(states(&city.read(&token, "/clauses?article=7"))[0].0, "7");
    assert_eq!(states(&city.read(&token, "/clauses?q=%E5%B7%A1%E8%A6%96")).len(), 2);
    // 31 of 32 keys are in their place.
    let keys = &city.read(&token, "/clauses?q=3")[0]["checks"][0];
    assert_eq!((&keys["recorded"]["good"], &keys["recorded"]["population"]), (&json!(31), &json!(32)));
    assert_eq!(keys["recorded"]["value"], "96.875");
    // Of another unit, which has one key.
    let theirs = city.read(&token, &format!("/clauses?q=3&unit={}", city.other));
    assert_eq!(theirs[0]["checks"][0]["recorded"]["population"], 1);
}

#[test]
fn a_clause_names_what_is_to_be_looked_after_as_far_as_the_token_reads() {
    let city = evaluated();
    let whole = |who, read: &[&str]| city.read(&token(&city, who, read), "/clauses/5");
    let mine = whole(city.clerk, &["loan"]);
    let check = &mine["whole"][0];
    assert_eq!((&check["failing"], &check["others"]), (&json!([city.loan.to_string()]), &json!(0)));
    assert_eq!(check["curve"].as_array().unwrap().len(), 1);
    assert_eq!(check["units"].as_array().unwrap().len(), 2);
    assert_eq!((&mine["state"], &mine["registers"]), (&json!("not-met"), &json!(["loan"])));
    // Neither what lies outside the scope nor what is another unit's is named.
    for (who, read) in [(city.clerk, &["key"][..]), (city.other_clerk, &["loan"])] {
        let theirs = whole(who, read);
        assert_eq!((&theirs["whole"][0]["failing"], &theirs["whole"][0]["others"]), (&json!([]), &json!(1)));
    }
}

#[test]
fn a_past_day_shows_what_was_recorded_by_then_and_what_is_none_is_refused() {
    let city = evaluated();
    city.asked.house.at("2025-01-14T02:00").unwrap();
    let token = token(&city, city.clerk, &["loan"]);
    assert_eq!(city.read(&token, "/clauses/5")["state"], "stale");
    assert_eq!(city.read(&token, "/clauses/5?on=2025-01-12")["state"], "not-met");
    assert_eq!(city.read(&token, "/clauses/5?on=2025-01-09")["state"], "not-computed");
    let ask = |path: &str| city.api(&token, Method::GET, path, "", &Value::Null).status;
    for path in ["/clauses?on=2030-01-01", "/clauses/5?on=2025-02-30"] {
        assert_eq!(ask(path), StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
    assert_eq!(ask("/clauses?on=abc"), StatusCode::BAD_REQUEST);
    assert_eq!(ask("/clauses?state=fine"), StatusCode::BAD_REQUEST);
    assert_eq!(ask("/clauses?unit=u"), StatusCode::BAD_REQUEST);
    assert_eq!(ask("/clauses?unit=u_00000000000000000000000000"), StatusCode::BAD_REQUEST);
    assert_eq!(ask("/clauses?unit=u_aaaaaaaaaaaaaaaaaaaaaaaaaa"), StatusCode::NOT_FOUND);
    assert_eq!(ask("/clauses/99"), StatusCode::NOT_FOUND);
    // Without the right nothing of it is there.
    let other = city.asked.token(city.clerk.person, &["loan"], &[]);
    for path in ["/clauses", "/clauses/5"] {
        assert_eq!(city.api(&other, Method::GET, path, "", &Value::Null).status, StatusCode::NOT_FOUND);
    }
}
