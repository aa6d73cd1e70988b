//! Notices, what is to leave Ward, duties and sequences: told, asked, owed, given.

use crate::bed::{Bed, On, on_both};
use casework::{Addressee, Body, DutyKey, EntryNumber, Object, Point, Records};
use identity::{Code, Command, Details, Line, Login, Mail, Names, Roster};
use model::{Instant, PersonId, RecordId, UnitId};
use regulation::RoleId;
use serde_json::json;
use std::time::Duration;

/// A city with a unit below, and another beside that; a head of each, an auditor of all.
struct Town {
    below: UnitId,
    beside: UnitId,
    heads: [PersonId; 3],
    auditor: PersonId,
}

fn town(bed: &mut Bed) -> Town {
    let [city, below, beside] = [bed.unit(), bed.unit(), bed.unit()];
    for (unit, code, superior) in [(city, "C", None), (below, "B", Some(city)), (beside, "D", Some(city))] {
        let names = Names::new(&format!("{code}單位"), &format!("Unit {code}")).unwrap();
        bed.identity(&Command::CreateUnit { unit, names, code: Code::new(code).unwrap(), superior });
    }
    let mut person = |login: &str, home, role: &str, unit| {
        let person = bed.person();
        let details = Details {
            name: Line::new(&format!("{login}先生")).unwrap(),
            login: Login::new(login).unwrap(),
            title: Line::new("科員").unwrap(),
            mail: Mail::new(&format!("{login}@bed.example")).unwrap(),
            phone: None,
        };
        bed.identity(&Command::RegisterPerson { person, details, home });
        let role = role.parse().unwrap();
        bed.identity(&Command::GrantRole { person, role, unit, from: None, until: None });
        person
    };
    let heads = [("wang", city), ("chen", below), ("lin", beside)]
        .map(|(login, unit)| person(login, unit, "head", Some(unit)));
    let auditor = person("wu", city, "auditor", None);
    Town { below, beside, heads, auditor }
}

fn role(id: &str, unit: Option<UnitId>, above: bool) -> Addressee {
    Addressee::Role { role: id.parse().unwrap(), unit, above }
}

/// Texts of a person's notices, the newest first; those read in brackets.
fn told(bed: &mut Bed, person: PersonId, most: usize) -> Vec<String> {
    let pack = bed.tables.packs().current().unwrap().clone();
    let roster = Roster::new(bed.tables.roster(), &pack, bed.now());
    let roles: Vec<(RoleId, Option<UnitId>)> =
        roster.held(person).map(|(role, unit)| (role.clone(), unit)).collect();
    let found = bed.sql().notices(person, &roles, &roster, None, most).unwrap();
    let show =
        |notice: &store::Notice| if notice.read { format!("({})", notice.zh) } else { notice.zh.clone() };
    found.iter().map(show).collect()
}

fn tell(bed: &mut Bed, record: RecordId, text: &str, to: Vec<Addressee>) {
    bed.event(record, Body::Notice { to, zh: text.to_owned(), en: text.to_owned() });
}

fn notices_are_for_the_person_the_role_there_and_the_role_above(on: On) {
    let mut bed = Bed::new(on, 11).unwrap();
    let town = town(&mut bed);
    let [over, chen, lin] = town.heads;
    let one = bed.item(town.below, json!({"name": "甲"}));
    tell(&mut bed, one, "給陳", vec![Addressee::Person(chen)]);
    tell(&mut bed, one, "此處主管", vec![role("head", Some(town.below), false)]);
    tell(&mut bed, one, "以上主管", vec![role("head", Some(town.below), true)]);
    tell(&mut bed, one, "所有主管", vec![role("head", None, false)]);
    tell(&mut bed, one, "稽核", vec![role("auditor", Some(town.below), false)]);
    tell(
        &mut bed,
        one,
        "兩人",
        vec![Addressee::Person(chen), Addressee::Person(lin), role("head", Some(town.below), false)],
    );
    bed.settle();
    assert_eq!(told(&mut bed, chen, 9), ["兩人", "所有主管", "以上主管", "此處主管", "給陳"]);
    assert_eq!(told(&mut bed, chen, 2), ["兩人", "所有主管"]);
    assert_eq!(told(&mut bed, over, 9), ["所有主管", "以上主管"]);
    assert_eq!(told(&mut bed, lin, 9), ["兩人", "所有主管"]);
    assert_eq!(told(&mut bed, town.auditor, 9), ["稽核"]);
    assert_eq!(told(&mut bed, chen, 0), [""; 0]);
    bed.holds();
}

