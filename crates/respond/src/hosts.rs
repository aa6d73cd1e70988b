//! An address, or a network of them.
//!
//! Invariant: there is one spelling of each. Bits behind the prefix are nought, a network of one address is that address,
//! an IPv4 address written as an IPv6 one is an IPv4 address.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address, or a network of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hosts {
    address: IpAddr,
    prefix: u8,
}

/// A text is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an address nor a network like 10.1.0.0/16")]
pub struct NoHosts(pub String);

impl Hosts {
    /// A network: the first `prefix` bits of `address`. None where the prefix is longer than the address.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u8) -> Option<Self> {
        if let IpAddr::V6(long) = address
            && let Some(short) = long.to_ipv4_mapped()
            && prefix >= 96
        {
            return Self::new(short.into(), prefix - 96);
        }
        let address = match address {
            IpAddr::V4(of) if prefix <= 32 => {
                Ipv4Addr::from_bits(of.to_bits() & u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0))
                    .into()
            }
            IpAddr::V6(of) if prefix <= 128 => Ipv6Addr::from_bits(
                of.to_bits() & u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0),
            )
            .into(),
            IpAddr::V4(_) | IpAddr::V6(_) => return None,
        };
        Some(Self { address, prefix })
    }

    /// The first of its addresses.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// How many bits its addresses have in common.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    /// Is it a single address?
    #[must_use]
    pub const fn is_one(self) -> bool {
        match self.address {
            IpAddr::V4(_) => self.prefix == 32,
            IpAddr::V6(_) => self.prefix == 128,
        }
    }

    /// Are its addresses those of IPv6?
    #[must_use]
    pub const fn is_v6(self) -> bool {
        self.address.is_ipv6()
    }

    /// Is every address of `other` one of its own?
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self.prefix <= other.prefix
            && Self::new(other.address, self.prefix).is_some_and(|wide| wide.address == self.address)
    }

    /// Have they an address in common?
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

impl From<IpAddr> for Hosts {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: if address.is_ipv6() { 128 } else { 32 } }
    }
}

impl FromStr for Hosts {
    type Err = NoHosts;

    fn from_str(text: &str) -> Result<Self, NoHosts> {
        let read = match text.split_once('/') {
            None => text.parse().ok().map(|address: IpAddr| Self::from(address)),
            Some((address, prefix)) => {
                let digits = !prefix.is_empty() && prefix.bytes().all(|digit| digit.is_ascii_digit());
                let prefix = prefix.parse().ok().filter(|_| digits);
                address.parse().ok().zip(prefix).and_then(|(address, prefix)| Self::new(address, prefix))
            }
        };
        read.ok_or_else(|| NoHosts(text.chars().take(60).collect()))
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_one() {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

impl TryFrom<String> for Hosts {
    type Error = NoHosts;

    fn try_from(text: String) -> Result<Self, NoHosts> {
        text.parse()
    }
}

impl From<Hosts> for String {
    fn from(hosts: Hosts) -> Self {
        hosts.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Hosts {
        text.parse().unwrap()
    }

    #[test]
    fn each_has_one_spelling() {
        for (written, read) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8::ffff/32", "2001:db8::/32"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1/120", "192.0.2.0/24"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(hosts(written).to_string(), read);
            assert_eq!(hosts(read), hosts(written));
        }
        for bad in [
            "",
            "192.0.2",
            "192.0.2.1/33",
            "::/129",
            "192.0.2.1/+8",
            "192.0.2.1/",
            "a.example",
            "1.2.3.4;reboot",
        ] {
            assert_eq!(bad.parse::<Hosts>(), Err(NoHosts(bad.to_owned())));
        }
    }

    #[test]
    fn networks_cover_what_lies_in_them() {
        assert!(
            hosts("10.0.0.0/8").covers(hosts("10.1.2.3")) && !hosts("10.1.2.3").covers(hosts("10.0.0.0/8"))
        );
        assert!(hosts("0.0.0.0/0").covers(hosts("10.0.0.0/8")) && !hosts("0.0.0.0/0").covers(hosts("::1")));
        assert!(
            !hosts("::/0").covers(hosts("10.0.0.1")) && !hosts("10.0.0.0/9").meets(hosts("10.128.0.0/9"))
        );
        assert!(hosts("10.1.2.3").meets(hosts("10.0.0.0/8")));
    }
}
