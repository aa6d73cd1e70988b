//! The state, which is neither in the ledger nor computed from it: changed by the clerk between two batches, read by
//! anybody who reads tables.
//!
//! Invariants: what one does there nobody else does at the same time; all of a change is on the disk when it returns, or
//! none of it is.

use crate::desk::Desk;
use crate::order::Refused;
use model::PersonId;
use store::{Answered, Draft, SavedView, Sql, StoreError};

impl Desk {
    /// Changes the state.
    ///
    /// # Errors
    /// The desk has stopped, or what `change` failed with.
    pub fn state<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Sql) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        self.between(move |clerk| {
            clerk.ready()?;
            clerk.projection.ask(|sql| sql.durably(change)).map_err(Refused::from)
        })?
    }

    /// Keeps what somebody has filled in so far, in place of what was kept of that form before.
    ///
    /// # Errors
    /// The desk has stopped, or the tables failed.
    pub fn keep_draft(&self, person: PersonId, draft: Draft) -> Result<(), Refused> {
        self.state(move |sql| sql.keep_draft(person, &draft))
    }

    /// Forgets the draft of a form.
    ///
    /// # Errors
    /// The desk has stopped, or the tables failed.
    pub fn forget_draft(&self, person: PersonId, form: &str) -> Result<(), Refused> {
        let form = form.to_owned();
        self.state(move |sql| sql.forget_draft(person, &form))
    }

    /// Keeps a view of somebody's in place of the one of the same name. Is there room for it?
    ///
    /// # Errors
    /// The desk has stopped, or the tables failed.
    pub fn keep_view(&self, person: PersonId, view: SavedView) -> Result<bool, Refused> {
        self.state(move |sql| sql.keep_view(person, &view))
    }

    /// Forgets a view.
    ///
    /// # Errors
    /// The desk has stopped, or the tables failed.
    pub fn forget_view(&self, person: PersonId, path: &str, name: &str) -> Result<(), Refused> {
        let (path, name) = (path.to_owned(), name.to_owned());
        self.state(move |sql| sql.forget_view(person, &path, &name))
    }

    /// What was answered under a key within the last day.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn answered(&self, key: &str) -> Result<Option<Answered>, StoreError> {
        let now = self.clock.now();
        self.read(|sql, _| sql.answered(key, now))
    }

    /// Notes what is answered under a key.
    ///
    /// # Errors
    /// The desk has stopped, or the tables failed.
    pub fn note_answer(&self, key: &str, answered: Answered) -> Result<(), Refused> {
        let (key, now) = (key.to_owned(), self.clock.now());
        self.state(move |sql| sql.note_answer(&key, &answered, now))
    }
}
