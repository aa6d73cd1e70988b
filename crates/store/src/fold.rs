//! Folding: entries, one after the other, into what has to be written.
//!
//! Owns: the state of what was touched, and lists of rows that only grow. The same code serves a batch of one command
//! and a rebuilding of millions of entries; only how often it is flushed differs.
//! Invariants: reads no pack and no clock; nothing of it is seen before it is flushed and committed.

use crate::alarm;
use crate::board::Evaluated;
use crate::error::StoreError;
use crate::fact::{Fact, Gone, NoticeRead, Published, Recorded, Said};
use crate::flush;
use crate::outlet;
use crate::response;
use crate::telemetry::LinesFact;
use casework::{
    Addressee, Body, Case, ContentHash, DutyKey, EntryNumber, Object, Occurrence, Series, State, Subject,
};
use model::{Actor, DataKeyId, Instant, PersonId, RecordId, UnitId};
use proof::lifecycle::KeyDestroyed;
use regulation::{DutyId, RegisterId};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
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
    /// It is there, and what is sealed of it cannot be opened any more.
    Lost(Lost),
    /// It was destroyed; the entry that opened it.
    Destroyed(u64),
    /// There is none.
    Nothing,
}

/// What lies in the tables already.
pub(crate) trait Below {
    fn record(&self, record: RecordId) -> Result<Known, StoreError>;
    /// The record under this data key that is not destroyed yet.
    fn keyed(&self, key: DataKeyId) -> Result<Option<(RecordId, Lost)>, StoreError>;
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
    pub(crate) at: Instant,
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
    pub(crate) lines: Vec<(LinesFact, u64)>,
    pub(crate) alarms: Vec<alarm::Said>,
    pub(crate) outlets: Vec<outlet::Said>,
    pub(crate) responses: Vec<response::Said>,
    /// The entry that raised an alarm, the case that was opened for it.
    pub(crate) alarm_cases: Vec<(EntryNumber, RecordId)>,
    /// Each with the entry that says so, and its time.
    pub(crate) evaluated: Vec<(Evaluated, u64, Instant)>,
}

/// What was touched since the last flush.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) cases: HashSet<RecordId>,
    /// Those of which more than the state changed.
    pub(crate) content: HashSet<RecordId>,
    pub(crate) sequences: BTreeSet<String>,
    pub(crate) series: BTreeSet<(DutyId, Object)>,
    pub(crate) occurrences: BTreeSet<DutyKey>,
    pub(crate) identity: BTreeSet<identity::Subject>,
    /// Destroyed records with the entry that says so.
    pub(crate) destroyed: Vec<(RecordId, Lost, u64)>,
    /// Did the list of lost records change?
    pub(crate) lost: bool,
}

impl Lists {
    /// Without what tells of records that were destroyed since. What happened to them when stays.
    pub(crate) fn without(mut self, touched: &Touched) -> Self {
        if !touched.destroyed.is_empty() {
            let opened: HashSet<u64> = touched.destroyed.iter().map(|(_, lost, _)| lost.opened).collect();
            let records: HashSet<RecordId> = touched.destroyed.iter().map(|(record, _, _)| *record).collect();
            self.acted.retain(|(_, of)| !opened.contains(of));
            self.notices.retain(|notice| !opened.contains(&notice.opened));
            self.asks.retain(|ask| !opened.contains(&ask.opened));
            self.files.retain(|(_, of)| !opened.contains(of));
            self.read.retain(|read| !records.contains(&read.record));
        }
        self
    }
}

/// Entries folded so far.
#[derive(Default)]
pub(crate) struct Fold {
    pub(crate) state: State,
    pub(crate) places: HashMap<RecordId, Place>,
    /// Records by their data keys.
    pub(crate) keyed: HashMap<DataKeyId, RecordId>,
    pub(crate) roster: identity::State,
    /// Data keys of people.
    pub(crate) people: BTreeMap<PersonId, DataKeyId>,
    pub(crate) lists: Lists,
    pub(crate) touched: Touched,
    /// Records whose content is unreadable, until the entry is met that says why. It was written before the key went,
    /// so that it is met in a ledger that is whole.
    pub(crate) lost: BTreeMap<RecordId, Lost>,
    /// Destroyed in this fold or before.
    pub(crate) buried: HashMap<RecordId, u64>,
    /// Content hash of the last entry.
    pub(crate) last: Option<ContentHash>,
}

