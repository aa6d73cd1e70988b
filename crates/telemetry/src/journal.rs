//! The journal of a receiver: what was received, on the disk before it is looked at.
//!
//! Segments, each named by the number of its first line, each with a key of its own for salts; a segment becomes a file
//! of lines and goes. Frames of a segment hold a chunk each, with a checksum.
//! Guarantees: what [`Journal::sync`] returned for is on stable storage; numbers have no gap. Reading stops at the first
//! frame that does not read; what follows it was never acknowledged, or a later segment would not begin where it ends.
//! Does not: know what a line says.

use crate::came::Came;
use crate::chunk::Chunk;
use crate::salt::SaltKey;
use ledger::disk::{Disk, DiskError, DiskFile};
use model::Instant;
use std::net::Ipv6Addr;
use std::sync::Arc;

/// First bytes of a segment.
const MAGIC: &[u8; 8] = b"wardln/1";
/// Bytes before the first frame: magic, number of the first line, key of salts, checksum.
const OPENING: usize = 52;
/// Bytes of a frame before its content.
const HEADER: usize = 56;
/// First bytes of a frame.
const FRAME: u32 = 0x57_4C_46_31;
/// Most bytes of a frame's content.
const MOST: usize = 1 << 26;

/// The journal of a receiver, open for writing.
pub struct Journal {
    disk: Arc<dyn Disk>,
    folder: String,
    segment: Option<Open>,
    /// Number of the next line.
    next: u64,
}

struct Open {
    file: Box<dyn DiskFile>,
    /// Where the next frame begins.
    at: u64,
    /// Lines appended to it.
    lines: u64,
    /// What is to be written.
    waiting: Vec<u8>,
    /// Compressed, before it is known how long it is.
    scratch: Vec<u8>,
}

/// A segment, by the number of its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SegmentName(pub(crate) u64);

/// A segment that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Number of its first line.
    pub first: u64,
    /// The key of its salts.
    pub key: SaltKey,
    /// Its chunks.
    pub chunks: Vec<Chunk>,
    /// Byte from which on nothing reads; none where all of it did.
    pub torn: Option<u64>,
}

/// Why a journal is not read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Lines that were acknowledged do not read.
    #[error("{path}: line {missing} is missing, or what held it is damaged from byte {at} on")]
    Damaged {
        /// The segment.
        path: String,
        /// The first line that is missing.
        missing: u64,
        /// From which byte on.
        at: u64,
    },
    /// It is no segment.
    #[error("{path} is no segment of a journal of lines")]
    Strange {
        /// The file.
        path: String,
    },
}

impl SegmentName {
    pub(crate) fn path(self, folder: &str) -> String {
        format!("{folder}/{:020}", self.0)
    }

    fn parse(name: &str) -> Option<Self> {
        let digits = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| name.parse().ok().map(Self)).flatten()
    }
}

impl Segment {
    /// Number of the line after its last.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + self.chunks.iter().map(|chunk| chunk.count() as u64).sum::<u64>()
    }
}

