//! Doors: whatever is sent over a connection is handed in, line by line; datagrams likewise.

use lines::{Part, Source};
use model::Instant;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use telemetry::receive::{Connections, Sorting, Speech, Udp, hand_in};
use telemetry::source::{Networks, Sources};
use telemetry::{Came, Chunk, Receiver, Row};
use testkit::{CrashDisk, FixedClock, SeededEntropy};

fn receiver() -> Receiver {
    receiver_on(&CrashDisk::new())
}

fn receiver_on(disk: &CrashDisk) -> Receiver {
    let (disk, entropy) = (Arc::new(disk.clone()), Box::new(SeededEntropy::new(6)));
    Receiver::open("syslog", disk, entropy, (0, 0), Sources::new(Source { offset: 0 }), 1).unwrap()
}

/// A door for connections whose lines all go into this receiver.
fn open(speech: Speech, receiver: &Receiver) -> Connections {
    let (sorting, clock) = (receiver.intake().into(), Arc::new(FixedClock::new()));
    Connections::open(anywhere(), speech, sorting, clock).unwrap()
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
    let door = open(Speech::Plain, &receiver);
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
    let door = open(Speech::Plain, &receiver);
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

/// Datagrams of a sender that does not wait.
const FLOOD: usize = 20_000;

#[test]
fn of_datagrams_that_come_faster_than_they_are_read_each_is_received_or_counted_as_dropped() {
    let receiver = receiver();
    let door = Udp::open(anywhere(), receiver.intake().into(), Arc::new(FixedClock::new())).unwrap();
    let line = [b"<13>".as_slice(), &[b'x'; 1_200]].concat();
    let mut sent = 0;
    // Three at once, until there are more than can be taken.
    while door.dropped() == 0 {
        std::thread::scope(|scope| {
            let peers: Vec<UdpSocket> = (0..3).map(|_| UdpSocket::bind(anywhere()).unwrap()).collect();
            for peer in peers {
                let (line, to) = (&line, door.address());
                scope.spawn(move || {
                    for _ in 0..FLOOD {
                        peer.send_to(line, to).unwrap();
                    }
                });
            }
        });
        sent += 3 * FLOOD as u64;
        door.look();
    }
    // What the kernel still holds is read, none of it is dropped any more; and one line says how many were.
    let dropped = door.dropped();
    receiver.wait_for(sent - dropped + 1);
    door.close();
    let (received, noted): (Vec<String>, _) =
        lines(&receiver).into_iter().partition(|line| line.starts_with("<13>"));
    assert_eq!(received.len() as u64 + dropped, sent);
    assert!(
        matches!(&noted[..], [note] if note.ends_with(&format!("dropped={dropped} total={dropped}"))),
        "{noted:?}"
    );
    receiver.close();
}

#[test]
fn lines_of_unknown_senders_go_into_a_receiver_of_their_own_until_they_are_registered() {
    let (known, apart) = (receiver(), receiver());
    let sources = Sources::new(Source { offset: 0 });
    let sorting = Sorting::new(sources.clone(), known.intake(), apart.intake());
    let tcp =
        Connections::open(anywhere(), Speech::Plain, sorting.clone(), Arc::new(FixedClock::new())).unwrap();
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

fn relp(receiver: &Receiver) -> (Connections, Relp) {
    let door = open(Speech::Relp, receiver);
    let peer = Relp::at(door.address());
    (door, peer)
}

/// Whoever sends by RELP.
struct Relp(BufReader<TcpStream>);

impl Relp {
    fn at(address: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(address).unwrap()))
    }

    fn says(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn opens(&mut self) {
        self.says("1 open 30 relp_version=0\ncommands=syslog\n");
        assert_eq!(self.hears(), "1 rsp 56 200 OK");
        assert_eq!(self.hears(), "relp_version=0");
        assert_eq!(self.hears(), "relp_software=Ward");
        assert_eq!(self.hears(), "commands=syslog");
    }

    /// The next line; empty at the end.
    fn hears(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }
}

#[test]
fn relp_answers_each_line_in_order_once_it_is_durable() {
    let receiver = receiver();
    let (door, mut peer) = relp(&receiver);
    peer.opens();
    let mut expected = Vec::new();
    for nth in 2..600 {
        let line = format!("<13>line {nth}\nand more of it");
        peer.says(&format!("{nth} syslog {} {line}\n", line.len()));
        expected.push(line);
    }
    peer.says("600 syslog 0\n601 rotate 1 x\n602 close 0\n");
    for nth in 2..=600 {
        assert_eq!(peer.hears(), format!("{nth} rsp 6 200 OK"));
    }
    assert_eq!(receiver.figures().lines, 598);
    assert_eq!(peer.hears(), "601 rsp 19 500 unknown command");
    assert_eq!(peer.hears(), "602 rsp 0");
    assert_eq!(peer.hears(), "0 serverclose 0");
    assert_eq!(peer.hears(), "");
    assert_eq!(door.refused(), 0);
    receiver.wait_for(598);
    door.close();
    assert_eq!(lines(&receiver), expected);
    receiver.close();
}

#[test]
fn what_is_no_relp_ends_the_connection_and_is_told_among_the_lines() {
    let receiver = receiver();
    let (door, mut peer) = relp(&receiver);
    peer.opens();
    peer.says("2 syslog 5 <13>a\n3 syslog 5 <13>bcd\n");
    assert_eq!(peer.hears(), "2 rsp 6 200 OK");
    assert_eq!(peer.hears(), "0 serverclose 0");
    assert_eq!(peer.hears(), "");
    for wrong in [
        "<13>syslog over TCP\n",
        "1 syslog 1 a\n",
        "1 open 16 commands=syslog\n\n",
        "1 open 30 relp_version=0\ncommands=rotate\n",
    ] {
        let mut peer = Relp::at(door.address());
        peer.says(wrong);
        assert_eq!(peer.hears(), "0 serverclose 0", "{wrong}");
        assert_eq!(peer.hears(), "");
    }
    while door.refused() < 5 {
        std::thread::yield_now();
    }
    door.look();
    door.look();
    receiver.wait_for(2);
    door.close();
    let found = lines(&receiver);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], "<13>a");
    assert!(found[1].contains("refused=5 total=5 last=127.0.0.1:"), "{}", found[1]);
    receiver.close();
}

