//! What conditions see: the case as it stands (or would stand), the actor, other records, the calendar.

use crate::around::{Around, Directory, Records, Seek};
use crate::case::{Case, Content, Object};
use crate::refusal::Refusal;
use crate::rules::{Rules, Shelf};
use model::{CivilDate, Instant, Person, PersonId, UnitId};
use regulation::{
    ActorAttribute, Calendar, Condition, EvalError, FieldId, GradeId, LookupId, Member, Name,
    RecordAttribute, Reference, Register, RoleId, Scope, StepAttribute, StepId, Value, When, Zone,
};

/// A scope for conditions about a case.
#[derive(Clone)]
pub(crate) struct View<'a> {
    pub(crate) shelf: &'a Shelf<'a>,
    pub(crate) rules: &'a Rules<'a>,
    pub(crate) records: &'a dyn Records,
    pub(crate) directory: &'a dyn Directory,
    pub(crate) now: Instant,
    pub(crate) case: Option<&'a Case>,
    pub(crate) old: Option<&'a Content>,
    pub(crate) actor: Option<&'a Person>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) target: Option<Reference>,
    pub(crate) each: Option<Value>,
    pub(crate) object: Option<(&'a Object, CivilDate)>,
}

/// What conditions about a case see when nobody acts on it: for figures and reports.
///
/// # Errors
/// The version it runs on is not on the shelf.
pub fn seen<'a>(around: Around<'a>, case: &'a Case) -> Result<impl Scope + 'a, Refusal> {
    let rules = around.shelf.version(case.version).ok_or(Refusal::VersionMissing(case.version))?;
    Ok(View {
        shelf: around.shelf,
        rules,
        records: around.records,
        directory: around.directory,
        now: around.now,
        case: Some(case),
        old: None,
        actor: None,
        reason: None,
        target: None,
        each: None,
        object: None,
    })
}

