//! Units: the tree, each unit's people, what it has open; and what may be done about it.

use crate::component::export::{Plain, give};
use crate::component::rows::{Column, Rows};
use crate::component::{Exports, Notice};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::form::Posted;
use crate::look::Look;
use crate::names::{Named, register_path};
use crate::people::{Filled, Refused, by_code, command, granted, roles, second};
use crate::query::Query;
use crate::route::{Access, Audit, Route, named};
use crate::shell::Shell;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use identity::{Act, Code, Command, Names, On};
use model::{Told, UnitId};
use regulation::RegisterId;

const PERSON: Access = Access::Person;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/units", PERSON, Audit::None, || get(tree)),
    Route::get("/units/export", PERSON, Audit::None, || get(export)),
    Route::get("/units/{unit}", PERSON, Audit::None, || get(page)),
    Route::post("/units/{unit}/{act}", PERSON, Audit::Act, || post(act)),
];

/// A unit in the tree.
struct Node {
    name: String,
    code: String,
    href: String,
    /// How far below the top.
    depth: usize,
    people: usize,
    closed: bool,
}

#[derive(Template)]
#[template(path = "units/tree.html")]
struct TreePage<'a> {
    cx: &'a Cx,
    shell: Shell,
    nodes: Vec<Node>,
    exports: Exports<'a>,
}

#[derive(Template)]
#[template(path = "units/unit.html")]
struct UnitPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    id: String,
    code: String,
    above: Option<Named>,
    closed: Option<String>,
    refused: Option<Notice<'a>>,
    below: Vec<Named>,
    people: Vec<(Named, String)>,
    registers: Vec<(String, String, u64)>,
    create: Option<Filled>,
    change: Option<Filled>,
    may_close: bool,
    /// Units by code, to choose from.
    units: Vec<(String, String)>,
}

async fn tree(cx: Cx) -> PageResult {
    cx.run(|cx| {
        let state = &cx.seen().roster;
        let node = |unit: &identity::Unit| Node {
            name: cx.unit_name(unit.id),
            code: unit.code.as_str().to_owned(),
            href: format!("/units/{}", unit.id),
            depth: state.above(unit.id).count().min(8),
            people: state.members(unit.id).count(),
            closed: unit.closed_at.is_some(),
        };
        let shell = Shell::new(cx, None, cx.t("單位", "Units")).with_second(second(cx, "/units"));
        let nodes: Vec<Node> = state.units().map(node).collect();
        let exports = Exports::of(cx, &Query::default(), PATH, Some(nodes.len() as u64));
        cx.render(&TreePage { cx, shell, nodes, exports })
    })
    .await
}

/// Where the tree is.
const PATH: &str = "/units";

/// Columns of its file.
const COLUMNS: &[Column<UnitId>] = &[
    Column { name: "code", zh: "單位代碼", en: "Code", of: |look, unit| of(look, *unit, code) },
    Column { name: "name", zh: "單位名稱", en: "Name", of: |look, unit| Plain::text(look.unit(*unit)) },
    Column {
        name: "above",
        zh: "上級單位代碼",
        en: "Code of the unit above",
        of: |look, unit| {
            of(look, *unit, |look, unit| unit.superior.map_or(Plain::Nothing, |above| of(look, above, code)))
        },
    },
    Column {
        name: "people",
        zh: "人數",
        en: "People",
        of: |look, unit| Plain::Number(look.roster.state.members(*unit).count().to_string()),
    },
    Column {
        name: "closed",
        zh: "裁撤時間",
        en: "Closed",
        of: |look, unit| of(look, *unit, |_, unit| unit.closed_at.map_or(Plain::Nothing, Plain::Moment)),
    },
];

fn code(_: &Look<'_>, unit: &identity::Unit) -> Plain {
    Plain::text(unit.code.as_str())
}

fn of(look: &Look<'_>, unit: UnitId, what: fn(&Look<'_>, &identity::Unit) -> Plain) -> Plain {
    look.roster.state.unit(unit).map_or(Plain::Nothing, |unit| what(look, unit))
}

async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| {
        let rows = cx.seen().roster.units().map(|unit| unit.id).collect();
        let name = cx.t("單位", "Units");
        let rows = Rows { cx, path: PATH, name, plain: "units", columns: COLUMNS, rows, whole: true, query };
        cx.look(|look| rows.file(look))
    })
    .await
}

async fn page(cx: Cx, Path(unit): Path<String>) -> PageResult {
    let unit: UnitId = named(&unit)?;
    cx.run(move |cx| show(cx, unit, None)).await
}

