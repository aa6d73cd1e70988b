//! Lines that have gone by an approved case: told to have gone, with the case, wherever they would stand.

use crate::people::office;
use axum::http::{Method, StatusCode};
use desk::{Asker, LinesGoing, Order};
use model::{Evidence, Instant};
use proof::hash::Hash;
use regulation::Outcome;
use serde_json::json;
use std::collections::BTreeSet;
use store::{LineErased, LinesBatch, LinesFact, LinesFile};

const RECEIVER: &str = "syslog-tcp";

fn file(erased: u32) -> LinesFile {
    let at: Instant = "2024-12-31T01:00:00.000000Z".parse().unwrap();
    let digest = format!("sha256:{erased:064x}");
    LinesFile {
        count: 4,
        erased,
        file: digest.clone(),
        first: 0,
        from: at,
        index: digest,
        receiver: RECEIVER.to_owned(),
        until: at,
    }
}

#[test]
fn an_erased_line_is_told_to_be_erased_with_its_case_and_so_it_is_among_its_neighbours() {
    let mut office = office();
    let unit = office.head.unit;
    let admin = office.asked.house.person("hsu", "network_admin", unit).unwrap().with(Evidence::Otp);
    let root = Hash::of(&[]).to_string();
    let batch = LinesBatch { count: 4, first: 0, receiver: RECEIVER.to_owned(), root };
    let order = |order| office.asked.house.desk.ask(Asker::System, order).unwrap();
    order(Order::Lines(vec![LinesFact::Batch(batch), LinesFact::File(file(0))]));
    let fill = [
        ("receiver", json!(RECEIVER)),
        ("numbers", json!([{ "number": "1" }])),
        ("reason", json!("當事人請求刪除")),
    ];
    let case = office.asked.house.open(admin, "line_erasure", "file", &fill).unwrap();
    for who in [office.head, office.steward] {
        office.asked.house.take(who, case, "approve", Outcome::Approve, &[]).unwrap();
    }
    let line =
        LineErased { case, leaf: Hash::of(&[b"leaf"]).to_string(), line: 1, receiver: RECEIVER.to_owned() };
    let facts = vec![LinesFact::Erased(line), LinesFact::Merged(file(1))];
    let going = LinesGoing { facts, clear_of: BTreeSet::new() };
    office.asked.house.desk.ask(Asker::System, Order::LinesGo(going)).unwrap();
    let page = office.traces("/trace/lines/syslog-tcp/1");
    for there in ["僅存其雜湊值", &format!("/records/{case}"), "登載其銷毀之帳本紀錄"] {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(!page.contains("10.1.2.4"), "what it said: {page}");
    let beside = office.traces("/trace/lines/syslog-tcp/0");
    assert!(beside.contains("（已塗銷）") && beside.contains("10.1.2.3"), "{beside}");
    assert!(!beside.contains("10.1.2.4"), "{beside}");
    // Programs are told the same.
    let token = office.asked.token_of(office.auditor.person, &[], &[], &[identity::Right::Audit]);
    let bearer = format!("Bearer {token}");
    let asked = |number: u64| {
        let path = format!("/api/v1/lines/syslog-tcp/{number}");
        office.asked.ask(Method::GET, &path, &[("authorization", bearer.as_str())], "")
    };
    let gone = asked(1);
    assert_eq!(gone.status, StatusCode::GONE, "{}", gone.text());
    assert!(gone.text().contains(&case.to_string()) && !gone.text().contains("10.1.2.4"), "{}", gone.text());
    assert_eq!((asked(0).status, asked(9).status), (StatusCode::OK, StatusCode::NOT_FOUND));
    // What has gone by the case stands with the cases, whatever has become of it.
    let sources = office.traces("/sources");
    assert!(sources.contains(&format!("/records/{case}")) && sources.contains("1 筆"), "{sources}");
}
