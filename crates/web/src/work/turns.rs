//! Whose turn it is: the steps that wait for somebody, each with what is due.
//!
//! A record that stands where it may stay waits for nobody. Any other counts once in one's own name and once for each one stands in for, by the first step of its flow that leads on.

use crate::acting::{self, Offered};
use crate::error::PageError;
use crate::look::Look;
use crate::records::{self, ClockView};
use crate::signing::Word;
use casework::{Appointment, Case};
use model::{Evidence, RecordId};
use regulation::{Outcome, Register, StepId};
use std::sync::Arc;

/// Cases that are looked through, the earliest due first.
pub(crate) const MOST: u32 = 1_000;

/// What waits for somebody.
pub(crate) struct Turns {
    /// The earliest due first.
    pub(crate) all: Vec<Turn>,
    /// Were there more cases than are looked through?
    pub(crate) cut: bool,
}

/// A step that waits for somebody.
pub(crate) struct Turn {
    pub(crate) case: Arc<Case>,
    pub(crate) offer: Offered,
    /// The step in words.
    pub(super) step: String,
    /// The register in words.
    pub(super) register: String,
    /// Where it is taken.
    pub(super) href: String,
    /// Is it signed, or decided?
    pub(crate) signs: bool,
    /// Does it ask nothing, so that several may be signed at once?
    pub(crate) plain: bool,
    /// Does it prove a duty that is due today?
    pub(crate) on_duty: bool,
    /// What is due first.
    pub(crate) due: Option<ClockView>,
}

impl Turn {
    /// Is what is due over?
    pub(super) fn is_over(&self) -> bool {
        self.due.as_ref().is_some_and(|due| due.over)
    }

    /// How a batch names it; none where it asks something, or is not signed.
    pub(super) fn word(&self) -> Option<String> {
        let outcome = forward(&self.offer).filter(|_| self.signs && self.plain)?;
        let (record, step) = (self.case.record, self.offer.step.clone());
        Some(Word { record, step, outcome, stance: self.offer.stance.word() }.told())
    }
}

/// What waits for whoever looks.
pub(crate) fn turns(look: &Look<'_>) -> Result<Turns, PageError> {
    let reader = look.cx.reader()?;
    let waiting = look.sql(|sql| store::turns(sql, &reader, 0, MOST))?;
    let cut = waiting.total > u64::from(MOST);
    let records: Vec<RecordId> = waiting.rows.iter().map(|turn| turn.row.record).collect();
    look.listed(records.iter().copied());
    look.ask_cases(&records)?;
    let mut all = Vec::new();
    for record in records {
        let Some(case) = look.case(record) else { continue };
        all.extend(of_case(look, &case)?);
    }
    // What has nothing due comes last, the oldest first.
    all.sort_by_key(|turn| turn.due.as_ref().map_or((true, None), |due| (false, Some(due.at))));
    Ok(Turns { all, cut })
}

fn of_case(look: &Look<'_>, case: &Arc<Case>) -> Result<Vec<Turn>, PageError> {
    let Some(register) = look.register(case).filter(|register| !casework::rests(case, register)) else {
        return Ok(Vec::new());
    };
    let mut turns: Vec<Turn> = Vec::new();
    for offer in acting::offers(look, case) {
        let same = |turn: &Turn| turn.offer.stance.principal == offer.stance.principal;
        let leads = forward(&offer).is_some_and(|outcome| leads_on(register, &offer.step, outcome));
        if leads && !turns.iter().any(same) {
            turns.extend(turn(look, case, offer)?);
        }
    }
    Ok(turns)
}

fn leads_on(register: &Register, step: &StepId, outcome: Outcome) -> bool {
    let step = register.flow.step(step.as_str());
    step.is_some_and(|step| casework::leads_on(register, step, outcome))
}

fn turn(look: &Look<'_>, case: &Arc<Case>, offer: Offered) -> Result<Option<Turn>, PageError> {
    let Some(register) = look.register(case) else { return Ok(None) };
    let Some(step) = register.flow.step(offer.step.as_str()) else { return Ok(None) };
    let due = records::clocks(look, case)?.into_iter().next();
    let today = look.cx.zone()?.date(look.cx.now());
    let on_duty = match &case.duty {
        None => false,
        Some(_) => look.due_of(case.record)?.is_some_and(|due| due.on <= today),
    };
    Ok(Some(Turn {
        case: Arc::clone(case),
        step: look.cx.label(&step.label).to_owned(),
        register: look.cx.label(&register.label).to_owned(),
        href: records::step_path(case, &offer),
        signs: offer.least > Evidence::None || offer.outcomes.contains(&Outcome::Approve),
        plain: step.fields.is_empty(),
        on_duty,
        due,
        offer,
    }))
}

fn forward(offer: &Offered) -> Option<Outcome> {
    offer.outcomes.iter().copied().filter(|outcome| outcome.is_forward()).max()
}

/// Appointments in force by which they stand in for somebody.
pub(super) fn appointments(look: &Look<'_>) -> Vec<Appointment> {
    let mut found = look.roster.standing_in(look.cx.person());
    found.sort_by_key(|one| one.until);
    found
}
