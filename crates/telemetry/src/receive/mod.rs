//! Receiving: sockets, and files that grow, whose lines go into a receiver.
//!
//! Every line that was read from a connection is handed in; where the receiver cannot keep up, a connection is read more
//! slowly, and the kernel slows its sender down. A datagram has no such way: the kernel drops what does not fit, and how
//! many it dropped is written among the lines ([`note`]), as is how many connections were refused.
//! Lines of whom nobody has registered go into a receiver of their own ([`Sorting`]): kept, and kept apart.
//! Source: RFC 5425 (TLS), RFC 5426 (UDP), RFC 6587 (TCP), RELP.

mod files;
mod flows;
mod journald;
mod names;
mod pattern;
mod place;
mod sorting;
mod udp;

mod buffer;
mod connections;
mod handed;
mod relp;
mod stream;
mod tls;

pub use connections::{Connections, Speech};
pub use files::{Files, Follower};
pub use flows::Flows;
pub use handed::{chunks, hand_in};
pub use journald::Journald;
pub use names::{names_of, names_path};
pub use pattern::Pattern;
pub use place::place_path;
pub use sorting::Sorting;
pub use udp::Udp;

use crate::came::Came;
use crate::chunk::Chunk;
use lines::Part;
use model::Instant;

/// A line of Ward's own among those received: who reads them is to know what is missing.
#[must_use]
pub fn note(now: Instant, text: &str) -> Chunk {
    let mut chunk = Chunk::new(Came::from_file(now));
    chunk.push(&note_line(now, text), Part::Whole);
    chunk
}

/// The same, to stand among others.
fn note_line(now: Instant, text: &str) -> Vec<u8> {
    let (time, text) = (now.to_text(), text.replace(char::is_control, "\u{fffd}"));
    format!("<45>1 {} - ward - note - {text}", String::from_utf8_lossy(&time)).into_bytes()
}
