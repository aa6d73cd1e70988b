//! Leads a vault and its model through the same life.

use crate::model::{Fate, Model, day, wrapped_in};
use crate::{MASTER, OTHER, Seeded, key_of};
use ledger::disk::Disk;
use ledger::master::MasterSecret;
use ledger::vault::{Vault, VaultError};
use model::DataKeyId;
use std::sync::Arc;
use testkit::CrashDisk;

/// What may be done with a vault.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    New,
    /// Destroys one of the keys there are.
    Destroy(usize),
    Rotate,
    /// From one master key to the other and back.
    ChangeMaster,
    Backup,
    Reopen,
}

/// Every kind of act, and each after each kind of change.
pub(crate) const LIFE: [Act; 14] = [
    Act::New,
    Act::New,
    Act::Destroy(0),
    Act::New,
    Act::Rotate,
    Act::Destroy(1),
    Act::Reopen,
    Act::New,
    Act::ChangeMaster,
    Act::New,
    Act::Backup,
    Act::Destroy(3),
    Act::Rotate,
    Act::New,
];

/// A vault, its model, and the disk beneath whatever fails.
pub(crate) struct Life {
    /// What the vault writes on.
    top: Arc<dyn Disk>,
    /// What is there in the end.
    bottom: CrashDisk,
    vault: Option<Vault>,
    pub(crate) model: Model,
    /// The master key in use comes first.
    masters: [&'static MasterSecret; 2],
    entropy: Seeded,
    /// Whether the vault was made, as far as its maker knows.
    made: bool,
}

impl Life {
    pub(crate) fn new(top: Arc<dyn Disk>, bottom: CrashDisk, seed: u64) -> Self {
        let masters = [&*MASTER, &*OTHER];
        let entropy = Seeded::new(seed);
        Self { top, bottom, vault: None, model: Model::default(), masters, entropy, made: false }
    }

    /// Goes on with what a crash, a kill or nothing left.
    pub(crate) fn start(&mut self, top: Arc<dyn Disk>, bottom: CrashDisk) -> Result<(), VaultError> {
        (self.top, self.bottom, self.vault) = (top, bottom, None);
        if self.made {
            self.model.check_files(&self.bottom);
        }
        let vault = match self.open() {
            Err(VaultError::NoVault { .. }) if !self.made => {
                Vault::create(self.top.clone(), &key_of(self.masters[0]), &mut self.entropy)?
            }
            opened => opened?,
        };
        self.made = true;
        self.model.settle(&vault);
        self.model.check(&vault);
        self.vault = Some(vault);
        // What an interruption left beside them may hold keys of which the model knows nothing.
        assert_eq!(self.bottom.paths(), ["vault/backups", "vault/keys"]);
        Ok(())
    }

    /// After an interrupted change of the master key either one may be right.
    fn open(&mut self) -> Result<Vault, VaultError> {
        match Vault::open(self.top.clone(), self.masters[0]) {
            Err(VaultError::WrongMaster { .. }) => {
                self.masters.reverse();
                Vault::open(self.top.clone(), self.masters[0])
            }
            opened => opened,
        }
    }

    /// Does it with both; an error says that the vault has failed and must be started again.
    pub(crate) fn act(&mut self, act: Act) -> Result<(), VaultError> {
        match act {
            Act::New => self.new_key(),
            Act::Destroy(which) => self.destroy(which),
            Act::Rotate => self.rotate(0),
            Act::ChangeMaster => {
                let changed = self.rotate(1);
                if changed.is_ok() {
                    self.masters.reverse();
                }
                changed
            }
            Act::Backup => {
                let vault = self.vault.as_mut().unwrap();
                vault.backup(day("2027-01-31"), day("2026-11-23")).map(|_| ())
            }
            Act::Reopen => self.start(self.top.clone(), self.bottom.clone()),
        }?;
        self.model.check(self.vault.as_ref().unwrap());
        Ok(())
    }

    fn new_key(&mut self) -> Result<(), VaultError> {
        match self.vault.as_mut().unwrap().new_key(&mut self.entropy) {
            Ok((id, key)) => {
                self.model.made(id, key.secret_bytes());
                Ok(())
            }
            Err(error) => {
                self.model.orphans += 1;
                Err(error)
            }
        }
    }

    fn destroy(&mut self, which: usize) -> Result<(), VaultError> {
        let ids = self.model.ids();
        let Some(id) = ids.get(which % ids.len().max(1)).copied() else { return Ok(()) };
        let before = wrapped_in(&self.bottom);
        let destroyed = self.vault.as_mut().unwrap().destroy(id);
        self.mark(id, destroyed.is_ok());
        if destroyed.is_ok() {
            self.model.must_be_gone(before.get(id.as_bytes().as_slice()).cloned());
        }
        destroyed
    }

    fn mark(&mut self, id: DataKeyId, done: bool) {
        if done {
            self.model.set(id, Fate::Destroyed);
        } else if !self.model.is_destroyed(id) {
            self.model.set(id, Fate::Dying);
        }
    }

    fn rotate(&mut self, to: usize) -> Result<(), VaultError> {
        let before = wrapped_in(&self.bottom);
        let vault = self.vault.as_mut().unwrap();
        let generation = vault.generation();
        vault.change_master(&key_of(self.masters[to]), &mut self.entropy)?;
        assert_eq!(vault.generation(), generation + 1);
        self.model.must_be_gone(before.into_values());
        Ok(())
    }
}
