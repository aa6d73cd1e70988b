//! Random towns, and what each of their people may read.

use crate::site::{Asked, revised};
use identity::{Command, Fingerprint, Line};
use model::{Clock as _, PersonId, RecordId, TerminalId, UnitId};
use regulation::Outcome;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use testkit::{Acting, Chance, House};
use web::{Limits, Rate};

/// A register that is read in the unit itself, by whom it is about, by an administrator; that waits for any head above
/// and, as long as it is open, for whom it is about.
const REPORT: &str = r#"
[register]
id = "report"
label = { zh = "報告", en = "Reports" }
clause = "9"
title = { zh = "{note}", en = "{note}" }
search = ["note"]
[register.list]
columns = ["note"]
sort = ["note"]

[grade]
field = "level"

[paper]
keep = ["note", "about", "level"]

[retention]
keep = "5 years"

[reading]
units = "own"
roles = ["overseer"]
parties = ["about"]

[[field]]
id = "note"
kind = "text"
max = 60
label = { zh = "事由", en = "Note" }
required = true

[[field]]
id = "about"
kind = "person"
label = { zh = "當事人", en = "About" }
required = true

[[field]]
id = "remark"
kind = "text"
max = 60
label = { zh = "說明", en = "Remark" }

[[field]]
id = "level"
kind = "grade"
least = "public"
label = { zh = "機密等級", en = "Grade" }
start = "'internal'"

[[state]]
id = "filed"
label = { zh = "已提出", en = "Filed" }
[[state]]
id = "closed"
label = { zh = "已結", en = "Closed" }
end = "done"

[[step]]
id = "file"
label = { zh = "提出", en = "File" }
by = [{ role = "clerk" }]
fields = ["note", "about", "level"]
to = "filed"

[[step]]
id = "add"
label = { zh = "說明", en = "Add" }
from = ["filed"]
by = [{ person = "about" }]
fields = ["remark"]
to = "filed"

[[step]]
id = "close"
label = { zh = "結案", en = "Close" }
from = ["filed"]
by = [{ role = "head", above = true }]
to = "closed"
"#;

const OVERSEER: &str = r#"
[[role]]
id = "overseer"
label = { zh = "督導", en = "Overseer" }
held_in = "city"
deputy = false
administrator = true
"#;

/// Somebody, as they were made.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: PersonId,
    /// Roles, each with its unit; none for the whole installation.
    pub(super) roles: Vec<(&'static str, Option<UnitId>)>,
    /// Cleared for the highest grade?
    pub(super) cleared: bool,
    /// Whom they stand in for: places in the town.
    pub(super) principals: Vec<usize>,
    /// At a management terminal?
    pub(super) manages: bool,
    /// Of which units alone they look at records.
    pub(super) focus: Option<UnitId>,
}

/// A record, as it was made.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) id: RecordId,
    pub(super) register: &'static str,
    pub(super) unit: UnitId,
    /// Is it of the highest grade?
    pub(super) secret: bool,
    /// Whom it names so that they read it, and who acted on it.
    pub(super) parties: BTreeSet<PersonId>,
    /// People it waits for.
    pub(super) people: BTreeSet<PersonId>,
    /// Does it wait for the head of its unit, and those above as well?
    pub(super) head: Option<bool>,
    pub(super) running: bool,
    /// What tells it apart in a file, and a word it is found by.
    pub(super) title: String,
    pub(super) word: Option<&'static str>,
}

pub(super) struct Town {
    pub(super) asked: Asked,
    /// Units, each with the one above it.
    pub(super) units: BTreeMap<UnitId, Option<UnitId>>,
    pub(super) people: Vec<Person>,
    pub(super) records: Vec<Record>,
}

