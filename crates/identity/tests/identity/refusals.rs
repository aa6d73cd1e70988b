//! Every refusal, each by the command that meets it.

use crate::city::{
    City, acknowledge, acting, appoint, create, credential, day, details, end, grant, granted, person,
    register, revoke, role, silent, unit,
};
use identity::{By, Command, Names, Permitted, Refusal, Verdict};

fn refused(city: &mut City, by: &By, command: &Command, expected: &Refusal) {
    let before = city.state.clone();
    let refusal = city.give(by, command).unwrap_err();
    assert_eq!(refusal, *expected);
    assert_eq!(city.state, before);
    let told = refusal.told();
    assert!(told.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{told}");
    assert!(!told.zh.starts_with("無法辦理") && told.en.is_ascii(), "{told}");
}

fn at_the_console(city: &mut City, command: &Command, expected: &Refusal) {
    refused(city, &By::Console, command, expected);
}

fn change_unit(number: u16, code: &str, superior: Option<u16>) -> Command {
    Command::ChangeUnit {
        unit: unit(number),
        names: Names::new("單位", "Unit").unwrap(),
        code: code.parse().unwrap(),
        superior: superior.map(unit),
    }
}

#[test]
fn a_unit_has_a_code_of_its_own_for_good() {
    let mut city = City::tiny();
    city.console(&change_unit(3, "新", Some(1)));
    let taken = Refusal::CodeTaken(unit(3));
    let again = |code: &str| Command::CreateUnit {
        unit: unit(9),
        names: Names::new("甲", "A").unwrap(),
        code: code.parse().unwrap(),
        superior: Some(unit(1)),
    };
    at_the_console(&mut city, &again("新"), &taken);
    at_the_console(&mut city, &again("單3"), &taken);
    at_the_console(&mut city, &change_unit(2, "單3", Some(1)), &taken);
    city.console(&change_unit(3, "單3", Some(1)));
    at_the_console(&mut city, &change_unit(3, "單3", Some(1)), &Refusal::NothingChanges);
}

#[test]
fn units_are_one_tree_without_cycles() {
    let mut city = City::tiny();
    at_the_console(&mut city, &create(9, None), &Refusal::SecondRoot);
    at_the_console(&mut city, &create(9, Some(8)), &Refusal::NoUnit(unit(8)));
    at_the_console(&mut city, &create(2, Some(1)), &Refusal::IdTaken);
    at_the_console(&mut city, &change_unit(2, "單2", Some(4)), &Refusal::Cycle);
    at_the_console(&mut city, &change_unit(2, "單2", Some(2)), &Refusal::Cycle);
    at_the_console(&mut city, &change_unit(1, "單1", Some(3)), &Refusal::Cycle);
    at_the_console(&mut city, &change_unit(2, "單2", None), &Refusal::SecondRoot);
    city.console(&change_unit(4, "單4", Some(3)));
    assert_eq!(city.state.subtree(unit(3)).collect::<Vec<_>>(), [unit(3), unit(4)]);
}

#[test]
fn a_person_makes_no_topmost_unit() {
    let mut city = City::tiny();
    city.console(&grant(1, "clerk", Some(2)));
    refused(&mut city, &granted(1, "clerk", 2), &create(9, None), &Refusal::SecondRoot);
}

#[test]
fn a_unit_is_closed_when_nobody_and_nothing_is_left_in_it() {
    let mut city = City::tiny();
    let close = |number| Command::CloseUnit { unit: unit(number) };
    at_the_console(&mut city, &close(2), &Refusal::HasUnits);
    city.console(&close(4));
    at_the_console(&mut city, &close(2), &Refusal::HasPeople);
    at_the_console(&mut city, &close(4), &Refusal::UnitClosed(unit(4)));
    at_the_console(&mut city, &create(9, Some(4)), &Refusal::UnitClosed(unit(4)));
    at_the_console(&mut city, &grant(1, "clerk", Some(4)), &Refusal::UnitClosed(unit(4)));
    at_the_console(&mut city, &register(9, 4), &Refusal::UnitClosed(unit(4)));
    city.console(&grant(1, "clerk", Some(3)));
    at_the_console(&mut city, &close(3), &Refusal::HasPeople);
    city.console(&end(1, "clerk", Some(3)));
    city.console(&close(3));
}

#[test]
fn an_account_name_is_never_given_to_a_second_person() {
    let mut city = City::tiny();
    let change = |number, login: &str| {
        let details = identity::Details { login: login.parse().unwrap(), ..details(number) };
        Command::ChangePerson { person: person(number), details, home: unit(2) }
    };
    let taken = Refusal::LoginTaken(person(1));
    at_the_console(&mut city, &change(2, "wang.1"), &taken);
    city.console(&change(1, "da.ming"));
    at_the_console(&mut city, &change(2, "wang.1"), &taken);
    at_the_console(&mut city, &change(2, "da.ming"), &taken);
    city.console(&Command::RecordLeaving { person: person(1) });
    at_the_console(&mut city, &change(2, "da.ming"), &taken);
    at_the_console(&mut city, &change(2, "wang.2"), &Refusal::NothingChanges);
    at_the_console(&mut city, &register(2, 2), &Refusal::IdTaken);
}

#[test]
fn who_is_not_there_or_has_left_is_granted_nothing() {
    let mut city = City::tiny();
    at_the_console(&mut city, &grant(9, "clerk", Some(2)), &Refusal::NoPerson(person(9)));
    city.console(&Command::RecordLeaving { person: person(1) });
    let left = Refusal::Left(person(1));
    let add = Command::AddCredential { credential: Box::new(credential(1, 1)) };
    let clear = Command::GrantClearance { person: person(1), grade: "secret".parse().unwrap() };
    let change = Command::ChangePerson { person: person(1), details: details(8), home: unit(2) };
    let leave = Command::RecordLeaving { person: person(1) };
    let commands =
        [grant(1, "clerk", Some(2)), appoint(1, 2, 1, 2), appoint(2, 1, 1, 2), add, clear, change, leave];
    for command in commands {
        at_the_console(&mut city, &command, &left);
    }
    refused(&mut city, &granted(1, "clerk", 2), &grant(2, "clerk", Some(2)), &left);
    refused(&mut city, &silent(1, "clerk", 2), &appoint(1, 2, 1, 2), &left);
}

#[test]
fn a_role_is_held_where_the_pack_says() {
    let mut city = City::tiny();
    let place = |name, in_unit| Refusal::Place { role: role(name), in_unit };
    at_the_console(&mut city, &grant(1, "clerk", None), &place("clerk", true));
    at_the_console(&mut city, &grant(1, "auditor", Some(2)), &place("auditor", false));
    at_the_console(&mut city, &grant(1, "baker", Some(2)), &Refusal::NoRole("baker".into()));
    at_the_console(&mut city, &grant(1, "clerk", Some(9)), &Refusal::NoUnit(unit(9)));
    at_the_console(&mut city, &end(1, "clerk", Some(2)), &Refusal::NoHolding(role("clerk")));
    city.console(&grant(1, "clerk", Some(2)));
    at_the_console(&mut city, &grant(1, "clerk", Some(2)), &Refusal::AlreadyHeld(role("clerk")));
    at_the_console(&mut city, &end(1, "clerk", Some(3)), &Refusal::NoHolding(role("clerk")));
    city.console(&grant(1, "clerk", Some(3)));
}

#[test]
fn roles_that_exclude_each_other_are_not_held_by_one_person_in_any_unit() {
    let mut city = City::tiny();
    city.console(&grant(1, "auditor", None));
    let refusal = |name, other| Refusal::Incompatible { role: role(name), other: role(other) };
    at_the_console(&mut city, &grant(1, "clerk", Some(3)), &refusal("clerk", "auditor"));
    city.console(&grant(2, "clerk", Some(3)));
    at_the_console(&mut city, &grant(2, "auditor", None), &refusal("auditor", "clerk"));
    city.console(&end(2, "clerk", Some(3)));
    city.console(&grant(2, "auditor", None));
}

#[test]
fn roles_that_exclude_each_other_may_follow_each_other() {
    let mut city = City::tiny();
    let at = |name: &str, place: Option<u16>, from: u64, until: Option<u64>| Command::GrantRole {
        person: person(1),
        role: role(name),
        unit: place.map(unit),
        from: Some(day(from)),
        until: until.map(day),
    };
    city.console(&at("auditor", None, 10, Some(20)));
    let refusal = Refusal::Incompatible { role: role("clerk"), other: role("auditor") };
    at_the_console(&mut city, &at("clerk", Some(2), 0, Some(11)), &refusal);
    at_the_console(&mut city, &at("clerk", Some(2), 0, None), &refusal);
    city.console(&at("clerk", Some(2), 0, Some(10)));
    city.console(&at("clerk", Some(2), 20, None));
}

#[test]
fn a_role_has_no_more_holders_at_any_moment_than_it_may() {
    let mut city = City::tiny();
    let at = |number: u16, from: u64, until: Option<u64>| Command::GrantRole {
        person: person(number),
        role: role("head"),
        unit: Some(unit(2)),
        from: Some(day(from)),
        until: until.map(day),
    };
    let many = Refusal::TooMany { role: role("head"), most: 1 };
    city.console(&at(1, 10, Some(20)));
    for (from, until) in [(0, None), (15, Some(16)), (0, Some(11)), (19, None)] {
        at_the_console(&mut city, &at(2, from, until), &many);
    }
    city.console(&at(2, 0, Some(10)));
    city.console(&at(3, 20, None));
    city.console(&grant(4, "head", Some(3)));
}

#[test]
fn nothing_begins_in_the_past_or_ends_before_it_begins() {
    let mut city = City::tiny();
    city.now = day(5);
    let at = |from: u64, until: u64| Command::GrantRole {
        person: person(1),
        role: role("clerk"),
        unit: Some(unit(2)),
        from: Some(day(from)),
        until: Some(day(until)),
    };
    at_the_console(&mut city, &at(4, 9), &Refusal::Past);
    at_the_console(&mut city, &at(6, 6), &Refusal::EndsBeforeItBegins);
    at_the_console(&mut city, &appoint(1, 2, 4, 9), &Refusal::Past);
    at_the_console(&mut city, &appoint(1, 2, 7, 6), &Refusal::EndsBeforeItBegins);
}

#[test]
fn a_deputy_is_another_person_and_appointed_once_for_a_time() {
    let mut city = City::tiny();
    at_the_console(&mut city, &appoint(1, 1, 1, 2), &Refusal::DeputyForOneself);
    at_the_console(&mut city, &appoint(1, 9, 1, 2), &Refusal::NoPerson(person(9)));
    city.console(&appoint(1, 2, 1, 5));
    at_the_console(&mut city, &appoint(1, 2, 4, 9), &Refusal::DeputyTwice);
    city.console(&appoint(1, 2, 5, 9));
    city.console(&appoint(1, 3, 1, 9));
    at_the_console(&mut city, &revoke(1, 2, 2), &Refusal::NoAppointment);
    city.now = day(5);
    at_the_console(&mut city, &revoke(1, 2, 1), &Refusal::NoAppointment);
    refused(&mut city, &silent(2, "clerk", 2), &acknowledge(1, 2, 1), &Refusal::NoAppointment);
}

#[test]
fn an_appointment_is_acknowledged_once_by_each_of_the_two_and_by_nobody_else() {
    let mut city = City::tiny();
    city.console(&appoint(1, 2, 1, 5));
    at_the_console(&mut city, &acknowledge(1, 2, 1), &Refusal::NotParty);
    city.console(&grant(3, "clerk", Some(2)));
    refused(&mut city, &granted(3, "clerk", 2), &acknowledge(1, 2, 1), &Refusal::NotParty);
    for number in [1, 2] {
        city.give(&silent(number, "", 2), &acknowledge(1, 2, 1)).unwrap();
        refused(&mut city, &silent(number, "", 2), &acknowledge(1, 2, 1), &Refusal::Acknowledged);
    }
}

#[test]
fn a_clearance_is_for_more_than_everybody_has() {
    let mut city = City::tiny();
    let clear = |name: &str| Command::GrantClearance { person: person(1), grade: name.parse().unwrap() };
    let withdraw = Command::WithdrawClearance { person: person(1) };
    at_the_console(&mut city, &clear("internal"), &Refusal::ClearedAnyway("internal".parse().unwrap()));
    at_the_console(&mut city, &clear("cosmic"), &Refusal::NoGrade("cosmic".parse().unwrap()));
    at_the_console(&mut city, &withdraw, &Refusal::NothingChanges);
    city.console(&clear("secret"));
    at_the_console(&mut city, &clear("secret"), &Refusal::NothingChanges);
    city.console(&withdraw);
}

#[test]
fn an_authenticator_is_added_once_and_revoked_once() {
    let mut city = City::tiny();
    let add = |number, key| Command::AddCredential { credential: Box::new(credential(number, key)) };
    let revoke = |key: u8| Command::RevokeCredential { credential: vec![key; 4] };
    at_the_console(&mut city, &revoke(1), &Refusal::NoCredential);
    city.console(&add(1, 1));
    at_the_console(&mut city, &add(1, 1), &Refusal::CredentialTaken);
    at_the_console(&mut city, &add(2, 1), &Refusal::CredentialTaken);
    city.console(&revoke(1));
    at_the_console(&mut city, &revoke(1), &Refusal::NoCredential);
    at_the_console(&mut city, &add(1, 1), &Refusal::CredentialTaken);
}

#[test]
fn a_person_acts_in_a_role_they_hold_and_by_a_policy_that_permits_it() {
    let mut city = City::tiny();
    let command = grant(2, "clerk", Some(2));
    refused(&mut city, &granted(1, "head", 2), &command, &Refusal::NotHolder { role: role("head") });
    refused(&mut city, &granted(1, "baker", 2), &command, &Refusal::NoRole("baker".into()));
    city.console(&grant(1, "head", Some(2)));
    refused(&mut city, &granted(1, "head", 3), &command, &Refusal::NotHolder { role: role("head") });
    refused(&mut city, &silent(1, "head", 2), &command, &Refusal::NotPermitted);
    let forbidden = Permitted::by_policy(acting(1, "head", 2), Verdict::Forbidden("no_heads".into()));
    let (by, refusal) = (By::Person(forbidden), Refusal::Forbidden("no_heads".into()));
    refused(&mut city, &by, &command, &refusal);
    refused(&mut city, &by, &appoint(1, 2, 1, 2), &refusal);
    city.give(&granted(1, "head", 2), &command).unwrap();
}

#[test]
fn nobody_benefits_from_an_act_of_their_own() {
    let mut city = City::tiny();
    city.console(&grant(1, "head", Some(2)));
    let by = granted(1, "head", 2);
    let clear = Command::GrantClearance { person: person(1), grade: "secret".parse().unwrap() };
    refused(&mut city, &by, &grant(1, "clerk", Some(2)), &Refusal::OwnBenefit);
    refused(&mut city, &by, &clear, &Refusal::OwnBenefit);
    refused(&mut city, &by, &appoint(2, 1, 1, 2), &Refusal::OwnBenefit);
    // Nor does a deputy benefit, or the person the deputy acts for.
    city.give(&silent(1, "head", 2), &appoint(1, 3, 0, 9)).unwrap();
    city.give(&silent(3, "", 2), &acknowledge(1, 3, 0)).unwrap();
    let mut actor = acting(3, "head", 2);
    actor.acting_for = Some(person(1));
    let by = By::Person(Permitted::by_policy(actor, Verdict::Granted("test".into())));
    refused(&mut city, &by, &grant(1, "clerk", Some(2)), &Refusal::OwnBenefit);
    refused(&mut city, &by, &grant(3, "clerk", Some(2)), &Refusal::OwnBenefit);
    city.give(&by, &grant(4, "clerk", Some(2))).unwrap();
}

#[test]
fn a_deputy_acts_only_while_the_appointment_holds_and_both_know_of_it() {
    let mut city = City::tiny();
    city.console(&grant(1, "head", Some(2)));
    city.console(&grant(1, "clerk", Some(2)));
    city.console(&grant(2, "auditor", None));
    let deputy = |number, principal, name: &str| {
        let mut actor = acting(number, name, 2);
        actor.acting_for = Some(person(principal));
        By::Person(Permitted::by_policy(actor, Verdict::Granted("test".into())))
    };
    let command = grant(5, "clerk", Some(2));
    refused(&mut city, &deputy(3, 1, "head"), &command, &Refusal::NotDeputy);
    city.give(&silent(1, "head", 2), &appoint(1, 3, 1, 5)).unwrap();
    city.console(&appoint(2, 3, 1, 5));
    city.now = day(1);
    refused(&mut city, &deputy(3, 1, "head"), &command, &Refusal::NotDeputy);
    for (principal, number) in [(1, 3), (2, 3), (2, 2)] {
        city.give(&silent(number, "", 2), &acknowledge(principal, 3, 1)).unwrap();
    }
    // The pack lets nobody stand in for an auditor.
    refused(&mut city, &deputy(3, 2, "auditor"), &command, &Refusal::NotDeputy);
    city.give(&deputy(3, 1, "head"), &command).unwrap();
    city.now = day(5);
    refused(&mut city, &deputy(3, 1, "head"), &grant(6, "clerk", Some(2)), &Refusal::NotDeputy);
    refused(&mut city, &deputy(1, 1, "head"), &grant(6, "clerk", Some(2)), &Refusal::NotDeputy);
}