fn show(cx: &Cx, unit: UnitId, refused: Option<&Refused>) -> Result<Response, PageError> {
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    cx.look(|look| {
        let state = look.roster.state;
        let found = state.unit(unit).ok_or(PageError::NotFound)?;
        let may = |act| found.closed_at.is_none() && granted(cx, act, On::Unit(unit));
        let named = |unit: UnitId| Named { text: look.unit(unit), href: Some(format!("/units/{unit}")) };
        let filled = |act, known| Filled::of(refused, act, known);
        let member = |person: &identity::Person| {
            let name = Named { text: look.person(person.id), href: Some(format!("/people/{}", person.id)) };
            (name, roles(look, person.id))
        };
        let change = may(Act::ChangeUnit).then(|| filled("change", known(look, found)));
        let page = UnitPage {
            cx,
            shell: Shell::new(cx, None, look.unit(unit))
                .by(cx.t("單位", "Units"), "/units")
                .with_second(second(cx, "/units")),
            id: unit.to_string(),
            code: found.code.as_str().to_owned(),
            above: found.superior.map(named),
            closed: found.closed_at.map(|at| cx.moment(at)),
            refused: refused.map(|refused| Notice::refused(cx, &refused.told)),
            below: state.units().filter(|one| one.superior == Some(unit)).map(|one| named(one.id)).collect(),
            people: state.members(unit).map(member).collect(),
            registers: running(look, unit)?.into_iter().map(|one| named_register(look, one)).collect(),
            create: may(Act::CreateUnit).then(|| filled("create", Query::default())),
            units: change.as_ref().map(|_| by_code(look)).unwrap_or_default(),
            change,
            may_close: may(Act::CloseUnit),
        };
        cx.render_as(status, &page)
    })
}

/// What is known of a unit, as the form that changes it sends it.
fn known(look: &Look<'_>, unit: &identity::Unit) -> Query {
    let above = unit.superior.and_then(|above| look.roster.state.unit(above));
    Query::default()
        .with("zh", unit.names.zh.as_str())
        .with("en", unit.names.en.as_str())
        .with("code", unit.code.as_str())
        .with("superior", above.map(|above| above.code.as_str()).unwrap_or_default())
}

/// Registers in which the unit, or one below it, has records running that they may read, and how many.
pub(crate) fn running(look: &Look<'_>, unit: UnitId) -> Result<Vec<(RegisterId, u64)>, PageError> {
    let (cx, seen) = (look.cx, look.cx.seen());
    let reader = crate::reach::reader(cx, &look.roster, Some(unit));
    let counts = look.sql(|sql| reader.counts(sql, &seen.packs, &seen.layout))?;
    Ok(counts
        .into_iter()
        .map(|(id, (_, running))| (id, running))
        .filter(|(_, running)| *running > 0)
        .collect())
}

/// A register with what is running in it, as the page names it.
fn named_register(look: &Look<'_>, (register, running): (RegisterId, u64)) -> (String, String, u64) {
    let label = look.pack.registers.get(&register).map(|one| look.cx.label(&one.label).to_owned());
    (label.unwrap_or_else(|| register.to_string()), register_path(&register), running)
}

async fn act(cx: Cx, Path((unit, act)): Path<(String, String)>, posted: Posted) -> PageResult {
    let unit: UnitId = named(&unit)?;
    cx.run(move |cx| {
        if cx.seen().roster.unit(unit).is_none() {
            return Err(PageError::NotFound);
        }
        let order = order(cx, unit, &act, &posted.query);
        let to = match &order {
            Ok(Command::CreateUnit { unit, .. }) => *unit,
            _ => unit,
        };
        match order.and_then(|order| command(cx, &order)) {
            Ok(_) => Ok(Redirect::to(&format!("/units/{to}")).into_response()),
            Err(PageError::Refused(told) | PageError::Unread(told)) => {
                show(cx, unit, Some(&Refused { act, told, sent: posted.query }))
            }
            Err(error) => Err(error),
        }
    })
    .await
}

fn order(cx: &Cx, unit: UnitId, act: &str, query: &Query) -> Result<Command, PageError> {
    let told = |error: identity::TextError| PageError::Unread(error.told());
    let text = |name: &str| query.one(name).unwrap_or_default().to_owned();
    let names = || Names::new(&text("zh"), &text("en")).map_err(told);
    let code = || Code::new(&text("code")).map_err(told);
    Ok(match act {
        "create" => Command::CreateUnit {
            unit: UnitId::from_bytes(cx.site.draw()?),
            names: names()?,
            code: code()?,
            superior: Some(unit),
        },
        "change" => {
            let superior = match query.one("superior") {
                None => None,
                Some(code) => Some(cx.seen().roster.unit_of_code(code).ok_or_else(|| {
                    PageError::Unread(Told::new("上級單位：查無此代碼", "Unit above: no unit has this code"))
                })?),
            };
            Command::ChangeUnit { unit, names: names()?, code: code()?, superior }
        }
        "close" => Command::CloseUnit { unit },
        _ => return Err(PageError::NotFound),
    })
}
