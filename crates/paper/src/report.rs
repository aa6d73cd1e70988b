//! The report of a month to the steward: how clauses stand by article, what is not met, what is not known and why.

use crate::head::{Head, Ledger};
use serde::Serialize;

/// A report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What stands on every page.
    pub head: Head,
    /// The span reported on, and how it is to be read.
    pub intro: Vec<String>,
    /// Names of states, in the order in which they are counted.
    pub states: Vec<String>,
    /// The sum over all.
    pub total: Tally,
    /// Each article.
    pub articles: Vec<Article>,
    /// What is not as it should be.
    pub red: Findings,
    /// What is not known, too old, or not reckoned, and why.
    pub grey: Findings,
    /// The ledger's head.
    pub ledger: Option<Ledger>,
    /// Who takes note of it.
    pub boxes: Vec<crate::form::SignatureBox>,
}

/// Findings under a heading.
#[derive(Debug, Clone, Serialize)]
pub struct Findings {
    /// The heading.
    pub label: String,
    /// Each.
    pub rows: Vec<Finding>,
}

/// How many clauses stand how, as many numbers as the report has states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many of each state.
    pub counts: Vec<usize>,
    /// How many in all.
    pub all: usize,
}

/// The clauses of an article.
#[derive(Debug, Clone, Serialize)]
pub struct Article {
    /// Its number or name.
    pub name: String,
    /// How its clauses stand.
    pub tally: Tally,
}

/// Something found.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The clause.
    pub clause: String,
    /// What was looked at.
    pub check: String,
    /// How it stands.
    pub told: String,
}
