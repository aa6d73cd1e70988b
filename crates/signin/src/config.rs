//! How signing in is set up.
//!
//! Source: NIST SP 800-63B §5.2.2 (rate limits), §7.2 (limits of sessions, AAL2: 12 hours, 30 minutes idle); OWASP
//! Password Storage Cheat Sheet (Argon2id: 19 MiB, 2 passes, 1 lane).

use std::net::IpAddr;
use std::time::Duration;

/// How signing in is set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// The name the site is known by.
    pub site: Site,
    /// How long things last.
    pub limits: Limits,
    /// What hashing a password costs.
    pub cost: Cost,
}

/// The name browsers know the site by. Passkeys belong to exactly this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Host name, without scheme and port.
    pub host: String,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// Is it reached over HTTPS?
    pub secure: bool,
    /// What people call the installation; authenticators show it.
    pub name: String,
}

/// How long things last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A session ends when nothing was asked for so long.
    pub idle: Duration,
    /// A session ends after so long, whatever is asked.
    pub absolute: Duration,
    /// A sign-in is to be finished within this.
    pub pending: Duration,
    /// What was handed over to set factors anew counts so long.
    pub recovery: Duration,
    /// The link of the first start counts so long.
    pub first: Duration,
    /// Sessions that ended are listed so long.
    pub kept: Duration,
}

/// What hashing a password costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Hashes reckoned at the same time; whoever comes then waits.
    pub at_once: u32,
}

impl Default for Site {
    fn default() -> Self {
        Self { host: "localhost".to_owned(), port: None, secure: false, name: "Ward".to_owned() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: minutes(30),
            absolute: minutes(12 * 60),
            pending: minutes(5),
            recovery: minutes(24 * 60),
            first: minutes(24 * 60),
            kept: minutes(90 * 24 * 60),
        }
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, at_once: 4 }
    }
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

impl Site {
    /// The origin pages of the site have, `https://ward.example.org`.
    #[must_use]
    pub fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        match self.port {
            Some(port) => format!("{scheme}://{}:{port}", self.host),
            None => format!("{scheme}://{}", self.host),
        }
    }

    /// The name passkeys belong to; none where browsers give none: by address, and over plain HTTP elsewhere than here.
    #[must_use]
    pub fn relying_party(&self) -> Option<&str> {
        let name = self.host.as_str();
        let by_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let safe = self.secure || name == "localhost" || name.ends_with(".localhost");
        (!by_address && safe && !name.is_empty()).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(host: &str, port: Option<u16>, secure: bool) -> Site {
        Site { host: host.to_owned(), port, secure, name: String::new() }
    }

    #[test]
    fn passkeys_belong_to_a_name_reached_safely_and_never_to_an_address() {
        for (host, secure, expected) in [
            ("ward.example.org", true, true),
            ("ward.example.org", false, false),
            ("localhost", false, true),
            ("192.0.2.7", true, false),
            ("[2001:db8::7]", true, false),
            ("", true, false),
        ] {
            assert_eq!(site(host, None, secure).relying_party().is_some(), expected, "{host}");
        }
        assert_eq!(site("ward.example.org", None, true).origin(), "https://ward.example.org");
        assert_eq!(site("localhost", Some(8443), false).origin(), "http://localhost:8443");
    }
}
