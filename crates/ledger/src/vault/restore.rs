//! Putting a backup of the vault back without losing what is newer and without bringing back what was destroyed.
//!
//! The new file has every key that can still be read in the folder, then those that only the backup has, all under a
//! new wrapping key. A key is destroyed in it when the folder, the note of a destruction under way or the ledger says so.
//! Nothing is changed before the backup was found whole, in time, of this vault, and opened.

use super::backup::{self, Backup, Register};
use super::error::VaultError;
use super::header::{HEADER_BYTES, Header, VaultId};
use super::image::{Image, damaged};
use super::slot::{SLOT_BYTES, Slot, SlotFault};
use super::swap::{self, new_name, old_name};
use super::wrap::Secret;
use super::{KEYS, Vault, intent};
use crate::disk::{self, Disk};
use crate::entropy::{self, Entropy};
use crate::master::{Argon2Cost, MasterKey, MasterSecret};
use model::{CivilDate, DataKeyId};
use proof::seal::DataKey;
use std::collections::HashMap;
use std::sync::Arc;

/// What a restoration did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Restored {
    /// Keys that could still be read in the folder.
    pub kept: u32,
    /// Keys that only the backup had.
    pub brought_back: u32,
    /// Keys that the backup has and that stay destroyed.
    pub withheld: u32,
    /// Damaged slots in the folder, whatever the backup had in their place. A key that was made after the backup and
    /// lay in one of them is lost.
    pub unreadable: u32,
    /// Whether there was no register of backups to be read: other backups may be about of which this vault knows nothing.
    pub register_lost: bool,
}

/// Keys gathered, in order; none stands for one that was destroyed.
#[derive(Default)]
struct Gathered {
    keys: Vec<(DataKeyId, Option<DataKey>)>,
    index: HashMap<DataKeyId, usize>,
}

impl Gathered {
    /// Adds a key. One that was destroyed in either place stays so.
    fn add(&mut self, id: DataKeyId, key: Option<DataKey>) {
        let place = *self.index.entry(id).or_insert(self.keys.len());
        match self.keys.get_mut(place) {
            Some((_, known)) => {
                if key.is_none() {
                    *known = None;
                }
            }
            None => self.keys.push((id, key)),
        }
    }

    fn live(&self) -> u32 {
        count(self.keys.iter().filter(|(_, key)| key.is_some()))
    }
}

pub(super) fn restore(
    disk: Arc<dyn Disk>,
    bytes: &[u8],
    masters: &[&MasterSecret],
    destroyed: &dyn Fn(DataKeyId) -> bool,
    today: CivilDate,
    entropy: &mut dyn Entropy,
) -> Result<(Vault, Restored), VaultError> {
    let backup = backup::read(bytes)?;
    if backup.entry.expires < today {
        return Err(VaultError::Expired { expires: backup.entry.expires, today });
    }
    let mut done = Restored::default();
    let vault_id = backup.image.header.vault;
    let register = known_register(disk.as_ref(), vault_id, &mut done)?;
    let wrapping = unlock(&backup.image.header, masters, "backup")?;
    let present = present(disk.as_ref())?;
    let mut gathered = gather_present(&present, &backup, masters, &wrapping, &mut done)?;
    let doomed = intent::read(disk.as_ref()).ok().flatten().map(|doomed| doomed.id);
    if let Some(id) = doomed {
        gathered.add(id, None);
    }
    withhold(&mut gathered, destroyed);
    done.kept = gathered.live();
    gather_backup(&mut gathered, &backup, &wrapping)?;
    withhold(&mut gathered, destroyed);
    done.brought_back = gathered.live() - done.kept;
    done.withheld = withheld(&gathered, &backup);

    let generation = present
        .iter()
        .filter_map(|(_, content)| Header::decode(content).ok())
        .fold(backup.image.header.generation, |most, header| most.max(header.generation));
    let master = sealing_master(&backup, masters, entropy)?;
    let (image, wrapping) = seal(&gathered, &master, vault_id, generation.saturating_add(1), entropy)?;
    let register = register.with(backup.entry, today);
    let vault = Vault::from_parts(disk, image, wrapping, master, register);
    vault.register.write(vault.disk.as_ref())?;
    // Durable: a register that knows this backup. The keys are as they were.
    put(vault.disk.as_ref(), &present, &vault.image.encode())?;
    // Durable: the keys. The note, if any, names one that is destroyed among them.
    intent::end(vault.disk.as_ref())?;
    Ok((vault, done))
}

/// The register in the folder, or a new one.
fn known_register(disk: &dyn Disk, vault: VaultId, done: &mut Restored) -> Result<Register, VaultError> {
    match Register::read(disk) {
        Ok(Some(register)) if register.vault == vault => Ok(register),
        Ok(Some(_)) => Err(VaultError::OtherVault { path: backup::REGISTER }),
        Err(VaultError::Disk(error)) => Err(error.into()),
        Ok(None) | Err(_) => {
            done.register_lost = true;
            Ok(Register::new(vault))
        }
    }
}

/// The wrapping key, by the first master key that opens it.
fn unlock(header: &Header, masters: &[&MasterSecret], path: &str) -> Result<Secret, VaultError> {
    let mut keys = masters.iter().filter_map(|secret| secret.key(&header.kdf).ok());
    keys.find_map(|master| header.unwrap(&master))
        .ok_or_else(|| VaultError::WrongMaster { path: path.to_owned() })
}

