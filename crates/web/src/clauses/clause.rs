//! The page of a clause: our summary, its checks with figure and curve, registers, duties, statements, law in force.

use super::Day;
use super::check::CheckView;
use super::stand::{Standing, State};
use super::words;
use crate::component::Notice;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::{Named, clause_path, register_path};
use crate::query::Query;
use crate::shell::{Area, Link, Section, Shell};
use askama::Template;
use axum::extract::{Path, RawQuery};
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
    laws: Vec<String>,
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

pub(super) async fn page(cx: Cx, Path(clause): Path<String>, RawQuery(query): RawQuery) -> PageResult {
    cx.run(move |cx| {
        let pack = cx.pack()?;
        let clause = pack.clause(&clause).ok_or(PageError::NotFound)?;
        let query = Query::parse(query.as_deref().unwrap_or_default().as_bytes());
        let day = Day::read(cx, &query)?;
        let page = cx.look(|look| made(cx, look, clause, day))?;
        cx.render(&page)
    })
    .await
}

fn made<'a>(cx: &'a Cx, look: &Look<'_>, clause: &Clause, day: Day) -> Result<ClausePage<'a>, PageError> {
    let standing = Standing::read(look, day.until(cx)?).on(day.past.map(|day| day.to_string()));
    let checks = clause.checks.iter().map(|check| CheckView::of(look, &standing, &clause.id, check));
    let checks: Vec<CheckView> = checks.collect::<Result<_, _>>()?;
    let states: Vec<State> = checks.iter().map(|check| check.state).collect();
    let title = cx.label(&clause.title).to_owned();
    let heading = format!("{} {title}", clause.id);
    let laws = look.pack.crosswalk.iter().filter(|one| one.clause == clause.id);
    Ok(ClausePage {
        cx,
        shell: Shell::new(cx, Some(Area::Clauses), heading).with_second(second(look, &standing, &clause.id)),
        id: clause.id.to_string(),
        path: clause_path(&clause.id),
        article: clause.article.to_string(),
        title,
        summary: cx.label(&clause.summary).to_owned(),
        state: State::of_clause(&states),
        wrong: day.wrong.then(|| super::wrong_day(cx, &day)),
        day,
        why: clause.not_live.as_ref().map(|why| cx.label(why).to_owned()),
        laws: laws.map(|one| cx.label(&one.law).to_owned()).collect(),
        checks,
        registers: registers(look, &clause.id)?,
        duties: duties(look, &clause.id)?,
        statements: statements(look, &clause.id)?,
    })
}

/// The other clauses of the article.
fn second(look: &Look<'_>, standing: &Standing, current: &ClauseId) -> Vec<Section> {
    let article = |id: &ClauseId| id.as_str().split('.').next().unwrap_or_default().to_owned();
    let same = look.pack.clauses.iter().filter(|clause| article(&clause.id) == article(current));
    let link = |clause: &Clause| Link {
        text: format!("{} {}", clause.id, look.cx.label(&clause.title)),
        href: standing.behind(&clause_path(&clause.id)),
        current: clause.id == *current,
        count: None,
    };
    let head =
        words::both(look.cx, &format!("條號 {}", article(current)), &format!("Article {}", article(current)));
    vec![Section { head: Some(head), links: same.map(link).collect() }]
}

fn registers(look: &Look<'_>, clause: &ClauseId) -> Result<Vec<RegisterView>, PageError> {
    let (cx, seen) = (look.cx, look.cx.seen());
    let reader = cx.reader()?;
    let counts = look.sql(|sql| reader.counts(sql, &seen.packs, &seen.layout))?;
    let serves = |register: &&Register| {
        register.clauses.contains(clause)
            || register.fields.iter().any(|field| field.clauses.contains(clause))
            || register.flow.steps.iter().any(|step| step.clauses.contains(clause))
    };
    let view = |register: &Register| {
        let (total, running) = counts.get(&register.id).copied().unwrap_or_default();
        RegisterView {
            label: cx.label(&register.label).to_owned(),
            href: register_path(&register.id),
            total,
            running,
        }
    };
    Ok(look.pack.registers.values().filter(serves).map(view).collect())
}

fn duties(look: &Look<'_>, clause: &ClauseId) -> Result<Vec<DutyView>, PageError> {
    let serving = look.pack.duties.values().filter(|duty| duty.clauses.contains(clause));
    serving.map(|duty| duty_view(look, duty)).collect()
}

fn duty_view(look: &Look<'_>, duty: &Duty) -> Result<DutyView, PageError> {
    let (cx, seen) = (look.cx, look.cx.seen());
    let owed = look.sql(|sql| sql.duty_open(&duty.id, MOST_OWED))?;
    let records: Vec<_> = owed.iter().map(|one| one.record).collect();
    let reader = cx.reader()?;
    let readable = look.sql(|sql| store::seen_of(sql, &seen.packs, &seen.layout, &reader, &records))?;
    look.listed(readable.iter().copied());
    let theirs: Vec<_> = owed.iter().filter(|one| readable.contains(&one.record)).collect();
    let shown = theirs.iter().take(MOST_OPEN);
    let open = shown.map(|one| (look.record(one.record), cx.moment(one.due), one.due < cx.now()));
    Ok(DutyView {
        label: cx.label(&duty.label).to_owned(),
        help: duty.help.as_ref().map(|help| cx.label(help).to_owned()).unwrap_or_default(),
        open: open.collect(),
        more: theirs.len().saturating_sub(MOST_OPEN) as u64,
    })
}

/// Statements that the clause does not apply, in force, that they may read.
fn statements(look: &Look<'_>, clause: &ClauseId) -> Result<Vec<Named>, PageError> {
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
    Ok(readable.into_iter().map(|record| look.record(record)).collect())
}
