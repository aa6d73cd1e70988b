//! The policies of the pack of Taichung: who may do which identity act.

use crate::city::{
    City, acting, appoint, create, credential, details, end, grant, person, register, revoke, role, unit,
};
use casework::Directory as _;
use identity::{Action, Beside, Command, On, Policies, PolicySection, RecordFacts, Refusal, Verdict};
use model::RecordId;
use regulation::{Folder, Pack, Sections, load_with};
use std::path::Path;
use std::sync::Arc;

fn taichung() -> Pack {
    let folder = Folder::new(Path::new("../../regulations/taichung-2001"));
    load_with(&folder, &Sections::none().with(PolicySection)).unwrap_or_else(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        unreachable!("{}", told.join("\n"))
    })
}

/// Unit 2 with its head (1), its network administrator (2) and staff (3, 4); a steward (5) and an auditor (6).
fn city() -> (City, Arc<Policies>) {
    let pack = taichung();
    let policies = Policies::compile(&pack).unwrap();
    let mut city = City::new(pack);
    for (number, superior) in [(1, None), (2, Some(1)), (3, Some(1))] {
        city.console(&create(number, superior));
    }
    for number in 1..=7 {
        city.console(&register(number, if number == 7 { 3 } else { 2 }));
    }
    for (number, name, place) in [
        (1, "unit_head", Some(2)),
        (2, "network_admin", Some(2)),
        (3, "staff", Some(2)),
        (4, "staff", Some(2)),
        (5, "steward", None),
        (6, "auditor", None),
    ] {
        city.console(&grant(number, name, place));
    }
    (city, policies)
}

#[test]
fn the_first_steward_is_made_at_the_console_and_makes_the_rest() {
    let (mut city, policies) = city();
    let steward = acting(5, "steward", 1);
    let mut give = |command: &Command| city.under(&policies, &steward, command);
    give(&create(9, Some(2))).unwrap();
    give(&register(9, 9)).unwrap();
    give(&grant(9, "it_head", Some(9))).unwrap();
    give(&appoint(9, 1, 1, 5)).unwrap();
    give(&revoke(9, 1, 1)).unwrap();
    give(&Command::GrantClearance { person: person(9), grade: "restricted".parse().unwrap() }).unwrap();
    give(&Command::RecordLeaving { person: person(9) }).unwrap();
    give(&Command::CloseUnit { unit: unit(9) }).unwrap();
    assert_eq!(give(&grant(5, "staff", Some(2))), Err(Refusal::OwnBenefit));
}

#[test]
fn a_head_names_deputies_and_grants_the_roles_of_the_own_unit_only() {
    let (mut city, policies) = city();
    let head = acting(1, "unit_head", 2);
    let mut give = |command: &Command| city.under(&policies, &head, command);
    give(&appoint(3, 4, 1, 5)).unwrap();
    give(&revoke(3, 4, 1)).unwrap();
    assert_eq!(give(&appoint(7, 4, 1, 5)), Err(Refusal::NotPermitted));
    give(&grant(3, "operator", Some(2))).unwrap();
    give(&grant(7, "operator", Some(2))).unwrap();
    give(&end(3, "operator", Some(2))).unwrap();
    for (name, place) in [
        ("operator", Some(3)),
        ("it_head", Some(2)),
        ("security_officer", Some(2)),
        ("unit_head", Some(2)),
        ("steward", None),
        ("auditor", None),
    ] {
        assert_eq!(give(&grant(4, name, place)), Err(Refusal::NotPermitted), "{name}");
    }
    assert_eq!(give(&create(9, Some(2))), Err(Refusal::NotPermitted));
}

#[test]
fn a_network_administrator_keeps_accounts_and_adds_nobody_elses_passkey() {
    let (mut city, policies) = city();
    let admin = acting(2, "network_admin", 2);
    city.console(&Command::AddCredential { credential: Box::new(credential(3, 3)) });
    let mut give = |command: &Command| city.under(&policies, &admin, command);
    give(&register(9, 2)).unwrap();
    let changed = identity::Details { title: "股長".parse().unwrap(), ..details(9) };
    give(&Command::ChangePerson { person: person(9), details: changed, home: unit(2) }).unwrap();
    give(&Command::RevokeCredential { credential: vec![3; 4] }).unwrap();
    let add = |number| Command::AddCredential { credential: Box::new(credential(number, 9)) };
    let forbidden = Refusal::Forbidden("passkeys_are_added_by_their_owner_only".into());
    assert_eq!(give(&add(4)), Err(forbidden.clone()));
    give(&add(2)).unwrap();
    give(&Command::RecordLeaving { person: person(9) }).unwrap();
    assert_eq!(give(&grant(4, "staff", Some(3))), Err(Refusal::NotPermitted));
    let steward = acting(5, "steward", 1);
    assert_eq!(city.under(&policies, &steward, &add(4)), Err(forbidden));
}

