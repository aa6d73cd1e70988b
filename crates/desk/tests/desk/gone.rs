//! Lines that go: what the desk enters, and what it refuses, by the registers that the shipped pack names.

use desk::{Asker, LinesGoing, Order, Refused, Stays};
use model::{Evidence, Instant, RecordId};
use regulation::{Folder, Outcome};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::path::Path;
use store::{LineErased, LinesBatch, LinesFact, LinesFile, LinesRetired};
use testkit::{Acting, House};

const RECEIVER: &str = "syslog-tcp";

struct Bed {
    house: House,
    admin: Acting,
    deciders: [Acting; 2],
}

/// A file of ten lines received at a moment, so many of which are erased.
fn file(first: u64, at: &str, erased: u32) -> LinesFile {
    let at: Instant = format!("{at}:00.000000Z").parse().unwrap();
    let digest = format!("sha256:{:064x}", first * 10 + u64::from(erased));
    LinesFile {
        count: 10,
        erased,
        file: digest.clone(),
        first,
        from: at,
        index: digest,
        receiver: RECEIVER.to_owned(),
        until: at,
    }
}

fn retired(file: &LinesFile, case: RecordId) -> LinesFact {
    LinesFact::Retired(LinesRetired {
        batches: 1,
        case,
        count: file.count,
        file: file.file.clone(),
        first: file.first,
        receiver: file.receiver.clone(),
    })
}

fn erased(line: u64, case: RecordId) -> LinesFact {
    let leaf = proof::hash::Hash::of(&[&line.to_be_bytes()]).to_string();
    LinesFact::Erased(LineErased { case, leaf, line, receiver: RECEIVER.to_owned() })
}

impl Bed {
    /// With files of January and of March 2025, in the year after.
    fn new(seed: u64) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
        let mut house = House::with_pack(seed, &Folder::new(&folder), None).unwrap();
        let city = house.unit("100", None).unwrap();
        let it = house.unit("110", Some(city)).unwrap();
        let admin = house.person("hsu", "network_admin", it).unwrap().with(Evidence::Otp);
        let deciders = [
            house.person("lin", "unit_head", it).unwrap(),
            house.person("shen", "security_officer", it).unwrap(),
        ];
        house.at("2026-03-03T01:00").unwrap();
        let bed = Self { house, admin, deciders };
        for (first, at) in [(0, "2025-01-10T01:00"), (10, "2025-03-10T01:00")] {
            let root = proof::hash::Hash::of(&[]).to_string();
            let batch = LinesBatch { count: 10, first, receiver: RECEIVER.to_owned(), root };
            bed.orders(Order::Lines(vec![LinesFact::Batch(batch), LinesFact::File(file(first, at, 0))]))
                .unwrap();
        }
        bed
    }

    fn orders(&self, order: Order) -> Result<(), Refused> {
        self.house.desk.ask(Asker::System, order).map(drop)
    }

    fn go(&self, facts: Vec<LinesFact>, clear_of: &[RecordId]) -> Result<(), Refused> {
        let clear_of = clear_of.iter().copied().collect::<BTreeSet<_>>();
        self.orders(Order::LinesGo(LinesGoing { facts, clear_of }))
    }

    /// A case as it is filed, and approved where it takes that.
    fn case(&mut self, register: &str, fill: &[(&str, Json)]) -> RecordId {
        let fill = [fill, &[("reason", json!("事由"))]].concat();
        let case = self.house.open(self.admin, register, "file", &fill).unwrap();
        if register != "line_hold" {
            for who in self.deciders {
                self.house.take(who, case, "approve", Outcome::Approve, &[]).unwrap();
            }
        }
        case
    }

    fn hold(&mut self, of: &[(&str, Json)]) -> RecordId {
        self.case("line_hold", &[of, &[("authority", json!("地方檢察署"))]].concat())
    }
}

