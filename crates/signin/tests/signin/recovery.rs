//! Recovery: by two people, by invitation, at the console.

use crate::browser::{log_on, register, signers};
use crate::town::{PASSWORD, Town, away};
use signin::{Refusal, Sessions as _, Word};

#[test]
fn two_people_hand_over_half_each_and_neither_half_serves_alone() {
    let town = Town::settled();
    let person = town.id("wang.ming");
    let [mut signer, ..] = signers(&town, "wang.ming");
    let open = town.sign_in("wang.ming", &away()).unwrap();
    register(&town, &open.session, &signer).unwrap();
    let (lin, chen) = (town.acting("lin.wei"), town.acting("chen.yu"));
    let first = town.signin.begin_recovery(&lin, person, town.now()).unwrap();
    assert!(!first.complete);
    assert_eq!(town.signin.recovery_waits(person, town.now()).unwrap(), Some(lin.person));
    let words = town.signin.words(person).unwrap();
    assert!(words.iter().any(|(_, word)| *word == Word::RecoveryBegun {}));
    let redeem = |codes: [&str; 2]| {
        town.pass(3_600);
        town.signin.redeem("wang.ming", codes, &away(), town.now())
    };
    assert!(matches!(redeem([&first.code, &first.code]), Err(Refusal::NotIn)));
    let alone = town.signin.confirm_recovery(&lin, person, town.now());
    assert!(matches!(alone, Err(Refusal::SamePerson)), "{alone:?}");
    let clerk = town.signin.confirm_recovery(&town.acting("wang.ming"), person, town.now());
    assert!(matches!(clerk, Err(Refusal::SamePerson)));
    let second = town.signin.confirm_recovery(&chen, person, town.now()).unwrap();
    assert_eq!(town.signin.recovery_waits(person, town.now()).unwrap(), None);
    assert!(matches!(town.signin.confirm_recovery(&chen, person, town.now()), Err(Refusal::Nothing)));
    assert!(matches!(redeem([&second.code, ""]), Err(Refusal::NotIn)));
    let open = town.sign_in("wang.ming", &away()).unwrap();
    let new = redeem([&second.code, &first.code]).unwrap();
    assert!(new.enrolling);
    // Nothing of before counts.
    assert!(town.signin.session(&open.cookie, &away(), town.now()).is_none());
    assert!(matches!(town.pending("wang.ming", &away()), Err(Refusal::NotIn)));
    assert!(log_on(&town, &mut signer).is_err());
    assert!(matches!(redeem([&first.code, &second.code]), Err(Refusal::NotIn)));
    town.signin.set_password(&new.session, None, "tea with the neighbours", town.now()).unwrap();
    let entries = town.entries(person);
    let by = |kind: &str| {
        let entry = entries.iter().rfind(|entry| entry["kind"] == kind).unwrap();
        entry["actor"]["person"].as_str().map(ToOwned::to_owned)
    };
    assert_eq!(by("recovery.begun/1"), Some(lin.person.to_string()));
    assert_eq!(by("recovery.confirmed/1"), Some(chen.person.to_string()));
    assert!(entries.iter().any(|entry| entry["kind"] == "credential.revoked"));
    let begun = entries.iter().rfind(|entry| entry["kind"] == "recovery.begun/1").unwrap();
    assert_eq!(begun["body"]["policy"], "network_admin_keeps_accounts");
}

#[test]
fn whom_no_policy_permits_begins_and_confirms_nothing_and_nobody_does_it_for_themselves() {
    let town = Town::settled();
    let (wang, lin) = (town.id("wang.ming"), town.id("lin.wei"));
    let begin = |who: &str, person| town.signin.begin_recovery(&town.acting(who), person, town.now());
    assert!(matches!(begin("wang.ming", lin), Err(Refusal::Desk(_))));
    assert!(matches!(begin("lin.wei", lin), Err(Refusal::SamePerson)));
    begin("lin.wei", wang).unwrap();
    let mut other = town.acting("wang.ming");
    other.person = lin;
    assert!(town.signin.confirm_recovery(&other, wang, town.now()).is_err());
    // Refusals for want of a right are in the ledger.
    let entries = town.entries(lin);
    assert!(entries.iter().any(|entry| entry["kind"] == "access.refused/1"), "{entries:?}");
}

#[test]
fn what_was_begun_is_over_after_a_day() {
    let town = Town::settled();
    let person = town.id("wang.ming");
    let first = town.signin.begin_recovery(&town.acting("lin.wei"), person, town.now()).unwrap();
    let second = town.signin.confirm_recovery(&town.acting("chen.yu"), person, town.now()).unwrap();
    town.pass(24 * 3_600);
    let late = town.signin.redeem("wang.ming", [&first.code, &second.code], &away(), town.now());
    assert!(matches!(late, Err(Refusal::NotIn)));
    assert!(town.sign_in("wang.ming", &away()).is_ok());
}

#[test]
fn somebody_new_is_invited_by_one_and_chooses_a_password() {
    let mut town = Town::new();
    town.settle("lin.wei");
    let person = town.id("wang.ming");
    let handed = town.signin.begin_recovery(&town.acting("lin.wei"), person, town.now()).unwrap();
    assert!(handed.complete);
    let new = town.signin.redeem("wang.ming", [&handed.code, ""], &away(), town.now()).unwrap();
    town.signin.set_password(&new.session, None, PASSWORD, town.now()).unwrap();
    town.take_codes(&new.session);
    town.sign_in("wang.ming", &away()).unwrap();
    assert!(town.kinds(person).contains(&"recovery.used/1".to_owned()));
}

#[test]
fn broken_glass_is_an_entry_and_everybody_who_administers_is_told() {
    let town = Town::settled();
    let person = town.id("mayor.aide");
    let read = |login: &str| {
        let words = town.signin.words(town.id(login)).unwrap();
        words.into_iter().filter(|(_, word)| *word == Word::GlassBroken { person }).count()
    };
    let before = ["lin.wei", "chen.yu", "mayor.aide", "wang.ming"].map(read);
    let pass = town.signin.break_glass("mayor.aide", town.now()).unwrap();
    assert!(pass.complete);
    let after = ["lin.wei", "chen.yu", "mayor.aide", "wang.ming"].map(read);
    assert_eq!(after.map(|count| count > 0), [true, true, true, false]);
    assert!(before.iter().zip(&after).take(3).all(|(before, after)| before < after));
    assert!(matches!(town.signin.break_glass("nobody.here", town.now()), Err(Refusal::Nothing)));
    let new = town.signin.redeem("mayor.aide", ["", &pass.code], &away(), town.now()).unwrap();
    assert!(new.enrolling);
    let entries = town.entries(person);
    let begun = entries.iter().rfind(|entry| entry["kind"] == "recovery.begun/1").unwrap();
    assert_eq!((&begun["actor"]["machine"], &begun["body"]["how"]), (&"console".into(), &"console".into()));
}

#[test]
fn guessing_a_pass_waits_and_tells_nothing_of_who_exists() {
    let town = Town::settled();
    town.signin.break_glass("wang.ming", town.now()).unwrap();
    let answers = |login: &str| {
        let answer = |_| town.signin.redeem(login, ["aaaa-bbbb-cccc", ""], &away(), town.now());
        (0..7).map(|number| answer(number).unwrap_err().told().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(answers("wang.ming"), answers("nobody.here"));
}
