//! Judging the population of checks: record by record, occurrence by occurrence.
//!
//! Checks over one register are judged in one reading of it. What cannot be answered for one record cannot be reckoned
//! for the check.

use crate::read::Reading;
use crate::reason;
use crate::tally::{Judged, Mark};
use casework::{Around, Case};
use model::{Instant, RecordId, Told};
use regulation::{
    Check, CheckEvidence, Condition, DutyId, EvalError, Population, RegisterId, Scope, StateId, Value,
};
use std::collections::HashMap;
use store::{CasePart, Owed, StoreError};

/// A check on its way to being evaluated.
pub(crate) struct Job<'p> {
    pub(crate) check: &'p Check,
    /// Only what was opened, or due, since.
    pub(crate) since: Option<Instant>,
    /// The population.
    pub(crate) judged: HashMap<RecordId, Judged>,
    /// Of what the system knows: what each amounts to, and the record that stands for it.
    pub(crate) facts: Vec<(Option<RecordId>, Judged)>,
    /// Why it cannot be reckoned.
    pub(crate) why: Option<Told>,
}

/// Cases read at a time.
const PAGE: usize = 500;

impl<'p> Job<'p> {
    pub(crate) fn new(check: &'p Check, since: Option<Instant>, judged: HashMap<RecordId, Judged>) -> Self {
        Self { check, since, judged, facts: Vec::new(), why: None }
    }

    /// Judges a case anew.
    fn case(&mut self, case: &Case, around: Around<'_>) {
        if self.why.is_some() {
            return;
        }
        match judge(self.check, self.since, case, around) {
            Ok(Some(judged)) => drop(self.judged.insert(case.record, judged)),
            Ok(None) => drop(self.judged.remove(&case.record)),
            Err(why) => self.fail(why),
        }
    }

    pub(crate) fn fail(&mut self, why: Told) {
        self.judged.clear();
        self.facts.clear();
        self.why = Some(why);
    }

    fn states(&self) -> &'p [StateId] {
        match &self.check.population {
            Population::Records { states, .. } => states,
            Population::Duty { .. } | Population::Engine { .. } | Population::Machine { .. } => &[],
        }
    }
}

