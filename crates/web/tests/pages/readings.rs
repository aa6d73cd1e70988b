//! What counts as reading a graded record and what does not, and that what is sealed is in no list.
//!
//! A list shows the cover; what is opened, exported, put before a signer or taken by the API was read, and the ledger
//! has that before it goes out.

use crate::export::cells_of;
use crate::site::{City, revised_city};
use axum::http::{Method, StatusCode};
use desk::{READ, REFUSED};
use model::RecordId;
use serde_json::{Value, json};
use testkit::Acting;

/// The days of a graded loan, as pages, files and the API write them.
const DAYS: [&str; 3] = ["114年1月9日", "2025-01-09", "2025-01-10"];

/// Two graded loans, of keys K03 and K04, beside one that is not; clerk and head are cleared for them.
struct Graded {
    city: City,
    loans: [RecordId; 2],
}

fn graded() -> Graded {
    let mut city = revised_city();
    for one in [city.clerk, city.head] {
        let grade = "secret".parse().unwrap();
        city.asked.house.identity(identity::Command::GrantClearance { person: one.person, grade }).unwrap();
    }
    let loans = ["K03", "K04"].map(|code| {
        let fill = [
            ("key", json!(city.key(code).to_string())),
            ("borrower", json!(city.clerk.person.to_string())),
            ("starts", json!("2025-01-09")),
            ("until", json!("2025-01-10")),
            ("level", json!("secret")),
        ];
        city.asked.house.open(city.clerk, "loan", "file", &fill).unwrap()
    });
    Graded { city, loans }
}

#[test]
fn whatever_shows_a_graded_record_stands_under_its_banner() {
    let graded = graded();
    let (city, loan) = (&graded.city, graded.loans[0]);
    let (clerk, head) = (city.clerk, city.head);
    let banner = |page: &str| page.contains("class=\"grade-banner\">");
    let pages = ["", "/linked", "/evidence", "/signatures", "/history", "/print", "/steps/take_back"];
    for page in pages {
        let path = format!("/records/{loan}{page}");
        let shown = city.page(&path);
        assert_eq!(shown.matches("class=\"grade-banner\"").count(), 1, "{path}: {shown}");
        assert!(!banner(&city.page(&format!(
            "/records/{}{}",
            city.loan,
            page.replace("/steps/take_back", "")
        ))));
    }
    assert_eq!(city.page(&format!("/records/{loan}/print")).matches("class=\"grade-mark\"").count(), 2);
    let approve = format!("/records/{loan}/steps/approve");
    let confirm = city.send(head, &approve, &[("_do", "send:approve")]);
    assert!(confirm.status == StatusCode::OK && banner(&confirm.text()), "{}", confirm.text());
    let stance = format!("head.{}.", head.unit);
    let words = [loan, city.loan].map(|one| format!("c={one}~approve~approve~{stance}"));
    let batch = city.asked.get(&City::cookie(head), &format!("/sign?{}", words.join("&"))).text();
    assert_eq!(batch.matches("class=\"grade-banner\"").count(), 1, "of two the graded one: {batch}");
    // What will be graded is shown under it before it is recorded.
    let key = city.key("K05").to_string();
    let wish = [
        ("f.key", key.as_str()),
        ("f.borrower", &clerk.person.to_string()),
        ("f.starts", "2025-01-09"),
        ("f.until", "2025-01-10"),
        ("f.level", "secret"),
        ("_do", "preview"),
    ];
    let preview = city.send(clerk, "/registers/loan/new/file", &wish).text();
    assert!(preview.contains("將登載之內容") && banner(&preview), "{preview}");
}

