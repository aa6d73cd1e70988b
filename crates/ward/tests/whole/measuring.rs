//! Measuring: what a benchmark prints is whole. How fast it is is not asserted.

use crate::{City, LIMIT};
use testkit::Program;

#[test]
fn the_benchmark_of_lines_says_all_its_figures() {
    let city = City::new();
    let arguments =
        ["bench", "telemetry", "--data", "bench", "--count", "20000", "--python", "/nowhere/python"];
    let ended = Program::new(env!("CARGO_BIN_EXE_ward"), city.path()).with(arguments).run("", LIMIT).unwrap();
    assert!(ended.status.success(), "{}{:?}", ended.errors, ended.output);
    let said = |what: &str| {
        let mut lines = ended.output.iter().filter(|line| line.trim_start().starts_with(what));
        let line = lines.next().unwrap_or_else(|| panic!("no {what:?} in {:?}", ended.output));
        assert_eq!(lines.next(), None, "{what:?} twice");
        line.trim_start().strip_prefix(what).unwrap().to_owned()
    };
    let figure = |what: &str| -> f64 {
        let rest = said(what);
        rest.split_whitespace().next().unwrap_or_default().parse().unwrap_or_else(|_| panic!("{what}{rest}"))
    };
    assert_eq!(said("20000 lines, "), "seed 1");
    assert!(said("the first 20000 of the lines, 371").ends_with("bytes each on average:"));
    for what in ["durable: ", "read and sealed: ", "in files, with their indexes: ", "peak memory: "] {
        assert!(figure(what) > 0.0, "{what}");
    }
    assert!(said("generator alone: ").ends_with("CPU-seconds a million lines"));
    assert!(said("generator into the connection: ").ends_with("CPU-seconds a million lines"));
    assert!(said("ward (durable: fdatasync for each batch").contains("provable"));
    assert_eq!(said("a line sent meanwhile is found after: ").matches(" ms").count(), 3);
    let processor = |line: &&String| {
        line.starts_with("  ") && line.ends_with("CPU-seconds a million lines, until in files")
    };
    assert_eq!(ended.output.iter().filter(processor).count(), 1);
    let kept: Vec<_> = ended.output.iter().filter(|line| line.contains("bytes a line kept")).collect();
    assert!(kept.len() == 1 && kept[0].contains("files ") && kept[0].contains("indexes "), "{kept:?}");
    assert!(said("a rare address: 0 lines counted, 0 shown: ").ends_with(" ms"));
    assert!(said("a busy address: 200 lines counted, 50 shown: ").ends_with(" ms"));
    for question in ["count, by port and action: ", "top talkers: "] {
        assert_eq!(said(question).matches(" ms").count(), 2);
    }
    assert_eq!(said("ClickHouse: "), "not installed (chdb for /nowhere/python)");
    for peer in ["rsyslog", "zstd -1", "gzip -1"] {
        let rest = said(peer);
        assert!(rest == ": not installed" || rest.contains("bytes a line"), "{peer}{rest}");
    }
    assert!(!city.path().join("bench").exists(), "the folder goes when all is measured");
}
