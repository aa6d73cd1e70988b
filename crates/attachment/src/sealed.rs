//! The sealed form of a file: chunks under a data key, of which none can be changed, dropped, moved or added.
//!
//! Owns: [`Sealer`], [`Opener`]. Both hold one or two chunks, however long the file is.
//! Invariants: no plaintext of a chunk is given out before the chunk was checked; plaintext in memory is wiped.
//! Never: draws the nonce prefix (it is handed in), stores or prints a key.
//! Does not: compare the digest of the file (that is [`crate::Reader`]).
//! Source: `docs/format.md` §10.5; Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its
//! Nonce-Reuse Misuse-Resistance" (2015), §7, STREAM.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use model::DataKeyId;
use proof::seal::DataKey;
use std::io::{self, Read};
use zeroize::Zeroizing;

/// Bytes of a nonce prefix. It must be drawn at random for each file.
pub const PREFIX_BYTES: usize = 19;
/// What every sealed file begins with.
pub const MAGIC: [u8; 8] = *b"WARDATT1";

const HEADER_BYTES: usize = 8 + 16 + PREFIX_BYTES;
/// Plaintext of a chunk that is not the last.
const CHUNK_BYTES: usize = 65_536;
const TAG_BYTES: usize = 16;
const STORED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// The plaintext's length is a multiple of this, so that the file tells little of the content's length.
const BLOCK_BYTES: usize = 1024;
/// What ends the content; only zeros follow.
const END: u8 = 0x80;

/// Why a sealed file does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read.
    #[error("the sealed file cannot be read")]
    Read(#[source] io::Error),
    /// It does not begin like a sealed file.
    #[error("it is not a sealed file: it begins otherwise")]
    NotSealed,
    /// It is sealed under another key.
    #[error("it is sealed under key {found}, not under {asked}")]
    OtherKey {
        /// The key it names.
        found: DataKeyId,
        /// The key that was to open it.
        asked: DataKeyId,
    },
    /// A chunk does not open: wrong key, or something was changed, dropped, moved or added.
    #[error("the seal does not open from byte {at} on: wrong key, or the file was changed")]
    Broken {
        /// Where the chunk begins in the file.
        at: u64,
    },
    /// It opens, and what was sealed does not end as it must: whoever sealed it did not keep to the format.
    #[error("what was sealed does not end as it must")]
    Padding,
}

/// A file could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// It has more chunks than can be counted.
    #[error("the file is too long to be sealed")]
    TooLong,
    /// The cipher refused a chunk.
    #[error("the cipher refused a chunk")]
    Cipher,
}

/// Key, header and number of the next chunk.
struct Stream {
    cipher: XChaCha20Poly1305,
    header: [u8; HEADER_BYTES],
    /// None when all numbers are used up.
    next: Option<u32>,
}

/// Seals a file piece by piece.
pub struct Sealer {
    stream: Stream,
    /// Content of the chunk under way; never more than a chunk.
    chunk: Zeroizing<Vec<u8>>,
    begun: bool,
}

/// Opens a sealed file chunk by chunk.
pub struct Opener<R> {
    stream: Stream,
    source: R,
    /// The stored chunk that comes next, read ahead so that the last one is known as such; none at the end.
    ahead: Option<Vec<u8>>,
    /// Where it begins.
    at: u64,
}

impl Stream {
    fn new(key: &DataKey, header: [u8; HEADER_BYTES]) -> Self {
        let cipher = XChaCha20Poly1305::new(&Key::from(*key.secret_bytes()));
        Self { cipher, header, next: Some(0) }
    }

    /// The nonce of the next chunk; none when there are too many.
    fn nonce(&mut self, end: End) -> Option<XNonce> {
        let number = self.next?;
        self.next = number.checked_add(1);
        let mut nonce = [0; 24];
        let (_, prefix) = self.header.split_at(HEADER_BYTES - PREFIX_BYTES);
        let tail = number.to_be_bytes().into_iter().chain([u8::from(end == End::Last)]);
        let bytes = prefix.iter().copied().chain(tail);
        nonce.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        Some(XNonce::from(nonce))
    }
}

/// The data key that a file of these first bytes says it is sealed under. Anybody can write such bytes: it is true when the
/// file opens.
#[must_use]
pub(crate) fn claimed_key(first: &[u8]) -> Option<DataKeyId> {
    first.strip_prefix(&MAGIC)?.first_chunk().map(|id| DataKeyId::from_bytes(*id))
}

/// Whether a chunk is the last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Last,
    More,
}

impl Sealer {
    /// Seals under `key`, which `id` names. `prefix` must be random: it must never be used twice under one key.
    #[must_use]
    pub fn new(key: &DataKey, id: DataKeyId, prefix: [u8; PREFIX_BYTES]) -> Self {
        let mut header = [0; HEADER_BYTES];
        let bytes = MAGIC.iter().chain(id.as_bytes()).chain(&prefix);
        header.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        // The whole capacity at once: growing would leave copies of the content behind.
        let chunk = Zeroizing::new(Vec::with_capacity(CHUNK_BYTES));
        Self { stream: Stream::new(key, header), chunk, begun: false }
    }

