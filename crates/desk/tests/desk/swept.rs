//! Files that were handed in: what no record came to hold goes after a day, what one holds stays; and why a file is not
//! found by its text is said.

use crate::naive::{judge_house, rules};
use crate::yard::Yard;
use desk::{Asker, Keeping, Order, PackFiles};
use model::{Evidence, RecordId};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::{CrashDisk, Failing, Fault, FaultyDisk, House, Operation, Reason};

const DAY: Duration = Duration::from_secs(86_400);

fn yard() -> (Yard, Arc<FaultyDisk>, CrashDisk) {
    let (remains, people) = Yard::ground();
    let disk = remains.disk.snapshot();
    let faulty = Arc::new(FaultyDisk::over(&disk));
    let house = remains.house_on(Arc::<FaultyDisk>::clone(&faulty) as _).unwrap();
    (Yard { house, people }, faulty, disk)
}

fn digest(file: &Json) -> String {
    file["digest"].as_str().unwrap().to_owned()
}

fn permit(yard: &mut Yard, file: &Json, day: &str) -> Result<RecordId, desk::Refused> {
    let mut fill = yard.permit_of(1, "附件", day);
    fill.push(("papers", json!([file])));
    yard.house.open(yard.people.operators[0].with(Evidence::Otp), "permit", "file", &fill)
}

/// Files that lie in the folder, but for the archive of the pack.
fn lying(house: &House, disk: &CrashDisk) -> usize {
    let pack = "SELECT archive FROM published";
    let packs = house.desk.read(|sql, _| sql.rows(pack, &[])).unwrap();
    let packs: Vec<&str> =
        packs.iter().map(|row| row.text(0).unwrap().trim_start_matches("sha256:")).collect();
    let files = disk.paths().into_iter().filter(|path| path.starts_with("attachments/"));
    files.filter(|path| !packs.iter().any(|pack| path.ends_with(pack))).count()
}

#[test]
fn what_no_record_came_to_hold_goes_after_a_day_and_what_one_holds_stays() {
    let (mut yard, _, disk) = yard();
    let kept = yard.house.file("留.txt", "留".as_bytes(), Keeping::Clear).unwrap();
    let left = yard.house.file("棄.txt", "棄".as_bytes(), Keeping::Clear).unwrap();
    let sealed = yard.house.file("密.txt", "密".as_bytes(), Keeping::Sealed).unwrap();
    let again = yard.house.file("再.txt", "再".as_bytes(), Keeping::Clear).unwrap();
    permit(&mut yard, &kept, "2025-05-01").unwrap();
    let there = |yard: &Yard, file: &Json| yard.house.desk.file(&digest(file)).is_ok();
    yard.house.clock.pass(DAY - Duration::from_secs(60));
    assert_eq!(yard.house.tick().unwrap().swept, 0, "not before its time");
    // Handed in once more, it waits once more.
    yard.house.file("再.txt", "再".as_bytes(), Keeping::Clear).unwrap();
    yard.house.clock.pass(Duration::from_secs(3_700));
    assert_eq!(yard.house.tick().unwrap().swept, 2);
    let found = [&kept, &left, &sealed, &again].map(|file| there(&yard, file));
    assert_eq!(found, [true, false, false, true]);
    assert_eq!(lying(&yard.house, &disk), 2);
    let texts = yard.house.desk.read(|sql, _| sql.rows("SELECT body FROM state.file_text", &[])).unwrap();
    assert!(!texts.iter().any(|row| row.text(0).unwrap().contains('棄')));
    // A command that comes too late is told so, and may be given again with the file.
    let refused = permit(&mut yard, &left, "2025-05-02").unwrap_err();
    assert_eq!(refused.code(), "refused", "{refused:?}");
    let left = yard.house.file("棄.txt", "棄".as_bytes(), Keeping::Clear).unwrap();
    permit(&mut yard, &left, "2025-05-02").unwrap();
    permit(&mut yard, &again, "2025-05-03").unwrap();
    yard.house.clock.pass(DAY * 30);
    assert_eq!(yard.house.tick().unwrap().swept, 0);
    assert_eq!(lying(&yard.house, &disk), 3);
    judge_house(&mut yard.house, &rules::YARD);
}

#[test]
fn the_archive_of_a_pack_that_somebody_also_handed_in_stays() {
    let (mut yard, _, _) = yard();
    let files = PackFiles::of(&regulation::Folder::new(&crate::yard::folder())).unwrap();
    let archive = proof::json::canonical(&files.0).unwrap();
    yard.house.file("規範.txt", &archive, Keeping::Clear).unwrap();
    yard.house.clock.pass(DAY * 2);
    assert_eq!(yard.house.tick().unwrap().swept, 0);
    yard.house.reopen().unwrap();
    assert_eq!(yard.house.tick().unwrap().swept, 0);
    let mut next = files;
    let head = next.0["pack.toml"].replace("version = 1", "version = 2");
    next.0.insert("pack.toml".to_owned(), head);
    yard.house.desk.ask(Asker::Console, Order::Publish(next)).unwrap();
    yard.house.reopen().unwrap();
}

