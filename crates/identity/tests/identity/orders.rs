//! Any order of commands, at any times, by anybody: what must never be never is.

use crate::city::{City, credential, day, details, person, role, unit};
use casework::Directory as _;
use identity::{By, Command, Names, Permitted, State, Verdict};
use model::Person;
use proptest::prelude::*;
use regulation::HeldIn;
use std::collections::BTreeSet;

const PEOPLE: std::ops::Range<u16> = 1..7;
const UNITS: std::ops::Range<u16> = 1..6;

#[derive(Debug, Clone)]
struct Step {
    /// Days that pass before.
    pause: u64,
    by: By,
    command: Command,
}

fn somebody() -> impl Strategy<Value = By> {
    let names = prop::sample::select(vec!["clerk", "head", "auditor"]);
    let person_ = (PEOPLE, prop::option::weighted(0.3, PEOPLE), names, UNITS, 0..3).prop_map(
        |(number, principal, name, place, said)| {
            let actor = Person {
                acting_for: principal.map(person),
                person: person(number),
                role: name.to_owned(),
                session: None,
                terminal: None,
                unit: unit(place),
            };
            let verdict = match said {
                0 => Verdict::Forbidden("never".into()),
                1 => Verdict::Silent,
                _ => Verdict::Granted("always".into()),
            };
            By::Person(Permitted::by_policy(actor, verdict))
        },
    );
    prop_oneof![3 => Just(By::Console), 2 => person_]
}

