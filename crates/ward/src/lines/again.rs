//! Flows read again: what is made today of the datagrams that were kept, beside what was made of them when they came.
//!
//! Both are compared line by line: by exporter, time of reception and content. Lines of Ward's own among them (what is
//! missing, what has waited) are no flows and are left out.
//! Does not: change anything that is kept.
//! Source: `docs/adr/0018-lines.md`.

use super::{FLOWS, FLOWS_RAW, Lines, listed, unfound, unread};
use lines::Part;
use lines::flow::Decoder;
use model::{Instant, Told};
use proof::hash::Hash;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use telemetry::find::{FindError, Listed, each_of_block};
use telemetry::source::apart;
use telemetry::{Block, Came, Chunk};

/// Lines that are compared at once.
const MOST: usize = 5_000_000;

/// Of what time, and how much of it is given.
pub(crate) struct Stretch {
    /// Received within it.
    pub(crate) within: Range<Instant>,
    /// So much before it is read as well, for templates that were sent then.
    pub(crate) lead: Duration,
    /// Lines that are given: all that are made today, or those alone that differ.
    pub(crate) all: bool,
    /// So many of them.
    pub(crate) most: usize,
}

/// What reading again came to.
#[derive(Debug, Default)]
pub(crate) struct Again {
    /// Datagrams of the stretch.
    pub(crate) datagrams: u64,
    /// Lines that are made of them, and were made of them when they came.
    pub(crate) same: u64,
    /// Lines that are made today alone.
    pub(crate) now: u64,
    /// Lines that were made when they came alone.
    pub(crate) then: u64,
    /// Sets of records whose template is not known.
    pub(crate) unread: u64,
    /// Some of the lines.
    pub(crate) lines: Vec<Read>,
}

/// A line, and where it was found.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) found: Found,
    /// Who exported it and when it came.
    pub(crate) came: Came,
    pub(crate) line: Vec<u8>,
}

/// Where a line was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Both,
    Now,
    Then,
}

/// What tells a line from every other: exporter, time of reception, content.
type Key = [u8; 32];

fn key(came: &Came, line: &[u8]) -> Key {
    *Hash::of(&[&came.head(Part::Whole), line]).as_bytes()
}

/// A line of Ward's own is no flow, all of which are objects.
fn is_flow(line: &[u8]) -> bool {
    line.starts_with(b"{")
}

impl Lines {
    /// Reads the datagrams of a stretch of time again.
    ///
    /// # Errors
    /// They cannot be read, or are too many at once, told.
    pub(crate) fn read_flows_again(&self, stretch: &Stretch) -> Result<Again, Told> {
        let mut again = Again::default();
        let pairs = [(FLOWS_RAW.to_owned(), FLOWS.to_owned()), (apart(FLOWS_RAW), apart(FLOWS))];
        for (raw, flows) in pairs {
            self.again(&mut again, stretch, &raw, &flows)?;
        }
        Ok(again)
    }

    fn again(&self, again: &mut Again, stretch: &Stretch, raw: &str, flows: &str) -> Result<(), Told> {
        let mut then: HashMap<Key, u32> = HashMap::new();
        let mut count = 0;
        self.each_line(flows, &stretch.within, |came, line| {
            if is_flow(line) && count < MOST {
                *then.entry(key(came, line)).or_default() += 1;
                count += 1;
            }
        })?;
        if count >= MOST {
            return Err(Told::new(
                format!("此期間之流量紀錄逾 {MOST} 筆，請縮小期間後分次辦理。"),
                format!(
                    "More than {MOST} lines of flows were received then; narrow the time and take it in parts."
                ),
            ));
        }
        let mut decoder = Decoder::default();
        let from = stretch.within.start.minus(stretch.lead);
        self.each_line(raw, &(from..stretch.within.end), |came, datagram| {
            let read = decoder.read(SocketAddr::new(came.address.to_canonical(), came.port), datagram);
            if came.received < stretch.within.start {
                return;
            }
            again.datagrams += 1;
            let mut made = Chunk::new(*came);
            read.lines.iter().for_each(|line| made.push_long(line));
            for (line, _) in made.lines() {
                let before = then.get_mut(&key(came, line)).filter(|count| **count > 0);
                let found = if before.is_some() { Found::Both } else { Found::Now };
                match before {
                    Some(count) => {
                        *count -= 1;
                        again.same += 1;
                    }
                    None => again.now += 1,
                }
                again.give(stretch, found, came, line);
            }
        })?;
        let figures = decoder.figures();
        again.unread += figures.waiting + figures.unread;
        let left: u64 = then.values().map(|count| u64::from(*count)).sum();
        again.then += left;
        if left > 0 {
            self.each_line(flows, &stretch.within, |came, line| {
                let one = then.get_mut(&key(came, line)).filter(|count| **count > 0);
                if let Some(count) = one.filter(|_| is_flow(line)) {
                    *count -= 1;
                    again.give(stretch, Found::Then, came, line);
                }
            })?;
        }
        Ok(())
    }

    /// Every line of a receiver that was received within a time, in their order.
    pub(super) fn each_line(
        &self,
        receiver: &str,
        within: &Range<Instant>,
        mut take: impl FnMut(&Came, &[u8]),
    ) -> Result<(), Told> {
        // First what is in no file yet: what is filed meanwhile stands in both, and its file is left out.
        let known = self.state().receivers.get(receiver).map(|at| Arc::clone(&at.receiver));
        let tail: Vec<Arc<Block>> = known.map(|receiver| receiver.tail()).unwrap_or_default();
        let (from, until) = (Some(within.start), Some(within.end));
        let files = self.0.desk.read::<_, StoreError>(|sql, _| sql.line_files(Some(receiver), from, until));
        let mut files: Vec<Listed> = files.map_err(|error| unread(&error))?.into_iter().map(listed).collect();
        files.retain(|file| !tail.iter().any(|block| block.first == file.first));
        files.sort_by_key(|file| file.first);
        let mut read = files.iter().try_for_each(|file| self.0.library.each(file, within, &mut take));
        if read.is_ok() {
            read = tail.iter().try_for_each(|block| each_of_block(block, within, &mut take));
        }
        read.map_err(|error: FindError| unfound(&error))
    }
}

impl Again {
    /// Gives a line, if it is asked for and there is room.
    fn give(&mut self, stretch: &Stretch, found: Found, came: &Came, line: &[u8]) {
        let asked = if stretch.all { found != Found::Then } else { found != Found::Both };
        if asked && self.lines.len() < stretch.most {
            self.lines.push(Read { found, came: *came, line: line.to_vec() });
        }
    }
}
