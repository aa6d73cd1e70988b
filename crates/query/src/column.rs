//! Columns of the table `lines`, and how they are made of those of a file.
//!
//! Addresses are texts here, in their one spelling, as people write them.

use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Decimal128Type, Int64Type, TimestampMicrosecondType, UInt32Type};
use arrow_array::{
    Array as _, ArrayRef, Decimal128Array, RecordBatch, RecordBatchOptions, StringArray,
    TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field as Described, Schema, SchemaRef, TimeUnit};
use lines::Field;
use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::sync::{Arc, LazyLock};
use telemetry::column::{FIELD_COLUMNS, Kind, Value, kind, place};
use telemetry::file::Erased;
use telemetry::find::Library;
use telemetry::{Row, Shapes};

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Who received the line: `receiver`.
    Receiver,
    /// Its number there: `number`.
    Number,
    /// When it was received: `received`.
    Received,
    /// Address of its sender, nothing where it was read from a file: `sender`.
    Sender,
    /// The file it was read from, where that is followed: `file`.
    File,
    /// When the device says that it happened: `time`.
    Time,
    /// When the session began: `begins`.
    Begins,
    /// When it ended: `ends`.
    Ends,
    /// Facility of syslog, 0 to 23: `facility`.
    Facility,
    /// Severity of syslog, 0 to 7, the least the worst: `severity`.
    Severity,
    /// Whose way of writing it is: `dialect`.
    Dialect,
    /// `on` of a log-on, `off` of a log-off, `opened` and `closed` of a connection: `mark`.
    Mark,
    /// A field, by its name.
    Field(Field),
    /// The line as it came, nothing where it was erased; bytes that are no UTF-8 as U+FFFD: `line`.
    Line,
    /// Of a line that was erased the case that approved it: `erased`.
    Erased,
}

/// Columns in their order.
pub static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let mut columns = vec![
        Column::Receiver,
        Column::Number,
        Column::Received,
        Column::Sender,
        Column::File,
        Column::Time,
        Column::Begins,
        Column::Ends,
        Column::Facility,
        Column::Severity,
        Column::Dialect,
        Column::Mark,
    ];
    columns.extend(FIELD_COLUMNS.map(Column::Field));
    columns.extend([Column::Line, Column::Erased]);
    columns
});

/// The table as SQL knows it.
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let described = |column: &Column| {
        let always = matches!(column, Column::Receiver | Column::Number | Column::Received);
        Described::new(column.name(), column.kind(), !always)
    };
    Arc::new(Schema::new(COLUMNS.iter().map(described).collect::<Vec<_>>()))
});

/// The type of an address as a number: its sixteen bytes, the first the greatest.
pub(crate) const ADDRESS: DataType = DataType::Decimal128(38, 0);

/// The table with the addresses of these columns as numbers.
pub(crate) fn with_numbers(columns: &[Column]) -> SchemaRef {
    if columns.is_empty() {
        return Arc::clone(&SCHEMA);
    }
    let described = SCHEMA.fields().iter().zip(COLUMNS.iter()).map(|(described, column)| {
        let numbered = columns.contains(column);
        if numbered { described.as_ref().clone().with_data_type(ADDRESS) } else { described.as_ref().clone() }
    });
    Arc::new(Schema::new(described.collect::<Vec<_>>()))
}

fn moment() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl Column {
    /// Its name in SQL.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Number => "number",
            Self::Received => "received",
            Self::Sender => "sender",
            Self::File => "file",
            Self::Time => "time",
            Self::Begins => "begins",
            Self::Ends => "ends",
            Self::Facility => "facility",
            Self::Severity => "severity",
            Self::Dialect => "dialect",
            Self::Mark => "mark",
            Self::Field(field) => field.name(),
            Self::Line => "line",
            Self::Erased => "erased",
        }
    }

    /// The column of addresses that has this name.
    pub(crate) fn of_address(name: &str) -> Option<Self> {
        let holds = |column: &&Self| match column {
            Self::Sender => true,
            Self::Field(field) => kind(*field) == Some(Kind::Address),
            _ => false,
        };
        COLUMNS.iter().filter(holds).find(|column| column.name() == name).copied()
    }

    fn kind(self) -> DataType {
        match self {
            Self::Number => DataType::UInt64,
            Self::Received | Self::Time | Self::Begins | Self::Ends => moment(),
            Self::Facility | Self::Severity => DataType::UInt32,
            Self::Field(field) => match kind(field) {
                Some(Kind::Port) => DataType::UInt32,
                Some(Kind::Number) => DataType::Int64,
                _ => DataType::Utf8,
            },
            Self::Receiver
            | Self::Sender
            | Self::File
            | Self::Dialect
            | Self::Mark
            | Self::Line
            | Self::Erased => DataType::Utf8,
        }
    }

    /// Columns of a file that it is made of; none where it is made of all.
    pub(crate) fn places(self) -> Option<Vec<usize>> {
        Some(match self {
            // Something has to be read, so that rows are counted.
            Self::Receiver | Self::Number | Self::Received | Self::Erased => vec![place::RECEIVED],
            Self::Sender => vec![place::PEER],
            Self::File => vec![place::PEER, place::PEER_PORT],
            Self::Time => vec![place::TIME],
            Self::Begins => [Some(place::BEGINS), Some(place::ENDS), place::of(Field::Duration)]
                .into_iter()
                .flatten()
                .collect(),
            Self::Ends => vec![place::ENDS],
            Self::Facility | Self::Severity => vec![place::PRIORITY],
            Self::Dialect => vec![place::DIALECT],
            Self::Mark => vec![place::MARK],
            Self::Field(field) => place::of(field).into_iter().collect(),
            Self::Line => return None,
        })
    }
}

