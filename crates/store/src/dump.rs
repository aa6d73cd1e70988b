//! Dumps: all tables of a projection as text in one order, the same on every database.
//!
//! Two projections with the same dump are the same, row for row. Left out is what follows from rows that are in and is
//! brought up behind them: the search index, and whose turn it is (`turn`, `turned`).

use crate::error::StoreError;
use crate::layout::Layout;
use crate::sql::{Cell, Sql, Walk};
use sha2::{Digest as _, Sha256};
use std::io::Write;

/// Tables with the columns that give them an order.
const TABLES: [(&str, &str); 28] = [
    ("alarm", "entry"),
    ("ask", "entry"),
    ("condemned", "record"),
    ("destroyed_key", "data_key"),
    ("enforcer", "firewall"),
    ("evaluation", "clause, check_id, unit, entry"),
    ("file_use", "digest, opened"),
    ("history", "opened, entry"),
    ("identity", "kind, id"),
    ("line_batch", "receiver, first"),
    ("line_erased", "receiver, number"),
    ("line_file", "receiver, first"),
    ("line_retired", "receiver, first"),
    ("lost", "record"),
    ("mention", "target, opened, field"),
    ("meta", "name"),
    ("notice", "entry"),
    ("notice_read", "entry, person"),
    ("notice_to", "entry, person, role, unit, above"),
    ("occurrence", "duty, object, nominal"),
    ("outlet", "name"),
    ("party", "person, opened, how"),
    ("published", "version"),
    ("record", "opened"),
    ("response", "asked, firewall"),
    ("response_event", "entry"),
    ("sequence", "name"),
    ("series", "duty, object"),
];

/// A cell without a value.
const NOTHING: &str = "∅";
/// Bytes written at a time.
const AT_ONCE: usize = 1 << 16;

/// Writes every table, all as of one moment: a line with its name, then a line a row, cells separated by tabs.
///
/// # Errors
/// `Unavailable`; `File`: it cannot be written.
pub fn dump(sql: &mut Sql, layout: &Layout, out: &mut dyn Write) -> Result<(), StoreError> {
    let sheets = layout.sheets.values();
    let sheets =
        sheets.flat_map(|sheet| [(sheet.table.as_str(), "opened"), (sheet.tally.as_str(), "unit, same")]);
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
    let walk = Walk { table, key, columns: &columns };
    let width = walk.width();
    let mut line = Vec::new();
    sql.visit(&walk, &mut |cells| {
        for (place, cell) in cells.iter().skip(width).enumerate() {
            if place > 0 {
                line.push(b'\t');
            }
            spell(&mut line, *cell);
        }
        line.push(b'\n');
        if line.len() < AT_ONCE {
            return Ok(());
        }
        out.write_all(&line).map_err(failed)?;
        line.clear();
        Ok(())
    })?;
    out.write_all(&line).map_err(failed)
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

/// Writes a cell; a text that could be taken for the end of one, for a line's end or for nothing is escaped.
fn spell(line: &mut Vec<u8>, cell: Cell<'_>) {
    match cell {
        Cell::Null => line.extend_from_slice(NOTHING.as_bytes()),
        Cell::Int(value) => number(line, value),
        Cell::Text(text) => {
            if text == NOTHING {
                line.push(b'\\');
            }
            let mut rest = text.as_bytes();
            while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'\t' | b'\n' | b'\r')) {
                let (plain, behind) = rest.split_at(at);
                line.extend_from_slice(plain);
                let Some((byte, behind)) = behind.split_first() else { break };
                let letter = match byte {
                    b'\t' => b't',
                    b'\n' => b'n',
                    b'\r' => b'r',
                    backslash => *backslash,
                };
                line.extend_from_slice(&[b'\\', letter]);
                rest = behind;
            }
            line.extend_from_slice(rest);
        }
        Cell::Bytes(bytes) => {
            line.push(b'x');
            line.extend_from_slice(data_encoding::HEXLOWER.encode(bytes).as_bytes());
        }
    }
}

/// Writes a number: most cells of the longest tables are some.
fn number(line: &mut Vec<u8>, value: i64) {
    let from = line.len();
    let mut rest = value.unsigned_abs();
    loop {
        line.push(b'0' + u8::try_from(rest % 10).unwrap_or_default());
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        line.push(b'-');
    }
    if let Some(digits) = line.get_mut(from..) {
        digits.reverse();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(cell: Cell<'_>) -> String {
        let mut line = Vec::new();
        spell(&mut line, cell);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn cells_that_differ_are_spelled_differently_on_one_line() {
        for value in [0, 7, -7, 10, 1_234_567_890, i64::MAX, i64::MIN] {
            assert_eq!(spelled(Cell::Int(value)), value.to_string());
        }
        assert_eq!(spelled(Cell::Null), "∅");
        assert_eq!(spelled(Cell::Text("∅")), "\\∅");
        assert_eq!(spelled(Cell::Text("")), "");
        assert_eq!(spelled(Cell::Text("a\tb\\\nc\r機")), "a\\tb\\\\\\nc\\r機");
        assert_eq!(spelled(Cell::Bytes(&[0, 0xab])), "x00ab");
    }
}
