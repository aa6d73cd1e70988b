//! `vault/destroying`: which key is being destroyed, from before its first byte is overwritten until the last is.
//!
//! Without it a slot torn by a crash in the middle of its destruction could not be told from a damaged one.
//! It holds no secret. Source: `docs/format.md` §10.2.

use super::checked;
use super::error::VaultError;
use super::image::Doomed;
use crate::disk::{self, Disk, DiskError};
use model::DataKeyId;
use serde::{Deserialize, Serialize};

/// Where it lies.
pub(crate) const INTENT: &str = "vault/destroying";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Intent {
    format: Format,
    key: DataKeyId,
    slot: u32,
}

#[derive(Serialize, Deserialize)]
enum Format {
    #[serde(rename = "ward-vault-destroying/v1")]
    V1,
}

/// Writes it durably.
pub(crate) fn begin(disk: &dyn Disk, doomed: Doomed) -> Result<(), DiskError> {
    let mut text = checked::write(&Intent { format: Format::V1, key: doomed.id, slot: doomed.slot });
    text.push(b'\n');
    disk::replace(disk, INTENT, &text)
}

/// Whether there is one, and which.
pub(crate) fn read(disk: &dyn Disk) -> Result<Option<Doomed>, VaultError> {
    let Some(text) = disk.read(INTENT)? else { return Ok(None) };
    let line =
        text.strip_suffix(b"\n").ok_or_else(|| VaultError::intent("no newline at its end".to_owned()))?;
    let intent: Intent = checked::read(line).map_err(|error| VaultError::intent(error.0))?;
    Ok(Some(Doomed { slot: intent.slot, id: intent.key }))
}

/// Removes it durably; nothing is done where there is none.
pub(crate) fn end(disk: &dyn Disk) -> Result<(), DiskError> {
    if disk.read(INTENT)?.is_none() {
        return Ok(());
    }
    disk.remove(INTENT)?;
    disk.sync_folder(disk::parent(INTENT))
}
