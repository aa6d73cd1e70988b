//! A second opinion, naive on purpose: it reads nothing but the events of one record, the rules of the small
//! regulation written down a second time by hand, and the list of appointments.

use casework::{Appointment, Body, Event};
use model::{Actor, Evidence, Instant, PersonId, RecordId};
use regulation::Outcome;
use serde_json::Value as Json;
use std::collections::BTreeMap;

#[derive(Default)]
struct Seen {
    state: String,
    opener: Vec<PersonId>,
    opened_at: Option<Instant>,
    content: BTreeMap<String, Json>,
    /// Step, outcome, people acted as, evidence, when; since the last state or change.
    signed: Vec<(String, Outcome, Vec<PersonId>, Evidence, Instant)>,
    /// What was approved last, while it stands in the naive eye.
    approved: Option<BTreeMap<String, Json>>,
}

/// Panics, in the words of what went wrong, when a record came further than its signatures carry it.
pub(crate) fn check(history: &[Event], appointments: &[Appointment], record: RecordId) {
    let mut seen = Seen::default();
    for event in history.iter().filter(|event| event.record() == Some(record)) {
        step(&mut seen, event, appointments);
    }
}

fn step(seen: &mut Seen, event: &Event, appointments: &[Appointment]) {
    if let Some(content) = event.body.content()
        && !matches!(event.body, Body::Reckoned { .. })
    {
        seen.content = content.0.iter().map(|(id, json)| (id.to_string(), json.clone())).collect();
        seen.signed.clear();
    }
    match &event.body {
        Body::Opened { state, .. } => {
            seen.state = state.to_string();
            seen.opener = acted_as(&event.actor);
            seen.opened_at = Some(event.at);
        }
        Body::Signed { step, outcome, evidence, .. } => {
            seen.signed.push((step.to_string(), *outcome, acted_as(&event.actor), *evidence, event.at));
        }
        Body::SignaturesVoided { people, .. } => {
            seen.signed.retain(|one| !one.2.first().is_some_and(|signer| people.contains(signer)));
        }
        Body::SentBack { to } => {
            assert_eq!(to.as_str(), "filed", "sent back elsewhere than to be decided again");
            seen.state = to.to_string();
            seen.signed.clear();
        }
        Body::Taken { step, outcome, from, to, .. } => {
            assert_eq!(from.as_str(), seen.state, "a step taken from a state the record is not in");
            taken(seen, step.as_str(), *outcome, event.at, appointments);
            seen.state = to.to_string();
            seen.signed.clear();
        }
        _ => {}
    }
}

fn taken(seen: &mut Seen, step: &str, outcome: Outcome, at: Instant, appointments: &[Appointment]) {
    let given: Vec<_> = seen.signed.iter().filter(|one| one.0 == step && one.1 == outcome).collect();
    assert!(!given.is_empty(), "{step} was taken though nobody signed what is there");
    if outcome == Outcome::Approve {
        assert!(given.len() >= 2, "one signature where two are asked");
        for (index, one) in given.iter().enumerate() {
            assert_eq!(one.3, Evidence::Passkey, "an approval that is not by passkey");
            for own in &one.2 {
                let since = seen.opened_at.unwrap();
                let opener = seen.opener.iter().any(|opener| {
                    own == opener
                        || appointments
                            .iter()
                            .any(|a| a.deputy == *own && a.principal == *opener && overlap(a, since, at))
                });
                assert!(!opener, "the applicant, or a deputy, approved");
            }
            for other in given.iter().skip(index + 1) {
                let same = one
                    .2
                    .iter()
                    .any(|a| other.2.iter().any(|b| a == b || linked(appointments, *a, *b, one.4, at)));
                assert!(!same, "one person, with a deputy, signed twice");
            }
        }
        seen.approved = Some(approved_part(&seen.content));
    }
    if step == "check" && outcome == Outcome::Done {
        let network = seen.content.get("network") == Some(&Json::Bool(true));
        let by = |number: u8| given.iter().any(|one| one.2.contains(&crate::city::person(number)));
        assert!(by(7), "safety did not sign");
        assert!(!network || by(6), "network did not sign");
    }
    if ["check", "close"].contains(&step) && outcome == Outcome::Done {
        let now = approved_part(&seen.content);
        assert_eq!(seen.approved.as_ref(), Some(&now), "{step}: what passed is not what was approved");
    }
}

fn approved_part(content: &BTreeMap<String, Json>) -> BTreeMap<String, Json> {
    content.iter().filter(|(field, _)| *field != "report").map(|(a, b)| (a.clone(), b.clone())).collect()
}

fn acted_as(actor: &Actor) -> Vec<PersonId> {
    match actor {
        Actor::Machine { .. } => vec![],
        Actor::Person(person) => std::iter::once(person.person).chain(person.acting_for).collect(),
    }
}

fn overlap(appointment: &Appointment, first: Instant, last: Instant) -> bool {
    appointment.from <= last && first < appointment.until
}

fn linked(appointments: &[Appointment], a: PersonId, b: PersonId, first: Instant, last: Instant) -> bool {
    appointments.iter().any(|one| {
        ((one.deputy == a && one.principal == b) || (one.deputy == b && one.principal == a))
            && overlap(one, first, last)
    })
}
