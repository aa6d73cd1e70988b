//! The tour of a sample city: there where there is one, for the machine itself, through a city of the test's own.

use crate::site::{Answer, Asked, city};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use model::{Instant, SessionId, Told};
use signin::{NewSession, Since};
use std::sync::Arc;
use std::time::Duration;
use testkit::{Acting, House};
use web::{Came, NotEntered, Part, Place, SampleCity, Session, Step};

/// A city of one clerk and one whose codes are used up.
struct Clerks {
    parts: Vec<Part>,
    wang: Acting,
}

impl SampleCity for Clerks {
    fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn enter(&self, login: &str, place: &Place, now: Instant) -> Result<NewSession, NotEntered> {
        assert_eq!(place.address, Some([127, 0, 0, 1].into()));
        match login {
            "wang" => Ok(NewSession {
                cookie: format!("cookie-of-{}", self.wang.person),
                session: Session {
                    id: SessionId::from_bytes(*self.wang.person.as_bytes()),
                    person: self.wang.person,
                    csrf: format!("token-of-{}", self.wang.person),
                    terminal: None,
                    factors: [web::Factor::Password, web::Factor::Otp].into(),
                },
                enrolling: false,
                since: Since::default(),
            }),
            "lee" => Err(NotEntered::Wait { until: now.plus(Duration::from_secs(17)) }),
            _ => Err(NotEntered::Nobody),
        }
    }

    fn codes(&self, login: &str, _: Instant) -> Vec<String> {
        if login == "wang" { vec!["111222".to_owned(), "333444".to_owned()] } else { Vec::new() }
    }
}

fn step(zh: &str, en: &str, path: &str) -> Step {
    Step { text: Told::new(zh, en), path: path.to_owned() }
}

/// The city, with its clerk signed in should they ask with their cookie.
fn sample() -> (Asked, Acting) {
    let mut house = House::tiny(7).unwrap();
    let unit = house.unit("100", None).unwrap();
    let wang = house.person("wang", "clerk", unit).unwrap();
    house.person("lee", "clerk", unit).unwrap();
    let part = Part {
        role: "clerk".to_owned(),
        people: vec!["wang".to_owned(), "lee".to_owned()],
        does: Told::new("承辦人登記鑰匙。", "The clerk keeps the keys."),
        steps: vec![
            step("查看鑰匙登記簿。", "Look at the keys.", "/registers/key"),
            step("查看通知。", "Look at the notices.", "/notices"),
        ],
    };
    let asked = Asked::sample(house, Arc::new(Clerks { parts: vec![part], wang }));
    asked.sign_in(wang.person);
    (asked, wang)
}

/// A request from an address, by a name of the machine.
fn request(from: [u8; 4], host: &str, method: Method, path: &str) -> axum::http::request::Builder {
    let came = Came { address: (from, 40_000).into(), certificate: None, secure: false };
    Request::builder().method(method).uri(path).header("host", host).extension(came)
}

const HERE: [u8; 4] = [127, 0, 0, 1];

fn look(asked: &Asked, path: &str, cookie: &str) -> Answer {
    let request = request(HERE, "localhost:8460", Method::GET, path).header("cookie", cookie);
    asked.answer(request.body(Body::empty()).unwrap())
}

fn enter(asked: &Asked, login: &str, site: &str) -> Answer {
    let request = request(HERE, "localhost:8460", Method::POST, "/tour/enter")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", site);
    asked.answer(request.body(Body::from(format!("login={login}"))).unwrap())
}

fn cookies(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect()
}

#[test]
fn one_click_makes_anybody_of_the_city_of_whoever_opens_it() {
    let (asked, wang) = sample();
    let page = look(&asked, "/tour", "");
    assert_eq!(page.status, StatusCode::OK);
    let page = page.text();
    assert!(page.contains("name=\"login\" value=\"wang\"") && page.contains("承辦人登記鑰匙。"), "{page}");
    assert!(!page.contains("111222"), "codes are for whoever is signed in");
    let entered = enter(&asked, "wang", "same-origin");
    assert_eq!((entered.status, entered.header("location")), (StatusCode::SEE_OTHER, "/tour/clerk"));
    let cookie = format!("ward_session=cookie-of-{}; Path=/; SameSite=Lax; HttpOnly", wang.person);
    assert_eq!(cookies(&entered), [cookie.as_str()]);
    let own = format!("ward_session=cookie-of-{}", wang.person);
    let part = look(&asked, "/tour/clerk", &own).text();
    assert!(part.contains("111222") && part.contains("href=\"/tour/clerk/2\""), "{part}");
    assert!(!part.contains("請先以此角色進入"), "{part}");
    assert!(look(&asked, "/tour/clerk", "").text().contains("請先以此角色進入"));
}

