//! What rules keep in mind of lines, group by group, within bounds.
//!
//! Time is counted in whole seconds. A group that was not touched for as long as its rule remembers is forgotten, and
//! nothing is lost by it. Beyond [`MOST_GROUPS`] groups of a rule those are forgotten that were touched longest ago, half
//! of them at once; those that could still have counted are counted.

use crate::alarm::Evidence;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Groups that a rule keeps in mind.
pub(crate) const MOST_GROUPS: usize = 50_000;
/// Between the values of a group.
pub(crate) const BETWEEN: char = '\u{1f}';
/// The bytes of a value that count in a group.
const LONGEST_VALUE: usize = 256;
/// Lines that are kept in mind of what may become an alarm.
const MOST_PLACES: usize = 16;

/// Steps in which a window slides that is longer than so many seconds; others slide by the second.
const STEPS: i64 = 120;

/// Groups, in two generations: what is touched is young, what was not since the last turn is old, what was not for two
/// turns is gone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Groups<G> {
    #[serde(
        serialize_with = "sorted",
        bound(serialize = "G: Serialize", deserialize = "G: Deserialize<'de>")
    )]
    young: HashMap<Box<str>, G>,
    #[serde(
        serialize_with = "sorted",
        bound(serialize = "G: Serialize", deserialize = "G: Deserialize<'de>")
    )]
    old: HashMap<Box<str>, G>,
    turned: i64,
    /// How many were forgotten too early.
    evicted: u64,
}

/// Whether forgetting a group would lose something.
pub(crate) trait Group: Default {
    /// Does it matter, to a rule that remembers since this second?
    fn counts(&self, since: i64) -> bool;

    /// Nothing in it lies behind this second any more.
    fn back(&mut self, now: i64);
}

/// How many lines came when: at most [`STEPS`] and one figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    seconds: VecDeque<(i64, u64)>,
    total: u64,
    places: VecDeque<Evidence>,
}

/// Which values came when last: those seen last, of which twice as many are kept as the rule needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Values {
    #[serde(serialize_with = "sorted")]
    values: HashMap<Box<str>, i64>,
    /// The second up to which values that have had their time are gone.
    swept: i64,
    places: VecDeque<Evidence>,
}

/// How far chains of steps have come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Steps {
    /// Of each step: when it was seen last (in any order), or when the chain that came so far latest began (in order).
    at: Vec<Option<i64>>,
    places: VecDeque<Evidence>,
}

/// When somebody or something was seen last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Last(pub(crate) i64);

/// Since when a reading is outside its limits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outside {
    pub(crate) since: Option<i64>,
    pub(crate) places: VecDeque<Evidence>,
}

/// The key of a group from its values.
pub(crate) fn key<'v>(values: impl Iterator<Item = Option<std::borrow::Cow<'v, str>>>) -> Option<String> {
    let mut key = String::new();
    for (at, value) in values.enumerate() {
        if at > 0 {
            key.push(BETWEEN);
        }
        let value = value?;
        let end = value
            .char_indices()
            .map(|(at, sign)| at + sign.len_utf8())
            .take_while(|end| *end <= LONGEST_VALUE);
        let end = end.last().unwrap_or(0);
        key.extend(value.split_at(end).0.chars().map(|sign| if sign == BETWEEN { ' ' } else { sign }));
    }
    Some(key)
}

/// Keeps a place, and the last of them.
pub(crate) fn keep(places: &mut VecDeque<Evidence>, place: Evidence) {
    if places.len() == MOST_PLACES {
        places.pop_front();
    }
    places.push_back(place);
}

impl<G: Group> Groups<G> {
    /// Does something with a group, which is there from now on. `life` is how long the rule remembers.
    pub(crate) fn with<R>(&mut self, key: &str, now: i64, life: i64, then: impl FnOnce(&mut G) -> R) -> R {
        if let Some(group) = self.young.get_mut(key) {
            return then(group);
        }
        let mut group = self.old.remove(key).unwrap_or_default();
        if self.young.len() >= MOST_GROUPS / 2 {
            self.turn(now, life);
        }
        let result = then(&mut group);
        self.young.insert(key.into(), group);
        result
    }

    /// Does something with a group, where it is there.
    pub(crate) fn with_known(&mut self, key: &str, then: impl FnOnce(&mut G)) {
        if let Some(group) = self.young.get_mut(key).or_else(|| self.old.get_mut(key)) {
            then(group);
        }
    }

