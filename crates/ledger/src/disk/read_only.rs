//! A [`Disk`] that is only looked at: for tools beside the process that holds the folder.

use super::{Disk, DiskError, DiskFile};
use std::io::{Error, ErrorKind, Read};
use std::sync::Arc;

/// Reads through, refuses to change anything.
#[derive(Clone)]
pub struct ReadOnly(Arc<dyn Disk>);

impl ReadOnly {
    /// Looks at this disk.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self(disk)
    }
}

fn refused<T>(act: &'static str, path: &str) -> Result<T, DiskError> {
    Err(DiskError::new(act, path, Error::from(ErrorKind::ReadOnlyFilesystem)))
}

impl Disk for ReadOnly {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
        self.0.read(path)
    }

    fn reader(&self, path: &str) -> Result<Option<Box<dyn Read + Send>>, DiskError> {
        self.0.reader(path)
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, DiskError> {
        self.0.list(folder)
    }

    fn is_ordinary(&self, path: &str) -> Result<bool, DiskError> {
        self.0.is_ordinary(path)
    }

    fn write(&self, path: &str, _content: &[u8]) -> Result<(), DiskError> {
        refused("write", path)
    }

    fn open(&self, path: &str) -> Result<Box<dyn DiskFile>, DiskError> {
        refused("open", path)
    }

    fn sync(&self, path: &str) -> Result<(), DiskError> {
        refused("sync", path)
    }

    fn rename(&self, from: &str, _to: &str) -> Result<(), DiskError> {
        refused("rename", from)
    }

    fn remove(&self, path: &str) -> Result<(), DiskError> {
        refused("remove", path)
    }

    fn sync_folder(&self, folder: &str) -> Result<(), DiskError> {
        refused("sync", folder)
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        refused("sync", "")
    }
}
