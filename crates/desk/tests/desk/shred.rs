//! Shredding: after an approved destruction the content is in no file of the installation, and the proof still holds.
//!
//! Every file is searched raw, byte by byte: tables, their logs and free pages, journal, tiles, index, attachments,
//! vault. The marker is a word whose end no index shortens.

use crate::archive::Archive;
use crate::naive::{judge_house, lines, rules};
use crate::yard::Yard;
use casework::{Body, Command};
use desk::{Keeping, Order};
use ledger::vault::KeyState;
use model::{Clock as _, DataKeyId, Evidence, RecordId};
use proof::entry::Entry;
use proof::hash::leaf_hash;
use regulation::Outcome;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use store::Fact;
use testkit::{Failing, Fault, FaultyDisk, House, Operation, Reason};

const MARKER: &str = "zqmarker7f3a";
const SOUGHT: &[u8] = b"marker7f3a";

/// Files below a folder that hold these bytes, in whatever case.
fn holding(folder: &Path, sought: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, sought));
        } else if holds(&std::fs::read(&path).unwrap(), sought) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

fn holds(content: &[u8], sought: &[u8]) -> bool {
    content.windows(sought.len()).any(|window| window.eq_ignore_ascii_case(sought))
}

/// Data keys that entries about a record, or files it held, are sealed under.
fn keys_of(house: &House, record: RecordId) -> BTreeSet<DataKeyId> {
    let text = "SELECT data_key FROM record WHERE record = $1 UNION SELECT s.data_key FROM file_use u \
                JOIN record r ON r.opened = u.opened JOIN state.stored s ON s.digest = u.digest WHERE r.record = $2";
    let id = record.to_string();
    let rows = house.desk.read(|sql, _| sql.rows(text, &[id.clone().into(), id.into()])).unwrap();
    rows.iter().filter_map(|row| row.text(0)?.parse().ok()).collect()
}

/// A permit whose every part has the marker: content, reason, notice, files in clear and sealed, search index; it went
/// all its way and is closed.
fn marked(yard: &mut Yard) -> RecordId {
    let people = yard.people;
    let [operator, helper] = people.operators;
    let text = format!("{MARKER} 內容").into_bytes();
    let papers = yard.house.file(&format!("{MARKER}.txt"), &text, Keeping::Clear).unwrap();
    let replaced = yard.house.file("更換.txt", &[&text[..], b" 2"].concat(), Keeping::Clear).unwrap();
    let plan = yard.house.file("圖說.txt", &text, Keeping::Sealed).unwrap();
    let mut fill = yard.permit_of(0, MARKER, "2025-05-01");
    fill.extend([("papers", json!([papers])), ("plan", json!([plan]))]);
    let permit = yard.house.open(operator.with(Evidence::Otp), "permit", "file", &fill).unwrap();
    let refuse = |yard: &Yard| Command::Take {
        record: permit,
        seen: yard.house.case(permit).unwrap().revision,
        step: "approve".parse().unwrap(),
        outcome: Outcome::Return,
        reason: Some(format!("{MARKER} 不足")),
        fill: [].into(),
        occurred_at: None,
        late_reason: None,
        signed: None,
    };
    let command = refuse(yard);
    yard.house.give(people.heads[0], command).unwrap();
    // The subject goes to the site when it is approved; that one lives on.
    let fill = [("subject", json!("開挖")), ("papers", json!([replaced]))];
    yard.take(operator, permit, "refile", Outcome::Done, &fill).unwrap();
    for head in people.heads {
        yard.take(head, permit, "approve", Outcome::Approve, &[]).unwrap();
    }
    yard.take(people.safety, permit, "check", Outcome::Done, &[]).unwrap();
    yard.take(helper, permit, "check", Outcome::Done, &[]).unwrap();
    yard.take(helper, permit, "close", Outcome::Done, &[("report", json!(format!("{MARKER} 完工")))])
        .unwrap();
    // Somebody has begun a form about it, and left it.
    let draft = store::Draft {
        form: format!("/records/{permit}/steps/close"),
        record: Some(permit),
        pairs: format!("f.report={MARKER}"),
        kept_at: yard.house.clock.now(),
    };
    yard.house.desk.keep_draft(helper.person, draft).unwrap();
    permit
}

