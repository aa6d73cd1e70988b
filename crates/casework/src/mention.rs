//! People, units and records that are spoken of in what is recorded for people to read.
//!
//! The ledger keeps what a notice said for good, and personal data may have to be forgotten. So a notice names people
//! and units by their ids, and whoever shows it puts in the names as they are known then: after a person's data was
//! destroyed there is none left, in no entry and in no table. Records it refers to it names by their ids as well: not
//! everybody who is told of one record may know what another is called.
//! Invariant: the pieces, written one behind the other, are the text.
//! Does not: know names.

use model::{PersonId, RecordId, UnitId};
use std::str::FromStr;

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention<'t> {
    /// To be shown as it is.
    Text(&'t str),
    /// To be shown as the name of a person.
    Person(PersonId),
    /// To be shown as number and title of a record, to whoever may read it.
    Record(RecordId),
    /// To be shown as the name of a unit.
    Unit(UnitId),
}

/// Characters of an id behind its prefix.
const LENGTH: usize = 26;

/// The pieces of a text, in order.
#[must_use]
pub fn mentions(text: &str) -> Vec<Mention<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, found, after)) = next(rest) {
        if !before.is_empty() {
            pieces.push(Mention::Text(before));
        }
        pieces.push(found);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Mention::Text(rest));
    }
    pieces
}

/// What stands before the first id, the id, and what stands behind it.
fn next(text: &str) -> Option<(&str, Mention<'_>, &str)> {
    text.char_indices().find_map(|(at, _)| {
        let (before, from) = text.split_at_checked(at)?;
        // A longer word that happens to hold an id is none.
        if before.ends_with(of_a_word) {
            return None;
        }
        let person = named(from, PersonId::PREFIX, Mention::Person);
        let unit = || named(from, UnitId::PREFIX, Mention::Unit);
        let record = || named(from, RecordId::PREFIX, Mention::Record);
        let (found, after) = person.or_else(unit).or_else(record)?;
        Some((before, found, after))
    })
}

/// What is named by an id of this prefix, and what stands behind it.
fn named<'t, I: FromStr>(
    text: &'t str,
    prefix: &str,
    of: fn(I) -> Mention<'t>,
) -> Option<(Mention<'t>, &'t str)> {
    let (id, after) = id(text, prefix)?;
    Some((of(id.parse().ok()?), after))
}

/// What has the shape of an id of this prefix, and what stands behind it.
fn id<'t>(text: &'t str, prefix: &str) -> Option<(&'t str, &'t str)> {
    if !text.starts_with(prefix) {
        return None;
    }
    text.split_at_checked(prefix.len() + LENGTH).filter(|(_, after)| !after.starts_with(of_a_word))
}

const fn of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_among_words_and_nothing_else_is() {
        let (person, unit) = (PersonId::from_bytes([7; 16]), UnitId::from_bytes([9; 16]));
        let record = RecordId::from_bytes([3; 16]);
        let text = format!("{person}於{unit}之案，{record}、p_x");
        let found = [
            Mention::Person(person),
            Mention::Text("於"),
            Mention::Unit(unit),
            Mention::Text("之案，"),
            Mention::Record(record),
            Mention::Text("、p_x"),
        ];
        assert_eq!(mentions(&text), found);
        for text in [
            format!("x{person}"),
            format!("{person}7"),
            "施工 p_ 南".to_owned(),
            person.to_string().to_uppercase(),
        ] {
            assert_eq!(mentions(&text), [Mention::Text(&text)]);
        }
        assert_eq!(mentions(""), []);
    }
}
