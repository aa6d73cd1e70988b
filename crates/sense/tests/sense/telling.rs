//! What is told of devices, and when.

use crate::{Room, soon};
use model::Instant;
use sense::{Line, Said, Sensing, Sink};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use testkit::FixedClock;

const LIMIT: Duration = Duration::from_secs(20);

struct Lines(Sender<Line>);

impl Sink for Lines {
    fn take(&self, _: Instant, lines: &[String]) -> Result<(), String> {
        lines.iter().try_for_each(|line| {
            let sent = self.0.send(Line::read(line.as_bytes()).unwrap());
            sent.map_err(|_| "nobody takes them".to_owned())
        })
    }
}

fn begin(room: &Room, text: &str, silent: &[&str]) -> (Sensing, Receiver<Line>) {
    let (sender, lines) = channel();
    let silent: BTreeSet<String> = silent.iter().map(|id| (*id).to_owned()).collect();
    let sink = Arc::new(Lines(sender));
    (Sensing::begin(room.devices(text), &silent, Arc::new(FixedClock::new()), sink).unwrap(), lines)
}

fn ups(id: &str, address: SocketAddr) -> String {
    format!(
        "[[device]]\nid = \"{id}\"\nroom = \"A\"\nprotocol = \"nut\"\naddress = \"{address}\"\nups = \"lab\"\nevery = 1\n\
         [[device.read]]\nquantity = \"battery_charge\"\nunit = \"%\"\nvariable = \"battery.charge\"\n"
    )
}

/// Serves so many rounds and goes.
fn serve(listener: TcpListener, rounds: usize) {
    for _ in 0..rounds {
        let (mut peer, _) = listener.accept().unwrap();
        let mut asked = String::new();
        BufReader::new(peer.try_clone().unwrap()).read_line(&mut asked).unwrap();
        peer.write_all(b"VAR lab battery.charge \"77\"\n").unwrap();
    }
}

#[test]
fn who_falls_silent_is_told_once_and_once_when_it_is_back() {
    let room = Room::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sensing, lines) = begin(&room, &ups("UPS-1", address), &[]);
    let said = || lines.recv_timeout(LIMIT).unwrap().said;
    serve(listener, 2);
    assert!(matches!(said(), Said::Reading(_)) && matches!(said(), Said::Reading(_)));
    assert!(matches!(said(), Said::Silent(why) if !why.is_empty()));
    let failures = || sensing.figures().first().map(|(_, figures)| figures.failures).unwrap();
    let before = failures();
    soon(|| if failures() >= before + 2 { Ok(()) } else { Err("not tried again".to_owned()) });
    assert!(lines.try_recv().is_err(), "it was told again");
    let listener = soon(|| TcpListener::bind(address).map_err(|error| error.to_string()));
    serve(listener, 1);
    assert_eq!(said(), Said::Back);
    assert!(matches!(said(), Said::Reading(_)));
    let (protocol, figures) = sensing.figures().remove(0);
    assert_eq!((protocol.name(), figures.devices, figures.bad), ("nut", 1, 0));
    assert!(figures.readings >= 3);
    sensing.close();
}

#[test]
fn of_whom_a_former_run_has_told_it_is_not_told_again() {
    let room = Room::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (sensing, lines) = begin(&room, &ups("UPS-1", address), &["UPS-1"]);
    soon(|| match sensing.figures().first() {
        Some((_, figures)) if figures.failures >= 2 && figures.silent == 1 => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert!(lines.try_recv().is_err());
    sensing.close();
}

#[test]
fn a_device_that_hangs_holds_up_no_other() {
    let room = Room::new();
    // It takes connections and never says anything.
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let texts = [
        ups("H-1", hanging.local_addr().unwrap()),
        ups("H-2", hanging.local_addr().unwrap()),
        ups("UPS-1", listener.local_addr().unwrap()),
    ];
    let (sensing, lines) = begin(&room, &texts.concat(), &[]);
    let server = std::thread::spawn(move || serve(listener, 3));
    let mut heard = (BTreeSet::new(), 0);
    while heard.0.len() < 2 || heard.1 < 3 {
        let line = lines.recv_timeout(LIMIT).unwrap();
        match line.said {
            Said::Silent(why) if line.sensor.starts_with("H-") => {
                assert_eq!(why, "no answer within 1 s");
                assert!(heard.0.insert(line.sensor), "told twice");
            }
            Said::Reading(_) if line.sensor == "UPS-1" => heard.1 += 1,
            // Its server has gone.
            Said::Silent(_) if heard.1 == 3 => {}
            other => panic!("{} {other:?}", line.sensor),
        }
    }
    server.join().unwrap();
    sensing.close();
}

#[test]
fn where_lines_are_not_taken_nothing_is_read_any_more() {
    let room = Room::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (sensing, lines) = begin(&room, &ups("UPS-1", listener.local_addr().unwrap()), &[]);
    drop(lines);
    serve(listener, 1);
    let failed = soon(|| sensing.failed().map(str::to_owned).ok_or_else(|| "it goes on".to_owned()));
    assert_eq!(failed, "nobody takes them");
    sensing.close();
}
