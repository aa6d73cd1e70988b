//! Steps: opening, signing, completing; approvals and what voids them.

use super::content::{NOBODY, changed};
use super::{Acting, Deciding};
use crate::around::Records as _;
use crate::case::{Bound, Case, Content, ContentHash, EntryNumber, Mark};
use crate::command::{By, Command, Fill, Permitted, Signed};
use crate::event::{Body, Happened, Rooted, VoidCause};
use crate::refusal::{LONGEST_REASON, Refusal};
use model::{Evidence, Instant, Person, PersonId, RecordId, UnitId};
use proof::signature::{Previous, Reason};
use regulation::{FieldId, Outcome, Register, RegisterId, Signers, StateId, Step, StepId};
use std::collections::BTreeSet;

/// A record about to be opened.
pub(super) struct Opening<'c> {
    pub(super) record: RecordId,
    pub(super) register: &'c RegisterId,
    pub(super) step: &'c StepId,
    pub(super) version: u32,
    /// The unit where the register does not say.
    pub(super) unit: UnitId,
    pub(super) fill: &'c Fill,
    pub(super) occurred_at: Option<Instant>,
    pub(super) late_reason: Option<&'c String>,
    pub(super) rooted: Rooted,
}

/// What is put under a signature.
struct Putting<'c> {
    case: &'c Case,
    step: &'c StepId,
    outcome: Outcome,
    reason: Option<&'c str>,
    signed: Option<&'c Signed>,
    least: Evidence,
}

