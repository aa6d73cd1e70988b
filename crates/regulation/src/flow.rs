//! Flows: states, steps, clocks, and what follows by itself.
//!
//! Invariant (kept by the checks of the pack): every state is reached from an opening step, every step can be
//! taken by someone, automatic steps make no loop.
//! Source: `docs/pack.md`, "Flow".

use crate::condition::Condition;
use crate::field::When;
use crate::label::{Label, Template};
use crate::role::ActorRule;
use crate::time::{Limit, Roll};
use crate::word::{ClauseId, ClockId, FieldId, HookId, RegisterId, StateId, StepId};
use model::Evidence;

/// The flow of a register.
#[derive(Debug, Clone)]
pub struct Flow {
    /// States, in order.
    pub states: Vec<State>,
    /// Steps, in order.
    pub steps: Vec<Step>,
    /// Clocks, in order.
    pub clocks: Vec<Clock>,
}

/// A state.
#[derive(Debug, Clone)]
pub struct State {
    /// Its id.
    pub id: StateId,
    /// Its name.
    pub label: Label,
    /// Is it an end?
    pub end: Option<End>,
}

/// How a record ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// As wished.
    Done,
    /// Refused.
    Refused,
    /// It counts as never having been.
    Void,
    /// Taken back.
    Withdrawn,
}

/// A step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its id.
    pub id: StepId,
    /// Its name.
    pub label: Label,
    /// What helps to take it.
    pub help: Option<Label>,
    /// The clauses it serves.
    pub clauses: Vec<ClauseId>,
    /// The states it starts in; empty: it opens a record.
    pub from: Vec<StateId>,
    /// Who signs, and how many.
    pub signers: Signers,
    /// People who may not take it, nor their deputies: conditions of type person or list of persons.
    pub never: Vec<Condition>,
    /// The least signature.
    pub sign: Evidence,
    /// The fields it asks.
    pub fields: Vec<FieldId>,
    /// It is offered only then.
    pub when: When,
    /// It is refused, with a message, unless these hold.
    pub guards: Vec<Guard>,
    /// It must be taken early enough.
    pub lead: Option<Lead>,
    /// Where each outcome leads.
    pub outcomes: Vec<(Outcome, StateId)>,
    /// What follows by itself.
    pub then: Vec<Follow>,
}

/// How a step is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Approved: what the record holds is bound.
    Approve,
    /// Taken.
    Done,
    /// Refused; needs a reason.
    Refuse,
    /// Back for mending; needs a reason, voids signatures given so far.
    Return,
    /// Taken back by the one who filed; needs a reason.
    TakeBack,
}

/// Who signs a step, and how many.
#[derive(Debug, Clone)]
pub enum Signers {
    /// So many different people, each by any of the rules.
    People {
        /// The rules.
        by: Vec<ActorRule>,
        /// How many.
        need: u32,
        /// Different people who do not stand in for each other, each by passkey.
        two_person: bool,
        /// Who may fill up where the unit has too few.
        if_short: Vec<ActorRule>,
    },
    /// Seats computed when the step becomes open.
    Seats {
        /// The seats.
        seats: Vec<Seat>,
        /// How many of them must sign; `None`: all.
        need: Option<u32>,
        /// Nobody fills two.
        two_person: bool,
    },
}

/// A seat of a co-signed step.
#[derive(Debug, Clone)]
pub struct Seat {
    /// Who may fill it.
    pub rule: ActorRule,
    /// One seat for each element of this field, which the rule knows as `each`.
    pub each: Option<FieldId>,
}

/// What must hold for a step to be taken. Without an answer it does not hold.
#[derive(Debug, Clone)]
pub struct Guard {
    /// The rule.
    pub rule: Condition,
    /// The outcomes it guards.
    pub on: Vec<Outcome>,
    /// What is said when it does not hold.
    pub message: Label,
}

/// The last day to take a step.
#[derive(Debug, Clone)]
pub struct Lead {
    /// Before this date or moment.
    pub before: Condition,
    /// So long.
    pub limit: Limit,
    /// What becomes of the last day when it is off.
    pub roll: Roll,
}

