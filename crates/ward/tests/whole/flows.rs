//! Flows of a real exporter, softflowd, over each version that is read; another collector, nfcapd, takes the same datagrams
//! and says what it makes of them.

use crate::{City, LIMIT};
use ledger::disk::Folder;
use lines::flow::Decoder;
use lines::{Part, Source};
use model::Instant;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use telemetry::source::Sources;
use telemetry::{Came, Chunk, Receiver};
use testkit::{Program, Running, SeededEntropy};

const FLOWS: u16 = 120;

/// 2026-11-26T08:00:00Z.
const TIME: u32 = 1_795_680_000;

/// A capture of datagrams: FLOWS conversations, of two packets each a second apart.
fn capture() -> Vec<u8> {
    let mut file = Vec::new();
    file.extend([0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1].map(u32::to_le_bytes).concat());
    let mut put = |second: u32, nth: u16, packet: Vec<u8>| {
        let length = u32::try_from(packet.len()).unwrap();
        let micros = u32::from(nth) * 1_000;
        file.extend([TIME + second, micros, length, length].map(u32::to_le_bytes).concat());
        file.extend(packet);
    };
    // The exporter starts with the first packet; nfdump takes its flow, of no time since then, for one without times.
    put(0, 0, packet(Ipv4Addr::new(10, 8, 0, 1), 0));
    for second in 1..3 {
        (0..FLOWS).for_each(|nth| put(second, nth, packet(source(nth), nth)));
    }
    file
}

/// Ethernet, IPv4, UDP: each conversation of a length of its own.
fn packet(from: Ipv4Addr, nth: u16) -> Vec<u8> {
    let payload = vec![b'x'; usize::from(nth % 50) + 10];
    let length = u16::try_from(payload.len()).unwrap();
    let mut head = vec![0x45, 0];
    head.extend((28 + length).to_be_bytes());
    head.extend([0, 1, 0, 0, 64, 17, 0, 0]);
    head.extend(from.octets());
    head.extend(Ipv4Addr::new(192, 0, 2, 9).octets());
    let sum: u32 = head.chunks(2).map(|two| u32::from(u16::from_be_bytes([two[0], two[1]]))).sum();
    let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
    head[10..12].copy_from_slice(&sum.to_be_bytes());
    let ports = [1_024 + nth, 53, 8 + length, 0].map(u16::to_be_bytes).concat();
    [vec![2; 6], vec![4; 6], vec![8, 0], head, ports, payload].concat()
}

fn source(nth: u16) -> Ipv4Addr {
    let [high, low] = nth.to_be_bytes();
    Ipv4Addr::new(10, 9, high, low)
}

/// What a flow is: both ends, protocol, bytes, packets, beginning and end in milliseconds of the day.
type Flow = (String, u64, String, u64, u64, u64, u64, String, String);

fn clock(text: &str) -> String {
    // `2026-11-26T08:00:00.001000Z` and `2026-11-26T08:00:00.001`.
    text[..23].to_owned()
}

impl City {
    /// A server that receives flows; where it does, and where its figures are.
    fn receives_flows(&self) -> (Running, SocketAddr, SocketAddr) {
        let arguments = ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--flows", "udp:127.0.0.1:0"];
        let running = self.program(&arguments).start().unwrap();
        let at = running.line(LIMIT).unwrap().expect("where it receives flows");
        let at = at.strip_prefix("flows udp:").expect("where it receives flows").parse().unwrap();
        let pages = running.line(LIMIT).unwrap().expect("where it serves");
        let port = pages.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        let pages = SocketAddr::from(([127, 0, 0, 1], port));
        (running, at, pages)
    }

