//! A UPS: upsd of Network UPS Tools with its dummy driver.

use crate::{Room, port, told};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;
use testkit::{Program, Running};

const LIMIT: Duration = Duration::from_secs(60);

/// The driver and the server; the file says what the UPS says.
fn ups(room: &Room, port: u16) -> [Running; 2] {
    ups_with(room, port, "")
}

/// The same, with these lines in the server's settings.
fn ups_with(room: &Room, port: u16, more: &str) -> [Running; 2] {
    let place = room.path().display().to_string();
    state(room, "OL", "100");
    room.write(
        "ups.conf",
        &format!("[lab]\n driver = dummy-ups\n port = {place}/lab.dev\n mode = dummy-once\n"),
    );
    room.write("upsd.conf", &format!("LISTEN 127.0.0.1 {port}\nSTATEPATH {place}\n{more}"));
    room.write("upsd.users", "[ward]\n password = only here\n");
    room.write("nut.conf", "MODE=standalone\n");
    let program = |path: &str, arguments: &[&str]| {
        let program = Program::new(path, room.path()).with(arguments);
        ["NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH"]
            .iter()
            .fold(program, |program, name| program.with_variable(name, &place))
            .start()
            .unwrap()
    };
    [
        program("/lib/nut/dummy-ups", &["-a", "lab", "-D", "-u", "root"]),
        program("/lib/nut/upsd", &["-D", "-u", "root"]),
    ]
}

fn state(room: &Room, status: &str, charge: &str) {
    room.write(
        "lab.dev",
        &format!("ups.status: {status}\nbattery.charge: {charge}\nbattery.runtime: 1500\nups.load: N/A\n"),
    );
}

fn device(port: u16, ups: &str, rest: &str) -> String {
    let read = |quantity: &str, unit: &str, variable: &str| {
        format!("[[device.read]]\nquantity = \"{quantity}\"\nunit = \"{unit}\"\nvariable = \"{variable}\"\n")
    };
    [
        format!(
            "[[device]]\nid = \"UPS-1\"\nroom = \"A\"\nprotocol = \"nut\"\naddress = \"127.0.0.1:{port}\"\n\
             ups = \"{ups}\"\n{rest}\n"
        ),
        read("battery_charge", "%", "battery.charge"),
        read("ups_load", "%", "ups.load"),
        read("nothing", "V", "input.phantom"),
        read("on_battery", "/", "ups.status"),
        "word = \"OB\"\n".to_owned(),
    ]
    .concat()
}

#[test]
fn a_ups_tells_how_it_stands_and_that_it_runs_on_its_battery() {
    let (room, port) = (Room::new(), port());
    let [driver, server] = ups(&room, port);
    let read = |charge: &str, on_battery: u8| {
        [
            format!("battery_charge {charge} %"),
            "ups_load bad: N/A".to_owned(),
            "nothing bad: variable not supported".to_owned(),
            format!("on_battery {on_battery} /"),
        ]
    };
    let plain = device(port, "lab", "");
    // At first the driver waits for its UPS, too.
    let reads = |wanted: [String; 4]| {
        crate::soon(|| match told(&room.read(&plain)?) {
            told if told == wanted => Ok(()),
            told => Err(format!("{told:?}")),
        });
    };
    reads(read("100", 0));
    room.secret("password", "only here");
    let user = "user = \"ward\"\npassword_file = \"password\"";
    assert_eq!(told(&room.read(&device(port, "lab", user)).unwrap()), read("100", 0));
    assert_eq!(room.read(&device(port, "other", "")), Err("UNKNOWN-UPS".to_owned()));
    state(&room, "OB DISCHRG", "41");
    reads(read("41", 1));
    // Without its driver nothing is known of the UPS, whatever was said before.
    drop(driver.kill().unwrap());
    crate::soon(|| match room.read(&plain) {
        Err(_) => Ok(()),
        Ok(readings) => Err(format!("{:?}", told(&readings))),
    });
    drop(server.kill().unwrap());
}

