//! Deciding: from what is asked, and what is, to what happens.
//!
//! Invariant: a refusal leaves nothing behind; each event is applied before the next is decided, by the same code
//! that applies it later.
//! Does not: fill seats nobody can fill, guess at dates, act on a version of the pack other than the case's own.

mod content;
mod duty;
mod effect;
mod offer;
mod run;
mod settle;
mod show;
mod step;
mod who;
mod words;

use crate::around::{Around, Records, Seek};
use crate::case::{Case, DutyKey, EntryNumber, Object, Occurrence, Reference, Series};
use crate::command::{By, Command, Signed};
use crate::event::{Body, Event, Subject, form_of};
use crate::refusal::Refusal;
use crate::rules::Rules;
use crate::state::State;
use crate::view::View;
use model::{Actor, Person, RecordId, UnitId};
use regulation::{DutyId, Register};
use std::sync::Arc;

pub use offer::{Offer, Turn, awaited, leads_on, offered, openings, rests, turns};
pub use show::{Asking, Filling, Form, Origin, Spell, form, may_refer, title};

/// What a person is to sign for a command to be accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The entry whose content is signed; none when it is the entry that carries the signature.
    pub previous: Option<EntryNumber>,
    /// Canonical bytes of the body whose content hash is signed, when it is the carrying entry's own.
    pub body: Option<Vec<u8>>,
    /// The outcome's word in statements.
    pub outcome: String,
    /// The pack with its version.
    pub pack: String,
    /// Is the entry that will carry it sealed? Then the reason goes into the statement as its hash.
    pub private: bool,
}

/// What happens when `by` gives `command`, in order. `fresh` draws ids of records that effects open.
///
/// # Errors
/// Why it is refused; nothing has happened then.
pub fn decide(
    around: Around<'_>,
    by: &By,
    command: &Command,
    fresh: &mut dyn FnMut() -> RecordId,
) -> Result<Vec<Event>, Refusal> {
    Deciding::run(around, by, command, fresh, false)
}

/// What somebody would have to sign, after everything but the signature has been checked; `None` when the command
/// takes no signature.
///
/// # Errors
/// Why the command would be refused.
pub fn rehearse(
    around: Around<'_>,
    by: &By,
    command: &Command,
    fresh: &mut dyn FnMut() -> RecordId,
) -> Result<Option<Asked>, Refusal> {
    let events = Deciding::run(around, by, command, fresh, true)?;
    let signing = events.iter().find(|event| matches!(event.body, Body::Opened { .. } | Body::Signed { .. }));
    let Some(event) = signing else { return Ok(None) };
    let (outcome, own) = match &event.body {
        Body::Signed { outcome, content, .. } => (*outcome, content.is_some()),
        _ => (regulation::Outcome::Done, true),
    };
    let before = event.record().and_then(|record| around.records.case(record));
    let version = before.as_ref().map_or(around.shelf.current().version, |case| case.version);
    let pack = around.shelf.version(version).ok_or(Refusal::VersionMissing(version))?.name();
    let body = if own { event.body_bytes().ok() } else { None };
    let previous = if own { None } else { before.and_then(|case| case.bound).map(|bound| bound.entry) };
    Ok(Some(Asked { previous, body, outcome: step::spelled(outcome), pack, private: event.private }))
}

/// A decision in progress.
struct Deciding<'a> {
    around: Around<'a>,
    overlay: Overlay<'a>,
    events: Vec<Event>,
    fresh: &'a mut dyn FnMut() -> RecordId,
    depth: u8,
    rehearsal: bool,
}

/// How far effects may follow effects. The pack's checks refuse loops; this is the last line.
const DEEPEST: u8 = 12;

/// Who acts at this point of the decision.
#[derive(Clone, Copy)]
struct Acting<'c> {
    person: Option<&'c Person>,
    reason: Option<&'c str>,
}

/// The records as they are, with what this decision has changed so far.
struct Overlay<'a> {
    base: &'a dyn Records,
    state: State,
}

impl<'a> Deciding<'a> {
    fn run(
        around: Around<'a>,
        by: &By,
        command: &Command,
        fresh: &'a mut dyn FnMut() -> RecordId,
        rehearsal: bool,
    ) -> Result<Vec<Event>, Refusal> {
        let overlay = Overlay { base: around.records, state: State::default() };
        let mut deciding = Self { around, overlay, events: Vec::new(), fresh, depth: 0, rehearsal };
        deciding.command(by, command)?;
        Ok(deciding.events)
    }

