//! A version of a pack, published: from then on it is what rules.

use super::{Answer, Done, Refusal};
use crate::office::Office;
use desk::{Asker, Order, PackFiles};
use regulation::{Place, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Publish a version of a pack.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Publish {
    /// Its files: path and text.
    pub(crate) files: BTreeMap<String, String>,
}

/// A problem on its way to whoever asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProblemRow {
    file: String,
    line: u32,
    column: u32,
    zh: String,
    en: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
}

impl From<Problem> for ProblemRow {
    fn from(problem: Problem) -> Self {
        let Problem { place: Place { file, line, column }, zh, en, suggestion } = problem;
        Self { file, line, column, zh, en, suggestion }
    }
}

impl From<ProblemRow> for Problem {
    fn from(row: ProblemRow) -> Self {
        let ProblemRow { file, line, column, zh, en, suggestion } = row;
        Self { place: Place { file, line, column }, zh, en, suggestion }
    }
}

pub(super) fn publish(office: &Office, publish: Publish) -> Result<Answer, Refusal> {
    let done = office.desk.ask(Asker::Console, Order::Publish(PackFiles(publish.files)));
    match done {
        Ok(done) => {
            let current =
                office.desk.seen().packs.current().map(|pack| format!("{}/{}", pack.id, pack.version));
            let subject = current.unwrap_or_default();
            Ok(Answer::Done(Done { first: done.entries.start, end: done.entries.end, subject }))
        }
        Err(desk::Refused::Pack(problems)) => {
            Ok(Answer::Problems(problems.into_iter().map(ProblemRow::from).collect()))
        }
        Err(refused) => Err(Refusal::of(&refused)),
    }
}
