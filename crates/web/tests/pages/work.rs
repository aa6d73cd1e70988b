//! My work: what waits for somebody is what they may do, counted, and nothing of anybody else's.

use crate::site::{City, borrowing, city};
use axum::http::{Method, StatusCode};
use regulation::Outcome;

#[test]
fn what_waits_is_counted_first_and_is_what_the_record_offers() {
    let mut city = city();
    let borrowed = borrowing(city.key("K01"), city.clerk, "internal");
    let loan = city.asked.house.open(city.clerk, "loan", "file", &borrowed).unwrap();
    let head = city.asked.get(&City::cookie(city.head), "/").text();
    let card = head.split("id=\"to-sign\"").nth(1).unwrap_or_else(|| panic!("nothing to sign: {head}"));
    assert!(card.contains(&format!("/records/{loan}/steps/approve")), "{card}");
    assert!(head.contains("<strong>1</strong><span>待簽核</span>"), "{head}");
    let offered = city.asked.get(&City::cookie(city.head), &format!("/records/{loan}")).text();
    assert!(offered.contains(&format!("href=\"/records/{loan}/steps/approve\"")));
    // Whoever filed it has it among their requests, with whom it waits for, and nothing to sign.
    let clerk = city.page("/");
    assert!(!clerk.contains("id=\"to-sign\""), "{clerk}");
    let requests = clerk.split("id=\"requests\"").nth(1).unwrap();
    assert!(requests.contains("K01 借用") && requests.contains("待 主管（110單位）"), "{requests}");
    // The other unit has none of it.
    let other = city.asked.get(&City::cookie(city.other_clerk), "/").text();
    assert!(!other.contains("K01"), "{other}");
    city.asked.house.take(city.head, loan, "approve", Outcome::Approve, &[]).unwrap();
    assert!(!city.asked.get(&City::cookie(city.head), "/").text().contains("id=\"to-sign\""));
}

#[test]
fn duties_of_today_and_what_is_overdue_stand_apart() {
    let city = city();
    city.asked.house.at("2025-01-24T01:30").unwrap();
    city.asked.house.tick().unwrap();
    // Owed by the end of the month: to be done, and not yet today's.
    let page = city.page("/");
    assert!(page.contains("id=\"to-do\"") && !page.contains("id=\"on-duty\""), "{page}");
    city.asked.house.at("2025-01-30T23:30").unwrap();
    city.asked.house.tick().unwrap();
    let page = city.page("/");
    let overdue = page.split("id=\"overdue\"").nth(1);
    let today = page.split("id=\"on-duty\"").nth(1);
    assert!(today.is_some() || overdue.is_some(), "{page}");
    assert!(page.contains("每月巡視") || page.contains("巡視"), "{page}");
}

#[test]
fn empty_cards_are_put_away_and_records_can_be_opened_from_here() {
    let city = city();
    let page = city.asked.get(&City::cookie(city.head), "/").text();
    let quiet = page.split("class=\"quiet\"").nth(1).unwrap();
    assert!(quiet.contains("沒有待簽核案件"), "{quiet}");
    assert!(page.contains("目前沒有待辦事項") || page.contains("work-counts"), "{page}");
    let clerk = city.page("/");
    assert!(clerk.contains("開立新案") && clerk.contains("href=\"/registers/loan/new\""), "{clerk}");
    let english = city.asked.get_english(&City::cookie(city.clerk), "/").text();
    assert!(english.contains("My requests") && english.contains("Open a record"), "{english}");
}

#[test]
fn the_cards_alone_are_given_to_scripts_as_things_move() {
    let city = city();
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let headers = [("cookie", cookie.as_str()), ("hx-request", "true"), ("hx-target", "work")];
    let part = city.asked.ask(Method::GET, "/", &headers, "");
    assert_eq!(part.status, StatusCode::OK);
    assert!(part.text().trim_start().starts_with("<div id=\"work\""), "{}", part.text());
    assert!(part.text().contains("hx-trigger=\"ward:moved from:body\""));
}

#[test]
fn a_long_card_is_cut_and_shown_whole_when_asked() {
    let mut city = city();
    for number in 1..=14 {
        let borrowed = borrowing(city.key(&format!("K{number:02}")), city.clerk, "internal");
        city.asked.house.open(city.clerk, "loan", "file", &borrowed).unwrap();
    }
    let rows = |page: &str| page.split("id=\"to-sign\"").nth(1).unwrap().matches("type=\"checkbox\"").count();
    let page = city.asked.get(&City::cookie(city.head), "/").text();
    assert!(page.contains("<strong>14</strong><span>待簽核</span>"), "{page}");
    assert!(rows(&page) == 12 && page.contains("href=\"/?all=to-sign#to-sign\""), "{page}");
    let all = city.asked.get(&City::cookie(city.head), "/?all=to-sign").text();
    assert!(rows(&all) == 14 && !all.contains("href=\"/?all=to-sign"), "{all}");
}
