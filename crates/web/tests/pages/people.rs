//! People and units: who sees what, what is offered, what is done and refused.

use crate::site::{Asked, attribute, challenge, tag};
use axum::http::StatusCode;
use model::{Clock as _, PersonId};
use std::path::Path;
use testkit::{Acting, House};
use web::Limits;

/// An office under the regulation that is shipped: a steward, a head, two of staff in one unit, one in another.
pub(crate) struct Office {
    pub(crate) asked: Asked,
    pub(crate) steward: Acting,
    pub(crate) auditor: Acting,
    pub(crate) head: Acting,
    pub(crate) wang: Acting,
    pub(crate) chen: Acting,
}

pub(crate) fn office() -> Office {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut house = House::with_pack(11, &regulation::Folder::new(&pack), None).unwrap();
    let top = house.unit("100", None).unwrap();
    let unit = house.unit("110", Some(top)).unwrap();
    let other = house.unit("120", Some(top)).unwrap();
    let steward = house.person("shih", "steward", top).unwrap();
    let auditor = house.person("chi", "auditor", top).unwrap();
    let head = house.person("lin", "unit_head", unit).unwrap();
    let wang = house.person("wang", "staff", unit).unwrap();
    let chen = house.person("chen", "staff", other).unwrap();
    let asked = Asked::of(house, Limits::default());
    for one in [steward, auditor, head, wang, chen] {
        asked.sign_in(one.person);
    }
    Office { asked, steward, auditor, head, wang, chen }
}

impl Office {
    fn page(&self, who: Acting, path: &str) -> String {
        let answer = self.asked.get(&format!("cookie-of-{}", who.person), path);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.text()
    }

    fn send(&self, who: Acting, path: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
        let answer = self.asked.post(who.person, path, form);
        (answer.status, answer.text())
    }

    fn person(&self, person: PersonId) -> identity::Person {
        self.asked.house.desk.seen().roster.person(person).unwrap().clone()
    }
}

