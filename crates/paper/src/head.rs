//! What stands on every page of a paper: whose it is, what it is, how it is graded, who made it.

use crate::code::Code;
use crate::words::Language;
use serde::Serialize;

/// What stands on every page.
#[derive(Debug, Clone, Serialize)]
pub struct Head {
    /// The language of fixed words.
    #[serde(skip)]
    pub language: Language,
    /// The authority whose paper it is.
    pub authority: String,
    /// What the paper is called.
    pub title: String,
    /// What forms of this sort are known by, at the foot.
    pub code: String,
    /// The grade's mark, at the top and at the foot of every page; none where everybody may read it.
    pub grade: Option<String>,
    /// What stands slantwise across every page, such as of a sample city.
    pub watermark: Option<String>,
    /// Who made it and when, at the foot.
    pub made: String,
}

/// Where the ledger holds what a paper shows.
#[derive(Debug, Clone, Serialize)]
pub struct Ledger {
    /// Names and what they stand for, such as the number of the entry and its hash.
    pub facts: Vec<(String, String)>,
    /// What is said below them.
    pub note: String,
    /// The same for a reader of codes.
    picture: Code,
}

impl Ledger {
    /// With a text for readers of codes; none where it is too long for one.
    #[must_use]
    pub fn new(facts: Vec<(String, String)>, note: String, scanned: String) -> Option<Self> {
        Some(Self { facts, note, picture: Code::new(scanned)? })
    }

    /// What the code says.
    #[must_use]
    pub fn scanned(&self) -> &str {
        self.picture.text()
    }
}
