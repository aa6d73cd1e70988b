//! Templates: the heads alone, as CSV that every spreadsheet opens.

use crate::column::Column;

/// A file with the heads of a table; what must be filled in bears a star.
#[must_use]
pub fn template(columns: &[Column], chinese: bool) -> Vec<u8> {
    let head = |column: &Column| {
        let name = if chinese { &column.zh } else { &column.en };
        if column.needed { format!("{name}*") } else { name.clone() }
    };
    file(&[columns.iter().map(head).collect()])
}

/// Rows as a file.
///
/// It begins with the mark of UTF-8, by which spreadsheets know it; its lines end as RFC 4180 §2 says. A text that a
/// spreadsheet would take for a formula has an apostrophe in front, which [`crate::read`] takes away again.
#[must_use]
pub fn file(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer =
        csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let safe = |text: &String| match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.clone(),
    };
    // Into memory nothing fails to be written.
    let written = rows.iter().all(|row| writer.write_record(row.iter().map(safe)).is_ok());
    let text = if written { writer.into_inner().unwrap_or_default() } else { Vec::new() };
    ["\u{feff}".as_bytes(), &text].concat()
}
