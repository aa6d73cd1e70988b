//! What policies are asked: who acts, what is done, to what; with the facts they may speak of.
//!
//! Invariant: a question holds every fact it needs; answering looks at nothing else.

use super::schema::{ALARM_ACKNOWLEDGE, ALARM_READ, ALARM_SETTLE, AUDIT, CHECK, IDENTITY};
use crate::command::Command;
use crate::person::Person;
use crate::roster::Roster;
use model::{PersonId, RecordId, UnitId};
use regulation::{GradeId, RegisterId, RoleId, StateId, StepId};
use std::collections::{BTreeMap, BTreeSet};

/// A question to the policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Who acts.
    pub person: PersonFacts,
    /// The role they act in.
    pub role: String,
    /// The unit that role is held in.
    pub unit: UnitId,
    /// The person a deputy acts for.
    pub acting_for: Option<PersonFacts>,
    /// What is done.
    pub action: Action,
    /// To what.
    pub resource: Resource,
    /// What else the act is about.
    pub beside: Beside,
    /// The units above each unit that is spoken of.
    pub above: BTreeMap<UnitId, Vec<UnitId>>,
}

/// What is known of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonFacts {
    /// Who.
    pub person: PersonId,
    /// The unit they belong to.
    pub home: UnitId,
    /// Have they left?
    pub left: bool,
    /// Height of their clearance, the lowest grade being 0; -1 when they are cleared for nothing.
    pub clearance: i64,
    /// The roles they hold in their own right, with the units; a role of the whole installation is held in the
    /// topmost.
    pub held: BTreeMap<RoleId, BTreeSet<UnitId>>,
}

/// What is known of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFacts {
    /// Which.
    pub record: RecordId,
    /// Of which register.
    pub register: RegisterId,
    /// The unit it belongs to, or that of who opens it.
    pub unit: UnitId,
    /// Its state; none while it is being opened.
    pub state: Option<StateId>,
    /// Its grade.
    pub grade: GradeId,
    /// Who opened it.
    pub opened_by: Option<PersonId>,
}

impl RecordFacts {
    /// Is another record known to be the same in everything but which one it is? Where no policy speaks of single records
    /// both are judged alike ([`super::Policies::names_records`]).
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        let Self { record: _, register, unit, state, grade, opened_by } = self;
        *register == other.register
            && *unit == other.unit
            && *state == other.state
            && *grade == other.grade
            && *opened_by == other.opened_by
    }
}

/// What an act is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// A person.
    Person(PersonFacts),
    /// A record.
    Record(RecordFacts),
    /// A unit.
    Unit(UnitId),
}

/// What an act is done to, before its facts are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// A person.
    Person(PersonId),
    /// A record.
    Record(RecordFacts),
    /// A unit.
    Unit(UnitId),
}

/// What an act about people is about beside the person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// Who is to stand in, or did.
    pub deputy: Option<PersonFacts>,
    /// The role granted or ended.
    pub granted: Option<RoleId>,
    /// The unit it is held in.
    pub in_unit: Option<UnitId>,
    /// The grade cleared for, with its height.
    pub grade: Option<(GradeId, i64)>,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// An alarm is answered for.
    AcknowledgeAlarm,
    /// The ledger itself is looked into: its entries, its refusals, its sessions.
    Audit,
    /// The installation is looked over: what is wrong with it, how it is mended.
    Check,
    /// Something about people and units.
    Identity(Act),
    /// A record of this register is read.
    Read(RegisterId),
    /// Alarms are looked at.
    ReadAlarms,
    /// Somebody says that an alarm is over.
    SettleAlarm,
    /// A step of this register is taken.
    Step(RegisterId, StepId),
}

