//! The state that events add up to: units and people, with the indexes that make questions about them cheap.
//!
//! Invariants: the indexes hold nothing that does not follow from units and people; serialised, the state is units
//! and people alone.
//! Does not: know the time or a pack; that is what a [`crate::Roster`] adds.

use crate::person::{Authenticator, Person, Standing};
use crate::terminal::Terminal;
use crate::text::{Code, Login};
use crate::unit::{Tree, Unit};
use casework::Appointment;
use model::{PersonId, TerminalId, UnitId};
use regulation::RoleId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Units and people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Parts", into = "Parts")]
pub struct State {
    pub(crate) people: BTreeMap<PersonId, Person>,
    pub(crate) units: BTreeMap<UnitId, Unit>,
    pub(crate) terminals: BTreeMap<TerminalId, Terminal>,
    pub(crate) index: Index,
}

/// What is kept of a state; the rest is reckoned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// People.
    pub people: Vec<Person>,
    /// Terminals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terminals: Vec<Terminal>,
    /// Units.
    pub units: Vec<Unit>,
}

/// What follows from units and people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) tree: Tree,
    /// Every code a unit has or had.
    pub(crate) codes: BTreeMap<Code, UnitId>,
    /// Every account name a person has or had.
    pub(crate) logins: BTreeMap<Login, PersonId>,
    /// Every authenticator, by its id.
    pub(crate) keys: BTreeMap<Vec<u8>, PersonId>,
    /// Who holds, held or will hold a role in a unit.
    pub(crate) holders: BTreeMap<RoleId, BTreeMap<Option<UnitId>, BTreeSet<PersonId>>>,
    /// For whom a person stands in, stood in or will.
    pub(crate) principals: BTreeMap<PersonId, BTreeSet<PersonId>>,
    /// Who belongs to a unit and has not left.
    pub(crate) members: BTreeMap<UnitId, BTreeSet<PersonId>>,
}

impl State {
    /// A unit.
    #[must_use]
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.units.get(&id)
    }

    /// A person.
    #[must_use]
    pub fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.get(&id)
    }

    /// Everybody, in the order of their ids.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// Every unit, closed ones included, each before those below it.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.index.tree.order().iter().filter_map(|id| self.units.get(id))
    }

    /// A unit and all below it, closed ones included, each before those below it.
    pub fn subtree(&self, unit: UnitId) -> impl Iterator<Item = UnitId> + '_ {
        self.index.tree.subtree(unit).iter().copied()
    }

    /// The units above, the nearest first.
    pub fn above(&self, unit: UnitId) -> impl Iterator<Item = UnitId> + '_ {
        let superior = |unit: UnitId| self.units.get(&unit).and_then(|unit| unit.superior);
        // No path upwards is longer than there are units, whatever the events said.
        std::iter::successors(superior(unit), move |unit| superior(*unit)).take(self.units.len())
    }

    /// The topmost units: one that is open, and those that were before it.
    pub(crate) fn tops(&self) -> impl Iterator<Item = UnitId> + '_ {
        self.units.values().filter(|unit| unit.superior.is_none()).map(|unit| unit.id)
    }

    /// The topmost unit that is open.
    #[must_use]
    pub fn root(&self) -> Option<UnitId> {
        let tops = self.units.values().filter(|unit| unit.superior.is_none() && unit.closed_at.is_none());
        tops.map(|unit| unit.id).next()
    }

    /// The unit with this code, now or before.
    #[must_use]
    pub fn unit_of_code(&self, code: &str) -> Option<UnitId> {
        self.index.codes.get(code).copied()
    }

    /// The person with this account name, now or before.
    #[must_use]
    pub fn person_of_login(&self, login: &str) -> Option<PersonId> {
        self.index.logins.get(login).copied()
    }

    /// The authenticator of this id, and whose it is.
    #[must_use]
    pub fn authenticator(&self, credential: &[u8]) -> Option<(PersonId, &Authenticator)> {
        let person = self.index.keys.get(credential)?;
        let keys = &self.people.get(person)?.keys;
        Some((*person, keys.iter().find(|key| key.credential.credential == credential)?))
    }

    /// Those who belong to a unit and have not left.
    pub fn members(&self, unit: UnitId) -> impl Iterator<Item = &Person> {
        let members = self.index.members.get(&unit).into_iter().flatten();
        members.filter_map(|person| self.people.get(person))
    }

    /// Every appointment, past and to come, that has this person as deputy or as principal.
    #[must_use]
    pub fn appointments(&self, person: PersonId) -> Vec<Appointment> {
        let own = self.people.get(&person).into_iter().flat_map(|one| &one.deputies);
        let mut found: Vec<Appointment> = own.map(|standing| standing.appointment(person)).collect();
        for principal in self.index.principals.get(&person).into_iter().flatten() {
            let standings = self.people.get(principal).into_iter().flat_map(|one| &one.deputies);
            let his = standings.filter(|standing| standing.deputy == person);
            found.extend(his.map(|standing| standing.appointment(*principal)));
        }
        found
    }

    /// The appointment of this pair that begins at this moment.
    #[must_use]
    pub fn standing(&self, principal: PersonId, deputy: PersonId, from: model::Instant) -> Option<&Standing> {
        let standings = &self.people.get(&principal)?.deputies;
        standings.iter().find(|one| one.deputy == deputy && one.from == from)
    }

    /// What is kept of it.
    #[must_use]
    pub fn parts(&self) -> Parts {
        self.clone().into()
    }

    /// Forgets personal data, after the person's data key was destroyed. The account name is forgotten with the
    /// rest: a trace that kept it from being given again would keep the name.
    pub fn forget(&mut self, person: PersonId) {
        if let Some(one) = self.people.get_mut(&person) {
            one.details = None;
            one.former_logins.clear();
            self.index.logins.retain(|_, owner| *owner != person);
        }
    }
}

