//! Sigma: rules are read by `rsigma-parser`, compiled and tried by `rsigma-eval`, of one pinned version. Nothing else of
//! this crate speaks of either's evaluation, so that it can be replaced here.
//!
//! Source: Sigma specification 2.1.

use crate::event::Event;
use rsigma_eval::compiler::{CompiledRule, eval_condition};
use rsigma_parser::SigmaRule;

/// A rule that can be tried on a line.
pub(crate) trait Compiled: Send + Sync {
    /// Does it hold of the line?
    fn holds(&self, event: &Event<'_>) -> bool;
}

/// Compiles a rule.
///
/// # Errors
/// It cannot be compiled; why, in English.
pub(crate) fn compile(rule: &SigmaRule) -> Result<Box<dyn Compiled>, String> {
    let compiled = rsigma_eval::compile_rule(rule).map_err(|error| error.to_string())?;
    Ok(Box::new(Rsigma(compiled)))
}

struct Rsigma(CompiledRule);

impl Compiled for Rsigma {
    fn holds(&self, event: &Event<'_>) -> bool {
        let Rsigma(rule) = self;
        let mut found = Vec::new();
        rule.conditions.iter().any(|condition| eval_condition(condition, &rule.detections, event, &mut found))
    }
}
