//! What is looked at: every page and part of one, every file that is given out.

use super::cast::{
    self, ALARMS, AUDITOR, HEAD, NETWORK, NOT_THERE, OF_THE_UNIT, RECORD_OR_ENROLLING, SIGNED_IN, STEWARD,
};
use super::town::{GRADED, ORDINARY, Sent, Town};
use super::{Case, get};
use model::RecordId;

/// The graded record's code, which is its title. What it holds beside is on no cover.
pub(super) const TITLE: &str = "T1";

fn record(town: &Town, tab: &str) -> Sent {
    Sent::to(format!("/records/{}{tab}", town.people.graded)).looking_for(GRADED)
}

/// One of several to be signed: a room that waits for its head of unit.
pub(super) fn word(town: &Town, room: RecordId) -> String {
    format!("{room}~approve~approve~unit_head.{}.", town.people.head.unit)
}

pub(super) fn cases() -> Vec<Case> {
    [areas(), registers(), records(), people(), audit()].into_iter().flatten().collect()
}

fn areas() -> Vec<Case> {
    vec![
        get("/", "one's own work", SIGNED_IN, |_, _| Sent::to("/")),
        get("/", "its cards alone", SIGNED_IN, |_, _| Sent::to("/").part("work")),
        get("/export", "the same as a file", SIGNED_IN, |_, _| Sent::to("/export?format=csv")),
        get("/search", "a graded record by its code", SIGNED_IN, |_, _| {
            Sent::to(format!("/search?q={TITLE}")).looking_for("href=\"/records/")
        }),
        get("/search", "the same by Ctrl+K", SIGNED_IN, |_, _| {
            Sent::to(format!("/search?q={TITLE}")).part("palette-found").looking_for("href=\"/records/")
        }),
        get("/choose/person", "people by the beginning of an account", SIGNED_IN, |_, _| {
            Sent::to("/choose/person?q=kuo").looking_for("kuo先生")
        }),
        get("/choose/unit", "units by the beginning of a code", SIGNED_IN, |_, _| {
            Sent::to("/choose/unit?q=120").looking_for("120單位")
        }),
        get("/choose/record", "a graded record by its code", SIGNED_IN, |_, _| {
            Sent::to(format!("/choose/record?register=medium&q={TITLE}")).looking_for("r_")
        }),
        get("/tour", "the tour of a city that is real", NOT_THERE, |_, _| Sent::to("/tour")),
        get("/tour/{role}", "that of a role", NOT_THERE, |_, _| Sent::to("/tour/operator")),
        get("/tour/{role}/{step}", "a step of it", NOT_THERE, |_, _| Sent::to("/tour/operator/1")),
        get("/unit", "the units that may be looked at", SIGNED_IN, |_, _| Sent::to("/unit")),
        get("/clauses", "the clause board", SIGNED_IN, |_, _| Sent::to("/clauses")),
        get("/clauses/export", "the clause board as a file", SIGNED_IN, |_, _| {
            Sent::to("/clauses/export?format=csv")
        }),
        get("/clauses/report.pdf", "the report of the month", SIGNED_IN, |_, _| {
            Sent::to("/clauses/report.pdf").looking_for("%PDF-")
        }),
        get("/clauses/report.pdf", "of a month to come", NOT_THERE, |_, _| {
            Sent::to("/clauses/report.pdf?month=2099-01")
        }),
        get("/clauses/{clause}", "a clause", SIGNED_IN, |_, _| Sent::to("/clauses/3.4.2")),
        get("/clauses/{clause}", "one there is not", NOT_THERE, |_, _| Sent::to("/clauses/99")),
        get("/notices", "what one was told: that the operator's medium is gone", SIGNED_IN, |town, _| {
            town.notice();
            Sent::to("/notices").looking_for("不在指定位置")
        }),
        get("/notices/export", "the same as a file", SIGNED_IN, |town, _| {
            town.notice();
            Sent::to("/notices/export?format=csv").looking_for("不在指定位置")
        }),
        get("/events", "what happens meanwhile", SIGNED_IN, |_, _| Sent::to("/events")),
        get("/network", "the drawing of the network", SIGNED_IN, |_, _| Sent::to("/network")),
        get("/network.svg", "the same as SVG", SIGNED_IN, |_, _| Sent::to("/network.svg")),
        get("/network.pdf", "the same as a sheet", SIGNED_IN, |_, _| Sent::to("/network.pdf")),
        get("/rooms", "rooms with their sensors", SIGNED_IN, |_, _| {
            Sent::to("/rooms").looking_for("/rooms/A/A-1")
        }),
        get("/warnings", "public warnings that were heard", SIGNED_IN, |_, _| {
            Sent::to("/warnings").looking_for("Taiwan_Geocode_103 66000")
        }),
        get("/rooms/{room}", "a room of the unit", OF_THE_UNIT, |_, _| {
            Sent::to("/rooms/A").looking_for("/rooms/A/A-1")
        }),
        get("/rooms/{room}", "one there is not", NOT_THERE, |_, _| Sent::to("/rooms/nothing")),
        get("/rooms/{room}/{sensor}", "a sensor of it", OF_THE_UNIT, |_, _| {
            Sent::to("/rooms/A/A-1").looking_for("22.5 °C")
        }),
        get("/rooms/{room}/{sensor}", "one there is not", NOT_THERE, |_, _| Sent::to("/rooms/A/nothing")),
        get("/duties", "what is owed in a month", SIGNED_IN, |_, _| Sent::to("/duties")),
        get("/duties/feed/{token}", "by a token that counts for nothing", cast::ANYONE, |_, _| {
            Sent::to("/duties/feed/nothing.ics")
        }),
        get("/move-in", "what may be moved in", SIGNED_IN, |_, _| Sent::to("/move-in")),
        get("/move-in/{what}", "a register", SIGNED_IN, |_, _| Sent::to("/move-in/register.medium")),
        get("/move-in/{what}", "units", STEWARD, |_, _| Sent::to("/move-in/units")),
        get("/move-in/{what}", "one there is not", NOT_THERE, |_, _| Sent::to("/move-in/nothing")),
        get("/move-in/{what}/template", "its heads, as a file", SIGNED_IN, |_, _| {
            Sent::to("/move-in/register.medium/template")
        }),
        get("/about", "what this is", SIGNED_IN, |_, _| Sent::to("/about")),
        get("/help", "the manual", SIGNED_IN, |_, _| Sent::to("/help")),
        get("/help/{page}", "the page of a role", SIGNED_IN, |_, _| Sent::to("/help/operator")),
        get("/help/{page}", "one there is not", NOT_THERE, |_, _| Sent::to("/help/nothing")),
        get("/help/pictures/{file}", "one of the manual", SIGNED_IN, |_, _| {
            Sent::to("/help/pictures/work.webp")
        }),
        get("/help/pictures/{file}", "one there is not", NOT_THERE, |_, _| {
            Sent::to("/help/pictures/nothing.webp")
        }),
        get("/check", "how the installation stands", STEWARD, |_, _| Sent::to("/check")),
        get("/outlets", "outlets of alarms", STEWARD, |town, _| {
            town.outlet();
            Sent::to("/outlets").looking_for("duty@city.example")
        }),
        get("/sign", "an approval of a room, to be signed with others", HEAD, |town, _| {
            let room = town.proposed();
            Sent::to(format!("/sign?c={}", word(town, room))).looking_for("data-challenge")
        }),
    ]
}

