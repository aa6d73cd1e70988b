//! Bad input and faults: each a clear error that names the file and the mend; nothing acknowledged is lost, nothing is
//! made in silence.

use crate::{City, LIMIT, line};
use std::fs;
use std::path::Path;
use testkit::Program;

#[test]
fn nothing_is_made_that_was_not_asked_for() {
    let city = City::new();
    for command in [
        &["ledger", "append", "--data", "nowhere"][..],
        &["serve", "--data", "nowhere", "--listen", "127.0.0.1:0"],
        &["ledger", "change-key", "--data", "nowhere"],
        &["vault", "rotate", "--data", "nowhere"],
    ] {
        let said = city.refused(command, "", 2);
        assert!(said.contains("ward ledger init"), "{command:?}: {said}");
    }
    assert!(!city.path().join("nowhere").exists());
    city.refused(&["ledger", "init", "--data", "data"], "", 2);
    city.refused(&["ledger", "read", "0", "--data", "nowhere"], "", 1);
}

#[test]
fn a_missing_or_damaged_file_is_named_and_the_ledger_is_not_opened() {
    for (file, damage) in [
        ("data.master", Damage::Gone),
        ("data.master", Damage::Changed),
        ("data/keys/ledger.key", Damage::Gone),
        ("data/keys/ledger.key", Damage::Changed),
        ("data/vault/keys", Damage::Gone),
        ("data/vault/keys", Damage::Changed),
        ("data/ledger/checkpoint", Damage::Gone),
        ("data/ledger/checkpoint", Damage::Changed),
        ("data/ledger/durable", Damage::Gone),
        ("data/ledger/durable", Damage::Changed),
        ("data/ledger/tile/0/001.p/46", Damage::Gone),
        ("data/ledger/tile/0/001.p/46", Damage::Changed),
        ("data/ledger/tile/entries/001.p/46", Damage::Gone),
        ("data/policy", Damage::Gone),
    ] {
        let city = City::new();
        let lines: String = (0..301).map(|n| line("x", n)).collect();
        city.append(&lines);
        damage.inflict(&city.path().join(file));
        let before = city.snapshot();
        let ended = city.ward(&["ledger", "append", "--data", "data"], &line("x", 1));
        assert_eq!(ended.status.code(), Some(2), "{file} {damage:?}: {:?}", ended.output);
        let said = ended.errors;
        let name = file.rsplit('/').next().unwrap();
        let named = said.contains(name)
            || (name == "data.master" && said.contains("主金鑰"))
            || (name == "durable" && damage == Damage::Gone && said.contains("ward ledger init"));
        assert!(named, "{file} {damage:?}: {said}");
        assert_eq!(before, city.snapshot(), "{file} {damage:?}: something was written");
    }
}

#[test]
fn a_half_written_tail_is_dropped_with_an_entry_that_says_so() {
    let city = City::new();
    let (server, _) = city.serve();
    city.append(&line("kept", 1));
    drop(server.kill().unwrap());
    let journal = city.path().join("data/ledger/journal/00000000000000000001");
    let mut content = fs::read(&journal).unwrap();
    content[4096..4100].copy_from_slice(b"half");
    fs::write(&journal, content).unwrap();
    let (server, _) = city.serve();
    let said = server.kill().unwrap().errors;
    assert!(said.contains("捨棄") && said.contains("dropped"), "{said}");
    let read = city.good(&["ledger", "read", "1..3", "--data", "data"], "");
    assert!(read[0].contains("kept") && read[1].contains("ledger.recovered"), "{read:?}");
    city.append(&line("next", 2));
    city.verify();
}

#[test]
fn a_damaged_record_before_a_whole_one_is_not_taken_for_a_half_written_tail() {
    let city = City::new();
    let (server, _) = city.serve();
    city.append(&line("one", 1));
    city.append(&line("two", 2));
    drop(server.kill().unwrap());
    let journal = city.path().join("data/ledger/journal/00000000000000000001");
    let mut content = fs::read(&journal).unwrap();
    content[100] ^= 1;
    fs::write(&journal, content).unwrap();
    let said = city.refused(&["ledger", "append", "--data", "data"], "", 2);
    assert!(said.contains("journal/00000000000000000001"), "{said}");
}

