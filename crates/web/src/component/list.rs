//! The list: search, chips with counts, filters, columns, order, pages, total and time taken, export.
//!
//! A form of GET and links, so that it works without script and each list has an address. With htmx only the part
//! `list` is replaced: [`ListView::as_region`].

use crate::component::{Empty, Exports, Notice, Pill, Views};
use crate::cx::Cx;
use crate::names::Shown;
use crate::query::Query;
use askama::Template;

/// A list.
#[derive(Template)]
#[template(path = "component/list.html", blocks = ["region"])]
pub struct ListView<'a> {
    /// The page's context.
    pub cx: &'a Cx,
    /// Where the list is.
    pub path: String,
    /// What is listed, for those who hear the table.
    pub caption: String,
    /// What it is asked for.
    pub query: Query,
    /// What the search looks at, as a hint.
    pub hint: String,
    /// Saved views, where there are any.
    pub views: Option<Views<'a>>,
    /// What did not read, told.
    pub problems: Vec<Notice<'a>>,
    /// Chips.
    pub facets: Vec<Facet>,
    /// Filters in force, each with the way to be rid of it.
    pub active: Vec<Chip>,
    /// Filters there are.
    pub filters: Vec<FilterInput>,
    /// Columns there are.
    pub columns: Vec<ColumnChoice>,
    /// Heads of the columns shown.
    pub heads: Vec<Head>,
    /// Rows.
    pub rows: Vec<ListRow<'a>>,
    /// What is said where there are none.
    pub empty: Empty<'a>,
    /// How many there are in all.
    pub total: u64,
    /// Of a list that is looked through a stretch at a time: how far, and the way on. Such a list has no total.
    pub followed: Option<Followed>,
    /// The page, from 1.
    pub page: u64,
    /// Rows of a page.
    pub size: u32,
    /// How long it took.
    pub taken_micros: i64,
    /// Ways out.
    pub exports: Option<Exports<'a>>,
}

/// How far a list was looked through.
#[derive(Debug, Clone)]
pub struct Followed {
    /// How far.
    pub looked: String,
    /// The way on; none at the end.
    pub next: Option<String>,
}

/// Chips of one kind.
#[derive(Debug, Clone)]
pub struct Facet {
    /// The name in the address of what they choose.
    pub name: String,
    /// What they are of.
    pub label: String,
    /// The chips.
    pub chips: Vec<Chip>,
}

/// A value that a list is narrowed by, with a click.
#[derive(Debug, Clone)]
pub struct Chip {
    /// Names it within the page, so that the focus stays on it.
    pub id: String,
    /// What it says.
    pub text: String,
    /// How many there are.
    pub count: Option<u64>,
    /// Where it leads.
    pub href: String,
    /// Is it chosen?
    pub on: bool,
}

/// A filter that can be set.
#[derive(Debug, Clone)]
pub struct FilterInput {
    /// Its name in the address.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// How it is set.
    pub kind: FilterKind,
}

/// How a filter is set.
#[derive(Debug, Clone)]
pub enum FilterKind {
    /// Words; the value.
    Words(String),
    /// From and to; the type of the fields, the values.
    Range {
        /// `date` or `number`.
        of: &'static str,
        /// At least.
        min: String,
        /// At most.
        max: String,
    },
    /// Some of these: value, text, chosen.
    Some(Vec<(String, String, bool)>),
}

/// A column that can be shown.
#[derive(Debug, Clone)]
pub struct ColumnChoice {
    /// Its name in the address.
    pub name: String,
    /// What it is called.
    pub text: String,
    /// Is it shown?
    pub on: bool,
}

/// The head of a column.
#[derive(Debug, Clone)]
pub struct Head {
    /// Its name in the address.
    pub name: String,
    /// What it is called.
    pub text: String,
    /// Its class: `num`, `when`, `number`.
    pub class: &'static str,
    /// The way to sort by it, where that is possible, and how it is sorted now.
    pub sort: Option<(String, Sorted)>,
}

