//! Commands: what somebody, or the system, asks to be done.

use crate::case::{DutyKey, EntryNumber, Object};
use model::{CivilDate, Evidence, Instant, Person, RecordId, UnitId};
use proof::signature::Statement;
use regulation::{ClockId, DutyId, FieldId, HookId, Outcome, RegisterId, StepId};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Who asks.
#[derive(Debug, Clone, PartialEq)]
pub enum By {
    /// A person whom the policies let act.
    Person(Permitted),
    /// A clock, a duty, an effect, a machine.
    System,
}

/// A person whose session, role and policies have been looked at. What the flow asks of the actor is judged here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permitted {
    actor: Person,
    policy: Policy,
}

/// What the pack's policies say of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: the flow alone decides.
    Silent,
    /// Granted beyond the flow, by the policy of this name.
    Granted(String),
}

/// What is filled in; `null` empties a field.
pub type Fill = BTreeMap<FieldId, Json>;

/// A signature whose cryptography has been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// What was signed.
    pub statement: Statement,
    /// How it is supported.
    pub evidence: Evidence,
    /// The salt of the entry that will carry it, where there is one.
    pub salt: Option<[u8; 16]>,
    /// The signature itself, which the entry is to carry.
    pub carried: proof::signature::Signature,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// A hook's answer has come back.
    Answer {
        /// The record it was asked for.
        record: RecordId,
        /// The hook.
        hook: HookId,
        /// The entry that asked.
        asked: EntryNumber,
        /// Was it done?
        done: bool,
        /// What it said.
        text: String,
    },
    /// A duty begins to be owed for an object.
    BeginDuty {
        /// The duty.
        duty: DutyId,
        /// What it is for.
        object: Object,
        /// The first day it is owed.
        from: CivilDate,
    },
    /// A duty's next day lies beyond the office calendar.
    CalendarMissing {
        /// The duty.
        duty: DutyId,
        /// What it is for.
        object: Object,
        /// The day.
        day: CivilDate,
    },
    /// An occurrence of a duty has come to one of its points.
    Chase {
        /// Which.
        key: DutyKey,
        /// The point's index.
        point: u32,
        /// Was the system down when it should have been chased?
        late_by_outage: bool,
    },
    /// A case is to go on under the current version of the pack.
    Move {
        /// The record.
        record: RecordId,
        /// The revision that was seen.
        seen: u32,
    },
    /// A record is to be opened.
    Open {
        /// Its id, freshly drawn.
        record: RecordId,
        /// The register.
        register: RegisterId,
        /// The opening step.
        step: StepId,
        /// What is filled in.
        fill: Fill,
        /// When it happened, where that is asked.
        occurred_at: Option<Instant>,
        /// Why it is recorded late.
        late_reason: Option<String>,
        /// The signature.
        signed: Option<Box<Signed>>,
    },
    /// A record is to be opened for an alarm, by the first step that the system may take.
    OpenForAlarm {
        /// The entry that raised it.
        alarm: EntryNumber,
        /// The register.
        register: RegisterId,
        /// The unit where the register does not say.
        unit: UnitId,
        /// What is known.
        fill: Fill,
    },
    /// The alarm for which a record was opened is over: the system takes a step of it, once.
    TakeForAlarm {
        /// The entry that raised the alarm.
        alarm: EntryNumber,
        /// The record.
        record: RecordId,
        /// The step.
        step: StepId,
    },
    /// An occurrence of a duty is to be opened.
    Owe {
        /// Which.
        key: DutyKey,
    },
    /// A duty is no longer owed for an object.
    RestDuty {
        /// The duty.
        duty: DutyId,
        /// What it was for.
        object: Object,
    },
    /// A step is to be taken, or signed by one of several.
    Take {
        /// The record.
        record: RecordId,
        /// The revision that was seen.
        seen: u32,
        /// The step.
        step: StepId,
        /// The outcome.
        outcome: Outcome,
        /// Why.
        reason: Option<String>,
        /// What is filled in.
        fill: Fill,
        /// When it happened, where that is asked: of a record that the system opened, whoever acts first says it.
        occurred_at: Option<Instant>,
        /// Why it is recorded late.
        late_reason: Option<String>,
        /// The signature.
        signed: Option<Box<Signed>>,
    },
    /// A clock has come to one of its points.
    Tick {
        /// The record.
        record: RecordId,
        /// The clock.
        clock: ClockId,
        /// The point's index.
        point: u32,
        /// Was the system down when it should have fired?
        late_by_outage: bool,
    },
}

impl Permitted {
    /// Made by whoever has asked the policies, after they did not forbid it.
    #[must_use]
    pub const fn by_policy(actor: Person, policy: Policy) -> Self {
        Self { actor, policy }
    }

    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &Person {
        &self.actor
    }

    /// The policy that grants it beyond the flow.
    #[must_use]
    pub fn granted(&self) -> Option<&str> {
        match &self.policy {
            Policy::Silent => None,
            Policy::Granted(policy) => Some(policy),
        }
    }
}
