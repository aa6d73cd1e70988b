//! A look at committed tables, for one page: records, who may see them, what they are called.
//!
//! What was looked up once is not looked up again within a page.
//! Invariant: what a reader may not see is told by nothing here but [`Look::case`], which the rules of the pack need.

use crate::api::Scope;
use crate::cx::Cx;
use crate::error::PageError;
use casework::{Around, Case, DutyKey, Object, Occurrence, Policy, Records, Reference, Seek, Series, Shelf};
use identity::{Action, Beside, On, RecordFacts, Roster};
use model::{Person, RecordId};
use regulation::{DutyId, Pack};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::{Due, Reader, Sql, StoreError};

/// A look at committed tables.
pub struct Look<'a> {
    /// Whose.
    pub cx: &'a Cx,
    /// The pack in force.
    pub pack: &'a Pack,
    /// People and units.
    pub roster: Roster<'a>,
    /// What they may read in all.
    pub reader: Reader,
    shelf: Shelf<'a>,
    sql: RefCell<&'a mut Sql>,
    cases: RefCell<HashMap<RecordId, Option<Arc<Case>>>>,
    seen: RefCell<HashMap<RecordId, bool>>,
    due: RefCell<HashMap<RecordId, Option<Due>>>,
    fault: RefCell<Option<StoreError>>,
    /// What policies said of steps within this page.
    verdicts: RefCell<Vec<(AskedStep, Result<Policy, ()>)>>,
}

/// A question about a step, whose answer holds for every record that is known to be the same.
pub(crate) struct AskedStep {
    pub(crate) actor: Person,
    pub(crate) action: Action,
    pub(crate) facts: RecordFacts,
}

/// Answers that are remembered within a page.
const REMEMBERED: usize = 128;

impl AskedStep {
    fn is_like(&self, other: &Self) -> bool {
        self.facts.is_like(&other.facts) && self.action == other.action && self.actor == other.actor
    }
}

impl<'a> Look<'a> {
    pub(crate) fn new(cx: &'a Cx, sql: &'a mut Sql) -> Result<Self, PageError> {
        let pack = cx.pack()?;
        let shelf = cx.seen().packs.shelf().ok_or(desk::Refused::NoPack)?;
        Ok(Self {
            cx,
            pack,
            roster: cx.roster()?,
            reader: cx.whole_reader()?,
            shelf,
            sql: RefCell::new(sql),
            cases: RefCell::default(),
            seen: RefCell::default(),
            due: RefCell::default(),
            fault: RefCell::default(),
            verdicts: RefCell::default(),
        })
    }

