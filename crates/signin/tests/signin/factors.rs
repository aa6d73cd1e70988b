//! Setting factors: what it takes, what it ends.

use crate::town::{PASSWORD, Town, away};
use signin::{Begun, Codes as _, Ended, Refusal, Sessions as _, Weakness, Word};

#[test]
fn a_password_is_changed_by_whoever_knows_it_and_every_other_session_ends() {
    let town = Town::settled();
    let other = town.sign_in("wang.ming", &away()).unwrap();
    let here = town.sign_in("wang.ming", &away()).unwrap();
    let change =
        |before: Option<&str>, new: &str| town.signin.set_password(&here.session, before, new, town.now());
    let new = "tea with the neighbours";
    town.signin.check_password(&here.session, PASSWORD, town.now()).unwrap();
    let wrong = town.signin.check_password(&here.session, "wrong", town.now());
    assert!(matches!(wrong, Err(Refusal::NotIn)));
    assert!(matches!(change(None, new), Err(Refusal::NotIn)));
    assert!(matches!(change(Some("wrong"), new), Err(Refusal::NotIn)));
    let weak = change(Some(PASSWORD), "Sunshine2024").unwrap_err();
    assert!(matches!(&weak, Refusal::Password(faults) if *faults == [Weakness::Common]), "{weak:?}");
    let personal = change(Some(PASSWORD), "I am wang.ming of 120").unwrap_err();
    assert!(matches!(&personal, Refusal::Password(faults) if *faults == [Weakness::Personal]));
    let former = change(Some(PASSWORD), PASSWORD).unwrap_err();
    assert!(matches!(&former, Refusal::Password(faults) if *faults == [Weakness::Former]));
    change(Some(PASSWORD), new).unwrap();
    assert!(town.signin.session(&other.cookie, &away(), town.now()).is_none());
    assert!(town.signin.session(&here.cookie, &away(), town.now()).is_some());
    let sessions = town.signin.sessions_of(town.id("wang.ming")).unwrap();
    assert!(sessions.iter().any(|one| one.ended.is_some_and(|(_, why)| why == Ended::FactorChanged)));
    assert!(matches!(town.pending("wang.ming", &away()), Err(Refusal::NotIn)));
    assert!(town.signin.begin("wang.ming", new, &away(), town.now()).is_ok());
    let words = town.signin.words(town.id("wang.ming")).unwrap();
    assert!(words.iter().any(|(_, word)| *word == Word::FactorChanged {}));
    town.signin.words_read(town.id("wang.ming"), town.now()).unwrap();
    assert!(town.signin.words(town.id("wang.ming")).unwrap().is_empty());
}

#[test]
fn the_last_five_passwords_are_not_taken_again() {
    let town = Town::settled();
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    let set = |before: &str, new: &str| town.signin.set_password(&session, Some(before), new, town.now());
    let mut before = PASSWORD.to_owned();
    for eggs in ["no", "two", "six", "nine"] {
        let new = format!("breakfast {eggs} eggs at the pier");
        set(&before, &new).unwrap();
        let again = set(&new, PASSWORD);
        assert!(
            matches!(&again, Err(Refusal::Password(faults)) if *faults == [Weakness::Former]),
            "{again:?}"
        );
        before = new;
    }
    set(&before, "breakfast ten eggs at the pier").unwrap();
    set("breakfast ten eggs at the pier", PASSWORD).unwrap();
}

#[test]
fn whoever_has_no_second_factor_gets_a_session_in_which_one_is_set_and_nothing_else() {
    let mut town = Town::new();
    let pass = town.signin.break_glass("wang.ming", town.now()).unwrap();
    let first = town.signin.redeem("wang.ming", [&pass.code, ""], &away(), town.now()).unwrap();
    assert!(first.enrolling);
    town.signin.set_password(&first.session, None, PASSWORD, town.now()).unwrap();
    let Begun::Session(limited) = town.signin.begin("wang.ming", PASSWORD, &away(), town.now()).unwrap()
    else {
        panic!("a second factor was asked for")
    };
    assert!(limited.enrolling);
    assert!(town.signin.session(&limited.cookie, &away(), town.now()).is_none());
    let session = town.signin.enrolling(&limited.cookie, &away(), town.now()).unwrap().unwrap();
    town.take_codes(&session);
    town.sign_in("wang.ming", &away()).unwrap();
}

