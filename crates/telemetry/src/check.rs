//! Checking: does a file give back every line whose root the ledger has, and does its index say where they stand?
//!
//! Believes nothing but the roots: lines are put together again, salted, hashed.

use crate::block::Row;
use crate::came::{Came, leaf, part_of};
use crate::column::place;
use crate::erase;
use crate::file::{Erased, FileError, PAGE, Stored, Table};
use crate::index::{self, Keys};
use crate::journal::Segment;
use crate::receiver::Batch;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::UInt32Type;
use arrow_schema::ArrowError;
use bytes::Bytes;
use proof::hash::Hash;
use proof::tree::Frontier;
use std::net::Ipv6Addr;

/// What is wrong with lines.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The file does not read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its columns do not.
    #[error(transparent)]
    Columns(#[from] ArrowError),
    /// It holds other lines than the ledger says.
    #[error("the file holds lines {}..{}", .0.start, .0.end)]
    Range(std::ops::Range<u64>),
    /// A line cannot be put together.
    #[error("line {0} cannot be put together")]
    Line(u64),
    /// Lines lead to another root.
    #[error("lines {}..{} lead to another root than the ledger's", .0.first, .0.first + .0.count)]
    Root(Batch),
    /// A line is said to be erased, and something of it is left.
    #[error("line {0} is said to be erased, and something of it is left")]
    Left(u64),
    /// The index says something else than the lines.
    #[error("the index says something else than the lines")]
    Index,
}

/// Compares leaves, one after the other, with roots.
struct Roots<'b> {
    left: std::slice::Iter<'b, Batch>,
    current: Option<&'b Batch>,
    edge: Frontier,
    next: u64,
}

impl<'b> Roots<'b> {
    fn new(batches: &'b [Batch], first: u64) -> Self {
        let mut left = batches.iter();
        let current = left.next();
        Self { left, current, edge: Frontier::new(), next: first }
    }

    fn take(&mut self, leaf: Hash) -> Result<(), CheckError> {
        let number = self.next;
        self.next += 1;
        let Some(batch) = self.current.filter(|batch| number >= batch.first) else { return Ok(()) };
        self.edge.push(leaf, |_, _| ());
        if self.edge.size() == batch.count {
            if self.edge.root() != batch.root {
                return Err(CheckError::Root(*batch));
            }
            self.edge = Frontier::new();
            self.current = self.left.next();
        }
        Ok(())
    }

    /// Every root must have been met.
    fn end(self) -> Result<(), CheckError> {
        self.current.map_or(Ok(()), |batch| Err(CheckError::Root(*batch)))
    }
}

/// Checks a file that is to hold the lines of these batches, which follow one another, and its index. Gives the lines that
/// it says were erased: whether they might be is not known here.
///
/// # Errors
/// [`CheckError`]: what is wrong first.
pub fn file(bytes: Bytes, index: &[u8], batches: &[Batch]) -> Result<Vec<Erased>, CheckError> {
    let table = Table::open(Stored::Memory(bytes))?;
    let range = table.about().range();
    let first = batches.first().map_or(range.start, |batch| batch.first);
    let end = batches.last().map_or(first, |batch| batch.first + batch.count);
    if range != (first..end) {
        return Err(CheckError::Range(range));
    }
    let mut roots = Roots::new(batches, first);
    let mut parts = Vec::new();
    for read in table.rows(None, &[], PAGE)? {
        let columns = read?;
        let salts = salts(&table, roots.next, columns.num_rows()).ok_or(FileError::About)?;
        for (at, salt) in salts.iter().enumerate() {
            let row = Row { columns: &columns, shapes: table.shapes(), at };
            roots.take(leaf_of(&table, &row, roots.next, salt)?)?;
        }
        parts.push(Keys::of(&columns));
    }
    roots.end()?;
    if index::build(&parts) != index {
        return Err(CheckError::Index);
    }
    Ok(table.about().erased.clone())
}

/// The leaf of a row: that of its line, or the one that is left of it where it was erased.
fn leaf_of(table: &Table, row: &Row<'_>, number: u64, salt: &[u8; 16]) -> Result<Hash, CheckError> {
    let line = row.line().ok_or(CheckError::Line(number))?;
    if let Some(erased) = table.about().erased(number) {
        let gone = line.is_empty() && erase::is_blank(row.columns, row.at);
        return erased.leaf().filter(|_| gone).ok_or(CheckError::Left(number));
    }
    let came = came(row.columns, row).ok_or(CheckError::Line(number))?;
    Ok(leaf(salt, &came, &line))
}

/// Checks a segment of the journal against the roots of lines that it holds.
///
/// # Errors
/// `Root`.
pub fn segment(segment: &Segment, batches: &[Batch]) -> Result<(), CheckError> {
    let within: Vec<Batch> = batches
        .iter()
        .copied()
        .filter(|batch| batch.first >= segment.first && batch.first < segment.end())
        .collect();
    let mut roots = Roots::new(&within, segment.first);
    for chunk in &segment.chunks {
        let salts = segment.key.salts(roots.next, chunk.count());
        for ((line, part), salt) in chunk.lines().zip(&salts) {
            roots.take(leaf(salt, &chunk.came.head(part), line))?;
        }
    }
    roots.end()
}

/// Salts of lines of a file.
pub(crate) fn salts(table: &Table, first: u64, count: usize) -> Option<Vec<[u8; 16]>> {
    let mut salts = Vec::with_capacity(count);
    for part in &table.about().parts {
        let from = first.max(part.first);
        let to = (first + count as u64).min(part.first + part.count);
        if from < to {
            salts.extend(part.salts(from..to)?);
        }
    }
    (salts.len() == count).then_some(salts)
}

/// The record of a row up to its line.
pub(crate) fn came(columns: &RecordBatch, row: &Row<'_>) -> Option<[u8; crate::HEAD]> {
    let address: [u8; 16] =
        columns.column(place::PEER).as_fixed_size_binary_opt()?.value(row.at).try_into().ok()?;
    let number =
        |at: usize| columns.column(at).as_primitive_opt::<UInt32Type>().map(|column| column.value(row.at));
    let port = u16::try_from(number(place::PEER_PORT)?).ok()?;
    let part = part_of(u8::try_from(number(place::PART)?).ok()?)?;
    Some(Came { received: row.received()?, address: Ipv6Addr::from(address), port }.head(part))
}
