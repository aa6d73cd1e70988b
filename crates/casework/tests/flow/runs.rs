//! Procedures as they are followed: ticked by their doers, in order, for good; lateness and the end are reckoned.

use crate::city::{City, at, opening, person, who};
use crate::office::{field, id};
use casework::{Event, Refusal};
use model::RecordId;
use regulation::{Kind, Label, Outcome, Procedure, ProcedureStep, Proof, When};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Three steps: shout within a minute; beside it call, within three of shouting, with a note; then leave.
fn fire() -> Procedure {
    let label = |text: &str| Label::new(text, text).unwrap();
    let step = |name: &str, limit: Option<&str>, proof, beside| ProcedureStep {
        id: id(name),
        label: label(name),
        help: None,
        limit: limit.map(|limit| limit.parse().unwrap()),
        since: None,
        proof,
        beside,
        when: When::Always,
        expect: None,
    };
    let call =
        ProcedureStep { since: Some(id("shout")), ..step("call", Some("3 minutes"), Proof::Note, true) };
    Procedure {
        id: id("fire"),
        label: label("fire"),
        help: None,
        clauses: vec![],
        next: None,
        steps: vec![
            step("shout", Some("1 minute"), Proof::Tick, false),
            call,
            step("leave", None, Proof::Tick, false),
        ],
    }
}

/// A permit that is open, with a run that operators follow at the step `amend`.
fn running() -> (City, RecordId) {
    let mut city = City::new();
    city.office.procedures.insert(id("fire"), fire());
    let permit = city.office.registers.get_mut("permit").unwrap();
    permit.fields.push(field("run", Kind::Run { procedures: vec![id("fire")] }, When::Never));
    let amend = permit.flow.steps.iter_mut().find(|step| step.id.as_str() == "amend").unwrap();
    (amend.from, amend.fields) = (vec![id("filed")], vec![id("run")]);
    amend.outcomes = vec![(Outcome::Done, id("filed"))];
    let record = city.draw();
    let fill = [(id("subject"), json!("施工")), (id("starts"), json!("2026-12-01"))];
    city.give(who(1, "operator"), opening(record, fill.into())).unwrap();
    city.now = at("2026-03-02T02:00");
    (city, record)
}

const START: &str = "2026-03-02T02:00:00.000000Z";

fn minute(minute: u32) -> String {
    format!("2026-03-02T02:{minute:02}:00.000000Z")
}

/// A run with these ticks: step, by whom, at which minute.
fn run(ticks: &[(&str, u8, u32)]) -> Json {
    let tick = |(step, by, at): &(&str, u8, u32)| {
        let note = if *step == "call" { "已通報" } else { "" };
        ((*step).to_owned(), json!({"at": minute(*at), "by": person(*by).to_string(), "note": note}))
    };
    let ticks: BTreeMap<String, Json> = ticks.iter().map(tick).collect();
    json!({"late": 0, "procedure": "fire", "started_at": START, "ticks": ticks})
}

fn follow(city: &mut City, by: u8, record: RecordId, run: Json) -> Result<Vec<Event>, Refusal> {
    city.take(who(by, "operator"), record, "amend", Outcome::Done, &[("run", run)])
}

fn refused(city: &mut City, by: u8, record: RecordId, run: Json, why: &str) {
    let before = city.case(record);
    let Err(Refusal::Fields(unfit)) = follow(city, by, record, run) else { panic!("{why}: it was let pass") };
    assert!(unfit[0].en.contains(why), "{why} is expected, not {}", unfit[0].en);
    assert_eq!(city.case(record), before);
}

#[test]
fn a_run_is_ticked_by_its_doers_in_order_and_stays_as_it_was() {
    let (mut city, record) = running();
    city.now = at("2026-03-02T02:01");
    refused(&mut city, 1, record, run(&[("shout", 2, 1)]), "ticked by whoever did it");
    refused(&mut city, 1, record, run(&[("shout", 1, 2)]), "not after now");
    refused(&mut city, 1, record, run(&[("leave", 1, 1)]), "comes after the steps before it");
    refused(&mut city, 1, record, run(&[("sing", 1, 1)]), "none of this procedure's");
    let silent = json!({"at": minute(1), "by": person(1).to_string()});
    let mut quiet = run(&[]);
    quiet["ticks"]["call"] = silent;
    refused(&mut city, 1, record, quiet, "asks for a note");
    follow(&mut city, 1, record, run(&[("call", 1, 1)])).unwrap();
    city.now = at("2026-03-02T02:05");
    refused(&mut city, 2, record, run(&[("shout", 2, 2)]), "stays as it was ticked");
    refused(&mut city, 2, record, run(&[("call", 1, 0), ("shout", 2, 2)]), "stays as it was ticked");
    let mut other = run(&[("call", 1, 1)]);
    other["started_at"] = json!(minute(1));
    refused(&mut city, 2, record, other, "goes on");
    follow(&mut city, 2, record, run(&[("call", 1, 1), ("shout", 2, 2)])).unwrap();
    follow(&mut city, 1, record, run(&[("call", 1, 1), ("shout", 2, 2), ("leave", 1, 5)])).unwrap();
    assert_eq!(city.case(record).content.0["run"]["ended_at"], json!(minute(5)));
}

#[test]
fn whether_a_run_is_over_and_how_late_it_was_is_not_for_its_followers_to_say() {
    let (mut city, record) = running();
    city.now = at("2026-03-02T02:09");
    let mut false_end = run(&[("shout", 1, 2)]);
    false_end["ended_at"] = json!(minute(1));
    follow(&mut city, 1, record, false_end).unwrap();
    let held = city.case(record).content.0["run"].clone();
    assert_eq!(
        (held.get("ended_at"), &held["late"]),
        (None, &json!(1)),
        "shouted a minute late, and not over"
    );
    follow(&mut city, 1, record, run(&[("shout", 1, 2), ("call", 1, 6), ("leave", 1, 9)])).unwrap();
    let held = city.case(record).content.0["run"].clone();
    assert_eq!(
        (&held["ended_at"], &held["late"]),
        (&json!(minute(9)), &json!(2)),
        "called four minutes after"
    );
}
