//! What casework and readers ask of people and units.

use crate::city::{City, create, day, end, grant, person, register, role, unit, worked};
use casework::Directory as _;
use identity::{Command, Names};
use std::time::Duration;

#[test]
fn a_role_is_held_in_its_unit_and_a_city_role_in_every_unit() {
    let mut city = City::tiny();
    city.console(&grant(1, "clerk", Some(2)));
    city.console(&grant(2, "auditor", None));
    let roster = city.roster();
    let holds = |number, name, place| roster.holds(person(number), &role(name), unit(place));
    assert!(holds(1, "clerk", 2) && !holds(1, "clerk", 1) && !holds(1, "clerk", 4));
    assert!((1..=4).all(|place| holds(2, "auditor", place)));
    assert!(!holds(9, "clerk", 2));
    let held: Vec<_> = roster.held(person(2)).collect();
    assert_eq!(held, [(&role("auditor"), None)]);
}

#[test]
fn a_role_is_held_from_its_first_moment_until_its_last() {
    let mut city = City::tiny();
    let (from, until) = (Some(day(2)), Some(day(4)));
    let (role, unit) = (role("clerk"), unit(2));
    city.console(&Command::GrantRole {
        person: person(1),
        role: role.clone(),
        unit: Some(unit),
        from,
        until,
    });
    let mut held = Vec::new();
    for number in 0..6 {
        city.now = day(number);
        let roster = city.roster();
        held.push(roster.holds(person(1), &role, unit));
        assert_eq!(roster.holders(&role, None, false).len(), usize::from(held[held.len() - 1]));
    }
    assert_eq!(held, [false, false, true, true, false, false]);
    city.console(&grant(1, "clerk", Some(2)));
    assert_eq!(city.state.person(person(1)).unwrap().holdings.len(), 1);
}

#[test]
fn holders_are_found_in_a_unit_above_it_and_anywhere() {
    let mut city = City::tiny();
    for (number, place) in [(1, 1), (2, 2), (3, 3), (4, 4)] {
        city.console(&grant(number, "head", Some(place)));
    }
    city.console(&grant(5, "auditor", None));
    let roster = city.roster();
    let holders = |name, place: Option<u16>, above| roster.holders(&role(name), place.map(unit), above);
    assert_eq!(holders("head", Some(4), false), [person(4)]);
    assert_eq!(holders("head", Some(4), true), [1, 2, 4].map(person));
    assert_eq!(holders("head", None, false), [1, 2, 3, 4].map(person));
    assert_eq!(holders("auditor", Some(4), false), [person(5)]);
    assert!(holders("clerk", None, true).is_empty());
}

#[test]
fn units_know_their_place_their_code_and_the_closed_ones_stay_in_the_tree() {
    let mut city = City::tiny();
    city.console(&Command::CloseUnit { unit: unit(4) });
    let roster = city.roster();
    assert_eq!(roster.units(), [1, 2, 3].map(unit));
    assert_eq!(city.state.subtree(unit(2)).collect::<Vec<_>>(), [2, 4].map(unit));
    assert_eq!((roster.superior(unit(4)), roster.superior(unit(1))), (Some(unit(2)), None));
    assert!(roster.within(unit(4), unit(1)) && !roster.within(unit(3), unit(2)));
    assert_eq!(roster.unit_code(unit(4)).as_deref(), Some("單4"));
    assert_eq!(city.state.above(unit(4)).collect::<Vec<_>>(), [2, 1].map(unit));
    assert_eq!(city.state.unit_of_code("單3"), Some(unit(3)));
}

#[test]
fn everybody_is_cleared_for_what_the_pack_says_and_some_for_more() {
    let mut city = City::tiny();
    city.console(&Command::GrantClearance { person: person(1), grade: "secret".parse().unwrap() });
    let roster = city.roster();
    assert_eq!(roster.clearance(person(1)).unwrap().as_str(), "secret");
    assert_eq!(roster.clearance(person(2)).unwrap().as_str(), "internal");
    assert_eq!(roster.clearance(person(9)), None);
}

/// 1,000 units, 10,000 people, each with a role or two. The limits are wide, since tests are not optimised.
#[test]
fn ten_thousand_people_answer_at_once() {
    let mut city = City::tiny();
    for number in 10..1_006 {
        city.console(&create(number, Some(if number < 100 { 1 } else { number / 10 })));
    }
    for number in 10..10_000 {
        let home = 10 + number % 996;
        city.console(&register(number, home));
        city.console(&grant(number, "clerk", Some(home)));
        if number < 1_000 {
            city.console(&grant(number, "head", Some(home)));
        }
    }
    let roster = city.roster();
    assert_eq!(roster.units().len(), 1_000);
    let clerk = role("clerk");
    let started = worked();
    let mut found = 0;
    for number in 10..10_000 {
        let home = unit(10 + number % 996);
        found += usize::from(roster.holds(person(number), &clerk, home));
        found += roster.holders(&clerk, Some(home), false).len();
        found += usize::from(roster.within(home, unit(1)));
        found += roster.appointments(person(number)).len();
        found += usize::from(roster.superior(home).is_some());
    }
    let each = (worked() - started) / (5 * 9_990);
    assert!(found > 3 * 9_990, "{found}");
    assert!(each < Duration::from_micros(50), "{each:?} each");
    assert_eq!(roster.holders(&clerk, None, false).len(), 9_990);
    assert_eq!(city.state.subtree(unit(1)).count(), 1_000);
    city.console(&end(10, "clerk", Some(20)));
    let names = Names::new("新", "New").unwrap();
    let (unit, superior) = (unit(10), Some(unit(3)));
    city.console(&Command::ChangeUnit { unit, names, code: "新".parse().unwrap(), superior });
}
