//! What all acts that stand amount to.
//!
//! Invariant: it follows from the acts alone, so that an act that is undone leaves what stood before it, whatever came
//! between. Of two acts on the same hosts the longer holds; a network that another covers is not named beside it.

use crate::act::{Conditions, What};
use crate::hosts::Hosts;
use model::Instant;
use std::collections::BTreeMap;

/// Who is under something, and until when; for as long as it is asked for, if none.
pub type Until = Option<Instant>;

/// What is to stand on a firewall.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Nothing goes from or to these.
    pub deny: BTreeMap<Hosts, Until>,
    /// Their connections are reset.
    pub cut: BTreeMap<Hosts, Until>,
    /// They reach nobody but those by whom they are mended.
    pub isolate: BTreeMap<Hosts, Until>,
    /// They are let in under conditions; by the order.
    pub observed: BTreeMap<u64, Observed>,
    /// Measures against everybody; the strictest that is asked for.
    pub wide: Option<Wide>,
}

/// Somebody who is let in under conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Who.
    pub target: Hosts,
    /// Under which.
    pub conditions: Conditions,
}

/// Measures against everybody, the strictest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wide {
    /// Nothing comes in.
    DenyAll,
    /// Nothing goes anywhere.
    LockDown,
}

impl Wanted {
    /// What these acts amount to: order, what, until when, and has a trip-wire been touched.
    pub fn of<'a>(acts: impl IntoIterator<Item = (u64, &'a What, Until, bool)>) -> Self {
        let mut wanted = Self::default();
        for (id, what, until, tripped) in acts {
            match what {
                What::Deny { target } => longer(&mut wanted.deny, *target, until),
                What::Cut { target } => longer(&mut wanted.cut, *target, until),
                What::Isolate { target } => longer(&mut wanted.isolate, *target, until),
                What::Observe { target, .. } if tripped => longer(&mut wanted.deny, *target, until),
                What::Observe { target, conditions } => {
                    let observed = Observed { target: *target, conditions: conditions.clone() };
                    wanted.observed.insert(id, observed);
                }
                What::DenyAll => wanted.wide = wanted.wide.max(Some(Wide::DenyAll)),
                What::LockDown => wanted.wide = wanted.wide.max(Some(Wide::LockDown)),
            }
        }
        for hosts in [&mut wanted.deny, &mut wanted.cut, &mut wanted.isolate] {
            without_covered(hosts);
        }
        wanted
    }

    /// Is nothing to stand?
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

fn longer(hosts: &mut BTreeMap<Hosts, Until>, target: Hosts, until: Until) {
    let held = hosts.entry(target).or_insert(until);
    *held = held.zip(until).map(|(one, other)| one.max(other));
}

/// A firewall takes no two networks of which one lies in the other; single addresses stand by themselves.
fn without_covered(hosts: &mut BTreeMap<Hosts, Until>) {
    let networks: Vec<Hosts> = hosts.keys().copied().filter(|one| !one.is_one()).collect();
    hosts.retain(|one, _| one.is_one() || !networks.iter().any(|other| other != one && other.covers(*one)));
}
