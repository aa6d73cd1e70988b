//! What every request passes: sign-in, headers, forged forms, sizes, rates, languages, failures.

use crate::site::{Asked, City, city, city_with};
use axum::http::{Method, StatusCode};
use std::time::Duration;
use web::{Limits, Pace, Rate};

#[test]
fn strangers_are_led_to_the_sign_in_and_back() {
    let city = city();
    let answer = city.asked.ask(Method::GET, "/registers/key?q=a", &[], "");
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/sign-in?to=%2Fregisters%2Fkey%3Fq%3Da");
    let part = city.asked.ask(Method::GET, "/registers/key", &[("hx-request", "true")], "");
    assert_eq!((part.status, part.header("hx-redirect")), (StatusCode::UNAUTHORIZED, "/sign-in?to=%2F"));
    // Of a part its page is what they are led back to, and nothing of another site's.
    for (page, back) in [
        (
            "http://house.example/registers/key?q=a&page=2",
            "/sign-in?to=%2Fregisters%2Fkey%3Fq%3Da%26page%3D2",
        ),
        ("http://house.example//evil.example/", "/sign-in?to=%2F"),
        ("nonsense \\", "/sign-in?to=%2F"),
    ] {
        let headers = [("hx-request", "true"), ("hx-current-url", page)];
        let part = city.asked.ask(Method::GET, "/registers/key?q=b", &headers, "");
        assert_eq!(part.header("hx-redirect"), back, "{page}");
    }
    let unknown = city.asked.ask(Method::GET, "/registers", &[("cookie", "ward_session=guess")], "");
    assert_eq!(unknown.status, StatusCode::SEE_OTHER);
}

#[test]
fn nobody_who_has_left_gets_in_with_an_open_session() {
    let city = city();
    let leave = identity::Command::RecordLeaving { person: city.clerk.person };
    city.asked.house.identity(leave).unwrap();
    let answer = city.asked.get(&City::cookie(city.clerk), "/registers");
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[test]
fn every_answer_carries_the_policy_and_is_kept_by_nobody() {
    let city = city();
    for (path, status) in [("/registers", 200), ("/nothing", 404), ("/registers/key/export?format=csv", 200)]
    {
        let answer = city.asked.get(&City::cookie(city.clerk), path);
        assert_eq!(answer.status.as_u16(), status);
        let policy = answer.header("content-security-policy");
        if answer.header("content-disposition").is_empty() {
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
                "{policy}"
            );
            assert!(policy.contains("base-uri 'none'"));
        } else {
            // What is taken along runs nothing, should it be shown all the same.
            assert!(policy.starts_with("sandbox; default-src 'none';"), "{policy}");
        }
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-request-id").len(), 16);
        assert!(answer.header("server-timing").starts_with("app;dur="));
    }
}

