//! Framing: where one message ends and the next begins in a stream of bytes.
//!
//! Owns: octet counting and line ends, told apart for each message; a bound on the length.
//! Invariant: every byte of the stream is in exactly one message, or is a count or a line end; nothing is dropped: what is
//! longer than the bound comes in pieces that say so. How the stream was cut when it came makes no difference.
//! Source: RFC 6587 §3.4.1 (octet counting), §3.4.2 (non-transparent framing), RFC 5425 §4.3.

use memchr::memchr;

/// Longest message, in bytes, that is kept in one piece, unless another bound is given.
pub const LONGEST: usize = 65_536;
/// Most digits of a count.
const DIGITS: usize = 7;

/// A message within a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'b> {
    /// Its bytes, without count and line end.
    pub bytes: &'b [u8],
    /// Is it the whole message, and if not, which piece?
    pub part: Part,
}

/// Which part of a message a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// A piece of one that is longer than the bound; more follows.
    Piece,
    /// The last piece of such a one.
    Last,
}

/// Cuts one stream into messages; it holds what is known between two readings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framer {
    state: State,
    /// So many bytes of what is there were looked through without finding an end.
    seen: usize,
    longest: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a message.
    Start,
    /// Within a counted one that came in pieces: so many bytes are still to come.
    Counted(usize),
    /// Within one that ends with its line, of which pieces were given.
    Line,
}

impl Default for Framer {
    fn default() -> Self {
        Self::new(LONGEST)
    }
}

impl Framer {
    /// At the beginning of a stream whose messages are cut into pieces of `longest` bytes; at least one.
    #[must_use]
    pub const fn new(longest: usize) -> Self {
        Self { state: State::Start, seen: 0, longest: if longest == 0 { 1 } else { longest } }
    }

    /// The next message of `stream`, which is moved on behind it. None: more bytes are needed. Whoever calls keeps what is
    /// left of the stream in front of what comes next.
    pub fn next<'b>(&mut self, stream: &mut &'b [u8]) -> Option<Frame<'b>> {
        match self.state {
            State::Start => self.start(stream),
            State::Counted(left) => self.counted(stream, 0, left, Part::Last),
            State::Line => self.line(stream, Part::Last),
        }
    }

    /// What is left when the stream ends: a message without its end.
    #[must_use]
    pub fn end<'b>(&mut self, stream: &'b [u8]) -> Option<Frame<'b>> {
        let part = if self.state == State::Start { Part::Whole } else { Part::Last };
        *self = Self::new(self.longest);
        let bytes = without_return(stream);
        (!bytes.is_empty()).then_some(Frame { bytes, part })
    }

    fn start<'b>(&mut self, stream: &mut &'b [u8]) -> Option<Frame<'b>> {
        // Some senders end their counted messages with a line end as well; empty lines are no messages.
        loop {
            match stream {
                [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => *stream = rest,
                [] | [b'\r'] => return None,
                _ => break,
            }
        }
        match count(stream) {
            Count::Of { bytes, at } => self.counted(stream, at, bytes, Part::Whole),
            Count::Perhaps => None,
            Count::None => self.line(stream, Part::Whole),
        }
    }

    /// A counted message, or what is left of one, behind the `at` bytes of its count.
    fn counted<'b>(
        &mut self,
        stream: &mut &'b [u8],
        at: usize,
        bytes: usize,
        last: Part,
    ) -> Option<Frame<'b>> {
        let (length, part, then) = if bytes > self.longest {
            (self.longest, Part::Piece, State::Counted(bytes - self.longest))
        } else {
            (bytes, last, State::Start)
        };
        let (found, rest) = stream.get(at..)?.split_at_checked(length)?;
        self.state = then;
        *stream = rest;
        Some(Frame { bytes: found, part })
    }

    fn line<'b>(&mut self, stream: &mut &'b [u8], last: Part) -> Option<Frame<'b>> {
        // One byte more than the bound: a line of just that length may end there.
        let within = stream.get(..=self.longest).unwrap_or(stream);
        let seen = self.seen.min(within.len());
        let Some(end) = within.get(seen..).and_then(|fresh| memchr(b'\n', fresh)) else {
            let Some((piece, rest)) = stream.split_at_checked(self.longest).filter(|cut| !cut.1.is_empty())
            else {
                self.seen = within.len();
                return None;
            };
            (self.state, self.seen) = (State::Line, 0);
            *stream = rest;
            return Some(Frame { bytes: piece, part: Part::Piece });
        };
        let (found, rest) = stream.split_at_checked(seen + end)?;
        (self.state, self.seen) = (State::Start, 0);
        *stream = rest.get(1..).unwrap_or_default();
        Some(Frame { bytes: without_return(found), part: last })
    }
}

