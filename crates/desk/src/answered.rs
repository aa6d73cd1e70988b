//! Answers to applications: noted by the clerk between two batches, read by anybody who reads tables.

use crate::desk::Desk;
use crate::order::Refused;
use store::{Answered, StoreError};

impl Desk {
    /// What was answered under a key.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn answered(&self, key: &str) -> Result<Option<Answered>, StoreError> {
        self.read(|sql, _| sql.answered(key))
    }

    /// Notes what is answered under a key.
    ///
    /// # Errors
    /// The tables failed.
    pub fn note_answer(&self, key: &str, answered: Answered) -> Result<(), Refused> {
        let (key, now) = (key.to_owned(), self.clock.now());
        self.between(move |clerk| clerk.projection.ask(|sql| sql.note_answer(&key, &answered, now)))??;
        Ok(())
    }
}
