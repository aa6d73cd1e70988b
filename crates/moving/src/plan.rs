//! What each row of a table would do, against the people, units and terminals there are.
//!
//! A row whose cells do not do is told cell by cell; one that is there already does nothing. Nobody and nothing is taken
//! away: what is not in the table stays as it is.

mod people;
mod terminals;
mod units;

use crate::column::{Heads, Kind, heads};
use crate::sheet::{Row, Table};
use identity::{Command, State};
use model::{Instant, Told};
use regulation::Pack;

/// What a row comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Its number in the file.
    pub line: usize,
    /// What it is about, as people would call it.
    pub title: String,
    /// What would be done.
    pub doing: Doing,
    /// The commands, in order; none where anything is wrong.
    pub commands: Vec<Command>,
    /// What is wrong with its cells.
    pub wrong: Vec<Wrong>,
}

/// What would be done for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// Something is made.
    Create,
    /// Something there is is changed.
    Change,
    /// It is there already, as the row says.
    Nothing,
    /// Nothing, because something is wrong.
    Wrong,
}

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Its column in the file; none where the row as a whole is wrong.
    pub column: Option<usize>,
    /// What, with the mend.
    pub told: Told,
}

/// Draws an id that nobody has yet.
pub type Fresh<'f> = &'f mut dyn FnMut() -> [u8; 16];

/// What a plan is made against.
pub(crate) struct Ground<'a> {
    pub(crate) state: &'a State,
    pub(crate) pack: Option<&'a Pack>,
    pub(crate) now: Instant,
    pub(crate) heads: Heads,
}

/// Plans a table of people, units or terminals.
///
/// # Errors
/// Its heads do not do; told.
pub fn plan(
    kind: Kind,
    table: &Table,
    (state, pack, now): (&State, Option<&Pack>, Instant),
    fresh: Fresh<'_>,
) -> Result<Vec<Planned>, Told> {
    let ground = Ground { state, pack, now, heads: heads(table, &kind.columns())? };
    Ok(match kind {
        Kind::People => people::plan(&ground, &table.rows, fresh),
        Kind::Terminals => terminals::plan(&ground, &table.rows, fresh),
        Kind::Units => units::plan(&ground, &table.rows, fresh),
    })
}

/// A row while it is planned: cells are read, and what is wrong with them is kept.
pub(crate) struct Cells<'g> {
    ground: &'g Ground<'g>,
    row: &'g Row,
    wrong: Vec<Wrong>,
}

impl<'g> Cells<'g> {
    pub(crate) fn of(ground: &'g Ground<'g>, row: &'g Row) -> Self {
        Self { ground, row, wrong: Vec::new() }
    }

    pub(crate) fn text(&self, column: usize) -> &'g str {
        self.ground.heads.cell(&self.row.cells, column)
    }

    pub(crate) fn wrong(&mut self, column: usize, zh: impl Into<String>, en: impl Into<String>) {
        self.tell(column, Told::new(zh, en));
    }

    pub(crate) fn tell(&mut self, column: usize, told: Told) {
        self.wrong.push(Wrong { column: self.ground.heads.at(column), told });
    }

    /// A cell as its type reads it; what does not read is kept.
    pub(crate) fn read<T>(
        &mut self,
        column: usize,
        read: impl FnOnce(&str) -> Result<T, identity::TextError>,
    ) -> Option<T> {
        let text = self.text(column);
        if text.is_empty() {
            self.wrong(column, "未填", "is not filled in");
            return None;
        }
        read(text).map_err(|error| self.tell(column, error.told())).ok()
    }

    /// What the row comes to.
    pub(crate) fn planned(self, title: &str, doing: Doing, commands: Vec<Command>) -> Planned {
        let (line, title) = (self.row.line, title.to_owned());
        if self.wrong.is_empty() {
            return Planned { line, title, doing, commands, wrong: Vec::new() };
        }
        Planned { line, title, doing: Doing::Wrong, commands: Vec::new(), wrong: self.wrong }
    }
}
