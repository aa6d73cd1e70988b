//! CSV, as spreadsheets write it: UTF-8, UTF-16 with its mark, or Big5; divided by commas, semicolons or tabs.

use crate::sheet::{Making, Table, cell, unreadable};
use encoding_rs::{BIG5, Encoding, UTF_8};
use model::Told;

/// Reads a table of text.
pub(crate) fn read(bytes: &[u8]) -> Result<Table, Told> {
    let text = decoded(bytes)?;
    if text.contains('\0') {
        return Err(Told::new(
            "檔案不是文字；請以 CSV、XLSX 或 ODS 格式儲存",
            "The file is no text; save it as CSV, XLSX or ODS",
        ));
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(&text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut making = Making::default();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let from = record.position().map_or(0, csv::Position::byte);
        let line = line_of(&text, usize::try_from(from).unwrap_or(0));
        making.row(line, record.iter().map(cell).collect::<Result<_, _>>()?)?;
    }
    making.made()
}

/// The line in which a row begins that stands at or behind this byte: empty lines before it are passed over.
fn line_of(text: &str, from: usize) -> usize {
    let (before, behind) = text.as_bytes().split_at_checked(from).unwrap_or((text.as_bytes(), b""));
    let ends = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    let blank = behind.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + ends(before) + ends(behind.get(..blank).unwrap_or_default())
}

fn decoded(bytes: &[u8]) -> Result<String, Told> {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        // What spreadsheets in Taiwan save as CSV without saying so.
        None => BIG5,
    };
    let (text, _, wrong) = encoding.decode(bytes);
    if wrong {
        return Err(Told::new(
            "文字編碼無法判讀；請以「CSV UTF-8」格式儲存",
            "The encoding is not known; save it as “CSV UTF-8”",
        ));
    }
    Ok(text.into_owned())
}

/// What divides the heads: whichever stands most often in the first line.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |one: u8| first.bytes().filter(|byte| *byte == one).count();
    // Of those that stand equally often the last counts: the comma.
    [b'\t', b';', b','].into_iter().max_by_key(|one| count(*one)).unwrap_or(b',')
}