/// Rows of a file or a block.
pub(crate) struct Rows<'r> {
    /// Where names of files are known.
    pub(crate) library: &'r Library,
    /// Who received them.
    pub(crate) receiver: &'r str,
    /// Number of the first.
    pub(crate) first: u64,
    /// Columns of a file that were read.
    pub(crate) columns: &'r RecordBatch,
    /// Which these are, in order; all where there is none.
    pub(crate) taken: Option<&'r [usize]>,
    /// Shapes, by number.
    pub(crate) shapes: &'r Shapes,
    /// Lines that were erased, those of the rows among them, in the order of their numbers.
    pub(crate) erased: &'r [Erased],
}

impl Rows<'_> {
    /// As rows of the table.
    pub(crate) fn as_table(&self, schema: &SchemaRef, columns: &[Column]) -> Result<RecordBatch, ArrowError> {
        let described = columns.iter().zip(schema.fields());
        let arrays = described.map(|(column, described)| match described.data_type() {
            &ADDRESS => self.numbers(*column),
            _ => self.array(*column),
        });
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let count = RecordBatchOptions::new().with_row_count(Some(self.columns.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &count)
    }

    /// A column of the file.
    fn of_file(&self, place: usize) -> Result<&ArrayRef, ArrowError> {
        let at = match self.taken {
            Some(taken) => taken.iter().position(|one| *one == place),
            None => Some(place),
        };
        let column = at.and_then(|at| self.columns.columns().get(at));
        column.ok_or_else(|| ArrowError::SchemaError(format!("no column {place}")))
    }

    fn array(&self, column: Column) -> Result<ArrayRef, ArrowError> {
        let rows = self.columns.num_rows();
        Ok(match column {
            Column::Receiver => {
                Arc::new(StringArray::from_iter_values(std::iter::repeat_n(self.receiver, rows)))
            }
            Column::Number => Arc::new(UInt64Array::from_iter_values(self.first..self.first + rows as u64)),
            Column::Received => Arc::clone(self.of_file(place::RECEIVED)?),
            Column::Sender => addresses(self.of_file(place::PEER)?, false)?,
            Column::File => self.files()?,
            Column::Time => Arc::clone(self.of_file(place::TIME)?),
            Column::Ends => Arc::clone(self.of_file(place::ENDS)?),
            Column::Begins => self.begins()?,
            Column::Facility => self.priority(|priority| priority / 8)?,
            Column::Severity => self.priority(|priority| priority % 8)?,
            Column::Dialect => Arc::clone(self.of_file(place::DIALECT)?),
            Column::Mark => Arc::clone(self.of_file(place::MARK)?),
            Column::Field(field) => {
                let place =
                    place::of(field).ok_or_else(|| ArrowError::SchemaError(field.name().to_owned()))?;
                match kind(field) {
                    Some(Kind::Address) => addresses(self.of_file(place)?, true)?,
                    _ => Arc::clone(self.of_file(place)?),
                }
            }
            Column::Line => self.lines()?,
            Column::Erased => {
                let cases = (self.first..self.first + rows as u64).map(|number| self.case(number));
                Arc::new(cases.collect::<StringArray>())
            }
        })
    }

    /// The addresses of a column as numbers.
    fn numbers(&self, column: Column) -> Result<ArrayRef, ArrowError> {
        let place = column.places().and_then(|places| places.first().copied());
        let place = place.ok_or_else(|| ArrowError::SchemaError(column.name().to_owned()))?;
        let addresses = self.of_file(place)?.as_fixed_size_binary_opt();
        let addresses = addresses.ok_or_else(|| ArrowError::SchemaError("an address".to_owned()))?;
        let given = column != Column::Sender;
        let number = |at: usize| {
            let octets: [u8; 16] = addresses.value(at).try_into().ok().filter(|_| addresses.is_valid(at))?;
            Some(i128::from_be_bytes(octets)).filter(|number| given || *number != 0)
        };
        let numbers: Decimal128Array = (0..addresses.len()).map(number).collect();
        Ok(Arc::new(numbers.with_data_type(ADDRESS)))
    }

    /// Where it is not kept, the beginning of a session is its end less its duration.
    fn begins(&self) -> Result<ArrayRef, ArrowError> {
        let places = [Some(place::BEGINS), Some(place::ENDS), place::of(Field::Duration)];
        let [begins, ends, seconds] = places.map(|place| place.map(|place| self.of_file(place)).transpose());
        let moments = |array: Option<&ArrayRef>| {
            array.and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>()).cloned()
        };
        let (begins, ends) = (moments(begins?), moments(ends?));
        let seconds = seconds?.and_then(|array| array.as_primitive_opt::<Int64Type>()).cloned();
        let (Some(begins), Some(ends), Some(seconds)) = (begins, ends, seconds) else {
            return Err(ArrowError::SchemaError("begins".to_owned()));
        };
        let rows = begins.iter().zip(ends.iter()).zip(seconds.iter());
        let made = rows.map(|((begins, ends), seconds)| {
            begins.or_else(|| ends?.checked_sub(seconds?.checked_mul(1_000_000)?))
        });
        Ok(Arc::new(made.collect::<TimestampMicrosecondArray>().with_timezone("UTC")))
    }

    /// Names of the files that lines were read from; lines that somebody sent have none.
    fn files(&self) -> Result<ArrayRef, ArrowError> {
        let (peers, ports) = (self.of_file(place::PEER)?, self.of_file(place::PEER_PORT)?);
        let (Some(peers), Some(ports)) =
            (peers.as_fixed_size_binary_opt(), ports.as_primitive_opt::<UInt32Type>())
        else {
            return Err(ArrowError::SchemaError("a sender".to_owned()));
        };
        let mut named: BTreeMap<u32, Option<String>> = BTreeMap::new();
        let mut files = StringBuilder::new();
        for at in 0..peers.len() {
            let of_file = peers.is_valid(at) && peers.value(at) == Ipv6Addr::UNSPECIFIED.octets().as_slice();
            let number = ports.value(at);
            let name = || self.library.file_name(self.receiver, u16::try_from(number).ok()?);
            let name = of_file.then(|| named.entry(number).or_insert_with(name).as_deref()).flatten();
            files.append_option(name);
        }
        Ok(Arc::new(files.finish()))
    }

    fn priority(&self, of: impl Fn(u32) -> u32) -> Result<ArrayRef, ArrowError> {
        let column = self.of_file(place::PRIORITY)?.as_primitive_opt::<UInt32Type>();
        let column = column.ok_or_else(|| ArrowError::SchemaError("priority".to_owned()))?;
        Ok(Arc::new(column.iter().map(|priority| priority.map(&of)).collect::<UInt32Array>()))
    }

    fn erased_at(&self, number: u64) -> Option<&Erased> {
        let at = self.erased.binary_search_by_key(&number, |erased| erased.line).ok()?;
        self.erased.get(at)
    }

    /// The case by which a line was erased.
    fn case(&self, number: u64) -> Option<String> {
        self.erased_at(number).map(|erased| erased.case.to_string())
    }

    fn lines(&self) -> Result<ArrayRef, ArrowError> {
        let mut lines = StringBuilder::new();
        for at in 0..self.columns.num_rows() {
            let row = Row { columns: self.columns, shapes: self.shapes, at };
            let number = self.first + at as u64;
            if self.erased_at(number).is_some() {
                lines.append_null();
                continue;
            }
            let line =
                row.line().ok_or_else(|| ArrowError::ComputeError(format!("line {number} is damaged")))?;
            lines.append_value(String::from_utf8_lossy(&line));
        }
        Ok(Arc::new(lines.finish()))
    }
}

