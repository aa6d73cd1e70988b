//! What follows by itself: notices, changes, records opened, steps taken, hooks.

use super::content::{NOBODY, changed};
use super::show::written;
use super::step::Opening;
use super::words::Recorded;
use super::{Acting, DEEPEST, Deciding};
use crate::around::Records;
use crate::case::{Case, Content, Link, Object, Reference, Seated};
use crate::command::Fill;
use crate::event::{Addressee, Body, Rooted, VoidCause};
use crate::refusal::Refusal;
use crate::view::{View, flat};
use model::{CivilDate, Instant, RecordId};
use regulation::{ActorRule, Condition, Effect, FieldId, Outcome, RetentionStart, Roll, Step, StepId, Value};

/// What an effect arises from.
#[derive(Clone, Copy)]
pub(super) struct Cause<'c> {
    pub(super) record: RecordId,
    pub(super) step: Option<&'c StepId>,
    pub(super) object: Option<(&'c Object, CivilDate)>,
    /// What the record held before the step.
    pub(super) old: Option<&'c Content>,
    pub(super) acting: Acting<'c>,
}

impl Deciding<'_> {
    /// What follows a step. One of them refused, the step is refused.
    pub(super) fn follow(
        &mut self,
        record: RecordId,
        step: &Step,
        outcome: Outcome,
        old: Option<&Content>,
        acting: Acting<'_>,
    ) -> Result<(), Refusal> {
        let cause = Cause { record, step: Some(&step.id), object: None, old, acting };
        for follow in step.then.iter().filter(|follow| follow.on.contains(&outcome)) {
            let case = self.case(record)?;
            if self.seen_from(&case, cause)?.applies(&follow.when)? {
                self.effect(cause, &follow.effect)?;
            }
        }
        Ok(())
    }

    /// An effect that nobody waits for: refused, it leaves only the word that it was.
    pub(super) fn effect_alone(&mut self, cause: Cause<'_>, effect: &Effect) -> Result<(), Refusal> {
        let (state, events) = (self.overlay.state.clone(), self.events.len());
        let Err(refused) = self.effect(cause, effect) else { return Ok(()) };
        self.overlay.state = state;
        self.events.truncate(events);
        let case = self.case(cause.record)?;
        let told = refused.told();
        self.emit(&case, None, Body::EffectRefused { zh: told.zh, en: told.en })
    }

    pub(super) fn seen_from<'v>(&'v self, case: &'v Case, cause: Cause<'v>) -> Result<View<'v>, Refusal> {
        Ok(View { object: cause.object, old: cause.old, ..self.view(case, cause.acting)? })
    }

    fn effect(&mut self, cause: Cause<'_>, effect: &Effect) -> Result<(), Refusal> {
        if self.depth >= DEEPEST {
            return Err(Refusal::TooDeep);
        }
        self.depth += 1;
        let done = self.effect_within(cause, effect);
        self.depth -= 1;
        done
    }

    fn effect_within(&mut self, cause: Cause<'_>, effect: &Effect) -> Result<(), Refusal> {
        let case = self.case(cause.record)?;
        match effect {
            Effect::Tell { to, text } => {
                let (to, told) = {
                    let view = self.seen_from(&case, cause)?;
                    let spell = Recorded { view: &view };
                    (self.addressees(&view, to)?, written(&view, self.register(&case)?, text, &spell)?)
                };
                self.emit(&case, None, Body::Notice { to, zh: told.zh, en: told.en })
            }
            Effect::Hook { hook, give } => {
                let give = self.values(&case, cause, give)?.into_iter().filter(|(_, json)| !json.is_null());
                let body = Body::HookAsked { hook: hook.clone(), give: give.collect() };
                self.emit(&case, None, body)
            }
            Effect::Destroy { records } => {
                let records = self.condemned(&case, cause, records)?;
                self.emit(&case, None, Body::Condemned { records })
            }
            Effect::Set(set) => {
                let set = self.values(&case, cause, set)?;
                self.change(cause.record, &set, None)
            }
            Effect::Change { records, set, .. } => {
                let targets = self.references(&case, cause, records)?;
                let set = self.values(&case, cause, set)?;
                for target in targets {
                    self.change(target.record, &set, Some(case.reference()))?;
                }
                Ok(())
            }
            Effect::Take { step, of, .. } => {
                let targets = match of {
                    Some(of) => self.references(&case, cause, of)?,
                    None => vec![case.reference()],
                };
                for target in targets {
                    self.take_for_system(target.record, step, cause.acting_for_system())?;
                }
                Ok(())
            }
            Effect::Open { register, step, set } => {
                let fill = self.values(&case, cause, set)?;
                let record = (self.fresh)();
                let rooted = Rooted { origin: Some(case.reference()), ..Rooted::default() };
                self.open_for_system(&case, register, step, record, &fill, rooted)?;
                let to = Reference { register: register.clone(), record };
                let case = self.case(cause.record)?;
                self.emit(&case, None, Body::Linked(Link { to, step: cause.step.cloned() }))
            }
        }
    }

    pub(super) fn open_for_system(
        &mut self,
        from: &Case,
        register: &regulation::RegisterId,
        step: &StepId,
        record: RecordId,
        fill: &Fill,
        rooted: Rooted,
    ) -> Result<(), Refusal> {
        let fill: Fill = fill
            .iter()
            .filter(|(_, json)| !json.is_null())
            .map(|(id, json)| (id.clone(), json.clone()))
            .collect();
        let version = self.around.shelf.current().version;
        let opening = Opening {
            record,
            register,
            step,
            version,
            unit: from.unit,
            fill: &fill,
            occurred_at: None,
            late_reason: None,
            rooted,
        };
        self.open(opening, None, None)
    }

    /// Changes fields for the flow or for another record's effect.
    fn change(&mut self, record: RecordId, set: &Fill, by: Option<Reference>) -> Result<(), Refusal> {
        let case = self.case(record)?;
        let fields: Vec<FieldId> = set.keys().cloned().collect();
        let next = self.filled(&case, set, &fields, NOBODY)?;
        let fields = changed(&case.content, &next.content);
        if fields.is_empty() {
            return Ok(());
        }
        self.check(Some(&case), &next, &fields, NOBODY)?;
        self.void_signatures(&case, VoidCause::Effect)?;
        let body = Body::Changed { content: next.content, fields: fields.clone(), by: by.clone() };
        self.emit(&case, None, body)?;
        self.reckon_anew(record)?;
        self.belong(record)?;
        self.void_approvals(record, &fields, VoidCause::Effect)?;
        if let Some(to) = by {
            let case = self.case(record)?;
            if !case.links.iter().any(|link| link.to == to) {
                self.emit(&case, None, Body::Linked(Link { to, step: None }))?;
            }
        }
        self.settle(record)
    }

    /// Values for fields of another record; `null` where a condition has no value.
    pub(super) fn values(
        &self,
        case: &Case,
        cause: Cause<'_>,
        set: &[(FieldId, Condition)],
    ) -> Result<Fill, Refusal> {
        let view = self.seen_from(case, cause)?;
        let value = |(field, condition): &(FieldId, Condition)| {
            let json = view.value(condition)?.map_or(serde_json::Value::Null, |value| value.to_json());
            Ok((field.clone(), json))
        };
        set.iter().map(value).collect()
    }

    /// Records that a condition names and that are there.
    fn references(
        &self,
        case: &Case,
        cause: Cause<'_>,
        condition: &Condition,
    ) -> Result<Vec<Reference>, Refusal> {
        let named = self.named(case, cause, condition)?;
        Ok(named.into_iter().filter(|one| self.overlay.case(one.record).is_some()).collect())
    }

    fn named(&self, case: &Case, cause: Cause<'_>, condition: &Condition) -> Result<Vec<Reference>, Refusal> {
        let view = self.seen_from(case, cause)?;
        let values = view.value(condition)?.into_iter().flat_map(flat);
        let reference = |value| match value {
            Value::Reference(one) => Some(Reference { register: one.register, record: one.record }),
            _ => None,
        };
        Ok(values.filter_map(reference).collect())
    }

    /// Records to be destroyed: each is there, was sealed in the ledger, has ended and was kept as long as its register
    /// asks.
    fn condemned(
        &self,
        case: &Case,
        cause: Cause<'_>,
        condition: &Condition,
    ) -> Result<Vec<Reference>, Refusal> {
        let records = self.named(case, cause, condition)?;
        for one in &records {
            let record = self.case(one.record)?;
            if self.kept_until(&record)?.is_none_or(|until| self.around.now <= until) {
                return Err(Refusal::StillKept(one.record));
            }
        }
        Ok(records)
    }

    /// The last moment a record is to be kept; none while it has not ended.
    fn kept_until(&self, record: &Case) -> Result<Option<Instant>, Refusal> {
        let (register, rules) = (self.register(record)?, self.rules(record.version)?);
        let keep = register.retention.keep;
        let keep = keep.ok_or_else(|| Refusal::KeptForEver(register.id.clone()))?;
        let Some(closed) = record.closed_at else { return Ok(None) };
        let day = |field: &FieldId| record.content.0.get(field)?.as_str()?.parse::<CivilDate>().ok();
        let from = match &register.retention.from {
            RetentionStart::Closed => closed,
            RetentionStart::Occurred => record.occurred_at,
            RetentionStart::Field(field) => {
                day(field).map_or(closed, |day| rules.zone.moment(day, rules.day_ends))
            }
        };
        Ok(Some(keep.after(from, Roll::Keep, rules.office())?))
    }

    fn addressees(&self, view: &View<'_>, to: &[ActorRule]) -> Result<Vec<Addressee>, Refusal> {
        let mut addressees = Vec::new();
        for rule in to {
            if !view.applies(&rule.when)? {
                continue;
            }
            match self.seat(view, rule)? {
                None => {}
                Some(Seated::People { people }) => {
                    addressees.extend(people.into_iter().map(Addressee::Person))
                }
                Some(Seated::Role { role, unit, above }) => {
                    addressees.push(Addressee::Role { role, unit, above })
                }
            }
        }
        Ok(addressees)
    }
}

impl<'c> Cause<'c> {
    /// The system takes steps in nobody's name; the reason stays known.
    fn acting_for_system(self) -> Acting<'c> {
        Acting { person: None, reason: self.acting.reason }
    }
}
