//! Giving a file out, and only if it is the one that was asked for.
//!
//! Owns: [`Reader`]. Invariant: the last piece of a file is not given out before the digest of all its stored bytes was
//! compared, so that nobody holds a whole file that is not the right one; until the end is reached with `Ok`, what was
//! given out counts for nothing.
//! Does not: read a part of a file.
//! Source: `docs/format.md` §10.5.

use crate::digest::Digest;
use crate::error::GetError;
use crate::sealed::{OpenError, Opener, read_up_to};
use ledger::disk::DiskError;
use model::DataKeyId;
use proof::seal::DataKey;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// Bytes of a file in clear that are held at once.
const PIECE_BYTES: usize = 65_536;

/// A file that is there, to be read once from its beginning.
pub struct Reader {
    digest: Digest,
    path: String,
    source: Source,
}

enum Source {
    Clear(Hashing),
    Sealed(Box<Opener<Hashing>>),
}

/// Hashes what is read through it.
struct Hashing {
    file: Box<dyn Read + Send>,
    hasher: Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl Reader {
    pub(crate) fn new(
        digest: Digest,
        path: String,
        file: Box<dyn Read + Send>,
        key: Option<(&DataKey, DataKeyId)>,
    ) -> Result<Self, GetError> {
        let hashing = Hashing { file, hasher: Sha256::new() };
        let source = match key {
            None => Source::Clear(hashing),
            Some((key, id)) => match Opener::new(hashing, key, id) {
                Ok(opener) => Source::Sealed(Box::new(opener)),
                Err(error) => return Err(failed(&path, error)),
            },
        };
        Ok(Self { digest, path, source })
    }

    /// Hands the content on, and gives its length in bytes.
    ///
    /// # Errors
    /// `Disk`, `Changed`, `Seal`, `Sink`: what was handed on is not the whole file and must be thrown away.
    pub fn copy_to(mut self, out: &mut dyn Write) -> Result<u64, GetError> {
        let mut length = 0;
        let mut held: Option<Zeroizing<Vec<u8>>> = None;
        while let Some(piece) = self.piece()? {
            length += piece.len() as u64;
            if let Some(before) = held.replace(piece) {
                out.write_all(&before).map_err(GetError::Sink)?;
            }
        }
        self.check()?;
        if let Some(last) = held {
            out.write_all(&last).map_err(GetError::Sink)?;
        }
        Ok(length)
    }

    /// The whole content, of at most `limit` bytes; wiped when dropped.
    ///
    /// # Errors
    /// `Disk`, `Changed`, `Seal`; `TooBig`: it is longer.
    pub fn read_all(mut self, limit: u64) -> Result<Zeroizing<Vec<u8>>, GetError> {
        let mut pieces: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        let mut length = 0;
        while let Some(piece) = self.piece()? {
            length += piece.len();
            if length as u64 > limit {
                return Err(GetError::TooBig { path: self.path, limit });
            }
            pieces.push(piece);
        }
        self.check()?;
        // The whole capacity at once: growing would leave copies of the content behind.
        let mut content = Zeroizing::new(Vec::with_capacity(length));
        pieces.iter().for_each(|piece| content.extend_from_slice(piece));
        Ok(content)
    }

    fn piece(&mut self) -> Result<Option<Zeroizing<Vec<u8>>>, GetError> {
        match &mut self.source {
            Source::Clear(file) => match read_up_to(file, PIECE_BYTES) {
                Ok(piece) if piece.is_empty() => Ok(None),
                Ok(piece) => Ok(Some(Zeroizing::new(piece))),
                Err(error) => Err(failed(&self.path, OpenError::Read(error))),
            },
            Source::Sealed(opener) => opener.piece().map_err(|error| failed(&self.path, error)),
        }
    }

    /// Compares the digest of what was read with the one that was asked for. All of the file must have been read.
    fn check(&mut self) -> Result<(), GetError> {
        let hasher = match &mut self.source {
            Source::Clear(file) => &mut file.hasher,
            Source::Sealed(opener) => &mut opener.source_mut().hasher,
        };
        let found = Digest::from_bytes(hasher.finalize_reset().into());
        if found == self.digest { Ok(()) } else { Err(GetError::Changed { path: self.path.clone(), found }) }
    }
}

fn failed(path: &str, error: OpenError) -> GetError {
    match error {
        OpenError::Read(source) => GetError::Disk(DiskError::new("read", path, source)),
        source => GetError::Seal { path: path.to_owned(), source },
    }
}
