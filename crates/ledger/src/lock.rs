//! One process writes a folder: the lock that keeps a second one out.
//!
//! flock goes with the process: after a crash nothing is left to clean up.

use crate::disk::DiskError;
use crate::error::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The lock of a data folder, held as long as it lives.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Locks the folder without making anything; none where there is no lock file, as in a copy.
    ///
    /// # Errors
    /// `Locked`: another process holds it. `Disk`: the lock file cannot be opened.
    pub fn look(data: &Path) -> Result<Option<Self>, OpenError> {
        let path = data.join("lock");
        let shown = path.display().to_string();
        match OpenOptions::new().read(true).open(&path) {
            Ok(file) => Self::lock(file, shown).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DiskError::new("open", shown, error).into()),
        }
    }

    /// Locks the folder `data`, which must be there.
    ///
    /// # Errors
    /// `Locked`: another process holds it. `Disk`: the lock file cannot be opened.
    pub fn acquire(data: &Path) -> Result<Self, OpenError> {
        let path = data.join("lock");
        let shown = path.display().to_string();
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(|error| DiskError::new("open", shown.clone(), error))?;
        Self::lock(file, shown)
    }

    fn lock(file: File, shown: String) -> Result<Self, OpenError> {
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: shown }),
            Err(TryLockError::Error(error)) => Err(DiskError::new("lock", shown, error).into()),
        }
    }
}
