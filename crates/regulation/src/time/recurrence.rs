//! What recurs: rules of RFC 5545 on civil dates, with working days of the office calendar.
//!
//! Owns: reading a rule, its days in order, rolling. A series has no end of its own; it stops only where the
//! rule says `UNTIL` or `COUNT`, never at the end of a year.
//! Does not: know hours of the day, time zones, `RDATE`, `EXDATE`, weeks of the year.
//! Source: RFC 5545 §3.3.10, weeks starting on Monday; `WD` in `BYDAY` is ours (`docs/pack.md`, "Duties").

use super::limit::months_later;
use super::rule::{Frequency, Rule, RuleError, parse};
use super::{Calendar, CalendarMissing, Roll};
use model::CivilDate;

/// A rule with its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    text: Box<str>,
    from: CivilDate,
    roll: Roll,
    rule: Rule,
}

/// One of its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Occurrence {
    /// The day the rule names; it identifies the occurrence for good.
    pub nominal: CivilDate,
    /// The day it is due, after rolling.
    pub due: CivilDate,
}

/// After so many periods in a row without a day a rule is held to have none left. The longest true gap is
/// that of a 29 February around 2100: 2,921 days.
const EMPTY_PERIODS: u32 = 5_000;

impl Recurrence {
    /// From a rule of RFC 5545, the day it counts from, and what becomes of days off.
    ///
    /// # Errors
    /// The rule is not one of the declared subset, or contradicts itself.
    pub fn new(text: &str, from: CivilDate, roll: Roll) -> Result<Self, RuleError> {
        Ok(Self { text: text.into(), from, roll, rule: parse(text)? })
    }

    /// The rule as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The day it counts from.
    #[must_use]
    pub const fn from(&self) -> CivilDate {
        self.from
    }

    /// What becomes of days off.
    #[must_use]
    pub const fn roll(&self) -> Roll {
        self.roll
    }

    /// About how many days lie between two of its periods.
    #[must_use]
    pub fn cycle_days(&self) -> i64 {
        self.longest_period() * i64::from(self.rule.interval)
    }

    const fn longest_period(&self) -> i64 {
        match self.rule.frequency {
            Frequency::Daily => 1,
            Frequency::Weekly => 7,
            Frequency::Monthly => 31,
            Frequency::Yearly => 366,
        }
    }

    /// The period it steps by.
    #[must_use]
    pub const fn frequency(&self) -> Frequency {
        self.rule.frequency
    }

    /// The first occurrence whose nominal day is after `day`; `None` when the series is over.
    ///
    /// # Errors
    /// The office calendar does not reach that far.
    pub fn next(&self, day: CivilDate, calendar: &Calendar) -> Result<Option<Occurrence>, CalendarMissing> {
        let mut found = None;
        self.walk(day.plus_days(1), calendar, |occurrence| {
            if occurrence.nominal > day {
                found = Some(occurrence);
            }
            found.is_none()
        })?;
        Ok(found)
    }

    /// The occurrences whose nominal days lie from `first` to `last`, both included, in order.
    ///
    /// # Errors
    /// The office calendar does not reach that far.
    pub fn between(
        &self,
        first: CivilDate,
        last: CivilDate,
        calendar: &Calendar,
    ) -> Result<Vec<Occurrence>, CalendarMissing> {
        let mut found = Vec::new();
        self.walk_until(first, Some(last), calendar, |occurrence| {
            if occurrence.nominal > last {
                return false;
            }
            if occurrence.nominal >= first {
                found.push(occurrence);
            }
            true
        })?;
        Ok(found)
    }

    fn walk(
        &self,
        near: CivilDate,
        calendar: &Calendar,
        visit: impl FnMut(Occurrence) -> bool,
    ) -> Result<(), CalendarMissing> {
        self.walk_until(near, None, calendar, visit)
    }