/// Addresses as texts; one that is not given is nothing.
fn addresses(column: &ArrayRef, given: bool) -> Result<ArrayRef, ArrowError> {
    let column = column.as_fixed_size_binary_opt();
    let column = column.ok_or_else(|| ArrowError::SchemaError("an address".to_owned()))?;
    let address = |at: usize| {
        let octets: Option<[u8; 16]> = column.value(at).try_into().ok().filter(|_| column.is_valid(at));
        octets.map(Ipv6Addr::from).filter(|address| given || !address.is_unspecified())
    };
    texts(column.len(), (0..column.len()).map(address))
}

/// Numbers of addresses as texts.
pub(crate) fn address_texts(numbers: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let numbers = numbers.as_primitive_opt::<Decimal128Type>();
    let numbers = numbers.ok_or_else(|| ArrowError::SchemaError("the number of an address".to_owned()))?;
    let address = |number: Option<i128>| Some(Ipv6Addr::from(number?.to_be_bytes()));
    texts(numbers.len(), numbers.iter().map(address))
}

fn texts(count: usize, addresses: impl Iterator<Item = Option<Ipv6Addr>>) -> Result<ArrayRef, ArrowError> {
    let (mut bytes, mut ends) = (Vec::with_capacity(count * 12), Vec::with_capacity(count));
    let mut there = NullBufferBuilder::new(count);
    for address in addresses {
        if let Some(address) = address {
            telemetry::column::write(Value::Address(address), &mut bytes);
        }
        there.append(address.is_some());
        ends.push(bytes.len());
    }
    let lengths = ends.iter().scan(0, |from, end| Some(end - std::mem::replace(from, *end)));
    let places = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(StringArray::try_new(places, bytes.into(), there.finish())?))
}
