//! Blocks: a chunk's lines read, taken apart into columns, and hashed.
//!
//! Invariant: row `i` of a block is the chunk's line `i`, and gives it back to the byte: what could not be shown to do so
//! when it was taken apart stands as one piece.

use crate::came::{leaf, part_number};
use crate::chunk::{Chunk, MOST_LINES};
use crate::column::{self, FIELD_COLUMNS, Kind, SCHEMA, Value, kind, place};
use crate::fill::{Repeated, Texts, Values};
use crate::gaps::{Run, Runs};
use crate::salt::SaltKey;
use crate::shape::{self, Filling, NUMBERS, Pieces, TEXTS};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{BinaryType, Int64Type, TimestampMicrosecondType, UInt32Type, Utf8Type};
use arrow_array::{
    Array as _, ArrayRef, FixedSizeBinaryArray, RecordBatch, TimestampMicrosecondArray, UInt32Array,
    new_null_array,
};
use arrow_buffer::Buffer;
use arrow_schema::ArrowError;
use lines::{Field, Mark, Part, Reader, Record, Source};
use model::Instant;
use proof::hash::Hash;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, LazyLock};
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
    /// Who sent them; unspecified where they were read from a file.
    pub peer: Ipv6Addr,
    /// Bytes of them.
    pub bytes: u64,
    /// Microseconds from the time the device wrote to the reception, of the last line that has such a time.
    pub skew: Option<i64>,
    /// Lines that bear a number of their device, as far as these follow one another.
    pub runs: Vec<Run>,
}

impl Block {
    /// Number of the line behind its last.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first + self.columns.num_rows() as u64
    }

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
    sender: Sender,
    /// Columns of one text, by their places.
    repeated: BTreeMap<usize, Repeated>,
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
        let mut runs = Runs::default();
        for ((line, part), salt) in chunk.lines().zip(&salts) {
            if head_of != Some(part) {
                (head, head_of) = (chunk.came.head(part), Some(part));
            }
            leaves.push(leaf(salt, &head, line));
            let record = self.reader.read(source, chunk.came.received, line);
            let seconds = seconds(&record);
            let filled = columns.fields(&record, seconds);
            nine += u64::from(columns.line(&record, seconds));
            if let Some(number) = record.sequence() {
                runs.add(record.text(Field::Host).unwrap_or_default(), number);
            }
            let alike = self.pieces.take(&record, |field| filled & (1 << field as u32) != 0);
            let known = if alike { columns.shapes.last() } else { None };
            let shape = match known.or_else(|| columns.shapes.number(&self.pieces.shape)) {
                Some(number) => number,
                None => {
                    self.pieces.whole(line);
                    columns.shapes.number_of_whole(&self.pieces.shape)
                }
            };
            columns.pieces(shape, &self.pieces, line);
            columns.end(part);
        }
        let shapes = std::mem::take(&mut columns.shapes.list);
        let (received, columns) = (chunk.came.received, columns.finish(chunk, self)?);
        Ok(Block {
            first,
            received,
            shapes: Arc::new(shapes),
            leaves,
            nine,
            peer: chunk.came.address,
            bytes: chunk.bytes() as u64,
            skew: last_time(&columns).map(|time| received.as_micros() - time),
            runs: runs.finish(),
            columns,
        })
    }
}

