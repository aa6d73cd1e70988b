//! A city of one unit: its people, its ledger in memory, and a signer who signs what is asked.

use crate::office::{Office, id};
use casework::{
    Appointment, Around, Body, By, Case, Command, ContentHash, Directory, Entered, EntryNumber, Event,
    Permitted, Policy, Records, Refusal, Shelf, Signed, State, decide, rehearse,
};
use model::{Evidence, Instant, Person, PersonId, RecordId, UnitId};
use proof::hash::Hash;
use proof::signature::{Otp, Passkey, Previous, Reason, Signature, Statement};
use regulation::{Outcome, RoleId};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const UNIT: UnitId = UnitId::from_bytes([1; 16]);

pub(crate) fn person(number: u8) -> PersonId {
    PersonId::from_bytes([number; 16])
}

pub(crate) fn at(text: &str) -> Instant {
    format!("{text}:00.000000Z").parse().unwrap()
}

#[derive(Default)]
pub(crate) struct People {
    pub(crate) roles: Vec<(PersonId, RoleId)>,
    pub(crate) appointments: Vec<Appointment>,
}

impl Directory for People {
    fn holds(&self, person: PersonId, role: &RoleId, unit: UnitId) -> bool {
        unit == UNIT && self.roles.iter().any(|(one, held)| *one == person && held == role)
    }

    fn holders(&self, role: &RoleId, _: Option<UnitId>, _: bool) -> Vec<PersonId> {
        self.roles.iter().filter(|(_, held)| held == role).map(|(one, _)| *one).collect()
    }

    fn superior(&self, _: UnitId) -> Option<UnitId> {
        None
    }

    fn within(&self, unit: UnitId, above: UnitId) -> bool {
        unit == above
    }

    fn unit_code(&self, _: UnitId) -> Option<String> {
        Some("A".into())
    }

    fn units(&self) -> Vec<UnitId> {
        vec![UNIT]
    }

    fn appointments(&self, person: PersonId) -> Vec<Appointment> {
        let of = |one: &&Appointment| one.deputy == person || one.principal == person;
        self.appointments.iter().filter(of).copied().collect()
    }
}

pub(crate) struct City {
    pub(crate) office: Office,
    /// The version before, for cases that run on it.
    pub(crate) former: Option<Office>,
    pub(crate) people: People,
    pub(crate) state: State,
    pub(crate) history: Vec<Event>,
    pub(crate) now: Instant,
    drawn: u64,
}

/// Who acts in which role, perhaps for another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    pub(crate) person: u8,
    pub(crate) role: &'static str,
    pub(crate) acting_for: Option<u8>,
    pub(crate) evidence: Evidence,
}

pub(crate) fn who(person: u8, role: &'static str) -> Who {
    Who { person, role, acting_for: None, evidence: Evidence::Passkey }
}

impl City {
    /// Operators 1 and 2; heads 3, 4 and 5; network 6; safety 7; director 8; head 9 is also operator.
    pub(crate) fn new() -> Self {
        let roles = [
            (1, "operator"),
            (2, "operator"),
            (3, "head"),
            (4, "head"),
            (5, "head"),
            (6, "network"),
            (7, "safety"),
            (8, "director"),
            (9, "head"),
            (9, "operator"),
        ];
        let roles = roles.iter().map(|(number, role)| (person(*number), id(role))).collect();
        Self {
            office: crate::office::office(),
            former: None,
            people: People { roles, appointments: vec![] },
            state: State::default(),
            history: vec![],
            now: at("2026-03-02T01:00"),
            drawn: 0,
        }
    }

    pub(crate) fn appoint(&mut self, deputy: u8, principal: u8, from: &str, until: &str) {
        let (deputy, principal) = (person(deputy), person(principal));
        let appointment = Appointment { deputy, principal, from: at(from), until: at(until), told: true };
        self.people.appointments.push(appointment);
    }

    pub(crate) fn case(&self, record: RecordId) -> Arc<Case> {
        self.state.case(record).unwrap()
    }

