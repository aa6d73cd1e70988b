//! `ward pack …` as people run it: new packs, checks, schemas, and the how-tos from their text alone.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and breaks packs on purpose"
)]

mod broken;
mod check;
mod howto;
mod new;
mod rules;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use testkit::{Ended, Program, TemporaryFolder};

/// How long a command may be silent.
const LIMIT: Duration = Duration::from_secs(60);

/// A folder somebody works in.
pub(crate) struct Office {
    folder: TemporaryFolder,
}

impl Office {
    pub(crate) fn new() -> Self {
        Self { folder: TemporaryFolder::new() }
    }

    /// With a new pack in the folder `practice`.
    pub(crate) fn with_pack() -> Self {
        let office = Self::new();
        office.good(&["pack", "new", "practice"]);
        office
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn ward(&self, arguments: &[&str]) -> Ended {
        self.ward_in("", arguments)
    }

    /// Runs the program in a folder below.
    pub(crate) fn ward_in(&self, below: &str, arguments: &[&str]) -> Ended {
        let program = Program::new(env!("CARGO_BIN_EXE_ward"), self.path(below));
        program.with(arguments).run("", LIMIT).unwrap()
    }

    /// Runs a command that must succeed, and gives its output.
    pub(crate) fn good(&self, arguments: &[&str]) -> String {
        let ended = self.ward(arguments);
        let output = ended.output.join("\n");
        assert!(ended.status.success(), "{arguments:?}: {}{output}", ended.errors);
        output
    }

    /// Runs a check that must find problems, and gives its output.
    pub(crate) fn bad(&self, arguments: &[&str]) -> String {
        let ended = self.ward(arguments);
        let output = ended.output.join("\n");
        assert_eq!(ended.status.code(), Some(1), "{arguments:?}: {}{output}", ended.errors);
        output
    }

    /// Runs a command that must be refused as misuse in both languages, and gives what it said.
    pub(crate) fn misuse(&self, arguments: &[&str]) -> String {
        let ended = self.ward(arguments);
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {}{:?}", ended.errors, ended.output);
        assert!(is_chinese(&ended.errors) && ended.output.is_empty(), "{}", ended.errors);
        ended.errors
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ward(arguments).output.join("\n")).unwrap()
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        std::fs::write(self.path(path), text).unwrap();
    }

    /// In one spot of a file, `from` becomes `to`.
    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(from).count(), 1, "{from:?} stands once in {path}");
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn append(&self, path: &str, more: &str) {
        let text = self.read(path);
        self.write(path, &format!("{text}{more}"));
    }
}

/// Every file below a folder, with its bytes.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

pub(crate) fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}
