//! A list as a file: exactly what is filtered, in the columns shown, all pages of it. It is taken away, so that each graded
//! record in it counts as read.
//!
//! CSV is UTF-8 with a mark, since spreadsheets take it for something else without; what could be taken for a formula
//! stands behind an apostrophe (OWASP, CSV injection). In XLSX and ODS every text is a text, and nothing is a formula.
//! Source: RFC 4180; ECMA-376; OpenDocument 1.3 part 3.

mod csv;
mod ods;
mod xlsx;

use super::asked::Asked;
use super::cells::{Plain, Shelf};
use crate::cx::Cx;
use crate::error::PageError;
use crate::given;
use crate::look::Look;
use crate::query::Query;
use crate::reading;
use crate::roc;
use axum::response::Response;
use model::RecordId;
use regulation::Register;

/// Most rows of a file: what a spreadsheet takes, heads aside.
const MOST: u32 = 1_048_575;
/// Cases that are looked at together, and then let go.
const AT_ONCE: usize = 1_000;

/// What a file is written from.
struct Sheet<'a> {
    cx: &'a Cx,
    name: String,
    heads: Vec<String>,
    rows: Vec<Vec<Plain>>,
}

impl Sheet<'_> {
    /// A moment as civil date and time in the pack's zone, as spreadsheets know them.
    fn civil(&self, at: model::Instant) -> Result<(model::CivilDate, regulation::TimeOfDay), PageError> {
        Ok(self.cx.zone()?.civil(at))
    }
}

/// The file, and the graded records that are read by it.
pub(super) fn export(
    cx: &Cx,
    look: &Look<'_>,
    register: &Register,
    query: &Query,
) -> Result<(Response, Vec<RecordId>), PageError> {
    let asked = Asked::read(look, register, query);
    let (seen, reader) = (cx.seen(), cx.reader()?);
    let ask = asked.ask_all(register, MOST);
    // One statement gives all of them, so that the file is of one moment.
    let page = look.sql(|sql| store::list(sql, &seen.packs, &seen.layout, &reader, &ask))?;
    let records: Vec<RecordId> = page.rows.iter().map(|row| row.record).collect();
    look.listed(records.iter().copied());
    let shelf = Shelf::new(cx, register, &asked.columns);
    let (mut rows, mut graded) = (Vec::with_capacity(records.len()), Vec::new());
    for some in records.chunks(AT_ONCE) {
        for case in look.open_cases(some)? {
            rows.push(shelf.plain(look, &case));
            graded.extend(reading::graded(look, &case).then_some(case.record));
        }
    }
    let name = cx.label(&register.label).to_owned();
    let sheet = Sheet { cx, name, heads: shelf.texts(), rows };
    let (media, end, bytes) = match query.one("format") {
        Some("csv") => ("text/csv; charset=utf-8", "csv", csv::write(&sheet)?),
        Some("xlsx") => {
            let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
            (media, "xlsx", xlsx::write(&sheet)?)
        }
        Some("ods") => ("application/vnd.oasis.opendocument.spreadsheet", "ods", ods::write(&sheet)?),
        _ => return Err(PageError::NotFound),
    };
    let day = cx.zone()?.date(cx.now());
    let name = format!("{}_{}.{end}", sheet.name, roc::date(cx.language, day));
    Ok((given::file(&name, &format!("{}.{end}", register.id), media, bytes), graded))
}
