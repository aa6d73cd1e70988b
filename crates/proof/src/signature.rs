//! Signatures of people: what was stated, what supports it, and whether it holds.
//!
//! Owns: the signature member of an entry, the check of statement and evidence against entry and credential.
//! Invariant: [`check`] alone makes a [`Grade`], and never a better one than the evidence carries.
//! Never: says whether a credential was revoked (only a reader of the whole ledger can), looks at sign counters
//! (passkeys that live on several devices have none worth the name).
//! Source: `docs/format.md` §7.

mod assertion;
mod rsa;
mod statement;

use crate::base64;
use crate::entry::Entry;
use crate::hash::Hash;
use model::{Actor, PersonId};
use serde::ser::{SerializeStruct as _, Serializer};
use serde::{Deserialize, Serialize};

pub use assertion::{Batch, Credential, CredentialError, Key, Passkey};
pub use rsa::RsaKey;
pub use statement::{Previous, Reason, Statement, StatementError, batch_challenge, challenge};

/// A statement with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// What supports the statement.
    pub evidence: Evidence,
    /// What was stated.
    pub statement: Statement,
}

/// What supports a statement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "grade", rename_all = "kebab-case")]
pub enum Evidence {
    /// A one-time code was right; the host says so.
    Otp(Otp),
    /// An authenticator of the person's has signed.
    Passkey(Box<Passkey>),
}

/// Members in their canonical order, so that the spelling of a signature is checked without sorting.
impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Otp(otp) => {
                let mut members = to.serialize_struct("Otp", 2)?;
                members.serialize_field("factor", &otp.factor)?;
                members.serialize_field("grade", "otp")?;
                members.end()
            }
            Self::Passkey(passkey) => {
                let mut members = to.serialize_struct("Passkey", 6)?;
                members
                    .serialize_field("authenticator_data", &base64::encode(&passkey.authenticator_data))?;
                match &passkey.batch {
                    Some(batch) => members.serialize_field("batch", batch)?,
                    None => members.skip_field("batch")?,
                }
                members.serialize_field("client_data", &base64::encode(&passkey.client_data))?;
                members.serialize_field("credential", &base64::encode_url(&passkey.credential))?;
                members.serialize_field("grade", "passkey")?;
                members.serialize_field("signature", &base64::encode(&passkey.signature))?;
                members.end()
            }
        }
    }
}

/// A one-time code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Otp {
    /// Which sort of code.
    pub factor: Factor,
}

/// Sorts of one-time codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// A printed code that is used up.
    RecoveryCode,
    /// The code of the half minute (RFC 6238).
    Totp,
}

/// How far a signature that holds can be believed, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Vouched by the server: it rests on the host alone.
    Otp,
    /// Signed by the person.
    Passkey,
}

impl From<Grade> for model::Evidence {
    fn from(grade: Grade) -> Self {
        match grade {
            Grade::Otp => Self::Otp,
            Grade::Passkey => Self::Passkey,
        }
    }
}

/// What the entry around a signature says, as far as the statement must agree with it.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Origin of the ledger.
    pub ledger: &'a str,
    /// Number of the entry.
    pub number: u64,
    /// Its subject.
    pub subject: &'a str,
    /// Who acted.
    pub actor: Actor,
    /// Content hash of the entry itself.
    pub content: Hash,
    /// Content hash of the entry that the statement calls `previous`, where the checker has that entry.
    pub previous: Option<Hash>,
}

impl<'a> Facts<'a> {
    /// Those of `entry`, which is number `number` of `ledger`.
    #[must_use]
    pub fn of(entry: &Entry<'a>, ledger: &'a str, number: u64, previous: Option<Hash>) -> Self {
        let (subject, actor, content) = (entry.subject(), entry.actor(), entry.content_hash());
        Self { ledger, number, subject, actor, content, previous }
    }
}

/// Why a signature does not hold.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// Statement and entry contradict each other.
    #[error("the statement's `{member}` is not that of the entry")]
    Contradiction {
        /// The member of the statement.
        member: &'static str,
    },
    /// A machine made the entry; machines sign nothing.
    #[error("the entry was made by a machine, which cannot sign")]
    Machine,
    /// The statement refers to an entry that does not come before its own.
    #[error("the statement of entry {number} refers to entry {previous}, which does not come before it")]
    Later {
        /// The entry with the signature.
        number: u64,
        /// The entry the statement calls `previous`.
        previous: u64,
    },
    /// A passkey's signature is checked with its credential, and none was given.
    #[error("the credential is not known here")]
    NoCredential,
    /// The credential is another one, or another person's.
    #[error("the credential's `{member}` is not that of the signature")]
    Credential {
        /// The member of the credential.
        member: &'static str,
    },
    /// The assertion does not show what WebAuthn asks for.
    #[error("the authenticator's answer does not hold: {what}")]
    Assertion {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The client data is not the JSON WebAuthn speaks of.
    #[error("the client data cannot be read")]
    ClientData(#[source] serde_json::Error),
    /// The statement is not in the batch that was signed.
    #[error("the statement is not in the batch that was signed")]
    Batch(#[source] crate::tree::TreeError),
    /// The statement has no canonical form.
    #[error("the statement has no canonical form")]
    Json(#[from] crate::json::JsonError),
}

/// Checks that the statement speaks of this entry, and that its evidence holds. A passkey's signature needs the
/// credential it names; for a one-time code `credential` is ignored.
///
/// # Errors
/// The first thing that does not hold. `NoCredential` says nothing against the signature itself.
pub fn check(
    signature: &Signature,
    facts: &Facts<'_>,
    credential: Option<&Credential>,
) -> Result<Grade, SignatureError> {
    check_statement(&signature.statement, facts)?;
    match &signature.evidence {
        Evidence::Otp(_) => Ok(Grade::Otp),
        Evidence::Passkey(passkey) => {
            let credential = credential.ok_or(SignatureError::NoCredential)?;
            passkey.check(&signature.statement, credential)?;
            Ok(Grade::Passkey)
        }
    }
}

/// Checks that the statement speaks of this entry, without regard to the evidence.
///
/// # Errors
/// `Contradiction`, `Machine`, `Later`.
pub fn check_statement(statement: &Statement, facts: &Facts<'_>) -> Result<(), SignatureError> {
    let Actor::Person(actor) = &facts.actor else { return Err(SignatureError::Machine) };
    let same = |same: bool, member| if same { Ok(()) } else { Err(SignatureError::Contradiction { member }) };
    same(statement.ledger == facts.ledger, "ledger")?;
    same(statement.record == facts.subject, "record")?;
    same(statement.signer == actor.person, "signer")?;
    same(statement.on_behalf == actor.acting_for, "on_behalf")?;
    match statement.previous {
        Previous::Itself => same(statement.content == facts.content, "content"),
        Previous::Entry(previous) if previous >= facts.number => {
            Err(SignatureError::Later { number: facts.number, previous })
        }
        Previous::Entry(_) => same(facts.previous.is_none_or(|hash| hash == statement.content), "content"),
    }
}

impl Signature {
    /// The credential the evidence names; none for a one-time code.
    #[must_use]
    pub fn credential(&self) -> Option<&[u8]> {
        match &self.evidence {
            Evidence::Otp(_) => None,
            Evidence::Passkey(passkey) => Some(&passkey.credential),
        }
    }

    /// The person who signed.
    #[must_use]
    pub const fn signer(&self) -> PersonId {
        self.statement.signer
    }
}
