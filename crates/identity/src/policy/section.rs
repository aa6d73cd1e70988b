//! The policies as a part of a pack: every problem is told when the pack is checked.

use super::{Policies, read};
use regulation::{Context, EngineBody, Section, Shape, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Under this name a pack has its [`Policies`].
pub(super) const SECTION: &str = "policies";

/// Reads `policies/*.cedar`; it has no files of its own.
#[derive(Debug, Clone, Copy)]
pub struct PolicySection;

static NO_FILES: Shape = Shape { keys: &[] };

impl Section for PolicySection {
    fn name(&self) -> &'static str {
        SECTION
    }

    fn has_folder(&self) -> bool {
        false
    }

    fn title(&self) -> (&'static str, &'static str) {
        ("政策", "Policies")
    }

    fn shape(&self) -> &'static Shape {
        &NO_FILES
    }

    fn read(&self, _: &[(&str, Table<'_>)], _: &Context<'_>) -> EngineBody {
        EngineBody(Arc::new(()))
    }

    fn policies(&self, policies: &BTreeMap<Box<str>, Box<str>>, context: &Context<'_>) -> Option<EngineBody> {
        let (policies, problems) = read::read(policies, context.vocabulary());
        if problems.is_empty() {
            return Some(EngineBody(Arc::new(Policies::of(&policies, context.vocabulary()))));
        }
        for problem in problems {
            context.problem_with(problem.place, problem.zh, problem.en, problem.suggestion);
        }
        None
    }
}
