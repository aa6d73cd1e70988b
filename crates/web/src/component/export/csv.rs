//! CSV (RFC 4180), in UTF-8 with its mark.

use super::{Format, Plain, Sheet, whole};
use crate::error::PageError;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// A file of this format.
pub(super) struct Csv(BufWriter<File>);

impl Csv {
    pub(super) fn begin(sheet: &Sheet<'_>, file: File) -> Result<Self, PageError> {
        let mut to = BufWriter::new(file);
        to.write_all("\u{feff}".as_bytes()).map_err(PageError::failed)?;
        line(&mut to, sheet.heads.iter().map(|head| harmless(head))).map_err(PageError::failed)?;
        Ok(Self(to))
    }
}

impl Format for Csv {
    fn row(&mut self, sheet: &Sheet<'_>, cells: &[Plain]) -> Result<(), PageError> {
        let text = |cell: &Plain| {
            Ok(match cell {
                Plain::Nothing => String::new(),
                Plain::Date(day) => day.to_string(),
                Plain::Moment(at) => {
                    let (day, time) = sheet.civil(*at)?;
                    format!("{day} {time}")
                }
                Plain::Number(number) => number.clone(),
                Plain::Text(words) => harmless(words),
            })
        };
        let cells = cells.iter().map(text).collect::<Result<Vec<_>, PageError>>()?;
        line(&mut self.0, cells.into_iter()).map_err(PageError::failed)
    }

    fn end(self: Box<Self>) -> Result<File, PageError> {
        whole(self.0)
    }
}

fn line(to: &mut impl Write, cells: impl Iterator<Item = String>) -> io::Result<()> {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            to.write_all(b",")?;
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            write!(to, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            to.write_all(cell.as_bytes())?;
        }
    }
    to.write_all(b"\r\n")
}

/// What a spreadsheet would take for a formula stands behind an apostrophe.
fn harmless(words: &str) -> String {
    // Also of full width, and behind blanks that spreadsheets pass over.
    let first = words.trim_start().chars().next().or_else(|| words.chars().next());
    let formula =
        first.is_some_and(|first| matches!(first, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠'));
    if formula || words.starts_with(['\t', '\r', '\n']) { format!("'{words}") } else { words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_formula_is_none() {
        for (words, expected) in [
            ("=1+1", "'=1+1"),
            ("+886-4", "'+886-4"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            (" =1", "' =1"),
            ("＝1", "'＝1"),
            ("A=1", "A=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(words), expected);
        }
    }

    #[test]
    fn a_cell_with_marks_is_quoted() {
        let mut text = Vec::new();
        line(&mut text, ["a\"b", "c,d", "e"].map(String::from).into_iter()).unwrap();
        assert_eq!(text, b"\"a\"\"b\",\"c,d\",e\r\n");
    }
}
