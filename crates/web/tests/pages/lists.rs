//! The registers area: index, list, filters, chips, columns, order, pages, search, and what is not for one to see.

use crate::site::{City, attribute, city, tag};
use axum::http::{Method, StatusCode};

/// The data rows of a page's table.
fn rows(page: &str) -> Vec<&str> {
    let body = page.split("<tbody").nth(1).map_or("", |body| body.split("</tbody>").next().unwrap());
    body.split("<tr>").skip(1).collect()
}

#[test]
fn the_index_counts_what_one_may_see() {
    let city = city();
    let page = city.page("/registers");
    assert!(page.contains("<a href=\"/registers/key\">鑰匙</a>"), "{page}");
    assert!(page.contains("<a href=\"/registers/loan\">鑰匙借用</a>"));
    // Keys are the city's to read: 32. Loans are the unit's: one of two.
    let card = |page: &str, register: &str| {
        let from = page.find(&format!("/registers/{register}\">")).unwrap();
        page[from..].split("</li>").next().unwrap().to_owned()
    };
    let (_, cards) = page.split_once("<ul class=\"cards\">").unwrap();
    assert!(card(cards, "key").contains("共 <strong>32</strong>"), "{}", card(cards, "key"));
    assert!(card(cards, "loan").contains("共 <strong>1</strong>"));
    let english = city.asked.get_english(&City::cookie(city.clerk), "/registers").text();
    assert!(english.contains("<a href=\"/registers/key\">Keys</a>"));
    assert!(english.contains("<html lang=\"en\""));
}

