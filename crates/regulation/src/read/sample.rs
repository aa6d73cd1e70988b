//! Examples beside rules: each is tried when the pack is checked.
//!
//! People and units of an example are names: `actor = { person = 'wang', unit = 'city/it' }`. A unit lies below
//! another when its name begins with the other's. A reference is a table of fields of the record referred to.

use super::context::Context;
use super::register::Trial;
use crate::condition::{
    ActorAttribute, Condition, EvalError, Member, Name, RecordAttribute, Scope, StepAttribute, Typing,
};
use crate::raw::{Node, Table};
use crate::time::{Calendar, Limit, LimitUnit, Span, Zone};
use crate::value::{Answer, Answered, File, Reference, Run, Type, Value};
use crate::word::{GradeId, RoleId};
use model::{Instant, PersonId, RecordId, UnitId};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What the example that does not pass must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The rule is broken.
    Broken,
    /// The rule does not hold, broken or without an answer.
    Refused,
}

/// Tries the examples at `yes` and `no`.
pub(super) fn examples(
    table: Table<'_>,
    rule: &Condition,
    typing: &Typing<'_>,
    wanted: Wanted,
    trial: &Trial<'_>,
    context: &Context<'_>,
) {
    for (key, passes) in [("yes", true), ("no", false)] {
        let Some(node) = table.get(key) else { continue };
        let Some(example) = node.table() else {
            context.problem(node.place(), "此處應為表格 { }", "a table { } is asked for here");
            continue;
        };
        let sample = Sample::new(example, typing, trial, context);
        if !sample.names_are_known() {
            continue;
        }
        let answer = rule.holds(&sample);
        if sample.told.take() {
            continue;
        }
        let (right, zh, en) = match (answer, passes) {
            (Err(error), _) => {
                (false, format!("此例無法判斷:{error}"), format!("this example cannot be judged: {error}"))
            }
            (Ok(Some(true)), true) => (true, String::new(), String::new()),
            (Ok(None), true) => (
                false,
                "此例資料不足,條件無從判斷".into(),
                "this example lacks something the rule needs".into(),
            ),
            (Ok(_), true) => {
                (false, "此例應符合條件,實際不符".into(), "this example should pass, and does not".into())
            }
            (Ok(Some(false)), false) => (true, String::new(), String::new()),
            (Ok(None), false) if wanted == Wanted::Refused => (true, String::new(), String::new()),
            (Ok(_), false) => {
                (false, "此例應不符條件,實際符合".into(), "this example should not pass, and does".into())
            }
        };
        if !right {
            context.problem(node.place(), zh, en);
        }
    }
}

struct Sample<'s> {
    example: Table<'s>,
    typing: &'s Typing<'s>,
    trial: &'s Trial<'s>,
    context: &'s Context<'s>,
    /// Records referred to: their tables, found again by a made-up id.
    records: RefCell<BTreeMap<RecordId, Table<'s>>>,
    /// Names of units, found again by a made-up id.
    units: RefCell<BTreeMap<UnitId, String>>,
    /// Was a value of the example told as a problem?
    told: std::cell::Cell<bool>,
}

impl<'s> Sample<'s> {
    fn new(
        example: Table<'s>,
        typing: &'s Typing<'s>,
        trial: &'s Trial<'s>,
        context: &'s Context<'s>,
    ) -> Self {
        Self {
            example,
            typing,
            trial,
            context,
            records: RefCell::default(),
            units: RefCell::default(),
            told: std::cell::Cell::new(false),
        }
    }

    /// Tells keys that name nothing, so that a slip does not pass as an absent value.
    fn names_are_known(&self) -> bool {
        let outline = self.typing.record.and_then(|register| self.typing.vocabulary.registers.get(register));
        let fields = outline.map(|outline| outline.fields.keys().map(|id| id.as_str()).collect::<Vec<_>>());
        let mut known = fields.unwrap_or_default();
        known.extend(["record", "step", "lookup", "actor", "old", "now", "today", "roles"]);
        let mut right = true;
        for (name, place, _) in self.example.entries() {
            if !known.contains(&name) && !self.context.names.broken.contains(name) {
                let suggestion = crate::similar::nearest(name, known.iter().copied()).map(str::to_owned);
                let (zh, en) = (format!("沒有名為「{name}」的欄位"), format!("there is no field {name:?}"));
                self.context.problems.add_with(place, zh, en, suggestion);
                right = false;
            }
        }
        right
    }

    fn value(&self, node: Node<'s>, of: &Type) -> Option<Value> {
        let value = self.read(node, of);
        if value.is_none() {
            let (zh, en) = of.name();
            let (zh, en) = (format!("此例的值應為{zh}"), format!("the value of this example should be {en}"));
            self.context.problem(node.place(), zh, en);
            self.told.set(true);
        }
        value
    }

