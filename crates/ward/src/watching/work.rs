//! The work: lines handed in, seconds ticked, what has changed entered, the state kept.
//!
//! Invariants: nothing further is handed in while what was found is not entered; a state is written only then; what was
//! handed in is durable before an alarm of it is entered.

use super::feed::{Coming, Feed};
use super::kept::{Kept, Run, judge};
use super::units::{Units, unit_of};
use super::{Parts, Watching, ended, settled};
use super::{calls, cases};
use crate::lines::Lines;
use crate::machine::{SystemClock, steady};
use desk::{Asker, Desk, Order};
use ledger::disk::DiskError;
use lines::Reader;
use model::{Clock as _, Instant, Told};
use regulation::Pack;
use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;
use store::{AlarmFact, AlarmLine, AlarmName, AlarmRaised, AlarmResolved};
use telemetry::follow::Stretch;
use telemetry::source::Sources;
use watch::{Alarm, Change, Evidence, Known, Line, RuleText, Rules, Watch};
use web::RulesAtWork;

/// How often the state is written.
const KEPT: Duration = Duration::from_secs(10);
/// Changes that are entered at once.
const TOGETHER: usize = 512;
/// How often it is looked whether alarms wait for somebody.
const CALLED: Duration = Duration::from_secs(5);
/// By how much the clock has to differ from the time that has passed for it to have been set, or the machine to have slept.
const SET: Duration = Duration::from_secs(60);
/// Stretches that are handed in before what they have found is entered, while others wait.
const STRETCHES: u32 = 64;

/// The rules at work.
pub(super) struct Work {
    desk: Desk,
    sources: Sources,
    values: super::Values,
    told: Watching,
    feed: Feed,
    kept: Kept,
    watch: Watch,
    reader: Reader,
    /// The version of the pack whose rules are at work.
    version: Option<u32>,
    /// The last second that was ticked.
    ticked: i64,
    kept_at: Instant,
    called_at: Instant,
    changes: Vec<Change>,
    /// What is to be entered, in order.
    facts: Vec<AlarmFact>,
    /// When the line was received that raised the last alarm which is to be entered.
    found_at: Option<Instant>,
    tried: u64,
    /// Is it to be looked whether cases are to be opened?
    cases_due: bool,
    lines: Lines,
    /// To which units accounts and terminals belong.
    units: Units,
    /// Which of the changes came of a line, by their places, and who sent it.
    senders: BTreeMap<usize, Ipv6Addr>,
    /// The last entry by which somebody settled an alarm that was looked at.
    settled: u64,
    /// From this second on lines are received again; none once it has been ticked.
    up: Option<i64>,
    /// When the last round was, by the clock and by what has passed.
    round: (Instant, Duration),
}

/// The rules of a pack, as far as the installation has said what they ask for.
fn rules(pack: Option<&Pack>, values: &super::Values) -> Rules {
    let mut rules = Rules::new();
    let texts = pack.and_then(|pack| pack.section::<Vec<RuleText>>("rules"));
    rules.pack(texts.map(Vec::as_slice).unwrap_or_default(), values);
    rules
}

