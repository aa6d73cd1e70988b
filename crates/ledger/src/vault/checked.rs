//! Small files that carry their own checksum: one object of canonical JSON with a member `check`.
//!
//! `check` is base64 of SHA-256 of the canonical JSON of the object without it.
//! Invariant: what is read is spelled exactly as it would be written, so that each changed byte is found.
//! Guards against accident only; whoever can write the file can write its checksum.

use proof::hash::Hash;
use proof::{base64, json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A fixed number of bytes, spelled in base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Base64<const N: usize>(pub [u8; N]);

/// Why a text is not such an object. It says what is wrong, not where: the caller knows the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CheckedError(pub(crate) String);

impl<const N: usize> TryFrom<String> for Base64<N> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        base64::decode_array(&text).map(Self).ok_or_else(|| format!("not base64 of {N} bytes"))
    }
}

impl<const N: usize> From<Base64<N>> for String {
    fn from(bytes: Base64<N>) -> Self {
        base64::encode(&bytes.0)
    }
}

/// The text of `value` with its checksum.
pub(crate) fn write<T: Serialize>(value: &T) -> Vec<u8> {
    let mut members = members(value);
    let check = checksum(&members);
    members.insert("check".to_owned(), Value::String(check));
    canonical(&Value::Object(members))
}

/// Reads what [`write`] wrote.
pub(crate) fn read<T: Serialize + DeserializeOwned>(text: &[u8]) -> Result<T, CheckedError> {
    json::check(text).map_err(|error| CheckedError(format!("not canonical JSON: {error}")))?;
    let mut members: Map<String, Value> =
        serde_json::from_slice(text).map_err(|_| CheckedError("not a JSON object".to_owned()))?;
    let stated = members.remove("check").ok_or_else(|| CheckedError("no member `check`".to_owned()))?;
    if stated != Value::String(checksum(&members)) {
        return Err(CheckedError("its checksum does not match".to_owned()));
    }
    let value: T =
        serde_json::from_value(Value::Object(members)).map_err(|error| CheckedError(error.to_string()))?;
    if write(&value) == text { Ok(value) } else { Err(CheckedError("a member is unknown".to_owned())) }
}

/// The canonical JSON of `value` without the members `names`: what a seal inside the object binds.
pub(crate) fn without<T: Serialize>(value: &T, names: &[&str]) -> Vec<u8> {
    let mut members = members(value);
    members.retain(|name, _| !names.contains(&name.as_str()));
    canonical(&Value::Object(members))
}

fn members<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn checksum(members: &Map<String, Value>) -> String {
    Hash::of(&[&canonical(&Value::Object(members.clone()))]).to_string()
}

#[expect(
    clippy::expect_used,
    reason = "the types written here hold texts, 32-bit integers and objects of them; all have a canonical form"
)]
fn canonical(value: &Value) -> Vec<u8> {
    json::to_canonical(value).expect("a canonical form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
        salt: Base64<4>,
    }

    fn sample() -> Sample {
        Sample { name: "金鑰".to_owned(), salt: Base64([1, 2, 3, 4]) }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read::<Sample>(&write(&sample())).unwrap(), sample());
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let text = write(&sample());
        for at in 0..text.len() * 8 {
            let mut text = text.clone();
            text[at / 8] ^= 1 << (at % 8);
            assert!(read::<Sample>(&text).is_err(), "bit {at}");
        }
    }

    #[test]
    fn an_unknown_member_is_refused_though_its_checksum_is_right() {
        #[derive(Serialize)]
        struct More {
            more: u8,
            name: &'static str,
            salt: Base64<4>,
        }
        let text = write(&More { more: 1, name: "", salt: Base64([0; 4]) });
        assert!(read::<Sample>(&text).is_err());
    }

    #[test]
    fn what_a_seal_binds_leaves_out_the_named_members() {
        assert_eq!(without(&sample(), &["salt"]), r#"{"name":"金鑰"}"#.as_bytes());
    }
}
