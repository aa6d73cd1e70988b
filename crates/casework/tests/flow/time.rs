//! Clocks and duties over days off, New Year, outages, and the calendar's end; moves; walks.

use crate::city::{City, at, kinds, who};
use crate::office::{id, year};
use casework::{Body, By, Command, Ending, Refusal, clocks_due, duties_chased};
use regulation::{Calendar, Outcome};
use serde_json::json;

#[test]
fn a_clock_counts_working_days_and_fires_each_point_once() {
    let mut city = City::new();
    city.now = at("2026-03-06T01:00");
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    let due = city.case(record).clocks["decide"].due;
    assert_eq!(due, at("2026-03-10T09:30"), "Friday and two working days is Tuesday at the end of office");
    city.now = at("2026-03-12T00:00");
    let ticks = clocks_due(&city.case(record), city.now, at("2026-03-10T09:00"));
    let late: Vec<bool> =
        ticks.iter().map(|tick| matches!(tick, Command::Tick { late_by_outage: true, .. })).collect();
    assert_eq!(late, [true, false, false], "one point passed while the system was down");
    for tick in &ticks {
        assert_eq!(kinds(&city.run(&By::System, tick).unwrap()), ["clock.fired/1", "notice.sent/1"]);
        assert_eq!(city.run(&By::System, tick), Err(Refusal::NotDue));
    }
    assert!(clocks_due(&city.case(record), city.now, city.now).is_empty());
}

#[test]
fn leaving_the_state_stops_the_clock() {
    let mut city = City::new();
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    let events = city.take(who(3, "head"), record, "approve", Outcome::Refuse, &[]).unwrap();
    assert!(kinds(&events).contains(&"clock.stopped/1"));
    city.now = at("2026-05-01T00:00");
    assert!(clocks_due(&city.case(record), city.now, city.now).is_empty());
}

#[test]
fn a_clock_past_the_calendar_is_refused_and_not_guessed() {
    let mut city = City::new();
    city.now = at("2026-11-28T01:00");
    city.office.registers.get_mut("permit").unwrap().flow.steps[0].lead = None;
    city.now = at("2026-12-31T01:00");
    let refused = city.file(who(1, "operator"), "施工", false);
    assert_eq!(refused, Err(Refusal::CalendarMissing("2027-01-01".parse().unwrap())));
}

#[test]
fn a_weekly_duty_goes_on_over_new_year_and_says_once_where_the_calendar_ends() {
    let mut city = City::new();
    let mut opened = Vec::new();
    let mut missing = 0;
    for day in 0..400 {
        city.now = at("2025-12-29T01:00").plus(std::time::Duration::from_secs(day * 86_400));
        for command in city.duties_due() {
            city.run(&By::System, &command).unwrap();
            assert!(city.run(&By::System, &command).is_err(), "twice: {command:?}");
            match command {
                Command::Owe { key } => opened.push(key),
                Command::CalendarMissing { .. } => missing += 1,
                _ => {}
            }
        }
    }
    assert_eq!(opened.len(), 52, "every Wednesday of 2026 that the calendar knows");
    assert_eq!(missing, 1);
    city.office.calendar = Calendar::new(vec![year(2025), year(2026), year(2027)]).unwrap();
    let next = city.duties_due();
    assert!(matches!(&next[..], [Command::Owe { key }, ..] if key.nominal == "2027-01-06".parse().unwrap()));
}

#[test]
fn a_duty_is_chased_proved_and_opened_again_when_its_record_came_to_nothing() {
    let mut city = City::new();
    city.now = at("2026-01-05T01:00");
    city.do_duties();
    let (key, occurrence) =
        city.state.occurrences.last_key_value().map(|(a, b)| (a.clone(), b.clone())).unwrap();
    let void = city.take(who(1, "operator"), occurrence.record, "drop", Outcome::Done, &[]).unwrap();
    assert!(kinds(&void).contains(&"duty.reopened/1"));
    let now = city.state.occurrences[&key].clone();
    assert_ne!(now.record, occurrence.record);
    city.now = at("2026-01-08T01:00");
    let chased = duties_chased(&key, &now, city.now, city.now);
    assert!(matches!(chased[..], [Command::Chase { late_by_outage: true, .. }]));
    city.run(&By::System, &chased[0]).unwrap();
    assert_eq!(city.run(&By::System, &chased[0]), Err(Refusal::NotDue));
    let kept =
        city.take(who(1, "operator"), now.record, "keep", Outcome::Done, &[("done", json!(true))]).unwrap();
    assert!(kept.iter().any(|event| matches!(event.body, Body::DutyDone { on_time: false, .. })));
    assert_eq!(city.case(now.record).ending, Some(Ending::Done));
}

