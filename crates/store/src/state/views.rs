//! Saved views: lists that somebody comes back to, each by a name of theirs.
//!
//! Invariant: a view is an address and nothing that was found there; what it shows is asked anew each time.

use crate::error::StoreError;
use crate::sql::{Row, Sql, Value};
use model::PersonId;

/// A list that somebody comes back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// The path of the page.
    pub path: String,
    /// What they call it; one a page and name.
    pub name: String,
    /// What is asked for there, as it stands behind the question mark.
    pub query: String,
}

/// Most views a person has.
const MOST: u64 = 100;

impl Sql {
    /// Keeps a view in place of the one of the same name. Is there room for it?
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn keep_view(&mut self, person: PersonId, view: &SavedView) -> Result<bool, StoreError> {
        let text =
            "SELECT count(*) FROM state.saved_view WHERE person = $1 AND NOT (path = $2 AND name = $3)";
        let (path, name): (Value, Value) = (view.path.clone().into(), view.name.clone().into());
        let values = [person.to_string().into(), path, name, view.query.clone().into()];
        let others = self.row(text, &values[..3])?.and_then(|row| row.entry(0));
        if others.ok_or_else(|| StoreError::damaged("state.saved_view", "count"))? >= MOST {
            return Ok(false);
        }
        let text = "INSERT INTO state.saved_view (person, path, name, query) VALUES ($1, $2, $3, $4) \
                    ON CONFLICT (person, path, name) DO UPDATE SET query = excluded.query";
        self.run(text, &values)?;
        Ok(true)
    }

    /// All views of a person, by page and name.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn views(&mut self, person: PersonId) -> Result<Vec<SavedView>, StoreError> {
        let text = "SELECT path, name, query FROM state.saved_view WHERE person = $1 ORDER BY path, name";
        self.rows(text, &[person.to_string().into()])?.iter().map(read).collect()
    }

    /// Forgets a view.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn forget_view(&mut self, person: PersonId, path: &str, name: &str) -> Result<(), StoreError> {
        let text = "DELETE FROM state.saved_view WHERE person = $1 AND path = $2 AND name = $3";
        self.run(text, &[person.to_string().into(), path.into(), name.into()]).map(drop)
    }
}

fn read(row: &Row) -> Result<SavedView, StoreError> {
    let text = |at| row.text(at).map(ToOwned::to_owned);
    let one = || Some(SavedView { path: text(0)?, name: text(1)?, query: text(2)? });
    one().ok_or_else(|| StoreError::damaged("state.saved_view", format!("{:?}", row.text(0))))
}
