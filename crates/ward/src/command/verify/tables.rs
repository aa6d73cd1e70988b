//! The tables, as a part of an installation that is verified: known files, and rows that are what the ledger gives.
//!
//! Owns: everything in `store/`. The tables are derived, so that nothing covers their bytes; what counts is that a
//! rebuilding gives the same rows. The state beside them is neither in the ledger nor computed, and nobody judges it.
//! Invariant: what was not compared is told in a remark, and never passes as alike.
//! Source: `docs/format.md` §10.

use crate::installation;
use crate::tables::{Beside, Tables, told_difference};
use ledger::master::MasterSecret;
use ledger::reader::Reader;
use ledger::verify::{Context, Finding, Outcome, Progress, Verifier};
use model::Told;
use std::path::Path;
use std::sync::Arc;
use store::{FileSort, Likeness, Place, StoreError};

/// The folder of the tables.
const FOLDER: &str = "store/";
/// What findings about rows stand under.
const TABLES: &str = "store/projection.db";

/// The tables of an installation.
pub(crate) struct TableFiles<'a> {
    pub(crate) data: &'a Path,
    pub(crate) place: Place,
    pub(crate) master: Option<&'a Arc<MasterSecret>>,
}

impl Verifier for TableFiles<'_> {
    fn name(&self) -> &'static str {
        "store"
    }

    fn owns(&self, path: &str) -> bool {
        path.strip_prefix(FOLDER).is_some_and(|name| name.is_empty() || FileSort::of(name).is_some())
    }

    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome {
        let mut outcome = Outcome::default();
        let files: Vec<&str> = context.files.below(FOLDER).filter(|path| self.owns(path)).collect();
        progress.done(files.len() as u64, 0);
        let sort = |path: &&str| path.strip_prefix(FOLDER).and_then(FileSort::of);
        if !context.live && files.iter().any(|path| sort(path) == Some(FileSort::Unfinished)) {
            outcome.remarks.push(unfinished());
        }
        let there = files.iter().any(|path| sort(path) == Some(FileSort::Projection));
        if !there && matches!(self.place, Place::Folder(_)) {
            outcome.facts.insert("compared", "no tables".to_owned());
            return outcome;
        }
        self.judge(context, &mut outcome);
        outcome
    }
}

impl TableFiles<'_> {
    fn judge(&self, context: &Context<'_>, outcome: &mut Outcome) {
        let Some(master) = self.master else {
            outcome.facts.insert("compared", "no".to_owned());
            outcome.remarks.push(no_master_key());
            return;
        };
        let tables = Tables {
            data: self.data,
            place: self.place.clone(),
            secret: Arc::clone(master),
            reader: Reader::new(installation::published(self.data)),
        };
        let beside = if context.live { Beside::Writer } else { Beside::Nobody };
        let (word, position) = match tables.compare(beside, &|_| ()) {
            Ok(compared) => {
                let position = compared.position;
                (settle(compared.likeness, position, outcome), position)
            }
            Err(error) => {
                outcome.findings.add(unmade(&error));
                ("no", 0)
            }
        };
        outcome.facts.insert("compared", word.to_owned());
        outcome.facts.insert("entries", position.to_string());
    }
}

/// Enters what a comparison gave; says in a word whether there was one.
fn settle(likeness: Likeness, position: u64, outcome: &mut Outcome) -> &'static str {
    match likeness {
        Likeness::Same { digest } => {
            outcome.facts.insert("digest", digest);
            return "row for row";
        }
        Likeness::Differs(difference) => {
            outcome.findings.add(Finding::meaning(TABLES, told_difference(&difference)));
            return "row for row";
        }
        Likeness::Unreadable(error) => outcome.findings.add(Finding::bytes(TABLES, error.told())),
        Likeness::Absent => {}
        Likeness::OtherVersion => outcome.remarks.push(Told::new(
            "資料表為另一版本程式所建，未比對；下次啟動時由帳本重建。",
            "The tables are of another version of this program and were not compared; the next start makes them anew.",
        )),
        Likeness::Beyond { readable } => outcome.remarks.push(Told::new(
            format!(
                "資料表已更新至第 {position} 筆，已公布者僅 {readable} 筆，未比對；請啟動系統完成公布後再驗證。"
            ),
            format!(
                "The tables have seen {position} entries and only {readable} are published; they were not compared. Start the system, which publishes the rest, and verify again."
            ),
        )),
    }
    "no"
}

/// The ledger gives no tables, or the comparison could not be made.
fn unmade(error: &StoreError) -> Finding {
    match error {
        StoreError::File { path, .. } => Finding::unreadable(path.clone(), error.told()),
        StoreError::Unavailable { .. } | StoreError::Held => Finding::unreadable(TABLES, error.told()),
        StoreError::Follows { entry, .. } => Finding::meaning(TABLES, error.told()).of_entry(*entry),
        _ => Finding::meaning(TABLES, error.told()),
    }
}

fn unfinished() -> Told {
    Told::new(
        "store 內有未完成之重建檔，從未生效；下次 ward rebuild 時移除。",
        "A rebuilding of the tables was interrupted; its file never counted, and the next ward rebuild takes it away.",
    )
}

fn no_master_key() -> Told {
    Told::new(
        "無主金鑰，未將資料表與帳本比對。",
        "Without the master key the tables were not compared with the ledger.",
    )
}
