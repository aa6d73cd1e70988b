//! Bad input: refused with a reason in both languages, nothing half done.
//!
//! After each refusal the tables are row for row what they were, and the ledger has at most the entry that tells of a
//! refusal for want of a right.

use crate::archive::{Archive, People};
use crate::naive::{lines, rules};
use crate::yard::Yard;
use casework::{Command, Fill};
use desk::{Asker, Done, Keeping, KeyFault, Order, Refused};
use model::{Evidence, RecordId, Told};
use proof::signature::Evidence as Carried;
use regulation::Outcome;
use serde_json::{Value as Json, json};
use testkit::{Acting, House};

/// What is expected of the ledger.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trace {
    /// The refusal stands in it.
    Stands,
    Nothing,
}

/// Checks a refusal and that it has left nothing but its trace.
fn refused(
    house: &mut House,
    code: &str,
    trace: Trace,
    give: impl FnOnce(&mut House) -> Result<Done, Refused>,
) -> Refused {
    let before = (house.desk.seen().position, tables(house));
    let refused = give(house).expect_err(code);
    assert_eq!(refused.code(), code, "{refused:?}");
    told(&refused.told());
    let after = (house.desk.seen().position, tables(house));
    assert!(after.1 == before.1, "{code}: the tables have changed");
    assert_eq!(after.0 - before.0, u64::from(trace == Trace::Stands), "{code}: entries");
    refused
}

/// The tables without what goes with every entry.
fn tables(house: &House) -> String {
    let mut dump = Vec::new();
    house.desk.read(|sql, seen| store::dump(sql, &seen.layout, &mut dump)).unwrap();
    let text = String::from_utf8(dump).unwrap();
    let goes = |line: &&str| !line.starts_with("position\t") && !line.starts_with("last\t");
    text.lines().filter(goes).collect::<Vec<_>>().join("\n")
}

