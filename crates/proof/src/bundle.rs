//! Bundles: one file with all an auditor needs to judge some entries, checked with a policy and nothing else.
//!
//! Owns: the sections of a bundle, their order, what each must prove, the verdict.
//! Invariant: a [`Verdict`] exists only when every section of the bundle was proven; what could not be known from
//! the bundle alone stands in its limits.
//! Never: opens a file, reads the time, fetches what is missing.
//! Source: `docs/format.md` §8.3 to §8.5.

mod build;
mod check;
mod read;
mod verdict;

use crate::entry::{Entry, EntryError};
use crate::hash::Hash;
use crate::policy::PolicyError;
use crate::seal::{Opened, SealError};
use crate::signature::SignatureError;
use crate::tree::TreeError;
use std::collections::BTreeMap;

pub use build::BundleBuilder;
pub use verdict::{
    AttachmentVerdict, BodyVerdict, Cosignature, EntryVerdict, Limit, LinesVerdict, SignatureStanding,
    SignatureVerdict, Verdict,
};

/// A bundle that has the form of one; nothing in it is believed yet.
#[derive(Debug)]
pub struct Bundle<'a> {
    head: &'a [u8],
    ranges: Vec<Range<'a>>,
    opened: BTreeMap<u64, Opened>,
    lines: Vec<Lines<'a>>,
    attachments: Vec<Attachment<'a>>,
}

/// Entries that follow one another, with their proof.
#[derive(Debug)]
struct Range<'a> {
    first: u64,
    entries: Vec<Entry<'a>>,
    proof: Vec<Hash>,
}

/// Lines that follow one another in a batch, with their proof.
#[derive(Debug)]
pub struct Lines<'a> {
    number: u64,
    first: u64,
    lines: Vec<Line<'a>>,
    proof: Vec<Hash>,
}

/// A line of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Keeps the leaf from being guessed at.
    pub salt: &'a [u8; 16],
    /// The record.
    pub record: &'a [u8],
}

