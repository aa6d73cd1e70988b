//! The vault: data keys under a wrapping key under the master key.
//!
//! Owns: `vault/` in the data folder. `keys` (header and slots), `backups` (register), `destroying` (while it happens).
//! Invariants: a key is durable before anyone has it; a destroyed key is in no file of the folder, and no rotation,
//! restart or restoration brings it back; what is not known to be durable is never acted upon: after a failed write or
//! sync the vault stops, and is opened anew.
//! Does not: seal bodies (`proof::seal`), decide what is destroyed (an approved case does), keep the master key, lock
//! the folder (whoever opens the installation does).
//! Beyond a program's reach: what the file system or a flash drive keeps of blocks that were overwritten, and copies of
//! the folder taken by others. Both open only with the master key of their time: change it, and destroy the old one.
//! Source: `docs/format.md` §3, §10.2; clauses of retention and destruction.

mod backup;
pub(crate) mod checked;
mod error;
mod header;
mod image;
mod intent;
mod open;
mod restore;
mod sight;
mod slot;
pub(crate) mod swap;
pub(crate) mod wrap;

pub use backup::BackupEntry;
pub use checked::Base64;
pub use error::VaultError;
pub use header::VaultId;
pub use open::Mended;
pub use restore::Restored;
pub use sight::Sight;

use crate::disk::{self, Disk};
use crate::entropy::{self, Entropy};
use crate::master::{MasterKey, MasterSecret};
use backup::Register;
use header::{HEADER_BYTES, Header};
use image::{Doomed, Image, damaged, offset};
use model::{CivilDate, DataKeyId};
use proof::seal::DataKey;
use slot::{SLOT_BYTES, Slot, SlotFault};
use std::sync::Arc;
use wrap::Secret;

/// Where the keys lie.
pub(crate) const KEYS: &str = "vault/keys";

/// An open vault. It is the only one who writes in its folder.
pub struct Vault {
    disk: Arc<dyn Disk>,
    image: Image,
    wrapping: Secret,
    master: MasterKey,
    register: Register,
    mended: Vec<Mended>,
    tail: Tail,
    health: Health,
}

/// What is known of the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    /// The last slot is durable and nothing lies behind it.
    Known,
    /// It is to be looked at before the next slot is written.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Stopped,
}

/// What became of a data key.
#[derive(Debug)]
pub enum KeyState {
    /// It is here.
    Here(DataKey),
    /// It was destroyed.
    Destroyed,
    /// It is not and was never in this vault, as far as this vault knows.
    Unknown,
}

impl Vault {
    /// Makes a vault without keys.
    ///
    /// # Errors
    /// `Exists`: there is one, or part of one. `Entropy`, `Disk`.
    pub fn create(
        disk: Arc<dyn Disk>,
        master: &MasterKey,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, VaultError> {
        open::refuse_existing(disk.as_ref())?;
        let id = Base64(entropy::draw(entropy)?);
        let wrapping = entropy::draw_secret(entropy)?;
        let header = Header::new(id, 1, &wrapping, master, entropy)?;
        let (image, register) = (Image::new(header), Register::new(id));
        register.write(disk.as_ref())?;
        // Durable: a register without backups, which the next try overwrites.
        disk::replace(disk.as_ref(), KEYS, &image.encode())?;
        Ok(Self::from_parts(disk, image, wrapping, master.clone(), register))
    }

    /// Opens the vault; finishes or undoes what was interrupted.
    ///
    /// # Errors
    /// `NoVault`; `Header`, `Slot`, `Register`, `Intent`: a file is damaged; `WrongMaster`, `Master`; `Disk`.
    pub fn open(disk: Arc<dyn Disk>, master: &MasterSecret) -> Result<Self, VaultError> {
        open::open(disk, &open::Opener::Secret(master))
    }

    /// Opens it anew where it has stopped: its files are read again, what was interrupted is finished or undone. One that
    /// has not stopped stays as it is.
    ///
    /// # Errors
    /// As [`Vault::open`]: it is stopped as before.
    pub fn reopen(&mut self) -> Result<(), VaultError> {
        if self.health == Health::Stopped {
            *self = open::open(Arc::clone(&self.disk), &open::Opener::Key(&self.master))?;
        }
        Ok(())
    }

    /// Puts a backup back: into an empty folder, or beside keys that can still be read, which are kept. `masters` are
    /// the master key in use and, where it was changed, that of the time the backup was made; the first one seals the
    /// vault from now on, under a new wrapping key. What `destroyed` says was destroyed stays so.
    ///
    /// # Errors
    /// `Expired`, `BackupDamaged`, `OtherVault`, `WrongMaster`: nothing was changed. `Entropy`, `Disk`.
    pub fn restore(
        disk: Arc<dyn Disk>,
        backup: &[u8],
        masters: &[&MasterSecret],
        destroyed: &dyn Fn(DataKeyId) -> bool,
        today: CivilDate,
        entropy: &mut dyn Entropy,
    ) -> Result<(Self, Restored), VaultError> {
        restore::restore(disk, backup, masters, destroyed, today, entropy)
    }

    fn from_parts(
        disk: Arc<dyn Disk>,
        image: Image,
        wrapping: Secret,
        master: MasterKey,
        register: Register,
    ) -> Self {
        let (mended, tail, health) = (Vec::new(), Tail::Unknown, Health::Good);
        Self { disk, image, wrapping, master, register, mended, tail, health }
    }

    /// Which vault this is.
    #[must_use]
    pub const fn id(&self) -> VaultId {
        self.image.header.vault
    }

    /// Counts the wrapping keys, from 1.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.image.header.generation
    }

