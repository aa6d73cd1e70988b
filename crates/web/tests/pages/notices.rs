//! Notices: whose they are, read by a POST, and never of a record one may not see.

use crate::site::{City, borrowing, city};
use axum::http::StatusCode;
use regulation::Outcome;

#[test]
fn a_notice_is_read_by_a_post_and_leads_to_its_record() {
    let mut city = city();
    let borrowed = borrowing(city.key("K01"), city.clerk, "internal");
    let loan = city.asked.house.open(city.clerk, "loan", "file", &borrowed).unwrap();
    city.asked.house.take(city.head, loan, "approve", Outcome::Refuse, &[]).unwrap();
    let page = city.page("/notices");
    assert!(page.contains("借用 K01 未准:理由") && page.contains("class=\"panel unread\""), "{page}");
    assert!(city.page("/").contains("借用 K01 未准:理由"));
    let number = page.split("action=\"/notices/").nth(2).unwrap().split('/').next().unwrap().to_owned();
    let path = format!("/notices/{number}/read");
    // Not theirs: not there.
    assert_eq!(city.send(city.other_clerk, &path, &[]).status, StatusCode::NOT_FOUND);
    assert_eq!(city.asked.get(&City::cookie(city.clerk), &path).status, StatusCode::METHOD_NOT_ALLOWED);
    let read = city.send(city.clerk, &path, &[]);
    assert_eq!((read.status, read.header("location")), (StatusCode::SEE_OTHER, &*format!("/records/{loan}")));
    assert!(!city.page("/notices").contains("class=\"panel unread\""));
    let english = city.asked.get_english(&City::cookie(city.clerk), "/notices").text();
    assert!(english.contains("Loan of K01 refused"), "{english}");
}

#[test]
fn all_are_read_at_once() {
    let mut city = city();
    for code in ["K01", "K02"] {
        let borrowed = borrowing(city.key(code), city.clerk, "internal");
        let loan = city.asked.house.open(city.clerk, "loan", "file", &borrowed).unwrap();
        city.asked.house.take(city.head, loan, "approve", Outcome::Refuse, &[]).unwrap();
    }
    assert!(city.page("/notices").contains("全部標示為已讀（2）"));
    assert_eq!(city.send(city.clerk, "/notices/read", &[]).header("location"), "/notices");
    let page = city.page("/notices");
    assert!(!page.contains("全部標示為已讀") && page.contains("K02"), "{page}");
    assert!(city.asked.get(&City::cookie(city.other_clerk), "/notices").text().contains("沒有通知"));
}
