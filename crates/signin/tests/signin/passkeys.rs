//! Passkeys: registered, used, refused.

use crate::browser::{challenge, log_on, log_on_with, register, register_as, signers};
use crate::town::{Town, away, site};
use proof::base64::{decode_url, encode_url};
use serde_json::Value as Json;
use signin::{Config, Factor, Refusal, Sessions as _, Site};
use std::collections::BTreeSet;
use testkit::{HOST, Registering};

#[test]
fn a_passkey_of_each_algorithm_is_registered_and_opens_a_session_by_itself() {
    let town = Town::settled();
    for mut signer in signers(&town, "wang.ming") {
        let session = town.sign_in("wang.ming", &away()).unwrap().session;
        register(&town, &session, &signer).unwrap();
        let seen = town.house.desk.seen();
        let (owner, key) = seen.roster.authenticator(&signer.credential().credential).unwrap();
        assert_eq!(owner, town.id("wang.ming"));
        assert_eq!(key.credential, *signer.credential());
        let new = log_on(&town, &mut signer).unwrap();
        assert_eq!(new.session.factors, BTreeSet::from([Factor::Passkey]));
        assert!(town.signin.session(&new.cookie, &away(), town.now()).is_some());
    }
    let factors = town.signin.factors(town.id("wang.ming")).unwrap();
    assert_eq!(factors.passkeys.len(), 3);
    assert!(factors.passkeys.iter().all(|key| key.used_at.is_some()));
}

#[test]
fn behind_a_password_it_is_the_second_factor_and_only_its_owners() {
    let town = Town::settled();
    let [mut wang, ..] = signers(&town, "wang.ming");
    let [_, mut lin, _] = signers(&town, "lin.wei");
    register(&town, &town.sign_in("wang.ming", &away()).unwrap().session, &wang).unwrap();
    register(&town, &town.sign_in("lin.wei", &away()).unwrap().session, &lin).unwrap();
    let pending = town.pending("wang.ming", &away()).unwrap();
    assert!(pending.passkey && pending.otp);
    let ask = town.signin.passkey_ask(Some(&pending.token), town.now()).unwrap();
    let ids = ask.options["allowCredentials"].as_array().unwrap();
    assert_eq!(ids.len(), 1);
    let answer = lin.logs_on(&challenge(&ask.options));
    let refused = town.signin.passkey(&ask.token, &answer, &away(), town.now());
    assert!(matches!(refused, Err(Refusal::NotIn)), "{refused:?}");
    let ask = town.signin.passkey_ask(Some(&pending.token), town.now()).unwrap();
    let answer = wang.logs_on(&challenge(&ask.options));
    let new = town.signin.passkey(&ask.token, &answer, &away(), town.now()).unwrap();
    assert_eq!(new.session.factors, BTreeSet::from([Factor::Passkey, Factor::Password]));
}

