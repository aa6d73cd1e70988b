//! Times as devices write them.
//!
//! A device's time is kept beside the time of reception and never in its place: the order of lines is that of their
//! reception. What a device leaves out is supplied: the last year in which its time is not after the reception by more than
//! a week, so that lines of an old file are of the past; and the zone of its source.
//! Source: RFC 3164 §4.1.2, RFC 5424 §6.2.3, RFC 3339; Cisco `service timestamps`, Huawei `info-center timestamp`; Apache
//! `mod_log_config`; numbers of seconds and their parts since 1970, as many write them.

use crate::scan::{behind_all, number};
use model::{CivilDate, Instant};

/// A time that a device wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The moment, with what was left out supplied.
    pub at: Instant,
    /// The zone that the device said, in seconds east of UTC; none where the source's was supplied.
    pub zone: Option<i32>,
    /// Did the device say itself that its clock was never set, or has lost what it is set by?
    pub doubted: bool,
}

/// What a time is read with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When {
    /// When the line was received.
    pub(crate) received: Instant,
    /// The zone of its source: seconds east of UTC.
    pub(crate) offset: i32,
}

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY * MICROS;

/// Reads from the front.
struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn take_any(&mut self, wanted: &[u8]) -> Option<u8> {
        let found = self.peek().filter(|byte| wanted.contains(byte))?;
        self.at += 1;
        Some(found)
    }

    /// A number of `least` to `most` digits, at most nine.
    #[inline]
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let from = self.at;
        let mut value = 0;
        while self.at - from < most
            && let Some(byte) = self.peek().filter(u8::is_ascii_digit)
        {
            value = value * 10 + i64::from(byte - b'0');
            self.at += 1;
        }
        (self.at - from >= least).then_some(value)
    }

    fn spaces(&mut self) -> usize {
        let from = self.at;
        while self.take(b' ').is_some() {}
        self.at - from
    }

    /// `hh:mm:ss`, as seconds of the day; a leap second is the last of its minute.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.number(1, 2)?;
        self.take(b':')?;
        let minute = self.number(2, 2)?;
        self.take(b':')?;
        let second = self.number(2, 2)?;
        (hour < 24 && minute < 60 && second <= 60).then(|| hour * 3_600 + minute * 60 + second.min(59))
    }

    /// `.123456` or `,123`, as microseconds; nought where there is none. Digits beyond the sixth say nothing.
    fn fraction(&mut self) -> i64 {
        if !matches!(self.peek(), Some(b'.' | b','))
            || !self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit)
        {
            return 0;
        }
        self.at += 1;
        let (mut micros, mut worth) = (0, MICROS / 10);
        while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
            micros += i64::from(byte - b'0') * worth;
            worth /= 10;
            self.at += 1;
        }
        micros
    }

    /// `Z`, `+08:00`, `+0800`, `+08`; also the `+08:00Z` that some write. None, and nothing taken, where there is none.
    fn zone(&mut self) -> Option<i64> {
        let from = self.at;
        let zone = self.zone_or_none();
        if zone.is_none() {
            self.at = from;
        }
        zone
    }

    fn zone_or_none(&mut self) -> Option<i64> {
        let sign = match self.take_any(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let hours = self.number(2, 2)?;
        let colon = self.take(b':').is_some();
        let from = self.at;
        let minutes = match self.number(2, 2) {
            None if colon => return None,
            None => {
                self.at = from;
                0
            }
            Some(minutes) => minutes,
        };
        let _ = self.take_any(b"Zz");
        (hours <= 18 && minutes < 60).then(|| sign * (hours * 3_600 + minutes * 60))
    }

    /// ` +0800`, behind a blank.
    fn zone_apart(&mut self) -> Option<i64> {
        let from = self.at;
        let signed = self.take(b' ').is_some() && matches!(self.peek(), Some(b'+' | b'-'));
        let zone = if signed { self.zone() } else { None };
        if zone.is_none() {
            self.at = from;
        }
        zone
    }

    /// `Fri `, which says nothing beside a date.
    fn weekday(&mut self) {
        const NAMES: [&[u8]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if NAMES.iter().any(|name| rest.starts_with(name)) {
            self.at += 4;
        }
    }

    fn month(&mut self) -> Option<i64> {
        let [a, b, c] = *self.bytes.get(self.at..)?.first_chunk()?;
        let month = match [a | 0x20, b | 0x20, c | 0x20] {
            [b'j', b'a', b'n'] => 1,
            [b'f', b'e', b'b'] => 2,
            [b'm', b'a', b'r'] => 3,
            [b'a', b'p', b'r'] => 4,
            [b'm', b'a', b'y'] => 5,
            [b'j', b'u', b'n'] => 6,
            [b'j', b'u', b'l'] => 7,
            [b'a', b'u', b'g'] => 8,
            [b's', b'e', b'p'] => 9,
            [b'o', b'c', b't'] => 10,
            [b'n', b'o', b'v'] => 11,
            [b'd', b'e', b'c'] => 12,
            _ => return None,
        };
        self.at += 3;
        Some(month)
    }

    /// Words such as `UTC` or `CST`: what they mean differs by country, so that only the first two count. Others are
    /// passed over where Cisco's sign follows, since they could be a host elsewhere.
    fn zone_word(&mut self) -> Option<i64> {
        let from = self.at;
        self.take(b' ')?;
        let end = behind_all(self.bytes, self.at, self.at + 8, |byte| byte.is_ascii_alphanumeric());
        let word = self.bytes.get(self.at..end)?;
        let behind = self.bytes.get(end..)?;
        let ends = matches!(behind.first(), None | Some(b' ' | b':'));
        let zone = match word {
            b"UTC" | b"GMT" if ends => Some(0),
            _ => None,
        };
        let passed = zone.is_some() || (!word.is_empty() && behind.starts_with(b": %"));
        self.at = if passed { end } else { from };
        zone
    }
}

/// A time at the front of a text, and how many bytes it takes.
#[inline]
pub(crate) fn stamp(text: &[u8], when: When) -> Option<(Stamp, usize)> {
    match text.first()? {
        b'0'..=b'9' => full(text, when).or_else(|| year_first(text, when)),
        b'*' | b'.' | b'A'..=b'Z' | b'a'..=b'z' => named(text, when),
        _ => None,
    }
}

/// A text that is a time as a whole, in any of the ways in which a body may say one.
pub(crate) fn moment(text: &[u8], when: When) -> Option<Stamp> {
    let (stamp, end) = epoch(text).or_else(|| stamp(text, when)).or_else(|| slashed(text, when))?;
    // `2026-11-20 10:11:12 UTC`
    let rest = text.get(end..)?;
    match rest {
        b"" => Some(stamp),
        b" UTC" | b" GMT" | b" Z" if stamp.zone.is_none() => {
            Some(Stamp { zone: Some(0), ..stamp }.moved(when))
        }
        _ => None,
    }
}

impl Stamp {
    /// A time whose zone was supplied, as one in UTC.
    fn moved(self, when: When) -> Self {
        let at = self.at.as_micros() + i64::from(when.offset) * MICROS;
        Self { at: Instant::from_micros(at).unwrap_or(self.at), ..self }
    }
}

/// `2026-11-20T10:11:12.123+08:00`, `2026-11-20 10:11:12`, `2026/11/20 10:11:12`.
fn full(text: &[u8], when: When) -> Option<(Stamp, usize)> {
    let mut cursor = Cursor { bytes: text, at: 0 };
    let year = cursor.number(4, 4)?;
    let between = cursor.take_any(b"-/")?;
    let month = cursor.number(1, 2)?;
    cursor.take(between)?;
    let day = cursor.number(1, 2)?;
    cursor.take_any(b"Tt ")?;
    let clock = cursor.clock()?;
    let micros = cursor.fraction();
    let zone = cursor.zone().or_else(|| cursor.zone_apart());
    let stamp = made((year, month, day), clock, micros, zone, when)?;
    Some((stamp, cursor.at))
}

/// `2026 Nov 20 10:11:12 UTC`, as NX-OS writes it.
fn year_first(text: &[u8], when: When) -> Option<(Stamp, usize)> {
    let mut cursor = Cursor { bytes: text, at: 0 };
    let year = cursor.number(4, 4)?;
    cursor.take(b' ')?;
    let month = cursor.month()?;
    cursor.spaces();
    let day = cursor.number(1, 2)?;
    cursor.take(b' ')?;
    let clock = cursor.clock()?;
    let micros = cursor.fraction();
    let zone = cursor.zone().or_else(|| cursor.zone_word());
    let stamp = made((year, month, day), clock, micros, zone, when)?;
    Some((stamp, cursor.at))
}

/// `20/Nov/2026:10:11:12 +0800`, as web servers write it.
fn slashed(text: &[u8], when: When) -> Option<(Stamp, usize)> {
    let mut cursor = Cursor { bytes: text, at: 0 };
    let day = cursor.number(1, 2)?;
    cursor.take(b'/')?;
    let month = cursor.month()?;
    cursor.take(b'/')?;
    let year = cursor.number(4, 4)?;
    cursor.take(b':')?;
    let clock = cursor.clock()?;
    let micros = cursor.fraction();
    cursor.spaces();
    let zone = cursor.zone();
    let stamp = made((year, month, day), clock, micros, zone, when)?;
    Some((stamp, cursor.at))
}

/// `Nov 20 10:11:12`, `Nov  2 10:11:12.123`, `Nov 20 2026 10:11:12`, `*Mar  1 00:00:12.123 UTC`.
fn named(text: &[u8], when: When) -> Option<(Stamp, usize)> {
    let mut cursor = Cursor { bytes: text, at: 0 };
    let doubted = cursor.take_any(b"*.").is_some();
    cursor.weekday();
    let month = cursor.month()?;
    if cursor.spaces() == 0 {
        return None;
    }
    let day = cursor.number(1, 2)?;
    let _ = cursor.take(b',');
    if cursor.spaces() == 0 {
        return None;
    }
    let from = cursor.at;
    let mut year = cursor.number(4, 4);
    if year.is_none() || cursor.spaces() == 0 {
        (year, cursor.at) = (None, from);
    }
    let clock = cursor.clock()?;
    let micros = cursor.fraction();
    let zone = cursor.zone().or_else(|| cursor.zone_word());
    // Some write the year last.
    let from = cursor.at;
    if year.is_none() && cursor.take(b' ').is_some() {
        year = cursor.number(4, 4).filter(|year| (1990..2200).contains(year));
        if year.is_none() || !matches!(cursor.peek(), None | Some(b' ' | b':')) {
            (year, cursor.at) = (None, from);
        }
    }
    let stamp = match year {
        Some(year) => made((year, month, day), clock, micros, zone, when)?,
        None => last(month, day, clock, micros, zone, when)?,
    };
    Some((Stamp { doubted, ..stamp }, cursor.at))
}

/// Since 1970: seconds, with a fraction or without, or thousandths, millionths, billionths of one, told apart by their
/// digits.
pub(crate) fn epoch(text: &[u8]) -> Option<(Stamp, usize)> {
    let digits = behind_all(text, 0, 20, |byte| byte.is_ascii_digit());
    let value = i64::try_from(number(text.get(..digits)?)?).ok()?;
    let mut cursor = Cursor { bytes: text, at: digits };
    let micros = match digits {
        9 | 10 => value * MICROS + cursor.fraction(),
        12 | 13 => value * 1_000,
        15 | 16 => value,
        18 | 19 => value / 1_000,
        _ => return None,
    };
    let at = Instant::from_micros(micros).ok()?;
    Some((Stamp { at, zone: Some(0), doubted: false }, cursor.at))
}

/// A day and a time of day, as a moment.
pub(crate) fn made(
    day: (i64, i64, i64),
    clock: i64,
    micros: i64,
    zone: Option<i64>,
    when: When,
) -> Option<Stamp> {
    let seconds = days(day)? * DAY + clock - zone.unwrap_or_else(|| i64::from(when.offset));
    let at = Instant::from_micros(seconds * MICROS + micros).ok()?;
    Some(Stamp { at, zone: zone.and_then(|zone| i32::try_from(zone).ok()), doubted: false })
}

/// Of the last year in which it is not after the reception by more than a week: a clock may be fast, but lines are of the
/// past. The 29th of February is of a leap year, eight years back at most.
fn last(month: i64, day: i64, clock: i64, micros: i64, zone: Option<i64>, when: When) -> Option<Stamp> {
    let end = when.received.as_micros() + WEEK;
    let year = i64::from(CivilDate::from_days_since_epoch(end.div_euclid(DAY * MICROS)).ok()?.year());
    let years = (year - 8..=year + 1).rev();
    years
        .filter_map(|year| made((year, month, day), clock, micros, zone, when))
        .find(|stamp| stamp.at.as_micros() <= end)
}

/// Days since 1970-01-01 of a day from 1970 to 9999.
fn days((year, month, day): (i64, i64, i64)) -> Option<i64> {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let before = BEFORE.get(usize::try_from(month - 1).ok()?)?;
    if !(1..=length).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    let (past, leapt) = (year - 1, i64::from(leap && month > 2));
    Some(past * 365 + past / 4 - past / 100 + past / 400 + before + leapt + day - 719_163)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TAIPEI: i32 = 28_800;

    fn when(received: &str) -> When {
        When { received: received.parse().unwrap(), offset: TAIPEI }
    }

    fn read(text: &str, received: &str) -> Option<(String, bool, String)> {
        let (stamp, end) = stamp(text.as_bytes(), when(received))?;
        Some((stamp.at.to_string(), stamp.zone.is_some(), text[end..].to_owned()))
    }

    #[test]
    fn every_way_of_writing_gives_its_moment() {
        let summer = "2026-07-01T00:00:00.000000Z";
        for (text, at, zoned, rest) in [
            ("2026-11-20T10:11:12.123456+08:00 fw", "2026-11-20T02:11:12.123456Z", true, " fw"),
            ("2026-11-20T10:11:12.123456+08:00Z fw", "2026-11-20T02:11:12.123456Z", true, " fw"),
            ("2026-11-20T10:11:12.1234567Z", "2026-11-20T10:11:12.123456Z", true, ""),
            ("2026-11-20T10:11:12Z", "2026-11-20T10:11:12.000000Z", true, ""),
            ("2026-11-20T10:11:12+08 x", "2026-11-20T02:11:12.000000Z", true, " x"),
            ("2022-07-10T23:50:05.533101+0000\"", "2022-07-10T23:50:05.533101Z", true, "\""),
            ("2026-11-20 10:11:12 x", "2026-11-20T02:11:12.000000Z", false, " x"),
            ("2026-11-20 10:11:12.5 +0000 x", "2026-11-20T10:11:12.500000Z", true, " x"),
            ("2026-11-20 10:11:12 -x", "2026-11-20T02:11:12.000000Z", false, " -x"),
            ("Mon Jun  8 14:34:33 2026 sd", "2026-06-08T06:34:33.000000Z", false, " sd"),
            ("2026-11-20 10:11:12-x", "2026-11-20T02:11:12.000000Z", false, "-x"),
            ("2026/11/20 10:11:12,123 x", "2026-11-20T02:11:12.123000Z", false, " x"),
            ("2026/7/1 0:11:12 x", "2026-06-30T16:11:12.000000Z", false, " x"),
            ("Jun  8 14:34:33 sd", "2026-06-08T06:34:33.000000Z", false, " sd"),
            ("Jun 8 14:34:33 sd", "2026-06-08T06:34:33.000000Z", false, " sd"),
            ("Jun 08 14:34:33 sd", "2026-06-08T06:34:33.000000Z", false, " sd"),
            ("Jun  8 2025 14:34:33: %ASA", "2025-06-08T06:34:33.000000Z", false, ": %ASA"),
            ("Jun  8 2025 14:34:33 HUAWEI", "2025-06-08T06:34:33.000000Z", false, " HUAWEI"),
            ("Jun 8 2025 14:34:33+08:00 HUAWEI", "2025-06-08T06:34:33.000000Z", true, " HUAWEI"),
            ("*Jun  1 00:02:03.456 UTC: %SYS", "2026-06-01T00:02:03.456000Z", true, ": %SYS"),
            ("*Jun  1 00:02:03.456: %SYS", "2026-05-31T16:02:03.456000Z", false, ": %SYS"),
            ("Jun  1 08:00:00 CST: %SYS", "2026-06-01T00:00:00.000000Z", false, ": %SYS"),
            ("Jun  1 08:00:00 Taipei: %SYS", "2026-06-01T00:00:00.000000Z", false, ": %SYS"),
            ("Jun  1 08:00:00 cron: x", "2026-06-01T00:00:00.000000Z", false, " cron: x"),
            ("Jun  1 08:00:00 2024 x", "2024-06-01T00:00:00.000000Z", false, " x"),
            ("Jun  1 08:00:00 2024x", "2026-06-01T00:00:00.000000Z", false, " 2024x"),
            ("2026 Jun  1 08:00:00 CST: %SYS", "2026-06-01T00:00:00.000000Z", false, ": %SYS"),
            ("2026 Jun  1 08:00:00.5 UTC: %SYS", "2026-06-01T08:00:00.500000Z", true, ": %SYS"),
            ("Jun  1 23:59:60 x", "2026-06-01T15:59:59.000000Z", false, " x"),
        ] {
            assert_eq!(read(text, summer), Some((at.to_owned(), zoned, rest.to_owned())), "{text}");
        }
    }

    #[test]
    fn bodies_say_times_in_more_ways() {
        for (text, at) in [
            ("1795140672", "2026-11-20T02:11:12.000000Z"),
            ("1795140672.129", "2026-11-20T02:11:12.129000Z"),
            ("1795140672123", "2026-11-20T02:11:12.123000Z"),
            ("1795140672123456", "2026-11-20T02:11:12.123456Z"),
            ("1795140672123456789", "2026-11-20T02:11:12.123456Z"),
            ("20/Nov/2026:10:11:12 +0800", "2026-11-20T02:11:12.000000Z"),
            ("2026-11-20 10:11:12", "2026-11-20T02:11:12.000000Z"),
            ("2026-11-20 10:11:12 UTC", "2026-11-20T10:11:12.000000Z"),
            ("Nov 20, 2026 10:11:12", "2026-11-20T02:11:12.000000Z"),
        ] {
            let found = moment(text.as_bytes(), when("2026-11-20T02:11:13.000000Z"));
            assert_eq!(found.map(|stamp| stamp.at.to_string()).as_deref(), Some(at), "{text}");
        }
        for text in
            ["", "x", "10:11:12", "12345", "12345678901", "99999999999999999999", "1795140672x", "2026-11-20"]
        {
            assert_eq!(moment(text.as_bytes(), when("2026-11-20T02:11:13.000000Z")), None, "{text}");
        }
    }

    #[test]
    fn the_year_is_the_last_that_can_be() {
        for (text, received, at) in [
            ("Dec 31 23:59:59 x", "2026-01-01T00:00:05.000000Z", "2025-12-31T15:59:59.000000Z"),
            ("Jan  1 00:00:01 x", "2025-12-31T15:59:59.000000Z", "2025-12-31T16:00:01.000000Z"),
            ("Feb 29 00:00:00 x", "2024-02-29T01:00:00.000000Z", "2024-02-28T16:00:00.000000Z"),
            ("Feb 29 00:00:00 x", "2026-03-01T00:00:00.000000Z", "2024-02-28T16:00:00.000000Z"),
            ("Feb 29 00:00:00 x", "2028-02-20T00:00:00.000000Z", "2024-02-28T16:00:00.000000Z"),
            ("Feb 29 00:00:00 x", "2028-02-22T00:00:00.000000Z", "2028-02-28T16:00:00.000000Z"),
            ("Nov 27 10:00:00 x", "2026-11-20T02:00:00.000000Z", "2026-11-27T02:00:00.000000Z"),
            ("Nov 27 10:00:01 x", "2026-11-20T02:00:00.000000Z", "2025-11-27T02:00:01.000000Z"),
        ] {
            assert_eq!(read(text, received).map(|found| found.0).as_deref(), Some(at), "{text} {received}");
        }
    }

    #[test]
    fn a_clock_that_was_never_set_says_so() {
        let read =
            |text: &str| stamp(text.as_bytes(), when("2026-03-01T00:00:00.000000Z")).unwrap().0.doubted;
        assert!(read("*Mar  1 00:00:12.123: %SYS"));
        assert!(read(".Mar  1 00:00:12.123: %SYS"));
        assert!(!read("Mar  1 00:00:12.123: %SYS"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "J",
            "Jan",
            "Jan ",
            "Jan 1",
            "Jan 1 ",
            "Jan 32 00:00:00",
            "Feb 30 00:00:00",
            "Jan 1 24:00:00",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-11-20",
            "1288013672 x",
            "12:00:00",
            "2026-11/20 00:00:00",
            "Jany 1 00:00:00",
        ] {
            assert_eq!(read(text, "2026-07-01T00:00:00.000000Z"), None, "{text}");
        }
    }

    #[test]
    fn every_day_is_counted_as_the_calendar_counts_it() {
        let mut date = CivilDate::EPOCH;
        loop {
            let parts = (date.year().into(), date.month().into(), date.day().into());
            assert_eq!(days(parts), Some(date.days_since_epoch()));
            let next = date.plus_days(1);
            if next == date {
                break;
            }
            date = next;
        }
        for month in -1..15 {
            for day in -1..33 {
                let parts = (2023, month, day);
                assert_eq!(days(parts).is_some(), CivilDate::new(2023, month, day).is_ok(), "{parts:?}");
            }
        }
    }

    /// A moment as a device in a zone writes it.
    fn written(at: Instant, zone: i64, way: usize) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let local = Instant::from_micros(at.as_micros() + zone * MICROS).unwrap().to_string();
        let month = MONTHS[local[5..7].parse::<usize>().unwrap() - 1];
        let (day, clock) = (local[8..10].parse::<u8>().unwrap(), &local[11..19]);
        let sign = if zone < 0 { '-' } else { '+' };
        let (hours, minutes) = (zone.abs() / 3_600, zone.abs() / 60 % 60);
        match way {
            0 => format!("{}{sign}{hours:02}:{minutes:02}", &local[..26]),
            1 => format!("{}{sign}{hours:02}{minutes:02}", &local[..26]),
            2 => at.to_string(),
            3 => local[..26].replacen('T', " ", 1),
            4 => local[..26].replace('-', "/").replacen('T', " ", 1),
            5 => format!("{month} {day:2} {clock}{}", &local[19..26]),
            6 => format!("{month} {day:02} {clock}{}", &local[19..26]),
            7 => format!("{month} {day} {} {clock}{}", &local[..4], &local[19..26]),
            8 => format!("{month} {day:2} {clock}{} {}", &local[19..26], &local[..4]),
            9 => format!(
                "{day:02}/{month}/{}:{clock}{} {sign}{hours:02}{minutes:02}",
                &local[..4],
                &local[19..26]
            ),
            10 => format!("{}", at.as_micros()),
            11 => format!("{}000", at.as_micros()),
            _ => format!("{}.{:06}", at.as_seconds(), at.as_micros() % MICROS),
        }
    }

    proptest! {
        #[test]
        fn every_time_that_is_written_is_read_back(
            second in 1_000_000_000i64..4_000_000_000,
            micros in 0..MICROS,
            quarters in -48i64..=56,
            late in -7 * DAY..357 * DAY,
            way in 0usize..13,
        ) {
            let at = Instant::from_micros(second * MICROS + micros).unwrap();
            let received = Instant::from_micros((second + late) * MICROS).unwrap();
            let zone = quarters * 900;
            let text = written(at, zone, way);
            let when = When { received, offset: i32::try_from(zone).unwrap() };
            let found = moment(text.as_bytes(), when);
            prop_assert_eq!(found.map(|stamp| stamp.at), Some(at), "{}", text);
        }

        #[test]
        fn leap_days_and_turns_of_the_year_are_read_back(
            year in 2001i64..2090,
            seconds in -2 * DAY..2 * DAY,
            leap: bool,
            way in 0usize..13,
        ) {
            let turn = if leap { days((year / 4 * 4, 2, 29)).unwrap() } else { days((year, 1, 1)).unwrap() };
            let at = Instant::from_micros((turn * DAY + seconds) * MICROS).unwrap();
            let text = written(at, 28_800, way);
            let found = moment(text.as_bytes(), When { received: at, offset: TAIPEI });
            prop_assert_eq!(found.map(|stamp| stamp.at), Some(at), "{}", text);
        }
    }
}
