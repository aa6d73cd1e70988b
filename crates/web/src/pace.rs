//! How slowly bytes may come and go. Whoever sends a body, or takes a file, holds a turn meanwhile that others wait for.
//!
//! Two limits: nobody is silent for longer than [`Pace::silence`], and nobody stays behind the least rate by more than
//! that. Whoever sends or takes a little now and then is found out as well as whoever stops.
//! Source: OWASP ASVS 5.0, V15.2.2; RFC 9110 §15.5.9.

use crate::error::PageError;
use crate::turn::Turn;
use axum::body::{Body, Bytes};
use futures_core::Stream;
use model::Told;
use std::convert::Infallible;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, timeout_at};

/// How slowly bytes may come or go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The longest without a byte.
    pub silence: Duration,
    /// The least rate of the whole, once the first silence is over.
    pub bytes_per_second: u32,
}

/// A body in pieces, as they are put.
pub(crate) struct Pieces(pub(crate) Receiver<Bytes>);

/// Bytes of a file that are read at once.
const PIECE: usize = 64 << 10;

impl Pace {
    /// By when the next byte has to move, of what began then and of which so many have.
    fn next(self, began: Instant, now: Instant, moved: u64) -> Instant {
        let owed = Duration::from_secs(moved / u64::from(self.bytes_per_second.max(1)));
        (began + self.silence + owed).min(now + self.silence)
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|piece| piece.map(Ok))
    }
}

/// A body, read to its end.
///
/// # Errors
/// `TooLarge`, `TooSlow`; `Unread`: whoever sent it broke off.
pub(crate) async fn read(body: Body, most_bytes: usize, pace: Pace) -> Result<Bytes, PageError> {
    let mut pieces = body.into_data_stream();
    let (mut read, began): (Vec<u8>, _) = (Vec::new(), Instant::now());
    loop {
        let by = pace.next(began, Instant::now(), read.len() as u64);
        let piece = timeout_at(by, poll_fn(|cx| Pin::new(&mut pieces).poll_next(cx))).await;
        match piece.map_err(|_| PageError::TooSlow)? {
            None => return Ok(read.into()),
            Some(Ok(piece)) if read.len() + piece.len() <= most_bytes => read.extend_from_slice(&piece),
            Some(Ok(_)) => return Err(PageError::TooLarge),
            Some(Err(_)) => return Err(broken_off()),
        }
    }
}

fn broken_off() -> PageError {
    PageError::Unread(Told::new("資料傳送中斷，請再送一次。", "The transfer broke off. Send it again."))
}

/// A file as a body: a piece is read when the one before was taken. The turn is held until all were, or nobody takes
/// them any more; the body then ends before its length, which whoever takes it notices.
pub(crate) fn given(file: File, pace: Pace, turn: Turn) -> Body {
    let (put, pieces) = channel(1);
    tokio::spawn(async move {
        let _turn = turn;
        give(file, pace, put).await;
    });
    Body::from_stream(Pieces(pieces))
}

async fn give(mut file: File, pace: Pace, put: Sender<Bytes>) {
    let (began, mut moved) = (Instant::now(), 0);
    loop {
        let Ok(Ok((rest, piece))) = tokio::task::spawn_blocking(move || piece(file)).await else { return };
        if piece.is_empty() {
            return;
        }
        file = rest;
        moved += piece.len() as u64;
        let by = pace.next(began, Instant::now(), moved);
        if !matches!(timeout_at(by, put.send(piece.into())).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// The next piece of a file; an empty one at its end.
fn piece(mut file: File) -> io::Result<(File, Vec<u8>)> {
    let mut piece = Vec::with_capacity(PIECE);
    file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
    Ok((file, piece))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::Turns;
    use axum::body::to_bytes;
    use std::io::{Seek as _, Write as _};

    const IMPATIENT: Pace = Pace { silence: Duration::from_millis(20), bytes_per_second: 1 << 30 };
    const PATIENT: Pace = Pace { silence: Duration::from_secs(3_600), bytes_per_second: 1 };

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
    }

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    }

    #[test]
    fn silence_ends_it_and_so_does_a_rate_below_the_least() {
        let pace = Pace { silence: Duration::from_secs(30), bytes_per_second: 1_000 };
        let began = Instant::now();
        let after = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(pace.next(began, began, 0), after(30));
        // Much came at once, and then nothing.
        assert_eq!(pace.next(began, after(5), 1_000_000), after(35));
        // A byte every few seconds does not count for long.
        assert_eq!(pace.next(began, after(29), 10), after(30));
        // Whoever keeps the rate goes on for as long as it takes.
        assert_eq!(pace.next(began, after(1_000), 990_000), after(1_020));
    }

    #[test]
    fn a_body_that_stops_coming_is_not_waited_for() {
        runtime().block_on(async {
            let (put, pieces) = channel(2);
            put.send(Bytes::from_static(b"ab")).await.unwrap();
            let body = Body::from_stream(Pieces(pieces));
            let read = read(body, 10, IMPATIENT).await;
            assert!(matches!(read, Err(PageError::TooSlow)), "{read:?}");
            drop(put);
        });
    }

    #[test]
    fn a_body_that_comes_is_read_whole_and_no_farther_than_its_most() {
        runtime().block_on(async {
            let body = |parts: &'static [&'static str]| async move {
                let (put, pieces) = channel(parts.len());
                for part in parts {
                    put.send(Bytes::from_static(part.as_bytes())).await.unwrap();
                }
                Body::from_stream(Pieces(pieces))
            };
            let whole = read(body(&["ab", "", "cd"]).await, 4, PATIENT).await.unwrap();
            assert_eq!(whole, "abcd");
            let more = read(body(&["ab", "cde"]).await, 4, PATIENT).await;
            assert!(matches!(more, Err(PageError::TooLarge)), "{more:?}");
        });
    }

    #[test]
    fn a_file_is_given_out_as_it_is_taken_and_its_turn_ends_with_it() {
        runtime().block_on(async {
            let turns = Turns::new(1, Duration::from_secs(60));
            let bytes: Vec<u8> = (0..3 * PIECE + 1).map(|at| (at % 251) as u8).collect();
            let body = given(file_of(&bytes), PATIENT, turns.take().await.unwrap());
            assert_eq!(to_bytes(body, usize::MAX).await.unwrap(), bytes);
            drop(turns.take().await.unwrap());
        });
    }

    #[test]
    fn whoever_stops_taking_a_file_holds_its_turn_no_longer() {
        runtime().block_on(async {
            let turns = Turns::new(1, Duration::from_secs(60));
            let body = given(file_of(&vec![1; 9 * PIECE]), IMPATIENT, turns.take().await.unwrap());
            // Nobody asks for a piece.
            drop(turns.take().await.unwrap());
            let cut = to_bytes(body, usize::MAX).await.unwrap();
            assert!(cut.len() < 9 * PIECE, "{} bytes", cut.len());
        });
    }
}
