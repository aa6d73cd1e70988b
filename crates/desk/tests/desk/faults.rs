//! Outcomes that are not known, tables that fail, disks that are full: the desk stops where it must, says why in both
//! languages, and opening it again heals.

use crate::archive::Archive;
use crate::naive::{judge_house, rules};
use desk::{Asker, Keeping, Order, Refused};
use model::RecordId;
use serde_json::json;
use std::sync::Arc;
use store::{Access, Sql};
use testkit::{CrashDisk, Failing, Fault, FaultyDisk, House, Operation, Reason};

/// What makes the tables refuse each row of the history, as a full disk does; and what ends it.
pub(crate) const NO_ROOM: (&str, &str) = (
    "CREATE TRIGGER no_room BEFORE INSERT ON history BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    "DROP TRIGGER no_room",
);
/// What lets every statement through and refuses what they leave when all of it is to be committed; and what ends it.
pub(crate) const LATE: (&str, &str) = (
    "CREATE TABLE creditor (one INTEGER PRIMARY KEY); \
     CREATE TABLE debt (one INTEGER REFERENCES creditor (one) DEFERRABLE INITIALLY DEFERRED); \
     CREATE TRIGGER late AFTER INSERT ON history BEGIN INSERT INTO debt VALUES (1); END",
    "DROP TRIGGER late; DROP TABLE debt; DROP TABLE creditor",
);

/// What makes the tables refuse whom a record waits for; and what ends it.
const NO_TURNS: (&str, &str) = (
    "CREATE TRIGGER no_turns BEFORE INSERT ON turn BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    "DROP TRIGGER no_turns",
);

/// An archive on a disk that fails when told.
fn archive() -> (Archive, Arc<FaultyDisk>, CrashDisk) {
    let (remains, people) = Archive::ground();
    let disk = remains.disk.snapshot();
    let faulty = Arc::new(FaultyDisk::over(&disk));
    let house = remains.house_on(Arc::<FaultyDisk>::clone(&faulty) as _).unwrap();
    (Archive { house, people }, faulty, disk)
}

fn register(archive: &mut Archive, code: &str) -> Result<RecordId, Refused> {
    let clerk = archive.people.clerk;
    archive.house.open(clerk, "key", "register", &[("code", json!(code))])
}

/// Nothing is taken any more, by nobody, and everybody is told why.
fn has_stopped(archive: &mut Archive, zh: &str) {
    let told = archive.house.desk.stopped().expect("the desk has stopped");
    assert!(told.zh.contains(zh) && !told.en.is_empty(), "{told}");
    let refused = register(archive, "K-stopped").unwrap_err();
    assert_eq!((refused.code(), refused.told()), ("stopped", told.clone()));
    assert_eq!(archive.house.tick().unwrap_err().told(), told);
    let unit = model::UnitId::from_bytes([5; 16]);
    let close = Order::Identity(identity::Command::CloseUnit { unit });
    assert_eq!(archive.house.desk.ask(Asker::Console, close).unwrap_err().code(), "stopped");
}

#[test]
fn after_an_append_of_unknown_outcome_the_desk_stops_and_opening_tells() {
    // Half of a page holds a small batch whole, or not.
    let outcomes = [(Failing::Undone, Some(false)), (Failing::Half, None), (Failing::Done, Some(true))];
    for (failing, there) in outcomes {
        let (mut archive, faulty, disk) = archive();
        let key = register(&mut archive, "K-1").unwrap();
        faulty.fail(Fault::of(Operation::WriteAt, failing, Reason::Device).at("ledger/journal/0*"));
        let refused = register(&mut archive, "K-2").unwrap_err();
        assert_eq!(refused.code(), "stopped", "{refused:?}");
        has_stopped(&mut archive, "無法確認");
        assert!(archive.house.case(key).is_ok(), "what is committed can be read");
        let mut house = archive.house.remains(disk.kill()).unwrap().house().unwrap();
        let mut again = Archive { house: swap(&mut house), people: archive.people };
        let twice = register(&mut again, "K-2");
        assert!(there.is_none_or(|there| there == twice.is_err()), "{failing:?}: {twice:?}");
        register(&mut again, "K-3").unwrap();
        judge_house(&mut again.house, &rules::ARCHIVE);
    }
}

fn swap(house: &mut House) -> House {
    std::mem::replace(house, Archive::ground().0.house().unwrap())
}

