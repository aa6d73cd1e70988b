//! The checked pack: typed, immutable, cheap to clone.
//!
//! Invariant: it exists only without problems; every id in it names something that is there.

use crate::clause::{Clause, EngineBody, Exemption};
use crate::condition::{Condition, Vocabulary};
use crate::duty::Duty;
use crate::label::Label;
use crate::moves::Moves;
use crate::procedure::Procedure;
use crate::register::Register;
use crate::role::{Grade, Role};
use crate::time::{Calendar, Limit, OfficeTime, TimeOfDay, Zone};
use crate::value::Type;
use crate::word::{
    ClauseId, DutyId, FieldId, GradeId, HookId, PackId, ProcedureId, RegisterId, RoleId, StateId, StepId,
};
use model::{CivilDate, Severity};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A pack without problems.
#[derive(Debug, Clone)]
pub struct Pack(pub(crate) Arc<Contents>);

/// What a pack holds.
#[derive(Debug)]
#[non_exhaustive]
pub struct Contents {
    /// Its id.
    pub id: PackId,
    /// Its version.
    pub version: u32,
    /// The regulation's title.
    pub title: Label,
    /// Where the text comes from.
    pub source: Box<str>,
    /// Who issued it.
    pub issuer: Label,
    /// When.
    pub date: CivilDate,
    /// On which basis.
    pub basis: Option<Label>,
    /// When it was repealed.
    pub repealed: Option<CivilDate>,
    /// The licence of the files.
    pub licence: Box<str>,
    /// Where civil dates are counted.
    pub zone: Zone,
    /// When the last day of a limit is over.
    pub day_ends: TimeOfDay,
    /// The register whose approved cases destroy records.
    pub destruction: Option<RegisterId>,
    /// Where it is signed that a clause does not apply.
    pub exemption: Option<Exemption>,
    /// Where it is signed who sends lines.
    pub line_sources: Option<LineSources>,
    /// How long lines are kept, and where it is signed that some go, or stay.
    pub line_rules: LineRules,
    /// Where it is signed whose units accounts and terminals belong to, as rules of watching ask.
    pub watched_units: WatchedUnits,
    /// Who is called when nobody answers for an alarm, in the order in which they are.
    pub calls: Vec<AlarmCall>,
    /// Where it is signed who is on duty.
    pub duty_roster: Option<DutyRoster>,
    /// The register of incidents, and what its report tells.
    pub incidents: Option<Incidents>,
    /// The register whose records are rooms.
    pub rooms: Option<Rooms>,
    /// What the drawing of the network is made of.
    pub network: Option<Network>,
    /// Where acts against intruders are decided.
    pub responding: Option<Responding>,
    /// Law in force that asks the same.
    pub crosswalk: Vec<Crosswalk>,
    /// Ways out of Ward.
    pub hooks: BTreeMap<HookId, Hook>,
    /// Grades, the lowest first.
    pub grades: Vec<Grade>,
    /// Roles.
    pub roles: BTreeMap<RoleId, Role>,
    /// Clauses, in the order of their numbers.
    pub clauses: Vec<Clause>,
    /// Registers.
    pub registers: BTreeMap<RegisterId, Register>,
    /// Duties.
    pub duties: BTreeMap<DutyId, Duty>,
    /// Procedures.
    pub procedures: BTreeMap<ProcedureId, Procedure>,
    /// The office calendar.
    pub calendar: Calendar,
    /// Policies in Cedar: file name and text.
    pub policies: BTreeMap<Box<str>, Box<str>>,
    /// How running cases of the former version pass to this one.
    pub moves: Option<Moves>,
    /// What conditions may speak of.
    pub vocabulary: Vocabulary,
    /// SHA-256 of the canonical listing of the files.
    pub digest: [u8; 32],
    /// What engines read from their own files, by section.
    pub(crate) sections: BTreeMap<&'static str, EngineBody>,
    /// What is not wrong but should be known.
    pub notes: Vec<crate::problem::Problem>,
}

/// What is in force today and asks the same as a clause.
#[derive(Debug, Clone)]
pub struct Crosswalk {
    /// The clause.
    pub clause: ClauseId,
    /// Law, or a standard?
    pub kind: CrosswalkKind,
    /// The place in it, with its short title.
    pub text: Label,
    /// Where that was looked up, in which version; none: it is to be confirmed.
    pub source: Option<Label>,
}

/// What a clause is put beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrosswalkKind {
    /// Law in force.
    Law,
    /// A standard.
    Standard,
}