impl Town {
    /// May somebody read a record? The rules as the regulation says them, by what the town was made of.
    pub(super) fn reads(&self, reader: &Person, record: &Record) -> bool {
        let lent = reader.principals.iter().flat_map(|principal| {
            // An auditor and an overseer cannot be stood in for.
            self.people[*principal].roles.iter().filter(|(role, _)| ["clerk", "head"].contains(role))
        });
        let held: Vec<(&str, Option<UnitId>)> = reader
            .roles
            .iter()
            .chain(lent)
            // An administrator's role counts at management terminals alone.
            .filter(|(role, _)| *role != "overseer" || reader.manages)
            .copied()
            .collect();
        let holds = |role: &str, unit: UnitId| held.contains(&(role, Some(unit)));
        let everywhere = |role: &str| held.iter().any(|(one, _)| *one == role);
        let by_unit = match record.register {
            "key" => true,
            "loan" => self.above(record.unit).any(|unit| held.iter().any(|(_, one)| *one == Some(unit))),
            _ => held.iter().any(|(_, unit)| *unit == Some(record.unit)),
        };
        let by_role = match record.register {
            "loan" => everywhere("auditor"),
            "report" => everywhere("overseer"),
            _ => false,
        };
        let own: BTreeSet<PersonId> =
            reader.principals.iter().map(|one| self.people[*one].id).chain([reader.id]).collect();
        let waits = !record.people.is_disjoint(&own)
            || match record.head {
                None => false,
                Some(false) => holds("head", record.unit),
                Some(true) => self.above(record.unit).any(|unit| holds("head", unit)),
            };
        let party = record.parties.contains(&reader.id);
        (reader.cleared || !record.secret) && (by_unit || by_role || party || waits)
    }

    /// A unit and those above it.
    fn above(&self, unit: UnitId) -> impl Iterator<Item = UnitId> {
        std::iter::successors(Some(unit), |unit| self.units[unit])
    }

    /// Does a record belong to a unit or one below it?
    pub(super) fn within(&self, unit: Option<UnitId>, record: &Record) -> bool {
        unit.is_none_or(|unit| self.above(record.unit).any(|one| one == unit))
    }
}

/// A town in the making.
pub(super) struct Making {
    chance: Chance,
    house: House,
    units: Vec<UnitId>,
    above: BTreeMap<UnitId, Option<UnitId>>,
    people: Vec<Person>,
    records: Vec<Record>,
}

impl Making {
    pub(super) fn of(seed: u64) -> Self {
        let mut files = revised();
        files.insert("registers/report.toml".to_owned(), REPORT.as_bytes().to_vec());
        files.get_mut("roles.toml").unwrap().extend_from_slice(OVERSEER.as_bytes());
        let mut house = House::with_pack(seed, &regulation::Files::new(files), None).unwrap();
        let mut chance = Chance::new(seed);
        let top = house.unit("100", None).unwrap();
        let (mut units, mut above) = (vec![top], BTreeMap::from([(top, None)]));
        for number in 1..3 + chance.below(3) {
            let superior = *chance.pick(&units).unwrap();
            let unit = house.unit(&format!("1{number}0"), Some(superior)).unwrap();
            units.push(unit);
            above.insert(unit, Some(superior));
        }
        Self { chance, house, units, above, people: Vec::new(), records: Vec::new() }
    }

    /// Somebody new, with a first role.
    fn person(&mut self, role: &'static str, unit: UnitId) -> usize {
        let login = format!("p{}", self.people.len());
        let id = self.house.person(&login, role, unit).unwrap().person;
        let city = ["auditor", "overseer"].contains(&role);
        let (cleared, manages) = (self.chance.one_in(2), self.chance.one_in(2));
        if cleared {
            let grade = "secret".parse().unwrap();
            self.house.identity(Command::GrantClearance { person: id, grade }).unwrap();
        }
        let focus = self.chance.one_in(4).then(|| *self.chance.pick(&self.units).unwrap());
        let roles = vec![(role, (!city).then_some(unit))];
        self.people.push(Person { id, roles, cleared, principals: Vec::new(), manages, focus });
        self.people.len() - 1
    }

    /// As somebody acts in a role they hold there.
    fn acting(&self, person: usize, role: &'static str, unit: UnitId) -> Acting {
        Acting::new(self.people[person].id, role, unit)
    }

