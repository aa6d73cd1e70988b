//! Lines: sent at a running server, killed in between, imported from files; found again, and verified.

use crate::{City, LIMIT};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;
use testkit::{Program, Running};

pub(crate) fn firewall(nth: usize, from: &str) -> String {
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
        let (running, mut doors, _) = self.receives_by(&["tcp"], &[]);
        (running, doors.remove(0))
    }

    /// A server that receives syslog in these ways; with where it does, and where its pages are.
    pub(crate) fn receives_by(&self, ways: &[&str], more: &[&str]) -> (Running, Vec<String>, String) {
        let doors: Vec<String> = ways.iter().map(|way| format!("{way}:127.0.0.1:0")).collect();
        let mut arguments = vec!["serve", "--data", "data", "--listen", "127.0.0.1:0"];
        arguments.extend(doors.iter().flat_map(|door| ["--syslog", door]));
        arguments.extend(more);
        let running = self.program(&arguments).start().unwrap();
        let said = || running.line(LIMIT).unwrap().expect("where it receives, and serves");
        let at = |way: &&str| said().strip_prefix(&format!("{way}:")).expect("where it receives").to_owned();
        let doors = ways.iter().map(at).collect();
        let pages = said();
        assert!(pages.starts_with("http://"), "{pages}");
        (running, doors, pages)
    }

    pub(crate) fn traced(&self, what: &[&str]) -> serde_json::Value {
        let arguments = [&["trace", "--data", "data", "--json"], what].concat();
        serde_json::from_str(&self.good(&arguments, "").concat()).unwrap()
    }

    /// Traces until so many lines are found.
    pub(crate) fn traced_until(&self, what: &[&str], count: u64) -> serde_json::Value {
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
    assert_eq!(first["receiver"], "syslog-tcp-unknown", "nobody has registered who sends");
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

#[test]
fn of_a_packed_file_that_was_cut_off_what_is_whole_is_imported_and_the_rest_named() {
    let city = City::new();
    let text = |network: u64| {
        (0..500).fold(String::new(), |mut text, nth| {
            writeln!(text, "{}", firewall(nth, &format!("10.{network}.0.{}", nth % 250))).unwrap();
            text
        })
    };
    let pack = |program: &str, name: &str, network: u64| {
        std::fs::write(city.path().join(name), text(network)).unwrap();
        let packed = Program::new(program, city.path()).with(["-q", "-f", name]).run("", LIMIT).unwrap();
        assert!(packed.status.success(), "{}", packed.errors);
    };
    // Each in two parts, the second of which is cut off in one of them.
    for (program, end) in [("/usr/bin/zstd", "zst"), ("/bin/gzip", "gz")] {
        let networks = if end == "zst" { [1, 2] } else { [3, 4] };
        let parts: Vec<Vec<u8>> = networks
            .iter()
            .map(|network| {
                pack(program, "part", *network);
                std::fs::read(city.path().join(format!("part.{end}"))).unwrap()
            })
            .collect();
        std::fs::write(city.path().join(format!("whole.{end}")), parts.concat()).unwrap();
        let cut = parts[1].len() / 2;
        let torn = [&parts[0], &parts[1][..cut]].concat();
        std::fs::write(city.path().join(format!("torn.{end}")), torn).unwrap();
    }
    let said = city.good(&["import", "--data", "data", "whole.zst", "whole.gz"], "");
    assert!(said.concat().contains("2000"), "{said:?}");
    let ended = city.ward(&["import", "--data", "data", "torn.zst", "none.log", "torn.gz", "whole.gz"], "");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.errors);
    for name in ["torn.zst", "none.log", "torn.gz"] {
        assert!(ended.errors.contains(name), "{}", ended.errors);
    }
    assert!(!ended.errors.contains("whole.gz"), "{}", ended.errors);
    for (network, least) in [("10.1.0.0/16", 1_000), ("10.3.0.0/16", 1_500), ("10.4.0.0/16", 1_000)] {
        let found = city.traced(&[network, "--most", "0"])["count"].as_u64().unwrap();
        assert!(found >= least, "{network}: {found}");
    }
    city.verify();
}
