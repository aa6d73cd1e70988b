//! A disk that fails when told.
//!
//! Owns: [`FaultyDisk`], a wrapper of any [`Disk`]. A [`Fault`] names an operation by kind, path and number, and how it
//! fails: without having happened, half done, or done and reported as failed. Beside that it can be out of room (a
//! budget of bytes) or read-only until told otherwise.
//! Does not: lose what was not synced (that is [`CrashDisk`](crate::CrashDisk), over which it is usually laid).

use crate::CrashDisk;
use ledger::disk::{Disk, DiskError, DiskFile};
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is asked of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Reading a file.
    Read,
    /// Reading the names in a folder.
    List,
    /// Writing a whole file.
    Write,
    /// Opening a file to write in place.
    Open,
    /// Writing in place.
    WriteAt,
    /// Making content durable, by path or through an open file.
    Sync,
    /// Renaming; the path is the new one.
    Rename,
    /// Removing.
    Remove,
    /// Making the names in a folder durable.
    SyncFolder,
    /// Making everything durable.
    SyncAll,
}

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// It did not happen.
    Undone,
    /// The first half of what was to be written was written. Operations that write nothing do not happen.
    Half,
    /// It happened, and is reported as failed.
    Done,
    /// A sync fails as it does on Linux: what it should have made durable never will be, though it is seen as before
    /// and a further sync succeeds. Needs [`FaultyDisk::over`]; other operations do not happen.
    Dropped,
}

/// What the system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// No room is left.
    DiskFull,
    /// The file system can only be read.
    ReadOnly,
    /// The device did not answer.
    Device,
}

/// One failure to come.
#[derive(Debug, Clone)]
pub struct Fault {
    operation: Option<Operation>,
    path: String,
    /// Matching operations that go well before.
    after: u64,
    /// Matching operations that fail then.
    times: u64,
    failing: Failing,
    reason: Reason,
}

/// A disk that fails when told. Clones are the same disk.
#[derive(Clone)]
pub struct FaultyDisk {
    inner: Arc<dyn Disk>,
    /// The disk below, where it is one that can drop pages.
    forgetful: Option<CrashDisk>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    faults: Vec<Fault>,
    performed: Vec<(Operation, String)>,
    failed: u64,
    read_only: bool,
    /// Bytes that may still be taken.
    room: Option<u64>,
    /// Lengths of files as far as they are known.
    lengths: BTreeMap<String, u64>,
}

struct OpenFile {
    disk: FaultyDisk,
    inner: Box<dyn DiskFile>,
    path: String,
}

impl Fault {
    /// The next operation of any kind, on any path, fails so.
    #[must_use]
    pub fn any(failing: Failing, reason: Reason) -> Self {
        Self { operation: None, path: "*".to_owned(), after: 0, times: 1, failing, reason }
    }

    /// The next operation of this kind fails so.
    #[must_use]
    pub fn of(operation: Operation, failing: Failing, reason: Reason) -> Self {
        Self { operation: Some(operation), ..Self::any(failing, reason) }
    }

    /// Only on paths of this pattern, in which `*` stands for any text.
    #[must_use]
    pub fn at(self, pattern: &str) -> Self {
        Self { path: pattern.to_owned(), ..self }
    }

    /// Only after so many matching operations went well.
    #[must_use]
    pub fn after(self, operations: u64) -> Self {
        Self { after: operations, ..self }
    }

    /// From then on until [`FaultyDisk::heal`].
    #[must_use]
    pub fn for_ever(self) -> Self {
        Self { times: u64::MAX, ..self }
    }

    fn matches(&self, operation: Operation, path: &str) -> bool {
        self.operation.is_none_or(|asked| asked == operation) && fits(&self.path, path)
    }
}

impl Reason {
    fn error(self) -> Error {
        match self {
            Self::DiskFull => ErrorKind::StorageFull.into(),
            Self::ReadOnly => ErrorKind::ReadOnlyFilesystem.into(),
            Self::Device => Error::other("the device does not answer"),
        }
    }
}