/// The count at the beginning of a message.
enum Count {
    Of {
        bytes: usize,
        at: usize,
    },
    /// Digits alone, so far.
    Perhaps,
    None,
}

/// `MSG-LEN SP`, where a message follows that begins as one does: with a priority. A line that begins with a number is
/// no counted message.
fn count(stream: &[u8]) -> Count {
    let digits = stream.iter().take(DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > DIGITS || stream.first() == Some(&b'0') {
        return Count::None;
    }
    match (stream.get(digits), stream.get(digits + 1)) {
        (None, _) | (Some(b' '), None) => Count::Perhaps,
        (Some(b' '), Some(b'<')) => {
            let number =
                stream.iter().take(digits).fold(0usize, |sum, byte| sum * 10 + usize::from(byte - b'0'));
            Count::Of { bytes: number, at: digits + 1 }
        }
        _ => Count::None,
    }
}

/// Without the carriage return before the line end.
fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a stream that comes in pieces of these lengths.
    fn read(longest: usize, stream: &[u8], pieces: &[usize]) -> Vec<(Vec<u8>, Part)> {
        let (mut framer, mut buffer, mut found, mut at) = (Framer::new(longest), Vec::new(), Vec::new(), 0);
        for piece in pieces.iter().copied().chain([stream.len()]) {
            let end = (at + piece).min(stream.len());
            buffer.extend_from_slice(&stream[at..end]);
            at = end;
            let mut rest = buffer.as_slice();
            while let Some(frame) = framer.next(&mut rest) {
                found.push((frame.bytes.to_vec(), frame.part));
            }
            buffer = rest.to_vec();
        }
        found.extend(framer.end(&buffer).map(|frame| (frame.bytes.to_vec(), frame.part)));
        found
    }

    fn whole(text: &str) -> (Vec<u8>, Part) {
        (text.as_bytes().to_vec(), Part::Whole)
    }

    #[test]
    fn lines_and_counted_messages_are_told_apart() {
        let stream = b"<13>a\r\n\r\n7 <13>b\nc\n<14>d\n5 times it failed\n6 <1>e f<2>g\0\r";
        let expected = [
            whole("<13>a"),
            whole("<13>b\nc"),
            whole("<14>d"),
            whole("5 times it failed"),
            whole("<1>e f"),
            whole("<2>g\0"),
        ];
        assert_eq!(read(LONGEST, stream, &[]), expected);
        assert_eq!(read(LONGEST, stream, &[1; 64]), expected);
    }

    #[test]
    fn what_is_too_long_comes_in_pieces() {
        for stream in [
            [vec![b'x'; 2_005], b"\n<1>y\n".to_vec()].concat(),
            [b"2005 <".to_vec(), vec![b'x'; 2_004], b"<1>y\n".to_vec()].concat(),
        ] {
            let found = read(1_000, &stream, &[100; 30]);
            let parts: Vec<Part> = found.iter().map(|(_, part)| *part).collect();
            assert_eq!(parts, [Part::Piece, Part::Piece, Part::Last, Part::Whole]);
            assert_eq!(found[..3].iter().map(|(bytes, _)| bytes.len()).sum::<usize>(), 2_005);
        }
        let just = [vec![b'x'; 1_000], b"\n".to_vec()].concat();
        assert_eq!(read(1_000, &just, &[1; 2_000]), [(vec![b'x'; 1_000], Part::Whole)]);
    }

    proptest! {
        #[test]
        fn how_a_stream_is_cut_makes_no_difference(
            stream in proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'<'), Just(b' '), Just(b'3'), any::<u8>()], 0..200),
            pieces in proptest::collection::vec(1usize..20, 0..40),
            longest in 1usize..80,
        ) {
            prop_assert_eq!(read(longest, &stream, &pieces), read(longest, &stream, &[]));
        }

        #[test]
        fn no_byte_is_lost_but_counts_and_line_ends(
            stream in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'x'), Just(b'\0'), Just(0xff)], 0..200),
            longest in 1usize..80,
        ) {
            let kept: Vec<u8> = read(longest, &stream, &[]).into_iter().flat_map(|(bytes, _)| bytes).collect();
            let sent: Vec<u8> = stream.into_iter().filter(|byte| *byte != b'\n').collect();
            prop_assert_eq!(kept, sent);
        }
    }
}
