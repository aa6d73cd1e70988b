//! The verdict on a bundle: what was proven, entry by entry, and what could not be known.
//!
//! Owns: the shape that pages, the command line and `--json` show.
//! Invariant: only `check` makes one; a grade is never shown better than it was proven.
//! Source: `docs/format.md` §7 (grades), §8.3.

use crate::hash::Hash;
use crate::policy::Standing;
use crate::signature::{Grade, Previous};
use model::{Instant, PersonId};
use serde::{Serialize, Serializer};

/// What a bundle proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[must_use]
pub struct Verdict {
    /// Which ledger.
    pub origin: String,
    /// Number of entries under the head.
    pub size: u64,
    /// Root of the tree over them.
    #[serde(with = "crate::base64::member::hash")]
    pub root: Hash,
    /// On whose word the head stands.
    #[serde(serialize_with = "standing")]
    pub standing: Standing,
    /// Cosignatures that hold, by witnesses the policy knows.
    pub cosigned: Vec<Cosignature>,
    /// The entries, by number.
    pub entries: Vec<EntryVerdict>,
    /// Parts of batches of lines.
    pub lines: Vec<LinesVerdict>,
    /// Attachments.
    pub attachments: Vec<AttachmentVerdict>,
    /// What the bundle leaves open.
    pub limits: Vec<Limit>,
}

/// A cosignature that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cosignature {
    /// The witness's name within the policy.
    pub witness: String,
    /// Seconds since 1970 at which it cosigned.
    pub at_seconds: u64,
}

/// An entry that is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryVerdict {
    /// Its number.
    pub number: u64,
    /// When it was written.
    pub time: Instant,
    /// What happened.
    pub kind: String,
    /// What it happened to.
    pub subject: String,
    /// Whether its body can be read here.
    pub body: BodyVerdict,
    /// Its signature, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureVerdict>,
}

/// Whether a body can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyVerdict {
    /// It stands in the entry.
    Clear,
    /// It is sealed, and the bundle holds what was under the seal.
    Opened,
    /// It is sealed and stays so.
    Sealed,
}

/// A signature that agrees with its entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureVerdict {
    /// Who signed.
    pub signer: PersonId,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<PersonId>,
    /// What was decided.
    pub outcome: String,
    /// How far it was proven.
    pub standing: SignatureStanding,
    /// Whether the content that was signed is in the bundle and is what was signed.
    pub content_compared: bool,
}

/// How far a signature was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureStanding {
    /// The credential is not in the bundle, so the signature could not be checked.
    CredentialNotInBundle,
    /// By the person's own authenticator.
    SignedByPerson,
    /// A one-time code; the host says so.
    VouchedByServer,
}

/// Lines that are in a batch of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinesVerdict {
    /// The entry that holds the batch's root.
    pub number: u64,
    /// Who received them.
    pub receiver: String,
    /// Position in the batch of the first line.
    pub first: u64,
    /// How many lines.
    pub count: u64,
}

/// A file of which an entry of the bundle speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttachmentVerdict {
    /// Its digest, hexadecimal.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

/// What a bundle leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// A body is under seal, and the bundle does not tell what is there.
    BodySealed,
    /// What a statement covers is not in the bundle.
    ContentNotInBundle,
    /// A passkey's signature could not be checked.
    CredentialNotInBundle,
    /// No quorum of witnesses was asked for: the host alone vouches.
    HostAlone,
    /// Nothing is said of entries that are not in the bundle.
    PartOfLedger,
    /// Credentials may have been revoked by entries that are not in the bundle.
    RevocationUnknown,
    /// A signature rests on a one-time code, on the word of the host.
    VouchedByServer,
}

impl Limit {
    /// In Traditional Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::BodySealed => "部分內容仍為密封，本佐證檔未附開封內容",
            Self::ContentNotInBundle => "部分簽署所涵蓋的內容未收錄於本佐證檔，無從比對",
            Self::CredentialNotInBundle => "部分簽章所用的憑證未收錄於本佐證檔，無法查驗簽章",
            Self::HostAlone => "僅由本機擔保，未經見證人副署",
            Self::PartOfLedger => "僅查驗本佐證檔所收錄的紀錄，其餘紀錄不在查驗範圍",
            Self::RevocationUnknown => "憑證於簽署前是否已遭撤銷，須查閱完整帳本方能確認",
            Self::VouchedByServer => "部分簽署以一次性驗證碼為憑，由伺服器擔保，並非本人金鑰簽章",
        }
    }

    /// In English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::BodySealed => "Some bodies are sealed, and the bundle does not open them.",
            Self::ContentNotInBundle => "Some statements cover content that is not in the bundle.",
            Self::CredentialNotInBundle => "Some signatures are by credentials that are not in the bundle.",
            Self::HostAlone => "Vouched by this host alone: no witness has cosigned.",
            Self::PartOfLedger => "Only the entries in the bundle were judged.",
            Self::RevocationUnknown => {
                "Whether a credential was revoked before it signed, only the whole ledger tells."
            }
            Self::VouchedByServer => "Some signatures rest on one-time codes, on the word of the server.",
        }
    }
}

impl From<Grade> for SignatureStanding {
    fn from(grade: Grade) -> Self {
        match grade {
            Grade::Otp => Self::VouchedByServer,
            Grade::Passkey => Self::SignedByPerson,
        }
    }
}

impl SignatureVerdict {
    /// The verdict on a statement whose evidence stands so far.
    pub(super) fn new(
        statement: &crate::signature::Statement,
        standing: SignatureStanding,
        previous: Option<Hash>,
    ) -> Self {
        Self {
            signer: statement.signer,
            on_behalf: statement.on_behalf,
            outcome: statement.outcome.clone(),
            standing,
            content_compared: statement.previous == Previous::Itself || previous.is_some(),
        }
    }
}

fn standing<S: Serializer>(standing: &Standing, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match standing {
        Standing::Witnessed => "witnessed",
        Standing::HostAlone => "host-alone",
    })
}
