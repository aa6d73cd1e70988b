//! `ward pack publish`: a version of a pack, from a folder or from the program itself, becomes what rules.
//!
//! The pack is checked here first, so that a folder that is none is told at once; the desk checks it again, and that it
//! follows the version published before.
//! Exit codes: 0 published, 1 problems, 2 not possible.

use super::{check, print, report};
use crate::acts::{self, Answer, Request, publish};
use crate::installation::Working;
use crate::packs;
use crate::told::{Refused, tell};
use clap::Args;
use desk::PackFiles;
use model::Told;
use regulation::{Files, Problem, load_with};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Publish a pack.
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// 規範的資料夾（預設為隨附的規範）。The pack's folder (default: the one built in).
    #[arg(conflicts_with = "embedded")]
    dir: Option<PathBuf>,
    /// 隨附的規範之代號。Id of a pack that is built in.
    #[arg(long, value_name = "ID", default_value = packs::DEFAULT)]
    embedded: String,
    #[command(flatten)]
    working: Working,
    /// 以 JSON 輸出。Output JSON.
    #[arg(long)]
    json: bool,
}

#[expect(clippy::print_stdout, reason = "what was published is the output")]
pub(crate) fn run(args: &Publish) -> anyhow::Result<ExitCode> {
    let (files, root) = match &args.dir {
        Some(dir) => (check::folder(dir)?, check::root_of(dir)),
        None => check::embedded(&args.embedded)?,
    };
    let source = Files::new(files.clone());
    if let Err(problems) = load_with(&source, &packs::sections()) {
        return refuse(&problems, &files, &root, args.json);
    }
    let texts = PackFiles::of(&source).map_err(Refused::misuse)?.0;
    let done = match acts::ask_once(&args.working, Request::Publish(publish::Publish { files: texts }))? {
        Answer::Done(done) => done,
        Answer::Problems(rows) => {
            let problems: Vec<Problem> = rows.into_iter().map(Problem::from).collect();
            return refuse(&problems, &files, &root, args.json);
        }
        other => return Err(other.unexpected()),
    };
    if args.json {
        println!("{}", json!({ "entries": [done.first, done.end], "pack": done.subject }));
    } else {
        println!("{}", done.subject);
    }
    tell(&Told::new(
        format!("已發布規範 {}（載於第 {} 筆）。", done.subject, done.first),
        format!("Published {} (entry {}).", done.subject, done.first),
    ));
    Ok(ExitCode::SUCCESS)
}

/// Every problem, as `ward pack check` shows them.
fn refuse(
    problems: &[Problem],
    files: &BTreeMap<String, Vec<u8>>,
    root: &str,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    if as_json {
        let problems: Vec<_> = problems.iter().map(super::listing::problem).collect();
        print(&format!("{}\n", json!({ "good": false, "problems": problems })))?;
    } else {
        let shown = report::Shown { files, root, paint: report::Paint::of_output() };
        print(&shown.problems(problems))?;
    }
    tell(&Told::new("未發布任何內容。", "Nothing was published."));
    Ok(ExitCode::from(1))
}