#[test]
fn a_notice_never_names_a_record_that_its_reader_may_not_see() {
    use crate::site::key;
    // Whoever is told of a refused loan is told of its key, and of what that key opens for whom.
    let mut files = crate::site::revised();
    let loan = files.get_mut("registers/loan.toml").unwrap();
    let told = "借用 {key.code} 未准:{actor.reason}";
    let text = String::from_utf8(loan.clone()).unwrap();
    assert!(text.contains(told));
    *loan = text.replace(told, "{borrower}借用「{key}」未准").into_bytes();
    let keys = files.get_mut("registers/key.toml").unwrap();
    let text = String::from_utf8(keys.clone()).unwrap();
    *keys = text.replace("units = \"city\"", "units = \"subtree\"").into_bytes();
    let mut house = testkit::House::with_pack(7, &regulation::Files::new(files), None).unwrap();
    let top = house.unit("100", None).unwrap();
    let (unit, other) = (house.unit("110", Some(top)).unwrap(), house.unit("120", Some(top)).unwrap());
    let clerk = house.person("wang", "clerk", unit).unwrap();
    let head = house.person("lin", "head", unit).unwrap();
    let other_clerk = house.person("chen", "clerk", other).unwrap();
    let other_head = house.person("kuo", "head", other).unwrap();
    let mut asked = Vec::new();
    for (code, keeper, head_of_it) in [("K01", clerk, head), ("K02", other_clerk, other_head)] {
        let key = key(&mut house, code, "檔案室", keeper, head_of_it);
        let fill = crate::site::borrowing(key, clerk, "internal");
        let loan = house.open(clerk, "loan", "file", &fill).unwrap();
        house.take(head, loan, "approve", regulation::Outcome::Refuse, &[]).unwrap();
        asked.push((key, loan));
    }
    let site = crate::site::Asked::of(house, web::Limits::default());
    let cookie = site.sign_in(clerk.person);
    let token = site.token(clerk.person, &["loan", "key"], &[]);
    let bearer = format!("Bearer {token}");
    let api = site.ask(Method::GET, "/api/v1/notices", &[("authorization", &bearer)], "").text();
    for page in [
        site.get(&cookie, "/notices").text(),
        site.get(&cookie, "/").text(),
        site.get(&cookie, &format!("/records/{}/history", asked[0].1)).text()
            + &site.get(&cookie, &format!("/records/{}/history", asked[1].1)).text(),
        api.clone(),
    ] {
        assert!(page.contains("wang先生借用「K01 鑰匙」未准"), "{page}");
        assert!(page.contains("wang先生借用「（不在您可檢視的範圍）」未准"), "{page}");
        // What a text takes from a record by itself is the pack's to say; what it calls it is not.
        assert!(!page.contains("K02 鑰匙"), "{page}");
    }
    let wrote = site.entered("notice.sent/1");
    assert!(!wrote.is_empty() && wrote.iter().all(|entry| entry["body"].is_null()), "sealed: {wrote:?}");
    assert!(api.contains("Loan of K01 refused"), "each language by its own text: {api}");
}

impl Graded {
    /// Who has read what since the last time this was asked, by subject.
    fn read(&self, before: &mut usize) -> Vec<(String, String)> {
        let entries = self.city.asked.entered(READ);
        let told = |entry: &Value| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&entry["actor"]["person"]), text(&entry["subject"]))
        };
        let fresh = entries[*before..].iter().map(told).collect();
        *before = entries.len();
        fresh
    }

    /// What is entered when somebody has read these loans.
    fn by(&self, who: Acting, loans: &[RecordId]) -> Vec<(String, String)> {
        let mut all: Vec<_> = loans.iter().map(|loan| (who.person.to_string(), loan.to_string())).collect();
        all.sort();
        all
    }

    fn fresh(&self, before: &mut usize) -> Vec<(String, String)> {
        let mut fresh = self.read(before);
        fresh.sort();
        fresh
    }
}

#[test]
fn a_list_shows_the_cover_of_a_graded_record_and_is_no_reading() {
    let Graded { city, loans } = graded();
    let list =
        city.page("/registers/loan?columns=title&columns=grade&columns=until&columns=starts&columns=kind");
    for loan in loans {
        let row = list.split("<tr>").find(|row| row.contains(&loan.to_string())).unwrap();
        assert!(row.contains(" 借用</a>") && row.contains("密"), "{row}");
        assert_eq!(row.matches("（開啟紀錄後檢視）").count(), 3, "{row}");
    }
    assert!(DAYS.iter().all(|day| !list.contains(day)), "{list}");
    // Of what is not graded the fields are there.
    assert!(list.contains("114年1月8日"));
    // Where a field would lead to the record, its cover says no more either.
    let bare = city.page("/registers/loan?columns=until");
    assert!(bare.contains("（開啟紀錄後檢視）</a>") && DAYS.iter().all(|day| !bare.contains(day)), "{bare}");
    for path in ["/", "/search?q=K03", "/choose/record?register=loan&q=K03", "/notices", "/registers"] {
        let page = city.page(path);
        assert!(DAYS.iter().all(|day| !page.contains(day)), "{path}: {page}");
    }
    assert!(city.page("/choose/record?register=loan&q=K03").contains("K03 借用"));
    assert_eq!(city.asked.entered(READ), Vec::<Value>::new());
}

