//! The clerk: the one thread that decides, appends and writes.
//!
//! A batch: take what waits; decide each command on the committed tables and what the batch has added (`overlay`); hand
//! all entries to the ledger at once, durable; write the tables and commit; answer.
//! Crash points: before the append is durable nothing has happened. Between append and commit the ledger has it and the
//! tables have not: the next start replays it, through the same code. After the commit it was answered, or the caller is
//! gone.
//! Invariants: nothing else changes anything; a refusal leaves nothing behind; after an outcome that is not known the
//! desk stops and is opened anew.

use crate::entering::seal_all;
use crate::files::Files;
use crate::keys::{Vaulted, draw};
use crate::order::{Asker, Done, Order, Refused};
use crate::overlay::Overlay;
use crate::packs::{MakeSections, PackFiles, pack_digest, read, spelled};
use crate::seen::{Seen, Shown};
use crate::sign;
use casework::{Around, By, Command, ContentHash, EntryNumber, Permitted, Records as _, Rules, Shelf};
use identity::{Action, Beside, On, Policies, RecordFacts, Roster};
use ledger::Ledger;
use ledger::entropy::Entropy;
use model::{Actor, CivilDate, Clock, DataKeyId, Instant, Person, PersonId, RecordId, Told};
use proof::entry::{Body as EntryBody, Draft, Encoded, Entry};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use store::{Fact, NoticeRead, Packs, Projection, Published, Recorded, Said};

/// Most commands of a batch.
pub(crate) const MOST_TOGETHER: usize = 256;
/// Bytes of entries after which a batch is full.
const FULL_BYTES: usize = 2 << 20;

/// Kind of the entry that says a person was refused for want of a right.
pub const REFUSED: &str = "access.refused/1";

/// What waits for the clerk.
pub(crate) struct Work {
    pub(crate) asker: Asker,
    pub(crate) order: Order,
    pub(crate) reply: oneshot::Sender<Result<Done, Refused>>,
}

/// The clerk and all that is on the desk.
pub(crate) struct Clerk {
    pub(crate) ledger: Ledger,
    pub(crate) vault: Arc<Vaulted>,
    pub(crate) projection: Projection,
    pub(crate) files: Files,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Box<dyn Entropy>,
    pub(crate) sections: MakeSections,
    pub(crate) shown: Arc<Shown>,
    pub(crate) policies: Option<Policies>,
    pub(crate) origin: String,
    /// Since when the system has been up.
    pub(crate) up_since: Instant,
    /// The day for which duties were last looked at.
    pub(crate) duties_seen: Option<CivilDate>,
    /// Running records may have to move to a new version.
    pub(crate) moving: Option<u64>,
    pub(crate) stopped: Option<Told>,
}

/// What one order of a batch has given.
struct Decided {
    facts: Vec<Fact>,
    record: Option<RecordId>,
    alone: bool,
}

/// An entry on its way.
struct Entering {
    fact: Option<Fact>,
    key: Option<DataKeyId>,
    encoded: Encoded,
}

/// An order that was accepted.
struct Accepted {
    reply: oneshot::Sender<Result<Done, Refused>>,
    /// Its entries within the batch.
    entries: Range<usize>,
    outcome: Result<Option<RecordId>, Refused>,
}

impl Clerk {
    /// Does what waits, in batches; what a batch puts off comes first in the next.
    pub(crate) fn work(&mut self, mut waiting: VecDeque<Work>) {
        while !waiting.is_empty() {
            if let Some(told) = &self.stopped {
                for work in waiting.drain(..) {
                    let _ = work.reply.send(Err(Refused::Stopped(told.clone())));
                }
                return;
            }
            waiting = self.batch(waiting);
        }
    }

