//! What can go wrong with the vault, and how to mend it.

use super::KEYS;
use super::backup::REGISTER;
use super::intent::INTENT;
use crate::disk::DiskError;
use crate::entropy::EntropyError;
use crate::error::disk_told;
use crate::master::MasterError;
use model::{CivilDate, DataKeyId, Told};

/// Why the vault did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A file could not be read or written.
    #[error("a file of the vault cannot be used")]
    Disk(#[from] DiskError),
    /// There was no randomness.
    #[error("no key can be made")]
    Entropy(#[from] EntropyError),
    /// The master key could not be had.
    #[error("the master key cannot be had")]
    Master(#[from] MasterError),
    /// There is no vault here.
    #[error("{path} is missing: there is no vault here")]
    NoVault {
        /// Which file is missing.
        path: &'static str,
    },
    /// There is one already, whole or not.
    #[error("{path} is there: there is a vault here already, or part of one")]
    Exists {
        /// Which file is there.
        path: String,
    },
    /// The master key is not the one this file was sealed under.
    #[error("{path}: sealed under another master key")]
    WrongMaster {
        /// Which file, or `backup`.
        path: String,
    },
    /// The first 4,096 bytes are not a header.
    #[error("{path}: the header (bytes 0 to 4095) is damaged: {what}")]
    Header {
        /// Which file.
        path: String,
        /// What is wrong.
        what: String,
    },
    /// A slot is damaged. No other key is touched.
    #[error("{path}: slot {slot} (from byte {at} on) is damaged: {what}")]
    Slot {
        /// Which file.
        path: String,
        /// Its number, from 0.
        slot: u32,
        /// Where it begins.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The register of backups is missing or damaged.
    #[error("{REGISTER}: the register of backups is damaged: {what}")]
    Register {
        /// What is wrong.
        what: String,
    },
    /// The note about a destruction under way is damaged.
    #[error("{INTENT}: the note of a destruction under way is damaged: {what}")]
    Intent {
        /// What is wrong.
        what: String,
    },
    /// No key has this id.
    #[error("no key {id} is in the vault")]
    UnknownKey {
        /// The id.
        id: DataKeyId,
    },
    /// The source of randomness gave an id that there is already.
    #[error("the source of randomness repeats itself: it gave the id {id} twice")]
    Repeated {
        /// The id.
        id: DataKeyId,
    },
    /// What was overwritten is still there.
    #[error("{KEYS}: the key {id} was overwritten, but is still there when the file is read again")]
    StillThere {
        /// The id.
        id: DataKeyId,
    },
    /// After an earlier failure it is not known what the files hold.
    #[error("the vault has stopped: after an earlier failure its files must be read anew")]
    Stopped,
    /// The day has passed.
    #[error("the backup cannot be used after {expires}; today is {today}")]
    Expired {
        /// Its last day.
        expires: CivilDate,
        /// The day it was tried.
        today: CivilDate,
    },
    /// The backup is not whole.
    #[error("the backup is damaged: {what}")]
    BackupDamaged {
        /// What is wrong.
        what: String,
    },
    /// The backup is one of another vault.
    #[error("the backup is of another vault than {path}")]
    OtherVault {
        /// The file that says which vault this is.
        path: &'static str,
    },
}

impl VaultError {
    pub(super) const fn intent(what: String) -> Self {
        Self::Intent { what }
    }

    /// In both languages, with the place and the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Disk(source) => disk_told(source),
            Self::Entropy(source) => source.told(),
            Self::Master(source) => source.told(),
            Self::Header { .. } | Self::Slot { .. } | Self::Register { .. } | Self::Intent { .. } => {
                self.damage_told()
            }
            Self::Expired { .. } | Self::BackupDamaged { .. } | Self::OtherVault { .. } => self.backup_told(),
            _ => self.state_told(),
        }
    }

    fn damage_told(&self) -> Told {
        match self {
            Self::Header { path, what } => Told::new(
                format!(
                    "{path} 的檔頭（第 0 至 4095 位元組）毀損（{what}）。請保留原檔，以未到期的金鑰保管庫備份還原（ward vault restore）；仍可讀取的金鑰會一併保留。"
                ),
                format!(
                    "{path}: the header (bytes 0 to 4095) is damaged: {what}. Keep the file as it is and restore a vault backup that has not expired (ward vault restore); keys that can still be read are kept."
                ),
            ),
            Self::Slot { path, slot, at, what } => Told::new(
                format!(
                    "{path} 第 {slot} 格（自第 {at} 位元組起）毀損（{what}），其餘金鑰不受影響。請保留原檔，以未到期的金鑰保管庫備份還原（ward vault restore）；仍可讀取的金鑰會一併保留。"
                ),
                format!(
                    "{path}: slot {slot} (from byte {at} on) is damaged: {what}. Other keys are not touched. Keep the file as it is and restore a vault backup that has not expired (ward vault restore); keys that can still be read are kept."
                ),
            ),
            Self::Register { what } => Told::new(
                format!(
                    "備份登記檔 {REGISTER} 遺失或毀損（{what}），無法得知最後一份備份何時到期。請自資料夾的副本放回該檔，或還原最近一次的金鑰保管庫備份（ward vault restore）。"
                ),
                format!(
                    "{self}. It is not known when the last backup expires. Put the file back from a copy of the folder, or restore the latest vault backup (ward vault restore)."
                ),
            ),
            _ => Told::new(
                format!(
                    "銷毀作業紀錄 {INTENT} 毀損，或與金鑰檔不符（{self}）。請對照帳本中核准的銷毀案，再還原未到期的金鑰保管庫備份（ward vault restore）；已銷毀的金鑰不會復原。"
                ),
                format!(
                    "{self}. Compare with the approved destruction in the ledger, then restore a vault backup that has not expired (ward vault restore); destroyed keys do not come back."
                ),
            ),
        }
    }

    fn backup_told(&self) -> Told {
        match self {
            Self::Expired { expires, today } => Told::new(
                format!(
                    "這份金鑰保管庫備份的使用期限為 {expires}，今日為 {today}，已不得使用。請改用未到期的備份，並銷毀此份。"
                ),
                format!(
                    "This vault backup could be used until {expires}; today is {today}. Use one that has not expired, and destroy this one."
                ),
            ),
            Self::BackupDamaged { what } => Told::new(
                format!("這份金鑰保管庫備份毀損（{what}），未做任何變更。請改用另一份備份。"),
                format!("This vault backup is damaged: {what}. Nothing was changed. Use another backup."),
            ),
            _ => Told::new(
                format!(
                    "這份備份屬於另一個金鑰保管庫（{self}），未做任何變更。請確認備份檔與資料夾是否相符。"
                ),
                format!("{self}. Nothing was changed. Look whether backup and folder belong together."),
            ),
        }
    }

    fn state_told(&self) -> Told {
        match self {
            Self::NoVault { path } => Told::new(
                format!(
                    "找不到 {path}：這個資料夾沒有金鑰保管庫。新安裝請先執行 ward ledger init；若檔案遺失，請還原未到期的金鑰保管庫備份（ward vault restore）。"
                ),
                format!(
                    "{path} is missing: there is no vault in this folder. If it is new, run ward ledger init first; if the file was lost, restore a vault backup that has not expired (ward vault restore)."
                ),
            ),
            Self::Exists { path } => Told::new(
                format!("{path} 已存在：這個資料夾已有金鑰保管庫或其一部分，不予覆寫。請指定其他資料夾。"),
                format!(
                    "{path} is there: this folder has a vault, or part of one, and it is not overwritten. Name another folder."
                ),
            ),
            Self::WrongMaster { path } => Told::new(
                format!(
                    "{path} 不是以這把主金鑰封存。請確認主金鑰來源；若曾更換主金鑰，請提供封存當時的那一把。"
                ),
                format!(
                    "{path} is not sealed under this master key. Look where the master key comes from; if it was changed, give the one of the time this was sealed."
                ),
            ),
            Self::UnknownKey { id } => Told::new(
                format!("金鑰保管庫中沒有資料金鑰 {id}。請確認識別碼；若應存在，請還原金鑰保管庫備份。"),
                format!(
                    "No data key {id} is in the vault. Look at the id; if it should be there, restore a vault backup."
                ),
            ),
            Self::Repeated { id } => Told::new(
                format!(
                    "亂數來源重複（兩次產生 {id}），不可用於產生金鑰。請停止使用並檢查這台主機的亂數來源。"
                ),
                format!(
                    "The source of randomness repeats itself ({id} came twice) and must not make keys. Stop and look at this machine's randomness."
                ),
            ),
            Self::StillThere { id } => Told::new(
                format!(
                    "資料金鑰 {id} 已覆寫，但重新讀取 {KEYS} 時仍在。請檢查磁碟與檔案系統後重新啟動，系統會接續銷毀。"
                ),
                format!(
                    "{self}. Look at the disk and its file system, then start again: the destruction is taken up again."
                ),
            ),
            _ => Told::new(
                "金鑰保管庫先前寫入失敗，已停止變更。請排除磁碟故障後重新啟動。",
                "The vault has stopped after a write that failed. Mend the disk and start again.",
            ),
        }
    }
}