impl From<Parts> for State {
    fn from(parts: Parts) -> Self {
        let people = parts.people.into_iter().map(|person| (person.id, person)).collect();
        let units = parts.units.into_iter().map(|unit| (unit.id, unit)).collect();
        let terminals = parts.terminals.into_iter().map(|terminal| (terminal.id, terminal)).collect();
        let index = Index::of(&people, &units);
        Self { people, units, terminals, index }
    }
}

impl From<State> for Parts {
    fn from(state: State) -> Self {
        Self {
            people: state.people.into_values().collect(),
            terminals: state.terminals.into_values().collect(),
            units: state.units.into_values().collect(),
        }
    }
}

impl Index {
    fn of(people: &BTreeMap<PersonId, Person>, units: &BTreeMap<UnitId, Unit>) -> Self {
        let mut index = Self { tree: Tree::of(units), ..Self::default() };
        for unit in units.values() {
            let codes = unit.former_codes.iter().chain([&unit.code]);
            index.codes.extend(codes.map(|code| (code.clone(), unit.id)));
        }
        for person in people.values() {
            index.add(person);
        }
        index
    }

    fn add(&mut self, person: &Person) {
        let id = person.id;
        let login = person.details.as_ref().map(|details| &details.login);
        self.logins.extend(person.former_logins.iter().chain(login).map(|login| (login.clone(), id)));
        self.keys.extend(person.keys.iter().map(|key| (key.credential.credential.clone(), id)));
        for holding in &person.holdings {
            self.hold(id, &holding.role, holding.unit);
        }
        for standing in &person.deputies {
            self.principals.entry(standing.deputy).or_default().insert(id);
        }
        if person.here() {
            self.members.entry(person.home).or_default().insert(id);
        }
    }

    pub(crate) fn hold(&mut self, person: PersonId, role: &RoleId, unit: Option<UnitId>) {
        let units = self.holders.entry(role.clone()).or_default();
        units.entry(unit).or_default().insert(person);
    }

    /// Takes a person out where they no longer hold a role in a unit.
    pub(crate) fn drop_holder(&mut self, person: PersonId, role: &RoleId, unit: Option<UnitId>) {
        let Some(units) = self.holders.get_mut(role) else { return };
        if let Some(people) = units.get_mut(&unit) {
            people.remove(&person);
            if people.is_empty() {
                units.remove(&unit);
            }
        }
        if units.is_empty() {
            self.holders.remove(role);
        }
    }

    pub(crate) fn drop_member(&mut self, person: PersonId, unit: UnitId) {
        if let Some(people) = self.members.get_mut(&unit) {
            people.remove(&person);
            if people.is_empty() {
                self.members.remove(&unit);
            }
        }
    }

    pub(crate) fn drop_principal(&mut self, deputy: PersonId, principal: PersonId) {
        if let Some(people) = self.principals.get_mut(&deputy) {
            people.remove(&principal);
            if people.is_empty() {
                self.principals.remove(&deputy);
            }
        }
    }
}
