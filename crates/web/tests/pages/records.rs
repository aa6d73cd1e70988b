//! The page of a record: data, linked, evidence, signatures, history, print; who may, and that graded ones are noted.

use crate::site::{City, city, revised_city};
use axum::http::StatusCode;
use model::RecordId;
use regulation::Outcome;
use serde_json::json;

fn path(record: RecordId, tab: &str) -> String {
    match tab {
        "" => format!("/records/{record}"),
        tab => format!("/records/{record}/{tab}"),
    }
}

#[test]
fn a_record_tells_what_it_holds_where_it_stands_and_whom_it_waits_for() {
    let city = city();
    let page = city.page(&path(city.loan, ""));
    for words in ["L1 借用", "114借字第001號", "借出中", "借用會議室接待參訪", "110單位", "內部"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("114年1月8日") && page.contains("<dt>借用天數</dt>"));
    // It waits for whoever borrowed it and whoever keeps the key.
    assert!(page.split("<h2>待辦</h2>").nth(1).unwrap().contains("wang先生"), "{page}");
    assert!(page.contains("歸還期限") && page.contains("尚餘"), "{page}");
    let english = city.asked.get_english(&City::cookie(city.clerk), &path(city.loan, "")).text();
    for words in ["Loan of L1", "Waits for", "2025-01-08", "Opened by", "Signatures"] {
        assert!(english.contains(words), "{words}: {english}");
    }
}

#[test]
fn a_long_history_is_told_a_hundred_moments_at_a_time() {
    let mut city = city();
    let key = city.key("K02");
    let keeper = json!(city.clerk.person.to_string());
    for turn in 0..120 {
        let fill = [
            ("room", json!(format!("房間 {turn:03}"))),
            ("keeper", keeper.clone()),
            ("alarm_code", json!("x")),
        ];
        city.asked.house.take(city.head, key, "change", Outcome::Done, &fill).unwrap();
    }
    let history = path(key, "history");
    let page = city.page(&history);
    let moments = |page: &str| page.matches("<li><time class=\"when\"").count();
    assert_eq!(moments(&page), 100);
    assert!(page.contains("房間 119") && !page.contains("<ins>房間 019"), "{page}");
    let earlier = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(earlier.starts_with(&format!("{history}?before=")), "{earlier}");
    // What is left: twenty changes, the first one, and the opening; nothing twice, nothing missed.
    let rest = city.page(earlier);
    assert_eq!(moments(&rest), 22, "{rest}");
    assert!(rest.contains("<ins>房間 019") && !rest.contains("<ins>房間 020"), "{rest}");
    assert!(!rest.contains("rel=\"next\""), "{rest}");
    // What does not read is the last page.
    assert_eq!(moments(&city.page(&format!("{history}?before=x"))), 100);
}

#[test]
fn what_may_be_done_now_stands_at_the_right_for_whoever_may_and_for_nobody_else() {
    let city = city();
    let page = city.page(&path(city.loan, ""));
    assert!(page.contains(&format!("href=\"/records/{}/steps/give_back\"", city.loan)), "{page}");
    let head = city.asked.get(&City::cookie(city.head), &path(city.loan, "")).text();
    assert!(!head.contains("/steps/give_back") && head.contains("/print"), "{head}");
}