#[test]
fn a_full_disk_refuses_what_it_cannot_keep_and_keeps_the_rest() {
    if !may_mount() {
        return;
    }
    let city = City::new();
    let mounted = Mounted::new(&city, "48m");
    city.good(&["ledger", "init", "--data", "small/data", "--master-key", "small.master"], "");
    let (data, key) = ("small/data", "small.master");
    let append = ["ledger", "append", "--data", data, "--master-key", key];
    let body = "x".repeat(60_000);
    let large =
        |n: u64| format!("{{\"kind\":\"test.made\",\"subject\":\"{n}\",\"body\":{{\"t\":\"{body}\"}}}}\n");
    let input: String = (0..900).map(large).collect();
    let ended = city.ward(&append, &input);
    assert!(!ended.status.success());
    assert!(ended.errors.contains("磁碟已滿") && ended.errors.contains("disk is full"), "{}", ended.errors);
    let last = ended.output.last().expect("something fitted");
    let acknowledged: u64 = last.split_once("..").unwrap().1.parse().unwrap();
    mounted.remount("size=200m");
    city.good(&append, &line("after", 1));
    let head = city.good(&["ledger", "head", "--data", data], "");
    assert!(head[3].parse::<u64>().unwrap() > acknowledged);
    let ended = city.ward(&["verify", "--data", data, "--master-key", key], "");
    assert!(ended.status.success(), "{}{:?}", ended.errors, ended.output);
}

#[test]
fn a_read_only_disk_is_told_and_reading_still_works() {
    if !may_mount() {
        return;
    }
    let city = City::new();
    let mounted = Mounted::new(&city, "80m");
    city.good(&["ledger", "init", "--data", "small/data", "--master-key", "small.master"], "");
    mounted.remount("ro");
    let append = ["ledger", "append", "--data", "small/data", "--master-key", "small.master"];
    let said = city.refused(&append, &line("x", 1), 2);
    assert!(said.contains("唯讀") && said.contains("read-only"), "{said}");
    city.good(&["ledger", "read", "0", "--data", "small/data"], "");
    mounted.remount("rw");
    city.good(&append, &line("x", 1));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    Gone,
    Changed,
}

impl Damage {
    fn inflict(self, path: &Path) {
        match self {
            Damage::Gone => fs::remove_file(path).unwrap(),
            Damage::Changed => {
                let mut content = fs::read(path).unwrap();
                let at = content.len() / 2;
                content[at] ^= 4;
                fs::write(path, content).unwrap();
            }
        }
    }
}

impl City {
    /// Every file of the data folder with its content, but for the lock.
    fn snapshot(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.path().join("data")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.display().to_string(), fs::read(&path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }
}

/// Mounting is for root. Elsewhere the test says that it did nothing; in CI it fails.
fn may_mount() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let root = status.lines().any(|line| line.starts_with("Uid:\t0\t"));
    assert!(root || std::env::var_os("CI").is_none(), "CI runs as root, so that disks can be mounted");
    if !root {
        eprintln!("SKIPPED: mounting a small disk is for root");
    }
    root
}

/// A small disk of its own below `small`, as long as it lives.
struct Mounted {
    at: String,
}

impl Mounted {
    fn new(city: &City, size: &str) -> Self {
        let at = city.path().join("small").display().to_string();
        fs::create_dir(&at).unwrap();
        mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", &at]);
        Self { at }
    }

    fn remount(&self, options: &str) {
        mount(&["-o", &format!("remount,{options}"), &self.at]);
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Program::new("/usr/bin/umount", "/").with([&self.at]).run("", LIMIT);
    }
}

fn mount(arguments: &[&str]) {
    let ended = Program::new("/usr/bin/mount", "/").with(arguments).run("", LIMIT).unwrap();
    assert!(ended.status.success(), "this test mounts a small disk, which is for root: {}", ended.errors);
}