/// Files a destruction; `None` signs for nobody.
fn condemn(yard: &mut Yard, permits: &[RecordId]) -> Result<RecordId, desk::Refused> {
    let list: Vec<Json> = permits.iter().map(|one| json!(one.to_string())).collect();
    yard.house.open(yard.people.operators[0], "destruction", "file", &[("permits", json!(list))])
}

fn approve(yard: &mut Yard, destruction: RecordId) -> Result<(), desk::Refused> {
    for head in yard.people.heads {
        yard.take(head, destruction, "approve", Outcome::Approve, &[])?;
    }
    Ok(())
}

#[test]
fn what_was_destroyed_is_in_no_file_and_the_proof_still_holds() {
    let pack = crate::yard::folder();
    let house = House::with_pack(5, &regulation::Folder::new(&pack), None).unwrap();
    let mut yard = Yard::over(house);
    let permit = marked(&mut yard);
    let operator = yard.people.operators[0];
    let other = yard.permit(operator, 1, "植樹", "2025-05-02").unwrap();
    yard.take(operator, other, "take_back", Outcome::TakeBack, &[]).unwrap();
    let data = yard.house.data.clone();
    let inside = |data: &Path| {
        let mut found = holding(data, SOUGHT);
        found.sort();
        found
    };
    assert!(inside(&data).iter().any(|name| name.starts_with("projection.db")), "it is there to be found");
    assert!(inside(&data).iter().any(|name| name.starts_with("state.db")), "the text of its file is");
    let keys = keys_of(&yard.house, permit);
    assert_eq!(keys.len(), 2, "its own and its file's");

    // Too early: it is to be kept for three years.
    let early = condemn(&mut yard, &[permit]).unwrap();
    let refused = approve(&mut yard, early).unwrap_err();
    assert_eq!(refused.code(), "refused");
    assert!(refused.told().zh.contains("保存年限"), "{}", refused.told());
    yard.house.at("2028-06-01T01:00").unwrap();
    let both = condemn(&mut yard, &[permit, other]).unwrap();
    // The second of the two signs again what the refusal has left undone.
    yard.take(yard.people.heads[1], early, "approve", Outcome::Approve, &[]).unwrap();
    assert_eq!(yard.house.case(early).unwrap().state.as_str(), "destroyed");

    // What the vault has of the keys before.
    yard.house.desk.close();
    let vaulted = yard.house.keys().unwrap();
    let wrapped: Vec<Vec<u8>> = keys.iter().map(|key| slot(&yard.house, *key)).collect();
    let clear: Vec<Vec<u8>> = keys
        .iter()
        .map(|key| match vaulted.vault().key(*key).unwrap() {
            KeyState::Here(key) => key.secret_bytes().to_vec(),
            state => panic!("{state:?}"),
        })
        .collect();
    vaulted.close();
    yard.house.open_again().unwrap();
    assert_eq!(yard.house.tick().unwrap().destroyed, 1);

    assert_eq!(inside(&data), [] as [String; 0], "while it runs");
    assert!(yard.house.desk.case(permit).unwrap().is_none());
    let text = "SELECT destroyed IS NOT NULL, unit, body FROM record WHERE record = $1";
    let row = yard.house.desk.read(|sql, _| sql.row(text, &[permit.to_string().into()])).unwrap().unwrap();
    assert_eq!((row.int(0), row.text(1)), (Some(1), Some(yard.people.north.to_string().as_str())));
    assert_eq!(row.text(2), None);
    // A second destruction has nothing to destroy: neither anew nor by the case that waited.
    assert_eq!(condemn(&mut yard, &[permit]).unwrap_err().code(), "refused");
    assert_eq!(approve(&mut yard, both).unwrap_err().code(), "not-found");
    // What mentions it lives on.
    yard.take(yard.people.heads[1], both, "approve", Outcome::Refuse, &[]).unwrap();
    let note = [("works", json!("整地"))];
    yard.take(yard.people.heads[0], yard.people.sites[0], "note", Outcome::Done, &note).unwrap();
    let found = yard
        .house
        .desk
        .read(|sql, _| sql.rows("SELECT rowid FROM search WHERE search MATCH $1", &[MARKER.into()]));
    assert_eq!(found.unwrap().len(), 0);

    yard.house.verify().unwrap();
    yard.house.compare().unwrap();
    assert_eq!(inside(&data), [] as [String; 0], "after rebuilding beside");
    yard.house.desk.close();
    std::fs::remove_dir_all(data.join("store")).unwrap();
    yard.house.open_again().unwrap();
    assert!(yard.house.desk.case(permit).unwrap().is_none());
    yard.house.judge().unwrap();
    assert_eq!(inside(&data), [] as [String; 0], "after rebuilding anew");
    for bytes in wrapped.iter().chain(&clear) {
        assert_eq!(holding(&data, bytes), [] as [String; 0], "a key is left");
    }
    let vaulted = yard.house.keys().unwrap();
    for key in &keys {
        assert!(matches!(vaulted.vault().key(*key).unwrap(), KeyState::Destroyed));
    }
    vaulted.close();
    proven(&yard.house, permit, early, &keys);
}