impl<'a> View<'a> {
    pub(crate) fn register(&self) -> Option<&'a Register> {
        self.rules.registers.get(&self.case?.register)
    }

    /// Does it apply? Without an answer it does not.
    pub(crate) fn applies(&self, when: &When) -> Result<bool, EvalError> {
        match when {
            When::Always => Ok(true),
            When::Never => Ok(false),
            When::If(condition) => Ok(condition.holds(self)?.unwrap_or(false)),
        }
    }

    /// The value of a condition; `None` when something it needs is not filled in.
    pub(crate) fn value(&self, condition: &Condition) -> Result<Option<Value>, EvalError> {
        match condition.eval(self) {
            Ok(value) => Ok(Some(value)),
            Err(EvalError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The people a condition yields.
    pub(crate) fn people(&self, condition: &Condition) -> Result<Vec<PersonId>, EvalError> {
        Ok(self.value(condition)?.into_iter().flat_map(flat).filter_map(person).collect())
    }

    /// The moment a condition yields; a date is taken at the end of its office day.
    pub(crate) fn moment(&self, condition: &Condition) -> Result<Option<Instant>, EvalError> {
        Ok(match self.value(condition)? {
            Some(Value::Moment(at)) => Some(at),
            Some(Value::Date(day)) => Some(self.rules.zone.moment(day, self.rules.day_ends)),
            _ => None,
        })
    }

    fn field(&self, case: &Case, rules: &Rules<'_>, field: &FieldId) -> Result<Option<Value>, EvalError> {
        let json = case.content.0.get(field).or_else(|| case.reckoned.0.get(field));
        let Some(json) = json else { return Ok(None) };
        let register = rules.registers.get(&case.register);
        let of = register.and_then(|register| register.field(field.as_str())).map(regulation::Field::of);
        let of = of.ok_or_else(|| EvalError::Type(field.to_string()))?;
        of.read(json).map(Some).map_err(|_| EvalError::Type(field.to_string()))
    }

    fn lookup(&self, id: &LookupId) -> Result<Value, EvalError> {
        let lookup = self.register().and_then(|register| register.lookup(id.as_str()));
        let lookup = lookup.ok_or_else(|| EvalError::Type(id.to_string()))?;
        let mut equal = Vec::new();
        for (field, condition) in &lookup.matches {
            equal.push((field.clone(), condition.eval(self)?.to_json()));
        }
        let but = self.case.map(|case| case.record);
        let seek = Seek { register: lookup.register.clone(), equal, states: lookup.states.clone(), but };
        let mut found = Vec::new();
        for one in self.records.find(&seek) {
            let reference = Reference { register: one.register, record: one.record };
            let fits = match &lookup.only {
                None => true,
                Some(only) => {
                    let view = Self { target: Some(reference.clone()), ..self.clone() };
                    only.holds(&view)?.unwrap_or(false)
                }
            };
            if fits {
                found.push(Value::Reference(reference));
            }
        }
        Ok(Value::List(found))
    }

    fn actor(&self, attribute: ActorAttribute) -> Option<Value> {
        let actor = self.actor?;
        match attribute {
            ActorAttribute::Person => Some(Value::Person(actor.person)),
            ActorAttribute::Reason => self.reason.map(Value::text),
            ActorAttribute::Role => Some(Value::word(&actor.role)),
            ActorAttribute::Unit => Some(Value::Unit(actor.unit)),
        }
    }
}

impl Scope for View<'_> {
    fn name(&self, name: &Name) -> Result<Option<Value>, EvalError> {
        Ok(match name {
            Name::Actor(attribute) => self.actor(*attribute),
            Name::DueOn => self.object.map(|(_, day)| Value::Date(day)),
            Name::Each => self.each.clone(),
            Name::Field(field) => match self.case {
                Some(case) => self.field(case, self.rules, field)?,
                None => None,
            },
            Name::Lookup(id) => Some(self.lookup(id)?),
            Name::Now => Some(Value::Moment(self.now)),
            Name::Object => self.object.map(|(object, _)| match object {
                Object::Record(one) => {
                    Value::Reference(Reference { register: one.register.clone(), record: one.record })
                }
                Object::Unit(unit) => Value::Unit(*unit),
            }),
            Name::Old(field) => match (self.case, self.old) {
                (Some(case), Some(old)) => {
                    let before = Case { content: old.clone(), ..case.clone() };
                    self.field(&before, self.rules, field)?
                }
                _ => None,
            },
            Name::Record(attribute) => self.case.and_then(|case| record(case, *attribute)),
            Name::Step(step, attribute) => self.case.and_then(|case| taken(case, step, *attribute)),
            Name::Target => self.target.clone().map(Value::Reference),
            Name::Today => Some(Value::Date(self.rules.zone.date(self.now))),
        })
    }

    fn part(&self, of: &Reference, member: &Member) -> Result<Option<Value>, EvalError> {
        let unreadable = || EvalError::Unreadable(of.record.to_string());
        // The record itself is seen as it would stand, not as it was. What was destroyed has no value.
        let own = self.case.filter(|case| case.record == of.record);
        let other = self.records.case(of.record);
        let Some(case) = own.or(other.as_deref()) else { return Ok(None) };
        match member {
            Member::Field(field) => {
                let rules = self.shelf.version(case.version).ok_or_else(unreadable)?;
                self.field(case, rules, field)
            }
            Member::Record(attribute) => Ok(record(case, *attribute)),
            Member::Step(step, attribute) => Ok(taken(case, step, *attribute)),
            _ => Err(EvalError::Type(member.to_string())),
        }
    }

    fn superior(&self, unit: UnitId) -> Option<UnitId> {
        self.directory.superior(unit)
    }

    fn within(&self, unit: UnitId, above: UnitId) -> bool {
        self.directory.within(unit, above)
    }

    fn holds(&self, person: PersonId, role: &RoleId, unit: UnitId) -> bool {
        self.directory.holds(person, role, unit)
    }

    fn height(&self, grade: &GradeId) -> Option<usize> {
        self.rules.height(grade)
    }

    fn calendar(&self) -> &Calendar {
        self.rules.calendar
    }

    fn zone(&self) -> &Zone {
        self.rules.zone
    }
}

fn record(case: &Case, attribute: RecordAttribute) -> Option<Value> {
    match attribute {
        RecordAttribute::ClosedAt => case.closed_at.map(Value::Moment),
        RecordAttribute::Grade => Some(Value::Grade(case.grade.clone())),
        RecordAttribute::Number => case.number.as_deref().map(Value::text),
        RecordAttribute::OccurredAt => Some(Value::Moment(case.occurred_at)),
        RecordAttribute::OpenedAt | RecordAttribute::RecordedAt => Some(Value::Moment(case.opened_at)),
        RecordAttribute::OpenedBy => case.opened_by.map(Value::Person),
        RecordAttribute::State => Some(Value::word(case.state.as_str())),
        RecordAttribute::Unit => Some(Value::Unit(case.unit)),
    }
}

fn taken(case: &Case, step: &StepId, attribute: StepAttribute) -> Option<Value> {
    let taken = case.taken.get(step)?;
    Some(match attribute {
        StepAttribute::At => Value::Moment(taken.at),
        StepAttribute::By => Value::List(taken.by.iter().copied().map(Value::Person).collect()),
        StepAttribute::Outcome => Value::word(taken.outcome.word()),
    })
}

/// The elements of a list, or the value alone.
pub(crate) fn flat(value: Value) -> Vec<Value> {
    match value {
        Value::List(values) => values,
        value => vec![value],
    }
}

pub(crate) fn person(value: Value) -> Option<PersonId> {
    match value {
        Value::Person(person) => Some(person),
        _ => None,
    }
}
