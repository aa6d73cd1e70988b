//! Moving in by pages: templates, the look at each cell, what is carried out and what not, reports, who may.

use crate::site::{Asked, City, attribute, city};
use axum::http::{Method, StatusCode};
use std::path::Path;
use testkit::{Acting, House};
use web::Limits;

/// An office under the regulation that is shipped: a steward, who makes units and people, and one of the staff.
fn office() -> (Asked, Acting, Acting) {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let mut house = House::with_pack(41, &regulation::Folder::new(&pack), None).unwrap();
    let top = house.unit("100", None).unwrap();
    let steward = house.person("tsai", "steward", top).unwrap();
    let staff = house.person("wang", "staff", top).unwrap();
    let asked = Asked::of(house, Limits::default());
    for one in [steward, staff] {
        asked.sign_in(one.person);
    }
    (asked, steward, staff)
}

/// Hands in a file.
fn hand_in(asked: &Asked, who: Acting, path: &str, text: &str) -> (StatusCode, String) {
    let csrf = format!("token-of-{}", who.person);
    let part = |name: &str, rest: &str, value: &str| {
        format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"{rest}\r\n\r\n{value}\r\n")
    };
    let body = [
        part("csrf", "", &csrf),
        part("_do", "", "preview"),
        part("file", "; filename=\"a.csv\"", text),
        "--x--\r\n".to_owned(),
    ]
    .concat();
    let cookie = format!("ward_session=cookie-of-{}", who.person);
    let headers = [
        ("cookie", cookie.as_str()),
        ("content-type", "multipart/form-data; boundary=x"),
        ("sec-fetch-site", "same-origin"),
    ];
    let answer = asked.ask(Method::POST, path, &headers, &body);
    (answer.status, answer.text())
}

fn carried(page: &str, name: &str) -> String {
    let tag =
        page.split("<input").find(|tag| tag.contains(&format!("name=\"{name}\""))).expect("it is carried on");
    attribute(tag, "value").unwrap()
}

const UNITS: &str = "代碼,中文名稱,英文名稱,上級單位代碼\n110,資訊中心,Computing,100\n";

#[test]
fn units_are_looked_at_first_and_made_once() {
    let (asked, steward, staff) = office();
    let (status, page) = hand_in(&asked, steward, "/move-in/units", UNITS);
    assert_eq!(status, StatusCode::OK, "{page}");
    assert!(
        page.contains("將新增") && page.contains("尚未儲存任何資料") && page.contains("確認匯入"),
        "{page}"
    );
    assert!(asked.house.desk.seen().roster.unit_of_code("110").is_none(), "a look changes nothing");
    let table = carried(&page, "table");
    let answer = asked.post(steward.person, "/move-in/units", &[("table", &table), ("_do", "go")]);
    assert!(answer.text().contains("已新增"), "{}", answer.text());
    assert!(asked.house.desk.seen().roster.unit_of_code("110").is_some());
    let report = carried(&answer.text(), "report");
    let file = asked.post(steward.person, "/move-in/units/report", &[("report", &report)]);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.text().contains("110") && file.text().contains("已新增"), "{}", file.text());
    let (_, again) = hand_in(&asked, steward, "/move-in/units", UNITS);
    assert!(again.contains("無異動") && !again.contains("確認匯入"), "{again}");
    // Who may do nothing of it finds nothing.
    let cookie = format!("cookie-of-{}", staff.person);
    assert_eq!(asked.get(&cookie, "/move-in/units").status, StatusCode::NOT_FOUND);
    assert_eq!(hand_in(&asked, staff, "/move-in/units", UNITS).0, StatusCode::NOT_FOUND);
}

