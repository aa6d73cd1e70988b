//! Rules about one text file: header, length, white space, open work, ignored tests, paths of a machine.
//!
//! The words these rules look for are put together by `concat!`, so that this file passes its own rules.

use super::Finding;
use crate::clone::File;

/// Places of the machine the work is done on; no file of the project may name one.
pub(crate) struct MachinePlaces {
    prefixes: Vec<String>,
}

/// Applies every rule of this module.
pub(crate) fn check(file: &File, places: &MachinePlaces) -> Vec<Finding> {
    let rules: [fn(&File) -> Vec<Finding>; 5] = [header, length, white_space, open_work, ignored_test];
    let mut findings: Vec<Finding> = rules.iter().flat_map(|rule| rule(file)).collect();
    findings.extend(machine_path(file, places));
    findings
}

/// A note for a file that is longer than it should be but not yet too long.
pub(crate) fn long_file(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    (file.extension() == "rs" && lines > SOFT_CAP && lines <= HARD_CAP)
        .then(|| format!("{}: {lines} lines; think of a split, {HARD_CAP} is the end", file.path))
}

/// Every Rust file says first what it owns.
fn header(file: &File) -> Vec<Finding> {
    if file.extension() != "rs" || file.text.starts_with("//! ") {
        return Vec::new();
    }
    let wrong = "the file does not begin with a `//!` header".to_owned();
    vec![found(file, 1, wrong, "say in its first lines what it owns, its invariants and what it does not do")]
}

/// No Rust file is longer than a reader can hold.
fn length(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().count();
    if file.extension() != "rs" || lines <= HARD_CAP {
        return Vec::new();
    }
    let wrong = format!("the file has {lines} lines, more than {HARD_CAP}");
    vec![found(file, HARD_CAP + 1, wrong, "split it by what it owns")]
}

/// No white space at the end of a line; one newline at the end of the file.
fn white_space(file: &File) -> Vec<Finding> {
    let mut findings = lines_where(
        file,
        |line| line.ends_with([' ', '\t', '\r']),
        "white space at the end of the line",
        "remove it",
    );
    let last = file.text.lines().count().max(1);
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(found(file, last, "the last line has no newline".into(), "end it with one"));
    }
    if file.text.ends_with("\n\n") {
        findings.push(found(file, last, "empty lines at the end".into(), "remove them"));
    }
    findings
}

/// Nothing is left open in code, unless an issue carries it.
fn open_work(file: &File) -> Vec<Finding> {
    if !matches!(file.extension(), "rs" | "py" | "toml" | "sh" | "sql" | "html" | "") {
        return Vec::new();
    }
    let mut findings = lines_where(
        file,
        |line| STUBS.iter().any(|stub| has_word(line, stub)),
        "a stub",
        "write what belongs there, or return an error that says what is missing",
    );
    findings.extend(lines_where(
        file,
        |line| MARKS.iter().any(|mark| has_word(line, mark)) && !names_issue(line),
        "a mark of open work without the number of its issue",
        "do the work, or write the issue's number (#123) on the same line",
    ));
    findings
}

/// A test is ignored only for a reason.
fn ignored_test(file: &File) -> Vec<Finding> {
    if file.extension() != "rs" {
        return Vec::new();
    }
    lines_where(
        file,
        |line| line.trim_start().starts_with(IGNORE),
        "a test is ignored without a reason",
        "let it run, or give the reason with the number of its issue",
    )
}

/// No file names a place of the machine it was written on.
fn machine_path(file: &File, places: &MachinePlaces) -> Vec<Finding> {
    lines_where(
        file,
        |line| places.prefixes.iter().any(|prefix| has_path(line, prefix)),
        "the path of somebody's machine",
        "use a path relative to the repository or to the data folder",
    )
}

impl MachinePlaces {
    /// Home folders in general, and the clone and the home folder of this machine.
    pub(crate) fn new(clone: &str, home: &str) -> Self {
        let general = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];
        let mut prefixes: Vec<String> = general.into_iter().map(str::to_owned).collect();
        let own = [clone, home].into_iter().map(|place| place.trim_end_matches('/'));
        prefixes.extend(own.filter(|place| place.starts_with('/')).map(|place| format!("{place}/")));
        Self { prefixes }
    }
}

fn found(file: &File, line: usize, wrong: String, mend: &'static str) -> Finding {
    Finding { file: file.path.clone(), line, wrong, mend }
}

fn lines_where(file: &File, bad: impl Fn(&str) -> bool, wrong: &str, mend: &'static str) -> Vec<Finding> {
    let bad_lines = file.text.split('\n').enumerate().filter(|(_, line)| bad(line));
    bad_lines.map(|(index, _)| found(file, index + 1, wrong.to_owned(), mend)).collect()
}

/// Whether `line` holds `word` and no letter, digit or `_` touches it.
fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// Whether `line` holds an absolute path that begins with `prefix`, or is it without the last `/`.
fn has_path(line: &str, prefix: &str) -> bool {
    let place = prefix.trim_end_matches('/');
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + place.len()..).and_then(|text| text.chars().next());
        let absolute = !before.is_some_and(|c| c.is_alphanumeric() || "./_-~)}>".contains(c));
        absolute && after == Some('/')
    })
}

