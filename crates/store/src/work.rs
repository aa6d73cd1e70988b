//! Questions of the pages in which cases are worked: what happened to a record, what speaks of it, which files it
//! holds, what somebody has filed.
//!
//! Invariant: lists of records go through the reader's predicate; the rest is asked of records that were found readable.

use crate::error::StoreError;
use crate::layout::{Layout, Packs};
use crate::projection::parsed;
use crate::reading::{Holders, NAMED, Reader};
use crate::sql::{Dialect, Row, Sql};
use model::{CivilDate, Instant, RecordId};
use regulation::FieldId;
use std::collections::HashMap;

/// A record that speaks of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The record that speaks.
    pub by: RecordId,
    /// By which field; none by a link.
    pub field: Option<FieldId>,
}

/// When what a record is to prove is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The day.
    pub on: CivilDate,
    /// The moment.
    pub at: Instant,
    /// When it was done.
    pub done: Option<Instant>,
}

impl Sql {
    /// Numbers of the entries that happened to a record, in order.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn history(&mut self, record: RecordId) -> Result<Vec<u64>, StoreError> {
        let text = "SELECT h.entry FROM history h JOIN record r ON r.opened = h.opened WHERE r.record = $1 \
                    ORDER BY h.entry";
        let rows = self.rows(text, &[record.to_string().into()])?;
        let number =
            |row: &Row| row.entry(0).ok_or_else(|| StoreError::damaged("history", record.to_string()));
        rows.iter().map(number).collect()
    }

    /// Records that speak of a record, the newest first, whoever may read them.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn mentions(&mut self, record: RecordId, most: usize) -> Result<Vec<Mention>, StoreError> {
        let text = "SELECT r.record, m.field FROM mention m JOIN record r ON r.opened = m.opened \
                    WHERE m.target = $1 AND r.destroyed IS NULL ORDER BY m.opened DESC, m.field LIMIT $2";
        let rows = self.rows(text, &[record.to_string().into(), most.into()])?;
        let one = |row: &Row| {
            let field = row.text(1).filter(|field| !field.is_empty());
            Ok(Mention { by: parsed(row, 0, "record")?, field: field.and_then(|field| field.parse().ok()) })
        };
        rows.iter().map(one).collect()
    }

    /// Does a record hold this file, or did it once?
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn holds(&mut self, record: RecordId, digest: &str) -> Result<bool, StoreError> {
        let text = "SELECT 1 FROM file_use u JOIN record r ON r.opened = u.opened \
                    WHERE r.record = $1 AND u.digest = $2 AND r.destroyed IS NULL";
        Ok(self.row(text, &[record.to_string().into(), digest.into()])?.is_some())
    }

    /// When the occurrence of a duty is due that a record is to prove, of each of these; of one that proves none, nothing.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn due_of_each(&mut self, records: &[RecordId]) -> Result<HashMap<RecordId, Due>, StoreError> {
        let mut all = HashMap::new();
        for some in records.chunks(NAMED) {
            let mut holders = Holders::default();
            let list = holders.list(some.iter().map(ToString::to_string));
            let text = format!("SELECT record, due_on, due, done_at FROM occurrence WHERE record IN {list}");
            for row in self.rows(&text, &holders.0)? {
                let done = row.text(3).map(|_| parsed(&row, 3, "occurrence")).transpose()?;
                let (on, at) = (parsed(&row, 1, "occurrence")?, parsed(&row, 2, "occurrence")?);
                all.insert(parsed(&row, 0, "occurrence")?, Due { on, at, done });
            }
        }
        Ok(all)
    }
}

impl Reader {
    /// Records they read and have acted on that are under way, the newest first, at most so many. What rests where it may
    /// stay is not.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn acted_on(
        &self,
        sql: &mut Sql,
        packs: &Packs,
        layout: &Layout,
        most: usize,
    ) -> Result<Vec<RecordId>, StoreError> {
        let mut holders = Holders::default();
        let person = holders.put(self.person.to_string());
        let seen = self.predicate_everywhere(packs, layout, &mut holders);
        let most = holders.put(most);
        // Few are under way, and many have been acted on.
        let table = match sql.dialect() {
            Dialect::Sqlite => "record INDEXED BY record_waiting",
            Dialect::Postgres => "record",
        };
        let text = format!(
            "SELECT record FROM {table} WHERE rests = 0 AND ending IS NULL AND EXISTS (SELECT 1 FROM party p \
             WHERE p.person = {person} AND p.opened = record.opened AND p.how = 'acted') AND {seen} \
             ORDER BY opened DESC LIMIT {most}"
        );
        let rows = sql.rows(&text, &holders.0)?;
        rows.iter().map(|row| parsed(row, 0, "record")).collect()
    }
}
