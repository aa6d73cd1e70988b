//! No order of commands, deputies, edits, take-backs, outages, steps of the clock and ticks lets a case pass unsigned, or
//! gives a number twice.
//!
//! What the desk did is judged by `naive` from the entries of the ledger alone. People mostly do what is offered to them,
//! so that many cases come to their end; how many did is counted, and too few is a failure. Sequences that failed are kept
//! as data in `orders/kept` and lived again each time; each tells in its name what it was found by.

mod act;
mod life;
mod lives;
mod looking;

use crate::naive::rules;
use act::{Act, act};
use life::{Counts, Life};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::path::PathBuf;

/// A sequence that is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    under: Regulation,
    acts: Vec<Act>,
}

/// The invented regulations.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Regulation {
    Archive,
    Yard,
}

impl Regulation {
    fn live(self, acts: &[Act]) -> Counts {
        match self {
            Self::Archive => self.life().live(acts, &rules::ARCHIVE),
            Self::Yard => self.life().live(acts, &rules::YARD),
        }
    }

    fn life(self) -> Life {
        match self {
            Self::Archive => lives::archive(),
            Self::Yard => lives::yard(),
        }
    }
}

/// How many times as many rounds a soak takes.
const SOAK: u32 = 25;

/// Plays random acts, each time in a house of its own; gives what was lived in all.
fn play(cases: u32, acts: std::ops::Range<usize>, under: Regulation) -> Counts {
    let times = if std::env::var_os("WARD_SOAK").is_some() { SOAK } else { 1 };
    let config = ProptestConfig {
        cases: cases * times,
        failure_persistence: None,
        // Sequences are made shorter below, from any length to any.
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    };
    let lived = Cell::new(Counts::default());
    let played = TestRunner::new(config).run(&prop::collection::vec(act(), acts), |acts| {
        let mut counts = lived.get();
        counts += under.live(&acts);
        lived.set(counts);
        Ok(())
    });
    match played {
        Ok(()) => lived.get(),
        Err(TestError::Fail(reason, acts)) => {
            let acts = shortened(under, acts);
            let kept = serde_json::to_string(&Kept { under, acts }).unwrap();
            panic!("{reason}\nkeep it in tests/desk/orders/kept:\n{kept}");
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// Fewer acts that fail, too: parts are left out as long as it still does, and not for ever.
fn shortened(under: Regulation, mut acts: Vec<Act>) -> Vec<Act> {
    let mut tries = 80;
    for size in [32, 16, 8, 4, 2, 1] {
        let mut at = 0;
        while at < acts.len() && tries > 0 {
            tries -= 1;
            let mut fewer = acts.clone();
            fewer.drain(at..acts.len().min(at + size));
            if std::panic::catch_unwind(|| under.live(&fewer)).is_err() {
                acts = fewer;
            } else {
                at += size;
            }
        }
    }
    acts
}

#[test]
fn no_order_lets_a_loan_pass_without_each_signature() {
    let counts = play(7, 60..110, Regulation::Archive);
    assert!(counts.completed >= 5 && counts.ended >= 5, "loans do not come back: {counts:?}");
}

#[test]
fn no_order_lets_a_permit_pass_without_each_signature() {
    let counts = play(7, 80..130, Regulation::Yard);
    assert!(counts.completed >= 10 && counts.ended >= 1, "permits do not come far: {counts:?}");
    assert!(counts.voided >= 3, "nothing was changed after it was approved: {counts:?}");
    assert!(counts.again >= 3, "nothing was decided again: {counts:?}");
}

#[test]
fn sequences_that_failed_once_are_lived_again() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/desk/orders/kept");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}", folder.display());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let Kept { under, acts } = serde_json::from_str(&text).unwrap();
        let lived = std::panic::catch_unwind(|| under.live(&acts));
        assert!(lived.is_ok(), "{}", path.display());
    }
}
