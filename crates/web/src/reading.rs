//! What is entered of looking: that a graded record was read, that somebody was denied something.
//!
//! Whoever reads a record whose grade is above what everybody is cleared for leaves an entry. The guard of a route asks
//! for it wherever the path names a record; what shows or gives out several records asks for all of
//! them. Lists show what tells records apart, and are no reading.
//! Invariant: where the entry of a reading cannot be made, nothing is shown.
//! Source: `docs/adr/0013-desk.md`, kinds `access.read` and `access.refused`; clause 26.2.1.

use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use casework::Command;
use desk::{About, Asker, Denial, MOST_READ, Order, Receipt, Refused};
use model::{Person, RecordId};

/// The record a path names, by the pattern of its route.
pub(crate) fn named(pattern: &str, path: &str) -> Option<RecordId> {
    let mut pairs = pattern.split('/').zip(path.split('/'));
    pairs.find_map(|(pattern, part)| (pattern == "{record}").then(|| part.parse().ok())?)
}

/// Those of some records whose reading is to be entered: that are graded, and theirs to read. It blocks.
pub(crate) fn to_note(cx: &Cx, records: &[RecordId]) -> Result<Vec<RecordId>, PageError> {
    let theirs = |look: &Look<'_>, record: RecordId| {
        let case = look.case(record).filter(|_| look.sees(record))?;
        graded(look, &case).then_some(record)
    };
    cx.look(|look| Ok(records.iter().filter_map(|record| theirs(look, *record)).collect()))
}

/// Notes that somebody reads records, those that are graded and theirs to read. It blocks.
pub(crate) fn note(cx: &Cx, records: &[RecordId]) -> Result<(), PageError> {
    enter(cx, to_note(cx, records)?)
}

/// Enters that somebody reads graded records, however many. It blocks.
pub(crate) fn enter(cx: &Cx, records: Vec<RecordId>) -> Result<(), PageError> {
    if records.is_empty() {
        return Ok(());
    }
    let (asker, desk) = (Asker::Person(reader(cx)?), cx.site.desk());
    // Handed in together they share appends.
    let order = |some: &[RecordId]| desk.submit(asker.clone(), Order::ReadRecords(some.to_vec()));
    let receipts: Vec<Receipt> = records.chunks(MOST_READ).map(order).collect();
    receipts.into_iter().try_for_each(|receipt| receipt.wait().map(drop))?;
    Ok(())
}

/// Has it entered that somebody was denied something. Nobody waits for it: how long an answer takes is not to tell what
/// is there.
pub(crate) fn deny(cx: &Cx, denial: Denial) {
    if let Ok(person) = reader(cx) {
        drop(cx.site.desk().submit(Asker::Person(person), Order::Denied(denial)));
    }
}

/// What a command wants, as it is entered of whoever may not.
pub(crate) fn wanted(command: &Command) -> Denial {
    match command {
        Command::Open { register, step, .. } => {
            Denial { act: format!("{register}.{step}"), about: About::Oneself }
        }
        Command::Take { record, step, .. } => Denial { act: step.to_string(), about: About::Record(*record) },
        _ => Denial { act: "casework".to_owned(), about: About::Oneself },
    }
}

/// Has it entered that a command would be refused for want of a right, of which the desk was only asked whether it would.
pub(crate) fn deny_rehearsed(cx: &Cx, command: &Command, refused: &Refused) {
    if refused.is_of_right() {
        deny(cx, wanted(command));
    }
}

/// Is its grade above what everybody is cleared for?
pub(crate) fn graded(look: &Look<'_>, case: &casework::Case) -> bool {
    let everybody = look.roster.everybodys_height();
    // A grade that the pack in force does not know is none that everybody is cleared for.
    look.roster.height(&case.grade).is_none_or(|height| everybody.is_none_or(|most| height > most))
}

/// Words across whatever shows a case whose grade is above what everybody is cleared for.
pub(crate) fn banner(look: &Look<'_>, case: &casework::Case) -> Option<String> {
    let grade = look.grade(&case.grade);
    graded(look, case).then(|| match look.cx.chinese() {
        true => format!("{grade}　本紀錄之閱覽均登載於帳本，請依機密等級保管。"),
        false => format!(
            "{grade}. Each reading of this record is entered in the ledger. Keep it as its grade asks."
        ),
    })
}

/// Whoever reads, in a role they hold, one they may act in where there is one; who holds none reads as one whom the
/// record concerns.
pub(crate) fn reader(cx: &Cx) -> Result<Person, PageError> {
    let roster = cx.roster()?;
    let home = roster.here(cx.person()).map(|person| person.home).ok_or(PageError::SignedOut)?;
    let stances = cx.stances();
    if let Some(own) = stances.iter().find(|stance| stance.principal.is_none()) {
        return Ok(own.actor(cx, home));
    }
    let held = roster.held(cx.person()).next();
    let (role, unit) = match held {
        Some((role, unit)) => (role.as_str().to_owned(), unit.unwrap_or(home)),
        None => ("party".to_owned(), home),
    };
    let session = cx.session();
    Ok(Person {
        acting_for: None,
        person: cx.person(),
        role,
        session: Some(session.id),
        terminal: session.terminal,
        unit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_where_the_pattern_says_so() {
        let record = RecordId::from_bytes([7; 16]);
        let path = format!("/records/{record}/steps/approve");
        assert_eq!(named("/records/{record}/steps/{step}", &path), Some(record));
        assert_eq!(named("/registers/{register}", &format!("/registers/{record}")), None);
        assert_eq!(named("/records/{record}", "/records/none"), None);
    }
}