impl Deciding<'_> {
    pub(super) fn open_by_hand(&mut self, by: &By, command: &Command) -> Result<(), Refusal> {
        let Command::Open { record, register, step, fill, occurred_at, late_reason, signed } = command else {
            return Ok(());
        };
        let By::Person(permitted) = by else { return Err(Refusal::WrongPerson(step.clone())) };
        let opening = Opening {
            record: *record,
            register,
            step,
            version: self.around.shelf.current().version,
            unit: permitted.actor().unit,
            fill,
            occurred_at: *occurred_at,
            late_reason: late_reason.as_ref(),
            rooted: Rooted::default(),
        };
        self.open(opening, Some(permitted), signed.clone())
    }

    /// Opens a record for an alarm. What the step does not ask is left out.
    pub(super) fn open_for_alarm(
        &mut self,
        by: &By,
        alarm: EntryNumber,
        register: &RegisterId,
        unit: UnitId,
        fill: &Fill,
    ) -> Result<(), Refusal> {
        let current = self.around.shelf.current();
        let none = || Refusal::NoSuch(register.to_string());
        let flow = &current.registers.get(register).ok_or_else(none)?.flow;
        let step =
            flow.steps.iter().find(|step| step.opens() && for_the_system(step).is_ok()).ok_or_else(none)?;
        if *by != By::System {
            return Err(Refusal::WrongPerson(step.id.clone()));
        }
        let asked = fill.iter().filter(|(id, _)| step.fields.contains(id));
        let fill = asked.map(|(id, json)| (id.clone(), json.clone())).collect();
        let opening = Opening {
            record: (self.fresh)(),
            register,
            step: &step.id,
            version: current.version,
            unit,
            fill: &fill,
            occurred_at: None,
            late_reason: None,
            rooted: Rooted { alarm: Some(alarm), ..Rooted::default() },
        };
        self.open(opening, None, None)
    }

    /// Takes a step because the alarm for which the record was opened is over.
    pub(super) fn take_for_alarm(&mut self, by: &By, record: RecordId, step: &StepId) -> Result<(), Refusal> {
        if *by != By::System {
            return Err(Refusal::WrongPerson(step.clone()));
        }
        if self.case(record)?.taken.contains_key(step) {
            return Err(Refusal::NotDue);
        }
        self.take_for_system(record, step, Acting { person: None, reason: None })
    }

    /// Opens a record, by hand or for the system.
    pub(super) fn open(
        &mut self,
        opening: Opening<'_>,
        by: Option<&Permitted>,
        signed: Option<Box<Signed>>,
    ) -> Result<(), Refusal> {
        if self.overlay.case(opening.record).is_some() {
            return Err(Refusal::RecordTaken(opening.record));
        }
        let actor = by.map(Permitted::actor);
        let acting = Acting { person: actor, reason: None };
        let (case, register, step) = self.draft(&opening, acting)?;
        match by {
            Some(permitted) => self.may_open(&case, step, permitted)?,
            None => for_the_system(step)?,
        }
        self.check(None, &case, &step.fields, acting)?;
        self.guarded(&case, None, step, forward(step)?.0, acting)?;
        let happened = Happened { at: opening.occurred_at, late_reason: opening.late_reason.cloned() };
        self.occurred(register, opening.version, &happened)?;
        let state = register.flow.state(case.state.as_str());
        let body = Body::Opened {
            register: opening.register.clone(),
            version: opening.version,
            step: step.id.clone(),
            unit: case.unit,
            state: case.state.clone(),
            ending: state.and_then(|state| state.end).map(Into::into),
            content: case.content.clone(),
            asked: step.fields.iter().cloned().collect(),
            grade: case.grade.clone(),
            paper: case.paper,
            occurred_at: opening.occurred_at,
            late_reason: opening.late_reason.cloned(),
            rooted: opening.rooted,
        };
        if let Some(actor) = actor {
            let least = self.least(&case, step)?;
            let outcome = forward(step)?.0;
            let signed = signed.as_deref();
            let putting = Putting { case: &case, step: &step.id, outcome, reason: None, signed, least };
            self.statement(&putting, actor, Some(&body))?;
        }
        self.emit_signed(&case, actor, body, signed)?;
        self.after(opening.record, step, forward(step)?.0, None, acting)
    }

    fn draft<'p>(
        &self,
        opening: &Opening<'_>,
        acting: Acting<'_>,
    ) -> Result<(Case, &'p Register, &'p Step), Refusal>
    where
        Self: 'p,
    {
        let (empty, register, step) = self.blank(opening, acting)?;
        // The system fills in what the pack tells it to, whichever step would ask it.
        let all: Vec<FieldId> = register.fields.iter().map(|field| field.id.clone()).collect();
        let asked = if acting.person.is_some() { &step.fields } else { &all };
        let mut case = self.filled(&empty, opening.fill, asked, acting)?;
        let unit = self.unit_of(&case, acting.person);
        if unit.is_err() {
            // It may follow from an answer that is missing: of that one is told first.
            self.check(None, &case, &step.fields, acting)?;
        }
        case.unit = unit?;
        Ok((case, register, step))
    }

    /// The record before anything is filled in.
    pub(super) fn blank<'p>(
        &self,
        opening: &Opening<'_>,
        acting: Acting<'_>,
    ) -> Result<(Case, &'p Register, &'p Step), Refusal>
    where
        Self: 'p,
    {
        let rules = self.rules(opening.version)?;
        let register = rules.registers.get(opening.register);
        let register = register.ok_or_else(|| Refusal::NoSuch(opening.register.to_string()))?;
        let step = register.flow.step(opening.step.as_str()).filter(|step| step.opens());
        let step = step.ok_or_else(|| Refusal::NoSuch(opening.step.to_string()))?;
        let lowest = rules.grades.first().ok_or_else(|| Refusal::NoSuch("grade".into()))?;
        let now = self.around.now;
        let empty = Case {
            record: opening.record,
            register: opening.register.clone(),
            version: opening.version,
            unit: opening.unit,
            state: forward(step)?.1.clone(),
            entered_at: now,
            ending: None,
            closed_at: None,
            opened_by: acting.person.map(|person| person.person),
            opened_for: acting.person.and_then(|person| person.acting_for),
            opened_at: now,
            occurred_at: opening.occurred_at.unwrap_or(now),
            late_reason: opening.late_reason.cloned(),
            grade: lowest.id.clone(),
            paper: false,
            number: None,
            content: Content::default(),
            reckoned: Content::default(),
            bound: None,
            asked: BTreeSet::new(),
            pending: Vec::new(),
            taken: [].into(),
            approvals: Vec::new(),
            seats: [].into(),
            clocks: [].into(),
            links: Vec::new(),
            origin: opening.rooted.origin.clone(),
            duty: opening.rooted.duty.clone(),
            revision: 0,
        };
        Ok((empty, register, step))
    }

    /// Has it happened, and is there a reason where it is recorded late?
    fn occurred(&self, register: &Register, version: u32, happened: &Happened) -> Result<(), Refusal> {
        fitting(happened.late_reason.as_deref())?;
        let Some(at) = happened.at else { return Ok(()) };
        if at > self.around.now {
            return Err(Refusal::Future(at));
        }
        let Some(limit) = register.late else { return Ok(()) };
        let last = limit.after(at, regulation::Roll::Keep, self.rules(version)?.office())?;
        let reason = happened.late_reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        if self.around.now > last && !reason { Err(Refusal::LateWithoutReason) } else { Ok(()) }
    }

    /// What the first who acts on a record that the system opened says of when it happened; none where it is not asked.
    fn happened(
        &self,
        case: &Case,
        outcome: Outcome,
        occurred_at: Option<Instant>,
        late_reason: Option<&String>,
    ) -> Result<Option<Happened>, Refusal> {
        let register = self.register(case)?;
        if !(outcome.is_forward() && asks_when(case, register)) {
            let said = occurred_at.is_some() || late_reason.is_some();
            return if said { Err(Refusal::MomentNotAsked) } else { Ok(None) };
        }
        let happened = Happened { at: occurred_at, late_reason: late_reason.cloned() };
        self.occurred(register, case.version, &happened)?;
        Ok(Some(happened))
    }

    pub(super) fn take_by_hand(&mut self, by: &By, command: &Command) -> Result<(), Refusal> {
        let Command::Take { record, seen, step, outcome, reason, fill, occurred_at, late_reason, signed } =
            command
        else {
            return Ok(());
        };
        let By::Person(permitted) = by else { return Err(Refusal::WrongPerson(step.clone())) };
        let before = self.case(*record)?;
        if before.revision != *seen {
            return Err(Refusal::Stale { seen: *seen, now: before.revision });
        }
        let step = self.startable(&before, step, *outcome)?;
        let reason = reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        fitting(reason)?;
        if outcome.needs_reason() && reason.is_none() {
            return Err(Refusal::ReasonMissing);
        }
        let actor = permitted.actor();
        let acting = Acting { person: Some(actor), reason };
        if !self.view(&before, acting)?.applies(&step.when)? {
            return Err(Refusal::NotOffered(step.id.clone()));
        }
        let chairs = self.may_take(&before, step, *outcome, permitted)?;
        let asked: &[FieldId] = if outcome.is_forward() { &step.fields } else { &[] };
        let happened = self.happened(&before, *outcome, *occurred_at, late_reason.as_ref())?;
        let mut next = self.filled(&before, fill, asked, acting)?;
        if let Some(happened) = &happened {
            next.occurred_at = happened.at.unwrap_or(self.around.now);
        }
        if outcome.is_forward() {
            self.check(Some(&before), &next, asked, acting)?;
        }
        self.guarded(&next, Some(&before.content), step, *outcome, acting)?;
        let fields = changed(&before.content, &next.content);
        let least = self.least(&next, step)?;
        let anew = !fields.is_empty() || happened.is_some();
        if !anew {
            let people = self.barred_since(&before, step, *outcome)?;
            if !people.is_empty() {
                self.emit(&before, None, Body::SignaturesVoided { cause: VoidCause::Barred, people })?;
            }
        } else {
            self.void_signatures(&before, VoidCause::Changed)?;
        }
        let body = Body::Signed {
            step: step.id.clone(),
            outcome: *outcome,
            reason: reason.map(ToOwned::to_owned),
            chairs,
            evidence: signed.as_ref().map_or(Evidence::None, |signed| signed.evidence),
            content: anew.then(|| next.content.clone()),
            fields: fields.clone(),
            policy: permitted.granted().map(ToOwned::to_owned),
            happened,
        };
        let own = anew.then_some(&body);
        let signature = signed.as_deref();
        let putting =
            Putting { case: &before, step: &step.id, outcome: *outcome, reason, signed: signature, least };
        self.statement(&putting, actor, own)?;
        self.emit_signed(&before, Some(actor), body, signed.clone())?;
        if anew {
            self.reckon_anew(*record)?;
            self.belong(*record)?;
            let back = self.void_approvals(*record, &fields, VoidCause::Changed)?;
            if let Some(to) = back.filter(|_| !self.leads_back(*record, step, *outcome)) {
                let case = self.case(*record)?;
                self.void_signatures(&case, VoidCause::Changed)?;
                self.emit(&case, None, Body::SentBack { to })?;
                return self.settle(*record);
            }
        }
        let case = self.case(*record)?;
        if !complete(&case.pending, &case, step, *outcome) {
            return if anew { self.settle(*record) } else { Ok(()) };
        }
        self.taken(*record, step, *outcome, &before.content, acting)
    }

    /// A step is taken for the system.
    pub(super) fn take_for_system(
        &mut self,
        record: RecordId,
        step: &StepId,
        acting: Acting<'_>,
    ) -> Result<(), Refusal> {
        let case = self.case(record)?;
        let found = self.register(&case)?.flow.step(step.as_str());
        let outcome = forward(found.ok_or_else(|| Refusal::NoSuch(step.to_string()))?)?.0;
        let step = self.startable(&case, step, outcome)?;
        for_the_system(step)?;
        if !self.view(&case, acting)?.applies(&step.when)? {
            return Err(Refusal::NotOffered(step.id.clone()));
        }
        self.check(Some(&case), &case, &step.fields, acting)?;
        self.guarded(&case, Some(&case.content), step, outcome, acting)?;
        self.void_signatures(&case, VoidCause::Effect)?;
        self.taken(record, step, outcome, &case.content, acting)
    }

    fn startable<'p>(&self, case: &Case, step: &StepId, outcome: Outcome) -> Result<&'p Step, Refusal>
    where
        Self: 'p,
    {
        let found = self.register(case)?.flow.step(step.as_str());
        let found = found.ok_or_else(|| Refusal::NoSuch(step.to_string()))?;
        if found.opens() || !found.from.contains(&case.state) {
            return Err(Refusal::WrongStep { step: step.clone(), state: case.state.clone() });
        }
        if found.to(outcome).is_none() {
            return Err(Refusal::NoSuch(format!("{step}.{}", outcome.word())));
        }
        Ok(found)
    }

    fn guarded(
        &self,
        case: &Case,
        old: Option<&Content>,
        step: &Step,
        outcome: Outcome,
        acting: Acting<'_>,
    ) -> Result<(), Refusal> {
        let view = crate::view::View { old, ..self.view(case, acting)? };
        for guard in step.guards.iter().filter(|guard| guard.on.contains(&outcome)) {
            if guard.rule.holds(&view)? != Some(true) {
                return Err(Refusal::Guarded(guard.message.clone()));
            }
        }
        let Some(lead) = step.lead.as_ref().filter(|_| outcome.is_forward()) else { return Ok(()) };
        let Some(before) = view.moment(&lead.before)? else { return Ok(()) };
        let last = lead.limit.before(before, lead.roll, view.rules.office())?;
        if self.around.now > last { Err(Refusal::LateFiling(last)) } else { Ok(()) }
    }

    /// Does the signature cover exactly this?
    fn statement(&self, putting: &Putting<'_>, actor: &Person, own: Option<&Body>) -> Result<(), Refusal> {
        if self.rehearsal {
            return Ok(());
        }
        let evidence = putting.signed.map_or(Evidence::None, |signed| signed.evidence);
        if evidence < putting.least {
            return Err(Refusal::WeakSignature { passkey: putting.least == Evidence::Passkey });
        }
        let Some(signed) = putting.signed else { return Ok(()) };
        let statement = &signed.statement;
        let same = |same: bool, member| if same { Ok(()) } else { Err(Refusal::Statement(member)) };
        same(signed.carried.statement == *statement, "signature")?;
        same(statement.record == putting.case.record.to_string(), "record")?;
        same(statement.step == putting.step.as_str(), "step")?;
        same(statement.outcome == spelled(putting.outcome), "outcome")?;
        same(statement.pack == self.rules(putting.case.version)?.name(), "pack")?;
        same(statement.signer == actor.person, "signer")?;
        same(statement.on_behalf == actor.acting_for, "on_behalf")?;
        same(reason_fits(&statement.reason, putting.reason, signed.salt.as_ref()), "reason")?;
        let (previous, content) = match own {
            Some(body) => {
                let bytes = proof::json::canonical(body).map_err(|_| Refusal::Statement("content"))?;
                (Previous::Itself, proof::entry::content_hash(signed.salt.as_ref(), &bytes))
            }
            None => {
                let bound = putting.case.bound.ok_or(Refusal::Statement("previous"))?;
                let Bound { entry, hash: ContentHash(hash) } = bound;
                (Previous::Entry(entry.0), hash)
            }
        };
        same(statement.previous == previous, "previous")?;
        same(statement.content == content, "content")
    }

    /// Signatures given so far cover what is no longer there.
    pub(super) fn void_signatures(&mut self, case: &Case, cause: VoidCause) -> Result<(), Refusal> {
        if case.pending.is_empty() {
            return Ok(());
        }
        let people = case.pending.iter().map(|mark| mark.person).collect();
        self.emit(case, None, Body::SignaturesVoided { cause, people })
    }

    /// Voids the approvals that bind one of these fields; yields the state the first of them was taken in.
    pub(super) fn void_approvals(
        &mut self,
        record: RecordId,
        fields: &[FieldId],
        cause: VoidCause,
    ) -> Result<Option<StateId>, Refusal> {
        let case = self.case(record)?;
        let mut back = None;
        for approval in case.approvals.iter().filter(|approval| approval.standing) {
            let touched: Vec<FieldId> =
                fields.iter().filter(|field| approval.fields.contains(*field)).cloned().collect();
            if touched.is_empty() && cause != VoidCause::Returned {
                continue;
            }
            back = back.or_else(|| Some(approval.from.clone()));
            let step = approval.step.clone();
            self.emit(&case, None, Body::ApprovalVoided { step, cause, fields: touched })?;
        }
        Ok(back.filter(|_| cause.sends_back()))
    }

    /// Does the step lead to where every void approval can be given again, or to an end without effect?
    fn leads_back(&self, record: RecordId, step: &Step, outcome: Outcome) -> bool {
        let Some((case, to)) = self.case(record).ok().zip(step.to(outcome)) else { return false };
        let Ok(register) = self.register(&case) else { return false };
        let end = register.flow.state(to.as_str()).and_then(|state| state.end);
        let again = |id: &StepId| register.flow.step(id.as_str()).is_some_and(|step| step.from.contains(to));
        match end {
            Some(regulation::End::Done) => false,
            Some(_) => true,
            None => case
                .approvals
                .iter()
                .filter(|approval| !approval.standing && !case.stands(&approval.step))
                .all(|approval| again(&approval.step)),
        }
    }

    /// The step is complete; `old` is what the record held before it.
    fn taken(
        &mut self,
        record: RecordId,
        step: &Step,
        outcome: Outcome,
        old: &Content,
        acting: Acting<'_>,
    ) -> Result<(), Refusal> {
        if outcome == Outcome::Return {
            self.void_approvals(record, &[], VoidCause::Returned)?;
        }
        let case = self.case(record)?;
        let register = self.register(&case)?;
        let to = step.to(outcome).ok_or_else(|| Refusal::NoSuch(step.id.to_string()))?;
        let end = register.flow.state(to.as_str()).and_then(|state| state.end);
        let binds = (outcome == Outcome::Approve).then(|| {
            let filled = case.content.0.keys();
            case.asked.iter().chain(filled).chain(&step.fields).cloned().collect()
        });
        let asked =
            if outcome.is_forward() { step.fields.iter().cloned().collect() } else { BTreeSet::new() };
        let body = Body::Taken {
            step: step.id.clone(),
            outcome,
            by: signers(&case.pending, &step.id, outcome),
            from: case.state.clone(),
            to: to.clone(),
            ending: end.map(Into::into),
            binds,
            asked,
            about: case.bound,
            supersedes: case.taken.get(&step.id).and_then(|taken| taken.entry),
        };
        self.emit(&case, acting.person, body)?;
        self.after(record, step, outcome, Some(old), acting)
    }

    /// What a taken step brings: number, clocks, seats, duty, effects.
    fn after(
        &mut self,
        record: RecordId,
        step: &Step,
        outcome: Outcome,
        old: Option<&Content>,
        acting: Acting<'_>,
    ) -> Result<(), Refusal> {
        self.number(record, step, outcome)?;
        self.reckon_anew(record)?;
        self.settle(record)?;
        self.prove_duty(record)?;
        self.follow(record, step, outcome, old, acting)
    }

    /// Computed fields and the grade after a change.
    pub(super) fn reckon_anew(&mut self, record: RecordId) -> Result<(), Refusal> {
        let case = self.case(record)?;
        let next = self.filled(&case, &Fill::new(), &[], NOBODY)?;
        if next.reckoned != case.reckoned {
            self.emit(&case, None, Body::Reckoned { values: next.reckoned.clone() })?;
        }
        if next.grade != case.grade || next.paper != case.paper {
            self.emit(&case, None, Body::Graded { grade: next.grade, paper: next.paper })?;
        }
        Ok(())
    }
}

