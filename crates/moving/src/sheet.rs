//! A table as it was handed in: its heads and its rows, all of them text.

use crate::{ods, text, xlsx};
use model::Told;
use std::io::{Cursor, Read as _};
use zip::ZipArchive;

/// Bytes of a file, at most.
pub const LARGEST: usize = 8 << 20;
/// Rows below the heads, at most.
pub const MOST_ROWS: usize = 10_000;
/// Columns, at most.
pub const MOST_COLUMNS: usize = 200;
/// Bytes of a cell, at most.
pub(crate) const LARGEST_CELL: usize = 32 << 10;
/// Bytes that an office document may unfold to.
const UNFOLDED: u64 = 64 << 20;
/// Parts of an office document.
const MOST_PARTS: usize = 2_000;

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// What stands at the head of each column.
    pub heads: Vec<String>,
    /// The rows that hold anything.
    pub rows: Vec<Row>,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Its number in the file, the heads being 1 where they stand first.
    pub line: usize,
    /// Its cells, as many as there are heads.
    pub cells: Vec<String>,
}

/// Reads a file of a table; what it is is told by its bytes. Of a workbook the first sheet counts.
///
/// # Errors
/// It is none of the three, is larger than the bounds, or does not read; told with the mend.
pub fn read(bytes: &[u8]) -> Result<Table, Told> {
    if bytes.len() > LARGEST {
        return Err(too_large());
    }
    if !bytes.starts_with(b"PK\x03\x04") {
        return text::read(bytes);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    unfold(&mut archive)?;
    if archive.index_for_name("content.xml").is_some() {
        return ods::read(&mut archive);
    }
    if archive.index_for_name("[Content_Types].xml").is_some() {
        return xlsx::read(bytes);
    }
    Err(Told::new(
        "檔案不是試算表；請以 CSV、XLSX 或 ODS 格式儲存",
        "The file is no spreadsheet; save it as CSV, XLSX or ODS",
    ))
}

/// Unfolds every part once and throws it away, so that nobody after it unfolds more than this.
fn unfold(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<(), Told> {
    if archive.len() > MOST_PARTS {
        return Err(too_large());
    }
    let mut left = UNFOLDED;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|error| unreadable(&error))?;
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        let read = read.map_err(|error| unreadable(&error))?;
        left = left.checked_sub(read).ok_or_else(too_large)?;
    }
    Ok(())
}

/// Puts a table together from cells in the order of rows.
#[derive(Debug, Default)]
pub(crate) struct Making {
    heads: Option<Vec<String>>,
    rows: Vec<Row>,
}

impl Making {
    /// A row by its number in the file; one without anything in it is passed over.
    pub(crate) fn row(&mut self, line: usize, mut cells: Vec<String>) -> Result<(), Told> {
        while cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(());
        }
        if cells.len() > MOST_COLUMNS {
            return Err(Told::new(
                format!("第 {line} 列有 {} 欄，至多 {MOST_COLUMNS} 欄", cells.len()),
                format!("Row {line} has {} columns; {MOST_COLUMNS} at most", cells.len()),
            ));
        }
        let Some(heads) = &self.heads else {
            self.heads = Some(cells);
            return Ok(());
        };
        if cells.len() > heads.len() {
            return Err(Told::new(
                format!("第 {line} 列之欄數多於標題列；請檢查是否缺少標題或多出分隔字元"),
                format!(
                    "Row {line} has more columns than there are heads; a head is missing, or a separator is too many"
                ),
            ));
        }
        if self.rows.len() >= MOST_ROWS {
            return Err(Told::new(
                format!("資料超過 {MOST_ROWS} 列；請分成數個檔案"),
                format!("There are more than {MOST_ROWS} rows; divide the file"),
            ));
        }
        cells.resize(heads.len(), String::new());
        self.rows.push(Row { line, cells });
        Ok(())
    }

    pub(crate) fn made(self) -> Result<Table, Told> {
        let Some(heads) = self.heads else {
            return Err(Told::new(
                "檔案沒有內容；第一列應為標題",
                "The file is empty; its first row holds the heads",
            ));
        };
        Ok(Table { heads, rows: self.rows })
    }
}

/// A cell's text, within its bound; what spreadsheets put in front of a text that is no formula is taken away.
pub(crate) fn cell(text: &str) -> Result<String, Told> {
    if text.len() > LARGEST_CELL {
        return Err(Told::new(
            format!("儲存格內容過長（至多 {LARGEST_CELL} 位元組）"),
            format!("A cell is too long; {LARGEST_CELL} bytes at most"),
        ));
    }
    let text = text.trim();
    let plain = text.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@']));
    Ok(plain.unwrap_or(text).to_owned())
}

pub(crate) fn too_large() -> Told {
    Told::new(
        format!("檔案過大；至多 {} MB，解開後至多 {} MB", LARGEST >> 20, UNFOLDED >> 20),
        format!("The file is too large; {} MB at most, {} MB unfolded", LARGEST >> 20, UNFOLDED >> 20),
    )
}

pub(crate) fn unreadable(why: &dyn std::fmt::Display) -> Told {
    Told::new(
        format!("檔案無法讀取：{why}；請於試算表程式另存新檔後再試"),
        format!("The file cannot be read: {why}; save it anew in a spreadsheet and try again"),
    )
}
