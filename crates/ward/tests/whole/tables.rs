//! The tables: derived, so that they can be deleted, changed, cut off in the middle, and are told from the ledger or made
//! again as they were.

use crate::{City, LIMIT, person, soak};
use std::fs;
use std::time::Duration;
use store::{Access, Sql};
use testkit::{Ended, Postgres};

#[test]
fn tables_that_were_deleted_are_the_same_again() {
    let city = City::settled();
    let before = digest(&city.good(&["rebuild", "--compare", "--data", "data"], ""));
    fs::remove_dir_all(city.path().join("data/store")).unwrap();
    city.refused(&["verify", "--data", "nowhere"], "", 2);
    city.verify();
    let ended = city.ward(&["rebuild", "--compare", "--data", "data"], "");
    assert_eq!(ended.status.code(), Some(2), "{:?}", ended.output);
    let (server, _) = city.serve();
    let said = city.stop(server).errors;
    assert!(said.contains("補記") && said.contains("read into the tables"), "{said}");
    assert_eq!(digest(&city.good(&["rebuild", "--compare", "--data", "data"], "")), before);
    fs::remove_dir_all(city.path().join("data/store")).unwrap();
    let json = city.good(&["rebuild", "--json", "--data", "data"], "").concat();
    let made: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(made["digest"], before.as_str(), "{made}");
    city.verify();
}

fn digest(shown: &[String]) -> String {
    shown.iter().find_map(|line| line.strip_prefix("sha256 ")).unwrap().to_owned()
}

#[test]
fn a_changed_row_is_named_by_verify_and_compare_and_mended_by_rebuild() {
    let city = City::settled();
    for (change, table, row, cell) in [
        (
            "UPDATE identity SET body = replace(body, '王大明', '王小明') WHERE kind = 'person'",
            "identity",
            2,
            Some(3),
        ),
        ("DELETE FROM identity WHERE kind = 'unit'", "identity", 3, None),
        ("UPDATE published SET version = 2", "published", 1, None),
        ("INSERT INTO sequence (name, last) VALUES ('x', 1)", "sequence", 1, None),
    ] {
        let mut sql =
            Sql::sqlite(&city.path().join("data/store/projection.db"), None, Access::Write).unwrap();
        sql.run(change, &[]).unwrap();
        drop(sql);
        let place = format!("「{table}」第 {row} 列");
        let column = cell.map_or_else(String::new, |cell| format!("第 {cell} 欄"));
        let compare = city.ward(&["rebuild", "--compare", "--data", "data"], "");
        let verify = city.ward(&["verify", "--data", "data"], "");
        for ended in [&compare, &verify] {
            let said = ended.output.join("\n");
            assert_eq!(ended.status.code(), Some(1), "{change}: {said}{}", ended.errors);
            assert!(said.contains(&place) && said.contains(&column), "{change}: {said}");
            assert!(!said.contains("大明") && !said.contains("小明"), "what rows say is not told: {said}");
        }
        city.good(&["rebuild", "--data", "data"], "");
        city.good(&["rebuild", "--compare", "--data", "data"], "");
        city.verify();
    }
}

#[test]
fn verify_knows_every_file_beside_the_tables_and_leaves_them_as_they_are() {
    let city = City::settled();
    let store = city.path().join("data/store");
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    city.verify();
    assert_eq!(names(), before);
    fs::write(store.join("projection.next.db"), "half").unwrap();
    let ended = city.ward(&["verify", "--data", "data"], "");
    assert!(ended.status.success() && ended.output.join("\n").contains("interrupted"), "{:?}", ended.output);
    city.good(&["rebuild", "--data", "data"], "");
    assert!(!store.join("projection.next.db").exists());
    fs::write(store.join("notes.txt"), "x").unwrap();
    let ended = city.ward(&["verify", "--data", "data"], "");
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.output.join("\n").contains("store/notes.txt"), "{:?}", ended.output);
    fs::remove_file(store.join("notes.txt")).unwrap();
    fs::rename(city.path().join("data.master"), city.path().join("elsewhere")).unwrap();
    let ended = city.ward(&["verify", "--data", "data"], "");
    assert!(ended.status.success() && ended.output.join("\n").contains("not compared"), "{:?}", ended.output);
}

