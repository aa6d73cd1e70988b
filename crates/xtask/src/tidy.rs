//! `cargo xtask tidy`: the house rules that neither rustfmt nor clippy can check.
//!
//! Owns: the list of rules and the report. Each rule is a function from what it judges to findings,
//! with tests for good and bad input beside it: `text` (one file), `crates` (the workspace), `docs`.
//! Every finding says where, what is wrong and how to mend it.

mod crates;
mod docs;
mod licence;
mod text;

use crate::clone::Clone;
use std::fmt;

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Path relative to the root.
    pub(crate) file: String,
    /// Line, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) wrong: String,
    /// How to mend it.
    pub(crate) mend: &'static str,
}

/// What `tidy` has to say.
pub(crate) struct Report {
    /// What fails, in order of place.
    pub(crate) findings: Vec<Finding>,
    /// What does not fail but should be thought about.
    pub(crate) notes: Vec<String>,
    /// How many files were read.
    pub(crate) files: usize,
}

/// Applies every rule to `clone`.
///
/// # Errors
/// The root manifest is not one of a workspace.
pub(crate) fn check(clone: &Clone) -> anyhow::Result<Report> {
    let home = std::env::var("HOME").unwrap_or_default();
    let places = text::MachinePlaces::new(&clone.root.to_string_lossy(), &home);
    let mut findings: Vec<Finding> = clone.files.iter().flat_map(|file| text::check(file, &places)).collect();
    findings.extend(crates::check(clone)?);
    findings.extend(docs::check(clone)?);
    findings.sort();
    let notes = clone.files.iter().filter_map(text::long_file).collect();
    Ok(Report { findings, notes, files: clone.files.len() })
}

/// The line of `text`, from 1, that first satisfies `wanted`; 1 if none does.
fn line_where(text: &str, wanted: impl Fn(&str) -> bool) -> usize {
    text.lines().position(wanted).map_or(1, |index| index + 1)
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; mend: {}", self.file, self.line, self.wrong, self.mend)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        writeln!(f, "tidy: {} files, {} wrong", self.files, self.findings.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_place_fault_and_mend_and_counts() {
        let finding = Finding { file: "a.rs".into(), line: 7, wrong: "it is wrong".into(), mend: "right it" };
        let report = Report { findings: vec![finding], notes: vec!["b.rs is long".into()], files: 2 };
        assert_eq!(
            report.to_string(),
            "note: b.rs is long\na.rs:7: it is wrong; mend: right it\ntidy: 2 files, 1 wrong\n"
        );
    }

    #[test]
    fn a_line_is_counted_from_one() {
        assert_eq!(line_where("a\nb\n", |line| line == "b"), 2);
        assert_eq!(line_where("a\nb\n", |line| line == "c"), 1);
    }
}
