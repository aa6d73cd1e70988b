//! Errors of the store.
//!
//! Sorted by whose fault: the database's (`Unavailable`), the stored data's (`Damaged`, `Follows`), the
//! installation's (`Held`, `Url`, `NotPermitted`, `Encoding`, `Pack`, `File`), the ledger's
//! (`Ahead`, `Foreign`), nobody's (`Busy`).

use model::Told;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or refused a statement.
    #[error("the database failed: {what}")]
    Unavailable {
        /// The statement or the step, shortened.
        what: String,
        /// The driver's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something in a table does not read.
    #[error("{table}: {what}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// What, with its key.
        what: String,
    },
    /// An entry does not follow those before it.
    #[error("entry {entry} cannot be applied")]
    Follows {
        /// Its number.
        entry: u64,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The URL of the database cannot be used. Nothing of it is told, for it may hold a password.
    #[error("the database's URL cannot be used")]
    Url {
        /// Why.
        fault: UrlFault,
    },
    /// The database does not let this account do it.
    #[error("the database does not permit it: {what}")]
    NotPermitted {
        /// What the server said.
        what: String,
    },
    /// The database does not keep its texts in UTF-8.
    #[error("the database keeps texts in {0}, not in UTF-8")]
    Encoding(String),
    /// Somebody else has what is asked for, and went on having it for as long as was waited.
    #[error("somebody else has it: {what}")]
    Busy {
        /// What the server said.
        what: String,
    },
    /// Another process has the database open to write.
    #[error("the database is held by another process")]
    Held,
    /// The tables are ahead of the ledger.
    #[error("the tables reach to entry {tables}, the ledger to {ledger}")]
    Ahead {
        /// Entries the tables have seen.
        tables: u64,
        /// Entries of the ledger.
        ledger: u64,
    },
    /// The tables are another ledger's.
    #[error("the last entry the tables have seen, {entry}, is not the ledger's")]
    Foreign {
        /// Its number.
        entry: u64,
    },
    /// A published pack is not there or not good.
    #[error("version {version} of the pack cannot be had: {what}")]
    Pack {
        /// The version.
        version: u32,
        /// Why.
        what: String,
    },
    /// A folder or file of the store cannot be had.
    #[error("{path}")]
    File {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Why a URL cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlFault {
    /// What it asks for would go over a network in clear, and it does not say that it may.
    InClear,
    /// It does not read.
    Unread,
}

impl StoreError {
    /// A row, named by its table and what it is, that does not read.
    pub fn damaged(table: &'static str, what: impl Into<String>) -> Self {
        Self::Damaged { table, what: what.into() }
    }

    /// An entry that does not follow those before it, or cannot be read.
    pub fn follows(entry: u64, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Follows { entry, source: source.into() }
    }

    /// What people are told, with the mend.
    #[must_use]
    pub fn told(&self) -> Told {
        let chain = chain(self);
        match self {
            Self::Unavailable { .. } => Told::new(
                format!(
                    "資料庫無法完成作業（{chain}）。請稍後再試；若持續發生，請檢查磁碟空間與資料庫服務。"
                ),
                format!(
                    "The database failed ({chain}). Try again; if it persists, look at disk space and the database service."
                ),
            ),
            Self::Damaged { .. } | Self::Follows { .. } => Told::new(
                format!(
                    "資料表內容有誤（{chain}）。請以 ward rebuild 由帳本重建，並以 ward verify 檢查帳本。"
                ),
                format!(
                    "The tables do not read ({chain}). Run `ward rebuild` to make them anew from the ledger, and `ward verify` to check the ledger."
                ),
            ),
            Self::Url { fault: UrlFault::Unread } => Told::new(
                "資料庫網址無法解讀。格式為 postgres://帳號:密碼@主機/資料庫，或 host=/run/postgresql user=帳號 dbname=資料庫；密碼中之特殊字元須以 %XX 表示。",
                "The database's URL does not read. Write postgres://user:password@host/database, or host=/run/postgresql user=… dbname=…; special characters of the password as %XX.",
            ),
            Self::Url { fault: UrlFault::InClear } => Told::new(
                "資料庫位於其他主機，而 Ward 與資料庫之間不加密。請改用本機之 Unix 通訊端；若網路確實可信，請於網址加上 sslmode=disable。",
                "The database is on another host, and Ward does not encrypt what it says to a database. Use a Unix socket of this machine; or, where the network is to be trusted, add sslmode=disable to the URL.",
            ),
            Self::NotPermitted { what } => Told::new(
                format!("資料庫帳號權限不足（{what}）。請授予該帳號於資料庫建立綱要 (CREATE) 之權限。"),
                format!(
                    "The database does not permit it ({what}). Grant the account CREATE on the database."
                ),
            ),
            Self::Encoding(encoding) => Told::new(
                format!(
                    "資料庫編碼為 {encoding}，無法存放中文。請以 createdb --encoding UTF8 --template template0 另建資料庫。"
                ),
                format!(
                    "The database's encoding is {encoding}. Make another one: createdb --encoding UTF8 --template template0."
                ),
            ),
            Self::Busy { what } => Told::new(
                format!("資料表正由其他作業使用（{what}）。未變更任何資料，請稍後再試。"),
                format!("Somebody else has the tables ({what}). Nothing was changed; try again."),
            ),
            Self::Held => Told::new(
                "資料庫已由另一個 Ward 程序開啟。請先停止該程序。",
                "Another Ward process has the database open. Stop it first.",
            ),
            Self::Ahead { tables, ledger } => Told::new(
                format!(
                    "資料表已更新至第 {tables} 筆，帳本只有 {ledger} 筆：兩者不屬同一份帳本，或帳本曾還原。請以 ward rebuild 重建資料表。"
                ),
                format!(
                    "The tables reach to entry {tables}, the ledger has {ledger}: they do not belong together, or the ledger was restored. Run `ward rebuild`."
                ),
            ),
            Self::Foreign { entry } => Told::new(
                format!(
                    "資料表所記之第 {entry} 筆並非此帳本之內容：資料表屬於另一份帳本，或帳本曾還原。請確認資料庫設定；若確為此處所用，請以 ward rebuild 重建資料表。"
                ),
                format!(
                    "Entry {entry} as the tables have it is not the ledger's: they belong to another ledger, or the ledger was restored. Look at the database's setting; if it is the right one, run `ward rebuild`."
                ),
            ),
            Self::Pack { version, what } => Told::new(
                format!("無法讀取已發布之規範第 {version} 版（{what}）。請自備份還原 attachments 資料夾。"),
                format!(
                    "Published version {version} of the pack cannot be read ({what}). Restore the attachments folder from backup."
                ),
            ),
            Self::File { path, .. } => Told::new(
                format!("無法使用 {path}（{chain}）。請檢查權限與磁碟空間。"),
                format!("{path} cannot be used ({chain}). Look at permissions and disk space."),
            ),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