#[test]
fn registrations_that_are_not_what_was_asked_are_refused() {
    let town = Town::settled();
    let [signer, ..] = signers(&town, "wang.ming");
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    let right = || Registering::right(HOST);
    let wrong = [
        Registering { operation: "webauthn.get", ..right() },
        Registering { origin: "https://evil.example".to_owned(), ..right() },
        Registering { origin: format!("http://{HOST}"), ..right() },
        Registering { relying_party: "evil.example".to_owned(), ..right() },
        Registering { cross_origin: true, ..right() },
        // Not verified; not present; without a key.
        Registering { flags: 0x41, ..right() },
        Registering { flags: 0x44, ..right() },
        Registering { flags: 0x05, ..right() },
    ];
    for how in wrong {
        let refused = register_as(&town, &session, &signer, &how);
        assert!(matches!(refused, Err(Refusal::Passkey(_))), "{how:?}: {refused:?}");
    }
    // Another challenge; the same one twice; another person's session.
    let offer = town.signin.begin_passkey(&session, town.now()).unwrap();
    let answer = signer.registers(&encode_url(&[9; 32]), &right());
    let refused = town.signin.finish_passkey(&session, &offer.token, &answer, town.now());
    assert!(matches!(refused, Err(Refusal::Passkey(_))));
    let answer = signer.registers(offer.options["challenge"].as_str().unwrap(), &right());
    let again = town.signin.finish_passkey(&session, &offer.token, &answer, town.now());
    assert!(matches!(again, Err(Refusal::Stale)));
    let other = town.sign_in("lin.wei", &away()).unwrap().session;
    let offer = town.signin.begin_passkey(&session, town.now()).unwrap();
    let answer = signer.registers(offer.options["challenge"].as_str().unwrap(), &right());
    let theirs = town.signin.finish_passkey(&other, &offer.token, &answer, town.now());
    assert!(matches!(theirs, Err(Refusal::Stale)));
    // Cut off at every byte, and not JSON of the kind at all.
    let offer = |town: &Town| town.signin.begin_passkey(&session, town.now()).unwrap();
    let object = decode_url(answer["response"]["attestationObject"].as_str().unwrap()).unwrap();
    for length in (0..object.len()).step_by(7) {
        let mut cut = answer.clone();
        cut["response"]["attestationObject"] = Json::from(encode_url(&object[..length]));
        let refused = town.signin.finish_passkey(&session, &offer(&town).token, &cut, town.now());
        assert!(matches!(refused, Err(Refusal::Passkey(_))), "{length}");
    }
    let refused = town.signin.finish_passkey(&session, &offer(&town).token, &Json::Null, town.now());
    assert!(matches!(refused, Err(Refusal::Passkey(_))));
    register(&town, &session, &signer).unwrap();
    let twice = register(&town, &session, &signer);
    assert!(matches!(twice, Err(Refusal::Desk(_))), "{twice:?}");
}

#[test]
fn every_algorithm_is_offered_and_of_rsa_no_weak_key_is_taken() {
    let town = Town::settled();
    let [.., signer] = signers(&town, "wang.ming");
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    let offer = town.signin.begin_passkey(&session, town.now()).unwrap();
    let offered = offer.options["pubKeyCredParams"].as_array().unwrap();
    let offered: Vec<_> = offered.iter().map(|one| one["alg"].as_i64().unwrap()).collect();
    assert_eq!(offered, [-8, -7, -257]);
    let right = |challenge: &str| signer.registers(challenge, &Registering::right(HOST));
    let modulus = [0x59, 0x01, 0x00];
    // Behind a mark in the CBOR: a modulus that is even, one of 2047 bits; exponents with zeros in front.
    let weak: [(&[u8], usize, &[u8]); 4] = [
        (&modulus, 3 + 255, &[0x02]),
        (&modulus, 3, &[0x7f]),
        (&[0x21, 0x43], 2, &[0, 0, 3]),
        (&[0x21, 0x43], 2, &[0, 0, 1]),
    ];
    for (mark, from, bytes) in weak {
        let offer = town.signin.begin_passkey(&session, town.now()).unwrap();
        let mut answer = right(offer.options["challenge"].as_str().unwrap());
        let object = answer["response"]["attestationObject"].as_str().unwrap();
        let mut object = decode_url(object).unwrap();
        let at = object.windows(mark.len()).rposition(|window| window == mark).unwrap() + from;
        object[at..at + bytes.len()].copy_from_slice(bytes);
        answer["response"]["attestationObject"] = Json::from(encode_url(&object));
        let refused = town.signin.finish_passkey(&session, &offer.token, &answer, town.now());
        assert!(matches!(refused, Err(Refusal::Passkey(_))), "{mark:?}: {refused:?}");
    }
    register(&town, &session, &signer).unwrap();
}

