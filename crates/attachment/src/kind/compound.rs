//! Office documents of before 2007, and new ones behind a password: files of files of Microsoft.
//!
//! The names of the files within stand uncompressed, in UTF-16, in entries of the directory of 128 bytes, so that they
//! can be sought without taking the file apart: a name that is there is found, and one that stands elsewhere by chance
//! only leads to a refusal.
//! Source: [MS-CFB] 2.6, [MS-OVBA] 2.2, [MS-OFFCRYPTO] 2.3.4.4.

use super::{Kind, Refused};

/// Bytes of an entry of the directory, and what it begins at a multiple of.
const ENTRY_BYTES: usize = 128;
/// Bytes of an entry that hold its name, in UTF-16.
const NAME_BYTES: usize = 64;

/// Why one may not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Macros(&'static str),
    Locked,
}

impl Wrong {
    pub(super) fn refused(self, name: &str) -> Refused {
        match self {
            Self::Macros(part) => Refused::Macros { name: name.to_owned(), part: part.to_owned() },
            Self::Locked => Refused::Locked { name: name.to_owned() },
        }
    }
}

pub(super) fn look(bytes: &[u8]) -> Result<Kind, Wrong> {
    for part in ["_VBA_PROJECT", "_VBA_PROJECT_CUR", "VBA", "Macros"] {
        if holds(bytes, part) {
            return Err(Wrong::Macros(part));
        }
    }
    if holds(bytes, "EncryptedPackage") {
        return Err(Wrong::Locked);
    }
    let kinds = [
        ("WordDocument", Kind::Doc),
        ("Workbook", Kind::Xls),
        ("Book", Kind::Xls),
        ("PowerPoint Document", Kind::Ppt),
    ];
    Ok(kinds.into_iter().find(|(name, _)| holds(bytes, name)).map_or(Kind::Unknown, |(_, kind)| kind))
}

/// Whether a file of this name is within. Letters count the same in both cases, as the format says.
fn holds(bytes: &[u8], name: &str) -> bool {
    let named = |entry: &[u8]| {
        let units = entry.get(..NAME_BYTES).unwrap_or_default().as_chunks::<2>().0;
        let found = units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0);
        char::decode_utf16(found)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER).to_ascii_lowercase())
            .eq(name.chars().map(|c| c.to_ascii_lowercase()))
    };
    bytes.chunks_exact(ENTRY_BYTES).any(named)
}
