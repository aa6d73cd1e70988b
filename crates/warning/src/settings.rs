//! `warnings.toml`: whom an installation believes, which events matter, where its rooms stand.
//!
//! Every problem is told with its line and column and with what to write instead.
//! Invariant: without settings nobody is believed and nothing is looked for.
//! Source: `docs/howto/hear-warnings.md`.

use crate::alert::{Info, Point};
use crate::judge::Ours;
use crate::place::Place;
use regulation::{Complaints, Decimal, Form, Node, Problem, Shape, Table, load_single, may, need};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is looked for, whom is believed, and where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// The folder in which alerts are laid; none where they come by HTTP alone.
    pub folder: Option<PathBuf>,
    /// Senders that are believed.
    pub senders: Vec<String>,
    /// Events that are looked for.
    pub events: Vec<Event>,
    /// Rooms.
    pub rooms: Vec<Room>,
}

/// An event that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is to the rules of the pack, such as `air_raid`.
    pub kind: String,
    /// What alerts call it: names, or codes of any list.
    pub names: Vec<String>,
}

/// A room, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// Its code in the register.
    pub code: String,
    /// Where it stands.
    pub place: Place,
}

static FILE: Shape = Shape {
    keys: &[
        may("folder", Form::Text, "投遞警報檔之資料夾", "the folder in which alerts are laid"),
        may("senders", Form::List(&Form::Text), "採信之發送單位（sender）", "senders that are believed"),
        may("event", Form::Tables(&EVENT), "關注之事件", "events that matter"),
        may("room", Form::Tables(&ROOM), "機房所在", "where rooms stand"),
    ],
};

static EVENT: Shape = Shape {
    keys: &[
        need("kind", Form::Id, "規範中之種類", "what it is to the rules of the pack"),
        need(
            "names",
            Form::List(&Form::Text),
            "警報所用之事件名稱或代碼",
            "what alerts call it: event, or a value of eventCode",
        ),
    ],
};

static ROOM: Shape = Shape {
    keys: &[
        need("code", Form::Text, "機房代號", "its code in the register of rooms"),
        may("latitude", Form::Number, "緯度（WGS 84）", "degrees north, WGS 84"),
        may("longitude", Form::Number, "經度（WGS 84）", "degrees east, WGS 84"),
        may("geocodes", Form::Tables(&GEOCODE), "所在地區代碼", "codes of the areas it lies in"),
    ],
};

static GEOCODE: Shape = Shape {
    keys: &[
        need("list", Form::Text, "代碼表（valueName）", "of which list: valueName"),
        need("code", Form::Text, "代碼（value）", "the code: value"),
    ],
};

/// Senders, events, names of all of them, rooms: of each so many, so that all of it is one line.
const MOST: usize = 60;
/// The longest text, in bytes.
const LONGEST: usize = 200;
/// Codes of areas that a room lies in.
const MOST_CODES: usize = 20;

impl Settings {
    /// Reads a file; `path` names it where problems are told, its folder lies relative to `folder`.
    ///
    /// # Errors
    /// Every problem, in order of line and column.
    pub fn read(path: &str, text: &str, folder: &Path) -> Result<Self, Vec<Problem>> {
        load_single(path, text, &FILE, |root, told| {
            let reader = Reader { told };
            Self {
                folder: root.text("folder").map(|name| folder.join(name)),
                senders: reader.texts(root, "senders"),
                events: reader.events(root),
                rooms: reader.rooms(root),
            }
        })
    }

    /// What is looked for at a room; at none where there is no room.
    #[must_use]
    pub fn ours(&self, room: Option<&Room>) -> Ours {
        Ours {
            place: room.map(|room| room.place.clone()).unwrap_or_default(),
            senders: self.senders.clone(),
            events: self.events.iter().flat_map(|event| event.names.iter().cloned()).collect(),
        }
    }

    /// What an event is to the rules of the pack.
    #[must_use]
    pub fn kind_of(&self, info: &Info) -> Option<&str> {
        let is = |name: &String| {
            let named = |said: &str| said.trim().eq_ignore_ascii_case(name);
            named(&info.event) || info.event_codes.iter().any(|(_, code)| named(code))
        };
        self.events.iter().find(|event| event.names.iter().any(is)).map(|event| event.kind.as_str())
    }

    /// Is this sender believed?
    #[must_use]
    pub fn believes(&self, sender: &str) -> bool {
        self.senders.iter().any(|one| one == sender)
    }
}

struct Reader<'a> {
    told: &'a Complaints<'a>,
}

