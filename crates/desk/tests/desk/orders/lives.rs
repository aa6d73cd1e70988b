//! The two invented regulations: who lives by them, what is opened, what is filled in.

use super::choose::nth_of;
use super::deed::{Filled, Given, Ordered, Record};
use super::life::{Habits, Life};
use crate::archive::{self, Archive};
use crate::yard::{self, Yard};
use model::{Clock as _, RecordId};
use regulation::Outcome;
use serde_json::{Value as Json, json};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use testkit::{FaultyDisk, House, Remains};

/// A house over a copy of what remains, on a disk that fails when told.
fn house(remains: &Remains) -> (House, Arc<FaultyDisk>) {
    let faulty = Arc::new(FaultyDisk::over(&remains.disk.snapshot()));
    (remains.house_on(Arc::<FaultyDisk>::clone(&faulty) as _).unwrap(), faulty)
}

/// An archive with three keys.
static KEYS: LazyLock<(Remains, archive::People, Vec<RecordId>)> = LazyLock::new(|| {
    let (remains, people) = Archive::ground();
    let disk = remains.disk.snapshot();
    let mut house = remains.house_on(Arc::new(disk.clone())).unwrap();
    let mut key = |code: &str, keeper: &str| {
        let key = house.open(people.clerk, "key", "register", &[("code", json!(code))]).unwrap();
        let fill = [("room", json!("庫房")), ("keeper", json!(keeper))];
        house.take(people.head, key, "change", Outcome::Done, &fill).unwrap();
        key
    };
    let keepers = [people.clerk, people.keeper, people.clerk].map(|one| one.person.to_string());
    let keys = ["K-0", "K-1", "K-2"].into_iter().zip(&keepers);
    let keys = keys.map(|(code, keeper)| key(code, keeper)).collect();
    house.desk.close();
    (house.remains(disk).unwrap(), people, keys)
});

/// The archive: clerk, keeper, head, director, auditor; keys that are lent.
pub(super) fn archive() -> Life {
    let (remains, people, keys) = &*KEYS;
    let (house, disk) = house(remains);
    let named = vec![
        ("clerk", people.clerk),
        ("keeper", people.keeper),
        ("head", people.head),
        ("director", people.director),
        ("auditor", people.auditor),
    ];
    let habits = Habits {
        about: "key",
        pairs: &[
            ("clerk", "keeper"),
            ("keeper", "clerk"),
            ("head", "director"),
            ("head", "clerk"),
            ("clerk", "head"),
            ("keeper", "head"),
            ("head", "keeper"),
            ("director", "head"),
            ("head", "auditor"),
        ],
        edits: &["change"],
        open: |life, number, what, days| match what % 12 {
            0 => Some(key(number, what)),
            _ => loan(life, number, what, days),
        },
        fill: |step, text| match step {
            "change" => vec![
                ("room", json!(format!("第{text}室"))),
                ("keeper", json!(["@person clerk", "@person keeper"][usize::from(text) % 2])),
                ("alarm_code", json!(format!("碼{text}"))),
            ],
            "give_back" if text % 3 > 0 => {
                vec![("condition", json!(["good", "damaged"][usize::from(text) % 2]))]
            }
            "finish" => vec![("looked_at", json!({"doors": {"answer": "good"}, "damp": {"answer": "good"}}))],
            _ => vec![],
        },
    };
    Life::new(house, disk, named, keys.clone(), habits)
}

