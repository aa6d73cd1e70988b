//! When duties begin, rest and go on, and where the office calendar ends.

use crate::city::{City, at, has, who};
use crate::office::year;
use casework::{Body, Command, Object, Refusal};
use model::{CivilDate, RecordId};
use regulation::{Calendar, Escalation, EscalationTime, Outcome, When};
use std::time::Duration;

/// The days whose occurrences are opened, day by day from one moment on.
fn opened(city: &mut City, from: &str, days: u64) -> Vec<CivilDate> {
    let before = city.history.len();
    for day in 0..days {
        city.now = at(from).plus(Duration::from_secs(day * 86_400));
        city.do_duties();
    }
    let opened = city.history.iter().skip(before).filter_map(|event| match &event.body {
        Body::DutyOpened { key, .. } => Some(key.nominal),
        _ => None,
    });
    opened.collect()
}

fn only(city: &mut City, when: When) {
    city.office.duties.get_mut("rounds").unwrap().only = when;
}

fn days(texts: &[&str]) -> Vec<CivilDate> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn nothing_is_owed_from_before_the_duty_was() {
    let mut city = City::new();
    only(&mut city, When::Never);
    assert_eq!(opened(&mut city, "2026-01-05T01:00", 40), []);
    only(&mut city, When::Always);
    let wednesdays = opened(&mut city, "2026-02-14T01:00", 14);
    assert_eq!(wednesdays, days(&["2026-02-18", "2026-02-25"]));
}

#[test]
fn a_duty_rests_while_it_is_not_owed_and_what_lay_in_between_is_not_made_up_for() {
    let mut city = City::new();
    assert_eq!(opened(&mut city, "2026-01-05T01:00", 3), days(&["2026-01-07"]));
    only(&mut city, When::Never);
    assert_eq!(opened(&mut city, "2026-01-08T01:00", 30), []);
    only(&mut city, When::Always);
    assert_eq!(opened(&mut city, "2026-02-07T01:00", 8), days(&["2026-02-11"]));
}

#[test]
fn a_duty_that_begins_anew_before_its_next_day_opens_nothing_twice() {
    let mut city = City::new();
    assert_eq!(opened(&mut city, "2026-01-05T01:00", 1), days(&["2026-01-07"]));
    only(&mut city, When::Never);
    opened(&mut city, "2026-01-06T01:00", 1);
    only(&mut city, When::Always);
    assert_eq!(opened(&mut city, "2026-01-06T02:00", 7), days(&["2026-01-14"]));
}

#[test]
fn a_day_whose_hour_has_passed_is_not_the_first_one() {
    let mut city = City::new();
    assert_eq!(opened(&mut city, "2026-01-07T10:00", 1), [], "the Wednesday's five o'clock is over");
    let begun = city.state.series.values().next().unwrap().last;
    assert_eq!(begun, Some("2026-01-07".parse().unwrap()));
}

#[test]
fn what_an_outage_missed_is_opened_afterwards() {
    let mut city = City::new();
    opened(&mut city, "2026-01-05T01:00", 1);
    assert_eq!(opened(&mut city, "2026-01-28T01:00", 1), days(&["2026-01-14", "2026-01-21", "2026-01-28"]));
}

#[test]
fn where_what_is_counted_from_a_day_lies_past_the_calendar_that_is_said_once() {
    let mut city = City::new();
    let rounds = city.office.duties.get_mut("rounds").unwrap();
    let late = EscalationTime::Late("2 working days".parse().unwrap());
    rounds.then = vec![Escalation { at: late, ..rounds.then[0].clone() }];
    assert_eq!(opened(&mut city, "2026-12-21T01:00", 12), days(&["2026-12-23"]));
    let kinds = city.history.iter().filter(|event| event.kind() == "duty.calendar-missing/1");
    assert_eq!(kinds.count(), 1);
    let unit = Object::Unit(crate::city::UNIT);
    assert!(
        city.state.series.iter().all(|((_, object), series)| *object != unit || series.missing.is_some())
    );
    city.office.calendar = Calendar::new(vec![year(2025), year(2026), year(2027)]).unwrap();
    assert_eq!(opened(&mut city, "2027-01-04T01:00", 1), days(&["2026-12-30", "2027-01-06"]));
}

