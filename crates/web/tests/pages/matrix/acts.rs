//! What is done: forms that open records and take steps, signatures, notices, people, units.

use super::cast::{
    ALARMS, AUDITOR, Cast, HEAD, NETWORK, NOBODY, NOT_THERE, RECORD_OR_ENROLLING, ROLE, SETTLING, SIGNED_IN,
    STEWARD, UNIT, Who,
};
use super::cast::{ENROLLING, MAY};
use super::pages::word;
use super::town::{Brings, GRADED, Sent, Town};
use super::{Case, post};
use axum::http::Method;
use identity::{Command, Fingerprint, Line};
use model::{Clock as _, PersonId, TerminalId};
use std::time::Duration;

pub(super) fn cases() -> Vec<Case> {
    [filing(), signing(), notices(), people(), terminals(), units()].into_iter().flatten().collect()
}

/// A medium as a form enters it.
fn medium(town: &mut Town, level: &str) -> Sent {
    let (code, room) = (town.fresh("F"), town.people.room.to_string());
    Sent::to("/registers/medium/new/register").with(&[
        ("f.code", &code),
        ("f.kind", "tape"),
        ("f.content", GRADED),
        ("f.level", level),
        ("f.room", &room),
        ("f.place", "甲櫃"),
    ])
}

/// The form that approves a room, with the signature of the unit's head: what anybody might send who has come by it.
fn approval(town: &mut Town) -> Sent {
    let (room, head) = (town.proposed(), town.people.head);
    let path = format!("/records/{room}/steps/approve");
    let brings = town.brings(Who::Person(|people| people.head));
    let asked = Sent::to(&path).with(&[("_do", "send:approve")]);
    let page = town.ask(&brings, &Method::POST, &asked).text();
    let form = town.asked.signed(head, &page);
    Sent { path, form, ..Sent::default() }
}

/// The same for several at once.
fn together(town: &mut Town) -> Sent {
    let (rooms, head) = ([town.proposed(), town.proposed()], town.people.head);
    let words: Vec<String> = rooms.iter().map(|room| format!("c={}", word(town, *room))).collect();
    let brings = town.brings(Who::Person(|people| people.head));
    let page = town.ask(&brings, &Method::GET, &Sent::to(format!("/sign?{}", words.join("&")))).text();
    let form = town.asked.signed(head, &page);
    Sent { path: "/sign".to_owned(), form, ..Sent::default() }
}

