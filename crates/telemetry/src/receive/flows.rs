//! NetFlow and IPFIX over UDP: each datagram is kept as it came, and each record in it becomes a line.
//!
//! Datagrams go into a receiver of their own, and what was read of them into another once they are durable there: so that
//! whatever is said of a flow can be read again from what the exporter sent. Where the process is killed in between, the
//! datagram is there and its lines are not.

use super::note_line;
use super::sorting::Sorting;
use super::udp::{dropped, inode};
use crate::came::Came;
use crate::chunk::Chunk;
use crate::gaps::Gaps;
use crate::peers::MOST;
use lines::flow::{Decoder, Figures};
use lines::{LONGEST, Part};
use model::Clock;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a reading waits before it is looked whether to stop.
const WAIT: Duration = Duration::from_millis(200);
/// Bytes the kernel is asked to keep for us.
const BUFFER: usize = 32 << 20;

/// A door for flows.
pub struct Flows {
    address: SocketAddr,
    /// Inode of its socket, by which the kernel lists it.
    socket: u64,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    /// Where datagrams go, and where lines do.
    raw: Sorting,
    lines: Sorting,
    clock: Arc<dyn Clock>,
    stopped: AtomicBool,
    figures: Mutex<Figures>,
    /// What is missing of each exporter by its own numbers.
    gaps: Mutex<HashMap<Ipv6Addr, Gaps>>,
    /// Datagrams that the kernel dropped for want of room.
    dropped: AtomicU64,
    /// Why nothing is read any more.
    failed: OnceLock<String>,
}

impl Flows {
    /// Opens the door: `raw` takes the datagrams, `lines` what is read of them.
    ///
    /// # Errors
    /// The address cannot be had.
    pub fn open(
        address: SocketAddr,
        raw: Sorting,
        lines: Sorting,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        // The kernel gives what it may (`net.core.rmem_max`), which is no reason not to begin.
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, BUFFER);
        socket.set_read_timeout(Some(WAIT))?;
        let (address, listed) = (socket.local_addr()?, inode(&socket)?);
        let shared = Arc::new(Shared {
            raw,
            lines,
            clock,
            stopped: AtomicBool::new(false),
            figures: Mutex::default(),
            gaps: Mutex::default(),
            dropped: AtomicU64::new(0),
            failed: OnceLock::new(),
        });
        let there = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("flows".to_owned()).spawn(move || {
            let (done, last) = channel();
            let mut reading = Reading { shared: &there, decoders: Default::default(), chunks: None, done };
            if let Err(error) = reading.run(&socket) {
                let _ = there.failed.set(error.to_string());
            }
            // Lines are handed in behind their datagrams; nobody says more than that by ending.
            drop(reading);
            let _ = last.recv();
        })?;
        Ok(Self { address, socket: listed, shared, thread })
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Counts since the door was opened.
    #[must_use]
    pub fn figures(&self) -> Figures {
        *self.shared.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is missing of each exporter by its own numbers since the door was opened; of a datagram that has a number it
    /// counts as one that is numbered. No more are told apart than peers of a receiver are.
    #[must_use]
    pub fn gaps(&self) -> HashMap<Ipv6Addr, Gaps> {
        self.shared.gaps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Datagrams that the kernel dropped since the door was opened, as far as it was asked ([`Flows::look`]).
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::SeqCst)
    }

    /// Why nothing is read any more; none while it is.
    #[must_use]
    pub fn failed(&self) -> Option<&str> {
        self.shared.failed.get().map(String::as_str)
    }

    /// Asks the kernel how many datagrams it has dropped, and writes among the lines that there are more than before.
    pub fn look(&self) {
        let Some(dropped) = dropped(self.address, &[self.socket]) else { return };
        let before = self.shared.dropped.swap(dropped, Ordering::SeqCst);
        if dropped > before {
            let text = format!("flows udp {} dropped={} total={dropped}", self.address, dropped - before);
            let _ = self.shared.lines.own().put(super::note(self.shared.clock.now(), &text), None);
        }
    }

