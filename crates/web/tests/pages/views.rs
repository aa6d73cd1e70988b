//! Saved views: kept by name, opened, found, forgotten; one's own alone.

use crate::site::{City, city};
use axum::http::{Method, StatusCode};

const LIST: &str = "/registers/key";

fn keep(city: &City, path: &str, query: &str, name: &str) -> StatusCode {
    city.send(city.clerk, "/views", &[("path", path), ("query", query), ("name", name)]).status
}

#[test]
fn a_view_is_kept_opened_found_replaced_and_forgotten() {
    let city = city();
    let page = city.page("/registers/key?f.room=1&page=2");
    // What is saved is what is asked for, not where one has leafed to.
    assert!(page.contains("name=\"query\" value=\"f.room=1\""), "{page}");
    let kept =
        city.send(city.clerk, "/views", &[("path", LIST), ("query", "f.room=1&page=2"), ("name", "一樓")]);
    assert_eq!(kept.header("location"), "/registers/key?f.room=1");
    let page = city.page("/registers/key?f.room=1");
    assert!(page.contains("href=\"/registers/key?f.room=1\" aria-current=\"true\">一樓</a>"), "{page}");
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let headers = [("cookie", cookie.as_str()), ("hx-request", "true"), ("hx-target", "list")];
    let part = city.asked.ask(Method::GET, LIST, &headers, "").text();
    assert!(part.contains(">一樓</a>"), "the part that is replaced has it as well: {part}");
    for place in ["/views", "/search?q=%E4%B8%80%E6%A8%93"] {
        assert!(city.page(place).contains("href=\"/registers/key?f.room=1\""), "{place}");
    }
    // Under the same name it takes the place of the one before.
    assert_eq!(keep(&city, LIST, "f.room=2", "一樓"), StatusCode::SEE_OTHER);
    let page = city.page("/views");
    assert!(page.contains("f.room=2") && !page.contains("f.room=1"), "{page}");
    // It is nobody else's.
    let other = city.asked.get(&City::cookie(city.head), "/views").text();
    assert!(other.contains("尚無已存檢視") && !other.contains("一樓"), "{other}");
    city.send(city.head, "/views/forget", &[("path", LIST), ("name", "一樓")]);
    assert!(city.page("/views").contains("一樓"));
    city.send(city.clerk, "/views/forget", &[("path", LIST), ("name", "一樓")]);
    assert!(city.page("/views").contains("尚無已存檢視"));
}

#[test]
fn the_clause_board_has_views_and_what_is_no_list_has_none() {
    let city = city();
    assert!(city.page("/clauses?state=met").contains("name=\"path\" value=\"/clauses\""));
    assert_eq!(keep(&city, "/clauses", "state=met", "已達成"), StatusCode::SEE_OTHER);
    assert!(city.page("/clauses").contains("href=\"/clauses?state=met\">已達成</a>"));
    for path in
        ["", "/", "/people", "//evil.example", "https://evil.example", "/registers/none", "/audit/entries"]
    {
        let refused = keep(&city, path, "", "那裡");
        assert_eq!(refused, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
    for name in ["", "   ", "a\nb", &"長".repeat(41)] {
        let refused = city.send(city.clerk, "/views", &[("path", LIST), ("query", ""), ("name", name)]);
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(refused.text().contains("檢視名稱須為 1 至 40 個字"));
    }
    let long = format!("q={}", "x".repeat(5_000));
    assert_eq!(keep(&city, LIST, &long, "太長"), StatusCode::UNPROCESSABLE_ENTITY);
    for number in 0..99 {
        assert_eq!(keep(&city, LIST, "", &format!("檢視{number}")), StatusCode::SEE_OTHER);
    }
    assert_eq!(keep(&city, LIST, "", "再一個"), StatusCode::UNPROCESSABLE_ENTITY, "a hundred are enough");
    assert_eq!(keep(&city, LIST, "q=x", "檢視98"), StatusCode::SEE_OTHER, "one of them may still change");
}
