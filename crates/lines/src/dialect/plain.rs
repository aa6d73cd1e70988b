//! Texts as they were meant: what each dialect escapes, given back.
//!
//! What is escaped in a way that no dialect knows stays as it is.

use std::borrow::Cow;

/// Nothing is escaped.
pub(super) const fn none(text: &[u8]) -> Cow<'_, [u8]> {
    Cow::Borrowed(text)
}

/// Quotes behind backslashes; other backslashes are meant.
pub(super) fn quotes(text: &[u8]) -> Cow<'_, [u8]> {
    unescaped(text, b'\\', |rest, out| match rest {
        [b'"', ..] => put(out, b"\"", 1),
        _ => put(out, b"\\", 0),
    })
}

/// RFC 5424 §6.3.3.
pub(super) fn structured(text: &[u8]) -> Cow<'_, [u8]> {
    unescaped(text, b'\\', |rest, out| match rest {
        [byte @ (b'"' | b'\\' | b']'), ..] => put(out, &[*byte], 1),
        _ => put(out, b"\\", 0),
    })
}

/// Quotes written twice.
pub(super) fn doubled(text: &[u8]) -> Cow<'_, [u8]> {
    unescaped(text, b'"', |rest, out| put(out, b"\"", usize::from(rest.first() == Some(&b'"'))))
}

/// The common event format.
pub(super) fn cef(text: &[u8]) -> Cow<'_, [u8]> {
    unescaped(text, b'\\', |rest, out| match rest {
        [byte @ (b'=' | b'\\' | b'|'), ..] => put(out, &[*byte], 1),
        [b'n', ..] => put(out, b"\n", 1),
        [b'r', ..] => put(out, b"\r", 1),
        _ => put(out, b"\\", 0),
    })
}

/// RFC 8259 §7.
pub(super) fn json(text: &[u8]) -> Cow<'_, [u8]> {
    unescaped(text, b'\\', |rest, out| match rest {
        [byte @ (b'"' | b'\\' | b'/'), ..] => put(out, &[*byte], 1),
        [b'b', ..] => put(out, b"\x08", 1),
        [b'f', ..] => put(out, b"\x0c", 1),
        [b'n', ..] => put(out, b"\n", 1),
        [b'r', ..] => put(out, b"\r", 1),
        [b't', ..] => put(out, b"\t", 1),
        [b'u', ..] => match character(rest) {
            Some((character, length)) => put(out, character.encode_utf8(&mut [0; 4]).as_bytes(), length),
            None => put(out, b"\\", 0),
        },
        _ => put(out, b"\\", 0),
    })
}

/// JSON, or XML with its five entities.
pub(super) fn windows(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'&', text).is_none() {
        return json(text);
    }
    const ENTITIES: [(&[u8], &[u8]); 5] =
        [(b"amp;", b"&"), (b"lt;", b"<"), (b"gt;", b">"), (b"quot;", b"\""), (b"apos;", b"'")];
    unescaped(text, b'&', |rest, out| match ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity)) {
        Some((entity, meant)) => put(out, meant, entity.len()),
        None => put(out, b"&", 0),
    })
}

/// Walks to each sign of escaping; `meant` gets what follows it, puts what is meant and says how much it has used.
fn unescaped(text: &[u8], sign: u8, meant: impl Fn(&[u8], &mut Vec<u8>) -> usize) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(sign, text) else { return Cow::Borrowed(text) };
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut next) = (0, Some(first));
    while let Some(found) = next {
        out.extend_from_slice(text.get(at..at + found).unwrap_or_default());
        let behind = text.get(at + found + 1..).unwrap_or_default();
        at += found + 1 + meant(behind, &mut out);
        next = memchr::memchr(sign, text.get(at..).unwrap_or_default());
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

fn put(out: &mut Vec<u8>, bytes: &[u8], used: usize) -> usize {
    out.extend_from_slice(bytes);
    used
}

/// `uXXXX`, or two of them behind each other that make one character.
fn character(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 5)?.strip_prefix(b"u")?;
        digits.iter().try_fold(0u16, |sum, byte| Some(sum << 4 | (*byte as char).to_digit(16)? as u16))
    };
    let first = unit(0)?;
    let second = (text.get(5) == Some(&b'\\')).then(|| unit(6)).flatten();
    let mut characters = char::decode_utf16([first].into_iter().chain(second));
    let character = characters.next()?.ok()?;
    Some((character, if character.len_utf16() == 2 { 11 } else { 5 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_gives_back_what_it_escapes_and_nothing_else() {
        let of = |plain: fn(&[u8]) -> Cow<'_, [u8]>, text: &str| {
            String::from_utf8(plain(text.as_bytes()).into_owned()).unwrap()
        };
        assert_eq!(of(quotes, r#"a\"b \\srv\x\"#), r#"a"b \\srv\x\"#);
        assert_eq!(of(structured, r#"a\"b \\c\] \x"#), r#"a"b \c] \x"#);
        assert_eq!(of(doubled, r#"a""b"c"""#), r#"a"b"c""#);
        assert_eq!(of(cef, r"a\=b\\c\|d\ne\x"), "a=b\\c|d\ne\\x");
        assert_eq!(
            of(json, r#"\"\\\/\b\f\n\r\t\u738b\ud83d\ude00\ud83d x\uzzzz\q"#),
            "\"\\/\u{8}\u{c}\n\r\t王😀\\ud83d x\\uzzzz\\q"
        );
        assert_eq!(of(windows, "a&amp;b&lt;c&#1;"), "a&b<c&#1;");
        assert_eq!(of(windows, r"CORP\\lin"), r"CORP\lin");
        assert!(matches!(json(b"nothing"), Cow::Borrowed(_)));
    }
}
