//! What an open page is told of: that what it shows has changed, and nothing of what its reader may not see.

use crate::site::{City, attribute, city, pairs};
use axum::http::StatusCode;

const MOVED: &str = "event: moved\ndata: \n\n";
const NOTHING_YET: &str = "event: unread\ndata: 0\n\n";

/// Where an open page listens.
fn events(page: &str) -> String {
    let body = page.split("<body").nth(1).unwrap();
    attribute(body, "data-live").unwrap()
}

/// The keeper of a key writes down another room.
fn change(city: &City, key: model::RecordId, room: &str) {
    let (path, keeper) = (format!("/records/{key}/steps/change"), city.clerk.person.to_string());
    let form = [("f.room", room), ("f.keeper", &keeper), ("f.alarm_code", "other"), ("_do", "send:done")];
    let sent = city.send(city.head, &path, &form);
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
}

#[test]
fn an_open_record_and_an_open_form_are_told_that_the_record_has_changed() {
    let city = city();
    let key = city.key("K10");
    let (shown, filled) = ("以下內容非最新狀態", "送出後系統將先列出異動處");
    for (tab, told, again) in [("", shown, true), ("/history", shown, true), ("/steps/change", filled, false)]
    {
        let path = format!("/records/{key}{tab}");
        let page = city.page(&path);
        // It stands there unseen until it is so.
        let word =
            page.split("<div data-moved hidden>").nth(1).unwrap().split("</div></div>").next().unwrap();
        assert!(word.contains(told), "{word}");
        let link = format!("<a href=\"{path}\">重新載入</a>");
        assert_eq!(word.contains(&link), again, "what is being filled in is not loaded anew: {word}");
        assert!(events(&page).starts_with(&format!("/events?record={key}&mark=")), "{}", events(&page));
    }
    let listening = events(&city.page(&format!("/records/{key}")));
    let cookie = City::cookie(city.clerk);
    let heard = city.asked.hears(&listening, &cookie, || change(&city, key, "另一房間"));
    assert_eq!(heard, (NOTHING_YET.to_owned(), MOVED.to_owned()));
    // Who comes back with the page as it was is told at once; who has loaded it anew is not.
    assert_eq!(city.asked.begins(&listening, &cookie), format!("{NOTHING_YET}{MOVED}"));
    let anew = events(&city.page(&format!("/records/{key}")));
    assert_eq!(city.asked.begins(&anew, &cookie), NOTHING_YET);
    // Of another record it says nothing.
    let other = events(&city.page(&format!("/records/{}", city.key("K11"))));
    change(&city, key, "又一房間");
    assert_eq!(city.asked.begins(&other, &cookie), NOTHING_YET);
}

#[test]
fn an_open_list_is_told_of_what_its_reader_may_see() {
    let city = city();
    let page = city.page("/registers/loan?state=out");
    assert!(
        page.contains("本清單已有新增或異動。 <a href=\"/registers/loan?state=out\">重新載入</a>"),
        "{page}"
    );
    let (mine, theirs) = (City::cookie(city.clerk), City::cookie(city.other_clerk));
    let listening = events(&page);
    let elsewhere = events(&city.asked.get(&theirs, "/registers/loan").text());
    let open = || {
        let (key, clerk) = (city.key("K05").to_string(), city.clerk.person.to_string());
        let form = [
            ("f.key", key.as_str()),
            ("f.borrower", &clerk),
            ("f.starts", "114/1/6"),
            ("f.until", "114/1/8"),
            ("f.purpose", "接待參訪"),
            ("f.kind", "visit"),
            ("f.level", "internal"),
            ("_do", "send:done"),
        ];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let sent = city.send(city.clerk, "/registers/loan/new/file", &pairs(&form));
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    };
    let (first, next) = city.asked.hears(&listening, &mine, open);
    assert_eq!((first.as_str(), next.contains(MOVED)), (NOTHING_YET, true), "{next}");
    assert!(city.asked.begins(&listening, &mine).contains(MOVED));
    // To another unit it is nothing new.
    assert_eq!(city.asked.begins(&elsewhere, &theirs), NOTHING_YET);
}

#[test]
fn what_names_nothing_is_not_watched_and_what_is_not_theirs_has_no_revision() {
    let city = city();
    let cookie = City::cookie(city.clerk);
    for asked in ["register=%20&mark=1", "register=key", "record=r_none&mark=1", "record=1", "mark=1"] {
        let first = city.asked.begins(&format!("/events?{asked}"), &cookie);
        assert_eq!(first, NOTHING_YET, "{asked}");
    }
    // Whatever mark is named, a record that is not theirs answers as one that is not there.
    let told =
        |record: &str, mark: u32| city.asked.begins(&format!("/events?record={record}&mark={mark}"), &cookie);
    for mark in 0..4 {
        let nowhere = told(&model::RecordId::from_bytes([7; 16]).to_string(), mark);
        assert_eq!(told(&city.other_loan.to_string(), mark), nowhere);
    }
    let nowhere = city.asked.get(&cookie, "/events?register=nowhere&mark=1");
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
}
