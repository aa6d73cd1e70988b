//! What applications ask: each with a token of a scope, and never more than its owner may.

use super::cast::{ANYONE, API, API_CLAUSES, API_HEAD, API_READS, Cast, MAY, NOBODY, ROLE, SCOPE, UNIT, Who};
use super::pages::TITLE;
use super::town::{GRADED, Sent, Town};
use super::{Case, get, post};
use model::RecordId;
use serde_json::{Value as Json, json};

pub(super) fn cases() -> Vec<Case> {
    [reading(), filing()].into_iter().flatten().collect()
}

fn at(path: impl AsRef<str>) -> Sent {
    Sent::to(format!("/api/v1{}", path.as_ref()))
}

/// A file of a violation, which those of its unit read.
const OF_THE_UNIT: Cast = &[
    (NOBODY, Who::Nobody),
    (SCOPE, Who::Application(|people| people.operator, &["medium"], &[])),
    (ROLE, Who::Application(|people| people.steward, &["violation"], &[])),
    (UNIT, Who::Application(|people| people.other_operator, &["violation"], &[])),
    (MAY, Who::Application(|people| people.operator, &["violation"], &[])),
];

fn reading() -> Vec<Case> {
    vec![
        get("/api/v1/openapi.json", "the description", ANYONE, |_, _| at("/openapi.json")),
        get("/api/v1/pack", "the regulation in force", API, |_, _| at("/pack")),
        get("/api/v1/registers", "the registers of the scope", API, |_, _| {
            at("/registers").looking_for("\"id\":\"medium\"")
        }),
        get("/api/v1/registers/{register}", "a register", API, |_, _| at("/registers/medium")),
        get("/api/v1/registers/{register}/records", "records, a graded one among them", API, |_, _| {
            at(format!("/registers/medium/records?q={TITLE}")).looking_for(GRADED)
        }),
        get("/api/v1/records/{record}", "a graded one", API, |town, _| {
            at(format!("/records/{}", town.people.graded)).looking_for(GRADED)
        }),
        get("/api/v1/records/{record}", "one there is not", API_NOT, |_, _| {
            at("/records/r_00000000000000000000000000")
        }),
        get("/api/v1/records/{record}/offers", "what may be done with a graded one", API, |town, _| {
            at(format!("/records/{}/offers", town.people.graded)).looking_for("\"step\":\"move\"")
        }),
        get("/api/v1/records/{record}/files/{digest}", "a file of the unit's", OF_THE_UNIT, |town, _| {
            at(format!("/records/{}/files/{}", town.people.violation, town.evidence().0))
                .looking_for("走道無人")
        }),
        get("/api/v1/records/{record}/files", "the files of a violation", OF_THE_UNIT, |town, _| {
            at(format!("/records/{}/files", town.people.violation)).looking_for(town.evidence().0)
        }),
        get("/api/v1/records/{record}/history", "of a graded one", API, |town, _| {
            at(format!("/records/{}/history", town.people.graded)).looking_for(GRADED)
        }),
        get("/api/v1/records/{record}/linked", "of a graded one", API, |town, _| {
            at(format!("/records/{}/linked", town.people.graded)).looking_for(town.people.room.to_string())
        }),
        get("/api/v1/records/{record}/paper", "of a graded one", API, |town, _| {
            at(format!("/records/{}/paper", town.people.graded)).looking_for("%PDF-")
        }),
        get("/api/v1/records/{record}/signatures", "of a graded one", API, |town, _| {
            at(format!("/records/{}/signatures", town.people.graded)).looking_for("\"check\":\"holds\"")
        }),
        get("/api/v1/search", "a graded record by its code", API, |_, _| {
            at(format!("/search?q={TITLE}")).looking_for("r_")
        }),
        get("/api/v1/clauses", "the board", API_CLAUSES, |_, _| {
            at("/clauses").looking_for("\"id\":\"3.1.1\"")
        }),
        get("/api/v1/clauses/{clause}", "a clause", API_CLAUSES, |_, _| at("/clauses/3.1.1")),
        get("/api/v1/units", "all units", API, |_, _| at("/units")),
        get("/api/v1/people", "people by the beginning of an account", API, |_, _| at("/people?q=kuo")),
        get("/api/v1/notices", "what its owner was told: that a medium is gone", API, |town, _| {
            town.notice();
            at("/notices").looking_for("不在指定位置")
        }),
    ]
}

/// Whatever the token, it is not there.
const API_NOT: Cast = &[("somebody", Who::Application(|people| people.operator, &["medium"], &["medium"]))];

/// A medium as an application files it.
fn medium(town: &mut Town, level: &str) -> Json {
    json!({ "fill": {
        "code": town.fresh("A"), "kind": "tape", "content": GRADED, "level": level,
        "room": town.people.room.to_string(), "place": "甲櫃",
    }})
}

fn keyed(town: &mut Town, sent: Sent) -> Sent {
    Sent { key: Some(town.fresh("key-0000")), ..sent }
}

fn step(town: &Town, record: RecordId, outcome: &str) -> Json {
    json!({ "seen": town.asked.house.case(record).unwrap().revision, "outcome": outcome })
}

/// A medium is in its place.
fn seen(town: &mut Town) -> Sent {
    let medium = town.medium("internal");
    let sent = at(format!("/records/{medium}/steps/seen")).json(step(town, medium, "done"));
    keyed(town, sent)
}

fn filing() -> Vec<Case> {
    const RECORDS: &str = "/api/v1/registers/{register}/records";
    const STATEMENTS: &str = "/api/v1/registers/{register}/statements";
    const STEP: &str = "/api/v1/records/{record}/steps/{step}";
    const STEP_STATEMENTS: &str = "/api/v1/records/{record}/steps/{step}/statements";
    vec![
        post(RECORDS, "an ordinary medium", API, |town, _| {
            let sent = at("/registers/medium/records").json(medium(town, "internal"));
            keyed(town, sent)
        }),
        post(RECORDS, "the same", API_READS, |town, _| {
            let sent = at("/registers/medium/records").json(medium(town, "internal"));
            keyed(town, sent)
        }),
        post(STATEMENTS, "what is signed to enter a graded medium", API, |town, _| {
            let sent = at("/registers/medium/statements").json(medium(town, "restricted"));
            keyed(town, sent)
        }),
        post(STEP, "an ordinary medium is in its place", API, |town, _| seen(town)),
        post(STEP, "the same", API_READS, |town, _| seen(town)),
        post(STEP_STATEMENTS, "what is signed to move a graded medium", API, |town, _| {
            let graded = town.people.graded;
            let mut ask = step(town, graded, "done");
            ask["fill"] = json!({ "room": town.people.room.to_string(), "place": "乙櫃" });
            at(format!("/records/{graded}/steps/move/statements")).json(ask)
        }),
        post(STEP_STATEMENTS, "what is signed to approve a room", API_HEAD, |town, _| {
            let room = town.proposed();
            at(format!("/records/{room}/steps/approve/statements")).json(step(town, room, "approve"))
        }),
        post("/api/v1/files", "a file for a record", API, |_, _| Sent {
            bytes: Some("a"),
            ..at("/files?name=a.txt")
        }),
        post("/api/v1/files", "the same", API_READS, |_, _| Sent {
            bytes: Some("a"),
            ..at("/files?name=a.txt")
        }),
        post("/api/v1/notices/{entry}/read", "a notice to the operator was read", API, |town, _| {
            at(format!("/notices/{}/read", town.notice()))
        }),
    ]
}