fn filing() -> Vec<Case> {
    vec![
        post("/tour/enter", "somebody of a sample city, in one that is real", NOT_THERE, |_, _| {
            Sent::to("/tour/enter").with(&[("login", "yeh")])
        }),
        post("/alarms/{alarm}/acknowledge", "somebody answers for an alarm", ALARMS, |town, _| {
            Sent::to(format!("/alarms/{}/acknowledge", town.alarm())).with(&[("note", "查看中")])
        }),
        post("/alarms/{alarm}/acknowledge", "one there is not", NOT_THERE, |_, _| {
            Sent::to("/alarms/99999999/acknowledge")
        }),
        post("/alarms/{alarm}/settle", "somebody says that an alarm is over", SETTLING, |town, _| {
            Sent::to(format!("/alarms/{}/settle", town.alarm())).with(&[("reason", "誤報")])
        }),
        post("/alarms/{alarm}/settle", "one there is not", NOT_THERE, |_, _| {
            Sent::to("/alarms/99999999/settle").with(&[("reason", "誤報")])
        }),
        post("/registers/{register}/new/{step}", "an ordinary medium", SIGNED_IN, |town, _| {
            medium(town, "internal").with(&[("_do", "send:done")])
        }),
        post("/registers/{register}/new/{step}", "a graded medium, to be signed", SIGNED_IN, |town, _| {
            medium(town, "restricted").with(&[("_do", "send:done")])
        }),
        post(
            "/registers/{register}/new/{step}",
            "the form as it stands, for a script",
            SIGNED_IN,
            |town, _| medium(town, "internal").with(&[("_do", "look")]).part("form-body"),
        ),
        post("/registers/{register}/new/{step}", "a step there is not", NOT_THERE, |_, _| {
            Sent::to("/registers/medium/new/nothing")
        }),
        post(
            "/records/{record}/steps/{step}",
            "an ordinary medium is in its place",
            RECORD_OR_ENROLLING,
            |town, _| {
                let medium = town.medium("internal");
                Sent::to(format!("/records/{medium}/steps/seen")).with(&[("_do", "send:done")])
            },
        ),
        post(
            "/records/{record}/steps/{step}",
            "a graded one is, to be signed",
            RECORD_OR_ENROLLING,
            |town, _| {
                let medium = town.medium("restricted");
                let sent = Sent::to(format!("/records/{medium}/steps/seen")).with(&[("_do", "send:done")]);
                sent.looking_for("data-challenge")
            },
        ),
        post("/records/{record}/steps/{step}", "a room is approved, to be signed", HEAD, |town, _| {
            let room = town.proposed();
            let sent = Sent::to(format!("/records/{room}/steps/approve")).with(&[("_do", "send:approve")]);
            sent.looking_for("data-challenge")
        }),
        post("/records/{record}/steps/{step}", "a room is approved, signed by its head", HEAD, |town, _| {
            approval(town)
        }),
        post("/records/{record}/steps/{step}", "a step there is not", NOT_THERE, |town, _| {
            Sent::to(format!("/records/{}/steps/nothing", town.people.room))
        }),
    ]
}

fn signing() -> Vec<Case> {
    vec![post("/sign", "two rooms are approved together, signed by their head", HEAD, |town, _| {
        together(town)
    })]
}

fn notices() -> Vec<Case> {
    vec![
        post("/notices/{notice}/read", "the operator's own", SIGNED_IN, |town, _| {
            Sent::to(format!("/notices/{}/read", town.notice()))
        }),
        post("/notices/{notice}/read", "one there is not", NOT_THERE, |_, _| {
            Sent::to("/notices/99999999/read")
        }),
        post("/notices/read", "all one's own", SIGNED_IN, |_, _| Sent::to("/notices/read")),
        post("/audit/verify", "the installation is to be verified", AUDITOR, |_, _| {
            Sent::to("/audit/verify")
        }),
    ]
}

/// Something about somebody who came today.
fn about(town: &mut Town, act: &str, form: &[(&str, &str)]) -> Sent {
    let (person, _) = town.newcomer();
    Sent::to(format!("/people/{person}/{act}")).with(form)
}

fn registration(town: &mut Town) -> Sent {
    let login = town.fresh("p");
    Sent::to("/people/new").with(&[
        ("name", "李小華"),
        ("title", "科員"),
        ("login", &login),
        ("mail", "lee@house.example"),
        ("unit", "110"),
    ])
}

/// A year from now.
fn next_year(town: &Town) -> model::Instant {
    town.asked.house.clock.now().plus(Duration::from_secs(365 * 86_400))
}

/// The operator's appointment of a newcomer, which nobody has acknowledged yet.
fn appointment(town: &mut Town, act: &str) -> Sent {
    let (deputy, _) = town.newcomer();
    let (operator, until) = (town.people.operator, next_year(town));
    let deputy = testkit::Acting { person: deputy, ..operator };
    let from = town.asked.house.appoint_untold(operator, deputy, until).unwrap();
    let form = [("appointment", format!("{}.{from}", deputy.person))];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Sent::to(format!("/people/{}/{act}", operator.person)).with(&form)
}

/// The role a newcomer holds.
fn holding(town: &Town, person: PersonId) -> String {
    let seen = town.asked.house.desk.seen();
    let held = &seen.roster.person(person).unwrap().holdings[0];
    format!("{}.{}.{}", held.role, held.unit.unwrap(), held.from)
}

