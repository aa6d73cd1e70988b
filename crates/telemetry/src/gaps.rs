//! Gaps: what is missing of a sender by the numbers that its devices give their lines.
//!
//! A gap is where a device's next number is more than one above its last: as many numbers are missing. One that comes
//! late, as datagrams do, is missing no more, if it lies in one of the last [`HOLES`] gaps. A number that is not above the
//! last and in no gap is no gap either: the device has begun anew, or sends again what it had sent; how often is told.
//! Of the first number of a device nothing follows, nor of what came while nobody listened.
//! Devices are told apart by sender and by the host of the head, so that those behind one relay are; no more than [`MOST`]
//! of a receiver, of the rest nothing is told but how many lines they are.
//! Source: RFC 5424 §7.3.1.

use crate::block::Block;
use std::collections::{HashMap, VecDeque};
use std::net::Ipv6Addr;
use std::ops::Range;

/// Devices that are told apart.
const MOST: usize = 10_000;
/// Gaps of a device that are remembered, so that what comes late closes them.
const HOLES: usize = 16;

/// What is missing of one sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gaps {
    /// Lines with a number; of a sender without any nothing can be said.
    pub numbered: u64,
    /// Of these, lines of devices that are too many to be told apart.
    pub untold: u64,
    /// Gaps.
    pub found: u64,
    /// Numbers that are missing in them.
    pub missing: u64,
    /// How often numbers went back.
    pub back: u64,
}

impl Gaps {
    /// Adds what is missing elsewhere of the same sender.
    pub const fn add(&mut self, other: &Self) {
        self.numbered += other.numbered;
        self.untold += other.untold;
        self.found += other.found;
        self.missing += other.missing;
        self.back += other.back;
    }
}

/// Lines of one device whose numbers follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    host: Box<[u8]>,
    first: u64,
    last: u64,
}

/// The runs of a block that is being made.
#[derive(Debug, Default)]
pub(crate) struct Runs(Vec<Run>);

impl Runs {
    /// Adds the number of a line of this host.
    pub(crate) fn add(&mut self, host: &[u8], number: u64) {
        match self.0.last_mut() {
            Some(run) if run.last.checked_add(1) == Some(number) && *run.host == *host => run.last = number,
            _ => self.0.push(Run { host: host.into(), first: number, last: number }),
        }
    }

    pub(crate) fn finish(self) -> Vec<Run> {
        self.0
    }
}

/// Where the numbers of each device stand.
#[derive(Debug, Default)]
pub(crate) struct Devices(HashMap<(Ipv6Addr, Box<[u8]>), Device>);

#[derive(Debug)]
struct Device {
    last: u64,
    /// Numbers that are missing, those of each gap; the newest last.
    holes: VecDeque<Range<u64>>,
}

impl Devices {
    /// Takes the next block of a receiver into account of its sender.
    pub(crate) fn count(&mut self, block: &Block, gaps: &mut Gaps) {
        for run in &block.runs {
            let lines = run.last - run.first + 1;
            gaps.numbered += lines;
            let (key, room) = ((block.peer, run.host.clone()), self.0.len() < MOST);
            match self.0.get_mut(&key) {
                Some(device) => device.take(run, gaps),
                None if room => {
                    self.0.insert(key, Device { last: run.last, holes: VecDeque::new() });
                }
                None => gaps.untold += lines,
            }
        }
    }
}

impl Device {
    fn take(&mut self, run: &Run, gaps: &mut Gaps) {
        if run.first > self.last {
            let hole = self.last + 1..run.first;
            self.last = run.last;
            if !hole.is_empty() {
                gaps.found += 1;
                gaps.missing += hole.end - hole.start;
                self.holes.push_back(hole);
                self.forget();
            }
            return;
        }
        let late = |hole: &Range<u64>| hole.start <= run.first && run.last < hole.end;
        match self.holes.iter().position(late).and_then(|at| Some((at, self.holes.remove(at)?))) {
            Some((at, hole)) => {
                let rest = [run.last + 1..hole.end, hole.start..run.first];
                gaps.missing -= run.last - run.first + 1;
                gaps.found -= 1;
                for part in rest.into_iter().filter(|part| !part.is_empty()) {
                    gaps.found += 1;
                    self.holes.insert(at, part);
                }
                self.forget();
            }
            None => {
                gaps.back += 1;
                self.last = run.last;
                self.holes.clear();
            }
        }
    }

    /// Gaps beyond those that are remembered stay as they are.
    fn forget(&mut self) {
        let beyond = self.holes.len().saturating_sub(HOLES);
        self.holes.drain(..beyond);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Came, Chunk, Maker, SaltKey};
    use lines::{Part, Source};
    use model::Instant;
    use testkit::Chance;