/// The sheet that the duty has opened, where its register asks when it happened.
fn sheet(city: &mut City) -> RecordId {
    city.office.registers.get_mut("sheet").unwrap().late = Some("1 day".parse().unwrap());
    opened(city, "2026-01-05T01:00", 1);
    let opened = city.history.iter().rev().find(|event| matches!(event.body, Body::Opened { .. }));
    opened.unwrap().record().unwrap()
}

fn finish(city: &City, record: RecordId, at: Option<&str>, late_reason: Option<&str>) -> Command {
    Command::Take {
        record,
        seen: city.case(record).revision,
        step: "keep".parse().unwrap(),
        outcome: Outcome::Done,
        reason: None,
        fill: [].into(),
        occurred_at: at.map(crate::city::at),
        late_reason: late_reason.map(ToOwned::to_owned),
        signed: None,
    }
}

#[test]
fn whoever_acts_first_on_what_a_duty_has_opened_says_when_it_happened() {
    let mut city = City::new();
    let record = sheet(&mut city);
    city.now = at("2026-01-08T03:00");
    // Two days ago, on paper: that takes a reason; tomorrow: that takes nothing.
    let late = finish(&city, record, Some("2026-01-06T02:00"), None);
    assert_eq!(city.give(who(1, "operator"), late), Err(Refusal::LateWithoutReason));
    let ahead = finish(&city, record, Some("2026-01-09T02:00"), Some("停電"));
    assert_eq!(city.give(who(1, "operator"), ahead), Err(Refusal::Future(at("2026-01-09T02:00"))));
    let told = finish(&city, record, Some("2026-01-06T02:00"), Some("停電"));
    let events = city.give(who(1, "operator"), told).unwrap();
    // What the signature covers says it.
    assert!(has(&events, |body| matches!(body, Body::Signed { happened: Some(_), content: Some(_), .. })));
    let case = city.case(record);
    assert_eq!(case.occurred_at, at("2026-01-06T02:00"));
    assert_eq!(case.late_reason.as_deref(), Some("停電"));
    assert_eq!(case.opened_at, at("2026-01-05T01:00"));
}

#[test]
fn what_a_duty_has_opened_happened_when_it_was_recorded_unless_somebody_says_otherwise() {
    let mut city = City::new();
    let record = sheet(&mut city);
    city.now = at("2026-01-07T03:00");
    let done = finish(&city, record, None, None);
    city.give(who(1, "operator"), done).unwrap();
    assert_eq!(city.case(record).occurred_at, at("2026-01-07T03:00"));
}

#[test]
fn when_it_happened_is_said_where_it_is_asked_and_once() {
    let mut city = City::new();
    let record = sheet(&mut city);
    city.office.registers.get_mut("sheet").unwrap().late = None;
    let said = finish(&city, record, Some("2026-01-05T00:30"), None);
    assert_eq!(city.give(who(1, "operator"), said), Err(Refusal::MomentNotAsked));
    let permit = city.file(who(1, "operator"), "施工", false).unwrap();
    city.office.registers.get_mut("permit").unwrap().late = Some("1 day".parse().unwrap());
    let Command::Take { seen, .. } = finish(&city, permit, None, None) else { panic!() };
    let said = Command::Take {
        record: permit,
        seen,
        step: "approve".parse().unwrap(),
        outcome: Outcome::Approve,
        reason: None,
        fill: [].into(),
        occurred_at: Some(at("2026-01-05T00:30")),
        late_reason: None,
        signed: None,
    };
    assert_eq!(city.give(who(3, "head"), said), Err(Refusal::MomentNotAsked), "its opener was asked");
}
