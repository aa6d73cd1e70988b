//! Who reads what: lists, counts, search and single records give the same answer as the decision about each record.

use crate::bed::{Bed, On};
use crate::pack::{PARTIES, ROLES, UNITS, Version, register};
use casework::Body;
use model::{PersonId, RecordId, UnitId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use regulation::{RegisterId, RoleId};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use store::{Ask, Column, Readable, Reader};
use testkit::Postgres;

const GRADES: [&str; 3] = ["open", "internal", "secret"];

/// A record to be: its register, unit, grade, people by number.
#[derive(Debug, Clone)]
struct Planned {
    register: usize,
    unit: usize,
    grade: usize,
    opened_by: Option<usize>,
    owner: Option<usize>,
    helpers: Vec<usize>,
    acted: Option<usize>,
    site: Option<usize>,
    closed: bool,
    destroyed: bool,
}

/// A reader to be.
#[derive(Debug, Clone)]
struct Reads {
    person: usize,
    roles: Vec<usize>,
    own: Vec<usize>,
    below: Vec<usize>,
    /// A role and a unit each.
    seats: Vec<(usize, usize)>,
    principals: Vec<usize>,
    ceiling: Option<i64>,
    focus: Option<Vec<usize>>,
}

const PEOPLE: usize = 4;
const PLACES: usize = 4;

fn planned() -> impl Strategy<Value = Planned> {
    let who = || prop::option::of(0..PEOPLE);
    let record = (0..27usize, 0..PLACES, 0..3usize, who(), who());
    let more = (prop::option::of(0..PLACES), prop::bool::weighted(0.2), prop::bool::weighted(0.1));
    (record, prop::collection::vec(0..PEOPLE, 0..3), who(), more).prop_map(
        |((register, unit, grade, opened_by, owner), helpers, acted, (site, closed, destroyed))| Planned {
            register,
            unit,
            grade,
            opened_by,
            owner,
            helpers,
            acted,
            site,
            closed,
            destroyed,
        },
    )
}

fn reads() -> impl Strategy<Value = Reads> {
    let places = || prop::sample::subsequence((0..PLACES).collect::<Vec<_>>(), 0..=PLACES);
    let roles = prop::sample::subsequence(vec![0, 1, 2], 0..=3);
    let ceiling = prop::option::weighted(0.9, -1..4i64);
    let seats = prop::collection::vec((0..3usize, 0..PLACES), 0..4);
    let principals = prop::collection::vec(0..PEOPLE, 0..2);
    let focus = prop::option::weighted(0.3, places());
    (0..PEOPLE, roles, places(), places(), (seats, principals), ceiling, focus).prop_map(
        |(person, roles, own, below, (seats, principals), ceiling, focus)| Reads {
            person,
            roles,
            own,
            below,
            seats,
            principals,
            ceiling,
            focus,
        },
    )
}

/// The registers, one for each way of reading.
fn registers() -> Vec<RegisterId> {
    let mut all = Vec::new();
    for units in UNITS {
        for roles in ROLES {
            all.extend(PARTIES.iter().map(|parties| register(units, roles, parties).parse().unwrap()));
        }
    }
    all
}

/// What each record is, for the decision about it.
struct Known {
    register: RegisterId,
    readable: Readable,
    parties: BTreeSet<PersonId>,
    /// People and seats it waits for: those who bring it on, and those who may take a step that leaves it where it is.
    onward: (BTreeSet<PersonId>, BTreeSet<Seat>),
    staying: (BTreeSet<PersonId>, BTreeSet<Seat>),
}

type Seat = (RoleId, Option<UnitId>);

impl Known {
    fn waits_for(&self, reader: &Reader, staying: bool) -> bool {
        let sits = |(people, seats): &(BTreeSet<PersonId>, BTreeSet<Seat>)| {
            people.contains(&reader.person)
                || !people.is_disjoint(&reader.principals)
                || !seats.is_disjoint(&reader.seats)
        };
        sits(&self.onward) || (staying && sits(&self.staying))
    }
}

struct Field {
    bed: Bed,
    records: BTreeMap<RecordId, Known>,
    people: Vec<PersonId>,
    units: Vec<UnitId>,
}

impl Field {
    fn of(on: On, seed: u64, plan: &[Planned]) -> Self {
        let mut bed = Bed::with(on, seed, Version::Reading).unwrap();
        let people: Vec<PersonId> = (0..PEOPLE).map(|_| bed.person()).collect();
        let units: Vec<UnitId> = (0..PLACES).map(|_| bed.unit()).collect();
        let mut field = Self { bed, records: BTreeMap::new(), people, units };
        field.grow(plan);
        field
    }

    fn grow(&mut self, plan: &[Planned]) {
        let all = registers();
        let mut doomed = Vec::new();
        for one in plan {
            let register = all[one.register].clone();
            let name = |at: &usize| self.people[*at].to_string();
            let mut fill = json!({"name": "巡視 zeal", "level": GRADES[one.grade]});
            fill["helpers"] = one.helpers.iter().map(name).collect::<Vec<_>>().into();
            if let Some(owner) = one.owner.as_ref().map(name) {
                fill["owner"] = Json::from(owner);
            }
            if let Some(site) = one.site {
                fill["site"] = self.units[site].to_string().into();
            }
            let by = one.opened_by.map(|at| self.people[at]);
            let record = self.bed.open(&register, self.units[one.unit], by, fill);
            let acted = one.acted.map(|at| self.people[at]);
            if acted.is_some() {
                let body = Body::SentBack { to: "filed".parse().unwrap() };
                self.bed.event_by(record, acted, body);
            }
            if one.closed {
                self.bed.close(record, acted);
            }
            // The naive rule: who opened it, who acted on it, who is named in a field that the register says.
            let listed = PARTIES[one.register % 3];
            let owner = one.owner.filter(|_| listed.contains(&"owner"));
            let helpers = one.helpers.iter().copied().filter(|_| listed.contains(&"helpers"));
            let parties =
                owner.into_iter().chain(helpers).map(|at| self.people[at]).chain(by).chain(acted).collect();
            let unit = self.units[one.unit];
            let readable = Readable { unit, grade: one.grade as i64, party: false, turn: false };
            let seat = |role: &str, unit| (role.parse().unwrap(), unit);
            let people = |list: &[usize]| list.iter().map(|at| self.people[*at]).collect::<BTreeSet<_>>();
            let mut onward = (people(one.owner.as_slice()), BTreeSet::from([seat("head", Some(unit))]));
            onward.1.extend(one.site.map(|site| seat("clerk", Some(self.units[site]))));
            let mut staying = (people(&one.helpers), BTreeSet::from([seat("auditor", None)]));
            if one.closed {
                (onward, staying) = Default::default();
            }
            if one.destroyed {
                doomed.push(record);
            } else {
                self.records.insert(record, Known { register, readable, parties, onward, staying });
            }
        }
        self.bed.settle();
        doomed.into_iter().for_each(|record| self.bed.destroy(record));
    }

    fn reader(&self, reads: &Reads) -> Reader {
        let units = |list: &[usize]| list.iter().map(|at| self.units[*at]).collect::<BTreeSet<_>>();
        let roles = ["auditor", "clerk", "head"];
        let seat = |role: &str, unit| (role.parse().unwrap(), (role != "auditor").then_some(unit));
        Reader {
            person: self.people[reads.person],
            roles: reads.roles.iter().map(|at| roles[*at].parse().unwrap()).collect(),
            own: units(&reads.own),
            subtree: units(&[reads.own.as_slice(), &reads.below].concat()),
            seats: reads.seats.iter().map(|(role, unit)| seat(roles[*role], self.units[*unit])).collect(),
            principals: reads.principals.iter().map(|at| self.people[*at]).collect(),
            ceiling: reads.ceiling,
            focus: reads.focus.as_deref().map(units),
        }
    }

    /// Every way of asking gives the records that the decision about each gives.
    fn check(&self, reader: &Reader) -> Result<(), TestCaseError> {
        let (packs, layout) = (self.bed.tables.packs(), self.bed.tables.layout());
        let pack = packs.current().unwrap();
        let mut sql = self.bed.sql();
        let mut all = BTreeSet::new();
        for register in registers() {
            let rule = &pack.registers[&register];
            let decided: BTreeSet<RecordId> = self
                .records
                .iter()
                .filter(|(_, known)| known.register == register)
                .filter(|(_, known)| {
                    let party = known.parties.contains(&reader.person);
                    let turn = known.waits_for(reader, true);
                    reader.may_read(rule, &Readable { party, turn, ..known.readable })
                })
                .map(|(record, _)| *record)
                .collect();
            let ask = |text: Option<&str>, most| Ask {
                register: register.clone(),
                text: text.map(ToOwned::to_owned),
                filters: Vec::new(),
                sort: Some((Column::Field("name".parse().unwrap()), store::Direction::Up)),
                skip: 0,
                most,
            };
            for text in [None, Some("巡視"), Some("視 zea")] {
                let page = store::list(&mut sql, packs, layout, reader, &ask(text, 1_000)).unwrap();
                let rows: BTreeSet<RecordId> = page.rows.iter().map(|row| row.record).collect();
                prop_assert_eq!(&rows, &decided, "{} {:?}", &register, text);
                prop_assert_eq!(page.total, decided.len() as u64);
            }
            let by_state = ask(None, 0).counts(&mut sql, packs, layout, reader, &Column::State).unwrap();
            prop_assert_eq!(by_state.iter().map(|(_, count)| count).sum::<u64>(), decided.len() as u64);
            let counted = reader.counts(&mut sql, packs, layout).unwrap();
            prop_assert_eq!(counted.get(&register).map_or(0, |(all, _)| *all), decided.len() as u64);
            all.extend(decided);
        }
        let found = store::search_everywhere(&mut sql, packs, layout, reader, "巡視 zeal", 10_000).unwrap();
        prop_assert_eq!(&found.iter().map(|one| one.row.record).collect::<BTreeSet<_>>(), &all);
        // What is to be brought on by them, and nothing else, waits for them.
        let within = |known: &Known| {
            let focused = reader.focus.as_ref().is_none_or(|units| units.contains(&known.readable.unit));
            focused && reader.ceiling.is_some_and(|ceiling| known.readable.grade <= ceiling)
        };
        let waits = self.records.iter().filter(|(_, known)| within(known) && known.waits_for(reader, false));
        let waits: BTreeSet<RecordId> = waits.map(|(record, _)| *record).collect();
        let turns = store::turns(&mut sql, reader, 0, 1_000).unwrap();
        prop_assert_eq!(turns.total, waits.len() as u64);
        prop_assert_eq!(&turns.rows.iter().map(|turn| turn.row.record).collect::<BTreeSet<_>>(), &waits);
        prop_assert!(waits.is_subset(&all), "what waits for them they read");
        for (record, known) in &self.records {
            let sees = store::sees(&mut sql, packs, layout, reader, *record).unwrap();
            prop_assert_eq!(sees, all.contains(record), "{} in {}", record, &known.register);
        }
        Ok(())
    }
}

/// `fields` with some records each, each read by many.
fn what_is_listed_is_what_is_decided(on: On, fields: u32, readers: usize) {
    // The seed of a failure is printed with what it gave.
    let config =
        Config { cases: fields, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let plan =
        (any::<u64>(), prop::collection::vec(planned(), 1..60), prop::collection::vec(reads(), readers));
    let run = TestRunner::new(config).run(&plan, |(seed, plan, readers)| {
        let field = Field::of(on, seed, &plan);
        readers.iter().try_for_each(|reads| field.check(&field.reader(reads)))
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn on_sqlite_what_is_listed_is_what_is_decided() {
    let fields = if std::env::var_os("WARD_SOAK").is_some() { 400 } else { 8 };
    what_is_listed_is_what_is_decided(On::Sqlite, fields, 10);
}

#[test]
fn on_postgresql_what_is_listed_is_what_is_decided() {
    if Postgres::shared().is_some() {
        let fields = if std::env::var_os("WARD_SOAK").is_some() { 40 } else { 1 };
        what_is_listed_is_what_is_decided(On::Postgres, fields, 10);
    }
}
