//! The type walk: names are resolved, functions chosen, literals given the type their place asks for.

use super::ast::{
    ActorAttribute, Expr, Function, Macro, Member, Name, Operator, RecordAttribute, StepAttribute,
};
use super::parse::{Kind, Node};
use super::typing::{Outline, Typing};
use crate::similar::nearest;
use crate::value::{Answer, Type, Value};
use crate::word::{FieldId, GradeId, RegisterId};
use std::sync::Arc;

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ConditionError {
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong, in English.
    pub what: String,
    /// The same in Traditional Chinese.
    pub what_zh: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl ConditionError {
    pub(super) const fn new(at: usize, what_zh: String, what: String) -> Self {
        Self { at, what, what_zh, suggestion: None }
    }

    fn suggest(mut self, suggestion: Option<&str>) -> Self {
        self.suggestion = suggestion.map(str::to_owned);
        self
    }
}

/// Words that conditions use themselves; no field may be called so.
pub const RESERVED: [&str; 14] = [
    "actor", "due_on", "each", "false", "in", "lookup", "now", "object", "old", "record", "step", "target",
    "today", "true",
];

pub(super) fn check(node: &Node, typing: &Typing<'_>) -> Result<(Expr, Type), ConditionError> {
    Walk { typing, locals: Vec::new() }.infer(node)
}

pub(super) fn check_as(
    node: &Node,
    wanted: &Type,
    typing: &Typing<'_>,
) -> Result<(Expr, Type), ConditionError> {
    let expr = Walk { typing, locals: Vec::new() }.expect(node, wanted)?;
    Ok((expr, wanted.clone()))
}

struct Walk<'t, 'v> {
    typing: &'t Typing<'v>,
    /// Variables of the macros around, outermost first.
    locals: Vec<(String, Type)>,
}

type Typed = Result<(Expr, Type), ConditionError>;

impl Walk<'_, '_> {
    /// The expression, of this type; literals bend to it.
    fn expect(&mut self, node: &Node, wanted: &Type) -> Result<Expr, ConditionError> {
        match (&node.kind, wanted) {
            (Kind::Text(text), Type::Word(words)) => word(node.at, text, words),
            (Kind::Text(text), Type::Grade) => self.grade(node.at, text),
            (Kind::List(items), Type::List(of)) => {
                let items = items.iter().map(|item| self.expect(item, of)).collect::<Result<_, _>>()?;
                Ok(Expr::List(items))
            }
            (Kind::Choose(condition, yes, no), _) => {
                let condition = self.expect(condition, &Type::Truth)?;
                let (yes, no) = (self.expect(yes, wanted)?, self.expect(no, wanted)?);
                Ok(Expr::Choose(Box::new(condition), Box::new(yes), Box::new(no)))
            }
            _ => {
                let (expr, found) = self.infer(node)?;
                if fits(&found, wanted) { Ok(expr) } else { Err(unfit(node.at, &found, wanted)) }
            }
        }
    }

    fn infer(&mut self, node: &Node) -> Typed {
        match &node.kind {
            Kind::Number(number) => Ok((Expr::Literal(Value::Number(*number)), Type::Number)),
            Kind::Text(text) => Ok((Expr::Literal(Value::text(text)), Type::Text)),
            Kind::Truth(truth) => Ok((Expr::Literal(Value::Truth(*truth)), Type::Truth)),
            Kind::Not(of) => Ok((Expr::Not(Box::new(self.expect(of, &Type::Truth)?)), Type::Truth)),
            Kind::Negative(of) => self.negative(of),
            Kind::Binary(operator, left, right) => self.binary(node.at, *operator, left, right),
            Kind::Choose(condition, yes, no) => {
                let condition = self.expect(condition, &Type::Truth)?;
                let (yes, of) = self.infer(yes)?;
                let no = self.expect(no, &of)?;
                Ok((Expr::Choose(Box::new(condition), Box::new(yes), Box::new(no)), of))
            }
            Kind::List(items) => self.list(node.at, items),
            Kind::Name(name) => self.name(node.at, name),
            Kind::Select(of, member, at) => self.select(of, member, *at),
            Kind::Call(name, arguments) => self.call(node.at, name, &arguments.iter().collect::<Vec<_>>()),
            Kind::Method(of, name, at, arguments) => self.method(of, name, *at, arguments),
        }
    }

    fn negative(&mut self, of: &Node) -> Typed {
        let (expr, found) = self.infer(of)?;
        match found {
            Type::Number | Type::Span => Ok((Expr::Negative(Box::new(expr)), found)),
            other => Err(unfit(of.at, &other, &Type::Number)),
        }
    }

    fn list(&mut self, at: usize, items: &[Node]) -> Typed {
        let Some((first, rest)) = items.split_first() else {
            let (zh, en) = ("空清單無從判斷型別", "an empty list has no type");
            return Err(ConditionError::new(at, zh.to_owned(), en.to_owned()));
        };
        let (first, of) = self.infer(first)?;
        let mut exprs = vec![first];
        for item in rest {
            exprs.push(self.expect(item, &of)?);
        }
        Ok((Expr::List(exprs), of.list()))
    }

    fn binary(&mut self, at: usize, operator: Operator, left: &Node, right: &Node) -> Typed {
        let (left, right, of) = match operator {
            Operator::And | Operator::Or => {
                (self.expect(left, &Type::Truth)?, self.expect(right, &Type::Truth)?, Type::Truth)
            }
            Operator::Equal | Operator::NotEqual => {
                let (left, right, _) = self.alike(at, left, right)?;
                (left, right, Type::Truth)
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                let (left_expr, right_expr, of) = self.alike(at, left, right)?;
                if !of.is_ordered() {
                    let (zh, en) = of.name();
                    let (zh, en) = (format!("{zh}不能比較大小"), format!("{en} cannot be put in order"));
                    return Err(ConditionError::new(at, zh, en));
                }
                (left_expr, right_expr, Type::Truth)
            }
            Operator::In => self.membership(left, right)?,
            _ => return self.arithmetic(at, operator, left, right),
        };
        Ok((Expr::Binary(operator, Box::new(left), Box::new(right)), of))
    }

    /// Two sides of one type; a literal on either side bends to the other.
    fn alike(&mut self, at: usize, left: &Node, right: &Node) -> Result<(Expr, Expr, Type), ConditionError> {
        if matches!(left.kind, Kind::Text(_) | Kind::List(_))
            && !matches!(right.kind, Kind::Text(_) | Kind::List(_))
        {
            let (right, of) = self.infer(right)?;
            return Ok((self.expect(left, &of)?, right, of));
        }
        let (left, of) = self.infer(left)?;
        if matches!(right.kind, Kind::Text(_) | Kind::List(_)) {
            return Ok((left, self.expect(right, &of)?, of));
        }
        let (right, found) = self.infer(right)?;
        if fits(&found, &of) || fits(&of, &found) || overlap(&of, &found) {
            Ok((left, right, of))
        } else {
            Err(unfit(at, &found, &of))
        }
    }

    fn membership(&mut self, left: &Node, right: &Node) -> Result<(Expr, Expr, Type), ConditionError> {
        if let Kind::List(_) = right.kind {
            let (left, of) = self.infer(left)?;
            let right = self.expect(right, &of.list())?;
            return Ok((left, right, Type::Truth));
        }
        let (right_expr, found) = self.infer(right)?;
        match found {
            Type::List(of) => Ok((self.expect(left, &of)?, right_expr, Type::Truth)),
            other => Err(unfit_name(right.at, &other, ("清單", "a list"))),
        }
    }

    fn arithmetic(&mut self, at: usize, operator: Operator, left: &Node, right: &Node) -> Typed {
        let (left, left_of) = self.infer(left)?;
        let (right, right_of) = self.infer(right)?;
        let of = match (operator, &left_of, &right_of) {
            (_, Type::Number, Type::Number) => Type::Number,
            (Operator::Plus | Operator::Minus, Type::Span, Type::Span) => Type::Span,
            (Operator::Plus | Operator::Minus, Type::Moment, Type::Span) => Type::Moment,
            (Operator::Plus | Operator::Minus, Type::Date, Type::Span) => Type::Date,
            (Operator::Minus, Type::Moment, Type::Moment) | (Operator::Minus, Type::Date, Type::Date) => {
                Type::Span
            }
            (Operator::Plus, Type::Text, Type::Text) => Type::Text,
            (Operator::Plus, Type::List(a), Type::List(b)) if a == b => left_of.clone(),
            _ => {
                let ((left_zh, left_en), (right_zh, right_en)) = (left_of.name(), right_of.name());
                let zh = format!("{left_zh}與{right_zh}不能如此運算");
                let en = format!("{left_en} and {right_en} cannot be combined like this");
                return Err(ConditionError::new(at, zh, en));
            }
        };
        Ok((Expr::Binary(operator, Box::new(left), Box::new(right)), of))
    }

    fn name(&mut self, at: usize, name: &str) -> Typed {
        if let Some(index) = self.locals.iter().rposition(|(local, _)| local == name) {
            let of = self.locals.get(index).map_or(Type::Truth, |(_, of)| of.clone());
            return Ok((Expr::Local(self.locals.len() - 1 - index), of));
        }
        let outline = self.typing.outline();
        let found = match name {
            "today" => Some((Name::Today, Type::Date)),
            "now" => Some((Name::Now, Type::Moment)),
            "target" => self.typing.target.clone().map(|of| (Name::Target, of)),
            "object" => self.typing.object.clone().map(|of| (Name::Object, of)),
            "due_on" => self.typing.object.as_ref().map(|_| (Name::DueOn, Type::Date)),
            "each" => self.typing.each.clone().map(|of| (Name::Each, of)),
            _ => outline
                .or(self.typing.own)
                .and_then(|outline| outline.fields.get_key_value(name))
                .map(|(field, of)| (Name::Field(field.clone()), of.clone())),
        };
        found.map(|(name, of)| (Expr::Name(name), of)).ok_or_else(|| {
            let mut names = self.typing.names();
            names.extend(self.locals.iter().map(|(local, _)| local.clone()));
            unknown(at, name, ("欄位或名稱", "field or name"), names.iter().map(String::as_str))
        })
    }

    fn select(&mut self, of: &Node, member: &str, at: usize) -> Typed {
        if let Some(found) = self.namespace(of, member, at) {
            return found;
        }
        // Through a reference: `room.record.unit`, `room.step.approve.at`.
        if let Kind::Select(inner, space, _) = &of.kind
            && space == "record"
            && let Some((expr, register)) = self.reference(inner)?
        {
            let attribute = attribute(member, at)?;
            let found = self.outline(&register, at)?.attribute(attribute);
            return Ok((Expr::Member(Box::new(expr), Member::Record(attribute)), found));
        }
        if let Kind::Select(middle, step, step_at) = &of.kind
            && let Kind::Select(inner, space, _) = &middle.kind
            && space == "step"
            && let Some((expr, register)) = self.reference(inner)?
        {
            let (step, attribute, found) =
                step_part(self.outline(&register, at)?, step, *step_at, member, at)?;
            return Ok((Expr::Member(Box::new(expr), Member::Step(step, attribute)), found));
        }
        let (expr, found) = self.infer(of)?;
        let (member, of) = self.member(&found, member, at)?;
        Ok((Expr::Member(Box::new(expr), member), of))
    }

    /// `record.x`, `step.x.y`, `lookup.x`, `old.x`, `actor.x`; `None` when it is no such thing.
    fn namespace(&mut self, of: &Node, member: &str, at: usize) -> Option<Typed> {
        let (space, inner) = match &of.kind {
            Kind::Name(space) => (space.as_str(), None),
            Kind::Select(outer, inner, inner_at) => match &outer.kind {
                Kind::Name(space) if space == "step" => ("step", Some((inner.as_str(), *inner_at))),
                _ => return None,
            },
            _ => return None,
        };
        if self.locals.iter().any(|(local, _)| local == space) {
            return None;
        }
        let outline = self.typing.outline();
        match (space, inner) {
            ("record", None) => Some(self.own(of.at, space, outline).and_then(|outline| {
                let attribute = attribute(member, at)?;
                Ok((Expr::Name(Name::Record(attribute)), outline.attribute(attribute)))
            })),
            ("step", Some((step, step_at))) => Some(self.own(of.at, space, outline).and_then(|outline| {
                let (step, attribute, found) = step_part(outline, step, step_at, member, at)?;
                Ok((Expr::Name(Name::Step(step, attribute)), found))
            })),
            ("lookup", None) => Some(self.own(of.at, space, outline).and_then(|outline| {
                let (lookup, register) = outline.lookups.get_key_value(member).ok_or_else(|| {
                    unknown(at, member, ("查詢", "lookup"), outline.lookups.keys().map(|id| id.as_str()))
                })?;
                Ok((Expr::Name(Name::Lookup(lookup.clone())), Type::Reference(register.clone()).list()))
            })),
            ("old", None) if self.typing.acting => {
                Some(self.own(of.at, space, outline).and_then(|outline| {
                    let (field, of) = field(outline, member, at)?;
                    Ok((Expr::Name(Name::Old(field)), of))
                }))
            }
            ("actor", None) if self.typing.acting => Some(
                ActorAttribute::from_word(member)
                    .map(|attribute| (Expr::Name(Name::Actor(attribute)), self.typing.actor(attribute)))
                    .ok_or_else(|| {
                        let words = ActorAttribute::ALL.iter().map(|attribute| attribute.word());
                        unknown(at, member, ("屬性", "attribute"), words)
                    }),
            ),
            _ => None,
        }
    }

    fn own<'o>(
        &self,
        at: usize,
        space: &str,
        outline: Option<&'o Outline>,
    ) -> Result<&'o Outline, ConditionError> {
        outline.ok_or_else(|| {
            let (zh, en) = (format!("此處沒有「{space}」"), format!("there is no {space:?} here"));
            ConditionError::new(at, zh, en)
        })
    }

    /// The expression and its register, when it is a reference.
    fn reference(&mut self, node: &Node) -> Result<Option<(Expr, RegisterId)>, ConditionError> {
        if matches!(&node.kind, Kind::Name(name) if ["record", "step", "lookup", "old", "actor"].contains(&name.as_str()))
        {
            return Ok(None);
        }
        let (expr, of) = self.infer(node)?;
        Ok(match of {
            Type::Reference(register) => Some((expr, register)),
            _ => None,
        })
    }

    fn outline(&self, register: &RegisterId, at: usize) -> Result<&Outline, ConditionError> {
        self.typing.vocabulary.registers.get(register).ok_or_else(|| {
            let registers = self.typing.vocabulary.registers.keys().map(RegisterId::as_str);
            unknown(at, register.as_str(), ("登記簿", "register"), registers)
        })
    }

    fn member(&self, of: &Type, member: &str, at: usize) -> Result<(Member, Type), ConditionError> {
        let choose = |choices: &[(&str, Member, Type)]| {
            let found = choices.iter().find(|(name, _, _)| *name == member);
            found.map(|(_, member, of)| (member.clone(), of.clone())).ok_or_else(|| {
                unknown(at, member, ("屬性", "attribute"), choices.iter().map(|(name, _, _)| *name))
            })
        };
        match of {
            Type::Reference(register) => {
                let (field, of) = field(self.outline(register, at)?, member, at)?;
                Ok((Member::Field(field), of))
            }
            Type::Row(columns) => {
                let found = columns.0.get_key_value(member);
                let names = columns.0.keys().map(FieldId::as_str);
                found
                    .map(|(column, of)| (Member::Column(column.clone()), of.clone()))
                    .ok_or_else(|| unknown(at, member, ("欄", "column"), names))
            }
            Type::Checklist(items) => match (member, items.get_key_value(member)) {
                ("done", _) => Ok((Member::ChecklistDone(items.len()), Type::Truth)),
                ("bad", _) => Ok((Member::ChecklistBad, Type::Number)),
                (_, Some((item, answers))) => {
                    let words = Type::words(answers.iter().map(|answer: &Answer| answer.word()));
                    Ok((Member::ChecklistItem(item.clone()), words))
                }
                _ => {
                    let names = items.keys().map(|item| item.as_str()).chain(["done", "bad"]);
                    Err(unknown(at, member, ("檢核項目", "item"), names))
                }
            },
            Type::File => choose(&[
                ("kind", Member::FileKind, Type::Text),
                ("name", Member::FileName, Type::Text),
                ("size", Member::FileSize, Type::Number),
            ]),
            Type::Run(procedures) => choose(&[
                ("complete", Member::RunComplete, Type::Truth),
                ("ended_at", Member::RunEndedAt, Type::Moment),
                ("late", Member::RunLate, Type::Number),
                ("procedure", Member::RunProcedure, Type::words(procedures.iter().map(|id| id.as_str()))),
                ("started_at", Member::RunStartedAt, Type::Moment),
            ]),
            Type::Span => choose(&[
                ("days", Member::SpanDays, Type::Number),
                ("hours", Member::SpanHours, Type::Number),
                ("minutes", Member::SpanMinutes, Type::Number),
            ]),
            _ => {
                let (zh, en) = of.name();
                let (zh, en) = (format!("{zh}沒有「{member}」"), format!("{en} has no {member:?}"));
                Err(ConditionError::new(at, zh, en))
            }
        }
    }

    fn method(&mut self, of: &Node, name: &str, at: usize, arguments: &[Node]) -> Typed {
        if let Some(which) = Macro::from_word(name) {
            return self.over(which, of, at, arguments);
        }
        let all: Vec<&Node> = std::iter::once(of).chain(arguments).collect();
        self.call(at, name, &all)
    }

    fn over(&mut self, which: Macro, of: &Node, at: usize, arguments: &[Node]) -> Typed {
        let (list, found) = self.infer(of)?;
        let Type::List(element) = found else { return Err(unfit_name(of.at, &found, ("清單", "a list"))) };
        let [Node { kind: Kind::Name(variable), .. }, body] = arguments else {
            let (zh, en) = (
                format!("{0} 須寫成 {0}(變數, 條件)", which.word()),
                format!("write {}(variable, condition)", which.word()),
            );
            return Err(ConditionError::new(at, zh, en));
        };
        self.locals.push((variable.clone(), (*element).clone()));
        let body = if which == Macro::Map {
            self.infer(body)
        } else {
            self.expect(body, &Type::Truth).map(|body| (body, Type::Truth))
        };
        self.locals.pop();
        let (body, made) = body?;
        let of = match which {
            Macro::Filter => element.list(),
            Macro::Map => made.list(),
            Macro::All | Macro::Exists | Macro::ExistsOne => Type::Truth,
        };
        Ok((Expr::Macro(which, Box::new(list), Box::new(body)), of))
    }

    fn call(&mut self, at: usize, name: &str, arguments: &[&Node]) -> Typed {
        let function = Function::from_word(name).ok_or_else(|| {
            let words = Function::ALL
                .iter()
                .map(|function| function.word())
                .chain(Macro::ALL.iter().map(|one| one.word()));
            unknown(at, name, ("函式", "function"), words)
        })?;
        match (function, arguments) {
            (Function::DateOf, [Node { kind: Kind::Text(text), at }]) => {
                let date = text.parse().map_err(|_| {
                    ConditionError::new(
                        *at,
                        format!("「{text}」不是日期"),
                        format!("{text:?} is not a date like 2026-01-31"),
                    )
                })?;
                return Ok((Expr::Literal(Value::Date(date)), Type::Date));
            }
            (Function::Has, [of]) => {
                let (expr, _) = self.infer(of)?;
                return Ok((Expr::Call(function, vec![expr]), Type::Truth));
            }
            (Function::Size, [of]) => {
                let (expr, found) = self.infer(of)?;
                return match found {
                    Type::List(_) | Type::Text => Ok((Expr::Call(function, vec![expr]), Type::Number)),
                    other => Err(unfit_name(of.at, &other, ("清單或文字", "a list or a text"))),
                };
            }
            (Function::Sum, [of]) => {
                let (expr, found) = self.infer(of)?;
                return match found {
                    Type::List(element) if matches!(*element, Type::Number | Type::Span) => {
                        Ok((Expr::Call(function, vec![expr]), *element))
                    }
                    other => Err(unfit_name(of.at, &other, ("數值清單", "a list of numbers or spans"))),
                };
            }
            _ => {}
        }
        let (wanted, of) = self.signature(function);
        if wanted.len() != arguments.len() {
            let zh = format!("{name} 需要 {} 個引數", wanted.len());
            let en = format!("{name} takes {} arguments", wanted.len());
            return Err(ConditionError::new(at, zh, en));
        }
        let checked = arguments.iter().zip(&wanted).map(|(argument, wanted)| self.expect(argument, wanted));
        let arguments = checked.collect::<Result<Vec<_>, _>>()?;
        Ok((Expr::Call(function, arguments), of))
    }

    fn signature(&self, function: Function) -> (Vec<Type>, Type) {
        match function {
            Function::Contains | Function::EndsWith | Function::StartsWith => {
                (vec![Type::Text, Type::Text], Type::Truth)
            }
            Function::Days | Function::Hours | Function::Minutes => (vec![Type::Number], Type::Span),
            Function::DateOf => (vec![Type::Moment], Type::Date),
            Function::Month | Function::Weekday | Function::Year => (vec![Type::Date], Type::Number),
            Function::OfficeDay => (vec![Type::Date], Type::Truth),
            Function::Superior => (vec![Type::Unit], Type::Unit),
            Function::Within => (vec![Type::Unit, Type::Unit], Type::Truth),
            Function::WorkingDays => (vec![Type::Date, Type::Number], Type::Date),
            Function::Holds => (vec![Type::Person, self.typing.roles(), Type::Unit], Type::Truth),
            Function::Has | Function::Size | Function::Sum => (vec![Type::Text], Type::Truth),
        }
    }

    fn grade(&self, at: usize, text: &str) -> Result<Expr, ConditionError> {
        let grades = &self.typing.vocabulary.grades;
        match grades.iter().find(|grade| grade.as_str() == text) {
            Some(grade) => Ok(Expr::Literal(Value::Grade(grade.clone()))),
            None => Err(unknown(at, text, ("機密等級", "grade"), grades.iter().map(GradeId::as_str))),
        }
    }
}

