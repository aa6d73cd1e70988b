//! At work: lines and ticks in, what has become of alarms out.

use crate::alarm::{Alarm, Book, Change, Evidence, Found};
use crate::detect::{DetectionId, Looked};
use crate::event::{Event, Known};
use crate::kind::told_by;
use crate::memory::{Counts, Groups, Last, Outside, Steps, Values, keep, key};
use crate::rule::{Kind, Rule, Rules};
use lines::Record;
use model::Instant;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// A line as it is handed in.
#[derive(Debug, Clone, Copy)]
pub struct Line<'l> {
    /// The receiver that numbered it.
    pub receiver: &'l str,
    /// Its number there.
    pub n: u64,
    /// When it was received.
    pub at: Instant,
    /// What it says.
    pub record: &'l Record<'l>,
}

/// Rules at work.
pub struct Watch {
    rules: Rules,
    known: Known,
    at: Instant,
    /// Of each receiver the number of the next line.
    next: BTreeMap<Box<str>, u64>,
    /// Of each rule what it keeps in mind.
    memory: Vec<Memory>,
    book: Book,
    found: Vec<DetectionId>,
}

/// A state that cannot be gone on from.
#[derive(Debug, thiserror::Error)]
#[error("the state of the rules cannot be read")]
pub struct StateError(#[source] serde_json::Error);

/// What a rule keeps in mind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Memory {
    Nothing,
    Counts(Groups<Counts>),
    Values(Groups<Values>),
    Steps(Groups<Steps>),
    /// And since when the rule is at work.
    Last(Groups<Last>, Option<i64>),
    Outside(Groups<Outside>),
}

/// Everything, as it is kept.
#[derive(Serialize, Deserialize)]
struct State {
    at: Instant,
    next: BTreeMap<Box<str>, u64>,
    known: Known,
    /// By rule: what it was made of, and what it kept in mind.
    rules: BTreeMap<Box<str>, (Box<str>, Memory)>,
    book: Book,
}

impl Memory {
    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Match => Self::Nothing,
            Kind::Threshold { distinct: None, .. } => Self::Counts(Groups::default()),
            Kind::Threshold { distinct: Some(_), .. } => Self::Values(Groups::default()),
            Kind::Sequence { .. } => Self::Steps(Groups::default()),
            Kind::FirstSeen { .. } | Kind::Silence { .. } => Self::Last(Groups::default(), None),
            Kind::Limit { .. } => Self::Outside(Groups::default()),
        }
    }

    /// Groups kept in mind, and groups that were forgotten too early.
    fn size(&self) -> (usize, u64) {
        match self {
            Self::Nothing => (0, 0),
            Self::Counts(groups) => (groups.len(), groups.evicted()),
            Self::Values(groups) => (groups.len(), groups.evicted()),
            Self::Steps(groups) => (groups.len(), groups.evicted()),
            Self::Last(groups, _) => (groups.len(), groups.evicted()),
            Self::Outside(groups) => (groups.len(), groups.evicted()),
        }
    }
}