#[test]
fn what_pages_load_is_kept_for_good_and_compressed_as_asked() {
    let city = city();
    let page = city.page("/registers");
    let mut bytes = page.len();
    for link in page.split(['"', '#']).filter(|part| part.starts_with("/assets/")) {
        let headers = [("accept-encoding", "gzip, br")];
        let answer = city.asked.ask(Method::GET, link, &headers, "");
        assert_eq!(answer.status, StatusCode::OK, "{link}");
        assert_eq!(answer.header("content-encoding"), "br", "{link}");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        let tag = answer.header("etag").to_owned();
        let again = city.asked.ask(Method::GET, link, &[("if-none-match", &tag)], "");
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
        let plain = city.asked.ask(Method::GET, link, &[], "");
        assert_eq!(plain.header("content-encoding"), "");
        assert!(plain.body.len() > answer.body.len());
    }
    let mut links: Vec<&str> = page.split(['"', '#']).filter(|part| part.starts_with("/assets/")).collect();
    links.sort_unstable();
    links.dedup();
    for link in links {
        bytes += city.asked.ask(Method::GET, link, &[("accept-encoding", "br")], "").body.len();
    }
    assert!(bytes < 150_000, "the first page takes {bytes} bytes over the wire");
    let gone = city.asked.ask(Method::GET, "/assets/none.js", &[], "");
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[test]
fn a_form_of_another_site_or_without_the_token_is_not_believed() {
    let city = city();
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let token = format!("csrf=token-of-{}&language=en", city.clerk.person);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let ask = |headers: &[(&str, &str)], body: &str| {
        city.asked
            .ask(
                Method::POST,
                "/preferences",
                &[&[("cookie", cookie.as_str()), form], headers].concat(),
                body,
            )
            .status
    };
    let good = StatusCode::SEE_OTHER;
    let bad = StatusCode::FORBIDDEN;
    assert_eq!(ask(&[("sec-fetch-site", "same-origin")], &token), good);
    assert_eq!(ask(&[("origin", "http://house.example")], &token), good);
    assert_eq!(ask(&[], &token), good);
    assert_eq!(ask(&[("sec-fetch-site", "cross-site")], &token), bad);
    assert_eq!(ask(&[("sec-fetch-site", "same-site")], &token), bad);
    assert_eq!(ask(&[("origin", "http://evil.example")], &token), bad);
    assert_eq!(ask(&[("origin", "null")], &token), bad);
    assert_eq!(ask(&[("sec-fetch-site", "same-origin")], "language=en"), bad);
    assert_eq!(ask(&[("sec-fetch-site", "same-origin")], "csrf=&language=en"), bad);
    let others = format!("csrf=token-of-{}", city.head.person);
    assert_eq!(ask(&[("sec-fetch-site", "same-origin")], &others), bad);
    let header = format!("token-of-{}", city.clerk.person);
    assert_eq!(ask(&[("x-csrf-token", header.as_str())], "language=en"), good);
}

#[test]
fn a_form_with_files_carries_the_token_too() {
    let city = city();
    let cookie = format!("ward_session={}", City::cookie(city.clerk));
    let body = |token: &str| {
        format!(
            "--x\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--x\r\n\
             content-disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nabc\r\n--x--\r\n"
        )
    };
    let headers = [("cookie", cookie.as_str()), ("content-type", "multipart/form-data; boundary=x")];
    let ask = |token: &str| city.asked.ask(Method::POST, "/preferences", &headers, &body(token)).status;
    assert_eq!(ask(&format!("token-of-{}", city.clerk.person)), StatusCode::SEE_OTHER);
    assert_eq!(ask("other"), StatusCode::FORBIDDEN);
}

#[test]
fn too_large_a_form_is_not_read() {
    let city = city();
    let large = "a".repeat(2 << 20);
    let answer = city.asked.post(city.clerk.person, "/preferences", &[("back", &large)]);
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.text().contains("所送資料過大"));
}

#[test]
fn large_bodies_are_read_by_turns_and_small_ones_do_not_wait_for_them() {
    let none = Limits { large_at_once: 0, turn_wait: Duration::ZERO, ..Limits::default() };
    let city = city_with(none);
    let token = city.asked.token(city.clerk.person, &["key"], &["key"]);
    let bearer = format!("Bearer {token}");
    let sent = |bytes: usize| {
        let length = bytes.to_string();
        let headers = [("authorization", bearer.as_str()), ("content-length", length.as_str())];
        city.asked.ask(Method::POST, "/api/v1/files?name=a.txt", &headers, &"a".repeat(bytes))
    };
    assert_eq!(sent(1_000).status, StatusCode::CREATED);
    let answer = sent(2 << 20);
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "10"));
    assert!(answer.text().contains("本次未予受理"), "{}", answer.text());
    // Whoever says nothing of the length waits as for a large one.
    let unsaid = [("authorization", bearer.as_str())];
    let unsaid = city.asked.ask(Method::POST, "/api/v1/files?name=a.txt", &unsaid, "a");
    assert_eq!(unsaid.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[test]
fn whoever_stops_sending_is_told_so_and_holds_no_turn() {
    let pace = Pace { silence: Duration::from_millis(50), bytes_per_second: 1 << 10 };
    let city = city_with(Limits { large_at_once: 1, turn_wait: Duration::ZERO, pace, ..Limits::default() });
    let token = city.asked.token(city.clerk.person, &["key"], &["key"]);
    let (large, small) = (2 << 20, 1_000);
    let begun = |length: usize, more: &str| {
        let head = format!(
            "POST /api/v1/files?name=a.txt HTTP/1.1\r\nhost: house.example\r\nconnection: close\r\n\
             authorization: Bearer {token}\r\ncontent-length: {length}\r\n{more}\r\nthe first bytes"
        );
        city.asked.speak(&head)
    };
    for (length, more, told) in [
        (large, "", "傳送逾時"),
        (small, "", "本次內容未收件"),
        (large, "accept-language: en\r\n", "It came too slowly"),
    ] {
        let answered = begun(length, more);
        assert!(answered.starts_with("HTTP/1.1 408 ") && answered.contains(told), "{answered}");
    }
    // A form of somebody who never was signed in is waited for no longer.
    let form = "POST /sign-in HTTP/1.1\r\nhost: house.example\r\nconnection: close\r\n\
                content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nname=";
    assert!(city.asked.speak(form).starts_with("HTTP/1.1 408 "));
    // The one turn is free for whoever sends.
    let (bearer, length) = (format!("Bearer {token}"), large.to_string());
    let headers = [("authorization", bearer.as_str()), ("content-length", length.as_str())];
    let sent = city.asked.ask(Method::POST, "/api/v1/files?name=a.txt", &headers, &"a".repeat(large));
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text());
    assert!(city.asked.reports.lock().unwrap().is_empty());
}

