//! Doors: whatever is sent over a connection is handed in, line by line; datagrams likewise.

use lines::{Part, Source};
use model::Instant;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use telemetry::receive::{Sorting, Tcp, Udp};
use telemetry::source::{Networks, Sources};
use telemetry::{Came, Chunk, Receiver, Row};
use testkit::{CrashDisk, FixedClock, SeededEntropy};

fn receiver() -> Receiver {
    let (disk, entropy) = (Arc::new(CrashDisk::new()), Box::new(SeededEntropy::new(6)));
    Receiver::open("syslog", disk, entropy, (0, 0), Sources::new(Source { offset: 0 }), 1).unwrap()
}

fn anywhere() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn lines(receiver: &Receiver) -> Vec<String> {
    let mut lines = Vec::new();
    for block in receiver.tail() {
        for at in 0..block.columns.num_rows() {
            let row = Row { columns: &block.columns, shapes: &block.shapes, at };
            lines.push(String::from_utf8(row.line().unwrap()).unwrap());
        }
    }
    lines
}

#[test]
fn connections_are_read_to_their_end() {
    let receiver = receiver();
    let door = Tcp::open(anywhere(), receiver.intake().into(), Arc::new(FixedClock::new())).unwrap();
    let mut peers: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(door.address()).unwrap()).collect();
    let mut expected = Vec::new();
    for nth in 0..2_000 {
        let line = format!("<13>peer {} line {nth}", nth % 3);
        let framed = if nth % 2 == 0 { format!("{line}\n") } else { format!("{} {line}", line.len()) };
        peers[nth % 3].write_all(framed.as_bytes()).unwrap();
        expected.push(line);
    }
    // The last one has no end.
    peers[0].write_all(b"<13>without its end").unwrap();
    expected.push("<13>without its end".to_owned());
    drop(peers);
    receiver.wait_for(expected.len() as u64);
    door.close();
    let mut found = lines(&receiver);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    receiver.close();
}

#[test]
fn a_door_that_is_closed_has_handed_in_what_it_read() {
    let receiver = receiver();
    let door = Tcp::open(anywhere(), receiver.intake().into(), Arc::new(FixedClock::new())).unwrap();
    let mut peer = TcpStream::connect(door.address()).unwrap();
    peer.write_all(b"<13>one\n<13>two\n<13>thr").unwrap();
    receiver.wait_for(2);
    assert_eq!(door.connections(), 1);
    door.close();
    receiver.wait_for(3);
    assert_eq!(lines(&receiver), ["<13>one", "<13>two", "<13>thr"]);
    receiver.close();
}

#[test]
fn datagrams_are_lines() {
    let receiver = receiver();
    let door = Udp::open(anywhere(), receiver.intake().into(), Arc::new(FixedClock::new())).unwrap();
    let peer = UdpSocket::bind(anywhere()).unwrap();
    for text in ["<13>one", "<13>two\n", "<13>three\r\n<13>four\n\n"] {
        peer.send_to(text.as_bytes(), door.address()).unwrap();
    }
    receiver.wait_for(4);
    door.look();
    assert_eq!(door.dropped(), 0);
    door.close();
    assert_eq!(lines(&receiver), ["<13>one", "<13>two", "<13>three", "<13>four"]);
    receiver.close();
}

#[test]
fn lines_of_unknown_senders_go_into_a_receiver_of_their_own_until_they_are_registered() {
    let (known, apart) = (receiver(), receiver());
    let sources = Sources::new(Source { offset: 0 });
    let sorting = Sorting::new(sources.clone(), known.intake(), apart.intake());
    let tcp = Tcp::open(anywhere(), sorting.clone(), Arc::new(FixedClock::new())).unwrap();
    let udp = Udp::open(anywhere(), sorting, Arc::new(FixedClock::new())).unwrap();
    let mut peer = TcpStream::connect(tcp.address()).unwrap();
    let datagrams = UdpSocket::bind(anywhere()).unwrap();
    peer.write_all(b"<13>one\n").unwrap();
    apart.wait_for(1);
    datagrams.send_to(b"<13>two", udp.address()).unwrap();
    apart.wait_for(2);
    let mut networks = Networks::default();
    networks.insert("127.0.0.0/8".parse().unwrap(), Source { offset: 0 });
    sources.set(networks);
    // The connection stays open; what comes from now on is a known source's.
    peer.write_all(b"<13>three\n").unwrap();
    known.wait_for(1);
    datagrams.send_to(b"<13>four", udp.address()).unwrap();
    known.wait_for(2);
    sources.set(Networks::default());
    peer.write_all(b"<13>five\n").unwrap();
    apart.wait_for(3);
    drop(peer);
    tcp.close();
    udp.close();
    assert_eq!(lines(&apart), ["<13>one", "<13>two", "<13>five"]);
    assert_eq!(lines(&known), ["<13>three", "<13>four"]);
    known.close();
    apart.close();
}

#[test]
fn times_without_a_zone_are_read_by_the_zone_of_their_source() {
    let sources = Sources::new(Source { offset: 28_800 });
    let mut networks = Networks::default();
    networks.insert("127.0.0.1".parse().unwrap(), Source { offset: -3_600 });
    sources.set(networks);
    let (disk, entropy) = (Arc::new(CrashDisk::new()), Box::new(SeededEntropy::new(6)));
    let receiver = Receiver::open("syslog", disk, entropy, (0, 0), sources, 1).unwrap();
    let now: Instant = "2026-11-26T08:00:00.000000Z".parse().unwrap();
    for (address, nth) in [("127.0.0.1", 1), ("127.0.0.2", 2)] {
        let peer = SocketAddr::new(address.parse().unwrap(), 514);
        let mut chunk = Chunk::new(Came::from_peer(now, peer));
        chunk.push(
            b"<38>Nov 26 08:00:00 gw-1 sshd[1]: Failed password for root from 198.51.100.7 port 22 ssh2",
            Part::Whole,
        );
        assert!(receiver.intake().put(chunk, None).is_ok());
        receiver.wait_for(nth);
    }
    let read: Vec<_> = receiver
        .tail()
        .iter()
        .map(|block| {
            Row { columns: &block.columns, shapes: &block.shapes, at: 0 }.time().unwrap().to_string()
        })
        .collect();
    assert_eq!(read, ["2026-11-26T09:00:00.000000Z", "2026-11-26T00:00:00.000000Z"]);
    receiver.close();
}
