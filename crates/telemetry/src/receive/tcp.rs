//! Syslog over TCP: a thread for each connection.

use super::{READ, Sorting};
use crate::came::Came;
use crate::chunk::Chunk;
use lines::Framer;
use model::{Clock, Instant};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long is waited after a connection could not be taken.
const AGAIN: Duration = Duration::from_millis(100);
/// Connections at once; one more is closed as soon as it is made.
const MOST: usize = 1_024;

/// A door for connections.
pub struct Tcp {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    sorting: Sorting,
    clock: Arc<dyn Clock>,
    stopped: AtomicBool,
    next: AtomicU64,
    /// Those that are read, so that they can be ended.
    open: Mutex<BTreeMap<u64, TcpStream>>,
}

impl Tcp {
    /// Opens the door: lines of a peer go where `sorting` says at the time they come.
    ///
    /// # Errors
    /// The address cannot be had.
    pub fn open(address: SocketAddr, sorting: Sorting, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            sorting,
            clock,
            stopped: AtomicBool::new(false),
            next: AtomicU64::new(0),
            open: Mutex::default(),
        });
        let there = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("syslog tcp".to_owned())
            .spawn(move || accept(&listener, &there))?;
        Ok(Self { address, shared, thread })
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.open().len()
    }

    /// Closes door and connections; what was read is handed in.
    pub fn close(self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for stream in self.shared.open().values() {
            let _ = stream.shutdown(Shutdown::Read);
        }
        // Whoever accepts is woken by one more connection.
        drop(TcpStream::connect(self.address));
        let _ = self.thread.join();
    }
}

impl Shared {
    fn open(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands lines in.
    fn put(&self, chunk: Chunk) -> Result<(), Chunk> {
        self.sorting.of(chunk.came.address).put(chunk, None)
    }

    fn now(&self) -> Instant {
        self.clock.now()
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
            continue;
        }
        open.insert(number, kept);
        drop(open);
        let there = Arc::clone(shared);
        let spawned = std::thread::Builder::new().name("syslog peer".to_owned()).spawn(move || {
            read(stream, peer, &there);
            there.open().remove(&number);
        });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(_) => drop(shared.open().remove(&number)),
        }
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Reads a connection to its end.
fn read(mut stream: TcpStream, peer: SocketAddr, shared: &Shared) {
    let (mut framer, mut buffer, mut kept) = (Framer::default(), vec![0; READ], 0);
    loop {
        if buffer.len() - kept < READ / 4 {
            buffer.resize(buffer.len() + READ, 0);
        }
        let read = stream.read(buffer.get_mut(kept..).unwrap_or_default());
        let came = Came::from_peer(shared.now(), peer);
        let count = match read {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        let there = buffer.get(..kept + count).unwrap_or_default();
        let (mut rest, mut chunk) = (there, Chunk::with_room(came, there.len()));
        while let Some(frame) = framer.next(&mut rest) {
            chunk.push(frame.bytes, frame.part);
            if chunk.is_full() {
                let full = std::mem::replace(&mut chunk, Chunk::with_room(came, rest.len()));
                if shared.put(full).is_err() {
                    return;
                }
            }
        }
        if !chunk.is_empty() && shared.put(chunk).is_err() {
            return;
        }
        let (from, left) = (there.len() - rest.len(), rest.len());
        buffer.copy_within(from..from + left, 0);
        kept = left;
    }
    // What came last without its end is a line, too.
    if let Some(frame) = framer.end(buffer.get(..kept).unwrap_or_default()) {
        let mut chunk = Chunk::new(Came::from_peer(shared.now(), peer));
        chunk.push(frame.bytes, frame.part);
        let _ = shared.put(chunk);
    }
}
