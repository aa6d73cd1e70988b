//! What the ledger asks of a file system, and how it makes files durable.
//!
//! Owns: the [`Disk`] contract, the real folder behind it, and the two ways a file becomes durable:
//! [`replace`] (new content, all or nothing) and [`DiskFile`] (in place, page by page).
//! Guarantee: what a `sync…` call returned for is on stable storage. After a failed `sync…` nothing is known about
//! what was written since the last good one, and it must not be tried again: the state is to be read anew
//! (the kernel may have dropped the pages and reported it once only).
//! Does not: know what is in the files.

mod folder;
mod read_only;

pub use folder::Folder;
pub use read_only::ReadOnly;

use std::io::{Cursor, Read};

/// A place for files. Paths are relative to its root, with `/` between parts and never `..`.
///
/// Nothing is durable before the `sync…` call that covers it: content by [`Disk::sync`] or [`DiskFile::sync`], names
/// (creation, renaming, removal) by [`Disk::sync_folder`] of their folder, everything by [`Disk::sync_all`].
/// A crash may keep any part of what was not durable, in any order.
pub trait Disk: Send + Sync {
    /// Content of a file; none where there is no such file.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError>;

    /// The same, to be read piece by piece, for files that are too big to be held whole. What is read is what stood
    /// there when it was opened, as long as nobody writes in place.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    fn reader(&self, path: &str) -> Result<Option<Box<dyn Read + Send>>, DiskError> {
        Ok(self.read(path)?.map(|content| Box::new(Cursor::new(content)) as Box<dyn Read + Send>))
    }

    /// Names in a folder, sorted; folders end in `/`. None where there is no such folder.
    ///
    /// # Errors
    /// The folder is there and cannot be read.
    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, DiskError>;

    /// Whether an ordinary file stands at a path that [`Disk::list`] names, and not a link, a socket or a device.
    ///
    /// # Errors
    /// It cannot be looked at.
    fn is_ordinary(&self, path: &str) -> Result<bool, DiskError> {
        let _ = path;
        Ok(true)
    }

    /// Writes a new file, or empties an old one first. Missing folders above it are made.
    ///
    /// # Errors
    /// It cannot be written; part of it may have been.
    fn write(&self, path: &str, content: &[u8]) -> Result<(), DiskError>;

    /// Opens a file that is there, to write in place.
    ///
    /// # Errors
    /// It is not there or cannot be written.
    fn open(&self, path: &str) -> Result<Box<dyn DiskFile>, DiskError>;

    /// Makes the content of a file durable.
    ///
    /// # Errors
    /// Nothing is known about what was written.
    fn sync(&self, path: &str) -> Result<(), DiskError>;

    /// Gives a file another name in the same file system; a file of that name gives way at once.
    ///
    /// # Errors
    /// It keeps its name.
    fn rename(&self, from: &str, to: &str) -> Result<(), DiskError>;

    /// Removes a file.
    ///
    /// # Errors
    /// It stays.
    fn remove(&self, path: &str) -> Result<(), DiskError>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// Nothing is known about changed names.
    fn sync_folder(&self, folder: &str) -> Result<(), DiskError>;

    /// Makes everything written so far durable, content and names.
    ///
    /// # Errors
    /// Nothing is known about what was written.
    fn sync_all(&self) -> Result<(), DiskError>;
}

/// A file open for writing in place.
pub trait DiskFile: Send {
    /// Writes `content` at `offset` bytes. Writing past the end makes the file longer.
    ///
    /// # Errors
    /// Part of it may have been written.
    fn write_at(&mut self, offset: u64, content: &[u8]) -> Result<(), DiskError>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// Nothing is known about what was written.
    fn sync(&mut self) -> Result<(), DiskError>;
}

/// A file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {act} failed")]
pub struct DiskError {
    /// What was tried, for example `write`.
    pub act: &'static str,
    /// Which file, as the operator knows it.
    pub path: String,
    /// What the system said.
    #[source]
    pub source: std::io::Error,
}

impl DiskError {
    /// `act` on `path` failed with `source`.
    #[must_use]
    pub fn new(act: &'static str, path: impl Into<String>, source: std::io::Error) -> Self {
        Self { act, path: path.into(), source }
    }

    /// The disk has no room left.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    }

    /// The disk can only be read.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.source.kind() == std::io::ErrorKind::ReadOnlyFilesystem
    }
}

/// Gives a file new content, durably and all or nothing.
///
/// System calls: open `path.new`, write, fdatasync, close, rename to `path`, fsync of the folder.
///
/// # Errors
/// The file has its old content, or (when only the last step failed) one of the two after a crash.
pub fn replace(disk: &dyn Disk, path: &str, content: &[u8]) -> Result<(), DiskError> {
    let new = format!("{path}.new");
    disk.write(&new, content)?;
    disk.sync(&new)?;
    disk.rename(&new, path)?;
    disk.sync_folder(parent(path))
}

/// The folder a path lies in; the root is the empty path.
#[must_use]
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
