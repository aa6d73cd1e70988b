//! What is owed within some days: opened, done, overdue, and still to come.

use crate::error::PageError;
use crate::look::Look;
use crate::names::Named;
use casework::Object;
use model::{CivilDate, Instant, UnitId};
use regulation::{Duty, Pack, TimeOfDay};
use std::collections::BTreeSet;

/// How an occurrence stands; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stand {
    /// Its time is over.
    Late,
    /// It was opened.
    Open,
    /// It will be.
    Coming,
    /// It was done, late.
    DoneLate,
    /// It was done in time.
    Done,
}

/// An occurrence of a duty.
pub(super) struct Entry<'p> {
    pub(super) duty: &'p Duty,
    pub(super) due_on: CivilDate,
    pub(super) due: Instant,
    pub(super) stand: Stand,
    /// The record that is to prove it; before there is one, what it is owed for.
    pub(super) named: Named,
}

/// What is owed, in order of days and duties.
pub(super) struct Plan<'p> {
    pub(super) entries: Vec<Entry<'p>>,
    /// From this day on the office calendar says nothing.
    pub(super) missing: Option<CivilDate>,
    /// How many are not among the entries.
    pub(super) left: usize,
}

/// Occurrences of a plan, at most.
const MOST: usize = 4_000;
/// Occurrences read of one duty.
const MOST_READ: usize = 20_000;

impl<'p> Plan<'p> {
    /// Of the duties that are wanted, due from the first day to the last.
    ///
    /// # Errors
    /// The tables failed.
    pub(super) fn read(
        look: &Look<'_>,
        pack: &'p Pack,
        (first, last): (CivilDate, CivilDate),
        wanted: impl Fn(&Duty) -> bool,
    ) -> Result<Self, PageError> {
        let mut plan = Self { entries: Vec::new(), missing: None, left: 0 };
        for duty in pack.duties.values().filter(|duty| wanted(duty)) {
            plan.opened(look, duty, first, last)?;
            plan.coming(look, duty, first, last)?;
        }
        plan.entries.sort_by(|a, b| {
            (a.due_on, a.duty.id.as_str(), a.stand, &a.named.text).cmp(&(
                b.due_on,
                b.duty.id.as_str(),
                b.stand,
                &b.named.text,
            ))
        });
        plan.left += plan.entries.len().saturating_sub(MOST);
        plan.entries.truncate(MOST);
        Ok(plan)
    }

    fn opened(
        &mut self,
        look: &Look<'_>,
        duty: &'p Duty,
        first: CivilDate,
        last: CivilDate,
    ) -> Result<(), PageError> {
        let zone = &look.pack.zone;
        let start = TimeOfDay::START;
        let span = zone.moment(first, start)..zone.moment(last.plus_days(1), start);
        let opened = look.sql(|sql| sql.duty_planned(&duty.id, span, MOST_READ))?;
        let seen = look.cx.seen();
        let records: Vec<_> = opened.iter().map(|one| one.record).collect();
        let reader = look.cx.reader()?;
        let readable = look.sql(|sql| store::seen_of(sql, &seen.packs, &seen.layout, &reader, &records))?;
        look.listed(readable.iter().copied());
        let readable: BTreeSet<_> = readable.into_iter().collect();
        let now = look.cx.now();
        for one in opened.into_iter().filter(|one| readable.contains(&one.record)) {
            let stand = match one.done_at {
                Some(at) if at <= one.due => Stand::Done,
                Some(_) => Stand::DoneLate,
                None if one.due < now => Stand::Late,
                None => Stand::Open,
            };
            let named = look.record(one.record);
            self.entries.push(Entry { duty, due_on: one.due_on, due: one.due, stand, named });
        }
        Ok(())
    }

    /// What the series that run will owe; what was opened of them already is not told twice.
    fn coming(
        &mut self,
        look: &Look<'_>,
        duty: &'p Duty,
        first: CivilDate,
        last: CivilDate,
    ) -> Result<(), PageError> {
        let pack = look.pack;
        let today = pack.zone.date(look.cx.now());
        if last < today {
            return Ok(());
        }
        let series = look.sql(|sql| sql.duty_series(&duty.id))?;
        // A day may be moved by days off, so that a little more is looked at on both sides.
        let (from, until) = (first.max(today).plus_days(-MOVED), last.plus_days(MOVED));
        let days = match duty.repeat.between(from, until, &pack.calendar) {
            Ok(days) => days,
            Err(missing) => {
                let earlier = self.missing.is_none_or(|known| missing.day < known);
                if earlier && missing.day <= last {
                    self.missing = Some(missing.day);
                }
                let known = missing.day.plus_days(-1);
                if known < from {
                    return Ok(());
                }
                // As far as the calendar goes. What is asked of beyond it is told as missing.
                duty.repeat.between(from, known, &pack.calendar).unwrap_or_default()
            }
        };
        let days: Vec<_> = days.into_iter().filter(|day| (first..=last).contains(&day.due)).collect();
        for (object, opened) in series {
            let Some(named) = visible(look, &object)? else { continue };
            for day in days.iter().filter(|day| day.nominal > opened) {
                let due = pack.zone.moment(day.due, duty.due.unwrap_or(pack.day_ends));
                let entry = Entry { duty, due_on: day.due, due, stand: Stand::Coming, named: named.clone() };
                self.entries.push(entry);
            }
        }
        Ok(())
    }
}

/// How far a day off moves a duty, at most.
const MOVED: i64 = 15;

/// What a duty is owed for, where they may see it.
fn visible(look: &Look<'_>, object: &Object) -> Result<Option<Named>, PageError> {
    match object {
        Object::Record(one) => {
            let focused = match &look.cx.reader()?.focus {
                Some(focus) => look.case(one.record).is_some_and(|case| focus.contains(&case.unit)),
                None => true,
            };
            Ok((focused && look.sees(one.record)).then(|| look.record(one.record)))
        }
        Object::Unit(unit) => Ok(of_unit(look, *unit)?.then(|| Named::plain(look.cx.unit_name(*unit)))),
    }
}

/// Does a role of theirs, or they themselves, belong to the unit or above it?
fn of_unit(look: &Look<'_>, unit: UnitId) -> Result<bool, PageError> {
    let reader = look.cx.reader()?;
    if reader.focus.as_ref().is_some_and(|focus| !focus.contains(&unit)) {
        return Ok(false);
    }
    let state = look.roster.state;
    let home = state.person(look.cx.person()).is_some_and(|person| person.home == unit);
    let above = || state.above(unit).chain([unit]).any(|one| reader.subtree.contains(&one));
    let whole_city = || reader.seats.iter().any(|(_, seat)| seat.is_none());
    Ok(home || reader.own.contains(&unit) || above() || whole_city())
}
