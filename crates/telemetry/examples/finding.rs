//! What it takes to find lines in files that are there: `finding FOLDER RECEIVER ADDRESS`.
//!
//!     cargo run --release -p telemetry --example finding -- DATA syslog-tcp-unknown 10.9.0.2
//!
//! DATA is the folder of an installation; its ledger is not asked, so that files of these names are taken as they stand.

#![expect(clippy::print_stdout, reason = "it measures, and prints what it measures")]

use model::Instant;
use std::path::Path;
use telemetry::find::{Library, Listed, Wanted};
use telemetry::index::Key;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Times that it is asked.
const ROUNDS: usize = 10;

#[expect(clippy::disallowed_methods, reason = "it takes the time of what it shows")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("finding FOLDER RECEIVER ADDRESS");
    let (folder, receiver, address) = (next()?, next()?, next()?);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(Path::new(&folder).join("lines").join(&receiver).join("files"))? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".parquet")) else { continue };
        let (first, count) = name.split_once('-').ok_or("a file of another name")?;
        let first: u64 = first.parse()?;
        let received = Instant::from_micros(i64::try_from(first)?)?;
        let received = (received, received);
        files.push(Listed { receiver: receiver.clone(), first, count: count.parse()?, erased: 0, received });
    }
    let values = Wanted::address(&address).ok_or("an address")?;
    let wanted = Wanted { key: Key::Address, values, from: None, until: None, most: 50 };
    let library = Library::new(Path::new(&folder));
    for _ in 0..ROUNDS {
        let start = std::time::Instant::now();
        let found = library.find(&wanted, &files, &[])?;
        println!("{} lines, {} shown: {:?}", found.count, found.lines.len(), start.elapsed());
    }
    Ok(())
}
