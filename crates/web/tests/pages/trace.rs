//! Tracing: for whom it is, what it finds, that each search is entered, where it leads on.

use crate::people::{Office, office};
use axum::http::StatusCode;
use lines::{Part, Source};
use model::{Instant, Told};
use std::net::Ipv6Addr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use telemetry::find::{Found, Library, Line, Wanted, line_of};
use telemetry::source::Network;
use telemetry::traffic::Traffic;
use telemetry::{Block, Came, Chunk, Maker, SaltKey};
use web::{HandedIn, Reckoned, Senders};

/// A receiver that has received some lines and no more.
pub(crate) struct Received(Arc<Block>);

const RECEIVER: &str = "syslog-tcp";

/// Lines of a firewall: who spoke with whom.
fn firewall(session: u32, from: &str, to: &str, user: &str) -> String {
    format!(
        "<189>date=2026-11-26 time=08:00:{:02} devname=\"TC-FW-01\" devid=\"FG1\" logid=\"0000000013\" type=\"traffic\" \
         subtype=\"forward\" level=\"notice\" srcip={from} srcport=50000 dstip={to} dstport=443 sessionid={session} proto=6 \
         user=\"{user}\" action=\"accept\" policyid=7 service=\"HTTPS\" duration=3 sentbyte=100",
        session % 60
    )
}

impl Received {
    pub(crate) fn new() -> Self {
        let received = Instant::from_micros(1_764_144_000_000_000).unwrap();
        let mut chunk = Chunk::new(Came { received, address: Ipv6Addr::LOCALHOST, port: 514 });
        for (session, (from, to, user)) in [
            ("10.1.2.3", "192.0.2.9", "wang"),
            ("10.1.2.4", "192.0.2.9", "lin"),
            ("10.1.2.3", "198.51.100.7", "wang"),
        ]
        .into_iter()
        .enumerate()
        {
            chunk.push(firewall(session as u32, from, to, user).as_bytes(), Part::Whole);
        }
        chunk.push("<13>一句話 <script>alert(1)</script>\x07".as_bytes(), Part::Whole);
        let key = SaltKey::from_bytes([1; 32]);
        Self(Arc::new(Maker::default().block(0, &chunk, &key, Source { offset: 8 * 3_600 }).unwrap()))
    }
}

impl web::Lines for Received {
    fn find(&self, wanted: &Wanted) -> Result<Found, Told> {
        let tail = [(RECEIVER.to_owned(), Arc::clone(&self.0))];
        let found = Library::new(Path::new("/nowhere")).find(wanted, &[], &tail);
        found.map_err(|error| Told::new(error.to_string(), error.to_string()))
    }

    fn hand_in(&self, came: Came, text: &[u8]) -> Result<HandedIn, Told> {
        if text == b"stopped" {
            return Err(Told::new("已停止", "It has stopped"));
        }
        let (mut numbers, mut next) = (Vec::new(), 4);
        for chunk in telemetry::receive::chunks(came, text) {
            numbers.push(next..next + chunk.count() as u64);
            next += chunk.count() as u64;
        }
        Ok(HandedIn { receiver: "http".to_owned(), numbers })
    }

    fn line(&self, receiver: &str, number: u64) -> Result<Option<Line>, Told> {
        let there = receiver == RECEIVER && self.0.holds(number);
        Ok(there.then(|| line_of(&self.0, receiver, number).unwrap()))
    }

    fn senders(&self, now: Instant) -> Senders {
        crate::sources::senders(now)
    }

    fn traffic(&self, span: Range<Instant>) -> Result<Reckoned, Told> {
        let mut traffic = Traffic::within(span);
        traffic.block(&self.0, Network::alone).unwrap();
        Ok(crate::sources::reckoned(traffic))
    }
}

impl Office {
    pub(crate) fn traces(&self, path: &str) -> String {
        let answer = self.asked.get(&format!("cookie-of-{}", self.auditor.person), path);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.text()
    }
}

#[test]
fn who_may_not_look_into_the_ledger_finds_no_lines_either() {
    let office = office();
    let before = office.asked.entered("lines.traced/1").len();
    for path in
        ["/trace", "/trace?q=10.1.2.3", "/trace/export?q=10.1.2.3&format=csv", "/trace/lines/syslog-tcp/0"]
    {
        let answer = office.asked.get(&format!("cookie-of-{}", office.wang.person), path);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text().contains("192.0.2.9"), "{path}");
    }
    assert_eq!(office.asked.entered("lines.traced/1").len(), before);
}

