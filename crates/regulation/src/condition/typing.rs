//! What a condition may speak of, where it stands.

use super::ast::{ActorAttribute, RecordAttribute, StepAttribute};
use crate::value::Type;
use crate::word::{FieldId, GradeId, LookupId, ProcedureId, RegisterId, RoleId, StateId, StepId};
use std::collections::BTreeMap;

/// What conditions may know of a register.
#[derive(Debug, Clone, Default)]
pub struct Outline {
    /// Its fields.
    pub fields: BTreeMap<FieldId, Type>,
    /// Its states.
    pub states: Vec<StateId>,
    /// Its steps with the words of their outcomes.
    pub steps: BTreeMap<StepId, Vec<&'static str>>,
    /// Its lookups with the registers they look in.
    pub lookups: BTreeMap<LookupId, RegisterId>,
}

/// The names of a pack.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Registers.
    pub registers: BTreeMap<RegisterId, Outline>,
    /// Roles.
    pub roles: Vec<RoleId>,
    /// Grades.
    pub grades: Vec<GradeId>,
    /// Procedures.
    pub procedures: Vec<ProcedureId>,
}

/// What a condition may speak of at one place of a pack.
#[derive(Debug, Clone)]
pub struct Typing<'v> {
    /// The names of the pack.
    pub vocabulary: &'v Vocabulary,
    /// The register whose record it is about, when there is one.
    pub record: Option<&'v RegisterId>,
    /// The names of what it is about, when that is no record.
    pub own: Option<&'v Outline>,
    /// Is somebody acting, so that `actor` and `old` mean something?
    pub acting: bool,
    /// The type of `target`.
    pub target: Option<Type>,
    /// The type of `object`, which also allows `due_on`.
    pub object: Option<Type>,
    /// The type of `each`.
    pub each: Option<Type>,
}

impl<'v> Typing<'v> {
    /// For a condition about a record.
    #[must_use]
    pub const fn record(vocabulary: &'v Vocabulary, register: &'v RegisterId) -> Self {
        Self {
            vocabulary,
            record: Some(register),
            own: None,
            acting: false,
            target: None,
            object: None,
            each: None,
        }
    }

    /// For a condition about no record of its own.
    #[must_use]
    pub const fn bare(vocabulary: &'v Vocabulary) -> Self {
        Self { vocabulary, record: None, own: None, acting: false, target: None, object: None, each: None }
    }

    /// For a condition about something that is no record: of its outline the fields alone are spoken of.
    #[must_use]
    pub const fn about(vocabulary: &'v Vocabulary, outline: &'v Outline) -> Self {
        Self {
            vocabulary,
            record: None,
            own: Some(outline),
            acting: false,
            target: None,
            object: None,
            each: None,
        }
    }

    /// Where somebody acts.
    #[must_use]
    pub fn acting(mut self) -> Self {
        self.acting = true;
        self
    }

    /// With `target` a record of this register.
    #[must_use]
    pub fn with_target(mut self, register: &RegisterId) -> Self {
        self.target = Some(Type::Reference(register.clone()));
        self
    }

    /// With `object` and `due_on`.
    #[must_use]
    pub fn with_object(mut self, of: Type) -> Self {
        self.object = Some(of);
        self
    }

    /// With `each`.
    #[must_use]
    pub fn with_each(mut self, of: Type) -> Self {
        self.each = Some(of);
        self
    }

    pub(super) fn outline(&self) -> Option<&'v Outline> {
        self.vocabulary.registers.get(self.record?)
    }

    /// The names that stand alone here, for suggestions.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = vec!["today".into(), "now".into()];
        if let Some(outline) = self.outline() {
            names.extend(outline.fields.keys().map(ToString::to_string));
            names.extend(["record", "step", "lookup"].map(String::from));
        }
        names.extend(self.own.iter().flat_map(|own| own.fields.keys()).map(ToString::to_string));
        if self.acting {
            names.extend(["actor", "old"].map(String::from));
        }
        for (name, of) in [("target", &self.target), ("object", &self.object), ("each", &self.each)] {
            names.extend(of.is_some().then(|| name.to_owned()));
        }
        names.extend(self.object.is_some().then(|| "due_on".to_owned()));
        names
    }

    pub(super) fn actor(&self, attribute: ActorAttribute) -> Type {
        match attribute {
            ActorAttribute::Person => Type::Person,
            ActorAttribute::Reason => Type::Text,
            ActorAttribute::Role => self.roles(),
            ActorAttribute::Unit => Type::Unit,
        }
    }

    pub(super) fn roles(&self) -> Type {
        Type::words(self.vocabulary.roles.iter().map(RoleId::as_str))
    }
}

impl Outline {
    pub(crate) fn attribute(&self, attribute: RecordAttribute) -> Type {
        match attribute {
            RecordAttribute::Grade => Type::Grade,
            RecordAttribute::Number => Type::Text,
            RecordAttribute::OpenedBy => Type::Person,
            RecordAttribute::State => Type::words(self.states.iter().map(StateId::as_str)),
            RecordAttribute::Unit => Type::Unit,
            RecordAttribute::ClosedAt
            | RecordAttribute::OccurredAt
            | RecordAttribute::OpenedAt
            | RecordAttribute::RecordedAt => Type::Moment,
        }
    }

    pub(crate) fn step(outcomes: &[&'static str], attribute: StepAttribute) -> Type {
        match attribute {
            StepAttribute::At => Type::Moment,
            StepAttribute::By => Type::Person.list(),
            StepAttribute::Outcome => Type::words(outcomes.iter().copied()),
        }
    }
}
