//! No order of commands, deputies, edits, take-backs, outages, failures, steps of the clock and ticks lets a case pass
//! unsigned, or gives a number twice.
//!
//! What the desk did is judged by `naive` from the entries of the ledger alone. People mostly do what is offered to them,
//! so that many cases come to their end; how many did is counted, and too few is a failure. A sequence is that of its
//! seed; `WARD_SEED` lives one alone, `WARD_SOAK` many more.
//! What fails is made shorter and told as deeds. Such sequences are kept in `orders/kept`, by the fault they were found
//! under, and lived again each time: nothing may be wrong with them, and they must come to what they came to. Where that
//! changes on purpose, `UPDATE_GOLDEN=orders` writes it down anew.

mod act;
mod choose;
mod deed;
mod life;
mod lives;
mod looking;

use crate::naive::rules;
use act::{Act, acts};
use deed::Deed;
use life::{Life, Lived};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// A sequence that is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// What was wrong with the engine that failed on it.
    fault: String,
    /// How it fails there.
    fails: String,
    under: Regulation,
    deeds: Vec<Deed>,
    /// What it comes to when nothing is wrong.
    lived: Lived,
}

/// The invented regulations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Regulation {
    Archive,
    Yard,
}

impl Regulation {
    fn life(self) -> Life {
        match self {
            Self::Archive => lives::archive(),
            Self::Yard => lives::yard(),
        }
    }

    const fn rules(self) -> &'static rules::Rules {
        match self {
            Self::Archive => &rules::ARCHIVE,
            Self::Yard => &rules::YARD,
        }
    }

    /// Lives by acts; each deed is noted before it is done.
    fn live(self, acts: &[Act], done: &RefCell<Vec<Deed>>) -> Lived {
        let mut life = self.life();
        for act in acts {
            if let Some(deed) = life.chosen(act) {
                done.borrow_mut().push(deed.clone());
                life.perform(&deed);
            }
        }
        life.judged(self.rules())
    }

    fn relive(self, deeds: &[Deed]) -> Lived {
        let mut life = self.life();
        deeds.iter().for_each(|deed| life.perform(deed));
        life.judged(self.rules())
    }
}

/// How many times as many sequences a soak lives.
const SOAK: u64 = 25;
/// Most sequences that are lived to make one shorter.
const TRIES: u32 = 300;

/// Lives the sequences of so many seeds; gives what was lived in all.
fn play(seeds: u64, length: Range<usize>, under: Regulation) -> Lived {
    let seeds = match std::env::var("WARD_SEED") {
        Ok(seed) => seed.parse().map(|seed| seed..seed + 1).unwrap(),
        Err(_) if std::env::var_os("WARD_SOAK").is_some() => 0..seeds * SOAK,
        Err(_) => 0..seeds,
    };
    let mut lived = Lived::default();
    for seed in seeds {
        let done = RefCell::default();
        let alive = catch_unwind(AssertUnwindSafe(|| under.live(&acts(seed, length.clone()), &done)));
        match alive {
            Ok(one) => lived += one,
            Err(cause) => {
                let fails = told(cause.as_ref());
                let deeds = shortened(under, done.take());
                let kept = Kept {
                    fault: String::new(),
                    fails: fails.clone(),
                    under,
                    deeds,
                    lived: Lived::default(),
                };
                let kept = serde_json::to_string_pretty(&kept).unwrap();
                panic!("seed {seed}: {fails}\nkeep it in tests/desk/orders/kept:\n{kept}");
            }
        }
    }
    lived
}

/// What somebody panicked with.
fn told(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<String>().cloned();
    text.or_else(|| cause.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
}

/// Fewer deeds that fail, too: parts are left out as long as it still does, and not for ever.
fn shortened(under: Regulation, mut deeds: Vec<Deed>) -> Vec<Deed> {
    let mut tries = TRIES;
    let mut fails = |deeds: &[Deed]| {
        tries = tries.saturating_sub(1);
        tries > 0 && catch_unwind(|| under.relive(deeds)).is_err()
    };
    let mut size = deeds.len();
    loop {
        let before = deeds.len();
        size = size.div_ceil(2);
        for start in (0..deeds.len()).step_by(size).rev() {
            let end = deeds.len().min(start + size);
            let fewer = [&deeds[..start], &deeds[end..]].concat();
            if fails(&fewer) {
                deeds = fewer;
            }
        }
        if size == 1 && deeds.len() == before {
            break;
        }
    }
    for at in 0..deeds.len() {
        let Deed::Together(all) = deeds[at].clone() else { continue };
        for left_out in all {
            let mut fewer = deeds.clone();
            if let Deed::Together(all) = &mut fewer[at] {
                all.retain(|given| *given != left_out);
            }
            if fails(&fewer) {
                deeds = fewer;
            }
        }
    }
    deeds
}

#[test]
fn no_order_lets_a_loan_pass_without_each_signature() {
    let lived = play(20, 60..110, Regulation::Archive);
    assert!(lived.completed >= 90 && lived.ended >= 90, "loans do not come back: {lived:?}");
    assert!(lived.stood_in >= 4 && lived.deputies >= 6, "hardly anybody stands in for anybody: {lived:?}");
    assert!(lived.own >= 8 && lived.twice >= 1, "hardly anything is tried that may not be: {lived:?}");
    assert!(lived.again >= 8 && lived.stopped >= 10, "hardly anything comes in between: {lived:?}");
}

#[test]
fn no_order_lets_a_permit_pass_without_each_signature() {
    let lived = play(20, 80..130, Regulation::Yard);
    assert!(lived.completed >= 200 && lived.ended >= 80, "permits do not come far: {lived:?}");
    assert!(lived.voided >= 20, "hardly anything is changed after it was approved: {lived:?}");
    assert!(lived.stood_in >= 25 && lived.deputies >= 8, "hardly anybody stands in for anybody: {lived:?}");
    assert!(lived.own >= 8 && lived.twice >= 20, "hardly anything is tried that may not be: {lived:?}");
    assert!(lived.again >= 30 && lived.stopped >= 30, "hardly anything comes in between: {lived:?}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a file of the repository, written on demand")]
fn sequences_that_failed_once_are_lived_again() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/desk/orders/kept");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}", folder.display());
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let kept: Kept = serde_json::from_str(&text).unwrap();
        let alive = catch_unwind(|| kept.under.relive(&kept.deeds));
        let lived = alive.unwrap_or_else(|_| panic!("{}: {}", path.display(), kept.fault));
        if std::env::var("UPDATE_GOLDEN").as_deref() == Ok("orders") {
            let text = serde_json::to_string_pretty(&Kept { lived, ..kept }).unwrap();
            std::fs::write(&path, text + "\n").unwrap();
        } else {
            assert_eq!(lived, kept.lived, "{}", path.display());
        }
    }
}