    fn anybody(&mut self) -> usize {
        self.chance.below(self.people.len())
    }

    /// A clerk and a head for each unit, some others, and who stands in for whom.
    fn peopled(&mut self) {
        for unit in self.units.clone() {
            self.person("clerk", unit);
            self.person("head", unit);
        }
        let top = self.units[0];
        self.person("auditor", top);
        self.person("overseer", top);
        for _ in 0..3 {
            let unit = *self.chance.pick(&self.units).unwrap();
            self.person("clerk", unit);
        }
        for _ in 0..5 {
            let (person, unit) = (self.anybody(), *self.chance.pick(&self.units).unwrap());
            let role = *self.chance.pick(&["clerk", "head", "overseer"]).unwrap();
            let id = self.people[person].id;
            // What excludes another role, or has its holder already, is refused and not held.
            if self.house.grant(id, role, unit).is_ok() {
                self.people[person].roles.push((role, (role != "overseer").then_some(unit)));
            }
        }
        for _ in 0..4 {
            let (principal, deputy) = (self.anybody(), self.anybody());
            let until = self.house.clock.now().plus(std::time::Duration::from_secs(300 * 86_400));
            let as_one = |person: &Person| {
                let (role, unit) = person.roles[0];
                Acting::new(person.id, role, unit.unwrap_or(self.units[0]))
            };
            let (one, other) = (as_one(&self.people[principal]), as_one(&self.people[deputy]));
            if self.house.appoint(one, other, until).is_ok()
                && !self.people[deputy].principals.contains(&principal)
            {
                self.people[deputy].principals.push(principal);
            }
        }
    }

    /// A clerk, with where they are one.
    fn clerk(&mut self) -> (usize, UnitId) {
        let clerk = |(at, person): (usize, &Person)| {
            let (_, unit) = person.roles.iter().find(|(role, _)| *role == "clerk")?;
            Some((at, (*unit)?))
        };
        let clerks: Vec<(usize, UnitId)> = self.people.iter().enumerate().filter_map(clerk).collect();
        *self.chance.pick(&clerks).unwrap()
    }

    /// The head of a unit.
    fn head(&self, unit: UnitId) -> usize {
        self.people.iter().position(|person| person.roles.contains(&("head", Some(unit)))).unwrap()
    }

    fn recorded(&mut self) {
        for number in 0..6 {
            self.key(number);
        }
        for number in 0..6 {
            self.loan(number);
        }
        for number in 0..9 {
            self.report(number);
        }
    }

    fn key(&mut self, number: usize) {
        let (clerk, unit) = self.clerk();
        let (keeper, _) = self.clerk();
        let (opener, head) = (self.acting(clerk, "clerk", unit), self.head(unit));
        let code = format!("K{number}");
        let key = self.house.open(opener, "key", "register", &[("code", json!(code))]).unwrap();
        let keeper = self.people[keeper].id;
        let fill = [("room", json!("鑰匙房")), ("keeper", json!(keeper.to_string()))];
        let by = self.acting(head, "head", unit);
        self.house.take(by, key, "change", Outcome::Done, &fill).unwrap();
        self.records.push(Record {
            id: key,
            register: "key",
            unit,
            secret: false,
            parties: [opener.person, by.person].into(),
            people: [keeper].into(),
            head: Some(false),
            running: true,
            title: format!("{code} 鑰匙"),
            word: Some("鑰匙房"),
        });
    }

