//! What is remembered of alerts: each is acted on once, at the rooms it concerns, until it is over; a restart knows the same.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use model::Instant;
use proptest::prelude::*;
use std::path::Path;
use warning::{Book, Ended, Entry, Settings, Weighed, read};

const SETTINGS: &str = r#"
senders = ["alert@cd.example.gov.tw"]
[[event]]
kind = "air_raid"
names = ["airRaid"]
[[room]]
code = "A"
geocodes = [{ list = "Taiwan_Geocode_103", code = "66000" }]
[[room]]
code = "B"
geocodes = [{ list = "Taiwan_Geocode_103", code = "63000" }]
"#;

/// An alert: its identifier, what it is, which others it is about, where and until when, of 09:00.
#[derive(Debug, Clone)]
struct Draft {
    identifier: &'static str,
    sender: &'static str,
    status: &'static str,
    kind: &'static str,
    about: Vec<&'static str>,
    code: &'static str,
    effective: &'static str,
    expires: &'static str,
}

const RAID: Draft = Draft {
    identifier: "CD-1",
    sender: "alert@cd.example.gov.tw",
    status: "Actual",
    kind: "Alert",
    about: Vec::new(),
    code: "66000",
    effective: "09:00",
    expires: "12:00",
};

impl Draft {
    fn text(&self) -> String {
        let Self { identifier, sender, status, kind, code, effective, expires, .. } = self;
        let of = |one: &&str| format!("{sender},{one},2026-11-27T09:00:00+08:00");
        let about: Vec<String> = self.about.iter().map(of).collect();
        let about = match about.is_empty() {
            true => String::new(),
            false => format!("<references>{}</references>", about.join(" ")),
        };
        format!(
            "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>{identifier}</identifier>\
             <sender>{sender}</sender><sent>2026-11-27T09:00:00+08:00</sent><status>{status}</status>\
             <msgType>{kind}</msgType><scope>Public</scope>{about}<info><event>空襲警報</event>\
             <eventCode><valueName>list</valueName><value>airRaid</value></eventCode>\
             <effective>2026-11-27T{effective}:00+08:00</effective>\
             <expires>2026-11-27T{expires}:00+08:00</expires><headline>「避難」 \"now\"</headline><area>\
             <areaDesc>臺中市</areaDesc><geocode><valueName>Taiwan_Geocode_103</valueName><value>{code}</value>\
             </geocode></area></info></alert>"
        )
    }
}

/// A book with the lines that it was made of.
#[derive(Default)]
struct Ear {
    book: Book,
    lines: Vec<String>,
    settings: Settings,
}

impl Ear {
    fn new() -> Self {
        let settings = Settings::read("warnings.toml", SETTINGS, Path::new("")).unwrap();
        Self { settings, ..Self::default() }
    }

    fn keep(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        for entry in entries.clone() {
            let line = entry.line().unwrap();
            assert!(line.len() < 65_536 && line.starts_with("{\"warning\":\""), "{line}");
            assert_eq!(Entry::of_line(line.as_bytes()).as_ref(), Some(&entry));
            self.lines.push(line);
            self.book.apply(entry);
        }
        entries
    }

    /// Hears an alert; gives what came of it at A and B, and what was kept of it beside the alert itself.
    fn hear(&mut self, text: &str, time: &str) -> ([String; 2], Vec<Entry>) {
        let alert = read(text.as_bytes()).unwrap();
        let Weighed { parts, entries, stands } =
            self.book.weigh(&alert, (text.as_bytes(), "d1"), &self.settings, at(time));
        self.keep(parts);
        let entries = self.keep(entries);
        let words: Vec<String> = stands.rooms.iter().map(|place| place.came.clone()).collect();
        (words.try_into().unwrap(), entries)
    }

    fn heard(&mut self, draft: &Draft, time: &str) -> [String; 2] {
        self.hear(&draft.text(), time).0
    }

