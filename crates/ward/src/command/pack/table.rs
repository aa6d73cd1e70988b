//! `ward pack table`: each clause with what serves it, as a table in Markdown: `docs/clauses.md` is made so.
//!
//! Exit codes: as those of `ward pack check`.

use super::listing::{Served, Serving};
use super::{check, print, report};
use crate::packs;
use clap::Args;
use regulation::{Clause, Files, Label, Pack, Population, load_with};
use std::path::PathBuf;
use std::process::ExitCode;

/// Print the table.
#[derive(Debug, Args)]
pub(crate) struct Table {
    /// 規範的資料夾（預設為隨附的規範 taichung-2001）。The pack's folder (default: taichung-2001, built in).
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: &Table) -> anyhow::Result<ExitCode> {
    let (files, root) = check::chosen(args.dir.as_deref())?;
    match load_with(&Files::new(files.clone()), &packs::sections()) {
        Ok(pack) => {
            print(&table(&pack))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            let shown = report::Shown { files: &files, root: &root, paint: report::Paint::of_output() };
            print(&shown.problems(&problems))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

const HEADS: [(&str, &str); 7] = [
    ("條號", "Clause"),
    ("條文", "Title"),
    ("登記簿", "Registers"),
    ("定期工作", "Duties"),
    ("檢核", "Checks"),
    ("系統數據", "Machine figure"),
    ("狀態", "State"),
];

fn table(pack: &Pack) -> String {
    let serving = Serving::of(pack);
    let live = pack.clauses.iter().filter(|clause| !clause.checks.is_empty()).count();
    let by_machine =
        pack.clauses.iter().filter(|clause| clause.checks.iter().any(|check| by_machine(&check.population)));
    let (all, machine) = (pack.clauses.len(), by_machine.count());
    let mut text = format!(
        "# 條文對照 Clauses\n\n\
         由 `ward pack table` 依規範 `{id}` 第 {version} 版產生。Made by `ward pack table` from version {version} of the pack `{id}`.\n\n\
         條文 {all} 條：{live} 條有檢核，其中 {machine} 條另由系統自行取得之數據檢核；其餘 {rest} 條載明尚未計算之理由。\n\
         {all} clauses: {live} have checks, {machine} of them by what the system knows itself as well; the other {rest} say why nothing is reckoned yet.\n\n",
        id = pack.id,
        version = pack.version,
        rest = all - live,
    );
    text.push_str(&row(HEADS.map(|(zh, en)| format!("{zh} {en}"))));
    text.push_str(&row(HEADS.map(|_| "---".to_owned())));
    for clause in &pack.clauses {
        text.push_str(&row(of_clause(clause, &serving)));
    }
    text
}

fn of_clause(clause: &Clause, serving: &Serving<'_>) -> [String; 7] {
    let checks = |wanted: bool| {
        let checks = clause.checks.iter().filter(|check| by_machine(&check.population) == wanted);
        checks.map(|check| both(&check.label)).collect::<Vec<_>>().join("<br>")
    };
    [
        clause.id.to_string(),
        both(&clause.title),
        ids(&serving.registers, clause),
        ids(&serving.duties, clause),
        checks(false),
        checks(true),
        match &clause.not_live {
            Some(why) => format!("未計算 not reckoned: {}", both(why)),
            None => "計算 reckoned".to_owned(),
        },
    ]
}

const fn by_machine(population: &Population) -> bool {
    matches!(population, Population::Engine { .. } | Population::Machine { .. })
}

fn both(label: &Label) -> String {
    format!("{} {}", label.zh(), label.en())
}

fn ids(served: &Served<'_>, clause: &Clause) -> String {
    let ids = served.get(&clause.id).into_iter().flatten();
    ids.map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" ")
}

fn row(cells: [String; 7]) -> String {
    let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
    format!("| {} |\n", cells.join(" | "))
}
