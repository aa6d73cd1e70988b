//! Any bytes at all: what is read of them stays within them.

use super::{SOURCE, files, received};
use lines::{Field, Mark, Reader, Record};
use proptest::prelude::*;

/// Looks at everything a record says.
pub(crate) fn holds(record: &Record<'_>) {
    let line = record.line();
    let mut before = 0;
    for value in record.values() {
        assert!(
            value.place.end() <= line.len() && value.name.end() <= line.len(),
            "{value:?} {:?}",
            String::from_utf8_lossy(line)
        );
        assert!(value.place.start() >= before, "values are in order");
        before = value.place.start();
    }
    let mut end = 0;
    for piece in record.pieces() {
        assert!(piece.place.start() >= end);
        end = piece.place.end();
    }
    for field in Field::ALL {
        let Some(span) = record.span(field) else { continue };
        assert!(!span.is_empty() && span.end() <= line.len(), "{field}");
        assert!(record.plain(field).is_some());
        assert!(
            record.values().iter().any(|value| value.field == Some(field) && value.place == span),
            "{field} is no value"
        );
    }
    assert_eq!(record.src_ip().is_some(), record.span(Field::SrcIp).is_some());
    assert_eq!(record.dst_ip().is_some(), record.span(Field::DstIp).is_some());
    assert!(
        record
            .span(Field::SrcPort)
            .is_none_or(|_| record.number(Field::SrcPort) == record.src_port().map(u64::from))
    );
    assert!(
        record
            .span(Field::DstPort)
            .is_none_or(|_| record.number(Field::DstPort) == record.dst_port().map(u64::from))
    );
    assert!(record.priority().is_none_or(|(facility, severity)| facility < 24 && severity < 8));
    assert!(record.span(Field::Time).is_none() || record.time().is_some());
    assert!(record.body().end() <= line.len());
    let nine = record.nine();
    assert_eq!((nine.begins, nine.ends), (record.begins().is_some(), record.ends().is_some()));
    if let (Some(mark), Some(stamp)) = (record.mark(), record.time()) {
        let marked = if matches!(mark, Mark::On | Mark::Opened) { record.begins() } else { record.ends() };
        assert!(marked.is_some(), "{:?}", stamp.at);
    }
    let _ = (record.duration(), record.text(Field::Message));
}

/// Bytes that mean something to some dialect.
fn meaningful() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: [&str; 44] = [
        "<134>",
        "1 ",
        "Nov 20 10:11:12 ",
        "2026-11-20T10:11:12.1+08:00 ",
        "host ",
        "sshd[1]: ",
        " : ",
        "%ASA-6-302013: ",
        "date=",
        "srcip=",
        "1.2.3.4",
        "2001:db8::1",
        ":80",
        "/80",
        "->",
        "\"",
        "\\",
        "=",
        " ",
        ",",
        ";",
        "|",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        "<",
        ">",
        "CEF:0|",
        "LEEF:2.0|",
        "%%01A/5/B(l):",
        "from ",
        " port ",
        "user ",
        "\0",
        "\u{738b}",
        "filterlog: ",
        "<Event <EventID>",
        "\"event_type\":",
        "[junos@2636.1 ",
        "SRC= PROTO=",
        "duration=1:2.5",
    ];
    let part = prop_oneof![
        4 => (0..WORDS.len()).prop_map(|at| WORDS[at].as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_bytes_come_nothing_is_read_beside_them(line in meaningful()) {
        holds(&Reader::new().read(SOURCE, received(), &line));
    }

    #[test]
    fn bytes_that_mean_nothing_are_read_as_well(line in proptest::collection::vec(any::<u8>(), 0..120)) {
        holds(&Reader::new().read(SOURCE, received(), &line));
    }

    #[test]
    fn a_line_that_was_damaged_is_read_all_the_same(
        which in any::<prop::sample::Index>(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..12, any::<u8>()), 0..4),
    ) {
        let lines: Vec<Vec<u8>> =
            ["corpus", "samples"].into_iter().flat_map(files).flat_map(|(_, lines)| lines).collect();
        let mut line = which.get(&lines).clone();
        for (at, length, byte) in cuts {
            if line.is_empty() {
                break;
            }
            let at = at.index(line.len());
            let end = (at + length).min(line.len());
            line.splice(at..end, [byte]);
        }
        holds(&Reader::new().read(SOURCE, received(), &line));
    }
}

#[test]
fn every_beginning_of_every_line_is_read() {
    let mut reader = Reader::new();
    for line in files("samples").into_iter().flat_map(|(_, lines)| lines) {
        for end in 0..=line.len() {
            holds(&reader.read(SOURCE, received(), &line[..end]));
        }
    }
}
