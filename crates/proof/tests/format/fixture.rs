//! What the tests of several modules share: files of vectors, drafts.
//!
//! Never: draws randomness; every byte follows from the code, so that vectors come out the same.

use model::{Actor, Instant, Person, PersonId, SessionId, UnitId};
use proof::entry::{Body, Draft};
use serde_json::Value;
use std::path::PathBuf;

/// Compares `vectors` with the file of this name, or writes it when `UPDATE_EXPECT` is set.
pub(crate) fn expect_vectors(name: &str, vectors: &Value) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "vectors", name].iter().collect();
    // Whatever else is built beside, members come in the order of their names.
    let mut vectors = vectors.clone();
    vectors.sort_all_objects();
    let mut text = serde_json::to_string_pretty(&vectors).unwrap();
    text.push('\n');
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "vectors are written on demand, not durably")]
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{} differs; UPDATE_EXPECT=1 writes it anew", path.display());
}

/// The error and everything behind it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

pub(crate) fn time() -> Instant {
    "2026-11-23T01:02:03.456789Z".parse().unwrap()
}

pub(crate) fn person(number: u8) -> PersonId {
    PersonId::from_bytes([number; 16])
}

pub(crate) fn unit() -> UnitId {
    UnitId::from_bytes([0x55; 16])
}

/// Somebody at work, for herself.
pub(crate) fn actor(number: u8) -> Actor {
    Actor::Person(Person {
        acting_for: None,
        person: person(number),
        role: "network-administrator".to_owned(),
        session: Some(SessionId::from_bytes([0x33; 16])),
        terminal: None,
        unit: unit(),
    })
}

/// A clear entry of this body.
pub(crate) fn draft(kind: &str, subject: &str, value: Value) -> Draft {
    Draft {
        actor: actor(1),
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        unit: Some(unit()),
        form: Some("fault/3".to_owned()),
        body: Body::Clear { value, salt: Some([0x11; 16]) },
        signature: None,
    }
}
