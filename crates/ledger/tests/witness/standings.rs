//! On whose word a head stands depends on when it was cosigned.

use crate::log::{Log, at, log_key, witness_key};
use ledger::cosign::{Standing, standing};
use proof::policy::{Policy, PolicyError};
use std::time::Duration;

const RECENT: Duration = Duration::from_secs(600);

fn policy(quorum: &str) -> Policy {
    let mut text = format!("log {}\n", log_key(1).verifier());
    for (name, seed) in [("a", 11), ("b", 12), ("c", 13)] {
        text += &format!("witness {name} {}\n", witness_key(name, seed).verifier());
    }
    Policy::parse(&(text + &format!("group two 2 a b c\nquorum {quorum}\n"))).unwrap()
}

fn head(times: [Option<u64>; 3]) -> Vec<u8> {
    let mut head = Log::new("entry", 5).head(5);
    let text = head.note().unverified_text().to_owned();
    for ((name, seed), time) in [("a", 11), ("b", 12), ("c", 13)].into_iter().zip(times) {
        time.into_iter().for_each(|time| head.note_mut().add(witness_key(name, seed).sign(&text, time)));
    }
    head.to_bytes()
}

#[test]
fn a_quorum_is_as_old_as_the_oldest_cosignature_it_needs() {
    let seconds = |age| Duration::from_secs(age);
    for (times, expected) in [
        ([Some(10_000), Some(10_000), None], Standing::Witnessed { age: seconds(0) }),
        ([Some(9_990), Some(9_400), None], Standing::Witnessed { age: seconds(600) }),
        ([Some(9_990), Some(9_399), None], Standing::Outdated { age: seconds(601) }),
        // The third makes it young again.
        ([Some(9_990), Some(9_399), Some(9_980)], Standing::Witnessed { age: seconds(20) }),
        ([Some(9_990), None, None], Standing::HostAlone),
        ([None, None, None], Standing::HostAlone),
        // A witness whose clock is a little ahead counts; one from far in the future does not.
        ([Some(10_200), Some(10_100), None], Standing::Witnessed { age: seconds(0) }),
        ([Some(10_301), Some(10_000), None], Standing::HostAlone),
        ([Some(10_301), Some(10_000), Some(9_000)], Standing::Outdated { age: seconds(1_000) }),
    ] {
        let found = standing(&policy("two"), &head(times), at(10_000), RECENT).unwrap();
        assert_eq!(found, expected, "{times:?}");
    }
}

#[test]
fn without_a_quorum_in_the_policy_the_host_stands_alone() {
    let head = head([Some(10_000), Some(10_000), Some(10_000)]);
    let found = standing(&policy("none"), &head, at(10_000), RECENT).unwrap();
    assert_eq!(found, Standing::HostAlone);
    assert!(found.told().en.contains("vouched by this host alone"));
    assert!(Standing::Outdated { age: RECENT }.told().en.contains("vouched by this host alone"));
}

#[test]
fn a_head_the_ledger_did_not_sign_has_no_standing() {
    let stranger = Log { key: log_key(9), ..Log::new("entry", 5) };
    let found = standing(&policy("two"), &stranger.head(5).to_bytes(), at(10_000), RECENT);
    assert!(matches!(found, Err(PolicyError::Signature { .. })));
}
