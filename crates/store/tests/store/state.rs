//! The state: stored files; people and units beside it, which are the ledger's.

use crate::bed::{Bed, On, on_both};
use identity::{Code, Command, Details, Line, Login, Mail, Names};
use model::DataKeyId;
use serde_json::json;
use std::time::Duration;
use store::Stored;

fn stored_files_are_known_by_their_digest_until_they_are_forgotten(on: On) {
    let mut bed = Bed::new(on, 41).unwrap();
    let key = DataKeyId::from_bytes([5; 16]);
    let digest = |byte: u8| format!("sha256:{}", data_encoding::HEXLOWER.encode(&[byte; 32]));
    let file = |byte, key| Stored {
        digest: digest(byte),
        size: 5_000_000_000,
        kind: "pdf".to_owned(),
        key,
        at: bed.now(),
        text: Some("內容".to_owned()),
        unread: (byte == 2).then(|| model::Told::new("鎖住", "locked")),
    };
    let ask = |bed: &Bed, ask: &mut dyn FnMut(&mut store::Sql)| {
        bed.tables
            .ask(|sql| {
                ask(sql);
                Ok(())
            })
            .unwrap()
    };
    ask(&bed, &mut |sql| {
        assert_eq!(sql.file_key(&digest(1)).unwrap(), None);
        for (byte, key) in [(1, None), (2, Some(key)), (1, Some(key))] {
            sql.file_stored(&file(byte, key)).unwrap();
        }
        // The second word about a file changes nothing but when it was handed in.
        assert_eq!(
            (sql.file_key(&digest(1)).unwrap(), sql.file_key(&digest(2)).unwrap()),
            (Some(None), Some(Some(key)))
        );
        assert_eq!(sql.file_unread(&digest(1)).unwrap(), None);
        assert_eq!(sql.file_unread(&digest(2)).unwrap(), Some(model::Told::new("鎖住", "locked")));
        assert_eq!(sql.stored_file(&digest(2)).unwrap(), Some((5_000_000_000, "pdf".to_owned(), Some(key))));
        assert_eq!(sql.files_under_destroyed_keys().unwrap(), []);
        let texts = sql.rows("SELECT digest FROM state.file_text", &[]).unwrap();
        assert_eq!(texts.len(), 1, "a sealed file has no text");
        sql.file_forgotten(&digest(1)).unwrap();
        sql.file_forgotten(&digest(3)).unwrap();
        assert_eq!(sql.stored_file(&digest(1)).unwrap(), None);
        assert_eq!(sql.rows("SELECT digest FROM state.file_text", &[]).unwrap(), []);
    });
    assert!(casework::Records::holds_file(&bed.tables, &[2; 32]));
    assert!(!casework::Records::holds_file(&bed.tables, &[1; 32]));
    bed.key_destroyed(key);
    bed.settle();
    let left = [(digest(2), key)];
    ask(&bed, &mut |sql| assert_eq!(sql.files_under_destroyed_keys().unwrap(), left));
}

fn what_somebody_has_handed_in_is_counted_until_a_record_holds_it(on: On) {
    let mut bed = Bed::new(on, 46).unwrap();
    let unit = bed.unit();
    let (wang, lin) = (model::PersonId::from_bytes([1; 16]), model::PersonId::from_bytes([2; 16]));
    let (held, loose) = (bed.file("留.txt", Some("留"), None), bed.file("棄.txt", Some("棄"), None));
    let stored = |file: &serde_json::Value, at| Stored {
        digest: file["digest"].as_str().unwrap().to_owned(),
        size: 0,
        kind: String::new(),
        key: None,
        at,
        text: None,
        unread: None,
    };
    let size = |file: &serde_json::Value| file["size"].as_str().unwrap().parse::<u64>().unwrap();
    let (now, before) = (bed.now(), bed.now().minus(Duration::from_secs(60)));
    let counted = |bed: &Bed, who, since| bed.tables.ask(|sql| sql.loose_bytes(who, since)).unwrap();
    for file in [&held, &loose, &loose] {
        let noted = stored(file, now);
        bed.tables.ask(|sql| sql.file_handed_in(wang, &noted, before)).unwrap();
    }
    assert_eq!(counted(&bed, wang, before), size(&held) + size(&loose));
    assert_eq!((counted(&bed, lin, before), counted(&bed, wang, now)), (0, 0));
    bed.item(unit, json!({"name": "甲", "papers": [held]}));
    bed.settle();
    assert_eq!(counted(&bed, wang, before), size(&loose));
    // What is older is forgotten when more comes; of a file that is gone nothing is left.
    let later = now.plus(Duration::from_secs(60));
    let noted = stored(&held, later);
    bed.tables.ask(|sql| sql.file_handed_in(wang, &noted, now)).unwrap();
    assert_eq!(counted(&bed, wang, before), 0);
    bed.tables.ask(|sql| sql.file_forgotten(&noted.digest)).unwrap();
    let rows = bed.tables.ask(|sql| sql.rows("SELECT person FROM state.handed_in", &[])).unwrap();
    assert_eq!(rows, []);
}