/// Acts about people and units that policies are asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Adding a person's authenticator.
    AddCredential,
    /// Appointing a person's deputy.
    AppointDeputy,
    /// Changing what is known of a person.
    ChangePerson,
    /// Changing a unit; also asked of the unit it is to lie below.
    ChangeUnit,
    /// Closing a unit.
    CloseUnit,
    /// Creating a unit below this one.
    CreateUnit,
    /// Ending a role a person holds.
    EndRole,
    /// Ending a person's sessions.
    EndSessions,
    /// Clearing a person for a grade.
    GrantClearance,
    /// Granting a person a role.
    GrantRole,
    /// Recording that a person leaves.
    RecordLeaving,
    /// Registering a person in a unit; also asked of the unit somebody is to move to.
    RegisterPerson,
    /// Registering a terminal of a unit.
    RegisterTerminal,
    /// Removing a terminal of a unit.
    RemoveTerminal,
    /// Having a person's factors set anew: beginning it, and confirming it.
    ResetFactors,
    /// Revoking a person's authenticator.
    RevokeCredential,
    /// Revoking the appointment of a person's deputy.
    RevokeDeputy,
    /// Revoking a token of an application a person answers for.
    RevokeToken,
    /// Opening a person's account again after too many failed tries.
    Unlock,
    /// Taking a person's clearance back.
    WithdrawClearance,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::AddCredential,
        Self::AppointDeputy,
        Self::ChangePerson,
        Self::ChangeUnit,
        Self::CloseUnit,
        Self::CreateUnit,
        Self::EndRole,
        Self::EndSessions,
        Self::GrantClearance,
        Self::GrantRole,
        Self::RecordLeaving,
        Self::RegisterPerson,
        Self::RegisterTerminal,
        Self::RemoveTerminal,
        Self::ResetFactors,
        Self::RevokeCredential,
        Self::RevokeDeputy,
        Self::RevokeToken,
        Self::Unlock,
        Self::WithdrawClearance,
    ];

    /// Its word in policies, behind `identity.`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AddCredential => "add_credential",
            Self::AppointDeputy => "appoint_deputy",
            Self::ChangePerson => "change_person",
            Self::ChangeUnit => "change_unit",
            Self::CloseUnit => "close_unit",
            Self::CreateUnit => "create_unit",
            Self::EndRole => "end_role",
            Self::EndSessions => "end_sessions",
            Self::GrantClearance => "grant_clearance",
            Self::GrantRole => "grant_role",
            Self::RecordLeaving => "record_leaving",
            Self::RegisterPerson => "register_person",
            Self::RegisterTerminal => "register_terminal",
            Self::RemoveTerminal => "remove_terminal",
            Self::ResetFactors => "reset_factors",
            Self::RevokeCredential => "revoke_credential",
            Self::RevokeDeputy => "revoke_deputy",
            Self::RevokeToken => "revoke_token",
            Self::Unlock => "unlock",
            Self::WithdrawClearance => "withdraw_clearance",
        }
    }

    pub(super) const fn on_unit(self) -> bool {
        matches!(
            self,
            Self::ChangeUnit
                | Self::CloseUnit
                | Self::CreateUnit
                | Self::RegisterPerson
                | Self::RegisterTerminal
                | Self::RemoveTerminal
        )
    }

    /// What [`Beside`] holds for it, as members of a context.
    pub(super) const fn beside(self) -> &'static str {
        match self {
            Self::AppointDeputy | Self::RevokeDeputy => ", deputy: Person",
            Self::EndRole | Self::GrantRole => ", granted: Role, in_unit?: Unit",
            Self::GrantClearance => ", grade: Grade, height: Long",
            _ => "",
        }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AcknowledgeAlarm => f.write_str(ALARM_ACKNOWLEDGE),
            Self::Audit => f.write_str(AUDIT),
            Self::Check => f.write_str(CHECK),
            Self::Identity(act) => write!(f, "{IDENTITY}.{}", act.word()),
            Self::Read(register) => write!(f, "{register}.read"),
            Self::ReadAlarms => f.write_str(ALARM_READ),
            Self::SettleAlarm => f.write_str(ALARM_SETTLE),
            Self::Step(register, step) => write!(f, "{register}.{step}"),
        }
    }
}

