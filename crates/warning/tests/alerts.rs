//! Alerts as they are sent, and what is done about them.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

use model::Instant;
use proptest::prelude::*;
use std::collections::HashMap;
use warning::{
    Alert, Heard, MessageType, Ours, Place, Point, ReadError, Reference, Scope, Status, Verdict, Why, judge,
    read,
};

const RAID: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>CD-2026-0001</identifier><sender>alert@cd.example.gov.tw</sender><sent>2026-11-27T09:00:00+08:00</sent>
  <status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
  <info><language>zh-TW</language><category>Security</category><event>空襲警報</event>
    <urgency>Immediate</urgency><severity>Extreme</severity><certainty>Observed</certainty>
    <eventCode><valueName>profile:CAP-TWP:Event:1.0</valueName><value>airRaid</value></eventCode>
    <expires>2026-11-27T12:00:00+08:00</expires><headline>空襲警報 &amp; 避難</headline>
    <area><areaDesc>臺中市</areaDesc><polygon>24.0,120.4 24.0,121.0 24.4,121.0 24.4,120.4 24.0,120.4</polygon>
      <geocode><valueName>Taiwan_Geocode_103</valueName><value>66000</value></geocode></area>
    <area><areaDesc>外島</areaDesc><circle>26.15,119.93 10</circle></area></info>
</alert>"#;

fn ours() -> Ours {
    Ours {
        place: Place {
            point: Some(Point { latitude: 24.1618, longitude: 120.6469 }),
            geocodes: vec![("Taiwan_Geocode_103".to_owned(), "66000".to_owned())],
        },
        senders: vec!["alert@cd.example.gov.tw".to_owned()],
        events: vec!["AirRaid".to_owned()],
    }
}

fn at(time: &str) -> Instant {
    format!("2026-11-27T{time}:00.000000Z").parse().unwrap()
}

/// What is done about an alert at 09:05, when nothing was heard before.
fn done(text: &str) -> Verdict {
    judge(&read(text.as_bytes()).unwrap(), &ours(), at("01:05"), |_| Heard::Never)
}

