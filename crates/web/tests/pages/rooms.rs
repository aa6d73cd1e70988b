//! Rooms: who sees them, how figures stand, that nothing unknown looks good, curves.

use crate::site::Asked;
use axum::http::StatusCode;
use model::Instant;
use regulation::Outcome;
use sense::tally::{Place, Tally};
use serde_json::json;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;
use testkit::{Acting, House};
use web::{Bounds, Limits, Readings};

/// What the binary would hand in: a room whose temperature is good and whose humidity is not, a UPS that does not answer, a
/// probe whose last word is old, one that says no number, a device that was never heard; and a sensor of another room.
pub(crate) fn readings(span: &Range<Instant>, step: u32) -> Readings {
    let mut tally = Tally::new(step);
    let before = |seconds: u64| span.end.minus(Duration::from_secs(seconds + 1));
    let mut say = |at: Instant, room: &str, sensor: &str, rest: &str| {
        tally.add(at, format!(r#"{{"room":"{room}","sensor":"{sensor}",{rest}}}"#).as_bytes());
    };
    let figure = |quantity: &str, unit: &str, value: &str| {
        format!(r#""quantity":"{quantity}","unit":"{unit}","value":{value}"#)
    };
    for minute in (0..50).rev() {
        let value = format!("{}.5", 22 + minute % 3);
        say(before(60 * minute), "A", "A-1", &figure("temperature", "Cel", &value));
    }
    say(before(60), "A", "A-1", &figure("humidity", "%RH", "75"));
    say(before(600), "A", "UPS-1", &figure("battery_charge", "%", "88"));
    say(before(500), "A", "UPS-1", r#""silent":true,"why":"no answer within 10 s""#);
    say(before(3_000), "A", "WWW-1", &figure("up", "/", "1"));
    say(before(5), "A", "AC-1", r#""quantity":"power","unit":"W","bad":"N/A""#);
    say(before(5), "Z9", "Z-1", &figure("temperature", "Cel", "24"));
    let place = |sensor: &str| Place { room: "A".to_owned(), sensor: sensor.to_owned() };
    let every = Duration::from_secs(60);
    let bounds = |low, high| Bounds { low: Some(low), high: Some(high) };
    Readings {
        tally,
        left: 0,
        devices: vec![(place("A-1"), every), (place("NEW-1"), every)],
        limits: [
            ("temperature".to_owned(), bounds(22.0, 26.0)),
            ("humidity".to_owned(), bounds(50.0, 70.0)),
            ("up".to_owned(), Bounds { low: Some(1.0), high: None }),
        ]
        .into_iter()
        .collect(),
    }
}

/// A unit with a room, its operator, another unit's, and an auditor.
pub(crate) struct Town {
    pub(crate) asked: Asked,
    pub(crate) operator: Acting,
    pub(crate) other: Acting,
    pub(crate) auditor: Acting,
}

pub(crate) fn town() -> Town {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut house = House::with_pack(17, &regulation::Folder::new(&pack), None).unwrap();
    let top = house.unit("100", None).unwrap();
    let unit = house.unit("110", Some(top)).unwrap();
    let elsewhere = house.unit("120", Some(top)).unwrap();
    let head = house.person("lin", "unit_head", unit).unwrap();
    let deputy = house.person("wu", "it_head", unit).unwrap();
    let operator = house.person("chen", "operator", unit).unwrap();
    let other = house.person("kuo", "operator", elsewhere).unwrap();
    let auditor = house.person("chi", "auditor", top).unwrap();
    let fill = [
        ("code", json!("A")),
        ("name", json!("第一機房")),
        ("place", json!("臺中市政府三樓")),
        ("custodian", json!(operator.person.to_string())),
        ("deputy_custodian", json!(deputy.person.to_string())),
        ("vault", json!(false)),
        ("round_the_clock", json!(false)),
        ("raised_floor", json!(true)),
        ("measures", json!([{ "measure": "lock", "where_it_is": "大門" }])),
    ];
    let room = house.open(operator, "room", "propose", &fill).unwrap();
    house.take(head, room, "approve", Outcome::Approve, &[]).unwrap();
    let asked = Asked::of(house, Limits::default());
    for one in [operator, other, auditor] {
        asked.sign_in(one.person);
    }
    Town { asked, operator, other, auditor }
}

impl Town {
    fn ask(&self, who: Acting, path: &str) -> (StatusCode, String) {
        let answer = self.asked.get(&format!("cookie-of-{}", who.person), path);
        (answer.status, answer.text())
    }

    fn page(&self, who: Acting, path: &str) -> String {
        let (status, text) = self.ask(who, path);
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        text
    }
}

/// The row of a table in which a word stands.
fn row<'p>(page: &'p str, word: &str) -> &'p str {
    let found = page.split("<tr>").find(|row| row.contains(word));
    found.unwrap_or_else(|| panic!("{word}: {page}")).split("</tr>").next().unwrap()
}

#[test]
fn each_figure_is_shown_as_it_stands_and_nothing_unknown_as_good() {
    let town = town();
    let page = town.page(town.operator, "/rooms");
    assert!(page.contains("第一機房") && page.contains("href=\"/rooms/A/A-1\""), "{page}");
    for (word, shows) in [
        ("溫度", ["22.5 °C", "正常", "22 °C 至 26 °C"].as_slice()),
        ("相對溼度", &["75 %", "逾限", "50 % 至 70 %"]),
        ("電池電量", &["前次 88 %", "感測器無回應", "no answer within 10 s"]),
        ("連線", &["前次 有回應", "逾時未更新"]),
        ("功率", &["N/A", "讀值無效"]),
        ("NEW-1", &["無讀值"]),
    ] {
        let row = row(&page, word);
        for shown in shows {
            assert!(row.contains(shown), "{word} {shown}: {row}");
        }
        assert_eq!(row.contains("state-done"), word == "溫度", "{word}: {row}");
    }
    // The room is as bad as its worst figure.
    let head = page.split("第一機房").nth(2).unwrap().split("<table>").next().unwrap();
    assert!(head.contains("逾限"), "{head}");
    let english = town.asked.get_english(&format!("cookie-of-{}", town.operator.person), "/rooms").text();
    for words in ["Outside limits", "Sensor silent", "Out of date", "No reading", "22 °C to 26 °C"] {
        assert!(english.contains(words), "{words}: {english}");
    }
}

#[test]
fn who_may_not_see_a_room_sees_no_sensor_of_it() {
    let town = town();
    let page = town.page(town.other, "/rooms");
    assert!(!page.contains("第一機房") && !page.contains("A-1") && !page.contains("Z-1"), "{page}");
    for path in ["/rooms/A", "/rooms/A/A-1", "/rooms/Z9", "/rooms/Z9/Z-1", "/rooms/none"] {
        assert_eq!(town.ask(town.other, path).0, StatusCode::NOT_FOUND, "{path}");
    }
    // Rooms that nobody has registered are for those who may look into the ledger.
    assert!(!town.page(town.operator, "/rooms").contains("Z-1"));
    let (status, _) = town.ask(town.operator, "/rooms/Z9");
    assert_eq!(status, StatusCode::NOT_FOUND);
    let audited = town.page(town.auditor, "/rooms");
    assert!(audited.contains("未登記機房之感測器") && audited.contains("/rooms/Z9/Z-1"), "{audited}");
    assert!(town.page(town.auditor, "/rooms/Z9").contains("24 °C"));
    assert_eq!(town.ask(town.auditor, "/rooms/none").0, StatusCode::NOT_FOUND);
}

#[test]
fn a_room_has_the_curves_of_its_air_and_what_belongs_to_it() {
    let town = town();
    let page = town.page(town.operator, "/rooms/A");
    assert_eq!(page.matches("role=\"img\"").count(), 2, "{page}");
    assert!(page.contains("A-1 溫度") && page.contains("A-1 相對溼度"), "{page}");
    assert!(page.contains("最低 22.5 °C、平均 ") && page.contains("最高 24.5 °C"), "{page}");
    assert!(page.contains("<polyline") && page.contains("stroke-dasharray"), "{page}");
    assert!(page.contains("故障案件") && page.contains("沒有您可檢視之紀錄"), "{page}");
}

#[test]
fn the_sheet_of_a_day_has_the_curves_of_its_room_from_midnight_to_midnight() {
    let town = town();
    town.asked.house.tick().unwrap();
    let list = town.page(town.operator, "/registers/duty_sheet");
    let sheet = list.split("href=\"/records/").nth(1).unwrap_or_else(|| panic!("no sheet: {list}"));
    let sheet = format!("/records/{}", sheet.split('"').next().unwrap());
    let page = town.page(town.operator, &sheet);
    let day = page.split("當日感測曲線").nth(1).unwrap_or_else(|| panic!("no curves: {page}"));
    assert!(day.contains("A-1 溫度") && day.contains("A-1 相對溼度"), "{day}");
    assert!(day.contains("最低 22.5 °C、平均 ") && day.contains("上下限 22 °C 至 26 °C"), "{day}");
    assert!(day.contains("<span>114/01/02 00:00:00</span><span>114/01/03 00:00:00</span>"), "{day}");
    assert!(day.contains("href=\"/rooms/A\"") && !day.contains("Z-1"), "{day}");
    // Other records of a room have none, and nobody else has any.
    let mut links = page.split("href=\"/records/").map(|rest| rest.split('"').next().unwrap());
    let room =
        links.find(|record| record.starts_with("r_") && !record.contains('/') && !sheet.ends_with(record));
    let room = room.expect("the room that it is of");
    assert!(!town.page(town.operator, &format!("/records/{room}")).contains("當日感測曲線"));
    assert_eq!(town.ask(town.other, &sheet).0, StatusCode::NOT_FOUND);
}

#[test]
fn a_sensor_has_curves_by_hour_day_month_and_year() {
    let town = town();
    for span in ["", "?span=hour", "?span=day", "?span=month", "?span=year"] {
        let page = town.page(town.operator, &format!("/rooms/A/A-1{span}"));
        assert!(page.contains("A-1 溫度") && page.contains("數值表"), "{span}: {page}");
        let current = if span.is_empty() { "?span=day" } else { span };
        assert!(page.contains(&format!("href=\"/rooms/A/A-1{current}\" aria-current=\"page\"")), "{page}");
    }
    for path in ["/rooms/A/none", "/rooms/A/A-1?span=decade", "/rooms/A/Z-1"] {
        assert_eq!(town.ask(town.operator, path).0, StatusCode::NOT_FOUND, "{path}");
    }
    // What is no number has no curve, and says so.
    let page = town.page(town.operator, "/rooms/A/AC-1");
    assert!(page.contains("期間內無讀值") && page.contains("讀值無效"), "{page}");
}

#[test]
fn the_view_for_a_wall_shows_itself_anew_and_has_no_menu() {
    let town = town();
    let answer = town.asked.get(&format!("cookie-of-{}", town.operator.person), "/rooms?view=wall");
    assert_eq!(answer.header("refresh"), "30");
    let page = answer.text();
    assert!(page.contains("第一機房") && page.contains("逾限") && !page.contains("class=\"rail\""), "{page}");
    // What is not of now is no large figure.
    assert!(page.contains("<strong>22.5 °C</strong>") && !page.contains("88 %"), "{page}");
}