fn what_is_for_a_role_elsewhere_hides_nothing_however_much_it_is(on: On) {
    let mut bed = Bed::new(on, 12).unwrap();
    let town = town(&mut bed);
    let one = bed.item(town.below, json!({"name": "甲"}));
    tell(&mut bed, one, "給此處", vec![role("head", Some(town.below), false)]);
    tell(&mut bed, one, "及以上", vec![role("head", Some(town.below), true)]);
    for _ in 0..150 {
        tell(&mut bed, one, "他處", vec![role("head", Some(town.beside), false)]);
        tell(&mut bed, one, "他處以上", vec![role("head", Some(town.beside), true)]);
    }
    bed.settle();
    let [over, chen, lin] = town.heads;
    assert_eq!(told(&mut bed, chen, 3), ["及以上", "給此處"]);
    assert_eq!(told(&mut bed, lin, 500).len(), 300);
    let over = told(&mut bed, over, 500);
    assert_eq!((over.len(), over.last().map(String::as_str)), (151, Some("及以上")));
}

fn a_notice_is_read_by_each_for_themselves(on: On) {
    let mut bed = Bed::new(on, 13).unwrap();
    let town = town(&mut bed);
    let [over, chen, lin] = town.heads;
    let one = bed.item(town.below, json!({"name": "甲"}));
    tell(&mut bed, one, "以上", vec![role("head", Some(town.below), true)]);
    let notice = bed.settle() + 1;
    let asked = |bed: &Bed, person| {
        let pack = bed.tables.packs().current().unwrap();
        let roster = Roster::new(bed.tables.roster(), pack, bed.now());
        bed.sql().notice_for(EntryNumber(notice), person, &roster).unwrap()
    };
    assert_eq!((asked(&bed, chen), asked(&bed, lin)), (Some((one, true)), None));
    bed.notice_read(chen, one, notice);
    bed.notice_read(chen, one, notice);
    bed.settle();
    assert_eq!((asked(&bed, chen), asked(&bed, over)), (Some((one, false)), Some((one, true))));
    assert_eq!(
        (told(&mut bed, chen, 9), told(&mut bed, over, 9)),
        (vec!["(以上)".to_owned()], vec!["以上".to_owned()])
    );
    bed.holds();
}

