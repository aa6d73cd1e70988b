//! Forms of the short texts in an entry: words, kinds, forms with versions, lines, identifiers.
//!
//! Owns: whether a text has the form. Never: allocates, since every entry passes here when a ledger is verified.
//! Source: `docs/format.md` §2.

use model::Instant;

/// A word: `a-z 0-9 -`, beginning with a letter, at most 64 bytes.
#[must_use]
pub fn is_word(text: &str) -> bool {
    text.len() <= 64 && matches!(text.as_bytes(), [b'a'..=b'z', rest @ ..] if all(rest, continues))
}

/// A line that names something: 1 to 128 bytes, no control character, no `"`, no `\`.
#[must_use]
pub fn is_line(text: &str) -> bool {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f;
    (1..=128).contains(&text.len())
        && all(text.as_bytes(), plain)
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
    let Ok(code): Result<&[u8; 26], _> = code.try_into() else { return false };
    // 26 characters hold 130 bits; the last two of the last one must be zero: a, e, i, …, y, 4.
    let [.., last] = code;
    matches!(last, b'a' | b'e' | b'i' | b'm' | b'q' | b'u' | b'y' | b'4')
        && all(code, |byte| byte.wrapping_sub(b'a') < 26 || byte.wrapping_sub(b'2') < 6)
}

/// The moment that a text of 27 characters spells. `model` reads the same; this one is made for millions.
pub(crate) fn moment(text: &str) -> Option<Instant> {
    let text: &[u8; 27] = text.as_bytes().try_into().ok()?;
    let mut digits = *text;
    for (place, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')] {
        let byte = digits.get_mut(place)?;
        if *byte != mark {
            return None;
        }
        *byte = b'0';
    }
    if !all(&digits, |byte| byte.wrapping_sub(b'0') < 10) {
        return None;
    }
    let number = |from: usize, to: usize| {
        digits
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (before, length) = *MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    let length = length + i64::from(leap && month == 2);
    if year < 1970 || day < 1 || day > length || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let leap_days = |year: i64| year / 4 - year / 100 + year / 400;
    let days = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969) + before + day - 1
        + i64::from(leap && month > 2);
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Instant::from_micros(seconds * 1_000_000 + number(20, 26)).ok()
}

/// Days before each month and in it, in a year without a leap day.
const MONTHS: [(i64, i64); 12] = [
    (0, 31),
    (31, 28),
    (59, 31),
    (90, 30),
    (120, 31),
    (151, 30),
    (181, 31),
    (212, 31),
    (243, 30),
    (273, 31),
    (304, 30),
    (334, 31),
];

/// Whether all bytes fit, looking at each: without an early end the compiler takes many at once.
#[inline]
fn all(bytes: &[u8], fits: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |so_far, byte| so_far & fits(*byte))
}

fn is_name(text: &str) -> bool {
    let mut begins = true;
    for byte in text.bytes() {
        begins = match (begins, byte) {
            (true, b'a'..=b'z') => false,
            (true, _) => return false,
            (false, b'.') => true,
            (false, byte) if continues(byte) => false,
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

fn continues(byte: u8) -> bool {
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

    #[test]
    fn every_day_of_common_and_leap_years_and_the_days_that_are_none() {
        for year in [1969, 1970, 1972, 2000, 2023, 2024, 2096, 2100, 2400, 9999] {
            for (month, day) in (0..14).flat_map(|month| (0..33).map(move |day| (month, day))) {
                let text = format!("{year}-{month:02}-{day:02}T23:59:59.999999Z");
                assert_eq!(moment(&text), text.parse().ok(), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn moments_are_those_the_model_parses(
            micros in 0i64..253_402_300_800_000_000, place in 0usize..27, with in "[0-9TZ:.-]",
        ) {
            let instant = Instant::from_micros(micros).unwrap();
            let mut text = instant.to_string();
            prop_assert_eq!(moment(&text), Some(instant));
            text.replace_range(place..=place, &with);
            prop_assert_eq!(moment(&text), text.parse().ok());
        }

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