#[test]
fn an_export_of_graded_records_is_entered_for_each_before_a_byte_goes_out() {
    let graded = graded();
    let (city, mut before) = (&graded.city, 0);
    let path = |asked: &str| format!("/registers/loan/export?columns=until&{asked}");
    for format in ["csv", "ods", "xlsx"] {
        let file = city.asked.get(&City::cookie(city.clerk), &path(&format!("format={format}")));
        let (cells, day) =
            (cells_of(format, &file.body), if format == "xlsx" { "45667" } else { "2025-01-10" });
        assert!(cells.contains(day), "it holds what was read: {cells}");
        assert_eq!(graded.fresh(&mut before), graded.by(city.clerk, &graded.loans), "{format}");
    }
    // What is filtered out was not read, nor was what is not graded.
    city.page(&path("format=csv&state=out"));
    city.page("/registers/key/export?format=csv");
    assert_eq!(graded.fresh(&mut before), []);
    // Whoever may not read them exports nothing of them.
    let other = city.asked.get(&City::cookie(city.other_clerk), &path("format=csv")).text();
    assert!(!other.contains("2025-01-10"));
    assert_eq!(graded.fresh(&mut before), []);
    city.asked.house.desk.close();
    let closed = city.asked.get(&City::cookie(city.clerk), &path("format=csv"));
    assert!(closed.status.is_server_error() && !closed.text().contains("2025-01-10"), "{}", closed.status);
}

#[test]
fn a_page_of_records_by_the_api_is_a_reading_and_its_search_is_none() {
    let graded = graded();
    let (city, mut before) = (&graded.city, 0);
    let token = city.asked.token(city.clerk.person, &["loan", "key"], &[]);
    let bearer = format!("Bearer {token}");
    let ask = |path: &str| {
        let headers = [("authorization", bearer.as_str())];
        city.asked.ask(Method::GET, &format!("/api/v1{path}"), &headers, "")
    };
    let page = ask("/registers/loan/records");
    assert!(page.text().contains("2025-01-10"), "{}", page.text());
    assert_eq!(graded.fresh(&mut before), graded.by(city.clerk, &graded.loans));
    for path in ["/search?q=K03", "/registers", "/registers/loan", "/notices", "/registers/key/records"] {
        let answer = ask(path);
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.text().contains("2025-01-10"), "{path}");
    }
    assert_eq!(graded.fresh(&mut before), []);
    ask(&format!("/records/{}", graded.loans[0]));
    assert_eq!(graded.fresh(&mut before), graded.by(city.clerk, &graded.loans[..1]));
    // Outside of its scope a token reads nothing, and nothing is entered as read.
    let keys = format!("Bearer {}", city.asked.token(city.clerk.person, &["key"], &[]));
    let path = format!("/api/v1/records/{}", graded.loans[0]);
    let answer = city.asked.ask(Method::GET, &path, &[("authorization", &keys)], "");
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(graded.fresh(&mut before), []);
    city.asked.house.desk.close();
    let closed = ask("/registers/loan/records");
    assert!(closed.status.is_server_error() && !closed.text().contains("2025-01-10"), "{}", closed.status);
}

#[test]
fn what_was_asked_for_and_not_given_was_not_read() {
    let graded = graded();
    let (city, loan, mut before) = (&graded.city, graded.loans[0], 0);
    let (none, sealed) = ("0".repeat(64), "sha256:".to_owned() + &"0".repeat(64));
    // No policy of the pack lets the clerk look into the ledger; there is no such file, no such step.
    for path in [
        format!("/audit/records/{loan}/bundle"),
        format!("/records/{loan}/files/{none}"),
        format!("/records/{loan}/steps/nothing"),
        format!("/records/{loan}/steps/give_back"),
    ] {
        let answer = city.asked.get(&City::cookie(city.clerk), &path);
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        assert_eq!(graded.fresh(&mut before), [], "{path}");
    }
    let token = city.asked.token_of(city.clerk.person, &["loan"], &[], &[identity::Right::Audit]);
    let bearer = format!("Bearer {token}");
    for path in [format!("/audit/records/{loan}/bundle"), format!("/records/{loan}/files/{sealed}")] {
        let headers = [("authorization", bearer.as_str())];
        let answer = city.asked.ask(Method::GET, &format!("/api/v1{path}"), &headers, "");
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text());
        assert_eq!(graded.fresh(&mut before), [], "{path}");
    }
    // What is given is entered as before.
    city.page(&format!("/records/{loan}"));
    assert_eq!(graded.fresh(&mut before), graded.by(city.clerk, &[loan]));
}

