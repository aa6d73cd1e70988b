//! The desk on PostgreSQL: the same tables as in a folder, a database that goes away and comes back, one desk at a time.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which fail by panicking")]

use desk::Refused;
use model::{Clock as _, RecordId};
use regulation::{Folder, Outcome};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use store::Sql;
use testkit::{Acting, House, Postgres};

/// A house with the tiny pack and three people.
struct Small {
    house: House,
    clerk: Acting,
    keeper: Acting,
    head: Acting,
}

impl Small {
    fn new(seed: u64, url: Option<&str>) -> Self {
        let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../regulation/tests/tiny");
        let mut house = House::with_pack(seed, &Folder::new(&pack), url).unwrap();
        house.at("2025-03-03T01:00").unwrap();
        let unit = house.unit("A", None).unwrap();
        let [clerk, keeper] = ["wang", "chen"].map(|login| house.person(login, "clerk", unit).unwrap());
        let head = house.person("lin", "head", unit).unwrap();
        Self { house, clerk, keeper, head }
    }

    /// A key in its place; its alarm code is sealed.
    fn key(&mut self, code: &str) -> Result<RecordId, Refused> {
        let key = self.house.open(self.clerk, "key", "register", &[("code", json!(code))])?;
        let keeper = self.keeper.person.to_string();
        let fill = [("room", json!("三樓庫房")), ("keeper", json!(keeper)), ("alarm_code", json!("4711"))];
        self.house.take(self.head, key, "change", Outcome::Done, &fill)?;
        Ok(key)
    }

    /// A loan that is out.
    fn loan(&mut self, key: RecordId) -> Result<RecordId, Refused> {
        let fill = [
            ("key", json!(key.to_string())),
            ("borrower", json!(self.clerk.person.to_string())),
            ("starts", json!("2025-03-06")),
            ("until", json!("2025-03-10")),
            ("purpose", json!("修繕門窗")),
        ];
        let loan = self.house.open(self.clerk, "loan", "file", &fill)?;
        self.house.take(self.head, loan, "approve", Outcome::Approve, &[])?;
        Ok(loan)
    }

    fn dump(&self) -> String {
        let mut out = Vec::new();
        self.house.desk.read(|sql, seen| store::dump(sql, &seen.layout, &mut out)).unwrap();
        String::from_utf8(out).unwrap()
    }
}

/// What a month brings: keys, a loan that gets overdue, notices, duties.
fn month(small: &mut Small) {
    let key = small.key("K-1").unwrap();
    small.loan(key).unwrap();
    small.key("K-2").unwrap();
    for day in ["2025-03-09", "2025-03-11", "2025-03-14", "2025-04-02"] {
        small.house.at(&format!("{day}T01:00")).unwrap();
        small.house.desk.tick().unwrap();
    }
}