/// The time that the last line with one bears, in microseconds.
fn last_time(columns: &RecordBatch) -> Option<i64> {
    let column = columns.column(place::TIME).as_primitive_opt::<TimestampMicrosecondType>()?;
    (0..column.len()).rev().find(|at| column.is_valid(*at)).map(|at| column.value(at))
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
    /// That of the last line that was taken apart; none where there was none.
    fn last(&self) -> Option<u32> {
        (!self.list.is_empty()).then_some(self.last)
    }

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

/// What the column of a field that is no text holds of a line. What was read as an address, a port or a time is not read
/// once more.
fn value<'l>(record: &Record<'l>, field: Field, seconds: Option<u64>) -> Option<Value<'l>> {
    let text = record.text(field)?;
    let of_port = |port: Option<u16>| {
        let port = port.filter(|_| text.len() == 1 || text.first() != Some(&b'0'));
        port.map(Value::Port)
    };
    // An address of version 4 has one spelling alone.
    let of_address = |address: Option<IpAddr>| match address {
        Some(IpAddr::V4(address)) => Some(Value::Address(address.to_ipv6_mapped())),
        _ => column::value(field, text),
    };
    match field {
        Field::SrcIp => of_address(record.src_ip()),
        Field::DstIp => of_address(record.dst_ip()),
        Field::SrcPort => of_port(record.src_port()),
        Field::DstPort => of_port(record.dst_port()),
        Field::Duration => seconds.and_then(|seconds| i64::try_from(seconds).ok()).map(Value::Number),
        _ => column::value(field, text),
    }
}

/// Is it a text?
fn is_text(bytes: &[u8]) -> bool {
    bytes.is_ascii() || std::str::from_utf8(bytes).is_ok()
}

/// Columns that say the same of every line of a sender, shared by its chunks.
#[derive(Debug, Default)]
struct Sender(Option<((Ipv6Addr, u16), (ArrayRef, ArrayRef))>);

impl Sender {
    /// Address and port.
    fn columns(
        &mut self,
        address: Ipv6Addr,
        port: u16,
        rows: usize,
    ) -> Result<(ArrayRef, ArrayRef), ArrowError> {
        let known = self.0.take().filter(|(of, columns)| *of == (address, port) && columns.1.len() >= rows);
        let (_, (peers, ports)) = match known {
            Some(known) => self.0.insert(known),
            None => {
                let most = rows.max(MOST_LINES);
                let peers = Buffer::from_vec(vec![i128::from_ne_bytes(address.octets()); most]);
                let peers = FixedSizeBinaryArray::try_new(16, peers, None)?;
                let ports = UInt32Array::from(vec![u32::from(port); most]);
                self.0.insert(((address, port), (Arc::new(peers), Arc::new(ports))))
            }
        };
        Ok((peers.slice(0, rows), ports.slice(0, rows)))
    }
}

/// Numbers that are mostly 0: they take no room while all are.
#[derive(Default)]
struct Mostly(Vec<u32>);

impl Mostly {
    /// Fills a row; rows are filled in their order.
    fn put(&mut self, row: usize, number: u32) {
        if number != 0 {
            self.0.resize(row, 0);
            self.0.push(number);
        }
    }

    fn array(mut self, rows: usize) -> ArrayRef {
        static ZEROS: LazyLock<UInt32Array> = LazyLock::new(|| vec![0; MOST_LINES].into());
        if self.0.is_empty() && rows <= MOST_LINES {
            return Arc::new(ZEROS.slice(0, rows));
        }
        self.0.resize(rows, 0);
        Arc::new(UInt32Array::from(self.0))
    }
}

/// Columns in the making.
struct Columns {
    /// How many rows there will be.
    rows: usize,
    /// The row that is being filled.
    row: usize,
    part: Mostly,
    time: Values<i64>,
    begins: Values<i64>,
    ends: Values<i64>,
    priority: Values<u32>,
    dialect: Texts,
    mark: Texts,
    fields: Vec<FieldColumn>,
    shapes: Numbered,
    shape: Mostly,
    numbers: Vec<Values<i64>>,
    texts: Vec<Texts>,
    rest: Texts,
}

/// A field's column.
enum FieldColumn {
    Address(Values<i128>),
    Port(Values<u32>),
    Number(Values<i64>),
    Text(Texts),
}

impl FieldColumn {
    fn new(kind: Kind, rows: usize) -> Self {
        match kind {
            Kind::Address => Self::Address(Values::new(rows)),
            Kind::Port => Self::Port(Values::new(rows)),
            Kind::Number => Self::Number(Values::new(rows)),
            Kind::Text => Self::Text(Texts::new(rows)),
        }
    }

