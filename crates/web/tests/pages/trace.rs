//! Tracing: for whom it is, what it finds, that each search is entered, where it leads on.

use crate::people::{Office, office};
use axum::http::StatusCode;
use lines::{Part, Source};
use model::{Instant, Told};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use telemetry::find::{Found, Library, Line, Wanted, line_of};
use telemetry::prove::Proven;
use telemetry::source::Network;
use telemetry::traffic::Traffic;
use telemetry::{Block, Came, Chunk, Maker, SaltKey};
use web::{Answer, HandedIn, Readings, Reckoned, Senders, Unanswered};

/// A receiver that has received some lines and no more.
pub(crate) struct Received(Arc<Block>);

const RECEIVER: &str = "syslog-tcp";
const FILES: &str = "files";

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

    fn hear(&self, came: Came, alert: &[u8]) -> Result<web::WarningHeard, web::NotHeard> {
        if alert == b"stopped" {
            return Err(web::NotHeard::Unavailable(Told::new("已停止", "It has stopped")));
        }
        crate::warnings::Ear::new().hear(alert, came.received)
    }

    fn warnings(&self) -> web::Warnings {
        crate::warnings::heard()
    }

    fn line(&self, receiver: &str, number: u64) -> Result<Option<Line>, Told> {
        // The first of them stands in a file that is followed, too.
        let there = receiver == RECEIVER && self.0.holds(number) || (receiver, number) == (FILES, 0);
        let mut line = there.then(|| line_of(&self.0, receiver, number).unwrap());
        if let Some(line) = line.as_mut().filter(|_| receiver == FILES) {
            (line.peer, line.port) = (Ipv6Addr::UNSPECIFIED, 1);
        }
        Ok(line)
    }

    fn file_of(&self, line: &Line) -> Option<String> {
        (line.receiver == FILES && line.port == 1).then(|| "/var/log/fw<1>.log".to_owned())
    }

    /// Knows what two of them are called.
    fn names(&self, addresses: &BTreeSet<IpAddr>) -> BTreeMap<IpAddr, String> {
        let known = [("192.0.2.9", "www.city.example"), ("10.1.2.3", "pc-3.city.example")];
        let known = known.map(|(address, name)| (address.parse().unwrap(), name.to_owned()));
        known.into_iter().filter(|(address, _)| addresses.contains(address)).collect()
    }

    fn cases(&self) -> Vec<web::LinesCase> {
        crate::sources::cases()
    }

    fn readings(&self, span: Range<Instant>, step: u32) -> Result<Readings, Told> {
        Ok(crate::rooms::readings(&span, step))
    }

    fn senders(&self, now: Instant) -> Senders {
        crate::sources::senders(now)
    }

    fn traffic(&self, span: Range<Instant>) -> Result<Reckoned, Told> {
        let mut traffic = Traffic::within(span);
        traffic.block(&self.0, Network::alone).unwrap();
        Ok(crate::sources::reckoned(traffic))
    }

    /// No root of theirs is in any ledger: a bundle has nothing of them.
    fn prove(&self, _: &str, _: &BTreeSet<u64>) -> Result<Vec<(u64, Proven)>, Unanswered> {
        Ok(Vec::new())
    }

    /// Knows one statement; crate `query` is what knows SQL.
    fn ask(&self, statement: &str, most: usize) -> Result<Answer, Unanswered> {
        if statement.starts_with("SELECT count(*), min(to_unixtime") {
            let row = ["4", "1764144000", "1764144060", "2", "2", "2"].map(|text| Some(text.to_owned()));
            return Ok(Answer { columns: Vec::new(), rows: vec![row.to_vec()], cut: false });
        }
        if statement.starts_with("SELECT count(*) FROM lines WHERE src_ip IS NOT NULL") {
            return Ok(Answer { columns: Vec::new(), rows: vec![vec![Some("4".to_owned())]], cut: false });
        }
        // What the drawing of the network asks.
        if statement.contains("max(to_unixtime(received)) FROM lines WHERE src_ip IS NOT NULL") {
            let row = |row: [&str; 4]| row.map(|text| Some(text.to_owned())).to_vec();
            let rows = [
                ["10.1.2.3", "10.1.5.1", "40", "1764144000"],
                ["10.1.2.4", "203.0.113.8", "7", "1764144000"],
                ["10.1.9.9", "10.1.5.1", "3", "1764144060"],
            ];
            return Ok(Answer { columns: Vec::new(), rows: rows.map(row).to_vec(), cut: false });
        }
        if statement.starts_with("SELECT src_ip, dst_ip, count(*)") {
            let row =
                ["10.1.2.3", "192.0.2.9", "2", "1764144000", "1764144060"].map(|text| Some(text.to_owned()));
            return Ok(Answer { columns: Vec::new(), rows: vec![row.to_vec()], cut: false });
        }
        if statement.contains("mark IN (") {
            let end = ["1764144050", "off", "", "10.1.2.3", "TC-FW-01", "close"];
            let off = ["1764144040", "off", "wang", "10.1.2.3", "TC-VPN-01", "logout"];
            let on = ["1764144000", "on", "wang", "10.1.2.3", "TC-VPN-01", "login"];
            let row = |row: [&str; 6]| row.map(|text| (!text.is_empty()).then(|| text.to_owned())).to_vec();
            let mut rows = [end, off, on].map(row).to_vec();
            rows.retain(|row| !statement.contains("\"user\" IS NOT NULL") || row[2].is_some());
            return Ok(Answer { columns: Vec::new(), rows, cut: false });
        }
        if statement.contains(" FROM lines WHERE (src_ip = '10.1.2.3' OR dst_ip = '10.1.2.3')") {
            return Ok(Answer::default());
        }
        if statement != "SELECT number, src_ip FROM lines" {
            return Err(Unanswered::Refused(Told::new("敘述無法執行", "it does not read")));
        }
        let address =
            ["10.1.2.3", "10.1.2.4", "10.1.2.3", ""].map(|text| (!text.is_empty()).then(|| text.to_owned()));
        let rows: Vec<_> =
            (0..).zip(address).map(|(nth, address)| vec![Some(nth.to_string()), address]).collect();
        let cut = rows.len() > most;
        let columns = vec!["number".to_owned(), "src_ip".to_owned()];
        Ok(Answer { columns, rows: rows.into_iter().take(most).collect(), cut })
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
    for there in [
        "192.0.2.9（DNS：www.city.example）",
        "50000",
        "devname=&#34;TC-FW-01&#34;",
        "甫接收",
        "/trace?q=10.1.2.3",
        "來源位址",
    ] {
        assert!(page.contains(there), "{there}: {page}");
    }
    let followed = office.traces("/trace/lines/files/0");
    assert!(followed.contains("檔案") && followed.contains("/var/log/fw&#60;1&#62;.log"), "{followed}");
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
    assert!(!text.contains("city.example"), "what DNS says today is no part of it: {text}");
}

