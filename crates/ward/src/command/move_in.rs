//! `ward move-in …`: units, people and terminals from a table. Without `--go` it is only told what would be done.
//!
//! Exit codes: 0 every row is there, or would be; 1 some cells are wrong, or rows were refused; 2 the file does not read.

use crate::acts::move_in::{MoveIn, MovedIn, RowDone};
use crate::acts::{Answer, Counter, Request};
use crate::command::pack::width::harmless;
use crate::installation::Working;
use crate::told::{Refused, tell};
use clap::Args;
use model::Told;
use moving::{Kind, Table};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How far it goes.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct How {
    /// 實際匯入；未指定僅預覽。Carry it out; else it is only told what would be done.
    #[arg(long)]
    pub(super) go: bool,
    /// 部分列有誤時仍匯入其餘各列。Carry out rows that are in order though others are wrong.
    #[arg(long, requires = "go")]
    pub(super) partly: bool,
}

/// Move a table in.
#[derive(Debug, Args)]
pub(crate) struct Move {
    /// 資料種類：units 單位、people 人員、terminals 終端機。Of what: units, people or terminals.
    kind: String,
    /// CSV、XLSX 或 ODS 檔；「-」為標準輸入；不寫則印出範本。A CSV, XLSX or ODS file, - for standard input; the template is printed without one.
    file: Option<PathBuf>,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    working: Working,
    /// 以 JSON 輸出。Output JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Move) -> anyhow::Result<ExitCode> {
    let kind = Kind::of_word(&args.kind).ok_or_else(|| {
        Refused::say(
            format!("沒有「{}」這種資料；可用：units、people、terminals", args.kind),
            format!("there are no tables of {:?}; there are: units, people, terminals", args.kind),
        )
    })?;
    let Some(file) = &args.file else {
        return template(kind);
    };
    let table = moving::read(&bytes(file)?).map_err(Refused::misuse)?;
    let counter = Counter::open(&args.working)?;
    let moved = ask(&counter, kind, table, args.how);
    let closed = counter.close();
    let moved = moved?;
    closed?;
    show(&moved, args.json)?;
    Ok(ExitCode::from(u8::from(!ending(&moved, args.how.go))))
}

#[expect(clippy::print_stdout, reason = "the template is the output")]
fn template(kind: Kind) -> anyhow::Result<ExitCode> {
    let text = moving::template(&kind.columns(), true);
    print!("{}", String::from_utf8(text)?);
    Ok(ExitCode::SUCCESS)
}

/// The bytes of a file, one more than it may have at most.
fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    let most = moving::LARGEST as u64 + 1;
    let mut bytes = Vec::new();
    let unread = |error: std::io::Error| {
        let shown = file.display();
        Refused::say(format!("無法讀取「{shown}」：{error}"), format!("{shown} cannot be read: {error}"))
    };
    if file == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(unread)?;
    } else {
        std::fs::File::open(file).and_then(|open| open.take(most).read_to_end(&mut bytes)).map_err(unread)?;
    }
    Ok(bytes)
}

/// Asks for a table to be moved in.
pub(super) fn ask(
    counter: &Counter,
    kind: Kind,
    table: Table,
    How { go, partly }: How,
) -> anyhow::Result<MovedIn> {
    let Table { heads, rows } = table;
    let rows = rows.into_iter().map(|row| (row.line, row.cells)).collect();
    let asked = MoveIn { kind: kind.word().to_owned(), heads, rows, go, partly };
    match counter.ask(Request::MoveIn(asked))? {
        Answer::MovedIn(moved) => Ok(moved),
        other => Err(other.unexpected()),
    }
}

/// Shows what came of each row.
#[expect(clippy::print_stdout, reason = "the report is the output")]
pub(super) fn show(moved: &MovedIn, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(moved)?);
        return Ok(());
    }
    for row in &moved.rows {
        println!("{}", line(row));
        for (head, zh, en) in &row.wrong {
            let head = if head.is_empty() { String::new() } else { format!("{head}: ") };
            println!("    {}", harmless(&format!("{head}{zh} · {en}")));
        }
    }
    Ok(())
}

fn line(row: &RowDone) -> String {
    let (zh, en) = match row.doing.as_str() {
        "create" => ("新增", "create"),
        "change" => ("變更", "change"),
        "nothing" => ("無異動", "as it is"),
        "refused" => ("未受理", "refused"),
        _ => ("有誤", "wrong"),
    };
    format!("{:>5}  {zh} {en}  {}", row.line, harmless(&row.title))
}

/// Says in a sentence how it ended; tells whether every row is in order.
pub(super) fn ending(moved: &MovedIn, go: bool) -> bool {
    let count = |word: &str| moved.rows.iter().filter(|row| row.doing == word).count();
    let (create, change, nothing) = (count("create"), count("change"), count("nothing"));
    let bad = count("wrong") + count("refused");
    let (zh, en) = match (moved.gone, go) {
        (true, _) => ("已匯入", "Moved in"),
        (false, true) => ("有誤，未匯入任何資料", "Nothing was moved in, because rows are wrong"),
        (false, false) => {
            ("預覽，未匯入任何資料（加 --go 實際匯入）", "Nothing was moved in yet (--go carries it out)")
        }
    };
    tell(&Told::new(
        format!("{zh}：新增 {create}、變更 {change}、無異動 {nothing}、有誤或未受理 {bad}。"),
        format!(
            "{en}: {create} to create, {change} to change, {nothing} as they are, {bad} wrong or refused."
        ),
    ));
    bad == 0
}
