//! Folding: entries, one after the other, into what has to be written.
//!
//! Owns: the state of what was touched, and lists of rows that only grow. The same code serves a batch of one command
//! and a rebuilding of millions of entries; only how often it is flushed differs.
//! Invariants: reads no pack and no clock; nothing of it is seen before it is flushed and committed.

use crate::error::StoreError;
use crate::fact::{Fact, Gone, NoticeRead, Published, Recorded, Said};
use crate::flush;
use casework::{Addressee, Body, Case, DutyKey, Object, Occurrence, Series, State, Subject};
use model::{Actor, DataKeyId, Instant, PersonId, RecordId, UnitId};
use proof::lifecycle::KeyDestroyed;
use regulation::{DutyId, RegisterId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A case with what its row holds beside it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) case: Arc<Case>,
    pub(crate) place: Place,
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The entry that opened it.
    pub(crate) opened: u64,
    /// Its data key.
    pub(crate) key: Option<DataKeyId>,
}

/// A record whose content cannot be read any more.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    pub(crate) opened: u64,
    pub(crate) key: DataKeyId,
    pub(crate) register: RegisterId,
    pub(crate) unit: UnitId,
}

/// What is known of a record before an event is applied.
pub(crate) enum Known {
    /// It is there.
    Held(Held),
    /// It was destroyed; the entry that opened it.
    Destroyed(u64),
    /// There is none.
    Nothing,
}

/// What lies in the tables already.
pub(crate) trait Below {
    fn record(&self, record: RecordId) -> Result<Known, StoreError>;
    fn keyed(&self, key: DataKeyId) -> Result<Option<RecordId>, StoreError>;
    fn sequence(&self, name: &str) -> Result<u32, StoreError>;
    fn occurrence(&self, key: &DutyKey) -> Result<Option<Occurrence>, StoreError>;
    fn series(&self, duty: &DutyId, object: &Object) -> Result<Option<Series>, StoreError>;
}

/// A notice and whom it tells.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) entry: u64,
    pub(crate) opened: u64,
    pub(crate) at: Instant,
    pub(crate) zh: String,
    pub(crate) en: String,
    pub(crate) to: Vec<Addressee>,
}

/// Something that is to leave Ward.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) entry: u64,
    pub(crate) opened: u64,
    pub(crate) record: RecordId,
    pub(crate) hook: String,
    pub(crate) give: String,
}

/// Rows that only grow.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(crate) history: Vec<(u64, u64)>,
    pub(crate) acted: Vec<(PersonId, u64)>,
    pub(crate) notices: Vec<Told>,
    pub(crate) read: Vec<NoticeRead>,
    pub(crate) asks: Vec<Asked>,
    /// The entry that asked, the entry that answered, whether it was done.
    pub(crate) answers: Vec<(u64, u64, bool)>,
    pub(crate) condemned: Vec<(RecordId, u64)>,
    /// Digest of a stored file, the entry that opened the record which holds it.
    pub(crate) files: Vec<(String, u64)>,
    pub(crate) destroyed_keys: Vec<(DataKeyId, u64)>,
    pub(crate) published: Vec<(Published, u64)>,
}

/// What was touched since the last flush.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) cases: BTreeSet<RecordId>,
    /// Those of which more than the state changed.
    pub(crate) content: BTreeSet<RecordId>,
    pub(crate) sequences: BTreeSet<String>,
    pub(crate) series: BTreeSet<(DutyId, Object)>,
    pub(crate) occurrences: BTreeSet<DutyKey>,
    pub(crate) identity: BTreeSet<identity::Subject>,
    /// Destroyed records with the entry that says so.
    pub(crate) destroyed: Vec<(RecordId, Lost, u64)>,
}

/// Entries folded so far.
#[derive(Default)]
pub(crate) struct Fold {
    pub(crate) state: State,
    pub(crate) places: HashMap<RecordId, Place>,
    pub(crate) roster: identity::State,
    /// Data keys of people.
    pub(crate) people: BTreeMap<PersonId, DataKeyId>,
    pub(crate) lists: Lists,
    pub(crate) touched: Touched,
    /// Records whose content is unreadable, until their destruction is met.
    pub(crate) lost: BTreeMap<RecordId, Lost>,
    /// Destroyed in this fold or before.
    pub(crate) buried: HashMap<RecordId, u64>,
}