fn files_that_nothing_speaks_of_are_found_once_they_have_waited(on: On) {
    let mut bed = Bed::new(on, 45).unwrap();
    let unit = bed.unit();
    let held = bed.file("留.txt", Some("留"), None);
    let left = bed.file("棄.txt", Some("棄"), None);
    bed.item(unit, json!({"name": "甲", "papers": [held]}));
    bed.settle();
    let text = |file: &serde_json::Value| file["digest"].as_str().unwrap().to_owned();
    let later = bed.now().plus(Duration::from_secs(1));
    let unheld = |bed: &Bed, before| bed.tables.ask(|sql| sql.files_unheld(before, 9)).unwrap();
    assert_eq!(unheld(&bed, later), [text(&left)]);
    assert_eq!(unheld(&bed, model::Instant::EPOCH), [] as [String; 0]);
    let known = bed.tables.ask(store::Sql::files_known).unwrap();
    assert!(known.contains(&text(&held)) && known.contains(&text(&left)), "{known:?}");
    // The tables made anew say the same.
    bed.rebuilt();
    assert_eq!(unheld(&bed, later), [text(&left)]);
}

fn the_state_outlives_a_rebuilding(on: On) {
    let mut bed = Bed::new(on, 43).unwrap();
    let unit = bed.unit();
    let file = bed.file("說明.txt", Some("附件之內文"), None);
    let one = bed.item(unit, json!({"name": "甲", "papers": [file]}));
    bed.settle();
    bed.rebuilt();
    assert_eq!(bed.found("附件之內"), [one].into());
}

fn people_and_units_are_kept_as_they_are_and_their_data_can_be_destroyed(on: On) {
    let mut bed = Bed::new(on, 44).unwrap();
    let unit = bed.unit();
    let names = Names::new("資訊處", "Information").unwrap();
    bed.identity(&Command::CreateUnit { unit, names, code: Code::new("IT").unwrap(), superior: None });
    let mut people = Vec::new();
    for login in ["wang", "chen"] {
        let person = bed.person();
        let details = Details {
            name: Line::new(&format!("{login}zqname")).unwrap(),
            login: Login::new(login).unwrap(),
            title: Line::new("科員").unwrap(),
            mail: Mail::new(&format!("{login}@bed.example")).unwrap(),
            phone: None,
        };
        bed.identity(&Command::RegisterPerson { person, details, home: unit });
        let role = "clerk".parse().unwrap();
        bed.identity(&Command::GrantRole { person, role, unit: Some(unit), from: None, until: None });
        people.push(person);
    }
    let read = |bed: &Bed| bed.tables.roster().person(people[0]).unwrap().details.is_some();
    assert!(read(&bed));
    let before = bed.dump();
    bed.reopen();
    assert_eq!((bed.dump(), read(&bed)), (before, true));
    let key = bed.tables.person_key(people[0]).unwrap();
    assert_ne!(bed.tables.person_key(people[1]), Some(key));
    bed.key_destroyed(key);
    bed.settle();
    bed.keys.destroy(key);
    assert!(!read(&bed) && !bed.dump().contains("wangzqname") && bed.dump().contains("chenzqname"));
    bed.holds();
}

fn senders_are_known_by_when_they_were_heard_last_and_not_without_end(on: On) {
    let mut bed = Bed::new(on, 47).unwrap();
    let at = |second: i64| model::Instant::from_micros(second * 1_000_000).unwrap();
    let ask = |bed: &Bed, heard: Vec<(String, model::Instant)>| {
        bed.tables
            .ask(|sql| {
                sql.durably(|sql| sql.note_heard(&heard))?;
                sql.heard()
            })
            .unwrap()
    };
    let one = |address: &str, second| (address.to_owned(), at(second));
    ask(&bed, vec![one("192.0.2.1", 5), one("2001:db8::1", 6)]);
    let known = ask(&bed, vec![one("192.0.2.1", 7)]);
    assert_eq!(known, [one("192.0.2.1", 7), one("2001:db8::1", 6)]);
    bed.reopen();
    assert_eq!(ask(&bed, Vec::new()), known);
    let many = (0..10_000).map(|nth| one(&format!("10.0.{}.{}", nth / 250, nth % 250), 100 + nth)).collect();
    let left = ask(&bed, many);
    assert_eq!(left.len(), 10_000);
    assert!(!left.iter().any(|(address, _)| address == "192.0.2.1" || address == "2001:db8::1"));
}

fn what_had_been_sent_of_lines_that_went_stays(on: On) {
    let mut bed = Bed::new(on, 48).unwrap();
    let at = |second: i64| model::Instant::from_micros(second * 1_000_000).unwrap();
    let one = |first, (from, until): (i64, i64), body: &str| store::TrafficGone {
        receiver: "syslog-tcp".to_owned(),
        first,
        lines: 100,
        from: at(from),
        until: at(until),
        body: body.to_owned(),
    };
    let kept = [one(0, (10, 20), "a"), one(0, (20, 30), "b"), one(100, (20, 30), "c")];
    bed.tables.ask(|sql| sql.durably(|sql| sql.note_traffic_gone(&kept))).unwrap();
    bed.reopen();
    let again = one(100, (20, 30), "d");
    bed.tables.ask(|sql| sql.durably(|sql| sql.note_traffic_gone(std::slice::from_ref(&again)))).unwrap();
    let ask = |from, until| bed.tables.ask(|sql| sql.traffic_gone(at(from), at(until))).unwrap();
    assert_eq!(ask(20, 30), [kept[1].clone(), again.clone()]);
    assert_eq!(ask(0, 30).len(), 3);
    assert!(ask(21, 30).is_empty() && ask(0, 19).is_empty());
}

on_both!(
    what_had_been_sent_of_lines_that_went_stays,
    senders_are_known_by_when_they_were_heard_last_and_not_without_end,
    stored_files_are_known_by_their_digest_until_they_are_forgotten,
    files_that_nothing_speaks_of_are_found_once_they_have_waited,
    what_somebody_has_handed_in_is_counted_until_a_record_holds_it,
    the_state_outlives_a_rebuilding,
    people_and_units_are_kept_as_they_are_and_their_data_can_be_destroyed,
);