    fn read(&self, node: Node<'s>, of: &Type) -> Option<Value> {
        match of {
            Type::Checklist(items) => checklist(node, items),
            Type::Date => node.date().map(Value::Date),
            Type::File => node.whole().map(|_| file(0)),
            Type::Grade => {
                let grade: GradeId = node.parsed()?;
                self.typing.vocabulary.grades.contains(&grade).then_some(Value::Grade(grade))
            }
            Type::List(of) => match (node.whole(), &**of) {
                (Some(count), Type::File) => Some(Value::List((0..count.clamp(0, 100)).map(file).collect())),
                _ => node
                    .items()?
                    .into_iter()
                    .map(|item| self.read(item, of))
                    .collect::<Option<_>>()
                    .map(Value::List),
            },
            Type::Moment => node.moment().map(Value::Moment),
            Type::Number => node.number().map(Value::Number),
            Type::Person => Some(Value::Person(PersonId::from_bytes(made_up(node.text()?)))),
            Type::Reference(register) => {
                let table = node.table()?;
                // Written the same, it is the same record.
                let record = RecordId::from_bytes(made_up(&format!("{register} {}", node.written())));
                self.records.borrow_mut().insert(record, table);
                Some(Value::Reference(Reference { register: register.clone(), record }))
            }
            Type::Row(columns) => {
                let cells = node.table()?.entries().into_iter().map(|(name, _, cell)| {
                    let (column, of) = columns.0.get_key_value(name)?;
                    Some((column.clone(), self.read(cell, of)?))
                });
                cells.collect::<Option<_>>().map(Value::Row)
            }
            Type::Run(procedures) => run(node.table()?, procedures.first()?),
            Type::Span => span(node.parsed()?).map(Value::Span),
            Type::Text => node.text().map(Value::text),
            Type::Time => node.parsed().map(Value::Time),
            Type::Truth => node.flag().map(Value::Truth),
            Type::Unit => {
                let name = node.text()?;
                let unit = UnitId::from_bytes(made_up(name));
                self.units.borrow_mut().insert(unit, name.to_owned());
                Some(Value::Unit(unit))
            }
            Type::Word(words) => {
                words.iter().find(|word| Some(&***word) == node.text()).cloned().map(Value::Word)
            }
        }
    }

    /// The value at a path of keys in a table.
    fn at(&self, table: Table<'s>, path: &[&str], of: &Type) -> Option<Value> {
        let (last, way) = path.split_last()?;
        let mut table = table;
        for key in way {
            table = table.inner(key)?;
        }
        self.value(table.get(last)?, of)
    }

    fn outline(&self, register: Option<&crate::RegisterId>) -> Option<&'s crate::Outline> {
        self.typing.vocabulary.registers.get(register?)
    }

    fn attribute(
        &self,
        table: Table<'s>,
        register: Option<&crate::RegisterId>,
        attribute: RecordAttribute,
    ) -> Option<Value> {
        let of = self.outline(register)?.attribute(attribute);
        self.at(table, &["record", attribute.word()], &of)
    }

    fn step(
        &self,
        table: Table<'s>,
        register: Option<&crate::RegisterId>,
        step: &crate::StepId,
        attribute: StepAttribute,
    ) -> Option<Value> {
        let outcomes = self.outline(register)?.steps.get(step)?;
        let of = crate::Outline::step(outcomes, attribute);
        self.at(table, &["step", step.as_str(), attribute.word()], &of)
    }
}