impl Roster<'_> {
    /// The question whether the actor may do this. `None` when somebody it is about is not registered.
    #[must_use]
    pub fn ask(&self, actor: &model::Person, action: Action, on: On, beside: Beside) -> Option<Ask> {
        let resource = match on {
            On::Person(person) => Resource::Person(self.facts(person)?),
            On::Record(record) => Resource::Record(record),
            On::Unit(unit) => Resource::Unit(unit),
        };
        let acting_for = match actor.acting_for {
            Some(principal) => Some(self.facts(principal)?),
            None => None,
        };
        let mut ask = Ask {
            person: self.facts(actor.person)?,
            role: actor.role.clone(),
            unit: actor.unit,
            acting_for,
            action,
            resource,
            beside,
            above: BTreeMap::new(),
        };
        ask.above = ask.units().map(|unit| (unit, self.state.above(unit).collect())).collect();
        Some(ask)
    }

    /// What policies may know of a person.
    #[must_use]
    pub fn facts(&self, person: PersonId) -> Option<PersonFacts> {
        let found: &Person = self.state.person(person)?;
        let mut held: BTreeMap<RoleId, BTreeSet<UnitId>> = BTreeMap::new();
        for (role, unit) in self.held(person) {
            let units = held.entry(role.clone()).or_default();
            match unit {
                Some(unit) => drop(units.insert(unit)),
                None => units.extend(self.state.tops()),
            }
        }
        let height = self.clearance_height(person).and_then(|height| i64::try_from(height).ok());
        let clearance = height.unwrap_or(-1);
        Some(PersonFacts { person, home: found.home, left: !found.here(), clearance, held })
    }

    /// The questions a command about people and units raises; all of them must be granted.
    #[must_use]
    pub fn asks(&self, actor: &model::Person, command: &Command) -> Vec<Ask> {
        let none = Beside::default;
        let raised = match command {
            Command::AcknowledgeDeputy { .. } => Vec::new(),
            Command::AddCredential { credential } => {
                vec![(Act::AddCredential, On::Person(credential.person), none())]
            }
            Command::AppointDeputy { principal, deputy, .. } => {
                vec![(Act::AppointDeputy, On::Person(*principal), self.deputy(*deputy))]
            }
            Command::ChangePerson { person, home, .. } => {
                let mut raised = vec![(Act::ChangePerson, On::Person(*person), none())];
                if self.state.person(*person).is_some_and(|person| person.home != *home) {
                    raised.push((Act::RegisterPerson, On::Unit(*home), none()));
                }
                raised
            }
            Command::ChangeUnit { unit, superior, .. } => {
                let mut raised = vec![(Act::ChangeUnit, On::Unit(*unit), none())];
                let before = self.state.unit(*unit).and_then(|unit| unit.superior);
                let moved = superior.filter(|superior| before != Some(*superior));
                raised.extend(moved.map(|superior| (Act::ChangeUnit, On::Unit(superior), none())));
                raised
            }
            Command::CloseUnit { unit } => vec![(Act::CloseUnit, On::Unit(*unit), none())],
            Command::CreateUnit { superior, .. } => {
                let on = superior.map(|superior| (Act::CreateUnit, On::Unit(superior), none()));
                on.into_iter().collect()
            }
            Command::EndRole { person, role, unit, .. } => {
                vec![(Act::EndRole, On::Person(*person), held(role, *unit))]
            }
            Command::GrantClearance { person, grade } => {
                let height = self.height(grade).and_then(|height| i64::try_from(height).ok());
                let beside = Beside { grade: height.map(|height| (grade.clone(), height)), ..none() };
                vec![(Act::GrantClearance, On::Person(*person), beside)]
            }
            Command::GrantRole { person, role, unit, .. } => {
                vec![(Act::GrantRole, On::Person(*person), held(role, *unit))]
            }
            Command::RecordLeaving { person } => vec![(Act::RecordLeaving, On::Person(*person), none())],
            Command::RegisterPerson { home, .. } => vec![(Act::RegisterPerson, On::Unit(*home), none())],
            Command::RegisterTerminal { unit, .. } => {
                // One that any unit may use is the topmost unit's.
                let on = unit.or_else(|| self.state.root());
                on.map(|unit| (Act::RegisterTerminal, On::Unit(unit), none())).into_iter().collect()
            }
            Command::RemoveTerminal { terminal } => {
                let unit = self.state.terminal(*terminal).and_then(|one| one.unit);
                let on = unit.or_else(|| self.state.root());
                on.map(|unit| (Act::RemoveTerminal, On::Unit(unit), none())).into_iter().collect()
            }
            Command::RevokeCredential { credential } => {
                let owner = self.state.authenticator(credential).map(|(owner, _)| owner);
                let on = owner.map(|owner| (Act::RevokeCredential, On::Person(owner), none()));
                on.into_iter().collect()
            }
            Command::RevokeDeputy { principal, deputy, .. } => {
                vec![(Act::RevokeDeputy, On::Person(*principal), self.deputy(*deputy))]
            }
            Command::WithdrawClearance { person } => {
                vec![(Act::WithdrawClearance, On::Person(*person), none())]
            }
        };
        let asks =
            raised.into_iter().map(|(act, on, beside)| self.ask(actor, Action::Identity(act), on, beside));
        // About somebody who is not registered nothing is asked, and so nothing permitted.
        asks.collect::<Option<_>>().unwrap_or_default()
    }

    fn deputy(&self, deputy: PersonId) -> Beside {
        Beside { deputy: self.facts(deputy), ..Beside::default() }
    }
}

fn held(role: &RoleId, unit: Option<UnitId>) -> Beside {
    Beside { granted: Some(role.clone()), in_unit: unit, ..Beside::default() }
}

impl Resource {
    /// Its type in policies.
    pub(super) const fn type_name(&self) -> &'static str {
        match self {
            Self::Person(_) => "Person",
            Self::Record(_) => "Record",
            Self::Unit(_) => "Unit",
        }
    }
}

impl Ask {
    /// The people it speaks of, each once or more.
    pub(super) fn people(&self) -> impl Iterator<Item = &PersonFacts> {
        let on = match &self.resource {
            Resource::Person(person) => Some(person),
            Resource::Record(_) | Resource::Unit(_) => None,
        };
        std::iter::once(&self.person).chain(&self.acting_for).chain(on).chain(&self.beside.deputy)
    }

    /// The units it speaks of, each once or more.
    fn units(&self) -> impl Iterator<Item = UnitId> {
        let on = match &self.resource {
            Resource::Person(_) => None,
            Resource::Record(record) => Some(record.unit),
            Resource::Unit(unit) => Some(*unit),
        };
        let homes = self.people().map(|person| person.home);
        homes.chain([self.unit]).chain(on).chain(self.beside.in_unit)
    }
}
