//! Syslog over UDP: a datagram is a line, or several.
//!
//! Two sockets share the address; the kernel gives each sender to one of them, so that the lines of a sender keep their
//! order. What waits at a socket is taken at once.
//! Source: RFC 5426; `socket(7)`, `recvmmsg(2)`.

use super::{Sorting, note};
use crate::came::Came;
use crate::chunk::Chunk;
use lines::{LONGEST, Part};
use model::Clock;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::io::IoSliceMut;
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a reading waits before it is looked whether to stop.
const WAIT: Duration = Duration::from_millis(200);
/// Bytes the kernel is asked to keep for us, a socket.
const BUFFER: usize = 32 << 20;
/// Sockets that share an address.
const SOCKETS: usize = 2;
/// Datagrams that are taken at once.
const AT_ONCE: usize = 64;

/// A door for datagrams.
pub struct Udp {
    address: SocketAddr,
    /// Inodes of its sockets, by which the kernel lists them.
    sockets: Vec<u64>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
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
        let sockets = sockets(address)?;
        let address = sockets.first().map_or(Ok(address), UdpSocket::local_addr)?;
        let inodes = sockets.iter().map(inode).collect::<std::io::Result<Vec<u64>>>()?;
        let shared = Arc::new(Shared {
            sorting,
            clock,
            stopped: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            failed: OnceLock::new(),
        });
        let mut door = Self { address, sockets: inodes, shared, threads: Vec::new() };
        for socket in sockets {
            let there = Arc::clone(&door.shared);
            let thread = std::thread::Builder::new().name("syslog udp".to_owned());
            let spawned = thread.spawn(move || {
                if let Err(error) = read(&socket, &there) {
                    let _ = there.failed.set(error.to_string());
                }
            });
            match spawned {
                Ok(thread) => door.threads.push(thread),
                Err(error) => {
                    door.close();
                    return Err(error);
                }
            }
        }
        Ok(door)
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
        let Some(dropped) = dropped(self.address, &self.sockets) else { return };
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
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// Sockets that share an address. The first takes it for itself, so that nobody else has it already.
fn sockets(mut address: SocketAddr) -> std::io::Result<Vec<UdpSocket>> {
    let mut sockets: Vec<UdpSocket> = Vec::with_capacity(SOCKETS);
    while sockets.len() < SOCKETS {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let socket = rustix::net::socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
        if !sockets.is_empty() {
            sockopt::set_socket_reuseport(&socket, true)?;
        }
        rustix::net::bind(&socket, &address)?;
        sockopt::set_socket_reuseport(&socket, true)?;
        // The kernel gives what it may (`net.core.rmem_max`), which is no reason not to begin.
        let _ = sockopt::set_socket_recv_buffer_size(&socket, BUFFER);
        let socket = UdpSocket::from(socket);
        socket.set_read_timeout(Some(WAIT))?;
        address = socket.local_addr()?;
        sockets.push(socket);
    }
    Ok(sockets)
}

/// Takes datagrams until it is told to stop. Those that are there at once and of one sender make a chunk.
fn read(socket: &UdpSocket, shared: &Shared) -> std::io::Result<()> {
    let mut buffer = vec![0; AT_ONCE * LONGEST];
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(AT_ONCE, None);
    let mut open: Option<(SocketAddr, Chunk)> = None;
    let hand_in = |open: &mut Option<(SocketAddr, Chunk)>| match open.take() {
        Some((_, chunk)) if !chunk.is_empty() => {
            shared.sorting.of(chunk.came.address).put(chunk, None).is_ok()
        }
        _ => true,
    };
    loop {
        let mut slices: Vec<_> = buffer.chunks_mut(LONGEST).map(|slice| [IoSliceMut::new(slice)]).collect();
        // With a chunk begun, only what is there already is added.
        let waits = open.is_none();
        let flags = if waits { MsgFlags::MSG_WAITFORONE } else { MsgFlags::MSG_DONTWAIT };
        let received = match recvmmsg(socket.as_raw_fd(), &mut headers, slices.iter_mut(), flags, None) {
            Ok(received) => received,
            Err(Errno::EAGAIN | Errno::EINTR) => {
                if !hand_in(&mut open) || (waits && shared.stopped.load(Ordering::SeqCst)) {
                    return Ok(());
                }
                continue;
            }
            // An answer of a peer that is not there says nothing about the next datagram.
            Err(Errno::ECONNREFUSED) => continue,
            Err(error) => return Err(error.into()),
        };
        let (now, mut count) = (shared.clock.now(), 0);
        for datagram in received {
            count += 1;
            let Some(peer) = datagram.address.as_ref().and_then(sender) else { continue };
            if open.as_ref().is_some_and(|(of, chunk)| *of != peer || chunk.is_full()) && !hand_in(&mut open)
            {
                return Ok(());
            }
            let (_, chunk) = open.get_or_insert_with(|| (peer, Chunk::new(Came::from_peer(now, peer))));
            for line in datagram.iovs().flat_map(|bytes| bytes.split(|byte| *byte == b'\n')) {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if !line.is_empty() {
                    chunk.push(line, Part::Whole);
                }
            }
        }
        // Where all room was taken, there may be more at once.
        if count < AT_ONCE && !hand_in(&mut open) {
            return Ok(());
        }
    }
}

/// By what the kernel lists a socket.
pub(super) fn inode(socket: &UdpSocket) -> std::io::Result<u64> {
    Ok(rustix::fs::fstat(socket)?.st_ino)
}

/// Who sent a datagram.
fn sender(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = || address.as_sockaddr_in().map(|address| SocketAddrV4::from(*address).into());
    v4().or_else(|| address.as_sockaddr_in6().map(|address| SocketAddrV6::from(*address).into()))
}

/// How many datagrams for these sockets the kernel has dropped, by its table of sockets.
pub(super) fn dropped(address: SocketAddr, sockets: &[u64]) -> Option<u64> {
    let table = match address {
        SocketAddr::V4(_) => "/proc/net/udp",
        SocketAddr::V6(_) => "/proc/net/udp6",
    };
    counted(&std::fs::read_to_string(table).ok()?, sockets)
}

/// The drops of sockets, by their inodes; none unless all of them are in the table.
fn counted(table: &str, sockets: &[u64]) -> Option<u64> {
    let rows = table.lines().skip(1).map(str::split_ascii_whitespace).map(Iterator::collect::<Vec<_>>);
    let ours = rows.filter(|row| {
        row.get(INODE).and_then(|inode| inode.parse().ok()).is_some_and(|inode| sockets.contains(&inode))
    });
    let drops: Vec<u64> = ours.filter_map(|row| row.last()?.parse().ok()).collect();
    (drops.len() == sockets.len()).then(|| drops.into_iter().sum())
}

/// Which word of a row of the table names the socket's inode.
const INODE: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_read_from_the_table_of_sockets() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            \x20 123: 00000000:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 21 2 0 17\n\
            \x20 124: 00000000:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 22 2 0 5\n\
            \x20 125: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 23 2 0 9\n";
        assert_eq!(counted(table, &[21, 22]), Some(22));
        assert_eq!(counted(table, &[23]), Some(9));
        assert_eq!(counted(table, &[21, 24]), None);
    }

    #[test]
    fn an_address_that_somebody_has_is_not_shared() {
        let somebody = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(sockets(somebody.local_addr().unwrap()).is_err());
        let ours = sockets("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_eq!(ours.len(), SOCKETS);
        let at = ours[0].local_addr().unwrap();
        assert!(ours.iter().all(|socket| socket.local_addr().unwrap() == at));
        assert!(UdpSocket::bind(at).is_err());
        assert!(sockets(at).is_err());
    }
}
