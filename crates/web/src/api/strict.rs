//! Requests are held to the description: a parameter that it does not name, names once and comes twice, or spells
//! otherwise does not read. A program that means one thing is not given another.
//!
//! Owns: what stands behind the question mark. What a path names is there or not; bodies are read by their shapes.

use super::describe::described;
use super::unread;
use crate::error::PageError;
use crate::query::Query;
use crate::route::{Route, Verb};
use regex::Regex;
use std::collections::HashMap;
use std::sync::LazyLock;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems};
use utoipa::openapi::{RefOr, Required, Schema};

/// A parameter, as it is described.
struct Described {
    name: String,
    /// How its names are spelled, where it stands for several.
    names: Option<Regex>,
    spelled: Option<Regex>,
    /// May it come more than once?
    many: bool,
    required: bool,
}

type Table = HashMap<(Verb, String), Vec<Described>>;

static TABLE: LazyLock<Result<Table, regex::Error>> = LazyLock::new(table);

fn table() -> Result<Table, regex::Error> {
    let mut table = Table::new();
    for (path, item) in described().paths.paths {
        for (verb, operation) in [(Verb::Get, item.get), (Verb::Post, item.post)] {
            let Some(operation) = operation else { continue };
            let mut all = Vec::new();
            for parameter in operation.parameters.into_iter().flatten() {
                match parameter {
                    RefOr::T(one) if one.parameter_in == ParameterIn::Query => all.push(read(one)?),
                    _ => {}
                }
            }
            table.insert((verb, path.clone()), all);
        }
    }
    Ok(table)
}

fn read(one: Parameter) -> Result<Described, regex::Error> {
    let (names, pattern, many) = match one.schema {
        Some(RefOr::T(Schema::Array(of))) => (None, of_items(of.items), true),
        Some(RefOr::T(Schema::Object(of))) => match of.property_names.map(|names| *names) {
            Some(Schema::Object(names)) => (names.pattern, of_values(of.additional_properties), true),
            _ => (None, of.pattern, false),
        },
        _ => (None, None, false),
    };
    let compiled = |pattern: Option<String>| pattern.map(|pattern| Regex::new(&pattern)).transpose();
    Ok(Described {
        name: one.name,
        names: compiled(names)?,
        spelled: compiled(pattern)?,
        many,
        required: one.required == Required::True,
    })
}

fn of_items(items: ArrayItems) -> Option<String> {
    match items {
        ArrayItems::RefOrSchema(schema) => pattern(*schema),
        ArrayItems::False => None,
    }
}

fn of_values(values: Option<Box<AdditionalProperties<Schema>>>) -> Option<String> {
    match *values? {
        AdditionalProperties::RefOr(schema) => pattern(schema),
        AdditionalProperties::FreeForm(_) => None,
    }
}

fn pattern(of: RefOr<Schema>) -> Option<String> {
    match of {
        RefOr::T(Schema::Object(of)) => of.pattern,
        _ => None,
    }
}

/// Is what stands behind the question mark what the description has there?
///
/// # Errors
/// `Unread`: what is not.
pub(super) fn as_described(route: &Route, query: &str) -> Result<(), PageError> {
    let table = TABLE.as_ref().map_err(|error| PageError::Failed(error.clone().into()))?;
    let Some(described) = table.get(&(route.verb, route.path.to_owned())) else { return Ok(()) };
    let query = Query::parse(query.as_bytes());
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in query.pairs() {
        let fits = |one: &&Described| match &one.names {
            Some(names) => names.is_match(name),
            None => one.name == name,
        };
        let one = described.iter().find(fits);
        let one = one.ok_or_else(|| unread(name, "無此參數", "there is no such parameter"))?;
        if seen.contains(&name) && !one.many {
            return Err(unread(name, "僅能指定一次", "it comes once"));
        }
        if one.spelled.as_ref().is_some_and(|spelled| !spelled.is_match(value)) {
            return Err(unread(name, "格式不符介面規格", "it is not spelled as described"));
        }
        seen.push(name);
    }
    let missing = |one: &&Described| one.required && !seen.contains(&one.name.as_str());
    match described.iter().find(missing) {
        None => Ok(()),
        Some(one) => Err(unread(&one.name, "為必要參數", "it has to be said")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{Access, Audit};

    fn ask(verb: Verb, path: &'static str, query: &str) -> bool {
        let make = || axum::routing::get(|| async {});
        let route = Route { verb, ..Route::get(path, Access::Application, Audit::None, make) };
        as_described(&route, query).is_ok()
    }

    #[test]
    fn what_is_named_once_and_spelled_as_described_reads_and_nothing_else() {
        let clauses = |query| ask(Verb::Get, "/api/v1/clauses", query);
        let unit = format!("unit={}", model::UnitId::from_bytes([7; 16]));
        for query in ["", "q=a", "on=2026-03-02", "state=met&state=stale", unit.as_str()] {
            assert!(clauses(query), "{query}");
        }
        for query in
            ["Q=a", "on=", "on=2026-3-2", "q=a&q=b", "q=%20", "state=met&state=fine", "unit=u_a", "page=1"]
        {
            assert!(!clauses(query), "{query}");
        }
        assert!(ask(Verb::Get, "/api/v1/search", "q=a") && !ask(Verb::Get, "/api/v1/search", ""));
        assert!(ask(Verb::Post, "/api/v1/files", "name=a&sealed=true"));
        assert!(
            !ask(Verb::Post, "/api/v1/files", "name=a&sealed=yes") && !ask(Verb::Post, "/api/v1/files", "")
        );
    }

    #[test]
    fn every_parameter_says_how_it_is_spelled() {
        for (of, all) in TABLE.as_ref().unwrap() {
            for one in all {
                assert!(one.spelled.is_some(), "{of:?}: {}", one.name);
            }
        }
    }
}
