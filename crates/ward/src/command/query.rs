//! `ward query`: SQL over lines, answered as CSV or JSON.

use super::asking::Asking;
use crate::acts::query::{Query, Rows};
use crate::acts::{self, Answer, Request};
use crate::told::tell;
use model::Told;
use std::process::ExitCode;

#[expect(clippy::print_stdout, reason = "what is found is the output")]
pub(crate) fn run(asking: Asking<Query>) -> anyhow::Result<ExitCode> {
    let answer = match acts::ask_once(&asking.working, Request::Query(asking.act))? {
        Answer::Rows(rows) => rows,
        other => return Err(other.unexpected()),
    };
    if asking.json {
        println!("{}", serde_json::to_string(&answer)?);
        return Ok(ExitCode::SUCCESS);
    }
    let Rows { columns, rows, cut } = answer;
    println!("{}", csv(columns.iter().map(String::as_str)));
    for row in &rows {
        println!("{}", csv(row.iter().map(|cell| cell.as_deref().unwrap_or_default())));
    }
    if cut {
        tell(&Told::new(
            format!("結果逾 {} 列，僅輸出前列；請加上條件或以 --most 調整。", rows.len()),
            format!(
                "More than {} rows; only the first are given. Add a condition, or raise --most.",
                rows.len()
            ),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// A record of RFC 4180.
fn csv<'c>(cells: impl Iterator<Item = &'c str>) -> String {
    let cells = cells.map(|cell| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    });
    cells.collect::<Vec<_>>().join(",")
}
