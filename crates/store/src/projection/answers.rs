//! What the projection answers: questions of a decision, of folding, of time.

use super::{MOST_HOT, Projection, load, lost_record, parsed};
use crate::error::StoreError;
use crate::flush::{object, object_text};
use crate::fold::{Below, Known, Lost};
use crate::sql::{Row, Value};
use casework::{Case, DutyKey, Object, Occurrence, Records, Reference, Seek, Series};
use model::{CivilDate, DataKeyId, Instant, RecordId};
use regulation::{DutyId, RegisterId};
use std::sync::Arc;

impl Projection {
    /// Records with a clock that has a point at or before `now`, those longest overdue first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn clocks_due(&self, now: Instant, most: usize) -> Result<Vec<RecordId>, StoreError> {
        let text = "SELECT record FROM record WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at, opened LIMIT $2";
        let rows = self.sql.borrow_mut().rows(text, &[now.to_string().into(), most.into()])?;
        rows.iter().map(|row| parsed(row, 0, "record")).collect()
    }

    /// Occurrences of duties with a point at or before `now`.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn duties_chased(&self, now: Instant, most: usize) -> Result<Vec<(DutyKey, Occurrence)>, StoreError> {
        let text = format!(
            "SELECT duty, object, nominal, {OCCURRENCE} FROM occurrence \
             WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at, duty, object, nominal LIMIT $2"
        );
        let rows = self.sql.borrow_mut().rows(&text, &[now.to_string().into(), most.into()])?;
        rows.iter().map(|row| Ok((duty_key(row)?, occurrence(row, 3)?))).collect()
    }
}

impl Below for Projection {
    fn record(&self, record: RecordId) -> Result<Known, StoreError> {
        if let Some(held) = self.hot.borrow().get(&record) {
            return Ok(Known::Held(held.clone()));
        }
        let known = load(&mut self.sql.borrow_mut(), record, self.keys.as_ref())?;
        if let Known::Held(held) = &known {
            let mut hot = self.hot.borrow_mut();
            if hot.len() > MOST_HOT {
                hot.clear();
            }
            hot.insert(record, held.clone());
        }
        Ok(known)
    }

    fn keyed(&self, key: DataKeyId) -> Result<Option<(RecordId, Lost)>, StoreError> {
        let text = "SELECT record, opened, data_key, register, unit FROM record \
                    WHERE data_key = $1 AND destroyed IS NULL";
        let row = self.sql.borrow_mut().row(text, &[key.to_string().into()])?;
        row.map(|row| lost_record(&row)).transpose()
    }

    fn sequence(&self, name: &str) -> Result<u32, StoreError> {
        let row = self.sql.borrow_mut().row("SELECT last FROM sequence WHERE name = $1", &[name.into()])?;
        Ok(row.and_then(|row| row.int(0)).and_then(|last| u32::try_from(last).ok()).unwrap_or(0))
    }

    fn occurrence(&self, key: &DutyKey) -> Result<Option<Occurrence>, StoreError> {
        let text =
            format!("SELECT {OCCURRENCE} FROM occurrence WHERE duty = $1 AND object = $2 AND nominal = $3");
        let values =
            [Value::from(key.duty.as_str()), object_text(&key.object).into(), key.nominal.to_string().into()];
        let row = self.sql.borrow_mut().row(&text, &values)?;
        row.map(|row| occurrence(&row, 0)).transpose()
    }

    fn series(&self, duty: &DutyId, object: &Object) -> Result<Option<Series>, StoreError> {
        let text = "SELECT last, missing FROM series WHERE duty = $1 AND object = $2";
        let values = [duty.as_str().into(), object_text(object).into()];
        let Some(row) = self.sql.borrow_mut().row(text, &values)? else { return Ok(None) };
        let day = |at| -> Result<Option<CivilDate>, StoreError> {
            row.text(at).map(|_| parsed(&row, at, "series")).transpose()
        };
        Ok(Some(Series { last: day(0)?, missing: day(1)? }))
    }
}

impl Records for Projection {
    fn case(&self, record: RecordId) -> Option<Arc<Case>> {
        match self.questioned(self.record(record).map(Some))? {
            Known::Held(held) => Some(held.case),
            Known::Destroyed(_) | Known::Lost(_) | Known::Nothing => None,
        }
    }

    fn find(&self, seek: &Seek) -> Vec<Reference> {
        self.questioned(self.sought(seek))
    }

    fn last_place(&self, sequence: &str) -> u32 {
        self.questioned(self.sequence(sequence))
    }

    fn occurrence(&self, key: &DutyKey) -> Option<Occurrence> {
        self.questioned(Below::occurrence(self, key))
    }

    fn series(&self, duty: &DutyId, object: &Object) -> Option<Series> {
        self.questioned(Below::series(self, duty, object))
    }

    fn holds_file(&self, digest: &[u8; 32]) -> bool {
        let text = format!("sha256:{}", data_encoding::HEXLOWER.encode(digest));
        let ask = "SELECT 1 FROM state.stored WHERE digest = $1";
        let found = self.sql.borrow_mut().row(ask, &[text.into()]);
        self.questioned(found.map(|row| row.is_some()))
    }
}

impl Projection {
    /// Records that fit, in the order of their identifiers.
    fn sought(&self, seek: &Seek) -> Result<Vec<Reference>, StoreError> {
        let (records, apart) = self.sql.borrow_mut().sought(&self.layout, seek)?;
        let fits =
            |record: &RecordId| !apart || Records::case(self, *record).is_some_and(|case| seek.fits(&case));
        let records = records.into_iter().filter(fits);
        Ok(records.map(|record| Reference { register: seek.register.clone(), record }).collect())
    }

    /// Registers that have records.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn registers(&self) -> Result<Vec<RegisterId>, StoreError> {
        let rows =
            self.sql.borrow_mut().rows("SELECT DISTINCT register FROM record ORDER BY register", &[])?;
        rows.iter().map(|row| parsed(row, 0, "record")).collect()
    }
}

const OCCURRENCE: &str = "version, due_on, due, record, points, done_at";

fn occurrence(row: &Row, from: usize) -> Result<Occurrence, StoreError> {
    let table = "occurrence";
    let points = row.text(from + 4).unwrap_or_default();
    Ok(Occurrence {
        version: row.int(from).and_then(|version| u32::try_from(version).ok()).unwrap_or(0),
        due_on: parsed(row, from + 1, table)?,
        due: parsed(row, from + 2, table)?,
        record: parsed(row, from + 3, table)?,
        points: serde_json::from_str(points).map_err(|_| StoreError::damaged(table, points.to_owned()))?,
        done_at: row.text(from + 5).map(|_| parsed(row, from + 5, table)).transpose()?,
    })
}

pub(crate) fn duty_key(row: &Row) -> Result<DutyKey, StoreError> {
    let text = row.text(1).unwrap_or_default();
    let object = object(text).ok_or_else(|| StoreError::damaged("occurrence", text.to_owned()))?;
    Ok(DutyKey { duty: parsed(row, 0, "occurrence")?, object, nominal: parsed(row, 2, "occurrence")? })
}
