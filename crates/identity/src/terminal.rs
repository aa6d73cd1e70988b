//! Terminals: machines that are known by the client certificate they show.
//!
//! Invariants: a fingerprint belongs to one terminal that stands; while no terminal is registered at all, nobody is kept
//! from anything by the terminal, and whoever shows the state of the installation says so.
//! Does not: check a certificate (whoever ends TLS does), open sessions.
//! Source: regulation 19.1.5 (no use across units), 24.2.9 (administrators at the console).

use crate::state::State;
use crate::text::Line;
use model::{Instant, TerminalId, Told, UnitId};
use serde::{Deserialize, Serialize};

/// The machine Ward itself runs on: whoever sits there needs no certificate.
pub const LOCAL_CONSOLE: TerminalId = TerminalId::from_bytes([0; 16]);

/// SHA-256 of a client certificate in DER; its text is lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

/// Why a text is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the SHA-256 of a certificate: 64 hexadecimal digits")]
pub struct FingerprintError(String);

/// A registered terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terminal {
    /// Its id.
    pub id: TerminalId,
    /// What people call it.
    pub name: Line,
    /// The certificate it shows.
    pub fingerprint: Fingerprint,
    /// The unit it belongs to; none for one that any unit may use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitId>,
    /// May administrators' roles be used at it?
    pub management: bool,
    /// When it was registered.
    pub registered_at: Instant,
    /// When it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Instant>,
}

impl FingerprintError {
    /// In both languages.
    #[must_use]
    pub fn told(&self) -> Told {
        Told::new(
            "憑證指紋：須為 SHA-256 之 64 個十六進位數字，可含冒號",
            "A fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits, colons between them or none",
        )
    }
}

impl Fingerprint {
    /// From the digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Capital letters and colons, as `openssl x509 -fingerprint` prints them, are read as well.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let refused = || FingerprintError(text.chars().take(100).collect());
        let digits: String = text.trim().chars().filter(|c| *c != ':').collect();
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(refused());
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            let pair = digits.get(at..at + 2).unwrap_or_default();
            if pair.starts_with('+') {
                return Err(refused());
            }
            *byte = u8::from_str_radix(pair, 16).map_err(|_| refused())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, FingerprintError> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl State {
    /// A terminal, removed ones included.
    #[must_use]
    pub fn terminal(&self, id: TerminalId) -> Option<&Terminal> {
        self.terminals.get(&id)
    }

    /// Every terminal, removed ones included, in the order of their ids.
    pub fn terminals(&self) -> impl Iterator<Item = &Terminal> {
        self.terminals.values()
    }

    /// The terminal that stands and shows this certificate.
    #[must_use]
    pub fn terminal_of(&self, fingerprint: &Fingerprint) -> Option<&Terminal> {
        self.terminals().find(|one| one.removed_at.is_none() && one.fingerprint == *fingerprint)
    }

    /// Was ever a terminal registered? Until then terminals keep nobody from anything. Removing the last one does not
    /// open what was closed.
    #[must_use]
    pub fn knows_terminals(&self) -> bool {
        !self.terminals.is_empty()
    }

    /// May administrators' roles be used at this terminal?
    #[must_use]
    pub fn administers_at(&self, terminal: Option<TerminalId>) -> bool {
        let managing = |id| self.terminal(id).is_some_and(|one| one.removed_at.is_none() && one.management);
        !self.knows_terminals() || terminal.is_some_and(|id| id == LOCAL_CONSOLE || managing(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_tools_print_it_and_written_one_way() {
        let plain = "ab".repeat(32);
        let printed: Vec<String> = vec!["AB".to_owned(); 32];
        for text in [plain.clone(), printed.join(":"), format!(" {plain}\n")] {
            assert_eq!(text.parse::<Fingerprint>().unwrap().to_string(), plain);
        }
        for bad in ["", "ab", &"zz".repeat(32), &"+a".repeat(32), &"ab".repeat(33), &"字".repeat(32)] {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn administrators_are_at_a_management_terminal_or_the_console_once_terminals_are_known() {
        let mut state = State::default();
        let [plain, managing] = [1, 2].map(|byte| TerminalId::from_bytes([byte; 16]));
        assert!(state.administers_at(None));
        for (id, management) in [(plain, false), (managing, true)] {
            let fingerprint = Fingerprint::from_bytes([u8::from(management); 32]);
            let (name, registered_at) = ("終端機".parse().unwrap(), Instant::EPOCH);
            let one =
                Terminal { id, name, fingerprint, unit: None, management, registered_at, removed_at: None };
            state.terminals.insert(id, one);
        }
        let at = |state: &State| {
            [None, Some(plain), Some(managing), Some(LOCAL_CONSOLE)].map(|one| state.administers_at(one))
        };
        assert_eq!(at(&state), [false, false, true, true]);
        state.terminals.get_mut(&managing).unwrap().removed_at = Some(Instant::EPOCH);
        assert_eq!(at(&state), [false, false, false, true]);
    }
}
