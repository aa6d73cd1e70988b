//! Publishers: devices behind mosquitto.

use crate::{MOMENT, Room, TRIES, port, told};
use model::Instant;
use sense::{Sensing, Sink};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use testkit::{FixedClock, Program, Running};

const LIMIT: Duration = Duration::from_secs(20);

/// A broker that lets in who knows the password.
fn broker(room: &Room, port: u16) -> Running {
    let arguments = ["-b", "-c", "users", "ward", "only-here"];
    let made = Program::new("/usr/bin/mosquitto_passwd", room.path()).with(arguments).run("", LIMIT).unwrap();
    assert!(made.status.success(), "{}", made.errors);
    let users = room.path().join("users");
    let settings = format!(
        "listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\nuser root\n",
        users.display()
    );
    let settings = room.write("mosquitto.conf", &settings);
    room.secret("password", "only-here");
    room.start("/usr/sbin/mosquitto", &["-c", &settings])
}

/// Says something about a topic; each line of `input`, if that is not empty, as a message.
fn publish(room: &Room, port: u16, rest: &[&str], input: &str) -> bool {
    let port = port.to_string();
    let own = ["-h", "127.0.0.1", "-p", &port, "-u", "ward", "-P", "only-here"];
    let program = Program::new("/usr/bin/mosquitto_pub", room.path()).with(own).with(rest);
    program.run(input, LIMIT).unwrap().status.success()
}

fn device(port: u16, password: &str) -> String {
    let read = |quantity: &str, rest: &str| {
        format!("[[device.read]]\nquantity = \"{quantity}\"\nunit = \"Cel\"\n{rest}\n")
    };
    [
        format!(
            "[[device]]\nid = \"A-2\"\nroom = \"A\"\nprotocol = \"mqtt\"\naddress = \"127.0.0.1:{port}\"\nevery = 1\n\
             user = \"ward\"\npassword_file = \"{password}\"\n"
        ),
        read("temperature", "topic = \"room/a/temperature\""),
        read("humidity", "topic = \"room/a/air\"\npointer = \"/humidity\""),
    ]
    .concat()
}

struct Lines(Sender<Vec<String>>);

impl Sink for Lines {
    fn take(&self, _: Instant, lines: &[String]) -> Result<(), String> {
        self.0.send(lines.to_vec()).map_err(|_| "nobody takes them".to_owned())
    }
}