    fn block(peer: &str, lines: &[String]) -> Block {
        // Times without a year are those of the year before reception.
        let received = Instant::from_micros(1_795_680_000_000_000).unwrap();
        let mut chunk = Chunk::new(Came::from_peer(received, peer.parse().unwrap()));
        lines.iter().for_each(|line| chunk.push(line.as_bytes(), Part::Whole));
        let key = SaltKey::from_bytes([1; 32]);
        Maker::default().block(0, &chunk, &key, Source { offset: 0 }).unwrap()
    }

    fn cisco(host: &str, number: u64) -> String {
        format!(
            "<189>{number}: {host}: 0{number}: Nov 26 08:00:00.123: %SYS-5-CONFIG_I: Configured from console"
        )
    }

    fn modern(host: &str, number: u64) -> String {
        format!("<13>1 2026-11-26T08:00:00Z {host} app - - [meta sequenceId=\"{number}\"] x")
    }

    /// What is told of lines with these numbers, each line by itself.
    fn told(numbers: &[u64]) -> (u64, u64, u64, u64) {
        let (mut devices, mut gaps) = (Devices::default(), Gaps::default());
        for number in numbers {
            devices.count(&block("192.0.2.1:514", &[modern("fw", *number)]), &mut gaps);
        }
        (gaps.numbered, gaps.found, gaps.missing, gaps.back)
    }

    #[test]
    fn a_gap_is_where_the_next_number_is_more_than_one_above_the_last() {
        assert_eq!(told(&[7, 8, 9]), (3, 0, 0, 0), "of the first nothing follows");
        assert_eq!(told(&[7, 9, 10, 14]), (4, 2, 4, 0));
        assert_eq!(told(&[7, 8, 1, 2, 3]), (5, 0, 0, 1), "a device that begins anew leaves no gap");
        assert_eq!(told(&[7, 8, 8, 9]), (4, 0, 0, 1), "nor one that sends again");
        assert_eq!(told(&[2_147_483_647, 1, 2]), (3, 0, 0, 1), "nor one whose numbers are used up");
    }

    #[test]
    fn what_comes_late_is_missing_no_more() {
        assert_eq!(told(&[1, 3, 2, 4]), (4, 0, 0, 0));
        assert_eq!(told(&[1, 9, 5]), (3, 2, 6, 0), "it parts a gap in two");
        assert_eq!(told(&[1, 9, 5, 2, 3, 4, 8, 7, 6]), (9, 0, 0, 0));
        // Once it has begun anew, what was missing before stays so.
        assert_eq!(told(&[1, 9, 1, 5]), (4, 2, 10, 1));
    }

    #[test]
    fn whatever_the_order_each_number_is_there_or_missing() {
        for seed in 0..50 {
            let mut chance = Chance::new(seed);
            let (mut devices, mut gaps) = (Devices::default(), Gaps::default());
            let lost: Vec<u64> = (2..300).filter(|_| chance.below(10) == 0).collect();
            let mut numbers: Vec<u64> = (1..=300).filter(|number| !lost.contains(number)).collect();
            // Datagrams overtake each other by a few places.
            for at in 1..numbers.len() - 1 {
                let from = at.saturating_sub(chance.below(4)).max(1);
                numbers.swap(from, at);
            }
            let lines: Vec<String> = numbers.iter().map(|number| modern("fw", *number)).collect();
            for some in lines.chunks(7) {
                devices.count(&block("192.0.2.1:514", some), &mut gaps);
            }
            let last = numbers.iter().max().copied().unwrap();
            let missing = lost.iter().filter(|number| **number < last).count() as u64;
            assert_eq!((gaps.missing, gaps.back), (missing, 0), "seed {seed}");
        }
    }

    #[test]
    fn devices_behind_one_sender_and_senders_of_one_host_are_told_apart() {
        let (mut devices, mut gaps) = (Devices::default(), Gaps::default());
        for number in 1..4 {
            let lines = [cisco("sw-1", number), modern("sw-2", number * 2), "<13>no number".to_owned()];
            devices.count(&block("192.0.2.1:514", &lines), &mut gaps);
        }
        assert_eq!(gaps, Gaps { numbered: 6, found: 2, missing: 2, ..Gaps::default() });
        let mut other = Gaps::default();
        devices.count(&block("192.0.2.2:514", &[cisco("sw-1", 900)]), &mut other);
        assert_eq!(other, Gaps { numbered: 1, ..Gaps::default() });
    }

    #[test]
    fn of_more_devices_than_are_told_apart_it_is_said_that_nothing_is_known() {
        let (mut devices, mut gaps) = (Devices::default(), Gaps::default());
        let empty = block("192.0.2.1:514", &[]);
        for nth in 0..MOST as u128 + 3 {
            let one = Run { host: b"sw"[..].into(), first: 1, last: 2 };
            let block = Block { peer: Ipv6Addr::from(nth), runs: vec![one], ..empty.clone() };
            devices.count(&block, &mut gaps);
        }
        assert_eq!((gaps.numbered, gaps.untold), (2 * MOST as u64 + 6, 6));
    }
}
