//! Destroying what approved cases have condemned.
//!
//! Order: files that lie in clear; the entry that says the keys are destroyed, with which the tables let go of the
//! record; what deleted rows leave behind, overwritten and durable; the keys; sealed files. So a key never goes before
//! the ledger and the tables have let go of it, and nothing that can be read outlives it. A crash in between leaves a
//! condemned record, or keys of which the ledger says that they are destroyed: either is gone through again.

use crate::clerk::Clerk;
use crate::order::Refused;
use ledger::vault::KeyState;
use model::{DataKeyId, RecordId};
use proof::lifecycle::KeyDestroyed;
use store::{Fact, Sql};

impl Clerk {
    /// Destroys all that is condemned; gives how many records that were.
    pub(crate) fn destroy(&mut self) -> Result<u64, Refused> {
        let mut destroyed = 0;
        for (record, case, key) in self.projection.condemned()? {
            // What was never sealed cannot be destroyed; the rules of the case see to it that none is condemned.
            let Some(key) = key else { continue };
            self.destroying = true;
            self.let_go(record, case, key)?;
            destroyed += 1;
        }
        if self.destroying {
            self.finish_destructions()?;
        }
        Ok(destroyed)
    }

    /// Takes away files in clear, and enters that the keys are destroyed.
    fn let_go(&mut self, record: RecordId, case: u64, key: DataKeyId) -> Result<(), Refused> {
        self.projection.ask(|sql| sql.forget_drafts_of(record))?;
        let mut keys = vec![key];
        for file in self.projection.ask(|sql| sql.files_of_record_alone(record))? {
            let noted = self.projection.ask(|sql| sql.file_key(&file))?;
            match self.files.key_of(&file, noted).map_err(Refused::Vault)? {
                Some(key) => keys.push(key),
                None => self.forget(&file)?,
            }
        }
        let expire = self.vault.vault().last_expiry();
        let expire = expire.map_or_else(|| "none".to_owned(), |day| day.to_string());
        let fact = |key: &DataKeyId| {
            Fact::KeyDestroyed(KeyDestroyed {
                backups_expire: expire.clone(),
                case: case.to_string(),
                key: *key,
                reason: format!("核准銷毀 {record} · approved destruction of {record}"),
            })
        };
        self.enter_own(keys.iter().map(fact).collect())
    }

    /// Ends destructions whose entries are there, also those that a crash has cut off. While somebody reads what was
    /// before, it is put off until the next tick.
    pub(crate) fn finish_destructions(&mut self) -> Result<(), Refused> {
        let keys = self.projection.ask(Sql::destroyed_keys)?;
        let scrubbed = self.projection.ask(Sql::scrubbed)? >= keys.len() as u64;
        self.destroying = !scrubbed && !self.projection.ask(Sql::scrub)?;
        if self.destroying {
            return Ok(());
        }
        for key in keys {
            let state =
                store::Keys::key(self.vault.as_ref(), key).map_err(|error| Refused::Vault(error.told()))?;
            if matches!(state, KeyState::Here(_)) {
                // Should this fail, it is tried again.
                self.destroying = true;
                self.vault.vault().destroy(key).map_err(|error| Refused::Vault(error.told()))?;
                self.destroying = false;
            }
            for file in self.projection.ask(|sql| sql.files_under(key))? {
                self.forget(&file)?;
            }
        }
        Ok(())
    }

    fn forget(&mut self, file: &str) -> Result<(), Refused> {
        self.files.remove(file).map_err(Refused::Vault)?;
        self.projection.ask(|sql| sql.file_forgotten(file))?;
        Ok(())
    }
}
