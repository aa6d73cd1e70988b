//! Erasing: a file becomes one that has all its lines but some, of each of which its leaf is left.
//!
//! What stood in the columns of an erased line goes, with shapes that no other line has and with the key that the salt of
//! its leaf follows from, so that nobody can try what it said; the salts of its neighbours are kept one by one.
//! Invariants: all other lines, their numbers and their salts stay as they are, and so do the roots; the moment of
//! reception stays, since lines are in its order.
//! Source: `docs/format.md` §8.5, §10.7.

use crate::block::{Row, Shapes};
use crate::came::leaf;
use crate::check::{CheckError, came, salts};
use crate::column::place;
use crate::file::{self, About, Erased, FileError, PAGE, Part, Stretch, Table};
use crate::index::{self, Keys};
use arrow_array::cast::AsArray as _;
use arrow_array::types::UInt32Type;
use arrow_array::{Array as _, ArrayRef, FixedSizeBinaryArray, RecordBatch, UInt32Array, make_array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_schema::ArrowError;
use model::RecordId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A file without some lines, and its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Without {
    /// The file.
    pub file: Vec<u8>,
    /// Its index.
    pub index: Vec<u8>,
    /// What is left of the lines that go, in the order of their numbers.
    pub erased: Vec<Erased>,
}

/// Writes what a file becomes without lines, each of which goes by a case. Those that were erased before stay so.
///
/// # Errors
/// [`CheckError`]: it does not read; `Range`: it has not all of these lines any more.
pub fn write(table: &Table, lines: &BTreeMap<u64, RecordId>) -> Result<Without, CheckError> {
    let about = table.about();
    if lines.keys().any(|line| !about.range().contains(line) || about.erased(*line).is_some()) {
        return Err(CheckError::Range(about.range()));
    }
    let erased = leaves(table, lines)?;
    let mut all = about.erased.clone();
    all.extend(erased.iter().cloned());
    all.sort_by_key(|erased| erased.line);
    let parts = about.parts.iter().map(|part| without_salts(part, lines)).collect::<Option<Vec<_>>>();
    let new = About { erased: all, ..About::of(&about.receiver, parts.ok_or(FileError::About)?) };
    let blank = Blank::of(table, &new)?;
    let file = file::write(new, || blank.parts())?;
    let keys =
        blank.parts()?.map(|part| Ok(Keys::of(&part?.columns))).collect::<Result<Vec<_>, FileError>>()?;
    Ok(Without { file, index: index::build(&keys), erased })
}

/// The leaves of lines.
fn leaves(table: &Table, lines: &BTreeMap<u64, RecordId>) -> Result<Vec<Erased>, CheckError> {
    let (mut next, mut leaves) = (table.about().range().start, Vec::with_capacity(lines.len()));
    for columns in table.rows(None, &[], PAGE)? {
        let columns = columns?;
        let count = columns.num_rows() as u64;
        if lines.range(next..next + count).next().is_some() {
            let salts = salts(table, next, columns.num_rows()).ok_or(FileError::About)?;
            for ((at, salt), line) in salts.iter().enumerate().zip(next..) {
                let Some(case) = lines.get(&line) else { continue };
                let row = Row { columns: &columns, shapes: table.shapes(), at };
                let bytes = row.line().ok_or(CheckError::Line(line))?;
                let head = came(&columns, &row).ok_or(CheckError::Line(line))?;
                leaves.push(Erased { line, leaf: leaf(salt, &head, &bytes).to_string(), case: *case });
            }
        }
        next += count;
    }
    Ok(leaves)
}

/// A stretch from which no salt of these lines follows.
fn without_salts(part: &Stretch, lines: &BTreeMap<u64, RecordId>) -> Option<Stretch> {
    let within = lines.range(part.first..part.end());
    let mut salts = match within.clone().next() {
        Some(_) => part.salts(part.first..part.end())?,
        None => return Some(part.clone()),
    };
    for (line, _) in within {
        *salts.get_mut(usize::try_from(line - part.first).ok()?)? = [0; 16];
    }
    let salts = Some(proof::base64::encode(salts.as_flattened()));
    Some(Stretch { key: None, salts, ..part.clone() })
}

/// A file's rows with those of erased lines blank.
struct Blank<'t> {
    table: &'t Table,
    erased: BTreeSet<u64>,
    /// Shapes that other lines have, and behind them that of nothing.
    shapes: Arc<Shapes>,
    /// Their new numbers, by the old ones.
    numbers: BTreeMap<u32, u32>,
}

