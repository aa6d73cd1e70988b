//! Words of packs and words of entries: a role of two words goes into the ledger and comes back the same.

use serde_json::json;
use testkit::House;

#[test]
fn a_role_of_two_words_is_the_same_in_the_ledger_and_back() {
    let pack = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut house = House::with_pack(7, &regulation::Folder::new(&pack), None).unwrap();
    let unit = house.unit("P", None).unwrap();
    let head = house.person("lin", "it_head", unit).unwrap();
    let care = house.person("wang", "maintainer", unit).unwrap();
    let fill = [
        ("code", json!("R1")),
        ("name", json!("第一機房")),
        ("place", json!("三樓")),
        ("custodian", json!(care.person.to_string())),
        ("deputy_custodian", json!(head.person.to_string())),
        ("vault", json!(false)),
        ("round_the_clock", json!(true)),
        ("raised_floor", json!(true)),
        ("measures", json!([{ "measure": "lock", "where_it_is": "前門" }])),
    ];
    let room = house.open(head, "room", "propose", &fill).unwrap();
    let refused = house.take(head, room, "approve", regulation::Outcome::Approve, &[]);
    assert_eq!(refused.unwrap_err().code(), "refused", "and the refusal is an entry, too");
    house.compare().unwrap();
    assert_eq!(house.case(room).unwrap().opened_by, Some(head.person));
}
