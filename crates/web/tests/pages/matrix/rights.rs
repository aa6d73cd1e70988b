//! What applications ask beside registers: with a right of their token, or what is the owner's own.

use super::cast::{
    API, API_ACCOUNT, API_ALARMS, API_ANOTHERS, API_AUDIT, API_AUDIT_BEYOND, API_BATCH, API_LINES,
    API_NETWORK, API_READS, API_RESPONSES, API_SETTLING, API_STEWARD, API_UNIT_HEAD, API_WARNINGS, Who,
};
use super::town::{Brings, GRADED, ORDINARY, Sent, Town};
use super::{Case, get, post};
use crate::api::assertion;
use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use identity::{Command, Fingerprint, Line};
use model::TerminalId;
use serde_json::{Value as Json, json};

pub(super) fn cases() -> Vec<Case> {
    [lists(), batches(), people(), units(), terminals(), audit(), own()].into_iter().flatten().collect()
}

fn at(path: impl AsRef<str>) -> Sent {
    Sent::to(format!("/api/v1{}", path.as_ref()))
}

/// Sent under a key of its own.
fn keyed(town: &mut Town, path: impl AsRef<str>, json: Json) -> Sent {
    Sent { key: Some(town.fresh("key-0000")), ..at(path).json(json) }
}

fn lists() -> Vec<Case> {
    vec![
        get(
            "/api/v1/registers/{register}/export",
            "media as a file, a graded one among them",
            API,
            |_, _| at("/registers/medium/export?format=csv&columns=code&columns=content").looking_for(GRADED),
        ),
        get("/api/v1/work", "what waits for its owner: a room to decide", API_BATCH, |town, _| {
            at("/work").looking_for(town.proposed().to_string())
        }),
    ]
}

/// Two rooms that wait for their head.
fn rooms(town: &mut Town) -> Json {
    let mut step = || {
        let room = town.proposed();
        let seen = town.asked.house.case(room).unwrap().revision;
        json!({ "record": room.to_string(), "step": "approve", "outcome": "approve", "seen": seen })
    };
    json!([step(), step()])
}

/// Two rooms with the signature of their head over both: what anybody might send who has come by it.
fn signed(town: &mut Town, steps: Json) -> Sent {
    let head = town.people.head;
    let brings = town.brings(Who::Application(|people| people.head, &["room"], &["room"]));
    let asked = at("/batches/statements").json(json!({ "steps": steps }));
    let stated: Json = serde_json::from_slice(&town.ask(&brings, &Method::POST, &asked).body).unwrap();
    let given = |one: &Json| json!({ "statement": one["statement"], "salt": one["salt"] });
    let statements: Vec<Json> = stated["steps"].as_array().unwrap().iter().map(given).collect();
    let challenge = BASE64URL_NOPAD.decode(stated["challenge"].as_str().unwrap().as_bytes()).unwrap();
    let answer = town.house().signer(head.person).unwrap().answer(&challenge.try_into().unwrap());
    let passkey = json!({ "statements": statements, "assertion": assertion(&answer) });
    keyed(town, "/batches", json!({ "steps": steps, "signature": { "passkey": passkey } }))
}

fn batches() -> Vec<Case> {
    const STATEMENTS: &str = "/api/v1/batches/statements";
    vec![
        post(STATEMENTS, "what is signed to approve two rooms", API_BATCH, |town, _| {
            at("/batches/statements").json(json!({ "steps": rooms(town) })).looking_for("\"nonce\"")
        }),
        post("/api/v1/batches", "two rooms, signed by their head", API_BATCH, |town, _| {
            let steps = rooms(town);
            signed(town, steps)
        }),
        post("/api/v1/batches", "the same", API_READS, |town, _| {
            let steps = rooms(town);
            keyed(town, "/batches", json!({ "steps": steps, "signature": { "otp": "000000" } }))
        }),
    ]
}

fn registration(town: &mut Town) -> Json {
    let login = town.fresh("p");
    json!({
        "name": "李小華", "title": "科員", "login": login, "mail": "lee@house.example",
        "unit": town.people.unit.to_string(),
    })
}

/// Something about somebody who came today.
fn about(town: &mut Town, act: Json) -> Sent {
    let (person, _) = town.newcomer();
    keyed(town, format!("/people/{person}/acts"), act)
}

