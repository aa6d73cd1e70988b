//! Which characters a text file holds, decided by its bytes alone, so that the same file always reads the same.
//!
//! Order: what a byte order mark says (UTF-8, UTF-16); UTF-8, if all of it is; Big5, if all of it is. Nothing is
//! guessed from frequencies and nothing is replaced. Text holds no control characters but white space, and may end in
//! the end mark of old systems (U+001A).
//! Does not: know UTF-16 without a mark, or other national encodings. A file in one of those may read as wrong Big5,
//! which no rule without guessing can exclude.
//! Source: WHATWG Encoding Standard, index Big5 (with the Hong Kong characters).

use encoding_rs::{BIG5, Encoding, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

const UTF8_MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
const UTF16BE_MARK: [u8; 2] = [0xFE, 0xFF];
const UTF16LE_MARK: [u8; 2] = [0xFF, 0xFE];
const END_MARK: char = '\u{1A}';

/// The text in a file; none where it is no text.
pub(crate) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = characters(bytes)?;
    let content = text.strip_suffix(END_MARK).unwrap_or(&text);
    content.chars().all(is_text).then_some(text)
}

fn characters(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Some(rest) = bytes.strip_prefix(&UTF8_MARK) {
        return std::str::from_utf8(rest).ok().map(Cow::Borrowed);
    }
    for (mark, encoding) in [(UTF16BE_MARK, UTF_16BE), (UTF16LE_MARK, UTF_16LE)] {
        if let Some(rest) = bytes.strip_prefix(&mark) {
            return whole(encoding, rest);
        }
    }
    std::str::from_utf8(bytes).ok().map(Cow::Borrowed).or_else(|| whole(BIG5, bytes))
}

fn whole<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

fn is_text(character: char) -> bool {
    !character.is_control() || matches!(character, '\t' | '\n' | '\r' | '\u{0C}' | '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "城防：資訊安全,管理\r\n「第一條」 A-1";

    fn utf16(text: &str, mark: [u8; 2], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    }

    #[test]
    fn each_encoding_is_known_by_its_bytes() {
        let (big5, _, lost) = BIG5.encode(TEXT);
        assert!(!lost);
        for bytes in [
            TEXT.as_bytes().to_vec(),
            [&UTF8_MARK, TEXT.as_bytes()].concat(),
            utf16(TEXT, UTF16LE_MARK, u16::to_le_bytes),
            utf16(TEXT, UTF16BE_MARK, u16::to_be_bytes),
            big5.into_owned(),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Some(TEXT));
        }
        assert_eq!(decode(b"").as_deref(), Some(""));
    }

    #[test]
    fn what_is_not_all_text_is_none() {
        let half = &utf16(TEXT, UTF16LE_MARK, u16::to_le_bytes)[..15];
        for bytes in [
            b"a\0b".as_slice(),
            b"\x1bend",
            b"a\x1ab",
            &[0xEF, 0xBB, 0xBF, 0xFF],
            half,
            &[0xA4],
            &[0xB8, 0xEA, 0x80, 0x20],
            b"MZ\x90\x00",
            &[0xFF; 64],
        ] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
        assert!(decode(b"DOS\r\n\x1a").is_some());
    }
}
