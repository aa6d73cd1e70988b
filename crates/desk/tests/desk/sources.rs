//! Who sends lines, by the register that the shipped pack names: read where it may have changed, and not otherwise.

use model::Evidence;
use regulation::{Folder, Outcome};
use serde_json::json;
use std::path::Path;
use testkit::House;

#[test]
fn sources_are_those_whose_records_are_in_force_and_are_read_again_when_the_register_changes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut house = House::with_pack(21, &Folder::new(&folder), None).unwrap();
    house.at("2026-03-03T01:00").unwrap();
    let city = house.unit("100", None).unwrap();
    let it = house.unit("110", Some(city)).unwrap();
    let admin = house.person("hsu", "network_admin", it).unwrap().with(Evidence::Otp);
    let head = house.person("wang", "it_head", it).unwrap().with(Evidence::Otp);
    let mut read = None;
    assert!(house.desk.line_sources(&mut read).unwrap().unwrap().sources.is_empty());
    assert_eq!(house.desk.line_sources(&mut read).unwrap(), None, "nothing has changed");
    let fill = |code: &str, network: &str, offset: &str| {
        [
            ("code", json!(code)),
            ("name", json!("市府防火牆")),
            ("network", json!(network)),
            ("device", json!("firewall")),
            ("offset", json!(offset)),
        ]
    };
    let first = house.open(admin, "log_source", "file", &fill("FW-01", "192.0.2.1", "8")).unwrap();
    let second = house.open(admin, "log_source", "file", &fill("FW-02", "10.1.0.0/16", "-3.5")).unwrap();
    let filed = house.desk.line_sources(&mut read).unwrap().unwrap();
    assert!(filed.sources.is_empty(), "nobody has approved them");
    house.take(head, first, "approve", Outcome::Approve, &[]).unwrap();
    house.take(head, second, "approve", Outcome::Approve, &[]).unwrap();
    let listed = house.desk.line_sources(&mut read).unwrap().unwrap();
    let told: Vec<_> = listed
        .sources
        .iter()
        .map(|source| {
            (source.record, source.unit, source.name.as_str(), source.network.as_str(), source.offset)
        })
        .collect();
    assert_eq!(
        told,
        [(first, it, "市府防火牆", "192.0.2.1", 28_800), (second, it, "市府防火牆", "10.1.0.0/16", -12_600)]
    );
    assert!(listed.unclear.is_empty());
    house.unit("120", Some(city)).unwrap();
    assert_eq!(house.desk.line_sources(&mut read).unwrap(), None, "other things have changed");
    house.take(admin, first, "end", Outcome::Done, &[]).unwrap();
    let ended = house.desk.line_sources(&mut read).unwrap().unwrap();
    assert_eq!(ended.sources.iter().map(|source| source.record).collect::<Vec<_>>(), [second]);
    house.reopen().unwrap();
    let mut anew = None;
    assert_eq!(house.desk.line_sources(&mut anew).unwrap(), Some(ended));
}
