//! The machine under the site: its name, its own authority, and what it finds when it looks itself over.
//!
//! Does not: look itself; whoever runs the program does, and hands it in.
//! Source: RFC 1123 §2.1 (names of hosts); Web Authentication Level 3 §5.1.2 (a passkey belongs to a name).

use model::{Instant, Told};
use std::fmt;
use std::net::IpAddr;

/// The machine under the site. Its methods may block.
pub trait Machine: Send + Sync {
    /// What browsers know the installation by; none until somebody has said it.
    fn host(&self) -> Option<Host>;

    /// It is known by this from now on. It is kept before this returns.
    ///
    /// # Errors
    /// It could not be kept, told.
    fn rename(&self, host: &Host) -> Result<(), Told>;

    /// Addresses by which pages can be reached, as they are to be typed.
    fn addresses(&self) -> Vec<String>;

    /// The authority that has made the server's certificate, where it is the installation's own.
    fn authority(&self) -> Option<Root>;

    /// Looks over what the system stands on.
    fn look(&self, now: Instant) -> Vec<Finding>;
}

/// What an installation is known by: a name, or an address where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// An address. Browsers keep no passkeys for one.
    Address(IpAddr),
    /// A name.
    Name(String),
}

/// The certificate of an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// It, in PEM.
    pub pem: String,
    /// Its SHA-256, as browsers show it.
    pub fingerprint: String,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: Told,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub seen: Told,
    /// How to mend it, where there is something to mend.
    pub mend: Option<Told>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it must be.
    Good,
    /// It could not be found out. That is not good.
    Unknown,
    /// It works, and something is missing.
    Wanting,
    /// It will fail.
    Bad,
}

impl Host {
    /// As somebody types it, without scheme, port and path.
    ///
    /// # Errors
    /// It is neither a name nor an address, told.
    pub fn new(text: &str) -> Result<Self, Told> {
        let text = text.trim().trim_end_matches('.').to_ascii_lowercase();
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(Self::Address(address));
        }
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let last_is_number =
            text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        if text.len() <= 253 && text.split('.').all(label) && !last_is_number {
            return Ok(Self::Name(text));
        }
        Err(Told::new(
            "請填主機名稱（如 ward.example.gov.tw）或 IP 位址，不含「https://」、連接埠與路徑；名稱限英文字母、數字、「-」與「.」。",
            "Give the name of the host (such as ward.example.gov.tw) or its IP address, without https://, port and path; a name has letters, digits, hyphens and dots.",
        ))
    }

    /// As it stands in an address.
    #[must_use]
    pub fn in_url(&self) -> String {
        match self {
            Self::Address(IpAddr::V6(address)) => format!("[{address}]"),
            other => other.to_string(),
        }
    }

    /// Is it the host that was asked for, given without its port?
    #[must_use]
    pub fn is(&self, asked: &str) -> bool {
        match self {
            Self::Address(address) => asked.parse() == Ok(*address),
            Self::Name(name) => asked.eq_ignore_ascii_case(name),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_around_it() {
        for (text, expected) in [
            ("Ward.Example.gov.tw.", "ward.example.gov.tw"),
            (" localhost ", "localhost"),
            ("10.1.2.3", "10.1.2.3"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("a-1.b", "a-1.b"),
        ] {
            assert_eq!(Host::new(text).unwrap().in_url(), expected);
        }
        for text in ["", "https://a.b", "a b", "a/b", "a:80", "-a.b", "a..b", "1.2.3", "臺中.tw", "a_b.c"] {
            assert!(Host::new(text).is_err(), "{text}");
        }
        assert!(Host::new(&"a.".repeat(130)).is_err());
        assert!(Host::new("2001:db8::1").unwrap().is("2001:DB8:0::1"));
        assert!(Host::new("a.b").unwrap().is("A.B") && !Host::new("a.b").unwrap().is("b.a.b"));
    }
}
