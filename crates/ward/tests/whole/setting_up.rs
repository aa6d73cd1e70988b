//! From nothing to a city at work: made, published, peopled, served, stopped, served again, compared, verified.

use crate::{City, LIMIT};
use std::fs;
use std::path::Path;
use testkit::{Program, TemporaryFolder};

#[test]
fn a_city_is_set_up_served_stopped_and_found_again_as_it_was() {
    let city = City::new();
    let add = ["unit", "add", "--code", "100", "--zh", "市政府", "--en", "City", "--data", "data"];
    let said = city.refused(&add, "", 2);
    assert!(said.contains("ward pack publish"), "{said}");
    assert_eq!(city.good(&["pack", "publish", "--data", "data"], ""), ["taichung-2001/1"]);
    let top = city.unit("100", None);
    let json = city.good(
        &[
            "unit",
            "add",
            "--code",
            "110",
            "--zh",
            "資訊中心",
            "--en",
            "IT",
            "--under",
            &top,
            "--data",
            "data",
            "--json",
        ],
        "",
    );
    let made: serde_json::Value = serde_json::from_str(&json.concat()).unwrap();
    assert!(made["unit"].as_str().unwrap().starts_with("u_") && made["entries"].is_array(), "{made}");

    let (server, address) = city.serve();
    let wang = city.person("wang.dm", "110");
    city.person("chen", "110");
    city.good(&["person", "grant", "wang.dm", "it_head", "--unit", "110", "--data", "data"], "");
    city.good(
        &["person", "grant", &wang, "unit_head", "--unit", "110", "--until", "2999-12-31", "--data", "data"],
        "",
    );
    city.good(&["person", "appoint", "wang.dm", "chen", "--until", "2999-12-31", "--data", "data"], "");
    city.good(
        &["person", "change", "chen", "--title", "股長", "--phone", "04-2228-9111", "--data", "data"],
        "",
    );
    city.good(&["person", "end", "wang.dm", "unit_head", "--unit", "110", "--data", "data"], "");
    city.unit("120", Some("100"));
    city.person("lin", "120");
    city.good(&["person", "leave", "lin", "--data", "data"], "");
    city.good(&["unit", "close", "120", "--data", "data"], "");
    let list = city.good(&["person", "list", "--unit", "100", "--json", "--data", "data"], "").concat();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert!(list[0]["details"]["phone"] == "04-2228-9111" && list[1]["left_at"].is_string(), "{list}");
    assert_eq!(list[2]["roles"].as_array().unwrap().len(), 1, "{list}");
    assert!(fetch(&address).contains("action=\"/sign-in\""), "strangers are asked who they are");
    let compared = city.good(&["rebuild", "--compare", "--data", "data"], "").join("\n");
    assert!(compared.contains("逐列相符") && compared.contains("row for row"), "{compared}");
    city.verify();
    let people = city.good(&["person", "list", "--data", "data"], "");
    let units = city.good(&["unit", "list", "--data", "data"], "");
    city.stop(server);
    assert!(!city.path().join("data/socket").exists());

    // The same without a server, and after another start.
    assert_eq!(city.good(&["person", "list", "--data", "data"], ""), people);
    let (server, _) = city.serve();
    assert_eq!(city.good(&["person", "list", "--data", "data"], ""), people);
    assert_eq!(city.good(&["unit", "list", "--data", "data"], ""), units);
    let said = city.stop(server).errors;
    assert!(!said.contains("資料表"), "nothing was to be read again: {said}");
    assert!(people[0].contains("股長") && people[1].contains("離職 left"), "{people:?}");
    assert!(people[2].contains("it_head@110; 代理人 deputy chen"), "{people:?}");

    city.good(&["rebuild", "--compare", "--data", "data"], "");
    city.verify();
}

pub(crate) fn fetch(address: &str) -> String {
    ureq::get(address).call().unwrap().body_mut().read_to_string().unwrap()
}

#[test]
fn the_first_command_of_the_readme_makes_a_ledger_publishes_the_pack_and_serves() {
    let folder = TemporaryFolder::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = folder.path().join("ward-data");
    let ward = format!("WARD={}", env!("CARGO_BIN_EXE_ward"));
    let data_is = format!("DATA={}", data.display());
    // What is built already is not built again.
    let make = ["-o", "release", "run", &ward, &data_is, "LISTEN=127.0.0.1:0"];
    let running = Program::new("/usr/bin/make", root).with(make).start().unwrap();
    let mut seen = Vec::new();
    while let Some(line) = running.line(LIMIT).unwrap() {
        seen.push(line);
        if seen.last().is_some_and(|line| line.contains("/start/")) {
            break;
        }
    }
    let shown = seen.join("\n");
    assert!(shown.contains("+ ward ledger init") && shown.contains("+ ward pack publish"), "{shown}");
    assert!(shown.contains("taichung-2001/1"), "{shown}");
    assert!(fetch(seen.last().unwrap()).contains("首次啟用"), "the link begins the first start");
    let number = server_of(&data).expect("the server that make has started");
    let asked = Program::new("/bin/kill", "/").with(["-TERM", &number]).run("", LIMIT).unwrap();
    assert!(asked.status.success(), "{}", asked.errors);
    let ended = running.finish(LIMIT).unwrap();
    assert!(ended.status.success(), "{}", ended.errors);
}

/// The number of the process that serves this folder.
fn server_of(data: &Path) -> Option<String> {
    let wanted = data.display().to_string();
    let serves = |folder: &Path| {
        let line = fs::read(folder.join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.contains(&wanted.as_bytes()) && words.get(1) == Some(&&b"serve"[..])
    };
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let mut found = processes.filter(|folder| serves(folder));
    found.next().and_then(|folder| folder.file_name()?.to_str().map(ToOwned::to_owned))
}

#[test]
fn the_how_to_sets_up_a_city_as_it_is_written() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/howto/set-up-a-city.md");
    let page = fs::read_to_string(page).unwrap();
    let script: String =
        page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(script.contains("ward pack publish") && script.contains("ward verify"), "{script}");
    let folder = TemporaryFolder::new();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ward"), bin.join("ward")).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    let shell = Program::new("/bin/bash", &work).with(["-euxo", "pipefail", "-c", &script]);
    let ended = shell.with_variable("PATH", &path).run("", LIMIT).unwrap();
    assert!(ended.status.success(), "{}\n{}", ended.errors, ended.output.join("\n"));
}
