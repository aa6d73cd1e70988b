//! The duty calendar: what is opened, done, late and still to come; who finds what; the feed and its token.

use crate::site::{Asked, City, city};
use axum::http::{Method, StatusCode};
use identity::Right;
use testkit::Acting;

/// The page of a month, on the 10th of January 2025; of each unit the round of the month is owed on its last working day.
fn month(city: &City, who: Acting, query: &str) -> String {
    let answer = city.asked.get(&City::cookie(who), &format!("/duties{query}"));
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.text()
}

fn begun() -> City {
    let city = city();
    city.asked.house.at("2025-01-10T02:00").unwrap();
    city.asked.house.tick().unwrap();
    city
}

#[test]
fn what_is_still_to_come_follows_from_the_office_calendar() {
    let city = begun();
    let page = month(&city, city.clerk, "");
    assert!(page.contains("114年1月") && page.contains("aria-current=\"date\"><span>10</span>"), "{page}");
    // The last working day of the month.
    let day = page.split("id=\"d2025-01-31\"").nth(1).expect("the day of the round");
    assert!(day.contains("每月巡視") && day.contains("未到期") && day.contains("條文 6"), "{day}");
    assert_eq!(page.matches("id=\"d2025-").count(), 1, "nothing else is owed: {page}");
    let english = city.asked.get_english(&City::cookie(city.clerk), "/duties?month=2025-02").text();
    assert!(english.contains("Monthly round") && english.contains("id=\"d2025-02-28\""), "{english}");
    assert!(english.contains("month=2025-01") && english.contains("month=2025-03"));
    // Another duty asked for: none of it.
    assert!(month(&city, city.clerk, "?duty=nothing").contains("沒有您可檢視之定期工作"));
}

#[test]
fn what_was_opened_is_shown_once_with_how_it_stands() {
    let city = begun();
    city.asked.house.at("2025-01-28T02:00").unwrap();
    city.asked.house.tick().unwrap();
    let page = month(&city, city.clerk, "");
    let day = page.split("id=\"d2025-01-31\"").nth(1).unwrap();
    assert!(day.contains("待辦") && day.contains("href=\"/records/r_"), "{day}");
    assert!(!day.contains("未到期"), "what was opened is not to come as well: {day}");
    city.asked.house.at("2025-02-03T02:00").unwrap();
    city.asked.house.tick().unwrap();
    let page = month(&city, city.clerk, "?month=2025-01");
    assert!(page.contains("已逾期") && page.contains("state-refused"), "{page}");
}

#[test]
fn a_day_beyond_the_calendar_is_missing_and_not_guessed() {
    let city = begun();
    let page = month(&city, city.clerk, "?month=2099-01");
    assert!(page.contains("尚未載入") && !page.contains("id=\"d2099"), "{page}");
}

#[test]
fn strangers_and_other_units_do_not_find_it() {
    let city = begun();
    let stranger = city.asked.ask(Method::GET, "/duties", &[], "");
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
    city.asked.house.at("2025-01-28T02:00").unwrap();
    city.asked.house.tick().unwrap();
    let mine = month(&city, city.clerk, "");
    let record = mine.split("href=\"/records/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(!month(&city, city.other_clerk, "").contains(record));
}

/// Lines unfolded, as RFC 5545 §3.1 says; each of what came is checked.
fn unfolded(text: &str) -> Vec<String> {
    assert!(text.ends_with("\r\n"), "{text:?}");
    let mut lines: Vec<String> = Vec::new();
    for line in text.split("\r\n").filter(|line| !line.is_empty()) {
        // 75 octets are asked for; the crate's last piece of a line may have its blank beside them.
        assert!(line.len() <= 76 && !line.contains(['\n', '\r']), "{} bytes: {line:?}", line.len());
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

fn feed(asked: &Asked, token: &str) -> (StatusCode, String) {
    let answer = asked.ask(Method::GET, &format!("/duties/feed/{token}"), &[], "");
    (answer.status, answer.text())
}

#[test]
fn the_feed_is_for_a_token_of_this_right_alone() {
    let city = begun();
    let clerk = city.clerk.person;
    let token = city.asked.token_of(clerk, &[], &[], &[Right::Calendar]);
    let answer = city.asked.ask(Method::GET, &format!("/duties/feed/{token}.ics"), &[], "");
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let lines = unfolded(&answer.text());
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "DTSTART;VALUE=DATE:20250131", "DTEND;VALUE=DATE:20250201"]
    {
        assert!(lines.iter().any(|one| one == line), "{line}: {lines:#?}");
    }
    let uids: Vec<_> = lines.iter().filter(|line| line.starts_with("UID:")).collect();
    assert!(uids.iter().any(|uid| uid.starts_with("UID:monthly_round-2025-01-31@")), "{uids:?}");
    assert!(uids.len() >= 3, "three months ahead: {uids:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("DTSTAMP:20250110T") && line.ends_with('Z')),
        "{lines:#?}"
    );
    // Of another right, of none, revoked, as a header in place of an address: nothing is found.
    let other = city.asked.token_of(clerk, &["round"], &[], &[Right::Clauses]);
    for wrong in [other.as_str(), "nothing", "..", "%00"] {
        assert_eq!(feed(&city.asked, wrong).0, StatusCode::NOT_FOUND, "{wrong}");
    }
    let page = city.asked.ask(Method::GET, "/duties", &[("authorization", &format!("Bearer {token}"))], "");
    assert_eq!(page.status, StatusCode::SEE_OTHER, "it opens no page");
    let api =
        city.asked.ask(Method::GET, "/api/v1/clauses", &[("authorization", &format!("Bearer {token}"))], "");
    assert!(api.status.is_client_error(), "nor the API: {}", api.text());
}
