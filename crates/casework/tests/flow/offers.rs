//! What is offered is what may be taken: no button leads to a refusal of right, and none is missing.

use crate::city::{City, Who, person, who};
use casework::{Addressee, Command, Permitted, Policy, Refusal, awaited, offered};
use model::{Person, RecordId};
use regulation::Outcome;

const ROLES: [(u8, &str); 10] = [
    (1, "operator"),
    (2, "operator"),
    (3, "head"),
    (4, "head"),
    (5, "head"),
    (6, "network"),
    (7, "safety"),
    (8, "director"),
    (9, "head"),
    (9, "operator"),
];

/// Refused for want of a right, or because the step is not there.
const fn of_right(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::AlreadySigned
            | Refusal::DeputyOfOwnCase
            | Refusal::NobodySeated(_)
            | Refusal::NotDeputy
            | Refusal::NotOffered(_)
            | Refusal::OwnCase
            | Refusal::WrongPerson(_)
            | Refusal::WrongStep { .. }
    )
}

fn permitted(who: Who) -> Permitted {
    let actor = Person {
        acting_for: who.acting_for.map(person),
        person: person(who.person),
        role: who.role.into(),
        session: None,
        terminal: None,
        unit: crate::city::UNIT,
    };
    Permitted::by_policy(actor, Policy::Silent)
}

/// Everyone tries everything, on copies of the city; what is offered must be just what is not refused for want of a right.
fn compare(city: &City, record: RecordId) {
    let case = city.case(record);
    let register = city.office.registers["permit"].clone();
    for (number, role) in ROLES {
        let who = who(number, role);
        let offers = city.looking(|around| offered(around, &permitted(who), record).unwrap());
        for step in register.flow.steps.iter().filter(|step| !step.opens()) {
            for (outcome, _) in &step.outcomes {
                let mut copy = city.copy();
                let command = Command::Take {
                    record,
                    seen: case.revision,
                    step: step.id.clone(),
                    outcome: *outcome,
                    reason: Some("理由".into()),
                    fill: [].into(),
                    occurred_at: None,
                    late_reason: None,
                    signed: None,
                };
                let barred = matches!(copy.give(who, command), Err(refusal) if of_right(&refusal));
                let is_offered =
                    offers.iter().any(|offer| offer.step == step.id && offer.outcomes.contains(outcome));
                let what = format!("{number} as {role}: {} {} in {}", step.id, outcome.word(), case.state);
                assert_eq!(is_offered, !barred, "{what}");
            }
        }
    }
}

#[test]
fn what_is_offered_is_what_may_be_taken() {
    let mut city = City::new();
    let record = city.file(who(1, "operator"), "施工", true).unwrap();
    compare(&city, record);
    city.appoint(4, 1, "2026-03-01T00:00", "2026-04-01T00:00");
    compare(&city, record);
    city.take(who(3, "head"), record, "approve", Outcome::Approve, &[]).unwrap();
    compare(&city, record);
    city.take(who(5, "head"), record, "approve", Outcome::Approve, &[]).unwrap();
    compare(&city, record);
    city.take(who(6, "network"), record, "check", Outcome::Done, &[]).unwrap();
    compare(&city, record);
}

#[test]
fn a_case_waits_for_those_who_can_bring_it_on() {
    let mut city = City::new();
    let record = city.file(who(1, "operator"), "施工", true).unwrap();
    let roles = |city: &City| -> Vec<String> {
        let waits = city.looking(|around| awaited(around, record).unwrap());
        let role = |one: &Addressee| match one {
            Addressee::Role { role, .. } => Some(role.to_string()),
            Addressee::Person(_) => None,
        };
        waits.iter().filter_map(role).collect()
    };
    assert!(roles(&city).contains(&"head".to_owned()));
    city.take(who(3, "head"), record, "approve", Outcome::Approve, &[]).unwrap();
    city.take(who(4, "head"), record, "approve", Outcome::Approve, &[]).unwrap();
    assert_eq!(roles(&city), ["network", "safety", "operator"], "the operator may amend what was approved");
}
