//! Sensors: read once on the command line, read again and again by a server, kept as lines of theirs.

use crate::{City, LIMIT};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use testkit::Running;

/// A UPS that answers as often as it is asked, and a door behind which nobody is.
fn settings(ups: u16, closed: u16) -> String {
    format!(
        "[[device]]\nid = \"UPS-1\"\nroom = \"A\"\nprotocol = \"nut\"\naddress = \"127.0.0.1:{ups}\"\nups = \"lab\"\nevery = 1\n\
         [[device.read]]\nquantity = \"battery_charge\"\nunit = \"%\"\nvariable = \"battery.charge\"\n\
         [[device.read]]\nquantity = \"ups_load\"\nunit = \"%\"\nvariable = \"ups.load\"\n\
         [[device]]\nid = \"WWW-1\"\nroom = \"A\"\nprotocol = \"tcp\"\naddress = \"127.0.0.1:{closed}\"\nevery = 1\n"
    )
}

/// Answers for a UPS until the test is over.
fn ups() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for peer in listener.incoming() {
            let mut peer = peer.unwrap();
            let asked = BufReader::new(peer.try_clone().unwrap());
            for line in asked.lines().map_while(Result::ok) {
                let answer = match line.as_str() {
                    "GET VAR lab battery.charge" => "VAR lab battery.charge \"77\"\n",
                    "GET VAR lab ups.load" => "VAR lab ups.load \"N/A\"\n",
                    _ => break,
                };
                peer.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    port
}

fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl City {
    fn senses(&self) -> (Running, String) {
        let serve = ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--sensors", "sensors.toml"];
        let running = self.program(&serve).start().unwrap();
        let pages = running.line(LIMIT).unwrap().expect("where it serves");
        (running, pages)
    }

    fn set_up(&self, text: &str) {
        std::fs::write(self.path().join("sensors.toml"), text).unwrap();
    }

    /// Asks in SQL until the first cell is one that will do.
    fn counted(&self, statement: &str, enough: impl Fn(u64) -> bool) -> u64 {
        loop {
            let rows = self.good(&["query", statement, "--data", "data"], "");
            match rows.get(1).and_then(|cell| cell.parse().ok()) {
                Some(count) if enough(count) => return count,
                _ => {}
            }
        }
    }
}

#[test]
fn devices_are_listed_and_read_once_from_the_command_line() {
    let city = City::new();
    city.set_up(&settings(ups(), closed()));
    let listed = city.good(&["sensor", "list", "--sensors", "sensors.toml"], "");
    assert_eq!(listed, ["UPS-1  A  nut  1 s", "WWW-1  A  tcp  1 s"]);
    let read = city.ward(&["sensor", "read", "--sensors", "sensors.toml"], "");
    assert_eq!(read.status.code(), Some(1), "not all is well: {}", read.errors);
    let [charge, load, up] = read.output.as_slice() else { panic!("{:?}", read.output) };
    assert_eq!(charge, "UPS-1  battery_charge  77.000 %");
    assert_eq!(load, "UPS-1  ups_load  無法讀取 · no number: N/A");
    assert!(up.starts_with("WWW-1  up  0.000 /  ") && up.contains("refused"), "{up}");
    let json = city.ward(&["sensor", "read", "UPS-1", "--json", "--sensors", "sensors.toml"], "").output;
    assert!(
        json[0]
            .ends_with(r#""room":"A","sensor":"UPS-1","quantity":"battery_charge","unit":"%","value":77}"#)
    );
    assert!(json[1].ends_with(r#""quantity":"ups_load","unit":"%","bad":"N/A"}"#), "{json:?}");
    let none = city.refused(&["sensor", "read", "X", "--sensors", "sensors.toml"], "", 2);
    assert!(none.contains("ward sensor list"), "{none}");
}

#[test]
fn settings_that_are_wrong_are_told_with_their_place_and_nothing_starts() {
    let city = City::new();
    city.set_up("[[device]]\nid = \"A-1\"\nroom = \"A\"\nprotocol = \"tpc\"\naddress = \"192.0.2.1:80\"\n");
    for command in [
        ["sensor", "list", "--sensors", "sensors.toml"].as_slice(),
        &["serve", "--data", "data", "--listen", "127.0.0.1:0", "--sensors", "sensors.toml"],
    ] {
        let told = city.refused(command, "", 2);
        assert!(told.contains("sensors.toml:4:12: ") && told.contains("tcp"), "{told}");
    }
    let told = city.refused(&["sensor", "list", "--sensors", "none.toml"], "", 2);
    assert!(told.contains("none.toml") && told.contains("read-sensors.md"), "{told}");
}

#[test]
fn readings_are_lines_that_are_kept_and_proven_and_silence_is_one_of_them() {
    let city = City::new();
    city.set_up(&settings(ups(), closed()));
    let (server, pages) = city.senses();
    let lines = |rest: &str| format!("SELECT count(*) FROM lines WHERE receiver = 'sensors' AND {rest}");
    city.counted(
        &lines(
            "line LIKE '%\"sensor\":\"UPS-1\",\"quantity\":\"battery_charge\",\"unit\":\"%\",\"value\":77}'",
        ),
        |count| count >= 3,
    );
    city.counted(&lines("line LIKE '%\"bad\":\"N/A\"}'"), |count| count >= 3);
    city.counted(
        &lines("line LIKE '%\"sensor\":\"WWW-1\",\"quantity\":\"up\",\"unit\":\"/\",\"value\":0,\"why\":%'"),
        |count| count >= 1,
    );
    let metrics = ureq::get(format!("{pages}metrics")).call().unwrap().body_mut().read_to_string().unwrap();
    let figure = |name: &str| -> u64 {
        let found = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("{name}\n{metrics}")).parse().unwrap()
    };
    for (name, least) in [
        ("ward_sensors{protocol=\"nut\"}", 1),
        ("ward_sensor_readings_total{protocol=\"nut\"}", 6),
        ("ward_sensor_bad_total{protocol=\"nut\"}", 3),
        ("ward_sensor_readings_total{protocol=\"tcp\"}", 1),
        ("ward_lines{receiver=\"sensors\"}", 7),
    ] {
        assert!(figure(name) >= least, "{name} {}", figure(name));
    }
    for name in ["ward_sensors_silent{protocol=\"nut\"}", "ward_sensor_failures_total{protocol=\"tcp\"}"] {
        assert_eq!(figure(name), 0, "{name}");
    }
    // A sensor is found as any device is.
    let traced = city.traced_until(&["--device", "UPS-1"], 6);
    assert!(
        traced["lines"][0]["line"].as_str().unwrap().contains("\"room\":\"A\",\"sensor\":\"UPS-1\""),
        "{traced}"
    );
    city.stop(server);
    // Where the UPS is gone, that is said once, and a later run knows that it was.
    city.set_up(&settings(closed(), closed()));
    let silent = lines("line LIKE '%\"sensor\":\"UPS-1\",\"silent\":true,%'");
    let failures = |pages: &str| loop {
        let text = ureq::get(format!("{pages}metrics")).call().unwrap().body_mut().read_to_string().unwrap();
        let name = "ward_sensor_failures_total{protocol=\"nut\"} ";
        if text
            .lines()
            .any(|line| line.strip_prefix(name).is_some_and(|count| count.parse::<u64>().unwrap() >= 2))
        {
            break;
        }
    };
    for _ in 0..2 {
        let (server, pages) = city.senses();
        failures(&pages);
        assert_eq!(city.counted(&silent, |count| count > 0), 1);
        city.stop(server);
    }
    city.set_up(&settings(ups(), closed()));
    let (server, _) = city.senses();
    city.counted(&lines("line LIKE '%\"sensor\":\"UPS-1\",\"silent\":false}'"), |count| count == 1);
    city.stop(server);
    city.verify();
}
