//! How clauses stand: the board, and a clause with its checks, their figures as they were recorded, and what is to be
//! looked after. For tokens with the right `clauses`.
//!
//! Records are named as far as the token reads them; of the others stands how many there are.

use super::shape::Text;
use super::unfit;
use super::within::{Within, WithinUnit};
use crate::clauses::{
    BoardAsked, Day, OnBoard, Owed, Standing, Stands, below, exempted, found, owed, recorded, serving,
    to_look_after,
};
use crate::error::{PageError, PageResult};
use crate::given;
use crate::look::Look;
use crate::query::Query;
use axum::extract::Path;
use axum::http::StatusCode;
use model::{RecordId, UnitId};
use regulation::{Check, Clause, Duty};
use serde::Serialize;
use store::{Evaluation, Figure};
use utoipa::ToSchema;

/// A clause on the board.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClauseShape {
    /// Its id.
    #[schema(example = "3.10.1")]
    id: String,
    /// Its place in the regulation, as cited.
    article: String,
    /// Its name.
    title: Text,
    /// What it asks, in our words.
    summary: Text,
    /// How it stands: `not-met`, `not-computed`, `stale`, `nobody`, `figure`, `met`, `exempt`.
    state: &'static str,
    /// How many of its checks are met, or do not apply.
    met: usize,
    /// Its checks.
    checks: Vec<StandsShape>,
    /// Why nothing is computed for it.
    why: Option<Text>,
}

/// How a check stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StandsShape {
    /// Its id, within the clause.
    id: String,
    /// Its name.
    label: Text,
    /// How it stands; as for clauses.
    state: &'static str,
    /// What was recorded last.
    recorded: Option<EvaluationShape>,
}

/// An evaluation, as an entry recorded it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EvaluationShape {
    /// The entry.
    entry: String,
    /// Its time.
    at: String,
    /// The version of the pack.
    pack: u32,
    /// How many entries of the ledger it rests on.
    size: String,
    /// The month it closes, by its first day.
    month: Option<String>,
    /// How many should be so.
    population: u32,
    /// How many are.
    good: u32,
    /// The figure: per cent, days, a number; a text.
    value: Option<String>,
    /// Why there is none.
    why: Option<Text>,
    /// The day of the oldest evidence.
    oldest: Option<String>,
}

/// A clause as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClauseWhole {
    /// As on the board.
    #[serde(flatten)]
    clause: ClauseShape,
    /// Laws in force today and standards that correspond to it.
    crosswalk: Vec<CrosswalkShape>,
    /// Its checks, each with its curve.
    whole: Vec<CheckShape>,
    /// Registers that serve it.
    registers: Vec<String>,
    /// Duties that serve it.
    duties: Vec<DutyShape>,
    /// Records that state that it does not apply.
    exemptions: Vec<String>,
}

/// What is in force today and asks the same as a clause.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CrosswalkShape {
    /// `law` or `standard`.
    kind: &'static str,
    /// The place in it, with its short title.
    text: Text,
    /// Where that was looked up; none: it is to be confirmed.
    source: Option<Text>,
}

impl CrosswalkShape {
    fn of(one: &regulation::Crosswalk) -> Self {
        let kind = match one.kind {
            regulation::CrosswalkKind::Law => "law",
            regulation::CrosswalkKind::Standard => "standard",
        };
        Self { kind, text: (&one.text).into(), source: one.source.as_ref().map(Into::into) }
    }
}

/// A check with what was recorded of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckShape {
    /// Its id.
    id: String,
    /// What is good enough: per cent, days, a number; a text.
    goal: Option<String>,
    /// When it was evaluated last, whether or not anything differed.
    evaluated_at: Option<String>,
    /// Everything that was recorded, in order; the last ones.
    curve: Vec<EvaluationShape>,
    /// Records to be looked after, the first ones.
    failing: Vec<String>,
    /// How many there are beside.
    others: usize,
    /// How the units directly below the one looked at stand.
    units: Vec<UnitStandsShape>,
}

/// How a unit stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnitStandsShape {
    /// The unit.
    unit: String,
    /// How it stands.
    state: &'static str,
    /// What was recorded last.
    recorded: Option<EvaluationShape>,
}

/// A duty with what is open of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DutyShape {
    /// Its id.
    id: String,
    /// Its name.
    label: Text,
    /// The first occurrences that are open.
    open: Vec<OwedShape>,
    /// How many are open beside.
    more: u64,
}

/// An occurrence of a duty that is open.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OwedShape {
    /// The record that is to prove it.
    record: String,
    /// When it is due.
    due: String,
}

/// The clauses with how they stand, filtered as their page is.
#[utoipa::path(get, path = "/api/v1/clauses", tag = "clauses",
    params(WithinUnit,
        ("q" = Option<String>, Query, description = "number, or words of name, summary or checks"),
        ("article" = Option<String>, Query, description = "the number before the first dot"),
        ("state" = Option<Vec<String>>, Query, description = "states, any of them"),
        ("on" = Option<String>, Query, description = "as it was recorded by the end of a past day")),
    responses((status = 200, body = [ClauseShape])))]