fn registers() -> Vec<Case> {
    vec![
        get("/registers", "all of them", SIGNED_IN, |_, _| Sent::to("/registers")),
        get("/registers/{register}", "a list with a graded record", SIGNED_IN, |_, _| {
            Sent::to(format!("/registers/medium?q={TITLE}")).looking_for("href=\"/records/")
        }),
        get("/registers/{register}", "the same, with what is no cover", SIGNED_IN, |_, _| {
            Sent::to("/registers/medium?q=T&columns=title&columns=content").looking_for(GRADED)
        }),
        get("/registers/{register}", "the table of it alone", SIGNED_IN, |_, _| {
            Sent::to(format!("/registers/medium?q={TITLE}")).part("list").looking_for("href=\"/records/")
        }),
        get("/registers/{register}", "one there is not", NOT_THERE, |_, _| Sent::to("/registers/nothing")),
        get("/registers/{register}/export", "a list with a graded record, as a file", SIGNED_IN, |_, _| {
            Sent::to(format!("/registers/medium/export?format=csv&q={TITLE}&columns=content"))
                .looking_for(GRADED)
        }),
        get("/registers/{register}/export", "the same on paper", SIGNED_IN, |_, _| {
            Sent::to(format!("/registers/medium/export?format=pdf&q={TITLE}")).looking_for("%PDF-")
        }),
        get("/registers/{register}/labels.pdf", "labels, one of a graded record", SIGNED_IN, |_, _| {
            Sent::to(format!("/registers/medium/labels.pdf?q={TITLE}")).looking_for("%PDF-")
        }),
        get("/registers/{register}/labels.pdf", "in a layout there is not", NOT_THERE, |_, _| {
            Sent::to("/registers/medium/labels.pdf?layout=x")
        }),
        get("/registers/{register}/blank.pdf", "the empty form", SIGNED_IN, |_, _| {
            Sent::to("/registers/medium/blank.pdf").looking_for("%PDF-")
        }),
        get("/registers/{register}/blank.pdf", "of a register there is not", NOT_THERE, |_, _| {
            Sent::to("/registers/nothing/blank.pdf")
        }),
        get("/registers/{register}/new", "how a medium is entered", SIGNED_IN, |_, _| {
            Sent::to("/registers/medium/new")
        }),
        get("/registers/{register}/new/{step}", "the form that enters a medium", SIGNED_IN, |_, _| {
            Sent::to("/registers/medium/new/register")
        }),
        get("/registers/{register}/new/{step}", "one there is not", NOT_THERE, |_, _| {
            Sent::to("/registers/medium/new/nothing")
        }),
    ]
}

