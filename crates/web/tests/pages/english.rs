//! Pages in English are in English to their marks: none of full width stands in one.

use crate::people::office;
use crate::records::PNG;
use crate::site::{City, borrowing, city};
use axum::http::Method;
use regulation::Outcome;
use serde_json::json;

/// Marks of Chinese, and blanks and letters of full width.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff65}')
}

/// What stands around such marks.
pub(crate) fn wide(page: &str) -> Vec<String> {
    let letters: Vec<char> = page.chars().collect();
    let at = letters.iter().enumerate().filter(|(_, c)| is_wide(**c)).map(|(at, _)| at);
    at.map(|at| letters[at.saturating_sub(60)..(at + 20).min(letters.len())].iter().collect()).collect()
}

#[test]
fn no_page_in_english_has_marks_of_chinese() {
    let mut city = city();
    let filed = borrowing(city.key("K01"), city.clerk, "internal");
    let refused = city.asked.house.open(city.clerk, "loan", "file", &filed).unwrap();
    city.asked.house.take(city.head, refused, "approve", Outcome::Refuse, &[]).unwrap();
    let filed = borrowing(city.key("K02"), city.clerk, "internal");
    let waiting = city.asked.house.open(city.clerk, "loan", "file", &filed).unwrap();
    city.asked.house.at("2025-01-28T01:30").unwrap();
    city.asked.house.tick().unwrap();
    let round = city.page("/registers/round");
    let round: model::RecordId =
        round.split("href=\"/records/").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let photo = city.asked.house.file("photo.png", PNG, desk::Keeping::Clear).unwrap();
    let finish = [
        ("looked_at", json!({ "doors": { "answer": "good" }, "damp": { "answer": "bad", "note": "wet" } })),
        ("photos", json!([photo])),
        (
            "people",
            json!([{ "who": city.clerk.person.to_string() }, { "who": city.head.person.to_string() }]),
        ),
    ];
    let change = city.key("K09");
    let drafted = format!("/records/{round}/steps/finish");
    let mut pages = vec![
        (city.clerk, drafted.clone()),
        (city.clerk, format!("/records/{change}/steps/change")),
        (city.clerk, "/registers/loan/new/file".to_owned()),
    ];
    let mut wrong = Vec::new();
    let look = |city: &City, pages: &[(testkit::Acting, String)], wrong: &mut Vec<String>| {
        for (who, path) in pages {
            let page = city.asked.get_english(&City::cookie(*who), path);
            assert!(page.status.is_success(), "{path}: {}", page.status);
            wrong.extend(wide(&page.text()).into_iter().map(|found| format!("{path}: {found}")));
        }
    };
    look(&city, &pages, &mut wrong);
    city.asked.house.take(city.clerk, round, "finish", Outcome::Done, &finish).unwrap();
    pages.clear();
    for record in [round, refused, waiting, city.loan] {
        for tab in ["", "/linked", "/evidence", "/signatures", "/history", "/print"] {
            pages.push((city.clerk, format!("/records/{record}{tab}")));
        }
    }
    let stance = format!("head.{}.", city.head.unit);
    pages.push((city.head, format!("/sign?c={waiting}~approve~approve~{stance}")));
    pages.push((city.head, format!("/records/{waiting}/steps/approve")));
    for path in [
        "/",
        "/registers",
        "/registers/key",
        "/registers/loan",
        "/registers/round?day.min=2025-01-01",
        "/notices",
        "/people",
        "/people?left=1",
        "/units",
        "/clauses",
        "/search?q=K01",
        "/duties",
        "/duties?month=2024-12",
        "/move-in",
        "/move-in/register.key",
        "/settings",
        "/about",
        "/help",
        "/help/basics",
        "/views",
        "/unit",
    ] {
        pages.push((city.clerk, path.to_owned()));
    }
    pages.push((city.clerk, format!("/people/{}", city.clerk.person)));
    pages.push((city.clerk, format!("/units/{}", city.clerk.unit)));
    pages.extend((3..=5).map(|clause| (city.clerk, format!("/clauses/{clause}"))));
    look(&city, &pages, &mut wrong);
    // The page of confirmation, and what a form says that is refused.
    let cookie = format!("ward_session={}; ward_language=en", City::cookie(city.head));
    let headers = [("cookie", cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let path = format!("/records/{waiting}/steps/approve");
    for act in ["approve", "refuse"] {
        let body = format!("csrf=token-of-{}&_do=send:{act}", city.head.person);
        let page = city.asked.ask(Method::POST, &path, &headers, &body).text();
        wrong.extend(wide(&page).into_iter().map(|found| format!("{act}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_page_of_auditors_in_english_has_marks_of_chinese() {
    let office = office();
    let (auditor, steward) = (office.auditor, office.steward);
    let alarm = crate::alarms::raise(&office.asked.house.desk, "198.51.100.9", model::Severity::High);
    let mut wrong = Vec::new();
    let pages = [
        (auditor, "/audit".to_owned()),
        (auditor, "/audit/entries".to_owned()),
        (auditor, "/audit/entries?by=wang".to_owned()),
        (auditor, "/audit/entries/3".to_owned()),
        (auditor, "/alarms".to_owned()),
        (auditor, "/responses".to_owned()),
        (auditor, "/warnings".to_owned()),
        (auditor, "/alarms/wall".to_owned()),
        (auditor, format!("/alarms/{alarm}")),
        (auditor, "/sources".to_owned()),
        (auditor, "/sources/month?month=2025-11".to_owned()),
        (auditor, "/sources/month?month=2020-03".to_owned()),
        (auditor, "/trace?q=10.1.2.3".to_owned()),
        (auditor, "/trace/lines/syslog-tcp/0".to_owned()),
        (steward, format!("/people/{}", office.wang.person)),
        (steward, "/people/new".to_owned()),
        (steward, "/terminals".to_owned()),
        (steward, "/check".to_owned()),
        (steward, "/outlets".to_owned()),
    ];
    for (who, path) in pages {
        let page = office.asked.get_english(&format!("cookie-of-{}", who.person), &path);
        assert!(page.status.is_success(), "{path}: {}", page.status);
        wrong.extend(wide(&page.text()).into_iter().map(|found| format!("{path}: {found}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
