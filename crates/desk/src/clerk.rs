//! The clerk: the one thread that decides, appends and writes.
//!
//! A batch: take what waits; decide each order on the committed tables and what the batch has added (`decide`, `batch`,
//! `overlay`); hand all entries to the ledger at once, durable; write the tables and commit; answer.
//! Crash points: before the append is durable nothing has happened. Between append and commit the ledger has it and the
//! tables have not: the next start replays it, through the same code. After the commit it was answered, or the caller is
//! gone.
//! Invariants: nothing else changes anything; a refusal leaves nothing behind; after an outcome that is not known, and
//! while the tables are behind the ledger, the desk takes nothing and is opened anew.

use crate::batch::{Accepted, Batch, Entering};
use crate::desk::belong;
use crate::entering::seal_all;
use crate::files::Files;
use crate::keys::Vaulted;
use crate::order::{Asker, Done, Order, Refused};
use crate::packs::{MakeSections, read};
use crate::seen::{Seen, Shown};
use crate::sweep::Sweeping;
use board::Changes;
use casework::{Command, ContentHash};
use identity::Policies;
use ledger::Ledger;
use ledger::entropy::Entropy;
use ledger::error::AppendError;
use model::{CivilDate, Clock, DataKeyId, Instant, Person, Told};
use proof::entry::Entry;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use store::{Fact, NoticeRead, Projection, Recorded, Said, StoreError};

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
    pub(crate) policies: Option<Arc<Policies>>,
    pub(crate) origin: String,
    /// Time of the last entry.
    pub(crate) last_entry: Instant,
    /// Since when the system has been up.
    pub(crate) up_since: Instant,
    /// The day for which duties were last looked at; none when they are to be looked at anew.
    pub(crate) duties_seen: Option<CivilDate>,
    /// Running records opened behind this entry may have to move to a new version.
    pub(crate) moving: Option<u64>,
    /// A destruction may have been cut off between its entry and its end.
    pub(crate) destroying: bool,
    /// How far files that nobody holds were swept.
    pub(crate) sweeping: Sweeping,
    /// Whom records wait for could not be found when it was last looked for.
    pub(crate) turns_behind: bool,
    pub(crate) stopped: Option<Told>,
}

/// What becomes of an entry in the tables, once it has its number.
struct Saying {
    fact: Option<Fact>,
    key: Option<DataKeyId>,
    content: ContentHash,
}

impl Clerk {
    /// Does what waits, in batches; what a batch puts off comes first in the next.
    pub(crate) fn work(&mut self, mut waiting: VecDeque<Work>) {
        while !waiting.is_empty() {
            if let Err(refused) = self.ready() {
                let again = || match &refused {
                    Refused::Away(cause) => Refused::Away(cause.clone()),
                    refused => Refused::Stopped(refused.told()),
                };
                waiting.into_iter().for_each(|work| self.answer(work.reply, Err(again())));
                return;
            }
            waiting = self.batch(waiting);
        }
    }

    /// One batch; gives back what it put off, and what did not fit.
    fn batch(&mut self, mut waiting: VecDeque<Work>) -> VecDeque<Work> {
        let (packs, now) = (self.projection.packs().clone(), self.now());
        let mut batch = Batch::default();
        let (deciding, entropy) = self.deciding(&packs, now);
        while let Some(work) = batch.next(&mut waiting) {
            let made = deciding.make(&work, entropy);
            batch.take(work, made);
        }
        drop(deciding);
        let Batch { entering, accepted, mut later, refused, again, .. } = batch;
        self.shown.count(|figures| {
            figures.refused += refused;
            figures.again += again;
        });
        later.append(&mut waiting);
        self.enter(entering, accepted);
        later
    }