    /// Visits occurrences in order from somewhere before `near` until `visit` says no, periods begin after
    /// `last`, or the series is over. Two nominal days that roll onto one due day are one occurrence.
    fn walk_until(
        &self,
        near: CivilDate,
        last: Option<CivilDate>,
        calendar: &Calendar,
        mut visit: impl FnMut(Occurrence) -> bool,
    ) -> Result<(), CalendarMissing> {
        let mut period = self.first_period(near);
        let (mut counted, mut empty, mut last_due) = (0, 0, None);
        while empty < EMPTY_PERIODS {
            let Some(start) = self.period_start(period) else { return Ok(()) };
            if last.is_some_and(|last| start > last) || self.rule.until.is_some_and(|until| start > until) {
                return Ok(());
            }
            let days = self.days_of(start, calendar)?;
            empty = if days.is_empty() { empty + 1 } else { 0 };
            for nominal in days {
                if self.rule.until.is_some_and(|until| nominal > until)
                    || self.rule.count.is_some_and(|count| counted >= count)
                {
                    return Ok(());
                }
                counted += 1;
                let Some(due) = self.due(nominal, near, last, calendar)? else { continue };
                if last_due.replace(due) != Some(due) && !visit(Occurrence { nominal, due }) {
                    return Ok(());
                }
            }
            period += 1;
        }
        Ok(())
    }

    /// Days before what is asked for are rolled only to see whether they share a due day with the first that
    /// is; where the calendar does not reach them, they do not.
    fn due(
        &self,
        nominal: CivilDate,
        near: CivilDate,
        last: Option<CivilDate>,
        calendar: &Calendar,
    ) -> Result<Option<CivilDate>, CalendarMissing> {
        let rolled = calendar.roll(nominal, self.roll);
        if nominal < near || last.is_some_and(|last| nominal > last) {
            return Ok(rolled.unwrap_or(Some(nominal)));
        }
        rolled
    }

    /// Where to begin so that nothing near `near` is missed. A counted series is walked from its start.
    fn first_period(&self, near: CivilDate) -> i64 {
        if self.rule.count.is_some() || near <= self.from {
            return 0;
        }
        let days = near.days_since_epoch() - self.from.days_since_epoch();
        let longest = self.longest_period();
        let back = if longest > 7 { 2 } else { 33 };
        (days / self.cycle_days() - back).max(0)
    }

    fn period_start(&self, period: i64) -> Option<CivilDate> {
        let step = period.checked_mul(i64::from(self.rule.interval))?;
        let first = |month| CivilDate::new(i64::from(self.from.year()), month, 1).ok();
        let start = match self.rule.frequency {
            Frequency::Daily => self.from.plus_days(step),
            Frequency::Weekly => self.from.plus_days(1 - i64::from(self.from.weekday())).plus_days(step * 7),
            Frequency::Monthly => months_later(first(i64::from(self.from.month()))?, step),
            Frequency::Yearly => months_later(first(1)?, step * 12),
        };
        // The end of representable time stands still; the walk must not.
        (start.year() < 9990).then_some(start)
    }

    fn days_of(&self, start: CivilDate, calendar: &Calendar) -> Result<Vec<CivilDate>, CalendarMissing> {
        let rule = &self.rule;
        let mut days = match rule.frequency {
            Frequency::Daily => self.within(start, start, &[], calendar)?,
            Frequency::Weekly => self.within(start, start.plus_days(6), &[self.from.weekday()], calendar)?,
            Frequency::Monthly => self.in_month(start, calendar)?,
            Frequency::Yearly => self.in_year(start, calendar)?,
        };
        if !rule.positions.is_empty() {
            days = pick(&days, &rule.positions);
        }
        days.retain(|day| *day >= self.from);
        Ok(days)
    }

    /// Days of a week, or a single day: every part of the rule limits them.
    fn within(
        &self,
        first: CivilDate,
        last: CivilDate,
        weekdays: &[i8],
        calendar: &Calendar,
    ) -> Result<Vec<CivilDate>, CalendarMissing> {
        let rule = &self.rule;
        let mut days = Vec::new();
        for offset in 0..=(last.days_since_epoch() - first.days_since_epoch()) {
            let day = first.plus_days(offset);
            let by_default =
                rule.days.is_empty() && (weekdays.is_empty() || weekdays.contains(&day.weekday()));
            if self.month_fits(day)
                && self.month_day_fits(day)
                && self.needs(day)
                && (by_default || self.weekday_fits(day, calendar)?)
            {
                days.push(day);
            }
        }
        Ok(days)
    }

