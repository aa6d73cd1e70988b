//! Syslog over UDP: a datagram is a line, or several.

use super::{Sorting, note};
use crate::came::Came;
use crate::chunk::Chunk;
use lines::{LONGEST, Part};
use model::Clock;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a reading waits before it is looked whether to stop.
const WAIT: Duration = Duration::from_millis(200);
/// Bytes the kernel is asked to keep for us.
const BUFFER: usize = 32 << 20;

/// A door for datagrams.
pub struct Udp {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

struct Shared {
    sorting: Sorting,
    clock: Arc<dyn Clock>,
    stopped: AtomicBool,
    /// Datagrams that the kernel dropped for want of room.
    dropped: AtomicU64,
    /// Why nothing is read any more.
    failed: OnceLock<String>,
}

impl Udp {
    /// Opens the door: lines of a peer go where `sorting` says at the time they come.
    ///
    /// # Errors
    /// The address cannot be had.
    pub fn open(address: SocketAddr, sorting: Sorting, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        // The kernel gives what it may (`net.core.rmem_max`), which is no reason not to begin.
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, BUFFER);
        socket.set_read_timeout(Some(WAIT))?;
        let address = socket.local_addr()?;
        let shared = Arc::new(Shared {
            sorting,
            clock,
            stopped: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            failed: OnceLock::new(),
        });
        let there = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("syslog udp".to_owned()).spawn(move || read(&socket, &there))?;
        Ok(Self { address, shared, thread })
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Datagrams that the kernel dropped since the door was opened, as far as it was asked ([`Udp::look`]).
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
        let Some(dropped) = dropped(self.address) else { return };
        let before = self.shared.dropped.swap(dropped, Ordering::SeqCst);
        if dropped > before {
            let text = format!("udp {} dropped={} total={dropped}", self.address, dropped - before);
            let _ = self.shared.sorting.own().put(note(self.shared.clock.now(), &text), None);
        }
    }

    /// Closes the door; what was read is handed in.
    pub fn close(self) {
        self.look();
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = self.thread.join();
    }
}

/// Takes datagrams until it is told to stop. Those that are there at once and of one sender make a chunk.
fn read(socket: &UdpSocket, shared: &Shared) {
    let mut buffer = vec![0; LONGEST];
    let mut chunk: Option<(SocketAddr, Chunk)> = None;
    let hand_in = |chunk: &mut Option<(SocketAddr, Chunk)>| match chunk.take() {
        Some((_, chunk)) => shared.sorting.of(chunk.came.address).put(chunk, None).is_ok(),
        None => true,
    };
    loop {
        // With a chunk begun, only what is there already is added.
        let waits = chunk.is_none();
        if let Err(error) = socket.set_nonblocking(!waits) {
            let _ = shared.failed.set(error.to_string());
            return;
        }
        match socket.recv_from(&mut buffer) {
            Ok((length, peer)) => {
                let now = shared.clock.now();
                let same = chunk.as_ref().is_some_and(|(sender, chunk)| *sender == peer && !chunk.is_full());
                if !same && !hand_in(&mut chunk) {
                    return;
                }
                let (_, chunk) = chunk.get_or_insert_with(|| (peer, Chunk::new(Came::from_peer(now, peer))));
                for line in buffer.get(..length).unwrap_or_default().split(|byte| *byte == b'\n') {
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    if !line.is_empty() {
                        chunk.push(line, Part::Whole);
                    }
                }
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) =>
            {
                if !hand_in(&mut chunk) || (waits && shared.stopped.load(Ordering::SeqCst)) {
                    return;
                }
            }
            // An answer of a peer that is not there says nothing about the next datagram.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => {
                let _ = shared.failed.set(error.to_string());
                return;
            }
        }
    }
}

/// How many datagrams for an address of this machine the kernel has dropped, by its table of sockets.
pub(super) fn dropped(address: SocketAddr) -> Option<u64> {
    let table = match address {
        SocketAddr::V4(_) => "/proc/net/udp",
        SocketAddr::V6(_) => "/proc/net/udp6",
    };
    counted(&std::fs::read_to_string(table).ok()?, address.port())
}

/// The drops of the sockets at this port.
fn counted(table: &str, port: u16) -> Option<u64> {
    let port = format!("{port:04X}");
    let rows = table.lines().skip(1).map(str::split_ascii_whitespace).map(Iterator::collect::<Vec<_>>);
    let ours = rows
        .filter(|row| row.get(1).and_then(|local| local.split_once(':')).is_some_and(|(_, at)| at == port));
    let drops: Vec<u64> = ours.filter_map(|row| row.last()?.parse().ok()).collect();
    (!drops.is_empty()).then(|| drops.into_iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_read_from_the_table_of_sockets() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            \x20 123: 00000000:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 21 2 0 17\n\
            \x20 124: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 22 2 0 5\n";
        assert_eq!(counted(table, 514), Some(17));
        assert_eq!(counted(table, 53), Some(5));
        assert_eq!(counted(table, 80), None);
    }
}
