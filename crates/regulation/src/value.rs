//! Values of fields and conditions, their types, and their one spelling in JSON.
//!
//! Invariant: [`Type::read`] of what [`Value::to_json`] wrote is the same value. Numbers and moments are
//! texts in JSON, so that entries of the ledger stay within `docs/format.md` §1.
//! Limits of a field (length, least, most) are not looked at here; see [`crate::Field::admit`].

mod json;
mod types;

use crate::decimal::Decimal;
use crate::time::{Span, TimeOfDay};
use crate::word::{FieldId, GradeId, ItemId, ProcedureId, ProcedureStepId, RegisterId};
use model::{CivilDate, Instant, PersonId, RecordId, UnitId};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use json::ReadError;
pub use types::{Columns, Type};

/// A value. What is not filled in has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Of a checklist: what was answered.
    Checklist(BTreeMap<ItemId, Answered>),
    /// A day.
    Date(CivilDate),
    /// A stored file.
    File(File),
    /// A grade of confidentiality.
    Grade(GradeId),
    /// Several values of one type.
    List(Vec<Value>),
    /// A moment.
    Moment(Instant),
    /// A number.
    Number(Decimal),
    /// A person.
    Person(PersonId),
    /// A record of a register.
    Reference(Reference),
    /// A row of a table.
    Row(BTreeMap<FieldId, Value>),
    /// A procedure being followed.
    Run(Run),
    /// A length of time.
    Span(Span),
    /// A text.
    Text(Arc<str>),
    /// A time of day.
    Time(TimeOfDay),
    /// Yes or no.
    Truth(bool),
    /// A unit.
    Unit(UnitId),
    /// The id of an option, a state, a role, an outcome or an answer.
    Word(Arc<str>),
}

/// A record, with the register it is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The register.
    pub register: RegisterId,
    /// The record.
    pub record: RecordId,
}

/// A stored file: its bytes are kept elsewhere under their digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File {
    /// SHA-256 of the stored bytes.
    pub digest: [u8; 32],
    /// The name it was handed in under.
    pub name: Arc<str>,
    /// What it is by its content, a file ending such as `pdf`.
    pub kind: Arc<str>,
    /// Size of the file as handed in, in bytes.
    pub size: u64,
}

/// An answered item of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// What was noted; asked unless the answer is good.
    pub note: Option<Arc<str>>,
}

/// Answers to an item of a checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Not as it should be.
    Bad,
    /// As it should be.
    Good,
    /// Not applicable.
    NotApplicable,
}

/// A procedure being followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// Which one.
    pub procedure: ProcedureId,
    /// When it was started.
    pub started_at: Instant,
    /// The steps done so far.
    pub ticks: BTreeMap<ProcedureStepId, Tick>,
    /// When its last step was done.
    pub ended_at: Option<Instant>,
    /// How many steps were done after their limit.
    pub late: u32,
}

/// A step of a procedure, done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick {
    /// When.
    pub at: Instant,
    /// By whom.
    pub by: PersonId,
    /// What was noted or read off.
    pub note: Option<Arc<str>>,
    /// The photo or file asked for.
    pub files: Vec<File>,
}

impl Answer {
    /// Every answer, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::Good, Self::Bad, Self::NotApplicable];

    /// Its word in files and conditions.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::Good => "good",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// By its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.word() == word)
    }
}

impl Value {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// An id as a value.
    #[must_use]
    pub fn word(word: &str) -> Self {
        Self::Word(word.into())
    }

    /// Is there anything in it? An empty text, list or checklist counts as not filled in.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        match self {
            Self::Text(text) => !text.trim().is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Checklist(answers) => !answers.is_empty(),
            Self::Row(row) => row.values().any(Self::is_filled),
            _ => true,
        }
    }
}
