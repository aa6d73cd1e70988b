//! Alarms: what stands, since when, on which lines it rests.
//!
//! One stands for each rule and group; what is found again is added to it. A rule has [`MOST_STANDING`] of its own; what
//! is found beyond is added to one alarm of the rule that has no group, so that a storm stays one.

use model::{Instant, Severity};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Alarms of one rule that stand at once, beside the one for the rest.
pub(crate) const MOST_STANDING: usize = 1_000;
/// Lines that an alarm names: so many of the first, and so many of the last.
pub(crate) const MOST_EVIDENCE: usize = 16;

/// A line: its receiver and its number there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Evidence {
    /// The receiver.
    pub receiver: Box<str>,
    /// The line's number.
    pub n: u64,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// The rule that raised it.
    pub rule: Box<str>,
    /// What it is about: fields of the rule's group with their values. Empty for what a rule groups by nothing, and for
    /// the rest of a storm.
    pub group: Vec<(Box<str>, Box<str>)>,
    /// Does it stand for groups that had no place any more?
    pub rest: bool,
    /// How bad it is.
    pub severity: Severity,
    /// When what raised it came.
    pub first: Instant,
    /// When what was added last came.
    pub last: Instant,
    /// How many lines rule and group have found since; nought where it is silence that raised it.
    pub count: u64,
    /// Lines it rests on: the first ones.
    pub evidence: Vec<Evidence>,
    /// And the last ones.
    pub latest: VecDeque<Evidence>,
}

/// What has become of alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// One stands now. Rule, group and `first` name it: one that is told again after a restart has the same.
    Raised(Alarm),
    /// What was added within the second to one that stands.
    Grown(Alarm),
    /// It does not stand any more.
    Resolved {
        /// As it stood.
        alarm: Alarm,
        /// Since when it does not.
        at: Instant,
    },
}

/// What was found.
pub(crate) struct Found<'f> {
    pub(crate) rule: &'f str,
    pub(crate) severity: Severity,
    pub(crate) fields: &'f [Box<str>],
    /// Values of the group's fields, as [`crate::memory::key`] joins them.
    pub(crate) key: &'f str,
    pub(crate) at: Instant,
    /// How many lines of the group.
    pub(crate) count: u64,
    /// The lines it rests on that no alarm has yet.
    pub(crate) evidence: Vec<Evidence>,
}

/// Alarms that stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Book {
    rules: BTreeMap<Box<str>, Standing>,
    /// Since when lines are received without a break.
    #[serde(default = "epoch")]
    up: Instant,
    /// Which have grown since the last tick.
    grown: BTreeSet<(Box<str>, Option<Box<str>>)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Standing {
    /// By group.
    alarms: BTreeMap<Box<str>, Alarm>,
    /// For all that had no place.
    rest: Option<Alarm>,
}

const fn epoch() -> Instant {
    Instant::EPOCH
}

impl Default for Book {
    fn default() -> Self {
        Self { rules: BTreeMap::new(), up: Instant::EPOCH, grown: BTreeSet::new() }
    }
}

impl Alarm {
    fn add(&mut self, found: Found<'_>) {
        self.last = found.at;
        self.count += found.count;
        for evidence in found.evidence {
            if self.evidence.len() < MOST_EVIDENCE {
                self.evidence.push(evidence);
            } else {
                if self.latest.len() == MOST_EVIDENCE {
                    self.latest.pop_front();
                }
                self.latest.push_back(evidence);
            }
        }
    }
}

impl Book {
    /// Raises an alarm, or adds to the one that stands.
    pub(crate) fn found(&mut self, found: Found<'_>, changes: &mut Vec<Change>) {
        let standing = self.rules.entry(found.rule.into()).or_default();
        if let Some(alarm) = standing.alarms.get_mut(found.key) {
            self.grown.insert((found.rule.into(), Some(found.key.into())));
            return alarm.add(found);
        }
        let rest = standing.alarms.len() >= MOST_STANDING;
        if let Some(alarm) = standing.rest.as_mut().filter(|_| rest) {
            self.grown.insert((found.rule.into(), None));
            return alarm.add(found);
        }
        let values = found.key.split(crate::memory::BETWEEN);
        let group = found.fields.iter().cloned().zip(values.map(Into::into));
        let mut alarm = Alarm {
            rule: found.rule.into(),
            group: if rest { Vec::new() } else { group.collect() },
            rest,
            severity: found.severity,
            first: found.at,
            last: found.at,
            count: 0,
            evidence: Vec::new(),
            latest: VecDeque::new(),
        };
        let key = Box::from(found.key);
        alarm.add(found);
        changes.push(Change::Raised(alarm.clone()));
        if rest {
            standing.rest = Some(alarm);
        } else {
            standing.alarms.insert(key, alarm);
        }
    }

