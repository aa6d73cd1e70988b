//! Traps and informs to net-snmp's `snmptrapd`: v2c and v3, and over restarts.

use super::{Bed, LIMIT, alarm, done, engine, later, resolved};
use outlets::{Engine, Message};
use std::fs;
use std::net::UdpSocket;
use testkit::{Program, Running};

/// Below which number the objects stand.
const ROOT: &str = ".1.3.6.1.4.1.32473.2722";

/// A receiver of traps.
struct Receiver {
    process: Running,
    port: u16,
}

impl Receiver {
    /// With these lines in its settings.
    fn start(bed: &Bed, settings: &str) -> Self {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_at(bed, settings, port)
    }

    fn start_at(bed: &Bed, settings: &str, port: u16) -> Self {
        fs::write(bed.path().join("snmptrapd.conf"), format!("{settings}\nformat2 %P|%v\\n\n")).unwrap();
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
            "snmptrapd.conf",
            &listen,
        ];
        let state = bed.path().join("snmp-state");
        let program = Program::new("/usr/bin/stdbuf", bed.path())
            .with(arguments)
            .with_variable("SNMP_PERSISTENT_DIR", state.to_str().unwrap())
            .with_variable("HOME", bed.path().to_str().unwrap());
        let process = program.start().unwrap();
        loop {
            match process.line(LIMIT).unwrap() {
                Some(line) if line.contains("NET-SNMP version") => return Self { process, port },
                Some(_) => {}
                None => panic!("no receiver of traps: {}", process.kill().unwrap().errors),
            }
        }
    }

    /// The next notification: how it was let in, and its objects.
    fn got(&self) -> Got {
        loop {
            let line = self.process.line(LIMIT).unwrap().unwrap();
            if let Some((how, objects)) = line.split_once('|') {
                let objects = objects.split('\t').map(str::to_owned).collect();
                return Got { how: how.to_owned(), objects };
            }
        }
    }
}

struct Got {
    how: String,
    objects: Vec<String>,
}

impl Got {
    /// The value of an object, as net-snmp writes it.
    fn object(&self, nth: u32) -> &str {
        let name = format!("{ROOT}.1.{nth}.0 = ");
        self.objects.iter().find_map(|object| object.strip_prefix(&name)).unwrap_or_default()
    }

    /// The number of the notification.
    fn notification(&self) -> u32 {
        let name = format!(".1.3.6.1.6.3.1.1.4.1.0 = OID: {ROOT}.0.");
        self.objects.iter().find_map(|object| object.strip_prefix(&name)).unwrap().parse().unwrap()
    }
}

/// A text as net-snmp writes what is not ASCII: its bytes, hexadecimal.
fn text(value: &str) -> String {
    let hex: String = value.strip_prefix("Hex-STRING: ").unwrap_or_default().split_whitespace().collect();
    String::from_utf8(data_encoding::HEXUPPER.decode(hex.as_bytes()).unwrap()).unwrap()
}

#[test]
fn traps_and_informs_of_v2c_carry_what_the_alarm_says() {
    let bed = Bed::new();
    bed.secret("community", "not public");
    let receiver = Receiver::start(&bed, "authCommunity log \"not public\"");
    for send in ["trap", "inform"] {
        let way = format!(
            "snmp = {{ to = \"127.0.0.1:{}\", version = \"v2c\", send = \"{send}\", community_file = \"community\" }}",
            receiver.port
        );
        let outlet = bed.outlet(&way);
        let told = done(outlet.send(&alarm(5_000_000_000)));
        assert_eq!(told.starts_with("acknowledged"), send == "inform", "{told}");
        let got = receiver.got();
        assert!(got.how.contains("community not public"), "{}", got.how);
        assert_eq!(got.notification(), 1);
        assert_eq!(got.object(1), "Counter64: 5000000000");
        assert_eq!((got.object(2), got.object(3)), ("INTEGER: 4", "STRING: \"guessing\""));
        assert_eq!(text(got.object(4)), "猜測密碼");
        assert_eq!(got.object(5), "STRING: \"passwords are guessed\"");
        let group = text(got.object(6));
        assert!(
            group.starts_with("src_ip=192.0.2.7, user=root  Bcc") && !super::is_obeyed(&group),
            "{group:?}"
        );
        assert_eq!((got.object(7), got.object(10)), ("Gauge32: 12", "STRING: \"27.2.2\""));
        assert_eq!(got.object(8), "STRING: \"2026-11-27T02:04:12.345678Z\"");
        assert_eq!(got.object(12), "STRING: \"ward.example/city\"");

        done(outlet.send(&resolved(7)));
        assert_eq!(receiver.got().notification(), 2);
        done(outlet.send(&Message::of_many(&[alarm(8), alarm(9)], 11).unwrap()));
        let many = receiver.got();
        assert_eq!(
            (many.notification(), many.object(13), many.object(14)),
            (3, "Gauge32: 2", "Counter64: 11")
        );
    }
}

fn users(bed: &Bed) {
    bed.secret("authentication", "authentication-1");
    bed.secret("privacy", "privacy-is-more-1");
}

fn v3(port: u16, send: &str, hash: &str) -> String {
    format!(
        "snmp = {{ to = \"127.0.0.1:{port}\", version = \"v3\", send = \"{send}\", user = \"ward\", hash = \"{hash}\", \
         authentication_file = \"authentication\", privacy_file = \"privacy\", seconds = 2 }}"
    )
}

/// The user, as net-snmp is told of it; `engine` where it is not its own.
fn user(engine: &str, hash: &str) -> String {
    format!("createUser {engine} ward {hash} authentication-1 AES privacy-is-more-1\nauthUser log ward priv")
}

