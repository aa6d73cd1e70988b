//! The file of alarms: lines that are whole, turned over by size, none lost.

use super::{Bed, alarm, done, later, resolved};
use outlets::Message;
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'), "{text:?}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_message_is_one_line_whatever_senders_wrote() {
    let bed = Bed::new();
    let outlet = bed.outlet("file = { path = \"alarms.jsonl\" }");
    for message in [alarm(41), resolved(41), Message::of_many(&[alarm(42), alarm(43)], 43).unwrap()] {
        assert!(done(outlet.send(&message)).starts_with("written to "));
    }
    let written = lines(&bed.path().join("alarms.jsonl"));
    let what: Vec<&str> = written.iter().filter_map(|line| line["what"].as_str()).collect();
    assert_eq!(what, ["raised", "resolved", "summary"]);
    assert_eq!((&written[0]["alarm"], &written[0]["group"]["src_ip"]), (&41.into(), &"192.0.2.7".into()));
    assert_eq!(written[0]["title"]["zh"], "猜測密碼");
    assert_eq!(written[2]["messages"], 2);
}

#[test]
fn a_file_is_turned_over_by_size_and_the_oldest_goes() {
    let bed = Bed::new();
    let outlet = bed.outlet("file = { path = \"alarms.jsonl\", most_bytes = 4096, keep = 2 }");
    for number in 1..=40 {
        done(outlet.send(&alarm(number)));
    }
    let kept: Vec<Vec<Value>> =
        ["alarms.jsonl.2", "alarms.jsonl.1", "alarms.jsonl"].map(|name| lines(&bed.path().join(name))).into();
    assert!(!bed.path().join("alarms.jsonl.3").exists());
    for name in ["alarms.jsonl.2", "alarms.jsonl.1", "alarms.jsonl"] {
        assert!(fs::metadata(bed.path().join(name)).unwrap().len() <= 4_096);
    }
    let numbers: Vec<u64> = kept.iter().flatten().filter_map(|line| line["alarm"].as_u64()).collect();
    let first = *numbers.first().unwrap();
    assert!(first > 1, "the oldest file is still there");
    assert_eq!(numbers, (first..=40).collect::<Vec<_>>(), "in order, with no gap between files");
}

#[test]
fn what_a_crash_left_of_a_line_does_not_spoil_the_next() {
    let bed = Bed::new();
    let path = bed.path().join("alarms.jsonl");
    let outlet = bed.outlet("file = { path = \"alarms.jsonl\" }");
    done(outlet.send(&alarm(1)));
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"what\":\"rai").unwrap();
    done(outlet.send(&alarm(2)));
    let text = fs::read_to_string(&path).unwrap();
    let read: Vec<Option<Value>> = text.lines().map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(read.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn a_line_that_cannot_be_written_is_not_said_to_be() {
    let bed = Bed::new();
    let outlet = bed.outlet("file = { path = \"missing/alarms.jsonl\" }");
    assert!(later(outlet.send(&alarm(1))).contains("missing/alarms.jsonl"));
    fs::create_dir(bed.path().join("missing")).unwrap();
    done(outlet.send(&alarm(1)));
}

#[test]
fn lines_of_several_threads_do_not_run_into_each_other() {
    let bed = Bed::new();
    let outlet = bed.outlet("file = { path = \"alarms.jsonl\", most_bytes = 16384, keep = 100 }");
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let outlet = &outlet;
            scope.spawn(move || (0..25).for_each(|nth| drop(done(outlet.send(&alarm(thread * 25 + nth))))));
        }
    });
    let mut numbers = Vec::new();
    for entry in fs::read_dir(bed.path()).unwrap() {
        let path = entry.unwrap().path();
        numbers.extend(lines(&path).iter().filter_map(|line| line["alarm"].as_u64()));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}
