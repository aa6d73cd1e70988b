//! Destroying what approved cases have condemned.
//!
//! Order: files that lie in clear; the entry that says the keys are destroyed, with which the tables let go of the
//! record; what deleted rows leave behind, overwritten and durable; the keys; sealed files. So a key never goes before
//! the ledger and the tables have let go of it, and nothing that can be read outlives it.
//! A crash in between leaves a condemned record, or keys of which the ledger says that they are destroyed: the next start
//! goes through either again. A vault or a file that is away does not keep the desk from opening nor other records from
//! going: what is left is gone through at each tick, which says why, until it is done.

use crate::clerk::Clerk;
use crate::order::Refused;
use ledger::vault::{KeyState, VaultError};
use model::{DataKeyId, RecordId};
use proof::lifecycle::KeyDestroyed;
use std::collections::BTreeSet;
use store::{Fact, Sql};

impl Clerk {
    /// Destroys all that is condemned; gives how many records that were. What cannot go now does not keep the others.
    pub(crate) fn destroy(&mut self) -> Result<u64, Refused> {
        let (mut destroyed, mut left) = (0, None);
        for (record, case, key) in self.projection.condemned()? {
            // What was never sealed cannot be destroyed; the rules of the case see to it that none is condemned.
            let Some(key) = key else { continue };
            match self.let_go(record, case, key) {
                Ok(()) => destroyed += 1,
                Err(refused) => drop(left.get_or_insert(refused)),
            }
            self.running()?;
        }
        if destroyed > 0 || self.destroying {
            self.finish_destructions()?;
        }
        left.map_or(Ok(destroyed), Err)
    }

    /// Takes away files in clear, and enters that the keys are destroyed.
    fn let_go(&mut self, record: RecordId, case: u64, key: DataKeyId) -> Result<(), Refused> {
        self.projection.ask(|sql| sql.forget_drafts_of(record))?;
        let mut keys = vec![key];
        for file in self.projection.ask(|sql| sql.files_of_record_alone(record))? {
            let noted = self.projection.ask(|sql| sql.file_key(&file))?;
            match self.files.key_of(&file, noted).map_err(Refused::Failed)? {
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
        // Until all of it is done.
        self.destroying = true;
        let scrubbed = self.projection.ask(Sql::scrubbed)? >= keys.len() as u64;
        if !scrubbed && !self.projection.ask(Sql::scrub)? {
            return Ok(());
        }
        // A vault that a failure has stopped knows no more what its files hold; opened anew it ends what it had begun.
        self.vault.revive().map_err(vault_failed)?;
        let (mut left, mut still_here) = (None, BTreeSet::new());
        for key in keys {
            if let Err(refused) = self.destroy_key(key) {
                still_here.insert(key);
                left.get_or_insert(refused);
            }
        }
        for (file, key) in self.projection.ask(Sql::files_under_destroyed_keys)? {
            if !still_here.contains(&key)
                && let Err(refused) = self.forget(&file)
            {
                left.get_or_insert(refused);
            }
        }
        self.destroying = left.is_some();
        left.map_or(Ok(()), Err)
    }

    /// At the start: what cannot be ended now is gone through at each tick, and does not keep the desk from opening.
    pub(crate) fn take_up_destructions(&mut self) -> Result<(), Refused> {
        match self.finish_destructions() {
            // The tick says why.
            Err(Refused::Failed(_)) => Ok(()),
            ended => ended,
        }
    }

    fn destroy_key(&self, key: DataKeyId) -> Result<(), Refused> {
        let state = store::Keys::key(self.vault.as_ref(), key).map_err(vault_failed)?;
        if matches!(state, KeyState::Here(_)) {
            self.vault.vault().destroy(key).map_err(vault_failed)?;
        }
        Ok(())
    }

    /// Takes a file away, and then what the state knows of it: cut off in between, it is known and is gone through again.
    pub(crate) fn forget(&mut self, file: &str) -> Result<(), Refused> {
        self.files.remove(file).map_err(Refused::Failed)?;
        self.projection.ask(|sql| sql.file_forgotten(file))?;
        Ok(())
    }
}

fn vault_failed(error: VaultError) -> Refused {
    Refused::Failed(error.told())
}
