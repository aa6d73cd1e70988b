//! Every duty through the five years whose calendars are there: each occurrence is opened on its day, none twice,
//! none left out; New Year is a day like any other, a make-up Saturday a working day; where the calendar ends, that
//! is said once, and once it goes on nothing has been lost.

use crate::act::Walker;
use crate::coverage::Coverage;
use crate::naive::Days;
use crate::seen::Seen;
use crate::town::Town;
use casework::{Body, By, Command, Event, Object, Subject};
use model::{CivilDate, Instant};
use regulation::{Calendar, Duty, DutyEach, Roll, Year};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

fn day(text: &str) -> CivilDate {
    text.parse().unwrap()
}

/// What happened to duties in a town.
#[derive(Default)]
struct Log {
    opened: BTreeMap<(String, Object), Vec<Opened>>,
    missing: BTreeMap<(String, Object), u32>,
}

/// An occurrence that was opened.
#[derive(Debug)]
struct Opened {
    nominal: CivilDate,
    due_on: CivilDate,
    due: Instant,
    on: CivilDate,
}

/// Scenarios that make what duties are owed for.
const OBJECTS: [&str; 17] = [
    "room/in_use",
    "room/vault",
    "fire_equipment/ready",
    "program_library/in_use",
    "document_catalogue/in_use",
    "site/in_use",
    "safe_store/in_use",
    "backup_plan/in_force",
    "asset_catalogue/in_use",
    "business_system/in_use",
    "data_file/in_use",
    "outsourced_entry/in_force",
    "line/in_force",
    "security_rules/in_force",
    "host/in_use",
    "firewall/in_use",
    "redundant_system/in_use",
];

/// A town with all a duty is owed for, since the first hours of 2023.
fn settled() -> Town {
    let mut town = Town::new(crate::pack());
    town.now = crate::values::moment(&town, "2023-01-01 06:00");
    let all = crate::scenario::all();
    for name in OBJECTS {
        let (_, register, scenario) = all.iter().find(|(one, ..)| one == name).unwrap();
        let (mut coverage, mut last) = (Coverage::default(), None);
        for act in &scenario.acts {
            let (town, coverage) = (&mut town, &mut coverage);
            let mut walker = Walker { town, coverage, register, last, leads: true };
            walker.act(act);
            last = walker.last;
        }
    }
    town
}

/// Does what is due about duties each morning, from one day to another.
fn mornings(town: &mut Town, log: &mut Log, first: CivilDate, last: CivilDate) {
    let mut today = first;
    while today <= last {
        town.now = town.pack.zone.moment(today, "07:00".parse().unwrap());
        let mut due = town.duties_due(day("2023-01-01"));
        while !due.is_empty() {
            for command in &due {
                let done = town.run(&By::System, command);
                let events = done.unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
                assert!(town.run(&By::System, command).is_err(), "twice: {command:?}");
                note(log, &events, today);
            }
            let opens = due.iter().all(|command| matches!(command, Command::Owe { .. }));
            due = if opens { Vec::new() } else { town.duties_due(day("2023-01-01")) };
        }
        if today.day() == 1 {
            town.kept.put_away(crate::values::back(town.now, Duration::from_secs(70 * 86_400)));
        }
        today = today.plus_days(1);
    }
}

fn note(log: &mut Log, events: &[Event], on: CivilDate) {
    for event in events {
        match (&event.body, &event.subject) {
            (Body::DutyOpened { key, due_on, due, .. }, _) => {
                let opened = Opened { nominal: key.nominal, due_on: *due_on, due: *due, on };
                log.opened.entry((key.duty.to_string(), key.object.clone())).or_default().push(opened);
            }
            (Body::CalendarMissing { object, .. }, Subject::Duty(duty)) => {
                *log.missing.entry((duty.to_string(), object.clone())).or_default() += 1;
            }
            _ => {}
        }
    }
}

