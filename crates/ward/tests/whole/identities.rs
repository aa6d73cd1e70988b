//! Impossible use on a running server: whose account it is and where terminals stand is registered, and log-ons that do not
//! go with that raise their alarms (clauses 19.1.5, 24.2.3, 24.3.1, 24.3.3).

use crate::LIMIT;
use crate::first_start::line;
use model::{Clock as _, Instant, RecordId};
use regulation::Outcome;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::StoreError;
use testkit::{Acting, House, Program};

/// The account that is registered, in the tax office; its terminals are those of the land office.
const ACCOUNT: &str = "tsai";

fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap()).unwrap()
}

/// The day in Taiwan.
fn today() -> String {
    now().plus(std::time::Duration::from_secs(8 * 3_600)).to_string()[..10].to_owned()
}

/// The least that is a PDF.
const PAPER: &[u8] =
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n\
                       trailer<</Root 1 0 R>>\n%%EOF\n";

/// An account in use in one unit, and a terminal in use in another.
struct Town {
    house: House,
}

impl Town {
    fn new() -> Self {
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
        let mut house = House::with_pack(51, &regulation::Folder::new(&pack), None).unwrap();
        house.at(&now().minus(Duration::from_secs(120)).to_string()[..16]).unwrap();
        let top = house.unit("100", None).unwrap();
        let [tax, land] = ["120", "130"].map(|code| house.unit(code, Some(top)).unwrap());
        // Those of information work for all.
        let it = top;
        let mut person = |login: &str, role: &'static str, home| house.person(login, role, home).unwrap();
        let steward = person("chien", "steward", top);
        let (admin, staff_it) = (person("hsu", "network_admin", it), person("ting", "it_staff", it));
        let (deputy, head_it) = (person("hung", "network_admin", it), person("lin", "unit_head", it));
        let (tsai, head_tax) = (person("tsai", "staff", tax), person("wang", "unit_head", tax));
        let (clerk, head_land) = (person("chen", "staff", land), person("kuo", "unit_head", land));
        let who = |one: Acting| json!(one.person.to_string());
        let rules = house.file("規範.pdf", PAPER, desk::Keeping::Clear).unwrap();
        let mut town = Self { house };

        let rules = town.open(
            admin,
            ("security_rules", "draft"),
            json!({ "for_unit": it.to_string(), "kind": "network", "name": "網路安全規範", "version": "第一版",
                    "administrator": who(admin), "deputy_administrator": who(deputy), "rules_text": [rules] }),
        );
        town.take(head_it, rules, ("approve", Outcome::Approve), json!({}));
        town.open(
            tsai,
            ("undertaking", "sign"),
            json!({ "rules": rules.to_string(), "on_malware": "offline", "on_password": "never", "on_mail": "hand_over",
                    "undertakes": true }),
        );
        let account = town.open(
            tsai,
            ("account", "file"),
            json!({ "service": "host", "system": "財稅主機", "owner": who(tsai), "scope": "財稅查詢", "kind": "personal" }),
        );
        town.take(head_tax, account, ("approve", Outcome::Approve), json!({}));
        town.take(admin, account, ("issue", Outcome::Done), json!({ "name": ACCOUNT }));

        let device = town.open(
            clerk,
            ("hardware", "file"),
            json!({ "user_unit": land.to_string(), "kind": "desktop", "model": "甲牌 X1", "serial": "SN-001",
                    "place": "地政局三樓", "keeper": who(clerk), "status": "in_service" }),
        );
        town.take(steward, device, ("issue", Outcome::Done), json!({}));
        let today = today();
        town.take(clerk, device, ("label", Outcome::Done), json!({ "labelled_on": today }));
        let change = town.open(
            clerk,
            ("terminal_change", "file"),
            json!({ "what": "install", "user_unit": land.to_string(), "it_unit": it.to_string(), "device": device.to_string(),
                    "place": "地政局三樓 12 座", "port": "3F-12", "address": "10.1.0.0/16", "uses": ["query"],
                    "reason": "新進人員", "planned_on": today }),
        );
        town.take(head_land, change, ("approve", Outcome::Approve), json!({}));
        let done = json!({ "done_text": "已安裝測試", "done_at": town.house.clock.now().to_string() });
        town.take(staff_it, change, ("execute", Outcome::Done), done);
        town.take(clerk, change, ("accept", Outcome::Done), json!({}));
        town.house.desk.close();
        town
    }