    fn command(&mut self, by: &By, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::Open { .. } => self.open_by_hand(by, command),
            Command::Take { .. } => self.take_by_hand(by, command),
            Command::OpenForAlarm { alarm, register, unit, fill } => {
                self.open_for_alarm(by, *alarm, register, *unit, fill)
            }
            Command::TakeForAlarm { record, step, .. } => self.take_for_alarm(by, *record, step),
            Command::Move { record, seen } => self.move_case(by, *record, *seen),
            Command::Tick { record, clock, point, late_by_outage } => {
                self.tick(*record, clock, *point, *late_by_outage)
            }
            Command::Owe { key } => self.owe(key),
            Command::Chase { key, point, late_by_outage } => self.chase(key, *point, *late_by_outage),
            Command::BeginDuty { duty, object, from } => self.begin_duty(duty, object, *from),
            Command::RestDuty { duty, object } => self.rest_duty(duty, object),
            Command::CalendarMissing { duty, object, day } => self.calendar_missing(duty, object, *day),
            Command::Answer { record, hook, asked, done, text } => {
                let case = self.case(*record)?;
                let (hook, asked, text) = (hook.clone(), *asked, text.clone());
                self.emit(&case, None, Body::HookAnswered { hook, asked, done: *done, text })
            }
        }
    }

    fn case(&self, record: RecordId) -> Result<Arc<Case>, Refusal> {
        self.overlay.case(record).ok_or(Refusal::NoRecord(record))
    }

    fn rules(&self, version: u32) -> Result<&'a Rules<'a>, Refusal> {
        self.around.shelf.version(version).ok_or(Refusal::VersionMissing(version))
    }

    fn register(&self, case: &Case) -> Result<&'a Register, Refusal> {
        let rules = self.rules(case.version)?;
        rules.registers.get(&case.register).ok_or_else(|| Refusal::NoSuch(case.register.to_string()))
    }

    fn view<'v>(&'v self, case: &'v Case, acting: Acting<'v>) -> Result<View<'v>, Refusal> {
        Ok(View {
            shelf: self.around.shelf,
            rules: self.rules(case.version)?,
            records: &self.overlay,
            directory: self.around.directory,
            now: self.around.now,
            case: Some(case),
            old: None,
            actor: acting.person,
            reason: acting.reason,
            target: None,
            each: None,
            object: None,
        })
    }

    /// An event about a case.
    fn emit(&mut self, case: &Case, actor: Option<&Person>, body: Body) -> Result<(), Refusal> {
        self.emit_signed(case, actor, body, None)
    }

    fn emit_signed(
        &mut self,
        case: &Case,
        actor: Option<&Person>,
        body: Body,
        signed: Option<Box<Signed>>,
    ) -> Result<(), Refusal> {
        let register = self.register(case)?;
        let sealed =
            |field: &regulation::FieldId| register.field(field.as_str()).is_some_and(|field| field.sealed);
        let hides = body.content().is_some_and(|content| content.0.keys().any(sealed));
        let private = hides || register.retention.keep.is_some() && body.tells();
        let event = Event {
            subject: Subject::Record(case.record),
            form: Some(form_of(&case.register, case.version)),
            unit: Some(case.unit),
            actor: actor.cloned().map_or_else(|| Actor::machine(MACHINE), Actor::Person),
            at: self.around.now,
            body,
            signed,
            private,
        };
        self.push(event)
    }

    /// An event about a duty.
    fn emit_duty(&mut self, duty: &DutyId, unit: Option<UnitId>, body: Body) -> Result<(), Refusal> {
        self.push(Event {
            subject: Subject::Duty(duty.clone()),
            form: None,
            unit,
            actor: Actor::machine(MACHINE),
            at: self.around.now,
            body,
            signed: None,
            private: false,
        })
    }

    fn push(&mut self, event: Event) -> Result<(), Refusal> {
        self.overlay.fetch(&event);
        // What has just been decided follows what is there; an error here would be a fault of this crate, and
        // the command is refused rather than half done.
        self.overlay.state.apply(&event, None).map_err(|error| Refusal::NoSuch(error.to_string()))?;
        self.events.push(event);
        Ok(())
    }
}

/// How the system signs for what follows by itself.
const MACHINE: &str = "casework";

impl Overlay<'_> {
    /// Brings what an event changes into the overlay.
    fn fetch(&mut self, event: &Event) {
        if let Some(record) = event.record()
            && !self.state.cases.contains_key(&record)
            && let Some(case) = self.base.case(record)
        {
            self.state.cases.insert(record, case);
        }
        match &event.body {
            Body::Numbered { sequence, .. } if !self.state.sequences.contains_key(sequence) => {
                self.state.sequences.insert(sequence.clone(), self.base.last_place(sequence));
            }
            Body::DutyChased { key, .. } | Body::DutyDone { key, .. } | Body::DutyReopened { key, .. }
                if !self.state.occurrences.contains_key(key) =>
            {
                let found = self.base.occurrence(key);
                self.state.occurrences.extend(found.map(|found| (key.clone(), found)));
            }
            _ => {}
        }
    }
}

impl Records for Overlay<'_> {
    fn case(&self, record: RecordId) -> Option<Arc<Case>> {
        self.state.case(record).or_else(|| self.base.case(record))
    }

    fn find(&self, seek: &Seek) -> Vec<Reference> {
        let mut found = self.base.find(seek);
        found.retain(|one| !self.state.cases.contains_key(&one.record));
        found.extend(self.state.find(seek));
        found.sort();
        found
    }

    fn last_place(&self, sequence: &str) -> u32 {
        self.state.sequences.get(sequence).copied().unwrap_or_else(|| self.base.last_place(sequence))
    }

    fn occurrence(&self, key: &DutyKey) -> Option<Occurrence> {
        self.state.occurrence(key).or_else(|| self.base.occurrence(key))
    }

    fn series(&self, duty: &DutyId, object: &Object) -> Option<Series> {
        self.state.series(duty, object).or_else(|| self.base.series(duty, object))
    }

    fn holds_file(&self, digest: &[u8; 32]) -> bool {
        self.base.holds_file(digest)
    }
}
