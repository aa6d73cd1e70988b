//! What rules of watching know beyond lines: whose accounts and terminals there are, and who is on duty, by the registers
//! that a pack names.

use model::RecordId;
use regulation::{Files, Folder, Outcome, Source as _};
use serde_json::json;
use std::path::Path;
use testkit::{Acting, House};

/// The pack of tests, in which keys stand for accounts and terminals, and loans for shifts.
const WATCH: &str = r#"
[watch.accounts]
register = "key"
name = "code"
unit = "record.unit"
while = "record.state == 'in_place'"

[watch.terminals]
register = "key"
network = "room"
unit = "record.unit"
while = "record.state == 'in_place'"

[watch.roster]
register = "loan"
person = "borrower"
from = "starts"
until = "until"
while = "record.state == 'filed'"
"#;

fn house() -> House {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../regulation/tests/tiny");
    let mut files = Folder::new(&folder).files().unwrap();
    files.get_mut("pack.toml").unwrap().extend_from_slice(WATCH.as_bytes());
    House::with_pack(43, &Files::new(files), None).unwrap()
}

/// A key that says what stands for an account and for a terminal.
fn key(house: &mut House, clerk: Acting, head: Acting, (code, room): (&str, &str)) -> RecordId {
    let key = house.open(clerk, "key", "register", &[("code", json!(code))]).unwrap();
    let fill = [("room", json!(room)), ("keeper", json!(clerk.person.to_string()))];
    house.take(head, key, "change", Outcome::Done, &fill).unwrap();
    key
}

#[test]
fn units_are_those_of_records_that_count_and_are_read_again_when_they_change() {
    let mut house = house();
    house.at("2025-03-03T01:00").unwrap();
    let city = house.unit("100", None).unwrap();
    let [tax, land] = ["110", "120"].map(|code| house.unit(code, Some(city)).unwrap());
    let clerk = house.person("lin", "clerk", tax).unwrap();
    let other = house.person("wang", "clerk", land).unwrap();
    let head = house.person("chen", "head", tax).unwrap();
    let above = house.person("hung", "head", land).unwrap();
    let mut read = None;
    assert_eq!(house.desk.watched_units(&mut read).unwrap(), Some(desk::ListedUnits::default()));
    assert_eq!(house.desk.watched_units(&mut read).unwrap(), None, "nothing has changed");
    let (first, _) = (
        key(&mut house, clerk, head, ("lin", "10.1.0.0/16")),
        key(&mut house, other, above, ("wang", "10.2.0.9")),
    );
    let listed = house.desk.watched_units(&mut read).unwrap().unwrap();
    let named = |names: [(&str, model::UnitId); 2]| names.map(|(name, unit)| (name.to_owned(), unit));
    assert_eq!(listed.accounts, named([("lin", tax), ("wang", land)]));
    assert_eq!(listed.terminals, named([("10.1.0.0/16", tax), ("10.2.0.9", land)]));
    house.take(head, first, "retire", Outcome::Done, &[]).unwrap();
    let listed = house.desk.watched_units(&mut read).unwrap().unwrap();
    assert_eq!(listed.accounts, [("wang".to_owned(), land)]);
}

#[test]
fn somebody_is_on_duty_from_the_first_moment_of_their_shift_to_the_last_of_its_last_day() {
    let mut house = house();
    house.at("2025-03-03T01:00").unwrap();
    let city = house.unit("100", None).unwrap();
    let unit = house.unit("110", Some(city)).unwrap();
    let clerk = house.person("lin", "clerk", unit).unwrap();
    let head = house.person("chen", "head", unit).unwrap();
    let key = key(&mut house, clerk, head, ("K-1", "A"));
    let fill = [
        ("key", json!(key.to_string())),
        ("borrower", json!(clerk.person.to_string())),
        ("starts", json!("2025-03-04")),
        ("until", json!("2025-03-05")),
        ("purpose", json!("值班")),
    ];
    house.open(clerk, "loan", "file", &fill).unwrap();
    // Days are those of the pack's zone, eight hours ahead.
    for (at, there) in [
        ("2025-03-03T15:59:59.999999Z", false),
        ("2025-03-03T16:00:00.000000Z", true),
        ("2025-03-05T15:59:59.999999Z", true),
        ("2025-03-05T16:00:00.000000Z", false),
    ] {
        let on_duty = house.desk.on_duty(at.parse().unwrap()).unwrap();
        assert_eq!(on_duty, if there { vec![(clerk.person, unit)] } else { Vec::new() }, "{at}");
    }
}
