//! The little of CBOR that a registration holds.
//!
//! Invariant: what does not read as what is expected is refused; nothing is read beyond a fixed depth.
//! Source: RFC 8949; WebAuthn Level 3 §6.5.4 (attestation objects), §6.5.1.1 (COSE keys).

use ciborium::Value;

/// Deepest nesting.
const DEPTH: usize = 16;

/// The first item in the bytes, with what follows it.
pub(crate) fn first(mut bytes: &[u8]) -> Option<(Value, &[u8])> {
    let value = ciborium::de::from_reader_with_recursion_limit(&mut bytes, DEPTH).ok()?;
    Some((value, bytes))
}

/// The item that the bytes are, and nothing beside it.
pub(crate) fn whole(bytes: &[u8]) -> Option<Value> {
    first(bytes).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

/// The bytes under a name in a map; none where the name stands twice.
pub(crate) fn named_bytes<'v>(map: &'v Value, name: &str) -> Option<&'v [u8]> {
    only(map, |key| key.as_text() == Some(name))?.as_bytes().map(Vec::as_slice)
}

/// What stands under a number in a map; none where the number stands twice.
pub(crate) fn numbered(map: &Value, number: i64) -> Option<&Value> {
    only(map, |key| key.as_integer() == Some(number.into()))
}

/// A whole number.
pub(crate) fn whole_number(value: &Value) -> Option<i64> {
    i64::try_from(value.as_integer()?).ok()
}

fn only(map: &Value, is: impl Fn(&Value) -> bool) -> Option<&Value> {
    let mut found = map.as_map()?.iter().filter(|(key, _)| is(key)).map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_once_and_nothing_follows() {
        // {"a": h'01', 3: -7}
        let bytes = [0xa2, 0x61, b'a', 0x41, 0x01, 0x03, 0x26];
        let map = whole(&bytes).unwrap();
        assert_eq!(named_bytes(&map, "a"), Some([1].as_slice()));
        assert_eq!(numbered(&map, 3).and_then(whole_number), Some(-7));
        assert_eq!(named_bytes(&map, "b"), None);
        assert!(whole(&[bytes.as_slice(), &[0]].concat()).is_none());
        // {"a": h'01', "a": h'02'}
        let twice = whole(&[0xa2, 0x61, b'a', 0x41, 0x01, 0x61, b'a', 0x41, 0x02]).unwrap();
        assert_eq!(named_bytes(&twice, "a"), None);
    }

    #[test]
    fn depth_and_lengths_that_are_not_there_are_refused() {
        assert!(whole(&[0x81; 100]).is_none());
        assert!(whole(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).is_none());
        assert!(whole(&[0x9b, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).is_none());
    }
}
