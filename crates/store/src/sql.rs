//! SQL: the one way this crate speaks to SQLite and to PostgreSQL.
//!
//! Owns: connections, values, rows, transactions, many rows at once.
//! Rules: statements are text with `$1`, `$2`… numbered by first appearance, so that one text serves both; values are
//! always bound. A text that differs between the two is asked for with [`Sql::dialect`].
//! Does not: know a table.

use crate::error::StoreError;
use postgres::types::{IsNull, ToSql, Type, private::BytesMut};
use std::collections::HashMap;
use std::path::Path;

/// A value in a statement or a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// None.
    Null,
    /// A whole number; yes and no are 1 and 0.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

/// A connection.
pub struct Sql(Driver);

enum Driver {
    Sqlite(rusqlite::Connection),
    Postgres(Box<Postgres>),
}

struct Postgres {
    client: postgres::Client,
    prepared: HashMap<String, postgres::Statement>,
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
/// Statements kept prepared.
const PREPARED: usize = 512;

impl Sql {
    /// A file of SQLite, with another one beside it as `state`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn sqlite(path: &Path, state: Option<&Path>, access: Access) -> Result<Self, StoreError> {
        use rusqlite::OpenFlags;
        let flags = match access {
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let what = || path.display().to_string();
        let open = rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let connection = open.map_err(|error| unavailable(&what(), error))?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        let mut sql = Self(Driver::Sqlite(connection));
        // The ledger is the durable one; a commit that a crash takes back is replayed. What is deleted is overwritten.
        let pragmas = "PRAGMA busy_timeout = 10000; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; \
            PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824;";
        sql.script(pragmas)?;
        if access == Access::Write {
            sql.script(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;",
            )?;
        }
        if let Some(state) = state {
            sql.run("ATTACH DATABASE $1 AS state", &[state.display().to_string().into()])?;
            if access == Access::Write {
                sql.script("PRAGMA state.journal_mode = WAL;")?;
            }
        }
        Ok(sql)
    }

    /// A database of PostgreSQL; tables are looked for in `schema`.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn postgres(url: &str, schema: &str) -> Result<Self, StoreError> {
        let client = postgres::Client::connect(url, postgres::NoTls);
        let client = client.map_err(|error| unavailable("connect", error))?;
        let mut sql = Self(Driver::Postgres(Box::new(Postgres { client, prepared: HashMap::new() })));
        sql.script(&format!("SET search_path TO {schema}; SET synchronous_commit TO off;"))?;
        Ok(sql)
    }

    /// Which database it is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self.0 {
            Driver::Sqlite(_) => Dialect::Sqlite,
            Driver::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement; says how many rows it changed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn run(&mut self, text: &str, values: &[Value]) -> Result<u64, StoreError> {
        match &mut self.0 {
            Driver::Sqlite(connection) => {
                let mut statement =
                    connection.prepare_cached(text).map_err(|error| unavailable(text, error))?;
                bind(&mut statement, text, values)?;
                statement
                    .raw_execute()
                    .map(|changed| changed as u64)
                    .map_err(|error| unavailable(text, error))
            }
            Driver::Postgres(postgres) => {
                let statement = postgres.prepare(text)?;
                let bound = bound(values);
                postgres.client.execute(&statement, &bound).map_err(|error| unavailable(text, error))
            }
        }
    }

    /// The rows a statement gives.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn rows(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        match &mut self.0 {
            Driver::Sqlite(connection) => {
                let failed = |error| unavailable(text, error);
                let mut statement = connection.prepare_cached(text).map_err(failed)?;
                bind(&mut statement, text, values)?;
                let columns = statement.column_count();
                let mut found = Vec::new();
                let mut rows = statement.raw_query();
                while let Some(row) = rows.next().map_err(failed)? {
                    let cells = (0..columns).map(|at| row.get_ref(at).map(from_sqlite));
                    found.push(Row(cells.collect::<Result<_, _>>().map_err(failed)?));
                }
                Ok(found)
            }
            Driver::Postgres(postgres) => {
                let statement = postgres.prepare(text)?;
                let bound = bound(values);
                let rows =
                    postgres.client.query(&statement, &bound).map_err(|error| unavailable(text, error))?;
                rows.iter().map(|row| from_postgres(row, text)).collect()
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

    /// Runs several statements without values.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn script(&mut self, text: &str) -> Result<(), StoreError> {
        match &mut self.0 {
            Driver::Sqlite(connection) => {
                connection.execute_batch(text).map_err(|error| unavailable(text, error))
            }
            Driver::Postgres(postgres) => {
                postgres.client.batch_execute(text).map_err(|error| unavailable(text, error))
            }
        }
    }

