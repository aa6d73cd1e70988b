//! The machine under the program: its clock.
//!
//! The one place that reads the time; everything else is handed a [`Clock`].

use model::{Clock, Instant};
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    /// Outside the years 1970 to 9999 it shows 1970: entry times then stand still, and an entry says so.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed to everyone else")]
    fn now(&self) -> Instant {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or_default();
        Instant::from_micros(micros).unwrap_or(Instant::EPOCH)
    }
}
