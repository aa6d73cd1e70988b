//! The table of OWASP ASVS: every requirement of levels 1 and 2 stands in it once, and whatever it names is there.
//!
//! Owns: `asvs.txt`, the numbers and levels. Reads: `docs/asvs.md`, the sources of the tests and the pages it names.
//! Does not: judge whether a test shows what it is named for; whoever reviews the table does.
//! Source: OWASP Application Security Verification Standard 5.0.0.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A row of the table.
struct Row<'p> {
    number: &'p str,
    level: &'p str,
    asks: &'p str,
    ward: &'p str,
    shown: &'p str,
}

/// By what a requirement is shown.
enum Shown<'p> {
    /// By tests: file and name.
    Tests(Vec<(&'p str, &'p str)>),
    /// By pages, where it is a page that is asked for: file and heading.
    Pages(Vec<(&'p str, &'p str)>),
    /// It does not apply, and why.
    NotApplicable(&'p str),
    /// It is not shown: what is missing.
    Open(&'p str),
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows: lines of a table whose first cell is a number of the standard.
fn rows(page: &str) -> Vec<Row<'_>> {
    let is_number =
        |cell: &str| cell.split('.').count() == 3 && cell.split('.').all(|part| part.parse::<u8>().is_ok());
    let mut rows = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        if cells.first().is_some_and(|cell| is_number(cell)) {
            let &[number, level, asks, ward, shown] = cells.as_slice() else {
                panic!("a row has five cells, and this one {}: {line}", cells.len());
            };
            rows.push(Row { number, level, asks, ward, shown });
        }
    }
    rows
}

impl<'p> Row<'p> {
    fn shown(&self) -> Shown<'p> {
        if let Some(why) = self.shown.strip_prefix("n/a: ") {
            return Shown::NotApplicable(why);
        }
        if let Some(missing) = self.shown.strip_prefix("open: ") {
            return Shown::Open(missing);
        }
        let named: Vec<&str> = self.shown.split(", ").collect();
        let plain = |cell: &'p str| cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
        let parted = |mark: &str| {
            let parts = named.iter().copied().map(|cell| plain(cell).and_then(|cell| cell.split_once(mark)));
            parts.collect::<Option<Vec<_>>>()
        };
        let found = parted("::").map(Shown::Tests).or_else(|| parted("#").map(Shown::Pages));
        found.unwrap_or_else(|| {
            panic!("{}: neither tests, nor pages, nor a reason: {}", self.number, self.shown)
        })
    }
}

/// Is there a test of this name in a source?
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declared = format!("fn {name}(");
    let marked = |at: usize| {
        let above = lines.iter().take(at).rev();
        above
            .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
            .any(|line| *line == "#[test]")
    };
    lines.iter().enumerate().any(|(at, line)| line.starts_with(&declared) && marked(at))
}

/// Is there a heading of this text in a page?
fn has_heading(page: &str, heading: &str) -> bool {
    page.lines().any(|line| line.starts_with('#') && line.trim_start_matches('#').trim() == heading)
}

#[test]
fn every_requirement_of_levels_1_and_2_stands_in_the_table_once() {
    let asked = text("crates/web/tests/pages/asvs.txt");
    let asked: Vec<(&str, &str)> = asked
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    let of_level = |wanted: &str| asked.iter().filter(|(_, level)| *level == wanted).count();
    assert_eq!((of_level("1"), of_level("2"), asked.len()), (70, 183, 253));
    let page = text("docs/asvs.md");
    let told: Vec<(&str, &str)> = rows(&page).iter().map(|row| (row.number, row.level)).collect();
    for (one, other) in told.iter().zip(&asked) {
        assert_eq!(one, other, "the table goes on in the order of the standard");
    }
    assert_eq!(told.len(), asked.len());
}

#[test]
fn every_test_and_every_page_that_is_named_is_there() {
    let page = text("docs/asvs.md");
    let mut read: BTreeMap<&str, String> = BTreeMap::new();
    for row in rows(&page) {
        let shown = row.shown();
        let has: fn(&str, &str) -> bool = if let Shown::Tests(_) = shown { has_test } else { has_heading };
        let (Shown::Tests(named) | Shown::Pages(named)) = shown else { continue };
        for (file, name) in named {
            let source = read.entry(file).or_insert_with(|| text(file));
            assert!(has(source, name), "{}: {file} has no {name}", row.number);
        }
    }
}

#[test]
fn what_is_not_shown_says_why() {
    let page = text("docs/asvs.md");
    for row in rows(&page) {
        for cell in [row.asks, row.ward] {
            assert!(cell.split_whitespace().count() >= 2, "{}: {cell:?} says too little", row.number);
        }
        if let Shown::NotApplicable(said) | Shown::Open(said) = row.shown() {
            assert!(said.split_whitespace().count() >= 3, "{}: {said:?} says too little", row.number);
        }
    }
}

#[test]
fn the_figures_at_the_head_are_those_of_the_table() {
    let page = text("docs/asvs.md");
    let mut counts = [0; 4];
    for row in rows(&page) {
        counts[match row.shown() {
            Shown::Tests(_) => 0,
            Shown::Pages(_) => 1,
            Shown::NotApplicable(_) => 2,
            Shown::Open(_) => 3,
        }] += 1;
    }
    let [tests, pages, not, open] = counts;
    let zh = format!(
        "共 253 項（第 1 級 70 項、第 2 級 183 項）：以測試證明 {tests} 項、以文件證明 {pages} 項、不適用 {not} 項、尚未完成 {open} 項。"
    );
    let en = format!(
        "253 requirements (70 of level 1, 183 of level 2): {tests} are shown by tests, {pages} by a page, {not} do not apply, {open} are open."
    );
    assert!(page.lines().any(|line| line == zh), "{zh}");
    assert!(page.lines().any(|line| line == en), "{en}");
}

#[test]
fn a_helper_or_a_word_in_a_comment_is_no_test() {
    let source = "#[test]\n// why\n#[ignore]\nfn one() {}\nfn two() {}\n// fn three() {}\n    #[test]\n    fn four(x in 0..3) {}\n";
    let found: Vec<&str> = ["one", "two", "three", "four", "fou", "on"]
        .into_iter()
        .filter(|name| has_test(source, name))
        .collect();
    assert_eq!(found, ["one", "four"]);
    assert!(has_heading("# A\n## B c\n", "B c") && !has_heading("# A\n## B c\nA b\n", "A b"));
}
