//! Files of lines: Parquet, each of whole segments, with what proves them in its metadata.
//!
//! Invariants: a file is read back and compared, column by column, before anything rests on it; what stands in it under
//! its digest never changes. Layout 1 is read for ever.
//! Source: `docs/format.md` §13.

use crate::block::{Block, Shapes};
use crate::column::{SCHEMA, place};
use crate::salt::SaltKey;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, UInt32Type};
use arrow_array::{Array as _, ArrayRef, UInt32Array};
use arrow_schema::ArrowError;
use bytes::Bytes;
use model::RecordId;
use parquet::arrow::ArrowWriter;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{ChunkReader, Length};
use parquet::schema::types::ColumnPath;
use proof::hash::Hash;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

/// Rows of a page: what is read for the sake of one of them.
pub const PAGE: usize = 4_096;
/// Rows of a row group.
const GROUP: usize = 131_072;
/// The member of a file's metadata that says what it holds.
const ABOUT: &str = "ward-lines/v1";
/// So many values among [`SAMPLE`] may a column of whole numbers have to be kept by a dictionary.
const FEW: usize = 64;
/// Rows of a part that are looked at for that.
const SAMPLE: usize = 4_096;
/// Parts that are.
const SAMPLES: usize = 8;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Who received the lines.
    pub receiver: String,
    /// Stretches of lines, one after the other.
    pub parts: Vec<Stretch>,
    /// Shapes, by the numbers that stand in their column; base64.
    pub shapes: Vec<String>,
    /// Lines that were erased, in the order of their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erased: Vec<Erased>,
}

/// Lines that follow one another, as they came in one segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// Number of the first.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// The key of their salts, base64; none once one of them was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Then their salts, one after the other, base64; zeros for a line that was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salts: Option<String>,
}

/// A line that was erased: what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erased {
    /// Its number.
    pub line: u64,
    /// Its leaf in the tree of its batch, base64.
    pub leaf: String,
    /// The case that approved it.
    pub case: RecordId,
}

/// Why a file is not written or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Columns are not those of the layout.
    #[error("the columns")]
    Columns(#[from] ArrowError),
    /// It is not written or read.
    #[error("the Parquet file")]
    Parquet(#[from] ParquetError),
    /// It does not say what it holds, or says something else.
    #[error("the file does not say which lines it holds")]
    About,
    /// It was read back and is not what was written.
    #[error("the file was read back, and column {column} differs")]
    Differs {
        /// The first column that differs.
        column: String,
    },
}

impl Stretch {
    /// Of a segment.
    #[must_use]
    pub fn new(first: u64, count: u64, key: &SaltKey) -> Self {
        Self { first, count, key: Some(proof::base64::encode(key.secret_bytes())), salts: None }
    }

    /// Number of the line behind its last.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.first.saturating_add(self.count)
    }

    /// Salts of its lines; none where it does not say them.
    #[must_use]
    pub fn salts(&self, lines: Range<u64>) -> Option<Vec<[u8; 16]>> {
        let count = usize::try_from(lines.end.checked_sub(lines.start)?).ok()?;
        if let Some(key) = &self.key {
            let key = SaltKey::from_bytes(proof::base64::decode_array(key)?);
            return Some(key.salts(lines.start, count));
        }
        let all = proof::base64::decode(self.salts.as_ref()?)?;
        let (all, rest) = all.as_chunks::<16>();
        let from = usize::try_from(lines.start.checked_sub(self.first)?).ok()?;
        let whole = rest.is_empty() && all.len() as u64 == self.count;
        all.get(from..from.checked_add(count)?).filter(|_| whole).map(<[_]>::to_vec)
    }
}

impl Erased {
    /// Its leaf; none where it is no hash.
    #[must_use]
    pub fn leaf(&self) -> Option<Hash> {
        self.leaf.parse().ok()
    }
}

impl About {
    /// Of a file with these stretches; its shapes are found when it is written.
    #[must_use]
    pub fn of(receiver: &str, parts: Vec<Stretch>) -> Self {
        Self { receiver: receiver.to_owned(), parts, shapes: Vec::new(), erased: Vec::new() }
    }

    /// Was a line erased?
    #[must_use]
    pub fn erased(&self, line: u64) -> Option<&Erased> {
        let at = self.erased.binary_search_by_key(&line, |erased| erased.line).ok()?;
        self.erased.get(at)
    }

