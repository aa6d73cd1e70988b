//! `kill -9` under load, again and again: what was acknowledged is there, in order, and the whole verifies.

use crate::{City, LIMIT, line, soak};
use std::time::{Duration, Instant};

const WRITERS: usize = 4;

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed_under_load() {
    let rounds = if soak() { 200 } else { 10 };
    let city = City::new();
    let mut acknowledged = 0;
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let start = Instant::now();
        let (server, _) = city.serve();
        slowest = slowest.max(start.elapsed());
        let mut writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let program = city.program(&["ledger", "append", "--data", "data"]);
                let mut running = program.start().unwrap();
                // More than it can send before it is cut off; batches of 1,024 lines are acknowledged one by one.
                let lines: String = (0..20_000).map(|n| line(&format!("r{round}-w{writer}"), n)).collect();
                let feeder = std::thread::spawn(move || {
                    // It stops reading when the server is gone.
                    let _ = running.write(&lines);
                    running.close_input();
                    running
                });
                Some(feeder)
            })
            .collect();
        city.wait_for_entries(acknowledged + 2_000 * (1 + round % 3));
        drop(server.kill().unwrap());
        for writer in &mut writers {
            let ended = writer.take().unwrap().join().unwrap().finish(LIMIT).unwrap();
            for said in ended.output {
                let (_, end) = said.split_once("..").expect("first..end");
                acknowledged = acknowledged.max(end.parse().unwrap());
            }
        }
    }
    let size: u64 = {
        city.append(&line("last", 0));
        city.good(&["ledger", "head", "--data", "data"], "")[3].parse().unwrap()
    };
    assert!(
        size > acknowledged && acknowledged > 2_000 * rounds,
        "{size} entries, {acknowledged} acknowledged"
    );
    assert!(slowest < Duration::from_secs(1), "a restart took {slowest:?}");
    city.verify();
}

impl City {
    /// Waits until `size` entries are published.
    fn wait_for_entries(&self, size: u64) {
        let program = self.program(&["ledger", "read", "0..", "--follow", "--data", "data"]);
        let running = program.start().unwrap();
        for _ in 0..size {
            assert!(running.line(LIMIT).unwrap().is_some());
        }
        drop(running.kill().unwrap());
    }
}