fn why(text: &str) -> Why {
    match done(text) {
        Verdict::Nothing(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_alert_is_read_as_it_was_written() {
    let alert = read(RAID.as_bytes()).unwrap();
    assert_eq!((alert.identifier.as_str(), alert.sent), ("CD-2026-0001", at("01:00")));
    let [info] = &*alert.infos else { panic!("{alert:?}") };
    assert_eq!((info.event.as_str(), info.headline.as_str()), ("空襲警報", "空襲警報 & 避難"));
    assert_eq!(info.event_codes, [("profile:CAP-TWP:Event:1.0".to_owned(), "airRaid".to_owned())]);
    assert_eq!((info.areas.len(), info.areas[0].polygons[0].len(), info.areas[1].circles[0].1), (2, 5, 10.0));
    let prefixed = RAID.replace('<', "<c:").replace("<c:/", "</c:").replace("<c:?xml", "<?xml");
    let prefixed = prefixed.replace("xmlns=", "xmlns:c=");
    assert_eq!(read(prefixed.as_bytes()).unwrap(), alert);
}

#[test]
fn only_what_is_actual_public_trusted_here_and_in_force_is_acted_on() {
    assert!(matches!(done(RAID), Verdict::Act(info) if info.headline.contains("避難")));
    for status in Status::ALL.iter().filter(|status| ![Status::Actual, Status::Exercise].contains(status)) {
        let word = format!("<status>{}<", status.word());
        assert_eq!(why(&RAID.replace("<status>Actual<", &word)), Why::NotActual(*status));
    }
    assert_eq!(why(&RAID.replace(">Public<", ">Restricted<")).word(), "not-public");
    assert_eq!(why(&RAID.replace(">Public<", ">Private<")).word(), "not-public");
    assert_eq!(why(&RAID.replace("alert@cd", "alert@other")), Why::Stranger);
    assert_eq!(why(&RAID.replace("T09:00", "T09:11")), Why::FromLater);
    assert_eq!(why(&RAID.replace("airRaid", "typhoon")), Why::OtherEvent);
    let elsewhere = RAID.replace("66000", "63000").replace("24.0,", "25.0,").replace("24.4,", "25.4,");
    assert_eq!(why(&elsewhere), Why::Elsewhere);
    assert_eq!(why(&RAID.replace("T12:00", "T09:05")), Why::Expired);
    let later = "<effective>2026-11-27T09:06:00+08:00</effective><expires>";
    assert_eq!(why(&RAID.replace("<expires>", later)), Why::NotYet);
    for kind in ["Ack", "Error"] {
        assert_eq!(why(&RAID.replace(">Alert<", &format!(">{kind}<"))).word(), "no-warning");
    }
    // Without an end it counts for a day.
    let endless = RAID.replace("<expires>2026-11-27T12:00:00+08:00</expires>", "");
    assert!(matches!(done(&endless), Verdict::Act(_)));
    let alert = read(endless.as_bytes()).unwrap();
    let next_day = at("01:00").plus(std::time::Duration::from_secs(86_400));
    assert_eq!(judge(&alert, &ours(), next_day, |_| Heard::Never), Verdict::Nothing(Why::Expired));
}

#[test]
fn of_an_exercise_a_drill_may_be_planned_and_nothing_is_begun_or_taken_back() {
    let exercise = |text: &str| text.replace(">Actual<", ">Exercise<");
    assert!(matches!(done(&exercise(RAID)), Verdict::Drill(info) if info.headline.contains("避難")));
    // What would not be acted on is no drill either.
    assert_eq!(why(&exercise(RAID).replace("alert@cd", "alert@other")), Why::Stranger);
    assert_eq!(why(&exercise(RAID).replace("T12:00", "T09:05")), Why::Expired);
    // It is planned once, and touches no alert that was acted on.
    let alert = read(exercise(RAID).as_bytes()).unwrap();
    assert_eq!(judge(&alert, &ours(), at("01:05"), |_| Heard::NotActedOn), Verdict::Nothing(Why::Known));
    let first = read(RAID.as_bytes()).unwrap().reference();
    for kind in ["Update", "Cancel"] {
        let alert = read(exercise(&about(kind, "alert@cd")).as_bytes()).unwrap();
        let heard = |one: &Reference| if *one == first { Heard::ActedOn } else { Heard::Never };
        let verdict = judge(&alert, &ours(), at("01:05"), heard);
        assert_eq!(verdict, Verdict::Nothing(Why::NotActual(Status::Exercise)), "{kind}");
    }
}

/// An alert about the first one.
fn about(kind: &str, sender: &str) -> String {
    let references =
        "<references>alert@cd.example.gov.tw,CD-2026-0001,2026-11-27T09:00:00+08:00</references><info>";
    RAID.replace("CD-2026-0001<", "CD-2026-0002<")
        .replace("<info>", references)
        .replace(">Alert<", &format!(">{kind}<"))
        .replace("<sender>alert@cd", &format!("<sender>{sender}"))
}

#[test]
fn what_is_updated_goes_on_and_what_is_cancelled_is_over_by_its_own_sender_alone() {
    let first = read(RAID.as_bytes()).unwrap().reference();
    let heard: HashMap<Reference, Heard> = [(first.clone(), Heard::ActedOn)].into();
    let of = |reference: &Reference| heard.get(reference).copied().unwrap_or(Heard::Never);
    let judged = |text: &str| {
        let mut ours = ours();
        ours.senders.push("other@cd.example.gov.tw".to_owned());
        judge(&read(text.as_bytes()).unwrap(), &ours, at("01:05"), of)
    };
    assert_eq!(judged(RAID), Verdict::Nothing(Why::Known));
    assert!(matches!(judged(&about("Update", "alert@cd")), Verdict::GoesOn(which, _) if which == first));
    assert_eq!(judged(&about("Cancel", "alert@cd")), Verdict::Over(first.clone()));
    assert_eq!(judged(&about("Cancel", "other@cd")), Verdict::Nothing(Why::NothingToEnd));
    assert!(matches!(judged(&about("Update", "other@cd")), Verdict::Act(_)), "it speaks for itself");
    let gone = about("Update", "alert@cd").replace("66000", "63000").replace("24.0,", "25.0,");
    let gone = gone.replace("24.4,", "25.4,");
    assert_eq!(judged(&gone), Verdict::Over(first));
    // Nothing is begun by what only takes back.
    assert_eq!(why(&about("Cancel", "alert@cd")), Why::NothingToEnd);
    assert!(matches!(done(&about("Update", "alert@cd")), Verdict::Act(_)), "the first one was lost");
}

#[test]
fn what_is_no_alert_is_refused_with_its_reason() {
    let refused = |text: &str| read(text.as_bytes()).unwrap_err().why;
    let bomb = format!("<!DOCTYPE alert [<!ENTITY a \"aaaa\">]>{}", RAID.split_once("?>").unwrap().1);
    assert_eq!(refused(&bomb), ReadError::Xml("a document type".to_owned()));
    assert_eq!(refused(&RAID.replace("&amp;", "&a;")), ReadError::Xml("an entity of its own".to_owned()));
    assert_eq!(refused(&RAID.replace("cap:1.2", "cap:1.1")), ReadError::Other);
    assert_eq!(refused(""), ReadError::Other);
    assert_eq!(refused(&format!("{RAID}{}", RAID.split_once("?>").unwrap().1)), ReadError::Other);
    assert_eq!(refused(&RAID.replace("<status>Actual</status>", "")), ReadError::Missing("status"));
    let twice = RAID.replace("<status>", "<status>Test</status><status>");
    assert_eq!(refused(&twice), ReadError::Missing("status"), "one might be read here, the other there");
    assert_eq!(refused(&RAID.replace(">Actual<", ">actual<")), ReadError::Value("status"));
    assert_eq!(refused(&RAID.replace("T09:00:00+08:00", "T01:00:00Z")), ReadError::Value("sent"));
    assert_eq!(refused(&RAID.replace("24.0,120.4 24.0,121.0", "94.0,120.4")), ReadError::Value("polygon"));
    assert_eq!(refused(&RAID.replace("119.93 10", "119.93 -1")), ReadError::Value("circle"));
    assert_eq!(refused(&RAID.replace("<event>空襲警報</event>", "")), ReadError::Missing("event"));
    let deep = RAID.replace("<info>", &format!("{}<info>", "<parameter>".repeat(40)));
    assert_eq!(refused(&deep), ReadError::TooMuch("nesting"));
    let wide = RAID.replace("24.0,120.4 24.0,121.0", &"24.0,120.4 ".repeat(30_000));
    assert_eq!(refused(&wide), ReadError::TooMuch("points"));
    assert_eq!(read(&vec![b' '; warning::LONGEST + 1]).unwrap_err().why, ReadError::TooMuch("bytes"));
    let long = format!("<identifier>{}CD", "x".repeat(256));
    assert_eq!(refused(&RAID.replace("<identifier>CD", &long)), ReadError::Value("identifier"));
    // What is of another name space says nothing of ours.
    let foreign = RAID.replace("<status>Actual</status>", "<x:status xmlns:x=\"urn:x\">Actual</x:status>");
    assert_eq!(refused(&foreign), ReadError::Missing("status"));
}

const TYPES: [MessageType; 5] =
    [MessageType::Ack, MessageType::Alert, MessageType::Cancel, MessageType::Error, MessageType::Update];

proptest! {
    /// Whatever an alert is, it is acted on, takes another's place or takes another back only where everything that is
    /// asked of it holds; and a drill is what would be acted on if it were no exercise.
    #[test]
    fn nothing_is_done_but_where_all_of_it_holds(
        status in prop::sample::select(Status::ALL),
        message_type in prop::sample::select(&TYPES[..]),
        scope in prop::sample::select(vec![Scope::Private, Scope::Public, Scope::Restricted]),
        trusted: bool, looked_for: bool, here: bool,
        effective in prop::option::of(-600i64..600), expires in -600i64..600, sent in -600i64..600,
        heard in prop::sample::select(vec![Heard::Never, Heard::NotActedOn, Heard::ActedOn, Heard::TakenBack]),
        referred in prop::sample::select(vec![Heard::Never, Heard::NotActedOn, Heard::ActedOn, Heard::TakenBack]),
        own: bool,
    ) {
        let now = at("01:05");
        let beside = |seconds: i64| Instant::from_micros(now.as_micros() + seconds * 1_000_000).unwrap();
        let mut alert = read(RAID.as_bytes()).unwrap();
        (alert.status, alert.message_type, alert.scope, alert.sent) = (status, message_type, scope, beside(sent));
        if !trusted {
            alert.sender = "stranger@example.org".to_owned();
        }
        let sender = if own { alert.sender.clone() } else { "other@cd.example.gov.tw".to_owned() };
        let other = Reference { sender, identifier: "CD-2025-0009".to_owned(), sent: beside(-3_600) };
        alert.references = vec![other.clone()];
        let mut info = alert.infos[0].clone();
        if !looked_for {
            info.event_codes.clear();
        }
        if !here {
            info.areas.remove(0);
        }
        (info.effective, info.expires) = (effective.map(beside), Some(beside(expires)));
        alert.infos = vec![info];
        let verdict = |alert: &Alert| {
            let name = alert.reference();
            judge(alert, &ours(), now, |one| if *one == name { heard } else { referred })
        };
        let done = verdict(&alert);

        let believed = scope == Scope::Public && trusted && sent <= 300 && heard == Heard::Never;
        let holds = looked_for && here && effective.is_none_or(|from| from <= 0) && expires > 0;
        let running = own && referred == Heard::ActedOn;
        let warns = matches!(message_type, MessageType::Alert | MessageType::Update);
        let actual = status == Status::Actual && believed;
        match &done {
            Verdict::Act(_) => prop_assert!(actual && warns && holds && !running, "{alert:?}"),
            Verdict::GoesOn(which, _) => {
                prop_assert!(actual && warns && holds && running && *which == other, "{alert:?}");
            }
            Verdict::Over(which) => {
                let ends = message_type == MessageType::Cancel || warns && !holds;
                prop_assert!(actual && running && ends && *which == other, "{alert:?}");
            }
            Verdict::Drill(_) => {
                let exercise = status == Status::Exercise && message_type == MessageType::Alert;
                prop_assert!(exercise && believed && holds, "{alert:?}");
            }
            Verdict::Nothing(_) => prop_assert!(!(actual && warns && holds), "{alert:?}"),
        }
        if status == Status::Exercise && message_type == MessageType::Alert {
            let mut real = alert.clone();
            (real.status, real.references) = (Status::Actual, Vec::new());
            prop_assert_eq!(matches!(done, Verdict::Drill(_)), matches!(verdict(&real), Verdict::Act(_)));
        }
    }

    #[test]
    fn bytes_cut_and_changed_anywhere_never_act_as_anything_but_actual(
        cut in 0usize..2_000, at_byte in 0usize..2_000, byte in any::<u8>(),
    ) {
        let mut bytes = RAID.replace(">Actual<", ">Test<").into_bytes();
        bytes.truncate(bytes.len().saturating_sub(cut % 3 * (cut / 3)));
        if let Some(one) = bytes.get_mut(at_byte) {
            *one = byte;
        }
        if let Ok(alert) = read(&bytes) {
            let acted = !matches!(judge(&alert, &ours(), at("01:05"), |_| Heard::Never), Verdict::Nothing(_));
            prop_assert!(!acted, "{alert:?}");
        }
    }

    #[test]
    fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _: Result<Alert, warning::Unread> = read(&bytes);
    }
}