/// How a list is sorted by a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorted {
    /// Downwards.
    Down,
    /// Not by this one.
    Not,
    /// Upwards.
    Up,
}

/// A row.
pub struct ListRow<'a> {
    /// Where it leads.
    pub href: String,
    /// Its cells, one a head.
    pub cells: Vec<ListCell<'a>>,
}

/// A cell.
pub enum ListCell<'a> {
    /// What leads to the page of the row.
    Lead(String),
    /// A state or a grade.
    Pill(Pill<'a>),
    /// A value.
    Value(Shown),
}

impl ListView<'_> {
    /// Rows of a page that may be chosen.
    pub const SIZES: [u32; 4] = [25, 50, 100, 200];

    /// How many pages there are; one where there is nothing.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(u64::from(self.size.max(1))).max(1)
    }

    /// The first and the last row of the page, from 1.
    #[must_use]
    pub fn range(&self) -> (u64, u64) {
        let first = (self.page - 1) * u64::from(self.size);
        (first + 1, (first + self.rows.len() as u64).max(first))
    }

    /// What tells a row's link from others of the page that say the same: its place in the list; none where no other does.
    #[must_use]
    pub fn told_apart(&self, at: &usize, text: &str) -> Option<String> {
        let leads = |row: &&ListRow<'_>| {
            row.cells.iter().any(|cell| matches!(cell, ListCell::Lead(lead) if lead.as_str() == text))
        };
        let place = self.range().0 + *at as u64;
        (self.rows.iter().filter(leads).nth(1).is_some()).then(|| match self.cx.chinese() {
            true => format!("{text}（第 {place} 筆）"),
            false => format!("{text} (row {place})"),
        })
    }

    /// Pages to go to: the first, the last, and those around the present one; none stands for those left out.
    #[must_use]
    pub fn steps(&self) -> Vec<Option<u64>> {
        let pages = self.pages();
        let mut near: Vec<u64> = (self.page.saturating_sub(2).max(1)..=(self.page + 2).min(pages)).collect();
        near.extend([1, pages]);
        near.sort_unstable();
        near.dedup();
        let mut steps = Vec::new();
        let mut last = 0;
        for page in near {
            if page > last + 1 {
                steps.push(None);
            }
            steps.push(Some(page));
            last = page;
        }
        steps
    }

    /// The way to a page.
    #[must_use]
    pub fn to_page(&self, page: &u64) -> String {
        self.query.with("page", page.to_string()).behind(&self.path)
    }

    /// The way to the list with everything shown.
    #[must_use]
    pub fn cleared(&self) -> String {
        let kept = ["columns", "sort", "size"];
        let pairs = self.query.pairs().filter(|(name, _)| kept.contains(name));
        Query::of(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()).behind(&self.path)
    }

    /// What the form does not ask itself and keeps: what chips have chosen, order.
    #[must_use]
    pub fn kept(&self) -> Vec<(String, String)> {
        let asked = |name: &str| {
            name == "q"
                || name == "page"
                || name == "columns"
                || name == "size"
                || self.filters.iter().any(|filter| {
                    name == filter.name
                        || name.strip_prefix(filter.name.as_str()).is_some_and(|end| end.starts_with('.'))
                })
        };
        let kept = self.query.pairs().filter(|(name, value)| !asked(name) && !value.is_empty());
        kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The time taken as people read it.
    #[must_use]
    pub fn taken(&self) -> String {
        format!("{}.{} ms", self.taken_micros / 1_000, self.taken_micros % 1_000 / 100)
    }

    /// The number with separators.
    #[must_use]
    pub fn counted(&self, number: &u64) -> String {
        counted(*number)
    }
}

/// A count with a comma before every third digit.
#[must_use]
pub(crate) fn counted(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_with_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(counted(number), text);
        }
    }
}
