//! Doors: whatever is sent over a connection is handed in, line by line; datagrams likewise.

use lines::Source;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use telemetry::receive::{Tcp, Udp};
use telemetry::{Receiver, Row};
use testkit::{CrashDisk, FixedClock, SeededEntropy};

fn receiver() -> Receiver {
    let (disk, entropy) = (Arc::new(CrashDisk::new()), Box::new(SeededEntropy::new(6)));
    Receiver::open("syslog", disk, entropy, (0, 0), Source { offset: 0 }, 1).unwrap()
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
    let door = Tcp::open(anywhere(), receiver.intake(), Arc::new(FixedClock::new())).unwrap();
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
    let door = Tcp::open(anywhere(), receiver.intake(), Arc::new(FixedClock::new())).unwrap();
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
    let door = Udp::open(anywhere(), receiver.intake(), Arc::new(FixedClock::new())).unwrap();
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
