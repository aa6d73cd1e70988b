//! Evaluation of a typed condition.
//!
//! What is not filled in has no value: an operation on it is [`EvalError::Missing`]. `&&` and `||` answer all
//! the same where their other side decides, in either order, as CEL says.

use super::ast::{Expr, Function, Macro, Member, Name, Operator};
use crate::decimal::Decimal;
use crate::time::{Calendar, CalendarMissing, Span, Zone};
use crate::value::{Answer, Reference, Value};
use crate::word::{GradeId, RoleId};
use model::{CivilDate, PersonId, UnitId};

/// What a condition is evaluated on.
pub trait Scope {
    /// The value of a name; `None` when it is not filled in.
    ///
    /// # Errors
    /// The value cannot be had now; see [`EvalError`].
    fn name(&self, name: &Name) -> Result<Option<Value>, EvalError>;

    /// A part of a record referred to (`Field`, `Record` and `Step` members); `None` when it is not filled in.
    ///
    /// # Errors
    /// The record cannot be had; see [`EvalError`].
    fn part(&self, of: &Reference, member: &Member) -> Result<Option<Value>, EvalError>;

    /// The unit directly above.
    fn superior(&self, unit: UnitId) -> Option<UnitId>;

    /// Is the first unit the second, or below it?
    fn within(&self, unit: UnitId, above: UnitId) -> bool;

    /// Does the person hold the role in the unit?
    fn holds(&self, person: PersonId, role: &RoleId, unit: UnitId) -> bool;

    /// Height of a grade, the lowest being 0; `None` when the pack has no such grade.
    fn height(&self, grade: &GradeId) -> Option<usize>;

    /// The office calendar.
    fn calendar(&self) -> &Calendar;

    /// Where civil dates are counted.
    fn zone(&self) -> &Zone;
}

/// Why a condition has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// The office calendar does not reach that far.
    #[error(transparent)]
    Calendar(#[from] CalendarMissing),
    /// A number was divided by nought.
    #[error("a division by nought")]
    DivisionByZero,
    /// Something it needs is not filled in.
    #[error("{0} is not filled in")]
    Missing(String),
    /// A number, date or moment left its range.
    #[error("a value is too large or too small")]
    Range,
    /// A value was not of the type the pack promised: the scope and the pack do not match.
    #[error("{0} has a value of another type than the pack says")]
    Type(String),
    /// A record it refers to cannot be read.
    #[error("the record {0} is not there")]
    Unreadable(String),
}

pub(super) fn eval(expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
    Evaluation { scope, locals: Vec::new() }.eval(expr)
}

struct Evaluation<'s> {
    scope: &'s dyn Scope,
    locals: Vec<Value>,
}

