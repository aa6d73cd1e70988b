//! RELP: syslog whose sender is told of each line that it is kept.
//!
//! One thread reads and hands in, another answers in the order in which was asked.
//! Invariants: `200` is said of a line once the journal has made it durable, and of no other; of a line that was not
//! taken nothing is said, so that its sender keeps it; a frame that does not read ends the connection.
//! Source: the RELP specification, version 0.

use super::buffer::Buffer;
use super::connections::Peer;
use crate::chunk::Chunk;
use lines::RelpFrame;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::Duration;

/// Answers that may wait; nothing more is read meanwhile.
const WINDOW: usize = 64;
/// How long an answer may take to go.
const PATIENCE: Duration = Duration::from_secs(30);
/// What we offer.
const OFFERS: &str = "200 OK\nrelp_version=0\nrelp_software=Ward\ncommands=syslog";

/// An answer, when it can be given.
enum Answer {
    /// At once: to which transaction, what.
    Now(u32, &'static str),
    /// That the lines of these transactions are kept, once it is told that they are.
    Once(Vec<u32>, Receiver<Option<u64>>),
}

/// Why a connection ends.
enum Ended {
    /// Its sender wants it so, or does not answer any more, or nothing is taken any more.
    Quietly,
    /// It does not speak the protocol.
    Wrong(String),
}

/// Reads a connection to its end.
///
/// # Errors
/// Its sender does not speak the protocol, or there is no thread to answer: in words.
pub(super) fn serve(mut stream: &TcpStream, peer: &Peer<'_>) -> Result<(), String> {
    std::thread::scope(|scope| {
        let (answers, asked) = sync_channel(WINDOW);
        let name = "relp answers".to_owned();
        let answering =
            std::thread::Builder::new().name(name).spawn_scoped(scope, move || answer(stream, &asked));
        answering.map_err(|error| error.to_string())?;
        // With the session, whoever answers ends.
        let mut session = Session { peer, answers, open: false };
        let mut buffer = Buffer::default();
        loop {
            let Some(there) = buffer.fill(&mut stream) else { return Ok(()) };
            let mut rest = there;
            match session.take(&mut rest) {
                Ok(()) => {}
                Err(Ended::Quietly) => return Ok(()),
                Err(Ended::Wrong(why)) => return Err(why),
            }
            let left = rest.len();
            buffer.keep(left);
        }
    })
}

struct Session<'p> {
    peer: &'p Peer<'p>,
    answers: SyncSender<Answer>,
    /// Have we agreed on what is spoken?
    open: bool,
}

/// Lines that were read and not handed in yet, with their transactions.
struct Read {
    chunk: Chunk,
    numbers: Vec<u32>,
}

impl Session<'_> {
    /// Takes every frame that is there.
    fn take(&mut self, rest: &mut &[u8]) -> Result<(), Ended> {
        let mut read = self.nothing();
        loop {
            let frame = match RelpFrame::next(rest) {
                Ok(Some(frame)) => frame,
                Ok(None) => return self.hand_in(read),
                Err(broken) => {
                    // What came before it is taken.
                    self.hand_in(read)?;
                    return Err(Ended::Wrong(broken.to_string()));
                }
            };
            if self.open && frame.command == b"syslog" && !frame.data.is_empty() {
                read.chunk.push_long(frame.data);
                read.numbers.push(frame.number);
                if read.chunk.is_full() {
                    self.hand_in(std::mem::replace(&mut read, self.nothing()))?;
                }
            } else {
                self.hand_in(std::mem::replace(&mut read, self.nothing()))?;
                self.other(&frame)?;
            }
        }
    }

    /// Takes a frame that has no line.
    fn other(&mut self, frame: &RelpFrame<'_>) -> Result<(), Ended> {
        let answer = match (self.open, frame.command) {
            (false, b"open") => {
                check_offers(frame.data).map_err(Ended::Wrong)?;
                self.open = true;
                OFFERS
            }
            (true, b"close") => "",
            (true, b"syslog") => "200 OK",
            (true, _) => "500 unknown command",
            (false, _) => return Err(Ended::Wrong("a session that does not begin with open".to_owned())),
        };
        self.say(Answer::Now(frame.number, answer))?;
        if frame.command == b"close" { Err(Ended::Quietly) } else { Ok(()) }
    }

    fn nothing(&self) -> Read {
        Read { chunk: Chunk::new(self.peer.came()), numbers: Vec::new() }
    }

    fn hand_in(&self, read: Read) -> Result<(), Ended> {
        if read.chunk.is_empty() {
            return Ok(());
        }
        let (told, durable) = channel();
        let tell = Box::new(move |kept| {
            // Nobody waits any more where the connection has ended.
            let _ = told.send(kept);
        });
        self.peer.put(read.chunk, Some(tell)).map_err(|_| Ended::Quietly)?;
        self.say(Answer::Once(read.numbers, durable))
    }

    fn say(&self, answer: Answer) -> Result<(), Ended> {
        self.answers.send(answer).map_err(|_| Ended::Quietly)
    }
}

/// Can we speak what is offered?
fn check_offers(data: &[u8]) -> Result<(), String> {
    let offer = |name: &str| {
        data.split(|byte| *byte == b'\n')
            .find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    };
    if offer("relp_version").is_none() {
        return Err("no version of RELP is offered".to_owned());
    }
    match offer("commands") {
        Some(commands) if !commands.split(|byte| *byte == b',').any(|command| command == b"syslog") => {
            Err("the command syslog is not offered".to_owned())
        }
        _ => Ok(()),
    }
}

/// Answers until nobody asks any more, or what was asked for cannot be done; then the connection ends.
fn answer(mut stream: &TcpStream, asked: &Receiver<Answer>) {
    let _ = stream.set_write_timeout(Some(PATIENCE));
    let mut out = String::new();
    while let Ok(answer) = asked.recv() {
        out.clear();
        match answer {
            Answer::Now(number, said) => frame(&mut out, number, said),
            Answer::Once(numbers, durable) => {
                if !matches!(durable.recv(), Ok(Some(_))) {
                    break;
                }
                numbers.into_iter().for_each(|number| frame(&mut out, number, "200 OK"));
            }
        }
        if stream.write_all(out.as_bytes()).is_err() {
            break;
        }
    }
    let _ = stream.write_all(b"0 serverclose 0\n");
    let _ = stream.shutdown(Shutdown::Both);
}

/// Writes an answer. What has no data has no blank before it, either.
fn frame(out: &mut String, number: u32, said: &str) {
    let blank = if said.is_empty() { "" } else { " " };
    let _ = writeln!(out, "{number} rsp {}{blank}{said}", said.len());
}
