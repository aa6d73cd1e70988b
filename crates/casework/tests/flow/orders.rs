//! No order of commands, deputies, edits, take-backs, outages and ticks lets a case pass unsigned.

use crate::checker;
use crate::city::{City, Who, has, person};
use casework::{Body, By, Records};
use model::{Evidence, RecordId};
use proptest::prelude::*;
use regulation::Outcome;
use serde_json::json;
use std::time::Duration;

#[derive(Debug, Clone)]
enum Act {
    File { who: u8, network: bool },
    Take { who: u8, acting_for: u8, way: usize, otp: bool, edit: u8 },
    Appoint { deputy: u8, principal: u8, hours: u16 },
    Pass { hours: u16, outage: bool },
}

const WAYS: [(&str, Outcome, &str); 13] = [
    ("approve", Outcome::Approve, "head"),
    ("approve", Outcome::Approve, "head"),
    ("approve", Outcome::Approve, "director"),
    ("approve", Outcome::Refuse, "head"),
    ("approve", Outcome::Return, "head"),
    ("check", Outcome::Done, "safety"),
    ("check", Outcome::Done, "network"),
    ("check", Outcome::Refuse, "network"),
    ("close", Outcome::Done, "operator"),
    ("amend", Outcome::Done, "operator"),
    ("refile", Outcome::Done, "operator"),
    ("take_back", Outcome::TakeBack, "operator"),
    ("amend", Outcome::Done, "operator"),
];

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => (prop::sample::select(vec![1u8, 2, 9]), any::<bool>()).prop_map(|(who, network)| Act::File { who, network }),
        12 => (1u8..10, 0u8..14, 0..WAYS.len(), prop::bool::weighted(0.05), 0u8..4)
            .prop_map(|(who, acting_for, way, otp, edit)| Act::Take { who, acting_for, way, otp, edit }),
        1 => (1u8..10, 1u8..10, 1u16..200).prop_map(|(deputy, principal, hours)| Act::Appoint { deputy, principal, hours }),
        1 => (1u16..60, any::<bool>()).prop_map(|(hours, outage)| Act::Pass { hours, outage }),
    ]
}

/// Acts of a person likely to hold the role, half of the time: cases have to come far to show anything.
fn likely(way: usize, who: u8) -> u8 {
    match WAYS[way].2 {
        "head" => [3, 4, 5, 9][usize::from(who) % 4],
        "director" => 8,
        "safety" => 7,
        "network" => 6,
        _ => [1, 2, 9][usize::from(who) % 3],
    }
}

