//! How a request came in, as whoever listens has seen it; nothing of it is taken from what the request says.

use std::net::{IpAddr, SocketAddr};

/// How a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Came {
    /// From where.
    pub address: SocketAddr,
    /// SHA-256 of the certificate the terminal has shown, and has proved to be its own.
    pub certificate: Option<[u8; 32]>,
    /// Over HTTPS?
    pub secure: bool,
}

/// A host without its port, as a `Host` header names it.
#[must_use]
pub fn without_port(host: &str) -> &str {
    if let Some(address) = host.strip_prefix('[') {
        return address.split(']').next().unwrap_or_default();
    }
    host.split(':').next().unwrap_or_default()
}

/// Is it a name by which a machine calls itself?
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let host = without_port(host);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_known_by_its_own_names_alone() {
        for host in ["localhost", "LOCALHOST:8440", "127.0.0.1:80", "[::1]:8440", "127.9.9.9"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "ward.example", "localhost.evil.example", "10.0.0.1:80", "[2001:db8::1]"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
