//! Where the tables are: a folder with two files of SQLite, or a database of PostgreSQL.
//!
//! Invariant: one process writes. In a folder the installation's lock sees to it, in PostgreSQL a lock of its own.

use crate::error::StoreError;
use crate::schema;
use crate::sql::{Access, Dialect, Sql};
use std::path::{Path, PathBuf};

/// Where the tables are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A database of PostgreSQL, by its URL. Its name may be followed by a space and a prefix for the two schemas.
    Postgres {
        /// The URL.
        url: String,
        /// What the names of its schemas begin with: `ward` gives `ward` and `state`.
        schema: String,
    },
}

/// The file of the projection.
pub(crate) const PROJECTION: &str = "projection.db";
/// The file of the state.
pub(crate) const STATE: &str = "state.db";
/// The file of a projection being built.
pub(crate) const NEXT: &str = "projection.next.db";

/// Names this program's lock among those of the database ("ward").
const LOCK: i64 = 0x7761_7264;

impl Place {
    /// From what the configuration says: a URL of PostgreSQL, or nothing, which is the folder `store` in the data
    /// folder.
    #[must_use]
    pub fn of(data: &Path, url: Option<&str>) -> Self {
        match url {
            Some(url) => Self::Postgres { url: url.to_owned(), schema: "ward".to_owned() },
            None => Self::Folder(data.join("store")),
        }
    }

    /// A connection that may write. In PostgreSQL it holds the lock as long as it lives.
    ///
    /// # Errors
    /// `Held`: another process writes. `Unavailable`, `File`.
    pub fn open_to_write(&self) -> Result<Sql, StoreError> {
        match self {
            Self::Folder(folder) => {
                make_folder(folder)?;
                let mut sql =
                    Sql::sqlite(&folder.join(PROJECTION), Some(&folder.join(STATE)), Access::Write)?;
                sql.script(&schema::state(Dialect::Sqlite))?;
                Ok(sql)
            }
            Self::Postgres { url, schema } => {
                let mut sql = Sql::postgres(url, schema)?;
                let row = sql.row("SELECT pg_try_advisory_lock($1)", &[LOCK.into()])?;
                if row.and_then(|row| row.int(0)) != Some(1) {
                    return Err(StoreError::Held);
                }
                sql.script(&format!(
                    "CREATE SCHEMA IF NOT EXISTS {schema}; CREATE SCHEMA IF NOT EXISTS state;"
                ))?;
                sql.script(&schema::state(Dialect::Postgres))?;
                Ok(sql)
            }
        }
    }

    /// A connection that reads.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn open_to_read(&self) -> Result<Sql, StoreError> {
        match self {
            Self::Folder(folder) => {
                Sql::sqlite(&folder.join(PROJECTION), Some(&folder.join(STATE)), Access::Read)
            }
            Self::Postgres { url, schema } => Sql::postgres(url, schema),
        }
    }
}

pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| StoreError::File { path: folder.display().to_string(), source })
}
