//! Scrubbing: what deleted rows leave behind in the databases' files is overwritten.
//!
//! SQLite overwrites rows as they are deleted; the search index is merged, so that no word of a deleted row is left in
//! it, and the log of changes is emptied. PostgreSQL leaves old rows where they are: tables that had some are written
//! anew, and the samples of their content that plans are made by with them.
//! Limit: PostgreSQL's log of changes is the server's. It is closed here; when its files go is for the server's
//! settings to say, and for its copies elsewhere (`SECURITY.md`).
//! Source: `docs/adr/0005-sealing-and-vault.md`.

use crate::error::StoreError;
use crate::flush::BURIED;
use crate::sql::{Dialect, Sql};

impl Sql {
    /// Overwrites what deleted rows have left behind in the database's files, and makes it durable. False while somebody
    /// reads what was before: some of it is still there, and it is to be done again.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn scrub(&mut self) -> Result<bool, StoreError> {
        let keys =
            self.row("SELECT count(*) FROM destroyed_key", &[])?.and_then(|row| row.int(0)).unwrap_or(0);
        let done = match self.dialect() {
            Dialect::Sqlite => self.empty_log()?,
            Dialect::Postgres => match self.write_anew() {
                Ok(()) => true,
                Err(StoreError::Busy { .. }) => false,
                Err(error) => return Err(error),
            },
        };
        if done {
            let text = "INSERT INTO state.scrubbed (one, keys) VALUES (1, $1) \
                        ON CONFLICT (one) DO UPDATE SET keys = excluded.keys";
            self.run(text, &[keys.into()])?;
        }
        Ok(done)
    }

    /// One who reads for long is not waited for: nothing else is written meanwhile.
    fn empty_log(&mut self) -> Result<bool, StoreError> {
        self.script("INSERT INTO search (search) VALUES ('optimize'); PRAGMA busy_timeout = 200;")?;
        let busy = self.row("PRAGMA wal_checkpoint(TRUNCATE)", &[]);
        self.script("PRAGMA busy_timeout = 10000")?;
        Ok(busy?.and_then(|row| row.int(0)) == Some(0))
    }

    fn write_anew(&mut self) -> Result<(), StoreError> {
        self.script("SET lock_timeout TO '200ms'")?;
        let done = self.tables_anew();
        self.script("SET lock_timeout TO 0")?;
        done?;
        // An account that may not do this leaves it to the server, which does the same every few minutes.
        for text in ["CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"] {
            match self.script(text) {
                Ok(()) | Err(StoreError::NotPermitted { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn tables_anew(&mut self) -> Result<(), StoreError> {
        let list = "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
                    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'";
        let tables = self.rows(list, &[])?;
        let tables = tables.iter().filter_map(|row| row.text(0));
        // Nothing is ever deleted from the others, and they are the large ones.
        let sheet = |name: &str| name.starts_with("sheet_") || name.starts_with("tally_");
        let tables = tables.filter(|name| BURIED.contains(name) || sheet(name) || *name == "search");
        let tables: Vec<String> = tables.map(ToOwned::to_owned).collect();
        for table in tables.iter().map(String::as_str).chain([
            "state.file_text",
            "state.file_unread",
            "state.attempt",
            "state.draft",
        ]) {
            self.script(&format!("VACUUM (FULL, ANALYZE) {table}"))?;
        }
        // The account that owns the database may do this; to another one its samples are not readable either.
        match self.script("VACUUM FULL pg_catalog.pg_statistic") {
            Err(StoreError::NotPermitted { .. }) => Ok(()),
            done => done,
        }
    }
}
