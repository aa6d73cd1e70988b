//! Postings: in which pages of a file an address, an account or a device stands, and in how many of its lines.
//!
//! Keys are whole, not digests of them, in the order of their bytes: a count is exact, and a network is a range.
//! Layout: `docs/format.md` §13.3.

use crate::column::place;
use crate::file::PAGE;
use crate::leb;
use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef, RecordBatch};
use foldhash::fast::RandomState;
use lines::Field;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::ops::{Bound, Range};
use std::sync::LazyLock;

/// First bytes of an index.
const MAGIC: &[u8; 8] = b"wardix/1";
/// Keys between those that stand whole.
const RESTART: usize = 64;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// An address, on either side, in 16 bytes.
    Address,
    /// An account.
    User,
    /// A device, by the name it gives itself or the host of the head.
    Device,
}

/// Where a key stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Posting {
    /// In how many lines.
    pub lines: u64,
    /// Pages of [`PAGE`] rows.
    pub pages: BTreeSet<u32>,
}

/// The index of a file.
#[derive(Debug, Clone)]
pub struct Index {
    bytes: bytes::Bytes,
    sections: [Section; 3],
}

#[derive(Debug, Clone, Copy, Default)]
struct Section {
    /// Whole keys: where each is written.
    restarts: (usize, usize),
    /// Where the keys end.
    end: usize,
}

/// An index that does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the index does not read")]
pub struct IndexError;

impl Key {
    /// All, in their order.
    pub const ALL: [Self; 3] = [Self::Address, Self::User, Self::Device];

    /// Fields in which it is looked for.
    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Address => &[Field::SrcIp, Field::DstIp],
            Self::User => &[Field::User],
            Self::Device => &[Field::Device, Field::Host],
        }
    }
}

/// Columns in which keys stand, by their places in a file, in order.
pub static PLACES: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let fields = Key::ALL.into_iter().flat_map(|key| key.fields().iter());
    let mut places: Vec<usize> = fields.filter_map(|field| place::of(*field)).collect();
    places.sort_unstable();
    places
});

/// Rows with the columns of keys alone.
#[derive(Debug, Clone)]
pub struct Keys {
    columns: Vec<ArrayRef>,
    rows: usize,
}

impl Keys {
    /// Of rows with all columns.
    #[must_use]
    pub fn of(rows: &RecordBatch) -> Self {
        let columns = PLACES.iter().filter_map(|place| rows.columns().get(*place).cloned()).collect();
        Self { columns, rows: rows.num_rows() }
    }

    /// Of rows that were read with the columns at [`PLACES`] and no other.
    #[must_use]
    pub fn read(rows: &RecordBatch) -> Self {
        Self { columns: rows.columns().to_vec(), rows: rows.num_rows() }
    }

    fn columns_of(&self, key: Key) -> impl Iterator<Item = &ArrayRef> {
        let places = key.fields().iter().filter_map(|field| place::of(*field));
        places.filter_map(|place| self.columns.get(PLACES.iter().position(|one| *one == place)?))
    }
}

/// Makes the index of a file of these rows, one after the other.
#[must_use]
pub fn build(parts: &[Keys]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let sections = Key::ALL.map(|key| match key {
        Key::Address => section(&addresses(parts), &mut out),
        Key::User | Key::Device => section(&texts(key, parts), &mut out),
    });
    // Sections are found from the end.
    for section in &sections {
        for place in [section.restarts.0, section.restarts.1, section.end] {
            out.extend_from_slice(&(place as u64).to_le_bytes());
        }
    }
    out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
    out
}

/// Every address with its postings, in order. There are many, all of one size: they are looked up as numbers.
fn addresses(parts: &[Keys]) -> Vec<([u8; 16], Lines)> {
    let cell = |column: &ArrayRef| {
        let column = column.as_fixed_size_binary_opt()?.clone();
        Some(move |at: usize| {
            let bytes: &[u8; 16] = column.is_valid(at).then(|| column.value(at).first_chunk())??;
            Some(u128::from_be_bytes(*bytes))
        })
    };
    let mut found = Found::default();
    let mut row = 0;
    for part in parts {
        let columns = part.columns_of(Key::Address).filter_map(cell).collect();
        row = found.add(columns, row..row + part.rows);
    }
    found.sorted().map(|(address, lines)| (address.to_be_bytes(), lines)).collect()
}

