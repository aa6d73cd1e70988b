//! What comes with time, at the desk: outages, New Year, the calendar's end, moves to a version that was published.

use crate::archive::{Archive, tiny};
use crate::naive::{Line, judge_house, lines, rules};
use casework::{Body, Event};
use desk::{Asker, Order, PackFiles};
use regulation::Outcome;
use serde_json::json;
use std::time::Duration;
use store::Fact;
use testkit::House;

fn events(lines: &[Line]) -> impl Iterator<Item = &Event> {
    lines.iter().filter_map(|line| match &line.fact {
        Some(Fact::Case(event)) => Some(event),
        _ => None,
    })
}

/// An archive with a loan that is out until the 10th of March.
fn out() -> (Archive, model::RecordId) {
    let mut archive = Archive::quick();
    let key = archive.key("K-1", "4711");
    let loan = archive.loan(key, "修繕").unwrap();
    archive.approve(loan).unwrap();
    (archive, loan)
}

#[test]
fn what_an_outage_missed_comes_once_and_is_marked() {
    let (mut archive, loan) = out();
    archive.house.tick().unwrap();
    // One day before the loan is due it is told; the system is down over that, and over the end of the last day.
    archive.house.desk.close();
    archive.house.at("2025-03-11T02:00").unwrap();
    archive.house.open_again().unwrap();
    assert!(archive.house.tick().unwrap().done >= 2);
    assert_eq!(archive.house.tick().unwrap().done, 0);
    assert_eq!(archive.house.case(loan).unwrap().state.as_str(), "overdue");
    // Two working days later it is up.
    archive.house.at("2025-03-12T12:00").unwrap();
    let later = archive.house.tick().unwrap();
    judge_house(&mut archive.house, &rules::ARCHIVE);
    let lines = lines(&archive.house);
    let fired: Vec<(u32, bool)> = events(&lines)
        .filter_map(|event| match &event.body {
            Body::ClockFired { point, late_by_outage, .. } => Some((point.index, *late_by_outage)),
            _ => None,
        })
        .collect();
    assert_eq!(
        fired,
        [(0, true), (1, true)],
        "the clock ran while it was out, and stopped when it was overdue"
    );
    assert_eq!(later.done, 0);
}

#[test]
fn a_clock_of_the_machine_that_goes_back_brings_nothing_back() {
    let (mut archive, loan) = out();
    let people = archive.people;
    let until = "2025-03-04T00:00:00.000000Z".parse().unwrap();
    archive.house.appoint(people.keeper, people.director, until).unwrap();
    archive.house.at("2025-03-05T01:00").unwrap();
    archive.house.tick().unwrap();
    archive.key("K-2", "4712");
    // The appointment is over; the machine's clock says it is not.
    archive.house.at("2025-03-03T02:00").unwrap();
    let deputy = testkit::Acting { person: people.director.person, ..people.keeper };
    let deputy = deputy.standing_in(people.keeper.person);
    let fill = [("condition", json!("good"))];
    let refused = archive.house.take(deputy, loan, "give_back", Outcome::Done, &fill).unwrap_err();
    assert_eq!(refused.code(), "refused-identity", "{refused:?}");
    archive.house.reopen().unwrap();
    let refused = archive.house.take(deputy, loan, "give_back", Outcome::Done, &fill).unwrap_err();
    assert_eq!(refused.code(), "refused-identity", "{refused:?}");
    archive.give_back(loan).unwrap();
    judge_house(&mut archive.house, &rules::ARCHIVE);
    assert!(lines(&archive.house).iter().any(|line| line.kind == "ledger.clock-stepped-back"));
}

#[test]
fn duties_go_on_over_new_year_and_the_missing_calendar_is_told_once_until_it_is_there() {
    let mut archive = Archive::quick();
    archive.house.at("2025-11-20T01:00").unwrap();
    for _ in 0..70 {
        archive.house.tick().unwrap();
        archive.house.clock.pass(Duration::from_secs(86_400));
    }
    // The calendar of 2026 comes with the next version.
    let mut files = PackFiles::of(&regulation::Folder::new(&tiny())).unwrap();
    let text = files.0.get("pack.toml").unwrap().replace("version = 1", "version = 2");
    files.0.insert("pack.toml".to_owned(), text);
    let calendar = files.0["calendars/2025.toml"].replace("2025", "2026");
    files.0.insert("calendars/2026.toml".to_owned(), calendar);
    archive.house.desk.ask(Asker::Console, Order::Publish(files)).unwrap();
    let ticked = archive.house.tick().unwrap();
    assert!(ticked.done >= 2, "{ticked:?}");
    judge_house(&mut archive.house, &rules::ARCHIVE);
    let lines = lines(&archive.house);
    let missing = events(&lines).filter(|event| matches!(event.body, Body::CalendarMissing { .. })).count();
    assert_eq!(missing, 2, "once for each unit");
    let mut due: Vec<String> = events(&lines)
        .filter_map(|event| match &event.body {
            Body::DutyOpened { due_on, .. } => Some(due_on.to_string()),
            _ => None,
        })
        .collect();
    due.sort();
    due.dedup();
    assert_eq!(due, ["2025-11-28", "2025-12-31", "2026-01-30"]);
}

