//! The pack's zone, hours of the day, and lengths of time.
//!
//! Zone rules come from the bundled time-zone database, so that every host counts the same days.

use jiff::tz::TimeZone;
use model::{CivilDate, Instant};

/// Where civil dates are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    zone: TimeZone,
    name: Box<str>,
}

/// Not a zone of the time-zone database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time zone like Asia/Taipei")]
pub struct ZoneError(pub String);

/// An hour and minute of the day, 00:00 to 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

/// Not an hour of the day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time of day like 17:30")]
pub struct TimeOfDayError(pub String);

/// A length of time in microseconds; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Zone {
    /// By its name in the time-zone database.
    ///
    /// # Errors
    /// No zone of that name.
    pub fn new(name: &str) -> Result<Self, ZoneError> {
        let zone = TimeZone::get(name).map_err(|_| ZoneError(name.chars().take(60).collect()))?;
        Ok(Self { zone, name: name.into() })
    }

    /// Its name, for example `Asia/Taipei`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The civil date there at that moment.
    #[must_use]
    pub fn date(&self, at: Instant) -> CivilDate {
        self.civil(at).0
    }

    /// The civil date and the minute of the day there at that moment.
    #[must_use]
    pub fn civil(&self, at: Instant) -> (CivilDate, TimeOfDay) {
        let offset = jiff::Timestamp::from_microsecond(at.as_micros())
            .map_or(0, |moment| i64::from(self.zone.to_offset(moment).seconds()));
        let seconds = at.as_seconds() + offset;
        let days_apart = seconds.div_euclid(86_400) - at.as_seconds().div_euclid(86_400);
        let minute = u16::try_from(seconds.rem_euclid(86_400) / 60).unwrap_or(0);
        (utc_date(at).plus_days(days_apart), TimeOfDay(minute))
    }

    /// The moment of an hour of a day there. An hour that a change of clocks leaves out is taken after the
    /// change; one that comes twice, at its first coming.
    #[must_use]
    pub fn moment(&self, date: CivilDate, time: TimeOfDay) -> Instant {
        let day = date.days_since_epoch() * 86_400 + i64::from(time.0) * 60;
        let civil = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0)
            .checked_add(jiff::SignedDuration::from_secs(day))
            .ok()
            .and_then(|civil| self.zone.to_ambiguous_timestamp(civil).compatible().ok());
        let micros = civil.map_or(day * 1_000_000, jiff::Timestamp::as_microsecond);
        Instant::from_micros(micros.max(0)).unwrap_or(Instant::EPOCH)
    }
}

impl TimeOfDay {
    /// The end of the day.
    pub const END: Self = Self(24 * 60);
    /// The start of the day.
    pub const START: Self = Self(0);

    /// From the minute of the day, 0 to 1440.
    #[must_use]
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes <= 24 * 60 { Some(Self(minutes)) } else { None }
    }

    /// The minute of the day.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl std::str::FromStr for TimeOfDay {
    type Err = TimeOfDayError;

    fn from_str(text: &str) -> Result<Self, TimeOfDayError> {
        let refused = || TimeOfDayError(text.chars().take(20).collect());
        let two = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok()).flatten()
        };
        let (hour, minute) = text.split_once(':').ok_or_else(refused)?;
        let (hour, minute) = (two(hour).ok_or_else(refused)?, two(minute).ok_or_else(refused)?);
        if minute > 59 {
            return Err(refused());
        }
        Self::from_minutes(hour * 60 + minute).ok_or_else(refused)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// From microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// In microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// From the first moment to the second.
    #[must_use]
    pub const fn between(first: Instant, second: Instant) -> Self {
        Self(second.as_micros().saturating_sub(first.as_micros()))
    }

    /// The moment so much after `at`; `None` outside the years 1970 to 9999.
    #[must_use]
    pub fn after(self, at: Instant) -> Option<Instant> {
        Instant::from_micros(at.as_micros().checked_add(self.0)?).ok()
    }
}

fn utc_date(at: Instant) -> CivilDate {
    #[expect(clippy::expect_used, reason = "an instant lies within the years a civil date covers")]
    CivilDate::from_days_since_epoch(at.as_seconds().div_euclid(86_400)).expect("the same range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_taipei_starts_at_sixteen_hours_utc() {
        let zone = Zone::new("Asia/Taipei").unwrap();
        let midnight = zone.moment("2026-01-01".parse().unwrap(), TimeOfDay::START);
        assert_eq!(midnight.to_string(), "2025-12-31T16:00:00.000000Z");
        assert_eq!(zone.civil(midnight), ("2026-01-01".parse().unwrap(), TimeOfDay::START));
        let end = zone.moment("2026-01-01".parse().unwrap(), TimeOfDay::END);
        assert_eq!(zone.date(end).to_string(), "2026-01-02");
    }

    #[test]
    fn an_hour_left_out_by_summer_time_is_taken_after_the_change() {
        let zone = Zone::new("Europe/Berlin").unwrap();
        let left_out = zone.moment("2026-03-29".parse().unwrap(), "02:30".parse().unwrap());
        assert_eq!(left_out.to_string(), "2026-03-29T01:30:00.000000Z");
    }

    #[test]
    fn unknown_zones_and_hours_are_refused() {
        assert!(Zone::new("Asia/Taichung").is_err());
        for text in ["24:01", "7:30", "17:60", "17.30", "１７:30"] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
        }
        assert_eq!("24:00".parse::<TimeOfDay>().unwrap(), TimeOfDay::END);
    }
}