    /// One batch; gives back what it put off.
    fn batch(&mut self, mut waiting: VecDeque<Work>) -> VecDeque<Work> {
        let now = self.clock.now();
        let (mut entering, mut accepted) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        let mut later = VecDeque::new();
        {
            let mut overlay = Overlay::new(&self.projection);
            let packs = self.projection.packs().clone();
            let mut put_off: Vec<RecordId> = Vec::new();
            while let Some(work) = waiting.pop_front() {
                if accepted.len() >= MOST_TOGETHER || bytes > FULL_BYTES {
                    waiting.push_front(work);
                    break;
                }
                // Commands on one record keep their order.
                let subject = subject(&work.order);
                if subject.is_some_and(|record| put_off.contains(&record)) {
                    later.push_back(work);
                    continue;
                }
                let alone = matches!(work.order, Order::Identity(_) | Order::Publish(_));
                if alone && !accepted.is_empty() {
                    waiting.push_front(work);
                    break;
                }
                overlay.take_looked();
                let decided = decide(
                    &Deciding {
                        projection: &self.projection,
                        packs: &packs,
                        policies: self.policies.as_ref(),
                        overlay: &overlay,
                        origin: &self.origin,
                        files: &self.files,
                        sections: &self.sections,
                        now,
                    },
                    self.entropy.as_mut(),
                    &work,
                );
                if let Some(fault) = self.projection.take_fault() {
                    let _ = work.reply.send(Err(fault.into()));
                    continue;
                }
                if overlay.take_looked() {
                    put_off.extend(subject);
                    later.push_back(work);
                    continue;
                }
                let first = entering.len();
                let outcome = decided.and_then(|decided| {
                    let ready =
                        seal_all(&decided.facts, &self.projection, &self.vault, self.entropy.as_mut())?;
                    add(&mut overlay, &decided.facts)?;
                    Ok((decided, ready))
                });
                let (outcome, ready, last) = match outcome {
                    Ok((decided, ready)) => {
                        let facts = decided.facts.into_iter().map(Some);
                        let entered =
                            facts.zip(ready).map(|(fact, (key, encoded))| Entering { fact, key, encoded });
                        (Ok(decided.record), entered.collect(), decided.alone)
                    }
                    Err(refused) => (Err(refused), Vec::new(), false),
                };
                entering.extend(ready);
                if let Err(refused) = &outcome {
                    entering.extend(refusal_entry(&work, refused));
                    if entering.len() == first {
                        let _ = work.reply.send(outcome.map(|record| Done { entries: 0..0, record }));
                        continue;
                    }
                }
                bytes += entering
                    .get(first..)
                    .unwrap_or_default()
                    .iter()
                    .map(|one| one.encoded.len())
                    .sum::<usize>();
                accepted.push(Accepted { reply: work.reply, entries: first..entering.len(), outcome });
                if last {
                    break;
                }
            }
        }
        later.append(&mut waiting);
        self.enter(entering, accepted);
        later
    }

    /// Appends, writes, answers.
    fn enter(&mut self, entering: Vec<Entering>, accepted: Vec<Accepted>) {
        if accepted.is_empty() {
            return;
        }
        match self.record(entering) {
            Ok(first) => {
                for one in accepted {
                    let number = |at: usize| first + at as u64;
                    let entries = number(one.entries.start)..number(one.entries.end);
                    // Who no longer waits has lost interest, not the entries.
                    let _ = one.reply.send(one.outcome.map(|record| Done { entries, record }));
                }
            }
            Err(refused) => {
                let told = refused.told();
                let stopped = self.stopped.is_some();
                for one in accepted {
                    let again = match (&refused, stopped) {
                        (_, true) => Refused::Stopped(told.clone()),
                        (Refused::Append(error), _) => Refused::Append(error.clone()),
                        _ => Refused::Stopped(told.clone()),
                    };
                    let _ = one.reply.send(Err(one.outcome.err().unwrap_or(again)));
                }
            }
        }
    }

    /// Appends entries and writes what they say into the tables; gives the number of the first.
    fn record(&mut self, entering: Vec<Entering>) -> Result<u64, Refused> {
        if entering.is_empty() {
            return Ok(self.projection.position());
        }
        let (mut said, mut batch) = (Vec::with_capacity(entering.len()), Vec::with_capacity(entering.len()));
        for one in entering {
            said.push((one.fact, one.key, one.encoded.content_hash()));
            batch.push(one.encoded);
        }
        let range = self.ledger.append(batch).inspect_err(|error| {
            if let ledger::error::AppendError::Stopped(reason) = error {
                self.stopped = Some(reason.told());
            }
        })?;
        // Durable here. A crash from now on is healed by the next start, which replays from the position of the tables.
        self.take_in(range.clone(), said).inspect_err(|refused| self.stopped = Some(refused.told()))?;
        Ok(range.start)
    }

