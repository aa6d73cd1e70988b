//! Names of files: what is on the platter, what programs see, and the changes between the two.
//!
//! A change belongs to a folder and is pending until that folder is synced. A renaming inside a folder happens whole or
//! not at all; one from folder to folder is two changes, so that a crash may leave the file under both names or none.

use super::content::Survival;
use crate::Chance;
use ledger::disk::parent;
use std::collections::{BTreeMap, BTreeSet};

/// Which file, whatever it is called.
pub(super) type FileNumber = u64;

/// The tree of folders and what each name in it stands for.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    durable: BTreeMap<String, FileNumber>,
    visible: BTreeMap<String, FileNumber>,
    pending: Vec<Change>,
    /// All folders but the root. The contract makes them durable as they are made.
    folders: BTreeSet<String>,
}

#[derive(Debug, Clone)]
enum Change {
    Made { path: String, file: FileNumber },
    Renamed { from: String, to: String, file: FileNumber },
    Removed { path: String },
}

impl Names {
    pub(super) fn find(&self, path: &str) -> Option<FileNumber> {
        self.visible.get(path).copied()
    }

    pub(super) fn has_folder(&self, folder: &str) -> bool {
        folder.is_empty() || self.folders.contains(folder)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &String> {
        self.visible.keys()
    }

    /// Names in a folder, sorted as a listing is.
    pub(super) fn list(&self, folder: &str) -> Option<Vec<String>> {
        if !self.has_folder(folder) {
            return None;
        }
        let files =
            self.visible.keys().filter(|path| parent(path) == folder).map(|path| name(path).to_owned());
        let folders =
            self.folders.iter().filter(|path| parent(path) == folder).map(|path| format!("{}/", name(path)));
        let mut names: Vec<_> = files.chain(folders).collect();
        names.sort();
        Some(names)
    }

    pub(super) fn make(&mut self, path: &str, file: FileNumber) {
        self.make_folders(parent(path));
        self.change(Change::Made { path: path.to_owned(), file });
    }

    pub(super) fn rename(&mut self, from: &str, to: &str, file: FileNumber) {
        self.make_folders(parent(to));
        if parent(from) == parent(to) {
            self.change(Change::Renamed { from: from.to_owned(), to: to.to_owned(), file });
        } else {
            self.change(Change::Made { path: to.to_owned(), file });
            self.remove(from);
        }
    }

    pub(super) fn remove(&mut self, path: &str) {
        self.change(Change::Removed { path: path.to_owned() });
    }

    pub(super) fn sync(&mut self, folder: &str) {
        let (covered, rest) = self.pending.drain(..).partition(|change: &Change| change.folder() == folder);
        self.pending = rest;
        for change in covered {
            change.apply(&mut self.durable);
        }
    }

    pub(super) fn sync_all(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// The names that are on the platter after a crash.
    pub(super) fn after_crash(&self, chance: &mut Chance) -> Self {
        let survival = Survival::draw(chance);
        let beginning = chance.below(self.pending.len() + 1);
        let mut names = self.durable.clone();
        for (index, change) in self.pending.iter().enumerate() {
            let survives = match survival {
                Survival::Nothing => false,
                Survival::Everything => true,
                Survival::Beginning => index < beginning,
                Survival::AnyPart => chance.one_in(2),
            };
            if survives {
                change.apply_alone(&mut names);
            }
        }
        Self { durable: names.clone(), visible: names, pending: Vec::new(), folders: self.folders.clone() }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = FileNumber> {
        self.visible.values().copied()
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.visible);
        self.pending.push(change);
    }

    fn make_folders(&mut self, folder: &str) {
        let mut folder = folder;
        while !self.has_folder(folder) {
            self.folders.insert(folder.to_owned());
            folder = parent(folder);
        }
    }
}

impl Change {
    fn folder(&self) -> &str {
        match self {
            Self::Made { path, .. } | Self::Removed { path } | Self::Renamed { to: path, .. } => parent(path),
        }
    }

    fn apply(&self, names: &mut BTreeMap<String, FileNumber>) {
        match self {
            Self::Made { path, file } => {
                names.insert(path.clone(), *file);
            }
            Self::Renamed { from, to, file } => {
                names.remove(from);
                names.insert(to.clone(), *file);
            }
            Self::Removed { path } => {
                names.remove(path);
            }
        }
    }

    /// Applies it where changes before it may not have happened: a renaming takes the file from whatever name it has
    /// kept in the folder.
    fn apply_alone(&self, names: &mut BTreeMap<String, FileNumber>) {
        if let Self::Renamed { file, .. } = self {
            names.retain(|path, other| other != file || parent(path) != self.folder());
        }
        self.apply(names);
    }
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
