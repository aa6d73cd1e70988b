//! Canonical JSON: §1.

use crate::fixture::expect_vectors;
use proof::json::{self, JsonErrorKind};
use proptest::prelude::*;
use serde_json::{Value, json};

fn values() -> impl Strategy<Value = Value> {
    let texts = prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\"\\\\/\u{7f}\u{80}é城\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,6}"
    ];
    let scalars = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_991i64..=9_007_199_254_740_991).prop_map(Value::from),
        (-20i64..20).prop_map(Value::from),
        texts.clone().prop_map(Value::from),
    ];
    scalars.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(texts.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_accepted_and_equals_the_second_opinion(value in values()) {
        let text = json::to_canonical(&value).unwrap();
        prop_assert_eq!(json::check(&text), Ok(()));
        prop_assert_eq!(&text, &serde_json_canonicalizer::to_vec(&value).unwrap());
        prop_assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn one_changed_byte_is_refused_or_makes_another_canonical_text(
        value in values(), place: prop::sample::Index, byte: u8, cut: bool,
    ) {
        let mut text = json::to_canonical(&value).unwrap();
        let place = place.index(text.len());
        if cut { text.remove(place); } else { text[place] = byte; }
        if json::check(&text).is_ok() {
            let meant: Value = serde_json::from_slice(&text).unwrap();
            prop_assert_eq!(json::to_canonical(&meant).unwrap(), text);
        }
    }

    #[test]
    fn texts_in_a_small_alphabet_are_accepted_only_as_they_would_be_written(
        text in "[\\[\\]{}\",:0-1ae.\\\\ untrlfs-]{0,10}",
    ) {
        let meant = serde_json::from_str::<Value>(&text).ok().and_then(|value| json::to_canonical(&value).ok());
        prop_assert_eq!(json::check(text.as_bytes()).is_ok(), meant.as_deref() == Some(text.as_bytes()));
    }
}

#[test]
fn nesting_ends_at_32() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(json::check(nested(32).as_bytes()), Ok(()));
    assert_eq!(json::check(nested(33).as_bytes()).unwrap_err().kind, JsonErrorKind::Depth);
    let value = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }));
    assert!(json::to_canonical(&value(32)).is_ok());
    assert_eq!(json::to_canonical(&value(33)).unwrap_err().kind, JsonErrorKind::Depth);
}

#[test]
fn numbers_without_a_canonical_form_are_not_written() {
    for value in [json!(1.5), json!(1e3), json!(-0.0)] {
        assert_eq!(json::to_canonical(&value).unwrap_err().kind, JsonErrorKind::Fraction);
    }
    for value in
        [json!(9_007_199_254_740_992u64), json!(-9_007_199_254_740_992i64), json!(u64::MAX), json!(i64::MIN)]
    {
        assert_eq!(json::to_canonical(&value).unwrap_err().kind, JsonErrorKind::Range);
    }
}

#[test]
fn vectors_of_spellings() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let accepted = [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "9007199254740991",
        "-9007199254740991",
        "\"\"",
        "\"城防\"",
        "\"/\u{7f}\u{80}\u{2028}\"",
        r#""\"\\\b\t\n\f\r\u0000\u001f""#,
        "[]",
        "{}",
        r#"[1,"1",[],{}]"#,
        r#"{"":0,"A":1,"a":2,"aa":3}"#,
        "{\"\\n\":1,\" \":2}",
        "{\"\u{10000}\":1,\"\u{e000}\":2,\"\u{ffff}\":3}",
        &deep(32),
    ];
    let refused: [&[u8]; 45] = [
        b"",
        b" 1",
        b"1 ",
        b"1\n",
        b"1,",
        b"[1, 2]",
        b"[1,]",
        b"[,1]",
        b"[1",
        b"{\"a\":1",
        b"{\"a\" :1}",
        b"{\"a\":1,}",
        b"{a:1}",
        b"{\"b\":1,\"a\":2}",
        b"{\"a\":1,\"a\":2}",
        b"{\"\xee\x80\x80\":1,\"\xf0\x90\x80\x80\":2}",
        b"{\" \":1,\"\\n\":2}",
        b"{\"\\u0061\":1}",
        b"-0",
        b"-",
        b"+1",
        b"01",
        b"-01",
        b"1.0",
        b"1e2",
        b"1E2",
        b".5",
        b"9007199254740992",
        b"-9007199254740992",
        b"123456789012345678901234567890",
        b"NaN",
        b"nul",
        b"True",
        b"\"",
        b"\"\n\"",
        b"\"\\/\"",
        b"\"\\u000a\"",
        b"\"\\u001F\"",
        b"\"\\u0041\"",
        b"\"\\u007f\"",
        b"\"\\x\"",
        b"\"\\ud800\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xff\"",
        b"\xef\xbb\xbf1",
    ];
    let mut refusals: Vec<_> = refused
        .iter()
        .map(|text| {
            let error = json::check(text).unwrap_err();
            match std::str::from_utf8(text) {
                Ok(text) => json!({ "text": text, "at": error.at, "why": error.kind.to_string() }),
                Err(_) => json!({ "base64": proof::base64::encode(text), "at": error.at, "why": error.kind.to_string() }),
            }
        })
        .collect();
    let error = json::check(deep(33).as_bytes()).unwrap_err();
    refusals.push(json!({ "text": deep(33), "at": error.at, "why": error.kind.to_string() }));
    for text in accepted {
        assert_eq!(json::check(text.as_bytes()), Ok(()), "{text}");
    }
    expect_vectors("canonical.json", &json!({ "accepted": accepted, "refused": refusals }));
}
