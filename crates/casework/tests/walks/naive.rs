//! When duties fall due, worked out a second time and as simply as can be: every day from the first to the last is
//! asked whether the rule names it.
//!
//! Invariant: shares no code with `regulation`'s calendar and recurrence; the office calendar is read from its
//! files here. Knows the words of rules that the pack uses; another word stops the test.

use model::CivilDate;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The office calendar as its files say.
pub(crate) struct Days {
    off: BTreeSet<CivilDate>,
    work: BTreeSet<CivilDate>,
}

#[derive(Deserialize)]
struct File {
    weekend: Vec<String>,
    #[serde(default)]
    off: Vec<Named>,
    #[serde(default)]
    work: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    date: toml::value::Datetime,
}

impl Days {
    pub(crate) fn read() -> Self {
        let mut days = Self { off: BTreeSet::new(), work: BTreeSet::new() };
        for entry in std::fs::read_dir("../../regulations/taichung-2001/calendars").unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let file: File = toml::from_str(&text).unwrap();
            assert_eq!(file.weekend, ["saturday", "sunday"]);
            let dates = |named: &[Named]| {
                named.iter().map(|one| one.date.to_string().parse::<CivilDate>().unwrap()).collect::<Vec<_>>()
            };
            days.off.extend(dates(&file.off));
            days.work.extend(dates(&file.work));
        }
        days
    }

    /// Make-up working days.
    pub(crate) fn made_up(&self) -> impl Iterator<Item = CivilDate> + '_ {
        self.work.iter().copied()
    }

    /// Also of a year that no file is of: there only weekends are off.
    pub(crate) fn works(&self, day: CivilDate) -> bool {
        self.work.contains(&day) || (day.weekday() <= 5 && !self.off.contains(&day))
    }

    fn rolled(&self, day: CivilDate, roll: &str) -> Option<CivilDate> {
        let walk = |step: i64| (0..).map(|n| day.plus_days(n * step)).find(|day| self.works(*day));
        match roll {
            "keep" => Some(day),
            "before" => walk(-1),
            "after" => walk(1),
            "skip" => self.works(day).then_some(day),
            other => panic!("{other:?} is no way to roll"),
        }
    }

    /// What a rule names from its first day to `last`, each with the day it is due; days due on one and the same
    /// day are one.
    pub(crate) fn due(
        &self,
        rule: &str,
        from: CivilDate,
        roll: &str,
        last: CivilDate,
    ) -> Vec<(CivilDate, CivilDate)> {
        let mut due: Vec<(CivilDate, CivilDate)> = Vec::new();
        let mut day = from;
        while day <= last {
            if self.names(rule, from, day)
                && let Some(rolled) = self.rolled(day, roll)
                && due.last().is_none_or(|(_, before)| *before != rolled)
            {
                due.push((day, rolled));
            }
            day = day.plus_days(1);
        }
        due
    }

    /// Does the rule name this day?
    fn names(&self, rule: &str, from: CivilDate, day: CivilDate) -> bool {
        let words: Vec<(&str, &str)> = rule.split(';').map(|word| word.split_once('=').unwrap()).collect();
        let known = ["FREQ", "INTERVAL", "BYMONTH", "BYMONTHDAY", "BYDAY"];
        assert!(words.iter().all(|(word, _)| known.contains(word)), "{rule}: a word that is not known here");
        let word = |name: &str| words.iter().find(|(word, _)| *word == name).map(|(_, value)| *value);
        let interval: i64 = word("INTERVAL").map_or(1, |n| n.parse().unwrap());
        let months = |day: CivilDate| i64::from(day.year()) * 12 + i64::from(day.month());
        let monday = |day: CivilDate| day.plus_days(1 - i64::from(day.weekday())).days_since_epoch();
        let apart = match word("FREQ").unwrap() {
            "DAILY" => day.days_since_epoch() - from.days_since_epoch(),
            "WEEKLY" => (monday(day) - monday(from)) / 7,
            "MONTHLY" => months(day) - months(from),
            "YEARLY" => i64::from(day.year()) - i64::from(from.year()),
            other => panic!("{other:?} is not known here"),
        };
        let listed = |list: &str, fits: &dyn Fn(&str) -> bool| list.split(',').any(fits);
        let by_month = word("BYMONTH").map(|list| listed(list, &|n| n.parse() == Ok(day.month())));
        let by_day_of_month = word("BYMONTHDAY").map(|list| listed(list, &|n| n.parse() == Ok(day.day())));
        let by_day = word("BYDAY").map(|list| listed(list, &|one| self.is_weekday(one, day)));
        let frequency = word("FREQ").unwrap();
        let whole = match frequency {
            "WEEKLY" => by_day.unwrap_or(day.weekday() == from.weekday()),
            "MONTHLY" => by_day.or(by_day_of_month).unwrap_or(day.day() == from.day()),
            "YEARLY" => {
                by_day_of_month.unwrap_or(day.day() == from.day())
                    && by_month.unwrap_or(day.month() == from.month())
            }
            _ => by_day.unwrap_or(true),
        };
        apart % interval == 0 && by_month.unwrap_or(true) && by_day_of_month.unwrap_or(true) && whole
    }

    /// `WD`, `3WD`, `-1WD`, `FR`, `2TU`, `-1FR`: of its month, where there is a number.
    fn is_weekday(&self, word: &str, day: CivilDate) -> bool {
        let (number, kind) = word.split_at(word.len() - 2);
        let fits = |day: CivilDate| match ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
            .iter()
            .position(|one| *one == kind)
        {
            Some(at) => usize::try_from(day.weekday()).unwrap() == at + 1,
            None => kind == "WD" && self.works(day),
        };
        if number.is_empty() {
            return fits(day);
        }
        let number: i64 = number.parse().unwrap();
        let step = if number > 0 { -1 } else { 1 };
        let mut count = 0;
        let mut other = day;
        while other.month() == day.month() {
            count += i64::from(fits(other));
            other = other.plus_days(step);
        }
        fits(day) && count == number.abs()
    }
}

#[test]
fn the_make_up_saturdays_are_working_days() {
    let days = Days::read();
    assert_eq!(days.made_up().count(), 8);
    assert!(days.made_up().all(|day| day.weekday() == 6 && days.works(day)));
}
