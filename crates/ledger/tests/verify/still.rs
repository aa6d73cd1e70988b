//! A disk that stands still: files in memory that tests change byte by byte.

use ledger::disk::{Disk, DiskError, DiskFile};
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::sync::Arc;

/// Files by path. Cloning is cheap; nothing is shared that could change.
#[derive(Clone, Default)]
pub(crate) struct Still(pub(crate) BTreeMap<String, Arc<Vec<u8>>>);

impl Still {
    /// All files that are seen on a disk.
    pub(crate) fn of(disk: &testkit::CrashDisk) -> Self {
        let read = |path: String| {
            let content = disk.read(&path).unwrap().unwrap();
            (path, Arc::new(content))
        };
        Self(disk.paths().into_iter().map(read).collect())
    }

    pub(crate) fn file(&self, path: &str) -> &[u8] {
        self.0.get(path).unwrap_or_else(|| panic!("{path} is not there"))
    }

    /// The same with one file changed, or made.
    pub(crate) fn with(&self, path: &str, content: Vec<u8>) -> Self {
        let mut changed = self.clone();
        changed.0.insert(path.to_owned(), Arc::new(content));
        changed
    }

    pub(crate) fn without(&self, path: &str) -> Self {
        let mut changed = self.clone();
        changed.0.remove(path).unwrap();
        changed
    }

    /// The same with some bits of one byte turned.
    pub(crate) fn turned(&self, path: &str, at: usize, bits: u8) -> Self {
        let mut content = self.file(path).to_vec();
        content[at] ^= bits;
        self.with(path, content)
    }
}

impl Disk for Still {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
        Ok(self.0.get(path).map(|content| content.to_vec()))
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, DiskError> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut names = Vec::new();
        for (path, _) in self.0.range(prefix.clone()..) {
            let Some(rest) = path.strip_prefix(&prefix) else { break };
            let name = rest.split_once('/').map_or(rest.to_owned(), |(folder, _)| format!("{folder}/"));
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
        names.sort();
        Ok((folder.is_empty() || !names.is_empty()).then_some(names))
    }

    fn write(&self, path: &str, _content: &[u8]) -> Result<(), DiskError> {
        refused(path)
    }

    fn open(&self, path: &str) -> Result<Box<dyn DiskFile>, DiskError> {
        refused(path)
    }

    fn sync(&self, path: &str) -> Result<(), DiskError> {
        refused(path)
    }

    fn rename(&self, from: &str, _to: &str) -> Result<(), DiskError> {
        refused(from)
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        refused(path)
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        refused(folder)
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        refused("")
    }
}

/// A verification that wrote anything would fail its test here.
fn refused<T>(path: &str) -> Result<T, DiskError> {
    Err(DiskError::new("write", path, Error::from(ErrorKind::ReadOnlyFilesystem)))
}
