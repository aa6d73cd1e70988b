//! `ward terminal …`: terminals, from the console.

use super::asking::{Asking, Subject, listed};
use super::pack::width::harmless;
use crate::acts::terminal::{Add, List, Remove, Row};
use crate::acts::{self, Answer, Request};
use crate::told::tell;
use clap::Subcommand;
use model::Told;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Terminal {
    /// 登記終端機，印出其識別碼。Register a terminal and print its id.
    Add(Asking<Add>),
    /// 列出終端機。List terminals.
    List(Asking<List>),
    /// 註銷終端機。Remove a terminal.
    Remove(Asking<Remove>),
}

pub(crate) fn run(command: Terminal) -> anyhow::Result<ExitCode> {
    let what = "terminal";
    match command {
        Terminal::Add(asking) => asking.done(
            Request::TerminalAdd,
            Subject::New,
            what,
            "已登記終端機",
            "The terminal is registered",
        ),
        Terminal::Remove(asking) => asking.done(
            Request::TerminalRemove,
            Subject::Known,
            what,
            "已註銷終端機",
            "The terminal is removed",
        ),
        Terminal::List(asking) => list(asking),
    }
}

fn list(asking: Asking<List>) -> anyhow::Result<ExitCode> {
    let rows = match acts::ask_once(&asking.working, Request::TerminalList(asking.act))? {
        Answer::Terminals(rows) => rows,
        other => return Err(other.unexpected()),
    };
    if rows.is_empty() {
        tell(&Told::new(
            "尚未登記任何終端機：管理角色不限地點，亦不查核跨單位使用。",
            "No terminal is registered: administrators' roles are used anywhere, and nothing is said of use across units.",
        ));
    }
    listed(&rows, asking.json, |rows| rows.iter().map(line).collect())
}

fn line(row: &Row) -> String {
    let unit = row.unit.as_deref().map_or_else(|| "各單位 any unit".to_owned(), harmless);
    let management = if row.management { "  [管理 management]" } else { "" };
    let removed = row.removed_at.as_ref().map_or_else(String::new, |at| format!("  [已註銷 removed {at}]"));
    format!("{}  {}  {unit}  {}{management}{removed}", row.id, harmless(&row.name), row.fingerprint)
}
