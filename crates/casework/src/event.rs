//! Events: what happened, with every result resolved.
//!
//! Invariants: a kind with its version keeps its meaning for good; what a signature covers holds nothing that the
//! moment of recording decides (no number, no due time), so that it is the same when shown and when entered.
//! Source: `docs/format.md` §2 (kinds, forms).

use crate::case::{
    ContentHash, DutyKey, Ending, EntryNumber, Link, Object, Point, Reference, Seats, outcome,
};
use crate::command::Signed;
use crate::{Bound, Content};
use model::{Actor, CivilDate, Evidence, Instant, PersonId, RecordId, UnitId};
use regulation::{ClockId, DutyId, FieldId, GradeId, HookId, Outcome, RegisterId, RoleId, StateId, StepId};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// To what.
    pub subject: Subject,
    /// Form and version of its record, for example `fault/3`; none for what has no form.
    pub form: Option<String>,
    /// The unit charged.
    pub unit: Option<UnitId>,
    /// Who acted.
    pub actor: Actor,
    /// When it was decided.
    pub at: Instant,
    /// What happened.
    pub body: Body,
    /// The signature the entry carries.
    pub signed: Option<Box<Signed>>,
    /// Is the body to be sealed? It is where it has fields that must not be in clear, and where it tells of a record
    /// that may be destroyed one day.
    pub private: bool,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A record.
    Record(RecordId),
    /// A duty.
    Duty(DutyId),
}

/// Where an event was entered; what signatures refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// The entry's number.
    pub number: EntryNumber,
    /// Its content hash.
    pub content: ContentHash,
}

/// Where a record comes from that was not opened by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rooted {
    /// The entry that raised the alarm for which it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<EntryNumber>,
    /// The record whose effect opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Reference>,
    /// The occurrence of a duty it is to prove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<DutyKey>,
}

/// When something happened that the system had opened a record for, as the first who acted on it said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// When; none: as it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Instant>,
    /// Why it is recorded late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_reason: Option<String>,
}

/// Why an approval or a signature is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VoidCause {
    /// Who signed may no longer sign this case: they became a deputy of someone it concerns.
    Barred,
    /// What it covered was changed.
    Changed,
    /// Another record's effect changed what it covered.
    Effect,
    /// The case went to another version of the pack.
    Moved,
    /// The case was returned for mending.
    Returned,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Addressee {
    /// A person.
    Person(PersonId),
    /// Holders of a role, in a unit or anywhere, or also above it.
    Role {
        /// The role.
        role: RoleId,
        /// The unit.
        unit: Option<UnitId>,
        /// Also in those above it.
        above: bool,
    },
}

