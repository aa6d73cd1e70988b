//! Who has sent lines to a receiver since it was opened: how many, when, and how much they say.
//!
//! Counted by chunk, not by line. Datagrams can bear any sender's address, so that no more than [`MOST`] peers are told
//! apart; lines of the rest are counted together.

use crate::block::Block;
use crate::gaps::Gaps;
use model::Instant;
use std::collections::HashMap;
use std::net::Ipv6Addr;

/// Peers that are told apart.
pub const MOST: usize = 10_000;
/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// What has come of one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Lines.
    pub lines: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Lines with all nine fields of clause 27.1.2.
    pub nine: u64,
    /// When the first was received.
    pub first: Instant,
    /// When the last was received.
    pub last: Instant,
    /// Microseconds from the time the device wrote to its reception, of the last line that has such a time.
    pub skew: Option<i64>,
    /// What is missing by the numbers that its devices give their lines.
    pub gaps: Gaps,
    /// The minute of the last line, with the lines of it and of the one before.
    minute: (i64, u64, u64),
}

impl Peer {
    /// Of one that has sent nothing yet.
    const fn new(received: Instant) -> Self {
        let gaps = Gaps { numbered: 0, untold: 0, found: 0, missing: 0, back: 0 };
        Self {
            lines: 0,
            bytes: 0,
            nine: 0,
            first: received,
            last: received,
            skew: None,
            gaps,
            minute: (0, 0, 0),
        }
    }

    fn add(&mut self, block: &Block) {
        let count = block.leaves.len() as u64;
        let minute = block.received.as_micros().div_euclid(MINUTE);
        let (of, this, before) = self.minute;
        self.minute = match minute - of {
            0 => (of, this + count, before),
            1 => (minute, count, this),
            _ => (minute, count, 0),
        };
        self.lines += count;
        self.bytes += block.bytes;
        self.nine += block.nine;
        self.last = self.last.max(block.received);
        self.skew = block.skew.or(self.skew);
    }

    /// Lines of the last sixty seconds; of the minute that is partly within them a part.
    #[must_use]
    pub fn rate(&self, now: Instant) -> u64 {
        let now = now.as_micros();
        let (of, this, before) = self.minute;
        let left = (MINUTE - now.rem_euclid(MINUTE)).unsigned_abs();
        let part = |lines: u64| lines.saturating_mul(left) / MINUTE.unsigned_abs();
        match now.div_euclid(MINUTE) - of {
            0 => this + part(before),
            1 => part(this),
            _ => 0,
        }
    }
}

/// The peers of a receiver.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    each: HashMap<Ipv6Addr, Peer>,
    /// Lines of those that are not told apart.
    others: u64,
}

impl Peers {
    /// Counts a block; gives its peer where that is told apart. What Ward itself wrote or what was read from a file is
    /// nobody's.
    pub fn add(&mut self, block: &Block) -> Option<&mut Peer> {
        if block.peer.is_unspecified() {
            return None;
        }
        if self.each.len() >= MOST && !self.each.contains_key(&block.peer) {
            self.others += block.leaves.len() as u64;
            return None;
        }
        let peer = self.each.entry(block.peer).or_insert_with(|| Peer::new(block.received));
        peer.add(block);
        Some(peer)
    }

    /// Adds what is missing of a peer by other numbers than those of lines; false where it is not among those told apart.
    pub fn add_gaps(&mut self, address: Ipv6Addr, gaps: &Gaps) -> bool {
        self.each.get_mut(&address).map(|peer| peer.gaps.add(gaps)).is_some()
    }

