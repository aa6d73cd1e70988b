//! Tables moved in at the console: people, units, terminals, planned against what there is and then carried out, each row by
//! the commands that a person at a page would give.
//!
//! A row that is refused takes no other with it; whatever was done is done, and the same table given again goes on where
//! it ended.

use super::{Refusal, draw};
use crate::machine::SystemClock;
use crate::office::Office;
use desk::{Asker, Order};
use model::{Clock as _, Told};
use moving::{Doing, Kind, Planned, Table};
use serde::{Deserialize, Serialize};

/// A table that is to be moved in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveIn {
    /// Of what: `units`, `people`, `terminals`.
    pub(crate) kind: String,
    /// What stands at the head of each column.
    pub(crate) heads: Vec<String>,
    /// Rows, each with its number in the file.
    pub(crate) rows: Vec<(usize, Vec<String>)>,
    /// Is it to be carried out? Else only told what would be.
    pub(crate) go: bool,
    /// Are rows in order to be carried out where others are wrong?
    pub(crate) partly: bool,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MovedIn {
    /// Was anything carried out?
    pub(crate) gone: bool,
    /// Of each row.
    pub(crate) rows: Vec<RowDone>,
}

/// What came of a row.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowDone {
    pub(crate) line: usize,
    pub(crate) title: String,
    /// `create`, `change`, `nothing`, `wrong`, and after it was asked for `refused`.
    pub(crate) doing: String,
    /// What is wrong: the head of the column, in Traditional Chinese and in English.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) wrong: Vec<(String, String, String)>,
}

/// The word of what is done.
pub(crate) const fn word(doing: Doing) -> &'static str {
    match doing {
        Doing::Change => "change",
        Doing::Create => "create",
        Doing::Nothing => "nothing",
        Doing::Wrong => "wrong",
    }
}

/// Plans a table, and carries it out where that is asked for.
pub(crate) fn move_in(office: &Office, asked: MoveIn) -> Result<MovedIn, Refusal> {
    let MoveIn { kind, heads, rows, go, partly } = asked;
    let unknown = || Told::new(format!("沒有「{kind}」這種資料"), format!("there are no tables of {kind:?}"));
    let kind = Kind::of_word(&kind).ok_or_else(|| Refusal::misuse(unknown()))?;
    let rows = rows.into_iter().map(|(line, cells)| moving::Row { line, cells }).collect();
    let table = Table { heads, rows };
    let planned = plan(office, kind, &table)?;
    let wrong = planned.iter().any(|row| row.doing == Doing::Wrong);
    let gone = go && (partly || !wrong);
    let rows = planned
        .into_iter()
        .map(|row| {
            let refused = if gone { carry_out(office, &row) } else { None };
            told(&table, row, refused)
        })
        .collect();
    Ok(MovedIn { gone, rows })
}

fn plan(office: &Office, kind: Kind, table: &Table) -> Result<Vec<Planned>, Refusal> {
    let seen = office.desk.seen();
    let mut failed = None;
    let mut fresh = || {
        draw().unwrap_or_else(|refusal| {
            failed.get_or_insert(refusal);
            [0; 16]
        })
    };
    let against = (&*seen.roster, seen.packs.current(), SystemClock.now());
    let planned = moving::plan(kind, table, against, &mut fresh).map_err(Refusal::misuse)?;
    failed.map_or(Ok(planned), Err)
}

/// Carries out a row; gives why it stopped.
fn carry_out(office: &Office, row: &Planned) -> Option<Told> {
    let ask = |command: &identity::Command| {
        office.desk.ask(Asker::Console, Order::Identity(command.clone())).err().map(|refused| refused.told())
    };
    row.commands.iter().find_map(ask)
}

fn told(table: &Table, row: Planned, refused: Option<Told>) -> RowDone {
    let head = |column: Option<usize>| column.and_then(|at| table.heads.get(at)).cloned().unwrap_or_default();
    let mut wrong: Vec<_> =
        row.wrong.into_iter().map(|one| (head(one.column), one.told.zh, one.told.en)).collect();
    let doing = if refused.is_some() { "refused" } else { word(row.doing) };
    wrong.extend(refused.map(|told| (String::new(), told.zh, told.en)));
    RowDone { line: row.line, title: row.title, doing: doing.to_owned(), wrong }
}