fn opening(
    who: &str,
    register: &str,
    step: &str,
    number: u32,
    fill: impl IntoIterator<Item = (&'static str, Json)>,
) -> Given {
    let fill: Filled = fill.into_iter().map(|(field, json)| (field.to_owned(), json)).collect();
    let (register, step) = (register.to_owned(), step.to_owned());
    Given {
        who: who.to_owned(),
        standing_in: None,
        by_code: false,
        order: Ordered::Open { record: Record::Own(number), register, step, fill },
    }
}

/// A key is what loans are about.
fn key(number: u32, what: u8) -> Given {
    opening("clerk", "key", "register", number, [("code", json!(format!("K-{}", what % 5)))])
}

fn loan(life: &Life, number: u32, what: u8, days: u8) -> Option<Given> {
    let key = nth_of(&life.subjects(), what)?;
    let borrower = ["clerk", "keeper", "clerk", "keeper", "head"][usize::from(what) % 5];
    let fill = [
        ("key", json!(format!("@{}", life.name(key)))),
        ("borrower", json!(format!("@person {borrower}"))),
        ("starts", day(life, 3)),
        ("until", day(life, 4 + u64::from(days % 4))),
        ("purpose", json!(["參觀", "修繕"][usize::from(what) % 2])),
    ];
    Some(opening(["clerk", "keeper"][usize::from(what) % 2], "loan", "file", number, fill))
}

/// A day so many days from now, in Taipei.
fn day(life: &Life, days: u64) -> Json {
    let at = life.house.clock.now().plus(Duration::from_secs((days * 24 + 8) * 3600));
    json!(at.to_string()[..10])
}

/// The yards: two operators, two heads, one who is both, safety, network, a director, two of the south; permits.
pub(super) fn yard() -> Life {
    let (remains, people): (Remains, yard::People) = Yard::ground();
    let (house, disk) = house(&remains);
    let operator = testkit::Acting { role: "operator", ..people.both };
    let [wang, chen] = people.operators;
    let [lin, chang] = people.heads;
    let [lee, ho] = people.southern;
    let named = vec![
        ("wang", wang),
        ("chen", chen),
        ("lin", lin),
        ("chang", chang),
        ("huang", people.both),
        ("huang as operator", operator),
        ("safety", people.safety),
        ("network", people.network),
        ("director", people.director),
        ("lee", lee),
        ("ho", ho),
    ];
    let habits = Habits {
        about: "site",
        pairs: &[
            ("lin", "chang"),
            ("chang", "lin"),
            ("huang", "lin"),
            ("chang", "huang"),
            ("wang", "chen"),
            ("chen", "wang"),
            ("wang", "huang as operator"),
            ("huang as operator", "chen"),
            ("wang", "lin"),
            ("chen", "chang"),
            ("lin", "wang"),
            ("safety", "wang"),
            ("network", "safety"),
            ("lin", "ho"),
            ("lee", "wang"),
        ],
        edits: &["amend", "note", "refile"],
        open: permit,
        fill: |step, text| match step {
            "note" => vec![("works", json!(format!("註{text}"))), ("gate_code", json!(format!("門{text}")))],
            "amend" if text % 3 == 0 => vec![("secret", json!(format!("密{text}")))],
            "amend" if text % 9 == 2 => vec![("level", json!("guarded"))],
            "amend" if text % 3 == 1 => vec![("subject", json!(format!("改{text}")))],
            "refile" if text % 5 == 0 => vec![("site", json!("@base 2"))],
            "refile" if text % 2 == 0 => vec![("subject", json!(format!("再{text}")))],
            "close" => vec![("report", json!("完工"))],
            "finish" => vec![("found", json!("無"))],
            _ => vec![],
        },
    };
    Life::new(house, disk, named, people.sites.to_vec(), habits)
}

fn permit(life: &Life, number: u32, what: u8, days: u8) -> Option<Given> {
    let southern = what % 9 == 4;
    let site = if southern { 2 } else { usize::from(what) % 2 };
    let helpers = life.people.iter().skip(usize::from(what) % 5).take(usize::from(what) % 4);
    // One of them acts in two roles.
    let helpers = helpers.filter(|(name, _)| *name != "huang as operator");
    let helpers: Vec<String> = helpers.map(|(name, _)| format!("@person {name}")).collect();
    let mut fill = vec![
        ("subject", json!(format!("第{what}案"))),
        ("site", json!(format!("@base {site}"))),
        ("starts", day(life, 5 + u64::from(days))),
        ("network", json!(what.is_multiple_of(2))),
        ("helpers", json!(helpers)),
    ];
    if what.is_multiple_of(3) {
        fill.push(("secret", json!(format!("密{what}"))));
    }
    let likely = if southern { "lee" } else { ["wang", "chen", "huang as operator"][usize::from(what) % 3] };
    // Now and then somebody who may not.
    let who = if what % 32 == 7 { nth_of(&life.people, what / 32) } else { None };
    let who = who.map_or(likely, |(name, _)| name);
    Some(Given { by_code: true, ..opening(who, "permit", "file", number, fill) })
}