fn told(told: &Told) {
    assert!(told.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{told}");
    assert!(told.en.is_ascii() || told.en.chars().any(|c| c.is_ascii_alphabetic()), "{told}");
}

fn fill(fill: &[(&str, Json)]) -> Fill {
    fill.iter().map(|(field, json)| (field.parse().unwrap(), json.clone())).collect()
}

fn take(record: RecordId, seen: u32, step: &str, outcome: Outcome, reason: Option<&str>) -> Command {
    Command::Take {
        record,
        seen,
        step: step.parse().unwrap(),
        outcome,
        reason: reason.map(ToOwned::to_owned),
        fill: Fill::new(),
        occurred_at: None,
        late_reason: None,
        signed: None,
    }
}

fn open(house: &mut House, register: &str, step: &str, filled: &[(&str, Json)]) -> Command {
    Command::Open {
        record: RecordId::from_bytes(house.draw()),
        register: register.parse().unwrap(),
        step: step.parse().unwrap(),
        fill: fill(filled),
        occurred_at: None,
        late_reason: None,
        signed: None,
    }
}

fn ask(house: &House, who: Acting, command: Command) -> Result<Done, Refused> {
    house.desk.ask(Asker::Person(who.actor()), Order::Casework(command))
}

/// An archive with a key and a loan that waits to be decided.
fn filed() -> (Archive, RecordId, RecordId) {
    let mut archive = Archive::quick();
    let key = archive.key("K-1", "4711");
    let loan = archive.loan(key, "修繕").unwrap();
    (archive, key, loan)
}

#[test]
fn stale_commands_wrong_people_and_wrong_steps() {
    let (mut archive, key, loan) = filed();
    let People { clerk, head, auditor, director, .. } = archive.people;
    let house = &mut archive.house;
    let seen = house.case(loan).unwrap().revision;
    let take_loan = |seen, step: &str| take(loan, seen, step, Outcome::Approve, None);
    refused(house, "stale", Trace::Nothing, |house| ask(house, head, take_loan(seen - 1, "approve")));
    refused(house, "stale", Trace::Nothing, |house| ask(house, head, take_loan(seen + 1, "approve")));
    refused(house, "weak-signature", Trace::Nothing, |house| ask(house, head, take_loan(seen, "approve")));
    refused(house, "refused", Trace::Stands, |house| ask(house, clerk, take_loan(seen, "approve")));
    refused(house, "refused", Trace::Stands, |house| ask(house, director, take_loan(seen, "approve")));
    // Somebody says they act in a role they do not hold.
    let head_they_say = Acting { role: "head", ..auditor };
    refused(house, "refused-identity", Trace::Stands, |house| {
        ask(house, head_they_say, take_loan(seen, "approve"))
    });
    refused(house, "refused", Trace::Nothing, |house| ask(house, head, take_loan(seen, "give_back")));
    refused(house, "refused", Trace::Nothing, |house| ask(house, head, take_loan(seen, "abolish")));
    let refuse = |reason| take(loan, seen, "approve", Outcome::Refuse, reason);
    refused(house, "refused", Trace::Nothing, |house| ask(house, head, refuse(None)));
    refused(house, "refused", Trace::Nothing, |house| ask(house, head, refuse(Some(" \n"))));
    refused(house, "refused", Trace::Nothing, |house| ask(house, head, refuse(Some("不足\u{0}"))));
    let nobody = RecordId::from_bytes([9; 16]);
    let lost = take(nobody, 1, "approve", Outcome::Approve, None);
    refused(house, "not-found", Trace::Nothing, |house| ask(house, head, lost));
    // A number, a clock and a move are not given by people.
    for command in [
        Command::Move { record: loan, seen },
        Command::Tick { record: loan, clock: "return".parse().unwrap(), point: 0, late_by_outage: false },
    ] {
        refused(house, "forbidden", Trace::Stands, |house| ask(house, head, command));
    }
    refused(house, "refused", Trace::Nothing, |house| {
        let tick =
            Command::Tick { record: key, clock: "return".parse().unwrap(), point: 0, late_by_outage: false };
        house.desk.ask(Asker::System, Order::Casework(tick))
    });
    house.judge().unwrap();
    let told = lines(house).iter().filter(|line| line.kind == desk::REFUSED).count();
    assert_eq!(told, 5);
}

#[test]
fn what_is_filled_in_is_asked_fits_and_is_stored() {
    let (mut archive, key, _) = filed();
    let clerk = archive.people.clerk;
    let good = archive.loan_of(key, "參觀");
    let house = &mut archive.house;
    let with = |field: &'static str, json: Json| {
        let mut filled = good.clone();
        filled.retain(|(one, _)| *one != field);
        filled.push((field, json));
        filled
    };
    let without = |field: &str| good.iter().filter(|(one, _)| *one != field).cloned().collect::<Vec<_>>();
    let bad = [
        without("borrower"),
        with("until", json!("2025-02-30")),
        with("until", json!("2025-04-30")),
        with("starts", json!("2025-03-03")),
        with("key", json!(RecordId::from_bytes([8; 16]).to_string())),
        with("purpose", json!("長".repeat(2_001))),
        with("purpose", json!("參觀\u{8}")),
        with("condition", json!("good")),
        with("wish", json!("good")),
        with("length", json!("3")),
        with("kind", json!("theft")),
        with("level", json!("cosmic")),
        // What is kept on paper holds nothing here but what says where it is.
        with("purpose", json!("專案")),
    ];
    for filled in bad {
        let command = open(house, "loan", "file", &filled);
        refused(house, "refused", Trace::Nothing, |house| ask(house, clerk, command));
    }
    for (register, step) in [("loans", "file"), ("loan", "approve"), ("loan", "fly")] {
        let command = open(house, register, step, &good);
        refused(house, "refused", Trace::Nothing, |house| ask(house, clerk, command));
    }
    let mut twice = open(house, "loan", "file", &good);
    if let Command::Open { record, .. } = &mut twice {
        *record = key;
    }
    refused(house, "refused", Trace::Nothing, |house| ask(house, clerk, twice));
    let same_code = open(house, "key", "register", &[("code", json!("K-1"))]);
    refused(house, "refused", Trace::Nothing, |house| ask(house, clerk, same_code));
    let late = Command::Open {
        record: RecordId::from_bytes(house.draw()),
        register: "loan".parse().unwrap(),
        step: "file".parse().unwrap(),
        fill: fill(&good),
        occurred_at: Some("2025-03-02T01:00:00.000000Z".parse().unwrap()),
        late_reason: None,
        signed: None,
    };
    refused(house, "refused", Trace::Nothing, |house| ask(house, clerk, late));
    house.judge().unwrap();
}