    /// The master key it is sealed under.
    #[must_use]
    pub const fn master(&self) -> &MasterKey {
        &self.master
    }

    /// What opening it had to put right, to be told to the operator.
    #[must_use]
    pub fn mended(&self) -> &[Mended] {
        &self.mended
    }

    /// All keys there ever were, in the order of their making, and whether each was destroyed.
    pub fn keys(&self) -> impl Iterator<Item = (DataKeyId, bool)> {
        self.image.slots().iter().map(|slot| (slot.id, slot.is_destroyed()))
    }

    /// What became of a key. A key whose destruction was begun counts as destroyed.
    ///
    /// # Errors
    /// `Slot`: it is there and does not open, so somebody put it together who has not the wrapping key.
    pub fn key(&self, id: DataKeyId) -> Result<KeyState, VaultError> {
        let Some((number, slot)) = self.image.number(id).zip(self.image.find(id)) else {
            return Ok(KeyState::Unknown);
        };
        if slot.is_destroyed() {
            return Ok(KeyState::Destroyed);
        }
        let key = slot.unwrap(&self.wrapping).ok_or_else(|| forged(number))?;
        Ok(KeyState::Here(key))
    }

    /// Makes a data key. It is durable when this returns, so that what is sealed under it can be acknowledged.
    ///
    /// # Errors
    /// `Entropy`, `Repeated`; `Disk`: there is no such key, and where only the write failed the next try may do;
    /// `Stopped`.
    pub fn new_key(&mut self, entropy: &mut dyn Entropy) -> Result<(DataKeyId, DataKey), VaultError> {
        self.check_health()?;
        let id = DataKeyId::from_bytes(entropy::draw(entropy)?);
        if self.image.number(id).is_some() {
            return Err(VaultError::Repeated { id });
        }
        let key = DataKey::from_bytes(*entropy::draw_secret(entropy)?);
        let slot = Slot::wrap(id, self.generation(), &key, &self.wrapping, entropy)?;
        self.settle_tail()?;
        let mut file = self.disk.open(KEYS)?;
        self.tail = Tail::Unknown;
        file.write_at(offset(self.next_slot()), &slot.encode())?;
        self.or_stop(|_| Ok(file.sync()?))?;
        // Durable: the slot. Nobody has its id yet.
        let number = self.next_slot();
        self.image.push(slot).map_err(|what| damaged(KEYS, number, what))?;
        self.tail = Tail::Known;
        Ok((id, key))
    }

    /// Destroys a key: overwrites it in place, makes that durable, looks whether it is so. To destroy a key that was
    /// destroyed changes nothing.
    ///
    /// # Errors
    /// `UnknownKey`; `Disk`, `StillThere`: the next [`Vault::open`] takes the destruction up again; `Stopped`.
    pub fn destroy(&mut self, id: DataKeyId) -> Result<(), VaultError> {
        self.check_health()?;
        let (number, slot) =
            self.image.number(id).zip(self.image.find(id)).ok_or(VaultError::UnknownKey { id })?;
        if slot.is_destroyed() {
            return Ok(());
        }
        let doomed = Doomed { slot: number, id };
        self.or_stop(|vault| {
            intent::begin(vault.disk.as_ref(), doomed)?;
            // Durable: which key is to go. From here on only forward.
            vault.image.destroy(number);
            vault.finish_destruction(doomed)
        })
    }

    /// Overwrites a slot that is destroyed in memory, reads it back, and closes the note about it.
    fn finish_destruction(&self, doomed: Doomed) -> Result<(), VaultError> {
        let destroyed = Slot::destroyed(doomed.id, self.generation()).encode();
        let mut file = self.disk.open(KEYS)?;
        file.write_at(offset(doomed.slot), &destroyed)?;
        file.sync()?;
        // Durable: 0xff where nonce and key were.
        let content = self.disk.read(KEYS)?.unwrap_or_default();
        let (slots, _) = content.get(HEADER_BYTES..).unwrap_or_default().as_chunks::<SLOT_BYTES>();
        if slots.get(doomed.slot as usize) != Some(&destroyed) {
            return Err(VaultError::StillThere { id: doomed.id });
        }
        Ok(intent::end(self.disk.as_ref())?)
    }