    pub(crate) fn draw(&mut self) -> RecordId {
        self.drawn += 1;
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&self.drawn.to_be_bytes());
        RecordId::from_bytes(bytes)
    }

    pub(crate) fn give(&mut self, who: Who, command: Command) -> Result<Vec<Event>, Refusal> {
        let actor = Person {
            acting_for: who.acting_for.map(person),
            person: person(who.person),
            role: who.role.into(),
            session: None,
            terminal: None,
            unit: UNIT,
        };
        let by = By::Person(Permitted::by_policy(actor, Policy::Silent));
        let command = self.signed(who, &by, command)?;
        self.run(&by, &command)
    }

    pub(crate) fn run(&mut self, by: &By, command: &Command) -> Result<Vec<Event>, Refusal> {
        let mut drawn = self.drawn;
        let events = {
            let shelf = self.shelf();
            let mut fresh = drawing(&mut drawn);
            decide(self.around(&shelf), by, command, &mut fresh)?
        };
        self.drawn = drawn;
        for event in &events {
            let salt = event.signed.as_ref().and_then(|signed| signed.salt);
            let content = proof::entry::content_hash(salt.as_ref(), &event.body_bytes().unwrap());
            let number = EntryNumber(self.history.len() as u64);
            self.state.apply(event, Some(Entered { number, content: ContentHash(content) })).unwrap();
            self.history.push(event.clone());
        }
        Ok(events)
    }

    fn shelf(&self) -> Shelf<'_> {
        let shelf = Shelf::new(self.office.rules());
        match &self.former {
            Some(former) => shelf.with(former.rules()),
            None => shelf,
        }
    }

    fn around<'a>(&'a self, shelf: &'a Shelf<'a>) -> Around<'a> {
        Around { shelf, records: &self.state, directory: &self.people, now: self.now }
    }

    /// Looks at the city as a decision does.
    pub(crate) fn looking<T>(&self, look: impl FnOnce(Around<'_>) -> T) -> T {
        let shelf = self.shelf();
        look(self.around(&shelf))
    }

    /// The same city again, for what might have happened.
    pub(crate) fn copy(&self) -> Self {
        Self {
            office: crate::office::office(),
            former: None,
            people: People {
                roles: self.people.roles.clone(),
                appointments: self.people.appointments.clone(),
            },
            state: self.state.clone(),
            history: self.history.clone(),
            now: self.now,
            drawn: self.drawn,
        }
    }

    pub(crate) fn duties_due(&self) -> Vec<Command> {
        let shelf = self.shelf();
        casework::duties_due(self.around(&shelf), "2026-01-01".parse().unwrap()).unwrap()
    }

    /// Does what is due about duties until nothing is.
    pub(crate) fn do_duties(&mut self) {
        loop {
            let due = self.duties_due();
            if due.is_empty() {
                return;
            }
            for command in due {
                self.run(&By::System, &command).unwrap();
            }
        }
    }

    /// The command with the signature it asks for.
    fn signed(&mut self, who: Who, by: &By, command: Command) -> Result<Command, Refusal> {
        let asked = {
            let shelf = self.shelf();
            let mut drawn = self.drawn;
            let mut fresh = drawing(&mut drawn);
            rehearse(self.around(&shelf), by, &unsigned(&command, who.evidence), &mut fresh)?
        };
        let Some(asked) = asked.filter(|_| who.evidence != Evidence::None) else { return Ok(command) };
        let salt = [7; 16];
        let (content, previous) = match (&asked.body, asked.previous) {
            (Some(body), _) => (proof::entry::content_hash(Some(&salt), body), Previous::Itself),
            (None, Some(number)) => {
                let record = record_of(&command).unwrap();
                (self.case(record).bound.unwrap().hash.0, Previous::Entry(number.0))
            }
            (None, None) => (Hash::of(&[]), Previous::Itself),
        };
        let (step, reason) = match &command {
            Command::Take { step, reason, .. } => (step.clone(), reason.clone()),
            Command::Open { step, .. } => (step.clone(), None),
            _ => unreachable!(),
        };
        let statement = Statement {
            content,
            ledger: "example.org/small".into(),
            nonce: [3; 16],
            on_behalf: who.acting_for.map(person),
            outcome: asked.outcome.clone(),
            pack: asked.pack,
            previous,
            reason: reason.map_or(Reason::None, Reason::Text),
            record: record_of(&command).unwrap().to_string(),
            signer: person(who.person),
            step: step.to_string(),
        };
        Ok(with_signature(command, Some(Box::new(signature(statement, who.evidence, salt)))))
    }

    pub(crate) fn file(&mut self, who: Who, subject: &str, network: bool) -> Result<RecordId, Refusal> {
        let record = self.draw();
        let day = json!("2026-12-01");
        let mut fill = BTreeMap::from([
            (id("subject"), json!(subject)),
            (id("starts"), day),
            (id("network"), json!(network)),
        ]);
        if network {
            self.state.files.insert([5; 32]);
            let digest = format!("sha256:{}", "05".repeat(32));
            let file = json!([{"digest": digest, "kind": "pdf", "name": "圖.pdf", "size": "9"}]);
            fill.insert(id("paper"), file);
        }
        self.give(who, opening(record, fill)).map(|_| record)
    }

    pub(crate) fn take(
        &mut self,
        who: Who,
        record: RecordId,
        step: &str,
        outcome: Outcome,
        fill: &[(&str, Json)],
    ) -> Result<Vec<Event>, Refusal> {
        let seen = self.case(record).revision;
        let fill = fill.iter().map(|(field, json)| (id(field), json.clone())).collect();
        let reason = outcome.needs_reason().then(|| "理由".to_owned());
        let step = id(step);
        self.give(
            who,
            Command::Take {
                record,
                seen,
                step,
                outcome,
                reason,
                fill,
                occurred_at: None,
                late_reason: None,
                signed: None,
            },
        )
    }
}

