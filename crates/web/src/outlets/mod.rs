//! Outlets of alarms: how each stands, what waits for it, and a button by which one is tried.
//!
//! Invariants: nobody finds the page whom no policy lets look the installation over (`system.check`); what comes of a test
//! is an entry; that an outlet is in trouble is shown beside what it did last, never behind it.
//! Does not: send; whoever runs the program does, and hands in [`Outlets`].
//! Source: clause 27.2.2; `docs/howto/send-alarms.md`.

use crate::acting;
use crate::alarms::words::severity;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::route::{Access, Audit, Route};
use crate::shell::Shell;
use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use desk::{About, Asker, Order};
use identity::Action;
use model::{Instant, Person, Told};
use store::{AlarmSent, OutletAnswer, OutletRow};

pub(crate) const PATH: &str = "/outlets";
const PERSON: Access = Access::Person;

pub(crate) const ROUTES: &[Route] = &[
    Route::get(PATH, PERSON, Audit::None, || get(page)),
    Route::post("/outlets/{outlet}/test", PERSON, Audit::Act, || post(test)),
];

/// The outlets of alarms. Its methods may block.
pub trait Outlets: Send + Sync {
    /// How they stand, in the order of their settings.
    ///
    /// # Errors
    /// It cannot be read, told.
    fn standing(&self) -> Result<Vec<OutletStanding>, Told>;

    /// Sends a test by the one of this name, and gives what is to be entered of it; none where there is no such outlet.
    fn test(&self, outlet: &str) -> Option<AlarmSent>;
}

/// How an outlet stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutletStanding {
    /// What the entries say of it.
    pub row: OutletRow,
    /// By which of the six ways it sends.
    pub way: Told,
    /// How many messages wait for it.
    pub waiting: u64,
    /// Why it cannot send, where it cannot.
    pub trouble: Option<OutletTrouble>,
}

/// Why an outlet cannot send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutletTrouble {
    /// Why.
    pub told: Told,
    /// Since when.
    pub since: Instant,
    /// How often it was tried.
    pub times: u64,
}

#[derive(Template)]
#[template(path = "outlets/page.html")]
struct OutletsPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    rows: Vec<Row>,
}

/// An outlet of the list.
struct Row {
    name: String,
    way: String,
    to: String,
    least: &'static str,
    ends: bool,
    class: &'static str,
    state: String,
    waiting: u64,
    last: Option<Answer>,
    test: Option<Answer>,
}

/// What came of sending something.
struct Answer {
    at: String,
    done: bool,
    said: String,
}

/// In which role a policy lets them look the installation over.
fn looks_over(cx: &Cx) -> Result<Person, PageError> {
    let hidden = || PageError::hidden(Action::Check.to_string(), About::Oneself);
    acting::granted_at_the_top(cx, &Action::Check).ok_or_else(hidden)
}

async fn page(cx: Cx) -> PageResult {
    cx.run(|cx| {
        looks_over(cx)?;
        let standing = cx.site.outlets().standing().map_err(PageError::Unavailable)?;
        let rows = standing.iter().map(|one| row(cx, one)).collect();
        let shell = Shell::new(cx, None, cx.t("告警輸出", "Outlets of alarms"));
        cx.render(&OutletsPage { cx, shell, rows })
    })
    .await
}

async fn test(cx: Cx, Path(outlet): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let person = looks_over(cx)?;
        let sent = cx.site.outlets().test(&outlet).ok_or(PageError::NotFound)?;
        cx.site.desk().ask(Asker::Person(person), Order::Sent(vec![sent]))?;
        Ok(Redirect::to(PATH).into_response())
    })
    .await
}

fn row(cx: &Cx, one: &OutletStanding) -> Row {
    let OutletStanding { row, way, waiting, trouble } = one;
    let (class, state) = match trouble {
        Some(OutletTrouble { told, since, times }) => (
            "state state-refused",
            format!(
                "{}{}{}{times}{}{}",
                cx.t("無法傳送，自 ", "cannot send since "),
                cx.moment(*since),
                cx.t("，已試 ", ", tried "),
                cx.t(" 次：", " times: "),
                cx.language.told(told)
            ),
        ),
        None if *waiting > 0 => ("state state-wanting", cx.t("傳送中", "sending").to_owned()),
        None if row.last.is_none() && row.test.is_none() => {
            ("state state-void", cx.t("尚未傳送或測試", "never sent, never tried").to_owned())
        }
        None => ("state state-done", cx.t("無待送", "nothing waits").to_owned()),
    };
    let answer = |one: &OutletAnswer| Answer {
        at: cx.moment(one.at),
        done: one.done,
        said: cx.t(&one.answer.zh, &one.answer.en).to_owned(),
    };
    Row {
        name: row.name.clone(),
        way: cx.language.told(way).to_owned(),
        to: row.set.to.clone(),
        least: severity(cx, row.set.least),
        ends: row.set.ends,
        class,
        state,
        waiting: *waiting,
        last: row.last.as_ref().map(answer),
        test: row.test.as_ref().map(answer),
    }
}