fn records() -> Vec<Case> {
    vec![
        get("/records/{record}", "a graded one", RECORD_OR_ENROLLING, |town, _| record(town, "")),
        get("/records/{record}", "one there is not", NOT_THERE, |_, _| {
            Sent::to("/records/r_00000000000000000000000000")
        }),
        get("/records/{record}", "what is no name of one", NOT_THERE, |_, _| Sent::to("/records/x")),
        get("/records/{record}", "an ordinary one of the unit", OF_THE_UNIT, |town, _| {
            Sent::to(format!("/records/{}", town.people.violation)).looking_for("機房內飲食")
        }),
        get("/records/{record}/linked", "of a graded one", RECORD_OR_ENROLLING, |town, _| {
            record(town, "/linked")
        }),
        get("/records/{record}/evidence", "of a graded one", RECORD_OR_ENROLLING, |town, _| {
            record(town, "/evidence")
        }),
        get("/records/{record}/signatures", "of a graded one", RECORD_OR_ENROLLING, |town, _| {
            record(town, "/signatures")
        }),
        get("/records/{record}/history", "of a graded one", RECORD_OR_ENROLLING, |town, _| {
            record(town, "/history")
        }),
        get("/records/{record}/print", "a graded one on paper", RECORD_OR_ENROLLING, |town, _| {
            record(town, "/print")
        }),
        get("/records/{record}/paper.pdf", "a graded one as PDF", RECORD_OR_ENROLLING, |town, _| Sent {
            looked_for: Some("%PDF-".to_owned()),
            ..record(town, "/paper.pdf")
        }),
        get("/records/{record}/paper.pdf", "one there is not", NOT_THERE, |_, _| {
            Sent::to("/records/r_00000000000000000000000000/paper.pdf")
        }),
        get("/records/{record}/signatures.xml", "of a graded one", RECORD_OR_ENROLLING, |town, _| Sent {
            looked_for: Some("urn:ward:signatures:1".to_owned()),
            ..record(town, "/signatures.xml")
        }),
        get("/records/{record}/incident", "the report of an incident", OF_THE_UNIT, |town, _| {
            Sent::to(format!("/records/{}/incident", town.people.incident)).looking_for("公文伺服器")
        }),
        get("/records/{record}/incident", "of what is no incident", NOT_THERE, |town, _| {
            Sent::to(format!("/records/{}/incident", town.people.violation))
        }),
        get("/records/{record}/incident/stix", "the same for machines", OF_THE_UNIT, |town, _| {
            Sent::to(format!("/records/{}/incident/stix", town.people.incident)).looking_for("公文伺服器")
        }),
        get("/records/{record}/files/{digest}", "a file of the unit's", OF_THE_UNIT, |town, _| {
            Sent::to(format!("/records/{}/files/{}", town.people.violation, town.evidence().1))
                .looking_for("走道無人")
        }),
        get(
            "/records/{record}/files/{digest}",
            "the same file, asked of another record",
            NOT_THERE,
            |town, _| {
                Sent::to(format!("/records/{}/files/{}", town.people.graded, town.evidence().1))
                    .looking_for("走道無人")
            },
        ),
        get("/records/{record}/steps/{step}", "a step on a graded one", RECORD_OR_ENROLLING, |town, _| {
            record(town, "/steps/move")
        }),
        get("/records/{record}/steps/{step}", "the decision on a room", HEAD, |town, _| {
            Sent::to(format!("/records/{}/steps/approve", town.proposed())).looking_for("第一機房")
        }),
        get("/records/{record}/steps/{step}", "a step that is not to be taken now", NOT_THERE, |town, _| {
            Sent::to(format!("/records/{}/steps/approve", town.people.room))
        }),
    ]
}

