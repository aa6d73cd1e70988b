//! What happens at the door: log-ons, log-offs, refusals of known people, factors, recovery, application tokens.
//!
//! Owns: the bodies of these entries, and what a policy must permit where one person does it to another.
//! Invariants: no secret and no address stands in a body; nobody who is not known has an entry.
//! Does not: open a session, check a factor (`signin` does); none of it changes who is there or what they hold.
//! Source: `docs/format.md` §6.1; regulation 24.2.9 (log-ons and log-offs are kept).

use crate::policy::Act;
use crate::text::Line;
use model::{Actor, Instant, PersonId, SessionId, TerminalId, TokenId, UnitId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Something that happened at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// Whom it is about.
    pub person: PersonId,
    /// The unit the person belongs to.
    pub unit: UnitId,
    /// Who did it.
    pub actor: Actor,
    /// When.
    pub at: Instant,
    /// What.
    pub body: DoorBody,
    /// The policy that permitted it, where one person did it to another.
    pub policy: Option<String>,
}

/// What a person shows to be who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// A one-time code of the half minute.
    Otp,
    /// A passkey.
    Passkey,
    /// A password.
    Password,
    /// A recovery code, or the pass of an approved recovery.
    Recovery,
}

/// What a token may do beside reading and filing in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// See and end its owner's sessions and tokens.
    Account,
    /// See alarms, and answer for them.
    Alarms,
    /// Look into the ledger, take proofs along, have the installation verified.
    Audit,
    /// Subscribe to the calendar of what is owed.
    Calendar,
    /// See how clauses stand.
    Clauses,
    /// Hand in lines of devices.
    Lines,
    /// Act on people, units and terminals.
    People,
    /// Hand in public warnings.
    Warnings,
}

/// Why somebody known was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denied {
    /// The person has left.
    Left,
    /// The terminal belongs to a unit in which the person holds nothing.
    OtherUnit,
    /// Somebody showed a certificate that no terminal has.
    UnknownTerminal,
    /// The code was wrong, or used already.
    WrongCode,
    /// The passkey's answer did not hold.
    WrongPasskey,
    /// The passkey's counter went back: there may be a copy of it.
    CopiedPasskey,
    /// The password was wrong.
    WrongPassword,
    /// The recovery code or the pass was wrong, used, or too old.
    WrongRecovery,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The cookie was shown at another terminal.
    AnotherTerminal,
    /// Somebody who may ended it.
    ByOther,
    /// A factor was added or removed.
    FactorChanged,
    /// Nothing was asked for so long.
    Idle,
    /// The person left.
    Left,
    /// It had lasted as long as one may.
    Lasted,
    /// A role that was held when it began ended.
    RoleEnded,
    /// The person signed out.
    SignedOut,
    /// Its terminal was removed.
    TerminalRemoved,
    /// The person ended it from another session.
    Withdrawn,
}

/// How factors are set anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recovery {
    /// At the console, by whoever sits at the machine: breaking the glass.
    Console,
    /// For somebody who never had a factor: the first sign-in.
    Invitation,
    /// One began it, another confirmed it.
    TwoPeople,
}

/// What happened at the door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum DoorBody {
    /// Too many tries failed; none is looked at before this moment, or before somebody opens it again.
    #[serde(rename = "account.locked/1")]
    Locked {
        /// The moment; none where somebody has to open it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Instant>,
    },
    /// Somebody opened it again.
    #[serde(rename = "account.unlocked/1")]
    Unlocked {},
    /// A factor other than a passkey was set; passkeys have entries of their own.
    #[serde(rename = "factor.set/1")]
    FactorSet {
        /// Which.
        factor: Factor,
    },
    /// A factor other than a passkey was taken away.
    #[serde(rename = "factor.removed/1")]
    FactorRemoved {
        /// Which.
        factor: Factor,
    },
    /// Somebody began to have a person's factors set anew.
    #[serde(rename = "recovery.begun/1")]
    RecoveryBegun {
        /// How.
        how: Recovery,
    },
    /// A second person agreed.
    #[serde(rename = "recovery.confirmed/1")]
    RecoveryConfirmed {},
    /// The person came with what was handed over.
    #[serde(rename = "recovery.used/1")]
    RecoveryUsed {
        /// How it had begun.
        how: Recovery,
    },
    /// A session was opened.
    #[serde(rename = "session.opened/1")]
    SessionOpened {
        /// Which.
        session: SessionId,
        /// What was shown.
        factors: BTreeSet<Factor>,
    },
    /// A session ended.
    #[serde(rename = "session.ended/1")]
    SessionEnded {
        /// Which.
        session: SessionId,
        /// Why.
        why: Ended,
        /// The terminal it was opened at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terminal: Option<TerminalId>,
    },
    /// Somebody who gave the person's name was not let in.
    #[serde(rename = "sign-in.refused/1")]
    Refused {
        /// Why.
        why: Denied,
        /// The terminal, where it is a registered one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terminal: Option<TerminalId>,
    },
    /// A token for an application was issued; the person answers for it.
    #[serde(rename = "token.issued/1")]
    TokenIssued {
        /// Which.
        token: TokenId,
        /// What it is for.
        name: Line,
        /// Registers it may read; none where it may read none.
        read: BTreeSet<regulation::RegisterId>,
        /// Registers it may file in.
        file: BTreeSet<regulation::RegisterId>,
        /// What it may do beside that; left out where it is nothing.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        rights: BTreeSet<Right>,
        /// It does not count from this moment on.
        expires_at: Instant,
    },
    /// A token no longer counts.
    #[serde(rename = "token.revoked/1")]
    TokenRevoked {
        /// Which.
        token: TokenId,
    },
}

