//! `ward person …`: people, their roles and their deputies, from the console.

use super::asking::{Asking, Subject, listed};
use super::pack::width::{harmless, padded, width};
use crate::acts::person::{Add, Appoint, Change, End, Grant, Leave, List, Row};
use crate::acts::signin::{Factors, Recover, Unlock};
use crate::acts::{self, Answer, Request};
use crate::told::tell;
use clap::Subcommand;
use model::Told;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(crate) enum Person {
    /// 登錄人員，印出其識別碼。Register a person and print their id.
    Add(Asking<Add>),
    /// 列出人員、任職及代理。List people with their roles and deputies.
    List(Asking<List>),
    /// 變更人員資料或調任。Change what is known of a person, or their unit.
    Change(Asking<Change>),
    /// 離職：任職、代理及驗證器一併終止。A person leaves: roles, deputies and authenticators end with it.
    Leave(Asking<Leave>),
    /// 授予角色。Grant a role.
    Grant(Asking<Grant>),
    /// 終止角色。End a role.
    End(Asking<End>),
    /// 指派職務代理人；雙方各自確認後生效。Appoint a deputy; it counts once both have acknowledged it.
    Appoint(Asking<Appoint>),
    /// 緊急重設登入驗證：印出一次性通行碼，並通知全體管理人員。Break the glass: print a pass to set factors anew; everybody who administers is told.
    Recover(Asking<Recover>),
    /// 解除登入限制。Open an account again after too many failed tries.
    Unlock(Asking<Unlock>),
    /// 顯示登入驗證方式。Show which factors a person has.
    Factors(Asking<Factors>),
}

pub(crate) fn run(command: Person) -> anyhow::Result<ExitCode> {
    let (known, what) = (Subject::Known, "person");
    match command {
        Person::Add(asking) => {
            asking.done(Request::PersonAdd, Subject::New, what, "已登錄人員", "The person is registered")
        }
        Person::Change(asking) => {
            asking.done(Request::PersonChange, known, what, "已變更人員資料", "The person's data is changed")
        }
        Person::Leave(asking) => {
            asking.done(Request::PersonLeave, known, what, "已登錄離職", "The leaving is recorded")
        }
        Person::Grant(asking) => {
            asking.done(Request::PersonGrant, known, what, "已授予角色", "The role is granted")
        }
        Person::End(asking) => {
            asking.done(Request::PersonEnd, known, what, "已終止角色", "The role is ended")
        }
        Person::Appoint(asking) => asking.done(
            Request::PersonAppoint,
            known,
            what,
            "已指派代理人，待雙方確認",
            "The deputy is appointed; both have yet to acknowledge it",
        ),
        Person::Unlock(asking) => {
            asking.done(Request::PersonUnlock, known, what, "已解除登入限制", "The account is open again")
        }
        Person::Recover(asking) => recover(asking),
        Person::Factors(asking) => factors(asking),
        Person::List(asking) => list(asking),
    }
}

fn list(asking: Asking<List>) -> anyhow::Result<ExitCode> {
    let rows = match acts::ask_once(&asking.working, Request::PersonList(asking.act))? {
        Answer::People(rows) => rows,
        other => return Err(other.unexpected()),
    };
    listed(&rows, asking.json, table)
}

#[expect(clippy::print_stdout, reason = "the pass is the output")]
fn recover(asking: Asking<Recover>) -> anyhow::Result<ExitCode> {
    let pass = match acts::ask_once(&asking.working, Request::PersonRecover(asking.act))? {
        Answer::Pass(pass) => pass,
        other => return Err(other.unexpected()),
    };
    if asking.json {
        println!("{}", serde_json::to_string(&pass)?);
    } else {
        println!("{}", pass.pass);
    }
    let until = &pass.until;
    tell(&Told::new(
        format!(
            "請將通行碼當面交予本人，於 {until} 前至登入頁「重設登入驗證」使用一次；原有驗證屆時失效。已入帳並通知全體管理人員。"
        ),
        format!(
            "Hand the pass to the person; it serves once on the sign-in page, before {until}, and ends the former factors. It is in the ledger, and everybody who administers is told."
        ),
    ));
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the factors are the output")]
fn factors(asking: Asking<Factors>) -> anyhow::Result<ExitCode> {
    let row = match acts::ask_once(&asking.working, Request::PersonFactors(asking.act))? {
        Answer::Factors(row) => row,
        other => return Err(other.unexpected()),
    };
    if asking.json {
        println!("{}", serde_json::to_string(&row)?);
        return Ok(ExitCode::SUCCESS);
    }
    let at = |at: &Option<String>| at.clone().unwrap_or_else(|| "無 none".to_owned());
    println!("密碼 password  {}", at(&row.password_at));
    println!("驗證碼 one-time codes  {}", at(&row.otp_at));
    println!("通行金鑰 passkeys  {}", row.passkeys);
    println!("救援碼 recovery codes  {}", row.recovery_left);
    println!("登入中 sessions  {}", row.sessions);
    Ok(ExitCode::SUCCESS)
}

/// One line for each person, in columns.
fn table(rows: &[Row]) -> Vec<String> {
    let cells: Vec<[String; 6]> = rows.iter().map(cells).collect();
    let wide =
        |at: usize| cells.iter().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(wide).collect();
    let line = |row: &[String; 6]| {
        let padded: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width)).collect();
        padded.join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect()
}

fn cells(row: &Row) -> [String; 6] {
    let destroyed = || "（資料已銷毀 destroyed）".to_owned();
    let of = |text: fn(&identity::Details) -> &str| {
        row.details.as_ref().map_or_else(destroyed, |details| harmless(text(details)))
    };
    let roles = row.roles.iter().map(|one| match &one.unit {
        Some(unit) => format!("{}@{unit}", one.role),
        None => one.role.clone(),
    });
    let deputies = row.deputies.iter().map(|one| {
        let waits = if one.acknowledged { "" } else { "，待確認 not acknowledged yet" };
        format!("代理人 deputy {}{waits}", one.deputy)
    });
    let left = row.left_at.iter().map(|at| format!("[離職 left {at}]"));
    let all: Vec<String> = roles.chain(deputies).chain(left).collect();
    [
        of(|details| details.login.as_str()),
        of(|details| details.name.as_str()),
        of(|details| details.title.as_str()),
        harmless(&row.home),
        row.id.to_string(),
        harmless(&all.join("; ")),
    ]
}
