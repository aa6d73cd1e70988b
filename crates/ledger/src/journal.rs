//! The write-ahead journal: where an entry becomes durable, before it is published.
//!
//! Owns: the [`Journal`] contract and the files `ledger/journal/` behind it. A table of PostgreSQL is another.
//! Invariants: a record is all there or not acknowledged; a page once acknowledged is never written again, so that a
//! torn write cannot reach it; files are filled with zeros before use, so that the one fdatasync an append costs
//! changes no file size and no extent.
//! Does not: know what an entry says; check heads (recovery does, `recover`).
//! Source: `docs/format.md` §10.1.

use crate::disk::{self, Disk, DiskError, DiskFile};
use proof::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a page; records start at multiples of it.
pub const PAGE: usize = 4096;
const MAGIC: &[u8; 8] = b"WARDJRN1";
const HEADER: usize = 60;
/// Bytes of zeros written at once.
const ZEROS: usize = 256 << 10;
const FOLDER: &str = "ledger/journal";
const RESERVE: &str = "ledger/journal/reserve";

/// What one append makes durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Number of its first entry.
    pub first: u64,
    /// How many entries it holds.
    pub count: u32,
    /// The entries, each behind its length (`docs/format.md` §4).
    pub entries: Vec<u8>,
    /// The signed head of the tree that ends with them.
    pub head: Vec<u8>,
}

/// What a journal still holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replay {
    /// Records in order. Records that are published durably may be among them, with gaps between.
    pub records: Vec<Record>,
    /// A half-written tail, never acknowledged.
    pub torn: Option<Torn>,
}

/// A half-written record at the end of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// In which file.
    pub path: String,
    /// Where it begins.
    pub at: u64,
    /// Bytes from there to the last that is not zero.
    pub bytes: u64,
}

/// Where batches become durable. One writer; `trim` and `prepare` may run beside `append`.
pub trait Journal: Send + Sync {
    /// Makes a record durable; it follows the last one.
    ///
    /// # Errors
    /// `NotWritten`: it is surely not there. `Unknown`: it may be.
    fn append(&self, record: &Record) -> Result<(), JournalError>;

    /// Makes durable what is seen: the last record may be there in memory only, because the process before was killed
    /// or its last sync failed, and nothing may be built upon that. Called once, before `replay`, by the one who writes.
    ///
    /// # Errors
    /// `Disk`: it may not be.
    fn settle(&self) -> Result<(), JournalError>;

    /// Reads all that is there; changes nothing.
    ///
    /// # Errors
    /// `Disk`, `Damaged`.
    fn replay(&self) -> Result<Replay, JournalError>;

    /// Forgets records of which every entry is below `below`, as far as that is cheap.
    ///
    /// # Errors
    /// `Disk`: some may still be there, which does no harm.
    fn trim(&self, below: u64) -> Result<(), JournalError>;

    /// Forgets everything; the next append begins anew.
    ///
    /// # Errors
    /// `Disk`: some may still be there, which does no harm.
    fn clear(&self) -> Result<(), JournalError>;

    /// Does ahead of time what the next appends would have to wait for.
    ///
    /// # Errors
    /// `Disk`: they will have to wait.
    fn prepare(&self) -> Result<(), JournalError>;
}

