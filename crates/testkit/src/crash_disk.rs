//! A disk in memory that loses what was not made durable.
//!
//! Owns: [`CrashDisk`], a [`Disk`] with an honest page cache. Whatever was written, made, renamed or removed is seen at
//! once and is pending until the sync that covers it. A [crash](CrashDisk::crash) keeps, as a seed decides, any part of
//! what is pending:
//! - content by sectors of 512 bytes, each as it stood after some write, so that writes are torn and reordered; the
//!   length as it stood after some write, so that a file may be short or hold zeros;
//! - names one by one: a new file may be missing, empty or torn, a renaming may have happened before the content of the
//!   file did, a removed file may be back; a file none of whose names survived is gone.
//!
//! A [kill](CrashDisk::kill) ends the process and not the machine: all is seen as before and still pending, so that
//! whoever starts next must not take what it sees for durable.
//! Does not: lose what a sync covered, change what was not written, fail by itself (that is
//! [`FaultyDisk`](crate::FaultyDisk)).

mod content;
mod names;

use crate::Chance;
use content::Content;
use ledger::disk::{Disk, DiskError, DiskFile};
use names::{FileNumber, Names};
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A disk in memory that loses what was not made durable. Clones are the same disk; [`CrashDisk::snapshot`] is another.
#[derive(Debug, Clone, Default)]
pub struct CrashDisk {
    state: Arc<Mutex<State>>,
}

/// How often a disk was asked for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Files and folders read.
    pub reads: u64,
    /// Writes of content, whole or in place.
    pub writes: u64,
    /// Renamings and removals.
    pub renames: u64,
    /// Syncs of a file, a folder or everything.
    pub syncs: u64,
}

#[derive(Debug, Clone, Default)]
struct State {
    files: BTreeMap<FileNumber, Content>,
    names: Names,
    next_file: FileNumber,
    counts: Counts,
    power: Power,
}

/// Whether the disk answers.
#[derive(Debug, Clone, Copy, Default)]
enum Power {
    #[default]
    On,
    /// Goes off in the middle of the change after this many.
    OnFor(u64),
    Off,
}

struct OpenFile {
    disk: CrashDisk,
    file: FileNumber,
    path: String,
}

impl Counts {
    /// Writes, renamings, removals and syncs together.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.writes + self.renames + self.syncs
    }

    fn of(&mut self, act: &'static str) -> &mut u64 {
        match act {
            "write" => &mut self.writes,
            "sync" => &mut self.syncs,
            _ => &mut self.renames,
        }
    }
}

impl CrashDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The power goes off in the middle of the change after the next `changes` ones ([`Counts::changes`]). That change fails; when it is not a sync, [`CrashDisk::crash`] may still find parts of it, and
    /// [`CrashDisk::kill`] all of it. From then on everything fails.
    pub fn halt_after(&self, changes: u64) {
        self.state().power = Power::OnFor(changes);
    }

    /// Whether the power went off.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        matches!(self.state().power, Power::Off)
    }

    /// The disk as it is found after the machine lost its power now. This one stays as it is.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let state = self.state();
        let names = state.names.after_crash(&mut chance);
        let mut files = BTreeMap::new();
        for number in names.files() {
            // A name may stand twice for one file; its content is settled once.
            if let Some(file) = state.files.get(&number)
                && !files.contains_key(&number)
            {
                files.insert(number, file.after_crash(&mut chance));
            }
        }
        Self::of(State { files, names, next_file: state.next_file, ..State::default() })
    }

    /// The disk as the next process finds it after this one was killed: everything is seen, nothing more is durable.
    #[must_use]
    pub fn kill(&self) -> Self {
        Self::of(State { power: Power::On, counts: Counts::default(), ..self.state().clone() })
    }

    /// A copy that goes its own way, with what is pending.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self::of(self.state().clone())
    }

    /// How often it was asked for what.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// Paths of all files that are seen, sorted.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.state().names.paths().cloned().collect()
    }

    /// Content of a file as a reader sees it at this moment, though the power be off; counts as nothing.
    #[must_use]
    pub fn peek(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.state();
        let content = state.names.find(path).and_then(|number| state.files.get(&number));
        content.map(|file| file.visible().to_vec())
    }

    /// What is pending in this file will never be durable, whatever is synced later: what happens to pages that the
    /// kernel failed to write back. New writes are unharmed.
    pub fn drop_unsynced(&self, path: &str) {
        let mut state = self.state();
        if let Some(file) = state.names.find(path).and_then(|number| state.files.get_mut(&number)) {
            file.drop_pending();
        }
    }

    /// The same for every file.
    pub fn drop_all_unsynced(&self) {
        self.state().files.values_mut().for_each(Content::drop_pending);
    }

    fn of(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panics has poisoned nothing but its own disk.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn read(&mut self, act: &'static str, path: &str) -> Result<(), DiskError> {
        self.counts.reads += 1;
        if matches!(self.power, Power::Off) { Err(power_is_off(act, path)) } else { Ok(()) }
    }

    /// Counts a change and says whether the power stays on during it.
    fn change(&mut self, act: &'static str, path: &str) -> Result<Change, DiskError> {
        if !matches!(self.power, Power::Off) {
            *self.counts.of(act) += 1;
        }
        match self.power {
            Power::On => Ok(Change::Whole),
            Power::OnFor(0) => {
                self.power = Power::Off;
                Ok(Change::CutOff)
            }
            Power::OnFor(changes) => {
                self.power = Power::OnFor(changes - 1);
                Ok(Change::Whole)
            }
            Power::Off => Err(power_is_off(act, path)),
        }
    }

    fn find(&self, act: &'static str, path: &str) -> Result<FileNumber, DiskError> {
        self.names.find(path).ok_or_else(|| missing(act, path))
    }

    fn write(&mut self, path: &str, content: &[u8]) {
        let number = self.names.find(path).unwrap_or_else(|| {
            let number = self.next_file;
            self.next_file += 1;
            self.names.make(path, number);
            number
        });
        let file = self.files.entry(number).or_default();
        if !file.visible().is_empty() {
            file.empty();
        }
        if !content.is_empty() {
            file.write_at(0, content);
        }
    }
}

