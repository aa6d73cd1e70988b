//! Dumps: all tables of a projection as text in one order, the same on every database.
//!
//! Two projections with the same dump are the same, row for row. The search index is no table of facts and is left
//! out: it follows from rows that are in.

use crate::error::StoreError;
use crate::layout::Layout;
use crate::sql::{Sql, Value};
use sha2::{Digest as _, Sha256};
use std::io::Write;

/// Tables with the columns that give them an order.
const TABLES: [(&str, &str); 19] = [
    ("ask", "entry"),
    ("condemned", "record"),
    ("destroyed_key", "data_key"),
    ("evaluation", "clause, check_id, unit, entry"),
    ("file_use", "digest, opened"),
    ("history", "opened, entry"),
    ("identity", "kind, id"),
    ("lost", "record"),
    ("mention", "target, opened, field"),
    ("meta", "name"),
    ("notice", "entry"),
    ("notice_read", "entry, person"),
    ("notice_to", "entry, person, role, unit, above"),
    ("occurrence", "duty, object, nominal"),
    ("party", "person, opened, how"),
    ("published", "version"),
    ("record", "opened"),
    ("sequence", "name"),
    ("series", "duty, object"),
];

/// A cell without a value.
const NOTHING: &str = "∅";
/// Rows read at a time.
const AT_ONCE: usize = 5_000;

/// Writes every table, all as of one moment: a line with its name, then a line a row, cells separated by tabs.
///
/// # Errors
/// `Unavailable`; `File`: it cannot be written.
pub fn dump(sql: &mut Sql, layout: &Layout, out: &mut dyn Write) -> Result<(), StoreError> {
    let sheets = layout.sheets.values().map(|sheet| (sheet.table.as_str(), "opened"));
    let tables = TABLES.into_iter().chain(sheets).chain([("several", "opened, field, value")]);
    sql.prepare_anew();
    sql.snapshot(|sql| {
        tables.into_iter().try_for_each(|(table, key)| dump_table(sql, layout, table, key, out))
    })
}

fn dump_table(
    sql: &mut Sql,
    layout: &Layout,
    table: &str,
    key: &str,
    out: &mut dyn Write,
) -> Result<(), StoreError> {
    let failed = |source| StoreError::File { path: "dump".to_owned(), source };
    writeln!(out, "# {table}").map_err(failed)?;
    let columns = columns(table, layout);
    let width = key.split(',').count();
    // From where the last rows ended on, so that a long table takes no longer a row than a short one.
    let mut after: Vec<Value> = Vec::new();
    loop {
        let beyond = match after.len() {
            0 => String::new(),
            _ => {
                let holders: Vec<String> = (1..=width).map(|number| format!("${number}")).collect();
                format!("WHERE ({key}) > ({}) ", holders.join(", "))
            }
        };
        let text = format!("SELECT {key}, {columns} FROM {table} {beyond}ORDER BY {key} LIMIT {AT_ONCE}");
        let rows = sql.rows(&text, &after)?;
        for row in &rows {
            let cells: Vec<String> = row.0.iter().skip(width).map(spelled).collect();
            writeln!(out, "{}", cells.join("\t")).map_err(failed)?;
        }
        match rows.last() {
            Some(last) if rows.len() == AT_ONCE => after = last.0.iter().take(width).cloned().collect(),
            _ => return Ok(()),
        }
    }
}

/// SHA-256 of the dump, in hexadecimal.
///
/// # Errors
/// As [`dump`].
pub fn digest(sql: &mut Sql, layout: &Layout) -> Result<String, StoreError> {
    let mut out = Hashing(Sha256::new());
    dump(sql, layout, &mut out)?;
    Ok(data_encoding::HEXLOWER.encode(&out.0.finalize()))
}

fn columns(table: &str, layout: &Layout) -> String {
    // Named for sheets, whose columns may have come in another order; all, as created, for the rest.
    match layout.sheets.values().find(|sheet| sheet.table == table) {
        None => "*".to_owned(),
        Some(sheet) => {
            let own = sheet.columns.iter().map(|column| column.name.as_str());
            let common = crate::layout::COMMON.iter().map(|(name, _)| *name);
            common.chain(own).collect::<Vec<_>>().join(", ")
        }
    }
}

fn spelled(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Text(text) if text == NOTHING => format!("\\{NOTHING}"),
        Value::Text(text) => {
            text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
        }
        Value::Bytes(bytes) => format!("x{}", data_encoding::HEXLOWER.encode(bytes)),
    }
}

/// Writes the dump and gives its digest.
pub(crate) fn dump_hashed(sql: &mut Sql, layout: &Layout, out: &mut dyn Write) -> Result<String, StoreError> {
    let mut both = Both { hash: Hashing(Sha256::new()), out };
    dump(sql, layout, &mut both)?;
    Ok(data_encoding::HEXLOWER.encode(&both.hash.0.finalize()))
}

/// Writes to a file and hashes what it writes.
struct Both<'a> {
    hash: Hashing,
    out: &'a mut dyn Write,
}

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write_all(bytes)?;
        self.hash.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
