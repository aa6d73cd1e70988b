//! The schema, and the few words that differ between the databases.

use crate::sql::Dialect;

/// Tables of the projection, in SQLite's words.
const PROJECTION: &str = include_str!("../schema/projection.sql");
/// Tables of the state, in words both know.
const STATE: &str = include_str!("../schema/state.sql");

/// Version of the projection's layout. Another one is built anew from the ledger.
pub(crate) const VERSION: &str = "6";

/// Statements that make the projection.
pub(crate) fn projection(dialect: Dialect) -> String {
    spelled(PROJECTION, dialect)
}

/// Statements that make the state, where it is not there.
pub(crate) fn state(dialect: Dialect) -> String {
    spelled(STATE, dialect)
}

/// A statement in the words of a database.
pub(crate) fn spelled(text: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => text.to_owned(),
        Dialect::Postgres => text
            .replace(") STRICT, WITHOUT ROWID", ")")
            .replace(") STRICT", ")")
            .replace(" INTEGER", " BIGINT")
            .replace(" TEXT", " TEXT COLLATE \"C\"")
            .replace(" BLOB", " BYTEA"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgresql_gets_its_own_words() {
        let text = "CREATE TABLE a (b INTEGER NOT NULL PRIMARY KEY, c TEXT, d BLOB) STRICT, WITHOUT ROWID;";
        let own = "CREATE TABLE a (b BIGINT NOT NULL PRIMARY KEY, c TEXT COLLATE \"C\", d BYTEA);";
        assert_eq!(spelled(text, Dialect::Postgres), own);
        assert_eq!(spelled(text, Dialect::Sqlite), text);
    }
}
