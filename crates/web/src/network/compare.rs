//! What came, went and changed in the network between two moments.

use super::facts::{Facts, Link, Thing};
use std::collections::BTreeMap;

/// Something that differs.
#[derive(Clone, Copy)]
pub(super) enum Change<'f> {
    Came(&'f Thing),
    Went(&'f Thing),
    /// Its name, its addresses or the records it stands for.
    Changed(&'f Thing, &'f Thing),
    /// A connection: whose facts it is of.
    Joined(&'f Facts, &'f Link),
    Parted(&'f Facts, &'f Link),
}

/// What differs, things before connections, each in the order of the drawing.
pub(super) fn changes<'f>(before: &'f Facts, after: &'f Facts) -> Vec<Change<'f>> {
    let things = |facts: &'f Facts| -> BTreeMap<&'f str, &'f Thing> {
        facts.things.iter().map(|thing| (thing.key.as_str(), thing)).collect()
    };
    let (old, new) = (things(before), things(after));
    let came = after.things.iter().filter_map(|thing| match old.get(thing.key.as_str()) {
        None => Some(Change::Came(thing)),
        Some(was) if differs(was, thing) => Some(Change::Changed(was, thing)),
        Some(_) => None,
    });
    let went = before.things.iter().filter(|thing| !new.contains_key(thing.key.as_str())).map(Change::Went);
    let (old, new) = (links(before), links(after));
    let joined =
        new.iter().filter(|(key, _)| !old.contains_key(*key)).map(|(_, link)| Change::Joined(after, link));
    let parted =
        old.iter().filter(|(key, _)| !new.contains_key(*key)).map(|(_, link)| Change::Parted(before, link));
    came.chain(went).chain(joined).chain(parted).collect()
}

fn differs(was: &Thing, is: &Thing) -> bool {
    was.name != is.name || was.addresses != is.addresses || was.records != is.records
}

/// Connections by what stays the same of them.
fn links<'f>(facts: &'f Facts) -> BTreeMap<(&'f str, &'f str, &'f str), &'f Link> {
    let key = |nth: usize| facts.things.get(nth).map(|thing| thing.key.as_str());
    let one = |link: &'f Link| Some(((key(link.from)?, key(link.to)?, link.by.1.as_str()), link));
    facts.links.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: &Facts, after: &Facts) -> Vec<String> {
        let name = |facts: &Facts, nth: usize| facts.things[nth].key.clone();
        let one = |change: &Change<'_>| match change {
            Change::Came(thing) => format!("+{}", thing.key),
            Change::Went(thing) => format!("-{}", thing.key),
            Change::Changed(was, is) => format!("{} {:?}→{:?}", is.key, was.addresses, is.addresses),
            Change::Joined(facts, link) => format!("+{}–{}", name(facts, link.from), name(facts, link.to)),
            Change::Parted(facts, link) => format!("-{}–{}", name(facts, link.from), name(facts, link.to)),
        };
        changes(before, after).iter().map(one).collect()
    }

    #[test]
    fn what_came_went_and_changed_is_told_by_what_stays_the_same() {
        let link = |from, to| Link { from, to, by: ("主機".to_owned(), "Host".to_owned()) };
        let mut before = Facts::holding(&["10.1.0.1", "10.1.0.2", "10.1.0.3"]);
        before.links = vec![link(0, 1), link(0, 2)];
        assert!(told(&before, &before).is_empty());
        let mut after = Facts::holding(&["10.1.0.1", "10.1.0.9"]);
        after.things[1].key = "r_2".to_owned();
        after.links = vec![link(0, 1), link(1, 0)];
        assert_eq!(
            told(&before, &after),
            ["r_2 {\"10.1.0.3\"}→{\"10.1.0.9\"}", "-r_1", "+r_2–r_0", "-r_0–r_1"]
        );
        assert_ne!(before.digest().unwrap(), after.digest().unwrap());
        assert_eq!(before.digest().unwrap(), before.digest().unwrap());
    }
}