/// The sealed form of a key in the vault's file.
fn slot(house: &House, key: DataKeyId) -> Vec<u8> {
    let content = std::fs::read(house.data.join("vault/keys")).unwrap();
    let at = content.windows(16).position(|window| window == key.as_bytes()).unwrap();
    content[at + 16..at + 64].to_vec()
}

/// Each entry about the record is still proven by the head, and each destroyed key names the case that approved it.
fn proven(house: &House, permit: RecordId, case: RecordId, keys: &BTreeSet<DataKeyId>) {
    let reader = house.reader();
    let (size, root) = (reader.size().unwrap(), reader.root(reader.size().unwrap()).unwrap());
    let (mut proven, mut sealed) = (0, 0);
    let lines = lines(house);
    for line in lines.iter().filter(|line| line.subject == permit.to_string()) {
        let bytes = reader.entry(line.number).unwrap();
        let range = line.number..line.number + 1;
        let path = reader.prove_range(range, size).unwrap();
        let hash = leaf_hash(&bytes);
        assert_eq!(proof::tree::check_range(line.number, &[hash], size, &path).unwrap(), root);
        proven += 1;
        sealed += usize::from(line.sealed && line.fact.is_none());
    }
    assert!(proven > 15 && sealed > 8, "{proven} entries, {sealed} of them sealed for good");
    let condemned = |number: u64| {
        let line = &lines[usize::try_from(number).unwrap()];
        match &line.fact {
            Some(Fact::Case(event)) => {
                line.subject == case.to_string()
                    && matches!(&event.body, Body::Condemned { records } if records.iter().any(|one| one.record == permit))
            }
            _ => false,
        }
    };
    let mut destroyed = BTreeSet::new();
    for line in &lines {
        if let Some(Fact::KeyDestroyed(body)) = &line.fact {
            assert!(condemned(body.case.parse().unwrap()), "{} names no case that approved it", line.number);
            destroyed.insert(body.key);
            assert!(Entry::parse(&reader.entry(line.number).unwrap()).unwrap().sealed().is_none());
        }
    }
    assert_eq!(&destroyed, keys);
}

#[test]
fn a_loan_is_destroyed_after_its_five_years_by_two_people() {
    let mut archive = Archive::new(9);
    let key = archive.key("K-1", "4711");
    let loan = archive.loan(key, &format!("{MARKER} 修繕")).unwrap();
    archive.approve(loan).unwrap();
    archive.give_back(loan).unwrap();
    let data = archive.house.data.clone();
    assert!(!holding(&data, SOUGHT).is_empty());
    archive.house.at("2030-03-20T01:00").unwrap();
    let people = archive.people;
    let file = [("loans", json!([loan.to_string()]))];
    let destruction = archive.house.open(people.clerk, "destruction", "file", &file).unwrap();
    // The unit has one head; the one above fills up.
    archive.house.take(people.head, destruction, "approve", Outcome::Approve, &[]).unwrap();
    archive.house.tick().unwrap();
    assert!(archive.house.desk.case(loan).unwrap().is_some(), "one is not enough");
    archive.house.take(people.auditor, destruction, "approve", Outcome::Approve, &[]).unwrap();
    assert_eq!(archive.house.tick().unwrap().destroyed, 1);
    assert_eq!(archive.house.tick().unwrap().destroyed, 0);
    assert_eq!(holding(&data, SOUGHT), [] as [String; 0]);
    // The number it had is not given again.
    assert!(archive.house.case(key).is_ok());
    archive.house.verify().unwrap();
    archive.house.compare().unwrap();
    archive.house.desk.close();
    assert_eq!(holding(&data, SOUGHT), [] as [String; 0]);
}