impl Watch {
    /// Rules that have seen nothing.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let memory = rules.rules.iter().map(|rule| Memory::of(&rule.kind)).collect();
        Self {
            rules,
            known: Known::default(),
            at: Instant::EPOCH,
            next: BTreeMap::new(),
            memory,
            book: Book::default(),
            found: Vec::new(),
        }
    }

    /// Rules that go on from a state. What was kept in mind for a rule that is not the same any more is forgotten; alarms
    /// of rules that are not there any more are resolved.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn resume(rules: Rules, state: &[u8], changes: &mut Vec<Change>) -> Result<Self, StateError> {
        let State { at, next, known, rules: mut kept, book } =
            serde_json::from_slice(state).map_err(StateError)?;
        let mut watch = Self { at, next, known, book, ..Self::new(rules) };
        for (rule, memory) in watch.rules.rules.iter().zip(&mut watch.memory) {
            if let Some((text, former)) = kept.remove(&rule.id).filter(|(text, _)| *text == rule.text) {
                drop(text);
                *memory = former;
            }
        }
        let ids: std::collections::BTreeSet<&str> = watch.rules.rules.iter().map(|rule| &*rule.id).collect();
        watch.book.keep(|rule| ids.contains(rule), at, changes);
        Ok(watch)
    }

    /// Everything that is kept in mind, with how far each receiver's lines have come. The same state is the same bytes.
    ///
    /// # Errors
    /// Never, as far as is known: the state is made of texts and numbers.
    pub fn state(&self) -> Result<Vec<u8>, StateError> {
        let rules = self.rules.rules.iter().zip(&self.memory);
        let state = State {
            at: self.at,
            next: self.next.clone(),
            known: self.known.clone(),
            rules: rules
                .map(|(rule, memory)| (rule.id.clone(), (rule.text.clone(), memory.clone())))
                .collect(),
            book: self.book.clone(),
        };
        serde_json::to_vec(&state).map_err(StateError)
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What is known of accounts and addresses.
    #[must_use]
    pub const fn known(&self) -> &Known {
        &self.known
    }

    /// What is known of accounts and addresses from now on.
    pub fn know(&mut self, known: Known) {
        self.known = known;
    }

    /// Somebody says that an alarm is over, the one that was raised at `first`. Its rule begins anew with what the alarm
    /// was about: who was silent is waited for once they were heard again, what was counted counts no more. Gives whether
    /// it stood.
    pub fn settle(
        &mut self,
        rule: &str,
        group: &[(String, String)],
        first: Instant,
        changes: &mut Vec<Change>,
    ) -> bool {
        let Some(at) = self.rules.rules.iter().position(|one| &*one.id == rule) else { return false };
        let values = group.iter().map(|(_, value)| Some(std::borrow::Cow::Borrowed(value.as_str())));
        let grouped = self.rules.rules.get(at).is_some_and(|rule| !rule.by.is_empty());
        // What has no group is the alarm for the rest, unless the rule has none for anything.
        let key = (!group.is_empty() || !grouped).then(|| key(values).unwrap_or_default());
        let stood = self.book.settle((rule, key.as_deref()), first, self.at, changes);
        let (Some(memory), Some(key), true) = (self.memory.get_mut(at), key, stood) else { return stood };
        let learns = self.rules.rules.get(at).is_some_and(|rule| matches!(rule.kind, Kind::FirstSeen { .. }));
        match memory {
            Memory::Nothing => {}
            Memory::Counts(groups) => groups.forget(&key),
            Memory::Values(groups) => groups.forget(&key),
            Memory::Steps(groups) => groups.forget(&key),
            // Forgotten, it would be seen for the first time again.
            Memory::Last(..) if learns => {}
            Memory::Last(groups, _) => groups.forget(&key),
            Memory::Outside(groups) => groups.forget(&key),
        }
        true
    }

    /// From the moment it has come to until this one nothing was received: that nothing came then raises nothing, and
    /// nothing is over by it.
    pub fn down(&mut self, until: Instant) {
        let gap = until.as_seconds() - self.at.as_seconds();
        if gap <= 0 {
            return;
        }
        for (rule, memory) in self.rules.rules.iter().zip(&mut self.memory) {
            match (memory, &rule.kind) {
                (Memory::Last(groups, _), Kind::Silence { .. }) => groups.each(|last| last.0 += gap),
                (Memory::Outside(groups), _) => {
                    groups.each(|outside| outside.since = outside.since.map(|since| since + gap));
                }
                _ => {}
            }
        }
        self.book.down(until);
        self.at = until;
    }

    /// The clock has gone back to this moment. What was counted behind it counts as of now, and time goes on from here.
    pub fn back(&mut self, at: Instant) {
        if at >= self.at {
            return;
        }
        self.at = at;
        let now = at.as_seconds();
        for memory in &mut self.memory {
            match memory {
                Memory::Nothing => {}
                Memory::Counts(groups) => groups.back(now),
                Memory::Values(groups) => groups.back(now),
                Memory::Steps(groups) => groups.back(now),
                Memory::Last(groups, began) => {
                    *began = began.map(|began| began.min(now));
                    groups.back(now);
                }
                Memory::Outside(groups) => groups.back(now),
            }
        }
        self.book.back(at);
    }

    /// The number of the line that is wanted next of a receiver.
    #[must_use]
    pub fn next(&self, receiver: &str) -> u64 {
        self.next.get(receiver).copied().unwrap_or(0)
    }

    /// The moment it has come to.
    #[must_use]
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// Of each receiver the number of the line that is wanted next.
    pub fn positions(&self) -> impl Iterator<Item = (&str, u64)> {
        self.next.iter().map(|(receiver, next)| (&**receiver, *next))
    }

    /// Passes over lines of a receiver before this one: those that came before the rules were at work.
    pub fn pass(&mut self, receiver: &str, next: u64) {
        let known = self.next.entry(receiver.into()).or_default();
        *known = next.max(*known);
    }

    /// Alarms that stand, by rule and group.
    pub fn standing(&self) -> impl Iterator<Item = &Alarm> {
        self.book.standing()
    }

    /// Of each rule: its id, how many groups it keeps in mind, how many it forgot because there were too many.
    pub fn kept(&self) -> impl Iterator<Item = (&str, usize, u64)> {
        let rules = self.rules.rules.iter().zip(&self.memory);
        rules.map(|(rule, memory)| {
            let (groups, evicted) = memory.size();
            (&*rule.id, groups, evicted)
        })
    }

    /// Takes a line. One that was taken before is passed over.
    pub fn line(&mut self, line: &Line<'_>, changes: &mut Vec<Change>) -> Looked {
        match self.next.get_mut(line.receiver) {
            Some(next) if line.n < *next => return Looked::default(),
            Some(next) => *next = line.n + 1,
            None => drop(self.next.insert(line.receiver.into(), line.n + 1)),
        }
        self.at = self.at.max(line.at);
        let known = std::mem::take(&mut self.known);
        let told = told_by(line.receiver, line.record);
        let event = Event { record: line.record, told, known: &known };
        let mut found = std::mem::take(&mut self.found);
        let looked = self.rules.detector.find(&event, &mut found);
        if !found.is_empty() {
            let owners = found.iter().filter_map(|id| self.rules.owners.get(id)).flatten().copied();
            let mut whose: Vec<(usize, usize)> = owners.collect();
            whose.sort_unstable();
            for of_one in whose.chunk_by(|(one, _), (other, _)| one == other) {
                self.apply(of_one, &event, line, changes);
            }
        }
        self.found = found;
        self.known = known;
        looked
    }

    /// Takes a tick: time has come to this second, by what is recorded.
    pub fn tick(&mut self, at: Instant, changes: &mut Vec<Change>) {
        self.at = self.at.max(at);
        let now = self.at.as_seconds();
        for (rule, memory) in self.rules.rules.iter().zip(&mut self.memory) {
            let book = &mut self.book;
            match (memory, &rule.kind) {
                (Memory::Counts(groups), Kind::Threshold { within, .. }) => groups.tick(now, *within),
                (Memory::Values(groups), Kind::Threshold { within, .. }) => groups.tick(now, *within),
                (Memory::Steps(groups), Kind::Sequence { within, .. }) => groups.tick(now, *within),
                (Memory::Last(groups, began), Kind::FirstSeen { within, .. }) => {
                    began.get_or_insert(now);
                    groups.tick(now, *within);
                }
                (Memory::Last(groups, _), Kind::Silence { after }) => {
                    let silent = groups.which(|last| now - last.0 >= *after);
                    for key in silent.iter().filter(|key| !book.stands(&rule.id, key)).collect::<Vec<_>>() {
                        book.found(finding(rule, key, self.at, 0, Vec::new()), changes);
                    }
                }
                (Memory::Outside(groups), Kind::Limit { lasting, .. }) => {
                    let outside = groups.which(|one| one.since.is_some_and(|since| now - since >= *lasting));
                    for key in outside.iter().filter(|key| !book.stands(&rule.id, key)).collect::<Vec<_>>() {
                        let mut places = VecDeque::new();
                        groups.with_known(key, |outside| places = std::mem::take(&mut outside.places));
                        let count = places.len() as u64;
                        book.found(finding(rule, key, self.at, count, places.into()), changes);
                    }
                }
                _ => {}
            }
            // Silence, limits and what has its own end say themselves when they are over; what had no place of its own
            // cannot.
            let themselves = matches!(rule.kind, Kind::Silence { .. } | Kind::Limit { .. }) || rule.has_end();
            let since = self.at.minus(std::time::Duration::from_secs(rule.quiet.unsigned_abs()));
            book.quiet(&rule.id, since, self.at, themselves, changes);
        }
        self.book.tick(changes);
    }

    /// A rule of which something was found in a line: the rule, and which of its looks.
    fn apply(
        &mut self,
        found: &[(usize, usize)],
        event: &Event<'_>,
        line: &Line<'_>,
        changes: &mut Vec<Change>,
    ) {
        let Some((at, _)) = found.first() else { return };
        let (Some(rule), Some(memory)) = (self.rules.rules.get(*at), self.memory.get_mut(*at)) else {
            return;
        };
        let (book, moment, now) = (&mut self.book, self.at, self.at.as_seconds());
        // A match is never lost because a line lacks what it would be kept apart by.
        let lenient = matches!(rule.kind, Kind::Match);
        let values = rule.by.iter().map(|field| event.value(field).or_else(|| lenient.then(|| "".into())));
        let Some(key) = key(values) else { return };
        let place = Evidence { receiver: line.receiver.into(), n: line.n };
        let first = found.iter().any(|(_, look)| *look == 0);
        match (&rule.kind, memory) {
            (Kind::Match, _) if first => book.found(finding(rule, &key, moment, 1, vec![place]), changes),
            (Kind::Match, _) => {
                if book.stands(&rule.id, &key) {
                    book.found(finding(rule, &key, moment, 1, vec![place]), changes);
                }
                book.over(&rule.id, &key, moment, changes);
            }
            (Kind::Threshold { count, within, .. }, Memory::Counts(groups)) => {
                let (total, evidence) = groups.with(&key, now, *within, |counts| {
                    let total = counts.add(now, *within, place);
                    (total, if total >= *count { counts.take() } else { Vec::new() })
                });
                if total >= *count {
                    let added = if book.stands(&rule.id, &key) { 1 } else { total };
                    book.found(finding(rule, &key, moment, added, evidence), changes);
                }
            }
            (Kind::Threshold { count, within, distinct: Some(field) }, Memory::Values(groups)) => {
                let Some(value) = event.value(field) else { return };
                if !first {
                    groups.with_known(&key, |values| values.remove(&value));
                    return;
                }
                let most = usize::try_from(*count).unwrap_or(usize::MAX);
                let there = groups.with(&key, now, *within, |values| {
                    values.add(&value, now, *within, most, place).then(|| values.take())
                });
                if let Some(evidence) = there {
                    let added = if book.stands(&rule.id, &key) { 1 } else { *count };
                    book.found(finding(rule, &key, moment, added, evidence), changes);
                }
            }
            (Kind::Sequence { ordered, within }, Memory::Steps(groups)) => {
                let is: Vec<bool> =
                    (0..rule.looks.len()).map(|step| found.iter().any(|(_, look)| *look == step)).collect();
                let complete =
                    groups.with(&key, now, *within, |steps| steps.add(&is, *ordered, now, *within, place));
                if let Some(evidence) = complete {
                    let count = evidence.len() as u64;
                    book.found(finding(rule, &key, moment, count, evidence), changes);
                }
            }
            (Kind::FirstSeen { within, learn }, Memory::Last(groups, began)) => {
                let began = *began.get_or_insert(now);
                let last = groups.with(&key, now, *within, |last| std::mem::replace(&mut last.0, now));
                if now - last >= *within && now - began >= *learn {
                    book.found(finding(rule, &key, moment, 1, vec![place]), changes);
                }
            }
            (Kind::Silence { .. }, Memory::Last(groups, _)) => {
                groups.with(&key, now, i64::MAX, |last| last.0 = now);
                book.over(&rule.id, &key, moment, changes);
            }
            (Kind::Limit { value, low, high, margin, lasting }, Memory::Outside(groups)) => {
                // What is no figure says nothing of the figure; that none comes is for silence to tell.
                let figure = event.value(value).and_then(|text| text.parse::<f64>().ok());
                let Some(figure) = figure.filter(|figure| figure.is_finite()) else { return };
                let beyond = |by: f64| {
                    low.is_some_and(|low| figure < low + by) || high.is_some_and(|high| figure > high - by)
                };
                let stands = book.stands(&rule.id, &key);
                if beyond(if stands { *margin } else { 0.0 }) {
                    let evidence = groups.with(&key, now, i64::MAX, |outside| {
                        let since = *outside.since.get_or_insert(now);
                        keep(&mut outside.places, place);
                        let ripe = stands || now - since >= *lasting;
                        ripe.then(|| std::mem::take(&mut outside.places))
                    });
                    if let Some(places) = evidence {
                        let count = places.len() as u64;
                        book.found(finding(rule, &key, moment, count, places.into()), changes);
                    }
                } else {
                    groups.with_known(&key, |outside| *outside = Outside::default());
                    book.over(&rule.id, &key, moment, changes);
                }
            }
            _ => {}
        }
    }
}

fn finding<'f>(rule: &'f Rule, key: &'f str, at: Instant, count: u64, evidence: Vec<Evidence>) -> Found<'f> {
    Found { rule: &rule.id, severity: rule.severity, fields: &rule.by, key, at, count, evidence }
}