    fn take_in(
        &mut self,
        range: Range<u64>,
        said: Vec<(Option<Fact>, Option<DataKeyId>, proof::hash::Hash)>,
    ) -> Result<(), Refused> {
        let mut entries = self.missed(range.start)?;
        let time = self.time_of(range.start)?;
        let publishes = said.iter().any(|(fact, _, _)| matches!(fact, Some(Fact::Published(_))));
        for (number, (fact, key, content)) in range.clone().zip(said) {
            let said = match fact {
                Some(fact) => Said::Fact(Box::new(timed(fact, time))),
                None => Said::Other,
            };
            entries.push(Recorded { number, at: time, content: ContentHash(content), key, said });
        }
        let roster = entries.iter().any(touches_people);
        self.projection.apply(entries)?;
        if publishes {
            self.load_packs()?;
            self.moving = Some(0);
            self.duties_seen = None;
        }
        self.show(roster || publishes);
        Ok(())
    }

    /// Entries that others have appended since the tables were last written.
    pub(crate) fn missed(&self, until: u64) -> Result<Vec<Recorded>, Refused> {
        let from = self.projection.position();
        let mut entries = Vec::new();
        let mut failed = None;
        if from < until {
            let visit = |number: u64, bytes: &[u8]| match Recorded::read(number, bytes, self.vault.as_ref()) {
                Ok(recorded) => entries.push(recorded),
                Err(error) => {
                    failed.get_or_insert_with(|| store::StoreError::Follows {
                        entry: number,
                        source: error.into(),
                    });
                }
            };
            let read = self.ledger.reader().entries(from..until, visit);
            read.map_err(|error| store::StoreError::Follows { entry: from, source: error.into() })?;
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(entries),
        }
    }

    pub(crate) fn time_of(&self, number: u64) -> Result<Instant, Refused> {
        let follows = |source: Box<dyn std::error::Error + Send + Sync>| {
            Refused::Store(store::StoreError::Follows { entry: number, source })
        };
        let bytes = self.ledger.reader().entry(number).map_err(|error| follows(error.into()))?;
        Ok(Entry::parse(&bytes).map_err(|error| follows(error.into()))?.time())
    }

    /// Reads the published packs and lays the tables out by them.
    pub(crate) fn load_packs(&mut self) -> Result<(), Refused> {
        let published = self.projection.published()?;
        let packs = read(&published, self.files.shelf(), &self.sections)?;
        self.policies = match packs.current() {
            Some(pack) => Some(Policies::compile(pack).map_err(Refused::Pack)?),
            None => None,
        };
        self.projection.set_packs(packs)?;
        Ok(())
    }

    /// Shows readers what they read by.
    pub(crate) fn show(&self, all: bool) {
        let position = self.projection.position();
        if all {
            self.shown.set(Seen {
                position,
                packs: self.projection.packs().clone(),
                layout: Arc::new(self.projection.layout().clone()),
                roster: Arc::new(self.projection.roster().clone()),
            });
        } else {
            self.shown.reach(position);
        }
    }

    /// What a person would have to sign.
    pub(crate) fn rehearse(
        &mut self,
        person: &Person,
        command: &Command,
    ) -> Result<Option<casework::Asked>, Refused> {
        let now = self.clock.now();
        let packs = self.projection.packs().clone();
        let pack = packs.current().ok_or(Refused::NoPack)?;
        let roster = Roster::new(self.projection.roster(), pack, now);
        let by = by(person, command, &roster, self.policies.as_ref(), &self.projection)?;
        let shelf = shelf(&packs).ok_or(Refused::NoPack)?;
        let around = Around { shelf: &shelf, records: &self.projection, directory: &roster, now };
        let entropy = self.entropy.as_mut();
        let mut fresh = || RecordId::from_bytes(draw(entropy).unwrap_or_default());
        let asked = casework::rehearse(around, &by, command, &mut fresh);
        if let Some(fault) = self.projection.take_fault() {
            return Err(fault.into());
        }
        Ok(asked?)
    }

    /// Enters facts of the desk's own.
    pub(crate) fn enter_own(&mut self, facts: Vec<Fact>) -> Result<(), Refused> {
        let ready = seal_all(&facts, &self.projection, &self.vault, self.entropy.as_mut())?;
        let entered = facts.into_iter().map(Some).zip(ready);
        let entering = entered.map(|(fact, (key, encoded))| Entering { fact, key, encoded }).collect();
        self.record(entering).map(drop)
    }
}

/// What a decision of a batch looks at.
struct Deciding<'a> {
    projection: &'a Projection,
    packs: &'a Packs,
    policies: Option<&'a Policies>,
    overlay: &'a Overlay<'a>,
    origin: &'a str,
    files: &'a Files,
    sections: &'a MakeSections,
    now: Instant,
}

