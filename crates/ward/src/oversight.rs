//! What auditors judge by from the pages: the policy of the installation, and the verification of all of it beside the
//! running server.
//!
//! Where the master key is asked of somebody at the start, pages verify without it: what is under seal is then not opened
//! and the tables are not compared, and the result says so.

use crate::command::verify::{Verify as Command, verifiers_of};
use crate::installation::{self, Working};
use ledger::disk::Folder;
use ledger::reader::Reader;
use ledger::verify::{Progress, Report, Verifier};
use model::Told;
use std::sync::Arc;
use web::{Oversight, Verify};

/// Verifies an installation beside its server.
struct Beside(Working);

/// The policy and the verification of an installation.
pub(crate) fn of(working: &Working) -> anyhow::Result<Oversight> {
    let text = std::fs::read_to_string(working.folder().join("policy"))?;
    let policy = Arc::new(installation::read_policy(working.folder())?);
    Ok(Oversight { policy, policy_text: text.into(), verify: Arc::new(Beside(working.clone())) })
}

impl Verify for Beside {
    fn verify(&self, progress: &dyn Progress) -> Result<Report, Told> {
        let Self(working) = self;
        let failed = |error: anyhow::Error| {
            Told::new(format!("驗證無法進行：{error:#}"), format!("It cannot be verified: {error:#}"))
        };
        let folder = Folder::new(working.folder());
        let master = Command::master_without_asking(working).map_err(failed)?.map(Arc::new);
        let tables = Command::tables(working, master.as_ref());
        let site = Command::site(working, master.as_deref());
        let reader = Reader::new(installation::published(working.folder()));
        let lines = Command::lines(working, &reader);
        let parts: [&dyn Verifier; 5] = [&tables, &site, &Command::outlets(), &lines, &Command::watch()];
        let report = verifiers_of(&folder, master.as_deref(), None, &parts, |verifiers| {
            // One processor is left to whoever works.
            ledger::verify::verify(&folder, true, 1, verifiers, progress)
        });
        let report = report.map_err(|error| failed(error.into()))?;
        report.ok_or_else(|| Told::new("查無帳本", "There is no ledger"))
    }
}