    fn due(&mut self, time: &str) -> Vec<Entry> {
        let due = self.book.due(&self.settings, at(time));
        self.keep(due)
    }

    /// What a restart knows.
    fn again(&self) -> Book {
        let mut book = Book::default();
        self.lines.iter().for_each(|line| book.apply(Entry::of_line(line.as_bytes()).unwrap()));
        book
    }

    /// Rooms at which something holds.
    fn holds(&self) -> Vec<&str> {
        let holds = self.book.concerns().filter(|one| one.ended.is_none());
        holds.map(|one| one.begun.room.as_str()).collect()
    }
}

/// A time of the day in Taipei.
fn at(time: &str) -> Instant {
    let (hour, minute) = time.split_once(':').unwrap();
    let hour: u32 = hour.parse().unwrap();
    format!("2026-11-27T{:02}:{minute}:00.000000Z", hour - 8).parse().unwrap()
}

#[test]
fn an_alert_is_acted_on_once_at_the_rooms_it_concerns_and_a_restart_knows_it() {
    let mut ear = Ear::new();
    let (words, entries) = ear.hear(&RAID.text(), "09:01");
    assert_eq!(words, ["act", "elsewhere"]);
    let [Entry::Heard(_), Entry::Act(about)] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((about.room.as_str(), about.kind.as_str(), about.alert.as_str()), ("A", "air_raid", "CD-1"));
    assert_eq!((about.expires, about.event.as_str()), (at("12:00"), "空襲警報"));
    // Again, and again after a restart: nothing new.
    assert_eq!(ear.hear(&RAID.text(), "09:02"), (["act".to_owned(), "elsewhere".to_owned()], Vec::new()));
    ear.book = ear.again();
    assert_eq!(ear.hear(&RAID.text(), "09:03").1, []);
    assert_eq!(ear.holds(), ["A"]);
    // Its time is up, and it is not acted on once more.
    assert_eq!(ear.due("11:59"), []);
    let over = ear.due("12:00");
    let [Entry::Over(about)] = &over[..] else { panic!("{over:?}") };
    assert_eq!((about.why, about.alert.as_str()), (Some(Ended::Expired), "CD-1"));
    assert_eq!((ear.due("12:01"), ear.holds().len()), (Vec::new(), 0));
    assert_eq!(ear.hear(&RAID.text(), "12:02").1, []);
}

#[test]
fn a_test_a_stranger_and_what_has_expired_hold_nowhere() {
    let mut ear = Ear::new();
    let test = Draft { status: "Test", identifier: "CD-2", ..RAID };
    assert_eq!(ear.heard(&test, "09:01"), ["not-actual", "not-actual"]);
    let stranger = Draft { sender: "other@example.org", ..RAID };
    assert_eq!(ear.heard(&stranger, "09:01"), ["stranger", "stranger"]);
    assert_eq!(ear.heard(&RAID, "12:00"), ["expired", "elsewhere"]);
    assert_eq!(ear.holds().len(), 0);
    assert_eq!((ear.book.heard().count(), ear.book.apart().count()), (2, 1));
    assert_eq!(ear.hear(&stranger.text(), "09:02").1, [], "told once");
    // Once its sender is believed, it was never heard before.
    ear.settings.senders.push("other@example.org".to_owned());
    assert_eq!(ear.heard(&stranger, "09:03"), ["act", "elsewhere"]);
    // Without settings nobody is believed.
    let mut deaf = Ear { settings: Settings::default(), ..Ear::default() };
    let text = RAID.text();
    let weighed = deaf.book.weigh(
        &read(text.as_bytes()).unwrap(),
        (text.as_bytes(), "d1"),
        &deaf.settings,
        at("09:01"),
    );
    assert_eq!(weighed.stands.rooms.iter().map(|one| one.came.as_str()).collect::<Vec<_>>(), ["stranger"]);
    deaf.keep(weighed.entries);
    assert_eq!(deaf.holds().len(), 0);
}

