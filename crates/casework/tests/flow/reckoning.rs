//! What rests on what a record holds: questions that depend on what is reckoned, effects that look at what was
//! there before, the unit a record belongs to.

use crate::city::{City, has, kinds, opening, who};
use crate::office::{condition, field, id, tell};
use casework::Body;
use model::UnitId;
use regulation::{Effect, Follow, Kind, Label, Outcome, Piece, Template, When};
use serde_json::json;
use std::collections::BTreeMap;

#[test]
fn a_question_shown_by_what_is_reckoned_is_answered_in_the_same_step() {
    let mut city = City::new();
    let permit = city.office.registers.get_mut("permit").unwrap();
    let mut why = field("office", Kind::Unit { many: false }, When::Never);
    why.show = When::If(condition("length > 3", "permit"));
    permit.fields.push(why);
    permit.flow.steps[0].fields.push(id("office"));
    let fill = |subject: &str| {
        BTreeMap::from([
            (id("subject"), json!(subject)),
            (id("starts"), json!("2026-12-01")),
            (id("office"), json!(UnitId::from_bytes([2; 16]).to_string())),
        ])
    };
    let record = city.draw();
    city.give(who(1, "operator"), opening(record, fill("機房施工"))).unwrap();
    assert!(city.case(record).content.0.contains_key("office"));
    let record = city.draw();
    let hidden = city.give(who(1, "operator"), opening(record, fill("施工")));
    assert_eq!(hidden, Err(casework::Refusal::NotAsked(id("office"))));
}

#[test]
fn what_follows_a_step_sees_what_the_record_held_before_it() {
    let mut city = City::new();
    let permit = city.office.registers.get_mut("permit").unwrap();
    let amend = permit.flow.steps.iter_mut().find(|step| step.id.as_str() == "amend").unwrap();
    amend.from.push(id("filed"));
    amend.outcomes = vec![(Outcome::Done, id("filed"))];
    let changed = When::If(condition("subject != old.subject", "permit"));
    amend.then =
        vec![Follow { on: vec![Outcome::Done], when: changed, effect: tell("the subject is another") }];
    let told = |events: &[casework::Event]| has(events, |body| matches!(body, Body::Notice { .. }));
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    let same = city.take(who(1, "operator"), record, "amend", Outcome::Done, &[]).unwrap();
    assert!(!told(&same), "{:?}", kinds(&same));
    let subject = [("subject", json!("拆除"))];
    let other = city.take(who(1, "operator"), record, "amend", Outcome::Done, &subject).unwrap();
    assert!(told(&other), "{:?}", kinds(&other));
}

#[test]
fn a_record_goes_to_the_unit_that_its_content_says() {
    let mut city = City::new();
    let (first, second) = (UnitId::from_bytes([1; 16]), UnitId::from_bytes([2; 16]));
    let permit = city.office.registers.get_mut("permit").unwrap();
    permit.fields.push(field("office", Kind::Unit { many: false }, When::Never));
    permit.unit = Some(condition("office", "permit"));
    permit.flow.steps[0].fields.push(id("office"));
    let set = Effect::Set(vec![(id("office"), condition("superior(office)", "permit"))]);
    let amend = permit.flow.steps.iter_mut().find(|step| step.id.as_str() == "amend").unwrap();
    amend.from.push(id("filed"));
    amend.fields = vec![id("office")];
    amend.outcomes = vec![(Outcome::Done, id("filed"))];
    amend.then = vec![Follow { on: vec![Outcome::Done], when: When::Always, effect: set }];
    let record = city.draw();
    let fill = BTreeMap::from([
        (id("subject"), json!("施工")),
        (id("starts"), json!("2026-12-01")),
        (id("office"), json!(first.to_string())),
    ]);
    city.give(who(1, "operator"), opening(record, fill)).unwrap();
    assert_eq!(city.case(record).unit, first);
    let there = [("office", json!(second.to_string()))];
    let events = city.take(who(1, "operator"), record, "amend", Outcome::Done, &there).unwrap();
    assert!(kinds(&events).contains(&"case.belongs/1"), "{:?}", kinds(&events));
    assert_eq!(city.case(record).unit, second, "what has no unit any more stays where it was");
    let head = city.take(who(3, "head"), record, "approve", Outcome::Approve, &[]);
    assert_eq!(head, Err(casework::Refusal::WrongPerson(id("approve"))), "the former unit decides no longer");
}

#[test]
fn a_notice_is_written_for_people_not_for_machines() {
    let mut city = City::new();
    let permit = city.office.registers.get_mut("permit").unwrap();
    let value = |text: &str| Piece::Value(condition(text, "permit"));
    let between = || Piece::Text("|".into());
    let pieces = vec![
        value("starts"),
        between(),
        value("network"),
        between(),
        value("record.state"),
        between(),
        value("now"),
        between(),
        value("report"),
    ];
    let text = Template { zh: pieces.clone(), en: pieces };
    let Effect::Tell { to, .. } = tell("") else { panic!() };
    let effect = Effect::Tell { to, text };
    permit.flow.steps[0].then = vec![Follow { on: vec![Outcome::Done], when: When::Always, effect }];
    permit.flow.states[0].label = Label::new("已申請", "Filed").unwrap();
    let record = city.file(who(1, "operator"), "施工", false).unwrap();
    let told = city.history.iter().filter(|event| event.record() == Some(record));
    let told = told.filter_map(|event| match &event.body {
        Body::Notice { zh, en, .. } => Some((zh.as_str(), en.as_str())),
        _ => None,
    });
    let expected = ("115年12月1日|否|已申請|115年3月2日 09:00|—", "2026-12-01|no|Filed|2026-03-02 09:00|—");
    assert_eq!(told.collect::<Vec<_>>(), [expected]);
}
