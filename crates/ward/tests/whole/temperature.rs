//! A room that gets too warm: one server, a real agent of SNMP that is read, and whoever really receives each of the six
//! outlets; the fault that is opened, the maintainer who is told, the curve on the day's sheet. Prints seconds for each.
//!
//! Source: clauses 3.5.1, 3.10.1, 27.2.2.

use crate::LIMIT;
use crate::first_start::{Browser, PASSWORD, line};
use model::{Instant, PersonId, RecordId};
use regulation::Outcome;
use serde_json::{Value as Json, json};
use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::StoreError;
use testkit::{House, Program, Running};

const OBJECT: &str = "1.3.6.1.4.1.8072.9999.9999.1";
/// How the alarm is called where Chinese letters are.
const TITLE: &str = "機房溫度逾 22 至 26 °C";

/// A city with a room whose temperature is asked of an agent.
struct Town {
    house: House,
    maintainer: PersonId,
}

/// The pack that is shipped, but that the temperature need not last for a minute: a test does not wait for time.
fn pack(into: &Path) -> PathBuf {
    let copy = into.join("pack");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        fs::create_dir(copy.join(&folder)).unwrap();
        for entry in fs::read_dir(shipped.join(&folder)).unwrap() {
            let name = folder.join(entry.unwrap().file_name());
            if shipped.join(&name).is_dir() {
                folders.push(name);
            } else {
                fs::copy(shipped.join(&name), copy.join(name)).unwrap();
            }
        }
    }
    let rules = copy.join("rules/rooms.toml");
    let text = fs::read_to_string(&rules).unwrap();
    let lasts = "margin = 0.3\nlasting = \"1 minutes\"\n";
    // What is too short to count otherwise.
    let short = "  '{\"room\":\"A\",\"sensor\":\"A-1\",\"quantity\":\"temperature\",\"unit\":\"Cel\",\"value\":26.4}', 30,\n";
    assert!(text.contains(lasts) && text.contains(short), "{text}");
    fs::write(rules, text.replace(lasts, "margin = 0.3\nlasting = \"0 minutes\"\n").replace(short, ""))
        .unwrap();
    copy
}

