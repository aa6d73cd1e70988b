//! Lines that somebody hands in, many at once, and waits until they are kept.

use crate::came::Came;
use crate::chunk::Chunk;
use crate::receiver::Intake;
use std::ops::Range;
use std::sync::mpsc::channel;

/// Text as lines, each as it stands up to its line end; empty ones are none.
pub fn chunks(came: Came, text: &[u8]) -> impl Iterator<Item = Chunk> {
    let mut lines = text
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty());
    std::iter::from_fn(move || {
        let mut chunk = Chunk::new(came);
        while !chunk.is_full() {
            let Some(line) = lines.next() else { break };
            chunk.push_long(line);
        }
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// Hands in lines and waits until they are durable. Gives their numbers, in their order: others may come in between.
/// None: the receiver has stopped, and of what was not durable before nothing is known.
#[must_use]
pub fn hand_in(intake: &Intake, came: Came, text: &[u8]) -> Option<Vec<Range<u64>>> {
    let mut waiting = Vec::new();
    for chunk in chunks(came, text) {
        let (count, (told, durable)) = (chunk.count() as u64, channel());
        let tell = Box::new(move |first| {
            // Whoever waits goes when an earlier chunk is not durable.
            let _ = told.send(first);
        });
        intake.put(chunk, Some(tell)).ok()?;
        waiting.push((count, durable));
    }
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for (count, durable) in waiting {
        let first = durable.recv().ok().flatten()?;
        match ranges.last_mut().filter(|last| last.end == first) {
            Some(last) => last.end += count,
            None => ranges.push(first..first + count),
        }
    }
    Some(ranges)
}