    /// Forgets a group.
    pub(crate) fn forget(&mut self, key: &str) {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// Does something with every group; in no order, so that it may depend on nothing but the group.
    pub(crate) fn each(&mut self, then: impl FnMut(&mut G)) {
        self.young.values_mut().chain(self.old.values_mut()).for_each(then);
    }

    /// Time has gone back to a second: what lies behind it counts as of now.
    pub(crate) fn back(&mut self, now: i64) {
        self.turned = self.turned.min(now);
        self.each(|group| group.back(now));
    }

    /// Time has come to a second.
    pub(crate) fn tick(&mut self, now: i64, life: i64) {
        if now.saturating_sub(self.turned) > life {
            self.turn(now, life);
        }
    }

    fn turn(&mut self, now: i64, life: i64) {
        let young = std::mem::take(&mut self.young);
        let gone = std::mem::replace(&mut self.old, young);
        let since = now.saturating_sub(life);
        self.evicted += gone.values().filter(|group| group.counts(since)).count() as u64;
        self.turned = now;
    }

    /// How many were forgotten because there were too many.
    pub(crate) const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// How many are kept in mind.
    pub(crate) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Keys of the groups that something holds of, in order.
    pub(crate) fn which(&self, mut holds: impl FnMut(&G) -> bool) -> Vec<Box<str>> {
        let all = self.young.iter().chain(&self.old);
        let mut keys: Vec<Box<str>> =
            all.filter(|(_, group)| holds(group)).map(|(key, _)| key.clone()).collect();
        keys.sort();
        keys
    }
}

impl Group for Counts {
    fn counts(&self, since: i64) -> bool {
        self.seconds.back().is_some_and(|(second, _)| *second > since)
    }

    fn back(&mut self, now: i64) {
        self.seconds.iter_mut().for_each(|(second, _)| *second = now.min(*second));
    }
}

impl Counts {
    /// One more line; how many there are within so many seconds.
    pub(crate) fn add(&mut self, now: i64, within: i64, place: Evidence) -> u64 {
        let step = ((within + STEPS - 1) / STEPS).max(1);
        match self.seconds.back_mut().filter(|(second, _)| now - *second < step) {
            Some((_, count)) => *count += 1,
            None => self.seconds.push_back((now, 1)),
        }
        self.total += 1;
        keep(&mut self.places, place);
        while let Some((_, count)) = self.seconds.pop_front_if(|(second, _)| *second <= now - within) {
            self.total -= count;
        }
        self.total
    }

    /// Lines kept in mind, which are then an alarm's.
    pub(crate) fn take(&mut self) -> Vec<Evidence> {
        std::mem::take(&mut self.places).into()
    }
}

impl Group for Values {
    fn counts(&self, since: i64) -> bool {
        self.values.values().any(|second| *second > since)
    }

    fn back(&mut self, now: i64) {
        self.values.values_mut().for_each(|second| *second = now.min(*second));
        self.swept = self.swept.min(now);
    }
}

impl Values {
    /// One more value: are there `most` different ones within so many seconds?
    pub(crate) fn add(&mut self, value: &str, now: i64, within: i64, most: usize, place: Evidence) -> bool {
        match self.values.get_mut(value) {
            Some(second) => *second = now,
            None => {
                if self.values.len() >= 2 * most {
                    self.trim(most);
                }
                self.values.insert(value.into(), now);
                keep(&mut self.places, place);
            }
        }
        // Within one second nothing more has its time, so once is enough.
        if self.values.len() >= most && self.swept < now {
            self.values.retain(|_, second| *second > now - within);
            self.swept = now;
        }
        self.values.len() >= most
    }

    /// Keeps those seen last: as long as `most` are there they are among them.
    fn trim(&mut self, most: usize) {
        let mut all: Vec<(i64, Box<str>)> =
            self.values.drain().map(|(value, second)| (second, value)).collect();
        all.sort_unstable_by(|one, other| other.cmp(one));
        self.values.extend(all.into_iter().take(most).map(|(second, value)| (value, second)));
    }

    /// A value that does not count any more.
    pub(crate) fn remove(&mut self, value: &str) {
        self.values.remove(value);
    }

    /// Lines kept in mind, which are then an alarm's.
    pub(crate) fn take(&mut self) -> Vec<Evidence> {
        std::mem::take(&mut self.places).into()
    }
}

impl Group for Steps {
    fn counts(&self, since: i64) -> bool {
        self.at.iter().flatten().any(|second| *second > since)
    }

    fn back(&mut self, now: i64) {
        self.at.iter_mut().flatten().for_each(|second| *second = now.min(*second));
    }
}

impl Steps {
    /// Steps that a line is: does it complete them within so many seconds? Where it does they begin anew.
    pub(crate) fn add(
        &mut self,
        is: &[bool],
        ordered: bool,
        now: i64,
        within: i64,
        place: Evidence,
    ) -> Option<Vec<Evidence>> {
        self.at.resize(is.len(), None);
        let fresh = |second: &i64| *second > now - within;
        // From the last to the first, so that one line is one step of a chain.
        for step in (0..is.len()).rev().filter(|step| is.get(*step) == Some(&true)) {
            let began = match step.checked_sub(1).filter(|_| ordered) {
                Some(before) => self.at.get(before).copied().flatten().filter(fresh),
                None => Some(now),
            };
            if let (Some(at), Some(_)) = (self.at.get_mut(step), began) {
                *at = began;
            }
        }
        keep(&mut self.places, place);
        let complete = if ordered {
            self.at.last().copied().flatten().filter(fresh).is_some() && is.last() == Some(&true)
        } else {
            self.at.iter().all(|second| second.as_ref().is_some_and(fresh))
        };
        complete.then(|| std::mem::take(self).places.into())
    }
}

impl Group for Last {
    fn counts(&self, since: i64) -> bool {
        self.0 > since
    }

