//! A third implementation, in Python, written from the specifications: it reads ours, we read its.

use crate::{City, LIMIT, line};
use testkit::{Ended, Program};

fn third(city: &City, arguments: &[&str]) -> Ended {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/third/third.py");
    let program = Program::new("/usr/bin/python3", city.path()).with([script]).with(arguments);
    program.run("", LIMIT).expect("Debian's python3 with python3-cryptography, installed by `make test`")
}

fn good(city: &City, arguments: &[&str]) -> String {
    let ended = third(city, arguments);
    assert!(ended.status.success(), "{arguments:?}: {}{:?}", ended.errors, ended.output);
    ended.output.join("\n")
}

#[test]
fn the_third_implementation_accepts_our_ledger_proofs_and_bundles() {
    let city = City::new();
    let lines: String = (0..700).map(|n| line("機房", n)).collect();
    city.append(&lines);
    good(&city, &["verify-ledger", "data/ledger", "--policy", "data/policy"]);
    city.good(&["ledger", "prove", "300", "--data", "data", "--out", "proof"], "");
    good(&city, &["check-proof", "proof", "--policy", "data/policy"]);
    city.good(&["bundle", "250..520", "--data", "data", "--out", "bundle"], "");
    good(&city, &["check-bundle", "bundle", "--policy", "data/policy"]);
    let mut changed = std::fs::read(city.path().join("bundle")).unwrap();
    let at = changed.len() / 2;
    changed[at] ^= 1;
    std::fs::write(city.path().join("changed"), changed).unwrap();
    assert_eq!(third(&city, &["check-bundle", "changed", "--policy", "data/policy"]).status.code(), Some(1));
    city.refused(&["proof", "check", "changed", "--policy", "data/policy"], "", 1);
}

#[test]
fn we_accept_what_the_third_implementation_made() {
    let city = City::new();
    let foreign =
        ["make-ledger", "foreign", "--origin", "third.example/log", "--seed", "5", "--entries", "300"];
    good(&city, &[&foreign[..], &["--policy-out", "policy", "--bundle-out", "bundle"]].concat());
    good(&city, &["make-proof", "foreign", "123", "--out", "proof"]);
    for file in ["proof", "bundle"] {
        city.good(&["proof", "check", file, "--policy", "policy"], "");
    }
}
