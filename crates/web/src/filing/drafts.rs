//! Drafts of forms: kept as one fills in, resumed where one left off.
//!
//! Invariant: answers to sealed fields are never kept in a draft; whoever keeps one is told so. A draft belongs to one
//! person and is read by nobody else.

use super::sheet::{FormAsked, Sheet};
use crate::cx::Cx;
use crate::error::PageError;
use crate::form::Posted;
use crate::look::Look;
use crate::query::Query;
use store::Draft;

/// Bytes of a draft.
const MOST_BYTES: usize = 256 << 10;

/// What a draft of this form would hold.
pub(crate) fn of(sheet: &Sheet<'_, '_>, asked: &FormAsked, posted: &Posted) -> Option<Draft> {
    let kept = posted.query.pairs().filter(|(name, value)| {
        let sealed = name.starts_with("f.") && sheet.is_sealed(name);
        !sealed && !Posted::is_own(name) && !value.is_empty()
    });
    let mut pairs = Query::of(kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
    // A record to be opened keeps its id, so that what is sent twice is opened once.
    if sheet.before.is_none() {
        pairs = pairs.with("record", sheet.record.to_string());
    }
    let pairs = pairs.behind("");
    let pairs = pairs.trim_start_matches('?').to_owned();
    let draft = Draft { form: asked.path(), record: asked.record(), pairs, kept_at: sheet.look.cx.now() };
    (draft.pairs.len() <= MOST_BYTES).then_some(draft)
}

/// The draft of a form, with what it holds.
pub(crate) fn resumed(look: &Look<'_>, asked: &FormAsked) -> Result<Option<(Draft, Posted)>, PageError> {
    let person = look.cx.person();
    let draft = look.sql(|sql| sql.draft(person, &asked.path()))?;
    Ok(draft.map(|draft| {
        let posted = Posted::of(Query::parse(draft.pairs.as_bytes()));
        (draft, posted)
    }))
}

/// Forgets the draft of what was sent. That it stays behind does no harm: it is offered once more.
pub(crate) fn forget(cx: &Cx, asked: &FormAsked) {
    if let Err(refused) = cx.site.desk().forget_draft(cx.person(), &asked.path()) {
        (cx.site.config().report)(cx.request, &format!("a draft stays: {refused}"));
    }
}
