//! What the system knows by itself, judged by the conditions of checks.
//!
//! Alarms, outlets, people and what firewalls answered are read from the tables. What only a running machine knows (rules at work, senders heard,
//! sensors, witnesses) is asked of [`Machines`], which the binary implements; without it nothing is known, and nothing
//! that is not known is met.

use crate::read::Reading;
use crate::reason;
use crate::scan::{Job, value};
use crate::tally::{Judged, Mark};
use casework::Directory as _;
use identity::Roster;
use model::{Instant, PersonId, RecordId, Told, UnitId};
use regulation::{
    Calendar, CheckEvidence, Decimal, EvalError, GradeId, Machine, Member, Name, Pack, Population, Reference,
    RoleId, Scope, Value, Zone,
};
use std::collections::BTreeMap;
use std::time::Duration;
use store::{AlarmRow, OutletRow, ResponseMissing, ResponseRow, StoreError};

/// One of what the system knows: an alarm, an outlet, a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fact {
    /// When it came about, of what does.
    pub at: Option<Instant>,
    /// The record that stands for it.
    pub record: Option<RecordId>,
    /// The unit it belongs to; none counts for all together alone.
    pub unit: Option<UnitId>,
    /// What is known of it, by the names of [`regulation::MACHINES`]. What is not here is not known.
    pub values: BTreeMap<&'static str, Value>,
}

/// What only the running machine knows.
pub trait Machines: Send + Sync {
    /// Everything it knows of this at this moment.
    ///
    /// # Errors
    /// It is not known now, told.
    fn facts(&self, machine: &Machine, now: Instant) -> Result<Vec<Fact>, Told>;
}

/// The six ways by which alarms are told (clause 27.2.2).
const WAYS: [&str; 6] = ["console", "file", "mail", "program", "snmp", "terminals"];
/// Alarms read at a time.
const PAGE: usize = 500;
/// Alarms looked at in one evaluation; beyond them the check says that it cannot be reckoned.
const MOST_ALARMS: usize = 200_000;

/// The hook by which a case asks for an act against an intruder.
const RESPOND: &str = "respond";
/// How long an act that was asked for may be on its way: from then on it counts as not done.
const ON_ITS_WAY: Duration = Duration::from_secs(60);
/// Acts against intruders looked at in one evaluation; the same.
const MOST_RESPONSES: usize = 50_000;

/// Where facts are had from, and what conditions may ask of beside them.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) machines: Option<&'a dyn Machines>,
    pub(crate) roster: &'a Roster<'a>,
    pub(crate) pack: &'a Pack,
    pub(crate) now: Instant,
}

/// Judges what the system knows for a check.
pub(crate) fn judge(reading: &Reading<'_>, job: &mut Job<'_>, known: Known<'_>) -> Result<(), StoreError> {
    let Population::Machine { machine, only, .. } = &job.check.population else { return Ok(()) };
    let facts = match machine.name {
        "alarm" => reading.ask(|sql, _| alarms(sql, job.since))?,
        "outlet" => Ok(outlets(&reading.ask(|sql, _| sql.outlets())?)),
        "person" => Ok(people(known)),
        "response" => reading.ask(|sql, _| responses(sql, job.since, known.now))?,
        _ => match known.machines {
            Some(machines) => machines.facts(machine, known.now),
            None => Err(reason::not_running()),
        },
    };
    let facts = match facts {
        Ok(facts) => facts,
        Err(why) => {
            job.fail(why);
            return Ok(());
        }
    };
    for fact in facts {
        let scope = About { fact: &fact, known };
        let judged = in_population(only.as_ref(), &scope, fact.at, job.since)
            .and_then(|inside| inside.then(|| mark(&job.check.evidence, &scope)).transpose());
        match judged {
            Ok(Some(mark)) => {
                let judged = Judged { unit: fact.unit, at: fact.at.unwrap_or(known.now), mark };
                job.facts.push((fact.record, judged));
            }
            Ok(None) => {}
            Err(why) => {
                job.fail(why);
                return Ok(());
            }
        }
    }
    Ok(())
}

