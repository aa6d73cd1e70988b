//! `ward unit …`: the organisation, from the console.

use super::asking::{Asking, Subject, listed};
use super::pack::width::harmless;
use crate::acts::unit::{Add, Change, Close, List, Row};
use crate::acts::{self, Answer, Request};
use clap::Subcommand;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Unit {
    /// 建立單位，印出其識別碼。Create a unit and print its id.
    Add(Asking<Add>),
    /// 列出單位，依隸屬關係。List the units, each before those below it.
    List(Asking<List>),
    /// 變更單位之名稱、代碼或上級。Change a unit's names, code or the unit above it.
    Change(Asking<Change>),
    /// 裁撤單位。Close a unit.
    Close(Asking<Close>),
}

pub(crate) fn run(command: Unit) -> anyhow::Result<ExitCode> {
    let known = Subject::Known;
    match command {
        Unit::Add(asking) => {
            asking.done(Request::UnitAdd, Subject::New, "unit", "已建立單位", "The unit is created")
        }
        Unit::Change(asking) => {
            asking.done(Request::UnitChange, known, "unit", "已變更單位", "The unit is changed")
        }
        Unit::Close(asking) => {
            asking.done(Request::UnitClose, known, "unit", "已裁撤單位", "The unit is closed")
        }
        Unit::List(asking) => list(asking),
    }
}

fn list(asking: Asking<List>) -> anyhow::Result<ExitCode> {
    let rows = match acts::ask_once(&asking.working, Request::UnitList(asking.act))? {
        Answer::Units(rows) => rows,
        other => return Err(other.unexpected()),
    };
    listed(&rows, asking.json, |rows| rows.iter().map(line).collect())
}

fn line(row: &Row) -> String {
    let indent = "  ".repeat(row.depth);
    let closed = row.closed_at.as_ref().map_or_else(String::new, |at| format!("  [已裁撤 closed {at}]"));
    let names = harmless(&format!("{} · {}", row.zh, row.en));
    format!("{indent}{}  {names}  {}{closed}", harmless(&row.code), row.id)
}
