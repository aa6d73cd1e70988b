//! Packs: what a regulation asks, written down as data, read and checked once, then only looked at.
//!
//! Owns: the files of a pack, their spans, problems and schemas; conditions; the office calendar, limits and
//! recurrence; the typed, immutable [`Pack`]. Engines that come later register their own part of a pack as a
//! [`Section`].
//! Invariant: a [`Pack`] exists only without problems; nothing in it names anything that is not there.
//! Never: knows SQL, HTTP, or any register, role or clause by name; reads a clock.
//! Source: `docs/pack.md`.

mod condition;
mod decimal;
mod label;
mod similar;
mod time;
mod value;
mod word;

pub use condition::{
    ActorAttribute, Condition, ConditionError, EvalError, Expr, Function, Macro, Member, Name, Operator,
    Outline, RESERVED, RecordAttribute, Scope, StepAttribute, Typing, Vocabulary,
};
pub use decimal::{Decimal, DecimalError};
pub use label::{Label, Piece, Template};
pub use time::{
    Calendar, CalendarError, CalendarMissing, Day, DayOff, Frequency, Limit, LimitError, LimitUnit,
    Occurrence, OfficeTime, Recurrence, Roll, RuleError, Span, TimeOfDay, TimeOfDayError, WeekdayRule,
    WorkDay, Year, Zone, ZoneError,
};
pub use value::{Answer, Answered, Columns, File, ReadError, Reference, Run, Tick, Type, Value};
pub use word::{
    CheckId, ClauseId, ClockId, ConstraintId, DutyId, FieldId, GradeId, GroupId, HookId, ItemId, LookupId,
    OptionId, PackId, ProcedureId, ProcedureStepId, RegisterId, RoleId, StateId, StepId, WordError,
};
