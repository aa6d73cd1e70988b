//! XLSX, cell by cell, so that no cell far below makes room for all that is not there.

use crate::sheet::{Making, Table, cell, unreadable};
use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx};
use model::{CivilDate, Told};
use std::io::Cursor;

/// Reads the first sheet.
pub(crate) fn read(bytes: &[u8]) -> Result<Table, Told> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    let names = book.sheet_names();
    let Some(name) = names.first() else {
        return Err(Told::new("活頁簿沒有工作表", "The workbook has no sheet"));
    };
    let mut reader = book.worksheet_cells_reader(name).map_err(|error| unreadable(&error))?;
    let mut making = Making::default();
    let (mut line, mut cells): (u32, Vec<String>) = (0, Vec::new());
    while let Some(found) = reader.next_cell().map_err(|error| unreadable(&error))? {
        let (row, column) = found.get_position();
        let text = shown(found.get_value())?;
        if text.is_empty() {
            continue;
        }
        if row < line {
            return Err(unreadable(&"its rows are out of order"));
        }
        if row > line {
            making.row(line as usize + 1, std::mem::take(&mut cells))?;
            line = row;
        }
        let at = column as usize;
        if at >= crate::MOST_COLUMNS {
            let told = Told::new(
                format!("第 {} 列有內容在第 {} 欄之外", row + 1, crate::MOST_COLUMNS),
                format!("Row {} has something beyond column {}", row + 1, crate::MOST_COLUMNS),
            );
            return Err(told);
        }
        if cells.len() <= at {
            cells.resize(at + 1, String::new());
        }
        if let Some(slot) = cells.get_mut(at) {
            *slot = text;
        }
    }
    making.row(line as usize + 1, cells)?;
    making.made()
}

/// What a cell shows. Of a formula that is the value it had when the file was saved.
fn shown(value: &DataRef<'_>) -> Result<String, Told> {
    Ok(match value {
        DataRef::Bool(truth) => if *truth { "是" } else { "否" }.to_owned(),
        DataRef::DateTime(at) => moment(at),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) | DataRef::String(text) => cell(text)?,
        DataRef::Empty => String::new(),
        DataRef::Error(error) => {
            return Err(Told::new(
                format!("儲存格顯示錯誤值「{error}」；請改正公式或填入內容"),
                format!("A cell shows the error {error}; mend its formula or fill it in"),
            ));
        }
        DataRef::Float(number) => plain(*number),
        DataRef::Int(number) => number.to_string(),
        DataRef::SharedString(text) => cell(text)?,
    })
}

/// A number as it is typed: whole ones without a point.
fn plain(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.0}") } else { number.to_string() }
}

/// A day, with the time behind it where there is one: `2026-03-02 09:30`.
fn moment(at: &ExcelDateTime) -> String {
    let (days, minutes) = {
        let days = at.as_f64().floor();
        (days, ((at.as_f64() - days) * 1_440.0).round())
    };
    let time = |minutes: f64| format!("{:02}:{:02}", (minutes / 60.0).floor(), minutes % 60.0);
    if days < 1.0 {
        return time(minutes);
    }
    // Day 25569 of such a calendar is 1970-01-01; beyond four digits of a year it is no date of ours.
    let day = format!("{days:.0}").parse::<i64>().ok().filter(|days| *days < 2_958_466);
    let epoch = CivilDate::new(1970, 1, 1).ok();
    let day = day.zip(epoch).map(|(days, epoch)| epoch.plus_days(days - 25_569));
    match (day, minutes > 0.0) {
        (Some(day), true) => format!("{day} {}", time(minutes)),
        (Some(day), false) => day.to_string(),
        (None, _) => plain(at.as_f64()),
    }
}
