//! PDF: the list as an official paper, with the mark of the highest grade in it.
//!
//! It is set as a whole, so that no more rows go into one than `paper::MOST_ROWS`.

use super::{Format, Plain, Sheet};
use crate::cx::Cx;
use crate::error::PageError;
use crate::papers;
use paper::{Catalogue, MOST_ROWS, Press};
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

/// A file of this format.
pub(super) struct Pdf {
    cx: Cx,
    press: Arc<Press>,
    name: String,
    plain: String,
    heads: Vec<String>,
    filters: Vec<String>,
    rows: Vec<Vec<String>>,
    /// How many rows there are, those included that there is no room for.
    count: u64,
    /// The highest mark among the rows, with its height.
    grade: Option<(usize, String)>,
    file: File,
}

impl Pdf {
    pub(super) fn begin(sheet: &Sheet<'_>, file: File) -> Result<Self, PageError> {
        Ok(Self {
            cx: sheet.cx.clone(),
            press: papers::press(sheet.cx)?,
            name: sheet.name.clone(),
            plain: sheet.plain.clone(),
            heads: sheet.heads.clone(),
            filters: sheet.filters.clone(),
            rows: Vec::new(),
            count: 0,
            grade: None,
            file,
        })
    }
}

impl Format for Pdf {
    fn row(&mut self, sheet: &Sheet<'_>, cells: &[Plain]) -> Result<(), PageError> {
        self.count += 1;
        if self.rows.len() < MOST_ROWS {
            self.rows.push(cells.iter().map(|cell| cell.told(sheet.cx)).collect());
        }
        Ok(())
    }

    fn mark(&mut self, height: usize, grade: String) {
        if self.grade.as_ref().is_none_or(|(highest, _)| height > *highest) {
            self.grade = Some((height, grade));
        }
    }

    fn end(self: Box<Self>) -> Result<File, PageError> {
        let Self { cx, press, name, plain, heads, filters, rows, count, grade, mut file } = *self;
        papers::enough("rows", count, MOST_ROWS)?;
        let title = format!("{name}{}", cx.t("清冊", ", list"));
        let head = papers::head(&cx, title, plain, grade.map(|(_, grade)| grade), papers::by_whom(&cx));
        let made = press.catalogue(&Catalogue::new(head, filters, heads, rows), cx.now());
        papers::rest_later(press);
        file.write_all(&made.map_err(papers::refused)?.pdf).map_err(PageError::failed)?;
        Ok(file)
    }
}
