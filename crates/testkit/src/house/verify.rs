//! The whole house verified, as an auditor does it: every file, every signature, every seal.

use super::House;
use anyhow::{Result, anyhow};
use ledger::disk::{Disk, Folder};
use ledger::master::MasterSecret;
use ledger::verify::{
    AttachmentFiles, Context, KeyFiles, LedgerVerifier, Outcome, PlainFiles, Progress, Report, VaultFiles,
    Verifier,
};
use std::path::Path;

/// Files of the tables, which `House::compare` judges.
struct Tables;

struct Quiet;

impl Verifier for Tables {
    fn name(&self) -> &'static str {
        "tables"
    }

    fn owns(&self, path: &str) -> bool {
        path.starts_with("store/")
    }

    fn run(&self, _: &Context<'_>, _: &dyn Progress) -> Outcome {
        Outcome::default()
    }
}

impl Progress for Quiet {
    fn plan(&self, _: u64) {}

    fn done(&self, _: u64, _: u64) {}
}

impl House {
    /// Verifies every file and every signature; the desk is closed for it and opened again.
    ///
    /// # Errors
    /// Something is not as it must be.
    pub fn verify(&mut self) -> Result<Report> {
        self.desk.close();
        let report = self.verified()?;
        self.open_again()?;
        Ok(report)
    }

    /// Closes the house and judges the whole of it: every file, every signature, and that the tables are what the ledger
    /// gives. It stays closed.
    ///
    /// # Errors
    /// Something is not as it must be.
    pub fn judge(&mut self) -> Result<Report> {
        let before = self.desk.digest()?;
        self.desk.close();
        self.compared(&before)?;
        self.verified()
    }

    fn verified(&self) -> Result<Report> {
        let report = judged(self.disk.as_ref(), &self.secret()?, false, &Quiet)?;
        if report.is_good() { Ok(report) } else { Err(anyhow!("{:#?}", report.findings)) }
    }
}

/// Judges the folder of a house that is open.
///
/// # Errors
/// It cannot be done.
pub fn verify(data: &Path, master: &Path, progress: &dyn Progress) -> Result<Report> {
    let secret = MasterSecret::from_key_file(master, data)?;
    judged(&Folder::new(data), &secret, true, progress)
}

fn judged(disk: &dyn Disk, secret: &MasterSecret, live: bool, progress: &dyn Progress) -> Result<Report> {
    let vault = VaultFiles::new(disk, Some(secret));
    let keys = KeyFiles::new(Some(secret));
    let ledger = LedgerVerifier::new(Some(&vault), None);
    let verifiers: [&dyn Verifier; 6] = [&ledger, &vault, &keys, &PlainFiles, &AttachmentFiles, &Tables];
    let report = ledger::verify::verify(disk, live, 1, &verifiers, progress)?;
    report.ok_or_else(|| anyhow!("there is no folder"))
}
