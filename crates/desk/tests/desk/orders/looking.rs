//! What is offered to whom, as pages ask it: on committed records, by the rules of the cases themselves.

use casework::{
    Around, Case, DutyKey, Object, Occurrence, Permitted, Policy, Records, Reference, Seek, Series,
};
use identity::Roster;
use model::{Clock as _, RecordId};
use regulation::{DutyId, Outcome, StepId};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use testkit::{Acting, House};

/// Somebody who looks at the records of a house as they are.
pub(super) struct Looking<'h> {
    house: &'h House,
    seen: desk::Seen,
    cases: RefCell<BTreeMap<RecordId, Option<Arc<Case>>>>,
}

impl<'h> Looking<'h> {
    pub(super) fn at(house: &'h House) -> Self {
        Self { house, seen: house.desk.seen(), cases: RefCell::default() }
    }

    /// The steps with their outcomes that somebody may take on a record.
    pub(super) fn offered(&self, who: Acting, record: RecordId) -> Vec<(StepId, Outcome)> {
        let (pack, shelf) = (self.seen.packs.current().unwrap(), self.seen.packs.shelf().unwrap());
        let now = self.house.clock.now();
        let roster = Roster::new(&self.seen.roster, pack, now);
        let around = Around { shelf: &shelf, records: self, directory: &roster, now };
        let by = Permitted::by_policy(who.actor(), Policy::Silent);
        let offers = casework::offered(around, &by, record).unwrap();
        let each =
            |offer: casework::Offer| offer.outcomes.into_iter().map(move |one| (offer.step.clone(), one));
        offers.into_iter().flat_map(each).collect()
    }

    /// The steps with their outcomes that lead on from where a record is, whoever may take them.
    pub(super) fn open(&self, record: RecordId) -> Vec<(StepId, Outcome)> {
        let Some(case) = self.case(record) else { return vec![] };
        let register = &self.seen.packs.current().unwrap().registers[&case.register];
        let here = register.flow.steps.iter().filter(|step| step.from.contains(&case.state));
        here.flat_map(|step| step.outcomes.iter().map(|(outcome, _)| (step.id.clone(), *outcome))).collect()
    }
}

impl Records for Looking<'_> {
    fn case(&self, record: RecordId) -> Option<Arc<Case>> {
        let mut cases = self.cases.borrow_mut();
        cases.entry(record).or_insert_with(|| self.house.desk.case(record).unwrap().map(Arc::new)).clone()
    }

    fn find(&self, seek: &Seek) -> Vec<Reference> {
        panic!("who may act hangs on no other records: {seek:?}");
    }

    fn last_place(&self, sequence: &str) -> u32 {
        panic!("who may act hangs on no number: {sequence}");
    }

    fn occurrence(&self, key: &DutyKey) -> Option<Occurrence> {
        panic!("who may act hangs on no duty: {key:?}");
    }

    fn series(&self, duty: &DutyId, _: &Object) -> Option<Series> {
        panic!("who may act hangs on no duty: {duty}");
    }

    fn holds_file(&self, _: &[u8; 32]) -> bool {
        panic!("who may act hangs on no file");
    }
}
