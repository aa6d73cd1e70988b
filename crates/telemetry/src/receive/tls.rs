//! Syslog within TLS: the handshake, within a time.
//!
//! Source: RFC 5425; RFC 8446.

use super::connections::Peer;
use model::Instant;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Shakes hands; gives what is then read from.
///
/// # Errors
/// It did not come to its end: in words.
pub(super) fn shaken(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
    peer: &Peer<'_>,
) -> io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let mut connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    stream.set_write_timeout(Some(HANDSHAKE))?;
    let mut within = Within { stream: &stream, peer, until: peer.now().plus(HANDSHAKE) };
    connection.complete_io(&mut within).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => io::Error::other("no handshake in time"),
        _ => error,
    })?;
    stream.set_read_timeout(None)?;
    Ok(StreamOwned::new(connection, stream))
}

/// A stream that is read until a moment.
struct Within<'s> {
    stream: &'s TcpStream,
    peer: &'s Peer<'s>,
    until: Instant,
}

impl Read for Within<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.until.as_micros() - self.peer.now().as_micros();
        let left = u64::try_from(left).ok().filter(|left| *left > 0).ok_or(ErrorKind::TimedOut)?;
        self.stream.set_read_timeout(Some(Duration::from_micros(left)))?;
        self.stream.read(bytes)
    }
}

impl Write for Within<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