pub(super) async fn board(Within(cx): Within, query: Query) -> PageResult {
    cx.run(move |cx| {
        let asked = BoardAsked::read(cx, query)?;
        past(&asked.day)?;
        let clauses = cx.look(|look| {
            let found = found(look, &asked)?;
            Ok(found.iter().filter(|one| asked.wants(one.state())).map(shape).collect::<Vec<_>>())
        })?;
        given::json(StatusCode::OK, &clauses)
    })
    .await
}

/// A clause: its checks with everything that was recorded of them, its registers, what its duties owe.
#[utoipa::path(get, path = "/api/v1/clauses/{clause}", tag = "clauses",
    params(WithinUnit,
        ("clause" = String, Path, description = "its id"),
        ("on" = Option<String>, Query, description = "as it was recorded by the end of a past day")),
    responses((status = 200, body = ClauseWhole)))]
pub(super) async fn clause(Within(cx): Within, Path(clause): Path<String>, query: Query) -> PageResult {
    cx.run(move |cx| {
        let clause = cx.pack()?.clause(&clause).ok_or(PageError::NotFound)?;
        let day = Day::read(cx, &query)?;
        past(&day)?;
        let whole = cx.look(|look| whole(look, &Standing::read(look, day.until(cx)?, &[clause])?, clause))?;
        given::json(StatusCode::OK, &whole)
    })
    .await
}

/// A page tells of a day that does not read and shows the present; a program is told, and given nothing.
fn past(day: &Day) -> Result<(), PageError> {
    if day.wrong {
        Err(unfit("on", "非已過之日期，例：2026-03-02", "no day such as 2026-03-02, or still to come"))
    } else {
        Ok(())
    }
}

fn whole(look: &Look<'_>, standing: &Standing, clause: &Clause) -> Result<ClauseWhole, PageError> {
    let one = OnBoard::of(look, standing, clause);
    let laws = look.pack.crosswalk.iter().filter(|law| law.clause == clause.id);
    let check = |(check, stands): &(&Check, Stands)| check_shape(look, standing, clause, check, stands);
    let scope = look.cx.scope()?;
    let registers = serving(look, &clause.id).filter(|register| scope.reads(&register.id));
    let duty = |(duty, owed): (&Duty, Owed)| {
        let all = owed.open.len();
        let open = owed.open.into_iter().filter(|(record, _)| look.sees(*record));
        let open = open.map(|(record, due)| OwedShape { record: record.to_string(), due: due.to_string() });
        let open: Vec<_> = open.collect();
        let more = owed.more + (all - open.len()) as u64;
        DutyShape { id: duty.id.to_string(), label: (&duty.label).into(), open, more }
    };
    Ok(ClauseWhole {
        clause: shape(&one),
        crosswalk: laws.map(CrosswalkShape::of).collect(),
        whole: one.checks.iter().map(check).collect::<Result<_, _>>()?,
        registers: registers.map(|register| register.id.to_string()).collect(),
        duties: owed(look, &clause.id)?.into_iter().map(duty).collect(),
        exemptions: texts(look, &exempted(look, &clause.id)?),
    })
}

fn shape(one: &OnBoard<'_>) -> ClauseShape {
    let stands = |(check, stands): &(&Check, Stands)| StandsShape {
        id: check.id.to_string(),
        label: (&check.label).into(),
        state: stands.state.word(),
        recorded: stands.evaluation.as_ref().map(evaluation),
    };
    ClauseShape {
        id: one.clause.id.to_string(),
        article: one.clause.article.to_string(),
        title: (&one.clause.title).into(),
        summary: (&one.clause.summary).into(),
        state: one.state().word(),
        met: one.met(),
        checks: one.checks.iter().map(stands).collect(),
        why: one.clause.not_live.as_ref().map(Into::into),
    }
}

fn check_shape(
    look: &Look<'_>,
    standing: &Standing,
    clause: &Clause,
    check: &Check,
    stands: &Stands,
) -> Result<CheckShape, PageError> {
    let (records, others) = match &stands.last {
        Some(last) => to_look_after(look, &last.failing)?,
        None => (Vec::new(), 0),
    };
    let failing = texts(look, &records);
    let unit = |(unit, stands): (UnitId, Stands)| UnitStandsShape {
        unit: unit.to_string(),
        state: stands.state.word(),
        recorded: stands.evaluation.as_ref().map(evaluation),
    };
    Ok(CheckShape {
        id: check.id.to_string(),
        goal: check.goal.map(|goal| goal.to_string()),
        evaluated_at: stands.last.as_ref().map(|last| last.evaluated_at.to_string()),
        curve: recorded(look, standing, &clause.id, check)?.iter().map(evaluation).collect(),
        others: others + records.len() - failing.len(),
        failing,
        units: below(look, standing, &clause.id, check)?.into_iter().map(unit).collect(),
    })
}

fn evaluation(found: &Evaluation) -> EvaluationShape {
    let Figure { good, oldest, population, value, why, .. } = found.figure.clone();
    EvaluationShape {
        entry: found.entry.to_string(),
        at: found.at.to_string(),
        pack: found.pack,
        size: found.size.to_string(),
        month: found.month.map(|month| month.to_string()),
        population,
        good,
        value: value.map(|value| value.to_string()),
        why: why.map(Into::into),
        oldest: oldest.map(|day| day.to_string()),
    }
}

/// Those of some records that the token reads.
fn texts(look: &Look<'_>, records: &[RecordId]) -> Vec<String> {
    records.iter().filter(|record| look.sees(**record)).map(ToString::to_string).collect()
}
