//! The clock the sample city's history goes by: it stands where it was set, and goes on a little with each look.

use model::{Clock, Instant};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that is set. Clones are the same one.
#[derive(Debug, Clone)]
pub(super) struct SetClock(Arc<AtomicI64>);

impl SetClock {
    pub(super) fn at(moment: Instant) -> Self {
        Self(Arc::new(AtomicI64::new(moment.as_micros())))
    }

    /// Goes on to a moment; one that has passed is not gone back to.
    pub(super) fn go_to(&self, moment: Instant) {
        self.0.fetch_max(moment.as_micros(), Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Instant {
        let micros = self.0.fetch_add(1, Ordering::SeqCst);
        Instant::from_micros(micros).unwrap_or(Instant::EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn it_stands_goes_on_and_never_goes_back() {
        let clock = SetClock::at(Instant::EPOCH);
        let first = clock.now();
        assert_eq!(clock.now(), first.plus(Duration::from_micros(1)));
        let later = first.plus(Duration::from_secs(60));
        clock.clone().go_to(later);
        assert_eq!(clock.now(), later);
        clock.go_to(first);
        assert!(clock.now() > later);
    }
}