impl Work {
    /// Goes on where the last run was, or begins with what comes from now on: behind the lines that `begin` names.
    pub(super) fn begin(parts: &Parts, begin: &BTreeMap<String, u64>, told: Watching) -> Result<Self, Told> {
        let Parts { desk, lines, values } = parts;
        let disk = lines.disk();
        // Without one that is whole nobody knows what has counted so far.
        if let Some(told) = judge(&*disk).map_err(|error| unkept(&error))? {
            return Err(unread(&told.en));
        }
        let (kept, found) = Kept::open(disk).map_err(|error| unkept(&error))?;
        let packs = desk.seen().packs;
        let (pack, mut changes) = (packs.current(), Vec::new());
        let (watch, runs) = match found {
            Some(found) => {
                let watch = Watch::resume(rules(pack, values), &found.state, &mut changes);
                (watch.map_err(|error| unread(&crate::lines::causes(&error)))?, found.runs)
            }
            None => {
                let mut watch = Watch::new(rules(pack, values));
                begin.iter().for_each(|(receiver, next)| watch.pass(receiver, *next));
                (watch, Vec::new())
            }
        };
        let mut work = Self {
            desk: desk.clone(),
            sources: lines.sources(),
            values: values.clone(),
            told,
            feed: Feed::new(lines.clone()),
            kept,
            ticked: watch.at().as_seconds(),
            watch,
            reader: Reader::new(),
            version: pack.map(|pack| pack.version),
            kept_at: Instant::EPOCH,
            called_at: Instant::EPOCH,
            changes,
            facts: Vec::new(),
            found_at: None,
            tried: 0,
            cases_due: true,
            lines: lines.clone(),
            units: Units::default(),
            senders: BTreeMap::new(),
            settled: 0,
            up: None,
            round: (SystemClock.now(), steady()),
        };
        work.units.are(work.watch.known());
        for run in runs {
            work.again(run)?;
        }
        work.up = Some(ended(SystemClock.now()));
        work.enter()?;
        work.keep()?;
        work.tell_rules();
        Ok(work)
    }

    /// Hands in again what the last run had.
    fn again(&mut self, run: Run) -> Result<(), Told> {
        match run {
            Run::Tick(second) => self.tick(second),
            Run::Know(known) => self.know(known),
            Run::Settled(name) => self.settle(&name),
            Run::Down(second) => self.down(second),
            Run::Back(second) => self.back(second),
            Run::Lines(receiver, end) => {
                while self.watch.next(&receiver) < end {
                    match self.feed.of(&receiver, self.watch.next(&receiver))? {
                        Some(Coming::Lines(stretch)) => self.hand_in(&receiver, &stretch, end)?,
                        Some(Coming::Gone(until)) => self.pass(&receiver, until.min(end)),
                        // The folder is that of an earlier time; what comes has other numbers than those.
                        None => self.pass(&receiver, end),
                    }
                }
                self.feed.forget(&receiver);
            }
        }
        Ok(())
    }

    /// Hands in all that has come, ticks the seconds that have ended, and enters what was found.
    pub(super) fn round(&mut self, now: Instant) -> Result<(), Told> {
        self.enter()?;
        self.renew()?;
        self.went_ahead(now);
        if let Some(known) = self.units.renewed(&self.desk).map_err(|error| error.told())? {
            self.know(known);
        }
        for name in settled::since(&self.desk, &mut self.settled).map_err(|error| error.told())? {
            self.settle(&name);
        }
        let mut stretches = 0;
        while let Some((receiver, coming)) = self.feed.next(|receiver| self.watch.next(receiver))? {
            match coming {
                Coming::Lines(stretch) => self.take(&receiver, &stretch)?,
                Coming::Gone(until) => self.pass(&receiver, until),
            }
            stretches += 1;
            if self.changes.len() >= TOGETHER || (stretches >= STRETCHES && !self.changes.is_empty()) {
                self.enter()?;
            }
            if stretches >= STRETCHES {
                stretches = 0;
                self.show();
            }
        }
        self.enter()?;
        self.went_back(now);
        // Everything that was received before it has been handed in.
        self.tick_to(ended(now));
        self.enter()?;
        self.kept.flush().map_err(|error| unkept(&error))?;
        if now >= self.kept_at.plus(KEPT) || now < self.kept_at {
            self.keep()?;
            self.cases_due = true;
        }
        if self.cases_due {
            self.open_cases()?;
        }
        if now >= self.called_at.plus(CALLED) || now < self.called_at {
            calls::call(&self.desk, now)?;
            self.called_at = now;
        }
        self.show();
        Ok(())
    }

    /// Opens the cases that alarms ask for.
    fn open_cases(&mut self) -> Result<(), Told> {
        let unopened = cases::open(&self.desk)?;
        self.told.are_unopened(unopened);
        self.cases_due = false;
        Ok(())
    }