/// Is it asked when it happened? Where the register asks it, of whoever opens a record, or is the first to act on one
/// that the system opened.
pub(super) fn asks_when(case: &Case, register: &Register) -> bool {
    let untouched = case.pending.is_empty() && case.taken.values().all(|taken| taken.by.is_empty());
    register.late.is_some() && case.opened_by.is_none() && untouched
}

/// A word as statements spell it: they know no `_`.
pub(super) fn spelled(outcome: Outcome) -> String {
    outcome.word().replace('_', "-")
}

/// The outcome by which a step goes on as wished.
pub(super) fn forward(step: &Step) -> Result<(Outcome, &StateId), Refusal> {
    let found = step.outcomes.iter().filter(|(outcome, _)| outcome.is_forward()).max_by_key(|(one, _)| *one);
    found.map(|(outcome, to)| (*outcome, to)).ok_or_else(|| Refusal::NoSuch(step.id.to_string()))
}

/// Can a reason be shown, and is it short enough to be read?
fn fitting(reason: Option<&str>) -> Result<(), Refusal> {
    let unseen = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let fits = |reason: &str| reason.chars().count() <= LONGEST_REASON && !reason.contains(unseen);
    if reason.is_none_or(fits) { Ok(()) } else { Err(Refusal::ReasonUnfit) }
}

