//! Wanted: what a list is asked for, in SQL: which rows, found by which index, in which order, which part of them.
//!
//! Invariant: each text holds the reader's predicate, or speaks of rows that were found by one that does.
//! SQLite is told which index to go by where its own estimate would go astray; PostgreSQL knows best.

use super::filter::{Column, Filter, Test, named, tested};
use super::{Ask, Direction, ListError, sheet};
use crate::layout::{Layout, Packs, Sheet};
use crate::reading::{Holders, Reader};
use crate::search::{self, Question};
use crate::sql::Dialect;

/// So few are sorted rather than met in order.
pub(super) const FEW: u64 = 2_000;

/// Rows of a sheet that are wanted.
pub(super) struct Wanted<'l> {
    pub(super) sheet: &'l Sheet,
    /// What must hold of them, words that must be found apart.
    pub(super) wheres: String,
    /// The index that finds them, where one is named.
    by: Option<String>,
    /// Does the index by which a register is read hold all that is asked, but for words?
    covered: bool,
    /// Words that must be found.
    pub(super) question: Option<Question>,
    /// The holder of the question, where the database has but one question of the index.
    matched: Option<String>,
}

/// What is wanted; none where nothing can be found.
pub(super) fn wanted<'l>(
    dialect: Dialect,
    packs: &Packs,
    layout: &'l Layout,
    reader: &Reader,
    ask: &Ask,
    holders: &mut Holders,
) -> Result<Option<Wanted<'l>>, ListError> {
    let no_such = || ListError::NoSuch(ask.register.to_string());
    let sheet = sheet(layout, &ask.register)?;
    let register = packs.latest(&ask.register);
    let mut wheres = vec![reader.predicate(register.ok_or_else(no_such)?, holders)];
    for filter in &ask.filters {
        wheres.push(tested(sheet, layout, filter, dialect, holders)?);
    }
    let covered =
        ask.filters.iter().all(|filter| filter.test == Test::Running || covers(sheet, &filter.column));
    let mut wanted = Wanted {
        sheet,
        wheres: String::new(),
        by: by(sheet, &ask.filters, covered),
        covered,
        question: None,
        matched: None,
    };
    if let Some(text) = ask.text.as_deref().filter(|text| !text.trim().is_empty()) {
        let Some(question) = search::question(text, dialect) else { return Ok(None) };
        let put = &mut |value| holders.put(value);
        match dialect {
            Dialect::Sqlite => wanted.matched = Some(search::matched(&question, put)),
            Dialect::Postgres => wheres.push(search::found_by_postgres(&question, put)),
        }
        wanted.question = Some(question);
    }
    wanted.wheres = wheres.join(" AND ");
    Ok(Some(wanted))
}

/// The index that finds rows by these filters.
fn by(sheet: &Sheet, filters: &[Filter], covered: bool) -> Option<String> {
    // A piece of a text is met only by going through all of them.
    let sought =
        |filter: &Filter| matches!(filter.test, Test::Contains(_)).then(|| index_of(sheet, &filter.column));
    if let Some(index) = filters.iter().find_map(sought) {
        return index;
    }
    // Several that are common are quicker to go through together than one by one.
    let several = filters.len() > 1 || filters.iter().any(|filter| index_of(sheet, &filter.column).is_none());
    (several && covered).then(|| sheet.reading())
}

/// The index that has the rows in the order of a column.
fn index_of(sheet: &Sheet, column: &Column) -> Option<String> {
    let name = named(sheet, column).ok()?;
    sheet.sorts(&name).then(|| format!("{}_{name}", sheet.table))
}

/// Is a column in the index by which a register is read?
fn covers(sheet: &Sheet, column: &Column) -> bool {
    match column {
        Column::Field(field) => sheet.column(field.as_str()).is_some_and(|column| column.facet),
        Column::Grade | Column::State | Column::Unit => true,
        _ => false,
    }
}

