//! People, units and terminals for applications: what is known, what is done once, and by whom.

use crate::people::{Office, office};
use axum::http::{Method, StatusCode};
use identity::Right;
use serde_json::{Value, json};
use testkit::Acting;

fn token(office: &Office, who: Acting) -> String {
    office.asked.token_of(who.person, &["fault"], &[], &[Right::People])
}

fn names(list: &Value) -> Vec<&str> {
    list["people"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect()
}

#[test]
fn everybody_finds_everybody_page_by_page_and_only_some_see_how_to_reach_them() {
    let office = office();
    let wang = office.asked.token(office.wang.person, &["fault"], &[]);
    let all = office.asked.read(&wang, "/people");
    assert_eq!((&all["total"], names(&all).len()), (&json!(5), 5));
    assert_eq!(names(&office.asked.read(&wang, "/people?q=chen")), ["chen先生"]);
    assert_eq!(names(&office.asked.read(&wang, "/people?role=unit_head")), ["lin先生"]);
    let second = office.asked.read(&wang, "/people?page=2&size=25");
    assert_eq!((&second["total"], &second["page"], names(&second).len()), (&json!(5), &json!(2), 0));
    let chen = office.asked.read(&wang, &format!("/people/{}", office.chen.person));
    assert_eq!((&chen["account"], &chen["roles"][0]["role"]), (&Value::Null, &json!("staff")));
    let own = office.asked.read(&wang, &format!("/people/{}", office.wang.person));
    assert_eq!(own["account"]["login"], "wang");
    let bare = office.asked.token(office.steward.person, &["fault"], &[]);
    let chen = office.asked.read(&bare, &format!("/people/{}", office.chen.person));
    assert_eq!(chen["account"], Value::Null);
    let steward = token(&office, office.steward);
    let chen = office.asked.read(&steward, &format!("/people/{}", office.chen.person));
    assert_eq!(chen["account"]["mail"], "chen@house.example");
    // Within a unit, and units by words.
    let unit = chen["unit"].as_str().unwrap();
    assert_eq!(names(&office.asked.read(&wang, &format!("/people?unit={unit}"))), ["chen先生"]);
    let units = office.asked.read(&wang, "/units?q=12");
    assert_eq!((&units["total"], &units["units"][0]["code"]), (&json!(1), &json!("120")));
    let whole = office.asked.read(&wang, &format!("/units/{unit}"));
    assert_eq!(whole["people"], json!([office.chen.person.to_string()]));
    assert_eq!(office.asked.read(&wang, &format!("/units?unit={unit}"))["total"], 1);
}

#[test]
fn somebody_is_registered_once_however_often_it_is_sent() {
    let office = office();
    let steward = token(&office, office.steward);
    let unit = office.asked.read(&steward, "/units?q=110")["units"][0]["id"].clone();
    let ask = json!({
        "name": "李小華", "title": "科員", "login": "lee.xh", "mail": "lee@house.example", "unit": unit,
    });
    let (status, made) = office.asked.file(&steward, "/people", "lee-00001", &ask);
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (status, again) = office.asked.file(&steward, "/people", "lee-00001", &ask);
    assert_eq!((status, &again), (StatusCode::CREATED, &made));
    assert_eq!(office.asked.read(&steward, "/people?q=lee")["total"], 1);
    let (status, problem) = office.asked.file(&steward, "/people", "lee-00002", &ask);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let bad = json!({
        "name": "", "title": "科員", "login": "Admin", "mail": "no mail", "unit": unit,
    });
    let (status, problem) = office.asked.file(&steward, "/people", "lee-00003", &bad);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    // Somebody else may not; without the right nothing is there.
    let (status, _) = office.asked.file(&token(&office, office.head), "/people", "lee-00004", &ask);
    assert_eq!(status, StatusCode::FORBIDDEN);
    let bare = office.asked.token(office.steward.person, &["fault"], &[]);
    let (status, _) = office.asked.file(&bare, "/people", "lee-00005", &ask);
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[test]
fn what_is_done_about_somebody_is_one_act_and_says_in_which_entries_it_stands() {
    let office = office();
    let (steward, head) = (token(&office, office.steward), token(&office, office.head));
    let path = format!("/people/{}/acts", office.wang.person);
    let act = |token: &str, key: &str, act: Value| office.asked.file(token, &path, key, &act);
    let grant = json!({ "grant": { "role": "document_keeper" } });
    let (status, done) = act(&head, "grant-0001", grant.clone());
    assert_eq!(status, StatusCode::OK, "{done}");
    let number = done["first_entry"].as_str().unwrap().parse().unwrap();
    let bytes = office.asked.house.desk.reader().entry(number).unwrap();
    assert_eq!(proof::entry::Entry::parse(&bytes).unwrap().kind(), "role.granted/1");
    let known = office.asked.read(&head, &format!("/people/{}", office.wang.person));
    let held: Vec<&str> =
        known["roles"].as_array().unwrap().iter().map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(held, ["staff", "document_keeper"]);
    let ended = json!({ "end": { "role": "document_keeper", "unit": known["unit"] } });
    assert_eq!(act(&head, "end-000001", ended).0, StatusCode::OK);
    let past = json!({ "grant": { "role": "document_keeper", "from": "2001-01-01T00:00:00.000000Z" } });
    assert_eq!(act(&head, "past-00001", past).0, StatusCode::UNPROCESSABLE_ENTITY);
    for wrong in [
        json!({}),
        json!({ "grant": {} }),
        json!({ "grant": ["document_keeper"] }),
        json!({ "grant": { "role": "document_keeper" }, "leave": {} }),
        json!({ "leave": { "sure": true } }),
        json!({ "nothing": {} }),
        json!("leave"),
    ] {
        assert_eq!(act(&steward, "wrong-0001", wrong.clone()).0, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(act(&head, "leave-0001", json!({ "leave": {} })).0, StatusCode::FORBIDDEN);
    assert_eq!(act(&steward, "leave-0002", json!({ "leave": {} })).0, StatusCode::OK);
    assert!(office.asked.read(&steward, &format!("/people/{}", office.wang.person))["left_at"].is_string());
    assert_eq!(names(&office.asked.read(&steward, "/people?left=1")), ["wang先生"]);
    let nobody = "/people/p_aaaaaaaaaaaaaaaaaaaaaaaaaa/acts";
    let (status, _) = office.asked.file(&steward, nobody, "leave-0003", &json!({ "leave": {} }));
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[test]
fn a_deputy_is_appointed_and_both_take_note() {
    let office = office();
    let wang = token(&office, office.wang);
    let path = format!("/people/{}/acts", office.head.person);
    let until = "2030-01-01T00:00:00.000000Z";
    let appoint = json!({ "appoint": { "deputy": office.wang.person.to_string(), "until": until } });
    let (status, done) = office.asked.file(&token(&office, office.head), &path, "appoint-01", &appoint);
    assert_eq!(status, StatusCode::OK, "{done}");
    let of = |token: &str| office.asked.read(token, &format!("/people/{}", office.head.person));
    let from = of(&wang)["deputies"][0]["from"].clone();
    let note = json!({ "acknowledge": { "deputy": office.wang.person.to_string(), "from": from } });
    let (status, done) = office.asked.file(&wang, &path, "note-00001", &note);
    assert_eq!(status, StatusCode::OK, "{done}");
    assert_eq!(of(&wang)["deputies"][0]["known"], true);
    let stands = office.asked.read(&wang, &format!("/people/{}", office.wang.person));
    assert_eq!(stands["stands_in_for"][0]["principal"], office.head.person.to_string());
}

#[test]
fn units_are_made_changed_and_closed() {
    let office = office();
    let steward = token(&office, office.steward);
    let top = office.asked.read(&steward, "/units?q=100")["units"][0]["id"].clone();
    let ask = json!({ "zh": "資訊科", "en": "Information Section", "code": "130", "superior": top });
    let (status, made) = office.asked.file(&steward, "/units", "unit-00001", &ask);
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let unit = format!("/units/{}", made["id"].as_str().unwrap());
    assert_eq!(office.asked.read(&steward, &unit)["name"]["zh"], "資訊科");
    let change =
        json!({ "change": { "zh": "資安科", "en": "Security Section", "code": "131", "superior": top } });
    let (status, done) = office.asked.file(&steward, &format!("{unit}/acts"), "unit-00002", &change);
    assert_eq!(status, StatusCode::OK, "{done}");
    let (status, done) =
        office.asked.file(&steward, &format!("{unit}/acts"), "unit-00003", &json!({ "close": {} }));
    assert_eq!(status, StatusCode::OK, "{done}");
    let unit = office.asked.read(&steward, &unit);
    assert_eq!((&unit["code"], &unit["closed"]), (&json!("131"), &json!(true)));
}

#[test]
fn somebodys_sessions_are_ended_by_whom_a_policy_lets() {
    let office = office();
    let path = format!("/people/{}/sessions/end", office.wang.person);
    let end = |token: &str| office.asked.api(token, Method::POST, &path, "", &Value::Null).status;
    assert_eq!(end(&token(&office, office.head)), StatusCode::FORBIDDEN);
    // Nobody is signed in by a passkey here: there is nothing to end, and that is told.
    assert_eq!(end(&token(&office, office.steward)), StatusCode::UNPROCESSABLE_ENTITY);
}