/// Why a journal could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The record is surely not there.
    #[error("the batch was not written")]
    NotWritten(#[source] DiskError),
    /// The record may be there or not: stop, and read the state anew.
    #[error("it is not known whether the batch was written")]
    Unknown(#[source] DiskError),
    /// A file could not be read or removed.
    #[error("the journal cannot be used")]
    Disk(#[from] DiskError),
    /// A file holds what no crash leaves behind.
    #[error("{path}, byte {at}: damaged: {what}")]
    Damaged {
        /// Which file.
        path: String,
        /// Where.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
}

/// The journal in files of fixed size.
pub struct FileJournal {
    disk: Arc<dyn Disk>,
    segment_bytes: usize,
    /// The file appends go to; taken by `append` and `clear` only.
    open: Mutex<Option<OpenSegment>>,
    /// Held while the reserve is made or taken.
    reserve: Mutex<()>,
}

struct OpenSegment {
    path: String,
    file: Box<dyn DiskFile>,
    used: usize,
}

impl FileJournal {
    /// The journal on this disk, in files of `segment_bytes` (a multiple of [`PAGE`]), each zeroed before use.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, segment_bytes: usize) -> Self {
        Self {
            disk,
            segment_bytes: segment_bytes.next_multiple_of(PAGE),
            open: Mutex::new(None),
            reserve: Mutex::new(()),
        }
    }

    /// Files of records, oldest first.
    fn segments(&self) -> Result<Vec<(u64, String)>, JournalError> {
        let mut segments = Vec::new();
        for name in self.disk.list(FOLDER)?.unwrap_or_default() {
            if let Some(first) = segment_first(&name) {
                segments.push((first, format!("{FOLDER}/{name}")));
            }
        }
        Ok(segments)
    }

    /// A fresh file for records from `first` on, of at least `bytes`.
    ///
    /// Durable when it returns: zeros (fdatasync of the reserve, made ahead by `prepare`), then its name. A crash in
    /// between leaves the reserve, or a file of zeros, which replays as nothing.
    fn next_segment(&self, first: u64, bytes: usize) -> Result<OpenSegment, DiskError> {
        let path = format!("{FOLDER}/{first:020}");
        let _held = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes > self.segment_bytes {
            self.write_zeros(bytes)?;
        } else {
            self.ensure_reserve()?;
        }
        self.disk.rename(RESERVE, &path)?;
        self.disk.sync_folder(FOLDER)?;
        Ok(OpenSegment { file: self.disk.open(&path)?, path, used: 0 })
    }

    fn ensure_reserve(&self) -> Result<(), DiskError> {
        let names = self.disk.list(FOLDER)?.unwrap_or_default();
        // Left by a crash before a renaming, or by one that undid it.
        for unfinished in names.iter().filter(|name| name.ends_with(".new")) {
            self.disk.remove(&format!("{FOLDER}/{unfinished}"))?;
        }
        if names.iter().any(|name| name == "reserve") { Ok(()) } else { self.write_zeros(self.segment_bytes) }
    }

    /// In pieces, each synced, so that appends to the file in use do not queue behind all of it.
    fn write_zeros(&self, bytes: usize) -> Result<(), DiskError> {
        let new = format!("{RESERVE}.new");
        self.disk.write(&new, &[])?;
        let mut file = self.disk.open(&new)?;
        for at in (0..bytes).step_by(ZEROS) {
            file.write_at(at as u64, &vec![0; ZEROS.min(bytes - at)])?;
            file.sync()?;
        }
        self.disk.rename(&new, RESERVE)?;
        self.disk.sync_folder(FOLDER)
    }
}

impl Journal for FileJournal {
    /// System calls: pwrite, fdatasync; for the first record of a file, rename, fsync of the folder and open before.
    fn append(&self, record: &Record) -> Result<(), JournalError> {
        let page = encode(record);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let room = open.as_ref().map_or(0, |segment| self.segment_bytes.saturating_sub(segment.used));
        if room < page.len() {
            // Nothing of this record is written yet: whatever fails here, the batch is surely not there. The file in
            // use is given up first: the new one may have its name already, so that a shorter record written to the
            // old one would stand behind entries that `trim` takes to be in the new one.
            *open = None;
            *open = Some(self.next_segment(record.first, page.len()).map_err(JournalError::NotWritten)?);
        }
        let Some(segment) = open.as_mut() else { return Ok(()) };
        segment.file.write_at(segment.used as u64, &page).map_err(JournalError::Unknown)?;
        segment.file.sync().map_err(JournalError::Unknown)?;
        // Durable from here on: the record is acknowledged.
        segment.used += page.len();
        Ok(())
    }

    /// A sync of what is there would not do: after one that failed, the kernel may take the pages for clean and never
    /// write them. So the file is copied. All others hold acknowledged records only.
    fn settle(&self) -> Result<(), JournalError> {
        for (_, path) in self.segments()?.iter().rev() {
            let mut content = self.disk.read(path)?.unwrap_or_default();
            if let Some(last) = content.iter().rposition(|byte| *byte != 0) {
                content.truncate((last + 1).next_multiple_of(PAGE));
                disk::replace(self.disk.as_ref(), path, &content)?;
                break;
            }
        }
        Ok(())
    }

    fn replay(&self) -> Result<Replay, JournalError> {
        let mut replay = Replay::default();
        let segments = self.segments()?;
        for (at, (first, path)) in segments.iter().enumerate() {
            let content = self.disk.read(path)?.unwrap_or_default();
            let torn = read_segment(*first, path, &content, &mut replay.records)?;
            if let Some(torn) = torn {
                if at + 1 < segments.len() {
                    let what = "records follow in a later file, so this was no half-written tail";
                    return Err(JournalError::Damaged { path: torn.path, at: torn.at, what });
                }
                replay.torn = Some(torn);
            }
        }
        Ok(replay)
    }

    fn trim(&self, below: u64) -> Result<(), JournalError> {
        let segments = self.segments()?;
        let mut removed = false;
        // A file's entries end where the next file begins; the last one is in use.
        for pair in segments.windows(2) {
            if let [(_, path), (end, _)] = pair
                && *end <= below
            {
                self.disk.remove(path)?;
                removed = true;
            }
        }
        if removed {
            self.disk.sync_folder(FOLDER)?;
        }
        Ok(())
    }

    fn clear(&self) -> Result<(), JournalError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open = None;
        let segments = self.segments()?;
        for (_, path) in &segments {
            self.disk.remove(path)?;
        }
        if !segments.is_empty() {
            self.disk.sync_folder(FOLDER)?;
        }
        Ok(())
    }

    fn prepare(&self) -> Result<(), JournalError> {
        let _held = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.ensure_reserve()?)
    }
}

