//! Sources of lines: for whom the page is, what stands out, how unknown senders are registered.

use crate::people::office;
use axum::http::StatusCode;
use model::{Instant, RecordId, Told, UnitId};
use std::time::Duration;
use telemetry::Gaps;
use telemetry::traffic::Traffic;
use web::{
    Heard, LinesCase, LinesCaseKind, ReceiverHeard, Reckoned, Senders, SourceHeard, SourceName, Standing,
    UnknownSender,
};

/// What the binary would hand in: one source that is heard, one silent, one never heard, one that is no address; and two
/// senders whom nobody has registered.
pub(crate) fn senders(now: Instant) -> Senders {
    let before = |seconds: u64| Some(now.minus(Duration::from_secs(seconds)));
    let source = |nth: u8, name: &str, network: &str, standing, heard| SourceHeard {
        record: RecordId::from_bytes([nth; 16]),
        unit: UnitId::from_bytes([nth; 16]),
        name: name.to_owned(),
        network: network.to_owned(),
        standing,
        heard,
    };
    let heard = Heard {
        lines: 12_345,
        bytes: 4_000_000,
        nine: 11_110,
        rate: 600,
        last: before(2),
        skew: Some(-75_000_000),
        gaps: Gaps { numbered: 12_000, untold: 0, found: 2, missing: 5, back: 1 },
        receivers: vec!["syslog-tcp".to_owned()],
    };
    let stopped = Heard { last: before(2 * 3_600), ..Heard::default() };
    let unknown = |address: &str, lines| UnknownSender {
        address: address.parse().unwrap(),
        heard: Heard {
            lines,
            last: before(lines),
            receivers: vec!["syslog-udp-unknown".to_owned()],
            ..Heard::default()
        },
    };
    Senders {
        since: now.minus(Duration::from_secs(86_400)),
        sources: vec![
            source(1, "TC-FW-01", "192.0.2.1", Standing::Listed, heard),
            source(2, "TC-SW-01", "10.1.0.0/16", Standing::Listed, stopped),
            source(3, "TC-SRV-01", "192.0.2.3", Standing::Listed, Heard::default()),
            source(4, "TC-OLD-01", "fw-1", Standing::NoNetwork, Heard::default()),
        ],
        unknown: vec![unknown("198.51.100.7", 3), unknown("2001:db8::7", 40)],
        others: 0,
        unclear: Vec::new(),
        receivers: vec![
            ReceiverHeard { name: "syslog-tcp".to_owned(), lines: 12_345, dropped: None },
            ReceiverHeard { name: "syslog-udp".to_owned(), lines: 0, dropped: Some(17) },
        ],
    }
}

/// What the binary would say of cases: a disposal of which some files stay, and a hold.
pub(crate) fn cases() -> Vec<LinesCase> {
    let case = |nth: u8, kind, receiver: Option<&str>, stays| LinesCase {
        record: RecordId::from_bytes([nth; 16]),
        kind,
        receiver: receiver.map(ToOwned::to_owned),
        stays,
    };
    let kept = Told::new("未逾最短保存期間", "They are within the time that lines are kept at least");
    vec![
        case(6, LinesCaseKind::Disposal, Some("syslog-tcp"), vec![(kept, 12_345)]),
        case(7, LinesCaseKind::Hold, None, Vec::new()),
    ]
}

/// What the binary would say of a month: all of it is read, but of March 2020 one file of five.
pub(crate) fn reckoned(traffic: Traffic) -> Reckoned {
    let begins = traffic.span().start.to_string();
    let left = if begins.starts_with("2020-02-29") { 4 } else { 0 };
    let name = SourceName {
        record: RecordId::from_bytes([1; 16]),
        unit: UnitId::from_bytes([1; 16]),
        name: "TC-FW-01".to_owned(),
    };
    let names = [("::1".parse().unwrap(), name)].into_iter().collect();
    Reckoned { traffic, names, left, files: 5 }
}

#[test]
fn who_may_not_look_into_the_ledger_finds_no_sources_either() {
    let office = office();
    for path in [
        "/sources",
        "/sources/export?format=csv",
        "/sources/month",
        "/sources/month/export?month=2025-11&format=csv",
    ] {
        let answer = office.asked.get(&format!("cookie-of-{}", office.wang.person), path);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text().contains("TC-FW-01"), "{path}");
    }
}

#[test]
fn what_is_to_be_looked_at_stands_first_and_what_is_not_heard_is_never_told_to_be() {
    let office = office();
    let page = office.traces("/sources");
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    assert!(at("2 個紀錄來源靜默") < at("TC-FW-01") && at("1 筆登記之位址無法辨識") < at("TC-FW-01"));
    for name in ["TC-SW-01", "TC-SRV-01", "TC-OLD-01"] {
        assert!(at(name) < at("TC-FW-01"), "{name} is to be looked at");
    }
    assert_eq!(page.matches("收受中").count(), 1, "{page}");
    for there in ["法律保全", "所有接收器", "未逾最短保存期間：12,345 筆"] {
        assert!(at(there) > at("TC-FW-01"), "{there}");
    }
    assert!(at("1 個紀錄來源之編號有缺漏") < at("TC-FW-01") && at("5 筆（2 處）") > at("TC-FW-01"));
    for there in ["靜默", "未曾收到", "位址無法辨識", "89.9 %", "快 1 分鐘", "600", "2 個未登錄之傳送者"]
    {
        at(there);
    }
    assert!(at("198.51.100.7") < at("2001:db8::7"), "the one heard last comes first");
    assert!(!page.contains("f.network"), "an auditor registers nobody");
    let found = office.traces("/sources?q=fw-01");
    assert!(found.contains("TC-FW-01") && !found.contains("TC-SW-01"), "{found}");
}

#[test]
fn sources_leave_as_a_file() {
    let office = office();
    let text = office.traces("/sources/export?format=csv");
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(text.contains("TC-SW-01") && text.contains("靜默") && text.contains("10.1.0.0/16"), "{text}");
}

#[test]
fn the_month_of_a_sender_is_told_and_leaves_as_a_file() {
    let office = office();
    let page = office.traces("/sources/month?month=2025-11");
    for there in ["114年11月紀錄月報數據", "TC-FW-01", "10.1.2.3 (2), 10.1.2.4 (1)", "month=2025-10"]
    {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(!page.contains("month=2025-12"), "it has not begun");
    let empty = office.traces("/sources/month?month=2025-12");
    assert!(empty.contains("本月無紀錄") && !empty.contains("TC-FW-01"), "{empty}");
    let text = office.traces("/sources/month/export?month=2025-11&format=csv");
    let row = text.lines().find(|line| line.contains("TC-FW-01")).unwrap();
    assert!(row.contains(",4,300,0,0,"), "lines, bytes, errors, pauses: {row}");
    for path in ["/sources/month?month=2025-13", "/sources/month?month=x"] {
        let answer = office.asked.get(&format!("cookie-of-{}", office.auditor.person), path);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn a_month_that_is_not_read_to_its_end_shows_no_figures() {
    let office = office();
    let page = office.traces("/sources/month?month=2020-03");
    assert!(
        page.contains("計 5 個，已讀取 1 個") && page.contains("繼續") && !page.contains("id=\"list\""),
        "{page}"
    );
    let path = "/sources/month/export?month=2020-03&format=csv";
    let answer = office.asked.get(&format!("cookie-of-{}", office.auditor.person), path);
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}
