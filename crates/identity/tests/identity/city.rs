//! A small city under the tiny pack: the office of the archive, its two desks, and a few people.
//!
//! Units 1 (the archive) ⊃ 2 (keys) ⊃ 4 (cabinet), 1 ⊃ 3 (rooms). People 1 to 6 belong to unit 2.

use identity::{
    By, Command, Details, Event, Names, Permitted, Policies, Refusal, Roster, State, Verdict, decide,
};
use model::{Instant, Person, PersonId, UnitId};
use proof::signature::Credential;
use regulation::{Folder, Pack, RoleId, load};
use std::path::Path;
use std::time::Duration;

pub(crate) struct City {
    pub(crate) state: State,
    pub(crate) pack: Pack,
    pub(crate) now: Instant,
    /// Everything that happened.
    pub(crate) events: Vec<Event>,
}

pub(crate) fn tiny() -> Pack {
    load(&Folder::new(Path::new("../regulation/tests/tiny"))).unwrap()
}

pub(crate) fn person(number: u16) -> PersonId {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    PersonId::from_bytes(bytes)
}

pub(crate) fn unit(number: u16) -> UnitId {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    UnitId::from_bytes(bytes)
}

pub(crate) fn role(name: &str) -> RoleId {
    name.parse().unwrap()
}

pub(crate) fn day(number: u64) -> Instant {
    Instant::EPOCH.plus(Duration::from_hours(24 * (20_000 + number)))
}

pub(crate) fn details(number: u16) -> Details {
    Details {
        name: "王大明".parse().unwrap(),
        login: format!("wang.{number}").parse().unwrap(),
        title: "科員".parse().unwrap(),
        mail: format!("wang{number}@taichung.gov.tw").parse().unwrap(),
        phone: None,
    }
}

pub(crate) fn create(number: u16, superior: Option<u16>) -> Command {
    Command::CreateUnit {
        unit: unit(number),
        names: Names::new("單位", "Unit").unwrap(),
        code: format!("單{number}").parse().unwrap(),
        superior: superior.map(unit),
    }
}

pub(crate) fn register(number: u16, home: u16) -> Command {
    Command::RegisterPerson { person: person(number), details: details(number), home: unit(home) }
}

pub(crate) fn grant(number: u16, name: &str, place: Option<u16>) -> Command {
    let (person, role, unit) = (person(number), role(name), place.map(unit));
    Command::GrantRole { person, role, unit, from: None, until: None }
}

pub(crate) fn end(number: u16, name: &str, place: Option<u16>) -> Command {
    Command::EndRole { person: person(number), role: role(name), unit: place.map(unit), from: None }
}

pub(crate) fn appoint(principal: u16, deputy: u16, from: u64, until: u64) -> Command {
    let (principal, deputy) = (person(principal), person(deputy));
    Command::AppointDeputy { principal, deputy, from: Some(day(from)), until: day(until) }
}

pub(crate) fn acknowledge(principal: u16, deputy: u16, from: u64) -> Command {
    let (principal, deputy) = (person(principal), person(deputy));
    Command::AcknowledgeDeputy { principal, deputy, from: day(from) }
}

pub(crate) fn revoke(principal: u16, deputy: u16, from: u64) -> Command {
    let (principal, deputy) = (person(principal), person(deputy));
    Command::RevokeDeputy { principal, deputy, from: day(from) }
}

/// A key of `number`'s; the same `key` is the same authenticator.
pub(crate) fn credential(number: u16, key: u8) -> Credential {
    serde_json::from_value(serde_json::json!({
        "alg": "EdDSA",
        "credential": proof::base64::encode_url(&[key; 4]),
        "key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "origins": ["https://ward.example"],
        "person": person(number),
        "rp": "ward.example",
    }))
    .unwrap()
}

/// Somebody acting in a role of a unit.
pub(crate) fn acting(number: u16, role: &str, place: u16) -> Person {
    Person {
        acting_for: None,
        person: person(number),
        role: role.to_owned(),
        session: None,
        terminal: None,
        unit: unit(place),
    }
}

/// Somebody acting, with a policy that grants everything.
pub(crate) fn granted(number: u16, role: &str, place: u16) -> By {
    let verdict = Verdict::Granted("test".to_owned());
    By::Person(Permitted::by_policy(acting(number, role, place), verdict))
}

/// Somebody acting, whom no policy speaks of.
pub(crate) fn silent(number: u16, role: &str, place: u16) -> By {
    By::Person(Permitted::by_policy(acting(number, role, place), Verdict::Silent))
}

/// Time this thread has had a processor for, so that other work beside the test does not count.
pub(crate) fn worked() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

impl City {
    pub(crate) fn new(pack: Pack) -> Self {
        Self { state: State::default(), pack, now: day(0), events: Vec::new() }
    }

    pub(crate) fn tiny() -> Self {
        let mut city = Self::new(tiny());
        for (number, superior) in [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(2))] {
            city.console(&create(number, superior));
        }
        for number in 1..=6 {
            city.console(&register(number, 2));
        }
        city
    }

    pub(crate) fn roster(&self) -> Roster<'_> {
        Roster::new(&self.state, &self.pack, self.now)
    }

    /// Does what is asked; every event is also written and read again.
    pub(crate) fn give(&mut self, by: &By, command: &Command) -> Result<Vec<Event>, Refusal> {
        let events = decide(self.roster(), by, command)?;
        for event in &events {
            self.state.apply(event).unwrap();
            let json = serde_json::from_slice(&event.body_bytes().unwrap()).unwrap();
            assert_eq!(identity::read_body(event.kind(), json).unwrap().0, event.body);
        }
        self.events.extend(events.iter().cloned());
        Ok(events)
    }

    pub(crate) fn console(&mut self, command: &Command) -> Vec<Event> {
        self.give(&By::Console, command).unwrap()
    }

    /// Asks the policies and does what they permit.
    pub(crate) fn under(
        &mut self,
        policies: &Policies,
        actor: &Person,
        command: &Command,
    ) -> Result<(), Refusal> {
        let permitted = policies.permits(&self.roster(), actor.clone(), command);
        self.give(&By::Person(permitted), command).map(drop)
    }
}
