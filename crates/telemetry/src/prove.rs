//! Proving: lines with what leads from them to the root of their batch, for whoever has nothing else of Ward's than the
//! ledger's head.
//!
//! Source: `docs/format.md` §8.4, §8.5.

use crate::block::{Row, Shapes};
use crate::came::leaf;
use crate::check::{CheckError, came, salts};
use crate::file::{Erased, FileError, PAGE};
use crate::find::{FindError, Opened};
use crate::receiver::Batch;
use arrow_array::RecordBatch;
use proof::hash::{Hash, node_hash};
use proof::tree::{Subtrees, prove_range, root};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Lines that follow one another in a batch, proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Position of the first within the batch.
    pub position: u64,
    /// The lines.
    pub lines: Vec<Salted>,
    /// The range proof in the batch's tree.
    pub proof: Vec<Hash>,
}

/// A line as its leaf covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salted {
    /// Its salt.
    pub salt: [u8; 16],
    /// Its record.
    pub record: Vec<u8>,
}

/// Why lines are not proven.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// Their file does not read.
    #[error(transparent)]
    Find(#[from] FindError),
    /// Their batch cannot be put together, or leads to another root.
    #[error(transparent)]
    Check(#[from] CheckError),
}

/// Rows that follow one another: number of the first, columns, shapes.
pub(crate) type Rows = (u64, RecordBatch, Arc<Shapes>);

impl Opened {
    /// Proves lines of these numbers, which are all of one batch, and which the file holds.
    ///
    /// # Errors
    /// [`ProveError`].
    pub fn prove(&self, batch: &Batch, numbers: &BTreeSet<u64>) -> Result<Vec<Proven>, ProveError> {
        let first = self.table().about().range().start;
        let page =
            |number: u64| u32::try_from(number.saturating_sub(first) / PAGE as u64).unwrap_or(u32::MAX);
        let pages: BTreeSet<u32> = (page(batch.first)..=page(batch.first + batch.count - 1)).collect();
        let count = usize::try_from(batch.count).unwrap_or(usize::MAX);
        let salts = salts(self.table(), batch.first, count).ok_or(CheckError::File(FileError::About))?;
        let shapes = self.table().shapes();
        let rows = self.pages(Some(&pages), &[])?;
        let rows = rows.map(|rows| rows.map(|(first, columns)| (first, columns, Arc::clone(shapes))));
        prove(batch, &salts, rows, &self.table().about().erased, numbers)
    }
}

/// Proves lines of these numbers out of a batch, all of whose rows are given, and maybe some around them; those that were
/// erased have but their leaves, and prove their neighbours alone.
pub(crate) fn prove(
    batch: &Batch,
    salts: &[[u8; 16]],
    rows: impl Iterator<Item = Result<Rows, FindError>>,
    erased: &[Erased],
    numbers: &BTreeSet<u64>,
) -> Result<Vec<Proven>, ProveError> {
    let (mut leaves, mut records) = (Vec::with_capacity(salts.len()), Vec::new());
    for rows in rows {
        let (first, columns, shapes) = rows?;
        for at in 0..columns.num_rows() {
            let number = first + at as u64;
            let Some(salt) =
                number.checked_sub(batch.first).and_then(|at| salts.get(usize::try_from(at).ok()?))
            else {
                continue;
            };
            if let Ok(at) = erased.binary_search_by_key(&number, |erased| erased.line) {
                leaves.extend(erased.get(at).and_then(Erased::leaf));
                continue;
            }
            let row = Row { columns: &columns, shapes: &shapes, at };
            let line = row.line().ok_or(CheckError::Line(number))?;
            let head = came(&columns, &row).ok_or(CheckError::Line(number))?;
            leaves.push(leaf(salt, &head, &line));
            if numbers.contains(&number) {
                records.push((number, Salted { salt: *salt, record: [head.as_slice(), &line].concat() }));
            }
        }
    }
    let mut tree = Levels::new(leaves);
    let Ok(found) = root(batch.count, &mut tree);
    if tree.size() != batch.count || found != batch.root {
        return Err(CheckError::Root(*batch).into());
    }
    let mut proven: Vec<(Range<u64>, Vec<Salted>)> = Vec::new();
    for (number, record) in records {
        match proven.last_mut() {
            Some((run, lines)) if run.end == number => {
                run.end += 1;
                lines.push(record);
            }
            _ => proven.push((number..number + 1, vec![record])),
        }
    }
    let mut prove = |(run, lines): (Range<u64>, Vec<Salted>)| {
        let (position, end) = (run.start - batch.first, run.end - batch.first);
        let Ok(proof) = prove_range(position, end, batch.count, &mut tree);
        Proven { position, lines, proof }
    };
    Ok(proven.into_iter().map(&mut prove).collect())
}

/// Hashes of all complete subtrees, level by level.
struct Levels(Vec<Vec<Hash>>);

impl Levels {
    fn new(leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(last) = levels.last().filter(|last| last.len() > 1) {
            let (pairs, _) = last.as_chunks::<2>();
            let above = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
            levels.push(above);
        }
        Self(levels)
    }

    fn size(&self) -> u64 {
        self.0.first().map_or(0, Vec::len) as u64
    }
}

impl Subtrees for Levels {
    type Error = std::convert::Infallible;

    fn subtree(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error> {
        let hashes = self.0.get(level as usize);
        let hash = hashes.zip(usize::try_from(index).ok()).and_then(|(hashes, index)| hashes.get(index));
        // One that is not there leads to another root than the ledger's.
        Ok(hash.copied().unwrap_or(Hash::of(&[])))
    }
}