/// Every duty with everything it is owed for.
fn series(town: &Town) -> Vec<(&'static Duty, Object)> {
    let mut all = Vec::new();
    for duty in town.pack.duties.values() {
        let objects: Vec<Object> = match &duty.each {
            DutyEach::Unit => town.people.units.values().map(|unit| Object::Unit(*unit)).collect(),
            DutyEach::Record(register) => {
                town.kept.of(register).map(|case| Object::Record(case.reference())).collect()
            }
        };
        let owed = objects.into_iter().filter(|object| {
            let seen = Seen { object: Some((object, day("2023-01-01"))), ..Seen::of_nothing(town) };
            seen.applies(&duty.only)
        });
        let before = all.len();
        all.extend(owed.map(|object| (duty, object)));
        assert!(
            all.len() > before,
            "{} is owed for nothing here: name a scenario that makes one in OBJECTS",
            duty.id
        );
    }
    all
}

/// What the rule of a duty names up to a day, by the naive calendar.
fn wanted(days: &Days, duty: &Duty, last: CivilDate) -> Vec<(CivilDate, CivilDate)> {
    let roll = match duty.repeat.roll() {
        Roll::After => "after",
        Roll::Before => "before",
        Roll::Keep => "keep",
        Roll::Skip => "skip",
    };
    days.due(duty.repeat.text(), duty.repeat.from(), roll, last)
}

/// How many days before it is due its record is opened.
fn days_before(duty: &Duty) -> i64 {
    let text = duty.opens.to_string();
    let (count, unit) = text.split_once(' ').unwrap();
    assert!(unit.starts_with("day"), "{}: {text} is not known here", duty.id);
    count.parse().unwrap()
}

/// The hour an occurrence is due, reckoned by hand: Taipei is eight hours ahead of UTC, all year.
fn hour(town: &Town, duty: &Duty, due_on: CivilDate) -> i64 {
    let minutes = i64::from(duty.due.unwrap_or(town.pack.day_ends).minutes());
    (due_on.days_since_epoch() * 1_440 + minutes - 8 * 60) * 60_000_000
}

#[test]
fn every_duty_is_opened_on_its_day_through_five_years_and_beyond_once_the_calendar_goes_on() {
    let (mut town, mut log, days) = (settled(), Log::default(), Days::read());
    let (first, last) = (day("2023-01-01"), day("2027-12-31"));
    mornings(&mut town, &mut log, first, day("2028-01-10"));
    let all = series(&town);
    let mut ends = 0;
    for (duty, object) in &all {
        let key = (duty.id.to_string(), object.clone());
        let opened = &log.opened[&key];
        let wanted = wanted(&days, duty, last);
        let within: Vec<_> = opened
            .iter()
            .map(|one| (one.nominal, one.due_on))
            .filter(|(nominal, _)| *nominal <= last)
            .collect();
        assert!(wanted.starts_with(&within), "{}: other days than the rule names", duty.id);
        for one in opened {
            assert_eq!(one.on, one.due_on.plus_days(-days_before(duty)).max(first), "{}: opened", duty.id);
            assert_eq!(one.due.as_micros(), hour(&town, duty, one.due_on), "{}: due", duty.id);
        }
        // Only at the very end may some wait for the next calendar, and then it was said, once.
        let said = log.missing.get(&key).copied().unwrap_or(0);
        assert!(said <= 1, "{}: said {said} times", duty.id);
        assert!(said == 1 || within.len() == wanted.len(), "{}: left out in silence", duty.id);
        let waiting = wanted.iter().skip(within.len());
        assert!(waiting.clone().all(|(_, due_on)| *due_on >= day("2027-12-01")), "{}: left out", duty.id);
        let counts_office_days = duty.repeat.text().contains("WD") || duty.repeat.roll() != Roll::Keep;
        assert!(said == 1 || !counts_office_days, "{}: the calendar ends, and nothing says so", duty.id);
        ends += said;
    }
    assert!(ends > 10);
    made_up(&log, &days);
    goes_on(&mut town, &mut log, &days, &all);
}