impl Operation {
    const fn act(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Write | Self::WriteAt => "write",
            Self::Open => "open",
            Self::Sync | Self::SyncFolder | Self::SyncAll => "sync",
            Self::Rename => "rename",
            Self::Remove => "remove",
        }
    }

    const fn changes(self) -> bool {
        !matches!(self, Self::Read | Self::List)
    }
}

impl FaultyDisk {
    /// `inner`, failing when told.
    #[must_use]
    pub fn new(inner: Arc<dyn Disk>) -> Self {
        Self { inner, forgetful: None, state: Arc::default() }
    }

    /// `disk`, failing when told, also as [`Failing::Dropped`] says.
    #[must_use]
    pub fn over(disk: &CrashDisk) -> Self {
        Self { forgetful: Some(disk.clone()), ..Self::new(Arc::new(disk.clone())) }
    }

    /// A failure to come, beside those told before.
    pub fn fail(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// From now on nothing fails: no faults, room without end, writable.
    pub fn heal(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.room = None;
        state.read_only = false;
    }

    /// Only so many bytes may be taken from now on; what is removed gives its bytes back. Writing inside a file that is
    /// long enough takes none. A write that does not fit is written as far as it does.
    pub fn limit_room(&self, bytes: u64) {
        self.state().room = Some(bytes);
    }

    /// From now on nothing can be changed.
    pub fn make_read_only(&self) {
        self.state().read_only = true;
    }

    /// What was asked so far, failed or not: kind and path.
    #[must_use]
    pub fn performed(&self) -> Vec<(Operation, String)> {
        self.state().performed.clone()
    }

    /// How many operations failed because this disk was told so.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.state().failed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does an operation that writes nothing, or fails it.
    fn act<T>(
        &self,
        operation: Operation,
        path: &str,
        inner: impl FnOnce() -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        // The lock is given back before `inner` runs, which may take it.
        let verdict = self.state().judge(operation, path);
        match verdict {
            None => inner(),
            Some((failing, reason)) => {
                match (failing, operation, &self.forgetful) {
                    // The result of the act is of no use to a caller who is told that it failed.
                    (Failing::Done, ..) => drop(inner()?),
                    (Failing::Dropped, Operation::Sync, Some(disk)) => disk.drop_unsynced(path),
                    (Failing::Dropped, Operation::SyncAll, Some(disk)) => disk.drop_all_unsynced(),
                    _ => {}
                }
                Err(DiskError::new(operation.act(), path, reason.error()))
            }
        }
    }

    /// Writes `content` by `inner` as far as it may.
    fn put(
        &self,
        operation: Operation,
        path: &str,
        (offset, content): (u64, &[u8]),
        inner: impl FnOnce(&[u8]) -> Result<(), DiskError>,
    ) -> Result<(), DiskError> {
        let failed = |reason: Reason| Err(DiskError::new(operation.act(), path, reason.error()));
        let old = self.length(path)?;
        let (verdict, fitting) = {
            let mut state = self.state();
            let verdict = state.judge(operation, path);
            let replaced = if operation == Operation::Write { 0 } else { old };
            (verdict, state.take_room(path, old, replaced, offset, content.len()))
        };
        let fitted = content.get(..fitting).unwrap_or(content);
        match verdict {
            None if fitting == content.len() => inner(content),
            None => {
                self.state().failed += 1;
                inner(fitted)?;
                failed(Reason::DiskFull)
            }
            Some((Failing::Undone | Failing::Dropped, reason)) => failed(reason),
            Some((Failing::Half, reason)) => {
                inner(fitted.split_at(fitting / 2).0)?;
                failed(reason)
            }
            Some((Failing::Done, reason)) => {
                inner(fitted)?;
                failed(reason)
            }
        }
    }

    /// How long the file is; asked of the inner disk where it was there before this wrapper.
    fn length(&self, path: &str) -> Result<u64, DiskError> {
        if self.state().room.is_none() {
            return Ok(0);
        }
        let known = self.state().lengths.get(path).copied();
        match known {
            Some(length) => Ok(length),
            None => Ok(self.inner.read(path)?.map_or(0, |content| content.len() as u64)),
        }
    }
}

impl State {
    /// Whether this operation fails, and how.
    fn judge(&mut self, operation: Operation, path: &str) -> Option<(Failing, Reason)> {
        self.performed.push((operation, path.to_owned()));
        let mut verdict = None;
        if self.read_only && operation.changes() {
            verdict = Some((Failing::Undone, Reason::ReadOnly));
        }
        for fault in &mut self.faults {
            if fault.times == 0 || !fault.matches(operation, path) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
            } else if verdict.is_none() {
                fault.times = fault.times.saturating_sub(1);
                verdict = Some((fault.failing, fault.reason));
            }
        }
        self.failed += u64::from(verdict.is_some());
        verdict
    }

