//! Where the files are kept.
//!
//! Owns: everything below `attachments/`: files under their digest, and files on their way there.
//! Invariants: what [`Shelf::put`] returned is durable, content and name; a name never stands over other bytes than
//! those it is the digest of; no more than some pieces of a file are in memory.
//! A crash leaves at worst a file without a name (`<number>.new`) or one that no entry speaks of; [`Shelf::sweep`]
//! removes both. One process uses a folder; all of its shelves over it are clones of one.
//! Does not: know who speaks of a file (the caller says which ones are in use), count references, keep two copies.
//! Source: `docs/format.md` §10, §10.5.

use crate::digest::{Digest, FOLDER};
use crate::error::{GetError, PutError};
use crate::reader::Reader;
use crate::sealed::{PREFIX_BYTES, Sealer, claimed_key};
use ledger::disk::{Disk, DiskError, DiskFile, parent};
use ledger::entropy::Entropy;
use model::DataKeyId;
use proof::seal::DataKey;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// Bytes of the source that are read at once.
const PIECE_BYTES: usize = 65_536;
/// What a sealed file begins with: its mark and the name of its data key.
const FIRST_BYTES: u64 = 24;

/// The files of a data folder. Clones are the same shelf.
#[derive(Clone)]
pub struct Shelf {
    disk: Arc<dyn Disk>,
    state: Arc<Mutex<State>>,
}

/// What this process is about. It is held while a file gets or loses its name, which is short; never while one is
/// written.
#[derive(Default)]
struct State {
    /// Number of the next file on its way.
    next: u64,
    /// Those on their way now.
    under_way: BTreeSet<u64>,
    /// Those that came in since the process began.
    fresh: BTreeSet<Digest>,
}

/// How a file is to be sealed.
pub struct Seal<'a> {
    /// The data key.
    pub key: &'a DataKey,
    /// Its name in the vault.
    pub id: DataKeyId,
    /// Where the nonce prefix is drawn from.
    pub entropy: &'a mut dyn Entropy,
}

/// A file that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the stored bytes: its name.
    pub digest: Digest,
    /// Bytes of the content as it was handed in.
    pub size: u64,
    /// The data key it is sealed under, if it is.
    pub sealed: Option<DataKeyId>,
}

/// Files that a sweep must leave.
#[derive(Debug, Clone, Copy)]
pub struct Keep<'a> {
    /// Those that entries speak of.
    pub in_use: &'a BTreeSet<Digest>,
    /// Those that somebody may still come to speak of, such as a draft.
    pub grace: &'a BTreeSet<Digest>,
}

/// What a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Files that never got their name.
    pub unfinished: u64,
    /// Files that nobody speaks of.
    pub unreferenced: u64,
}

/// A file on its way to its name; its number is given back when it is dropped.
struct UnderWay<'a> {
    shelf: &'a Shelf,
    number: u64,
}

/// Where stored bytes go: hashed and written one behind the other.
struct Sink {
    file: Box<dyn DiskFile>,
    hasher: Sha256,
    length: u64,
}

