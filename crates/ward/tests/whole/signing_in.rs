//! Signing in at the console: terminals, opened accounts, broken glass; alone and beside a server.

use crate::City;
use serde_json::Value as Json;

const DATA: [&str; 2] = ["--data", "data"];

fn json(lines: &[String]) -> Json {
    serde_json::from_str(&lines.concat()).unwrap()
}

#[test]
fn glass_is_broken_and_accounts_are_opened_at_the_console_alone_and_beside_a_server() {
    let city = City::settled();
    let run = |rest: &[&str]| city.good(&[rest, &DATA].concat(), "");
    let alone = run(&["person", "recover", "wang.dm"]).concat();
    assert_eq!((alone.len(), alone.matches('-').count()), (14, 2), "{alone}");
    let (server, _) = city.serve();
    let beside = json(&run(&["person", "recover", "wang.dm", "--json"]));
    assert_ne!(beside["pass"], alone);
    assert!(beside["until"].as_str().unwrap().ends_with('Z'));
    run(&["person", "unlock", "wang.dm"]);
    let factors = json(&run(&["person", "factors", "wang.dm", "--json"]));
    assert_eq!((&factors["passkeys"], &factors["sessions"]), (&0.into(), &0.into()));
    assert!(factors.get("password_at").is_none());
    let said = city.refused(&["person", "recover", "nobody", "--data", "data"], "", 2);
    assert!(said.contains("ward person list"), "{said}");
    city.stop(server);
    run(&["person", "leave", "wang.dm"]);
    city.refused(&["person", "recover", "wang.dm", "--data", "data"], "", 1);
    // The passes are nowhere; that they were given out is.
    let size = run(&["ledger", "head"])[3].clone();
    let entries = run(&["ledger", "read", &format!("0..{size}")]).join("\n");
    let of = |kind: &str| entries.lines().filter(|entry| entry.contains(kind)).count();
    assert_eq!((of("recovery.begun/1"), of("account.unlocked/1")), (2, 1));
    assert!(!entries.contains(&alone) && !entries.contains(beside["pass"].as_str().unwrap()));
    city.verify();
}

#[test]
fn terminals_are_registered_listed_and_removed_and_nothing_else_appends_such_entries() {
    let city = City::settled();
    let run = |rest: &[&str]| city.good(&[rest, &DATA].concat(), "");
    let listed = city.ward(&["terminal", "list", "--data", "data"], "");
    assert!(listed.output.is_empty() && listed.errors.contains("No terminal is registered"), "{listed:?}");
    let print = ["AB"; 32].join(":");
    let add =
        ["terminal", "add", "--name", "櫃檯一", "--unit", "110", "--management", "--fingerprint", &print];
    let id = run(&add).concat();
    assert!(id.starts_with("t_"), "{id}");
    let said = city.refused(&[&add[..], &DATA].concat(), "", 1);
    assert!(said.contains("certificate"), "{said}");
    let short = ["terminal", "add", "--name", "x", "--fingerprint", "abc", "--data", "data"];
    assert!(city.refused(&short, "", 2).contains("64"));
    let row = json(&run(&["terminal", "list", "--json"]))[0].clone();
    assert_eq!((&row["unit"], &row["management"]), (&"110".into(), &true.into()));
    assert_eq!(row["fingerprint"], "ab".repeat(32));
    run(&["terminal", "remove", &id]);
    assert!(run(&["terminal", "list"]).concat().contains("已註銷 removed"));
    city.refused(&["terminal", "remove", &id, "--data", "data"], "", 2);
    city.refused(&["terminal", "remove", "櫃檯一", "--data", "data"], "", 2);
    for kind in ["terminal.registered/1", "session.opened/1", "token.issued/1"] {
        let line = format!("{{\"kind\":\"{kind}\",\"subject\":\"{id}\",\"body\":{{}}}}\n");
        city.refused(&["ledger", "append", "--data", "data"], &line, 2);
    }
    // The tables made anew say the same, and the whole holds.
    run(&["rebuild", "--compare"]);
    city.verify();
}
