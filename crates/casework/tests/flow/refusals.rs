//! What is refused, and that nothing is half done then.

use crate::city::{City, Who, at, opening, who};
use crate::office::id;
use casework::{Command, Refusal};
use model::Evidence;
use regulation::Outcome;
use serde_json::json;

fn filed() -> (City, model::RecordId) {
    let mut city = City::new();
    let record = city.file(who(9, "operator"), "施工", false).unwrap();
    (city, record)
}

#[test]
fn the_applicant_and_the_applicants_deputy_never_approve() {
    let (mut city, record) = filed();
    let own = city.take(who(9, "head"), record, "approve", Outcome::Approve, &[]);
    assert_eq!(own, Err(Refusal::OwnCase));
    city.appoint(3, 9, "2026-03-02T00:00", "2026-03-02T02:00");
    city.now = at("2026-03-05T01:00");
    let deputy = city.take(who(3, "head"), record, "approve", Outcome::Approve, &[]);
    assert_eq!(deputy, Err(Refusal::OwnCase), "the appointment ran while the case was open");
}

#[test]
fn a_deputy_and_the_principal_are_one_where_two_are_asked() {
    let (mut city, record) = filed();
    city.appoint(4, 3, "2026-03-01T00:00", "2026-03-09T00:00");
    city.take(who(3, "head"), record, "approve", Outcome::Approve, &[]).unwrap();
    for acting_for in [None, Some(3)] {
        let deputy = Who { acting_for, ..who(4, "head") };
        assert_eq!(city.take(deputy, record, "approve", Outcome::Approve, &[]), Err(Refusal::AlreadySigned));
    }
    city.take(who(5, "head"), record, "approve", Outcome::Approve, &[]).unwrap();
    assert_eq!(city.case(record).state.as_str(), "approved");
}

#[test]
fn a_deputy_needs_an_appointment_in_force_that_was_told() {
    let (mut city, record) = filed();
    let deputy = Who { acting_for: Some(3), ..who(2, "head") };
    assert_eq!(city.take(deputy, record, "approve", Outcome::Approve, &[]), Err(Refusal::NotDeputy));
    city.appoint(2, 3, "2026-03-01T00:00", "2026-03-09T00:00");
    city.people.appointments[0].told = false;
    assert_eq!(city.take(deputy, record, "approve", Outcome::Approve, &[]), Err(Refusal::NotDeputy));
    city.people.appointments[0].told = true;
    city.take(deputy, record, "approve", Outcome::Approve, &[]).unwrap();
}

#[test]
fn a_deputy_is_barred_from_both_peoples_cases() {
    let mut city = City::new();
    city.appoint(1, 9, "2026-03-01T00:00", "2026-03-09T00:00");
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    let deputy = Who { acting_for: Some(9), ..who(1, "head") };
    assert_eq!(city.take(deputy, record, "approve", Outcome::Refuse, &[]), Err(Refusal::DeputyOfOwnCase));
}

#[test]
fn two_people_sign_by_passkey_and_the_weaker_is_refused() {
    let (mut city, record) = filed();
    let otp = Who { evidence: Evidence::Otp, ..who(3, "head") };
    let weak = city.take(otp, record, "approve", Outcome::Approve, &[]);
    assert_eq!(weak, Err(Refusal::WeakSignature { passkey: true }));
    let none = Who { evidence: Evidence::None, ..who(1, "operator") };
    assert_eq!(city.file(none, "施工", false), Err(Refusal::WeakSignature { passkey: false }));
}

#[test]
fn a_signature_over_anything_else_is_refused() {
    let (mut city, record) = filed();
    let by = who(3, "head");
    city.take(by, record, "approve", Outcome::Approve, &[]).unwrap();
    let signed = city.history.iter().rev().find_map(|event| event.signed.clone()).unwrap();
    let case = city.case(record);
    for change in ["content", "previous", "pack", "outcome", "signer", "reason", "record"] {
        let mut wrong = signed.clone();
        wrong.statement.signer = crate::city::person(5);
        match change {
            "content" => wrong.statement.content = proof::hash::Hash::of(&[b"other"]),
            "previous" => wrong.statement.previous = proof::signature::Previous::Entry(99),
            "pack" => wrong.statement.pack = "small/2".into(),
            "outcome" => wrong.statement.outcome = "refuse".into(),
            "signer" => wrong.statement.signer = crate::city::person(4),
            "reason" => wrong.statement.reason = proof::signature::Reason::Text("別的".into()),
            _ => wrong.statement.record = "r_".into(),
        }
        wrong.carried.statement = wrong.statement.clone();
        let command = Command::Take {
            record,
            seen: case.revision,
            step: id("approve"),
            outcome: Outcome::Approve,
            reason: None,
            fill: [].into(),
            occurred_at: None,
            late_reason: None,
            signed: Some(wrong),
        };
        let actor = model::Person {
            acting_for: None,
            person: crate::city::person(5),
            role: "head".into(),
            session: None,
            terminal: None,
            unit: crate::city::UNIT,
        };
        let by = casework::By::Person(casework::Permitted::by_policy(actor, casework::Policy::Silent));
        assert_eq!(city.run(&by, &command), Err(Refusal::Statement(change)));
    }
}

