//! What is due: commands the system gives itself as time goes on.
//!
//! Invariant: each point of a clock and each occurrence of a duty is asked for until its event is there, so that
//! what an outage missed comes once, marked late, and nothing comes twice. A series has no year's end.

use crate::around::Around;
use crate::case::{Case, DutyKey, Object, Occurrence, Point};
use crate::command::Command;
use crate::view::View;
use crate::{Reference, Refusal, Seek};
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

/// Occurrences of every duty that are to be opened by now. `started` is the first day duties are owed here; an
/// object owes nothing from before it was recorded. A day past the calendar gives `CalendarMissing` once.
///
/// # Errors
/// A condition on the duty's object has no answer.
pub fn duties_due(around: Around<'_>, started: CivilDate) -> Result<Vec<Command>, Refusal> {
    let mut commands = Vec::new();
    let rules = around.shelf.current();
    for duty in rules.duties.values() {
        for (object, since) in objects(around, duty)? {
            let since = since.map_or(started, |since| rules.zone.date(since).max(started));
            commands.extend(owed(around, duty, &object, since));
        }
    }
    Ok(commands)
}

fn owed(around: Around<'_>, duty: &Duty, object: &Object, since: CivilDate) -> Vec<Command> {
    let series = around.records.series(&duty.id, object);
    let last = series.as_ref().and_then(|series| series.last);
    let mut commands = Vec::new();
    match days_owed(around, duty, last.unwrap_or_else(|| since.plus_days(-1)), &mut |nominal| {
        let key = DutyKey { duty: duty.id.clone(), object: object.clone(), nominal };
        commands.push(Command::Owe { key });
    }) {
        Err(CalendarMissing { day }) if series.and_then(|series| series.missing) != Some(day) => {
            commands.push(Command::CalendarMissing { duty: duty.id.clone(), object: object.clone(), day });
        }
        _ => {}
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

/// What a duty is owed for, each with the moment it was recorded.
fn objects(around: Around<'_>, duty: &Duty) -> Result<Vec<(Object, Option<Instant>)>, Refusal> {
    let candidates = match &duty.each {
        DutyEach::Unit => around.directory.units().into_iter().map(Object::Unit).collect::<Vec<_>>(),
        DutyEach::Record(register) => {
            let seek = Seek { register: register.clone(), equal: Vec::new(), states: Vec::new(), but: None };
            around.records.find(&seek).into_iter().map(Object::Record).collect()
        }
    };
    let rules = around.shelf.current();
    let today = rules.zone.date(around.now);
    let mut owing = Vec::new();
    for object in candidates {
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
            object: Some((&object, today)),
        };
        if view.applies(&duty.only)? {
            let since = opened(around, &object);
            owing.push((object, since));
        }
    }
    Ok(owing)
}

fn opened(around: Around<'_>, object: &Object) -> Option<Instant> {
    match object {
        Object::Record(Reference { record, .. }) => around.records.case(*record).map(|case| case.opened_at),
        Object::Unit(_) => None,
    }
}