#[test]
fn by_starttls_the_server_is_believed_by_its_authority_and_hears_the_password_within() {
    let (room, port) = (Room::new(), port());
    crate::authority(&room, "authority");
    crate::authority(&room, "stranger");
    crate::issued(&room, "lab", "authority");
    // Debian's server takes certificates from a database of NSS.
    let run = |path: &str, arguments: &[&str]| {
        let ended = Program::new(path, room.path()).with(arguments).run("", LIMIT).unwrap();
        assert!(ended.status.success(), "{path} (Debian package libnss3-tools): {}", ended.errors);
    };
    std::fs::create_dir(room.path().join("nss")).unwrap();
    run("/usr/bin/certutil", &["-N", "-d", "nss", "--empty-password"]);
    let bundle =
        ["-in", "lab.pem", "-inkey", "lab.key", "-name", "lab", "-out", "lab.p12", "-passout", "pass:x"];
    run("/usr/bin/openssl", &[&["pkcs12", "-export"], &bundle[..]].concat());
    run("/usr/bin/pk12util", &["-i", "lab.p12", "-d", "nss", "-K", "", "-W", "x"]);
    let place = room.path().display();
    let within = format!("CERTPATH {place}/nss\nCERTIDENT lab \"\"\nDISABLE_WEAK_SSL true\n");
    let [driver, server] = ups_with(&room, port, &within);
    room.secret("password", "only here");
    let user = "user = \"ward\"\npassword_file = \"password\"";
    let by = |host: &str, authority: &str| {
        let rest = format!("tls = true\nauthority = \"{authority}\"\n{user}");
        device(port, "lab", &rest).replace("127.0.0.1", host)
    };
    crate::soon(|| match told(&room.read(&by("localhost", "authority.pem"))?) {
        told if told.contains(&"battery_charge 100 %".to_owned()) => Ok(()),
        told => Err(format!("{told:?}")),
    });
    let refused = room.read(&by("localhost", "stranger.pem")).unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
    assert!(room.read(&by("127.0.0.1", "authority.pem")).is_err(), "by another name it is somebody else");
    drop((driver.kill().unwrap(), server.kill().unwrap()));
}

#[test]
fn a_server_without_tls_hears_no_password_and_what_is_said_in_clear_is_not_believed() {
    let room = Room::new();
    crate::authority(&room, "authority");
    room.secret("password", "only here");
    let rest = "tls = true\nauthority = \"authority.pem\"\nuser = \"ward\"\npassword_file = \"password\"";
    for (answer, why) in [
        ("ERR FEATURE-NOT-CONFIGURED\n", "STARTTLS: ERR FEATURE-NOT-CONFIGURED"),
        ("OK STARTTLS\nOK\nOK\nVAR lab battery.charge \"100\"\n", "in clear"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            let mut asked = BufReader::new(peer.try_clone().unwrap());
            let mut line = String::new();
            asked.read_line(&mut line).unwrap();
            peer.write_all(answer.as_bytes()).unwrap();
            // Nothing more is said to it.
            let mut more = Vec::new();
            let _ = asked.read_to_end(&mut more);
            (line, more)
        });
        let refused = room.read(&device(port, "lab", rest)).unwrap_err();
        assert!(refused.contains(why), "{refused}");
        assert_eq!(server.join().unwrap(), ("STARTTLS\n".to_owned(), Vec::new()));
    }
}

#[test]
fn a_server_that_says_something_else_is_no_ups() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers =
        ["VAR lab battery.charge 100\n", "220 ready\n", "VAR lab battery.charge \"1", &"x".repeat(4_096)];
    let answers = answers.map(str::to_owned);
    let count = answers.len();
    let server = std::thread::spawn(move || {
        for answer in answers {
            let (mut peer, _) = listener.accept().unwrap();
            let mut asked = String::new();
            BufReader::new(peer.try_clone().unwrap()).read_line(&mut asked).unwrap();
            assert_eq!(asked, "GET VAR lab battery.charge\n");
            // It may have been given up by then.
            let _ = peer.write_all(answer.as_bytes());
        }
    });
    let room = Room::new();
    for nth in 0..count {
        assert!(room.read(&device(port, "lab", "")).is_err(), "{nth}");
    }
    server.join().unwrap();
}
