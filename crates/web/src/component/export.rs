//! A list as a file: CSV, XLSX, ODS or PDF, of whatever rows and heads a list gives.
//!
//! CSV is UTF-8 with a mark, since spreadsheets take it for something else without; what could be taken for a formula
//! stands behind an apostrophe (OWASP, CSV injection). In XLSX and ODS every text is a text, and nothing is a formula.
//! Invariants: no more of a file is in memory than a row and what a compressor holds; so many are written at once, and so
//! many kept until they were taken; a file has no name while it is written, and nothing is left of it when Ward falls over.
//! Does not: ask what may be seen; whoever makes a sheet has asked.
//! Source: RFC 4180; ECMA-376; OpenDocument 1.3 part 3; OWASP ASVS 5.0, V15.2.2.

mod csv;
mod ods;
mod pdf;
mod xlsx;

use super::list::counted;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::pace;
use crate::query::Query;
use crate::roc;
use crate::visit::Visit;
use askama::Template;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse as _;
use model::{CivilDate, Instant};
use regulation::TimeOfDay;
use std::fs::File;
use std::io::{self, Seek as _};

/// Most rows of a file: what a spreadsheet takes, heads aside.
pub(crate) const MOST: u32 = 1_048_575;

/// A cell of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plain {
    /// A day.
    Date(CivilDate),
    /// A moment, told in the pack's zone.
    Moment(Instant),
    /// Nothing.
    Nothing,
    /// A number as written, exact.
    Number(String),
    /// Words.
    Text(String),
}

/// What a file is written from, but for its rows.
pub(crate) struct Sheet<'a> {
    pub(crate) cx: &'a Cx,
    /// What people call the list.
    pub(crate) name: String,
    /// The same for those who know no other letters than ASCII's.
    pub(crate) plain: String,
    pub(crate) heads: Vec<String>,
    /// What the list was narrowed by, in words; only papers tell it.
    pub(crate) filters: Vec<String>,
}

/// A file that is being written.
pub(crate) struct Writing<'a> {
    sheet: Sheet<'a>,
    /// What it is, and how its name ends.
    media: &'static str,
    end: &'static str,
    to: Box<dyn Format>,
}

/// A way to write rows.
trait Format {
    /// The next row.
    fn row(&mut self, sheet: &Sheet<'_>, cells: &[Plain]) -> Result<(), PageError>;

    /// A row of this grade is in it. Only papers bear marks.
    fn mark(&mut self, _height: usize, _grade: String) {}

    /// What comes behind the last one; the file.
    fn end(self: Box<Self>) -> Result<File, PageError>;
}

/// A file that is written, to be given out.
pub(crate) struct Made {
    file: File,
    media: &'static str,
    name: String,
    plain: String,
}

/// A way out.
#[derive(Debug, Clone)]
pub struct Export {
    /// What it is called.
    pub text: &'static str,
    /// Where it leads.
    pub href: String,
}

/// The menu of them.
#[derive(Template)]
#[template(path = "component/exports.html")]
pub struct Exports<'a> {
    /// The page's context.
    pub cx: &'a Visit,
    /// Each kind of file.
    pub exports: Vec<Export>,
    /// How many rows the file will have, where that is known.
    pub total: Option<u64>,
}

impl Plain {
    /// Words, or nothing.
    pub(crate) fn text(words: impl Into<String>) -> Self {
        match words.into() {
            words if words.is_empty() => Self::Nothing,
            words => Self::Text(words),
        }
    }

    /// As pages show it.
    pub(crate) fn told(&self, cx: &Cx) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Date(day) => cx.date(*day),
            Self::Moment(at) => cx.moment(*at),
            Self::Number(words) | Self::Text(words) => words.clone(),
        }
    }

    /// By which rows are put in order: moments and days by time, whole numbers by size, words by their letters.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Date(day) => day.to_string(),
            Self::Moment(at) => at.to_string(),
            Self::Number(number) => format!("{number:0>24}"),
            Self::Text(words) => words.to_lowercase(),
        }
    }
}

impl<'a> Exports<'a> {
    /// Of the list at a path, as it is asked for. The file is at the same path behind `/export`.
    pub(crate) fn of(cx: &'a Cx, query: &Query, path: &str, total: Option<u64>) -> Self {
        let kinds = [
            ("ods", "ODS (LibreOffice)"),
            ("xlsx", "XLSX (Excel)"),
            ("csv", "CSV (UTF-8)"),
            ("pdf", cx.t("PDF（列印）", "PDF (paper)")),
        ];
        let place = format!("{}/export", path.trim_end_matches('/'));
        let query = query.without("page").without("size");
        let export = |(kind, text)| Export { text, href: query.with("format", kind).behind(&place) };
        Self { cx, exports: kinds.map(export).to_vec(), total }
    }