/// A file that an entry speaks of.
#[derive(Debug, Clone, Copy)]
pub struct Attachment<'a> {
    /// Its SHA-256, as its section says.
    pub digest: Hash,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The bytes do not have the form of a bundle.
    #[error("byte {at} of the bundle: expected {what}")]
    Form {
        /// The byte, from 0.
        at: usize,
        /// What should stand there.
        what: &'static str,
    },
    /// Something in the bundle is not an entry.
    #[error("entry {number} of the bundle is none")]
    Entry {
        /// Its number.
        number: u64,
        /// Why.
        #[source]
        source: EntryError,
    },
    /// The head cannot be believed.
    #[error("the head of the bundle is refused")]
    Head(#[source] PolicyError),
    /// The entries are not in the tree of the head.
    #[error("the entries from {first} on are not in the tree")]
    Tree {
        /// First number of the section.
        first: u64,
        /// Why.
        #[source]
        source: TreeError,
    },
    /// An entry is older than one before it.
    #[error("entry {number} is older than the one before it")]
    Time {
        /// Its number.
        number: u64,
    },
    /// `ledger.created` is not entry 0 of this ledger, or entry 0 is something else.
    #[error("entry {number}: `ledger.created` is entry 0, names the origin of the head, and comes once")]
    Created {
        /// The entry.
        number: u64,
    },
    /// A section speaks of an entry that the bundle does not have.
    #[error("`{section}` {number}: the bundle does not have this entry")]
    Absent {
        /// The sort of section.
        section: &'static str,
        /// The entry.
        number: u64,
    },
    /// An opened body is not that of its entry.
    #[error("the opened body of entry {number} is refused")]
    Opened {
        /// The entry.
        number: u64,
        /// Why.
        #[source]
        source: SealError,
    },
    /// A credential's entry cannot be read.
    #[error("entry {number} makes a credential known or ends it, and cannot be read")]
    Credential {
        /// The entry.
        number: u64,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// A signature does not hold.
    #[error("the signature of entry {number} does not hold")]
    Signature {
        /// The entry.
        number: u64,
        /// Why.
        #[source]
        source: SignatureError,
    },
    /// A signature was made with a credential revoked before.
    #[error("the signature of entry {number} is under a credential that entry {revoked} revoked")]
    Revoked {
        /// The entry with the signature.
        number: u64,
        /// The entry that revoked the credential.
        revoked: u64,
    },
    /// The entry that should hold a batch's root does not.
    #[error("entry {number} is no batch of lines that can be read")]
    Batch {
        /// The entry.
        number: u64,
    },
    /// Lines are not in the batch.
    #[error("the lines from {first} on are not in the batch of entry {number}")]
    Lines {
        /// The entry that holds the batch's root.
        number: u64,
        /// Position of the first line.
        first: u64,
        /// Why.
        #[source]
        source: TreeError,
    },
    /// An attachment's bytes have another digest.
    #[error("an attachment has the SHA-256 {found}, its section says {stated}")]
    Digest {
        /// That of the bytes, hexadecimal.
        found: String,
        /// That of the section, hexadecimal.
        stated: String,
    },
    /// No entry speaks of an attachment.
    #[error("no entry of the bundle speaks of the attachment sha256:{digest}")]
    Unmentioned {
        /// Its digest, hexadecimal.
        digest: String,
    },
}

impl<'a> Bundle<'a> {
    /// Reads the form; believes nothing.
    ///
    /// # Errors
    /// `Form`, `Entry`, and `Opened` where a plaintext has not the form of one.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BundleError> {
        read::read(bytes)
    }

    /// The head as it stands in the bundle.
    #[must_use]
    pub const fn unverified_head(&self) -> &'a [u8] {
        self.head
    }

    /// The entries with their numbers, rising.
    pub fn entries(&self) -> impl Iterator<Item = (u64, &Entry<'a>)> {
        self.ranges.iter().flat_map(|range| (range.first..).zip(&range.entries))
    }

    /// The entry of this number.
    #[must_use]
    pub fn entry(&self, number: u64) -> Option<&Entry<'a>> {
        let next = self.ranges.partition_point(|range| range.first <= number);
        let range = self.ranges.get(next.checked_sub(1)?)?;
        range.entries.get(usize::try_from(number - range.first).ok()?)
    }

    /// What was under the seal of entry `number`, where the bundle tells.
    #[must_use]
    pub fn opened(&self, number: u64) -> Option<&Opened> {
        self.opened.get(&number)
    }

    /// The parts of batches of lines.
    #[must_use]
    pub fn lines(&self) -> &[Lines<'a>] {
        &self.lines
    }

    /// The attachments.
    #[must_use]
    pub fn attachments(&self) -> &[Attachment<'a>] {
        &self.attachments
    }

    /// The body of an entry, in clear or opened.
    fn body_bytes(&self, number: u64, entry: &Entry<'a>) -> Option<&[u8]> {
        entry.body_bytes().or_else(|| self.opened(number).map(Opened::body_bytes))
    }
}

impl<'a> Lines<'a> {
    /// The entry that holds the batch's root.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Position in the batch of the first line.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[Line<'a>] {
        &self.lines
    }
}

impl Line<'_> {
    /// The leaf in the batch's tree: SHA-256(0x00 ‖ salt ‖ record).
    #[must_use]
    pub fn leaf(&self) -> Hash {
        Hash::of(&[&[0], self.salt, self.record])
    }
}

/// Sections in the order of `docs/format.md` §8.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Head,
    Entries,
    Range,
    Opened,
    Lines,
    Attachment,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Head, Self::Entries, Self::Range, Self::Opened, Self::Lines, Self::Attachment];

    const fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Entries => "entries",
            Self::Range => "range",
            Self::Opened => "opened",
            Self::Lines => "lines",
            Self::Attachment => "attachment",
        }
    }
}

const TITLE: &str = "ward-bundle/v1";
