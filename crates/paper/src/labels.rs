//! Labels with QR, to be stuck on what they name: sheets of A4 with three by eight, or one a page.

use crate::code::Code;
use crate::head::Head;
use serde::Serialize;

/// Most labels that are printed at once.
pub const MOST_LABELS: usize = 960;

/// Labels.
#[derive(Debug, Clone, Serialize)]
pub struct Labels {
    /// What stands around them.
    pub head: Head,
    /// How they lie on paper.
    pub layout: Layout,
    /// Each.
    pub labels: Vec<Label>,
}

/// How labels lie on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A4, three across and eight down, each 70 mm by 37 mm without a margin between.
    Sheet,
    /// One a page of 70 mm by 37 mm, for printers of labels.
    Single,
}

/// A label.
#[derive(Debug, Clone, Serialize)]
pub struct Label {
    /// What it stands on, large.
    pub number: String,
    /// What that is called.
    pub title: String,
    /// More about it, small.
    pub lines: Vec<String>,
    /// The grade's mark, where it is not everybody's.
    pub grade: Option<String>,
    picture: Code,
}

impl Label {
    /// A label whose code says `scanned`; none where that is too long for one.
    #[must_use]
    pub fn new(
        (number, title): (String, String),
        lines: Vec<String>,
        grade: Option<String>,
        scanned: String,
    ) -> Option<Self> {
        Some(Self { number, title, lines, grade, picture: Code::new(scanned)? })
    }
}