#[test]
fn an_update_goes_on_and_a_cancel_ends_what_it_is_about() {
    let mut ear = Ear::new();
    ear.heard(&RAID, "09:01");
    let update = Draft { identifier: "CD-2", kind: "Update", about: vec!["CD-1"], expires: "13:00", ..RAID };
    let (words, entries) = ear.hear(&update.text(), "09:10");
    assert_eq!(words, ["goes-on", "elsewhere"]);
    let Some(Entry::GoesOn(about)) = entries.last() else { panic!("{entries:?}") };
    assert_eq!((about.alert.as_str(), about.by.as_ref().unwrap().alert.as_str()), ("CD-1", "CD-2"));
    assert_eq!(ear.due("12:30"), [], "it counts for longer now");
    // A drill, or a stranger, takes nothing back.
    let exercise =
        Draft { identifier: "CD-3", status: "Exercise", kind: "Cancel", about: vec!["CD-1"], ..RAID };
    assert_eq!(ear.heard(&exercise, "09:11"), ["not-actual", "not-actual"]);
    assert_eq!(ear.holds(), ["A"]);
    // By the name of the first or of the last.
    ear.book = ear.again();
    let cancel = Draft { identifier: "CD-4", kind: "Cancel", about: vec!["CD-2"], ..RAID };
    let (words, entries) = ear.hear(&cancel.text(), "09:12");
    assert_eq!(words, ["over", "nothing-to-end"]);
    let Some(Entry::Over(about)) = entries.last() else { panic!("{entries:?}") };
    assert_eq!((about.alert.as_str(), about.why), ("CD-1", Some(Ended::Cancelled)));
    assert_eq!(ear.holds().len(), 0);
    for draft in [&RAID, &update] {
        assert_eq!(ear.hear(&draft.text(), "09:13").1, [], "what is over does not begin again");
    }
}

#[test]
fn a_cancel_of_several_ends_all_of_them_and_what_is_moved_away_is_over() {
    let mut ear = Ear::new();
    ear.heard(&RAID, "09:01");
    ear.heard(&Draft { identifier: "CD-2", ..RAID }, "09:01");
    assert_eq!(ear.holds(), ["A", "A"]);
    let moved =
        Draft { identifier: "CD-3", kind: "Update", about: vec!["CD-1", "CD-2"], code: "63000", ..RAID };
    let (words, entries) = ear.hear(&moved.text(), "09:02");
    assert_eq!(words, ["over", "act"]);
    let why: Vec<_> = entries
        .iter()
        .filter_map(|one| if let Entry::Over(about) = one { about.why } else { None })
        .collect();
    assert_eq!(why, [Ended::Replaced, Ended::Replaced]);
    assert_eq!(ear.holds(), ["B"]);
}

#[test]
fn an_exercise_is_a_drill_that_is_over_by_itself() {
    let mut ear = Ear::new();
    let (words, entries) = ear.hear(&Draft { status: "Exercise", ..RAID }.text(), "09:01");
    assert_eq!(words, ["drill", "elsewhere"]);
    assert!(matches!(&entries[..], [Entry::Heard(_), Entry::Drill(_)]), "{entries:?}");
    assert!(ear.book.concerns().all(|one| one.drill));
    assert_eq!(ear.due("12:00").len(), 1);
}

#[test]
fn what_was_taken_back_before_it_came_is_not_acted_on() {
    let mut ear = Ear::new();
    let cancel = Draft { identifier: "CD-2", kind: "Cancel", about: vec!["CD-1"], ..RAID };
    assert_eq!(ear.heard(&cancel, "09:01"), ["nothing-to-end", "nothing-to-end"]);
    ear.book = ear.again();
    assert_eq!(ear.heard(&RAID, "09:02"), ["known", "known"]);
    assert_eq!(ear.holds().len(), 0);
}