impl Shelf {
    /// The files on this disk. None need be there yet.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, state: Arc::default() }
    }

    /// Keeps what `source` gives, at most `limit` bytes of it, in clear or sealed. The same content twice in clear is
    /// one file; sealed it is two, since nobody shall see that they are the same.
    ///
    /// # Errors
    /// Each [`PutError`]: nothing was kept that has a name, except that after `Disk` at the very last step it may have
    /// one. It can be put again.
    pub fn put(&self, source: &mut dyn Read, limit: u64, seal: Option<Seal<'_>>) -> Result<Stored, PutError> {
        let sealed = seal.as_ref().map(|seal| seal.id);
        let sealer = seal.map(Seal::begin).transpose()?;
        let under_way = self.begin();
        let written = self.write(&under_way.path(), source, limit, sealer);
        let kept = written.and_then(|(digest, size)| {
            // The content is durable here, under a name that counts for nothing: a crash leaves it to the next sweep.
            self.name(&under_way.path(), digest).map_err(PutError::Disk)?;
            Ok(Stored { digest, size, sealed })
        });
        if kept.is_err() {
            // What stays in spite of this a sweep removes.
            let _ = self.disk.remove(&under_way.path());
        }
        kept
    }

    /// The file of this digest: its content when `key` opens it or it is in clear, else its stored bytes.
    ///
    /// # Errors
    /// `Missing`, `Disk`; `Seal`: it is not sealed, or under another key.
    pub fn get(&self, digest: Digest, key: Option<(&DataKey, DataKeyId)>) -> Result<Reader, GetError> {
        let path = digest.path();
        match self.disk.reader(&path).map_err(GetError::Disk)? {
            Some(file) => Reader::new(digest, path, file, key),
            None => Err(GetError::Missing { path }),
        }
    }

    /// The data key a file says it is sealed under; none where it says nothing of the kind. Anybody could have put a file
    /// that says so: it is true when it opens under that key.
    ///
    /// # Errors
    /// `Missing`, `Disk`.
    pub fn claimed_key(&self, digest: Digest) -> Result<Option<DataKeyId>, GetError> {
        let path = digest.path();
        let file = self.disk.reader(&path).map_err(GetError::Disk)?;
        let Some(file) = file else { return Err(GetError::Missing { path }) };
        let mut first = Vec::new();
        let read = file.take(FIRST_BYTES).read_to_end(&mut first);
        read.map_err(|source| GetError::Disk(DiskError::new("read", path, source)))?;
        Ok(claimed_key(&first))
    }

    /// Whether there is a file of this name; whether it is the right one shows when it is read.
    ///
    /// # Errors
    /// The disk does not say.
    pub fn has(&self, digest: Digest) -> Result<bool, DiskError> {
        Ok(self.disk.reader(&digest.path())?.is_some())
    }

    /// Takes a file away for good; says whether it was there. Its name is gone for good when this returns. Its bytes are
    /// not overwritten: on the disks of today that would overwrite others. What must be beyond recovery is sealed, and
    /// its key destroyed.
    ///
    /// # Errors
    /// It may still be there.
    pub fn remove(&self, digest: Digest) -> Result<bool, DiskError> {
        let mut state = self.state();
        state.fresh.remove(&digest);
        let path = digest.path();
        match self.disk.remove(&path) {
            Ok(()) => {}
            Err(error) if error.source.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        // A crash before this returns may bring the name back; whoever destroys does it again then.
        self.disk.sync_folder(parent(&path))?;
        Ok(true)
    }

    /// Removes what interrupted puts have left, and, where it is said what to keep, files that nobody speaks of. Files
    /// that are on their way or came in since the process began stay.
    ///
    /// # Errors
    /// Some may still be there, which does no harm.
    pub fn sweep(&self, keep: Option<Keep<'_>>) -> Result<Swept, DiskError> {
        let mut swept = Swept::default();
        for name in self.disk.list(FOLDER)?.unwrap_or_default() {
            if let Some(folder) = name.strip_suffix('/') {
                if let Some(keep) = &keep {
                    swept.unreferenced += self.sweep_folder(&format!("{FOLDER}/{folder}"), keep)?;
                }
            } else if let Some(number) = number_of(&name) {
                let state = self.state();
                if !state.under_way.contains(&number) {
                    self.disk.remove(&format!("{FOLDER}/{name}"))?;
                    swept.unfinished += 1;
                }
            }
        }
        if swept.unfinished > 0 {
            self.disk.sync_folder(FOLDER)?;
        }
        Ok(swept)
    }

    fn sweep_folder(&self, folder: &str, keep: &Keep<'_>) -> Result<u64, DiskError> {
        let mut removed = 0;
        for name in self.disk.list(folder)?.unwrap_or_default() {
            let Ok(digest) = name.parse::<Digest>() else { continue };
            let state = self.state();
            let wanted = keep.in_use.contains(&digest) || keep.grace.contains(&digest);
            if !wanted && !state.fresh.contains(&digest) && parent(&digest.path()) == folder {
                self.disk.remove(&digest.path())?;
                removed += 1;
            }
        }
        if removed > 0 {
            self.disk.sync_folder(folder)?;
        }
        Ok(removed)
    }

    fn begin(&self) -> UnderWay<'_> {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.under_way.insert(number);
        UnderWay { shelf: self, number }
    }

    /// Writes the stored bytes to `path` and makes them durable; gives their digest and the length of the content.
    fn write(
        &self,
        path: &str,
        source: &mut dyn Read,
        limit: u64,
        mut sealer: Option<Sealer>,
    ) -> Result<(Digest, u64), PutError> {
        self.disk.write(path, b"").map_err(PutError::Disk)?;
        let file = self.disk.open(path).map_err(PutError::Disk)?;
        let mut sink = Sink { file, hasher: Sha256::new(), length: 0 };
        let mut piece = Zeroizing::new(vec![0; PIECE_BYTES]);
        let mut stored = Vec::new();
        let mut size = 0;
        loop {
            let read = match source.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => piece.get(..read).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(PutError::Source(error)),
            };
            size += read.len() as u64;
            if size > limit {
                return Err(PutError::TooBig { limit });
            }
            match &mut sealer {
                None => sink.put(read)?,
                Some(sealer) => {
                    sealer.put(read, &mut stored).map_err(PutError::Seal)?;
                    sink.put(&stored)?;
                    stored.clear();
                }
            }
        }
        if let Some(sealer) = sealer {
            sealer.finish(&mut stored).map_err(PutError::Seal)?;
            sink.put(&stored)?;
        }
        sink.file.sync().map_err(PutError::Disk)?;
        Ok((Digest::from_bytes(sink.hasher.finalize().into()), size))
    }

    /// Gives a durable file its name. A file of that name gives way: it has the same bytes, unless it is damaged.
    fn name(&self, path: &str, digest: Digest) -> Result<(), DiskError> {
        let mut state = self.state();
        // Before it has its name, so that no sweep takes it away.
        state.fresh.insert(digest);
        self.disk.rename(path, &digest.path())?;
        // A crash here leaves the file under its number, its name, or both, whole either way.
        self.disk.sync_folder(parent(&digest.path()))?;
        // Its name is durable. The number goes for good too, else a file that was destroyed could come back by it.
        self.disk.sync_folder(FOLDER)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of it is whole, whatever panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seal<'_> {
    fn begin(self) -> Result<Sealer, PutError> {
        let mut prefix = [0; PREFIX_BYTES];
        self.entropy.fill(&mut prefix).map_err(PutError::Entropy)?;
        Ok(Sealer::new(self.key, self.id, prefix))
    }
}

impl Sink {
    fn put(&mut self, bytes: &[u8]) -> Result<(), PutError> {
        self.file.write_at(self.length, bytes).map_err(PutError::Disk)?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }
}

impl UnderWay<'_> {
    fn path(&self) -> String {
        format!("{FOLDER}/{:020}.new", self.number)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.shelf.state().under_way.remove(&self.number);
    }
}

/// The number of a file on its way; none where the name is no such file's.
fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".new")?;
    let number = digits.parse().ok()?;
    (format!("{number:020}") == digits).then_some(number)
}
