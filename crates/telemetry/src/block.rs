//! Blocks: a chunk's lines read, taken apart into columns, and hashed.
//!
//! Invariant: row `i` of a block is the chunk's line `i`, and gives it back to the byte: what could not be shown to do so
//! when it was taken apart stands as one piece.

use crate::came::leaf;
use crate::chunk::Chunk;
use crate::column::{self, FIELD_COLUMNS, Kind, SCHEMA, Value, kind, place};
use crate::salt::SaltKey;
use crate::shape::{self, Filling, NUMBERS, Pieces, TEXTS};
use arrow_array::builder::{
    BinaryBuilder, FixedSizeBinaryBuilder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
    UInt32Builder,
};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, TimestampMicrosecondType, UInt32Type};
use arrow_array::{Array as _, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::ArrowError;
use lines::{Field, Mark, Reader, Record, Source};
use model::Instant;
use proof::hash::Hash;
use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

/// Lines with their numbers, columns and leaves.
#[derive(Debug, Clone)]
pub struct Block {
    /// Number of the first line.
    pub first: u64,
    /// When they were received.
    pub received: Instant,
    /// The columns, those of [`SCHEMA`].
    pub columns: RecordBatch,
    /// Shapes, by the numbers that stand in their column.
    pub shapes: Arc<Shapes>,
    /// The lines' leaves in the tree of their batch.
    pub leaves: Vec<Hash>,
    /// Lines that have all nine fields of clause 27.1.2.
    pub nine: u64,
}

impl Block {
    /// Is the line of this number one of its own?
    #[must_use]
    pub fn holds(&self, number: u64) -> bool {
        number.checked_sub(self.first).is_some_and(|at| at < self.columns.num_rows() as u64)
    }
}

/// Shapes of lines, numbered.
pub type Shapes = Vec<Arc<[u8]>>;

/// Most shapes of a block; what has yet another stands as one piece.
const MOST_SHAPES: usize = 256;

/// Makes blocks. Kept from chunk to chunk, so that little is allocated anew.
#[derive(Debug, Default)]
pub struct Maker {
    reader: Reader,
    pieces: Pieces,
}

impl Maker {
    /// Reads a chunk whose first line has this number.
    ///
    /// # Errors
    /// Never in fact: columns are made as the schema says.
    pub fn block(
        &mut self,
        first: u64,
        chunk: &Chunk,
        key: &SaltKey,
        source: Source,
    ) -> Result<Block, ArrowError> {
        let salts = key.salts(first, chunk.count());
        let mut leaves = Vec::with_capacity(chunk.count());
        let mut columns = Columns::new(chunk.count());
        let (mut nine, mut head, mut head_of) = (0, [0; crate::came::HEAD], None);
        for ((line, part), salt) in chunk.lines().zip(&salts) {
            if head_of != Some(part) {
                (head, head_of) = (chunk.came.head(part), Some(part));
            }
            leaves.push(leaf(salt, &head, line));
            let record = self.reader.read(source, chunk.came.received, line);
            let mut filled = [false; Field::ALL.len()];
            for (nth, field) in FIELD_COLUMNS.iter().enumerate() {
                let value = match field {
                    Field::Duration => {
                        seconds(&record).and_then(|seconds| i64::try_from(seconds).ok()).map(Value::Number)
                    }
                    field => record.text(*field).and_then(|bytes| column::value(*field, bytes)),
                };
                if let Some(place) = filled.get_mut(*field as usize) {
                    *place = value.is_some();
                }
                columns.field(nth, value)?;
            }
            nine += u64::from(columns.line(&record));
            shape::cut(&record, |field| filled.get(field as usize) == Some(&true), &mut self.pieces);
            if !self.pieces.gives(line) {
                self.pieces.whole(line);
            }
            let shape = match columns.shapes.number(&self.pieces.shape) {
                Some(number) => number,
                None => {
                    self.pieces.whole(line);
                    columns.shapes.number_of_whole(&self.pieces.shape)
                }
            };
            columns.shape.append_value(shape);
            columns.pieces(&self.pieces, line);
            columns.part.append_value(u32::from(crate::came::part_number(part)));
        }
        let shapes = std::mem::take(&mut columns.shapes.list);
        Ok(Block {
            first,
            received: chunk.came.received,
            columns: columns.finish(chunk)?,
            shapes: Arc::new(shapes),
            leaves,
            nine,
        })
    }
}

/// How long a session lasted, where the line says it in whole seconds.
fn seconds(record: &Record<'_>) -> Option<u64> {
    let said = record.text(Field::Duration).and_then(shape::number)?;
    let seconds = u64::try_from(said).ok()?;
    (record.duration() == Some(Duration::from_secs(seconds))).then_some(seconds)
}

/// Shapes that are being numbered.
#[derive(Default)]
struct Numbered {
    list: Shapes,
    numbers: HashMap<Arc<[u8]>, u32>,
    /// That of the last line, which is mostly that of the next.
    last: u32,
}

impl Numbered {
    /// The number of a shape; none where there are too many.
    fn number(&mut self, shape: &[u8]) -> Option<u32> {
        if self.list.get(self.last as usize).is_some_and(|last| **last == *shape) {
            return Some(self.last);
        }
        let number = match self.numbers.get(shape) {
            Some(number) => *number,
            None if self.list.len() < MOST_SHAPES => self.add(shape),
            None => return None,
        };
        self.last = number;
        Some(number)
    }

    /// That of lines in one piece, for which there is always room.
    fn number_of_whole(&mut self, shape: &[u8]) -> u32 {
        self.numbers.get(shape).copied().unwrap_or_else(|| self.add(shape))
    }

    fn add(&mut self, shape: &[u8]) -> u32 {
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let shape: Arc<[u8]> = shape.into();
        self.list.push(Arc::clone(&shape));
        self.numbers.insert(shape, number);
        number
    }
}

/// Columns in the making.
struct Columns {
    rows: usize,
    part: UInt32Builder,
    time: TimestampMicrosecondBuilder,
    begins: TimestampMicrosecondBuilder,
    ends: TimestampMicrosecondBuilder,
    priority: UInt32Builder,
    dialect: StringBuilder,
    mark: StringBuilder,
    fields: Vec<Lazy>,
    shapes: Numbered,
    shape: UInt32Builder,
    numbers: Vec<Int64Builder>,
    texts: Vec<BinaryBuilder>,
    rest: BinaryBuilder,
}

/// A field's column, made once a line has the field.
enum Lazy {
    None(Kind),
    Address(FixedSizeBinaryBuilder),
    Port(UInt32Builder),
    Number(Int64Builder),
    Text(StringBuilder),
}

impl Lazy {
    fn put(&mut self, rows: usize, value: Option<Value<'_>>) -> Result<(), ArrowError> {
        if let (Self::None(kind), Some(_)) = (&self, value) {
            *self = Self::made(*kind, rows);
        }
        match (self, value) {
            (Self::None(_), _) => {}
            (Self::Address(column), Some(Value::Address(address))) => {
                column.append_value(address.octets())?
            }
            (Self::Address(column), _) => column.append_null(),
            (Self::Port(column), Some(Value::Port(port))) => column.append_value(port.into()),
            (Self::Port(column), _) => column.append_null(),
            (Self::Number(column), Some(Value::Number(number))) => column.append_value(number),
            (Self::Number(column), _) => column.append_null(),
            (Self::Text(column), Some(Value::Text(text))) => column.append_value(text),
            (Self::Text(column), _) => column.append_null(),
        }
        Ok(())
    }

    /// A column in which all lines until now have nothing.
    fn made(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Address => {
                let mut column = FixedSizeBinaryBuilder::new(16);
                column.append_nulls(rows);
                Self::Address(column)
            }
            Kind::Port => {
                let mut column = UInt32Builder::new();
                column.append_nulls(rows);
                Self::Port(column)
            }
            Kind::Number => {
                let mut column = Int64Builder::new();
                column.append_nulls(rows);
                Self::Number(column)
            }
            Kind::Text => {
                let mut column = StringBuilder::new();
                column.append_nulls(rows);
                Self::Text(column)
            }
        }
    }

    fn finish(self, place: usize, rows: usize) -> ArrayRef {
        match self {
            Self::None(_) => new_null_array(SCHEMA.field(place).data_type(), rows),
            Self::Address(mut column) => Arc::new(column.finish()),
            Self::Port(mut column) => Arc::new(column.finish()),
            Self::Number(mut column) => Arc::new(column.finish()),
            Self::Text(mut column) => Arc::new(column.finish()),
        }
    }
}

