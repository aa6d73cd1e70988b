//! What is whole of a ledger after a disaster: the latest head of which every entry is there.
//!
//! The published head may show more than the files hold, where files were lost and the head was not. Then the head that
//! was last marked durable counts, for which the ledger is read as it was at that time.

use super::SuccessionError;
use crate::disk::DiskError;
use crate::objects::{CHECKPOINT, Objects};
use crate::reader::{ReadError, Reader};
use proof::checkpoint::Checkpoint;
use proof::hash::{Hash, leaf_hash};
use proof::policy::Policy;
use proof::tree::Frontier;
use std::sync::Arc;

/// A ledger as of a head that its files bear out, read from the first entry to the last.
pub(super) struct Whole {
    pub(super) reader: Reader,
    pub(super) head: Checkpoint,
}

impl Whole {
    pub(super) fn find(objects: &Arc<dyn Objects>, policy: &Policy) -> Result<Self, SuccessionError> {
        let published = objects.fetch(CHECKPOINT)?;
        let no_head = || ReadError::NoHead { path: objects.shown(CHECKPOINT) };
        let mut refused = SuccessionError::Read(no_head());
        // The last one tried is the most trustworthy, so that its error is the one to tell.
        for head in [published, objects.durable()?].into_iter().flatten() {
            match Self::read(objects, policy, head) {
                Ok(whole) => return Ok(whole),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn read(objects: &Arc<dyn Objects>, policy: &Policy, head: Vec<u8>) -> Result<Self, SuccessionError> {
        let checkpoint = policy.judge(&head)?.checkpoint().clone();
        let reader = Reader::new(Arc::new(AsOf { objects: Arc::clone(objects), head }));
        let mut frontier = Frontier::new();
        reader.entries(0..checkpoint.size, |_, entry| frontier.push(leaf_hash(entry), |_, _| ()))?;
        let whole = Self { reader, head: checkpoint };
        // Entries and tiles must both lead to the root that was signed.
        let root = whole.root(whole.head.size)?;
        if [frontier.root(), root] == [whole.head.root; 2] {
            Ok(whole)
        } else {
            Err(ReadError::Tree { size: whole.head.size }.into())
        }
    }

    pub(super) fn root(&self, size: u64) -> Result<Hash, ReadError> {
        self.reader.root_within(size, self.head.size)
    }
}

/// A published ledger as it was when `head` was its latest.
struct AsOf {
    objects: Arc<dyn Objects>,
    head: Vec<u8>,
}

impl Objects for AsOf {
    fn fetch(&self, path: &str) -> Result<Option<Vec<u8>>, DiskError> {
        if path == CHECKPOINT { Ok(Some(self.head.clone())) } else { self.objects.fetch(path) }
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, DiskError> {
        self.objects.list(folder)
    }

    fn put(&self, path: &str, _content: &[u8]) -> Result<(), DiskError> {
        Err(self.unchangeable(path))
    }

    fn replace(&self, path: &str, _content: &[u8]) -> Result<(), DiskError> {
        Err(self.unchangeable(path))
    }

    fn mark_durable(&self, _head: &[u8]) -> Result<(), DiskError> {
        Err(self.unchangeable(""))
    }

    fn durable(&self) -> Result<Option<Vec<u8>>, DiskError> {
        Ok(Some(self.head.clone()))
    }

    fn shown(&self, path: &str) -> String {
        self.objects.shown(path)
    }
}

impl AsOf {
    fn unchangeable(&self, path: &str) -> DiskError {
        DiskError::new("write", self.shown(path), std::io::ErrorKind::ReadOnlyFilesystem.into())
    }
}