fn in_population(
    only: Option<&regulation::Condition>,
    scope: &About<'_>,
    at: Option<Instant>,
    since: Option<Instant>,
) -> Result<bool, Told> {
    if since.is_some_and(|since| at.is_none_or(|at| at < since)) {
        return Ok(false);
    }
    match only {
        None => Ok(true),
        Some(only) => Ok(value(only, scope, false)? == Some(Value::Truth(true))),
    }
}

fn mark(evidence: &CheckEvidence, scope: &About<'_>) -> Result<Mark, Told> {
    Ok(match evidence {
        CheckEvidence::Share(condition) => {
            if value(condition, scope, false)? == Some(Value::Truth(true)) {
                Mark::Good
            } else {
                Mark::Bad
            }
        }
        CheckEvidence::Newest(condition) => Mark::of_day(value(condition, scope, false)?, scope.zone()),
        CheckEvidence::Measure { value: condition, .. } => {
            Mark::of_number(value(condition, scope, false)?).ok_or_else(reason::too_many)?
        }
        // The pack has none of these over what the system knows.
        CheckEvidence::Engine | CheckEvidence::NoneOpen | CheckEvidence::OnTime => Mark::Bad,
    })
}

fn alarms(sql: &mut store::Sql, since: Option<Instant>) -> Result<Result<Vec<Fact>, Told>, StoreError> {
    let (mut facts, mut behind, mut read) = (Vec::new(), 0, 0);
    loop {
        let rows = sql.alarms_raised(behind, PAGE)?;
        let Some(last) = rows.last() else { return Ok(Ok(facts)) };
        behind = last.entry;
        read += rows.len();
        if read > MOST_ALARMS {
            return Ok(Err(reason::too_many()));
        }
        facts.extend(rows.iter().filter(|row| since.is_none_or(|since| row.at >= since)).map(alarm));
    }
}

fn alarm(row: &AlarmRow) -> Fact {
    let mut values = BTreeMap::from([
        ("rule", Value::text(&row.name.rule)),
        ("severity", whole(row.severity as i64)),
        ("raised_at", Value::Moment(row.at)),
        ("has_case", Value::Truth(row.record.is_some())),
    ]);
    values.extend(row.owner.as_ref().map(|owner| ("acknowledged_at", Value::Moment(owner.since))));
    values.extend(row.resolved_at.map(|at| ("resolved_at", Value::Moment(at))));
    Fact { at: Some(row.at), values, ..Fact::default() }
}

fn responses(
    sql: &mut store::Sql,
    since: Option<Instant>,
    now: Instant,
) -> Result<Result<Vec<Fact>, Told>, StoreError> {
    let (mut facts, mut behind, mut read) = (Vec::new(), 0, 0);
    loop {
        let rows = sql.responses_behind(behind, PAGE)?;
        let Some(last) = rows.last() else { break };
        behind = last.entry;
        read += rows.len();
        if read > MOST_RESPONSES {
            return Ok(Err(reason::too_many()));
        }
        facts.extend(rows.iter().filter(|row| since.is_none_or(|since| row.at >= since)).map(response));
    }
    behind = 0;
    let asked_by = now.minus(ON_ITS_WAY);
    loop {
        let rows = sql.responses_missing(RESPOND, asked_by, behind, PAGE)?;
        let Some(last) = rows.last() else { return Ok(Ok(facts)) };
        behind = last.entry;
        read += rows.len();
        if read > MOST_RESPONSES {
            return Ok(Err(reason::too_many()));
        }
        facts.extend(rows.iter().filter(|row| since.is_none_or(|since| row.at >= since)).map(unanswered));
    }
}

fn unanswered(row: &ResponseMissing) -> Fact {
    let mut values = BTreeMap::from([
        ("done", Value::Truth(false)),
        ("in_force", Value::Truth(false)),
        ("protected", Value::Truth(false)),
    ]);
    values.extend(row.what.as_deref().map(|what| ("what", Value::text(what))));
    Fact { at: Some(row.at), record: Some(row.record), values, ..Fact::default() }
}

