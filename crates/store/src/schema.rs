//! The schema, and the few words that differ between the databases.

use crate::sql::Dialect;

/// Tables of the projection, in SQLite's words.
const PROJECTION: &str = include_str!("../schema/projection.sql");
/// Tables of the state, in words both know.
const STATE: &str = include_str!("../schema/state.sql");

/// Version of the projection's layout. Another one is built anew from the ledger.
pub(crate) const VERSION: &str = "15";

/// Statements that make the tables of the projection.
pub(crate) fn tables(dialect: Dialect) -> String {
    chosen(dialect, |statement| !is_index(statement))
}

/// Statements that make their indexes, which may come when the tables are full.
pub(crate) fn indexes(dialect: Dialect) -> String {
    chosen(dialect, is_index)
}

fn chosen(dialect: Dialect, choose: fn(&str) -> bool) -> String {
    let bare: String =
        PROJECTION.lines().filter(|line| !line.starts_with("--")).flat_map(|line| [line, "\n"]).collect();
    let statements =
        bare.split(';').map(str::trim).filter(|statement| !statement.is_empty() && choose(statement));
    statements.map(|statement| spelled(statement, dialect) + ";\n").collect()
}

fn is_index(statement: &str) -> bool {
    statement.starts_with("CREATE INDEX")
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
    fn tables_and_indexes_are_all_there_is() {
        let (tables, indexes) = (tables(Dialect::Sqlite), indexes(Dialect::Sqlite));
        assert_eq!(tables.matches("CREATE TABLE").count(), PROJECTION.matches("CREATE TABLE").count());
        assert_eq!(indexes.matches("CREATE INDEX").count(), PROJECTION.matches("CREATE INDEX").count());
        assert_eq!(tables.matches("CREATE").count(), tables.matches("CREATE TABLE").count());
        assert_eq!(indexes.matches("CREATE").count(), indexes.matches(';').count());
    }

    #[test]
    fn postgresql_gets_its_own_words() {
        let text = "CREATE TABLE a (b INTEGER NOT NULL PRIMARY KEY, c TEXT, d BLOB) STRICT, WITHOUT ROWID;";
        let own = "CREATE TABLE a (b BIGINT NOT NULL PRIMARY KEY, c TEXT COLLATE \"C\", d BYTEA);";
        assert_eq!(spelled(text, Dialect::Postgres), own);
        assert_eq!(spelled(text, Dialect::Sqlite), text);
    }
}
