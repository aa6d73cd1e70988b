//! Labels for the records of a list as it is filtered: number, title, unit, a code that opens the record.

use super::{by_whom, head, mark, record_address};
use crate::error::PageError;
use crate::look::Look;
use crate::query::Query;
use crate::registers;
use model::RecordId;
use paper::{Label, Labels, Layout, MOST_LABELS};
use regulation::Register;

/// The labels, with the graded records among them. It blocks.
///
/// # Errors
/// `NotFound`: there is no such layout. `Refused`: more than are printed at once.
pub(super) fn of_list(
    look: &Look<'_>,
    register: &Register,
    query: &Query,
) -> Result<(Labels, Vec<RecordId>), PageError> {
    let cx = look.cx;
    let layout = match query.one("layout") {
        None | Some("sheet") => Layout::Sheet,
        Some("single") => Layout::Single,
        Some(_) => return Err(PageError::NotFound),
    };
    let (total, cases) = registers::all(look, register, query, MOST_LABELS)?;
    super::enough("labels", total, MOST_LABELS)?;
    let mut graded = Vec::new();
    let labels = cases.iter().filter_map(|case| {
        let mark = mark(look, case);
        graded.extend(mark.is_some().then_some(case.record));
        let title = look.title(case);
        let (number, title) = match &case.number {
            Some(number) => (number.clone(), title),
            None => (title, String::new()),
        };
        let lines = vec![look.unit(case.unit)];
        Label::new((number, title), lines, mark, record_address(cx, case.record, &Query::default()))
    });
    let labels = labels.collect();
    let title = cx.label(&register.label).to_owned();
    let head = head(cx, title, register.id.to_string(), None, by_whom(cx));
    Ok((Labels { head, layout, labels }, graded))
}
