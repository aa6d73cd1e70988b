//! A list as a file: exactly what is filtered, in the columns shown, all pages of it. It is taken away, so that each graded
//! record in it counts as read.

use super::asked::Asked;
use super::cells::Shelf;
use crate::component::export::{MOST, Sheet};
use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use crate::query::Query;
use crate::reading;
use axum::response::Response;
use model::RecordId;
use regulation::Register;

/// Cases that are looked at together, and then let go.
const AT_ONCE: usize = 1_000;

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
    let plain = register.id.to_string();
    let sheet = Sheet { cx, name, plain, heads: shelf.texts(), rows };
    Ok((sheet.file(query.one("format"))?, graded))
}
