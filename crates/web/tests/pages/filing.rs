//! Filing: forms that open records and take steps, refused and kept, drafts, stale forms, deputies, files.

use crate::site::{City, borrowing, city, hidden, pairs, revised_city, tag};
use axum::http::{Method, StatusCode};
use model::RecordId;
use regulation::Outcome;
use serde_json::json;

const NEW: &str = "/registers/loan/new/file";

/// A loan as somebody would fill it in.
fn loan(city: &City) -> Vec<(String, String)> {
    let (key, clerk) = (city.key("K05").to_string(), city.clerk.person.to_string());
    let pairs = [
        ("f.key", key.as_str()),
        ("f.borrower", &clerk),
        ("f.starts", "114/1/6"),
        ("f.until", "114/1/8"),
        ("f.purpose", "接待參訪 <b>"),
        ("f.kind", "visit"),
        ("f.level", "internal"),
        ("_do", "send:done"),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn opened(place: &str) -> RecordId {
    place.strip_prefix("/records/").unwrap().split('?').next().unwrap().parse().unwrap()
}

#[test]
fn a_record_is_opened_by_a_form_and_its_page_says_so() {
    let city = city();
    let only = city.asked.get(&City::cookie(city.clerk), "/registers/loan/new");
    assert_eq!((only.status, only.header("location")), (StatusCode::SEE_OTHER, NEW));
    let page = city.page(NEW);
    assert!(page.contains("送出後由下列人員辦理：主管（110單位）"), "{page}");
    assert!(page.contains(">申請</button>") && page.contains(">預覽</button>"), "{page}");
    let sent = city.send(city.clerk, NEW, &pairs(&loan(&city)));
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let place = sent.header("location").to_owned();
    assert!(place.ends_with("?done=file"), "{place}");
    let page = city.page(&place);
    assert!(page.contains("「申請」已登錄。") && page.contains("接待參訪 &#60;b&#62;"), "{page}");
    let english = city.asked.get_english(&City::cookie(city.clerk), NEW).text();
    assert!(english.contains("Then it waits for Head") && english.contains("Keep a draft"), "{english}");
}

#[test]
fn what_is_refused_comes_back_at_its_fields_with_everything_that_was_filled_in() {
    let city = city();
    let mut form = loan(&city);
    form.retain(|(name, _)| name != "f.purpose");
    form.iter_mut()
        .filter(|(name, _)| name == "f.until")
        .for_each(|(_, value)| *value = "115/1/8".to_owned());
    let refused = city.send(city.clerk, NEW, &pairs(&form));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text();
    assert!(page.contains("id=\"f-purpose-error\">本欄必填"), "{page}");
    assert!(tag(&page, "f-starts").contains("value=\"2025-01-06\""), "{page}");
    form.push(("f.purpose".to_owned(), "參訪".to_owned()));
    let refused = city.send(city.clerk, NEW, &pairs(&form));
    let page = refused.text();
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY && page.contains("借用不得逾十四日"),
        "{page}"
    );
    assert!(page.contains("參訪</textarea>") && page.contains("K05 鑰匙"), "{page}");
    // Nothing was opened.
    assert!(!city.page("/registers/loan").contains("K05"));
}

#[test]
fn what_is_sent_twice_is_opened_once() {
    let city = city();
    let page = city.page(NEW);
    let mut form = loan(&city);
    let record = hidden(&page, "id=\"form\"").into_iter().find(|(name, _)| name == "record").unwrap();
    form.push(record.clone());
    let first = city.send(city.clerk, NEW, &pairs(&form));
    let second = city.send(city.clerk, NEW, &pairs(&form));
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(opened(first.header("location")).to_string(), record.1);
    // The same id from another hand opens nothing and tells nothing.
    let other = city.send(city.other_clerk, NEW, &pairs(&form));
    assert_ne!(other.status, StatusCode::SEE_OTHER, "{}", other.header("location"));
}

#[test]
fn who_has_no_such_role_is_offered_no_form() {
    let mut city = city();
    let auditor = city.asked.house.person("tsai", "auditor", city.other).unwrap();
    let cookie = city.asked.sign_in(auditor.person);
    let page = city.asked.get(&cookie, "/registers/loan/new");
    assert!(page.status == StatusCode::OK && page.text().contains("不得建立本登記簿"), "{}", page.text());
    assert_eq!(city.asked.get(&cookie, NEW).status, StatusCode::FORBIDDEN);
    let sent = city.send(auditor, NEW, &pairs(&loan(&city)));
    assert_eq!(sent.status, StatusCode::FORBIDDEN);
    assert_eq!(city.asked.get(&cookie, "/registers/loan/new/approve").status, StatusCode::NOT_FOUND);
    let approve = format!("/records/{}/steps/approve", city.other_loan);
    assert_eq!(city.asked.get(&City::cookie(city.clerk), &approve).status, StatusCode::NOT_FOUND);
}

#[test]
fn what_happened_earlier_is_recorded_with_its_time_and_the_reason() {
    let city = city();
    assert!(city.page(NEW).contains("<legend>補登</legend>"));
    let mut form = loan(&city);
    form.push(("occurred_at".to_owned(), "113/12/31 09:00".to_owned()));
    let refused = city.send(city.clerk, NEW, &pairs(&form));
    let page = refused.text();
    assert!(page.contains("補登須敘明理由"), "{page}");
    assert!(tag(&page, "occurred_at").contains("value=\"2024-12-31T09:00\""), "{page}");
    form.push(("late_reason".to_owned(), "停電，先以紙本登記".to_owned()));
    let sent = city.send(city.clerk, NEW, &pairs(&form));
    let page = city.page(sent.header("location"));
    assert!(page.contains("113年12月31日 09:00") && page.contains("停電，先以紙本登記"), "{page}");
    form.iter_mut().filter(|(name, _)| name == "occurred_at").for_each(|(_, at)| *at = "昨天".to_owned());
    let unread = city.send(city.clerk, NEW, &pairs(&form)).text();
    assert!(unread.contains("發生時間無法判讀") && unread.contains("value=\"昨天\""), "{unread}");
}

#[test]
fn a_look_at_what_will_be_recorded_records_nothing_and_leads_back_to_the_form() {
    let city = city();
    let mut form = loan(&city);
    form.retain(|(name, _)| name != "_do");
    form.push(("_do".to_owned(), "preview".to_owned()));
    let page = city.send(city.clerk, NEW, &pairs(&form)).text();
    assert!(
        page.contains("將登載之內容") && page.contains("借用天數") && page.contains("接待參訪"),
        "{page}"
    );
    assert!(!city.page("/registers/loan").contains("K05"));
    let mut back = hidden(&page, "data-signing>");
    back.push(("_do".to_owned(), "edit".to_owned()));
    let edit = city.send(city.clerk, NEW, &pairs(&back)).text();
    assert!(edit.contains("接待參訪 &#60;b&#62;</textarea>"), "{edit}");
    back.pop();
    back.push(("_do".to_owned(), "confirm".to_owned()));
    let sent = city.send(city.clerk, NEW, &pairs(&back));
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    // What another has shown is not confirmed by this form.
    let foreign = city.send(city.clerk, "/registers/key/new/register", &pairs(&back));
    assert_eq!(foreign.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[test]
fn a_form_is_seen_as_paper_before_it_is_sent() {
    let mut city = city();
    assert!(city.page(NEW).contains("value=\"paper\""));
    let mut form = loan(&city);
    form.retain(|(name, _)| name != "_do");
    form.push(("_do".to_owned(), "paper".to_owned()));
    let sent = city.send(city.clerk, NEW, &pairs(&form));
    let read = crate::papers::pdf(&sent);
    assert!(read.contains("接待參訪") && read.contains("內容尚未登載"), "{read}");
    assert!(!city.page("/registers/loan").contains("K05"));
    // Whoever may not open one is given no paper of it.
    let auditor = city.asked.house.person("tsai", "auditor", city.other).unwrap();
    city.asked.sign_in(auditor.person);
    let denied = city.send(auditor, NEW, &pairs(&form));
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
}

#[test]
fn a_draft_is_kept_by_hand_and_by_itself_and_resumed_from_ones_work() {
    let city = city();
    let form = [("f.purpose", "寫到一半"), ("f.starts", "114/1/6"), ("_do", "draft-auto")];
    let kept = city.send(city.clerk, NEW, &form);
    assert_eq!((kept.status, kept.body.len()), (StatusCode::NO_CONTENT, 0));
    let work = city.page("/");
    assert!(work.contains("草稿") && work.contains(&format!("href=\"{NEW}\"")), "{work}");
    let resumed = city.page(NEW);
    assert!(resumed.contains("寫到一半</textarea>") && resumed.contains("儲存之草稿"), "{resumed}");
    // It is this person's alone.
    assert!(!city.asked.get(&City::cookie(city.other_clerk), NEW).text().contains("寫到一半"));
    let by_hand = city.send(city.clerk, NEW, &[("f.purpose", "再寫"), ("_do", "draft")]);
    assert_eq!(by_hand.header("location"), format!("{NEW}?kept=1"));
    assert!(city.page(NEW).contains("再寫</textarea>"));
    let gone = city.send(city.clerk, NEW, &[("_do", "discard")]);
    assert_eq!(gone.status, StatusCode::SEE_OTHER);
    assert!(!city.page(NEW).contains("再寫"));
    // What was sent leaves no draft behind.
    city.send(city.clerk, NEW, &form);
    assert_eq!(city.send(city.clerk, NEW, &pairs(&loan(&city))).status, StatusCode::SEE_OTHER);
    assert!(!city.page(NEW).contains("寫到一半"));
}

#[test]
fn sealed_answers_are_kept_in_no_draft_and_it_is_said() {
    let city = city();
    let path = format!("/records/{}/steps/change", city.key("K09"));
    let page = city.page(&path);
    assert!(page.contains("加密欄位不存入草稿：保全密碼"), "{page}");
    let draft = [("f.room", "新房間"), ("f.alarm_code", "swordfish-9"), ("_do", "draft-auto")];
    assert_eq!(city.send(city.clerk, &path, &draft).status, StatusCode::NO_CONTENT);
    let kept = city.asked.house.desk.read(|sql, _| sql.drafts(city.clerk.person)).unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!kept[0].pairs.contains("swordfish") && kept[0].pairs.contains("f.room"), "{kept:?}");
}

#[test]
fn a_form_overtaken_by_another_shows_both_and_counts_when_it_is_sent_again() {
    let mut city = city();
    let key = city.key("K10");
    let path = format!("/records/{key}/steps/change");
    let mut form = hidden(&city.page(&path), "id=\"form\"");
    let keeper = city.clerk.person.to_string();
    for (name, value) in [
        ("f.room", "我的房間"),
        ("f.keeper", keeper.as_str()),
        ("f.alarm_code", "new-code"),
        ("_do", "send:done"),
    ] {
        form.push((name.to_owned(), value.to_owned()));
    }
    let fill = [("room", json!("主管改的房間")), ("keeper", json!(keeper)), ("alarm_code", json!("other"))];
    city.asked.house.take(city.head, key, "change", Outcome::Done, &fill).unwrap();
    let overtaken = city.send(city.clerk, &path, &pairs(&form));
    assert_eq!(overtaken.status, StatusCode::CONFLICT, "{}", overtaken.text());
    let page = overtaken.text();
    assert!(page.contains("資料已有異動") && page.contains("lin先生"), "{page}");
    assert!(page.contains("<td>主管改的房間</td><td>我的房間</td>"), "{page}");
    assert!(tag(&page, "f-room").contains("value=\"我的房間\""), "{page}");
    // Seen now, and sent once more.
    let seen = hidden(&page, "id=\"form\"").into_iter().find(|(name, _)| name == "seen").unwrap();
    form.retain(|(name, _)| name != "seen");
    form.push(seen);
    let sent = city.send(city.clerk, &path, &pairs(&form));
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert_eq!(
        city.asked.house.case(key).unwrap().content.0
            ["room".parse::<regulation::FieldId>().as_ref().unwrap()],
        json!("我的房間")
    );
}

#[test]
fn a_step_taken_meanwhile_by_another_shows_what_happened_and_what_was_written() {
    let mut city = city();
    let key = city.key("K11");
    let borrowed = borrowing(key, city.clerk, "internal");
    let loan = city.asked.house.open(city.clerk, "loan", "file", &borrowed).unwrap();
    let path = format!("/records/{loan}/steps/approve");
    let page = city.asked.get(&City::cookie(city.head), &path).text();
    assert!(page.contains("不予核定") && page.contains("借用會議室接待參訪"), "{page}");
    let mut form = hidden(&page, "id=\"form\"");
    city.asked.house.take(city.clerk, loan, "take_back", Outcome::TakeBack, &[]).unwrap();
    form.push(("reason".to_owned(), "鑰匙另有用途".to_owned()));
    form.push(("_do".to_owned(), "send:refuse".to_owned()));
    let gone = city.send(city.head, &path, &pairs(&form));
    assert_eq!(gone.status, StatusCode::CONFLICT);
    let page = gone.text();
    assert!(
        page.contains("撤回") && page.contains("鑰匙另有用途") && page.contains("不需再由您辦理"),
        "{page}"
    );
}

#[test]
fn a_refusal_needs_a_reason() {
    let mut city = city();
    let borrowed = borrowing(city.key("K12"), city.clerk, "internal");
    let loan = city.asked.house.open(city.clerk, "loan", "file", &borrowed).unwrap();
    let path = format!("/records/{loan}/steps/approve");
    let refused = city.send(city.head, &path, &[("_do", "send:refuse")]);
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.text().contains("須敘明理由"));
    // One's own case may be taken back, with a reason as well.
    let path = format!("/records/{loan}/steps/take_back");
    let page = city.page(&path);
    assert!(tag(&page, "reason").contains("required"), "{page}");
    let none = city.send(city.clerk, &path, &[("_do", "send:take_back")]);
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sent = city.send(city.clerk, &path, &[("_do", "send:take_back"), ("reason", "改期")]);
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert!(city.page(&format!("/records/{loan}")).contains("已撤回"));
}

#[test]
fn a_deputy_chooses_for_whom_and_the_record_says_so() {
    let mut city = revised_city();
    let (head, other) = (city.head, city.other_clerk);
    let until = city.now().plus(std::time::Duration::from_secs(86_400 * 30));
    city.asked.house.appoint(head, other, until).unwrap();
    let borrowed = borrowing(city.key("K13"), city.clerk, "internal");
    let loan = city.asked.house.open(city.clerk, "loan", "file", &borrowed).unwrap();
    let record = city.asked.get(&City::cookie(other), &format!("/records/{loan}")).text();
    assert!(record.contains("核定（代理lin先生）"), "{record}");
    let work = city.asked.get(&City::cookie(other), "/").text();
    assert!(work.contains("代理中") && work.contains("代理lin先生"), "{work}");
    let path = format!("/records/{loan}/steps/approve");
    let page = city.asked.get(&City::cookie(other), &path).text();
    assert!(page.contains("以何身分辦理") && page.contains("代理lin先生：主管"), "{page}");
    let mut form = hidden(&page, "id=\"form\"");
    form.push(("_do".to_owned(), "send:approve".to_owned()));
    let confirm = city.send(other, &path, &pairs(&form)).text();
    assert!(confirm.contains("<dt>代理</dt><dd>lin先生</dd>"), "{confirm}");
    let signed = city.signed(other, &confirm);
    let sent = city.send(other, &path, &pairs(&signed));
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let signatures = city.page(&format!("/records/{loan}/signatures"));
    assert!(
        signatures.contains("<span class=\"signer\">chen先生</span> <span>（代理 lin先生）</span>"),
        "{signatures}"
    );
    let history = city.page(&format!("/records/{loan}/history"));
    assert!(history.contains("chen先生代理lin先生"), "{history}");
}

#[test]
fn a_file_handed_in_with_a_form_that_is_refused_need_not_be_handed_in_again() {
    let city = city();
    city.asked.house.at("2025-01-28T01:30").unwrap();
    city.asked.house.tick().unwrap();
    let page = city.page("/registers/round");
    let round = page.split("href=\"/records/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/records/{round}/steps/finish");
    let part = |name: &str, value: &str| {
        format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let token = format!("token-of-{}", city.clerk.person);
    let gif = "GIF89a\u{1}\0\u{1}\0\0\0\0;";
    let body = [
        part("csrf", &token),
        part("_do", "send:done"),
        part("f.looked_at.doors", "bad"),
        format!(
            "--x\r\ncontent-disposition: form-data; name=\"f.photos.new\"; filename=\"門.gif\"\r\n\r\n{gif}\r\n--x--\r\n"
        ),
    ]
    .concat();
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let headers = [("cookie", cookie.as_str()), ("content-type", "multipart/form-data; boundary=x")];
    let answer = city.asked.ask(Method::POST, &path, &headers, &body);
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
    let page = answer.text();
    assert!(page.contains("門.gif（"), "{page}");
    let kept = page.split("name=\"f.photos\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(kept.contains("sha256:"), "{kept}");
}
