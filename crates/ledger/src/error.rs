//! What can go wrong with a ledger, whose fault it is, and how to mend it.
//!
//! Three sorts (house rule 25): refused before anything was done; not written, the next try may do; and unknown, where
//! the process must stop and read the state anew.

use crate::disk::DiskError;
use crate::journal::JournalError;
use crate::tiles::TilesError;
use crate::writer::{MOST_BATCH_BYTES, MOST_BATCH_ENTRIES};
use model::Told;
use proof::checkpoint::CheckpointError;
use proof::entry::EntryError;
use proof::note::NoteError;
use std::sync::Arc;

/// Why a batch was not acknowledged.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// A batch without entries, or of more entries or bytes than one record takes.
    #[error(
        "a batch holds 1 to {MOST_BATCH_ENTRIES} entries and at most {MOST_BATCH_BYTES} bytes; this one has {entries} entries and {bytes} bytes"
    )]
    Batch {
        /// Its entries.
        entries: usize,
        /// Its bytes.
        bytes: usize,
    },
    /// Surely not written. A later try may do, for example when the disk has room again.
    #[error("the batch was not written")]
    NotWritten(#[source] Arc<JournalError>),
    /// The ledger takes nothing until it is opened anew.
    #[error("the ledger has stopped")]
    Stopped(#[source] StopReason),
}

/// Why a ledger takes nothing any more until it is opened anew.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StopReason {
    /// It was closed.
    #[error("it was closed")]
    Closed,
    /// It is not known whether the last batch is durable.
    #[error("it is not known whether the last batch is durable")]
    Unknown(#[source] Arc<JournalError>),
    /// Published files could not be written.
    #[error("published files could not be written")]
    Publish(#[source] Arc<TilesError>),
    /// A witness has seen more of this ledger, or something else in its place.
    #[error(
        "witness {witness} has seen {seen} entries of this ledger, which has {size}, or another history of it"
    )]
    Contradicted {
        /// Name of the witness.
        witness: String,
        /// Entries it has seen.
        seen: u64,
        /// Entries the ledger has.
        size: u64,
    },
    /// The ledger's own entry could not be made.
    #[error("an entry of the ledger itself could not be made")]
    Entry(#[source] Arc<EntryError>),
    /// The head could not be signed.
    #[error("the head could not be signed")]
    Sign(#[source] Arc<CheckpointError>),
}

/// Why a ledger could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file could not be read or written.
    #[error("a file cannot be used")]
    Disk(#[from] DiskError),
    /// The journal is damaged or cannot be used.
    #[error("the journal cannot be replayed")]
    Journal(#[from] JournalError),
    /// A published file is missing or damaged.
    #[error("the published ledger is not whole")]
    Tiles(#[from] TilesError),
    /// There is no ledger here.
    #[error("there is no ledger here")]
    NoLedger,
    /// There is one already, whole or not.
    #[error("there is a ledger here already, or part of one")]
    Exists,
    /// Another process has it open.
    #[error("{path} is locked: another process has this folder open")]
    Locked {
        /// The lock file.
        path: String,
    },
    /// A file is there and says what it cannot.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// Entries that were published are gone.
    #[error("{path} shows {published} entries, but only {have} can be recovered")]
    Lost {
        /// The head that shows more.
        path: String,
        /// Entries it shows.
        published: u64,
        /// Entries that are there.
        have: u64,
    },
    /// The key is not the one that signed the ledger.
    #[error("the head is not signed by the key of this installation")]
    Key(#[source] NoteError),
    /// The first entries could not be made.
    #[error("the ledger's first entry cannot be made")]
    Entry(#[from] EntryError),
    /// The first head could not be signed.
    #[error("the head cannot be signed")]
    Sign(#[from] CheckpointError),
    /// The ledger's own entry was not acknowledged.
    #[error("an entry about the recovery could not be written")]
    Append(#[from] AppendError),
}

impl AppendError {
    /// In both languages, with the place and the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Batch { entries, bytes } => Told::new(
                format!(
                    "這一批有 {entries} 筆、{bytes} 位元組；一批為 1 至 {MOST_BATCH_ENTRIES} 筆、至多 {MOST_BATCH_BYTES} 位元組。請分批送出。"
                ),
                format!("{self}. Send it in parts."),
            ),
            Self::NotWritten(source) => journal_told(source),
            Self::Stopped(reason) => reason.told(),
        }
    }
}

impl StopReason {
    /// In both languages, with the place and the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Closed => Told::new("帳本已關閉。", "The ledger is closed."),
            Self::Unknown(source) => {
                let cause = journal_told(source);
                Told::new(
                    format!("無法確認最後一批是否已寫入，帳本停止收件。請排除故障後重新啟動。{}", cause.zh),
                    format!(
                        "It is not known whether the last batch was written; the ledger has stopped. Mend the cause and start again. {}",
                        cause.en
                    ),
                )
            }
            Self::Publish(source) => tiles_told(source),
            Self::Contradicted { witness, seen, size } => Told::new(
                format!(
                    "見證人 {witness} 已見過 {seen} 筆，本帳本僅 {size} 筆或內容不同。不得以原名續寫；請查明原因，必要時依程序建立後繼帳本（ward ledger succeed）。"
                ),
                format!(
                    "Witness {witness} has seen {seen} entries; this ledger has {size}, or other ones. It must not go on under its name. Find out why; if entries are lost, make a successor (ward ledger succeed)."
                ),
            ),
            Self::Entry(source) => {
                Told::new(format!("帳本自身的紀錄無法產生：{source}。"), format!("{self}: {source}."))
            }
            Self::Sign(source) => {
                Told::new(format!("帳本檢查點無法簽署：{source}。"), format!("{self}: {source}."))
            }
        }
    }
}

impl OpenError {
    /// In both languages, with the place and the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Disk(source) => disk_told(source),
            Self::Journal(source) => journal_told(source),
            Self::Tiles(source) => tiles_told(source),
            Self::NoLedger => Told::new(
                "這個資料夾沒有帳本。請先執行 ward ledger init。",
                "There is no ledger in this folder. Make one with: ward ledger init",
            ),
            Self::Exists => Told::new(
                "這個資料夾已有帳本或其一部分，不予覆寫。請指定其他資料夾；若前次建立中斷且從未使用，請移走 ledger 資料夾後再試。",
                "This folder has a ledger, or part of one, and it is not overwritten. Name another folder; if making it was interrupted and it was never used, move its folder ledger away and try again.",
            ),
            Self::Locked { path } => Told::new(
                format!("{path} 已被鎖定：另一個程序正在使用這個資料夾。請透過該程序操作，或先將其停止。"),
                format!(
                    "{path} is locked: another process uses this folder. Work through it, or stop it first."
                ),
            ),
            Self::Damaged { path, what } => Told::new(
                format!(
                    "{path} 已毀損（{what}）。請勿修改檔案；執行 ward verify 查明範圍，再自備份還原該檔。"
                ),
                format!(
                    "{path} is damaged: {what}. Change nothing; run ward verify to see how far it goes, then restore that file from a copy."
                ),
            ),
            Self::Lost { path, published, have } => Told::new(
                format!(
                    "{path} 記載 {published} 筆，但只能復原 {have} 筆：已公布的紀錄遺失。請自備份還原；無法還原時依程序建立後繼帳本（ward ledger succeed）。"
                ),
                format!(
                    "{path} shows {published} entries, but only {have} can be recovered: published entries are lost. Restore them from a copy; where there is none, make a successor (ward ledger succeed)."
                ),
            ),
            Self::Key(source) => Told::new(
                format!(
                    "帳本檢查點（ledger/durable 或日誌）不是由此安裝的金鑰簽署（{source}）。請放回原本的 keys/ledger.key；若金鑰無誤，即檢查點已毀損，請執行 ward verify 查明。"
                ),
                format!(
                    "The ledger's head (ledger/durable, or the journal) is not signed by this installation's key: {source}. Put the right keys/ledger.key back; if it is the right one, the head is damaged: run ward verify."
                ),
            ),
            Self::Entry(source) => {
                Told::new(format!("帳本的首筆紀錄無法產生：{source}。"), format!("{self}: {source}."))
            }
            Self::Sign(source) => Told::new(
                format!("帳本檢查點無法簽署：{source}。請檢查帳本名稱（origin）。"),
                format!("{self}: {source}. Look at the ledger's origin."),
            ),
            Self::Append(source) => source.told(),
        }
    }
}

/// What to say of a disk that fails.
#[must_use]
pub fn disk_told(error: &DiskError) -> Told {
    let (zh, en) = if error.is_full() {
        ("磁碟已滿，請騰出空間後再試", "The disk is full: make room, then try again")
    } else if error.is_read_only() {
        ("磁碟為唯讀，請重新掛載為可寫入", "The disk is read-only: mount it writable")
    } else {
        ("請檢查磁碟、權限與路徑", "Look at the disk, the permissions and the path")
    };
    Told::new(
        format!("{}：{} 失敗（{}）。{zh}。", error.path, error.act, error.source),
        format!("{}: {} failed ({}). {en}.", error.path, error.act, error.source),
    )
}

/// What to say of a journal that fails.
#[must_use]
pub fn journal_told(error: &JournalError) -> Told {
    match error {
        JournalError::NotWritten(source) | JournalError::Unknown(source) | JournalError::Disk(source) => {
            disk_told(source)
        }
        JournalError::Damaged { path, at, what } => Told::new(
            format!(
                "{path} 第 {at} 位元組起毀損。已確認的紀錄可能受影響；請勿修改檔案，執行 ward verify 查明，再自備份還原該檔。"
            ),
            format!(
                "{path}, from byte {at} on: damaged ({what}). Acknowledged entries may be touched; change nothing, run ward verify, then restore that file from a copy."
            ),
        ),
    }
}

/// What to say of published files that are missing or damaged.
#[must_use]
pub fn tiles_told(error: &TilesError) -> Told {
    match error {
        TilesError::Disk(source) => disk_told(source),
        TilesError::Missing { path } => Told::new(
            format!("{path} 不存在。請自備份或鏡像還原該檔。"),
            format!("{path} is missing. Restore it from a copy or a mirror."),
        ),
        TilesError::Damaged { path, source } => Told::new(
            format!("{path} 已毀損（{source}）。請自備份或鏡像還原該檔。"),
            format!("{path} is damaged: {source}. Restore it from a copy or a mirror."),
        ),
    }
}