#[test]
fn the_newest_message_counts_and_none_that_was_kept_from_before() {
    let (room, port) = (Room::new(), port());
    let broker = broker(&room, port);
    let kept = ["-r", "-t", "room/a/temperature", "-m", "99"];
    crate::soon(|| publish(&room, port, &kept, "").then_some(()).ok_or_else(|| "no broker".to_owned()));
    assert_eq!(room.read(&device(port, "password")), Err("no message within 1 s".to_owned()));
    room.secret("wrong", "guessed");
    let refused = room.read(&device(port, "wrong")).unwrap_err();
    assert!(!refused.contains("no message") && !refused.contains("guessed"), "{refused}");

    let (sender, lines) = channel();
    let devices = room.devices(&device(port, "password"));
    let clock = Arc::new(FixedClock::new());
    let sensing = Sensing::begin(devices, &BTreeSet::new(), clock, Arc::new(Lines(sender))).unwrap();
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..TRIES {
        publish(&room, port, &["-t", "room/a/temperature", "-m", "23.5"], "");
        publish(&room, port, &["-t", "room/a/air", "-m", r#"{"humidity":48.5}"#], "");
        seen.extend(lines.try_iter().flatten());
        if [r#""value":23.5}"#, r#""value":48.5}"#]
            .iter()
            .all(|end| seen.iter().any(|line| line.ends_with(end)))
        {
            break;
        }
        std::thread::park_timeout(MOMENT);
    }
    assert!(
        seen.iter().any(|line| line.contains(r#""quantity":"humidity","unit":"Cel","value":48.5}"#)),
        "{seen:?}"
    );
    assert!(!seen.iter().any(|line| line.contains("99")), "{seen:?}");
    sensing.close();
    drop(broker.kill().unwrap());
}

#[test]
fn a_flood_gives_one_figure_a_round() {
    let (room, port) = (Room::new(), port());
    let broker = broker(&room, port);
    crate::soon(|| {
        publish(&room, port, &["-t", "x", "-m", "x"], "").then_some(()).ok_or_else(|| "no broker".to_owned())
    });
    let (sender, lines) = channel();
    let devices = room.devices(&device(port, "password"));
    let clock = Arc::new(FixedClock::new());
    let sensing = Sensing::begin(devices, &BTreeSet::new(), clock, Arc::new(Lines(sender))).unwrap();
    // Two rounds have passed: it was silent at first.
    let flood: String = (0..30_000).map(|nth| format!("{nth}\n")).collect();
    let mut figures = 0;
    for _ in 0..TRIES {
        publish(&room, port, &["-t", "room/a/temperature", "-l"], &flood);
        let taken: Vec<Vec<String>> = lines.try_iter().collect();
        for round in &taken {
            let of = round.iter().filter(|line| line.contains("\"temperature\"")).count();
            assert!(of <= 1, "{round:?}");
        }
        figures += taken.iter().flatten().filter(|line| line.contains("\"value\"")).count();
        if figures >= 2 {
            break;
        }
    }
    assert!(figures >= 2);
    sensing.close();
    drop(broker.kill().unwrap());
}

#[test]
fn without_a_broker_it_is_told_why() {
    let (room, port) = (Room::new(), port());
    room.secret("password", "only-here");
    let read = room.read(&device(port, "password"));
    assert!(read.as_ref().is_err_and(|why| why.contains("refused")), "{:?}", read.map(|read| told(&read)));
}

/// A broker that is spoken to within TLS, by whom its authority knows.
fn broker_within_tls(room: &Room, port: u16) -> Running {
    crate::authority(room, "authority");
    crate::issued(room, "broker", "authority");
    crate::issued(room, "ward", "authority");
    let place = room.path().display();
    let settings = room.write(
        "mosquitto.conf",
        &format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\ncafile {place}/authority.pem\nuser root\n\
             certfile {place}/broker.pem\nkeyfile {place}/broker.key\nrequire_certificate true\n"
        ),
    );
    room.start("/usr/sbin/mosquitto", &["-c", &settings])
}

fn device_within_tls(host: &str, port: u16, rest: &str) -> String {
    format!(
        "[[device]]\nid = \"A-2\"\nroom = \"A\"\nprotocol = \"mqtt\"\naddress = \"{host}:{port}\"\nevery = 1\n{rest}\n\
         [[device.read]]\nquantity = \"temperature\"\nunit = \"Cel\"\ntopic = \"room/a/temperature\"\n"
    )
}

const WITHIN: &str = "tls = true\nauthority = \"authority.pem\"";
const KNOWN: &str = "certificate = \"ward.pem\"\nkey_file = \"ward.key\"";

#[test]
fn within_tls_the_broker_is_believed_by_its_authority_and_lets_in_whom_it_knows() {
    let (room, port) = (Room::new(), port());
    let broker = broker_within_tls(&room, port);
    let number = port.to_string();
    let say = |message: &str| {
        let within = ["--cafile", "authority.pem", "--cert", "ward.pem", "--key", "ward.key"];
        let what = ["-h", "localhost", "-p", &number, "-t", "room/a/temperature", "-m", message];
        let program = Program::new("/usr/bin/mosquitto_pub", room.path()).with(within).with(what);
        program.run("", LIMIT).unwrap().status.success()
    };
    crate::soon(|| say("0").then_some(()).ok_or_else(|| "no broker".to_owned()));

    let (sender, lines) = channel();
    let devices = room.devices(&device_within_tls("localhost", port, &format!("{WITHIN}\n{KNOWN}")));
    let clock = Arc::new(FixedClock::new());
    let sensing = Sensing::begin(devices, &BTreeSet::new(), clock, Arc::new(Lines(sender))).unwrap();
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..TRIES {
        say("23.5");
        seen.extend(lines.try_iter().flatten());
        if seen.iter().any(|line| line.ends_with(r#""value":23.5}"#)) {
            break;
        }
        std::thread::park_timeout(MOMENT);
    }
    assert!(seen.iter().any(|line| line.ends_with(r#""value":23.5}"#)), "{seen:?}");
    sensing.close();

    crate::authority(&room, "stranger");
    crate::issued(&room, "guest", "stranger");
    let refused = |host: &str, rest: &str| {
        let why = room.read(&device_within_tls(host, port, rest)).unwrap_err();
        assert!(!why.contains("no message"), "it was let in: {rest}");
        why
    };
    // Somebody else's authority, another name, nothing shown, what nobody knows shown, no TLS at all.
    let of_stranger = format!("tls = true\nauthority = \"stranger.pem\"\n{KNOWN}");
    assert!(
        refused("localhost", &of_stranger).contains("UnknownIssuer"),
        "{}",
        refused("localhost", &of_stranger)
    );
    assert!(refused("127.0.0.1", &format!("{WITHIN}\n{KNOWN}")).contains("certificate"));
    refused("localhost", WITHIN);
    refused("localhost", &format!("{WITHIN}\ncertificate = \"guest.pem\"\nkey_file = \"guest.key\""));
    refused("localhost", "");
    drop(broker.kill().unwrap());
}

#[test]
fn what_is_wrong_with_certificates_is_told_with_its_place() {
    let room = Room::new();
    crate::authority(&room, "authority");
    crate::issued(&room, "ward", "authority");
    crate::issued(&room, "other", "authority");
    room.write("open.key", "");
    let told = |rest: &str| {
        let text = device_within_tls("localhost", 1, rest);
        let problems = sense::devices("s.toml", &text, room.path()).err().unwrap();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    for (rest, zh, en) in [
        (KNOWN.to_owned(), "僅適用於 tls = true", "\"certificate\" is for tls = true alone"),
        (
            format!("{WITHIN}\ncertificate = \"ward.pem\""),
            "有 certificate 時須有「key_file」",
            "\"key_file\" is needed",
        ),
        (
            format!("{WITHIN}\nkey_file = \"ward.key\""),
            "有 key_file 時須有「certificate」",
            "\"certificate\" is needed",
        ),
        (
            format!("{WITHIN}\ncertificate = \"none.pem\"\nkey_file = \"ward.key\""),
            "無法由",
            "both are to be PEM",
        ),
        (
            format!("{WITHIN}\ncertificate = \"ward.pem\"\nkey_file = \"open.key\""),
            "他人亦可讀取",
            "chmod 600",
        ),
        (
            format!("{WITHIN}\ncertificate = \"ward.pem\"\nkey_file = \"other.key\""),
            "憑證與私密金鑰不符",
            "do not fit",
        ),
        ("tls = true\nauthority = \"none.pem\"".to_owned(), "無法由", "no authority can be read"),
    ] {
        let told = told(&rest);
        assert!(told.contains(zh) && told.contains(en) && told.contains("s.toml:"), "{rest}: {told}");
    }
}
