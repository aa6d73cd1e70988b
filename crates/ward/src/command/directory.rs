//! `ward directory SETTINGS`: units and people of a city's directory, moved in. Without `--go` it is only told what would
//! be done. Nobody is taken away: who is no more in the directory is listed, for the procedure of leavers.
//!
//! Exit codes: 0 all is as in the directory, or would be; 1 rows are wrong or were refused; 2 the directory does not answer.

use super::move_in::{How, ask, ending, show};
use crate::acts::move_in::MovedIn;
use crate::acts::person::{List, Row};
use crate::acts::{Answer, Counter, Request};
use crate::command::pack::width::harmless;
use crate::directory::Directory;
use crate::installation::Working;
use crate::told::tell;
use clap::Args;
use model::Told;
use moving::{Kind, Table};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

/// Read a directory.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// 目錄設定檔（TOML）。The file of settings.
    settings: PathBuf,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    working: Working,
    /// 以 JSON 輸出。Output JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Asked) -> anyhow::Result<ExitCode> {
    let directory = Directory::read(&args.settings)?;
    let mut connection = directory.connect()?;
    let (units, people) = (directory.units(&mut connection)?, directory.people(&mut connection)?);
    // What was asked has been answered; a goodbye that is lost changes nothing.
    let _ = connection.unbind();
    let counter = Counter::open(&args.working)?;
    let moved = moved(&counter, units, people, &directory, args.how);
    let closed = counter.close();
    let (moved, gone) = moved?;
    closed?;
    tell_gone(&moved, &gone, args.json)?;
    let wrong = moved.iter().filter(|(_, moved)| !ending(moved, args.how.go)).count();
    Ok(ExitCode::from(u8::from(wrong > 0)))
}

/// What came of each table, and who is in Ward alone.
type Moved = (Vec<(Kind, MovedIn)>, Vec<Row>);

fn moved(
    counter: &Counter,
    units: Option<Table>,
    people: Option<Table>,
    directory: &Directory,
    how: How,
) -> anyhow::Result<Moved> {
    let logins: Option<BTreeSet<String>> = people.as_ref().map(|table| {
        table.rows.iter().filter_map(|row| row.cells.first()).map(|login| login.to_lowercase()).collect()
    });
    let mut moved = Vec::new();
    for (kind, table) in [(Kind::Units, units), (Kind::People, people)] {
        if let Some(table) = table {
            moved.push((kind, ask(counter, kind, table, how)?));
        }
    }
    let Some(logins) = logins else { return Ok((moved, Vec::new())) };
    let rows = match counter.ask(Request::PersonList(List::whole()))? {
        Answer::People(rows) => rows,
        other => return Err(other.unexpected()),
    };
    let is_gone = |row: &Row| {
        let login = row.details.as_ref().map(|details| details.login.as_str());
        let apart = |login: &str| directory.apart.iter().any(|one| one.eq_ignore_ascii_case(login));
        row.left_at.is_none() && login.is_some_and(|login| !logins.contains(login) && !apart(login))
    };
    Ok((moved, rows.into_iter().filter(is_gone).collect()))
}

#[expect(clippy::print_stdout, reason = "the report is the output")]
fn tell_gone(moved: &[(Kind, MovedIn)], gone: &[Row], json: bool) -> anyhow::Result<()> {
    let login = |row: &Row| row.details.as_ref().map(|details| details.login.to_string()).unwrap_or_default();
    if json {
        let tables: serde_json::Map<String, serde_json::Value> = moved
            .iter()
            .map(|(kind, moved)| Ok((kind.word().to_owned(), serde_json::to_value(moved)?)))
            .collect::<Result<_, serde_json::Error>>()?;
        println!("{}", json!({ "tables": tables, "gone": gone.iter().map(login).collect::<Vec<_>>() }));
        return Ok(());
    }
    for (kind, moved) in moved {
        let name = kind.name();
        println!("{} {}", name.zh, name.en);
        show(moved, false)?;
    }
    if gone.is_empty() {
        return Ok(());
    }
    println!(
        "目錄已無此人，請依離（休）職程序辦理 No more in the directory; follow the procedure of leavers"
    );
    for row in gone {
        let name = row.details.as_ref().map(|details| details.name.to_string()).unwrap_or_default();
        println!("    {}", harmless(&format!("{}  {name}  {}", login(row), row.home)));
    }
    tell(&Told::new(
        format!("有 {} 人不在目錄中；Ward 不會自行停用或刪除。", gone.len()),
        format!("{} people are not in the directory; nobody is ended by this.", gone.len()),
    ));
    Ok(())
}
