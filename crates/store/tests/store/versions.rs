//! A pack that is published anew lays tables out anew.

use crate::bed::{Bed, On, field, filtered, on_both, sorted};
use crate::pack::Version;
use casework::Body;
use model::RecordId;
use serde_json::json;
use store::{Column, Direction, Test};

fn four(bed: &mut Bed) -> [RecordId; 4] {
    let unit = bed.unit();
    [("secret", "丙"), ("open", "甲"), ("internal", "乙"), ("open", "丁")].map(|(level, name)| {
        bed.item(unit, json!({"name": name, "notes": "備註詞", "level": level, "day": "2025-01-02"}))
    })
}

fn lists_and_search_go_by_the_newest_version(on: On) {
    let mut bed = Bed::new(on, 31).unwrap();
    let [c, a, b, d] = four(&mut bed);
    bed.settle();
    assert_eq!(bed.listed(&sorted(field("level"), Direction::Up)), [a, d, b, c]);
    assert_eq!((bed.found("丙"), bed.found("備註")), ([c].into(), [a, b, c, d].into()));
    bed.publish(Version::Two);
    // A grade has come in between: heights are others, and the order is the same.
    assert_eq!(bed.listed(&sorted(Column::Grade, Direction::Down)), [c, b, d, a]);
    assert_eq!(bed.listed(&filtered(field("level"), Test::AtLeast("narrow".into()))), [b, c]);
    assert_eq!(bed.listed(&filtered(Column::Grade, Test::AtMost("narrow".into()))), [d, a]);
    // The name is no longer among what is searched.
    assert_eq!((bed.found("丙").len(), bed.found("備註").len()), (0, 4));
    bed.holds();
}

fn a_record_that_moves_to_a_version_is_as_if_it_had_been_opened_there(on: On) {
    let mut bed = Bed::new(on, 32).unwrap();
    let (unit, wang) = (bed.unit(), bed.person());
    let other = bed.item(unit, json!({"name": "他"}));
    let fill = json!({"name": "甲", "was_secret": "zq0hidden", "tags": ["red"], "related": [other.to_string()], "helpers": [wang.to_string()]});
    let one = bed.item(unit, fill);
    bed.publish(Version::Two);
    assert_eq!(bed.sql().running_before(2, 0, 9).unwrap().len(), 2);
    let content =
        json!({"name": "甲", "was_secret": "zq0open", "tags": ["blue"], "related": [other.to_string()]});
    let moved = Body::Moved {
        states: [].into(),
        from: 1,
        to: 2,
        state: "filed".parse().unwrap(),
        content: crate::bed::content(content),
        fields: Default::default(),
    };
    bed.event(one, moved);
    bed.settle();
    assert_eq!(bed.found("zq0open"), [one].into());
    assert_eq!(bed.listed(&filtered(field("tags"), Test::In(vec!["red".into()]))), []);
    assert_eq!(bed.listed(&filtered(field("tags"), Test::In(vec!["blue".into()]))), [one]);
    assert_eq!(bed.listed(&filtered(field("related"), Test::In(vec![other.to_string()]))), [one]);
    assert_eq!(
        bed.sql().running_before(2, 0, 9).unwrap().iter().map(|(_, record)| *record).collect::<Vec<_>>(),
        [other]
    );
    assert_eq!(bed.sql().running_before(2, 0, 0).unwrap(), []);
    bed.holds();
}

fn published_versions_are_told_in_order(on: On) {
    let mut bed = Bed::empty(on, 33).unwrap();
    assert_eq!((bed.tables.published().unwrap(), bed.sql().first_published().unwrap()), (vec![], None));
    bed.publish(Version::One);
    let first = bed.tables.position() - 1;
    bed.publish(Version::Two);
    let published = bed.tables.published().unwrap();
    assert_eq!(published.iter().map(|(version, _)| *version).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(published[1].1, format!("sha256:{:064}", 2));
    assert_eq!(bed.sql().first_published().unwrap(), Some(first));
    assert!(bed.tables.registers().unwrap().is_empty());
    four(&mut bed);
    bed.settle();
    assert_eq!(bed.tables.registers().unwrap(), ["item".parse::<regulation::RegisterId>().unwrap()]);
    bed.holds();
}

fn tables_of_another_version_of_this_program_are_not_read_but_made_anew(on: On) {
    let mut bed = Bed::new(on, 34).unwrap();
    four(&mut bed);
    bed.settle();
    assert!(!bed.tables.is_of_other_version().unwrap());
    let before = bed.dump();
    bed.tables
        .ask(|sql| sql.script("UPDATE meta SET value = '0' WHERE name = 'schema'; DROP TABLE lost;"))
        .unwrap();
    bed.tables.reopen().unwrap();
    assert!(bed.tables.is_of_other_version().unwrap());
    assert_eq!(bed.remade(), before);
    assert!(!bed.tables.is_of_other_version().unwrap());
}

fn a_rebuilding_that_fails_leaves_the_tables_as_they_were(on: On) {
    let mut bed = Bed::new(on, 35).unwrap();
    four(&mut bed);
    bed.settle();
    let before = bed.dump();
    assert!(matches!(bed.rebuild_failing(), store::StoreError::Pack { version: 1, .. }));
    assert_eq!(bed.dump(), before);
    assert_eq!(bed.rebuilt(), before);
}

on_both!(
    a_rebuilding_that_fails_leaves_the_tables_as_they_were,
    lists_and_search_go_by_the_newest_version,
    a_record_that_moves_to_a_version_is_as_if_it_had_been_opened_there,
    published_versions_are_told_in_order,
    tables_of_another_version_of_this_program_are_not_read_but_made_anew,
);
