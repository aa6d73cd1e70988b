//! A check on the page of its clause: its figure, what it asks in words, its curve, what is to be looked after.

use super::stand::{Standing, Stands, State};
use super::words;
use crate::cx::Cx;
use crate::error::PageError;
use crate::look::Look;
use crate::names::Named;
use crate::roc;
use identity::Unit;
use model::{Instant, RecordId, UnitId};
use regulation::{Check, ClauseId};
use store::Evaluation;

/// A check as its page shows it.
pub(super) struct CheckView {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) state: State,
    /// The figure with its unit; empty where there is none.
    pub(super) figure: String,
    pub(super) goal: Option<String>,
    pub(super) why: Option<String>,
    /// Good ones, of how many.
    pub(super) counted: Option<(u32, u32)>,
    pub(super) population: String,
    pub(super) only: Option<String>,
    pub(super) evidence: &'static str,
    pub(super) condition: Option<String>,
    pub(super) freshness: String,
    pub(super) oldest: Option<String>,
    pub(super) evaluated_at: Option<String>,
    pub(super) recorded: Option<Recorded>,
    pub(super) points: Vec<Point>,
    pub(super) failing: Option<Failing>,
    pub(super) units: Vec<UnitView>,
}

/// What was recorded, and where.
pub(super) struct Recorded {
    pub(super) at: String,
    pub(super) entry: u64,
    pub(super) pack: u32,
    pub(super) size: u64,
}

/// A point of the curve.
pub(super) struct Point {
    pub(super) at: String,
    pub(super) seconds: i64,
    pub(super) figure: String,
    /// As scripts read it; none where there is no figure.
    pub(super) value: Option<String>,
    pub(super) state: State,
    pub(super) counted: (u32, u32),
    pub(super) month: bool,
}

/// What is to be looked after.
pub(super) struct Failing {
    /// Those they may read, the first ones.
    pub(super) records: Vec<Named>,
    /// How many there are beside those, theirs to read or not.
    pub(super) others: usize,
}

/// How a unit below stands.
pub(super) struct UnitView {
    pub(super) name: String,
    pub(super) state: State,
    pub(super) figure: String,
    pub(super) counted: Option<(u32, u32)>,
}

/// Most records shown, and most that are asked for to find them.
const MOST_SHOWN: usize = 20;
const MOST_ASKED: usize = 2_000;
/// Most units shown.
const MOST_UNITS: usize = 60;
/// Most rows of the table beside the curve.
const MOST_ROWS: usize = 400;

impl CheckView {
    pub(super) fn of(
        look: &Look<'_>,
        standing: &Standing,
        clause: &ClauseId,
        (check, stands): (&Check, &Stands),
    ) -> Result<Self, PageError> {
        let cx = look.cx;
        let found = stands.evaluation.as_ref();
        let (evidence, condition) = words::evidence(cx, check);
        let failing = match &stands.last {
            Some(last) => {
                let (records, others) = to_look_after(look, &last.failing)?;
                let records = records.into_iter().map(|record| look.record(record)).collect();
                Some(Failing { records, others })
            }
            None => None,
        };
        Ok(Self {
            id: check.id.to_string(),
            label: cx.label(&check.label).to_owned(),
            state: stands.state,
            // Of nobody there is no figure; the state says so.
            figure: found
                .filter(|found| found.figure.population > 0)
                .map(|found| words::figure(cx, check, &found.figure))
                .unwrap_or_default(),
            goal: words::goal(cx, check),
            why: why(cx, stands.state, found, standing.until),
            counted: found.and_then(counted),
            population: words::population(cx, check)?,
            only: words::only(check),
            evidence,
            condition,
            freshness: roc::limit(cx.language, check.freshness),
            oldest: found.and_then(|found| found.figure.oldest).map(|day| cx.date(day)),
            evaluated_at: stands.last.as_ref().map(|last| cx.moment(last.evaluated_at)),
            recorded: found.map(|found| Recorded {
                at: cx.moment(found.at),
                entry: found.entry,
                pack: found.pack,
                size: found.size,
            }),
            points: recorded(look, standing, clause, check)?
                .into_iter()
                .map(|found| point(cx, check, &found))
                .collect(),
            failing: failing.filter(|failing| failing.others > 0 || !failing.records.is_empty()),
            units: below(look, standing, clause, check)?
                .into_iter()
                .map(|(unit, stands)| unit_view(cx, check, unit, &stands))
                .collect(),
        })
    }
}