impl Fold {
    /// Applies an entry.
    pub(crate) fn apply(&mut self, recorded: Recorded, below: &dyn Below) -> Result<(), StoreError> {
        let (number, key, entered) = (recorded.number, recorded.key, recorded.entered());
        match recorded.said {
            Said::Other => Ok(()),
            Said::Gone(gone) => self.gone(number, key, &gone, recorded.at, below),
            Said::Fact(fact) => match *fact {
                Fact::Case(event) => self.case(number, key, entered, event, below),
                Fact::Identity(event) => {
                    self.known(event.subject, key);
                    self.roster.apply(&event).map_err(|error| StoreError::follows(number, error))
                }
                Fact::KeyDestroyed(body) => self.key_destroyed(number, &body, below),
                Fact::NoticeRead(read) => {
                    if self.place(number, read.record, below)?.is_some() {
                        self.lists.read.push(read);
                    }
                    Ok(())
                }
                Fact::Published(published) => {
                    self.lists.published.push((published, number));
                    Ok(())
                }
            },
        }
    }

    fn case(
        &mut self,
        number: u64,
        key: Option<DataKeyId>,
        entered: casework::Entered,
        event: casework::Event,
        below: &dyn Below,
    ) -> Result<(), StoreError> {
        let failed = |error| StoreError::follows(number, error);
        self.beside(&event, below)?;
        let Subject::Record(record) = event.subject else {
            return self.state.apply_beside(&event).map_err(failed);
        };
        let opens = matches!(event.body, Body::Opened { .. });
        if opens {
            self.places.insert(record, Place { opened: number, key });
        }
        let Some(opened) = self.place(number, record, below)? else {
            // Nothing is told of a destroyed record, but what it did to sequences and duties stands.
            if let (Body::Belongs { unit }, Some(lost)) = (&event.body, self.lost.get_mut(&record)) {
                lost.unit = *unit;
            }
            let opened = self.opened(record);
            self.lists.history.extend(opened.map(|opened| (opened, number)));
            return self.state.apply_beside(&event).map_err(failed);
        };
        if let (Some(place), Some(_)) = (self.places.get_mut(&record), key) {
            place.key = key;
        }
        self.state.apply(&event, Some(entered)).map_err(failed)?;
        self.lists.history.push((opened, number));
        let held = &mut self.lists.files;
        for json in event.body.content().into_iter().flat_map(|content| content.0.values()) {
            flush::files(json, &mut |digest, _| held.push((digest.to_owned(), opened)));
        }
        self.touched.cases.insert(record);
        if opens
            || event.body.content().is_some()
            || matches!(event.body, Body::Numbered { .. } | Body::Linked(_))
        {
            self.touched.content.insert(record);
        }
        if let Actor::Person(person) = &event.actor {
            self.lists.acted.push((person.person, opened));
            self.lists.acted.extend(person.acting_for.map(|principal| (principal, opened)));
        }
        self.told(number, opened, record, event);
        Ok(())
    }

    /// What an event says to tables beside the record's.
    fn told(&mut self, entry: u64, opened: u64, record: RecordId, event: casework::Event) {
        let at = event.at;
        match event.body {
            Body::Notice { to, zh, en } => self.lists.notices.push(Told { entry, opened, at, zh, en, to }),
            Body::HookAsked { hook, give } => {
                let give = serde_json::to_string(&give).unwrap_or_default();
                self.lists.asks.push(Asked { entry, opened, record, hook: hook.to_string(), give });
            }
            Body::HookAnswered { asked, done, .. } => self.lists.answers.push((asked.0, entry, done)),
            Body::Condemned { records } => {
                self.lists.condemned.extend(records.into_iter().map(|one| (one.record, entry)));
            }
            _ => {}
        }
    }

    /// Brings what an event changes beside its case into the state, and notes that it changes.
    fn beside(&mut self, event: &casework::Event, below: &dyn Below) -> Result<(), StoreError> {
        match &event.body {
            Body::Numbered { sequence, .. } => {
                if !self.state.sequences.contains_key(sequence) {
                    let last = below.sequence(sequence)?;
                    if last > 0 {
                        self.state.sequences.insert(sequence.clone(), last);
                    }
                }
                self.touched.sequences.insert(sequence.clone());
            }
            Body::DutyOpened { key, .. } => {
                self.touched.occurrences.insert(key.clone());
                self.touched.series.insert((key.duty.clone(), key.object.clone()));
            }
            Body::DutyChased { key, .. } | Body::DutyDone { key, .. } | Body::DutyReopened { key, .. } => {
                if !self.state.occurrences.contains_key(key)
                    && let Some(found) = below.occurrence(key)?
                {
                    self.state.occurrences.insert(key.clone(), found);
                }
                self.touched.occurrences.insert(key.clone());
            }
            Body::CalendarMissing { object, .. } => {
                let Subject::Duty(duty) = &event.subject else { return Ok(()) };
                let series = (duty.clone(), object.clone());
                if !self.state.series.contains_key(&series)
                    && let Some(found) = below.series(duty, object)?
                {
                    self.state.series.insert(series.clone(), found);
                }
                self.touched.series.insert(series);
            }
            _ => {}
        }
        Ok(())
    }