    /// Takes lines, each behind the ticks of the seconds before it.
    fn take(&mut self, receiver: &str, stretch: &Stretch) -> Result<(), Told> {
        let mut from = self.watch.next(receiver).max(stretch.first());
        while from < stretch.end() {
            let second = stretch.received(from).map_or(self.ticked, Instant::as_seconds);
            self.tick_to(second);
            // As many as were received within the same second.
            let same = |line: &u64| {
                stretch
                    .received(*line)
                    .is_none_or(|received| received.as_seconds() <= second.max(self.ticked))
            };
            let end = (from..stretch.end()).find(|line| !same(line)).unwrap_or_else(|| stretch.end());
            self.hand_in(receiver, stretch, end)?;
            from = end.max(from + 1);
        }
        Ok(())
    }

    /// Hands in lines of a stretch up to one of them, and notes that it did.
    fn hand_in(&mut self, receiver: &str, stretch: &Stretch, end: u64) -> Result<(), Told> {
        let end = end.min(stretch.end());
        if self.watch.rules().all().is_empty() {
            self.pass(receiver, end);
            return Ok(());
        }
        for line in stretch.lines(self.watch.next(receiver)) {
            let line = line.map_err(|error| crate::lines::unfound(&error))?;
            if line.n >= end {
                break;
            }
            let (source, before) = (self.sources.of(line.peer), self.changes.len());
            let record = self.reader.read(source, line.received, &line.bytes);
            let one = Line { receiver, n: line.n, at: line.received, record: &record };
            self.watch.line(&one, &mut self.changes);
            self.tried += 1;
            if self.changes.len() > before {
                self.found_at = Some(line.received);
                self.senders.extend((before..self.changes.len()).map(|at| (at, line.peer)));
            }
        }
        self.pass(receiver, end);
        Ok(())
    }

    /// Lines of a receiver were handed in up to this one, or there is nothing of them to be handed in.
    fn pass(&mut self, receiver: &str, end: u64) {
        self.watch.pass(receiver, end);
        self.kept.lines(receiver, end);
    }

    fn tick_to(&mut self, second: i64) {
        if second > self.ticked {
            self.tick(second);
        }
    }

    /// Sees whether the clock was set ahead, or the machine slept: what was skipped is time in which nothing could be
    /// received.
    fn went_ahead(&mut self, now: Instant) {
        let ((before, since), passed) = (self.round, steady());
        self.round = (now, passed);
        if now > before.plus(passed.saturating_sub(since)).plus(SET) {
            self.up = Some(ended(now));
        }
    }

    /// Sees whether the clock was set back, once the lines of before are handed in: time goes back with it.
    fn went_back(&mut self, now: Instant) {
        let second = ended(now);
        if second + i64::try_from(SET.as_secs()).unwrap_or(0) < self.ticked {
            self.back(second);
            self.kept.back(second);
        }
    }

    fn back(&mut self, second: i64) {
        self.watch.back(at(second));
        self.ticked = second;
    }

    fn down(&mut self, second: i64) {
        self.watch.down(at(second));
        self.ticked = self.ticked.max(second);
    }

    fn know(&mut self, known: Known) {
        self.kept.know(&known);
        self.units.are(&known);
        self.watch.know(known);
    }

    /// Somebody said that an alarm is over: its rule begins anew, where it stands.
    fn settle(&mut self, name: &AlarmName) {
        if self.watch.settle(&name.rule, &name.group, name.first, &mut self.changes) {
            self.kept.settled(name);
        }
    }

    fn tick(&mut self, second: i64) {
        if let Some(up) = self.up.filter(|up| second >= *up) {
            self.up = None;
            if up > self.ticked + i64::try_from(SET.as_secs()).unwrap_or(0) {
                self.down(up);
                self.kept.down(up);
            }
        }
        self.watch.tick(at(second), &mut self.changes);
        self.kept.tick(second);
        self.ticked = second;
    }

