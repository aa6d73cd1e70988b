//! Entries: §2.

use crate::fixture::{actor, chain, draft, expect_vectors, person, time, unit};
use model::{Actor, Instant, Person, SessionId, TerminalId};
use proof::entry::{Body, Draft, Entry, EntryError, LIMIT, Skimmed};
use proof::hash::Hash;
use proof::signature::{Evidence, Factor, Otp, Previous, Reason, Signature, Statement};
use proof::{base64, json};
use proptest::prelude::*;
use serde_json::{Value, json};

/// An entry as a value, to be bent out of shape.
fn value(draft: &Draft) -> Value {
    serde_json::from_slice(&draft.encode().unwrap().stamp(time())).unwrap()
}

fn fault() -> Draft {
    draft("fault.reported", "r_aeaqcaibaeaqcaibaeaqcaibae", json!({ "room": "機房 3", "hours": 2 }))
}

fn signed() -> Draft {
    let statement = Statement {
        content: Hash::from_bytes([7; 32]),
        ledger: "ward.example/ledger".to_owned(),
        nonce: [3; 16],
        on_behalf: None,
        outcome: "approve".to_owned(),
        pack: "taichung-2001/3".to_owned(),
        previous: Previous::Entry(17),
        reason: Reason::Text("可".to_owned()),
        record: "r_aeaqcaibaeaqcaibaeaqcaibae".to_owned(),
        signer: person(1),
        step: "approve".to_owned(),
    };
    let evidence = Evidence::Otp(Otp { factor: Factor::Totp });
    Draft { signature: Some(Signature { evidence, statement }), ..fault() }
}

fn refusal(bytes: &[u8]) -> String {
    chain(&Entry::parse(bytes).unwrap_err())
}