#[test]
fn a_cell_that_will_not_do_is_told_beside_it_and_keeps_all_from_being_done() {
    let (asked, steward, _) = office();
    let text = format!("{UNITS}111,機房組,Rooms,999\n");
    let (_, page) = hand_in(&asked, steward, "/move-in/units", &text);
    let cell = page.split("999<p class=\"wrong\">").nth(1).expect("the cell with its fault");
    assert!(cell.starts_with("查無單位「999」"), "{cell}");
    let table = carried(&page, "table");
    assert!(!page.contains("value=\"go\"") && page.contains("value=\"partly\""), "{page}");
    // Whoever asks for all of it all the same is shown it again.
    let answer = asked.post(steward.person, "/move-in/units", &[("table", &table), ("_do", "go")]);
    assert!(answer.text().contains("尚未儲存任何資料"), "{}", answer.text());
    assert!(asked.house.desk.seen().roster.unit_of_code("110").is_none());
    let answer = asked.post(steward.person, "/move-in/units", &[("table", &table), ("_do", "partly")]);
    assert!(answer.text().contains("已新增") && answer.text().contains("有誤"), "{}", answer.text());
    assert!(asked.house.desk.seen().roster.unit_of_code("110").is_some());
    for (text, told) in [("", "請選擇檔案"), ("代碼,寵物\n", "寵物"), ("\u{0}", "不是文字")] {
        let (status, page) = hand_in(&asked, steward, "/move-in/units", text);
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
        assert!(page.contains(told) || text.is_empty(), "{told}: {page}");
    }
}

#[test]
fn people_come_with_the_units_they_belong_to() {
    let (asked, steward, _) = office();
    let text = "帳號,姓名,職稱,電子郵件,單位代碼\nlin,林大同,科員,lin@city.example,100\n";
    let (_, page) = hand_in(&asked, steward, "/move-in/people", text);
    let table = carried(&page, "table");
    let answer = asked.post(steward.person, "/move-in/people", &[("table", &table), ("_do", "go")]);
    assert!(answer.text().contains("已新增"), "{}", answer.text());
    assert!(asked.house.desk.seen().roster.person_of_login("lin").is_some());
    let template = asked.get(&format!("cookie-of-{}", steward.person), "/move-in/people/template");
    assert!(template.text().starts_with("\u{feff}帳號*,姓名*"), "{}", template.text());
}

#[test]
fn records_of_a_register_are_opened_as_by_its_form_and_once() {
    let city = city();
    let page = city.page("/move-in");
    assert!(page.contains("/move-in/register.key"), "{page}");
    let path = "/move-in/register.key";
    // What the opening step asks, and nothing else.
    assert_eq!(city.page(&format!("{path}/template")), "\u{feff}編號\r\n");
    let text = format!("編號\nK90\n{}\nK01\n", "長".repeat(21));
    let (status, look) = hand_in(&city.asked, city.clerk, path, &text);
    assert_eq!(status, StatusCode::OK, "{look}");
    let states: Vec<&str> =
        ["將新增", "有誤", "無異動"].into_iter().filter(|state| look.contains(state)).collect();
    assert_eq!(states, ["將新增", "有誤", "無異動"], "{look}");
    assert!(look.contains(&format!("{}<p class=\"wrong\">", "長".repeat(21))), "at its cell: {look}");
    let table = carried(&look, "table");
    let form = [("table", table.as_str()), ("_do", "partly")];
    let done = city.asked.post(city.clerk.person, path, &form).text();
    assert!(done.contains("已辦理 1 列，未受理 0 列") && done.contains("已新增"), "{done}");
    let _ = city.key("K90");
    // Sent again, by the button or as a file: it is there.
    let again = city.asked.post(city.clerk.person, path, &form).text();
    assert!(again.contains("已辦理 0 列") && !again.contains("已新增"), "{again}");
    let twice = format!("{}K91\nK91\n", "編號\n");
    let (_, look) = hand_in(&city.asked, city.clerk, path, &twice);
    let table = carried(&look, "table");
    city.asked.post(city.clerk.person, path, &[("table", &table), ("_do", "go")]);
    let _ = city.key("K91");
    for path in ["/move-in/register.nothing", "/move-in/nothing"] {
        assert_eq!(city.asked.get(&City::cookie(city.clerk), path).status, StatusCode::NOT_FOUND, "{path}");
    }
}
