//! Incidents: what happened when, on the page to whom it belongs; the same for machines.

use crate::alarms::raise_of;
use crate::people::office;
use axum::http::StatusCode;
use casework::{Command, EntryNumber};
use desk::{Asker, Order};
use serde_json::{Value, json};

#[test]
fn an_incident_that_an_alarm_opened_has_a_time_line_and_a_report_in_stix() {
    let office = office();
    let desk = &office.asked.house.desk;
    let alarm = raise_of(desk, "198.51.100.9", office.head.unit);
    let fill = [
        ("kind", json!("suspected")),
        ("found_at", json!("2024-12-31T01:02:03.000000Z")),
        ("where_found", json!("198.51.100.9")),
        ("facts", json!("同一來源猜測密碼")),
        ("level", json!("one")),
    ];
    let command = Command::OpenForAlarm {
        alarm: EntryNumber(alarm),
        register: "incident".parse().unwrap(),
        unit: office.head.unit,
        fill: fill.into_iter().map(|(field, value)| (field.parse().unwrap(), value)).collect(),
    };
    desk.ask(Asker::System, Order::Casework(command)).unwrap();
    let opened = desk.read::<_, store::StoreError>(|sql, _| sql.alarm(alarm)).unwrap().unwrap();
    let record = opened.record.unwrap();
    let path = format!("/records/{record}/incident");
    let asked = |who: testkit::Acting, path: &str| {
        let answer = office.asked.get(&format!("cookie-of-{}", who.person), path);
        (answer.status, answer.text())
    };

    let (status, page) = asked(office.head, &path);
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(asked(office.head, &format!("/records/{record}")).1.contains(&path), "its page leads there");
    for there in ["事件報告", "同一來源猜測密碼", "系統開立", "<svg", "syslog-tcp 0"] {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(!page.contains("/trace/lines/"), "a head may not look at lines");
    assert!(office.asked.entered("lines.traced/1").is_empty());
    let (_, audited) = asked(office.auditor, &path);
    assert!(audited.contains("/trace/lines/syslog-tcp/0"), "{audited}");
    assert_eq!(asked(office.chen, &path).0, StatusCode::NOT_FOUND);

    let (status, text) = asked(office.head, &format!("{path}/stix"));
    assert_eq!(status, StatusCode::OK);
    let bundle: Value = serde_json::from_str(&text).unwrap();
    let of = |kind: &str| -> Vec<&Value> {
        let objects = bundle["objects"].as_array().unwrap();
        objects.iter().filter(|object| object["type"] == kind).collect()
    };
    assert_eq!(of("ipv4-addr")[0]["value"], "198.51.100.9");
    assert_eq!(of("indicator")[0]["pattern"], "[ipv4-addr:value = '198.51.100.9']");
    assert_eq!(of("sighting")[0]["count"], 5);
    assert!(of("incident")[0]["description"].as_str().unwrap().contains("發現情形：同一來源猜測密碼"));
    assert_eq!(asked(office.head, &format!("{path}/stix")).1, text, "the same bytes");
    assert_eq!(asked(office.chen, &format!("{path}/stix")).0, StatusCode::NOT_FOUND);
}