/// Judges every record of a register that may be in the population of one of the checks.
pub(crate) fn all(
    reading: &Reading<'_>,
    register: &RegisterId,
    jobs: &mut [&mut Job<'_>],
    around: Around<'_>,
) -> Result<(), StoreError> {
    let everywhere = jobs.iter().any(|job| job.states().is_empty());
    let states: Vec<StateId> = if everywhere {
        Vec::new()
    } else {
        jobs.iter().flat_map(|job| job.states().iter().cloned()).collect()
    };
    let always = jobs.iter().any(|job| job.since.is_none());
    let since = jobs.iter().filter_map(|job| job.since).min().filter(|_| !always);
    let part = CasePart { register, states: &states, since };
    let mut after = None;
    loop {
        let cases = reading.ask(|sql, layout| sql.cases_open(layout, part, after, PAGE))?;
        let Some((last, _)) = cases.last() else { return Ok(()) };
        after = Some(*last);
        for (_, case) in &cases {
            jobs.iter_mut().for_each(|job| job.case(case, around));
        }
        reading.sound()?;
    }
}

/// Judges these records anew; those that are not there any more leave the population.
pub(crate) fn some(
    reading: &Reading<'_>,
    records: &[RecordId],
    job: &mut Job<'_>,
    around: Around<'_>,
) -> Result<(), StoreError> {
    for record in records {
        job.judged.remove(record);
    }
    for some in records.chunks(PAGE) {
        for case in reading.ask(|sql, _| sql.cases_open_of(some))? {
            job.case(&case, around);
        }
        reading.sound()?;
    }
    Ok(())
}

/// Judges the occurrences of a duty.
pub(crate) fn duty(
    reading: &Reading<'_>,
    duty: &DutyId,
    job: &mut Job<'_>,
    now: Instant,
) -> Result<(), StoreError> {
    let owed = reading.ask(|sql, _| sql.duty_owed(duty, job.since, now))?;
    let judged = owed.into_iter().map(|owed| {
        let mark = if in_order(&job.check.evidence, &owed) { Mark::Good } else { Mark::Bad };
        (owed.record, Judged { unit: Some(owed.unit), at: owed.due, mark })
    });
    job.judged = judged.collect();
    Ok(())
}

fn in_order(evidence: &CheckEvidence, owed: &Owed) -> bool {
    match evidence {
        CheckEvidence::OnTime => owed.done_at.is_some_and(|at| at <= owed.due),
        _ => owed.done_at.is_some(),
    }
}

/// What a case amounts to; none where it is not in the population.
fn judge(
    check: &Check,
    since: Option<Instant>,
    case: &Case,
    around: Around<'_>,
) -> Result<Option<Judged>, Told> {
    let Population::Records { only, states, .. } = &check.population else { return Ok(None) };
    let outside = !states.is_empty() && !states.contains(&case.state);
    if outside || since.is_some_and(|since| case.opened_at < since) {
        return Ok(None);
    }
    let scope = casework::seen(around, case).map_err(|refusal| refusal.told())?;
    // A form of a former version may not have what the check asks for.
    let former = case.version != around.shelf.current().version;
    let value = |condition: &Condition| value(condition, &scope, former);
    if let Some(only) = only
        && value(only)? != Some(Value::Truth(true))
    {
        return Ok(None);
    }
    let mark = match &check.evidence {
        CheckEvidence::NoneOpen => {
            if case.ending.is_some() {
                Mark::Good
            } else {
                Mark::Bad
            }
        }
        CheckEvidence::Share(condition) => {
            if value(condition)? == Some(Value::Truth(true)) {
                Mark::Good
            } else {
                Mark::Bad
            }
        }
        CheckEvidence::Newest(condition) => Mark::of_day(value(condition)?, around.shelf.current().zone),
        CheckEvidence::Measure { value: condition, .. } => {
            Mark::of_number(value(condition)?).ok_or_else(reason::too_many)?
        }
        CheckEvidence::Engine | CheckEvidence::OnTime => return Ok(None),
    };
    Ok(Some(Judged { unit: Some(case.unit), at: case.opened_at, mark }))
}

/// The value of a condition; none where what it needs is not filled in.
pub(crate) fn value(condition: &Condition, scope: &dyn Scope, former: bool) -> Result<Option<Value>, Told> {
    match condition.eval(scope) {
        Ok(value) => Ok(Some(value)),
        Err(EvalError::Missing(_)) => Ok(None),
        Err(EvalError::Type(_)) if former => Ok(None),
        Err(error) => Err(reason::unanswered(&error)),
    }
}

/// Units for which it is signed that a clause does not apply: by clause, from the statements that are in force.
pub(crate) fn exemptions(
    reading: &Reading<'_>,
    exemption: &regulation::Exemption,
    around: Around<'_>,
    found: &mut dyn FnMut(&str, model::UnitId),
) -> Result<(), StoreError> {
    let part = CasePart { register: &exemption.register, states: &[], since: None };
    let mut after = None;
    loop {
        let cases = reading.ask(|sql, layout| sql.cases_open(layout, part, after, PAGE))?;
        let Some((last, _)) = cases.last() else { return Ok(()) };
        after = Some(*last);
        for (_, case) in &cases {
            let Ok(scope) = casework::seen(around, case) else { continue };
            // A statement that cannot be judged is none.
            let holds = exemption.holds.holds(&scope).unwrap_or(None) == Some(true);
            if let (true, Ok(Value::Text(clause))) = (holds, exemption.clause.eval(&scope)) {
                found(clause.trim(), case.unit);
            }
        }
        reading.sound()?;
    }
}
