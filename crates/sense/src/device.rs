//! A device: where it stands, how it is asked, and how often.

use crate::modbus::Modbus;
use crate::mqtt::Mqtt;
use crate::nut::Nut;
use crate::probe::Probe;
use crate::snmp::Snmp;
use std::time::Duration;
use zeroize::Zeroizing;

/// Devices of one installation at most.
pub const MOST_DEVICES: usize = 2_000;
/// Figures of one device at most.
pub(crate) const MOST_READS: usize = 64;
/// So long a round of a device may take.
const LONGEST: Duration = Duration::from_secs(10);

/// A device that is read again and again.
pub struct Device {
    /// What it is called; no other is.
    pub id: String,
    /// The code of the room it stands in.
    pub room: String,
    /// How often it is read.
    pub every: Duration,
    pub(crate) way: Way,
}

/// How a device is asked.
pub(crate) enum Way {
    Snmp(Snmp),
    Modbus(Modbus),
    Mqtt(Mqtt),
    Nut(Nut),
    Probe(Probe),
}

/// The protocols, as they are called in settings and figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// SNMP v2c and v3 (RFC 3416, RFC 3414).
    Snmp,
    /// Modbus TCP.
    Modbus,
    /// MQTT 3.1.1.
    Mqtt,
    /// Network UPS Tools.
    Nut,
    /// Echo by ICMP (RFC 792, RFC 4443).
    Ping,
    /// Is a connection taken?
    Tcp,
    /// Does a page answer?
    Http,
    /// Does a server of names answer?
    Dns,
}

/// All of them.
pub const PROTOCOLS: [Protocol; 8] = [
    Protocol::Snmp,
    Protocol::Modbus,
    Protocol::Mqtt,
    Protocol::Nut,
    Protocol::Ping,
    Protocol::Tcp,
    Protocol::Http,
    Protocol::Dns,
];

impl Protocol {
    /// Its word in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Snmp => "snmp",
            Self::Modbus => "modbus",
            Self::Mqtt => "mqtt",
            Self::Nut => "nut",
            Self::Ping => "ping",
            Self::Tcp => "tcp",
            Self::Http => "http",
            Self::Dns => "dns",
        }
    }
}

impl Device {
    /// How it is asked.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        match &self.way {
            Way::Snmp(_) => Protocol::Snmp,
            Way::Modbus(_) => Protocol::Modbus,
            Way::Mqtt(_) => Protocol::Mqtt,
            Way::Nut(_) => Protocol::Nut,
            Way::Probe(probe) => probe.protocol(),
        }
    }

    /// How long a round of it may take.
    pub(crate) fn limit(&self) -> Duration {
        match self.way {
            // It waits for what is sent to it.
            Way::Mqtt(_) => self.every + LONGEST,
            _ => self.every.min(LONGEST),
        }
    }
}

/// Where something listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Endpoint {
    /// `192.0.2.1:161`, `[2001:db8::1]:161`, `ups.example:3493`; without a port the usual one, where there is one.
    pub(crate) fn new(text: &str, usual: Option<u16>) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some(""))?)
            }
            None if text.parse::<std::net::Ipv6Addr>().is_ok() => (text, ""),
            None => text.split_once(':').unwrap_or((text, "")),
        };
        let port = if port.is_empty() { usual? } else { port.parse().ok().filter(|port| *port > 0)? };
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        (!host.is_empty() && host.len() <= 253 && host.chars().all(named))
            .then(|| Self { host: host.to_owned(), port })
    }
}

/// What only a device is to know. It does not print itself.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn told(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_a_port() {
        for (text, host, port) in [
            ("192.0.2.1:1161", "192.0.2.1", 1161),
            ("ups-1.example", "ups-1.example", 161),
            ("[2001:db8::1]:9", "2001:db8::1", 9),
            ("2001:db8::1", "2001:db8::1", 161),
            ("[::1]", "::1", 161),
        ] {
            let endpoint = Endpoint::new(text, Some(161));
            assert_eq!(endpoint, Some(Endpoint { host: host.to_owned(), port }), "{text}");
        }
        for text in ["", ":161", "a b", "a:0", "a:65536", "http://a", "[::1", "[a]:1", "[::1]x"] {
            assert_eq!(Endpoint::new(text, Some(161)), None, "{text}");
        }
        assert_eq!(Endpoint::new("host", None), None);
    }
}