#[test]
fn a_sweep_cut_off_anywhere_is_gone_through_again_and_takes_nothing_that_a_record_holds() {
    let (mut yard, _, disk) = yard();
    let kept = yard.house.file("留.txt", "留".as_bytes(), Keeping::Clear).unwrap();
    let held = permit(&mut yard, &kept, "2025-05-01").unwrap();
    let left: Vec<Json> = (0..3)
        .map(|n| yard.house.file(&format!("{n}.txt"), format!("棄{n}").as_bytes(), Keeping::Clear).unwrap())
        .collect();
    yard.house.desk.close();
    let before = yard.house.remains(disk.snapshot()).unwrap();
    for failing in [Failing::Undone, Failing::Done] {
        for number in 0..7 {
            let disk = before.disk.snapshot();
            let faulty = Arc::new(FaultyDisk::over(&disk));
            let house = before.house_on(Arc::<FaultyDisk>::clone(&faulty) as _).unwrap();
            house.clock.pass(DAY * 2);
            let fault = Fault::any(failing, Reason::Device).at("attachments/*");
            faulty.fail(fault.after(number).for_ever());
            let cut_off = house.tick();
            assert!(number > 0 || cut_off.is_err(), "the fault was not met");
            let context = format!("{failing:?} after {number}");
            for found in [disk.kill(), disk.crash(number)] {
                let mut again =
                    house.remains(found.snapshot()).unwrap().house_on(Arc::new(found.clone())).unwrap();
                again.clock.pass(DAY * 3);
                // Before it is gone through again, nothing is held that is not there.
                let mut yard = Yard { house: again, people: yard.people };
                let late = permit(&mut yard, &left[0], "2025-05-02");
                let there = yard.house.desk.file(&digest(&left[0])).is_ok();
                assert_eq!(late.is_ok(), there, "{context}: {late:?}");
                again = yard.house;
                again.tick().unwrap();
                assert!(again.desk.file(&digest(&kept)).is_ok(), "{context}");
                assert!(again.desk.case(held).unwrap().is_some());
                assert_eq!(lying(&again, &found), 1 + usize::from(there), "{context}");
                judge_house(&mut again, &rules::YARD);
            }
            house.desk.close();
        }
    }
}

#[test]
fn a_file_that_was_stored_and_never_noted_goes_after_the_next_start() {
    let (yard, _, disk) = yard();
    yard.house.desk.put_file("留.txt", "留".as_bytes(), Keeping::Clear).unwrap();
    yard.house.desk.close();
    let mut left = yard.house.remains(disk.kill()).unwrap();
    // The tables of before: the process was killed between storing and noting.
    left.tables = Yard::ground().0.tables;
    let found = left.disk.snapshot();
    let house = left.house_on(Arc::new(found.clone())).unwrap();
    assert_eq!(lying(&house, &found), 1);
    assert_eq!(house.tick().unwrap().swept, 1);
    assert_eq!(lying(&house, &found), 0);
}

#[test]
fn a_file_that_cannot_be_removed_is_told_and_tried_again() {
    let (mut yard, faulty, disk) = yard();
    yard.house.file("棄.txt", "棄".as_bytes(), Keeping::Clear).unwrap();
    yard.house.clock.pass(DAY * 2);
    let away = Fault::of(Operation::Remove, Failing::Undone, Reason::Device).at("attachments/*");
    faulty.fail(away.for_ever());
    for _ in 0..2 {
        let told = yard.house.tick().unwrap_err().told();
        assert!(told.zh.contains("無法刪除檔案"), "{told}");
    }
    faulty.heal();
    assert_eq!(yard.house.tick().unwrap().swept, 1);
    assert_eq!(lying(&yard.house, &disk), 0);
    judge_house(&mut yard.house, &rules::YARD);
}

#[test]
fn why_a_file_is_not_found_by_its_text_is_said() {
    let (yard, _, _) = yard();
    let good = yard.house.desk.put_file("好.txt", "內容".as_bytes(), Keeping::Clear).unwrap();
    assert_eq!(good.unread, None);
    // It begins as such a file does, and there is nothing behind.
    let torn = yard.house.desk.put_file("壞.pdf", b"%PDF-1.7\n\n%%EOF\n", Keeping::Clear).unwrap();
    let told = torn.unread.clone().unwrap();
    assert!(told.zh.contains("搜尋") && !told.en.is_empty(), "{told}");
    let noted = |digest: &str| yard.house.desk.read(|sql, _| sql.file_unread(digest)).unwrap();
    assert_eq!(noted(&torn.digest), Some(told));
    assert_eq!(noted(&good.digest), None);
}
