//! Verification: the whole folder, beside programs that only hash the same bytes, each on one core and on all.

use crate::command::verify::{Quiet, verifiers_of};
use ledger::disk::Folder;
use ledger::verify;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant as Stopwatch;

/// Each is run this often; the best counts, for all alike.
const ROUNDS: usize = 3;

pub(super) fn run(folder: &Path, entries: u64) -> anyhow::Result<()> {
    let files = files_below(folder)?;
    let bytes: u64 =
        files.iter().map(|file| std::fs::metadata(file).map_or(0, |metadata| metadata.len())).sum();
    let megabytes = bytes as f64 / 1e6;
    println!(
        "verification of {entries} entries, {} files, {megabytes:.0} MB, files in the page cache, best of {ROUNDS}",
        files.len()
    );
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for cores in [1, cores] {
        let seconds = best(|| judge(folder, cores))?;
        println!(
            "  ward verify, {cores} core(s): {:>5.0} MB/s a core, {:>9.0} entries/s",
            megabytes / seconds / cores as f64,
            entries as f64 / seconds
        );
    }
    for (name, arguments) in [("sha256sum", &[][..]), ("openssl", &["dgst", "-sha256"])] {
        match best(|| hash(name, arguments, &files)) {
            Ok(seconds) => {
                println!("  {name} over the same files, 1 core: {:>5.0} MB/s", megabytes / seconds)
            }
            Err(error) => println!("  {name}: not measured ({error})"),
        }
    }
    Ok(())
}

fn best(mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Stopwatch::now();
        work()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn judge(folder: &Path, cores: usize) -> anyhow::Result<()> {
    let disk = Folder::new(folder);
    // The ledger alone: it has no tables.
    let report = verifiers_of(&disk, None, None, &[], |verifiers| {
        verify::verify(&disk, false, cores, verifiers, &Quiet)
    })?;
    let report = report.ok_or_else(|| anyhow::anyhow!("there is no ledger"))?;
    anyhow::ensure!(
        report.is_good(),
        "the benchmark's ledger does not verify: {:?}",
        report.findings.kept().first()
    );
    Ok(())
}

/// Hashes the files by another program, as many a call as the system takes.
fn hash(program: &str, arguments: &[&str], files: &[PathBuf]) -> anyhow::Result<()> {
    for some in files.chunks(2000) {
        #[expect(clippy::disallowed_methods, reason = "the peer that is measured beside")]
        let mut command = Command::new(program);
        let status = command.args(arguments).args(some).stdout(Stdio::null()).status()?;
        anyhow::ensure!(status.success(), "{program} failed");
    }
    Ok(())
}

fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    Ok(files)
}