/// Whether `line` holds `#` and a number.
fn names_issue(line: &str) -> bool {
    line.split('#').skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_digit()))
}

const SOFT_CAP: usize = 600;
const HARD_CAP: usize = 1000;
const STUBS: [&str; 2] = [concat!("to", "do!"), concat!("unimple", "mented!")];
const MARKS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];
const IGNORE: &str = concat!("#[ig", "nore]");

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that `rule` finds wrong in `text`.
    fn lines(rule: fn(&File) -> Vec<Finding>, path: &str, text: &str) -> Vec<usize> {
        rule(&File { path: path.into(), text: text.into() }).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_rust_file_begins_with_a_header() {
        assert!(lines(header, "a.rs", "//! Owns a.\nfn a() {}\n").is_empty());
        assert!(lines(header, "a.py", "import b\n").is_empty());
        assert_eq!(lines(header, "a.rs", "fn a() {}\n"), [1]);
        assert_eq!(lines(header, "a.rs", "// Owns a.\n"), [1]);
        assert_eq!(lines(header, "a.rs", "\n//! Owns a.\n"), [1]);
        assert_eq!(lines(header, "a.rs", "//!\n"), [1]);
        assert_eq!(lines(header, "a.rs", ""), [1]);
    }

    #[test]
    fn a_rust_file_ends_before_the_hard_cap() {
        assert!(lines(length, "a.rs", &"x\n".repeat(HARD_CAP)).is_empty());
        assert_eq!(lines(length, "a.rs", &"x\n".repeat(HARD_CAP + 1)), [HARD_CAP + 1]);
        assert!(lines(length, "a.json", &"x\n".repeat(HARD_CAP + 1)).is_empty());
    }

    #[test]
    fn a_file_between_the_caps_is_noted_only() {
        let noted = |count| long_file(&File { path: "a.rs".into(), text: "x\n".repeat(count) }).is_some();
        assert_eq!([600, 601, 1000, 1001].map(noted), [false, true, true, false]);
    }

    #[test]
    fn lines_end_without_white_space_and_the_file_with_a_newline() {
        assert!(lines(white_space, "a.md", "a\n\nb\n").is_empty());
        assert!(lines(white_space, "a.md", "").is_empty());
        assert_eq!(lines(white_space, "a.md", "a \nb\t\nc\r\n"), [1, 2, 3]);
        assert_eq!(lines(white_space, "a.md", "a\nb"), [2]);
        assert_eq!(lines(white_space, "a.md", "a\n\n"), [2]);
    }

    #[test]
    fn open_work_names_its_issue_and_stubs_are_never_right() {
        let [mark, other] = MARKS;
        let [stub, other_stub] = STUBS;
        assert!(lines(open_work, "a.rs", &format!("// {mark} #12: more\n")).is_empty());
        assert!(lines(open_work, "a.rs", &format!("{mark}S and AUTO{mark}\n")).is_empty());
        assert!(lines(open_work, "a.md", &format!("no {mark} here\n")).is_empty());
        assert_eq!(lines(open_work, "a.rs", &format!("a\n// {mark}: more\n// {other} #x\n")), [2, 3]);
        assert_eq!(lines(open_work, "a.rs", &format!("{stub}() // #12\n{other_stub}()\n")), [1, 2]);
        assert_eq!(lines(open_work, "Makefile", &format!("# {other}\n")), [1]);
    }

    #[test]
    fn an_ignored_test_has_a_reason() {
        let bare = format!("#[test]\n    {IGNORE}\n");
        assert_eq!(lines(ignored_test, "a.rs", &bare), [2]);
        assert!(lines(ignored_test, "a.rs", "#[ignore = \"#7: needs two disks\"]\n").is_empty());
        assert!(lines(ignored_test, "a.md", &bare).is_empty());
    }

    #[test]
    fn no_file_names_a_place_of_a_machine() {
        let places = MachinePlaces::new("/build/ward", "/var/people/lin");
        let lines =
            |text: &str| machine_path(&File { path: "a.md".into(), text: text.into() }, &places).len();
        let homes = [concat!("/ho", "me/lin"), concat!("/ro", "ot/x"), concat!("/Us", "ers/lin")];
        for bad in homes.into_iter().chain(["/build/ward/x", "/var/people/lin/key"]) {
            assert_eq!(lines(&format!("see `{bad}`\n")), 1, "{bad}");
            assert_eq!(lines(&format!("{bad}\n")), 1, "{bad}");
        }
        for good in ["/build/warden/x", "a/build/ward/x", "https://host/home/lin", "tile/root/0", "$HOME/x"] {
            assert_eq!(lines(&format!("see {good}\n")), 0, "{good}");
        }
    }

    #[test]
    fn an_unknown_home_forbids_nothing() {
        let places = MachinePlaces::new("/", "");
        assert_eq!(places.prefixes.len(), 3, "{:?}", places.prefixes);
    }

    #[test]
    fn a_file_that_keeps_every_rule_is_clean() {
        let file = File { path: "a.rs".into(), text: "//! Owns a.\n\nfn a() {}\n".into() };
        assert_eq!(check(&file, &MachinePlaces::new("/build/ward", "/var/lin")), []);
    }
}