pub(crate) fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap()).unwrap()
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn secret(path: PathBuf, text: &str) {
    fs::write(&path, format!("{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

impl Town {
    fn new() -> Self {
        let folder = testkit::TemporaryFolder::new();
        let pack = pack(folder.path());
        let mut house = House::with_pack(31, &regulation::Folder::new(&pack), None).unwrap();
        house.at(&now().minus(Duration::from_secs(60)).to_string()[..16]).unwrap();
        let city = house.unit("100", None).unwrap();
        let unit = house.unit("110", Some(city)).unwrap();
        let head = house.person("lin", "unit_head", unit).unwrap();
        let deputy = house.person("wu", "it_head", unit).unwrap();
        let operator = house.person("kuo", "operator", unit).unwrap();
        let maintainer = PersonId::from_bytes(house.draw());
        let details = identity::Details {
            name: identity::Line::new("陳志明").unwrap(),
            login: identity::Login::new("chen").unwrap(),
            title: identity::Line::new("技士").unwrap(),
            mail: identity::Mail::new("chen@house.example").unwrap(),
            phone: None,
        };
        house
            .identity(identity::Command::RegisterPerson { person: maintainer, details, home: unit })
            .unwrap();
        house.grant(maintainer, "maintainer", unit).unwrap();
        let fill = [
            ("code", json!("A")),
            ("name", json!("第一機房")),
            ("place", json!("臺中市政府三樓")),
            ("custodian", json!(operator.person.to_string())),
            ("deputy_custodian", json!(deputy.person.to_string())),
            ("vault", json!(false)),
            ("round_the_clock", json!(true)),
            ("raised_floor", json!(true)),
            ("measures", json!([{ "measure": "lock", "where_it_is": "大門" }])),
        ];
        let room = house.open(operator, "room", "propose", &fill).unwrap();
        house.take(head, room, "approve", Outcome::Approve, &[]).unwrap();
        house.desk.close();
        Self { house, maintainer }
    }

    fn path(&self) -> &Path {
        self.house.folder().path()
    }

    fn ward(&self, arguments: &[&str]) -> Program {
        Program::new(env!("CARGO_BIN_EXE_ward"), self.path()).with(arguments)
    }

    /// What the agent measures from now on, in tenths of a degree.
    fn measures(&self, tenths: u32) {
        fs::write(self.path().join("degrees.new"), format!("{tenths}\n")).unwrap();
        fs::rename(self.path().join("degrees.new"), self.path().join("degrees")).unwrap();
    }

    /// net-snmp's agent, which gives what stands in a file; the server reads it each second.
    fn agent(&self) -> Running {
        let (here, port) = (self.path().display(), free_port());
        // One program that goes on answering: what `pass` alone runs anew is kept by the agent for half a minute.
        let measure = format!(
            "while read asked; do case $asked in\nPING) echo PONG;;\n\
             get) read object; echo .{OBJECT}.0; echo integer; cat {here}/degrees;;\n\
             *) read object; echo NONE;;\nesac; done\n"
        );
        fs::write(self.path().join("measure"), measure).unwrap();
        let settings = format!(
            "[snmp] persistentDir {here}\nagentAddress udp:127.0.0.1:{port}\nrocommunity only-here 127.0.0.1\n\
             pass_persist .{OBJECT} /bin/sh {here}/measure\n"
        );
        fs::write(self.path().join("agent.conf"), settings).unwrap();
        let device = format!(
            "[[device]]\nid = \"A-1\"\nroom = \"A\"\nprotocol = \"snmp\"\naddress = \"127.0.0.1:{port}\"\nevery = 1\n\
             community_file = \"community\"\n\
             [[device.read]]\nquantity = \"temperature\"\nunit = \"Cel\"\noid = \"{OBJECT}.0\"\nscale = 0.1\n"
        );
        fs::write(self.path().join("sensors.toml"), device).unwrap();
        secret(self.path().join("community"), "only-here");
        let settings = self.path().join("agent.conf").display().to_string();
        Program::new("/usr/sbin/snmpd", self.path())
            .with(["-f", "-Lo", "-C", "-c", &settings, "-p", "snmpd.pid"])
            .with_variable("SNMP_PERSISTENT_DIR", &self.path().display().to_string())
            .with_variable("MIBS", "")
            .start()
            .unwrap()
    }

    /// Whoever receives each of the six, by its name, in the order of the regulation's clause but for the file.
    fn receivers(&self) -> Vec<(&'static str, Running)> {
        let folder = self.path().join("data/outlets");
        fs::create_dir(&folder).unwrap();
        let here = folder.display().to_string();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../outlets/tests/outlets/sink.py");
        let mail =
            Program::new("/usr/bin/python3", self.path()).with(["-B", script, "none"]).start().unwrap();
        let mail_port = mail.line(LIMIT).unwrap().expect("a mail server (python3-aiosmtpd)");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole/seat.py");
        let seat = || {
            let running = Program::new("/usr/bin/python3", self.path()).with(["-B", script]).start().unwrap();
            let name = running.line(LIMIT).unwrap().expect("a terminal");
            (running, name)
        };
        let ((terminal, terminal_name), (console, console_name)) = (seat(), seat());
        let record = format!(
            "[7] [00042] [ts/0] [chen    ] [{:<12}] [{:<20}] [192.0.2.9      ] [2026-11-27T02:00:00,000000+00:00]\n",
            terminal_name.trim_start_matches("/dev/"),
            "desk.example"
        );
        fs::write(folder.join("records"), record).unwrap();
        let logged_in = Program::new("/usr/bin/utmpdump", &folder).with(["-r", "-o", "utmp", "records"]);
        assert!(logged_in.run("", LIMIT).unwrap().status.success());

        let trap_port = free_port();
        fs::write(self.path().join("snmptrapd.conf"), "authCommunity log alarms\nformat2 %P|%v\\n\n")
            .unwrap();
        secret(folder.join("community"), "alarms");
        let listen = format!("udp:127.0.0.1:{trap_port}");
        let traps = Program::new("/usr/bin/stdbuf", self.path())
            .with([
                "-oL",
                "/usr/sbin/snmptrapd",
                "-f",
                "-Lo",
                "-On",
                "-Ot",
                "-m",
                "",
                "-C",
                "-c",
                "snmptrapd.conf",
            ])
            .with([&listen])
            .with_variable("SNMP_PERSISTENT_DIR", &self.path().join("traps").display().to_string())
            .with_variable("HOME", &self.path().display().to_string())
            .start()
            .unwrap();
        line(&traps, |line| line.contains("NET-SNMP version"));
        let settings = format!(
            "pages = \"https://ward.example/\"\n\
             [outlet.record]\nfile = {{ path = \"alarms.jsonl\" }}\n\
             [outlet.maintainer.mail]\nserver = \"localhost\"\nport = {mail_port}\nsecurity = \"none\"\n\
             from = \"城防 <ward@house.example>\"\nto = [\"陳志明 <chen@house.example>\"]\n\
             [outlet.seats]\nterminals = {{ utmp = \"utmp\" }}\n\
             [outlet.nms]\nsnmp = {{ to = \"127.0.0.1:{trap_port}\", version = \"v2c\", send = \"trap\", \
             community_file = \"community\" }}\n\
             [outlet.console]\nconsole = {{ device = \"{console_name}\" }}\n\
             [outlet.pager]\nprogram = {{ run = [\"/usr/bin/tee\", \"-a\", \"{here}/paged\"] }}\n"
        );
        fs::write(self.path().join("data/outlets.toml"), settings).unwrap();
        let follow = |name: &str| {
            fs::write(folder.join(name), "").unwrap();
            Program::new("/usr/bin/tail", &folder).with(["-n", "+1", "-F", name]).start().unwrap()
        };
        let paged = follow("paged");
        let file = follow("alarms.jsonl");
        vec![
            ("file", file),
            ("mail", mail),
            ("terminal", terminal),
            ("trap", traps),
            ("console", console),
            ("program", paged),
        ]
    }
}

/// Somebody comes with a code of the console's, sets password and app, and signs in.
pub(crate) fn signs_in(folder: &Path, login: &str, address: &str) -> Browser {
    let program = Program::new(env!("CARGO_BIN_EXE_ward"), folder);
    let code = program.with(["person", "recover", login, "--data", "data"]).run("", LIMIT).unwrap();
    assert!(code.status.success(), "{}", code.errors);
    let code = code.output.concat();
    let browser = Browser::new(address);
    let page = browser.get("/recover").text;
    let fields = [("login", login), ("first", code.as_str()), ("second", "")];
    let led = browser.submit(&page, "/recover", &fields);
    assert_eq!(led.location, "/enrol", "{}", led.text);
    let page = browser.get("/enrol").text;
    browser.submit(&page, "/factors/password", &[("new", PASSWORD), ("again", PASSWORD)]);
    let page = browser.submit(&browser.get("/enrol").text, "/factors/otp", &[]).text;
    let secret = page.split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap();
    let code = crate::first_start::code_of(secret, folder);
    let set = browser.submit(&page, "/factors/otp/confirm", &[("code", &code)]);
    assert_eq!(set.location, "/enrol", "{}", set.text);
    let codes = browser.submit(&browser.get("/enrol").text, "/factors/codes", &[]).text;
    let code = codes.split("<li><code>").nth(1).unwrap().split('<').next().unwrap();
    browser.submit(&browser.get("/enrol").text, "/sign-out", &[]);
    let page = browser.get("/sign-in").text;
    let first = browser.submit(&page, "/sign-in", &[("login", login), ("password", PASSWORD)]);
    let page = browser.get(&first.location).text;
    let second = browser.submit(&page, "/sign-in/second", &[("recovery", code), ("code", "")]);
    assert_eq!(second.status, 303, "{}", second.text);
    browser
}

/// Is this an entry of this kind about a record of this form?
fn is_entry(line: &str, kind: &str, form: &str) -> bool {
    line.contains(&format!("\"kind\":\"{kind}\"")) && line.contains(&format!("\"form\":\"{form}"))
}

/// Is this line of an outlet the alarm?
fn is_alarm(outlet: &str, line: &str) -> bool {
    match outlet {
        "file" | "program" => {
            let message: Json = serde_json::from_str(line).unwrap();
            message["what"] == "raised" && message["title"]["zh"] == TITLE && message["group"]["room"] == "A"
        }
        "mail" => {
            let mail: Json = serde_json::from_str(line).unwrap();
            let headers = mail["headers"].as_array().unwrap();
            let subject = headers.iter().find(|header| header[0] == "Subject").unwrap();
            mail["to"] == json!(["chen@house.example"]) && subject[1].as_str().unwrap().contains(TITLE)
        }
        // The number of a notification that something was raised, and the rule.
        "trap" => line.contains(".32473.2722.0.1\t") && line.contains("STRING: \"temperature\""),
        _ => line.contains(TITLE),
    }
}

#[test]
fn a_room_that_is_too_warm_is_told_by_all_six_outlets_opens_a_fault_and_stands_on_the_sheet_of_the_day() {
    let mut town = Town::new();
    town.measures(240);
    let agent = town.agent();
    let receivers = town.receivers();
    fs::write(town.path().join("data/site.toml"), "host = \"localhost\"\n").unwrap();
    let serve = ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--sensors", "sensors.toml"];
    let server = town.ward(&serve).start().unwrap();
    let address = line(&server, |line| line.starts_with("http://localhost:"));
    let entries = town.ward(&["ledger", "read", "0..", "--follow", "--data", "data"]).start().unwrap();
    // The sheet of the day is there, and the agent answers; nothing is wrong yet.
    line(&entries, |line| is_entry(line, "case.opened/1", "duty-sheet/"));
    let good = ["query", "SELECT count(*) FROM lines WHERE line LIKE '%\"value\":24}'", "--data", "data"];
    while town.ward(&good).run("", LIMIT).unwrap().output.get(1).is_none_or(|count| count == "0") {}

    let began = SystemTime::now();
    let after = || began.elapsed().unwrap();
    town.measures(301);
    let waiting: Vec<_> = receivers
        .into_iter()
        .map(|(name, receiver)| {
            std::thread::spawn(move || {
                line(&receiver, |line| is_alarm(name, line));
                (name, began.elapsed().unwrap(), receiver)
            })
        })
        .collect();
    let mut told = Vec::new();
    line(&entries, |line| line.contains("\"kind\":\"alarm.raised/1\""));
    told.push(("alarm", after()));
    for (what, kind) in [("fault", "case.opened/1"), ("maintainer", "notice.sent/1")] {
        line(&entries, |line| is_entry(line, kind, "fault/"));
        told.push((what, after()));
    }
    let mut receivers = Vec::new();
    for one in waiting {
        let (name, seconds, receiver) = one.join().unwrap();
        told.push((name, seconds));
        receivers.push(receiver);
    }

    let browser = signs_in(town.path(), "chen", &address);
    let list = browser.get("/registers/duty_sheet").text;
    let sheets = list.split("href=\"/records/r_").skip(1);
    let sheets: Vec<&str> = sheets.map(|rest| rest.split(['"', '/', '?']).next().unwrap()).collect();
    // Around midnight there may be two.
    let curve = sheets.iter().map(|sheet| browser.get(&format!("/records/r_{sheet}")).text).find(|page| {
        page.contains("The day by its sensors") && page.contains("A-1 Temperature") && page.contains("30.1")
    });
    let curve = curve.unwrap_or_else(|| panic!("no curve on {sheets:?} of {list}"));
    assert!(curve.contains("<svg") && curve.contains("stroke-dasharray"), "with its limits: {curve}");
    eprintln!("a room gets too warm: seconds after it was measured");
    for (what, seconds) in told.into_iter().chain([("sheet", after())]) {
        eprintln!("{what:>12} {:>7.3}", seconds.as_secs_f64());
    }

    let number = server.id().to_string();
    assert!(Program::new("/bin/kill", "/").with(["-TERM", &number]).run("", LIMIT).unwrap().status.success());
    let ended = server.finish(LIMIT).unwrap();
    assert!(ended.status.success(), "{}", ended.errors);
    drop((agent, receivers, entries));
    town.house.open_again().unwrap();
    town.house.at(&now().to_string()[..16]).unwrap();
    fault_and_notice(&town);
    town.house.compare().unwrap();
}

/// One alarm, one fault of the room by its sensor, which the maintainer was told of.
fn fault_and_notice(town: &Town) {
    let seen = town.house.desk.seen();
    let roster = identity::Roster::new(&seen.roster, seen.packs.current().unwrap(), now());
    let roles: Vec<_> = {
        let unit = seen.roster.person(town.maintainer).unwrap().home;
        vec![("maintainer".parse().unwrap(), Some(unit))]
    };
    let found = town.house.desk.read::<_, StoreError>(|sql, _| {
        let notices = sql.notices(town.maintainer, &roles, &roster, None, 10)?;
        Ok((sql.alarms_raised(0, 10)?, notices))
    });
    let (alarms, notices) = found.unwrap();
    let [alarm] = alarms.as_slice() else { panic!("{alarms:?}") };
    let fault: RecordId = alarm.record.expect("a case");
    let case = town.house.case(fault).unwrap();
    assert_eq!((case.register.as_str(), case.state.as_str()), ("fault", "reported"));
    let content = |field: &str| case.content.0.get(field).cloned().unwrap_or_default();
    assert_eq!(content("source"), "sensor");
    assert_eq!(content("symptom"), format!("{TITLE}（感測器 A-1）"));
    assert!(
        notices.iter().any(|notice| notice.record == fault && notice.zh.contains("第一機房")),
        "{notices:?}"
    );
}
