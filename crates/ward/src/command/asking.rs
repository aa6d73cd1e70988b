//! One act asked on the command line: what every such command takes, and how its outcome is shown.
//!
//! Standard output has what a script goes on with: the id of what was made, a list, or JSON. The sentence for people
//! goes to standard error.

use crate::acts::{self, Answer, Done, Request};
use crate::installation::Working;
use crate::told::tell;
use clap::Args;
use model::Told;
use serde::Serialize;
use serde_json::json;
use std::process::ExitCode;

/// An act, with where it is done and how it is shown.
#[derive(Debug, Args)]
pub(crate) struct Asking<A: Args> {
    #[command(flatten)]
    pub(crate) act: A,
    #[command(flatten)]
    pub(crate) working: Working,
    /// 以 JSON 輸出。Output JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Is what the act was done to new, so that whoever asked needs its id?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Known,
    New,
}

impl<A: Args> Asking<A> {
    /// Asks for the act and shows what was done. `what` names the subject in JSON; `zh` and `en` say what happened.
    pub(crate) fn done(
        self,
        request: impl FnOnce(A) -> Request,
        subject: Subject,
        what: &str,
        zh: &str,
        en: &str,
    ) -> anyhow::Result<ExitCode> {
        let done = match acts::ask_once(&self.working, request(self.act))? {
            Answer::Done(done) => done,
            other => return Err(other.unexpected()),
        };
        show(&done, self.json, subject, what);
        let entries = entries(&done);
        tell(&Told::new(format!("{zh}（{}）。", entries.zh), format!("{en} ({}).", entries.en)));
        Ok(ExitCode::SUCCESS)
    }
}

/// Shows a list: in one JSON array, or a line for each.
#[expect(clippy::print_stdout, reason = "the list is the output")]
pub(crate) fn listed<R: Serialize>(
    rows: &[R],
    json: bool,
    lines: impl FnOnce(&[R]) -> Vec<String>,
) -> anyhow::Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string(rows)?);
    } else {
        lines(rows).iter().for_each(|line| println!("{line}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Which entries say so.
fn entries(done: &Done) -> Told {
    let last = done.end.saturating_sub(1);
    if last <= done.first {
        Told::new(format!("載於第 {} 筆", done.first), format!("entry {}", done.first))
    } else {
        Told::new(format!("載於第 {} 至 {last} 筆", done.first), format!("entries {} to {last}", done.first))
    }
}

#[expect(clippy::print_stdout, reason = "ids are the output")]
fn show(done: &Done, json: bool, subject: Subject, what: &str) {
    if json {
        println!("{}", json!({ "entries": [done.first, done.end], what: done.subject }));
    } else if subject == Subject::New {
        println!("{}", done.subject);
    }
}
