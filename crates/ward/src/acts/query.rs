//! SQL over lines at the console.

use super::Refusal;
use crate::office::Office;
use clap::Args;
use desk::{Asker, Order};
use serde::{Deserialize, Serialize};
use store::LinesTraced;
use web::Unanswered;

/// A statement over all lines.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// 查詢敘述，如 "SELECT action, count(*) FROM lines GROUP BY action"。A query over the table lines, in SQL.
    statement: String,
    /// 最多列數。Most rows.
    #[arg(long, default_value_t = 1_000)]
    most: usize,
}

/// What a statement found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
    /// Were there more rows than were to be given?
    pub(crate) cut: bool,
}

pub(crate) fn query(office: &Office, query: &Query) -> Result<Rows, Refusal> {
    // Where no server runs, what is in no file yet is read first.
    office.lines.take_up().map_err(Refusal::misuse)?;
    let answer = office.lines.ask(&query.statement, query.most).map_err(|unanswered| match unanswered {
        Unanswered::Refused(told) | Unanswered::Unavailable(told) => Refusal::misuse(told),
    })?;
    let (found, wanted) = (answer.rows.len().to_string(), format!("sql {}", query.statement));
    let told = LinesTraced { found, from: None, until: None, wanted };
    let entered = office.desk.ask(Asker::Console, Order::Traced(told));
    entered.map_err(|refused| Refusal::of(&refused))?;
    Ok(Rows { columns: answer.columns, rows: answer.rows, cut: answer.cut })
}