fn decide(on: &Deciding<'_>, entropy: &mut dyn Entropy, work: &Work) -> Result<Decided, Refused> {
    match &work.order {
        Order::Publish(files) => publish(on, &work.asker, files),
        Order::Identity(command) => {
            let pack = on.packs.current().ok_or(Refused::NoPack)?;
            let roster = Roster::new(on.projection.roster(), pack, on.now);
            let by = match &work.asker {
                Asker::Console => identity::By::Console,
                Asker::System => return Err(Refused::NotForAsker),
                Asker::Person(person) => {
                    let policies = on.policies.ok_or(Refused::NoPack)?;
                    identity::By::Person(policies.permits(&roster, person.clone(), command))
                }
            };
            let events = identity::decide(roster, &by, command)?;
            Ok(Decided { facts: events.into_iter().map(Fact::Identity).collect(), record: None, alone: true })
        }
        Order::Casework(command) => {
            let pack = on.packs.current().ok_or(Refused::NoPack)?;
            let roster = Roster::new(on.projection.roster(), pack, on.now);
            let by = match &work.asker {
                Asker::System => By::System,
                Asker::Console => return Err(Refused::NotForAsker),
                Asker::Person(person) => {
                    let by = by(person, command, &roster, on.policies, on.overlay)?;
                    sign::check(command, person, on.projection.roster(), on.origin)?;
                    by
                }
            };
            let shelf = shelf(on.packs).ok_or(Refused::NoPack)?;
            let around = Around { shelf: &shelf, records: on.overlay, directory: &roster, now: on.now };
            let mut failed = None;
            let mut fresh = || match draw(entropy) {
                Ok(bytes) => RecordId::from_bytes(bytes),
                Err(told) => {
                    failed = Some(told);
                    RecordId::from_bytes([0; 16])
                }
            };
            let events = casework::decide(around, &by, command, &mut fresh);
            if let Some(told) = failed {
                return Err(Refused::Vault(told));
            }
            let events = events?;
            let record = events.first().and_then(casework::Event::record);
            Ok(Decided { facts: events.into_iter().map(Fact::Case).collect(), record, alone: false })
        }
        Order::ReadNotice(notice) => read_notice(on, &work.asker, *notice),
    }
}

/// The person with what the policies say of the act.
fn by(
    person: &Person,
    command: &Command,
    roster: &Roster<'_>,
    policies: Option<&Policies>,
    records: &dyn casework::Records,
) -> Result<By, Refused> {
    roster.acts(person)?;
    let asked = match command {
        Command::Open { record, register, step, .. } => {
            let lowest = roster.grades.first().map(|grade| grade.id.clone());
            let grade = lowest.ok_or(Refused::NoPack)?;
            let facts = RecordFacts {
                record: *record,
                register: register.clone(),
                unit: person.unit,
                state: None,
                grade,
                opened_by: Some(person.person),
            };
            Some((Action::Step(register.clone(), step.clone()), facts))
        }
        Command::Take { record, step, .. } => {
            let case = records.case(*record).ok_or(casework::Refusal::NoRecord(*record))?;
            let facts = RecordFacts {
                record: *record,
                register: case.register.clone(),
                unit: case.unit,
                state: Some(case.state.clone()),
                grade: case.grade.clone(),
                opened_by: case.opened_by,
            };
            Some((Action::Step(case.register.clone(), step.clone()), facts))
        }
        // What only the system may do.
        _ => None,
    };
    let (action, facts) = asked.ok_or(Refused::NotForAsker)?;
    let policies = policies.ok_or(Refused::NoPack)?;
    let ask = roster.ask(person, action, On::Record(facts), Beside::default()).ok_or(Refused::NotForAsker)?;
    let policy = policies.judge(&ask).for_flow().map_err(Refused::Policy)?;
    Ok(By::Person(Permitted::by_policy(person.clone(), policy)))
}

fn publish(on: &Deciding<'_>, asker: &Asker, files: &PackFiles) -> Result<Decided, Refused> {
    if *asker != Asker::Console {
        return Err(Refused::NotForAsker);
    }
    let pack = files.load(&(on.sections)()).map_err(Refused::Pack)?;
    Policies::compile(&pack).map_err(Refused::Pack)?;
    if let Some(former) = on.packs.current() {
        let problems = regulation::succession(former, &pack);
        if !problems.is_empty() {
            return Err(Refused::Pack(problems));
        }
    }
    let archive = on.files.put_archive(&files.archive())?;
    let published = Published {
        archive: spelled(archive),
        digest: pack_digest(&pack),
        pack: pack.id.as_str().to_owned(),
        version: pack.version,
    };
    Ok(Decided { facts: vec![Fact::Published(published)], record: None, alone: true })
}

