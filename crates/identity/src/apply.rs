//! Applying events: from what was, and what happened, to what is.
//!
//! Invariants: total over the events of one ledger in order; reads no pack and no clock; an event that cannot have
//! followed changes nothing; afterwards the indexes are those that would be reckoned anew.

use crate::event::{Body, Event, Subject};
use crate::person::{Authenticator, Details, Holding, Person, Side, Standing};
use crate::state::State;
use crate::terminal::Terminal;
use crate::unit::{Tree, Unit};
use model::{Instant, PersonId, TerminalId, UnitId};

/// Why an event does not apply: the events before it are not those it followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Its subject is of another sort than its kind asks for.
    #[error("{kind}: {subject} is not what this happens to")]
    Subject {
        /// Kind of the event.
        kind: String,
        /// Its subject.
        subject: Subject,
    },
    /// It creates what is there already.
    #[error("{0} comes into being a second time")]
    Twice(Subject),
    /// It is about a person or a unit that is not there.
    #[error("{kind}: there is no {subject}")]
    Unknown {
        /// Kind of the event.
        kind: String,
        /// Who or what is missing.
        subject: Subject,
    },
    /// It ends or changes something the person does not have.
    #[error("{kind}: the person has nothing of the kind")]
    NotThere {
        /// Kind of the event.
        kind: String,
    },
}

impl State {
    /// Applies an event.
    ///
    /// # Errors
    /// The event cannot have followed those before it; nothing has changed then.
    pub fn apply(&mut self, event: &Event) -> Result<(), ApplyError> {
        match (event.subject, &event.body) {
            (Subject::Unit(unit), body) => self.apply_to_unit(unit, event.at, body),
            (Subject::Terminal(terminal), body) => self.apply_to_terminal(terminal, event.at, body),
            (Subject::Person(person), Body::PersonRegistered { details, home }) => {
                self.register(person, *home, Some(details.clone()), event.at, event.kind())
            }
            (Subject::Person(person), Body::PersonChanged { details, home }) => {
                self.change(person, *home, Some(details.clone()), event.kind())
            }
            (Subject::Person(person), body) => self.apply_to_person(person, event.at, body),
        }
    }

    /// Applies an event whose body was destroyed with the person's data key; all the header says is kept.
    ///
    /// # Errors
    /// It cannot have followed those before it, or is of a kind whose bodies are never sealed.
    pub fn apply_destroyed(
        &mut self,
        kind: &str,
        subject: Subject,
        unit: Option<UnitId>,
        at: Instant,
    ) -> Result<(), ApplyError> {
        match (kind, subject, unit) {
            ("person.registered/1", Subject::Person(person), Some(home)) => {
                self.register(person, home, None, at, kind)
            }
            ("person.changed/1", Subject::Person(person), Some(home)) => {
                self.change(person, home, None, kind)
            }
            _ => Err(ApplyError::Subject { kind: kind.to_owned(), subject }),
        }
    }

    fn apply_to_unit(&mut self, id: UnitId, at: Instant, body: &Body) -> Result<(), ApplyError> {
        let missing = |id| ApplyError::Unknown { kind: body.kind().to_owned(), subject: Subject::Unit(id) };
        match body {
            Body::UnitCreated { names, code, superior } => {
                if self.units.contains_key(&id) {
                    return Err(ApplyError::Twice(Subject::Unit(id)));
                }
                if let Some(superior) = superior.filter(|superior| !self.units.contains_key(superior)) {
                    return Err(missing(superior));
                }
                let unit = Unit {
                    id,
                    names: names.clone(),
                    code: code.clone(),
                    former_codes: Vec::new(),
                    superior: *superior,
                    created_at: at,
                    closed_at: None,
                };
                self.index.codes.insert(code.clone(), id);
                self.units.insert(id, unit);
                self.index.tree = Tree::of(&self.units);
            }
            Body::UnitChanged { names, code, superior } => {
                if let Some(superior) = superior.filter(|superior| !self.units.contains_key(superior)) {
                    return Err(missing(superior));
                }
                let unit = self.units.get_mut(&id).ok_or_else(|| missing(id))?;
                let moved = unit.code != *code || unit.superior != *superior;
                unit.names = names.clone();
                unit.superior = *superior;
                let former = std::mem::replace(&mut unit.code, code.clone());
                unit.former_codes.retain(|one| one != code);
                if former != *code {
                    unit.former_codes.push(former);
                }
                self.index.codes.insert(code.clone(), id);
                if moved {
                    self.index.tree = Tree::of(&self.units);
                }
            }
            Body::UnitClosed {} => {
                self.units.get_mut(&id).ok_or_else(|| missing(id))?.closed_at = Some(at);
            }
            _ => {
                let subject = Subject::Unit(id);
                return Err(ApplyError::Subject { kind: body.kind().to_owned(), subject });
            }
        }
        Ok(())
    }