#[test]
fn what_is_too_large_for_an_entry_and_documents_that_are_missing() {
    let mut archive = Archive::quick();
    let clerk = archive.people.clerk;
    archive.house.at("2025-03-25T01:00").unwrap();
    archive.house.tick().unwrap();
    let house = &mut archive.house;
    let rounds = "SELECT record FROM sheet_round ORDER BY record";
    let rounds = house.desk.read(|sql, _| sql.rows(rounds, &[])).unwrap();
    let round: RecordId = rounds
        .iter()
        .map(|row| row.text(0).unwrap().parse().unwrap())
        .find(|record| house.case(*record).unwrap().unit == archive.people.archive)
        .unwrap();
    let seen = house.case(round).unwrap().revision;
    let finish = |filled: &[(&str, Json)]| Command::Take {
        record: round,
        seen,
        step: "finish".parse().unwrap(),
        outcome: Outcome::Done,
        reason: None,
        fill: fill(filled),
        occurred_at: None,
        late_reason: None,
        signed: None,
    };
    let good = json!({"doors": {"answer": "good"}, "damp": {"answer": "good"}});
    let bad = json!({"doors": {"answer": "bad", "note": "門鎖故障"}, "damp": {"answer": "good"}});
    let long = json!({"doors": {"answer": "bad", "note": "長".repeat(25_000)}, "damp": {"answer": "good"}});
    let photo = house.file("門.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Keeping::Clear).unwrap();
    let large = finish(&[("looked_at", long), ("photos", json!([photo]))]);
    let too_large = refused(house, "too-large", Trace::Nothing, |house| ask(house, clerk, large));
    assert!(too_large.told().zh.contains("附件"), "{}", too_large.told());
    let undone = finish(&[("looked_at", json!({"doors": {"answer": "good"}}))]);
    refused(house, "refused", Trace::Nothing, |house| ask(house, clerk, undone));
    let missing = finish(&[("looked_at", bad.clone())]);
    let missing = refused(house, "refused", Trace::Nothing, |house| ask(house, clerk, missing));
    assert!(missing.told().zh.contains("文件"), "{}", missing.told());
    let digest = format!("sha256:{}", "ab".repeat(32));
    let photo = json!([{"digest": digest, "kind": "png", "name": "門.png", "size": "9"}]);
    let unstored = finish(&[("looked_at", bad), ("photos", photo)]);
    let unstored = refused(house, "refused", Trace::Nothing, |house| ask(house, clerk, unstored));
    assert!(unstored.told().zh.contains("尚未存入"), "{}", unstored.told());
    ask(house, clerk, finish(&[("looked_at", good)])).unwrap();
    house.judge().unwrap();
}

#[test]
fn files_are_what_they_are_said_to_be() {
    let mut yard = Yard::quick();
    let operator = yard.people.operators[0].with(Evidence::Otp);
    for (name, content) in [
        ("公文.pdf", b"MZ\x90\0\x03\0\0\0".as_slice()),
        ("公文.txt", b"%PDF-1.4\n"),
        ("a/b.txt", b"x"),
        ("fdp\u{202E}.txt", b"x"),
    ] {
        let refused = yard.house.desk.put_file(name, content, Keeping::Clear).unwrap_err();
        told(&refused);
    }
    let clear = yard.house.file("說明.txt", "內容".as_bytes(), Keeping::Clear).unwrap();
    let sealed = yard.house.file("圖說.txt", "機密".as_bytes(), Keeping::Sealed).unwrap();
    let with = |field: &'static str, file: &Json, change: (&str, Json)| {
        let mut file = file.clone();
        file[change.0] = change.1;
        (field, json!([file]))
    };
    let same = ("name", json!("說明.txt"));
    let cases = [
        (with("papers", &clear, ("size", json!("7"))), "file"),
        (with("papers", &clear, ("kind", json!("pdf"))), "file"),
        (with("papers", &clear, ("name", json!("說明.pdf"))), "file"),
        (with("papers", &clear, ("name", json!("說\u{202E}明.txt"))), "file"),
        (with("plan", &clear, same.clone()), "file"),
        (with("plan", &sealed, ("digest", json!(format!("sha256:{}", "cd".repeat(32))))), "refused"),
        (with("papers", &clear, ("digest", json!("sha256:xy"))), "refused"),
    ];
    for (nth, (field, code)) in cases.into_iter().enumerate() {
        let mut filled = yard.permit_of(0, "施工", "2025-05-01");
        filled.push(field);
        let command = open(&mut yard.house, "permit", "file", &filled);
        let refused = refused(&mut yard.house, code, Trace::Nothing, |house| house.give(operator, command));
        assert!(matches!(refused, Refused::FileInClear(_)) == (nth == 4), "{refused:?}");
    }
    let mut filled = yard.permit_of(0, "施工", "2025-05-01");
    filled.extend([with("papers", &clear, same), with("plan", &sealed, ("name", json!("圖說.txt")))]);
    let permit = yard.house.open(operator, "permit", "file", &filled).unwrap();
    let digest = |file: &Json| file["digest"].as_str().unwrap().to_owned();
    assert_eq!(yard.house.desk.file(&digest(&clear)).unwrap(), "內容".as_bytes());
    assert_eq!(yard.house.desk.file(&digest(&sealed)).unwrap(), "機密".as_bytes());
    // The state may be lost; the files say themselves which key they are sealed under.
    yard.house.desk.close();
    std::fs::remove_file(yard.house.data.join("store/state.db")).unwrap();
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(yard.house.data.join(format!("store/state.db{end}")));
    }
    yard.house.open_again().unwrap();
    assert_eq!(yard.house.desk.file(&digest(&clear)).unwrap(), "內容".as_bytes());
    assert_eq!(yard.house.desk.file(&digest(&sealed)).unwrap(), "機密".as_bytes());
    assert!(yard.house.case(permit).unwrap().content.0.contains_key("plan"));
    crate::naive::judge_house(&mut yard.house, &rules::YARD);
}