#[test]
fn everybody_finds_everybody_and_only_some_see_how_to_reach_them() {
    let office = office();
    let list = office.page(office.wang, "/people?q=chen");
    assert!(list.contains("chen先生") && !list.contains("wang先生</a>"), "{list}");
    let path = format!("/people/{}", office.chen.person);
    assert!(!office.page(office.wang, &path).contains("chen@house.example"));
    assert!(office.page(office.steward, &path).contains("chen@house.example"));
    assert!(office.page(office.chen, &path).contains("chen@house.example"), "one's own");
    let english = office.asked.get_english(&format!("cookie-of-{}", office.wang.person), "/people").text();
    assert!(english.contains("<h1>People</h1>"), "{english}");
    let nobody = office
        .asked
        .get(&format!("cookie-of-{}", office.wang.person), "/people/p_00000000000000000000000000");
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[test]
fn what_is_offered_is_what_a_policy_grants() {
    let office = office();
    let path = format!("/people/{}", office.wang.person);
    let by_steward = office.page(office.steward, &path);
    for act in ["grant", "end", "change", "clear", "leave"] {
        assert!(by_steward.contains(&format!("{path}/{act}\"")), "{act}: {by_steward}");
    }
    let by_head = office.page(office.head, &path);
    assert!(by_head.contains(&format!("{path}/grant\"")) && !by_head.contains(&format!("{path}/leave\"")));
    assert!(!by_head.contains("value=\"it_head\""), "heads are appointed from above");
    let by_colleague = office.page(office.chen, &path);
    for act in ["grant", "end", "change", "clear", "leave", "appoint"] {
        assert!(!by_colleague.contains(&format!("{path}/{act}\"")), "{act}");
    }
    assert!(!office.page(office.auditor, &path).contains(&format!("{path}/change\"")));
    assert_eq!(
        office.asked.get(&format!("cookie-of-{}", office.wang.person), "/people/new").status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn people_are_registered_granted_and_let_go_by_who_may() {
    let office = office();
    let form = [
        ("name", "李小華"),
        ("title", "科員"),
        ("login", "lee"),
        ("mail", "lee@house.example"),
        ("unit", "110"),
    ];
    let (status, page) = office.send(office.wang, "/people/new", &form);
    assert_eq!(status, StatusCode::NOT_FOUND, "{page}");
    let (status, page) = office.send(office.steward, "/people/new", &form);
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let lee = office.asked.house.desk.seen().roster.person_of_login("lee").unwrap();
    // A general name is nobody's, and what was filled in stays.
    let general = [
        ("name", "管理員"),
        ("title", "科員"),
        ("login", "admin"),
        ("mail", "a@house.example"),
        ("unit", "110"),
    ];
    let (status, page) = office.send(office.steward, "/people/new", &general);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("value=\"admin\""), "{page}");
    let grant = format!("/people/{lee}/grant");
    let (status, page) = office.send(office.head, &grant, &[("role", "operator")]);
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    assert_eq!(office.person(lee).holdings.len(), 1);
    let (status, page) = office.send(office.chen, &grant, &[("role", "staff")]);
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(page.contains("無權辦理"), "{page}");
    // Roles that exclude each other are refused, with why.
    let (_, page) = office.send(office.steward, &grant, &[("role", "network_admin")]);
    assert_eq!(office.person(lee).holdings.len(), 1, "{page}");
    assert!(page.contains("未予受理"), "{page}");
    let leave = format!("/people/{lee}/leave");
    let (status, _) = office.send(office.steward, &leave, &[]);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "not without being sure");
    let (status, page) = office.send(office.steward, &leave, &[("sure", "1")]);
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    assert!(!office.person(lee).here());
    assert!(office.page(office.wang, "/people?left=1").contains("李小華"));
}

#[test]
fn a_deputy_is_appointed_and_both_know_before_it_counts() {
    let office = office();
    let path = format!("/people/{}", office.wang.person);
    let (status, page) =
        office.send(office.wang, &format!("{path}/appoint"), &[("deputy", "chen"), ("until", "2099-12-31")]);
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let standing = office.person(office.wang.person).deputies[0];
    let appointment = format!("{}.{}", standing.deputy, standing.from);
    for who in [office.wang, office.chen] {
        let known = office.person(office.wang.person).deputies[0];
        if !(known.deputy_knows && known.principal_knows) {
            office.send(who, &format!("{path}/acknowledge"), &[("appointment", &appointment)]);
        }
    }
    let known = office.person(office.wang.person).deputies[0];
    assert!(known.deputy_knows && known.principal_knows);
    assert!(office.page(office.chen, &format!("/people/{}", office.chen.person)).contains("代理他人"));
    let (status, page) =
        office.send(office.wang, &format!("{path}/appoint"), &[("deputy", "wang"), ("until", "2099-12-31")]);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "oneself: {page}");
}

#[test]
fn units_are_shown_as_a_tree_and_changed_by_who_may() {
    let office = office();
    let tree = office.page(office.wang, "/units");
    let at = |code: &str| tree.rfind(&format!("<small>{code}</small>")).unwrap();
    assert!(at("100") < at("110") && at("110") < at("120"));
    let unit = office.wang.unit;
    let path = format!("/units/{unit}");
    assert!(
        office.page(office.wang, &path).contains("wang先生")
            && !office.page(office.wang, &path).contains("/create\"")
    );
    let below = [("zh", "資訊科"), ("en", "Information Section"), ("code", "111")];
    let (status, _) = office.send(office.wang, &format!("{path}/create"), &below);
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, page) = office.send(office.steward, &format!("{path}/create"), &below);
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    assert!(office.page(office.wang, &path).contains("資訊科"));
    // A code that is taken is refused, and the form is shown again.
    let again = [("zh", "另一科"), ("en", "Another Section"), ("code", "111")];
    let (status, page) = office.send(office.steward, &format!("{path}/create"), &again);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
    assert_eq!(value_of(&page, "create-zh"), "另一科", "what was filled in stays");
    assert_eq!(value_of(&page, "change-zh"), "110單位", "and the other form is as it was");
    let (status, _) = office.send(office.steward, &format!("{path}/close"), &[]);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "people belong to it");
}

/// What a page's field holds.
fn value_of(page: &str, id: &str) -> String {
    attribute(tag(page, id), "value").unwrap()
}

