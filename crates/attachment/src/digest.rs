//! The name of a file: SHA-256 of its stored bytes.
//!
//! Text form: 64 lower-case hexadecimal digits, one spelling. Source: `docs/format.md` §10.5.

use data_encoding::HEXLOWER;
use std::fmt;
use std::str::FromStr;

/// SHA-256 of the stored bytes of a file; of the sealed ones, where it is sealed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// The text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a digest: 64 lower-case hexadecimal digits are asked for")]
pub struct DigestError(pub String);

impl Digest {
    /// From its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Where the file stands in a data folder.
    #[must_use]
    pub fn path(&self) -> String {
        let name = self.to_string();
        let folder: String = name.chars().take(2).collect();
        format!("{FOLDER}/{folder}/{name}")
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| DigestError(text.chars().take(80).collect()))
    }
}

/// The folder of all files, below the data folder.
pub(crate) const FOLDER: &str = "attachments";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_one_text_form_and_one_place() {
        let digest = Digest::from_bytes([0xAB; 32]);
        let text = "ab".repeat(32);
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse::<Digest>().unwrap(), digest);
        assert_eq!(digest.path(), format!("attachments/ab/{text}"));
        for other in [text.to_uppercase(), text[1..].to_owned(), format!("{text}00"), String::new()] {
            assert!(other.parse::<Digest>().is_err(), "{other}");
        }
    }
}
