//! Where the tables are: a folder with two files of SQLite, or a database of PostgreSQL.
//!
//! Invariant: one process writes. In a folder the installation's lock sees to it, in PostgreSQL a lock of its own, that of
//! a connection: when the connection is lost the lock is, and whoever wrote must take it anew before writing on.

use crate::error::StoreError;
use crate::schema;
use crate::sql::{Access, Dialect, Sql};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where the tables are.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A database of PostgreSQL, made beforehand, all of which is Ward's.
    Postgres {
        /// Its URL.
        url: String,
        /// The schema of the projection; the state is in the schema `state`.
        schema: String,
    },
}

impl fmt::Debug for Place {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => f.debug_tuple("Folder").field(folder).finish(),
            Self::Postgres { schema, .. } => {
                f.debug_struct("Postgres").field("schema", schema).finish_non_exhaustive()
            }
        }
    }
}

/// The file of the projection.
pub(crate) const PROJECTION: &str = "projection.db";
/// The file of the state.
pub(crate) const STATE: &str = "state.db";
/// The file of a projection being built.
pub(crate) const NEXT: &str = "projection.next.db";

/// What a file of the tables' folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSort {
    /// The tables.
    Projection,
    /// Tables that were being built.
    Unfinished,
    /// What is neither in the ledger nor computed.
    State,
}

impl FileSort {
    /// By its name in the folder; none where no file of that name belongs there.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let name = ["-wal", "-shm", "-journal"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        match name {
            PROJECTION => Some(Self::Projection),
            NEXT => Some(Self::Unfinished),
            STATE => Some(Self::State),
            _ => None,
        }
    }
}

/// Names the writer's lock among those of the database ("ward"), and that of the one who builds tables beside.
pub(crate) const LOCK: i64 = 0x7761_7264;
pub(crate) const LOCK_NEXT: i64 = LOCK + 1;

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
    /// `Held`: another process writes. `Encoding`, `NotPermitted`, `Url`: the database is not fit. `Unavailable`, `File`.
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
                lock(&mut sql, LOCK)?;
                let row = sql.row("SHOW server_encoding", &[])?;
                let encoding = row.as_ref().and_then(|row| row.text(0)).unwrap_or_default();
                if encoding != "UTF8" {
                    return Err(StoreError::Encoding(encoding.to_owned()));
                }
                sql.script(&format!(
                    "CREATE SCHEMA IF NOT EXISTS {schema}; CREATE SCHEMA IF NOT EXISTS state;"
                ))?;
                sql.script(&schema::state(Dialect::Postgres))?;
                Ok(sql)
            }
        }
    }

    /// Copies the tables, without the state, into a folder that is there. Nobody may write them meanwhile. A database
    /// of PostgreSQL needs no copy to be left as it is.
    ///
    /// # Errors
    /// `File`.
    pub fn copied(&self, into: &Path) -> Result<Self, StoreError> {
        let Self::Folder(folder) = self else { return Ok(self.clone()) };
        for name in [PROJECTION.to_owned(), format!("{PROJECTION}-wal")] {
            let path = folder.join(&name);
            match std::fs::copy(&path, into.join(&name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::File { path: path.display().to_string(), source: error });
                }
                _ => {}
            }
        }
        Ok(Self::Folder(into.to_owned()))
    }

    /// A connection that reads the tables alone; none where there are none.
    pub(crate) fn open_tables(&self) -> Result<Option<Sql>, StoreError> {
        match self {
            Self::Folder(folder) if !folder.join(PROJECTION).exists() => Ok(None),
            Self::Folder(folder) => Sql::sqlite(&folder.join(PROJECTION), None, Access::Read).map(Some),
            Self::Postgres { .. } => self.open_to_read().map(Some),
        }
    }

    /// A connection that reads.
    ///
    /// # Errors
    /// `Unavailable`, `Url`.
    pub fn open_to_read(&self) -> Result<Sql, StoreError> {
        match self {
            Self::Folder(folder) => {
                Sql::sqlite(&folder.join(PROJECTION), Some(&folder.join(STATE)), Access::Read)
            }
            Self::Postgres { url, schema } => Sql::postgres(url, schema),
        }
    }
}

/// Takes a lock of the database of PostgreSQL; it goes with the connection. Whoever has just ended may still be leaving,
/// and is waited for.
pub(crate) fn lock(sql: &mut Sql, which: i64) -> Result<(), StoreError> {
    sql.script("SET lock_timeout TO '2s'")?;
    let taken = sql.script(&format!("SELECT pg_advisory_lock({which})"));
    match taken {
        Err(StoreError::Busy { .. }) => Err(StoreError::Held),
        taken => taken.and_then(|()| sql.script("SET lock_timeout TO 0")),
    }
}

pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| StoreError::File { path: folder.display().to_string(), source })
}
