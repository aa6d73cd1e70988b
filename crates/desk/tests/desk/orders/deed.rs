//! Deeds: what was done, told in full.
//!
//! A deed names people, records and content and hangs on no choice. So a sequence of deeds means the same when some of
//! them are left out, when it is kept as data, and when a later engine lives it again.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Something that was done, or that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Deed {
    /// A command.
    Give(Given),
    /// Several at once, in one batch, each made as things stood before it.
    Together(Vec<Given>),
    /// A command, while something fails; what has stopped is opened again.
    Failing(Failure, Given),
    /// Somebody is to stand in for somebody, whom both know of, or neither.
    Appoint { principal: String, deputy: String, hours: u16, told: bool },
    /// The latest appointment of the two ends.
    Revoke { principal: String, deputy: String },
    /// A role is held from now on, or no more.
    Role { who: String, held: bool },
    /// Somebody leaves.
    Leave { who: String },
    /// The first reads a notice twice, the second once, at once.
    Read { notice: usize, readers: [String; 2] },
    /// Time passes.
    Pass { minutes: u32 },
    /// The clock is set back.
    Back { minutes: u16 },
    /// The system is down for so long.
    Reopen { hours: u16 },
    /// What is due is done.
    Tick,
    /// What is to leave is sent.
    Send,
}

/// A command, with whoever gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Given {
    /// A person in a role.
    pub(super) who: String,
    /// For whom, in whose role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) standing_in: Option<String>,
    /// Signed with a one-time code, where it is signed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) by_code: bool,
    #[serde(flatten)]
    pub(super) order: Ordered,
}

/// What is commanded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ordered {
    Open {
        record: Record,
        register: String,
        step: String,
        fill: Filled,
    },
    Take {
        record: Record,
        step: String,
        outcome: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        fill: Filled,
        /// Made on an earlier revision.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stale: bool,
    },
}

/// What is filled in. A text `@person …` stands for somebody's identifier, one such as `@base 1` for a record's.
pub(super) type Filled = BTreeMap<String, Json>;

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Failure {
    /// The tables take no row of the history.
    Table,
    /// They take all, and refuse it when it is to be committed.
    Commit,
    /// The journal is not written.
    Unwritten,
    /// Half of it is.
    HalfWritten,
    /// It is written, and the disk says that it is not.
    Denied,
}

impl Failure {
    pub(super) const ALL: [Self; 5] =
        [Self::Table, Self::Commit, Self::Unwritten, Self::HalfWritten, Self::Denied];
}

/// A record by where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) enum Record {
    /// One that was there before, by its place.
    Base(usize),
    /// One that a deed opened, by the number the deed gave it.
    Own(u32),
    /// One that the system opened, by its place among those.
    System(usize),
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base(nth) => write!(f, "base {nth}"),
            Self::Own(number) => write!(f, "own {number}"),
            Self::System(nth) => write!(f, "system {nth}"),
        }
    }
}

impl From<Record> for String {
    fn from(record: Record) -> Self {
        record.to_string()
    }
}

impl FromStr for Record {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let no_such = || format!("{text:?} is no record");
        let (from, number) = text.split_once(' ').ok_or_else(no_such)?;
        match from {
            "base" => number.parse().map(Self::Base).map_err(|_| no_such()),
            "own" => number.parse().map(Self::Own).map_err(|_| no_such()),
            "system" => number.parse().map(Self::System).map_err(|_| no_such()),
            _ => Err(no_such()),
        }
    }
}

impl TryFrom<String> for Record {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}
