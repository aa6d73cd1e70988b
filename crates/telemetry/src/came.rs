//! How a line came, and the record of it that a leaf covers.
//!
//! Source: `docs/format.md` §8.5.

use lines::Part;
use model::Instant;
use proof::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Bytes of a record before the line.
pub const HEAD: usize = 28;
/// Version of the record's layout.
const VERSION: u8 = 1;

/// When a line was received and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Came {
    /// When it was read.
    pub received: Instant,
    /// Who sent it; an address of IPv4 as its mapped form. Unspecified where it was read from a file.
    pub address: Ipv6Addr,
    /// The sender's port; of a line that was read from a file the number of the file's name, if it has one; else 0.
    pub port: u16,
}

impl Came {
    /// From a peer.
    #[must_use]
    pub const fn from_peer(received: Instant, peer: SocketAddr) -> Self {
        let address = match peer.ip() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        Self { received, address, port: peer.port() }
    }

    /// From a file.
    #[must_use]
    pub const fn from_file(received: Instant) -> Self {
        Self { received, address: Ipv6Addr::UNSPECIFIED, port: 0 }
    }

    /// The record up to the line itself.
    #[must_use]
    pub fn head(&self, part: Part) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        let (version, rest) = head.split_at_mut(1);
        version.fill(VERSION);
        let (kind, rest) = rest.split_at_mut(1);
        kind.fill(part_number(part));
        let (received, rest) = rest.split_at_mut(8);
        received.copy_from_slice(&self.received.as_micros().to_be_bytes());
        let (address, port) = rest.split_at_mut(16);
        address.copy_from_slice(&self.address.octets());
        port.copy_from_slice(&self.port.to_be_bytes());
        head
    }
}

/// The leaf of a line in the tree of its batch.
#[must_use]
pub fn leaf(salt: &[u8; 16], head: &[u8; HEAD], line: &[u8]) -> Hash {
    Hash::of(&[&[0], salt, head, line])
}

/// Whole lines are 0, pieces of a longer one 1, the last of them 2.
#[must_use]
pub(crate) const fn part_number(part: Part) -> u8 {
    match part {
        Part::Whole => 0,
        Part::Piece => 1,
        Part::Last => 2,
    }
}

/// The part with this number.
#[must_use]
pub(crate) const fn part_of(number: u8) -> Option<Part> {
    match number {
        0 => Some(Part::Whole),
        1 => Some(Part::Piece),
        2 => Some(Part::Last),
        _ => None,
    }
}