#[test]
fn whoever_cannot_be_entered_as_is_told_why() {
    let (asked, _) = sample();
    let wait = enter(&asked, "lee", "same-origin");
    assert_eq!(wait.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wait.text().contains("於 17 秒後再試"), "{}", wait.text());
    let nobody = enter(&asked, "nobody", "same-origin");
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nobody.text().contains("示範城市無此帳號") && cookies(&nobody).is_empty());
    assert_eq!(enter(&asked, "wang", "cross-site").status, StatusCode::FORBIDDEN);
}

#[test]
fn the_tour_is_for_the_machine_itself_by_a_name_of_its_own() {
    let (asked, wang) = sample();
    let ways = [
        (HERE, "127.0.0.1:8460", StatusCode::OK),
        ([10, 0, 0, 9], "localhost:8460", StatusCode::UNPROCESSABLE_ENTITY),
        (HERE, "evil.example", StatusCode::UNPROCESSABLE_ENTITY),
    ];
    let own = format!("ward_session=cookie-of-{}", wang.person);
    for (from, host, status) in ways {
        let good = status == StatusCode::OK;
        for path in ["/tour", "/tour/clerk"] {
            let request = request(from, host, Method::GET, path).body(Body::empty()).unwrap();
            let answer = asked.answer(request);
            assert_eq!(answer.status, status, "{path} {host}");
            assert_eq!(answer.text().contains("value=\"wang\""), good, "{path} {host}");
        }
        let mine = request(from, host, Method::GET, "/").header("cookie", &own).body(Body::empty()).unwrap();
        assert_eq!(asked.answer(mine).text().contains("href=\"/tour\""), good, "{host}");
        let post = request(from, host, Method::POST, "/tour/enter")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("login=wang"))
            .unwrap();
        let entered = asked.answer(post);
        assert_eq!(cookies(&entered).is_empty(), !good, "{host}");
    }
    // What another server has passed on does not come from here.
    let passed_on = request(HERE, "localhost", Method::GET, "/tour").header("x-forwarded-for", "10.0.0.9");
    let passed_on = asked.answer(passed_on.body(Body::empty()).unwrap());
    assert_eq!(passed_on.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[test]
fn a_step_leads_to_its_page_and_goes_along() {
    let (asked, wang) = sample();
    let own = format!("ward_session=cookie-of-{}", wang.person);
    let led = look(&asked, "/tour/clerk/1", &own);
    assert_eq!((led.status, led.header("location")), (StatusCode::SEE_OTHER, "/registers/key"));
    assert_eq!(cookies(&led), ["ward_tour=clerk.1; Path=/; SameSite=Lax; HttpOnly"]);
    let page = look(&asked, "/registers/key", &format!("{own}; ward_tour=clerk.1")).text();
    assert!(page.contains("導覽 1／2") && page.contains("查看鑰匙登記簿。"), "{page}");
    assert!(page.contains("href=\"/tour/clerk/2\""));
    let last = look(&asked, "/notices", &format!("{own}; ward_tour=clerk.2")).text();
    assert!(last.contains("導覽 2／2") && !last.contains("href=\"/tour/clerk/3\""), "{last}");
    for cookie in ["", "clerk", "clerk.0", "clerk.3", "head.1", "clerk.x"] {
        let page = look(&asked, "/notices", &format!("{own}; ward_tour={cookie}"));
        assert!(page.status.is_success() && !page.text().contains("tour-bar"), "{cookie}");
    }
    for path in ["/tour/head", "/tour/clerk/0", "/tour/clerk/3", "/tour/head/1"] {
        assert_eq!(look(&asked, path, &own).status, StatusCode::NOT_FOUND, "{path}");
    }
    let ended = look(&asked, "/tour", &format!("{own}; ward_tour=clerk.2"));
    assert_eq!(cookies(&ended), ["ward_tour=; Path=/; SameSite=Lax; HttpOnly; Max-Age=0"]);
}

#[test]
fn pages_of_a_sample_city_lead_to_the_tour_and_those_of_a_real_one_nowhere() {
    let (asked, _) = sample();
    let page = look(&asked, "/sign-in", "").text();
    assert_eq!(page.matches("href=\"/tour\"").count(), 2, "the button and the mark: {page}");
    let real = city();
    let request = request(HERE, "localhost", Method::GET, "/sign-in").body(Body::empty()).unwrap();
    assert!(!real.asked.answer(request).text().contains("/tour"));
}

#[test]
fn the_tour_in_english_has_no_marks_of_chinese() {
    let (asked, wang) = sample();
    let own = format!("ward_session=cookie-of-{}; ward_language=en; ward_tour=clerk.1", wang.person);
    for path in ["/tour", "/tour/clerk", "/registers/key"] {
        let page = look(&asked, path, &own);
        assert!(page.status.is_success(), "{path}");
        assert_eq!(crate::english::wide(&page.text()), [] as [String; 0], "{path}");
    }
    let page = look(&asked, "/tour", &own).text();
    assert!(page.contains("The clerk keeps the keys.") && page.contains("You are now"), "{page}");
}
