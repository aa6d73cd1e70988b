//! Questions to the committed tables that are no list: a case, running records, published versions, destroyed keys.

use crate::error::StoreError;
use crate::fact::Keys;
use crate::fold::Known;
use crate::layout::{Layout, cut};
use crate::projection::{KNOWN, known, load, parsed};
use crate::reading::{Holders, NAMED};
use crate::sql::{Row, Sql};
use casework::{Case, Seek};
use model::{DataKeyId, RecordId};
use std::sync::Arc;

impl Sql {
    /// A case as committed; sealed fields are opened.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn case(&mut self, record: RecordId, keys: &dyn Keys) -> Result<Option<Case>, StoreError> {
        match load(self, record, keys)? {
            Known::Held(held) => Ok(Some(Arc::unwrap_or_clone(held.case))),
            Known::Destroyed(_) | Known::Lost(_) | Known::Nothing => Ok(None),
        }
    }

    /// These cases; those that are not there any more are left out.
    ///
    /// # Errors
    /// As [`Sql::case`].
    pub fn cases(&mut self, records: &[RecordId], keys: &dyn Keys) -> Result<Vec<Case>, StoreError> {
        let mut cases = Vec::with_capacity(records.len());
        for some in records.chunks(NAMED) {
            let mut holders = Holders::default();
            let list = holders.list(some.iter().map(ToString::to_string));
            for row in self.rows(&format!("SELECT {KNOWN} FROM record WHERE record IN {list}"), &holders.0)? {
                if let Known::Held(held) = known(&row, keys)? {
                    cases.push(Arc::unwrap_or_clone(held.case));
                }
            }
        }
        Ok(cases)
    }

    /// How many records there are, destroyed ones not counted.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn record_count(&mut self) -> Result<u64, StoreError> {
        let row = self.row("SELECT count(*) FROM record WHERE destroyed IS NULL", &[])?;
        Ok(row.and_then(|row| row.entry(0)).unwrap_or(0))
    }

    /// The entry of the first published version.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn first_published(&mut self) -> Result<Option<u64>, StoreError> {
        let row = self.row("SELECT min(entry) FROM published", &[])?;
        Ok(row.and_then(|row| row.entry(0)))
    }

    /// Running records of versions before this one, after the one opened at `after`.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn running_before(
        &mut self,
        version: u32,
        after: u64,
        most: usize,
    ) -> Result<Vec<(u64, RecordId)>, StoreError> {
        let text = "SELECT opened, record FROM record WHERE version < $1 AND opened > $2 AND state IS NOT NULL \
                    AND ending IS NULL ORDER BY opened LIMIT $3";
        let rows = self.rows(text, &[version.into(), after.into(), most.into()])?;
        let opened = |row: &Row| row.entry(0).ok_or_else(|| StoreError::damaged("record", "opened"));
        rows.iter().map(|row| Ok((opened(row)?, parsed(row, 1, "record")?))).collect()
    }

    /// Data keys of which the ledger says that they are destroyed.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn destroyed_keys(&mut self) -> Result<Vec<DataKeyId>, StoreError> {
        let rows = self.rows("SELECT data_key FROM destroyed_key ORDER BY data_key", &[])?;
        rows.iter().map(|row| parsed(row, 0, "destroyed_key")).collect()
    }

    /// Records that may fit, in the order of their identifiers; and whether each is to be compared case by case, since
    /// not all that is sought has a column that tells.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn sought(&mut self, layout: &Layout, seek: &Seek) -> Result<(Vec<RecordId>, bool), StoreError> {
        let Some(sheet) = layout.sheets.get(&seek.register) else { return Ok((Vec::new(), false)) };
        let mut holders = Holders::default();
        let (mut wheres, mut apart) = (Vec::new(), false);
        for (field, wanted) in &seek.equal {
            match sheet.column(field.as_str()) {
                Some(column) => {
                    let cell = column.cell(Some(wanted), layout);
                    // Of two long texts an index tells no more than their beginnings.
                    apart |= column.indexed && wanted.as_str().is_some_and(|text| cut(text) != text);
                    wheres.push(format!("{} = {}", column.name, holders.put(cell)));
                }
                None => apart = true,
            }
        }
        if !seek.states.is_empty() {
            wheres.push(format!(
                "state IN {}",
                holders.list(seek.states.iter().map(regulation::StateId::as_str))
            ));
        }
        if let Some(but) = seek.but {
            wheres.push(format!("record <> {}", holders.put(but.to_string())));
        }
        let wheres =
            if wheres.is_empty() { String::new() } else { format!(" WHERE {}", wheres.join(" AND ")) };
        let text = format!("SELECT record FROM {}{wheres} ORDER BY record", sheet.table);
        let rows = self.rows(&text, &holders.0)?;
        Ok((rows.iter().map(|row| parsed(row, 0, "record")).collect::<Result<_, _>>()?, apart))
    }

    /// Is there a record of this id, destroyed ones included?
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn knows(&mut self, record: RecordId) -> Result<bool, StoreError> {
        let row = self.row("SELECT 1 FROM record WHERE record = $1", &[record.to_string().into()])?;
        Ok(row.is_some())
    }
}
