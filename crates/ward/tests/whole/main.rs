//! The program as people run it: real processes, real files, real faults.
//!
//! One test binary, so that the program's parts are linked once. Long loops run with `WARD_SOAK=1` (`make soak`).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test may fail, says what it skipped, and damages files on purpose"
)]

mod acts;
mod alarms;
mod appending;
mod demo;
mod disposal;
mod faults;
mod first_start;
mod flows;
mod follows;
mod identities;
mod kept;
mod key_change;
mod kill;
mod killed;
mod lines;
mod measuring;
mod move_in;
mod order;
mod outlets;
mod protocol;
mod responses;
mod senders;
mod sensors;
mod setting_up;
mod signing_in;
mod succession;
mod tables;
mod temperature;
mod third;
mod tour;
mod warnings;
mod witness;

use std::path::Path;
use std::time::Duration;
use testkit::{Ended, Program, Running, TemporaryFolder};

/// How long a process may be silent.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// An installation in a folder of its own: `city/data` with a ledger of one entry.
pub(crate) struct City {
    pub(crate) folder: TemporaryFolder,
}

impl City {
    pub(crate) fn new() -> Self {
        let city = Self { folder: TemporaryFolder::new() };
        let ended = city.ward(&["ledger", "init", "--data", "data", "--origin", "city.example/ward"], "");
        assert!(ended.status.success(), "{}", ended.errors);
        city
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn program(&self, arguments: &[&str]) -> Program {
        Program::new(env!("CARGO_BIN_EXE_ward"), self.path()).with(arguments)
    }

    pub(crate) fn ward(&self, arguments: &[&str], input: &str) -> Ended {
        self.program(arguments).run(input, LIMIT).unwrap()
    }

    /// Runs a command that must succeed, and gives its output.
    pub(crate) fn good(&self, arguments: &[&str], input: &str) -> Vec<String> {
        let ended = self.ward(arguments, input);
        assert!(ended.status.success(), "{arguments:?}: {}{:?}", ended.errors, ended.output);
        ended.output
    }

    /// Runs a command that must be refused in both languages, and gives what it said.
    pub(crate) fn refused(&self, arguments: &[&str], input: &str, code: i32) -> String {
        let ended = self.ward(arguments, input);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {}{:?}", ended.errors, ended.output);
        assert!(ended.errors.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c)), "{}", ended.errors);
        ended.errors
    }

    pub(crate) fn append(&self, lines: &str) -> Vec<String> {
        self.good(&["ledger", "append", "--data", "data"], lines)
    }

    /// Starts `ward serve` on a free port and waits until it answers; gives its address.
    pub(crate) fn serve(&self) -> (Running, String) {
        let program = self.program(&["serve", "--data", "data", "--listen", "127.0.0.1:0"]);
        let running = program.start().unwrap();
        let address = running.line(LIMIT).unwrap().expect("the address it serves");
        (running, address)
    }

    /// Stops a server as an operator does, and gives what it had said.
    pub(crate) fn stop(&self, server: Running) -> Ended {
        let number = server.id().to_string();
        let asked = Program::new("/bin/kill", self.path()).with(["-TERM", &number]).run("", LIMIT).unwrap();
        assert!(asked.status.success(), "{}", asked.errors);
        let ended = server.finish(LIMIT).unwrap();
        assert!(ended.status.success(), "{}", ended.errors);
        ended
    }

    /// A city with the small pack that `ward pack new` makes, in `own`; two units and one person.
    pub(crate) fn settled() -> Self {
        let city = Self::new();
        city.good(&["pack", "new", "own"], "");
        city.good(&["pack", "publish", "own", "--data", "data"], "");
        city.unit("100", None);
        city.unit("110", Some("100"));
        city.person("wang.dm", "110");
        city
    }

    /// Makes a unit and gives its id.
    pub(crate) fn unit(&self, code: &str, under: Option<&str>) -> String {
        let zh = format!("單位{code}");
        let mut add = vec!["unit", "add", "--code", code, "--zh", &zh, "--en", code, "--data", "data"];
        add.extend(under.iter().flat_map(|under| ["--under", under]));
        self.good(&add, "").concat()
    }

    /// Registers a person and gives their id.
    pub(crate) fn person(&self, login: &str, home: &str) -> String {
        self.good(&person(login, home), "").concat()
    }

    pub(crate) fn verify(&self) {
        let ended = self.ward(&["verify", "--data", "data"], "");
        assert!(ended.status.success(), "{}{:?}", ended.errors, ended.output);
    }
}

/// A line of input for `ward ledger append`.
pub(crate) fn line(subject: &str, number: u64) -> String {
    format!("{{\"kind\":\"test.made\",\"subject\":\"{subject}\",\"body\":{{\"n\":{number}}}}}\n")
}

/// The command that registers a person of this account name.
pub(crate) fn person<'a>(login: &'a str, home: &'a str) -> [&'a str; 14] {
    let mail = "someone@city.example";
    let data = ["--data", "data"];
    [
        "person",
        "add",
        "--login",
        login,
        "--name",
        "王大明",
        "--title",
        "科員",
        "--mail",
        mail,
        "--home",
        home,
        data[0],
        data[1],
    ]
}

/// Whether the long loops are asked for.
pub(crate) fn soak() -> bool {
    std::env::var_os("WARD_SOAK").is_some()
}
