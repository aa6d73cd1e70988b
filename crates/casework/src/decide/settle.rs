//! What settles by itself once a case stands in a state: number, clocks, seats.

use super::Deciding;
use super::content::NOBODY;
use crate::around::Records;
use crate::case::{Case, Point, Running, Seats};
use crate::event::Body;
use crate::refusal::Refusal;
use crate::rules::Rules;
use crate::view::{View, flat};
use model::{Instant, RecordId};
use regulation::{
    Clock, ClockId, Due, Escalation, EscalationTime, NumberPart, Numbering, Outcome, Reset, Roll, Seat,
    Sequence, Signers, Step,
};
use std::collections::BTreeMap;

impl Deciding<'_> {
    /// Gives the number, once, at the step that gives it.
    pub(super) fn number(&mut self, record: RecordId, step: &Step, outcome: Outcome) -> Result<(), Refusal> {
        let case = self.case(record)?;
        let Some(numbering) = &self.register(&case)?.numbering else { return Ok(()) };
        let here = numbering.at.as_ref().map_or_else(|| step.opens(), |at| *at == step.id);
        if case.number.is_some() || !here || !outcome.is_forward() {
            return Ok(());
        }
        let sequence = self.sequence(&case, numbering)?;
        let place = self.overlay.last_place(&sequence) + 1;
        let number = self.spell(&case, numbering, place)?;
        self.emit(&case, None, Body::Numbered { number, sequence, place })
    }

    fn sequence(&self, case: &Case, numbering: &Numbering) -> Result<String, Refusal> {
        let today = self.rules(case.version)?.zone.date(self.around.now);
        let whose = match numbering.per {
            Sequence::City => "city".to_owned(),
            Sequence::Unit => case.unit.to_string(),
        };
        let period = match numbering.reset {
            Reset::Never => "ever".to_owned(),
            Reset::Year => today.year().to_string(),
            Reset::Month => format!("{}-{:02}", today.year(), today.month()),
        };
        Ok(format!("{}/{whose}/{period}", case.register))
    }

    fn spell(&self, case: &Case, numbering: &Numbering, place: u32) -> Result<String, Refusal> {
        let today = self.rules(case.version)?.zone.date(self.around.now);
        let mut number = String::new();
        for part in &numbering.format {
            number.push_str(&match part {
                NumberPart::Text(text) => text.to_string(),
                NumberPart::RocYear => (i64::from(today.year()) - 1911).to_string(),
                NumberPart::Year => today.year().to_string(),
                NumberPart::Month => format!("{:02}", today.month()),
                NumberPart::Unit => self.around.directory.unit_code(case.unit).ok_or(Refusal::UnitMissing)?,
                NumberPart::Sequence(digits) => format!("{place:0width$}", width = usize::from(*digits)),
            });
        }
        Ok(number)
    }

    /// Sets and stops clocks and computes seats, for the state and the content the case has now.
    pub(super) fn settle(&mut self, record: RecordId) -> Result<(), Refusal> {
        self.settle_after(record, &BTreeMap::new())
    }

    /// The same for a case whose clocks were forgotten and ran like this before: one that runs out at the same moment as
    /// before does not come again to points that have come.
    pub(super) fn settle_after(
        &mut self,
        record: RecordId,
        before: &BTreeMap<ClockId, Running>,
    ) -> Result<(), Refusal> {
        let case = self.case(record)?;
        let register = self.register(&case)?;
        for clock in &register.flow.clocks {
            self.settle_clock(record, clock, before.get(&clock.id))?;
        }
        for step in register.flow.steps.iter().filter(|step| step.from.contains(&case.state)) {
            self.settle_seats(record, step)?;
        }
        Ok(())
    }

    fn settle_clock(
        &mut self,
        record: RecordId,
        clock: &Clock,
        before: Option<&Running>,
    ) -> Result<(), Refusal> {
        let case = self.case(record)?;
        let running = case.clocks.get(&clock.id);
        let due = if clock.runs.contains(&case.state) { self.due(&case, clock)? } else { None };
        let Some(due) = due else {
            let stop = running.map(|_| Body::ClockStopped { clock: clock.id.clone() });
            return stop.map_or(Ok(()), |stop| self.emit(&case, None, stop));
        };
        if running.is_some_and(|running| running.due == due) {
            return Ok(());
        }
        let mut points = points(&clock.then, due, self.rules(case.version)?)?;
        if let Some(before) = before.filter(|before| before.due == due) {
            let waits = |point: &Point| before.points.iter().any(|one| one.at == point.at);
            points.retain(|point| point.at > self.around.now || waits(point));
        }
        self.emit(&case, None, Body::ClockSet { clock: clock.id.clone(), due, points })
    }

    /// When a clock runs out; `None` while it does not run.
    fn due(&self, case: &Case, clock: &Clock) -> Result<Option<Instant>, Refusal> {
        let view = self.view(case, NOBODY)?;
        // A clock that counts from entering is asked on entering alone: what is filled in later does not stop it.
        if let (Due::Entered { .. }, Some(running)) = (&clock.due, case.clocks.get(&clock.id)) {
            return Ok(Some(running.due));
        }
        if !view.applies(&clock.when)? {
            return Ok(None);
        }
        let office = view.rules.office();
        Ok(match &clock.due {
            Due::Entered { limit, roll } => Some(limit.after(case.entered_at, *roll, office)?),
            Due::After { value, limit, roll } => match view.moment(value)? {
                Some(from) => Some(limit.after(from, *roll, office)?),
                None => None,
            },
            Due::Before { value, limit, roll } => match view.moment(value)? {
                Some(to) => Some(limit.before(to, *roll, office)?),
                None => None,
            },
            Due::Until { value } => view.moment(value)?,
        })
    }

    fn settle_seats(&mut self, record: RecordId, step: &Step) -> Result<(), Refusal> {
        let Signers::Seats { seats, need, .. } = &step.signers else { return Ok(()) };
        let case = self.case(record)?;
        let view = self.view(&case, NOBODY)?;
        if !view.applies(&step.when)? {
            return Ok(());
        }
        let mut chairs = Vec::new();
        for seat in seats {
            for view in each(&view, seat)? {
                if view.applies(&seat.rule.when)? {
                    let chair = self.seat(&view, &seat.rule)?;
                    chairs.push(chair.ok_or_else(|| Refusal::NobodySeated(step.id.clone()))?);
                }
            }
        }
        let all = u32::try_from(chairs.len()).unwrap_or(u32::MAX);
        let computed = Seats { seats: chairs, need: need.unwrap_or(all).clamp(1, all.max(1)) };
        if case.seats.get(&step.id) == Some(&computed) {
            return Ok(());
        }
        self.emit(&case, None, Body::SeatsSet { step: step.id.clone(), seats: computed })
    }
}

/// One view for each element a seat is computed for.
fn each<'v>(view: &View<'v>, seat: &Seat) -> Result<Vec<View<'v>>, Refusal> {
    let Some(field) = &seat.each else { return Ok(vec![view.clone()]) };
    let name = regulation::Name::Field(field.clone());
    let value = regulation::Scope::name(view, &name)?;
    let elements = value.into_iter().flat_map(flat);
    Ok(elements.map(|element| View { each: Some(element), ..view.clone() }).collect())
}

/// The moments around the time something is due, in order of time.
pub(super) fn points(then: &[Escalation], due: Instant, rules: &Rules<'_>) -> Result<Vec<Point>, Refusal> {
    let mut points = Vec::new();
    for (index, one) in (0u32..).zip(then) {
        let at = match one.at {
            EscalationTime::Due => due,
            EscalationTime::Early(limit) => limit.before(due, Roll::Keep, rules.office())?,
            EscalationTime::Late(limit) => limit.after(due, Roll::Keep, rules.office())?,
        };
        points.push(Point { index, at });
    }
    points.sort_by_key(|point| (point.at, point.index));
    Ok(points)
}
