//! base64 and base64url with one spelling for each run of bytes.
//!
//! Owns: the strict decoding every other module uses, the members of serialised types that are base64.
//! Never: accepts missing or inner padding, other alphabets, white space, or unused bits that are not zero.
//! Source: RFC 4648 §4 (with padding) and §5 (here without); `docs/format.md`, first part.

use data_encoding::{BASE64, BASE64URL_NOPAD};

/// base64 with padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// base64url without padding.
#[must_use]
pub fn encode_url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// The bytes that `text` spells; none where it is not their one spelling.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    // The decoder alone would take padding in the middle, as in joined texts.
    decoded_length(text)?;
    BASE64.decode(text.as_bytes()).ok()
}

/// The bytes that `text` spells in base64url; none where it is not their one spelling.
#[must_use]
pub fn decode_url(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

/// Exactly `N` bytes.
#[must_use]
pub fn decode_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

/// How many bytes `text` spells, without spelling them out; none where it is not the one spelling of any.
#[must_use]
pub fn decoded_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    let (digits, unused_bits, padding) = match bytes {
        [digits @ .., b'=', b'='] => (digits, 0x0f, 2),
        [digits @ .., b'='] => (digits, 0x03, 1),
        digits => (digits, 0, 0),
    };
    let mut seen = 0;
    for byte in digits {
        seen |= value(*byte);
    }
    let last = digits.last().map_or(0, |byte| value(*byte));
    (seen < 64 && last & unused_bits == 0).then_some(bytes.len() / 4 * 3 - padding)
}

fn value(digit: u8) -> u8 {
    VALUES.get(usize::from(digit)).copied().unwrap_or(0xff)
}

/// Value of each digit; `0xff` for what is none.
static VALUES: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [0xff; 256];
    let mut at = 0;
    while at < alphabet.len() {
        #[expect(
            clippy::indexing_slicing,
            reason = "evaluated by the compiler: a wrong place would not build"
        )]
        {
            values[alphabet[at] as usize] = at as u8;
        }
        at += 1;
    }
    values
};

/// Members of serialised types: `#[serde(with = "…")]`.
pub(crate) mod member {
    macro_rules! member {
        ($(#[$doc:meta])* $name:ident: $type:ty, $(<const $n:ident>,)? $what:literal,
         $encode:expr, $decode:expr) => {
            $(#[$doc])*
            pub(crate) mod $name {
                use serde::{Deserialize, Deserializer, Serializer, de};

                pub(crate) fn serialize<$(const $n: usize,)? S: Serializer>(
                    value: &$type,
                    to: S,
                ) -> Result<S::Ok, S::Error> {
                    to.serialize_str(&$encode(value))
                }

                pub(crate) fn deserialize<'de, $(const $n: usize,)? D: Deserializer<'de>>(
                    from: D,
                ) -> Result<$type, D::Error> {
                    let text = String::deserialize(from)?;
                    $decode(&text).ok_or_else(|| de::Error::custom(concat!("not ", $what)))
                }
            }
        };
    }

    member! {
        /// Bytes in base64.
        bytes: Vec<u8>, "base64",
        |value: &Vec<u8>| crate::base64::encode(value), |text: &str| crate::base64::decode(text)
    }
    member! {
        /// Bytes in base64url.
        url: Vec<u8>, "base64url",
        |value: &Vec<u8>| crate::base64::encode_url(value), |text: &str| crate::base64::decode_url(text)
    }
    member! {
        /// A fixed number of bytes in base64.
        array: [u8; N], <const N>, "base64 of the right length",
        |value: &[u8; N]| crate::base64::encode(value), |text: &str| crate::base64::decode_array(text)
    }
    member! {
        /// A hash in base64.
        hash: crate::hash::Hash, "base64 of 32 bytes",
        |value: &crate::hash::Hash| crate::base64::encode(value.as_bytes()),
        |text: &str| crate::base64::decode_array(text).map(crate::hash::Hash::from_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_run_of_bytes_goes_there_and_back(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes.clone()));
            prop_assert_eq!(decoded_length(&encode(&bytes)), Some(bytes.len()));
            prop_assert_eq!(decode_url(&encode_url(&bytes)), Some(bytes));
        }

        #[test]
        fn what_is_accepted_is_the_one_spelling(text in "[A-Za-z0-9+/=]{0,12}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            } else {
                prop_assert_eq!(decoded_length(&text), None);
            }
        }

        #[test]
        fn what_is_accepted_is_the_one_spelling_of_base64url(text in "[A-Za-z0-9_=-]{0,12}") {
            if let Some(bytes) = decode_url(&text) {
                prop_assert_eq!(encode_url(&bytes), text);
            }
        }
    }

    #[test]
    fn loose_spellings_are_refused() {
        for text in ["Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Z===", "====", "Zm-v", "AAA=AAAA"] {
            assert_eq!(decode(text), None, "{text}");
            assert_eq!(decoded_length(text), None, "{text}");
        }
        for text in ["Zg==", "Zh", "Zm+v"] {
            assert_eq!(decode_url(text), None, "{text}");
        }
    }
}
