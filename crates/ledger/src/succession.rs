//! A successor ledger: how a city goes on after a disaster without pretending that nothing was lost.
//!
//! Owns: drawing up the note of a succession from the old ledger's files and a head that a witness has kept; checking
//! it before the successor is made.
//! Invariants: two different stewards of the old ledger have signed; what is kept is entry for entry what its files
//! hold; what was seen is signed by the old ledger's key and, where the policy asks for witnesses, cosigned by one of
//! them; nothing is succeeded of which nothing is lost.
//! Does not: change anything in the old ledger, which stays as it is, readable; make the successor (`ledger::create`).
//! Source: `docs/format.md` §9.

mod whole;

use crate::disk::DiskError;
use crate::error::{disk_told, journal_told};
use crate::journal::{Journal, JournalError};
use crate::objects::Objects;
use crate::reader::ReadError;
use crate::witness::chain;
use model::Told;
use proof::checkpoint::Checkpoint;
use proof::entry::{Entry, EntryError};
use proof::lifecycle::{Created, LifecycleError, Succession};
use proof::policy::{Policy, PolicyError};
use std::sync::Arc;
use whole::Whole;

/// What a successor is founded with.
#[derive(Debug, Clone)]
pub struct Founding {
    /// What the note says.
    pub succession: Succession,
    /// Entry 0 of the old ledger; its stewards become the successor's.
    pub old: Created,
}

