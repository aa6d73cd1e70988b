//! Giving a file new content so that nothing of the old content stays in the folder.
//!
//! Owns: the order of steps and what each name means after a crash.
//! `PATH.new` is the new content on its way, `PATH.old` the old content on its way out. When `PATH` is there, it is the
//! one that counts; when it is not, `PATH.new` is whole and durable (a writer got that far), and so is `PATH.old`.
//! Does not: reach what a file system or a flash drive keeps of overwritten blocks by itself; where that matters, the
//! master key is changed and the old one destroyed.

use crate::disk::{self, Disk, DiskError};

/// The new content on its way.
pub(crate) fn new_name(path: &str) -> String {
    format!("{path}.new")
}

/// The old content on its way out.
pub(crate) fn old_name(path: &str) -> String {
    format!("{path}.old")
}

/// Gives a file that is there new content, durably and all or nothing, and overwrites the old content with zeros.
/// Leftovers of an earlier run must have been settled: see [`settle`].
pub(crate) fn supersede(disk: &dyn Disk, path: &str, content: &[u8]) -> Result<(), DiskError> {
    let (new, old) = (new_name(path), old_name(path));
    disk.write(&new, content)?;
    // Until the next line returns, `new` may hold anything, and `path` counts.
    disk.sync(&new)?;
    disk.sync_folder(disk::parent(path))?;
    // Durable: `path` with the old content, `new` with the new one. Two renamings follow, each made durable by itself:
    // were the second to survive without the first, the old content would lose its last name before it is overwritten.
    disk.rename(path, &old)?;
    disk.sync_folder(disk::parent(path))?;
    // Durable: `old` and `new`, both whole. The next start goes on from here.
    disk.rename(&new, path)?;
    disk.sync_folder(disk::parent(path))?;
    // Durable: `path` with the new content. What follows can be done again at any time.
    erase(disk, &old)
}

/// Goes on where a run was interrupted between its two renamings: `from` (the new or the old content) becomes `path`.
pub(crate) fn resume(disk: &dyn Disk, path: &str, from: &str) -> Result<(), DiskError> {
    // What is seen need not be durable when a process was killed and not the machine.
    disk.sync_folder(disk::parent(path))?;
    disk.rename(from, path)?;
    disk.sync_folder(disk::parent(path))
}

/// Makes durable that a file is seen under this name: a process that was killed may have left it so that a crash would
/// take it back. On a disk that can only be read nothing is acted upon that would have to outlast a crash.
pub(crate) fn hold(disk: &dyn Disk, path: &str) -> Result<(), DiskError> {
    match disk.sync_folder(disk::parent(path)) {
        Err(error) if error.is_read_only() => Ok(()),
        held => held,
    }
}

/// Which leftovers there were beside a `path` that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Leftovers {
    pub(crate) new: bool,
    pub(crate) old: bool,
}

/// Erases what an interrupted run left beside a `path` that is there and whole.
pub(crate) fn settle(disk: &dyn Disk, path: &str) -> Result<Leftovers, DiskError> {
    let (new, old) = (new_name(path), old_name(path));
    // The name `path` must be durable before another name of its content, or the only other content, goes, and before
    // anyone relies on what the file holds.
    hold(disk, path)?;
    let found = Leftovers { new: disk.read(&new)?.is_some(), old: disk.read(&old)?.is_some() };
    if found.new {
        erase(disk, &new)?;
    }
    if found.old {
        erase(disk, &old)?;
    }
    Ok(found)
}

/// Overwrites a file with zeros, durably, and removes it.
pub(crate) fn erase(disk: &dyn Disk, path: &str) -> Result<(), DiskError> {
    let Some(content) = disk.read(path)? else { return Ok(()) };
    let mut file = disk.open(path)?;
    file.write_at(0, &vec![0; content.len()])?;
    file.sync()?;
    // Durable: zeros under the old name.
    disk.remove(path)?;
    disk.sync_folder(disk::parent(path))
}
