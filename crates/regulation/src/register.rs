//! Registers: lists of records of one form with one flow.
//!
//! Source: `docs/pack.md`, "Registers".

use crate::condition::Condition;
use crate::field::{Field, When};
use crate::flow::Flow;
use crate::label::{Label, Template};
use crate::role::ActorRule;
use crate::time::Limit;
use crate::word::{
    ClauseId, ConstraintId, FieldId, GradeId, GroupId, LookupId, RegisterId, RoleId, StateId, StepId,
};

/// A register.
#[derive(Debug, Clone)]
pub struct Register {
    /// Its id.
    pub id: RegisterId,
    /// Its name.
    pub label: Label,
    /// What it is for.
    pub help: Option<Label>,
    /// The clauses it serves.
    pub clauses: Vec<ClauseId>,
    /// The title of a record.
    pub title: Template,
    /// The unit a record belongs to; that of who opens it when absent.
    pub unit: Option<Condition>,
    /// Fields in the full-text index.
    pub search: Vec<FieldId>,
    /// What its list shows.
    pub list: Listing,
    /// How records are numbered.
    pub numbering: Option<Numbering>,
    /// How confidential records are.
    pub grade: GradeRule,
    /// Later than this after it happened, a reason is asked; `None`: it happens when it is recorded.
    pub late: Option<Limit>,
    /// Records kept on paper.
    pub paper: Option<Paper>,
    /// How long records are kept.
    pub retention: Retention,
    /// Who reads.
    pub reading: Reading,
    /// Groups of questions, in order.
    pub groups: Vec<Group>,
    /// Fields, in order.
    pub fields: Vec<Field>,
    /// What must hold.
    pub constraints: Vec<Constraint>,
    /// What must be the only one.
    pub uniques: Vec<Unique>,
    /// Records of registers that conditions look at.
    pub lookups: Vec<Lookup>,
    /// States, steps and clocks.
    pub flow: Flow,
}

/// What a list shows.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Columns beside number, title, state and unit.
    pub columns: Vec<FieldId>,
    /// Order.
    pub sort: Vec<Sort>,
}

/// One part of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// By this field.
    pub field: FieldId,
    /// Downwards?
    pub downwards: bool,
}

/// How records are numbered, in order and without a gap.
#[derive(Debug, Clone)]
pub struct Numbering {
    /// The number's parts.
    pub format: Vec<NumberPart>,
    /// Whose sequence it is.
    pub per: Sequence,
    /// When it starts again at 1.
    pub reset: Reset,
    /// The step that gives it; an opening step when absent.
    pub at: Option<StepId>,
}

/// A part of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberPart {
    /// As written.
    Text(Box<str>),
    /// The year of the Republic.
    RocYear,
    /// The year of the common era.
    Year,
    /// The month, two digits.
    Month,
    /// The unit's code.
    Unit,
    /// The sequence number, padded with noughts to at least so many digits.
    Sequence(u8),
}

/// Whose sequence of numbers it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sequence {
    /// One for the installation.
    City,
    /// One for each unit.
    Unit,
}

/// When a sequence starts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reset {
    /// Every month.
    Month,
    /// Never.
    Never,
    /// Every year.
    Year,
}

/// How confidential records are.
#[derive(Debug, Clone)]
pub enum GradeRule {
    /// All alike.
    Fixed(GradeId),
    /// As a field says.
    Field {
        /// The field, of kind grade.
        field: FieldId,
        /// Who alone may set it; the originator (who opened the record) when empty.
        by: Vec<ActorRule>,
    },
}

/// Records that are kept on paper; only their entry is electronic.
#[derive(Debug, Clone)]
pub struct Paper {
    /// When, beside the grades that are always on paper.
    pub when: When,
    /// The only fields that may then be filled in.
    pub keep: Vec<FieldId>,
}

/// How long records are kept.
#[derive(Debug, Clone)]
pub struct Retention {
    /// So long; `None` for ever.
    pub keep: Option<Limit>,
    /// From then.
    pub from: RetentionStart,
}

/// When retention starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetentionStart {
    /// When the record came to its end.
    Closed,
    /// When it happened.
    Occurred,
    /// A date field.
    Field(FieldId),
}

/// Who reads, beside those who act on the record. The reader's clearance always limits.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Whose records people read.
    pub units: ReadingUnits,
    /// Roles whose holders read all of the city's.
    pub roles: Vec<RoleId>,
    /// Person fields whose people read.
    pub parties: Vec<FieldId>,
}

/// Whose records people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadingUnits {
    /// All.
    City,
    /// Their own unit's.
    Own,
    /// Their own unit's and those below it.
    Subtree,
}

/// Questions that belong together.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name.
    pub label: Label,
    /// Its fields, in order.
    pub fields: Vec<FieldId>,
    /// Is it asked at all?
    pub show: When,
}

/// What must hold of a record. A rule without an answer is not broken.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// Its id.
    pub id: ConstraintId,
    /// The clauses it serves.
    pub clauses: Vec<ClauseId>,
    /// The rule.
    pub rule: Condition,
    /// What is said when it is broken.
    pub message: Label,
}

/// No two records have the same values.
#[derive(Debug, Clone)]
pub struct Unique {
    /// Of these fields together; not where one is not filled in.
    pub fields: Vec<FieldId>,
    /// Among records in these states.
    pub states: Vec<StateId>,
    /// What is said when there is one already.
    pub message: Label,
}

/// Records of a register that conditions look at as `lookup.<id>`. Never the record itself.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// Its id.
    pub id: LookupId,
    /// Where it looks.
    pub register: RegisterId,
    /// Field there, condition here: both must be equal.
    pub matches: Vec<(FieldId, Condition)>,
    /// Only in these states; all when empty.
    pub states: Vec<StateId>,
    /// Only those this holds for, as `target`.
    pub only: Option<Condition>,
}

impl Register {
    /// A field by its id.
    #[must_use]
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == *id)
    }

    /// A lookup by its id.
    #[must_use]
    pub fn lookup(&self, id: &str) -> Option<&Lookup> {
        self.lookups.iter().find(|lookup| lookup.id == *id)
    }
}
