//! What bytes are, without regard to a name.
//!
//! Signatures as the formats' own specifications give them, at the very beginning of the file: a file that is one thing
//! to one program and another to the next begins with what it is taken for here.

use super::Kind;
use crate::encoding;

/// What was seen at first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// A ZIP file: an archive or an office document.
    Package,
    /// A file of files of Microsoft, [MS-CFB]: an old office document, or one behind a password.
    Compound,
    /// Text throughout; `html` when it begins as web pages do.
    Text { html: bool },
    /// Something that is known by its first bytes, or is not known.
    Kind(Kind),
}

/// First bytes, and what they are.
const SIGNATURES: [(&[u8], Content); 21] = [
    (b"%PDF-", Content::Kind(Kind::Pdf)),
    (b"\x89PNG\r\n\x1a\n", Content::Kind(Kind::Png)),
    (b"\xFF\xD8\xFF", Content::Kind(Kind::Jpeg)),
    (b"GIF87a", Content::Kind(Kind::Gif)),
    (b"GIF89a", Content::Kind(Kind::Gif)),
    (b"II*\0", Content::Kind(Kind::Tiff)),
    (b"MM\0*", Content::Kind(Kind::Tiff)),
    (b"PK\x03\x04", Content::Package),
    (b"PK\x05\x06", Content::Package),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Content::Compound),
    (b"MZ", Content::Kind(Kind::Program)),
    (b"\x7FELF", Content::Kind(Kind::Program)),
    (b"\xFE\xED\xFA\xCE", Content::Kind(Kind::Program)),
    (b"\xFE\xED\xFA\xCF", Content::Kind(Kind::Program)),
    (b"\xCE\xFA\xED\xFE", Content::Kind(Kind::Program)),
    (b"\xCF\xFA\xED\xFE", Content::Kind(Kind::Program)),
    (b"\xCA\xFE\xBA\xBE", Content::Kind(Kind::Program)),
    (b"\0asm", Content::Kind(Kind::Program)),
    (b"dex\n", Content::Kind(Kind::Program)),
    // A shortcut of Windows starts a program.
    (b"L\0\0\0\x01\x14\x02\0", Content::Kind(Kind::Program)),
    (b"!<arch>\n", Content::Kind(Kind::Program)),
];

/// How web pages begin: WHATWG MIME Sniffing §7.1.
const HTML: [&str; 17] = [
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<!--",
];

/// Looks at the bytes.
pub(super) fn look(bytes: &[u8]) -> Content {
    let by_signature = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature));
    // `MZ` may also begin a text; a program has its control characters.
    let program = Content::Kind(Kind::Program);
    match by_signature {
        Some((_, content)) if *content != program => *content,
        by_signature => match (encoding::decode(bytes), by_signature) {
            (Some(text), _) => Content::Text { html: is_html(&text) },
            (None, Some(_)) => program,
            (None, None) => Content::Kind(container(bytes)),
        },
    }
}

/// Kinds whose signature does not stand at the beginning.
fn container(bytes: &[u8]) -> Kind {
    let at =
        |from: usize, signature: &[u8]| bytes.get(from..).is_some_and(|rest| rest.starts_with(signature));
    let brands: [&[u8]; 6] = [b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"];
    if at(0, b"RIFF") && at(8, b"WEBP") {
        Kind::Webp
    } else if at(4, b"ftyp") && brands.iter().any(|brand| at(8, brand)) {
        Kind::Heic
    } else {
        Kind::Unknown
    }
}

fn is_html(text: &str) -> bool {
    let begin: String = text.trim_start().chars().take(20).collect::<String>().to_ascii_lowercase();
    HTML.iter().any(|tag| {
        begin.strip_prefix(tag).is_some_and(|rest| {
            let next = rest.chars().next();
            *tag == "<!--" || next.is_none_or(|c| c == '>' || c.is_whitespace())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_known_for_what_they_are() {
        let kind = Content::Kind;
        let cases: [(&[u8], Content); 16] = [
            (b"%PDF-1.7\n\xE2\xE3", kind(Kind::Pdf)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", kind(Kind::Png)),
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF", kind(Kind::Jpeg)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", kind(Kind::Webp)),
            (b"\0\0\0\x18ftypheic\0\0", kind(Kind::Heic)),
            (b"\0\0\0\x18ftypmp42\0\0", kind(Kind::Unknown)),
            (b"MZ\x90\0\x03", kind(Kind::Program)),
            (b"MZ is a county", Content::Text { html: false }),
            (b"\x7FELF\x02\x01\x01\0", kind(Kind::Program)),
            (b"#!/bin/sh\n", Content::Text { html: false }),
            (b"  <!DOCTYPE html>\n", Content::Text { html: true }),
            (b"<HTML><body>", Content::Text { html: true }),
            (b"<abc> is a tag", Content::Text { html: false }),
            (b"<?xml version='1.0'?>", Content::Text { html: false }),
            (b"", Content::Text { html: false }),
            (b"\x01\x02\x03", kind(Kind::Unknown)),
        ];
        for (bytes, content) in cases {
            assert_eq!(look(bytes), content, "{bytes:?}");
        }
    }
}
