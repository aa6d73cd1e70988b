//! Applying events: from what was, and what happened, to what is.
//!
//! Invariant: total over the events of one ledger in order; reads no pack, no clock and no other record.

use crate::case::{Approval, Bound, Case, Content, Object, Occurrence, Running, Series, Taken};
use crate::event::{Body, Entered, Event, Subject, VoidCause};
use crate::state::{ApplyError, State};
use crate::{DutyKey, Mark};
use model::Actor;
use regulation::{FieldId, StepId};
use std::collections::BTreeSet;
use std::sync::Arc;

impl State {
    /// Applies an event; `entered` says where it stands in the ledger, once it does.
    ///
    /// # Errors
    /// The event cannot have followed those before it; nothing has changed then.
    pub fn apply(&mut self, event: &Event, entered: Option<Entered>) -> Result<(), ApplyError> {
        let Event { subject, actor, at, body, unit, private, .. } = event;
        let (subject, actor, body) = (subject.clone(), actor.clone(), body.clone());
        let needed =
            Event { subject, form: None, unit: *unit, actor, at: *at, body, signed: None, private: *private };
        self.apply_owned(needed, entered)
    }

    /// The same for an event that nobody needs any more: what it holds goes into the case as it is.
    ///
    /// # Errors
    /// As [`State::apply`].
    pub fn apply_owned(&mut self, event: Event, entered: Option<Entered>) -> Result<(), ApplyError> {
        self.apply_beside(&event)?;
        let Subject::Record(record) = event.subject else { return Ok(()) };
        if let Body::Opened { .. } = event.body {
            if self.cases.contains_key(&record) {
                return Err(ApplyError::Twice(record));
            }
            if let Some(case) = open(event, record, entered) {
                self.cases.insert(record, Arc::new(case));
            }
            return Ok(());
        }
        let case = self.cases.get_mut(&record).ok_or(ApplyError::Unopened { kind: event.kind() })?;
        change(Arc::make_mut(case), event, entered);
        Ok(())
    }

