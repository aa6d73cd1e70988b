//! Alarms: raised, answered for, over; found by how they stand and what they are about.

use crate::bed::{Bed, On, on_both};
use casework::EntryNumber;
use model::{Actor, Instant, Person, Severity, UnitId};
use std::time::Duration;
use store::{
    AlarmAcknowledged, AlarmEnd, AlarmFact, AlarmLine, AlarmName, AlarmRaised, AlarmResolved, AlarmSettled,
    AlarmState, AlarmsOf, AlarmsWanted,
};

fn moment(second: u64) -> Instant {
    Instant::EPOCH.plus(Duration::from_secs(1_795_140_672 + second))
}

fn raised(rule: &str, about: &str, first: u64, severity: Severity) -> AlarmRaised {
    AlarmRaised {
        count: 5,
        first: moment(first),
        group: vec![("src_ip".to_owned(), about.to_owned())],
        last: moment(first),
        lines: vec![AlarmLine { n: u64::from(u32::MAX) + 7, receiver: "syslog-tcp".to_owned() }],
        rest: false,
        rule: rule.to_owned(),
        severity,
        unit: None,
    }
}

fn resolved(of: &AlarmRaised, at: u64) -> AlarmFact {
    AlarmFact::Resolved(AlarmResolved {
        at: moment(at),
        count: 1 << 40,
        first: of.first,
        group: of.group.clone(),
        last: moment(at - 1),
        latest: vec![AlarmLine { n: 9, receiver: "syslog-tcp".to_owned() }],
        lines: of.lines.clone(),
        rule: of.rule.clone(),
    })
}

fn alarms_stand_until_they_are_over(on: On) {
    let Some(mut bed) = Bed::new(on, 31) else { return };
    let (unit, person) = (bed.unit(), bed.person());
    let [low, high, former] = [
        raised("scan", "10.0.0.1", 1, Severity::Low),
        raised("guessing", "10.0.0.2", 2, Severity::High),
        raised("guessing", "10.0.0.2", 0, Severity::Critical),
    ];
    let first = bed.size();
    for one in [&low, &high, &former] {
        bed.alarm(AlarmFact::Raised(one.clone()));
    }
    // In the same batch as what raised it, and apart from it.
    bed.alarm(resolved(&former, 60));
    bed.settle();
    let named =
        |of: &AlarmRaised| AlarmName { rule: of.rule.clone(), group: of.group.clone(), first: of.first };
    let whole = AlarmsOf { nobodys: true, units: Vec::new() };
    let ask = |bed: &Bed, wanted: &AlarmsWanted| -> Vec<u64> {
        bed.sql().alarms(wanted, &whole, 0, 10).unwrap().iter().map(|alarm| alarm.entry - first).collect()
    };
    let all = AlarmsWanted::default();
    assert_eq!(ask(&bed, &all), [1, 0, 2], "those that stand, the worst of them first");
    assert_eq!(bed.sql().alarms(&all, &whole, 1, 1).unwrap()[0].entry, first);
    assert_eq!(bed.sql().alarms_counted(&all, &whole).unwrap(), [2, 0, 1]);
    assert_eq!(bed.sql().alarm_named(&named(&high)).unwrap(), Some((first + 1, false)));
    assert_eq!(bed.sql().alarm_named(&named(&former)).unwrap(), Some((first + 2, true)));
    let other = AlarmName { first: moment(3), ..named(&high) };
    assert_eq!(bed.sql().alarm_named(&other).unwrap(), None);
    let over = bed.sql().alarm(first + 2).unwrap().unwrap();
    assert_eq!(
        (over.count, over.resolved_at, over.state()),
        (1 << 40, Some(moment(60)), AlarmState::Resolved)
    );
    assert_eq!((over.name, over.latest.len(), over.last), (named(&former), 1, moment(59)));

    let actor = Person {
        acting_for: None,
        person,
        role: "network_admin".to_owned(),
        session: None,
        terminal: None,
        unit,
    };
    let body = |note: Option<&str>| AlarmAcknowledged {
        alarm: EntryNumber(first + 1),
        note: note.map(ToOwned::to_owned),
        policy: "in_charge".to_owned(),
        rule: "guessing".to_owned(),
    };
    bed.alarm(AlarmFact::Acknowledged(body(Some("封鎖中")), Actor::Person(actor.clone())));
    bed.settle();
    let since = bed.sql().alarm(first + 1).unwrap().unwrap().owner.unwrap().since;
    bed.alarm(AlarmFact::Acknowledged(body(None), Actor::Person(actor)));
    bed.settle();
    let owned = bed.sql().alarm(first + 1).unwrap().unwrap();
    let owner = owned.owner.clone().unwrap();
    assert_eq!((owner.person, owner.note, owner.since), (person, None, since), "the first time counts");
    let states = |states: &[AlarmState]| AlarmsWanted { states: states.to_vec(), ..AlarmsWanted::default() };
    assert_eq!(ask(&bed, &states(&[AlarmState::Open])), [0]);
    assert_eq!(ask(&bed, &states(&[AlarmState::Acknowledged, AlarmState::Resolved])), [1, 2]);
    let severe = AlarmsWanted { severity: Some(Severity::High), ..AlarmsWanted::default() };
    assert_eq!(ask(&bed, &severe), [1, 2]);
    for (about, found) in [("0.0.2", vec![1, 2]), ("%", vec![]), ("SRC_IP", vec![1, 0, 2]), ("\"", vec![])] {
        let wanted = AlarmsWanted { about: Some(about.to_owned()), ..AlarmsWanted::default() };
        assert_eq!(ask(&bed, &wanted), found, "{about}");
    }
    let behind: Vec<u64> =
        bed.sql().alarms_raised(first, 10).unwrap().iter().map(|alarm| alarm.entry - first).collect();
    assert_eq!(behind, [1, 2]);
    assert_eq!(bed.sql().alarms_without_case("guessing", 9).unwrap(), [owned]);
    let (changed, newest) = bed.sql().alarms_last(&whole).unwrap();
    assert_eq!((changed + 1, newest), (bed.size(), first + 2));
    bed.holds();
}

