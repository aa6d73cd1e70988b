//! The published ledger: checkpoint, tiles, entry bundles; what anyone may read.
//!
//! Owns: the [`Objects`] contract and the folder `ledger/` behind it. An object store is another [`Objects`].
//! Invariants: tiles and bundles never change once a checkpoint covers them; a checkpoint is put after everything it
//! covers; `durable` names a head below which every file is on stable storage.
//! Does not: check what it stores.
//! Source: C2SP tlog-tiles; `docs/format.md` §4, §5, §10.

use crate::disk::{self, Disk, DiskError};
use std::sync::Arc;

/// Where the latest head stands.
pub const CHECKPOINT: &str = "checkpoint";
/// Where the latest head with a quorum of cosignatures stands.
pub const COSIGNED: &str = "cosigned";
/// Where the head last marked durable stands.
pub const DURABLE: &str = "durable";

/// A place for the ledger's published files. Paths are those of tlog-tiles, below the ledger's prefix.
pub trait Objects: Send + Sync {
    /// Content of a file; none where there is no such file.
    ///
    /// # Errors
    /// It is there and cannot be read.
    fn fetch(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError>;

    /// Names in a folder of it, sorted, folders ending in `/`; none where there is no such folder.
    ///
    /// # Errors
    /// It is there and cannot be read.
    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, DiskError>;

    /// Writes a file. Readers see all of it or nothing; it need not be durable yet.
    ///
    /// # Errors
    /// Readers see what was there before.
    fn put(&self, path: &str, content: &[u8]) -> Result<(), DiskError>;

    /// Writes a file durably, all or nothing.
    ///
    /// # Errors
    /// Readers see what was there before.
    fn replace(&self, path: &str, content: &[u8]) -> Result<(), DiskError>;

    /// Removes what interrupted writes have left in a folder. Where a write is there whole or not at all, there is
    /// nothing to do.
    ///
    /// # Errors
    /// Some may still be there, which does no harm.
    fn discard_unfinished(&self, folder: &str) -> Result<(), DiskError> {
        let _ = folder;
        Ok(())
    }

    /// Makes all that was put durable, and durably remembers `head` as the mark below which it is.
    ///
    /// # Errors
    /// Nothing is known of what was put since the last mark; the mark is the last one or this one.
    fn mark_durable(&self, head: &[u8]) -> Result<(), DiskError>;

    /// The head last marked; none in a place where no ledger was made.
    ///
    /// # Errors
    /// It is there and cannot be read.
    fn durable(&self) -> Result<Option<Vec<u8>>, DiskError>;

    /// How the operator knows the file, for messages.
    fn shown(&self, path: &str) -> String;
}

/// The folder `ledger/` of a [`Disk`].
#[derive(Clone)]
pub struct FolderObjects {
    disk: Arc<dyn Disk>,
}

impl FolderObjects {
    /// The published ledger on this disk.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk }
    }
}

impl Objects for FolderObjects {
    fn fetch(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
        self.disk.read(&self.shown(path))
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, DiskError> {
        self.disk.list(self.shown(folder).trim_end_matches('/'))
    }

    fn put(&self, path: &str, content: &[u8]) -> Result<(), DiskError> {
        let path = self.shown(path);
        let new = format!("{path}.new");
        self.disk.write(&new, content)?;
        self.disk.rename(&new, &path)
    }

    fn replace(&self, path: &str, content: &[u8]) -> Result<(), DiskError> {
        disk::replace(self.disk.as_ref(), &self.shown(path), content)
    }

    fn discard_unfinished(&self, folder: &str) -> Result<(), DiskError> {
        for name in self.list(folder)?.unwrap_or_default() {
            if name.ends_with(".new") {
                self.disk.remove(&self.shown(&format!("{folder}{name}")))?;
            }
        }
        Ok(())
    }

    fn mark_durable(&self, head: &[u8]) -> Result<(), DiskError> {
        self.disk.sync_all()?;
        // Everything `head` covers is on stable storage from here on; until the next line returns, a crash finds
        // the older mark, which is as true.
        disk::replace(self.disk.as_ref(), &self.shown(DURABLE), head)
    }

    fn durable(&self) -> Result<Option<Vec<u8>>, DiskError> {
        self.disk.read(&self.shown(DURABLE))
    }

    fn shown(&self, path: &str) -> String {
        format!("ledger/{path}")
    }
}