fn people() -> Vec<Case> {
    vec![
        get("/people", "all of them", SIGNED_IN, |_, _| Sent::to("/people").looking_for("kuo先生")),
        get("/people/export", "the same as a file", SIGNED_IN, |_, _| {
            Sent::to("/people/export?format=csv").looking_for("kuo先生")
        }),
        get("/people/new", "the form that registers somebody", STEWARD, |_, _| Sent::to("/people/new")),
        get("/people/{person}", "somebody of the unit, with how to reach them", SIGNED_IN, |town, _| {
            Sent::to(format!("/people/{}", town.people.operator.person)).looking_for("chen@house.example")
        }),
        get("/people/{person}", "what may be done about somebody: that they leave", STEWARD, |town, _| {
            Sent::to(format!("/people/{}", town.people.staff.person)).looking_for("/leave\"")
        }),
        get("/people/{person}", "what may be done about somebody: a token of theirs", STEWARD, |town, _| {
            let (person, _) = town.newcomer();
            town.new_token(person);
            Sent::to(format!("/people/{person}")).looking_for("/token\"")
        }),
        get("/people/{person}", "what may be done about somebody: a role in the unit", HEAD, |town, _| {
            Sent::to(format!("/people/{}", town.people.staff.person)).looking_for("/grant\"")
        }),
        get("/people/{person}", "somebody there is not", NOT_THERE, |_, _| {
            Sent::to("/people/p_00000000000000000000000000")
        }),
        get("/terminals", "machines known by their certificates", NETWORK, |_, _| {
            Sent::to("/terminals").looking_for("/remove\"")
        }),
        get("/units", "the tree", SIGNED_IN, |_, _| Sent::to("/units")),
        get("/units/export", "the same as a file", SIGNED_IN, |_, _| Sent::to("/units/export?format=csv")),
        get("/units/{unit}", "a unit, with who belongs to it", SIGNED_IN, |town, _| {
            Sent::to(format!("/units/{}", town.people.unit)).looking_for("chen先生")
        }),
        get("/units/{unit}", "what may be done about a unit", STEWARD, |town, _| {
            Sent::to(format!("/units/{}", town.people.unit)).looking_for("/change\"")
        }),
        get("/units/{unit}", "one there is not", NOT_THERE, |_, _| {
            Sent::to("/units/u_00000000000000000000000000")
        }),
    ]
}

