//! A case: a record with all that its events have said of it; duties with their occurrences.
//!
//! Invariant: everything here comes from events alone; values are kept as JSON, since reading them takes the pack.

use model::{CivilDate, Evidence, Instant, PersonId, RecordId, UnitId};
use regulation::{ClockId, DutyId, FieldId, GradeId, Outcome, RegisterId, RoleId, StateId, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// The values of a record's fields, each in its one JSON spelling; what is not filled in is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(pub BTreeMap<FieldId, Json>);

/// Number of an entry of the ledger; text in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryNumber(pub u64);

/// Content hash of an entry; base64 in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash(pub proof::hash::Hash);

/// The entry that holds the content as it is now: what signatures cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Its number.
    pub entry: EntryNumber,
    /// Its content hash.
    pub hash: ContentHash,
}

/// A record of a register.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// The register.
    pub register: RegisterId,
    /// The record.
    pub record: RecordId,
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// As wished.
    Done,
    /// Refused.
    Refused,
    /// It counts as never having been.
    Void,
    /// Taken back.
    Withdrawn,
}

/// A record with all that has happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// The record.
    pub record: RecordId,
    /// Its register.
    pub register: RegisterId,
    /// The version of the pack it runs on.
    pub version: u32,
    /// The unit it belongs to.
    pub unit: UnitId,
    /// Its state.
    pub state: StateId,
    /// When it entered that state.
    pub entered_at: Instant,
    /// How it ended, once it has.
    pub ending: Option<Ending>,
    /// When it ended.
    pub closed_at: Option<Instant>,
    /// Who opened it; none when the system did.
    pub opened_by: Option<PersonId>,
    /// The person a deputy opened it for.
    pub opened_for: Option<PersonId>,
    /// When it was opened, which is also when it was recorded.
    pub opened_at: Instant,
    /// When it happened.
    pub occurred_at: Instant,
    /// Why it was recorded late.
    pub late_reason: Option<String>,
    /// Its grade.
    pub grade: GradeId,
    /// Is it kept on paper, so that only metadata is here?
    pub paper: bool,
    /// Its number, once given.
    pub number: Option<String>,
    /// What was filled in.
    pub content: Content,
    /// What was reckoned from it.
    pub reckoned: Content,
    /// The entry that holds the content; none before it is entered.
    pub bound: Option<Bound>,
    /// Fields that steps taken so far have asked.
    pub asked: BTreeSet<FieldId>,
    /// Signatures on steps that are not yet complete.
    pub pending: Vec<Mark>,
    /// The latest taking of each step.
    pub taken: BTreeMap<StepId, Taken>,
    /// Approvals, in order; void ones stay.
    pub approvals: Vec<Approval>,
    /// Seats of the steps that are open.
    pub seats: BTreeMap<StepId, Seats>,
    /// Clocks that run.
    pub clocks: BTreeMap<ClockId, Running>,
    /// Records it is linked with.
    pub links: Vec<Link>,
    /// The record whose effect opened it.
    pub origin: Option<Reference>,
    /// The occurrence of a duty it proves.
    pub duty: Option<DutyKey>,
    /// How many events it has seen; a command names the one it was made on.
    pub revision: u32,
}

/// A signature on a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The step.
    pub step: StepId,
    /// The outcome that was signed.
    #[serde(with = "outcome")]
    pub outcome: Outcome,
    /// Who signed.
    pub person: PersonId,
    /// The person the signer stands in for.
    pub acting_for: Option<PersonId>,
    /// Seats the signer may fill.
    pub chairs: Vec<u32>,
    /// How it is supported.
    pub evidence: Evidence,
    /// When.
    pub at: Instant,
}

/// The latest taking of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// When.
    pub at: Instant,
    /// Everyone who signed; nobody when the system took it.
    pub by: Vec<PersonId>,
    /// With which outcome.
    #[serde(with = "outcome")]
    pub outcome: Outcome,
    /// The entry that says so, once entered.
    pub entry: Option<EntryNumber>,
}