    fn apply_to_terminal(&mut self, id: TerminalId, at: Instant, body: &Body) -> Result<(), ApplyError> {
        let (kind, subject) = (body.kind().to_owned(), Subject::Terminal(id));
        match body {
            Body::TerminalRegistered { name, fingerprint, unit, management } => {
                if self.terminals.contains_key(&id) {
                    return Err(ApplyError::Twice(subject));
                }
                if let Some(unit) = unit {
                    self.known_unit(*unit, &kind)?;
                }
                let (name, fingerprint, unit) = (name.clone(), *fingerprint, *unit);
                let (management, registered_at, removed_at) = (*management, at, None);
                let one = Terminal { id, name, fingerprint, unit, management, registered_at, removed_at };
                self.terminals.insert(id, one);
            }
            Body::TerminalRemoved {} => {
                let one = self.terminals.get_mut(&id).ok_or(ApplyError::Unknown { kind, subject })?;
                one.removed_at.get_or_insert(at);
            }
            _ => return Err(ApplyError::Subject { kind, subject }),
        }
        Ok(())
    }

    fn register(
        &mut self,
        id: PersonId,
        home: UnitId,
        details: Option<Details>,
        at: Instant,
        kind: &str,
    ) -> Result<(), ApplyError> {
        if self.people.contains_key(&id) {
            return Err(ApplyError::Twice(Subject::Person(id)));
        }
        self.known_unit(home, kind)?;
        self.index.logins.extend(details.as_ref().map(|details| (details.login.clone(), id)));
        self.index.members.entry(home).or_default().insert(id);
        let person = Person {
            id,
            details,
            former_logins: Vec::new(),
            home,
            registered_at: at,
            left_at: None,
            holdings: Vec::new(),
            cleared: None,
            deputies: Vec::new(),
            keys: Vec::new(),
        };
        self.people.insert(id, person);
        Ok(())
    }

    fn change(
        &mut self,
        id: PersonId,
        home: UnitId,
        details: Option<Details>,
        kind: &str,
    ) -> Result<(), ApplyError> {
        self.known_unit(home, kind)?;
        let person = self.people.get_mut(&id).ok_or_else(|| unknown(kind, id))?;
        let former = std::mem::replace(&mut person.home, home);
        let here = person.here();
        if let Some(details) = details {
            let login = details.login.clone();
            let before = person.details.replace(details).map(|before| before.login);
            person.former_logins.retain(|one| *one != login);
            person.former_logins.extend(before.filter(|before| *before != login));
            self.index.logins.insert(login, id);
        } else {
            self.forget(id);
        }
        if here && former != home {
            self.index.drop_member(id, former);
            self.index.members.entry(home).or_default().insert(id);
        }
        Ok(())
    }

    fn known_unit(&self, unit: UnitId, kind: &str) -> Result<(), ApplyError> {
        if self.units.contains_key(&unit) {
            return Ok(());
        }
        Err(ApplyError::Unknown { kind: kind.to_owned(), subject: Subject::Unit(unit) })
    }