    /// Also as labels with codes, of records.
    #[must_use]
    pub(crate) fn with_labels(mut self, query: &Query, path: &str) -> Self {
        let query = query.without("page").without("size").without("columns");
        let place = format!("{path}/labels.pdf");
        let export = |(layout, text)| Export { text, href: query.with("layout", layout).behind(&place) };
        self.exports.extend(
            [
                ("sheet", self.cx.t("QR 標籤（A4，3×8）", "QR labels (A4, 3 by 8)")),
                ("single", self.cx.t("QR 標籤（單張 70×37 mm）", "QR labels (single, 70 by 37 mm)")),
            ]
            .map(export),
        );
        self
    }

    fn counted(total: &u64) -> String {
        counted(*total)
    }
}

impl askama::filters::HtmlSafe for Exports<'_> {}

/// Makes a file once it has its turn, and gives it out as it is taken.
///
/// # Errors
/// `Busy`: others are at it. What `make` fails with.
pub(crate) async fn give(
    cx: &Cx,
    make: impl FnOnce(&Cx) -> Result<Made, PageError> + Send + 'static,
) -> PageResult {
    let kept = cx.site.exports_kept().take().await?;
    let turn = cx.site.exports().take().await?;
    // Whoever goes away meanwhile leaves the work behind, and it has its turn until it is done.
    let work = move |cx: &Cx| {
        let _turn = turn;
        Ok((make(cx)?, kept))
    };
    let (made, kept) = cx.run(work).await?;
    let length = made.file.metadata().map_err(PageError::failed)?.len();
    let body = pace::given(made.file, cx.site.config().limits.pace, kept);
    let mut response = (given::leaving(&made.name, &made.plain, made.media), body).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}

impl<'a> Sheet<'a> {
    /// Begins a file of a format, with the heads.
    ///
    /// # Errors
    /// `NotFound`: there is no such format. `Failed`: it could not be written.
    pub(crate) fn begin(self, format: Option<&str>) -> Result<Writing<'a>, PageError> {
        let folder = &self.cx.site.config().data;
        let spool = || tempfile::tempfile_in(folder).map_err(PageError::failed);
        let (media, end, to): (_, _, Box<dyn Format>) = match format {
            Some("csv") => ("text/csv; charset=utf-8", "csv", Box::new(csv::Csv::begin(&self, spool()?)?)),
            Some("xlsx") => {
                let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
                (media, "xlsx", Box::new(xlsx::Xlsx::begin(&self, folder, spool()?)?))
            }
            Some("pdf") => ("application/pdf", "pdf", Box::new(pdf::Pdf::begin(&self, spool()?)?)),
            Some("ods") => (ods::MEDIA, "ods", Box::new(ods::Ods::begin(&self, spool()?)?)),
            _ => return Err(PageError::NotFound),
        };
        Ok(Writing { sheet: self, media, end, to })
    }

    /// A moment as civil date and time in the pack's zone, as spreadsheets know them.
    fn civil(&self, at: Instant) -> Result<(CivilDate, TimeOfDay), PageError> {
        Ok(self.cx.zone()?.civil(at))
    }
}

impl Writing<'_> {
    /// The next row.
    ///
    /// # Errors
    /// `Failed`: it could not be written.
    pub(crate) fn row(&mut self, cells: &[Plain]) -> Result<(), PageError> {
        self.to.row(&self.sheet, cells)
    }

    /// A row that is graded is in it.
    pub(crate) fn mark(&mut self, height: usize, grade: String) {
        self.to.mark(height, grade);
    }

    /// The whole.
    ///
    /// # Errors
    /// `Failed`: it could not be written.
    pub(crate) fn end(self) -> Result<Made, PageError> {
        let Self { sheet, media, end, to } = self;
        let mut file = to.end()?;
        file.rewind().map_err(PageError::failed)?;
        let day = roc::date(sheet.cx.language, sheet.cx.zone()?.date(sheet.cx.now()));
        let (name, plain) = (format!("{}_{day}.{end}", sheet.name), format!("{}.{end}", sheet.plain));
        Ok(Made { file, media, name, plain })
    }
}

/// The file behind what was written to it in pieces.
fn whole(to: io::BufWriter<File>) -> Result<File, PageError> {
    to.into_inner().map_err(|error| PageError::failed(error.into_error()))
}
