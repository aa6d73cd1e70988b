//! Public warnings: the real program hears alerts over HTTP and from a folder, raises alarms and opens cases for the room
//! they concern, once, and does nothing for all others; what it heard survives a restart.
//!
//! Source: clause 3.9.1; CAP 1.2.

use crate::LIMIT;
use crate::first_start::{line, token};
use crate::temperature::{now, signs_in};
use casework::Case;
use model::{Instant, PersonId, RecordId};
use regulation::Outcome;
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;
use store::{AlarmRow, StoreError};
use testkit::{House, Program, Running};

const SENDER: &str = "alert@cd.example.gov.tw";

/// Room A stands in one area, B in another.
const SETTINGS: &str = r#"
folder = "inbox"
senders = ["alert@cd.example.gov.tw"]
[[event]]
kind = "air_raid"
names = ["airRaid"]
[[room]]
code = "A"
geocodes = [{ list = "Taiwan_Geocode_103", code = "66000" }]
[[room]]
code = "B"
latitude = 25.05
longitude = 121.55
"#;

/// A city with two rooms, and a token of an operator's that hands in warnings.
struct Town {
    house: House,
    operator: PersonId,
    rooms: [RecordId; 2],
    /// Made when the operator has signed in first.
    token: OnceLock<String>,
}

/// An alert as it is sent.
struct Draft<'d> {
    identifier: &'d str,
    sender: &'d str,
    status: &'d str,
    kind: &'d str,
    about: &'d str,
    code: &'d str,
    /// Minutes from now.
    expires: i64,
}

const RAID: Draft<'static> = Draft {
    identifier: "CD-1",
    sender: SENDER,
    status: "Actual",
    kind: "Alert",
    about: "",
    code: "66000",
    expires: 60,
};

/// A moment as CAP writes it, in Taipei.
fn cap(at: Instant) -> String {
    let there = at.plus(Duration::from_secs(8 * 3_600)).to_string();
    format!("{}+08:00", &there[..19])
}

impl Draft<'_> {
    /// All of a test were sent at one moment, so that they name each other.
    fn text(&self, sent: Instant) -> String {
        let Self { identifier, sender, status, kind, about, code, expires } = self;
        let about = match about.is_empty() {
            true => String::new(),
            false => format!("<references>{sender},{about},{}</references>", cap(sent)),
        };
        let expires = Instant::from_micros(sent.as_micros() + expires * 60_000_000).unwrap();
        let (sent, expires) = (cap(sent), cap(expires));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n\
             <identifier>{identifier}</identifier><sender>{sender}</sender><sent>{sent}</sent><status>{status}</status>\n\
             <msgType>{kind}</msgType><scope>Public</scope>{about}\n<info><event>空襲警報</event><eventCode>\
             <valueName>list</valueName><value>airRaid</value></eventCode><expires>{expires}</expires>\n\
             <headline>請立即避難</headline><area><areaDesc>臺中市</areaDesc><geocode>\
             <valueName>Taiwan_Geocode_103</valueName><value>{code}</value></geocode></area></info>\n</alert>\n"
        )
    }
}

