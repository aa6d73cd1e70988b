//! What a ledger says about itself: how it began, who its stewards are, a change of key, a succession.
//!
//! Source: `docs/format.md` §6 and §9.

use crate::base64;
use crate::checkpoint::decimal;
use crate::entry::Entry;
use crate::hash::Hash;
use crate::note::{KeyKind, Note, NoteError, SignatureLine, VerifierKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The format this crate reads.
pub const FORMAT: &str = "ward-ledger/v1";
/// Kind of entry 0.
pub const CREATED: &str = "ledger.created";
/// Kind of the entry that hands over to a new key.
pub const KEY_CHANGED: &str = "ledger.key-changed";
/// Kind of the entry that says a clock went back.
pub const CLOCK_STEPPED_BACK: &str = "ledger.clock-stepped-back";
/// Kind of the entry that says a half-written tail was dropped.
pub const RECOVERED: &str = "ledger.recovered";
/// Kind of the entry that says a data key was destroyed.
pub const KEY_DESTROYED: &str = "ledger.key-destroyed";

/// Body of entry 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Created {
    /// Always [`FORMAT`].
    pub format: String,
    /// The first key, a vkey.
    pub key: String,
    /// Name of the ledger, as in its heads.
    pub origin: String,
    /// Keys of those who may found a successor, vkeys.
    pub stewards: Vec<String>,
    /// The note by which this ledger succeeds another.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub succession: Option<String>,
}

/// Body of a change of key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyChanged {
    /// Signature by the new key, base64.
    pub by_new: String,
    /// Signature by the old key, base64.
    pub by_old: String,
    /// The new key, a vkey.
    pub new: String,
    /// The old key, a vkey.
    pub old: String,
}

/// Body of a destruction of a data key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyDestroyed {
    /// Last day on which a backup of the vault may still hold the key, or `none`.
    pub backups_expire: String,
    /// Number of the entry that approved it.
    pub case: String,
    /// The key.
    pub key: model::DataKeyId,
    /// Why.
    pub reason: String,
}

/// What the note of a succession says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The ledger that could not be continued.
    pub old_origin: String,
    /// Entries that were kept, and the root over them.
    pub kept: (u64, Hash),
    /// Size and root a witness has seen; entries from `kept` up to this size are lost.
    pub seen: (u64, Hash),
    /// The ledger that goes on.
    pub new_origin: String,
    /// Why, in one line.
    pub reason: String,
}

/// Why an entry about the ledger itself is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LifecycleError {
    /// The body is not what the kind asks for.
    #[error("the body of {kind} is not of the form asked for: {what}")]
    Body {
        /// Kind of the entry.
        kind: &'static str,
        /// What is wrong.
        what: String,
    },
    /// The ledger's key is another one at this place.
    #[error("the change hands over from {found}, but the key in use is {asked}")]
    NotInUse {
        /// The old key the entry names.
        found: String,
        /// The key in use.
        asked: String,
    },
    /// A signature does not hold.
    #[error("a signature in {kind} does not hold")]
    Signature {
        /// Kind of the entry.
        kind: &'static str,
        /// Which, and why.
        #[source]
        source: NoteError,
    },
    /// Fewer than two stewards of the old ledger have signed.
    #[error("a succession is signed by two stewards; {0} of the old ledger's have signed this one")]
    Stewards(usize),
    /// The note of a succession does not say what it must.
    #[error("line {line} of the succession is not {asked}")]
    Succession {
        /// Which line, from 1.
        line: usize,
        /// What should stand there.
        asked: &'static str,
    },
}

/// What both keys sign at a change of key; `number` is that of the entry.
#[must_use]
pub fn key_change_text(origin: &str, old: &str, new: &str, number: u64) -> String {
    format!("ward-key-change/v1\n{origin}\n{old}\n{new}\n{number}\n")
}

impl Created {
    /// The body of entry 0.
    ///
    /// # Errors
    /// `Body`: another format, a key that is none, a name that is not the key's.
    pub fn of(entry: &Entry<'_>) -> Result<Self, LifecycleError> {
        let created: Self = body(entry, CREATED)?;
        let wrong = |what: &str| LifecycleError::Body { kind: CREATED, what: what.to_owned() };
        if created.format != FORMAT {
            return Err(wrong("the format is another one"));
        }
        if created.first_key()?.name() != created.origin {
            return Err(wrong("the key has another name than the ledger"));
        }
        created.steward_keys()?;
        if let Some(succession) = &created.succession {
            let succession = Succession::parse(succession)?;
            if succession.new_origin != created.origin {
                return Err(wrong("the succession founds another ledger"));
            }
        }
        Ok(created)
    }

    /// The first key.
    ///
    /// # Errors
    /// `Body`: it is none of a ledger.
    pub fn first_key(&self) -> Result<VerifierKey, LifecycleError> {
        ledger_key(&self.key, CREATED)
    }

    /// Keys of the stewards.
    ///
    /// # Errors
    /// `Body`: one is none.
    pub fn steward_keys(&self) -> Result<Vec<VerifierKey>, LifecycleError> {
        self.stewards.iter().map(|key| ledger_key(key, CREATED)).collect()
    }
}

impl KeyChanged {
    /// Checks the change in entry `number` of `origin` against the key in use, and gives the new key.
    ///
    /// # Errors
    /// `Body`, `NotInUse`, `Signature`.
    pub fn check(
        entry: &Entry<'_>,
        number: u64,
        origin: &str,
        in_use: &VerifierKey,
    ) -> Result<VerifierKey, LifecycleError> {
        let change: Self = body(entry, KEY_CHANGED)?;
        let new = ledger_key(&change.new, KEY_CHANGED)?;
        if change.old != in_use.to_string() {
            return Err(LifecycleError::NotInUse { found: change.old, asked: in_use.to_string() });
        }
        let text = key_change_text(origin, &change.old, &change.new, number);
        for (key, signature) in [(in_use, &change.by_old), (&new, &change.by_new)] {
            let signature = base64::decode(signature).unwrap_or_default();
            key.check_bytes(text.as_bytes(), &signature)
                .map_err(|source| LifecycleError::Signature { kind: KEY_CHANGED, source })?;
        }
        Ok(new)
    }
}