    fn open(&mut self, who: Acting, (register, step): (&str, &str), fill: Json) -> RecordId {
        let fill: Vec<(String, Json)> = fill.as_object().unwrap().clone().into_iter().collect();
        let fill: Vec<(&str, Json)> = fill.iter().map(|(id, value)| (id.as_str(), value.clone())).collect();
        match self.house.open(who, register, step, &fill) {
            Ok(record) => record,
            Err(refused) => panic!("{register}.{step}: {}", refused.told()),
        }
    }

    fn take(&mut self, who: Acting, record: RecordId, (step, outcome): (&str, Outcome), fill: Json) {
        let fill: Vec<(String, Json)> = fill.as_object().unwrap().clone().into_iter().collect();
        let fill: Vec<(&str, Json)> = fill.iter().map(|(id, value)| (id.as_str(), value.clone())).collect();
        if let Err(refused) = self.house.take(who, record, step, outcome, &fill) {
            panic!("{step}: {}", refused.told());
        }
    }
}

#[test]
fn who_logs_on_from_another_units_terminal_or_from_two_is_told() {
    let mut town = Town::new();
    let folder = town.house.folder().path().to_owned();
    let server = Program::new(env!("CARGO_BIN_EXE_ward"), &folder)
        .with(["serve", "--data", "data", "--listen", "127.0.0.1:0", "--syslog", "tcp:127.0.0.1:0"])
        .start()
        .unwrap();
    let door = line(&server, |line| line.starts_with("tcp:"));
    let pages = line(&server, |line| line.starts_with("http://"));
    let mut peer = TcpStream::connect(door.strip_prefix("tcp:").unwrap()).unwrap();
    let on = |who: &str, from: &str| {
        format!(
            "<38>Nov 26 08:00:00 web-1 sshd[1]: Accepted publickey for {who} from {from} port 50000 ssh2\n"
        )
    };
    // From the other unit's terminal; from a place of which nothing is known; and somebody who is not registered.
    let lines = [on(ACCOUNT, "10.1.0.9"), on(ACCOUNT, "10.9.0.9"), on("nobody", "10.1.0.9")];
    peer.write_all(lines.concat().as_bytes()).unwrap();
    let standing = |name: &str| {
        let text = ureq::get(format!("{pages}metrics")).call().unwrap().body_mut().read_to_string().unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|figure| figure.parse::<f64>().ok()).unwrap_or(0.0)
    };
    while standing("ward_watch_alarms") < 2.0 {}
    let stop = Program::new("/bin/kill", &folder).with(["-TERM", &server.id().to_string()]);
    assert!(stop.run("", LIMIT).unwrap().status.success());
    assert!(server.finish(LIMIT).unwrap().status.success());
    town.house.open_again().unwrap();
    let raised = town.house.desk.read::<_, StoreError>(|sql, _| sql.alarms_raised(0, 99)).unwrap();
    let told: BTreeSet<(&str, &str, &str)> = raised
        .iter()
        .map(|alarm| {
            let of = |field: &str| {
                let value = alarm.name.group.iter().find(|(name, _)| name == field);
                value.map_or("", |(_, value)| value.as_str())
            };
            (&*alarm.name.rule, of("user"), of("src_ip"))
        })
        .collect();
    let expected =
        BTreeSet::from([("cross_unit_log_on", ACCOUNT, "10.1.0.9"), ("shared_account", ACCOUNT, "")]);
    assert_eq!(told, expected, "{raised:?}");
}