impl Fold {
    /// Applies an entry.
    pub(crate) fn apply(&mut self, recorded: Recorded, below: &dyn Below) -> Result<(), StoreError> {
        let (number, key, entered) = (recorded.number, recorded.key, recorded.entered());
        self.last = Some(recorded.content);
        match recorded.said {
            Said::Other => Ok(()),
            Said::Gone(gone) => self.gone(number, key, &gone, recorded.at, below),
            Said::Fact(fact) => match *fact {
                Fact::Outlet(outlet) => {
                    self.lists.outlets.push((outlet, number, recorded.at));
                    Ok(())
                }
                Fact::Response(response) => {
                    self.lists.responses.push((response, number, recorded.at));
                    Ok(())
                }
                Fact::Alarm(alarm) => {
                    self.lists.alarms.push((alarm, number, recorded.at));
                    Ok(())
                }
                Fact::Door(_) => Ok(()),
                Fact::Case(event) => self.case(number, key, entered, event, below),
                Fact::Identity(event) => {
                    self.known(event.subject, key);
                    self.roster.apply(&event).map_err(|error| StoreError::follows(number, error))
                }
                Fact::Evaluated(evaluated) => {
                    self.lists.evaluated.push((evaluated, number, recorded.at));
                    Ok(())
                }
                Fact::KeyDestroyed(body) => self.key_destroyed(number, &body, below),
                Fact::Lines(lines) => {
                    self.lists.lines.push((lines, number));
                    Ok(())
                }
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
        mut event: casework::Event,
        below: &dyn Below,
    ) -> Result<(), StoreError> {
        let failed = |error| StoreError::follows(number, error);
        settle(&mut event.body);
        self.beside(&event, below)?;
        let Subject::Record(record) = event.subject else {
            return self.state.apply_beside(&event).map_err(failed);
        };
        let opens = matches!(event.body, Body::Opened { .. });
        if opens {
            self.stands(record, Place { opened: number, key });
        }
        if let Body::Opened { rooted, .. } = &event.body {
            self.lists.alarm_cases.extend(rooted.alarm.map(|alarm| (alarm, record)));
        }
        let Some(Place { opened, key: known }) = self.place(number, record, below)? else {
            // Nothing is told of a destroyed record, but what it did to sequences and duties stands.
            if let (Body::Belongs { unit }, Some(lost)) = (&event.body, self.lost.get_mut(&record)) {
                lost.unit = *unit;
            }
            let opened = self.opened(record);
            self.lists.history.extend(opened.map(|opened| (opened, number)));
            return self.state.apply_beside(&event).map_err(failed);
        };
        if key.is_some() && key != known {
            self.stands(record, Place { opened, key });
        }
        self.touched.cases.insert(record);
        if opens
            || event.body.content().is_some()
            || matches!(event.body, Body::Numbered { .. } | Body::Linked(_))
        {
            self.touched.content.insert(record);
        }
        self.told(number, opened, record, &event);
        self.state.apply_owned(event, Some(entered)).map_err(failed)
    }

    /// What an event says to tables beside the record's.
    fn told(&mut self, entry: u64, opened: u64, record: RecordId, event: &casework::Event) {
        self.lists.history.push((opened, entry));
        if let Actor::Person(person) = &event.actor {
            self.acted(person.person, opened);
            person.acting_for.into_iter().for_each(|principal| self.acted(principal, opened));
        }
        let held = &mut self.lists.files;
        for json in event.body.content().into_iter().flat_map(|content| content.0.values()) {
            flush::files(json, &mut |digest, _| held.push((digest.to_owned(), opened)));
        }
        match &event.body {
            Body::Notice { to, zh, en } => {
                let (zh, en, to) = (zh.clone(), en.clone(), to.clone());
                self.lists.notices.push(Told { entry, opened, at: event.at, zh, en, to });
            }
            Body::HookAsked { hook, give } => {
                let give = serde_json::to_string(give).unwrap_or_default();
                let (at, hook) = (event.at, hook.to_string());
                self.lists.asks.push(Asked { entry, opened, at, record, hook, give });
            }
            Body::HookAnswered { asked, done, .. } => self.lists.answers.push((asked.0, entry, *done)),
            Body::Condemned { records } => {
                self.lists.condemned.extend(records.iter().map(|one| (one.record, entry)));
            }
            _ => {}
        }
    }

    /// Somebody acted on a record, as they often have just before.
    fn acted(&mut self, person: PersonId, opened: u64) {
        if self.lists.acted.last() != Some(&(person, opened)) {
            self.lists.acted.push((person, opened));
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
            Body::CalendarMissing { object, .. }
            | Body::DutyBegun { object, .. }
            | Body::DutyRested { object } => {
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

    /// Where a record stands; none where its content is destroyed. Brings its case into the state.
    fn place(
        &mut self,
        number: u64,
        record: RecordId,
        below: &dyn Below,
    ) -> Result<Option<Place>, StoreError> {
        if self.lost.contains_key(&record) || self.buried.contains_key(&record) {
            return Ok(None);
        }
        if let Some(place) = self.places.get(&record) {
            return Ok(Some(*place));
        }
        match below.record(record)? {
            Known::Held(held) => {
                self.state.cases.insert(record, held.case);
                self.stands(record, held.place);
                Ok(Some(held.place))
            }
            Known::Lost(lost) => {
                self.lose(record, lost);
                Ok(None)
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
            self.lists.history.push((number, number));
            self.lose(record, Lost { opened: number, key, register: register.clone(), unit });
            return Ok(());
        }
        // The tables may have seen the record whole, where they lag behind the destruction of its key.
        if let (Some(Place { opened, .. }), Some(key)) = (self.place(number, record, below)?, key)
            && let Some(case) = self.state.cases.get(&record)
        {
            let lost = Lost { opened, key, register: case.register.clone(), unit: case.unit };
            self.lose(record, lost);
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
                self.touched.lost = true;
                self.bury(record, lost, number);
            }
            return Ok(());
        }
        let here = self.keyed.get(&body.key).copied();
        let here = here.and_then(|record| {
            let (case, place) = (self.state.cases.get(&record)?, self.places.get(&record)?);
            let (register, unit) = (case.register.clone(), case.unit);
            Some((record, Lost { opened: place.opened, key: body.key, register, unit }))
        });
        let found = match here {
            Some(here) => Some(here),
            None => below.keyed(body.key)?.filter(|(record, _)| !self.buried.contains_key(record)),
        };
        if let Some((record, lost)) = found {
            self.bury(record, lost, number);
            return Ok(());
        }
        // The key of a person, of a file, or one that never served.
        let owner = self.people.iter().find(|(_, key)| **key == body.key).map(|(person, _)| *person);
        if let Some(person) = owner {
            self.roster.forget(person);
            self.touched.identity.insert(identity::Subject::Person(person));
        }
        Ok(())
    }

    /// Notes that a person, a unit or a terminal changes, and the data key of a person.
    fn known(&mut self, subject: identity::Subject, key: Option<DataKeyId>) {
        if let (identity::Subject::Person(person), Some(key)) = (subject, key) {
            self.people.insert(person, key);
        }
        self.touched.identity.insert(subject);
    }

    /// Notes where a record stands.
    fn stands(&mut self, record: RecordId, place: Place) {
        self.keyed.extend(place.key.map(|key| (key, record)));
        self.places.insert(record, place);
    }

    /// Its content is unreadable; nothing of it is written any more.
    fn lose(&mut self, record: RecordId, lost: Lost) {
        self.forget(record);
        self.touched.lost = true;
        self.lost.insert(record, lost);
    }

    fn bury(&mut self, record: RecordId, lost: Lost, number: u64) {
        self.forget(record);
        self.buried.insert(record, lost.opened);
        self.touched.destroyed.push((record, lost, number));
    }

    fn forget(&mut self, record: RecordId) {
        self.state.cases.remove(&record);
        self.places.remove(&record);
        self.touched.cases.remove(&record);
        self.touched.content.remove(&record);
    }
}

/// Brings the members of what was filled in into one order, as the ledger keeps them, so that what was just decided
/// and what is read again give the same rows.
fn settle(body: &mut Body) {
    match body {
        Body::Changed { content, .. }
        | Body::Moved { content, .. }
        | Body::Opened { content, .. }
        | Body::Reckoned { values: content }
        | Body::Signed { content: Some(content), .. } => {
            content.0.values_mut().for_each(serde_json::Value::sort_all_objects);
        }
        Body::HookAsked { give, .. } => give.values_mut().for_each(serde_json::Value::sort_all_objects),
        _ => {}
    }
}
