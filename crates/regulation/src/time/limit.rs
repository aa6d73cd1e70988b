//! Limits of time: so many minutes, days or working days after a moment, or before it.
//!
//! A limit in days ends at the end of office hours of its last day (`day_ends` of the pack).
//! Source: `docs/pack.md`, "Words that hold everywhere" and "Clocks".

use super::{Calendar, CalendarMissing, Roll, Span, TimeOfDay, Zone};
use model::{CivilDate, Instant};

/// So much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// How many; may be nought.
    pub count: u32,
    /// Of what.
    pub unit: LimitUnit,
}

/// What limits are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitUnit {
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Civil days.
    Days,
    /// Days of the office calendar.
    WorkingDays,
    /// Seven civil days.
    Weeks,
    /// Civil months; the 31st becomes the last day of a shorter month.
    Months,
    /// Civil years.
    Years,
}

/// Why a text is not a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a span of time like \"30 minutes\", \"2 working days\" or \"6 months\"")]
pub struct LimitError(pub String);

/// What limits are counted by.
#[derive(Debug, Clone, Copy)]
pub struct OfficeTime<'a> {
    /// The office calendar.
    pub calendar: &'a Calendar,
    /// When the last day of a limit is over.
    pub day_ends: TimeOfDay,
    /// Where civil dates are counted.
    pub zone: &'a Zone,
}

impl Limit {
    /// Is it counted in days or more, so that it ends with a day?
    #[must_use]
    pub const fn in_days(self) -> bool {
        !matches!(self.unit, LimitUnit::Minutes | LimitUnit::Hours)
    }

    /// The moment it runs out when it starts at `from`. A limit in days is rolled by `roll` (`Skip` as `Keep`).
    ///
    /// # Errors
    /// The calendar is asked for a year that is not loaded.
    pub fn after(
        self,
        from: Instant,
        roll: Roll,
        office: OfficeTime<'_>,
    ) -> Result<Instant, CalendarMissing> {
        match self.span() {
            Some(span) => Ok(span.after(from).unwrap_or(from)),
            None => {
                let day = self.day_after(office.zone.date(from), roll, office.calendar)?;
                Ok(office.zone.moment(day, office.day_ends))
            }
        }
    }

    /// The last moment that is still so long before `to`.
    ///
    /// # Errors
    /// The calendar is asked for a year that is not loaded.
    pub fn before(self, to: Instant, roll: Roll, office: OfficeTime<'_>) -> Result<Instant, CalendarMissing> {
        match self.span() {
            Some(span) => Ok(Span::from_micros(-span.micros()).after(to).unwrap_or(Instant::EPOCH)),
            None => {
                let day = self.day_before(office.zone.date(to), roll, office.calendar)?;
                Ok(office.zone.moment(day, office.day_ends))
            }
        }
    }

    /// The day it runs out when it starts on `from`; minutes and hours count as no day.
    ///
    /// # Errors
    /// The calendar is asked for a year that is not loaded.
    pub fn day_after(
        self,
        from: CivilDate,
        roll: Roll,
        calendar: &Calendar,
    ) -> Result<CivilDate, CalendarMissing> {
        self.day_at(from, 1, roll, calendar)
    }

    /// The last day that is still so long before `to`; minutes and hours count as no day.
    ///
    /// # Errors
    /// The calendar is asked for a year that is not loaded.
    pub fn day_before(
        self,
        to: CivilDate,
        roll: Roll,
        calendar: &Calendar,
    ) -> Result<CivilDate, CalendarMissing> {
        self.day_at(to, -1, roll, calendar)
    }

    fn day_at(
        self,
        from: CivilDate,
        sign: i64,
        roll: Roll,
        calendar: &Calendar,
    ) -> Result<CivilDate, CalendarMissing> {
        let count = sign * i64::from(self.count);
        let day = match self.unit {
            LimitUnit::Minutes | LimitUnit::Hours => from,
            LimitUnit::Days => from.plus_days(count),
            LimitUnit::Weeks => from.plus_days(count * 7),
            LimitUnit::WorkingDays => calendar.nth_working(from, count)?,
            LimitUnit::Months => months_later(from, count),
            LimitUnit::Years => months_later(from, count * 12),
        };
        Ok(calendar.roll(day, if roll == Roll::Skip { Roll::Keep } else { roll })?.unwrap_or(day))
    }