/// An approval and what it binds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The step.
    pub step: StepId,
    /// The state it was taken in.
    pub from: StateId,
    /// The fields whose values it binds.
    pub fields: BTreeSet<FieldId>,
    /// Does it hold?
    pub standing: bool,
}

/// Seats of an open step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seats {
    /// The seats.
    pub seats: Vec<Seated>,
    /// How many of them must sign.
    pub need: u32,
}

/// Who may fill a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "lowercase")]
pub enum Seated {
    /// Any of these people.
    People {
        /// The people.
        people: Vec<PersonId>,
    },
    /// Holders of a role.
    Role {
        /// The role.
        role: RoleId,
        /// In this unit; anywhere when absent.
        unit: Option<UnitId>,
        /// Or in any unit above it.
        above: bool,
    },
}

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// When it runs out.
    pub due: Instant,
    /// What happens around that time and has not yet.
    pub points: Vec<Point>,
}

/// A moment around the time something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Which escalation of the pack, from 0.
    pub index: u32,
    /// When.
    pub at: Instant,
}

/// A link to another record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The other record.
    pub to: Reference,
    /// The step after which it came about; none for a clock's or a duty's.
    pub step: Option<StepId>,
}

/// What an occurrence of a duty is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Object {
    /// A record.
    Record(Reference),
    /// A unit.
    Unit(UnitId),
}

/// Names an occurrence of a duty for good.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DutyKey {
    /// The duty.
    pub duty: DutyId,
    /// What it is for.
    pub object: Object,
    /// The day the rule names.
    pub nominal: CivilDate,
}

/// An occurrence of a duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The version of the pack it was opened under.
    pub version: u32,
    /// The day it is due, rolled.
    pub due_on: CivilDate,
    /// When it is due.
    pub due: Instant,
    /// The record that is to prove it.
    pub record: RecordId,
    /// What happens around that time and has not yet.
    pub points: Vec<Point>,
    /// When it was done.
    pub done_at: Option<Instant>,
}

/// How far a duty's series for one object has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Nominal days up to this one are done with: it is that of the latest occurrence, or the day before the series
    /// began. None while the duty is not owed for the object.
    pub last: Option<CivilDate>,
    /// The day for which the office calendar is missing, while it is.
    pub missing: Option<CivilDate>,
}

impl Case {
    /// Does an approval of this step stand?
    #[must_use]
    pub fn stands(&self, step: &StepId) -> bool {
        self.approvals.iter().any(|approval| approval.standing && approval.step == *step)
    }

    /// The people who filed it: who opened it, and for whom.
    pub fn applicants(&self) -> impl Iterator<Item = PersonId> {
        self.opened_by.into_iter().chain(self.opened_for)
    }

    /// Itself as a reference.
    #[must_use]
    pub fn reference(&self) -> Reference {
        Reference { register: self.register.clone(), record: self.record }
    }
}

impl Mark {
    /// Who signed, and for whom.
    pub fn people(&self) -> impl Iterator<Item = PersonId> {
        std::iter::once(self.person).chain(self.acting_for)
    }
}

impl From<regulation::End> for Ending {
    fn from(end: regulation::End) -> Self {
        match end {
            regulation::End::Done => Self::Done,
            regulation::End::Refused => Self::Refused,
            regulation::End::Void => Self::Void,
            regulation::End::Withdrawn => Self::Withdrawn,
        }
    }
}

impl From<EntryNumber> for String {
    fn from(number: EntryNumber) -> Self {
        number.0.to_string()
    }
}

impl TryFrom<String> for EntryNumber {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.0.to_string()
    }
}

impl TryFrom<String> for ContentHash {
    type Error = proof::hash::HashError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// Outcomes by their word.
pub(crate) mod outcome {
    use regulation::Outcome;
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(crate) fn serialize<S: Serializer>(outcome: &Outcome, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(outcome.word())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Outcome, D::Error> {
        struct Reading;

        impl Visitor<'_> for Reading {
            type Value = Outcome;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the word of an outcome")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Outcome, E> {
                Outcome::from_word(word).ok_or_else(|| E::custom(format_args!("{word:?} is no outcome")))
            }
        }

        from.deserialize_str(Reading)
    }
}