fn response(row: &ResponseRow) -> Fact {
    let effect = row.answer.effect.as_ref();
    let mut values = BTreeMap::from([
        ("firewall", Value::text(&row.answer.firewall)),
        ("done", Value::Truth(row.done)),
        ("in_force", Value::Truth(effect.and_then(|effect| effect.seen) == Some(true))),
        ("protected", Value::Truth(row.answer.protected)),
        ("answered_at", Value::Moment(row.at)),
    ]);
    values.extend(row.answer.what.as_deref().map(|what| ("what", Value::text(what))));
    let seconds = effect.and_then(|effect| effect.ms).and_then(|ms| i64::try_from(ms.div_ceil(1_000)).ok());
    values.extend(seconds.map(|seconds| ("seconds", whole(seconds))));
    Fact { at: Some(row.at), record: Some(row.answer.record), values, ..Fact::default() }
}

/// Each of the six ways, by the best outlet of it that is set.
fn outlets(rows: &[OutletRow]) -> Vec<Fact> {
    let fact = |way: &&'static str| {
        let of_way = || rows.iter().filter(|row| row.set.way == *way);
        let tested =
            of_way().filter_map(|row| row.test.as_ref().filter(|test| test.done)).map(|test| test.at);
        let works = of_way().any(|row| {
            let answers = [row.last.as_ref(), row.test.as_ref()].into_iter().flatten();
            answers.max_by_key(|answer| answer.entry).is_some_and(|answer| answer.done)
        });
        let mut values = BTreeMap::from([
            ("way", Value::text(way)),
            ("is_set", Value::Truth(of_way().next().is_some())),
            ("works", Value::Truth(works)),
        ]);
        values.extend(tested.max().map(|at| ("tested_at", Value::Moment(at))));
        Fact { values, ..Fact::default() }
    };
    WAYS.iter().map(fact).collect()
}

fn people(known: Known<'_>) -> Vec<Fact> {
    let here = known.roster.state.people().filter(|person| person.here());
    let fact = |person: &identity::Person| {
        let roles = known.roster.held(person.id).map(|(role, _)| Value::text(role.as_str())).collect();
        let values = BTreeMap::from([
            ("roles", Value::List(roles)),
            ("has_passkey", Value::Truth(person.keys.iter().any(|key| key.revoked_at.is_none()))),
        ]);
        Fact { unit: Some(person.home), values, ..Fact::default() }
    };
    here.map(fact).collect()
}

fn whole(number: i64) -> Value {
    Value::Number(Decimal::from_millionths(number.saturating_mul(1_000_000)))
}

/// What a condition sees of a fact.
struct About<'a> {
    fact: &'a Fact,
    known: Known<'a>,
}

impl Scope for About<'_> {
    fn name(&self, name: &Name) -> Result<Option<Value>, EvalError> {
        Ok(match name {
            Name::Field(field) => self.fact.values.get(field.as_str()).cloned(),
            Name::Now => Some(Value::Moment(self.known.now)),
            Name::Today => Some(Value::Date(self.zone().date(self.known.now))),
            _ => None,
        })
    }

    // The pack's reader gives conditions about facts no references.
    fn part(&self, of: &Reference, _: &Member) -> Result<Option<Value>, EvalError> {
        Err(EvalError::Unreadable(of.record.to_string()))
    }

    fn superior(&self, unit: UnitId) -> Option<UnitId> {
        self.known.roster.superior(unit)
    }

    fn within(&self, unit: UnitId, above: UnitId) -> bool {
        self.known.roster.within(unit, above)
    }

    fn holds(&self, person: PersonId, role: &RoleId, unit: UnitId) -> bool {
        self.known.roster.holds(person, role, unit)
    }

    fn height(&self, grade: &GradeId) -> Option<usize> {
        self.known.roster.height(grade)
    }

    fn calendar(&self) -> &Calendar {
        &self.known.pack.calendar
    }

    fn zone(&self) -> &Zone {
        &self.known.pack.zone
    }
}
