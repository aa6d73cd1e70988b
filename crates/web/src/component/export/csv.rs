//! CSV (RFC 4180), in UTF-8 with its mark.

use super::{Plain, Sheet};
use crate::error::PageError;

pub(super) fn write(sheet: &Sheet<'_>) -> Result<Vec<u8>, PageError> {
    let mut text = String::from("\u{feff}");
    let heads: Vec<String> = sheet.heads.iter().map(|head| harmless(head)).collect();
    line(&mut text, heads);
    for row in &sheet.rows {
        let mut cells = Vec::with_capacity(row.len());
        for cell in row {
            cells.push(match cell {
                Plain::Nothing => String::new(),
                Plain::Date(day) => day.to_string(),
                Plain::Moment(at) => {
                    let (day, time) = sheet.civil(*at)?;
                    format!("{day} {time}")
                }
                Plain::Number(number) => number.clone(),
                Plain::Text(words) => harmless(words),
            });
        }
        line(&mut text, cells);
    }
    Ok(text.into_bytes())
}

fn line(text: &mut String, cells: Vec<String>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&cell);
        }
    }
    text.push_str("\r\n");
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
        let mut text = String::new();
        line(&mut text, vec!["a\"b".into(), "c,d".into(), "e".into()]);
        assert_eq!(text, "\"a\"\"b\",\"c,d\",e\r\n");
    }
}