    /// Makes what is to be entered of what has changed, each alarm with the unit it is about.
    fn name(&mut self) -> Result<(), Told> {
        let seen = self.desk.seen();
        for (at, change) in self.changes.iter().enumerate() {
            let mut fact = self.told.take(change);
            if let (Some(AlarmFact::Raised(raised)), Change::Raised(alarm)) = (&mut fact, change) {
                let sender = self.senders.get(&at).and_then(|peer| self.lines.unit_at((*peer).into()));
                let named = unit_of(&self.desk, &seen, alarm).map_err(|error| error.told())?;
                // A unit that is there no more is nobody's to look after.
                raised.unit = named.or(sender).filter(|unit| seen.roster.unit(*unit).is_some());
            }
            self.facts.extend(fact);
        }
        self.changes.clear();
        self.senders.clear();
        Ok(())
    }

    /// Has what was found entered; what the ledger has already is passed over there.
    fn enter(&mut self) -> Result<(), Told> {
        self.name()?;
        if self.facts.is_empty() {
            return Ok(());
        }
        self.kept.sync().map_err(|error| unkept(&error))?;
        while !self.facts.is_empty() {
            let some: Vec<AlarmFact> = self.facts.iter().take(TOGETHER).cloned().collect();
            let count = some.len();
            let done = self.desk.ask(Asker::System, Order::Alarms(some));
            let entered = done.map_err(|refused| refused.told())?.entries;
            self.facts.drain(..count);
            self.told.has_entered(entered.end - entered.start);
        }
        self.cases_due = true;
        let delay = self.found_at.take().map(|at| SystemClock.now().as_micros() - at.as_micros());
        self.told.delayed(delay.and_then(|micros| u64::try_from(micros).ok()).map(Duration::from_micros));
        Ok(())
    }

    /// Takes up the rules of another version of the pack.
    fn renew(&mut self) -> Result<(), Told> {
        let packs = self.desk.seen().packs;
        let version = packs.current().map(|pack| pack.version);
        if version == self.version {
            return Ok(());
        }
        let state = self.watch.state().map_err(|error| unread(&crate::lines::causes(&error)))?;
        let rules = rules(packs.current(), &self.values);
        self.watch = Watch::resume(rules, &state, &mut self.changes)
            .map_err(|error| unread(&crate::lines::causes(&error)))?;
        self.version = version;
        self.enter()?;
        // What comes from here on is looked at by these rules, whenever the process ends.
        self.keep()?;
        self.tell_rules();
        Ok(())
    }

    /// Writes the state, once everything that was found is entered.
    pub(super) fn keep(&mut self) -> Result<(), Told> {
        self.enter()?;
        let state = self.watch.state().map_err(|error| unread(&crate::lines::causes(&error)))?;
        self.kept.write(&state).map_err(|error| unkept(&error))?;
        self.kept_at = SystemClock.now();
        Ok(())
    }

    fn tell_rules(&self) {
        let rules = self.watch.rules();
        let waiting = rules
            .waiting()
            .iter()
            .map(|one| (one.rule.to_string(), one.asks.iter().map(ToString::to_string).collect::<Vec<_>>()));
        let refused = rules
            .refused()
            .iter()
            .map(|one| (one.place.to_string(), Told::new(one.reason.zh(), one.reason.en())));
        self.told.rules_are(RulesAtWork {
            at_work: rules.all().len(),
            waiting: waiting.collect(),
            refused: refused.collect(),
        });
        self.told.stand(self.watch.standing());
    }

    fn show(&self) {
        let evicted = self.watch.kept().map(|(_, _, evicted)| evicted).sum();
        self.told.come_to(self.watch.positions(), self.tried, evicted);
    }
}

/// The beginning of a second.
fn at(second: i64) -> Instant {
    Instant::from_micros(second.saturating_mul(1_000_000)).unwrap_or(Instant::EPOCH)
}

