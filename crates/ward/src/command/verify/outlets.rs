//! What belongs to outlets: their settings, which must read as such, and a folder of the office's own.

use crate::outlets::{FOLDER, SETTINGS, check};
use ledger::verify::{Context, Finding, Outcome, Progress, Verifier};
use model::Told;

/// `outlets.toml` and what lies in `outlets/`.
pub(super) struct OutletFiles;

impl Verifier for OutletFiles {
    fn name(&self) -> &'static str {
        "outlets"
    }

    fn owns(&self, path: &str) -> bool {
        path == SETTINGS || path.strip_prefix(FOLDER).is_some_and(|rest| rest.starts_with('/'))
    }

    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome {
        let mut outcome = Outcome::default();
        match context.disk.read(SETTINGS) {
            Ok(None) => {}
            Ok(Some(content)) => {
                progress.done(1, content.len() as u64);
                if let Err(told) = check(&content) {
                    outcome.findings.add(Finding::bytes(SETTINGS, told));
                }
            }
            Err(error) => {
                let told = Told::new(format!("無法讀取（{error}）"), format!("it cannot be read ({error})"));
                outcome.findings.add(Finding::unreadable(SETTINGS, told));
            }
        }
        outcome
    }
}
