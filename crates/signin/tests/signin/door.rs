//! At the door: right and wrong, known and unknown, what a stranger learns.

use crate::town::{PASSWORD, Town, away, over, site};
use signin::{Begun, Config, Cost, Factor, Refusal, Sessions as _, Word};
use std::collections::BTreeSet;

#[test]
fn a_password_and_a_code_open_a_session_and_both_are_in_the_ledger() {
    let town = Town::settled();
    let new = town.sign_in("wang.ming", &away()).unwrap();
    assert!(!new.enrolling);
    assert_eq!(new.session.factors, BTreeSet::from([Factor::Otp, Factor::Password]));
    let found = town.signin.session(&new.cookie, &away(), town.now()).unwrap();
    assert_eq!(found, new.session);
    assert_eq!(found.csrf.len(), 64);
    assert_ne!(found.csrf, new.cookie);
    let person = town.id("wang.ming");
    let entries = town.entries(person);
    let opened = entries.iter().rfind(|entry| entry["kind"] == "session.opened/1").unwrap();
    assert_eq!(opened["body"]["factors"], serde_json::json!(["otp", "password"]));
    assert_eq!(opened["actor"]["person"], person.to_string());
    assert_eq!(opened["actor"]["session"], opened["body"]["session"]);
    let all = serde_json::to_string(&entries).unwrap();
    for secret in [new.cookie.as_str(), town.secret(person), PASSWORD, "203.0.113.7", "argon2"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[test]
fn a_stranger_is_answered_alike_after_the_same_work_whoever_is_named() {
    let town = Town::settled();
    let work = |login: &str, password: &str| {
        let before = town.signin.hashes_reckoned();
        let refused = town.signin.begin(login, password, &away(), town.now()).unwrap_err();
        (town.signin.hashes_reckoned() - before, refused.told().to_string())
    };
    let known = work("wang.ming", "wrong password here");
    assert_eq!(known, work("nobody.here", "wrong password here"));
    assert_eq!(known, work("", ""));
    assert_eq!(known.0, 1);
    // Waiting comes at the same count, and costs nobody a hash.
    let until = |login: &str| {
        let answers: Vec<(u64, String)> = (0..6).map(|_| work(login, "wrong password here")).collect();
        answers.into_iter().map(|(hashes, told)| (hashes, told.contains("再試"))).collect::<Vec<_>>()
    };
    assert_eq!(until("wang.ming"), until("nobody.here"));
    // Of strangers there is no entry.
    let reader = town.house.reader();
    town.house.desk.close();
    let (mut refusals, size) = (Vec::new(), reader.size().unwrap());
    reader
        .entries(0..size, |_, bytes| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            refusals.extend(text.contains("sign-in.refused").then_some(text));
        })
        .unwrap();
    assert!(!refusals.is_empty());
    assert!(refusals.iter().all(|text| text.contains(&town.id("wang.ming").to_string())), "{refusals:?}");
}

#[test]
fn whoever_guesses_waits_longer_and_longer_and_the_owner_is_told() {
    let town = Town::settled();
    let person = town.id("wang.ming");
    let mut waits = Vec::new();
    for _ in 0..40 {
        match town.signin.begin("Wang.Ming ", "not the password", &away(), town.now()) {
            Err(Refusal::NotIn) => {}
            Err(Refusal::Wait { until: Some(until) }) => {
                let now = town.now();
                waits.push((until.as_micros() - now.as_micros() + 999_999) / 1_000_000);
                town.house.clock.set(until);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(&waits[..5], [30, 60, 120, 240, 480], "{waits:?}");
    assert_eq!(waits.last(), Some(&900));
    // The right password waits as well: whoever guesses learns nothing by it.
    town.signin.begin("wang.ming", "not the password", &away(), town.now()).unwrap_err();
    let refused = town.pending("wang.ming", &away()).unwrap_err();
    assert!(matches!(refused, Refusal::Wait { until: Some(_) }), "{refused:?}");
    let words: Vec<Word> = town.signin.words(person).unwrap().into_iter().map(|(_, word)| word).collect();
    assert!(words.iter().any(|word| matches!(word, Word::Tries { count } if *count > 20)), "{words:?}");
    assert!(words.iter().any(|word| matches!(word, Word::Locked { until: Some(_) }) && word.alarms()));
    town.pass(900);
    let new = town.sign_in("wang.ming", &away()).unwrap();
    assert!(new.since.failures > 20, "{:?}", new.since);
    // What was shown whole forgets failures.
    town.signin.begin("wang.ming", "not the password", &away(), town.now()).unwrap_err();
    assert!(town.sign_in("wang.ming", &away()).is_ok());
    assert!(town.kinds(person).contains(&"account.locked/1".to_owned()));
}

#[test]
fn an_account_is_closed_after_a_hundred_failures_until_an_administrator_opens_it() {
    let town = Town::settled();
    let person = town.id("wang.ming");
    let mut tries = 0;
    let closed = loop {
        match town.signin.begin("wang.ming", "not the password", &away(), town.now()) {
            Err(Refusal::NotIn) => tries += 1,
            Err(Refusal::Wait { until: Some(until) }) => town.house.clock.set(until),
            other => break other,
        }
        assert!(tries <= 100);
    };
    assert!(matches!(closed, Err(Refusal::Wait { until: None })), "{closed:?}");
    assert_eq!(tries, 100);
    town.pass(400 * 24 * 3_600);
    assert!(matches!(town.pending("wang.ming", &away()), Err(Refusal::Wait { until: None })));
    let unlock = |who: &str| town.signin.unlock(&desk::Asker::Person(town.acting(who)), person, town.now());
    assert!(unlock("wang.ming").is_err());
    unlock("lin.wei").unwrap();
    town.sign_in("wang.ming", &away()).unwrap();
    assert!(town.kinds(person).contains(&"account.unlocked/1".to_owned()));
}

#[test]
fn an_address_waits_for_all_accounts_and_no_other_address_does() {
    let town = Town::settled();
    let refused = (0..60).find(|number| {
        let login = format!("person{number}");
        let answer = town.signin.begin(&login, "not the password", &away(), town.now());
        matches!(answer, Err(Refusal::Wait { .. }))
    });
    assert_eq!(refused, Some(50));
    assert!(matches!(town.pending("wang.ming", &away()), Err(Refusal::Wait { .. })));
    let elsewhere = signin::Place { address: "198.51.100.9".parse().ok(), ..away() };
    assert!(town.pending("wang.ming", &elsewhere).is_ok());
}

#[test]
fn a_code_serves_once_and_a_sign_in_ends_after_five_wrong_ones() {
    let town = Town::settled();
    let person = town.id("wang.ming");
    town.pass(60);
    let code = town.code(person);
    let pending = town.pending("wang.ming", &away()).unwrap();
    town.signin.otp(&pending.token, &code, &away(), town.now()).unwrap();
    let again = town.signin.otp(&pending.token, &code, &away(), town.now());
    assert!(matches!(again, Err(Refusal::Stale)), "{again:?}");
    let pending = town.pending("wang.ming", &away()).unwrap();
    let replayed = town.signin.otp(&pending.token, &code, &away(), town.now());
    assert!(matches!(replayed, Err(Refusal::NotIn)), "{replayed:?}");
    town.pass(3_600);
    let pending = town.pending("wang.ming", &away()).unwrap();
    let answer = |_| {
        town.pass(40);
        match town.signin.otp(&pending.token, "000000", &away(), town.now()) {
            Err(Refusal::NotIn) => "wrong",
            Err(Refusal::Stale) => "over",
            other => panic!("{other:?}"),
        }
    };
    let answers: Vec<&str> = (0..6).map(answer).collect();
    assert_eq!(answers, ["wrong", "wrong", "wrong", "wrong", "wrong", "over"]);
}

#[test]
fn a_sign_in_is_finished_where_it_began_and_in_time() {
    let mut town = Town::settled();
    town.pass(60);
    let pending = town.pending("wang.ming", &away()).unwrap();
    town.pass(301);
    let person = town.id("wang.ming");
    let late = town.signin.otp(&pending.token, &town.code(person), &away(), town.now());
    assert!(matches!(late, Err(Refusal::Stale)));
    town.terminal(1, Some(town.office), false);
    let pending = town.pending("wang.ming", &away()).unwrap();
    let elsewhere = town.signin.otp(&pending.token, &town.code(person), &crate::town::shows(1), town.now());
    assert!(matches!(elsewhere, Err(Refusal::Stale)));
}

#[test]
fn a_hash_that_cost_less_is_reckoned_anew_at_the_next_sign_in() {
    let town = Town::settled();
    let cost = Cost { memory_kib: 128, passes: 1, at_once: 2 };
    let dearer = over(&town.house, 77, Config { site: site(), cost, ..Config::default() });
    let reckoned = || {
        let before = dearer.hashes_reckoned();
        let begun = dearer.begin("wang.ming", PASSWORD, &away(), town.now()).unwrap();
        assert!(matches!(begun, Begun::SecondFactor(_)));
        dearer.hashes_reckoned() - before
    };
    assert_eq!([reckoned(), reckoned()], [2, 1]);
    // The former password still opens, with the new cost or the old.
    assert!(town.pending("wang.ming", &away()).is_ok());
}

#[test]
fn names_of_before_and_of_those_who_left_open_nothing() {
    let town = Town::settled();
    let mut changed = crate::town::details("wang.ming");
    changed.login = identity::Login::new("wang.new").unwrap();
    let (person, home) = (town.id("wang.ming"), town.office);
    town.house.identity(identity::Command::ChangePerson { person, details: changed, home }).unwrap();
    assert!(matches!(town.pending("wang.ming", &away()), Err(Refusal::NotIn)));
    assert!(town.pending("wang.new", &away()).is_ok());
    town.house.identity(identity::Command::RecordLeaving { person }).unwrap();
    assert!(matches!(town.pending("wang.new", &away()), Err(Refusal::NotIn)));
    let entries = town.entries(person);
    let last = entries.iter().rfind(|entry| entry["kind"] == "sign-in.refused/1").unwrap();
    assert_eq!(last["body"]["why"], "left");
}