#[test]
fn tables_are_made_anew_only_while_nobody_works_with_them() {
    let city = City::settled();
    let (server, _) = city.serve();
    let said = city.refused(&["rebuild", "--data", "data"], "", 2);
    assert!(said.contains("系統執行中") && said.contains("--compare"), "{said}");
    city.good(&["rebuild", "--compare", "--data", "data"], "");
    city.stop(server);
    city.good(&["rebuild", "--data", "data"], "");
}

#[test]
fn a_desk_that_stopped_is_told_by_healthz_and_mended_by_a_rebuild() {
    let city = City::settled();
    let (server, address) = city.serve();
    assert_eq!(health(&address), (200, "ok\n".to_owned()));
    // Somebody takes a table away from a running system.
    let mut sql = Sql::sqlite(&city.path().join("data/store/projection.db"), None, Access::Write).unwrap();
    sql.script("DROP TABLE identity").unwrap();
    drop(sql);
    let said = city.refused(&person("lin", "110"), "", 2);
    let (status, told) = health(&address);
    assert!(status == 503 && told.contains("資料庫") && told.contains("database"), "{status} {told} {said}");
    city.refused(&person("kao", "110"), "", 2);
    drop(server.kill().unwrap());
    city.good(&["rebuild", "--data", "data"], "");
    // What was in the ledger before the tables failed is there, and nothing else.
    let people = city.good(&["person", "list", "--data", "data"], "").join("\n");
    assert!(people.contains("lin") && !people.contains("kao"), "{people}");
    city.good(&["rebuild", "--compare", "--data", "data"], "");
    city.verify();
}

fn health(address: &str) -> (u16, String) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let agent: ureq::Agent = config.into();
    let mut response = agent.get(format!("{address}healthz")).call().unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

#[test]
fn nobody_registered_is_lost_when_the_server_is_killed_in_the_middle() {
    let rounds = if soak() { 60 } else { 4 };
    let city = City::settled();
    let mut registered: Vec<String> = vec!["wang.dm".to_owned()];
    for round in 0..rounds {
        let (server, _) = city.serve();
        let adders: Vec<_> = (0..2)
            .map(|adder| {
                let program = |login: &str| city.program(&person(login, "110"));
                let logins: Vec<String> = (0..40).map(|n| format!("p{round}-{adder}-{n}")).collect();
                let programs: Vec<_> = logins.iter().map(|login| program(login)).collect();
                std::thread::spawn(move || {
                    // Until one is not answered any more.
                    let added = programs.iter().map_while(|one| {
                        let ended: Ended = one.run("", LIMIT).unwrap();
                        ended.status.success().then_some(())
                    });
                    let count = added.take(12 + 5 * adder).count();
                    logins.into_iter().take(count).collect::<Vec<_>>()
                })
            })
            .collect();
        let more = registered.len() + 3 + round % 4;
        // Whoever asks sees only what is committed.
        while city.good(&["person", "list", "--data", "data"], "").len() < more {}
        drop(server.kill().unwrap());
        for adder in adders {
            registered.extend(adder.join().unwrap());
        }
        // As the crash has left it, nothing is wrong but files that were on their way.
        let ended = city.ward(&["verify", "--json", "--data", "data"], "");
        let report: serde_json::Value = serde_json::from_str(&ended.output.concat()).unwrap();
        let unfinished = |finding: &serde_json::Value| finding["path"].as_str().unwrap().ends_with(".new");
        assert!(report["findings"].as_array().unwrap().iter().all(unfinished), "round {round}: {report}");
        city.good(&["rebuild", "--compare", "--data", "data"], "");
        let people = city.good(&["person", "list", "--data", "data"], "");
        for login in &registered {
            let found = people.iter().any(|line| line.split_whitespace().next() == Some(login));
            assert!(found, "round {round}: {login} was acknowledged and is not there: {people:?}");
        }
        registered = people.iter().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
    }
    city.verify();
}

