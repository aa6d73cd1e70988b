//! Appending, reading, proving, alone and beside a running server.

use crate::{City, line};

#[test]
fn what_is_appended_is_read_proven_and_checked_offline() {
    let city = City::new();
    assert_eq!(city.append(&(line("機房一", 1) + &line("機房二", 2))), ["1..3"]);
    let read = city.good(&["ledger", "read", "1..3", "--data", "data"], "");
    assert!(read[0].contains("機房一") && read[1].contains("機房二"), "{read:?}");
    city.good(&["ledger", "prove", "2", "--data", "data", "--out", "proof"], "");
    let said = city.good(&["proof", "check", "proof", "--policy", "data/policy"], "").join("\n");
    assert!(said.contains("第 2 筆") && said.contains("vouched by this host alone"), "{said}");
    city.good(&["bundle", "0..3", "--data", "data", "--out", "bundle"], "");
    let json = city.good(&["proof", "check", "bundle", "--policy", "data/policy", "--json"], "").join("");
    let verdict: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(verdict["entries"].as_array().unwrap().len(), 3);
    city.verify();
}

#[test]
fn a_sealed_body_is_in_no_file_and_opens_for_the_auditor_until_it_is_destroyed() {
    let city = City::new();
    let secret = "極機密之內容";
    city.append(&format!(
        "{{\"kind\":\"test.made\",\"subject\":\"x\",\"body\":{{\"t\":\"{secret}\"}},\"sealed\":true}}\n"
    ));
    assert!(!contains(&city.path().join("data"), secret.as_bytes()));
    city.good(&["bundle", "1..2", "--data", "data", "--open", "--out", "bundle"], "");
    assert!(contains(&city.path().join("bundle"), secret.as_bytes()));
    city.good(&["proof", "check", "bundle", "--policy", "data/policy"], "");
    let entry = city.good(&["ledger", "read", "1", "--data", "data"], "").join("");
    let entry: serde_json::Value = serde_json::from_str(&entry).unwrap();
    let key = entry["sealed"]["key"].as_str().unwrap();
    city.append(&line("approval", 1));
    city.good(&["vault", "destroy", key, "--case", "2", "--reason", "屆期銷毀", "--data", "data"], "");
    city.verify();
    city.good(&["bundle", "1..2", "--data", "data", "--open", "--out", "after"], "");
    assert!(!contains(&city.path().join("after"), secret.as_bytes()));
    city.good(&["proof", "check", "after", "--policy", "data/policy"], "");
}

#[test]
fn a_key_destroyed_stays_destroyed_after_a_backup_is_restored() {
    let city = City::new();
    city.append("{\"kind\":\"test.made\",\"subject\":\"x\",\"body\":{},\"sealed\":true}\n");
    city.good(&["vault", "backup", "--until", "2999-12-31", "--out", "backup", "--data", "data"], "");
    let entry = city.good(&["ledger", "read", "1", "--data", "data"], "").join("");
    let entry: serde_json::Value = serde_json::from_str(&entry).unwrap();
    let key = entry["sealed"]["key"].as_str().unwrap();
    city.good(&["vault", "destroy", key, "--case", "1", "--reason", "屆期銷毀", "--data", "data"], "");
    city.good(&["vault", "restore", "backup", "--data", "data"], "");
    let state = city.good(&["vault", "status", "--data", "data"], "").join("\n");
    assert!(state.contains("1 keys, 1 of them destroyed"), "{state}");
    city.verify();
}

#[test]
fn tools_work_beside_a_running_server_and_a_second_server_is_refused() {
    let city = City::new();
    let (server, _) = city.serve();
    assert_eq!(city.append(&line("beside", 1)), ["1..2"]);
    let said = city.refused(&["serve", "--data", "data", "--listen", "127.0.0.1:0"], "", 2);
    assert!(said.contains("data/lock"), "{said}");
    city.verify();
    let ended = server.kill().unwrap();
    assert!(!ended.status.success());
    // The dead server's socket and lock are in nobody's way.
    assert_eq!(city.append(&line("after", 2)), ["2..3"]);
}

#[test]
fn a_bad_line_is_named_and_what_came_before_it_stays() {
    let city = City::new();
    for bad in [
        "no json\n",
        "{\"kind\":\"test.made\",\"subject\":\"x\"}\n",
        "{\"kind\":\"Test\",\"subject\":\"x\",\"body\":{}}\n",
        "{\"kind\":\"test.made\",\"subject\":\"x\",\"body\":{\"n\":1.5}}\n",
        "{\"kind\":\"test.made\",\"subject\":\"x\",\"body\":{},\"else\":1}\n",
        "{\"kind\":\"test.made\",\"subject\":\"x\",\"body\":[]}\n",
    ] {
        let size = entries(&city);
        let input = line("good", 1) + bad + &line("good", 3);
        let ended = city.ward(&["ledger", "append", "--data", "data"], &input);
        assert_eq!(ended.status.code(), Some(2), "{bad}");
        assert_eq!(ended.output.len(), 1, "{bad}");
        assert!(ended.errors.contains("第 2 行") && ended.errors.contains("Line 2"), "{}", ended.errors);
        assert_eq!(entries(&city), size + 1, "{bad}");
    }
    let long = format!(
        "{{\"kind\":\"test.made\",\"subject\":\"x\",\"body\":{{\"t\":\"{}\"}}}}\n",
        "x".repeat(65_535)
    );
    let said = city.refused(&["ledger", "append", "--data", "data"], &long, 2);
    assert!(said.contains("65,535") || said.contains("65535"), "{said}");
}

fn entries(city: &City) -> u64 {
    let head = city.good(&["ledger", "head", "--data", "data"], "");
    head[3].parse().unwrap()
}

/// Whether some file at or below `path` holds these bytes.
fn contains(path: &std::path::Path, bytes: &[u8]) -> bool {
    if path.is_dir() {
        return std::fs::read_dir(path).unwrap().any(|entry| contains(&entry.unwrap().path(), bytes));
    }
    std::fs::read(path).is_ok_and(|content| content.windows(bytes.len()).any(|window| window == bytes))
}
