//! Writing a bundle, in memory and in its one order.
//!
//! Invariant: what [`BundleBuilder::build`] gives has passed [`Bundle::parse`]; whether it proves anything is for
//! [`Bundle::check`].
//! Source: `docs/format.md` §8.3.

use super::{Bundle, BundleError, Kind, Line, TITLE};
use crate::hash::Hash;
use crate::tile::put_entry;
use data_encoding::HEXLOWER;
use std::collections::BTreeMap;

/// Collects sections in any order.
#[derive(Debug, Clone)]
pub struct BundleBuilder {
    sections: BTreeMap<(Kind, u64, u64, Option<Hash>), Vec<u8>>,
}

impl BundleBuilder {
    /// A bundle under this head, a checkpoint with its cosignatures.
    #[must_use]
    pub fn new(head: &[u8]) -> Self {
        Self { sections: BTreeMap::from([((Kind::Head, 0, 0, None), head.to_vec())]) }
    }

    /// Adds the entries from number `first` on, with their range proof. Entries that touch go together.
    #[must_use]
    pub fn entries<E: AsRef<[u8]>>(mut self, first: u64, entries: &[E], proof: &[Hash]) -> Self {
        let mut framed = Vec::new();
        for entry in entries {
            put_entry(&mut framed, entry.as_ref());
        }
        self.put(Kind::Entries, first, 0, None, framed);
        self.put(Kind::Range, first, 0, None, joined(proof));
        self
    }

    /// Adds what was under the seal of entry `number`.
    #[must_use]
    pub fn opened(mut self, number: u64, plaintext: &[u8]) -> Self {
        self.put(Kind::Opened, number, 0, None, plaintext.to_vec());
        self
    }

    /// Adds lines from position `first` on of the batch whose root entry `number` holds, with their range proof.
    #[must_use]
    pub fn lines(mut self, number: u64, first: u64, lines: &[Line<'_>], proof: &[Hash]) -> Self {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        let mut content = count(lines.len()).to_vec();
        for line in lines {
            content.extend_from_slice(&count(line.record.len()));
            content.extend_from_slice(line.salt);
            content.extend_from_slice(line.record);
        }
        content.extend_from_slice(&joined(proof));
        self.put(Kind::Lines, number, first, None, content);
        self
    }

    /// Adds a file that an entry speaks of by its digest.
    #[must_use]
    pub fn attachment(mut self, bytes: &[u8]) -> Self {
        self.put(Kind::Attachment, 0, 0, Some(Hash::of(&[bytes])), bytes.to_vec());
        self
    }

    /// The bytes of the bundle.
    ///
    /// # Errors
    /// As [`Bundle::parse`]: what was added has not the form of a bundle.
    pub fn build(self) -> Result<Vec<u8>, BundleError> {
        let mut bytes = format!("{TITLE}\n").into_bytes();
        let count = self.sections.len();
        for ((kind, number, first, digest), content) in self.sections {
            let arguments = match (kind, digest) {
                (Kind::Head, _) => String::new(),
                (Kind::Lines, _) => format!(" {number} {first}"),
                (_, Some(digest)) => format!(" {}", HEXLOWER.encode(digest.as_bytes())),
                (_, None) => format!(" {number}"),
            };
            bytes.extend_from_slice(format!("{} {}{arguments}\n", kind.word(), content.len()).as_bytes());
            bytes.extend_from_slice(&content);
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(format!("end {count}\n").as_bytes());
        Bundle::parse(&bytes)?;
        Ok(bytes)
    }

    fn put(&mut self, kind: Kind, number: u64, first: u64, digest: Option<Hash>, content: Vec<u8>) {
        self.sections.insert((kind, number, first, digest), content);
    }
}

fn joined(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}