/// Why there can be no succession as asked.
#[derive(Debug, thiserror::Error)]
pub enum SuccessionError {
    /// A file of the old ledger could not be read.
    #[error("a file of the old ledger cannot be used")]
    Disk(#[from] DiskError),
    /// The old ledger cannot be read.
    #[error("the old ledger cannot be read")]
    Read(#[from] ReadError),
    /// Its journal cannot be read.
    #[error("the journal of the old ledger cannot be read")]
    Journal(#[from] JournalError),
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
    /// No witness of the policy has cosigned the head that was seen.
    #[error("no witness of the policy has cosigned the head that was seen")]
    Unwitnessed,
    /// Nothing is lost: the old ledger has all that was seen.
    #[error(
        "nothing is lost: the old ledger has {kept} entries, and the {seen} that were seen are among them"
    )]
    NothingLost {
        /// Entries the old ledger has.
        kept: u64,
        /// Entries that were seen.
        seen: u64,
    },
    /// More is to be kept than there is, or than was seen.
    #[error("{asked} entries are to be kept, but only {most} can be")]
    KeepsTooMuch {
        /// Entries that are to be kept.
        asked: u64,
        /// Entries that can be.
        most: u64,
    },
    /// The note speaks of something else than the files.
    #[error("the note does not agree with {0}")]
    Disagrees(&'static str),
}

/// Draws up a succession: `old` as its files are now, `seen` a signed head that a witness has kept, by the `policy` of
/// the old installation. All that is whole is kept, unless `keep` says how many entries: after a ledger went on by
/// itself from an old copy, only those of the copy are common to both histories.
///
/// # Errors
/// [`SuccessionError`].
pub fn draft(
    old: &Arc<dyn Objects>,
    policy: &Policy,
    seen: &[u8],
    keep: Option<u64>,
    new_origin: &str,
    reason: &str,
) -> Result<Succession, SuccessionError> {
    let whole = Whole::find(old, policy)?;
    let seen = seen_head(&whole, policy, seen)?;
    let most = whole.head.size.min(seen.size);
    let kept = keep.unwrap_or(most);
    if kept > most {
        return Err(SuccessionError::KeepsTooMuch { asked: kept, most });
    }
    let succession = Succession {
        old_origin: whole.head.origin.clone(),
        kept: (kept, whole.root(kept)?),
        seen: (seen.size, seen.root),
        new_origin: new_origin.to_owned(),
        reason: reason.to_owned(),
    };
    Ok(succession.checked()?)
}

/// Checks a signed succession against the old ledger's files and the head that was seen.
///
/// # Errors
/// [`SuccessionError`].
pub fn check(
    old: &Arc<dyn Objects>,
    policy: &Policy,
    seen: &[u8],
    note: &str,
) -> Result<Founding, SuccessionError> {
    let whole = Whole::find(old, policy)?;
    let first = whole.reader.entry(0)?;
    let created = Created::of(&Entry::parse(&first)?)?;
    let succession = Succession::check(note, &created.steward_keys()?)?;
    if succession.old_origin != whole.head.origin || created.origin != whole.head.origin {
        return Err(SuccessionError::Disagrees("the old ledger's name"));
    }
    let seen = seen_head(&whole, policy, seen)?;
    if succession.seen != (seen.size, seen.root) {
        return Err(SuccessionError::Disagrees("the head that was seen"));
    }
    let (kept, root) = succession.kept;
    if kept > whole.head.size {
        return Err(SuccessionError::KeepsTooMuch { asked: kept, most: whole.head.size });
    }
    if root != whole.root(kept)? {
        return Err(SuccessionError::Disagrees("the root of the entries in the old ledger's files"));
    }
    Ok(Founding { succession, old: created })
}

/// How many entries the old ledger's journal reaches to; 0 where it is empty. Entries in it that are not published are
/// not lost: opening the old ledger once publishes them, and that should come before any succession.
///
/// # Errors
/// `Journal`.
pub fn journal_reaches(journal: &dyn Journal) -> Result<u64, SuccessionError> {
    let replay = journal.replay()?;
    let ends = replay.records.iter().map(|record| record.first.saturating_add(u64::from(record.count)));
    Ok(ends.max().unwrap_or(0))
}

/// The head that was seen, if it is to be believed and contradicts what the old ledger has.
fn seen_head(whole: &Whole, policy: &Policy, seen: &[u8]) -> Result<Checkpoint, SuccessionError> {
    let head = policy.judge(seen)?;
    let checkpoint = head.checkpoint().clone();
    if checkpoint.origin != whole.head.origin {
        return Err(SuccessionError::OtherLedger(checkpoint.origin));
    }
    // One is enough: the head need not have met the quorum to stand in the way of going on.
    if policy.asks_for_witnesses() && head.cosigned().is_empty() {
        return Err(SuccessionError::Unwitnessed);
    }
    let (kept, seen) = (whole.head.size, checkpoint.size);
    if seen <= kept && whole.root(seen)? == checkpoint.root {
        return Err(SuccessionError::NothingLost { kept, seen });
    }
    Ok(checkpoint)
}

impl SuccessionError {
    /// In both languages, with the place and the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        let why = chain(self);
        let zh = match self {
            Self::Disk(source) => return disk_told(source),
            Self::Read(source) => return source.told(),
            Self::Journal(source) => return journal_told(source),
            Self::Entry(source) => format!("原帳本首筆紀錄已毀損（{source}）。請先自備份還原。"),
            Self::Head(_) => format!("檢查點不可採信（{why}）。請確認政策檔與見證人提供之檢查點。"),
            Self::Note(_) => format!("後繼文書不成立（{why}）。須由原帳本登記之兩位不同監護人簽署。"),
            Self::OtherLedger(origin) => format!("見證人提供的是另一帳本 {origin} 的檢查點。"),
            Self::Unwitnessed => {
                "所提檢查點未經政策檔中任何見證人見證。請向見證人取得其保存的檢查點（見證人網頁之 checkpoint）。"
                    .to_owned()
            }
            Self::NothingLost { kept, seen } => {
                format!("並無遺失：原帳本有 {kept} 筆，已含見證人所見之 {seen} 筆。請直接以原名續寫。")
            }
            Self::KeepsTooMuch { asked, most } => format!("擬保留 {asked} 筆，但至多只能保留 {most} 筆。"),
            Self::Disagrees(_) => format!("後繼文書與原帳本檔案或檢查點不符（{why}）。請重新擬具並簽署。"),
        };
        let mend = match self {
            Self::Head(_) => " Look at the policy and at the head the witness has given.",
            Self::Note(_) => " It takes two different stewards named in the old ledger.",
            Self::Unwitnessed => " Get the head it keeps from a witness (checkpoint, on its page).",
            Self::NothingLost { .. } => " Go on under the old name.",
            Self::Disagrees(_) => " Draw it up and sign it anew.",
            _ => "",
        };
        Told::new(zh, format!("{why}.{mend}"))
    }
}
