//! Many at once: exactly one succeeds where one must, nobody waits for ever, and what comes together goes together.

use crate::archive::Archive;
use crate::naive::{judge_house, lines, rules};
use crate::yard::Yard;
use casework::Command;
use desk::{Asker, Desk, Done, Order, Refused};
use model::{Evidence, RecordId};
use regulation::Outcome;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use testkit::{Acting, House};

/// Gives all commands at once, each from a thread of its own.
fn all_at_once(desk: &Desk, commands: Vec<(Acting, Command)>) -> Vec<Result<Done, Refused>> {
    let gate = Barrier::new(commands.len());
    std::thread::scope(|scope| {
        let give = |(who, command): (Acting, Command)| {
            let (gate, desk) = (&gate, desk.clone());
            scope.spawn(move || {
                gate.wait();
                desk.ask(Asker::Person(who.actor()), Order::Casework(command))
            })
        };
        let threads: Vec<_> = commands.into_iter().map(give).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn opening(house: &mut House, register: &str, step: &str, fill: &[(&str, serde_json::Value)]) -> Command {
    Command::Open {
        record: RecordId::from_bytes(house.draw()),
        register: register.parse().unwrap(),
        step: step.parse().unwrap(),
        fill: fill.iter().map(|(field, json)| (field.parse().unwrap(), json.clone())).collect(),
        occurred_at: None,
        late_reason: None,
        signed: None,
    }
}

fn taking(house: &House, record: RecordId, step: &str, fill: &[(&str, serde_json::Value)]) -> Command {
    Command::Take {
        record,
        seen: house.case(record).unwrap().revision,
        step: step.parse().unwrap(),
        outcome: Outcome::Done,
        reason: None,
        fill: fill.iter().map(|(field, json)| (field.parse().unwrap(), json.clone())).collect(),
        occurred_at: None,
        late_reason: None,
        signed: None,
    }
}

/// The word of the one refusal all but one met.
fn but_one(given: &[Result<Done, Refused>]) -> String {
    assert_eq!(given.iter().filter(|one| one.is_ok()).count(), 1, "{given:?}");
    let refusals: BTreeSet<String> =
        given.iter().filter_map(|one| one.as_ref().err()).map(|refused| format!("{refused:?}")).collect();
    let words: BTreeSet<&str> =
        refusals.iter().map(|text| text.split(['(', ' ', '{']).nth(1).unwrap_or_default()).collect();
    assert_eq!(words.len(), 1, "{refusals:?}");
    words.into_iter().next().unwrap().to_owned()
}

#[test]
fn one_value_that_may_be_there_once_is_there_once() {
    let mut archive = Archive::quick();
    let clerk = archive.people.clerk;
    let same = |archive: &mut Archive| {
        (clerk, opening(&mut archive.house, "key", "register", &[("code", json!("K-9"))]))
    };
    let commands = (0..24).map(|_| same(&mut archive)).collect();
    assert_eq!(but_one(&all_at_once(&archive.house.desk, commands)), "Doubled");
    judge_house(&mut archive.house, &rules::ARCHIVE);
}

#[test]
fn of_many_who_saw_the_same_revision_one_succeeds() {
    let mut archive = Archive::quick();
    let key = archive.key("K-1", "4711");
    let head = archive.people.head;
    let change =
        |n: usize| (head, taking(&archive.house, key, "change", &[("room", json!(format!("{n}樓")))]));
    let commands = (0..24).map(change).collect();
    assert_eq!(but_one(&all_at_once(&archive.house.desk, commands)), "Stale");
    judge_house(&mut archive.house, &rules::ARCHIVE);
}

#[test]
fn one_id_is_given_to_one_record() {
    let mut archive = Archive::quick();
    let clerk = archive.people.clerk;
    let first = opening(&mut archive.house, "key", "register", &[("code", json!("K-0"))]);
    let same = |n: usize| {
        let mut command = first.clone();
        if let Command::Open { fill, .. } = &mut command {
            fill.insert("code".parse().unwrap(), json!(format!("K-{n}")));
        }
        (clerk, command)
    };
    assert_eq!(but_one(&all_at_once(&archive.house.desk, (0..16).map(same).collect())), "RecordTaken");
    judge_house(&mut archive.house, &rules::ARCHIVE);
}

#[test]
fn numbers_of_many_at_once_have_neither_gap_nor_double_and_many_share_a_batch() {
    let mut yard = Yard::quick();
    let [first, second] = yard.people.operators;
    let mut commands = Vec::new();
    for n in 0..40u32 {
        let who = [first, second][n as usize % 2].with(Evidence::Otp);
        let fill = yard.permit_of(0, &format!("第{n}案"), &format!("2025-05-{:02}", n % 28 + 1));
        let mut fill = fill;
        fill[1].1 = json!(yard.people.sites[n as usize / 28].to_string());
        let command = opening(&mut yard.house, "permit", "file", &fill);
        commands.push((who, yard.house.sign(who, command).unwrap()));
    }
    let before = yard.house.desk.figures();
    let given = all_at_once(&yard.house.desk, commands);
    assert!(given.iter().all(Result::is_ok), "{given:?}");
    let after = yard.house.desk.figures();
    let (batches, done) = (after.batches - before.batches, after.done - before.done);
    assert_eq!(done, 40);
    assert!(batches <= done / 2, "{done} orders took {batches} batches");
    let naive = judge_house(&mut yard.house, &rules::YARD);
    let numbers: BTreeSet<String> = naive
        .numbers
        .into_iter()
        .filter(|(register, _)| register == "permit")
        .map(|(_, number)| number)
        .collect();
    assert_eq!(numbers, (1..=40).map(|n| format!("N-114-{n:03}")).collect::<BTreeSet<_>>());
    // A batch has one time.
    let mut opened: BTreeMap<_, u32> = BTreeMap::new();
    for line in lines(&yard.house).iter().filter(|line| line.kind == "case.opened/1") {
        *opened.entry(line.at).or_default() += 1;
    }
    assert!(opened.values().any(|together| *together > 1), "no two commands shared an append");
}

#[test]
fn two_who_decide_at_once_do_not_both_decide() {
    let mut yard = Yard::quick();
    let [first, second] = yard.people.heads;
    let permit = yard.permit(yard.people.operators[0], 0, "施工", "2025-05-01").unwrap();
    let sign = |yard: &mut Yard, who: Acting, outcome: Outcome| {
        let mut command = taking(&yard.house, permit, "approve", &[]);
        if let Command::Take { outcome: asked, reason, .. } = &mut command {
            *asked = outcome;
            *reason = outcome.needs_reason().then(|| "理由".to_owned());
        }
        (who, yard.house.sign(who, command).unwrap())
    };
    let approve = sign(&mut yard, first, Outcome::Approve);
    let refuse = sign(&mut yard, second, Outcome::Refuse);
    let given = all_at_once(&yard.house.desk, vec![approve, refuse]);
    assert_eq!(but_one(&given), "Stale");
    judge_house(&mut yard.house, &rules::YARD);
}

#[test]
fn a_duty_is_opened_once_however_many_look_for_it() {
    let yard = &mut Yard::quick();
    yard.house.at("2025-03-04T01:00").unwrap();
    let (desk, gate) = (yard.house.desk.clone(), Barrier::new(12));
    let done: u64 = std::thread::scope(|scope| {
        let tick = || {
            gate.wait();
            desk.tick().unwrap().done
        };
        let threads: Vec<_> = (0..12).map(|_| scope.spawn(tick)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(done >= 3, "{done}");
    judge_house(&mut yard.house, &rules::YARD);
    let opened: Vec<String> = lines(&yard.house)
        .iter()
        .filter_map(|line| match &line.fact {
            Some(store::Fact::Case(event)) => match &event.body {
                casework::Body::DutyOpened { key, .. } => Some(format!("{key:?}")),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(opened.iter().collect::<BTreeSet<_>>().len(), opened.len());
    assert_eq!(opened.len(), 3, "one for each site");
}

#[test]
fn commands_ticks_files_rehearsals_and_readers_do_not_wait_for_each_other_for_ever() {
    let mut archive = Archive::quick();
    let key = archive.key("K-1", "4711");
    let people = archive.people;
    let mut fresh =
        |n: usize| opening(&mut archive.house, "key", "register", &[("code", json!(format!("C-{n}")))]);
    let openings: Vec<Command> = (0..30).map(&mut fresh).collect();
    let desk = archive.house.desk.clone();
    std::thread::scope(|scope| {
        for part in openings.chunks(10) {
            let desk = desk.clone();
            scope.spawn(move || {
                for command in part {
                    desk.ask(Asker::Person(people.clerk.actor()), Order::Casework(command.clone())).unwrap();
                }
            });
        }
        let of = desk.clone();
        scope.spawn(move || {
            for n in 0..20 {
                of.put_file(&format!("{n}.txt"), format!("檔案{n}").as_bytes(), desk::Keeping::Sealed)
                    .unwrap();
                of.tick().unwrap();
            }
        });
        let of = desk.clone();
        scope.spawn(move || {
            for _ in 0..20 {
                let seen = of.case(key).unwrap().unwrap().revision;
                let command = Command::Take {
                    record: key,
                    seen,
                    step: "change".parse().unwrap(),
                    outcome: Outcome::Done,
                    reason: None,
                    fill: [("room".parse().unwrap(), json!("四樓"))].into(),
                    occurred_at: None,
                    late_reason: None,
                    signed: None,
                };
                // It may have been changed meanwhile.
                let _ = of.rehearse(people.head.actor(), command);
                let _ = of.wait_beyond(0, std::time::Duration::from_millis(1));
                of.digest().unwrap();
            }
        });
        scope.spawn(move || {
            for n in 0..10u8 {
                let unit = model::UnitId::from_bytes([n + 100; 16]);
                let names = identity::Names::new(&format!("第{n}組"), &format!("Group {n}")).unwrap();
                let code = identity::Code::new(&format!("G{n}")).unwrap();
                let superior = Some(people.city);
                let command = identity::Command::CreateUnit { unit, names, code, superior };
                desk.ask(Asker::Console, Order::Identity(command)).unwrap();
            }
        });
    });
    judge_house(&mut archive.house, &rules::ARCHIVE);
}

#[test]
fn a_notice_read_twice_in_one_batch_is_one_entry() {
    let mut yard = Yard::quick();
    let people = yard.people;
    let permit = yard.permit(people.operators[0], 0, "施工", "2025-05-01").unwrap();
    yard.take(people.heads[0], permit, "approve", Outcome::Return, &[]).unwrap();
    let notice = yard.house.desk.read(|sql, _| sql.row("SELECT entry FROM notice", &[])).unwrap().unwrap();
    let notice = casework::EntryNumber(u64::try_from(notice.int(0).unwrap()).unwrap());
    let reads = || (Asker::Person(people.operators[0].actor()), Order::ReadNotice(notice));
    let before = yard.house.desk.figures();
    let given = yard.house.together(vec![reads(), reads(), reads()]);
    assert!(given.iter().all(Result::is_ok), "{given:?}");
    let after = yard.house.desk.figures();
    assert_eq!((after.batches - before.batches, after.entries - before.entries), (1, 1));
    assert!(yard.house.together(vec![reads()]).iter().all(Result::is_ok));
    assert_eq!(yard.house.desk.figures().entries, after.entries);
    judge_house(&mut yard.house, &rules::YARD);
}