impl Journal {
    /// Reads what a journal holds, and opens it to go on where it ends; `filed` lines are in files already.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open(disk: Arc<dyn Disk>, folder: &str, filed: u64) -> Result<(Self, Vec<Segment>), JournalError> {
        let (segments, next, leftover) = examined(&*disk, folder, filed)?;
        for name in leftover {
            disk.remove(&name.path(folder))?;
        }
        // What was read may not be durable yet, and what comes next builds on it.
        for segment in &segments {
            disk.sync(&SegmentName(segment.first).path(folder))?;
        }
        if !segments.is_empty() {
            disk.sync_folder(folder)?;
        }
        Ok((Self { disk, folder: folder.to_owned(), segment: None, next }, segments))
    }

    /// Reads what a journal holds beyond `filed` lines, and leaves it as it is.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn look(disk: &dyn Disk, folder: &str, filed: u64) -> Result<Vec<Segment>, JournalError> {
        Ok(examined(disk, folder, filed)?.0)
    }

    /// Number of the next line.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Lines in the segment that is open.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.segment.as_ref().map_or(0, |open| open.lines)
    }

    /// Begins a segment; the one before stays as it is.
    ///
    /// # Errors
    /// The disk failed.
    pub fn begin(&mut self, key: SaltKey) -> Result<(), JournalError> {
        let name = SegmentName(self.next).path(&self.folder);
        let mut opening = Vec::with_capacity(OPENING);
        opening.extend_from_slice(MAGIC);
        opening.extend_from_slice(&self.next.to_be_bytes());
        opening.extend_from_slice(key.secret_bytes());
        opening.extend_from_slice(&crc32fast::hash(&opening).to_be_bytes());
        self.disk.write(&name, &opening)?;
        self.disk.sync(&name)?;
        self.disk.sync_folder(&self.folder)?;
        let file = self.disk.open(&name)?;
        let at = OPENING as u64;
        self.segment = Some(Open { file, at, lines: 0, waiting: Vec::new(), scratch: Vec::new() });
        Ok(())
    }

    /// Appends a chunk, which is written with the next [`Journal::sync`]; gives the number of its first line.
    ///
    /// # Errors
    /// `Strange`: no segment was begun.
    pub fn append(&mut self, chunk: &Chunk) -> Result<u64, JournalError> {
        let first = self.next;
        let open = self.segment.as_mut();
        let open = open.ok_or_else(|| JournalError::Strange { path: self.folder.clone() })?;
        open.put(first, chunk);
        open.lines += chunk.count() as u64;
        self.next += chunk.count() as u64;
        Ok(first)
    }

    /// Makes durable what was appended.
    ///
    /// # Errors
    /// Nothing is known about what was appended since the last time; the journal is to be opened anew.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        let Some(open) = self.segment.as_mut().filter(|open| !open.waiting.is_empty()) else { return Ok(()) };
        open.file.write_at(open.at, &open.waiting)?;
        open.file.sync()?;
        open.at += open.waiting.len() as u64;
        open.waiting.clear();
        Ok(())
    }

    /// Bytes that wait for [`Journal::sync`].
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.segment.as_ref().map_or(0, |open| open.waiting.len())
    }
}

impl Open {
    fn put(&mut self, first: u64, chunk: &Chunk) {
        self.scratch.clear();
        chunk.write(&mut self.scratch);
        let from = self.waiting.len();
        self.waiting.resize(from + HEADER, 0);
        let bound = lz4_flex::block::get_maximum_output_size(self.scratch.len());
        self.waiting.resize(from + HEADER + bound, 0);
        let place = self.waiting.get_mut(from + HEADER..).unwrap_or_default();
        let stored = lz4_flex::block::compress_into(&self.scratch, place).unwrap_or(0);
        self.waiting.truncate(from + HEADER + stored);
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes();
        let mut header = Vec::with_capacity(HEADER);
        header.extend_from_slice(&FRAME.to_be_bytes());
        header.extend_from_slice(&[0; 4]);
        header.extend_from_slice(&first.to_be_bytes());
        header.extend_from_slice(&chunk.came.received.as_micros().to_be_bytes());
        header.extend_from_slice(&chunk.came.address.octets());
        header.extend_from_slice(&u32::from(chunk.came.port).to_be_bytes());
        header.extend_from_slice(&number(chunk.count()));
        header.extend_from_slice(&number(self.scratch.len()));
        header.extend_from_slice(&number(stored));
        let place = self.waiting.get_mut(from..).unwrap_or_default();
        if let Some(start) = place.first_chunk_mut::<HEADER>() {
            start.copy_from_slice(&header);
        }
        let sum = crc32fast::hash(place.get(8..).unwrap_or_default());
        if let Some(sum_place) = place.get_mut(4..8) {
            sum_place.copy_from_slice(&sum.to_be_bytes());
        }
    }
}