#[test]
fn tables_that_do_not_take_what_the_ledger_has_stop_the_desk_and_opening_catches_up() {
    let (mut archive, _, _) = archive();
    let key = register(&mut archive, "K-1").unwrap();
    let tables = archive.house.data.join("store/projection.db");
    let mut other = Sql::sqlite(&tables, None, Access::Write).unwrap();
    other.script(NO_ROOM.0).unwrap();
    let refused = register(&mut archive, "K-2").unwrap_err();
    assert!(refused.told().zh.contains("已記入帳本") && refused.told().en.contains("The ledger has it"));
    has_stopped(&mut archive, "已記入帳本");
    // What stops does not go on by itself, be the cause gone.
    other.script(NO_ROOM.1).unwrap();
    has_stopped(&mut archive, "已記入帳本");
    assert!(archive.house.case(key).is_ok());
    drop(other);
    archive.house.reopen().unwrap();
    assert!(archive.house.opened.replayed > 0);
    let twice = register(&mut archive, "K-2").unwrap_err();
    assert_eq!(twice.code(), "refused", "it is there: {twice:?}");
    register(&mut archive, "K-3").unwrap();
    judge_house(&mut archive.house, &rules::ARCHIVE);
}

#[test]
fn what_is_done_stays_done_where_it_cannot_be_found_whom_it_waits_for_and_that_is_found_before_anything_else()
{
    let (mut archive, _, _) = archive();
    let keys = [archive.key("K-1", "alarm"), archive.key("K-2", "alarm")];
    let tables = archive.house.data.join("store/projection.db");
    let mut other = Sql::sqlite(&tables, None, Access::Write).unwrap();
    other.script(NO_TURNS.0).unwrap();
    let waits = |archive: &Archive| {
        let count = |sql: &mut Sql| sql.row("SELECT count(DISTINCT opened) FROM turn", &[]);
        let row = archive.house.desk.read(|sql, _| count(sql)).unwrap();
        row.and_then(|row| row.entry(0)).unwrap()
    };
    let before = waits(&archive);
    let loan = archive.loan(keys[0], "盤點").unwrap();
    assert!(archive.house.case(loan).is_ok(), "it is there");
    assert_eq!(waits(&archive), before, "and nobody finds that it waits");
    // Nothing is done on what is not known, and nobody is told that something was.
    for _ in 0..2 {
        let refused = archive.loan(keys[1], "盤點").unwrap_err();
        assert!(matches!(refused, Refused::Away(_)), "{refused:?}");
        assert!(archive.house.tick().is_err());
    }
    assert!(archive.house.desk.stopped().is_none());
    other.script(NO_TURNS.1).unwrap();
    drop(other);
    archive.house.tick().unwrap();
    assert_eq!(waits(&archive), before + 1, "found by the next tick");
    archive.loan(keys[1], "盤點").unwrap();
    archive.approve(loan).unwrap();
    judge_house(&mut archive.house, &rules::ARCHIVE);
}

#[test]
fn a_commit_that_fails_after_the_append_stops_the_desk_and_opening_catches_up() {
    let (mut archive, _, _) = archive();
    let key = register(&mut archive, "K-1").unwrap();
    let tables = archive.house.data.join("store/projection.db");
    let mut other = Sql::sqlite(&tables, None, Access::Write).unwrap();
    other.script(LATE.0).unwrap();
    let position = archive.house.desk.seen().position;
    let refused = register(&mut archive, "K-2").unwrap_err();
    assert!(refused.told().zh.contains("已記入帳本") && refused.told().en.contains("The ledger has it"));
    has_stopped(&mut archive, "已記入帳本");
    assert_eq!(archive.house.desk.seen().position, position, "nothing of it is shown");
    assert!(archive.house.case(key).is_ok());
    other.script(LATE.1).unwrap();
    drop(other);
    archive.house.reopen().unwrap();
    let replayed = archive.house.opened.replayed;
    assert!(replayed > 0 && position + replayed == archive.house.desk.seen().position, "{replayed}");
    let twice = register(&mut archive, "K-2").unwrap_err();
    assert_eq!(twice.code(), "refused", "it is there: {twice:?}");
    register(&mut archive, "K-3").unwrap();
    judge_house(&mut archive.house, &rules::ARCHIVE);
}

