//! Deciding: from what is asked, and what is, to what happens.
//!
//! Invariants: a refusal leaves nothing behind; what was not permitted by a policy is not done, save by the console
//! and on oneself; what a policy forbids is not done at all by a person.
//! Does not: ask the policies (the caller has), check the registration of an authenticator.

mod deputy;
mod person;
mod role;
mod terminal;
mod unit;

use crate::command::{By, Command};
use crate::event::{Body, Event, Subject};
use crate::person::Person;
use crate::policy::Verdict;
use crate::refusal::Refusal;
use crate::roster::Roster;
use crate::unit::Unit;
use model::{Actor, Instant, PersonId, UnitId};

/// What happens when `by` gives `command`, in order.
///
/// # Errors
/// Why it is refused; nothing has happened then.
pub fn decide(roster: Roster<'_>, by: &By, command: &Command) -> Result<Vec<Event>, Refusal> {
    let policy = permission(&roster, by, command)?;
    let mut deciding = Deciding { roster, by, policy, events: Vec::new() };
    deciding.command(command)?;
    Ok(deciding.events)
}

/// The policy that permits the command; none for the console and for acts on oneself.
fn permission(roster: &Roster<'_>, by: &By, command: &Command) -> Result<Option<String>, Refusal> {
    let By::Person(permitted) = by else { return Ok(None) };
    let actor = permitted.actor();
    let own = command.own_act(actor);
    if own {
        here(roster, actor.person)?;
    } else {
        roster.acts(actor)?;
    }
    match permitted.verdict() {
        Verdict::Silent if own => Ok(None),
        verdict => verdict.clone().granted().map(Some),
    }
}

/// The person, if still here.
fn here<'a>(roster: &Roster<'a>, person: PersonId) -> Result<&'a Person, Refusal> {
    let found = roster.state.person(person).ok_or(Refusal::NoPerson(person))?;
    if found.here() { Ok(found) } else { Err(Refusal::Left(person)) }
}

/// A decision in progress.
struct Deciding<'a> {
    roster: Roster<'a>,
    by: &'a By,
    policy: Option<String>,
    events: Vec<Event>,
}

impl<'a> Deciding<'a> {
    fn command(&mut self, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::AcknowledgeDeputy { principal, deputy, from } => {
                self.acknowledge(*principal, *deputy, *from)
            }
            Command::AddCredential { credential } => self.add_credential(credential),
            Command::AppointDeputy { principal, deputy, from, until } => {
                self.appoint(*principal, *deputy, *from, *until)
            }
            Command::ChangePerson { person, details, home } => self.change_person(*person, details, *home),
            Command::ChangeUnit { unit, names, code, superior } => {
                self.change_unit(*unit, names, code, *superior)
            }
            Command::CloseUnit { unit } => self.close_unit(*unit),
            Command::CreateUnit { unit, names, code, superior } => {
                self.create_unit(*unit, names, code, *superior)
            }
            Command::EndRole { person, role, unit, from } => self.end_role(*person, role, *unit, *from),
            Command::GrantClearance { person, grade } => self.grant_clearance(*person, grade),
            Command::GrantRole { person, role, unit, from, until } => {
                self.grant_role(*person, role, *unit, *from, *until)
            }
            Command::RecordLeaving { person } => self.record_leaving(*person),
            Command::RegisterPerson { person, details, home } => {
                self.register_person(*person, details, *home)
            }
            Command::RegisterTerminal { terminal, name, fingerprint, unit, management } => {
                self.register_terminal(*terminal, name, *fingerprint, *unit, *management)
            }
            Command::RemoveTerminal { terminal } => self.remove_terminal(*terminal),
            Command::RevokeCredential { credential } => self.revoke_credential(credential),
            Command::RevokeDeputy { principal, deputy, from } => self.revoke(*principal, *deputy, *from),
            Command::WithdrawClearance { person } => self.withdraw_clearance(*person),
        }
    }

    fn here(&self, person: PersonId) -> Result<&'a Person, Refusal> {
        here(&self.roster, person)
    }

    fn open_unit(&self, unit: UnitId) -> Result<&'a Unit, Refusal> {
        let found = self.roster.state.unit(unit).ok_or(Refusal::NoUnit(unit))?;
        if found.closed_at.is_none() { Ok(found) } else { Err(Refusal::UnitClosed(unit)) }
    }

    /// Nobody does to themselves, or to the one they act for, what benefits them.
    fn for_another(&self, person: PersonId) -> Result<(), Refusal> {
        let By::Person(permitted) = self.by else { return Ok(()) };
        let actor = permitted.actor();
        let own = actor.person == person || actor.acting_for == Some(person);
        if own { Err(Refusal::OwnBenefit) } else { Ok(()) }
    }

    /// The first moment of what begins now or later.
    fn beginning(&self, from: Option<Instant>, until: Option<Instant>) -> Result<Instant, Refusal> {
        let now = self.roster.now;
        let from = from.unwrap_or(now);
        if from < now {
            return Err(Refusal::Past);
        }
        if until.is_some_and(|until| until <= from) {
            return Err(Refusal::EndsBeforeItBegins);
        }
        Ok(from)
    }

    fn emit(&mut self, subject: Subject, unit: Option<UnitId>, body: Body) {
        let actor = match self.by {
            By::Console => Actor::machine(CONSOLE),
            By::Person(permitted) => Actor::Person(permitted.actor().clone()),
        };
        let (at, policy, private) = (self.roster.now, self.policy.clone(), body.private());
        self.events.push(Event { subject, unit, actor, at, body, policy, private });
    }

    /// An event about a person, charged to the unit they belong to.
    fn emit_person(&mut self, person: &Person, body: Body) {
        self.emit(Subject::Person(person.id), Some(person.home), body);
    }
}

/// How the console signs.
const CONSOLE: &str = "console";