fn people() -> Vec<Case> {
    const ACTS: &str = "/api/v1/people/{person}/acts";
    vec![
        get("/api/v1/people/{person}", "somebody, with their account", API_STEWARD, |town, _| {
            at(format!("/people/{}", town.people.staff.person)).looking_for("wang@house.example")
        }),
        post("/api/v1/people", "somebody is registered", API_STEWARD, |town, _| {
            let person = registration(town);
            keyed(town, "/people", person)
        }),
        post(ACTS, "what is known of somebody is changed", API_STEWARD, |town, _| {
            let person = registration(town);
            about(town, json!({ "change": person }))
        }),
        post(ACTS, "a role in the unit is granted", API_UNIT_HEAD, |town, _| {
            about(town, json!({ "grant": { "role": "document_keeper" } }))
        }),
        post(ACTS, "a role is ended", API_UNIT_HEAD, |town, _| {
            let unit = town.people.unit.to_string();
            about(town, json!({ "end": { "role": "staff", "unit": unit } }))
        }),
        post(ACTS, "somebody is cleared for a grade", API_STEWARD, |town, _| {
            about(town, json!({ "clear": { "grade": "restricted" } }))
        }),
        post(ACTS, "a clearance is withdrawn", API_STEWARD, |town, _| {
            let (person, _) = town.newcomer();
            let grade = "restricted".parse().unwrap();
            town.house().identity(Command::GrantClearance { person, grade }).unwrap();
            keyed(town, format!("/people/{person}/acts"), json!({ "unclear": {} }))
        }),
        post(ACTS, "a deputy is appointed", API_UNIT_HEAD, |town, _| {
            let (deputy, until) = (town.people.staff.person.to_string(), "2026-12-31T00:00:00.000000Z");
            about(town, json!({ "appoint": { "deputy": deputy, "until": until } }))
        }),
        post(ACTS, "somebody leaves", API_STEWARD, |town, _| about(town, json!({ "leave": {} }))),
        post(
            "/api/v1/people/{person}/tokens/{token}/revoke",
            "a token of somebody's application is revoked",
            API_STEWARD,
            |town, _| {
                let (person, _) = town.newcomer();
                let token = town.new_token(person);
                at(format!("/people/{person}/tokens/{token}/revoke")).json(json!({}))
            },
        ),
        post(
            "/api/v1/people/{person}/sessions/end",
            "somebody's sessions are ended",
            API_STEWARD,
            |town, _| {
                let (person, _) = town.newcomer();
                town.enters(person, false);
                at(format!("/people/{person}/sessions/end")).json(json!({}))
            },
        ),
    ]
}

fn names(town: &mut Town) -> Json {
    let (code, top) = (town.fresh("C"), town.asked.house.desk.seen().roster.root().unwrap());
    json!({ "zh": "資訊科", "en": "Information Section", "code": code, "superior": top.to_string() })
}

/// Something about a unit that came today.
fn of_unit(town: &mut Town, act: Json) -> Sent {
    let (code, top) = (town.fresh("U"), town.asked.house.desk.seen().roster.root());
    let unit = town.house().unit(&code, top).unwrap();
    keyed(town, format!("/units/{unit}/acts"), act)
}

fn units() -> Vec<Case> {
    const ACTS: &str = "/api/v1/units/{unit}/acts";
    vec![
        get("/api/v1/units/{unit}", "a unit with what is open in it: media", API, |town, _| {
            at(format!("/units/{}", town.people.unit)).looking_for("\"register\":\"medium\"")
        }),
        post("/api/v1/units", "a unit is created", API_STEWARD, |town, _| {
            let unit = names(town);
            keyed(town, "/units", unit)
        }),
        post(ACTS, "a unit is changed", API_STEWARD, |town, _| {
            let unit = names(town);
            of_unit(town, json!({ "change": unit }))
        }),
        post(ACTS, "a unit is closed", API_STEWARD, |town, _| of_unit(town, json!({ "close": {} }))),
    ]
}

/// A fingerprint that no terminal has.
fn print(town: &mut Town) -> Fingerprint {
    let (number, mut bytes): (u32, _) = (town.fresh("").parse().unwrap(), [0xfe; 32]);
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Fingerprint::from_bytes(bytes)
}

