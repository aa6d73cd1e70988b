//! A successor ledger: how a city goes on after a disaster without pretending that nothing was lost.
//!
//! Owns: drawing up the note of a succession from the old ledger's files and a head that somebody has seen; checking
//! it before the successor is made.
//! Invariants: two different stewards of the old ledger have signed; what was kept is what its files hold; what was
//! seen is signed by the old ledger's key.
//! Does not: change anything in the old ledger, which stays as it is, readable.
//! Source: `docs/format.md` §9.

use crate::reader::{ReadError, Reader};
use model::Told;
use proof::entry::{Entry, EntryError};
use proof::lifecycle::{Created, LifecycleError, Succession};
use proof::policy::{Policy, PolicyError};

/// Why there can be no succession as asked.
#[derive(Debug, thiserror::Error)]
pub enum SuccessionError {
    /// The old ledger cannot be read.
    #[error("the old ledger cannot be read")]
    Read(#[from] ReadError),
    /// Its first entry is none.
    #[error("entry 0 of the old ledger is damaged")]
    Entry(#[from] EntryError),
    /// The head that was seen, or that of the old ledger, cannot be believed.
    #[error("a head cannot be believed")]
    Head(#[from] PolicyError),
    /// The note is not what it must be.
    #[error("the note of the succession is refused")]
    Note(#[from] LifecycleError),
    /// The head that was seen is of another ledger.
    #[error("the head that was seen is of {0}")]
    OtherLedger(String),
    /// Nothing is lost: the old ledger has all that was seen.
    #[error("nothing is lost: the old ledger has {kept} entries, {seen} were seen")]
    NothingLost {
        /// Entries the old ledger has.
        kept: u64,
        /// Entries that were seen.
        seen: u64,
    },
    /// The note speaks of something else than the files.
    #[error("the note does not agree with the old ledger's files: {0}")]
    Disagrees(&'static str),
}

/// Draws up a succession: `old` as its files are now, `seen` a signed head that a witness has kept, by the `policy` of
/// the old installation.
///
/// # Errors
/// [`SuccessionError`].
pub fn draft(
    old: &Reader,
    policy: &Policy,
    seen: &[u8],
    new_origin: &str,
    reason: &str,
) -> Result<Succession, SuccessionError> {
    let kept = policy.judge(&old.head()?)?.checkpoint().clone();
    let seen = policy.judge(seen)?.checkpoint().clone();
    if seen.origin != kept.origin {
        return Err(SuccessionError::OtherLedger(seen.origin));
    }
    let forked = seen.size == kept.size && seen.root != kept.root;
    if seen.size <= kept.size && !forked {
        return Err(SuccessionError::NothingLost { kept: kept.size, seen: seen.size });
    }
    let succession = Succession {
        old_origin: kept.origin,
        kept: (kept.size, kept.root),
        seen: (seen.size, seen.root),
        new_origin: new_origin.to_owned(),
        reason: reason.to_owned(),
    };
    Ok(succession.checked()?)
}

/// Checks a signed succession against the old ledger's files, and gives what it says.
///
/// # Errors
/// [`SuccessionError`].
pub fn check(old: &Reader, policy: &Policy, note: &str) -> Result<Succession, SuccessionError> {
    let first = old.entry(0)?;
    let created = Created::of(&Entry::parse(&first)?)?;
    let succession = Succession::check(note, &created.steward_keys()?)?;
    let kept = policy.judge(&old.head()?)?.checkpoint().clone();
    if succession.old_origin != kept.origin || kept.origin != created.origin {
        return Err(SuccessionError::Disagrees("the name"));
    }
    if succession.kept != (kept.size, old.root(kept.size)?) {
        return Err(SuccessionError::Disagrees("the size that was kept, or its root"));
    }
    Ok(succession)
}

impl SuccessionError {
    /// In both languages, with the place and the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        let en = match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}."),
            None => format!("{self}."),
        };
        let zh = match self {
            Self::Read(source) => return source.told(),
            Self::Entry(source) => format!("原帳本首筆紀錄已毀損（{source}）。請先自備份還原。"),
            Self::Head(source) => format!("表頭不可採信（{source}）。請確認政策檔與見證人提供之表頭。"),
            Self::Note(source) => format!("後繼文書不成立（{source}）。須由原帳本登記之兩位不同監護人簽署。"),
            Self::OtherLedger(origin) => format!("見證人提供的是另一帳本 {origin} 的表頭。"),
            Self::NothingLost { kept, seen } => {
                format!("並無遺失：原帳本有 {kept} 筆，見證人所見為 {seen} 筆。請直接以原名續寫。")
            }
            Self::Disagrees(what) => format!("後繼文書與原帳本檔案不符（{what}）。請重新擬具並簽署。"),
        };
        Told::new(zh, en)
    }
}