impl Columns {
    fn new(rows: usize) -> Self {
        Self {
            rows: 0,
            part: UInt32Builder::with_capacity(rows),
            time: TimestampMicrosecondBuilder::with_capacity(rows),
            begins: TimestampMicrosecondBuilder::with_capacity(rows),
            ends: TimestampMicrosecondBuilder::with_capacity(rows),
            priority: UInt32Builder::with_capacity(rows),
            dialect: StringBuilder::new(),
            mark: StringBuilder::new(),
            fields: FIELD_COLUMNS.iter().filter_map(|field| kind(*field)).map(Lazy::None).collect(),
            shapes: Numbered::default(),
            shape: UInt32Builder::with_capacity(rows),
            numbers: Vec::with_capacity(NUMBERS),
            texts: Vec::with_capacity(TEXTS),
            rest: BinaryBuilder::new(),
        }
    }

    fn field(&mut self, nth: usize, value: Option<Value<'_>>) -> Result<(), ArrowError> {
        match self.fields.get_mut(nth) {
            Some(column) => column.put(self.rows, value),
            None => Ok(()),
        }
    }

    /// What is known of a line beside its fields; has it all nine fields of clause 27.1.2?
    fn line(&mut self, record: &Record<'_>) -> bool {
        let (begins, ends, seconds) = (record.begins(), record.ends(), seconds(record));
        self.time.append_option(record.time().map(|stamp| stamp.at.as_micros()));
        // What follows from end and duration is not kept once more.
        let follows = ends
            .zip(seconds)
            .is_some_and(|(ends, seconds)| begins == Some(ends.minus(Duration::from_secs(seconds))));
        self.begins.append_option(begins.filter(|_| !follows).map(Instant::as_micros));
        self.ends.append_option(ends.map(Instant::as_micros));
        self.priority
            .append_option(record.priority().map(|(facility, severity)| u32::from(facility * 8 + severity)));
        self.dialect.append_option(record.dialect().map(|dialect| dialect.name()));
        self.mark.append_option(record.mark().map(|mark| match mark {
            Mark::On => "on",
            Mark::Off => "off",
        }));
        let there = |field| record.span(field).is_some();
        [Field::SrcIp, Field::DstIp, Field::SrcPort, Field::DstPort, Field::Proto, Field::Action]
            .into_iter()
            .all(there)
            && record.time().is_some()
            && begins.is_some()
            && ends.is_some()
    }