fn terminals() -> Vec<Case> {
    vec![
        get("/api/v1/terminals", "the terminals", API_NETWORK, |_, _| {
            at("/terminals").looking_for("\"management\":true")
        }),
        post("/api/v1/terminals", "a terminal is registered", API_NETWORK, |town, _| {
            let (name, print) = (town.fresh("終端機"), print(town).to_string());
            keyed(town, "/terminals", json!({ "name": name, "fingerprint": print }))
        }),
        post("/api/v1/terminals/{terminal}/remove", "a terminal is removed", API_NETWORK, |town, _| {
            let fingerprint = print(town);
            let terminal = TerminalId::from_bytes(town.house().draw());
            let (name, management) = (Line::new("終端機").unwrap(), false);
            let command = Command::RegisterTerminal { terminal, name, fingerprint, unit: None, management };
            town.house().identity(command).unwrap();
            at(format!("/terminals/{terminal}/remove")).json(json!({}))
        }),
    ]
}

/// A test, which acts nowhere.
const WARNING: &str = "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>CD-9</identifier>\
    <sender>alert@cd.example.gov.tw</sender><sent>2025-01-02T09:00:00+08:00</sent><status>Test</status>\
    <msgType>Alert</msgType><scope>Public</scope></alert>";

fn audit() -> Vec<Case> {
    const ENTRY: &str = "/api/v1/audit/entries/{entry}";
    const BUNDLE: &str = "/api/v1/audit/records/{record}/bundle";
    vec![
        get("/api/v1/audit", "the ledger as it stands", API_AUDIT, |_, _| at("/audit")),
        get("/api/v1/lines", "what an address did", API_AUDIT, |_, _| {
            at("/lines?address=10.1.2.3").looking_for("192.0.2.9")
        }),
        get("/api/v1/lines/bundle", "lines in a bundle", API_AUDIT, |town, _| {
            town.published();
            at("/lines/bundle?address=10.1.2.3")
        }),
        get("/api/v1/lines/query", "a statement in SQL", API_AUDIT, |_, _| {
            at("/lines/query?statement=SELECT+number,+src_ip+FROM+lines").looking_for("10.1.2.4")
        }),
        post("/api/v1/lines", "lines are handed in", API_LINES, |_, _| Sent {
            bytes: Some("<13>a line"),
            ..at("/lines")
        }),
        post("/api/v1/warnings", "a public warning is handed in", API_WARNINGS, |_, _| Sent {
            bytes: Some(WARNING),
            ..at("/warnings")
        }),
        get("/api/v1/lines/{receiver}/{number}", "a line", API_AUDIT, |_, _| {
            at("/lines/syslog-tcp/0").looking_for("192.0.2.9")
        }),
        get("/api/v1/alarms", "alarms that were raised", API_ALARMS, |town, _| {
            town.alarm();
            at("/alarms").looking_for("password_guessing")
        }),
        get("/api/v1/alarms/{alarm}", "one of them", API_ALARMS, |town, _| {
            at(format!("/alarms/{}", town.alarm())).looking_for("password_guessing")
        }),
        post("/api/v1/alarms/{alarm}/acknowledge", "somebody answers for it", API_ALARMS, |town, _| {
            at(format!("/alarms/{}/acknowledge", town.alarm())).json(json!({ "note": "查看中" }))
        }),
        post("/api/v1/alarms/{alarm}/settle", "somebody says that it is over", API_SETTLING, |town, _| {
            at(format!("/alarms/{}/settle", town.alarm())).json(json!({ "reason": "誤報" }))
        }),
        get("/api/v1/responses", "what stands on firewalls", API_RESPONSES, |_, _| {
            at("/responses").looking_for("198.51.100.9")
        }),
        get("/api/v1/sources", "who sends lines", API_AUDIT, |_, _| at("/sources").looking_for("TC-FW-01")),
        get("/api/v1/sources/months/{month}", "what was sent in a month", API_AUDIT, |_, _| {
            at("/sources/months/2025-11").looking_for("10.1.2.3")
        }),
        get("/api/v1/audit/policy", "the policy", API_AUDIT, |_, _| at("/audit/policy")),
        post("/api/v1/audit/verification", "the installation is to be verified", API_AUDIT, |_, _| {
            at("/audit/verification").json(json!({}))
        }),
        get("/api/v1/audit/entries", "entries about a unit", API_AUDIT, |_, _| {
            at("/audit/entries?kind=unit").looking_for("\"kind\":\"unit.created/1\"")
        }),
        get(ENTRY, "of an ordinary record, opened", API_AUDIT, |town, _| {
            let entry = town.entry_of(&town.people.medium.to_string());
            at(format!("/audit/entries/{entry}")).looking_for(ORDINARY)
        }),
        get(ENTRY, "of a record outside the scope", API_AUDIT, |town, _| {
            let entry = town.entry_of(&town.people.violation.to_string());
            at(format!("/audit/entries/{entry}")).looking_for("機房內飲食")
        }),
        get(ENTRY, "of a graded one, which an auditor is not cleared for", API_AUDIT, |town, _| {
            let entry = town.entry_of(&town.people.graded.to_string());
            at(format!("/audit/entries/{entry}")).looking_for(GRADED)
        }),
        get("/api/v1/audit/entries/{entry}/proof", "of a record under seal", API_AUDIT, |town, _| {
            let entry = town.entry_of(&town.people.graded.to_string());
            town.published();
            at(format!("/audit/entries/{entry}/proof"))
        }),
        get(BUNDLE, "of an ordinary record", API_AUDIT, |town, _| {
            town.published();
            at(format!("/audit/records/{}/bundle", town.people.medium))
        }),
        get(BUNDLE, "of a record outside the scope", API_AUDIT_BEYOND, |town, _| {
            town.published();
            at(format!("/audit/records/{}/bundle", town.people.violation))
        }),
    ]
}