/// May a value of the first type stand where the second is asked for?
pub(crate) fn fits(found: &Type, wanted: &Type) -> bool {
    match (found, wanted) {
        (Type::Word(found), Type::Word(wanted)) => found.iter().all(|word| wanted.contains(word)),
        (Type::List(found), Type::List(wanted)) => fits(found, wanted),
        _ => found == wanted,
    }
}

/// Two choices may be compared when they share a word.
fn overlap(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Word(left), Type::Word(right)) => left.iter().any(|word| right.contains(word)),
        _ => false,
    }
}

fn word(at: usize, text: &str, words: &[Arc<str>]) -> Result<Expr, ConditionError> {
    match words.iter().find(|word| ***word == *text) {
        Some(word) => Ok(Expr::Literal(Value::Word(word.clone()))),
        None => Err(unknown(at, text, ("選項", "option"), words.iter().map(|word| &**word))),
    }
}

fn field(outline: &Outline, name: &str, at: usize) -> Result<(FieldId, Type), ConditionError> {
    let found = outline.fields.get_key_value(name);
    found
        .map(|(field, of)| (field.clone(), of.clone()))
        .ok_or_else(|| unknown(at, name, ("欄位", "field"), outline.fields.keys().map(FieldId::as_str)))
}

fn attribute(member: &str, at: usize) -> Result<RecordAttribute, ConditionError> {
    RecordAttribute::from_word(member).ok_or_else(|| {
        unknown(
            at,
            member,
            ("屬性", "attribute"),
            RecordAttribute::ALL.iter().map(|attribute| attribute.word()),
        )
    })
}

