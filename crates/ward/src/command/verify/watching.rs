//! What the rules keep between runs: it is read by them alone; one state of the two must be whole.

use crate::watching::{FILES, FOLDER, judge};
use ledger::verify::{Context, Finding, Outcome, Progress, Verifier};
use model::Told;

/// The folder `watch`.
pub(super) struct WatchFiles;

impl Verifier for WatchFiles {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn owns(&self, path: &str) -> bool {
        path == FOLDER || FILES.contains(&path)
    }

    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome {
        let mut outcome = Outcome::default();
        let there = FILES.iter().filter(|path| context.files.has(path)).count();
        progress.done(there as u64, 0);
        match judge(context.disk) {
            Ok(None) => {}
            Ok(Some(told)) => outcome.findings.add(Finding::bytes(FOLDER, told)),
            Err(error) => {
                let told = Told::new(format!("無法讀取（{error}）"), format!("it cannot be read ({error})"));
                outcome.findings.add(Finding::unreadable(FOLDER, told));
            }
        }
        outcome
    }
}