#[test]
fn an_address_is_found_on_either_side_and_leads_on() {
    let office = office();
    let empty = office.traces("/trace");
    assert!(empty.contains("每次查詢均登載於帳本") && !empty.contains("192.0.2.9"), "{empty}");
    let page = office.traces("/trace?q=10.1.2.3");
    assert_eq!(page.matches("/trace/lines/syslog-tcp/").count(), 2, "{page}");
    assert!(
        page.contains("href=\"/trace?q=192.0.2.9\"") && page.contains("href=\"/trace?device=TC-FW-01\""),
        "{page}"
    );
    assert!(page.contains("href=\"/trace?user=wang\""), "{page}");
    assert_eq!(office.traces("/trace?q=192.0.2.9").matches("/trace/lines/").count(), 2);
    assert_eq!(office.traces("/trace?q=10.1.0.0/16").matches("/trace/lines/").count(), 3);
    assert_eq!(office.traces("/trace?user=lin").matches("/trace/lines/").count(), 1);
    assert_eq!(office.traces("/trace?device=TC-FW-01&sort=src_ip").matches("/trace/lines/").count(), 3);
    // Days are those of the installation, to the end of the last.
    assert_eq!(
        office
            .traces("/trace?q=10.1.2.3&received.min=2025-11-26&received.max=2025-11-26")
            .matches("/trace/lines/")
            .count(),
        2
    );
    assert!(office.traces("/trace?q=10.1.2.3&received.min=2025-11-27").contains("沒有符合的紀錄"));
}

#[test]
fn each_search_is_entered_with_whoever_looked_and_what_for() {
    let office = office();
    office.traces("/trace");
    assert!(office.asked.entered("lines.traced/1").is_empty());
    office.traces("/trace?q=10.1.2.3");
    office.traces("/trace/lines/syslog-tcp/1");
    let entered = office.asked.entered("lines.traced/1");
    assert_eq!(entered.len(), 2);
    assert_eq!(
        (&entered[0]["body"]["wanted"], &entered[0]["body"]["found"]),
        (&"address 10.1.2.3".into(), &"2".into())
    );
    assert_eq!(entered[1]["body"]["wanted"], "line syslog-tcp 1");
    assert!(entered[0].to_string().contains(&office.auditor.person.to_string()), "{}", entered[0]);
}

#[test]
fn what_is_no_address_is_told_and_nothing_is_looked_for() {
    let office = office();
    let page = office.traces("/trace?q=wang");
    assert!(page.contains("「wang」不是位址或網段"), "{page}");
    let day = office.traces("/trace?q=10.1.2.3&received.min=nonsense");
    assert!(day.contains("「nonsense」不是日期"), "{day}");
    assert!(office.asked.entered("lines.traced/1").is_empty());
}

#[test]
fn a_line_is_shown_as_it_came_and_does_no_harm() {
    let office = office();
    let page = office.traces("/trace/lines/syslog-tcp/0");
    for there in
        ["192.0.2.9", "50000", "devname=&#34;TC-FW-01&#34;", "甫接收", "/trace?q=10.1.2.3", "來源位址"]
    {
        assert!(page.contains(there), "{there}: {page}");
    }
    let strange = office.traces("/trace/lines/syslog-tcp/3");
    assert!(strange.contains("一句話 &#60;script&#62;") && strange.contains('\u{FFFD}'), "{strange}");
    for path in ["/trace/lines/syslog-tcp/4", "/trace/lines/nothing/0", "/trace/lines/syslog-tcp/x"] {
        let answer = office.asked.get(&format!("cookie-of-{}", office.auditor.person), path);
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
    }
}

#[test]
fn what_is_found_leaves_as_a_file() {
    let office = office();
    let text = office.traces("/trace/export?q=10.1.0.0/16&format=csv");
    assert_eq!(text.lines().filter(|line| line.contains("TC-FW-01")).count(), 3, "{text}");
    assert!(text.contains("來源位址") && text.contains("198.51.100.7"), "{text}");
}

#[test]
fn a_program_with_the_right_hands_in_lines_and_is_told_where_they_stand() {
    let office = office();
    let token = office.asked.token_of(office.wang.person, &[], &[], &[identity::Right::Lines]);
    let other = office.asked.token_of(office.wang.person, &[], &[], &[identity::Right::Audit]);
    let authorization = |token: &str| format!("Bearer {token}");
    let hand_in = |token: &str, body: &str| {
        let headers =
            [("authorization", authorization(token)), ("content-type", "application/x-ndjson".to_owned())];
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        office.asked.ask(axum::http::Method::POST, "/api/v1/lines", &headers, body)
    };
    let taken = hand_in(&token, "{\"event\":\"log-on\"}\n\n<13>a line of text");
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text());
    let told: serde_json::Value = serde_json::from_str(&taken.text()).unwrap();
    assert_eq!(told, serde_json::json!({ "receiver": "http", "lines": [{ "first": "4", "count": "2" }] }));
    assert_eq!(hand_in(&token, "\n\r\n").status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(hand_in(&token, "stopped").status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(hand_in(&token, &"x".repeat((8 << 20) + 1)).status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(hand_in(&other, "<13>a").status, StatusCode::NOT_FOUND);
    assert_eq!(hand_in("none", "<13>a").status, StatusCode::UNAUTHORIZED);
}