    fn put(&mut self, row: usize, value: Value<'_>) {
        match (self, value) {
            (Self::Address(column), Value::Address(address)) => {
                column.put(row, i128::from_ne_bytes(address.octets()));
            }
            (Self::Port(column), Value::Port(port)) => column.put(row, port.into()),
            (Self::Number(column), Value::Number(number)) => column.put(row, number),
            // A value is of the kind of its field.
            _ => {}
        }
    }

    fn finish(self, repeated: &mut Repeated) -> Result<Option<ArrayRef>, ArrowError> {
        match self {
            Self::Address(column) => column.bytes(),
            Self::Port(column) => Ok(column.array::<UInt32Type>().map(some)),
            Self::Number(column) => Ok(column.array::<Int64Type>().map(some)),
            Self::Text(column) => column.array::<Utf8Type>(repeated),
        }
    }
}

fn some(array: impl arrow_array::Array + 'static) -> ArrayRef {
    Arc::new(array)
}

/// Columns without any value, by their places.
static NOTHING: LazyLock<Vec<ArrayRef>> = LazyLock::new(|| {
    SCHEMA.fields().iter().map(|column| new_null_array(column.data_type(), MOST_LINES)).collect()
});

/// A column without any value.
fn nothing(place: usize, rows: usize) -> ArrayRef {
    match NOTHING.get(place).filter(|_| rows <= MOST_LINES) {
        Some(column) => column.slice(0, rows),
        None => new_null_array(SCHEMA.field(place).data_type(), rows),
    }
}

impl Columns {
    fn new(rows: usize) -> Self {
        let kinds = FIELD_COLUMNS.iter().filter_map(|field| kind(*field));
        Self {
            rows,
            row: 0,
            part: Mostly::default(),
            time: Values::new(rows),
            begins: Values::new(rows),
            ends: Values::new(rows),
            priority: Values::new(rows),
            dialect: Texts::new(rows),
            mark: Texts::new(rows),
            fields: kinds.map(|kind| FieldColumn::new(kind, rows)).collect(),
            shapes: Numbered::default(),
            shape: Mostly::default(),
            numbers: (0..NUMBERS).map(|_| Values::new(rows)).collect(),
            texts: (0..TEXTS).map(|_| Texts::new(rows)).collect(),
            rest: Texts::new(rows),
        }
    }

    /// Fills the columns of fields; says which fields they hold, a bit each.
    fn fields(&mut self, record: &Record<'_>, seconds: Option<u64>) -> u32 {
        let mut filled = 0;
        for (field, column) in FIELD_COLUMNS.iter().zip(&mut self.fields) {
            let put = match column {
                FieldColumn::Text(column) => record.text(*field).filter(|text| is_text(text)).map(|text| {
                    column.put(self.row, text);
                }),
                column => value(record, *field, seconds).map(|value| column.put(self.row, value)),
            };
            filled |= u32::from(put.is_some()) << *field as u32;
        }
        filled
    }

    /// What is known of a line beside its fields; has it all nine fields of clause 27.1.2?
    fn line(&mut self, record: &Record<'_>, seconds: Option<u64>) -> bool {
        let (begins, ends) = (record.begins(), record.ends());
        let row = self.row;
        let put = |column: &mut Values<i64>, moment: Option<Instant>| {
            if let Some(moment) = moment {
                column.put(row, moment.as_micros());
            }
        };
        put(&mut self.time, record.time().map(|stamp| stamp.at));
        // What follows from end and duration is not kept once more.
        let follows = ends
            .zip(seconds)
            .is_some_and(|(ends, seconds)| begins == Some(ends.minus(Duration::from_secs(seconds))));
        put(&mut self.begins, begins.filter(|_| !follows));
        put(&mut self.ends, ends);
        if let Some((facility, severity)) = record.priority() {
            self.priority.put(row, u32::from(facility * 8 + severity));
        }
        if let Some(dialect) = record.dialect() {
            self.dialect.put(row, dialect.name().as_bytes());
        }
        if let Some(mark) = record.mark() {
            self.mark.put(
                row,
                match mark {
                    Mark::On => b"on".as_slice(),
                    Mark::Off => b"off",
                    Mark::Opened => b"opened",
                    Mark::Closed => b"closed",
                },
            );
        }
        let there = |field| record.span(field).is_some();
        [Field::SrcIp, Field::DstIp, Field::SrcPort, Field::DstPort, Field::Proto, Field::Action]
            .into_iter()
            .all(there)
            && record.time().is_some()
            && begins.is_some()
            && ends.is_some()
    }

