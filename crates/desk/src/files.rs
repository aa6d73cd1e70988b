//! Files people hand in: looked at for what they are, kept, sealed where the register says so, given back whole.
//!
//! A file is stored before the command that speaks of it.
//! Does not: say who may read a file (whoever reads the record may); take away files that no command came to speak of.

use crate::keys::Vaulted;
use crate::order::Refused;
use crate::packs::{digest, spelled};
use attachment::kind::Limits;
use attachment::text::TextLimits;
use attachment::{Digest, GetError, Seal, Shelf};
use ledger::entropy::Entropy;
use ledger::vault::KeyState;
use model::{DataKeyId, Instant, Told};
use std::sync::Arc;
use store::Stored;

/// The largest file, in bytes, whatever a field allows.
pub const LARGEST_FILE: u64 = 100 << 20;
/// The largest archive of a pack.
const LARGEST_ARCHIVE: u64 = 64 << 20;

/// Stored files and the keys of sealed ones.
#[derive(Clone)]
pub struct Files {
    shelf: Shelf,
    vault: Arc<Vaulted>,
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
    pub(crate) const fn new(shelf: Shelf, vault: Arc<Vaulted>) -> Self {
        Self { shelf, vault }
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
        let (stored, text) = match keeping {
            Keeping::Clear => {
                let stored = self.shelf.put(&mut source, LARGEST_FILE, None);
                // A file whose text cannot be had is kept all the same; it is found by its name.
                let text = attachment::extract(kind, content, &TextLimits::default()).ok();
                (stored, text.map(|found| found.text))
            }
            Keeping::Sealed => {
                let (id, key) = self.vault.fresh(entropy).map_err(|error| error.told())?;
                let seal = Seal { key: &key, id, entropy };
                (self.shelf.put(&mut source, LARGEST_FILE, Some(seal)), None)
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

    /// Stores the archive of a pack.
    pub(crate) fn put_archive(&self, content: &[u8]) -> Result<Digest, Refused> {
        let mut source = content;
        let stored = self.shelf.put(&mut source, LARGEST_ARCHIVE, None);
        stored.map(|stored| stored.digest).map_err(|error| Refused::Vault(error.told()))
    }

    /// Takes away what interrupted processes have left on its way.
    pub(crate) fn sweep(&self) {
        // What stays in spite of this does no harm; the next start tries again.
        let _ = self.shelf.sweep(None);
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

fn named(text: &str) -> Result<Digest, Told> {
    digest(text).ok_or_else(|| {
        Told::new(format!("「{text}」不是檔案識別碼"), format!("{text:?} names no stored file"))
    })
}
