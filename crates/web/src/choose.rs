//! Choosing people, units and records by words: for fields of forms, for filters, as one types.
//!
//! Invariant: only records the reader may see are found; people and units are known to everybody who is signed in.

use crate::cx::Cx;
use crate::error::PageResult;
use crate::given;
use crate::look::Look;
use crate::query::Query;
use crate::registers;
use crate::route::{Access, Audit, Route};
use axum::http::StatusCode;
use axum::routing::get;
use casework::Directory as _;
use model::{PersonId, RecordId, UnitId};
use regulation::{RegisterId, RoleId};
use serde_json::json;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/choose/person", Access::Person, Audit::None, || get(person)),
    Route::get("/choose/unit", Access::Person, Audit::None, || get(unit)),
    Route::get("/choose/record", Access::Person, Audit::None, || get(record)),
];

/// How many are offered at once.
pub(crate) const OFFERED: usize = 20;
/// How many records are looked through for a title.
const LOOKED_THROUGH: u32 = 300;

/// People still here with these words in name or account, holders of a role where one is asked.
#[must_use]
pub fn people(look: &Look<'_>, role: Option<&RoleId>, words: &str, most: usize) -> Vec<PersonId> {
    let holders = role.map(|role| look.roster.holders(role, None, false));
    let fits = |person: &&identity::Person| {
        is_called(person, words)
            && person.here()
            && holders.as_ref().is_none_or(|holders| holders.contains(&person.id))
    };
    look.roster.state.people().filter(fits).map(|person| person.id).take(most).collect()
}

/// Has somebody these words in their name, or does their account begin with them? Whoever is forgotten has neither.
pub(crate) fn is_called(person: &identity::Person, words: &str) -> bool {
    let words = words.trim().to_lowercase();
    person.details.as_ref().is_some_and(|details| {
        details.name.as_str().to_lowercase().contains(&words) || details.login.as_str().starts_with(&words)
    })
}

/// Has a unit these words in one of its names, or does its code begin with them?
pub(crate) fn is_named(unit: &identity::Unit, words: &str) -> bool {
    let words = words.trim().to_lowercase();
    unit.names.zh.as_str().to_lowercase().contains(&words)
        || unit.names.en.as_str().to_lowercase().contains(&words)
        || unit.code.as_str().to_lowercase().starts_with(&words)
}

/// Open units with these words in their name, or this beginning of their code.
#[must_use]
pub fn units(look: &Look<'_>, words: &str, most: usize) -> Vec<UnitId> {
    let fits = |unit: &&identity::Unit| unit.closed_at.is_none() && is_named(unit, words);
    look.roster.state.units().filter(fits).map(|unit| unit.id).take(most).collect()
}

/// Records of a register with these words: in what is searched, in their number, or in their title.
#[must_use]
pub fn records(look: &Look<'_>, register: &RegisterId, words: &str, most: u32) -> Vec<RecordId> {
    let words = words.trim();
    if words.is_empty() {
        return registers::of_register(look, register, None, most);
    }
    let mut found = registers::of_register(look, register, Some(words), most);
    if found.is_empty() {
        let lower = words.to_lowercase();
        found = registers::of_register(look, register, None, LOOKED_THROUGH);
        found.retain(|record| look.record(*record).text.to_lowercase().contains(&lower));
        found.truncate(most as usize);
    }
    found
}

fn offered(list: Vec<(String, String)>) -> PageResult {
    let list: Vec<_> = list.into_iter().map(|(id, text)| json!({ "id": id, "text": text })).collect();
    given::json(StatusCode::OK, &list)
}

async fn person(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        cx.look(|look| {
            let role = query.one("role").and_then(|role| role.parse().ok());
            let found = people(look, role.as_ref(), query.one("q").unwrap_or_default(), OFFERED);
            offered(found.into_iter().map(|one| (one.to_string(), look.person_in_full(one))).collect())
        })
    })
    .await
}

async fn unit(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        cx.look(|look| {
            let found = units(look, query.one("q").unwrap_or_default(), OFFERED);
            offered(found.into_iter().map(|one| (one.to_string(), look.unit(one))).collect())
        })
    })
    .await
}

async fn record(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        cx.look(|look| {
            let register: Option<RegisterId> = query.one("register").and_then(|id| id.parse().ok());
            let Some(register) = register else { return offered(Vec::new()) };
            let found = records(look, &register, query.one("q").unwrap_or_default(), OFFERED as u32);
            offered(found.into_iter().map(|one| (one.to_string(), look.record(one).text)).collect())
        })
    })
    .await
}
