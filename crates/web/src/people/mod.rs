//! People: who there is, what they hold, who stands in for whom; and what may be done about it.
//!
//! Names, titles, units, roles and deputies are known to everybody who is signed in, as in any office; mail, telephone
//! and account are for those who may change them, and for oneself. What may be done is offered as far as a policy of the
//! pack grants it, and decided by the desk.
//! Source: regulation 24.1.4.1, 24.2.3, 24.2.5; `docs/pack.md`, "Policies".

mod acts;
mod filled;
mod person;

pub(crate) use acts::{end_sessions, not_yours};
pub(crate) use filled::{Choice, Filled, Refused};
pub(crate) use person::knows;

use crate::acting;
use crate::component::Empty;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::look::Look;
use crate::query::Query;
use crate::reading;
use crate::route::{Access, Audit, Route};
use crate::shell::{Link, Section, Shell};
use askama::Template;
use axum::extract::RawQuery;
use axum::routing::{get, post};
use desk::{About, Denial, Done};
use identity::{Act, Action, Beside, By, Command, On};
use model::{Person, PersonId, UnitId};
use regulation::RoleId;

const PERSON: Access = Access::Person;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/people", PERSON, Audit::None, || get(list)),
    Route::get("/people/new", PERSON, Audit::None, || get(acts::new)),
    Route::post("/people/new", PERSON, Audit::Act, || post(acts::register)),
    Route::get("/people/{person}", PERSON, Audit::None, || get(person::page)),
    Route::post("/people/{person}/{act}", PERSON, Audit::Act, || post(acts::act)),
];

/// People on a page.
const PAGE: usize = 50;

struct Row {
    name: String,
    href: String,
    title: String,
    unit: String,
    roles: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "people/list.html")]
struct ListPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    words: String,
    role: String,
    left: bool,
    roles: Vec<(String, String)>,
    rows: Vec<Row>,
    empty: Empty<'a>,
    total: usize,
    before: Option<String>,
    after: Option<String>,
    may_register: bool,
}

async fn list(cx: Cx, RawQuery(query): RawQuery) -> PageResult {
    cx.run(move |cx| {
        cx.look(|look| {
            let query = Query::parse(query.as_deref().unwrap_or_default().as_bytes());
            let words = query.one("q").unwrap_or_default().to_lowercase();
            let role: Option<RoleId> = query.one("role").and_then(|text| text.parse().ok());
            let left = query.has("left", "1");
            let found = found(look, &words, role.as_ref(), left);
            let page: usize = query.one("page").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
            let skip = (page - 1).saturating_mul(PAGE);
            let rows = found.iter().skip(skip).take(PAGE).map(|one| row(look, *one)).collect();
            let at = |page: usize| query.with("page", page.to_string()).behind("/people");
            let text = cx.t("沒有符合的人員。", "Nobody fits.").to_owned();
            let page = ListPage {
                cx,
                shell: Shell::new(cx, None, cx.t("人員", "People")).with_second(second(cx, "/people")),
                words: query.one("q").unwrap_or_default().to_owned(),
                role: role.map(|role| role.to_string()).unwrap_or_default(),
                left,
                roles: look
                    .pack
                    .roles
                    .values()
                    .map(|one| (one.id.to_string(), cx.label(&one.label).to_owned()))
                    .collect(),
                rows,
                empty: Empty { cx, icon: "users", text, action: None },
                total: found.len(),
                before: (page > 1).then(|| at(page - 1)),
                after: (skip + PAGE < found.len()).then(|| at(page + 1)),
                may_register: look.roster.state.units().any(|unit| {
                    unit.closed_at.is_none() && granted(cx, Act::RegisterPerson, On::Unit(unit.id))
                }),
            };
            cx.render(&page)
        })
    })
    .await
}

/// The second level: people, units.
pub(crate) fn second(cx: &Cx, current: &str) -> Vec<Section> {
    let link = |text: &str, href: &str| Link {
        text: text.to_owned(),
        href: href.to_owned(),
        current: href == current,
        count: None,
    };
    let links = vec![link(cx.t("人員", "People"), "/people"), link(cx.t("單位", "Units"), "/units")];
    vec![Section { head: None, links }]
}

/// People with these words, within the unit looked at, by unit and account; those who are here, or those who have left.
pub(crate) fn found(look: &Look<'_>, words: &str, role: Option<&RoleId>, left: bool) -> Vec<PersonId> {
    let (cx, state) = (look.cx, look.roster.state);
    let within: Option<Vec<UnitId>> = cx.focus().map(|unit| state.subtree(unit).collect());
    let holds = |person: &identity::Person| {
        role.is_none_or(|role| person.held(cx.now()).any(|one| one.role == *role))
    };
    let named = |person: &identity::Person| {
        words.is_empty()
            || person.details.as_ref().is_some_and(|details| {
                details.name.as_str().to_lowercase().contains(words)
                    || details.title.as_str().contains(words)
                    || details.login.as_str().starts_with(words)
            })
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

fn row(look: &Look<'_>, person: PersonId) -> Row {
    let cx = look.cx;
    let found = look.roster.state.person(person);
    let title = found.and_then(|one| one.details.as_ref()).map(|details| details.title.as_str().to_owned());
    let mut roles: Vec<String> = look.roster.held(person).map(|(role, _)| look.role(role)).collect();
    roles.dedup();
    Row {
        name: look.person(person),
        href: format!("/people/{person}"),
        title: title.unwrap_or_default(),
        unit: found.map(|one| look.unit(one.home)).unwrap_or_default(),
        roles: roles.join(cx.t("、", ", ")),
        here: found.is_some_and(identity::Person::here),
    }
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