fn read_notice(on: &Deciding<'_>, asker: &Asker, notice: EntryNumber) -> Result<Decided, Refused> {
    let Asker::Person(person) = asker else { return Err(Refused::NotForAsker) };
    let pack = on.packs.current().ok_or(Refused::NoPack)?;
    let roster = Roster::new(on.projection.roster(), pack, on.now);
    let told = on.projection.ask(|sql| sql.notice_for(notice, person.person, &roster))?;
    let (record, unread) = told.ok_or(Refused::NoNotice)?;
    let unit = on.overlay.case(record).map(|case| case.unit);
    let read = NoticeRead { actor: Actor::Person(person.clone()), record, unit, notice, at: on.now };
    let facts = if unread { vec![Fact::NoticeRead(read)] } else { Vec::new() };
    Ok(Decided { facts, record: Some(record), alone: false })
}

/// Every version that records run on.
pub(crate) fn shelf(packs: &Packs) -> Option<Shelf<'_>> {
    let mut shelf = Shelf::new(Rules::from(packs.current()?));
    for former in packs.0.iter() {
        shelf = shelf.with(Rules::from(former));
    }
    Some(shelf)
}

fn add(overlay: &mut Overlay<'_>, facts: &[Fact]) -> Result<(), Refused> {
    for fact in facts {
        if let Fact::Case(event) = fact {
            let added = overlay.add(std::slice::from_ref(event));
            added.map_err(|error| casework::Refusal::NoSuch(error.to_string()))?;
        }
    }
    Ok(())
}

fn subject(order: &Order) -> Option<RecordId> {
    match order {
        Order::Casework(
            Command::Answer { record, .. }
            | Command::Move { record, .. }
            | Command::Open { record, .. }
            | Command::Take { record, .. }
            | Command::Tick { record, .. },
        ) => Some(*record),
        _ => None,
    }
}

/// The entry that tells of a person's refusal for want of a right.
fn refusal_entry(work: &Work, refused: &Refused) -> Option<Entering> {
    let Asker::Person(person) = &work.asker else { return None };
    if !refused.is_of_right() {
        return None;
    }
    let (act, subject) = act(&work.order, person.person);
    let told = refused.told();
    let body = serde_json::json!({ "act": act, "code": refused.code(), "en": told.en, "zh": told.zh });
    let draft = Draft {
        actor: Actor::Person(person.clone()),
        kind: REFUSED.to_owned(),
        subject,
        unit: Some(person.unit),
        form: None,
        body: EntryBody::Clear { value: body, salt: None },
        signature: None,
    };
    // A refusal that makes no entry is answered all the same.
    draft.encode().ok().map(|encoded| Entering { fact: None, key: None, encoded })
}

fn act(order: &Order, person: PersonId) -> (String, String) {
    match order {
        Order::Casework(Command::Open { record, register, step, .. }) => {
            (format!("{register}.{step}"), record.to_string())
        }
        Order::Casework(Command::Take { record, step, .. }) => (step.to_string(), record.to_string()),
        Order::Casework(_) => ("casework".to_owned(), person.to_string()),
        Order::Identity(_) => ("identity".to_owned(), person.to_string()),
        Order::Publish(_) => ("publish".to_owned(), person.to_string()),
        Order::ReadNotice(_) => ("read-notice".to_owned(), person.to_string()),
    }
}

/// The time of its entry is the time of a fact.
fn timed(fact: Fact, at: Instant) -> Fact {
    match fact {
        Fact::Case(event) => Fact::Case(casework::Event { at, ..event }),
        Fact::Identity(event) => Fact::Identity(identity::Event { at, ..event }),
        Fact::NoticeRead(read) => Fact::NoticeRead(NoticeRead { at, ..read }),
        fact => fact,
    }
}

fn touches_people(recorded: &Recorded) -> bool {
    match &recorded.said {
        Said::Fact(fact) => matches!(**fact, Fact::Identity(_) | Fact::KeyDestroyed(_)),
        Said::Gone(_) => true,
        Said::Other => false,
    }
}