    /// Its length, where it is counted in minutes or hours.
    #[must_use]
    pub fn span(self) -> Option<Span> {
        let minute = 60_000_000;
        match self.unit {
            LimitUnit::Minutes => Some(Span::from_micros(i64::from(self.count) * minute)),
            LimitUnit::Hours => Some(Span::from_micros(i64::from(self.count) * 60 * minute)),
            _ => None,
        }
    }
}

/// The same day so many months later; the last day of the month where that month is shorter.
pub(crate) fn months_later(day: CivilDate, months: i64) -> CivilDate {
    let month = i64::from(day.year()) * 12 + i64::from(day.month()) - 1 + months;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    (28..=i64::from(day.day()).max(28))
        .rev()
        .map(|last| i64::from(day.day()).min(last))
        .find_map(|number| CivilDate::new(year, month, number).ok())
        .unwrap_or(day)
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (one, many) = match self.unit {
            LimitUnit::Minutes => ("minute", "minutes"),
            LimitUnit::Hours => ("hour", "hours"),
            LimitUnit::Days => ("day", "days"),
            LimitUnit::WorkingDays => ("working day", "working days"),
            LimitUnit::Weeks => ("week", "weeks"),
            LimitUnit::Months => ("month", "months"),
            LimitUnit::Years => ("year", "years"),
        };
        write!(f, "{} {}", self.count, if self.count == 1 { one } else { many })
    }
}

impl std::str::FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let refused = || LimitError(text.chars().take(40).collect());
        let (count, unit) = text.split_once(' ').ok_or_else(refused)?;
        let unit = match unit {
            "minute" | "minutes" => LimitUnit::Minutes,
            "hour" | "hours" => LimitUnit::Hours,
            "day" | "days" => LimitUnit::Days,
            "working day" | "working days" => LimitUnit::WorkingDays,
            "week" | "weeks" => LimitUnit::Weeks,
            "month" | "months" => LimitUnit::Months,
            "year" | "years" => LimitUnit::Years,
            _ => return Err(refused()),
        };
        let digits = count.len() <= 5 && count.bytes().all(|b| b.is_ascii_digit());
        let count = digits.then(|| count.parse().ok()).flatten().ok_or_else(refused)?;
        Ok(Self { count, unit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::calendar::tests::taipei;

    fn day(text: &str) -> CivilDate {
        text.parse().unwrap()
    }

    fn limit(text: &str) -> Limit {
        text.parse().unwrap()
    }

    #[test]
    fn two_days_before_a_monday_run_is_the_friday() {
        let calendar = taipei();
        let filed_by = limit("2 days").day_before(day("2026-03-02"), Roll::Before, &calendar).unwrap();
        assert_eq!(filed_by, day("2026-02-26"), "Friday the 27th is off, so the Thursday");
        let plain = limit("2 days").day_before(day("2026-03-09"), Roll::Before, &calendar).unwrap();
        assert_eq!(plain, day("2026-03-06"));
    }

    #[test]
    fn a_make_up_saturday_counts_as_a_working_day() {
        let calendar = taipei();
        let next = limit("1 working day").day_after(day("2025-02-07"), Roll::Keep, &calendar).unwrap();
        assert_eq!(next, day("2025-02-08"));
    }

    #[test]
    fn months_end_on_the_last_day_of_a_shorter_month() {
        assert_eq!(months_later(day("2025-08-31"), 6), day("2026-02-28"));
        assert_eq!(months_later(day("2024-03-31"), -1), day("2024-02-29"));
        assert_eq!(months_later(day("2025-01-15"), 12), day("2026-01-15"));
    }

    #[test]
    fn minutes_ask_nothing_of_the_calendar() {
        let calendar = Calendar::default();
        let zone = Zone::new("Asia/Taipei").unwrap();
        let office = OfficeTime { calendar: &calendar, day_ends: TimeOfDay::END, zone: &zone };
        let due = limit("30 minutes").after(Instant::EPOCH, Roll::Keep, office).unwrap();
        assert_eq!(due.to_string(), "1970-01-01T00:30:00.000000Z");
        assert!(limit("2 working days").after(Instant::EPOCH, Roll::Keep, office).is_err());
    }

    #[test]
    fn texts_go_there_and_back_and_others_are_refused() {
        for text in ["30 minutes", "1 hour", "1 working day", "2 working days", "6 months", "0 minutes"] {
            assert_eq!(limit(text).to_string(), text);
        }
        for text in ["30", "30min", "-1 days", "two days", "1  day", "100000 days"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }
}
