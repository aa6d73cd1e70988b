//! A list as a file: CSV, XLSX or ODS, of whatever rows and heads a list gives.
//!
//! CSV is UTF-8 with a mark, since spreadsheets take it for something else without; what could be taken for a formula
//! stands behind an apostrophe (OWASP, CSV injection). In XLSX and ODS every text is a text, and nothing is a formula.
//! Does not: ask what may be seen; whoever makes a sheet has asked.
//! Source: RFC 4180; ECMA-376; OpenDocument 1.3 part 3.

mod csv;
mod ods;
mod xlsx;

use super::list::counted;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::query::Query;
use crate::roc;
use crate::visit::Visit;
use askama::Template;
use model::{CivilDate, Instant};
use regulation::TimeOfDay;

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

/// What a file is written from.
pub(crate) struct Sheet<'a> {
    pub(crate) cx: &'a Cx,
    /// What people call the list.
    pub(crate) name: String,
    /// The same for those who know no other letters than ASCII's.
    pub(crate) plain: String,
    pub(crate) heads: Vec<String>,
    pub(crate) rows: Vec<Vec<Plain>>,
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
        let kinds = [("ods", "ODS (LibreOffice)"), ("xlsx", "XLSX (Excel)"), ("csv", "CSV (UTF-8)")];
        let place = format!("{}/export", path.trim_end_matches('/'));
        let query = query.without("page").without("size");
        let export = |(kind, text)| Export { text, href: query.with("format", kind).behind(&place) };
        Self { cx, exports: kinds.map(export).to_vec(), total }
    }

    fn counted(total: &u64) -> String {
        counted(*total)
    }
}

impl askama::filters::HtmlSafe for Exports<'_> {}

impl Sheet<'_> {
    /// The file of a format, to be kept.
    ///
    /// # Errors
    /// `NotFound`: there is no such format. `Failed`: it could not be written.
    pub(crate) fn file(&self, format: Option<&str>) -> PageResult {
        let (media, end, bytes) = match format {
            Some("csv") => ("text/csv; charset=utf-8", "csv", csv::write(self)?),
            Some("xlsx") => {
                let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
                (media, "xlsx", xlsx::write(self)?)
            }
            Some("ods") => ("application/vnd.oasis.opendocument.spreadsheet", "ods", ods::write(self)?),
            _ => return Err(PageError::NotFound),
        };
        let day = roc::date(self.cx.language, self.cx.zone()?.date(self.cx.now()));
        let (name, plain) = (format!("{}_{day}.{end}", self.name), format!("{}.{end}", self.plain));
        Ok(given::file(&name, &plain, media, bytes))
    }

    /// A moment as civil date and time in the pack's zone, as spreadsheets know them.
    fn civil(&self, at: Instant) -> Result<(CivilDate, TimeOfDay), PageError> {
        Ok(self.cx.zone()?.civil(at))
    }
}