    /// Does an alarm stand for the group?
    pub(crate) fn stands(&self, rule: &str, key: &str) -> bool {
        self.rules.get(rule).is_some_and(|standing| standing.alarms.contains_key(key))
    }

    /// What raised it is over.
    pub(crate) fn over(&mut self, rule: &str, key: &str, at: Instant, changes: &mut Vec<Change>) {
        let ended = self.rules.get_mut(rule).and_then(|standing| standing.alarms.remove(key));
        if let Some(alarm) = ended {
            self.grown.remove(&(rule.into(), Some(key.into())));
            changes.push(Change::Resolved { alarm, at });
        }
    }

    /// Somebody says that an alarm is over: the one of this group that was raised at this moment. Gives whether it stood.
    pub(crate) fn settle(
        &mut self,
        (rule, key): (&str, Option<&str>),
        first: Instant,
        at: Instant,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(standing) = self.rules.get_mut(rule) else { return false };
        let meant = |alarm: &Alarm| alarm.first == first;
        let ended = match key {
            Some(key) => match standing.alarms.get(key).is_some_and(meant) {
                true => standing.alarms.remove(key),
                false => None,
            },
            None => standing.rest.take_if(|alarm| meant(alarm)),
        };
        let Some(alarm) = ended else { return false };
        self.grown.remove(&(rule.into(), key.map(Into::into)));
        changes.push(Change::Resolved { alarm, at });
        true
    }

    /// Nothing was received before this moment for a while: that nothing was added until then says nothing.
    pub(crate) const fn down(&mut self, until: Instant) {
        self.up = until;
    }

    /// Time has gone back to a moment: nothing was added behind it.
    pub(crate) fn back(&mut self, at: Instant) {
        self.up = self.up.min(at);
        for standing in self.rules.values_mut() {
            standing
                .alarms
                .values_mut()
                .chain(&mut standing.rest)
                .for_each(|alarm| alarm.last = alarm.last.min(at));
        }
    }

    /// Alarms of a rule to which nothing was added since a moment are over; or only the one for the rest.
    pub(crate) fn quiet(
        &mut self,
        rule: &str,
        since: Instant,
        at: Instant,
        rest_only: bool,
        changes: &mut Vec<Change>,
    ) {
        let Some(standing) = self.rules.get_mut(rule) else { return };
        let up = self.up;
        let quiet = |alarm: &mut Alarm| alarm.last.max(up) <= since;
        let ended = standing.alarms.extract_if(.., |_, alarm| !rest_only && quiet(alarm));
        let mut ended: Vec<Alarm> = ended.map(|(_, alarm)| alarm).collect();
        ended.extend(standing.rest.take_if(quiet));
        changes.extend(ended.into_iter().map(|alarm| Change::Resolved { alarm, at }));
    }

    /// What has grown since the last tick.
    pub(crate) fn tick(&mut self, changes: &mut Vec<Change>) {
        for (rule, key) in std::mem::take(&mut self.grown) {
            let Some(standing) = self.rules.get(&rule) else { continue };
            let alarm = match key {
                Some(key) => standing.alarms.get(&key),
                None => standing.rest.as_ref(),
            };
            changes.extend(alarm.cloned().map(Change::Grown));
        }
    }

    /// Every alarm that stands, by rule and group.
    pub(crate) fn standing(&self) -> impl Iterator<Item = &Alarm> {
        self.rules.values().flat_map(|standing| standing.alarms.values().chain(&standing.rest))
    }

    /// Forgets alarms of rules that are not there any more.
    pub(crate) fn keep(&mut self, is_there: impl Fn(&str) -> bool, at: Instant, changes: &mut Vec<Change>) {
        let gone = self.rules.extract_if(.., |rule, _| !is_there(rule));
        let ended = gone.flat_map(|(_, standing)| standing.alarms.into_values().chain(standing.rest));
        changes.extend(ended.map(|alarm| Change::Resolved { alarm, at }));
    }
}