#[test]
fn while_somebody_reads_what_was_before_the_key_stays_and_the_next_tick_ends_it() {
    let mut yard = Yard::quick();
    let permit = marked(&mut yard);
    let keys = keys_of(&yard.house, permit);
    yard.house.at("2028-06-01T01:00").unwrap();
    let destruction = condemn(&mut yard, &[permit]).unwrap();
    approve(&mut yard, destruction).unwrap();
    let mut reader = yard.house.place.open_to_read().unwrap();
    reader.script("BEGIN").unwrap();
    reader.rows("SELECT count(*) FROM record", &[]).unwrap();
    let state = |yard: &Yard| {
        let one = *keys.first().unwrap();
        store::Keys::key(yard.house.desk.vault().as_ref(), one).unwrap()
    };
    yard.house.tick().unwrap();
    assert!(yard.house.desk.case(permit).unwrap().is_none(), "it is shown to nobody any more");
    assert!(matches!(state(&yard), KeyState::Here(_)), "what it opens is still in a file");
    reader.script("ROLLBACK").unwrap();
    drop(reader);
    yard.house.tick().unwrap();
    assert!(matches!(state(&yard), KeyState::Destroyed));
    assert_eq!(holding(&yard.house.data, SOUGHT), [] as [String; 0]);
    judge_house(&mut yard.house, &rules::YARD);
}

#[test]
fn a_destruction_cut_off_anywhere_is_ended_by_the_next_start() {
    let (remains, people) = Yard::ground();
    let disk = remains.disk.snapshot();
    let mut yard = Yard { house: remains.house_on(Arc::new(disk.clone())).unwrap(), people };
    let permit = marked(&mut yard);
    yard.house.at("2028-06-01T01:00").unwrap();
    let destruction = condemn(&mut yard, &[permit]).unwrap();
    approve(&mut yard, destruction).unwrap();
    yard.house.desk.close();
    let condemned = yard.house.remains(disk.snapshot()).unwrap();
    // How many operations of the disk a destruction takes.
    let counting = Arc::new(FaultyDisk::over(&condemned.disk.snapshot()));
    let house = condemned.house_on(Arc::<FaultyDisk>::clone(&counting) as _).unwrap();
    let before = counting.performed().len();
    house.tick().unwrap();
    let after = counting.performed().len();
    assert!(after > before + 5, "{before} and {after}");
    drop(house);
    for number in before..after {
        let disk = condemned.disk.snapshot();
        let faulty = Arc::new(FaultyDisk::over(&disk));
        let house = condemned.house_on(Arc::<FaultyDisk>::clone(&faulty) as _).unwrap();
        faulty.fail(Fault::any(Failing::Undone, Reason::Device).after((number - before) as u64).for_ever());
        // Whether it says so or not: it is cut off here.
        let _ = house.tick();
        let left = house.remains(disk.crash(number as u64)).unwrap();
        house.desk.close();
        let context = format!("operation {number}, {:?}", faulty.performed().get(number));
        let mut again = left.house().unwrap_or_else(|error| panic!("{context}: {error:?}"));
        again.tick().unwrap_or_else(|error| panic!("{context}: {error:?}"));
        assert!(again.desk.case(permit).unwrap().is_none(), "{context}");
        assert_eq!(holding(&again.data, SOUGHT), [] as [String; 0], "{context}");
        if number % 6 == 0 {
            again.judge().unwrap_or_else(|error| panic!("{context}: {error:?}"));
        }
    }
}