    /// What decisions and titles look at.
    #[must_use]
    pub fn around(&self) -> Around<'_> {
        Around { shelf: &self.shelf, records: self, directory: &self.roster, now: self.cx.now() }
    }

    /// Asks the tables.
    ///
    /// # Errors
    /// What `ask` fails with.
    pub fn sql<T, E>(&self, ask: impl FnOnce(&mut Sql) -> Result<T, E>) -> Result<T, E> {
        ask(&mut self.sql.borrow_mut())
    }

    /// What the pack's policies say of a step; an error where one forbids it, or nobody can be asked. What was said of a
    /// record is not asked again of one like it.
    pub(crate) fn policy_on(&self, asked: AskedStep) -> Result<Policy, ()> {
        let policies = self.cx.seen().policies.as_ref().ok_or(())?;
        let known = |asked: &AskedStep| {
            let verdicts = self.verdicts.borrow();
            verdicts.iter().find(|(one, _)| one.is_like(asked)).map(|(_, said)| said.clone())
        };
        if let Some(said) = known(&asked).filter(|_| !policies.names_records()) {
            return said;
        }
        let on = On::Record(asked.facts.clone());
        let ask = self.roster.ask(&asked.actor, asked.action.clone(), on, Beside::default()).ok_or(())?;
        let said = policies.judge(&ask).for_flow().map_err(drop);
        let mut verdicts = self.verdicts.borrow_mut();
        if verdicts.len() < REMEMBERED {
            verdicts.push((asked, said.clone()));
        }
        said
    }

    /// A case, whoever may read it.
    #[must_use]
    pub fn case(&self, record: RecordId) -> Option<Arc<Case>> {
        if let Some(case) = self.cases.borrow().get(&record) {
            return case.clone();
        }
        let keys = self.cx.site.desk().vault();
        let found = self.sql(|sql| sql.case(record, keys.as_ref()));
        let case = self.noted(found).flatten().map(Arc::new);
        self.cases.borrow_mut().insert(record, case.clone());
        case
    }

    /// Asks at once for cases and for what is due in them, where each would be asked for by itself.
    ///
    /// # Errors
    /// The tables failed.
    pub fn ask_cases(&self, records: &[RecordId]) -> Result<(), PageError> {
        let keys = self.cx.site.desk().vault();
        let found = self.sql(|sql| sql.cases(records, keys.as_ref()))?;
        let mut found: HashMap<RecordId, Arc<Case>> =
            found.into_iter().map(|case| (case.record, Arc::new(case))).collect();
        let mut due = self.sql(|sql| sql.due_of_each(records))?;
        let cases = records.iter().map(|record| (*record, found.remove(record)));
        self.cases.borrow_mut().extend(cases);
        self.due.borrow_mut().extend(records.iter().map(|record| (*record, due.remove(record))));
        Ok(())
    }

    /// When the duty that a record proves is due; none where it proves none.
    ///
    /// # Errors
    /// The tables failed.
    pub fn due_of(&self, record: RecordId) -> Result<Option<Due>, PageError> {
        if let Some(due) = self.due.borrow().get(&record) {
            return Ok(*due);
        }
        let due = self.sql(|sql| sql.due_of_each(&[record]))?.remove(&record);
        self.due.borrow_mut().insert(record, due);
        Ok(due)
    }

    /// The cases of a list, in its order, without what is sealed of them. One that was destroyed since is left out.
    ///
    /// # Errors
    /// The tables failed.
    pub fn open_cases(&self, records: &[RecordId]) -> Result<Vec<Arc<Case>>, PageError> {
        let found = self.sql(|sql| sql.cases_open_of(records))?;
        let mut found: HashMap<RecordId, Arc<Case>> =
            found.into_iter().map(|case| (case.record, Arc::new(case))).collect();
        Ok(records.iter().filter_map(|record| found.remove(record)).collect())
    }

    /// May they read this record? An application reads no farther than its token goes.
    #[must_use]
    pub fn sees(&self, record: RecordId) -> bool {
        if let Some(sees) = self.seen.borrow().get(&record) {
            return *sees;
        }
        let seen = self.cx.seen();
        let found = self.sql(|sql| store::sees(sql, &seen.packs, &seen.layout, &self.reader, record));
        let sees = self.noted(found).unwrap_or(false) && self.within(record);
        self.seen.borrow_mut().insert(record, sees);
        sees
    }

    /// Does the token of the application that asks go as far as this record? Where none asks, everything is within.
    fn within(&self, record: RecordId) -> bool {
        let reads = |scope: &Scope| self.case(record).is_some_and(|case| scope.reads(&case.register));
        self.cx.scope.as_ref().is_none_or(reads)
    }

    /// Asks at once which of some records they may read, where each would be asked for by itself.
    ///
    /// # Errors
    /// The tables failed.
    pub fn ask_seen(&self, records: impl IntoIterator<Item = RecordId>) -> Result<(), PageError> {
        let known = |record: &RecordId| self.seen.borrow().contains_key(record);
        let asked: BTreeSet<RecordId> = records.into_iter().filter(|record| !known(record)).collect();
        let asked: Vec<RecordId> = asked.into_iter().collect();
        let seen = self.cx.seen();
        let found = self.sql(|sql| store::seen_of(sql, &seen.packs, &seen.layout, &self.reader, &asked))?;
        let found: BTreeSet<RecordId> = found.into_iter().collect();
        let told = asked.into_iter().map(|record| (record, found.contains(&record) && self.within(record)));
        self.seen.borrow_mut().extend(told);
        Ok(())
    }

    /// Notes that records were given by a list, which asks whether they may be read.
    pub fn listed(&self, records: impl IntoIterator<Item = RecordId>) {
        // Of an application's token no list knows.
        if self.cx.scope.is_some() {
            return;
        }
        self.seen.borrow_mut().extend(records.into_iter().map(|record| (record, true)));
    }

    /// The first failure behind an answer that was none.
    pub(crate) fn take_fault(&self) -> Option<StoreError> {
        self.fault.borrow_mut().take()
    }

    fn noted<T>(&self, found: Result<T, StoreError>) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(error) => {
                self.fault.borrow_mut().get_or_insert(error);
                None
            }
        }
    }
}

impl Records for Look<'_> {
    fn case(&self, record: RecordId) -> Option<Arc<Case>> {
        Look::case(self, record)
    }

    // Whoever may read them: for the rules of the pack alone.
    fn find(&self, seek: &Seek) -> Vec<Reference> {
        let seen = self.cx.seen();
        let found = self.sql(|sql| sql.sought(&seen.layout, seek));
        let (records, apart) = self.noted(found).unwrap_or_default();
        let fits =
            |record: &RecordId| !apart || Look::case(self, *record).is_some_and(|case| seek.fits(&case));
        let found = records.into_iter().filter(fits);
        found.map(|record| Reference { register: seek.register.clone(), record }).collect()
    }

    // Numbers, occurrences and files are what decisions look at, and pages make none.
    fn last_place(&self, _: &str) -> u32 {
        0
    }

    fn occurrence(&self, _: &DutyKey) -> Option<Occurrence> {
        None
    }

    fn series(&self, _: &DutyId, _: &Object) -> Option<Series> {
        None
    }

    fn holds_file(&self, digest: &[u8; 32]) -> bool {
        let text = format!("sha256:{}", data_encoding::HEXLOWER.encode(digest));
        let found = self.sql(|sql| sql.file_key(&text));
        self.noted(found).flatten().is_some()
    }
}
