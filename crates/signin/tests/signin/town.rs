//! A town with people who sign in.

use identity::{Code, Command, Details, Fingerprint, Line, Login, Mail, Names};
use model::{Clock as _, Instant, PersonId, TerminalId, UnitId};
use regulation::Folder;
use serde_json::Value as Json;
use signin::{Begun, Config, Cost, NewSession, Parts, Pending, Place, Refusal, Session, SignIn, Site};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use testkit::{HOST, House, SeededEntropy};

/// A password that will do.
pub(crate) const PASSWORD: &str = "my breakfast at the pier";

/// A town: two units below a city, a steward, two network administrators, a clerk.
pub(crate) struct Town {
    pub(crate) house: House,
    pub(crate) signin: SignIn,
    pub(crate) city: UnitId,
    pub(crate) centre: UnitId,
    pub(crate) office: UnitId,
    people: BTreeMap<&'static str, PersonId>,
    /// Secrets of one-time codes, in base32.
    secrets: BTreeMap<PersonId, String>,
}

/// An invented regulation, small so that publishing it takes no time.
pub(crate) fn pack() -> Folder {
    Folder::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pack"))
}

/// Somewhere in the network, without a certificate.
pub(crate) fn away() -> Place {
    Place { address: "203.0.113.7".parse().ok(), certificate: None, agent: Some("Firefox".to_owned()) }
}

/// The machine itself.
pub(crate) fn console() -> Place {
    Place { address: "::1".parse().ok(), ..Place::default() }
}

/// A place that shows the certificate of this number.
pub(crate) fn shows(number: u8) -> Place {
    Place { certificate: Some(Fingerprint::from_bytes([number; 32])), ..away() }
}

impl Town {
    pub(crate) fn new() -> Self {
        let mut house = House::with_pack(11, &pack(), None).unwrap();
        house.at("2025-03-03T01:00").unwrap();
        let city = house.unit("100", None).unwrap();
        let centre = house.unit("110", Some(city)).unwrap();
        let office = house.unit("120", Some(city)).unwrap();
        let signin = over(&house, 5, Config { site: site(), cost: CHEAP, ..Config::default() });
        let mut town =
            Self { house, signin, city, centre, office, people: BTreeMap::new(), secrets: BTreeMap::new() };
        town.person("mayor.aide", "steward", city);
        town.person("lin.wei", "network_admin", centre);
        town.person("chen.yu", "network_admin", centre);
        town.person("wang.ming", "staff", office);
        town
    }

    /// A town in which everybody has a password and one-time codes.
    pub(crate) fn settled() -> Self {
        let mut town = Self::new();
        for login in ["lin.wei", "chen.yu", "wang.ming", "mayor.aide"] {
            town.settle(login);
        }
        town
    }

    fn person(&mut self, login: &'static str, role: &str, home: UnitId) {
        let person = PersonId::from_bytes(self.house.draw());
        let details = details(login);
        self.house.identity(Command::RegisterPerson { person, details, home }).unwrap();
        self.house.grant(person, role, home).unwrap();
        self.people.insert(login, person);
    }

    /// Gives somebody a password and one-time codes, by breaking the glass.
    pub(crate) fn settle(&mut self, login: &'static str) {
        let pass = self.signin.break_glass(login, self.now()).unwrap();
        let new = self.signin.redeem(login, [&pass.code, ""], &away(), self.now()).unwrap();
        self.signin.set_password(&new.session, None, PASSWORD, self.now()).unwrap();
        self.take_codes(&new.session);
        self.signin.sign_out(&new.cookie, self.now()).unwrap();
        self.pass(60);
    }

    /// Sets up one-time codes.
    pub(crate) fn take_codes(&mut self, session: &Session) {
        let offer = self.signin.begin_totp(session, self.now()).unwrap();
        self.secrets.insert(session.person, offer.secret.to_string());
        let code = self.code(session.person);
        self.signin.confirm_totp(session, &offer.token, &code, self.now()).unwrap();
    }

    pub(crate) fn id(&self, login: &str) -> PersonId {
        self.people[login]
    }

