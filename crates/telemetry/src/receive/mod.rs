//! Receiving: sockets whose lines go into a receiver.
//!
//! Every line that was read from a connection is handed in; where the receiver cannot keep up, a connection is read more
//! slowly, and the kernel slows its sender down. A datagram has no such way: the kernel drops what does not fit, and how
//! many it dropped is written among the lines ([`note`]).
//! Lines of whom nobody has registered go into a receiver of their own ([`Sorting`]): kept, and kept apart.
//! Source: RFC 5426 (UDP), RFC 6587 (TCP).

mod sorting;

mod tcp;
mod udp;

pub use sorting::Sorting;
pub use tcp::Tcp;
pub use udp::Udp;

use crate::came::Came;
use crate::chunk::Chunk;
use lines::Part;
use model::Instant;

/// Bytes read at once.
const READ: usize = 256 << 10;

/// A line of Ward's own among those received: who reads them is to know what is missing.
#[must_use]
pub fn note(now: Instant, text: &str) -> Chunk {
    let mut chunk = Chunk::new(Came::from_file(now));
    let time = now.to_text();
    let time = String::from_utf8_lossy(&time);
    chunk.push(format!("<45>1 {time} - ward - note - {text}").as_bytes(), Part::Whole);
    chunk
}
