//! A room gets too warm: a real agent says so, and within the minute that the rule allows all six outlets tell it to real
//! receivers, a fault is opened and the maintainer has a notice (clauses 3.5.1, 3.10.1, 27.2.2).
//!
//! The server's clock runs twenty times as fast, so that nobody waits for that minute; how long each took by it is printed.

use crate::LIMIT;
use model::{Instant, PersonId};
use regulation::Outcome;
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value as Json, json};
use std::fs::{self, File};
use std::io::Read as _;
use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testkit::{House, Program, Running};

const OBJECT: &str = "1.3.6.1.4.1.8072.9999.9999.1.0";
/// How many times as fast the server's clock runs.
const FAST: u32 = 20;

/// A terminal that somebody sits at.
struct Seat {
    screen: File,
    /// Its name below `/dev`.
    name: String,
}

impl Seat {
    fn new() -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let path = ptsname(&screen, Vec::new()).unwrap().into_string().unwrap();
        Self { screen: screen.into(), name: path.trim_start_matches("/dev/").to_owned() }
    }

    /// Waits until it shows something; gives that.
    fn shows(&mut self) -> String {
        // One that nobody has open any more is told by an error, which is none here.
        let device = format!("/dev/{}", self.name);
        let held = open(device, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let mut shown = Vec::new();
        while !String::from_utf8_lossy(&shown).contains("***") {
            let mut bytes = [0; 4_096];
            let count = self.screen.read(&mut bytes).unwrap();
            shown.extend_from_slice(&bytes[..count]);
        }
        drop(held);
        String::from_utf8_lossy(&shown).into_owned()
    }
}

/// The machine's time.
fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap()).unwrap()
}

fn at(house: &House, moment: Instant) {
    house.at(&moment.to_string()[..16]).unwrap();
}

/// A house with a room that is in use, and its maintainer.
fn city() -> (House, PersonId) {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut house = House::with_pack(41, &regulation::Folder::new(&pack), None).unwrap();
    let top = house.unit("100", None).unwrap();
    let unit = house.unit("110", Some(top)).unwrap();
    let head = house.person("lin", "unit_head", unit).unwrap();
    let operator = house.person("chen", "operator", unit).unwrap();
    let deputy = house.person("huang", "it_head", unit).unwrap();
    let maintainer = house.person("chang", "maintainer", unit).unwrap();
    at(&house, now());
    let fill = [
        ("code", json!("A")),
        ("name", json!("第一機房")),
        ("place", json!("三樓")),
        ("custodian", json!(operator.person.to_string())),
        ("deputy_custodian", json!(deputy.person.to_string())),
        ("vault", json!(true)),
        ("round_the_clock", json!(false)),
        ("raised_floor", json!(true)),
        ("measures", json!([{ "measure": "lock", "where_it_is": "大門" }])),
    ];
    let room = house.open(operator, "room", "propose", &fill).unwrap();
    house.take(head, room, "approve", Outcome::Approve, &[]).unwrap();
    (house, maintainer.person)
}

/// An agent whose temperature stands in a file, in tenths of a degree.
fn agent(folder: &Path, port: u16) -> Running {
    let here = folder.display();
    let script = format!("echo .{OBJECT}\necho integer\ncat {here}/tenths\n");
    fs::write(folder.join("pass.sh"), script).unwrap();
    let settings = format!(
        "[snmp] persistentDir {here}/agent\nagentAddress udp:127.0.0.1:{port}\nrocommunity only-here 127.0.0.1\n\
         pass .{OBJECT} /bin/sh {here}/pass.sh\n"
    );
    fs::write(folder.join("agent.conf"), settings).unwrap();
    let conf = folder.join("agent.conf").display().to_string();
    Program::new("/usr/sbin/snmpd", folder)
        .with(["-f", "-Lo", "-C", "-c", &conf, "-p", "snmpd.pid"])
        .with_variable("SNMP_PERSISTENT_DIR", &format!("{here}/agent"))
        .with_variable("MIBS", "")
        .start()
        .unwrap()
}

