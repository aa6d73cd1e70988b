//! Lists: each filter, each order, counting and paging.

use crate::bed::{Bed, On, everyone, field, filtered, items, on_both, sorted};
use model::{RecordId, UnitId};
use serde_json::json;
use store::{Ask, Column, Direction, Filter, ListError, Test};

/// Five items, of which the last has nothing filled in but its name.
fn five(on: On) -> (Bed, [RecordId; 5], [UnitId; 2]) {
    let mut bed = Bed::new(on, 1).unwrap();
    let units = [bed.unit(), bed.unit()];
    let (wang, chen) = (bed.person().to_string(), bed.person().to_string());
    let site = |at: usize| units[at].to_string();
    let a = bed.item(
        units[0],
        json!({"name": "甲 100%", "amount": "-2.5", "day": "2025-03-01", "moment": "2025-03-01T08:00:00Z", "hour": "08:30",
            "flag": true, "level": "secret", "kind": "red", "tags": ["red", "blue"], "owner": wang, "helpers": [wang, chen],
            "site": site(0), "sites": [site(0), site(1)]}),
    );
    let b = bed.item(
        units[1],
        json!({"name": "乙_100x", "amount": "10", "day": "2024-12-31", "moment": "2025-02-01T08:00:00Z", "hour": "17:00",
            "flag": false, "level": "open", "kind": "blue", "tags": ["blue"], "owner": chen, "helpers": [chen],
            "site": site(1), "sites": [site(1)], "parent": a.to_string(), "related": [a.to_string()]}),
    );
    let c = bed.item(
        units[0],
        json!({"name": "ABC!d", "amount": "9.99", "day": "2025-01-15", "level": "internal", "kind": "red",
            "parent": a.to_string(), "related": [a.to_string(), b.to_string()]}),
    );
    let d = bed.item(units[1], json!({"name": "abcé", "amount": "9.99", "flag": true, "level": "open"}));
    let e = bed.item(units[0], json!({"name": "ABCÉ"}));
    bed.number(c, 1);
    bed.number(a, 2);
    let who = bed.person();
    bed.close(d, Some(who));
    bed.settle();
    (bed, [a, b, c, d, e], units)
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn each_order_puts_what_is_not_filled_in_first_going_up_and_last_going_down(on: On) {
    let (bed, [a, b, c, d, e], _) = five(on);
    // Ascending; the other way round it is the reverse, the later of two alike first.
    let orders: [(Column, [RecordId; 5]); 14] = [
        (field("name"), [c, e, d, b, a]),
        (field("amount"), [e, a, c, d, b]),
        (field("twice"), [a, b, c, d, e]),
        (field("day"), [d, e, b, c, a]),
        (field("moment"), [c, d, e, b, a]),
        (field("hour"), [c, d, e, a, b]),
        (field("flag"), [c, e, b, a, d]),
        (field("level"), [e, b, d, c, a]),
        (field("kind"), [d, e, b, a, c]),
        (Column::Number, [b, d, e, c, a]),
        (Column::ClosedAt, [a, b, c, e, d]),
        (Column::Grade, [b, d, e, c, a]),
        (Column::State, [d, a, b, c, e]),
        (Column::OpenedAt, [a, b, c, d, e]),
    ];
    for (column, order) in orders {
        assert_eq!(bed.listed(&sorted(column.clone(), Direction::Up)), order, "{column:?}");
        let down: Vec<RecordId> = order.iter().rev().copied().collect();
        assert_eq!(bed.listed(&sorted(column.clone(), Direction::Down)), down, "{column:?} down");
    }
    for column in [
        Column::EnteredAt,
        Column::OccurredAt,
        Column::OpenedBy,
        Column::Unit,
        field("parent"),
        field("site"),
    ] {
        let up = bed.listed(&sorted(column.clone(), Direction::Up));
        let mut down = bed.listed(&sorted(column, Direction::Down));
        down.reverse();
        assert_eq!(up, down);
    }
    assert_eq!(bed.listed(&items()), [e, d, c, b, a], "the newest first");
}

fn each_test_of_a_column_holds_where_it_should(on: On) {
    let (bed, [a, b, c, d, e], units) = five(on);
    let check = |column: Column, test: Test, wanted: &[RecordId]| {
        let mut found = bed.listed(&filtered(column.clone(), test.clone()));
        found.reverse();
        assert_eq!(found, wanted, "{column:?} {test:?}");
    };
    let any = |list: &[&str]| Test::In(texts(list));
    check(field("amount"), Test::AtLeast("9.99".into()), &[b, c, d]);
    check(field("amount"), Test::AtMost("9.990".into()), &[a, c, d]);
    check(field("amount"), any(&["10.00", "-2.5"]), &[a, b]);
    check(field("day"), Test::AtLeast("2025-01-01".into()), &[a, c]);
    check(field("moment"), Test::AtMost("2025-02-01T08:00:00Z".into()), &[b]);
    check(field("hour"), Test::AtLeast("09:00".into()), &[b]);
    check(field("flag"), any(&["true"]), &[a, d]);
    check(field("flag"), any(&["false"]), &[b]);
    check(field("flag"), Test::Empty, &[c, e]);
    check(field("level"), Test::AtLeast("internal".into()), &[a, c]);
    check(field("level"), any(&["open", "secret"]), &[a, b, d]);
    check(Column::Grade, Test::AtMost("open".into()), &[b, d, e]);
    check(Column::Grade, any(&["secret"]), &[a]);
    check(field("kind"), any(&["red", "blue"]), &[a, b, c]);
    check(field("kind"), any(&[]), &[]);
    check(field("parent"), any(&[&a.to_string()]), &[b, c]);
    check(Column::State, any(&["closed"]), &[d]);
    check(Column::State, Test::Running, &[a, b, c, e]);
    check(Column::Number, Test::Empty, &[b, d, e]);
    check(Column::Number, any(&["114借字第001號"]), &[c]);
    check(Column::Unit, Test::Under(vec![units[1]]), &[b, d]);
    check(Column::Unit, Test::Under(vec![]), &[]);
    check(field("site"), Test::Under(vec![units[0]]), &[a]);
    check(Column::ClosedAt, Test::Empty, &[a, b, c, e]);
    check(Column::OpenedAt, Test::AtLeast("2025-01-01".into()), &[a, b, c, d, e]);
}

fn a_text_is_found_in_cells_as_it_is_written_whatever_the_database(on: On) {
    let (bed, [a, b, c, d, e], _) = five(on);
    let check = |text: &str, wanted: &[RecordId]| {
        let mut found = bed.listed(&filtered(field("name"), Test::Contains(text.to_owned())));
        found.reverse();
        assert_eq!(found, wanted, "{text}");
    };
    check("100", &[a, b]);
    check("100%", &[a]);
    check("_1", &[b]);
    check("!d", &[c]);
    check("abc", &[c, d, e]);
    check("É", &[e]);
    check("乙", &[b]);
    check("\\", &[]);
    check("", &[a, b, c, d, e]);
}

fn fields_that_hold_several_are_tested_by_any_of_them(on: On) {
    let (bed, [a, b, c, d, e], units) = five(on);
    let check = |id: &str, test: Test, wanted: &[RecordId]| {
        let mut found = bed.listed(&filtered(field(id), test.clone()));
        found.reverse();
        assert_eq!(found, wanted, "{id} {test:?}");
    };
    check("tags", Test::In(texts(&["red"])), &[a]);
    check("tags", Test::In(texts(&["red", "blue"])), &[a, b]);
    check("tags", Test::In(vec![]), &[]);
    check("tags", Test::Empty, &[c, d, e]);
    check("tags", Test::Running, &[a, b, c, e]);
    check("related", Test::In(vec![b.to_string()]), &[c]);
    check("related", Test::In(vec![a.to_string()]), &[b, c]);
    check("sites", Test::Under(vec![units[1]]), &[a, b]);
    check("sites", Test::Under(vec![]), &[]);
}

fn filters_and_words_hold_together_and_pages_follow_one_another(on: On) {
    let (bed, [a, b, c, d, e], units) = five(on);
    let filters = vec![
        Filter { column: Column::Unit, test: Test::Under(vec![units[0]]) },
        Filter { column: field("kind"), test: Test::In(texts(&["red"])) },
    ];
    let ask = Ask { filters, ..items() };
    assert_eq!(bed.listed(&ask), [c, a]);
    assert_eq!(bed.listed(&Ask { text: Some("abc".into()), ..ask.clone() }), [c]);
    assert_eq!(bed.listed(&Ask { text: Some("  ".into()), ..ask.clone() }), [c, a]);
    assert_eq!(bed.listed(&Ask { text: Some("，".into()), ..ask }), []);
    let page = |skip, most| {
        let page = bed.page(&everyone(), &Ask { skip, most, ..sorted(field("amount"), Direction::Up) });
        assert_eq!(page.total, 5);
        page.rows.iter().map(|row| row.record).collect::<Vec<_>>()
    };
    assert_eq!((page(0, 2), page(2, 2), page(4, 2), page(6, 2)), (vec![e, a], vec![c, d], vec![b], vec![]));
    assert_eq!(page(0, 0), []);
}

fn values_of_a_column_are_counted_as_tests_spell_them(on: On) {
    let (bed, _, units) = five(on);
    let counts = |ask: &Ask, column: &Column| {
        let (packs, layout) = (bed.tables.packs(), bed.tables.layout());
        ask.counts(&mut bed.sql(), packs, layout, &everyone(), column).unwrap()
    };
    let plain = |found: &[(Option<String>, u64)]| -> Vec<String> {
        found.iter().map(|(value, count)| format!("{} {count}", value.as_deref().unwrap_or("-"))).collect()
    };
    let all = items();
    for (column, wanted) in [
        (field("level"), vec!["- 1", "open 2", "internal 1", "secret 1"]),
        (field("flag"), vec!["- 2", "false 1", "true 2"]),
        (field("amount"), vec!["- 1", "-2.5 1", "9.99 2", "10 1"]),
        (field("kind"), vec!["- 2", "blue 1", "red 2"]),
        (field("tags"), vec!["- 3", "blue 2", "red 1"]),
        (Column::Grade, vec!["open 3", "internal 1", "secret 1"]),
        (Column::State, vec!["closed 1", "filed 4"]),
    ] {
        let found = counts(&all, &column);
        assert_eq!(plain(&found), wanted, "{column:?}");
        // Each value tells what choosing it would find.
        for (value, count) in found {
            let test = value.map_or(Test::Empty, |value| Test::In(vec![value]));
            assert_eq!(bed.listed(&filtered(column.clone(), test)).len() as u64, count, "{column:?}");
        }
    }
    let here = filtered(Column::Unit, Test::Under(vec![units[0]]));
    assert_eq!(plain(&counts(&here, &field("kind"))), ["- 1", "red 2"]);
    assert_eq!(plain(&counts(&here, &field("tags"))), ["- 2", "blue 1", "red 1"]);
    let reds = filtered(field("kind"), Test::In(texts(&["red"])));
    assert_eq!(
        counts(&reds, &field("kind")),
        counts(&all, &field("kind")),
        "what is asked of the column itself"
    );
    let running = filtered(Column::State, Test::Running);
    assert_eq!(plain(&counts(&running, &Column::State)), ["closed 1", "filed 4"]);
    let (packs, layout) = (bed.tables.packs(), bed.tables.layout());
    let registers = everyone().counts(&mut bed.sql(), packs, layout).unwrap();
    assert_eq!(registers.into_iter().collect::<Vec<_>>(), [("item".parse().unwrap(), (5, 4))]);
}

fn what_a_column_cannot_be_asked_is_refused_and_meets_no_database(on: On) {
    let (bed, ..) = five(on);
    let refused = |ask: &Ask| {
        let (packs, layout) = (bed.tables.packs(), bed.tables.layout());
        store::list(&mut bed.sql(), packs, layout, &everyone(), ask).unwrap_err()
    };
    for (column, test) in [
        (field("amount"), Test::AtLeast("ten".into())),
        (field("amount"), Test::Contains("1".into())),
        (field("flag"), Test::In(texts(&["yes"]))),
        (field("level"), Test::Contains("se".into())),
        (Column::Grade, Test::Contains("1".into())),
        (Column::Grade, Test::Under(vec![UnitId::from_bytes([1; 16])])),
        (field("tags"), Test::Contains("re".into())),
        (field("name"), Test::Contains("x".repeat(2_000))),
    ] {
        let error = refused(&filtered(column.clone(), test));
        assert!(matches!(error, ListError::Value(_)), "{column:?}: {error:?}");
    }
    for column in [field("secret"), field("was_secret"), field("notes"), field("nothing"), field("papers")] {
        let error = refused(&filtered(column.clone(), Test::Empty));
        assert!(matches!(error, ListError::NoSuch(_)), "{column:?}: {error:?}");
        assert!(matches!(refused(&sorted(column, Direction::Up)), ListError::NoSuch(_)));
    }
    let nowhere = Ask { register: "nowhere".parse().unwrap(), ..items() };
    assert!(matches!(refused(&nowhere), ListError::NoSuch(_)));
}

fn a_long_text_is_listed_by_its_beginning_and_sought_whole(on: On) {
    let mut bed = Bed::new(on, 2).unwrap();
    let unit = bed.unit();
    let long = |end: &str| format!("{}{end}", "長".repeat(1_990));
    let one = bed.item(unit, json!({"name": long("甲")}));
    let other = bed.item(unit, json!({"name": long("乙")}));
    bed.settle();
    assert_eq!(bed.listed(&sorted(field("name"), Direction::Up)), [one, other]);
    let seek = casework::Seek {
        register: "item".parse().unwrap(),
        equal: [("name".parse().unwrap(), json!(long("乙")))].into(),
        states: Default::default(),
        but: None,
    };
    let found = casework::Records::find(&bed.tables, &seek);
    assert_eq!(found.iter().map(|one| one.record).collect::<Vec<_>>(), [other]);
}

on_both!(
    each_order_puts_what_is_not_filled_in_first_going_up_and_last_going_down,
    each_test_of_a_column_holds_where_it_should,
    a_text_is_found_in_cells_as_it_is_written_whatever_the_database,
    fields_that_hold_several_are_tested_by_any_of_them,
    filters_and_words_hold_together_and_pages_follow_one_another,
    values_of_a_column_are_counted_as_tests_spell_them,
    what_a_column_cannot_be_asked_is_refused_and_meets_no_database,
    a_long_text_is_listed_by_its_beginning_and_sought_whole,
);
