//! What a query's conditions say of the files and pages in which its rows can stand.
//!
//! Invariant: rows that a condition lets through are never left out; the engine asks the condition itself of every row.

use crate::network;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use std::collections::BTreeSet;
use std::ops::{Bound, RangeInclusive};
use telemetry::find::Wanted;
use telemetry::index::{Index, IndexError, Key};

/// Moments between which rows were received, in microseconds of UTC, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Span {
    const ALL: Self = Self { from: i64::MIN, until: i64::MAX };

    /// Those that all of these conditions leave.
    pub(crate) fn of(conditions: &[Expr]) -> Self {
        conditions.iter().map(Self::of_one).fold(Self::ALL, Self::and)
    }

    fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    fn of_one(condition: &Expr) -> Self {
        match condition {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                Self::of_one(left).and(Self::of_one(right))
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (name(left), moment(right)) {
                (Some("received"), Some(at)) => Self::compared(*op, at),
                _ => match (name(right), moment(left), op.swap()) {
                    (Some("received"), Some(at), Some(op)) => Self::compared(op, at),
                    _ => Self::ALL,
                },
            },
            Expr::Between(between) if !between.negated && name(&between.expr) == Some("received") => Self {
                from: moment(&between.low).unwrap_or(i64::MIN),
                until: moment(&between.high).unwrap_or(i64::MAX),
            },
            _ => Self::ALL,
        }
    }

    const fn compared(op: Operator, at: i64) -> Self {
        match op {
            Operator::Eq => Self { from: at, until: at },
            Operator::Gt | Operator::GtEq => Self { from: at, ..Self::ALL },
            Operator::Lt | Operator::LtEq => Self { until: at, ..Self::ALL },
            _ => Self::ALL,
        }
    }
}

/// Pages in which rows can stand that all of these conditions let through; none where that may be all of them.
///
/// # Errors
/// The index does not read.
pub(crate) fn pages(conditions: &[Expr], index: &Index) -> Result<Option<BTreeSet<u32>>, IndexError> {
    conditions.iter().try_fold(None, |pages, condition| Ok(both(pages, of_one(condition, index)?)))
}

type Pages = Option<BTreeSet<u32>>;

fn both(one: Pages, other: Pages) -> Pages {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.intersection(&other).copied().collect()),
        (one, other) => one.or(other),
    }
}

fn of_one(condition: &Expr, index: &Index) -> Result<Pages, IndexError> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            Ok(both(of_one(left, index)?, of_one(right, index)?))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let (left, right) = (of_one(left, index)?, of_one(right, index)?);
            Ok(left.zip(right).map(|(mut left, right)| {
                left.extend(right);
                left
            }))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let asked = name(left).zip(text(right)).or_else(|| name(right).zip(text(left)));
            asked.map_or(Ok(None), |(column, value)| equal(column, value, index))
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            let (Some(column), Some(values)) =
                (name(expr), list.iter().map(text).collect::<Option<Vec<_>>>())
            else {
                return Ok(None);
            };
            values.into_iter().try_fold(Some(BTreeSet::new()), |pages: Pages, value| {
                Ok(pages.zip(equal(column, value, index)?).map(|(mut pages, more)| {
                    pages.extend(more);
                    pages
                }))
            })
        }
        Expr::ScalarFunction(function) if function.name() == network::NAME => {
            let [column, network] = function.args.as_slice() else { return Ok(None) };
            match (name(column).and_then(key), text(network).and_then(Wanted::address)) {
                (Some(Key::Address), Some(values)) => posted(Key::Address, &values, index).map(Some),
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// Pages in which a column can have a value.
fn equal(column: &str, value: &str, index: &Index) -> Result<Pages, IndexError> {
    let Some(key) = key(column) else { return Ok(None) };
    let values = match key {
        Key::Address => match value.parse::<std::net::IpAddr>() {
            Ok(_) => Wanted::address(value),
            // No column has a text that is no address.
            Err(_) => return Ok(Some(BTreeSet::new())),
        },
        Key::User | Key::Device => Some(value.as_bytes().to_vec()..=value.as_bytes().to_vec()),
    };
    values.map(|values| posted(key, &values, index)).transpose()
}

fn posted(key: Key, values: &RangeInclusive<Vec<u8>>, index: &Index) -> Result<BTreeSet<u32>, IndexError> {
    let (from, to) = (Bound::Included(values.start().as_slice()), Bound::Included(values.end().as_slice()));
    Ok(index.range(key, from, to)?.into_iter().flat_map(|(_, posting)| posting.pages).collect())
}

/// The index that a column is in.
fn key(column: &str) -> Option<Key> {
    Key::ALL.into_iter().find(|key| key.fields().iter().any(|field| field.name() == column))
}

fn name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Column(column) => Some(column.name.as_str()),
        _ => None,
    }
}

fn text(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::Utf8View(Some(text))
            | ScalarValue::LargeUtf8(Some(text)),
            _,
        ) => Some(text),
        _ => None,
    }
}

fn moment(expression: &Expr) -> Option<i64> {
    match expression {
        Expr::Literal(ScalarValue::TimestampMicrosecond(moment, _), _) => *moment,
        _ => None,
    }
}
