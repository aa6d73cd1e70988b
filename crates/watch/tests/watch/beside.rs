//! What comes beside lines and ticks: that somebody settles an alarm, whose accounts there are, that nothing could be
//! received for a while, that the clock went back.

use super::{begin, hand_in, rules, texts};
use lines::Reader;
use model::Instant;
use std::sync::LazyLock;
use std::time::Duration;
use watch::{Alarm, Change, Known, RuleText, Watch};

static TEXTS: LazyLock<Vec<RuleText>> = LazyLock::new(texts);

const FAILED: &str =
    "<38>Nov 20 10:11:12 web-1 sshd[1]: Failed password for lin from 198.51.100.9 port 5 ssh2";
const ACCEPTED: &str =
    "<38>Nov 20 10:11:12 web-1 sshd[1]: Accepted password for lin from 10.1.0.9 port 5 ssh2";
const THROUGH: &str = "<134>Nov 20 10:11:12 fw-1 kernel: accept IN=eth0 OUT=eth1 SRC=10.0.0.9 DST=203.0.113.80 LEN=60 TTL=63 PROTO=TCP SPT=50000 DPT=443";

/// Rules at work, and how many lines they have had.
struct Desk {
    watch: Watch,
    reader: Reader,
    n: u64,
}

impl Desk {
    fn new() -> Self {
        Self { watch: Watch::new(rules(&TEXTS)), reader: Reader::new(), n: 0 }
    }

    fn line(&mut self, after: u64, line: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        hand_in(&mut self.watch, &mut self.reader, self.n, at(after), line, &mut changes);
        self.n += 1;
        changes
    }

    /// Ticks each second of a span.
    fn ticks(&mut self, seconds: std::ops::Range<u64>) -> Vec<Change> {
        let mut changes = Vec::new();
        seconds.for_each(|second| self.watch.tick(at(second), &mut changes));
        changes
    }

    fn settles(&mut self, alarm: &Alarm) -> Vec<Change> {
        let mut changes = Vec::new();
        let group: Vec<(String, String)> =
            alarm.group.iter().map(|(field, value)| (field.to_string(), value.to_string())).collect();
        assert!(self.watch.settle(&alarm.rule, &group, alarm.first, &mut changes));
        assert!(!self.watch.settle(&alarm.rule, &group, alarm.first, &mut changes), "it is over once");
        changes
    }

    fn stands(&self, rule: &str) -> bool {
        self.watch.standing().any(|alarm| &*alarm.rule == rule)
    }
}

fn at(after: u64) -> Instant {
    begin().plus(Duration::from_secs(after))
}

/// The alarms of a rule that were raised.
fn raised(changes: &[Change], rule: &str) -> Vec<Alarm> {
    let raised = changes.iter().filter_map(|change| match change {
        Change::Raised(alarm) if &*alarm.rule == rule => Some(alarm.clone()),
        _ => None,
    });
    raised.collect()
}

#[test]
fn what_is_found_after_an_alarm_was_settled_is_counted_anew() {
    let mut desk = Desk::new();
    let found: Vec<Change> = (0..5).flat_map(|second| desk.line(second, FAILED)).collect();
    let [alarm] = &*raised(&found, "password_guessing") else { panic!("{found:?}") };
    assert!(raised(&desk.line(5, FAILED), "password_guessing").is_empty(), "it stands");
    let over = desk.settles(alarm);
    assert!(matches!(&*over, [Change::Resolved { alarm, .. }] if alarm.count == 6), "{over:?}");
    let found: Vec<Change> = (6..10).flat_map(|second| desk.line(second, FAILED)).collect();
    assert!(raised(&found, "password_guessing").is_empty(), "four more are too few: {found:?}");
    let [again] = &*raised(&desk.line(10, FAILED), "password_guessing") else { panic!("the fifth") };
    assert_eq!(again.first, at(10));
    // One that was raised at another moment is not meant.
    let group = [("src_ip".to_owned(), "198.51.100.9".to_owned())];
    assert!(!desk.watch.settle("password_guessing", &group, alarm.first, &mut Vec::new()));
    assert!(desk.stands("password_guessing"));
}

#[test]
fn who_is_settled_while_silent_is_waited_for_once_they_were_heard_again() {
    let mut desk = Desk::new();
    desk.line(0, THROUGH);
    let changes = desk.ticks(1..1_801);
    let [alarm] = &*raised(&changes, "silent_firewall") else { panic!("{changes:?}") };
    desk.settles(alarm);
    assert!(raised(&desk.ticks(1_801..6_000), "silent_firewall").is_empty());
    desk.line(6_000, THROUGH);
    assert_eq!(raised(&desk.ticks(6_001..7_801), "silent_firewall").len(), 1);
}

#[test]
fn units_of_accounts_and_terminals_count_from_when_they_are_known() {
    let mut desk = Desk::new();
    assert!(raised(&desk.line(0, ACCEPTED), "cross_unit_log_on").is_empty(), "nobody knows whose they are");
    desk.watch.know(Known {
        accounts: [("lin".to_owned(), "tax".to_owned())].into(),
        networks: vec![("10.1.0.0/16".to_owned().try_into().unwrap(), "land".to_owned())],
    });
    assert_eq!(raised(&desk.line(1, ACCEPTED), "cross_unit_log_on").len(), 1);
    // It is a part of the state.
    let state = desk.watch.state().unwrap();
    let again = Watch::resume(rules(&TEXTS), &state, &mut Vec::new()).unwrap();
    assert_eq!(again.known(), desk.watch.known());
    assert_eq!(again.known().unit_of("lin"), Some("tax"));
}

#[test]
fn time_in_which_nothing_could_be_received_raises_no_silence_and_resolves_nothing() {
    let mut desk = Desk::new();
    desk.line(0, THROUGH);
    (0..5).for_each(|second| drop(desk.line(second, FAILED)));
    desk.ticks(5..60);
    assert!(desk.stands("password_guessing"));
    // Down for a day.
    let day = 86_400;
    desk.watch.down(at(day));
    assert!(desk.ticks(day..day + 800).is_empty());
    assert!(desk.stands("password_guessing"), "nobody has looked whether it went on");
    let changes = desk.ticks(day + 800..day + 1_741);
    assert!(!desk.stands("password_guessing"), "a quiet quarter of an hour has passed since");
    assert!(raised(&changes, "silent_firewall").is_empty(), "{changes:?}");
    // A minute was silent before, and twenty-nine are since.
    assert_eq!(raised(&desk.ticks(day + 1_741..day + 1_742), "silent_firewall").len(), 1);
}

#[test]
fn a_clock_that_went_back_does_not_stop_the_time_of_rules() {
    let mut desk = Desk::new();
    let day = 86_400;
    // A day ahead, then right again.
    (0..3).for_each(|second| drop(desk.line(day + second, FAILED)));
    desk.line(day, THROUGH);
    desk.ticks(day..day + 5);
    desk.watch.back(at(10));
    assert_eq!(desk.watch.at(), at(10));
    let found = [desk.line(11, FAILED), desk.line(12, FAILED)].concat();
    assert_eq!(raised(&found, "password_guessing").len(), 1, "what was counted is not lost");
    let changes = desk.ticks(12..1_000);
    assert!(!desk.stands("password_guessing"), "{changes:?}");
    assert!(raised(&desk.ticks(1_000..1_810), "silent_firewall").is_empty());
    assert_eq!(
        raised(&desk.ticks(1_810..1_811), "silent_firewall").len(),
        1,
        "heard of as of when it went back"
    );
    desk.watch.back(at(5_000));
    assert_eq!(desk.watch.at(), at(1_810), "what is no step back is none");
}