fn signed_in_somewhere(town: &mut Town, _: &Brings) -> Sent {
    let (person, _) = town.newcomer();
    town.enters(person, false);
    Sent::to(format!("/people/{person}/sessions"))
}

/// An appointment is acknowledged by those it is between.
const OF_BOTH: Cast = &[
    (NOBODY, Who::Nobody),
    (ENROLLING, Who::Enrolling),
    (ROLE, Who::Person(|people| people.head)),
    (UNIT, Who::Person(|people| people.other_head)),
    (MAY, Who::Person(|people| people.operator)),
];

/// A head ends an appointment of somebody in the unit.
const OF_THE_HEAD: Cast = &[
    (NOBODY, Who::Nobody),
    (ENROLLING, Who::Enrolling),
    (ROLE, Who::Person(|people| people.staff)),
    (UNIT, Who::Person(|people| people.other_head)),
    (MAY, Who::Person(|people| people.head)),
];

fn people() -> Vec<Case> {
    const ACT: &str = "/people/{person}/{act}";
    vec![
        post("/people/new", "somebody is registered", STEWARD, |town, _| registration(town)),
        post(ACT, "what is known of somebody is changed", STEWARD, |town, _| {
            let Sent { form, .. } = registration(town);
            let (person, _) = town.newcomer();
            Sent { path: format!("/people/{person}/change"), form, ..Sent::default() }
        }),
        post(ACT, "a role in the unit is granted", HEAD, |town, _| {
            about(town, "grant", &[("role", "document_keeper"), ("unit", "110")])
        }),
        post(ACT, "a head's role is granted, which is for those above", STEWARD, |town, _| {
            let unit = town.fresh("U");
            let top = town.asked.house.desk.seen().roster.root();
            town.house().unit(&unit, top).unwrap();
            about(town, "grant", &[("role", "unit_head"), ("unit", &unit)])
        }),
        post(ACT, "a role is ended", HEAD, |town, _| {
            let (person, _) = town.newcomer();
            let holding = holding(town, person);
            Sent::to(format!("/people/{person}/end")).with(&[("holding", &holding)])
        }),
        post(ACT, "somebody is cleared for a grade", STEWARD, |town, _| {
            about(town, "clear", &[("grade", "restricted")])
        }),
        post(ACT, "a clearance is withdrawn", STEWARD, |town, _| {
            let (person, _) = town.newcomer();
            let grade = "restricted".parse().unwrap();
            town.house().identity(Command::GrantClearance { person, grade }).unwrap();
            Sent::to(format!("/people/{person}/unclear"))
        }),
        post(ACT, "a deputy is appointed", HEAD, |town, _| {
            about(town, "appoint", &[("deputy", "wang"), ("until", "2026-12-31")])
        }),
        post(ACT, "an appointment is acknowledged by whom it is for", OF_BOTH, |town, _| {
            appointment(town, "acknowledge")
        }),
        post(ACT, "an appointment is revoked", OF_THE_HEAD, |town, _| appointment(town, "revoke")),
        post(ACT, "somebody's sessions are ended", STEWARD, signed_in_somewhere),
        post(ACT, "a token of somebody's application is revoked", STEWARD, |town, _| {
            let (person, _) = town.newcomer();
            let token = town.new_token(person).to_string();
            Sent::to(format!("/people/{person}/token")).with(&[("token", &token)])
        }),
        post(ACT, "somebody leaves", STEWARD, |town, _| about(town, "leave", &[("sure", "1")])),
        post(ACT, "an act there is not", NOT_THERE, |town, _| about(town, "nothing", &[])),
        post(ACT, "somebody there is not", NOT_THERE, |_, _| {
            Sent::to("/people/p_00000000000000000000000000/leave").with(&[("sure", "1")])
        }),
    ]
}