#[test]
fn one_time_codes_count_from_the_first_right_one_on() {
    let mut town = Town::settled();
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    let person = session.person;
    town.pass(60);
    let offer = town.signin.begin_totp(&session, town.now()).unwrap();
    assert!(offer.uri.contains(offer.secret.as_str()) && offer.picture.contains("<svg"));
    let wrong = town.signin.confirm_totp(&session, &offer.token, "000000", town.now());
    assert!(matches!(wrong, Err(Refusal::Code)));
    // Until then the former ones do.
    assert!(town.signin.verify_otp(person, &town.code(person), town.now()).unwrap());
    town.pass(60);
    let code = crate::town::code_of(&offer.secret, town.now());
    let other = town.sign_in("lin.wei", &away()).unwrap().session;
    let theirs = town.signin.confirm_totp(&other, &offer.token, &code, town.now());
    assert!(matches!(theirs, Err(Refusal::Stale)));
    let code = crate::town::code_of(&offer.secret, town.now());
    town.signin.confirm_totp(&session, &offer.token, &code, town.now()).unwrap();
    assert!(!town.signin.verify_otp(person, &code, town.now()).unwrap(), "it was used to confirm");
    town.pass(60);
    assert!(!town.signin.verify_otp(person, &town.code(person), town.now()).unwrap(), "the former secret");
    town.take_codes(&session);
}

#[test]
fn codes_for_signing_are_used_up_and_guessing_them_waits() {
    let town = Town::settled();
    let person = town.id("wang.ming");
    town.pass(60);
    let code = town.code(person);
    assert!(town.signin.verify_otp(person, &code, town.now()).unwrap());
    assert!(!town.signin.verify_otp(person, &code, town.now()).unwrap());
    let told = (0..10).find_map(|_| town.signin.verify_otp(person, "123456", town.now()).err()).unwrap();
    assert!(told.en.contains("Too many"), "{told}");
    town.pass(60 * 60);
    assert!(town.signin.verify_otp(person, &town.code(person), town.now()).unwrap());
    let stranger = model::PersonId::from_bytes([9; 16]);
    assert!(town.signin.verify_otp(stranger, &code, town.now()).is_err());
}

#[test]
fn recovery_codes_are_ten_each_serves_once_and_new_ones_end_the_old() {
    let town = Town::settled();
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    let former = town.signin.give_recovery_codes(&session, town.now()).unwrap();
    let codes = town.signin.give_recovery_codes(&session, town.now()).unwrap();
    let mut distinct = codes.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 10);
    let with = |code: &str| {
        let pending = town.pending("wang.ming", &away())?;
        assert!(pending.recovery);
        town.signin.recovery_code(&pending.token, code, &away(), town.now())
    };
    assert!(matches!(with(&former[0]), Err(Refusal::NotIn)));
    with(&codes[3].to_uppercase().replace('-', "")).unwrap();
    assert!(matches!(with(&codes[3]), Err(Refusal::NotIn)));
    with(&codes[9]).unwrap();
    assert_eq!(town.signin.factors(town.id("wang.ming")).unwrap().recovery_left, 8);
}

#[test]
fn nothing_secret_is_printed_by_accident() {
    let town = Town::settled();
    let new = town.sign_in("wang.ming", &away()).unwrap();
    let offer = town.signin.begin_totp(&new.session, town.now()).unwrap();
    let pass = town.signin.break_glass("chen.yu", town.now()).unwrap();
    let pending = town.pending("lin.wei", &away()).unwrap();
    let printed = format!("{new:?} {offer:?} {pass:?} {pending:?} {:?}", town.signin);
    for secret in [new.cookie.as_str(), &offer.secret, &offer.token, &pass.code, &pending.token] {
        assert!(!printed.contains(secret));
    }
}