#[test]
fn lists_are_written_as_files_by_turns_and_kept_only_until_they_were_taken() {
    let busy = |limits: Limits| {
        let city = city_with(Limits { turn_wait: Duration::ZERO, ..limits });
        let token = city.asked.token(city.clerk.person, &["key"], &[]);
        let bearer = format!("Bearer {token}");
        let by_api = [("authorization", bearer.as_str())];
        for answer in [
            city.asked.get(&City::cookie(city.clerk), "/registers/key/export?format=ods"),
            city.asked.get(&City::cookie(city.clerk), "/people/export?format=csv"),
            city.asked.ask(Method::GET, "/api/v1/registers/key/export?format=csv", &by_api, ""),
        ] {
            assert_eq!(
                (answer.status, answer.header("retry-after")),
                (StatusCode::SERVICE_UNAVAILABLE, "10")
            );
            assert!(answer.text().contains("同時上傳或匯出之人數過多"), "{}", answer.text());
        }
        // Nobody else waits for them.
        assert_eq!(city.asked.get(&City::cookie(city.clerk), "/registers/key").status, StatusCode::OK);
    };
    busy(Limits { exports_at_once: 0, ..Limits::default() });
    busy(Limits { exports_kept: 0, ..Limits::default() });
    // One turn serves one after the other, and nothing of a file stays in the data folder.
    let one = Limits { exports_at_once: 1, exports_kept: 1, ..Limits::default() };
    let city = city_with(one);
    let there = || {
        let found = std::fs::read_dir(&city.asked.house.data).unwrap();
        let mut names: Vec<_> = found.map(|one| one.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = there();
    for format in ["csv", "xlsx", "ods", "csv"] {
        let path = format!("/registers/key/export?format={format}");
        let answer = city.asked.get(&City::cookie(city.clerk), &path);
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    }
    assert_eq!(there(), before);
}

#[test]
fn what_no_record_holds_is_handed_in_within_a_quota_a_day() {
    let city = city_with(Limits { loose_bytes: 1_000, ..Limits::default() });
    city.asked.house.at("2025-01-28T01:30").unwrap();
    city.asked.house.tick().unwrap();
    let token = |who: testkit::Acting| city.asked.token(who.person, &["round"], &["round"]);
    let (clerk, head) = (token(city.clerk), token(city.head));
    let sent = |token: &str, letter: &str| {
        let headers = [("authorization", &*format!("Bearer {token}"))];
        city.asked.ask(Method::POST, "/api/v1/files?name=a.txt", &headers, &letter.repeat(600))
    };
    assert_eq!(sent(&clerk, "a").status, StatusCode::CREATED);
    let refused = sent(&clerk, "b");
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("一日內上傳而尚未登錄於紀錄之檔案合計不得逾"), "{}", refused.text());
    assert_eq!(sent(&head, "b").status, StatusCode::CREATED, "somebody else's count for themselves");
    // A day later it counts no longer.
    city.asked.house.at("2025-01-29T01:31").unwrap();
    assert_eq!(sent(&clerk, "b").status, StatusCode::CREATED);
}

#[test]
fn who_asks_too_often_waits() {
    let few = Rate { burst: 3, per_second: 1 };
    let city = city_with(Limits {
        session: few,
        address: Rate { burst: 1_000, per_second: 1 },
        ..Limits::default()
    });
    let status = || city.asked.get(&City::cookie(city.clerk), "/registers").status;
    assert_eq!([status(), status(), status()], [StatusCode::OK; 3]);
    let answer = city.asked.get(&City::cookie(city.clerk), "/registers");
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "1");
    // Somebody else does not wait.
    assert_eq!(city.asked.get(&City::cookie(city.head), "/registers").status, StatusCode::OK);
}