#[test]
fn a_role_is_granted_in_a_unit_from_a_day_that_is_not_past() {
    let office = office();
    let path = format!("/people/{}", office.chen.person);
    // The home unit is the default, and another can be said.
    let page = office.page(office.steward, &path);
    assert_eq!(value_of(&page, "grant-unit"), "120");
    assert!(page.contains("<option value=\"110\">110單位</option>"), "{page}");
    let grant = format!("{path}/grant");
    for (unit, at) in [("", "120"), ("110", "110")] {
        let (status, page) = office.send(office.steward, &grant, &[("role", "operator"), ("unit", unit)]);
        assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
        let seen = office.asked.house.desk.seen();
        let held = office
            .person(office.chen.person)
            .holdings
            .iter()
            .any(|one| one.role == *"operator" && one.unit == seen.roster.unit_of_code(at));
        assert!(held, "{at}");
    }
    // The head of another unit grants there, which is what the form then says.
    let by_head = office.page(office.head, &path);
    assert_eq!(value_of(&by_head, "grant-unit"), "110");
    let before = office.person(office.chen.person).holdings.len();
    for (fields, why) in [
        ([("role", "document_keeper"), ("unit", "999"), ("from", "")], "查無此單位代碼"),
        ([("role", "document_keeper"), ("unit", "110"), ("from", "2000-01-01")], "不得早於今日"),
        ([("role", "document_keeper"), ("unit", "110"), ("from", "yesterday")], "日期請填"),
    ] {
        let (status, page) = office.send(office.steward, &grant, &fields);
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
        assert!(page.contains(why), "{why}: {page}");
        for (name, value) in fields {
            let kept = match name {
                "role" => page.contains(&format!("value=\"{value}\" selected")),
                name => value_of(&page, &format!("grant-{name}")) == value,
            };
            assert!(kept, "{name}: {page}");
        }
        // The other forms of the page are as they were.
        assert_eq!(value_of(&page, "appoint-from"), "");
        assert_eq!(value_of(&page, "unit"), "120");
    }
    assert_eq!(office.person(office.chen.person).holdings.len(), before);
}

#[test]
fn a_change_that_is_refused_comes_back_as_it_was_filled_in() {
    let office = office();
    let path = format!("/people/{}", office.chen.person);
    assert_eq!(value_of(&office.page(office.steward, &path), "name"), "chen先生");
    let form = [
        ("name", "陳大文"),
        ("title", "專員"),
        ("login", "wang"),
        ("mail", "chen.dw@house.example"),
        ("unit", "110"),
    ];
    let (status, page) = office.send(office.steward, &format!("{path}/change"), &form);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the account is somebody else's: {page}");
    for (name, value) in form {
        assert_eq!(value_of(&page, name), value);
    }
    let change = ("/change", [("zh", ""), ("en", "One"), ("code", "110"), ("superior", "100")]);
    let path = format!("/units/{}", office.wang.unit);
    let (status, page) = office.send(office.steward, &format!("{path}{}", change.0), &change.1);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
    for (name, value) in change.1 {
        assert_eq!(value_of(&page, &format!("change-{name}")), value);
    }
}

#[test]
fn sessions_of_others_are_ended_by_whom_a_policy_lets_and_by_nobody_else() {
    let mut office = office();
    let (door, now) = (office.asked.door.clone(), office.asked.house.clock.now());
    let (chen, place) = (office.chen.person, web::Place { address: None, certificate: None, agent: None });
    let ask = door.passkey_ask(None, now).unwrap();
    let answer = office.asked.house.signer(chen).unwrap().logs_on(&challenge(&ask.options));
    door.passkey(&ask.token, &answer, &place, now).unwrap();
    let open = || door.sessions_of(chen).unwrap().iter().filter(|one| one.ended.is_none()).count();
    assert_eq!(open(), 1);
    let path = format!("/people/{chen}/sessions");
    for who in [office.wang, office.head, office.auditor] {
        let (status, page) = office.send(who, &path, &[]);
        assert_eq!(status, StatusCode::FORBIDDEN, "{page}");
        assert!(!office.page(who, &format!("/people/{chen}")).contains(&path), "it is not offered either");
    }
    assert_eq!((open(), office.asked.entered(desk::REFUSED).len()), (1, 3));
    assert!(office.page(office.steward, &format!("/people/{chen}")).contains(&path));
    let (status, page) = office.send(office.steward, &path, &[]);
    assert_eq!((status, open()), (StatusCode::SEE_OTHER, 0), "{page}");
    let (status, page) = office.send(office.steward, &path, &[]);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("此人目前沒有使用中之登入"), "{page}");
}
