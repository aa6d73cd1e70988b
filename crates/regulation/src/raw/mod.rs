//! Files as written: TOML trees whose every key and value knows its line and column.
//!
//! Owns: parsing, places, the list of problems. Knows nothing of what the keys mean.

mod node;

use crate::problem::{Place, Problem};
use std::sync::{Mutex, MutexGuard, PoisonError};
use toml::Spanned;
use toml::de::DeTable;

pub use node::{Node, Table};

/// One file.
pub(crate) struct Document<'t> {
    path: &'t str,
    text: &'t str,
    /// Byte offsets at which lines start.
    lines: Vec<usize>,
    root: Spanned<DeTable<'t>>,
}

/// Problems as they are found, by several threads at once.
#[derive(Default)]
pub(crate) struct Problems {
    found: Mutex<Vec<Problem>>,
    notes: Mutex<Vec<Problem>>,
}

/// What a reader that panicked has pushed is whole.
fn locked(list: &Mutex<Vec<Problem>>) -> MutexGuard<'_, Vec<Problem>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'t> Document<'t> {
    /// Parses a file; what does not parse is told and left out.
    pub(crate) fn parse(path: &'t str, text: &'t str, problems: &Problems) -> Self {
        let (root, errors) = DeTable::parse_recoverable(text);
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let document = Self { path, text, lines, root };
        let mut last_line = 0;
        for error in errors {
            let place = document.place(error.span().map_or(0, |span| span.start));
            // What follows on the same line follows from it.
            if std::mem::replace(&mut last_line, place.line) == place.line {
                continue;
            }
            let what = error.message().trim().replace('\n', "; ");
            problems.add(place, format!("TOML 語法錯誤:{what}"), format!("not TOML: {what}"));
        }
        document
    }

    pub(crate) fn root(&self) -> Table<'_> {
        Table::new(self, 0, self.root.get_ref())
    }

    pub(crate) const fn path(&self) -> &str {
        self.path
    }

    /// Line and column of a byte offset.
    pub(crate) fn place(&self, at: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..at).map_or(0, |before| before.chars().count()) + 1;
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place { file: self.path.to_owned(), line: small(line), column: small(column) }
    }
}

impl Problems {
    pub(crate) fn add(&self, place: Place, zh: impl Into<String>, en: impl Into<String>) {
        self.add_with(place, zh, en, None);
    }

    pub(crate) fn add_with(
        &self,
        place: Place,
        zh: impl Into<String>,
        en: impl Into<String>,
        suggestion: Option<String>,
    ) {
        locked(&self.found).push(Problem { place, zh: zh.into(), en: en.into(), suggestion });
    }

    /// Was any problem found so far?
    pub(crate) fn any(&self) -> bool {
        !locked(&self.found).is_empty()
    }

    /// Something not wrong that should be known.
    pub(crate) fn note(&self, place: Place, zh: impl Into<String>, en: impl Into<String>) {
        locked(&self.notes).push(Problem { place, zh: zh.into(), en: en.into(), suggestion: None });
    }

    /// Problems and notes, in order of file, line and column, each once.
    pub(crate) fn into_lists(self) -> (Vec<Problem>, Vec<Problem>) {
        let ordered = |list: Mutex<Vec<Problem>>| {
            let mut list = list.into_inner().unwrap_or_else(PoisonError::into_inner);
            list.sort();
            list.dedup();
            list
        };
        (ordered(self.found), ordered(self.notes))
    }
}
