//! What a vault should hold: each key that was handed out, and whether its destruction was acknowledged or begun.

use ledger::disk::Disk as _;
use ledger::vault::{KeyState, Vault};
use model::{CivilDate, DataKeyId};
use std::collections::{BTreeMap, BTreeSet};
use testkit::CrashDisk;

/// Where the wrapped key lies in a slot, and how long it is.
const WRAPPED: std::ops::Range<usize> = 44..92;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Live,
    /// The destruction failed or was interrupted: both ends are right.
    Dying,
    Destroyed,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    keys: BTreeMap<DataKeyId, ([u8; 32], Fate)>,
    /// Wrapped keys that must be in no file any more: of destroyed keys, and of wrapping keys that gave way.
    gone: BTreeSet<Vec<u8>>,
    /// Keys whose making was interrupted: the vault may have them, though nobody knows their ids.
    pub(crate) orphans: usize,
}

pub(crate) fn day(text: &str) -> CivilDate {
    text.parse().unwrap()
}

/// The wrapped keys in `vault/keys`, by id.
pub(crate) fn wrapped_in(disk: &CrashDisk) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let content = disk.read("vault/keys").unwrap().unwrap_or_default();
    let slots = content.get(4096..).unwrap_or_default().chunks_exact(128);
    slots.map(|slot| (slot[..16].to_vec(), slot[WRAPPED].to_vec())).collect()
}

impl Model {
    pub(crate) fn made(&mut self, id: DataKeyId, key: &[u8; 32]) {
        assert!(self.keys.insert(id, (*key, Fate::Live)).is_none(), "{id} was given twice");
    }

    pub(crate) fn set(&mut self, id: DataKeyId, fate: Fate) {
        self.keys.get_mut(&id).unwrap().1 = fate;
    }

    pub(crate) fn must_be_gone(&mut self, wrapped: impl IntoIterator<Item = Vec<u8>>) {
        self.gone.extend(wrapped.into_iter().filter(|wrapped| wrapped.iter().any(|byte| *byte != 0xff)));
    }

    pub(crate) fn ids(&self) -> Vec<DataKeyId> {
        self.keys.keys().copied().collect()
    }

    pub(crate) fn is_destroyed(&self, id: DataKeyId) -> bool {
        self.keys.get(&id).is_some_and(|(_, fate)| *fate == Fate::Destroyed)
    }

    /// After a start: what was open either way is now known.
    pub(crate) fn settle(&mut self, vault: &Vault) {
        for (id, (_, fate)) in &mut self.keys {
            if *fate == Fate::Dying {
                let destroyed = matches!(vault.key(*id).unwrap(), KeyState::Destroyed);
                *fate = if destroyed { Fate::Destroyed } else { Fate::Live };
            }
        }
    }

    pub(crate) fn check(&self, vault: &Vault) {
        for (id, (key, fate)) in &self.keys {
            match (vault.key(*id).unwrap(), fate) {
                (KeyState::Here(found), Fate::Live | Fate::Dying) => {
                    assert_eq!(found.secret_bytes(), key, "{id}")
                }
                (KeyState::Destroyed, Fate::Destroyed | Fate::Dying) => (),
                (state, fate) => panic!("{id} should be {fate:?} and is {state:?}"),
            }
        }
        let count = vault.keys().count();
        assert!((self.keys.len()..=self.keys.len() + self.orphans).contains(&count), "{count} keys");
    }

    /// What must be gone is in no file.
    pub(crate) fn check_files(&self, disk: &CrashDisk) {
        for path in disk.paths() {
            let content = disk.read(&path).unwrap().unwrap();
            for wrapped in &self.gone {
                assert!(!contains(&content, wrapped), "a wrapped key that should be gone is in {path}");
            }
        }
    }
}

/// Whether the 48 bytes are anywhere in the content, at whatever place.
pub(crate) fn contains(content: &[u8], wanted: &[u8]) -> bool {
    let first = wanted[0];
    let mut places = content.iter().enumerate().filter(|(_, byte)| **byte == first);
    places.any(|(at, _)| content[at..].starts_with(wanted))
}
