//! The vault as it lies: looked at, never mended, for those who only check.
//!
//! Owns: the reading of all files of the vault without writing any. Without the master key it sees which keys there
//! are; with it, whether each opens.
//! Invariant: nothing is written, made durable or erased.
//! Source: `docs/format.md` §10.2.

use super::backup::Register;
use super::error::VaultError;
use super::image::{Image, Parsed, damaged, offset};
use super::wrap::Secret;
use super::{KEYS, KeyState, intent};
use crate::disk::Disk;
use crate::master::MasterSecret;
use model::DataKeyId;

/// What the files of a vault say.
pub struct Sight {
    image: Image,
    wrapping: Option<Secret>,
    torn_at: Option<u64>,
    destroying: bool,
}

impl Sight {
    /// Looks at the vault on `disk`; with `master` each key is opened, too.
    ///
    /// # Errors
    /// `NoVault`: there is no `vault/keys`; `Header`, `Slot`, `Register`, `Intent`: a file is damaged; `WrongMaster`,
    /// `Master`; `Disk`.
    pub fn look(disk: &dyn Disk, master: Option<&MasterSecret>) -> Result<Self, VaultError> {
        let doomed = intent::read(disk)?;
        let content = disk.read(KEYS)?.ok_or(VaultError::NoVault { path: KEYS })?;
        let Parsed { image, torn, .. } = Image::parse(KEYS, &content, doomed)?;
        let register = Register::read(disk)?;
        if register.is_none_or(|register| register.vault != image.header.vault) {
            return Err(VaultError::Register { what: "it is missing or that of another vault".to_owned() });
        }
        let wrong_master = || VaultError::WrongMaster { path: KEYS.to_owned() };
        let wrapping = match master {
            None => None,
            Some(master) => {
                Some(image.header.unwrap(&master.key(&image.header.kdf)?).ok_or_else(wrong_master)?)
            }
        };
        let slots = u32::try_from(image.slots().len()).unwrap_or(u32::MAX);
        let sight =
            Self { image, wrapping, torn_at: torn.then(|| offset(slots)), destroying: doomed.is_some() };
        sight.check_slots()?;
        Ok(sight)
    }

    fn check_slots(&self) -> Result<(), VaultError> {
        let Some(wrapping) = &self.wrapping else { return Ok(()) };
        for (number, slot) in (0..).zip(self.image.slots()) {
            if !slot.is_destroyed() && slot.unwrap(wrapping).is_none() {
                return Err(damaged(KEYS, number, "its key does not open under the wrapping key"));
            }
        }
        Ok(())
    }

    /// What became of a key; none where it is in the vault and the vault was not opened.
    #[must_use]
    pub fn key(&self, id: DataKeyId) -> Option<KeyState> {
        match self.image.find(id) {
            None => Some(KeyState::Unknown),
            Some(slot) if slot.is_destroyed() => Some(KeyState::Destroyed),
            Some(slot) => slot.unwrap(self.wrapping.as_ref()?).map(KeyState::Here),
        }
    }

    /// The byte of `vault/keys` at which a slot begins that was never written to its end; its key was never handed out.
    #[must_use]
    pub const fn torn_at(&self) -> Option<u64> {
        self.torn_at
    }

    /// A destruction was begun and is not finished.
    #[must_use]
    pub const fn is_destroying(&self) -> bool {
        self.destroying
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Folder;
    use crate::entropy::MachineEntropy;
    use crate::master::Argon2Cost;
    use crate::vault::Vault;
    use std::sync::Arc;

    fn secret(folder: &std::path::Path) -> MasterSecret {
        MasterSecret::make_key_file(&folder.join("master"), &folder.join("data"), &mut MachineEntropy)
            .unwrap()
    }

    #[test]
    fn a_sight_shows_what_the_vault_holds_with_and_without_its_master_key() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, master) = (Arc::new(Folder::new(folder.path().join("data"))), secret(folder.path()));
        let key = master.new_key(Argon2Cost::DEFAULT, &mut MachineEntropy).unwrap();
        let mut vault = Vault::create(Arc::clone(&disk) as _, &key, &mut MachineEntropy).unwrap();
        let (kept, bytes) = vault.new_key(&mut MachineEntropy).unwrap();
        let (gone, _) = vault.new_key(&mut MachineEntropy).unwrap();
        vault.destroy(gone).unwrap();
        let open = Sight::look(disk.as_ref(), Some(&master)).unwrap();
        let closed = Sight::look(disk.as_ref(), None).unwrap();
        let here = |state: Option<KeyState>| matches!(state, Some(KeyState::Here(key)) if key.secret_bytes() == bytes.secret_bytes());
        assert!(here(open.key(kept)));
        assert!(closed.key(kept).is_none());
        for sight in [&open, &closed] {
            assert!(matches!(sight.key(gone), Some(KeyState::Destroyed)));
            assert!(matches!(sight.key(DataKeyId::from_bytes([9; 16])), Some(KeyState::Unknown)));
            assert_eq!((sight.torn_at(), sight.is_destroying()), (None, false));
        }
    }
}