    /// Lines are erased in their order, each once, and no key is left of which a salt of theirs follows.
    fn is_sound(&self) -> bool {
        let ordered = self.erased.is_sorted_by(|one, next| one.line < next.line);
        let within = |part: &Stretch| {
            let from = self.erased.partition_point(|erased| erased.line < part.first);
            let to = self.erased.partition_point(|erased| erased.line < part.end());
            self.erased.get(from..to).unwrap_or_default()
        };
        let alone = |part: &Stretch| {
            let erased = within(part);
            if erased.is_empty() {
                return true;
            }
            let salts = part.salts(part.first..part.end()).filter(|_| part.key.is_none());
            let salt = |line: u64| salts.as_ref()?.get(usize::try_from(line - part.first).ok()?);
            erased.iter().all(|one| one.leaf().is_some() && salt(one.line) == Some(&[0; 16]))
        };
        let homes: usize = self.parts.iter().map(|part| within(part).len()).sum();
        ordered && homes == self.erased.len() && self.parts.iter().all(alone)
    }

    /// Number of the first line, and of the one after the last.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        let first = self.parts.first().map_or(0, |part| part.first);
        let end = self.parts.last().map_or(first, |part| part.first + part.count);
        first..end
    }
}

/// Columns with the shapes that their numbers speak of.
#[derive(Clone)]
pub struct Part {
    /// The columns.
    pub columns: RecordBatch,
    /// Shapes, by number.
    pub shapes: Arc<Shapes>,
}

impl Part {
    /// Of a block.
    #[must_use]
    pub fn of(block: &Block) -> Self {
        Self { columns: block.columns.clone(), shapes: Arc::clone(&block.shapes) }
    }

    /// Of blocks, one after the other.
    pub fn of_all<'b>(blocks: &'b [Arc<Block>]) -> impl Iterator<Item = Result<Self, FileError>> + use<'b> {
        blocks.iter().map(|block| Ok(Self::of(block)))
    }
}

/// Writes a file of these parts, one after the other, and reads it back. Parts are asked for again whenever they are gone
/// through, so that they need not all be in memory. Shapes of what it is about are those of the parts.
///
/// # Errors
/// [`FileError`].
pub fn write<I>(about: About, parts: impl Fn() -> Result<I, FileError>) -> Result<Vec<u8>, FileError>
where
    I: Iterator<Item = Result<Part, FileError>>,
{
    let mut numbering = Numbering::default();
    let sample = parts()?.take(SAMPLES).collect::<Result<Vec<_>, _>>()?;
    let properties = properties(&sample, &constant(parts()?)?);
    let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&SCHEMA), Some(properties))?;
    for part in parts()? {
        writer.write(&numbering.renumbered(&part?)?)?;
    }
    let shapes = numbering.shapes.iter().map(|shape| proof::base64::encode(shape)).collect();
    let about = About { shapes, ..about };
    let about = serde_json::to_string(&about).map_err(|_| FileError::About)?;
    writer.append_key_value_metadata(KeyValue::new(ABOUT.to_owned(), about));
    let bytes = Bytes::from(writer.into_inner()?);
    compare(&bytes, parts()?.map(|part| numbering.renumbered(&part?)))?;
    Ok(bytes.into())
}

/// One numbering of shapes for all parts.
#[derive(Default)]
struct Numbering {
    shapes: Shapes,
    numbers: HashMap<Arc<[u8]>, u32>,
}

impl Numbering {
    /// The columns with its numbers.
    fn renumbered(&mut self, part: &Part) -> Result<RecordBatch, FileError> {
        let Self { shapes, numbers } = self;
        let number = |shape: &Arc<[u8]>| {
            *numbers.entry(Arc::clone(shape)).or_insert_with(|| {
                shapes.push(Arc::clone(shape));
                u32::try_from(shapes.len() - 1).unwrap_or(u32::MAX)
            })
        };
        let map: Vec<u32> = part.shapes.iter().map(number).collect();
        if map.iter().copied().eq(0..) {
            return Ok(part.columns.clone());
        }
        let column = part.columns.column(place::SHAPE).as_primitive_opt::<UInt32Type>();
        let column = column.ok_or(FileError::About)?;
        let new: UInt32Array = column.unary_opt(|number| map.get(number as usize).copied());
        let mut columns = part.columns.columns().to_vec();
        if let Some(place) = columns.get_mut(place::SHAPE) {
            *place = Arc::new(new);
        }
        Ok(RecordBatch::try_new(Arc::clone(&SCHEMA), columns)?)
    }
}

/// Columns that say the same in every row, or nothing; no addresses, which stand in each row.
fn constant(parts: impl Iterator<Item = Result<Part, FileError>>) -> Result<Vec<usize>, FileError> {
    let mut constant: Vec<(usize, Steady)> = (0..place::COUNT).map(|at| (at, Steady::default())).collect();
    for part in parts {
        let rows = part?.columns;
        if rows.num_rows() > 0 {
            constant.retain_mut(|(at, steady)| steady.goes_on(rows.column(*at)));
        }
    }
    Ok(constant.into_iter().map(|(at, _)| at).collect())
}

