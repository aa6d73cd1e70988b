//! Drafts of forms: kept by the clerk between two batches, read by anybody who reads tables.
//!
//! They are state: no entry tells of them, and losing them loses no truth.

use crate::desk::Desk;
use crate::order::Refused;
use model::PersonId;
use store::Draft;

impl Desk {
    /// Keeps what somebody has filled in so far, in place of what was kept of that form before.
    ///
    /// # Errors
    /// The tables failed.
    pub fn keep_draft(&self, person: PersonId, draft: Draft) -> Result<(), Refused> {
        self.between(move |clerk| clerk.projection.ask(|sql| sql.keep_draft(person, &draft)))??;
        Ok(())
    }

    /// Forgets the draft of a form.
    ///
    /// # Errors
    /// The tables failed.
    pub fn forget_draft(&self, person: PersonId, form: &str) -> Result<(), Refused> {
        let form = form.to_owned();
        self.between(move |clerk| clerk.projection.ask(|sql| sql.forget_draft(person, &form)))??;
        Ok(())
    }
}