impl Town {
    fn new() -> Self {
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
        let mut house = House::with_pack(37, &regulation::Folder::new(&pack), None).unwrap();
        house.at(&now().minus(Duration::from_secs(60)).to_string()[..16]).unwrap();
        let city = house.unit("100", None).unwrap();
        let unit = house.unit("110", Some(city)).unwrap();
        let head = house.person("lin", "unit_head", unit).unwrap();
        let deputy = house.person("wu", "it_head", unit).unwrap();
        let operator = house.person("kuo", "operator", unit).unwrap();
        let rooms = ["A", "B"].map(|code| {
            let fill = [
                ("code", json!(code)),
                ("name", json!(format!("{code} 機房"))),
                ("place", json!("臺中市政府三樓")),
                ("custodian", json!(operator.person.to_string())),
                ("deputy_custodian", json!(deputy.person.to_string())),
                ("vault", json!(false)),
                ("round_the_clock", json!(true)),
                ("raised_floor", json!(true)),
                ("measures", json!([{ "measure": "lock", "where_it_is": "大門" }])),
            ];
            let room = house.open(operator, "room", "propose", &fill).unwrap();
            house.take(head, room, "approve", Outcome::Approve, &[]).unwrap();
            room
        });
        house.desk.close();
        fs::write(house.folder().path().join("warnings.toml"), SETTINGS).unwrap();
        fs::create_dir(house.folder().path().join("inbox")).unwrap();
        fs::write(house.folder().path().join("data/site.toml"), "host = \"localhost\"\n").unwrap();
        Self { house, operator: operator.person, rooms, token: OnceLock::new() }
    }

    fn path(&self) -> &Path {
        self.house.folder().path()
    }

    fn ward(&self, arguments: &[&str]) -> Program {
        Program::new(env!("CARGO_BIN_EXE_ward"), self.path()).with(arguments)
    }

    fn serves(&self) -> Served<'_> {
        let serve = ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--warnings", "warnings.toml"];
        let server = self.ward(&serve).start().unwrap();
        self.served_by(server)
    }
}

impl Town {
    /// The operator has a token by now.
    fn served_by(&self, server: Running) -> Served<'_> {
        let address = line(&server, |line| line.starts_with("http://localhost:"));
        self.token.get_or_init(|| token(&signs_in(self.path(), "kuo", &address), "warnings"));
        let entries = self.ward(&["ledger", "read", "0..", "--follow", "--data", "data"]).start().unwrap();
        Served { town: self, server, address, entries }
    }
}

/// The city while it is served.
struct Served<'t> {
    town: &'t Town,
    server: Running,
    address: String,
    entries: Running,
}

impl Served<'_> {
    /// Hands in what may be an alert; gives the status and what was answered.
    fn hand_in(&self, text: &str) -> (u16, Json) {
        self.hand_in_as(text, "zh-TW")
    }

    /// The same, answered in a language.
    fn hand_in_as(&self, text: &str, language: &str) -> (u16, Json) {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let answer = ureq::Agent::new_with_config(config)
            .post(format!("{}api/v1/warnings", self.address))
            .header("authorization", format!("Bearer {}", self.town.token.get().unwrap()))
            .header("content-type", "application/cap+xml")
            .header("accept-language", language)
            .send(text.as_bytes());
        let mut answer = answer.unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap())
    }

    /// What came of an alert at the rooms A and B.
    fn came(&self, text: &str) -> [String; 2] {
        let (status, answer) = self.hand_in(text);
        assert_eq!(status, 200, "{answer}");
        ["A", "B"].map(|room| {
            let rooms = answer["rooms"].as_array().unwrap();
            let one = rooms.iter().find(|one| one["room"] == room).unwrap();
            one["came"].as_str().unwrap().to_owned()
        })
    }

    /// Waits for an entry of a kind, about what says a text.
    fn entered(&self, kind: &str, says: &str) -> String {
        let wanted = format!("\"kind\":\"{kind}\"");
        line(&self.entries, |line| line.contains(&wanted) && line.contains(says))
    }

    fn stop(self) {
        let number = self.server.id().to_string();
        assert!(
            Program::new("/bin/kill", "/").with(["-TERM", &number]).run("", LIMIT).unwrap().status.success()
        );
        let ended = self.server.finish(LIMIT).unwrap();
        assert!(ended.status.success(), "{}", ended.errors);
    }
}