    /// What fills the shape, and the end of the row.
    fn pieces(&mut self, pieces: &Pieces, line: &[u8]) {
        for (nth, number) in pieces.numbers.iter().enumerate() {
            if self.numbers.len() <= nth {
                let mut column = Int64Builder::new();
                column.append_nulls(self.rows);
                self.numbers.push(column);
            }
            if let Some(column) = self.numbers.get_mut(nth) {
                column.append_value(*number);
            }
        }
        for column in self.numbers.iter_mut().skip(pieces.numbers.len()) {
            column.append_null();
        }
        for (nth, span) in pieces.texts.iter().enumerate() {
            if self.texts.len() <= nth {
                let mut column = BinaryBuilder::new();
                column.append_nulls(self.rows);
                self.texts.push(column);
            }
            if let Some(column) = self.texts.get_mut(nth) {
                column.append_value(span.within(line));
            }
        }
        for column in self.texts.iter_mut().skip(pieces.texts.len()) {
            column.append_null();
        }
        self.rest.append_option(Some(&pieces.rest).filter(|rest| !rest.is_empty()));
        self.rows += 1;
    }

    fn finish(mut self, chunk: &Chunk) -> Result<RecordBatch, ArrowError> {
        let rows = self.rows;
        let mut peer = FixedSizeBinaryBuilder::with_capacity(rows, 16);
        for _ in 0..rows {
            peer.append_value(chunk.came.address.octets())?;
        }
        let mut received = TimestampMicrosecondBuilder::with_capacity(rows);
        received.append_slice(&vec![chunk.came.received.as_micros(); rows]);
        let mut port = UInt32Builder::with_capacity(rows);
        port.append_slice(&vec![u32::from(chunk.came.port); rows]);
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(place::COUNT);
        columns.push(Arc::new(received.finish().with_timezone("UTC")));
        columns.push(Arc::new(peer.finish()));
        columns.push(Arc::new(port.finish()));
        columns.push(Arc::new(self.part.finish()));
        columns.push(Arc::new(self.time.finish().with_timezone("UTC")));
        columns.push(Arc::new(self.begins.finish().with_timezone("UTC")));
        columns.push(Arc::new(self.ends.finish().with_timezone("UTC")));
        columns.push(Arc::new(self.priority.finish()));
        columns.push(Arc::new(self.dialect.finish()));
        columns.push(Arc::new(self.mark.finish()));
        for (nth, field) in self.fields.into_iter().enumerate() {
            columns.push(field.finish(place::FIELDS + nth, rows));
        }
        columns.push(Arc::new(self.shape.finish()));
        let nothing = |place: usize| new_null_array(SCHEMA.field(place).data_type(), rows);
        let mut numbers = self.numbers.into_iter();
        for nth in 0..NUMBERS {
            let column = numbers.next().map(|mut column| Arc::new(column.finish()) as ArrayRef);
            columns.push(column.unwrap_or_else(|| nothing(place::FIRST_NUMBER + nth)));
        }
        let mut texts = self.texts.into_iter();
        for nth in 0..TEXTS {
            let column = texts.next().map(|mut column| Arc::new(column.finish()) as ArrayRef);
            columns.push(column.unwrap_or_else(|| nothing(place::FIRST_TEXT + nth)));
        }
        columns.push(Arc::new(self.rest.finish()));
        RecordBatch::try_new(Arc::clone(&SCHEMA), columns)
    }
}