impl Evaluation<'_> {
    fn eval(&mut self, expr: &Expr) -> Result<Value, EvalError> {
        match expr {
            Expr::Binary(Operator::And, left, right) => self.decide(left, right, false),
            Expr::Binary(Operator::Or, left, right) => self.decide(left, right, true),
            Expr::Binary(operator, left, right) => {
                let (left, right) = (self.eval(left)?, self.eval(right)?);
                self.binary(*operator, left, right)
            }
            Expr::Call(Function::Has, items) => self.has(items),
            Expr::Call(function, items) => {
                let values = items.iter().map(|item| self.eval(item)).collect::<Result<Vec<_>, _>>()?;
                self.call(*function, &values)
            }
            Expr::Choose(condition, yes, no) => {
                let branch = if self.truth(condition)? { yes } else { no };
                self.eval(branch)
            }
            Expr::List(items) => {
                Ok(Value::List(items.iter().map(|item| self.eval(item)).collect::<Result<_, _>>()?))
            }
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Local(levels) => {
                let index = self.locals.len().checked_sub(levels + 1);
                index.and_then(|index| self.locals.get(index)).cloned().ok_or_else(|| mismatch("variable"))
            }
            Expr::Macro(which, list, body) => self.over(*which, list, body),
            Expr::Member(of, member) => {
                let of = self.eval(of)?;
                self.member(&of, member)
            }
            Expr::Negative(of) => match self.eval(of)? {
                Value::Number(number) => number.negated().map(Value::Number).ok_or(EvalError::Range),
                Value::Span(span) => span
                    .micros()
                    .checked_neg()
                    .map(|micros| Value::Span(Span::from_micros(micros)))
                    .ok_or(EvalError::Range),
                _ => Err(mismatch("-")),
            },
            Expr::Name(name) => self.scope.name(name)?.ok_or_else(|| EvalError::Missing(name.to_string())),
            Expr::Not(of) => Ok(Value::Truth(!self.truth(of)?)),
        }
    }

    fn truth(&mut self, expr: &Expr) -> Result<bool, EvalError> {
        match self.eval(expr)? {
            Value::Truth(truth) => Ok(truth),
            _ => Err(mismatch("condition")),
        }
    }

    /// `&&` with `decisive` false, `||` with `decisive` true: the decisive side answers, wherever it stands.
    fn decide(&mut self, left: &Expr, right: &Expr, decisive: bool) -> Result<Value, EvalError> {
        let left = self.truth(left);
        if left == Ok(decisive) {
            return Ok(Value::Truth(decisive));
        }
        let right = self.truth(right)?;
        if right == decisive { Ok(Value::Truth(decisive)) } else { left.map(|_| Value::Truth(!decisive)) }
    }

    fn has(&mut self, items: &[Expr]) -> Result<Value, EvalError> {
        let item = items.first().ok_or_else(|| mismatch("has"))?;
        match self.eval(item) {
            Ok(value) => Ok(Value::Truth(value.is_filled())),
            Err(EvalError::Missing(_)) => Ok(Value::Truth(false)),
            Err(error) => Err(error),
        }
    }

    fn over(&mut self, which: Macro, list: &Expr, body: &Expr) -> Result<Value, EvalError> {
        let Value::List(items) = self.eval(list)? else { return Err(mismatch(which.word())) };
        match which {
            Macro::All => self.quantify(items, body, false),
            Macro::Exists => self.quantify(items, body, true),
            Macro::ExistsOne => {
                let fitting = self.fitting(items, body)?;
                Ok(Value::Truth(fitting.len() == 1))
            }
            Macro::Filter => self.fitting(items, body).map(Value::List),
            Macro::Map => {
                let made = items.into_iter().map(|item| self.with(item, body).map(|(_, made)| made));
                made.collect::<Result<_, _>>().map(Value::List)
            }
        }
    }

    /// `all` and `exists` absorb what is missing elsewhere, like `&&` and `||`.
    fn quantify(&mut self, items: Vec<Value>, body: &Expr, decisive: bool) -> Result<Value, EvalError> {
        let mut undecided = None;
        for item in items {
            match self.with(item, body) {
                Ok((_, Value::Truth(truth))) if truth == decisive => return Ok(Value::Truth(decisive)),
                Ok(_) => {}
                Err(error) => undecided = undecided.or(Some(error)),
            }
        }
        undecided.map_or(Ok(Value::Truth(!decisive)), Err)
    }

    fn fitting(&mut self, items: Vec<Value>, body: &Expr) -> Result<Vec<Value>, EvalError> {
        let mut fitting = Vec::new();
        for item in items {
            let (item, truth) = self.with(item, body)?;
            if truth == Value::Truth(true) {
                fitting.push(item);
            }
        }
        Ok(fitting)
    }

    /// The body's value with this item as innermost variable; the item is handed back.
    fn with(&mut self, item: Value, body: &Expr) -> Result<(Value, Value), EvalError> {
        self.locals.push(item);
        let made = self.eval(body);
        let item = self.locals.pop().unwrap_or(Value::Truth(false));
        made.map(|made| (item, made))
    }

    fn binary(&self, operator: Operator, left: Value, right: Value) -> Result<Value, EvalError> {
        use std::cmp::Ordering;
        let ordered = |wanted: &[Ordering]| {
            self.order(&left, &right).map(|order| Value::Truth(wanted.contains(&order)))
        };
        match operator {
            Operator::Equal => Ok(Value::Truth(left == right)),
            Operator::NotEqual => Ok(Value::Truth(left != right)),
            Operator::Less => ordered(&[Ordering::Less]),
            Operator::LessOrEqual => ordered(&[Ordering::Less, Ordering::Equal]),
            Operator::Greater => ordered(&[Ordering::Greater]),
            Operator::GreaterOrEqual => ordered(&[Ordering::Greater, Ordering::Equal]),
            Operator::In => match right {
                Value::List(items) => Ok(Value::Truth(items.contains(&left))),
                _ => Err(mismatch("in")),
            },
            Operator::Plus | Operator::Minus => sum(operator, &left, &right),
            Operator::Times | Operator::Divide | Operator::Remainder => product(operator, &left, &right),
            Operator::And | Operator::Or => Err(mismatch("&&")),
        }
    }

    fn order(&self, left: &Value, right: &Value) -> Result<std::cmp::Ordering, EvalError> {
        match (left, right) {
            (Value::Grade(left), Value::Grade(right)) => {
                let height =
                    |grade: &GradeId| self.scope.height(grade).ok_or_else(|| mismatch(grade.as_str()));
                Ok(height(left)?.cmp(&height(right)?))
            }
            (Value::Date(left), Value::Date(right)) => Ok(left.cmp(right)),
            (Value::Moment(left), Value::Moment(right)) => Ok(left.cmp(right)),
            (Value::Number(left), Value::Number(right)) => Ok(left.cmp(right)),
            (Value::Span(left), Value::Span(right)) => Ok(left.cmp(right)),
            (Value::Text(left), Value::Text(right)) => Ok(left.cmp(right)),
            (Value::Time(left), Value::Time(right)) => Ok(left.cmp(right)),
            _ => Err(mismatch("<")),
        }
    }

    fn member(&self, of: &Value, member: &Member) -> Result<Value, EvalError> {
        let missing = || EvalError::Missing(member.to_string());
        match (member, of) {
            (Member::Field(_) | Member::Record(_) | Member::Step(..), Value::Reference(reference)) => {
                self.scope.part(reference, member)?.ok_or_else(missing)
            }
            (Member::Column(column), Value::Row(row)) => row.get(column).cloned().ok_or_else(missing),
            (Member::ChecklistBad, Value::Checklist(answers)) => {
                count(answers.values().filter(|answered| answered.answer == Answer::Bad).count())
            }
            (Member::ChecklistDone(items), Value::Checklist(answers)) => {
                Ok(Value::Truth(answers.len() == *items))
            }
            (Member::ChecklistItem(item), Value::Checklist(answers)) => {
                answers.get(item).map(|answered| Value::word(answered.answer.word())).ok_or_else(missing)
            }
            (Member::FileKind, Value::File(file)) => Ok(Value::Text(file.kind.clone())),
            (Member::FileName, Value::File(file)) => Ok(Value::Text(file.name.clone())),
            (Member::FileSize, Value::File(file)) => {
                count(usize::try_from(file.size).map_err(|_| EvalError::Range)?)
            }
            (Member::RunComplete, Value::Run(run)) => Ok(Value::Truth(run.ended_at.is_some())),
            (Member::RunEndedAt, Value::Run(run)) => run.ended_at.map(Value::Moment).ok_or_else(missing),
            (Member::RunLate, Value::Run(run)) => count(run.late as usize),
            (Member::RunProcedure, Value::Run(run)) => Ok(Value::word(run.procedure.as_str())),
            (Member::RunStartedAt, Value::Run(run)) => Ok(Value::Moment(run.started_at)),
            (Member::SpanMinutes, Value::Span(span)) => in_units(*span, 60),
            (Member::SpanHours, Value::Span(span)) => in_units(*span, 3_600),
            (Member::SpanDays, Value::Span(span)) => in_units(*span, 86_400),
            _ => Err(mismatch(&member.to_string())),
        }
    }

    fn call(&self, function: Function, values: &[Value]) -> Result<Value, EvalError> {
        match (function, values) {
            (Function::Size, [Value::List(items)]) => count(items.len()),
            (Function::Size, [Value::Text(text)]) => count(text.chars().count()),
            (Function::Sum, [Value::List(items)]) => {
                let first = items.first().cloned().unwrap_or(Value::Number(Decimal::ZERO));
                items.iter().skip(1).try_fold(first, |total, item| sum(Operator::Plus, &total, item))
            }
            (Function::StartsWith, [Value::Text(text), Value::Text(part)]) => {
                Ok(Value::Truth(text.starts_with(&**part)))
            }
            (Function::EndsWith, [Value::Text(text), Value::Text(part)]) => {
                Ok(Value::Truth(text.ends_with(&**part)))
            }
            (Function::Contains, [Value::Text(text), Value::Text(part)]) => {
                Ok(Value::Truth(text.contains(&**part)))
            }
            (Function::Minutes, [Value::Number(n)]) => span_of(*n, 60),
            (Function::Hours, [Value::Number(n)]) => span_of(*n, 3_600),
            (Function::Days, [Value::Number(n)]) => span_of(*n, 86_400),
            (Function::DateOf, [Value::Moment(moment)]) => Ok(Value::Date(self.scope.zone().date(*moment))),
            (Function::Year, [Value::Date(date)]) => whole(i64::from(date.year())),
            (Function::Month, [Value::Date(date)]) => whole(i64::from(date.month())),
            (Function::Weekday, [Value::Date(date)]) => whole(i64::from(date.weekday())),
            (Function::OfficeDay, [Value::Date(date)]) => {
                Ok(Value::Truth(self.scope.calendar().is_working(*date)?))
            }
            (Function::WorkingDays, [Value::Date(date), Value::Number(n)]) => {
                let n = n.whole().filter(|n| n.abs() <= 10_000).ok_or(EvalError::Range)?;
                Ok(Value::Date(self.scope.calendar().nth_working(*date, n)?))
            }
            (Function::Superior, [Value::Unit(unit)]) => self
                .scope
                .superior(*unit)
                .map(Value::Unit)
                .ok_or_else(|| EvalError::Missing("superior".to_owned())),
            (Function::Within, [Value::Unit(unit), Value::Unit(above)]) => {
                Ok(Value::Truth(self.scope.within(*unit, *above)))
            }
            (Function::Holds, [Value::Person(person), Value::Word(role), Value::Unit(unit)]) => {
                let role = RoleId::new(role).map_err(|_| mismatch("holds"))?;
                Ok(Value::Truth(self.scope.holds(*person, &role, *unit)))
            }
            _ => Err(mismatch(function.word())),
        }
    }
}