#[test]
fn a_file_that_only_says_that_it_is_sealed_is_given_out_as_it_is() {
    let archive = Archive::quick();
    // The mark of a sealed file and the name of a key that is not its own.
    let pretence = [b"WARDATT1".as_slice(), &[7; 16], b" nothing sealed"].concat();
    let stored = archive.house.desk.put_file("pretence", &pretence, Keeping::Clear).unwrap();
    assert_eq!(archive.house.desk.file(&stored.digest).unwrap(), pretence);
    for digest in ["sha256:ab", "none", &format!("sha256:{}", "0".repeat(64))] {
        told(&archive.house.desk.file(digest).unwrap_err());
    }
}

#[test]
fn those_who_left_and_deputies_who_were_not_told() {
    let (mut archive, _, loan) = filed();
    let People { clerk, keeper, head, director, auditor, .. } = archive.people;
    let house = &mut archive.house;
    let seen = house.case(loan).unwrap().revision;
    let approve = || take(loan, seen, "approve", Outcome::Approve, None);
    let until = "2025-06-01T00:00:00.000000Z".parse().unwrap();
    let from = house.appoint_untold(head, keeper, until).unwrap();
    let deputy = Acting { person: keeper.person, ..head }.standing_in(head.person);
    refused(house, "refused-identity", Trace::Stands, |house| ask(house, deputy, approve()));
    // The principal alone has taken note.
    let note = identity::Command::AcknowledgeDeputy { principal: head.person, deputy: keeper.person, from };
    house.desk.ask(Asker::Person(head.actor()), Order::Identity(note.clone())).unwrap();
    refused(house, "refused-identity", Trace::Stands, |house| ask(house, deputy, approve()));
    house.desk.ask(Asker::Person(keeper.actor()), Order::Identity(note)).unwrap();
    refused(house, "weak-signature", Trace::Nothing, |house| ask(house, deputy, approve()));
    house.identity(identity::Command::RecordLeaving { person: keeper.person }).unwrap();
    refused(house, "refused-identity", Trace::Stands, |house| ask(house, deputy, approve()));
    house.identity(identity::Command::RecordLeaving { person: clerk.person }).unwrap();
    refused(house, "refused-identity", Trace::Stands, |house| {
        ask(house, clerk, take(loan, seen, "take_back", Outcome::TakeBack, Some("不用了")))
    });
    // A role that nobody may stand in for.
    house.appoint(auditor, director, until).unwrap();
    let stands = Acting { person: director.person, ..auditor }.standing_in(auditor.person);
    refused(house, "refused-identity", Trace::Stands, |house| ask(house, stands, approve()));
    house.judge().unwrap();
}

