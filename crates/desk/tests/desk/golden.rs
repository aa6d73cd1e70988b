//! Golden ledgers: one of each release, kept in the repository and rebuilt by every later one.
//!
//! `golden/<release>/house` is what an installation leaves behind but its tables, `golden/<release>/master` its master
//! key, `golden/<release>/tables.txt` the dump of the tables that its entries give. It holds every kind of event, in
//! clear and sealed, destroyed ones too. A release makes its own with `UPDATE_GOLDEN=1`; those of former releases are
//! never made anew. Where tables change on purpose, `UPDATE_GOLDEN=tables` writes the dumps of all.

use crate::naive::lines;
use crate::yard::{Yard, folder};
use casework::{Body, Command, EntryNumber};
use desk::{Asker, Order, PackFiles};
use identity::Command as Identity;
use model::{Evidence, Instant};
use proof::lifecycle::KEY_DESTROYED;
use regulation::Outcome;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use store::Fact;
use testkit::{Acting, House};

/// The release that is being made.
const RELEASE: &str = "0.1";
/// When kept houses are opened.
const LATER: &str = "2030-01-07T01:00:00.000000Z";

fn kept(release: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/desk/golden").join(release)
}

fn later() -> Instant {
    LATER.parse().unwrap()
}

fn update() -> Option<String> {
    std::env::var("UPDATE_GOLDEN").ok()
}

/// The dump of the tables that a kept ledger gives.
fn tables(house: &House) -> String {
    let mut dump = Vec::new();
    house.desk.read(|sql, seen| store::dump(sql, &seen.layout, &mut dump)).unwrap();
    String::from_utf8(dump).unwrap()
}

#[test]
fn golden_ledgers_of_all_releases_are_rebuilt_the_same() {
    if update().as_deref() == Some("1") {
        make();
    }
    let mut releases = 0;
    let paths = std::fs::read_dir(kept("")).unwrap().map(|entry| entry.unwrap().path());
    for path in paths.filter(|path| path.is_dir()) {
        let mut house = House::kept(&path, later()).unwrap();
        assert!(house.opened.replayed > 100, "{}", path.display());
        let (tables, file) = (tables(&house), path.join("tables.txt"));
        if update().is_some() {
            write(&file, &tables);
        }
        let wanted = std::fs::read_to_string(&file).unwrap();
        for (line, (found, wanted)) in tables.lines().zip(wanted.lines()).enumerate() {
            assert_eq!(found, wanted, "{}, line {}", file.display(), line + 1);
        }
        assert_eq!(tables.lines().count(), wanted.lines().count(), "{}", file.display());
        house.judge().unwrap();
        // It goes on under this release.
        house.open_again().unwrap();
        house.tick().unwrap();
        house.unit("new", first_unit(&house)).unwrap();
        house.judge().unwrap();
        releases += 1;
    }
    assert!(releases > 0);
}

#[test]
fn the_golden_ledger_of_this_release_holds_every_kind_in_clear_and_sealed() {
    let house = House::kept(&kept(RELEASE), later()).unwrap();
    house.desk.close();
    let lines = lines(&house);
    let kinds: BTreeSet<&str> = lines.iter().map(|line| line.kind.as_str()).collect();
    let wanted: BTreeSet<&str> = CASEWORK.iter().chain(&IDENTITY).chain(&OTHERS).copied().collect();
    let missing: Vec<_> = wanted.difference(&kinds).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(kinds.difference(&wanted).collect::<Vec<_>>(), [] as [&&str; 0], "write them down here");
    let mut sealed: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for line in &lines {
        sealed.entry(&line.kind).or_default().insert(line.sealed);
    }
    // What may tell of content is there in both ways: of what is kept for a time, and of what is kept for ever.
    for kind in ["case.opened/1", "step.signed/1"] {
        assert_eq!(sealed[kind].len(), 2, "{kind}");
    }
    assert!(lines.iter().any(|line| line.sealed && line.fact.is_none()), "nothing is destroyed");
    let bytes: u64 = sizes(&kept(RELEASE)).iter().sum();
    assert!(bytes < 300_000, "{bytes} bytes");
}

fn sizes(folder: &std::path::Path) -> Vec<u64> {
    let size = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let is_folder = entry.file_type().unwrap().is_dir();
        if is_folder { sizes(&entry.path()) } else { vec![entry.metadata().unwrap().len()] }
    };
    std::fs::read_dir(folder).unwrap().flat_map(size).collect()
}