    /// Takes the room that writing needs; says how many of the bytes fit. The file was `old` bytes long and counts as
    /// `kept` while it is written.
    fn take_room(&mut self, path: &str, old: u64, kept: u64, offset: u64, bytes: usize) -> usize {
        let Some(room) = self.room else { return bytes };
        let end = offset + bytes as u64;
        let available = room + (old - kept);
        let fitting_end = end.min(kept + available).max(offset.min(kept));
        let length = kept.max(fitting_end);
        self.room = Some(available - (length - kept));
        self.lengths.insert(path.to_owned(), length);
        usize::try_from(fitting_end.saturating_sub(offset)).unwrap_or(bytes).min(bytes)
    }
}

impl Disk for FaultyDisk {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
        self.act(Operation::Read, path, || self.inner.read(path))
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, DiskError> {
        self.act(Operation::List, folder, || self.inner.list(folder))
    }

    fn write(&self, path: &str, content: &[u8]) -> Result<(), DiskError> {
        self.put(Operation::Write, path, (0, content), |content| self.inner.write(path, content))
    }

    fn open(&self, path: &str) -> Result<Box<dyn DiskFile>, DiskError> {
        let inner = self.act(Operation::Open, path, || self.inner.open(path))?;
        Ok(Box::new(OpenFile { disk: self.clone(), inner, path: path.to_owned() }))
    }

    fn sync(&self, path: &str) -> Result<(), DiskError> {
        self.act(Operation::Sync, path, || self.inner.sync(path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let (moved, replaced) = (self.length(from)?, self.length(to)?);
        self.act(Operation::Rename, to, || {
            self.inner.rename(from, to)?;
            let mut state = self.state();
            if from != to && state.room.is_some() {
                state.lengths.insert(from.to_owned(), 0);
                state.lengths.insert(to.to_owned(), moved);
                state.room = state.room.map(|room| room + replaced);
            }
            Ok(())
        })
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        let freed = self.length(path)?;
        self.act(Operation::Remove, path, || {
            self.inner.remove(path)?;
            let mut state = self.state();
            state.lengths.insert(path.to_owned(), 0);
            state.room = state.room.map(|room| room + freed);
            Ok(())
        })
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        self.act(Operation::SyncFolder, folder, || self.inner.sync_folder(folder))
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        self.act(Operation::SyncAll, "", || self.inner.sync_all())
    }
}

impl DiskFile for OpenFile {
    fn write_at(&mut self, offset: u64, content: &[u8]) -> Result<(), DiskError> {
        let inner = &mut self.inner;
        self.disk
            .put(Operation::WriteAt, &self.path, (offset, content), |content| inner.write_at(offset, content))
    }

    fn sync(&mut self) -> Result<(), DiskError> {
        let inner = &mut self.inner;
        self.disk.act(Operation::Sync, &self.path, || inner.sync())
    }
}

/// Whether a path fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, rest)) => path.strip_prefix(before).is_some_and(|path| {
            let mut ends = path.char_indices().map(|(at, _)| at).chain([path.len()]);
            ends.any(|at| fits(rest, path.split_at(at).1))
        }),
    }
}

#[cfg(test)]
mod tests;
