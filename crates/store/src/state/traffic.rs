//! What senders had sent, of files of lines that went by an approved case, so that the figures of a month stay.

use crate::error::StoreError;
use crate::sql::{Row, Sql};
use model::Instant;

/// What senders had sent within a stretch of time, of a file whose lines went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficGone {
    /// Who had received the lines.
    pub receiver: String,
    /// Number of the first of them.
    pub first: u64,
    /// How many the file had.
    pub lines: u64,
    /// The stretch: received at this moment or later.
    pub from: Instant,
    /// And before this one.
    pub until: Instant,
    /// What had been sent, as whoever reckons it writes it.
    pub body: String,
}

impl Sql {
    /// Keeps what had been sent, before a file goes.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn note_traffic_gone(&mut self, gone: &[TrafficGone]) -> Result<(), StoreError> {
        let text = "INSERT INTO state.traffic_gone (receiver, first_line, lines, from_at, until_at, body) \
                    VALUES ($1, $2, $3, $4, $5, $6) \
                    ON CONFLICT (receiver, first_line, from_at) DO UPDATE SET lines = excluded.lines, \
                    until_at = excluded.until_at, body = excluded.body";
        for one in gone {
            let (from, until) = (one.from.to_string(), one.until.to_string());
            let receiver = one.receiver.as_str().into();
            let body = one.body.as_str().into();
            self.run(text, &[receiver, one.first.into(), one.lines.into(), from.into(), until.into(), body])?;
        }
        Ok(())
    }

    /// What was kept of stretches within this one.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn traffic_gone(&mut self, from: Instant, until: Instant) -> Result<Vec<TrafficGone>, StoreError> {
        let text = "SELECT receiver, first_line, lines, from_at, until_at, body FROM state.traffic_gone \
                    WHERE from_at >= $1 AND until_at <= $2 ORDER BY receiver, first_line, from_at";
        let rows = self.rows(text, &[from.to_string().into(), until.to_string().into()])?;
        let one = |row: &Row| {
            Some(TrafficGone {
                receiver: row.text(0)?.to_owned(),
                first: u64::try_from(row.int(1)?).ok()?,
                lines: u64::try_from(row.int(2)?).ok()?,
                from: row.text(3)?.parse().ok()?,
                until: row.text(4)?.parse().ok()?,
                body: row.text(5)?.to_owned(),
            })
        };
        let damaged = || StoreError::damaged("state.traffic_gone", "first_line");
        rows.iter().map(|row| one(row).ok_or_else(damaged)).collect()
    }
}
