//! All scenarios of the pack, one after the other, and what they leave uncovered.

use crate::act::Walker;
use crate::coverage::Coverage;
use crate::scenario::{Scenario, all};
use crate::town::Town;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

/// A scenario by its name, with the register of its file.
type Scenarios = BTreeMap<String, (String, Scenario)>;

/// Walks a scenario in a town of its own, after those it needs.
fn walk(name: &str, scenarios: &Scenarios, coverage: &mut Coverage) {
    let mut town = Town::new(crate::pack());
    let mut done = Vec::new();
    walk_within(&mut town, name, scenarios, coverage, &mut done, false);
}

fn walk_within(
    town: &mut Town,
    name: &str,
    scenarios: &Scenarios,
    coverage: &mut Coverage,
    done: &mut Vec<String>,
    leads: bool,
) {
    if done.iter().any(|one| one == name) {
        return;
    }
    done.push(name.to_owned());
    let (register, scenario) = scenarios.get(name).unwrap_or_else(|| panic!("no scenario {name}"));
    for need in &scenario.needs {
        walk_within(town, need, scenarios, coverage, done, true);
    }
    if let Some(at) = &scenario.at {
        let at = crate::values::moment(town, at);
        Walker { town, coverage, register, last: None, leads }.begin(at);
    }
    let mut last = None;
    for (index, act) in scenario.acts.iter().enumerate() {
        let _place = Place { name, index };
        let mut walker = Walker { town, coverage, register, last, leads };
        walker.act(act);
        last = walker.last;
    }
}

/// Says where a walk stopped, once for all that need it.
struct Place<'p> {
    name: &'p str,
    index: usize,
}

/// Scenarios that stopped.
static STOPPED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// A scenario, or one it needs, that stopped already.
fn stopped(name: &str, scenarios: &Scenarios) -> Option<String> {
    let own = STOPPED.lock().unwrap().contains(name).then(|| name.to_owned());
    own.or_else(|| scenarios.get(name)?.1.needs.iter().find_map(|need| stopped(need, scenarios)))
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("in {}, act {}", self.name, self.index + 1);
            STOPPED.lock().unwrap().insert(self.name.to_owned());
        }
    }
}

#[test]
fn the_whole_pack_is_walked_and_nothing_is_left_uncovered() {
    let scenarios: Scenarios =
        all().into_iter().map(|(name, register, one)| (name, (register, one))).collect();
    let names: Vec<&String> = scenarios.keys().collect();
    // Two threads, since the walks are many and independent.
    let (even, odd): (Vec<_>, Vec<_>) = names.iter().enumerate().partition(|(index, _)| index % 2 == 0);
    let run = |half: Vec<(usize, &&String)>| {
        let mut coverage = Coverage::default();
        for (_, name) in half.into_iter().filter(|(_, name)| stopped(name, &scenarios).is_none()) {
            let mut own = Coverage::default();
            // What stops a walk is said where it stops; the others go on, so that all is told at once.
            let _ = catch_unwind(AssertUnwindSafe(|| walk(name, &scenarios, &mut own)));
            coverage.join(own);
        }
        coverage
    };
    let coverage = std::thread::scope(|threads| {
        let odd = threads.spawn(|| run(odd));
        let mut coverage = run(even);
        coverage.join(odd.join().unwrap());
        coverage
    });
    let stopped = STOPPED.lock().unwrap().clone();
    assert!(stopped.is_empty(), "walks that stopped: {stopped:?}; each says above where and why");
    let missing = coverage.missing(crate::pack());
    assert!(
        missing.is_empty(),
        "{} things of the pack are not walked:\n{}",
        missing.len(),
        missing.join("\n")
    );
}