    fn in_month(&self, start: CivilDate, calendar: &Calendar) -> Result<Vec<CivilDate>, CalendarMissing> {
        if !self.month_fits(start) {
            return Ok(Vec::new());
        }
        let last = months_later(start, 1).plus_days(-1);
        let all = dates(start, last);
        if self.rule.days.is_empty() {
            let by_default = [i16::from(self.from.day())];
            let wanted =
                if self.rule.month_days.is_empty() { &by_default[..] } else { &self.rule.month_days };
            return Ok(all.into_iter().filter(|day| month_day_is(*day, wanted)).collect());
        }
        let mut days = self.weekdays_of(&all, calendar)?;
        days.retain(|day| self.month_day_fits(*day));
        Ok(days)
    }

    fn in_year(&self, start: CivilDate, calendar: &Calendar) -> Result<Vec<CivilDate>, CalendarMissing> {
        let rule = &self.rule;
        if rule.months.is_empty() && rule.month_days.is_empty() && !rule.days.is_empty() {
            return self.weekdays_of(&dates(start, months_later(start, 12).plus_days(-1)), calendar);
        }
        let plain = rule.months.is_empty() && rule.month_days.is_empty();
        let mut days = Vec::new();
        for month in 0..12 {
            let first = months_later(start, month);
            if !plain || first.month() == self.from.month() {
                days.extend(self.in_month(first, calendar)?);
            }
        }
        Ok(days)
    }

    /// The days among `all` that the rule's weekdays name, counted within `all` where they are counted.
    fn weekdays_of(&self, all: &[CivilDate], calendar: &Calendar) -> Result<Vec<CivilDate>, CalendarMissing> {
        let mut days = Vec::new();
        for rule in &self.rule.days {
            let mut fitting = Vec::new();
            for day in all {
                if (rule.nth.is_some() || self.needs(*day)) && is_weekday(*day, rule.weekday, calendar)? {
                    fitting.push(*day);
                }
            }
            days.extend(match rule.nth {
                Some(nth) => pick(&fitting, &[nth]),
                None => fitting,
            });
        }
        days.sort_unstable();
        days.dedup();
        Ok(days)
    }

    /// Days before the series begins are asked for only where days are counted; the calendar may not have them.
    fn needs(&self, day: CivilDate) -> bool {
        !self.rule.positions.is_empty() || day >= self.from
    }

    fn month_fits(&self, day: CivilDate) -> bool {
        self.rule.months.is_empty() || self.rule.months.contains(&i16::from(day.month()))
    }

    fn month_day_fits(&self, day: CivilDate) -> bool {
        self.rule.month_days.is_empty() || month_day_is(day, &self.rule.month_days)
    }