impl Reader<'_> {
    /// Texts that say something, each once.
    fn texts(&self, table: Table<'_>, key: &str) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for node in table.list(key) {
            let Some(text) = node.text().map(str::trim) else { continue };
            if text.is_empty() || text.len() > LONGEST || texts.iter().any(|one| one == text) {
                self.told.tell(
                    node.place(),
                    format!("「{text}」須為 1 至 {LONGEST} 位元組之文字，且不得重複"),
                    format!("{text:?} is to be 1 to {LONGEST} bytes, and to stand here once"),
                );
                continue;
            }
            texts.push(text.to_owned());
        }
        self.few(table, key, texts.len());
        texts
    }

    fn few(&self, table: Table<'_>, key: &str, count: usize) {
        if count > MOST {
            self.told.tell(
                table.place_at(key),
                format!("至多 {MOST} 項"),
                format!("there are {MOST} of them at most"),
            );
        }
    }

    fn events(&self, root: Table<'_>) -> Vec<Event> {
        let (tables, mut known) = (root.tables("event"), BTreeSet::new());
        self.few(root, "event", tables.len());
        let mut event = |table: &Table<'_>| {
            let names = self.texts(*table, "names");
            if names.is_empty() {
                self.told.tell(table.place_at("names"), "至少須有一個名稱", "name at least one");
            }
            for name in &names {
                if !known.insert(name.to_lowercase()) {
                    self.told.tell(
                        table.place_at("names"),
                        format!("「{name}」已屬於另一事件"),
                        format!("{name:?} is one of another event already"),
                    );
                }
            }
            Some(Event { kind: table.text("kind")?.to_owned(), names })
        };
        let events = tables.iter().filter_map(&mut event).collect();
        self.few(root, "event", known.len());
        events
    }

    fn rooms(&self, root: Table<'_>) -> Vec<Room> {
        let (tables, mut codes) = (root.tables("room"), BTreeSet::new());
        self.few(root, "room", tables.len());
        let mut room = |table: &Table<'_>| {
            let code = table.text("code")?.trim().to_owned();
            if code.is_empty() || code.chars().count() > 40 || !codes.insert(code.clone()) {
                self.told.tell(
                    table.place_at("code"),
                    format!("機房代號「{code}」須為 1 至 40 字，且不得重複"),
                    format!("the code {code:?} is to have 1 to 40 letters, and to stand here once"),
                );
            }
            Some(Room { code, place: self.place(*table) })
        };
        tables.iter().filter_map(&mut room).collect()
    }

    fn place(&self, table: Table<'_>) -> Place {
        let codes = table.tables("geocodes");
        if codes.len() > MOST_CODES {
            self.told.tell(
                table.place_at("geocodes"),
                format!("至多 {MOST_CODES} 項"),
                format!("there are {MOST_CODES} of them at most"),
            );
        }
        let geocodes: Vec<(String, String)> = codes
            .iter()
            .filter_map(|one| {
                Some((one.text("list")?.trim().to_owned(), one.text("code")?.trim().to_owned()))
            })
            .collect();
        let degrees = |key: &str, most: f64| {
            let degrees = decimal(table.get(key).and_then(Node::number)?);
            if degrees.abs() > most {
                self.told.tell(
                    table.place_at(key),
                    format!("須在 -{most} 至 {most} 度之間"),
                    format!("it is to be from -{most} to {most} degrees"),
                );
            }
            Some(degrees)
        };
        let (latitude, longitude) = (degrees("latitude", 90.0), degrees("longitude", 180.0));
        if latitude.is_some() != longitude.is_some() {
            self.told.tell(table.place(), "緯度與經度須同時填寫", "latitude and longitude go together");
        }
        let point = latitude.zip(longitude).map(|(latitude, longitude)| Point { latitude, longitude });
        if point.is_none() && geocodes.is_empty() {
            self.told.tell(
                table.place(),
                "須有經緯度或至少一個地區代碼，否則無警報及於此機房",
                "give its latitude and longitude or a geocode: without them no alert concerns it",
            );
        }
        Place { point, geocodes }
    }
}

fn decimal(decimal: Decimal) -> f64 {
    decimal.millionths() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
folder = "inbox"
senders = ["alert@cd.example.gov.tw"]
[[event]]
kind = "air_raid"
names = ["空襲警報", "airRaid"]
[[room]]
code = "A"
latitude = 24.1618
longitude = 120.6469
[[room]]
code = "B"
geocodes = [{ list = "Taiwan_Geocode_103", code = "66000" }]
"#;

    fn read(text: &str) -> Result<Settings, Vec<Problem>> {
        Settings::read("warnings.toml", text, Path::new("/etc/ward"))
    }

    #[test]
    fn settings_are_read_and_without_any_nobody_is_believed() {
        let settings = read(GOOD).unwrap();
        assert_eq!(settings.folder.as_deref(), Some(Path::new("/etc/ward/inbox")));
        assert!(settings.believes("alert@cd.example.gov.tw") && !settings.believes("other@example.org"));
        assert_eq!(settings.rooms[0].place.point.unwrap().latitude, 24.1618);
        assert_eq!(settings.rooms[1].place.geocodes, [("Taiwan_Geocode_103".to_owned(), "66000".to_owned())]);
        let info = Info { event: "AIRRAID".to_owned(), ..Info::default() };
        assert_eq!(settings.kind_of(&info), Some("air_raid"));
        assert_eq!(read("").unwrap(), Settings::default());
        assert!(!Settings::default().believes(""));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (good, bad, place) in [
            ("latitude = 24.1618", "latitude = 124.1618", "9:"),
            ("longitude = 120.6469\n", "", "7:"),
            ("latitude = 24.1618\nlongitude = 120.6469\n", "", "7:"),
            ("code = \"B\"", "code = \"A\"", "12:"),
            ("\"airRaid\"", "\"空襲警報\"", "6:"),
            ("senders =", "sender =", "3:"),
            ("kind = \"air_raid\"", "kind = \"Air raid\"", "5:"),
            ("[\"空襲警報\", \"airRaid\"]", "[]", "6:"),
        ] {
            let problems = read(&GOOD.replace(good, bad)).unwrap_err();
            let first = problems.first().unwrap();
            assert!(
                first.place.to_string().starts_with(&format!("warnings.toml:{place}")),
                "{bad}: {problems:?}"
            );
        }
    }
}