/// A session of whoever asks, beside the one they are in.
fn own_session(town: &mut Town, brings: &Brings) -> Sent {
    let person = brings.person.unwrap_or(town.people.operator.person);
    let (_, session) = town.enters(person, false);
    at(format!("/sessions/{}/end", session.id)).json(json!({}))
}

/// A token of whoever asks, made for this.
fn own_token(town: &mut Town, brings: &Brings) -> Sent {
    let person = brings.person.unwrap_or(town.people.operator.person);
    let token = town.new_token(person);
    at(format!("/tokens/{token}/revoke")).json(json!({}))
}

/// A draft of whoever asks.
fn own_draft(town: &mut Town, brings: &Brings) -> Sent {
    let person = brings.person.unwrap_or(town.people.operator.person);
    let form = town.draft(person);
    at("/drafts/forget").json(json!({ "form": form }))
}

fn own() -> Vec<Case> {
    vec![
        get("/api/v1/account", "the owner's factors", API_ACCOUNT, |_, _| at("/account")),
        get("/api/v1/drafts", "the owner's drafts", API_ACCOUNT, |town, brings| {
            town.draft(brings.person.unwrap_or(town.people.operator.person));
            at("/drafts").looking_for("\"form\":\"/registers/medium/new/register\"")
        }),
        post("/api/v1/drafts/forget", "a draft of the owner's", API_ACCOUNT, own_draft),
        get("/api/v1/sessions", "the owner's sessions", API_ACCOUNT, |_, _| {
            at("/sessions").looking_for("\"factors\":[\"passkey\"]")
        }),
        post("/api/v1/sessions/{session}/end", "a session of the owner's", API_ACCOUNT, own_session),
        post("/api/v1/sessions/{session}/end", "another's", API_ANOTHERS, |town, _| {
            let (person, _) = town.newcomer();
            let (_, session) = town.enters(person, false);
            at(format!("/sessions/{}/end", session.id)).json(json!({}))
        }),
        post("/api/v1/sessions/end", "all sessions of the owner's", API_ACCOUNT, |_, _| {
            at("/sessions/end").json(json!({}))
        }),
        get("/api/v1/tokens", "the owner's tokens", API_ACCOUNT, |_, _| {
            at("/tokens").looking_for("\"name\":\"api\"")
        }),
        post("/api/v1/tokens/{token}/revoke", "a token of the owner's", API_ACCOUNT, own_token),
        post("/api/v1/tokens/{token}/revoke", "another's", API_ANOTHERS, |town, _| {
            let (person, _) = town.newcomer();
            let token = town.new_token(person);
            at(format!("/tokens/{token}/revoke")).json(json!({}))
        }),
    ]
}