fn play(city: &mut City, record: &mut Option<RecordId>, act: &Act) {
    // Nothing is appointed for a moment that has passed.
    city.now = city.now.plus(Duration::from_secs(60));
    match act {
        Act::File { who, network } => {
            if let Ok(filed) = city.file(crate::city::who(*who, "operator"), "機房施工", *network) {
                record.get_or_insert(filed);
            }
        }
        Act::Take { who, acting_for, way, otp, edit } => {
            let Some(record) = *record else { return };
            let (step, outcome, role) = WAYS[*way];
            let acting_for = Some(*acting_for).filter(|number| (1..10).contains(number) && *edit == 3);
            let number = if *edit % 2 == 0 { likely(*way, *who) } else { *who };
            let evidence = if *otp { Evidence::Otp } else { Evidence::Passkey };
            let who = Who { person: number, role, acting_for, evidence };
            let fill = match step {
                "close" => vec![("report", json!("完成"))],
                "amend" | "refile" if *edit > 0 => vec![("subject", json!(format!("第{edit}案")))],
                _ => vec![],
            };
            let _ = city.take(who, record, step, outcome, &fill);
        }
        Act::Appoint { deputy, principal, hours } => {
            let until = city.now.plus(Duration::from_secs(u64::from(*hours) * 3600));
            let (deputy, principal) = (person(*deputy), person(*principal));
            let appointment = casework::Appointment { deputy, principal, from: city.now, until, told: true };
            city.people.appointments.push(appointment);
        }
        Act::Pass { hours, outage } => {
            city.now = city.now.plus(Duration::from_secs(u64::from(*hours) * 3600));
            let up_since = if *outage { city.now } else { model::Instant::EPOCH };
            let cases: Vec<_> = city.state.cases.values().cloned().collect();
            let now = city.now;
            for tick in cases.iter().flat_map(|case| casework::clocks_due(case, now, up_since)) {
                city.run(&By::System, &tick).unwrap();
                assert!(city.run(&By::System, &tick).is_err(), "a clock fired twice");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn no_order_lets_a_case_pass_without_each_signature(acts in prop::collection::vec(act(), 1..60)) {
        let mut city = City::new();
        let mut record = None;
        play(&mut city, &mut record, &Act::File { who: 1, network: acts.len() % 2 == 0 });
        for act in &acts {
            play(&mut city, &mut record, act);
            checker::check(&city.history, &city.people.appointments, record.unwrap());
        }
        let mut again = casework::State { files: city.state.files.clone(), ..Default::default() };
        for (number, event) in city.history.iter().enumerate() {
            let salt = event.signed.as_ref().and_then(|signed| signed.salt);
            let content = proof::entry::content_hash(salt.as_ref(), &event.body_bytes().unwrap());
            let number = casework::EntryNumber(number as u64);
            let entered = casework::Entered { number, content: casework::ContentHash(content) };
            let read = casework::read_body(serde_json::from_slice(&event.body_bytes().unwrap()).unwrap(), &[]).unwrap();
            prop_assert_eq!(&read, &event.body);
            again.apply(event, Some(entered)).unwrap();
        }
        prop_assert_eq!(again, city.state);
    }
}

/// Found by the test above: a head signs, then becomes the applicant's deputy, then a second head signs.
#[test]
fn a_signature_does_not_count_once_its_signer_stands_in_for_the_applicant() {
    let mut city = City::new();
    let mut record = None;
    let head = |who| Act::Take { who, acting_for: 0, way: 0, otp: false, edit: 1 };
    let file = Act::File { who: 1, network: false };
    for act in [file, head(9), Act::Appoint { deputy: 9, principal: 1, hours: 1 }, head(3)] {
        play(&mut city, &mut record, &act);
    }
    let case = city.case(record.unwrap());
    assert_eq!(case.state.as_str(), "filed");
    assert!(case.pending.iter().all(|mark| mark.person == person(3)));
    play(&mut city, &mut record, &head(4));
    assert_eq!(city.case(record.unwrap()).state.as_str(), "approved");
    checker::check(&city.history, &city.people.appointments, record.unwrap());
}

/// The walk through which the checks above are known to see cases that pass.
#[test]
fn a_case_with_every_signature_passes() {
    let mut city = City::new();
    let record = city.file(crate::city::who(1, "operator"), "機房施工", true).unwrap();
    assert_eq!(city.case(record).number.as_deref(), Some("115機證字第0001號"));
    let mut take = |number, role, step: &str, outcome, fill: &[(&str, serde_json::Value)]| {
        let events = city.take(crate::city::who(number, role), record, step, outcome, fill).unwrap();
        checker::check(&city.history, &city.people.appointments, record);
        events
    };
    take(3, "head", "approve", Outcome::Approve, &[]);
    let approved = take(4, "head", "approve", Outcome::Approve, &[]);
    assert!(has(&approved, |body| matches!(body, Body::Linked(_))));
    take(7, "safety", "check", Outcome::Done, &[]);
    take(6, "network", "check", Outcome::Done, &[]);
    let voided = take(2, "operator", "amend", Outcome::Done, &[("subject", json!("改期"))]);
    assert!(has(&voided, |body| matches!(body, Body::ApprovalVoided { .. })));
    assert!(has(&voided, |body| matches!(body, Body::SentBack { .. })));
    take(4, "head", "approve", Outcome::Approve, &[]);
    take(5, "head", "approve", Outcome::Approve, &[]);
    take(6, "network", "check", Outcome::Done, &[]);
    take(7, "safety", "check", Outcome::Done, &[]);
    take(1, "operator", "close", Outcome::Done, &[("report", json!("完成"))]);
    assert_eq!(city.state.case(record).unwrap().ending, Some(casework::Ending::Done));
}