fn counted(found: &Evaluation) -> Option<(u32, u32)> {
    (found.figure.population > 0).then_some((found.figure.good, found.figure.population))
}

fn why(cx: &Cx, state: State, found: Option<&Evaluation>, until: Option<Instant>) -> Option<String> {
    match (state, found) {
        (State::NotComputed, Some(found)) => {
            found.figure.why.as_ref().map(|told| cx.language.told(told).to_owned())
        }
        (State::NotComputed, None) if until.is_some() => {
            Some(cx.t("當日尚無檢核紀錄", "Nothing was recorded by that day").to_owned())
        }
        (State::NotComputed, None) => Some(
            cx.t("尚未檢核，將於數分鐘內計算", "Not evaluated yet; it will be within minutes").to_owned(),
        ),
        (State::Stale, _) => Some(
            cx.t(
                "最近一次檢核資料已逾期，下列為當時數值",
                "The last evaluation is too old; the figure is that of then",
            )
            .to_owned(),
        ),
        _ => None,
    }
}

/// What was recorded of a check for the unit looked at, in order, up to the day looked at; the last ones.
///
/// # Errors
/// The tables failed.
pub(crate) fn recorded(
    look: &Look<'_>,
    standing: &Standing,
    clause: &ClauseId,
    check: &Check,
) -> Result<Vec<Evaluation>, PageError> {
    let recorded = look.sql(|sql| sql.evaluations(clause, &check.id, standing.unit, standing.until))?;
    let skip = recorded.len().saturating_sub(MOST_ROWS);
    Ok(recorded.into_iter().skip(skip).collect())
}

fn point(cx: &Cx, check: &Check, found: &Evaluation) -> Point {
    Point {
        at: cx.moment(found.at),
        seconds: found.at.as_seconds(),
        figure: words::figure(cx, check, &found.figure),
        value: found.figure.value.map(|value| value.to_string()),
        state: State::recorded(found.figure.verdict),
        counted: (found.figure.good, found.figure.population),
        month: found.month.is_some(),
    }
}

/// Those they may read within the unit looked at, the first ones; of the others their number.
///
/// # Errors
/// The tables failed.
pub(crate) fn to_look_after(
    look: &Look<'_>,
    failing: &[board::Failing],
) -> Result<(Vec<RecordId>, usize), PageError> {
    let (cx, seen) = (look.cx, look.cx.seen());
    let reader = cx.reader()?;
    let within = |one: &&board::Failing| reader.focus.as_ref().is_none_or(|units| units.contains(&one.unit));
    let within: Vec<RecordId> = failing.iter().filter(within).map(|one| one.record).collect();
    let mut readable = Vec::new();
    // Mostly the first ones are theirs to read.
    for some in within.get(..MOST_ASKED).unwrap_or(&within).chunks(MOST_SHOWN * 2) {
        readable.extend(look.sql(|sql| store::seen_of(sql, &seen.packs, &seen.layout, &reader, some))?);
        if readable.len() >= MOST_SHOWN {
            break;
        }
    }
    look.listed(readable.iter().copied());
    readable.truncate(MOST_SHOWN);
    let others = within.len() - readable.len();
    Ok((readable, others))
}

/// How a check stands for the units directly below the one looked at, or for the topmost ones.
///
/// # Errors
/// The tables failed.
pub(crate) fn below(
    look: &Look<'_>,
    standing: &Standing,
    clause: &ClauseId,
    check: &Check,
) -> Result<Vec<(UnitId, Stands)>, PageError> {
    let state = look.roster.state;
    let above = standing.unit.or_else(|| state.root());
    let below = |unit: &&Unit| unit.superior == above && unit.closed_at.is_none();
    let units = state.units().filter(below).take(MOST_UNITS);
    units.map(|unit| Ok((unit.id, standing.check_of(look, clause, check, Some(unit.id))?))).collect()
}

fn unit_view(cx: &Cx, check: &Check, unit: UnitId, stands: &Stands) -> UnitView {
    let found = stands.evaluation.as_ref();
    UnitView {
        name: cx.unit_name(unit),
        state: stands.state,
        figure: found.map(|found| words::figure(cx, check, &found.figure)).unwrap_or_default(),
        counted: found.and_then(counted),
    }
}