#[test]
fn nobody_does_what_is_another_sort_of_askers() {
    let (mut archive, _, loan) = filed();
    let People { city, clerk, head, .. } = archive.people;
    let house = &mut archive.house;
    let seen = house.case(loan).unwrap().revision;
    let approve = take(loan, seen, "approve", Outcome::Approve, None);
    refused(house, "forbidden", Trace::Nothing, |house| {
        house.desk.ask(Asker::Console, Order::Casework(approve))
    });
    let unit = || {
        let names = identity::Names::new("組", "Group").unwrap();
        let (unit, code) = (model::UnitId::from_bytes([5; 16]), identity::Code::new("X").unwrap());
        Order::Identity(identity::Command::CreateUnit { unit, names, code, superior: Some(city) })
    };
    refused(house, "forbidden", Trace::Nothing, |house| house.desk.ask(Asker::System, unit()));
    refused(house, "refused-identity", Trace::Stands, |house| {
        house.desk.ask(Asker::Person(head.actor()), unit())
    });
    let files = desk::PackFiles::of(&regulation::Folder::new(&crate::archive::tiny())).unwrap();
    let publish = || Order::Publish(files.clone());
    refused(house, "forbidden", Trace::Stands, |house| {
        house.desk.ask(Asker::Person(head.actor()), publish())
    });
    refused(house, "forbidden", Trace::Nothing, |house| house.desk.ask(Asker::System, publish()));
    // The version that is there already, and one with a problem.
    refused(house, "pack", Trace::Nothing, |house| house.desk.ask(Asker::Console, publish()));
    let mut broken = files.clone();
    broken.0.insert("roles.toml".to_owned(), "[[role]]\nid = \"Clerk\"".to_owned());
    refused(house, "pack", Trace::Nothing, |house| house.desk.ask(Asker::Console, Order::Publish(broken)));
    let notice = casework::EntryNumber(1);
    refused(house, "forbidden", Trace::Nothing, |house| {
        house.desk.ask(Asker::Console, Order::ReadNotice(notice))
    });
    refused(house, "not-found", Trace::Nothing, |house| {
        house.desk.ask(Asker::Person(clerk.actor()), Order::ReadNotice(notice))
    });
    // How a check stands is what the board has reckoned, and nobody else's to say.
    let evaluated = || {
        let figures = vec![store::Figure::nobody(None)];
        let (check, clause) = ("overdue".parse().unwrap(), "5".parse().unwrap());
        let size = casework::EntryNumber(1);
        Order::Evaluated(vec![store::Evaluated { check, clause, figures, month: None, pack: 1, size }])
    };
    refused(house, "forbidden", Trace::Nothing, |house| house.desk.ask(Asker::Console, evaluated()));
    refused(house, "forbidden", Trace::Stands, |house| {
        house.desk.ask(Asker::Person(head.actor()), evaluated())
    });
    let answer = Command::Answer {
        record: loan,
        hook: "print_label".parse().unwrap(),
        asked: casework::EntryNumber(3),
        done: true,
        text: String::new(),
    };
    refused(house, "refused", Trace::Nothing, |house| house.desk.ask(Asker::System, Order::Casework(answer)));
    house.judge().unwrap();
}