impl Right {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Account,
        Self::Alarms,
        Self::Audit,
        Self::Calendar,
        Self::Clauses,
        Self::Lines,
        Self::People,
        Self::Warnings,
    ];

    /// Its word, in entries, forms and the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Alarms => "alarms",
            Self::Audit => "audit",
            Self::Calendar => "calendar",
            Self::Clauses => "clauses",
            Self::Lines => "lines",
            Self::People => "people",
            Self::Warnings => "warnings",
        }
    }

    /// By its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.word() == word)
    }
}

impl DoorBody {
    /// Kind, and version, for the header of its entry.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "account.locked/1",
            Self::Unlocked {} => "account.unlocked/1",
            Self::FactorSet { .. } => "factor.set/1",
            Self::FactorRemoved { .. } => "factor.removed/1",
            Self::RecoveryBegun { .. } => "recovery.begun/1",
            Self::RecoveryConfirmed {} => "recovery.confirmed/1",
            Self::RecoveryUsed { .. } => "recovery.used/1",
            Self::SessionOpened { .. } => "session.opened/1",
            Self::SessionEnded { .. } => "session.ended/1",
            Self::Refused { .. } => "sign-in.refused/1",
            Self::TokenIssued { .. } => "token.issued/1",
            Self::TokenRevoked { .. } => "token.revoked/1",
        }
    }

    /// What a policy must permit where one person does this to another; none for what nobody does to another.
    #[must_use]
    pub const fn act(&self) -> Option<Act> {
        match self {
            Self::Unlocked {} => Some(Act::Unlock),
            Self::RecoveryBegun { .. } | Self::RecoveryConfirmed {} => Some(Act::ResetFactors),
            Self::SessionEnded { .. } => Some(Act::EndSessions),
            Self::TokenRevoked { .. } => Some(Act::RevokeToken),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_is_written_with_its_kind_and_read_again() {
        let (session, token) = (SessionId::from_bytes([1; 16]), TokenId::from_bytes([2; 16]));
        let name: Line = "排程匯入".parse().unwrap();
        let bodies = [
            DoorBody::Locked { until: Some(Instant::EPOCH) },
            DoorBody::Locked { until: None },
            DoorBody::Unlocked {},
            DoorBody::FactorSet { factor: Factor::Otp },
            DoorBody::FactorRemoved { factor: Factor::Password },
            DoorBody::RecoveryBegun { how: Recovery::TwoPeople },
            DoorBody::RecoveryConfirmed {},
            DoorBody::RecoveryUsed { how: Recovery::Console },
            DoorBody::SessionOpened { session, factors: [Factor::Passkey].into() },
            DoorBody::SessionEnded { session, why: Ended::RoleEnded, terminal: None },
            DoorBody::Refused { why: Denied::WrongCode, terminal: Some(crate::LOCAL_CONSOLE) },
            DoorBody::TokenIssued {
                token,
                name,
                read: ["fault".parse().unwrap()].into(),
                file: [].into(),
                rights: [Right::Audit].into(),
                expires_at: Instant::EPOCH,
            },
            DoorBody::TokenRevoked { token },
        ];
        for body in bodies {
            let json = serde_json::to_value(&body).unwrap();
            assert_eq!(json["kind"], body.kind());
            assert_eq!(serde_json::from_value::<DoorBody>(json).unwrap(), body);
        }
        for right in Right::ALL {
            assert_eq!(serde_json::to_value(right).unwrap(), right.word());
            assert_eq!(Right::from_word(right.word()), Some(right));
        }
        let written =
            serde_json::to_value(DoorBody::SessionEnded { session, why: Ended::SignedOut, terminal: None })
                .unwrap();
        let spelled = json!({ "kind": "session.ended/1", "session": session, "why": "signed-out" });
        assert_eq!(written, spelled);
    }
}
