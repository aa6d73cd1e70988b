//! Destruction: what is left is a place and nothing else, in whichever order tables come to know of it.

use crate::bed::{Bed, On, everyone, items, on_both};
use crate::pack::Version;
use casework::{Addressee, Body, Records};
use model::RecordId;
use serde_json::json;
use store::Ask;

/// A record that leaves something in each table, all of it marked, with another beside it.
pub(crate) fn told_of(bed: &mut Bed) -> (RecordId, RecordId) {
    let (unit, wang, chen) = (bed.unit(), bed.person(), bed.person());
    let file = bed.file("契約zq0file.txt", Some("zq0text 內容"), None);
    let other = bed.item(unit, json!({"name": "留存"}));
    let fill = json!({"name": "zq0name 銷毀", "notes": "zq0notes 之用途", "amount": "7", "tags": ["red"], "owner": wang.to_string(),
        "helpers": [chen.to_string()], "parent": other.to_string(), "related": [other.to_string()], "papers": [file],
        "secret": "zq0secret", "was_secret": "zq0hidden"});
    let one = bed.open(&"item".parse().unwrap(), unit, Some(wang), fill);
    let place = bed.tables.last_place("item/2025") + 1;
    bed.number(one, place);
    let notice = Body::Notice {
        to: vec![Addressee::Person(wang)],
        zh: "zq0notice 通知".into(),
        en: "zq0notice".into(),
    };
    bed.event(one, notice);
    let notice = bed.settle() + 3;
    bed.notice_read(wang, one, notice);
    let give = [("code".parse().unwrap(), json!("zq0give"))].into();
    bed.event(one, Body::HookAsked { hook: "print_label".parse().unwrap(), give });
    bed.change(other, json!({"name": "留存", "parent": one.to_string()}));
    bed.settle();
    let now = bed.now();
    let asked = bed.sql().outbox(now, 9).unwrap()[0].entry;
    bed.tables.ask(|sql| sql.tried(asked, now, "zq0told")).unwrap();
    bed.close(one, Some(chen));
    bed.settle();
    (one, other)
}

fn seen_of(bed: &Bed) -> usize {
    bed.dump().matches("zq0").count()
}

fn nothing_of_a_destroyed_record_is_in_any_table(on: On) {
    let mut bed = Bed::new(on, 21).unwrap();
    let (one, other) = told_of(&mut bed);
    assert!(seen_of(&bed) > 6);
    let list = bed.tables.ask(|sql| sql.files_of_record_alone(one)).unwrap();
    assert_eq!(list.len(), 1);
    bed.destroy(one);
    let dump = bed.dump();
    assert_eq!((seen_of(&bed), dump.contains("通知"), dump.contains("之用途")), (0, false, false), "{dump}");
    let tried = bed.tables.ask(|sql| sql.rows("SELECT told FROM state.attempt", &[])).unwrap();
    assert_eq!(tried, []);
    assert_eq!(bed.listed(&items()), [other]);
    for text in ["zq0name", "zq0text", "zq0file", "契約", "之用途", "114借字第001號"] {
        assert_eq!(bed.page(&everyone(), &Ask { text: Some(text.into()), ..items() }).total, 0);
        assert_eq!(bed.found(text).len(), 0);
    }
    assert!(bed.sql().case(one, bed.keys.as_ref()).unwrap().is_none());
    assert!(Records::case(&bed.tables, one).is_none());
    let (packs, layout) = (bed.tables.packs(), bed.tables.layout());
    assert!(!store::sees(&mut bed.sql(), packs, layout, &everyone(), one).unwrap());
    assert!(store::sees(&mut bed.sql(), packs, layout, &everyone(), other).unwrap());
    assert!(bed.sql().knows(one).unwrap());
    assert_eq!(bed.sql().record_count().unwrap(), 1);
    assert_eq!(bed.sql().destroyed_keys().unwrap(), [bed.key(one)]);
    assert_eq!(bed.tables.last_place("item/2025"), 1, "its number is not given again");
    bed.holds();
}

