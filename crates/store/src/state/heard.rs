//! When senders of lines were heard last, so that one that falls silent is told from one that never spoke.
//!
//! Invariant: no more senders are kept than [`MOST`], those heard last: datagrams can bear any address.

use crate::error::StoreError;
use crate::sql::{Row, Sql};
use model::Instant;

/// Senders that are kept.
const MOST: u64 = 10_000;

impl Sql {
    /// Notes when senders were heard, each by its address.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn note_heard(&mut self, heard: &[(String, Instant)]) -> Result<(), StoreError> {
        let text = "INSERT INTO state.heard (address, last) VALUES ($1, $2) \
                    ON CONFLICT (address) DO UPDATE SET last = excluded.last";
        for (address, last) in heard {
            self.run(text, &[address.as_str().into(), last.to_string().into()])?;
        }
        let text = "DELETE FROM state.heard WHERE address IN \
                    (SELECT address FROM state.heard ORDER BY last DESC, address LIMIT $1 OFFSET $2)";
        self.run(text, &[u64::from(u32::MAX).into(), MOST.into()]).map(drop)
    }

    /// When each sender was heard last.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn heard(&mut self) -> Result<Vec<(String, Instant)>, StoreError> {
        let rows = self.rows("SELECT address, last FROM state.heard ORDER BY address", &[])?;
        let one = |row: &Row| Some((row.text(0)?.to_owned(), row.text(1)?.parse().ok()?));
        rows.iter().map(|row| one(row).ok_or_else(|| StoreError::damaged("state.heard", "last"))).collect()
    }
}