#[expect(clippy::disallowed_methods, reason = "a file of the repository, written on demand")]
fn write(path: &std::path::Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

fn first_unit(house: &House) -> Option<model::UnitId> {
    house.desk.seen().roster.units().find(|unit| unit.superior.is_none()).map(|unit| unit.id)
}

/// Kinds of events about records and duties. A kind that is added has to be added here: the match does not compile
/// without it.
const CASEWORK: [&str; 29] = [
    "approval.voided/1",
    "case.belongs/1",
    "case.changed/1",
    "case.graded/1",
    "case.linked/1",
    "case.moved/1",
    "case.numbered/1",
    "case.opened/1",
    "case.reckoned/1",
    "case.sent-back/1",
    "clock.fired/1",
    "clock.set/1",
    "clock.stopped/1",
    "content.condemned/1",
    "duty.begun/1",
    "duty.calendar-missing/1",
    "duty.chased/1",
    "duty.done/1",
    "duty.opened/1",
    "duty.reopened/1",
    "duty.rested/1",
    "effect.refused/1",
    "hook.answered/1",
    "hook.asked/1",
    "notice.sent/1",
    "seats.set/1",
    "signatures.voided/1",
    "step.signed/1",
    "step.taken/1",
];

/// Kinds of events about people and units.
const IDENTITY: [&str; 15] = [
    "clearance.granted/1",
    "clearance.withdrawn/1",
    "credential.added",
    "credential.revoked",
    "deputy.acknowledged/1",
    "deputy.appointed/1",
    "deputy.revoked/1",
    "person.changed/1",
    "person.left/1",
    "person.registered/1",
    "role.ended/1",
    "role.granted/1",
    "unit.changed/1",
    "unit.closed/1",
    "unit.created/1",
];

/// Other kinds.
const OTHERS: [&str; 7] = [
    "ledger.created",
    "ledger.clock-stepped-back",
    KEY_DESTROYED,
    desk::REFUSED,
    store::EVALUATED,
    store::NOTICE_READ,
    store::PUBLISHED,
];

/// Every kind is written down above.
#[test]
fn every_kind_of_event_is_known_here() {
    let known = |body: &Body| match body {
        Body::ApprovalVoided { .. }
        | Body::Belongs { .. }
        | Body::CalendarMissing { .. }
        | Body::Changed { .. }
        | Body::ClockFired { .. }
        | Body::ClockSet { .. }
        | Body::ClockStopped { .. }
        | Body::Condemned { .. }
        | Body::DutyBegun { .. }
        | Body::DutyChased { .. }
        | Body::DutyDone { .. }
        | Body::DutyOpened { .. }
        | Body::DutyReopened { .. }
        | Body::DutyRested { .. }
        | Body::EffectRefused { .. }
        | Body::Graded { .. }
        | Body::HookAnswered { .. }
        | Body::HookAsked { .. }
        | Body::Linked(_)
        | Body::Moved { .. }
        | Body::Notice { .. }
        | Body::Numbered { .. }
        | Body::Opened { .. }
        | Body::Reckoned { .. }
        | Body::SeatsSet { .. }
        | Body::SentBack { .. }
        | Body::Signed { .. }
        | Body::SignaturesVoided { .. }
        | Body::Taken { .. } => CASEWORK.contains(&body.kind()),
    };
    let house = House::kept(&kept(RELEASE), later()).unwrap();
    house.desk.close();
    for line in lines(&house) {
        if let Some(Fact::Case(event)) = &line.fact {
            assert!(known(&event.body), "{}", line.kind);
        }
    }
}

/// The pack of the yards without its second calendar, as one version and the next.
fn packs() -> [PackFiles; 2] {
    let mut first = PackFiles::of(&regulation::Folder::new(&folder())).unwrap();
    first.0.remove("calendars/2026.toml");
    let mut second = first.clone();
    let head = first.0["pack.toml"].replace("version = 1", "version = 2");
    second.0.insert("pack.toml".to_owned(), head);
    let permit = first.0["registers/permit.toml"].replace("\"returned\"", "\"sent_back\"");
    second.0.insert("registers/permit.toml".to_owned(), permit);
    let moves = "from = 1\n[[move]]\nregister = \"permit\"\nstates = { returned = \"sent_back\" }\n";
    second.0.insert("moves.toml".to_owned(), moves.to_owned());
    [first, second]
}

/// Makes the golden ledger of this release.
fn make() {
    let [first, second] = packs();
    let house = House::empty(2025, None).unwrap();
    house.desk.ask(Asker::Console, Order::Publish(first)).unwrap();
    let mut yard = Yard::at(house, "2025-12-15T01:00");
    people(&mut yard);
    permits(&mut yard);
    time(&mut yard, second);
    destruction(&mut yard);
    yard.house.desk.close();
    let kept = kept(RELEASE);
    if kept.exists() {
        std::fs::remove_dir_all(&kept).unwrap();
    }
    yard.house.keep(&kept).unwrap();
}

/// All that happens to people and units.
fn people(yard: &mut Yard) {
    let people = yard.people;
    let house = &mut yard.house;
    let group = house.unit("G", Some(people.north)).unwrap();
    let (names, code) =
        (identity::Names::new("一組", "Group one").unwrap(), identity::Code::new("G1").unwrap());
    let superior = Some(people.south);
    house.identity(Identity::ChangeUnit { unit: group, names, code, superior }).unwrap();
    house.identity(Identity::CloseUnit { unit: group }).unwrap();
    let guarded = || "guarded".parse().unwrap();
    let [operator, helper] = people.operators;
    for person in [operator, helper, people.heads[0], people.heads[1], people.safety, people.both] {
        house.identity(Identity::GrantClearance { person: person.person, grade: guarded() }).unwrap();
    }
    house.identity(Identity::WithdrawClearance { person: people.both.person }).unwrap();
    let details = identity::Details {
        name: identity::Line::new("蔡大明").unwrap(),
        login: identity::Login::new("tsai").unwrap(),
        title: identity::Line::new("技士").unwrap(),
        mail: identity::Mail::new("tsai@house.example").unwrap(),
        phone: None,
    };
    let network = people.network.person;
    house.identity(Identity::ChangePerson { person: network, details, home: people.north }).unwrap();
    let ended = Identity::EndRole {
        person: people.both.person,
        role: "operator".parse().unwrap(),
        unit: Some(people.north),
        from: None,
    };
    house.identity(ended).unwrap();
    let until = "2025-12-31T00:00:00.000000Z".parse().unwrap();
    let from = house.appoint(people.heads[0], people.both, until).unwrap();
    let (principal, deputy) = (people.heads[0].person, people.both.person);
    house.identity(Identity::RevokeDeputy { principal, deputy, from }).unwrap();
    let keys = house.desk.seen().roster.person(network).unwrap().keys.clone();
    let credential = keys[0].credential.credential.clone();
    house.identity(Identity::RevokeCredential { credential }).unwrap();
    house.identity(Identity::RecordLeaving { person: network }).unwrap();
}

/// Permits that go each way there is.
fn permits(yard: &mut Yard) {
    let people = yard.people;
    let [operator, helper] = people.operators;
    let [first, second] = people.heads;
    let approve = |yard: &mut Yard, permit, by: [Acting; 2]| {
        for head in by {
            yard.take(head, permit, "approve", Outcome::Approve, &[]).unwrap();
        }
    };
    // Returned, filed again for the south, decided there, changed, and changed back to be decided.
    let south = yard.permit(operator, 0, "挖掘", "2025-12-29").unwrap();
    yard.take(first, south, "approve", Outcome::Approve, &[]).unwrap();
    yard.take(second, south, "approve", Outcome::Return, &[]).unwrap();
    read_notices(yard, operator);
    let moved = [("site", json!(people.sites[2].to_string())), ("subject", json!("開挖"))];
    yard.take(operator, south, "refile", Outcome::Done, &moved).unwrap();
    approve(yard, south, [people.southern[1], people.director]);
    yard.take(people.southern[0], south, "amend", Outcome::Done, &[("subject", json!("回填"))]).unwrap();
    // One who has no right to.
    let command = Command::Take {
        record: south,
        seen: yard.house.case(south).unwrap().revision,
        step: "approve".parse().unwrap(),
        outcome: Outcome::Approve,
        reason: None,
        fill: [].into(),
        occurred_at: None,
        late_reason: None,
        signed: None,
    };
    let refused = Asker::Person(people.safety.actor());
    yard.house.desk.ask(refused, Order::Casework(command)).unwrap_err();
    // Approved, graded anew, approved again, checked, closed.
    let north = yard.permit(operator, 1, "植樹", "2025-12-30").unwrap();
    approve(yard, north, [first, second]);
    yard.take(operator, north, "amend", Outcome::Done, &[("level", json!("guarded"))]).unwrap();
    approve(yard, north, [first, second]);
    yard.take(people.safety, north, "check", Outcome::Done, &[]).unwrap();
    yard.take(helper, north, "check", Outcome::Done, &[]).unwrap();
    yard.take(helper, north, "close", Outcome::Done, &[("report", json!("完工"))]).unwrap();
    yard.house.desk.send(&crate::script::ways(&std::sync::Arc::default())).unwrap();
    // Refused; taken back; left to lapse; approved for a site that is then closed; returned when the version changes.
    let refused = yard.permit(operator, 0, "拒絕", "2025-12-23").unwrap();
    yard.take(first, refused, "approve", Outcome::Refuse, &[]).unwrap();
    let back = yard.permit(operator, 0, "撤回", "2025-12-24").unwrap();
    yard.take(operator, back, "take_back", Outcome::TakeBack, &[]).unwrap();
    yard.permit(operator, 0, "擱置", "2025-12-25").unwrap();
    let idle = yard.permit(operator, 1, "封閉", "2025-12-26").unwrap();
    approve(yard, idle, [first, second]);
    let returned = yard.permit(operator, 0, "待補", "2025-12-26").unwrap();
    yard.take(first, returned, "approve", Outcome::Return, &[]).unwrap();
    let note = [("works", json!("整地")), ("gate_code", json!("9183"))];
    yard.take(first, people.sites[0], "note", Outcome::Done, &note).unwrap();
}

fn read_notices(yard: &mut Yard, who: Acting) {
    let notices =
        yard.house.desk.read(|sql, _| sql.rows("SELECT entry FROM notice ORDER BY entry", &[])).unwrap();
    for row in notices {
        let notice = EntryNumber(u64::try_from(row.int(0).unwrap()).unwrap());
        let _ = yard.house.desk.ask(Asker::Person(who.actor()), Order::ReadNotice(notice));
    }
}

/// Days pass, over New Year, and a version is published.
fn time(yard: &mut Yard, second: PackFiles) {
    for day in 0..24 {
        yard.house.tick().unwrap();
        if day % 7 == 0 {
            yard.house.assess().unwrap();
        }
        if day == 0 {
            let head = yard.people.heads[0];
            yard.take(head, yard.people.sites[1], "close", Outcome::Done, &[]).unwrap();
        }
        if day == 3 {
            looks(yard);
        }
        if day == 5 {
            yard.house.desk.ask(Asker::Console, Order::Publish(second.clone())).unwrap();
        }
        if day == 9 {
            yard.house.unit("X", Some(yard.people.north)).unwrap();
            yard.house.clock.step_back(Duration::from_secs(3_600));
            yard.house.unit("Y", Some(yard.people.north)).unwrap();
        }
        yard.house.clock.pass(Duration::from_secs(86_400));
    }
}

/// One sheet is void and opened anew, which is then finished; the site's series rests once it is closed.
fn looks(yard: &mut Yard) {
    let [_, helper] = yard.people.operators;
    let open = "SELECT record FROM sheet_look WHERE state = 'open' ORDER BY opened";
    let open = yard.house.desk.read(|sql, _| sql.rows(open, &[])).unwrap();
    let sheets: Vec<model::RecordId> = open.iter().map(|row| row.text(0).unwrap().parse().unwrap()).collect();
    let north = |yard: &Yard, record| yard.house.case(record).unwrap().unit == yard.people.north;
    let sheet = *sheets.iter().find(|record| north(yard, **record)).unwrap();
    yard.take(helper, sheet, "drop", Outcome::Done, &[]).unwrap();
    let again = yard
        .house
        .desk
        .read(|sql, _| sql.row("SELECT record FROM sheet_look ORDER BY opened DESC LIMIT 1", &[]));
    let again = again.unwrap().unwrap().text(0).unwrap().parse().unwrap();
    yard.take(helper, again, "finish", Outcome::Done, &[("found", json!("無"))]).unwrap();
}

/// Years later what was refused and taken back is destroyed.
fn destruction(yard: &mut Yard) {
    let people = yard.people;
    yard.house.at("2029-02-01T01:00").unwrap();
    let ended = "SELECT record FROM record WHERE register = 'permit' AND ending IN ('refused', 'withdrawn') ORDER BY opened";
    let ended = yard.house.desk.read(|sql, _| sql.rows(ended, &[])).unwrap();
    let list: Vec<&str> = ended.iter().map(|row| row.text(0).unwrap()).collect();
    assert_eq!(list.len(), 2);
    let file = [("permits", json!(list))];
    let who = people.operators[0].with(Evidence::Otp);
    let destruction = yard.house.open(who, "destruction", "file", &file).unwrap();
    for head in people.heads {
        yard.take(head, destruction, "approve", Outcome::Approve, &[]).unwrap();
    }
    assert_eq!(yard.house.tick().unwrap().destroyed, 2);
}