/// Columns that are remembered of those that say one thing: as many as there are threads that read, and some more.
const MOST_SEEN: usize = 8;

/// A column that has said one thing so far.
#[derive(Default)]
struct Steady {
    /// What, as a column of one row.
    value: Option<ArrayRef>,
    /// Columns that were looked at and say nothing else: a text that all rows of a chunk have is made once for many chunks.
    seen: Vec<ArrayRef>,
}

impl Steady {
    /// Does a column of one row or more say the same, and is it kept once?
    fn goes_on(&mut self, column: &ArrayRef) -> bool {
        let value = self.value.get_or_insert_with(|| column.slice(0, 1));
        if value.is_null(0) {
            return column.null_count() == column.len();
        }
        if column.as_fixed_size_binary_opt().is_some() {
            return false;
        }
        if self.seen.iter().any(|seen| begins(seen, column)) {
            return true;
        }
        let others = column.len() - 1;
        // Each row is like the one behind it.
        let same = column.slice(0, 1).as_ref() == value.as_ref()
            && column.slice(0, others).as_ref() == column.slice(1, others).as_ref();
        if same && self.seen.len() < MOST_SEEN {
            self.seen.push(Arc::clone(column));
        }
        same
    }
}

/// Is a column of texts the beginning of another, in the same memory?
fn begins(whole: &ArrayRef, column: &ArrayRef) -> bool {
    let places = |column: &ArrayRef| match column.as_string_opt::<i32>() {
        Some(texts) => Some(texts.value_offsets().as_ptr()),
        None => column.as_binary_opt::<i32>().map(|texts| texts.value_offsets().as_ptr()),
    };
    column.len() <= whole.len() && places(column).is_some_and(|at| places(whole) == Some(at))
}

/// How each column is kept: many different numbers by their differences, few and texts by a dictionary. What says one
/// thing alone is a few bytes as it is, and nothing is set up to pack or unpack them.
fn properties(sample: &[Part], constant: &[usize]) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_data_page_row_count_limit(PAGE)
        .set_write_batch_size(PAGE)
        .set_max_row_group_row_count(Some(GROUP))
        .set_statistics_enabled(EnabledStatistics::None);
    let path = |at: usize| ColumnPath::from(SCHEMA.field(at).name().as_str());
    for at in [place::RECEIVED, place::TIME, place::BEGINS, place::ENDS] {
        properties = properties
            .set_column_dictionary_enabled(path(at), false)
            .set_column_encoding(path(at), Encoding::DELTA_BINARY_PACKED)
            .set_column_statistics_enabled(path(at), EnabledStatistics::Chunk);
    }
    let numbers = [
        lines::Field::SrcPort,
        lines::Field::DstPort,
        lines::Field::BytesReceived,
        lines::Field::BytesSent,
        lines::Field::Duration,
        lines::Field::Session,
    ];
    let numbers = numbers.into_iter().filter_map(place::of).chain(place::FIRST_NUMBER..place::FIRST_TEXT);
    for at in numbers.filter(|at| sample.iter().any(|part| !is_few(part.columns.column(*at)))) {
        properties = properties
            .set_column_dictionary_enabled(path(at), false)
            .set_column_encoding(path(at), Encoding::DELTA_BINARY_PACKED);
    }
    for at in constant {
        properties = properties.set_column_compression(path(*at), Compression::UNCOMPRESSED);
    }
    properties.build()
}

/// Has a column few different numbers?
fn is_few(column: &ArrayRef) -> bool {
    let mut seen = HashSet::new();
    let mut few = |value: i64| {
        seen.insert(value);
        seen.len() <= FEW
    };
    if let Some(column) = column.as_primitive_opt::<Int64Type>() {
        return column.iter().take(SAMPLE).flatten().all(&mut few);
    }
    match column.as_primitive_opt::<UInt32Type>() {
        Some(column) => column.iter().take(SAMPLE).flatten().all(|value| few(value.into())),
        None => true,
    }
}

