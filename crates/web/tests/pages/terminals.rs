//! Terminals on the pages: who finds them, how one is registered and removed, what is refused.

use crate::site::Asked;
use axum::http::StatusCode;
use std::path::Path;
use testkit::{Acting, House};
use web::Limits;

const PRINT: &str =
    "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89";

/// An office under the regulation that is shipped: who runs its network, one of the staff.
fn office() -> (Asked, Acting, Acting) {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut house = House::with_pack(12, &regulation::Folder::new(&pack), None).unwrap();
    let top = house.unit("100", None).unwrap();
    let unit = house.unit("110", Some(top)).unwrap();
    let keeper = house.person("tsai", "network_admin", unit).unwrap();
    let staff = house.person("wang", "staff", unit).unwrap();
    let asked = Asked::of(house, Limits::default());
    for one in [keeper, staff] {
        asked.sign_in(one.person);
    }
    (asked, keeper, staff)
}

fn page(asked: &Asked, who: Acting, path: &str) -> (StatusCode, String) {
    let answer = asked.get(&format!("cookie-of-{}", who.person), path);
    (answer.status, answer.text())
}

#[test]
fn a_terminal_is_registered_and_removed_by_whom_a_policy_lets_and_found_by_nobody_else() {
    let (asked, keeper, staff) = office();
    assert_eq!(page(&asked, staff, "/terminals").0, StatusCode::NOT_FOUND);
    let form = [("name", "管理終端機1"), ("fingerprint", PRINT), ("unit", "110"), ("management", "1")];
    assert_eq!(asked.post(staff.person, "/terminals", &form).status, StatusCode::NOT_FOUND);
    assert!(!page(&asked, staff, "/settings").1.contains("/terminals"));
    assert!(page(&asked, keeper, "/settings").1.contains("href=\"/terminals\""));
    let (status, empty) = page(&asked, keeper, "/terminals");
    assert!(status == StatusCode::OK && empty.contains("尚未登記任何終端機"), "{empty}");
    // What does not read is told, and what was typed stays.
    for (name, value, told) in [
        ("fingerprint", "12:34", "64 個十六進位數字"),
        ("unit", "999", "查無此單位代碼"),
        ("management", "", "第一部須為管理終端機"),
    ] {
        let sent = form.map(|(one, was)| (one, if one == name { value } else { was }));
        let answer = asked.post(keeper.person, "/terminals", &sent);
        let text = answer.text();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        assert!(text.contains(told) && text.contains("value=\"管理終端機1\""), "{name}: {text}");
    }
    let answer = asked.post(keeper.person, "/terminals", &form);
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let seen = asked.house.desk.seen();
    let one = seen.roster.terminals().next().unwrap().clone();
    assert!(one.management && one.unit.is_some() && one.name.as_str() == "管理終端機1");
    assert_eq!(one.fingerprint.to_string(), PRINT.replace(':', "").to_lowercase());
    // From now on the role does not count where they are, and they find nothing there.
    assert_eq!(page(&asked, keeper, "/terminals").0, StatusCode::NOT_FOUND);
    let path = format!("/terminals/{}/remove", one.id);
    assert_eq!(asked.post(keeper.person, &path, &[]).status, StatusCode::NOT_FOUND);
    asked.sign_in_at(keeper.person, Some(one.id));
    let (status, list) = page(&asked, keeper, "/terminals");
    assert!(status == StatusCode::OK && list.contains(&path) && list.contains("本機"), "{list}");
    assert_eq!(asked.post(keeper.person, &path, &[]).status, StatusCode::SEE_OTHER);
    assert!(asked.house.desk.seen().roster.terminal(one.id).unwrap().removed_at.is_some());
}
