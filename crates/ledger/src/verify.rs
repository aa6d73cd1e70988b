//! Verification: is every file of an installation what it must be, to the last byte?
//!
//! Owns: the register of verifiers, the walk, the report. Each part of the installation judges its own files by a
//! [`Verifier`]; a file, folder or link that none of them owns is itself a finding.
//! Invariants: nothing is written and nothing is repaired; the report depends on the files alone, not on the number of
//! cores; the first finding is the one to look at.
//! Never: believes what the writer believes. The ledger is read by code of its own (`verify/…`), which shares with the
//! writer only the format (crate `proof`) and the layout of the journal.
//! Beside a running writer everything is judged as it stood when the verification began: what is written meanwhile is
//! left to the next one.
//! Source: `docs/format.md`.

mod attachments;
mod entries;
mod files;
mod finding;
mod heads;
mod history;
mod journal;
mod ledger;
mod parts;
mod scan;
mod settle;
mod shelf;
mod tiles;
mod tree;
mod words;

pub use attachments::AttachmentFiles;
pub use files::Files;
pub use finding::{Finding, Findings, MOST_FINDINGS, Sort};
pub use ledger::{Keys, LedgerVerifier, SealKey};
pub use parts::{KeyFiles, PlainFiles, VaultFiles};

use crate::disk::{Disk, DiskError};
use crate::error::disk_told;
use model::Told;
use std::collections::BTreeMap;

/// One part of an installation that knows its own files.
pub trait Verifier: Sync {
    /// Its name, one word: the heading of its facts in a report.
    fn name(&self) -> &'static str;

    /// Whether a file, or a folder (ending in `/`), is one of its own. Links and sockets are asked for like files.
    fn owns(&self, path: &str) -> bool;

    /// Judges its files. `progress` is told of each file that is done.
    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome;
}

/// What a verifier has to go by.
pub struct Context<'a> {
    /// The data folder.
    pub disk: &'a dyn Disk,
    /// What was in it when the verification began.
    pub files: &'a Files,
    /// Another process is writing in it.
    pub live: bool,
    /// Threads that may run at once, 1 or more.
    pub cores: usize,
}

/// Who watches how far it has come. Called from many threads.
pub trait Progress: Sync {
    /// So many files are to be read in all.
    fn plan(&self, files: u64);

    /// So many more files with so many bytes are done.
    fn done(&self, files: u64, bytes: u64);
}

/// What one verifier found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What is wrong.
    pub findings: Findings,
    /// What whoever reads the verdict must know although nothing is wrong.
    pub remarks: Vec<Told>,
    /// What was counted or established, by name.
    pub facts: BTreeMap<&'static str, String>,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What is wrong, the first one first; at most [`MOST_FINDINGS`] are kept.
    pub findings: Findings,
    /// What must be known although nothing is wrong.
    pub remarks: Vec<Told>,
    /// What each verifier established, by its name.
    pub facts: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
    /// Files that were there.
    pub files: u64,
}

/// Content of a file, or why there is none.
pub(crate) enum Got {
    Here(Vec<u8>),
    Missing,
    Unreadable(DiskError),
}

impl Context<'_> {
    /// Reads a file whole.
    pub(crate) fn read(&self, path: &str) -> Got {
        match self.disk.read(path) {
            Ok(Some(content)) => Got::Here(content),
            Ok(None) => Got::Missing,
            Err(error) => Got::Unreadable(error),
        }
    }
}

impl Report {
    /// Nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    /// Nothing was found but that files cannot be read: the verification could not be done, which is no verdict.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        !self.is_good() && self.findings.kept().iter().all(|finding| finding.sort == Sort::Unreadable)
    }
}

/// Judges everything below the root of `disk`; none where there is no such folder.
///
/// `live` says that another process is writing in the folder; `cores` is how many threads may run.
///
/// # Errors
/// A folder cannot be listed, so that it is not known what is there.
pub fn verify(
    disk: &dyn Disk,
    live: bool,
    cores: usize,
    verifiers: &[&dyn Verifier],
    progress: &dyn Progress,
) -> Result<Option<Report>, DiskError> {
    let Some(files) = Files::walk(disk)? else { return Ok(None) };
    let context = Context { disk, files: &files, live, cores: cores.max(1) };
    progress.plan(files.files().len() as u64);
    let mut report = Report { files: files.files().len() as u64, ..Report::default() };
    for verifier in verifiers {
        let outcome = verifier.run(&context, progress);
        report.findings.join(outcome.findings);
        report.remarks.extend(outcome.remarks);
        report.facts.insert(verifier.name(), outcome.facts);
    }
    for finding in ownerless(&context, verifiers) {
        report.findings.add(finding);
    }
    Ok(Some(report))
}

/// Files, folders and links that nobody owns.
fn ownerless(context: &Context<'_>, verifiers: &[&dyn Verifier]) -> Vec<Finding> {
    let owned = |path: &str| verifiers.iter().any(|verifier| verifier.owns(path));
    let files = context.files;
    let mut findings = Vec::new();
    for path in files.files().iter().filter(|path| !owned(path)) {
        let name = path.strip_suffix(".new").or_else(|| path.strip_suffix(".old"));
        match name.filter(|name| owned(name)) {
            // Beside a running writer, a file on its way to its name is as it should be.
            Some(_) if context.live => {}
            Some(_) => findings.push(Finding::bytes(path, words::unfinished())),
            None => findings.push(Finding::bytes(path, words::unknown_file())),
        }
    }
    // A folder with something in it shows by what is in it.
    let is_empty = |folder: &str| files.below(folder).next().is_none();
    for path in files.folders().iter().filter(|path| !owned(path) && is_empty(path)) {
        findings.push(Finding::bytes(path, words::unknown_folder()));
    }
    for path in files.others().iter().filter(|path| !owned(path) || !parts::may_be_special(path)) {
        findings.push(Finding::bytes(path, words::special_file()));
    }
    findings
}

/// A file that cannot be read.
pub(crate) fn unreadable(path: &str, error: &DiskError) -> Finding {
    Finding::unreadable(path, disk_told(error))
}