#[test]
fn what_is_put_before_a_signer_together_is_read_by_the_signer() {
    let graded = graded();
    let (city, mut before) = (&graded.city, 0);
    let stance = format!("head.{}.", city.head.unit);
    let words: Vec<String> =
        graded.loans.iter().map(|loan| format!("c={loan}~approve~approve~{stance}")).collect();
    let page = city.asked.get(&City::cookie(city.head), &format!("/sign?{}", words.join("&")));
    assert!(page.text().contains("114年1月10日"), "{}", page.text());
    assert_eq!(graded.fresh(&mut before), graded.by(city.head, &graded.loans));
}

#[test]
fn what_somebody_may_not_read_looks_as_if_it_were_not_there_and_the_ledger_knows_they_asked() {
    let graded = graded();
    let city = &graded.city;
    let asked = |record: &str| {
        let path = format!("/records/{record}");
        let answer = city.asked.get(&City::cookie(city.other_clerk), &path);
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        answer.text().replace(&path, "")
    };
    let nothing = asked("r_00000000000000000000000000");
    assert_eq!(city.asked.entered(REFUSED), Vec::<Value>::new(), "nobody is denied what is not there");
    assert_eq!(asked(&city.loan.to_string()), nothing);
    let refused = city.asked.entered(REFUSED);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0]["subject"], json!(city.loan.to_string()));
    assert_eq!(refused[0]["actor"]["person"], json!(city.other_clerk.person.to_string()));
    assert_eq!((&refused[0]["body"]["act"], &refused[0]["body"]["code"]), (&json!("read"), &json!("denied")));
}

#[test]
fn what_is_sealed_is_in_no_list_no_file_and_found_by_no_word() {
    let city = crate::site::city();
    let (sealed, key) = ("seven-seven-seven", city.key("K05"));
    let token = city.asked.token(city.clerk.person, &["key"], &[]);
    let bearer = format!("Bearer {token}");
    let api = |path: &str| {
        let headers = [("authorization", bearer.as_str())];
        let answer = city.asked.ask(Method::GET, &format!("/api/v1{path}"), &headers, "");
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.text()
    };
    // On the record itself whoever reads it reads that, too.
    assert!(city.page(&format!("/records/{key}")).contains(sealed));
    assert!(api(&format!("/records/{key}")).contains(sealed));
    let all = "columns=title&columns=code&columns=alarm_code&sort=alarm_code&size=200";
    for path in [
        format!("/registers/key?{all}"),
        format!("/registers/key?{all}&f.alarm_code={sealed}"),
        format!("/registers/key?q={sealed}"),
        format!("/choose/record?register=key&q={sealed}"),
        "/choose/record?register=key&q=K0".to_owned(),
        "/search?q=K0".to_owned(),
    ] {
        // What is asked for stands in fields and addresses of the page; nothing else may hold it.
        let asked = [format!("={sealed}"), format!("%3D{sealed}"), format!("\"{sealed}\"")];
        let page = asked.iter().fold(city.page(&path), |page, asked| page.replace(asked, ""));
        assert!(!page.contains(sealed), "{path}: {page}");
    }
    for format in ["csv", "ods", "xlsx"] {
        let path = format!("/registers/key/export?{all}&format={format}");
        let file = city.asked.get(&City::cookie(city.clerk), &path);
        let cells = cells_of(format, &file.body);
        assert!(cells.contains("K05") && !cells.contains(sealed), "{format}: {cells}");
    }
    let listed: Value = serde_json::from_str(&api("/registers/key/records?size=200")).unwrap();
    assert_eq!(listed["records"].as_array().unwrap().len(), 32);
    assert!(listed["records"][0]["content"]["room"].is_string());
    assert!(!listed.to_string().contains(sealed) && !listed.to_string().contains("alarm_code"), "{listed}");
    // Nor does a filter, an order or a word tell what it is.
    let total = |asked: &str| -> Value {
        let listed: Value = serde_json::from_str(&api(&format!("/registers/key/records?{asked}"))).unwrap();
        listed["total"].clone()
    };
    assert_eq!(total(&format!("f.alarm_code={sealed}")), total("f.alarm_code=other"));
    assert_eq!(total(&format!("q={sealed}")), 0);
    assert_eq!(api(&format!("/search?q={sealed}")), "[]");
    assert!(!city.page(&format!("/search?q={sealed}")).contains("/records/"));
}
