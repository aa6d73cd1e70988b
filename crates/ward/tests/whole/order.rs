//! The order of system calls behind an acknowledgement, as strace sees it.

use crate::{City, LIMIT, line};
use testkit::Program;

#[test]
fn an_acknowledgement_comes_after_the_fdatasync_of_its_record() {
    let city = City::new();
    let strace = Program::new("/usr/bin/strace", city.path()).with([
        "-f",
        "-y",
        "-e",
        "trace=pwrite64,fdatasync,fsync,syncfs,rename,unlink,write",
        "-o",
        "trace",
        env!("CARGO_BIN_EXE_ward"),
        "ledger",
        "append",
        "--data",
        "data",
    ]);
    let ended = strace.run(&line("traced", 1), LIMIT);
    let ended = ended.expect("strace is installed by `make test`");
    assert!(ended.status.success(), "{}", ended.errors);
    let trace = std::fs::read_to_string(city.path().join("trace")).unwrap();
    let calls: Vec<_> = trace
        .lines()
        .filter(|line| line.contains("/data") || line.contains("data/") || line.contains("write(1"))
        .collect();
    let position = |what: &str, part: &str| {
        let found = calls.iter().position(|call| call.contains(what) && call.contains(part));
        found.unwrap_or_else(|| panic!("no {what} of {part} in\n{}", calls.join("\n")))
    };
    let record = "ledger/journal/00000000000000000001";
    let last = |what: &str, part: &str| {
        calls.iter().rposition(|call| call.contains(what) && call.contains(part)).unwrap()
    };
    let written = position("pwrite64(", record);
    let synced = position("fdatasync(", record);
    let acknowledged = position("write(1", "1..2");
    assert!(written < synced && synced < acknowledged, "{}", calls.join("\n"));
    // The file the record goes to has its name durably before the record is in it.
    let named = position("fsync(", "ledger/journal>");
    assert!(named < written, "{}", calls.join("\n"));
    // Published files are durable before the mark says so, and the mark before the journal forgets.
    let all = position("syncfs(", "data>");
    // Opening makes the mark it found durable, too; the last one is that of closing.
    let marked = last("rename(", "ledger/durable\"");
    let forgotten = position("unlink(", record);
    assert!(all < marked && marked < forgotten, "{}", calls.join("\n"));
}
