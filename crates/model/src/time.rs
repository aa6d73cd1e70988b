//! Time as an argument: UTC instants in microseconds, civil dates without a zone.
//!
//! Nothing here reads a clock; a [`Clock`] is handed in by whoever wires the program.
//! Text form of an instant: `docs/format.md` §2, always 27 characters, so that it sorts as text.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z; years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// A day in the civil calendar, without a zone; years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilDate {
    year: i16,
    month: i8,
    day: i8,
}

/// Where the time comes from. Tests set it; the binary reads the machine's.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Instant;
}

/// Why something is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not `YYYY-MM-DDThh:mm:ss.ffffffZ`, or no such moment.
    #[error("{0:?} is not a UTC time like 2026-11-23T01:02:03.456789Z")]
    Instant(String),
    /// Not `YYYY-MM-DD`, or no such day.
    #[error("{0:?} is not a date like 2026-11-23")]
    Date(String),
    /// Before 1970 or after 9999.
    #[error("{0} µs is outside the years 1970 to 9999")]
    Range(i64),
}

impl Instant {
    /// The first moment of 1970.
    pub const EPOCH: Instant = Instant(0);
    const END: i64 = 253_402_300_800_000_000;

    /// From microseconds since 1970.
    ///
    /// # Errors
    /// `Range`: before 1970 or after 9999.
    pub const fn from_micros(micros: i64) -> Result<Self, TimeError> {
        if micros < 0 || micros >= Self::END { Err(TimeError::Range(micros)) } else { Ok(Self(micros)) }
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1_000_000
    }

    /// Later by `duration`; at the end of 9999 it stands still.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros).min(Self::END - 1))
    }

    /// Earlier by `duration`; at the beginning of 1970 it stands still.
    #[must_use]
    pub fn minus(self, duration: std::time::Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros).max(0))
    }

    /// The text form as bytes, without allocating.
    #[must_use]
    pub fn to_text(self) -> [u8; 27] {
        let days = self.0.div_euclid(86_400_000_000);
        let mut rest = self.0.rem_euclid(86_400_000_000);
        let (year, month, day) = civil_from_days(days);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |at: usize, width: usize, mut value: i64| {
            for place in (at..at + width).rev() {
                if let Some(byte) = text.get_mut(place) {
                    *byte = b'0' + u8::try_from(value % 10).unwrap_or(0);
                }
                value /= 10;
            }
        };
        put(20, 6, rest % 1_000_000);
        rest /= 1_000_000;
        put(17, 2, rest % 60);
        put(14, 2, rest / 60 % 60);
        put(11, 2, rest / 3600);
        put(8, 2, day);
        put(5, 2, month);
        put(0, 4, year);
        text
    }
}

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_text()).unwrap_or_default())
    }
}

impl std::str::FromStr for Instant {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let refused = || TimeError::Instant(text.chars().take(40).collect());
        let number = |from: usize, to: usize| digits(text, from, to).ok_or_else(refused);
        let date = CivilDate::checked(number(0, 4)?, number(5, 7)?, number(8, 10)?).ok_or_else(refused)?;
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if hour > 23 || minute > 59 || second > 59 {
            return Err(refused());
        }
        let seconds = (date.days_since_epoch() * 24 + hour) * 3600 + minute * 60 + second;
        let instant = Self(seconds * 1_000_000 + number(20, 26)?);
        if instant.to_text() == text.as_bytes() { Ok(instant) } else { Err(refused()) }
    }
}

impl CivilDate {
    /// 1970-01-01.
    pub const EPOCH: CivilDate = CivilDate { year: 1970, month: 1, day: 1 };

    /// From year, month and day.
    ///
    /// # Errors
    /// `Date`: no such day, or outside 1970 to 9999.
    pub fn new(year: i64, month: i64, day: i64) -> Result<Self, TimeError> {
        Self::checked(year, month, day).ok_or_else(|| TimeError::Date(format!("{year}-{month}-{day}")))
    }

