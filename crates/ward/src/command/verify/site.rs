//! What belongs to the pages: the name of the installation, its own authority.
//!
//! The name is the operator's own configuration: it must be readable as one. The authority's key is opened where the
//! master key is at hand.

use crate::installation;
use crate::{site, tls};
use ledger::master::MasterSecret;
use ledger::verify::{Context, Finding, Outcome, Progress, Verifier};
use model::Told;
use std::path::Path;

/// `site.toml` and `tls/authority`.
pub(super) struct SiteFiles<'a> {
    pub(super) data: &'a Path,
    pub(super) master: Option<&'a MasterSecret>,
}

const FOLDER: &str = "tls/";

impl SiteFiles<'_> {
    fn judge(&self, path: &str, content: &[u8]) -> Result<(), Told> {
        if path == site::PATH {
            return site::parse(content).map(drop);
        }
        let stored = tls::Stored::parse(content).map_err(|what| tls::AuthorityError::Damaged(what).told())?;
        let Some(master) = self.master else { return Ok(()) };
        let vault = installation::vault_as_it_is(self.data, master).map_err(|error| error.told())?;
        stored.open(|id| vault.key(id)).map(drop).map_err(|error| error.told())
    }
}

impl Verifier for SiteFiles<'_> {
    fn name(&self) -> &'static str {
        "site"
    }

    fn owns(&self, path: &str) -> bool {
        [FOLDER, site::PATH, tls::AUTHORITY].contains(&path)
    }

    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome {
        let mut outcome = Outcome::default();
        for path in [site::PATH, tls::AUTHORITY].into_iter().filter(|path| context.files.has(path)) {
            let content = match context.disk.read(path) {
                Ok(Some(content)) => content,
                Ok(None) => continue,
                Err(error) => {
                    let told =
                        Told::new(format!("無法讀取（{error}）"), format!("it cannot be read ({error})"));
                    outcome.findings.add(Finding::unreadable(path, told));
                    continue;
                }
            };
            progress.done(1, content.len() as u64);
            if let Err(told) = self.judge(path, &content) {
                outcome.findings.add(Finding::bytes(path, told));
            }
        }
        outcome
    }
}
