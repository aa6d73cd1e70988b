//! `ward rebuild`: the tables made anew from the ledger, or only compared with it.
//!
//! Exit codes: 0 made, or alike; 1 they differ; 2 not possible.

use crate::installation::{self, Opening, Working};
use crate::machine::SystemClock;
use crate::tables::{Beside, Tables, told_difference};
use crate::told::Refused;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ledger::reader::Reader;
use model::{Clock as _, Told};
use serde_json::json;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use store::{Comparison, Likeness, StoreError};

/// Make the tables anew, or compare them.
#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    #[command(flatten)]
    working: Working,
    /// 僅比對，不變更資料表；系統執行中亦可。Only compare and change nothing; beside a running server as well.
    #[arg(long)]
    compare: bool,
    /// 以 JSON 輸出。Output JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Rebuild) -> anyhow::Result<ExitCode> {
    if args.compare { compare(args) } else { rebuild(args) }
}

#[expect(clippy::print_stdout, reason = "what was made is the output")]
fn rebuild(args: &Rebuild) -> anyhow::Result<ExitCode> {
    let data = args.working.folder();
    let opening = installation::open(data, &args.working.master)?.ok_or_else(|| {
        Refused::say(
            "系統執行中，不得重建資料表。請先停止，或以 ward rebuild --compare 僅作比對。",
            "The system is running; its tables cannot be made anew. Stop it first, or only compare with ward rebuild --compare.",
        )
    })?;
    let Opening { ledger, master, lock, .. } = opening;
    let (size, reader) = (ledger.head().size, ledger.reader());
    let tables = Tables { data, place: args.working.place(), secret: Arc::new(master), reader };
    let watch = Watch::new(size);
    let rebuilt = tables.rebuild(size, &|done| watch.bar.set_position(done));
    let rate = watch.rate(size);
    ledger.close().map_err(|reason| Refused::wrong(reason.told()))?;
    drop(lock);
    let rebuilt = rebuilt.map_err(|error| failed(&error))?;
    let like_before = rebuilt.before.as_ref().map(|before| *before == rebuilt.digest);
    if args.json {
        let made = json!({
            "digest": rebuilt.digest, "entries": size, "events_per_second": rate, "like_before": like_before,
        });
        println!("{made}");
        return Ok(ExitCode::SUCCESS);
    }
    let (zh, en) = match like_before {
        Some(true) => ("與原資料表逐列相同", "the same as before, row for row"),
        Some(false) => ("與原資料表不同，已由新表取代", "not as they were before; the new ones are in place"),
        None => ("先前無可比對之資料表", "there were none to compare with"),
    };
    println!("已由帳本 {size} 筆重建資料表，每秒 {rate} 筆；{zh}。");
    println!("The tables are made anew from {size} entries, {rate} a second; {en}.");
    println!("sha256 {}", rebuilt.digest);
    Ok(ExitCode::SUCCESS)
}

fn compare(args: &Rebuild) -> anyhow::Result<ExitCode> {
    let data = args.working.folder();
    let place = args.working.place();
    let (compared, rate) = match installation::open(data, &args.working.master)? {
        Some(Opening { ledger, master, lock: _lock, .. }) => {
            let tables = Tables { data, place, secret: Arc::new(master), reader: ledger.reader() };
            let done = watched(&tables, Beside::Oneself);
            ledger.close().map_err(|reason| Refused::wrong(reason.told()))?;
            done?
        }
        None => {
            let secret = Arc::new(args.working.master.secret(data)?);
            let reader = Reader::new(installation::published(data));
            watched(&Tables { data, place, secret, reader }, Beside::Writer)?
        }
    };
    show(&compared, rate, args.json)
}

fn watched(tables: &Tables<'_>, beside: Beside) -> anyhow::Result<(Comparison, u64)> {
    let size = tables.reader.size().map_err(|error| Refused::misuse(error.told()))?;
    let watch = Watch::new(size);
    let compared =
        tables.compare(beside, &|done| watch.bar.set_position(done)).map_err(|error| failed(&error))?;
    let rate = watch.rate(compared.position);
    Ok((compared, rate))
}

#[expect(clippy::print_stdout, reason = "the verdict is the output")]
fn show(compared: &Comparison, rate: u64, as_json: bool) -> anyhow::Result<ExitCode> {
    let position = compared.position;
    let (word, told, code) = verdict(compared);
    if as_json {
        let mut verdict = json!({
            "en": told.en, "entries": position, "events_per_second": rate, "verdict": word, "zh": told.zh,
        });
        if let (Likeness::Differs(difference), Some(members)) = (&compared.likeness, verdict.as_object_mut())
        {
            members.insert("table".to_owned(), json!(difference.table));
            members.insert("row".to_owned(), json!(difference.row));
        }
        if let (Likeness::Same { digest }, Some(members)) = (&compared.likeness, verdict.as_object_mut()) {
            members.insert("digest".to_owned(), json!(digest));
        }
        println!("{verdict}");
    } else {
        println!("{told}");
        if let Likeness::Same { digest } = &compared.likeness {
            println!("sha256 {digest}");
        }
    }
    Ok(ExitCode::from(code))
}

/// In a word, in a sentence, as an exit code.
fn verdict(compared: &Comparison) -> (&'static str, Told, u8) {
    let position = compared.position;
    match &compared.likeness {
        Likeness::Same { .. } => (
            "same",
            Told::new(
                format!("資料表與帳本前 {position} 筆逐列相符。"),
                format!("The tables are what the first {position} entries of the ledger give, row for row."),
            ),
            0,
        ),
        Likeness::Differs(difference) => ("differs", told_difference(difference), 1),
        Likeness::Unreadable(error) => ("unreadable", error.told(), 1),
        Likeness::Absent => (
            "absent",
            Told::new(
                "尚無資料表可比對。請啟動系統，或執行 ward rebuild。",
                "There are no tables to compare. Start the system, or run ward rebuild.",
            ),
            2,
        ),
        Likeness::OtherVersion => (
            "other-version",
            Told::new(
                "資料表為另一版本程式所建，未比對；下次啟動時重建。",
                "The tables are of another version of this program and were not compared; the next start makes them anew.",
            ),
            2,
        ),
        Likeness::Beyond { readable } => (
            "beyond",
            Told::new(
                format!(
                    "資料表已更新至第 {position} 筆，帳本可讀者僅 {readable} 筆：兩者不屬同一份帳本，或帳本曾還原。"
                ),
                format!(
                    "The tables have seen {position} entries and only {readable} can be read: they do not belong together, or the ledger was restored."
                ),
            ),
            1,
        ),
    }
}

fn failed(error: &StoreError) -> anyhow::Error {
    Refused::misuse(error.told())
}

/// A bar on standard error, where that is a terminal, and a watch.
struct Watch {
    bar: ProgressBar,
    begun: i64,
}

impl Watch {
    fn new(size: u64) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(size), target);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} 筆 events  {per_sec}  {eta}")
        {
            bar.set_style(style);
        }
        Self { bar, begun: SystemClock.now().as_micros() }
    }

    /// Entries a second, since it began.
    fn rate(&self, entries: u64) -> u64 {
        self.bar.finish_and_clear();
        let micros = u64::try_from(SystemClock.now().as_micros() - self.begun).unwrap_or(0).max(1);
        u64::try_from(u128::from(entries) * 1_000_000 / u128::from(micros)).unwrap_or(u64::MAX)
    }
}