/// Segments that hold lines beyond `filed`, the number of the next line, and segments that are of no use any more.
fn examined(
    disk: &dyn Disk,
    folder: &str,
    filed: u64,
) -> Result<(Vec<Segment>, u64, Vec<SegmentName>), JournalError> {
    let names = names(disk, folder)?;
    let (mut segments, mut next, mut leftover) = (Vec::new(), filed, Vec::new());
    for (nth, name) in names.iter().enumerate() {
        let path = name.path(folder);
        let bytes = disk.read(&path)?.unwrap_or_default();
        let last = nth + 1 == names.len();
        let Some(segment) = read(*name, &bytes) else {
            // One that was begun and never synced holds nothing that was acknowledged.
            if last && name.0 >= next && bytes.len() < OPENING + HEADER {
                leftover.push(*name);
                continue;
            }
            return Err(JournalError::Strange { path });
        };
        let follows = names.get(nth + 1).map(|name| name.0);
        let end = segment.end();
        if segment.first > next || follows.is_some_and(|follows| follows > end) {
            let missing = if segment.first > next { next } else { end };
            let at = segment.torn.unwrap_or(bytes.len() as u64);
            return Err(JournalError::Damaged { path, missing, at });
        }
        // It was filed, and was about to go; or nothing in it was acknowledged.
        if end <= filed || segment.chunks.is_empty() {
            leftover.push(*name);
            continue;
        }
        next = end;
        segments.push(segment);
    }
    Ok((segments, next, leftover))
}

/// Segments that are there, in order.
fn names(disk: &dyn Disk, folder: &str) -> Result<Vec<SegmentName>, JournalError> {
    let mut names = Vec::new();
    for name in disk.list(folder)?.unwrap_or_default() {
        let known = SegmentName::parse(&name);
        names.push(known.ok_or_else(|| JournalError::Strange { path: format!("{folder}/{name}") })?);
    }
    names.sort_unstable();
    Ok(names)
}

/// Reads a segment; none where not even its opening reads.
fn read(name: SegmentName, bytes: &[u8]) -> Option<Segment> {
    let opening = bytes.get(..OPENING)?;
    let (said, sum) = opening.split_at(OPENING - 4);
    let mut rest = Cursor(said);
    let right = crc32fast::hash(said).to_be_bytes() == sum;
    if !right || rest.take::<8>()? != *MAGIC || u64::from_be_bytes(rest.take()?) != name.0 {
        return None;
    }
    let key = SaltKey::from_bytes(rest.take()?);
    let mut segment = Segment { first: name.0, key, chunks: Vec::new(), torn: None };
    let (mut at, mut next) = (OPENING, name.0);
    while at < bytes.len() {
        let Some((chunk, length)) = frame(bytes.get(at..)?, next) else {
            segment.torn = Some(at as u64);
            break;
        };
        next += chunk.count() as u64;
        segment.chunks.push(chunk);
        at += length;
    }
    Some(segment)
}

/// Reads a frame whose first line has this number; with its length.
fn frame(bytes: &[u8], first: u64) -> Option<(Chunk, usize)> {
    let mut header = Cursor(bytes.get(..HEADER)?);
    let magic = u32::from_be_bytes(header.take()?);
    let sum = u32::from_be_bytes(header.take()?);
    let said = u64::from_be_bytes(header.take()?);
    let received = Instant::from_micros(i64::from_be_bytes(header.take()?)).ok()?;
    let address = Ipv6Addr::from(header.take::<16>()?);
    let port = u16::try_from(u32::from_be_bytes(header.take()?)).ok()?;
    let mut size = || Some(u32::from_be_bytes(header.take()?) as usize);
    let (count, raw, stored) = (size()?, size()?, size()?);
    if magic != FRAME || said != first || raw > MOST || stored > MOST {
        return None;
    }
    let content = bytes.get(8..HEADER + stored)?;
    if crc32fast::hash(content) != sum {
        return None;
    }
    let raw = lz4_flex::block::decompress(content.get(HEADER - 8..)?, raw).ok()?;
    let chunk = Chunk::read(Came { received, address, port }, count, &raw)?;
    Some((chunk, HEADER + stored))
}

/// Reads from the front.
struct Cursor<'b>(&'b [u8]);

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }
}