impl KeyDestroyed {
    /// The body of a destruction.
    ///
    /// # Errors
    /// `Body`.
    pub fn of(entry: &Entry<'_>) -> Result<Self, LifecycleError> {
        let destroyed: Self = body(entry, KEY_DESTROYED)?;
        let dated = destroyed.backups_expire == "none"
            || destroyed.backups_expire.parse::<model::CivilDate>().is_ok();
        if !dated || decimal(&destroyed.case).is_none() {
            let what = "the last day or the number of the approving entry".to_owned();
            return Err(LifecycleError::Body { kind: KEY_DESTROYED, what });
        }
        Ok(destroyed)
    }
}

impl Succession {
    /// The text that stewards sign.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { old_origin, kept, seen, new_origin, reason } = self;
        format!(
            "ward-succession/v1\n{old_origin}\n{} {}\n{} {}\n{new_origin}\n{reason}\n",
            kept.0, kept.1, seen.0, seen.1
        )
    }

    /// Itself, once it is sure that a reader of its text finds the same in it.
    ///
    /// # Errors
    /// `Succession`: a line would be read as something else, for example a reason of two lines.
    pub fn checked(self) -> Result<Self, LifecycleError> {
        let wrong = LifecycleError::Succession { line: 6, asked: "one line without control characters" };
        if [&self.reason, &self.new_origin]
            .iter()
            .any(|line| line.is_empty() || line.chars().any(char::is_control))
        {
            return Err(wrong);
        }
        let read = Self::lines(&self.text())?;
        if read == self { Ok(read) } else { Err(wrong) }
    }

    /// Reads a succession; believes nothing.
    ///
    /// # Errors
    /// `Signature`: not a note. `Succession`: not of a succession.
    pub fn parse(note: &str) -> Result<Self, LifecycleError> {
        Self::read(&parse_note(note)?)
    }

    /// Checks that two different stewards of the old ledger have signed.
    ///
    /// # Errors
    /// `Signature`, `Succession`, `Stewards`.
    pub fn check(note: &str, stewards: &[VerifierKey]) -> Result<Self, LifecycleError> {
        let note = parse_note(note)?;
        let mut signed = BTreeSet::new();
        for steward in stewards.iter().filter(|steward| note.claims(steward)) {
            let _ =
                note.verify(steward).map_err(|source| LifecycleError::Signature { kind: CREATED, source })?;
            signed.insert(*steward.public_bytes());
        }
        if signed.len() < 2 {
            return Err(LifecycleError::Stewards(signed.len()));
        }
        Self::read(&note)
    }

    /// The note with these signatures.
    ///
    /// # Errors
    /// `Signature`: the parts do not make a note.
    pub fn note(&self, signatures: Vec<SignatureLine>) -> Result<String, LifecycleError> {
        let note = Note::new(&self.text(), signatures);
        note.map(|note| note.to_string())
            .map_err(|source| LifecycleError::Signature { kind: CREATED, source })
    }

    fn read(note: &Note) -> Result<Self, LifecycleError> {
        Self::lines(note.unverified_text())
    }

    fn lines(text: &str) -> Result<Self, LifecycleError> {
        let wrong = |line, asked| LifecycleError::Succession { line, asked };
        let lines: Vec<_> = text.trim_end_matches('\n').split('\n').collect();
        let ["ward-succession/v1", old_origin, kept, seen, new_origin, reason] = lines.as_slice() else {
            return Err(wrong(1, "ward-succession/v1 and five more lines"));
        };
        let kept = size_and_root(kept).ok_or_else(|| wrong(3, "the size kept and its root"))?;
        let seen = size_and_root(seen).filter(|seen| seen.0 >= kept.0);
        let seen = seen.ok_or_else(|| wrong(4, "the size seen, not smaller, and its root"))?;
        if new_origin == old_origin {
            return Err(wrong(5, "another name than the old ledger's"));
        }
        let [old_origin, new_origin, reason] =
            [old_origin, new_origin, reason].map(|line| (*line).to_owned());
        Ok(Self { old_origin, kept, seen, new_origin, reason })
    }
}

fn parse_note(note: &str) -> Result<Note, LifecycleError> {
    Note::parse(note.as_bytes()).map_err(|source| LifecycleError::Signature { kind: CREATED, source })
}

fn size_and_root(line: &str) -> Option<(u64, Hash)> {
    let (size, root) = line.split_once(' ')?;
    Some((decimal(size)?, root.parse().ok()?))
}

fn ledger_key(text: &str, kind: &'static str) -> Result<VerifierKey, LifecycleError> {
    let key = text.parse::<VerifierKey>().ok().filter(|key| key.kind() == KeyKind::Ledger);
    key.ok_or_else(|| LifecycleError::Body { kind, what: format!("{text:?} is no key of a ledger") })
}

fn body<T: serde::de::DeserializeOwned>(entry: &Entry<'_>, kind: &'static str) -> Result<T, LifecycleError> {
    let wrong = |what: String| LifecycleError::Body { kind, what };
    if entry.kind() != kind {
        return Err(wrong(format!("the entry is a {}", entry.kind())));
    }
    let body = entry.body().ok_or_else(|| wrong("it is sealed".to_owned()))?;
    serde_json::from_value(body).map_err(|error| wrong(error.to_string()))
}