#[test]
fn signatures_over_something_else_or_by_a_key_that_does_not_count() {
    let (mut archive, _, loan) = filed();
    let People { head, director, .. } = archive.people;
    let house = &mut archive.house;
    let seen = house.case(loan).unwrap().revision;
    let command = house.sign(head, take(loan, seen, "approve", Outcome::Approve, None)).unwrap();
    let signed = |change: &dyn Fn(&mut casework::Signed)| {
        let mut command = command.clone();
        if let Command::Take { signed: Some(signed), .. } = &mut command {
            change(signed);
        }
        command
    };
    let key = |refused: Refused| match refused {
        Refused::Key(fault) => Some(fault),
        _ => None,
    };
    let other = signed(&|signed| signed.statement.ledger = "other.example/ledger".to_owned());
    let refusal = refused(house, "signature", Trace::Stands, |house| ask(house, head, other));
    assert_eq!(key(refusal), Some(KeyFault::OtherLedger));
    // The statement says otherwise than what was signed.
    let outcome = signed(&|signed| signed.statement.outcome = "refuse".to_owned());
    refused(house, "signature", Trace::Stands, |house| ask(house, head, outcome));
    let pack = signed(&|signed| {
        signed.statement.pack = "tiny/2".to_owned();
        signed.carried.statement.pack = "tiny/2".to_owned();
    });
    refused(house, "signature", Trace::Stands, |house| ask(house, head, pack));
    let unknown = signed(&|signed| {
        if let Carried::Passkey(passkey) = &mut signed.carried.evidence {
            passkey.credential = vec![1, 2, 3];
        }
    });
    let refusal = refused(house, "signature", Trace::Stands, |house| ask(house, head, unknown));
    assert_eq!(key(refusal), Some(KeyFault::Unregistered));
    let grade = signed(&|signed| signed.evidence = Evidence::Otp);
    let refusal = refused(house, "signature", Trace::Stands, |house| ask(house, head, grade));
    assert_eq!(key(refusal), Some(KeyFault::OtherGrade));
    // Signed with the key of another.
    let others = house.sign(
        Acting { person: director.person, ..head },
        take(loan, seen, "approve", Outcome::Approve, None),
    );
    assert!(others.is_err(), "nobody is told what to sign in a role they do not hold");
    let credential =
        house.desk.seen().roster.person(head.person).unwrap().keys[0].credential.credential.clone();
    house.identity(identity::Command::RevokeCredential { credential }).unwrap();
    let refusal = refused(house, "signature", Trace::Stands, |house| ask(house, head, command.clone()));
    assert_eq!(key(refusal), Some(KeyFault::Revoked));
    house.judge().unwrap();
}

#[test]
fn without_a_regulation_there_is_nothing_to_decide_by() {
    let mut house = House::empty(3, None).unwrap();
    let unit = identity::Command::CloseUnit { unit: model::UnitId::from_bytes([5; 16]) };
    let refusal = house.desk.ask(Asker::Console, Order::Identity(unit)).unwrap_err();
    assert_eq!(refusal.code(), "no-pack");
    told(&refusal.told());
    assert_eq!(house.tick().unwrap(), desk::Ticked::default());
    house.judge().unwrap();
}