/// Where it is signed who sends lines: a register whose records are sources, and conditions over such a record.
#[derive(Debug, Clone)]
pub struct LineSources {
    /// The register.
    pub register: RegisterId,
    /// The address or network it sends from, a condition of type text: `192.0.2.1`, `10.1.0.0/16`.
    pub network: Condition,
    /// Its name, a condition of type text.
    pub name: Condition,
    /// By how many hours the times it writes are ahead of UTC, a condition of type number.
    pub offset: Condition,
    /// It counts while this holds.
    pub holds: Condition,
}

/// Where it is signed to which unit an account belongs, and whose terminals stand in a network.
#[derive(Debug, Clone, Default)]
pub struct WatchedUnits {
    /// Accounts: `name` is what lines call one.
    pub accounts: Option<UnitsOf>,
    /// Terminals: `name` is the address or network they stand at.
    pub terminals: Option<UnitsOf>,
}

/// Somebody is called for an alarm that nobody answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmCall {
    /// So many seconds after it was raised.
    pub after: u32,
    /// Where it is no less bad than this.
    pub least: Severity,
    /// Those on duty.
    pub on_duty: bool,
    /// Those who hold one of these roles in the unit that it is about, or above.
    pub roles: Vec<RoleId>,
}

/// Where it is signed who is on duty: a register, and conditions over such a record.
#[derive(Debug, Clone)]
pub struct DutyRoster {
    /// The register.
    pub register: RegisterId,
    /// Who, of type person.
    pub person: Condition,
    /// From when, of type date or moment.
    pub from: Condition,
    /// Until when.
    pub until: Condition,
    /// It counts while this holds.
    pub holds: Condition,
}

/// The register of incidents.
#[derive(Debug, Clone)]
pub struct Incidents {
    /// The register.
    pub register: RegisterId,
    /// What a report tells of one in words: fields, in order.
    pub told: Vec<FieldId>,
}

/// A register whose records say to which unit something belongs: conditions over such a record.
#[derive(Debug, Clone)]
pub struct UnitsOf {
    /// The register.
    pub register: RegisterId,
    /// What it is called, of type text.
    pub name: Condition,
    /// The unit.
    pub unit: Condition,
    /// It counts while this holds.
    pub holds: Condition,
}

/// The register whose records are rooms, and what belongs to each.
#[derive(Debug, Clone)]
pub struct Rooms {
    /// The register.
    pub register: RegisterId,
    /// The field with a room's code, by which sensors name it.
    pub code: FieldId,
    /// States in which there is such a room; all that run where none is named.
    pub states: Vec<StateId>,
    /// Registers whose records belong to a room.
    pub beside: Vec<BesideRoom>,
}

/// What the drawing of the network is made of: the registers whose records are drawn, and the one in which drawings are
/// kept.
#[derive(Debug, Clone)]
pub struct Network {
    /// Registers whose records are drawn, in the order in which they stand.
    pub nodes: Vec<NetworkNode>,
    /// Where a drawing is kept.
    pub diagram: Option<Diagram>,
}

/// A register whose records are drawn.
#[derive(Debug, Clone)]
pub struct NetworkNode {
    /// The register.
    pub register: RegisterId,
    /// Where its records stand.
    pub layer: NetworkLayer,
    /// States in which they are drawn; all that run where none is named.
    pub states: Vec<StateId>,
    /// The field with the address or network.
    pub address: Option<FieldId>,
    /// Fields that name records it is connected with.
    pub to: Vec<FieldId>,
    /// Are those of one network drawn as one?
    pub together: bool,
    /// Is one drawn only where its address belongs to no other record?
    pub spare: bool,
}

/// Where something stands in the network, from the outside to the inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkLayer {
    /// Beyond the network: lines, links, hosts of others.
    Outside,
    /// Between the outside and the inside.
    Firewall,
    /// Systems that are used.
    System,
    /// What systems run on.
    Server,
    /// Where people sit.
    Terminal,
}

impl NetworkLayer {
    /// Every one, from the outside to the inside.
    pub const ALL: [Self; 5] = [Self::Outside, Self::Firewall, Self::System, Self::Server, Self::Terminal];

    /// Its word in a pack.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Firewall => "firewall",
            Self::System => "system",
            Self::Server => "server",
            Self::Terminal => "terminal",
        }
    }
}

/// Where a drawing of the network is kept.
#[derive(Debug, Clone)]
pub struct Diagram {
    /// The register.
    pub register: RegisterId,
    /// The step that opens a case.
    pub step: StepId,
    /// The field with the file.
    pub drawing: FieldId,
    /// The field that says what is drawn.
    pub covers: Option<FieldId>,
}

/// Where acts against intruders are decided: what pages lead to beside an address.
#[derive(Debug, Clone)]
pub struct Responding {
    /// The register.
    pub register: RegisterId,
    /// The step that opens a case.
    pub step: StepId,
    /// The field with the address or network.
    pub target: FieldId,
    /// The field that says why, where a page that leads there can say so.
    pub reason: Option<FieldId>,
}