/// A clock.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Its id.
    pub id: ClockId,
    /// Its name.
    pub label: Label,
    /// The clauses it serves.
    pub clauses: Vec<ClauseId>,
    /// It runs while the record is in one of these.
    pub runs: Vec<StateId>,
    /// It runs only when this holds on entering.
    pub when: When,
    /// When it runs out.
    pub due: Due,
    /// What happens before, at and after that.
    pub then: Vec<Escalation>,
}

/// When a clock runs out.
#[derive(Debug, Clone)]
pub enum Due {
    /// So long after entering the state.
    Entered {
        /// How long.
        limit: Limit,
        /// For limits in days.
        roll: Roll,
    },
    /// So long after a date or moment.
    After {
        /// The date or moment.
        value: Condition,
        /// How long.
        limit: Limit,
        /// For limits in days.
        roll: Roll,
    },
    /// So long before a date or moment.
    Before {
        /// The date or moment.
        value: Condition,
        /// How long.
        limit: Limit,
        /// For limits in days.
        roll: Roll,
    },
    /// At a date (its end) or moment.
    Until {
        /// The date or moment.
        value: Condition,
    },
}

/// What happens around the time something is due.
#[derive(Debug, Clone)]
pub struct Escalation {
    /// When.
    pub at: EscalationTime,
    /// Only when this holds.
    pub when: When,
    /// What.
    pub effect: Effect,
}

/// When an escalation happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EscalationTime {
    /// When it is due.
    Due,
    /// So long before.
    Early(Limit),
    /// So long after.
    Late(Limit),
}

/// What follows a step by itself.
#[derive(Debug, Clone)]
pub struct Follow {
    /// After these outcomes.
    pub on: Vec<Outcome>,
    /// Only when this holds.
    pub when: When,
    /// What.
    pub effect: Effect,
}

/// Something that happens by itself.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Fields of other records change.
    Change {
        /// The record or records: a condition of type reference or list of references.
        records: Condition,
        /// Their register.
        register: RegisterId,
        /// Fields there, conditions here.
        set: Vec<(FieldId, Condition)>,
    },
    /// Content of records is destroyed for good.
    Destroy {
        /// The records.
        records: Condition,
    },
    /// Something leaves Ward through the outbox.
    Hook {
        /// Which.
        hook: HookId,
        /// What is given to it.
        give: Vec<(FieldId, Condition)>,
    },
    /// A record is opened by the opening step of its register that the system takes.
    Open {
        /// The register.
        register: RegisterId,
        /// That step.
        step: StepId,
        /// Fields there, conditions here.
        set: Vec<(FieldId, Condition)>,
    },
    /// Fields of this record change.
    Set(Vec<(FieldId, Condition)>),
    /// A step is taken for the system.
    Take {
        /// The step.
        step: StepId,
        /// Of these records; of this one when absent.
        of: Option<Condition>,
        /// The register they are of.
        register: RegisterId,
    },
    /// A notice.
    Tell {
        /// To whom.
        to: Vec<ActorRule>,
        /// What it says.
        text: Template,
    },
}

impl Flow {
    /// A state by its id.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<&State> {
        self.states.iter().find(|state| state.id == *id)
    }

    /// A step by its id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// A clock by its id.
    #[must_use]
    pub fn clock(&self, id: &str) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.id == *id)
    }
}

impl Step {
    /// Does it open a record?
    #[must_use]
    pub fn opens(&self) -> bool {
        self.from.is_empty()
    }

    /// May the system take it, and nobody else?
    #[must_use]
    pub fn by_system(&self) -> bool {
        matches!(&self.signers, Signers::People { by, .. } if by.iter().all(|rule| matches!(rule.who, crate::Who::System)))
    }

    /// The state an outcome leads to.
    #[must_use]
    pub fn to(&self, outcome: Outcome) -> Option<&StateId> {
        self.outcomes.iter().find(|(one, _)| *one == outcome).map(|(_, state)| state)
    }
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Approve, Self::Done, Self::Refuse, Self::Return, Self::TakeBack];

    /// Its word in files and statements.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Done => "done",
            Self::Refuse => "refuse",
            Self::Return => "return",
            Self::TakeBack => "take_back",
        }
    }

    /// By its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    /// Must a reason be given?
    #[must_use]
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::Refuse | Self::Return | Self::TakeBack)
    }

    /// Does the case go on as wished?
    #[must_use]
    pub const fn is_forward(self) -> bool {
        matches!(self, Self::Approve | Self::Done)
    }
}
