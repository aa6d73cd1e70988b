//! People, units and terminals in the table `identity`, one row each, as the identity engine keeps them; and the data keys of people.

use crate::error::StoreError;
use crate::fold::Fold;
use crate::sql::{Sql, Value};
use identity::{Parts, State, Subject};
use model::{DataKeyId, PersonId};
use std::collections::{BTreeMap, BTreeSet};

/// Everybody, with the data keys of people.
pub(crate) fn load(sql: &mut Sql) -> Result<(State, BTreeMap<PersonId, DataKeyId>), StoreError> {
    let (mut parts, mut keys) = (Parts::default(), BTreeMap::new());
    for row in sql.rows("SELECT kind, id, body FROM identity ORDER BY kind, id", &[])? {
        let (id, body) = (row.text(1).unwrap_or_default(), row.text(2).unwrap_or_default());
        let damaged = || StoreError::damaged("identity", id.to_owned());
        match row.text(0) {
            Some("person") => parts.people.push(serde_json::from_str(body).map_err(|_| damaged())?),
            Some("terminal") => parts.terminals.push(serde_json::from_str(body).map_err(|_| damaged())?),
            Some("unit") => parts.units.push(serde_json::from_str(body).map_err(|_| damaged())?),
            Some("key") => {
                let (person, key) =
                    (id.parse().map_err(|_| damaged())?, body.parse().map_err(|_| damaged())?);
                keys.insert(person, key);
            }
            _ => return Err(damaged()),
        }
    }
    Ok((parts.into(), keys))
}

/// Writes the rows of those who changed.
pub(crate) fn save(sql: &mut Sql, fold: &Fold, touched: &BTreeSet<Subject>) -> Result<(), StoreError> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for subject in touched {
        let id = subject.to_string();
        let body = match subject {
            Subject::Person(person) => {
                if let Some(key) = fold.people.get(person) {
                    rows.push(vec!["key".into(), id.clone().into(), key.to_string().into()]);
                }
                fold.roster.person(*person).map(serde_json::to_string).map(|body| ("person", body))
            }
            Subject::Terminal(terminal) => {
                fold.roster.terminal(*terminal).map(serde_json::to_string).map(|body| ("terminal", body))
            }
            Subject::Unit(unit) => {
                fold.roster.unit(*unit).map(serde_json::to_string).map(|body| ("unit", body))
            }
        };
        if let Some((kind, body)) = body {
            let body = body.map_err(|error| StoreError::damaged("identity", format!("{id}: {error}")))?;
            rows.push(vec![kind.into(), id.into(), body.into()]);
        }
    }
    sql.put(
        "INSERT INTO identity (kind, id, body)",
        "ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
        &rows,
    )
}
