//! A city in memory: its people, the state its events add up to, a signer who signs whatever is asked.
//!
//! Invariant: each event is applied as it would be after a read from the ledger; a refusal changes nothing.

use crate::people::{People, Post};
use casework::{
    Around, By, Case, Command, ContentHash, DutyKey, Entered, EntryNumber, Event, Object, Occurrence,
    Permitted, Policy, Records, Reference, Refusal, Rules, Seek, Series, Shelf, Signed, State, decide,
    rehearse,
};
use model::{CivilDate, Evidence, Instant, Person, PersonId, RecordId};
use proof::signature::{Otp, Passkey, Previous, Reason, Signature, Statement};
use regulation::{DutyId, Outcome, Pack, RegisterId, StepId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state, with the records of each register at hand: five years of duties make many.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub(crate) state: State,
    registers: BTreeMap<RegisterId, Vec<RecordId>>,
}

#[derive(Clone)]
pub(crate) struct Town {
    pub(crate) pack: &'static Pack,
    pub(crate) rules: Rules<'static>,
    pub(crate) people: People,
    pub(crate) kept: Kept,
    pub(crate) now: Instant,
    /// Records by the names scenarios give them.
    pub(crate) names: BTreeMap<String, RecordId>,
    entries: u64,
    drawn: u64,
}

/// Who acts, by which post, perhaps for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Actor {
    pub(crate) post: Post,
    pub(crate) acting_for: Option<PersonId>,
}

impl Town {
    pub(crate) fn new(pack: &'static Pack) -> Self {
        Self {
            pack,
            rules: Rules::from(pack),
            people: People::new(pack),
            kept: Kept::default(),
            now: Instant::EPOCH,
            names: BTreeMap::new(),
            entries: 0,
            drawn: 0,
        }
    }

    pub(crate) fn case(&self, record: RecordId) -> Arc<Case> {
        self.kept.case(record).unwrap()
    }

    pub(crate) fn record(&self, name: &str) -> RecordId {
        let name = name.strip_prefix('$').unwrap_or_else(|| panic!("a record is named $name, not {name:?}"));
        *self.names.get(name).unwrap_or_else(|| panic!("no record is called ${name}"))
    }

    pub(crate) fn draw(&mut self) -> RecordId {
        drawing(&mut self.drawn)()
    }

    /// What the engine answers to a command, nothing being done.
    pub(crate) fn ask(&self, by: &By, command: &Command) -> Result<Vec<Event>, Refusal> {
        let shelf = Shelf::new(self.rules);
        decide(self.around(&shelf), by, command, &mut drawing(&mut self.drawn.clone()))
    }

    /// Does a command, and applies what happens.
    pub(crate) fn run(&mut self, by: &By, command: &Command) -> Result<Vec<Event>, Refusal> {
        let events = {
            let shelf = Shelf::new(self.rules);
            let mut drawn = self.drawn;
            let events = decide(self.around(&shelf), by, command, &mut drawing(&mut drawn))?;
            self.drawn = drawn;
            events
        };
        for event in &events {
            let salt = event.signed.as_ref().and_then(|signed| signed.salt);
            let content = proof::entry::content_hash(salt.as_ref(), &event.body_bytes().unwrap());
            let entered = Entered { number: EntryNumber(self.entries), content: ContentHash(content) };
            self.kept.apply(event, entered);
            self.entries += 1;
        }
        Ok(events)
    }

    /// Does a command in somebody's name, signed as it asks to be.
    pub(crate) fn give(
        &mut self,
        actor: &Actor,
        evidence: Evidence,
        command: Command,
    ) -> Result<Vec<Event>, Refusal> {
        let by = actor.by();
        let command = self.signed(actor, evidence, &by, command)?;
        self.run(&by, &command)
    }

    /// The steps and outcomes that are offered to somebody.
    pub(crate) fn offered(&self, actor: &Actor, record: RecordId) -> Vec<(StepId, Outcome)> {
        let By::Person(permitted) = actor.by() else { return Vec::new() };
        let shelf = Shelf::new(self.rules);
        let offers = casework::offered(self.around(&shelf), &permitted, record).unwrap();
        let each = |offer: casework::Offer| {
            offer.outcomes.into_iter().map(move |outcome| (offer.step.clone(), outcome)).collect::<Vec<_>>()
        };
        offers.into_iter().flat_map(each).collect()
    }

    pub(crate) fn duties_due(&self, started: CivilDate) -> Vec<Command> {
        let shelf = Shelf::new(self.rules);
        casework::duties_due(self.around(&shelf), started).unwrap()
    }

