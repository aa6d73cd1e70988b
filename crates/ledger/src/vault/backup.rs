//! Backups of the vault that expire, and the register of them.
//!
//! A backup is one line of canonical JSON (what, of which vault, made when, until when), then header and slots as they
//! stand in `vault/keys`, then SHA-256 of everything before. Keys in it stay wrapped.
//! `vault/backups` lists the backups that were handed out, so that the certificate of a destruction can name the day on
//! which the last copy of the key becomes useless.
//! Invariant: a backup is in the register, durably, before anyone has its bytes.
//! Source: `docs/format.md` §10.2.

use super::checked::{self, Base64};
use super::error::VaultError;
use super::header::{HEADER_BYTES, VaultId};
use super::image::Image;
use super::slot::SLOT_BYTES;
use crate::disk::{self, Disk, DiskError};
use model::CivilDate;
use proof::hash::Hash;
use proof::json;
use serde::{Deserialize, Serialize};

/// Where the register lies.
pub(crate) const REGISTER: &str = "vault/backups";

/// A backup that was handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupEntry {
    /// SHA-256 at its end.
    pub digest: Base64<32>,
    /// The last day it can be restored.
    pub expires: CivilDate,
    /// The day it was made.
    pub made: CivilDate,
}

/// The register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    pub(crate) backups: Vec<BackupEntry>,
    format: RegisterFormat,
    pub(crate) vault: VaultId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum RegisterFormat {
    #[serde(rename = "ward-vault-backups/v1")]
    V1,
}

/// The first line of a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    expires: CivilDate,
    format: BackupFormat,
    made: CivilDate,
    slots: u32,
    vault: VaultId,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum BackupFormat {
    #[serde(rename = "ward-vault-backup/v1")]
    V1,
}

/// A backup whose bytes are whole.
pub(crate) struct Backup {
    pub(crate) entry: BackupEntry,
    pub(crate) image: Image,
}

impl Register {
    pub(crate) const fn new(vault: VaultId) -> Self {
        Self { backups: Vec::new(), format: RegisterFormat::V1, vault }
    }

    /// None where there is no such file.
    pub(crate) fn read(disk: &dyn Disk) -> Result<Option<Self>, VaultError> {
        let Some(text) = disk.read(REGISTER)? else { return Ok(None) };
        let damaged = |what: String| VaultError::Register { what };
        let line = text.strip_suffix(b"\n").ok_or_else(|| damaged("no newline at its end".to_owned()))?;
        checked::read(line).map(Some).map_err(|error| damaged(error.0))
    }

    pub(crate) fn write(&self, disk: &dyn Disk) -> Result<(), DiskError> {
        let mut text = checked::write(self);
        text.push(b'\n');
        disk::replace(disk, REGISTER, &text)
    }

    /// With one more backup, and without those that are useless by `today`.
    pub(crate) fn with(&self, entry: BackupEntry, today: CivilDate) -> Self {
        let mut register = self.clone();
        register.backups.retain(|other| other.expires >= today && other.digest != entry.digest);
        register.backups.push(entry);
        register
    }

    pub(crate) fn last_expiry(&self) -> Option<CivilDate> {
        self.backups.iter().map(|backup| backup.expires).max()
    }
}

/// Makes a backup of `image`.
pub(crate) fn write(image: &Image, expires: CivilDate, made: CivilDate) -> (BackupEntry, Vec<u8>) {
    let slots = u32::try_from(image.slots().len()).unwrap_or(u32::MAX);
    let line = Line { expires, format: BackupFormat::V1, made, slots, vault: image.header.vault };
    let mut bytes = checked::without(&line, &[]);
    bytes.push(b'\n');
    bytes.extend_from_slice(&image.encode());
    let digest = Hash::of(&[&bytes]);
    bytes.extend_from_slice(digest.as_bytes());
    (BackupEntry { digest: Base64(*digest.as_bytes()), expires, made }, bytes)
}

/// Takes a backup apart, whatever day it is.
pub(crate) fn read(bytes: &[u8]) -> Result<Backup, VaultError> {
    let damaged = |what: &str| VaultError::BackupDamaged { what: what.to_owned() };
    let (content, digest) = bytes.split_last_chunk::<32>().ok_or_else(|| damaged("it is too short"))?;
    if Hash::of(&[content]).as_bytes() != digest {
        return Err(damaged("its SHA-256 does not match: it was changed or cut off"));
    }
    let newline = content.iter().position(|byte| *byte == b'\n').ok_or_else(|| damaged("no first line"))?;
    let (line, rest) = content.split_at(newline);
    let keys = rest.get(1..).unwrap_or_default();
    json::check(line).map_err(|_| damaged("its first line is not canonical JSON"))?;
    let line: Line =
        serde_json::from_slice(line).map_err(|_| damaged("its first line is not that of a vault backup"))?;
    let parsed = Image::parse("backup", keys, None)
        .map_err(|error| VaultError::BackupDamaged { what: error.to_string() })?;
    let length = HEADER_BYTES + line.slots as usize * SLOT_BYTES;
    if parsed.torn || keys.len() != length || parsed.image.header.vault != line.vault {
        return Err(damaged("its first line and its content differ"));
    }
    let entry = BackupEntry { digest: Base64(*digest), expires: line.expires, made: line.made };
    Ok(Backup { entry, image: parsed.image })
}