#[test]
fn a_statement_in_sql_is_answered_entered_and_given_as_a_file() {
    let office = office();
    let empty = office.traces("/trace/sql");
    assert!(empty.contains("in_network") && !empty.contains("查詢結果"), "{empty}");
    assert!(office.asked.entered("lines.traced/1").is_empty());
    let asked = "SELECT+number%2C+src_ip+FROM+lines";
    let page = office.traces(&format!("/trace/sql?q={asked}"));
    assert!(page.contains("<th scope=\"col\" class=\"\">src_ip</th>") && page.contains("10.1.2.4"), "{page}");
    assert!(page.contains(&format!("/trace/sql/export?q={asked}&#38;format=csv")), "{page}");
    let csv = office.traces(&format!("/trace/sql/export?q={asked}&format=csv"));
    assert_eq!(csv, "\u{FEFF}number,src_ip\r\n0,10.1.2.3\r\n1,10.1.2.4\r\n2,10.1.2.3\r\n3,\r\n");
    let entered = office.asked.entered("lines.traced/1");
    assert_eq!(entered.len(), 2);
    assert_eq!(
        (&entered[0]["body"]["wanted"], &entered[0]["body"]["found"]),
        (&"sql SELECT number, src_ip FROM lines".into(), &"4".into())
    );
}

#[test]
fn a_statement_that_cannot_be_answered_comes_back_with_the_reason() {
    let office = office();
    let page = office.traces("/trace/sql?q=SELEC+%3Cb%3E");
    assert!(page.contains("敘述無法執行") && page.contains("SELEC &#60;b&#62;"), "{page}");
    let long = office.traces(&format!("/trace/sql?q={}", "x".repeat(4_001)));
    assert!(long.contains("不得逾 4000 字"), "{long}");
    assert!(office.asked.entered("lines.traced/1").is_empty());
    let answer = office.asked.get(&format!("cookie-of-{}", office.wang.person), "/trace/sql?q=SELECT+1");
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[test]
fn what_an_address_did_is_told_as_a_whole_and_entered_once() {
    let office = office();
    let list = office.traces("/trace?q=10.1.2.3");
    assert!(list.contains("href=\"/trace/overview?q=10.1.2.3\""), "{list}");
    let page = office.traces("/trace/overview?q=10.1.2.3");
    assert!(page.contains("位址 10.1.2.3") && page.contains("<svg"), "{page}");
    assert!(page.contains("href=\"/trace/overview?q=192.0.2.9\""), "it leads on: {page}");
    for name in ["192.0.2.9（DNS：www.city.example）", "10.1.2.3（DNS：pc-3.city.example）"] {
        assert!(page.contains(name), "{name}: {page}");
    }
    // A log-on with its log-off in one row; what a firewall says of the end of a connection is neither.
    let (_, sessions) = page.split_once("id=\"sessions\"").unwrap();
    assert_eq!(sessions.matches("TC-VPN-01").count(), 1, "{sessions}");
    assert!(!sessions.contains("TC-FW-01"), "{sessions}");
    let entered = office.asked.entered("lines.traced/1");
    let wanted: Vec<_> = entered.iter().map(|entry| entry["body"]["wanted"].clone()).collect();
    assert_eq!(wanted, ["address 10.1.2.3", "overview address 10.1.2.3"]);
    let answer = office.asked.get(&format!("cookie-of-{}", office.wang.person), "/trace/overview?q=10.1.2.3");
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[test]
fn the_api_says_what_addresses_are_called_of_those_alone_that_it_shows() {
    let office = office();
    let token = office.asked.token_of(office.auditor.person, &[], &[], &[identity::Right::Audit]);
    let authorization = format!("Bearer {token}");
    let read = |path: &str| -> serde_json::Value {
        let headers = [("authorization", authorization.as_str())];
        let answer = office.asked.ask(axum::http::Method::GET, path, &headers, "");
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        serde_json::from_str(&answer.text()).unwrap()
    };
    let traced = read("/api/v1/lines?address=10.1.2.3");
    let both = serde_json::json!({ "10.1.2.3": "pc-3.city.example", "192.0.2.9": "www.city.example" });
    assert_eq!(traced["names"], both, "{traced}");
    let line = traced["lines"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["fields"]["dst_ip"] == "192.0.2.9")
        .unwrap();
    let path =
        format!("/api/v1/lines/{}/{}", line["receiver"].as_str().unwrap(), line["number"].as_str().unwrap());
    assert_eq!(read(&path)["names"], both);
    assert_eq!(read("/api/v1/lines?address=203.0.113.77")["names"], serde_json::json!({}));
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