fn stays(refused: Result<(), Refused>) -> Stays {
    match refused {
        Err(Refused::LinesStay(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_goes_by_its_own_case_past_its_time_unheld_and_once() {
    let mut bed = Bed::new(31);
    let (january, march) = (file(0, "2025-01-10T01:00", 0), file(10, "2025-03-10T01:00", 0));
    let nobody = RecordId::from_bytes([9; 16]);
    assert_eq!(stays(bed.go(vec![retired(&january, nobody)], &[])), Stays::NotApproved(nobody));
    let fill = [("receiver", json!(RECEIVER)), ("until", json!("2025-02-28")), ("reason", json!("事由"))];
    let case = bed.house.open(bed.admin, "line_disposal", "file", &fill).unwrap();
    assert_eq!(
        stays(bed.go(vec![retired(&january, case)], &[])),
        Stays::NotApproved(case),
        "it is filed alone"
    );
    for who in bed.deciders {
        bed.house.take(who, case, "approve", Outcome::Approve, &[]).unwrap();
    }
    assert_eq!(stays(bed.go(vec![retired(&march, case)], &[])), Stays::NotApproved(case), "of March");
    // Nobody but Ward itself, and nothing but what the ledger has.
    let facts = vec![retired(&january, case)];
    let order = Order::LinesGo(LinesGoing { facts: facts.clone(), clear_of: BTreeSet::new() });
    assert!(matches!(bed.house.desk.ask(Asker::Console, order), Err(Refused::NotForAsker)));
    let other = LinesFile { file: march.file.clone(), ..january.clone() };
    assert!(matches!(bed.go(vec![retired(&other, case)], &[]), Err(Refused::LinesGap { .. })));
    // Held by address: whoever has the lines looks for it.
    let hold = bed.hold(&[("network", json!("192.0.2.1"))]);
    assert_eq!(stays(bed.go(facts.clone(), &[])), Stays::Held(hold));
    bed.go(facts.clone(), &[hold]).unwrap();
    assert!(matches!(bed.go(facts, &[hold]), Err(Refused::LinesGap { .. })), "it has gone");
    // Lines go on where they were, and the tables are those of the ledger.
    let gone = bed.house.desk.read::<_, store::StoreError>(|sql, _| {
        Ok((sql.line_gone(RECEIVER, 3)?, sql.line_file(RECEIVER, 3)?, sql.lines_end(RECEIVER)?.filed))
    });
    let (gone, file, filed) = gone.unwrap();
    assert_eq!((gone.map(|gone| gone.case), file, filed), (Some(case), None, 20));
    bed.house.compare().unwrap();
}

#[test]
fn a_hold_on_a_receiver_or_on_days_keeps_whole_files_whatever_was_looked_for() {
    let mut bed = Bed::new(32);
    let january = file(0, "2025-01-10T01:00", 0);
    let fill = [("receiver", json!(RECEIVER)), ("until", json!("2025-02-28"))];
    let case = bed.case("line_disposal", &fill);
    let elsewhere = bed.hold(&[("receiver", json!("import"))]);
    let later = bed.hold(&[("since", json!("2025-01-11"))]);
    let days = bed.hold(&[("since", json!("2025-01-10")), ("until", json!("2025-01-10"))]);
    let all = [elsewhere, later, days];
    assert_eq!(stays(bed.go(vec![retired(&january, case)], &all)), Stays::Held(days));
    // It is asked to end, and holds until two have ended it.
    bed.house.take(bed.admin, days, "ask_end", Outcome::Done, &[]).unwrap();
    assert_eq!(stays(bed.go(vec![retired(&january, case)], &all)), Stays::Held(days));
    for who in bed.deciders {
        bed.house.take(who, days, "end", Outcome::Approve, &[]).unwrap();
    }
    bed.go(vec![retired(&january, case)], &[]).unwrap();
    let rulings = bed.house.desk.line_rulings(&mut None).unwrap().unwrap();
    let holds: BTreeSet<RecordId> = rulings.holds.iter().map(|hold| hold.record).collect();
    assert_eq!((holds, rulings.disposals.len()), (BTreeSet::from([elsewhere, later]), 1));
    assert!(rulings.unclear.is_empty());
}

#[test]
fn lines_go_with_the_file_in_which_they_are_no_more() {
    let mut bed = Bed::new(33);
    let at = "2025-01-10T01:00";
    let numbers = json!([{ "number": "3" }, { "number": "7" }, { "number": "12" }]);
    let case = bed.case("line_erasure", &[("receiver", json!(RECEIVER)), ("numbers", numbers)]);
    let new = |erased| LinesFact::Merged(file(0, at, erased));
    let gap = |refused| assert!(matches!(refused, Err(Refused::LinesGap { .. })), "{refused:?}");
    gap(bed.go(vec![erased(3, case)], &[]));
    gap(bed.go(vec![new(1)], &[]));
    gap(bed.go(vec![erased(3, case), new(2)], &[]));
    gap(bed.go(vec![erased(3, case), erased(3, case), new(1)], &[]));
    gap(bed.go(vec![erased(12, case), new(1)], &[]));
    assert_eq!(stays(bed.go(vec![erased(4, case), new(1)], &[])), Stays::NotApproved(case));
    gap(bed.orders(Order::Lines(vec![new(1)])));
    bed.go(vec![erased(3, case), new(1)], &[]).unwrap();
    gap(bed.go(vec![erased(3, case), new(2)], &[]));
    bed.go(vec![erased(7, case), new(2)], &[]).unwrap();
    let gone = bed.house.desk.read::<_, store::StoreError>(|sql, _| sql.lines_gone()).unwrap();
    assert_eq!((gone[&case].files, gone[&case].lines), (0, 2));
    // Merged with its neighbour it keeps what is left of them.
    let merged = |erased| {
        let (one, other) = (file(0, at, 0), file(10, "2025-03-10T01:00", 0));
        LinesFact::Merged(LinesFile { count: 20, erased, until: other.until, ..one })
    };
    gap(bed.orders(Order::Lines(vec![merged(0)])));
    bed.orders(Order::Lines(vec![merged(2)])).unwrap();
    bed.house.compare().unwrap();
}
