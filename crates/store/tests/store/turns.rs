//! Turns: whom a case waits for, kept as cases, records they refer to, and units change.

use crate::bed::{Bed, On, everyone, field, on_both, sorted};
use crate::pack::{Version, register};
use model::{PersonId, RecordId, UnitId};
use serde_json::json;
use store::{Direction, Reader};

/// Somebody who holds these seats and reads nothing else.
fn seated(person: PersonId, seats: &[(&str, Option<UnitId>)]) -> Reader {
    let seats = seats.iter().map(|(role, unit)| (role.parse().unwrap(), *unit)).collect();
    Reader { person, roles: [].into(), seats, ..everyone() }
}

/// What waits for them, in the order of opening.
fn waits(bed: &Bed, reader: &Reader) -> Vec<RecordId> {
    let turns = store::turns(&mut bed.sql(), reader, 0, 100).unwrap();
    assert_eq!(turns.total, turns.rows.len() as u64);
    let (packs, layout) = (bed.tables.packs(), bed.tables.layout());
    for turn in &turns.rows {
        assert!(store::sees(&mut bed.sql(), packs, layout, reader, turn.row.record).unwrap());
    }
    turns.rows.into_iter().map(|turn| turn.row.record).collect()
}

fn a_case_waits_for_whom_its_content_names_until_it_goes_on(on: On) {
    let mut bed = Bed::with(on, 91, Version::Reading).unwrap();
    let (unit, site) = (bed.unit(), bed.unit());
    let (owner, other) = (bed.person(), bed.person());
    let register = register("own", &[], &[]).parse().unwrap();
    let fill = |who: PersonId| json!({"name": "甲", "owner": who.to_string(), "site": site.to_string()});
    let record = bed.open(&register, unit, None, fill(owner));
    bed.settle();
    let clerk = |unit| seated(other, &[("clerk", Some(unit))]);
    assert_eq!(waits(&bed, &seated(owner, &[])), [record]);
    assert_eq!(waits(&bed, &clerk(site)), [record]);
    assert_eq!(waits(&bed, &clerk(unit)), [], "a clerk of the unit may note, and is not waited for");
    assert_eq!(waits(&bed, &seated(other, &[])), []);
    let deputy = Reader { principals: [owner].into(), ..seated(other, &[]) };
    assert_eq!(waits(&bed, &deputy), [record], "whoever stands in for them");
    assert_eq!(waits(&bed, &Reader { ceiling: None, ..deputy.clone() }), []);
    assert_eq!(waits(&bed, &Reader { focus: Some([site].into()), ..deputy.clone() }), []);
    bed.change(record, fill(other));
    bed.settle();
    assert_eq!((waits(&bed, &seated(owner, &[])), waits(&bed, &seated(other, &[]))), (vec![], vec![record]));
    // After a rebuilding they are found as they were.
    bed.rebuilt();
    bed.tables.refresh_turns(bed.now()).unwrap();
    assert_eq!(waits(&bed, &seated(other, &[])), [record]);
    bed.close(record, None);
    bed.settle();
    assert_eq!(waits(&bed, &seated(other, &[])), []);
}

fn what_was_applied_and_not_looked_at_is_looked_at_after_a_crash(on: On) {
    let mut bed = Bed::with(on, 92, Version::Reading).unwrap();
    let unit = bed.unit();
    let owner = bed.person();
    let register = register("own", &[], &[]).parse().unwrap();
    let record = bed.open(&register, unit, None, json!({"name": "甲", "owner": owner.to_string()}));
    bed.settle_unseen();
    let entries = bed.entries(bed.tables.position()..bed.size());
    bed.tables.apply(entries).unwrap();
    assert_eq!(waits(&bed, &seated(owner, &[])), [], "not yet");
    bed.reopen();
    bed.tables.refresh_turns(bed.now()).unwrap();
    assert_eq!(waits(&bed, &seated(owner, &[])), [record]);
    // Nothing is left of what is destroyed.
    bed.destroy(record);
    let left = bed.tables.ask(|sql| sql.rows("SELECT opened FROM turn", &[])).unwrap();
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(bed.listed(&sorted(field("name"), Direction::Up)), []);
}

on_both!(
    a_case_waits_for_whom_its_content_names_until_it_goes_on,
    what_was_applied_and_not_looked_at_is_looked_at_after_a_crash,
);
