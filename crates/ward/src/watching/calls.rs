//! Calls: who is told when nobody answers for an alarm in time: those on duty, then who holds a role, then who holds a
//! higher one, as the pack says; their deputies with them.
//!
//! Invariants: each call of an alarm is entered once, with whom it was for; whoever answers for an alarm ends them. A call
//! for which there is nobody is entered as such, and the next is due at once.
//! Does not: send anything (`outlets` do, of what is entered).
//! Source: clauses 27.2.1, 26.4.5; `docs/pack.md`, "The pack".

use casework::EntryNumber;
use desk::{Asker, Desk, Order, Seen};
use identity::Roster;
use model::{Instant, PersonId, Severity, Told, UnitId};
use regulation::{AlarmCall, Pack};
use std::collections::BTreeSet;
use std::time::Duration;
use store::{AlarmCalled, AlarmRow, StoreError};
use watch::RuleText;

/// Alarms that are looked at in one go.
const MOST: usize = 256;

/// Enters the calls that are due at a moment.
pub(super) fn call(desk: &Desk, now: Instant) -> Result<(), Told> {
    let seen = desk.seen();
    let Some(pack) = seen.packs.current() else { return Ok(()) };
    let Some(least) = pack.calls.iter().map(|call| call.least).min() else { return Ok(()) };
    let mut behind = None;
    loop {
        let some = desk.read::<_, StoreError>(|sql, _| sql.alarms_unanswered(least, behind, MOST));
        let some = some.map_err(|error| error.told())?;
        let mut calls = Vec::new();
        for alarm in &some {
            calls.extend(due(desk, &seen, pack, alarm, now).map_err(|error| error.told())?);
        }
        if !calls.is_empty() {
            desk.ask(Asker::System, Order::CallForAlarms(calls)).map_err(|refused| refused.told())?;
        }
        match some.last() {
            Some(last) if some.len() == MOST => behind = Some(last.entry),
            _ => return Ok(()),
        }
    }
}

/// The calls for an alarm that are due and were not made.
fn due(
    desk: &Desk,
    seen: &Seen,
    pack: &Pack,
    alarm: &AlarmRow,
    now: Instant,
) -> Result<Vec<AlarmCalled>, StoreError> {
    let made = alarm.called.as_ref().map_or(0, |called| called.call);
    let mut calls = Vec::new();
    let mut nobody = alarm.called.as_ref().is_some_and(|called| called.to.is_empty());
    for (call, of) in (1..).zip(at_times(pack, alarm)).skip(usize::try_from(made).unwrap_or(usize::MAX)) {
        let (one, after) = of;
        if now < alarm.at.plus(Duration::from_secs(after.into())) && !nobody {
            break;
        }
        let to = people(desk, seen, pack, (one, alarm.unit), now)?;
        nobody = to.is_empty();
        let (alarm, rule) = (EntryNumber(alarm.entry), alarm.name.rule.clone());
        calls.push(AlarmCalled { alarm, call, rule, to: to.into_iter().collect() });
    }
    Ok(calls)
}

/// The calls for an alarm, each with how many seconds after it was raised it is due. A rule's own time is that of the
/// first, and the others keep their distance.
fn at_times<'p>(pack: &'p Pack, alarm: &AlarmRow) -> Vec<(&'p AlarmCall, u32)> {
    let rules = pack.section::<Vec<RuleText>>("rules");
    let rule = rules.and_then(|rules| rules.iter().find(|text| *text.rule.id == *alarm.name.rule));
    let calls: Vec<&AlarmCall> = pack.calls.iter().filter(|call| reaches(call, alarm.severity)).collect();
    let first = calls.first().map_or(0, |call| call.after);
    let own = rule.and_then(|text| text.answer).unwrap_or(first);
    calls.into_iter().map(|call| (call, call.after.saturating_sub(first).saturating_add(own))).collect()
}

fn reaches(call: &AlarmCall, severity: Severity) -> bool {
    severity >= call.least
}

