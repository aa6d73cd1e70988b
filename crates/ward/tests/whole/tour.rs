//! The sample city as somebody sees it who opens it in a browser: entered by one click, led through it step by step.

use crate::first_start::Browser;
use crate::{City, LIMIT};
use std::time::Duration;

/// How long thirty days of history may take in a build for tests.
const MAKING: Duration = Duration::from_secs(240);

/// The tour: role, whose day it is, and the pages of its steps.
fn tour() -> Vec<(String, String, Vec<String>)> {
    let tour: toml::Table = toml::from_str(include_str!("../../src/demo/tour.toml")).unwrap();
    let text = |value: &toml::Value, name: &str| value[name].as_str().unwrap().to_owned();
    let steps = |part: &toml::Value| {
        part["steps"].as_array().unwrap().iter().map(|step| text(step, "path")).collect::<Vec<_>>()
    };
    let part = |part: &toml::Value| (text(part, "role"), text(part, "who"), steps(part));
    tour["part"].as_array().unwrap().iter().map(part).collect()
}

/// Enters as somebody from the page of their tour; gives where that leads.
fn enter(browser: &Browser, role: &str, login: &str) -> String {
    let page = browser.get(&format!("/tour/{role}"));
    assert_eq!(page.status, 200, "{role}: {}", page.text);
    let entered = browser.submit(&page.text, "/tour/enter", &[("login", login)]);
    assert_eq!(entered.status, 303, "{login}: {}", entered.text);
    entered.location
}

#[test]
fn every_step_of_every_tour_opens_to_whoever_is_entered_by_one_click() {
    let city = City::new();
    let arguments = ["demo", "--folder", "sample", "--days", "30", "--only-make"];
    let made = city.program(&arguments).run("", MAKING).unwrap();
    assert!(made.status.success(), "{}", made.errors);
    let server = city.program(&["demo", "--folder", "sample", "--port", "0"]).start().unwrap();
    let address = loop {
        // Where its devices send their lines is printed first.
        let line = server.line(LIMIT).unwrap().expect("the address it serves");
        if line.starts_with("http") {
            break line;
        }
    };
    let browser = Browser::new(&address);
    let stranger = browser.get("/sign-in");
    assert!(stranger.text.contains("href=\"/tour\""), "{}", stranger.text);
    let mut wrong = Vec::new();
    for (role, who, paths) in tour() {
        assert_eq!(enter(&browser, &role, &who), format!("/tour/{role}"));
        let own = browser.get(&format!("/tour/{role}"));
        assert!(own.text.contains("You are now") && own.text.contains("class=\"tour-code\""), "{}", own.text);
        for (path, number) in paths.iter().zip(1..) {
            let led = browser.get(&format!("/tour/{role}/{number}"));
            assert_eq!((led.status, &led.location), (303, path));
            let mut page = browser.get(path);
            // A register of which one kind of record is opened leads to its form.
            if page.status == 303 && page.location.starts_with(path.as_str()) {
                page = browser.get(&page.location);
            }
            let marked = page.text.contains("class=\"watermark\"") && page.text.contains("href=\"/tour\"");
            let led = page.text.contains(&format!("Tour {number} of 10"));
            // What is taken along is no page.
            let is_file = path == "/audit/policy";
            if page.status != 200 || !(marked && led || is_file) {
                wrong.push(format!("{who} {path}: {} {marked} {led}", page.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Somebody is entered as again, with the next code.
    enter(&browser, "operator", "operator-it-1");
    enter(&browser, "staff", "staff-it-1");
    enter(&browser, "operator", "operator-it-1");
    let work = browser.get("/");
    assert!(work.status == 200 && work.text.contains("示範值班人員1"), "{}", work.text);
    city.stop(server);
}

#[test]
fn a_real_installation_has_no_tour() {
    let city = City::settled();
    let (server, address) = city.serve();
    let browser = Browser::new(&address);
    for path in ["/tour", "/tour/operator", "/tour/operator/1", "/nothing"] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
    assert!(!browser.get("/sign-in").text.contains("/tour"));
    city.stop(server);
}
