//! Questions of the lines of the bench: one address that is rare and one that is busy, a count, the top talkers; how long
//! each answer takes, at first and again, and how long ClickHouse takes for the same.

use super::firewall::{BUSY, RARE};
use crate::lines::Lines;
use anyhow::{Context as _, anyhow, ensure};
use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant as Stopwatch};
use telemetry::find::Wanted;
use telemetry::index::Key;

/// Lines that are shown of an address.
const SHOWN: usize = 50;
/// How often a question is asked again; the median counts.
const ROUNDS: usize = 9;

/// A question in SQL: what it is called, as Ward is asked, as ClickHouse is.
pub(super) const QUESTIONS: [(&str, &str, &str); 2] = [
    (
        "count, by port and action",
        "SELECT count(*) FROM lines WHERE dst_port = 443 AND action = 'deny'",
        "SELECT count() FROM bench.lines WHERE dstport = 443 AND action = 'deny'",
    ),
    (
        "top talkers",
        "SELECT src_ip, count(*) AS n, sum(bytes_sent) AS sent FROM lines GROUP BY src_ip ORDER BY n DESC, src_ip LIMIT 10",
        "SELECT srcip, count() AS n, sum(sentbyte) AS sent FROM bench.lines GROUP BY srcip ORDER BY n DESC, srcip LIMIT 10",
    ),
];

/// The newest lines of an address, as ClickHouse is asked.
pub(super) fn lines_of(address: &str) -> String {
    let ip = format!("toIPv4('{address}')");
    format!(
        "SELECT raw FROM bench.lines WHERE srcip = {ip} OR dstip = {ip} ORDER BY eventtime DESC LIMIT {SHOWN}"
    )
}

pub(super) fn wanted(address: &str, most: usize) -> anyhow::Result<Wanted> {
    let values = Wanted::address(address).context("an address")?;
    Ok(Wanted { key: Key::Address, values, from: None, until: None, most })
}

/// How many lines of an address there are among so many.
const fn of_address(count: u64, every: (u64, u64)) -> u64 {
    (count + every.0 - 1 - every.1) / every.0
}

/// Asks everything of so many lines, whose files are in this folder. `lines` was just opened.
pub(super) fn ask(lines: &Lines, files: &Path, count: u64) -> anyhow::Result<()> {
    println!(
        "asked of {count} lines (the files out of the machine's memory and nothing of them open, then again):"
    );
    for (what, (address, every)) in [("a rare address", RARE), ("a busy address", BUSY)] {
        forget(files)?;
        let wanted = wanted(address, SHOWN)?;
        let asked = || {
            let found = lines.find(&wanted).map_err(|told| anyhow!("{told}"))?;
            let right = found.count == of_address(count, every);
            ensure!(
                right && found.lines.len() as u64 == found.count.min(SHOWN as u64),
                "{} lines",
                found.count
            );
            Ok(found.count)
        };
        let (found, first, again) = timed(asked)?;
        say(&format!("{what}: {found} lines counted, {} shown", found.min(SHOWN as u64)), first, again);
    }
    for (what, statement, _) in QUESTIONS {
        forget(files)?;
        let asked = || {
            let answer = lines.ask(statement, 10).map_err(|error| anyhow!("{error:?}"))?;
            ensure!(!answer.rows.is_empty(), "{statement}: no row");
            Ok(())
        };
        let ((), first, again) = timed(asked)?;
        say(what, first, again);
    }
    Ok(())
}

/// What is answered, how long it takes at first, and in the middle of several times after that.
fn timed<T>(asked: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<(T, Duration, Duration)> {
    let one = || {
        let start = Stopwatch::now();
        asked().map(|answer| (answer, start.elapsed()))
    };
    let (answer, first) = one()?;
    let mut again = (0..ROUNDS).map(|_| Ok(one()?.1)).collect::<anyhow::Result<Vec<_>>>()?;
    again.sort_unstable();
    Ok((answer, first, again.get(ROUNDS / 2).copied().unwrap_or_default()))
}

fn say(what: &str, first: Duration, again: Duration) {
    let [first, again] = [first, again].map(|time| time.as_secs_f64() * 1e3);
    println!("  {what}: {first:.1} ms, then {again:.1} ms");
}

/// Has the machine forget what it holds of files.
fn forget(folder: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let file = File::open(entry?.path())?;
        file.sync_all()?;
        fadvise(&file, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}
