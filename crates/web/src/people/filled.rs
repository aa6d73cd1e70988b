//! A page with several forms, of which one was refused: that one comes back as it was filled in, each other as it was.

use crate::query::Query;
use model::Told;

/// A form that was refused: which, why, and what was filled in.
pub(crate) struct Refused {
    pub(crate) act: String,
    pub(crate) told: Told,
    pub(crate) sent: Query,
}

/// What a form starts from.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    fields: Query,
    /// Was it just refused?
    pub(crate) open: bool,
}

/// A form in which one of several is chosen.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    pub(crate) form: Filled,
    /// Values and what they are called.
    pub(crate) options: Vec<(String, String)>,
}

impl Filled {
    /// What was sent with the form of this act, else what is known.
    pub(crate) fn of(refused: Option<&Refused>, act: &str, known: Query) -> Self {
        match refused.filter(|refused| refused.act == act) {
            Some(refused) => Self { fields: refused.sent.clone(), open: true },
            None => Self { fields: known, open: false },
        }
    }

    /// All fields.
    pub(crate) const fn fields(&self) -> &Query {
        &self.fields
    }

    /// A field.
    pub(crate) fn one(&self, name: &str) -> &str {
        self.fields.one(name).unwrap_or_default()
    }
}

impl Choice {
    /// The same, with what can be chosen.
    pub(crate) fn of(refused: Option<&Refused>, act: &str, options: Vec<(String, String)>) -> Self {
        Self { form: Filled::of(refused, act, Query::default()), options }
    }
}
