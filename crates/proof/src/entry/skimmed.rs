//! Skimming: an entry of the tree, read for what it says and not for who vouches for it.
//!
//! Whoever appends takes every signature apart; so does whoever verifies. One who reads millions of entries whose hashes
//! are in the tree, to make tables of what they say, need not do it a third time.
//! Invariants: all but the signature is checked as [`Entry::parse`] does; the signature, too, is canonical JSON; what was
//! not looked into is not given out.
//! Source: `docs/format.md` §2.

use super::{Entry, EntryError, Sealed, Signatures};
use crate::hash::Hash;
use crate::seal::{self, DataKey, Opened, SealError};
use model::{Actor, Instant, UnitId};

/// A view of an entry without its signature.
#[derive(Debug, Clone)]
pub struct Skimmed<'a>(Entry<'a>);

impl<'a> Skimmed<'a> {
    /// Checks all that §2 asks for but the shape of the signature.
    ///
    /// # Errors
    /// The first departure, with the member and the byte.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EntryError> {
        Entry::walk(bytes, Signatures::PassedOver).map(Self)
    }

    /// When it was written.
    #[must_use]
    pub const fn time(&self) -> Instant {
        self.0.time()
    }

    /// What happened.
    #[must_use]
    pub const fn kind(&self) -> &'a str {
        self.0.kind()
    }

    /// What it happened to.
    #[must_use]
    pub const fn subject(&self) -> &'a str {
        self.0.subject()
    }

    /// Who acted.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.0.actor()
    }

    /// The unit charged.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        self.0.unit()
    }

    /// Form and version.
    #[must_use]
    pub const fn form(&self) -> Option<&'a str> {
        self.0.form()
    }

    /// The canonical JSON of the body; none in a sealed entry.
    #[must_use]
    pub const fn body_bytes(&self) -> Option<&'a [u8]> {
        self.0.body_bytes()
    }

    /// The sealed body; none in a clear entry.
    #[must_use]
    pub const fn sealed(&self) -> Option<&Sealed<'a>> {
        self.0.sealed()
    }

    /// The content hash: computed in a clear entry, as stored in a sealed one.
    #[must_use]
    pub fn content_hash(&self) -> Hash {
        self.0.content_hash()
    }

    /// Opens the sealed body.
    ///
    /// # Errors
    /// As [`seal::open`].
    pub fn open(&self, key: &DataKey) -> Result<Opened, SealError> {
        seal::open(&self.0, key)
    }
}
