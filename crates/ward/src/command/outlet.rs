//! `ward outlet …`: the ways by which alarms are told, from the console.

use super::asking::{Asking, listed};
use super::pack::width::harmless;
use crate::acts::outlet::{List, Row, Test};
use crate::acts::{self, Answer, Request};
use crate::told::{Refused, tell};
use clap::Subcommand;
use model::Told;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Outlet {
    /// 列出告警輸出。List the outlets.
    List(Asking<List>),
    /// 試送一則測試訊息。Send a test message.
    Test(Asking<Test>),
}

pub(crate) fn run(command: Outlet) -> anyhow::Result<ExitCode> {
    match command {
        Outlet::List(asking) => list(asking),
        Outlet::Test(asking) => test(asking),
    }
}

fn list(asking: Asking<List>) -> anyhow::Result<ExitCode> {
    let rows = match acts::ask_once(&asking.working, Request::OutletList(asking.act))? {
        Answer::Outlets(rows) => rows,
        other => return Err(other.unexpected()),
    };
    if rows.is_empty() {
        tell(&Told::new(
            "尚未設定任何告警輸出，告警僅見於網頁。請撰寫資料夾內之 outlets.toml。",
            "There is no outlet, so that alarms are seen on the pages only. Write outlets.toml in the data folder.",
        ));
    }
    listed(&rows, asking.json, |rows| rows.iter().map(line).collect())
}

fn line(row: &Row) -> String {
    let pace = row.per_minute.map_or_else(|| "不限 any".to_owned(), |most| format!("{most}/min"));
    let ends = if row.ends { "" } else { "  [不含解除 no ends]" };
    let engine = row.engine.as_ref().map_or_else(String::new, |engine| format!("  [engine 0x{engine}]"));
    format!("{}  {}  {}  ≥ {}  {pace}{ends}{engine}", row.name, row.way, harmless(&row.to), row.least)
}

#[expect(clippy::print_stdout, reason = "how it went is the output")]
fn test(asking: Asking<Test>) -> anyhow::Result<ExitCode> {
    let tried = match acts::ask_once(&asking.working, Request::OutletTest(asking.act))? {
        Answer::Tried(tried) => tried,
        other => return Err(other.unexpected()),
    };
    if asking.json {
        println!("{}", serde_json::to_string(&tried)?);
    }
    let told = Told::new(harmless(&tried.zh), harmless(&tried.en));
    if !tried.done {
        return Err(Refused::wrong(told));
    }
    tell(&told);
    Ok(ExitCode::SUCCESS)
}
