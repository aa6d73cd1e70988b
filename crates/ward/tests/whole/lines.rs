//! Lines: sent at a running server, killed in between, imported from files; found again, and verified.

use crate::{City, LIMIT};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;
use testkit::Running;

fn firewall(nth: usize, from: &str) -> String {
    format!(
        "<189>date=2026-11-26 time=08:{:02}:{:02} devname=\"TC-FW-01\" devid=\"FG200F0001\" logid=\"0000000013\" \
         type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip={from} srcport={} dstip=192.0.2.{} \
         dstport=443 sessionid={nth} proto=6 action=\"accept\" policyid=7 service=\"HTTPS\" duration={} sentbyte={}",
        nth / 60 % 60,
        nth % 60,
        1_024 + nth,
        nth % 250,
        nth % 30,
        nth * 37,
    )
}

impl City {
    /// A server that receives syslog over TCP; with where it does.
    fn receives(&self) -> (Running, String) {
        let arguments = [
            "serve",
            "--data",
            "data",
            "--listen",
            "127.0.0.1:0",
            "--syslog",
            "tcp:127.0.0.1:0",
            "--syslog",
            "udp:127.0.0.1:0",
        ];
        let running = self.program(&arguments).start().unwrap();
        let said = || running.line(LIMIT).unwrap().expect("where it receives, and serves");
        let at = said().strip_prefix("tcp:").expect("where it receives").to_owned();
        assert!(said().starts_with("udp:127.0.0.1:"));
        assert!(said().starts_with("http://"));
        (running, at)
    }

    fn traced(&self, what: &[&str]) -> serde_json::Value {
        let arguments = [&["trace", "--data", "data", "--json"], what].concat();
        serde_json::from_str(&self.good(&arguments, "").concat()).unwrap()
    }

    /// Traces until so many lines are found.
    fn traced_until(&self, what: &[&str], count: u64) -> serde_json::Value {
        loop {
            let found = self.traced(what);
            if found["count"].as_u64() >= Some(count) {
                return found;
            }
        }
    }
}

#[test]
fn lines_sent_at_a_server_are_found_and_survive_its_end() {
    let city = City::new();
    let (server, at) = city.receives();
    let mut peer = TcpStream::connect(&at).unwrap();
    let mut text = String::new();
    for nth in 0..5_000 {
        let from =
            if nth % 500 == 3 { "10.9.9.9".to_owned() } else { format!("10.0.{}.{}", nth / 250, nth % 250) };
        writeln!(text, "{}", firewall(nth, &from)).unwrap();
    }
    peer.write_all(text.as_bytes()).unwrap();
    let found = city.traced_until(&["10.9.9.9"], 10);
    assert_eq!(found["count"], 10);
    let first = &found["lines"][0];
    assert_eq!(first["line"], firewall(4_503, "10.9.9.9"));
    assert_eq!(first["fields"]["dst_port"], "443");
    assert_eq!(first["receiver"], "syslog-tcp");
    assert_eq!(city.traced_until(&["--device", "TC-FW-01", "--most", "1"], 5_000)["count"], 5_000);
    // Killed, it finds everything again.
    drop(server.kill().unwrap());
    let (server, at) = city.receives();
    assert_eq!(city.traced(&["10.9.9.9"])["count"], 10);
    TcpStream::connect(&at)
        .unwrap()
        .write_all(format!("{}\n", firewall(9_000, "10.9.9.9")).as_bytes())
        .unwrap();
    assert_eq!(city.traced_until(&["10.9.9.9"], 11)["lines"][0]["line"], firewall(9_000, "10.9.9.9"));
    city.stop(server);
    assert_eq!(city.traced(&["10.0.0.0/8", "--most", "0"])["count"], 5_001);
    city.verify();
    let wrong = city.refused(&["trace", "--data", "data", "wang"], "", 2);
    assert!(wrong.contains("不是位址或網段"), "{wrong}");
}

#[test]
fn files_are_imported_and_a_changed_byte_is_found() {
    let city = City::new();
    let text: String = (0..3_000).fold(String::new(), |mut text, nth| {
        writeln!(text, "{}", firewall(nth, &format!("10.1.{}.{}", nth / 250, nth % 250))).unwrap();
        text
    });
    std::fs::write(city.path().join("fw.log"), &text).unwrap();
    let said = city.good(&["import", "--data", "data", "fw.log"], "");
    assert!(said.concat().contains("3000"), "{said:?}");
    assert_eq!(city.traced(&["10.1.4.7"])["count"], 1);
    city.verify();
    let folder = city.path().join("data/lines/import/files");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        let content = std::fs::read(&file).unwrap();
        for at in [0, content.len() / 2, content.len() - 1] {
            let mut changed = content.clone();
            changed[at] ^= 1;
            std::fs::write(&file, &changed).unwrap();
            let ended = city.ward(&["verify", "--data", "data"], "");
            assert_eq!(ended.status.code(), Some(1), "{}: byte {at}", file.display());
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            assert!(ended.output.iter().any(|line| line.contains(&name)), "{:?}", ended.output);
        }
        std::fs::remove_file(&file).unwrap();
        assert_eq!(city.ward(&["verify", "--data", "data"], "").status.code(), Some(1));
        std::fs::write(&file, &content).unwrap();
    }
    city.verify();
}
