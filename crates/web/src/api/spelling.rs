//! How what is sent is read: by the description, no more loosely and no more strictly.
//!
//! Source: JSON Schema 2020-12, validation §6.1.1.

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// A shape whose members come by name. A list of their values would pass for it otherwise.
pub(super) fn members<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    T::deserialize(ByName(from))
}

struct ByName<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ByName<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    /// One of several is a member with its name.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A whole number, however it is written: `2.0` is 2.
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let number = f64::deserialize(from)?;
    if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
        return Err(D::Error::custom(format!("{number} is no whole number from 0 to {}", u32::MAX)));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole and within the range"
    )]
    Ok(number as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, serde::Deserialize)]
    struct Ask {
        #[serde(deserialize_with = "whole")]
        seen: u32,
        #[serde(default, deserialize_with = "members")]
        inner: Inner,
    }

    #[derive(Debug, Default, PartialEq, Eq, serde::Deserialize)]
    struct Inner {
        one: Option<u8>,
    }

    fn read(text: &str) -> Result<Ask, serde_json::Error> {
        members(&mut serde_json::Deserializer::from_str(text))
    }

    #[test]
    fn members_come_by_name_at_every_depth() {
        let ask = Ask { seen: 2, inner: Inner { one: Some(1) } };
        assert_eq!(read(r#"{"seen": 2, "inner": {"one": 1}}"#).unwrap(), ask);
        for text in ["[2]", r#"{"seen": 2, "inner": [1]}"#, "2", "null", r#"{"seen": 2, "seen": 2}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for text in ["2", "2.0", "2e0", "20e-1"] {
            assert_eq!(read(&format!(r#"{{"seen": {text}}}"#)).unwrap().seen, 2, "{text}");
        }
        assert_eq!(read(r#"{"seen": -0.0}"#).unwrap().seen, 0);
        assert_eq!(read(r#"{"seen": 4294967295}"#).unwrap().seen, u32::MAX);
        for text in ["2.5", "-1", "4294967296", "1e300", "\"2\"", "null"] {
            assert!(read(&format!(r#"{{"seen": {text}}}"#)).is_err(), "{text}");
        }
    }
}
