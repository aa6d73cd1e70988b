//! What it takes to read lines: a million of a firewall's, by one thread, no file and no socket involved.
//!
//!     cargo run --release -p telemetry --example reading -- 1000000
//!
//! Chunks are made beforehand and read one after the other; what was read of the last quarter million is held on to, as
//! a receiver does until its segment is a file. Times are those of the processor, without the making of chunks.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "it measures, and prints what it measures")]

use lines::{Part, Reader, Source};
use model::Instant;
use std::collections::VecDeque;
use telemetry::{Block, Came, Chunk, Maker, SaltKey};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The generator of `ward bench`.
#[path = "../../ward/src/bench/firewall.rs"]
mod firewall;

/// Lines that are held on to.
const HELD: usize = 262_144;
/// Bytes of a chunk, as they are read from a connection at once.
const ROOM: usize = 256 << 10;
/// Times that all of it is done; the best counts.
const ROUNDS: usize = 5;

fn main() {
    let count = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let mut text = Vec::new();
    firewall::write(count, 1, &mut text).expect("memory takes all");
    let received = Instant::from_micros(1_795_651_200_000_000).expect("a time");
    let source = Source { offset: 28_800 };
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let mut chunks = Vec::new();
    for line in &lines {
        let full = chunks.last().is_none_or(|chunk: &Chunk| chunk.is_full() || chunk.bytes() >= ROOM);
        if full {
            chunks.push(Chunk::with_room(
                Came::from_peer(received, ([192, 0, 2, 1], 514).into()),
                ROOM + 1_024,
            ));
        }
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(line, Part::Whole);
        }
    }
    println!("{} lines, {} bytes, {} chunks", lines.len(), text.len(), chunks.len());
    let each = |seconds: f64| seconds * 1e6 / lines.len() as f64;
    let mut best = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        let (mut reader, start) = (Reader::new(), processor());
        let nine =
            lines.iter().filter(|line| reader.read(source, received, line).nine().count() == 9).count();
        let read = each(processor() - start);
        let (mut maker, mut held, mut holds) = (Maker::default(), VecDeque::<Block>::new(), 0);
        let (mut first, key, start) = (0, SaltKey::from_bytes([7; 32]), processor());
        for chunk in &chunks {
            let block = maker.block(first, chunk, &key, source).expect("columns are those of the schema");
            (first, holds) = (first + chunk.count() as u64, holds + chunk.count());
            held.push_back(block);
            while holds > HELD {
                holds -= held.pop_front().map_or(0, |block| block.columns.num_rows());
            }
        }
        let made = each(processor() - start);
        println!(
            "reading {read:.3}, blocks {made:.3} CPU-seconds a million lines; {nine} with all nine fields"
        );
        best = [best[0].min(read), best[1].min(made)];
    }
    println!("best: reading {:.3}, blocks {:.3}", best[0], best[1]);
}

/// One of several, as the generator draws it.
fn pick<T>(of: &[T], nth: usize) -> &T {
    #[expect(clippy::indexing_slicing, reason = "its lists are never empty, and the place is within")]
    &of[nth % of.len()]
}

/// Seconds that this thread has had of a processor.
fn processor() -> f64 {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts it");
    let nanos = spent.split(' ').next().and_then(|text| text.parse::<u64>().ok());
    nanos.expect("the first of its figures") as f64 / 1e9
}