    /// Appends, writes, answers.
    fn enter(&mut self, entering: Vec<Entering>, accepted: Vec<Accepted>) {
        if accepted.is_empty() {
            return;
        }
        let entries = entering.len() as u64;
        let recorded = self.record(entering);
        if recorded.is_ok() && entries > 0 {
            self.shown.count(|figures| {
                figures.batches += 1;
                figures.entries += entries;
            });
        }
        for one in accepted {
            let answer = match (&recorded, one.outcome) {
                (Ok(first), outcome) => {
                    let number = |at: usize| first + at as u64;
                    let entries = number(one.entries.start)..number(one.entries.end);
                    outcome.map(|record| Done { entries, record })
                }
                (Err(_), Err(refused)) => Err(refused),
                (Err(Refused::Append(error)), Ok(_)) if self.stopped.is_none() => {
                    Err(Refused::Append(error.clone()))
                }
                (Err(refused), Ok(_)) => Err(Refused::Stopped(refused.told())),
            };
            self.answer(one.reply, answer);
        }
    }

    fn answer(&self, reply: oneshot::Sender<Result<Done, Refused>>, answer: Result<Done, Refused>) {
        self.shown.count(|figures| match answer {
            Ok(_) => figures.done += 1,
            Err(_) => figures.refused += 1,
        });
        // Who no longer waits has lost interest, not the entries.
        let _ = reply.send(answer);
    }

    /// Appends entries and writes what they say into the tables; gives the number of the first.
    fn record(&mut self, entering: Vec<Entering>) -> Result<u64, Refused> {
        if entering.is_empty() {
            return Ok(self.projection.position());
        }
        let (mut said, mut batch) = (Vec::with_capacity(entering.len()), Vec::with_capacity(entering.len()));
        for Entering { fact, key, encoded } in entering {
            said.push(Saying { fact, key, content: ContentHash(encoded.content_hash()) });
            batch.push(encoded);
        }
        let range = self.ledger.append(batch).inspect_err(|error| {
            if let AppendError::Stopped(reason) = error {
                self.stopped = Some(reason.told());
            }
        })?;
        // Durable here. A crash from now on is healed by the next start, which replays from the position of the tables.
        let first = range.start;
        self.take_in(range, said).map_err(|refused| {
            let behind = Refused::Behind(refused.told());
            self.stopped = Some(behind.told());
            behind
        })?;
        Ok(first)
    }

