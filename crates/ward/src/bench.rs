//! Benchmarks of the running code: what each engine does in a second on this machine.
//!
//! They are part of the program so that an operator can size a machine with the very binary he will run.
#![expect(clippy::disallowed_methods, reason = "benchmarks measure time; nothing here ends up in a ledger")]
#![expect(clippy::print_stdout, reason = "figures are the output")]

mod appends;
mod asked;
mod casework;
mod city;
mod firewall;
mod grown;
mod proofs;
mod telemetry;
mod verify;
mod watch;
mod web;

use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// 帳本：持久寫入、證明、驗證。The ledger: durable appends, proofs, verification.
    Ledger {
        /// 使用的資料夾（須為空或不存在）。Folder to use; it must be empty or not there.
        #[arg(long, default_value = "ward-bench")]
        data: PathBuf,
        /// 每項秒數。Seconds for each figure.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// 驗證用帳本的筆數。Entries of the ledger that is verified.
        #[arg(long, default_value_t = 1_000_000)]
        entries: u64,
    },
    /// 案件：重建、清單、搜尋、開啟、儲存。Casework: rebuilding, lists, search, opening, saving.
    Casework {
        /// 使用的資料夾（須為空或不存在）。Folder to use; it must be empty or not there.
        #[arg(long, default_value = "ward-bench")]
        data: PathBuf,
        /// 設備筆數。Devices on record.
        #[arg(long, default_value_t = 100_000)]
        records: u64,
        /// 事件筆數。Events in the ledger.
        #[arg(long, default_value_t = 10_000_000)]
        events: u64,
        /// 每項量測次數。Rounds of each figure.
        #[arg(long, default_value_t = 400)]
        rounds: usize,
        /// PostgreSQL 之網址（須為空資料庫）；未指定則用資料夾內之 SQLite。
        /// URL of a PostgreSQL database, which must be empty; SQLite in the folder without it.
        #[arg(long)]
        database: Option<String>,
        /// 保留資料夾；已有資料時重建並再次量測。
        /// Keep the folder; where there is a city already, rebuild and measure it again.
        #[arg(long)]
        keep: bool,
    },
    /// 網頁：各頁耗時、可承受之請求數、啟動時間、記憶體。Pages: time of each, requests borne, start, memory.
    Web {
        /// 使用的資料夾（須為空或不存在）。Folder to use; it must be empty or not there.
        #[arg(long, default_value = "ward-bench")]
        data: PathBuf,
        /// 設備筆數。Devices on record.
        #[arg(long, default_value_t = 100_000)]
        records: u64,
        /// 每段秒數。Seconds of each stretch.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// 紀錄：經 TCP 接收防火牆紀錄至寫入檔案，並與 rsyslog、ClickHouse、zstd、gzip 同場比較。
    /// Lines: a firewall's over TCP until they are in files, beside rsyslog, ClickHouse, zstd and gzip.
    Telemetry {
        /// 使用的資料夾（須為空或不存在）。Folder to use; it must be empty or not there.
        #[arg(long, default_value = "ward-bench")]
        data: PathBuf,
        /// 紀錄筆數。How many lines.
        #[arg(long, default_value_t = 10_000_000)]
        count: u64,
        /// 產生器種子。Seed of the generator.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// 備有 chdb 之 Python。A Python that has chdb.
        #[arg(long, default_value = "python3")]
        python: String,
    },
    /// 告警：自最後一筆紀錄至送出 SNMP trap 之時間，其間另有紀錄不斷湧入。
    /// Alarms: from the last line until the SNMP trap, while other lines come in.
    Watch {
        /// 使用的資料夾（須為空或不存在）。Folder to use; it must be empty or not there.
        #[arg(long, default_value = "ward-bench")]
        data: PathBuf,
        /// 每秒另行送入之紀錄筆數。Lines a second that come beside.
        #[arg(long, default_value_t = 10_000)]
        rate: u64,
        /// 秒數。How many seconds.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// 其間之告警數，至多 1000。Alarms within that time, 1000 at most.
        #[arg(long, default_value_t = 300)]
        alarms: u64,
    },
    /// 產生防火牆紀錄，寫至標準輸出。Lines of a firewall, to the standard output.
    #[command(hide = true)]
    Lines {
        #[arg(long)]
        count: u64,
        #[arg(long)]
        seed: u64,
    },
}

pub(crate) fn run(bench: &Bench) -> anyhow::Result<ExitCode> {
    if !matches!(bench, Bench::Lines { .. }) {
        println!("{}", machine());
    }
    let data = match bench {
        Bench::Ledger { data, seconds, entries } => {
            appends::run(data, Duration::from_secs(*seconds))?;
            let folder = proofs::run(data, *entries)?;
            verify::run(&folder, *entries)?;
            data
        }
        Bench::Casework { data, records, events, rounds, database, keep } => {
            let database = database.as_deref();
            if *keep && data.exists() {
                casework::again(data, database, *rounds)?;
            } else {
                let size = casework::Size { devices: *records, events: *events, rounds: *rounds };
                casework::run(data, database, &size)?;
            }
            if *keep {
                return Ok(ExitCode::SUCCESS);
            }
            data
        }
        Bench::Web { data, records, seconds } => {
            web::run(data, *records, Duration::from_secs(*seconds))?;
            data
        }
        Bench::Telemetry { data, count, seed, python } => {
            telemetry::run(data, *count, *seed, python)?;
            data
        }
        Bench::Watch { data, rate, seconds, alarms } => {
            watch::run(data, &watch::Asked { rate: *rate, seconds: *seconds, alarms: *alarms })?;
            data
        }
        Bench::Lines { count, seed } => {
            telemetry::generate(*count, *seed)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    std::fs::remove_dir_all(data)?;
    Ok(ExitCode::SUCCESS)
}

/// Processor and number of cores, as the system names them.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    format!("machine: {}, {cores} cores", model.map_or("unknown", |(_, name)| name))
}

/// Tells how long things took, the times in any order.
fn say(name: &str, mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let at = |share: f64| {
        let place = (waits.len() as f64 * share) as usize;
        waits.get(place.min(waits.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    println!("  {name:<48} p50 {:>7.2} ms   p95 {:>7.2} ms   p99 {:>7.2} ms", at(0.50), at(0.95), at(0.99));
}

/// One of them, going round.
fn pick<T>(list: &[T], at: usize) -> &T {
    #[expect(clippy::indexing_slicing, reason = "lists of the city are never empty, and the place is within")]
    &list[at % list.len()]
}
