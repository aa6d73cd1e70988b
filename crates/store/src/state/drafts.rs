//! Drafts: forms that somebody has begun and not sent, one a person and form.
//!
//! Invariant: what is kept is what whoever keeps it hands in; they leave answers to sealed fields out.
//! Drafts of a record go with it; what nobody came back to goes after a time.

use crate::error::StoreError;
use crate::sql::{Row, Sql, Value};
use model::{Instant, PersonId, RecordId};
use std::time::Duration;

/// A form that somebody has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The path of the form.
    pub form: String,
    /// The record whose step it is; none where it would open one.
    pub record: Option<RecordId>,
    /// What was filled in, as the pairs of a form.
    pub pairs: String,
    /// When it was kept.
    pub kept_at: Instant,
}

/// So long a draft is kept that nobody comes back to.
pub(super) const KEPT: Duration = Duration::from_secs(90 * 86_400);
/// Most drafts a person has; the oldest make room.
const MOST: usize = 100;

impl Sql {
    /// Keeps a draft in place of the one before.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn keep_draft(&mut self, person: PersonId, draft: &Draft) -> Result<(), StoreError> {
        let text = "INSERT INTO state.draft (person, form, record, pairs, kept_at) VALUES ($1, $2, $3, $4, $5) \
                    ON CONFLICT (person, form) DO UPDATE SET pairs = excluded.pairs, kept_at = excluded.kept_at";
        let record = draft.record.map(|record| record.to_string());
        let values: [Value; 5] = [
            person.to_string().into(),
            draft.form.clone().into(),
            record.into(),
            draft.pairs.clone().into(),
            draft.kept_at.to_string().into(),
        ];
        self.run(text, &values)?;
        let text = "DELETE FROM state.draft WHERE person = $1 AND form NOT IN (SELECT form FROM state.draft \
                    WHERE person = $1 ORDER BY kept_at DESC, form LIMIT $2)";
        self.run(text, &[person.to_string().into(), MOST.into()]).map(drop)
    }

    /// The draft of a form.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn draft(&mut self, person: PersonId, form: &str) -> Result<Option<Draft>, StoreError> {
        let text = "SELECT form, record, pairs, kept_at FROM state.draft WHERE person = $1 AND form = $2";
        let row = self.row(text, &[person.to_string().into(), form.into()])?;
        row.as_ref().map(read).transpose()
    }

    /// All drafts of a person, the newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn drafts(&mut self, person: PersonId) -> Result<Vec<Draft>, StoreError> {
        let text = "SELECT form, record, pairs, kept_at FROM state.draft WHERE person = $1 \
                    ORDER BY kept_at DESC, form";
        self.rows(text, &[person.to_string().into()])?.iter().map(read).collect()
    }

    /// Forgets a draft.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn forget_draft(&mut self, person: PersonId, form: &str) -> Result<(), StoreError> {
        let text = "DELETE FROM state.draft WHERE person = $1 AND form = $2";
        self.run(text, &[person.to_string().into(), form.into()]).map(drop)
    }

    /// Forgets everybody's drafts of a record.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn forget_drafts_of(&mut self, record: RecordId) -> Result<(), StoreError> {
        self.run("DELETE FROM state.draft WHERE record = $1", &[record.to_string().into()]).map(drop)
    }
}

fn read(row: &Row) -> Result<Draft, StoreError> {
    let one = || {
        Some(Draft {
            form: row.text(0)?.to_owned(),
            record: match row.text(1) {
                Some(record) => Some(record.parse().ok()?),
                None => None,
            },
            pairs: row.text(2)?.to_owned(),
            kept_at: row.text(3)?.parse().ok()?,
        })
    };
    one().ok_or_else(|| StoreError::damaged("state.draft", format!("{:?}", row.text(0))))
}