fn alarms_are_seen_by_unit_and_settled_by_a_person(on: On) {
    let Some(mut bed) = Bed::new(on, 33) else { return };
    let (top, person) = (bed.unit(), bed.person());
    let other = UnitId::from_bytes([7; 16]);
    let first = bed.size();
    for (second, unit) in [(0, None), (1, Some(top)), (2, Some(other))] {
        let one = raised("guessing", "10.0.0.2", second, Severity::High);
        bed.alarm(AlarmFact::Raised(AlarmRaised { unit, ..one }));
    }
    bed.settle();
    let seen = |bed: &Bed, nobodys: bool, units: &[UnitId]| -> Vec<u64> {
        let of = AlarmsOf { nobodys, units: units.to_vec() };
        let rows = bed.sql().alarms(&AlarmsWanted::default(), &of, 0, 10).unwrap();
        assert!(rows.iter().all(|row| of.holds(row)));
        let [open, ..] = bed.sql().alarms_counted(&AlarmsWanted::default(), &of).unwrap();
        assert_eq!(open, rows.len() as u64);
        let newest = rows.iter().map(|row| row.entry).max().unwrap_or(0);
        assert_eq!(bed.sql().alarms_last(&of).unwrap().1, newest);
        rows.iter().map(|alarm| alarm.entry - first).collect()
    };
    assert_eq!(seen(&bed, false, &[]), [0u64; 0]);
    assert_eq!(seen(&bed, true, &[]), [0]);
    assert_eq!(seen(&bed, false, &[top]), [1]);
    assert_eq!(seen(&bed, true, &[top, other]), [2, 1, 0]);
    let mut units = [top, other];
    units.sort_by_key(ToString::to_string);
    assert_eq!(bed.sql().alarm_units().unwrap(), units);

    let actor = Person {
        acting_for: None,
        person,
        role: "network_admin".to_owned(),
        session: None,
        terminal: None,
        unit: top,
    };
    let body = AlarmSettled {
        alarm: EntryNumber(first + 1),
        policy: "in_charge".to_owned(),
        reason: "演練".to_owned(),
        rule: "guessing".to_owned(),
    };
    bed.alarm(AlarmFact::Settled(body, Actor::Person(actor)));
    // What the rule says afterwards changes nothing any more.
    bed.alarm(resolved(&raised("guessing", "10.0.0.2", 1, Severity::High), 60));
    bed.settle();
    let over = bed.sql().alarm(first + 1).unwrap().unwrap();
    assert_eq!(over.settled, Some(AlarmEnd { person, reason: "演練".to_owned() }));
    assert_eq!((over.state(), over.count), (AlarmState::Resolved, 5));
    assert_ne!(over.resolved_at, Some(moment(60)));
    let settled = bed.sql().alarms_settled(0, 10).unwrap();
    assert_eq!(settled, [(first + 3, over.name)]);
    assert_eq!(bed.sql().alarms_settled(first + 3, 10).unwrap(), []);
    bed.holds();
}

on_both!(alarms_stand_until_they_are_over, alarms_are_seen_by_unit_and_settled_by_a_person,);