/// A row of columns that has everything its line is made of.
pub struct Row<'b> {
    /// The columns.
    pub columns: &'b RecordBatch,
    /// Shapes, by number.
    pub shapes: &'b [Arc<[u8]>],
    /// Which row.
    pub at: usize,
}

impl Row<'_> {
    /// The line as it was received; none where the columns are damaged.
    #[must_use]
    pub fn line(&self) -> Option<Vec<u8>> {
        let number = self.columns.column(place::SHAPE).as_primitive_opt::<UInt32Type>()?.value(self.at);
        let mut line = Vec::with_capacity(512);
        shape::write(self.shapes.get(number as usize)?, self, &mut line)?;
        Some(line)
    }

    /// When it was received.
    #[must_use]
    pub fn received(&self) -> Option<Instant> {
        let column = self.columns.column(place::RECEIVED).as_primitive_opt::<TimestampMicrosecondType>()?;
        Instant::from_micros(column.value(self.at)).ok()
    }

    /// When the device says that it happened.
    #[must_use]
    pub fn time(&self) -> Option<Instant> {
        let column = self.columns.column(place::TIME).as_primitive_opt::<TimestampMicrosecondType>()?;
        column.is_valid(self.at).then(|| Instant::from_micros(column.value(self.at)).ok())?
    }

    /// Whose way of writing it is.
    #[must_use]
    pub fn dialect(&self) -> Option<&str> {
        let column = self.columns.column(place::DIALECT).as_string_opt::<i32>()?;
        column.is_valid(self.at).then(|| column.value(self.at))
    }

    /// A field's value.
    #[must_use]
    pub fn value(&self, field: Field) -> Option<Value<'_>> {
        let column = self.columns.column(place::of(field)?);
        if column.is_null(self.at) {
            return None;
        }
        Some(match kind(field)? {
            Kind::Address => {
                let bytes: [u8; 16] = column.as_fixed_size_binary_opt()?.value(self.at).try_into().ok()?;
                Value::Address(Ipv6Addr::from(bytes))
            }
            Kind::Port => {
                let port = column.as_primitive_opt::<UInt32Type>()?.value(self.at);
                Value::Port(u16::try_from(port).ok()?)
            }
            Kind::Number => Value::Number(column.as_primitive_opt::<Int64Type>()?.value(self.at)),
            Kind::Text => Value::Text(column.as_string_opt::<i32>()?.value(self.at)),
        })
    }
}

impl Filling for Row<'_> {
    fn field(&self, field: u8, out: &mut Vec<u8>) -> Option<()> {
        let field = Field::ALL.get(usize::from(field))?;
        column::write(self.value(*field)?, out);
        Some(())
    }

    fn number(&self, nth: usize) -> Option<i64> {
        let column = self.columns.column(place::FIRST_NUMBER + nth);
        column
            .is_valid(self.at)
            .then(|| column.as_primitive_opt::<Int64Type>().map(|column| column.value(self.at)))?
    }

    fn text(&self, nth: usize) -> Option<&[u8]> {
        let column = self.columns.column(place::FIRST_TEXT + nth);
        column.is_valid(self.at).then(|| column.as_binary_opt::<i32>().map(|column| column.value(self.at)))?
    }

    fn rest(&self) -> &[u8] {
        let column = self.columns.column(place::REST);
        match column.as_binary_opt::<i32>() {
            Some(column) if column.is_valid(self.at) => column.value(self.at),
            _ => &[],
        }
    }
}