    /// Closes the door; what was read is handed in.
    pub fn close(self) {
        self.look();
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = self.thread.join();
    }
}

impl Shared {
    /// Counts what is missing in front of a datagram of an exporter.
    fn count(&self, exporter: Ipv6Addr, read: &Gaps) {
        let mut gaps = self.gaps.lock().unwrap_or_else(PoisonError::into_inner);
        if read.numbered > 0 && (gaps.len() < MOST || gaps.contains_key(&exporter)) {
            gaps.entry(exporter).or_default().add(read);
        }
    }
}

/// What the thread works with.
struct Reading<'s> {
    shared: &'s Shared,
    /// What is remembered of exporters that are known, and of others: so that these take no room from those.
    decoders: [Decoder; 2],
    /// Datagrams of one sender that came together, and their lines.
    chunks: Option<(SocketAddr, Chunk, Chunk)>,
    /// Whoever holds one has lines to hand in.
    done: Sender<()>,
}

impl Reading<'_> {
    /// Takes datagrams until it is told to stop.
    fn run(&mut self, socket: &UdpSocket) -> std::io::Result<()> {
        let mut buffer = vec![0; LONGEST];
        loop {
            // With a chunk begun, only what is there already is added.
            let waits = self.chunks.is_none();
            socket.set_nonblocking(!waits)?;
            match socket.recv_from(&mut buffer) {
                Ok((length, peer)) => self.take(peer, buffer.get(..length).unwrap_or_default())?,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                        self.hand_in()?;
                        if waits && self.shared.stopped.load(Ordering::SeqCst) {
                            return Ok(());
                        }
                    }
                    // An answer of a peer that is not there says nothing about the next datagram.
                    ErrorKind::ConnectionRefused => {}
                    _ => return Err(error),
                },
            }
        }
    }

    fn take(&mut self, peer: SocketAddr, datagram: &[u8]) -> std::io::Result<()> {
        let now = self.shared.clock.now();
        let together = |(sender, raw, lines): &(SocketAddr, Chunk, Chunk)| {
            *sender == peer && !raw.is_full() && !lines.is_full()
        };
        if !self.chunks.as_ref().is_some_and(together) {
            self.hand_in()?;
        }
        let new = || (peer, Chunk::new(Came::from_peer(now, peer)), Chunk::new(Came::from_peer(now, peer)));
        let (_, raw, lines) = self.chunks.get_or_insert_with(new);
        raw.push(datagram, Part::Whole);
        let [known, others] = &mut self.decoders;
        let is_known = self.shared.lines.know(lines.came.address);
        let before = known.figures() + others.figures();
        let read = if is_known { known.read(peer, datagram) } else { others.read(peer, datagram) };
        let figures = known.figures() + others.figures();
        read.lines.iter().for_each(|line| lines.push_long(line));
        read.notes.iter().for_each(|note| lines.push_long(&note_line(now, note)));
        *self.shared.figures.lock().unwrap_or_else(PoisonError::into_inner) = figures;
        let missing = figures.missing - before.missing;
        // What has waited may be found broken as well.
        let numbered = (figures.datagrams - before.datagrams).saturating_sub(figures.broken - before.broken);
        let read = Gaps { numbered, found: u64::from(missing > 0), missing, ..Gaps::default() };
        self.shared.count(lines.came.address, &read);
        Ok(())
    }

    /// Hands in the datagrams, and behind them their lines.
    fn hand_in(&mut self) -> std::io::Result<()> {
        let Some((_, raw, lines)) = self.chunks.take() else { return Ok(()) };
        let (sender, done) = (raw.came.address, self.done.clone());
        let intake = self.shared.lines.of(sender).clone();
        let behind = Box::new(move |first: Option<u64>| {
            if first.is_some() && !lines.is_empty() {
                // A receiver that has stopped is told of by the beat.
                let _ = intake.put(lines, None);
            }
            drop(done);
        });
        self.shared
            .raw
            .of(sender)
            .put(raw, Some(behind))
            .map_err(|_| std::io::Error::other("datagrams are not taken any more"))
    }
}
