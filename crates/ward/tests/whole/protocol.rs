//! The witness as its clients see it over HTTP: statuses, content types, limits, and what it shows to people.
//!
//! Source: C2SP tlog-witness.

use crate::{City, line};
use std::fs;
use testkit::Running;

struct Client {
    agent: ureq::Agent,
    address: String,
}

struct Reply {
    status: u16,
    content_type: String,
    body: String,
}

impl Client {
    fn new(address: &str) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Self { agent: config.into(), address: address.trim_end_matches('/').to_owned() }
    }

    fn post(&self, body: &str) -> Reply {
        let url = format!("{}/add-checkpoint", self.address);
        Self::reply(self.agent.post(url).send(body).unwrap())
    }

    fn fetch(&self, path: &str) -> Reply {
        Self::reply(self.agent.get(format!("{}{path}", self.address)).call().unwrap())
    }

    fn reply(mut response: ureq::http::Response<ureq::Body>) -> Reply {
        let content_type = response.headers().get("content-type").map_or("", |value| value.to_str().unwrap());
        Reply {
            status: response.status().as_u16(),
            content_type: content_type.to_owned(),
            body: response.body_mut().read_to_string().unwrap(),
        }
    }
}

/// A witness that runs in the city's folder and knows no log yet.
fn witness(city: &City) -> (Running, Client) {
    city.refused(&["witness", "init", "--data", "w", "--name", "two words"], "", 2);
    city.good(&["witness", "init", "--data", "w", "--name", "witness.example"], "");
    let run = ["witness", "run", "--data", "w", "--listen", "127.0.0.1:0"];
    let running = city.program(&run).start().unwrap();
    let address = running.line(crate::LIMIT).unwrap().expect("the address it serves");
    let client = Client::new(&address);
    (running, client)
}

fn head(city: &City) -> String {
    fs::read_to_string(city.path().join("data/ledger/checkpoint")).unwrap()
}

#[test]
fn a_client_gets_the_statuses_of_the_protocol() {
    let city = City::new();
    city.append(&line("one", 1));
    let (running, client) = witness(&city);
    let first = head(&city);
    assert_eq!(client.post(&format!("old 0\n\n{first}")).status, 404);
    // Added beside the witness at work, which takes note at once.
    let policy = fs::read_to_string(city.path().join("data/policy")).unwrap();
    let log = policy.lines().find_map(|line| line.strip_prefix("log ")).unwrap();
    city.good(&["witness", "add-log", "--data", "w", log], "");
    city.refused(&["witness", "add-log", "--data", "w", log], "", 2);
    city.refused(&["witness", "add-log", "--data", "elsewhere", log], "", 2);
    city.refused(&["witness", "init", "--data", "w", "--name", "again.example"], "", 2);

    assert_eq!(client.post("old 0\n").status, 400);
    assert_eq!(client.post(&"x".repeat(65_537)).status, 413);
    assert_eq!(client.post(&format!("old 3\n\n{first}")).status, 400);
    assert_eq!(client.post(&format!("old 0\n\n{}", first.replacen("\n2\n", "\n3\n", 1))).status, 403);
    assert_eq!(client.post(&format!("old 0\nAAAA\n\n{first}")).status, 400);
    let conflict = client.post(&format!("old 1\n\n{first}"));
    assert_eq!(
        (conflict.status, conflict.content_type.as_str(), conflict.body.as_str()),
        (409, "text/x.tlog.size", "0\n")
    );
    let cosigned = client.post(&format!("old 0\n\n{first}"));
    assert_eq!((cosigned.status, cosigned.content_type.as_str()), (200, "text/plain; charset=utf-8"));
    assert!(
        cosigned.body.starts_with("— witness.example ") && cosigned.body.ends_with('\n'),
        "{}",
        cosigned.body
    );
    assert_eq!(client.post(&format!("old 0\n\n{first}")).body, "2\n");
    city.append(&line("two", 2));
    let unproven = client.post(&format!("old 2\n\n{}", head(&city)));
    assert_eq!(unproven.status, 422);
    assert!(unproven.body.contains("無法證明") && unproven.body.contains("not proven"), "{}", unproven.body);
    drop(running.kill().unwrap());
}

#[test]
fn people_see_what_a_witness_watches_and_monitors_get_its_last_head() {
    let city = City::new();
    let (running, client) = witness(&city);
    let policy = fs::read_to_string(city.path().join("data/policy")).unwrap();
    let log = policy.lines().find_map(|line| line.strip_prefix("log ")).unwrap();
    city.good(&["witness", "add-log", "--data", "w", log], "");
    let page = client.fetch("/").body;
    assert!(
        page.contains("city.example/ward") && page.contains("見證人") && page.contains("Witness"),
        "{page}"
    );
    let (id, _) = page.split("href=\"/").nth(1).unwrap().split_once('/').unwrap();
    let path = format!("/{id}/checkpoint");
    assert_eq!(client.fetch(&path).status, 404);
    assert_eq!(client.post(&format!("old 0\n\n{}", head(&city))).status, 200);
    let kept = client.fetch(&path);
    assert_eq!(kept.status, 200);
    assert!(kept.body.starts_with(&head(&city)) && kept.body.contains("— witness.example "), "{}", kept.body);
    assert_eq!(client.fetch("/0123/checkpoint").status, 404);
    drop(running.kill().unwrap());
}

#[test]
fn one_process_works_in_a_witness_folder() {
    let city = City::new();
    let (running, _) = witness(&city);
    let said = city.refused(&["witness", "run", "--data", "w", "--listen", "127.0.0.1:0"], "", 2);
    assert!(said.contains("w/lock"), "{said}");
    drop(running.kill().unwrap());
}
