//! XLSX: texts as texts, dates as dates, numbers as numbers where a spreadsheet holds them exactly.

use super::{Plain, Sheet};
use crate::error::PageError;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, XlsxError};

/// Digits a spreadsheet holds exactly.
const EXACT_DIGITS: usize = 15;

pub(super) fn write(sheet: &Sheet<'_>) -> Result<Vec<u8>, PageError> {
    written(sheet)
}

fn written(sheet: &Sheet<'_>) -> Result<Vec<u8>, PageError> {
    let failed = |error: XlsxError| PageError::Failed(error.into());
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    let (bold, day, moment) = (
        Format::new().set_bold(),
        Format::new().set_num_format("yyyy-mm-dd"),
        Format::new().set_num_format("yyyy-mm-dd hh:mm"),
    );
    // A sheet's name is short and without some marks.
    let name: String = sheet.name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect();
    page.set_name(if name.is_empty() { "Ward".to_owned() } else { name }).map_err(failed)?;
    for (column, head) in (0u16..).zip(&sheet.heads) {
        page.write_string_with_format(0, column, head, &bold).map_err(failed)?;
        page.set_column_width(column, 18).map_err(failed)?;
    }
    page.set_freeze_panes(1, 0).map_err(failed)?;
    for (line, row) in (1u32..).zip(&sheet.rows) {
        for (column, cell) in (0u16..).zip(row) {
            match cell {
                Plain::Nothing => {}
                Plain::Date(date) => {
                    let value = excel(*date, None).map_err(failed)?;
                    page.write_datetime_with_format(line, column, &value, &day).map_err(failed)?;
                }
                Plain::Moment(at) => {
                    let (date, time) = sheet.civil(*at)?;
                    let value = excel(date, Some(time)).map_err(failed)?;
                    page.write_datetime_with_format(line, column, &value, &moment).map_err(failed)?;
                }
                Plain::Number(number) => {
                    let digits = number.chars().filter(char::is_ascii_digit).count();
                    match number.parse::<f64>() {
                        Ok(value) if digits <= EXACT_DIGITS => {
                            page.write_number(line, column, value).map_err(failed)?;
                        }
                        _ => drop(page.write_string(line, column, number).map_err(failed)?),
                    }
                }
                Plain::Text(words) => drop(page.write_string(line, column, cut(words)).map_err(failed)?),
            }
        }
    }
    book.save_to_buffer().map_err(failed)
}

fn excel(day: model::CivilDate, time: Option<regulation::TimeOfDay>) -> Result<ExcelDateTime, XlsxError> {
    let year = u16::try_from(day.year()).unwrap_or(1970);
    let (month, day) = (u8::try_from(day.month()).unwrap_or(1), u8::try_from(day.day()).unwrap_or(1));
    let date = ExcelDateTime::from_ymd(year, month, day)?;
    match time {
        None => Ok(date),
        Some(time) => {
            let minutes = time.minutes();
            date.and_hms(minutes / 60, u8::try_from(minutes % 60).unwrap_or(0), 0)
        }
    }
}

/// A cell holds so many characters.
fn cut(words: &str) -> String {
    words.chars().take(32_767).collect()
}