/// Whom a call is for: in the unit the alarm is about and above it, or anywhere where none is known; with their deputies.
fn people(
    desk: &Desk,
    seen: &Seen,
    pack: &Pack,
    (call, unit): (&AlarmCall, Option<UnitId>),
    now: Instant,
) -> Result<BTreeSet<PersonId>, StoreError> {
    let roster = Roster::new(&seen.roster, pack, now);
    let near: Option<BTreeSet<UnitId>> =
        unit.map(|unit| std::iter::once(unit).chain(seen.roster.above(unit)).collect());
    let within = |unit: Option<UnitId>| match (&near, unit) {
        (Some(near), Some(unit)) => near.contains(&unit),
        _ => true,
    };
    let mut called = BTreeSet::new();
    if call.on_duty {
        let all = desk.on_duty(now)?;
        let here = all.iter().filter(|(person, unit)| within(Some(*unit)) && roster.here(*person).is_some());
        called.extend(here.map(|(person, _)| *person));
    }
    let holds =
        |person: PersonId| roster.held(person).any(|(role, unit)| call.roles.contains(role) && within(unit));
    let here = seen.roster.people().filter(|person| roster.here(person.id).is_some());
    called.extend(here.map(|person| person.id).filter(|person| holds(*person)));
    let deputies: Vec<PersonId> = seen
        .roster
        .people()
        .map(|person| person.id)
        .filter(|person| roster.standing_in(*person).iter().any(|one| called.contains(&one.principal)))
        .collect();
    called.extend(deputies);
    Ok(called)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packs;
    use desk::Asker;
    use store::{AlarmFact, AlarmRaised};
    use testkit::House;

    fn raise(house: &House, rule: &str, severity: Severity, unit: Option<UnitId>) -> u64 {
        let first = "2026-03-02T01:00:00.000000Z".parse().unwrap();
        let fact = AlarmFact::Raised(AlarmRaised {
            count: 6,
            first,
            group: vec![("src_ip".to_owned(), "198.51.100.9".to_owned())],
            last: first,
            lines: Vec::new(),
            rest: false,
            rule: rule.to_owned(),
            severity,
            unit,
        });
        house.desk.ask(Asker::System, Order::Alarms(vec![fact])).unwrap().entries.start
    }

    fn called(house: &House, alarm: u64) -> Option<(u32, Vec<PersonId>)> {
        let row = house.desk.read::<_, StoreError>(|sql, _| sql.alarm(alarm)).unwrap().unwrap();
        row.called.map(|called| (called.call, called.to))
    }

    #[test]
    fn whoever_is_on_duty_is_called_then_the_next_until_somebody_answers() {
        let pack = packs::embedded(packs::DEFAULT).unwrap();
        let mut house = House::with_pack(37, &pack, None).unwrap();
        house.at("2026-03-02T01:00").unwrap();
        let top = house.unit("100", None).unwrap();
        let (unit, other) = (house.unit("110", Some(top)).unwrap(), house.unit("120", Some(top)).unwrap());
        let admin = house.person("hsu", "network_admin", unit).unwrap();
        let head = house.person("wang", "it_head", unit).unwrap();
        let officer = house.person("shen", "security_officer", top).unwrap();
        house.person("hung", "network_admin", other).unwrap();
        let alarm = raise(&house, "port_scan", Severity::High, Some(unit));
        let quick = raise(&house, "guessed", Severity::Critical, Some(unit));
        let low = raise(&house, "new_place", Severity::Low, Some(unit));
        let lone = raise(&house, "flood", Severity::High, Some(other));

        let now = |time: &str| format!("2026-03-02T{time}:00.000000Z").parse::<Instant>().unwrap();
        let call_at = |time: &str| call(&house.desk, now(time)).unwrap();
        call_at("01:04");
        assert_eq!(called(&house, quick), None);
        call_at("01:06");
        assert_eq!(called(&house, quick), Some((1, vec![admin.person])), "the rule's own time");
        assert_eq!(called(&house, alarm), None);
        call_at("01:11");
        assert_eq!(called(&house, alarm), Some((1, vec![admin.person])));
        call_at("01:12");
        assert_eq!(called(&house, alarm), Some((1, vec![admin.person])), "once");
        let person = model::Person {
            acting_for: None,
            person: head.person,
            role: "it_head".to_owned(),
            session: None,
            terminal: None,
            unit,
        };
        house.desk.ask(Asker::Person(person), Order::Acknowledge(EntryNumber(quick), None)).unwrap();
        call_at("01:21");
        assert_eq!(called(&house, alarm), Some((2, vec![head.person])));
        // Nobody holds the role there: who comes next is called at once.
        assert_eq!(called(&house, lone), Some((3, vec![officer.person])));
        call_at("02:00");
        assert_eq!(called(&house, alarm), Some((3, vec![officer.person])));
        assert_eq!(called(&house, quick), Some((1, vec![admin.person])), "somebody answers for it");
        assert_eq!(called(&house, low), None, "nobody is called for what is not bad");
    }
}
