//! Proofs: how long one takes to make from the files, and to check.

use super::appends;
use ledger::objects::FolderObjects;
use ledger::reader::Reader;
use proof::note::{KeyKind, SignerKey};
use proof::policy::Policy;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

/// Proofs made and checked.
const ROUNDS: u64 = 2000;

/// Makes a ledger of `entries`, measures proofs over it, and says where it lies.
pub(super) fn run(data: &Path, entries: u64) -> anyhow::Result<PathBuf> {
    let folder = data.join("large");
    let ledger = appends::make(&folder)?;
    let start = Stopwatch::now();
    let mut receipts = Vec::new();
    for first in (0..entries).step_by(4096) {
        let end = (first + 4096).min(entries);
        receipts.push(ledger.submit((first..end).map(|n| appends::entry("bulk", n)).collect()));
    }
    for receipt in receipts {
        receipt.wait()?;
    }
    ledger.close()?;
    let rate = entries as f64 / start.elapsed().as_secs_f64();
    println!("bulk append, 4,096 entries a batch: {rate:.0} entries/s, {entries} entries, until closed");
    let disk = Arc::new(ledger::disk::Folder::new(&folder));
    let reader = Reader::new(Arc::new(FolderObjects::new(disk)));
    let key = SignerKey::new("bench.example/ledger", KeyKind::Ledger, &[1; 32])?;
    let policy = Policy::of_host(key.verifier().clone());
    let head = reader.head()?;
    let (mut made, mut checked, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
    for round in 0..ROUNDS {
        // A multiplier without common factor spreads the rounds over the ledger.
        let index = round.wrapping_mul(2_654_435_761) % entries;
        let start = Stopwatch::now();
        let proof = reader.prove_entry(index, &head)?.to_bytes();
        made += start.elapsed();
        let start = Stopwatch::now();
        proof::inclusion::Inclusion::parse(&proof)?.check(&policy)?;
        checked += start.elapsed();
        bytes += proof.len();
    }
    println!(
        "proof of one of {entries} entries: made in {:.3} ms, checked in {:.3} ms, {} bytes (mean of {ROUNDS})",
        made.as_secs_f64() * 1e3 / ROUNDS as f64,
        checked.as_secs_f64() * 1e3 / ROUNDS as f64,
        bytes / usize::try_from(ROUNDS)?,
    );
    Ok(folder)
}