fn audit() -> Vec<Case> {
    vec![
        get("/audit", "the ledger as it stands", AUDITOR, |_, _| Sent::to("/audit")),
        get("/trace", "where lines are looked for", AUDITOR, |_, _| Sent::to("/trace")),
        get("/trace", "what an address did", AUDITOR, |_, _| {
            Sent::to("/trace?q=10.1.2.3").looking_for("192.0.2.9")
        }),
        get("/trace/export", "the same as a file", AUDITOR, |_, _| {
            Sent::to("/trace/export?q=10.1.2.3&format=csv").looking_for("192.0.2.9")
        }),
        get("/trace/bundle", "lines in a bundle", AUDITOR, |town, _| {
            town.published();
            Sent::to("/trace/bundle?q=10.1.2.3")
        }),
        get("/trace/overview", "what an address did as a whole", AUDITOR, |_, _| {
            Sent::to("/trace/overview?q=10.1.2.3").looking_for("192.0.2.9")
        }),
        get("/trace/sql", "where lines are asked in SQL", AUDITOR, |_, _| Sent::to("/trace/sql")),
        get("/trace/sql", "a statement", AUDITOR, |_, _| {
            Sent::to("/trace/sql?q=SELECT+number,+src_ip+FROM+lines").looking_for("10.1.2.4")
        }),
        get("/trace/sql/export", "the same as a file", AUDITOR, |_, _| {
            Sent::to("/trace/sql/export?q=SELECT+number,+src_ip+FROM+lines&format=csv")
                .looking_for("10.1.2.4")
        }),
        get("/trace/lines/{receiver}/{number}", "a line", AUDITOR, |_, _| {
            Sent::to("/trace/lines/syslog-tcp/0").looking_for("192.0.2.9")
        }),
        get("/trace/lines/{receiver}/{number}", "one there is not", AUDITOR_NOT, |_, _| {
            Sent::to("/trace/lines/syslog-tcp/99")
        }),
        get("/alarms", "alarms that were raised", ALARMS, |town, _| {
            town.alarm();
            Sent::to("/alarms").looking_for("同一來源猜測密碼")
        }),
        get("/alarms/export", "the same as a file", ALARMS, |town, _| {
            town.alarm();
            Sent::to("/alarms/export?format=csv").looking_for("同一來源猜測密碼")
        }),
        get("/alarms/wall", "those that stand, on a wall", ALARMS, |town, _| {
            town.alarm();
            Sent::to("/alarms/wall").looking_for("同一來源猜測密碼")
        }),
        get("/alarms/{alarm}", "one of them", ALARMS, |town, _| {
            Sent::to(format!("/alarms/{}", town.alarm())).looking_for("同一來源猜測密碼")
        }),
        get("/alarms/{alarm}", "one there is not", NOT_THERE, |_, _| Sent::to("/alarms/99999999")),
        get("/responses", "what stands on firewalls", AUDITOR, |_, _| {
            Sent::to("/responses").looking_for("198.51.100.9")
        }),
        get("/sources", "who sends lines", AUDITOR, |_, _| Sent::to("/sources").looking_for("TC-FW-01")),
        get("/sources/export", "the same as a file", AUDITOR, |_, _| {
            Sent::to("/sources/export?format=csv").looking_for("TC-FW-01")
        }),
        get("/sources/month", "what was sent in a month", AUDITOR, |_, _| {
            Sent::to("/sources/month?month=2025-11").looking_for("10.1.2.3")
        }),
        get("/sources/month", "a month there is not", AUDITOR_NOT, |_, _| {
            Sent::to("/sources/month?month=2025-13")
        }),
        get("/sources/month/export", "the same as a file", AUDITOR, |_, _| {
            Sent::to("/sources/month/export?month=2025-11&format=csv").looking_for("10.1.2.3")
        }),
        get("/audit/entries", "its entries", AUDITOR, |_, _| Sent::to("/audit/entries")),
        get("/audit/entries", "the way to one by its number", AUDITOR, |_, _| {
            Sent::to("/audit/entries?number=3")
        }),
        get("/audit/entries/export", "its entries as a file", AUDITOR, |_, _| {
            Sent::to("/audit/entries/export?format=csv&kind=person")
        }),
        get("/audit/entries/{entry}", "of an ordinary record, opened", AUDITOR, |town, _| {
            let entry = town.entry_of(&town.people.medium.to_string());
            Sent::to(format!("/audit/entries/{entry}")).looking_for(ORDINARY)
        }),
        get(
            "/audit/entries/{entry}",
            "of a graded one, which an auditor is not cleared for",
            AUDITOR,
            |town, _| {
                let entry = town.entry_of(&town.people.graded.to_string());
                Sent::to(format!("/audit/entries/{entry}")).looking_for(GRADED)
            },
        ),
        get("/audit/entries/{entry}", "that the graded one was read", AUDITOR, |town, _| {
            Sent::to(format!("/audit/entries/{}", town.reading())).looking_for("restricted")
        }),
        get("/audit/entries/{entry}", "of a person, whose data is theirs", AUDITOR, |town, _| {
            let entry = town.entry_of(&town.people.staff.person.to_string());
            Sent::to(format!("/audit/entries/{entry}")).looking_for("wang@house.example")
        }),
        get("/audit/entries/{entry}", "one there is not", AUDITOR_NOT, |_, _| {
            Sent::to("/audit/entries/99999999")
        }),
        get("/audit/entries/{entry}/proof", "of a record under seal", AUDITOR, |town, _| {
            let entry = town.entry_of(&town.people.graded.to_string());
            town.published();
            Sent::to(format!("/audit/entries/{entry}/proof"))
        }),
        get("/audit/entries/{entry}/proof", "that the graded one was read", AUDITOR, |town, _| {
            let entry = town.reading();
            town.published();
            Sent::to(format!("/audit/entries/{entry}/proof"))
        }),
        get("/audit/records/{record}/bundle", "of an ordinary record", AUDITOR, |town, _| {
            town.published();
            Sent::to(format!("/audit/records/{}/bundle", town.people.medium))
        }),
        get(
            "/audit/records/{record}/bundle",
            "of a graded one, which an auditor is not cleared for",
            AUDITOR_NOT,
            |town, _| {
                town.published();
                Sent::to(format!("/audit/records/{}/bundle", town.people.graded))
            },
        ),
        get("/audit/policy", "by what auditors judge", AUDITOR, |_, _| Sent::to("/audit/policy")),
    ]
}

/// What even an auditor does not find.
const AUDITOR_NOT: cast::Cast =
    &[(cast::NOBODY, cast::Who::Nobody), ("an auditor", cast::Who::Person(|people| people.auditor))];
