//! What is read of a line of each kind that a dialect knows, as texts to be read by people; and the table of the nine
//! fields in `docs/lines.md`, which follows from them.

use super::{SOURCE, files, golden, place, received};
use lines::{Dialect, Mark, Nine, Reader, Record};
use std::fmt::Write as _;
use std::path::Path;

#[test]
fn each_dialect_reads_its_samples_as_committed() {
    let mut reader = Reader::new();
    for (name, lines) in files("samples") {
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            let record = reader.read(SOURCE, received(), line);
            assert_eq!(
                record.dialect().map(Dialect::name),
                Some(name.as_str()),
                "line {} of {name}",
                number + 1
            );
            told(&mut text, number + 1, &record);
        }
        golden(&place(&format!("samples/{name}.txt")), &text);
    }
}

#[test]
fn every_dialect_has_samples() {
    let files = files("samples");
    for dialect in Dialect::ALL {
        assert!(files.iter().any(|(name, lines)| name == dialect.name() && !lines.is_empty()), "{dialect}");
    }
    assert_eq!(files.len(), Dialect::ALL.len());
}

/// Everything a record says, one thing a line.
fn told(text: &mut String, number: usize, record: &Record<'_>) {
    let mark = match record.mark() {
        Some(Mark::On) => ", comes",
        Some(Mark::Off) => ", goes",
        Some(Mark::Opened) => ", opened",
        Some(Mark::Closed) => ", closed",
        None => "",
    };
    writeln!(text, "line {number}: {} of 9{mark}", record.nine().count()).unwrap();
    if let Some((facility, severity)) = record.priority() {
        writeln!(text, "  facility {facility}, severity {severity}").unwrap();
    }
    let stamp = record.time();
    for (name, at) in
        [("time", stamp.map(|stamp| stamp.at)), ("begins", record.begins()), ("ends", record.ends())]
    {
        let doubted =
            if name == "time" && stamp.is_some_and(|stamp| stamp.doubted) { ", doubted" } else { "" };
        if let Some(at) = at {
            writeln!(text, "  ={name}: {at}{doubted}").unwrap();
        }
    }
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for value in record.values() {
        let name = match value.field {
            Some(field) if record.span(field) == Some(value.place) => {
                let plain = record.plain(field).unwrap();
                writeln!(text, "  {field}: {}", said(&plain)).unwrap();
                continue;
            }
            Some(field) => format!("({field})"),
            None => said(value.name.within(record.line())),
        };
        writeln!(text, "    {name}: {}", said(value.place.within(record.line()))).unwrap();
    }
}

const BEGIN: &str = "<!-- the nine, by UPDATE_GOLDEN=lines -->\n";
const END: &str = "<!-- end of the nine -->\n";

#[test]
fn the_table_of_the_nine_fields_is_what_the_samples_give() {
    let mut table = String::from("| dialect |");
    for (name, _) in Nine::default().all() {
        write!(table, " {name} |").unwrap();
    }
    table.push_str("\n|---|---|---|---|---|---|---|---|---|---|\n");
    let mut reader = Reader::new();
    for (name, lines) in files("samples") {
        let mut given = [false; 9];
        for line in &lines {
            let nine = reader.read(SOURCE, received(), line).nine();
            given.iter_mut().zip(nine.all()).for_each(|(given, one)| *given |= one.1);
        }
        write!(table, "| `{name}` |").unwrap();
        for given in given {
            table.push_str(if given { " ✓ |" } else { " |" });
        }
        table.push('\n');
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/lines.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    golden(&page, &format!("{before}{BEGIN}{table}{END}{after}"));
}
