//! Files people hand in: looked at for what they are, kept, sealed where the register says so, given back whole.
//!
//! A file is stored before the command that speaks of it. One that no record came to hold is taken away after a day
//! (`sweep`); while one comes in nothing is taken away, so that what is taken is never what was just handed in.
//! Does not: say who may read a file (whoever reads the record may).

use crate::keys::Vaulted;
use crate::order::Refused;
use crate::packs::{digest, spelled};
use attachment::kind::Limits;
use attachment::text::TextLimits;
use attachment::{Digest, GetError, Keep, Seal, Shelf};
use ledger::entropy::Entropy;
use ledger::vault::KeyState;
use model::{DataKeyId, Instant, Told};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};
use std::time::Duration;
use store::Stored;

/// The largest file, in bytes, whatever a field allows.
pub const LARGEST_FILE: u64 = 100 << 20;
/// The largest archive of a pack.
const LARGEST_ARCHIVE: u64 = 64 << 20;

/// How long a file that no record holds is kept, and counted to whoever handed it in.
pub(crate) const LOOSE: Duration = Duration::from_secs(86_400);

/// Stored files and the keys of sealed ones.
#[derive(Clone)]
pub struct Files {
    shelf: Shelf,
    vault: Arc<Vaulted>,
    /// Shared by whoever brings a file in; whoever takes files away has it alone.
    coming: Arc<RwLock<()>>,
}

/// How a file is to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// In clear; its text is searched.
    Clear,
    /// Under a data key of its own; never indexed.
    Sealed,
}

impl Files {
    pub(crate) fn new(shelf: Shelf, vault: Arc<Vaulted>) -> Self {
        Self { shelf, vault, coming: Arc::default() }
    }