#[test]
fn a_refused_effect_of_a_clock_leaves_the_word_that_it_was() {
    let mut city = City::new();
    let permit = city.office.registers.get_mut("permit").unwrap();
    permit.flow.clocks[0].then[0].effect =
        regulation::Effect::Take { step: id("close"), of: None, register: id("permit") };
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    city.now = at("2026-04-01T00:00");
    let ticks = clocks_due(&city.case(record), city.now, city.now);
    let events = city.run(&By::System, &ticks[0]).unwrap();
    assert_eq!(kinds(&events), ["clock.fired/1", "effect.refused/1"]);
    assert_eq!(city.case(record).state.as_str(), "filed");
}

#[test]
fn a_point_whose_condition_has_no_answer_comes_all_the_same() {
    let mut city = City::new();
    let permit = city.office.registers.get_mut("permit").unwrap();
    let beyond = crate::office::condition("office_day(date('2031-01-01'))", "permit");
    permit.flow.clocks[0].then[0].when = regulation::When::If(beyond);
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    city.now = at("2026-04-01T00:00");
    let ticks = clocks_due(&city.case(record), city.now, city.now);
    let events = city.run(&By::System, &ticks[0]).unwrap();
    assert_eq!(kinds(&events), ["clock.fired/1", "effect.refused/1"]);
    assert_eq!(city.run(&By::System, &ticks[0]), Err(Refusal::NotDue));
}

#[test]
fn the_record_of_a_duty_that_is_no_longer_known_can_still_come_to_nothing() {
    let mut city = City::new();
    city.now = at("2026-01-05T01:00");
    city.do_duties();
    let record = city.state.occurrences.last_key_value().unwrap().1.record;
    city.office.duties.clear();
    let void = city.take(who(1, "operator"), record, "drop", Outcome::Done, &[]).unwrap();
    assert!(!kinds(&void).contains(&"duty.reopened/1"));
    assert_eq!(city.case(record).ending, Some(Ending::Void));
}

#[test]
fn what_stands_in_the_ledger_in_clear_does_not_move_to_where_it_could_be_destroyed() {
    let mut city = City::new();
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    let mut next = crate::office::office();
    next.version = 2;
    next.registers.get_mut("permit").unwrap().retention.keep = Some("5 years".parse().unwrap());
    next.moves = Some(regulation::Moves { from: 1, registers: [].into() });
    let former = std::mem::replace(&mut city.office, next);
    city.former = Some(former);
    let seen = city.case(record).revision;
    let refused = city.run(&By::System, &Command::Move { record, seen });
    assert_eq!(refused, Err(Refusal::NoMove { from: 1, to: 2 }));
}

#[test]
fn every_state_of_the_small_regulation_is_reached_and_roles_are_told_apart() {
    let office = crate::office::office();
    for register in office.registers.values() {
        let all: Vec<_> = register.flow.states.iter().map(|state| &state.id).collect();
        assert_eq!(casework::reachable(register).len(), all.len());
    }
    let roles = [id("head"), id("operator")];
    let permit = &office.registers["permit"];
    let named: Vec<_> = casework::by_role(permit, &roles)
        .filter(|place| place.named && place.role.as_str() == "head")
        .map(|place| place.step.id.to_string())
        .collect();
    assert_eq!(named, ["approve"]);
}