/// A house on a disk that fails when told, with a permit that is to be destroyed at the next tick.
fn condemned_on_faults() -> (House, Arc<FaultyDisk>, RecordId, BTreeSet<DataKeyId>) {
    let (remains, people) = Yard::ground();
    let faulty = Arc::new(FaultyDisk::over(&remains.disk.snapshot()));
    let house = remains.house_on(Arc::<FaultyDisk>::clone(&faulty) as _).unwrap();
    let mut yard = Yard { house, people };
    let permit = marked(&mut yard);
    let keys = keys_of(&yard.house, permit);
    yard.house.at("2028-06-01T01:00").unwrap();
    let destruction = condemn(&mut yard, &[permit]).unwrap();
    approve(&mut yard, destruction).unwrap();
    (yard.house, faulty, permit, keys)
}

/// Everything of it is gone: from the files, from the vault as the next start finds it.
fn is_gone(house: &mut House, keys: &BTreeSet<DataKeyId>, context: &str) {
    assert_eq!(holding(&house.data, SOUGHT), [] as [String; 0], "{context}");
    let stored = house.desk.read(|sql, _| sql.rows("SELECT digest FROM state.stored", &[])).unwrap();
    assert_eq!(stored, [], "{context}: a file is still known");
    judge_house(house, &rules::YARD);
    let vaulted = house.keys().unwrap();
    for key in keys {
        assert!(matches!(vaulted.vault().key(*key).unwrap(), KeyState::Destroyed), "{context}");
    }
    assert_eq!(vaulted.vault().mended(), [], "{context}: the next start found something to finish");
    vaulted.close();
}

/// What may be away while something is destroyed, how it fails there, after how many such operations.
fn causes() -> Vec<(Fault, Failing, &'static str)> {
    use Operation::{Remove, Rename, Sync, Write, WriteAt};
    let mut causes = Vec::new();
    for failing in [Failing::Undone, Failing::Half, Failing::Done] {
        for operation in [Write, WriteAt, Sync, Rename, Remove] {
            let fault = Fault::of(operation, failing, Reason::Device).at("vault/*");
            causes.push((fault, failing, "the vault"));
        }
        for after in 0..3 {
            let fault = Fault::of(Remove, failing, Reason::Device).at("attachments/*").after(after);
            causes.push((fault, failing, "a file"));
        }
    }
    causes
}

#[test]
fn a_destruction_whose_vault_or_file_is_away_is_ended_by_the_tick_after_it_is_back() {
    let mut met = 0;
    for (fault, failing, what) in causes() {
        let context = format!("{what} is away: {fault:?}");
        let (mut house, faulty, permit, keys) = condemned_on_faults();
        faulty.fail(fault.for_ever());
        let first = house.tick();
        if let Err(refused) = &first {
            met += 1;
            assert_eq!(refused.code(), "unavailable", "{context}");
            assert!(!refused.told().zh.is_ascii(), "{context}");
            // What was done and reported failed is found done.
            let again = house.tick();
            assert!(again.is_err() || failing != Failing::Undone, "{context}: it was given up");
            assert!(house.desk.stopped().is_none(), "{context}: others go on");
        }
        faulty.heal();
        house.tick().unwrap_or_else(|error| panic!("{context}: {error:?}"));
        assert!(house.desk.case(permit).unwrap().is_none(), "{context}");
        is_gone(&mut house, &keys, &context);
    }
    assert!(met >= 12, "{met} of the faults were met");
}

#[test]
fn a_vault_or_a_file_that_is_away_at_the_start_does_not_keep_the_desk_from_opening() {
    // The second of two keys; the sealed file behind two in clear.
    let places = [(Operation::Write, "vault/*", 1), (Operation::Remove, "attachments/*", 2)];
    for (operation, place, after) in places {
        let (mut house, faulty, permit, keys) = condemned_on_faults();
        faulty.fail(Fault::of(operation, Failing::Undone, Reason::Device).at(place).after(after).for_ever());
        assert!(house.tick().is_err(), "{place}");
        house.reopen().unwrap_or_else(|error| panic!("{place}: {error:?}"));
        assert!(house.tick().is_err(), "{place}: the tick says why it is not ended");
        faulty.heal();
        house.tick().unwrap();
        assert!(house.desk.case(permit).unwrap().is_none());
        is_gone(&mut house, &keys, place);
    }
}

