//! Chunks: lines that were read at once from one peer.
//!
//! What is received together is numbered, written, hashed and taken apart together, so that a line costs no more than its
//! bytes do.

use crate::came::{Came, part_number, part_of};
use crate::leb;
use lines::{LONGEST, Part};

/// Most lines of a chunk; it is cut there.
pub const MOST_LINES: usize = 4_096;
/// Bytes after which a chunk is handed on.
pub const ENOUGH_BYTES: usize = 1 << 20;

/// Lines that were read at once from one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// How they came.
    pub came: Came,
    /// Length times four, and which part.
    marks: Vec<u32>,
    bytes: Vec<u8>,
}

impl Chunk {
    /// Without lines.
    #[must_use]
    pub const fn new(came: Came) -> Self {
        Self { came, marks: Vec::new(), bytes: Vec::new() }
    }

    /// Without lines, with room for so many bytes of them.
    #[must_use]
    pub fn with_room(came: Came, bytes: usize) -> Self {
        let bytes = bytes.min(ENOUGH_BYTES);
        Self {
            came,
            marks: Vec::with_capacity((bytes / 128).min(MOST_LINES)),
            bytes: Vec::with_capacity(bytes),
        }
    }

    /// Adds a line, which is at most [`lines::LONGEST`] bytes.
    pub fn push(&mut self, line: &[u8], part: Part) {
        let length = u32::try_from(line.len()).unwrap_or(u32::MAX >> 2) & (u32::MAX >> 2);
        self.marks.push(length << 2 | u32::from(part_number(part)));
        self.bytes.extend_from_slice(line.get(..length as usize).unwrap_or(line));
    }

    /// Adds a line of any length, in pieces where it is too long for one.
    pub fn push_long(&mut self, line: &[u8]) {
        pieces(line).for_each(|(piece, part)| self.push(piece, part));
    }

    /// How many lines.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.marks.len()
    }

    /// Has it no line?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Is it time to hand it on?
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.marks.len() >= MOST_LINES || self.bytes.len() >= ENOUGH_BYTES
    }

    /// Bytes of all lines.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The lines.
    pub fn lines(&self) -> impl Iterator<Item = (&[u8], Part)> {
        let mut rest = self.bytes.as_slice();
        self.marks.iter().map(move |mark| {
            let (line, behind) = rest.split_at_checked((mark >> 2) as usize).unwrap_or((rest, &[]));
            rest = behind;
            (line, part_of((mark & 3) as u8).unwrap_or(Part::Whole))
        })
    }

    /// As the journal keeps it: the marks in LEB128, then the bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.marks.iter().for_each(|mark| leb::put(out, u64::from(*mark)));
        out.extend_from_slice(&self.bytes);
    }

    /// Reads what [`Chunk::write`] wrote; none where it is something else.
    pub(crate) fn read(came: Came, count: usize, bytes: &[u8]) -> Option<Self> {
        let (mut marks, mut rest, mut total) = (Vec::with_capacity(count.min(MOST_LINES)), bytes, 0);
        for _ in 0..count {
            let mark = u32::try_from(leb::take(&mut rest)?).ok()?;
            part_of((mark & 3) as u8)?;
            total += (mark >> 2) as usize;
            marks.push(mark);
        }
        (rest.len() == total).then(|| Self { came, marks, bytes: rest.to_vec() })
    }
}

/// A line, in pieces where it is too long for one.
pub(crate) fn pieces(line: &[u8]) -> impl Iterator<Item = (&[u8], Part)> {
    let count = line.len().div_ceil(LONGEST);
    line.chunks(LONGEST).enumerate().map(move |(nth, piece)| {
        let part = match nth + 1 == count {
            _ if count == 1 => Part::Whole,
            true => Part::Last,
            false => Part::Piece,
        };
        (piece, part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_come_in_pieces() {
        let line = vec![b'x'; 2 * LONGEST];
        let parts: Vec<_> = pieces(&line).map(|(piece, part)| (piece.len(), part)).collect();
        assert_eq!(parts, [(LONGEST, Part::Piece), (LONGEST, Part::Last)]);
        assert_eq!(pieces(b"x").collect::<Vec<_>>(), [(b"x".as_slice(), Part::Whole)]);
    }
}
