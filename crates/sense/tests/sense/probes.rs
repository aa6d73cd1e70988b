//! Probes of services: Python's server of pages, dnsmasq, a door that takes connections, and one that hangs.

use crate::{Room, port};
use sense::{Figure, Reading};
use std::net::TcpListener;

fn device(protocol: &str, address: &str, rest: &str) -> String {
    format!(
        "[[device]]\nid = \"P-1\"\nroom = \"A\"\nprotocol = \"{protocol}\"\naddress = \"{address}\"\nevery = 2\n{rest}\n"
    )
}

/// Is it up, with how long it took; or why not?
fn stands(readings: &[Reading]) -> Result<f64, String> {
    let value = |quantity: &str| {
        let found = readings.iter().find(|reading| reading.quantity == quantity)?;
        match found.figure {
            Figure::Value(value) => Some((value, found.why.clone())),
            Figure::Bad(_) => None,
        }
    };
    match (value("up"), value("delay")) {
        (Some((up, None)), Some((delay, None))) if up == 1.0 && delay > 0.0 => Ok(delay),
        (Some((0.0, Some(why))), None) => Err(why),
        other => panic!("{other:?}"),
    }
}

fn up(room: &Room, text: &str) -> Result<f64, String> {
    stands(&room.read(text).unwrap())
}

#[test]
fn a_door_is_open_or_closed() {
    let (room, listener) = (Room::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let text = device("tcp", &listener.local_addr().unwrap().to_string(), "");
    up(&room, &text).unwrap();
    drop(listener);
    assert!(up(&room, &text).unwrap_err().contains("refused"));
}

#[test]
fn a_page_answers_with_a_status_that_is_good_or_not() {
    let (room, port) = (Room::new(), port());
    room.write("index.html", "<p>here</p>");
    let number = port.to_string();
    let server = room.start("/usr/bin/python3", &["-m", "http.server", "--bind", "127.0.0.1", &number]);
    let page = |path: &str, rest: &str| device("http", &format!("http://127.0.0.1:{port}{path}"), rest);
    crate::soon(|| up(&room, &page("", "")));
    assert_eq!(up(&room, &page("/none", "")), Err("status 404".to_owned()));
    up(&room, &page("/none", "expect = [404]")).unwrap();
    assert_eq!(up(&room, &page("/", "expect = [204]")), Err("status 200".to_owned()));
    drop(server.kill().unwrap());
    assert!(up(&room, &page("/", "")).unwrap_err().contains("refused"));
}

#[test]
fn a_page_within_tls_is_believed_by_its_authority_alone() {
    let (room, port) = (Room::new(), port());
    let make = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ];
    let openssl = testkit::Program::new("/usr/bin/openssl", room.path()).with(make);
    assert!(openssl.run("", std::time::Duration::from_secs(20)).unwrap().status.success());
    let accept = port.to_string();
    let serve = ["s_server", "-www", "-quiet", "-accept", &accept, "-cert", "cert.pem", "-key", "key.pem"];
    let server = room.start("/usr/bin/openssl", &serve);
    let page = |host: &str, rest: &str| device("http", &format!("https://{host}:{port}/"), rest);
    crate::soon(|| up(&room, &page("localhost", "authority = \"cert.pem\"")));
    // By another name it is somebody else, and so it is where nobody vouches for it.
    assert!(up(&room, &page("127.0.0.1", "authority = \"cert.pem\"")).is_err());
    room.write("none.pem", "");
    let problems = sense::devices("s.toml", &page("localhost", "authority = \"none.pem\""), room.path());
    assert!(problems.is_err());
    drop(server.kill().unwrap());
}

#[test]
fn a_server_of_names_knows_a_name_or_not() {
    let (room, port) = (Room::new(), port());
    let number = format!("--port={port}");
    let arguments = [
        "--keep-in-foreground",
        &number,
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        "--no-resolv",
        "--no-hosts",
        "--conf-file=/dev/null",
        "--pid-file=",
        "--user=root",
        "--local=/lab/",
        "--host-record=www.lab,192.0.2.1",
    ];
    let server = room.start("/usr/sbin/dnsmasq", &arguments);
    let name = |name: &str| device("dns", &format!("127.0.0.1:{port}"), &format!("name = \"{name}\""));
    crate::soon(|| up(&room, &name("www.lab")));
    assert_eq!(up(&room, &name("other.lab")), Err("NXDOMAIN".to_owned()));
    drop(server.kill().unwrap());
    assert!(up(&room, &name("www.lab")).is_err());
}

#[test]
fn who_takes_a_connection_and_says_nothing_is_not_up() {
    let (room, listener) = (Room::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let page = device("http", &format!("http://{}", listener.local_addr().unwrap()), "");
    assert_eq!(up(&room, &page), Err("no answer within 1.8 s".to_owned()));
}
