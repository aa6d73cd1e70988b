//! What a list is asked for, read from its address: words, filters, columns, order, page.
//!
//! What does not read is told and left out; the rest of the address holds.

use super::cells::Col;
use super::filters;
use crate::component::ListView;
use crate::look::Look;
use crate::query::Query;
use regulation::Register;
use store::{Ask, Column, Direction, Filter};

/// What a list is asked for.
pub(super) struct ListAsked {
    pub(super) text: Option<String>,
    pub(super) filters: Vec<Filter>,
    pub(super) columns: Vec<Col>,
    pub(super) sort: Option<(Column, Direction)>,
    pub(super) page: u64,
    pub(super) size: u32,
    pub(super) problems: Vec<String>,
}

/// Rows of a page where nothing is said.
const SIZE: u32 = 50;
/// The last page that is counted to.
const LAST: u64 = 1_000_000;

impl ListAsked {
    pub(super) fn read(look: &Look<'_>, register: &Register, query: &Query) -> Self {
        let mut problems = Vec::new();
        let filters = filters::read(look, register, query, &mut problems);
        let chosen: Vec<Col> =
            query.all("columns").filter_map(|name| Col::named(look, register, name)).collect();
        let columns = if chosen.is_empty() { Col::usual(look, register) } else { chosen };
        let sort = match query.one("sort") {
            Some(text) => sorted(look, register, text),
            None => register.list.sort.first().and_then(|sort| {
                let column = Col::named(look, register, sort.field.as_str())?.sortable()?;
                Some((column, if sort.downwards { Direction::Down } else { Direction::Up }))
            }),
        };
        let size = query.one("size").and_then(|text| text.parse().ok());
        Self {
            text: query.one("q").map(ToOwned::to_owned),
            filters,
            columns,
            sort,
            page: query.one("page").and_then(|text| text.parse().ok()).unwrap_or(1).clamp(1, LAST),
            size: size.filter(|size| ListView::SIZES.contains(size)).unwrap_or(SIZE),
            problems,
        }
    }

    /// The address without what says nothing: blanks, columns and size that are the usual ones.
    pub(super) fn plain(look: &Look<'_>, register: &Register, query: &Query) -> Query {
        let filled = query.pairs().filter(|(_, value)| !value.trim().is_empty());
        let mut plain = Query::of(filled.map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
        let columns: Vec<&str> = query.all("columns").collect();
        if Col::are_usual(look, register, &columns) {
            plain = plain.without("columns");
        }
        if plain.one("size") == Some(&SIZE.to_string()) {
            plain = plain.without("size");
        }
        plain
    }

    /// The page that is asked for.
    pub(super) fn ask(&self, register: &Register) -> Ask {
        Ask {
            register: register.id.clone(),
            text: self.text.clone(),
            filters: self.filters.clone(),
            sort: self.sort.clone(),
            skip: (self.page - 1) * u64::from(self.size),
            most: self.size,
        }
    }

    /// All of it.
    pub(super) fn ask_all(&self, register: &Register, most: u32) -> Ask {
        Ask { skip: 0, most, ..self.ask(register) }
    }
}

fn sorted(look: &Look<'_>, register: &Register, text: &str) -> Option<(Column, Direction)> {
    let (name, direction) = match text.strip_prefix('-') {
        Some(name) => (name, Direction::Down),
        None => (text, Direction::Up),
    };
    Some((Col::named(look, register, name)?.sortable()?, direction))
}
