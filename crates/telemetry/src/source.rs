//! Sources: who is known to send lines, by network, and how the times in them are written.
//!
//! Invariant: of the networks that hold an address, the one with the longest prefix counts; a peer that none of them holds
//! is unknown, and so is everybody as long as no list is set.

use lines::Source;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

/// What the name of a receiver ends with that takes lines of unknown senders.
const APART: &str = "-unknown";

/// The name of the receiver that takes what unknown senders send to the doors of this one.
#[must_use]
pub fn apart(receiver: &str) -> String {
    format!("{receiver}{APART}")
}

/// Does a receiver of this name take lines of unknown senders?
#[must_use]
pub fn is_apart(receiver: &str) -> bool {
    receiver.ends_with(APART)
}

/// An address, or the network of several: its first address and how many of the bits count. Those of IPv4 are mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    first: u128,
    bits: u8,
}

/// A text is neither an address nor a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a network such as 192.0.2.0/24")]
pub struct NoNetwork;

/// The bits of an address that a prefix of this length leaves free.
const fn free(bits: u8) -> u128 {
    match u128::MAX.checked_shr(bits as u32) {
        Some(free) => free,
        None => 0,
    }
}

impl Network {
    /// One address alone.
    #[must_use]
    pub const fn alone(address: Ipv6Addr) -> Self {
        Self { first: address.to_bits(), bits: 128 }
    }

    /// Its addresses: from this one to that one.
    #[must_use]
    pub fn addresses(self) -> RangeInclusive<Ipv6Addr> {
        Ipv6Addr::from(self.first)..=Ipv6Addr::from(self.first | free(self.bits))
    }

    /// Is the address one of its own?
    #[must_use]
    pub fn holds(self, address: Ipv6Addr) -> bool {
        self.addresses().contains(&address)
    }
}

/// `192.0.2.1`, `10.1.0.0/16`, `2001:db8::/32`.
impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| NoNetwork)?)),
            None => (text, None),
        };
        let (address, most) = match address.parse().map_err(|_| NoNetwork)? {
            IpAddr::V4(address) => (address.to_ipv6_mapped(), 32),
            IpAddr::V6(address) => (address, 128),
        };
        let bits = bits.unwrap_or(most);
        if bits > most {
            return Err(NoNetwork);
        }
        let bits = 128 - (most - bits);
        Ok(Self { first: u128::from(address) & !free(bits), bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, all) = match Ipv6Addr::from(self.first).to_canonical() {
            IpAddr::V4(address) if self.bits >= 96 => (IpAddr::V4(address), 96),
            _ => (IpAddr::V6(self.first.into()), 0),
        };
        match self.bits {
            128 => write!(f, "{address}"),
            bits => write!(f, "{address}/{}", bits - all),
        }
    }
}

/// Networks with what belongs to each.
#[derive(Debug, Clone)]
pub struct Networks<T>(BTreeMap<u8, HashMap<u128, T>>);

impl<T> Default for Networks<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Networks<T> {
    /// Adds a network; gives what belonged to it before.
    pub fn insert(&mut self, network: Network, of: T) -> Option<T> {
        self.0.entry(network.bits).or_default().insert(network.first, of)
    }

    /// What belongs to exactly this network.
    #[must_use]
    pub fn get(&self, network: Network) -> Option<&T> {
        self.0.get(&network.bits)?.get(&network.first)
    }

    /// What belongs to the smallest network that holds an address.
    #[must_use]
    pub fn of(&self, address: Ipv6Addr) -> Option<&T> {
        let address = u128::from(address);
        self.0.iter().rev().find_map(|(bits, networks)| networks.get(&(address & !free(*bits))))
    }
}

/// Who is known to send lines, and how their devices write times. Clones are the same list.
#[derive(Debug, Clone)]
pub struct Sources(Arc<Listed>);

#[derive(Debug)]
struct Listed {
    networks: RwLock<Arc<Networks<Source>>>,
    others: Source,
}

impl Sources {
    /// Nobody is known; lines of all are read as those of `others`.
    #[must_use]
    pub fn new(others: Source) -> Self {
        Self(Arc::new(Listed { networks: RwLock::default(), others }))
    }

    /// These are known from now on, and nobody else.
    pub fn set(&self, networks: Networks<Source>) {
        *self.0.networks.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(networks);
    }

    fn networks(&self) -> Arc<Networks<Source>> {
        Arc::clone(&self.0.networks.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Is it known who sends from this address?
    #[must_use]
    pub fn know(&self, address: Ipv6Addr) -> bool {
        self.networks().of(address).is_some()
    }

    /// How lines from this address are read.
    #[must_use]
    pub fn of(&self, address: Ipv6Addr) -> Source {
        self.networks().of(address).copied().unwrap_or(self.0.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Ipv6Addr {
        match text.parse().unwrap() {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        }
    }

    #[test]
    fn networks_are_spelled_in_one_way_and_hold_their_addresses() {
        for (text, spelled, holds, not) in [
            ("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.77/24", "192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("0.0.0.0/0", "0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.0"),
            ("2001:db8::5/32", "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "::/0", "192.0.2.1", ""),
        ] {
            let network: Network = text.parse().unwrap();
            assert_eq!(network.to_string(), spelled);
            assert!(network.holds(address(holds)), "{text}");
            assert!(not.is_empty() || !network.holds(address(not)), "{text}");
        }
        for text in
            ["", "fw-1", "192.0.2.1/33", "192.0.2.0/-1", "2001:db8::/129", "192.0.2.0/", "/8", "1.2.3/8"]
        {
            assert_eq!(text.parse::<Network>(), Err(NoNetwork), "{text}");
        }
    }

    #[test]
    fn the_longest_prefix_counts_and_who_is_in_none_is_unknown() {
        let sources = Sources::new(Source { offset: 28_800 });
        assert!(!sources.know(address("10.1.2.3")));
        let mut networks = Networks::default();
        for (network, offset) in [("10.0.0.0/8", 0), ("10.1.0.0/16", 3_600), ("10.1.2.3", 7_200)] {
            assert_eq!(networks.insert(network.parse().unwrap(), Source { offset }), None);
        }
        sources.set(networks);
        for (at, offset) in [("10.9.9.9", 0), ("10.1.9.9", 3_600), ("10.1.2.3", 7_200), ("11.0.0.1", 28_800)]
        {
            assert_eq!(sources.of(address(at)).offset, offset, "{at}");
        }
        assert!(sources.know(address("10.9.9.9")) && !sources.know(address("11.0.0.1")));
        sources.set(Networks::default());
        assert!(!sources.know(address("10.9.9.9")));
    }

    #[test]
    fn receivers_of_unknown_senders_are_told_by_their_names() {
        assert!(is_apart(&apart("syslog-tcp")));
        assert!(!is_apart("syslog-tcp") && !is_apart("import"));
    }
}