/// The same of texts.
fn texts(key: Key, parts: &[Keys]) -> Vec<(&[u8], Lines)> {
    let mut found = Found::default();
    let mut row = 0;
    for part in parts {
        let columns = part.columns_of(key).filter_map(|column| {
            let column = column.as_string_opt::<i32>()?;
            Some(move |at: usize| column.is_valid(at).then(|| column.value(at).as_bytes()))
        });
        row = found.add(columns.collect(), row..row + part.rows);
    }
    found.sorted().collect()
}

/// Keys as they are found, in the order of rows.
struct Found<K> {
    places: HashMap<K, usize, RandomState>,
    keys: Vec<(K, Lines)>,
}

impl<K> Default for Found<K> {
    fn default() -> Self {
        Self { places: HashMap::default(), keys: Vec::new() }
    }
}

impl<K: Copy + Ord + Hash> Found<K> {
    /// Adds the keys of rows; gives the row behind them.
    fn add(&mut self, columns: Vec<impl Fn(usize) -> Option<K>>, rows: Range<usize>) -> usize {
        // A key is looked up where it is not that of the row before.
        let mut last = vec![usize::MAX; columns.len()];
        for row in rows.clone() {
            let page = u32::try_from(row / PAGE).unwrap_or(u32::MAX);
            let mut before = None;
            for (column, last) in columns.iter().zip(&mut last) {
                // Of a line that names it on both sides it is one line.
                let Some(key) = column(row - rows.start).filter(|key| before != Some(*key)) else { continue };
                if self.keys.get(*last).is_none_or(|(known, _)| *known != key) {
                    *last = *self.places.entry(key).or_insert_with(|| {
                        self.keys.push((key, Lines::default()));
                        self.keys.len() - 1
                    });
                }
                if let Some((_, lines)) = self.keys.get_mut(*last) {
                    lines.add(page);
                }
                before = Some(key);
            }
        }
        rows.end
    }

    fn sorted(mut self) -> impl Iterator<Item = (K, Lines)> {
        self.keys.sort_unstable_by_key(|(key, _)| *key);
        self.keys.into_iter()
    }
}

/// Lines of a key, while they are found.
#[derive(Default)]
struct Lines {
    count: u64,
    /// Pages, in order; that of a key which stands in one alone takes no room of its own.
    first: u32,
    more: Vec<u32>,
}

impl Lines {
    /// One more, on this page or on one behind.
    fn add(&mut self, page: u32) {
        if self.count == 0 {
            self.first = page;
        } else if *self.more.last().unwrap_or(&self.first) != page {
            self.more.push(page);
        }
        self.count += 1;
    }

    fn pages(&self) -> impl Iterator<Item = u32> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }
}

/// The bytes of a cell; none where it is empty.
pub(crate) fn bytes_at(column: &ArrayRef, at: usize) -> Option<&[u8]> {
    if column.is_null(at) {
        return None;
    }
    if let Some(column) = column.as_fixed_size_binary_opt() {
        return Some(column.value(at));
    }
    column.as_string_opt::<i32>().map(|column| column.value(at).as_bytes())
}

fn section(keys: &[(impl AsRef<[u8]>, Lines)], out: &mut Vec<u8>) -> Section {
    let mut restarts = Vec::new();
    let mut before: &[u8] = &[];
    for (nth, (key, lines)) in keys.iter().enumerate() {
        let key = key.as_ref();
        let whole = nth % RESTART == 0;
        if whole {
            restarts.push(out.len() as u64);
        }
        let shared = if whole { 0 } else { key.iter().zip(before).take_while(|(a, b)| a == b).count() };
        leb::put(out, shared as u64);
        leb::put(out, (key.len() - shared) as u64);
        out.extend_from_slice(key.get(shared..).unwrap_or_default());
        leb::put(out, lines.count);
        leb::put(out, lines.more.len() as u64 + 1);
        let mut last = 0;
        for page in lines.pages() {
            leb::put(out, u64::from(page - last));
            last = page;
        }
        before = key;
    }
    let end = out.len();
    for place in &restarts {
        out.extend_from_slice(&place.to_le_bytes());
    }
    Section { restarts: (end, restarts.len()), end }
}

