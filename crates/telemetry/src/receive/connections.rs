//! A door for connections: a thread for each.
//!
//! Invariants: whoever does not speak what is spoken here is refused, counted, and hinders nobody; lines that were read
//! before are handed in.

use super::{Sorting, note, relp, stream, tls};
use crate::came::Came;
use crate::chunk::Chunk;
use crate::receiver::Acknowledge;
use model::{Clock, Instant};
use rustls::ServerConfig;
use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long is waited after a connection could not be taken.
const AGAIN: Duration = Duration::from_millis(100);
/// Connections at once; one more is closed as soon as it is made.
const MOST: usize = 1_024;

/// What is spoken over connections.
#[derive(Clone)]
pub enum Speech {
    /// Syslog as it is (RFC 6587).
    Plain,
    /// Syslog within TLS (RFC 5425), with the certificate that is shown and those that are asked for.
    Tls(Arc<ServerConfig>),
    /// RELP: each line is answered once it is durable.
    Relp,
}

/// A door for connections.
pub struct Connections {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    address: SocketAddr,
    speech: Speech,
    sorting: Sorting,
    clock: Arc<dyn Clock>,
    stopped: AtomicBool,
    next: AtomicU64,
    /// Those that are read, so that they can be ended.
    open: Mutex<BTreeMap<u64, TcpStream>>,
    refused: Mutex<Refused>,
}

/// Connections that were refused since the door was opened.
#[derive(Debug, Default, Clone)]
struct Refused {
    count: u64,
    /// How many of them are written among the lines.
    noted: u64,
    /// The last of them, and why.
    last: String,
}

/// Who is at the other end of a connection.
pub(super) struct Peer<'s> {
    address: SocketAddr,
    shared: &'s Shared,
}

impl Peer<'_> {
    /// A line that was read now.
    pub(super) fn came(&self) -> Came {
        Came::from_peer(self.now(), self.address)
    }

    /// Hands lines of it in; `acknowledge` is told once they are durable, or that they are not.
    pub(super) fn put(&self, chunk: Chunk, acknowledge: Option<Acknowledge>) -> Result<(), Chunk> {
        self.shared.sorting.of(chunk.came.address).put(chunk, acknowledge)
    }

    pub(super) fn now(&self) -> Instant {
        self.shared.clock.now()
    }
}

impl Speech {
    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plain => "tcp",
            Self::Tls(_) => "tls",
            Self::Relp => "relp",
        }
    }
}

impl Connections {
    /// Opens the door: lines of a peer go where `sorting` says at the time they come.
    ///
    /// # Errors
    /// The address cannot be had.
    pub fn open(
        address: SocketAddr,
        speech: Speech,
        sorting: Sorting,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let name = format!("syslog {}", speech.name());
        let shared = Arc::new(Shared {
            address,
            speech,
            sorting,
            clock,
            stopped: AtomicBool::new(false),
            next: AtomicU64::new(0),
            open: Mutex::default(),
            refused: Mutex::default(),
        });
        let there = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name(name).spawn(move || accept(&listener, &there))?;
        Ok(Self { shared, thread })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Connections that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.open().len()
    }

    /// Connections that were refused since the door was opened: one too many, a handshake that failed, what is no frame.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused().count
    }

    /// Writes among the lines that more connections were refused than before.
    pub fn look(&self) {
        self.shared.look();
    }

    /// Closes door and connections; what was read is handed in.
    pub fn close(self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for stream in self.shared.open().values() {
            let _ = stream.shutdown(Shutdown::Read);
        }
        // Whoever accepts is woken by one more connection.
        drop(TcpStream::connect(self.shared.address));
        let _ = self.thread.join();
        self.shared.look();
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, peer: SocketAddr, why: &str) {
        let mut refused = self.refused();
        refused.count += 1;
        refused.last = format!("{peer} {why}");
    }

    fn look(&self) {
        let Refused { count, noted, last } = {
            let mut refused = self.refused();
            let now = refused.clone();
            refused.noted = refused.count;
            now
        };
        if count > noted {
            let (name, more) = (self.speech.name(), count - noted);
            let text = format!("{name} {} refused={more} total={count} last={last}", self.address);
            let _ = self.sorting.own().put(note(self.clock.now(), &text), None);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            break;
        }
        threads.retain(|thread| !thread.is_finished());
        let Ok(stream) = stream else {
            // Mostly for want of descriptors, which come back as connections end.
            std::thread::park_timeout(AGAIN);
            continue;
        };
        let (Ok(peer), Ok(kept)) = (stream.peer_addr(), stream.try_clone()) else { continue };
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let mut open = shared.open();
        if open.len() >= MOST {
            drop(open);
            shared.refuse(peer, "too many connections");
            continue;
        }
        open.insert(number, kept);
        drop(open);
        if shared.stopped.load(Ordering::SeqCst) {
            // Whoever closes may have looked before it was there.
            let _ = stream.shutdown(Shutdown::Read);
        }
        let there = Arc::clone(shared);
        let spawned = std::thread::Builder::new().name("syslog peer".to_owned()).spawn(move || {
            if let Err(why) = serve(stream, &Peer { address: peer, shared: &there }) {
                there.refuse(peer, &why);
            }
            there.open().remove(&number);
        });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                shared.open().remove(&number);
                shared.refuse(peer, &error.to_string());
            }
        }
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Reads a connection to its end.
fn serve(connection: TcpStream, peer: &Peer<'_>) -> Result<(), String> {
    match &peer.shared.speech {
        Speech::Plain => stream::read(connection, peer),
        Speech::Tls(config) => {
            let shaken = tls::shaken(connection, config, peer);
            stream::read(shaken.map_err(|error| error.to_string())?, peer);
        }
        Speech::Relp => return relp::serve(&connection, peer),
    }
    Ok(())
}
