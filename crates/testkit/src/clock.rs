//! Clocks that tests set: one that stands, one that walks.

use model::{Clock, Instant};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Instant);

/// A clock that goes on by a step each time it is read, and can be set to any moment, earlier ones too.
/// Clones show the same time.
#[derive(Debug, Clone)]
pub struct SteppedClock {
    /// What the next reading shows, in microseconds since 1970.
    next_us: Arc<AtomicI64>,
    step_us: i64,
}

impl FixedClock {
    /// Standing at 2026-11-23T00:00:00Z.
    #[must_use]
    pub fn new() -> Self {
        Self(monday())
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        self.0
    }
}

impl SteppedClock {
    /// Starts at 2026-11-23T00:00:00Z and goes on by `step` each time it is read.
    #[must_use]
    pub fn new(step: Duration) -> Self {
        let step_us = i64::try_from(step.as_micros()).unwrap_or(i64::MAX);
        Self { next_us: Arc::new(AtomicI64::new(monday().as_micros())), step_us }
    }

    /// The next reading shows `moment`, be it in the future or in the past.
    pub fn set(&self, moment: Instant) {
        self.next_us.store(moment.as_micros(), Ordering::SeqCst);
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let time_us = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        self.next_us.fetch_add(time_us, Ordering::SeqCst);
    }

    /// Turns the hands back, as a bad time server does.
    pub fn step_back(&self, time: Duration) {
        let time_us = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        self.next_us.fetch_sub(time_us, Ordering::SeqCst);
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Instant {
        let micros = self.next_us.fetch_add(self.step_us, Ordering::SeqCst);
        Instant::from_micros(micros).unwrap_or(Instant::EPOCH)
    }
}

/// 2026-11-23T00:00:00Z, a Monday.
fn monday() -> Instant {
    Instant::EPOCH.plus(Duration::from_secs(1_795_392_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stepped_clock_walks_and_obeys() {
        let clock = SteppedClock::new(Duration::from_micros(5));
        let shared = clock.clone();
        assert_eq!(clock.now().to_string(), "2026-11-23T00:00:00.000000Z");
        assert_eq!(shared.now().to_string(), "2026-11-23T00:00:00.000005Z");
        clock.pass(Duration::from_secs(1));
        assert_eq!(shared.now().to_string(), "2026-11-23T00:00:01.000010Z");
        clock.step_back(Duration::from_secs(61));
        assert_eq!(shared.now().to_string(), "2026-11-22T23:59:00.000015Z");
        clock.set(Instant::EPOCH);
        assert_eq!(shared.now(), Instant::EPOCH);
    }

    #[test]
    fn a_fixed_clock_stands() {
        let clock = FixedClock::new();
        assert_eq!(clock.now(), clock.now());
        assert_eq!(clock.now().to_string(), "2026-11-23T00:00:00.000000Z");
    }
}
