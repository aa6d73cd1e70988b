//! What conditions see, worked out a second time: from the record, other records, people and the time alone.
//!
//! Invariant: shares no code with the engine's own view; where the two disagree a walk fails.

use crate::town::{Actor, Town};
use casework::{Case, Content, Directory, Object, Records, Seek};
use model::{CivilDate, Instant, PersonId, UnitId};
use regulation::{
    ActorAttribute, Calendar, Condition, EvalError, FieldId, GradeId, Member, Name, Piece, RecordAttribute,
    Reference, RoleId, Scope, StepAttribute, StepId, Value, When, Zone,
};

#[derive(Clone)]
pub(crate) struct Seen<'a> {
    pub(crate) town: &'a Town,
    pub(crate) case: Option<&'a Case>,
    pub(crate) old: Option<&'a Content>,
    pub(crate) actor: Option<&'a Actor>,
    pub(crate) target: Option<Reference>,
    pub(crate) each: Option<Value>,
    pub(crate) object: Option<(&'a Object, CivilDate)>,
    pub(crate) now: Instant,
}

impl<'a> Seen<'a> {
    /// What is seen apart from any record.
    pub(crate) fn of_nothing(town: &'a Town) -> Self {
        let now = town.now;
        Self { town, case: None, old: None, actor: None, target: None, each: None, object: None, now }
    }

    pub(crate) fn new(town: &'a Town, case: &'a Case) -> Self {
        Self { case: Some(case), ..Self::of_nothing(town) }
    }

    pub(crate) fn applies(&self, when: &When) -> bool {
        match when {
            When::Always => true,
            When::Never => false,
            When::If(condition) => condition.holds(self).unwrap() == Some(true),
        }
    }

    pub(crate) fn value(&self, condition: &Condition) -> Option<Value> {
        match condition.eval(self) {
            Ok(value) => Some(value),
            Err(EvalError::Missing(_)) => None,
            Err(error) => panic!("{}: {error}", condition.text()),
        }
    }

    pub(crate) fn people(&self, condition: &Condition) -> Vec<PersonId> {
        let person = |value| match value {
            Value::Person(person) => Some(person),
            _ => None,
        };
        self.values(condition).into_iter().filter_map(person).collect()
    }

    pub(crate) fn references(&self, condition: &Condition) -> Vec<Reference> {
        let reference = |value| match value {
            Value::Reference(reference) => Some(reference),
            _ => None,
        };
        self.values(condition).into_iter().filter_map(reference).collect()
    }

    pub(crate) fn unit(&self, condition: &Condition) -> Option<UnitId> {
        match self.value(condition) {
            Some(Value::Unit(unit)) => Some(unit),
            _ => None,
        }
    }

    fn values(&self, condition: &Condition) -> Vec<Value> {
        match self.value(condition) {
            None => Vec::new(),
            Some(Value::List(values)) => values,
            Some(value) => vec![value],
        }
    }

    /// Could this text have come of these pieces, whatever the values between them are?
    pub(crate) fn could_be(pieces: &[Piece], text: &str) -> bool {
        let mut rest = text;
        for piece in pieces {
            if let Piece::Text(part) = piece {
                let Some(at) = rest.find(&**part) else { return false };
                rest = &rest[at + part.len()..];
            }
        }
        true
    }

    fn of_case(&self, case: &Case, content: &Content, field: &FieldId) -> Result<Option<Value>, EvalError> {
        let json = content.0.get(field).or_else(|| case.reckoned.0.get(field));
        let register = self.town.pack.register(case.register.as_str()).unwrap();
        let of = register.field(field.as_str()).unwrap().of();
        Ok(json.map(|json| of.read(json).unwrap()))
    }

    fn found(&self, id: &str) -> Result<Value, EvalError> {
        let case = self.case.unwrap();
        let register = self.town.pack.register(case.register.as_str()).unwrap();
        let lookup = register.lookup(id).unwrap();
        let mut equal = Vec::new();
        for (field, condition) in &lookup.matches {
            equal.push((field.clone(), condition.eval(self)?.to_json()));
        }
        let states = lookup.states.clone();
        let seek = Seek { register: lookup.register.clone(), equal, states, but: Some(case.record) };
        let mut found = Vec::new();
        for one in self.town.kept.find(&seek) {
            let target = Reference { register: one.register, record: one.record };
            let aimed = Seen { target: Some(target.clone()), ..self.clone() };
            let fits = match &lookup.only {
                Some(only) => only.holds(&aimed)? == Some(true),
                None => true,
            };
            if fits {
                found.push(Value::Reference(target));
            }
        }
        Ok(Value::List(found))
    }
}