#[test]
fn what_counts_later_is_acted_on_when_it_does_unless_it_was_taken_back() {
    let later = Draft { effective: "10:00", ..RAID };
    for restarts in [false, true] {
        let mut ear = Ear::new();
        // An alert that is longer than a part.
        let text = later
            .text()
            .replace("<area>", &format!("<description>{}</description><area>", "長".repeat(9_000)));
        let (words, _) = ear.hear(&text, "09:01");
        assert_eq!(words, ["not-yet", "elsewhere"]);
        if restarts {
            ear.book = ear.again();
        }
        assert_eq!(ear.due("09:59"), []);
        let due = ear.due("10:00");
        assert!(matches!(&due[..], [Entry::Heard(_), Entry::Act(_)]), "{due:?}");
        assert_eq!((ear.due("10:01"), ear.holds()), (Vec::new(), vec!["A"]));
        assert_eq!(ear.book, ear.again());
    }
    let mut ear = Ear::new();
    ear.heard(&later, "09:01");
    ear.heard(&Draft { identifier: "CD-2", kind: "Cancel", about: vec!["CD-1"], ..RAID }, "09:02");
    assert_eq!((ear.due("10:00"), ear.heard(&later, "10:01")[0].as_str()), (Vec::new(), "nothing-to-end"));
    assert_eq!(ear.holds().len(), 0);
}

#[test]
fn what_is_no_alert_is_told_once_and_settings_when_they_change() {
    let mut ear = Ear::new();
    let why = read(b"<alert>\n <x></alert>").unwrap_err();
    assert!(why.told().zh.contains("警報無法解讀"), "{why:?}");
    let entry = ear.book.unreadable(&why, (b"<alert>\n <x></alert>", "d9"), at("09:00")).unwrap();
    ear.keep(vec![entry]);
    assert_eq!(ear.book.unreadable(&why, (b"<alert>\n <x></alert>", "d9"), at("09:01")), None);
    assert_eq!(ear.book.unread().count(), 1);
    let told = ear.book.settings(&ear.settings).unwrap();
    ear.keep(vec![told]);
    assert_eq!(ear.again().settings(&ear.settings), None);
    assert!(ear.again().settings(&Settings::default()).is_some());
    assert_eq!(Book::default().settings(&Settings::default()), None);
}

const NAMES: [&str; 4] = ["CD-1", "CD-2", "CD-3", "CD-4"];

proptest! {
    /// Whatever comes in whatever order, again or not: a restart knows the same, a room has each alert once, and a test or
    /// a stranger never holds.
    #[test]
    fn whatever_comes_a_restart_knows_the_same_and_each_alert_acts_once(
        came in prop::collection::vec((
            prop::sample::select(&NAMES[..]), prop::sample::select(vec!["Actual", "Exercise", "Test"]),
            prop::sample::select(vec!["Alert", "Update", "Cancel"]), prop::collection::vec(prop::sample::select(&NAMES[..]), 0..3),
            prop::sample::select(vec!["66000", "63000", "10000"]), prop::sample::select(vec!["09:00", "09:30"]),
            prop::sample::select(vec!["09:20", "12:00"]), any::<bool>(), 1u8..60,
        ), 1..20),
    ) {
        let mut ear = Ear::new();
        let mut minute = 0;
        for (identifier, status, kind, about, code, effective, expires, known, passed) in came {
            minute = (minute + passed).min(59);
            let time = format!("09:{minute:02}");
            let sender = if known { RAID.sender } else { "other@example.org" };
            ear.heard(&Draft { identifier, sender, status, kind, about, code, effective, expires }, &time);
            ear.due(&time);
            prop_assert_eq!(&ear.book, &ear.again());
        }
        let mut begun: Vec<_> = ear.book.concerns().map(|one| (&one.begun.room, &one.begun.alert, &one.begun.sender)).collect();
        let all = begun.len();
        begun.sort();
        begun.dedup();
        prop_assert_eq!(begun.len(), all);
        prop_assert!(ear.book.concerns().all(|one| one.begun.sender == RAID.sender));
    }
}
