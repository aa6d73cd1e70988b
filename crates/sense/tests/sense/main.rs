//! Devices as they stand in rooms: agents, UPS, controllers, brokers, pages; each read from the outside.
//!
//! The peers are those of Debian, which the Makefile installs; each listens on a port of its own on this machine alone.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests, which fail by panicking")]

mod agents;
mod ping;
mod probes;
mod publishers;
mod registers;
mod settings;
mod telling;
mod ups;

use sense::{Device, Figure, Reading, devices, read_once};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use testkit::{Program, Running, TemporaryFolder};

/// Tries of something that a peer needs a moment for.
const TRIES: usize = 400;
const MOMENT: Duration = Duration::from_millis(50);

/// A place with settings, secrets, and peers.
struct Room(TemporaryFolder);

impl Room {
    fn new() -> Self {
        Self(TemporaryFolder::new())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        #[expect(clippy::disallowed_methods, reason = "what a peer is set up with")]
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn secret(&self, name: &str, text: &str) {
        let path = self.write(name, text);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The devices of settings that are right.
    fn devices(&self, text: &str) -> Vec<Device> {
        match devices("sensors.toml", text, self.path()) {
            Ok(devices) => devices,
            Err(problems) => {
                panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            }
        }
    }

    /// What the one device gives, or why it gives nothing.
    fn read(&self, text: &str) -> Result<Vec<Reading>, String> {
        read_once(&self.devices(text)).unwrap().remove(0)
    }

    /// What it gives once its peer has begun to answer.
    fn read_soon(&self, text: &str) -> Vec<Reading> {
        soon(|| self.read(text))
    }

    fn start(&self, path: &str, arguments: &[&str]) -> Running {
        Program::new(path, self.path()).with(arguments).start().unwrap()
    }
}

/// Makes an authority of this name: `<name>.pem` and `<name>.key`.
fn authority(room: &Room, name: &str) {
    certificate(room, name, &["-addext", "keyUsage=critical,keyCertSign"]);
}

/// Makes a certificate of that authority's, for this machine: `<name>.pem` and `<name>.key`, which only its owner can read.
fn issued(room: &Room, name: &str, by: &str) {
    let (authority, key) = (format!("{by}.pem"), format!("{by}.key"));
    let rest = ["-CA", &authority, "-CAkey", &key, "-addext", "subjectAltName=DNS:localhost"];
    certificate(room, name, &[&rest[..], &["-addext", "basicConstraints=critical,CA:FALSE"]].concat());
}

fn certificate(room: &Room, name: &str, rest: &[&str]) {
    let (subject, certificate, key) = (format!("/CN={name}"), format!("{name}.pem"), format!("{name}.key"));
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &subject];
    let openssl = Program::new("/usr/bin/openssl", room.path()).with(make);
    let made = openssl.with(["-keyout", &key, "-out", &certificate]).with(rest);
    let made = made.run("", Duration::from_secs(60)).unwrap();
    assert!(made.status.success(), "{}", made.errors);
    std::fs::set_permissions(room.path().join(key), std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// What is there as soon as it is.
fn soon<T>(mut look: impl FnMut() -> Result<T, String>) -> T {
    let mut why = String::new();
    for _ in 0..TRIES {
        match look() {
            Ok(found) => return found,
            Err(error) => why = error,
        }
        std::thread::park_timeout(MOMENT);
    }
    panic!("not there: {why}");
}

/// A port where nobody listens.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Quantity, figure and unit of each reading.
fn told(readings: &[Reading]) -> Vec<String> {
    let told = |reading: &Reading| match &reading.figure {
        Figure::Value(value) => format!("{} {value} {}", reading.quantity, reading.unit),
        Figure::Bad(why) => format!("{} bad: {why}", reading.quantity),
    };
    readings.iter().map(told).collect()
}
