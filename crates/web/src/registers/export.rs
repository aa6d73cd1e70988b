//! A list as a file: exactly what is filtered, in the columns shown, all pages of it. It is taken away, so that each graded
//! record in it counts as read.
//!
//! Which records there are is asked at once; what they hold is looked at some at a time, and then let go.

use super::asked::ListAsked;
use super::cells::Shelf;
use super::filters;
use crate::component::export::{MOST, Made, Sheet};
use crate::cx::Cx;
use crate::error::PageError;
use crate::query::Query;
use crate::reading;
use model::RecordId;
use regulation::Register;

/// Cases that are looked at together.
const AT_ONCE: usize = 1_000;

/// The file, and the graded records that are read by it. It blocks.
///
/// # Errors
/// `NotFound`: there is no such format. `Failed`: it could not be written, or the tables not be read.
pub(super) fn export(
    cx: &Cx,
    register: &Register,
    query: &Query,
) -> Result<(Made, Vec<RecordId>), PageError> {
    let (seen, reader) = (cx.seen(), cx.reader()?);
    // One statement gives all of them, so that the list is of one moment.
    let (asked, records, filters) = cx.look(|look| {
        let asked = ListAsked::read(look, register, query);
        let ask = asked.ask_all(register, MOST);
        let page = look.sql(|sql| store::list(sql, &seen.packs, &seen.layout, &reader, &ask))?;
        let records: Vec<RecordId> = page.rows.iter().map(|row| row.record).collect();
        Ok((asked, records, filters::told(look, register, query)))
    })?;
    let shelf = Shelf::new(cx, register, &asked.columns);
    let name = cx.label(&register.label).to_owned();
    let sheet = Sheet { cx, name, plain: register.id.to_string(), heads: shelf.texts(), filters };
    let mut file = sheet.begin(query.one("format"))?;
    let mut graded = Vec::new();
    for some in records.chunks(AT_ONCE) {
        cx.look(|look| {
            // Of what they may not read any more nothing goes out.
            look.ask_seen(some.iter().copied())?;
            for case in look.open_cases(some)?.iter().filter(|case| look.sees(case.record)) {
                file.row(&shelf.plain(look, case))?;
                if reading::graded(look, case) {
                    let height = look.roster.height(&case.grade).unwrap_or(usize::MAX);
                    file.mark(height, look.grade(&case.grade));
                    graded.push(case.record);
                }
            }
            Ok(())
        })?;
    }
    Ok((file.end()?, graded))
}
