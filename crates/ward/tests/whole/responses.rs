//! From a case to the firewall and back: two programs, one that serves and one that enforces, in a network of their own.
//! What is stopped by it is tried in `crates/respond/tests`.

use crate::LIMIT;
use model::{Evidence, Instant, RecordId};
use regulation::Outcome;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testkit::{Acting, Ended, House, Program, Running};

/// Runs this test where it may set up a firewall. False where it runs there already.
fn within(test: &str) -> bool {
    testkit::within(test, &["--net"], "ip link set lo up\nnft list ruleset", LIMIT * 4)
}

struct City {
    house: House,
    admin: Acting,
    head: Acting,
}

impl City {
    fn new(seed: u64) -> Self {
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
        let mut house = House::with_pack(seed, &regulation::Folder::new(&pack), None).unwrap();
        let city = house.unit("100", None).unwrap();
        let it = house.unit("110", Some(city)).unwrap();
        let admin = house.person("hsu", "network_admin", it).unwrap();
        let head = house.person("lin", "unit_head", it).unwrap();
        std::fs::write(
            house.folder().path().join("enforce.toml"),
            "name = \"edge\"\nfolder = \"enforcer\"\nallow = [\"10.1.0.0/28\"]\n",
        )
        .unwrap();
        // What is decided is decided now: the programs have the machine's time.
        at_now(&house);
        Self { house, admin, head }
    }

    fn program(&self, arguments: &[&str]) -> Program {
        Program::new(env!("CARGO_BIN_EXE_ward"), self.house.folder().path())
            .with(arguments)
            .with_variable("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    }

    fn enforce(&self) -> Running {
        let running = self.program(&["enforce", "--socket", "enforce.sock"]).start().unwrap();
        assert_eq!(running.line(LIMIT).unwrap().as_deref(), Some("enforce.sock"));
        running
    }

    fn serve(&self) -> Running {
        let arguments =
            ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--enforcer", "./enforce.sock"];
        let running = self.program(&arguments).start().unwrap();
        running.line(LIMIT).unwrap().unwrap();
        running
    }

    fn stop(&self, server: Running) -> Ended {
        let number = server.id().to_string();
        let asked = Program::new("/bin/kill", "/").with(["-TERM", &number]).run("", LIMIT).unwrap();
        assert!(asked.status.success(), "{}", asked.errors);
        server.finish(LIMIT).unwrap()
    }

    fn act(&mut self, what: &str, target: &str) -> RecordId {
        let fill = [
            ("act", json!(what)),
            ("address", json!(target)),
            ("reason", json!("入侵掃描")),
            ("until", json!(now().plus(Duration::from_secs(3_600)).to_string())),
        ];
        let admin = self.admin.with(Evidence::Otp);
        self.house.open(admin, "response", "do", &fill).unwrap()
    }

    /// The first entries of a kind; waits until there are so many.
    fn entries(&self, kind: &str, count: usize) -> Vec<String> {
        let kind = format!("\"kind\":\"{kind}\"");
        let reading = self.program(&["ledger", "read", "0..", "--follow", "--data", "data"]).start().unwrap();
        let mut found = Vec::new();
        while found.len() < count {
            let line = reading.line(LIMIT).unwrap().expect("more entries");
            found.extend(Some(line).filter(|line| line.contains(&kind)));
        }
        reading.kill().unwrap();
        found
    }
}

/// Lines of a server to which somebody wants in.
fn guesses(from: &str) -> String {
    (0..25).fold(String::new(), |text, nth| {
        text + &format!(
            "<38>Nov 26 08:00:00 gw-1 sshd[{nth}]: Failed password for root from {from} port {} ssh2\n",
            1_024 + nth
        )
    })
}

#[test]
fn who_guesses_from_outside_is_denied_by_rule_and_nobody_inside_or_on_the_list_is() {
    if within("responses::who_guesses_from_outside_is_denied_by_rule_and_nobody_inside_or_on_the_list_is") {
        return;
    }
    let mut city = City::new(3);
    city.house.desk.close();
    let enforcer = city.enforce();
    let server = city
        .program(&["serve", "--data", "data", "--listen", "127.0.0.1:0", "--enforcer", "./enforce.sock"])
        .with(["--syslog", "tcp:127.0.0.1:0", "--given", "inside=10.9.0.0/16"])
        .start()
        .unwrap();
    let door = server.line(LIMIT).unwrap().unwrap();
    let mut peer = std::net::TcpStream::connect(door.strip_prefix("tcp:").unwrap()).unwrap();
    // One inside, one on the enforcer's list, one outside.
    for from in ["10.9.0.9", "10.1.0.3", "203.0.113.9"] {
        std::io::Write::write_all(&mut peer, guesses(from).as_bytes()).unwrap();
    }
    let done = city.entries("response.done/1", 1);
    assert!(done[0].contains("203.0.113.9") && done[0].contains("\"what\":\"deny\""), "{done:?}");
    let failed = city.entries("response.failed/1", 1);
    assert!(failed[0].contains("10.1.0.3"), "{failed:?}");
    assert_eq!(city.entries("hook.answered/1", 2).len(), 2);
    let ruleset = ruleset();
    assert!(ruleset.contains("203.0.113.9") && !ruleset.contains("10.9.0.9"), "{ruleset}");
    assert!(!ruleset.contains("10.1.0.3"), "{ruleset}");
    assert!(city.stop(server).status.success());
    enforcer.kill().unwrap();
    city.house.open_again().unwrap();
    // Both are cases for an hour, as their alarms say; of whoever is inside there is none.
    let alarms = city.house.desk.read(|sql, _| {
        Ok::<_, store::StoreError>([
            sql.alarms_without_case("guessing_from_outside", 9)?.len(),
            sql.responses_latest(9)?.len(),
        ])
    });
    assert_eq!(alarms.unwrap(), [0, 2]);
    for row in city.house.desk.read(|sql, _| sql.responses_latest(9)).unwrap() {
        let case = city.house.case(row.answer.record).unwrap();
        let until: Instant = case.content.0["until"].as_str().unwrap().parse().unwrap();
        let lasts = until.as_micros() - case.opened_at.as_micros();
        // Reckoned from the decision, a moment before it was entered.
        assert!(case.opened_by.is_none() && (3_590_000_000..=3_600_000_000).contains(&lasts), "{lasts}");
    }
    city.house.compare().unwrap();
}

fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap()).unwrap()
}

