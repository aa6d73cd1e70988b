//! Public warnings: their alarms stand until they are over, and nobody else's lines warn.

use super::{begin, rules, texts};
use lines::{Reader, Source};
use std::time::Duration;
use watch::{Change, Line, WARNINGS, Watch};

const ACT: &str = r#"{"warning":"act","time":"2026-11-20T02:11:12.000000Z","room":"A","kind":"air_raid","event":"空襲警報","sender":"alert@cd.example","alert":"CD-1","sent":"2026-11-20T02:11:00.000000Z","headline":"避難"}"#;
const OVER: &str = r#"{"warning":"over","time":"2026-11-20T04:11:12.000000Z","room":"A","kind":"air_raid","event":"空襲警報","sender":"alert@cd.example","alert":"CD-1","by":{"alert":"CD-3","sent":"2026-11-20T02:12:00.000000Z"},"why":"cancelled"}"#;

#[test]
fn an_alarm_of_a_warning_stands_until_it_is_over_however_quiet_it_is() {
    let texts = texts();
    let mut watch = Watch::new(rules(&texts));
    let (mut reader, mut changes, mut n) = (Reader::new(), Vec::new(), 0);
    let mut say = |watch: &mut Watch, receiver: &str, line: &str, changes: &mut Vec<Change>| {
        let record = reader.read(Source::default(), begin(), line.as_bytes());
        watch.line(&Line { receiver, n, at: begin(), record: &record }, changes);
        n += 1;
    };
    // What comes by another door warns of nothing, whatever it says.
    say(&mut watch, "http", ACT, &mut changes);
    assert!(changes.is_empty(), "{changes:?}");
    // Nothing is over that does not stand.
    say(&mut watch, WARNINGS, OVER, &mut changes);
    assert!(changes.is_empty(), "{changes:?}");
    say(&mut watch, WARNINGS, ACT, &mut changes);
    let [Change::Raised(alarm)] = &*changes else { panic!("{changes:?}") };
    let values: Vec<&str> = alarm.group.iter().map(|(_, value)| &**value).collect();
    assert_eq!(values, ["A", "air_raid", "空襲警報", "alert@cd.example", "CD-1"]);
    changes.clear();
    watch.tick(begin().plus(Duration::from_secs(86_400)), &mut changes);
    assert!(changes.is_empty(), "{changes:?}");
    say(&mut watch, WARNINGS, &ACT.replace("\"act\"", "\"goes-on\""), &mut changes);
    assert!(changes.is_empty(), "{changes:?}");
    say(&mut watch, "http", OVER, &mut changes);
    assert!(changes.is_empty(), "{changes:?}");
    say(&mut watch, WARNINGS, OVER, &mut changes);
    let [Change::Resolved { alarm, .. }] = &*changes else { panic!("{changes:?}") };
    assert_eq!((&*alarm.rule, alarm.count, alarm.evidence.len()), ("public_warning", 3, 3));
    assert_eq!(watch.standing().count(), 0);
}
