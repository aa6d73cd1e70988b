//! After a disaster: a successor that two stewards sign, that names what was lost, and nothing less.

use crate::witness::{copy, serve_until_cosigned, witness};
use crate::{City, line};
use std::fs;

const FIRST: &str = "first steward's words\n";
const SECOND: &str = "second steward's words\n";

#[test]
fn two_stewards_found_a_successor_that_names_the_lost_entries() {
    let city = City::new();
    fs::remove_dir_all(city.path().join("data")).unwrap();
    let first = city.good(&["key", "new", "city.example/steward/chen", "--out", "chen.key"], FIRST).join("");
    let second = city.good(&["key", "new", "city.example/steward/lin", "--out", "lin.key"], SECOND).join("");
    let init = ["ledger", "init", "--data", "data", "--origin", "city.example/ward"];
    city.good(&[&init[..], &["--steward", &first, "--steward", &second]].concat(), "");
    let witness = witness(&city);
    city.append(&line("kept", 1));
    copy(&city, "data", "restored");
    city.append(&(line("lost", 2) + &line("lost too", 3)));
    serve_until_cosigned(&city, 3);
    let seen = city.path().join("data/ledger/cosigned");
    fs::copy(seen, city.path().join("seen")).unwrap();
    let draft = [
        "ledger",
        "succession-draft",
        "--data",
        "restored",
        "--seen",
        "seen",
        "--origin",
        "city.example/ward-2",
        "--reason",
        "磁碟毀損",
        "--out",
        "succession",
    ];
    city.good(&draft, "");
    let succeed = [
        "ledger",
        "succeed",
        "--data",
        "restored",
        "--seen",
        "seen",
        "--new-data",
        "new",
        "--succession",
        "succession",
    ];
    city.refused(&succeed, "", 1);
    city.good(&["note", "sign", "--key", "chen.key", "succession"], FIRST);
    let said = city.refused(&succeed, "", 1);
    assert!(said.contains("兩位"), "{said}");
    city.good(&["note", "sign", "--key", "chen.key", "succession"], FIRST);
    city.refused(&succeed, "", 1);
    city.good(&["note", "sign", "--key", "lin.key", "succession"], SECOND);
    let signed = fs::read_to_string(city.path().join("succession")).unwrap();
    fs::write(city.path().join("changed"), signed.replace("磁碟毀損", "沒有原因")).unwrap();
    let changed = [
        "ledger",
        "succeed",
        "--data",
        "restored",
        "--seen",
        "seen",
        "--new-data",
        "other",
        "--succession",
        "changed",
    ];
    city.refused(&changed, "", 1);
    city.good(&succeed, "");
    let entry = city.good(&["ledger", "read", "0", "--data", "new"], "").join("");
    assert!(entry.contains("ward-succession/v1") && entry.contains("city.example/ward-2"), "{entry}");
    city.good(&["verify", "--data", "new"], "");
    city.good(&["ledger", "read", "0..2", "--data", "restored"], "");
    drop(witness.kill().unwrap());
}

#[test]
fn nothing_lost_is_no_reason_for_a_successor() {
    let city = City::new();
    city.append(&line("all there", 1));
    fs::copy(city.path().join("data/ledger/checkpoint"), city.path().join("seen")).unwrap();
    let draft = [
        "ledger",
        "succession-draft",
        "--data",
        "data",
        "--seen",
        "seen",
        "--origin",
        "city.example/ward-2",
        "--reason",
        "試試",
        "--out",
        "succession",
    ];
    let said = city.refused(&draft, "", 1);
    assert!(said.contains("並無遺失"), "{said}");
}
