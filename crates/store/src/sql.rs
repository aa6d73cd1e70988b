//! SQL: the one way this crate speaks to SQLite and to PostgreSQL.
//!
//! Owns: connections, rows, transactions, snapshots, many rows at once.
//! Rules: statements are text with `$1`, `$2`…, each the value of that number on both databases; values are always
//! bound. A text that differs between the two is asked for with [`Sql::dialect`].
//! Invariant: no error and no `Debug` form carries a password or the content of a row.
//! Does not: know a table.

mod postgres;
mod sqlite;
mod value;

pub use value::{Row, Value};

use crate::error::StoreError;
use crate::list::Kept;
use std::path::Path;

/// A table to be walked through: its key, by which it is ordered, then the columns asked for.
pub(crate) struct Walk<'a> {
    pub(crate) table: &'a str,
    pub(crate) key: &'a str,
    pub(crate) columns: &'a str,
}

impl Walk<'_> {
    /// How many columns the key has; they stand in front.
    pub(crate) fn width(&self) -> usize {
        self.key.split(',').count()
    }

    /// `behind` a key, so that a long table takes no longer a row than a short one.
    fn statement(&self, behind: bool, most: Option<usize>) -> String {
        let Self { table, key, columns } = self;
        let beyond = match behind {
            false => String::new(),
            true => format!("WHERE ({key}) > {} ", holders(0, self.width())),
        };
        let most = most.map(|most| format!(" LIMIT {most}")).unwrap_or_default();
        format!("SELECT {key}, {columns} FROM {table} {beyond}ORDER BY {key}{most}")
    }
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A connection.
pub struct Sql {
    driver: Driver,
    /// Is a transaction open?
    within: bool,
    /// What was asked, while somebody wants to know.
    asked: Option<Vec<(String, Vec<Value>)>>,
    /// What a common word was last found in.
    pub(crate) lately: Kept,
}

enum Driver {
    /// It was let go of.
    Closed(Dialect),
    Sqlite(sqlite::Connection),
    Postgres(Box<postgres::Connection>),
}

/// How a file of SQLite is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read and write; made if it is not there.
    Write,
    /// To read.
    Read,
}

/// Most values of one statement.
const MOST_VALUES: usize = 30_000;
/// Rows asked for at a time, where the database would send all.
const AT_ONCE: usize = 5_000;
/// Statements kept prepared.
const PREPARED: usize = 512;