/// May the system take the step by itself? Never where several must sign.
fn for_the_system(step: &Step) -> Result<(), Refusal> {
    let alone = match &step.signers {
        Signers::People { by, need: 1, two_person: false, .. } => {
            by.iter().any(|rule| matches!(rule.who, regulation::Who::System))
        }
        _ => false,
    };
    if alone { Ok(()) } else { Err(Refusal::WrongPerson(step.id.clone())) }
}

fn reason_fits(stated: &Reason, given: Option<&str>, salt: Option<&[u8; 16]>) -> bool {
    match (stated, given) {
        (Reason::None, None) => true,
        (Reason::Text(stated), Some(given)) => stated == given,
        (Reason::Hashed(_), Some(given)) => salt.is_some_and(|salt| Reason::hashed(salt, given) == *stated),
        _ => false,
    }
}

fn signers(pending: &[Mark], step: &StepId, outcome: Outcome) -> Vec<PersonId> {
    let counted = pending.iter().filter(|mark| mark.step == *step && mark.outcome == outcome);
    counted.flat_map(Mark::people).collect()
}

/// Have enough people signed for this outcome?
fn complete(pending: &[Mark], case: &Case, step: &Step, outcome: Outcome) -> bool {
    if matches!(outcome, Outcome::Return | Outcome::TakeBack) {
        return true;
    }
    let marks: Vec<&Mark> =
        pending.iter().filter(|mark| mark.step == step.id && mark.outcome == outcome).collect();
    match &step.signers {
        Signers::People { need, two_person, .. } => {
            let need = if *two_person { (*need).max(2) } else { *need };
            outcome == Outcome::Refuse || marks.len() >= need as usize
        }
        Signers::Seats { two_person, .. } => {
            let Some(seats) = case.seats.get(&step.id) else { return false };
            let filled = if *two_person { matched(&marks) } else { seated(&marks) };
            if outcome == Outcome::Refuse {
                return seats.seats.len().saturating_sub(seated(&marks)) < seats.need as usize;
            }
            filled >= seats.need as usize
        }
    }
}

/// Seats that any of these signers may fill.
fn seated(marks: &[&Mark]) -> usize {
    marks.iter().flat_map(|mark| &mark.chairs).collect::<BTreeSet<_>>().len()
}

/// The most seats that can be filled when nobody fills two: augmenting paths from signers to seats.
fn matched(marks: &[&Mark]) -> usize {
    let mut sits: std::collections::BTreeMap<u32, usize> = [].into();
    (0..marks.len()).filter(|signer| place(*signer, marks, &mut sits, &mut BTreeSet::new())).count()
}

fn place(
    signer: usize,
    marks: &[&Mark],
    sits: &mut std::collections::BTreeMap<u32, usize>,
    tried: &mut BTreeSet<u32>,
) -> bool {
    let chairs = marks.get(signer).map(|mark| mark.chairs.as_slice()).unwrap_or_default();
    for chair in chairs {
        if !tried.insert(*chair) {
            continue;
        }
        let free = match sits.get(chair).copied() {
            None => true,
            Some(other) => place(other, marks, sits, tried),
        };
        if free {
            sits.insert(*chair, signer);
            return true;
        }
    }
    false
}
