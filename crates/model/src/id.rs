//! Identifiers: one type an entity, 16 random bytes behind a prefix.
//!
//! The text form is that of `docs/format.md` §2: prefix, then 26 characters of lower-case base32.
//! An identifier says nothing about what it names; it is never reused.
//! Reading and writing one allocates nothing: millions are read when tables are made anew.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an identifier: {prefix} and 26 characters of lower-case base32 are asked for")]
pub struct IdError {
    /// The text that was offered.
    pub text: String,
    /// The prefix of the type that was asked for.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What every text form starts with.
            pub const PREFIX: &'static str = $prefix;

            /// From 16 random bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($prefix)?;
                f.write_str(std::str::from_utf8(&spelled(self.0)).unwrap_or_default())
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text, $prefix).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str(Reading($prefix)).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    )*};
}

ids! {
    /// A key that seals bodies; it lives in the vault.
    DataKeyId = "k_",
    /// A person, for life.
    PersonId = "p_",
    /// A record of a register.
    RecordId = "r_",
    /// One log-on.
    SessionId = "s_",
    /// A registered terminal.
    TerminalId = "t_",
    /// A token of an application.
    TokenId = "a_",
    /// An organisational unit.
    UnitId = "u_",
}

/// Reads an identifier with this prefix.
struct Reading(&'static str);

impl Visitor<'_> for Reading {
    type Value = [u8; 16];

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an identifier {}…", self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<[u8; 16], E> {
        parse(text, self.0).map_err(E::custom)
    }
}

fn parse(text: &str, prefix: &'static str) -> Result<[u8; 16], IdError> {
    let code = text.strip_prefix(prefix).and_then(|code| code.as_bytes().try_into().ok());
    code.and_then(meant).ok_or_else(|| IdError { text: text.chars().take(64).collect(), prefix })
}

/// Digits of a code: five bits each, so that the last two bits of 26 are not needed and must be zero.
const DIGITS: usize = 26;
const UNUSED_BITS: u32 = 2;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

fn spelled(bytes: [u8; 16]) -> [u8; DIGITS] {
    let number = u128::from_be_bytes(bytes);
    std::array::from_fn(|place| {
        let behind = 5 * (DIGITS - 1 - place) as u32;
        let digit = match behind.checked_sub(UNUSED_BITS) {
            Some(behind) => (number >> behind) & 31,
            None => (number << UNUSED_BITS) & 31,
        };
        ALPHABET.get(digit as usize).copied().unwrap_or_default()
    })
}

fn meant(code: &[u8; DIGITS]) -> Option<[u8; 16]> {
    let (last, front) = code.split_last()?;
    let digit = |byte: u8| match byte {
        b'a'..=b'z' => Some(u128::from(byte - b'a')),
        b'2'..=b'7' => Some(u128::from(byte - b'2') + 26),
        _ => None,
    };
    let mut number = 0;
    for byte in front {
        number = (number << 5) | digit(*byte)?;
    }
    let last = digit(*last)?;
    let unused = (1 << UNUSED_BITS) - 1;
    (last & unused == 0).then(|| ((number << (5 - UNUSED_BITS)) | (last >> UNUSED_BITS)).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_goes_there_and_back() {
        let id = PersonId::from_bytes([0xA5; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 28);
        assert_eq!(text.parse::<PersonId>().unwrap(), id);
    }

    #[test]
    fn the_code_is_base32_of_the_bytes() {
        for bytes in
            [[0; 16], [0xff; 16], *b"0123456789abcdef", std::array::from_fn(|at| (at * 37 + 5) as u8)]
        {
            let padded = data_encoding::BASE32.encode(&bytes).to_lowercase();
            let text = RecordId::from_bytes(bytes).to_string();
            assert_eq!(text, format!("r_{}", padded.trim_end_matches('=')));
            assert_eq!(text.parse::<RecordId>().unwrap().as_bytes(), &bytes);
            let json = serde_json::to_string(&RecordId::from_bytes(bytes)).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<RecordId>(&json).unwrap().as_bytes(), &bytes);
        }
    }

    #[test]
    fn other_prefixes_and_loose_spellings_are_refused() {
        let text = PersonId::from_bytes([7; 16]).to_string();
        assert!(text.replace("p_", "u_").parse::<PersonId>().is_err());
        assert!(text.to_uppercase().parse::<PersonId>().is_err());
        assert!(format!("{text}a").parse::<PersonId>().is_err());
        let mut unused_bits_set = text;
        unused_bits_set.pop();
        unused_bits_set.push('b');
        assert!(unused_bits_set.parse::<PersonId>().is_err());
    }
}
