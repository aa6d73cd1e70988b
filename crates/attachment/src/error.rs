//! What can go wrong when files are put and fetched, and what people are told.

use crate::sealed::{OpenError, SealError};
use ledger::disk::DiskError;
use ledger::entropy::EntropyError;
use ledger::error::disk_told;
use model::{DataKeyId, Told};
use std::io;

/// Why a file was not put. Nothing of it is kept but, at worst, a file without a name, which a sweep removes.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// It is longer than it may be.
    #[error("the file is longer than {limit} bytes")]
    TooBig {
        /// Most bytes it may have.
        limit: u64,
    },
    /// Whoever hands it in broke off.
    #[error("the file could not be read to its end")]
    Source(#[source] io::Error),
    /// It could not be written. It can be put again.
    #[error("the file could not be written")]
    Disk(#[source] DiskError),
    /// There was no randomness to seal it with.
    #[error("the file could not be sealed")]
    Entropy(#[source] EntropyError),
    /// It could not be sealed.
    #[error("the file could not be sealed")]
    Seal(#[source] SealError),
}

/// Why a file is not given out.
#[derive(Debug, thiserror::Error)]
pub enum GetError {
    /// There is no such file.
    #[error("{path} is missing")]
    Missing {
        /// Where it should be.
        path: String,
    },
    /// It cannot be read.
    #[error("the file could not be read")]
    Disk(#[source] DiskError),
    /// Its bytes are not those it is named by.
    #[error("{path} was changed: the SHA-256 of its bytes is {found}")]
    Changed {
        /// Which file.
        path: String,
        /// Digest of what is there.
        found: crate::Digest,
    },
    /// Its seal does not open.
    #[error("{path} does not open")]
    Seal {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// It is longer than whoever asks can hold.
    #[error("{path} is longer than {limit} bytes")]
    TooBig {
        /// Which file.
        path: String,
        /// Most bytes that were asked for.
        limit: u64,
    },
    /// Whoever asks takes no more.
    #[error("the file could not be handed on")]
    Sink(#[source] io::Error),
}

impl PutError {
    /// In both languages, with the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::TooBig { limit } => {
                let limit = shown_size(*limit);
                Told::new(
                    format!("檔案超過上限 {limit}。請縮小檔案或分成數個檔案後再附上。"),
                    format!("The file is larger than {limit}. Make it smaller, or attach it in parts."),
                )
            }
            Self::Source(source) => Told::new(
                format!("檔案傳送中斷（{source}），未保存。請重新附上。"),
                format!("The file broke off on its way ({source}) and was not kept. Attach it again."),
            ),
            Self::Disk(error) => disk_told(error),
            Self::Entropy(error) => error.told(),
            Self::Seal(error) => Told::new(
                format!("檔案無法封存（{error}），未保存。請分成數個檔案後再附上。"),
                format!("The file could not be sealed ({error}) and was not kept. Attach it in parts."),
            ),
        }
    }
}

impl GetError {
    /// In both languages, with the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Missing { path } => Told::new(
                format!("附件 {path} 不存在。請自備份或鏡像還原該檔。"),
                format!("Attachment {path} is missing. Restore it from a copy or a mirror."),
            ),
            Self::Disk(error) => disk_told(error),
            Self::Changed { path, found } => Told::new(
                format!(
                    "附件 {path} 遭變更（現有內容的 SHA-256 為 {found}），不予提供。請自備份或鏡像還原該檔。"
                ),
                format!(
                    "Attachment {path} was changed (the SHA-256 of what is there is {found}) and is not given out. Restore it from a copy or a mirror."
                ),
            ),
            Self::Seal { path, source } => seal_told(path, source),
            Self::TooBig { path, limit } => {
                let limit = shown_size(*limit);
                Told::new(
                    format!("附件 {path} 超過 {limit}，無法一次讀取。請改以下載方式取得。"),
                    format!(
                        "Attachment {path} is larger than {limit} and cannot be read at once. Download it instead."
                    ),
                )
            }
            Self::Sink(source) => Told::new(
                format!("附件傳送中斷（{source}）。請重新下載。"),
                format!("The attachment broke off on its way ({source}). Download it again."),
            ),
        }
    }
}

fn seal_told(path: &str, error: &OpenError) -> Told {
    let key = |key: &DataKeyId| key.to_string();
    match error {
        OpenError::Read(source) => Told::new(
            format!("附件 {path} 無法讀取（{source}）。請檢查磁碟與權限。"),
            format!("Attachment {path} cannot be read ({source}). Look at the disk and the permissions."),
        ),
        OpenError::NotSealed => Told::new(
            format!("附件 {path} 應為封存檔，卻不是。請自備份或鏡像還原該檔。"),
            format!("Attachment {path} should be sealed and is not. Restore it from a copy or a mirror."),
        ),
        OpenError::OtherKey { found, asked } => Told::new(
            format!("附件 {path} 係以金鑰 {} 封存，並非 {}。請查明紀錄所載的金鑰。", key(found), key(asked)),
            format!(
                "Attachment {path} is sealed under key {}, not under {}. Find out which key the record names.",
                key(found),
                key(asked)
            ),
        ),
        OpenError::Broken { at } => Told::new(
            format!(
                "附件 {path} 自第 {at} 位元組起無法開啟：金鑰不符，或檔案遭變更。請自備份或鏡像還原該檔。"
            ),
            format!(
                "Attachment {path} does not open from byte {at} on: wrong key, or the file was changed. Restore it from a copy or a mirror."
            ),
        ),
        OpenError::Padding => Told::new(
            format!("附件 {path} 封存的內容結尾不合格式。寫入者違反規定，請保全現場並通報。"),
            format!(
                "What is sealed in attachment {path} does not end as it must. Whoever wrote it broke the rules; secure the evidence and report it."
            ),
        ),
    }
}

/// A size as people write it.
pub(crate) fn shown_size(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    const KIB: u64 = 1 << 10;
    match bytes {
        MIB.. if bytes.is_multiple_of(MIB) => format!("{} MB", bytes / MIB),
        KIB.. if bytes.is_multiple_of(KIB) => format!("{} kB", bytes / KIB),
        _ => format!("{bytes} bytes"),
    }
}
