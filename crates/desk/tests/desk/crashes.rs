//! Crashes: between append and commit, before the append, after the commit, and at any operation of the disk. Whatever
//! was acknowledged is there once, the tables are what the ledger gives, no number is lost or given twice, and what is to
//! leave leaves at least once.
//!
//! The ledger's disk is in memory and as bad as a disk may be; the tables are files, copied as they were at some moment.

use crate::naive::{judge_house, lines, rules};
use crate::script::{Day, STEPS, ways};
use crate::yard::Yard;
use model::Evidence;
use std::sync::Arc;
use testkit::{CrashDisk, Failing, Fault, FaultyDisk, House, Reason, Remains};

/// A day on a disk of its own.
fn day() -> (Day, CrashDisk) {
    let (remains, people) = Yard::ground();
    let disk = remains.disk.snapshot();
    let house = remains.house_on(Arc::new(disk.clone())).unwrap();
    (Day::of(house, people), disk)
}

fn soak() -> bool {
    std::env::var_os("WARD_SOAK").is_some()
}

#[test]
fn what_the_ledger_has_and_the_tables_have_not_is_replayed() {
    let (mut day, disk) = day();
    let (mut healed, first) = (0, day.house.remains(disk.snapshot()).unwrap());
    for step in 0..STEPS {
        let before = day.house.remains(disk.snapshot()).unwrap();
        let position = day.house.desk.seen().position;
        day.step(step).unwrap();
        // Killed before the tables were written; and tables much older, as a backup of them may be.
        let after = day.house.remains(disk.snapshot()).unwrap();
        for (tables, from) in [(&before, position), (&first, first_position(&first))] {
            if day.house.desk.seen().position == position || (from != position && step % 5 != 4) {
                continue;
            }
            let house = after.with_tables_of(tables).house().unwrap();
            let context = format!("step {step}, tables up to {from}");
            assert_eq!(house.opened.replayed, house.desk.seen().position - from, "{context}");
            assert_eq!(house.desk.digest().unwrap(), day.house.desk.digest().unwrap(), "{context}");
            day.check(&house, &context);
            healed += 1;
        }
    }
    assert!(healed >= STEPS - 2, "{healed}");
    judge_house(&mut day.house, &rules::YARD);
}

fn first_position(remains: &Remains) -> u64 {
    remains.house().unwrap().desk.seen().position
}

#[test]
fn a_process_killed_at_any_step_goes_on_as_if_it_had_not_been() {
    let (mut day, disk) = day();
    for step in 0..STEPS {
        day.step(step).unwrap();
        if !soak() && step % 4 != 3 {
            continue;
        }
        for found in [disk.kill(), disk.crash(step as u64), disk.crash(1_000 + step as u64)] {
            let mut house = day.house.remains(found).unwrap().house().unwrap();
            let context = format!("after step {step}");
            assert_eq!(house.desk.digest().unwrap(), day.house.desk.digest().unwrap(), "{context}");
            goes_on(&mut house, &day, &context);
        }
    }
}

#[test]
fn every_operation_of_the_disk_may_fail_and_nothing_acknowledged_is_lost() {
    let (remains, people) = Yard::ground();
    let counting = Arc::new(FaultyDisk::over(&remains.disk.snapshot()));
    let mut day = Day::of(remains.house_on(Arc::<FaultyDisk>::clone(&counting)).unwrap(), people);
    let opening = counting.performed().len();
    assert!(day.live().is_empty());
    day.house.desk.close();
    let performed = counting.performed();
    assert!(performed.len() > opening + 100, "{} operations", performed.len());
    // All of them take many minutes; a few, spread evenly, are tried each time.
    let stride = if soak() { 1 } else { performed.len() / 7 };
    let kinds = [Failing::Undone, Failing::Half, Failing::Done, Failing::Dropped];
    for (nth, number) in (0..performed.len()).step_by(stride.max(1)).enumerate() {
        let kinds = if soak() { &kinds[..] } else { &kinds[nth % 4..=nth % 4] };
        for failing in kinds {
            let context = format!("operation {number}, {:?}, {failing:?}", performed[number]);
            with_fault(&remains, people, Fault::any(*failing, Reason::Device).after(number as u64), &context);
        }
    }
}