    /// Puts many rows of `columns` values each into a table: `text` is the statement up to `VALUES`, `end` what
    /// follows the values.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn put(&mut self, text: &str, end: &str, rows: &[Vec<Value>]) -> Result<(), StoreError> {
        let Some(width) = rows.first().map(Vec::len).filter(|width| *width > 0) else { return Ok(()) };
        // SQLite is quickest row by row with a prepared statement, PostgreSQL with as few messages as possible.
        let most = match self.dialect() {
            Dialect::Sqlite => 1,
            Dialect::Postgres => (MOST_VALUES / width).clamp(1, 256),
        };
        let mut rest = rows;
        while !rest.is_empty() {
            // Two sizes only, so that few statements are prepared.
            let size = if rest.len() >= most { most } else { 1 };
            let (now, later) = rest.split_at(size);
            rest = later;
            let holders: Vec<String> = (0..size).map(|row| holders(row * width, width)).collect();
            let values: Vec<Value> = now.iter().flatten().cloned().collect();
            self.run(&format!("{text} VALUES {} {end}", holders.join(", ")), &values)?;
        }
        Ok(())
    }

    /// Does something in one transaction: all of it or, on an error, nothing.
    ///
    /// # Errors
    /// What `work` failed with, or `Unavailable`.
    pub fn within<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.script(match self.dialect() {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN",
        })?;
        match work(self) {
            Ok(done) => {
                self.script("COMMIT")?;
                Ok(done)
            }
            Err(error) => {
                // The connection may be gone, which rolls back as well.
                let _ = self.script("ROLLBACK");
                Err(error)
            }
        }
    }
}

impl Postgres {
    fn prepare(&mut self, text: &str) -> Result<postgres::Statement, StoreError> {
        if let Some(statement) = self.prepared.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(text).map_err(|error| unavailable(text, error))?;
        if self.prepared.len() >= PREPARED {
            self.prepared.clear();
        }
        self.prepared.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Row {
    /// A whole number; none where the cell is empty.
    #[must_use]
    pub fn int(&self, at: usize) -> Option<i64> {
        match self.0.get(at) {
            Some(Value::Int(value)) => Some(*value),
            _ => None,
        }
    }

    /// A text; none where the cell is empty.
    #[must_use]
    pub fn text(&self, at: usize) -> Option<&str> {
        match self.0.get(at) {
            Some(Value::Text(value)) => Some(value),
            _ => None,
        }
    }

    /// Bytes; none where the cell is empty.
    #[must_use]
    pub fn bytes(&self, at: usize) -> Option<&[u8]> {
        match self.0.get(at) {
            Some(Value::Bytes(value)) => Some(value),
            _ => None,
        }
    }
}

/// `($1, $2, …)`, from the value behind `before` on.
fn holders(before: usize, width: usize) -> String {
    let list: Vec<String> = (before + 1..=before + width).map(|number| format!("${number}")).collect();
    format!("({})", list.join(", "))
}

fn bind(
    statement: &mut rusqlite::CachedStatement<'_>,
    text: &str,
    values: &[Value],
) -> Result<(), StoreError> {
    for (at, value) in values.iter().enumerate() {
        let bound = match value {
            Value::Null => statement.raw_bind_parameter(at + 1, rusqlite::types::Null),
            Value::Int(value) => statement.raw_bind_parameter(at + 1, value),
            Value::Text(value) => statement.raw_bind_parameter(at + 1, value),
            Value::Bytes(value) => statement.raw_bind_parameter(at + 1, value),
        };
        bound.map_err(|error| unavailable(text, error))?;
    }
    Ok(())
}

fn bound(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn from_sqlite(value: rusqlite::types::ValueRef<'_>) -> Value {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        // STRICT tables hold no reals; a reckoned one is cut off.
        #[expect(clippy::cast_possible_truncation, reason = "no statement of ours yields a fraction")]
        ValueRef::Real(value) => Value::Int(value as i64),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

fn from_postgres(row: &postgres::Row, text: &str) -> Result<Row, StoreError> {
    let cell = |(at, column): (usize, &postgres::Column)| {
        let failed = |error| unavailable(text, error);
        Ok(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at).map_err(failed)?.map(Value::Int),
            Type::INT4 => {
                row.try_get::<_, Option<i32>>(at).map_err(failed)?.map(|value| Value::Int(value.into()))
            }
            Type::BOOL => {
                row.try_get::<_, Option<bool>>(at).map_err(failed)?.map(|value| Value::Int(value.into()))
            }
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at).map_err(failed)?.map(Value::Bytes),
            _ => row.try_get::<_, Option<String>>(at).map_err(failed)?.map(Value::Text),
        }
        .unwrap_or(Value::Null))
    };
    row.columns().iter().enumerate().map(cell).collect::<Result<_, StoreError>>().map(Row)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *of == Type::INT4 => i32::try_from(*value)?.to_sql(of, out),
            Self::Int(value) if *of == Type::BOOL => (*value != 0).to_sql(of, out),
            Self::Int(value) => value.to_sql(of, out),
            Self::Text(value) => value.to_sql(of, out),
            Self::Bytes(value) => value.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    postgres::types::to_sql_checked!();
}

pub(crate) fn unavailable(
    what: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable { what: what.chars().take(200).collect(), source: source.into() }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u64> for Value {
    /// Numbers of entries; none is ever larger than SQL's whole numbers.
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        (value as u64).into()
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
