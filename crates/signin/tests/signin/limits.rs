//! Limits of sessions, whatever the order of what happens: compared with a naive account of it.

use crate::town::{Town, away};
use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestRunner};
use signin::Sessions as _;

/// Something that happens.
#[derive(Debug, Clone)]
enum Event {
    Asks,
    Passes(u64),
    SignsIn,
    SignsOut,
    Sweeps,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Asks),
        4 => (1u64..2_400).prop_map(Event::Passes),
        1 => (10_000u64..50_000).prop_map(Event::Passes),
        1 => Just(Event::SignsIn),
        1 => Just(Event::SignsOut),
        1 => Just(Event::Sweeps),
    ]
}

/// A session as its rules say, to the second.
struct Naive {
    opened: i64,
    /// When it was last noted that something was asked: to a minute.
    seen: i64,
    open: bool,
}

impl Naive {
    const fn counts(&self, now: i64) -> bool {
        self.open && now - self.opened < 12 * 3_600 && now - self.seen < 30 * 60
    }
}

#[test]
fn no_order_of_asking_and_waiting_keeps_a_session_longer_than_its_limits() {
    let town = Town::settled();
    let mut runner = TestRunner::new(Runs { cases: 24, failure_persistence: None, ..Runs::default() });
    let cases = prop::collection::vec(event(), 1..30);
    runner
        .run(&cases, |events| {
            let mut now = now_of(&town);
            let mut cookie = town.sign_in("wang.ming", &away()).unwrap().cookie;
            now = now_of(&town).max(now);
            let mut naive = Naive { opened: now, seen: now, open: true };
            for event in events {
                match event {
                    Event::Passes(seconds) => town.pass(seconds),
                    Event::Sweeps => {
                        town.signin.tick(town.now()).unwrap();
                        naive.open = naive.counts(now_of(&town));
                    }
                    Event::SignsOut => {
                        town.signin.sign_out(&cookie, town.now()).unwrap();
                        naive.open = false;
                    }
                    Event::SignsIn => {
                        cookie = town.sign_in("wang.ming", &away()).unwrap().cookie;
                        let now = now_of(&town);
                        naive = Naive { opened: now, seen: now, open: true };
                    }
                    Event::Asks => {
                        let now = now_of(&town);
                        let open = town.signin.session(&cookie, &away(), town.now()).is_some();
                        prop_assert_eq!(open, naive.counts(now), "{:?}", now - naive.opened);
                        naive.open = open;
                        if now - naive.seen >= 60 {
                            naive.seen = now;
                        }
                    }
                }
            }
            Ok(())
        })
        .unwrap();
}

fn now_of(town: &Town) -> i64 {
    town.now().as_seconds()
}
