//! Lockout: how long is waited after tries that failed. Pure.
//!
//! An account waits after five failures in a row, then twice as long each time, and from the hundredth on until somebody
//! opens it. An address, behind which many people may be, waits later and never for good. What failed a day ago is
//! forgotten. Accounts go by a digest of the name that was given, whether or not it is somebody's.
//! Source: NIST SP 800-63B §5.2.2 (no more than 100 failures in a row); regulation 24.3.4.

use crate::draw::digest;
use model::Instant;
use std::net::IpAddr;
use std::time::Duration;
use store::Failures;

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// An account.
    Account,
    /// An address.
    Address,
}

/// May a try be looked at?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// Not before this moment; none: not before somebody opens it.
    Closed(Option<Instant>),
}

/// Failures after which nobody but a person opens an account.
pub(crate) const MOST: u32 = 100;
/// Failures that cost nothing.
const FREE_ACCOUNT: u32 = 5;
const FREE_ADDRESS: u32 = 50;
/// The first wait.
const FIRST: Duration = Duration::from_secs(30);
/// No wait is longer than this.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Failures that lie so far back do not count.
pub(crate) const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);

impl Waits {
    /// May a try be looked at after these failures?
    pub(crate) fn gate(self, failures: Option<Failures>, now: Instant) -> Gate {
        let Some(failures) = failures.filter(|one| self.counts(*one, now)) else { return Gate::Open };
        if self == Self::Account && failures.count >= MOST {
            return Gate::Closed(None);
        }
        let free = match self {
            Self::Account => FREE_ACCOUNT,
            Self::Address => FREE_ADDRESS,
        };
        let Some(beyond) = failures.count.checked_sub(free) else { return Gate::Open };
        let wait = FIRST.saturating_mul(1 << beyond.min(10)).min(LONGEST);
        let until = failures.last_at.plus(wait);
        if now < until { Gate::Closed(Some(until)) } else { Gate::Open }
    }

    /// The failures with one more.
    pub(crate) fn failed(self, failures: Option<Failures>, now: Instant) -> Failures {
        let before = failures.filter(|one| self.counts(*one, now)).map_or(0, |one| one.count);
        // A clock that goes back does not shorten a wait.
        let last_at = failures.map_or(now, |one| one.last_at.max(now));
        Failures { count: before.saturating_add(1), last_at }
    }

    /// What somebody has to open stays closed, however long ago.
    fn counts(self, failures: Failures, now: Instant) -> bool {
        (self == Self::Account && failures.count >= MOST) || failures.last_at.plus(FORGOTTEN) > now
    }
}

/// The failures without the one that was counted at a moment, before which they were those before; others that were
/// counted since stay.
pub(crate) fn taken_back(failures: Failures, before: Option<Failures>, at: Instant) -> Failures {
    let count = failures.count.saturating_sub(1);
    // What nobody has added to since waits as long as it did.
    let last_at = match before {
        Some(before) if failures.last_at == at.max(before.last_at) => before.last_at,
        _ => failures.last_at,
    };
    Failures { count, last_at }
}

impl Gate {
    /// The stricter of two.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Open, one) | (one, Self::Open) => one,
            (Self::Closed(None), _) | (_, Self::Closed(None)) => Self::Closed(None),
            (Self::Closed(one), Self::Closed(other)) => Self::Closed(one.max(other)),
        }
    }
}

/// The digest an account name is counted under.
pub(crate) fn account(login: &str) -> String {
    digest("account", &login.trim().to_lowercase())
}

/// The digest an address is counted under; of IPv6 the network of a subscriber, a /64.
pub(crate) fn address(address: Option<IpAddr>) -> String {
    let network = match address.map(|address| address.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    };
    digest("address", &network)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: u64) -> Instant {
        Instant::EPOCH.plus(Duration::from_secs(second))
    }

    #[test]
    fn waits_grow_and_end_with_somebody_who_opens() {
        let mut waits = Vec::new();
        for count in [4, 5, 6, 7, 12, 99, 100] {
            let failures = Some(Failures { count, last_at: at(0) });
            waits.push(match Waits::Account.gate(failures, at(0)) {
                Gate::Open => Some(0),
                Gate::Closed(until) => until.map(Instant::as_seconds),
            });
        }
        assert_eq!(waits, [Some(0), Some(30), Some(60), Some(120), Some(900), Some(900), None]);
        let closed = Some(Failures { count: MOST, last_at: at(0) });
        assert_eq!(Waits::Account.gate(closed, at(10_000_000)), Gate::Closed(None));
        assert_eq!(Waits::Address.gate(closed, at(10_000_000)), Gate::Open);
    }

    #[test]
    fn what_was_right_leaves_waits_as_they_were_and_others_failures_stay() {
        let waited = Failures { count: 20, last_at: at(100) };
        let before = Some(waited);
        let counted = Waits::Account.failed(before, at(2_000));
        assert_eq!(taken_back(counted, before, at(2_000)), waited);
        let other = Waits::Account.failed(Some(counted), at(2_001));
        assert_eq!(taken_back(other, before, at(2_000)), Failures { count: 21, last_at: at(2_001) });
        let first = Waits::Account.failed(None, at(5));
        assert_eq!(taken_back(first, None, at(5)).count, 0);
    }

    #[test]
    fn neighbours_of_a_subscriber_are_one_address_and_names_are_one_account_in_any_spelling() {
        let one = |text: &str| address(text.parse().ok());
        assert_eq!(one("2001:db8:1:2::1"), one("2001:db8:1:2:ffff::9"));
        assert_ne!(one("2001:db8:1:2::1"), one("2001:db8:1:3::1"));
        assert_eq!(one("::ffff:192.0.2.1"), one("192.0.2.1"));
        assert_eq!(account(" Wang "), account("wang"));
    }

    proptest! {
        /// However tries are spread over time: within a day never more than a bounded number is looked at.
        #[test]
        fn whatever_the_pace_few_tries_a_day_are_looked_at(
            gaps in prop::collection::vec(0u64..4_000, 1..3_000)
        ) {
            let (mut now, mut failures, mut looked) = (0, None, Vec::new());
            for gap in gaps {
                now += gap;
                if Waits::Account.gate(failures, at(now)) == Gate::Open {
                    failures = Some(Waits::Account.failed(failures, at(now)));
                    looked.push(now);
                }
            }
            prop_assert!(looked.len() <= MOST as usize);
            // After the free ones no two are nearer than the first wait.
            let close = looked.windows(2).skip(FREE_ACCOUNT as usize).filter(|pair| pair[1] - pair[0] < 30);
            prop_assert!(close.count() <= FREE_ACCOUNT as usize);
        }

        /// A gate that is closed opens at the moment it names, and not before.
        #[test]
        fn a_closed_gate_opens_when_it_says(count in 5u32..MOST, later in 0u64..2_000) {
            let failures = Some(Failures { count, last_at: at(100) });
            let Gate::Closed(Some(until)) = Waits::Account.gate(failures, at(100)) else {
                return Err(TestCaseError::fail("open"));
            };
            let now = at(100 + later);
            let open = Waits::Account.gate(failures, now) == Gate::Open;
            prop_assert_eq!(open, now >= until);
        }
    }
}