impl Index {
    /// Opens an index.
    ///
    /// # Errors
    /// It does not read.
    pub fn open(bytes: bytes::Bytes) -> Result<Self, IndexError> {
        let (said, sum) = bytes.split_last_chunk::<4>().ok_or(IndexError)?;
        let (body, tail) = said.split_last_chunk::<72>().ok_or(IndexError)?;
        if crc32fast::hash(said).to_le_bytes() != *sum || !body.starts_with(MAGIC) {
            return Err(IndexError);
        }
        let mut sections = [Section::default(); 3];
        for (section, places) in sections.iter_mut().zip(tail.as_chunks::<24>().0) {
            let place = |at: usize| {
                let eight = places.get(at..at + 8).and_then(|eight| eight.first_chunk::<8>());
                eight.map(|eight| u64::from_le_bytes(*eight)).and_then(|place| usize::try_from(place).ok())
            };
            let (Some(at), Some(count), Some(end)) = (place(0), place(8), place(16)) else {
                return Err(IndexError);
            };
            let fits = count.checked_mul(8).and_then(|bytes| at.checked_add(bytes));
            if fits.is_none_or(|fits| fits > body.len()) || end > at {
                return Err(IndexError);
            }
            *section = Section { restarts: (at, count), end };
        }
        Ok(Self { bytes, sections })
    }

    /// Where a key stands; none where it stands nowhere.
    ///
    /// # Errors
    /// It does not read.
    pub fn find(&self, key: Key, wanted: &[u8]) -> Result<Option<Posting>, IndexError> {
        let found = self.range(key, Bound::Included(wanted), Bound::Included(wanted))?;
        Ok(found.into_iter().next().map(|(_, posting)| posting))
    }

    /// Where the keys of a range stand, in their order.
    ///
    /// # Errors
    /// It does not read.
    pub fn range(
        &self,
        key: Key,
        from: Bound<&[u8]>,
        to: Bound<&[u8]>,
    ) -> Result<Vec<(Vec<u8>, Posting)>, IndexError> {
        let section = self.sections.get(key as usize).ok_or(IndexError)?;
        // The last whole key that is not beyond the beginning.
        let (mut low, mut high) = (0, section.restarts.1);
        let start = match from {
            Bound::Included(start) | Bound::Excluded(start) => start,
            Bound::Unbounded => &[],
        };
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            let mut cursor = Cursor { bytes: &self.bytes, at: self.restart(section, middle)? };
            let mut whole = Vec::new();
            cursor.key(&mut whole)?;
            if whole.as_slice() <= start { low = middle } else { high = middle }
        }
        let mut found = Vec::new();
        if section.restarts.1 == 0 {
            return Ok(found);
        }
        let mut cursor = Cursor { bytes: &self.bytes, at: self.restart(section, low)? };
        let mut one = Vec::new();
        while cursor.at < section.end {
            cursor.key(&mut one)?;
            let posting = cursor.posting()?;
            let beyond = match to {
                Bound::Included(end) => one.as_slice() > end,
                Bound::Excluded(end) => one.as_slice() >= end,
                Bound::Unbounded => false,
            };
            if beyond {
                break;
            }
            let begun = match from {
                Bound::Included(start) => one.as_slice() >= start,
                Bound::Excluded(start) => one.as_slice() > start,
                Bound::Unbounded => true,
            };
            if begun {
                found.push((one.clone(), posting));
            }
        }
        Ok(found)
    }

    fn restart(&self, section: &Section, nth: usize) -> Result<usize, IndexError> {
        let at = section.restarts.0 + nth * 8;
        let eight = self.bytes.get(at..).and_then(|bytes| bytes.first_chunk::<8>()).ok_or(IndexError)?;
        usize::try_from(u64::from_le_bytes(*eight)).map_err(|_| IndexError)
    }
}

struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Cursor<'_> {
    fn number(&mut self) -> Result<u64, IndexError> {
        let mut rest = self.bytes.get(self.at..).ok_or(IndexError)?;
        let number = leb::take(&mut rest).ok_or(IndexError)?;
        self.at = self.bytes.len() - rest.len();
        Ok(number)
    }

    fn size(&mut self) -> Result<usize, IndexError> {
        usize::try_from(self.number()?).map_err(|_| IndexError)
    }

    /// Reads a key in the place of the one before.
    fn key(&mut self, key: &mut Vec<u8>) -> Result<(), IndexError> {
        let (shared, own) = (self.size()?, self.size()?);
        if shared > key.len() {
            return Err(IndexError);
        }
        key.truncate(shared);
        let end = self.at.checked_add(own).ok_or(IndexError)?;
        key.extend_from_slice(self.bytes.get(self.at..end).ok_or(IndexError)?);
        self.at = end;
        Ok(())
    }

    fn posting(&mut self) -> Result<Posting, IndexError> {
        let mut posting = Posting { lines: self.number()?, pages: BTreeSet::new() };
        let mut page = 0u32;
        for _ in 0..self.number()? {
            let step = u32::try_from(self.number()?).map_err(|_| IndexError)?;
            page = page.checked_add(step).ok_or(IndexError)?;
            posting.pages.insert(page);
        }
        Ok(posting)
    }
}