impl Scope for Sample<'_> {
    fn name(&self, name: &Name) -> Result<Option<Value>, EvalError> {
        let (example, register) = (self.example, self.typing.record);
        let field_type = |field: &crate::FieldId| self.outline(register)?.fields.get(field).cloned();
        Ok(match name {
            Name::Field(field) => field_type(field).and_then(|of| self.at(example, &[field.as_str()], &of)),
            Name::Old(field) => {
                field_type(field).and_then(|of| self.at(example, &["old", field.as_str()], &of))
            }
            Name::Record(attribute) => self.attribute(example, register, *attribute),
            Name::Step(step, attribute) => self.step(example, register, step, *attribute),
            Name::Lookup(lookup) => {
                let target = self.outline(register).and_then(|outline| outline.lookups.get(lookup));
                target.and_then(|target| {
                    self.at(example, &["lookup", lookup.as_str()], &Type::Reference(target.clone()).list())
                })
            }
            Name::Actor(attribute) => {
                let of = match attribute {
                    ActorAttribute::Person => Type::Person,
                    ActorAttribute::Reason => Type::Text,
                    ActorAttribute::Role => {
                        Type::words(self.typing.vocabulary.roles.iter().map(RoleId::as_str))
                    }
                    ActorAttribute::Unit => Type::Unit,
                };
                self.at(example, &["actor", attribute.word()], &of)
            }
            Name::Today => self.at(example, &["today"], &Type::Date),
            Name::Now => self.at(example, &["now"], &Type::Moment),
            Name::DueOn | Name::Each | Name::Object | Name::Target => None,
        })
    }

    fn part(&self, of: &Reference, member: &Member) -> Result<Option<Value>, EvalError> {
        let Some(table) = self.records.borrow().get(&of.record).copied() else { return Ok(None) };
        let register = Some(&of.register);
        Ok(match member {
            Member::Field(field) => {
                let wanted = self.outline(register).and_then(|outline| outline.fields.get(field));
                wanted.and_then(|wanted| self.at(table, &[field.as_str()], wanted))
            }
            Member::Record(attribute) => self.attribute(table, register, *attribute),
            Member::Step(step, attribute) => self.step(table, register, step, *attribute),
            _ => None,
        })
    }

    fn superior(&self, unit: UnitId) -> Option<UnitId> {
        let name = self.units.borrow().get(&unit).cloned()?;
        let (above, _) = name.rsplit_once('/')?;
        let id = UnitId::from_bytes(made_up(above));
        self.units.borrow_mut().insert(id, above.to_owned());
        Some(id)
    }

    fn within(&self, unit: UnitId, above: UnitId) -> bool {
        let units = self.units.borrow();
        let (Some(unit), Some(above)) = (units.get(&unit), units.get(&above)) else { return unit == above };
        unit == above || unit.strip_prefix(above.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// `roles = { wang = ['operator'] }`, wherever they are held.
    fn holds(&self, person: PersonId, role: &RoleId, _: UnitId) -> bool {
        let roles = self.example.inner("roles").map(Table::entries).unwrap_or_default();
        roles.into_iter().any(|(name, _, held)| {
            PersonId::from_bytes(made_up(name)) == person
                && held.one_or_more().into_iter().any(|node| node.text() == Some(role.as_str()))
        })
    }

    fn height(&self, grade: &GradeId) -> Option<usize> {
        self.typing.vocabulary.grades.iter().position(|one| one == grade)
    }

    fn calendar(&self) -> &Calendar {
        self.trial.calendar
    }

    fn zone(&self) -> &Zone {
        self.trial.zone
    }
}

/// Sixteen bytes that stand for a name.
fn made_up(name: &str) -> [u8; 16] {
    let digest = Sha256::digest(name.as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, from)| *byte = from);
    bytes
}

fn file(number: i64) -> Value {
    let name = format!("file-{number}");
    let digest = Sha256::digest(name.as_bytes()).into();
    Value::File(File { digest, name: name.as_str().into(), kind: "pdf".into(), size: 1 })
}

/// `'good'` answers every item; a table answers the items it names.
fn checklist(node: Node<'_>, items: &BTreeMap<crate::ItemId, Vec<Answer>>) -> Option<Value> {
    let answered = |answer| Answered { answer, note: Some("—".into()) };
    if let Some(word) = node.text() {
        let answer = Answer::from_word(word)?;
        return Some(Value::Checklist(items.keys().map(|item| (item.clone(), answered(answer))).collect()));
    }
    let entries = node.table()?.entries().into_iter().map(|(name, _, answer)| {
        let (item, allowed) = items.get_key_value(name)?;
        let answer = Answer::from_word(answer.text()?).filter(|answer| allowed.contains(answer))?;
        Some((item.clone(), answered(answer)))
    });
    entries.collect::<Option<_>>().map(Value::Checklist)
}

/// `{ complete = true, late = 0 }`
fn run(table: Table<'_>, procedure: &crate::ProcedureId) -> Option<Value> {
    let moment = |key: &str| table.get(key).and_then(Node::moment);
    let started_at = moment("started_at").unwrap_or(Instant::EPOCH);
    let complete = table.flag("complete").unwrap_or(false);
    Some(Value::Run(Run {
        procedure: table.parsed("procedure").unwrap_or_else(|| procedure.clone()),
        started_at,
        ticks: BTreeMap::new(),
        ended_at: moment("ended_at").or(complete.then_some(started_at)),
        late: table.small("late").unwrap_or(0),
    }))
}

fn span(limit: Limit) -> Option<Span> {
    let seconds = match limit.unit {
        LimitUnit::Minutes => 60,
        LimitUnit::Hours => 3_600,
        LimitUnit::Days => 86_400,
        LimitUnit::Weeks => 7 * 86_400,
        LimitUnit::WorkingDays | LimitUnit::Months | LimitUnit::Years => return None,
    };
    Some(Span::from_micros(i64::from(limit.count) * seconds * 1_000_000))
}