fn what_is_asked_for_waits_until_it_is_answered(on: On) {
    let mut bed = Bed::new(on, 14).unwrap();
    let unit = bed.unit();
    let one = bed.item(unit, json!({"name": "甲"}));
    let give = json!({"z": 1, "a": {"y": "2", "b": "3"}});
    let give = serde_json::from_value(give).unwrap();
    bed.event(one, Body::HookAsked { hook: "print_label".parse().unwrap(), give });
    bed.event(one, Body::HookAsked { hook: "close_account".parse().unwrap(), give: Default::default() });
    let first = bed.settle() + 1;
    let now = bed.now();
    let waiting = |bed: &Bed, now: Instant| {
        let found = bed.sql().outbox(now, 9).unwrap();
        found.iter().map(|one| (one.entry, one.tries)).collect::<Vec<_>>()
    };
    let asked = bed.sql().outbox(now, 9).unwrap();
    assert_eq!((asked[0].record, asked[0].hook.as_str()), (one, "print_label"));
    assert_eq!(asked[0].give, r#"{"a":{"b":"3","y":"2"},"z":1}"#);
    assert_eq!(bed.sql().outbox(now, 1).unwrap().len(), 1);
    let later = now.plus(Duration::from_secs(60));
    for _ in 0..3 {
        bed.tables.ask(|sql| sql.tried(first, later, "連線逾時")).unwrap();
    }
    assert_eq!(waiting(&bed, now), [(first + 1, 0)]);
    assert_eq!(waiting(&bed, later), [(first, 3), (first + 1, 0)]);
    assert_eq!(bed.sql().awaited(first).unwrap(), Some((one, "print_label".to_owned())));
    let hook = || "print_label".parse().unwrap();
    bed.event(
        one,
        Body::HookAnswered { hook: hook(), asked: EntryNumber(first), done: true, text: "印妥".into() },
    );
    bed.settle();
    // What is answered twice keeps its first answer.
    bed.event(
        one,
        Body::HookAnswered { hook: hook(), asked: EntryNumber(first), done: false, text: "重複".into() },
    );
    bed.settle();
    assert_eq!(waiting(&bed, later), [(first + 1, 0)]);
    assert_eq!(bed.sql().awaited(first).unwrap(), None);
    bed.holds();
}

fn numbers_and_duties_go_on_where_they_were(on: On) {
    let mut bed = Bed::new(on, 15).unwrap();
    let unit = bed.unit();
    let one = bed.item(unit, json!({"name": "甲"}));
    let two = bed.item(unit, json!({"name": "乙"}));
    bed.number(one, 1);
    bed.settle();
    assert_eq!((bed.tables.last_place("item/2025"), bed.tables.last_place("item/2026")), (1, 0));
    bed.number(two, 2);
    bed.settle();
    assert_eq!(bed.tables.last_place("item/2025"), 2);

    let object = Object::Record(bed.reference(one));
    let objects = [object.clone(), Object::Unit(unit)];
    let at = |text: &str| -> Instant { text.parse().unwrap() };
    let due = at("2025-03-31T09:00:00.000000Z");
    let points = |days: &[u64]| -> Vec<Point> {
        let point =
            |(index, days): (u32, &u64)| Point { index, at: due.plus(Duration::from_secs(days * 86_400)) };
        (0..).zip(days).map(point).collect()
    };
    let key = |object: &Object, day: &str| DutyKey {
        duty: "monthly".parse().unwrap(),
        object: object.clone(),
        nominal: day.parse().unwrap(),
    };
    for object in &objects {
        let (key, record) = (key(object, "2025-03-31"), RecordId::from_bytes(bed.draw()));
        let due_on = "2025-03-31".parse().unwrap();
        bed.duty(
            "monthly",
            Body::DutyOpened { key, version: 1, due_on, due, record, points: points(&[1, 8]) },
        );
        bed.settle();
    }
    let here = key(&object, "2025-03-31");
    let owed = Records::occurrence(&bed.tables, &here).unwrap();
    assert_eq!((owed.points.len(), owed.done_at, owed.due), (2, None, due));
    let chased = |bed: &Bed, at: Instant| {
        let found = bed.tables.duties_chased(at, 9).unwrap();
        found.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(chased(&bed, due).len(), 0);
    let late = due.plus(Duration::from_secs(2 * 86_400));
    assert_eq!(chased(&bed, late), [here.clone(), key(&objects[1], "2025-03-31")]);
    bed.duty("monthly", Body::DutyChased { key: here.clone(), point: owed.points[0], late_by_outage: false });
    bed.settle();
    assert_eq!(chased(&bed, late), [key(&objects[1], "2025-03-31")]);
    let again = RecordId::from_bytes(bed.draw());
    bed.duty("monthly", Body::DutyReopened { key: here.clone(), record: again });
    bed.duty("monthly", Body::DutyDone { key: here.clone(), record: again, on_time: false });
    bed.settle();
    let done = Records::occurrence(&bed.tables, &here).unwrap();
    assert!(done.done_at.is_some() && done.points.is_empty() && done.record == again);
    bed.duty("monthly", Body::CalendarMissing { object: object.clone(), day: "2026-01-30".parse().unwrap() });
    bed.settle();
    let series = |object: &Object| Records::series(&bed.tables, &"monthly".parse().unwrap(), object).unwrap();
    assert_eq!(series(&object).last.map(|day| day.to_string()).as_deref(), Some("2025-03-31"));
    assert_eq!(series(&object).missing.map(|day| day.to_string()).as_deref(), Some("2026-01-30"));
    assert_eq!(series(&objects[1]).missing, None);
    bed.holds();
}

fn clocks_are_met_in_the_order_they_run_out(on: On) {
    let mut bed = Bed::new(on, 16).unwrap();
    let unit = bed.unit();
    let now = bed.now();
    let minutes = |minutes: u64| now.plus(Duration::from_secs(60 * minutes));
    let records: Vec<RecordId> = (0..3).map(|_| bed.item(unit, json!({"name": "甲"}))).collect();
    for (record, at) in records.iter().zip([30, 10, 20]) {
        let points = vec![Point { index: 0, at: minutes(at) }, Point { index: 1, at: minutes(at + 60) }];
        bed.event(*record, Body::ClockSet { clock: "return".parse().unwrap(), due: minutes(at), points });
    }
    bed.settle();
    let due = |bed: &Bed, at| bed.tables.clocks_due(minutes(at), 9).unwrap();
    assert_eq!(due(&bed, 5), []);
    assert_eq!(due(&bed, 30), [records[1], records[2], records[0]]);
    assert_eq!(bed.tables.clocks_due(minutes(30), 1).unwrap(), [records[1]]);
    let clock = || "return".parse().unwrap();
    let point = Point { index: 0, at: minutes(10) };
    bed.event(records[1], Body::ClockFired { clock: clock(), point, late_by_outage: false });
    bed.event(records[2], Body::ClockStopped { clock: clock() });
    bed.settle();
    assert_eq!(due(&bed, 30), [records[0]]);
    assert_eq!(due(&bed, 70), [records[0], records[1]]);
    bed.holds();
}

on_both!(
    notices_are_for_the_person_the_role_there_and_the_role_above,
    what_is_for_a_role_elsewhere_hides_nothing_however_much_it_is,
    a_notice_is_read_by_each_for_themselves,
    what_is_asked_for_waits_until_it_is_answered,
    numbers_and_duties_go_on_where_they_were,
    clocks_are_met_in_the_order_they_run_out,
);
