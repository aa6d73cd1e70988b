//! What happens: the events of each command, and the state they add up to.

use crate::city::{
    City, acknowledge, appoint, credential, day, details, grant, person, revoke, silent, unit,
};
use casework::Directory as _;
use identity::{ApplyError, Body, Command, Event, Side, State, Subject};
use model::{Actor, Instant};

fn kinds(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

#[test]
fn what_the_console_does_is_said_to_be_its_own() {
    let city = City::tiny();
    assert!(city.events.iter().all(|event| event.actor == Actor::machine("console")));
    let first = &city.events[0];
    assert_eq!((first.subject, first.unit, first.at), (Subject::Unit(unit(1)), Some(unit(1)), day(0)));
}

#[test]
fn only_personal_data_is_private() {
    let city = City::tiny();
    for event in &city.events {
        assert_eq!(event.private, event.kind().starts_with("person."), "{}", event.kind());
    }
}

#[test]
fn whoever_leaves_takes_everything_along_in_one_decision() {
    let mut city = City::tiny();
    city.console(&grant(1, "clerk", Some(2)));
    city.console(&grant(1, "head", Some(3)));
    city.console(&appoint(1, 2, 1, 9));
    city.console(&appoint(3, 1, 1, 9));
    city.console(&Command::AddCredential { credential: Box::new(credential(1, 1)) });
    city.console(&Command::GrantClearance { person: person(1), grade: "secret".parse().unwrap() });
    city.now = day(2);
    let events = city.console(&Command::RecordLeaving { person: person(1) });
    assert_eq!(
        kinds(&events),
        [
            "role.ended/1",
            "role.ended/1",
            "deputy.revoked/1",
            "deputy.revoked/1",
            "credential.revoked",
            "clearance.withdrawn/1",
            "person.left/1",
        ]
    );
    assert_eq!(events[1].unit, Some(unit(3)));
    assert_eq!(events[3].subject, Subject::Person(person(3)));
    let roster = city.roster();
    let leaver = city.state.person(person(1)).unwrap();
    assert_eq!((leaver.left_at, leaver.holdings.len(), &leaver.cleared), (Some(day(2)), 0, &None));
    assert_eq!(leaver.keys[0].revoked_at, Some(day(2)));
    assert_eq!(roster.clearance(person(1)), None);
    assert!(roster.holders(&"clerk".parse().unwrap(), None, false).is_empty());
    // The past of an appointment stays, since casework asks about it.
    let until: Vec<Instant> = roster.appointments(person(1)).iter().map(|one| one.until).collect();
    assert_eq!(until, [day(2), day(2)]);
}

#[test]
fn an_appointment_is_told_when_both_have_acknowledged_it() {
    let mut city = City::tiny();
    let told = |city: &City| city.roster().appointments(person(2))[0].told;
    let events = city.give(&silent(1, "", 2), &appoint(1, 2, 1, 9)).unwrap();
    assert_eq!(kinds(&events), ["deputy.appointed/1", "deputy.acknowledged/1"]);
    assert!(matches!(events[1].body, Body::DeputyAcknowledged { by: Side::Principal, .. }));
    assert!(!told(&city));
    city.give(&silent(2, "", 2), &acknowledge(1, 2, 1)).unwrap();
    assert!(told(&city));
}

#[test]
fn an_appointment_revoked_before_it_began_leaves_no_trace() {
    let mut city = City::tiny();
    city.console(&appoint(1, 2, 3, 9));
    city.give(&silent(1, "", 2), &revoke(1, 2, 3)).unwrap();
    assert!(city.roster().appointments(person(1)).is_empty());
    assert!(city.roster().appointments(person(2)).is_empty());
    city.console(&appoint(1, 2, 3, 9));
}

#[test]
fn what_is_destroyed_is_forgotten_the_same_way_live_and_rebuilt() {
    let mut city = City::tiny();
    let changed = identity::Details { login: "da.ming".parse().unwrap(), ..details(1) };
    city.console(&Command::ChangePerson { person: person(1), details: changed, home: unit(3) });
    city.console(&grant(1, "clerk", Some(2)));
    city.console(&Command::RecordLeaving { person: person(1) });
    let mut live = city.state.clone();
    live.forget(person(1));
    let mut rebuilt = State::default();
    for event in &city.events {
        if event.private && event.subject == Subject::Person(person(1)) {
            rebuilt.apply_destroyed(event.kind(), event.subject, event.unit, event.at).unwrap();
        } else {
            rebuilt.apply(event).unwrap();
        }
    }
    assert_eq!(live, rebuilt);
    let person = live.person(person(1)).unwrap();
    assert_eq!((&person.details, person.home, person.left_at), (&None, unit(3), Some(day(0))));
    assert_eq!(live.person_of_login("da.ming"), None);
    assert_eq!(live.person_of_login("wang.1"), None);
    let whole = serde_json::to_string(&live).unwrap();
    assert!(!whole.contains("da.ming") && !whole.contains("wang.1\""));
}

#[test]
fn a_state_is_the_same_after_writing_and_reading_it() {
    let mut city = City::tiny();
    city.console(&grant(1, "clerk", Some(2)));
    city.console(&appoint(1, 2, 3, 9));
    city.console(&Command::AddCredential { credential: Box::new(credential(1, 1)) });
    let written = serde_json::to_vec(&city.state).unwrap();
    assert_eq!(serde_json::from_slice::<State>(&written).unwrap(), city.state);
    assert_eq!(State::from(city.state.parts()), city.state);
}

#[test]
fn an_event_that_cannot_have_followed_changes_nothing() {
    let city = City::tiny();
    let event = |subject, body: Body| Event {
        subject,
        unit: None,
        actor: Actor::machine("console"),
        at: day(1),
        private: body.private(),
        policy: None,
        body,
    };
    let (one, nine) = (Subject::Person(person(1)), Subject::Person(person(9)));
    let role = || "clerk".parse().unwrap();
    let granted =
        |place| Body::RoleGranted { role: role(), unit: Some(unit(place)), from: day(1), until: None };
    let appointed = |deputy| Body::DeputyAppointed { deputy: person(deputy), from: day(1), until: day(2) };
    let unknown = |kind: &str, subject| ApplyError::Unknown { kind: kind.into(), subject };
    let not_there = |kind: &str| ApplyError::NotThere { kind: kind.into() };
    let ended = Body::RoleEnded { role: role(), unit: None, from: day(1) };
    let acknowledged = Body::DeputyAcknowledged { deputy: person(2), from: day(1), by: Side::Deputy };
    for (event, error) in [
        (city.events[0].clone(), ApplyError::Twice(Subject::Unit(unit(1)))),
        (city.events[4].clone(), ApplyError::Twice(one)),
        (event(nine, Body::PersonLeft {}), unknown("person.left/1", nine)),
        (event(one, granted(9)), unknown("role.granted/1", Subject::Unit(unit(9)))),
        (event(one, appointed(9)), unknown("deputy.appointed/1", nine)),
        (event(one, ended), not_there("role.ended/1")),
        (event(one, acknowledged), not_there("deputy.acknowledged/1")),
        (event(one, Body::CredentialRevoked { credential: vec![1] }), not_there("credential.revoked")),
        (event(one, Body::CredentialAdded(Box::new(credential(2, 1)))), ApplyError::Twice(one)),
        (event(one, Body::UnitClosed {}), ApplyError::Subject { kind: "unit.closed/1".into(), subject: one }),
    ] {
        let mut state = city.state.clone();
        assert_eq!(state.apply(&event), Err(error));
        assert_eq!(state, city.state);
    }
}

#[test]
fn the_policy_that_permitted_an_act_is_in_its_event() {
    let mut city = City::tiny();
    city.console(&grant(1, "head", Some(2)));
    let events = city.give(&crate::city::granted(1, "head", 2), &grant(2, "clerk", Some(2))).unwrap();
    let text = String::from_utf8(events[0].body_bytes().unwrap()).unwrap();
    assert!(text.contains("\"policy\":\"test\""), "{text}");
}
