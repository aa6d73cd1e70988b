//! Sealed bodies: §3.

use crate::fixture::{chain, draft, expect_vectors, time};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use model::DataKeyId;
use proof::entry::{Body, Draft, Entry};
use proof::seal::{self, DataKey, Opened, SealError};
use proof::{base64, json};
use proptest::prelude::*;
use serde_json::{Value, json};

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 24] = [0x24; 24];

fn key_id() -> DataKeyId {
    DataKeyId::from_bytes([0x77; 16])
}

fn sealed(body: Value) -> Vec<u8> {
    let clear = draft("complaint.filed", "r_aeaqcaibaeaqcaibaeaqcaibae", body);
    let sealed = seal::seal(clear, &DataKey::from_bytes(KEY), key_id(), NONCE).unwrap();
    sealed.encode().unwrap().stamp(time())
}

fn open(bytes: &[u8]) -> Result<Opened, SealError> {
    seal::open(&Entry::parse(bytes).unwrap(), &DataKey::from_bytes(KEY))
}

/// An entry whose sealed text is `plaintext`, whatever that may be, under the hash the entry `like` states.
fn sealing(plaintext: &[u8], like: &[u8]) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(like).unwrap();
    let mut bound = value.clone();
    bound.as_object_mut().unwrap().remove("sealed");
    bound.as_object_mut().unwrap().remove("time");
    let bound = json::to_canonical(&bound).unwrap();
    let cipher = chacha20poly1305::XChaCha20Poly1305::new(&KEY.into());
    let data = cipher.encrypt(&NONCE.into(), Payload { msg: plaintext, aad: &bound }).unwrap();
    value["sealed"]["data"] = json!(base64::encode(&data));
    json::to_canonical(&value).unwrap()
}

proptest! {
    #[test]
    fn what_is_sealed_opens_again_and_its_length_is_hidden(text: String) {
        let body = json!({ "text": text });
        let bytes = sealed(body.clone());
        let entry = Entry::parse(&bytes).unwrap();
        prop_assert!(entry.body().is_none() && entry.salt().is_none());
        let opened = open(&bytes).unwrap();
        prop_assert_eq!(opened.body(), body);
        prop_assert_eq!(opened.salt(), [0x11; 16]);
        prop_assert_eq!(opened.content_hash(), entry.content_hash());
        prop_assert_eq!(entry.sealed().unwrap().data().len() % 64, 16);
    }

    #[test]
    fn one_changed_bit_anywhere_but_in_the_time_and_the_key_s_name_does_not_open(place: prop::sample::Index, bit in 0u8..8) {
        let good = sealed(json!({ "text": "secret" }));
        let mut bytes = good.clone();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        // The time is stamped after sealing; the key's name says which key to fetch, and here it is in hand.
        let text = std::str::from_utf8(&good).unwrap();
        let (time_at, key_at) = (text.find("\"time\"").unwrap() + 8, text.find("\"k_").unwrap() + 1);
        if (time_at..time_at + 27).contains(&place) || (key_at..key_at + 28).contains(&place) {
            return Ok(());
        }
        if Entry::parse(&bytes).is_ok() {
            prop_assert!(open(&bytes).is_err(), "{}", String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn the_same_draft_sealed_is_bound_to_all_but_its_time() {
    let early = sealed(json!({ "a": 1 }));
    let late = String::from_utf8(early).unwrap().replace("2026-11-23", "2027-01-01");
    assert_eq!(open(late.as_bytes()).unwrap().body(), json!({ "a": 1 }));
    let other = late.replace("complaint.filed", "complaint.moved");
    assert!(matches!(open(other.as_bytes()), Err(SealError::Broken { .. })));
}

#[test]
fn another_key_does_not_open() {
    let bytes = sealed(json!({ "a": 1 }));
    let entry = Entry::parse(&bytes).unwrap();
    let refused = seal::open(&entry, &DataKey::from_bytes([0x43; 32]));
    assert!(matches!(refused, Err(SealError::Broken { key }) if key == key_id()));
}

#[test]
fn only_a_clear_salted_draft_is_sealed() {
    let key = DataKey::from_bytes(KEY);
    let clear = || draft("complaint.filed", "x", json!({}));
    let saltless = Draft { body: Body::Clear { value: json!({}), salt: None }, ..clear() };
    assert!(matches!(seal::seal(saltless, &key, key_id(), NONCE), Err(SealError::Saltless)));
    let once = seal::seal(clear(), &key, key_id(), NONCE).unwrap();
    assert!(matches!(seal::seal(once, &key, key_id(), NONCE), Err(SealError::Twice)));
    let bytes = clear().encode().unwrap().stamp(time());
    assert!(matches!(open(&bytes), Err(SealError::Clear)));
}

#[test]
fn neither_keys_nor_bodies_are_printed() {
    let opened = open(&sealed(json!({ "text": "secret" }))).unwrap();
    assert_eq!(format!("{opened:?}"), "Opened { .. }");
    assert_eq!(format!("{:?}", DataKey::from_bytes(KEY)), "DataKey { .. }");
}

#[test]
fn vectors_of_sealed_entries() {
    let bytes = sealed(json!({ "text": "員工申訴" }));
    let opened = open(&bytes).unwrap();
    let text = std::str::from_utf8(opened.plaintext()).unwrap();
    let good = json!({
        "entry": std::str::from_utf8(&bytes).unwrap(),
        "key": base64::encode(&KEY),
        "plaintext": text,
        "content_hash": opened.content_hash().to_string(),
    });
    let salt = base64::encode(&[0x11; 16]);
    let rewritten = |rule: &str, plaintext: String| (rule.to_owned(), sealing(plaintext.as_bytes(), &bytes));
    let padded = |body: &str| {
        let bare = format!(r#"{{"body":{body},"pad":"","salt":"{salt}"}}"#);
        bare.replace(
            "\"pad\":\"",
            &format!("\"pad\":\"{}", "0".repeat(bare.len().next_multiple_of(64) - bare.len())),
        )
    };
    let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut broken = vec![
        (
            "kind changed".to_owned(),
            string(&bytes).replace("complaint.filed", "complaint.moved").into_bytes(),
        ),
        rewritten("hash of another body", padded("{}")),
    ];
    broken.extend([
        rewritten("body a list", padded("[]")),
        rewritten("pad not of zeros", text.replace("\"pad\":\"0", "\"pad\":\"1")),
        rewritten(
            "pad longer than needed",
            text.replace("\"pad\":\"", &format!("\"pad\":\"{}", "0".repeat(64))),
        ),
        rewritten("not a multiple of 64", text.replace("\"pad\":\"0", "\"pad\":\"")),
        rewritten("white space", text.replace("\"pad\":\"0", "\"pad\": \"")),
        rewritten("salt of 18 bytes", text.replace(&salt, &base64::encode(&[1; 18]))),
        rewritten("unknown member", text.replace("\"pad\":\"00000", "\"p\":1,\"pad\":\"").to_owned()),
    ]);
    let refused: Vec<_> = broken
        .iter()
        .map(|(rule, bytes)| {
            let why = chain(&open(bytes).unwrap_err());
            json!({ "rule": rule, "entry": std::str::from_utf8(bytes).unwrap(), "why": why })
        })
        .collect();
    expect_vectors(
        "seal.json",
        &json!({ "key": base64::encode(&KEY), "accepted": [good], "refused": refused }),
    );
}
