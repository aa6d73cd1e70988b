//! Alarms one by one, and a hundred thousand at once.

use super::{begin, hand_in, rules, texts};
use lines::Reader;
use std::time::Duration;
use watch::{Change, Watch};

const ATTACK: &str = r#"{"timestamp":"2026-11-20T10:11:12.129000+0800","flow_id":1,"event_type":"alert","src_ip":"10.A.B.C","src_port":5,"dest_ip":"192.0.2.5","dest_port":80,"proto":"TCP","alert":{"signature":"x","severity":1}}"#;

#[test]
fn an_alarm_that_stands_is_added_to_and_resolved_when_it_is_quiet() {
    let texts = texts();
    let mut watch = Watch::new(rules(&texts));
    let (mut reader, mut changes) = (Reader::new(), Vec::new());
    let line = ATTACK.replace("A.B.C", "0.0.9");
    for n in 0..40 {
        hand_in(&mut watch, &mut reader, n, begin(), &line, &mut changes);
    }
    assert!(matches!(&*changes, [Change::Raised(alarm)] if alarm.count == 1), "{changes:?}");
    watch.tick(begin().plus(Duration::from_secs(1)), &mut changes);
    let [_, Change::Grown(alarm)] = &*changes else { panic!("{changes:?}") };
    assert_eq!((alarm.count, alarm.evidence.len(), alarm.latest.len()), (40, 16, 16));
    assert_eq!((alarm.evidence[0].n, alarm.latest[15].n), (0, 39));
    assert_eq!(alarm.group, [("src_ip".into(), "10.0.0.9".into()), ("dst_ip".into(), "192.0.2.5".into())]);
    changes.clear();
    watch.tick(begin().plus(Duration::from_secs(899)), &mut changes);
    assert!(changes.is_empty(), "{changes:?}");
    watch.tick(begin().plus(Duration::from_secs(900)), &mut changes);
    assert!(matches!(&*changes, [Change::Resolved { alarm, .. }] if alarm.count == 40), "{changes:?}");
    assert_eq!(watch.standing().count(), 0);
}

#[test]
fn a_storm_of_a_hundred_thousand_stays_bounded_and_nothing_is_left_uncounted() {
    let texts = texts();
    let mut watch = Watch::new(rules(&texts));
    let (mut reader, mut changes) = (Reader::new(), Vec::new());
    for n in 0..100_000u64 {
        let line = ATTACK.replace("A.B.C", &format!("{}.{}.{}", n >> 16, n >> 8 & 255, n & 255));
        hand_in(&mut watch, &mut reader, n, begin(), &line, &mut changes);
    }
    let of_rule =
        |change: &Change| matches!(change, Change::Raised(alarm) if &*alarm.rule == "attack_reported");
    assert_eq!(
        changes.iter().filter(|change| of_rule(change)).count(),
        1_001,
        "a thousand, and one for the rest"
    );
    let counted: u64 =
        watch.standing().filter(|alarm| &*alarm.rule == "attack_reported").map(|alarm| alarm.count).sum();
    assert_eq!(counted, 100_000);
    let rest = watch.standing().find(|alarm| alarm.rest).unwrap();
    assert_eq!((rest.count, rest.group.len()), (99_000, 0));
    assert!(watch.kept().all(|(_, groups, _)| groups <= 50_000));
    changes.clear();
    watch.tick(begin().plus(Duration::from_secs(900)), &mut changes);
    let resolved = changes.iter().filter(|change| matches!(change, Change::Resolved { .. })).count();
    assert_eq!(resolved, 1_001);
}

#[test]
fn groups_that_are_kept_in_mind_are_bounded_and_evictions_counted() {
    let texts = texts();
    let mut watch = Watch::new(rules(&texts));
    let (mut reader, mut changes) = (Reader::new(), Vec::new());
    for n in 0..120_000u64 {
        let from = format!("{}.{}.{}", n >> 16, n >> 8 & 255, n & 255);
        let line =
            format!("<38>Nov 20 10:11:12 web-1 sshd[1]: Failed password for lin from 10.{from} port 5 ssh2");
        hand_in(&mut watch, &mut reader, n, begin(), &line, &mut changes);
    }
    let (_, groups, evicted) = watch.kept().find(|(rule, ..)| *rule == "password_guessing").unwrap();
    assert!(groups <= 50_000 && evicted >= 70_000, "{groups} kept, {evicted} evicted");
}
