//! Records as they stood at a moment that is past, from the entries of the ledger themselves.
//!
//! Who may see a record is decided as of now: what was read once and may not be read any more is not shown.
//! Invariant: nothing that was entered after the moment shows.

use crate::error::PageError;
use crate::look::Look;
use casework::{Body, Case, Entered, EntryNumber, State};
use model::Instant;
use proof::entry::Entry;
use std::sync::Arc;
use store::{Fact, Recorded, Said};

/// A record as it stands or stood.
pub(super) struct Stood {
    pub(super) case: Arc<Case>,
    /// The number of the last entry about it.
    pub(super) last: u64,
}

/// A record as it stood then, with the number of the last entry about it; none where it was not opened yet. It blocks.
///
/// # Errors
/// The ledger cannot be read.
pub(super) fn stood(look: &Look<'_>, now: Arc<Case>, until: Instant) -> Result<Option<Stood>, PageError> {
    if now.opened_at >= until {
        return Ok(None);
    }
    let (desk, record) = (look.cx.site.desk(), now.record);
    let entries = look.sql(|sql| sql.history(record))?;
    let of = |number: u64| desk.reader().entry(number).map_err(PageError::failed);
    if let Some(last) = entries.last() {
        let bytes = of(*last)?;
        // Most records have not changed since.
        if Entry::parse(&bytes).map_err(PageError::failed)?.time() < until {
            return Ok(Some(Stood { case: now, last: *last }));
        }
    }
    let mut last = 0;
    let mut state = State::default();
    for number in entries {
        let bytes = of(number)?;
        let recorded = Recorded::read(number, &bytes, desk.vault().as_ref()).map_err(PageError::failed)?;
        if recorded.at >= until {
            break;
        }
        last = number;
        let Said::Fact(fact) = recorded.said else { continue };
        let Fact::Case(event) = *fact else { continue };
        match &event.body {
            // Numbers of other records stand between; they are not looked at here.
            Body::Numbered { sequence, place, .. } => {
                state.sequences.insert(sequence.clone(), place.saturating_sub(1));
            }
            // Of a record's duties nothing is drawn.
            Body::DutyChased { .. } | Body::DutyDone { .. } | Body::DutyReopened { .. } => continue,
            _ => {}
        }
        let entered = Entered { number: EntryNumber(number), content: recorded.content };
        state.apply_owned(event, Some(entered)).map_err(PageError::failed)?;
    }
    Ok(state.cases.remove(&record).map(|case| Stood { case, last }))
}

/// How many entries the ledger had before a moment; all that were committed where none is given.
///
/// # Errors
/// The ledger cannot be read.
pub(super) fn position(look: &Look<'_>, until: Option<Instant>) -> Result<u64, PageError> {
    let whole = look.cx.seen().position;
    let Some(until) = until else { return Ok(whole) };
    let reader = look.cx.site.desk().reader();
    // Times of entries never fall.
    let (mut low, mut high) = (0, whole);
    while low < high {
        let middle = low + (high - low) / 2;
        let bytes = reader.entry(middle).map_err(PageError::failed)?;
        if Entry::parse(&bytes).map_err(PageError::failed)?.time() < until {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