impl Sql {
    /// A file of SQLite, with another one beside it as `state`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn sqlite(path: &Path, state: Option<&Path>, access: Access) -> Result<Self, StoreError> {
        let driver = Driver::Sqlite(sqlite::Connection::open(path, access)?);
        let mut sql = Self { driver, within: false, asked: None, lately: Kept::default() };
        // Of the tables the ledger is the durable one: a commit that a crash takes back is replayed. The state nothing
        // brings back, so that each commit there is on the disk. What is deleted is overwritten.
        sql.script(
            "PRAGMA busy_timeout = 10000; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; \
             PRAGMA cache_size = -16384; PRAGMA mmap_size = 1073741824;",
        )?;
        if access == Access::Write {
            sql.script(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; \
                 PRAGMA cache_size = -65536;",
            )?;
        }
        if let Some(state) = state {
            sql.run("ATTACH DATABASE $1 AS state", &[state.display().to_string().into()])?;
            if access == Access::Write {
                sql.script("PRAGMA state.journal_mode = WAL; PRAGMA state.synchronous = FULL;")?;
            }
        }
        Ok(sql)
    }

    /// A database of PostgreSQL; tables are looked for in `schema`.
    ///
    /// # Errors
    /// `Url`: it does not read, or asks for what would go in clear over a network. `Unavailable`.
    pub fn postgres(url: &str, schema: &str) -> Result<Self, StoreError> {
        let driver = Driver::Postgres(Box::new(postgres::Connection::open(url)?));
        let mut sql = Self { driver, within: false, asked: None, lately: Kept::default() };
        // As above: what a crash of the server takes back is replayed. Compiling a plan, or starting helpers for it, takes
        // longer than any of ours. Indexes are read from memory or from disks that have no arm to move.
        sql.script(&format!(
            "SET client_min_messages TO warning; SET search_path TO {schema}; SET synchronous_commit TO off; \
             SET jit TO off; SET max_parallel_workers_per_gather TO 0; SET random_page_cost TO 1.1;"
        ))?;
        Ok(sql)
    }

    /// Lets go of the database, and of the lock it may hold there; everything asked of it afterwards fails.
    pub fn close(&mut self) {
        self.driver = Driver::Closed(self.dialect());
    }

    /// Which database it is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self.driver {
            Driver::Closed(dialect) => dialect,
            Driver::Sqlite(_) => Dialect::Sqlite,
            Driver::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Prepares statements anew that are used from here on: tables may have come to have other columns.
    pub(crate) fn prepare_anew(&mut self) {
        if let Driver::Postgres(connection) = &mut self.driver {
            connection.prepare_anew();
        }
    }

    /// Does the database still answer on this connection?
    pub fn is_alive(&mut self) -> bool {
        match &mut self.driver {
            Driver::Closed(_) => false,
            Driver::Sqlite(_) => true,
            Driver::Postgres(connection) => connection.is_alive(),
        }
    }

    /// Runs a statement; says how many rows it changed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn run(&mut self, text: &str, values: &[Value]) -> Result<u64, StoreError> {
        match &mut self.driver {
            Driver::Closed(_) => Err(closed(text)),
            Driver::Sqlite(connection) => connection.run(text, values),
            Driver::Postgres(connection) => connection.run(text, values),
        }
    }

    /// The rows a statement gives.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn rows(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        if let Some(asked) = &mut self.asked {
            asked.push((text.to_owned(), values.to_vec()));
        }
        let within = self.within;
        match &mut self.driver {
            Driver::Closed(_) => Err(closed(text)),
            Driver::Sqlite(connection) => connection.rows(text, values),
            Driver::Postgres(connection) => connection.rows(text, values, within),
        }
    }

    /// Visits the rows of a table in the order of its key, without keeping them. A database that would send all at once
    /// is asked for some at a time.
    ///
    /// # Errors
    /// What `visit` failed with, or `Unavailable`.
    pub(crate) fn visit(
        &mut self,
        all: &Walk<'_>,
        visit: &mut dyn FnMut(&[Cell<'_>]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if let Driver::Sqlite(connection) = &mut self.driver {
            return connection.visit(&all.statement(false, None), visit);
        }
        let mut after: Vec<Value> = Vec::new();
        loop {
            let rows = self.rows(&all.statement(!after.is_empty(), Some(AT_ONCE)), &after)?;
            for row in &rows {
                let cells: Vec<Cell<'_>> = row.0.iter().map(Cell::from).collect();
                visit(&cells)?;
            }
            match rows.last() {
                Some(last) if rows.len() == AT_ONCE => {
                    after = last.0.iter().take(all.width()).cloned().collect()
                }
                _ => return Ok(()),
            }
        }
    }

    /// Visits the rows a statement gives, one after the other, for as long as `visit` wants more; each is gone once it
    /// was visited, so that many are gone through quickly.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(crate) fn each(
        &mut self,
        text: &str,
        values: &[Value],
        visit: &mut dyn FnMut(&Row) -> bool,
    ) -> Result<(), StoreError> {
        if let Some(asked) = &mut self.asked {
            asked.push((text.to_owned(), values.to_vec()));
        }
        match &mut self.driver {
            Driver::Closed(_) => Err(closed(text)),
            Driver::Sqlite(connection) => connection.while_wanted(text, values, visit),
            Driver::Postgres(connection) => {
                let rows = connection.rows(text, values, self.within)?;
                let _ = rows.iter().all(visit);
                Ok(())
            }
        }
    }

    /// The only row a statement gives, if any.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn row(&mut self, text: &str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(text, values)?.into_iter().next())
    }

    /// Does something, and tells how the database found what was asked for meanwhile: each statement with its plan.
    ///
    /// # Errors
    /// What `work` failed with, or `Unavailable`.
    pub fn explained<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<(T, Vec<(String, String)>), E> {
        self.asked = Some(Vec::new());
        let done = work(self);
        let asked = self.asked.take().unwrap_or_default();
        let (how, at) = match self.dialect() {
            Dialect::Sqlite => ("EXPLAIN QUERY PLAN", 3),
            Dialect::Postgres => ("EXPLAIN (COSTS OFF)", 0),
        };
        let done = done?;
        let mut explained = Vec::with_capacity(asked.len());
        for (text, values) in asked {
            let plan = self.rows(&format!("{how} {text}"), &values)?;
            let lines: Vec<&str> = plan.iter().filter_map(|row| row.text(at)).collect();
            explained.push((text, lines.join("\n")));
        }
        Ok((done, explained))
    }

    /// Runs several statements without values.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn script(&mut self, text: &str) -> Result<(), StoreError> {
        match &mut self.driver {
            Driver::Closed(_) => Err(closed(text)),
            Driver::Sqlite(connection) => connection.script(text),
            Driver::Postgres(connection) => connection.script(text),
        }
    }

    /// Puts many rows of `columns` values each into a table: `text` is the statement up to `VALUES`, `end` what
    /// follows the values.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn put(&mut self, text: &str, end: &str, rows: &[impl AsRef<[Value]>]) -> Result<(), StoreError> {
        let width = rows.first().map_or(0, |row| row.as_ref().len());
        if width == 0 {
            return Ok(());
        }
        // SQLite is quickest row by row with one prepared statement, PostgreSQL with as few messages as possible.
        if let Driver::Sqlite(connection) = &mut self.driver {
            return connection.each(&format!("{text} VALUES {} {end}", holders(0, width)), rows);
        }
        let most = (MOST_VALUES / width).clamp(1, 256);
        let mut rest = rows;
        while !rest.is_empty() {
            // Two sizes only, so that few statements are prepared.
            let size = if rest.len() >= most { most } else { 1 };
            let (now, later) = rest.split_at(size);
            rest = later;
            let holders: Vec<String> = (0..size).map(|row| holders(row * width, width)).collect();
            let values: Vec<Value> = now.iter().flat_map(AsRef::as_ref).cloned().collect();
            self.run(&format!("{text} VALUES {} {end}", holders.join(", ")), &values)?;
        }
        Ok(())
    }

    /// Does something in one transaction: all of it or, on an error, nothing.
    ///
    /// # Errors
    /// What `work` failed with, or `Unavailable`. Where the commit itself failed for want of an answer, it may have
    /// happened: whoever must know opens the tables anew and reads their position.
    pub fn within<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transaction(
            match self.dialect() {
                Dialect::Sqlite => "BEGIN IMMEDIATE",
                Dialect::Postgres => "BEGIN",
            },
            work,
        )
    }

    /// As [`Self::within`], and on the disk when it returns: for what nothing brings back.
    ///
    /// # Errors
    /// As there.
    pub fn durably<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.within(|sql| {
            // SQLite's file of the state always is.
            if sql.dialect() == Dialect::Postgres {
                sql.script("SET LOCAL synchronous_commit TO on")?;
            }
            work(sql)
        })
    }

    /// Reads several times from the same moment: what others commit in between is not seen.
    ///
    /// # Errors
    /// What `read` failed with, or `Unavailable`.
    pub fn snapshot<T, E: From<StoreError>>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.within {
            return read(self);
        }
        self.transaction(
            match self.dialect() {
                Dialect::Sqlite => "BEGIN",
                Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            },
            read,
        )
    }

    fn transaction<T, E: From<StoreError>>(
        &mut self,
        begin: &str,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.script(begin)?;
        self.within = true;
        let done = match work(self) {
            Ok(done) => self.script("COMMIT").map(|()| done).map_err(E::from),
            Err(error) => Err(error),
        };
        if done.is_err() {
            // The connection may be gone, which rolls back as well.
            let _ = self.script("ROLLBACK");
        }
        self.within = false;
        done
    }
}

/// A cell of a row, as it stands in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> From<&'a Value> for Cell<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(value) => Self::Int(*value),
            Value::Text(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
        }
    }
}

/// `($1, $2, …)`, from the value behind `before` on.
fn holders(before: usize, width: usize) -> String {
    let list: Vec<String> = (before + 1..=before + width).map(|number| format!("${number}")).collect();
    format!("({})", list.join(", "))
}

fn closed(what: &str) -> StoreError {
    unavailable(what, "it was closed")
}

fn unavailable(what: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable { what: what.chars().take(200).collect(), source: source.into() }
}