#[test]
fn stale_commands_wrong_steps_and_missing_reasons_change_nothing() {
    let (mut city, record) = filed();
    let before = city.state.clone();
    let seen = city.case(record).revision;
    let take = |seen, step: &str, outcome, reason| Command::Take {
        record,
        seen,
        step: id(step),
        outcome,
        reason,
        fill: [].into(),
        occurred_at: None,
        late_reason: None,
        signed: None,
    };
    let refused = city.give(who(3, "head"), take(seen - 1, "approve", Outcome::Approve, None));
    assert_eq!(refused, Err(Refusal::Stale { seen: seen - 1, now: seen }));
    let refused = city.give(who(3, "head"), take(seen, "approve", Outcome::Refuse, Some(" ".into())));
    assert_eq!(refused, Err(Refusal::ReasonMissing));
    let refused = city.give(who(1, "operator"), take(seen, "close", Outcome::Done, None));
    assert!(matches!(refused, Err(Refusal::WrongStep { .. })));
    let refused = city.give(who(1, "operator"), take(seen, "approve", Outcome::Approve, None));
    assert_eq!(refused, Err(Refusal::WrongPerson(id("approve"))));
    assert_eq!(city.state, before);
}

#[test]
fn a_reason_can_be_seen_and_is_short_enough_to_be_read() {
    let (mut city, record) = filed();
    let seen = city.case(record).revision;
    for (reason, fits) in [
        ("不足\u{0}".to_owned(), false),
        ("不足\u{8}".to_owned(), false),
        ("長".repeat(4_001), false),
        ("一\n二".to_owned(), true),
    ] {
        let refuse = Command::Take {
            record,
            seen,
            step: id("approve"),
            outcome: Outcome::Refuse,
            reason: Some(reason),
            fill: [].into(),
            occurred_at: None,
            late_reason: None,
            signed: None,
        };
        let given = city.give(who(3, "head"), refuse);
        assert_eq!(given.is_ok(), fits, "{given:?}");
        assert!(fits || given == Err(Refusal::ReasonUnfit));
    }
}

#[test]
fn an_id_is_given_to_one_record_only() {
    let (mut city, record) = filed();
    let fill = [(id("subject"), json!("施工")), (id("starts"), json!("2026-12-01"))];
    let again = city.give(who(1, "operator"), opening(record, fill.into()));
    assert_eq!(again, Err(Refusal::RecordTaken(record)));
}

#[test]
fn fields_are_asked_limited_and_their_documents_stored() {
    let mut city = City::new();
    let (subject, starts) = ((id("subject"), json!("施工")), (id("starts"), json!("2026-12-01")));
    let network = (id("network"), json!(true));
    let mut file = |fill: Vec<(regulation::FieldId, serde_json::Value)>| {
        let record = city.draw();
        city.give(who(1, "operator"), opening(record, fill.into_iter().collect())).map(|_| ())
    };
    assert_eq!(file(vec![starts.clone()]), Err(Refusal::MissingFields(vec![id("subject")])));
    let long = (id("subject"), json!("長".repeat(41)));
    assert!(matches!(file(vec![long, starts.clone()]), Err(Refusal::Fields(_))));
    let report = (id("report"), json!("早"));
    assert_eq!(file(vec![subject.clone(), starts.clone(), report]), Err(Refusal::NotAsked(id("report"))));
    let document = file(vec![subject.clone(), starts.clone(), network.clone()]);
    assert_eq!(document, Err(Refusal::MissingDocument(id("paper"))));
    let digest = format!("sha256:{}", "ab".repeat(32));
    let paper = (id("paper"), json!([{"digest": digest, "kind": "pdf", "name": "圖", "size": "1"}]));
    assert_eq!(file(vec![subject.clone(), starts, network, paper]), Err(Refusal::FileMissing(id("paper"))));
    let late = file(vec![subject, (id("starts"), json!("2026-03-03"))]);
    assert!(matches!(late, Err(Refusal::LateFiling(_))));
}

#[test]
fn where_the_unit_has_too_few_the_named_others_fill_up() {
    let mut city = City::new();
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    let director = who(8, "director");
    let refused = city.take(director, record, "approve", Outcome::Approve, &[]);
    assert_eq!(refused, Err(Refusal::WrongPerson(id("approve"))));
    city.people.roles.retain(|(one, _)| ![4, 5, 9].map(crate::city::person).contains(one));
    city.take(director, record, "approve", Outcome::Approve, &[]).unwrap();
    city.take(who(3, "head"), record, "approve", Outcome::Approve, &[]).unwrap();
    assert_eq!(city.case(record).state.as_str(), "approved");
}

#[test]
fn numbers_have_neither_gap_nor_double_and_begin_anew_each_year() {
    let mut city = City::new();
    for place in 1..4 {
        let record = city.file(who(1, "operator"), "施工", false).unwrap();
        assert!(city.file(who(3, "operator"), "施工", false).is_err());
        assert_eq!(city.case(record).number, Some(format!("115機證字第{place:04}號")));
    }
    city.now = at("2025-12-31T15:59");
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    assert_eq!(city.case(record).number.as_deref(), Some("114機證字第0001號"));
    city.now = at("2025-12-31T16:00");
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    assert_eq!(city.case(record).number.as_deref(), Some("115機證字第0004號"));
}

#[test]
fn every_refusal_is_told_in_both_languages() {
    let some: Vec<Refusal> = vec![
        Refusal::AlreadySigned,
        Refusal::KeptForEver(id("permit")),
        Refusal::ReasonUnfit,
        Refusal::RecordTaken(model::RecordId::from_bytes([0; 16])),
        Refusal::StillKept(model::RecordId::from_bytes([0; 16])),
        Refusal::CalendarMissing("2028-01-01".parse().unwrap()),
        Refusal::NotDeputy,
        Refusal::OwnCase,
        Refusal::Statement("content"),
        Refusal::TooDeep,
        Refusal::UnitMissing,
        Refusal::NotDue,
        Refusal::Unanswerable(regulation::EvalError::DivisionByZero),
    ];
    for refusal in some {
        let told = refusal.told();
        assert!(!told.zh.is_ascii() && !told.en.is_empty(), "{refusal:?}");
    }
}