/// What happened. As JSON its kind stands among its members: `spelled` writes and reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub enum Body {
    /// An approval no longer holds.
    #[serde(rename = "approval.voided/1")]
    ApprovalVoided {
        /// The step that was approved.
        step: StepId,
        /// Why it is void.
        cause: VoidCause,
        /// The fields that were changed.
        fields: Vec<FieldId>,
    },
    /// A record belongs to another unit, since what it holds has changed.
    #[serde(rename = "case.belongs/1")]
    Belongs {
        /// The unit.
        unit: UnitId,
    },
    /// A field, or several, were changed by the flow or by an effect.
    #[serde(rename = "case.changed/1")]
    Changed {
        /// The whole content afterwards.
        content: Content,
        /// The fields that changed.
        fields: Vec<FieldId>,
        /// The record whose effect it is; none for the record itself.
        by: Option<Reference>,
    },
    /// A record was linked with another.
    #[serde(rename = "case.linked/1")]
    Linked(Link),
    /// A case went to another version of its pack.
    #[serde(rename = "case.moved/1")]
    Moved {
        /// The version it came from.
        from: u32,
        /// The version it is on now.
        to: u32,
        /// Its state there.
        state: StateId,
        /// Former state, state now, of those it may be sent back to and that are called otherwise.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        states: BTreeMap<StateId, StateId>,
        /// Its content there.
        content: Content,
        /// Former field, field now.
        fields: BTreeMap<FieldId, FieldId>,
    },
    /// A record was given its number.
    #[serde(rename = "case.numbered/1")]
    Numbered {
        /// The number.
        number: String,
        /// Whose sequence it is.
        sequence: String,
        /// Its place in that sequence, from 1.
        place: u32,
    },
    /// A record was opened.
    #[serde(rename = "case.opened/1")]
    Opened {
        /// Its register.
        register: RegisterId,
        /// The version of the pack.
        version: u32,
        /// The opening step.
        step: StepId,
        /// The unit it belongs to.
        unit: UnitId,
        /// The state it is in.
        state: StateId,
        /// The end that state is.
        ending: Option<Ending>,
        /// Its whole content.
        content: Content,
        /// The fields that were asked.
        asked: BTreeSet<FieldId>,
        /// Its grade.
        grade: GradeId,
        /// Is it kept on paper?
        paper: bool,
        /// When it happened, where that was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_at: Option<Instant>,
        /// Why it was recorded late.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        late_reason: Option<String>,
        /// Where it comes from.
        #[serde(flatten)]
        rooted: Rooted,
    },
    /// Computed fields were reckoned anew.
    #[serde(rename = "case.reckoned/1")]
    Reckoned {
        /// All computed fields with their values.
        values: Content,
    },
    /// A change of what was approved put the case back.
    #[serde(rename = "case.sent-back/1")]
    SentBack {
        /// The state it is in now.
        to: StateId,
    },
    /// A clock came to one of its points.
    #[serde(rename = "clock.fired/1")]
    ClockFired {
        /// The clock.
        clock: ClockId,
        /// The point.
        point: Point,
        /// Was the system down when it should have fired?
        late_by_outage: bool,
    },
    /// A clock was set.
    #[serde(rename = "clock.set/1")]
    ClockSet {
        /// The clock.
        clock: ClockId,
        /// When it runs out.
        due: Instant,
        /// What happens around that time.
        points: Vec<Point>,
    },
    /// A clock was stopped.
    #[serde(rename = "clock.stopped/1")]
    ClockStopped {
        /// The clock.
        clock: ClockId,
    },
    /// Content is to be destroyed.
    #[serde(rename = "content.condemned/1")]
    Condemned {
        /// Of these records.
        records: Vec<Reference>,
    },
    /// The office calendar does not reach a duty's next day.
    #[serde(rename = "duty.calendar-missing/1")]
    CalendarMissing {
        /// What the duty is for.
        object: Object,
        /// The day that was asked for.
        day: CivilDate,
    },
    /// A duty is owed for an object from a day on.
    #[serde(rename = "duty.begun/1")]
    DutyBegun {
        /// What it is for.
        object: Object,
        /// The first day it is owed.
        from: CivilDate,
    },
    /// An occurrence of a duty was chased.
    #[serde(rename = "duty.chased/1")]
    DutyChased {
        /// Which.
        key: DutyKey,
        /// The point.
        point: Point,
        /// Was the system down when it should have been?
        late_by_outage: bool,
    },
    /// An occurrence of a duty was done.
    #[serde(rename = "duty.done/1")]
    DutyDone {
        /// Which.
        key: DutyKey,
        /// The record that proves it.
        record: RecordId,
        /// By the time it was due?
        on_time: bool,
    },
    /// An occurrence of a duty was opened.
    #[serde(rename = "duty.opened/1")]
    DutyOpened {
        /// Which.
        key: DutyKey,
        /// The version of the pack.
        version: u32,
        /// The day it is due.
        due_on: CivilDate,
        /// When it is due.
        due: Instant,
        /// The record that is to prove it.
        record: RecordId,
        /// What happens around that time.
        points: Vec<Point>,
    },
    /// The record that was to prove a duty ended otherwise; another was opened.
    #[serde(rename = "duty.reopened/1")]
    DutyReopened {
        /// Which.
        key: DutyKey,
        /// The record that is to prove it now.
        record: RecordId,
    },
    /// A duty is no longer owed for an object, until it begins anew.
    #[serde(rename = "duty.rested/1")]
    DutyRested {
        /// What it was for.
        object: Object,
    },
    /// What should have followed by itself was refused.
    #[serde(rename = "effect.refused/1")]
    EffectRefused {
        /// Why, in Traditional Chinese.
        zh: String,
        /// Why, in English.
        en: String,
    },
    /// Something came back from a hook.
    #[serde(rename = "hook.answered/1")]
    HookAnswered {
        /// Which hook.
        hook: HookId,
        /// The entry that asked.
        asked: EntryNumber,
        /// Was it done?
        done: bool,
        /// What it said.
        text: String,
    },
    /// Something is to leave through the outbox.
    #[serde(rename = "hook.asked/1")]
    HookAsked {
        /// Which hook.
        hook: HookId,
        /// What it is given.
        give: BTreeMap<FieldId, Json>,
    },
    /// People are to be told.
    #[serde(rename = "notice.sent/1")]
    Notice {
        /// Who.
        to: Vec<Addressee>,
        /// What, in Traditional Chinese.
        zh: String,
        /// What, in English.
        en: String,
    },
    /// The seats of an open step were computed.
    #[serde(rename = "seats.set/1")]
    SeatsSet {
        /// The step.
        step: StepId,
        /// Its seats.
        seats: Seats,
    },
    /// Signatures on a step that is not complete no longer count.
    #[serde(rename = "signatures.voided/1")]
    SignaturesVoided {
        /// Why.
        cause: VoidCause,
        /// Whose, on which step.
        people: Vec<PersonId>,
    },
    /// Somebody signed a step.
    #[serde(rename = "step.signed/1")]
    Signed {
        /// The step.
        step: StepId,
        /// The outcome.
        #[serde(with = "outcome")]
        outcome: Outcome,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Seats the signer may fill.
        chairs: Vec<u32>,
        /// How it is supported.
        evidence: Evidence,
        /// The whole content, where the step changed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Content>,
        /// The fields that changed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<FieldId>,
        /// The policy that granted it beyond the flow.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<String>,
        /// When it happened, where that was asked. It comes with the content, so that the signature covers it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        happened: Option<Happened>,
    },
    /// A step is complete.
    #[serde(rename = "step.taken/1")]
    Taken {
        /// The step.
        step: StepId,
        /// The outcome.
        #[serde(with = "outcome")]
        outcome: Outcome,
        /// Everyone whose signature counts, the person signed for included.
        by: Vec<PersonId>,
        /// The state before.
        from: StateId,
        /// The state now.
        to: StateId,
        /// The end that state is.
        ending: Option<Ending>,
        /// The fields an approval binds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        binds: Option<BTreeSet<FieldId>>,
        /// The fields the step asked.
        asked: BTreeSet<FieldId>,
        /// The content the decision is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Bound>,
        /// The entry of the former decision on this step, which this one supersedes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        supersedes: Option<EntryNumber>,
    },
    /// A record's grade or its being on paper changed with its content.
    #[serde(rename = "case.graded/1")]
    Graded {
        /// Its grade.
        grade: GradeId,
        /// Is it kept on paper?
        paper: bool,
    },
}