fn of_record(case: &Case, attribute: RecordAttribute) -> Option<Value> {
    Some(match attribute {
        RecordAttribute::ClosedAt => Value::Moment(case.closed_at?),
        RecordAttribute::Grade => Value::Grade(case.grade.clone()),
        RecordAttribute::Number => Value::text(case.number.as_ref()?),
        RecordAttribute::OccurredAt => Value::Moment(case.occurred_at),
        RecordAttribute::OpenedAt | RecordAttribute::RecordedAt => Value::Moment(case.opened_at),
        RecordAttribute::OpenedBy => Value::Person(case.opened_by?),
        RecordAttribute::State => Value::word(case.state.as_str()),
        RecordAttribute::Unit => Value::Unit(case.unit),
    })
}

fn of_step(case: &Case, step: &StepId, attribute: StepAttribute) -> Option<Value> {
    let taken = case.taken.get(step)?;
    Some(match attribute {
        StepAttribute::At => Value::Moment(taken.at),
        StepAttribute::By => Value::List(taken.by.iter().copied().map(Value::Person).collect()),
        StepAttribute::Outcome => Value::word(taken.outcome.word()),
    })
}

impl Scope for Seen<'_> {
    fn name(&self, name: &Name) -> Result<Option<Value>, EvalError> {
        Ok(match name {
            Name::Actor(ActorAttribute::Person) => self.actor.map(|actor| Value::Person(actor.post.person)),
            Name::Actor(ActorAttribute::Role) => {
                self.actor.map(|actor| Value::word(actor.post.role.as_str()))
            }
            Name::Actor(ActorAttribute::Unit) => self.actor.map(|actor| Value::Unit(actor.post.unit)),
            Name::Actor(ActorAttribute::Reason) => self.actor.map(|_| Value::text(crate::act::REASON)),
            Name::DueOn => self.object.map(|(_, day)| Value::Date(day)),
            Name::Each => self.each.clone(),
            Name::Field(field) => match self.case {
                Some(case) => self.of_case(case, &case.content, field)?,
                None => None,
            },
            Name::Lookup(id) => Some(self.found(id.as_str())?),
            Name::Now => Some(Value::Moment(self.now)),
            Name::Object => self.object.map(|(object, _)| match object {
                Object::Unit(unit) => Value::Unit(*unit),
                Object::Record(one) => {
                    Value::Reference(Reference { register: one.register.clone(), record: one.record })
                }
            }),
            Name::Old(field) => match (self.case, self.old) {
                (Some(case), Some(old)) => self.of_case(case, old, field)?,
                _ => None,
            },
            Name::Record(attribute) => self.case.and_then(|case| of_record(case, *attribute)),
            Name::Step(step, attribute) => self.case.and_then(|case| of_step(case, step, *attribute)),
            Name::Target => self.target.clone().map(Value::Reference),
            Name::Today => Some(Value::Date(self.town.pack.zone.date(self.now))),
        })
    }

    fn part(&self, of: &Reference, member: &Member) -> Result<Option<Value>, EvalError> {
        let own = self.case.filter(|case| case.record == of.record).cloned();
        let case = own.unwrap_or_else(|| (*self.town.case(of.record)).clone());
        match member {
            Member::Field(field) => self.of_case(&case, &case.content, field),
            Member::Record(attribute) => Ok(of_record(&case, *attribute)),
            Member::Step(step, attribute) => Ok(of_step(&case, step, *attribute)),
            other => Err(EvalError::Type(other.to_string())),
        }
    }

    fn superior(&self, unit: UnitId) -> Option<UnitId> {
        self.town.people.superior(unit)
    }

    fn within(&self, unit: UnitId, above: UnitId) -> bool {
        self.town.people.within(unit, above)
    }

    fn holds(&self, person: PersonId, role: &RoleId, unit: UnitId) -> bool {
        self.town.people.holds(person, role, unit)
    }

    fn height(&self, grade: &GradeId) -> Option<usize> {
        self.town.pack.height(grade)
    }

    fn calendar(&self) -> &Calendar {
        self.town.rules.calendar
    }

    fn zone(&self) -> &Zone {
        &self.town.pack.zone
    }
}
