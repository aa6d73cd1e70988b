//! Conditions: a declared part of CEL, read and typed when the pack is checked, evaluated without surprise.
//!
//! Owns: the syntax, the type walk, evaluation. Evaluation is pure: what a name means comes from a [`Scope`].
//! Invariant: a [`Condition`] has passed the type walk; evaluating it can fail only for the reasons of
//! [`EvalError`], never for its types.
//! Source: `docs/pack.md`, "Conditions"; Common Expression Language, language definition.

mod ast;
mod check;
mod eval;
mod lex;
mod parse;
#[cfg(test)]
mod tests;
mod typing;

use crate::value::{Type, Value};
use std::sync::Arc;

pub use ast::{
    ActorAttribute, Expr, Function, Macro, Member, Name, Operator, RecordAttribute, StepAttribute,
};
pub(crate) use check::fits;
pub use check::{ConditionError, RESERVED};
pub use eval::{EvalError, Scope};
pub use typing::{Outline, Typing, Vocabulary};

/// A condition that has been read and typed; cloning is cheap.
#[derive(Debug, Clone)]
pub struct Condition(Arc<Checked>);

#[derive(Debug)]
struct Checked {
    text: Box<str>,
    of: Type,
    expr: Expr,
}

impl Condition {
    /// Reads and types a condition.
    ///
    /// # Errors
    /// The first thing wrong with it, with its place in the text.
    pub fn new(text: &str, typing: &Typing<'_>) -> Result<Self, ConditionError> {
        let tree = parse::parse(text)?;
        let (expr, of) = check::check(&tree, typing)?;
        Ok(Self(Arc::new(Checked { text: text.into(), of, expr })))
    }

    /// The same, and it must yield this type.
    ///
    /// # Errors
    /// As [`Condition::new`], or another type comes out.
    pub fn of_type(text: &str, wanted: &Type, typing: &Typing<'_>) -> Result<Self, ConditionError> {
        let tree = parse::parse(text)?;
        let (expr, of) = check::check_as(&tree, wanted, typing)?;
        Ok(Self(Arc::new(Checked { text: text.into(), of, expr })))
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The type of its value.
    #[must_use]
    pub fn of(&self) -> &Type {
        &self.0.of
    }

    /// Its tree.
    #[must_use]
    pub fn expr(&self) -> &Expr {
        &self.0.expr
    }

    /// Its value.
    ///
    /// # Errors
    /// `Missing`: something it needs is not filled in; and the other reasons of [`EvalError`].
    pub fn eval(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        eval::eval(&self.0.expr, scope)
    }

    /// Does it hold? `None` when something it needs is not filled in, so that neither it nor its opposite holds.
    ///
    /// # Errors
    /// The reasons of [`EvalError`] other than `Missing`.
    pub fn holds(&self, scope: &dyn Scope) -> Result<Option<bool>, EvalError> {
        match self.eval(scope) {
            Ok(value) => Ok(Some(value == Value::Truth(true))),
            Err(EvalError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The names it mentions, each once, in order of appearance.
    #[must_use]
    pub fn names(&self) -> Vec<&Name> {
        let mut names = Vec::new();
        self.0.expr.visit(&mut |expr| {
            if let Expr::Name(name) = expr
                && !names.contains(&name)
            {
                names.push(name);
            }
        });
        names
    }
}