#[test]
fn what_is_not_theirs_is_not_there_in_any_part() {
    let city = city();
    for tab in ["", "linked", "evidence", "signatures", "history", "print", "steps/give_back", "files/00"] {
        let answer = city.asked.get(&City::cookie(city.clerk), &path(city.other_loan, tab));
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{tab}");
        assert!(!answer.text().contains("L2"), "{tab}");
    }
    let none = city.asked.get(&City::cookie(city.clerk), "/records/r_none");
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[test]
fn linked_records_are_named_with_their_state() {
    let city = city();
    let page = city.page(&path(city.loan, "linked"));
    assert!(page.contains("L1 鑰匙") && page.contains(">借出<"), "{page}");
    // From the other side: the key is named by the loan, and only by those one may read.
    let key = page.split("href=\"/records/").find(|part| part.contains("L1 鑰匙</a>")).unwrap();
    let key = key.split('"').next().unwrap().to_owned();
    let page = city.page(&format!("/records/{key}/linked"));
    assert!(page.contains("L1 借用") && page.contains("其「鑰匙」為本紀錄"), "{page}");
}

#[test]
fn history_tells_old_and_new_by_whom_and_what_followed() {
    let city = city();
    let key = city.key("K01");
    let page = city.page(&format!("/records/{key}/history"));
    assert!(page.contains("房間：<ins>第1會議室</ins>"), "{page}");
    assert!(page.contains("lin先生") && page.contains("wang先生"), "{page}");
    let loan = city.page(&path(city.loan, "history"));
    for words in ["「核定」（本人簽章）", "案件狀態：「借出中」", "編號：114借字第001號", "帳本第"]
    {
        assert!(loan.contains(words), "{words}: {loan}");
    }
    // The newest stands first.
    assert!(loan.find("「核定」（本人簽章）").unwrap() < loan.find("「申請」開立").unwrap());
    let english = city.asked.get_english(&City::cookie(city.clerk), &path(city.loan, "history")).text();
    assert!(english.contains("“Decide”: Approved (Signed by the person)"), "{english}");
}

#[test]
fn signatures_are_checked_told_by_grade_and_crossed_out_when_void() {
    let mut city = revised_city();
    let page = city.page(&path(city.loan, "signatures"));
    assert!(page.contains("本人簽章") && page.contains("已驗證簽章相符"), "{page}");
    assert!(page.contains("簽署內容：") && page.contains("雜湊值"), "{page}");
    let denied = city.asked.get(&City::cookie(city.other_clerk), &path(city.loan, "signatures"));
    assert_eq!(denied.status, StatusCode::NOT_FOUND);
    // What is changed after the approval voids it, and says so.
    city.asked
        .house
        .take(city.clerk, city.loan, "extend", Outcome::Done, &[("until", json!("2025-01-10"))])
        .unwrap();
    let page = city.page(&path(city.loan, "signatures"));
    assert!(page.contains("<li class=\"signature is-void\">") && page.contains("失效：內容已變更"), "{page}");
    let history = city.page(&path(city.loan, "history"));
    assert!(history.contains("「核定」之核定失效（內容已變更）：歸還期限"), "{history}");
    assert!(history.contains("<del>114年1月8日</del> → <ins>114年1月10日</ins>"), "{history}");
    assert!(history.contains("退回重新辦理：「已申請」"), "{history}");
    // Whoever approves it anew sees what differs from what was approved.
    let anew = city.send(city.head, &path(city.loan, "steps/approve"), &[("_do", "send:approve")]).text();
    assert!(anew.contains("與前次核定之差異"), "{anew}");
    assert!(
        anew.contains("<strong>歸還期限</strong>：<del>114年1月8日</del> → <ins>114年1月10日</ins>"),
        "{anew}"
    );
    assert!(anew.contains("失效：內容已變更"), "{anew}");
}

#[test]
fn the_official_form_has_number_fields_signatures_and_hash() {
    let city = city();
    let page = city.page(&path(city.loan, "print"));
    for words in ["鑰匙借用", "114借字第001號", "本人簽章", "雜湊值", "紀錄識別碼", "wang先生"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains(&city.loan.to_string()));
}

#[test]
fn the_reading_of_a_graded_record_is_an_entry_before_anything_is_shown() {
    let mut city = revised_city();
    let (clerk, head) = (city.clerk, city.head);
    let key = city.key("K03").to_string();
    for one in [clerk, head] {
        let command =
            identity::Command::GrantClearance { person: one.person, grade: "secret".parse().unwrap() };
        city.asked.house.identity(command).unwrap();
    }
    let graded = city.asked.house.open(
        clerk,
        "loan",
        "file",
        &[
            ("key", json!(key)),
            ("borrower", json!(clerk.person.to_string())),
            ("starts", json!("2025-01-06")),
            ("until", json!("2025-01-08")),
            ("level", json!("secret")),
        ],
    );
    let graded = graded.unwrap_or_else(|refused| panic!("{}", refused.told()));
    assert!(city.asked.entered(desk::READ).is_empty());
    city.page(&path(city.loan, ""));
    assert!(city.asked.entered(desk::READ).is_empty(), "an ordinary record is read without an entry");
    let page = city.page(&path(graded, "history"));
    assert!(page.contains("grade-banner") && page.contains("本紀錄之閱覽均登載於帳本"), "{page}");
    let read = city.asked.entered(desk::READ);
    assert_eq!(read.len(), 1);
    assert_eq!(
        (&read[0]["subject"], &read[0]["actor"]["person"]),
        (&json!(graded.to_string()), &json!(clerk.person.to_string()),)
    );
    assert_eq!(read[0]["body"], json!({ "grade": "secret" }));
    // Whoever is not cleared finds nothing, and nothing is noted.
    let auditor = city.asked.house.person("tsai", "auditor", city.other).unwrap();
    let cookie = city.asked.sign_in(auditor.person);
    assert_eq!(city.asked.get(&cookie, &path(graded, "")).status, StatusCode::NOT_FOUND);
    assert_eq!(city.asked.entered(desk::READ).len(), 1);
    // Where the entry cannot be made, nothing is shown.
    city.asked.house.desk.close();
    let closed = city.asked.get(&City::cookie(clerk), &path(graded, ""));
    assert!(closed.status.is_server_error() && !closed.text().contains("K03"), "{}", closed.status);
}

#[test]
fn every_page_that_names_a_record_is_noted_as_read() {
    for route in web::routes().filter(|route| route.path.contains("{record}")) {
        // What is only asked about a step, without taking it, is a reading as a page is.
        let act = route.verb != web::Verb::Get && !route.path.ends_with("/statements");
        let audit = if act { web::Audit::Act } else { web::Audit::Reading };
        assert_eq!(route.audit, audit, "{}", route.path);
    }
}

#[test]
fn a_file_is_given_out_to_be_saved_and_only_by_the_record_that_holds_it() {
    let mut city = city();
    city.asked.house.at("2025-01-28T01:30").unwrap();
    city.asked.house.tick().unwrap();
    let page = city.page("/registers/round");
    let round: RecordId =
        page.split("href=\"/records/").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let photo = city.asked.house.file("牆角 1.png", PNG, desk::Keeping::Clear).unwrap();
    let fill = [
        ("looked_at", json!({ "doors": { "answer": "good" }, "damp": { "answer": "bad", "note": "滲水" } })),
        ("photos", json!([photo])),
    ];
    city.asked.house.take(city.clerk, round, "finish", Outcome::Done, &fill).unwrap();
    let page = city.page(&path(round, "evidence"));
    assert!(page.contains("牆角 1.png") && page.contains("照片"), "{page}");
    let href = page.split("<a href=\"/records/").find(|part| part.contains("/files/")).unwrap();
    let href = format!("/records/{}", href.split('"').next().unwrap());
    let file = city.asked.get(&City::cookie(city.clerk), &href);
    assert_eq!((file.status, file.body.as_slice()), (StatusCode::OK, PNG));
    assert_eq!(file.header("content-type"), "image/png");
    assert!(file.header("content-disposition").starts_with("attachment;"));
    assert!(file.header("content-disposition").contains("filename*=UTF-8''%E7%89%86%E8%A7%92%201.png"));
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert_eq!(file.header("content-security-policy"), "sandbox; default-src 'none'; frame-ancestors 'none'");
    // Another record does not give it out, nor anybody who may not read this one.
    let hex = href.rsplit('/').next().unwrap();
    let elsewhere = city.asked.get(&City::cookie(city.clerk), &format!("/records/{}/files/{hex}", city.loan));
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    let stranger = city.asked.get(&City::cookie(city.other_clerk), &href);
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
}

#[test]
fn why_a_file_is_not_found_by_its_text_stands_beside_it() {
    let mut files = crate::site::revised();
    let round = files.get_mut("registers/round.toml").unwrap();
    let text = String::from_utf8(round.clone()).unwrap();
    let (photos, documents) = ("kind = \"photo\"\nmost = 5", "kind = \"files\"\ntypes = [\"pdf\", \"txt\"]");
    assert!(text.contains(photos));
    *round = text.replace(photos, documents).into_bytes();
    let house = testkit::House::with_pack(7, &regulation::Files::new(files), None).unwrap();
    let mut city = crate::site::settled(house, web::Limits::default());
    city.asked.house.at("2025-01-28T01:30").unwrap();
    city.asked.house.tick().unwrap();
    let page = city.page("/registers/round");
    let round: RecordId =
        page.split("href=\"/records/").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    let kept = |name: &str, bytes: &[u8]| city.asked.house.file(name, bytes, desk::Keeping::Clear).unwrap();
    // It begins as such a file does, and there is nothing behind.
    let held = json!([kept("壞.pdf", b"%PDF-1.7\n\n%%EOF\n"), kept("好.txt", "內容".as_bytes())]);
    let good = json!({ "doors": { "answer": "good" }, "damp": { "answer": "good" } });
    city.asked
        .house
        .take(city.clerk, round, "finish", Outcome::Done, &[("looked_at", good), ("photos", held)])
        .unwrap();
    let page = city.page(&path(round, "evidence"));
    assert_eq!(page.matches("其文字不列入搜尋").count(), 1, "of two the torn one: {page}");
    let torn = page.split("<li>").find(|one| one.contains("壞.pdf")).unwrap();
    assert!(torn.contains("其文字不列入搜尋"), "{torn}");
}

/// A picture of one pixel.
pub(crate) const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0,
    1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];
