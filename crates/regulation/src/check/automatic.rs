//! What happens by itself comes to an end: no escalation or effect leads back to itself.

use super::Whole;
use crate::flow::Effect;
use crate::read::Context;
use crate::register::Register;
use crate::word::{RegisterId, StepId};
use std::collections::{BTreeMap, BTreeSet};

/// A step of a register.
type Taking<'w> = (&'w RegisterId, &'w StepId);

pub(super) fn check(whole: &Whole<'_>, context: &Context<'_>) {
    let leads = leads(whole);
    let mut told: BTreeSet<Taking<'_>> = BTreeSet::new();
    for start in leads.keys() {
        if told.contains(start) {
            continue;
        }
        if let Some(circle) = circle(*start, &leads) {
            let name = |(register, step): &Taking<'_>| format!("{register}.{step}");
            let way = circle.iter().map(name).collect::<Vec<_>>().join(" → ");
            let place = context.place(&format!("{}/step/{}", start.0, start.1));
            let (zh, en) = (
                format!("自動辦理之步驟成為迴圈:{way} → {}", name(start)),
                format!("steps taken by themselves make a loop: {way} → {}", name(start)),
            );
            context.problem(place, zh, en);
            told.extend(circle);
        }
    }
}

/// For each step the steps that follow it by themselves: by its own effects, and by clocks of the states it
/// leads to.
fn leads<'w>(whole: &'w Whole<'_>) -> BTreeMap<Taking<'w>, BTreeSet<Taking<'w>>> {
    let mut leads = BTreeMap::new();
    for register in whole.registers.values() {
        for step in &register.flow.steps {
            let mut next: BTreeSet<Taking<'w>> =
                step.then.iter().filter_map(|follow| taken(&follow.effect)).collect();
            for (_, state) in &step.outcomes {
                next.extend(by_clock(register, state));
            }
            leads.insert((&register.id, &step.id), next);
        }
    }
    leads
}

fn taken(effect: &Effect) -> Option<Taking<'_>> {
    match effect {
        Effect::Open { register, step, .. } | Effect::Take { register, step, .. } => Some((register, step)),
        _ => None,
    }
}

fn by_clock<'w>(register: &'w Register, state: &crate::StateId) -> Vec<Taking<'w>> {
    let clocks = register.flow.clocks.iter().filter(|clock| clock.runs.contains(state));
    clocks.flat_map(|clock| clock.then.iter().filter_map(|escalation| taken(&escalation.effect))).collect()
}

/// A way from `start` back to itself.
fn circle<'w>(
    start: Taking<'w>,
    leads: &BTreeMap<Taking<'w>, BTreeSet<Taking<'w>>>,
) -> Option<Vec<Taking<'w>>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![start]];
    while let Some(way) = ways.pop() {
        let last = way.last()?;
        for next in leads.get(last).into_iter().flatten() {
            if *next == start {
                return Some(way);
            }
            if seen.insert(*next) {
                let mut longer = way.clone();
                longer.push(*next);
                ways.push(longer);
            }
        }
    }
    None
}