impl<'t> Blank<'t> {
    fn of(table: &'t Table, about: &About) -> Result<Self, FileError> {
        let erased: BTreeSet<u64> = about.erased.iter().map(|erased| erased.line).collect();
        let (mut next, mut used) = (about.range().start, BTreeSet::new());
        for columns in table.rows(None, &[place::SHAPE], PAGE)? {
            let columns = columns?;
            let shapes = columns.column(0).as_primitive_opt::<UInt32Type>().ok_or(FileError::About)?;
            let kept = shapes.values().iter().zip(next..).filter(|(_, line)| !erased.contains(line));
            used.extend(kept.map(|(shape, _)| *shape));
            next += columns.num_rows() as u64;
        }
        let (mut shapes, mut numbers) = (Shapes::new(), BTreeMap::new());
        for shape in used {
            numbers.insert(shape, u32::try_from(shapes.len()).map_err(|_| FileError::About)?);
            shapes.push(table.shapes().get(shape as usize).cloned().ok_or(FileError::About)?);
        }
        shapes.push(Arc::from([]));
        Ok(Self { table, erased, shapes: Arc::new(shapes), numbers })
    }

    fn parts(&self) -> Result<impl Iterator<Item = Result<Part, FileError>>, FileError> {
        let mut next = self.table.about().range().start;
        Ok(self.table.rows(None, &[], PAGE)?.map(move |columns| {
            let columns = columns?;
            let first = next;
            next += columns.num_rows() as u64;
            let columns = self.blank(first, &columns)?;
            Ok(Part { columns, shapes: Arc::clone(&self.shapes) })
        }))
    }

    /// Rows from this line on, with those of erased lines blank.
    fn blank(&self, first: u64, rows: &RecordBatch) -> Result<RecordBatch, FileError> {
        let left: Vec<bool> =
            (first..).take(rows.num_rows()).map(|line| !self.erased.contains(&line)).collect();
        let nothing = u32::try_from(self.shapes.len() - 1).unwrap_or(u32::MAX);
        let of_shape = |shape: u32| self.numbers.get(&shape).copied().unwrap_or(nothing);
        let columns = rows.columns().iter().enumerate().map(|(place, column)| {
            Ok::<ArrayRef, FileError>(match place {
                place::RECEIVED => Arc::clone(column),
                place::PEER => Arc::new(senders(column, &left)?),
                place::PEER_PORT | place::PART => Arc::new(numbers(column, &left, 0, |number| number)?),
                place::SHAPE => Arc::new(numbers(column, &left, nothing, of_shape)?),
                _ => without(column, &left)?,
            })
        });
        Ok(RecordBatch::try_new(rows.schema(), columns.collect::<Result<_, _>>()?)?)
    }
}

/// A column that is empty where a row is not left.
fn without(column: &ArrayRef, left: &[bool]) -> Result<ArrayRef, ArrowError> {
    let left = NullBuffer::new(BooleanBuffer::from(left));
    let nulls = NullBuffer::union(column.nulls(), Some(&left));
    let data = column.to_data().into_builder().nulls(nulls).build()?;
    Ok(make_array(data))
}

/// A column of numbers, which always stand, with this one where a row is not left.
fn numbers(
    column: &ArrayRef,
    left: &[bool],
    nothing: u32,
    of: impl Fn(u32) -> u32,
) -> Result<UInt32Array, FileError> {
    let column = column.as_primitive_opt::<UInt32Type>().ok_or(FileError::About)?;
    let kept = column.values().iter().zip(left);
    Ok(kept.map(|(number, left)| if *left { of(*number) } else { nothing }).collect())
}

/// The column of senders, with nobody where a row is not left.
fn senders(column: &ArrayRef, left: &[bool]) -> Result<FixedSizeBinaryArray, FileError> {
    let column = column.as_fixed_size_binary_opt().ok_or(FileError::About)?;
    let mut bytes = Vec::with_capacity(left.len() * 16);
    for (at, left) in left.iter().enumerate() {
        bytes.extend_from_slice(if *left { column.value(at) } else { &[0; 16] });
    }
    Ok(FixedSizeBinaryArray::try_new(16, Buffer::from_vec(bytes), None)?)
}

/// Does a row say nothing but when its line was received?
pub(crate) fn is_blank(rows: &RecordBatch, at: usize) -> bool {
    rows.columns().iter().enumerate().all(|(place, column)| match place {
        // What a shape says is looked at by who puts the line together.
        place::RECEIVED | place::SHAPE => true,
        place::PEER => column
            .as_fixed_size_binary_opt()
            .is_some_and(|peers| peers.value(at).iter().all(|byte| *byte == 0)),
        place::PEER_PORT | place::PART => {
            column.as_primitive_opt::<UInt32Type>().is_some_and(|numbers| numbers.value(at) == 0)
        }
        _ => column.is_null(at),
    })
}
