//! People: who there is, what they hold, who stands in for whom; and what may be done about it.
//!
//! Names, titles, units, roles and deputies are known to everybody who is signed in, as in any office; mail, telephone
//! and account are for those who may change them, and for oneself. What may be done is offered as far as a policy of the
//! pack grants it, and decided by the desk.
//! Source: regulation 24.1.4.1, 24.2.3, 24.2.5; `docs/pack.md`, "Policies".

mod acts;
mod filled;
mod person;

pub(crate) use acts::{end_sessions, not_yours, revocable, revoke_token};
pub(crate) use filled::{Choice, Filled, Refused};
pub(crate) use person::knows;

use crate::acting;
use crate::choose;
use crate::component::export::{Plain, give};
use crate::component::rows::{Around, Column, Rows};
use crate::component::{Chip, Empty, Facet, FilterInput, FilterKind, ListView};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::query::Query;
use crate::reading;
use crate::route::{Access, Audit, Route};
use crate::shell::{Link, Section, Shell};
use askama::Template;
use axum::routing::{get, post};
use desk::{About, Denial, Done};
use identity::{Act, Action, Beside, By, Command, On};
use model::{Person, PersonId, UnitId};
use regulation::RoleId;

const PERSON: Access = Access::Person;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/people", PERSON, Audit::None, || get(list)),
    Route::get("/people/export", PERSON, Audit::None, || get(export)),
    Route::get("/people/new", PERSON, Audit::None, || get(acts::new)),
    Route::post("/people/new", PERSON, Audit::Act, || post(acts::register)),
    Route::get("/people/{person}", PERSON, Audit::None, || get(person::page)),
    Route::post("/people/{person}/{act}", PERSON, Audit::Act, || post(acts::act)),
];

#[derive(Template)]
#[template(path = "people/list.html")]
struct ListPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    list: ListView<'a>,
    may_register: bool,
}

/// Columns of the list and of its file.
const COLUMNS: &[Column<PersonId>] = &[
    Column { name: "name", zh: "姓名", en: "Name", of: |look, person| Plain::text(look.person(*person)) },
    Column { name: "title", zh: "職稱", en: "Title", of: |look, person| Plain::text(title(look, *person)) },
    Column { name: "unit", zh: "單位", en: "Unit", of: |look, person| Plain::text(home(look, *person)) },
    Column { name: "roles", zh: "角色", en: "Roles", of: |look, person| Plain::text(roles(look, *person)) },
    Column {
        name: "left", zh: "在職狀態", en: "Here or left", of: |look, person| standing(look, *person)
    },
];

async fn list(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let began = cx.site.now();
        cx.look(|look| {
            let around = Around {
                began,
                hint: cx.t("搜尋姓名、職稱、單位或帳號", "Search name, title, unit or account").to_owned(),
                views: None,
                facets: vec![facet(cx, &query)],
                filters: vec![by_role(look, &query)],
                empty: Empty {
                    cx,
                    icon: "users",
                    text: cx.t("沒有符合的人員。", "Nobody fits.").to_owned(),
                    action: Some((cx.t("清除條件", "Clear").to_owned(), PATH.to_owned())),
                },
            };
            let list = rows(look, query).page(look, |person| format!("/people/{person}"), around);
            if cx.wants("list") {
                return cx.render(&list.as_region());
            }
            let page = ListPage {
                cx,
                shell: Shell::new(cx, None, cx.t("人員", "People")).with_second(second(cx, PATH)),
                list,
                may_register: look.roster.state.units().any(|unit| {
                    unit.closed_at.is_none() && granted(cx, Act::RegisterPerson, On::Unit(unit.id))
                }),
            };
            cx.render(&page)
        })
    })
    .await
}

async fn export(cx: Cx, query: Query) -> PageResult {
    give(&cx, move |cx| cx.look(|look| rows(look, query).file(look))).await
}

/// Where the list is.
const PATH: &str = "/people";

/// The people that are asked for.
fn rows<'a>(look: &Look<'a>, query: Query) -> Rows<'a, PersonId> {
    let words = query.one("q").unwrap_or_default().to_lowercase();
    let roles: Vec<RoleId> = query.all("role").filter_map(|text| text.parse().ok()).collect();
    let rows = found(look, &words, &roles, query.has("left", "1"));
    let name = look.cx.t("人員", "People");
    Rows { cx: look.cx, path: PATH, name, plain: "people", columns: COLUMNS, rows, whole: true, query }
}

/// Those who are here, or those who have left.
fn facet(cx: &Cx, query: &Query) -> Facet {
    let left = query.has("left", "1");
    let chip = |id: &str, text: &str, on: bool, query: Query| Chip {
        id: format!("chip-{id}"),
        text: text.to_owned(),
        count: None,
        href: query.behind(PATH),
        on,
    };
    let query = query.without("page");
    let chips = vec![
        chip("here", cx.t("在職", "Here"), !left, query.without("left")),
        chip("left", cx.t("已離職", "Left"), left, query.with("left", "1")),
    ];
    Facet { name: "left".to_owned(), label: cx.t("在職狀態", "Here or left").to_owned(), chips }
}

/// Those who hold one of these roles.
fn by_role(look: &Look<'_>, query: &Query) -> FilterInput {
    let cx = look.cx;
    let role = |one: &regulation::Role| {
        let word = one.id.to_string();
        let on = query.has("role", &word);
        (word, cx.label(&one.label).to_owned(), on)
    };
    let options = look.pack.roles.values().map(role).collect();
    let label = cx.t("擔任角色", "Holds the role").to_owned();
    FilterInput { name: "role".to_owned(), label, kind: FilterKind::Some(options) }
}