#[test]
fn a_running_case_stays_on_its_version_until_it_is_moved_as_the_new_one_says() {
    let mut city = City::new();
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    let mut next = crate::office::office();
    next.version = 2;
    let permit = next.registers.get_mut("permit").unwrap();
    permit.fields[0].id = id("matter");
    permit.fields.retain(|field| field.id.as_str() != "length");
    for step in &mut permit.flow.steps {
        step.fields.retain(|field| field.as_str() != "subject");
    }
    let moved = |fields| regulation::Move { fields, ..regulation::Move::default() };
    let change = moved([(id("subject"), id("matter"))].into());
    next.moves = Some(regulation::Moves { from: 1, registers: [(id("permit"), change)].into() });
    city.take(who(3, "head"), record, "approve", Outcome::Approve, &[]).unwrap();
    assert_eq!(city.case(record).version, 1);
    let former = std::mem::replace(&mut city.office, next);
    city.former = Some(former);
    let seen = city.case(record).revision;
    let events = city.run(&By::System, &Command::Move { record, seen }).unwrap();
    assert!(kinds(&events).contains(&"signatures.voided/1"), "what was signed was another version's content");
    let case = city.case(record);
    assert_eq!((case.version, case.state.as_str()), (2, "filed"));
    assert_eq!(case.content.0["matter"], json!("施工"));
    assert!(case.clocks.contains_key("decide"));
    city.take(who(3, "head"), record, "approve", Outcome::Approve, &[]).unwrap();
    let again = city.run(&By::System, &Command::Move { record, seen: city.case(record).revision });
    assert_eq!(again, Err(Refusal::NoMove { from: 2, to: 2 }));
}

#[test]
fn a_moved_case_is_sent_back_by_the_new_name_and_its_clock_does_not_come_again() {
    let mut city = City::new();
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    let waits = city.file(who(2, "operator"), "施工", false).unwrap();
    for head in [3, 4] {
        city.take(who(head, "head"), record, "approve", Outcome::Approve, &[]).unwrap();
    }
    let due = city.case(waits).clocks["decide"].due;
    city.now = due;
    let ticks = clocks_due(&city.case(waits), city.now, city.now);
    assert_eq!(ticks.len(), 2, "soon, and now");
    city.run(&By::System, &ticks[0]).unwrap();
    let mut next = crate::office::office();
    next.version = 2;
    let flow = &mut next.registers.get_mut("permit").unwrap().flow;
    let rename = |state: &mut regulation::StateId| {
        if state.as_str() == "filed" {
            *state = id("asked");
        }
    };
    flow.states.iter_mut().for_each(|state| rename(&mut state.id));
    flow.clocks.iter_mut().flat_map(|clock| &mut clock.runs).for_each(rename);
    for step in &mut flow.steps {
        step.from.iter_mut().chain(step.outcomes.iter_mut().map(|(_, to)| to)).for_each(rename);
    }
    let states = [(id("filed"), id("asked"))].into();
    let change = regulation::Move { states, ..regulation::Move::default() };
    next.moves = Some(regulation::Moves { from: 1, registers: [(id("permit"), change)].into() });
    city.former = Some(std::mem::replace(&mut city.office, next));
    for one in [record, waits] {
        let seen = city.case(one).revision;
        city.run(&By::System, &Command::Move { record: one, seen }).unwrap();
    }
    let ticks = clocks_due(&city.case(waits), city.now, city.now);
    assert!(matches!(ticks[..], [Command::Tick { point: 1, .. }]), "the one that had not come: {ticks:?}");
    city.take(who(2, "operator"), record, "amend", Outcome::Done, &[("subject", json!("改期"))]).unwrap();
    assert_eq!(city.case(record).state.as_str(), "asked");
}

#[test]
fn whatever_carries_a_field_that_must_not_be_in_clear_is_private() {
    let mut city = City::new();
    city.office.registers.get_mut("permit").unwrap().fields[0].sealed = true;
    let record = city.file(who(1, "operator"), "密", false).unwrap();
    for event in city.history.iter().filter(|event| event.record() == Some(record)) {
        let carries = event.body.content().is_some_and(|content| content.0.contains_key("subject"));
        assert_eq!(event.private, carries, "{}", event.kind());
    }
}

#[test]
fn what_tells_of_a_record_that_may_be_destroyed_one_day_is_private() {
    let mut city = City::new();
    let keep = "5 years".parse().unwrap();
    city.office.registers.get_mut("permit").unwrap().retention.keep = Some(keep);
    let record = city.file(who(1, "operator"), "A", false).unwrap();
    city.take(who(3, "head"), record, "refuse", Outcome::Refuse, &[]).ok();
    let of_record = city.history.iter().filter(|event| event.record() == Some(record));
    let (private, clear): (Vec<_>, Vec<_>) = of_record.partition(|event| event.private);
    assert!(private.iter().any(|event| event.kind() == "case.opened/1"));
    assert!(private.iter().any(|event| event.kind() == "clock.set/1"), "a due time tells of a date");
    assert!(clear.iter().any(|event| event.kind() == "case.numbered/1"), "{:?}", kinds(&city.history));
    assert!(private.iter().all(|event| event.body.tells()));
}