impl std::fmt::Debug for OpenSegment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to byte {}", self.path, self.used)
    }
}

/// First entry of the records in a file of this name; none where it is no file of records.
#[must_use]
pub fn segment_first(name: &str) -> Option<u64> {
    let digits = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
    if digits { name.parse().ok() } else { None }
}

/// Reads the records of one file into `records`; what is left behind them is a half-written tail, or damage.
///
/// # Errors
/// `Damaged`: no crash leaves the file like this.
pub fn read_segment(
    first: u64,
    path: &str,
    content: &[u8],
    records: &mut Vec<Record>,
) -> Result<Option<Torn>, JournalError> {
    let (mut expected, mut at) = (first, 0);
    while let Some((record, length)) = content.get(at..).and_then(decode) {
        if record.first != expected {
            let what = "the record does not follow the one before";
            return Err(JournalError::Damaged { path: path.to_owned(), at: at as u64, what });
        }
        expected += u64::from(record.count);
        at += length;
        records.push(record);
    }
    let rest = content.get(at..).unwrap_or_default();
    let Some(last) = rest.iter().rposition(|byte| *byte != 0) else { return Ok(None) };
    let mut pages = rest.chunks(PAGE).enumerate().skip(1);
    if let Some((page, _)) = pages.find(|(page, _)| rest.get(page * PAGE..).and_then(decode).is_some()) {
        let what =
            if page == 0 { "" } else { "a whole record stands behind it, so this was no half-written tail" };
        return Err(JournalError::Damaged { path: path.to_owned(), at: at as u64, what });
    }
    Ok(Some(Torn { path: path.to_owned(), at: at as u64, bytes: last as u64 + 1 }))
}

/// The record's pages.
fn encode(record: &Record) -> Vec<u8> {
    let length = HEADER + record.entries.len() + record.head.len();
    let mut page = Vec::with_capacity(length.next_multiple_of(PAGE));
    page.extend_from_slice(MAGIC);
    page.extend_from_slice(&record.first.to_be_bytes());
    page.extend_from_slice(&record.count.to_be_bytes());
    page.extend_from_slice(&u32::try_from(record.entries.len()).unwrap_or(u32::MAX).to_be_bytes());
    page.extend_from_slice(&u32::try_from(record.head.len()).unwrap_or(u32::MAX).to_be_bytes());
    let sum = Hash::of(&[&page, &record.entries, &record.head]);
    page.extend_from_slice(sum.as_bytes());
    page.extend_from_slice(&record.entries);
    page.extend_from_slice(&record.head);
    page.resize(length.next_multiple_of(PAGE), 0);
    page
}

/// The record at the beginning of `bytes` and how long its pages are; none where there is no whole one.
fn decode(bytes: &[u8]) -> Option<(Record, usize)> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (first, rest) = rest.split_first_chunk::<8>()?;
    let (count, rest) = rest.split_first_chunk::<4>()?;
    let (entries, rest) = rest.split_first_chunk::<4>()?;
    let (head, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<32>()?;
    let (entries, rest) = rest.split_at_checked(u32::from_be_bytes(*entries) as usize)?;
    let (head, rest) = rest.split_at_checked(u32::from_be_bytes(*head) as usize)?;
    let length = (HEADER + entries.len() + head.len()).next_multiple_of(PAGE);
    let padding = rest.get(..length - HEADER - entries.len() - head.len())?;
    let whole = Hash::of(&[bytes.get(..28)?, entries, head]) == Hash::from_bytes(*sum);
    if !whole || padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    let (first, count) = (u64::from_be_bytes(*first), u32::from_be_bytes(*count));
    Some((Record { first, count, entries: entries.to_vec(), head: head.to_vec() }, length))
}