/// The second level: people, units.
pub(crate) fn second(cx: &Cx, current: &str) -> Vec<Section> {
    let link = |text: &str, href: &str| Link {
        text: text.to_owned(),
        href: href.to_owned(),
        current: href == current,
    };
    let mut links = vec![link(cx.t("人員", "People"), "/people"), link(cx.t("單位", "Units"), "/units")];
    let registers = |unit: &identity::Unit| granted(cx, Act::RegisterPerson, On::Unit(unit.id));
    if cx.seen().roster.units().any(registers) {
        links.push(link(cx.t("匯入既有資料", "Move in"), crate::moving::PATH));
    }
    vec![Section { head: None, links }]
}

/// People with these words, within the unit looked at, by unit and account; those who are here, or those who have left;
/// who hold one of these roles, where any is named.
pub(crate) fn found(look: &Look<'_>, words: &str, roles: &[RoleId], left: bool) -> Vec<PersonId> {
    let (cx, state) = (look.cx, look.roster.state);
    let within: Option<Vec<UnitId>> = cx.focus().map(|unit| state.subtree(unit).collect());
    let holds = |person: &identity::Person| {
        roles.is_empty() || person.held(cx.now()).any(|one| roles.contains(&one.role))
    };
    let named = |person: &identity::Person| {
        words.is_empty()
            || choose::is_called(person, words)
            || person.details.as_ref().is_some_and(|details| details.title.as_str().contains(words))
            || look.unit(person.home).to_lowercase().contains(words)
    };
    let fits = |person: &&identity::Person| {
        person.here() != left
            && within.as_ref().is_none_or(|units| units.contains(&person.home))
            && holds(person)
            && named(person)
    };
    let mut found: Vec<&identity::Person> = state.people().filter(fits).collect();
    let name = |person: &identity::Person| {
        let code = state.unit(person.home).map(|unit| unit.code.as_str().to_owned()).unwrap_or_default();
        (code, person.details.as_ref().map(|details| details.login.as_str().to_owned()))
    };
    found.sort_by_cached_key(|person| name(person));
    found.into_iter().map(|person| person.id).collect()
}

fn title(look: &Look<'_>, person: PersonId) -> String {
    let details = look.roster.state.person(person).and_then(|one| one.details.as_ref());
    details.map(|details| details.title.as_str().to_owned()).unwrap_or_default()
}

fn home(look: &Look<'_>, person: PersonId) -> String {
    look.roster.state.person(person).map(|one| look.unit(one.home)).unwrap_or_default()
}

/// The roles somebody holds, each once.
pub(crate) fn roles(look: &Look<'_>, person: PersonId) -> String {
    let mut roles: Vec<String> = look.roster.held(person).map(|(role, _)| look.role(role)).collect();
    roles.dedup();
    roles.join(look.cx.t("、", ", "))
}

fn standing(look: &Look<'_>, person: PersonId) -> Plain {
    let here = look.roster.state.person(person).is_some_and(identity::Person::here);
    Plain::text(if here { look.cx.t("在職", "here") } else { look.cx.t("已離職", "left") })
}

/// Does a policy grant an act, in any role of theirs?
pub(crate) fn granted(cx: &Cx, act: Act, on: On) -> bool {
    acting::granted(cx, &Action::Identity(act), &on, &Beside::default()).is_some()
}

/// Open units by code and name, to choose from.
pub(crate) fn by_code(look: &Look<'_>) -> Vec<(String, String)> {
    let open = look.roster.state.units().filter(|unit| unit.closed_at.is_none());
    open.map(|unit| (unit.code.as_str().to_owned(), look.unit(unit.id))).collect()
}

/// The first of their roles in which a command would be accepted.
fn accepted(look: &Look<'_>, command: &Command) -> Option<Person> {
    let policies = look.cx.seen().policies.as_ref()?;
    acting::actors(look.cx).into_iter().find(|actor| {
        let by = By::Person(policies.permits(&look.roster, actor.clone(), command));
        identity::decide(look.roster, &by, command).is_ok()
    })
}

/// As whom they are refused, and told why: in the first role they may act in, else in one that does not count where they
/// are.
///
/// # Errors
/// `Denied`: they hold none.
fn in_any_role(cx: &Cx) -> Result<Person, PageError> {
    if let Some(actor) = acting::actors(cx).into_iter().next() {
        return Ok(actor);
    }
    match cx.roster()?.held(cx.person()).next() {
        Some(_) => reading::reader(cx),
        None => {
            let denial = Denial { act: "identity".to_owned(), about: About::Oneself };
            Err(PageError::Denied(denial, not_yours()))
        }
    }
}

/// Gives a command about people or units, in the role in which it is accepted.
///
/// # Errors
/// `Refused`, with why; `Denied` where they hold no role in which anybody could ask it.
pub(crate) fn command(cx: &Cx, command: &Command) -> Result<Done, PageError> {
    let actor = cx.look(|look| Ok(accepted(look, command)))?;
    let actor = actor.map_or_else(|| in_any_role(cx), Ok)?;
    Ok(cx.site.desk().ask(desk::Asker::Person(actor), desk::Order::Identity(command.clone()))?)
}
