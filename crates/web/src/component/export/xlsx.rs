//! XLSX: texts as texts, dates as dates, numbers as numbers where a spreadsheet holds them exactly.

use super::{Format, Plain, Sheet, whole};
use crate::error::PageError;
use model::CivilDate;
use regulation::TimeOfDay;
use rust_xlsxwriter::{ExcelDateTime, Format as Look, Workbook, XlsxError};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Digits a spreadsheet holds exactly.
const EXACT_DIGITS: usize = 15;

/// A file of this format. Its rows go to a nameless file of their own first, from which the book is packed.
pub(super) struct Xlsx {
    book: Workbook,
    file: File,
    day: Look,
    moment: Look,
    /// The next line; that of the heads is 0.
    line: u32,
}

impl Xlsx {
    pub(super) fn begin(sheet: &Sheet<'_>, folder: &Path, file: File) -> Result<Self, PageError> {
        let mut book = Workbook::new();
        heads(&mut book, sheet, folder).map_err(PageError::failed)?;
        let (day, moment) = (Look::new(), Look::new());
        Ok(Self {
            book,
            file,
            day: day.set_num_format("yyyy-mm-dd"),
            moment: moment.set_num_format("yyyy-mm-dd hh:mm"),
            line: 1,
        })
    }
}

fn heads(book: &mut Workbook, sheet: &Sheet<'_>, folder: &Path) -> Result<(), XlsxError> {
    book.set_tempdir(folder)?;
    let page = book.add_worksheet_with_constant_memory()?;
    // A sheet's name is short and without some marks.
    let name: String = sheet.name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect();
    page.set_name(if name.is_empty() { "Ward".to_owned() } else { name })?;
    page.set_freeze_panes(1, 0)?;
    let bold = Look::new().set_bold();
    for (column, head) in (0u16..).zip(&sheet.heads) {
        page.write_string_with_format(0, column, head, &bold)?;
        page.set_column_width(column, 18)?;
    }
    Ok(())
}

impl Format for Xlsx {
    fn row(&mut self, sheet: &Sheet<'_>, cells: &[Plain]) -> Result<(), PageError> {
        let line = self.line;
        self.line += 1;
        let page = self.book.worksheet_from_index(0).map_err(PageError::failed)?;
        for (column, cell) in (0u16..).zip(cells) {
            match cell {
                Plain::Nothing => {}
                Plain::Date(date) => {
                    let value = excel(*date, None).map_err(PageError::failed)?;
                    page.write_datetime_with_format(line, column, &value, &self.day)
                        .map_err(PageError::failed)?;
                }
                Plain::Moment(at) => {
                    let (date, time) = sheet.civil(*at)?;
                    let value = excel(date, Some(time)).map_err(PageError::failed)?;
                    page.write_datetime_with_format(line, column, &value, &self.moment)
                        .map_err(PageError::failed)?;
                }
                Plain::Number(number) => {
                    let digits = number.chars().filter(char::is_ascii_digit).count();
                    match number.parse::<f64>() {
                        Ok(value) if digits <= EXACT_DIGITS => {
                            page.write_number(line, column, value).map_err(PageError::failed)?;
                        }
                        _ => {
                            page.write_string(line, column, number).map_err(PageError::failed)?;
                        }
                    }
                }
                Plain::Text(words) => {
                    page.write_string(line, column, cut(words)).map_err(PageError::failed)?;
                }
            }
        }
        Ok(())
    }

    fn end(mut self: Box<Self>) -> Result<File, PageError> {
        let mut to = BufWriter::new(self.file);
        self.book.save_to_writer(&mut to).map_err(PageError::failed)?;
        whole(to)
    }
}

fn excel(day: CivilDate, time: Option<TimeOfDay>) -> Result<ExcelDateTime, XlsxError> {
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
