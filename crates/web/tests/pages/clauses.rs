//! The clause board and the pages of clauses: states, figures, what is to be looked after, units, past days.

use crate::site::{City, city};
use axum::http::{Method, StatusCode};
use testkit::Acting;

/// A city whose checks were evaluated on the 10th: one loan is out and over its term since the 8th.
fn evaluated() -> City {
    let city = city();
    city.asked.house.at("2025-01-10T02:00").unwrap();
    city.asked.house.assess().unwrap();
    city
}

fn page_of(city: &City, who: Acting, path: &str) -> String {
    let answer = city.asked.get(&City::cookie(who), path);
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.text()
}

/// The row of a clause on the board.
fn row<'p>(page: &'p str, clause: &str) -> &'p str {
    let at = page
        .find(&format!("<span class=\"number\">{clause}</span>"))
        .unwrap_or_else(|| panic!("{clause}: {page}"));
    let from = page[..at].rfind("<li class=\"clause-row\">").unwrap();
    page[from..].split("</div></li>").next().unwrap()
}

/// Words of states in the order they stand on a part of a page.
fn states(part: &str) -> Vec<&str> {
    part.split("class=\"verdict verdict-").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn before_anything_was_evaluated_nothing_is_shown_as_met() {
    let city = city();
    let page = city.page("/clauses");
    let clauses = page.matches("<li class=\"clause-row\">").count();
    assert_eq!(clauses, 10);
    assert!(page.contains("共 10 條"), "{page}");
    assert_eq!(states(&page), ["not-computed"; 10]);
    let clause = city.page("/clauses/5");
    assert!(clause.contains("尚未檢核"), "{clause}");
    // A check is of the version in force; the page of what is no clause is none.
    for path in ["/clauses/99", "/clauses/5.1", "/clauses/%2e%2e"] {
        assert_eq!(city.asked.get(&City::cookie(city.clerk), path).status, StatusCode::NOT_FOUND, "{path}");
    }
    let stranger = city.asked.ask(Method::GET, "/clauses/5", &[], "");
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
}

#[test]
fn the_board_tells_each_clause_by_shape_word_and_figure_in_both_languages() {
    let city = evaluated();
    let page = city.page("/clauses");
    // 31 of 32 keys are in place; there is no goal.
    let keys = row(&page, "3");
    assert!(keys.contains("#info-circle") && keys.contains("僅列數值") && keys.contains("96.8 %"), "{keys}");
    let overdue = row(&page, "5");
    assert!(overdue.contains("#alert-triangle") && overdue.contains("未符合"), "{overdue}");
    assert!(overdue.contains("1 件未結") && overdue.contains("檢核 0/1"), "{overdue}");
    let rounds = row(&page, "8");
    assert!(rounds.contains("#minus") && rounds.contains("無對象"), "{rounds}");
    let basis = row(&page, "1");
    assert!(basis.contains("未計算") && basis.contains("僅為依據"), "{basis}");
    let english = city.asked.get_english(&City::cookie(city.clerk), "/clauses").text();
    assert!(row(&english, "5").contains("Not met") && row(&english, "5").contains("1 open"));
    assert!(row(&english, "3").contains("Figure only") && row(&english, "8").contains("Nobody there"));
    assert!(english.contains("In all 10 clauses"));
    // The rail leads to it.
    assert!(page.contains("<a href=\"/clauses\" aria-current=\"true\">"));
}

#[test]
fn the_board_is_narrowed_by_state_article_and_words() {
    let city = evaluated();
    let clauses = |query: &str| {
        let page = city.page(&format!("/clauses?{query}"));
        page.split("<h3><a href=\"/clauses/")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(clauses("state=not-met"), ["5"]);
    assert_eq!(clauses("state=not-met&state=figure"), ["3", "5"]);
    assert_eq!(clauses("article=7"), ["7"]);
    assert_eq!(clauses("q=%E5%B7%A1%E8%A6%96"), ["6", "7"], "in title, summary or the name of a check");
    assert_eq!(clauses("q=1"), ["1", "10"]);
    assert!(clauses("q=nothing").is_empty());
    let page = city.page("/clauses?q=nothing");
    assert!(page.contains("沒有符合條件之條文"));
    // Each state tells how many choosing it would find.
    let page = city.page("/clauses?state=not-met");
    assert!(
        page.contains("href=\"/clauses\" aria-current=\"true\""),
        "choosing it again is rid of it: {page}"
    );
    assert!(page.contains("顯示 1／10 條"), "{page}");
}

#[test]
fn a_clause_shows_what_is_to_be_looked_after_to_who_may_read_it() {
    let city = evaluated();
    let mine = city.page("/clauses/5");
    assert!(mine.contains("待改善紀錄") && mine.contains(&format!("/records/{}", city.loan)), "{mine}");
    assert!(!mine.contains("不在您可檢視之範圍"));
    let theirs = page_of(&city, city.other_clerk, "/clauses/5");
    assert!(!theirs.contains(&city.loan.to_string()), "{theirs}");
    assert!(theirs.contains("另有 1 筆未列出或不在您可檢視之範圍"));
    let english = city.asked.get_english(&City::cookie(city.other_clerk), "/clauses/5").text();
    assert!(english.contains("And 1 more, not listed or not for you to see."));
    // What is asked stands in words, and as the pack has it.
    assert!(
        mine.contains("登記簿「鑰匙借用」之紀錄")
            && mine.contains("均已結案")
            && mine.contains("目標：無未結"),
        "{mine}"
    );
    assert!(mine.contains("until &#60; today") || mine.contains("until &lt; today"), "{mine}");
    let loans = city.page("/clauses/4");
    assert!(loans.contains("狀態為已歸還，近 365 日建立") && loans.contains("下列數值之中位數"), "{loans}");
    // Registers that serve it, with what they may see of them.
    assert!(
        mine.contains("<a href=\"/registers/loan\">鑰匙借用</a>") && mine.contains("共 <strong>1</strong>")
    );
}

#[test]
fn figures_follow_the_unit_looked_at() {
    let city = evaluated();
    let other = format!("ward_session={}; ward_unit={}", City::cookie(city.head), city.other);
    let page = city.asked.ask(Method::GET, "/clauses/3", &[("cookie", &other)], "").text();
    // Of the other unit's one key; and nothing of it is to be looked after.
    assert!(page.contains("<strong>100 %</strong> <span>1/1</span>"), "{page}");
    assert!(!page.contains("待改善紀錄"));
    let board = city.asked.ask(Method::GET, "/clauses", &[("cookie", &other)], "").text();
    assert_eq!(states(row(&board, "5")), ["nobody"], "there every loan is in order, as there is none out");
    let whole = city.page("/clauses/3");
    assert!(whole.contains("<span>31/32</span>") && whole.contains("所屬單位（2）"), "{whole}");
}

#[test]
fn as_of_a_past_day_stands_what_was_recorded_then() {
    let city = evaluated();
    city.asked.house.at("2025-01-14T02:00").unwrap();
    // Four days later nobody has evaluated anything: what is known is too old.
    let page = city.page("/clauses");
    assert_eq!(states(row(&page, "5")), ["stale"]);
    assert!(city.page("/clauses/5").contains("資料已逾期"));
    city.asked.house.assess().unwrap();
    assert_eq!(states(row(&city.page("/clauses"), "5")), ["not-met"]);
    // In either calendar.
    for day in ["114/1/12", "2025-01-12"] {
        let page = city.page(&format!("/clauses?on={}", day.replace('/', "%2F")));
        assert_eq!(states(row(&page, "5")), ["not-met"], "{day}");
        assert!(page.contains("114年1月12日") && page.contains("/clauses/5?on=2025-01-12"), "{page}");
    }
    let before = city.page("/clauses/5?on=2025-01-09");
    assert_eq!(states(&before)[0], "not-computed");
    assert!(before.contains("當日尚無檢核紀錄") && !before.contains("待改善紀錄"), "{before}");
    for wrong in ["2030-01-01", "abc"] {
        let page = city.page(&format!("/clauses/5?on={wrong}"));
        assert!(page.contains(&format!("日期「{wrong}」無法判讀或尚未到來")), "{page}");
        assert!(page.contains("待改善紀錄"), "it is shown as it stands now");
    }
}

#[test]
fn a_curve_stands_beside_a_table_that_says_the_same() {
    let city = evaluated();
    city.asked.house.at("2025-01-11T02:00").unwrap();
    // The loan is listed as overdue, which is another state.
    city.asked.house.tick().unwrap();
    city.asked.house.assess().unwrap();
    let page = page_of(&city, city.head, "/clauses/5");
    assert!(page.contains("data-curve") && page.contains("/assets/chart."), "{page}");
    let rows: Vec<&str> =
        page.split("<tr data-at=\"").skip(1).map(|row| row.split("</tr>").next().unwrap()).collect();
    assert_eq!(rows.len(), 2, "{page}");
    // The newest first. Nobody is overdue any more, so that nobody is there.
    assert!(rows[0].contains("無對象") && !rows[0].contains("data-value"), "{}", rows[0]);
    assert!(rows[1].contains("data-value=\"1\"") && rows[1].contains("114年1月10日"), "{}", rows[1]);
    assert!(!page.contains("<script>") && !page.contains("style="), "no script or style stands in the page");
    // Other pages do not load what draws.
    assert!(!city.page("/clauses").contains("/assets/chart."));
}