    /// Somebody in the first role they hold.
    pub(crate) fn acting(&self, login: &str) -> model::Person {
        let seen = self.house.desk.seen();
        let person = seen.roster.person(self.id(login)).unwrap();
        let held = &person.holdings[0];
        model::Person {
            acting_for: None,
            person: person.id,
            role: held.role.to_string(),
            session: None,
            terminal: None,
            unit: held.unit.unwrap_or(self.city),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.house.clock.now()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.house.clock.pass(Duration::from_secs(seconds));
    }

    /// The one-time code of this moment.
    pub(crate) fn code(&self, person: PersonId) -> String {
        code_of(&self.secrets[&person], self.now())
    }

    pub(crate) fn secret(&self, person: PersonId) -> &str {
        &self.secrets[&person]
    }

    /// Name and password, up to the second factor.
    pub(crate) fn pending(&self, login: &str, place: &Place) -> Result<Pending, Refusal> {
        match self.signin.begin(login, PASSWORD, place, self.now())? {
            Begun::SecondFactor(pending) => Ok(pending),
            Begun::Session(session) => panic!("no second factor was asked for: {session:?}"),
        }
    }

    /// Signs somebody in with password and code.
    pub(crate) fn sign_in(&self, login: &str, place: &Place) -> Result<NewSession, Refusal> {
        // A code serves once.
        self.pass(60);
        let pending = self.pending(login, place)?;
        self.signin.otp(&pending.token, &self.code(self.id(login)), place, self.now())
    }

    /// Kinds and bodies of the entries about somebody, from the first on.
    pub(crate) fn entries(&self, about: PersonId) -> Vec<Json> {
        self.house.desk.close();
        let reader = self.house.reader();
        let mut found = Vec::new();
        let size = reader.size().unwrap();
        let visit = |_: u64, bytes: &[u8]| {
            let json: Json = serde_json::from_slice(bytes).unwrap();
            if json["subject"] == about.to_string() && json.get("body").is_some() {
                found.push(json);
            }
        };
        reader.entries(0..size, visit).unwrap();
        found
    }

    /// Kinds of the entries about somebody that the door made.
    pub(crate) fn kinds(&self, about: PersonId) -> Vec<String> {
        let kind = |json: &Json| json["kind"].as_str().unwrap().to_owned();
        let entries = self.entries(about);
        let door = entries
            .iter()
            .map(kind)
            .filter(|kind| !kind.starts_with("role.") && !kind.starts_with("person."));
        door.collect()
    }

    /// Registers a terminal that shows the certificate of this number.
    pub(crate) fn terminal(&mut self, number: u8, unit: Option<UnitId>, management: bool) -> TerminalId {
        let terminal = TerminalId::from_bytes(self.house.draw());
        let (name, fingerprint) = (Line::new("終端機").unwrap(), Fingerprint::from_bytes([number; 32]));
        let command = Command::RegisterTerminal { terminal, name, fingerprint, unit, management };
        self.house.identity(command).unwrap();
        terminal
    }
}

/// The code of a secret.
pub(crate) fn code_of(secret: &str, now: Instant) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(now.as_seconds()).unwrap()).to_string()
}

pub(crate) fn over(house: &House, seed: u64, config: Config) -> SignIn {
    let entropy = Box::new(SeededEntropy::new(seed));
    SignIn::new(Parts { desk: house.desk.clone(), entropy, config })
}

pub(crate) fn site() -> Site {
    Site { host: HOST.to_owned(), port: None, secure: true, name: "城防".to_owned() }
}

/// Hashing that takes no time.
pub(crate) const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, at_once: 4 };

pub(crate) fn details(login: &str) -> Details {
    Details {
        name: Line::new(&format!("{login}先生")).unwrap(),
        login: Login::new(login).unwrap(),
        title: Line::new("科員").unwrap(),
        mail: Mail::new(&format!("{login}@house.example")).unwrap(),
        phone: None,
    }
}

pub(crate) fn names(zh: &str, en: &str) -> (Names, Code) {
    (Names::new(zh, en).unwrap(), Code::new("100").unwrap())
}