    fn apply_to_person(&mut self, id: PersonId, at: Instant, body: &Body) -> Result<(), ApplyError> {
        let kind = body.kind();
        let not_there = || ApplyError::NotThere { kind: kind.to_owned() };
        if let Body::RoleGranted { unit: Some(unit), .. } = body {
            self.known_unit(*unit, kind)?;
        }
        if let Body::DeputyAppointed { deputy, .. } = body
            && !self.people.contains_key(deputy)
        {
            return Err(unknown(kind, *deputy));
        }
        let person = self.people.get_mut(&id).ok_or_else(|| unknown(kind, id))?;
        match body {
            Body::ClearanceGranted { grade } => person.cleared = Some(grade.clone()),
            Body::ClearanceWithdrawn {} => person.cleared = None,
            Body::CredentialAdded(credential) => {
                let twice = self.index.keys.contains_key(&credential.credential);
                if twice || credential.person != id {
                    return Err(ApplyError::Twice(Subject::Person(id)));
                }
                self.index.keys.insert(credential.credential.clone(), id);
                let credential = (**credential).clone();
                person.keys.push(Authenticator { credential, added_at: at, revoked_at: None });
            }
            Body::CredentialRevoked { credential } => {
                let mut keys = person.keys.iter_mut();
                let key = keys.find(|key| key.credential.credential == *credential).ok_or_else(not_there)?;
                key.revoked_at.get_or_insert(at);
            }
            Body::DeputyAppointed { deputy, from, until } => {
                let (deputy, from, until) = (*deputy, *from, *until);
                let standing = Standing { deputy, from, until, deputy_knows: false, principal_knows: false };
                person.deputies.push(standing);
                self.index.principals.entry(deputy).or_default().insert(id);
            }
            Body::DeputyAcknowledged { deputy, from, by } => {
                let mut standings = person.deputies.iter_mut();
                let found = standings.find(|one| one.deputy == *deputy && one.from == *from);
                let standing = found.ok_or_else(not_there)?;
                match by {
                    Side::Deputy => standing.deputy_knows = true,
                    Side::Principal => standing.principal_knows = true,
                }
            }
            Body::DeputyRevoked { deputy, from } => {
                let mut standings = person.deputies.iter_mut();
                let found = standings.find(|one| one.deputy == *deputy && one.from == *from);
                let standing = found.ok_or_else(not_there)?;
                standing.until = standing.until.min(at);
                // What never began leaves no trace; what did stays, since casework asks about the past.
                person.deputies.retain(|one| one.from < one.until);
                if !person.deputies.iter().any(|one| one.deputy == *deputy) {
                    self.index.drop_principal(*deputy, id);
                }
            }
            Body::PersonLeft {} => {
                person.left_at = Some(at);
                let home = person.home;
                self.index.drop_member(id, home);
            }
            Body::RoleGranted { role, unit, from, until } => {
                let holding = Holding { role: role.clone(), unit: *unit, from: *from, until: *until };
                person.holdings.retain(|one| one.role != *role || one.unit != *unit || !one.over(at));
                person.holdings.push(holding);
                self.index.hold(id, role, *unit);
            }
            Body::RoleEnded { role, unit, from } => {
                let same = |one: &Holding| one.role == *role && one.unit == *unit;
                let before = person.holdings.len();
                person.holdings.retain(|one| !same(one) || one.from != *from);
                if person.holdings.len() == before {
                    return Err(not_there());
                }
                if !person.holdings.iter().any(same) {
                    self.index.drop_holder(id, role, *unit);
                }
            }
            Body::PersonChanged { .. }
            | Body::PersonRegistered { .. }
            | Body::TerminalRegistered { .. }
            | Body::TerminalRemoved {}
            | Body::UnitChanged { .. }
            | Body::UnitClosed {}
            | Body::UnitCreated { .. } => {
                return Err(ApplyError::Subject { kind: kind.to_owned(), subject: Subject::Person(id) });
            }
        }
        Ok(())
    }
}

fn unknown(kind: &str, person: PersonId) -> ApplyError {
    ApplyError::Unknown { kind: kind.to_owned(), subject: Subject::Person(person) }
}