impl Wanted<'_> {
    fn from(&self, by: Option<&str>, dialect: Dialect) -> String {
        let table = &self.sheet.table;
        match (dialect, by) {
            (Dialect::Sqlite, Some(index)) => format!("{table} INDEXED BY {index}"),
            _ => table.clone(),
        }
    }

    /// Rows found, up to `GROUP BY`, for `SELECT` of some columns.
    pub(super) fn found(&self, columns: &str, dialect: Dialect) -> String {
        match &self.matched {
            Some(matched) => format!(
                "SELECT {columns} FROM search CROSS JOIN {} ON opened = search.rowid WHERE {matched} AND {}",
                self.sheet.table, self.wheres
            ),
            None => {
                format!(
                    "SELECT {columns} FROM {} WHERE {}",
                    self.from(self.by.as_deref(), dialect),
                    self.wheres
                )
            }
        }
    }

    /// Does the index by which a register is read hold all that is asked, and a column to count by?
    pub(super) fn reading(&self, column: &Column, filters: &[Filter]) -> bool {
        self.matched.is_none() && !filters.is_empty() && self.covered && covers(self.sheet, column)
    }

    /// Rows found by that index.
    pub(super) fn by_reading(&self, columns: &str) -> String {
        let from = self.from(Some(&self.sheet.reading()), Dialect::Sqlite);
        format!("SELECT {columns} FROM {from} WHERE {}", self.wheres)
    }

    /// Rows in the order in which they were opened.
    pub(super) fn by_opening(&self, columns: &str) -> String {
        let by = self.by.clone().or_else(|| self.covered.then(|| self.sheet.reading()));
        let from = self.from(by.as_deref(), Dialect::Sqlite);
        format!("SELECT {columns} FROM {from} WHERE {} ORDER BY opened", self.wheres)
    }

    /// All rows in that order, whoever may read them, for one who knows which of them are wanted.
    pub(super) fn all_by_opening(&self, columns: &str) -> String {
        let by = self.covered.then(|| self.sheet.reading());
        format!("SELECT {columns} FROM {} ORDER BY opened", self.from(by.as_deref(), Dialect::Sqlite))
    }

    /// How many.
    pub(super) fn count(&self, dialect: Dialect) -> String {
        self.found("count(*)", dialect)
    }

    /// A page and the total, where there are few; the number one above few alone, where there are more.
    pub(super) fn few(&self, order: &Order, ask: &Ask, dialect: Dialect, holders: &mut Holders) -> String {
        let (most, skip) = (holders.put(ask.most), holders.put(ask.skip));
        let join = match dialect {
            Dialect::Sqlite => "CROSS JOIN",
            Dialect::Postgres => "JOIN",
        };
        let (found, table, limit) = (self.found("opened", dialect), &self.sheet.table, FEW + 1);
        let name = &order.name;
        let (inner, outer) =
            (order.spelled(&format!("s.{name}"), "s.opened"), order.spelled("p.sorted", "p.opened"));
        format!(
            "WITH found AS MATERIALIZED ({found} LIMIT {limit}) \
             SELECT p.opened, p.record, n.n FROM (SELECT count(*) AS n FROM found) n LEFT JOIN \
             (SELECT s.opened, s.record, s.{name} AS sorted FROM found {join} {table} s ON s.opened = found.opened \
             WHERE (SELECT count(*) FROM found) <= {FEW} ORDER BY {inner} LIMIT {most} OFFSET {skip}) p \
             ON n.n <= {FEW} ORDER BY {outer}"
        )
    }

    /// A page of many, met in their order.
    pub(super) fn walk(&self, order: &Order, cut: &Cut, dialect: Dialect, holders: &mut Holders) -> String {
        let by = order.index.clone().or_else(|| (order.name == "opened").then(|| self.sheet.reading()));
        let from = self.from(by.as_deref(), dialect);
        let (most, skip) = (holders.put(cut.most), holders.put(cut.skip));
        let order = order.turned(cut.turned).spelled(&order.name, "opened");
        format!(
            "SELECT opened, record FROM {from} WHERE {} ORDER BY {order} LIMIT {most} OFFSET {skip}",
            self.wheres
        )
    }

    /// All rows in an order, whoever may read them, for one who knows which of them are wanted.
    pub(super) fn all_in(&self, order: &Order, turned: bool) -> String {
        let from = self.from(order.index.as_deref(), Dialect::Sqlite);
        let spelled = order.turned(turned).spelled(&order.name, "opened");
        format!("SELECT opened FROM {from} ORDER BY {spelled}")
    }
}

