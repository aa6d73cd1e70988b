//! Reading of graded records: whoever reads one whose grade is above what everybody is cleared for leaves an entry.
//!
//! The guard of a route asks for it before the handler, wherever the path names a record; pages that show several
//! records ask for each.
//! Invariant: where the entry cannot be made, nothing is shown.
//! Source: `docs/format.md` §2, kind `access.read`; clause 26.2.1.

use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use desk::{Asker, Order};
use model::{Person, RecordId};

/// The record a path names, by the pattern of its route.
pub(crate) fn named(pattern: &str, path: &str) -> Option<RecordId> {
    let mut pairs = pattern.split('/').zip(path.split('/'));
    pairs.find_map(|(pattern, part)| (pattern == "{record}").then(|| part.parse().ok())?)
}

/// Notes that somebody reads a record, where it is graded and theirs to read. It blocks.
pub(crate) fn note(cx: &Cx, record: RecordId) -> Result<(), PageError> {
    let graded =
        cx.look(|look| Ok(look.sees(record) && look.case(record).is_some_and(|case| graded(look, &case))))?;
    if !graded {
        return Ok(());
    }
    let asker = Asker::Person(reader(cx)?);
    cx.site.desk().ask(asker, Order::ReadRecord(record))?;
    Ok(())
}

/// Is its grade above what everybody is cleared for?
pub(crate) fn graded(look: &Look<'_>, case: &casework::Case) -> bool {
    let everybody = look.roster.everybodys_height();
    // A grade that the pack in force does not know is none that everybody is cleared for.
    look.roster.height(&case.grade).is_none_or(|height| everybody.is_none_or(|most| height > most))
}

/// Whoever reads, in a role they hold; who holds none reads as one whom the record concerns.
pub(crate) fn reader(cx: &Cx) -> Result<Person, PageError> {
    let roster = cx.roster()?;
    let home = roster.here(cx.person()).map(|person| person.home).ok_or(PageError::SignedOut)?;
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
