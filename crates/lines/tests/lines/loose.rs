//! Heads are read as `syslog_loose` reads them: of headers made at random without exception, of all our lines but for the
//! reasons that are named here.

use super::{SOURCE, files, received};
use chrono::FixedOffset;
use lines::{Dialect, Field, Reader, Record};
use proptest::prelude::*;
use syslog_loose::{IncompleteDate, Variant, parse_message_with_year_tz};

/// What a reader says of a head; the moment in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    priority: Option<(u8, u8)>,
    at: Option<i64>,
    host: Option<String>,
    app: Option<String>,
    process: Option<String>,
}

fn ours(record: &Record<'_>) -> Said {
    let text = |field| record.text(field).map(|text| String::from_utf8_lossy(text).into_owned());
    Said {
        priority: record.priority(),
        at: record.time().map(|stamp| stamp.at.as_micros()),
        host: text(Field::Host),
        app: text(Field::App),
        process: text(Field::Process),
    }
}

fn theirs(line: &str) -> Said {
    // As it is for us a week after `received`.
    let year = |date: IncompleteDate| if date > (11, 27, 10, 11, 13) { 2025 } else { 2026 };
    let zone = FixedOffset::east_opt(SOURCE.offset);
    let message = parse_message_with_year_tz(line, year, zone, Variant::Either);
    let place = |code: &str, names: &[&str]| names.iter().position(|name| *name == code).unwrap() as u8;
    let priority = message.facility.zip(message.severity).map(|(facility, severity)| {
        (place(facility.as_str(), &FACILITIES), place(severity.as_str(), &SEVERITIES))
    });
    Said {
        priority,
        at: message.timestamp.map(|at| at.timestamp_micros()),
        host: message.hostname.map(str::to_owned),
        app: message.appname.map(str::to_owned),
        process: message.procid.map(|process| process.to_string()),
    }
}

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clockd", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// Why the two may differ about a line; none where they may not.
fn reason(record: &Record<'_>, ours: &Said, theirs: &Said) -> Option<&'static str> {
    let body = record.body().start();
    let head = record.span(Field::Time).filter(|time| time.end() <= body);
    let none = Said { priority: None, at: None, host: None, app: None, process: None };
    Some(if head.is_none() && record.time().is_some() {
        "the body says the time better than the head"
    } else if *theirs == none {
        "they find no head at all: Cisco's numbers, epochs, times without a host, no time"
    } else if ours.app.is_none() && theirs.app.is_some() {
        "they take the first word of a body for a program, be there a colon or not"
    } else if ours.host.is_none() && theirs.host.is_some() {
        "they take the tag behind a time for a host, though there is none"
    } else if ours.process.is_some() && theirs.process.is_none() && ours.app == theirs.app {
        "they read RFC 5424 without a version as RFC 3164"
    } else if record.dialect() == Some(Dialect::Cisco) && (Said { at: theirs.at, ..ours.clone() }) == *theirs
    {
        "they read a time with its year as UTC, be there a zone or not"
    } else if theirs.host.as_ref().is_some_and(|host| host.contains(',')) {
        "access points name themselves with hardware and software, and only their name is a host"
    } else {
        return None;
    })
}

#[test]
fn heads_are_read_as_another_reader_reads_them() {
    let mut reader = Reader::new();
    let (mut differ, mut same) = (Vec::new(), 0);
    for line in ["corpus", "samples"].into_iter().flat_map(files).flat_map(|(_, lines)| lines) {
        let line = String::from_utf8(line).unwrap();
        let record = reader.read(SOURCE, received(), line.as_bytes());
        let (ours, theirs) = (ours(&record), theirs(&line));
        if ours == theirs {
            same += 1;
        } else if reason(&record, &ours, &theirs).is_none() {
            differ.push(format!("{line:.150}\n  ours:   {ours:?}\n  theirs: {theirs:?}"));
        }
    }
    assert!(differ.is_empty(), "{}\n{} differ", differ.join("\n"), differ.len());
    assert!(same > 100, "the two agree about {same} lines only");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn heads_of_rfc_3164_are_read_alike(
        priority in 0u8..192,
        (month, day) in (0usize..12, 1u8..29),
        clock in (0u8..24, 0u8..60, 0u8..60),
        padded: bool,
        host in "[a-z][a-z0-9-]{0,10}(\\.[a-z]{2,5})?",
        app in "[a-z][a-z_-]{0,12}",
        process in proptest::option::of(1u32..99_999),
        body in "[a-z][a-z ,.=]{0,30}[a-z]",
    ) {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let day = if padded { format!("{day:02}") } else { format!("{day:2}") };
        let (hour, minute, second) = clock;
        let process = process.map(|process| format!("[{process}]")).unwrap_or_default();
        let line = format!(
            "<{priority}>{} {day} {hour:02}:{minute:02}:{second:02} {host} {app}{process}: {body}", MONTHS[month]
        );
        let mut reader = Reader::new();
        let record = reader.read(SOURCE, received(), line.as_bytes());
        prop_assert_eq!(ours(&record), theirs(&line), "{}", line);
        prop_assert_eq!(record.body().within(line.as_bytes()), body.as_bytes());
    }

    #[test]
    fn heads_of_rfc_5424_are_read_alike(
        priority in 0u8..192,
        (second, micros) in (1_000_000_000i64..4_000_000_000, 0u32..1_000_000),
        zone in prop_oneof![Just("Z"), Just("+08:00"), Just("-03:30")],
        host in "-|[a-zA-Z0-9.-]{1,20}",
        app in "-|[a-zA-Z0-9./_-]{1,20}",
        process in "-|[1-9][0-9]{0,5}",
        event in "-|[A-Z0-9_]{1,12}",
        data in prop_oneof![
            Just("-"), Just("[a@1]"), Just(r#"[a@1 k="v w"]"#), Just(r#"[a@1 k="\"q\" \\ \]"][b x="1" y=""]"#)
        ],
        body in "[a-z][a-z \\[\\]=\"]{0,30}[a-z]",
    ) {
        let time = model::Instant::from_micros(second * 1_000_000 + i64::from(micros)).unwrap().to_string();
        let line = format!("<{priority}>1 {}{zone} {host} {app} {process} {event} {data} {body}", &time[..26]);
        let mut reader = Reader::new();
        let record = reader.read(SOURCE, received(), line.as_bytes());
        prop_assert_eq!(ours(&record), theirs(&line), "{}", line);
        prop_assert_eq!(record.body().within(line.as_bytes()), body.as_bytes());
    }
}
