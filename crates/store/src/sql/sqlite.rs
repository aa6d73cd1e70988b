//! SQLite: statements kept prepared, values bound by their numbers.

use super::{Access, Cell, PREPARED, Row, Value, unavailable};
use crate::error::StoreError;
use rusqlite::OpenFlags;
use rusqlite::types::{Null, ValueRef};
use std::path::Path;

pub(super) struct Connection(rusqlite::Connection);

impl Connection {
    pub(super) fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        let flags = match access {
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let open = rusqlite::Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let connection = open.map_err(|error| unavailable(&path.display().to_string(), error))?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        Ok(Self(connection))
    }

    pub(super) fn run(&mut self, text: &str, values: &[Value]) -> Result<u64, StoreError> {
        let failed = |error| unavailable(text, error);
        let mut statement = self.0.prepare_cached(&numbered(text)).map_err(failed)?;
        bind(&mut statement, text, values)?;
        statement.raw_execute().map(|changed| changed as u64).map_err(failed)
    }

    /// Runs one statement for each row of values.
    pub(super) fn each(&mut self, text: &str, rows: &[impl AsRef<[Value]>]) -> Result<(), StoreError> {
        let failed = |error| unavailable(text, error);
        let mut statement = self.0.prepare_cached(&numbered(text)).map_err(failed)?;
        for values in rows {
            bind(&mut statement, text, values.as_ref())?;
            statement.raw_execute().map_err(failed)?;
        }
        Ok(())
    }

    pub(super) fn rows(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let failed = |error| unavailable(text, error);
        let mut statement = self.0.prepare_cached(&numbered(text)).map_err(failed)?;
        bind(&mut statement, text, values)?;
        let columns = statement.column_count();
        let mut found = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(failed)? {
            let cells = (0..columns).map(|at| row.get_ref(at).map(read));
            found.push(Row(cells.collect::<Result<_, _>>().map_err(failed)?));
        }
        Ok(found)
    }

    /// Visits the rows of a statement without values.
    pub(super) fn visit(
        &mut self,
        text: &str,
        visit: &mut dyn FnMut(&[Cell<'_>]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let failed = |error| unavailable(text, error);
        let mut statement = self.0.prepare_cached(text).map_err(failed)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(failed)? {
            let mut cells = Vec::with_capacity(columns);
            for at in 0..columns {
                cells.push(cell(row.get_ref(at).map_err(failed)?));
            }
            visit(&cells)?;
        }
        Ok(())
    }

    /// Visits rows for as long as `visit` wants more.
    pub(super) fn while_wanted(
        &mut self,
        text: &str,
        values: &[Value],
        visit: &mut dyn FnMut(&Row) -> bool,
    ) -> Result<(), StoreError> {
        let failed = |error| unavailable(text, error);
        let mut statement = self.0.prepare_cached(&numbered(text)).map_err(failed)?;
        bind(&mut statement, text, values)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut cells = Row(vec![Value::Null; columns]);
        while let Some(row) = rows.next().map_err(failed)? {
            for (at, cell) in cells.0.iter_mut().enumerate() {
                read_into(cell, row.get_ref(at).map_err(failed)?);
            }
            if !visit(&cells) {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn script(&mut self, text: &str) -> Result<(), StoreError> {
        self.0.execute_batch(text).map_err(|error| unavailable(text, error))
    }
}

/// `$3` is but a name to SQLite, numbered by where it first appears; `?3` is the third value wherever it stands. No
/// statement of ours has a dollar in it that means anything else.
fn numbered(text: &str) -> String {
    text.replace('$', "?")
}

fn bind(
    statement: &mut rusqlite::CachedStatement<'_>,
    text: &str,
    values: &[Value],
) -> Result<(), StoreError> {
    for (at, value) in values.iter().enumerate() {
        let bound = match value {
            Value::Null => statement.raw_bind_parameter(at + 1, Null),
            Value::Int(value) => statement.raw_bind_parameter(at + 1, value),
            Value::Text(value) => statement.raw_bind_parameter(at + 1, value),
            Value::Bytes(value) => statement.raw_bind_parameter(at + 1, value),
        };
        bound.map_err(|error| unavailable(text, error))?;
    }
    Ok(())
}

fn cell(value: ValueRef<'_>) -> Cell<'_> {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Int(value),
        #[expect(clippy::cast_possible_truncation, reason = "STRICT tables hold no reals")]
        ValueRef::Real(value) => Cell::Int(value as i64),
        // What is no text although it stands as one is told apart from every text.
        ValueRef::Text(text) => std::str::from_utf8(text).map_or(Cell::Bytes(text), Cell::Text),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes),
    }
}

/// Reads a value into a cell; a text takes the place of the one before.
fn read_into(cell: &mut Value, value: ValueRef<'_>) {
    match (cell, value) {
        (Value::Text(text), ValueRef::Text(bytes)) => {
            text.clear();
            text.push_str(&String::from_utf8_lossy(bytes));
        }
        (cell, value) => *cell = read(value),
    }
}

fn read(value: ValueRef<'_>) -> Value {
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
