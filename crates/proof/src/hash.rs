//! Hashes of the Merkle tree: leaves, nodes, the empty tree.
//!
//! Source: RFC 6962 §2.1; `docs/format.md` §4.

use crate::base64;
use sha2::{Digest, Sha256};

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

/// The text is not base64 of 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a hash: base64 of 32 bytes is asked for")]
pub struct HashError(pub String);

impl Hash {
    /// Bytes of a hash.
    pub const LENGTH: usize = 32;

    /// From its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From a slice of exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// SHA-256 of the parts, joined.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// Root of the tree without leaves: SHA-256 of nothing.
    #[must_use]
    pub fn of_empty_tree() -> Self {
        Self::of(&[])
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&base64::encode(&self.0))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        base64::decode_array(text).map(Self).ok_or_else(|| HashError(text.chars().take(64).collect()))
    }
}

/// Hash of a leaf: SHA-256(0x00 ‖ data).
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    Hash::of(&[&[0], data])
}

/// Hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut data = [1u8; 65];
    let (head, second) = data.split_at_mut(33);
    if let Some(first) = head.get_mut(1..) {
        first.copy_from_slice(&left.0);
    }
    second.copy_from_slice(&right.0);
    Hash::of(&[&data])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_spelling() {
        let text = Hash::of_empty_tree().to_string();
        assert_eq!(text.parse::<Hash>(), Ok(Hash::of_empty_tree()));
        for bad in [
            text.trim_end_matches('=').to_owned(),
            text.replace("U=", "V="),
            format!("AAA={}", &text[4..]),
            format!("{text}\n"),
            String::new(),
        ] {
            assert!(bad.parse::<Hash>().is_err(), "{bad}");
        }
    }
}
