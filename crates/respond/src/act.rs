//! Acts, and the orders by which they are asked for.
//!
//! An order is known by the number of the ledger's entry that asked for it: the same order twice is done once. What stands
//! is known by its case, of which there is one act at a time.
//! Source: regulation 26.4.1, 26.4.2, 24.6.6.

use crate::hosts::Hosts;
use model::{Instant, Told};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// Nothing goes from or to it any more, established connections included.
    Deny {
        /// What is denied.
        target: Hosts,
    },
    /// Nothing comes in from outside any more, whoever it is.
    DenyAll,
    /// Its connections are ended now, with a reset where they are TCP; new ones may follow once the act is over.
    Cut {
        /// Whose connections.
        target: Hosts,
    },
    /// A machine inside is taken off the network, but for those by whom it is mended.
    Isolate {
        /// Which machine.
        target: Hosts,
    },
    /// It is let in, marked, logged and limited; what touches a trip-wire is denied by the firewall itself.
    Observe {
        /// Who is let in.
        target: Hosts,
        /// Under which conditions.
        conditions: Conditions,
    },
    /// The firewall is closed: nothing goes through it, from it or to it, but between those on its list.
    LockDown,
}

/// Under which conditions somebody is let in who is observed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// Most new connections a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// Most 1,024 bytes a second, both ways together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kbytes: Option<u32>,
    /// When it has been sent this many times 1,048,576 bytes it is denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_mbytes: Option<u32>,
    /// What it must not reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trips: Vec<TripWire>,
}

/// A trip-wire: who sends to it is denied at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TripWire {
    /// Where it lies.
    pub to: Hosts,
    /// At which port of TCP or UDP; any, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// An act: what, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// What.
    pub what: What,
    /// For how many seconds it stands; until it is undone, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Within how many seconds it is to be confirmed, so as not to be undone; it needs no confirmation, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<u32>,
}

/// The case that asks: the name under which its act stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseName(String);

/// An order to the enforcer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The number of the entry that asks for it.
    pub id: u64,
    /// The case that it belongs to.
    pub case: CaseName,
    /// When that was decided.
    pub decided_at: Instant,
    /// What is ordered.
    pub order: Ordered,
}

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ordered {
    /// To act. Another act of the same case that stands gives way to it.
    Act(Act),
    /// To keep what stands beyond the time in which it is to be confirmed.
    Confirm,
    /// To undo what stands.
    Undo,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The order.
    pub id: u64,
    /// Was it done? If not, it will never be.
    pub done: bool,
    /// In words.
    pub said: Said,
    /// What was measured; none where nothing was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Nothing was changed: this is only what would be done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry: bool,
    /// It was refused because its target stands among those that nothing is done to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
}

/// Words in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// In English.
    pub en: String,
    /// In Traditional Chinese.
    pub zh: String,
}

/// What an order has brought about, as far as the firewall can tell: what is absent was not measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Does the firewall say that it stands, or for what is undone that it stands no more?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<bool>,
    /// Connections that were ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flows: Option<u64>,
    /// Packets that the act has stopped as long as it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets: Option<u64>,
    /// Their bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Microseconds from the order's arrival until the firewall had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micros: Option<u64>,
}

impl What {
    /// The word of what is done, as in settings, cases and entries.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Deny { .. } => "deny",
            Self::DenyAll => "deny_all",
            Self::Cut { .. } => "cut",
            Self::Isolate { .. } => "isolate",
            Self::Observe { .. } => "observe",
            Self::LockDown => "lock_down",
        }
    }

    /// Its name in Traditional Chinese and English.
    #[must_use]
    pub fn name(&self) -> (&'static str, &'static str) {
        Self::name_of(self.word()).unwrap_or_default()
    }

    /// The name of what has this word, in Traditional Chinese and English.
    #[must_use]
    pub fn name_of(word: &str) -> Option<(&'static str, &'static str)> {
        Some(match word {
            "deny" => ("拒絕存取", "deny"),
            "deny_all" => ("拒絕任何存取", "deny all"),
            "cut" => ("切斷連線", "cut"),
            "isolate" => ("隔離", "isolate"),
            "observe" => ("監控放行", "observe"),
            "lock_down" => ("關閉防火牆", "lock down"),
            _ => return None,
        })
    }

    /// To whom; none where it is everybody.
    #[must_use]
    pub const fn target(&self) -> Option<Hosts> {
        match self {
            Self::Deny { target }
            | Self::Cut { target }
            | Self::Isolate { target }
            | Self::Observe { target, .. } => Some(*target),
            Self::DenyAll | Self::LockDown => None,
        }
    }
}

impl CaseName {
    /// A name of letters, digits, `-` and `_`, at most 64 of them. None where it is no such name.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        ((1..=64).contains(&name.len()) && name.chars().all(plain)).then(|| Self(name.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CaseName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::new(&name).ok_or_else(|| format!("{name:?} is no name of a case"))
    }
}

impl From<CaseName> for String {
    fn from(name: CaseName) -> Self {
        name.0
    }
}

impl From<Told> for Said {
    fn from(Told { zh, en }: Told) -> Self {
        Self { en, zh }
    }
}