    /// The key of a loan is the one of the same number, so that titles tell loans apart.
    fn loan(&mut self, number: usize) {
        let (clerk, unit) = self.clerk();
        let (borrower, head) = (self.anybody(), self.head(unit));
        let secret = self.people[clerk].cleared && self.chance.one_in(2);
        let opener = self.acting(clerk, "clerk", unit);
        let (key, borrower) = (self.records[number].clone(), self.people[borrower].id);
        let mut fill = vec![
            ("key", json!(key.id.to_string())),
            ("borrower", json!(borrower.to_string())),
            ("starts", json!("2025-01-06")),
            ("until", json!("2025-01-08")),
            ("level", json!(if secret { "secret" } else { "internal" })),
        ];
        if !secret {
            fill.push(("purpose", json!("借用事由")));
        }
        let loan = self.house.open(opener, "loan", "file", &fill).unwrap();
        let mut record = Record {
            id: loan,
            register: "loan",
            unit,
            secret,
            parties: [opener.person, borrower].into(),
            people: BTreeSet::new(),
            head: Some(false),
            running: true,
            title: format!("K{number} 借用"),
            word: (!secret).then_some("借用事由"),
        };
        // Some are decided; nobody decides on their own, and nobody on what they are not cleared for.
        let outcome = *self.chance.pick(&[Outcome::Approve, Outcome::Refuse]).unwrap();
        let by = self.acting(head, "head", unit);
        if self.chance.one_in(2) && self.house.take(by, loan, "approve", outcome, &[]).is_ok() {
            record.parties.insert(by.person);
            record.head = None;
            if outcome == Outcome::Approve {
                record.people = key.people.iter().copied().chain([borrower]).collect();
            } else {
                record.running = false;
            }
        }
        self.records.push(record);
    }

    fn report(&mut self, number: usize) {
        let (clerk, unit) = self.clerk();
        let about = self.anybody();
        let secret = self.people[clerk].cleared && self.chance.one_in(2);
        let opener = self.acting(clerk, "clerk", unit);
        let (about, note) = (self.people[about].id, format!("報告{number}號"));
        let fill = [
            ("note", json!(note)),
            ("about", json!(about.to_string())),
            ("level", json!(if secret { "secret" } else { "public" })),
        ];
        let report = self.house.open(opener, "report", "file", &fill).unwrap();
        let mut record = Record {
            id: report,
            register: "report",
            unit,
            secret,
            parties: [opener.person, about].into(),
            people: [about].into(),
            head: Some(true),
            running: true,
            title: note,
            word: Some("報告"),
        };
        let by = self.acting(self.head(unit), "head", unit);
        if self.chance.one_in(3) && self.house.take(by, report, "close", Outcome::Done, &[]).is_ok() {
            record.parties.insert(by.person);
            (record.people, record.head, record.running) = (BTreeSet::new(), None, false);
        }
        self.records.push(record);
    }

    /// What changes afterwards: a role ends, a clearance is taken back.
    fn changed(&mut self) {
        for _ in 0..2 {
            let at = self.anybody();
            if let Some((role, unit)) = self.people[at].roles.pop() {
                let (person, role) = (self.people[at].id, role.parse().unwrap());
                self.house.identity(Command::EndRole { person, role, unit, from: None }).unwrap();
            }
        }
        let cleared: Vec<usize> = (0..self.people.len()).filter(|at| self.people[*at].cleared).collect();
        if let Some(at) = self.chance.pick(&cleared) {
            self.people[*at].cleared = false;
            self.house.identity(Command::WithdrawClearance { person: self.people[*at].id }).unwrap();
        }
    }

    /// Everybody signs in, some of them at the management terminal.
    pub(super) fn settled(mut self) -> Town {
        self.peopled();
        self.recorded();
        self.changed();
        let terminal = TerminalId::from_bytes(self.house.draw());
        let (name, fingerprint) = (Line::new("終端機").unwrap(), Fingerprint::from_bytes([7; 32]));
        let command = Command::RegisterTerminal { terminal, name, fingerprint, unit: None, management: true };
        self.house.identity(command).unwrap();
        let often = Rate { burst: 1_000_000, per_second: 1_000_000 };
        let asked = Asked::of(self.house, Limits { address: often, session: often, ..Limits::default() });
        for person in &self.people {
            asked.sign_in_at(person.id, person.manages.then_some(terminal));
        }
        Town { asked, units: self.above, people: self.people, records: self.records }
    }
}
