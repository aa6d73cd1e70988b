//! The typed tree of a condition: every name resolved, every function chosen.

use crate::value::Value;
use crate::word::{FieldId, ItemId, LookupId, StepId};

/// A typed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `a && b`, `a + b`, `a in b`, …
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// A function; a method's subject is its first argument.
    Call(Function, Vec<Expr>),
    /// `a ? b : c`
    Choose(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// A value written down.
    Literal(Value),
    /// The variable of the macro so many levels out, 0 the innermost.
    Local(usize),
    /// `list.all(x, body)` and its kin.
    Macro(Macro, Box<Expr>, Box<Expr>),
    /// `of.member`
    Member(Box<Expr>, Member),
    /// `-a`
    Negative(Box<Expr>),
    /// A name, answered by the scope.
    Name(Name),
    /// `!a`
    Not(Box<Expr>),
}

/// What a condition can ask of its scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// `actor.…`: who acts.
    Actor(ActorAttribute),
    /// `due_on`: the day an occurrence of a duty is due.
    DueOn,
    /// `each`: the element a seat is computed for.
    Each,
    /// A field of the record by its id.
    Field(FieldId),
    /// `lookup.<id>`: the records it found.
    Lookup(LookupId),
    /// `now`
    Now,
    /// `object`: what an occurrence of a duty is for, a record or a unit.
    Object,
    /// `old.<field>`: the field before this step.
    Old(FieldId),
    /// `record.…`
    Record(RecordAttribute),
    /// `step.<id>.…`
    Step(StepId, StepAttribute),
    /// `target`: the record that is looked at.
    Target,
    /// `today`, in the pack's zone.
    Today,
}

/// What every record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordAttribute {
    /// When it came to its end.
    ClosedAt,
    /// Its grade.
    Grade,
    /// Its number.
    Number,
    /// When it happened.
    OccurredAt,
    /// When it was opened.
    OpenedAt,
    /// By whom.
    OpenedBy,
    /// When it was recorded.
    RecordedAt,
    /// Its state.
    State,
    /// The unit it belongs to.
    Unit,
}

/// What is known of the latest taking of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepAttribute {
    /// When.
    At,
    /// By whom: everyone who signed.
    By,
    /// With which outcome.
    Outcome,
}

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorAttribute {
    /// The person.
    Person,
    /// The reason given with the outcome.
    Reason,
    /// The role.
    Role,
    /// The unit the role is held in.
    Unit,
}

/// A part of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Member {
    /// How many items of a checklist were answered *bad*.
    ChecklistBad,
    /// Whether every item of a checklist is answered; the number of items is given.
    ChecklistDone(usize),
    /// The answer to one item.
    ChecklistItem(ItemId),
    /// A column of a row.
    Column(FieldId),
    /// A file's size in bytes.
    FileSize,
    /// A file's kind.
    FileKind,
    /// A file's name.
    FileName,
    /// A field of the record referred to.
    Field(FieldId),
    /// What every record has, of the record referred to.
    Record(RecordAttribute),
    /// The latest taking of a step of the record referred to.
    Step(StepId, StepAttribute),
    /// Whether every step of a run is done.
    RunComplete,
    /// When the run ended.
    RunEndedAt,
    /// How many steps were late.
    RunLate,
    /// The procedure that is run.
    RunProcedure,
    /// When the run started.
    RunStartedAt,
    /// A span in days.
    SpanDays,
    /// A span in hours.
    SpanHours,
    /// A span in minutes.
    SpanMinutes,
}

/// Operators between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `&&`
    And,
    /// `/`
    Divide,
    /// `==`
    Equal,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `in`
    In,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `-`
    Minus,
    /// `!=`
    NotEqual,
    /// `||`
    Or,
    /// `+`
    Plus,
    /// `%`
    Remainder,
    /// `*`
    Times,
}

/// Macros over lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Macro {
    /// It holds for every element.
    All,
    /// It holds for some element.
    Exists,
    /// It holds for exactly one.
    ExistsOne,
    /// The elements it holds for.
    Filter,
    /// What it makes of each element.
    Map,
}

/// Functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `contains(text, text)`
    Contains,
    /// `date(moment)`
    DateOf,
    /// `days(n)`
    Days,
    /// `endsWith(text, text)`
    EndsWith,
    /// `has(x)`
    Has,
    /// `holds(person, role, unit)`
    Holds,
    /// `hours(n)`
    Hours,
    /// `minutes(n)`
    Minutes,
    /// `month(date)`
    Month,
    /// `office_day(date)`
    OfficeDay,
    /// `size(list or text)`
    Size,
    /// `startsWith(text, text)`
    StartsWith,
    /// `sum(list of numbers or spans)`
    Sum,
    /// `superior(unit)`
    Superior,
    /// `weekday(date)`
    Weekday,
    /// `within(unit, unit)`
    Within,
    /// `working_days(date, n)`
    WorkingDays,
    /// `year(date)`
    Year,
}

impl Expr {
    /// Visits this expression and everything in it, outermost first.
    pub fn visit<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        visit(self);
        match self {
            Self::Binary(_, left, right) | Self::Macro(_, left, right) => {
                left.visit(visit);
                right.visit(visit);
            }
            Self::Call(_, items) | Self::List(items) => items.iter().for_each(|item| item.visit(visit)),
            Self::Choose(condition, yes, no) => {
                for part in [condition, yes, no] {
                    part.visit(visit);
                }
            }
            Self::Member(of, _) | Self::Negative(of) | Self::Not(of) => of.visit(visit),
            Self::Literal(_) | Self::Local(_) | Self::Name(_) => {}
        }
    }
}

macro_rules! spelled {
    ($type:ident: $($variant:ident = $word:literal,)*) => {
        impl $type {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its word in a condition.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// By its word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

spelled! { RecordAttribute:
    ClosedAt = "closed_at", Grade = "grade", Number = "number", OccurredAt = "occurred_at",
    OpenedAt = "opened_at", OpenedBy = "opened_by", RecordedAt = "recorded_at", State = "state", Unit = "unit",
}
spelled! { StepAttribute: At = "at", By = "by", Outcome = "outcome", }
spelled! { ActorAttribute: Person = "person", Reason = "reason", Role = "role", Unit = "unit", }
spelled! { Macro:
    All = "all", Exists = "exists", ExistsOne = "exists_one", Filter = "filter", Map = "map",
}
spelled! { Function:
    Contains = "contains", DateOf = "date", Days = "days", EndsWith = "endsWith", Has = "has", Holds = "holds",
    Hours = "hours", Minutes = "minutes", Month = "month", OfficeDay = "office_day", Size = "size",
    StartsWith = "startsWith", Sum = "sum", Superior = "superior", Weekday = "weekday", Within = "within",
    WorkingDays = "working_days", Year = "year",
}
