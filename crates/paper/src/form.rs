//! The official form of a record, or the empty one of a register.

use crate::head::{Head, Ledger};
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

/// An official form.
#[derive(Debug, Clone, Serialize)]
pub struct Form {
    /// What stands on every page.
    pub head: Head,
    /// The record's number; empty where it has none yet.
    pub number: String,
    /// The unit it belongs to.
    pub unit: String,
    /// The day it was opened.
    pub date: String,
    /// What it is about; none on an empty form.
    pub subject: Option<String>,
    /// Its state, with more that is said of the whole.
    pub about: Vec<Line>,
    /// What is asked, by groups.
    pub sections: Vec<Section>,
    /// Boxes for signatures, those that were given and those that are still to be.
    pub boxes: Vec<SignatureBox>,
    /// The clauses it rests on, as a sentence.
    pub clause: Option<String>,
    /// Where the ledger holds it.
    pub ledger: Option<Ledger>,
}

/// Questions that belong together.
#[derive(Debug, Clone, Serialize)]
pub struct Section {
    /// Their name.
    pub label: Option<String>,
    /// The questions.
    pub lines: Vec<Line>,
}

/// A question with its answer.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The question.
    pub label: String,
    /// The answer.
    pub value: Value,
    /// Does it take the whole width?
    wide: bool,
}

/// An answer.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Value {
    /// Room to write by hand.
    Blank {
        /// For so many lines.
        lines: u32,
        /// What stands behind it, such as a unit of measure.
        after: String,
    },
    /// A text.
    Text {
        /// It.
        text: String,
    },
    /// Boxes, some ticked.
    Ticks {
        /// Each with its name.
        options: Vec<Tick>,
    },
    /// Rows under heads.
    Table {
        /// The heads.
        heads: Vec<String>,
        /// The rows.
        rows: Vec<Vec<String>>,
        /// Empty rows below them.
        blank: u32,
        /// Shares of the width, as long as `heads`.
        shares: Vec<u32>,
    },
    /// Files that are kept with the record.
    Files {
        /// Each of them.
        files: Vec<Held>,
    },
}

/// A box to tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tick {
    /// What stands beside it.
    pub text: String,
    /// Is it ticked?
    pub ticked: bool,
}

/// A file that is kept with a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its name, with its size.
    pub name: String,
    /// Its digest.
    pub digest: String,
}

/// A box for a signature.
#[derive(Debug, Clone, Serialize)]
pub struct SignatureBox {
    /// In which role, or in which step.
    pub role: String,
    /// The signature; none where it is still to be given, be it by hand.
    pub seal: Option<Seal>,
}

/// A signature as a box shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Seal {
    /// Who.
    pub name: String,
    /// For whom.
    pub acting_for: Option<String>,
    /// How it was decided.
    pub outcome: String,
    /// When.
    pub at: String,
    /// The grade of its evidence, in words.
    pub evidence: String,
    /// What its check gave.
    pub check: String,
    /// The hash of what was signed.
    pub digest: Option<String>,
    /// The entry that carries it.
    pub entry: String,
    /// Why.
    pub reason: Option<String>,
    /// Why it counts no more.
    pub void: Option<String>,
}

/// Columns of the terminal that fit into half the width of a form, about.
const HALF: usize = 30;

impl Line {
    /// A question with its answer; how wide it stands follows from both.
    #[must_use]
    pub fn new(label: impl Into<String>, value: Value) -> Self {
        let label = label.into();
        let wide = match &value {
            Value::Blank { lines, .. } => *lines > 1,
            Value::Text { text } => text.contains('\n') || text.width() > HALF,
            Value::Ticks { options } => {
                options.iter().map(|option| option.text.width() + 4).sum::<usize>() > HALF
            }
            Value::Table { .. } | Value::Files { .. } => true,
        };
        Self { wide: wide || label.width() > HALF, label, value }
    }
}

impl Value {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// Rows under heads; columns are as wide as what stands in them asks for.
    #[must_use]
    pub fn table(heads: Vec<String>, rows: Vec<Vec<String>>, blank: u32) -> Self {
        let shares = shares(&heads, &rows);
        Self::Table { heads, rows, blank, shares }
    }
}

/// Shares of the width: the widest cell of each column counts, within bounds, so that no column starves another.
pub(crate) fn shares(heads: &[String], rows: &[Vec<String>]) -> Vec<u32> {
    let share = |(at, head): (usize, &String)| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
        let widest = cells.max().unwrap_or_default().max(head.width());
        u32::try_from(widest.clamp(6, 36)).unwrap_or(36)
    };
    heads.iter().enumerate().map(share).collect()
}
