//! Opening the vault: which file counts, and what an interruption left to do.
//!
//! A start may find, beside whole files:
//! - a slot at the end that was never written to its end: its key was never handed out; the next key takes its place;
//! - `keys` and `keys.new`: a rotation that had not come far; undone, `keys.new` is erased;
//! - `keys.old` and `keys.new`: a rotation between its two renamings; finished with the one of the two that the master
//!   key opens, the new one first;
//! - `keys` and `keys.old`: a rotation that was done; `keys.old` is erased;
//! - `destroying`: a destruction under way; finished.
//!
//! Nothing is erased before the file that counts was read, found whole and opened with the master key.

use super::backup::{REGISTER, Register};
use super::error::VaultError;
use super::header::HEADER_BYTES;
use super::image::{Doomed, Image, Parsed};
use super::intent;
use super::swap::{self, new_name, old_name};
use super::wrap::Secret;
use super::{KEYS, Vault};
use crate::disk::Disk;
use crate::master::{MasterKey, MasterSecret};
use model::{DataKeyId, Told};
use std::sync::Arc;

/// What opening the vault put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    /// A key that was never handed out was half written; it is dropped.
    TornSlot,
    /// A new wrapping key had not taken over; the old one is in use.
    RotationUndone,
    /// A new wrapping key had taken over; the old file is erased.
    RotationFinished,
    /// The destruction of a key is finished.
    DestructionFinished(DataKeyId),
}

/// The file that counts, opened.
struct Unlocked {
    parsed: Parsed,
    wrapping: Secret,
    master: MasterKey,
}

impl Mended {
    /// In both languages.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::TornSlot => Told::new(
                format!("{KEYS} 末端有一把寫到一半、從未交付使用的金鑰，已捨棄。"),
                format!("{KEYS} ended in a key that was half written and never handed out; it is dropped."),
            ),
            Self::RotationUndone => Told::new(
                "前次更換包裝金鑰中斷，已復原為原金鑰，請重新執行更換。",
                "The last change of the wrapping key was interrupted and is undone; change it again.",
            ),
            Self::RotationFinished => Told::new(
                "前次更換包裝金鑰中斷，已接續完成，舊檔內容已清除。",
                "The last change of the wrapping key was interrupted and is finished; the old file is erased.",
            ),
            Self::DestructionFinished(id) => Told::new(
                format!("資料金鑰 {id} 的銷毀作業先前中斷，已接續完成。"),
                format!("The destruction of data key {id} was interrupted and is finished."),
            ),
        }
    }
}

/// Whether there is nothing in the folder, or nothing but what an interrupted making of a vault leaves.
pub(super) fn refuse_existing(disk: &dyn Disk) -> Result<(), VaultError> {
    let exists = |path: String| Err(VaultError::Exists { path });
    for path in [KEYS.to_owned(), old_name(KEYS), intent::INTENT.to_owned()] {
        if disk.read(&path)?.is_some() {
            return exists(path);
        }
    }
    if !is_unfinished(disk.read(&new_name(KEYS))?.as_deref()) {
        return exists(new_name(KEYS));
    }
    match Register::read(disk) {
        Ok(None) => Ok(()),
        Ok(Some(register)) if register.backups.is_empty() => Ok(()),
        Err(VaultError::Disk(error)) => Err(error.into()),
        Ok(Some(_)) | Err(_) => exists(REGISTER.to_owned()),
    }
}

/// Whether `keys.new`, alone, is what an interrupted making of a vault leaves: it has no keys.
fn is_unfinished(new: Option<&[u8]>) -> bool {
    new.is_none_or(|content| content.len() <= HEADER_BYTES)
}

/// What the vault is opened with.
pub(super) enum Opener<'a> {
    /// What the operator gave; the key is derived from it.
    Secret(&'a MasterSecret),
    /// The key, from when it was open.
    Key(&'a MasterKey),
}

pub(super) fn open(disk: Arc<dyn Disk>, secret: &Opener<'_>) -> Result<Vault, VaultError> {
    let doomed = intent::read(disk.as_ref())?;
    let mut mended = Vec::new();
    let Unlocked { parsed, wrapping, master } = match disk.read(KEYS)? {
        Some(content) => unlock(KEYS, &content, doomed, secret)?,
        None => resume(disk.as_ref(), secret, &mut mended)?,
    };
    let register = read_register(disk.as_ref(), &parsed.image)?;
    let leftovers = swap::settle(disk.as_ref(), KEYS)?;
    sweep(disk.as_ref())?;
    if mended.is_empty() {
        mended.extend(leftovers.new.then_some(Mended::RotationUndone));
        mended.extend(leftovers.old.then_some(Mended::RotationFinished));
    }
    mended.extend(parsed.torn.then_some(Mended::TornSlot));
    let mut vault = Vault::from_parts(disk, parsed.image, wrapping, master, register);
    if let Some(doomed) = parsed.doomed {
        vault.finish_destruction(doomed)?;
        mended.push(Mended::DestructionFinished(doomed.id));
    }
    vault.mended = mended;
    Ok(vault)
}

/// Removes what interrupted writings of the small files left. It holds no secret and nothing needs it.
fn sweep(disk: &dyn Disk) -> Result<(), VaultError> {
    for path in [new_name(REGISTER), new_name(intent::INTENT)] {
        if disk.read(&path)?.is_some() {
            match disk.remove(&path) {
                // Beside a process that has the vault open, it is that one's file.
                Err(error) if !error.is_read_only() => return Err(error.into()),
                _ => (),
            }
        }
    }
    Ok(())
}

fn unlock(
    path: &str,
    content: &[u8],
    doomed: Option<Doomed>,
    secret: &Opener<'_>,
) -> Result<Unlocked, VaultError> {
    let parsed = Image::parse(path, content, doomed)?;
    let master = match secret {
        Opener::Secret(secret) => secret.key(&parsed.image.header.kdf)?,
        Opener::Key(key) => (*key).clone(),
    };
    let wrapping = parsed
        .image
        .header
        .unwrap(&master)
        .ok_or_else(|| VaultError::WrongMaster { path: path.to_owned() })?;
    Ok(Unlocked { parsed, wrapping, master })
}

/// There is no `keys`: an interrupted rotation left its content under one of the other names, or there is no vault.
fn resume(disk: &dyn Disk, secret: &Opener<'_>, mended: &mut Vec<Mended>) -> Result<Unlocked, VaultError> {
    let (new, old) = (disk.read(&new_name(KEYS))?, disk.read(&old_name(KEYS))?);
    if old.is_none() && is_unfinished(new.as_deref()) {
        return Err(VaultError::NoVault { path: KEYS });
    }
    let mut first_error = None;
    for (path, content, outcome) in
        [(new_name(KEYS), new, Mended::RotationFinished), (old_name(KEYS), old, Mended::RotationUndone)]
    {
        let Some(content) = content else { continue };
        match unlock(&path, &content, None, secret) {
            Ok(unlocked) => {
                swap::resume(disk, KEYS, &path)?;
                mended.push(outcome);
                return Ok(unlocked);
            }
            Err(error) => drop(first_error.get_or_insert(error)),
        }
    }
    Err(first_error.unwrap_or(VaultError::NoVault { path: KEYS }))
}

fn read_register(disk: &dyn Disk, image: &Image) -> Result<Register, VaultError> {
    let damaged = |what: &str| VaultError::Register { what: what.to_owned() };
    let register = Register::read(disk)?.ok_or_else(|| damaged("it is missing"))?;
    if register.vault != image.header.vault {
        return Err(damaged("it is that of another vault"));
    }
    Ok(register)
}
