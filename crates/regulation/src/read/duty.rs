//! Duties, second reading.

use super::context::Context;
use super::effect::{escalations, opening, set};
use super::flow::roll;
use crate::condition::Typing;
use crate::duty::{Duty, DutyEach};
use crate::field::When;
use crate::raw::{Node, Table};
use crate::similar::nearest;
use crate::time::{Calendar, Limit, LimitUnit, RULE_WORDS, Recurrence, Roll};
use crate::value::Type;
use crate::word::DutyId;
use std::collections::BTreeMap;

pub(super) fn duties(
    files: &[Table<'_>],
    calendar: &Calendar,
    context: &Context<'_>,
) -> BTreeMap<DutyId, Duty> {
    let tables = files.iter().flat_map(|file| file.tables("duty"));
    tables.filter_map(|table| duty(table, calendar, context)).map(|duty| (duty.id.clone(), duty)).collect()
}

fn duty(table: Table<'_>, calendar: &Calendar, context: &Context<'_>) -> Option<Duty> {
    let id: DutyId = table.parsed("id")?;
    context.mark(format!("duty/{id}"), table.place_at("id"));
    let repeat = recurrence(table, context);
    if let Some(repeat) = &repeat {
        never_due(table, repeat, calendar, context);
    }
    let each = if table.text("each") == Some("unit") {
        DutyEach::Unit
    } else {
        DutyEach::Record(context.register_at(table, "each")?)
    };
    let object = match &each {
        DutyEach::Unit => Type::Unit,
        DutyEach::Record(register) => Type::Reference(register.clone()),
    };
    let typing = Typing::bare(&context.vocabulary).with_object(object);
    let only = context.when(table, "where", When::Always, &typing);
    if matches!(only, When::Never) {
        context.problem(table.place_of("where"), "此工作不對任何對象發生", "this duty is owed for nothing");
    }
    let register = context.register_at(table, "record")?;
    let step = opening(table.get("record")?, &register, context)?;
    Some(Duty {
        label: context.label(table, "label")?,
        help: context.label(table, "help"),
        clauses: context.clauses(table),
        each,
        only,
        repeat: repeat?,
        opens: table.parsed("opens").unwrap_or(Limit { count: 0, unit: LimitUnit::Days }),
        due: table.parsed("due"),
        set: set(table, "set", &register, &typing, context),
        then: escalations(table, None, &typing, context),
        register,
        step,
        id,
    })
}

fn recurrence(table: Table<'_>, context: &Context<'_>) -> Option<Recurrence> {
    let node = table.get("repeat")?;
    let from = table.get("from").and_then(Node::date)?;
    let roll = roll(table.text("roll"), Roll::Keep);
    match Recurrence::new(node.text()?, from, roll) {
        Ok(repeat) => Some(repeat),
        Err(error) => {
            let suggestion = nearest(&error.word, RULE_WORDS).map(str::to_owned);
            context.problems.add_with(node.place_in(error.at), error.what_zh, error.what, suggestion);
            None
        }
    }
}

/// A series that has no day at all, or none within the calendar that is loaded.
fn never_due(table: Table<'_>, repeat: &Recurrence, calendar: &Calendar, context: &Context<'_>) {
    let Some((first, last)) = calendar.bounds() else { return };
    let before = repeat.from().max(first).plus_days(-1);
    let never = match repeat.next(before, calendar) {
        Ok(found) => found.is_none(),
        // No day up to the end of the calendar. Where that is a year and a period away, none will come later.
        Err(_) => before.plus_days(400 + repeat.cycle_days()) <= last,
    };
    if never {
        let (zh, en) = ("此工作永遠不會到期", "this duty can never be due");
        context.problem(table.place_of("repeat"), zh, en);
    }
}