/// What names an alarm.
fn name(alarm: &Alarm) -> AlarmName {
    AlarmName { rule: alarm.rule.to_string(), group: group(alarm), first: alarm.first }
}

fn group(alarm: &Alarm) -> Vec<(String, String)> {
    alarm.group.iter().map(|(field, value)| (field.to_string(), value.to_string())).collect()
}

fn line(evidence: &Evidence) -> AlarmLine {
    AlarmLine { n: evidence.n, receiver: evidence.receiver.to_string() }
}

fn raised(alarm: &Alarm) -> AlarmRaised {
    AlarmRaised {
        count: alarm.count,
        first: alarm.first,
        group: group(alarm),
        last: alarm.last,
        lines: alarm.evidence.iter().map(line).collect(),
        rest: alarm.rest,
        rule: alarm.rule.to_string(),
        severity: alarm.severity,
        unit: None,
    }
}

fn resolved(alarm: &Alarm, at: Instant) -> AlarmResolved {
    AlarmResolved {
        at,
        count: alarm.count,
        first: alarm.first,
        group: group(alarm),
        last: alarm.last,
        latest: alarm.latest.iter().map(line).collect(),
        lines: alarm.evidence.iter().map(line).collect(),
        rule: alarm.rule.to_string(),
    }
}

impl Watching {
    /// Takes down what has become of an alarm; gives what is to be entered of it.
    fn take(&self, change: &Change) -> Option<AlarmFact> {
        let mut state = self.state();
        match change {
            Change::Raised(alarm) => {
                state.standing.insert(name(alarm), (alarm.count, alarm.last));
                Some(AlarmFact::Raised(raised(alarm)))
            }
            Change::Grown(alarm) => {
                state.standing.insert(name(alarm), (alarm.count, alarm.last));
                None
            }
            Change::Resolved { alarm, at } => {
                state.standing.remove(&name(alarm));
                Some(AlarmFact::Resolved(resolved(alarm, *at)))
            }
        }
    }

    fn has_entered(&self, count: u64) {
        self.state().entered += count;
    }

    fn delayed(&self, delay: Option<Duration>) {
        let mut state = self.state();
        state.delay = delay.or(state.delay);
    }

    fn are_unopened(&self, unopened: BTreeMap<u64, Told>) {
        self.state().unopened = unopened;
    }

    fn rules_are(&self, rules: RulesAtWork) {
        self.state().rules = rules;
    }

    fn stand<'a>(&self, standing: impl Iterator<Item = &'a Alarm>) {
        let standing = standing.map(|alarm| (name(alarm), (alarm.count, alarm.last))).collect();
        self.state().standing = standing;
    }

    fn come_to<'a>(&self, next: impl Iterator<Item = (&'a str, u64)>, tried: u64, evicted: u64) {
        let mut state = self.state();
        for (receiver, next) in next {
            match state.next.get_mut(receiver) {
                Some(known) => *known = next,
                None => drop(state.next.insert(receiver.to_owned(), next)),
            }
        }
        (state.tried, state.evicted, state.begun) = (tried, evicted, true);
    }
}

fn unkept(error: &DiskError) -> Told {
    let causes = crate::lines::causes(error);
    Told::new(
        format!("監看規則之狀態檔無法讀寫，監看暫停：{causes}。紀錄照常接收；排除原因後自動續行，不會遺漏。"),
        format!(
            "The state of the rules cannot be read or written, and watching rests: {causes}. Lines are received all the same; it goes on once the cause is mended, and none is passed over."
        ),
    )
}

fn unread(causes: &str) -> Told {
    Told::new(
        format!(
            "監看規則之狀態無法解讀，監看暫停：{causes}。請由備份還原 watch 資料夾；無備份時移除之，監看即自新收之紀錄開始。"
        ),
        format!(
            "The state of the rules does not read, and watching rests: {causes}. Restore the folder watch from the backup; without one remove it, and watching begins with what is received from then on."
        ),
    )
}