#[test]
fn the_same_acts_give_the_same_tables_on_both_databases_and_those_the_ledger_gives() {
    let Some(cluster) = Postgres::shared() else { return };
    let mut folder = Small::new(71, None);
    let mut database = Small::new(71, Some(&cluster.database().unwrap()));
    month(&mut folder);
    month(&mut database);
    let dumps = [folder.dump(), database.dump()];
    for (one, other) in dumps[0].lines().zip(dumps[1].lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(dumps[0].len(), dumps[1].len());
    let digest = database.house.compare().unwrap();
    assert_eq!(folder.house.compare().unwrap(), digest);
    database.house.reopen().unwrap();
    assert_eq!((database.house.opened.replayed, database.house.desk.digest().unwrap()), (0, digest));
}

#[test]
fn while_the_database_is_away_nothing_is_done_and_then_all_goes_on() {
    let Some(cluster) = Postgres::own("") else { return };
    let mut small = Small::new(72, Some(&cluster.database().unwrap()));
    // As an administrator restarts it, and as a crash does, which takes back what was committed last.
    for (crash, codes) in [(false, ["K-1", "K-2"]), (true, ["K-3", "K-4"])] {
        let key = small.key(codes[0]).unwrap();
        let size = small.house.reader().size().unwrap();
        if crash { cluster.crash() } else { cluster.stop() }.unwrap();
        for _ in 0..2 {
            let refused =
                small.house.open(small.clerk, "key", "register", &[("code", json!("K-9"))]).unwrap_err();
            assert!(matches!(refused, Refused::Away(_)), "{refused:?}");
            assert_eq!(refused.code(), "unavailable");
            assert!(refused.told().zh.contains("未變更任何資料"), "{}", refused.told());
            assert!(small.house.desk.tick().is_err());
        }
        cluster.start().unwrap();
        small.key(codes[1]).unwrap();
        small.loan(key).unwrap();
        assert!(small.house.desk.stopped().is_none());
        small.house.compare().unwrap();
        assert!(small.house.reader().size().unwrap() > size);
    }
    let keys = small.dump().lines().filter(|line| line.contains("\tK-")).count();
    assert_eq!(keys, 4, "each key once, and none that was refused");
}

#[test]
fn a_database_lost_between_ledger_and_tables_stops_the_desk_and_the_next_start_replays() {
    let Some(cluster) = Postgres::own("") else { return };
    let url = cluster.database().unwrap();
    let mut small = Small::new(73, Some(&url));
    small.key("K-1").unwrap();
    let mut other = Sql::postgres(&url, "ward").unwrap();
    // The tables can be read and not written, so that the desk decides, appends, and waits.
    other.script("BEGIN; LOCK TABLE history IN SHARE MODE").unwrap();
    let size = small.house.reader().size().unwrap();
    let desk = small.house.desk.clone();
    let waiting = std::thread::spawn(move || {
        small.key("K-2").map(|_| ()).map_err(|refused| Box::new((refused, small)))
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    // Asking the server takes it some time each time; nobody sleeps.
    let seen = (0..200_000).any(|_| other.row(waits, &[]).unwrap().unwrap().int(0) == Some(1));
    assert!(seen, "the desk waits for the table");
    cluster.crash().unwrap();
    let (refused, mut small) = *waiting.join().unwrap().err().unwrap();
    assert_eq!(refused.code(), "stopped");
    assert!(refused.told().zh.contains("已記入帳本"), "{}", refused.told());
    assert!(desk.stopped().is_some());
    let again = small.house.open(small.clerk, "key", "register", &[("code", json!("K-3"))]).unwrap_err();
    assert!(matches!(again, Refused::Stopped(_)), "{again:?}");
    cluster.start().unwrap();
    small.house.reopen().unwrap();
    assert!(small.house.opened.replayed > 0);
    assert!(small.house.reader().size().unwrap() > size);
    // What the ledger had is there: the code is taken.
    let twice = small.house.open(small.clerk, "key", "register", &[("code", json!("K-2"))]).unwrap_err();
    assert_eq!(twice.code(), "refused");
    small.house.compare().unwrap();
}

#[test]
fn a_commit_that_fails_after_the_append_stops_the_desk_and_the_next_start_replays() {
    let Some(cluster) = Postgres::shared() else { return };
    let url = cluster.database().unwrap();
    let mut small = Small::new(77, Some(&url));
    small.key("K-1").unwrap();
    let mut other = Sql::postgres(&url, "ward").unwrap();
    // Every statement goes through; what they leave is refused when all of it is to be committed.
    let refused_late = "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS \
                        'BEGIN RAISE EXCEPTION ''no room at commit''; END'; \
                        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON history \
                        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()";
    other.script(refused_late).unwrap();
    let position = small.house.desk.seen().position;
    let refused = small.key("K-2").unwrap_err();
    assert_eq!(refused.code(), "stopped");
    assert!(refused.told().zh.contains("已記入帳本"), "{}", refused.told());
    assert!(refused.told().en.contains("no room at commit"), "{}", refused.told());
    assert!(small.house.desk.stopped().is_some());
    assert_eq!(small.house.desk.seen().position, position, "nothing of it is shown");
    other.script("DROP TRIGGER late ON history; DROP FUNCTION late()").unwrap();
    small.house.reopen().unwrap();
    assert!(small.house.opened.replayed > 0);
    // What the ledger had is there: the code is taken.
    let twice = small.house.open(small.clerk, "key", "register", &[("code", json!("K-2"))]).unwrap_err();
    assert_eq!(twice.code(), "refused");
    small.key("K-3").unwrap();
    small.house.compare().unwrap();
}

#[test]
fn a_second_desk_on_the_same_database_is_refused() {
    let Some(cluster) = Postgres::shared() else { return };
    let url = cluster.database().unwrap();
    let first = House::empty(74, Some(&url)).unwrap();
    let error = House::empty(75, Some(&url)).err().unwrap().to_string();
    assert!(error.contains("另一個 Ward 程序") && error.contains("Another Ward process"), "{error}");
    // It may still be read beside.
    assert_eq!(first.desk.wait_beyond(0, Duration::ZERO), first.desk.seen().position);
    first.desk.close();
    // Tables of another ledger are not taken for one's own, however far they reach.
    let error = House::empty(76, Some(&url)).err().unwrap().to_string();
    assert!(error.contains("屬於另一份帳本") && error.contains("ward rebuild"), "{error}");
}

#[test]
fn drafts_are_one_a_form_and_person_bounded_and_forgotten_alike_on_both_databases() {
    let Some(cluster) = Postgres::shared() else { return };
    for url in [None, Some(cluster.database().unwrap())] {
        let small = Small::new(77, url.as_deref());
        let (desk, person) = (&small.house.desk, small.clerk.person);
        let record = RecordId::from_bytes([9; 16]);
        let draft = |form: &str, pairs: &str, minute: u64| store::Draft {
            form: form.to_owned(),
            record: (form == "/of-a-record").then_some(record),
            pairs: pairs.to_owned(),
            kept_at: small.house.clock.now().plus(Duration::from_secs(60 * minute)),
        };
        let drafts = |person| desk.read(|sql, _| sql.drafts(person)).unwrap();
        desk.keep_draft(person, draft("/a", "f.x=1", 0)).unwrap();
        desk.keep_draft(person, draft("/a", "f.x=2", 1)).unwrap();
        desk.keep_draft(person, draft("/of-a-record", "f.y=3", 2)).unwrap();
        let forms: Vec<_> = drafts(person).into_iter().map(|one| (one.form, one.pairs, one.record)).collect();
        let expected = [("/of-a-record", "f.y=3", Some(record)), ("/a", "f.x=2", None)];
        assert_eq!(forms, expected.map(|(form, pairs, record)| (form.to_owned(), pairs.to_owned(), record)));
        assert!(drafts(small.keeper.person).is_empty());
        desk.forget_draft(person, "/a").unwrap();
        assert_eq!(drafts(person).len(), 1);
        // The oldest make room; what nobody came back to for a season goes.
        for number in 0..105 {
            desk.keep_draft(person, draft(&format!("/n/{number}"), "", 10 + number)).unwrap();
        }
        let kept = drafts(person);
        assert_eq!((kept.len(), kept[0].form.as_str(), kept[99].form.as_str()), (100, "/n/104", "/n/5"));
        small.house.clock.pass(Duration::from_secs(91 * 86_400));
        desk.tick().unwrap();
        assert!(drafts(person).is_empty());
    }
}
