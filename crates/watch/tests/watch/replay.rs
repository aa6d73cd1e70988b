//! Replay is live: with restarts anywhere, from states that lag behind, the same alarms come of the same lines and ticks.

use super::{begin, hand_in, rules, texts};
use lines::Reader;
use proptest::prelude::*;
use std::sync::LazyLock;
use std::time::Duration;
use watch::{Change, RuleText, Watch};

static TEXTS: LazyLock<Vec<RuleText>> = LazyLock::new(texts);

/// What comes: a line after so many seconds, perhaps with a tick.
#[derive(Debug, Clone)]
struct Came {
    after: u64,
    tick: bool,
    line: String,
}

fn came() -> impl Strategy<Value = Came> {
    let line = prop_oneof![
        (1u8..4, 1u8..4).prop_map(|(from, user)| format!(
            "<38>Nov 20 10:11:12 web-1 sshd[1]: Failed password for u{user} from 198.51.100.{from} port 5 ssh2"
        )),
        (1u8..4, 1u8..4).prop_map(|(from, user)| format!(
            "<38>Nov 20 10:11:12 web-1 sshd[1]: Accepted password for u{user} from 198.51.100.{from} port 5 ssh2"
        )),
        (1u8..4, 1u8..4).prop_map(|(from, user)| format!(
            "<38>Nov 20 10:11:12 web-1 sshd[1]: Disconnected from user u{user} 198.51.100.{from} port 5"
        )),
        (1u8..3, 1u16..40).prop_map(|(from, port)| format!(
            "<134>Nov 20 10:11:12 fw-{from} kernel: DROP IN=eth0 OUT= SRC=198.51.100.{from} DST=192.0.2.5 LEN=44 PROTO=TCP SPT=50000 DPT={port}"
        )),
        (1u8..3, 200u16..280).prop_map(|(sensor, tenths)| format!(
            r#"{{"room":"A","sensor":"{sensor}","quantity":"temperature","unit":"Cel","value":{}}}"#,
            f64::from(tenths) / 10.0
        )),
    ];
    (prop_oneof![8 => 0u64..4, 1 => 0u64..4_000], any::<bool>(), line).prop_map(|(after, tick, line)| Came {
        after,
        tick,
        line,
    })
}

/// Hands in what came from one number on, at the times it came.
fn run(watch: &mut Watch, all: &[Came], from: usize, to: usize, changes: &mut Vec<Change>) {
    let mut reader = Reader::new();
    let mut at = begin();
    for (n, came) in all.iter().enumerate().take(to) {
        at = at.plus(Duration::from_secs(came.after));
        if n < from {
            continue;
        }
        hand_in(watch, &mut reader, n as u64, at, &came.line, changes);
        if came.tick {
            watch.tick(at, changes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn restarts_change_nothing(
        all in prop::collection::vec(came(), 1..150),
        stops in prop::collection::btree_set(0usize..150, 0..6),
        again in 0usize..5,
    ) {
        let mut live = Vec::new();
        let mut watch = Watch::new(rules(&TEXTS));
        run(&mut watch, &all, 0, all.len(), &mut live);
        let state = watch.state().unwrap();

        let mut changes = Vec::new();
        let mut watch = Watch::new(rules(&TEXTS));
        let mut from = 0;
        for stop in stops.into_iter().filter(|stop| *stop < all.len()) {
            run(&mut watch, &all, from, stop, &mut changes);
            let state = watch.state().unwrap();
            watch = Watch::resume(rules(&TEXTS), &state, &mut changes).unwrap();
            prop_assert_eq!(watch.state().unwrap(), state, "a state is what was kept");
            // Lines that were taken before are handed in once more.
            let mut reader = Reader::new();
            for (n, came) in all.iter().enumerate().take(stop).skip(stop.saturating_sub(again)) {
                hand_in(&mut watch, &mut reader, n as u64, begin(), &came.line, &mut changes);
            }
            from = stop;
        }
        run(&mut watch, &all, from, all.len(), &mut changes);
        prop_assert_eq!(&changes, &live);
        prop_assert_eq!(watch.state().unwrap(), state);
    }
}

#[test]
fn a_rule_that_changed_begins_anew_and_alarms_of_one_that_is_gone_are_resolved() {
    let mut watch = Watch::new(rules(&TEXTS));
    let (mut reader, mut changes) = (Reader::new(), Vec::new());
    for n in 0..6 {
        let line = "<38>Nov 20 10:11:12 web-1 sshd[1]: Failed password for lin from 198.51.100.9 port 5 ssh2";
        hand_in(&mut watch, &mut reader, n, begin(), line, &mut changes);
    }
    assert!(
        matches!(&*changes, [Change::Raised(alarm)] if &*alarm.rule == "password_guessing"),
        "{changes:?}"
    );
    let state = watch.state().unwrap();
    let others: Vec<RuleText> =
        TEXTS.iter().filter(|text| &*text.rule.id != "password_guessing").cloned().collect();
    changes.clear();
    let watch = Watch::resume(rules(&others), &state, &mut changes).unwrap();
    assert!(
        matches!(&*changes, [Change::Resolved { alarm, .. }] if &*alarm.rule == "password_guessing" && alarm.count == 6),
        "{changes:?}"
    );
    assert_eq!((watch.next("known"), watch.next("unknown")), (6, 0));
    assert!(Watch::resume(rules(&others), b"{}", &mut changes).is_err());
}