fn mismatch(what: &str) -> EvalError {
    EvalError::Type(what.to_owned())
}

fn whole(number: i64) -> Result<Value, EvalError> {
    Decimal::from_whole(number).map(Value::Number).ok_or(EvalError::Range)
}

fn count(number: usize) -> Result<Value, EvalError> {
    whole(i64::try_from(number).map_err(|_| EvalError::Range)?)
}

fn span_of(number: Decimal, seconds: i64) -> Result<Value, EvalError> {
    // A number counts millionths and a span microseconds, so the same figure serves both.
    number
        .millionths()
        .checked_mul(seconds)
        .map(|micros| Value::Span(Span::from_micros(micros)))
        .ok_or(EvalError::Range)
}

fn in_units(span: Span, seconds: i64) -> Result<Value, EvalError> {
    let seconds = Decimal::from_whole(seconds).ok_or(EvalError::Range)?;
    Decimal::from_millionths(span.micros()).over(seconds).map(Value::Number).ok_or(EvalError::Range)
}

fn sum(operator: Operator, left: &Value, right: &Value) -> Result<Value, EvalError> {
    let sign = if operator == Operator::Plus { 1 } else { -1 };
    let made = match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            if sign > 0 { left.plus(*right) } else { left.minus(*right) }.map(Value::Number)
        }
        (Value::Span(left), Value::Span(right)) => left
            .micros()
            .checked_add(sign * right.micros())
            .map(|micros| Value::Span(Span::from_micros(micros))),
        (Value::Moment(moment), Value::Span(span)) => {
            Span::from_micros(sign * span.micros()).after(*moment).map(Value::Moment)
        }
        (Value::Moment(left), Value::Moment(right)) if sign < 0 => {
            Some(Value::Span(Span::between(*right, *left)))
        }
        (Value::Date(date), Value::Span(span)) => days_later(*date, sign * span.micros()).map(Value::Date),
        (Value::Date(left), Value::Date(right)) if sign < 0 => {
            let days = left.days_since_epoch() - right.days_since_epoch();
            days.checked_mul(86_400_000_000).map(|micros| Value::Span(Span::from_micros(micros)))
        }
        (Value::Text(left), Value::Text(right)) if sign > 0 => Some(Value::text(&format!("{left}{right}"))),
        (Value::List(left), Value::List(right)) if sign > 0 => {
            Some(Value::List(left.iter().chain(right).cloned().collect()))
        }
        _ => return Err(mismatch("+")),
    };
    made.ok_or(EvalError::Range)
}