/// What there is of `vault/keys` under its three names, the one that counts first.
fn present(disk: &dyn Disk) -> Result<Vec<(String, Vec<u8>)>, VaultError> {
    let mut present = Vec::new();
    for path in [KEYS.to_owned(), new_name(KEYS), old_name(KEYS)] {
        if let Some(content) = disk.read(&path)? {
            present.push((path, content));
        }
    }
    Ok(present)
}

/// Every key in the folder that can be read. A file whose header is whole must be of the same vault and open.
fn gather_present(
    present: &[(String, Vec<u8>)],
    backup: &Backup,
    masters: &[&MasterSecret],
    of_backup: &Secret,
    done: &mut Restored,
) -> Result<Gathered, VaultError> {
    let mut gathered = Gathered::default();
    for (path, content) in present {
        let mut wrapping = vec![of_backup.clone()];
        if let Ok(header) = Header::decode(content) {
            if header.vault != backup.image.header.vault {
                return Err(VaultError::OtherVault { path: KEYS });
            }
            wrapping.push(unlock(&header, masters, path)?);
        }
        let unreadable = gather(&mut gathered, content, &wrapping);
        if path == KEYS {
            done.unreadable = unreadable;
        }
    }
    Ok(gathered)
}

/// Gives the number of slots that cannot be read.
fn gather(gathered: &mut Gathered, content: &[u8], wrapping: &[Secret]) -> u32 {
    let (slots, rest) = content.get(HEADER_BYTES..).unwrap_or_default().as_chunks::<SLOT_BYTES>();
    let mut unreadable = 0;
    for (number, bytes) in slots.iter().enumerate() {
        let is_last = number + 1 == slots.len() && rest.is_empty();
        match Slot::decode(bytes) {
            Ok(slot) if slot.is_destroyed() => gathered.add(slot.id, None),
            Ok(slot) => match wrapping.iter().find_map(|wrapping| slot.unwrap(wrapping)) {
                Some(key) => gathered.add(slot.id, Some(key)),
                None => unreadable += 1,
            },
            Err(SlotFault::Torn) if is_last => (),
            Err(_) => unreadable += 1,
        }
    }
    unreadable
}

fn gather_backup(gathered: &mut Gathered, backup: &Backup, wrapping: &Secret) -> Result<(), VaultError> {
    for (number, slot) in (0u32..).zip(backup.image.slots()) {
        let key = slot.unwrap(wrapping);
        if key.is_none() && !slot.is_destroyed() {
            return Err(VaultError::BackupDamaged { what: format!("slot {number} does not open") });
        }
        gathered.add(slot.id, key);
    }
    Ok(())
}

fn withhold(gathered: &mut Gathered, is_destroyed: &dyn Fn(DataKeyId) -> bool) {
    for (id, key) in &mut gathered.keys {
        if key.is_some() && is_destroyed(*id) {
            *key = None;
        }
    }
}

/// How many keys the backup could have brought back and did not.
fn withheld(gathered: &Gathered, backup: &Backup) -> u32 {
    let gone = |id: &DataKeyId| gathered.index.get(id).and_then(|place| gathered.keys.get(*place));
    count(
        backup
            .image
            .slots()
            .iter()
            .filter(|slot| !slot.is_destroyed() && gone(&slot.id).is_some_and(|(_, key)| key.is_none())),
    )
}

/// The first master key, as it sealed the backup or, if another one did, made anew.
fn sealing_master(
    backup: &Backup,
    masters: &[&MasterSecret],
    entropy: &mut dyn Entropy,
) -> Result<MasterKey, VaultError> {
    let secret = masters.first().ok_or_else(|| VaultError::WrongMaster { path: "backup".to_owned() })?;
    let header = &backup.image.header;
    match secret.key(&header.kdf) {
        Ok(master) if header.unwrap(&master).is_some() => Ok(master),
        _ => Ok(secret.new_key(Argon2Cost::DEFAULT, entropy)?),
    }
}

/// The keys gathered, under a new wrapping key.
fn seal(
    gathered: &Gathered,
    master: &MasterKey,
    vault: VaultId,
    generation: u32,
    entropy: &mut dyn Entropy,
) -> Result<(Image, Secret), VaultError> {
    let wrapping = entropy::draw_secret(entropy)?;
    let mut image = Image::new(Header::new(vault, generation, &wrapping, master, entropy)?);
    for (number, (id, key)) in (0u32..).zip(&gathered.keys) {
        let slot = match key {
            Some(key) => Slot::wrap(*id, generation, key, &wrapping, entropy)?,
            None => Slot::destroyed(*id, generation),
        };
        image.push(slot).map_err(|what| damaged(KEYS, number, what))?;
    }
    Ok((image, wrapping))
}

/// Gives `vault/keys` its new content, whatever there was before; nothing of that stays.
fn put(disk: &dyn Disk, present: &[(String, Vec<u8>)], content: &[u8]) -> Result<(), VaultError> {
    let Some((last, _)) = present.last() else {
        return Ok(disk::replace(disk, KEYS, content)?);
    };
    if present.iter().all(|(path, _)| path != KEYS) {
        swap::resume(disk, KEYS, last)?;
    }
    swap::settle(disk, KEYS)?;
    Ok(swap::supersede(disk, KEYS, content)?)
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
