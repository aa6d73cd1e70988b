//! What is due: commands the system gives itself as time goes on.
//!
//! Invariant: each point of a clock and each occurrence of a duty is asked for until its event is there, so that
//! what an outage missed comes once, marked late, and nothing comes twice. A series has no year's end.

use crate::around::Around;
use crate::case::{Case, DutyKey, Object, Occurrence, Point};
use crate::command::Command;
use crate::view::View;
use crate::{Refusal, Seek};
use model::{CivilDate, Instant};
use regulation::{CalendarMissing, Duty, DutyEach};

/// The points of a case's clocks that have come, earliest first. The system has been up since `up_since`.
#[must_use]
pub fn clocks_due(case: &Case, now: Instant, up_since: Instant) -> Vec<Command> {
    let mut due: Vec<(Point, &regulation::ClockId)> = case
        .clocks
        .iter()
        .flat_map(|(clock, running)| running.points.iter().map(move |point| (*point, clock)))
        .filter(|(point, _)| point.at <= now)
        .collect();
    due.sort_by_key(|(point, clock)| (point.at, (*clock).clone(), point.index));
    let tick = |(point, clock): (Point, &regulation::ClockId)| Command::Tick {
        record: case.record,
        clock: clock.clone(),
        point: point.index,
        late_by_outage: point.at < up_since,
    };
    due.into_iter().map(tick).collect()
}

/// The points of an open occurrence that have come, earliest first.
#[must_use]
pub fn duties_chased(
    key: &DutyKey,
    occurrence: &Occurrence,
    now: Instant,
    up_since: Instant,
) -> Vec<Command> {
    let mut points: Vec<Point> = occurrence.points.iter().copied().filter(|point| point.at <= now).collect();
    points.sort_by_key(|point| (point.at, point.index));
    let chase = |point: Point| Command::Chase {
        key: key.clone(),
        point: point.index,
        late_by_outage: point.at < up_since,
    };
    points.into_iter().map(chase).collect()
}

/// What is to be done about duties by now: series that begin or rest, occurrences that are to be opened. `started` is
/// the first day duties are owed here; an object owes nothing from before the duty was first owed for it, nor from
/// while it rested. A day past the calendar gives `CalendarMissing` once.
///
/// # Errors
/// A condition on the duty's object has no answer.
pub fn duties_due(around: Around<'_>, started: CivilDate) -> Result<Vec<Command>, Refusal> {
    let mut commands = Vec::new();
    for duty in around.shelf.current().duties.values() {
        for object in candidates(around, duty) {
            let series = around.records.series(&duty.id, &object);
            let last = series.as_ref().and_then(|series| series.last);
            match (is_owed(around, duty, &object)?, last) {
                (true, Some(last)) => commands.extend(owed(around, duty, &object, last)),
                (true, None) => commands.push(Command::BeginDuty {
                    duty: duty.id.clone(),
                    object,
                    from: first_day(around, duty).max(started),
                }),
                (false, Some(_)) => commands.push(Command::RestDuty { duty: duty.id.clone(), object }),
                (false, None) => {}
            }
        }
    }
    Ok(commands)
}

/// Today, while its hour has not passed.
fn first_day(around: Around<'_>, duty: &Duty) -> CivilDate {
    let rules = around.shelf.current();
    let today = rules.zone.date(around.now);
    let over = rules.zone.moment(today, duty.due.unwrap_or(rules.day_ends)) <= around.now;
    if over { today.plus_days(1) } else { today }
}

fn owed(around: Around<'_>, duty: &Duty, object: &Object, last: CivilDate) -> Vec<Command> {
    let series = around.records.series(&duty.id, object);
    let missing = series.and_then(|series| series.missing);
    // It was said that the calendar ends; until it goes on there is nothing to do.
    if missing.is_some_and(|day| around.shelf.current().calendar.day(day).is_err()) {
        return Vec::new();
    }
    let mut commands = Vec::new();
    let walked = days_owed(around, duty, last, &mut |nominal| {
        let key = DutyKey { duty: duty.id.clone(), object: object.clone(), nominal };
        // A series that began anew may find an occurrence that was opened before it rested.
        if around.records.occurrence(&key).is_none() {
            commands.push(Command::Owe { key });
        }
    });
    // First what can be opened is: it may come to the end of the calendar before.
    if let Err(CalendarMissing { day }) = walked
        && commands.is_empty()
    {
        commands.push(Command::CalendarMissing { duty: duty.id.clone(), object: object.clone(), day });
    }
    commands
}

/// Nominal days after `last` whose records are to be open by now.
fn days_owed(
    around: Around<'_>,
    duty: &Duty,
    mut last: CivilDate,
    visit: &mut dyn FnMut(CivilDate),
) -> Result<(), CalendarMissing> {
    let rules = around.shelf.current();
    let today = rules.zone.date(around.now);
    // A series that begins later is not walked day by day until then.
    last = last.max(duty.repeat.from().plus_days(-1));
    while let Some(next) = duty.repeat.next(last, rules.calendar)? {
        if duty.opens.day_before(next.due, regulation::Roll::Keep, rules.calendar)? > today {
            break;
        }
        visit(next.nominal);
        last = next.nominal;
    }
    Ok(())
}

/// What a duty may be owed for.
fn candidates(around: Around<'_>, duty: &Duty) -> Vec<Object> {
    match &duty.each {
        DutyEach::Unit => around.directory.units().into_iter().map(Object::Unit).collect(),
        DutyEach::Record(register) => {
            let seek = Seek { register: register.clone(), equal: Vec::new(), states: Vec::new(), but: None };
            around.records.find(&seek).into_iter().map(Object::Record).collect()
        }
    }
}

/// Is the duty owed for the object, as things stand?
pub(crate) fn is_owed(around: Around<'_>, duty: &Duty, object: &Object) -> Result<bool, Refusal> {
    let rules = around.shelf.current();
    let view = View {
        shelf: around.shelf,
        rules,
        records: around.records,
        directory: around.directory,
        now: around.now,
        case: None,
        old: None,
        actor: None,
        reason: None,
        target: None,
        each: None,
        object: Some((object, rules.zone.date(around.now))),
    };
    Ok(view.applies(&duty.only)?)
}