    /// The entry that opened a record; none where its content is destroyed. Brings its case into the state.
    fn place(&mut self, number: u64, record: RecordId, below: &dyn Below) -> Result<Option<u64>, StoreError> {
        if self.lost.contains_key(&record) || self.buried.contains_key(&record) {
            return Ok(None);
        }
        if let Some(place) = self.places.get(&record) {
            return Ok(Some(place.opened));
        }
        match below.record(record)? {
            Known::Held(held) => {
                self.state.cases.insert(record, held.case);
                self.places.insert(record, held.place);
                Ok(Some(held.place.opened))
            }
            Known::Destroyed(opened) => {
                self.buried.insert(record, opened);
                Ok(None)
            }
            Known::Nothing => Err(StoreError::follows(number, format!("there is no record {record}"))),
        }
    }

    fn opened(&self, record: RecordId) -> Option<u64> {
        self.lost.get(&record).map(|lost| lost.opened).or_else(|| self.buried.get(&record).copied())
    }

    /// An entry whose body is destroyed.
    fn gone(
        &mut self,
        number: u64,
        key: Option<DataKeyId>,
        gone: &Gone,
        at: Instant,
        below: &dyn Below,
    ) -> Result<(), StoreError> {
        let Ok(record) = gone.subject.parse::<RecordId>() else {
            let subject: identity::Subject =
                gone.subject.parse().map_err(|error| StoreError::follows(number, error))?;
            self.known(subject, key);
            let applied = self.roster.apply_destroyed(&gone.kind, subject, gone.unit, at);
            return applied.map_err(|error| StoreError::follows(number, error));
        };
        if let (true, Some(key), Some((register, _)), Some(unit)) =
            (gone.kind.starts_with("case.opened/"), key, &gone.form, gone.unit)
        {
            let lost = Lost { opened: number, key, register: register.clone(), unit };
            self.lists.history.push((number, number));
            self.lost.insert(record, lost);
            return Ok(());
        }
        // A key may have been destroyed after the tables had seen the record whole.
        if self.place(number, record, below)?.is_some() {
            let what = format!("the body of record {record} is destroyed, and no entry before it says so");
            return Err(StoreError::follows(number, what));
        }
        let opened = self.opened(record);
        self.lists.history.extend(opened.map(|opened| (opened, number)));
        Ok(())
    }

    fn key_destroyed(
        &mut self,
        number: u64,
        body: &KeyDestroyed,
        below: &dyn Below,
    ) -> Result<(), StoreError> {
        self.lists.destroyed_keys.push((body.key, number));
        let lost = self.lost.iter().find(|(_, lost)| lost.key == body.key).map(|(record, _)| *record);
        if let Some(record) = lost {
            if let Some(lost) = self.lost.remove(&record) {
                self.bury(record, lost, number);
            }
            return Ok(());
        }
        let here = self.places.iter().find(|(_, place)| place.key == Some(body.key));
        let record = match here {
            Some((record, _)) => Some(*record),
            None => below.keyed(body.key)?,
        };
        let Some(record) = record else {
            // The key of a person, of a file, or one that never served.
            let owner = self.people.iter().find(|(_, key)| **key == body.key).map(|(person, _)| *person);
            if let Some(person) = owner {
                self.roster.forget(person);
                self.touched.identity.insert(identity::Subject::Person(person));
            }
            return Ok(());
        };
        if self.place(number, record, below)?.is_none() {
            return Ok(());
        }
        if let (Some(case), Some(place)) =
            (self.state.cases.get(&record).cloned(), self.places.get(&record).copied())
        {
            let (register, unit) = (case.register.clone(), case.unit);
            self.bury(record, Lost { opened: place.opened, key: body.key, register, unit }, number);
        }
        Ok(())
    }

    /// Notes that a person or a unit changes, and the data key of a person.
    fn known(&mut self, subject: identity::Subject, key: Option<DataKeyId>) {
        if let (identity::Subject::Person(person), Some(key)) = (subject, key) {
            self.people.insert(person, key);
        }
        self.touched.identity.insert(subject);
    }

    fn bury(&mut self, record: RecordId, lost: Lost, number: u64) {
        let opened = lost.opened;
        self.state.cases.remove(&record);
        self.places.remove(&record);
        self.touched.cases.remove(&record);
        self.touched.content.remove(&record);
        self.lists.acted.retain(|(_, of)| *of != opened);
        self.lists.notices.retain(|notice| notice.opened != opened);
        self.lists.asks.retain(|ask| ask.opened != opened);
        self.lists.files.retain(|(_, of)| *of != opened);
        self.lists.read.retain(|read| read.record != record);
        self.buried.insert(record, opened);
        self.touched.destroyed.push((record, lost, number));
    }
}