#[test]
fn a_line_of_relp_that_is_not_whole_is_none() {
    let receiver = receiver();
    let (door, mut peer) = relp(&receiver);
    peer.opens();
    peer.says("2 syslog 5 <13>a\n3 syslog 5 <13>");
    peer.0.get_ref().shutdown(Shutdown::Write).unwrap();
    assert_eq!(peer.hears(), "2 rsp 6 200 OK");
    assert_eq!(peer.hears(), "0 serverclose 0");
    door.close();
    receiver.wait_for(1);
    assert_eq!(lines(&receiver), ["<13>a"]);
    receiver.close();
}

#[test]
fn a_line_of_relp_that_is_longer_than_lines_are_comes_in_pieces() {
    let receiver = receiver();
    let (door, mut peer) = relp(&receiver);
    peer.opens();
    let line = "x".repeat(lines::LONGEST + 5);
    peer.says(&format!("2 syslog {} {line}\n", line.len()));
    assert_eq!(peer.hears(), "2 rsp 6 200 OK");
    receiver.wait_for(2);
    door.close();
    assert_eq!(lines(&receiver), [&line[..lines::LONGEST], &line[lines::LONGEST..]]);
    receiver.close();
}

#[test]
fn of_a_line_that_is_not_durable_relp_says_nothing() {
    let disk = CrashDisk::new();
    let receiver = receiver_on(&disk);
    let (door, mut peer) = relp(&receiver);
    peer.opens();
    peer.says("2 syslog 5 <13>a\n");
    assert_eq!(peer.hears(), "2 rsp 6 200 OK");
    disk.halt_after(0);
    peer.says("3 syslog 5 <13>b\n");
    assert_eq!(peer.hears(), "0 serverclose 0");
    // Nor does whoever comes back hear that it is kept.
    let mut peer = Relp::at(door.address());
    peer.opens();
    peer.says("2 syslog 5 <13>b\n");
    assert_eq!(peer.hears(), "0 serverclose 0");
    door.close();
}

#[test]
fn a_door_of_relp_that_is_closed_has_answered_what_it_took() {
    let receiver = receiver();
    let (door, mut peer) = relp(&receiver);
    peer.opens();
    peer.says("2 syslog 5 <13>a\n");
    receiver.wait_for(1);
    door.close();
    assert_eq!(peer.hears(), "2 rsp 6 200 OK");
    assert_eq!(peer.hears(), "0 serverclose 0");
    assert_eq!(lines(&receiver), ["<13>a"]);
    receiver.close();
}

#[test]
fn what_is_handed_in_has_its_numbers_once_it_is_durable() {
    let disk = CrashDisk::new();
    let receiver = receiver_on(&disk);
    let came =
        Came::from_peer("2026-11-26T08:00:00.000000Z".parse().unwrap(), "192.0.2.1:4711".parse().unwrap());
    // From which number up to which.
    let hand_in = |text: &str| {
        let ranges = hand_in(&receiver.intake(), came, text.as_bytes())?;
        Some(ranges.iter().map(|range| (range.start, range.end)).collect::<Vec<_>>())
    };
    assert_eq!(hand_in("\n\r\n"), Some(vec![]));
    assert_eq!(hand_in("{\"a\":1}\r\n\n{\"b\":2}"), Some(vec![(0, 2)]));
    let long = "x".repeat(lines::LONGEST + 1);
    assert_eq!(hand_in(&format!("{long}\nlast\n")), Some(vec![(2, 5)]));
    // More than a chunk holds.
    let many: String = (0..10_000).map(|nth| format!("line {nth}\n")).collect();
    assert_eq!(hand_in(&many), Some(vec![(5, 10_005)]));
    receiver.wait_for(10_005);
    let mut expected = vec![
        "{\"a\":1}".to_owned(),
        "{\"b\":2}".to_owned(),
        long[1..].to_owned(),
        "x".to_owned(),
        "last".to_owned(),
    ];
    expected.extend(many.lines().map(ToOwned::to_owned));
    assert_eq!(lines(&receiver), expected);
    disk.halt_after(0);
    assert_eq!(hand_in("never"), None);
}
