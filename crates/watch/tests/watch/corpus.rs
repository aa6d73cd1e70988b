//! Lines of real devices: what shows an attack raises its alarm, the rest none.

use super::{begin, texts};
use lines::{Reader, Source};
use std::collections::{BTreeMap, BTreeSet};
use watch::{Change, Line, Rules, Watch};

/// What each file raises. An attack that a device itself reports is one.
const RAISED: [(&str, &[&str]); 20] = [
    ("cef-logs", &["attack_reported"]),
    ("fortinet-vpn-bf", &["password_guessing"]),
    ("iptables-logs", &[]),
    ("iptables-scan-multi-port", &["port_scan"]),
    ("mikrotik-logs", &[]),
    ("opnsense-sshd", &["password_guessing"]),
    ("palo-alto-threat", &["attack_reported"]),
    ("pfsense-rfc5424-filterlog", &[]),
    // Of each source and account fewer failures than make a guesser.
    ("sshd-logs", &[]),
    ("suricata-logs-evelog", &["attack_reported"]),
    ("vendor-bluecoat", &[]),
    // No attack: an administrator logs on over the network, which clause 24.5.5 forbids.
    ("vendor-checkpoint", &["firewall_remote_administration"]),
    ("vendor-cisco-asa", &[]),
    ("vendor-fortinet", &[]),
    ("vendor-junos", &[]),
    // The second of its two lines is an attack that the device stopped.
    ("vendor-junos-bsd", &["attack_reported"]),
    ("vendor-palo-alto", &[]),
    ("vendor-pfsense", &[]),
    ("vendor-unifi", &[]),
    ("windows-logs", &[]),
];

#[test]
fn lines_of_attacks_raise_their_alarms_and_others_none() {
    let texts = texts();
    for (name, wanted) in RAISED {
        let bytes = std::fs::read(format!("../lines/tests/lines/corpus/{name}.log")).unwrap();
        let mut reader = Reader::new();
        // As they came: in the order of their times.
        let mut lines: Vec<_> = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| {
                let time = reader.read(Source::default(), begin(), line).time();
                (time.map_or(begin(), |stamp| stamp.at), line)
            })
            .collect();
        lines.sort_by_key(|(at, _)| *at);
        // Nothing is known of whose lines they are: rules that ask for it wait.
        let mut rules = Rules::new();
        rules.pack(&texts, &BTreeMap::new());
        let mut watch = Watch::new(rules);
        let mut changes = Vec::new();
        for (n, (at, line)) in lines.into_iter().enumerate() {
            watch.tick(at, &mut changes);
            let record = reader.read(Source::default(), at, line);
            watch.line(&Line { receiver: "known", n: n as u64, at, record: &record }, &mut changes);
        }
        let raised = changes.iter().filter_map(|change| match change {
            // Files go on for years; that nothing comes between their lines is no news.
            Change::Raised(alarm) if &*alarm.rule != "silent_firewall" => Some(&*alarm.rule),
            _ => None,
        });
        let raised: BTreeSet<&str> = raised.collect();
        assert_eq!(raised, wanted.iter().copied().collect(), "{name}");
    }
}

#[test]
fn every_file_is_looked_at() {
    let files = std::fs::read_dir("../lines/tests/lines/corpus").unwrap();
    let names = files.filter_map(|file| {
        file.unwrap().file_name().into_string().unwrap().strip_suffix(".log").map(str::to_owned)
    });
    let names: BTreeSet<String> = names.collect();
    assert_eq!(names, RAISED.iter().map(|(name, _)| (*name).to_owned()).collect());
}