    /// The shape, and what fills it.
    fn pieces(&mut self, shape: u32, pieces: &Pieces, line: &[u8]) {
        self.shape.put(self.row, shape);
        for (column, number) in self.numbers.iter_mut().zip(&pieces.numbers) {
            column.put(self.row, *number);
        }
        for (column, span) in self.texts.iter_mut().zip(&pieces.texts) {
            column.put(self.row, span.within(line));
        }
        if !pieces.rest.is_empty() {
            self.rest.put(self.row, &pieces.rest);
        }
    }

    /// The end of the row.
    fn end(&mut self, part: Part) {
        self.part.put(self.row, part_number(part).into());
        self.row += 1;
    }

    fn finish(self, chunk: &Chunk, maker: &mut Maker) -> Result<RecordBatch, ArrowError> {
        let (rows, Maker { sender, repeated, .. }) = (self.rows, maker);

        let moments = |column: Values<i64>| {
            column.array::<TimestampMicrosecondType>().map(|column| some(column.with_timezone("UTC")))
        };
        let received = TimestampMicrosecondArray::from(vec![chunk.came.received.as_micros(); rows]);
        let (peer, port) = sender.columns(chunk.came.address, chunk.came.port, rows)?;
        let numbers = |column: Values<u32>| column.array::<UInt32Type>().map(some);
        let mut columns: Vec<Option<ArrayRef>> = Vec::with_capacity(place::COUNT);
        columns.push(Some(Arc::new(received.with_timezone("UTC"))));
        columns.push(Some(peer));
        columns.push(Some(port));
        columns.push(Some(self.part.array(rows)));
        columns.extend([self.time, self.begins, self.ends].map(moments));
        columns.push(numbers(self.priority));
        columns.push(self.dialect.array::<Utf8Type>(repeated.entry(place::DIALECT).or_default())?);
        columns.push(self.mark.array::<Utf8Type>(repeated.entry(place::MARK).or_default())?);
        for field in self.fields {
            columns.push(field.finish(repeated.entry(columns.len()).or_default())?);
        }
        columns.push(Some(self.shape.array(rows)));
        for number in self.numbers {
            columns.push(number.array::<Int64Type>().map(some));
        }
        for text in self.texts {
            columns.push(text.array::<BinaryType>(repeated.entry(columns.len()).or_default())?);
        }
        columns.push(self.rest.array::<BinaryType>(repeated.entry(place::REST).or_default())?);
        let columns = columns.into_iter().enumerate();
        let columns = columns.map(|(place, column)| column.unwrap_or_else(|| nothing(place, rows)));
        RecordBatch::try_new(Arc::clone(&SCHEMA), columns.collect())
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

    /// Who sent it; unspecified where it was read from a file.
    #[must_use]
    pub fn peer(&self) -> Option<Ipv6Addr> {
        let column = self.columns.column(place::PEER).as_fixed_size_binary_opt()?;
        let address: [u8; 16] = column.value(self.at).try_into().ok()?;
        Some(Ipv6Addr::from(address))
    }

    /// When it was received.
    #[must_use]
    pub fn received(&self) -> Option<Instant> {
        let column = self.columns.column(place::RECEIVED).as_primitive_opt::<TimestampMicrosecondType>()?;
        Instant::from_micros(column.value(self.at)).ok()
    }

    /// The sender's port; of a line that was read from a file the number of the file's name.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        let column = self.columns.column(place::PEER_PORT).as_primitive_opt::<UInt32Type>()?;
        u16::try_from(column.value(self.at)).ok()
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
        let field = FIELD_COLUMNS.get(usize::from(field))?;
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