/// A receiver of traps.
fn receiver(folder: &Path, port: u16) -> Running {
    fs::write(folder.join("traps.conf"), "authCommunity log traps\nformat2 %v\\n\n").unwrap();
    let listen = format!("udp:127.0.0.1:{port}");
    let arguments = [
        "-oL",
        "/usr/sbin/snmptrapd",
        "-f",
        "-Lo",
        "-On",
        "-Ot",
        "--hexOutputLength=0",
        "-m",
        "",
        "-C",
        "-c",
        "traps.conf",
        &listen,
    ];
    let home = folder.display().to_string();
    let running = Program::new("/usr/bin/stdbuf", folder)
        .with(arguments)
        .with_variable("SNMP_PERSISTENT_DIR", &format!("{home}/traps"))
        .with_variable("HOME", &home)
        .start()
        .unwrap();
    while !running.line(LIMIT).unwrap().expect("a receiver of traps").contains("NET-SNMP version") {}
    running
}

fn free() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn secret(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Waits until a file holds what will do; gives it.
fn holds(path: &Path, enough: impl Fn(&str) -> bool) -> String {
    loop {
        match fs::read_to_string(path) {
            Ok(text) if enough(&text) => return text,
            _ => std::thread::yield_now(),
        }
    }
}

#[test]
fn a_room_that_is_too_warm_is_told_by_all_six_outlets_and_its_maintainer_has_a_fault() {
    let (mut house, maintainer) = city();
    house.desk.close();
    let folder = house.folder().path().to_owned();
    fs::write(folder.join("tenths"), "235").unwrap();
    let (agent_port, trap_port) = (free(), free());
    let (agent, traps) = (agent(&folder, agent_port), receiver(&folder, trap_port));
    let sink = concat!(env!("CARGO_MANIFEST_DIR"), "/../outlets/tests/outlets/sink.py");
    let mail = Program::new("/usr/bin/python3", &folder).with(["-B", sink, "none"]).start().unwrap();
    let mail_port = mail.line(LIMIT).unwrap().expect("a mail server");
    let (mut seat, mut console) = (Seat::new(), Seat::new());
    let record = format!(
        "[7] [00042] [ts/0] [{:<8}] [{:<12}] [{:<20}] [192.0.2.9      ] [2026-11-27T02:00:00,000000+00:00]\n",
        "wang", seat.name, "desk.example"
    );
    fs::write(folder.join("records"), record).unwrap();
    let logged_in = Program::new("/usr/bin/utmpdump", &folder).with(["-r", "-o", "utmp", "records"]);
    assert!(logged_in.run("", LIMIT).unwrap().status.success());

    let (data, here) = (folder.join("data"), folder.display());
    let outlets = data.join("outlets");
    fs::create_dir_all(&outlets).unwrap();
    secret(&outlets.join("community"), "traps\n");
    let settings = format!(
        "[outlet.record]\nfile = {{ path = \"alarms.jsonl\" }}\n\
         [outlet.mail.mail]\nserver = \"localhost\"\nport = {mail_port}\nsecurity = \"none\"\n\
         from = \"城防 <ward@city.example>\"\nto = [\"值班 <duty@city.example>\"]\n\
         [outlet.screens]\nterminals = {{ utmp = \"{here}/utmp\" }}\n\
         [outlet.nms]\nsnmp = {{ to = \"127.0.0.1:{trap_port}\", version = \"v2c\", community_file = \"community\" }}\n\
         [outlet.console]\nconsole = {{ device = \"/dev/{}\" }}\n\
         [outlet.pager]\nprogram = {{ run = [\"/bin/sh\", \"-c\", \"cat > {here}/paged\"] }}\n",
        console.name
    );
    fs::write(data.join("outlets.toml"), settings).unwrap();
    secret(&folder.join("agent-community"), "only-here\n");
    fs::write(
        folder.join("sensors.toml"),
        format!(
            "[[device]]\nid = \"A-1\"\nroom = \"A\"\nprotocol = \"snmp\"\naddress = \"127.0.0.1:{agent_port}\"\nevery = 1\n\
             community_file = \"agent-community\"\n[[device.read]]\nquantity = \"temperature\"\nunit = \"Cel\"\noid = \"{OBJECT}\"\n\
             scale = 0.1\n"
        ),
    )
    .unwrap();
    let library = fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok);
    let mut library = library.map(|entry| entry.path().join("faketime/libfaketime.so.1"));
    let library = library.find(|path| path.exists()).expect("libfaketime (Debian's package faketime)");
    let server = Program::new(env!("CARGO_BIN_EXE_ward"), &folder)
        .with(["serve", "--data", "data", "--listen", "127.0.0.1:0", "--sensors", "sensors.toml"])
        .with_variable("LD_PRELOAD", library.to_str().unwrap())
        .with_variable("FAKETIME", &format!("+0 x{FAST}"))
        .with_variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .with_variable("NO_FAKE_STAT", "1")
        .start()
        .unwrap();
    server.line(LIMIT).unwrap().expect("where it serves");
    // As it should be, until it has been read.
    let query = |statement: &str| {
        let asked =
            Program::new(env!("CARGO_BIN_EXE_ward"), &folder).with(["query", "--data", "data", statement]);
        let ended = asked.run("", LIMIT).unwrap();
        assert!(ended.status.success(), "{}", ended.errors);
        ended.output.get(1).cloned().unwrap_or_default()
    };
    let read = |value: &str| {
        let of = format!(
            "SELECT count(*) FROM lines WHERE receiver = 'sensors' AND line LIKE '%\"value\":{value}%'"
        );
        while query(&of).parse::<u64>().unwrap_or(0) == 0 {}
    };
    read("23.5");
    let began = SystemTime::now();
    fs::write(folder.join("tenths"), "285").unwrap();
    let mut took: Vec<(&str, Duration)> = Vec::new();
    let mut told = |outlet: &'static str| took.push((outlet, began.elapsed().unwrap() * FAST));

    let title = "機房溫度逾 22 至 26 °C";
    let line = holds(&outlets.join("alarms.jsonl"), |text| text.contains("\"raised\""));
    told("file");
    assert!(line.contains(title) && line.contains("\"A-1\""), "{line}");
    let sent: Json = serde_json::from_str(&mail.line(LIMIT).unwrap().expect("a mail")).unwrap();
    told("mail");
    assert!(
        sent["body"].as_str().unwrap().contains(title) && sent["to"] == json!(["duty@city.example"]),
        "{sent}"
    );
    let shown = seat.shows();
    told("terminals");
    assert!(shown.contains("The temperature of a room is outside 22 to 26"), "{shown}");
    let trap = loop {
        let line = traps.line(LIMIT).unwrap().expect("a trap");
        if line.contains(".32473.2722") {
            break line;
        }
    };
    told("snmp");
    assert!(trap.contains("temperature"), "{trap}");
    let shown = console.shows();
    told("console");
    assert!(shown.contains("The temperature of a room is outside 22 to 26"), "{shown}");
    let paged = holds(&folder.join("paged"), |text| text.contains("temperature"));
    told("program");
    assert!(paged.contains("A-1"), "{paged}");
    for (outlet, time) in &took {
        eprintln!(
            "{outlet}: {:.1} s by the server's clock, the rule's minute among them",
            time.as_secs_f64()
        );
    }

    // The curve of the day has both.
    read("28.5");
    let number = server.id().to_string();
    assert!(Program::new("/bin/kill", "/").with(["-TERM", &number]).run("", LIMIT).unwrap().status.success());
    let ended = server.finish(LIMIT).unwrap();
    assert!(ended.status.success(), "{}", ended.errors);
    for peer in [agent, traps, mail] {
        peer.kill().unwrap();
    }
    // Its clock was ahead.
    at(&house, now().plus(Duration::from_secs(86_400)));
    house.open_again().unwrap();
    let fault = house
        .desk
        .read::<_, store::StoreError>(|sql, _| {
            let rows = sql.rows("SELECT record FROM record WHERE register = 'fault'", &[])?;
            Ok(rows.iter().filter_map(|row| row.text(0)?.parse().ok()).collect::<Vec<model::RecordId>>())
        })
        .unwrap();
    assert_eq!(fault.len(), 1);
    let case = house.case(fault[0]).unwrap();
    assert_eq!(case.content.0["source"], json!("sensor"));
    assert!(case.content.0["symptom"].as_str().unwrap().contains(title), "{:?}", case.content);
    let seen = house.desk.seen();
    let roster = identity::Roster::new(&seen.roster, seen.packs.current().unwrap(), now());
    let roles: Vec<_> = roster.held(maintainer).map(|(role, unit)| (role.clone(), unit)).collect();
    let notices = house.desk.read(|sql, _| sql.notices(maintainer, &roles, &roster, None, 9)).unwrap();
    assert!(notices.iter().any(|notice| notice.zh.contains(title)), "the maintainer is told: {notices:?}");
    drop(seen);
    house.compare().unwrap();
}
