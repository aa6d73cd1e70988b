//! Lines of real devices: how many give which field, file by file, and those that no dialect reads.

use super::{SOURCE, files, golden, place, received};
use lines::{Dialect, Field, Nine, Reader};
use std::collections::BTreeMap;
use std::fmt::Write as _;

#[test]
fn lines_of_real_devices_are_read_as_the_table_says() {
    let mut text = String::from(HEAD);
    let mut unread = String::new();
    let mut reader = Reader::new();
    for (name, lines) in files("corpus") {
        let (mut dialects, mut fields) = (BTreeMap::new(), BTreeMap::new());
        let (mut nine, mut read) = ([0; 9], 0);
        for (number, line) in lines.iter().enumerate() {
            let record = reader.read(SOURCE, received(), line);
            match record.dialect() {
                Some(dialect) => {
                    read += 1;
                    *dialects.entry(dialect.name()).or_insert(0) += 1;
                }
                None => {
                    let known: Vec<&str> = [Field::Time, Field::Host, Field::App]
                        .into_iter()
                        .filter(|field| record.span(*field).is_some())
                        .map(Field::name)
                        .collect();
                    let line = String::from_utf8_lossy(line);
                    writeln!(
                        unread,
                        "- `{name}` {} ({}): `{}`",
                        number + 1,
                        known.join(", "),
                        line.trim_end()
                    )
                    .unwrap();
                }
            }
            nine.iter_mut().zip(record.nine().all()).for_each(|(sum, one)| *sum += usize::from(one.1));
            let others = Field::ALL.into_iter().skip(6).filter(|field| record.span(*field).is_some());
            others.for_each(|field| *fields.entry(field.name()).or_insert(0) += 1);
        }
        let of = |map: &BTreeMap<&str, usize>| {
            map.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
        };
        write!(text, "| {name} | {} | {read} |", lines.len()).unwrap();
        nine.iter().for_each(|count| write!(text, " {count} |").unwrap());
        writeln!(text, " {} | {} |", of(&dialects), of(&fields)).unwrap();
    }
    writeln!(
        text,
        "\n## Lines that no dialect reads\n\nTheir head is read as far as it is told in brackets.\n\n{}",
        unread.trim_end()
    )
    .unwrap();
    golden(&place("corpus.md"), &text);
}

/// The columns are those of [`Nine::all`].
const HEAD: &str = "# Lines of real devices

Written by `UPDATE_GOLDEN=lines cargo test -p lines`, and compared whenever the tests run.
Each figure is a number of lines of the file in `corpus/`.

| file | lines | read | src_ip | dst_ip | src_port | dst_port | proto | begins | ends | time | action | by | other fields |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

#[test]
fn the_columns_are_the_nine() {
    let names: Vec<&str> = Nine::default().all().into_iter().map(|(name, _)| name).collect();
    assert!(HEAD.contains(&format!("| read | {} | by |", names.join(" | "))));
}

#[test]
fn every_line_is_the_same_with_its_pieces_put_together() {
    let mut reader = Reader::new();
    for (_, line) in files("corpus")
        .into_iter()
        .flat_map(|(name, lines)| lines.into_iter().map(move |line| (name.clone(), line)))
    {
        let record = reader.read(SOURCE, received(), &line);
        let (mut rest, mut at) = (Vec::new(), 0);
        for piece in record.pieces() {
            rest.extend_from_slice(&line[at..piece.place.start()]);
            rest.extend_from_slice(piece.place.within(&line));
            at = piece.place.end();
        }
        rest.extend_from_slice(&line[at..]);
        assert_eq!(rest, line);
    }
}

#[test]
fn a_line_is_read_the_same_whatever_was_read_before() {
    let mut used = Reader::new();
    let lines: Vec<Vec<u8>> =
        ["corpus", "samples"].into_iter().flat_map(files).flat_map(|(_, lines)| lines).collect();
    for line in lines.iter().chain(lines.iter().rev()) {
        let mut fresh = Reader::new();
        let (one, other) = (used.read(SOURCE, received(), line), fresh.read(SOURCE, received(), line));
        assert_eq!(one.dialect(), other.dialect());
        assert_eq!((one.time(), one.mark(), one.priority()), (other.time(), other.mark(), other.priority()));
        assert_eq!((one.begins(), one.ends()), (other.begins(), other.ends()));
        assert_eq!(one.values(), other.values());
        for field in Field::ALL {
            assert_eq!(one.span(field), other.span(field), "{field}");
        }
        assert!(one.dialect().is_none_or(|dialect| Dialect::ALL.contains(&dialect)));
    }
}
