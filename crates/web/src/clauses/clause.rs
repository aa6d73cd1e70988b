//! The page of a clause: our summary, its checks with figure and curve, registers, duties, statements, law in force.

use super::check::CheckView;
use super::stand::{Standing, State};
use super::{Day, OnBoard, words};
use crate::component::Notice;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, clause_path, crosswalk_source, register_path};
use crate::query::Query;
use crate::shell::{Area, Link, Section, Shell};
use askama::Template;
use axum::extract::Path;
use model::{Instant, RecordId};
use regulation::{Clause, ClauseId, Duty, Register};

#[derive(Template)]
#[template(path = "clauses/clause.html")]
struct ClausePage<'a> {
    cx: &'a Cx,
    shell: Shell,
    id: String,
    path: String,
    article: String,
    title: String,
    summary: String,
    state: State,
    day: Day,
    wrong: Option<Notice<'a>>,
    why: Option<String>,
    laws: Vec<LawView>,
    checks: Vec<CheckView>,
    registers: Vec<RegisterView>,
    duties: Vec<DutyView>,
    statements: Vec<Named>,
}

/// A register that serves the clause.
struct RegisterView {
    label: String,
    href: String,
    total: u64,
    running: u64,
}

/// What is in force today and asks the same.
struct LawView {
    /// Which sort of text it is.
    kind: &'static str,
    text: String,
    source: String,
    /// Is it without a source?
    unsure: bool,
}

impl LawView {
    fn of(cx: &Cx, one: &regulation::Crosswalk) -> Self {
        Self {
            kind: match one.kind {
                regulation::CrosswalkKind::Law => cx.t("現行法規", "Law in force"),
                regulation::CrosswalkKind::Standard => cx.t("標準", "Standard"),
            },
            text: cx.label(&one.text).to_owned(),
            source: crosswalk_source(cx, one),
            unsure: one.source.is_none(),
        }
    }
}

/// A duty that serves the clause.
struct DutyView {
    label: String,
    help: String,
    /// Open occurrences whose record they may read: the record and when it is due.
    open: Vec<(Named, String, bool)>,
    /// How many more there are.
    more: u64,
}

/// Most open occurrences shown of a duty.
const MOST_OPEN: usize = 10;
/// Most that are asked for to find them.
const MOST_OWED: usize = 500;

pub(super) async fn page(cx: Cx, Path(clause): Path<String>, query: Query) -> PageResult {
    cx.run(move |cx| {
        let pack = cx.pack()?;
        let clause = pack.clause(&clause).ok_or(PageError::NotFound)?;
        let day = Day::read(cx, &query)?;
        let page = cx.look(|look| made(cx, look, clause, day))?;
        cx.render(&page)
    })
    .await
}

fn made<'a>(cx: &'a Cx, look: &Look<'_>, clause: &Clause, day: Day) -> Result<ClausePage<'a>, PageError> {
    let standing = Standing::read(look, day.until(cx)?, &[clause])?;
    let one = OnBoard::of(look, &standing, clause);
    let view = |(check, stands): &(_, _)| CheckView::of(look, &standing, &clause.id, (*check, stands));
    let checks = one.checks.iter().map(view).collect::<Result<_, _>>()?;
    let title = cx.label(&clause.title).to_owned();
    let heading = format!("{} {title}", clause.id);
    let laws = look.pack.crosswalk.iter().filter(|one| one.clause == clause.id);
    Ok(ClausePage {
        cx,
        shell: Shell::new(cx, Some(Area::Clauses), heading).with_second(second(look, &day, &clause.id)),
        id: clause.id.to_string(),
        path: clause_path(&clause.id),
        article: clause.article.to_string(),
        title,
        summary: cx.label(&clause.summary).to_owned(),
        state: one.state(),
        wrong: day.wrong.then(|| super::wrong_day(cx, &day)),
        day,
        why: clause.not_live.as_ref().map(|why| cx.label(why).to_owned()),
        laws: laws.map(|one| LawView::of(cx, one)).collect(),
        checks,
        registers: registers(look, &clause.id)?,
        duties: duties(look, &clause.id)?,
        statements: exempted(look, &clause.id)?.into_iter().map(|record| look.record(record)).collect(),
    })
}

/// The other clauses of the article.
fn second(look: &Look<'_>, day: &Day, current: &ClauseId) -> Vec<Section> {
    let article = |id: &ClauseId| id.as_str().split('.').next().unwrap_or_default().to_owned();
    let same = look.pack.clauses.iter().filter(|clause| article(&clause.id) == article(current));
    let link = |clause: &Clause| Link {
        text: format!("{} {}", clause.id, look.cx.label(&clause.title)),
        href: day.behind(&clause_path(&clause.id)),
        current: clause.id == *current,
    };
    let head =
        words::both(look.cx, &format!("條號 {}", article(current)), &format!("Article {}", article(current)));
    vec![Section { head: Some(head), links: same.map(link).collect() }]
}

