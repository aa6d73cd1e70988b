//! Syslog over a stream, plain or within TLS.

use super::buffer::Buffer;
use super::connections::Peer;
use crate::chunk::Chunk;
use lines::Framer;
use std::io::Read;

/// Reads a stream to its end.
pub(super) fn read(mut stream: impl Read, peer: &Peer<'_>) {
    let (mut framer, mut buffer) = (Framer::default(), Buffer::default());
    while let Some(there) = buffer.fill(&mut stream) {
        let came = peer.came();
        let (mut rest, mut chunk) = (there, Chunk::with_room(came, there.len()));
        while let Some(frame) = framer.next(&mut rest) {
            chunk.push(frame.bytes, frame.part);
            if chunk.is_full() {
                let full = std::mem::replace(&mut chunk, Chunk::with_room(came, rest.len()));
                if peer.put(full, None).is_err() {
                    return;
                }
            }
        }
        if !chunk.is_empty() && peer.put(chunk, None).is_err() {
            return;
        }
        let left = rest.len();
        buffer.keep(left);
    }
    // What came last without its end is a line, too.
    if let Some(frame) = framer.end(buffer.rest()) {
        let mut chunk = Chunk::new(peer.came());
        chunk.push(frame.bytes, frame.part);
        let _ = peer.put(chunk, None);
    }
}
