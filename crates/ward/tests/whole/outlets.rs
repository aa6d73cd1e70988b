//! Outlets at the console: listed and tried alone and beside a server; settings that are wrong end the start.

use crate::City;
use serde_json::Value as Json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

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
    assert_eq!((&tried["how"], &tried["outlet"]), (&"done".into(), &"record".into()));
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
