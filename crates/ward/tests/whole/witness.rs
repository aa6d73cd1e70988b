//! A witness in a process of its own, a server that has its heads cosigned, and histories the witness refuses.

use crate::{City, LIMIT, line};
use std::fs;
use testkit::Running;

/// A witness that knows the city's ledger, in the city's folder `w`; gives its process.
pub(crate) fn witness(city: &City) -> Running {
    let key = city.good(&["witness", "init", "--data", "w", "--name", "witness.example"], "").join("");
    let policy = fs::read_to_string(city.path().join("data/policy")).unwrap();
    let log = policy.lines().find_map(|line| line.strip_prefix("log ")).unwrap();
    city.good(&["witness", "add-log", "--data", "w", log], "");
    let (running, address) = run(city);
    let policy = policy.replace("quorum none", &format!("witness audit {key} {address}\nquorum audit"));
    fs::write(city.path().join("data/policy"), policy).unwrap();
    running
}

fn run(city: &City) -> (Running, String) {
    let running =
        city.program(&["witness", "run", "--data", "w", "--listen", "127.0.0.1:0"]).start().unwrap();
    let address = running.line(LIMIT).unwrap().expect("the address it serves");
    (running, address)
}

/// Serves until a head that covers `entry` has met the quorum, and stops as an operator does.
pub(crate) fn serve_until_cosigned(city: &City, entry: u64) {
    let (server, _) = city.serve();
    let entry = entry.to_string();
    let proves = || {
        fs::remove_file(city.path().join("proof")).ok();
        city.good(&["ledger", "prove", &entry, "--data", "data", "--out", "proof"], "");
        city.ward(&["proof", "check", "proof", "--policy", "data/policy"], "").status.success()
    };
    // Each look takes a process; a witness answers within the first few.
    assert!((0..400).any(|_| proves()), "no quorum: {}", server.kill().unwrap().errors);
    stop(server);
}

fn stop(server: Running) {
    let id = server.id().to_string();
    let ended = testkit::Program::new("/usr/bin/kill", "/").with(["-TERM", &id]).run("", LIMIT).unwrap();
    assert!(ended.status.success());
    let ended = server.finish(LIMIT).unwrap();
    assert!(ended.status.success(), "{}", ended.errors);
}

#[test]
fn a_head_that_a_witness_cosigned_is_believed_and_one_without_is_not() {
    let city = City::new();
    let witness = witness(&city);
    city.append(&line("alone", 1));
    city.good(&["ledger", "prove", "1", "--data", "data", "--out", "alone"], "");
    let said = city.refused(&["proof", "check", "alone", "--policy", "data/policy"], "", 1);
    assert!(said.contains("quorum"), "{said}");
    serve_until_cosigned(&city, 1);
    city.verify();
    city.good(&["bundle", "0..2", "--data", "data", "--out", "bundle"], "");
    let said = city.good(&["proof", "check", "bundle", "--policy", "data/policy"], "").join("\n");
    assert!(said.contains("Cosigned by audit"), "{said}");
    drop(witness.kill().unwrap());
}

#[test]
fn a_restored_shorter_ledger_is_refused_by_the_witness_and_does_not_go_on() {
    let city = City::new();
    let witness = witness(&city);
    city.append(&line("before the copy", 1));
    copy(&city, "data", "copy");
    city.append(&line("after the copy", 2));
    serve_until_cosigned(&city, 2);
    fs::rename(city.path().join("data"), city.path().join("lost")).unwrap();
    fs::rename(city.path().join("copy"), city.path().join("data")).unwrap();
    let said = city.refused(&["serve", "--data", "data", "--listen", "127.0.0.1:0"], "", 1);
    assert!(said.contains("audit") && said.contains("ward ledger succeed"), "{said}");
    drop(witness.kill().unwrap());
}

#[test]
fn a_history_rewritten_with_all_the_hosts_keys_is_refused_by_witness_and_verifier() {
    let city = City::new();
    copy(&city, "data", "copy");
    let witness = witness(&city);
    let policy = fs::read(city.path().join("data/policy")).unwrap();
    city.append(&(line("what happened", 1) + &line("and then", 2)));
    serve_until_cosigned(&city, 2);
    // The thief has the whole host: keys, vault, master key. He writes another past of the same length and more.
    fs::write(city.path().join("copy/policy"), &policy).unwrap();
    fs::rename(city.path().join("data"), city.path().join("true")).unwrap();
    fs::rename(city.path().join("copy"), city.path().join("data")).unwrap();
    city.append(&(line("never happened", 1) + &line("nor this", 2) + &line("nor that", 3)));
    city.good(&["ledger", "prove", "1", "--data", "data", "--out", "forged"], "");
    city.refused(&["proof", "check", "forged", "--policy", "data/policy"], "", 1);
    city.refused(&["serve", "--data", "data", "--listen", "127.0.0.1:0"], "", 1);
    drop(witness.kill().unwrap());
}

#[test]
fn a_witness_started_again_remembers_and_is_never_made_in_silence() {
    let city = City::new();
    city.refused(&["witness", "run", "--data", "w"], "", 2);
    let witness = witness(&city);
    city.append(&line("one", 1));
    serve_until_cosigned(&city, 1);
    drop(witness.kill().unwrap());
    let (witness, address) = run(&city);
    let policy = fs::read_to_string(city.path().join("data/policy")).unwrap();
    let old = policy.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    fs::write(city.path().join("data/policy"), policy.replace(&old, &address)).unwrap();
    city.append(&line("two", 2));
    serve_until_cosigned(&city, 2);
    drop(witness.kill().unwrap());
}

pub(crate) fn copy(city: &City, from: &str, to: &str) {
    let ended =
        testkit::Program::new("/usr/bin/cp", city.path()).with(["-a", from, to]).run("", LIMIT).unwrap();
    assert!(ended.status.success(), "{}", ended.errors);
}