#[test]
fn staff_do_nothing_but_what_concerns_themselves() {
    let (mut city, policies) = city();
    let staff = acting(3, "staff", 2);
    let mut give = |command: &Command| city.under(&policies, &staff, command);
    give(&Command::AddCredential { credential: Box::new(credential(3, 3)) }).unwrap();
    give(&Command::RevokeCredential { credential: vec![3; 4] }).unwrap();
    give(&appoint(3, 4, 1, 5)).unwrap();
    for command in [
        appoint(4, 7, 1, 5),
        grant(4, "operator", Some(2)),
        register(9, 2),
        create(9, Some(2)),
        Command::RecordLeaving { person: person(4) },
        Command::GrantClearance { person: person(4), grade: "restricted".parse().unwrap() },
    ] {
        assert_eq!(give(&command), Err(Refusal::NotPermitted));
    }
}

#[test]
fn an_auditor_takes_no_step_of_any_register_and_changes_nobody() {
    let (mut city, policies) = city();
    let auditor = acting(6, "auditor", 1);
    let mut steps = 0;
    for (id, register) in &city.pack.registers {
        for step in &register.flow.steps {
            let record = RecordFacts {
                record: RecordId::from_bytes([1; 16]),
                register: id.clone(),
                unit: unit(2),
                state: None,
                grade: "public".parse().unwrap(),
                opened_by: None,
            };
            let action = Action::Step(id.clone(), step.id.clone());
            let ask = |actor| {
                city.roster().ask(actor, action.clone(), On::Record(record.clone()), Beside::default())
            };
            let verdict = policies.judge(&ask(&auditor).unwrap());
            assert_eq!(verdict, Verdict::Forbidden("auditor_takes_no_step".into()));
            // Whoever is none is left to the flow.
            assert_eq!(policies.judge(&ask(&acting(3, "staff", 2)).unwrap()), Verdict::Silent);
            steps += 1;
        }
    }
    assert!(steps > 50, "{steps}");
    let forbidden = Refusal::Forbidden("auditor_changes_no_people_or_units".into());
    for command in [grant(4, "operator", Some(2)), create(9, Some(2)), register(9, 2)] {
        assert_eq!(city.under(&policies, &auditor, &command), Err(forbidden.clone()));
    }
    let own = Command::AddCredential { credential: Box::new(credential(6, 6)) };
    city.under(&policies, &auditor, &own).unwrap();
}

#[test]
fn nobody_acts_on_a_record_above_their_clearance_save_by_filing_it() {
    let (mut city, policies) = city();
    let record = |state: Option<&str>| RecordFacts {
        record: RecordId::from_bytes([1; 16]),
        register: "fault".parse().unwrap(),
        unit: unit(2),
        state: state.map(|state| state.parse().unwrap()),
        grade: "restricted".parse().unwrap(),
        opened_by: None,
    };
    let state = city.pack.register("fault").unwrap().flow.states[0].id.to_string();
    let say = |city: &City, state: Option<&str>| {
        let action = Action::Read("fault".parse().unwrap());
        let actor = acting(3, "staff", 2);
        policies
            .judge(&city.roster().ask(&actor, action, On::Record(record(state)), Beside::default()).unwrap())
    };
    assert_eq!(say(&city, Some(&state)), Verdict::Forbidden("cleared_for_the_grade".into()));
    assert_eq!(say(&city, None), Verdict::Silent);
    city.console(&Command::GrantClearance { person: person(3), grade: "restricted".parse().unwrap() });
    assert_eq!(say(&city, Some(&state)), Verdict::Silent);
}

#[test]
fn nobody_acts_who_has_left_nor_for_one_who_has() {
    let (mut city, policies) = city();
    let judge = |city: &City, actor: &model::Person| {
        let action = Action::Identity(identity::Act::CreateUnit);
        policies.judge(&city.roster().ask(actor, action, On::Unit(unit(2)), Beside::default()).unwrap())
    };
    city.console(&Command::RecordLeaving { person: person(5) });
    assert_eq!(judge(&city, &acting(5, "steward", 1)), Verdict::Forbidden("nobody_acts_who_has_left".into()));
    let mut deputy = acting(4, "steward", 1);
    deputy.acting_for = Some(person(5));
    assert_eq!(judge(&city, &deputy), Verdict::Forbidden("nobody_acts_for_one_who_has_left".into()));
    assert!(!city.roster().holds(person(5), &role("steward"), unit(1)));
}
