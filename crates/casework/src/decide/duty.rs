//! Clocks that fire, duties that fall due, cases that move to another version.

use super::Deciding;
use super::content::NOBODY;
use super::effect::Cause;
use super::settle::points;
use super::step::Opening;
use crate::around::Records;
use crate::case::{Content, DutyKey, Ending, Object};
use crate::command::{By, Fill};
use crate::event::{Body, Rooted, VoidCause};
use crate::refusal::Refusal;
use crate::view::View;
use model::{CivilDate, RecordId, UnitId};
use regulation::{ClockId, Duty, DutyId, Escalation, Occurrence};
use std::collections::BTreeMap;

impl Deciding<'_> {
    /// A clock comes to a point; each point once.
    pub(super) fn tick(
        &mut self,
        record: RecordId,
        clock: &ClockId,
        point: u32,
        late_by_outage: bool,
    ) -> Result<(), Refusal> {
        let case = self.case(record)?;
        let running = case.clocks.get(clock).ok_or(Refusal::NotDue)?;
        let point = running.points.iter().find(|one| one.index == point && one.at <= self.around.now);
        let point = *point.ok_or(Refusal::NotDue)?;
        let found = self.register(&case)?.flow.clock(clock.as_str());
        let found = found.ok_or_else(|| Refusal::NoSuch(clock.to_string()))?;
        self.emit(&case, None, Body::ClockFired { clock: clock.clone(), point, late_by_outage })?;
        let Some(escalation) = found.then.get(point.index as usize) else { return Ok(()) };
        let cause = Cause { record, step: None, object: None, old: None, acting: NOBODY };
        self.escalate(cause, escalation)
    }

    /// What follows by itself at a point. The point has come, whatever becomes of it: a condition without an answer is
    /// told like an effect that was refused.
    fn escalate(&mut self, cause: Cause<'_>, escalation: &Escalation) -> Result<(), Refusal> {
        let case = self.case(cause.record)?;
        match self.seen_from(&case, cause)?.applies(&escalation.when) {
            Ok(true) => self.effect_alone(cause, &escalation.effect),
            Ok(false) => Ok(()),
            Err(unanswered) => {
                let told = Refusal::from(unanswered).told();
                self.emit(&case, None, Body::EffectRefused { zh: told.zh, en: told.en })
            }
        }
    }

    /// A duty begins to be owed for an object: once, until it rests.
    pub(super) fn begin_duty(
        &mut self,
        duty: &DutyId,
        object: &Object,
        from: CivilDate,
    ) -> Result<(), Refusal> {
        let found = self.around.shelf.current().duties.get(duty);
        let found = found.ok_or_else(|| Refusal::NoSuch(duty.to_string()))?;
        let owed = self.overlay.series(duty, object).is_some_and(|series| series.last.is_some());
        if owed || !crate::due::is_owed(self.around, found, object)? {
            return Err(Refusal::NotDue);
        }
        let unit = self.unit_of_object(object)?;
        self.emit_duty(duty, Some(unit), Body::DutyBegun { object: object.clone(), from })
    }

    /// A duty is no longer owed for an object. What is open stays open.
    pub(super) fn rest_duty(&mut self, duty: &DutyId, object: &Object) -> Result<(), Refusal> {
        let owed = self.overlay.series(duty, object).is_some_and(|series| series.last.is_some());
        let still = match self.around.shelf.current().duties.get(duty) {
            Some(found) => crate::due::is_owed(self.around, found, object)?,
            None => false,
        };
        if !owed || still {
            return Err(Refusal::NotDue);
        }
        let unit = self.unit_of_object(object)?;
        self.emit_duty(duty, Some(unit), Body::DutyRested { object: object.clone() })
    }

    /// An occurrence of a duty is opened, with the record that is to prove it. Where the office calendar does not
    /// reach what is counted from it, that is said instead, once.
    pub(super) fn owe(&mut self, key: &DutyKey) -> Result<(), Refusal> {
        let (state, events) = (self.overlay.state.clone(), self.events.len());
        match self.owe_now(key) {
            Err(Refusal::CalendarMissing(day)) => {
                self.overlay.state = state;
                self.events.truncate(events);
                self.calendar_missing(&key.duty, &key.object, day)
            }
            done => done,
        }
    }

    fn owe_now(&mut self, key: &DutyKey) -> Result<(), Refusal> {
        let rules = *self.around.shelf.current();
        let duty = rules.duties.get(&key.duty).ok_or_else(|| Refusal::NoSuch(key.duty.to_string()))?;
        let last = self.overlay.series(&key.duty, &key.object).and_then(|series| series.last);
        if self.overlay.occurrence(key).is_some() || last.is_none_or(|last| last >= key.nominal) {
            return Err(Refusal::NotDue);
        }
        let found = duty.repeat.between(key.nominal, key.nominal, rules.calendar)?;
        let Some(Occurrence { due: due_on, .. }) = found.first().copied() else {
            return Err(Refusal::NotDue);
        };
        let due = rules.zone.moment(due_on, duty.due.unwrap_or(rules.day_ends));
        let record = (self.fresh)();
        let body = Body::DutyOpened {
            key: key.clone(),
            version: rules.version,
            due_on,
            due,
            record,
            points: points(&duty.then, due, &rules)?,
        };
        let unit = self.unit_of_object(&key.object)?;
        self.emit_duty(&key.duty, Some(unit), body)?;
        self.open_proof(duty, key, due_on, record)
    }

    fn open_proof(
        &mut self,
        duty: &Duty,
        key: &DutyKey,
        due_on: CivilDate,
        record: RecordId,
    ) -> Result<(), Refusal> {
        let version = self.around.shelf.current().version;
        let fill: Fill = {
            let view = self.object_view(key, due_on)?;
            let value = |(field, condition): &(regulation::FieldId, regulation::Condition)| {
                Ok::<_, Refusal>(view.value(condition)?.map(|value| (field.clone(), value.to_json())))
            };
            let values = duty.set.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            values.into_iter().flatten().collect()
        };
        let opening = Opening {
            record,
            register: &duty.register,
            step: &duty.step,
            version,
            unit: self.unit_of_object(&key.object)?,
            fill: &fill,
            occurred_at: None,
            late_reason: None,
            rooted: Rooted { duty: Some(key.clone()), ..Rooted::default() },
        };
        self.open(opening, None, None)
    }

    fn object_view<'v>(&'v self, key: &'v DutyKey, due_on: CivilDate) -> Result<View<'v>, Refusal> {
        Ok(View {
            shelf: self.around.shelf,
            rules: self.around.shelf.current(),
            records: &self.overlay,
            directory: self.around.directory,
            now: self.around.now,
            case: None,
            old: None,
            actor: None,
            reason: None,
            target: None,
            each: None,
            object: Some((&key.object, due_on)),
        })
    }

    fn unit_of_object(&self, object: &Object) -> Result<UnitId, Refusal> {
        match object {
            Object::Unit(unit) => Ok(*unit),
            Object::Record(reference) => Ok(self.case(reference.record)?.unit),
        }
    }

    /// An open occurrence comes to a point around the time it is due.
    pub(super) fn chase(&mut self, key: &DutyKey, point: u32, late_by_outage: bool) -> Result<(), Refusal> {
        let occurrence = self.overlay.occurrence(key).ok_or(Refusal::NotDue)?;
        let point = occurrence.points.iter().find(|one| one.index == point && one.at <= self.around.now);
        let point = *point.ok_or(Refusal::NotDue)?;
        let rules = self.rules(occurrence.version)?;
        let duty = rules.duties.get(&key.duty).ok_or_else(|| Refusal::NoSuch(key.duty.to_string()))?;
        // What it was for may have been destroyed since.
        let unit = self.unit_of_object(&key.object).ok();
        let body = Body::DutyChased { key: key.clone(), point, late_by_outage };
        self.emit_duty(&key.duty, unit, body)?;
        let Some(escalation) = duty.then.get(point.index as usize) else { return Ok(()) };
        let object = Some((&key.object, occurrence.due_on));
        let cause = Cause { record: occurrence.record, step: None, object, old: None, acting: NOBODY };
        self.escalate(cause, escalation)
    }

    /// A record that proves a duty has come to an end: the duty is done, or another record is opened for it.
    pub(super) fn prove_duty(&mut self, record: RecordId) -> Result<(), Refusal> {
        let case = self.case(record)?;
        let (Some(key), Some(ending)) = (case.duty.clone(), case.ending) else { return Ok(()) };
        let Some(occurrence) = self.overlay.occurrence(&key) else { return Ok(()) };
        if occurrence.done_at.is_some() || occurrence.record != record {
            return Ok(());
        }
        if ending == Ending::Done {
            let on_time = self.around.now <= occurrence.due;
            let body = Body::DutyDone { key: key.clone(), record, on_time };
            return self.emit_duty(&key.duty, Some(case.unit), body);
        }
        let rules = *self.around.shelf.current();
        // A duty that the regulation no longer knows is not owed again.
        let Some(duty) = rules.duties.get(&key.duty) else { return Ok(()) };
        let next = (self.fresh)();
        let body = Body::DutyReopened { key: key.clone(), record: next };
        self.emit_duty(&key.duty, Some(case.unit), body)?;
        self.open_proof(duty, &key, occurrence.due_on, next)
    }

    /// Said once for each duty, object and day.
    pub(super) fn calendar_missing(
        &mut self,
        duty: &DutyId,
        object: &Object,
        day: CivilDate,
    ) -> Result<(), Refusal> {
        let said = self.overlay.series(duty, object).and_then(|series| series.missing);
        let missing = |day| self.around.shelf.current().calendar.day(day).is_err();
        if said.is_some_and(missing) || !missing(day) {
            return Err(Refusal::NotDue);
        }
        let unit = self.unit_of_object(object)?;
        self.emit_duty(duty, Some(unit), Body::CalendarMissing { object: object.clone(), day })
    }

    /// A case goes on under the current version, as that version says.
    pub(super) fn move_case(&mut self, by: &By, record: RecordId, seen: u32) -> Result<(), Refusal> {
        let case = self.case(record)?;
        if case.revision != seen {
            return Err(Refusal::Stale { seen, now: case.revision });
        }
        let to = *self.around.shelf.current();
        let refused = || Refusal::NoMove { from: case.version, to: to.version };
        let moves = to.moves.filter(|moves| moves.from == case.version).ok_or_else(refused)?;
        let register = to.registers.get(&case.register).ok_or_else(refused)?;
        // What stands in the ledger in clear is not made to look as if it could be destroyed.
        if self.register(&case)?.retention.keep.is_none() && register.retention.keep.is_some() {
            return Err(refused());
        }
        let state = moves.state(&case.register, &case.state);
        register.flow.state(state.as_str()).ok_or_else(refused)?;
        let known = case.content.0.keys().chain(&case.asked);
        let fields: BTreeMap<_, _> =
            known.filter_map(|former| Some((former.clone(), moves.field(&case.register, former)?))).collect();
        let mut content = Content::default();
        for (former, json) in &case.content.0 {
            let Some(now) = fields.get(former) else { continue };
            let field = register.field(now.as_str()).ok_or_else(refused)?;
            field.of().read(json).map_err(|_| refused())?;
            content.0.insert(now.clone(), json.clone());
        }
        self.void_signatures(&case, VoidCause::Moved)?;
        let actor = match by {
            By::Person(permitted) => Some(permitted.actor()),
            By::System => None,
        };
        // Where approvals that stand would send it back to.
        let again = case.approvals.iter().map(|approval| approval.from.clone());
        let states = again.map(|former| (former.clone(), moves.state(&case.register, &former)));
        let states = states.filter(|(former, now)| former != now).collect();
        let body = Body::Moved { from: case.version, to: to.version, state, states, content, fields };
        self.emit(&case, actor, body)?;
        self.reckon_anew(record)?;
        self.belong(record)?;
        self.settle_after(record, &case.clocks)
    }
}