#[test]
fn a_record_that_cannot_go_now_does_not_keep_others() {
    let (remains, people) = Yard::ground();
    let faulty = Arc::new(FaultyDisk::over(&remains.disk.snapshot()));
    let house = remains.house_on(Arc::<FaultyDisk>::clone(&faulty) as _).unwrap();
    let mut yard = Yard { house, people };
    let operator = people.operators[0];
    let with_file = marked(&mut yard);
    let without = yard.permit(operator, 1, "植樹", "2025-05-02").unwrap();
    yard.take(operator, without, "take_back", Outcome::TakeBack, &[]).unwrap();
    yard.house.at("2028-06-01T01:00").unwrap();
    let destruction = condemn(&mut yard, &[with_file, without]).unwrap();
    approve(&mut yard, destruction).unwrap();
    let away = Fault::of(Operation::Remove, Failing::Undone, Reason::Device).at("attachments/*");
    faulty.fail(away.for_ever());
    assert!(yard.house.tick().is_err());
    assert!(yard.house.desk.case(with_file).unwrap().is_some(), "its files are still there");
    assert!(yard.house.desk.case(without).unwrap().is_none());
    faulty.heal();
    assert_eq!(yard.house.tick().unwrap().destroyed, 1);
    judge_house(&mut yard.house, &rules::YARD);
}

#[test]
fn a_file_that_another_record_holds_stays_until_that_one_goes() {
    let mut yard = Yard::quick();
    let [operator, _] = yard.people.operators;
    let content = format!("{MARKER} 共用").into_bytes();
    let file = yard.house.file("共用.txt", &content, Keeping::Clear).unwrap();
    let digest = file["digest"].as_str().unwrap().to_owned();
    let permit = |yard: &mut Yard, day: &str| {
        let mut fill = yard.permit_of(1, "共用", day);
        fill.push(("papers", json!([file])));
        let permit = yard.house.open(operator.with(Evidence::Otp), "permit", "file", &fill).unwrap();
        yard.take(operator, permit, "take_back", Outcome::TakeBack, &[]).unwrap();
        permit
    };
    let (first, second) = (permit(&mut yard, "2025-05-01"), permit(&mut yard, "2025-05-02"));
    yard.house.at("2028-06-01T01:00").unwrap();
    for (one, there) in [(first, true), (second, false)] {
        let destruction = condemn(&mut yard, &[one]).unwrap();
        approve(&mut yard, destruction).unwrap();
        yard.house.tick().unwrap();
        assert_eq!(yard.house.desk.file(&digest).is_ok(), there);
    }
    assert_eq!(holding(&yard.house.data, SOUGHT), [] as [String; 0]);
    judge_house(&mut yard.house, &rules::YARD);
}

#[test]
fn nothing_is_opened_under_the_id_of_what_was_destroyed() {
    let mut yard = Yard::quick();
    let [operator, _] = yard.people.operators;
    let permit = yard.permit(operator, 1, "植樹", "2025-05-02").unwrap();
    yard.take(operator, permit, "take_back", Outcome::TakeBack, &[]).unwrap();
    yard.house.at("2028-06-01T01:00").unwrap();
    let destruction = condemn(&mut yard, &[permit]).unwrap();
    approve(&mut yard, destruction).unwrap();
    yard.house.tick().unwrap();
    let fill = [("name", json!("新場")), ("keeper", json!(operator.person.to_string()))];
    let command = Command::Open {
        record: permit,
        register: "site".parse().unwrap(),
        step: "register".parse().unwrap(),
        fill: fill.iter().map(|(field, json)| (field.parse().unwrap(), json.clone())).collect(),
        occurred_at: None,
        late_reason: None,
        signed: None,
    };
    let head = yard.people.heads[0];
    let refused =
        yard.house.desk.ask(desk::Asker::Person(head.actor()), Order::Casework(command)).unwrap_err();
    assert_eq!(refused.code(), "refused");
    assert!(refused.told().zh.contains("識別碼"), "{}", refused.told());
    yard.house.judge().unwrap();
}
