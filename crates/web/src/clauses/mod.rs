//! The clause board: every clause with its state, and the page of each.
//!
//! Figures are those that were recorded; whether they are fresh is asked of the desk. What is not known is never shown as
//! met. Figures are sums and everybody's to see; records are shown only to who may read them.
//! Source: `docs/adr/0016-board.md`; `docs/pack.md`, "Clauses".

mod check;
mod clause;
mod stand;
mod words;

use crate::component::{Notice, Tone, Views};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::clause_path;
use crate::query::Query;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Shell};
use crate::views;
use askama::Template;
use axum::extract::RawQuery;
use axum::routing::get;
use model::{CivilDate, Instant};
use regulation::{Clause, TimeOfDay};
use stand::{Standing, State};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/clauses", Access::Person, Audit::None, || get(index)),
    Route::get("/clauses/{clause}", Access::Person, Audit::None, || get(clause::page)),
];

/// A clause on the board.
struct Row {
    id: String,
    article: String,
    title: String,
    summary: String,
    href: String,
    state: State,
    /// How many of its checks are met, of how many.
    met: (usize, usize),
    /// What stands beside the state: why it is not computed, or its checks.
    checks: Vec<(State, String, String)>,
    why: Option<String>,
}

/// The clauses of one article.
struct Article {
    number: String,
    rows: Vec<Row>,
}

/// A state to narrow the board by.
struct Choice {
    state: State,
    count: usize,
    href: String,
    on: bool,
}

#[derive(Template)]
#[template(path = "clauses/index.html")]
struct BoardPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    asked: Asked,
    wrong: Option<Notice<'a>>,
    views: Views<'a>,
    choices: Vec<Choice>,
    articles: Vec<Article>,
    numbers: Vec<String>,
    total: usize,
    shown: usize,
}

/// What the board is asked for.
struct Asked {
    query: Query,
    text: String,
    article: Option<String>,
    states: Vec<State>,
    day: Day,
}

/// The day figures are shown as of.
pub(crate) struct Day {
    /// What was asked for, as it was typed.
    pub(crate) typed: String,
    /// The past day; none for now.
    pub(crate) past: Option<CivilDate>,
    /// The same as people write it.
    pub(crate) shown: Option<String>,
    /// Was something asked for that is no day, or none that is past?
    pub(crate) wrong: bool,
}

impl Day {
    /// As asked for; what does not read is told and shown as now.
    pub(crate) fn read(cx: &Cx, query: &Query) -> Result<Self, PageError> {
        let typed = query.one("on").unwrap_or_default().trim().to_owned();
        let today = cx.zone()?.date(cx.now());
        let day = crate::roc::read_date(&typed);
        let past = day.filter(|day| *day < today);
        let wrong = !typed.is_empty() && day.is_none_or(|day| day > today);
        Ok(Self { typed, past, shown: past.map(|day| cx.date(day)), wrong })
    }

    /// The end of that day.
    pub(crate) fn until(&self, cx: &Cx) -> Result<Option<Instant>, PageError> {
        let Some(day) = self.past else { return Ok(None) };
        Ok(Some(cx.zone()?.moment(day.plus_days(1), TimeOfDay::from_minutes(0).unwrap_or(TimeOfDay::END))))
    }

    /// As the field of a form wants it.
    pub(crate) fn field(&self) -> String {
        self.past.map(|day| day.to_string()).unwrap_or_default()
    }
}

async fn index(cx: Cx, RawQuery(query): RawQuery) -> PageResult {
    cx.run(move |cx| {
        let query = Query::parse(query.as_deref().unwrap_or_default().as_bytes());
        let asked = Asked::read(cx, query)?;
        let (rows, views) = cx.look(|look| {
            let standing =
                Standing::read(look, asked.day.until(cx)?).on(asked.day.past.map(|day| day.to_string()));
            let rows = look.pack.clauses.iter().map(|clause| row(look, &standing, clause));
            Ok((rows.collect::<Result<Vec<_>, _>>()?, views::of_list(cx, look, "/clauses", &asked.query)?))
        })?;
        cx.render(&page(cx, asked, rows, views))
    })
    .await
}

