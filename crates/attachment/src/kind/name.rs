//! What a file's name claims.
//!
//! Invariant: a name is one line, without a path, and reads for the eye as it reads for the machine.

use super::{Kind, Refused};

/// Most bytes of a name: what file systems take.
const MOST_BYTES: usize = 255;

/// Endings and what they claim, in lower case.
const ENDINGS: [(&str, Kind); 34] = [
    ("pdf", Kind::Pdf),
    ("png", Kind::Png),
    ("jpg", Kind::Jpeg),
    ("jpeg", Kind::Jpeg),
    ("gif", Kind::Gif),
    ("webp", Kind::Webp),
    ("heic", Kind::Heic),
    ("heif", Kind::Heic),
    ("tif", Kind::Tiff),
    ("tiff", Kind::Tiff),
    ("docx", Kind::Docx),
    ("xlsx", Kind::Xlsx),
    ("pptx", Kind::Pptx),
    ("odt", Kind::Odt),
    ("ods", Kind::Ods),
    ("odp", Kind::Odp),
    ("doc", Kind::Doc),
    ("xls", Kind::Xls),
    ("ppt", Kind::Ppt),
    ("txt", Kind::Txt),
    ("text", Kind::Txt),
    ("log", Kind::Txt),
    ("md", Kind::Txt),
    ("csv", Kind::Csv),
    ("tsv", Kind::Csv),
    ("html", Kind::Html),
    ("htm", Kind::Html),
    ("zip", Kind::Zip),
    ("exe", Kind::Program),
    ("dll", Kind::Program),
    ("sys", Kind::Program),
    ("scr", Kind::Program),
    ("so", Kind::Program),
    ("elf", Kind::Program),
];

pub(super) fn check(name: &str) -> Result<(), Refused> {
    let misleads = |c: char| c.is_control() || matches!(c, '/' | '\\') || is_unseen(c);
    let bad = name.is_empty() || name.len() > MOST_BYTES || name.chars().any(misleads);
    // Windows drops dots and spaces at the end.
    if bad || name.trim() != name || name.ends_with('.') {
        return Err(Refused::Name { name: shown(name) });
    }
    Ok(())
}

pub(super) fn claimed(name: &str) -> Option<Kind> {
    let (_, ending) = name.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind)
}

/// What turns the direction of writing or takes no room, so that `fdp.exe` reads as `exe.pdf`.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{61C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// The name, short and with nothing in it that could mislead again.
fn shown(name: &str) -> String {
    name.chars().take(80).map(|c| if c.is_control() || is_unseen(c) { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_known_in_any_case_and_once() {
        assert_eq!(claimed("公文.PDF"), Some(Kind::Pdf));
        assert_eq!(claimed("a.pdf.exe"), Some(Kind::Program));
        assert_eq!(claimed("a.b"), None);
        assert_eq!(claimed("pdf"), None);
        let mut endings: Vec<_> = ENDINGS.iter().map(|(ending, _)| *ending).collect();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!(endings.len(), ENDINGS.len());
        for kind in Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::Unknown | Kind::Program)) {
            assert_eq!(claimed(&format!("a.{}", kind.name())), Some(kind));
        }
    }

    #[test]
    fn names_that_mislead_are_refused() {
        for name in ["公文 第1號.pdf", "a", ".profile", "é.txt", "a..b"] {
            assert!(check(name).is_ok(), "{name}");
        }
        let long = "長".repeat(86);
        for name in [
            "",
            ".",
            "..",
            "a.exe.",
            "a/b",
            "a\\b",
            "a\nb",
            "a\0",
            "exe\u{202E}fdp.exe",
            "a\u{200B}.pdf",
            " a",
            "a ",
            &long,
        ] {
            let refused = check(name).unwrap_err();
            assert!(!refused.told().zh.contains(['\u{202E}', '\n', '\0']), "{name:?}");
        }
    }
}