/// The order of a list.
pub(super) struct Order {
    name: String,
    /// The index that has it.
    index: Option<String>,
    direction: Direction,
}

impl Order {
    /// The newest first where nothing is asked.
    pub(super) fn new(sheet: &Sheet, ask: &Ask) -> Result<Self, ListError> {
        match &ask.sort {
            None => Ok(Self { name: "opened".to_owned(), index: None, direction: Direction::Down }),
            Some((column, direction)) => Ok(Self {
                name: named(sheet, column)?,
                index: index_of(sheet, column),
                direction: *direction,
            }),
        }
    }

    /// Is it that of opening, the newest first?
    pub(super) fn is_of_opening(&self) -> bool {
        self.name == "opened"
    }

    fn turned(&self, turned: bool) -> Self {
        let direction = match (self.direction, turned) {
            (direction, false) => direction,
            (Direction::Down, true) => Direction::Up,
            (Direction::Up, true) => Direction::Down,
        };
        Self { name: self.name.clone(), index: self.index.clone(), direction }
    }

    fn spelled(&self, name: &str, opened: &str) -> String {
        let (word, nulls) = match self.direction {
            Direction::Up => ("ASC", "NULLS FIRST"),
            Direction::Down => ("DESC", "NULLS LAST"),
        };
        match self.is_of_opening() {
            true => format!("{opened} {word}"),
            false => format!("{name} {word} {nulls}, {opened} {word}"),
        }
    }
}

/// Which part of many: from whichever end is nearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) skip: u64,
    pub(super) most: u64,
    /// From the last row on.
    pub(super) turned: bool,
}

impl Cut {
    /// None where the page lies beyond the last row, or has no rows.
    pub(super) fn new(ask: &Ask, total: u64) -> Option<Self> {
        let left = total.checked_sub(ask.skip).filter(|left| *left > 0)?;
        let most = left.min(u64::from(ask.most));
        if most == 0 {
            return None;
        }
        let behind = left - most;
        Some(match behind < ask.skip {
            true => Self { skip: behind, most, turned: true },
            false => Self { skip: ask.skip, most, turned: false },
        })
    }

    /// Rows as met, in the order asked for.
    pub(super) fn righted<T>(self, mut rows: Vec<T>) -> Vec<T> {
        if self.turned {
            rows.reverse();
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_from_the_nearer_end_and_is_the_same_rows() {
        for total in 0..24u64 {
            let all: Vec<u64> = (0..total).collect();
            for skip in 0..26 {
                for most in 0..26 {
                    let ask = Ask {
                        register: "one".parse().unwrap(),
                        text: None,
                        filters: Vec::new(),
                        sort: None,
                        skip,
                        most,
                    };
                    let wanted: Vec<u64> =
                        all.iter().skip(skip as usize).take(most as usize).copied().collect();
                    let Some(cut) = Cut::new(&ask, total) else {
                        assert!(wanted.is_empty());
                        continue;
                    };
                    let mut from = all.clone();
                    if cut.turned {
                        from.reverse();
                    }
                    let met = from.into_iter().skip(cut.skip as usize).take(cut.most as usize).collect();
                    assert_eq!(cut.righted::<u64>(met), wanted);
                    assert!(cut.skip <= total / 2);
                }
            }
        }
    }
}