fn page<'a>(cx: &'a Cx, asked: Asked, rows: Vec<Row>, views: Views<'a>) -> BoardPage<'a> {
    let total = rows.len();
    let mut numbers: Vec<String> = rows.iter().map(|row| row.article_number().to_owned()).collect();
    numbers.dedup();
    let fitting: Vec<Row> = rows.into_iter().filter(|row| asked.fits(row)).collect();
    let choices = State::ALL.into_iter().filter_map(|state| {
        let count = fitting.iter().filter(|row| row.state == state).count();
        let on = asked.states.contains(&state);
        let href = asked.query.toggled("state", state.word()).behind("/clauses");
        (count > 0 || on).then_some(Choice { state, count, href, on })
    });
    let choices = choices.collect();
    let wanted = |row: &Row| asked.states.is_empty() || asked.states.contains(&row.state);
    let (mut articles, mut shown): (Vec<Article>, usize) = (Vec::new(), 0);
    for row in fitting.into_iter().filter(wanted) {
        shown += 1;
        match articles.last_mut().filter(|article| article.number == row.article_number()) {
            Some(article) => article.rows.push(row),
            None => {
                articles.push(Article { number: row.article_number().to_owned(), rows: vec![row] });
            }
        }
    }
    let wrong = asked.day.wrong.then(|| wrong_day(cx, &asked.day));
    let shell = Shell::of_area(cx, Area::Clauses);
    BoardPage { cx, shell, asked, wrong, views, choices, articles, numbers, total, shown }
}

impl Row {
    fn article_number(&self) -> &str {
        self.id.split('.').next().unwrap_or_default()
    }
}

impl Asked {
    fn read(cx: &Cx, query: Query) -> Result<Self, PageError> {
        Ok(Self {
            text: query.one("q").unwrap_or_default().trim().to_owned(),
            article: query.one("article").map(ToOwned::to_owned),
            states: query.all("state").filter_map(State::from_word).collect(),
            day: Day::read(cx, &query)?,
            query,
        })
    }

    fn is_article(&self, number: &str) -> bool {
        self.article.as_deref() == Some(number)
    }

    /// All but the state, so that each state tells what choosing it would find.
    fn fits(&self, row: &Row) -> bool {
        let text = self.text.to_lowercase();
        let holds = |one: &str| one.to_lowercase().contains(&text);
        self.article.as_deref().is_none_or(|article| row.article_number() == article)
            && (text.is_empty()
                || row.id.starts_with(&text)
                || holds(&row.article)
                || holds(&row.title)
                || holds(&row.summary)
                || row.checks.iter().any(|(_, label, _)| holds(label)))
    }
}

fn row(look: &Look<'_>, standing: &Standing, clause: &Clause) -> Result<Row, PageError> {
    let cx = look.cx;
    let mut states = Vec::with_capacity(clause.checks.len());
    let mut checks = Vec::with_capacity(clause.checks.len());
    for check in &clause.checks {
        let stands = standing.check(look, &clause.id, check)?;
        states.push(stands.state);
        let figure = stands.evaluation.as_ref().map(|found| words::figure(cx, check, &found.figure));
        checks.push((stands.state, cx.label(&check.label).to_owned(), figure.unwrap_or_default()));
    }
    let met = states.iter().filter(|state| matches!(state, State::Met | State::Exempt)).count();
    Ok(Row {
        id: clause.id.to_string(),
        article: clause.article.to_string(),
        title: cx.label(&clause.title).to_owned(),
        summary: cx.label(&clause.summary).to_owned(),
        href: standing.behind(&clause_path(&clause.id)),
        state: State::of_clause(&states),
        met: (met, states.len()),
        checks,
        why: clause.not_live.as_ref().map(|why| cx.label(why).to_owned()),
    })
}

/// A day that does not read, or is still to come.
fn wrong_day<'a>(cx: &'a Cx, day: &Day) -> Notice<'a> {
    let text = words::both(
        cx,
        &format!("日期「{}」無法判讀或尚未到來，以下為目前狀態", day.typed),
        &format!("{:?} is no day, or still to come; this is how it stands now", day.typed),
    );
    Notice::new(cx, Tone::Warning, text)
}
