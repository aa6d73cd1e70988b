//! Types of values, for the walk over conditions and for reading JSON.

use super::{Answer, Value};
use crate::word::{FieldId, ItemId, ProcedureId, RegisterId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// A checklist of these items and answers.
    Checklist(Arc<BTreeMap<ItemId, Vec<Answer>>>),
    /// A day.
    Date,
    /// A stored file.
    File,
    /// A grade.
    Grade,
    /// Several of one type.
    List(Box<Type>),
    /// A moment.
    Moment,
    /// A number.
    Number,
    /// A person.
    Person,
    /// A record of this register.
    Reference(RegisterId),
    /// A row of a table.
    Row(Columns),
    /// One of these procedures being followed.
    Run(Arc<[ProcedureId]>),
    /// A length of time.
    Span,
    /// A text.
    Text,
    /// A time of day.
    Time,
    /// Yes or no.
    Truth,
    /// A unit.
    Unit,
    /// One of these words.
    Word(Arc<[Arc<str>]>),
}

/// The columns of a table, in order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns(pub Arc<BTreeMap<FieldId, Type>>);

impl Type {
    /// A list of this type.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// One of these words.
    pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Word(words.into_iter().map(Arc::from).collect())
    }

    /// Its name in messages, in Traditional Chinese and English.
    #[must_use]
    pub fn name(&self) -> (&'static str, &'static str) {
        match self {
            Self::Checklist(_) => ("檢核表", "a checklist"),
            Self::Date => ("日期", "a date"),
            Self::File => ("檔案", "a file"),
            Self::Grade => ("機密等級", "a grade"),
            Self::List(_) => ("清單", "a list"),
            Self::Moment => ("日期時間", "a moment"),
            Self::Number => ("數值", "a number"),
            Self::Person => ("人員", "a person"),
            Self::Reference(_) => ("登記資料", "a record"),
            Self::Row(_) => ("表列", "a row of a table"),
            Self::Run(_) => ("程序執行紀錄", "a run of a procedure"),
            Self::Span => ("時間長度", "a span of time"),
            Self::Text => ("文字", "a text"),
            Self::Time => ("時刻", "a time of day"),
            Self::Truth => ("是否", "yes or no"),
            Self::Unit => ("單位", "a unit"),
            Self::Word(_) => ("選項", "a choice"),
        }
    }

    /// Can values of this type be put in order?
    #[must_use]
    pub const fn is_ordered(&self) -> bool {
        matches!(
            self,
            Self::Date | Self::Grade | Self::Moment | Self::Number | Self::Span | Self::Text | Self::Time
        )
    }

    /// Is the value one of this type?
    #[must_use]
    pub fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Checklist(items), Value::Checklist(answers)) => answers.iter().all(|(item, answered)| {
                items.get(item).is_some_and(|allowed| allowed.contains(&answered.answer))
            }),
            (Self::List(of), Value::List(values)) => values.iter().all(|value| of.holds(value)),
            (Self::Reference(register), Value::Reference(reference)) => *register == reference.register,
            (Self::Row(columns), Value::Row(row)) => {
                row.iter().all(|(column, value)| columns.0.get(column).is_some_and(|of| of.holds(value)))
            }
            (Self::Run(procedures), Value::Run(run)) => procedures.contains(&run.procedure),
            (Self::Word(words), Value::Word(word)) => words.contains(word),
            (Self::Date, Value::Date(_))
            | (Self::File, Value::File(_))
            | (Self::Grade, Value::Grade(_))
            | (Self::Moment, Value::Moment(_))
            | (Self::Number, Value::Number(_))
            | (Self::Person, Value::Person(_))
            | (Self::Span, Value::Span(_))
            | (Self::Text, Value::Text(_))
            | (Self::Time, Value::Time(_))
            | (Self::Truth, Value::Truth(_))
            | (Self::Unit, Value::Unit(_)) => true,
            _ => false,
        }
    }
}