    /// Applies what an event says of sequences and duties, and nothing of its case: what remains to be applied once
    /// the case's content is destroyed.
    ///
    /// # Errors
    /// As [`State::apply`].
    pub fn apply_beside(&mut self, event: &Event) -> Result<(), ApplyError> {
        match &event.body {
            Body::Numbered { sequence, place, .. } => {
                let last = self.sequences.get(sequence).copied().unwrap_or(0);
                if *place != last + 1 {
                    return Err(ApplyError::Gap { sequence: sequence.clone(), last, place: *place });
                }
                self.sequences.insert(sequence.clone(), *place);
            }
            Body::DutyOpened { key, version, due_on, due, record, points } => {
                let series = Series { last: Some(key.nominal), missing: None };
                self.series.insert((key.duty.clone(), key.object.clone()), series);
                let occurrence = Occurrence {
                    version: *version,
                    due_on: *due_on,
                    due: *due,
                    record: *record,
                    points: points.clone(),
                    done_at: None,
                };
                self.occurrences.insert(key.clone(), occurrence);
            }
            Body::DutyChased { key, point, .. } => {
                self.owed(key, event)?.points.retain(|one| one.index != point.index);
            }
            Body::DutyDone { key, .. } => {
                let occurrence = self.owed(key, event)?;
                occurrence.done_at = Some(event.at);
                occurrence.points.clear();
            }
            Body::DutyReopened { key, record } => self.owed(key, event)?.record = *record,
            Body::CalendarMissing { object, day } => {
                if let Some(series) = self.series_of(event, object) {
                    series.missing = Some(*day);
                }
            }
            Body::DutyBegun { object, from } => {
                if let Some(series) = self.series_of(event, object) {
                    *series = Series { last: Some(from.plus_days(-1)), missing: None };
                }
            }
            Body::DutyRested { object } => {
                if let Some(series) = self.series_of(event, object) {
                    *series = Series { last: None, missing: None };
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn series_of(&mut self, event: &Event, object: &Object) -> Option<&mut Series> {
        let Subject::Duty(duty) = &event.subject else { return None };
        let series = self.series.entry((duty.clone(), object.clone()));
        Some(series.or_insert(Series { last: None, missing: None }))
    }

    fn owed(&mut self, key: &DutyKey, event: &Event) -> Result<&mut Occurrence, ApplyError> {
        self.occurrences.get_mut(key).ok_or(ApplyError::NotOwed { kind: event.kind() })
    }
}

fn open(event: Event, record: model::RecordId, entered: Option<Entered>) -> Option<Case> {
    let Body::Opened {
        register,
        version,
        step,
        unit,
        state,
        ending,
        content,
        asked,
        grade,
        paper,
        occurred_at,
        late_reason,
        rooted,
    } = event.body
    else {
        return None;
    };
    let (opened_by, opened_for) = match &event.actor {
        Actor::Machine { .. } => (None, None),
        Actor::Person(person) => (Some(person.person), person.acting_for),
    };
    let taken = Taken {
        at: event.at,
        by: opened_by.into_iter().chain(opened_for).collect(),
        outcome: regulation::Outcome::Done,
        entry: entered.map(|entered| entered.number),
    };
    Some(Case {
        record,
        register,
        version,
        unit,
        state,
        entered_at: event.at,
        ending,
        closed_at: ending.map(|_| event.at),
        opened_by,
        opened_for,
        opened_at: event.at,
        occurred_at: occurred_at.unwrap_or(event.at),
        late_reason,
        grade,
        paper,
        number: None,
        content,
        reckoned: Content::default(),
        bound: bound(entered),
        asked,
        pending: Vec::new(),
        taken: [(step, taken)].into(),
        approvals: Vec::new(),
        seats: [].into(),
        clocks: [].into(),
        links: Vec::new(),
        origin: rooted.origin,
        duty: rooted.duty,
        revision: 1,
    })
}

fn bound(entered: Option<Entered>) -> Option<Bound> {
    entered.map(|entered| Bound { entry: entered.number, hash: entered.content })
}

fn change(case: &mut Case, event: Event, entered: Option<Entered>) {
    case.revision += 1;
    match event.body {
        Body::ApprovalVoided { step, .. } => void(case, &step),
        Body::Belongs { unit } => case.unit = unit,
        Body::Changed { content, .. } => fill(case, content, entered),
        Body::Linked(link) => case.links.push(link),
        Body::Moved { .. } => move_over(case, event.body, entered),
        Body::Numbered { number, .. } => case.number = Some(number),
        Body::Reckoned { values } => case.reckoned = values,
        Body::Graded { grade, paper } => (case.grade, case.paper) = (grade, paper),
        Body::SentBack { to } => {
            case.state = to;
            case.entered_at = event.at;
            case.ending = None;
            case.closed_at = None;
            case.seats.clear();
        }
        Body::ClockFired { clock, point, .. } => {
            if let Some(running) = case.clocks.get_mut(&clock) {
                running.points.retain(|one| one.index != point.index);
            }
        }
        Body::ClockSet { clock, due, points } => drop(case.clocks.insert(clock, Running { due, points })),
        Body::ClockStopped { clock } => drop(case.clocks.remove(&clock)),
        Body::SeatsSet { step, seats } => drop(case.seats.insert(step, seats)),
        Body::SignaturesVoided { people, .. } => case.pending.retain(|mark| !people.contains(&mark.person)),
        Body::Signed { .. } => sign(case, event, entered),
        Body::Taken { .. } => take(case, event, entered),
        Body::CalendarMissing { .. }
        | Body::Condemned { .. }
        | Body::DutyBegun { .. }
        | Body::DutyChased { .. }
        | Body::DutyDone { .. }
        | Body::DutyOpened { .. }
        | Body::DutyReopened { .. }
        | Body::DutyRested { .. }
        | Body::EffectRefused { .. }
        | Body::HookAnswered { .. }
        | Body::HookAsked { .. }
        | Body::Notice { .. }
        | Body::Opened { .. } => {}
    }
}

/// Approvals of a step no longer stand.
fn void(case: &mut Case, step: &StepId) {
    for approval in case.approvals.iter_mut().filter(|one| one.step == *step) {
        approval.standing = false;
    }
}

/// The content is another one, which signatures find in the entry that holds it.
fn fill(case: &mut Case, content: Content, entered: Option<Entered>) {
    case.content = content;
    case.bound = bound(entered);
}

fn move_over(case: &mut Case, body: Body, entered: Option<Entered>) {
    let Body::Moved { to, state, states, content, fields, .. } = body else { return };
    case.version = to;
    case.state = state;
    fill(case, content, entered);
    case.seats.clear();
    case.clocks.clear();
    let renamed = |set: &mut BTreeSet<FieldId>| {
        *set = set.iter().filter_map(|field| fields.get(field).cloned()).collect();
    };
    renamed(&mut case.asked);
    for approval in &mut case.approvals {
        renamed(&mut approval.fields);
        if let Some(now) = states.get(&approval.from) {
            approval.from = now.clone();
        }
    }
}

fn sign(case: &mut Case, event: Event, entered: Option<Entered>) {
    let Body::Signed { step, outcome, chairs, evidence, content, happened, .. } = event.body else { return };
    if let Some(content) = content {
        fill(case, content, entered);
    }
    if let Some(happened) = happened {
        case.occurred_at = happened.at.unwrap_or(event.at);
        case.late_reason = happened.late_reason;
    }
    if let Actor::Person(person) = event.actor {
        let (person, acting_for) = (person.person, person.acting_for);
        case.pending.push(Mark { step, outcome, person, acting_for, chairs, evidence, at: event.at });
    }
}

fn take(case: &mut Case, event: Event, entered: Option<Entered>) {
    let Body::Taken { step, outcome, by, from, to, ending, binds, asked, .. } = event.body else { return };
    if from != to {
        case.entered_at = event.at;
    }
    case.state = to;
    case.ending = ending;
    case.closed_at = ending.map(|_| event.at);
    case.pending.clear();
    case.seats.clear();
    case.asked.extend(asked);
    if let Some(fields) = binds {
        void(case, &step);
        case.approvals.push(Approval { step: step.clone(), from, fields, standing: true });
    }
    let entry = entered.map(|entered| entered.number);
    case.taken.insert(step, Taken { at: event.at, by, outcome, entry });
}

impl VoidCause {
    /// Does the case go back because of it?
    #[must_use]
    pub const fn sends_back(self) -> bool {
        matches!(self, Self::Changed)
    }
}