    fn around<'a>(&'a self, shelf: &'a Shelf<'a>) -> Around<'a> {
        Around { shelf, records: &self.kept, directory: &self.people, now: self.now }
    }

    fn signed(
        &self,
        actor: &Actor,
        evidence: Evidence,
        by: &By,
        command: Command,
    ) -> Result<Command, Refusal> {
        if evidence == Evidence::None {
            return Ok(command);
        }
        let asked = {
            let shelf = Shelf::new(self.rules);
            let blank = with_signature(command.clone(), signature(blank(), evidence));
            rehearse(self.around(&shelf), by, &blank, &mut drawing(&mut self.drawn.clone()))?
        };
        let Some(asked) = asked else { return Ok(command) };
        let (record, step, reason) = match &command {
            Command::Take { record, step, reason, .. } => (*record, step, reason.clone()),
            Command::Open { record, step, .. } => (*record, step, None),
            other => panic!("{other:?} is not signed"),
        };
        let (content, previous) = match (&asked.body, asked.previous) {
            (Some(body), _) => (proof::entry::content_hash(Some(&SALT), body), Previous::Itself),
            (None, Some(number)) => (self.case(record).bound.unwrap().hash.0, Previous::Entry(number.0)),
            (None, None) => panic!("nothing to sign"),
        };
        let reason = reason.map_or(Reason::None, |reason| {
            if asked.private { Reason::hashed(&SALT, &reason) } else { Reason::Text(reason) }
        });
        let statement = Statement {
            content,
            ledger: "example.org/walks".into(),
            nonce: [3; 16],
            on_behalf: actor.acting_for,
            outcome: asked.outcome,
            pack: asked.pack,
            previous,
            reason,
            record: record.to_string(),
            signer: actor.post.person,
            step: step.to_string(),
        };
        Ok(with_signature(command, signature(statement, evidence)))
    }
}

const SALT: [u8; 16] = [7; 16];

impl Actor {
    pub(crate) fn by(&self) -> By {
        let actor = Person {
            acting_for: self.acting_for,
            person: self.post.person,
            role: self.post.role.to_string(),
            session: None,
            terminal: None,
            unit: self.post.unit,
        };
        By::Person(Permitted::by_policy(actor, Policy::Silent))
    }
}

fn drawing(drawn: &mut u64) -> impl FnMut() -> RecordId + '_ {
    || {
        *drawn += 1;
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&drawn.to_be_bytes());
        RecordId::from_bytes(bytes)
    }
}

fn with_signature(mut command: Command, with: Signed) -> Command {
    if let Command::Open { signed, .. } | Command::Take { signed, .. } = &mut command {
        *signed = Some(Box::new(with));
    }
    command
}

/// A statement to rehearse with: the grade of the evidence is part of what will be signed, the rest is not known.
fn blank() -> Statement {
    Statement {
        content: proof::hash::Hash::of(&[]),
        ledger: String::new(),
        nonce: [0; 16],
        on_behalf: None,
        outcome: "done".into(),
        pack: String::new(),
        previous: Previous::Itself,
        reason: Reason::None,
        record: String::new(),
        signer: PersonId::from_bytes([0; 16]),
        step: String::new(),
    }
}

fn signature(statement: Statement, evidence: Evidence) -> Signed {
    let supports = match evidence {
        Evidence::Passkey => proof::signature::Evidence::Passkey(Box::new(Passkey {
            authenticator_data: vec![],
            batch: None,
            client_data: vec![],
            credential: vec![],
            signature: vec![],
        })),
        _ => proof::signature::Evidence::Otp(Otp { factor: proof::signature::Factor::Totp }),
    };
    let carried = Signature { evidence: supports, statement: statement.clone() };
    Signed { statement, evidence, salt: Some(SALT), carried }
}

impl Kept {
    fn apply(&mut self, event: &Event, entered: Entered) {
        self.state.apply(event, Some(entered)).unwrap();
        if let casework::Body::Opened { register, .. } = &event.body {
            self.registers.entry(register.clone()).or_default().extend(event.record());
        }
    }

    /// As it would be without a record.
    pub(crate) fn without(&self, record: RecordId) -> Self {
        let mut kept = self.clone();
        kept.state.cases.remove(&record);
        kept.registers.values_mut().for_each(|records| records.retain(|one| *one != record));
        kept
    }

    /// Leaves out what proves duties and was opened before a moment: five years of it is much to look through.
    pub(crate) fn put_away(&mut self, before: Instant) {
        let cases = &mut self.state.cases;
        cases.retain(|_, case| case.duty.is_none() || case.opened_at >= before);
        self.registers.values_mut().for_each(|records| records.retain(|record| cases.contains_key(record)));
    }

    /// The records of a register, in the order they were opened.
    pub(crate) fn of(&self, register: &RegisterId) -> impl Iterator<Item = Arc<Case>> + '_ {
        self.registers.get(register).into_iter().flatten().filter_map(|record| self.case(*record))
    }
}

impl Records for Kept {
    fn case(&self, record: RecordId) -> Option<Arc<Case>> {
        self.state.case(record)
    }

    fn find(&self, seek: &Seek) -> Vec<Reference> {
        let mut found: Vec<Reference> =
            self.of(&seek.register).filter(|case| seek.fits(case)).map(|case| case.reference()).collect();
        found.sort();
        found
    }

    fn last_place(&self, sequence: &str) -> u32 {
        self.state.last_place(sequence)
    }

    fn occurrence(&self, key: &DutyKey) -> Option<Occurrence> {
        self.state.occurrence(key)
    }

    fn series(&self, duty: &DutyId, object: &Object) -> Option<Series> {
        self.state.series(duty, object)
    }

    fn holds_file(&self, digest: &[u8; 32]) -> bool {
        self.state.holds_file(digest)
    }
}
