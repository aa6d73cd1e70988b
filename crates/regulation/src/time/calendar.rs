//! The office calendar: which days are worked.
//!
//! Owns: days off, make-up working days, rolling, counting working days.
//! Invariant: years follow one another without a gap. A day outside them is [`CalendarMissing`].
//! Source: `docs/pack.md`, "Office calendar".

use crate::label::Label;
use model::CivilDate;
use std::collections::BTreeMap;

/// The years that are loaded.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    years: BTreeMap<i16, Year>,
}

/// One year, as its file says.
#[derive(Debug, Clone)]
pub struct Year {
    /// The year, for example 2025.
    pub year: i16,
    /// Which official calendar it was taken from.
    pub source: Box<str>,
    /// Weekdays that are not worked, Monday = 1.
    pub weekend: Vec<i8>,
    /// Days off, by date.
    pub off: BTreeMap<CivilDate, DayOff>,
    /// Make-up working days, by date.
    pub work: BTreeMap<CivilDate, WorkDay>,
}

/// A day off beside the weekends, or a weekend day with a name.
#[derive(Debug, Clone)]
pub struct DayOff {
    /// Why it is off.
    pub name: Label,
    /// What is not certain about it.
    pub unsure: Option<Box<str>>,
}

/// A day of the weekend that is worked.
#[derive(Debug, Clone)]
pub struct WorkDay {
    /// Why it is worked.
    pub name: Label,
    /// The day off it makes up for.
    pub for_day: Option<CivilDate>,
    /// What is not certain about it.
    pub unsure: Option<Box<str>>,
}

/// What the calendar says of a day.
#[derive(Debug, Clone, Copy)]
pub enum Day<'a> {
    /// Worked as usual.
    Working,
    /// Worked although it is a weekend.
    MakeUp(&'a WorkDay),
    /// Not worked, a weekend without a name.
    Weekend,
    /// Not worked.
    Off(&'a DayOff),
}

/// What becomes of a date that is no working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Roll {
    /// The next working day.
    After,
    /// The last working day before.
    Before,
    /// As it is.
    Keep,
    /// It falls away.
    Skip,
}

/// The day lies outside the years that are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("calendar missing: no office calendar is loaded for {day}")]
pub struct CalendarMissing {
    /// The day that was asked for.
    pub day: CivilDate,
}

/// Why years do not make a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The same year twice.
    #[error("the year {0} is given twice")]
    Twice(i16),
    /// A year between two others is missing.
    #[error("the year {0} is missing")]
    Gap(i16),
}

impl Calendar {
    /// From its years.
    ///
    /// # Errors
    /// `Twice`, `Gap`.
    pub fn new(years: Vec<Year>) -> Result<Self, CalendarError> {
        let mut calendar = Self::default();
        for year in years {
            let number = year.year;
            if calendar.years.insert(number, year).is_some() {
                return Err(CalendarError::Twice(number));
            }
        }
        let numbers: Vec<i16> = calendar.years.keys().copied().collect();
        let gap = numbers.iter().zip(numbers.iter().skip(1)).find(|(year, next)| **next != **year + 1);
        match gap {
            Some((year, _)) => Err(CalendarError::Gap(year + 1)),
            None => Ok(calendar),
        }
    }

    /// The years, in order.
    pub fn years(&self) -> impl Iterator<Item = &Year> {
        self.years.values()
    }

    /// The first and the last day that is known; `None` when no year is loaded.
    #[must_use]
    pub fn bounds(&self) -> Option<(CivilDate, CivilDate)> {
        let (first, last) = (self.years.keys().next()?, self.years.keys().next_back()?);
        let first = CivilDate::new(i64::from(*first), 1, 1).ok()?;
        Some((first, CivilDate::new(i64::from(*last), 12, 31).ok()?))
    }