    /// Takes content; gives what is to be stored so far, behind `stored`.
    ///
    /// # Errors
    /// `TooLong`, `Cipher`: nothing of the file may be kept.
    pub fn put(&mut self, content: &[u8], stored: &mut Vec<u8>) -> Result<(), SealError> {
        self.begin(stored);
        let mut rest = content;
        while !rest.is_empty() {
            if self.chunk.len() == CHUNK_BYTES {
                self.seal(End::More, stored)?;
            }
            let (piece, left) = rest.split_at(rest.len().min(CHUNK_BYTES - self.chunk.len()));
            self.chunk.extend_from_slice(piece);
            rest = left;
        }
        Ok(())
    }

    /// Ends the file; gives what is still to be stored.
    ///
    /// # Errors
    /// The same as [`Sealer::put`].
    pub fn finish(mut self, stored: &mut Vec<u8>) -> Result<(), SealError> {
        self.begin(stored);
        if self.chunk.len() == CHUNK_BYTES {
            self.seal(End::More, stored)?;
        }
        self.chunk.push(END);
        let padded = self.chunk.len().next_multiple_of(BLOCK_BYTES);
        self.chunk.resize(padded, 0);
        self.seal(End::Last, stored)
    }

    fn begin(&mut self, stored: &mut Vec<u8>) {
        if !self.begun {
            self.begun = true;
            stored.extend_from_slice(&self.stream.header);
        }
    }

    fn seal(&mut self, end: End, stored: &mut Vec<u8>) -> Result<(), SealError> {
        let nonce = self.stream.nonce(end).ok_or(SealError::TooLong)?;
        let payload = Payload { msg: &self.chunk, aad: &self.stream.header };
        stored.extend(self.stream.cipher.encrypt(&nonce, payload).map_err(|_| SealError::Cipher)?);
        self.chunk.clear();
        Ok(())
    }
}

impl<R: Read> Opener<R> {
    /// Begins to open `source` with `key`, which `id` names.
    ///
    /// # Errors
    /// `Read`, `NotSealed`, `OtherKey`.
    pub fn new(mut source: R, key: &DataKey, id: DataKeyId) -> Result<Self, OpenError> {
        let header = read_up_to(&mut source, HEADER_BYTES).map_err(OpenError::Read)?;
        let header: [u8; HEADER_BYTES] = header.try_into().map_err(|_| OpenError::NotSealed)?;
        let named = header.strip_prefix(&MAGIC).and_then(|rest| rest.first_chunk::<16>());
        let found = DataKeyId::from_bytes(*named.ok_or(OpenError::NotSealed)?);
        if found != id {
            return Err(OpenError::OtherKey { found, asked: id });
        }
        let mut opener =
            Self { stream: Stream::new(key, header), source, ahead: None, at: HEADER_BYTES as u64 };
        // Without any chunk the first one asked for is broken.
        opener.ahead = Some(opener.read()?.unwrap_or_default());
        Ok(opener)
    }

    /// Content of the next chunk; none behind the last.
    ///
    /// # Errors
    /// `Read`, `Broken`, `Padding`. What was given out before was content of this file, and is not all of it.
    pub fn piece(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, OpenError> {
        let Some(stored) = self.ahead.take() else { return Ok(None) };
        let broken = OpenError::Broken { at: self.at };
        // A chunk that is not full can only be the last.
        self.ahead = if stored.len() == STORED_CHUNK_BYTES { self.read()? } else { None };
        let end = if self.ahead.is_some() { End::More } else { End::Last };
        let Some(nonce) = self.stream.nonce(end) else { return Err(broken) };
        let payload = Payload { msg: &stored, aad: &self.stream.header };
        let Ok(content) = self.stream.cipher.decrypt(&nonce, payload) else { return Err(broken) };
        let mut content = Zeroizing::new(content);
        if end == End::Last {
            let length = unpadded(&content).ok_or(OpenError::Padding)?;
            content.truncate(length);
        }
        self.at += stored.len() as u64;
        Ok(Some(content))
    }

    /// What it reads from.
    pub(crate) fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>, OpenError> {
        let chunk = read_up_to(&mut self.source, STORED_CHUNK_BYTES).map_err(OpenError::Read)?;
        Ok((!chunk.is_empty()).then_some(chunk))
    }
}

/// Length of the content before its padding; none where the padding is another one.
fn unpadded(plain: &[u8]) -> Option<usize> {
    let length = plain.iter().rposition(|byte| *byte != 0)?;
    let marked = plain.get(length) == Some(&END);
    (marked && (length + 1).next_multiple_of(BLOCK_BYTES) == plain.len()).then_some(length)
}

/// Reads until there are so many bytes or no more.
pub(crate) fn read_up_to(source: &mut impl Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut read = Vec::with_capacity(bytes);
    source.take(bytes as u64).read_to_end(&mut read)?;
    Ok(read)
}

#[cfg(test)]
mod tests;