/// A register whose records belong to a room.
#[derive(Debug, Clone)]
pub struct BesideRoom {
    /// The register.
    pub register: RegisterId,
    /// The field that refers to the room.
    pub room: FieldId,
    /// Are only those shown that run?
    pub open: bool,
    /// The field with a day, where a record tells of a room's day: its page has the curves of the room's air.
    pub day: Option<FieldId>,
}

/// How long lines are kept, and where it is signed that some go, or stay.
#[derive(Debug, Clone, Default)]
pub struct LineRules {
    /// So long they are kept at least; none is disposed of where it is not said.
    pub keep: Option<Limit>,
    /// Where it is signed that files of lines go.
    pub disposal: Option<LineDisposals>,
    /// Where it is signed that lines stay, whatever else is.
    pub hold: Option<LineHolds>,
    /// Where it is signed that single lines go.
    pub erasure: Option<LineErasures>,
}

/// A register whose records have files of lines go: conditions over such a record.
#[derive(Debug, Clone)]
pub struct LineDisposals {
    /// The register.
    pub register: RegisterId,
    /// Who received the lines, of type text.
    pub receiver: Condition,
    /// The last day, or the moment, up to which they were received, of type date or moment.
    pub until: Condition,
    /// It counts while this holds.
    pub holds: Condition,
}

/// A register whose records have lines stay: conditions over such a record. What is absent, or is not filled in, narrows
/// nothing.
#[derive(Debug, Clone)]
pub struct LineHolds {
    /// The register.
    pub register: RegisterId,
    /// Who received the lines, of type text.
    pub receiver: Option<Condition>,
    /// An address or network that stands in them, of type text.
    pub network: Option<Condition>,
    /// From when on they were received, of type date or moment.
    pub from: Option<Condition>,
    /// The last day, or the moment, up to which they were received, of type date or moment.
    pub until: Option<Condition>,
    /// It counts while this holds.
    pub holds: Condition,
}

/// A register whose records have single lines go: conditions over such a record.
#[derive(Debug, Clone)]
pub struct LineErasures {
    /// The register.
    pub register: RegisterId,
    /// Who received the lines, of type text.
    pub receiver: Condition,
    /// Their numbers, a list of numbers.
    pub lines: Condition,
    /// It counts while this holds.
    pub holds: Condition,
}

/// A way out of Ward.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its id.
    pub id: HookId,
    /// What it does.
    pub label: Label,
    /// What it must be given.
    pub gives: BTreeMap<FieldId, Type>,
}

impl std::ops::Deref for Pack {
    type Target = Contents;

    fn deref(&self) -> &Contents {
        &self.0
    }
}

impl Contents {
    /// A register by its id.
    #[must_use]
    pub fn register(&self, id: &str) -> Option<&Register> {
        self.registers.get(id)
    }

    /// A duty by its id.
    #[must_use]
    pub fn duty(&self, id: &str) -> Option<&Duty> {
        self.duties.get(id)
    }

    /// A role by its id.
    #[must_use]
    pub fn role(&self, id: &str) -> Option<&Role> {
        self.roles.get(id)
    }

    /// A procedure by its id.
    #[must_use]
    pub fn procedure(&self, id: &str) -> Option<&Procedure> {
        self.procedures.get(id)
    }

    /// A clause by its id.
    #[must_use]
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.id == *id)
    }

    /// Height of a grade, the lowest being 0.
    #[must_use]
    pub fn height(&self, id: &GradeId) -> Option<usize> {
        self.grades.iter().position(|grade| grade.id == *id)
    }

    /// A grade by its id.
    #[must_use]
    pub fn grade(&self, id: &GradeId) -> Option<&Grade> {
        self.grades.iter().find(|grade| grade.id == *id)
    }

    /// What limits are counted by.
    #[must_use]
    pub fn office_time(&self) -> OfficeTime<'_> {
        OfficeTime { calendar: &self.calendar, day_ends: self.day_ends, zone: &self.zone }
    }

    /// The form a record of a register is filed under, for example `fault/3`.
    #[must_use]
    pub fn form(&self, register: &RegisterId) -> String {
        format!("{register}/{}", self.version)
    }

    /// What an engine read from its own files.
    #[must_use]
    pub fn section<T: Send + Sync + 'static>(&self, name: &str) -> Option<&T> {
        self.sections.get(name)?.0.downcast_ref()
    }

    /// The same, to be kept beyond the pack.
    #[must_use]
    pub fn shared<T: Send + Sync + 'static>(&self, name: &str) -> Option<Arc<T>> {
        Arc::clone(&self.sections.get(name)?.0).downcast().ok()
    }
}