    /// Writes entries of the ledger into the tables, after those that others have appended.
    fn take_in(&mut self, range: Range<u64>, said: Vec<Saying>) -> Result<(), Refused> {
        let mut entries = self.missed(range.start)?;
        // A batch of the ledger has one time.
        let time = self.time_of(range.start)?;
        let publishes = said.iter().any(|one| matches!(one.fact, Some(Fact::Published(_))));
        for (number, Saying { fact, key, content }) in range.zip(said) {
            let said = match fact {
                Some(fact) => Said::Fact(Box::new(timed(fact, time))),
                None => Said::Other,
            };
            entries.push(Recorded { number, at: time, content, key, said });
        }
        let people = entries.iter().any(touches_people);
        let owing = entries.iter().any(|entry| self.may_owe(entry));
        let changes = changes(&entries);
        self.projection.apply(entries)?;
        self.last_entry = time;
        if publishes {
            self.load_packs()?;
            self.moving = Some(0);
        }
        // The rows are committed, and what was asked for is done: this is found before anything else is.
        self.turns_behind = self.projection.refresh_turns(time).is_err();
        if publishes || owing {
            self.duties_seen = None;
        }
        self.show(people || publishes);
        // Told last: whoever takes the changes up reads by what is shown.
        self.shown.changed(changes);
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
                    failed.get_or_insert_with(|| StoreError::follows(number, error).into());
                }
            };
            self.ledger
                .reader()
                .entries(from..until, visit)
                .map_err(|error| StoreError::follows(from, error))?;
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(entries),
        }
    }

    pub(crate) fn time_of(&self, number: u64) -> Result<Instant, Refused> {
        let bytes = self.ledger.reader().entry(number).map_err(|error| StoreError::follows(number, error))?;
        Ok(Entry::parse(&bytes).map_err(|error| StoreError::follows(number, error))?.time())
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
                policies: self.policies.clone(),
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
        self.ready()?;
        let (packs, now) = (self.projection.packs().clone(), self.now());
        let (deciding, entropy) = self.deciding(&packs, now);
        deciding.rehearse(person, command, entropy)
    }

    /// Enters facts of the desk's own.
    pub(crate) fn enter_own(&mut self, facts: Vec<Fact>) -> Result<(), Refused> {
        self.running()?;
        let ready = seal_all(&facts, &self.projection, &self.vault, self.entropy.as_mut())?;
        let entered = facts.into_iter().map(Some).zip(ready);
        let entering = entered.map(|(fact, (key, encoded))| Entering { fact, key, encoded }).collect();
        self.record(entering).map(drop)
    }

    /// The moment of a decision: never before that of an entry, so that a clock that goes back brings back nothing that
    /// was over, neither a deputy's appointment nor a role.
    pub(crate) fn now(&self) -> Instant {
        self.clock.now().max(self.last_entry)
    }

    /// Refuses once the desk has stopped, while the database is away, and while it cannot be found whom records wait for.
    /// Between two batches nothing is under way, so
    /// that a database that was lost is opened again: its lock taken anew, what it lost of its own accord replayed.
    pub(crate) fn ready(&mut self) -> Result<(), Refused> {
        self.running()?;
        if self.projection.is_alive() {
            return self.find_turns();
        }
        let opened = self.projection.reopen().map_err(Refused::from).and_then(|()| {
            let (tables, size) = (self.projection.position(), self.ledger.head().size);
            if tables > size || self.projection.is_of_other_version()? {
                return Err(StoreError::Ahead { tables, ledger: size }.into());
            }
            belong(&self.projection, &self.ledger)?;
            self.catch_up()
        });
        match opened {
            Ok(_) => {
                (self.duties_seen, self.moving, self.turns_behind) = (None, Some(0), false);
                self.show(true);
                self.shown.changed(Changes::everything());
                Ok(())
            }
            Err(Refused::Store(error @ (StoreError::Unavailable { .. } | StoreError::Busy { .. }))) => {
                Err(Refused::Away(error.told()))
            }
            // Somebody else writes them, or they are not those that were lost.
            Err(refused) => {
                self.stopped = Some(refused.told());
                Err(Refused::Stopped(refused.told()))
            }
        }
    }

    /// Finds whom records wait for, where that failed before.
    fn find_turns(&mut self) -> Result<(), Refused> {
        if self.turns_behind {
            let found = self.projection.refresh_turns(self.now());
            found.map_err(|error| Refused::Away(error.told()))?;
            self.turns_behind = false;
        }
        Ok(())
    }

    /// Refuses, once the desk has stopped.
    pub(crate) fn running(&self) -> Result<(), Refused> {
        match &self.stopped {
            Some(told) => Err(Refused::Stopped(told.clone())),
            None => Ok(()),
        }
    }
}

/// The time of its entry is the time of a fact.
fn timed(fact: Fact, at: Instant) -> Fact {
    match fact {
        Fact::Case(event) => Fact::Case(casework::Event { at, ..event }),
        Fact::Door(door) => Fact::Door(identity::Door { at, ..door }),
        Fact::Identity(event) => Fact::Identity(identity::Event { at, ..event }),
        Fact::NoticeRead(read) => Fact::NoticeRead(NoticeRead { at, ..read }),
        fact => fact,
    }
}

/// What entries change for checks of clauses.
fn changes(entries: &[Recorded]) -> Changes {
    let mut changes = Changes::default();
    for recorded in entries {
        match &recorded.said {
            Said::Fact(fact) => match fact.as_ref() {
                Fact::Case(event) => changes.note(event),
                Fact::Identity(_) => changes.people = true,
                Fact::KeyDestroyed(_) => changes.all = true,
                Fact::Alarm(_)
                | Fact::Outlet(_)
                | Fact::Door(_)
                | Fact::Evaluated(_)
                | Fact::Lines(_)
                | Fact::NoticeRead(_)
                | Fact::Published(_)
                | Fact::Response(_) => {}
            },
            Said::Gone(_) => changes.all = true,
            Said::Other => {}
        }
    }
    changes
}

fn touches_people(recorded: &Recorded) -> bool {
    match &recorded.said {
        Said::Fact(fact) => matches!(**fact, Fact::Identity(_) | Fact::KeyDestroyed(_)),
        Said::Gone(_) => true,
        Said::Other => false,
    }
}