#[test]
fn a_unit_made_today_owes_what_is_open_today() {
    let mut archive = Archive::quick();
    archive.house.at("2025-03-27T01:00").unwrap();
    let owed = |house: &House| {
        house.tick().unwrap();
        let row = house.desk.read(|sql, _| sql.row("SELECT count(*) FROM occurrence", &[])).unwrap();
        row.unwrap().int(0).unwrap()
    };
    assert_eq!(owed(&archive.house), 2, "city and archive");
    assert_eq!(archive.house.tick().unwrap().done, 0);
    archive.house.unit("B", Some(archive.people.city)).unwrap();
    assert_eq!(owed(&archive.house), 3);
    judge_house(&mut archive.house, &rules::ARCHIVE);
}

/// The tiny pack's next version: loans that were `out` are `abroad`, and their purpose is a matter.
fn next_version() -> PackFiles {
    let mut files = PackFiles::of(&regulation::Folder::new(&tiny())).unwrap();
    for text in files.0.values_mut() {
        *text = text.replace("\"out\"", "\"abroad\"").replace("'out'", "'abroad'");
    }
    let head = files.0["pack.toml"].replace("version = 1", "version = 2");
    files.0.insert("pack.toml".to_owned(), head);
    let moves = "from = 1\n[[move]]\nregister = \"loan\"\nstates = { out = \"abroad\" }\n";
    files.0.insert("moves.toml".to_owned(), moves.to_owned());
    files
}

#[test]
fn running_cases_move_by_themselves_to_a_version_that_says_how() {
    let (mut archive, loan) = out();
    let second = archive.key("K-2", "4712");
    let waiting = archive.loan(second, "參觀").unwrap();
    archive.house.desk.ask(Asker::Console, Order::Publish(next_version())).unwrap();
    assert_eq!(archive.house.case(loan).unwrap().version, 1, "nothing moves before its time");
    let ticked = archive.house.tick().unwrap();
    assert_eq!(ticked.refused, 0, "{:?}", ticked.why);
    let version = |house: &House, record| {
        let case = house.case(record).unwrap();
        (case.version, case.state.to_string())
    };
    assert_eq!(version(&archive.house, loan), (2, "abroad".to_owned()));
    assert_eq!(version(&archive.house, waiting), (2, "filed".to_owned()));
    assert_eq!(archive.house.tick().unwrap().done, 0);
    assert!(archive.house.case(loan).unwrap().clocks.contains_key("return"), "its clock runs on");
    archive.give_back(loan).unwrap();
    archive.house.compare().unwrap();
    // A case that ended under the first version stays there.
    assert_eq!(archive.house.case(loan).unwrap().state.as_str(), "returned");
    archive.house.reopen().unwrap();
    assert_eq!(archive.house.tick().unwrap().done, 0);
    archive.house.judge().unwrap();
    let lines = lines(&archive.house);
    let moved = events(&lines).filter(|event| matches!(event.body, Body::Moved { .. })).count();
    assert_eq!(moved, 4, "two loans and two keys");
}

#[test]
fn a_version_that_does_not_say_how_leaves_running_cases_where_they_are() {
    let (mut archive, loan) = out();
    let mut files = PackFiles::of(&regulation::Folder::new(&tiny())).unwrap();
    let head = files.0["pack.toml"].replace("version = 1", "version = 2");
    files.0.insert("pack.toml".to_owned(), head);
    archive.house.desk.ask(Asker::Console, Order::Publish(files)).unwrap();
    assert_eq!(archive.house.tick().unwrap().refused, 0);
    assert_eq!(archive.house.case(loan).unwrap().version, 1);
    archive.give_back(loan).unwrap();
    judge_house(&mut archive.house, &rules::ARCHIVE);
    assert!(!events(&lines(&archive.house)).any(|event| matches!(event.body, Body::Moved { .. })));
}