    /// The day that is `days` after 1970-01-01.
    ///
    /// # Errors
    /// `Range`: before 1970 or after 9999.
    pub fn from_days_since_epoch(days: i64) -> Result<Self, TimeError> {
        let (year, month, day) = civil_from_days(days);
        Self::checked(year, month, day).ok_or(TimeError::Range(days.saturating_mul(86_400_000_000)))
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn days_since_epoch(self) -> i64 {
        days_from_civil(i64::from(self.year), i64::from(self.month), i64::from(self.day))
    }

    /// Year, for example 2026.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.year
    }

    /// Month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> i8 {
        self.month
    }

    /// Day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> i8 {
        self.day
    }

    /// Day of the week, Monday = 1 to Sunday = 7 (ISO 8601).
    #[must_use]
    pub fn weekday(self) -> i8 {
        // 1970-01-01 was a Thursday.
        i8::try_from((self.days_since_epoch() + 3).rem_euclid(7) + 1).unwrap_or(1)
    }

    /// The day `days` later (earlier when negative); it stays within 1970 to 9999.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        Self::from_days_since_epoch(self.days_since_epoch().saturating_add(days)).unwrap_or(self)
    }

    fn checked(year: i64, month: i64, day: i64) -> Option<Self> {
        let in_range = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        if !in_range || civil_from_days(days_from_civil(year, month, day)) != (year, month, day) {
            return None;
        }
        Some(Self { year: year.try_into().ok()?, month: month.try_into().ok()?, day: day.try_into().ok()? })
    }
}

impl std::fmt::Display for CivilDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl std::str::FromStr for CivilDate {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let refused = || TimeError::Date(text.chars().take(40).collect());
        let number = |from: usize, to: usize| digits(text, from, to).ok_or_else(refused);
        let date = Self::checked(number(0, 4)?, number(5, 7)?, number(8, 10)?).ok_or_else(refused)?;
        if date.to_string() == text { Ok(date) } else { Err(refused()) }
    }
}

macro_rules! text_form {
    ($($name:ident: $what:literal,)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Reading;

                impl Visitor<'_> for Reading {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($what)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }

                from.deserialize_str(Reading)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TimeError;

            fn try_from(text: String) -> Result<Self, TimeError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
    )*};
}
text_form! { Instant: "a UTC time", CivilDate: "a date", }

fn digits(text: &str, from: usize, to: usize) -> Option<i64> {
    let part = text.as_bytes().get(from..to)?;
    part.iter().try_fold(0i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar. The year is counted from March, so
/// that the leap day is its last; an era is 400 years.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_goes_there_and_back() {
        for days in 0..2_932_897 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert_eq!(CivilDate::from_days_since_epoch(2_932_896).unwrap().to_string(), "9999-12-31");
        assert!(CivilDate::from_days_since_epoch(2_932_897).is_err());
    }

    #[test]
    fn known_moments_are_spelled_as_the_calendar_says() {
        let leap_day = Instant::from_micros(1_709_210_096_000_001).unwrap();
        assert_eq!(leap_day.to_string(), "2024-02-29T12:34:56.000001Z");
        assert_eq!("2024-02-29T12:34:56.000001Z".parse::<Instant>().unwrap(), leap_day);
        assert_eq!("2026-11-23".parse::<CivilDate>().unwrap().weekday(), 1);
    }

    #[test]
    fn what_is_not_a_moment_is_refused() {
        for text in [
            "2023-02-29T00:00:00.000000Z",
            "2024-02-29T24:00:00.000000Z",
            "2024-02-29T12:34:56Z",
            "2024-02-29 12:34:56.000001Z",
            "2024-02-29T12:34:56.000001+",
            "1969-12-31T23:59:59.999999Z",
            "二〇二四年",
        ] {
            assert!(text.parse::<Instant>().is_err(), "{text}");
        }
    }
}
