//! The two invented regulations: who lives by them, what is opened, what is filled in.

use super::life::{Life, nth_of};
use crate::archive::Archive;
use crate::yard::Yard;
use model::Evidence;
use regulation::Outcome;
use serde_json::json;
use testkit::Acting;

/// The archive: clerk, keeper, head, director, auditor; keys that are lent.
pub(super) fn archive() -> Life {
    let Archive { house, people } = Archive::quick();
    let acting = vec![people.clerk, people.keeper, people.head, people.director, people.auditor];
    let mut life = Life {
        pairs: &[(0, 1), (1, 0), (2, 3), (2, 0), (0, 2), (1, 2), (2, 1), (3, 2), (4, 2)],
        edits: &["change"],
        open: |life, what, days| if what % 12 == 0 { key(life, what) } else { loan(life, what, days) },
        fill: |step, text| match step {
            "change" => {
                vec![("room", json!(format!("第{text}室"))), ("alarm_code", json!(format!("碼{text}")))]
            }
            "give_back" if text % 3 > 0 => {
                vec![("condition", json!(["good", "damaged"][usize::from(text) % 2]))]
            }
            "finish" => vec![("looked_at", json!({"doors": {"answer": "good"}, "damp": {"answer": "good"}}))],
            _ => vec![],
        },
        ..Life::new(house, acting, vec![])
    };
    for what in [0, 1, 2] {
        key(&mut life, what);
    }
    for what in [1, 2] {
        loan(&mut life, what, 2);
    }
    life
}

/// A key in its place is what loans are about; it is no case of its own.
fn key(life: &mut Life, what: u8) {
    let fill = [("code", json!(format!("K-{}", what % 5)))];
    let key = life.file(life.acting[0], "key", "register", &fill);
    let Some(key) = key else { return };
    let keeper = life.acting[usize::from(what) % 2].person.to_string();
    let fill = [("room", json!("庫房")), ("keeper", json!(keeper))];
    let _ = life.house.take(life.acting[2], key, "change", Outcome::Done, &fill);
    life.base.push(key);
}

fn loan(life: &mut Life, what: u8, days: u8) {
    let Some(key) = nth_of(&life.base, what) else { return };
    let borrower = life.acting[[0, 1, 0, 1, 2][usize::from(what) % 5]].person.to_string();
    let fill = [
        ("key", json!(key.to_string())),
        ("borrower", json!(borrower)),
        ("starts", life.day(3)),
        ("until", life.day(4 + u64::from(days % 4))),
        ("purpose", json!(["參觀", "修繕"][usize::from(what) % 2])),
    ];
    life.file(life.acting[usize::from(what) % 2], "loan", "file", &fill);
}

/// The yards: two operators, two heads, one who is both, safety, network, a director, two of the south; permits.
pub(super) fn yard() -> Life {
    let Yard { house, people } = Yard::quick();
    let operator = Acting { role: "operator", ..people.both };
    let [first, second] = people.operators;
    let [head, deputy] = people.heads;
    let [southern, southern_head] = people.southern;
    let acting = vec![
        first,
        second,
        head,
        deputy,
        people.both,
        operator,
        people.safety,
        people.network,
        people.director,
        southern,
        southern_head,
    ];
    let mut life = Life {
        pairs: &[
            (2, 3),
            (3, 2),
            (4, 2),
            (3, 4),
            (0, 1),
            (1, 0),
            (0, 5),
            (5, 1),
            (0, 2),
            (1, 3),
            (2, 0),
            (6, 0),
            (7, 6),
            (2, 10),
            (9, 0),
        ],
        edits: &["amend", "note", "refile"],
        open: |life, what, days| permit(life, what, days),
        fill: |step, text| match step {
            "note" => vec![("works", json!(format!("註{text}"))), ("gate_code", json!(format!("門{text}")))],
            "amend" if text % 3 == 0 => vec![("secret", json!(format!("密{text}")))],
            "amend" if text % 9 == 2 => vec![("level", json!("guarded"))],
            "amend" if text % 3 == 1 => vec![("subject", json!(format!("改{text}")))],
            "refile" if text % 5 == 0 => vec![("site", json!(crate::yard::people().sites[2].to_string()))],
            "refile" if text % 2 == 0 => vec![("subject", json!(format!("再{text}")))],
            "close" => vec![("report", json!("完工"))],
            "finish" => vec![("found", json!("無"))],
            _ => vec![],
        },
        ..Life::new(house, acting, people.sites.to_vec())
    };
    for what in [5, 10, 1, 3] {
        permit(&mut life, what, 2);
    }
    life
}

fn permit(life: &mut Life, what: u8, days: u8) {
    let southern = what % 9 == 4;
    let site = life.base[if southern { 2 } else { usize::from(what) % 2 }];
    let helpers = life.acting.iter().skip(usize::from(what) % 5).take(usize::from(what) % 4);
    let mut helpers: Vec<String> = helpers.map(|one| one.person.to_string()).collect();
    helpers.dedup();
    let mut fill = vec![
        ("subject", json!(format!("第{what}案"))),
        ("site", json!(site.to_string())),
        ("starts", life.day(5 + u64::from(days))),
        ("network", json!(what.is_multiple_of(2))),
        ("helpers", json!(helpers)),
    ];
    if what.is_multiple_of(3) {
        fill.push(("secret", json!(format!("密{what}"))));
    }
    let likely = if southern { 9 } else { [0, 1, 5][usize::from(what) % 3] };
    // Now and then somebody who may not.
    let who = if what % 32 == 7 { nth_of(&life.acting, what / 32) } else { None };
    let who = who.unwrap_or(life.acting[likely]);
    life.file(who.with(Evidence::Otp), "permit", "file", &fill);
}