    /// What softflowd exports of the capture.
    fn exported(&self, version: &str) -> Vec<Vec<u8>> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = socket.local_addr().unwrap().to_string();
        let arguments =
            ["-r", "flows.pcap", "-a", "-n", &to, "-v", version, "-d", "-c", "none", "-p", "softflowd.pid"];
        // nfdump 1.7.1 takes elements 21 and 22 of IPFIX for each other; so that of IPFIX times since 1970 are compared.
        let times = if version == "10" { ["-A", "milli"].as_slice() } else { &[] };
        let softflowd = Program::new("/usr/sbin/softflowd", self.path()).with(arguments).with(times);
        let ended = softflowd.run("", LIMIT).unwrap();
        assert!(ended.status.success(), "{}", ended.errors);
        // It has ended: whatever it sent is there.
        socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 65_536];
        let received = || {
            let length = socket.recv(&mut buffer).ok()?;
            Some(buffer[..length].to_vec())
        };
        std::iter::from_fn(received).collect()
    }

    /// What nfcapd and nfdump make of datagrams.
    fn collected(&self, name: &str, datagrams: &[Vec<u8>]) -> BTreeSet<Flow> {
        let folder = self.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let port = free.port().to_string();
        let arguments = ["-b", "127.0.0.1", "-p", &port, "-w", folder.to_str().unwrap()];
        let nfcapd = Program::new("/usr/bin/nfcapd", self.path()).with(arguments).start().unwrap();
        let taken =
            || std::fs::read_to_string("/proc/net/udp").unwrap().contains(&format!(":{:04X} ", free.port()));
        while !taken() {
            std::thread::yield_now();
        }
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        datagrams.iter().for_each(|datagram| assert!(socket.send_to(datagram, free).is_ok()));
        // It takes what is in its socket, one after the other, before it minds that it is to end.
        let queued = || {
            let table = std::fs::read_to_string("/proc/net/udp").unwrap();
            let row = table
                .lines()
                .find(|line| line.contains(&format!(":{:04X} ", free.port())))
                .unwrap()
                .to_owned();
            !row.contains("00000000:00000000")
        };
        while queued() {
            std::thread::yield_now();
        }
        self.stop(nfcapd);
        let all = folder.to_str().unwrap();
        let environment = ("TZ", "UTC");
        let nfdump = Program::new("/usr/bin/nfdump", self.path()).with_variable(environment.0, environment.1);
        let ended = nfdump.with(["-R", all, "-o", "json"]).run("", LIMIT).unwrap();
        assert!(ended.status.success(), "{}", ended.errors);
        let text = ended.output.join("\n");
        let flows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        let number = |flow: &serde_json::Value, name: &str| flow[name].as_u64().unwrap();
        let text = |flow: &serde_json::Value, name: &str| flow[name].as_str().unwrap().to_owned();
        flows
            .iter()
            .filter(|flow| text(flow, "src4_addr").starts_with("10.9."))
            .map(|flow| {
                (
                    text(flow, "src4_addr"),
                    number(flow, "src_port"),
                    text(flow, "dst4_addr"),
                    number(flow, "dst_port"),
                    number(flow, "proto"),
                    number(flow, "in_bytes"),
                    number(flow, "in_packets"),
                    clock(&text(flow, "first")),
                    clock(&text(flow, "last")),
                )
            })
            .collect()
    }
}

#[test]
fn flows_of_softflowd_are_what_another_collector_reads_of_them() {
    let city = City::new();
    std::fs::write(city.path().join("flows.pcap"), capture()).unwrap();
    let (server, at, pages) = city.receives_flows();
    let mut sent = 0;
    for version in ["5", "9", "10"] {
        let datagrams = city.exported(version);
        let expected = city.collected(&format!("nfcapd-{version}"), &datagrams);
        assert_eq!(expected.len(), usize::from(FLOWS), "version {version}");
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        datagrams.iter().for_each(|datagram| assert!(socket.send_to(datagram, at).is_ok()));
        sent += datagrams.len() as u64;
        let count = u64::from(FLOWS)
            * if version == "5" {
                1
            } else if version == "9" {
                2
            } else {
                3
            };
        let found = city.traced_until(&["10.9.0.0/16", "--most", "10000"], count);
        assert_eq!(found["count"].as_u64(), Some(count), "version {version}");
        let of = |line: &serde_json::Value| -> Option<Flow> {
            let flow: serde_json::Value = serde_json::from_str(line["line"].as_str()?).unwrap();
            let number = |name: &str| flow[name].as_u64().unwrap();
            let text = |name: &str| flow[name].as_str().unwrap().to_owned();
            (flow["flow"].as_u64() == version.parse().ok()).then(|| {
                (
                    text("src_ip"),
                    number("src_port"),
                    text("dst_ip"),
                    number("dst_port"),
                    number("proto"),
                    number("bytes"),
                    number("packets"),
                    clock(&text("start")),
                    clock(&text("end")),
                )
            })
        };
        let lines = found["lines"].as_array().unwrap();
        let flows: BTreeSet<Flow> = lines.iter().filter_map(of).collect();
        assert_eq!(flows, expected, "version {version}");
        let fields = &lines[0]["fields"];
        assert_eq!((&lines[0]["dialect"], &fields["dst_port"]), (&"flow".into(), &"53".into()));
        assert!(fields["bytes_sent"].is_string(), "{fields}");
    }
    // Nothing is missing by the exporters' own numbers; and the datagrams are there, as they came.
    let figures = figures(pages);
    for (name, value) in [
        ("ward_flows_datagrams_total".to_owned(), sent),
        ("ward_flows_broken_total".to_owned(), 0),
        ("ward_flows_missing_total".to_owned(), 0),
        ("ward_flows_waiting".to_owned(), 0),
        ("ward_flows_unread_total".to_owned(), 0),
        ("ward_lines{receiver=\"flows-raw-unknown\"}".to_owned(), sent),
    ] {
        assert!(figures.lines().any(|line| line == format!("{name} {value}")), "{name} {value}\n{figures}");
    }
    // Read again beside the running server, datagrams come to what they came to then.
    let (decoded, code) = city.decoded(&[]);
    assert_eq!((code, &decoded["datagrams"], &decoded["unread"]), (Some(0), &sent.into(), &0.into()));
    assert_eq!((&decoded["now"], &decoded["then"]), (&0.into(), &0.into()), "{decoded}");
    assert!(decoded["same"].as_u64().unwrap() >= 3 * u64::from(FLOWS), "{decoded}");
    city.stop(server);
    city.verify();
}