/// A record that reads well until its key is gone, in tables that lag behind.
fn tables_that_lag_behind_a_destruction_come_up_to_it(on: On) {
    for cut in 0..4 {
        let mut bed = Bed::new(on, 22 + cut).unwrap();
        let (one, _) = told_of(&mut bed);
        // What the tables have not seen: a sealed entry, a clear one, the end of the key.
        let unseen = |bed: &mut Bed, nth: u64| {
            match nth {
                0 => bed.change(one, json!({"name": "zq0late"})),
                1 => bed.close(one, None),
                2 => {
                    let key = bed.key(one);
                    bed.key_destroyed(key);
                }
                _ => bed.close(one, None),
            }
            if nth < cut { bed.settle() } else { bed.settle_unseen() }
        };
        for nth in 0..4 {
            unseen(&mut bed, nth);
        }
        let key = bed.key(one);
        bed.keys.destroy(key);
        // Once as it comes, once with a start after each entry.
        while bed.tables.position() < bed.size() {
            let next = bed.entries(bed.tables.position()..bed.tables.position() + 1);
            bed.tables.apply(next).unwrap();
            bed.tables.reopen().unwrap();
            let published = bed.tables.published().unwrap();
            bed.tables.set_packs(crate::bed::read_packs(&published)).unwrap();
        }
        assert_eq!(seen_of(&bed), 0, "cut {cut}");
        bed.holds();
    }
}

fn a_destruction_met_only_half_is_remembered_over_a_start(on: On) {
    let mut bed = Bed::new(on, 27).unwrap();
    let (one, _) = told_of(&mut bed);
    bed.destroy(one);
    // Each entry by itself, the tables opened anew after it: the record is unreadable long before its end is met.
    let replayed = bed.replayed(on, 1, true);
    assert_eq!(replayed, bed.dump());
}

fn one_of_many_is_destroyed_and_the_others_stay(on: On) {
    let mut bed = Bed::new(on, 28).unwrap();
    let unit = bed.unit();
    let shared = bed.file("共用.txt", Some("共用內容"), None);
    let records: Vec<RecordId> =
        (0..30).map(|n| bed.item(unit, json!({"name": format!("件{n}號"), "papers": [shared]}))).collect();
    bed.settle();
    for record in records.iter().step_by(3) {
        // Its file is others' as well.
        assert_eq!(bed.tables.ask(|sql| sql.files_of_record_alone(*record)).unwrap(), [""; 0]);
        bed.destroy(*record);
    }
    assert_eq!(bed.listed(&items()).len(), 20);
    assert_eq!(bed.found("共用").len(), 20);
    bed.holds();
}

/// What a version seals stays out of tables that a later version lays out, before and after, and when rebuilt.
fn a_field_that_was_sealed_stays_out_of_later_sheets(on: On) {
    let mut bed = Bed::new(on, 29).unwrap();
    let unit = bed.unit();
    let old = bed.item(unit, json!({"name": "舊", "was_secret": "zq0hidden", "secret": "zq0secret"}));
    bed.publish(Version::Two);
    assert_eq!(seen_of(&bed), 0);
    bed.change(old, json!({"name": "舊二", "was_secret": "zq0hidden2", "secret": "zq0secret2"}));
    bed.settle();
    assert_eq!((seen_of(&bed), bed.found("zq0hidden2").len()), (0, 0));
    let case = bed.sql().case(old, bed.keys.as_ref()).unwrap().unwrap();
    assert_eq!(case.content.0.len(), 3);
    let new = bed.item(unit, json!({"name": "新", "was_secret": "公開"}));
    bed.settle();
    assert_eq!(bed.found("公開"), [new].into());
    bed.holds();
}

on_both!(
    nothing_of_a_destroyed_record_is_in_any_table,
    tables_that_lag_behind_a_destruction_come_up_to_it,
    a_destruction_met_only_half_is_remembered_over_a_start,
    one_of_many_is_destroyed_and_the_others_stay,
    a_field_that_was_sealed_stays_out_of_later_sheets,
);