    /// Puts all keys under a new wrapping key, in a new file; nothing of the old one stays in the folder.
    ///
    /// # Errors
    /// `Slot`, `Entropy`: nothing was changed. `Disk`: the next [`Vault::open`] finishes or undoes it. `Stopped`.
    pub fn rotate(&mut self, entropy: &mut dyn Entropy) -> Result<(), VaultError> {
        let master = self.master.clone();
        self.change_master(&master, entropy)
    }

    /// Seals the vault under another master key, with a new wrapping key, so that whoever has an old copy and the old
    /// master key opens nothing that is sealed from now on. Backups made before open with the old master key only.
    ///
    /// # Errors
    /// As [`Vault::rotate`].
    pub fn change_master(&mut self, new: &MasterKey, entropy: &mut dyn Entropy) -> Result<(), VaultError> {
        self.check_health()?;
        let wrapping = entropy::draw_secret(entropy)?;
        let generation = self.generation().saturating_add(1);
        let header = Header::new(self.id(), generation, &wrapping, new, entropy)?;
        let mut image = Image::new(header);
        for (number, old) in (0u32..).zip(self.image.slots()) {
            let slot = if old.is_destroyed() {
                Slot::destroyed(old.id, generation)
            } else {
                let key = old.unwrap(&self.wrapping).ok_or_else(|| forged(number))?;
                Slot::wrap(old.id, generation, &key, &wrapping, entropy)?
            };
            image.push(slot).map_err(|what| damaged(KEYS, number, what))?;
        }
        self.or_stop(|vault| Ok(swap::supersede(vault.disk.as_ref(), KEYS, &image.encode())?))?;
        (self.image, self.wrapping, self.master, self.tail) = (image, wrapping, new.clone(), Tail::Known);
        Ok(())
    }

    /// A copy of the vault that can be restored until the day `until` has passed. It is registered before it is handed
    /// out. `today` is the day in the installation's zone.
    ///
    /// # Errors
    /// `Expired`: `until` has passed already. `Disk`: there is no such backup. `Stopped`.
    pub fn backup(&mut self, until: CivilDate, today: CivilDate) -> Result<Vec<u8>, VaultError> {
        self.check_health()?;
        if until < today {
            return Err(VaultError::Expired { expires: until, today });
        }
        let (entry, bytes) = backup::write(&self.image, until, today);
        let register = self.register.with(entry, today);
        self.or_stop(|vault| Ok(register.write(vault.disk.as_ref())?))?;
        self.register = register;
        Ok(bytes)
    }

    /// The backups that were handed out and have not expired, as far as was known when the last one was made.
    #[must_use]
    pub fn backups(&self) -> &[BackupEntry] {
        &self.register.backups
    }

    /// The last day on which some backup can bring a key back that is destroyed now; it may have passed. None where
    /// there is no backup.
    #[must_use]
    pub fn last_expiry(&self) -> Option<CivilDate> {
        self.register.last_expiry()
    }

    /// Before the first new slot: what is seen behind the last known slot need not be durable, and what is seen of the
    /// last one need not be either (its process may have been killed, or its sync have failed). Were the next slot to
    /// become durable without it, the file would have a hole.
    fn settle_tail(&mut self) -> Result<(), VaultError> {
        if self.tail == Tail::Known {
            return Ok(());
        }
        let content = self.disk.read(KEYS)?.unwrap_or_default();
        let (slots, _) = content.get(HEADER_BYTES..).unwrap_or_default().as_chunks::<SLOT_BYTES>();
        let number = self.next_slot();
        match slots.get(number as usize).map(Slot::decode) {
            // A slot whose write was reported as failed and happened. Nobody has its id.
            Some(Ok(slot)) => drop(self.image.push(slot).map_err(|what| damaged(KEYS, number, what))?),
            Some(Err(SlotFault::Damaged(what))) => return Err(damaged(KEYS, number, what)),
            Some(Err(SlotFault::Torn)) | None => (),
        }
        if let Some(last) = self.next_slot().checked_sub(1)
            && let Some(slot) = self.image.slot(last)
        {
            let mut file = self.disk.open(KEYS)?;
            file.write_at(offset(last), &slot.encode())?;
            self.or_stop(|_| Ok(file.sync()?))?;
        }
        self.tail = Tail::Known;
        Ok(())
    }

    fn next_slot(&self) -> u32 {
        u32::try_from(self.image.slots().len()).unwrap_or(u32::MAX)
    }

    fn check_health(&self) -> Result<(), VaultError> {
        match self.health {
            Health::Good => Ok(()),
            Health::Stopped => Err(VaultError::Stopped),
        }
    }

    /// After a failure in here it is not known what the files hold.
    fn or_stop<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, VaultError>) -> Result<T, VaultError> {
        let done = act(self);
        if done.is_err() {
            self.health = Health::Stopped;
        }
        done
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("id", &self.id())
            .field("generation", &self.generation())
            .field("slots", &self.image.slots().len())
            .finish_non_exhaustive()
    }
}

/// The checksum is right and the seal does not open.
fn forged(number: u32) -> VaultError {
    damaged(KEYS, number, "it does not open under the wrapping key")
}