impl City {
    /// What `ward flows decode` says, and how it ends.
    fn decoded(&self, more: &[&str]) -> (serde_json::Value, Option<i32>) {
        let ended = self.ward(&[&["flows", "decode", "--data", "data", "--json"][..], more].concat(), "");
        (serde_json::from_str(&ended.output.concat()).unwrap(), ended.status.code())
    }

    /// Puts lines into a receiver, as if they had come from this peer at these moments.
    fn put(&self, receiver: &str, lines: &[(Instant, Vec<u8>)]) {
        let disk = Arc::new(Folder::new(self.path().join("data")));
        let (entropy, sources) = (Box::new(SeededEntropy::new(3)), Sources::new(Source { offset: 0 }));
        let receiver = Receiver::open(receiver, disk, entropy, (0, 0), sources, 1).unwrap();
        for (received, line) in lines {
            let mut chunk = Chunk::new(Came::from_peer(*received, EXPORTER.parse().unwrap()));
            chunk.push(line, Part::Whole);
            receiver.intake().put(chunk, None).unwrap();
        }
        receiver.wait_for(lines.len() as u64);
        receiver.close();
    }
}

const EXPORTER: &str = "192.0.2.50:40000";

#[test]
fn what_was_made_of_datagrams_is_compared_with_what_is_made_of_them_today() {
    let city = City::new();
    std::fs::write(city.path().join("flows.pcap"), capture()).unwrap();
    let at = |second: u64| {
        let begin: Instant = "2026-11-26T08:00:00.000000Z".parse().unwrap();
        begin.plus(Duration::from_secs(second))
    };
    // The first has the templates; each comes ten seconds after the one before.
    let datagrams: Vec<(Instant, Vec<u8>)> =
        (0..).zip(city.exported("9")).map(|(nth, datagram)| (at(10 * nth), datagram)).collect();
    assert!(datagrams.len() >= 3, "{}", datagrams.len());
    let mut decoder = Decoder::default();
    let made: Vec<(Instant, Vec<u8>)> = datagrams
        .iter()
        .flat_map(|(received, datagram)| {
            let read = decoder.read(EXPORTER.parse().unwrap(), datagram);
            read.lines.into_iter().map(|line| (*received, line))
        })
        .collect();
    // One is not there, and another is there that nobody exported.
    let invented = b"{\"flow\":9,\"src_ip\":\"10.9.9.9\"}".to_vec();
    let mut then = made.clone();
    let (lost_at, lost) = then.remove(5);
    then.push((at(25), invented.clone()));
    then.push((at(25), b"<45>1 2026-11-26T08:00:00Z - ward - note - missing".to_vec()));
    city.put("flows-raw-unknown", &datagrams);
    city.put("flows-unknown", &then);
    let (decoded, code) = city.decoded(&[]);
    let count = |name: &str| decoded[name].as_u64().unwrap();
    assert_eq!((code, count("datagrams"), count("unread")), (Some(1), datagrams.len() as u64, 0));
    assert_eq!((count("same"), count("now"), count("then")), (made.len() as u64 - 1, 1, 1));
    let row = |made: &str, received: Instant, line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        serde_json::json!({ "made": made, "exporter": EXPORTER, "received": received.to_string(), "line": line })
    };
    assert_eq!(
        decoded["lines"],
        serde_json::json!([row("now", lost_at, &lost), row("then", at(25), &invented)])
    );
    // Without what comes before, nobody knows the templates; with it, they are known.
    let from = at(5).to_string();
    let (blind, _) = city.decoded(&["--from", &from, "--lead", "0"]);
    assert!(blind["unread"].as_u64() > Some(0) && blind["same"] == 0, "{blind}");
    let (seen, _) = city.decoded(&["--from", &from, "--lead", "1"]);
    assert_eq!((&seen["unread"], &seen["datagrams"]), (&0.into(), &(datagrams.len() - 1).into()));
    // All that is made leaves as lines of JSON.
    let ended = city.ward(&["flows", "decode", "--data", "data", "--lines"], "");
    let expected: Vec<String> =
        made.iter().map(|(_, line)| String::from_utf8(line.clone()).unwrap()).collect();
    assert_eq!(ended.output, expected);
    assert!(ended.errors.contains("僅今有 1 筆，僅昔有 1 筆"), "{}", ended.errors);
    city.verify();
}

fn figures(pages: SocketAddr) -> String {
    let mut stream = TcpStream::connect(pages).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.replace('\r', "")
}
