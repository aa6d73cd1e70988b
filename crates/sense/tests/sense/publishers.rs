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
