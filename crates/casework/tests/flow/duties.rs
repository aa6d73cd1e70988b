//! When duties begin, rest and go on, and where the office calendar ends.

use crate::city::{City, at};
use crate::office::year;
use casework::{Body, Object};
use model::CivilDate;
use regulation::{Calendar, Escalation, EscalationTime, When};
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
