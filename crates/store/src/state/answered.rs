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
const KEPT: Duration = Duration::from_secs(86_400);

impl Sql {
    /// What was answered under a key.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn answered(&mut self, key: &str) -> Result<Option<Answered>, StoreError> {
        let text = "SELECT digest, status, body FROM state.answered WHERE key = $1";
        let Some(row) = self.row(text, &[key.into()])? else { return Ok(None) };
        let status = row.int(1).and_then(|status| u16::try_from(status).ok());
        let read =
            || Some(Answered { digest: row.text(0)?.into(), status: status?, body: row.text(2)?.into() });
        read().map(Some).ok_or_else(|| StoreError::damaged("answered", key))
    }

    /// Notes an answer, the first of its key, and forgets those of yesterday.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn note_answer(&mut self, key: &str, one: &Answered, now: Instant) -> Result<(), StoreError> {
        let text = "INSERT INTO state.answered (key, digest, status, body, at) VALUES ($1, $2, $3, $4, $5) \
                    ON CONFLICT (key) DO NOTHING";
        let (digest, body) = (one.digest.as_str(), one.body.as_str());
        self.run(
            text,
            &[key.into(), digest.into(), i64::from(one.status).into(), body.into(), now.to_string().into()],
        )?;
        let kept = i64::try_from(KEPT.as_micros()).unwrap_or(i64::MAX);
        let before = Instant::from_micros(now.as_micros() - kept).unwrap_or(Instant::EPOCH);
        self.run("DELETE FROM state.answered WHERE at < $1", &[before.to_string().into()]).map(drop)
    }
}
