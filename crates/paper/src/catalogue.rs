//! A list as it is filtered, as a table across pages.

use crate::form::shares;
use crate::head::Head;
use serde::Serialize;

/// Most rows that are printed; a longer list is for a spreadsheet.
pub const MOST_ROWS: usize = 2_000;

/// A list.
#[derive(Debug, Clone, Serialize)]
pub struct Catalogue {
    /// What stands on every page.
    pub head: Head,
    /// What it was narrowed by, in words.
    pub filters: Vec<String>,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
    shares: Vec<u32>,
}

impl Catalogue {
    /// Rows under heads.
    #[must_use]
    pub fn new(head: Head, filters: Vec<String>, heads: Vec<String>, rows: Vec<Vec<String>>) -> Self {
        let shares = shares(&heads, &rows);
        Self { head, filters, heads, rows, shares }
    }

    /// Its rows.
    #[must_use]
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }
}
