//! What is destroyed is in no file of the database any more.

use crate::bed::{Bed, On, on_both};
use crate::tombs::told_of;
use model::RecordId;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use store::{Place, Sql};
use testkit::Postgres;

/// What is looked for: a mark in each text, pieces of Chinese as rows have it and as the index has it.
const MARKS: [&str; 4] = ["zq0", "契約zq0file", "之用途", "用途"];

/// Files under a folder that hold a mark.
fn holding(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path));
        } else if let Ok(content) = std::fs::read(&path) {
            let holds = |mark: &str| content.windows(mark.len()).any(|window| window == mark.as_bytes());
            found.extend(MARKS.iter().filter(|mark| holds(mark)).map(|mark| (path.clone(), *mark)));
        }
    }
    found
}

/// Destroys a record and what belongs to it, as the desk does.
fn destroy(bed: &mut Bed, record: RecordId) {
    let files = bed.tables.ask(|sql| sql.files_of_record_alone(record)).unwrap();
    assert_eq!(files.len(), 1);
    bed.destroy(record);
    files.iter().for_each(|file| bed.tables.ask(|sql| sql.file_forgotten(file)).unwrap());
}

fn scrub(bed: &Bed) -> bool {
    bed.tables.ask(store::Sql::scrub).unwrap()
}

#[test]
fn sqlite_keeps_nothing_of_it_in_its_files() {
    let mut bed = Bed::new(On::Sqlite, 51).unwrap();
    let Place::Folder(folder) = bed.place.clone() else { panic!("{:?}", bed.place) };
    for rebuilt in [false, true] {
        let (one, _) = told_of(&mut bed);
        if rebuilt {
            bed.rebuilt();
        }
        let before: BTreeSet<&str> = holding(&folder).into_iter().map(|(_, mark)| mark).collect();
        assert_eq!(before.len(), MARKS.len(), "the marks are found while they are there");
        destroy(&mut bed, one);
        assert!(scrub(&bed));
        assert_eq!(holding(&folder), []);
    }
    assert_eq!(bed.sql().scrubbed().unwrap(), 2);
}

/// Where its log of changes is not kept for later use, nothing at all is left; else the log may hold it until the server
/// writes over it.
#[test]
fn postgresql_keeps_nothing_of_it_in_its_tables_and_where_the_log_is_not_reused_nowhere() {
    for (settings, log_goes) in [("wal_recycle = off\n", true), ("", false)] {
        let Some(cluster) = Postgres::own(settings) else { return };
        let mut bed = Bed::in_cluster(&cluster.database().unwrap(), 52);
        let (one, _) = told_of(&mut bed);
        // Samples of what is in tables are taken for planning.
        bed.tables.ask(|sql| sql.script("ANALYZE; CHECKPOINT")).unwrap();
        let before: BTreeSet<&str> =
            holding(&cluster.files().join("base")).into_iter().map(|(_, mark)| mark).collect();
        assert_eq!(before.len(), MARKS.len(), "the marks are found while they are there");
        destroy(&mut bed, one);
        assert!(scrub(&bed));
        let left = holding(&cluster.files());
        let log = cluster.files().join("pg_wal");
        assert!(left.iter().all(|(path, _)| !log_goes && path.starts_with(&log)), "{left:?}");
        bed.holds();
    }
}

/// An account that owns the database and may do nothing else.
#[test]
fn on_postgresql_an_account_without_other_rights_scrubs_its_tables() {
    let Some(cluster) = Postgres::own("") else { return };
    let url = cluster.database().unwrap();
    let database = url.rsplit('/').next().unwrap();
    let mut sql = Sql::postgres(&url, "public").unwrap();
    sql.script(&format!("CREATE ROLE plain LOGIN; ALTER DATABASE {database} OWNER TO plain")).unwrap();
    let mut bed = Bed::in_cluster(&cluster.url_as(database, "plain"), 53);
    let (one, _) = told_of(&mut bed);
    bed.tables.ask(|sql| sql.script("ANALYZE")).unwrap();
    sql.script("CHECKPOINT").unwrap();
    destroy(&mut bed, one);
    assert!(scrub(&bed));
    // As the server does by itself every few minutes.
    sql.script("CHECKPOINT").unwrap();
    let left = holding(&cluster.files());
    let log = cluster.files().join("pg_wal");
    assert!(left.iter().all(|(path, _)| path.starts_with(&log)), "{left:?}");
}

fn while_somebody_reads_what_was_before_it_is_not_done_and_then_it_is(on: On) {
    let mut bed = Bed::new(on, 54).unwrap();
    let (one, _) = told_of(&mut bed);
    let mut reading = bed.sql();
    let read = reading.snapshot(|sql| {
        sql.rows("SELECT * FROM record", &[])?;
        destroy(&mut bed, one);
        assert!(!scrub(&bed));
        assert_eq!(bed.sql().scrubbed()?, 0);
        sql.rows("SELECT * FROM record", &[])
    });
    assert_eq!(read.unwrap().len(), 2);
    assert!(scrub(&bed));
    assert_eq!(bed.sql().scrubbed().unwrap(), 1);
}

on_both!(while_somebody_reads_what_was_before_it_is_not_done_and_then_it_is);