fn registers(look: &Look<'_>, clause: &ClauseId) -> Result<Vec<RegisterView>, PageError> {
    let (cx, seen) = (look.cx, look.cx.seen());
    let reader = cx.reader()?;
    let counts = look.sql(|sql| reader.counts(sql, &seen.packs, &seen.layout))?;
    let view = |register: &Register| {
        let (total, running) = counts.get(&register.id).copied().unwrap_or_default();
        RegisterView {
            label: cx.label(&register.label).to_owned(),
            href: register_path(&register.id),
            total,
            running,
        }
    };
    Ok(serving(look, clause).map(view).collect())
}

/// Registers that serve a clause: as a whole, by a field or by a step.
pub(crate) fn serving<'l>(
    look: &'l Look<'_>,
    clause: &'l ClauseId,
) -> impl Iterator<Item = &'l Register> + use<'l> {
    look.pack.registers.values().filter(|register| {
        register.clauses.contains(clause)
            || register.fields.iter().any(|field| field.clauses.contains(clause))
            || register.flow.steps.iter().any(|step| step.clauses.contains(clause))
    })
}

fn duties(look: &Look<'_>, clause: &ClauseId) -> Result<Vec<DutyView>, PageError> {
    let cx = look.cx;
    let view = |(duty, Owed { open, more }): (&Duty, Owed)| DutyView {
        label: cx.label(&duty.label).to_owned(),
        help: duty.help.as_ref().map(|help| cx.label(help).to_owned()).unwrap_or_default(),
        open: open
            .into_iter()
            .map(|(record, due)| (look.record(record), cx.moment(due), due < cx.now()))
            .collect(),
        more,
    };
    Ok(owed(look, clause)?.into_iter().map(view).collect())
}

/// What is open of a duty.
pub(crate) struct Owed {
    /// The first ones whose record they may read, each with when it is due.
    pub(crate) open: Vec<(RecordId, Instant)>,
    /// How many more they may read.
    pub(crate) more: u64,
}

/// Duties that serve a clause, with what is open of each.
///
/// # Errors
/// The tables failed.
pub(crate) fn owed<'l>(look: &'l Look<'_>, clause: &ClauseId) -> Result<Vec<(&'l Duty, Owed)>, PageError> {
    let serving = look.pack.duties.values().filter(|duty| duty.clauses.contains(clause));
    serving.map(|duty| Ok((duty, open_of(look, duty)?))).collect()
}

fn open_of(look: &Look<'_>, duty: &Duty) -> Result<Owed, PageError> {
    let seen = look.cx.seen();
    let owed = look.sql(|sql| sql.duty_open(&duty.id, MOST_OWED))?;
    let records: Vec<_> = owed.iter().map(|one| one.record).collect();
    let reader = look.cx.reader()?;
    let readable = look.sql(|sql| store::seen_of(sql, &seen.packs, &seen.layout, &reader, &records))?;
    look.listed(readable.iter().copied());
    let theirs: Vec<_> = owed.iter().filter(|one| readable.contains(&one.record)).collect();
    let open = theirs.iter().take(MOST_OPEN).map(|one| (one.record, one.due)).collect();
    Ok(Owed { open, more: theirs.len().saturating_sub(MOST_OPEN) as u64 })
}

/// Statements that the clause does not apply, in force, that they may read.
///
/// # Errors
/// The tables failed.
pub(crate) fn exempted(look: &Look<'_>, clause: &ClauseId) -> Result<Vec<RecordId>, PageError> {
    let Some(exemption) = &look.pack.exemption else { return Ok(Vec::new()) };
    let (cx, seen) = (look.cx, look.cx.seen());
    let part = store::CasePart { register: &exemption.register, states: &[], since: None };
    let cases = look.sql(|sql| sql.cases_open(&seen.layout, part, None, MOST_OWED))?;
    let counts = |case: &casework::Case| {
        let Ok(scope) = casework::seen(look.around(), case) else { return false };
        let holds = exemption.holds.holds(&scope).ok().flatten() == Some(true);
        holds
            && matches!(exemption.clause.eval(&scope), Ok(regulation::Value::Text(text)) if text.trim() == clause.as_str())
    };
    let records: Vec<_> =
        cases.iter().filter(|(_, case)| counts(case)).map(|(_, case)| case.record).collect();
    let reader = cx.reader()?;
    let readable = look.sql(|sql| store::seen_of(sql, &seen.packs, &seen.layout, &reader, &records))?;
    look.listed(readable.iter().copied());
    Ok(readable)
}
