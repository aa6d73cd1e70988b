//! Statements: what a person signs, and the challenges an authenticator answers.
//!
//! Owns: the members of a statement, their canonical bytes, the challenge of one and of many.
//! Source: `docs/format.md` §7; RFC 6962 §2.1 (the tree of many).

use crate::entry::is_word;
use crate::hash::{Hash, leaf_hash};
use crate::json::{self, JsonError};
use crate::tree::root_of;
use model::PersonId;
use serde::{Deserialize, Serialize};

/// What a person signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members", into = "Members")]
pub struct Statement {
    /// Content hash of the entry that `previous` names.
    pub content: Hash,
    /// Origin of the ledger.
    pub ledger: String,
    /// 16 random bytes, so that no two statements are the same.
    pub nonce: [u8; 16],
    /// The person a deputy acts for.
    pub on_behalf: Option<PersonId>,
    /// What was decided, a word: `approve`, `refuse`, `return`.
    pub outcome: String,
    /// The pack by whose rules it was decided, with its version.
    pub pack: String,
    /// The entry whose content was in front of the signer.
    pub previous: Previous,
    /// Why.
    pub reason: Reason,
    /// What it was decided about: the subject of the entry.
    pub record: String,
    /// Who decided.
    pub signer: PersonId,
    /// The step of the record's way.
    pub step: String,
}

/// The entry whose content a statement covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Previous {
    /// An earlier entry, by number.
    Entry(u64),
    /// The entry that carries the signature.
    Itself,
}

/// A reason, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// None was given.
    None,
    /// In clear.
    Text(String),
    /// SHA-256(salt ‖ reason), the reason itself being sealed.
    Hashed(Hash),
}

/// Why members do not make a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// The outcome is not a word.
    #[error("the outcome {0:?} is not a word of a-z, 0-9 and -")]
    Outcome(String),
    /// Neither `self` nor the number of an entry.
    #[error("previous {0:?} is neither `self` nor a number")]
    Previous(String),
    /// Both `reason` and `reason_hash`.
    #[error("reason and reason_hash exclude each other")]
    TwoReasons,
}

impl Statement {
    /// The bytes that are signed.
    ///
    /// # Errors
    /// [`JsonError`]: never in fact, since all members are texts.
    pub fn to_bytes(&self) -> Result<Vec<u8>, JsonError> {
        json::canonical(self)
    }

    /// The statement's leaf in the tree of a batch.
    ///
    /// # Errors
    /// As [`Statement::to_bytes`].
    pub fn leaf(&self) -> Result<Hash, JsonError> {
        Ok(leaf_hash(&self.to_bytes()?))
    }
}

impl Reason {
    /// The hash that stands for a sealed reason.
    #[must_use]
    pub fn hashed(salt: &[u8; 16], reason: &str) -> Self {
        Self::Hashed(Hash::of(&[salt, reason.as_bytes()]))
    }
}

/// The challenge by which one statement is signed.
///
/// # Errors
/// As [`Statement::to_bytes`].
pub fn challenge(statement: &Statement) -> Result<[u8; 32], JsonError> {
    Ok(*Hash::of(&[b"ward-statement/v1\n", &statement.to_bytes()?]).as_bytes())
}

/// The challenge by which many statements are signed at once, from their leaves in the order they were shown.
#[must_use]
pub fn batch_challenge(leaves: &[Hash]) -> [u8; 32] {
    challenge_of_root(leaves.len() as u64, &root_of(leaves))
}

pub(super) fn challenge_of_root(size: u64, root: &Hash) -> [u8; 32] {
    *Hash::of(&[b"ward-statements/v1\n", &size.to_be_bytes(), root.as_bytes()]).as_bytes()
}

/// The members as they are spelled.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    #[serde(with = "crate::base64::member::hash")]
    content: Hash,
    ledger: String,
    #[serde(with = "crate::base64::member::array")]
    nonce: [u8; 16],
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf: Option<PersonId>,
    outcome: String,
    pack: String,
    previous: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_hash: Option<HashMember>,
    record: String,
    signer: PersonId,
    step: String,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct HashMember(#[serde(with = "crate::base64::member::hash")] Hash);

impl TryFrom<Members> for Statement {
    type Error = StatementError;

    fn try_from(members: Members) -> Result<Self, StatementError> {
        if !is_word(&members.outcome) {
            return Err(StatementError::Outcome(members.outcome));
        }
        let reason = match (members.reason, members.reason_hash) {
            (None, None) => Reason::None,
            (Some(text), None) => Reason::Text(text),
            (None, Some(HashMember(hash))) => Reason::Hashed(hash),
            (Some(_), Some(_)) => return Err(StatementError::TwoReasons),
        };
        let previous = match members.previous.as_str() {
            "self" => Previous::Itself,
            number => match crate::checkpoint::decimal(number) {
                Some(number) => Previous::Entry(number),
                None => return Err(StatementError::Previous(members.previous)),
            },
        };
        Ok(Self {
            content: members.content,
            ledger: members.ledger,
            nonce: members.nonce,
            on_behalf: members.on_behalf,
            outcome: members.outcome,
            pack: members.pack,
            previous,
            reason,
            record: members.record,
            signer: members.signer,
            step: members.step,
        })
    }
}

impl From<Statement> for Members {
    fn from(statement: Statement) -> Self {
        let (reason, reason_hash) = match statement.reason {
            Reason::None => (None, None),
            Reason::Text(text) => (Some(text), None),
            Reason::Hashed(hash) => (None, Some(HashMember(hash))),
        };
        Self {
            content: statement.content,
            ledger: statement.ledger,
            nonce: statement.nonce,
            on_behalf: statement.on_behalf,
            outcome: statement.outcome,
            pack: statement.pack,
            previous: match statement.previous {
                Previous::Entry(number) => number.to_string(),
                Previous::Itself => "self".to_owned(),
            },
            reason,
            reason_hash,
            record: statement.record,
            signer: statement.signer,
            step: statement.step,
        }
    }
}