#[test]
fn log_ons_that_are_not_what_was_asked_are_refused() {
    let town = Town::settled();
    let [mut signer, ..] = signers(&town, "wang.ming");
    register(&town, &town.sign_in("wang.ming", &away()).unwrap().session, &signer).unwrap();
    let changes: [fn(Json) -> Json; 4] = [
        |answer| flipped(answer, "signature"),
        |answer| flipped(answer, "authenticatorData"),
        |answer| flipped(answer, "clientDataJSON"),
        |mut answer| {
            answer["response"]["userHandle"] = Json::from(encode_url(&[7; 16]));
            answer
        },
    ];
    for change in changes {
        town.pass(3_600);
        assert!(log_on_with(&town, &mut signer, change).is_err());
    }
    town.pass(24 * 3_600);
    // Without a user handle the browser did not choose by itself.
    let nameless = log_on_with(&town, &mut signer, |mut answer| {
        answer["response"].as_object_mut().unwrap().remove("userHandle");
        answer
    });
    assert!(matches!(nameless, Err(Refusal::NotIn)));
    // An answer serves once.
    let ask = town.signin.passkey_ask(None, town.now()).unwrap();
    let answer = signer.logs_on(&challenge(&ask.options));
    town.signin.passkey(&ask.token, &answer, &away(), town.now()).unwrap();
    let again = town.signin.passkey(&ask.token, &answer, &away(), town.now());
    assert!(matches!(again, Err(Refusal::Stale)));
    let other = town.signin.passkey_ask(None, town.now()).unwrap();
    let replayed = town.signin.passkey(&other.token, &answer, &away(), town.now());
    assert!(matches!(replayed, Err(Refusal::NotIn)));
}

#[test]
fn a_counter_that_goes_back_is_a_copy_and_is_refused() {
    let town = Town::settled();
    let [mut signer, ..] = signers(&town, "wang.ming");
    register(&town, &town.sign_in("wang.ming", &away()).unwrap().session, &signer).unwrap();
    let mut copy = signer.clone();
    log_on(&town, &mut signer).unwrap();
    log_on(&town, &mut signer).unwrap();
    assert!(matches!(log_on(&town, &mut copy), Err(Refusal::NotIn)));
    let entries = town.entries(town.id("wang.ming"));
    let last = entries.iter().rfind(|entry| entry["kind"] == "sign-in.refused/1").unwrap();
    assert_eq!(last["body"]["why"], "copied-passkey");
}

#[test]
fn a_passkey_that_was_revoked_opens_nothing_and_the_last_factor_is_kept() {
    let town = Town::settled();
    let [mut signer, ..] = signers(&town, "wang.ming");
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    register(&town, &session, &signer).unwrap();
    town.signin.remove_totp(&session, town.now()).unwrap();
    let credential = signer.credential().credential.clone();
    let refused = town.signin.remove_passkey(&session, &credential, town.now());
    assert!(matches!(refused, Err(Refusal::LastFactor)), "{refused:?}");
    assert!(log_on(&town, &mut signer).is_ok());
    let mut town = town;
    town.take_codes(&session);
    town.signin.remove_passkey(&session, &credential, town.now()).unwrap();
    assert!(log_on(&town, &mut signer).is_err());
    let refused = town.signin.remove_totp(&session, town.now());
    assert!(matches!(refused, Err(Refusal::LastFactor)), "{refused:?}");
}

#[test]
fn an_account_that_waits_is_open_to_a_passkey() {
    let town = Town::settled();
    let [mut signer, ..] = signers(&town, "wang.ming");
    register(&town, &town.sign_in("wang.ming", &away()).unwrap().session, &signer).unwrap();
    for _ in 0..6 {
        town.signin.begin("wang.ming", "not the password", &away(), town.now()).unwrap_err();
    }
    assert!(matches!(town.pending("wang.ming", &away()), Err(Refusal::Wait { .. })));
    log_on(&town, &mut signer).unwrap();
}

#[test]
fn by_address_there_are_none() {
    let town = Town::settled();
    let by_address = Site { host: "192.0.2.10".to_owned(), ..site() };
    let config = Config { site: by_address, cost: crate::town::CHEAP, ..Config::default() };
    let signin = crate::town::over(&town.house, 9, config);
    assert!(matches!(signin.passkey_ask(None, town.now()), Err(Refusal::NoPasskeys)));
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    assert!(matches!(signin.begin_passkey(&session, town.now()), Err(Refusal::NoPasskeys)));
}

/// One bit of a member changed.
fn flipped(mut answer: Json, member: &str) -> Json {
    let mut bytes = decode_url(answer["response"][member].as_str().unwrap()).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    answer["response"][member] = Json::from(encode_url(&bytes));
    answer
}
