//! A list that is at hand as a whole: people, clauses, notices. Its columns say once what is shown, sorted and exported.
//!
//! Lists of records are asked of the tables page by page instead (`registers`).

use super::export::{Exports, Made, Plain, Sheet};
use super::{ColumnChoice, Empty, Facet, FilterInput, Head, ListCell, ListRow, ListView, Sorted, Views};
use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use crate::names::{Named, Shown};
use crate::query::Query;
use model::Instant;

/// A column.
pub(crate) struct Column<T: 'static> {
    /// Its name in the address.
    pub(crate) name: &'static str,
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
    /// What it holds of a row.
    pub(crate) of: fn(&Look<'_>, &T) -> Plain,
}

/// A list.
pub(crate) struct Rows<'a, T: 'static> {
    pub(crate) cx: &'a Cx,
    /// Where it is.
    pub(crate) path: &'static str,
    /// What it is called.
    pub(crate) name: &'a str,
    /// What its file is called by those who know ASCII alone.
    pub(crate) plain: &'static str,
    pub(crate) columns: &'static [Column<T>],
    /// In the order it has where none is asked for.
    pub(crate) rows: Vec<T>,
    /// May it be put in another? A part of a list may not.
    pub(crate) whole: bool,
    /// What it is asked for.
    pub(crate) query: Query,
}

/// What is around such a list on its page.
pub(crate) struct Around<'a> {
    /// When it was asked for.
    pub(crate) began: Instant,
    /// What the search looks at.
    pub(crate) hint: String,
    pub(crate) views: Option<Views<'a>>,
    pub(crate) facets: Vec<Facet>,
    pub(crate) filters: Vec<FilterInput>,
    pub(crate) empty: Empty<'a>,
}

/// Rows of a page where nothing else is asked for.
const SIZE: u32 = 50;

impl<'a, T> Rows<'a, T> {
    /// The columns that are asked for; all where none is.
    fn chosen(&self) -> Vec<&'static Column<T>> {
        let asked: Vec<&str> = self.query.all("columns").collect();
        let chosen: Vec<_> = self.columns.iter().filter(|one| asked.contains(&one.name)).collect();
        if chosen.is_empty() { self.columns.iter().collect() } else { chosen }
    }

    fn sorted(&mut self, look: &Look<'_>) {
        let asked = self.query.one("sort").filter(|_| self.whole).unwrap_or_default();
        let (name, down) = asked.strip_prefix('-').map_or((asked, false), |name| (name, true));
        let Some(column) = self.columns.iter().find(|one| one.name == name) else { return };
        self.rows.sort_by_cached_key(|row| (column.of)(look, row).key());
        if down {
            self.rows.reverse();
        }
    }

    /// All of it as a file.
    ///
    /// # Errors
    /// `NotFound`: there is no such format. `Failed`: it could not be written.
    pub(crate) fn file(mut self, look: &Look<'_>) -> Result<Made, PageError> {
        self.sorted(look);
        let columns = self.chosen();
        let heads = columns.iter().map(|one| self.cx.t(one.zh, one.en).to_owned()).collect();
        let sheet = Sheet {
            cx: self.cx,
            name: self.name.to_owned(),
            plain: self.plain.to_owned(),
            heads,
            filters: Vec::new(),
        };
        let mut file = sheet.begin(self.query.one("format"))?;
        for row in &self.rows {
            let cells: Vec<Plain> = columns.iter().map(|one| (one.of)(look, row)).collect();
            file.row(&cells)?;
        }
        file.end()
    }

    /// A page of it; `lead` is where a row leads.
    pub(crate) fn page(
        mut self,
        look: &Look<'_>,
        lead: impl Fn(&T) -> String,
        around: Around<'a>,
    ) -> ListView<'a> {
        self.sorted(look);
        let number = |name: &str| self.query.one(name).and_then(|text| text.parse::<u64>().ok());
        let size = number("size").and_then(|size| u32::try_from(size).ok()).unwrap_or(SIZE);
        let size = if ListView::SIZES.contains(&size) { size } else { SIZE };
        let page = number("page").unwrap_or(1).max(1);
        let skip = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(size as usize);
        let chosen = self.chosen();
        let cell = |row: &T, at: usize, column: &Column<T>| {
            let told = (column.of)(look, row).told(self.cx);
            match (at, told.is_empty()) {
                (0, _) => ListCell::Lead(told),
                (_, true) => ListCell::Value(Shown::Nothing),
                (_, false) => ListCell::Value(Shown::Parts(vec![Named::plain(told)])),
            }
        };
        let row = |row: &T| ListRow {
            href: lead(row),
            cells: chosen.iter().enumerate().map(|(at, column)| cell(row, at, column)).collect(),
        };
        let rows = self.rows.iter().skip(skip).take(size as usize).map(row).collect();
        let total = self.rows.len() as u64;
        let choice = |one: &Column<T>| ColumnChoice {
            name: one.name.to_owned(),
            text: self.cx.t(one.zh, one.en).to_owned(),
            on: chosen.iter().any(|chosen| chosen.name == one.name),
        };
        ListView {
            cx: self.cx,
            path: self.path.to_owned(),
            caption: self.name.to_owned(),
            hint: around.hint,
            views: around.views,
            problems: Vec::new(),
            facets: around.facets,
            active: Vec::new(),
            filters: around.filters,
            columns: self.columns.iter().map(choice).collect(),
            heads: chosen.iter().map(|one| self.head(one)).collect(),
            rows,
            empty: around.empty,
            total,
            followed: None,
            page,
            size,
            taken_micros: self.cx.site.now().as_micros() - around.began.as_micros(),
            exports: Some(Exports::of(self.cx, &self.query, self.path, Some(total))),
            query: self.query,
        }
    }

    fn head(&self, column: &Column<T>) -> Head {
        let (up, down) = (column.name.to_owned(), format!("-{}", column.name));
        let sorted = match self.query.one("sort") {
            Some(asked) if asked == up => Sorted::Up,
            Some(asked) if asked == down => Sorted::Down,
            _ => Sorted::Not,
        };
        let next = if sorted == Sorted::Up { down } else { up };
        let href = self.query.without("page").with("sort", next).behind(self.path);
        Head {
            name: column.name.to_owned(),
            text: self.cx.t(column.zh, column.en).to_owned(),
            class: "",
            sort: self.whole.then_some((href, sorted)),
        }
    }
}
