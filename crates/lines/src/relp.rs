//! RELP: where one frame ends and the next begins.
//!
//! Owns: the frames of the protocol and a bound on their length. Does not: answer (`telemetry`).
//! Invariant: a frame is given whole or not at all; what cannot become a frame is [`Broken`], whatever would follow.
//! Source: the RELP specification, version 0: `TXNR SP COMMAND SP DATALEN [SP DATA] LF`.

/// Most bytes of a frame's data.
pub const MOST_DATA: usize = 1 << 20;
/// Most digits of a transaction's number and of a length.
const DIGITS: usize = 9;
/// Most letters of a command.
const LETTERS: usize = 32;

/// A frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelpFrame<'b> {
    /// Number of the transaction, at most 999,999,999.
    pub number: u32,
    /// What is asked for.
    pub command: &'b [u8],
    /// What comes with it.
    pub data: &'b [u8],
}

/// What came is no frame and becomes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The number, the command or the length is not spelled as the protocol spells them.
    #[error("no frame of RELP begins so")]
    Head,
    /// More data than [`MOST_DATA`].
    #[error("a frame of {0} bytes; at most {MOST_DATA} are taken")]
    Long(u32),
    /// Something else than a line end follows the data.
    #[error("a frame of RELP that does not end where it says")]
    End,
}

impl<'b> RelpFrame<'b> {
    /// The next frame of `stream`, which is moved on behind it. None: more bytes are needed. Whoever calls keeps what is
    /// left of the stream in front of what comes next.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn next(stream: &mut &'b [u8]) -> Result<Option<Self>, Broken> {
        let mut rest = *stream;
        let found = Self::within(&mut rest)?;
        if found.is_some() {
            *stream = rest;
        }
        Ok(found)
    }

    fn within(rest: &mut &'b [u8]) -> Result<Option<Self>, Broken> {
        let Some((number, _)) = word(rest, DIGITS, u8::is_ascii_digit, b" ")? else { return Ok(None) };
        let Some((command, _)) = word(rest, LETTERS, u8::is_ascii_alphabetic, b" ")? else { return Ok(None) };
        // Where there is no data, the line may end right behind its length.
        let Some((length, end)) = word(rest, DIGITS, u8::is_ascii_digit, b" \n")? else { return Ok(None) };
        let (number, length) = (value(number), value(length));
        let size = length as usize;
        if size > MOST_DATA {
            return Err(Broken::Long(length));
        }
        if end == b'\n' {
            return if size == 0 { Ok(Some(Self { number, command, data: &[] })) } else { Err(Broken::End) };
        }
        let Some((data, behind)) = rest.split_at_checked(size) else { return Ok(None) };
        match behind.split_first() {
            Some((b'\n', behind)) => {
                *rest = behind;
                Ok(Some(Self { number, command, data }))
            }
            Some(_) => Err(Broken::End),
            None => Ok(None),
        }
    }
}

/// A word of at most so many bytes of one kind, with the one of `ends` that follows it. None: more bytes are needed.
fn word<'b>(
    rest: &mut &'b [u8],
    most: usize,
    of: fn(&u8) -> bool,
    ends: &[u8],
) -> Result<Option<(&'b [u8], u8)>, Broken> {
    let length = rest.iter().take(most + 1).take_while(|byte| of(byte)).count();
    if length > most {
        return Err(Broken::Head);
    }
    let Some((word, behind)) = rest.split_at_checked(length) else { return Ok(None) };
    match behind.split_first() {
        Some((end, behind)) if length > 0 && ends.contains(end) => {
            *rest = behind;
            Ok(Some((word, *end)))
        }
        Some(_) => Err(Broken::Head),
        None => Ok(None),
    }
}

/// The number that at most nine digits spell.
fn value(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Number, command and data.
    type Frame = (u32, String, Vec<u8>);

    /// Reads a stream that comes in pieces of so many bytes; how it ended.
    fn read(stream: &[u8], piece: usize) -> (Vec<Frame>, Option<Broken>) {
        let (mut buffer, mut found) = (Vec::new(), Vec::new());
        for piece in stream.chunks(piece) {
            buffer.extend_from_slice(piece);
            let mut rest = buffer.as_slice();
            loop {
                match RelpFrame::next(&mut rest) {
                    Ok(Some(RelpFrame { number, command, data })) => {
                        found.push((number, String::from_utf8_lossy(command).into_owned(), data.to_vec()));
                    }
                    Ok(None) => break,
                    Err(broken) => return (found, Some(broken)),
                }
            }
            buffer = rest.to_vec();
        }
        (found, None)
    }

    #[test]
    fn frames_are_read_however_they_are_cut() {
        let stream = b"1 open 14 relp_version=0\n2 syslog 6 a\nb c\n\n3 syslog 0\n4 syslog 0 \n999999999 close 0\n5 sys";
        let expected = [
            (1, "open", &b"relp_version=0"[..]),
            (2, "syslog", b"a\nb c\n"),
            (3, "syslog", b""),
            (4, "syslog", b""),
            (999_999_999, "close", b""),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(number, command, data)| (*number, (*command).to_owned(), data.to_vec()))
            .collect();
        for piece in [1, 2, 7, 1_000] {
            assert_eq!(read(stream, piece), (expected.clone(), None));
        }
    }

    #[test]
    fn what_is_no_frame_is_known_as_soon_as_it_cannot_become_one() {
        for (stream, broken) in [
            (&b"<13>a line\n"[..], Broken::Head),
            (b" 1 open 0\n", Broken::Head),
            (b"1000000000", Broken::Head),
            (b"1  open 0\n", Broken::Head),
            (b"1 sys-log 0\n", Broken::Head),
            (b"1 abcdefghijklmnopqrstuvwxyzabcdefg", Broken::Head),
            (b"1 syslog -1", Broken::Head),
            (b"1 syslog 1048577 ", Broken::Long(1_048_577)),
            (b"1 syslog 3\n", Broken::End),
            (b"1 syslog 3 abcd", Broken::End),
            (b"1 syslog 0 a", Broken::End),
        ] {
            assert_eq!(read(stream, 1), (Vec::new(), Some(broken)), "{}", String::from_utf8_lossy(stream));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            frames in proptest::collection::vec(
                (0u32..1_000_000_000, "[a-z]{1,32}", proptest::collection::vec(any::<u8>(), 0..50)), 0..10),
            piece in 1usize..60,
        ) {
            let mut stream = Vec::new();
            for (number, command, data) in &frames {
                stream.extend_from_slice(format!("{number} {command} {} ", data.len()).as_bytes());
                stream.extend_from_slice(data);
                stream.push(b'\n');
            }
            prop_assert_eq!(read(&stream, piece), (frames, None));
        }

        #[test]
        fn whatever_comes_is_frames_or_broken_and_every_cut_says_the_same(
            stream in proptest::collection::vec(
                prop_oneof![Just(b'1'), Just(b'0'), Just(b' '), Just(b'\n'), Just(b'a'), any::<u8>()], 0..60),
            piece in 1usize..20,
        ) {
            prop_assert_eq!(read(&stream, piece), read(&stream, 1));
        }
    }
}