impl Event {
    /// Kind and version, for the header of its entry.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.body.kind()
    }

    /// Its body as canonical JSON.
    ///
    /// # Errors
    /// Never in fact: bodies hold texts, small whole numbers and what was read from JSON.
    pub fn body_bytes(&self) -> Result<Vec<u8>, proof::json::JsonError> {
        proof::json::canonical(&self.body)
    }

    /// The record it happened to.
    #[must_use]
    pub const fn record(&self) -> Option<RecordId> {
        match self.subject {
            Subject::Record(record) => Some(record),
            Subject::Duty(_) => None,
        }
    }

    /// The register of the record it happened to; none for what has no form.
    #[must_use]
    pub fn register(&self) -> Option<RegisterId> {
        Some(read_form(self.form.as_deref()?)?.0)
    }
}

/// A form as headers of entries spell it: the register, with `-` for `_`, and the version.
#[must_use]
pub fn form_of(register: &RegisterId, version: u32) -> String {
    format!("{}/{version}", register.as_str().replace('_', "-"))
}

/// Register and version of a form such as `duty-sheet/3`.
#[must_use]
pub fn read_form(form: &str) -> Option<(RegisterId, u32)> {
    let (register, version) = form.split_once('/')?;
    Some((register.replace('-', "_").parse().ok()?, version.parse().ok()?))
}

