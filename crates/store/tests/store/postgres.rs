//! What only PostgreSQL does: locks, lost connections, accounts, encodings.

use crate::bed::{Bed, On, everyone, field, items};
use serde_json::json;
use store::{Place, Pool, Projection, Sql, StoreError};
use testkit::{Postgres, TemporaryFolder};

fn keys() -> std::sync::Arc<dyn store::Keys> {
    std::sync::Arc::<crate::bed::Keyring>::default()
}

/// The error of opening tables to write.
fn refused(place: &Place) -> StoreError {
    Projection::open(place, keys()).err().unwrap()
}

fn held(error: &StoreError) {
    assert!(matches!(error, StoreError::Held), "{error:?}");
    let told = error.told();
    assert!(told.zh.contains("另一個 Ward 程序") && told.en.contains("Another Ward process"), "{told:?}");
}

#[test]
fn one_process_writes_and_the_next_one_once_it_is_gone() {
    let Some(cluster) = Postgres::shared() else { return };
    let place = Place::of(TemporaryFolder::new().path(), Some(&cluster.database().unwrap()));
    let first = Projection::open(&place, keys()).unwrap();
    held(&refused(&place));
    let reader = place.open_to_read();
    assert!(reader.is_ok(), "one may read");
    drop(first);
    let second = Projection::open(&place, keys()).unwrap();
    // Nor are tables replaced under one who writes.
    let bed = Bed::new(On::Sqlite, 61).unwrap();
    held(&bed.rebuild_at(&place).unwrap_err());
    drop(second);
    bed.rebuild_at(&place).unwrap();
    assert_eq!(crate::bed::dump(&mut place.open_to_read().unwrap(), bed.tables.layout()), bed.dump());
}

#[test]
fn a_server_that_was_restarted_is_read_and_written_again() {
    let Some(cluster) = Postgres::own("") else { return };
    let mut bed = Bed::in_cluster(&cluster.database().unwrap(), 62);
    let unit = bed.unit();
    bed.item(unit, json!({"name": "甲"}));
    bed.settle();
    let pool = Pool::new(bed.place.clone());
    let count = |bed: &Bed| {
        let (packs, layout) = (bed.tables.packs(), bed.tables.layout());
        pool.with(|sql| store::list(sql, packs, layout, &everyone(), &items())).map(|page| page.total)
    };
    // As an administrator restarts it, and as a crash does: what it had not written yet is replayed.
    for crash in [false, true] {
        let before = count(&bed).unwrap();
        bed.item(unit, json!({"name": "乙"}));
        bed.settle();
        if crash { cluster.crash() } else { cluster.stop() }.unwrap();
        assert!(!bed.tables.is_alive());
        let told = count(&bed).unwrap_err();
        assert!(matches!(told, store::ListError::Store(StoreError::Unavailable { .. })), "{told:?}");
        assert!(bed.tables.reopen().is_err());
        cluster.start().unwrap();
        assert!(!bed.tables.is_alive(), "a lost connection stays lost");
        let entries = bed.entries(bed.size() - 1..bed.size());
        assert!(bed.tables.apply(entries).is_err());
        bed.reopen();
        assert_eq!(count(&bed).unwrap(), before + 1);
        assert_eq!(bed.tables.position(), bed.size());
        bed.holds();
    }
}

#[test]
fn a_database_that_keeps_no_utf_8_is_refused() {
    let Some(cluster) = Postgres::shared() else { return };
    let url = cluster.database_with("LOCALE 'C' ENCODING 'SQL_ASCII'").unwrap();
    let error = refused(&Place::of(TemporaryFolder::new().path(), Some(&url)));
    assert!(matches!(&error, StoreError::Encoding(name) if name == "SQL_ASCII"), "{error:?}");
    assert!(error.told().zh.contains("UTF8"));
}

#[test]
fn an_account_that_may_make_no_tables_is_told_what_it_lacks() {
    let Some(cluster) = Postgres::shared() else { return };
    let url = cluster.database().unwrap();
    let database = url.rsplit('/').next().unwrap();
    let mut sql = Sql::postgres(&url, "public").unwrap();
    sql.script("CREATE ROLE poor LOGIN PASSWORD 'geheim'").unwrap();
    let with_password = cluster.url_as(database, "poor:geheim");
    let error = refused(&Place::of(TemporaryFolder::new().path(), Some(&with_password)));
    assert!(matches!(error, StoreError::NotPermitted { .. }), "{error:?}");
    assert!(error.told().zh.contains("CREATE"));
    for (account, database) in [("poor:geheim", "nowhere"), ("nobody:geheim", database)] {
        let place = Place::of(TemporaryFolder::new().path(), Some(&cluster.url_as(database, account)));
        let error = refused(&place);
        let told = error.told();
        for text in [format!("{error:?}{place:?}"), told.zh, told.en] {
            assert!(!text.contains("geheim"), "{text}");
        }
    }
}

#[test]
fn an_error_of_a_row_tells_nothing_of_what_is_in_it() {
    let Some(cluster) = Postgres::shared() else { return };
    let mut sql = Sql::postgres(&cluster.database().unwrap(), "public").unwrap();
    sql.script("CREATE TABLE one (a TEXT PRIMARY KEY CHECK (a <> 'x'))").unwrap();
    let mut put = |text: &str| sql.run("INSERT INTO one (a) VALUES ($1)", &[text.into()]);
    put("geheim").unwrap();
    for text in ["geheim", "x"] {
        let error = put(text).unwrap_err();
        let told = error.told();
        assert!(!format!("{error:?}{}{}", told.zh, told.en).contains("geheim"), "{error:?}");
    }
}

#[test]
fn readers_go_on_while_tables_are_replaced_under_them() {
    let Some(_) = Postgres::shared() else { return };
    let mut bed = Bed::new(On::Postgres, 63).unwrap();
    let unit = bed.unit();
    bed.item(unit, json!({"name": "甲"}));
    bed.settle();
    let pool = Pool::new(bed.place.clone());
    let read = |bed: &Bed| {
        let (packs, layout) = (bed.tables.packs(), bed.tables.layout());
        let total = pool.with(|sql| store::list(sql, packs, layout, &everyone(), &items())).unwrap().total;
        // All columns, of which some may have come to be of another kind.
        pool.with(|sql| store::digest(sql, layout)).unwrap();
        let name = field("name");
        let counts = pool.with(|sql| items().counts(sql, packs, layout, &everyone(), &name)).unwrap();
        assert_eq!(counts.len(), 1);
        total
    };
    assert_eq!(read(&bed), 1);
    bed.rebuilt();
    assert_eq!(read(&bed), 1);
    bed.tables.ask(|sql| sql.script("ALTER TABLE sheet_item ALTER f_name TYPE BIGINT USING 7")).unwrap();
    assert_eq!(read(&bed), 1, "a statement that was prepared for other columns is prepared again");
}
