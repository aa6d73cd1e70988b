//! Files that a real logrotate turns over, and a journal that systemd's own tools write, followed by a server that is
//! killed in between: each line is there once.

use crate::{City, LIMIT, soak};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use testkit::{Program, Running};

const FROM: &str = "198.51.100.77";
/// Lines that are written at once: of all rounds no more than are given at once.
const LINES: u64 = 40;

impl City {
    fn follows(&self, arguments: &[&str]) -> Running {
        let serve = [&["serve", "--data", "data", "--listen", "127.0.0.1:0"], arguments].concat();
        let running = self.program(&serve).start().unwrap();
        assert!(running.line(LIMIT).unwrap().expect("where it serves").starts_with("http://"));
        running
    }

    /// Lines of the address that all have, by their numbers, once there are so many.
    fn numbers(&self, receiver: &str, count: usize) -> Vec<u64> {
        let found = self.traced_until(&[FROM, "--most", "100000"], count as u64);
        let lines = found["lines"].as_array().unwrap();
        let of = lines.iter().filter(|line| line["receiver"] == receiver);
        of.map(|line| line["fields"]["session"].as_str().unwrap().parse().unwrap()).collect()
    }

    fn extend(&self, name: &str, text: &str) {
        let file = OpenOptions::new().create(true).append(true).open(self.path().join(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn logrotate(&self, settings: &str) {
        std::fs::write(self.path().join("rotate.conf"), settings).unwrap();
        let arguments = ["--force", "--state", "rotate.state", "rotate.conf"];
        let ended = Program::new("/usr/sbin/logrotate", self.path()).with(arguments).run("", LIMIT).unwrap();
        assert!(ended.status.success(), "{}", ended.errors);
    }
}

fn lines(from: u64, to: u64) -> String {
    (from..to).fold(String::new(), |mut text, nth| {
        writeln!(
            text,
            "<38>Nov 26 08:00:{:02} gw-1 sshd[{nth}]: Failed password for root from {FROM} port 5555 ssh2",
            nth % 60
        )
        .unwrap();
        text
    })
}

#[test]
fn files_that_logrotate_turns_over_are_followed_and_a_killed_server_loses_and_doubles_nothing() {
    let rounds = if soak() { 40 } else { 3 };
    let city = City::new();
    let folder = city.path().display().to_string();
    let renamed =
        format!("\"{folder}/fw.log\" {{\n rotate 3\n nocreate\n missingok\n compress\n delaycompress\n}}\n");
    let copied = format!("\"{folder}/copied.log\" {{\n rotate 3\n copytruncate\n missingok\n}}\n");
    let mut server = city.follows(&["--follow", "fw.log", "copied.log"]);
    let (mut next, mut copies) = (0, 1_000_000);
    let write = |city: &City, next: &mut u64, name: &str| {
        city.extend(name, &lines(*next, *next + LINES));
        *next += LINES;
    };
    let count = |next: u64, copies: u64| usize::try_from(next + copies - 1_000_000).unwrap();
    for _ in 0..rounds {
        write(&city, &mut next, "fw.log");
        write(&city, &mut copies, "copied.log");
        // What is copied and emptied is to be read by then; what is renamed is not.
        city.numbers("files", count(next, copies));
        write(&city, &mut next, "fw.log");
        city.logrotate(&format!("{renamed}{copied}"));
        write(&city, &mut next, "fw.log");
        write(&city, &mut copies, "copied.log");
        drop(server.kill().unwrap());
        write(&city, &mut next, "fw.log");
        server = city.follows(&["--follow", "fw.log", "copied.log"]);
    }
    let expected: BTreeSet<u64> = (0..next).chain(1_000_000..copies).collect();
    let found = city.numbers("files", expected.len());
    assert_eq!(found.len(), expected.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    // Each names its file, on whichever way it is asked for.
    let by_file = "SELECT file, count(*) FROM lines WHERE src_ip IS NOT NULL GROUP BY file ORDER BY file";
    let asked = city.good(&["query", "--data", "data", by_file], "");
    let file = |name: &str, count: u64| format!("{folder}/{name},{count}");
    assert_eq!(asked[1..], [file("copied.log", copies - 1_000_000), file("fw.log", next)]);
    let traced = city.traced(&[FROM, "--most", "1"]);
    let named = traced["lines"][0]["file"].as_str().unwrap();
    assert!(named.starts_with(&folder) && named.ends_with(".log"), "{named}");
    city.stop(server);
    city.verify();
    let packed = city.refused(&["serve", "--data", "data", "--follow", "fw.log.2.gz"], "", 2);
    assert!(packed.contains("ward import"), "{packed}");
}

#[test]
fn the_journal_of_systemd_is_followed_as_journalctl_reads_it() {
    let city = City::new();
    std::fs::create_dir(city.path().join("journal")).unwrap();
    let add = |from: u64, to: u64| {
        let text = (from..to).fold(String::new(), |mut text, nth| {
            write!(
                text,
                "__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID=ea8bf9e98f574d6d8c9cdcb95ad2a5d6\n_UID=0\n_HOSTNAME=gw-1\n_PID={nth}\nPRIORITY=6\n\
                 SYSLOG_FACILITY=4\nSYSLOG_IDENTIFIER=sshd\nMESSAGE=Failed password for invalid user 王 from {FROM} port 5555 ssh2\n\n",
                1_795_140_672_000_000 + nth,
                1_000_000 + nth,
            )
            .unwrap();
            text
        });
        let name = format!("journal/part{from}.journal");
        let remote = Program::new("/lib/systemd/systemd-journal-remote", city.path());
        let ended = remote.with(["--output", &name, "-"]).run(&text, LIMIT).unwrap();
        assert!(ended.status.success(), "{}", ended.errors);
    };
    add(0, 40);
    let server = city.follows(&["--journald", "journal"]);
    city.numbers("journald", 40);
    // Files that come while it is followed, and while nobody is there.
    add(40, 60);
    city.numbers("journald", 60);
    drop(server.kill().unwrap());
    add(60, 70);
    let server = city.follows(&["--journald", "journal"]);
    let found = city.traced_until(&[FROM, "--most", "1000"], 70);
    let lines = found["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 70);
    for line in lines {
        let fields = &line["fields"];
        assert_eq!((&line["dialect"], &fields["user"]), (&"journald".into(), &"王".into()), "{line}");
        assert_eq!((&fields["host"], &fields["action"]), (&"gw-1".into(), &"Failed".into()), "{line}");
    }
    // Another reader says the same of each entry.
    let arguments = ["--directory=journal", "--output=json", "--all", "--quiet", "--no-pager"];
    let other = Program::new("/usr/bin/journalctl", city.path()).with(arguments).run("", LIMIT).unwrap();
    let told = |text: &str| {
        // It writes members in an order of chance.
        let object: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).unwrap();
        serde_json::to_string(&object).unwrap()
    };
    let expected: BTreeSet<_> = other.output.iter().map(|line| told(line)).collect();
    let found: BTreeSet<_> = lines.iter().map(|line| told(line["line"].as_str().unwrap())).collect();
    assert_eq!(found, expected);
    city.stop(server);
    city.verify();
}
