//! Packs: what a regulation asks, written down as data, read and checked once, then only looked at.
//!
//! Owns: the files of a pack, their spans, problems and schemas; conditions; the office calendar, limits and
//! recurrence; the typed, immutable [`Pack`]. Engines that come later register their own part of a pack as a
//! [`Section`].
//! Invariant: a [`Pack`] exists only without problems; nothing in it names anything that is not there.
//! Never: knows SQL, HTTP, or any register, role or clause by name; reads a clock.
//! Source: `docs/pack.md`.

mod word;

mod decimal;
mod label;
mod similar;
mod time;

mod value;

mod condition;

mod clause;
mod duty;
mod field;
mod flow;
mod machine;
mod moves;
mod procedure;
mod register;
mod role;

mod pack;
mod problem;

mod raw;
mod shape;
mod source;

mod check;
mod read;
mod section;
mod settings;

mod publish;
mod succession;

pub use clause::{Check, CheckEvidence, Clause, EngineBody, Exemption, Measure, Population};
pub use condition::{
    ActorAttribute, Condition, ConditionError, EvalError, Expr, Function, Macro, Member, Name, Operator,
    Outline, RESERVED, RecordAttribute, Scope, StepAttribute, Typing, Vocabulary,
};
pub use decimal::{Decimal, DecimalError};
pub use duty::{Duty, DutyEach};
pub use field::{Address, Choice, Count, Field, Item, Kind, Unfit, When};
pub use flow::{
    Clock, Due, Effect, End, Escalation, EscalationTime, Flow, Follow, Guard, Lead, Outcome, Seat, Signers,
    State, Step,
};
pub use label::{Label, Piece, Template};
pub use machine::{MACHINES, Machine, MachineMember, MachineType};
pub use moves::{Move, Moves};
pub use pack::{
    AlarmCall, BesideRoom, Contents, Crosswalk, CrosswalkKind, Diagram, DutyRoster, Hook, Incidents,
    LineDisposals, LineErasures, LineHolds, LineRules, LineSources, Network, NetworkLayer, NetworkNode, Pack,
    Responding, Rooms, UnitsOf, WatchedUnits,
};
pub use problem::{Place, Problem};
pub use procedure::{Procedure, ProcedureStep, Proof};
pub use publish::schemas;
pub use raw::{Node, Table};
pub use read::{Complaints, Context, load, load_single, load_with};
pub use register::{
    Constraint, GradeRule, Group, Listing, Lookup, NumberPart, Numbering, Paper, Reading, ReadingUnits,
    Register, Reset, Retention, RetentionStart, Sequence, Sort, Unique,
};
pub use role::{ActorRule, Grade, HeldIn, Role, RolePlace, Who};
pub use section::{Section, Sections, whole_file};
pub use settings::{Findings, settings};
pub use shape::{Form, Key, Shape, may, need};
pub use similar::nearest;
pub use source::{Files, Folder, Source, digest};
pub use succession::succession;
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