#[test]
fn traps_of_v3_are_let_in_again_after_each_restart() {
    let bed = Bed::new();
    users(&bed);
    // The engine is made by the first outlet that needs it, and receivers are told of it.
    assert_eq!(bed.engine.id().unwrap(), None);
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    done(bed.outlet(&v3(nobody.local_addr().unwrap().port(), "trap", "sha256")).send(&alarm(1)));
    let id = bed.engine.id().unwrap().unwrap();
    assert!(id.starts_with("80007ed905") && id.len() == 26, "{id}");

    let receiver = Receiver::start(&bed, &user(&format!("-e 0x{id}"), "SHA-256"));
    for start in 2..=4 {
        // As the next start of the system finds it.
        let bed = Bed { folder: testkit::TemporaryFolder::new(), engine: engine(&bed.folder) };
        users(&bed);
        let outlet = bed.outlet(&v3(receiver.port, "trap", "sha256"));
        done(outlet.send(&alarm(start)));
        let got = receiver.got();
        assert!(got.how.contains("user ward"), "{}", got.how);
        assert_eq!((got.notification(), got.object(1)), (1, format!("Counter64: {start}").as_str()));
        done(outlet.send(&resolved(start)));
        assert_eq!(receiver.got().notification(), 2);
    }
    let kept = fs::read_to_string(bed.path().join(Engine::FILE)).unwrap();
    assert_eq!(kept, format!("{{\"engine\":\"{id}\",\"boots\":4}}"));
}

#[test]
fn informs_of_v3_are_acknowledged_whatever_the_hash() {
    for (hash, theirs) in
        [("sha1", "SHA"), ("sha256", "SHA-256"), ("sha384", "SHA-384"), ("sha512", "SHA-512")]
    {
        let bed = Bed::new();
        users(&bed);
        let receiver = Receiver::start(&bed, &user("", theirs));
        let outlet = bed.outlet(&v3(receiver.port, "inform", hash));
        assert!(done(outlet.send(&alarm(3))).starts_with("acknowledged by 127.0.0.1"), "{hash}");
        assert_eq!(receiver.got().object(1), "Counter64: 3");
        assert_eq!(bed.engine.id().unwrap(), None, "whoever receives is the authority");
    }
}

#[test]
fn an_inform_that_nobody_acknowledges_is_tried_again_and_comes_once_somebody_does() {
    let bed = Bed::new();
    users(&bed);
    bed.secret("privacy", "not the right one");
    let receiver = Receiver::start(&bed, &user("", "SHA-256"));
    let port = receiver.port;
    later(bed.outlet(&v3(port, "inform", "sha256")).send(&alarm(1)));
    bed.secret("privacy", "privacy-is-more-1");
    let outlet = bed.outlet(&v3(port, "inform", "sha256"));
    done(outlet.send(&alarm(2)));
    assert_eq!(receiver.got().object(1), "Counter64: 2", "nothing was let in with the wrong password");
    receiver.process.kill().unwrap();
    later(outlet.send(&alarm(3)));
    // It comes back with another engine, or another start of the same.
    let receiver = Receiver::start_at(&bed, &user("", "SHA-256"), port);
    done(outlet.send(&alarm(3)));
    assert_eq!(receiver.got().object(1), "Counter64: 3");
}

#[test]
fn a_damaged_engine_is_told_and_not_made_anew() {
    let bed = Bed::new();
    users(&bed);
    fs::create_dir(bed.path().join("outlets")).unwrap();
    fs::write(bed.path().join(Engine::FILE), "{\"engine\":\"80007ed905\"").unwrap();
    let settings = bed.settings(&v3(1, "trap", "sha256"));
    let clock: std::sync::Arc<dyn model::Clock> = std::sync::Arc::new(testkit::FixedClock(super::at()));
    let zone = regulation::Zone::new("UTC").unwrap();
    let told = settings.outlets[0].open(&zone, &clock, &bed.engine).err().unwrap();
    assert!(told.en.contains("snmp-engine") && told.zh.contains("引擎"), "{told}");
    assert_eq!(fs::read_to_string(bed.path().join(Engine::FILE)).unwrap(), "{\"engine\":\"80007ed905\"");
}

#[test]
fn the_mib_names_what_is_sent() {
    let mib =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/WARD-ALARM-MIB.txt")).unwrap();
    let numbered = |below: &str, names: &[&str]| {
        for (name, nth) in names.iter().zip(1..) {
            let begin = mib.find(&format!("\n{name} ")).unwrap_or_else(|| panic!("{name} is not in it"));
            let end = format!("::= {{ {below} {nth} }}");
            let macro_text = mib[begin..].split("::=").nth(1).unwrap();
            assert!(format!("::={macro_text}").starts_with(&end), "{name} is not {end}");
        }
    };
    numbered(
        "wardAlarmNotifications",
        &["wardAlarmRaised", "wardAlarmResolved", "wardAlarmSummary", "wardAlarmTest"],
    );
    let objects = [
        "wardAlarmEntry",
        "wardAlarmSeverity",
        "wardAlarmRule",
        "wardAlarmTitleChinese",
        "wardAlarmTitleEnglish",
        "wardAlarmGroup",
        "wardAlarmLines",
        "wardAlarmFirst",
        "wardAlarmLast",
        "wardAlarmClauses",
        "wardAlarmLink",
        "wardAlarmSystem",
        "wardAlarmMessages",
        "wardAlarmThrough",
    ];
    numbered("wardAlarmObjects", &objects);
    assert!(mib.contains("::= { enterprises 32473 2722 }"));
}