/// The minute in which we are.
fn at_now(house: &House) {
    house.at(&now().to_string()[..16]).unwrap();
}

fn ruleset() -> String {
    let listed = Program::new("/usr/sbin/nft", "/").with(["list", "ruleset"]).run("", LIMIT).unwrap();
    assert!(listed.status.success(), "{}", listed.errors);
    listed.output.join("\n")
}

#[test]
fn what_a_case_decides_stands_on_the_firewall_and_its_effect_in_the_ledger() {
    if within("responses::what_a_case_decides_stands_on_the_firewall_and_its_effect_in_the_ledger") {
        return;
    }
    let mut city = City::new(1);
    let denied = city.act("deny", "203.0.113.7");
    let kept = city.act("deny", "10.1.0.3");
    city.house.desk.close();
    // Nobody enforces yet: the order waits, and is given once somebody does.
    let server = city.serve();
    assert!(!ruleset().contains("203.0.113.7"));
    let enforcer = city.enforce();
    let done = city.entries("response.done/1", 1);
    assert!(done[0].contains(&denied.to_string()) && done[0].contains("203.0.113.7"), "{done:?}");
    assert!(ruleset().contains("203.0.113.7"));
    // Whoever is on the enforcer's list is left alone, and that is said for good.
    let failed = city.entries("response.failed/1", 1);
    assert!(failed[0].contains(&kept.to_string()), "{failed:?}");
    assert!(!ruleset().contains("10.1.0.3"));
    // The case has its answers.
    assert_eq!(city.entries("hook.answered/1", 2).len(), 2);
    assert!(city.stop(server).status.success());

    // The enforcer is killed and begins anew; the case is undone; the server orders it.
    enforcer.kill().unwrap();
    assert!(ruleset().contains("203.0.113.7"));
    city.house.open_again().unwrap();
    at_now(&city.house);
    let admin = city.admin.with(Evidence::Otp);
    city.house.take(admin, denied, "undo", Outcome::Done, &[("ended_for", json!("誤判"))]).unwrap();
    // Two people close the firewall; nobody confirms.
    let fill = [
        ("act", json!("lock_down")),
        ("reason", json!("防護網被突破")),
        ("until", json!(now().plus(Duration::from_secs(3_600)).to_string())),
    ];
    let admin = city.admin;
    let closing = city.house.open(admin, "response", "file", &fill).unwrap();
    city.house.take(city.head, closing, "approve", Outcome::Approve, &[]).unwrap();
    city.house.desk.close();
    let (enforcer, server) = (city.enforce(), city.serve());
    assert_eq!(city.entries("response.done/1", 3).len(), 3);
    let ruleset = ruleset();
    assert!(!ruleset.contains("203.0.113.7") && ruleset.contains("counter name \"wide\""), "{ruleset}");
    assert!(city.stop(server).status.success());
    enforcer.kill().unwrap();
    city.house.open_again().unwrap();
    city.house.compare().unwrap();
}