/// What the tables hold once the server is gone: alarms, each with its case.
fn found(town: &mut Town) -> Vec<(AlarmRow, Option<Case>)> {
    town.house.open_again().unwrap();
    town.house.at(&now().to_string()[..16]).unwrap();
    town.house.compare().unwrap();
    let alarms = town.house.desk.read::<_, StoreError>(|sql, _| sql.alarms_raised(0, 50)).unwrap();
    let case = |alarm: &AlarmRow| alarm.record.map(|record| town.house.desk.case(record).unwrap().unwrap());
    alarms.into_iter().map(|alarm| (alarm.clone(), case(&alarm))).collect()
}

fn says(alarm: &AlarmRow, field: &str) -> String {
    let found = alarm.name.group.iter().find(|(name, _)| name == field);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

#[test]
fn an_alert_for_the_room_begins_its_procedure_once_and_a_cancel_is_noted_on_the_case() {
    let mut town = Town::new();
    let sent = now();
    let served = town.serves();
    // What is no concern of a room does nothing.
    for (draft, came) in [
        (Draft { identifier: "T-1", status: "Test", ..RAID }, ["not-actual", "not-actual"]),
        (Draft { identifier: "D-1", status: "Draft", ..RAID }, ["not-actual", "not-actual"]),
        (Draft { identifier: "E-1", code: "10000", ..RAID }, ["elsewhere", "elsewhere"]),
        (Draft { identifier: "O-1", expires: 0, ..RAID }, ["expired", "elsewhere"]),
        (Draft { identifier: "S-1", sender: "stranger@example.org", ..RAID }, ["stranger", "stranger"]),
        (
            Draft { identifier: "C-1", kind: "Cancel", about: "CD-0", ..RAID },
            ["nothing-to-end", "nothing-to-end"],
        ),
    ] {
        assert_eq!(served.came(&draft.text(sent)), came, "{}", draft.identifier);
    }
    let broken = RAID.text(sent).replace("</info>", "</inf>");
    for (language, place) in [("zh-TW", "第 6 行"), ("en", "line 6")] {
        let (status, problem) = served.hand_in_as(&broken, language);
        assert_eq!(status, 422);
        assert!(problem["detail"].as_str().unwrap().contains(place), "{problem}");
    }

    assert_eq!(served.came(&RAID.text(sent)), ["act", "elsewhere"]);
    let (_, again) = served.hand_in(&RAID.text(sent));
    assert_eq!((again["known"].as_bool(), again["rooms"][0]["came"].as_str()), (Some(true), Some("act")));
    served.entered("alarm.raised/1", "public_warning");
    served.entered("case.opened/1", "\"form\":\"emergency/");
    served.entered("step.taken/1", "\"form\":\"emergency/");
    // An update goes on; a cancel is heard by the name of the update, and noted on the case.
    let update = Draft { identifier: "CD-2", kind: "Update", about: "CD-1", ..RAID };
    assert_eq!(served.came(&update.text(sent)), ["goes-on", "elsewhere"]);
    let cancel = Draft { identifier: "CD-3", kind: "Cancel", about: "CD-2", ..RAID };
    assert_eq!(served.came(&cancel.text(sent)), ["over", "nothing-to-end"]);
    served.entered("alarm.resolved/1", "public_warning");
    served.entered("step.taken/1", "\"form\":\"emergency/");
    served.stop();

    let found = found(&mut town);
    let [(alarm, Some(case))] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((says(alarm, "room"), says(alarm, "alert")), ("A".to_owned(), "CD-1".to_owned()));
    assert_eq!(alarm.unit, town.house.desk.seen().roster.person(town.operator).map(|person| person.home));
    assert!(alarm.resolved_at.is_some() && alarm.severity == model::Severity::Critical, "{alarm:?}");
    assert_eq!((case.register.as_str(), case.state.as_str()), ("emergency", "running"));
    let held = |field: &str| case.content.0.get(field).cloned().unwrap_or_default();
    assert_eq!(held("room"), json!(town.rooms[0].to_string()));
    assert_eq!((held("kind"), held("drill")), (json!("air_raid"), json!(false)));
    assert_eq!(held("warning"), json!(format!("空襲警報（{SENDER} CD-1）")));
    assert!(held("started_at").is_string(), "the clock runs");
    let taken: Vec<&str> = case.taken.keys().map(|step| step.as_str()).collect();
    assert_eq!(taken, ["plan_drill", "sound", "warning_over"]);
}

#[test]
fn what_was_heard_survives_a_restart_and_an_exercise_plans_a_drill() {
    let mut town = Town::new();
    let sent = now();
    let served = town.serves();
    assert_eq!(served.came(&RAID.text(sent)), ["act", "elsewhere"]);
    served.entered("case.opened/1", "\"form\":\"emergency/");
    served.stop();

    let served = town.serves();
    let (_, again) = served.hand_in(&RAID.text(sent));
    assert_eq!((again["known"].as_bool(), again["rooms"][0]["came"].as_str()), (Some(true), Some("act")));
    // Others come by the folder, whole at once; what is no alert is put aside.
    let put = |name: &str, text: &str| {
        fs::write(town.path().join("new"), text).unwrap();
        fs::rename(town.path().join("new"), town.path().join("inbox").join(name)).unwrap();
    };
    put("1.xml", "<alert>");
    put("2.cap", &Draft { identifier: "X-1", status: "Exercise", ..RAID }.text(sent));
    served.entered("alarm.raised/1", "public_warning_drill");
    served.entered("case.opened/1", "\"form\":\"emergency/");
    for path in ["inbox/refused/1.xml", "inbox/heard/2.cap"] {
        while !town.path().join(path).exists() {
            std::thread::yield_now();
        }
    }
    // An exercise takes nothing back; its own cancel does nothing.
    let cancel = Draft { identifier: "X-2", status: "Exercise", kind: "Cancel", about: "CD-1", ..RAID };
    assert_eq!(served.came(&cancel.text(sent)), ["not-actual", "not-actual"]);
    served.stop();

    let found = found(&mut town);
    let [(raid, Some(real)), (exercise, Some(drill))] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((raid.name.rule.as_str(), raid.resolved_at), ("public_warning", None));
    assert_eq!((exercise.name.rule.as_str(), real.state.as_str()), ("public_warning_drill", "running"));
    let held = |field: &str| drill.content.0.get(field).cloned().unwrap_or_default();
    assert_eq!((drill.register.as_str(), drill.state.as_str()), ("emergency", "planned"));
    assert_eq!(
        (held("drill"), held("kind"), held("started_at")),
        (json!(true), json!("air_raid"), Json::Null)
    );
    assert!(held("planned_for").is_string(), "{drill:?}");
    let verified = town.ward(&["verify", "--data", "data"]).run("", LIMIT).unwrap();
    assert!(verified.status.success(), "{:?} {}", verified.output, verified.errors);
}

#[test]
fn without_settings_nobody_is_believed_and_wrong_ones_are_told_with_their_place() {
    let mut town = Town::new();
    let wrong = SETTINGS.replace("latitude = 25.05\n", "");
    fs::write(town.path().join("wrong.toml"), wrong).unwrap();
    let serve = ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--warnings", "wrong.toml"];
    let refused = town.ward(&serve).run("", LIMIT).unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        refused.errors.contains("wrong.toml:10:1") && refused.errors.contains("緯度與經度須同時填寫"),
        "{}",
        refused.errors
    );

    let server = town.ward(&["serve", "--data", "data", "--listen", "127.0.0.1:0"]).start().unwrap();
    let served = town.served_by(server);
    let (status, answer) = served.hand_in(&RAID.text(now()));
    assert_eq!((status, answer["believed"].as_bool()), (200, Some(false)));
    assert_eq!(
        (answer["rooms"][0]["room"].clone(), answer["rooms"][0]["came"].as_str()),
        (Json::Null, Some("stranger"))
    );
    served.stop();
    assert_eq!(found(&mut town), []);
}