/// A make-up Saturday is a working day, for duties as for everything else; New Year's Day is none.
fn made_up(log: &Log, days: &Days) {
    let daily = |(duty, _): &(String, Object)| {
        crate::pack().duty(duty).unwrap().repeat.text() == "FREQ=DAILY;BYDAY=WD"
    };
    let mut seen = 0;
    for (_, opened) in log.opened.iter().filter(|(key, _)| daily(key)) {
        let due: BTreeSet<CivilDate> = opened.iter().map(|one| one.due_on).collect();
        assert!(days.made_up().all(|saturday| due.contains(&saturday)));
        for year in 2023..=2027 {
            assert!(!due.contains(&day(&format!("{year}-01-01"))), "New Year's Day is off");
        }
        for year in 2023..2027 {
            let (old, new) = (format!("{year}-12-25"), format!("{}-01-08", year + 1));
            assert!(due.range(day(&old)..=day(&new)).count() >= 5, "the series goes on over New Year {year}");
        }
        seen += 1;
    }
    assert!(seen >= 3, "{seen} daily series");
}

/// With one more year the series go on where they stopped; nothing is lost and nothing comes twice.
fn goes_on(town: &mut Town, log: &mut Log, days: &Days, all: &[(&'static Duty, Object)]) {
    let more = Year { year: 2028, off: BTreeMap::new(), work: BTreeMap::new(), ..plain_year(town) };
    let years = town.pack.calendar.years().cloned().chain([more]).collect();
    town.rules.calendar = Box::leak(Box::new(Calendar::new(years).unwrap()));
    let until = day("2028-03-31");
    mornings(town, log, day("2028-01-11"), until);
    for (duty, object) in all {
        let opened = &log.opened[&(duty.id.to_string(), object.clone())];
        let mut wanted = wanted(days, duty, day("2028-12-31"));
        wanted.retain(|(_, due_on)| due_on.plus_days(-days_before(duty)) <= until);
        let opened: Vec<_> = opened.iter().map(|one| (one.nominal, one.due_on)).collect();
        assert_eq!(opened, wanted, "{}", duty.id);
    }
}

fn plain_year(town: &Town) -> Year {
    town.pack.calendar.years().last().unwrap().clone()
}

#[test]
fn a_room_owes_nothing_before_it_is_in_use_nor_once_it_is_closed_and_goes_on_while_a_change_waits() {
    let (mut town, mut log) = (settled(), Log::default());
    let room = town.record("$room");
    let of_room = |log: &Log| -> Vec<CivilDate> {
        let fits = |(duty, object): &(String, Object)| {
            duty == "daily_walk_round" && matches!(object, Object::Record(one) if one.record == room)
        };
        log.opened
            .iter()
            .filter(|(key, _)| fits(key))
            .flat_map(|(_, opened)| opened)
            .map(|one| one.due_on)
            .collect()
    };
    let act = |town: &mut Town, act: &str| {
        let mut coverage = Coverage::default();
        let act: crate::scenario::Act = toml::from_str(act).unwrap();
        Walker { town, coverage: &mut coverage, register: "room", last: None, leads: true }.act(&act);
    };
    mornings(&mut town, &mut log, day("2023-03-06"), day("2023-03-07"));
    assert_eq!(
        of_room(&log),
        [day("2023-03-06"), day("2023-03-07")],
        "not from before duties were looked at"
    );
    act(
        &mut town,
        "who = 'wang'\nstep = 'change'\nof = '$room'\nfill = { place = '四樓' }\nstate = 'proposed'",
    );
    mornings(&mut town, &mut log, day("2023-03-08"), day("2023-03-09"));
    assert_eq!(of_room(&log).len(), 4, "while the change waits");
    act(&mut town, "who = 'lin'\nstep = 'approve'\nof = '$room'\nstate = 'in_use'");
    act(&mut town, "who = 'lin'\nstep = 'close'\nof = '$room'\nstate = 'closed'");
    mornings(&mut town, &mut log, day("2023-03-10"), day("2023-03-20"));
    assert_eq!(of_room(&log).len(), 4, "closed");
}
