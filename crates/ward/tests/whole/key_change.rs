//! A change of the signing key, whole and interrupted.

use crate::{City, line};

#[test]
fn a_changed_key_signs_what_follows_and_old_proofs_still_hold() {
    let city = City::new();
    city.append(&line("before", 1));
    city.good(&["ledger", "prove", "1", "--data", "data", "--out", "old"], "");
    city.good(&["ledger", "change-key", "--data", "data"], "");
    city.append(&line("after", 2));
    city.good(&["ledger", "prove", "3", "--data", "data", "--out", "new"], "");
    for proof in ["old", "new"] {
        city.good(&["proof", "check", proof, "--policy", "data/policy"], "");
    }
    city.good(&["ledger", "change-key", "--data", "data"], "");
    city.verify();
}

#[test]
fn a_new_key_that_never_came_into_use_does_no_harm() {
    let city = City::new();
    // As if the process had died after writing the next key and before the entry that names it.
    std::fs::copy(city.path().join("data/keys/ledger.key"), city.path().join("data/keys/ledger.key.next"))
        .unwrap();
    city.append(&line("still the old key", 1));
    city.good(&["ledger", "change-key", "--data", "data"], "");
    city.append(&line("the new key", 2));
    city.verify();
}