/// What comes of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Whole,
    /// The power goes off while it happens.
    CutOff,
}

impl Change {
    fn outcome(self, act: &'static str, path: &str) -> Result<(), DiskError> {
        match self {
            Self::Whole => Ok(()),
            Self::CutOff => Err(power_is_off(act, path)),
        }
    }
}

impl Disk for CrashDisk {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
        let mut state = self.state();
        state.read("read", path)?;
        let content = state.names.find(path).and_then(|number| state.files.get(&number));
        Ok(content.map(|file| file.visible().to_vec()))
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, DiskError> {
        let mut state = self.state();
        state.read("list", folder)?;
        Ok(state.names.list(folder))
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), DiskError> {
        let mut state = self.state();
        if state.names.has_folder(path) {
            return Err(DiskError::new("create", path, ErrorKind::IsADirectory.into()));
        }
        let change = state.change("write", path)?;
        state.write(path, content);
        change.outcome("write", path)
    }

    fn open(&self, path: &str) -> Result<Box<dyn DiskFile>, DiskError> {
        let mut state = self.state();
        state.read("open", path)?;
        let file = state.find("open", path)?;
        Ok(Box::new(OpenFile { disk: self.clone(), file, path: path.to_owned() }))
    }

    fn sync(&self, path: &str) -> Result<(), DiskError> {
        let file = self.state().find("sync", path)?;
        self.sync_file(file, path)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let mut state = self.state();
        let file = state.find("rename", from)?;
        let change = state.change("rename", from)?;
        if from != to {
            state.names.rename(from, to, file);
        }
        change.outcome("rename", from)
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        let mut state = self.state();
        state.find("remove", path)?;
        let change = state.change("remove", path)?;
        state.names.remove(path);
        change.outcome("remove", path)
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        let mut state = self.state();
        if !state.names.has_folder(folder) {
            return Err(missing("sync", folder));
        }
        let change = state.change("sync", folder)?;
        if change == Change::Whole {
            state.names.sync(folder);
        }
        change.outcome("sync", folder)
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        let mut state = self.state();
        let change = state.change("sync", "")?;
        if change == Change::Whole {
            state.names.sync_all();
            state.files.values_mut().for_each(Content::sync);
        }
        change.outcome("sync", "")
    }
}

impl CrashDisk {
    fn sync_file(&self, file: FileNumber, path: &str) -> Result<(), DiskError> {
        let mut state = self.state();
        let change = state.change("sync", path)?;
        if change == Change::Whole
            && let Some(file) = state.files.get_mut(&file)
        {
            file.sync();
        }
        change.outcome("sync", path)
    }
}

impl DiskFile for OpenFile {
    fn write_at(&mut self, offset: u64, content: &[u8]) -> Result<(), DiskError> {
        let mut state = self.disk.state();
        let change = state.change("write", &self.path)?;
        let offset = usize::try_from(offset)
            .map_err(|_| DiskError::new("write", self.path.clone(), ErrorKind::FileTooLarge.into()))?;
        if !content.is_empty() {
            state.files.entry(self.file).or_default().write_at(offset, content);
        }
        change.outcome("write", &self.path)
    }

    fn sync(&mut self) -> Result<(), DiskError> {
        self.disk.sync_file(self.file, &self.path)
    }
}

fn missing(act: &'static str, path: &str) -> DiskError {
    DiskError::new(act, path, ErrorKind::NotFound.into())
}

fn power_is_off(act: &'static str, path: &str) -> DiskError {
    DiskError::new(act, path, Error::other("the power is off"))
}

#[cfg(test)]
mod tests;
