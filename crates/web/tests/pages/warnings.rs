//! Public warnings on the page and over the API: what came of each, who sees which room, what is handed in and refused.

use crate::rooms::{Town, town};
use axum::http::{Method, StatusCode};
use identity::Right;
use model::Instant;
use std::path::Path;
use warning::{Book, Settings, read};
use web::{NotHeard, WarningHeard, Warnings};

const SETTINGS: &str = r#"
senders = ["alert@cd.example.gov.tw"]
[[event]]
kind = "air_raid"
names = ["airRaid"]
[[room]]
code = "A"
geocodes = [{ list = "Taiwan_Geocode_103", code = "66000" }]
[[room]]
code = "Z9"
geocodes = [{ list = "Taiwan_Geocode_103", code = "63000" }]
"#;

/// An alert that holds until the year is over.
pub(crate) fn alert(identifier: &str, sender: &str, status: &str) -> String {
    format!(
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>{identifier}</identifier>\
         <sender>{sender}</sender><sent>2025-01-02T09:00:00+08:00</sent><status>{status}</status>\
         <msgType>Alert</msgType><scope>Public</scope><info><event>空襲警報</event><eventCode>\
         <valueName>list</valueName><value>airRaid</value></eventCode><expires>2025-12-31T00:00:00+08:00</expires>\
         <headline>避難 &lt;script&gt;alert(1)&lt;/script&gt;</headline><area><areaDesc>臺中市</areaDesc><geocode>\
         <valueName>Taiwan_Geocode_103</valueName><value>66000</value></geocode></area></info></alert>"
    )
}

/// An ear that has heard nothing.
pub(crate) struct Ear {
    settings: Settings,
    book: Book,
}

impl Ear {
    pub(crate) fn new() -> Self {
        let settings = Settings::read("warnings.toml", SETTINGS, Path::new("")).unwrap();
        Self { settings, book: Book::default() }
    }

    pub(crate) fn hear(&mut self, bytes: &[u8], now: Instant) -> Result<WarningHeard, NotHeard> {
        match read(bytes) {
            Ok(alert) => {
                let weighed = self.book.weigh(&alert, (bytes, "d1"), &self.settings, now);
                let known = weighed.entries.is_empty();
                weighed.entries.into_iter().for_each(|entry| self.book.apply(entry));
                Ok(WarningHeard { stands: weighed.stands, known })
            }
            Err(unread) => {
                let told = self.book.unreadable(&unread, (bytes, "d2"), now);
                told.into_iter().for_each(|entry| self.book.apply(entry));
                Err(NotHeard::Refused(unread.told()))
            }
        }
    }
}

/// What the binary would hand in: an alert that holds at a room, a test, one of a stranger, and what is no alert.
pub(crate) fn heard() -> Warnings {
    let (mut ear, now) = (Ear::new(), "2025-01-02T01:05:00.000000Z".parse().unwrap());
    for (identifier, sender, status) in [
        ("CD-1", "alert@cd.example.gov.tw", "Actual"),
        ("CD-2", "alert@cd.example.gov.tw", "Test"),
        ("X-1", "stranger@example.org", "Actual"),
    ] {
        ear.hear(alert(identifier, sender, status).as_bytes(), now).unwrap();
    }
    ear.hear(b"<alert", now).unwrap_err();
    Warnings {
        settings: Some(ear.settings.clone()),
        heard: ear.book.heard().cloned().collect(),
        apart: ear.book.apart().cloned().collect(),
        unread: ear.book.unread().cloned().collect(),
        concerns: ear.book.concerns().cloned().collect(),
    }
}

fn page(town: &Town, who: testkit::Acting) -> String {
    let answer = town.asked.get(&format!("cookie-of-{}", who.person), "/warnings");
    assert_eq!(answer.status, StatusCode::OK);
    answer.text()
}

#[test]
fn each_alert_is_shown_with_what_came_of_it_and_nothing_in_it_is_obeyed() {
    let town = town();
    let text = page(&town, town.operator);
    for words in [
        "CD-1",
        "第一機房",
        "有效",
        "啟動緊急應變",
        "不處理：測試訊息",
        "X-1",
        "不處理：發送單位未經採信",
        "警報無法解讀",
        "避難 &#60;script&#62;",
        "alert@cd.example.gov.tw",
        "Taiwan_Geocode_103 66000",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("<script>alert") && !text.contains("尚未設定採信"), "{text}");
    let english = town.asked.get_english(&format!("cookie-of-{}", town.operator.person), "/warnings").text();
    for words in ["the emergency procedure is begun", "nothing: it is a test", "In force", "cannot be read"] {
        assert!(english.contains(words), "{words}: {english}");
    }
}

#[test]
fn of_rooms_one_sees_those_alone_whose_records_one_may_see() {
    let town = town();
    let of_another = page(&town, town.other);
    assert!(
        of_another.contains("CD-1") && of_another.contains("尚無及於您可檢視之機房之警報"),
        "{of_another}"
    );
    for hidden in ["第一機房", "啟動緊急應變", "Z9", "66000"] {
        assert!(!of_another.contains(hidden), "{hidden}: {of_another}");
    }
    assert!(!page(&town, town.operator).contains("Z9"));
    let audited = page(&town, town.auditor);
    assert!(audited.contains("第一機房") && audited.contains("Z9"), "{audited}");
}

#[test]
fn alerts_are_handed_in_by_tokens_with_the_right_and_what_is_none_is_refused_with_its_place() {
    let town = town();
    let token = town.asked.token_of(town.operator.person, &[], &[], &[Right::Warnings]);
    let other = town.asked.token_of(town.operator.person, &[], &[], &[Right::Lines]);
    let hear = |token: &str, body: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/cap+xml")];
        town.asked.ask(Method::POST, "/api/v1/warnings", &headers, body)
    };
    let raid = alert("CD-1", "alert@cd.example.gov.tw", "Actual");
    assert_eq!(hear(&other, &raid).status, StatusCode::NOT_FOUND);
    let answer = hear(&token, &raid);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let answer: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!((answer["identifier"].as_str(), answer["believed"].as_bool()), (Some("CD-1"), Some(true)));
    assert_eq!(
        (answer["rooms"][0]["room"].as_str(), answer["rooms"][0]["came"].as_str()),
        (Some("A"), Some("act"))
    );
    assert_eq!(answer["rooms"][1]["came"], "elsewhere");
    assert_eq!(answer["rooms"][0]["told"]["zh"], "啟動緊急應變");
    let refused = hear(&token, &raid.replace("2025-01-02T09", "2025-13-02T09"));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("sent"), "{}", refused.text());
    let refused = hear(&token, "<alert>\n<b></alert>");
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("第 1 行第 8 字"), "{}", refused.text());
    assert_eq!(hear(&token, "stopped").status, StatusCode::SERVICE_UNAVAILABLE);
    let long = " ".repeat(warning::LONGEST + 1);
    assert_eq!(hear(&token, &long).status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(hear(&token, &format!("{long} ")).status, StatusCode::PAYLOAD_TOO_LARGE);
}