/// Is a file what was to be written?
fn compare(
    bytes: &Bytes,
    mut written: impl Iterator<Item = Result<RecordBatch, FileError>>,
) -> Result<(), FileError> {
    let differs = |at: usize| FileError::Differs { column: SCHEMA.field(at).name().clone() };
    let mut current: Option<(RecordBatch, usize)> = None;
    for read in Table::open(Stored::Memory(bytes.clone()))?.rows(None, &[], PAGE)? {
        let read = read?;
        let mut at = 0;
        while at < read.num_rows() {
            let (batch, from) = match current.take() {
                Some(current) => current,
                None => (written.next().ok_or_else(|| differs(0))??, 0),
            };
            let count = (batch.num_rows() - from).min(read.num_rows() - at);
            for column in 0..place::COUNT {
                let (one, other) =
                    (batch.column(column).slice(from, count), read.column(column).slice(at, count));
                if one.as_ref() != other.as_ref() {
                    return Err(differs(column));
                }
            }
            at += count;
            if from + count < batch.num_rows() {
                current = Some((batch, from + count));
            }
        }
    }
    for batch in written {
        if batch?.num_rows() > 0 {
            return Err(differs(0));
        }
    }
    current.map_or(Ok(()), |_| Err(differs(0)))
}

/// Bytes of a file, in memory or on a disk, of which parts are read.
#[derive(Clone)]
pub enum Stored {
    /// In memory.
    Memory(Bytes),
    /// On a disk, with its length.
    Disk(Arc<File>, u64),
}

impl Stored {
    /// A file on a disk.
    ///
    /// # Errors
    /// It is not there or cannot be read.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self::Disk(Arc::new(file), length))
    }
}

impl Length for Stored {
    fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Disk(_, length) => *length,
        }
    }
}

impl ChunkReader for Stored {
    type T = std::io::Cursor<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let rest = usize::try_from(self.len().saturating_sub(start)).unwrap_or(usize::MAX);
        self.get_bytes(start, rest).map(std::io::Cursor::new)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let beyond = || ParquetError::EOF(format!("{length} bytes from {start} on"));
        match self {
            Self::Memory(bytes) => {
                let from = usize::try_from(start).map_err(|_| beyond())?;
                let to = from.checked_add(length).filter(|to| *to <= bytes.len()).ok_or_else(beyond)?;
                Ok(bytes.slice(from..to))
            }
            Self::Disk(file, _) => {
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, start)?;
                Ok(bytes.into())
            }
        }
    }
}

/// A file that is read.
#[derive(Clone)]
pub struct Table {
    stored: Stored,
    metadata: ArrowReaderMetadata,
    about: About,
    shapes: Arc<Shapes>,
}

impl Table {
    /// Opens a file.
    ///
    /// # Errors
    /// `Parquet`, `About`.
    pub fn open(stored: Stored) -> Result<Self, FileError> {
        let options = ArrowReaderOptions::new()
            .with_page_index_policy(parquet::file::metadata::PageIndexPolicy::Required);
        let metadata = ArrowReaderMetadata::load(&stored, options)?;
        let pairs = metadata.metadata().file_metadata().key_value_metadata();
        let about = pairs.into_iter().flatten().find(|pair| pair.key == ABOUT);
        let about = about.and_then(|pair| pair.value.as_deref()).ok_or(FileError::About)?;
        let about: About = serde_json::from_str(about).map_err(|_| FileError::About)?;
        let range = about.range();
        let rows = u64::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or(0);
        let same = metadata.schema().fields() == SCHEMA.fields();
        if !same || range.end - range.start != rows || !about.is_sound() {
            return Err(FileError::About);
        }
        let shapes = about.shapes.iter().map(|shape| proof::base64::decode(shape).map(Arc::from));
        let shapes = shapes.collect::<Option<Shapes>>().ok_or(FileError::About)?;
        Ok(Self { stored, metadata, about, shapes: Arc::new(shapes) })
    }

    /// What it holds.
    #[must_use]
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// Shapes, by number.
    #[must_use]
    pub fn shapes(&self) -> &Arc<Shapes> {
        &self.shapes
    }

    /// All of it, page by page.
    ///
    /// # Errors
    /// `Parquet`.
    pub fn parts(&self) -> Result<impl Iterator<Item = Result<Part, FileError>> + use<>, FileError> {
        let shapes = Arc::clone(&self.shapes);
        let rows = self.rows(None, &[], PAGE)?;
        Ok(rows.map(move |columns| Ok(Part { columns: columns?, shapes: Arc::clone(&shapes) })))
    }

    /// Rows, `size` at a time: those selected, and of these columns, all where none is named.
    ///
    /// # Errors
    /// `Parquet`.
    pub fn rows(
        &self,
        selection: Option<RowSelection>,
        columns: &[usize],
        size: usize,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, ArrowError>> + use<>, FileError> {
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.stored.clone(), self.metadata.clone());
        if !columns.is_empty() {
            let mask = ProjectionMask::leaves(builder.parquet_schema(), columns.iter().copied());
            builder = builder.with_projection(mask);
        }
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        Ok(builder.with_batch_size(size).build()?)
    }
}