/// A date moves by whole days only; the rest of a span is cut off towards nought.
fn days_later(date: CivilDate, micros: i64) -> Option<CivilDate> {
    CivilDate::from_days_since_epoch(date.days_since_epoch().checked_add(micros / 86_400_000_000)?).ok()
}

fn product(operator: Operator, left: &Value, right: &Value) -> Result<Value, EvalError> {
    match (operator, left, right) {
        (Operator::Times, Value::Number(left), Value::Number(right)) => {
            left.times(*right).map(Value::Number).ok_or(EvalError::Range)
        }
        (_, Value::Number(_), Value::Number(right)) if *right == Decimal::ZERO => {
            Err(EvalError::DivisionByZero)
        }
        (Operator::Divide, Value::Number(left), Value::Number(right)) => {
            left.over(*right).map(Value::Number).ok_or(EvalError::Range)
        }
        (Operator::Remainder, Value::Number(left), Value::Number(right)) => {
            left.rest(*right).map(Value::Number).ok_or(EvalError::Range)
        }
        _ => Err(mismatch("*")),
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Actor(attribute) => write!(f, "actor.{}", attribute.word()),
            Self::DueOn => f.write_str("due_on"),
            Self::Each => f.write_str("each"),
            Self::Field(field) => write!(f, "{field}"),
            Self::Lookup(lookup) => write!(f, "lookup.{lookup}"),
            Self::Now => f.write_str("now"),
            Self::Object => f.write_str("object"),
            Self::Old(field) => write!(f, "old.{field}"),
            Self::Record(attribute) => write!(f, "record.{}", attribute.word()),
            Self::Step(step, attribute) => write!(f, "step.{step}.{}", attribute.word()),
            Self::Target => f.write_str("target"),
            Self::Today => f.write_str("today"),
        }
    }
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ChecklistBad => f.write_str("bad"),
            Self::ChecklistDone(_) => f.write_str("done"),
            Self::ChecklistItem(item) => write!(f, "{item}"),
            Self::Column(field) | Self::Field(field) => write!(f, "{field}"),
            Self::FileSize => f.write_str("size"),
            Self::FileKind => f.write_str("kind"),
            Self::FileName => f.write_str("name"),
            Self::Record(attribute) => write!(f, "record.{}", attribute.word()),
            Self::Step(step, attribute) => write!(f, "step.{step}.{}", attribute.word()),
            Self::RunComplete => f.write_str("complete"),
            Self::RunEndedAt => f.write_str("ended_at"),
            Self::RunLate => f.write_str("late"),
            Self::RunProcedure => f.write_str("procedure"),
            Self::RunStartedAt => f.write_str("started_at"),
            Self::SpanDays => f.write_str("days"),
            Self::SpanHours => f.write_str("hours"),
            Self::SpanMinutes => f.write_str("minutes"),
        }
    }
}
