//! A ZIP file, as strangers may hand one in: office documents and plain archives.
//!
//! Owns: [`Package`], and the [`Limits`] that no archive gets past.
//! Invariants: nothing is inflated without a bound; an archive whose parts overlap, whose names come twice, or whose
//! two directories say different things is damaged, so that no other reader sees another archive than this one.
//! Does not: write files, look into archives within archives.
//! Source: PKWARE APPNOTE 6.3.10.

use std::io::{Cursor, Read as _};
use zip::ZipArchive;
use zip::result::ZipError;

/// How much an archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most entries.
    pub entries: usize,
    /// Most bytes of all entries together, inflated.
    pub inflated: u64,
    /// How many times its own length an archive may become, inflated.
    pub ratio: u64,
    /// Bytes that an archive may become whatever its length.
    pub free: u64,
}

impl Limits {
    /// What real documents stay below by far: 10,000 entries, 1 GiB, 200 times its length beyond 32 MiB.
    pub const DEFAULT: Self = Self { entries: 10_000, inflated: 1 << 30, ratio: 200, free: 32 << 20 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// An archive that may be read.
pub(crate) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    names: Vec<String>,
    length: u64,
    limits: Limits,
}

/// Why an archive is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackageError {
    #[error("it has more than {limit} entries")]
    Entries { limit: usize },
    #[error("inflated it has more than {limit} bytes")]
    Inflated { limit: u64 },
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// A password, or a way to pack that this does not know.
    #[error("{name} cannot be opened")]
    Closed { name: String },
}

impl<'a> Package<'a> {
    pub(crate) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, PackageError> {
        let too_many = PackageError::Entries { limit: limits.entries };
        // Counted before anything is read: each entry has one, and few stand elsewhere by chance.
        let marks = bytes.windows(4).filter(|window| *window == b"PK\x01\x02");
        if marks.take(limits.entries.saturating_mul(2) + 1).count() > limits.entries.saturating_mul(2) {
            return Err(too_many);
        }
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
        if archive.len() > limits.entries {
            return Err(too_many);
        }
        archive.validate_header_consistency().map_err(damaged)?;
        let names = archive.file_names().map(|name| name.map(|name| name.into_owned()));
        let names = names.collect::<Result<_, _>>().map_err(damaged)?;
        Ok(Self { archive, names, length: bytes.len() as u64, limits: *limits })
    }

    /// Names of all entries, in the archive's order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// An entry, at most `limit` bytes of it; none where there is none of this name.
    pub(crate) fn read(&mut self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, PackageError> {
        let Some(index) = self.names.iter().position(|other| other == name) else { return Ok(None) };
        let entry = self.archive.by_index(index).map_err(|error| closed(name, error))?;
        let mut content = Vec::new();
        entry.take(limit + 1).read_to_end(&mut content).map_err(|error| unreadable(name, &error))?;
        if content.len() as u64 > limit {
            return Err(PackageError::Inflated { limit });
        }
        Ok(Some(content))
    }

    /// Inflates everything once and throws it away: what an archive says of its size may be a lie.
    pub(crate) fn measure(&mut self) -> Result<(), PackageError> {
        let limit =
            self.limits.free.max(self.length.saturating_mul(self.limits.ratio)).min(self.limits.inflated);
        let mut left = limit;
        for index in 0..self.archive.len() {
            let name = self.names.get(index).cloned().unwrap_or_default();
            let taken = match self.inflate(index, &name, left.saturating_add(1)) {
                // Behind a password, or packed in another way: what it says is all there is.
                Err(PackageError::Closed { .. }) => self.archive.by_index_raw(index).map_err(damaged)?.size(),
                inflated => inflated?,
            };
            left = left.checked_sub(taken).ok_or(PackageError::Inflated { limit })?;
        }
        Ok(())
    }

    /// Inflates at most `most` bytes of an entry for nothing; gives how many there were.
    fn inflate(&mut self, index: usize, name: &str, most: u64) -> Result<u64, PackageError> {
        let entry = self.archive.by_index(index).map_err(|error| closed(name, error))?;
        std::io::copy(&mut entry.take(most), &mut std::io::sink()).map_err(|error| unreadable(name, &error))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: ZipError) -> PackageError {
    PackageError::Damaged(error.to_string())
}

fn unreadable(name: &str, error: &std::io::Error) -> PackageError {
    PackageError::Damaged(format!("{name}: {error}"))
}

fn closed(name: &str, error: ZipError) -> PackageError {
    match error {
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            PackageError::Closed { name: name.to_owned() }
        }
        error => damaged(error),
    }
}
