//! Alarms of a running server: raised by lines that are sent at it, once each, however often it is killed; the same as
//! trying the kept lines again gives.

use crate::{City, soak};
use ledger::disk::Folder;
use ledger::objects::FolderObjects;
use ledger::reader::Reader;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use store::{AlarmRaised, AlarmResolved};
use testkit::Running;
use watch::{Change, Line, RuleText, Rules, Watch};

const NETWORK: &str = "10.66.0.0/16";

/// Five failures from one address within the hour; and a reading outside its limits.
const RULES: &str = r#"
[[rule]]
id = "guessing"
title = { zh = "猜測密碼", en = "Guessing" }
clause = "1"
severity = "high"
kind = "threshold"
logsource = { category = "authentication" }
select = { "event.outcome" = "failure" }
by = ["src_ip"]
count = 5
within = "60 minutes"
fires = { times = 5, lines = ["<38>Nov 20 10:11:12 web-1 sshd[{i}]: Failed password for lin from 198.51.100.9 port 5 ssh2"] }
silent = { lines = ["<38>Nov 20 10:11:12 web-1 sshd[1]: Accepted password for lin from 198.51.100.9 port 5 ssh2"] }

[[rule]]
id = "warm"
title = { zh = "溫度過高", en = "Too warm" }
clause = "1"
severity = "critical"
kind = "limit"
logsource = { category = "sensor" }
select = { quantity = "temperature" }
by = ["room"]
value = "value"
high = 26
lasting = "1 minutes"
fires = { times = 4, lines = ['{"room":"A","sensor":"A-1","quantity":"temperature","unit":"Cel","value":26.4}', 30] }
silent = { lines = ['{"room":"A","sensor":"A-1","quantity":"temperature","unit":"Cel","value":25}'] }
"#;

/// An alarm by what names it, with the lines it was raised by.
type Raised = BTreeMap<(String, Vec<(String, String)>, String), Vec<(String, u64)>>;

fn failure(address: usize) -> String {
    format!(
        "<38>Nov 26 08:00:00 gw-1 sshd[7]: Failed password for lin from 10.66.{}.{} port 5555 ssh2\n",
        address / 250,
        address % 250
    )
}

impl City {
    pub(crate) fn watched() -> Self {
        let city = Self::new();
        city.good(&["pack", "new", "own"], "");
        std::fs::create_dir_all(city.path().join("own/rules")).unwrap();
        std::fs::write(city.path().join("own/rules/own.toml"), RULES).unwrap();
        city.good(&["pack", "publish", "own", "--data", "data"], "");
        city
    }

