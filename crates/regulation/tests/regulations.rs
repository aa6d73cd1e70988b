//! The packs this repository ships have no problems, and their calendars count what the government published.

#![expect(clippy::panic, reason = "helpers of tests, which fail by panicking")]

use model::CivilDate;
use regulation::{Folder, Pack, load};
use std::path::Path;

fn taichung() -> Pack {
    load(&Folder::new(Path::new("../../regulations/taichung-2001"))).unwrap_or_else(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", told.join("\n"))
    })
}

#[test]
fn the_pack_of_taichung_has_no_problems() {
    assert_eq!(taichung().id.as_str(), "taichung-2001");
}

/// Totals of days off, weekends included, as the Directorate-General of Personnel Administration published
/// them; 2025 with the three days the Act of 28 May 2025 added.
#[test]
fn the_calendars_have_as_many_days_off_as_the_government_published() {
    let pack = taichung();
    for (year, published) in [(2023, 116), (2024, 115), (2025, 118), (2026, 120), (2027, 121)] {
        let first = CivilDate::new(year, 1, 1).unwrap();
        let days = (0..366).map(|offset| first.plus_days(offset)).filter(|day| i64::from(day.year()) == year);
        let off = days.filter(|day| !pack.calendar.is_working(*day).unwrap()).count();
        assert_eq!(off, published, "{year}");
    }
}

/// Each make-up Saturday pays for a day off that would have been worked.
#[test]
fn every_make_up_saturday_makes_up_for_a_weekday_off() {
    let pack = taichung();
    let mut saturdays = 0;
    for year in pack.calendar.years() {
        for (day, work) in &year.work {
            assert_eq!(day.weekday(), 6, "{day}");
            let paid = work.for_day.unwrap();
            assert!(paid.weekday() <= 5 && !pack.calendar.is_working(paid).unwrap(), "{paid}");
            saturdays += 1;
        }
    }
    assert_eq!(saturdays, 8);
}

/// Every duty falls due in each of the calendar's years: no series stops at New Year.
#[test]
fn every_duty_is_due_in_every_year() {
    let pack = taichung();
    for duty in pack.duties.values() {
        for year in 2023..=2027 {
            let (first, last) = (CivilDate::new(year, 1, 1).unwrap(), CivilDate::new(year, 12, 31).unwrap());
            let due = duty.repeat.between(first, last, &pack.calendar).unwrap();
            assert!(!due.is_empty(), "{} in {year}", duty.id);
        }
    }
}