/// Lives the day on a disk that fails once, and looks at what is found afterwards.
fn with_fault(remains: &Remains, people: crate::yard::People, fault: Fault, context: &str) {
    let disk = remains.disk.snapshot();
    let faulty = Arc::new(FaultyDisk::over(&disk));
    faulty.fail(fault);
    let Ok(house) = remains.house_on(Arc::<FaultyDisk>::clone(&faulty)) else {
        // It did not open; nothing was acknowledged, and it opens now.
        return drop(remains.on(disk.kill()).house().unwrap_or_else(|error| panic!("{context}: {error:?}")));
    };
    let mut day = Day::of(house, people);
    for refused in day.live() {
        // A step that could not be done makes later ones wrong; both are told.
        assert!(!refused.told().zh.is_empty() && !refused.told().en.is_empty(), "{context}");
    }
    let (killed, crashed) = (disk.kill(), disk.crash(day.acknowledged.len() as u64));
    for (found, how) in [(killed, "killed"), (crashed, "the power went off")] {
        let context = format!("{context}, {how}");
        let found = day.house.remains(found).unwrap();
        let mut house = found.house().unwrap_or_else(|error| panic!("{context}: {error:?}"));
        goes_on(&mut house, &day, &context);
    }
}

/// Everything acknowledged is there, a further permit gets the next number, and the whole is judged.
fn goes_on(house: &mut House, day: &Day, context: &str) {
    day.check(house, context);
    let (_, people) = Yard::ground();
    let mut yard = Yard { house: replace(house), people };
    yard.house.tick().unwrap();
    let operator = people.operators[0].with(Evidence::Otp);
    yard.permit(operator, 1, "再開", "2025-06-01").unwrap_or_else(|error| panic!("{context}: {error:?}"));
    judge_house(&mut yard.house, &rules::YARD);
}

/// Takes a house out of a place that is not used again.
fn replace(house: &mut House) -> House {
    std::mem::replace(house, Yard::ground().0.house().unwrap())
}

#[test]
fn what_is_to_leave_leaves_at_least_once_and_rebuilding_sends_nothing() {
    let (mut day, disk) = day();
    for step in 0..8 {
        day.step(step).unwrap();
    }
    // Sent, and the power goes off before the answer is entered.
    let before = day.house.remains(disk.snapshot()).unwrap();
    let sent = Arc::clone(&day.sent);
    assert_eq!(day.house.desk.send(&ways(&sent)).unwrap(), 1);
    let asked = sent.lock().unwrap().clone();
    let mut again = before.house().unwrap();
    assert_eq!(again.desk.send(&ways(&sent)).unwrap(), 1);
    assert_eq!(
        sent.lock().unwrap().clone(),
        [asked[0], asked[0]],
        "the other side tells them apart by the entry"
    );
    // Answered, it never leaves again; not when the tables are made anew either.
    assert_eq!(again.desk.send(&ways(&sent)).unwrap(), 0);
    again.reopen().unwrap();
    again.compare().unwrap();
    again.desk.close();
    std::fs::remove_dir_all(again.data.join("store")).unwrap();
    again.open_again().unwrap();
    assert!(again.opened.replayed > 0);
    assert_eq!(again.desk.send(&ways(&sent)).unwrap(), 0);
    assert_eq!(sent.lock().unwrap().len(), 2);
    judge_house(&mut again, &rules::YARD);
    assert_eq!(lines(&again).iter().filter(|line| line.kind == "hook.answered/1").count(), 1);
}

#[test]
fn what_could_not_be_sent_waits_longer_each_time_and_is_not_forgotten() {
    struct Shut;
    impl desk::Way for Shut {
        fn send(&self, _: &store::Attempt) -> desk::Sent {
            desk::Sent::Later("無回應".to_owned())
        }
    }
    let (mut day, _disk) = day();
    for step in 0..8 {
        day.step(step).unwrap();
    }
    let shut: desk::Ways = [("open_gate".to_owned(), Arc::new(Shut) as Arc<dyn desk::Way>)].into();
    let mut tries = 0;
    for _ in 0..600 {
        tries += day.house.desk.outbox(8).unwrap().len();
        assert_eq!(day.house.desk.send(&shut).unwrap(), 0);
        day.house.clock.pass(std::time::Duration::from_secs(1));
    }
    assert!((8..=12).contains(&tries), "{tries} tries in ten minutes");
    day.house.clock.pass(std::time::Duration::from_secs(5_000));
    assert_eq!(day.house.desk.send(&ways(&day.sent)).unwrap(), 1);
}
