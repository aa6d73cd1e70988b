//! How often anybody may ask: a bucket of tokens for each session and each address, filled as time passes.
//!
//! Invariants: memory stays bounded; whoever has asked least is forgotten first, so that nobody is let off by asking from
//! many places; the addresses a subscriber has in IPv6 are one.

use crate::pace::Pace;
use model::Instant;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often anybody may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From one address, signed in or not; many people may be behind one.
    pub address: Rate,
    /// In one session.
    pub session: Rate,
    /// Bytes of files that one person may hand in within a day while no record holds them.
    pub loose_bytes: u64,
    /// Requests with a large body that are read at once.
    pub large_at_once: usize,
    /// Lists that are written as files at once.
    pub exports_at_once: usize,
    /// Such files that are kept at once, from the first row until they were taken.
    pub exports_kept: usize,
    /// How long a request waits for its turn.
    pub turn_wait: Duration,
    /// How slowly bodies may come, and files go.
    pub pace: Pace,
}

/// So many at once, and so many a second for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// A second.
    pub per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            address: Rate { burst: 2_000, per_second: 400 },
            session: Rate { burst: 300, per_second: 40 },
            loose_bytes: 1 << 30,
            large_at_once: 4,
            exports_at_once: 2,
            exports_kept: 32,
            turn_wait: Duration::from_secs(10),
            pace: Pace { silence: Duration::from_secs(30), bytes_per_second: 128 << 10 },
        }
    }
}

impl Limits {
    /// How often whoever asks may.
    const fn of(&self, asking: &Asking) -> Rate {
        match asking {
            Asking::Address(_) => self.address,
            Asking::Session(_) => self.session,
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Asking {
    Address(String),
    Session(model::SessionId),
}

/// The buckets.
pub(crate) struct Buckets {
    limits: Limits,
    filled: Mutex<HashMap<Asking, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Millionths of a token.
    tokens: u64,
    at: Instant,
}

/// Buckets kept.
const MOST: usize = 20_000;
const TOKEN: u64 = 1_000_000;

impl Buckets {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, filled: Mutex::new(HashMap::new()) }
    }

    /// Takes a token, or says after how many seconds there is one.
    pub(crate) fn take(&self, asking: Asking, now: Instant) -> Result<(), u64> {
        let rate = self.limits.of(&asking);
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        if filled.len() >= MOST && !filled.contains_key(&asking) {
            let limits = self.limits;
            filled.retain(|one, bucket| {
                let rate = limits.of(one);
                bucket.at(rate, now).tokens < u64::from(rate.burst) * TOKEN
            });
            if filled.len() >= MOST {
                forget_half(&mut filled, limits);
            }
        }
        let full = Bucket { tokens: u64::from(rate.burst) * TOKEN, at: now };
        let bucket = filled.entry(asking).or_insert(full);
        *bucket = bucket.at(rate, now);
        match bucket.tokens.checked_sub(TOKEN) {
            Some(left) => {
                bucket.tokens = left;
                Ok(())
            }
            None => {
                let a_second = u64::from(rate.per_second.max(1)) * TOKEN;
                Err((TOKEN - bucket.tokens).div_ceil(a_second).max(1))
            }
        }
    }
}

impl From<Option<IpAddr>> for Asking {
    /// Of IPv6 the network of a subscriber, a /64.
    fn from(address: Option<IpAddr>) -> Self {
        Self::Address(match address.map(|address| address.to_canonical()) {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        })
    }
}

/// Forgets those who have taken least, half of them or more.
fn forget_half(filled: &mut HashMap<Asking, Bucket>, limits: Limits) {
    let taken = |asking: &Asking, bucket: &Bucket| {
        (u64::from(limits.of(asking).burst) * TOKEN).saturating_sub(bucket.tokens)
    };
    let mut all: Vec<u64> = filled.iter().map(|(asking, bucket)| taken(asking, bucket)).collect();
    all.sort_unstable();
    let middle = all.get(all.len() / 2).copied().unwrap_or(0);
    filled.retain(|asking, bucket| taken(asking, bucket) > middle);
}

impl Bucket {
    /// As it is now; a clock that goes back fills nothing.
    fn at(self, rate: Rate, now: Instant) -> Self {
        let micros = u64::try_from(now.as_micros() - self.at.as_micros()).unwrap_or(0);
        let more = micros.saturating_mul(u64::from(rate.per_second));
        Self {
            tokens: self.tokens.saturating_add(more).min(u64::from(rate.burst) * TOKEN),
            at: now.max(self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_is_let_through_and_then_so_many_a_second() {
        let rate = Rate { burst: 3, per_second: 2 };
        let buckets = Buckets::new(Limits { address: rate, session: rate, ..Limits::default() });
        let asking = || Asking::Address("10.0.0.1".into());
        let start = Instant::EPOCH;
        assert!((0..3).all(|_| buckets.take(asking(), start).is_ok()));
        assert_eq!(buckets.take(asking(), start), Err(1));
        assert!(buckets.take(Asking::Address("10.0.0.2".into()), start).is_ok());
        let later = start.plus(Duration::from_millis(500));
        assert!(buckets.take(asking(), later).is_ok());
        assert!(buckets.take(asking(), later).is_err());
        // Buckets hold no more than a burst.
        let long = start.plus(Duration::from_secs(3_600));
        assert_eq!((0..5).filter(|_| buckets.take(asking(), long).is_ok()).count(), 3);
    }
    #[test]
    fn whoever_has_asked_most_is_not_forgotten_when_many_come() {
        let rate = Rate { burst: 3, per_second: 1 };
        let buckets = Buckets::new(Limits { address: rate, session: rate, ..Limits::default() });
        let asking = |number: usize| Asking::Address(format!("place {number}"));
        let start = Instant::EPOCH;
        assert!((0..3).all(|_| buckets.take(asking(0), start).is_ok()));
        for number in 1..MOST * 2 {
            assert!(buckets.take(asking(number), start).is_ok());
        }
        assert!(buckets.filled.lock().unwrap().len() <= MOST);
        assert!(buckets.take(asking(0), start).is_err());
    }

    #[test]
    fn the_addresses_of_a_subscriber_are_one() {
        let of = |text: &str| Asking::from(text.parse().ok());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(Asking::from(None), Asking::Address("unknown".into()));
    }
}
