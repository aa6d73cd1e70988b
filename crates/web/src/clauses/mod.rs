//! The clause board: every clause with its state, and the page of each.
//!
//! Figures are those that were recorded; whether they are fresh is asked of the desk. What is not known is never shown as
//! met. Figures are sums and everybody's to see; records are shown only to who may read them.
//! Source: `docs/adr/0016-board.md`; `docs/pack.md`, "Clauses".

mod check;
mod clause;
mod stand;
mod words;

pub(crate) use check::{below, recorded, to_look_after};
pub(crate) use clause::{Owed, exempted, owed, serving};
pub(crate) use stand::{Standing, Stands, State};

use crate::component::export::{Plain, give};
use crate::component::rows::{Column, Rows};
use crate::component::{Exports, Notice, Tone, Views};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::names::clause_path;
use crate::papers;
use crate::query::Query;
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Shell};
use crate::views;
use askama::Template;
use axum::routing::get;
use model::{CivilDate, Instant};
use regulation::{Check, Clause, TimeOfDay};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/clauses", Access::Person, Audit::None, || get(index)),
    Route::get("/clauses/export", Access::Person, Audit::None, || get(export)),
    Route::get("/clauses/{clause}", Access::Person, Audit::None, || get(clause::page)),
];

/// A clause with how each of its checks stands.
pub(crate) struct OnBoard<'l> {
    pub(crate) clause: &'l Clause,
    pub(crate) checks: Vec<(&'l Check, Stands)>,
}

/// A clause on the board.
struct Row {
    id: String,
    /// Of its article, without what comes behind the dot.
    number: String,
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
    asked: BoardAsked,
    wrong: Option<Notice<'a>>,
    views: Views<'a>,
    exports: Exports<'a>,
    /// Where the report of the last month is.
    report: String,
    choices: Vec<Choice>,
    articles: Vec<Article>,
    numbers: Vec<String>,
    total: usize,
    shown: usize,
}

/// What the board is asked for.
pub(crate) struct BoardAsked {
    query: Query,
    text: String,
    article: Option<String>,
    states: Vec<State>,
    pub(crate) day: Day,
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

    /// An address that keeps the day.
    pub(crate) fn behind(&self, path: &str) -> String {
        match self.past {
            Some(day) => format!("{path}?on={}", crate::component::query_value(&day.to_string())),
            None => path.to_owned(),
        }
    }

    /// As the field of a form wants it.
    pub(crate) fn field(&self) -> String {
        self.past.map(|day| day.to_string()).unwrap_or_default()
    }
}

async fn index(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let asked = BoardAsked::read(cx, query)?;
        let (rows, numbers, views) = cx.look(|look| {
            let rows = found(look, &asked)?.iter().map(|one| Row::of(cx, &asked, one)).collect();
            let mut numbers: Vec<String> = look.pack.clauses.iter().map(article_number).collect();
            numbers.dedup();
            Ok((rows, numbers, views::of_list(cx, look, "/clauses", &asked.query)?))
        })?;
        cx.render(&page(cx, asked, rows, numbers, views)?)
    })
    .await
}

/// Columns of the file: the paper an auditor asks for.
const COLUMNS: &[Column<Row>] = &[
    Column { name: "clause", zh: "條文", en: "Clause", of: |_, row| Plain::text(row.id.clone()) },
    Column { name: "article", zh: "條號", en: "Article", of: |_, row| Plain::text(row.article.clone()) },
    Column { name: "title", zh: "名稱", en: "Title", of: |_, row| Plain::text(row.title.clone()) },
    Column { name: "summary", zh: "摘要", en: "Summary", of: |_, row| Plain::text(row.summary.clone()) },
    Column { name: "state", zh: "狀態", en: "State", of: |look, row| Plain::text(row.state.name(look.cx)) },
    Column {
        name: "met",
        zh: "符合之檢核數",
        en: "Checks met",
        of: |_, row| Plain::Number(row.met.0.to_string()),
    },
    Column {
        name: "checks",
        zh: "檢核總數",
        en: "Checks",
        of: |_, row| Plain::Number(row.met.1.to_string()),
    },
    Column {
        name: "figures",
        zh: "各項檢核",
        en: "Each check",
        of: |look, row| {
            let check = |(state, label, figure): &(State, String, String)| {
                let figure = if figure.is_empty() { String::new() } else { look.cx.beside(figure) };
                format!("{label}{}{}{figure}", look.cx.t("：", ": "), state.name(look.cx))
            };
            let checks: Vec<String> = row.checks.iter().map(check).collect();
            Plain::text(checks.join(look.cx.t("；", "; ")))
        },
    },
    Column {
        name: "why",
        zh: "未納入計算之理由",
        en: "Why it is not reckoned",
        of: |_, row| Plain::text(row.why.clone().unwrap_or_default()),
    },
];

/// The board as it is asked for, as a file.
async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| {
        let asked = BoardAsked::read(cx, query.clone())?;
        cx.look(|look| {
            let rows = found(look, &asked)?.into_iter().map(|one| Row::of(cx, &asked, &one));
            let rows = rows.filter(|row| asked.wants(row.state)).collect();
            let name = Area::Clauses.name(cx.language);
            Rows { cx, path: "/clauses", name, plain: "clauses", columns: COLUMNS, rows, whole: true, query }
                .file(look)
        })
    })
    .await
}

