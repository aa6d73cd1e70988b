//! Outlets at the console: listed and tried alone and beside a server; settings that are wrong end the start.

use crate::City;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use store::AlarmSent;

const DATA: [&str; 2] = ["--data", "data"];

fn json(lines: &[String]) -> Json {
    serde_json::from_str(&lines.concat()).unwrap()
}

#[test]
fn outlets_are_listed_and_tried_alone_and_beside_a_server_whose_engine_goes_on() {
    let city = City::settled();
    let run = |rest: &[&str]| city.good(&[rest, &DATA].concat(), "");
    let listed = city.ward(&["outlet", "list", "--data", "data"], "");
    assert!(listed.output.is_empty() && listed.errors.contains("There is no outlet"), "{listed:?}");
    assert!(city.refused(&["outlet", "test", "record", "--data", "data"], "", 2).contains("outlets.toml"));

    let folder = city.path().join("data/outlets");
    fs::create_dir(&folder).unwrap();
    for name in ["authentication", "privacy"] {
        fs::write(folder.join(name), format!("a password of {name}\n")).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let receiver = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let settings = format!(
        "[outlet.record]\nleast = \"high\"\nfile = {{ path = \"alarms.jsonl\" }}\n\
         [outlet.nms]\nsnmp = {{ to = \"{}\", version = \"v3\", user = \"ward\", authentication_file = \"authentication\", \
         privacy_file = \"privacy\" }}\n\
         [outlet.broken]\nprogram = {{ run = [\"/bin/false\"] }}\n",
        receiver.local_addr().unwrap()
    );
    fs::write(city.path().join("data/outlets.toml"), &settings).unwrap();
    let rows = json(&run(&["outlet", "list", "--json"]));
    let names: Vec<&str> = rows.as_array().unwrap().iter().filter_map(|row| row["name"].as_str()).collect();
    assert_eq!(names, ["record", "nms", "broken"]);
    let engine = rows[1]["engine"].as_str().unwrap().to_owned();
    assert!(engine.starts_with("80007ed905") && rows[0].get("engine").is_none(), "{rows}");

    let tried = json(&run(&["outlet", "test", "record", "--json"]));
    assert_eq!((&tried["done"], &tried["outlet"]), (&true.into(), &"record".into()));
    let (server, _) = city.serve();
    run(&["outlet", "test", "record"]);
    run(&["outlet", "test", "nms"]);
    let mut datagram = [0; 2_048];
    assert!(receiver.recv(&mut datagram).unwrap() > 100, "a trap");
    let said = city.refused(&["outlet", "test", "broken", "--data", "data"], "", 1);
    assert!(said.contains("/bin/false ended with code 1"), "{said}");
    let said = city.refused(&["outlet", "test", "nobody", "--data", "data"], "", 2);
    assert!(said.contains("record, nms, broken"), "{said}");
    assert_eq!(json(&run(&["outlet", "list", "--json"]))[1]["engine"], engine.as_str());
    fs::write(city.path().join("other.toml"), "[outlet.other]\nconsole = {}\n").unwrap();
    let other = ["outlet", "list", "--outlets", "other.toml", "--data", "data"];
    assert!(city.refused(&other, "", 2).contains("data/outlets.toml"), "the server has its own");
    city.stop(server);
    assert!(
        run(&["outlet", "list", "--outlets", "other.toml"])
            .concat()
            .starts_with("other  console  /dev/console")
    );

    let told = fs::read_to_string(folder.join("alarms.jsonl")).unwrap();
    assert_eq!(told.lines().filter(|line| line.contains("\"what\":\"test\"")).count(), 2);
    city.verify();
}

#[test]
fn what_is_wrong_in_the_settings_is_told_with_its_place_and_ends_the_start() {
    let city = City::settled();
    fs::write(city.path().join("data/outlets.toml"), "[outlet.duty]\nconsole = { devise = \"/dev/tty1\" }\n")
        .unwrap();
    let said = city.refused(&["serve", "--data", "data", "--listen", "127.0.0.1:0"], "", 2);
    assert!(said.contains("outlets.toml:2:13: 沒有「devise」這個鍵 → device"), "{said}");
    assert!(said.contains("there is no key \"devise\""), "{said}");
    let ended = city.ward(&["verify", "--data", "data"], "");
    assert!(!ended.status.success() && ended.output.concat().contains("outlets.toml"), "{:?}", ended.output);
    city.refused(&["outlet", "list", "--outlets", "missing.toml", "--data", "data"], "", 2);
    fs::write(city.path().join("data/outlets.toml"), "[outlet.duty]\nconsole = { device = \"/dev/tty1\" }\n")
        .unwrap();
    city.verify();
}

/// The numbers of alarms of which a file tells that they were raised, in its order.
fn told(path: &std::path::Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    whole
        .filter(|message| message["what"] == "raised")
        .filter_map(|message| message["alarm"].as_u64())
        .collect()
}

/// Waits until a file tells of so many alarms, each counted once.
fn tells(path: &std::path::Path, many: usize) -> BTreeSet<u64> {
    loop {
        let numbers: BTreeSet<u64> = told(path).into_iter().collect();
        if numbers.len() >= many {
            return numbers;
        }
        std::thread::yield_now();
    }
}

#[test]
fn every_alarm_is_told_however_often_the_server_is_killed_and_by_an_outlet_that_was_down_later() {
    let city = City::watched();
    let folder = city.path().join("data/outlets");
    fs::create_dir(&folder).unwrap();
    let here = folder.display();
    fs::write(folder.join("page"), format!("test -e {here}/up || exit 75\ncat >> {here}/paged\n")).unwrap();
    let settings = format!(
        "pages = \"https://ward.example/\"\n[outlet.record]\nfile = {{ path = \"alarms.jsonl\" }}\n\
         [outlet.critical]\nleast = \"critical\"\nfile = {{ path = \"critical.jsonl\" }}\n\
         [outlet.pager]\nper_minute = 100000\nprogram = {{ run = [\"/bin/sh\", \"{here}/page\"] }}\n"
    );
    fs::write(city.path().join("data/outlets.toml"), settings).unwrap();
    let (record, paged) = (folder.join("alarms.jsonl"), folder.join("paged"));
    let many = 30;
    let mut raised = BTreeSet::new();
    for round in 0..3 {
        let (server, doors, _) = city.receives_by(&["tcp"], &[]);
        city.sends(&doors[0], round * many..(round + 1) * many, 5);
        raised = tells(&record, (round + 1) * many);
        // Between a message and its answer, or not.
        drop(server.kill().unwrap());
    }
    assert!(told(&paged).is_empty(), "it is down");
    fs::write(folder.join("up"), "").unwrap();
    let (server, ..) = city.receives_by(&["tcp"], &[]);
    assert_eq!(tells(&paged, 3 * many), raised, "nothing is lost by an outlet that was down");
    city.stop(server);
    assert!(told(&folder.join("critical.jsonl")).is_empty(), "it takes what is critical alone");

    let first = fs::read_to_string(&record).unwrap();
    let first: Json = serde_json::from_str(first.lines().next().unwrap()).unwrap();
    assert_eq!((&first["title"]["zh"], &first["severity"]), (&"猜測密碼".into(), &"high".into()));
    assert_eq!(first["link"], format!("https://ward.example/alarms/{}", first["alarm"]));
    assert!(first["group"]["src_ip"].as_str().unwrap().starts_with("10.66."), "{first}");
    for outlet in ["record", "pager"] {
        let sent: Vec<AlarmSent> = city.entries(store::ALARM_SENT);
        let through: Vec<u64> =
            sent.iter().filter(|one| one.outlet == outlet).filter_map(|one| Some(one.through?.0)).collect();
        assert!(through.is_sorted_by(|one, next| one < next), "{outlet} answers for each once, in order");
        assert!(sent.iter().all(|one| one.done));
        assert!(raised.iter().all(|alarm| through.contains(alarm)), "{outlet}");
    }
    let extra = told(&record).len() - raised.len();
    assert!(extra <= 3 * 64, "{extra} were told again");
    city.verify();
}
