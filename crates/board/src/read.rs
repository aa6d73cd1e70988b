//! Records as conditions of checks see them: committed, without what is sealed.

use casework::{Case, DutyKey, Occurrence, Records, Reference, Seek, Series};
use model::RecordId;
use regulation::DutyId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use store::{Layout, Sql, StoreError};

/// Cases kept in memory during an evaluation; beyond it all are forgotten and read anew.
const MOST: usize = 10_000;

/// Reads records for conditions.
pub struct Reading<'s> {
    sql: RefCell<&'s mut Sql>,
    layout: &'s Layout,
    cases: RefCell<HashMap<RecordId, Option<Arc<Case>>>>,
    fault: RefCell<Option<StoreError>>,
}

impl<'s> Reading<'s> {
    /// Over committed tables.
    pub fn new(sql: &'s mut Sql, layout: &'s Layout) -> Self {
        Self { sql: RefCell::new(sql), layout, cases: RefCell::default(), fault: RefCell::default() }
    }

    /// Asks the tables.
    ///
    /// # Errors
    /// What `ask` fails with.
    pub fn ask<T>(
        &self,
        ask: impl FnOnce(&mut Sql, &Layout) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        ask(&mut self.sql.borrow_mut(), self.layout)
    }

    /// What a condition's question failed with.
    ///
    /// # Errors
    /// That failure.
    pub fn sound(&self) -> Result<(), StoreError> {
        match self.fault.borrow_mut().take() {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    fn noted<T: Default>(&self, found: Result<T, StoreError>) -> T {
        found.unwrap_or_else(|error| {
            self.fault.borrow_mut().get_or_insert(error);
            T::default()
        })
    }
}

impl Records for Reading<'_> {
    fn case(&self, record: RecordId) -> Option<Arc<Case>> {
        if let Some(known) = self.cases.borrow().get(&record) {
            return known.clone();
        }
        let found = self.noted(self.ask(|sql, _| sql.cases_open_of(&[record])));
        let case = found.into_iter().next().map(Arc::new);
        let mut cases = self.cases.borrow_mut();
        if cases.len() >= MOST {
            cases.clear();
        }
        cases.insert(record, case.clone());
        case
    }

    fn find(&self, seek: &Seek) -> Vec<Reference> {
        let (records, apart) = self.noted(self.ask(|sql, layout| sql.sought(layout, seek)));
        let fits = |record: &RecordId| !apart || self.case(*record).is_some_and(|case| seek.fits(&case));
        let found = records.into_iter().filter(fits);
        found.map(|record| Reference { register: seek.register.clone(), record }).collect()
    }

    // Numbers, occurrences and files are what decisions look at; no condition of a check can.
    fn last_place(&self, _: &str) -> u32 {
        0
    }

    fn occurrence(&self, _: &DutyKey) -> Option<Occurrence> {
        None
    }

    fn series(&self, _: &DutyId, _: &casework::Object) -> Option<Series> {
        None
    }

    fn holds_file(&self, _: &[u8; 32]) -> bool {
        false
    }
}