    fn weekday_fits(&self, day: CivilDate, calendar: &Calendar) -> Result<bool, CalendarMissing> {
        for rule in &self.rule.days {
            if is_weekday(day, rule.weekday, calendar)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_weekday(day: CivilDate, weekday: Option<i8>, calendar: &Calendar) -> Result<bool, CalendarMissing> {
    weekday.map_or_else(|| calendar.is_working(day), |weekday| Ok(day.weekday() == weekday))
}

fn month_day_is(day: CivilDate, wanted: &[i16]) -> bool {
    let number = i16::from(day.day());
    let length = i16::from(months_later(day.plus_days(1 - i64::from(day.day())), 1).plus_days(-1).day());
    wanted.iter().any(|wanted| *wanted == number || length + 1 + *wanted == number)
}

fn dates(first: CivilDate, last: CivilDate) -> Vec<CivilDate> {
    (0..=(last.days_since_epoch() - first.days_since_epoch())).map(|offset| first.plus_days(offset)).collect()
}

/// The days at these positions, 1 the first, −1 the last, in order.
fn pick(days: &[CivilDate], positions: &[i16]) -> Vec<CivilDate> {
    let mut picked: Vec<CivilDate> = positions
        .iter()
        .filter_map(|position| {
            let back = usize::from(position.unsigned_abs());
            let index = if *position > 0 { back.checked_sub(1) } else { days.len().checked_sub(back) };
            days.get(index?).copied()
        })
        .collect();
    picked.sort_unstable();
    picked.dedup();
    picked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::calendar::tests::taipei;
    use proptest::prelude::*;

    fn day(text: &str) -> CivilDate {
        text.parse().unwrap()
    }

    fn days(rule: &str, from: &str, first: &str, last: &str) -> Vec<String> {
        let series = Recurrence::new(rule, day(from), Roll::Keep).unwrap();
        let found = series.between(day(first), day(last), &taipei()).unwrap();
        found.into_iter().map(|occurrence| occurrence.due.to_string()).collect()
    }

    #[test]
    fn every_half_year_goes_on_over_new_year() {
        let found = days("FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=1", "2024-03-01", "2024-01-01", "2026-12-31");
        assert_eq!(
            found,
            ["2024-03-01", "2024-09-01", "2025-03-01", "2025-09-01", "2026-03-01", "2026-09-01"]
        );
    }

    #[test]
    fn a_weekly_series_does_not_stop_at_new_year() {
        let found = days("FREQ=WEEKLY;BYDAY=WE", "2024-01-03", "2024-12-25", "2025-01-15");
        assert_eq!(found, ["2024-12-25", "2025-01-01", "2025-01-08", "2025-01-15"]);
    }

    #[test]
    fn working_days_are_counted_by_the_office_calendar() {
        let first = days("FREQ=MONTHLY;BYDAY=1WD", "2024-01-01", "2024-12-01", "2025-02-28");
        assert_eq!(first, ["2024-12-02", "2025-01-02", "2025-02-03"]);
        let last = days("FREQ=MONTHLY;BYDAY=-1WD", "2024-01-01", "2026-02-01", "2026-02-28");
        assert_eq!(last, ["2026-02-26"]);
        let make_up = days("FREQ=DAILY;BYDAY=WD", "2025-02-07", "2025-02-07", "2025-02-10");
        assert_eq!(make_up, ["2025-02-07", "2025-02-08", "2025-02-10"]);
    }

    #[test]
    fn the_examples_of_the_standard_hold() {
        let found = |rule, from, last| days(rule, from, from, last);
        assert_eq!(
            found("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "2024-09-04", "2024-12-31"),
            ["2024-09-05", "2024-10-03", "2024-11-07"],
        );
        assert_eq!(
            found("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "2024-01-01", "2026-12-31"),
            ["2024-09-13", "2024-12-13", "2025-06-13", "2026-02-13", "2026-03-13", "2026-11-13"],
        );
        assert_eq!(
            found("FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYDAY=SU", "2024-01-01", "2026-01-15"),
            ["2024-01-07", "2024-01-14", "2024-01-21", "2024-01-28", "2026-01-04", "2026-01-11"],
        );
        assert_eq!(found("FREQ=YEARLY;BYDAY=20MO", "2024-05-01", "2025-12-31"), ["2024-05-13", "2025-05-19"]);
        assert_eq!(
            found("FREQ=MONTHLY;BYMONTHDAY=-1", "2024-01-31", "2024-03-31"),
            ["2024-01-31", "2024-02-29", "2024-03-31"]
        );
        assert_eq!(
            found("FREQ=MONTHLY", "2024-01-31", "2024-05-31"),
            ["2024-01-31", "2024-03-31", "2024-05-31"]
        );
        assert_eq!(found("FREQ=YEARLY", "2024-02-29", "2026-12-31"), ["2024-02-29"]);
        assert_eq!(found("FREQ=DAILY;UNTIL=20240103", "2024-01-01", "2026-12-31").len(), 3);
    }

    #[test]
    fn weekly_parity_counts_from_the_monday_of_the_start() {
        let found = days("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", "2024-08-06", "2024-08-01", "2024-09-04");
        assert_eq!(found, ["2024-08-06", "2024-08-11", "2024-08-20", "2024-08-25", "2024-09-03"]);
    }

    #[test]
    fn a_day_off_rolls_and_keeps_its_name() {
        let series =
            Recurrence::new("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28", day("2024-01-01"), Roll::Before).unwrap();
        let found = series.between(day("2026-01-01"), day("2026-12-31"), &taipei()).unwrap();
        assert_eq!(found, [Occurrence { nominal: day("2026-02-28"), due: day("2026-02-26") }]);
        let skipped =
            Recurrence::new("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28", day("2026-01-01"), Roll::Skip).unwrap();
        assert!(skipped.between(day("2026-01-01"), day("2026-12-31"), &taipei()).unwrap().is_empty());
    }

    #[test]
    fn a_day_past_the_calendar_is_missing_where_the_calendar_is_asked() {
        let asks = Recurrence::new("FREQ=DAILY;BYDAY=WD", day("2024-01-01"), Roll::Keep).unwrap();
        assert_eq!(asks.next(day("2026-12-31"), &taipei()), Err(CalendarMissing { day: day("2027-01-01") }));
        let plain = Recurrence::new("FREQ=DAILY", day("2024-01-01"), Roll::Keep).unwrap();
        assert_eq!(plain.next(day("2026-12-31"), &taipei()).unwrap().unwrap().due, day("2027-01-01"));
    }

    #[test]
    fn a_series_without_a_day_ends_instead_of_looking_for_ever() {
        let never =
            Recurrence::new("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", day("2024-01-01"), Roll::Keep).unwrap();
        assert_eq!(never.next(day("2024-01-01"), &taipei()).unwrap(), None);
        let rare =
            Recurrence::new("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29", day("2096-03-01"), Roll::Keep).unwrap();
        assert_eq!(rare.next(day("2096-03-01"), &taipei()).unwrap().unwrap().due, day("2104-02-29"));
    }

    #[test]
    fn refusals_point_at_the_word() {
        for (rule, at) in [
            ("FREQ=HOURLY", 5),
            ("FREQ=DAILY;BYHOUR=3", 11),
            ("FREQ=MONTHLY;BYMONTHDAY=1,32", 26),
            ("FREQ=MONTHLY;BYDAY=1XX", 19),
            ("FREQ=WEEKLY;BYDAY=2MO", 18),
            ("FREQ=DAILY;INTERVAL=0", 20),
            ("FREQ=DAILY;COUNT=3;UNTIL=20260101", 17),
            ("FREQ=DAILY;FREQ=DAILY", 11),
            ("daily", 0),
        ] {
            let refused = Recurrence::new(rule, day("2024-01-01"), Roll::Keep).unwrap_err();
            assert_eq!(refused.at, at, "{rule}: {refused}");
        }
    }

    proptest! {
        /// Walking one by one finds exactly what asking for the whole span finds, wherever one begins.
        #[test]
        fn next_and_between_agree(
            rule in prop::sample::select(vec![
                "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", "FREQ=MONTHLY;BYMONTHDAY=15,-1",
                "FREQ=MONTHLY;BYDAY=-1WD", "FREQ=MONTHLY;INTERVAL=6", "FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=15",
                "FREQ=DAILY;COUNT=40", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            ]),
            roll in prop::sample::select(vec![Roll::Keep, Roll::Before, Roll::After, Roll::Skip]),
            start in 0i64..300,
            first in 31i64..500,
        ) {
            let series = Recurrence::new(rule, day("2024-01-01").plus_days(start), roll).unwrap();
            let (first, last) = (day("2024-01-01").plus_days(first), day("2026-11-30"));
            let whole = series.between(first, last, &taipei()).unwrap();
            let mut single = Vec::new();
            let mut at = first.plus_days(-1);
            // Past the last day the calendar may end; that is not what is asked here.
            while let Some(next) = series.next(at, &taipei()).ok().flatten().filter(|next| next.nominal <= last) {
                single.push(next);
                at = next.nominal;
            }
            // Stepping from a nominal day forgets that an earlier one had the same due day.
            single.dedup_by_key(|occurrence| occurrence.due);
            prop_assert_eq!(whole, single);
        }
    }
}
