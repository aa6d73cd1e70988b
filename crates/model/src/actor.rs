//! Who acted, and how sure we are that it was them.
//!
//! Source: `docs/format.md` §2.1 (actor), §7 (grades of evidence).

use crate::{PersonId, SessionId, TerminalId, UnitId};
use serde::{Deserialize, Serialize};

/// Who caused an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Actor {
    /// A part of Ward, a device, the console.
    Machine {
        /// Its name, for example `ledger`.
        machine: String,
    },
    /// A person in a role of a unit.
    Person(Person),
}

/// A person at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The person a deputy acts for.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none", default)]
    pub acting_for: Option<PersonId>,
    /// The one who acts.
    pub person: PersonId,
    /// The role that gave the right to act.
    pub role: String,
    /// The log-on during which it happened.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session: Option<SessionId>,
    /// The terminal it came from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub terminal: Option<TerminalId>,
    /// The unit the role is held in.
    pub unit: UnitId,
}

/// How a signature is supported, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Nothing beyond the session.
    None,
    /// Vouched by the server: a one-time code was right.
    Otp,
    /// Signed by the person: an authenticator of the person's holds the key.
    Passkey,
}

impl Actor {
    /// A machine of this name.
    #[must_use]
    pub fn machine(name: &str) -> Self {
        Self::Machine { machine: name.to_owned() }
    }
}
