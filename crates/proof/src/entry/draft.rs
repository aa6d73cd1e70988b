//! Drafts: entries before the ledger has given them their time.
//!
//! Owns: the way from typed values to canonical bytes, with a gap of 27 bytes for the time.
//! Invariant: [`Draft::encode`] ends with [`Entry::parse`], so that nothing is written that no reader takes.
//! Never: reads a clock; [`Encoded::stamp`] is told the time.
//! Source: `docs/format.md` §2.

use super::{Entry, EntryError, TIME_LENGTH, content_hash};
use crate::base64;
use crate::hash::Hash;
use crate::json::{self, JsonError};
use crate::seal::SealedBody;
use crate::signature::Signature;
use model::{Actor, Instant, UnitId};
use serde_json::Value;

/// An entry without its time.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Who acts.
    pub actor: Actor,
    /// What happens: words joined by `.`, optionally `/` and a version.
    pub kind: String,
    /// What it happens to: 1 to 128 bytes.
    pub subject: String,
    /// The unit charged.
    pub unit: Option<UnitId>,
    /// Form and version, `fault/3`.
    pub form: Option<String>,
    /// The body.
    pub body: Body,
    /// The statement and its evidence.
    pub signature: Option<Signature>,
}

/// The body of a draft.
#[derive(Debug, Clone)]
pub enum Body {
    /// Readable by whoever has the entry.
    Clear {
        /// A JSON object.
        value: Value,
        /// Joined to the body for the content hash, so that a hash elsewhere cannot be guessed at.
        salt: Option<[u8; 16]>,
    },
    /// Readable by whoever has the data key; `seal` makes it.
    Sealed(SealedBody),
}

/// Canonical bytes of a draft, with a gap for the time.
#[derive(Debug, Clone)]
pub struct Encoded {
    bytes: Vec<u8>,
    time_at: usize,
    content: Hash,
}

impl Draft {
    /// The canonical bytes, checked as a reader will check them.
    ///
    /// # Errors
    /// As [`Entry::parse`]; `TooLong` names the size.
    pub fn encode(&self) -> Result<Encoded, EntryError> {
        let (bytes, time_at) = self.spell(Content::of(&self.body)?, Some(Instant::EPOCH))?;
        let content = Entry::parse(&bytes)?.content_hash();
        Ok(Encoded { bytes, time_at, content })
    }

    /// The content hash (§2.2) that a statement about this draft refers to.
    ///
    /// # Errors
    /// `Json`: the body has no canonical form.
    pub fn content_hash(&self) -> Result<Hash, JsonError> {
        match &self.body {
            Body::Clear { value, salt } => Ok(content_hash(salt.as_ref(), &json::to_canonical(value)?)),
            Body::Sealed(sealed) => Ok(sealed.hash()),
        }
    }

    /// What a body sealed under `hash` is bound to: the entry without `sealed` and `time`.
    pub(crate) fn associated_data(&self, hash: &Hash) -> Result<Vec<u8>, JsonError> {
        let content = Content { hash: Some(*hash), ..Content::default() };
        Ok(self.spell(content, None)?.0)
    }

    /// The members in their order, and where the time begins.
    fn spell(&self, content: Content, time: Option<Instant>) -> Result<(Vec<u8>, usize), JsonError> {
        let signature = self.signature.as_ref().map(json::canonical).transpose()?;
        let members = [
            ("actor", Some(json::canonical(&self.actor)?)),
            ("body", content.body),
            ("form", self.form.as_deref().map(string)),
            ("hash", content.hash.map(|hash| string(&base64::encode(hash.as_bytes())))),
            ("kind", Some(string(&self.kind))),
            ("salt", content.salt.map(|salt| string(&base64::encode(&salt)))),
            ("sealed", content.sealed),
            ("signature", signature),
            ("subject", Some(string(&self.subject))),
            ("time", time.map(|time| string(&time.to_string()))),
            ("unit", self.unit.map(|unit| string(&unit.to_string()))),
        ];
        let mut bytes = Vec::with_capacity(512);
        let mut time_at = 0;
        for (name, spelling) in members {
            let Some(spelling) = spelling else { continue };
            bytes.extend_from_slice(if bytes.is_empty() { b"{\"" } else { b",\"" });
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b"\":");
            if name == "time" {
                time_at = bytes.len() + 1;
            }
            bytes.extend_from_slice(&spelling);
        }
        bytes.push(b'}');
        Ok((bytes, time_at))
    }
}

impl Encoded {
    /// The entry's bytes with its time.
    #[must_use]
    pub fn stamp(mut self, time: Instant) -> Vec<u8> {
        if let Some(gap) = self.bytes.get_mut(self.time_at..self.time_at + TIME_LENGTH) {
            gap.copy_from_slice(&time.to_text());
        }
        self.bytes
    }

    /// The content hash of the entry.
    #[must_use]
    pub const fn content_hash(&self) -> Hash {
        self.content
    }

    /// How many bytes the entry has.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an entry is never empty")]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// The members that say what the body is or stand for it.
#[derive(Default)]
struct Content {
    body: Option<Vec<u8>>,
    hash: Option<Hash>,
    salt: Option<[u8; 16]>,
    sealed: Option<Vec<u8>>,
}

impl Content {
    fn of(body: &Body) -> Result<Self, JsonError> {
        Ok(match body {
            Body::Clear { value, salt } => {
                Self { body: Some(json::to_canonical(value)?), salt: *salt, ..Self::default() }
            }
            Body::Sealed(sealed) => {
                Self { hash: Some(sealed.hash()), sealed: Some(json::canonical(sealed)?), ..Self::default() }
            }
        })
    }
}

fn string(text: &str) -> Vec<u8> {
    let mut spelling = Vec::with_capacity(text.len() + 2);
    json::write_string(&mut spelling, text);
    spelling
}