    fn back(&mut self, now: i64) {
        self.0 = self.0.min(now);
    }
}

impl Group for Outside {
    fn counts(&self, _: i64) -> bool {
        self.since.is_some()
    }

    fn back(&mut self, now: i64) {
        self.since = self.since.map(|since| since.min(now));
    }
}

/// In the order of keys, so that the same state is the same bytes.
fn sorted<G: Serialize, S: Serializer>(groups: &HashMap<Box<str>, G>, to: S) -> Result<S::Ok, S::Error> {
    groups.iter().collect::<BTreeMap<_, _>>().serialize(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(n: u64) -> Evidence {
        Evidence { receiver: "r".into(), n }
    }

    proptest! {
        #[test]
        fn counting_is_that_of_all_lines_within_the_window(gaps in prop::collection::vec(0i64..20, 1..200), within in 1i64..60) {
            let mut counts = Counts::default();
            let mut seen = Vec::new();
            let mut now = 0;
            for (n, gap) in gaps.into_iter().enumerate() {
                now += gap;
                seen.push(now);
                let all = seen.iter().filter(|second| **second > now - within).count();
                prop_assert_eq!(counts.add(now, within, place(n as u64)), all as u64);
                prop_assert!(counts.seconds.len() as i64 <= within);
            }
        }

        #[test]
        fn long_windows_are_counted_within_a_step_and_a_bounded_number_of_figures(
            gaps in prop::collection::vec(0i64..400, 1..300),
        ) {
            let within = 7_200;
            let mut counts = Counts::default();
            let mut seen = Vec::new();
            let mut now = 0;
            for gap in gaps {
                now += gap;
                seen.push(now);
                let since = |since: i64| seen.iter().filter(|second| **second > since).count() as u64;
                let counted = counts.add(now, within, place(0));
                prop_assert!(counted <= since(now - within) && counted >= since(now - within + within / STEPS));
                prop_assert!(counts.seconds.len() as i64 <= STEPS + 1);
            }
        }

        #[test]
        fn different_values_are_those_of_all_lines_up_to_what_is_needed(
            came in prop::collection::vec((0i64..20, 0u8..12), 1..200), within in 1i64..60, most in 1usize..8,
        ) {
            let mut values = Values::default();
            let mut seen = Vec::new();
            let mut now = 0;
            for (gap, value) in came {
                now += gap;
                seen.push((now, value));
                let fresh = seen.iter().filter(|(second, _)| *second > now - within);
                let all: std::collections::BTreeSet<u8> = fresh.map(|(_, value)| *value).collect();
                prop_assert_eq!(values.add(&value.to_string(), now, within, most, place(0)), all.len() >= most);
                prop_assert!(values.values.len() <= 2 * most);
            }
        }

        #[test]
        fn chains_are_found_where_steps_come_in_order_and_in_time(
            came in prop::collection::vec((0i64..10, 0usize..4), 1..60), within in 1i64..40,
        ) {
            let mut steps = Steps::default();
            let mut seen: Vec<(i64, usize)> = Vec::new();
            let mut now = 0;
            for (n, (gap, step)) in came.into_iter().enumerate() {
                now += gap;
                seen.push((now, step));
                // The latest way back through the steps.
                let mut wanted = 3usize.checked_sub(1);
                let mut began = None;
                if step == 2 {
                    for (second, one) in seen.iter().rev() {
                        if Some(*one) == wanted {
                            began = Some(*second);
                            wanted = one.checked_sub(1);
                            if wanted.is_none() { break; }
                        }
                    }
                }
                let there = wanted.is_none() && began.is_some_and(|began| began > now - within);
                let is = [step == 0, step == 1, step == 2];
                let found = steps.add(&is, true, now, within, place(n as u64)).is_some();
                prop_assert_eq!(found, there);
                if found { seen.clear(); }
            }
        }
    }

    #[test]
    fn groups_are_bounded_and_what_is_forgotten_too_early_is_counted() {
        let mut groups: Groups<Last> = Groups::default();
        for n in 0..3 * MOST_GROUPS {
            groups.with(&n.to_string(), 5, 60, |last| last.0 = 5);
            assert!(groups.len() <= MOST_GROUPS);
        }
        assert!(groups.evicted() >= 2 * MOST_GROUPS as u64);
        let evicted = groups.evicted();
        groups.tick(100, 60);
        groups.tick(200, 60);
        assert_eq!((groups.len(), groups.evicted()), (0, evicted), "what has had its time is no loss");
    }

    #[test]
    fn a_group_is_its_values_and_no_value_can_be_two() {
        let of = |values: &[&str]| key(values.iter().map(|value| Some((*value).into())));
        assert_eq!(of(&["a", "b"]).as_deref(), Some("a\u{1f}b"));
        assert_ne!(of(&["a\u{1f}b", "c"]), of(&["a", "b\u{1f}c"]));
        assert_eq!(of(&["城"]).as_deref(), Some("城"));
        assert_eq!(of(&["城".repeat(100).as_str()]).unwrap().len(), 255);
        assert_eq!(key([Some("a".into()), None].into_iter()), None);
    }
}