    pub(crate) fn sends(&self, at: &str, addresses: std::ops::Range<usize>, times: usize) {
        let mut text = String::new();
        for _ in 0..times {
            addresses.clone().for_each(|address| text.push_str(&failure(address)));
        }
        TcpStream::connect(at).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits until a figure is what it is to be.
    fn waits_for(pages: &str, name: &str, wanted: impl Fn(f64) -> bool) {
        loop {
            let text =
                ureq::get(&format!("{pages}metrics")).call().unwrap().body_mut().read_to_string().unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
            if wanted(line.expect("the figure").parse().unwrap()) {
                return;
            }
        }
    }

    pub(crate) fn entries<T: serde::de::DeserializeOwned>(&self, kind: &str) -> Vec<T> {
        let disk = Arc::new(Folder::new(self.path().join("data")));
        let reader = Reader::new(Arc::new(FolderObjects::new(disk)));
        let mut found = Vec::new();
        let visit = |_: u64, bytes: &[u8]| {
            let entry = proof::entry::Skimmed::parse(bytes).unwrap();
            if entry.kind() == kind {
                found.push(serde_json::from_slice(entry.body_bytes().unwrap_or_default()).unwrap());
            }
        };
        reader.entries(0..reader.size().unwrap(), visit).unwrap();
        found
    }

    /// What was raised, by the ledger; nothing of it twice.
    fn raised(&self) -> Raised {
        let mut all = Raised::new();
        for one in self.entries::<AlarmRaised>(store::ALARM_RAISED) {
            let lines = one.lines.into_iter().map(|line| (line.receiver, line.n)).collect();
            let name = (one.rule, one.group, one.first.to_string());
            assert_eq!(all.insert(name.clone(), lines), None, "{name:?} was raised twice");
        }
        all
    }

    /// What the lines that are kept raise when they are tried again.
    fn tried_again(&self) -> Raised {
        let folder = regulation::Folder::new(&self.path().join("own"));
        let sections = regulation::Sections::none().with(identity::PolicySection).with(watch::RuleSection);
        let pack = regulation::load_with(&folder, &sections).unwrap();
        let mut rules = Rules::new();
        rules.pack(pack.section::<Vec<RuleText>>("rules").unwrap(), &BTreeMap::new());
        let mut watch = Watch::new(rules);
        let found = self.traced(&[NETWORK, "--most", "100000"]);
        let mut lines: Vec<&serde_json::Value> = found["lines"].as_array().unwrap().iter().collect();
        lines.sort_by_key(|line| line["number"].as_u64().unwrap());
        let (mut reader, mut changes, mut raised) = (lines::Reader::new(), Vec::new(), Raised::new());
        let mut second = 0;
        for line in lines {
            let (receiver, n) = (line["receiver"].as_str().unwrap(), line["number"].as_u64().unwrap());
            let at: model::Instant = line["received"].as_str().unwrap().parse().unwrap();
            if at.as_seconds() > second {
                second = at.as_seconds();
                let tick = model::Instant::from_micros(second * 1_000_000).unwrap();
                watch.tick(tick, &mut changes);
            }
            let source = lines::Source { offset: 28_800 };
            let record = reader.read(source, at, line["line"].as_str().unwrap().as_bytes());
            watch.line(&Line { receiver, n, at, record: &record }, &mut changes);
            for change in changes.drain(..) {
                if let Change::Raised(alarm) = change {
                    let pair = |(field, value): &(Box<str>, Box<str>)| (field.to_string(), value.to_string());
                    let name = (
                        alarm.rule.to_string(),
                        alarm.group.iter().map(pair).collect(),
                        alarm.first.to_string(),
                    );
                    let on = alarm.evidence.iter().map(|one| (one.receiver.to_string(), one.n)).collect();
                    raised.insert(name, on);
                }
            }
        }
        raised
    }
}

fn kill(server: Running) {
    drop(server.kill().unwrap());
}

#[test]
fn guessing_raises_its_alarm_once_however_often_the_server_is_killed() {
    let (rounds, many) = if soak() { (30, 400) } else { (3, 60) };
    let city = City::watched();
    let (mut server, mut doors, mut pages) = city.receives_by(&["tcp"], &[]);
    let mut sent = 0;
    for round in 0..rounds {
        let addresses = round * many..(round + 1) * many;
        // Three of five failures of each address come before it is killed, the others to another process.
        city.sends(&doors[0], addresses.clone(), 3);
        sent += 3 * many as u64;
        city.traced_until(&[NETWORK, "--most", "1"], sent);
        kill(server);
        (server, doors, pages) = city.receives_by(&["tcp"], &[]);
        city.sends(&doors[0], addresses, 2);
        sent += 2 * many as u64;
        city.traced_until(&[NETWORK, "--most", "1"], sent);
        // Killed while alarms are being entered, or just before, or just after.
        if round % 2 == 0 {
            kill(server);
            (server, doors, pages) = city.receives_by(&["tcp"], &[]);
        }
    }
    let all = rounds * many;
    City::waits_for(&pages, "ward_watch_lag_lines", |lag| lag == 0.0);
    City::waits_for(&pages, "ward_watch_alarms", |alarms| alarms == all as f64);
    City::waits_for(&pages, "ward_watch_works", |works| works == 1.0);
    city.stop(server);
    let raised = city.raised();
    assert_eq!(raised.len(), all);
    assert!(raised.values().all(|lines| lines.len() == 5), "{raised:?}");
    assert_eq!(raised, city.tried_again(), "trying the kept lines again gives the same");
    assert!(city.entries::<AlarmResolved>(store::ALARM_RESOLVED).is_empty());
    city.verify();
    let rebuilt = city.ward(&["rebuild", "--data", "data"], "");
    assert!(rebuilt.status.success(), "{}", rebuilt.errors);
    city.verify();
}

#[test]
fn what_was_received_while_rules_were_not_at_work_raises_nothing_and_new_rules_are_taken_up() {
    let city = City::new();
    let (server, doors, pages) = city.receives_by(&["tcp"], &[]);
    city.sends(&doors[0], 0..3, 5);
    city.traced_until(&[NETWORK, "--most", "1"], 15);
    City::waits_for(&pages, "ward_watch_lag_lines", |lag| lag == 0.0);
    city.good(&["pack", "new", "own"], "");
    std::fs::create_dir_all(city.path().join("own/rules")).unwrap();
    std::fs::write(city.path().join("own/rules/own.toml"), RULES).unwrap();
    city.good(&["pack", "publish", "own", "--data", "data"], "");
    City::waits_for(&pages, "ward_watch_rules", |rules| rules == 2.0);
    city.sends(&doors[0], 3..5, 5);
    City::waits_for(&pages, "ward_watch_alarms", |alarms| alarms == 2.0);
    city.stop(server);
    let raised = city.raised();
    let addresses: Vec<&str> = raised.keys().map(|(_, group, _)| group[0].1.as_str()).collect();
    assert_eq!(addresses, ["10.66.0.3", "10.66.0.4"]);
    city.verify();
    // A state that is damaged is told of, and not passed over.
    let folder = city.path().join("data/watch");
    for name in ["state-0", "state-1"] {
        let mut content = std::fs::read(folder.join(name)).unwrap();
        let last = content.len() - 1;
        content[last] ^= 1;
        std::fs::write(folder.join(name), content).unwrap();
    }
    let ended = city.ward(&["verify", "--data", "data"], "");
    assert_eq!(ended.status.code(), Some(1), "{:?}", ended.output);
    assert!(ended.output.iter().any(|line| line.contains("watch/")), "{:?}", ended.output);
}

#[test]
fn a_storm_is_entered_within_its_bounds_and_the_server_answers() {
    let addresses = if soak() { 100_000 } else { 3_000 };
    let city = City::watched();
    let (server, doors, pages) = city.receives_by(&["tcp"], &[]);
    let mut text = String::new();
    for address in 0..addresses {
        for _ in 0..5 {
            let (high, low) = (address / 250, address % 250);
            writeln!(
                text,
                "<38>Nov 26 08:00:00 gw-1 sshd[7]: Failed password for lin from 10.{}.{}.{low} port 5 ssh2",
                high / 250,
                high % 250
            )
            .unwrap();
        }
    }
    TcpStream::connect(&doors[0]).unwrap().write_all(text.as_bytes()).unwrap();
    // Those that have a place of their own, and one for all others.
    City::waits_for(&pages, "ward_watch_alarms", |alarms| alarms == 1_001.0);
    City::waits_for(&pages, "ward_watch_lines_total", |lines| lines == 5.0 * addresses as f64);
    assert!(ureq::get(&format!("{pages}healthz")).call().unwrap().status().is_success());
    city.stop(server);
    let raised = city.entries::<AlarmRaised>(store::ALARM_RAISED);
    assert_eq!(raised.len(), 1_001);
    assert_eq!(raised.iter().filter(|one| one.rest).count(), 1);
    city.verify();
}
