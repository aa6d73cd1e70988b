//! Dates as people here write them: with years of the Republic (民國) in Chinese, as in ISO 8601 in English.
//!
//! Pure. What people type is read in both spellings.

use crate::language::Language;
use model::{CivilDate, Instant};
use regulation::{Limit, LimitUnit, TimeOfDay, Zone};

/// The year before the first of the Republic.
const BEFORE: i16 = 1911;

/// `115年3月2日`, `2026-03-02`.
#[must_use]
pub fn date(language: Language, date: CivilDate) -> String {
    match language {
        Language::Chinese => {
            format!("{}年{}月{}日", date.year() - BEFORE, date.month(), date.day())
        }
        Language::English => date.to_string(),
    }
}

/// `115年3月2日 14:05`, `2026-03-02 14:05`, in a zone.
#[must_use]
pub fn moment(language: Language, zone: &Zone, at: Instant) -> String {
    let (day, time) = zone.civil(at);
    format!("{} {time}", date(language, day))
}

/// `115/03/02 14:05:09`, `2026-03-02 14:05:09`, in a zone: in the order of time when put in that of letters.
pub(crate) fn second(language: Language, zone: &Zone, at: Instant) -> String {
    let (day, time) = zone.civil(at);
    // Zones are whole minutes apart.
    let second = at.as_seconds().rem_euclid(60);
    match language {
        Language::Chinese => {
            format!("{}/{:02}/{:02} {time}:{second:02}", day.year() - BEFORE, day.month(), day.day())
        }
        Language::English => format!("{day} {time}:{second:02}"),
    }
}

/// The end of a span, which itself counts no more: of one that ends with a day, that day.
pub(crate) fn end(language: Language, zone: &Zone, at: Instant) -> String {
    let (day, _) = zone.civil(at);
    match zone.moment(day, TimeOfDay::START) == at {
        true => date(language, day.plus_days(-1)),
        false => moment(language, zone, at),
    }
}

/// A length of time in its two largest units: `2 日 3 小時`, `2 d 3 h`.
#[must_use]
pub fn span(language: Language, micros: i64) -> String {
    let minutes = micros.unsigned_abs() / 60_000_000;
    let parts =
        [(minutes / 1_440, " 日", " d"), (minutes / 60 % 24, " 小時", " h"), (minutes % 60, " 分鐘", " min")];
    let written: Vec<String> = parts
        .iter()
        .skip_while(|(count, _, _)| *count == 0)
        .take(2)
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, zh, en)| format!("{count}{}", language.of(zh, en)))
        .collect();
    let text =
        if written.is_empty() { format!("0{}", language.of(" 分鐘", " min")) } else { written.join(" ") };
    if micros < 0 { format!("−{text}") } else { text }
}

/// A limit of the pack: `3 個工作日`, `3 working days`.
#[must_use]
pub(crate) fn limit(language: Language, limit: Limit) -> String {
    let unit = match limit.unit {
        LimitUnit::Minutes => "分鐘",
        LimitUnit::Hours => "小時",
        LimitUnit::Days => "日",
        LimitUnit::WorkingDays => "個工作日",
        LimitUnit::Weeks => "週",
        LimitUnit::Months => "個月",
        LimitUnit::Years => "年",
    };
    match language {
        Language::Chinese => format!("{} {unit}", limit.count),
        Language::English => limit.to_string(),
    }
}

/// A date as people type it: `2026-03-02`, `115年3月2日`, `115/3/2`, `115.3.2`; also in digits of full width.
#[must_use]
pub fn read_date(text: &str) -> Option<CivilDate> {
    let text: String = text.trim().trim_start_matches("民國").chars().map(narrow).collect();
    let mut numbers =
        text.split(['-', '/', '.', '年', '月', '日']).map(str::trim).filter(|part| !part.is_empty());
    let mut number = || numbers.next().and_then(|part| part.parse::<i64>().ok());
    let (year, month, day) = (number()?, number()?, number()?);
    if numbers.next().is_some() {
        return None;
    }
    // A year of three digits at most is one of the Republic.
    let year = if year < 1_000 { year + i64::from(BEFORE) } else { year };
    CivilDate::new(year, month, day).ok()
}