    /// Held while a file comes in, until the state knows it.
    pub(crate) fn bring(&self) -> RwLockReadGuard<'_, ()> {
        self.coming.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while files are taken away; none while one comes in. Nobody waits here.
    pub(crate) fn undisturbed(&self) -> Option<RwLockWriteGuard<'_, ()>> {
        match self.coming.try_write() {
            Ok(alone) => Some(alone),
            Err(TryLockError::Poisoned(alone)) => Some(alone.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(crate) const fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Stores a file under the name its owner gave it.
    ///
    /// # Errors
    /// It is not what its name says, is too large, or holds what may not come in; or it could not be stored.
    pub(crate) fn put(
        &self,
        name: &str,
        content: &[u8],
        keeping: Keeping,
        now: Instant,
        entropy: &mut dyn Entropy,
    ) -> Result<Stored, Told> {
        let kind = attachment::check(name, content, &Limits::default()).map_err(|refused| refused.told())?;
        let mut source = content;
        let (stored, text, unread) = match keeping {
            Keeping::Clear => {
                let stored = self.shelf.put(&mut source, LARGEST_FILE, None);
                // A file whose text cannot be had is kept all the same; it is found by its name, and it is said why.
                match attachment::extract(kind, content, &TextLimits::default()) {
                    Ok(found) => (stored, Some(found.text), None),
                    Err(error) => (stored, None, Some(error.told())),
                }
            }
            Keeping::Sealed => {
                let (id, key) = self.vault.fresh(entropy).map_err(|error| error.told())?;
                let seal = Seal { key: &key, id, entropy };
                (self.shelf.put(&mut source, LARGEST_FILE, Some(seal)), None, None)
            }
        };
        let stored = stored.map_err(|error| error.told())?;
        Ok(Stored {
            digest: spelled(stored.digest),
            size: stored.size,
            kind: kind.name().to_owned(),
            key: stored.sealed,
            at: now,
            text,
            unread,
        })
    }

    /// The content of a stored file, checked to the last byte.
    ///
    /// # Errors
    /// It is not there, was changed, or its key was destroyed.
    ///
    /// `noted` is what the state knows of its data key.
    pub(crate) fn get(&self, text: &str, noted: Option<Option<DataKeyId>>) -> Result<Vec<u8>, Told> {
        let digest = named(text)?;
        let data_key = match self.key_of(text, noted)? {
            None => None,
            Some(id) => match self.data_key(id)? {
                KeyState::Here(key) => Some((key, id)),
                KeyState::Destroyed | KeyState::Unknown => {
                    return Err(Told::new("檔案內容已核准銷毀", "The file's content was destroyed"));
                }
            },
        };
        let reader = self.shelf.get(digest, data_key.as_ref().map(|(key, id)| (key, *id)));
        let content = reader.and_then(|reader| reader.read_all(LARGEST_FILE));
        content.map(|content| content.to_vec()).map_err(|error| error.told())
    }

    /// The data key a file is sealed under; none where it is in clear, or gone. Where the state was lost, the file itself
    /// says so, and only as far as it opens under that key: anybody may hand in a file that says anything.
    pub(crate) fn key_of(
        &self,
        text: &str,
        noted: Option<Option<DataKeyId>>,
    ) -> Result<Option<DataKeyId>, Told> {
        if let Some(noted) = noted {
            return Ok(noted);
        }
        let digest = named(text)?;
        let id = match self.shelf.claimed_key(digest) {
            Ok(Some(id)) => id,
            Ok(None) | Err(GetError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error.told()),
        };
        let KeyState::Here(key) = self.data_key(id)? else { return Ok(Some(id)) };
        let opened = self.shelf.get(digest, Some((&key, id)));
        match opened.and_then(|reader| reader.copy_to(&mut std::io::sink())) {
            Ok(_) => Ok(Some(id)),
            Err(GetError::Seal { .. }) => Ok(None),
            Err(error) => Err(error.told()),
        }
    }

    fn data_key(&self, id: DataKeyId) -> Result<KeyState, Told> {
        store::Keys::key(self.vault.as_ref(), id).map_err(|error| error.told())
    }

    /// Is there a stored file of this name?
    pub(crate) fn has(&self, text: &str) -> Result<bool, Told> {
        let failed = |error: ledger::disk::DiskError| {
            Told::new(format!("無法讀取檔案 {text}：{error}"), format!("{text} cannot be read: {error}"))
        };
        self.shelf.has(named(text)?).map_err(failed)
    }

    /// Stores the archive of a pack.
    pub(crate) fn put_archive(&self, content: &[u8]) -> Result<Digest, Refused> {
        let mut source = content;
        let stored = self.shelf.put(&mut source, LARGEST_ARCHIVE, None);
        stored.map(|stored| stored.digest).map_err(|error| Refused::Failed(error.told()))
    }

    /// Takes away what interrupted processes have left on its way.
    pub(crate) fn sweep(&self) {
        // What stays in spite of this does no harm; the next start tries again.
        let _ = self.shelf.sweep(None);
    }

    /// Takes away all files but these.
    pub(crate) fn sweep_all_but(&self, spoken_of: &BTreeSet<Digest>) -> Result<u64, Told> {
        let keep = Keep { in_use: spoken_of, grace: &BTreeSet::new() };
        let swept = self.shelf.sweep(Some(keep)).map_err(|error| {
            Told::new(
                format!("無法清除無人使用之檔案：{error}"),
                format!("Files that nobody speaks of cannot be removed: {error}"),
            )
        })?;
        Ok(swept.unreferenced)
    }

    /// Takes a file away for good.
    pub(crate) fn remove(&self, text: &str) -> Result<(), Told> {
        let Some(digest) = digest(text) else { return Ok(()) };
        let failed = |error: ledger::disk::DiskError| {
            Told::new(format!("無法刪除檔案 {text}：{error}"), format!("{text} cannot be removed: {error}"))
        };
        self.shelf.remove(digest).map(drop).map_err(failed)
    }
}

/// What is told to whoever hands in more than they may while no record holds it.
pub(crate) fn too_much(most: u64) -> Told {
    let most = most >> 20;
    Told::new(
        format!("一日內上傳而尚未登錄於紀錄之檔案合計不得逾 {most} MiB；請先送出表單，或於一日後再試"),
        format!(
            "Files handed in within a day that no record holds yet may come to {most} MiB; send the form first, or try again in a day"
        ),
    )
}

fn named(text: &str) -> Result<Digest, Told> {
    digest(text).ok_or_else(|| {
        Told::new(format!("「{text}」不是檔案識別碼"), format!("{text:?} names no stored file"))
    })
}