    /// Each, by its address, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (Ipv6Addr, &Peer)> {
        self.each.iter().map(|(address, peer)| (*address, peer))
    }

    /// Lines of those that are not told apart.
    #[must_use]
    pub const fn others(&self) -> u64 {
        self.others
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Came, Chunk, Maker, SaltKey};
    use lines::{Part, Source};

    /// So many lines of a peer, received at this second.
    fn block(peer: &str, second: i64, lines: &[&str]) -> Block {
        let received = Instant::from_micros(second * 1_000_000).unwrap();
        let mut chunk = Chunk::new(Came::from_peer(received, peer.parse().unwrap()));
        lines.iter().for_each(|line| chunk.push(line.as_bytes(), Part::Whole));
        let key = SaltKey::from_bytes([1; 32]);
        Maker::default().block(0, &chunk, &key, Source { offset: 0 }).unwrap()
    }

    const AT: i64 = 1_764_144_000;

    fn only(peers: &Peers) -> Peer {
        let mut all = peers.iter();
        let (_, peer) = all.next().unwrap();
        assert!(all.next().is_none());
        *peer
    }

    #[test]
    fn lines_are_counted_by_who_sent_them_and_the_last_one_is_known() {
        let mut peers = Peers::default();
        peers.add(&block("192.0.2.1:514", AT, &["<13>one", "<13>two"]));
        peers.add(&block("192.0.2.1:60000", AT + 5, &["<13>three"]));
        let peer = only(&peers);
        assert_eq!((peer.lines, peer.nine, peer.bytes), (3, 0, 23));
        assert_eq!((peer.first.as_seconds(), peer.last.as_seconds()), (AT, AT + 5));
        assert_eq!(peer.skew, None);
        peers.add(&block("[2001:db8::1]:514", AT, &["<13>four"]));
        assert_eq!(peers.iter().count(), 2);
        let own = crate::receive::note(peer.last, "dropped=1");
        let key = SaltKey::from_bytes([1; 32]);
        peers.add(&Maker::default().block(0, &own, &key, Source { offset: 0 }).unwrap());
        assert_eq!(peers.iter().count(), 2, "Ward's own are nobody's");
    }

    #[test]
    fn the_clock_of_the_last_line_with_a_time_is_compared() {
        let mut peers = Peers::default();
        let said = "<38>1 2025-11-26T07:59:50Z fw app - - - x";
        peers.add(&block("192.0.2.1:514", AT, &[said, "<13>none"]));
        assert_eq!(only(&peers).skew, Some(10_000_000), "the device is ten seconds behind");
        peers.add(&block("192.0.2.1:514", AT + 1, &["<13>none"]));
        assert_eq!(only(&peers).skew, Some(10_000_000));
        peers.add(&block("192.0.2.1:514", AT - 20, &[said]));
        assert_eq!(only(&peers).skew, Some(-10_000_000), "and ten ahead");
    }

    #[test]
    fn the_rate_is_that_of_the_last_sixty_seconds() {
        let mut peers = Peers::default();
        let (ten, now) = (["<13>x"; 10], |second: i64| Instant::from_micros(second * 1_000_000).unwrap());
        peers.add(&block("192.0.2.1:514", AT + 30, &ten));
        assert_eq!(only(&peers).rate(now(AT + 59)), 10);
        peers.add(&block("192.0.2.1:514", AT + 60, &ten));
        assert_eq!(only(&peers).rate(now(AT + 60)), 20);
        assert_eq!(only(&peers).rate(now(AT + 90)), 15, "half of the minute before is within");
        assert_eq!(only(&peers).rate(now(AT + 150)), 5);
        assert_eq!(only(&peers).rate(now(AT + 180)), 0);
    }

    #[test]
    fn beyond_what_is_told_apart_lines_are_counted_together() {
        let mut peers = Peers::default();
        let one = block("192.0.2.1:514", AT, &["<13>x"]);
        for nth in 0..MOST as u128 + 5 {
            peers.add(&Block { peer: Ipv6Addr::from(nth + 1), ..one.clone() });
        }
        peers.add(&Block { peer: Ipv6Addr::from(1), ..one });
        assert_eq!((peers.iter().count(), peers.others()), (MOST, 5));
        assert_eq!(peers.iter().map(|(_, peer)| peer.lines).sum::<u64>(), MOST as u64 + 1);
    }
}