#[test]
fn errors_speak_the_readers_language_and_as_json_where_that_is_asked() {
    let city = city();
    assert!(
        city.asked
            .ask(Method::GET, "/x", &[("accept-language", "en-US,en")], "")
            .text()
            .contains("There is no such page")
    );
    assert!(city.asked.ask(Method::GET, "/x", &[], "").text().contains("查無此頁"));
    let json = city.asked.ask(Method::GET, "/x", &[("accept", "application/json")], "");
    assert_eq!(json.header("content-type"), "application/problem+json");
    assert!(json.text().contains("\"status\":404"));
    let method = city.asked.ask(
        Method::DELETE,
        "/registers",
        &[("cookie", &format!("ward_session={}", City::cookie(city.clerk)))],
        "",
    );
    assert_eq!((method.status, method.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD"));
    assert!(method.header("content-type").starts_with("text/html"));
}

#[test]
fn preferences_are_cookies_of_this_browser_and_lead_nowhere_else() {
    let city = city();
    let set = |form: &[(&str, &str)]| city.asked.post(city.clerk.person, "/preferences", form);
    let answer = set(&[("language", "en"), ("back", "/registers?q=a")]);
    assert_eq!(answer.header("location"), "/registers?q=a");
    assert_eq!(
        answer.header("set-cookie"),
        "ward_language=en; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly"
    );
    assert_eq!(set(&[("theme", "dark"), ("back", "//evil.example")]).header("location"), "/");
    assert_eq!(set(&[("theme", "neon"), ("language", "xx")]).header("set-cookie"), "");
    let cookie = format!("ward_session={}; ward_theme=dark", City::cookie(city.clerk));
    let dark = city.asked.ask(Method::GET, "/registers", &[("cookie", &cookie)], "").text();
    assert!(dark.contains("data-bs-theme=\"dark\""));
}

#[test]
fn the_way_home_leads_to_ones_work() {
    let city = city();
    let answer = city.asked.get(&City::cookie(city.clerk), "/");
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(answer.text().contains("aria-current=\"true\"") && answer.text().contains("我的工作"));
    assert!(city.asked.reports.lock().unwrap().is_empty());
}

#[test]
fn what_happens_meanwhile_is_told_as_events() {
    let city = city();
    let events = city.asked.begins("/events", &City::cookie(city.clerk));
    assert_eq!(events, "event: unread\ndata: 0\n\n");
    assert_eq!(city.asked.ask(Method::GET, "/events", &[], "").status, StatusCode::SEE_OTHER);
}

#[test]
fn every_page_of_a_city_that_is_not_real_says_so_and_no_page_of_a_real_one() {
    let mut house = testkit::House::tiny(7).unwrap();
    let unit = house.unit("100", None).unwrap();
    let clerk = house.person("wang", "clerk", unit).unwrap();
    let marked = Asked::marked(house, model::Told::new("示範城市", "Sample city"));
    let real = city();
    let wang = marked.sign_in(clerk.person);
    let pages = [
        // Signed in, not there, and what strangers see.
        ("/", Some(&wang), StatusCode::OK),
        ("/nowhere", Some(&wang), StatusCode::NOT_FOUND),
        ("/sign-in", None, StatusCode::OK),
    ];
    for (path, cookie, status) in pages {
        let own = cookie.map(|cookie| format!("ward_session={cookie}"));
        let headers: Vec<_> = own.iter().map(|cookie| ("cookie", cookie.as_str())).collect();
        let answer = marked.ask(Method::GET, path, &headers, "");
        assert_eq!(answer.status, status, "{path}");
        let page = answer.text();
        assert_eq!(page.matches("class=\"watermark\"").count(), 1, "{path}");
        assert!(page.contains(">示範城市</aside>"), "{path}");
        let of_real = cookie.map(|_| format!("ward_session={}", City::cookie(real.clerk)));
        let headers: Vec<_> = of_real.iter().map(|cookie| ("cookie", cookie.as_str())).collect();
        let page = real.asked.ask(Method::GET, path, &headers, "").text();
        assert!(!page.contains("watermark"), "{path}");
    }
    let english = marked.ask(Method::GET, "/sign-in", &[("accept-language", "en")], "").text();
    assert!(english.contains(">Sample city</aside>"));
}