#[test]
fn tables_that_are_damaged_are_named_with_the_mend() {
    let (mut archive, _, _) = archive();
    let key = register(&mut archive, "K-1").unwrap();
    let tables = archive.house.data.join("store/projection.db");
    let mut other = Sql::sqlite(&tables, None, Access::Write).unwrap();
    other.run("UPDATE record SET body = '{}' WHERE record = $1", &[key.to_string().into()]).unwrap();
    drop(other);
    archive.house.reopen().unwrap();
    let clerk = archive.people.clerk;
    let refused = archive.house.take(clerk, key, "change", regulation::Outcome::Done, &[]).unwrap_err();
    assert_eq!(refused.code(), "unavailable", "{refused:?}");
    assert!(refused.told().zh.contains("ward rebuild"), "{}", refused.told());
    assert!(archive.house.desk.stopped().is_none(), "others go on");
    register(&mut archive, "K-2").unwrap();
}

#[test]
fn without_room_for_the_journal_nothing_is_lost_and_it_goes_on_with_room_again() {
    let (mut archive, faulty, disk) = archive();
    let full = Fault::of(Operation::Write, Failing::Undone, Reason::DiskFull).at("ledger/journal/*");
    faulty.fail(full.for_ever());
    let mut codes = Vec::new();
    // The journal's file and its reserve hold some hundred batches.
    let refused = loop {
        let code = format!("K-{}", codes.len());
        match register(&mut archive, &code) {
            Ok(_) => codes.push(code),
            Err(refused) => break refused,
        }
        assert!(codes.len() < 400, "the disk is never full");
    };
    assert!(matches!(refused, Refused::Append(_)), "{refused:?}");
    assert_eq!(refused.code(), "unavailable");
    assert!(refused.told().zh.contains("磁碟已滿"), "{}", refused.told());
    assert!(archive.house.desk.stopped().is_none());
    let refused = register(&mut archive, "K-none").unwrap_err();
    assert_eq!(refused.code(), "unavailable");
    faulty.heal();
    register(&mut archive, "K-again").unwrap();
    let found = archive.house.remains(disk.crash(1)).unwrap();
    for mut house in [found.house().unwrap(), archive.house] {
        let known = "SELECT count(*) FROM record WHERE register = 'key'";
        let known = house.desk.read(|sql, _| sql.row(known, &[])).unwrap().unwrap().int(0).unwrap();
        assert_eq!(usize::try_from(known).unwrap(), codes.len() + 1);
        judge_house(&mut house, &rules::ARCHIVE);
    }
}

#[test]
fn without_room_for_a_key_or_a_file_the_order_is_refused_and_others_are_not() {
    let (mut archive, faulty, _) = archive();
    let key = archive.key("K-1", "4711");
    // The stock of keys is used up before the disk is asked for another.
    faulty.fail(Fault::of(Operation::WriteAt, Failing::Undone, Reason::DiskFull).at("vault/*").for_ever());
    let refused = loop {
        if let Err(refused) = archive.loan(key, "修繕") {
            break refused;
        }
    };
    assert_eq!(refused.code(), "unavailable", "{refused:?}");
    assert!(refused.told().zh.contains("磁碟") || refused.told().zh.contains("金鑰庫"), "{}", refused.told());
    register(&mut archive, "K-2").unwrap();
    faulty.heal();
    faulty
        .fail(Fault::of(Operation::Write, Failing::Undone, Reason::DiskFull).at("attachments/*").for_ever());
    let told = archive.house.desk.put_file("說明.txt", b"x", Keeping::Clear).unwrap_err();
    assert!(told.zh.contains("磁碟"), "{told}");
    faulty.heal();
    archive.house.reopen().unwrap();
    archive.loan(key, "修繕").unwrap();
    archive.house.desk.put_file("說明.txt", b"x", Keeping::Clear).unwrap();
    judge_house(&mut archive.house, &rules::ARCHIVE);
}

#[test]
fn a_disk_that_becomes_read_only_stops_the_desk() {
    let (mut archive, faulty, disk) = archive();
    register(&mut archive, "K-1").unwrap();
    faulty.make_read_only();
    let refused = register(&mut archive, "K-2").unwrap_err();
    assert_eq!(refused.code(), "stopped");
    has_stopped(&mut archive, "唯讀");
    let mut house = archive.house.remains(disk.kill()).unwrap().house().unwrap();
    judge_house(&mut house, &rules::ARCHIVE);
}

#[test]
fn a_desk_that_was_closed_says_so() {
    let mut archive = Archive::quick();
    archive.house.desk.close();
    let refused = register(&mut archive, "K-1").unwrap_err();
    assert_eq!(refused.code(), "stopped");
    assert!(!refused.told().zh.is_ascii());
}