fn step_part(
    outline: &Outline,
    step: &str,
    step_at: usize,
    member: &str,
    at: usize,
) -> Result<(crate::word::StepId, StepAttribute, Type), ConditionError> {
    let (id, outcomes) = outline.steps.get_key_value(step).ok_or_else(|| {
        unknown(step_at, step, ("步驟", "step"), outline.steps.keys().map(|step| step.as_str()))
    })?;
    let attribute = StepAttribute::from_word(member).ok_or_else(|| {
        unknown(
            at,
            member,
            ("屬性", "attribute"),
            StepAttribute::ALL.iter().map(|attribute| attribute.word()),
        )
    })?;
    Ok((id.clone(), attribute, Outline::step(outcomes, attribute)))
}

fn unknown<'c>(
    at: usize,
    name: &str,
    what: (&str, &str),
    candidates: impl IntoIterator<Item = &'c str>,
) -> ConditionError {
    let (zh, en) = (format!("沒有名為「{name}」的{}", what.0), format!("there is no {} {name:?}", what.1));
    ConditionError::new(at, zh, en).suggest(nearest(name, candidates))
}

fn unfit(at: usize, found: &Type, wanted: &Type) -> ConditionError {
    unfit_name(at, found, wanted.name())
}

fn unfit_name(at: usize, found: &Type, wanted: (&str, &str)) -> ConditionError {
    let (zh, en) = found.name();
    ConditionError::new(
        at,
        format!("此處應為{},不是{zh}", wanted.0),
        format!("{} is asked for here, not {en}", wanted.1),
    )
}
