//! Answers to applications, kept for a day under the key of their request, so that what is sent twice is answered alike.
//!
//! They are sealed by nobody: an answer names records and entries and holds no content.

use crate::error::StoreError;
use crate::sql::Sql;
use model::Instant;
use std::time::Duration;

/// What a request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Digest of what was sent.
    pub digest: String,
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// So long an answer is kept.
pub(super) const KEPT: Duration = Duration::from_secs(86_400);

impl Sql {
    /// What was answered under a key within the last day.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn answered(&mut self, key: &str, now: Instant) -> Result<Option<Answered>, StoreError> {
        let text = "SELECT digest, status, body FROM state.answered WHERE key = $1 AND at >= $2";
        let since = now.minus(KEPT).to_string();
        let Some(row) = self.row(text, &[key.into(), since.into()])? else { return Ok(None) };
        let status = row.int(1).and_then(|status| u16::try_from(status).ok());
        let read =
            || Some(Answered { digest: row.text(0)?.into(), status: status?, body: row.text(2)?.into() });
        read().map(Some).ok_or_else(|| StoreError::damaged("answered", key))
    }

    /// Notes an answer, the first of its key within a day.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn note_answer(&mut self, key: &str, one: &Answered, now: Instant) -> Result<(), StoreError> {
        let text = "INSERT INTO state.answered (key, digest, status, body, at) VALUES ($1, $2, $3, $4, $5) \
                    ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, status = excluded.status, \
                    body = excluded.body, at = excluded.at WHERE answered.at < $6";
        let values = [
            key.into(),
            one.digest.as_str().into(),
            i64::from(one.status).into(),
            one.body.as_str().into(),
            now.to_string().into(),
            now.minus(KEPT).to_string().into(),
        ];
        self.run(text, &values).map(drop)
    }
}