#[test]
fn a_tool_killed_in_the_middle_of_its_act_leaves_a_folder_that_opens() {
    let rounds = if soak() { 100 } else { 10 };
    let city = City::settled();
    let mut registered = 1;
    for round in 0..rounds {
        let login = format!("killed-{round}");
        let running = city.program(&person(&login, "110")).start().unwrap();
        // It prints the id once the act is done, and has not got that far in most rounds.
        let done =
            running.line(Duration::from_millis(15 * (1 + round % 20))).is_ok_and(|line| line.is_some());
        drop(running.kill().unwrap());
        let people = city.good(&["person", "list", "--data", "data"], "");
        let there = people.iter().any(|line| line.starts_with(&login));
        assert!(there || !done, "{login} was acknowledged");
        registered += usize::from(there);
        assert_eq!(people.len(), registered, "{people:?}");
    }
    city.good(&["rebuild", "--compare", "--data", "data"], "");
    city.verify();
}

#[test]
fn pages_are_served_over_postgresql_where_somebody_administers_already() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.database().unwrap();
    let city = City::new();
    let there = |arguments: &[&str]| {
        let program = city.program(arguments).with_variable("WARD_DATABASE", &url);
        program.with_variable("WARD_DATA", "data")
    };
    let wang = ["person", "add", "--login", "wang.dm", "--name", "王大明", "--title", "科員"];
    let wang = [&wang[..], &["--mail", "wang@city.example", "--home", "100"]].concat();
    for arguments in [
        &["pack", "publish"][..],
        &["unit", "add", "--code", "100", "--zh", "本府", "--en", "City"],
        &wang,
        &["person", "grant", "wang.dm", "network_admin", "--unit", "100"],
    ] {
        let ended = there(arguments).run("", LIMIT).unwrap();
        assert!(ended.status.success(), "{arguments:?}: {}{:?}", ended.errors, ended.output);
    }
    // Twice: the second start finds tables, and what was used of them.
    for _ in 0..2 {
        let running = there(&["serve", "--listen", "127.0.0.1:0"]).start().unwrap();
        let address = running.line(LIMIT).unwrap().expect("the address it serves");
        assert_eq!(health(&address), (200, "ok\n".to_owned()));
        city.stop(running);
    }
}

#[test]
fn tables_in_postgresql_are_verified_compared_and_made_anew_like_those_in_the_folder() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.database().unwrap();
    let city = City::settled();
    let before = digest(&city.good(&["rebuild", "--compare", "--data", "data"], ""));
    let there = |arguments: &[&str]| {
        let program = city.program(arguments).with(["--data", "data"]).with_variable("WARD_DATABASE", &url);
        program.run("", LIMIT).unwrap()
    };
    let good = |arguments: &[&str]| {
        let ended = there(arguments);
        assert!(ended.status.success(), "{arguments:?}: {}{:?}", ended.errors, ended.output);
        ended.output
    };
    assert_eq!(there(&["rebuild", "--compare"]).status.code(), Some(2), "there are none yet");
    assert_eq!(digest(&good(&["rebuild"])), before);
    assert_eq!(digest(&good(&["rebuild", "--compare"])), before);
    good(&["unit", "change", "110", "--en", "Office of 110"]);
    assert!(good(&["verify"]).join("\n").contains("compared row for row"));
    let mut sql = Sql::postgres(&url, "ward").unwrap();
    sql.run("DELETE FROM identity WHERE kind = 'person'", &[]).unwrap();
    drop(sql);
    for arguments in [&["rebuild", "--compare"][..], &["verify"]] {
        let ended = there(arguments);
        let said = ended.output.join("\n");
        assert!(
            ended.status.code() == Some(1) && said.contains("「identity」第 2 列"),
            "{said}{}",
            ended.errors
        );
    }
    good(&["rebuild"]);
    good(&["verify"]);
    let said = city.refused(
        &["unit", "list", "--data", "data", "--database", "postgres://x@/nowhere?host=/nowhere"],
        "",
        2,
    );
    assert!(said.contains("database"), "{said}");
}
