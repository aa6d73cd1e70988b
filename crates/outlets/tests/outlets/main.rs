//! Each of the six ways against whoever really receives it: a file, a mail server, terminals of people who are logged in,
//! net-snmp's receiver of traps, a console, a program.
#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail, and makes the files it needs"
)]

mod file;
mod mail;
mod program;
mod screens;
mod settings;
mod snmp;

use ledger::disk::Folder;
use model::{Clock, Instant, Severity};
use outlets::{Engine, Message, Outlet, Plain, Sent, Settings, Title, What};
use regulation::Zone;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use testkit::{FixedClock, SeededEntropy, TemporaryFolder};

/// How long a peer may take for anything.
const LIMIT: Duration = Duration::from_secs(60);
/// 2026-11-27 10:04:12 in Taiwan.
const AT: &str = "2026-11-27T02:04:12.345678Z";

/// An installation's folder with settings of outlets.
struct Bed {
    folder: TemporaryFolder,
    engine: Engine,
}

impl Bed {
    fn new() -> Self {
        let folder = TemporaryFolder::new();
        let engine = engine(&folder);
        Self { folder, engine }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn secret(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::write(&path, format!("{text}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The outlet of these settings.
    fn outlet(&self, way: &str) -> Arc<dyn Outlet> {
        let settings = self.settings(way);
        let clock: Arc<dyn Clock> = Arc::new(FixedClock(at()));
        settings.outlets[0].open(&Zone::new("Asia/Taipei").unwrap(), &clock, &self.engine).unwrap()
    }

    fn settings(&self, way: &str) -> Settings {
        let text = format!("[outlet.one]\n{way}\n");
        Settings::read("outlets.toml", text.as_bytes(), self.path()).unwrap()
    }
}

/// The engine of SNMP as a start of the system finds it.
fn engine(folder: &TemporaryFolder) -> Engine {
    Engine::new(Arc::new(Folder::new(folder.path())), Box::new(SeededEntropy::new(7)))
}

fn at() -> Instant {
    AT.parse().unwrap()
}

/// An alarm in which whoever sent the lines wrote what would do harm.
fn alarm(number: u64) -> Message {
    Message {
        what: What::Raised,
        severity: Severity::High,
        rule: "guessing".into(),
        title: Title::new("猜測密碼", "passwords are guessed"),
        group: vec![
            ("src_ip".into(), "192.0.2.7".into()),
            (
                "user".into(),
                Plain::new("root\r\nBcc: thief@evil.example\r\n\r\n\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}"),
            ),
        ],
        count: 12,
        advice: Some(Title::new("查明來源並封鎖", "find out who it is, and shut it out")),
        ..Message::test(number, at(), "https://ward.example/alarms/41".into(), "ward.example/city".into())
    }
}

/// The same, over.
fn resolved(number: u64) -> Message {
    Message { what: What::Resolved, ..alarm(number) }
}

fn done(sent: Sent) -> String {
    match sent {
        Sent::Done(told) => told.en,
        other => panic!("it is not done: {other:?}"),
    }
}

fn later(sent: Sent) -> String {
    match sent {
        Sent::Later(told) => told.en,
        other => panic!("it is not to be tried again: {other:?}"),
    }
}

fn refused(sent: Sent) -> String {
    match sent {
        Sent::Refused(told) => told.en,
        other => panic!("it is not refused: {other:?}"),
    }
}

/// Is there anything in it that a terminal obeys, beside bells and line ends?
fn is_obeyed(text: &str) -> bool {
    text.chars().any(|character| {
        character.is_control() && !matches!(character, '\r' | '\n' | '\u{7}')
            || matches!(character, '\u{202a}'..='\u{202e}')
    })
}
