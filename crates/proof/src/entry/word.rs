//! Forms of the short texts in an entry: words, kinds, forms with versions, lines, identifiers.
//!
//! Owns: whether a text has the form. Never: allocates, since every entry passes here when a ledger is verified.
//! Source: `docs/format.md` §2.

/// A word: `a-z 0-9 -`, beginning with a letter, at most 64 bytes.
#[must_use]
pub fn is_word(text: &str) -> bool {
    text.len() <= 64 && matches!(text.as_bytes(), [b'a'..=b'z', rest @ ..] if rest.iter().all(continues))
}

/// A line that names something: 1 to 128 bytes, no control character, no `"`, no `\`.
#[must_use]
pub fn is_line(text: &str) -> bool {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f;
    // The control characters beyond ASCII, U+0080 to U+009F, begin with 0xC2.
    (1..=128).contains(&text.len())
        && text.bytes().all(plain)
        && (text.is_ascii() || !text.chars().any(char::is_control))
}

/// Name and version: words joined by `.`, `/`, a version; at most 64 bytes.
#[must_use]
pub fn is_name_version(text: &str) -> bool {
    text.len() <= 64
        && text.split_once('/').is_some_and(|(name, version)| is_name(name) && is_version(version))
}

/// A kind: as [`is_name_version`], the version being optional.
pub(crate) fn is_kind(text: &str) -> bool {
    text.len() <= 64
        && match text.split_once('/') {
            Some((name, version)) => is_name(name) && is_version(version),
            None => is_name(text),
        }
}

/// An identifier: prefix and 26 characters of lower-case base32 whose two unused bits are zero.
pub(crate) fn is_id(text: &str, prefix: &str) -> bool {
    let Some(code) = text.as_bytes().strip_prefix(prefix.as_bytes()) else { return false };
    // 26 characters hold 130 bits; the last two of the last one must be zero: a, e, i, …, y, 4.
    let last = matches!(code.last(), Some(b'a' | b'e' | b'i' | b'm' | b'q' | b'u' | b'y' | b'4'));
    code.len() == 26 && last && code.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
}

fn is_name(text: &str) -> bool {
    let mut begins = true;
    for byte in text.bytes() {
        begins = match (begins, byte) {
            (true, b'a'..=b'z') => false,
            (true, _) => return false,
            (false, b'.') => true,
            (false, byte) if continues(&byte) => false,
            _ => return false,
        };
    }
    !begins
}

/// 1 to 999,999,999, without leading zero.
fn is_version(text: &str) -> bool {
    text.len() <= 9
        && matches!(text.as_bytes(), [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit))
}

fn continues(byte: &u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::PersonId;
    use proptest::prelude::*;

    #[test]
    fn kinds_are_words_joined_by_dots_with_an_optional_version() {
        for kind in ["a", "fault.reported", "lines.batch/2", "a-1.b", "ledger.key-changed/999999999"] {
            assert!(is_kind(kind), "{kind}");
        }
        for kind in
            ["", ".", "a.", ".a", "a..b", "1a", "a.-b", "A", "a/0", "a/01", "a/", "a/1/2", "a/x", "a b", "é"]
        {
            assert!(!is_kind(kind), "{kind}");
        }
        assert!(is_kind(&"k".repeat(64)) && !is_kind(&"k".repeat(65)));
        assert!(is_name_version("fault/3") && !is_name_version("fault"));
    }

    #[test]
    fn lines_hold_no_control_character_of_any_plane() {
        for line in ["x", "機房 3 號", "fw-01/port 7", &"x".repeat(128)] {
            assert!(is_line(line), "{line}");
        }
        for line in ["", "a\u{7f}", "a\u{85}", "a\nb", "a\"b", "a\\b", &"x".repeat(129)] {
            assert!(!is_line(line), "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn identifiers_are_those_the_model_parses(
            bytes: [u8; 16], place in 0usize..28, with in "[a-z2-7A-Z_189]",
        ) {
            let mut text = PersonId::from_bytes(bytes).to_string();
            prop_assert!(is_id(&text, "p_"));
            text.replace_range(place..=place, &with);
            prop_assert_eq!(is_id(&text, "p_"), text.parse::<PersonId>().is_ok());
        }
    }
}