impl Body {
    /// Kind and version.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::ApprovalVoided { .. } => "approval.voided/1",
            Self::Belongs { .. } => "case.belongs/1",
            Self::Changed { .. } => "case.changed/1",
            Self::Linked(_) => "case.linked/1",
            Self::Moved { .. } => "case.moved/1",
            Self::Numbered { .. } => "case.numbered/1",
            Self::Opened { .. } => "case.opened/1",
            Self::Reckoned { .. } => "case.reckoned/1",
            Self::SentBack { .. } => "case.sent-back/1",
            Self::ClockFired { .. } => "clock.fired/1",
            Self::ClockSet { .. } => "clock.set/1",
            Self::ClockStopped { .. } => "clock.stopped/1",
            Self::Condemned { .. } => "content.condemned/1",
            Self::CalendarMissing { .. } => "duty.calendar-missing/1",
            Self::DutyBegun { .. } => "duty.begun/1",
            Self::DutyChased { .. } => "duty.chased/1",
            Self::DutyDone { .. } => "duty.done/1",
            Self::DutyOpened { .. } => "duty.opened/1",
            Self::DutyReopened { .. } => "duty.reopened/1",
            Self::DutyRested { .. } => "duty.rested/1",
            Self::EffectRefused { .. } => "effect.refused/1",
            Self::Graded { .. } => "case.graded/1",
            Self::HookAnswered { .. } => "hook.answered/1",
            Self::HookAsked { .. } => "hook.asked/1",
            Self::Notice { .. } => "notice.sent/1",
            Self::SeatsSet { .. } => "seats.set/1",
            Self::SignaturesVoided { .. } => "signatures.voided/1",
            Self::Signed { .. } => "step.signed/1",
            Self::Taken { .. } => "step.taken/1",
        }
    }

    /// Does it tell of content, in whatever words? What does not may stay in clear for good.
    #[must_use]
    pub const fn tells(&self) -> bool {
        match self {
            // A due time is reckoned from a date, seats from people who were filled in.
            Self::Changed { .. }
            | Self::ClockFired { .. }
            | Self::ClockSet { .. }
            | Self::EffectRefused { .. }
            | Self::Graded { .. }
            | Self::HookAnswered { .. }
            | Self::HookAsked { .. }
            | Self::Moved { .. }
            | Self::Notice { .. }
            | Self::Opened { .. }
            | Self::Reckoned { .. }
            | Self::SeatsSet { .. } => true,
            Self::Signed { reason, content, .. } => reason.is_some() || content.is_some(),
            _ => false,
        }
    }

    /// The whole content, where the event carries it.
    #[must_use]
    pub const fn content(&self) -> Option<&Content> {
        match self {
            Self::Changed { content, .. } | Self::Moved { content, .. } | Self::Opened { content, .. } => {
                Some(content)
            }
            Self::Signed { content, .. } => content.as_ref(),
            Self::Reckoned { values } => Some(values),
            _ => None,
        }
    }
}