#[test]
fn the_index_stands_by_articles_and_is_narrowed_by_words_and_clauses() {
    let city = city();
    let registers = |query: &str| -> Vec<String> {
        let page = city.page(&format!("/registers?q={query}"));
        let links = page.split("<h3><a href=\"/registers/").skip(1);
        links.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let page = city.page("/registers");
    assert!(page.contains("條號 3</h2>") && page.contains("條號 6</h2>"), "{page}");
    assert_eq!(registers("3"), ["key"], "by the beginning of a clause");
    assert!(registers("%E9%91%B0%E5%8C%99").contains(&"loan".to_owned()), "by a word of the name");
    assert!(registers("nothing").is_empty());
    assert!(city.page("/registers?q=nothing").contains("沒有符合條件之登記簿"));
    assert!(
        city.page("/registers?q=%3Cb%3E").contains("value=\"&#60;b&#62;\""),
        "what was typed stays, and stays text"
    );
}

#[test]
fn a_list_is_paged_sorted_and_told_in_all() {
    let city = city();
    let page = city.page("/registers/key?size=25");
    assert_eq!(rows(&page).len(), 25);
    assert!(page.contains("共 32 筆，第 1–25 筆"), "{page}");
    // By code, as the register says.
    assert!(rows(&page)[0].contains("K01"), "{}", rows(&page)[0]);
    assert!(page.contains("aria-sort=\"ascending\""));
    let second = city.page("/registers/key?page=2&size=25");
    assert_eq!(rows(&second).len(), 7);
    let down = city.page("/registers/key?sort=-code");
    assert!(rows(&down)[0].contains("L2"), "{}", rows(&down)[0]);
    assert!(down.contains("aria-sort=\"descending\""));
    // Of sizes there are four; another is none.
    assert_eq!(rows(&city.page("/registers/key?size=3")).len(), 32);
}

#[test]
fn rows_that_are_called_the_same_are_told_apart_by_their_place() {
    let mut city = city();
    let (clerk, key) = (city.clerk, city.key("K01"));
    for _ in 0..2 {
        city.asked
            .house
            .open(clerk, "loan", "file", &crate::site::borrowing(key, clerk, "internal"))
            .unwrap();
    }
    let page = city.page("/registers/loan?size=25");
    let titles: Vec<Option<String>> = rows(&page)
        .iter()
        .map(|row| {
            attribute(row.split("<a class=\"title\"").nth(1).unwrap().split('>').next().unwrap(), "title")
        })
        .collect();
    let same: Vec<&String> = titles.iter().flatten().collect();
    assert_eq!((titles.len(), same.len()), (3, 2), "{titles:?}");
    assert!(same.iter().all(|title| title.starts_with("K01 借用（第 ")) && same[0] != same[1], "{same:?}");
    let english = city.asked.get_english(&City::cookie(clerk), "/registers/loan").text();
    assert!(english.contains("title=\"Loan of K01 (row "), "{english}");
}

#[test]
fn a_list_is_searched_by_two_characters_and_filtered_by_fields() {
    let city = city();
    assert_eq!(rows(&city.page("/registers/key?q=%E6%AA%94%E6%A1%88")).len(), 2);
    assert_eq!(rows(&city.page("/registers/key?f.code=K1")).len(), 10);
    let both = city.page("/registers/key?f.code=K1&f.room=%E7%AC%AC1");
    assert_eq!(rows(&both).len(), 10);
    assert!(both.contains("編號：K1"), "the filter is told");
    // A person by a part of the name.
    assert_eq!(rows(&city.page("/registers/key?f.keeper=chen")).len(), 1);
    assert_eq!(rows(&city.page("/registers/key?f.keeper=nobody")).len(), 0);
    // What was opened on a day.
    assert_eq!(
        rows(&city.page("/registers/key?opened.min=114/1/2&opened.max=2025-01-02&size=200")).len(),
        32
    );
    assert_eq!(rows(&city.page("/registers/key?opened.min=2025-01-03")).len(), 0);
    // A day that is chosen stands there with its year of the Republic, in Chinese alone.
    let days = "/registers/key?opened.min=114/1/2&opened.max=2025-01-03";
    let chosen = city.page(days);
    for (end, day, told) in
        [("min", "2025-01-02", "民國114年1月2日"), ("max", "2025-01-03", "民國114年1月3日")]
    {
        let id = format!("filter-opened-{end}");
        let input = tag(&chosen, &id);
        assert_eq!(
            (attribute(input, "type").as_deref(), attribute(input, "value").as_deref()),
            (Some("date"), Some(day))
        );
        let beside = format!("id=\"{id}-roc\" for=\"{id}\">{told}</output>");
        assert!(chosen.contains(&beside), "{beside}: {chosen}");
    }
    let english = city.asked.get_english(&City::cookie(city.clerk), days).text();
    assert!(!english.contains("民國") && english.contains("id=\"filter-opened-min-roc\""), "{english}");
    let wrong = city.page("/registers/key?opened.min=abc");
    assert!(wrong.contains("篩選條件「abc」無法判讀"), "{wrong}");
    assert_eq!(rows(&wrong).len(), 32);
}

#[test]
fn two_fields_of_one_name_do_not_hide_each_others_filters() {
    let mut files = crate::site::revised();
    let loan = files.get_mut("registers/loan.toml").unwrap();
    let text = String::from_utf8(loan.clone()).unwrap();
    // The choice has chips; the day beside it is called the same.
    let shown = text.replace("columns = [\"key\", \"until\"]", "columns = [\"kind\", \"until\"]");
    assert_ne!(shown, text);
    let label = |id: &str| {
        let field = shown.split(&format!("id = \"{id}\"")).nth(1).unwrap();
        field.split("label = ").nth(1).unwrap().lines().next().unwrap().to_owned()
    };
    *loan = shown.replace(&label("until"), &label("kind")).into_bytes();
    let house = testkit::House::with_pack(7, &regulation::Files::new(files), None).unwrap();
    let city = crate::site::settled(house, web::Limits::default());
    let page = city.page("/registers/loan?f.until.min=2025-01-01&f.kind=visit&f.kind=repair");
    assert!(page.contains("id=\"chip-kind-visit\"") && !page.contains("id=\"active-f-kind"), "{page}");
    assert!(page.contains("id=\"active-f-until-0\""), "{page}");
}

#[test]
fn people_are_found_in_filters_by_name_and_by_account() {
    let mut city = city();
    let details = identity::Details {
        name: identity::Line::new("陳大文").unwrap(),
        login: identity::Login::new("chen.dw").unwrap(),
        title: identity::Line::new("科員").unwrap(),
        mail: identity::Mail::new("chen.dw@house.example").unwrap(),
        phone: None,
    };
    let (person, unit) = (model::PersonId::from_bytes([9; 16]), city.clerk.unit);
    let register = identity::Command::RegisterPerson { person, details, home: unit };
    city.asked.house.identity(register).unwrap();
    city.asked.house.grant(person, "clerk", unit).unwrap();
    let (key, keeper) = (city.key("K03"), serde_json::json!(person.to_string()));
    let fill = [("room", "檔案室".into()), ("keeper", keeper), ("alarm_code", "x".into())];
    city.asked.house.take(city.head, key, "change", regulation::Outcome::Done, &fill).unwrap();
    for words in ["%E9%99%B3%E5%A4%A7", "chen.dw", "CHEN.D"] {
        assert_eq!(rows(&city.page(&format!("/registers/key?f.keeper={words}"))).len(), 1, "{words}");
    }
    assert_eq!(rows(&city.page("/registers/key?f.keeper=en.dw")).len(), 0, "an account by its beginning");
}

#[test]
fn chips_tell_how_many_there_are_of_each_state() {
    let city = city();
    let page = city.page("/registers/key");
    assert!(page.contains("在櫃 <small>31</small>"), "{page}");
    assert!(page.contains("借出 <small>1</small>"));
    assert!(page.contains("全部 <small>32</small>"));
    let lent = city.page("/registers/key?state=lent");
    assert_eq!(rows(&lent).len(), 1);
    // Counts of states are of the list without the states asked for.
    assert!(lent.contains("在櫃 <small>31</small>"));
    assert!(lent.contains("aria-current=\"true\">借出"));
    assert_eq!(rows(&city.page("/registers/key?running=1&size=200")).len(), 32);
}

#[test]
fn columns_are_chosen_and_nothing_sealed_is_one() {
    let city = city();
    let page = city.page("/registers/key?columns=title&columns=opened_at&columns=alarm_code");
    let heads = page.split("<thead>").nth(1).unwrap().split("</thead>").next().unwrap();
    assert_eq!(heads.matches("<th ").count(), 2, "{heads}");
    assert!(heads.contains("建立時間"));
    assert!(page.contains("114年1月2日"));
    assert!(!page.contains("保全密碼"));
    assert!(!page.contains("seven-seven-seven"));
}

#[test]
fn titles_people_references_and_numbers_are_written_for_people() {
    let city = city();
    let page = city.page("/registers/loan");
    assert_eq!(rows(&page).len(), 1);
    let row = rows(&page)[0];
    assert!(
        row.contains(&format!("<a class=\"title\" href=\"/records/{}\">L1 借用</a>", city.loan)),
        "{row}"
    );
    assert!(row.contains("114借字第001號"), "{row}");
    assert!(row.contains(">L1 鑰匙</a>"), "{row}");
    assert!(row.contains("114年1月8日"), "{row}");
    assert!(row.contains("<span class=\"state state-running\">借出中</span>"), "{row}");
    let english = city.asked.get_english(&City::cookie(city.clerk), "/registers/loan").text();
    assert!(rows(&english)[0].contains("Loan of L1"));
    assert!(rows(&english)[0].contains("2025-01-08"));
}

#[test]
fn what_one_may_not_see_is_neither_listed_nor_counted_nor_found() {
    let city = city();
    let mine = city.page("/registers/loan");
    assert!(!mine.contains(&city.other_loan.to_string()));
    let theirs = city.asked.get(&City::cookie(city.other_clerk), "/registers/loan").text();
    assert!(theirs.contains(&city.other_loan.to_string()));
    assert!(!theirs.contains(&city.loan.to_string()));
    let found = city.page("/search?q=%E5%8F%83%E8%A8%AA");
    assert!(found.contains(&city.loan.to_string()), "{found}");
    assert!(!found.contains(&city.other_loan.to_string()));
    assert!(city.page("/choose/record?register=loan&q=%E5%8F%83%E8%A8%AA").contains(&city.loan.to_string()));
    assert!(!city.page("/choose/record?register=loan").contains(&city.other_loan.to_string()));
}

#[test]
fn the_unit_looked_at_narrows_the_list() {
    let city = city();
    let cookie = format!("ward_session={}; ward_unit={}", City::cookie(city.clerk), city.other);
    let page = city.asked.ask(Method::GET, "/registers/key", &[("cookie", &cookie)], "").text();
    assert_eq!(rows(&page).len(), 1, "{page}");
    assert!(page.contains("120單位"));
    let set = city.asked.post(
        city.clerk.person,
        "/preferences",
        &[("unit", &city.other.to_string()), ("back", "/registers/key")],
    );
    assert_eq!(set.status, StatusCode::SEE_OTHER);
    assert_eq!(set.header("location"), "/registers/key");
    assert!(set.header("set-cookie").starts_with(&format!("ward_unit={};", city.other)));
}

#[test]
fn a_script_gets_the_part_it_asks_for() {
    let city = city();
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let headers = [("cookie", cookie.as_str()), ("hx-request", "true"), ("hx-target", "list")];
    let all = "/registers/key?q=K02&f.code=&columns=title&columns=state&columns=unit&columns=code&columns=room&columns=keeper&size=50";
    let answer = city.asked.ask(Method::GET, all, &headers, "");
    assert_eq!(answer.header("hx-push-url"), "/registers/key?q=K02");
    let part = answer.text();
    assert!(part.trim_start().starts_with("<div id=\"list\""), "{part}");
    assert!(!part.contains("<html"));
    assert_eq!(rows(&part).len(), 1);
    let headers = [("cookie", cookie.as_str()), ("hx-request", "true"), ("hx-target", "palette-found")];
    let found = city.asked.ask(Method::GET, "/search?q=K02", &headers, "").text();
    assert!(found.contains("role=\"option\""), "{found}");
    assert!(!found.contains("<html"));
}

#[test]
fn what_is_not_there_and_what_is_not_for_one_to_see_look_the_same() {
    let city = city();
    let bare = |path: &str| {
        let answer = city.asked.get(&City::cookie(city.clerk), path);
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        // The address of the way back is the only thing that differs.
        answer.text().replace(path, "")
    };
    let nothing = bare("/nothing");
    assert!(nothing.contains("查無此頁"));
    assert_eq!(nothing, bare("/registers/nothing"));
    assert_eq!(nothing, bare(&format!("/records/{}/none", city.other_loan)));
    assert!(city.now().as_micros() > 0);
}

#[test]
fn people_units_and_records_are_chosen_as_one_types() {
    let city = city();
    let people = city.page("/choose/person?role=clerk&q=");
    assert!(
        people.contains("wang先生") && people.contains("chen先生") && !people.contains("lin先生"),
        "{people}"
    );
    assert!(city.page("/choose/person?q=LIN").contains("lin先生"));
    assert!(city.page("/choose/unit?q=120").contains("120單位"));
    assert!(city.page("/choose/record?register=key&q=K05").contains("K05 鑰匙"));
    // By the title, where the words are not in what is searched.
    assert!(city.page("/choose/record?register=loan&q=L1").contains("L1 借用"));
}