/// A moment as forms give it, `2026-03-02T14:05`, or with a date as people type it before a blank.
#[must_use]
pub fn read_moment(zone: &Zone, text: &str) -> Option<Instant> {
    let (day, time) = text.trim().split_once(['T', ' '])?;
    let time: String = time.trim().chars().map(narrow).take(5).collect();
    let time: TimeOfDay = time.parse().ok()?;
    Some(zone.moment(read_date(day)?, time))
}

/// A moment as the field of a form wants it: `2026-03-02T14:05`.
#[must_use]
pub fn field_moment(zone: &Zone, at: Instant) -> String {
    let (day, time) = zone.civil(at);
    format!("{day}T{time}")
}

fn narrow(wide: char) -> char {
    match wide {
        '０'..='９' => char::from_u32(u32::from(wide) - u32::from('０') + u32::from('0')).unwrap_or(wide),
        '：' => ':',
        '／' => '/',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_with_years_of_the_republic_in_chinese_and_as_iso_in_english() {
        let zone = Zone::new("Asia/Taipei").unwrap();
        let at: Instant = "2026-03-02T06:05:00.000000Z".parse().unwrap();
        assert_eq!(moment(Language::Chinese, &zone, at), "115年3月2日 14:05");
        assert_eq!(moment(Language::English, &zone, at), "2026-03-02 14:05");
        assert_eq!(field_moment(&zone, at), "2026-03-02T14:05");
        // The last minute of a year there is still the day before in UTC.
        let turn: Instant = "2025-12-31T16:00:00.000000Z".parse().unwrap();
        assert_eq!(moment(Language::Chinese, &zone, turn), "115年1月1日 00:00");
        assert_eq!(date(Language::Chinese, "1970-01-01".parse().unwrap()), "59年1月1日");
    }

    #[test]
    fn dates_are_read_as_people_type_them() {
        let expected: CivilDate = "2026-03-02".parse().unwrap();
        for text in
            ["2026-03-02", "115年3月2日", "民國115年3月2日", " 115/3/2 ", "115.03.02", "１１５／３／２"]
        {
            assert_eq!(read_date(text), Some(expected), "{text}");
        }
        for text in ["", "115/13/1", "2026-02-30", "3/2", "115/3/2/1", "明天"] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    #[test]
    fn what_ends_with_a_day_ends_on_that_day() {
        let zone = Zone::new("Asia/Taipei").unwrap();
        let ends = |at: &str| end(Language::Chinese, &zone, at.parse().unwrap());
        assert_eq!(ends("2026-03-01T16:00:00.000000Z"), "115年3月1日");
        assert_eq!(ends("2026-03-01T16:00:01.000000Z"), "115年3月2日 00:00");
        assert_eq!(ends("2026-03-01T15:59:00.000000Z"), "115年3月1日 23:59");
    }

    #[test]
    fn moments_are_read_in_the_zone() {
        let zone = Zone::new("Asia/Taipei").unwrap();
        for text in ["2026-03-02T14:05", "115/3/2 14:05", "2026-03-02T14:05:59"] {
            let read = read_moment(&zone, text).map(|at| at.to_string());
            assert_eq!(read.as_deref(), Some("2026-03-02T06:05:00.000000Z"), "{text}");
        }
        assert_eq!(read_moment(&zone, "2026-03-02"), None);
    }

    #[test]
    fn spans_are_told_in_their_two_largest_units() {
        let minutes = |count: i64| count * 60_000_000;
        for (micros, zh, en) in [
            (0, "0 分鐘", "0 min"),
            (minutes(59), "59 分鐘", "59 min"),
            (minutes(60), "1 小時", "1 h"),
            (minutes(1_440 * 2 + 61), "2 日 1 小時", "2 d 1 h"),
            (minutes(1_440 + 5), "1 日", "1 d"),
            (-minutes(30), "−30 分鐘", "−30 min"),
        ] {
            assert_eq!(span(Language::Chinese, micros), zh);
            assert_eq!(span(Language::English, micros), en);
        }
    }
}
