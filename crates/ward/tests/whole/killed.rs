//! Lines on their way while the server is killed: what was answered over HTTP is there; of what comes over TCP and within
//! TLS nothing that was read is lost, and what was not is missing by the numbers of whoever sent it.

use crate::first_start::{Browser, begin, line as said, token};
use crate::lines::firewall;
use crate::senders::figure;
use crate::{City, soak};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rounds, each with a kill.
fn rounds() -> u64 {
    if soak() { 100 } else { 3 }
}

/// Lines of a request.
const TOGETHER: usize = 40;

/// So many lines, as one request.
fn body(from: &str, request: usize) -> String {
    (0..TOGETHER).map(|nth| firewall(request * TOGETHER + nth, from) + "\n").collect()
}

#[test]
fn every_line_that_http_answered_is_there_after_a_kill() {
    let city = City::new();
    city.good(&["pack", "publish", "--data", "data"], "");
    let serve = || city.program(&["serve", "--data", "data", "--listen", "127.0.0.1:0"]).start().unwrap();
    let mut server = serve();
    let address = said(&server, |line| line.starts_with("http://localhost:"));
    let link = said(&server, |line| line.contains("/start/"));
    let browser = Browser::new(&address);
    begin(&browser, &format!("/{}", link.strip_prefix(&address).unwrap()), "localhost", &city);
    let token = format!("Bearer {}", token(&browser, "lines"));
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let agent: ureq::Agent = config.into();
    let mut pages = address;
    let send = |pages: &str, key: &str, body: &str| -> Option<Json> {
        let request = agent.post(format!("{pages}api/v1/lines")).header("authorization", &token);
        let mut answer = request.header("idempotency-key", key).send(body).ok()?;
        let text = answer.body_mut().read_to_string().ok()?;
        assert_eq!(answer.status(), 200, "{text}");
        Some(serde_json::from_str(&text).unwrap())
    };
    for round in 1..=rounds() {
        let from = format!("10.9.1.{round}");
        let enough = 5 + usize::try_from(round).unwrap() % 9 * 4;
        let answered = AtomicU64::new(0);
        let (answers, server_killed) = std::thread::scope(|scope| {
            let sending = scope.spawn(|| {
                let mut answers = Vec::new();
                while let Some(answer) =
                    send(&pages, &format!("{round}-{}", answers.len()), &body(&from, answers.len()))
                {
                    answers.push(answer);
                    answered.store(answers.len() as u64, Ordering::Relaxed);
                }
                answers
            });
            while answered.load(Ordering::Relaxed) < enough as u64 {
                std::thread::yield_now();
            }
            let killed = server.kill().unwrap();
            (sending.join().unwrap(), killed)
        });
        drop(server_killed);
        server = serve();
        pages = said(&server, |line| line.starts_with("http://localhost:"));
        // What was not answered is sent again, as its sender does.
        let last = answers.len();
        assert!(send(&pages, &format!("{round}-{last}"), &body(&from, last)).is_some());
        let found = city.traced(&[&*from, "--most", "100000"]);
        let lines: Vec<(u64, &str)> = found["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (line["number"].as_u64().unwrap(), line["line"].as_str().unwrap()))
            .collect();
        let there: BTreeSet<(u64, &str)> = lines.iter().copied().collect();
        for (request, answer) in answers.iter().enumerate() {
            let stretch = &answer["lines"][0];
            let first: u64 = stretch["first"].as_str().unwrap().parse().unwrap();
            assert_eq!(stretch["count"], TOGETHER.to_string(), "{answer}");
            for (nth, line) in body(&from, request).lines().enumerate() {
                assert!(there.contains(&(first + nth as u64, line)), "round {round}: {request}, {nth}");
            }
        }
        // Of the request without an answer, all of it may be there twice; of the others each line is there once.
        let total = (last + 1) * TOGETHER;
        assert!([total, total + TOGETHER].contains(&lines.len()), "{} of {total}", lines.len());
    }
    city.stop(server);
    city.verify();
}

/// A line with the number that its device gives it.
fn numbered(nth: u64, from: &str) -> String {
    format!(
        "<38>1 2026-11-26T08:00:00Z gw-1 sshd 7 - [meta sequenceId=\"{}\"] Failed password for root from {from} port {} ssh2\n",
        nth + 1,
        1_024 + nth % 60_000
    )
}

fn number_of(line: &Json) -> u64 {
    let text = line["line"].as_str().unwrap();
    let behind = text.split_once("sequenceId=\"").unwrap().1;
    behind.split_once('"').unwrap().0.parse::<u64>().unwrap() - 1
}

#[test]
fn nothing_that_was_read_over_tcp_or_tls_is_lost_by_a_kill_and_the_rest_is_missing_by_its_numbers() {
    /// Lines that may be on their way.
    const AHEAD: u64 = 4_000;
    for round in 0..2 * rounds() {
        let (city, way) = (City::new(), ["tcp", "tls"][usize::from(round % 2 == 1)]);
        let from = "198.51.100.91";
        let connect = |at: &str| -> Box<dyn Write + Send> {
            match way {
                "tcp" => Box::new(TcpStream::connect(at).unwrap()),
                _ => Box::new(city.secured(at, None)),
            }
        };
        let (server, doors, pages) = city.receives_by(&[way], &[]);
        let (allowed, enough) = (AtomicU64::new(AHEAD), 1_000 + round % 7 * 700);
        let ended = AtomicU64::new(0);
        let mut peer = connect(&doors[0]);
        let (sent, read) = std::thread::scope(|scope| {
            let sending = scope.spawn(|| {
                let mut nth = 0;
                loop {
                    while nth >= allowed.load(Ordering::Relaxed) {
                        if ended.load(Ordering::Relaxed) > 0 {
                            return nth;
                        }
                        std::thread::yield_now();
                    }
                    let line = numbered(nth, from);
                    nth += 1;
                    if peer.write_all(line.as_bytes()).and_then(|()| peer.flush()).is_err() {
                        return nth;
                    }
                }
            });
            let read = loop {
                let read = figure(&pages, "ward_lines_received_total{sender=\"unknown\"}");
                allowed.store(read + AHEAD, Ordering::Relaxed);
                if read >= enough {
                    break read;
                }
            };
            drop(server.kill().unwrap());
            ended.store(1, Ordering::Relaxed);
            (sending.join().unwrap(), read)
        });
        let (server, doors, pages) = city.receives_by(&[way], &[]);
        let mut peer = connect(&doors[0]);
        let end = sent + 50;
        for nth in sent..end {
            peer.write_all(numbered(nth, from).as_bytes()).unwrap();
        }
        peer.flush().unwrap();
        while number_of(&city.traced_until(&[from, "--most", "1"], 1)["lines"][0]) + 1 < end {}
        let found = city.traced(&[from, "--most", "100000"]);
        let lines = found["lines"].as_array().unwrap();
        let there: BTreeSet<u64> = lines.iter().map(number_of).collect();
        assert_eq!((there.len(), found["count"].as_u64()), (lines.len(), Some(lines.len() as u64)));
        let kept = there.len() as u64 - 50;
        assert!(kept >= read, "{way}: {read} were read, and {kept} are there");
        let expected: BTreeSet<u64> = (0..kept).chain(sent..end).collect();
        assert!(there == expected, "{way}: {kept} of {sent}");
        let told = ["ward_lines_missing_total", "ward_lines_gaps_total"].map(|name| figure(&pages, name));
        assert_eq!(told, [sent - kept, u64::from(sent > kept)], "{way}: {kept} of {sent}");
        city.stop(server);
        city.verify();
    }
}