/// The clauses that fit, whatever their state; in the order of the pack.
///
/// # Errors
/// The tables failed.
pub(crate) fn found<'l>(look: &'l Look<'_>, asked: &BoardAsked) -> Result<Vec<OnBoard<'l>>, PageError> {
    let fitting: Vec<&Clause> =
        look.pack.clauses.iter().filter(|clause| asked.fits(look.cx, clause)).collect();
    let standing = Standing::read(look, asked.day.until(look.cx)?, &fitting)?;
    Ok(fitting.into_iter().map(|clause| OnBoard::of(look, &standing, clause)).collect())
}

/// How a check stands, in words: its state, the figure where there is one, and the goal.
pub(crate) fn told(cx: &Cx, check: &Check, stands: &Stands) -> String {
    let figure = stands.evaluation.as_ref().map(|found| words::figure(cx, check, &found.figure));
    let mut told = stands.state.name(cx).to_owned();
    // Of nobody, and of what does not apply, the figure says the same again.
    let says_more = !matches!(stands.state, State::Nobody | State::Exempt);
    if let Some(figure) = figure.filter(|figure| says_more && !figure.is_empty()) {
        told.push_str(cx.t("：", ": "));
        told.push_str(&figure);
    }
    if let Some(goal) = words::goal(cx, check).filter(|_| stands.state == State::NotMet) {
        told.push_str(&cx.beside(&goal));
    }
    told
}

/// The number before the first dot.
pub(crate) fn article_number(clause: &Clause) -> String {
    clause.id.as_str().split('.').next().unwrap_or_default().to_owned()
}

fn page<'a>(
    cx: &'a Cx,
    asked: BoardAsked,
    fitting: Vec<Row>,
    numbers: Vec<String>,
    views: Views<'a>,
) -> Result<BoardPage<'a>, PageError> {
    let total = cx.pack()?.clauses.len();
    let choices = State::ALL.into_iter().filter_map(|state| {
        let count = fitting.iter().filter(|row| row.state == state).count();
        let on = asked.states.contains(&state);
        let href = asked.query.toggled("state", state.word()).behind("/clauses");
        (count > 0 || on).then_some(Choice { state, count, href, on })
    });
    let choices = choices.collect();
    let (mut articles, mut shown): (Vec<Article>, usize) = (Vec::new(), 0);
    for row in fitting.into_iter().filter(|row| asked.wants(row.state)) {
        shown += 1;
        match articles.last_mut().filter(|article| article.number == row.number) {
            Some(article) => article.rows.push(row),
            None => articles.push(Article { number: row.number.clone(), rows: vec![row] }),
        }
    }
    let wrong = asked.day.wrong.then(|| wrong_day(cx, &asked.day));
    let shell = Shell::of_area(cx, Area::Clauses);
    let exports = Exports::of(cx, &asked.query, "/clauses", Some(shown as u64));
    let report = Query::default().with("month", papers::last_month(cx)?).behind("/clauses/report.pdf");
    Ok(BoardPage {
        cx,
        shell,
        asked,
        wrong,
        views,
        exports,
        report,
        choices,
        articles,
        numbers,
        total,
        shown,
    })
}

impl<'l> OnBoard<'l> {
    /// A clause as it stands.
    pub(crate) fn of(look: &Look<'_>, standing: &Standing, clause: &'l Clause) -> Self {
        let stands = |check: &'l Check| (check, standing.check(look, &clause.id, check));
        Self { clause, checks: clause.checks.iter().map(stands).collect() }
    }

    /// How it stands as a whole.
    pub(crate) fn state(&self) -> State {
        State::of_clause(&self.checks.iter().map(|(_, stands)| stands.state).collect::<Vec<_>>())
    }

    /// How many of its checks are met, or do not apply.
    pub(crate) fn met(&self) -> usize {
        let met = |(_, stands): &&(&Check, Stands)| matches!(stands.state, State::Met | State::Exempt);
        self.checks.iter().filter(met).count()
    }
}

impl Row {
    fn of(cx: &Cx, asked: &BoardAsked, one: &OnBoard<'_>) -> Self {
        let figure = |check: &Check, stands: &Stands| {
            let found = stands.evaluation.as_ref();
            found.map(|found| words::figure(cx, check, &found.figure)).unwrap_or_default()
        };
        let check = |(check, stands): &(&Check, Stands)| {
            (stands.state, cx.label(&check.label).to_owned(), figure(check, stands))
        };
        let clause = one.clause;
        Self {
            id: clause.id.to_string(),
            number: article_number(clause),
            article: clause.article.to_string(),
            title: cx.label(&clause.title).to_owned(),
            summary: cx.label(&clause.summary).to_owned(),
            href: asked.day.behind(&clause_path(&clause.id)),
            state: one.state(),
            met: (one.met(), one.checks.len()),
            checks: one.checks.iter().map(check).collect(),
            why: clause.not_live.as_ref().map(|why| cx.label(why).to_owned()),
        }
    }
}

impl BoardAsked {
    /// From an address.
    ///
    /// # Errors
    /// No pack is published yet.
    pub(crate) fn read(cx: &Cx, query: Query) -> Result<Self, PageError> {
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

    /// Is a clause of this state asked for?
    pub(crate) fn wants(&self, state: State) -> bool {
        self.states.is_empty() || self.states.contains(&state)
    }

    /// All but the state, so that each state tells what choosing it would find.
    fn fits(&self, cx: &Cx, clause: &Clause) -> bool {
        let text = self.text.to_lowercase();
        let holds = |one: &str| one.to_lowercase().contains(&text);
        self.article.as_deref().is_none_or(|article| article_number(clause) == article)
            && (text.is_empty()
                || clause.id.as_str().starts_with(&text)
                || holds(&clause.article)
                || holds(cx.label(&clause.title))
                || holds(cx.label(&clause.summary))
                || clause.checks.iter().any(|check| holds(cx.label(&check.label))))
    }
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