/// A unit that came today.
fn unit(town: &mut Town, act: &str, form: &[(&str, &str)]) -> Sent {
    let (code, top) = (town.fresh("U"), town.asked.house.desk.seen().roster.root());
    let unit = town.house().unit(&code, top).unwrap();
    let fresh = town.fresh("C");
    Sent::to(format!("/units/{unit}/{act}")).with(&[("code", &fresh)]).with(form)
}

/// A fingerprint that no terminal has.
fn print(town: &mut Town) -> String {
    let (number, mut bytes): (u32, _) = (town.fresh("").parse().unwrap(), [0xff; 32]);
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Fingerprint::from_bytes(bytes).to_string()
}

fn terminals() -> Vec<Case> {
    vec![
        post("/outlets/{outlet}/test", "an outlet of alarms is tried", STEWARD, |town, _| {
            town.outlet();
            Sent::to("/outlets/duty/test")
        }),
        post("/outlets/{outlet}/test", "one there is not", NOT_THERE, |_, _| {
            Sent::to("/outlets/nobody/test")
        }),
        post("/move-in/{what}", "units are looked at", STEWARD, |_, _| {
            let table = "[[\"code\",\"zh\",\"en\",\"above\"],[[2,[\"190\",\"甲\",\"A\",\"100\"]]]]";
            Sent::to("/move-in/units").with(&[("table", table), ("_do", "preview")])
        }),
        post("/move-in/{what}", "units are made", STEWARD, |_, _| {
            let table = "[[\"code\",\"zh\",\"en\",\"above\"],[[2,[\"190\",\"甲\",\"A\",\"100\"]]]]";
            Sent::to("/move-in/units").with(&[("table", table), ("_do", "go")])
        }),
        post("/move-in/{what}/report", "what came of it, as a file", STEWARD, |_, _| {
            Sent::to("/move-in/units/report").with(&[("report", "[[\"a\"],[\"=b\"]]")])
        }),
        post("/network/keep", "the drawing of the network is attached to a form", NETWORK, |_, _| {
            Sent::to("/network/keep").with(&[("days", "7")])
        }),
        post("/terminals", "a terminal is registered", NETWORK, |town, _| {
            let (name, print) = (town.fresh("終端機"), print(town));
            Sent::to("/terminals").with(&[("name", &name), ("fingerprint", &print), ("unit", "110")])
        }),
        post("/terminals/{terminal}/remove", "a terminal is removed", NETWORK, |town, _| {
            let print = print(town).parse().unwrap();
            let terminal = TerminalId::from_bytes(town.house().draw());
            let (name, management) = (Line::new("終端機").unwrap(), false);
            let command =
                Command::RegisterTerminal { terminal, name, fingerprint: print, unit: None, management };
            town.house().identity(command).unwrap();
            Sent::to(format!("/terminals/{terminal}/remove"))
        }),
        post("/terminals/{terminal}/remove", "one there is not", NOT_THERE, |_, _| {
            Sent::to("/terminals/t_00000000000000000000000000/remove")
        }),
    ]
}

fn units() -> Vec<Case> {
    const ACT: &str = "/units/{unit}/{act}";
    const NAMES: [(&str, &str); 2] = [("zh", "資訊科"), ("en", "Information Section")];
    vec![
        post(ACT, "a unit below is created", STEWARD, |town, _| unit(town, "create", &NAMES)),
        post(ACT, "a unit is changed", STEWARD, |town, _| {
            unit(town, "change", &[NAMES[0], NAMES[1], ("superior", "100")])
        }),
        post(ACT, "a unit is closed", STEWARD, |town, _| unit(town, "close", &[])),
        post(ACT, "an act there is not", NOT_THERE, |town, _| unit(town, "nothing", &[])),
        post(ACT, "a unit there is not", NOT_THERE, |_, _| {
            Sent::to("/units/u_00000000000000000000000000/close")
        }),
    ]
}
