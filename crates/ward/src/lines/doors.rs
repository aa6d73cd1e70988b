//! The doors at which syslog comes in, as they are asked for on the command line.

use crate::machine::SystemClock;
use model::Told;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use telemetry::receive::{Connections, Sorting, Speech, Udp};
use tokio_rustls::rustls::ServerConfig;

/// A door for syslog: `udp:0.0.0.0:514`, `tcp:[::]:601`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syslog {
    pub(crate) protocol: Protocol,
    pub(crate) address: SocketAddr,
}

/// How syslog is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// RFC 5426.
    Udp,
    /// RFC 6587.
    Tcp,
    /// RFC 5425.
    Tls,
    /// Each line is answered once it is durable.
    Relp,
}

impl Protocol {
    const ALL: [Self; 4] = [Self::Udp, Self::Tcp, Self::Tls, Self::Relp];

    const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Relp => "relp",
        }
    }
}

impl Syslog {
    /// The receiver of what comes in there.
    pub(super) const fn receiver(self) -> &'static str {
        match self.protocol {
            Protocol::Udp => "syslog-udp",
            Protocol::Tcp => "syslog-tcp",
            Protocol::Tls => "syslog-tls",
            Protocol::Relp => "syslog-relp",
        }
    }
}

impl FromStr for Syslog {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (protocol, address) = text.split_once(':')?;
            let protocol = Protocol::ALL.into_iter().find(|known| known.name() == protocol)?;
            Some(Self { protocol, address: address.parse().ok()? })
        };
        read().ok_or_else(|| {
            format!(
                "「{text}」不是接收位址，請寫成 udp:0.0.0.0:514、tcp:0.0.0.0:601、tls:0.0.0.0:6514 或 relp:0.0.0.0:2514。{text:?} is no address to receive at; write udp:0.0.0.0:514, tcp:0.0.0.0:601, tls:0.0.0.0:6514 or relp:0.0.0.0:2514."
            )
        })
    }
}

impl std::fmt::Display for Syslog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.protocol.name(), self.address)
    }
}

/// What did not come in, since the start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lost {
    /// Datagrams that the kernel dropped.
    pub(crate) datagrams: u64,
    /// Connections that were refused.
    pub(crate) connections: u64,
}

/// Doors that are open.
#[derive(Default)]
pub(super) struct Doors {
    connections: Vec<Connections>,
    udp: Vec<Udp>,
}

impl Doors {
    /// Opens a door whose lines go where `sorting` says; gives where it is.
    pub(super) fn open(
        &mut self,
        syslog: Syslog,
        tls: Option<&Arc<ServerConfig>>,
        sorting: Sorting,
    ) -> Result<Syslog, Told> {
        let Syslog { protocol, address } = syslog;
        let unopened = |error: std::io::Error| super::unopened(&syslog.to_string(), &error);
        let clock = Arc::new(SystemClock);
        let speech = match (protocol, tls) {
            (Protocol::Udp, _) => {
                let door = Udp::open(address, sorting, clock).map_err(unopened)?;
                let address = door.address();
                self.udp.push(door);
                return Ok(Syslog { protocol, address });
            }
            (Protocol::Tcp, _) => Speech::Plain,
            (Protocol::Relp, _) => Speech::Relp,
            (Protocol::Tls, Some(config)) => Speech::Tls(Arc::clone(config)),
            (Protocol::Tls, None) => return Err(unopened(std::io::Error::other("no certificate"))),
        };
        let door = Connections::open(address, speech, sorting, clock).map_err(unopened)?;
        let address = door.address();
        self.connections.push(door);
        Ok(Syslog { protocol, address })
    }

    /// Writes among the lines what did not come in since the last time.
    pub(super) fn look(&self) {
        self.udp.iter().for_each(Udp::look);
        self.connections.iter().for_each(Connections::look);
    }

    /// A door at which nothing comes in any more: its receiver, and why.
    pub(super) fn failed(&self) -> Option<(&str, String)> {
        self.udp.iter().find_map(|door| Some(("syslog-udp", door.failed()?.to_owned())))
    }

    pub(super) fn lost(&self) -> Lost {
        Lost {
            datagrams: self.udp.iter().map(Udp::dropped).sum(),
            connections: self.connections.iter().map(Connections::refused).sum(),
        }
    }

    /// Closes them; what was read is handed in.
    pub(super) fn close(self) {
        self.connections.into_iter().for_each(Connections::close);
        self.udp.into_iter().for_each(Udp::close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_read_as_it_is_shown() {
        for text in ["udp:0.0.0.0:514", "tcp:[::]:601", "tls:127.0.0.1:6514", "relp:10.0.0.1:2514"] {
            assert_eq!(text.parse::<Syslog>().unwrap().to_string(), text);
        }
        for wrong in ["", "udp", "udp:514", "tls:localhost:6514", "smtp:0.0.0.0:25", "TCP:0.0.0.0:601"] {
            assert!(wrong.parse::<Syslog>().unwrap_err().contains("不是接收位址"), "{wrong}");
        }
    }
}