pub(crate) fn opening(record: RecordId, fill: BTreeMap<regulation::FieldId, Json>) -> Command {
    Command::Open {
        record,
        register: id("permit"),
        step: id("file"),
        fill,
        occurred_at: None,
        late_reason: None,
        signed: None,
    }
}

pub(crate) fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

pub(crate) fn has(events: &[Event], fits: impl Fn(&Body) -> bool) -> bool {
    events.iter().any(|event| fits(&event.body))
}

fn drawing(drawn: &mut u64) -> impl FnMut() -> RecordId + '_ {
    || {
        *drawn += 1;
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&drawn.to_be_bytes());
        RecordId::from_bytes(bytes)
    }
}

fn record_of(command: &Command) -> Option<RecordId> {
    match command {
        Command::Open { record, .. } | Command::Take { record, .. } => Some(*record),
        _ => None,
    }
}

fn with_signature(mut command: Command, with: Option<Box<Signed>>) -> Command {
    if let Command::Open { signed, .. } | Command::Take { signed, .. } = &mut command {
        *signed = with;
    }
    command
}

/// The command as it will be, but for the statement: the grade of the evidence is part of what is signed.
fn unsigned(command: &Command, evidence: Evidence) -> Command {
    let statement = Statement {
        content: Hash::of(&[]),
        ledger: String::new(),
        nonce: [0; 16],
        on_behalf: None,
        outcome: "done".into(),
        pack: String::new(),
        previous: Previous::Itself,
        reason: Reason::None,
        record: String::new(),
        signer: person(0),
        step: String::new(),
    };
    with_signature(
        command.clone(),
        (evidence != Evidence::None).then(|| Box::new(signature(statement, evidence, [7; 16]))),
    )
}

pub(crate) fn signature(statement: Statement, evidence: Evidence, salt: [u8; 16]) -> Signed {
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
    Signed { statement, evidence, salt: Some(salt), carried }
}
