//! Terminals: which machines are known by the certificate they show, and at which administrators' roles may be used.
//!
//! Invariant: nobody finds the page whom no policy lets register or remove one; each act is asked of the desk again.
//! Source: clauses 18.1, 24.1.1; `docs/howto/set-up-a-city.md`.

use crate::component::Notice;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::Posted;
use crate::people::{command, granted, second};
use crate::query::Query;
use crate::route::{Access, Audit, Route, named};
use crate::shell::Shell;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use identity::{Act, Command, Fingerprint, Line, On, Terminal};
use model::{TerminalId, Told, UnitId};

const PERSON: Access = Access::Person;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/terminals", PERSON, Audit::None, || get(page)),
    Route::post("/terminals", PERSON, Audit::Act, || post(register)),
    Route::post("/terminals/{terminal}/remove", PERSON, Audit::Act, || post(remove)),
];

/// A terminal of the list.
struct Row {
    id: String,
    name: String,
    /// None: any unit may use it.
    unit: Option<String>,
    management: bool,
    fingerprint: String,
    registered: String,
    removed: Option<String>,
    /// Is it the one the page is looked at from?
    here: bool,
    may_remove: bool,
}

#[derive(Template)]
#[template(path = "terminals/page.html")]
struct TerminalsPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    refused: Option<Notice<'a>>,
    rows: Vec<Row>,
    /// Units they may register one for: code and name; an empty code is any unit.
    units: Vec<(String, String)>,
    /// The certificate of the machine the page is looked at from, which no terminal has yet.
    shown: Option<String>,
    sent: Query,
}

/// May they register a terminal of some unit?
pub(crate) fn may_keep(cx: &Cx) -> bool {
    let open = cx.seen().roster.units().filter(|unit| unit.closed_at.is_none());
    open.map(|unit| unit.id).any(|unit| may(cx, Act::RegisterTerminal, unit))
}

fn may(cx: &Cx, act: Act, unit: UnitId) -> bool {
    granted(cx, act, On::Unit(unit))
}

async fn page(cx: Cx) -> PageResult {
    cx.run(|cx| show(cx, None, Query::default())).await
}

fn show(cx: &Cx, refused: Option<&Told>, sent: Query) -> PageResult {
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    cx.look(|look| {
        let state = look.roster.state;
        let top = state.root().ok_or(PageError::NotFound)?;
        let open = state.units().filter(|unit| unit.closed_at.is_none());
        let theirs = open.filter(|unit| may(cx, Act::RegisterTerminal, unit.id));
        let mut units: Vec<(String, String)> =
            theirs.map(|unit| (unit.code.as_str().to_owned(), look.unit(unit.id))).collect();
        if units.is_empty() {
            return Err(PageError::NotFound);
        }
        if may(cx, Act::RegisterTerminal, top) {
            units.insert(0, (String::new(), cx.t("各單位均得使用", "Any unit").to_owned()));
        }
        let here = cx.session().terminal;
        let row = |one: &Terminal| Row {
            id: one.id.to_string(),
            name: one.name.as_str().to_owned(),
            unit: one.unit.map(|unit| look.unit(unit)),
            management: one.management,
            fingerprint: one.fingerprint.to_string(),
            registered: cx.moment(one.registered_at),
            removed: one.removed_at.map(|at| cx.moment(at)),
            here: here == Some(one.id),
            may_remove: one.removed_at.is_none() && may(cx, Act::RemoveTerminal, one.unit.unwrap_or(top)),
        };
        let mut all: Vec<&Terminal> = state.terminals().collect();
        all.sort_by_key(|one| (one.removed_at.is_some(), std::cmp::Reverse(one.registered_at)));
        let unknown = |shown: &&Fingerprint| state.terminal_of(shown).is_none();
        let page = TerminalsPage {
            cx,
            shell: Shell::new(cx, None, cx.t("終端機", "Terminals")).with_second(second(cx, "/terminals")),
            refused: refused.map(|told| Notice::refused(cx, told)),
            rows: all.into_iter().map(row).collect(),
            units,
            shown: cx.place.certificate.as_ref().filter(unknown).map(ToString::to_string),
            sent,
        };
        cx.render_as(status, &page)
    })
}

async fn register(cx: Cx, posted: Posted) -> PageResult {
    cx.run(move |cx| {
        let order = order(cx, &posted.query);
        done(cx, order, posted.query)
    })
    .await
}

/// May one of this sort be registered now?
///
/// # Errors
/// Why not: the first one is for management.
pub(crate) fn fits(cx: &Cx, management: bool) -> Result<(), Told> {
    if management || cx.seen().roster.knows_terminals() {
        return Ok(());
    }
    Err(Told::new(
        "第一部須為管理終端機：登記之後，管理角色僅得於管理終端機及主機本機行使",
        "The first one is to be a management terminal: from then on administrators' roles are used at those, and at the \
         machine itself, alone",
    ))
}

fn order(cx: &Cx, query: &Query) -> Result<Command, PageError> {
    let text = |name: &str| query.one(name).unwrap_or_default();
    let management = query.has("management", "1");
    fits(cx, management).map_err(PageError::Unread)?;
    let unit = match text("unit") {
        "" => None,
        code => Some(cx.seen().roster.unit_of_code(code).ok_or_else(|| {
            PageError::Unread(Told::new("單位：查無此單位代碼", "unit: no unit has this code"))
        })?),
    };
    Ok(Command::RegisterTerminal {
        terminal: TerminalId::from_bytes(cx.site.draw()?),
        name: Line::new(text("name")).map_err(|error| PageError::Unread(error.told()))?,
        fingerprint: text("fingerprint")
            .parse()
            .map_err(|error: identity::FingerprintError| PageError::Unread(error.told()))?,
        unit,
        management,
    })
}

async fn remove(cx: Cx, Path(terminal): Path<String>) -> PageResult {
    let terminal: TerminalId = named(&terminal)?;
    cx.run(move |cx| {
        let known = cx.seen().roster.terminal(terminal).is_some();
        let order = if known { Ok(Command::RemoveTerminal { terminal }) } else { Err(PageError::NotFound) };
        done(cx, order, Query::default())
    })
    .await
}

/// Whoever may keep no terminal finds nothing here; whoever may is told why not.
fn done(cx: &Cx, order: Result<Command, PageError>, sent: Query) -> PageResult {
    if !may_keep(cx) {
        return Err(PageError::NotFound);
    }
    match order.and_then(|order| command(cx, &order)) {
        Ok(_) => {
            // With the first one their role may no longer count where they are.
            let still = may_keep(&Cx::of((**cx).clone())?);
            Ok(Redirect::to(if still { "/terminals" } else { "/settings" }).into_response())
        }
        Err(PageError::Refused(told) | PageError::Unread(told)) => show(cx, Some(&told), sent),
        Err(error) => Err(error),
    }
}