    /// What the calendar says of a day.
    ///
    /// # Errors
    /// The year is not loaded.
    pub fn day(&self, day: CivilDate) -> Result<Day<'_>, CalendarMissing> {
        let year = self.years.get(&day.year()).ok_or(CalendarMissing { day })?;
        Ok(match (year.work.get(&day), year.off.get(&day)) {
            (Some(work), _) => Day::MakeUp(work),
            (None, Some(off)) => Day::Off(off),
            (None, None) if year.weekend.contains(&day.weekday()) => Day::Weekend,
            (None, None) => Day::Working,
        })
    }

    /// Is the day worked?
    ///
    /// # Errors
    /// The year is not loaded.
    pub fn is_working(&self, day: CivilDate) -> Result<bool, CalendarMissing> {
        Ok(matches!(self.day(day)?, Day::Working | Day::MakeUp(_)))
    }

    /// The n-th working day after `day`, before it when negative; `day` itself, worked or not, when nought.
    ///
    /// # Errors
    /// It lies outside the years that are loaded.
    pub fn nth_working(&self, day: CivilDate, n: i64) -> Result<CivilDate, CalendarMissing> {
        let mut at = day;
        for _ in 0..n.unsigned_abs() {
            at = self.working_from(at.plus_days(n.signum()), n.signum())?;
        }
        Ok(at)
    }

    /// The day itself when it is worked; otherwise what `roll` makes of it, `None` when it falls away.
    ///
    /// # Errors
    /// The answer lies outside the years that are loaded. `Keep` asks nothing of the calendar.
    pub fn roll(&self, day: CivilDate, roll: Roll) -> Result<Option<CivilDate>, CalendarMissing> {
        match roll {
            Roll::Keep => Ok(Some(day)),
            Roll::After => self.working_from(day, 1).map(Some),
            Roll::Before => self.working_from(day, -1).map(Some),
            Roll::Skip => Ok(self.is_working(day)?.then_some(day)),
        }
    }

    /// The first working day from `day` on, `day` included, in the direction of `step` (1 or −1).
    fn working_from(&self, day: CivilDate, step: i64) -> Result<CivilDate, CalendarMissing> {
        let mut at = day;
        while !self.is_working(at)? {
            at = at.plus_days(step);
        }
        Ok(at)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn year(number: i16, off: &[&str], work: &[&str]) -> Year {
        let name = Label::new("休", "Off").unwrap();
        let off = off.iter().map(|d| (d.parse().unwrap(), DayOff { name: name.clone(), unsure: None }));
        let work = work
            .iter()
            .map(|d| (d.parse().unwrap(), WorkDay { name: name.clone(), for_day: None, unsure: None }));
        Year {
            year: number,
            source: "test".into(),
            weekend: vec![6, 7],
            off: off.collect(),
            work: work.collect(),
        }
    }

    /// A few days off of Taiwan's calendars, enough for the tests.
    pub(in crate::time) fn taipei() -> Calendar {
        let years = vec![
            year(2024, &["2024-01-01"], &["2024-02-17"]),
            year(2025, &["2025-01-01", "2025-01-27"], &["2025-02-08"]),
            year(2026, &["2026-01-01", "2026-02-27"], &[]),
        ];
        Calendar::new(years).unwrap()
    }

    fn day(text: &str) -> CivilDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_past_the_last_year_is_missing_and_not_guessed() {
        let calendar = taipei();
        assert_eq!(calendar.is_working(day("2027-01-01")), Err(CalendarMissing { day: day("2027-01-01") }));
        assert!(calendar.nth_working(day("2026-12-31"), 1).is_err());
        assert!(calendar.roll(day("2027-01-01"), Roll::Keep).is_ok());
    }

    #[test]
    fn rolling_passes_over_weekends_and_days_off() {
        let calendar = taipei();
        let off = day("2026-02-28");
        assert_eq!(calendar.roll(off, Roll::Before).unwrap(), Some(day("2026-02-26")));
        assert_eq!(calendar.roll(off, Roll::After).unwrap(), Some(day("2026-03-02")));
        assert_eq!(calendar.roll(off, Roll::Skip).unwrap(), None);
        assert_eq!(calendar.roll(day("2025-02-08"), Roll::Before).unwrap(), Some(day("2025-02-08")));
    }

    #[test]
    fn counting_back_undoes_counting_forth_between_working_days() {
        let calendar = taipei();
        for n in 0..200 {
            let start = calendar.roll(day("2024-06-03"), Roll::After).unwrap().unwrap();
            let there = calendar.nth_working(start, n).unwrap();
            assert_eq!(calendar.nth_working(there, -n).unwrap(), start);
        }
    }

    #[test]
    fn years_with_a_gap_or_twice_are_refused() {
        let gap = Calendar::new(vec![year(2024, &[], &[]), year(2026, &[], &[])]).unwrap_err();
        assert_eq!(gap, CalendarError::Gap(2025));
        let twice = Calendar::new(vec![year(2024, &[], &[]), year(2024, &[], &[])]).unwrap_err();
        assert_eq!(twice, CalendarError::Twice(2024));
    }
}