fn command() -> impl Strategy<Value = Command> {
    let names = || Names::new("單位", "Unit").unwrap();
    let roles = || prop::sample::select(vec!["clerk", "head", "auditor"]);
    let place = || prop::option::weighted(0.8, UNITS);
    let time = || prop::option::of(0..60_u64);
    prop_oneof![
        2 => (UNITS, UNITS, place()).prop_map(move |(number, code, superior)| Command::CreateUnit {
            unit: unit(number),
            names: names(),
            code: format!("{code}").parse().unwrap(),
            superior: superior.map(unit),
        }),
        3 => (UNITS, UNITS, place()).prop_map(move |(number, code, superior)| Command::ChangeUnit {
            unit: unit(number),
            names: names(),
            // Mostly the code it has.
            code: if code > 1 { format!("單{number}") } else { format!("{number}") }.parse().unwrap(),
            superior: superior.map(unit),
        }),
        1 => UNITS.prop_map(|number| Command::CloseUnit { unit: unit(number) }),
        1 => (PEOPLE, PEOPLE, UNITS).prop_map(|(number, login, home)| Command::RegisterPerson {
            person: person(number),
            details: details(login),
            home: unit(home),
        }),
        1 => (PEOPLE, PEOPLE, UNITS).prop_map(|(number, login, home)| Command::ChangePerson {
            person: person(number),
            details: details(login),
            home: unit(home),
        }),
        1 => PEOPLE.prop_map(|number| Command::RecordLeaving { person: person(number) }),
        6 => (PEOPLE, roles(), place(), time(), time()).prop_map(|(number, name, place, from, until)| {
            Command::GrantRole {
                person: person(number),
                role: role(name),
                unit: if name == "auditor" { None } else { place.map(unit) },
                from: from.map(day),
                until: until.map(day),
            }
        }),
        4 => (PEOPLE, roles(), place()).prop_map(|(number, name, place)| Command::EndRole {
            person: person(number),
            role: role(name),
            unit: if name == "auditor" { None } else { place.map(unit) },
            from: None,
        }),
        5 => (PEOPLE, PEOPLE, time(), 20..90_u64).prop_map(|(principal, deputy, from, until)| {
            Command::AppointDeputy {
                principal: person(principal),
                deputy: person(deputy),
                from: from.map(day),
                until: day(until),
            }
        }),
        2 => (PEOPLE, PEOPLE, 0..60_u64).prop_map(|(principal, deputy, from)| Command::AcknowledgeDeputy {
            principal: person(principal),
            deputy: person(deputy),
            from: day(from),
        }),
        2 => (PEOPLE, PEOPLE, 0..60_u64).prop_map(|(principal, deputy, from)| Command::RevokeDeputy {
            principal: person(principal),
            deputy: person(deputy),
            from: day(from),
        }),
        2 => (PEOPLE, 0..12_u8).prop_map(|(number, key)| Command::AddCredential {
            credential: Box::new(credential(number, key)),
        }),
        2 => (0..12_u8).prop_map(|key| Command::RevokeCredential { credential: vec![key; 4] }),
        2 => PEOPLE.prop_map(|number| Command::GrantClearance {
            person: person(number),
            grade: "secret".parse().unwrap(),
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    (0..3_u64, somebody(), command()).prop_map(|(pause, by, command)| Step { pause, by, command })
}

/// What must hold after every command, checked without the indexes.
fn check(city: &City) {
    let state = &city.state;
    assert_eq!(State::from(state.parts()), *state, "the indexes are those reckoned anew");
    // Not by the tree, from which a cycle would be missing.
    let units = state.parts().units;
    assert_eq!(state.units().count(), units.len(), "a cycle");
    let open = || units.iter().filter(|unit| unit.closed_at.is_none());
    assert!(open().filter(|unit| unit.superior.is_none()).count() <= 1);
    for unit in open() {
        let up: Vec<_> = state.above(unit.id).collect();
        assert!(up.iter().all(|above| state.unit(*above).unwrap().closed_at.is_none()), "open below closed");
    }
    let codes: Vec<_> = units.iter().flat_map(|unit| unit.former_codes.iter().chain([&unit.code])).collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "a code twice");
    let logins: Vec<_> = state
        .people()
        .flat_map(|one| one.former_logins.iter().chain(one.details.iter().map(|details| &details.login)))
        .collect();
    assert_eq!(logins.iter().collect::<BTreeSet<_>>().len(), logins.len(), "an account name twice");
    for moment in (0..64).map(day).filter(|moment| *moment >= city.now) {
        roles_hold(city, moment);
    }
    for person in state.people() {
        for (at, one) in person.deputies.iter().enumerate() {
            let twice = |other: &identity::Standing| {
                other.deputy == one.deputy && other.from < one.until && one.from < other.until
            };
            assert!(!person.deputies[at + 1..].iter().any(twice), "a deputy twice for a time");
        }
    }
    for person in state.people().filter(|person| !person.here()) {
        let (roster, id) = (city.roster(), person.id);
        assert!(person.holdings.iter().all(|one| one.over(city.now)), "a leaver holds");
        assert!(roster.appointments(id).iter().all(|one| one.until <= city.now), "a leaver stands in");
        assert!(person.keys.iter().all(|key| key.revoked_at.is_some()), "a leaver signs");
        assert_eq!((&person.cleared, roster.clearance(id)), (&None, None));
    }
}

fn roles_hold(city: &City, moment: model::Instant) {
    let roles = &city.pack.roles;
    let mut seats: std::collections::BTreeMap<_, BTreeSet<_>> = std::collections::BTreeMap::new();
    for person in city.state.people() {
        let held: Vec<_> = person.holdings.iter().filter(|one| one.covers(moment)).collect();
        for one in &held {
            let role = &roles[&one.role];
            assert_eq!(role.held_in == HeldIn::City, one.unit.is_none());
            for other in &held {
                assert!(!role.incompatible.contains(&other.role), "roles that exclude each other");
            }
            assert!(seats.entry((&one.role, one.unit)).or_default().insert(person.id), "held twice");
            if let Some(unit) = one.unit {
                assert!(city.state.unit(unit).unwrap().closed_at.is_none(), "held in a closed unit");
            }
        }
    }
    for ((role, _), people) in seats {
        assert!(roles[role].most.is_none_or(|most| people.len() <= most as usize), "too many holders");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_commands_breaks_what_must_hold(steps in prop::collection::vec(step(), 1..80)) {
        let mut city = if steps.len() % 2 == 0 { City::tiny() } else { City::new(crate::city::tiny()) };
        let mut today = 0;
        for Step { pause, by, command } in steps {
            today += pause;
            city.now = day(today.min(59));
            let before = city.events.len();
            let done = city.give(&by, &command);
            if let By::Person(permitted) = &by {
                let free = command.own_act(permitted.actor());
                let permits = match permitted.verdict() {
                    Verdict::Granted(_) => true,
                    Verdict::Silent => free,
                    Verdict::Forbidden(_) => false,
                };
                prop_assert!(permits || done.is_err(), "done though not permitted");
            }
            prop_assert!(done.is_ok() || city.events.len() == before);
            check(&city);
        }
        let mut rebuilt = State::default();
        for event in &city.events {
            rebuilt.apply(event).unwrap();
        }
        prop_assert_eq!(rebuilt, city.state);
    }
}