#[test]
fn a_draft_becomes_an_entry_that_says_the_same() {
    let fault = fault();
    let encoded = fault.encode().unwrap();
    let (length, content) = (encoded.len(), encoded.content_hash());
    let bytes = encoded.stamp(time());
    assert_eq!(bytes.len(), length);
    let entry = Entry::parse(&bytes).unwrap();
    assert_eq!(entry.bytes(), bytes);
    assert_eq!(entry.time(), time());
    assert_eq!((entry.kind(), entry.subject()), ("fault.reported", "r_aeaqcaibaeaqcaibaeaqcaibae"));
    assert_eq!((entry.form(), entry.unit()), (Some("fault/3"), Some(unit())));
    assert_eq!(entry.actor(), actor(1));
    assert_eq!(entry.salt(), Some([0x11; 16]));
    assert_eq!(entry.body_bytes().unwrap(), r#"{"hours":2,"room":"機房 3"}"#.as_bytes());
    assert_eq!(entry.body().unwrap()["hours"], 2);
    assert_eq!(entry.content_hash(), content);
    assert_eq!(fault.content_hash().unwrap(), content);
    assert!(entry.sealed().is_none() && entry.signature().is_none());
}

#[test]
fn machines_and_deputies_act_too() {
    let deputy = Actor::Person(Person {
        acting_for: Some(person(9)),
        person: person(2),
        role: "unit-head".to_owned(),
        session: Some(SessionId::from_bytes([1; 16])),
        terminal: Some(TerminalId::from_bytes([2; 16])),
        unit: unit(),
    });
    for actor in [Actor::machine("ledger"), Actor::machine("防火牆 1"), deputy] {
        let bytes = Draft { actor: actor.clone(), ..fault() }.encode().unwrap().stamp(time());
        assert_eq!(Entry::parse(&bytes).unwrap().actor(), actor);
    }
}

#[test]
fn an_entry_larger_than_the_limit_is_refused_with_its_size() {
    let of = |length: usize| draft("note.taken", "x", json!({ "text": "x".repeat(length) }));
    let bare = of(0).encode().unwrap().len();
    assert_eq!(of(LIMIT - bare).encode().unwrap().len(), LIMIT);
    match of(LIMIT - bare + 1).encode() {
        Err(EntryError::TooLong { bytes }) => assert_eq!(bytes, LIMIT + 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn drafts_that_no_reader_would_take_are_not_encoded() {
    let refused = |draft: Draft| chain(&draft.encode().unwrap_err());
    assert!(refused(Draft { kind: "Fault".to_owned(), ..fault() }).contains("`kind`"));
    assert!(refused(Draft { subject: "a\nb".to_owned(), ..fault() }).contains("`subject`"));
    assert!(refused(Draft { form: Some("fault".to_owned()), ..fault() }).contains("`form`"));
    assert!(refused(Draft { actor: Actor::machine(""), ..fault() }).contains("`actor.machine`"));
    let list = Body::Clear { value: json!([]), salt: None };
    assert!(refused(Draft { body: list, ..fault() }).contains("`body`"));
    let fraction = Body::Clear { value: json!({ "a": 0.5 }), salt: None };
    assert!(refused(Draft { body: fraction, ..fault() }).contains("not an integer"));
}

/// Entries with one thing wrong, and its name.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let good = value(&fault());
    let mut cases: Vec<(&'static str, Vec<u8>)> = Vec::new();
    let mut case = |name, bend: &dyn Fn(&mut Value)| {
        let mut bent = good.clone();
        bend(&mut bent);
        cases.push((name, json::to_canonical(&bent).unwrap()));
    };
    for member in ["actor", "body", "kind", "subject", "time"] {
        let name: &'static str = member;
        case(name, &|entry| drop(entry.as_object_mut().unwrap().remove(member)));
    }
    let other_id = "s_aeaqcaibaeaqcaibaeaqcaibae";
    let hash = base64::encode(&[7; 32]);
    let sealed = json!({ "alg": "XC20P", "data": base64::encode(&[1; 80]),
        "key": "k_aeaqcaibaeaqcaibaeaqcaibae", "nonce": base64::encode(&[2; 24]) });
    case("unknown member", &|entry| entry["extra"] = json!(1));
    case("member null", &|entry| entry["unit"] = Value::Null);
    case("actor a text", &|entry| entry["actor"] = json!("ledger"));
    case("actor empty", &|entry| entry["actor"] = json!({}));
    case("actor machine and person", &|entry| entry["actor"]["machine"] = json!("ledger"));
    case("actor of two parts", &|entry| entry["actor"] = json!({ "machine": "ledger", "part": "x" }));
    case("actor without role", &|entry| drop(entry["actor"].as_object_mut().unwrap().remove("role")));
    case("actor's role not a word", &|entry| entry["actor"]["role"] = json!("Unit head"));
    case("actor's person a session", &|entry| entry["actor"]["person"] = json!(other_id));
    case("actor's session null", &|entry| entry["actor"]["session"] = Value::Null);
    case("body a list", &|entry| entry["body"] = json!([]));
    case("body and sealed", &|entry| entry["sealed"] = sealed.clone());
    case("body with hash", &|entry| entry["hash"] = json!(hash));
    case("form without version", &|entry| entry["form"] = json!("fault"));
    case("form version 0", &|entry| entry["form"] = json!("fault/0"));
    case("kind empty", &|entry| entry["kind"] = json!(""));
    case("kind in capitals", &|entry| entry["kind"] = json!("Fault"));
    case("kind with an empty word", &|entry| entry["kind"] = json!("fault..reported"));
    case("kind of 65 bytes", &|entry| entry["kind"] = json!("k".repeat(65)));
    case("salt of 15 bytes", &|entry| entry["salt"] = json!(base64::encode(&[1; 15])));
    case("salt with unused bits", &|entry| entry["salt"] = json!("EREREREREREREREREREREx=="));
    case("salt without padding", &|entry| entry["salt"] = json!("EREREREREREREREREREREQ"));
    case("subject empty", &|entry| entry["subject"] = json!(""));
    case("subject of 129 bytes", &|entry| entry["subject"] = json!("x".repeat(129)));
    case("subject with newline", &|entry| entry["subject"] = json!("a\nb"));
    case("subject with quote", &|entry| entry["subject"] = json!("a\"b"));
    case("subject with U+0085", &|entry| entry["subject"] = json!("a\u{85}b"));
    case("subject a number", &|entry| entry["subject"] = json!(7));
    case("time in seconds", &|entry| entry["time"] = json!("2026-11-23T01:02:03Z"));
    case("time of no day", &|entry| entry["time"] = json!("2026-02-29T01:02:03.000000Z"));
    case("time before 1970", &|entry| entry["time"] = json!("1969-12-31T23:59:59.999999Z"));
    case("time with zone", &|entry| entry["time"] = json!("2026-11-23T01:02:03.45678+8"));
    case("unit with unused bits", &|entry| entry["unit"] = json!("u_aeaqcaibaeaqcaibaeaqcaibaf"));
    case("unit a person", &|entry| entry["unit"] = json!(person(1).to_string()));
    case("signature empty", &|entry| entry["signature"] = json!({}));

    let mut seal = |name, bend: &dyn Fn(&mut Value)| {
        let mut bent = good.clone();
        let members = bent.as_object_mut().unwrap();
        members.remove("body");
        members.remove("salt");
        members.insert("hash".to_owned(), json!(hash));
        members.insert("sealed".to_owned(), sealed.clone());
        bend(&mut bent);
        cases.push((name, json::to_canonical(&bent).unwrap()));
    };
    seal("sealed without hash", &|entry| drop(entry.as_object_mut().unwrap().remove("hash")));
    seal("sealed with salt", &|entry| entry["salt"] = json!(base64::encode(&[1; 16])));
    seal("sealed a text", &|entry| entry["sealed"] = json!("x"));
    seal("sealed by another cipher", &|entry| entry["sealed"]["alg"] = json!("A256GCM"));
    seal("sealed without key", &|entry| drop(entry["sealed"].as_object_mut().unwrap().remove("key")));
    seal("sealed key a person", &|entry| entry["sealed"]["key"] = json!(person(1).to_string()));
    seal("sealed nonce of 12 bytes", &|entry| entry["sealed"]["nonce"] = json!(base64::encode(&[1; 12])));
    seal("sealed data without tag", &|entry| entry["sealed"]["data"] = json!(base64::encode(&[1; 15])));
    seal("sealed data not base64", &|entry| {
        entry["sealed"]["data"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAA====AAAA")
    });
    seal("sealed unknown member", &|entry| entry["sealed"]["aad"] = json!("x"));
    seal("hash of 31 bytes", &|entry| entry["hash"] = json!(base64::encode(&[1; 31])));
    cases
}

#[test]
fn vectors_of_entries() {
    let machine = Draft {
        actor: Actor::machine("ledger"),
        unit: None,
        form: None,
        body: Body::Clear { value: json!({}), salt: None },
        ..draft("ledger.recovered/2", "帳本", json!({}))
    };
    let good: Vec<_> = [fault(), machine]
        .iter()
        .map(|draft| {
            let bytes = draft.encode().unwrap().stamp(time());
            let entry = Entry::parse(&bytes).unwrap();
            json!({
                "entry": std::str::from_utf8(&bytes).unwrap(),
                "content_hash": entry.content_hash().to_string(),
                "leaf": proof::hash::leaf_hash(&bytes).to_string(),
            })
        })
        .collect();
    let mut refused: Vec<_> = broken()
        .iter()
        .map(|(name, bytes)| {
            json!({ "rule": name, "entry": std::str::from_utf8(bytes).unwrap(), "why": refusal(bytes) })
        })
        .collect();
    let text = String::from_utf8(fault().encode().unwrap().stamp(time())).unwrap();
    for (rule, text) in [
        ("not an object", "[]".to_owned()),
        ("white space", text.replacen(':', ": ", 1)),
        ("something behind", format!("{text}\n")),
        ("members out of order", text.replacen("\"unit\"", "\"aunit\"", 1)),
        ("subject with an escape", text.replacen("r_aeaq", "\\u0072_aeaq", 1)),
    ] {
        refused.push(json!({ "rule": rule, "entry": text, "why": refusal(text.as_bytes()) }));
    }
    expect_vectors("entry.json", &json!({ "accepted": good, "refused": refused }));
}

proptest! {
    #[test]
    fn one_changed_byte_is_refused_or_makes_another_well_formed_entry(
        place: prop::sample::Index, byte: u8, cut: bool,
    ) {
        let mut bytes = fault().encode().unwrap().stamp(time());
        let place = place.index(bytes.len());
        if cut { bytes.remove(place); } else { bytes[place] = byte; }
        prop_assert_eq!(Skimmed::parse(&bytes).is_ok(), Entry::parse(&bytes).is_ok());
        if let Ok(entry) = Entry::parse(&bytes) {
            // Whatever is accepted can be written again to the same bytes.
            let again = Draft {
                actor: entry.actor(),
                kind: entry.kind().to_owned(),
                subject: entry.subject().to_owned(),
                unit: entry.unit(),
                form: entry.form().map(str::to_owned),
                body: Body::Clear { value: entry.body().unwrap(), salt: entry.salt() },
                signature: None,
            };
            prop_assert_eq!(again.encode().unwrap().stamp(entry.time()), bytes);
        }
    }

    #[test]
    fn skimming_reads_what_parsing_reads_and_passes_over_nothing_but_a_signature(
        place: prop::sample::Index, byte: u8, cut: bool,
    ) {
        let mut bytes = signed().encode().unwrap().stamp(time());
        let signature = Entry::parse(&bytes).unwrap().signature().cloned();
        prop_assert!(signature.is_some());
        let place = place.index(bytes.len());
        if cut { bytes.remove(place); } else { bytes[place] = byte; }
        match (Entry::parse(&bytes), Skimmed::parse(&bytes)) {
            (Ok(entry), Ok(skimmed)) => {
                prop_assert_eq!(entry.actor(), skimmed.actor());
                prop_assert_eq!(entry.content_hash(), skimmed.content_hash());
                prop_assert_eq!((entry.kind(), entry.subject()), (skimmed.kind(), skimmed.subject()));
                prop_assert_eq!((entry.time(), entry.unit()), (skimmed.time(), skimmed.unit()));
                prop_assert_eq!((entry.form(), entry.body_bytes()), (skimmed.form(), skimmed.body_bytes()));
            }
            (Ok(_), Err(error)) => prop_assert!(false, "{error}"),
            (Err(error), Ok(_)) => {
                let of_the_signature = matches!(error, EntryError::Signature { .. })
                    || matches!(error, EntryError::Member { member: "signature", .. });
                prop_assert!(of_the_signature, "{error}");
            }
            // Of two faults each may tell another.
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn any_body_and_time_go_there_and_back(text: String, number in -1_000_000i64..1_000_000, micros in 0i64..253_402_300_799_999_999) {
        let body = json!({ "text": text, "number": number });
        let time = Instant::from_micros(micros).unwrap();
        let bytes = draft("note.taken", "x", body.clone()).encode().unwrap().stamp(time);
        let entry = Entry::parse(&bytes).unwrap();
        prop_assert_eq!(entry.time(), time);
        prop_assert_eq!(entry.body().unwrap(), body);
    }
}
