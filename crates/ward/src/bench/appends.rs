//! Durable appends: how many a second, and how long each caller waits.

use ledger::Ledger;
use ledger::disk::Folder;
use ledger::journal::FileJournal;
use ledger::objects::FolderObjects;
use model::{Actor, Clock};
use proof::entry::{Body, Draft, Encoded};
use proof::lifecycle::{Created, FORMAT};
use proof::note::{KeyKind, SignerKey};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

/// Bytes of a journal file.
pub(super) const SEGMENT: usize = 4 << 20;

/// How callers wait for their answer.
#[derive(Debug, Clone, Copy)]
enum Callers {
    /// Tasks on two worker threads, the way the server has them.
    Tasks,
    /// A thread each.
    Threads,
}

pub(super) fn run(data: &Path, length: Duration) -> anyhow::Result<()> {
    println!("durable appends, entries of 300 bytes, one a call; every answer after fdatasync");
    for (writers, callers) in [
        (1, Callers::Tasks),
        (16, Callers::Tasks),
        (256, Callers::Tasks),
        (1, Callers::Threads),
        (16, Callers::Threads),
        (256, Callers::Threads),
    ] {
        let folder = data.join(format!("appends-{writers}-{callers:?}"));
        let ledger = make(&folder)?;
        let before = cpu_seconds();
        let start = Stopwatch::now();
        let mut waits = match callers {
            Callers::Tasks => load_by_tasks(&ledger, writers, length)?,
            Callers::Threads => load_by_threads(&ledger, writers, length),
        };
        let (elapsed, cpu) = (start.elapsed(), cpu_seconds() - before);
        ledger.close()?;
        waits.sort_unstable();
        let at = |share: f64| waits.get((waits.len() as f64 * share) as usize).copied().unwrap_or_default();
        println!(
            "  {writers:>3} {:<8} {:>7.0} appends/s   p50 {:>5.0} µs   p99 {:>6.0} µs   {:>5.1} µs of processor each",
            format!("{callers:?}").to_lowercase(),
            waits.len() as f64 / elapsed.as_secs_f64(),
            micros(at(0.50)),
            micros(at(0.99)),
            cpu * 1e6 / waits.len() as f64,
        );
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn load_by_threads(ledger: &Ledger, writers: usize, length: Duration) -> Vec<Duration> {
    let start = Stopwatch::now();
    let caller = |writer: usize| {
        let subject = format!("writer-{writer:03}");
        let mut waits = Vec::new();
        while start.elapsed() < length {
            let asked = Stopwatch::now();
            match ledger.append(vec![entry(&subject, waits.len() as u64)]) {
                Ok(_) => waits.push(asked.elapsed()),
                Err(_) => break,
            }
        }
        waits
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers).map(|writer| scope.spawn(move || caller(writer))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

fn load_by_tasks(ledger: &Ledger, writers: usize, length: Duration) -> anyhow::Result<Vec<Duration>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let start = Stopwatch::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let ledger = ledger.clone();
            runtime.spawn(async move {
                let subject = format!("writer-{writer:03}");
                let mut waits = Vec::new();
                while start.elapsed() < length {
                    let asked = Stopwatch::now();
                    match ledger.submit(vec![entry(&subject, waits.len() as u64)]).acknowledged().await {
                        Ok(_) => waits.push(asked.elapsed()),
                        Err(_) => break,
                    }
                }
                waits
            })
        })
        .collect();
    runtime.block_on(async {
        let mut waits = Vec::new();
        for task in tasks {
            waits.extend(task.await?);
        }
        Ok(waits)
    })
}

/// An entry of exactly 300 bytes.
pub(super) fn entry(subject: &str, number: u64) -> Encoded {
    let fill = 300 - BARE - subject.len();
    let body = serde_json::json!({ "n": format!("{number:012}"), "text": "x".repeat(fill) });
    let draft = Draft {
        actor: Actor::machine("bench"),
        kind: "bench.appended".to_owned(),
        subject: subject.to_owned(),
        unit: None,
        form: None,
        body: Body::Clear { value: body, salt: None },
        signature: None,
    };
    #[expect(clippy::expect_used, reason = "every part is a constant but the subject, which is short")]
    draft.encode().expect("a well-formed draft")
}

/// Bytes of the entry above without subject and filling.
const BARE: usize = 152;

/// A new ledger in `folder`, open.
pub(super) fn make(folder: &Path) -> anyhow::Result<Ledger> {
    let key = || SignerKey::new("bench.example/ledger", KeyKind::Ledger, &[1; 32]);
    let disk = Arc::new(Folder::new(folder));
    let objects = Arc::new(FolderObjects::new(Arc::clone(&disk) as _));
    let journal = Arc::new(FileJournal::new(disk, SEGMENT));
    let clock: Arc<dyn Clock> = Arc::new(crate::machine::SystemClock);
    let created = Created {
        format: FORMAT.to_owned(),
        key: key()?.verifier().to_string(),
        origin: "bench.example/ledger".to_owned(),
        stewards: Vec::new(),
        succession: None,
    };
    ledger::create(
        Arc::clone(&objects) as _,
        Arc::clone(&journal) as _,
        Arc::clone(&clock),
        &key()?,
        &created,
    )?;
    Ok(Ledger::open(objects, journal, clock, vec![key()?])?.0)
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Processor seconds this process has used.
pub(super) fn cpu_seconds() -> f64 {
    ticks(11)
}

/// Processor seconds that processes begun by this one have used, those that have ended.
pub(super) fn children_seconds() -> f64 {
    ticks(13)
}

/// Time of the processor, the program's and the kernel's, behind so many fields of `/proc/self/stat`.
fn ticks(behind: usize) -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(behind).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}
